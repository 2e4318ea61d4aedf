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

/* The operator at the socket runs what policy decides, but does not make it. */
TEST(the_operator_sees_versions_and_changes_none)
{
    open_site();
    AUTO(reply) *list = ask("GET", "/admin/v1/policy", "");
    CHECK_INT(list->status, ==, 200);
    CHECK_INT(reply_number(list, "active"), ==, 0);
    AUTO(reply) *one = ask("GET", "/admin/v1/policy/1", "");
    CHECK_INT(one->status, ==, 404);
    AUTO(reply) *propose = ask("POST", "/admin/v1/policy", "{\"text\":\"version: 1\"}");
    CHECK_INT(propose->status, ==, 403);
    CHECK(reply_has(propose, "officer"));
    AUTO(reply) *approve = ask("POST", "/admin/v1/policy/1/approve", "");
    CHECK_INT(approve->status, ==, 403);
    AUTO(reply) *back = ask("POST", "/admin/v1/policy/rollback", "");
    CHECK_INT(back->status, ==, 403);
    site_close();
}

TEST(what_is_no_proposal_is_refused_with_its_field)
{
    static const struct {
        const char *method, *path, *body, *param;
    } cases[] = {{"POST", "/admin/v1/policy", "{}", "text"},
                 {"POST", "/admin/v1/policy", "{\"text\":1}", "text"},
                 {"POST", "/admin/v1/policy", "{\"text\":\"\",\"force\":true}", "force"},
                 {"GET", "/admin/v1/policy/x", "", "id"},
                 {"GET", "/admin/v1/policy/0", "", "id"},
                 {"POST", "/admin/v1/policy/-1/approve", "", "id"}};
    open_site();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = ask(cases[i].method, cases[i].path, cases[i].body);
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(reply_text(r, "error.param"), str_of(cases[i].param));
    }
    site_close();
}
