/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/detect.h"

#include "base/fault.h"
#include "test.h"

static const char letter[] =
    "Frau Quobb, geb. 1.2.1980, Tel. 030 1234567, IBAN DE89 3704 0044 0532 0130 00\n";

TEST(options_choose_types_and_scores)
{
    AUTO(arena) *a = NULL;
    const lexicon *x = NULL;
    detect_spans all = {0}, some = {0}, none = {0};
    NEED_OK(arena_open(8 << 20, &a));
    NEED_OK(detect_open(a, &x));
    const struct detect_options only = {.types = (uint64_t)1 << DETECT_IBAN},
                                high = {.score_min = 101};
    CHECK_OK(detect(x, str_of(letter), NULL, a, &all));
    CHECK_OK(detect(x, str_of(letter), &only, a, &some));
    CHECK_OK(detect(x, str_of(letter), &high, a, &none));
    CHECK_INT(all.count, ==, 4);
    CHECK(some.count == 1 && some.at[0].type == DETECT_IBAN);
    CHECK_INT(none.count, ==, 0);
}

TEST(what_is_found_can_be_left_out)
{
    AUTO(arena) *a = NULL;
    struct detect_span at[] = {{.start = 4, .end = 8, .score = 90},
                               {.start = 6, .end = 10, .score = 99}, /* begins within the other */
                               {.start = 12, .end = 13, .score = 79}};
    const detect_spans all = {.at = at, .count = 3};
    str left;
    CHECK_OK(arena_open(4096, &a));
    CHECK_OK(detect_leave_out(a, STR("Von Anna an Bea."), &all, 80, &left));
    CHECK_STR(left, STR("Von   an Bea."));
    CHECK_OK(detect_leave_out(a, STR(""), &(detect_spans){0}, 80, &left));
    CHECK_INT(left.len, ==, 0);
}

TEST(offsets_become_code_points)
{
    struct detect_span s[2] = {{.start = 2, .end = 4}, {.start = 5, .end = 8}};
    detect_code_points(STR("\u00f6\u00f6 \u20ac"), s, 2);
    CHECK(s[0].start == 1 && s[0].end == 2 && s[1].start == 3 && s[1].end == 4);
}

TEST(too_much_text_and_too_little_memory_are_refused)
{
    AUTO(arena) *a = NULL, *small = NULL;
    const lexicon *x = NULL;
    detect_spans s = {0};
    NEED_OK(arena_open(8 << 20, &a));
    NEED_OK(arena_open(1, &small));
    NEED_OK(detect_open(a, &x));
    CHECK_ERR(detect(x, (str){letter, (size_t)DETECT_TEXT_MAX + 1}, NULL, a, &s), TOO_LARGE);
    CHECK_ERR(detect(x, str_of(letter), NULL, small, &s), LIMIT);
}

TEST(every_failing_allocation_is_reported)
{
    for (int n = 1; n < 50; n++) {
        arena *a = NULL;
        const lexicon *x = NULL;
        detect_spans s = {0};
        fault_arm(n);
        err e = arena_open(8 << 20, &a);
        e = e.code ? e : detect_open(a, &x);
        e = e.code ? e : detect(x, str_of(letter), NULL, a, &s);
        const bool fired = fault_fired();
        fault_arm(0);
        arena_free(a);
        CHECK(!fired || e.code);
        if (!fired)
            break;
    }
}

TEST(time_grows_with_the_text_and_not_faster)
{
    AUTO(arena) *a = NULL;
    const lexicon *x = NULL;
    detect_spans s = {0};
    NEED_OK(arena_open(256 << 20, &a));
    NEED_OK(detect_open(a, &x));
    void *p = NULL;
    enum { COPIES = 2000 };
    NEED_OK(try_arena_get(a, COPIES, sizeof letter - 1, &p));
    for (size_t i = 0; i < COPIES; i++)
        memcpy((char *)p + i * (sizeof letter - 1), letter, sizeof letter - 1);
    CHECK_OK(detect(x, (str){p, COPIES * (sizeof letter - 1)}, NULL, a, &s));
    CHECK_INT(s.count, ==, 4 * COPIES);
}

TEST(every_type_has_a_name)
{
    for (int t = 1; t < DETECT_TYPE_COUNT; t++)
        CHECK(detect_name((enum detect_type)t) != NULL);
    CHECK(detect_name(DETECT_NONE) == NULL && detect_name(DETECT_TYPE_COUNT) == NULL);
}
