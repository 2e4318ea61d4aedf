/* SPDX-License-Identifier: EUPL-1.2 */
/* map.h - text to pointer; open addressing, SipHash-2-4 (Aumasson, Bernstein 2012).
 *
 * Keys may come from outside, so the hash is keyed: map_key sets the process's key once at
 * start (tests leave the fixed default and get one order).  Keys are not copied and must live
 * as long as the map.  Not thread-safe. */
#pragma once
#include "base/err.h"
#include "base/str.h"

typedef struct {
    struct map_slot *slots;
    size_t count, room;
} map;

void map_key(const uint8_t key[16]);
uint64_t siphash24(const uint8_t key[16], const void *data, size_t len);

/* Replaces the value of a key that is there.  LIMIT when memory is out; the map is unchanged. */
fallible map_put(map *m, str key, void *value);
/* NULL if there is none. */
void *map_get(const map *m, str key);
/* The value taken out, or NULL. */
void *map_take(map *m, str key);
/* Walks in no order: for (size_t i = 0; map_next(m, &i, &k, &v);) ...
 * Do not change the map meanwhile. */
bool map_next(const map *m, size_t *at, str *ret_key, void **ret_value);
void map_done(map *m);

static inline void
map_auto(map *m)
{
    map_done(m);
}
