/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/retain/floor.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

static const char *
dir_of(const char *name)
{
    static char room[512];
    snprintf(room, sizeof room, "%s/%s", test_dir(), name);
    CHECK_OK(file_make_dir(room, 0700));
    return room;
}

static void
put_file(const char *dir, const char *name, str text)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    NEED_OK(file_write_atomic(path, text, 0600));
}

TEST(a_log_that_was_not_pruned_begins_at_the_first_entry)
{
    struct floor f = {1, 2, 3};
    CHECK_OK(floor_read(dir_of("none"), &f));
    CHECK_INT(f.index, ==, 0);
    CHECK_INT(f.decision, ==, 0);
}

TEST(what_was_written_is_read)
{
    const struct floor want = {512, 1033, 214310};
    struct floor f;
    const char *dir = dir_of("written");
    CHECK_OK(floor_write(dir, &want));
    CHECK_OK(floor_read(dir, &f));
    CHECK(f.index == 512 && f.decision == 1033 && f.offset == 214310);
}

TEST(anything_else_in_that_file_is_damage)
{
    static const char *const bad[] = {
        "",
        "hoheit pruned v1\n",
        "hoheit pruned v1\n512\n1033\n",
        "hoheit pruned v1\n512\n1033\n99",
        "hoheit pruned v1\n512\n1033\n99\nmore\n",
        "hoheit pruned v1\n511\n1033\n99\n",
        "hoheit pruned v1\n0\n1033\n99\n",
        "hoheit pruned v1\n512\n511\n99\n",
        "hoheit pruned v1\n512\n1033\n0\n",
        "hoheit pruned v1\n-512\n1033\n99\n",
        "hoheit pruned v2\n512\n1033\n99\n",
        "hoheit pruned v1\n0512\n1033\n99\n",
    };
    struct floor f;
    const char *dir = dir_of("bad");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_file(dir, "pruned", str_of(bad[i]));
        CHECK_ERR(floor_read(dir, &f), CORRUPT);
    }
    AUTO(buf) large = BUF(4096);
    for (int i = 0; i < 4096; i++)
        buf_add_char(&large, '1');
    put_file(dir, "pruned", buf_str(&large));
    CHECK_ERR(floor_read(dir, &f), CORRUPT);
}

TEST(any_call_that_fails_is_told)
{
    const struct floor want = {256, 300, 99};
    const char *dir = dir_of("fault");
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = floor_write(dir, &want);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(e.code != ERR_OK);
        NEED(n < 100);
    }
}

/* ---- what was held */
static void
put_line(buf *b, uint64_t index, size_t fill)
{
    buf_add_fmt(b, "{\"seq\":%llu,\"time\":\"2026-03-01\",\"event\":\"key.add\",\"x\":\"",
                (unsigned long long)index + 1);
    for (size_t i = 0; i < fill; i++)
        buf_add_char(b, 'x');
    buf_add(b, STR("\"}\n"));
}

TEST(lines_come_in_their_order_however_long_they_are)
{
    AUTO(buf) b = BUF(64 << 20);
    AUTO(held) h = HELD;
    const char *dir = dir_of("held");
    bool is_there;
    str line;
    uint64_t index, count = 0;
    for (uint64_t i = 0; i < 500; i++)
        put_line(&b, 3 * i, i % 50 == 0 ? 60000 : i);
    put_file(dir, "held", buf_str(&b));
    CHECK_OK(held_open(dir, &h));
    for (;;) {
        NEED_OK(held_next(&h, &is_there, &line, &index));
        if (!is_there)
            break;
        CHECK_INT(index, ==, 3 * count++);
        CHECK(str_starts(line, STR("{\"seq\":")) && str_ends(line, STR("\"}")));
    }
    CHECK_INT(count, ==, 500);
    CHECK_OK(held_next(&h, &is_there, &line, &index));
    CHECK(!is_there);
}

TEST(a_log_that_held_nothing_has_no_such_file)
{
    AUTO(held) h = HELD;
    bool is_there = true;
    str line;
    uint64_t index;
    CHECK_OK(held_open(dir_of("nothing-held"), &h));
    CHECK_OK(held_next(&h, &is_there, &line, &index));
    CHECK(!is_there);
}

static err
read_all(const char *dir)
{
    AUTO(held) h = HELD;
    bool is_there = true;
    str line;
    uint64_t index;
    TRY(held_open(dir, &h));
    while (is_there)
        TRY(held_next(&h, &is_there, &line, &index));
    return OK;
}

TEST(lines_out_of_order_twice_cut_or_of_another_form_are_damage)
{
    const char *dir = dir_of("held-bad");
    static const uint64_t orders[][2] = {{5, 4}, {5, 5}};
    for (size_t i = 0; i < 2; i++) {
        AUTO(buf) b = BUF(4096);
        put_line(&b, orders[i][0], 1);
        put_line(&b, orders[i][1], 1);
        put_file(dir, "held", buf_str(&b));
        CHECK_ERR(read_all(dir), CORRUPT);
    }
    AUTO(buf) b = BUF(4096);
    put_line(&b, 1, 1);
    put_file(dir, "held", str_slice(buf_str(&b), 0, b.len - 1));
    CHECK_ERR(read_all(dir), CORRUPT);
    put_file(dir, "held", STR("hello\n"));
    CHECK_ERR(read_all(dir), CORRUPT);
}
