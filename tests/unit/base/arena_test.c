/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/arena.h"

#include <stdio.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "test.h"
#include "unit/base/panics.h"

enum { MIB = 1 << 20 };

struct piece {
    unsigned char *at, fill;
    size_t len;
};

static bool
holds_only(const unsigned char *p, size_t len, unsigned char byte)
{
    for (size_t i = 0; i < len; i++)
        if (p[i] != byte)
            return false;
    return true;
}

static size_t
rounded(size_t n)
{
    return (n + 15) / 16 * 16;
}

TEST(pieces_are_aligned_zeroed_apart_and_accounted)
{
    AUTO(arena) *a = NULL;
    static struct piece pieces[2000];
    size_t want = 0;
    NEED_OK(arena_open(MIB, &a));
    for (size_t i = 0; i < 2000; i++) {
        struct piece *p = &pieces[i];
        void *at = NULL;
        *p = (struct piece){.fill = (unsigned char)(1 + i % 255), .len = test_random() % 200};
        if (i % 2)
            at = arena_get(a, p->len);
        else
            NEED_OK(try_arena_get(a, p->len, 1, &at));
        p->at = at;
        CHECK(p->at && (uintptr_t)p->at % 16 == 0);
        CHECK(holds_only(p->at, p->len, 0));
        memset(p->at, p->fill, p->len);
        want += rounded(p->len);
        CHECK_INT(arena_used(a), ==, want);
    }
    for (size_t i = 0; i < 2000; i++)
        CHECK(holds_only(pieces[i].at, pieces[i].len, pieces[i].fill));
}

TEST(an_outsiders_size_ends_at_the_limit_and_the_program_has_its_reserve)
{
    AUTO(arena) *a = NULL;
    void *p = NULL;
    NEED_OK(arena_open(4096, &a));
    CHECK_ERR(try_arena_get(a, 4097, 1, &p), LIMIT);
    CHECK_OK(try_arena_get(a, 4096, 1, &p));
    void *const first = p;
    CHECK_ERR(try_arena_get(a, 1, 1, &p), LIMIT);
    CHECK(p == first);
    CHECK(arena_get(a, ARENA_RESERVE) != NULL);
    CHECK_INT(arena_used(a), ==, 4096 + ARENA_RESERVE);
    CHECK_ERR(try_arena_get(a, 1, 1, &p), LIMIT);
}

TEST(a_limit_that_is_no_round_number_can_be_used_in_full)
{
    for (size_t limit = 1; limit < 100; limit++) {
        AUTO(arena) *a = NULL;
        void *p = NULL;
        NEED_OK(arena_open(limit, &a));
        CHECK_OK(try_arena_get(a, limit, 1, &p));
        CHECK(p && holds_only(p, limit, 0));
        CHECK_ERR(try_arena_get(a, 1, 1, &p), LIMIT);
        CHECK(arena_get(a, ARENA_RESERVE) != NULL);
    }
}

TEST(the_program_may_use_the_reserve_up_and_outsiders_then_get_nothing)
{
    AUTO(arena) *a = NULL;
    void *p = NULL;
    NEED_OK(arena_open(4096, &a));
    CHECK(arena_get(a, 8192) != NULL);
    CHECK_ERR(try_arena_get(a, 1, 1, &p), LIMIT);
    CHECK_ERR(try_arena_get(a, 0, 1, &p), LIMIT);
}

static void
run_past_the_reserve(void)
{
    arena *a = NULL;
    IGNORE(arena_open(4096, &a));
    arena_get(a, 4096 + ARENA_RESERVE + 1);
}

static void
run_past_the_reserve_slowly(void)
{
    arena *a = NULL;
    IGNORE(arena_open(0, &a));
    for (int i = 0; i <= ARENA_RESERVE / 16; i++)
        arena_get(a, 16);
}

static void
ask_for_everything(void)
{
    arena *a = NULL;
    IGNORE(arena_open(4096, &a));
    arena_get(a, SIZE_MAX);
}

TEST(a_program_that_runs_past_its_own_limit_panics)
{
    CHECK(panics(run_past_the_reserve));
    CHECK(panics(run_past_the_reserve_slowly));
    CHECK(panics(ask_for_everything));
}

TEST(a_product_that_wraps_around_is_refused)
{
    AUTO(arena) *a = NULL;
    void *p = NULL;
    NEED_OK(arena_open(MIB, &a));
    CHECK_ERR(try_arena_get(a, SIZE_MAX, 2, &p), LIMIT);
    CHECK_ERR(try_arena_get(a, SIZE_MAX / 2 + 1, 2, &p), LIMIT);
    CHECK_ERR(try_arena_get(a, SIZE_MAX, 1, &p), LIMIT);
    CHECK_ERR(try_arena_get(a, SIZE_MAX - 8, 1, &p), LIMIT);
    CHECK_ERR(try_arena_str(a, (str){"x", SIZE_MAX}, &(str){0}), LIMIT);
    CHECK(p == NULL);
    CHECK_INT(arena_used(a), ==, 0);
}

TEST(a_limit_beyond_the_address_space_is_refused)
{
    arena *a = NULL;
    CHECK_ERR(arena_open(SIZE_MAX, &a), LIMIT);
    CHECK_ERR(arena_open(SIZE_MAX / 2, &a), LIMIT);
    CHECK(a == NULL);
}

TEST(after_a_reset_everything_is_there_again_and_zero)
{
    AUTO(arena) *a = NULL;
    static const size_t sizes[] = {1, 4096, 65536, 65537, 300000, MIB};
    NEED_OK(arena_open(MIB, &a));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        void *p = NULL;
        NEED_OK(try_arena_get(a, sizes[i], 1, &p));
        CHECK(holds_only(p, sizes[i], 0));
        memset(p, 0xAA, sizes[i]);
        arena_reset(a);
        CHECK_INT(arena_used(a), ==, 0);
        NEED_OK(try_arena_get(a, MIB, 1, &p));
        CHECK(holds_only(p, MIB, 0));
        arena_reset(a);
    }
}

#ifndef ARENA_PIECES

static size_t
resident_pages(const char *p, size_t len)
{
    static unsigned char seen[64 * MIB / 4096];
    size_t n = 0;
    char *page = (char *)((uintptr_t)p & ~(uintptr_t)4095);
    if (mincore(page, len, seen) != 0)
        return SIZE_MAX;
    for (size_t i = 0; i < len / 4096; i++)
        n += seen[i] & 1;
    return n;
}

TEST(pages_cost_nothing_until_touched_and_go_back_at_reset)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(64 * MIB, &a));
    char *p = arena_get(a, 64 * MIB);
    CHECK_INT(resident_pages(p, 64 * MIB), <=, 1);
    memset(p, 1, 8 * MIB);
    CHECK_INT(resident_pages(p, 64 * MIB), >=, 8 * MIB / 4096);
    arena_reset(a);
    CHECK_INT(resident_pages(p, 64 * MIB), <=, 16);
}

TEST(a_reset_of_little_keeps_its_pages)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(MIB, &a));
    char *p = arena_get(a, 32768);
    memset(p, 1, 32768);
    arena_reset(a);
    CHECK_INT(resident_pages(p, 32768), >=, 8);
}

#endif

static char order[16];
static size_t order_len;

static void
note(void *what)
{
    order[order_len++] = *(const char *)what;
}

TEST(destructors_run_last_in_first_out_and_once)
{
    arena *a = NULL;
    static char names[] = "abcd";
    order_len = 0;
    NEED_OK(arena_open(4096, &a));
    for (int i = 0; i < 3; i++)
        arena_on_end(a, note, names + i);
    CHECK_INT(order_len, ==, 0);
    arena_reset(a);
    CHECK_STR(((str){order, order_len}), STR("cba"));
    arena_on_end(a, note, names + 3);
    arena_free(a);
    CHECK_STR(((str){order, order_len}), STR("cbad"));
}

static void
look_at_memory(void *what)
{
    order[order_len++] = *(const char *)what == 'x' ? 'y' : 'n';
}

TEST(a_destructor_still_finds_the_arenas_memory)
{
    AUTO(arena) *a = NULL;
    order_len = 0;
    NEED_OK(arena_open(4096, &a));
    char *p = arena_get(a, 1);
    *p = 'x';
    arena_on_end(a, look_at_memory, p);
    arena_reset(a);
    CHECK_STR(((str){order, order_len}), STR("y"));
}

TEST(freeing_nothing_is_fine)
{
    arena_free(NULL);
    AUTO(arena) *none = NULL;
    (void)none;
}

TEST(copies_are_ended_by_a_nul_that_is_not_counted)
{
    AUTO(arena) *a = NULL;
    static const str texts[] = {STR_INIT(""), STR_INIT("a"), STR_INIT("with\0nul"),
                                STR_INIT("exactly 16 bytes")};
    NEED_OK(arena_open(4096, &a));
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        str copy = STR_NONE;
        CHECK_OK(try_arena_str(a, texts[i], &copy));
        CHECK_STR(copy, texts[i]);
        CHECK(copy.at != texts[i].at && copy.at[copy.len] == '\0');
        copy = arena_str(a, texts[i]);
        CHECK_STR(copy, texts[i]);
        CHECK(copy.at[copy.len] == '\0');
    }
    CHECK_STR(arena_str(a, STR_NONE), STR(""));
}

TEST(a_text_that_does_not_fit_leaves_the_result_alone)
{
    AUTO(arena) *a = NULL;
    char big[5000] = "";
    str s = STR("untouched");
    NEED_OK(arena_open(4096, &a));
    CHECK_ERR(try_arena_str(a, (str){big, sizeof big}, &s), LIMIT);
    CHECK_ERR(try_arena_str(a, (str){big, 4096}, &s), LIMIT);
    CHECK_STR(s, STR("untouched"));
    CHECK_OK(try_arena_str(a, (str){big, 4095}, &s));
}

TEST(formatted_text_has_its_length)
{
    AUTO(arena) *a = NULL;
    char want[3000];
    NEED_OK(arena_open(4096, &a));
    CHECK_STR(arena_fmt(a, "%s-%d", "x", 42), STR("x-42"));
    CHECK_STR(arena_fmt(a, "%s", ""), STR(""));
    snprintf(want, sizeof want, "%2500d", 7);
    CHECK_STR(arena_fmt(a, "%2500d", 7), str_of(want));
}

static fallible
work(arena **a)
{
    void *p = NULL;
    str s = STR_NONE;
    TRY(arena_open(4096, a));
    TRY(try_arena_get(*a, 10, 10, &p));
    TRY(try_arena_str(*a, STR("text"), &s));
    return OK;
}

TEST(every_fault_is_a_limit_and_leaks_nothing)
{
    int faults = 0;
    for (int n = 1; n < 100; n++) {
        AUTO(arena) *a = NULL;
        fault_arm(n);
        const err e = work(&a);
        if (!fault_fired()) {
            CHECK_OK(e);
            break;
        }
        CHECK_ERR(e, LIMIT);
        faults++;
    }
    fault_arm(0);
    CHECK_INT(faults, ==, 3);
}
