/* SPDX-License-Identifier: EUPL-1.2 */
#include "acts/declassify.h"

#include "api/admin/admin_api.h"
#include "unit/api/reply.h"

static void
open_site(void)
{
    site_open(&admin_table, 1, &admin_dialect);
}

static const char *
key_of(const char *name, const char *role)
{
    static char rooms[2][KEY_TEXT_MAX];
    static unsigned next;
    char *text = rooms[next++ % 2];
    const struct key_wish w = {.name = str_of(name),
                               .clearance = STR("VS-NfD//SOZIALDATEN"),
                               .default_label = STR("intern"),
                               .role = str_of(role),
                               .tenant = STR("haus"),
                               .person = str_of(role[0] ? name : "")};
    OPERATOR(c, &site.rig);
    const struct person_wish t = {.name = STR("haus")}, p = {.name = w.name, .tenant = t.name};
    IGNORE(caller_wait(&c, admin_tenant_add(&c.call, &t))); /* the second is there */
    OPERATOR(d, &site.rig);
    if (role[0])
        CHECK_OK(caller_wait(&d, admin_person_add(&d.call, &p)));
    OPERATOR(e, &site.rig);
    CHECK_OK(caller_wait(&e, admin_key_add(&e.call, &w, text)));
    return text;
}

#define WISH                                                                                       \
    "{\"content\":\"Bescheid\",\"from\":\"intern//SOZIALDATEN\",\"to\":\"intern\",\"reason\":"     \
    "\"r\",\"basis\":\"b\",\"valid_ms\":60000}"

TEST(a_text_is_proposed_read_approved_and_let_out_over_the_network)
{
    char path[200], body[200];
    open_site();
    const char *clerk = key_of("carla", ""), *officer = key_of("olga", "officer");
    AUTO(reply) *made = POST(site.net, "/admin/v1/declassify", clerk, WISH);
    CHECK_INT(made->status, ==, 200);
    const str id = reply_text(made, "id");
    snprintf(path, sizeof path, "/admin/v1/declassify/%.*s", STR_FMT(id));
    AUTO(reply) *shown = GET(site.net, path, officer);
    CHECK_INT(shown->status, ==, 200);
    CHECK_STR(reply_text(shown, "content"), STR("Bescheid"));
    CHECK_STR(reply_text(shown, "takes_off.0"), STR("compartment SOZIALDATEN"));
    CHECK_STR(reply_text(shown, "sha256"), reply_text(made, "sha256"));
    snprintf(path, sizeof path, "/admin/v1/declassify/%.*s/approve", STR_FMT(id));
    snprintf(body, sizeof body, "{\"sha256\":\"%.*s\"}", STR_FMT(reply_text(shown, "sha256")));
    AUTO(reply) *self = POST(site.net, path, clerk, body);
    CHECK_INT(self->status, ==, 403);
    AUTO(reply) *yes = POST(site.net, path, officer, body);
    CHECK_INT(yes->status, ==, 200);
    snprintf(path, sizeof path, "/admin/v1/declassify/%.*s/release", STR_FMT(id));
    AUTO(reply) *out = POST(site.net, path, clerk, "");
    CHECK_INT(out->status, ==, 200);
    CHECK_STR(reply_text(out, "content"), STR("Bescheid"));
    CHECK_STR(reply_text(out, "label"), STR("intern"));
    AUTO(reply) *again = POST(site.net, path, clerk, "");
    CHECK_INT(again->status, ==, 409);
    CHECK(!reply_has(again, "Bescheid"));
    site_close();
}

TEST(what_is_no_proposal_is_refused_with_its_field)
{
    static const struct {
        const char *path, *body, *param;
    } cases[] = {
        {"/admin/v1/declassify", "{}", "content"},
        {"/admin/v1/declassify", "{\"content\":1}", "content"},
        {"/admin/v1/declassify", "{\"content\":\"x\"}", "to"},
        {"/admin/v1/declassify", "{\"content\":\"x\",\"to\":\"offen\"}", "reason"},
        {"/admin/v1/declassify", "{\"content\":\"x\",\"to\":\"offen\",\"reason\":\"r\"}", "basis"},
        {"/admin/v1/declassify",
         "{\"content\":\"x\",\"to\":\"offen\",\"reason\":\"r\",\"basis\":\"b\"}", "valid_ms"},
        {"/admin/v1/declassify",
         "{\"content\":\"x\",\"to\":\"offen\",\"reason\":\"r\",\"basis\":\"b\",\"valid_ms\":0}",
         "valid_ms"},
        {"/admin/v1/declassify", "{\"content\":\"x\",\"approved\":true}", "approved"},
        {"/admin/v1/declassify/dec_1/approve", "{}", "sha256"},
        {"/admin/v1/declassify/dec_1/approve", "{\"sha256\":7}", "sha256"},
        {"/admin/v1/declassify/dec_1/approve", "{\"sha256\":\"0\",\"force\":true}", "force"}};
    open_site();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = POST(site.local, cases[i].path, NULL, cases[i].body);
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(reply_text(r, "error.param"), str_of(cases[i].param));
    }
    site_close();
}

TEST(the_operator_at_the_socket_is_no_officer)
{
    open_site();
    AUTO(reply) *r =
        reply_to(site.local, (struct wish){"GET", "/admin/v1/declassify/x", NULL, NULL, STR_NONE});
    CHECK_INT(r->status, ==, 403);
    AUTO(reply) *none = POST(site.local, "/admin/v1/declassify/x/release", NULL, "");
    CHECK_INT(none->status, ==, 404);
    site_close();
}
