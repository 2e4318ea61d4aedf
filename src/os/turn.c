/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/turn.h"

#include <uv.h>

#include "base/fault.h"

struct turn {
    uv_prepare_t end;
    uv_idle_t soon; /* while it runs the loop does not wait */
    uv_timer_t timer;
    int open;
    loop_fn *fn, *tick;
    void *ctx;
};

static void
on_nothing(uv_idle_t *uv)
{
    (void)uv;
}

static void
on_turn(uv_prepare_t *uv)
{
    turn *const t = uv->data;
    (void)uv_idle_stop(&t->soon);
    t->fn(t->ctx);
}

fallible
turn_new(loop *l, loop_fn *fn, void *ctx, turn **ret)
{
    turn *t = mem_get(sizeof *t);
    if (!t)
        FAIL(LIMIT, "no memory for a loop's turns");
    *t = (turn){.open = 3, .fn = fn, .ctx = ctx};
    (void)uv_prepare_init(loop_uv(l), &t->end); /* none of these can fail */
    (void)uv_idle_init(loop_uv(l), &t->soon);
    (void)uv_timer_init(loop_uv(l), &t->timer);
    (void)uv_prepare_start(&t->end, on_turn);
    t->end.data = t->soon.data = t->timer.data = t;
    uv_unref((uv_handle_t *)&t->end);
    uv_unref((uv_handle_t *)&t->soon);
    uv_unref((uv_handle_t *)&t->timer);
    *ret = t;
    return OK;
}

void
turn_soon(turn *t)
{
    (void)uv_idle_start(&t->soon, on_nothing); /* fine when it runs already */
}

static void
on_tick(uv_timer_t *uv)
{
    turn *const t = uv->data;
    t->tick(t->ctx);
}

void
turn_tick(turn *t, uint64_t ms, loop_fn *tick)
{
    ASSERT(tick);
    t->tick = tick;
    uv_update_time(t->timer.loop);
    (void)uv_timer_start(&t->timer, on_tick, ms, 0); /* it has a callback */
}

static void
on_closed(uv_handle_t *uv)
{
    turn *const t = uv->data;
    ASSERT(t->open > 0);
    if (--t->open == 0)
        mem_free(t);
}

void
turn_free(turn *t)
{
    if (!t)
        return;
    uv_close((uv_handle_t *)&t->end, on_closed);
    uv_close((uv_handle_t *)&t->soon, on_closed);
    uv_close((uv_handle_t *)&t->timer, on_closed);
}
