/* SPDX-License-Identifier: EUPL-1.2 */
/* params.h - the settings of an installation as one plain struct (params.def).
 *
 * hoheitd reads them from configuration files (os/config.h) and hands the struct to every child
 * in a sealed memfd, so it has no pointers.  Documents, completion and `hoheit explain` are made
 * from the same table. */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { PARAM_TEXT_MAX = 256 };

struct params {
#define PARAM_U(section, name, value, min, max, unit, doc) uint64_t section##_##name;
#define PARAM_S(section, name, value, doc) char section##_##name[PARAM_TEXT_MAX];
#include "base/params.def"
#undef PARAM_U
#undef PARAM_S
};

struct param_info {
    const char *key; /* "net.body_bytes_max" */
    bool is_text;
    uint64_t value, min, max; /* numbers only */
    const char *text;         /* default of a text */
    const char *unit, *doc;
    size_t offset; /* in struct params */
};

extern const struct param_info param_table[];
extern const size_t param_count;

/* All defaults. */
void params_default(struct params *p);
/* NULL if no parameter has this key. */
const struct param_info *param_find(str key);
/* CONFIG with a public sentence that names key, value's form and bounds; *p is then unchanged.
 * Numbers take units: 16M, 90s (where the unit is bytes or ms). */
fallible params_set(struct params *p, str key, str value);
/* The current value as text, into `room` of PARAM_TEXT_MAX bytes. */
void params_show(const struct params *p, const struct param_info *i, char *room);
