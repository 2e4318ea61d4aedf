/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/catalog/catalog.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

enum { WIDE = 4000 }; /* bytes of a line, so that few of them fill a stretch */

/* A log of wide lines: line i is of request i / 2 and of key i % 7. */
typedef struct scene {
    char dir[512], path[600];
    loop *l;
    catalog *c;
    uint64_t count, len;
} scene;

static void
scene_auto(scene *s)
{
    catalog_free(s->c);
    loop_free(s->l);
}

static void
grow(scene *s, uint64_t count)
{
    AUTO(fd) f = -1;
    AUTO(buf) b = BUF((size_t)512 * 1024 * 1024);
    for (; count--; s->count++) {
        const size_t from = b.len;
        buf_add_fmt(&b, "{\"seq\":%llu,\"request\":\"req_%llu\",\"key\":\"key_%llu\",\"why\":\"",
                    (unsigned long long)s->count + 1, (unsigned long long)s->count / 2,
                    (unsigned long long)s->count % 7);
        const size_t fill = WIDE - 3 - (b.len - from);
        char *at = buf_add_room(&b, fill);
        NEED(at);
        memset(at, 'x', fill);
        buf_add(&b, STR("\"}\n"));
    }
    NEED_OK(buf_end(&b));
    NEED_OK(file_open(s->path, O_RDWR | O_CREAT | O_APPEND, 0600, &f));
    NEED_OK(file_write_all(f, buf_str(&b)));
    s->len += b.len;
}

static void
settle(scene *s)
{
    while (catalog_is_busy(s->c))
        (void)loop_turn_for(s->l, 100);
}

static void
open_it(scene *s)
{
    catalog_free(s->c);
    s->c = NULL;
    NEED_OK(catalog_open(s->l, s->dir, s->len, &s->c));
    settle(s);
}

static void
scene_new(scene *s, const char *name, uint64_t count)
{
    snprintf(s->dir, sizeof s->dir, "%s/%s", test_dir(), name);
    snprintf(s->path, sizeof s->path, "%s/audit.jsonl", s->dir);
    NEED_OK(file_make_dir(s->dir, 0700));
    NEED_OK(loop_new(&s->l));
    grow(s, count);
    open_it(s);
}

/* Lines that the catalog covers. */
static uint64_t
covered(const scene *s)
{
    return catalog_end(s->c) / WIDE;
}

static void
check_all(scene *s)
{
    const uint64_t n = covered(s);
    CHECK_INT(catalog_end(s->c) % WIDE, ==, 0);
    for (uint64_t i = 0; i < n; i += 1 + n / 50) {
        char id[32];
        uint64_t at[4];
        struct run_hits h = {.at = at, .max = 4};
        snprintf(id, sizeof id, "req_%llu", (unsigned long long)i / 2);
        const struct run_ask q = {term_of(TERM_REQUEST, str_of(id)), 0, UINT64_MAX};
        NEED_OK(catalog_find(s->c, &q, &h));
        const bool has_both = i / 2 * 2 + 1 < n;
        CHECK_INT(h.count, ==, has_both ? 2 : 1);
        CHECK_INT(at[h.count - 1], ==, i / 2 * 2 * WIDE);
    }
}

static uint64_t
count_key(scene *s, const char *key, uint64_t from, uint64_t to)
{
    static uint64_t at[1 << 16];
    struct run_hits h = {.at = at, .max = 1 << 16};
    const struct run_ask q = {term_of(TERM_KEY, str_of(key)), from, to};
    CHECK_OK(catalog_find(s->c, &q, &h));
    for (size_t i = 1; i < h.count; i++)
        CHECK_INT(at[i], <, at[i - 1]);
    return h.count;
}

enum { STRETCH_LINES = CATALOG_STRETCH / WIDE };

TEST(a_short_log_has_no_run)
{
    AUTO(scene) s = {.count = 0};
    scene_new(&s, "short", 10);
    CHECK_INT(catalog_runs(s.c), ==, 0);
    CHECK_INT(catalog_end(s.c), ==, 0);
    CHECK_INT(count_key(&s, "key_1", 0, UINT64_MAX), ==, 0);
}

TEST(a_log_that_grows_is_followed)
{
    AUTO(scene) s = {.count = 0};
    scene_new(&s, "grows", 1);
    for (int i = 0; i < 4; i++) {
        grow(&s, STRETCH_LINES * 3 / 4);
        catalog_follow(s.c, s.len);
        settle(&s);
        CHECK_INT(s.len - catalog_end(s.c), <, CATALOG_STRETCH + WIDE);
        check_all(&s);
    }
    CHECK_INT(catalog_runs(s.c), >=, 2);
}

TEST(eight_runs_become_one_and_hold_the_same)
{
    AUTO(scene) s = {.count = 0};
    scene_new(&s, "eight", (uint64_t)STRETCH_LINES * 9 + 100);
    CHECK_INT(catalog_runs(s.c), ==, 2);
    check_all(&s);
    const uint64_t n = covered(&s);
    CHECK_INT(count_key(&s, "key_0", 0, UINT64_MAX), ==, (n + 6) / 7);
    CHECK_INT(count_key(&s, "key_0", 0, WIDE), ==, 1);
    CHECK_INT(count_key(&s, "key_0", 1, (uint64_t)7 * WIDE), ==, 0);
    CHECK_INT(count_key(&s, "key_9", 0, UINT64_MAX), ==, 0);
}

TEST(it_is_there_again_after_a_restart)
{
    AUTO(scene) s = {.count = 0};
    struct stat was, is;
    char path[700];
    scene_new(&s, "restart", (uint64_t)STRETCH_LINES * 2 + 9);
    const uint64_t end = catalog_end(s.c);
    snprintf(path, sizeof path, "%s/catalog", s.dir);
    NEED(stat(path, &was) == 0);
    open_it(&s);
    CHECK_INT(catalog_end(s.c), ==, end);
    NEED(stat(path, &is) == 0);
    CHECK(was.st_mtim.tv_sec == is.st_mtim.tv_sec && was.st_mtim.tv_nsec == is.st_mtim.tv_nsec);
    check_all(&s);
}

/* The name of a run in the directory. */
static void
any_run(const scene *s, char *room, size_t size)
{
    char dir[600];
    snprintf(dir, sizeof dir, "%s/catalog", s->dir);
    DIR *d = opendir(dir);
    NEED(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            snprintf(room, size, "%s/%s", dir, e->d_name);
    closedir(d);
}

static void
spoil(const char *path, off_t at)
{
    AUTO(fd) f = -1;
    char c = 0;
    size_t got;
    NEED_OK(file_open(path, O_RDWR, 0, &f));
    NEED_OK(file_read_at(f, (uint64_t)at, &c, 1, &got));
    c ^= 4;
    NEED(pwrite(f, &c, 1, at) == 1);
}

TEST(a_run_that_is_damaged_is_made_again)
{
    AUTO(scene) s = {.count = 0};
    char path[900] = "";
    scene_new(&s, "damaged", (uint64_t)STRETCH_LINES * 2 + 9);
    any_run(&s, path, sizeof path);
    spoil(path, 3); /* its head: found at the start */
    open_it(&s);
    check_all(&s);
    any_run(&s, path, sizeof path);
    for (int block = 1; block < 9; block++)
        spoil(path, block * RUN_BLOCK + 7);
    bool was_told = false;
    for (uint64_t i = 0; i < covered(&s) && !was_told; i++) {
        char id[32];
        uint64_t at[4];
        struct run_hits h = {.at = at, .max = 4};
        snprintf(id, sizeof id, "req_%llu", (unsigned long long)i / 2);
        const struct run_ask q = {term_of(TERM_REQUEST, str_of(id)), 0, UINT64_MAX};
        was_told = catalog_find(s.c, &q, &h).code == ERR_CORRUPT;
        CHECK(!was_told || h.count == 0);
    }
    CHECK(was_told);
    settle(&s);
    CHECK_INT(catalog_runs(s.c), ==, 2);
    check_all(&s);
}

TEST(a_run_that_is_gone_is_made_again)
{
    AUTO(scene) s = {.count = 0};
    char dir[600];
    scene_new(&s, "gone", (uint64_t)STRETCH_LINES * 2 + 9);
    const uint64_t end = catalog_end(s.c);
    snprintf(dir, sizeof dir, "%s/catalog", s.dir);
    NEED_OK(file_remove_tree(dir));
    NEED_OK(file_make_dir(dir, 0700));
    uint64_t at[4];
    struct run_hits h = {.at = at, .max = 4};
    const struct run_ask q = {term_of(TERM_KEY, STR("key_1")), 0, UINT64_MAX};
    CHECK_ERR(catalog_find(s.c, &q, &h), CORRUPT);
    settle(&s);
    CHECK_INT(catalog_end(s.c), ==, end);
    check_all(&s);
    NEED_OK(file_remove_tree(dir));
    open_it(&s);
    CHECK_INT(catalog_end(s.c), ==, end);
}

TEST(the_catalog_of_another_log_is_not_used)
{
    AUTO(scene) s = {.count = 0};
    scene_new(&s, "other", (uint64_t)STRETCH_LINES + 9);
    CHECK_INT(catalog_runs(s.c), ==, 1);
    spoil(s.path, (off_t)catalog_end(s.c) - 100);
    catalog_free(s.c);
    s.c = NULL;
    NEED_OK(catalog_open(s.l, s.dir, 1, &s.c)); /* a log that became shorter */
    CHECK_INT(catalog_runs(s.c), ==, 0);
    open_it(&s);
    check_all(&s);
    spoil(s.path, (off_t)catalog_end(s.c) - 100);
    NEED_OK(catalog_open(s.l, s.dir, CATALOG_STRETCH / 2, (catalog_free(s.c), &s.c)));
    CHECK_INT(catalog_runs(s.c), ==, 0);
}

TEST(what_else_lies_there_is_cleared_away)
{
    AUTO(scene) s = {.count = 0};
    char path[700];
    scene_new(&s, "else", (uint64_t)STRETCH_LINES + 9);
    snprintf(path, sizeof path, "%s/catalog/0-0000000000000000-0000000000000fff.new", s.dir);
    NEED_OK(file_write_atomic(path, STR("half"), 0600));
    snprintf(path, sizeof path, "%s/catalog/3-0000000000000000-0000000000ffffff", s.dir);
    NEED_OK(file_write_atomic(path, STR("not a run"), 0600));
    open_it(&s);
    CHECK_INT(catalog_runs(s.c), ==, 1);
    check_all(&s);
    struct stat st;
    CHECK(stat(path, &st) != 0);
}

TEST(it_may_be_freed_while_a_run_is_made)
{
    AUTO(scene) s = {.count = 0};
    scene_new(&s, "freed", 1);
    grow(&s, STRETCH_LINES + 1);
    catalog_follow(s.c, s.len);
    CHECK(catalog_is_busy(s.c));
    catalog_free(s.c);
    s.c = NULL;
    while (loop_turn(s.l))
        ;
    open_it(&s);
    check_all(&s);
}

TEST(a_failure_anywhere_costs_nothing_but_time)
{
    AUTO(scene) s = {.count = 0};
    bool fired = true;
    scene_new(&s, "fault", (uint64_t)STRETCH_LINES + 9);
    char dir[600];
    snprintf(dir, sizeof dir, "%s/catalog", s.dir);
    for (long n = 1; fired && n < 100; n++) {
        catalog_free(s.c);
        s.c = NULL;
        IGNORE(file_remove_tree(dir)); /* it may not have been made */
        fault_arm(n);
        const err e = catalog_open(s.l, s.dir, s.len, &s.c);
        if (!e.code)
            settle(&s);
        fired = fault_fired();
        fault_arm(0);
        if (!e.code)
            check_all(&s);
    }
    CHECK(!fired);
    CHECK_INT(catalog_runs(s.c), ==, 1);
}
