/* SPDX-License-Identifier: EUPL-1.2 */
/* The test program itself plays hoheit-reader: it says over its channel what it was handed, and
 * ends when it is told to. */
#include "super/reader_proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "base/fault.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/proc.h"
#include "test.h"

enum { BORN = 1, END, UPS_MAX = 16 };

static _Alignas(16) char room[IPC_ROOM];

static _Noreturn void
play_reader(void)
{
    struct ipc_message m;
    if (ipc_send_wait(3, BORN, (uint64_t)getpid(), NULL, 0, STR_NONE, -1).code)
        _exit(71);
    if (ipc_recv_wait(3, -1, room, &m).code)
        _exit(0);
    _exit((int)m.head.id);
}

__attribute__((constructor)) static void
be_a_child(int argc, char **argv)
{
    const char *const slash = argc ? strrchr(argv[0], '/') : NULL;
    if (argc && strcmp(slash ? slash + 1 : argv[0], "hoheit-reader") == 0)
        play_reader();
}

struct up {
    pid_t pid;
    uint32_t restarts;
    int channel;
};

static struct rig {
    loop *l;
    struct boot boot;
    reader_proc *p;
    char bin[4200];
    struct up ups[UPS_MAX];
    int count, ended;
} rig;

static void
on_up(void *ctx, pid_t pid, uint32_t restarts, int channel)
{
    (void)ctx;
    CHECK(rig.count < UPS_MAX);
    rig.ups[rig.count++] = (struct up){pid, restarts, dup(channel)};
}

static void
on_child(void *ctx, pid_t pid, int status)
{
    (void)ctx;
    rig.ended += reader_proc_ended(rig.p, pid, status);
}

static void
open_rig(void)
{
    char own[4096], path[4300];
    memset(&rig, 0, sizeof rig);
    const ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
    own[n > 0 ? n : 0] = 0;
    snprintf(rig.bin, sizeof rig.bin, "%s/bin", test_dir());
    snprintf(path, sizeof path, "%s/hoheit-reader", rig.bin);
    CHECK_OK(file_make_dir(rig.bin, 0700));
    CHECK(symlink(own, path) == 0 || errno == EEXIST);
    params_default(&rig.boot.params);
    rig.boot.params.engine_restart_ms_max = 100;
    CHECK_OK(loop_new(&rig.l));
    CHECK_OK(proc_watch(rig.l, on_child, NULL));
    const struct reader_proc_spec spec = {
        .l = rig.l, .boot = &rig.boot, .bin_dir = rig.bin, .on_up = on_up};
    CHECK_OK(reader_proc_new(&spec, &rig.p));
}

static void
wake(void *ctx)
{
    (void)ctx;
}

static bool
turn(void)
{
    return loop_timer_start(rig.l, 5, 0, wake, NULL, NULL).code ||
           uv_run(loop_uv(rig.l), UV_RUN_ONCE);
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 20000;                                                \
        while (!(condition) && clock_ms() < until_)                                                \
            (void)turn();                                                                          \
        CHECK(condition);                                                                          \
    } while (0)

static void
close_rig(void)
{
    reader_proc_stop(rig.p);
    UNTIL(!reader_proc_runs(rig.p));
    reader_proc_free(TAKE(rig.p));
    for (int i = 0; i < rig.count; i++)
        if (rig.ups[i].channel >= 0)
            close(rig.ups[i].channel);
    loop_free(rig.l);
}

/* Its first words. */
static void
check_born(const struct up *u)
{
    struct ipc_message m;
    NEED_OK(ipc_recv_wait(u->channel, 20000, room, &m));
    CHECK_INT(m.head.type, ==, BORN);
    CHECK_INT(m.head.id, ==, u->pid);
    ipc_release(&m);
}

static void
tell_end(const struct up *u, int status)
{
    CHECK_OK(ipc_send_wait(u->channel, END, (uint64_t)status, NULL, 0, STR_NONE, -1));
}

TEST(it_is_started_and_its_channel_is_handed_on)
{
    open_rig();
    CHECK(!reader_proc_runs(rig.p));
    reader_proc_start(rig.p);
    NEED(rig.count == 1);
    CHECK(reader_proc_runs(rig.p) && rig.ups[0].restarts == 0);
    check_born(&rig.ups[0]);
    reader_proc_start(rig.p); /* it runs: nothing */
    CHECK_INT(rig.count, ==, 1);
    close_rig();
}

TEST(what_dies_is_started_again_however_it_died)
{
    open_rig();
    reader_proc_start(rig.p);
    check_born(&rig.ups[0]);
    kill(rig.ups[0].pid, SIGKILL);
    UNTIL(rig.count == 2);
    CHECK_INT(rig.ups[1].restarts, ==, 1);
    CHECK(rig.ups[1].pid != rig.ups[0].pid);
    check_born(&rig.ups[1]);
    tell_end(&rig.ups[1], 78);
    UNTIL(rig.count == 3);
    check_born(&rig.ups[2]);
    tell_end(&rig.ups[2], 0);
    UNTIL(rig.count == 4);
    CHECK_INT(rig.ended, ==, 3);
    close_rig();
}

TEST(what_was_stopped_stays_away)
{
    open_rig();
    reader_proc_start(rig.p);
    check_born(&rig.ups[0]);
    reader_proc_stop(rig.p);
    reader_proc_stop(rig.p);
    UNTIL(!reader_proc_runs(rig.p));
    const uint64_t until_ms = clock_ms() + 200; /* longer than any pause */
    while (clock_ms() < until_ms)
        (void)turn();
    CHECK_INT(rig.count, ==, 1);
    close_rig();
}

TEST(a_start_while_the_last_one_still_ends_comes_after_it)
{
    open_rig();
    reader_proc_start(rig.p);
    reader_proc_stop(rig.p);
    reader_proc_start(rig.p);
    CHECK_INT(rig.count, ==, 1);
    UNTIL(rig.count == 2);
    CHECK_INT(rig.ups[1].restarts, ==, 0);
    check_born(&rig.ups[1]);
    close_rig();
}

TEST(a_stop_while_it_waits_for_its_next_start_is_heard)
{
    open_rig();
    reader_proc_start(rig.p);
    kill(rig.ups[0].pid, SIGKILL);
    UNTIL(rig.ended == 1);
    reader_proc_stop(rig.p);
    const uint64_t until_ms = clock_ms() + 200;
    while (clock_ms() < until_ms)
        (void)turn();
    CHECK_INT(rig.count, ==, 1);
    close_rig();
}

TEST(a_program_that_is_missing_is_tried_again)
{
    char path[4300], away[4300];
    open_rig();
    snprintf(path, sizeof path, "%s/hoheit-reader", rig.bin);
    snprintf(away, sizeof away, "%s/away", rig.bin);
    CHECK(rename(path, away) == 0);
    reader_proc_start(rig.p);
    CHECK(rig.count == 0 && !reader_proc_runs(rig.p));
    CHECK(rename(away, path) == 0);
    UNTIL(rig.count == 1);
    check_born(&rig.ups[0]);
    close_rig();
}

TEST(other_children_are_not_its_own)
{
    open_rig();
    CHECK(!reader_proc_ended(rig.p, 1, 0));
    CHECK(!reader_proc_ended(rig.p, 0, 0));
    CHECK(!reader_proc_ended(NULL, 1, 0));
    CHECK(!reader_proc_runs(NULL));
    reader_proc_start(NULL);
    reader_proc_stop(NULL);
    reader_proc_free(NULL);
    close_rig();
}

TEST(whatever_fails_at_a_start_it_comes_up_in_the_end)
{
    bool fired = true;
    for (long n = 1; fired && n < 60; n++) {
        open_rig();
        fault_arm(n);
        reader_proc_start(rig.p);
        fired = fault_fired();
        fault_arm(0);
        UNTIL(rig.count >= 1);
        close_rig();
    }
}
