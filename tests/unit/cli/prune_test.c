/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#define FAKE(f)                                                                                    \
    static struct fake f;                                                                          \
    NEED(fake_start(&f))

static const char *const counted =
    "{\"state\":\"counted\",\"minimum\":0,\"below\":512,\"entries\":512,\"held\":3,\"bytes\":9000,"
    "\"why\":\"entry 600 is younger\"}";

TEST(a_dry_run_only_counts)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/log/prune?before=2025-01-01", 200, counted);
    RUN(&r, &f, "log", "prune", "--before", "2025-01-01", "--dry-run");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out),
              STR("512 entries below 512 may go, 9000 bytes; 3 of them are held back\n"));
    RUN(&r, &f, "log", "prune", "--before", "2025-01-01", "--dry-run", "--json");
    CHECK_OUT(&r, "\"held\":3");
    fake_end(&f);
}

TEST(a_proposal_is_printed_for_the_second_person)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/log/prune?before=2025-01-01", 200, counted);
    fake_says(&f, "POST /admin/v1/log/prune ", 200, "{\"request\":\"req_P\",\"below\":512}");
    RUN(&r, &f, "log", "prune", "--before", "2025-01-01");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "req_P\n");
    CHECK_SAYS(&r, "hoheit log prune --approve req_P");
    CHECK_IN(fake_asked(&f), "{\"before\":\"2025-01-01\"}");
    fake_end(&f);
}

TEST(an_approval_waits_until_it_is_done)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "POST /admin/v1/log/prune/req_P/approve", 200,
              "{\"state\":\"cutting\",\"request\":\"req_A\"}");
    fake_says(&f, "GET /admin/v1/log/prune?request=req_A", 200,
              "{\"state\":\"cut\",\"below\":512,\"held\":3}");
    RUN(&r, &f, "log", "prune", "--approve", "req_P");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("entries below 512 are gone, 3 of them were held back\n"));
    fake_says(&f, "GET /admin/v1/log/prune?request=req_A", 200,
              "{\"state\":\"failed\",\"why\":\"entry 5 is younger\"}");
    RUN(&r, &f, "log", "prune", "--approve", "req_P");
    CHECK(r.status != 0);
    CHECK_SAYS(&r, "entry 5 is younger");
    fake_end(&f);
}

TEST(one_of_the_two_has_to_be_said_and_not_both)
{
    FRESH(r);
    FAKE(f);
    RUN(&r, &f, "log", "prune");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "log", "prune", "--before", "2025-01-01", "--approve", "req_P");
    CHECK_STATUS(&r, 2);
    fake_end(&f);
}

TEST(what_the_law_does_not_let_go_is_told)
{
    FRESH(r);
    FAKE(f);
    fake_says(&f, "GET /admin/v1/log/prune?before=2026-11-01", 400,
              "{\"error\":{\"code\":\"ARGUMENT\",\"message\":\"AI Act: six months\"}}");
    RUN(&r, &f, "log", "prune", "--before", "2026-11-01");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "AI Act");
    fake_end(&f);
}
