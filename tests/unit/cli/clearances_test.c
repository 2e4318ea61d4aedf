/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

TEST(a_clearance_is_proposed_and_its_number_printed)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/persons/dora%2Fx/clearance", 200,
              "{\"id\":3,\"state\":\"proposed\"}");
    RUN(&r, &f, "clearance", "propose", "dora/x", "--clearance", "VS-NfD", "--expires", "2d");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("3\n"));
    CHECK_SAYS(&r, "Another security officer approves it");
    CHECK_IN(fake_asked(&f), "{\"clearance\":\"VS-NfD\",\"valid_ms\":172800000}");
    fake_says(&f, "POST /admin/v1/persons/dora/clearance", 200, "{\"id\":4,\"state\":\"active\"}");
    RUN(&r, &f, "clearance", "propose", "dora", "--clearance", "offen", "--expires", "1d");
    CHECK_SAYS(&r, "It is less than before, and in force.");
    RUN(&r, &f, "clearance", "propose", "dora", "--clearance", "offen", "--purposes", "aid,audit",
        "--expires", "1d");
    CHECK_IN(fake_asked(&f), "{\"clearance\":\"offen\",\"purposes\":\"aid,audit\",");
    fake_end(&f);
}

TEST(without_a_clearance_or_an_end_nothing_is_asked)
{
    FRESH(r);
    FAKE(f);
    RUN(&r, &f, "clearance", "propose", "dora", "--clearance", "VS-NfD");
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "--expires 365d");
    RUN(&r, &f, "clearance", "propose", "dora", "--expires", "1d");
    CHECK_SAYS(&r, "--clearance LABEL");
    RUN(&r, &f, "clearance", "propose", "dora", "--clearance", "x", "--expires", "9999d");
    CHECK(r.status != 0);
    RUN(&r, &f, "clearance", "approve");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(what_the_daemon_says_to_an_approval_is_told)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/clearances/7/approve", 403,
              "{\"error\":{\"code\":\"DENIED\",\"message\":\"what key a proposed is for somebody "
              "else to approve\"}}");
    RUN(&r, &f, "clearance", "approve", "7");
    CHECK_STATUS(&r, 77);
    fake_says(&f, "POST /admin/v1/clearances/7/approve", 200, "{\"ok\":true}");
    RUN(&r, &f, "clearance", "approve", "7");
    CHECK_SAYS(&r, "clearance 7 is in force");
    fake_end(&f);
}

TEST(clearances_are_listed)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/clearances", 200,
              "[{\"id\":2,\"person\":\"dora\",\"clearance\":\"VS-NfD\",\"state\":\"proposed\","
              "\"until\":\"2027-01-02T03:04:05.678Z\",\"proposer\":\"key_a\","
              "\"proposer_person\":\"anna\",\"approver\":\"\",\"approver_person\":\"\"}]");
    RUN(&r, &f, "clearance", "list");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, " 2  dora    VS-NfD     what keys say  proposed  2027-01-02T03:04  anna");
    fake_says(&f, "GET /admin/v1/clearances", 200,
              "[{\"id\":2,\"person\":\"dora\",\"purposes\":\"aid,audit\"},"
              "{\"id\":3,\"person\":\"emil\",\"purposes\":\"-\"}]");
    RUN(&r, &f, "clearance", "list");
    CHECK_OUT(&r, "aid,audit");
    CHECK_OUT(&r, "nothing");
    RUN(&r, &f, "clearance", "list", "--json");
    CHECK_OUT(&r, "\"person\":\"dora\"");
    fake_says(&f, "GET /admin/v1/clearances", 200, "{}");
    RUN(&r, &f, "clearance", "list");
    CHECK(r.status != 0);
    fake_end(&f);
}
