/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/prefix.h"

#include "base/fault.h"
#include "base/secret.h"

fallible
prefix_init(struct prefix *ret, const struct loaded *m)
{
    struct prefix p = {.m = m, .tokens_max = m->cells / 2};
    if (m->can_share) {
        p.room = PREFIX_ENTRIES_MAX;
        p.at = mem_get(p.room * sizeof *p.at);
        if (!p.at)
            FAIL(LIMIT, "no memory for %zu kept sequences", p.room);
    }
    *ret = p;
    return OK;
}

/* They are what somebody wrote. */
static void
forget(struct prefix_entry *e)
{
    if (e->tokens)
        wipe(e->tokens, e->len * sizeof *e->tokens);
    if (e->state)
        wipe(e->state, e->state_len);
    mem_free(e->tokens);
    mem_free(e->state);
}

void
prefix_done(struct prefix *p)
{
    for (size_t i = 0; i < p->count; i++)
        forget(&p->at[i]);
    mem_free(p->at);
    *p = (struct prefix){0};
}

static bool
is_nobodys(const uint8_t scope[32])
{
    static const uint8_t zero[32];
    return memcmp(scope, zero, sizeof zero) == 0; /* a digest of names, no secret */
}

static bool
is_same_scope(const struct prefix_entry *e, const uint8_t scope[32])
{
    return memcmp(e->scope, scope, sizeof e->scope) == 0;
}

static uint32_t
common_len(const struct prefix_entry *e, const llama_token *tokens, uint32_t count)
{
    const uint32_t most = e->len < count ? e->len : count;
    uint32_t len = 0;
    while (len < most && e->tokens[len] == tokens[len])
        len++;
    return len;
}

/* The longest match, NULL if none is long enough. */
static struct prefix_entry *
longest(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t count,
        uint32_t *ret_len)
{
    struct prefix_entry *best = NULL;
    *ret_len = PREFIX_MIN - 1;
    for (size_t i = 0; i < p->count; i++) {
        const uint32_t len =
            is_same_scope(&p->at[i], scope) ? common_len(&p->at[i], tokens, count) : 0;
        if (len > *ret_len) {
            *ret_len = len;
            best = &p->at[i];
        }
    }
    if (best)
        best->used = ++p->uses;
    return best;
}

uint32_t
prefix_find(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t count)
{
    uint32_t len;
    return longest(p, scope, tokens, count, &len) ? len : 0;
}

uint32_t
prefix_take(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t count,
            llama_seq_id seq)
{
    uint32_t len;
    const struct prefix_entry *e = longest(p, scope, tokens, count, &len);
    if (!e)
        return 0;
    const size_t got = llama_state_seq_set_data(p->m->ctx, e->state, e->state_len, seq);
    if (got == e->state_len && llama_memory_seq_rm(p->m->memory, seq, (llama_pos)len, -1))
        return len;
    llama_memory_seq_rm(p->m->memory, seq, -1, -1);
    return 0;
}

static void
drop(struct prefix *p, size_t i)
{
    struct prefix_entry *e = &p->at[i];
    ASSERT(p->tokens >= e->len);
    p->tokens -= e->len;
    forget(e);
    *e = p->at[--p->count];
}

static size_t
oldest(const struct prefix *p)
{
    size_t found = 0;
    for (size_t i = 1; i < p->count; i++)
        if (p->at[i].used < p->at[found].used)
            found = i;
    return found;
}

void
prefix_shrink(struct prefix *p, uint32_t tokens)
{
    while (p->tokens > tokens)
        drop(p, oldest(p));
}

/* What `tokens` continue is dropped; true when they are kept already. */
static bool
make_way(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t len)
{
    for (size_t i = p->count; i-- > 0;) {
        struct prefix_entry *e = &p->at[i];
        const uint32_t common = is_same_scope(e, scope) ? common_len(e, tokens, len) : 0;
        if (common == len && common) {
            e->used = ++p->uses;
            return true;
        }
        if (common == e->len && common)
            drop(p, i);
    }
    if (p->count == p->room)
        drop(p, oldest(p));
    prefix_shrink(p, p->tokens_max - len);
    return false;
}

bool
prefix_wants(const struct prefix *p, const uint8_t scope[32], uint32_t len)
{
    return p->room && len >= PREFIX_MIN && len <= p->tokens_max && !is_nobodys(scope);
}

/* False when there is no memory. */
static bool
copy(const struct prefix *p, const llama_token *tokens, llama_seq_id seq, struct prefix_entry *e)
{
    e->state_len = llama_state_seq_get_size(p->m->ctx, seq);
    e->tokens = mem_get(e->len * sizeof *tokens);
    e->state = e->tokens ? mem_get(e->state_len) : NULL;
    if (!e->state)
        return false;
    memcpy(e->tokens, tokens, e->len * sizeof *tokens);
    return llama_state_seq_get_data(p->m->ctx, e->state, e->state_len, seq) == e->state_len;
}

void
prefix_keep(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t len,
            llama_seq_id seq)
{
    if (!prefix_wants(p, scope, len) || make_way(p, scope, tokens, len))
        return;
    struct prefix_entry e = {.len = len, .used = ++p->uses};
    memcpy(e.scope, scope, sizeof e.scope);
    if (!copy(p, tokens, seq, &e)) { /* it is read again, then */
        forget(&e);
        return;
    }
    p->tokens += len;
    p->at[p->count++] = e;
}
