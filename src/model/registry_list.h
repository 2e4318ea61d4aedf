/* SPDX-License-Identifier: EUPL-1.2 */
/* registry_list.h - named things in order of name, for the registry: models, and aliases of them.
 *
 * A sorted array: there are few, they are looked up far more often than changed, and they are
 * shown in order.  Names compare without case and are kept in small letters.  An item and its
 * texts are one piece of memory.  The list owns its items. */
#pragma once
#include "base/fault.h"
#include "model/registry.h"

/* A model, or an alias; its texts lie behind it in memory. */
typedef struct registry_item registry_item;
struct registry_item {
    str name;
    struct model model;
    str spec; /* of an alias: its targets as text; empty: a model */
    const registry_item *targets[REGISTRY_TARGETS_MAX];
    uint8_t ranks[REGISTRY_TARGETS_MAX];
    size_t target_count;
    registry_item *older; /* of the removed */
};

struct registry_list { /* in order of name */
    registry_item **at;
    size_t count, room;
};

/* <0, 0, >0, without case. */
int registry_list_compare(str a, str b);
/* NULL if there is none. */
registry_item *registry_list_find(const struct registry_list *l, str name);
/* Room for one more of at most `max`, so that adding it cannot fail.  LIMIT. */
fallible registry_list_reserve(struct registry_list *l, size_t max);
void registry_list_add(struct registry_list *l, registry_item *x);
/* Takes it out; the caller owns it again. */
void registry_list_take(struct registry_list *l, const registry_item *x);
/* Frees all of them. */
void registry_list_done(struct registry_list *l);

/* Copies `m` and the texts; release with mem_free. `spec` empty: a model.  The targets of an alias
 * are the caller's to set.  LIMIT. */
fallible registry_item_new(str name, const struct model *m, str spec, registry_item **ret);

static inline void
registry_item_auto(registry_item **x)
{
    mem_free(*x);
}
