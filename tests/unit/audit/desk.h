/* SPDX-License-Identifier: EUPL-1.2 */
/* desk.h - a log for those who append to it, for tests: both ends of the channel are on one loop.
 * Include unit/audit/disk.h where the disk is to fail. */
#pragma once
#include "audit/desk.h"
#include "os/ipc.h"
#include "test.h"

struct log_end {
    loop *l;
    meters m;
    book *b;
    desk *d;
    audit *a;
    unsigned garbled, broken, lost;
    bool is_ready, is_closing;
    struct log_read pruned; /* asked last of whoever prunes */
    const char *prune_says;
};

/* What hoheitd does: a channel between the two. */
static inline err
log_end_connect(struct log_end *e)
{
    int pair[2];
    TRY(ipc_pair(pair));
    const err served = desk_serve(e->d, pair[0]);
    const err attached = audit_attach(e->a, pair[1]);
    TRY(served);
    return attached;
}

static inline void
log_end_garbled(void *ctx)
{
    struct log_end *e = ctx;
    e->garbled++;
}

static inline void
log_end_reconnect(void *ctx)
{
    struct log_end *e = ctx;
    if (e->a && e->d)
        CHECK_OK(log_end_connect(e));
}

/* hoheit-log would end and be started again. */
static inline void
log_end_broken(void *ctx)
{
    struct log_end *e = ctx;
    e->broken++;
    CHECK_OK(loop_timer_start(e->l, 0, 0, log_end_reconnect, e, NULL));
}

/* So does it for a channel that ended while both live. */
static inline void
log_end_lost(void *ctx)
{
    struct log_end *e = ctx;
    e->lost++;
    if (e->a && !e->is_closing)
        CHECK_OK(loop_timer_start(e->l, 0, 0, log_end_reconnect, e, NULL));
}

/* What whoever prunes would say; the test says what. */
static inline err
log_end_prune(void *ctx, const struct log_read *q, buf *ret)
{
    struct log_end *e = ctx;
    e->pruned = *q;
    buf_add(ret, str_of(e->prune_says));
    return buf_end(ret);
}

static inline void
log_end_ready(void *ctx)
{
    struct log_end *e = ctx;
    e->is_ready = true;
}

static inline err
log_end_open_book(struct log_end *e, const char *dir, const struct params *p)
{
    const struct desk_hooks hooks = {.on_garbled = log_end_garbled,
                                     .on_lost = log_end_lost,
                                     .on_broken = log_end_broken,
                                     .on_prune = log_end_prune,
                                     .ctx = e};
    TRY(book_open(e->l, dir, p, &e->m, &e->b));
    return desk_new(e->l, e->b, hooks, &e->d);
}

static inline void
log_end_close_book(struct log_end *e)
{
    book_close(TAKE(e->b));
    desk_free(TAKE(e->d));
}

/* Opens all of it and waits until records are taken; what failed is closed again. */
static inline err
log_end_open(struct log_end *e, loop *l, const char *dir, const struct params *p, meters *m)
{
    memset(e, 0, sizeof *e);
    e->l = l;
    err failed = log_end_open_book(e, dir, p);
    if (!failed.code)
        failed = audit_new(l, p, m, &e->a);
    if (!failed.code) {
        audit_when_ready(e->a, log_end_ready, e);
        failed = log_end_connect(e);
    }
    for (int i = 0; i < 2000 && !failed.code && !e->is_ready; i++)
        loop_turn_for(l, 1);
    if (!failed.code && !e->is_ready)
        failed = err_start(ERR_BUSY, __FILE__, __LINE__, __func__, "the log is not ready");
    return failed;
}

static inline void
log_end_close(struct log_end *e)
{
    e->is_closing = true;
    audit_close(TAKE(e->a));
    log_end_close_book(e);
}
