/* SPDX-License-Identifier: EUPL-1.2 */
/* images.h - image parts of all dialects into the canonical conversation.
 *
 * An image comes as base64, alone or in a data: URL.  Here it is only taken out of its wrapping and
 * held against what can be said without decoding it: its size, the first bytes of its format, and
 * that the request says the same format.  It is decoded later, in a cell (know/cell/).  An address
 * is refused, for nothing here fetches what a request names.
 *
 * Formats: PNG and JPEG.  Bounds: conv.h.  Refusals begin with the place in the request. */
#pragma once
#include "api/read.h"
#include "model/conv.h"

/* Zero but for `a`; one for all messages of a request. */
struct images {
    arena *a;
    conv_images of; /* the message at hand */
    size_t total;
    const char *place; /* of all of them; NULL: each has its value's own */
};

/* `v` holds base64; `media` is what the request says it is ("image/png", "png"), empty: nothing.
 * The image stands before byte `at` of its message's text.  ARGUMENT, UNSUPPORTED, LIMIT. */
fallible images_add_base64(struct images *im, const jval *v, str media, size_t at);
/* `v` holds a data: URL. */
fallible images_add_url(struct images *im, const jval *v, size_t at);
/* So many bytes came before the text of the message at hand. */
void images_shift(struct images *im, size_t bytes);
/* What was added goes to the message. */
void images_take(struct images *im, struct conv_message *m);
/* The sentence for sounds, whatever dialect: nothing here hears. */
fallible images_refuse_audio(const jval *v);
