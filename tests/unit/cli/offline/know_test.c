/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/know.h"

#include "os/file.h"
#include "rig.h"

#define POLICY "--policy", "etc/policy.yaml"

/* A collection and a folder of two documents. */
struct place {
    char dir[256], from[256];
    arena *a;
};

static bool
make_place(struct place *p, const char *name)
{
    CHECK_OK(arena_open(1 << 20, &p->a));
    (void)snprintf(p->dir, sizeof p->dir, "%s/%s", test_dir(), name);
    (void)snprintf(p->from, sizeof p->from, "%s/%s-from", test_dir(), name);
    const char *const below = file_join(p->a, p->from, "amt");
    CHECK_OK(file_make_dir(below, 0700));
    CHECK_OK(file_write_atomic(file_join(p->a, p->from, "muell.md"),
                               STR("# Müll\n\nDie Tonne kostet 5 Euro.\n"), 0600));
    CHECK_OK(file_write_atomic(file_join(p->a, below, "hund.html"),
                               STR("<h1>Hund</h1><p>Die Hundesteuer beträgt 90 Euro.</p>"), 0600));
    return true;
}

static void
drop_place(struct place *p)
{
    arena_free(p->a);
}

TEST(a_folder_is_added_searched_and_taken_out_again)
{
    FRESH(r);
    struct place p;
    NEED(make_place(&p, "whole"));
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--json");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\"added\":2,\"replaced\":0,\"same\":0");
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "hundesteuer");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "1. amt/hund  Hund");
    CHECK_OUT(&r, "Die Hundesteuer beträgt 90 Euro.");
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "Tonne", "--json");
    CHECK_OUT(&r, "\"quote\":\"Die Tonne kostet 5 Euro.\"");
    RUN(&r, NULL, "know", "rm", "--dir", p.dir, POLICY, "amt/hund");
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "know", "stat", "--dir", p.dir, POLICY, "--json");
    CHECK_OUT(&r, "\"documents\":1");
    drop_place(&p);
}

TEST(adding_again_changes_nothing)
{
    FRESH(r);
    struct place p;
    NEED(make_place(&p, "again"));
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--json");
    CHECK_OUT(&r, "\"added\":0,\"replaced\":0,\"same\":2");
    drop_place(&p);
}

TEST(a_clearance_below_sees_nothing_of_it)
{
    FRESH(r);
    struct place p;
    NEED(make_place(&p, "levels"));
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--label", "VS-NfD");
    CHECK_STATUS(&r, 77);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--label", "VS-NfD", "--clearance",
        "VS-NfD");
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "Tonne");
    CHECK_STR(str_of(r.out), STR(""));
    RUN(&r, NULL, "know", "stat", "--dir", p.dir, POLICY, "--json");
    CHECK_OUT(&r, "\"documents\":0");
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "Tonne", "--clearance", "VS-NfD");
    CHECK_OUT(&r, "1. muell");
    drop_place(&p);
}

TEST(pieces_go_out_and_their_vectors_come_back)
{
    FRESH(r);
    struct place p;
    NEED(make_place(&p, "vectors"));
    const char *const file = file_join(p.a, test_dir(), "v.jsonl");
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from);
    RUN(&r, NULL, "know", "pieces", "--dir", p.dir, POLICY);
    CHECK_OUT(&r, "{\"id\":\"muell:Müll#0\",\"text\":\"Müll Müll Die Tonne kostet 5 Euro.\"}");
    CHECK_OK(file_write_atomic(
        file, STR("{\"id\":\"muell:Müll#0\",\"embedding\":[1,0,0,0,0,0,0,2]}\n"), 0600));
    RUN(&r, NULL, "know", "vectors", "--dir", p.dir, POLICY, file);
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "know", "stat", "--dir", p.dir, POLICY, "--json");
    CHECK_OUT(&r, "\"vectors\":1");
    drop_place(&p);
}

TEST(what_is_missing_is_named)
{
    FRESH(r);
    struct place p;
    NEED(make_place(&p, "wrong"));
    RUN(&r, NULL, "know", "stat", POLICY);
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "say which: --know NAME, or --dir DIR");
    RUN(&r, NULL, "know", "stat", "--dir", p.dir, POLICY);
    CHECK_STATUS(&r, 1);
    RUN(&r, NULL, "know", "stat", "--dir", p.dir);
    CHECK_SAYS(&r, "--policy");
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    CHECK_STATUS(&r, 1);
    RUN(&r, NULL, "know", "rm", "--dir", p.dir, POLICY, "nichts");
    CHECK_STATUS(&r, 1);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, "/nonexistent");
    CHECK_STATUS(&r, 1);
    drop_place(&p);
}
