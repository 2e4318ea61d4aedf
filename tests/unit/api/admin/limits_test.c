/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

#include "unit/api/reply.h"

static void
open_site(void)
{
    site_open(&admin_table, 1, &admin_dialect);
}

static reply *
ask(const char *method, const char *path, const char *body)
{
    return reply_to(site.local, (struct wish){method, path, NULL, NULL, str_of(body)});
}

static int
status_of(const char *method, const char *path, const char *body)
{
    AUTO(reply) *r = ask(method, path, body);
    return r->status;
}

TEST(a_limit_is_put_shown_listed_and_deleted)
{
    open_site();
    (void)site_key("amt", "offen");
    AUTO(reply) *put = ask("PUT", "/admin/v1/limits/key%3Aamt/tokens%2Fday", "{\"value\":7}");
    CHECK_INT(put->status, ==, 200);
    CHECK_STR(buf_str(&put->body), STR("{\"ok\":true}"));
    CHECK_INT(status_of("PUT", "/admin/v1/limits/default:key/streams", "{\"value\":0}"), ==, 200);
    AUTO(reply) *all = ask("GET", "/admin/v1/limits", "");
    CHECK_STR(reply_text(all, "0.subject"), STR("default:key"));
    CHECK_STR(reply_text(all, "1.limit"), STR("tokens/day"));
    CHECK_INT(reply_number(all, "1.value"), ==, 7);
    AUTO(reply) *one = ask("GET", "/admin/v1/limits/key:amt", "");
    CHECK(reply_has(one, "streams") && reply_has(one, "tokens/day"));
    CHECK_INT(status_of("DELETE", "/admin/v1/limits/key:amt/tokens%2Fday", ""), ==, 200);
    CHECK_INT(status_of("DELETE", "/admin/v1/limits/key:amt/tokens%2Fday", ""), ==, 404);
    site_close();
}

TEST(what_is_no_limit_is_refused_with_its_field)
{
    static const struct {
        const char *path, *body, *param;
        int want;
    } cases[] = {
        {"/admin/v1/limits/key:amt/streams", "{\"value\":-1}", "value", 400},
        {"/admin/v1/limits/key:amt/streams", "{\"value\":1.5}", "value", 400},
        {"/admin/v1/limits/key:amt/streams", "{\"value\":\"1\"}", "value", 400},
        {"/admin/v1/limits/key:amt/streams", "{\"value\":9223372036854775807}", "value", 400},
        {"/admin/v1/limits/key:amt/streams", "{}", "value", 400},
        {"/admin/v1/limits/key:amt/streams", "{\"max\":1}", "max", 400},
        {"/admin/v1/limits/key:amt/nothing", "{\"value\":1}", "limit", 400},
        {"/admin/v1/limits/amt/streams", "{\"value\":1}", "subject", 400},
        {"/admin/v1/limits/key:none/streams", "{\"value\":1}", "subject", 404}};
    open_site();
    (void)site_key("amt", "offen");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = ask("PUT", cases[i].path, cases[i].body);
        CHECK_INT(r->status, ==, cases[i].want);
        CHECK_STR(reply_text(r, "error.param"), str_of(cases[i].param));
    }
    CHECK_INT(status_of("GET", "/admin/v1/limits/amt", ""), ==, 400);
    AUTO(reply) *all = ask("GET", "/admin/v1/limits", "");
    CHECK_STR(buf_str(&all->body), STR("[]"));
    site_close();
}

TEST(tenants_and_people_are_posted_listed_and_deleted)
{
    open_site();
    CHECK_INT(status_of("POST", "/admin/v1/tenants", "{\"name\":\"stadt\",\"title\":\"Stadt\"}"),
              ==, 200);
    CHECK_INT(status_of("POST", "/admin/v1/tenants", "{\"name\":\"amt\",\"parent\":\"stadt\"}"), ==,
              200);
    CHECK_INT(status_of("POST", "/admin/v1/tenants", "{\"name\":\"amt\",\"tenant\":\"stadt\"}"), ==,
              400);
    CHECK_INT(status_of("POST", "/admin/v1/persons", "{\"name\":\"frau\",\"tenant\":\"amt\"}"), ==,
              200);
    CHECK_INT(status_of("POST", "/admin/v1/persons", "{\"name\":\"frau\"}"), ==, 409);
    CHECK_INT(status_of("POST", "/admin/v1/persons", "{\"name\":7}"), ==, 400);
    AUTO(reply) *tenants = ask("GET", "/admin/v1/tenants", "");
    CHECK_STR(reply_text(tenants, "0.parent"), STR("stadt"));
    AUTO(reply) *persons = ask("GET", "/admin/v1/persons", "");
    CHECK_STR(reply_text(persons, "0.tenant"), STR("amt"));
    CHECK_INT(status_of("DELETE", "/admin/v1/tenants/amt", ""), ==, 409);
    CHECK_INT(status_of("DELETE", "/admin/v1/persons/frau", ""), ==, 200);
    CHECK_INT(status_of("DELETE", "/admin/v1/tenants/amt", ""), ==, 200);
    CHECK_INT(status_of("DELETE", "/admin/v1/tenants/amt", ""), ==, 404);
    site_close();
}

TEST(a_key_is_replaced_by_name_or_taken_back_when_its_record_fails)
{
    open_site();
    const char *old = site_key("amt", "offen");
    AUTO(reply) *r = ask("POST", "/admin/v1/keys/amt/rotate", "{\"overlap_ms\":60000}");
    CHECK_INT(r->status, ==, 200);
    const str fresh = reply_text(r, "key");
    const struct session *s = NULL;
    CHECK_OK(gate_session(site.rig.gate, fresh, &s));
    CHECK_OK(gate_session(site.rig.gate, str_of(old), &s));
    CHECK_INT(status_of("POST", "/admin/v1/keys/amt/rotate", "{\"overlap_ms\":-1}"), ==, 400);
    CHECK_INT(status_of("POST", "/admin/v1/keys/amt/rotate", "{\"x\":1}"), ==, 400);
    CHECK_INT(status_of("POST", "/admin/v1/keys/none/rotate", "{}"), ==, 404);
    disk.sync_errno = EIO;
    CHECK_INT(status_of("POST", "/admin/v1/keys/amt/rotate", "{\"import\":\"sk-neu\"}"), ==, 500);
    disk.sync_errno = 0;
    CHECK_ERR(gate_session(site.rig.gate, STR("sk-neu"), &s), UNAUTHENTICATED);
    CHECK_OK(gate_session(site.rig.gate, fresh, &s)); /* replaced, but nothing came of it */
    site_close();
}
