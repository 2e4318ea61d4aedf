/* SPDX-License-Identifier: EUPL-1.2 */
/* POST /v1/citizen/form, in api/citizen/forms.c. */
#include "unit/api/citizen/town_site.h"

#define FORM(key, body) POST(site.net, "/v1/citizen/form", key, body)
#define SCHEMA                                                                                     \
    "\"schema\":{\"required\":[\"tag\"],\"properties\":{\"tag\":{\"type\":\"string\",\"format\":"  \
    "\"date\",\"title\":\"Tag\"}}}"

TEST(a_form_is_explained_and_values_are_held_against_it)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    AUTO(reply) *r = FORM(k, "{" SCHEMA "}");
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "fields.0.title"), STR("Tag"));
    CHECK(str_starts(reply_text(r, "fields.0.says"), STR("Pflichtangabe: ein Datum")));
    CHECK(!reply_at(r, "remarks").v);
    AUTO(reply) *v = FORM(k, "{" SCHEMA ",\"values\":{\"tag\":\"gestern\"}}");
    CHECK_INT(v->status, ==, 200);
    CHECK_STR(reply_text(v, "remarks.0.name"), STR("tag"));
    CHECK_STR(reply_field(v, "x-hoheit-label"), STR("offen"));
    CHECK(str_find(rig_log(&site.rig), STR("citizen.form")) >= 0);
    CHECK(str_find(rig_log(&site.rig), STR("gestern")) < 0);
    AUTO(reply) *x = FORM(k, "{\"xml\":\"<s><datenfeld><identifikation><id>F1</id></identifikation>"
                             "</datenfeld></s>\"}");
    CHECK_INT(x->status, ==, 200);
    CHECK_STR(reply_text(x, "fields.0.name"), STR("F1"));
    close_town();
}

TEST(what_is_no_form_is_refused)
{
    open_town("wissen");
    const char *k = site_key("amt", "offen");
    static const char *const bad[] = {"{}",
                                      "{\"schema\":{}}",
                                      "{\"schema\":[]}",
                                      "{\"xml\":\"<a>\"}",
                                      "{\"xml\":\"<a/>\"," SCHEMA "}",
                                      "{" SCHEMA ",\"values\":[]}",
                                      "{" SCHEMA ",\"was\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = FORM(k, bad[i]);
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *who = FORM(NULL, "{" SCHEMA "}");
    CHECK_INT(who->status, ==, 401);
    close_town();
}
