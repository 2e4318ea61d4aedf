/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

#include "unit/api/reply.h"

static reply *
ask(const char *method, const char *path, const char *body)
{
    return reply_to(site.local, (struct wish){method, path, NULL, NULL, str_of(body)});
}

/* The operator at the socket keeps people, but does not clear them. */
TEST(the_operator_sees_clearances_and_gives_none)
{
    site_open(&admin_table, 1, &admin_dialect);
    AUTO(reply) *list = ask("GET", "/admin/v1/clearances", "");
    CHECK_INT(list->status, ==, 200);
    AUTO(reply) *propose = ask("POST", "/admin/v1/persons/dora/clearance",
                               "{\"clearance\":\"intern\",\"valid_ms\":1000}");
    CHECK_INT(propose->status, ==, 403);
    CHECK(reply_has(propose, "officer"));
    AUTO(reply) *approve = ask("POST", "/admin/v1/clearances/1/approve", "");
    CHECK_INT(approve->status, ==, 403);
    site_close();
}

TEST(what_is_no_proposal_is_refused_with_its_field)
{
    static const struct {
        const char *path, *body, *param;
    } cases[] = {{"/admin/v1/persons/dora/clearance", "{\"valid_ms\":1}", "clearance"},
                 {"/admin/v1/persons/dora/clearance", "{\"clearance\":\"intern\"}", "valid_ms"},
                 {"/admin/v1/persons/dora/clearance", "{\"clearance\":\"intern\",\"valid_ms\":0}",
                  "valid_ms"},
                 {"/admin/v1/persons/dora/clearance",
                  "{\"clearance\":\"x\",\"valid_ms\":1,\"force\":true}", "force"},
                 {"/admin/v1/clearances/x/approve", "", "id"},
                 {"/admin/v1/clearances/0/approve", "", "id"}};
    site_open(&admin_table, 1, &admin_dialect);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = ask("POST", cases[i].path, cases[i].body);
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(reply_text(r, "error.param"), str_of(cases[i].param));
    }
    site_close();
}
