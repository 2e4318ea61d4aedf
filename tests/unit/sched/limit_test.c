/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/limit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "test.h"

static const int64_t noon = 20000LL * 86400000 + 43200000;

/* ---- a store that a test can look into */
struct kept {
    struct {
        char subject[SUBJECT_TEXT_MAX];
        struct limit_block b;
    } at[512];
    size_t count;
    unsigned calls;
    bool fails;
};

static err
keep(void *ctx, const struct limit_block *blocks, size_t count)
{
    struct kept *k = ctx;
    k->calls++;
    if (k->fails)
        FAIL(BUSY, "locked");
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        while (at < k->count && (!str_eq(str_of(k->at[at].subject), blocks[i].subject) ||
                                 k->at[at].b.limit != blocks[i].limit))
            at++;
        ASSERT(at < 512);
        if (at == k->count)
            k->count++;
        k->at[at].b = blocks[i];
        snprintf(k->at[at].subject, SUBJECT_TEXT_MAX, "%.*s", STR_FMT(blocks[i].subject));
        k->at[at].b.subject = str_of(k->at[at].subject);
    }
    return OK;
}

static limits *
open_limits(struct kept *k, size_t max)
{
    limits *l = NULL;
    memset(k, 0, sizeof *k);
    CHECK_OK(limit_new(max, (struct limit_hooks){keep, k}, &l));
    return l;
}

static void
set(limits *l, const char *subject, enum limit_id id, uint64_t max)
{
    CHECK_OK(limit_set(l, str_of(subject), id, max));
}

static const struct subject_names amt = {STR_INIT("haus"), STR_INIT("frau"), STR_INIT("amt"),
                                         STR_INIT("m")};

static struct limit_amount
ask_for(uint64_t tokens)
{
    return (struct limit_amount){{[UNIT_REQUESTS] = 1, [UNIT_TOKENS] = tokens, [UNIT_STREAMS] = 1}};
}

static struct limit_refusal why;

static err
reserve(limits *l, const struct subject_names *who, uint64_t tokens, struct sched_time t,
        struct limit_hold *h)
{
    const struct limit_ask q = {*who, ask_for(tokens), t};
    memset(&why, 0, sizeof why);
    return limit_reserve(l, &q, h, &why);
}

static void
settle(limits *l, struct limit_hold *h, uint64_t tokens, struct sched_time t)
{
    const struct limit_amount a = ask_for(tokens);
    limit_settle(l, h, &a, &t);
}

static uint64_t
used(const limits *l, const char *subject, enum limit_id id, struct sched_time t)
{
    struct limit_use u = {0};
    return limit_use_of(l, str_of(subject), id, &t, &u) ? u.used + u.reserved : UINT64_MAX;
}

static const struct sched_time at_noon = {1000, noon};

/* ---- the table */
TEST(every_limit_is_found_by_its_name_and_no_other)
{
    enum limit_id id;
    for (int i = 0; i < LIMIT_COUNT; i++) {
        NEED_OK(limit_read(str_of(limit_info((enum limit_id)i)->name), &id));
        CHECK_INT(id, ==, i);
        CHECK(str_starts(str_of(limit_info((enum limit_id)i)->rule), STR("limit.")));
        CHECK(*limit_info((enum limit_id)i)->doc);
    }
    CHECK_ERR(limit_read(STR("tokens"), &id), ARGUMENT);
    CHECK(strstr(err_public((err){ERR_ARGUMENT}), "streams") != NULL);
    CHECK_ERR(limit_read(STR(""), &id), ARGUMENT);
}

/* ---- one request */
TEST(without_limits_everything_passes_and_nothing_is_kept)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    for (int i = 0; i < 1000; i++) {
        NEED_OK(reserve(l, &amt, UINT64_MAX / 8, at_noon, &h));
        CHECK_INT(h.count, ==, 0);
        CHECK(limit_tightest(&h, UNIT_TOKENS, &at_noon).max == LIMIT_NONE);
        settle(l, &h, 5, at_noon);
    }
    CHECK_INT(limit_subjects(l), ==, 0);
    CHECK_INT(k.calls, ==, 0);
    limit_free(l);
}

TEST(a_key_without_budget_is_always_refused_and_told_which_limit_and_until_when)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "key:amt", LIMIT_REQUESTS_DAY, 0);
    for (int i = 0; i < 10; i++) {
        const err e = reserve(l, &amt, 5, at_noon, &h);
        CHECK_ERR(e, RATE);
        CHECK_INT(err_retry_ms(e), ==, 43200000);
        CHECK(strstr(err_public(e), "requests/day of key:amt") != NULL);
        CHECK_INT(why.limit, ==, LIMIT_REQUESTS_DAY);
        CHECK_STR(str_of(why.subject), STR("key:amt"));
        CHECK(why.max == 0 && why.retry_ms == 43200000);
    }
    CHECK_ERR(reserve(l, &amt, 0, (struct sched_time){0, noon + 86400000}, &h), RATE);
    CHECK_INT(k.calls, ==, 0);
    limit_free(l);
}

TEST(each_subject_of_a_request_bounds_it)
{
    static const char *const subjects[] = {
        "tenant:haus",         "person:frau",         "key:amt",        "model:m",
        "tenant:haus+model:m", "person:frau+model:m", "key:amt+model:m"};
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        static struct kept k;
        struct limit_hold h;
        limits *l = open_limits(&k, 10);
        set(l, subjects[i], LIMIT_TOKENS_DAY, 10);
        CHECK_ERR(reserve(l, &amt, 11, at_noon, &h), RATE);
        CHECK_STR(str_of(why.subject), str_of(subjects[i]));
        NEED_OK(reserve(l, &amt, 10, at_noon, &h));
        CHECK(limit_may_bound(l, &amt, UNIT_TOKENS) && !limit_may_bound(l, &amt, UNIT_MONEY));
        CHECK_ERR(reserve(l, &amt, 1, at_noon, &h), RATE);
        settle(l, &h, 10, at_noon);
        const struct subject_names other = {STR("x"), STR("x"), STR("x"), STR("x")};
        NEED_OK(reserve(l, &other, 1000, at_noon, &h));
        settle(l, &h, 1000, at_noon);
        /* Which model it will be is not known: any may be the one. */
        CHECK(limit_may_bound(l, &other, UNIT_TOKENS) == (strstr(subjects[i], "model") != NULL));
        CHECK_OK(limit_unset(l, str_of(subjects[i]), LIMIT_TOKENS_DAY, true));
        CHECK(!limit_may_bound(l, &amt, UNIT_TOKENS));
        set(l, "default:key", LIMIT_TOKENS_MINUTE, 5);
        CHECK(limit_may_bound(l, &other, UNIT_TOKENS));
        limit_free(l);
    }
}

TEST(all_limits_are_reserved_or_none)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "tenant:haus", LIMIT_TOKENS_DAY, 1000);
    set(l, "tenant:haus", LIMIT_REQUESTS_MINUTE, 1000);
    set(l, "key:amt", LIMIT_STREAMS, 5);
    set(l, "model:m", LIMIT_TOKENS_MINUTE, 10);
    for (int i = 0; i < 50; i++)
        CHECK_ERR(reserve(l, &amt, 11, at_noon, &h), RATE);
    CHECK_INT(used(l, "tenant:haus", LIMIT_TOKENS_DAY, at_noon), ==, 0);
    CHECK_INT(used(l, "tenant:haus", LIMIT_REQUESTS_MINUTE, at_noon), ==, 0);
    CHECK_INT(used(l, "key:amt", LIMIT_STREAMS, at_noon), ==, 0);
    NEED_OK(reserve(l, &amt, 10, at_noon, &h));
    CHECK_INT(used(l, "key:amt", LIMIT_STREAMS, at_noon), ==, 1);
    limit_release(l, &h, &at_noon);
    CHECK_INT(used(l, "key:amt", LIMIT_STREAMS, at_noon), ==, 0);
    CHECK_INT(used(l, "tenant:haus", LIMIT_REQUESTS_MINUTE, at_noon), ==, 0);
    CHECK_INT(used(l, "tenant:haus", LIMIT_TOKENS_DAY, at_noon), ==, 0);
    limit_free(l);
}

TEST(the_limit_that_has_to_be_waited_for_longest_is_named)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "tenant:haus", LIMIT_REQUESTS_MINUTE, 0);
    set(l, "key:amt", LIMIT_REQUESTS_DAY, 0);
    set(l, "model:m", LIMIT_STREAMS, 0);
    CHECK_ERR(reserve(l, &amt, 1, at_noon, &h), RATE);
    CHECK_INT(why.limit, ==, LIMIT_REQUESTS_DAY);
    limit_free(l);
}

TEST(the_room_that_is_told_is_that_of_the_tightest)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "tenant:haus", LIMIT_REQUESTS_MINUTE, 100);
    set(l, "key:amt", LIMIT_REQUESTS_MINUTE, 10);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 1000);
    NEED_OK(reserve(l, &amt, 300, at_noon, &h));
    const struct limit_room r = limit_tightest(&h, UNIT_REQUESTS, &at_noon);
    CHECK(r.max == 10 && r.left == 9 && r.reset_ms > 59000 && r.reset_ms <= 65000);
    const struct limit_room t = limit_tightest(&h, UNIT_TOKENS, &at_noon);
    CHECK(t.max == 1000 && t.left == 700 && t.reset_ms == 43200000);
    CHECK(limit_tightest(&h, UNIT_MONEY, &at_noon).max == LIMIT_NONE);
    settle(l, &h, 1, at_noon);
    limit_free(l);
}

/* ---- changes */
TEST(a_limit_that_is_lowered_or_raised_keeps_what_was_spent)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 100);
    NEED_OK(reserve(l, &amt, 80, at_noon, &h));
    set(l, "key:amt", LIMIT_TOKENS_DAY, 50);
    settle(l, &h, 80, at_noon);
    CHECK_ERR(reserve(l, &amt, 1, at_noon, &h), RATE);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 90);
    CHECK_ERR(reserve(l, &amt, 11, at_noon, &h), RATE);
    NEED_OK(reserve(l, &amt, 10, at_noon, &h));
    settle(l, &h, 10, at_noon);
    limit_free(l);
}

TEST(a_limit_that_is_removed_bounds_nobody_also_under_a_reservation)
{
    static struct kept k;
    struct limit_hold h, other;
    limits *l = open_limits(&k, 10);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 100);
    NEED_OK(reserve(l, &amt, 80, at_noon, &h));
    NEED_OK(limit_unset(l, STR("key:amt"), LIMIT_TOKENS_DAY, true));
    CHECK_ERR(limit_unset(l, STR("key:amt"), LIMIT_TOKENS_DAY, true), NOT_FOUND);
    CHECK_ERR(limit_unset(l, STR("key:nobody"), LIMIT_TOKENS_DAY, true), NOT_FOUND);
    CHECK_ERR(limit_unset(l, STR("nobody"), LIMIT_TOKENS_DAY, true), ARGUMENT);
    NEED_OK(reserve(l, &amt, 1000, at_noon, &other));
    settle(l, &other, 1000, at_noon);
    settle(l, &h, 80, at_noon);
    CHECK(used(l, "key:amt", LIMIT_TOKENS_DAY, at_noon) == UINT64_MAX);
    limit_free(l);
}

TEST(what_is_no_limit_is_refused)
{
    static struct kept k;
    limits *l = open_limits(&k, 10);
    CHECK_ERR(limit_set(l, STR("nobody"), LIMIT_STREAMS, 1), ARGUMENT);
    CHECK_ERR(limit_set(l, STR("key:a"), LIMIT_STREAMS, LIMIT_VALUE_MAX + 1), ARGUMENT);
    CHECK_OK(limit_set(l, STR("key:a"), LIMIT_STREAMS, LIMIT_VALUE_MAX));
    CHECK_ERR(limit_unset(l, STR("default:key"), LIMIT_STREAMS, true), NOT_FOUND);
    CHECK(used(l, "nobody", LIMIT_STREAMS, at_noon) == UINT64_MAX);
    limit_free(l);
}

/* ---- defaults */
TEST(a_default_bounds_each_one_apart_unless_it_has_its_own)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "default:key", LIMIT_TOKENS_DAY, 10);
    set(l, "key:rich", LIMIT_TOKENS_DAY, 100);
    set(l, "key:rich", LIMIT_STREAMS, 3);
    const struct subject_names one = {.key = STR("one")}, two = {.key = STR("two")},
                               rich = {.key = STR("rich")};
    NEED_OK(reserve(l, &one, 10, at_noon, &h));
    settle(l, &h, 10, at_noon);
    CHECK_ERR(reserve(l, &one, 1, at_noon, &h), RATE);
    NEED_OK(reserve(l, &two, 10, at_noon, &h));
    settle(l, &h, 10, at_noon);
    NEED_OK(reserve(l, &rich, 100, at_noon, &h));
    settle(l, &h, 100, at_noon);
    set(l, "default:key", LIMIT_TOKENS_DAY, 15); /* at once, for those that are there too */
    NEED_OK(reserve(l, &one, 5, at_noon, &h));
    settle(l, &h, 5, at_noon);
    CHECK_ERR(reserve(l, &one, 1, at_noon, &h), RATE);
    NEED_OK(limit_unset(l, STR("key:rich"), LIMIT_TOKENS_DAY, true));
    CHECK_ERR(reserve(l, &rich, 16, at_noon, &h), RATE);
    NEED_OK(limit_unset(l, STR("default:key"), LIMIT_TOKENS_DAY, true));
    NEED_OK(reserve(l, &one, 100000, at_noon, &h));
    settle(l, &h, 1, at_noon);
    limit_free(l);
}

TEST(who_had_a_default_is_forgotten_when_nothing_is_left_to_remember)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 1000);
    set(l, "default:key", LIMIT_TOKENS_MINUTE, 10);
    set(l, "key:own", LIMIT_TOKENS_MINUTE, 10);
    for (int i = 0; i < 500; i++) {
        char name[24];
        snprintf(name, sizeof name, "k%d", i);
        const struct subject_names n = {.key = str_of(name)};
        NEED_OK(reserve(l, &n, 5, at_noon, &h));
        settle(l, &h, 5, at_noon);
    }
    CHECK_INT(limit_subjects(l), ==, 501);
    const struct sched_time later = {70000, noon + 70000};
    for (int i = 0; i < 500; i++) {
        NEED_OK(reserve(l, &amt, 0, later, &h));
        limit_release(l, &h, &later);
    }
    CHECK_INT(limit_subjects(l), <=, 2); /* the one with its own, and the last one */
    CHECK_INT(used(l, "key:own", LIMIT_TOKENS_MINUTE, later), ==, 0);
    limit_free(l);
}

TEST(memory_is_bounded_and_who_finds_no_room_is_refused)
{
    static struct kept k;
    static struct limit_hold h[100];
    limits *l = open_limits(&k, 100);
    set(l, "default:key", LIMIT_TOKENS_MINUTE, 10);
    for (int i = 0; i < 300; i++) {
        char name[24];
        struct limit_hold none;
        snprintf(name, sizeof name, "k%d", i);
        const struct subject_names n = {.key = str_of(name)};
        const err e = reserve(l, &n, 5, at_noon, i < 100 ? &h[i] : &none);
        CHECK_INT(e.code, ==, i < 100 ? ERR_OK : ERR_LIMIT);
    }
    CHECK_INT(limit_subjects(l), ==, 100);
    for (int i = 0; i < 100; i++)
        limit_release(l, &h[i], &at_noon);
    NEED_OK(reserve(l, &amt, 5, at_noon, &h[0])); /* the others are idle */
    limit_release(l, &h[0], &at_noon);
    limit_free(l);
}

/* The room for the key is made while the tenant of the same request is idle. */
TEST(a_request_does_not_push_out_its_own_subjects)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 2);
    set(l, "default:key", LIMIT_TOKENS_MINUTE, 10);
    set(l, "default:tenant", LIMIT_TOKENS_MINUTE, 100);
    for (int i = 0; i < 100; i++) {
        char name[24];
        snprintf(name, sizeof name, "k%d", i);
        const struct subject_names n = {.tenant = str_of(name), .key = str_of(name)};
        NEED_OK(reserve(l, &n, 5, at_noon, &h));
        CHECK_INT(h.subject_count, ==, 2);
        limit_release(l, &h, &at_noon);
    }
    limit_free(l);
}

/* ---- the store */
TEST(most_requests_write_nothing)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 1000000);
    set(l, "key:amt", LIMIT_REQUESTS_DAY, 100000);
    for (int i = 0; i < 10000; i++) {
        NEED_OK(reserve(l, &amt, 90, at_noon, &h));
        settle(l, &h, 30, at_noon);
    }
    CHECK_INT(k.calls, <=, 45); /* 30 % and 10 % of a hundred blocks, and a few that were begun */
    CHECK_INT(k.calls, >=, 10);
    limit_free(l);
}

TEST(a_block_that_cannot_be_kept_refuses_who_needs_it_and_no_other)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 1000);
    NEED_OK(reserve(l, &amt, 1, at_noon, &h));
    settle(l, &h, 1, at_noon);
    k.fails = true;
    unsigned passed = 0;
    while (!reserve(l, &amt, 1, at_noon, &h).code) {
        settle(l, &h, 1, at_noon);
        passed++;
    }
    CHECK_INT(passed, ==, 10); /* what was left of the block */
    CHECK_ERR(reserve(l, &amt, 1, at_noon, &h), BUSY);
    CHECK_INT(used(l, "key:amt", LIMIT_TOKENS_DAY, at_noon), ==, 11);
    k.fails = false;
    NEED_OK(reserve(l, &amt, 1, at_noon, &h));
    settle(l, &h, 1, at_noon);
    limit_free(l);
}

/* Ends at any moment, without a word. */
TEST(after_a_crash_nothing_that_was_spent_is_given_again)
{
    for (int round = 0; round < 200; round++) {
        static struct kept k, second;
        static struct limit_hold h[64];
        size_t open = 0;
        uint64_t spent = 0, most = 0;
        limits *l = open_limits(&k, 10), *m = open_limits(&second, 10);
        set(l, "key:amt", LIMIT_TOKENS_DAY, 1000);
        set(m, "key:amt", LIMIT_TOKENS_DAY, 1000);
        for (size_t i = test_random() % 60; i > 0 && open < 64; i--) {
            const uint64_t n = test_random() % 40;
            if (reserve(l, &amt, n, at_noon, &h[open]).code)
                continue;
            spent += n; /* whether it was settled or not: it may have been */
            open++;
        }
        for (size_t i = 0; i < k.count; i++) {
            NEED_OK(limit_restore(m, &k.at[i].b));
            most = k.at[i].b.granted;
        }
        NEED(most >= spent && most <= spent + 10 + 40);
        CHECK_INT(used(m, "key:amt", LIMIT_TOKENS_DAY, at_noon), ==, most);
        while (open)
            limit_release(l, &h[--open], &at_noon);
        limit_free(l);
        limit_free(m);
    }
}

TEST(an_orderly_end_gives_back_what_was_not_spent)
{
    static struct kept k, second;
    struct limit_hold h;
    limits *l = open_limits(&k, 1000), *m = open_limits(&second, 1000);
    set(l, "default:key", LIMIT_TOKENS_DAY, 1000);
    set(m, "default:key", LIMIT_TOKENS_DAY, 1000);
    for (int i = 0; i < 200; i++) {
        char name[24];
        snprintf(name, sizeof name, "k%d", i);
        const struct subject_names n = {.key = str_of(name)};
        NEED_OK(reserve(l, &n, 5, at_noon, &h));
        settle(l, &h, 3, at_noon);
    }
    NEED_OK(limit_flush(l));
    const unsigned calls = k.calls;
    NEED_OK(limit_flush(l));
    CHECK_INT(k.calls, ==, calls); /* nothing is left to say */
    CHECK_INT(k.count, ==, 200);
    for (size_t i = 0; i < k.count; i++)
        NEED_OK(limit_restore(m, &k.at[i].b));
    CHECK_INT(limit_subjects(m), ==, 200);
    for (int i = 0; i < 200; i++) {
        char name[24];
        snprintf(name, sizeof name, "key:k%d", i);
        CHECK_INT(used(m, name, LIMIT_TOKENS_DAY, at_noon), ==, 3);
    }
    limit_free(l);
    limit_free(m);
}

TEST(rows_that_no_limit_asks_for_or_of_a_day_gone_by_do_not_count)
{
    static struct kept k;
    limits *l = open_limits(&k, 10);
    const int64_t today = day_of(noon);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 100);
    CHECK_OK(limit_restore(l, &(struct limit_block){STR("key:other"), LIMIT_TOKENS_DAY, today, 7}));
    CHECK_OK(limit_restore(l, &(struct limit_block){STR("key:amt"), LIMIT_REQUESTS_DAY, today, 7}));
    CHECK_INT(limit_subjects(l), ==, 1);
    CHECK_OK(
        limit_restore(l, &(struct limit_block){STR("key:amt"), LIMIT_TOKENS_DAY, today - 1, 99}));
    CHECK_INT(used(l, "key:amt", LIMIT_TOKENS_DAY, at_noon), ==, 0);
    CHECK_OK(limit_restore(l, &(struct limit_block){STR("key:amt"), LIMIT_TOKENS_DAY, today, 60}));
    CHECK_INT(used(l, "key:amt", LIMIT_TOKENS_DAY, at_noon), ==, 60);
    CHECK_OK(/* the clock was set back since */
             limit_restore(l,
                           &(struct limit_block){STR("key:amt"), LIMIT_TOKENS_DAY, today + 9, 80}));
    CHECK_INT(used(l, "key:amt", LIMIT_TOKENS_DAY, at_noon), ==, 80);
    CHECK_ERR(limit_restore(l, &(struct limit_block){STR("x"), LIMIT_TOKENS_DAY, today, 1}),
              ARGUMENT);
    limit_free(l);
}

/* ---- the law, for generated schedules */
enum { RUNNING = 200, STEPS = 10000, WHOS = 6 };

struct done {
    uint64_t now_ms, tokens;
    int64_t wall_ms;
};

/* An account that knows nothing but the list of what was settled and what is open. */
static struct {
    struct done settled[STEPS];
    size_t count;
    uint64_t open;
} books[WHOS];

static const uint64_t day_max = 40000, minute_max = 3000;

static bool
holds(int who, struct sched_time t)
{
    uint64_t day = books[who].open, minute = books[who].open;
    for (size_t i = books[who].count; i-- > 0;) {
        const struct done *d = &books[who].settled[i];
        if (day_of(d->wall_ms) == day_of(t.wall_ms))
            day += d->tokens;
        if (d->now_ms + 60000 > t.now_ms)
            minute += d->tokens;
        if (d->wall_ms + 86400000 < t.wall_ms)
            break;
    }
    return day <= day_max && minute <= minute_max;
}

static void
write_down(int who, uint64_t tokens, struct sched_time t)
{
    books[who].settled[books[who].count++] = (struct done){t.now_ms, tokens, t.wall_ms};
}

TEST(ten_thousand_requests_in_any_order_never_overspend_by_one_token)
{
    for (int round = 0; round < 6; round++) {
        static struct kept k;
        static struct {
            struct limit_hold hold;
            uint64_t tokens;
            int who;
        } running[RUNNING];
        struct sched_time t = {test_random() % 100000, noon};
        size_t count = 0, allowed = 0, refused = 0;
        limits *l = open_limits(&k, 100);
        memset(books, 0, sizeof books);
        set(l, "default:key", LIMIT_TOKENS_DAY, day_max);
        set(l, "default:key", LIMIT_TOKENS_MINUTE, minute_max);
        set(l, "tenant:haus", LIMIT_STREAMS, RUNNING);
        for (int step = 0; step < STEPS; step++) {
            const uint64_t dice = test_random() % 100;
            const uint64_t pause = dice < 2 ? test_random() % 7200000 : test_random() % 2000;
            t.now_ms += pause, t.wall_ms += (int64_t)pause;
            if (dice < 60) {
                char name[8];
                const int who = (int)(test_random() % WHOS);
                const uint64_t tokens = test_random() % 700;
                snprintf(name, sizeof name, "k%d", who);
                const struct subject_names n = {STR("haus"), STR_NONE, str_of(name), STR("m")};
                struct limit_hold h;
                const err e = reserve(l, &n, tokens, t, &h);
                CHECK(!e.code || e.code == ERR_RATE);
                CHECK(count < RUNNING || e.code == ERR_RATE);
                refused += e.code != 0;
                if (e.code)
                    continue;
                allowed++;
                running[count].hold = h;
                running[count].tokens = tokens;
                running[count++].who = who;
                books[who].open += tokens;
                NEED(holds(who, t));
            } else if (count) {
                const size_t at = round % 3 == 0   ? 0
                                  : round % 3 == 1 ? count - 1
                                                   : test_random() % count;
                const int who = running[at].who;
                books[who].open -= running[at].tokens;
                if (dice % 5 == 0) {
                    limit_release(l, &running[at].hold, &t);
                } else {
                    const uint64_t really = test_random() % (running[at].tokens + 1);
                    settle(l, &running[at].hold, really, t);
                    write_down(who, really, t);
                }
                memmove(&running[at], &running[at + 1], (--count - at) * sizeof *running);
                NEED(holds(who, t));
            }
        }
        CHECK_INT(allowed, >, 1000);
        CHECK_INT(refused, >, 100);
        while (count)
            limit_release(l, &running[--count].hold, &t);
        limit_free(l);
    }
}

/* The other way round: what fits is not refused. */
TEST(a_budget_can_be_spent_to_the_last_token)
{
    static struct kept k;
    struct limit_hold h;
    limits *l = open_limits(&k, 10);
    set(l, "key:amt", LIMIT_TOKENS_DAY, 5000);
    uint64_t spent = 0;
    while (spent < 5000) {
        const uint64_t left = 5000 - spent, n = 1 + test_random() % (left < 40 ? left : 40);
        NEED_OK(reserve(l, &amt, n, at_noon, &h));
        settle(l, &h, n, at_noon);
        spent += n;
    }
    CHECK_ERR(reserve(l, &amt, 1, at_noon, &h), RATE);
    limit_free(l);
}

/* ---- faults */
TEST(whatever_fails_nothing_is_reserved)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        static struct kept k;
        limits *l = NULL;
        struct limit_hold h;
        memset(&k, 0, sizeof k);
        fault_arm(n);
        err e = limit_new(10, (struct limit_hooks){keep, &k}, &l);
        if (!e.code)
            e = limit_set(l, STR("default:key"), LIMIT_TOKENS_MINUTE, 10);
        if (!e.code)
            e = limit_set(l, STR("tenant:haus"), LIMIT_TOKENS_DAY, 10);
        if (!e.code)
            e = reserve(l, &amt, 10, at_noon, &h);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        if (e.code && l && used(l, "tenant:haus", LIMIT_TOKENS_DAY, at_noon) != UINT64_MAX)
            CHECK_INT(used(l, "tenant:haus", LIMIT_TOKENS_DAY, at_noon), ==, 0);
        if (!e.code)
            limit_release(l, &h, &at_noon);
        limit_free(l);
    }
    limit_free(NULL);
}
