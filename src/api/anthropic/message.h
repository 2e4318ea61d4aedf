/* SPDX-License-Identifier: EUPL-1.2 */
/* message.h - an answer in the shape of the Messages API, whole or as events, out of the parts it
 * comes in.
 *
 * Parts become blocks: consecutive texts one block, consecutive thoughts one, each call one.
 * Streamed, a block is begun, gone on with and ended in the order of the API:
 *
 *   message_start (content_block_start content_block_delta* content_block_stop)* message_delta
 *   message_stop, with one ping behind the first beginning of a block
 *
 * Thoughts are shown only to those who asked for them; their signature says which answer they
 * were of and proves nothing.  Input tokens are said in message_start where they are known by
 * then, and in message_delta in any case.
 *
 * Pure: bytes into bufs, no gate and no connection.  One thread. */
#pragma once
#include "engine/engine.h"

struct message_style {
    str id, model;       /* "msg_…" */
    uint32_t tokens_max; /* as asked for: an answer cut before was cut by the context's end */
    bool is_stream;
    bool wants_thinking, hides_thinking;
    bool wants_cache; /* cached tokens are counted apart */
};

enum message_block { BLOCK_NONE, BLOCK_TEXT, BLOCK_THINKING, BLOCK_CALL };

struct message {
    struct message_style style;
    arena *a;
    buf out;     /* streamed: events to be sent; whole: the members of "content" */
    buf pending; /* whole: arguments of the open call */
    enum message_block block;
    uint32_t blocks; /* begun */
    uint32_t call;   /* BLOCK_CALL: which */
    bool has_started;
    uint32_t input_tokens, cached_tokens, output_tokens;
    const char *reason; /* stop_reason */
    str stop;           /* the stop sequence that matched; empty: none */
};

/* `limit`: bytes it may hold.  Strings of `style` and `a` outlive it. */
void message_init(struct message *m, const struct message_style *style, arena *a, size_t limit);
void message_done(struct message *m);
/* The next part, its text opened.  Streamed: send m->out and clear it.  ENGINE_LOST for arguments
 * of a call that is not the open one; LIMIT. */
fallible message_add(struct message *m, const struct engine_piece *p, str text);
/* The answer ended: what it cost and why.  `stops` are those of the request. */
fallible message_end(struct message *m, const struct engine_usage *u, const str *stops);
/* Streamed: the last two events into m->out.  Whole: the message into `b`. */
fallible message_finish(struct message *m, buf *b);
