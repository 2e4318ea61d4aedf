/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/file.h"
#include "rig.h"

#define POLICY "--policy", "etc/policy.yaml"

static const char *
file_of(const char *name, const char *text)
{
    static char room[8][300];
    static int n;
    char *const at = room[n++ % 8];
    (void)snprintf(at, sizeof room[0], "%s/%s", test_dir(), name);
    if (text)
        CHECK_OK(file_write_atomic(at, str_of(text), 0600));
    return at;
}

static bool
make_collection(struct run *r, const char *dir)
{
    RUN(r, NULL, "know", "create", "--dir", dir);
    RUN(r, NULL, "know", "add", "--dir", dir, POLICY, "examples/wissen");
    return r->status == 0;
}

#define LETTER "Hallo,\nwas kostet der Bewohnerparkausweis? Bitte bis zum 1.12.2026.\n"

TEST(letters_are_sorted_offline_with_reasons)
{
    FRESH(r);
    const char *const dir = file_of("shown", NULL), *const a = file_of("a.txt", LETTER);
    NEED(make_collection(&r, dir));
    RUN(&r, NULL, "triage", "--dir", dir, POLICY, "--received", "2026-11-23", a);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "Richtlinie der Stadt Musterbach zu Bewohnerparkausweisen (");
    CHECK_OUT(&r, "urgency   soon (");
    CHECK_OUT(&r, "limit     2026-12-01  \"1.12.2026\"");
    RUN(&r, NULL, "triage", "--dir", dir, POLICY, "--json", a, a);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\"file\":\"");
    CHECK_OUT(&r, "\"document\":\"anwohnerparken\"");
    RUN(&r, NULL, "triage", "--dir", dir, POLICY, file_of("b.txt", "Xylophon"));
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "Ein Mensch");
}

TEST(without_a_directory_the_daemon_is_asked)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /v1/citizen/triage ", 200,
              "{\"said\":\"\",\"service\":{\"name\":\"Hund\",\"score\":0.9,\"why\":\"darum\"},"
              "\"candidates\":[],\"office\":null,\"urgency\":{\"level\":\"now\",\"score\":0.8,"
              "\"why\":\"x\"},\"language\":{\"code\":\"de\",\"score\":1},\"deadlines\":[]}");
    RUN(&r, &f, "triage", "--know", "wissen", "--label", "intern", file_of("c.txt", LETTER));
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "service   Hund (90 %)\n          darum\n");
    CHECK_OUT(&r, "office    -\n");
    CHECK_IN(fake_asked(&f), "\"know\":\"wissen\"");
    CHECK_IN(fake_asked(&f), "X-Hoheit-Label: intern\r\n");
    fake_end(&f);
}

TEST(what_cannot_be_read_is_refused)
{
    FRESH(r);
    const char *const dir = file_of("refused", NULL);
    NEED(make_collection(&r, dir));
    RUN(&r, NULL, "triage", "--dir", dir, POLICY, file_of("nicht-da", NULL));
    CHECK(r.status != 0);
    RUN(&r, NULL, "triage", "--dir", dir, POLICY, file_of("d.bin", "\xff\xfe"));
    CHECK(r.status != 0);
    RUN(&r, NULL, "triage", "--dir", dir, POLICY, "--received", "gestern", file_of("e", LETTER));
    CHECK(r.status != 0);
}

TEST(sorting_is_measured_against_a_truth)
{
    FRESH(r);
    const char *const dir = file_of("measured", NULL);
    NEED(make_collection(&r, dir));
    const char *const file = file_of(
        "l.jsonl",
        "{\"id\":\"1\",\"text\":\"Was kostet der Bewohnerparkausweis? Bis 1.12.2026, bitte.\","
        "\"received\":\"2026-11-23\",\"service\":\"Richtlinie der Stadt Musterbach zu "
        "Bewohnerparkausweisen\",\"urgency\":\"soon\",\"language\":\"de\",\"days\":[\"2026-12-01\"]"
        "}\n"
        "\n{\"id\":\"2\",\"text\":\"Xylophon bis 5.12.2026\",\"received\":\"2026-11-23\","
        "\"urgency\":\"normal\"}\n");
    RUN(&r, NULL, "eval", "triage", "--dir", dir, POLICY, file);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "bench triage.service_first 1.0000 n=1\n");
    CHECK_OUT(&r, "bench triage.left_to_person 1.0000 n=1\n");
    CHECK_OUT(&r, "bench triage.urgency 1.0000 n=2\n");
    CHECK_OUT(&r, "bench triage.days_found 1.0000 n=1\n");
    CHECK_OUT(&r, "bench triage.days_false 0.5000 n=2\n");
    RUN(&r, NULL, "eval", "triage", "--dir", dir, POLICY, "--json", file);
    CHECK_OUT(&r, "\"letters\":2");
    RUN(&r, NULL, "eval", "triage", "--dir", dir, POLICY, file_of("leer", "\n"));
    CHECK(r.status != 0);
    RUN(&r, NULL, "eval", "triage", "--dir", dir, POLICY, file_of("kaputt", "{\n"));
    CHECK(r.status != 0);
}
