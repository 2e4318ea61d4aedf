/* SPDX-License-Identifier: EUPL-1.2 */
/* know_bench.c - retrieval on one core: a million vectors searched by their codes, how that goes
 * when less and less may be seen, how fast Markdown is taken in, how long a question takes, and
 * whether that time tells of documents one may not see (two samples, compared by their ranks).
 * Vectors are random around random centres, pages are random words; the seed is fixed. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "know/know.h"
#include "know/near/vector.h"
#include "policy/policy.h"
#include "world.h"

enum {
    ROWS = 1000000,
    SEGMENTS = 1000,
    QUERIES = 100,
    TOP = 10,
    RESCORE = 4000 /* as know_search has it */
};
enum { TIMED = 2000, TIMED_PAGES = 500 };
enum { PAGES = 10000, ASKED = 300 };

static void
show_ms(const char *name, double *ms, size_t count, double goal)
{
    qsort(ms, count, sizeof *ms, by_size);
    const double p50 = ms[count / 2], p95 = ms[count * 95 / 100];
    printf("bench know.%s.p50 %.2f ms\n", name, p50);
    printf("bench know.%s.p95 %.2f ms goal <= %.0f %s\n", name, p95, goal,
           p95 <= goal ? "ok" : "short");
}

/* ---- vectors */

struct world {
    float *centres, *rows, *queries;
    uint32_t *owners;
};

static void
make_world(struct world *w)
{
    w->centres = malloc((size_t)CENTRES * DIMS * sizeof(float));
    w->rows = malloc((size_t)ROWS * DIMS * sizeof(float));
    w->queries = malloc((size_t)QUERIES * DIMS * sizeof(float));
    w->owners = malloc((size_t)ROWS * sizeof(uint32_t));
    ASSERT(w->centres && w->rows && w->queries && w->owners);
    for (size_t i = 0; i < (size_t)CENTRES * DIMS; i++)
        w->centres[i] = noise() + 0.7f;
    for (size_t i = 0; i < ROWS; i++) {
        random_row(w->centres, w->rows + i * DIMS);
        w->owners[i] = (uint32_t)i;
    }
    for (size_t i = 0; i < QUERIES; i++)
        random_row(w->centres, w->queries + i * DIMS);
}

static int
by_likeness(const void *a, const void *b)
{
    const struct vector_hit *const x = a, *const y = b;
    return x->likeness != y->likeness ? (x->likeness < y->likeness ? 1 : -1)
                                      : (x->row > y->row) - (x->row < y->row);
}

/* The best TOP of some segments, as a search over labels merges them. */
static size_t
search_some(const struct vectors *v, size_t count, const float *q, size_t rescore,
            struct vector_hit *ret)
{
    static struct vector_hit all[SEGMENTS * TOP];
    AUTO(arena) *a = NULL;
    const struct vector_query *asked = NULL;
    size_t n = 0, rows = 0;
    ASSERT(!arena_open((size_t)64 << 20, &a).code);
    ASSERT(!vectors_ask(a, q, DIMS, &asked).code);
    for (size_t i = 0; i < count; i++)
        rows += v[i].count;
    for (size_t i = 0; i < count; i++) {
        struct vector_hits hits = {.at = all + n};
        const struct vector_bounds b = {.most = TOP,
                                        .rescore = rescore * v[i].count / rows + TOP,
                                        .by_codes = rows > VECTOR_EXACT};
        ASSERT(!vectors_search(a, &v[i], asked, &b, &hits).code);
        for (size_t k = 0; k < hits.count; k++)
            all[n + k].row = v[i].owners[all[n + k].row];
        n += hits.count;
    }
    qsort(all, n, sizeof *all, by_likeness);
    memcpy(ret, all, TOP * sizeof *ret);
    return n < TOP ? n : TOP;
}

/* How many of the true best TOP among the first `rows` rows were found, as a share. */
static double
recall_of(const struct world *w, size_t rows, const float *q, const struct vector_hit *got)
{
    float best[TOP];
    size_t n = 0, found = 0;
    for (size_t i = 0; i < rows; i++) {
        float dot = 0;
        for (int k = 0; k < DIMS; k++)
            dot += w->rows[i * DIMS + (size_t)k] * q[k];
        size_t at = n < TOP ? n++ : TOP - 1;
        if (n == TOP && at == TOP - 1 && i >= TOP && dot <= best[at])
            continue;
        for (; at && best[at - 1] < dot; at--)
            best[at] = best[at - 1];
        best[at] = dot;
    }
    for (size_t k = 0; k < TOP; k++) {
        float dot = 0;
        for (int i = 0; i < DIMS; i++)
            dot += w->rows[(size_t)got[k].row * DIMS + (size_t)i] * q[i];
        found += dot >= best[TOP - 1] - 1e-3f;
    }
    return (double)found / TOP;
}

static void
sweep(const struct world *w, const struct vectors *v, size_t count, const char *name, double goal)
{
    double ms[QUERIES], cpu[QUERIES], recall = 0;
    char cpu_name[64];
    const size_t rows = count == 1 && v[0].count == ROWS ? ROWS : count * (ROWS / SEGMENTS);
    for (size_t i = 0; i < QUERIES; i++) {
        struct vector_hit hits[TOP];
        const double from = now_ms(), cpu_from = cpu_ms();
        (void)search_some(v, count, w->queries + i * DIMS, RESCORE, hits);
        ms[i] = now_ms() - from;
        cpu[i] = cpu_ms() - cpu_from;
        if (i < 10)
            recall += recall_of(w, rows, w->queries + i * DIMS, hits) / 10;
    }
    show_ms(name, ms, QUERIES, goal);
    (void)snprintf(cpu_name, sizeof cpu_name, "%s.cpu", name);
    show_ms(cpu_name, cpu, QUERIES, goal);
    printf("bench know.%s.recall@10 %.3f goal >= 0.99 %s\n", name, recall,
           recall >= 0.99 ? "ok" : "short");
}

static err
bench_vectors(void)
{
    static struct vectors v[SEGMENTS];
    static buf bytes[SEGMENTS];
    struct world w;
    struct vectors one;
    buf whole = BUF((size_t)4 << 30);
    make_world(&w);
    TRY(vectors_make(w.rows, w.owners, ROWS, DIMS, &whole));
    TRY(vectors_view(buf_str(&whole), &one));
    printf("# %d vectors of %d dimensions, kernel %s\n", ROWS, DIMS, one.kernel->name);
    sweep(&w, &one, 1, "vector.1m", 6);
    buf_done(&whole);
    for (size_t i = 0; i < SEGMENTS; i++) {
        const size_t n = ROWS / SEGMENTS;
        bytes[i] = BUF((size_t)64 << 20);
        TRY(vectors_make(w.rows + i * n * DIMS, w.owners + i * n, n, DIMS, &bytes[i]));
        TRY(vectors_view(buf_str(&bytes[i]), &v[i]));
    }
    static const struct {
        size_t segments;
        const char *name;
    } steps[] = {{1000, "cleared.100%"}, {500, "cleared.50%"}, {100, "cleared.10%"},
                 {30, "cleared.3%"},     {10, "cleared.1%"},   {1, "cleared.0.1%"}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        sweep(&w, v, steps[i].segments, steps[i].name, 10);
    for (size_t i = 0; i < SEGMENTS; i++)
        buf_done(&bytes[i]);
    free(w.centres), free(w.rows), free(w.queries), free(w.owners);
    return OK;
}

/* ---- pages and questions */

static err
take_in(know *k, const grant *g)
{
    AUTO(buf) page = BUF(1 << 20);
    uint64_t bytes = 0;
    double ms = 0;
    for (int i = 0; i < PAGES; i++) {
        char name[32];
        enum know_change change;
        (void)snprintf(name, sizeof name, "page%d", i);
        make_page(&page);
        bytes += page.len;
        const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
        const double from = now_ms();
        TRY(know_add(k, g, &s, content_of(buf_str(&page), LABEL_BOTTOM), &change));
        ms += now_ms() - from;
    }
    const double from = now_ms();
    TRY(know_commit(k));
    ms += now_ms() - from;
    const double rate = PAGES / ms * 1000;
    printf("# %d pages, %.1f MB\n", PAGES, (double)bytes / 1e6);
    printf("bench know.ingest %.0f pages/s goal >= 200 %s\n", rate, rate >= 200 ? "ok" : "short");
    return OK;
}

static err
bench_pages(const char *dir)
{
    AUTO(secret) key = {0};
    AUTO(arena) *a = NULL, *work = NULL;
    AUTO(know) *k = NULL;
    policy *p = NULL;
    const grant *g = NULL;
    double ms[ASKED];
    TRY(secret_get(&key, 32));
    TRY(arena_open((size_t)64 << 20, &a));
    TRY(arena_open((size_t)512 << 20, &work));
    TRY(make_grant(&p, a, "offen", &g));
    TRY(know_create(dir, &key));
    TRY(know_open(dir, &key, &k));
    TRY(take_in(k, g));
    for (int i = 0; i < ASKED; i++) {
        AUTO(buf) q = BUF(4096);
        struct know_hits hits;
        for (int n = 0; n < 6; n++)
            put_word(&q, random_word());
        const struct know_ask ask = {.text = content_of(buf_str(&q), LABEL_BOTTOM), .most = 10};
        arena_reset(work);
        const double from = now_ms();
        TRY(know_search(k, g, &ask, work, &hits));
        ms[i] = now_ms() - from;
    }
    show_ms("words.10k-pages", ms, ASKED, 50);
    policy_free(p);
    return OK;
}

/* ---- does the time tell? */

struct timed {
    double ms;
    bool is_both;
};

static int
by_time(const void *a, const void *b)
{
    return by_size(&((const struct timed *)a)->ms, &((const struct timed *)b)->ms);
}

/* Mann, Whitney 1947: how far the sum of one sample's ranks is from what chance would give, in
 * standard deviations. */
static double
rank_z(struct timed *all, size_t count)
{
    double sum = 0;
    const double n = (double)count / 2;
    qsort(all, count, sizeof *all, by_time);
    for (size_t i = 0; i < count; i++)
        sum += all[i].is_both ? (double)i + 1 : 0;
    const double u = sum - n * (n + 1) / 2;
    return (u - n * n / 2) / sqrt(n * n * (2 * n + 1) / 12);
}

static double
median_of(const struct timed *sorted, size_t count, bool is_both)
{
    size_t seen = 0;
    for (size_t i = 0; i < count; i++)
        if (sorted[i].is_both == is_both && ++seen > count / 4)
            return sorted[i].ms;
    return 0;
}

static err
add_pages(know *k, const grant *g, const char *prefix, label l)
{
    AUTO(buf) page = BUF(1 << 20);
    for (int i = 0; i < TIMED_PAGES; i++) {
        char name[32];
        enum know_change change;
        (void)snprintf(name, sizeof name, "%s%d", prefix, i);
        make_page(&page);
        const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
        TRY(know_add(k, g, &s, content_of(buf_str(&page), l), &change));
    }
    return know_commit(k);
}

static err
time_one(know *k, const grant *g, str question, double *ret)
{
    AUTO(arena) *work = NULL;
    struct know_hits hits;
    const struct know_ask ask = {.text = content_of(question, LABEL_BOTTOM), .most = 10};
    TRY(arena_open((size_t)64 << 20, &work));
    const double from = cpu_ms();
    TRY(know_search(k, g, &ask, work, &hits));
    *ret = cpu_ms() - from;
    return OK;
}

/* k[1] holds as many documents again above what `low` may see. */
static err
compare_times(know *const k[2], const grant *low)
{
    static struct timed all[2 * TIMED];
    for (size_t i = 0; i < TIMED; i++) {
        AUTO(buf) q = BUF(4096);
        const size_t first = random_u64() >> 63;
        for (int n = 0; n < 6; n++)
            put_word(&q, random_word());
        for (size_t turn = 0; turn < 2; turn++) {
            const size_t which = turn ^ first;
            struct timed *const t = &all[2 * i + turn];
            t->is_both = which == 1;
            TRY(time_one(k[which], low, buf_str(&q), &t->ms));
        }
    }
    const double z = rank_z(all, 2 * TIMED);
    const double without = median_of(all, 2 * TIMED, false), with = median_of(all, 2 * TIMED, true);
    printf("bench know.timing.z %.2f goal <= 3 %s\n", fabs(z), fabs(z) <= 3 ? "ok" : "short");
    printf("bench know.timing.medians %.4f ms without, %.4f ms with (%+.2f %%)\n", without, with,
           100 * (with / without - 1));
    return OK;
}

static err
open_timed(const char *dir, const secret *key, const grant *top, label high, know **ret)
{
    state = 7; /* the same pages below in both */
    TRY(know_create(dir, key));
    TRY(know_open(dir, key, ret));
    TRY(add_pages(*ret, top, "page", LABEL_BOTTOM));
    return label_eq(high, LABEL_BOTTOM) ? OK : add_pages(*ret, top, "page", high);
}

static err
bench_timing(const char *dir)
{
    AUTO(secret) key = {0};
    AUTO(arena) *a = NULL;
    AUTO(know) *without = NULL, *with = NULL;
    policy *p = NULL;
    label high = LABEL_BOTTOM;
    const grant *low = NULL, *top = NULL;
    char path[64];
    TRY(secret_get(&key, 32));
    TRY(arena_open((size_t)64 << 20, &a));
    TRY(make_grant(&p, a, "offen", &low));
    TRY(make_grant(&p, a, "offen//A", &top));
    TRY(label_parse(policy_names(p), STR("offen//A"), &high));
    (void)snprintf(path, sizeof path, "%s/without", dir);
    TRY(open_timed(path, &key, top, LABEL_BOTTOM, &without));
    (void)snprintf(path, sizeof path, "%s/with", dir);
    TRY(open_timed(path, &key, top, high, &with));
    know *const both[2] = {without, with};
    TRY(compare_times(both, low));
    policy_free(p);
    return OK;
}

int
main(int argc, char **argv)
{
    char dir[] = "/tmp/know-bench-XXXXXX", command[64];
    if (!mkdtemp(dir))
        return 1;
    const char *const only = argc > 1 ? argv[1] : "";
    char pages[64];
    (void)snprintf(pages, sizeof pages, "%s/pages", dir);
    err e = *only ? OK : bench_vectors();
    if (!e.code && strcmp(only, "timing") != 0)
        e = bench_pages(pages);
    if (!e.code && strcmp(only, "pages") != 0)
        e = bench_timing(dir);
    if (e.code)
        fprintf(stderr, "%s\n", err_trail());
    (void)snprintf(command, sizeof command, "rm -r %s", dir);
    return system(command) == 0 && !e.code ? 0 : 1;
}
