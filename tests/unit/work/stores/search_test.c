/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/work/stores/nook.h"

static struct stores_ask
ask_for(const str *ids, size_t count, const char *query)
{
    return (struct stores_ask){.ids = ids, .id_count = count, .query = str_of(query), .most = 10};
}

/* All that a search tells, as text. */
static str
told(struct keeper *k, const struct stores_ask *q)
{
    const struct stores_found *f;
    AUTO(buf) b = BUF(1 << 20);
    const err e = nook_search(k, q, &f);
    buf_add_fmt(&b, "%u", e.code);
    for (size_t i = 0; f && i < f->count; i++) {
        str text;
        CHECK_OK(content_open(f->at[i].hit->text, f->grant, &text));
        buf_add_fmt(&b, "|%.*s %.*s %a %.*s %.*s", STR_FMT(f->at[i].store), STR_FMT(f->at[i].file),
                    f->at[i].score, STR_FMT(f->at[i].attributes), STR_FMT(text));
    }
    if (f)
        buf_add_fmt(&b, "|%.*s", STR_FMT(f->label_text));
    return arena_str(k->a, buf_str(&b));
}

static void
add_to_house(const char *name, const char *marked, const char *text)
{
    const struct know_source s = {.name = str_of(name), .form = DOC_MARKDOWN};
    enum know_change change;
    know *k;
    const err e = library_create(nook.stores.house, STR("haus"));
    CHECK(!e.code || e.code == ERR_CONFLICT);
    NEED_OK(library_find(nook.stores.house, STR("haus"), &k));
    NEED_OK(know_add(k, small_grant(nook.rig.policy, nook.rig.a, "VS-NfD"), &s,
                     content_of(str_of(text), small_label(nook.rig.policy, marked)), &change));
    NEED_OK(know_commit(k));
}

TEST(stores_and_collections_are_searched_together_best_first)
{
    const struct stores_found *f;
    nook_open();
    const str ids[] = {nook_store("offen"), STR("haus"), nook_store("offen")};
    nook_file(ids[0], "file-1", "offen", "# Hund\n\nDie Hundesteuer beträgt 96 Euro.\n");
    add_to_house("satzung", "offen", "# Satzung\n\nEs gibt eine Hundesteuer, und sonst vieles.\n");
    const struct stores_ask q = ask_for(ids, 3, "Hundesteuer Euro");
    NEED_OK(nook_search(&nook.high, &q, &f));
    NEED(f->count == 2);
    CHECK_STR(f->at[0].file, STR("file-1"));
    CHECK_STR(f->at[0].name, STR("file-1.md"));
    CHECK_STR(f->at[1].store, STR("haus"));
    CHECK_STR(f->at[1].attributes, STR("{\"name\":\"satzung\"}"));
    CHECK(f->at[0].score >= f->at[1].score && f->at[0].score < 1 && f->at[1].score > 0);
    nook_close();
}

/* The promise, over all that a search tells. */
TEST(a_search_never_tells_anything_of_what_is_above_the_clearance)
{
    nook_open();
    const str ids[] = {nook_store("offen"), STR("haus")};
    nook_file(ids[0], "file-1", "offen", "# Hund\n\nDie Hundesteuer beträgt 96 Euro.\n");
    add_to_house("satzung", "offen", "# Satzung\n\nEs gibt eine Hundesteuer.\n");
    struct stores_ask q = ask_for(ids, 2, "Hundesteuer Erhöhung Euro");
    q.label_text = STR("offen");
    const str before = told(&nook.low, &q);
    const struct kept hidden =
        nook_file(ids[0], "file-2", "VS-NfD", "# Plan\n\nErhöhung der Hundesteuer.\n");
    add_to_house("plan", "intern", "# Plan\n\nErhöhung der Hundesteuer auf 200 Euro.\n");
    CHECK_STR(told(&nook.low, &q), before);
    CHECK(str_find(told(&nook.high, &q), STR("200 Euro")) >= 0);
    CHECK(str_ends(told(&nook.high, &q), STR("|VS-NfD")));
    CHECK(str_ends(before, STR("|offen")));
    NEED_OK(keep_drop(nook.rig.gate, &hidden));
    CHECK_STR(told(&nook.low, &q), before);
    nook_close();
}

TEST(a_store_above_the_clearance_or_of_another_key_is_as_if_it_were_not_there)
{
    struct keeper other;
    const struct stores_found *f;
    nook_open();
    const str top = nook_store("VS-NfD"), open = nook_store("offen"), none = STR("vs_nix");
    keeper_init(&other, &nook.rig, "key_2", "VS-NfD");
    const struct stores_ask a = ask_for(&top, 1, "x"), b = ask_for(&open, 1, "x"),
                            c = ask_for(&none, 1, "x");
    CHECK_ERR(nook_search(&nook.low, &a, &f), NOT_FOUND);
    CHECK_ERR(nook_search(&other, &b, &f), NOT_FOUND);
    CHECK_ERR(nook_search(&nook.high, &c, &f), NOT_FOUND);
    CHECK_OK(nook_search(&nook.low, &b, &f));
    keeper_end(&other);
    nook_close();
}

TEST(a_question_above_the_clearance_is_denied)
{
    const struct stores_found *f;
    nook_open();
    const str store = nook_store("offen");
    struct stores_ask q = ask_for(&store, 1, "x");
    q.label_text = STR("VS-NfD");
    CHECK_ERR(nook_search(&nook.low, &q, &f), DENIED);
    q.label_text = STR_NONE;
    q.floor = small_label(nook.rig.policy, "intern");
    CHECK_ERR(nook_search(&nook.low, &q, &f), DENIED);
    NEED_OK(nook_search(&nook.high, &q, &f));
    CHECK_STR(f->label_text, STR("intern"));
    nook_close();
}

TEST(bounds_are_kept_before_anything_is_read)
{
    const struct stores_found *f;
    nook_open();
    str ids[STORES_ASK_MAX + 1];
    for (size_t i = 0; i <= STORES_ASK_MAX; i++)
        ids[i] = STR("vs_x");
    struct stores_ask q = ask_for(ids, STORES_ASK_MAX + 1, "x");
    CHECK_ERR(nook_search(&nook.high, &q, &f), ARGUMENT);
    q = ask_for(ids, 0, "x");
    CHECK_ERR(nook_search(&nook.high, &q, &f), ARGUMENT);
    q = ask_for(ids, 1, "");
    CHECK_ERR(nook_search(&nook.high, &q, &f), ARGUMENT);
    ids[0] = STR("kein haus");
    q = ask_for(ids, 1, "x");
    CHECK_ERR(nook_search(&nook.high, &q, &f), ARGUMENT);
    ids[0] = STR("nichts");
    CHECK_ERR(nook_search(&nook.high, &q, &f), NOT_FOUND);
    nook_close();
}

TEST(filters_and_least_scores_choose_and_what_is_not_ready_does_not_answer)
{
    const struct stores_found *f;
    struct filter *filter;
    jval v;
    nook_open();
    const str store = nook_store("offen");
    nook_file(store, "file-1", "offen", "# Hund\n\nSteuer.\n");
    struct kept row = nook_row(store, "file-2", "offen", "{\"a\":2}");
    NEED_OK(stores_fill(&nook.stores, nook.rig.a, &row, STR("# Katze\n\nSteuer.\n")));
    row.head.state = STR("in_progress"); /* as if it had been interrupted after all */
    NEED_OK(keep_note(nook.rig.gate, &row));
    struct stores_ask q = ask_for(&store, 1, "Steuer");
    NEED_OK(nook_search(&nook.high, &q, &f));
    CHECK_INT(f->count, ==, 1);
    NEED_OK(json_read(nook.rig.a, STR("{\"type\":\"gte\",\"key\":\"a\",\"value\":1}"), &v));
    NEED_OK(filter_read(nook.rig.a, &v, &filter));
    q.filter = filter;
    NEED_OK(nook_search(&nook.high, &q, &f));
    CHECK_INT(f->count, ==, 1);
    NEED_OK(json_read(nook.rig.a, STR("{\"type\":\"gt\",\"key\":\"a\",\"value\":1}"), &v));
    filter = NULL;
    NEED_OK(filter_read(nook.rig.a, &v, &filter));
    q.filter = filter;
    NEED_OK(nook_search(&nook.high, &q, &f));
    CHECK_INT(f->count, ==, 0);
    q.filter = NULL;
    q.least = 0.999;
    NEED_OK(nook_search(&nook.high, &q, &f));
    CHECK_INT(f->count, ==, 0);
    nook_close();
}

TEST(nobody_is_told_who_went_away)
{
    struct nook_heard h = {0};
    struct keeper gone;
    nook_open();
    const str store = nook_store("offen");
    keeper_init(&gone, &nook.rig, "key_1", "VS-NfD");
    struct stores_ask q = ask_for(&store, 1, "x");
    q.call = &gone.call;
    NEED_OK(stores_search(&nook.stores, &q, nook_on_found, &h));
    arena_free(gone.a);
    rig_settle(&nook.rig);
    for (int i = 0; i < 50; i++)
        rig_turn(&nook.rig);
    CHECK_INT(h.ends, ==, 0);
    nook_close();
}
