/* SPDX-License-Identifier: EUPL-1.2 */
/* converse.h - an answer in the shape of Converse, whole or as an event stream, out of the parts
 * it comes in.
 *
 * Parts become content blocks: consecutive texts one block, consecutive reasoning one, each call
 * one.  Streamed, in the order of the API:
 *
 *   messageStart (contentBlockStart? contentBlockDelta* contentBlockStop)* messageStop metadata
 *
 * where only a call has a contentBlockStart.  A call that was cut has no JSON for its input; whole
 * it is {}, streamed its pieces stand as they came.
 *
 * What a guardrail of the policy blocked ends with guardrail_intervened and its message: whole, in
 * place of everything; streamed, behind what was sent.
 *
 * Pure: bytes into bufs, no gate and no connection.  One thread. */
#pragma once
#include "engine/engine.h"

enum converse_block { CONVERSE_NONE, CONVERSE_TEXT, CONVERSE_REASONING, CONVERSE_CALL };

struct converse {
    str id; /* what ids of calls are made of */
    bool is_stream, wants_stop, wants_trace;
    bool is_input; /* what a guardrail blocked was what was asked */
    const struct guardrail *blocked;
    arena *a;
    buf out;     /* streamed: messages to be sent; whole: the members of "content" */
    buf pending; /* whole: arguments of the open call; streamed: the payload of one event */
    enum converse_block block;
    uint32_t blocks; /* begun */
    uint32_t call;   /* CONVERSE_CALL: which */
    bool has_started;
    uint32_t input_tokens, cached_tokens, output_tokens;
    const char *reason; /* stopReason */
    str stop;           /* the stop sequence that matched; empty: none */
};

/* `limit`: bytes it may hold.  `id` and `a` outlive it. */
void converse_init(struct converse *m, str id, bool is_stream, arena *a, size_t limit);
void converse_done(struct converse *m);
/* The next part, its text opened.  Streamed: send m->out and clear it.  ENGINE_LOST for arguments
 * of a call that is not the open one; LIMIT. */
fallible converse_add(struct converse *m, const struct engine_piece *p, str text);
/* The answer ended: what it cost and why.  `stops` are those of the request. */
fallible converse_end(struct converse *m, const struct engine_usage *u, const str *stops);
/* Streamed: the last two events into m->out.  Whole: the body into `b`. */
fallible converse_finish(struct converse *m, uint64_t latency_ms, buf *b);
/* {"topicPolicy":…}: that this rule blocked; what it found is not told. */
void converse_put_blocked(const struct guardrail *r, buf *b);
