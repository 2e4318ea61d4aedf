/* SPDX-License-Identifier: EUPL-1.2 */
/* schema_rig.h - a schema compiled and its grammar asked, for the tests of schema*.c. */
#pragma once
#include <stdio.h>

#include "base/fault.h"
#include "engine/gbnf.h"
#include "engine/schema.h"
#include "test.h"

enum { SCHEMA_RIG_BYTES = 64 * 1024 * 1024 };

typedef struct compiled {
    arena *a;
    buf text;
    struct gbnf *g;
    err e;
    char param[96], sentence[256];
} compiled;

static inline void
compiled_done(struct compiled *c)
{
    arena_free(c->a);
    buf_done(&c->text);
}

static inline void
compiled_auto(struct compiled *c)
{
    compiled_done(c);
}

static inline err
compiled_try(struct compiled *c, str json)
{
    jval v;
    TRY(arena_open(SCHEMA_RIG_BYTES, &c->a));
    TRY(json_read(c->a, json, &v));
    TRY(schema_compile(c->a, &v, &c->text));
    return gbnf_read(c->a, buf_str(&c->text), &c->g);
}

static inline struct compiled
compiled_of(str json)
{
    struct compiled c = {.text = BUF(SCHEMA_GRAMMAR_BYTES_MAX + 65536)};
    c.e = compiled_try(&c, json);
    if (c.e.code) {
        CHECK(str_copy(str_of(err_param()), c.param, sizeof c.param));
        snprintf(c.sentence, sizeof c.sentence, "%s", err_public(c.e));
    }
    return c;
}

/* The schema takes this text, or does not. */
static inline bool
takes(const char *schema, const char *text)
{
    AUTO(compiled) c = compiled_of(str_of(schema));
    if (c.e.code)
        test_fail(__FILE__, __LINE__, "%s: %s", schema, c.sentence);
    return !c.e.code && gbnf_matches(c.g, str_of(text));
}

/* Refused with this code, at this path, by a sentence that holds `word`. */
static inline bool
refuses(const char *schema, enum err_code code, const char *path, const char *word)
{
    AUTO(compiled) c = compiled_of(str_of(schema));
    const bool good = c.e.code == code && strcmp(c.param, path) == 0 && strstr(c.sentence, word);
    if (!good)
        test_fail(__FILE__, __LINE__, "%s: code %d at \"%s\": %s", schema, c.e.code, c.param,
                  c.e.code ? c.sentence : "");
    return good;
}

#define TAKES(schema, text) CHECK(takes(schema, text))
#define LEAVES(schema, text) CHECK(!takes(schema, text))
#define REFUSES(schema, path, word) CHECK(refuses(schema, ERR_UNSUPPORTED, path, word))
#define WRONG(schema, path, word) CHECK(refuses(schema, ERR_ARGUMENT, path, word))
