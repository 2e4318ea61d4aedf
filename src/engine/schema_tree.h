/* SPDX-License-Identifier: EUPL-1.2 */
/* schema_tree.h - a schema after reading, for the files schema*.c alone.
 *
 * Nodes live in the arena, references are pointers, so the tree may have cycles.  What stands in
 * a node has been checked; `is_able` is set by schema_check for nodes that have a value at all,
 * and only those are written. */
#pragma once
#include "base/json.h"
#include "base/vec.h"
#include "engine/schema_regex.h"

enum schema_kind {
    SCHEMA_ANY,
    SCHEMA_NEVER,
    SCHEMA_NULL,
    SCHEMA_BOOL,
    SCHEMA_INTEGER,
    SCHEMA_NUMBER,
    SCHEMA_STRING,
    SCHEMA_ARRAY,
    SCHEMA_OBJECT,
    SCHEMA_LITERALS,
    SCHEMA_UNION,
    SCHEMA_REF
};

enum { SCHEMA_UNBOUNDED = UINT32_MAX };

/* n · 10^-decimals */
struct schema_bound {
    bool is_set, is_open;
    int64_t n;
    uint32_t decimals;
};

struct schema_node;

struct schema_property {
    str name;
    struct schema_node *node;
    bool required;
};

struct schema_literal {
    enum jtype type;
    str text; /* compact JSON */
};

struct schema_node {
    enum schema_kind kind;
    uint32_t rule;                   /* schema_grammar's; 0: none yet */
    uint8_t mark;                    /* schema_check's */
    bool is_able;                    /* has a value */
    bool is_one_of;                  /* UNION */
    bool is_closed;                  /* OBJECT: additionalProperties is false */
    str path;                        /* UNION by oneOf, REF: for refusals */
    VEC(struct schema_node *) parts; /* UNION; ARRAY: prefixItems */
    VEC(struct schema_property) properties;
    VEC(struct schema_literal) literals;
    struct schema_node *rest; /* ARRAY: items; OBJECT: additional, NULL: none; REF: the target */
    uint32_t min, max;        /* STRING: code points; ARRAY: items */
    struct schema_bound low, high;
    struct regex *regex;
};

struct schema_tree {
    VEC(struct schema_node *) nodes;
    struct schema_node *root;
};

/* schema_read.c: refuses what schema.def does not take. */
fallible schema_read(arena *a, const jval *schema, struct schema_tree *ret);
/* schema_check.c: refuses a tree without a value, a reference that leads back to itself, and
 * oneOf whose branches may overlap. */
fallible schema_check(const struct schema_tree *t, const char *path);
/* Behind all references. */
struct schema_node *schema_target(struct schema_node *n);

/* schema_grammar.c */
struct schema_writer;
fallible schema_writer_new(arena *a, buf *out, struct schema_writer **ret);
/* The number of the node's rule, called r<number>; it is written by schema_write_rest. */
uint32_t schema_rule_of(struct schema_writer *w, struct schema_node *n);
/* What "any object" is called. */
const char *schema_any_object(struct schema_writer *w);
/* What ", " is called. */
const char *schema_comma(struct schema_writer *w);
/* All rules still owed.  UNSUPPORTED when the grammar is too large. */
fallible schema_write_rest(struct schema_writer *w);
/* A literal as GBNF has it, with its quotes; UTF-8 is kept. */
void schema_put_literal(buf *out, str text);
