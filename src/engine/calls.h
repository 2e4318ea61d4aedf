/* SPDX-License-Identifier: EUPL-1.2 */
/* calls.h - takes an answer apart into text and tool calls while it is written.
 *
 * LINES: the whole answer is calls, one JSON object a line, as schema_compile_calls makes a model
 * write them.  TAGGED: the model was free to call; a call stands between <tool_call> and
 * </tool_call> (Hermes, Qwen and others), between ```json and ``` (their coders), or is how the
 * answer begins (Llama); the rest is text.  Either way a call is {"name": NAME, "arguments":
 * OBJECT}; arguments are handed on as they come, in pieces of their own JSON, once the name is
 * known to be one of those offered.
 *
 * What begins like a call and is none (no JSON, another name, no object) is text again, as it
 * came, and is looked through once more for what it holds; nothing is lost.  Whole characters in,
 * whole characters out.  Bounded: what is held back of a call whose arguments cannot be handed on
 * yet is at most CALLS_HELD_MAX.  One thread. */
#pragma once
#include "base/buf.h"

enum { CALLS_HELD_MAX = 1024 * 1024, CALLS_COUNT_MAX = 128 };

enum calls_form { CALLS_LINES, CALLS_TAGGED };

struct calls_hooks {
    void (*on_text)(void *ctx, str text);
    void (*on_call)(void *ctx, uint32_t index, str name);
    void (*on_arguments)(void *ctx, uint32_t index, str piece);
    void *ctx;
};

enum calls_state { CALLS_OUTSIDE, CALLS_BEFORE, CALLS_INSIDE, CALLS_BEHIND };

struct calls {
    enum calls_form form;
    enum calls_state state;
    const str *names; /* offered; they outlive it */
    size_t name_count;
    struct calls_hooks hooks;
    bool is_fresh;     /* no text since the start or the last call */
    bool has_given_up; /* what `again` holds is to be read once more */
    buf again;
    str close;       /* what ends the call at hand; empty: nothing */
    size_t open_len; /* bytes of `held` that are text in any case, if it is no call */
    uint32_t count;  /* of calls begun */
    buf held;        /* of a tag or call that is not yet known to be one */
    size_t read;     /* bytes of `held` that were looked at */
    size_t sent;     /* bytes of `held` that went out as arguments */
    unsigned depth;  /* of brackets */
    bool in_string, is_escaped, wants_key, wants_value;
    bool has_name, has_begun; /* of this call */
    size_t string_at;         /* where the last string began */
    /* Within `held`, which moves when it grows. */
    size_t key_at, key_len, name_at, name_len, arguments_at, arguments_len;
};

void calls_init(struct calls *c, enum calls_form form, const str *names, size_t name_count,
                struct calls_hooks hooks);
void calls_done(struct calls *c);
/* LIMIT when memory is out or too much is held back. */
fallible calls_add(struct calls *c, str text);
/* No text follows: what is held back is text after all. */
fallible calls_end(struct calls *c);
