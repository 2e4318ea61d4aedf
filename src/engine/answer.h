/* SPDX-License-Identifier: EUPL-1.2 */
/* answer.h - one answer while it is written: tokens go in, TEXT messages come out.
 *
 * Text is put together by engine/text.h.  The logprobs of a token travel with the first message
 * that has text at or after it, so a token that only held text back waits with it; those of
 * tokens a stop string swallowed whole are dropped.  Tokens of one step make one message.
 * For serve.c and its tests; one thread. */
#pragma once
#include "engine/proto.h"
#include "engine/serve.h"
#include "engine/text.h"

struct answer {
    struct text_out text;
    buf out, logprobs; /* not yet sent */
    uint32_t tokens, pending_tokens, pending_logprobs;
};

/* `stops` must outlive it; `echo` (maybe empty) comes out first. */
fallible answer_init(struct answer *w, const str *stops, size_t stop_count, str echo);
void answer_done(struct answer *w);
/* LIMIT when memory is out.  `lp` NULL: no logprobs. */
fallible answer_add(struct answer *w, str bytes, const struct serve_logprob *lp,
                    const struct serve_logprob *tops, size_t top_count);
/* No token follows. */
fallible answer_end(struct answer *w);
/* What is to be sent now, taken out: the head without its index, and the tail, valid until the
 * next call; an empty tail: nothing.  LIMIT when memory is out. */
fallible answer_take(struct answer *w, bool is_end, struct engine_text *ret, str *ret_tail);
