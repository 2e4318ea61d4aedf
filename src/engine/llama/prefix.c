/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/prefix.h"

#include "base/fault.h"
#include "base/secret.h"

enum { SEQUENCES_MAX = 256 }; /* LLAMA_MAX_SEQ, which is not in llama.h */

fallible
prefix_init(struct prefix *ret, const struct loaded *m)
{
    struct prefix p = {.m = m};
    if (m->can_share && m->sequences_max < SEQUENCES_MAX) {
        p.room = SEQUENCES_MAX - m->sequences_max;
        p.at = mem_get(p.room * sizeof *p.at);
        if (!p.at)
            FAIL(LIMIT, "no memory for %zu kept sequences", p.room);
    }
    *ret = p;
    return OK;
}

/* They are what somebody wrote. */
static void
tokens_forget(struct prefix_entry *e)
{
    wipe(e->tokens, e->len * sizeof *e->tokens);
    mem_free(e->tokens);
}

void
prefix_done(struct prefix *p)
{
    for (size_t i = 0; i < p->count; i++)
        tokens_forget(&p->at[i]);
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

uint32_t
prefix_find(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t count,
            llama_seq_id *ret_seq)
{
    struct prefix_entry *best = NULL;
    uint32_t longest = PREFIX_MIN - 1;
    for (size_t i = 0; i < p->count; i++) {
        const uint32_t len =
            is_same_scope(&p->at[i], scope) ? common_len(&p->at[i], tokens, count) : 0;
        if (len > longest) {
            longest = len;
            best = &p->at[i];
        }
    }
    if (!best)
        return 0;
    best->used = ++p->uses;
    *ret_seq = best->seq;
    return longest;
}

static void
drop(struct prefix *p, size_t i)
{
    struct prefix_entry *e = &p->at[i];
    ASSERT(p->cells >= e->len);
    llama_memory_seq_rm(p->m->memory, e->seq, -1, -1);
    p->cells -= e->len;
    tokens_forget(e);
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
prefix_shrink(struct prefix *p, uint32_t cells)
{
    while (p->cells > cells)
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
    return false;
}

static llama_seq_id
free_sequence(const struct prefix *p)
{
    bool taken[SEQUENCES_MAX] = {false};
    llama_seq_id seq = (llama_seq_id)p->m->sequences_max;
    for (size_t i = 0; i < p->count; i++)
        taken[p->at[i].seq] = true;
    while (taken[seq])
        seq++;
    ASSERT(seq < SEQUENCES_MAX);
    return seq;
}

bool
prefix_wants(const struct prefix *p, const uint8_t scope[32], uint32_t len)
{
    return p->room && len >= PREFIX_MIN && !is_nobodys(scope);
}

void
prefix_keep(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t len,
            llama_seq_id seq)
{
    if (!prefix_wants(p, scope, len) || make_way(p, scope, tokens, len))
        return;
    llama_token *copy = mem_get(len * sizeof *copy);
    if (!copy) /* it is read again, then */
        return;
    memcpy(copy, tokens, len * sizeof *copy);
    struct prefix_entry e = {
        .tokens = copy, .len = len, .seq = free_sequence(p), .used = ++p->uses};
    memcpy(e.scope, scope, sizeof e.scope);
    llama_memory_seq_cp(p->m->memory, seq, e.seq, 0, (llama_pos)len);
    p->cells += len;
    p->at[p->count++] = e;
}
