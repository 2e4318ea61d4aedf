/* SPDX-License-Identifier: EUPL-1.2 */
#include <stdio.h>

#include "os/file.h"
#include "rig.h"

#define POLICY "--policy", "etc/policy.yaml"

struct place {
    char dir[256], from[256];
};

static const char *
in(const struct place *p, const char *name)
{
    static char room[600];
    (void)snprintf(room, sizeof room, "%s/%s", p->from, name);
    return room;
}

static struct place
make_place(const char *name)
{
    struct place p;
    (void)snprintf(p.dir, sizeof p.dir, "%s/%s", test_dir(), name);
    (void)snprintf(p.from, sizeof p.from, "%s/%s-from", test_dir(), name);
    CHECK_OK(file_make_dir(p.from, 0700));
    CHECK_OK(file_write_atomic(in(&p, "hund.md"), STR("# Hund\n\nDie Steuer: 90 Euro.\n"), 0600));
    CHECK_OK(file_write_atomic(in(&p, "muell.html"), STR("<h1>Müll</h1><p>5 Euro"), 0600));
    return p;
}

TEST(copies_are_taken_once_and_what_cannot_be_read_is_named)
{
    FRESH(r);
    const struct place p = make_place("copies");
    CHECK_OK(file_write_atomic(in(&p, "kopie.md"), STR("# Hund\n\nDie Steuer: 90 Euro.\n"), 0600));
    CHECK_OK(file_write_atomic(in(&p, "kaputt.docx"), STR("PK"), 0600));
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--json");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r,
              "\"added\":2,\"replaced\":0,\"same\":0,\"removed\":0,\"left_out\":2,\"copies\":1");
    CHECK_SAYS(&r, "kaputt.docx: left out, it is no whole zip file");
    CHECK_SAYS(&r, "kopie.md: left out, the same as ");
}

TEST(a_folder_is_followed_when_it_is_asked_for)
{
    FRESH(r);
    const struct place p = make_place("sync");
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from);
    CHECK_OK(file_write_atomic(in(&p, "allein.md"), STR("# Allein\n\nText.\n"), 0600));
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, in(&p, "allein.md"));
    CHECK_OK(file_remove(in(&p, "hund.md")));
    CHECK_OK(file_remove(in(&p, "allein.md")));
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--json");
    CHECK_OUT(&r, "\"same\":1,\"removed\":0");
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--sync", "--json");
    CHECK_OUT(&r, "\"same\":1,\"removed\":1");
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "Allein");
    CHECK_OUT(&r, "1. allein"); /* it was added by itself */
    RUN(&r, NULL, "know", "stat", "--dir", p.dir, POLICY, "--json");
    CHECK_OUT(&r, "\"documents\":2");
}

TEST(editions_answer_for_their_days)
{
    FRESH(r);
    const struct place p = make_place("days");
    CHECK_OK(file_write_atomic(in(&p, "alt.md"), STR("# Gebühr\n\nDie Gebühr: 10 Euro.\n"), 0600));
    CHECK_OK(file_write_atomic(
        in(&p, "neu.md"),
        STR("---\nvalid_from: 2020-01-01\n---\n# Gebühr\n\nDie Gebühr: 20 Euro.\n"), 0600));
    RUN(&r, NULL, "know", "create", "--dir", p.dir);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, in(&p, "alt.md"), "--valid-to",
        "2019-12-31", "--edition", "alte Fassung");
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, in(&p, "neu.md"));
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "Gebühr", "--json");
    CHECK_OUT(&r, "20 Euro");
    CHECK(!strstr(r.out, "10 Euro"));
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "Gebühr", "--day", "2019-06-01",
        "--json");
    CHECK_OUT(&r, "10 Euro");
    CHECK_OUT(&r, "\"valid_to\":\"2019-12-31\"");
    CHECK_OUT(&r, "\"edition\":\"alte Fassung\"");
    CHECK(!strstr(r.out, "20 Euro"));
    RUN(&r, NULL, "know", "search", "--dir", p.dir, POLICY, "Gebühr", "--day", "morgen");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, p.from, "--valid-to", "2019-02-29");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "know", "add", "--dir", p.dir, POLICY, in(&p, "hund.md"), "--valid-from",
        "2020-01-01", "--valid-to", "2019-01-01");
    CHECK_STATUS(&r, 2);
}
