/* SPDX-License-Identifier: EUPL-1.2 */
/* reveal.h - the answers to a conversation that was sent with tokens (hide.h), with what the tokens
 * stand for put back: in text, in what the model thought, and in the arguments of calls.
 *
 * Pieces go in as an engine gives them and come out as pieces; what is held back of one part comes
 * out before the next part begins.  One thread. */
#pragma once
#include "downgrade/restore.h"
#include "engine/engine.h"

typedef struct reveal reveal;
struct reveal_out {
    void (*fn)(void *ctx, const struct engine_piece *p, str text);
    void *ctx;
};

/* For `n` answers; lives in `a`, its buffers until the arena ends.  LIMIT. */
fallible reveal_new(arena *a, const pseudonyms *m, uint32_t n, struct reveal_out out, reveal **ret);
/* `text` is the piece's, opened.  LIMIT. */
fallible reveal_add(reveal *r, const struct engine_piece *p, str text);
/* The answer has ended: what was held back comes out. */
fallible reveal_end(reveal *r, uint32_t index);
