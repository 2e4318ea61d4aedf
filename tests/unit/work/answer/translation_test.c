/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/translation.h"

#include "base/fault.h"
#include "test.h"

static struct cards
two_cards(void)
{
    return (struct cards){
        .at = {{.quote = STR("Die Gebühr beträgt 1.000,50 Euro.")},
               {.quote = STR("Der Antrag ist binnen zwei Wochen nach § 17 zu stellen.")}},
        .count = 2};
}

static struct translation
read_lines(arena *a, const char *written)
{
    const struct cards c = two_cards();
    struct translation t = {.code = STR("en"), .name = STR("Englisch")};
    CHECK_OK(translation_read(a, str_of(written), &c, &t));
    CHECK_STR(t.code, STR("en"));
    return t;
}

TEST(each_line_belongs_to_the_quote_whose_number_it_begins_with)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const struct translation t =
        read_lines(a, "[2] Apply within two weeks under § 17.\n[1] The fee is 1,000.50 euros.\n");
    CHECK_STR(t.at[0].text, STR("The fee is 1,000.50 euros."));
    CHECK_STR(t.at[1].text, STR("Apply within two weeks under § 17."));
    CHECK(!t.at[0].is_dropped && !t.at[1].is_dropped);
}

TEST(a_number_more_or_less_drops_the_line)
{
    static const char *const written[] = {"[1] The fee is 1,000.55 euros.",
                                          "[1] The fee is 100050 euros or 7.",
                                          "[1] There is a fee.",
                                          "[1] The fee is 1,000 euros.",
                                          "[1] The fee is 1,000.500 euros.",
                                          "[2] Apply within 2 weeks under § 17."};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        const struct translation t = read_lines(a, written[i]);
        const struct translated *const x = &t.at[written[i][1] - '1'];
        CHECK(x->is_dropped);
        CHECK_INT(x->text.len, ==, 0);
    }
}

TEST(what_is_no_line_of_a_quote_is_not_read)
{
    static const char *const written[] = {"",
                                          "The fee is 1,000.50 euros.",
                                          "[3] The fee is 1,000.50 euros.",
                                          "[0] x",
                                          "[9] x",
                                          "[1]",
                                          "[",
                                          "[x] 1,000.50",
                                          "[1 The fee is 1,000.50 euros."};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        const struct translation t = read_lines(a, written[i]);
        for (size_t k = 0; k < TRANSLATION_CARDS_MAX; k++)
            CHECK(!t.at[k].text.len && !t.at[k].is_dropped);
    }
}

TEST(numbers_of_any_length_are_compared_whole)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (int round = 0; round < 500; round++) {
        const unsigned n = (unsigned)(test_random() % 2000000), m = (unsigned)(test_random() % 3);
        const str quote = arena_fmt(a, "Es sind %u Euro.", n);
        const str line = arena_fmt(a, "[1] It is %u euros.", n + m);
        const struct cards c = {.at = {{.quote = quote}}, .count = 1};
        struct translation t = {0};
        CHECK_OK(translation_read(a, line, &c, &t));
        CHECK(t.at[0].is_dropped == (m != 0));
    }
}

TEST(without_memory_nothing_is_set)
{
    const struct cards c = two_cards();
    for (unsigned at = 1;; at++) {
        AUTO(arena) *a = NULL;
        struct translation t = {.code = STR("en")};
        NEED_OK(arena_open(1 << 20, &a));
        fault_arm(at);
        const err e = translation_read(a, STR("[1] 1,000.50"), &c, &t);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(e.code != 0);
        CHECK_INT(t.at[0].text.len, ==, 0);
    }
    CHECK(str_find(translation_notice(), STR("Maschinelle Übersetzung")) >= 0);
}
