/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/works.h"

#include "api/responses/batcher.h"
#include "api/responses/run.h"
#include "base/fault.h"

fallible
works_new(gate *g, api *a, struct works **ret)
{
    struct works *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory for works");
    *w = (struct works){.gate = g, .api = a};
    const err e = batcher_new(w, &w->batcher);
    if (e.code) {
        mem_free(w);
        return e;
    }
    api_set_works(a, w);
    *ret = w;
    return OK;
}

/* Batches first: their lines are among the runs. */
void
works_free(struct works *w)
{
    if (!w)
        return;
    batcher_free(w->batcher);
    while (w->runs)
        run_drop(w->runs);
    mem_free(w);
}
