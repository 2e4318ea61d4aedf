/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/map.h"

#include <sodium.h>
#include <string.h>

#include "base/fault.h"

enum { FIRST_ROOM = 8 };

/* Linear probing; a slot is free when its value is NULL.  Taking out shifts back what followed,
 * so there are no tombstones and a search ends at the first free slot. */
struct map_slot {
    uint64_t hash;
    str key;
    void *value;
};

static uint8_t process_key[16] = "hoheit map tests";

void
map_key(const uint8_t key[16])
{
    memcpy(process_key, key, sizeof process_key);
}

uint64_t
siphash24(const uint8_t key[16], const void *data, size_t len)
{
    uint8_t out[crypto_shorthash_siphash24_BYTES];
    uint64_t hash = 0;
    crypto_shorthash_siphash24(out, data, len, key);
    for (size_t i = 0; i < sizeof out; i++)
        hash |= (uint64_t)out[i] << (8 * i);
    return hash;
}

static uint64_t
hash_of(str key)
{
    return siphash24(process_key, key.at, key.len);
}

static size_t
slot_after(const map *m, size_t i)
{
    return (i + 1) & (m->room - 1);
}

/* The key's slot, or the free one where it belongs; the load leaves one free at least. */
static size_t
find(const map *m, str key, uint64_t hash)
{
    size_t i = hash & (m->room - 1);
    while (m->slots[i].value && !(m->slots[i].hash == hash && str_eq(m->slots[i].key, key)))
        i = slot_after(m, i);
    return i;
}

static fallible
grow(map *m)
{
    map bigger = {.count = m->count, .room = m->room ? m->room * 2 : FIRST_ROOM};
    bigger.slots = mem_get(bigger.room * sizeof *bigger.slots);
    if (!bigger.slots)
        FAIL(LIMIT, "no memory for a map of %zu", bigger.room);
    memset(bigger.slots, 0, bigger.room * sizeof *bigger.slots);
    for (size_t i = 0; i < m->room; i++)
        if (m->slots[i].value)
            bigger.slots[find(&bigger, m->slots[i].key, m->slots[i].hash)] = m->slots[i];
    map_done(m);
    *m = bigger;
    return OK;
}

fallible
map_put(map *m, str key, void *value)
{
    ASSERT(value != NULL);
    const uint64_t hash = hash_of(key);
    size_t i = m->room ? find(m, key, hash) : 0;
    if (m->room && m->slots[i].value) {
        m->slots[i].value = value;
        return OK;
    }
    if (m->count >= m->room / 4 * 3) {
        TRY(grow(m));
        i = find(m, key, hash);
    }
    m->slots[i] = (struct map_slot){hash, key, value};
    m->count++;
    return OK;
}

void *
map_get(const map *m, str key)
{
    return m->count ? m->slots[find(m, key, hash_of(key))].value : NULL;
}

/* Moves back every following slot of the run that may stand earlier. */
static void
close_gap(map *m, size_t gap)
{
    const size_t mask = m->room - 1;
    for (size_t i = slot_after(m, gap); m->slots[i].value; i = slot_after(m, i)) {
        const size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            m->slots[gap] = m->slots[i];
            gap = i;
        }
    }
    m->slots[gap] = (struct map_slot){0};
}

void *
map_take(map *m, str key)
{
    if (!m->count)
        return NULL;
    const size_t i = find(m, key, hash_of(key));
    void *value = m->slots[i].value;
    if (!value)
        return NULL;
    close_gap(m, i);
    m->count--;
    return value;
}

bool
map_next(const map *m, size_t *at, str *ret_key, void **ret_value)
{
    while (*at < m->room && !m->slots[*at].value)
        ++*at;
    if (*at >= m->room)
        return false;
    *ret_key = m->slots[*at].key;
    *ret_value = m->slots[*at].value;
    ++*at;
    return true;
}

void
map_done(map *m)
{
    mem_free(m->slots);
    *m = (map){0};
}
