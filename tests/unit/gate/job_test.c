/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/job.h"

#include "unit/gate/asker.h"

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
