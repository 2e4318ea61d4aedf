/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/embedding.h"

#include <dirent.h>

#include "os/file.h"
#include "unit/know/embedder.h"

static know *
filled(struct rig *r, const char **ret_dir)
{
    know *const k = embedder_collection(r, ret_dir);
    for (int i = 0; i < 10; i++) {
        char name[16], text[80];
        snprintf(name, sizeof name, "d%d", i);
        snprintf(text, sizeof text, "# Satzung %d\n\nGebühren der Nummer %d. Gebühren.\n", i, i);
        rig_add(r, k, name, i < 8 ? "offen" : "VS-NfD", text);
    }
    CHECK_OK(know_commit(k));
    return k;
}

static size_t
count_files(const char *dir, const char *prefix)
{
    size_t n = 0;
    DIR *const d = opendir(dir);
    CHECK(d != NULL);
    for (const struct dirent *at; d && (at = readdir(d));)
        n += strncmp(at->d_name, prefix, strlen(prefix)) == 0;
    if (d)
        (void)closedir(d);
    return n;
}

/* So many of what is missing, kept beside. */
static void
embed_some(know *k, const grant *g, const char *name, size_t most)
{
    struct embedder e = {.name = name, .most = most};
    NEED_OK(know_vectors_new(EMBEDDER_DIMS, &e.v));
    CHECK_OK(know_vectors_by(e.v, str_of(name)));
    CHECK_OK(know_missing(k, g, str_of(name), embedder_take, &e));
    CHECK_OK(know_vectors_keep(k, g, e.v));
    CHECK_OK(know_vectors_keep(k, g, e.v)); /* nothing new: nothing */
    know_vectors_free(e.v);
}

static know *
open_again(know *k, const char *dir)
{
    AUTO(secret) key = rig_key();
    know *again = NULL;
    know_close(k); /* as if it had been killed: nothing is written at the end */
    CHECK_OK(know_open(dir, &key, &again));
    return again;
}

TEST(another_embedder_takes_over_at_once_and_until_then_the_old_one_serves)
{
    RIG(r);
    const char *dir;
    know *k = filled(&r, &dir);
    const grant *const g = rig_grant(&r, "VS-NfD");
    struct know_stat stat;
    CHECK_INT(embedder_run(k, g, "alt").pieces, ==, 10);
    CHECK_OK(know_stat(k, g, &stat));
    CHECK_STR(str_of(stat.embedder), STR("alt"));
    CHECK_INT(stat.dims, ==, EMBEDDER_DIMS);
    const struct know_hits old = embedder_ask(&r, k, g, "alt", STR("x"));
    CHECK_INT(embedder_missing(k, g, "neu").pieces, ==, 10);
    embed_some(k, g, "neu", 4);
    CHECK_OK(know_stat(k, g, &stat));
    CHECK_INT(stat.waiting, ==, 4);
    const struct know_hits still = embedder_ask(&r, k, g, "alt", STR("x"));
    NEED(still.count == old.count && still.count);
    CHECK_STR(still.at[0].doc, old.at[0].doc);
    CHECK(still.at[0].near == old.at[0].near);
    CHECK_INT(embedder_run(k, g, "neu").pieces, ==, 6);
    CHECK_OK(know_stat(k, g, &stat));
    CHECK_STR(str_of(stat.embedder), STR("neu"));
    CHECK(stat.waiting == 0 && stat.vectors == 10);
    CHECK_INT(count_files(dir, "emb_"), ==, 0);
    CHECK_INT(embedder_ask(&r, k, g, "neu", STR("x")).not_compared, ==, 0);
    know_close(k);
}

TEST(who_is_killed_goes_on_where_he_was)
{
    RIG(r);
    const char *dir;
    know *k = filled(&r, &dir);
    const grant *const g = rig_grant(&r, "VS-NfD");
    for (size_t left = 10; left > 1; left -= 3) {
        CHECK_INT(embedder_missing(k, g, "neu").pieces, ==, left);
        embed_some(k, g, "neu", 3);
        k = open_again(k, dir);
    }
    rig_add(&r, k, "mehr", "offen", "# Mehr\n\nText.\n"); /* a change sweeps nothing away */
    CHECK_OK(know_commit(k));
    CHECK_INT(embedder_run(k, g, "neu").pieces, ==, 2);
    CHECK_INT(embedder_missing(k, g, "neu").pieces, ==, 0);
    know_close(k);
}

TEST(a_question_by_another_embedder_is_answered_by_words_and_that_is_said)
{
    RIG(r);
    const char *dir;
    know *const k = filled(&r, &dir);
    const grant *const g = rig_grant(&r, "VS-NfD");
    struct know_hits hits;
    float v[EMBEDDER_DIMS];
    (void)embedder_run(k, g, "alt");
    embedder_vector("neu", STR("x"), v);
    struct know_ask q = {.text = content_of(STR("Satzung 3"), LABEL_BOTTOM),
                         .most = 3,
                         .vector = v,
                         .dims = EMBEDDER_DIMS,
                         .embedder = STR("neu")};
    CHECK_OK(know_search(k, g, &q, r.a, &hits));
    CHECK_INT(hits.not_compared, ==, 2);
    NEED(hits.count > 0);
    CHECK_STR(hits.at[0].doc, STR("d3"));
    q.embedder = STR_NONE; /* nobody says: the length decides */
    CHECK_OK(know_search(k, g, &q, r.a, &hits));
    CHECK_INT(hits.not_compared, ==, 0);
    q.vector = NULL;
    CHECK_OK(know_search(k, g, &q, r.a, &hits));
    CHECK_INT(hits.not_compared, ==, 0);
    know_close(k);
}

TEST(what_waits_above_a_grant_is_not_counted_taken_or_removed)
{
    RIG(r);
    const char *dir;
    know *const k = filled(&r, &dir);
    const grant *const low = rig_grant(&r, "offen"), *const high = rig_grant(&r, "VS-NfD");
    struct know_stat stat;
    embed_some(k, high, "neu", 0);
    CHECK_OK(know_stat(k, low, &stat));
    const size_t below = stat.waiting;
    CHECK_OK(know_stat(k, high, &stat));
    CHECK(below >= 8 && stat.waiting > below);
    CHECK_INT(embedder_run(k, low, "neu").pieces, ==, 0);
    CHECK_OK(know_stat(k, high, &stat));
    CHECK(stat.vectors == 8 && stat.waiting >= 2);
    CHECK_INT(embedder_run(k, high, "neu").pieces, ==, 0);
    CHECK_OK(know_stat(k, high, &stat));
    CHECK(stat.vectors == 10 && stat.waiting == 0);
    know_close(k);
}

TEST(however_small_the_steps_few_files_wait)
{
    RIG(r);
    const char *dir;
    know *const k = embedder_collection(&r, &dir);
    const grant *const g = rig_grant(&r, "VS-NfD");
    AUTO(buf) text = BUF(1 << 16);
    struct know_stat stat;
    for (int i = 0; i < 75; i++)
        buf_add_fmt(&text, "## Teil %d\n\nText %d.\n\n", i, i);
    buf_add_char(&text, 0);
    rig_add(&r, k, "lang", "offen", text.at);
    rig_add(&r, k, "geheim", "VS-NfD", "# Plan\n\nText.\n");
    CHECK_OK(know_commit(k));
    embed_some(k, g, "verworfen", 1);
    for (int i = 0; i < 70; i++)
        embed_some(k, g, "neu", 1);
    CHECK_OK(know_stat(k, g, &stat));
    CHECK_INT(stat.waiting, ==, 70);
    CHECK(count_files(dir, "emb_") < 30);
    CHECK_INT(embedder_run(k, g, "neu").pieces, ==, 6);
    know_close(k);
}

TEST(a_vector_above_the_grant_is_not_kept)
{
    RIG(r);
    const char *dir;
    know *const k = filled(&r, &dir);
    struct embedder e = {.name = "neu"};
    NEED_OK(know_vectors_new(EMBEDDER_DIMS, &e.v));
    CHECK_ERR(know_vectors_by(e.v, STR("")), ARGUMENT);
    char name[KNOW_EMBEDDER_MAX + 2];
    memset(name, 'x', sizeof name);
    CHECK_ERR(know_vectors_by(e.v, (str){name, sizeof name}), ARGUMENT);
    CHECK_OK(know_vectors_by(e.v, (str){name, KNOW_EMBEDDER_MAX}));
    CHECK_OK(know_missing(k, rig_grant(&r, "VS-NfD"), STR("neu"), embedder_take, &e));
    CHECK_ERR(know_vectors_keep(k, rig_grant(&r, "offen"), e.v), DENIED);
    know_vectors_free(e.v);
    know_close(k);
}

TEST(a_file_that_waits_and_was_changed_is_corrupt)
{
    RIG(r);
    const char *dir;
    know *const k = filled(&r, &dir);
    const grant *const g = rig_grant(&r, "offen");
    embed_some(k, g, "neu", 2);
    DIR *const d = opendir(dir);
    NEED(d != NULL);
    for (const struct dirent *at; (at = readdir(d));)
        if (strncmp(at->d_name, "emb_", 4) == 0) {
            const char *const path = arena_fmt(r.a, "%s/%s", dir, at->d_name).at;
            CHECK_OK(file_write_atomic(path, STR("no vectors at all, and no seal"), 0600));
        }
    (void)closedir(d);
    struct embedder e = {.name = "neu"};
    CHECK_ERR(know_missing(k, g, STR("neu"), embedder_take, &e), CORRUPT);
    CHECK_OK(know_missing(k, g, STR("alt"), embedder_take, &e)); /* another's are not looked at */
    know_close(k);
}

TEST(whatever_fails_on_the_way_the_collection_is_whole)
{
    RIG(r);
    const char *dir;
    know *const k = filled(&r, &dir);
    const grant *const g = rig_grant(&r, "VS-NfD");
    (void)embedder_run(k, g, "alt");
    struct embedder e = {.name = "neu"};
    size_t count = 0;
    NEED_OK(know_vectors_new(EMBEDDER_DIMS, &e.v));
    NEED_OK(know_vectors_by(e.v, STR("neu")));
    NEED_OK(know_missing(k, g, STR("neu"), embedder_take, &e));
    bool fired = true;
    for (long n = 1; fired && n < 4000; n += 1 + n / 4) {
        struct know_stat stat;
        fault_arm(n);
        err failed = know_vectors_keep(k, g, e.v);
        if (!failed.code)
            failed = know_vectors_commit(k, g, e.v, &count);
        fired = fault_fired();
        fault_arm(0);
        CHECK_OK(know_stat(k, g, &stat));
        CHECK_INT(stat.vectors, ==, 10);
        CHECK_STR(str_of(stat.embedder),
                  failed.code && stat.embedder[0] == 'a' ? STR("alt") : STR("neu"));
    }
    know_vectors_free(e.v);
    know_close(k);
}

TEST(an_index_finds_the_rows_of_each_owner_in_whatever_order_they_lie)
{
    RIG(r);
    static const uint32_t owners[] = {3, 0, 3, 1, 0};
    const struct vectors v = {.count = 5, .owners = owners};
    struct row_index x;
    CHECK_OK(row_index_make(r.a, &v, 4, &x));
    CHECK(x.first[0] == 0 && x.first[1] == 2 && x.first[2] == 3 && x.first[3] == 3 &&
          x.first[4] == 5);
    CHECK(x.rows[0] == 1 && x.rows[1] == 4 && x.rows[2] == 3 && x.rows[3] == 0 && x.rows[4] == 2);
}
