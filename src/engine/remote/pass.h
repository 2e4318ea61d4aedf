/* SPDX-License-Identifier: EUPL-1.2 */
/* pass.h - passing through: the body as it came but for two values, the frames as they came.
 *
 * splice_body replaces bytes at the positions where a valid JSON text has the value of "model" and
 * that of "stream_options", and puts in a longest answer where one is to be held to and none is
 * named; every other byte, unknown fields and blanks among them, stays.
 *
 * frames_add cuts a stream of events into frames and looks at each as little as it can.  Most
 * frames of a stream differ in a string or two only: when one was read as JSON and found plain (no
 * error, no end, no usage), what stands around its text is remembered, and the next that is alike
 * there and has a well-formed text between is plain too, without being read.  Any doubt is settled
 * by reading.  Frames are handed on in runs; from the one on with which the last
 * answer ends, they are kept back in `tail`.
 *
 * Lines end with LF or CRLF; a lone CR is malformed.  Pure.  One thread. */
#pragma once
#include "engine/remote/hear.h"

enum { FRAMES_BYTES_MAX = 1 << 20, FRAMES_ARENA_BYTES = 48 << 20, FRAMES_HOLES = 2 };

struct splice {
    str model;
    uint32_t tokens_max; /* said where the body says none; 0: nothing is */
    bool says_completion_tokens;
    bool wants_usage; /* the body asks for a stream */
    /* What was found. */
    bool has_added_usage; /* the client did not ask for it */
    uint32_t n;
};

/* PARSE: no JSON object.  Adds to `out`. */
fallible splice_body(str body, struct splice *s, buf *out);
/* The same, where it was read before. */
fallible splice_read(str body, const jval *root, struct splice *s, buf *out);

typedef void frames_fn(void *ctx, str raw, uint32_t count);

struct frames_hole { /* the inside of a JSON string */
    size_t at, len;
};

struct frames {
    uint32_t n;
    bool drops_usage; /* the frame that holds nothing but usage */
    buf held;         /* a frame that is not whole */
    size_t looked;    /* bytes of it in which no end was found */
    buf data;         /* of a frame with several lines of data */
    buf tail;
    bool is_ended, is_blamed;
    bool has_finished[ENGINE_ANSWERS_MAX];
    uint32_t finished, pieces;
    enum engine_finish finish;
    struct hear_usage usage;
    arena *a;
    buf plain;                              /* a frame known to be plain */
    struct frames_hole holes[FRAMES_HOLES]; /* where others may differ from it, in order */
    size_t hole_count;                      /* 0: nothing is known */
};

void frames_init(struct frames *f, uint32_t n, bool drops_usage);
void frames_done(struct frames *f);
/* Any split gives the same frames.  PROVIDER_LOST, or what the provider blames; final. */
fallible frames_add(struct frames *f, str piece, frames_fn *fn, void *ctx);
/* Did every answer end, and nothing come that is not whole? */
bool frames_is_whole(const struct frames *f);
