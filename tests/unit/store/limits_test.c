/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/limits.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

static db *
open_new(const char *name)
{
    char path[256];
    db *d = NULL;
    snprintf(path, sizeof path, "%s/%s", test_dir(), name);
    CHECK_OK(db_open(path, &d));
    return d;
}

struct list {
    char text[4096];
    size_t len;
    bool is_enough;
};

static err
collect_limit(void *ctx, const struct limit_row *r)
{
    struct list *l = ctx;
    if (l->is_enough)
        FAIL(CANCELLED, "enough");
    l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%.*s|%.*s|%llu\n",
                               STR_FMT(r->subject), STR_FMT(r->name), (unsigned long long)r->value);
    return OK;
}

static err
collect_spent(void *ctx, const struct spent_row *r)
{
    struct list *l = ctx;
    if (l->is_enough)
        FAIL(CANCELLED, "enough");
    l->len += (size_t)snprintf(l->text + l->len, sizeof l->text - l->len, "%.*s|%.*s|%lld|%llu\n",
                               STR_FMT(r->subject), STR_FMT(r->name), (long long)r->window,
                               (unsigned long long)r->granted);
    return OK;
}

static str
limits_of(db *d)
{
    static struct list l;
    AUTO(arena) *a = NULL;
    memset(&l, 0, sizeof l);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(limits_each(d, a, collect_limit, &l));
    return (str){l.text, l.len};
}

static str
spent_of(db *d)
{
    static struct list l;
    AUTO(arena) *a = NULL;
    memset(&l, 0, sizeof l);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(spent_each(d, a, collect_spent, &l));
    return (str){l.text, l.len};
}

static const struct limit_row first = {STR_INIT("key:b"), STR_INIT("tokens/day"), 0},
                              second = {STR_INIT("key:a"), STR_INIT("tokens/day"), INT64_MAX},
                              third = {STR_INIT("key:a"), STR_INIT("streams"), 7};

TEST(limits_come_back_by_subject_and_name)
{
    db *d = open_new("limits");
    NEED(d);
    CHECK_OK(limits_put(d, &first));
    CHECK_OK(limits_put(d, &second));
    CHECK_OK(limits_put(d, &third));
    CHECK_STR(limits_of(d), STR("key:a|streams|7\nkey:a|tokens/day|9223372036854775807\n"
                                "key:b|tokens/day|0\n"));
    struct limit_row changed = third;
    changed.value = 8;
    CHECK_OK(limits_put(d, &changed));
    CHECK(str_starts(limits_of(d), STR("key:a|streams|8\nkey:a|tok")));
    changed.value = 1ull << 63;
    CHECK_ERR(limits_put(d, &changed), ARGUMENT);
    db_close(d);
}

TEST(a_limit_that_is_removed_takes_what_was_spent_along)
{
    static const struct spent_row rows[] = {
        {STR_INIT("key:a"), STR_INIT("streams"), 5, 6},
        {STR_INIT("key:a"), STR_INIT("tokens/day"), -5, INT64_MAX}};
    db *d = open_new("gone");
    NEED(d);
    CHECK_OK(limits_put(d, &second));
    CHECK_OK(limits_put(d, &third));
    CHECK_OK(spent_put(d, rows, 2));
    CHECK_OK(limits_remove(d, STR("key:a"), STR("streams")));
    CHECK_STR(limits_of(d), STR("key:a|tokens/day|9223372036854775807\n"));
    CHECK_STR(spent_of(d), STR("key:a|tokens/day|-5|9223372036854775807\n"));
    CHECK_ERR(limits_remove(d, STR("key:a"), STR("streams")), NOT_FOUND);
    CHECK_ERR(limits_remove(d, STR("key:x"), STR("streams")), NOT_FOUND);
    CHECK_OK(limits_remove(d, STR("key:a"), STR("tokens/day")));
    db_close(d);
}

TEST(what_is_granted_replaces_what_was_and_is_all_there_or_not_at_all)
{
    struct spent_row rows[] = {{STR_INIT("a"), STR_INIT("x"), 1, 10},
                               {STR_INIT("b"), STR_INIT("x"), 1, 20}};
    db *d = open_new("spent");
    NEED(d);
    CHECK_OK(spent_put(d, rows, 2));
    rows[0].granted = 11;
    rows[0].window = 2;
    CHECK_OK(spent_put(d, rows, 1));
    CHECK_STR(spent_of(d), STR("a|x|2|11\nb|x|1|20\n"));
    rows[0].granted = 99;
    rows[1].granted = 1ull << 63;
    CHECK_ERR(spent_put(d, rows, 2), ARGUMENT);
    CHECK_STR(spent_of(d), STR("a|x|2|11\nb|x|1|20\n"));
    CHECK_OK(spent_put(d, rows, 0));
    db_close(d);
}

TEST(only_what_is_over_is_purged)
{
    static const struct spent_row rows[] = {{STR_INIT("a"), STR_INIT("x"), 9, 1},
                                            {STR_INIT("b"), STR_INIT("x"), 10, 1},
                                            {STR_INIT("c"), STR_INIT("y"), 9, 1}};
    db *d = open_new("purge");
    NEED(d);
    CHECK_OK(spent_put(d, rows, 3));
    CHECK_OK(spent_purge(d, STR("x"), 10));
    CHECK_STR(spent_of(d), STR("b|x|10|1\nc|y|9|1\n"));
    db_close(d);
}

TEST(a_walk_ends_when_its_listener_fails)
{
    static const struct spent_row row = {STR_INIT("a"), STR_INIT("x"), 9, 1};
    AUTO(arena) *a = NULL;
    struct list l = {.is_enough = true};
    db *d = open_new("enough");
    NEED(d);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_OK(limits_each(d, a, collect_limit, &l));
    CHECK_OK(limits_put(d, &first));
    CHECK_OK(spent_put(d, &row, 1));
    CHECK_ERR(limits_each(d, a, collect_limit, &l), CANCELLED);
    CHECK_ERR(spent_each(d, a, collect_spent, &l), CANCELLED);
    db_close(d);
}

TEST(every_fault_is_reported_and_leaves_no_half)
{
    static const struct spent_row rows[] = {{STR_INIT("key:b"), STR_INIT("tokens/day"), 9, 1},
                                            {STR_INIT("b"), STR_INIT("x"), 10, 1}};
    db *d = open_new("faults");
    NEED(d);
    long n = 1;
    for (bool fired = true; fired; n++) {
        fault_arm(n);
        err e = limits_put(d, &first);
        const bool is_put = !e.code;
        if (!e.code)
            e = spent_put(d, rows, 2);
        const bool is_spent = !e.code;
        if (!e.code)
            e = limits_remove(d, first.subject, first.name);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        const str left = limits_of(d), spent = spent_of(d);
        CHECK_INT(left.len != 0, ==, is_put && e.code);
        if (spent.len && e.code) /* the last fault comes when they are there already */
            CHECK_STR(spent, STR("b|x|10|1\nkey:b|tokens/day|9|1\n"));
        CHECK(spent.len || !is_spent || !e.code);
        IGNORE(limits_remove(d, first.subject, first.name)); /* if it is there */
        CHECK_OK(spent_purge(d, STR("x"), 99));
        CHECK_OK(spent_purge(d, STR("tokens/day"), 99));
    }
    CHECK_INT(n, >, 10);
    db_close(d);
}
