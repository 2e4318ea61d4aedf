/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/past.h"

#include <stdlib.h>

#include "base/fault.h"
#include "unit/audit/small_log.h"

static uint64_t
count_notes(const small_log *l)
{
    struct past p;
    bool is_there = true;
    err e = past_open(l->dir, &p);
    while (!e.code && is_there)
        e = past_next(&p, &l->key, &is_there);
    const uint64_t count = e.code ? UINT64_MAX : p.count;
    past_done(&p);
    return count;
}

static void
add_notes(small_log *l, uint64_t until)
{
    for (uint64_t size = l->edge.tree.size + 1; size <= until; size++) {
        AUTO(buf) note = BUF(1024);
        small_log_add(l, size);
        const struct tree_head h = merkle_head(&l->edge.tree);
        small_log_note(l, &h, &note);
        NEED_OK(past_add(l->dir, buf_str(&note)));
        snprintf(l->newest, sizeof l->newest, "%.*s", STR_FMT(buf_str(&note)));
    }
}

/* Far more than one window holds. */
TEST(all_notes_come_back_in_order)
{
    AUTO(small_log) l = {.half = {0}};
    small_log_new(&l, "all", 1);
    CHECK_INT(count_notes(&l), ==, 0);
    add_notes(&l, 3000);
    CHECK_INT(count_notes(&l), ==, 3000);
}

TEST(a_note_that_is_not_larger_than_the_one_before_is_refused)
{
    AUTO(small_log) l = {.half = {0}};
    small_log_new(&l, "rising", 1);
    add_notes(&l, 3);
    NEED_OK(past_add(l.dir, str_of(l.newest)));
    CHECK(count_notes(&l) == UINT64_MAX);
}

TEST(wherever_the_last_note_is_torn_mending_leaves_the_whole_ones_and_the_newest)
{
    AUTO(small_log) l = {.half = {0}};
    AUTO(arena) *a = NULL;
    str bytes;
    small_log_new(&l, "torn", 1);
    add_notes(&l, 3);
    NEED_OK(arena_open(64 * 1024, &a));
    const char *path = small_log_path(&l, "checkpoints");
    NEED_OK(file_read(a, path, 8192, &bytes));
    for (size_t len = 0; len <= bytes.len; len++) {
        NEED_OK(file_write_atomic(path, (str){bytes.at, len}, 0600));
        NEED_OK(past_mend(l.dir, str_of(l.newest)));
        const uint64_t count = count_notes(&l);
        CHECK_INT(count, >=, 1);
        CHECK_INT(count, <=, 3);
        CHECK_INT(count, ==, len < bytes.len / 3 ? 1 : len < bytes.len / 3 * 2 ? 2 : 3);
    }
}

TEST(mending_what_is_whole_changes_nothing)
{
    AUTO(small_log) l = {.half = {0}};
    small_log_new(&l, "whole", 1);
    add_notes(&l, 5);
    for (int i = 0; i < 3; i++)
        NEED_OK(past_mend(l.dir, str_of(l.newest)));
    CHECK_INT(count_notes(&l), ==, 5);
}

TEST(text_that_is_no_note_is_refused)
{
    static const char *const bad[] = {"x", "\n", "\n\n", "x\n\n\n", "\xe2\x80\x94 x\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(small_log) l = {.half = {0}};
        char name[16];
        snprintf(name, sizeof name, "bad-%zu", i);
        small_log_new(&l, name, 1);
        add_notes(&l, 2);
        NEED_OK(past_add(l.dir, str_of(bad[i])));
        CHECK(count_notes(&l) == UINT64_MAX);
    }
}

TEST(a_directory_that_cannot_be_used_is_reported)
{
    static char too_long[8192];
    struct past p;
    memset(too_long, 'd', sizeof too_long - 1);
    CHECK_ERR(past_add("/nowhere/at/all", STR("x")), NOT_FOUND);
    CHECK_ERR(past_mend("/nowhere/at/all", STR("x")), NOT_FOUND);
    CHECK_ERR(past_open(too_long, &p), ARGUMENT);
    past_done(&p);
}

TEST(every_failure_is_reported)
{
    AUTO(small_log) l = {.half = {0}};
    small_log_new(&l, "faults", 1);
    add_notes(&l, 3);
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = past_mend(l.dir, str_of(l.newest));
        const uint64_t count = e.code ? UINT64_MAX : count_notes(&l);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (count == UINT64_MAX));
        if (!fired)
            break;
        NEED(n < 50);
    }
    CHECK_INT(count_notes(&l), ==, 3);
}
