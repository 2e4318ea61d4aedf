/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

enum { DIMS = 16 };

static know *
filled(struct rig *r)
{
    AUTO(secret) key = rig_key();
    AUTO(buf) b = BUF(1 << 16);
    know *k = NULL;
    const char *const dir = rig_dir(r, "know");
    CHECK_OK(know_create(dir, &key));
    CHECK_OK(know_open(dir, &key, &k));
    buf_add(&b, STR("# Langes\n\n"));
    for (int i = 0; i < 400; i++)
        buf_add_fmt(&b, "wort%d ", i);
    buf_add_char(&b, 0);
    rig_add(r, k, "lang", "offen", b.at);
    rig_add(r, k, "kurz", "offen", "# Kurzes\n\nHund und Katze\n");
    rig_add(r, k, "hoch", "VS-NfD", "# Hohes\n\nAdler\n");
    CHECK_OK(know_commit(k));
    return k;
}

/* A direction of its own for each id. */
static void
vector_of(str id, float v[DIMS])
{
    uint64_t h = 1469598103934665603u;
    for (size_t i = 0; i < id.len; i++)
        h = (h ^ (uint8_t)id.at[i]) * 1099511628211u;
    for (size_t i = 0; i < DIMS; i++)
        v[i] = 0;
    v[h % DIMS] = 0.8f;
    v[(h / DIMS) % DIMS] += 0.6f;
}

struct seen {
    know_vectors *v;
    size_t count, longest;
    bool saw_high;
    char last[64];
};

static err
see(void *ctx, const struct know_piece *p)
{
    struct seen *const s = ctx;
    float v[DIMS];
    size_t words = 0;
    for (size_t i = 0; i < p->text.len; i++)
        words += p->text.at[i] == ' ';
    s->longest = words > s->longest ? words : s->longest;
    s->count++;
    s->saw_high |= str_starts(p->id, STR("hoch"));
    if (str_starts(p->id, STR("kurz")))
        (void)str_copy(p->text, s->last, sizeof s->last);
    vector_of(p->id, v);
    return s->v ? know_vectors_add(s->v, p->id, v) : OK;
}

TEST(long_units_give_three_pieces_that_overlap)
{
    RIG(r);
    know *const k = filled(&r);
    struct seen s = {0};
    CHECK_OK(know_pieces(k, rig_grant(&r, "intern"), see, &s));
    CHECK_INT(s.count, ==, 4);
    CHECK(s.longest >= 110 && s.longest <= 114);
    CHECK_STR(str_of(s.last), STR("Kurzes Kurzes Hund und Katze"));
    CHECK(!s.saw_high);
    CHECK_OK(know_pieces(k, rig_grant(&r, "VS-NfD"), see, &s));
    CHECK(s.saw_high);
    know_close(k);
}

struct ids {
    str at[2];
    size_t count;
    arena *a;
};

static err
note_id(void *ctx, const struct know_piece *p)
{
    struct ids *const l = ctx;
    if (l->count < 2)
        l->at[l->count] = arena_str(l->a, p->id);
    l->count++;
    return OK;
}

/* Or the vector of what lies above would be given to what lies below. */
TEST(pieces_of_the_same_name_under_two_labels_have_two_ids)
{
    RIG(r);
    AUTO(secret) key = rig_key();
    AUTO(know) *k = NULL;
    struct ids l = {.a = r.a};
    const char *const dir = rig_dir(&r, "know");
    NEED_OK(know_create(dir, &key));
    NEED_OK(know_open(dir, &key, &k));
    rig_add(&r, k, "d", "offen", "# A\n\nHund\n");
    rig_add(&r, k, "d", "VS-NfD", "# A\n\nKatze\n");
    CHECK_OK(know_commit(k));
    CHECK_OK(know_pieces(k, rig_grant(&r, "VS-NfD"), note_id, &l));
    NEED(l.count == 2);
    CHECK_STR(l.at[0], STR("d:A#0"));
    CHECK(!str_eq(l.at[0], l.at[1]));
    CHECK(str_starts(l.at[1], STR("d:A#0@")));
}

static struct know_hits
ask(struct rig *r, know *k, const char *clearance, str like)
{
    struct know_hits hits = {0};
    float v[DIMS];
    vector_of(like, v);
    const struct know_ask q = {
        .text = content_of(STR("xyzzy"), LABEL_BOTTOM), .most = 5, .vector = v, .dims = DIMS};
    CHECK_OK(know_search(k, rig_grant(r, clearance), &q, r->a, &hits));
    return hits;
}

TEST(a_vector_finds_what_no_word_does)
{
    RIG(r);
    know *const k = filled(&r);
    AUTO(know_vectors) *v = NULL;
    struct seen s = {0};
    size_t count = 0;
    NEED_OK(know_vectors_new(DIMS, &v));
    s.v = v;
    CHECK_OK(know_pieces(k, rig_grant(&r, "intern"), see, &s));
    CHECK_OK(know_vectors_commit(k, rig_grant(&r, "intern"), v, &count));
    CHECK_INT(count, ==, 4);
    const struct know_hits hits = ask(&r, k, "intern", STR("kurz:Kurzes#0"));
    NEED(hits.count >= 1);
    CHECK_STR(hits.at[0].doc, STR("kurz"));
    know_close(k);
}

TEST(vectors_move_with_their_documents_when_segments_are_written_anew)
{
    RIG(r);
    know *const k = filled(&r);
    AUTO(know_vectors) *v = NULL;
    struct seen s = {0};
    struct know_stat stat;
    size_t count = 0;
    NEED_OK(know_vectors_new(DIMS, &v));
    s.v = v;
    CHECK_OK(know_pieces(k, rig_grant(&r, "VS-NfD"), see, &s));
    CHECK_OK(know_vectors_commit(k, rig_grant(&r, "VS-NfD"), v, &count));
    CHECK_OK(know_remove(k, rig_grant(&r, "intern"), STR("lang")));
    rig_add(&r, k, "neu", "offen", "# Neues\n\nVogel\n");
    CHECK_OK(know_commit(k));
    CHECK_OK(know_stat(k, rig_grant(&r, "intern"), &stat));
    CHECK_INT(stat.vectors, ==, 1);
    const struct know_hits hits = ask(&r, k, "intern", STR("kurz:Kurzes#0"));
    NEED(hits.count >= 1);
    CHECK_STR(hits.at[0].doc, STR("kurz"));
    know_close(k);
}

TEST(a_grant_that_does_not_cover_leaves_vectors_alone)
{
    RIG(r);
    know *const k = filled(&r);
    AUTO(know_vectors) *v = NULL, *none = NULL;
    struct seen s = {0};
    struct know_stat stat;
    size_t count = 0;
    NEED_OK(know_vectors_new(DIMS, &v));
    NEED_OK(know_vectors_new(DIMS, &none));
    s.v = v;
    CHECK_OK(know_pieces(k, rig_grant(&r, "VS-NfD"), see, &s));
    CHECK_OK(know_vectors_commit(k, rig_grant(&r, "VS-NfD"), v, &count));
    CHECK_OK(know_vectors_commit(k, rig_grant(&r, "intern"), none, &count));
    CHECK_INT(count, ==, 0);
    CHECK_OK(know_stat(k, rig_grant(&r, "VS-NfD"), &stat));
    CHECK_INT(stat.vectors, ==, 1);
    know_close(k);
}

TEST(odd_dimensions_are_refused_and_other_ones_ignored)
{
    RIG(r);
    know_vectors *v = NULL;
    CHECK_ERR(know_vectors_new(0, &v), ARGUMENT);
    CHECK_ERR(know_vectors_new(12, &v), ARGUMENT);
    CHECK_ERR(know_vectors_new(8192, &v), ARGUMENT);
    know *const k = filled(&r);
    struct know_hits hits;
    const float q[8] = {1};
    const struct know_ask a = {
        .text = content_of(STR("Hund"), LABEL_BOTTOM), .most = 5, .vector = q, .dims = 8};
    CHECK_OK(know_search(k, rig_grant(&r, "offen"), &a, r.a, &hits));
    CHECK_INT(hits.count, ==, 1);
    know_close(k);
}
