/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/guess.h"

#include "base/fault.h"
#include "base/secret.h"

enum { SLOTS_MIN = 256, SLOTS_MAX = 1 << 17 };

/* A new model begins as if one of eight guesses had been right, an answer as if four had been as
 * the model's; beyond so many, counts are halved. */
enum { FIRST_SAID = 8, MODEL_COUNTS = 4, ANSWER_SAID_MAX = 32, MODEL_SAID_MAX = 256 };

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

static void
add(struct guess *g, int32_t token)
{
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
        add(g, prompt[i]);
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

/* Where in the text what was said last was said before; 0: nowhere. */
static uint32_t
last_time(const struct guess *g)
{
    if (g->count <= GUESS_GRAM)
        return 0;
    const int32_t *now = g->at + g->count - GUESS_GRAM;
    const uint32_t from = g->after[slot_of(g, now)];
    ASSERT(from < g->count);
    if (!from || memcmp(g->at + from - GUESS_GRAM, now, GUESS_GRAM * sizeof *now) != 0)
        return 0;
    return from;
}

/* What repeats itself up to the very end goes on repeating itself. */
uint32_t
guess_next(const struct guess *g, uint32_t most, int32_t ret[GUESS_MAX])
{
    const uint32_t from = last_time(g), n = most < GUESS_MAX ? most : GUESS_MAX;
    if (!from)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        ret[i] = g->at[from + i % (g->count - from)];
    return n;
}

/* ---- chances */

static size_t
class_of(uint32_t run)
{
    size_t class = 0;
    for (; run && class < GUESS_RUNS - 1; run /= 2)
        class ++;
    return class;
}

static void
count_one(struct guess_odds *o, size_t class, bool is_right, uint32_t said_max)
{
    o->said[class]++;
    o->right[class] += is_right;
    if (o->said[class] < said_max)
        return;
    o->said[class] /= 2;
    o->right[class] /= 2;
}

void
guess_hear(struct guess *g, struct guess_odds *all, int32_t token)
{
    const uint32_t from = last_time(g);
    if (from) {
        const bool is_right = g->at[from] == token;
        count_one(all, class_of(g->run), is_right, MODEL_SAID_MAX);
        count_one(&g->odds, class_of(g->run), is_right, ANSWER_SAID_MAX);
        g->run = is_right ? g->run + 1 : 0;
    } else
        g->run = 0;
    add(g, token);
}

static uint32_t
chance_of(const struct guess *g, const struct guess_odds *all, size_t class)
{
    const uint32_t model = (1000 * all->right[class] + 1000) / (all->said[class] + FIRST_SAID);
    return (1000 * g->odds.right[class] + MODEL_COUNTS * model) /
           (g->odds.said[class] + MODEL_COUNTS);
}

void
guess_chances(const struct guess *g, const struct guess_odds *all, uint32_t count,
              uint16_t ret[GUESS_MAX])
{
    uint32_t chance = 1000;
    for (uint32_t i = 0; i < count; i++) {
        chance = chance * chance_of(g, all, class_of(g->run + i)) / 1000;
        ret[i] = (uint16_t)chance;
    }
}
