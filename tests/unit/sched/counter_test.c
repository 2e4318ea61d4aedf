/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/counter.h"

#include "base/fault.h"
#include "test.h"

static const int64_t noon = 20000LL * 86400000 + 43200000;

static struct counter *
counter_new(enum limit_id id, uint64_t max)
{
    struct counter *c = mem_get(sizeof *c);
    ASSERT(c);
    *c = (struct counter){.max = max, .window = INT64_MIN, .limit = (uint8_t)id};
    return c;
}

static void
turn(struct counter *c, uint64_t now_ms, int64_t wall_ms)
{
    const struct sched_time t = {now_ms, wall_ms};
    CHECK_OK(counter_turn(c, &t));
}

TEST(what_is_reserved_is_gone_and_what_was_not_spent_comes_back)
{
    struct counter *c = counter_new(LIMIT_TOKENS_DAY, 100);
    turn(c, 0, noon);
    CHECK(counter_fits(c, 100) && !counter_fits(c, 101));
    counter_reserve(c, 60);
    CHECK_INT(counter_left(c), ==, 40);
    CHECK(!counter_fits(c, 41) && counter_fits(c, 40) && counter_fits(c, 0));
    counter_settle(c, 60, 10);
    CHECK_INT(counter_left(c), ==, 90);
    counter_free(c);
}

TEST(who_settles_more_than_was_reserved_leaves_less_for_the_next)
{
    struct counter *c = counter_new(LIMIT_TOKENS_DAY, 100);
    turn(c, 0, noon);
    counter_reserve(c, 60);
    counter_settle(c, 60, 500);
    CHECK_INT(counter_left(c), ==, 0);
    CHECK(!counter_fits(c, 1) && counter_fits(c, 0));
    counter_settle(c, 0, UINT64_MAX);
    CHECK(c->used == UINT64_MAX);
    counter_free(c);
}

TEST(a_limit_of_nothing_lets_nothing_pass)
{
    static const enum limit_id ids[] = {LIMIT_REQUESTS_DAY, LIMIT_REQUESTS_MINUTE, LIMIT_STREAMS,
                                        LIMIT_MONEY_MONTH};
    const struct sched_time t = {5, noon};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct counter *c = counter_new(ids[i], 0);
        turn(c, t.now_ms, t.wall_ms);
        CHECK(!counter_fits(c, 1));
        CHECK(counter_wait_ms(c, 1, &t) > 0);
        counter_free(c);
    }
}

TEST(a_request_counts_when_it_begins_and_is_taken_back_only_in_its_own_span)
{
    struct counter *c = counter_new(LIMIT_REQUESTS_DAY, 2);
    turn(c, 0, noon);
    const int64_t span = counter_reserve(c, 1);
    counter_settle(c, 1, 0);
    CHECK_INT(counter_left(c), ==, 1);
    const int64_t other = counter_reserve(c, 1);
    counter_release(c, 1, other);
    CHECK_INT(counter_left(c), ==, 1);
    turn(c, 0, noon + 86400000);
    counter_reserve(c, 1);
    counter_release(c, 1, span);
    CHECK_INT(counter_left(c), ==, 1);
    counter_free(c);
}

TEST(requests_of_a_minute_are_taken_back_too)
{
    struct counter *c = counter_new(LIMIT_REQUESTS_MINUTE, 2);
    turn(c, 10000, noon);
    const int64_t span = counter_reserve(c, 1);
    turn(c, 20000, noon);
    counter_reserve(c, 1);
    CHECK(!counter_fits(c, 1));
    counter_release(c, 1, span);
    CHECK_INT(counter_left(c), ==, 1);
    counter_free(c);
}

TEST(a_new_day_begins_with_nothing_used_but_what_is_outstanding)
{
    struct counter *c = counter_new(LIMIT_TOKENS_DAY, 100);
    turn(c, 0, noon);
    counter_reserve(c, 30);
    counter_reserve(c, 50);
    counter_settle(c, 50, 50);
    turn(c, 0, noon + 86400000);
    CHECK_INT(counter_left(c), ==, 70);
    counter_settle(c, 30, 20);
    CHECK_INT(counter_left(c), ==, 80);
    counter_free(c);
}

TEST(a_clock_set_back_never_gives_a_budget_twice)
{
    static const enum limit_id ids[] = {LIMIT_TOKENS_DAY, LIMIT_MONEY_MONTH};
    for (size_t i = 0; i < 2; i++) {
        struct counter *c = counter_new(ids[i], 100);
        turn(c, 0, noon + 40LL * 86400000);
        counter_reserve(c, 100);
        counter_settle(c, 100, 100);
        for (int back = 1; back < 100; back++) {
            turn(c, 0, noon + (40LL - back) * 86400000);
            CHECK(!counter_fits(c, 1));
        }
        turn(c, 0, noon + 40LL * 86400000);
        CHECK(!counter_fits(c, 1));
        turn(c, 0, noon + 80LL * 86400000);
        CHECK(counter_fits(c, 100));
        counter_free(c);
    }
}

TEST(the_wait_is_until_the_span_is_over_or_somebody_may_end)
{
    const struct sched_time t = {7000, noon};
    struct counter *day = counter_new(LIMIT_TOKENS_DAY, 100);
    struct counter *minute = counter_new(LIMIT_TOKENS_MINUTE, 100);
    struct counter *held = counter_new(LIMIT_STREAMS, 1);
    turn(day, 7000, noon), turn(minute, 7000, noon), turn(held, 7000, noon);
    CHECK_INT(counter_wait_ms(day, 100, &t), ==, 0);
    counter_reserve(day, 100), counter_reserve(minute, 100), counter_reserve(held, 1);
    CHECK_INT(counter_wait_ms(day, 1, &t), ==, 1000);
    CHECK_INT(counter_wait_ms(minute, 1, &t), ==, 1000);
    CHECK_INT(counter_wait_ms(held, 1, &t), ==, 1000);
    counter_settle(day, 100, 100), counter_settle(minute, 100, 100), counter_settle(held, 1, 1);
    CHECK_INT(counter_wait_ms(day, 1, &t), ==, 43200000);
    CHECK_INT(counter_wait_ms(day, 101, &t), ==, 43200000);
    CHECK_INT(counter_wait_ms(minute, 1, &t), ==, 70000 - 7000);
    CHECK_INT(counter_wait_ms(minute, 101, &t), ==, 60000);
    CHECK_INT(counter_wait_ms(held, 1, &t), ==, 0);
    CHECK_INT(counter_reset_ms(day, &t), ==, 43200000);
    CHECK_INT(counter_reset_ms(minute, &t), ==, 63000);
    CHECK_INT(counter_reset_ms(held, &t), ==, 0);
    counter_free(day), counter_free(minute), counter_free(held);
}

/* Who waits as long as was said gets through, if nobody else came. */
TEST(after_the_wait_it_fits)
{
    for (int i = 0; i < 2000; i++) {
        struct counter *c = counter_new(i % 2 ? LIMIT_TOKENS_MINUTE : LIMIT_TOKENS_DAY, 100);
        struct sched_time t = {test_random() % 100000, noon + (int64_t)(test_random() % 90000000)};
        for (int n = 0; n < 20; n++) {
            turn(c, t.now_ms, t.wall_ms);
            const uint64_t amount = test_random() % 50;
            if (counter_fits(c, amount)) {
                counter_reserve(c, amount);
                counter_settle(c, amount, amount);
            }
            const uint64_t step = test_random() % 10000;
            t.now_ms += step, t.wall_ms += (int64_t)step;
        }
        turn(c, t.now_ms, t.wall_ms);
        const uint64_t wanted = 1 + test_random() % 100, wait = counter_wait_ms(c, wanted, &t);
        turn(c, t.now_ms + wait, t.wall_ms + (int64_t)wait);
        NEED(counter_fits(c, wanted));
        counter_free(c);
    }
}

/* ---- what must be durable */
TEST(blocks_are_taken_ahead_and_never_beyond_the_limit)
{
    struct counter *c = counter_new(LIMIT_TOKENS_DAY, 1000);
    unsigned writes = 0;
    turn(c, 0, noon);
    for (int i = 0; i < 1000; i++) {
        NEED(counter_fits(c, 1));
        const uint64_t block = counter_block(c, 1);
        writes += block != 0;
        if (block) {
            CHECK(block > c->granted && block <= c->max);
            c->granted = block;
        }
        counter_reserve(c, 1);
        counter_settle(c, 1, 1);
        CHECK(c->used + c->reserved <= c->granted);
    }
    CHECK_INT(writes, <=, 100);
    CHECK(!counter_fits(c, 1));
    counter_free(c);
}

TEST(minutes_and_streams_need_no_store)
{
    struct counter *minute = counter_new(LIMIT_TOKENS_MINUTE, 100);
    struct counter *held = counter_new(LIMIT_STREAMS, 1);
    turn(minute, 0, noon), turn(held, 0, noon);
    CHECK_INT(counter_block(minute, 50), ==, 0);
    CHECK_INT(counter_block(held, 1), ==, 0);
    CHECK(!counter_is_durable(minute) && !counter_is_durable(held));
    counter_free(minute), counter_free(held);
}

TEST(what_has_nothing_in_it_may_be_forgotten)
{
    struct counter *c = counter_new(LIMIT_TOKENS_MINUTE, 100);
    struct sched_time t = {0, noon};
    turn(c, 0, noon);
    CHECK(counter_is_idle(c, &t));
    counter_reserve(c, 5);
    CHECK(!counter_is_idle(c, &t));
    counter_settle(c, 5, 5);
    CHECK(!counter_is_idle(c, &t));
    t.now_ms = 65000;
    CHECK(counter_is_idle(c, &t) && counter_used(c, &t) == 0 && c->used == 5);
    counter_free(c);
}

TEST(without_memory_for_a_minute_the_turn_says_so)
{
    struct counter *c = counter_new(LIMIT_TOKENS_MINUTE, 100);
    const struct sched_time t = {0, noon};
    fault_arm(1);
    CHECK_ERR(counter_turn(c, &t), LIMIT);
    fault_arm(0);
    CHECK_OK(counter_turn(c, &t));
    counter_free(c);
}
