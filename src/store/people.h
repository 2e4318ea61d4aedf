/* SPDX-License-Identifier: EUPL-1.2 */
/* people.h - tenants (authorities and the units below them) and the people of a tenant, as rows.
 * Names are pseudonyms an operator chose; a title is for people to read. */
#pragma once
#include "store/db.h"

struct tenant_row {
    str name, title, parent; /* parent empty: none above it */
    int64_t created_wall_ms;
};

struct person_row {
    str name, tenant, title;
    int64_t created_wall_ms;
};

/* CONFLICT: the name is taken.  NOT_FOUND: its parent is not there. */
fallible tenants_add(db *d, const struct tenant_row *t);
/* Adds one of that name if there is none. */
fallible tenants_ensure(db *d, str name, int64_t now_wall_ms);
fallible tenants_have(db *d, str name, bool *ret);
/* NOT_FOUND; CONFLICT while it has keys in use, people, or tenants below it. */
fallible tenants_remove(db *d, str name);
typedef err tenants_fn(void *ctx, const struct tenant_row *t);
/* By name; strings live in `a`.  A failure of `fn` ends the walk and is passed on; `fn` does not
 * call store/. */
fallible tenants_each(db *d, arena *a, tenants_fn *fn, void *ctx);

/* CONFLICT: the name is taken.  NOT_FOUND: the tenant is not there. */
fallible persons_add(db *d, const struct person_row *p);
fallible persons_ensure(db *d, str name, str tenant, int64_t now_wall_ms);
/* Empty if there is no such person. */
fallible persons_tenant(db *d, arena *a, str name, str *ret);
/* And what they were cleared for.  NOT_FOUND; CONFLICT while they have keys in use. */
fallible persons_remove(db *d, str name);
typedef err persons_fn(void *ctx, const struct person_row *p);
fallible persons_each(db *d, arena *a, persons_fn *fn, void *ctx);

/* Their title, and in the same step the names of their keys (all of which must have been revoked)
 * and their access key pairs.  The name stays, so that it is not given to somebody else. NOT_FOUND:
 * no such person. */
fallible persons_erase(db *d, str name, int64_t now_wall_ms);
fallible persons_are_erased(db *d, str name, bool *ret);
