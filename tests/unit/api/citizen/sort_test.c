/* SPDX-License-Identifier: EUPL-1.2 */
/* POST /v1/citizen/triage, in api/citizen/sort.c. */
#include "unit/api/citizen/town_site.h"

#define SORT(key, body) POST(site.net, "/v1/citizen/triage", key, body)
#define HUND "{\"text\":\"Ich möchte meinen Hund zur Hundesteuer anmelden, bis zum 1.12.2026.\""

TEST(a_letter_gets_its_service_with_reasons_and_a_label)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = SORT(k, HUND ",\"received\":\"2026-11-23\"}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "object"), STR("citizen.triage"));
    CHECK_STR(reply_text(r, "candidates.0.document"), STR("hund"));
    CHECK(reply_text(r, "candidates.0.why").len > 0);
    CHECK_STR(reply_text(r, "deadlines.0.date"), STR("2026-12-01"));
    CHECK_STR(reply_text(r, "urgency.level"), STR("soon"));
    CHECK_STR(reply_text(r, "language.code"), STR("de"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK(rig_record(&site.rig, "decision", "citizen.triage", 0).len > 0 ||
          str_find(rig_log(&site.rig), STR("citizen.triage")) >= 0);
    CHECK(str_find(rig_log(&site.rig), STR("Hund")) < 0);
    close_town();
}

TEST(what_is_no_letter_is_refused)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    static const char *const bad[] = {"{}",
                                      "{\"text\":\"\"}",
                                      "{\"text\":7}",
                                      HUND ",\"received\":\"gestern\"}",
                                      HUND ",\"received\":\"2026-02-30\"}",
                                      HUND ",\"received\":\"2026-02-1-1\"}",
                                      HUND ",\"was\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = SORT(k, bad[i]);
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *none = SORT(k, HUND ",\"know\":\"nichts\"}");
    CHECK_INT(none->status, ==, 404);
    AUTO(reply) *who = SORT(NULL, HUND "}");
    CHECK_INT(who->status, ==, 401);
    close_town();
}

TEST(a_letter_above_the_keys_clearance_is_denied)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r =
        reply_to(site.net, (struct wish){"POST", "/v1/citizen/triage", k, "VS-NfD", STR(HUND "}")});
    CHECK_INT(r->status, ==, 403);
    close_town();
}
