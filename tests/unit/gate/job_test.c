/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/job.h"

#include "unit/gate/asker.h"
#include "unit/os/powercap_tree.h"

static struct rig rig;

static int64_t
places(void)
{
    return meter_value(&rig.meters, METER_REQUESTS_RUNNING);
}

TEST(the_last_frame_waits_for_the_completion_record)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    disk_hold();
    rig_says(e, id, 0, "y");
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->done);
    rig_settle(&rig);
    CHECK(k->pieces == 1 && k->ended == 0);
    CHECK_INT(places(), ==, 1);
    disk_release();
    RIG_UNTIL(&rig, k->ended);
    CHECK_ERR(k->end, OK);
    asker_free(k);
    rig_close(&rig);
}

TEST(a_completion_the_disk_refuses_is_an_error_in_place_of_the_last_frame)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    disk.sync_errno = ENOSPC;
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    disk.sync_errno = 0;
    CHECK_ERR(k->end, DISK_FULL);
    CHECK_INT(places(), ==, 0);
    asker_free(k);
    rig_close(&rig);
}

TEST(what_was_begun_and_broken_off_is_on_record_with_what_it_cost)
{
    rig_open(&rig);
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    rig_says(e, id, 0, "y");
    RIG_UNTIL(&rig, k->pieces == 1);
    gate_cancel(TAKE(k->job));
    CHECK_INT(places(), ==, 0);
    rig_close(&rig); /* flushes what was recorded */
    const str r = rig_record(&rig, "completion", k->id, 0);
    CHECK(rig_has(r, "\"outcome\":\"cancelled\""));
    CHECK(rig_has(r, "\"tokens_out\":2")); /* what a piece of the rig counts */
    CHECK(!rig_record(&rig, "completion", k->id, 1).len);
    asker_free(k);
}

/* ---- energy */
static struct powercap cap;
static char cap_dir[600];

static void
open_measured(void)
{
    static unsigned number;
    rig_open(&rig);
    snprintf(cap_dir, sizeof cap_dir, "%s/cap%u", test_dir(), number++);
    tree_zone(cap_dir, "intel-rapl:0", "package-0", 9999999);
    tree_count(cap_dir, "intel-rapl:0", 9000000);
    powercap_open(cap_dir, &cap);
    CHECK_INT(cap.count, ==, 1);
    rig.gate->parts.powercap = &cap;
}

TEST(requests_share_what_the_machine_used_while_an_engine_had_them)
{
    open_measured();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    struct asker *m = asker_new(&rig, "VS-NfD", "intern", "y");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t first = rig_submitted(&rig, e);
    tree_count(cap_dir, "intel-rapl:0", 9500000); /* 500 mJ for the first */
    NEED_OK(asker_run(m));
    const uint64_t second = rig_submitted(&rig, e);
    tree_count(cap_dir, "intel-rapl:0", 499999); /* began anew: 1000 mJ for both */
    rig_done(e, first, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0),
                  "\"energy_mj\":1000,\"energy_by\":\"rapl\""));
    tree_count(cap_dir, "intel-rapl:0", 1499999); /* 1000 mJ for the second */
    rig_done(e, second, 0, true);
    RIG_UNTIL(&rig, m->ended);
    CHECK(rig_has(rig_record(&rig, "completion", m->id, 0),
                  "\"energy_mj\":1500,\"energy_by\":\"rapl\""));
    CHECK_INT(rig.gate->energy.running, ==, 0);
    asker_free(k);
    asker_free(m);
    rig_close(&rig);
    powercap_close(&cap);
}

TEST(who_cancels_is_told_what_was_used_until_then)
{
    open_measured();
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    (void)rig_submitted(&rig, e);
    tree_count(cap_dir, "intel-rapl:0", 9000300);
    gate_cancel(TAKE(k->job));
    CHECK_INT(rig.gate->energy.running, ==, 0);
    rig_close(&rig);
    CHECK(rig_has(rig_record(&rig, "completion", k->id, 0), "\"energy_mj\":1,"));
    asker_free(k);
    powercap_close(&cap);
}

TEST(what_is_not_measured_is_never_0)
{
    open_measured();
    for (int lost = 0; lost < 2; lost++) { /* from the start, or in the middle */
        struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
        if (!lost)
            rig.gate->parts.powercap = NULL;
        NEED_OK(asker_run(k));
        const struct rig_engine *e = rig_ready(&rig, 0);
        const uint64_t id = rig_submitted(&rig, e);
        tree_put(cap_dir, "intel-rapl:0", "energy_uj", "gone\n");
        rig_done(e, id, 0, true);
        RIG_UNTIL(&rig, k->ended);
        CHECK_ERR(k->end, OK);
        const str r = rig_record(&rig, "completion", k->id, 0);
        CHECK(rig_has(r, "\"energy_by\":\"not measured\"") && !rig_has(r, "energy_mj"));
        asker_free(k);
        rig.gate->parts.powercap = &cap;
        tree_count(cap_dir, "intel-rapl:0", 9000000);
    }
    CHECK(!gate_measures_energy(rig.gate));
    CHECK_INT(rig.gate->energy.running, ==, 0);
    rig_close(&rig);
    powercap_close(&cap);
}

TEST(a_daily_limit_of_energy_refuses_the_next)
{
    struct limit_use u;
    open_measured();
    CHECK_OK(budget_set(rig.gate->budget, STR("key:amt"), LIMIT_JOULES_DAY, 2));
    struct asker *k = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(k));
    const struct rig_engine *e = rig_ready(&rig, 0);
    const uint64_t id = rig_submitted(&rig, e);
    tree_count(cap_dir, "intel-rapl:0", 2000000 - 1000000 + 1); /* three joules and a bit */
    rig_done(e, id, 0, true);
    RIG_UNTIL(&rig, k->ended);
    CHECK(budget_use_of(rig.gate->budget, STR("key:amt"), LIMIT_JOULES_DAY, &u));
    CHECK_INT(u.used, ==, 3);
    struct asker *m = asker_new(&rig, "VS-NfD", "intern", "x");
    NEED_OK(asker_run(m));
    RIG_UNTIL(&rig, m->ended);
    CHECK_ERR(m->end, RATE);
    CHECK(strstr(m->public, "joules/day of key:amt") != NULL);
    asker_free(k);
    asker_free(m);
    rig_close(&rig);
    powercap_close(&cap);
}
