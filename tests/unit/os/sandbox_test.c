/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/secret.h"
#include "os/calls.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/landlock.h"
#include "os/log.h"
#include "os/loop.h"
#include "os/proc.h"
#include "os/share.h"
#include "test.h"

/* A directory the role may write and a file it may read, made by prepare(). */
static char mine[4200], model[4300];

static bool
prepare(void)
{
    char name[4300];
    snprintf(mine, sizeof mine, "%s/data", test_dir());
    snprintf(name, sizeof name, "%s/models", test_dir());
    snprintf(model, sizeof model, "%s/models/m.gguf", test_dir());
    return !file_make_dir(mine, 0700).code && !file_make_dir(name, 0700).code &&
           !file_write_atomic(model, STR("GGUF"), 0600).code;
}

static bool
enter(enum sandbox_role role, struct sandbox_report *ret)
{
    const char *const writable[] = {mine, NULL}, *const readable[] = {model, NULL};
    const struct sandbox_spec s = {
        .role = role,
        .writable = role == SANDBOX_ENGINE ? NULL : writable,
        .readable = role == SANDBOX_ENGINE ? readable : NULL,
        .files_max = 256,
        .strict = true,
    };
    return !sandbox_enter(&s, ret).code;
}

/* In a child, for there is no way back.  The number says which check failed, 0: none; minus the
 * signal that ended it. */
static int
in_child(int (*fn)(void))
{
    int status = 0;
    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(fn());
    if (waitpid(pid, &status, 0) != pid)
        return 9999;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

#define WANT(number, x)                                                                            \
    do {                                                                                           \
        if (!(x))                                                                                  \
            return number;                                                                         \
    } while (0)

static int
tries(const char *path, int flags)
{
    const int f = open(path, flags | O_CLOEXEC, 0600);
    const int number = f < 0 ? errno : 0;
    if (f >= 0)
        close(f);
    return number;
}

static int
reports(enum sandbox_role role)
{
    struct sandbox_report r = {0};
    const int abi = landlock_abi();
    WANT(1, enter(role, &r));
    WANT(2, r.no_new_privs && r.core_dumps_off);
    WANT(3, r.landlock_abi == abi && r.landlock == (abi > 0));
    WANT(4, r.seccomp == CALLS_FIT);
    WANT(5, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || calls_is_cell(role));
    WANT(8, !CALLS_FIT || calls_is_cell(role) || prctl(PR_GET_DUMPABLE) == 0);
    struct rlimit l;
    WANT(6, getrlimit(RLIMIT_CORE, &l) == 0 && l.rlim_cur == 0 && l.rlim_max == 0);
    WANT(7, getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur == 256 && l.rlim_max == 256);
    return 0;
}

static int
reports_gate(void)
{
    return reports(SANDBOX_GATE);
}
static int
reports_engine(void)
{
    return reports(SANDBOX_ENGINE);
}
static int
reports_egress(void)
{
    return reports(SANDBOX_EGRESS);
}
static int
reports_supervisor(void)
{
    return reports(SANDBOX_SUPERVISOR);
}
static int
reports_cli(void)
{
    return reports(SANDBOX_CLI);
}

TEST(each_role_is_entered_strictly_and_says_what_holds)
{
    NEED(prepare());
    CHECK_INT(in_child(reports_gate), ==, 0);
    CHECK_INT(in_child(reports_engine), ==, 0);
    CHECK_INT(in_child(reports_egress), ==, 0);
    CHECK_INT(in_child(reports_supervisor), ==, 0);
    CHECK_INT(in_child(reports_cli), ==, 0);
}

/* ---- the gate */

static int
gate_stays_in(void)
{
    struct sandbox_report r;
    WANT(1, enter(SANDBOX_GATE, &r));
    WANT(2, !r.landlock || tries("/etc/passwd", O_RDONLY) == EACCES);
    WANT(3, !r.landlock || tries(model, O_RDONLY) == EACCES);
    WANT(4, !r.landlock || tries(test_dir(), O_RDONLY) == EACCES);
    WANT(5, !r.landlock || tries("/tmp/hoheit-sandbox-test", O_RDWR | O_CREAT) == EACCES);
    WANT(6, !r.seccomp || (socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EACCES));
    WANT(7, !r.seccomp || (socket(AF_UNIX, SOCK_STREAM, 0) == -1 && errno == EACCES));
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    WANT(8, page != MAP_FAILED);
    WANT(9, !r.seccomp || (mprotect(page, 4096, PROT_READ | PROT_EXEC) == -1 && errno == EACCES));
    return 0;
}

TEST(the_gate_reaches_neither_other_files_nor_the_network_nor_makes_code)
{
    NEED(prepare());
    CHECK_INT(in_child(gate_stays_in), ==, 0);
}

static int
gate_runs_a_program(void)
{
    struct sandbox_report r;
    WANT(1, enter(SANDBOX_GATE, &r));
    WANT(2, r.seccomp || r.landlock);
    execl("/bin/true", "true", NULL);
    return r.seccomp ? 3 : 0; /* without seccomp Landlock refuses */
}

TEST(the_gate_that_runs_a_program_is_killed)
{
    if (!sandbox_probe().seccomp)
        SKIP("this kernel has no seccomp");
    NEED(prepare());
    CHECK_INT(in_child(gate_runs_a_program), ==, CALLS_FIT ? -SIGSYS : 0);
}

static int
sqlite_works(void)
{
    char path[4300];
    sqlite3 *db = NULL;
    static const char sql[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY;"
        "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT); CREATE INDEX i ON t(b);"
        "BEGIN; WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM n WHERE x<5000)"
        " INSERT INTO t SELECT x, hex(randomblob(50)) FROM n; COMMIT;"
        "SELECT b, count(*) FROM t GROUP BY b ORDER BY b DESC; PRAGMA wal_checkpoint(TRUNCATE);"
        "PRAGMA journal_mode=DELETE; DELETE FROM t WHERE a % 2; VACUUM;";
    snprintf(path, sizeof path, "%s/test.db", mine);
    unlink(path);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        return 1;
    const int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return sqlite3_close(db) == SQLITE_OK ? rc : 2;
}

static void
add_one(void *ctx)
{
    ++*(int *)ctx;
}

static void
nothing(void *ctx)
{
    (void)ctx;
}

static bool
loop_works(void)
{
    loop *l = NULL;
    int done = 0;
    if (loop_new(&l).code || loop_timer_start(l, 1, 0, add_one, &done, NULL).code)
        return false;
    for (int i = 0; i < 8; i++)
        if (loop_work(l, nothing, add_one, &done).code)
            return false;
    loop_run(l);
    loop_free(l);
    return done == 9;
}

static bool
ipc_works(int pair[2])
{
    static _Alignas(16) char room[IPC_ROOM];
    static char large[100000];
    struct ipc_message m;
    if (ipc_send_wait(pair[0], 1, 2, "body", 4, (str){large, sizeof large}, 2).code ||
        ipc_recv_wait(pair[1], 1000, room, &m).code)
        return false;
    close(m.fd);
    const bool right = m.tail.len == sizeof large;
    ipc_release(&m);
    return right;
}

static bool
listener_works(int listener, int client)
{
    char got[3] = "";
    const int f = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    const bool right = f >= 0 && write(f, "ok", 2) == 2 && read(client, got, 2) == 2;
    close(f);
    return right && strcmp(got, "ok") == 0;
}

static int
gate_works(void)
{
    struct sandbox_report r;
    char path[4300], id[ID_MAX];
    int pair[2];
    AUTO(arena) *a = NULL;
    AUTO(secret) k = {0};
    str s;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_storage at = {.ss_family = AF_INET};
    socklen_t len = sizeof at;
    WANT(1, !ipc_pair(pair).code && listen(listener, 1) == 0 &&
                getsockname(listener, (struct sockaddr *)&at, &len) == 0 &&
                connect(client, (struct sockaddr *)&at, len) == 0);
    WANT(2, enter(SANDBOX_GATE, &r));
    WANT(3, sqlite_works() == 0);
    WANT(4, loop_works());
    WANT(5, ipc_works(pair));
    WANT(6, listener_works(listener, client));
    snprintf(path, sizeof path, "%s/f", mine);
    WANT(7, !arena_open(1 << 20, &a).code && !file_write_atomic(path, STR("x"), 0600).code &&
                !file_read(a, path, 10, &s).code);
    snprintf(path, sizeof path, "%s/d/e", mine);
    WANT(8, !file_make_dir(path, 0700).code);
    snprintf(path, sizeof path, "%s/d", mine);
    WANT(9, !file_remove_tree(path).code);
    WANT(10, id_new("x", id).len > 0 && clock_wall_ms() > 0 && !secret_get(&k, 32).code);
    WANT(11, proc_resident_bytes(getpid()) > 0);
    return 0;
}

TEST(the_gate_does_all_its_work_inside)
{
    NEED(prepare());
    CHECK_INT(in_child(gate_works), ==, 0);
}

/* ---- engines */

static void *
work(void *ctx)
{
    volatile char *bytes = malloc(1 << 22);
    if (!bytes)
        return NULL;
    for (size_t i = 0; i < 1 << 22; i += 4096)
        bytes[i] = 1;
    free((void *)(uintptr_t)bytes);
    return ctx;
}

static int
engine_works(void)
{
    struct sandbox_report r;
    int pair[2];
    pthread_t t[4];
    cpu_set_t set;
    const int weights = open(model, O_RDONLY | O_CLOEXEC);
    WANT(1, !ipc_pair(pair).code && weights >= 0);
    WANT(2, enter(SANDBOX_ENGINE, &r));
    for (int i = 0; i < 4; i++)
        WANT(3, pthread_create(&t[i], NULL, work, &r) == 0);
    for (int i = 0; i < 4; i++) {
        void *ret = NULL;
        WANT(4, pthread_join(t[i], &ret) == 0 && ret == &r);
    }
    WANT(5, ipc_works(pair));
    WANT(6, mmap(NULL, 4, PROT_READ, MAP_SHARED, weights, 0) != MAP_FAILED);
    WANT(7, tries(model, O_RDONLY) == 0);
    WANT(8, sched_getaffinity(0, sizeof set, &set) == 0 && sysconf(_SC_NPROCESSORS_ONLN) > 0);
    WANT(9, access("/sys/devices/system/cpu", F_OK) != 0 ||
                tries("/sys/devices/system/cpu/possible", O_RDONLY) == 0);
    WANT(10, loop_works());
    return 0;
}

TEST(an_engine_does_all_its_work_inside)
{
    NEED(prepare());
    CHECK_INT(in_child(engine_works), ==, 0);
}

static int
engine_stays_in(void)
{
    struct sandbox_report r;
    WANT(1, enter(SANDBOX_ENGINE, &r));
    WANT(2, !r.landlock || tries("/etc/passwd", O_RDONLY) == EACCES);
    WANT(3, !(r.landlock || r.seccomp) || tries(model, O_RDWR) == EACCES);
    WANT(4, !r.landlock || tries(mine, O_RDONLY) == EACCES);
    WANT(5, !r.seccomp || (socket(AF_INET, SOCK_DGRAM, 0) == -1 && errno == EACCES));
    WANT(6, !r.seccomp || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                               0) == MAP_FAILED);
    return 0;
}

TEST(an_engine_reaches_no_file_but_its_own_and_no_network)
{
    NEED(prepare());
    CHECK_INT(in_child(engine_stays_in), ==, 0);
}

static int
engine_without_files(void)
{
    struct sandbox_report r;
    const struct sandbox_spec s = {.role = SANDBOX_ENGINE, .strict = true};
    WANT(1, !sandbox_enter(&s, &r).code);
    WANT(2, !(r.landlock || r.seccomp) || tries(model, O_RDONLY) == EACCES);
    WANT(3, !r.seccomp || tries("/proc/self/maps", O_RDONLY) == EACCES);
    return 0;
}

TEST(an_engine_without_readable_paths_opens_nothing)
{
    NEED(prepare());
    CHECK_INT(in_child(engine_without_files), ==, 0);
}

/* ---- egress: the only one with a way out, and with nothing else */

static int
reaches(int family, const struct sockaddr *to, socklen_t len)
{
    const int f = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int number = f < 0 || connect(f, to, len) != 0 ? errno : 0;
    if (f >= 0)
        close(f);
    return number;
}

/* What connecting to a listener on loopback came to, inside `role`. */
static int
reaches_loopback(enum sandbox_role role)
{
    struct sandbox_report r;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    WANT(201, bind(listener, (struct sockaddr *)&at, len) == 0 && listen(listener, 4) == 0 &&
                  getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    WANT(202, enter(role, &r));
    return !r.seccomp && !r.landlock ? 203 : reaches(AF_INET, (struct sockaddr *)&at, len);
}

static int
gate_reaches(void)
{
    return reaches_loopback(SANDBOX_GATE);
}
static int
engine_reaches(void)
{
    return reaches_loopback(SANDBOX_ENGINE);
}
static int
egress_reaches(void)
{
    return reaches_loopback(SANDBOX_EGRESS);
}

TEST(nobody_makes_a_connection_but_egress)
{
    NEED(prepare());
    CHECK_INT(in_child(egress_reaches), ==, 0);
    if (!CALLS_FIT)
        SKIP("a sanitizer's build has no system call filter");
    CHECK_INT(in_child(gate_reaches), ==, EACCES);
    CHECK_INT(in_child(engine_reaches), ==, EACCES);
}

static int
egress_stays_in(void)
{
    struct sandbox_report r;
    const struct sockaddr_un local = {.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};
    const struct sandbox_spec s = {.role = SANDBOX_EGRESS, .files_max = 256, .strict = true};
    WANT(1, !sandbox_enter(&s, &r).code);
    WANT(2, !r.landlock || tries("/etc/passwd", O_RDONLY) == EACCES);
    WANT(3, !r.landlock || tries(model, O_RDONLY) == EACCES);
    WANT(4, !r.landlock || tries(mine, O_RDONLY) == EACCES);
    WANT(5, !(r.landlock || r.seccomp) || tries(model, O_RDWR) == EACCES);
    WANT(6,
         !(r.landlock || r.seccomp) || tries("/tmp/hoheit-egress", O_WRONLY | O_CREAT) == EACCES);
    WANT(7,
         !r.seccomp || reaches(AF_UNIX, (const struct sockaddr *)&local, sizeof local) == EACCES);
    const int f = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    WANT(8, f >= 0);
    WANT(9, !r.seccomp || (listen(f, 1) == -1 && errno == EACCES));
    WANT(10, !r.seccomp || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                                0) == MAP_FAILED);
    return 0;
}

TEST(egress_opens_no_file_serves_nobody_and_reaches_no_local_socket)
{
    NEED(prepare());
    CHECK_INT(in_child(egress_stays_in), ==, 0);
}

static int
egress_runs_a_program(void)
{
    struct sandbox_report r;
    WANT(1, enter(SANDBOX_EGRESS, &r));
    execl("/bin/true", "true", NULL);
    return r.seccomp || r.landlock ? 3 : 0;
}

TEST(egress_that_runs_a_program_is_killed)
{
    if (!sandbox_probe().seccomp)
        SKIP("this kernel has no seccomp");
    NEED(prepare());
    CHECK_INT(in_child(egress_runs_a_program), ==, CALLS_FIT ? -SIGSYS : 3);
}

static int
egress_looks_up(void)
{
    struct sandbox_report r;
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    WANT(1, enter(SANDBOX_EGRESS, &r));
    WANT(2, getaddrinfo("localhost", "80", &hints, &found) == 0 && found);
    freeaddrinfo(found);
    WANT(3, getaddrinfo("no-such-host.invalid", "80", &hints, &found) != 0);
    WANT(4, loop_works());
    return 0;
}

TEST(egress_looks_up_names_inside)
{
    NEED(prepare());
    CHECK_INT(in_child(egress_looks_up), ==, 0);
}

/* ---- the supervisor */

static int
supervisor_starts_children(void)
{
    struct sandbox_report r;
    int ends[2], status = -1;
    char got[64] = "";
    pid_t pid;
    const char *argv[] = {"sh", "-c", "cat /etc/passwd >/dev/null && echo runs >&3", NULL};
    const char *env[] = {"PATH=/usr/bin:/bin", NULL};
    WANT(1, pipe2(ends, O_CLOEXEC) == 0 && enter(SANDBOX_SUPERVISOR, &r));
    const struct proc_spec s = {.path = "/bin/sh",
                                .argv = argv,
                                .env = env,
                                .fds = {ends[1]},
                                .fd_count = 1,
                                .new_network = true,
                                .uid = geteuid() ? 0 : 65534,
                                .gid = geteuid() ? 0 : 65534};
    WANT(2, !proc_start(&s, &pid).code);
    close(ends[1]);
    WANT(3, read(ends[0], got, sizeof got) == 5 && strcmp(got, "runs\n") == 0);
    WANT(4, waitpid(pid, &status, 0) == pid && status == 0);
    WANT(5, !r.landlock || tries(model, O_RDWR) == EACCES);
    WANT(6, tries(model, O_RDONLY) == 0);
    return 0;
}

TEST(the_supervisor_starts_children_but_writes_only_where_it_may)
{
    NEED(prepare());
    CHECK_INT(in_child(supervisor_starts_children), ==, 0);
}

static int
gate_inside_supervisor(void)
{
    struct sandbox_report r;
    WANT(100, enter(SANDBOX_SUPERVISOR, &r));
    return gate_works();
}

static int
engine_inside_supervisor(void)
{
    struct sandbox_report r;
    WANT(100, enter(SANDBOX_SUPERVISOR, &r));
    return engine_works();
}

TEST(gate_and_engine_work_inside_what_the_supervisor_hands_down)
{
    NEED(prepare());
    CHECK_INT(in_child(gate_inside_supervisor), ==, 0);
    CHECK_INT(in_child(engine_inside_supervisor), ==, 0);
}

/* ---- limits and failures */

static int
memory_is_limited(void)
{
    struct sandbox_report r;
    const struct sandbox_spec s = {
        .role = SANDBOX_ENGINE, .memory_bytes_max = UINT64_C(1) << 30, .strict = true};
    WANT(1, !sandbox_enter(&s, &r).code);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
    WANT(2, mmap(NULL, (size_t)1 << 24, PROT_READ, flags, -1, 0) != MAP_FAILED);
    WANT(3, mmap(NULL, (size_t)2 << 30, PROT_READ, flags, -1, 0) == MAP_FAILED);
    return 0;
}

TEST(memory_beyond_the_limit_is_refused)
{
    if (!CALLS_FIT)
        SKIP("a sanitizer's shadow memory has no limit");
    CHECK_INT(in_child(memory_is_limited), ==, 0);
}

static int
network_is_seen_as_cut(void)
{
    struct sandbox_report r;
    if (unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return 77;
    WANT(1, enter(SANDBOX_CLI, &r));
    WANT(2, r.network_cut);
    return 0;
}

TEST(an_empty_network_namespace_is_reported)
{
    NEED(prepare());
    const int got = in_child(network_is_seen_as_cut);
    if (got == 77)
        SKIP("no network namespace is permitted here");
    CHECK_INT(got, ==, 0);
}

static int
wrong_path(bool strict)
{
    const char *const paths[] = {"/there/is/no/such/path", NULL};
    const struct sandbox_spec s = {.role = SANDBOX_GATE, .writable = paths, .strict = strict};
    struct sandbox_report r = {.landlock = true};
    const err e = sandbox_enter(&s, &r);
    if (strict)
        return e.code != ERR_CONFIG || !strstr(err_text(), "/there/is/no/such/path");
    return e.code || r.landlock;
}

static int
wrong_path_strict(void)
{
    return wrong_path(true);
}
static int
wrong_path_open(void)
{
    return wrong_path(false);
}

TEST(what_is_refused_is_a_failure_when_strict_and_else_reported)
{
    if (!landlock_abi())
        SKIP("this kernel has no Landlock");
    CHECK_INT(in_child(wrong_path_strict), ==, 0);
    CHECK_INT(in_child(wrong_path_open), ==, 0);
}

static long fault_at;
static bool fault_strict;

/* 100: the fault fired and was either an error or in the report; 0: none was left to fire. */
static int
faulty(void)
{
    const char *const writable[] = {mine, NULL};
    const struct sandbox_spec s = {
        .role = SANDBOX_CLI, .writable = writable, .strict = fault_strict};
    struct sandbox_report r = {0};
    const int abi = landlock_abi();
    fault_arm(fault_at);
    const err e = sandbox_enter(&s, &r);
    const bool fired = fault_fired();
    fault_arm(0);
    const bool whole = !e.code && r.no_new_privs && r.core_dumps_off && r.seccomp == CALLS_FIT &&
                       r.landlock == (abi > 0);
    WANT(1, !e.code || e.code == ERR_CONFIG);
    WANT(2, fired || whole);
    return fired ? 100 : 0;
}

TEST(whatever_fails_is_an_error_or_in_the_report)
{
    NEED(prepare());
    for (int strict = 0; strict < 2; strict++) {
        int got = 100;
        fault_strict = strict;
        for (fault_at = 1; got == 100 && fault_at<1000; fault_at += fault_at> 25 ? 11 : 1)
            got = in_child(faulty);
        CHECK_INT(got, ==, 0);
    }
}

TEST(the_probe_changes_nothing_and_agrees_with_what_is_entered)
{
    const struct sandbox_report p = sandbox_probe();
    CHECK_INT(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), ==, 0);
    CHECK_INT(p.landlock_abi, ==, landlock_abi());
    CHECK_INT(p.landlock, ==, p.landlock_abi > 0);
    CHECK_INT(p.seccomp, ==, calls_available());
    CHECK(p.no_new_privs && p.core_dumps_off);
}
