/* SPDX-License-Identifier: EUPL-1.2 */
/* prefix.h - what has been read before: the states of sequences that are over, kept so that who
 * begins the same need not read it again.
 *
 * They are kept in memory of our own and not among the context's cells: llama.cpp's attention looks
 * at every cell that is used, whosever it is, so what is kept there is paid for by all who write
 * (eight writers beside 8,000 kept cells: a fifth of their time; docs/performance.md).  Taking one
 * over costs a copy of its bytes, which is two or three orders less than reading it.
 *
 * Who may use it is decided by the scope alone, a digest the gate makes of domain, tenant (or what
 * an administrator published), label, and model; scopes are compared whole, and a scope of zeros is
 * nobody's.  So a hit can tell a tenant nothing but what it said itself.
 *
 * Flat, no tree: at most PREFIX_ENTRIES_MAX sequences, of half as many tokens in all as there are
 * cells, and the longest match is found by looking at all of one scope.  A sequence that another
 * one continues is dropped, so a conversation is kept once, however often it goes on.  What is
 * dropped is wiped.
 *
 * Not for models whose sequences cannot be cut.  One thread. */
#pragma once
#include "engine/llama/load.h"
#include "engine/proto.h"

enum {
    PREFIX_MIN = 16, /* tokens: shorter ones are not worth a copy */
    PREFIX_ENTRIES_MAX = 256,
};

struct prefix_entry {
    uint8_t scope[32];
    llama_token *tokens;
    uint8_t *state; /* of a sequence that begins with them */
    size_t state_len;
    uint32_t len;
    uint64_t used; /* a count, not a time */
};

struct prefix {
    const struct loaded *m;
    struct prefix_entry *at;
    size_t count, room;
    uint32_t tokens, tokens_max; /* of all entries */
    uint64_t uses;
};

/* LIMIT. */
fallible prefix_init(struct prefix *ret, const struct loaded *m);
void prefix_done(struct prefix *p);
/* Tokens at the start of `tokens` that are kept. */
uint32_t
prefix_find(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t count);
/* The same, and they are in `seq` then, which must be empty.  0 also when there are no cells for
 * all of what is kept. */
uint32_t prefix_take(struct prefix *p, const uint8_t scope[32], const llama_token *tokens,
                     uint32_t count, llama_seq_id seq);
/* Is a sequence of `len` tokens worth keeping for those of the scope? */
bool prefix_wants(const struct prefix *p, const uint8_t scope[32], uint32_t len);
/* Keeps the first `len` tokens of `seq`, unless that is not wanted or there is no memory. */
void prefix_keep(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t len,
                 llama_seq_id seq);
/* Gives up what was used longest ago until no more than `tokens` are held. */
void prefix_shrink(struct prefix *p, uint32_t tokens);
