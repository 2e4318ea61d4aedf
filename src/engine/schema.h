/* SPDX-License-Identifier: EUPL-1.2 */
/* schema.h - JSON Schema (draft 2020-12, a subset) into a grammar in GBNF, so that what a model
 * writes cannot but be a value of the schema.
 *
 * Every text of the grammar is a value of the schema; the other way round it is narrower: members
 * come in the order of `properties`, integers have at most 15 digits, an object that says nothing
 * of additionalProperties but names properties gets no others, and the text is compact, with at
 * most one space behind a comma or colon, so that nobody fills an answer with white space.
 *
 * What a keyword becomes is said once, in schema.def.  Whatever is not supported is refused,
 * naming keyword and place, never ignored; annotations mean nothing and are taken.  Limits come
 * first: the parsers of other people behind this see only what was built here.  A repetition
 * always repeats one rule or class, because llama.cpp multiplies what stands in brackets and
 * drops upper bounds above 2,000 in silence.
 *
 * Pure; the tree lives in the caller's arena and is not needed afterwards. */
#pragma once
#include "base/json.h"

enum {
    SCHEMA_DEPTH_MAX = 64,
    SCHEMA_NODES_MAX = 2000,
    SCHEMA_LITERALS_MAX = 1000, /* of all enums together */
    SCHEMA_NAMES_MAX = 1000,    /* properties of one object */
    SCHEMA_PATTERN_BYTES_MAX = 1000,
    SCHEMA_ITEMS_MAX = 1000,
    SCHEMA_LENGTH_MAX = 65535,
    SCHEMA_REPEAT_MAX = 1000,   /* in a pattern */
    SCHEMA_WEIGHT_MAX = 100000, /* elements of the grammar with its repetitions written out */
    SCHEMA_GRAMMAR_BYTES_MAX = 256 * 1024,
    SCHEMA_CALLS_MAX = 128,
    SCHEMA_PARALLEL_MAX = 8
};

/* Adds the grammar; `out` needs room for SCHEMA_GRAMMAR_BYTES_MAX.  UNSUPPORTED or ARGUMENT with a
 * public sentence that names the place as json_path does; LIMIT when the arena is full. */
fallible schema_compile(arena *a, const jval *schema, buf *out);

struct schema_call {
    str name;
    jval parameters; /* absent: none, {} */
};

/* The grammar of one to `most` calls, one a line: {"name": NAME, "arguments": OBJECT}. */
fallible schema_compile_calls(arena *a, const struct schema_call *calls, size_t count,
                              uint32_t most, buf *out);

/* The table, for documents: i-th keyword, false at the end. */
struct schema_keyword {
    const char *name, *fate, *doc;
};
bool schema_keyword_at(size_t i, struct schema_keyword *ret);
