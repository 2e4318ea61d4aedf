/* SPDX-License-Identifier: EUPL-1.2 */
/* desk.h - hoheit-log's side of a gate's channel: entries are taken in, answered when they are
 * durable, and questions about the log are answered.  Nothing else can be had here.
 *
 * There is one gate at a time; a new channel takes the place of the one before.  ATTACHED is said
 * when all that the one before had sent is settled, so that the number in it is exact.
 *
 * A gate that comes back after hoheit-log died sends again what is open.  Each of these entries is
 * sought, in order, among the records behind the last one the gate heard of, by what they say (all
 * but number and time); what is found is durable already and is answered at once.  So nothing that
 * was acknowledged is missing and nothing is there twice.  Where those records cannot be read, the
 * entries are written anew: twice is better than not at all.
 *
 * A message that is malformed ends the channel, and on_garbled is told.  Whenever a channel ended,
 * on_lost is told, since a gate that still lives needs another.  When an answer cannot be sent,
 * on_broken is told: the process should end, since the next one begins with all that is open. One
 * thread. */
#pragma once
#include "audit/book.h"
#include "audit/proto.h"

typedef struct desk desk;

struct desk_hooks {
    void (*on_garbled)(void *ctx);
    void (*on_lost)(void *ctx);
    void (*on_broken)(void *ctx);
    /* LOG_PRUNE and LOG_CUT (prune/prune.h); NULL: refused */
    err (*on_prune)(void *ctx, const struct log_read *q, buf *ret);
    void *ctx;
};

/* The book outlives the desk. */
fallible desk_new(loop *l, book *b, struct desk_hooks hooks, desk **ret);
/* The log's end of a gate's channel; taken over, also when it fails. */
fallible desk_serve(desk *d, int channel);
/* After book_close, which tells the desk what became of all that is open.  NULL is fine. */
void desk_free(desk *d);
