/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/merkle.h"

#include "base/enc.h"
#include "base/fault.h"
#include "test.h"

enum { LEAVES = 301, EVERY_BIT = 33 };

/* ---- the definition of RFC 9162, section 2.1, word for word, over all leaves */

static digest leaves[LEAVES];

static void
make_leaves(void)
{
    for (uint16_t i = 0; i < LEAVES; i++) {
        const char entry[2] = {(char)(i >> 8), (char)i};
        leaves[i] = merkle_leaf((str){entry, sizeof entry});
    }
}

static uint64_t
naive_split(uint64_t n)
{
    uint64_t k = 1;
    while (2 * k < n)
        k *= 2;
    return k;
}

static digest
naive_root(uint64_t from, uint64_t n)
{
    if (n == 0)
        return quick_hash_plain(STR_NONE);
    if (n == 1)
        return leaves[from];
    const uint64_t k = naive_split(n);
    const digest left = naive_root(from, k), right = naive_root(from + k, n - k);
    return merkle_node(&left, &right);
}

static void
naive_add(struct merkle_proof *p, digest d)
{
    p->at[p->count++] = d;
}

static void
naive_path(uint64_t index, uint64_t from, uint64_t n, struct merkle_proof *p)
{
    if (n <= 1)
        return;
    const uint64_t k = naive_split(n);
    if (index < k) {
        naive_path(index, from, k, p);
        naive_add(p, naive_root(from + k, n - k));
    } else {
        naive_path(index - k, from + k, n - k, p);
        naive_add(p, naive_root(from, k));
    }
}

static void
naive_growth(uint64_t m, uint64_t from, uint64_t n, bool is_old_root, struct merkle_proof *p)
{
    if (m == n) {
        if (!is_old_root)
            naive_add(p, naive_root(from, n));
        return;
    }
    const uint64_t k = naive_split(n);
    if (m <= k) {
        naive_growth(m, from, k, is_old_root, p);
        naive_add(p, naive_root(from + k, n - k));
    } else {
        naive_growth(m - k, from + k, n - k, false, p);
        naive_add(p, naive_root(from, k));
    }
}

/* ---- ours */

static err
read_subtree(void *ctx, unsigned level, uint64_t index, digest *ret)
{
    const uint64_t *size = ctx;
    if (fault_now() || (index + 1) << level > *size)
        FAIL(CORRUPT, "subtree %u/%llu is not complete", level, (unsigned long long)index);
    *ret = naive_root(index << level, UINT64_C(1) << level);
    return OK;
}

static bool
is_same_proof(const struct merkle_proof *a, const struct merkle_proof *b)
{
    return a->count == b->count && memcmp(a->at, b->at, a->count * sizeof *a->at) == 0;
}

static bool
is_same(const digest *a, const digest *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static struct tree_head
naive_head(uint64_t size)
{
    return (struct tree_head){size, naive_root(0, size)};
}

static void
flip(struct merkle_proof *p, size_t bit)
{
    p->at[bit / 256].bytes[bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
}

/* Calls `check` with the proof damaged in every way that is to be refused. */
static void
each_damage(const struct merkle_proof *p, bool is_every_bit, bool (*check)(void *, const void *),
            void *ctx)
{
    struct merkle_proof bad;
    const size_t bits = 256 * p->count;
    for (size_t bit = 0; bit < bits; bit += is_every_bit ? 1 : 256) {
        bad = *p;
        flip(&bad, is_every_bit ? bit : bit + test_random() % 256);
        CHECK(!check(ctx, &bad));
    }
    for (size_t count = 0; count < p->count; count++) {
        bad = *p;
        bad.count = count;
        CHECK(!check(ctx, &bad));
        bad = *p;
        memmove(bad.at, bad.at + p->count - count, count * sizeof *bad.at);
        bad.count = count;
        CHECK(!check(ctx, &bad));
    }
    bad = *p;
    bad.at[bad.count++] = p->count ? p->at[0] : leaves[0];
    CHECK(!check(ctx, &bad));
    for (size_t i = 1; i < p->count; i++) {
        bad = *p;
        bad.at[i] = p->at[i - 1];
        bad.at[i - 1] = p->at[i];
        CHECK(!check(ctx, &bad));
    }
}

/* ---- hashes */

static void
check_hex(digest d, const char *want)
{
    char room[65];
    digest_text(&d, room);
    CHECK_STR(str_of(room), str_of(want));
}

/* The eight leaves that the reference implementation of RFC 6962 is tested with. */
static const struct {
    const char *leaf, *root;
} known[] = {
    {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"606162636465666768696a6b6c6d6e6f",
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

TEST(the_roots_of_the_reference_implementation_come_out)
{
    struct merkle t = {0};
    check_hex(merkle_head(&t).root,
              "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char entry[16];
        const size_t len = strlen(known[i].leaf) / 2;
        CHECK_OK(hex_read(str_of(known[i].leaf), entry, len));
        const digest leaf = merkle_leaf((str){entry, len});
        merkle_add(&t, &leaf, NULL, NULL);
        check_hex(merkle_head(&t).root, known[i].root);
        CHECK_INT(merkle_head(&t).size, ==, i + 1);
    }
}

TEST(an_entry_that_looks_like_a_node_does_not_hash_like_one)
{
    char both[64];
    make_leaves();
    memcpy(both, leaves, 64);
    const digest a = merkle_leaf((str){both, 64}), b = merkle_node(&leaves[0], &leaves[1]);
    CHECK(!is_same(&a, &b));
}

/* ---- growing */

struct seen {
    uint64_t count, wrong, size;
};

static void
see(void *ctx, unsigned level, uint64_t index, const digest *root)
{
    struct seen *s = ctx;
    const digest want = naive_root(index << level, UINT64_C(1) << level);
    s->wrong += !is_same(root, &want) || (index + 1) << level != s->size;
    s->count++;
}

TEST(a_tree_that_grows_has_the_root_of_the_definition_at_every_size)
{
    struct merkle t = {0};
    make_leaves();
    for (uint64_t n = 0; n < LEAVES; n++) {
        const digest want = naive_root(0, n);
        const struct tree_head got = merkle_head(&t);
        CHECK(is_same(&got.root, &want));
        merkle_add(&t, &leaves[n], NULL, NULL);
    }
}

TEST(each_subtree_is_told_once_when_it_is_complete)
{
    struct merkle t = {0};
    struct seen s = {0};
    uint64_t want = 0;
    make_leaves();
    for (uint64_t n = 0; n < LEAVES; n++) {
        s.size = n + 1;
        merkle_add(&t, &leaves[n], see, &s);
    }
    for (unsigned level = 0; level < MERKLE_LEVELS; level++)
        want += (uint64_t)LEAVES >> level;
    CHECK_INT(s.count, ==, want);
    CHECK_INT(s.wrong, ==, 0);
}

TEST(a_tree_that_is_loaded_goes_on_like_the_one_that_grew)
{
    make_leaves();
    for (uint64_t n = 0; n < LEAVES - 1; n++) {
        const struct merkle_source s = {read_subtree, &n};
        struct merkle t;
        const digest want = naive_root(0, n), next = naive_root(0, n + 1);
        NEED_OK(merkle_load(&s, n, &t));
        struct tree_head h = merkle_head(&t);
        CHECK(is_same(&h.root, &want));
        merkle_add(&t, &leaves[n], NULL, NULL);
        h = merkle_head(&t);
        CHECK(is_same(&h.root, &next));
    }
}

/* ---- proofs */

struct leaf_case {
    struct tree_head h;
    uint64_t index;
};

static bool
check_leaf(void *ctx, const void *proof)
{
    const struct leaf_case *c = ctx;
    return merkle_has_leaf(&c->h, c->index, &leaves[c->index], proof);
}

static void
try_leaf(struct leaf_case *c)
{
    const struct merkle_source s = {read_subtree, &c->h.size};
    struct merkle_proof got, want = {0};
    naive_path(c->index, 0, c->h.size, &want);
    NEED_OK(merkle_prove_leaf(&s, c->index, c->h.size, &got));
    CHECK(is_same_proof(&got, &want));
    CHECK(check_leaf(c, &got));
    each_damage(&got, c->h.size < EVERY_BIT, check_leaf, c);
    const digest *other = &leaves[(c->index + 1) % LEAVES];
    CHECK(!merkle_has_leaf(&c->h, c->index, other, &got));
    if (c->h.size > 1) {
        const uint64_t elsewhere = (c->index + 1) % c->h.size;
        CHECK(!merkle_has_leaf(&c->h, elsewhere, &leaves[c->index], &got));
    }
}

TEST(every_leaf_of_every_tree_is_proved_and_no_damaged_proof_passes)
{
    make_leaves();
    for (uint64_t n = 1; n < LEAVES; n++) {
        struct leaf_case c = {.h = naive_head(n)};
        for (c.index = 0; c.index < n; c.index++)
            try_leaf(&c);
    }
}

struct growth_case {
    struct tree_head from, to;
};

static bool
check_growth(void *ctx, const void *proof)
{
    const struct growth_case *c = ctx;
    return merkle_has_grown(&c->from, &c->to, proof);
}

static void
try_growth(struct growth_case *c)
{
    const struct merkle_source s = {read_subtree, &c->to.size};
    struct merkle_proof got, want = {0};
    if (c->from.size)
        naive_growth(c->from.size, 0, c->to.size, true, &want);
    NEED_OK(merkle_prove_growth(&s, c->from.size, c->to.size, &got));
    CHECK(is_same_proof(&got, &want));
    CHECK(check_growth(c, &got));
    each_damage(&got, c->to.size < EVERY_BIT, check_growth, c);
    for (int end = 0; end < 2; end++) {
        struct growth_case bad = *c;
        (end ? &bad.to : &bad.from)->root.bytes[test_random() % 32] ^= 1;
        /* The empty tree is the start of every tree. */
        CHECK(!check_growth(&bad, &got) || (end && !c->from.size && c->to.size));
    }
}

TEST(every_tree_is_proved_to_extend_every_smaller_one_and_no_damaged_proof_passes)
{
    static struct tree_head heads[LEAVES];
    make_leaves();
    for (uint64_t n = 0; n < LEAVES; n++)
        heads[n] = naive_head(n);
    for (uint64_t n = 0; n < LEAVES; n++)
        for (uint64_t m = 0; m <= n; m++) {
            struct growth_case c = {heads[m], heads[n]};
            try_growth(&c);
        }
}

TEST(a_proof_for_one_pair_of_sizes_is_refused_for_another)
{
    make_leaves();
    for (uint64_t n = 2; n < 40; n++)
        for (uint64_t m = 1; m < n; m++) {
            const struct merkle_source s = {read_subtree, &n};
            const struct growth_case c = {naive_head(m), naive_head(n)};
            struct merkle_proof p;
            NEED_OK(merkle_prove_growth(&s, m, n, &p));
            struct growth_case bad = c;
            bad.from.size = m - 1;
            CHECK(!check_growth(&bad, &p));
            bad.from.size = m + 1;
            CHECK(!check_growth(&bad, &p));
            bad = (struct growth_case){c.to, c.from};
            CHECK(!check_growth(&bad, &p));
        }
}

TEST(what_is_not_in_the_tree_has_no_proof)
{
    uint64_t size = 7;
    const struct merkle_source s = {read_subtree, &size};
    struct merkle_proof p = {0};
    make_leaves();
    CHECK_ERR(merkle_prove_leaf(&s, 7, 7, &p), ARGUMENT);
    CHECK_ERR(merkle_prove_leaf(&s, 0, 0, &p), ARGUMENT);
    CHECK_ERR(merkle_prove_leaf(&s, 0, UINT64_MAX, &p), ARGUMENT);
    CHECK_ERR(merkle_prove_growth(&s, 8, 7, &p), ARGUMENT);
    CHECK_ERR(merkle_prove_growth(&s, 1, UINT64_MAX, &p), ARGUMENT);
    const struct tree_head h = naive_head(7), none = naive_head(0);
    CHECK(!merkle_has_leaf(&h, 7, &leaves[7], &p));
    CHECK(!merkle_has_leaf(&none, 0, &leaves[0], &p));
}

TEST(a_proof_with_an_impossible_count_is_refused)
{
    const struct tree_head h = naive_head(7), small = naive_head(3);
    struct merkle_proof p = {.count = MERKLE_PROOF_MAX + 1};
    CHECK(!merkle_has_leaf(&h, 3, &leaves[3], &p));
    CHECK(!merkle_has_grown(&small, &h, &p));
    p.count = SIZE_MAX;
    CHECK(!merkle_has_leaf(&h, 3, &leaves[3], &p));
    CHECK(!merkle_has_grown(&small, &h, &p));
}

TEST(a_hash_that_cannot_be_read_is_reported_and_no_proof_is_handed_out)
{
    uint64_t size = 100;
    const struct merkle_source s = {read_subtree, &size};
    make_leaves();
    for (long n = 1; n <= 3; n++) {
        struct merkle_proof p = {.count = 99};
        struct merkle t = {.size = 99};
        fault_arm(n);
        CHECK_ERR(merkle_prove_leaf(&s, 42, size, &p), CORRUPT);
        fault_arm(n);
        CHECK_ERR(merkle_prove_growth(&s, 42, size, &p), CORRUPT);
        fault_arm(n);
        CHECK_ERR(merkle_load(&s, size, &t), CORRUPT);
        fault_arm(0);
        CHECK(p.count == 99 && t.size == 99);
    }
}
