/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/turn.h"

#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

struct counts {
    loop *l;
    turn *t;
    int turns, ticks;
};

static void
on_turn(void *ctx)
{
    struct counts *const c = ctx;
    c->turns++;
}

static void
on_tick(void *ctx)
{
    struct counts *const c = ctx;
    c->ticks++;
    loop_stop(c->l);
}

static void
on_time(void *ctx)
{
    struct counts *const c = ctx;
    loop_stop(c->l);
}

static bool
counts_open(struct counts *c)
{
    *c = (struct counts){.turns = 0};
    return !loop_new(&c->l).code && !turn_new(c->l, on_turn, c, &c->t).code;
}

static void
counts_close(struct counts *c)
{
    turn_free(c->t);
    loop_free(c->l);
}

TEST(it_is_called_before_the_loop_waits)
{
    struct counts c;
    NEED(counts_open(&c));
    NEED_OK(loop_timer_start(c.l, 1, 0, on_time, &c, NULL));
    loop_run(c.l);
    CHECK(c.turns >= 1);
    counts_close(&c);
}

TEST(soon_is_without_waiting_and_once)
{
    struct counts c;
    NEED(counts_open(&c));
    NEED_OK(loop_timer_start(c.l, 60000, 0, on_time, &c, NULL)); /* else nothing is active */
    turn_soon(c.t);
    turn_soon(c.t);
    const uint64_t begun_ms = clock_ms();
    (void)loop_turn(c.l);
    CHECK_INT(c.turns, ==, 1);
    CHECK_INT(clock_ms() - begun_ms, <, 10000);
    counts_close(&c);
}

TEST(it_keeps_no_loop_running)
{
    struct counts c;
    NEED(counts_open(&c));
    turn_soon(c.t);
    turn_tick(c.t, 60000, on_tick);
    loop_run(c.l); /* returns */
    CHECK_INT(c.ticks, ==, 0);
    counts_close(&c);
}

TEST(a_tick_comes_once_and_the_last_word_counts)
{
    struct counts c;
    NEED(counts_open(&c));
    NEED_OK(loop_timer_start(c.l, 60000, 0, on_time, &c, NULL));
    turn_tick(c.t, 30000, on_tick);
    turn_tick(c.t, 1, on_tick);
    loop_run(c.l);
    CHECK_INT(c.ticks, ==, 1);
    counts_close(&c);
}

TEST(without_memory_there_is_none)
{
    turn *t = NULL;
    loop *l = NULL;
    NEED_OK(loop_new(&l));
    fault_arm(1);
    CHECK_ERR(turn_new(l, on_turn, NULL, &t), LIMIT);
    fault_arm(0);
    CHECK(t == NULL);
    turn_free(NULL);
    loop_free(l);
}
