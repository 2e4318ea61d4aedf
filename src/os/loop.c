/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/loop.h"

#include <poll.h>
#include <uv.h>

#include "base/fault.h"
#include "os/clock.h"

enum { CLOSE_TURNS_MAX = 1000, LOOKS_MAX = 10000 };

/* Timer, watch or signal: one shape, so that one list and one close callback serve all. */
struct handle {
    union {
        uv_handle_t any;
        uv_timer_t timer;
        uv_poll_t poll;
        uv_signal_t signal;
    } uv;
    loop *l;
    struct handle *next, *prev;
    loop_fn *fn;
    void *ctx;
    bool once;
};

struct loop_timer {
    struct handle h;
};

struct loop_watch {
    struct handle h;
};

struct hook {
    struct hook *next;
    loop_fn *fn;
    void *ctx;
};

struct job {
    uv_work_t uv;
    loop_fn *work, *done;
    void *ctx;
};

struct loop {
    uv_loop_t uv;
    struct handle *first;
    struct hook *hooks;
    uv_prepare_t before_wait;
    uint64_t linger_ns; /* 0: nothing is due soon */
};

static fallible
check(int rc, const char *what)
{
    if (rc < 0)
        FAIL(IO, "event loop: %s: %s", what, uv_strerror(rc));
    return OK;
}

fallible
loop_new(loop **ret)
{
    loop *l = mem_get(sizeof *l);
    if (!l)
        FAIL(LIMIT, "no memory for an event loop");
    *l = (loop){0};
    const err e = check(fault_now() ? UV_EIO : uv_loop_init(&l->uv), "init");
    if (e.code) {
        mem_free(l);
        return e;
    }
    uv_prepare_init(&l->uv, &l->before_wait);
    l->before_wait.data = l;
    *ret = l;
    return OK;
}

static void
on_closed(uv_handle_t *uv)
{
    struct handle *h = uv->data;
    if (h->next)
        h->next->prev = h->prev;
    if (h->prev)
        h->prev->next = h->next;
    else
        h->l->first = h->next;
    mem_free(h);
}

static void
close_handle(struct handle *h)
{
    if (!uv_is_closing(&h->uv.any))
        uv_close(&h->uv.any, on_closed);
}

static void
close_foreign(uv_handle_t *uv, void *arg)
{
    (void)arg;
    if (!uv_is_closing(uv))
        uv_close(uv, NULL);
}

static void
run_hooks(loop *l)
{
    while (l->hooks) {
        struct hook *k = l->hooks;
        l->hooks = k->next;
        k->fn(k->ctx);
        mem_free(k);
    }
}

void
loop_free(loop *l)
{
    if (!l)
        return;
    int turns = 0;
    do {
        ASSERT(turns++ < CLOSE_TURNS_MAX);
        for (struct handle *h = l->first; h; h = h->next)
            close_handle(h);
        uv_walk(&l->uv, close_foreign, NULL);
        uv_run(&l->uv, UV_RUN_DEFAULT);
    } while (uv_loop_close(&l->uv) == UV_EBUSY);
    run_hooks(l);
    mem_free(l);
}

void
loop_run(loop *l)
{
    uv_run(&l->uv, UV_RUN_DEFAULT);
}

bool
loop_turn(loop *l)
{
    return uv_run(&l->uv, UV_RUN_NOWAIT) != 0;
}

bool
loop_turn_for(loop *l, int wait_ms)
{
    /* A turn first: what was begun since the last one is watched from then on. */
    if (!loop_turn(l))
        return false;
    struct pollfd p = {.fd = uv_backend_fd(&l->uv), .events = POLLIN};
    const int due_ms = uv_backend_timeout(&l->uv);
    (void)poll(&p, 1, due_ms >= 0 && due_ms < wait_ms ? due_ms : wait_ms);
    return loop_turn(l);
}

/* Whatever comes ends it, not only what it is for: the loop has work then. */
static void
on_before_wait(uv_prepare_t *uv)
{
    loop *l = uv->data;
    const uint64_t from_ns = clock_ns();
    struct pollfd p = {.fd = uv_backend_fd(&l->uv), .events = POLLIN};
    for (int i = 0; i < LOOKS_MAX && uv_backend_timeout(&l->uv) != 0; i++)
        if (poll(&p, 1, 0) != 0 || clock_ns() - from_ns >= l->linger_ns)
            break;
    l->linger_ns = 0;
    uv_prepare_stop(uv);
}

void
loop_linger(loop *l, uint64_t ns)
{
    if (l->linger_ns >= ns)
        return;
    l->linger_ns = ns;
    uv_prepare_start(&l->before_wait, on_before_wait);
    uv_unref((uv_handle_t *)&l->before_wait);
}

void
loop_stop(loop *l)
{
    uv_stop(&l->uv);
}

struct uv_loop_s *
loop_uv(loop *l)
{
    return &l->uv;
}

/* NULL if memory is out. */
static struct handle *
handle_new(loop *l, loop_fn *fn, void *ctx)
{
    ASSERT(fn);
    struct handle *h = mem_get(sizeof *h);
    if (!h)
        return NULL;
    *h = (struct handle){.l = l, .fn = fn, .ctx = ctx};
    h->uv.any.data = h;
    return h;
}

/* After uv_x_init: libuv knows the handle, so from here on it must be closed, not freed. */
static void
handle_link(struct handle *h)
{
    h->next = h->l->first;
    if (h->next)
        h->next->prev = h;
    h->l->first = h;
}

static void
on_timer(uv_timer_t *uv)
{
    struct handle *h = uv->data;
    const bool once = h->once;
    h->fn(h->ctx);
    /* fn may have stopped the timer, but the close callback has not run yet: h is still ours. */
    if (once)
        close_handle(h);
}

fallible
loop_timer_start(loop *l, uint64_t first_ms, uint64_t repeat_ms, loop_fn *fn, void *ctx,
                 loop_timer **ret)
{
    struct handle *h = handle_new(l, fn, ctx);
    if (!h)
        FAIL(LIMIT, "no memory for a timer");
    uv_timer_init(&l->uv, &h->uv.timer);
    handle_link(h);
    h->once = repeat_ms == 0;
    /* The loop's idea of now is as old as its last turn. */
    uv_update_time(&l->uv);
    uv_timer_start(&h->uv.timer, on_timer, first_ms, repeat_ms);
    if (ret)
        *ret = (loop_timer *)h;
    return OK;
}

void
loop_timer_stop(loop_timer *t)
{
    if (t)
        close_handle(&t->h);
}

static void
on_readable(uv_poll_t *uv, int status, int events)
{
    /* A failure too is the reader's to find out, by reading. */
    (void)status, (void)events;
    struct handle *h = uv->data;
    h->fn(h->ctx);
}

fallible
loop_watch_start(loop *l, int f, loop_fn *fn, void *ctx, loop_watch **ret)
{
    struct handle *h = handle_new(l, fn, ctx);
    if (!h)
        FAIL(LIMIT, "no memory for a watch");
    err e = check(fault_now() ? UV_EIO : uv_poll_init(&l->uv, &h->uv.poll, f), "watch");
    if (e.code) {
        mem_free(h);
        return e;
    }
    handle_link(h);
    e = check(fault_now() ? UV_EIO : uv_poll_start(&h->uv.poll, UV_READABLE, on_readable), "watch");
    if (e.code) {
        close_handle(h);
        return e;
    }
    *ret = (loop_watch *)h;
    return OK;
}

void
loop_watch_stop(loop_watch *w)
{
    if (w)
        close_handle(&w->h);
}

static void
on_signal(uv_signal_t *uv, int number)
{
    (void)number;
    struct handle *h = uv->data;
    h->fn(h->ctx);
}

fallible
loop_signal(loop *l, int number, loop_fn *fn, void *ctx)
{
    struct handle *h = handle_new(l, fn, ctx);
    if (!h)
        FAIL(LIMIT, "no memory for a signal");
    err e = check(fault_now() ? UV_EIO : uv_signal_init(&l->uv, &h->uv.signal), "signal");
    if (e.code) {
        mem_free(h);
        return e;
    }
    handle_link(h);
    e = check(fault_now() ? UV_EIO : uv_signal_start(&h->uv.signal, on_signal, number), "signal");
    if (e.code)
        close_handle(h);
    return e;
}

static void
on_work(uv_work_t *uv)
{
    const struct job *j = uv->data;
    j->work(j->ctx);
}

static void
on_work_done(uv_work_t *uv, int status)
{
    (void)status; /* nothing here cancels work */
    struct job *j = uv->data;
    j->done(j->ctx);
    mem_free(j);
}

fallible
loop_work(loop *l, loop_fn *work, loop_fn *done, void *ctx)
{
    ASSERT(work && done);
    struct job *j = mem_get(sizeof *j);
    if (!j)
        FAIL(LIMIT, "no memory for a job");
    *j = (struct job){.work = work, .done = done, .ctx = ctx};
    j->uv.data = j;
    const int rc = fault_now() ? UV_EIO : uv_queue_work(&l->uv, &j->uv, on_work, on_work_done);
    const err e = check(rc, "work");
    if (e.code)
        mem_free(j);
    return e;
}

fallible
loop_on_free(loop *l, loop_fn *fn, void *ctx)
{
    ASSERT(fn);
    struct hook *k = mem_get(sizeof *k);
    if (!k)
        FAIL(LIMIT, "no memory for a hook");
    *k = (struct hook){.next = l->hooks, .fn = fn, .ctx = ctx};
    l->hooks = k;
    return OK;
}
