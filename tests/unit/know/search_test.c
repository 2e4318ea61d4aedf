/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

static const char statute[] =
    "---\nTitle: Passgesetz\njurabk: PassG\nedition: 2022\n---\n# P\n\n## Teil 1\n\n"
    "### § 1 Pflicht\n\nJeder führt einen Pass.\n\n### § 2 Gebühr\n\n(1) "
    "Es ist eine Gebühr\nzu zahlen.\n\n(2) Sie beträgt 60 Euro für den "
    "Pass.\n\n### § 3 Frist\n\nSechs Wochen.\n";

static know *
filled(struct rig *r)
{
    AUTO(secret) key = rig_key();
    know *k = NULL;
    const char *const dir = rig_dir(r, "know");
    CHECK_OK(know_create(dir, &key));
    CHECK_OK(know_open(dir, &key, &k));
    rig_add(r, k, "passg", "offen", statute);
    rig_add(r, k, "dienst", "intern",
            "# Dienstanweisung\n\nDie Gebühr für den Pass wird bar genommen.\n");
    CHECK_OK(know_commit(k));
    return k;
}

static err
search(struct rig *r, know *k, const char *clearance, const char *question, struct know_hits *ret)
{
    const struct know_ask ask = {.text = content_of(str_of(question), LABEL_BOTTOM), .most = 5};
    return know_search(k, rig_grant(r, clearance), &ask, r->a, ret);
}

TEST(a_hit_is_a_verbatim_passage_with_its_place)
{
    RIG(r);
    know *const k = filled(&r);
    struct know_hits hits;
    str quote, text;
    NEED_OK(search(&r, k, "offen", "Was kostet ein Reisepass?", &hits));
    NEED(hits.count >= 1);
    const struct know_hit *const h = &hits.at[0];
    CHECK_STR(h->doc, STR("passg"));
    CHECK_STR(h->section, STR("§ 2"));
    CHECK_STR(h->heading, STR("Gebühr"));
    CHECK_STR(h->path, STR("Teil 1"));
    CHECK_STR(h->edition, STR("2022"));
    CHECK_OK(content_open(h->quote, rig_grant(&r, "offen"), &quote));
    CHECK_OK(content_open(h->text, rig_grant(&r, "offen"), &text));
    CHECK_STR(text,
              STR("(1) Es ist eine Gebühr zu zahlen.\n(2) Sie beträgt 60 Euro für den Pass."));
    CHECK(str_find(text, quote) >= 0 && quote.len);
    CHECK_STR(str_slice(text, h->quote_from, h->quote_to), quote);
    CHECK(str_find(str_slice(str_of(statute), h->source_from, h->source_to), STR("60 Euro")) > 0);
    know_close(k);
}

TEST(what_is_read_carries_its_label)
{
    RIG(r);
    know *const k = filled(&r);
    struct know_hits hits;
    str text;
    NEED_OK(search(&r, k, "intern", "Gebühr bar", &hits));
    NEED(hits.count >= 1);
    CHECK_STR(hits.at[0].doc, STR("dienst"));
    CHECK(label_eq(hits.at[0].text.label, rig_label(&r, "intern")));
    CHECK(label_eq(hits.read, rig_label(&r, "intern")));
    CHECK_ERR(content_open(hits.at[0].text, rig_grant(&r, "offen"), &text), DENIED);
    know_close(k);
}

TEST(a_lower_clearance_finds_less_and_reads_lower)
{
    RIG(r);
    know *const k = filled(&r);
    struct know_hits hits;
    NEED_OK(search(&r, k, "offen", "Gebühr bar", &hits));
    for (size_t i = 0; i < hits.count; i++)
        CHECK_STR(hits.at[i].doc, STR("passg"));
    CHECK(label_eq(hits.read, LABEL_BOTTOM));
    CHECK_INT(hits.documents, ==, 1);
    know_close(k);
}

TEST(questions_that_make_no_sense_are_refused_or_find_nothing)
{
    RIG(r);
    know *const k = filled(&r);
    struct know_hits hits;
    struct know_ask ask = {.text = content_of(STR("Pass"), LABEL_BOTTOM), .most = 0};
    CHECK_ERR(know_search(k, rig_grant(&r, "offen"), &ask, r.a, &hits), ARGUMENT);
    ask.most = 1001;
    CHECK_ERR(know_search(k, rig_grant(&r, "offen"), &ask, r.a, &hits), ARGUMENT);
    CHECK_OK(search(&r, k, "offen", "", &hits));
    CHECK_INT(hits.count, ==, 0);
    CHECK_OK(search(&r, k, "offen", "\xff\xfe xyzzy", &hits));
    CHECK_INT(hits.count, ==, 0);
    know_close(k);
}

TEST(a_question_above_ones_clearance_is_denied)
{
    RIG(r);
    know *const k = filled(&r);
    struct know_hits hits;
    const struct know_ask ask = {.text = content_of(STR("Pass"), rig_label(&r, "VS-NfD")),
                                 .most = 5};
    CHECK_ERR(know_search(k, rig_grant(&r, "intern"), &ask, r.a, &hits), DENIED);
    know_close(k);
}

TEST(each_fault_in_a_search_is_reported)
{
    RIG(r);
    know *const k = filled(&r);
    for (long n = 1;; n++) {
        struct know_hits hits;
        fault_arm(n);
        const err e = search(&r, k, "intern", "Gebühr bar", &hits);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(!fired || e.code);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        NEED(n < 5000);
    }
    know_close(k);
}
