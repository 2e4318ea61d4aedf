/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/service.h"

#include "unit/know/rig.h"

static know *
make(struct rig *r)
{
    AUTO(secret) key = rig_key();
    const char *const dir = rig_dir(r, "services");
    know *k = NULL;
    CHECK_OK(know_create(dir, &key));
    CHECK_OK(know_open(dir, &key, &k));
    rig_add(r, k, "hund", "offen",
            "# Hund anmelden\n\n## Beschreibung\n\nWer einen Hund hält, meldet ihn an.\n\n## "
            "Zuständige Stelle\n\nSteueramt, Zimmer 3\n\nTelefon 1\n");
    rig_add(r, k, "pass", "offen",
            "# Reisepass beantragen\n\n## Beschreibung\n\nDer Reisepass wird beim Bürgerbüro "
            "beantragt.\n\n## Unterlagen\n\nEin Lichtbild.\n");
    rig_add(r, k, "bad", "offen",
            "# Badeordnung\n\n## § 1 Eintritt\n\nDer Eintritt kostet 4 Euro.\n");
    rig_add(r, k, "geheim", "VS-NfD",
            "# Hund beschlagnahmen\n\n## Zuständige Stelle\n\nSonderstelle für den Hund\n");
    CHECK_OK(know_commit(k));
    return k;
}

static struct services
find(struct rig *r, know *k, const char *clearance, const char *letter)
{
    struct services s = {.count = 0};
    const struct service_ask ask = {.letter = content_of(str_of(letter), LABEL_BOTTOM)};
    CHECK_OK(service_find(k, rig_grant(r, clearance), &ask, r->a, &s));
    return s;
}

TEST(a_letter_finds_its_service_and_the_office_that_has_it)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    const struct services s = find(&r, k, "offen", "Ich habe einen Hund und will ihn anmelden.");
    NEED(s.count);
    CHECK_STR(s.at[0].name, STR("Hund anmelden"));
    CHECK_STR(s.at[0].document, STR("hund"));
    CHECK(s.at[0].score > 0.7);
    CHECK(str_find(s.at[0].why, STR("Hund, anmelden")) >= 0);
    CHECK_STR(s.office.name, STR("Steueramt, Zimmer 3"));
    CHECK_STR(s.office.section, STR("Zuständige Stelle"));
}

TEST(without_a_module_the_office_is_the_one_the_passages_name)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    const struct services s = find(&r, k, "offen", "Ich brauche einen neuen Reisepass.");
    NEED(s.count);
    CHECK_STR(s.office.name, STR("Bürgerbüro"));
    CHECK(s.office.score < 0.9);
}

TEST(where_no_office_is_named_there_is_none)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    const struct services s = find(&r, k, "offen", "Was kostet der Eintritt?");
    NEED(s.count);
    CHECK_STR(s.at[0].name, STR("Badeordnung"));
    CHECK_INT(s.office.name.len, ==, 0);
}

TEST(what_fits_nothing_finds_nothing_or_is_not_sure)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    CHECK_INT(find(&r, k, "offen", "Xylophon Quarz").count, ==, 0);
    CHECK_INT(find(&r, k, "offen", "").count, ==, 0);
    const struct services s = find(&r, k, "offen", "Was kostet ein Xylophon?");
    CHECK(!s.count || s.at[0].score < 0.7);
}

TEST(services_above_the_clearance_change_nothing)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    static const char letter[] = "Der Hund wird von der Sonderstelle anzumelden sein.";
    const struct services before = find(&r, k, "offen", letter);
    CHECK_OK(know_remove(k, rig_grant(&r, "VS-NfD"), STR("geheim")));
    CHECK_OK(know_commit(k));
    const struct services after = find(&r, k, "offen", letter);
    NEED(before.count && before.count == after.count);
    for (size_t i = 0; i < after.count; i++) {
        CHECK_STR(before.at[i].name, after.at[i].name);
        CHECK_STR(before.at[i].why, after.at[i].why);
        CHECK(before.at[i].score == after.at[i].score);
    }
    CHECK_STR(before.office.name, after.office.name);
    CHECK(label_eq(before.read, LABEL_BOTTOM));
}

TEST(too_little_memory_is_reported)
{
    RIG(r);
    AUTO(know) *k = make(&r);
    const grant *const g = rig_grant(&r, "offen");
    const struct service_ask ask = {.letter = content_of(STR("Hund anmelden"), LABEL_BOTTOM)};
    for (long n = 1; n < 2000; n++) {
        AUTO(arena) *a = NULL;
        struct services s = {.count = 7};
        CHECK_OK(arena_open(1 << 20, &a));
        fault_arm(n);
        const err e = service_find(k, g, &ask, a, &s);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(!e.code || s.count == 7);
    }
}
