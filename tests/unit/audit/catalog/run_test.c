/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/catalog/run.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "test.h"

enum { TERMS = 40, MAX = 6000 };

/* Postings over [from, to), some terms far more frequent than others. */
static size_t
scatter(struct posting *at, uint64_t from, uint64_t to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint64_t which = test_random() % 2 ? 0 : test_random() % TERMS;
        at[i].term = which == TERMS - 1 ? UINT64_MAX : which * (UINT64_MAX / TERMS);
        at[i].place = from + i * (to - from) / count;
    }
    return count;
}

/* What should be found, by looking at all. */
static size_t
plain_find(const struct posting *at, size_t count, const struct run_ask *q, uint64_t *ret)
{
    size_t n = 0;
    for (uint64_t i = count; i-- > 0;)
        if (at[i].term == q->term && at[i].place >= q->from && at[i].place < q->to)
            ret[n++] = at[i].place;
    return n;
}

static void
check_same(const char *dir, const struct sorted_run *r, const struct posting *at, size_t count)
{
    static uint64_t want[MAX], got[MAX];
    for (int n = 0; n < 60; n++) {
        const uint64_t a = r->from + test_random() % (r->to - r->from);
        const uint64_t b = r->from + test_random() % (r->to - r->from + 1);
        const bool is_there = test_random() % 4 != 0;
        const struct run_ask q = {is_there ? at[test_random() % count].term
                                           : (uint64_t)test_random() * 77,
                                  a < b ? a : b, a < b ? b : a};
        struct run_hits h = {.at = got, .max = 1 + test_random() % 300};
        const size_t all = plain_find(at, count, &q, want);
        NEED_OK(run_seek(dir, r, &q, &h));
        CHECK_INT(h.count, ==, all < h.max ? all : h.max);
        CHECK(memcmp(got, want, h.count * sizeof *got) == 0);
    }
}

static void
write_run(const char *dir, struct sorted_run *r, struct posting *at, size_t count)
{
    static struct posting sorted[MAX];
    memcpy(sorted, at, count * sizeof *at);
    r->count = count;
    NEED_OK(run_write(dir, r, sorted));
}

static const char *
make_dir(const char *name)
{
    static char dir[512];
    snprintf(dir, sizeof dir, "%s/%s", test_dir(), name);
    if (file_make_dir(dir, 0700).code)
        return test_dir();
    return dir;
}

TEST(what_was_written_is_found_however_many_there_are)
{
    static const size_t counts[] = {1, 2, 254, 255, 256, 510, 511, 3000, MAX};
    static struct posting at[MAX];
    const char *dir = make_dir("found");
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct sorted_run r = {.from = 1000 * i, .to = 1000 * i + 100000, .mark = i};
        struct sorted_run again = {.from = r.from, .to = r.to};
        scatter(at, r.from, r.to, counts[i]);
        write_run(dir, &r, at, counts[i]);
        NEED_OK(run_open(dir, &again));
        CHECK_INT(again.count, ==, counts[i]);
        CHECK_INT(again.mark, ==, i);
        check_same(dir, &again, at, counts[i]);
        NEED_OK(run_load(dir, &again));
        check_same(dir, &again, at, counts[i]);
        run_unload(&again);
    }
}

TEST(a_run_without_postings_is_one)
{
    const char *dir = make_dir("empty");
    struct sorted_run r = {.from = 5, .to = 9}, again = {.from = 5, .to = 9};
    uint64_t got[1];
    struct run_hits h = {.at = got, .max = 1};
    const struct run_ask q = {7, 0, 100};
    write_run(dir, &r, (struct posting[1]){{0, 0}}, 0);
    NEED_OK(run_open(dir, &again));
    CHECK_OK(run_seek(dir, &again, &q, &h));
    CHECK_INT(h.count, ==, 0);
}

TEST(runs_that_were_merged_hold_what_each_held)
{
    static struct posting at[MAX];
    const char *dir = make_dir("merged");
    struct sorted_run in[5], all = {.level = 1, .mark = 77};
    size_t count = 0;
    for (size_t i = 0; i < 5; i++) {
        const size_t n = i == 2 ? 0 : scatter(&at[count], i * 1000, i * 1000 + 1000, 300 * (i + 1));
        in[i] = (struct sorted_run){.from = i * 1000, .to = i * 1000 + 1000};
        write_run(dir, &in[i], &at[count], n);
        count += n;
    }
    NEED_OK(run_merge(dir, in, 5, &all));
    CHECK_INT(all.count, ==, count);
    CHECK_INT(all.from, ==, 0);
    CHECK_INT(all.to, ==, 5000);
    NEED_OK(run_open(dir, &all));
    CHECK_INT(all.mark, ==, 77);
    check_same(dir, &all, at, count);
    NEED_OK(run_load(dir, &all));
    check_same(dir, &all, at, count);
    run_unload(&all);
}

TEST(names_lead_back)
{
    const struct sorted_run r = {.from = 0x123456789abcULL, .to = UINT64_MAX, .level = 16};
    struct sorted_run again;
    char name[RUN_NAME_MAX];
    run_name(&r, name);
    NEED_OK(run_name_read(str_of(name), &again));
    CHECK_INT(again.from, ==, r.from);
    CHECK(again.to == r.to && again.level == r.level);
}

TEST(other_names_are_none)
{
    static const char *const bad[] = {
        "",
        "-",
        "0",
        "0-",
        "0-0000000000000000",
        "0-0000000000000000-",
        "0-0000000000000000-0000000000000000",
        "0-0000000000000001-0000000000000000",
        "0-000000000000000-0000000000000001",
        "0-0000000000000000-00000000000000001",
        "0-0000000000000000-000000000000000A",
        "0-0000000000000000-000000000000000g",
        "0-0000000000000000-0000000000000001.new",
        "17-0000000000000000-0000000000000001",
        "x-0000000000000000-0000000000000001",
    };
    struct sorted_run r;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_ERR(run_name_read(str_of(bad[i]), &r), PARSE);
}

static const char *
path_of(const char *dir, const struct sorted_run *r)
{
    static char path[RUN_PATH_MAX];
    char name[RUN_NAME_MAX];
    run_name(r, name);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* Each byte of a small run in turn: it is either not opened or not read, or says what it said. */
TEST(no_changed_byte_goes_unnoticed)
{
    static struct posting at[600];
    AUTO(arena) *a = NULL;
    const char *dir = make_dir("changed");
    struct sorted_run r = {.from = 0, .to = 5000};
    str bytes;
    scatter(at, 0, 5000, 600);
    write_run(dir, &r, at, 600);
    NEED_OK(arena_open(1024 * 1024, &a));
    NEED_OK(file_read(a, path_of(dir, &r), 1024 * 1024, &bytes));
    CHECK_INT(bytes.len, ==, 4 * RUN_BLOCK + 4 * 8);
    for (size_t i = 0; i < bytes.len; i += 1 + test_random() % 16) {
        uint64_t got[600];
        struct run_hits h = {.at = got, .max = 600};
        bool is_bad = false;
        ((char *)(uintptr_t)bytes.at)[i] ^= (char)(1 << test_random() % 8);
        NEED_OK(file_write_atomic(path_of(dir, &r), bytes, 0600));
        struct sorted_run again = {.from = 0, .to = 5000};
        is_bad = run_open(dir, &again).code == ERR_CORRUPT;
        again.count = 600;
        for (uint64_t t = 0; t <= TERMS && i >= RUN_BLOCK && i < 4 * RUN_BLOCK; t++) {
            const struct run_ask q = {t == TERMS ? UINT64_MAX : t * (UINT64_MAX / TERMS), 0, 5000};
            h.count = 0;
            is_bad = run_seek(dir, &again, &q, &h).code == ERR_CORRUPT || is_bad;
        }
        is_bad = run_load(dir, &again).code == ERR_CORRUPT || is_bad;
        run_unload(&again);
        CHECK(is_bad);
        write_run(dir, &r, at, 600);
        arena_reset(a);
        NEED_OK(file_read(a, path_of(dir, &r), 1024 * 1024, &bytes));
    }
}

TEST(one_that_is_cut_or_longer_is_not_opened)
{
    static struct posting at[600];
    AUTO(arena) *a = NULL;
    const char *dir = make_dir("cut");
    struct sorted_run r = {.from = 0, .to = 5000};
    str bytes;
    scatter(at, 0, 5000, 600);
    write_run(dir, &r, at, 600);
    NEED_OK(arena_open(1024 * 1024, &a));
    NEED_OK(file_read(a, path_of(dir, &r), 1024 * 1024, &bytes));
    for (size_t len = 0; len < bytes.len; len += 1000) {
        NEED_OK(file_write_atomic(path_of(dir, &r), str_slice(bytes, 0, len), 0600));
        CHECK_ERR(run_open(dir, &r), CORRUPT);
    }
    NEED_OK(file_remove(path_of(dir, &r)));
    CHECK_ERR(run_open(dir, &r), NOT_FOUND);
}

TEST(one_under_another_name_is_not_opened)
{
    struct sorted_run r = {.from = 0, .to = 5000}, other = {.from = 0, .to = 6000};
    const char *dir = make_dir("name");
    char was[RUN_PATH_MAX];
    write_run(dir, &r, (struct posting[1]){{1, 2}}, 1);
    snprintf(was, sizeof was, "%s", path_of(dir, &r));
    NEED(rename(was, path_of(dir, &other)) == 0);
    CHECK_ERR(run_open(dir, &other), CORRUPT);
}

TEST(a_failure_anywhere_leaves_no_half_run)
{
    static struct posting at[600];
    const char *dir = make_dir("fault");
    bool fired = true;
    for (long n = 1; fired && n < 200; n++) {
        struct sorted_run in[2], all = {.level = 1};
        fault_arm(n);
        err e = OK;
        for (size_t i = 0; i < 2 && !e.code; i++) {
            in[i] = (struct sorted_run){.from = i * 1000, .to = i * 1000 + 1000, .count = 300};
            scatter(at, i * 1000, i * 1000 + 1000, 300);
            e = run_write(dir, &in[i], at);
        }
        if (!e.code)
            e = run_merge(dir, in, 2, &all);
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired || !e.code);
        struct sorted_run again = {.from = 0, .to = 2000, .level = 1};
        CHECK(e.code || !run_open(dir, &again).code);
        if (!e.code)
            CHECK_OK(run_remove(dir, &all));
    }
    CHECK(!fired);
}
