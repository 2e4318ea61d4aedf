/* SPDX-License-Identifier: EUPL-1.2 */
/* toy_voice.h - what the toy engine says, token by token, and its vectors; pure. */
#pragma once
#include "base/arena.h"
#include "engine/serve.h"

enum { TOY_TOPS_MAX = 20, TOY_TOKEN_BYTES_MAX = 48 };

struct toy_voice {
    uint64_t state; /* of the walk */
    str json;       /* a text that was made before; empty: prose */
    size_t json_at;
    uint32_t made, length; /* tokens */
    uint32_t sentence_words;
    bool is_sharp;                  /* temperature 0: the likeliest token each time */
    char rest[TOY_TOKEN_BYTES_MAX]; /* second half of a word */
    size_t rest_len;
};

/* One token, with what else might have been said, likeliest first. */
struct toy_token {
    char bytes[TOY_TOKEN_BYTES_MAX];
    char rooms[TOY_TOPS_MAX][TOY_TOKEN_BYTES_MAX];
    struct serve_logprob chosen, tops[TOY_TOPS_MAX];
};

/* `length` 0: the voice decides. */
struct toy_voice toy_voice_of(arena *a, const struct serve_job *j, uint32_t index, uint32_t length);
/* Instead of prose it says a text of the grammar, drawn with its own seed, between two others.
 * ARGUMENT when the grammar is none, LIMIT when memory is out. */
fallible toy_voice_obey(arena *a, str grammar, str before, str behind, struct toy_voice *v);
bool toy_voice_is_silent(const struct toy_voice *v);
/* Must not be silent.  *ret points into itself. */
void toy_speak(struct toy_voice *v, size_t top_count, struct toy_token *ret);

/* Words and one more. */
uint64_t toy_count(str text);
/* A unit vector of `dims` values. */
void toy_embed(str text, float *ret, size_t dims);
