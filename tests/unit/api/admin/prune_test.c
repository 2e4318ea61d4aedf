/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

#include "unit/api/reply.h"

static reply *
ask(const char *method, const char *path, const char *body)
{
    return reply_to(site.local, (struct wish){method, path, NULL, NULL, str_of(body)});
}

TEST(the_operator_has_it_counted_and_proposes_it_but_does_not_approve)
{
    site_open(&admin_table, 1, &admin_dialect);
    site.rig.log.prune_says = "{\"state\":\"counted\",\"minimum\":0,\"below\":512}";
    AUTO(reply) *count = ask("GET", "/admin/v1/log/prune?before=2001-01-01", "");
    CHECK_INT(count->status, ==, 200);
    CHECK_INT(reply_number(count, "below"), ==, 512);
    AUTO(reply) *propose = ask("POST", "/admin/v1/log/prune", "{\"before\":\"2001-01-01\"}");
    CHECK_INT(propose->status, ==, 200);
    CHECK_INT(reply_number(propose, "below"), ==, 512);
    AUTO(reply) *approve = ask("POST", "/admin/v1/log/prune/req_1/approve", "");
    CHECK_INT(approve->status, ==, 403);
    CHECK(reply_has(approve, "auditor"));
    AUTO(reply) *follow = ask("GET", "/admin/v1/log/prune?request=req_1", "");
    CHECK_INT(follow->status, ==, 200);
    CHECK_INT(site.rig.log.pruned.kind, ==, LOG_CUT);
    site_close();
}

TEST(what_makes_no_sense_is_refused_with_its_field)
{
    static const struct {
        const char *method, *path, *body, *param;
    } cases[] = {{"POST", "/admin/v1/log/prune", "{}", "before"},
                 {"POST", "/admin/v1/log/prune", "{\"before\":\"soon\"}", "before"},
                 {"POST", "/admin/v1/log/prune", "{\"before\":\"2999-01-01\"}", "before"},
                 {"POST", "/admin/v1/log/prune", "{\"before\":\"2001-01-01\",\"now\":1}", "now"},
                 {"GET", "/admin/v1/log/prune", "", "before"}};
    site_open(&admin_table, 1, &admin_dialect);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = ask(cases[i].method, cases[i].path, cases[i].body);
        CHECK_INT(r->status, ==, 400);
        CHECK_STR(reply_text(r, "error.param"), str_of(cases[i].param));
    }
    site_close();
}
