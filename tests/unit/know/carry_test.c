/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/carry.h"

#include "unit/know/embedder.h"

#define DOGS "# Hunde\n\n## Steuer\n\nHunde kosten Steuer. Hunde bellen. Hunde laufen.\n\n"
#define DOGS_MORE "## Leine\n\nHunde brauchen eine Leine.\n"

static know *
filled(struct rig *r)
{
    const char *dir;
    know *const k = embedder_collection(r, &dir);
    rig_add(r, k, "hund", "offen", DOGS DOGS_MORE);
    rig_add(r, k, "bad", "offen", "# Bad\n\nWasser ist nass. Wasser ist kalt. Wasser ist tief.\n");
    rig_add(r, k, "geheim", "VS-NfD", "# Plan\n\nWasser und Hunde.\n");
    CHECK_OK(know_commit(k));
    return k;
}

static void
check_same_hits(const struct know_hits *a, const struct know_hits *b, size_t count)
{
    NEED(a->count >= count && b->count >= count);
    for (size_t i = 0; i < count; i++) {
        CHECK_STR(a->at[i].doc, b->at[i].doc);
        CHECK_STR(a->at[i].section, b->at[i].section);
        CHECK(a->at[i].near == b->at[i].near);
    }
}

TEST(a_document_more_leaves_only_its_own_pieces_to_embed_and_the_order_of_the_others_as_it_was)
{
    RIG(r);
    know *const k = filled(&r);
    const grant *const g = rig_grant(&r, "VS-NfD");
    const struct embedder all = embedder_run(k, g, "e5");
    CHECK_INT(all.pieces, ==, 4);
    CHECK(all.words >= 2);
    CHECK_INT(embedder_missing(k, g, "e5").pieces, ==, 0);
    const struct know_hits before = embedder_ask(&r, k, g, "e5", STR("Bad"));
    for (int i = 0; i < 12; i++) { /* often enough that segments are joined */
        char name[16], text[64];
        snprintf(name, sizeof name, "neu%d", i);
        snprintf(text, sizeof text, "# Neu %d\n\nVogel Nummer %d.\n", i, i);
        rig_add(&r, k, name, "offen", text);
        CHECK_OK(know_commit(k));
    }
    const struct embedder more = embedder_missing(k, g, "e5");
    CHECK_INT(more.pieces, ==, 12);
    const struct know_hits after = embedder_ask(&r, k, g, "e5", STR("Bad"));
    check_same_hits(&before, &after, before.count);
    CHECK_INT(embedder_run(k, g, "e5").pieces, ==, 12);
    CHECK_INT(embedder_missing(k, g, "e5").pieces, ==, 0);
    know_close(k);
}

TEST(of_a_document_that_is_replaced_only_what_reads_otherwise_is_embedded_again)
{
    RIG(r);
    know *const k = filled(&r);
    const grant *const g = rig_grant(&r, "VS-NfD");
    (void)embedder_run(k, g, "e5");
    rig_add(&r, k, "hund", "offen", DOGS "## Leine\n\nOhne Leine.\n");
    CHECK_OK(know_commit(k));
    const struct embedder e = embedder_missing(k, g, "e5");
    CHECK_INT(e.pieces, ==, 1);
    CHECK(str_find(str_of(e.last), STR("Ohne")) >= 0 || e.words > 0);
    CHECK_OK(know_remove(k, g, STR("bad")));
    CHECK_OK(know_commit(k));
    CHECK_INT(embedder_missing(k, g, "e5").pieces, ==, 1);
    know_close(k);
}

TEST(words_keep_their_vectors_as_long_as_they_are_there)
{
    RIG(r);
    know *const k = filled(&r);
    const grant *const g = rig_grant(&r, "VS-NfD");
    (void)embedder_run(k, g, "e5");
    rig_add(&r, k, "bad", "offen", "# Bad\n\nWasser ist nass. Wasser ist warm. Wasser fehlt.\n");
    CHECK_OK(know_commit(k));
    CHECK_INT(embedder_missing(k, g, "e5").words, ==, 0);
    CHECK_INT(embedder_run(k, g, "e5").pieces, ==, 1);
    CHECK_INT(embedder_missing(k, g, "e5").words, ==, 0);
    know_close(k);
}

/* Or the vector of what lies above would be given to what lies below. */
TEST(nothing_is_carried_from_one_label_to_another)
{
    RIG(r);
    know *const k = filled(&r);
    const grant *const high = rig_grant(&r, "VS-NfD");
    (void)embedder_run(k, high, "e5");
    CHECK_OK(know_remove(k, high, STR("geheim")));
    rig_add(&r, k, "geheim", "offen", "# Plan\n\nWasser und Hunde.\n");
    CHECK_OK(know_commit(k));
    CHECK_INT(embedder_missing(k, high, "e5").pieces, ==, 1);
    know_close(k);
}

TEST(vectors_of_two_embedders_do_not_become_one_segment)
{
    RIG(r);
    know *const k = filled(&r);
    const grant *const g = rig_grant(&r, "VS-NfD");
    struct know_stat stat;
    (void)embedder_run(k, g, "e5");
    rig_add(&r, k, "neu", "intern", "# Neu\n\nVogel.\n");
    CHECK_OK(know_commit(k));
    (void)embedder_run(k, rig_grant(&r, "offen"), "bge");
    CHECK_OK(know_stat(k, g, &stat));
    CHECK_STR(str_of(stat.embedder), STR("?"));
    CHECK_INT(embedder_missing(k, rig_grant(&r, "offen"), "bge").pieces, ==, 0);
    CHECK_INT(embedder_missing(k, g, "bge").pieces, ==, 2);
    know_close(k);
}

TEST(whatever_fails_while_segments_are_written_anew_the_old_ones_serve)
{
    RIG(r);
    know *k = filled(&r);
    const grant *const g = rig_grant(&r, "VS-NfD");
    (void)embedder_run(k, g, "e5");
    rig_add(&r, k, "hund", "offen", DOGS);
    bool fired = true;
    for (long n = 1; fired && n < 4000; n += 1 + n / 4) {
        fault_arm(n);
        const err e = know_commit(k);
        fired = fault_fired();
        fault_arm(0);
        CHECK(e.code || !fired);
        CHECK_INT(embedder_missing(k, g, "e5").pieces, ==, 0);
    }
    know_close(k);
}
