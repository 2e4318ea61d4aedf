/* SPDX-License-Identifier: EUPL-1.2 */
/* submit.h - a request on its way into an engine: written by the gate out of a conversation,
 * checked field by field by the engine before a backend sees it.
 *
 * Writing opens content, so it takes the grant.  Reading believes nothing: kinds, counts and
 * lengths are in their bounds, floats are finite and in their ranges, sections fill the tail
 * exactly, text is UTF-8.  Both are pure: no I/O, no state.  Not checked: the form of the chat's
 * JSON and of the grammar, which are the backend's to read. */
#pragma once
#include "engine/proto.h"
#include "model/conv.h"

/* Points into the tail it was read from. */
struct submit {
    struct engine_submit ask;
    str prompt;
    str stops[CONV_STOPS_MAX];
    size_t stop_count;
    const void *bias;
    size_t bias_count;
    str grammar; /* UTF-8; not read yet */
    struct submit_image {
        uint32_t width, height;
        str rgb; /* exactly theirs */
    } images[CONV_IMAGES_MAX];
    size_t image_count;
};

/* Adds the sections to `tail`.  DENIED when the grant does not cover the content; LIMIT when it
 * is too large. */
fallible submit_write(enum engine_kind kind, const struct conv *c, const grant *g,
                      struct engine_submit *ret, buf *tail);
/* ARGUMENT unless every field is in its bounds. */
fallible submit_read(const void *body, size_t body_len, str tail, struct submit *ret);
