/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/loop.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

enum { TURNS_MAX = 10000000 };

static void
count(void *ctx)
{
    ++*(int *)ctx;
}

/* The loop waits for nothing, so this spins for some ms at most. */
static void
turn_until(loop *l, const int *n, int want)
{
    for (int i = 0; i < TURNS_MAX && *n < want; i++)
        loop_turn(l);
}

TEST(a_timer_calls_once_and_then_nothing_is_active)
{
    loop *l = NULL;
    int n = 0;
    NEED_OK(loop_new(&l));
    CHECK_OK(loop_timer_start(l, 1, 0, count, &n, NULL));
    loop_run(l);
    CHECK_INT(n, ==, 1);
    CHECK(!loop_turn(l));
    loop_free(l);
}

struct mark {
    char *at;
    char letter;
};

static void
mark(void *ctx)
{
    const struct mark *m = ctx;
    m->at[strlen(m->at)] = m->letter;
}

TEST(timers_call_in_the_order_of_their_times)
{
    char text[8] = "";
    struct mark a = {text, 'a'}, b = {text, 'b'}, c = {text, 'c'};
    loop *l = NULL;
    NEED_OK(loop_new(&l));
    CHECK_OK(loop_timer_start(l, 9, 0, mark, &c, NULL));
    CHECK_OK(loop_timer_start(l, 1, 0, mark, &a, NULL));
    CHECK_OK(loop_timer_start(l, 5, 0, mark, &b, NULL));
    loop_run(l);
    CHECK_STR(str_of(text), STR("abc"));
    loop_free(l);
}

struct ticker {
    loop *l;
    loop_timer *t;
    int left;
};

static void
tick(void *ctx)
{
    struct ticker *k = ctx;
    if (--k->left == 0)
        loop_timer_stop(k->t);
}

TEST(a_repeating_timer_calls_until_it_is_stopped)
{
    struct ticker k = {.left = 3};
    NEED_OK(loop_new(&k.l));
    CHECK_OK(loop_timer_start(k.l, 1, 1, tick, &k, &k.t));
    loop_run(k.l);
    CHECK_INT(k.left, ==, 0);
    loop_free(k.l);
}

TEST(a_timer_that_calls_once_may_be_stopped_from_its_call)
{
    struct ticker k = {.left = 1};
    NEED_OK(loop_new(&k.l));
    CHECK_OK(loop_timer_start(k.l, 1, 0, tick, &k, &k.t));
    loop_run(k.l);
    CHECK_INT(k.left, ==, 0);
    loop_free(k.l);
}

TEST(a_stopped_timer_never_calls)
{
    loop *l = NULL;
    loop_timer *t = NULL;
    int n = 0;
    NEED_OK(loop_new(&l));
    CHECK_OK(loop_timer_start(l, 0, 0, count, &n, &t));
    loop_timer_stop(t);
    loop_timer_stop(NULL);
    loop_run(l);
    CHECK_INT(n, ==, 0);
    loop_free(l);
}

struct reader {
    int f, bytes;
    loop *l;
    loop_watch *w;
};

static void
read_some(void *ctx)
{
    struct reader *r = ctx;
    char room[4];
    const ssize_t n = read(r->f, room, sizeof room);
    if (n > 0)
        r->bytes += (int)n;
    else
        loop_watch_stop(r->w);
}

TEST(a_watch_calls_while_there_is_something_to_read_and_at_the_end)
{
    int ends[2];
    NEED(pipe(ends) == 0);
    struct reader r = {.f = ends[0]};
    NEED_OK(loop_new(&r.l));
    NEED_OK(loop_watch_start(r.l, ends[0], read_some, &r, &r.w));
    CHECK(loop_turn(r.l));
    CHECK_INT(r.bytes, ==, 0);
    CHECK_INT(write(ends[1], "abcdefgh", 8), ==, 8);
    turn_until(r.l, &r.bytes, 8);
    CHECK_INT(r.bytes, ==, 8);
    close(ends[1]);
    loop_run(r.l);
    loop_free(r.l);
    close(ends[0]);
}

TEST(what_cannot_be_watched_is_refused)
{
    loop *l = NULL;
    loop_watch *w = NULL;
    int n = 0;
    NEED_OK(loop_new(&l));
    CHECK_ERR(loop_watch_start(l, 9999, count, &n, &w), IO);
    CHECK(w == NULL);
    loop_watch_stop(w);
    loop_free(l);
}

TEST(a_signal_calls)
{
    loop *l = NULL;
    int n = 0;
    NEED_OK(loop_new(&l));
    NEED_OK(loop_signal(l, SIGUSR1, count, &n));
    raise(SIGUSR1);
    turn_until(l, &n, 1);
    CHECK_INT(n, ==, 1);
    loop_free(l);
}

TEST(a_signal_that_does_not_exist_is_refused)
{
    loop *l = NULL;
    int n = 0;
    NEED_OK(loop_new(&l));
    CHECK_ERR(loop_signal(l, 999, count, &n), IO);
    CHECK_ERR(loop_signal(l, SIGKILL, count, &n), IO);
    loop_free(l);
}

struct work {
    pthread_t ran_on, done_on;
    int done;
};

static void
work_run(void *ctx)
{
    ((struct work *)ctx)->ran_on = pthread_self();
}

static void
work_done(void *ctx)
{
    struct work *w = ctx;
    w->done_on = pthread_self();
    w->done++;
}

TEST(work_runs_on_another_thread_and_is_done_on_this_one)
{
    loop *l = NULL;
    struct work w = {0};
    NEED_OK(loop_new(&l));
    NEED_OK(loop_work(l, work_run, work_done, &w));
    loop_run(l);
    CHECK_INT(w.done, ==, 1);
    CHECK(!pthread_equal(w.ran_on, pthread_self()));
    CHECK(pthread_equal(w.done_on, pthread_self()));
    loop_free(l);
}

TEST(freeing_the_loop_waits_for_work_that_runs)
{
    loop *l = NULL;
    struct work w[8] = {0};
    NEED_OK(loop_new(&l));
    for (int i = 0; i < 8; i++)
        NEED_OK(loop_work(l, work_run, work_done, &w[i]));
    loop_free(l);
    for (int i = 0; i < 8; i++)
        CHECK_INT(w[i].done, ==, 1);
}

static void
stop(void *ctx)
{
    loop_stop(ctx);
}

TEST(a_stopped_loop_returns_although_something_is_active)
{
    loop *l = NULL;
    int n = 0;
    NEED_OK(loop_new(&l));
    NEED_OK(loop_timer_start(l, 3600000, 0, count, &n, NULL));
    NEED_OK(loop_timer_start(l, 1, 0, stop, l, NULL));
    loop_run(l);
    CHECK_INT(n, ==, 0);
    CHECK(loop_turn(l));
    loop_free(l);
}

TEST(a_loop_that_lingers_looks_that_long_and_once)
{
    loop *l = NULL;
    int pipe_ends[2], n = 0;
    loop_watch *w = NULL;
    NEED(pipe(pipe_ends) == 0);
    NEED_OK(loop_new(&l));
    NEED_OK(loop_watch_start(l, pipe_ends[0], count, &n, &w));
    loop_turn(l);
    loop_linger(l, 2000000);
    loop_linger(l, 1000);
    const uint64_t from_ns = clock_ns();
    CHECK(loop_turn(l));
    CHECK_INT(clock_ns() - from_ns, >=, 2000000);
    clock_fix(1, 1); /* would never end */
    CHECK(loop_turn(l));
    loop_linger(l, 1);
    CHECK(loop_turn(l));
    clock_free();
    CHECK_INT(n, ==, 0);
    loop_free(l);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

TEST(lingering_ends_with_what_comes_and_with_what_is_due)
{
    loop *l = NULL;
    int pipe_ends[2], n = 0;
    loop_watch *w = NULL;
    NEED(pipe(pipe_ends) == 0);
    NEED_OK(loop_new(&l));
    NEED_OK(loop_watch_start(l, pipe_ends[0], count, &n, &w));
    loop_turn(l);
    NEED(write(pipe_ends[1], "x", 1) == 1);
    const uint64_t from_ns = clock_ns(), minute_ns = UINT64_C(60000000000);
    loop_linger(l, minute_ns);
    CHECK(loop_turn(l));
    CHECK_INT(n, ==, 1);
    char byte;
    NEED(read(pipe_ends[0], &byte, 1) == 1);
    NEED_OK(loop_timer_start(l, 0, 0, count, &n, NULL));
    loop_linger(l, minute_ns);
    CHECK(loop_turn(l));
    CHECK_INT(n, ==, 2);
    CHECK_INT(clock_ns() - from_ns, <, minute_ns);
    loop_free(l);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

TEST(lingering_keeps_no_loop_running)
{
    loop *l = NULL;
    NEED_OK(loop_new(&l));
    loop_linger(l, 1000);
    loop_run(l);
    CHECK(!loop_turn(l));
    loop_free(l);
}

TEST(freeing_closes_all_that_is_open_also_handles_of_others)
{
    loop *l = NULL;
    int n = 0, ends[2];
    loop_watch *w = NULL;
    uv_timer_t foreign;
    NEED(pipe(ends) == 0);
    NEED_OK(loop_new(&l));
    for (int i = 0; i < 5; i++)
        NEED_OK(loop_timer_start(l, 1000, 1000, count, &n, NULL));
    NEED_OK(loop_watch_start(l, ends[0], count, &n, &w));
    NEED_OK(loop_signal(l, SIGUSR2, count, &n));
    uv_timer_init(loop_uv(l), &foreign);
    uv_timer_start(&foreign, NULL, 1000, 0);
    loop_free(l);
    CHECK(uv_is_closing((uv_handle_t *)&foreign));
    CHECK_INT(n, ==, 0);
    close(ends[0]);
    close(ends[1]);
    loop_free(NULL);
}

TEST(what_lives_as_long_as_the_loop_is_freed_with_it_last_in_first_out)
{
    char text[8] = "";
    struct mark a = {text, 'a'}, b = {text, 'b'};
    loop *l = NULL;
    NEED_OK(loop_new(&l));
    CHECK_OK(loop_on_free(l, mark, &a));
    CHECK_OK(loop_on_free(l, mark, &b));
    CHECK_STR(str_of(text), STR(""));
    loop_free(l);
    CHECK_STR(str_of(text), STR("ba"));
}

static fallible
use_all(int f, int *n)
{
    loop *l = NULL;
    loop_watch *w = NULL;
    struct work x = {0};
    TRY(loop_new(&l));
    err e = loop_timer_start(l, 1000, 0, count, n, NULL);
    if (!e.code)
        e = loop_watch_start(l, f, count, n, &w);
    if (!e.code)
        e = loop_signal(l, SIGUSR1, count, n);
    if (!e.code)
        e = loop_on_free(l, count, n);
    if (!e.code)
        e = loop_work(l, work_run, work_done, &x);
    loop_free(l);
    return e;
}

TEST(every_failure_is_reported_and_leaves_nothing_open)
{
    int ends[2], n = 0;
    NEED(pipe(ends) == 0);
    bool fired = true;
    for (long i = 1; fired; i++) {
        fault_arm(i);
        const err e = use_all(ends[0], &n);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
    }
    close(ends[0]);
    close(ends[1]);
}
