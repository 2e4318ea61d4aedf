/* SPDX-License-Identifier: EUPL-1.2 */
/* prefix.h - what has been read before: sequences that are over, kept so that who begins the same
 * need not read it again.
 *
 * A kept sequence has an id beyond those that answers use (llama.cpp has 256 of them in one unified
 * store) and is taken over by a copy of metadata: cells are shared.  Who may use it is decided by
 * the scope alone, a digest the gate makes of domain, tenant (or what an administrator published),
 * label, and model; scopes are compared whole, and a scope of zeros is nobody's.  So a hit can tell
 * a tenant nothing but what it said itself.
 *
 * Flat, no tree: at most 248 sequences, and the longest match is found by looking at all of one
 * scope.  A sequence that another one continues is dropped, so a conversation is kept once, however
 * often it goes on.  Shared cells are counted for each who has them: the ledger errs on the side
 * of giving up too much.
 *
 * Not for models whose sequences cannot be cut.  One thread. */
#pragma once
#include "engine/llama/load.h"
#include "engine/proto.h"

enum { PREFIX_MIN = 16 /* tokens: shorter ones are not worth a sequence */ };

struct prefix_entry {
    uint8_t scope[32];
    llama_token *tokens;
    uint32_t len;
    llama_seq_id seq;
    uint64_t used; /* a count, not a time */
};

struct prefix {
    const struct loaded *m;
    struct prefix_entry *at;
    size_t count, room;
    uint32_t cells; /* of all entries */
    uint64_t uses;
};

/* LIMIT. */
fallible prefix_init(struct prefix *ret, const struct loaded *m);
void prefix_done(struct prefix *p);
/* Tokens at the start of `tokens` that are kept; *ret_seq has them.  0: none. */
uint32_t prefix_find(struct prefix *p, const uint8_t scope[32], const llama_token *tokens,
                     uint32_t count, llama_seq_id *ret_seq);
/* Is a sequence of `len` tokens worth keeping for those of the scope? */
bool prefix_wants(const struct prefix *p, const uint8_t scope[32], uint32_t len);
/* Keeps the first `len` tokens of `seq`, unless that is not wanted or there is no memory. */
void prefix_keep(struct prefix *p, const uint8_t scope[32], const llama_token *tokens, uint32_t len,
                 llama_seq_id seq);
/* Gives up what was used longest ago until no more than `cells` are held. */
void prefix_shrink(struct prefix *p, uint32_t cells);
