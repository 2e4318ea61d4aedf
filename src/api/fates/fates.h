/* SPDX-License-Identifier: EUPL-1.2 */
/* fates.h - every field of every dialect and what becomes of it, on one page: docs/dialects.md.
 *
 * Read from the tables the decoders go by (fields.def), so the page cannot say other than they do.
 * Constant; any thread. */
#pragma once
#include <stdio.h>

#include "api/read.h"

struct fates_route {
    uint32_t bit; /* in read_field.routes */
    const char *name;
};

struct fates_dialect {
    const char *name, *says;
    const struct fates_route *routes;
    size_t route_count;
    const struct read_field *fields;
    size_t field_count;
};

/* NULL past the last. */
const struct fates_dialect *fates_at(size_t i);
/* "mapped", "accepted", "refused". */
const char *fates_name(enum read_fate fate);
/* The page, in Markdown. */
void fates_put(FILE *f);
