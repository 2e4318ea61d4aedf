/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/guess.h"

#include "base/fault.h"
#include "base/secret.h"

enum { SLOTS_MIN = 256, SLOTS_MAX = 1 << 17 };

static uint32_t
slots_for(uint32_t tokens)
{
    uint32_t n = SLOTS_MIN;
    while (n / 4 < tokens && n < SLOTS_MAX)
        n *= 2;
    return n;
}

/* FNV-1a over whole tokens (Fowler, Noll, Vo); a collision costs a guess, no more. */
static uint32_t
slot_of(const struct guess *g, const int32_t *gram)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < GUESS_GRAM; i++)
        h = (h ^ (uint32_t)gram[i]) * 16777619u;
    h *= 0x9e3779b1u; /* the upper bits depend on all of them (Knuth, 6.4) */
    return (h ^ h >> 15) & (g->slots - 1);
}

void
guess_add(struct guess *g, int32_t token)
{
    if (g->rest)
        g->rest--;
    if (g->count == g->room)
        return;
    if (g->count >= GUESS_GRAM)
        g->after[slot_of(g, g->at + g->count - GUESS_GRAM)] = g->count;
    g->at[g->count++] = token;
}

static fallible
make_room(struct guess *g, uint32_t tokens)
{
    g->room = tokens;
    g->slots = slots_for(tokens);
    g->at = mem_get(g->room * sizeof *g->at);
    g->after = mem_get(g->slots * sizeof *g->after);
    if (!g->at || !g->after)
        FAIL(LIMIT, "no memory to guess with");
    memset(g->after, 0, g->slots * sizeof *g->after);
    return OK;
}

fallible
guess_new(const int32_t *prompt, uint32_t count, uint32_t tokens_max, struct guess **ret)
{
    ASSERT(count > 0 && count <= UINT32_MAX - tokens_max);
    struct guess *g = mem_get(sizeof *g);
    if (!g)
        FAIL(LIMIT, "no memory to guess with");
    *g = (struct guess){.count = 0};
    const err e = make_room(g, count + tokens_max);
    if (e.code) {
        guess_free(g);
        return e;
    }
    for (uint32_t i = 0; i < count; i++)
        guess_add(g, prompt[i]);
    *ret = g;
    return OK;
}

void
guess_free(struct guess *g)
{
    if (!g)
        return;
    if (g->at)
        wipe(g->at, g->room * sizeof *g->at);
    mem_free(g->at);
    mem_free(g->after);
    mem_free(g);
}

/* What repeats itself up to the very end goes on repeating itself. */
uint32_t
guess_next(const struct guess *g, uint32_t most, int32_t ret[GUESS_MAX])
{
    if (g->rest || g->count <= GUESS_GRAM)
        return 0;
    const int32_t *now = g->at + g->count - GUESS_GRAM;
    const uint32_t from = g->after[slot_of(g, now)];
    if (!from || memcmp(g->at + from - GUESS_GRAM, now, GUESS_GRAM * sizeof *now) != 0)
        return 0;
    ASSERT(from < g->count);
    const uint32_t n = most < GUESS_MAX ? most : GUESS_MAX;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = g->at[from + i % (g->count - from)];
    return n;
}

void
guess_learn(struct guess *g, uint32_t right)
{
    if (right) {
        g->rested = 0;
        return;
    }
    g->rest = g->rested ? 2 * g->rested : 1;
    if (g->rest > GUESS_REST_MAX)
        g->rest = GUESS_REST_MAX;
    g->rested = g->rest;
}
