/* SPDX-License-Identifier: EUPL-1.2 */
/* The promise: what a search answers is bit for bit the same whether or not documents above the
 * grant's ceiling are there. */
#include "know/know.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <unistd.h>

#include "know/day.h"
#include "os/clock.h"
#include "os/file.h"
#include "rig.h"

enum { STATES = 400, QUESTIONS = 25, ROUNDS = 20, LOW_DOCS = 24, HIGH_NAMES = 12 };

static const char *const words[] = {
    "Miete",         "Mietvertrag",  "Hundesteuer",   "Ausweis",     "Personalausweis",
    "Gebühr",        "Antrag",       "Urlaub",        "Anspruch",    "Urlaubsanspruch",
    "Kindergeld",    "Führerschein", "Fahrerlaubnis", "Arbeitgeber", "Kündigung",
    "Frist",         "Behörde",      "Bescheid",      "Widerspruch", "Wohnung",
    "Wohnungsgeber", "Lärm",         "Pflege",        "Geheimplan"};
static const char *const questions[] = {"Was kostet ein neuer Perso?",
                                        "urlabsanspruch nach Kündigung",
                                        "Lappen weg was tun",
                                        "Geheimplan",
                                        "Wohnungsgeberbestätigung",
                                        "hundesteuer gebuehr",
                                        "§ 2",
                                        "Wie lange Frist Bescheid",
                                        "Mietr kündigt",
                                        "geheimplen pflege"};

static const char *
random_text(struct rig *r, uint64_t mark)
{
    AUTO(buf) b = BUF(1 << 16);
    const int sections = 1 + (int)(test_random() % 3);
    buf_add_fmt(&b, "# Dokument %llu\n\n", (unsigned long long)mark);
    for (int s = 0; s < sections; s++) {
        buf_add_fmt(&b, "## %s %d\n\n", words[test_random() % 24], s);
        for (int n = (int)(test_random() % 40) + 1; n > 0; n--)
            buf_add_fmt(&b, "%s%s", words[test_random() % 24], n % 7 ? " " : ".\n\n");
        buf_add(&b, STR("\n\n"));
    }
    CHECK_OK(buf_end(&b));
    return arena_str(r->a, buf_str(&b)).at;
}

/* One of those above, or a few words, some with a letter left out. */
static const char *
random_question(struct rig *r)
{
    AUTO(buf) b = BUF(4096);
    if (test_random() % 3 == 0)
        return questions[test_random() % (sizeof questions / sizeof *questions)];
    for (int n = 1 + (int)(test_random() % 4); n > 0; n--) {
        const str w = str_of(words[test_random() % 24]);
        const size_t cut = test_random() % 3 ? w.len : (size_t)(test_random() % w.len);
        buf_add(&b, str_slice(w, 0, cut));
        buf_add(&b, str_slice(w, cut + 1, w.len));
        buf_add_char(&b, ' ');
    }
    return arena_str(r->a, buf_str(&b)).at;
}

static know *
open_fresh(struct rig *r)
{
    AUTO(secret) key = rig_key();
    know *k = NULL;
    const char *const dir = rig_dir(r, "know");
    CHECK_OK(know_create(dir, &key));
    CHECK_OK(know_open(dir, &key, &k));
    return k;
}

/* Adds, replaces or removes a few documents above "intern", under names of lower ones too. */
static void
stir_high(struct rig *r, know *k, const grant *top)
{
    static const char *const labels[] = {"VS-NfD", "VS-NfD//A", "intern//B", "offen//A,B"};
    const int changes = 1 + (int)(test_random() % 2);
    for (int i = 0; i < changes; i++) {
        const bool as_low = test_random() % 2;
        const char *const name = arena_fmt(r->a, "%s%llu", as_low ? "d" : "h",
                                           (unsigned long long)(test_random() % HIGH_NAMES))
                                     .at;
        const label l = rig_label(r, labels[test_random() % 4]);
        const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
        enum know_change change;
        CHECK_OK(
            know_add(k, top, &s, content_of(str_of(random_text(r, test_random())), l), &change));
    }
    if (test_random() % 3 == 0) {
        const str name = arena_fmt(r->a, "h%llu", (unsigned long long)(test_random() % HIGH_NAMES));
        const err e = know_remove(k, top, name);
        CHECK(!e.code || e.code == ERR_NOT_FOUND);
    }
    CHECK_OK(know_commit(k));
}

/* One lower collection; many changes above it; every question again after each. */
static void
run_round(int states)
{
    RIG(r);
    const char *asked[QUESTIONS];
    str before[QUESTIONS];
    know *const k = open_fresh(&r);
    const grant *const low = rig_grant(&r, "intern"), *const top = rig_grant(&r, "VS-NfD//A,B");
    for (int i = 0; i < LOW_DOCS; i++)
        rig_add(&r, k, arena_fmt(r.a, "d%d", i).at, i % 2 ? "offen" : "intern",
                random_text(&r, (uint64_t)i));
    CHECK_OK(know_commit(k));
    for (size_t q = 0; q < QUESTIONS; q++) {
        asked[q] = random_question(&r);
        before[q] = rig_answer(&r, k, low, asked[q]);
    }
    for (int t = 0; t < states; t++) {
        stir_high(&r, k, top);
        for (size_t q = 0; q < QUESTIONS; q++)
            CHECK(str_eq(rig_answer(&r, k, low, asked[q]), before[q]));
    }
    know_close(k);
}

TEST(ten_thousand_answers_below_change_no_byte_when_documents_above_do)
{
    for (int i = 0; i < ROUNDS; i++)
        run_round(STATES / ROUNDS);
}

/* ---- the same with vectors */

enum { DIMS = 128, LIKE_STATES = 40, LIKE_QUESTIONS = 10 };

/* A direction that hangs on the text alone. */
static void
vector_of(str text, float ret[DIMS])
{
    uint64_t x = 1469598103934665603u;
    double sum = 0;
    for (size_t i = 0; i < text.len; i++)
        x = (x ^ (unsigned char)text.at[i]) * 1099511628211u;
    for (int i = 0; i < DIMS; i++) {
        x = x * 6364136223846793005u + 1442695040888963407u;
        ret[i] = (float)(int)(x >> 40 & 0xff) - 100;
        sum += (double)ret[i] * (double)ret[i];
    }
    for (int i = 0; i < DIMS; i++)
        ret[i] = (float)((double)ret[i] / sqrt(sum));
}

static err
embed(void *ctx, const struct know_piece *p)
{
    float v[DIMS];
    vector_of(p->text, v);
    return know_vectors_add((know_vectors *)ctx, p->id, v);
}

static void
embed_all(know *k, const grant *g)
{
    AUTO(know_vectors) *v = NULL;
    size_t count = 0;
    CHECK_OK(know_vectors_new(DIMS, &v));
    CHECK_OK(know_pieces(k, g, embed, v));
    CHECK_OK(know_vectors_commit(k, g, v, &count));
    CHECK(count > 0);
}

TEST(answers_by_likeness_change_no_byte_either)
{
    RIG(r);
    str before[LIKE_QUESTIONS];
    const char *asked[LIKE_QUESTIONS];
    float like[LIKE_QUESTIONS][DIMS];
    know *const k = open_fresh(&r);
    const grant *const low = rig_grant(&r, "intern"), *const top = rig_grant(&r, "VS-NfD//A,B");
    for (int i = 0; i < 3 * LOW_DOCS; i++)
        rig_add(&r, k, arena_fmt(r.a, "d%d", i).at, i % 2 ? "offen" : "intern",
                random_text(&r, (uint64_t)i));
    CHECK_OK(know_commit(k));
    embed_all(k, low);
    for (size_t q = 0; q < LIKE_QUESTIONS; q++) {
        asked[q] = random_question(&r);
        vector_of(str_of(asked[q]), like[q]);
        before[q] = rig_answer_like(&r, k, low, asked[q], like[q], DIMS);
    }
    CHECK(!str_eq(before[0], rig_answer(&r, k, low, asked[0])));
    for (int t = 0; t < LIKE_STATES; t++) {
        stir_high(&r, k, top);
        if (t % 2)
            embed_all(k, top);
        for (size_t q = 0; q < LIKE_QUESTIONS; q++)
            CHECK(str_eq(rig_answer_like(&r, k, low, asked[q], like[q], DIMS), before[q]));
    }
    know_close(k);
}

/* ---- whoever may see less finds as well in what he sees */

enum { SWEEP_DOCS = 60, SWEEP_SECTIONS = 200, SWEEP_ROWS = SWEEP_DOCS * SWEEP_SECTIONS, TOP = 10 };

struct swept {
    str ids[SWEEP_ROWS];
    float rows[SWEEP_ROWS][DIMS];
    label labels[SWEEP_ROWS];
    size_t count;
    arena *a;
    know_vectors *v;
};

static err
embed_row(void *ctx, const struct know_piece *p)
{
    struct swept *const w = (struct swept *)ctx;
    const ptrdiff_t end = str_find_char(p->id, '#');
    ASSERT(w->count < SWEEP_ROWS && end > 0);
    w->ids[w->count] = arena_str(w->a, str_slice(p->id, 0, (size_t)end));
    w->labels[w->count] = p->label;
    vector_of(p->id, w->rows[w->count]);
    return know_vectors_add(w->v, p->id, w->rows[w->count++]);
}

static float
dot(const float *a, const float *b)
{
    float sum = 0;
    for (int i = 0; i < DIMS; i++)
        sum += a[i] * b[i];
    return sum;
}

/* The tenth best likeness among what `g` covers, by looking at all. */
static float
tenth_of(const struct swept *w, const grant *g, const float *q)
{
    float best[TOP];
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        const float like = dot(w->rows[i], q);
        if (!grant_covers(g, w->labels[i]) || (n == TOP && like <= best[TOP - 1]))
            continue;
        size_t at = n < TOP ? n++ : TOP - 1;
        for (; at && best[at - 1] < like; at--)
            best[at] = best[at - 1];
        best[at] = like;
    }
    CHECK_INT(n, ==, TOP);
    return best[TOP - 1];
}

static float
likeness_of(const struct swept *w, const struct know_hit *h, const float *q)
{
    char id[200];
    const int n = snprintf(id, sizeof id, "%.*s:%.*s", STR_FMT(h->doc), STR_FMT(h->section));
    for (size_t i = 0; i < w->count; i++)
        if (str_eq(w->ids[i], (str){id, (size_t)n}))
            return dot(w->rows[i], q);
    return -1;
}

static double
recall_of(const struct swept *w, know *k, const grant *g)
{
    enum { ASKED = 25 };
    size_t found = 0;
    for (uint64_t i = 0; i < ASKED; i++) {
        AUTO(arena) *a = NULL;
        struct know_hits hits = {0};
        float q[DIMS];
        vector_of((str){(const char *)&i, sizeof i}, q);
        const struct know_ask ask = {.text = content_of(STR("xyzzy"), LABEL_BOTTOM),
                                     .most = TOP,
                                     .vector = q,
                                     .dims = DIMS,
                                     .without_quotes = true};
        CHECK_OK(arena_open((size_t)16 << 20, &a));
        CHECK_OK(know_search(k, g, &ask, a, &hits));
        const float tenth = tenth_of(w, g, q) - 2e-3f; /* rows are kept in eight bits */
        for (size_t h = 0; h < hits.count; h++)
            found += likeness_of(w, &hits.at[h], q) >= tenth;
    }
    return (double)found / (ASKED * TOP);
}

static void
add_sections(struct rig *r, know *k, int number)
{
    AUTO(buf) b = BUF(1 << 16);
    const char *const label_text = number == 0   ? "offen"
                                   : number < 4  ? "intern"
                                   : number < 12 ? "VS-NfD"
                                                 : "VS-NfD//A";
    for (int i = 0; i < SWEEP_SECTIONS; i++)
        buf_add_fmt(&b, "# S%d\n\nwort\n\n", i);
    buf_add_char(&b, 0);
    CHECK_OK(buf_end(&b));
    rig_add(r, k, arena_fmt(r->a, "d%d", number).at, label_text, b.at);
}

TEST(recall_of_ten_is_that_of_looking_at_all_whatever_one_may_see)
{
    static const char *const clearances[] = {"offen", "intern", "VS-NfD", "VS-NfD//A"};
    RIG(r);
    AUTO(know_vectors) *v = NULL;
    struct swept *const w = calloc(1, sizeof *w);
    size_t count = 0, units_before = 0;
    know *const k = open_fresh(&r);
    for (int d = 0; d < SWEEP_DOCS; d++)
        add_sections(&r, k, d);
    CHECK_OK(know_commit(k));
    CHECK_OK(know_vectors_new(DIMS, &v));
    w->a = r.a;
    w->v = v;
    CHECK_OK(know_pieces(k, rig_grant(&r, "VS-NfD//A"), embed_row, w));
    CHECK_OK(know_vectors_commit(k, rig_grant(&r, "VS-NfD//A"), v, &count));
    CHECK_INT(count, ==, SWEEP_ROWS);
    for (size_t i = 0; i < 4; i++) {
        const grant *const g = rig_grant(&r, clearances[i]);
        struct know_stat s = {0};
        CHECK_OK(know_stat(k, g, &s));
        CHECK(s.units > units_before);
        units_before = s.units;
        const double recall = recall_of(w, k, g);
        printf("# recall %s %.3f\n", clearances[i], recall);
        CHECK(recall >= 0.99);
    }
    CHECK_INT(units_before, ==, SWEEP_ROWS);
    know_close(k);
    free(w);
}

/* ---- what can be measured from outside: work, not time, so that it is the same number each run */

struct work {
    long asks;                       /* allocations and system calls */
    unsigned long long bytes, calls; /* read, as the kernel counts */
    size_t answer;
};

/* The number behind a name in /proc/self/io. */
static unsigned long long
count_in(const char *text, const char *name)
{
    const char *const at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void
read_counts(struct work *w, size_t *ret_len)
{
    char text[512] = "";
    AUTO(fd) f = open("/proc/self/io", O_RDONLY | O_CLOEXEC);
    const ssize_t n = read(f, text, sizeof text - 1);
    CHECK(n > 0);
    w->bytes = count_in(text, "rchar: ");
    w->calls = count_in(text, "syscr: ");
    *ret_len = n > 0 ? (size_t)n : 0; /* counts in the next reading */
}

/* A search in a collection that was just opened: what it reads, asks for and gives. */
static struct work
work_of(const char *dir, const grant *g, const char *question)
{
    AUTO(secret) key = rig_key();
    AUTO(arena) *a = NULL;
    AUTO(know) *k = NULL;
    struct know_hits hits;
    struct work from = {0}, to = {0};
    const struct know_ask ask = {.text = content_of(str_of(question), LABEL_BOTTOM), .most = 20};
    size_t len, last;
    CHECK_OK(know_open(dir, &key, &k));
    CHECK_OK(arena_open((size_t)16 << 20, &a));
    read_counts(&from, &len);
    fault_arm(LONG_MAX);
    CHECK_OK(know_search(k, g, &ask, a, &hits));
    to.asks = LONG_MAX - fault_left();
    fault_arm(0);
    read_counts(&to, &last);
    to.bytes -= from.bytes + len;
    to.calls -= from.calls;
    to.answer = arena_used(a);
    return to;
}

static bool
is_same_work(const struct work *a, const struct work *b)
{
    return a->asks == b->asks && a->bytes == b->bytes && a->calls == b->calls &&
           a->answer == b->answer;
}

TEST(a_search_does_the_same_work_whatever_lies_above)
{
    RIG(r);
    AUTO(secret) key = rig_key();
    AUTO(know) *k = NULL;
    const char *asked[6];
    struct work before[6];
    const char *const dir = rig_dir(&r, "know");
    const grant *const low = rig_grant(&r, "intern"), *const top = rig_grant(&r, "VS-NfD//A,B");
    NEED_OK(know_create(dir, &key));
    NEED_OK(know_open(dir, &key, &k));
    for (int i = 0; i < LOW_DOCS; i++)
        rig_add(&r, k, arena_fmt(r.a, "d%d", i).at, i % 2 ? "offen" : "intern",
                random_text(&r, (uint64_t)i));
    CHECK_OK(know_commit(k));
    for (size_t q = 0; q < 6; q++) {
        asked[q] = random_question(&r);
        before[q] = work_of(dir, low, asked[q]);
        CHECK(before[q].asks > 0 && before[q].bytes > 0);
    }
    for (int t = 0; t < 60; t++) {
        stir_high(&r, k, top);
        for (size_t q = 0; q < 6; q++) {
            const struct work now = work_of(dir, low, asked[q]);
            CHECK(is_same_work(&now, &before[q]));
        }
    }
    /* The measure can tell: who is cleared reads more. */
    const struct work more = work_of(dir, top, asked[0]);
    CHECK(more.bytes > before[0].bytes && more.asks > before[0].asks);
}

TEST(whoever_is_cleared_does_see_the_change)
{
    RIG(r);
    know *const k = open_fresh(&r);
    const grant *const top = rig_grant(&r, "VS-NfD//A,B"), *const low = rig_grant(&r, "intern");
    rig_add(&r, k, "a", "offen", "# A\n\nMiete\n");
    CHECK_OK(know_commit(k));
    const str before = rig_answer(&r, k, top, "Miete"), below = rig_answer(&r, k, low, "Miete");
    rig_add(&r, k, "b", "VS-NfD", "# B\n\nMiete Miete\n");
    CHECK_OK(know_commit(k));
    CHECK(!str_eq(before, rig_answer(&r, k, top, "Miete")));
    CHECK_STR(rig_answer(&r, k, low, "Miete"), below);
    know_close(k);
}

TEST(counts_are_those_of_what_one_may_see)
{
    RIG(r);
    know *const k = open_fresh(&r);
    struct know_stat s;
    rig_add(&r, k, "a", "offen", "# A\n\nMiete\n");
    rig_add(&r, k, "b", "intern", "# B\n\nHund\n");
    rig_add(&r, k, "c", "VS-NfD//A", "# C\n\nKatze\n");
    CHECK_OK(know_commit(k));
    CHECK_OK(know_stat(k, rig_grant(&r, "offen"), &s));
    CHECK_INT(s.documents, ==, 1);
    CHECK_OK(know_stat(k, rig_grant(&r, "VS-NfD"), &s));
    CHECK_INT(s.documents, ==, 2);
    CHECK_OK(know_stat(k, rig_grant(&r, "VS-NfD//A"), &s));
    CHECK_INT(s.documents, ==, 3);
    CHECK_INT(s.labels, ==, 3);
    know_close(k);
}

TEST(a_reader_takes_up_what_another_committed)
{
    RIG(r);
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(&r, "know");
    know *writer = NULL, *reader = NULL;
    struct know_stat s;
    NEED_OK(know_create(dir, &key));
    NEED_OK(know_open(dir, &key, &writer));
    NEED_OK(know_open(dir, &key, &reader));
    rig_add(&r, writer, "a", "offen", "# A\n\nMiete\n");
    CHECK_OK(know_commit(writer));
    CHECK_OK(know_stat(reader, rig_grant(&r, "offen"), &s));
    CHECK_INT(s.documents, ==, 0);
    CHECK_OK(know_refresh(reader));
    CHECK_OK(know_stat(reader, rig_grant(&r, "offen"), &s));
    CHECK_INT(s.documents, ==, 1);
    know_close(reader);
    know_close(writer);
}

TEST(a_wrong_key_opens_nothing)
{
    RIG(r);
    AUTO(secret) key = rig_key();
    know *k = NULL;
    const char *const dir = rig_dir(&r, "know");
    NEED_OK(know_create(dir, &key));
    key.at[31] ^= 1;
    CHECK_ERR(know_open(dir, &key, &k), CORRUPT);
    CHECK(!k);
    CHECK_ERR(know_open("/nonexistent/wissen", &key, &k), NOT_FOUND);
}

static bool
is_wanted(void *ctx, str doc)
{
    return str_eq(doc, str_of(ctx));
}

TEST(documents_that_do_not_fit_do_not_answer_and_change_no_score)
{
    RIG(r);
    know *k = open_fresh(&r);
    struct know_hits all, some;
    rig_add(&r, k, "hund", "offen", "# Hund\n\nDie Steuer beträgt 96 Euro.\n");
    rig_add(&r, k, "katze", "offen", "# Katze\n\nKeine Steuer.\n");
    NEED_OK(know_commit(k));
    struct know_ask q = {.text = content_of(STR("Steuer Euro"), LABEL_BOTTOM), .most = 10};
    NEED_OK(know_search(k, rig_grant(&r, "offen"), &q, r.a, &all));
    NEED(all.count == 2);
    char name[] = "katze";
    q.fits = is_wanted;
    q.ctx = name;
    NEED_OK(know_search(k, rig_grant(&r, "offen"), &q, r.a, &some));
    NEED(some.count == 1);
    CHECK_STR(some.at[0].doc, STR("katze"));
    CHECK(some.at[0].score == all.at[1].score);
    name[0] = 'x';
    NEED_OK(know_search(k, rig_grant(&r, "offen"), &q, r.a, &some));
    CHECK_INT(some.count, ==, 0);
    know_close(k);
}

TEST(a_search_answers_for_a_day_and_else_for_today)
{
    RIG(r);
    know *k = open_fresh(&r);
    struct know_hits hits;
    rig_add(&r, k, "alt", "offen", "---\nvalid_to: 2025-12-31\n---\n# A\n\nDie Steuer: 90 Euro.\n");
    rig_add(&r, k, "neu", "offen",
            "---\nvalid_from: 2026-01-01\n---\n# A\n\nDie Steuer: 96 Euro.\n");
    NEED_OK(know_commit(k));
    struct know_ask q = {.text = content_of(STR("Steuer"), LABEL_BOTTOM), .most = 10};
    static const struct {
        uint32_t day;
        size_t count;
        const char *first;
    } rows[] = {{20251231, 1, "alt"},
                {20260101, 1, "neu"},
                {19700101, 1, "alt"},
                {DAY_ANY, 2, "alt"},
                {0, 1, "neu"}};
    clock_fix(1, INT64_C(1780000000000)); /* in 2026 */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        q.day = rows[i].day;
        NEED_OK(know_search(k, rig_grant(&r, "offen"), &q, r.a, &hits));
        NEED(hits.count == rows[i].count);
        CHECK_STR(hits.at[0].doc, str_of(rows[i].first));
    }
    clock_free();
    CHECK_INT(hits.at[0].valid_from, ==, 20260101);
    know_close(k);
}

TEST(a_passage_says_its_pages)
{
    RIG(r);
    know *k = open_fresh(&r);
    struct know_hits hits;
    rig_add(&r, k, "d", "offen", "# T\n\n\f\n## Steuer\n\n96 Euro.\n\n\f\nWeiter.\n");
    NEED_OK(know_commit(k));
    const struct know_ask q = {.text = content_of(STR("Steuer"), LABEL_BOTTOM), .most = 10};
    NEED_OK(know_search(k, rig_grant(&r, "offen"), &q, r.a, &hits));
    NEED(hits.count == 1);
    CHECK(hits.at[0].page == 2 && hits.at[0].page_to == 3);
    know_close(k);
}
