/* SPDX-License-Identifier: EUPL-1.2 */
/* decode.h - what an engine process says, read without believing any of it; pure.
 *
 * PARSE means malformed: the caller ends the channel.  LIMIT means that memory is out. */
#pragma once
#include "engine/engine.h"

/* The body of an ENGINE_HELLO; its text is made to end. */
fallible decode_hello(const struct engine_hello *h, struct engine_hello *ret);
/* What an ENGINE_TEXT holds; the text points into the message. */
struct decoded_text {
    str text;
    const struct engine_token *tokens;
};

/* Text and logprobs of an ENGINE_TEXT, into `a`.  `top_max`: most alternatives of a token. */
fallible decode_text(arena *a, const struct engine_text *head, str tail, size_t top_max,
                     struct decoded_text *ret);
/* The values of an ENGINE_VECTOR, aligned, in `a`: finite numbers. */
fallible
decode_vector(arena *a, const struct engine_vector *head, str tail, const float **ret_values);
