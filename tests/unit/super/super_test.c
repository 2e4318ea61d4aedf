/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/super.h"

#include "base/fault.h"
#include "super/backoff.h"
#include "unit/super/rig.h"

enum { HEARD_MAX = 64 };

struct heard {
    uint32_t type;
    uint64_t id;
    size_t len;
    char body[2048];
    int fd;
};

static struct rig {
    struct boot boot;
    struct boot_tls tls;
    struct super_spec spec;
    loop *l;
    super *s;
    int puppet[2]; /* ours, the gate's */
    loop_watch *watch;
    struct heard heard[HEARD_MAX];
    size_t from, to;
    int held[HEARD_MAX];
    size_t held_count;
    unsigned ready, ended;
    err end;
    pid_t gate;
    int log; /* our end of the gate's channel to the log; -1: none */
    unsigned logs;
} rig;

/* ---- hearing */
static void
on_ready(void *ctx)
{
    (void)ctx;
    rig.ready++;
    loop_stop(rig.l);
}

static void
on_end(void *ctx, err e)
{
    (void)ctx;
    rig.ended++;
    rig.end = e;
    loop_stop(rig.l);
}

static void
on_heard(void *ctx)
{
    struct ipc_message m;
    (void)ctx;
    if (ipc_recv_wait(rig.puppet[0], 0, rig_room, &m).code)
        return;
    if (m.head.type == PUPPET_HEARD + CONTROL_LOG) {
        fd_auto(&rig.log);
        rig.log = m.fd;
        rig.logs++;
        loop_stop(rig.l);
        return;
    }
    struct heard *h = &rig.heard[rig.to++ % HEARD_MAX];
    *h = (struct heard){.type = m.head.type, .id = m.head.id, .len = m.head.body_len, .fd = m.fd};
    if (h->len <= sizeof h->body)
        memcpy(h->body, m.body, h->len);
    loop_stop(rig.l);
}

/* The next thing the gate tells; it must be `type`. */
static const struct heard *
hear(uint32_t type)
{
    static const struct heard none;
    while (rig.from == rig.to && !rig.ended)
        loop_run(rig.l);
    if (rig.from == rig.to) {
        test_fail(__FILE__, __LINE__, "it ended instead of saying %u", type);
        return &none;
    }
    const struct heard *h = &rig.heard[rig.from++ % HEARD_MAX];
    if (h->type != type)
        test_fail(__FILE__, __LINE__, "the gate said %u instead of %u", h->type, type);
    return h;
}

static void
wait_for_end(void)
{
    while (!rig.ended)
        loop_run(rig.l);
}

/* ---- telling */
static void
tell(uint32_t type, uint64_t id, const void *body, size_t len)
{
    CHECK_OK(ipc_send_wait(rig.puppet[0], type, id, body, len, STR_NONE, -1));
}

/* Nothing is on its way when an echo is the next thing that is heard. */
static void
nothing_is_said(void)
{
    tell(PUPPET_ECHO, 4711, NULL, 0);
    CHECK_INT(hear(PUPPET_ECHOED)->id, ==, 4711);
}

static void
say_start(uint64_t id, uint32_t fate)
{
    const struct control_start s = {.engine = CONTROL_TOY, .token_ms = fate};
    tell(PUPPET_SAY + CONTROL_ENGINE_START, id, &s, sizeof s);
}

static struct control_up
up_of(const struct heard *h)
{
    struct control_up up = {0};
    CHECK_INT(h->len, ==, sizeof up);
    memcpy(&up, h->body, sizeof up);
    return up;
}

static struct control_down
down_of(const struct heard *h)
{
    struct control_down d = {0};
    CHECK_INT(h->len, ==, sizeof d);
    memcpy(&d, h->body, sizeof d);
    return d;
}

/* An engine that came up in slot `id`: its pid; its channel, which is held open until the end of
 * the test if `ret_channel` is NULL. */
static pid_t
hear_up(uint64_t id, uint32_t restarts, int *ret_channel)
{
    const struct heard *h = hear(PUPPET_HEARD + CONTROL_ENGINE_UP);
    const struct control_up up = up_of(h);
    CHECK_INT(h->id, ==, id);
    CHECK_INT(up.restarts, ==, restarts);
    CHECK(h->fd >= 0);
    if (ret_channel)
        *ret_channel = h->fd;
    else if (h->fd >= 0)
        rig.held[rig.held_count++ % HEARD_MAX] = h->fd;
    return (pid_t)up.pid;
}

static struct control_down
hear_down(uint64_t id)
{
    const struct heard *h = hear(PUPPET_HEARD + CONTROL_ENGINE_DOWN);
    CHECK_INT(h->id, ==, id);
    return down_of(h);
}

static bool
lives(pid_t pid)
{
    return pid > 0 && kill(pid, 0) == 0;
}

/* Until it is reaped. */
static void
wait_for_death(pid_t pid)
{
    while (lives(pid))
        loop_turn(rig.l);
}

/* ---- the rig */
static void
hear_born(void)
{
    rig.gate = (pid_t)hear(PUPPET_BORN)->id;
}

/* All but the supervisor itself. */
static void
prepare(void)
{
    memset(&rig, 0, sizeof rig);
    rig.log = -1;
    rig_make_dirs(&rig.boot);
    rig.boot.params.net_stop_ms_max = 60000;
    CHECK_OK(loop_new(&rig.l));
    CHECK_OK(ipc_pair(rig.puppet));
    CHECK_OK(loop_watch_start(rig.l, rig.puppet[0], on_heard, NULL, &rig.watch));
    rig.spec = (struct super_spec){.boot = &rig.boot,
                                   .listen_fd = rig.puppet[1],
                                   .local_fd = rig.puppet[1],
                                   .bin_dir = rig_path("bin"),
                                   .on_ready = on_ready,
                                   .on_end = on_end,
                                   .ctx = &rig};
}

static err
open_silent(void)
{
    prepare();
    return super_new(rig.l, &rig.spec, &rig.s);
}

static void
open_rig(void)
{
    CHECK_OK(open_silent());
    hear_born();
    tell(PUPPET_SAY + CONTROL_READY, 0, NULL, 0);
    while (!rig.ready)
        loop_run(rig.l);
}

static void
close_rig(void)
{
    super_free(rig.s);
    loop_watch_stop(rig.watch);
    loop_free(rig.l);
    for (size_t i = 0; i < rig.held_count && i < HEARD_MAX; i++)
        close(rig.held[i]);
    fd_auto(&rig.log);
    close(rig.puppet[0]);
    close(rig.puppet[1]);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

/* ---- the gate */
TEST(the_gate_gets_its_descriptors_and_the_boot_message)
{
    struct born b;
    CHECK_OK(open_silent());
    const struct heard *h = hear(PUPPET_BORN);
    memcpy(&b, h->body, sizeof b);
    CHECK_INT(b.version, ==, BOOT_VERSION);
    CHECK(!b.has_tls_fd);
    CHECK_STR(str_of(b.data_dir), str_of(test_dir()));
    CHECK_INT(rig.ready, ==, 0);
    close_rig();
}

TEST(ready_is_told_once_even_when_a_later_gate_says_it_too)
{
    open_rig();
    tell(PUPPET_SAY + CONTROL_READY, 0, NULL, 0);
    tell(PUPPET_DIE, 0, NULL, 0);
    hear_born();
    tell(PUPPET_SAY + CONTROL_READY, 0, NULL, 0);
    nothing_is_said();
    CHECK_INT(rig.ready, ==, 1);
    close_rig();
}

TEST(a_gate_that_crashed_is_started_again_and_its_engines_end_with_it)
{
    open_rig();
    say_start(0, 0);
    const pid_t engine = hear_up(0, 0, NULL), before = rig.gate;
    tell(PUPPET_DIE, 0, NULL, 0);
    hear_born();
    CHECK(rig.gate != before);
    CHECK(!lives(engine));
    CHECK_INT(rig.ended, ==, 0);
    say_start(0, 0);
    CHECK(hear_up(0, 0, NULL) != engine);
    close_rig();
}

TEST(a_new_gates_engine_waits_for_the_place_of_the_old_and_is_no_restart)
{
    open_rig();
    for (int i = 0; i < 5; i++) {
        say_start(3, 0);
        hear_up(3, 0, NULL);
        tell(PUPPET_DIE, 0, NULL, 0);
        hear_born();
        nothing_is_said();
    }
    close_rig();
}

TEST(a_gate_that_cannot_start_ends_the_daemon_with_its_reason)
{
    static const struct {
        int status;
        enum err_code code;
    } cases[] = {{78, ERR_CONFIG},
                 {65, ERR_CORRUPT},
                 {77, ERR_FORBIDDEN_FILE},
                 {0, ERR_INTERNAL},
                 {3, ERR_INTERNAL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_OK(open_silent());
        hear_born();
        tell(PUPPET_EXIT, (uint64_t)cases[i].status, NULL, 0);
        wait_for_end();
        CHECK_INT(rig.end.code, ==, cases[i].code);
        close_rig();
    }
}

TEST(a_gate_killed_before_it_was_ready_is_an_internal_error)
{
    CHECK_OK(open_silent());
    hear_born();
    say_start(0, 0);
    const pid_t engine = hear_up(0, 0, NULL);
    tell(PUPPET_DIE, 0, NULL, 0);
    wait_for_end();
    CHECK_ERR(rig.end, INTERNAL);
    CHECK_INT(rig.ended, ==, 1);
    CHECK(!lives(engine)); /* the end comes when all children are gone */
    close_rig();
}

TEST(a_gate_that_cannot_be_started_again_ends_the_daemon)
{
    open_rig();
    CHECK_INT(rename(rig_path("bin/hoheit-gate"), rig_path("bin/away")), ==, 0);
    tell(PUPPET_DIE, 0, NULL, 0);
    wait_for_end();
    CHECK_ERR(rig.end, NOT_FOUND);
    close_rig();
    CHECK_INT(rename(rig_path("bin/away"), rig_path("bin/hoheit-gate")), ==, 0);
}

TEST(without_the_program_nothing_starts)
{
    prepare();
    rig.spec.bin_dir = test_dir();
    CHECK_ERR(super_new(rig.l, &rig.spec, &rig.s), NOT_FOUND);
    CHECK(!rig.s);
    close_rig();
}

/* ---- garbage from the gate */
static void
expect_another_gate(void)
{
    const pid_t before = rig.gate;
    hear_born();
    CHECK(rig.gate != before && !lives(before));
    CHECK_INT(rig.ended, ==, 0);
}

TEST(a_gate_that_breaks_the_protocol_is_killed_and_replaced)
{
    static const char body[sizeof(struct control_start) + 8];
    static const uint32_t types[] = {63, CONTROL_ENGINE_UP, CONTROL_ENGINE_START,
                                     CONTROL_ENGINE_START, CONTROL_READER_START};
    static const size_t lens[] = {0, 0, 0, sizeof body, 8};
    open_rig();
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        tell(PUPPET_SAY + types[i], 0, body, lens[i]);
        expect_another_gate();
    }
    close_rig();
}

TEST(a_descriptor_nobody_asked_for_is_a_breach_and_is_closed)
{
    int ends[2];
    char c;
    open_rig();
    CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
    CHECK_OK(
        ipc_send_wait(rig.puppet[0], PUPPET_SAY + CONTROL_READY, 0, NULL, 0, STR_NONE, ends[1]));
    close(ends[1]);
    expect_another_gate();
    CHECK_INT(read(ends[0], &c, 1), ==, 0); /* the last writer is gone */
    close(ends[0]);
    close_rig();
}

TEST(a_gate_that_closes_the_channel_but_stays_is_killed_after_a_while)
{
    open_rig();
    tell(PUPPET_CLOSE, 0, NULL, 0);
    nothing_is_said(); /* it still lives: what it has to record it may */
    expect_another_gate();
    close_rig();
}

/* ---- the log */
static void
wait_for_log(unsigned logs)
{
    while (rig.logs < logs && !rig.ended)
        loop_run(rig.l);
    CHECK_INT(rig.logs, ==, logs);
}

static void
tell_log(uint32_t type)
{
    CHECK_OK(ipc_send_wait(rig.log, type, 0, NULL, 0, STR_NONE, -1));
}

TEST(the_gate_gets_a_channel_to_a_log_that_died_or_lost_it)
{
    open_rig();
    wait_for_log(1);
    for (unsigned i = 2; i < 6; i++) {
        tell_log(i % 2 ? PUPPET_SAY + LOG_ALONE : PUPPET_DIE);
        wait_for_log(i);
    }
    close_rig();
}

TEST(a_new_gate_gets_a_channel_to_the_log_that_is_there)
{
    open_rig();
    wait_for_log(1);
    tell(PUPPET_DIE, 0, NULL, 0);
    hear_born();
    wait_for_log(2);
    tell_log(PUPPET_SAY + LOG_GARBLED); /* the log lives: it can complain about this gate */
    hear_born();
    wait_for_log(3);
    close_rig();
}

TEST(the_log_ends_after_the_gate)
{
    open_rig();
    wait_for_log(1);
    super_stop(rig.s);
    hear(PUPPET_HEARD + CONTROL_STOP);
    tell_log(PUPPET_SAY + LOG_READY); /* it still listens */
    tell(PUPPET_EXIT, 0, NULL, 0);
    wait_for_end();
    close_rig();
}

/* ---- engines */
TEST(an_engine_is_started_when_asked_for_and_its_channel_handed_on)
{
    struct ipc_message m;
    int channel = -1;
    open_rig();
    say_start(7, 0);
    const pid_t pid = hear_up(7, 0, &channel);
    CHECK(lives(pid));
    NEED_OK(ipc_recv_wait(channel, -1, rig_room, &m));
    CHECK_INT(m.head.type, ==, ENGINE_BORN);
    CHECK_INT(m.head.id, ==, pid);
    ipc_release(&m);
    close(channel);
    close_rig();
}

TEST(an_engine_that_keeps_dying_comes_back_after_ever_longer_pauses)
{
    static const uint64_t pauses[] = {50, 100, 200};
    open_rig();
    say_start(1, ENDS_BY_KILL);
    hear_up(1, 0, NULL);
    for (uint32_t i = 0; i < 3; i++) {
        const struct control_down d = hear_down(1);
        CHECK_INT(d.again_ms, ==, pauses[i]);
        CHECK_INT(d.code, ==, 0);
        CHECK(WIFSIGNALED(d.status) && WTERMSIG(d.status) == SIGKILL);
        hear_up(1, i + 1, NULL);
    }
    close_rig();
}

TEST(the_pause_has_a_bound)
{
    open_rig();
    rig.boot.params.engine_restart_ms_max = 60;
    say_start(1, ENDS_BY_KILL);
    hear_up(1, 0, NULL);
    CHECK_INT(hear_down(1).again_ms, ==, 50);
    hear_up(1, 1, NULL);
    CHECK_INT(hear_down(1).again_ms, ==, 60);
    hear_up(1, 2, NULL);
    close_rig();
}

TEST(an_engine_whose_channel_the_gate_closed_is_replaced)
{
    open_rig();
    say_start(2, 0);
    int channel = -1;
    const pid_t first = hear_up(2, 0, &channel);
    nothing_is_said();
    close(channel);
    CHECK_INT(hear_down(2).status, ==, 0);
    CHECK(hear_up(2, 1, NULL) != first);
    close_rig();
}

TEST(an_engine_that_cannot_take_its_model_is_reported_and_not_retried)
{
    static const struct {
        uint32_t status;
        enum err_code code;
    } cases[] = {
        {65, ERR_CORRUPT}, {2, ERR_UNSUPPORTED}, {77, ERR_FORBIDDEN_FILE}, {78, ERR_CONFIG}};
    open_rig();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        say_start(4, cases[i].status);
        hear_up(4, 0, NULL);
        const struct control_down d = hear_down(4);
        CHECK_INT(d.again_ms, ==, UINT64_MAX);
        CHECK_INT(d.code, ==, cases[i].code);
        CHECK_INT(WEXITSTATUS(d.status), ==, cases[i].status);
    }
    /* A slot whose pause is over is served before anything a retry would have said. */
    say_start(5, ENDS_BY_KILL);
    hear_up(5, 0, NULL);
    hear_down(5);
    hear_up(5, 1, NULL);
    close_rig();
}

TEST(an_engine_that_cannot_be_started_is_reported_with_the_reason)
{
    struct control_start s = {.engine = CONTROL_LLAMA};
    open_rig();
    snprintf(s.file, sizeof s.file, "../../../etc/passwd");
    tell(PUPPET_SAY + CONTROL_ENGINE_START, 0, &s, sizeof s);
    struct control_down d = hear_down(0);
    CHECK_INT(d.status, ==, -1);
    CHECK_INT(d.code, ==, ERR_CORRUPT);
    CHECK_INT(d.again_ms, ==, UINT64_MAX);
    memset(s.file, 'a', sizeof s.file); /* without an end */
    tell(PUPPET_SAY + CONTROL_ENGINE_START, 0, &s, sizeof s);
    CHECK_INT(hear_down(0).code, ==, ERR_CORRUPT);
    snprintf(s.file, sizeof s.file, "b%s", &RIG_MODEL[1]);
    tell(PUPPET_SAY + CONTROL_ENGINE_START, 0, &s, sizeof s);
    d = hear_down(0);
    CHECK_INT(d.code, ==, ERR_NOT_FOUND);
    close_rig();
}

TEST(a_stopped_engine_ends_without_a_word)
{
    open_rig();
    say_start(0, 0);
    int channel = -1;
    const pid_t pid = hear_up(0, 0, &channel);
    tell(PUPPET_SAY + CONTROL_ENGINE_STOP, 0, NULL, 0);
    wait_for_death(pid);
    close(channel);
    nothing_is_said();
    /* The next one in the slot is another, and no restart. */
    say_start(CONTROL_SLOTS_MAX, 0);
    CHECK(hear_up(CONTROL_SLOTS_MAX, 0, NULL) != pid);
    CHECK(!lives(pid));
    close_rig();
}

TEST(stopping_ends_the_retries_too)
{
    open_rig();
    say_start(0, ENDS_BY_KILL);
    hear_up(0, 0, NULL);
    hear_down(0);
    tell(PUPPET_SAY + CONTROL_ENGINE_STOP, 0, NULL, 0);
    /* Longer than the pause that was running. */
    say_start(1, ENDS_BY_KILL);
    hear_up(1, 0, NULL);
    hear_down(1);
    hear_up(1, 1, NULL);
    hear_down(1);
    hear_up(1, 2, NULL);
    close_rig();
}

TEST(a_stop_for_what_was_in_the_slot_before_does_not_hit_its_successor)
{
    open_rig();
    say_start(CONTROL_SLOTS_MAX + 1, 0);
    int channel = -1;
    const pid_t pid = hear_up(CONTROL_SLOTS_MAX + 1, 0, &channel);
    tell(PUPPET_SAY + CONTROL_ENGINE_STOP, 1, NULL, 0);
    /* Time enough for it to die and be missed. */
    say_start(2, ENDS_BY_KILL);
    hear_up(2, 0, NULL);
    hear_down(2);
    hear_up(2, 1, NULL);
    CHECK(lives(pid));
    close(channel);
    close_rig();
}

TEST(a_slot_asked_for_twice_has_one_engine)
{
    open_rig();
    say_start(0, 0);
    const pid_t first = hear_up(0, 0, NULL);
    say_start(CONTROL_SLOTS_MAX, 0);
    const pid_t second = hear_up(CONTROL_SLOTS_MAX, 0, NULL);
    CHECK(!lives(first) && lives(second));
    nothing_is_said();
    close_rig();
}

TEST(a_start_during_the_pause_before_a_retry_makes_one_engine_and_not_two)
{
    int channel = -1;
    open_rig();
    say_start(0, ENDS_BY_KILL);
    hear_up(0, 0, NULL);
    hear_down(0);
    say_start(0, 0);
    const pid_t pid = hear_up(0, 0, &channel);
    /* The pause of another slot, begun later, outlasts the one that was taken back. */
    say_start(1, ENDS_BY_KILL);
    hear_up(1, 0, NULL);
    hear_down(1);
    hear_up(1, 1, NULL);
    CHECK(lives(pid));
    close(channel);
    close_rig();
}

/* ---- the end */
static void
on_time(void *ctx)
{
    (void)ctx;
    loop_stop(rig.l);
}

TEST(stopping_ends_the_gate_first_and_then_the_engines)
{
    int channel = -1;
    open_rig();
    say_start(0, 0);
    const pid_t engine = hear_up(0, 0, &channel);
    super_stop(rig.s);
    super_stop(rig.s); /* twice is once */
    hear(PUPPET_HEARD + CONTROL_STOP);
    nothing_is_said();
    CHECK(lives(engine)); /* running requests may end */
    CHECK_INT(rig.ended, ==, 0);
    tell(PUPPET_CLOSE, 0, NULL, 0);
    nothing_is_said(); /* and last records be written */
    CHECK(lives(engine));
    kill(engine, SIGKILL);
    wait_for_death(engine);
    nothing_is_said(); /* whatever its engines do meanwhile */
    tell(PUPPET_EXIT, 0, NULL, 0);
    wait_for_end();
    CHECK_ERR(rig.end, OK);
    CHECK_INT(rig.ended, ==, 1);
    CHECK(!lives(engine) && !lives(rig.gate));
    close(channel);
    close_rig();
}

TEST(an_engine_that_dies_while_all_ends_is_not_waited_for)
{
    open_rig();
    say_start(0, 0);
    int channel = -1;
    const pid_t engine = hear_up(0, 0, &channel);
    close(channel); /* so it ends, and is replaced */
    super_stop(rig.s);
    tell(PUPPET_EXIT, 0, NULL, 0);
    while (!rig.ended)
        loop_run(rig.l);
    CHECK_ERR(rig.end, OK);
    CHECK(!lives(engine));
    close_rig();
}

TEST(a_gate_that_will_not_end_is_killed)
{
    open_rig();
    rig.boot.params.net_stop_ms_max = 0;
    super_stop(rig.s);
    hear(PUPPET_HEARD + CONTROL_STOP);
    wait_for_end();
    CHECK_ERR(rig.end, OK);
    CHECK(!lives(rig.gate));
    close_rig();
}

TEST(stopping_while_the_gate_is_away_ends_at_once)
{
    open_rig();
    say_start(0, 0);
    const pid_t engine = hear_up(0, 0, NULL);
    tell(PUPPET_DIE, 0, NULL, 0);
    wait_for_death(rig.gate);
    super_stop(rig.s);
    wait_for_end();
    CHECK_ERR(rig.end, OK);
    CHECK(!lives(engine));
    /* Longer than the pause after which the gate would have come back. */
    CHECK_OK(loop_timer_start(rig.l, 2 * BACKOFF_FIRST_MS, 0, on_time, NULL, NULL));
    loop_run(rig.l);
    CHECK_INT(rig.from, ==, rig.to);
    CHECK_INT(rig.ended, ==, 1);
    close_rig();
}

TEST(a_gate_that_crashes_while_all_ends_is_not_started_again)
{
    open_rig();
    super_stop(rig.s);
    hear(PUPPET_HEARD + CONTROL_STOP);
    tell(PUPPET_DIE, 0, NULL, 0);
    wait_for_end();
    CHECK_ERR(rig.end, OK);
    CHECK_INT(rig.from, ==, rig.to);
    close_rig();
}

/* ---- certificates */
TEST(a_certificate_reaches_this_gate_and_the_next)
{
    struct boot_tls seen;
    struct born b;
    size_t len = 0;
    open_rig();
    rig.tls.cert_len = 17;
    CHECK_OK(super_reload_tls(rig.s, &rig.tls));
    const struct heard *h = hear(PUPPET_HEARD + CONTROL_RELOAD);
    CHECK(h->fd >= 0);
    CHECK_OK(file_read_at(h->fd, 0, &seen, sizeof seen, &len));
    CHECK(len == sizeof seen && seen.cert_len == 17);
    close(h->fd);
    tell(PUPPET_DIE, 0, NULL, 0);
    memcpy(&b, hear(PUPPET_BORN)->body, sizeof b);
    CHECK(b.has_tls_fd && b.cert_len == 17);
    close_rig();
}

TEST(a_certificate_that_comes_while_the_gate_is_away_is_kept)
{
    struct born b;
    open_rig();
    tell(PUPPET_DIE, 0, NULL, 0);
    wait_for_death(rig.gate);
    rig.tls.cert_len = 18;
    CHECK_OK(super_reload_tls(rig.s, &rig.tls));
    memcpy(&b, hear(PUPPET_BORN)->body, sizeof b);
    CHECK(b.has_tls_fd && b.cert_len == 18);
    close_rig();
}

/* ---- faults */
TEST(whatever_fails_at_the_start_nothing_is_left_running)
{
    bool failed = true;
    for (long n = 1; failed; n++) {
        prepare();
        rig.spec.tls = &rig.tls;
        fault_arm(n);
        const err e = super_new(rig.l, &rig.spec, &rig.s);
        failed = e.code || fault_fired();
        fault_arm(0);
        CHECK((e.code == 0) == (rig.s != NULL));
        close_rig(); /* hangs if a child was left */
    }
}

TEST(an_engine_that_fails_to_start_for_want_of_anything_is_said_to_be_down)
{
    bool fired = true;
    open_rig();
    for (long n = 1; fired && n < 200; n++) {
        say_start(0, 0);
        fault_arm(n);
        while (rig.from == rig.to && !rig.ended)
            loop_run(rig.l);
        fired = fault_fired();
        fault_arm(0);
        const uint32_t type = rig.heard[rig.from % HEARD_MAX].type - PUPPET_HEARD;
        if (type == CONTROL_ENGINE_UP)
            close(rig.heard[rig.from % HEARD_MAX].fd);
        else if (rig.heard[rig.from % HEARD_MAX].type != PUPPET_BORN)
            CHECK_INT(type, ==, CONTROL_ENGINE_DOWN);
        rig.from++;
        CHECK_INT(rig.ended, ==, 0);
        tell(PUPPET_SAY + CONTROL_ENGINE_STOP, 0, NULL, 0);
        tell(PUPPET_ECHO, 0, NULL, 0);
        do { /* what was still on its way */
            while (rig.from == rig.to)
                loop_run(rig.l);
        } while (rig.heard[rig.from++ % HEARD_MAX].type != PUPPET_ECHOED);
    }
    close_rig();
}
