/* SPDX-License-Identifier: EUPL-1.2 */
/* models.h - the rows behind the model registry (model/registry.h has the meaning). */
#pragma once
#include "store/db.h"

struct model_row {
    str name, file, sha256, licence, kind, engine, architecture, label_text, origin;
    uint64_t size_bytes, context_tokens, parameters, memory_bytes, embedding_dims;
    bool has_template;
    int64_t added_wall_ms;
};

/* CONFLICT: the name is taken.  ARGUMENT: a number above 2^63 - 1. */
fallible models_add(db *d, const struct model_row *m);
fallible models_remove(db *d, str name); /* NOT_FOUND */
typedef err models_fn(void *ctx, const struct model_row *m);
/* In the order of names; strings live in `a`.  A failure of `fn` ends the walk and is passed on;
 * `fn` does not call store/. */
fallible models_each(db *d, arena *a, models_fn *fn, void *ctx);

typedef err alias_fn(void *ctx, str alias, str model);
/* Replaces what the alias stood for.  Whether the model is there is the registry's to say. */
fallible alias_set(db *d, str alias, str model);
fallible alias_remove(db *d, str alias); /* NOT_FOUND */
fallible alias_each(db *d, arena *a, alias_fn *fn, void *ctx);
/* One value per name: "model.default", … Empty when unset. */
fallible setting_get(db *d, arena *a, str name, str *ret);
/* An empty value unsets. */
fallible setting_set(db *d, str name, str value);
