/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/bridge.h"

#include "rig.h"

enum { DIMS = 8 };

/* A space in which a word's meaning is a dimension: "hund" 1, "pass" 2, all others 3; 0 is what
 * all words share. */
static void
embed(str text, float v[DIMS])
{
    memset(v, 0, DIMS * sizeof *v);
    v[0] = 0.8f;
    v[str_find(text, STR("und")) >= 0 ? 1 : str_find(text, STR("pass")) >= 0 ? 2 : 3] = 0.6f;
}

static err
add(void *ctx, const struct know_piece *p)
{
    float v[DIMS];
    embed(p->text, v);
    return know_vectors_add((know_vectors *)ctx, p->id, v);
}

static void
embed_all(know *k, const grant *g, bool words)
{
    AUTO(know_vectors) *v = NULL;
    size_t count = 0;
    CHECK_OK(know_vectors_new(DIMS, &v));
    CHECK_OK(know_pieces(k, g, add, v));
    if (words)
        CHECK_OK(know_words(k, g, add, v));
    CHECK_OK(know_vectors_commit(k, g, v, &count));
    CHECK(count > 0);
}

static know *
make(struct rig *r)
{
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(r, "bridge");
    know *k = NULL;
    CHECK_OK(know_create(dir, &key));
    CHECK_OK(know_open(dir, &key, &k));
    rig_add(r, k, "a", "offen",
            "# Satzung\n\n## § 1 Hunde\n\nHunde und Hunde: Hunde kosten Steuer, Steuer, Steuer.\n");
    rig_add(r, k, "b", "offen",
            "# Satzung\n\n## § 2 Pass\n\nReisepass, Reisepass: der Reisepass kostet.\n");
    rig_add(r, k, "c", "VS-NfD", "# Satzung\n\n## § 3 Rund\n\nRundfunk, Rundfunk, Rundfunk.\n");
    CHECK_OK(know_commit(k));
    return k;
}

static struct know_hits
search(struct rig *r, know *k, const char *clearance, const char *meant)
{
    struct know_hits hits = {0};
    float q[DIMS] = {1}, word[DIMS];
    embed(str_of(meant), word);
    const struct know_ask ask = {.text = content_of(STR("quid canis"), LABEL_BOTTOM),
                                 .most = 5,
                                 .vector = q,
                                 .dims = DIMS,
                                 .bridge = {word, 1}};
    CHECK_OK(know_search(k, rig_grant(r, clearance), &ask, r->a, &hits));
    return hits;
}

TEST(a_foreign_word_finds_what_the_documents_call_it)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    embed_all(k, rig_grant(&r, "offen"), true);
    const struct know_hits dog = search(&r, k, "offen", "Hund");
    NEED(dog.count);
    CHECK_STR(dog.at[0].doc, STR("a"));
    CHECK(dog.at[0].words > 0);
    CHECK(dog.known == 0); /* its own words stay unknown */
    const struct know_hits pass = search(&r, k, "offen", "pass");
    NEED(pass.count);
    CHECK_STR(pass.at[0].doc, STR("b"));
}

TEST(without_vectors_of_words_nothing_is_bridged)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    embed_all(k, rig_grant(&r, "offen"), false);
    const struct know_hits hits = search(&r, k, "offen", "Hund");
    for (size_t i = 0; i < hits.count; i++)
        CHECK(hits.at[i].words == 0);
}

TEST(words_above_the_clearance_change_nothing)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    embed_all(k, rig_grant(&r, "VS-NfD"), true);
    const struct know_hits before = search(&r, k, "offen", "Hund");
    CHECK_OK(know_remove(k, rig_grant(&r, "VS-NfD"), STR("c")));
    CHECK_OK(know_commit(k));
    const struct know_hits after = search(&r, k, "offen", "Hund");
    NEED(before.count && before.count == after.count);
    for (size_t i = 0; i < after.count; i++) {
        CHECK_STR(before.at[i].doc, after.at[i].doc);
        CHECK(before.at[i].score == after.at[i].score);
        CHECK(before.at[i].words == after.at[i].words);
    }
}

static err
see(void *ctx, const struct know_piece *p)
{
    buf *const b = (buf *)ctx;
    buf_add(b, p->id);
    buf_add_char(b, '=');
    buf_add(b, p->text);
    buf_add_char(b, ' ');
    return OK;
}

TEST(words_are_those_the_documents_use_often_spelt_as_there_and_under_their_label)
{
    RIG(r);
    AUTO(buf) low = BUF(1 << 16);
    AUTO(buf) high = BUF(1 << 16);
    AUTO(know) *k = make(&r);
    CHECK_OK(know_words(k, rig_grant(&r, "offen"), see, &low));
    CHECK(str_find(buf_str(&low), STR("word:reisepass=Reisepass ")) >= 0);
    CHECK(str_find(buf_str(&low), STR("steuer=Steuer")) >= 0);
    CHECK(str_find(buf_str(&low), STR("kostet")) < 0); /* once only */
    CHECK(str_find(buf_str(&low), STR("undfunk")) < 0);
    CHECK_OK(know_words(k, rig_grant(&r, "VS-NfD"), see, &high));
    CHECK(str_find(buf_str(&high), STR("word:rundfunk@")) >= 0);
}

TEST(too_little_memory_is_reported_and_nothing_is_lost)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    const grant *const g = rig_grant(&r, "offen");
    float q[DIMS] = {1}, word[DIMS];
    embed_all(k, g, true);
    embed(STR("Hund"), word);
    const struct know_ask ask = {.text = content_of(STR("quid"), LABEL_BOTTOM),
                                 .most = 5,
                                 .vector = q,
                                 .dims = DIMS,
                                 .bridge = {word, 1}};
    for (long n = 1; n < 1000; n++) {
        AUTO(arena) *a = NULL;
        struct know_hits hits = {.count = 99};
        CHECK_OK(arena_open(1 << 20, &a));
        fault_arm(n);
        const err e = know_search(k, g, &ask, a, &hits);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(!e.code || hits.count == 99);
    }
}
