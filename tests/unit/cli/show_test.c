/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/show.h"

#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

/* What a function printed. */
struct printed {
    FILE *f;
    char *text;
    size_t len;
};

static FILE *
begin(struct printed *p)
{
    p->text = NULL;
    return p->f = open_memstream(&p->text, &p->len);
}

static str
end(struct printed *p)
{
    fclose(p->f);
    return (str){p->text, p->len};
}

#define CHECK_PRINTS(call, want)                                                                   \
    do {                                                                                           \
        struct printed p;                                                                          \
        FILE *const f = begin(&p);                                                                 \
        call;                                                                                      \
        CHECK_STR(end(&p), STR(want));                                                             \
        free(p.text);                                                                              \
    } while (0)

/* ---- text */

TEST(control_characters_do_not_reach_a_terminal)
{
    CHECK_PRINTS(show_text(f, STR("a\033[2Jb\x07\x7f\rc"), true), "a�[2Jb���c");
    CHECK_PRINTS(show_text(f,
                           STR("\xc2\x9b"
                               "31m\xe2\x80\xae"
                               "x"),
                           true),
                 "�31m�x");
    CHECK_PRINTS(show_text(f, STR("a\nb\tc"), true), "a\nb\tc");
    CHECK_PRINTS(show_text(f, STR("a\nb\tc"), false), "a�b�c");
}

TEST(bytes_that_are_no_utf8_are_replaced_and_the_rest_kept)
{
    CHECK_PRINTS(show_text(f,
                           STR("a\xff"
                               "b\xc3"),
                           true),
                 "a�b�");
    CHECK_PRINTS(show_text(f, STR("Grüße „…“ 日本"), true), "Grüße „…“ 日本");
}

TEST(the_width_is_that_of_characters)
{
    CHECK_INT(show_width(STR("Grüße")), ==, 5);
    CHECK_INT(show_width(STR("e\xcc\x81")), ==, 1);
    CHECK_INT(show_width(STR("")), ==, 0);
    CHECK_INT(show_width(STR("a\xff"
                             "b")),
              ==, 3);
}

TEST(words_are_wrapped_and_indented)
{
    CHECK_PRINTS(show_wrapped(f, STR("one two three"), 2, 7), "  one two\n  three\n");
    CHECK_PRINTS(show_wrapped(f, STR("a\nb"), 1, 10), " a\n b\n");
    CHECK_PRINTS(show_wrapped(f, STR("averylongword b"), 0, 5), "averylongword\nb\n");
    CHECK_PRINTS(show_hanging(f, STR("one two three"), 2, 7), "one two\n  three\n");
}

TEST(no_wrapped_line_is_longer_than_it_may_be)
{
    for (int i = 0; i < 200; i++) {
        char text[300];
        struct printed p;
        const size_t width = 10 + test_random() % 40;
        for (size_t k = 0; k < sizeof text; k++)
            text[k] = "abcdefgh  "[test_random() % 10];
        for (size_t k = 9; k < sizeof text; k += 10)
            text[k] = ' ';
        show_wrapped(begin(&p), (str){text, sizeof text}, 3, width);
        str rest = end(&p), line;
        while (str_next(&rest, '\n', &line))
            CHECK(line.len <= width + 3 && !str_ends(line, STR(" ")));
        free(p.text);
    }
}

TEST(styles_are_for_terminals_only)
{
    CHECK_PRINTS(show_styled(f, true, STYLE_RED, STR("x")), "\033[31mx\033[0m");
    CHECK_PRINTS(show_styled(f, false, STYLE_RED, STR("x")), "x");
    CHECK_PRINTS(show_styled(f, true, STYLE_BOLD, STR("\033")), "\033[1m�\033[0m");
}

/* ---- numbers */

TEST(sizes_have_three_digits_that_count)
{
    char r[SHOW_MAX];
    CHECK_STR(str_of(show_bytes(0, r)), STR("0 B"));
    CHECK_STR(str_of(show_bytes(1023, r)), STR("1023 B"));
    CHECK_STR(str_of(show_bytes(1024, r)), STR("1.00 KiB"));
    CHECK_STR(str_of(show_bytes(1536 * 1024, r)), STR("1.50 MiB"));
    CHECK_STR(str_of(show_bytes(23 * UINT64_C(1073741824), r)), STR("23.0 GiB"));
    CHECK_STR(str_of(show_bytes(UINT64_MAX, r)), STR("16384 PiB"));
    CHECK_STR(str_of(show_count(494000000, r)), STR("494 M"));
    CHECK_STR(str_of(show_count(7600000000, r)), STR("7.60 G"));
    CHECK_STR(str_of(show_count(12, r)), STR("12"));
}

TEST(times_choose_their_unit)
{
    char r[SHOW_MAX];
    CHECK_STR(str_of(show_us(850, r)), STR("850 us"));
    CHECK_STR(str_of(show_us(12345, r)), STR("12.3 ms"));
    CHECK_STR(str_of(show_us(1250000, r)), STR("1.25 s"));
    CHECK_STR(str_of(show_us(59999999, r)), STR("60.0 s"));
    CHECK_STR(str_of(show_us(125000000, r)), STR("2 min 5 s"));
    CHECK_STR(str_of(show_us(UINT64_C(12000000000), r)), STR("3 h 20 min"));
    CHECK_STR(str_of(show_us(UINT64_C(1000000) * 86400 * 4 + UINT64_C(1000000) * 7200, r)),
              STR("4 d 2 h"));
}

TEST(every_number_fits_its_room)
{
    char r[SHOW_MAX];
    for (int i = 0; i < 64; i++)
        for (int more = -1; more < 2; more++) {
            const uint64_t n = (UINT64_C(1) << i) + (uint64_t)more;
            CHECK(strlen(show_bytes(n, r)) < 16);
            CHECK(strlen(show_count(n, r)) < 16);
            CHECK(strlen(show_us(n, r)) < SHOW_MAX - 1);
        }
}

/* ---- tables */

TEST(columns_are_as_wide_as_their_widest_cell)
{
    AUTO(arena) *a = NULL;
    struct table t;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(table_begin(&t, a, "NAME|SIZE>|X"));
    CHECK_OK(table_add(&t, STR("Bürger")));
    CHECK_OK(table_add_fmt(&t, "%d", 7));
    CHECK_OK(table_add(&t, STR("y")));
    CHECK_OK(table_add(&t, STR("b")));
    CHECK_OK(table_add(&t, STR("12345")));
    CHECK_OK(table_add(&t, STR("")));
    CHECK_PRINTS(table_show(&t, f, false), "NAME     SIZE  X\nBürger      7  y\nb       12345  \n");
    CHECK_PRINTS(table_show(&t, f, true),
                 "\033[1mNAME\033[0m     \033[1mSIZE\033[0m  \033[1mX\033[0m\n"
                 "Bürger      7  y\nb       12345  \n");
}

TEST(a_plain_table_has_no_head)
{
    AUTO(arena) *a = NULL;
    struct table t;
    NEED_OK(arena_open(1 << 20, &a));
    table_begin_plain(&t, a, 2);
    CHECK_OK(table_add(&t, STR("a")));
    CHECK_OK(table_add(&t, STR("1")));
    CHECK_PRINTS(table_show(&t, f, true), "a  1\n");
}

TEST(a_table_without_memory_says_so)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        AUTO(arena) *a = NULL;
        struct table t;
        fault_arm(n);
        err e = arena_open(1 << 20, &a);
        if (!e.code)
            e = table_begin(&t, a, "A|B");
        for (int i = 0; i < 200 && !e.code; i++)
            e = table_add(&t, STR("cell"));
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        NEED(n < 1000);
    }
}

/* ---- progress */

TEST(a_bar_is_drawn_at_most_ten_times_a_second_and_taken_away)
{
    struct printed p;
    struct progress bar;
    clock_fix(UINT64_C(5000000000), 0);
    progress_begin(&bar, begin(&p), "adding", 1000);
    clock_fix(UINT64_C(6000000000), 0);
    progress_at(&bar, 500);
    progress_at(&bar, 501);
    clock_fix(UINT64_C(6200000000), 0);
    progress_at(&bar, 1000);
    progress_end(&bar);
    clock_free();
    const str s = end(&p);
    CHECK(str_find(s, STR("adding [############            ]  50 %  500 B of 1000 B")) >= 0);
    CHECK(str_find(s, STR("501")) < 0);
    CHECK(str_find(s, STR("[########################] 100 %")) >= 0);
    CHECK(str_ends(s, STR("\r\033[K")));
    free(p.text);
}

TEST(nobody_looking_draws_no_bar)
{
    struct progress bar;
    progress_begin(&bar, NULL, "adding", 0);
    progress_at(&bar, 5);
    progress_end(&bar);
}
