/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/merkle.h"

enum { TAG_LEAF = 0, TAG_NODE = 1 };

static str
bytes_of(const digest *d)
{
    return (str){(const char *)d->bytes, sizeof d->bytes};
}

digest
merkle_leaf(str entry)
{
    return quick_hash(TAG_LEAF, entry, STR_NONE);
}

digest
merkle_node(const digest *left, const digest *right)
{
    return quick_hash(TAG_NODE, bytes_of(left), bytes_of(right));
}

/* Roots are public, so nothing is given away by comparing them plainly. */
static bool
is_same(const digest *a, const digest *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* ---- growing */

void
merkle_add(struct merkle *t, const digest *leaf, merkle_subtree_fn *fn, void *ctx)
{
    digest d = *leaf;
    unsigned level = 0;
    ASSERT(t->size < (UINT64_C(1) << MERKLE_LEVELS) - 1);
    for (;; level++) {
        if (fn)
            fn(ctx, level, t->size >> level, &d);
        if (!(t->size >> level & 1))
            break;
        d = merkle_node(&t->at[level], &d);
    }
    t->at[level] = d;
    t->size++;
}

struct tree_head
merkle_head(const struct merkle *t)
{
    struct tree_head h = {.size = t->size};
    bool is_first = true;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if (!(t->size >> level & 1))
            continue;
        h.root = is_first ? t->at[level] : merkle_node(&t->at[level], &h.root);
        is_first = false;
    }
    if (is_first)
        h.root = quick_hash_plain(STR_NONE);
    return h;
}

fallible
merkle_load(const struct merkle_source *s, uint64_t size, struct merkle *ret)
{
    struct merkle t = {.size = size};
    ASSERT(size >> MERKLE_LEVELS == 0);
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        if (size >> level & 1)
            TRY(s->read(s->ctx, level, (size >> level) - 1, &t.at[level]));
    *ret = t;
    return OK;
}

/* ---- the tree of a range
 *
 * A range [from, to) that is a subtree of the tree begins at a multiple of the least power of two
 * that is not below its length; it is complete, or stands at the right edge. */

struct range {
    uint64_t from, to;
};

/* Where RFC 6962 splits `n` > 1 leaves: the largest power of two below n. */
static uint64_t
split_of(uint64_t n)
{
    ASSERT(n > 1);
    return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* From the right, as the edge of a tree is: complete subtrees of growing size. */
static fallible
root_of(const struct merkle_source *s, struct range r, digest *ret)
{
    const uint64_t n = r.to - r.from;
    uint64_t end = r.to;
    bool is_first = true;
    digest root = {{0}}, d;
    ASSERT(n > 0);
    for (unsigned level = 0; end > r.from; level++) {
        if (!(n >> level & 1))
            continue;
        TRY(s->read(s->ctx, level, (end >> level) - 1, &d));
        root = is_first ? d : merkle_node(&d, &root);
        is_first = false;
        end -= UINT64_C(1) << level;
    }
    *ret = root;
    return OK;
}

/* ---- making proofs: down from the root, so what is met first comes last */

static void
turn_round(struct merkle_proof *p)
{
    for (size_t i = 0; i < p->count / 2; i++) {
        const digest d = p->at[i];
        p->at[i] = p->at[p->count - 1 - i];
        p->at[p->count - 1 - i] = d;
    }
}

static fallible
put(const struct merkle_source *s, struct range r, struct merkle_proof *p)
{
    ASSERT(p->count < MERKLE_PROOF_MAX);
    return root_of(s, r, &p->at[p->count++]);
}

/* Takes `r` down to the half that holds `index`; the proof gets the other one. */
static fallible
descend(const struct merkle_source *s, struct range *r, uint64_t index, struct merkle_proof *p)
{
    const uint64_t middle = r->from + split_of(r->to - r->from);
    const bool is_right = index >= middle;
    TRY(put(s, is_right ? (struct range){r->from, middle} : (struct range){middle, r->to}, p));
    if (is_right)
        r->from = middle;
    else
        r->to = middle;
    return OK;
}

fallible
merkle_prove_leaf(const struct merkle_source *s, uint64_t index, uint64_t size,
                  struct merkle_proof *ret)
{
    struct merkle_proof p = {.count = 0};
    struct range r = {0, size};
    if (index >= size || size >> MERKLE_LEVELS)
        FAIL(ARGUMENT, "there is no entry %llu among %llu", (unsigned long long)index,
             (unsigned long long)size);
    while (r.to - r.from > 1)
        TRY(descend(s, &r, index, &p));
    turn_round(&p);
    *ret = p;
    return OK;
}

fallible
merkle_prove_growth(const struct merkle_source *s, uint64_t from, uint64_t size,
                    struct merkle_proof *ret)
{
    struct merkle_proof p = {.count = 0};
    struct range r = {0, size};
    if (from > size || size >> MERKLE_LEVELS)
        FAIL(ARGUMENT, "a tree of %llu entries does not begin with one of %llu",
             (unsigned long long)size, (unsigned long long)from);
    /* Until the range is one that the old tree has whole. */
    while (from && r.to != from)
        TRY(descend(s, &r, from - 1, &p));
    /* Who checks holds the old root; any other such range has to be given. */
    if (from && r.from)
        TRY(put(s, r, &p));
    turn_round(&p);
    *ret = p;
    return OK;
}

/* ---- checking: RFC 9162, sections 2.1.3.2 and 2.1.4.2 */

/* Up to where the path stops being a left child. */
static void
climb(uint64_t *fn, uint64_t *sn)
{
    while (!(*fn & 1) && *fn) {
        *fn >>= 1;
        *sn >>= 1;
    }
}

bool
merkle_has_leaf(const struct tree_head *h, uint64_t index, const digest *leaf,
                const struct merkle_proof *p)
{
    if (index >= h->size || p->count > MERKLE_PROOF_MAX)
        return false;
    uint64_t fn = index, sn = h->size - 1;
    digest r = *leaf;
    for (size_t i = 0; i < p->count; i++) {
        if (sn == 0)
            return false;
        if (fn & 1 || fn == sn) {
            r = merkle_node(&p->at[i], &r);
            climb(&fn, &sn);
        } else {
            r = merkle_node(&r, &p->at[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && is_same(&r, &h->root);
}

/* Both roots from one path: what lies left of the old edge belongs to both, the rest to the new. */
struct two_roots {
    digest old, new;
    uint64_t fn, sn;
};

static bool
step_growth(struct two_roots *t, const digest *d)
{
    if (t->sn == 0)
        return false;
    if (t->fn & 1 || t->fn == t->sn) {
        t->old = merkle_node(d, &t->old);
        t->new = merkle_node(d, &t->new);
        climb(&t->fn, &t->sn);
    } else {
        t->new = merkle_node(&t->new, d);
    }
    t->fn >>= 1;
    t->sn >>= 1;
    return true;
}

/* The path of a complete old tree begins with its root, which is not part of the proof. */
static bool
is_complete(const struct tree_head *h)
{
    return (h->size & (h->size - 1)) == 0;
}

/* 0 < from->size < to->size. */
static bool
find_roots(const struct tree_head *from, const struct tree_head *to, const struct merkle_proof *p,
           struct two_roots *ret)
{
    struct two_roots t = {.fn = from->size - 1, .sn = to->size - 1};
    if (p->count == 0 || p->count > MERKLE_PROOF_MAX)
        return false;
    for (; t.fn & 1; t.fn >>= 1)
        t.sn >>= 1;
    t.old = t.new = is_complete(from) ? from->root : p->at[0];
    for (size_t i = is_complete(from) ? 0 : 1; i < p->count; i++)
        if (!step_growth(&t, &p->at[i]))
            return false;
    *ret = t;
    return t.sn == 0;
}

bool
merkle_has_grown(const struct tree_head *from, const struct tree_head *to,
                 const struct merkle_proof *p)
{
    const digest none = quick_hash_plain(STR_NONE);
    if (from->size > to->size)
        return false;
    if (from->size == to->size)
        return p->count == 0 && is_same(&from->root, &to->root);
    if (from->size == 0)
        return p->count == 0 && is_same(&from->root, &none);
    struct two_roots t;
    return find_roots(from, to, p, &t) && is_same(&t.old, &from->root) &&
           is_same(&t.new, &to->root);
}

bool
merkle_shows_other(const struct tree_head *from, const struct tree_head *to,
                   const struct merkle_proof *p)
{
    struct two_roots t;
    return from->size < to->size && !is_complete(from) && find_roots(from, to, p, &t) &&
           is_same(&t.new, &to->root) && !is_same(&t.old, &from->root);
}
