/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include "unit/gate/caller.h"

static struct rig rig;

TEST(each_operation_asks_for_the_role_its_table_names)
{
    rig_open(&rig);
    for (int op = 0; op < OP_COUNT; op++) {
        OPERATOR(boss, &rig);
        PLAIN(plain, &rig);
        const enum role role = op_info((enum op)op)->role;
        const bool needs_role = role != ROLE_ANY, is_boss = !needs_role || role == ROLE_OPERATOR;
        CHECK_INT(admin_allow(&boss.call, (enum op)op).code, ==, is_boss ? ERR_OK : ERR_DENIED);
        CHECK_INT(admin_allow(&plain.call, (enum op)op).code, ==, needs_role ? ERR_DENIED : ERR_OK);
        rig_settle(&rig);
        if (!needs_role)
            continue;
        RIG_UNTIL(&rig, rig_record(&rig, "decision", plain.id, 0).len);
        const str d = rig_record(&rig, "decision", plain.id, 0);
        CHECK(rig_has(d, "\"rule\":\"op.role\"") && rig_has(d, "\"key\":\"key_plain\""));
        CHECK(rig_has(d, op_info((enum op)op)->name));
        CHECK((rig_record(&rig, "decision", boss.id, 0).len == 0) == is_boss);
    }
    rig_close(&rig);
}

TEST(an_expired_operator_is_no_operator)
{
    struct session late = {.key_id = STR("key_late"),
                           .key_name = STR("late"),
                           .tenant = STR("haus"),
                           .roles = ROLE_OPERATOR,
                           .expires_wall_ms = 1};
    struct caller c;
    rig_open(&rig);
    caller_init(&c, &rig, &late);
    CHECK_ERR(admin_allow(&c.call, OP_STATUS), UNAUTHENTICATED);
    CHECK_ERR(admin_allow(&c.call, OP_MODEL_LIST), UNAUTHENTICATED);
    RIG_UNTIL(&rig, rig_record(&rig, "decision", c.id, 1).len);
    CHECK(rig_has(rig_record(&rig, "decision", c.id, 0), "\"rule\":\"session.expired\""));
    rig_close(&rig);
}

TEST(the_end_of_a_call_comes_when_its_record_is_durable)
{
    rig_open(&rig);
    OPERATOR(c, &rig);
    disk_hold();
    CHECK_OK(admin_record(&c.call, EVENT_LOG_READ, STR("req_1")));
    rig_settle(&rig);
    CHECK_INT(c.done, ==, 0);
    disk_release();
    RIG_UNTIL(&rig, c.done);
    CHECK_ERR(c.end, OK);
    const str r = rig_record(&rig, "log.read", c.id, 0);
    CHECK(rig_has(r, "\"object\":\"req_1\"") && rig_has(r, "\"key\":\"local\""));
    rig_close(&rig);
}

TEST(a_record_the_disk_refuses_is_a_failure_of_the_call)
{
    rig_open(&rig);
    OPERATOR(c, &rig);
    disk.sync_errno = ENOSPC;
    CHECK_ERR(caller_wait(&c, admin_record(&c.call, EVENT_LOG_READ, STR("req_1"))), DISK_FULL);
    disk.sync_errno = 0;
    rig_close(&rig);
}

TEST(a_denial_that_cannot_be_recorded_is_no_leave_either)
{
    bool fired = true;
    rig_open(&rig);
    for (long n = 1; fired; n++) {
        PLAIN(c, &rig);
        fault_arm(n);
        const err e = admin_allow(&c.call, OP_KEY_ADD);
        fired = fault_fired();
        fault_arm(0);
        CHECK(e.code != ERR_OK);
        CHECK(fired || e.code == ERR_DENIED);
        rig_settle(&rig);
    }
    rig_close(&rig);
}
