/* SPDX-License-Identifier: EUPL-1.2 */
/* read.h - how dialects read a body: every field of a request has a fate, said once in a table of
 * the dialect, and nothing is dropped in silence.
 *
 * Pure; strings live in the body or in the caller's arena. */
#pragma once
#include <stdio.h>

#include "base/json.h"

enum { READ_PATH_ROOM = 192 };

/* Refuses the value `v`: its place is the parameter and begins the sentence. */
#define REFUSE_AT(code, v, ...)                                                                    \
    do {                                                                                           \
        char path_[READ_PATH_ROOM], text_[READ_PATH_ROOM];                                         \
        json_path(v, path_, sizeof path_);                                                         \
        snprintf(text_, sizeof text_, __VA_ARGS__);                                                \
        REFUSE(code, path_, "%s %s", path_, text_);                                                \
    } while (0)

enum read_fate {
    MAPPED,   /* decoded into the canonical conversation */
    ACCEPTED, /* read and without effect here */
    REFUSED   /* would change the meaning and is not supported */
};

struct read_field {
    uint32_t routes; /* one bit each */
    const char *name;
    enum read_fate fate;
};

/* ARGUMENT for a field that is not in the table for `route`, UNSUPPORTED for a refused one that
 * asks for something; the sentence names it. */
fallible
read_fields(const jval *body, const struct read_field *fields, size_t count, uint32_t route);
/* Of what lies within a field: ARGUMENT for what is not in `known` (NULL-ended), unless it asks
 * for nothing: clients send back what they were sent. */
fallible read_members(const jval *o, const char *const *known);
/* null, false, "", [] and {} ask for nothing. */
bool read_asks_nothing(const jval *v);
/* The value as compact JSON; ARGUMENT when that is longer than `len_max`. */
fallible read_json(arena *a, const jval *v, size_t len_max, str *ret);
