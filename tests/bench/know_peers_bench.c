/* SPDX-License-Identifier: EUPL-1.2 */
/* know_peers_bench.c PEERS - retrieval of ours beside others, in one run: question by question each
 * in turn, on one core, for less and less of what may be seen.  PEERS is the library that
 * tests/peer/know/build makes.  Recall is against looking at every row.  Vectors and pages are
 * those of know_bench, fewer of them. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../peer/know/peers.h"
#include "know/know.h"
#include "know/near/vector.h"
#include "world.h"

enum { ROWS = 40000, SEGMENTS = 100, QUERIES = 100, TOP = 10, PEERS_MAX = 8 };
enum { RESCORE = 4000, RESCORE_LEAST = 32, PAGES = 10000, ASKED = 100, ASKED_WORDS = 6 };

/* ---- ours, with the shares that know_search has */

struct ours {
    struct vectors v[SEGMENTS];
    buf bytes[SEGMENTS];
};

static void *
ours_open(const float *rows, size_t count, size_t dims)
{
    struct ours *const o = calloc(1, sizeof *o);
    const size_t n = count / SEGMENTS;
    uint32_t *const owners = calloc(n, sizeof *owners);
    ASSERT(o && owners && dims == DIMS);
    for (size_t i = 0; i < SEGMENTS; i++) {
        for (size_t k = 0; k < n; k++)
            owners[k] = (uint32_t)(i * n + k);
        o->bytes[i] = BUF((size_t)64 << 20);
        ASSERT(!vectors_make(rows + i * n * dims, owners, n, dims, &o->bytes[i]).code);
        ASSERT(!vectors_view(buf_str(&o->bytes[i]), &o->v[i]).code);
    }
    free(owners);
    return o;
}

static int
by_likeness(const void *a, const void *b)
{
    const struct vector_hit *const x = a, *const y = b;
    return (x->likeness < y->likeness) - (x->likeness > y->likeness);
}

static size_t
ours_search(void *peer, const float *q, size_t most, size_t cleared, uint32_t *ret_rows)
{
    static struct vector_hit all[SEGMENTS * TOP];
    const struct ours *const o = peer;
    AUTO(arena) *a = NULL;
    const struct vector_query *asked = NULL;
    size_t n = 0;
    ASSERT(!arena_open((size_t)64 << 20, &a).code && most == TOP);
    ASSERT(!vectors_ask(a, q, DIMS, &asked).code);
    for (size_t i = 0; i < cleared / (ROWS / SEGMENTS); i++) {
        struct vector_hits hits = {.at = all + n};
        const struct vector_bounds b = {.most = most,
                                        .rescore =
                                            RESCORE * o->v[i].count / cleared + RESCORE_LEAST,
                                        .by_codes = cleared > VECTOR_EXACT};
        ASSERT(!vectors_search(a, &o->v[i], asked, &b, &hits).code);
        for (size_t k = 0; k < hits.count; k++)
            all[n + k].row = o->v[i].owners[all[n + k].row];
        n += hits.count;
    }
    qsort(all, n, sizeof *all, by_likeness);
    for (size_t i = 0; i < most && i < n; i++)
        ret_rows[i] = all[i].row;
    return most < n ? most : n;
}

static void
ours_close(void *peer)
{
    struct ours *const o = peer;
    for (size_t i = 0; i < SEGMENTS; i++)
        buf_done(&o->bytes[i]);
    free(o);
}

static const struct peer_vectors ours = {"hoheit", ours_open, ours_search, ours_close};

/* ---- vectors */

struct contender {
    const struct peer_vectors *p;
    void *peer;
    double ms[QUERIES], recall;
};

/* The least likeness of the true best TOP. */
static float
find_least(const float *rows, size_t count, const float *q)
{
    float best[TOP + 1];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        float dot = 0;
        for (size_t k = 0; k < DIMS; k++)
            dot += rows[i * DIMS + k] * q[k];
        if (n == TOP && dot <= best[TOP - 1])
            continue;
        size_t at = n < TOP ? n++ : TOP - 1;
        for (; at && best[at - 1] < dot; at--)
            best[at] = best[at - 1];
        best[at] = dot;
    }
    return best[TOP - 1];
}

static double
recall_of(const float *rows, const float *q, const uint32_t *got, size_t count, float least)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        float dot = 0;
        for (size_t k = 0; k < DIMS; k++)
            dot += rows[got[i] * (size_t)DIMS + k] * q[k];
        found += dot >= least - 1e-4f;
    }
    return (double)found / TOP;
}

static void
ask_all(struct contender *c, size_t count, const float *rows, const float *queries, size_t cleared)
{
    for (size_t i = 0; i < count; i++)
        c[i].recall = 0;
    for (size_t i = 0; i < QUERIES; i++) {
        const float *const q = queries + i * DIMS;
        const float least = find_least(rows, cleared, q);
        for (size_t turn = 0; turn < count; turn++) {
            struct contender *const who = &c[(i + turn) % count];
            uint32_t got[TOP];
            const double from = cpu_ms();
            const size_t n = who->p->search(who->peer, q, TOP, cleared, got);
            who->ms[i] = cpu_ms() - from;
            who->recall += recall_of(rows, q, got, n, least) / QUERIES;
        }
    }
}

static void
show(struct contender *c, size_t count, double share)
{
    for (size_t i = 0; i < count; i++) {
        qsort(c[i].ms, QUERIES, sizeof *c[i].ms, by_size);
        printf("bench know.peers.cleared.%g%%.%s recall@10 %.3f p50 %.3f ms p95 %.3f ms\n", share,
               c[i].p->name, c[i].recall, c[i].ms[QUERIES / 2], c[i].ms[QUERIES * 95 / 100]);
    }
}

static void
bench_vectors(const struct peer_vectors *peers)
{
    static struct contender c[PEERS_MAX];
    static const double shares[] = {100, 50, 10, 3, 1};
    float *const centres = malloc((size_t)CENTRES * DIMS * sizeof(float));
    float *const rows = malloc((size_t)(ROWS + QUERIES) * DIMS * sizeof(float));
    size_t count = 0;
    ASSERT(centres && rows);
    for (size_t i = 0; i < (size_t)CENTRES * DIMS; i++)
        centres[i] = noise() + 0.7f;
    for (size_t i = 0; i < ROWS + QUERIES; i++)
        random_row(centres, rows + i * DIMS);
    for (const struct peer_vectors *p = &ours; p->name; p = p == &ours ? peers : p + 1) {
        const double from = cpu_ms();
        c[count] = (struct contender){.p = p, .peer = p->open(rows, ROWS, DIMS)};
        printf("# %s: %d vectors in %.1f s\n", p->name, ROWS, (cpu_ms() - from) / 1000);
        count += c[count].peer != NULL && count + 1 < PEERS_MAX;
    }
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        ask_all(c, count, rows, rows + (size_t)ROWS * DIMS, (size_t)(ROWS * shares[i] / 100));
        show(c, count, shares[i]);
    }
    for (size_t i = 0; i < count; i++)
        c[i].p->close(c[i].peer);
    free(centres), free(rows);
}

/* ---- words */

static err
take_in(know *k, const grant *g, const struct peer_words *p, void *peer)
{
    AUTO(buf) page = BUF(1 << 20);
    for (size_t i = 0; i < PAGES; i++) {
        char name[32];
        enum know_change change;
        (void)snprintf(name, sizeof name, "page%zu", i);
        make_page(&page);
        const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
        TRY(know_add(k, g, &s, content_of(buf_str(&page), LABEL_BOTTOM), &change));
        p->add(peer, i, page.at, page.len);
    }
    return know_commit(k);
}

static err
ask_words(know *k, const grant *g, const struct peer_words *p, void *peer)
{
    double ours_ms[ASKED], theirs_ms[ASKED];
    for (size_t i = 0; i < ASKED; i++) {
        AUTO(buf) q = BUF(4096);
        AUTO(arena) *work = NULL;
        struct know_hits hits;
        uint32_t rows[TOP];
        TRY(arena_open((size_t)512 << 20, &work));
        for (size_t n = 0; n < ASKED_WORDS; n++)
            put_word(&q, random_word());
        buf_add_char(&q, 0);
        const struct know_ask ask = {.text = content_of(str_of(q.at), LABEL_BOTTOM), .most = TOP};
        double from = cpu_ms();
        TRY(know_search(k, g, &ask, work, &hits));
        ours_ms[i] = cpu_ms() - from;
        from = cpu_ms();
        (void)p->search(peer, q.at, TOP, rows);
        theirs_ms[i] = cpu_ms() - from;
    }
    qsort(ours_ms, ASKED, sizeof *ours_ms, by_size);
    qsort(theirs_ms, ASKED, sizeof *theirs_ms, by_size);
    printf(
        "bench know.peers.words.hoheit p50 %.3f ms p95 %.3f ms (typing errors forgiven, quotes)\n",
        ours_ms[ASKED / 2], ours_ms[ASKED * 95 / 100]);
    printf("bench know.peers.words.%s p50 %.3f ms p95 %.3f ms\n", p->name, theirs_ms[ASKED / 2],
           theirs_ms[ASKED * 95 / 100]);
    return OK;
}

static err
bench_words(const struct peer_words *p, const char *dir)
{
    AUTO(secret) key = {0};
    AUTO(arena) *a = NULL;
    AUTO(know) *k = NULL;
    policy *rules = NULL;
    const grant *g = NULL;
    void *const peer = p->open();
    ASSERT(peer);
    TRY(secret_get(&key, 32));
    TRY(arena_open((size_t)64 << 20, &a));
    TRY(make_grant(&rules, a, "offen", &g));
    TRY(know_create(dir, &key));
    TRY(know_open(dir, &key, &k));
    TRY(take_in(k, g, p, peer));
    TRY(ask_words(k, g, p, peer));
    p->close(peer);
    policy_free(rules);
    return OK;
}

int
main(int argc, char **argv)
{
    char dir[] = "/tmp/know-bench-XXXXXX", pages[64], command[64];
    setvbuf(stdout, NULL, _IOLBF, 0);
    void *const lib = argc > 1 ? dlopen(argv[1], RTLD_NOW) : NULL;
    if (!lib || !mkdtemp(dir)) {
        fprintf(stderr, "usage: know_peers_bench PEERS (tests/peer/know/build DIR makes it)\n");
        return 2;
    }
    (void)snprintf(pages, sizeof pages, "%s/pages", dir);
    bench_vectors(dlsym(lib, "know_peer_vectors"));
    const err e = bench_words(dlsym(lib, "know_peer_words"), pages);
    if (e.code)
        fprintf(stderr, "%s\n", err_trail());
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) == 0 && !e.code ? 0 : 1;
}
