/* SPDX-License-Identifier: EUPL-1.2 */
/* filter.h - which files of a store may answer, by their attributes.
 *
 * A filter is a tree: comparisons of one attribute, joined by "and" and "or".  An attribute is a
 * text, a number or a truth; values of different kinds are never equal and none is above the other,
 * so of an attribute that is not there only "ne" and "nin" hold.  Texts compare by their bytes.
 *
 * Read from OpenAI's spelling here; other dialects put the tree together themselves.  Depth and
 * size are bounded.  Pure; everything lives in the arena. */
#pragma once
#include "base/json.h"
#include "base/vec.h"

enum {
    FILTER_DEPTH_MAX = 8,
    FILTER_NODES_MAX = 128,
    FILTER_VALUES_MAX = 256,
    FILTER_KEY_MAX = 64,
    FILTER_TEXT_MAX = 512
};

enum filter_op {
    FILTER_EQ,
    FILTER_NE,
    FILTER_GT,
    FILTER_GTE,
    FILTER_LT,
    FILTER_LTE,
    FILTER_IN,
    FILTER_NIN,
    FILTER_STARTS,   /* texts only */
    FILTER_CONTAINS, /* texts only */
    FILTER_AND,
    FILTER_OR
};

struct filter_value {
    enum jtype type; /* J_STRING, J_NUMBER, J_BOOL */
    str text;
    double number;
    bool is_true;
};

struct filter {
    enum filter_op op;
    str key; /* NUL-ended; of a comparison */
    VEC(struct filter_value) values;
    VEC(struct filter *) children; /* of FILTER_AND, FILTER_OR */
};

/* Nodes made so far are counted in *count (from 0): ARGUMENT beyond FILTER_NODES_MAX. */
fallible filter_new(arena *a, enum filter_op op, size_t *count, struct filter **ret);
/* The attribute a comparison is of. */
fallible filter_set_key(arena *a, const jval *v, struct filter *f);
/* One value, or a list of them for IN and NIN. */
fallible filter_set_values(arena *a, const jval *v, struct filter *f);
/* {"type":"eq","key":…,"value":…} or {"type":"and","filters":[…]}. */
fallible filter_read(arena *a, const jval *v, struct filter **ret);
/* `attributes` is an object as of filter_read_attributes. */
bool filter_fits(const struct filter *f, const jval *attributes);

enum { FILTER_ATTRIBUTES_MAX = 16 };
/* At most 16, with names of 64 and texts of 512 bytes; as JSON, "{}" when `v` is absent. */
fallible filter_read_attributes(arena *a, const jval *v, str *ret);
