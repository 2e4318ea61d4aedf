/* SPDX-License-Identifier: EUPL-1.2 */
/* merkle.h - the tree over the log: hashes, heads and proofs (RFC 6962, RFC 9162 section 2.1).
 *
 * A leaf is SHA-256(0x00 ‖ entry), a node SHA-256(0x01 ‖ left ‖ right).  The tree of n leaves is
 * split at the largest power of two below n, so whatever is complete never changes again: adding
 * needs only the roots of the complete subtrees at the right edge, one for each bit set in n.
 *
 * A proof of inclusion shows that an entry is the i-th below a root; one of consistency that a
 * later tree begins with an earlier one.  Both are checked as RFC 9162 says, exactly: no hash
 * missing, none left over.  Proofs are made from hashes of complete subtrees, which the maker gets
 * through a callback and so need not hold.
 *
 * Pure; any thread.  Sizes are below 2^63. */
#pragma once
#include "crypt/quick.h"

enum { MERKLE_LEVELS = 63, MERKLE_PROOF_MAX = 64 };

digest merkle_leaf(str entry);
digest merkle_node(const digest *left, const digest *right);

/* What a checkpoint says. */
struct tree_head {
    uint64_t size;
    digest root;
};

/* The right edge: at[k] is the root of a complete subtree of 2^k leaves where bit k of `size` is
 * set.  {0} is the empty tree. */
struct merkle {
    uint64_t size;
    digest at[MERKLE_LEVELS];
};

/* Called for each complete subtree: of leaves [index << level, (index + 1) << level). */
typedef void merkle_subtree_fn(void *ctx, unsigned level, uint64_t index, const digest *root);

/* `fn`, which may be NULL, is told of the leaf (level 0) and of every subtree it completes. */
void merkle_add(struct merkle *t, const digest *leaf, merkle_subtree_fn *fn, void *ctx);
struct tree_head merkle_head(const struct merkle *t);

/* Hands out the root of a complete subtree. */
struct merkle_source {
    err (*read)(void *ctx, unsigned level, uint64_t index, digest *ret);
    void *ctx;
};

/* The tree of the first `size` leaves. */
fallible merkle_load(const struct merkle_source *s, uint64_t size, struct merkle *ret);

/* In the order of RFC 9162: from the leaves up. */
struct merkle_proof {
    size_t count;
    digest at[MERKLE_PROOF_MAX];
};

/* That leaf `index` is in the tree of `size` leaves; ARGUMENT unless index < size. */
fallible merkle_prove_leaf(const struct merkle_source *s, uint64_t index, uint64_t size,
                           struct merkle_proof *ret);
/* That the tree of `size` leaves begins with that of `from`; ARGUMENT unless from <= size.  Empty
 * for a `from` of 0 or `size`. */
fallible merkle_prove_growth(const struct merkle_source *s, uint64_t from, uint64_t size,
                             struct merkle_proof *ret);

bool merkle_has_leaf(const struct tree_head *h, uint64_t index, const digest *leaf,
                     const struct merkle_proof *p);
bool merkle_has_grown(const struct tree_head *from, const struct tree_head *to,
                      const struct merkle_proof *p);
/* Does `p` lead to the root of `to`, but from another tree of from->size leaves?  Then whoever
 * signed both heads signed two histories.  False where it cannot be shown so: the proof for a
 * complete tree does not hold that tree's root. */
bool merkle_shows_other(const struct tree_head *from, const struct tree_head *to,
                        const struct merkle_proof *p);
