/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/stores/sweep.h"

#include "base/fault.h"
#include "os/log.h"

enum { SCRATCH_BYTES = 1 << 20, EVERY_MS = 60000 };

struct stores_sweeper {
    const struct stores *stores;
    loop_timer *timer;
    size_t from;
};

fallible
stores_sweep(const struct stores *s, size_t from, size_t *ret_next)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(SCRATCH_BYTES, &a));
    struct library_names *all = arena_new(a, struct library_names);
    TRY(library_list(s->own, a, all));
    size_t removed = 0, i = from < all->count ? from : 0;
    for (size_t looked = 0; i < all->count && looked < STORES_SWEEP_MAX; i++, looked++) {
        bool is_there = true;
        if (!stores_is_own(all->at[i]))
            continue;
        TRY(keep_is_there(s->gate, a, all->at[i], &is_there));
        if (is_there)
            continue;
        TRY(stores_drop(s, all->at[i]));
        removed++;
    }
    if (removed)
        LOG(INFO, "stores.swept", LOG_N("removed", removed));
    *ret_next = i < all->count ? i - removed : 0;
    return OK;
}

static void
on_timer(void *ctx)
{
    struct stores_sweeper *w = ctx;
    const err e = stores_sweep(w->stores, w->from, &w->from);
    if (e.code) { /* from the beginning next time */
        w->from = 0;
        log_failure(LOG_ERROR, "stores.sweep_failed", e);
    }
}

static err
on_erased(void *ctx, const struct object *row)
{
    const struct stores_sweeper *w = ctx;
    return row->kind == OBJECT_STORE ? stores_drop(w->stores, row->id) : OK;
}

fallible
stores_sweeper_new(const struct stores *s, loop *l, stores_sweeper **ret)
{
    stores_sweeper *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory for sweeping");
    *w = (stores_sweeper){.stores = s};
    const err e = loop_timer_start(l, 0, EVERY_MS, on_timer, w, &w->timer);
    if (e.code) {
        mem_free(w);
        return e;
    }
    keep_on_erased(s->gate, on_erased, w);
    *ret = w;
    return OK;
}

void
stores_sweeper_free(stores_sweeper *w)
{
    if (!w)
        return;
    loop_timer_stop(w->timer);
    keep_on_erased(w->stores->gate, NULL, NULL);
    mem_free(w);
}
