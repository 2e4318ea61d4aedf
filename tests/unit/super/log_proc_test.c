/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/log_proc.h"

#include "base/fault.h"
#include "os/proc.h"
#include "unit/super/rig.h"

/* hoheitd with nothing but a log, which is a puppet. */
static struct scene {
    struct boot boot;
    struct log_proc_spec spec;
    loop *l;
    log_proc *p;
    int client; /* the gate's end of the channel to it */
    unsigned alone, garbled, failed;
    err why;
    pid_t child;
    int ended;
    uint64_t unheard;
} scene;

static void
on_alone(void *ctx)
{
    (void)ctx;
    scene.alone++;
}

static void
on_garbled(void *ctx)
{
    (void)ctx;
    scene.garbled++;
}

static void
on_failed(void *ctx, err why)
{
    (void)ctx;
    scene.failed++;
    scene.why = why;
}

static void
on_child(void *ctx, pid_t pid, int status)
{
    (void)ctx;
    scene.ended++;
    if (log_proc_is(scene.p, pid))
        log_proc_ended(scene.p, status);
}

static err
scene_open(signer *s)
{
    memset(&scene, 0, sizeof scene);
    scene.client = -1;
    rig_make_dirs(&scene.boot);
    CHECK_OK(loop_new(&scene.l));
    scene.spec = (struct log_proc_spec){.boot = &scene.boot,
                                        .bin_dir = rig_path("bin"),
                                        .signer = s,
                                        .on_alone = on_alone,
                                        .on_garbled = on_garbled,
                                        .on_failed = on_failed};
    CHECK_OK(proc_watch(scene.l, on_child, NULL));
    return log_proc_new(scene.l, &scene.spec, &scene.p);
}

static void
turn(void)
{
    loop_turn_for(scene.l, 5);
}

static void
connect_client(void)
{
    fd_auto(&scene.client);
    CHECK_OK(log_proc_connect(scene.p, &scene.client));
}

static void
scene_close(void)
{
    log_proc_free(scene.p);
    loop_free(scene.l);
    fd_auto(&scene.client);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

static void
tell(uint32_t type, uint64_t id, const void *body, size_t len)
{
    CHECK_OK(ipc_send_wait(scene.client, type, id, body, len, STR_NONE, -1));
}

/* What hoheitd said to the log. */
static struct ipc_message
hear(void)
{
    struct ipc_message m = {.head = {.type = 0}};
    for (int i = 0; i < 1000; i++) {
        turn();
        if (ipc_recv_wait(scene.client, 0, rig_room, &m).code)
            continue;
        if (m.head.type != PUPPET_UNHEARD)
            return m;
        scene.unheard = m.head.id;
    }
    return m;
}

static signer *
make_signer(void)
{
    AUTO(secret) master = {0};
    signer *s = NULL;
    CHECK_OK(secret_get(&master, 32));
    CHECK_OK(file_make_dir(rig_path("keys"), 0700));
    CHECK_OK(signer_open(test_dir(), &master, &s));
    return s;
}

static struct log_signed
say_sign(uint64_t from, uint8_t root)
{
    const struct log_sign ask = {.from = from, .size = 1, .root = {root}};
    struct log_signed a = {.code = UINT32_MAX};
    tell(PUPPET_SAY + LOG_SIGN, 0, &ask, sizeof ask);
    const struct ipc_message m = hear();
    CHECK_INT(m.head.type, ==, PUPPET_HEARD + LOG_SIGNED);
    if (m.head.body_len == sizeof a)
        memcpy(&a, m.body, sizeof a);
    return a;
}

TEST(a_head_of_the_log_is_signed_and_another_one_of_its_size_is_not)
{
    struct checkpoint c;
    signer *s = make_signer();
    NEED_OK(scene_open(s));
    connect_client();
    const struct log_signed first = say_sign(0, 1);
    CHECK_INT(first.code, ==, ERR_OK);
    NEED_OK(checkpoint_open((str){first.note, first.note_len}, signer_key(s), &c));
    CHECK_INT(c.head.size, ==, 1);
    CHECK_INT(say_sign(0, 1).code, ==, ERR_CONFLICT);
    CHECK_INT(say_sign(1, 2).code, ==, ERR_CORRUPT);
    CHECK_INT(say_sign(1, 1).code, ==, ERR_OK);
    scene_close();
    signer_free(s);
}

static void
is_replaced_after(uint32_t type, const void *body, size_t len)
{
    const unsigned before = scene.alone;
    tell(PUPPET_SAY + type, 0, body, len);
    while (scene.alone == before)
        turn();
    connect_client();
}

TEST(a_log_that_breaks_the_protocol_is_killed_and_replaced)
{
    const struct log_sign ask = {.size = 1};
    NEED_OK(scene_open(NULL));
    connect_client();
    is_replaced_after(LOG_SIGN, &ask, sizeof ask); /* there is nobody who signs */
    is_replaced_after(LOG_SIGN, "short", 5);
    is_replaced_after(LOG_READY, "more", 4);
    is_replaced_after(77, NULL, 0);
    CHECK_INT(scene.failed, ==, 0);
    scene_close();
}

TEST(what_hoheitd_saw_is_said_to_the_log)
{
    NEED_OK(scene_open(NULL));
    connect_client();
    log_proc_note(scene.p, EVENT_GATE_LOST, "lost");
    const struct ipc_message m = hear();
    struct log_event v = {.event = 0};
    CHECK_INT(m.head.type, ==, PUPPET_HEARD + LOG_EVENT);
    NEED(m.head.body_len == sizeof v);
    memcpy(&v, m.body, sizeof v);
    CHECK_INT(v.event, ==, EVENT_GATE_LOST);
    CHECK_STR(str_of(v.outcome), STR("lost"));
    scene_close();
}

TEST(what_hoheitd_saw_while_there_was_no_log_is_said_to_the_next_one)
{
    NEED_OK(scene_open(NULL));
    connect_client();
    tell(PUPPET_DIE, 0, NULL, 0);
    while (log_proc_lives(scene.p))
        turn();
    for (int i = 0; i < 40;
         i++) /* more than are kept: the rest is an error in the operator's log */
        log_proc_note(scene.p, EVENT_GATE_LOST, "lost");
    while (!scene.alone)
        turn();
    connect_client();
    log_proc_note(scene.p, EVENT_GATE_LOST, "more");
    CHECK_INT(hear().head.type, ==, PUPPET_HEARD + LOG_EVENT);
    CHECK_INT(scene.unheard, ==, 16 + 1); /* and its own loss */
    scene_close();
}

TEST(a_complaint_about_the_gate_is_passed_on)
{
    NEED_OK(scene_open(NULL));
    connect_client();
    tell(PUPPET_SAY + LOG_GARBLED, 0, NULL, 0);
    while (!scene.garbled)
        turn();
    CHECK(log_proc_lives(scene.p));
    scene_close();
}

TEST(while_there_is_no_log_nobody_is_connected)
{
    fd f = -1;
    NEED_OK(scene_open(NULL));
    connect_client();
    tell(PUPPET_DIE, 0, NULL, 0);
    while (log_proc_lives(scene.p))
        turn();
    CHECK_ERR(log_proc_connect(scene.p, &f), BUSY);
    CHECK_INT(f, ==, -1);
    while (!scene.alone)
        turn();
    CHECK_OK(log_proc_connect(scene.p, &f));
    fd_auto(&f);
    scene_close();
}

TEST(a_log_that_never_was_ready_is_not_tried_again)
{
    memset(&scene, 0, sizeof scene);
    rig_make_dirs(&scene.boot);
    scene.boot.log_fault = RIG_LOG_FAILS;
    const struct boot boot = scene.boot;
    NEED_OK(scene_open(NULL)); /* makes the boot message anew */
    log_proc_free(TAKE(scene.p));
    scene.boot = boot;
    NEED_OK(log_proc_new(scene.l, &scene.spec, &scene.p));
    while (!scene.failed)
        turn();
    CHECK_ERR(scene.why, CORRUPT);
    CHECK_INT(scene.alone, ==, 0);
    scene_close();
}

TEST(a_stopped_log_ends_and_stays_away)
{
    NEED_OK(scene_open(NULL));
    log_proc_stop(scene.p);
    log_proc_stop(scene.p);
    while (log_proc_lives(scene.p))
        turn();
    for (int i = 0; i < 20; i++)
        turn();
    CHECK(scene.alone == 0 && scene.failed == 0);
    scene_close();
}

TEST(without_the_program_nothing_starts)
{
    NEED_OK(scene_open(NULL));
    log_proc *p = NULL;
    scene.spec.bin_dir = test_dir();
    CHECK_ERR(log_proc_new(scene.l, &scene.spec, &p), NOT_FOUND);
    CHECK(!p);
    scene_close();
}

/* Some of them strike in the child, before it is the log: its count is not ours. */
TEST(every_fault_in_its_start_is_reported)
{
    unsigned failed = 0, last = 0;
    NEED_OK(scene_open(NULL));
    for (unsigned n = 1; n < last + 20; n++) {
        log_proc *p = NULL;
        fault_arm((long)n);
        const err e = log_proc_new(scene.l, &scene.spec, &p);
        fault_arm(0);
        CHECK(e.code ? !p : p != NULL);
        failed += e.code != 0;
        last = e.code || n == 1 ? n : last;
        log_proc_free(p);
    }
    CHECK_INT(failed, >, 10);
    scene_close();
}
