/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

static const char added[] = "{\"name\":\"x\",\"key\":\"hoh_1_2\"}";

TEST(a_new_key_is_the_only_line_on_standard_output)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/keys", 200, added);
    RUN(&r, &f, "key", "add", "--name", "x", "--clearance", "VS-NfD//ART9", "--tenant", "amt",
        "--party", "BUND", "--default-label", "intern", "--expires", "90d", "--operator");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("hoh_1_2\n"));
    CHECK_SAYS(&r, "This is shown once.");
    CHECK_IN(fake_asked(&f), "{\"name\":\"x\",\"tenant\":\"amt\",\"clearance\":\"VS-NfD//ART9\","
                             "\"party\":\"BUND\",\"default_label\":\"intern\",\"operator\":true,"
                             "\"valid_ms\":7776000000}");
    fake_end(&f);
}

TEST(quiet_leaves_the_key_alone)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/keys", 200, added);
    RUN(&r, &f, "key", "add", "--name", "x", "-q");
    CHECK_STR(str_of(r.out), STR("hoh_1_2\n"));
    CHECK_STR(str_of(r.err), STR(""));
    RUN(&r, &f, "key", "add", "--name", "x", "--json");
    CHECK_STR(str_of(r.out), STR("{\"name\":\"x\",\"key\":\"hoh_1_2\"}\n"));
    fake_end(&f);
}

TEST(a_key_without_name_or_with_an_odd_time_is_not_sent)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    RUN(&r, &f, "key", "add", "--clearance", "intern");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "a key needs a name: --name NAME");
    RUN(&r, &f, "key", "add", "--name", "x", "--expires", "soon");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--expires: ");
    RUN(&r, &f, "key", "add", "--name", "x", "--expires", "0d");
    CHECK_STATUS(&r, 2);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(a_key_that_was_not_imported_is_a_failure)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/keys", 200, added);
    RUN(&r, &f, "key", "add", "--name", "x", "--import", "hoh_1_2");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "\"import\":\"hoh_1_2\"");
    RUN(&r, &f, "key", "add", "--name", "x", "--import", "hoh_other");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

static const char keys[] =
    "[{\"id\":\"key_1\",\"name\":\"low\",\"tenant\":\"default\",\"clearance\":\"intern\","
    "\"default_label\":\"offen\",\"operator\":false,\"state\":\"valid\","
    "\"created\":\"2026-03-01T12:00:00.000Z\",\"expires\":null},"
    "{\"id\":\"key_2\",\"name\":\"boss\\u001b[2J\",\"tenant\":\"amt\",\"clearance\":\"VS-NfD\","
    "\"default_label\":\"intern\",\"operator\":true,\"state\":\"expired\","
    "\"expires\":\"2026-03-01T12:00:00.000Z\"}]";

TEST(keys_are_listed_as_a_table)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "GET /admin/v1/keys", 200, keys);
    RUN(&r, &f, "key", "list");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out),
              STR("NAME      ID     TENANT   CLEARANCE  DEFAULT LABEL  ROLE      STATE    EXPIRES\n"
                  "low       key_1  default  intern     offen                    valid    never\n"
                  "boss�[2J  key_2  amt      VS-NfD     intern         operator  expired  "
                  "2026-03-01T12:00\n"));
    RUN(&r, &f, "key", "list", "--json");
    CHECK_IN(r.out, "[{\"id\":\"key_1\"");
    fake_end(&f);
}

TEST(a_list_that_is_none_is_refused)
{
    static const char *const odd[] = {"{}", "[7]", "[{\"operator\":\"yes\"}]"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        FRESH(r);
        static struct fake f;
        NEED(fake_start(&f));
        fake_says(&f, "GET /admin/v1/keys", 200, odd[i]);
        RUN(&r, &f, "key", "list");
        CHECK_STATUS(&r, 2);
        fake_end(&f);
    }
}

TEST(a_key_is_revoked_by_its_name_whatever_that_is)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "DELETE /admin/v1/keys/a%2Fb%20c", 200, "{\"ok\":true}");
    RUN(&r, &f, "key", "revoke", "a/b c");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "revoked a/b c");
    RUN(&r, &f, "key", "revoke", "other");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "not in the script");
    RUN(&r, &f, "key", "revoke");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(a_key_can_be_for_a_person_some_models_and_some_networks)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/keys", 200, added);
    RUN(&r, &f, "key", "add", "--name", "x", "--person", "frau", "--models", "a,b", "--network",
        "10.0.0.0/8", "--ceiling", "intern");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "{\"name\":\"x\",\"person\":\"frau\",\"models\":\"a,b\","
                             "\"networks\":\"10.0.0.0/8\",\"ceiling\":\"intern\"}");
    fake_end(&f);
}

TEST(a_key_is_replaced_and_the_new_one_printed)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/keys/a%2Fb/rotate", 200, added);
    RUN(&r, &f, "key", "rotate", "a/b", "--overlap", "7d");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("hoh_1_2\n"));
    CHECK_IN(fake_asked(&f), "{\"overlap_ms\":604800000}");
    RUN(&r, &f, "key", "rotate", "a/b", "--import", "other");
    CHECK_STATUS(&r, 2); /* the daemon made one of its own */
    CHECK_IN(fake_asked(&f), "{\"overlap_ms\":0,\"import\":\"other\"}");
    RUN(&r, &f, "key", "rotate", "a/b", "--overlap", "soon");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "key", "rotate", "none");
    CHECK_STATUS(&r, 1);
    RUN(&r, &f, "key", "rotate");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

/* ---- tenants and people */
TEST(tenants_are_added_listed_and_removed)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/tenants", 200, "{\"ok\":true}");
    fake_says(&f, "DELETE /admin/v1/tenants/amt", 200, "{\"ok\":true}");
    fake_says(&f, "GET /admin/v1/tenants", 200,
              "[{\"name\":\"amt\",\"parent\":\"stadt\",\"title\":\"Amt\","
              "\"created\":\"2026-03-01T12:00:00.000Z\"}]");
    RUN(&r, &f, "tenant", "add", "amt", "--parent", "stadt", "--title", "Amt");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "{\"name\":\"amt\",\"title\":\"Amt\",\"parent\":\"stadt\"}");
    RUN(&r, &f, "tenant", "list");
    CHECK_STR(str_of(r.out),
              STR("NAME  UNIT OF  TITLE  SINCE\namt   stadt    Amt    2026-03-01\n"));
    RUN(&r, &f, "tenant", "rm", "amt");
    CHECK_SAYS(&r, "removed amt");
    RUN(&r, &f, "tenant", "rm", "other");
    CHECK_STATUS(&r, 1);
    RUN(&r, &f, "tenant", "add");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(people_are_added_listed_and_removed)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/persons", 200, "{\"ok\":true}");
    fake_says(&f, "DELETE /admin/v1/persons/frau", 200, "{\"ok\":true}");
    fake_says(&f, "GET /admin/v1/persons", 200,
              "[{\"name\":\"frau\",\"tenant\":\"amt\",\"title\":\"\\u001b[2J\","
              "\"created\":\"2026-03-01T12:00:00.000Z\"}]");
    RUN(&r, &f, "person", "add", "frau", "--tenant", "amt");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "{\"name\":\"frau\",\"tenant\":\"amt\"}");
    RUN(&r, &f, "person", "list");
    CHECK_OUT(&r, "frau  amt");
    CHECK_NOT_IN(r.out, "\x1b");
    RUN(&r, &f, "person", "list", "--json");
    CHECK_OUT(&r, "[{\"name\":\"frau\"");
    RUN(&r, &f, "person", "rm", "frau");
    CHECK_STATUS(&r, 0);
    fake_says(&f, "GET /admin/v1/persons", 200, "[7]");
    RUN(&r, &f, "person", "list");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(a_pair_is_printed_for_the_environment)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/keys", 200,
              "{\"name\":\"x\",\"key\":\"hoh_1_2\",\"access_key_id\":\"HOHA7\","
              "\"secret_access_key\":\"s+/8\"}");
    RUN(&r, &f, "key", "add", "--name", "x", "--aws");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("hoh_1_2\nAWS_ACCESS_KEY_ID=HOHA7\nAWS_SECRET_ACCESS_KEY=s+/8\n"));
    CHECK_IN(fake_asked(&f), "\"aws\":true");
    fake_end(&f);
}

TEST(a_secret_is_read_from_standard_input)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/keys", 200, added);
    r.input = "hoheit-secret\nnot this\n";
    RUN(&r, &f, "key", "add", "--name", "x", "--import-aws", "AKIDHOHEITTEST");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("hoh_1_2\n"));
    CHECK_IN(fake_asked(&f), "\"import_aws\":{\"access_key_id\":\"AKIDHOHEITTEST\","
                             "\"secret_access_key\":\"hoheit-secret\"}");
    fake_end(&f);
}

TEST(without_a_secret_nothing_is_sent)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    RUN(&r, &f, "key", "add", "--name", "x", "--import-aws", "AKIDHOHEITTEST");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "standard input");
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}
