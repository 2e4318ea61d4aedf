/* SPDX-License-Identifier: EUPL-1.2 */
/* rounds.h - has the witnesses of providers.yaml sign this log, by itself.
 *
 * Every witness.interval_ms there is a round: where no alarm about witnesses stands and the log's
 * checkpoint has grown, each witness is shown it with the proof that it grew from what it saw last
 * (visit.h), by way of hoheit-egress, and what it signs is taken in by hoheit-log.  That puts a
 * record in the log, so entries that tell of nothing but cosignatures start no round: a log at rest
 * comes to rest.
 *
 * A witness that knows another tree, or more of this one, raises the alarm that `hoheit log
 * witness` raises: it stands in the log until an auditor ends it, and no witness is asked
 * meanwhile.
 *
 * Nobody waits for any of this: requests are released when their records are durable.  How far each
 * witness lags is told by tell.h.
 *
 * This runs in the gate, which has the channels to hoheit-log and to hoheit-egress.  A gate that
 * was taken over could leave witnesses unasked, which shows, but can have nothing signed that did
 * not grow: the checkpoint is hoheitd's, the proof is the log's, the verdict is the witness's.
 *
 * Bounds: PROVIDER_WITNESSES_MAX witnesses, one question each at a time, VISIT_ANSWER_MAX bytes of
 * an answer, ROUNDS_WAIT_MS for it.  One thread, the loop's. */
#pragma once
#include "audit/audit.h"
#include "egress/egress.h"
#include "egress/provider_list.h"
#include "witness/rounds/visit.h"

enum { ROUNDS_WAIT_MS = 30000 };

typedef struct rounds rounds;

struct rounds_parts { /* all outlive it */
    loop *loop;
    audit *audit;
    const struct provider_list *providers;
    const struct params *params;
    /* Leave to send what carries no label. */
    err (*leave)(void *ctx, arena *a, const grant **ret);
    void *ctx;
};

struct rounds_view {       /* how it stands */
    uint64_t head_size;    /* entries of the newest checkpoint that was seen; 0: none yet */
    uint64_t asked_size;   /* entries that witnesses are asked to sign */
    uint64_t wanted, good; /* witnesses: witness.quorum, and those that signed when asked last */
    bool is_alarmed;
};

struct rounds_witness {
    const struct visit *v;
    uint64_t lag_entries, lag_ms; /* behind asked_size; 0: it signed that */
};

/* *ret is NULL where there are no witnesses.  CONFIG for a key that is none. */
fallible rounds_new(const struct rounds_parts *parts, rounds **ret);
/* Calls end without a word.  NULL is fine, here and below. */
void rounds_free(rounds *r);
/* There is a way out now; the rounds begin.  It outlives them. */
fallible rounds_use(rounds *r, egress *e);
/* One round, unless one runs; for the timer and for tests. */
void rounds_turn(rounds *r);

struct rounds_view rounds_view_of(const rounds *r);
/* False behind the last. */
bool rounds_witness_at(const rounds *r, size_t i, struct rounds_witness *ret);
