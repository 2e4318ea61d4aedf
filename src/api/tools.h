/* SPDX-License-Identifier: EUPL-1.2 */
/* tools.h - what the dialects share about tools: names, the canonical spelling of offers and calls,
 * grammars of promised calls, and turns of calls and answers that fit together.
 *
 * The schema of a tool is compiled when the promise is made that calls follow it: where it is
 * strict, and where the call is forced.  Else it is only shown to the model.  A conversation whose
 * turns do not fit together is refused by the dialect with the place. */
#pragma once
#include "api/read.h"
#include "engine/schema.h"
#include "model/conv.h"

enum {
    TOOLS_JSON_BYTES_MAX = 1024 * 1024, /* of an offer, of the calls of one message */
    TOOLS_TEXT_BYTES_MAX = 1024 * 1024, /* a description, the arguments of a call */
    TOOLS_ID_BYTES_MAX = 256
};

/* ---- names */
/* 1 to `len_max` of a-z, A-Z, 0-9, _ and -. */
bool tools_is_name(str s, size_t len_max);
/* o.name, or ARGUMENT. */
fallible tools_read_name(const jval *o, size_t len_max, str *ret);
/* Is a tool of that name offered already? */
bool tools_has(const struct conv_tools *t, str name);

/* ---- the offer */
/* Is a call promised that may be one of this tool?  t->choice and t->name are known. */
bool tools_is_wanted(const struct conv_tools *t, str name);
/* A schema of which nothing is promised but that it could be kept: compiled to be refused in
 * time; the grammar is thrown away. */
fallible tools_check_schema(arena *a, const struct schema_call *call);
/* c->format.grammar of the calls that must be made, at most c->tools.most. */
fallible tools_compile(arena *a, const struct schema_call *calls, size_t count, struct conv *c);
/* f->grammar and f->schema of an answer that must follow `schema`. */
fallible tools_compile_answer(arena *a, const jval *schema, struct conv_format *f);

struct tools_one { /* for dialects that spell it otherwise */
    struct schema_call call;
    str description;
    bool strict;
};
/* {"type":"function","function":{…}}, a member of conv_tools.json. */
void tools_put(buf *b, const struct tools_one *t);
/* {"id":…,"type":"function","function":{"name":…,"arguments":TEXT}}, a member of
 * conv_message.tool_calls; `arguments` is JSON. */
void tools_put_call(buf *b, str id, str name, str arguments);

/* ---- turns: the calls of a conversation that wait for their answer */
struct tool_turns {
    VEC(str) open; /* ids */
    size_t from;   /* the message that made them */
};
/* A call is made; ARGUMENT at `place` when its id waits already. */
fallible tools_open_call(struct tool_turns *t, arena *a, str id, const jval *place);
/* A call is answered; false when nobody made it. */
bool tools_answer_call(struct tool_turns *t, str id);
