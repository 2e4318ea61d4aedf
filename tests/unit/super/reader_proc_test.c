/* SPDX-License-Identifier: EUPL-1.2 */
/* The test program itself plays hoheit-reader: it says that it lives, and ends when its channel
 * does. */
#include "super/reader_proc.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "know/cell/cell.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/loop.h"
#include "os/proc.h"
#include "test.h"

enum { BORN = 1, UPS_MAX = 16 };

static _Alignas(16) char room[IPC_ROOM];

static _Noreturn void
play_reader(void)
{
    struct ipc_message m;
    if (ipc_send_wait(CELL_FD, BORN, (uint64_t)getpid(), NULL, 0, STR_NONE, -1).code)
        _exit(70);
    while (!ipc_recv_wait(CELL_FD, -1, room, &m).code)
        continue;
    _exit(0);
}

__attribute__((constructor)) static void
be_a_child(int argc, char **argv)
{
    if (argc && strcmp(argv[0], "hoheit-reader") == 0)
        play_reader();
}

static struct rig {
    loop *l;
    reader_procs *p;
    char bin[4200];
    struct {
        uint64_t id;
        int channel;
    } ups[UPS_MAX];
    int count, ended;
} rig;

static void
on_up(void *ctx, uint64_t id, int channel)
{
    (void)ctx;
    NEED(rig.count < UPS_MAX);
    rig.ups[rig.count].id = id;
    rig.ups[rig.count++].channel = channel < 0 ? -1 : dup(channel);
}

static void
on_child(void *ctx, pid_t pid, int status)
{
    (void)ctx, (void)status;
    rig.ended += reader_procs_ended(rig.p, pid);
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
    NEED_OK(file_make_dir(rig.bin, 0700));
    CHECK(symlink(own, path) == 0 || errno == EEXIST);
    NEED_OK(loop_new(&rig.l));
    NEED_OK(proc_watch(rig.l, on_child, NULL));
    NEED_OK(
        reader_procs_new(&(struct reader_procs_spec){.bin_dir = rig.bin, .on_up = on_up}, &rig.p));
}

static void
wake(void *ctx)
{
    (void)ctx;
}

static void
turn(void)
{
    CHECK_OK(loop_timer_start(rig.l, 5, 0, wake, NULL, NULL));
    (void)loop_turn_for(rig.l, 10);
}

#define UNTIL(condition)                                                                           \
    do {                                                                                           \
        const uint64_t until_ = clock_ms() + 20000;                                                \
        while (!(condition) && clock_ms() < until_)                                                \
            turn();                                                                                \
        CHECK(condition);                                                                          \
    } while (0)

static void
close_rig(void)
{
    reader_procs_stop_all(rig.p);
    UNTIL(!reader_procs_run(rig.p));
    reader_procs_free(TAKE(rig.p));
    for (int i = 0; i < rig.count; i++)
        if (rig.ups[i].channel >= 0)
            close(rig.ups[i].channel);
    loop_free(rig.l);
}

/* Its first words. */
static void
check_born(int n)
{
    struct ipc_message m;
    NEED_OK(ipc_recv_wait(rig.ups[n].channel, 20000, room, &m));
    CHECK_INT(m.head.type, ==, BORN);
}

/* Nobody is at the other end. */
static bool
is_gone(int n)
{
    struct ipc_message m;
    return ipc_recv_wait(rig.ups[n].channel, 20000, room, &m).code == ERR_ENGINE_LOST;
}

TEST(each_that_is_asked_for_runs_and_ends_with_its_channel)
{
    open_rig();
    CHECK(!reader_procs_run(rig.p));
    reader_procs_start(rig.p, 2);
    reader_procs_start(rig.p, 3);
    NEED(rig.count == 2 && rig.ups[0].id == 2 && rig.ups[1].id == 3);
    check_born(0);
    check_born(1);
    close(rig.ups[0].channel);
    rig.ups[0].channel = -1;
    UNTIL(rig.ended == 1);
    CHECK(reader_procs_run(rig.p));
    close_rig();
}

TEST(one_that_is_in_the_place_of_the_next_makes_way)
{
    open_rig();
    reader_procs_start(rig.p, 0);
    check_born(0);
    reader_procs_start(rig.p, CONTROL_READERS_MAX);
    CHECK_INT(rig.count, ==, 1); /* not before the first has ended */
    reader_procs_start(rig.p, 2 * CONTROL_READERS_MAX);
    UNTIL(rig.count == 2);
    CHECK_INT(rig.ups[1].id, ==, 2 * CONTROL_READERS_MAX); /* the last word counts */
    check_born(1);
    CHECK(is_gone(0));
    close_rig();
}

TEST(one_that_is_not_waited_for_is_killed_and_none_follows)
{
    open_rig();
    reader_procs_start(rig.p, 0);
    check_born(0);
    reader_procs_stop(rig.p, CONTROL_READERS_MAX); /* another one's: nothing */
    reader_procs_stop(rig.p, 0);
    CHECK(is_gone(0));
    UNTIL(rig.ended == 1);
    CHECK_INT(rig.count, ==, 1);
    close_rig();
}

TEST(a_place_that_waits_can_be_given_up)
{
    open_rig();
    reader_procs_start(rig.p, 0);
    reader_procs_start(rig.p, CONTROL_READERS_MAX);
    reader_procs_stop(rig.p, CONTROL_READERS_MAX);
    UNTIL(rig.ended == 1);
    CHECK(rig.count == 1 && !reader_procs_run(rig.p));
    close_rig();
}

TEST(a_program_that_is_missing_is_told_at_once)
{
    open_rig();
    snprintf(rig.bin, sizeof rig.bin, "/nowhere");
    reader_procs_start(rig.p, 1);
    NEED(rig.count == 1);
    CHECK(rig.ups[0].channel == -1 && rig.ups[0].id == 1 && !reader_procs_run(rig.p));
    close_rig();
}

TEST(other_children_are_none_of_them)
{
    open_rig();
    CHECK(!reader_procs_ended(rig.p, 1));
    CHECK(!reader_procs_ended(rig.p, 0));
    CHECK(!reader_procs_ended(NULL, 1));
    CHECK(!reader_procs_run(NULL));
    reader_procs_start(NULL, 1);
    reader_procs_stop(NULL, 1);
    reader_procs_stop_all(NULL);
    reader_procs_free(NULL);
    close_rig();
}

TEST(whatever_fails_at_a_start_is_told_once)
{
    bool fired = true;
    for (long n = 1; fired && n < 60; n++) {
        open_rig();
        fault_arm(n);
        reader_procs_start(rig.p, 0);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(rig.count, ==, 1);
        CHECK(rig.ups[0].channel >= 0 || !reader_procs_run(rig.p));
        close_rig();
    }
}
