/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

TEST(a_file_is_proposed_and_its_number_printed)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/policy ", 200, "{\"id\":3}");
    fake_says(&f, "POST /admin/v1/policy/rollback", 200, "{\"id\":4}");
    RUN(&r, &f, "policy", "propose", "etc/policy.yaml");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("3\n"));
    CHECK_IN(fake_asked(&f), "{\"text\":\"# SPDX-License-Identifier");
    RUN(&r, &f, "policy", "rollback", "--json");
    CHECK_STR(str_of(r.out), STR("{\"id\":4}\n"));
    RUN(&r, &f, "policy", "propose", "/nonexistent");
    CHECK(r.status != 0);
    fake_end(&f);
}

TEST(what_the_daemon_refuses_is_told)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/policy/7/approve", 403,
              "{\"error\":{\"code\":\"DENIED\",\"message\":\"what key a proposed is for somebody "
              "else to approve\"}}");
    RUN(&r, &f, "policy", "approve", "7");
    CHECK_STATUS(&r, 77);
    CHECK_SAYS(&r, "for somebody else to approve");
    fake_says(&f, "POST /admin/v1/policy/7/approve", 200, "{\"ok\":true}");
    RUN(&r, &f, "policy", "approve", "7");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "version 7 is in force");
    fake_end(&f);
}

TEST(versions_are_listed_and_reviewed)
{
    FRESH(r);
    FAKE(f);
    fake_says(
        &f, "GET /admin/v1/policy", 200,
        "{\"active\":0,\"sha256\":\"ab\",\"versions\":[{\"id\":2,\"state\":\"proposed\","
        "\"sha256\":\"0123456789abcdef\",\"proposer\":\"key_a\",\"proposer_person\":\"anna\","
        "\"proposed\":\"2026-01-02T03:04:05.678Z\",\"approver\":\"\",\"approver_person\":\"\","
        "\"approved\":null}]}");
    fake_says(&f, "GET /admin/v1/policy/2", 200,
              "{\"id\":2,\"changes\":[\"compartment X (number 30) is new: X\"],\"text\":\"version: "
              "1\\n\"}");
    RUN(&r, &f, "policy", "list");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, " 2  proposed  anna         2026-01-02T03:04");
    CHECK_SAYS(&r, "The policy file is in force.");
    RUN(&r, &f, "policy", "review", "2");
    CHECK_STR(str_of(r.out), STR("compartment X (number 30) is new: X\n"));
    RUN(&r, &f, "policy", "review", "2", "--text");
    CHECK_STR(str_of(r.out), STR("version: 1\n"));
    RUN(&r, &f, "policy", "review", "2", "--json");
    CHECK_OUT(&r, "\"changes\":[");
    fake_end(&f);
}
