/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"

enum { TURNS_MAX = 1000000, NOBODY = 65534 };

static char said[65536];

static int
open_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

/* A shell that runs `script`; its descriptor 3 is ours to read. */
struct shell {
    struct proc_spec spec;
    const char *argv[4], *env[2];
    int ends[2];
};

static void
shell_init(struct shell *s, const char *script)
{
    *s = (struct shell){.argv = {"sh", "-c", script}, .env = {"PATH=/usr/bin:/bin"}};
    if (pipe2(s->ends, O_CLOEXEC) != 0)
        test_fail(__FILE__, __LINE__, "pipe");
    s->spec = (struct proc_spec){
        .path = "/bin/sh", .argv = s->argv, .env = s->env, .fds = {s->ends[1]}, .fd_count = 1};
}

/* Runs it to its end; what it wrote to descriptor 3. */
static str
shell_run(struct shell *s)
{
    size_t len = 0;
    pid_t pid = -1;
    const err e = proc_start(&s->spec, &pid);
    close(s->ends[1]);
    for (ssize_t n = 1; !e.code && n > 0; len += n > 0 ? (size_t)n : 0)
        n = read(s->ends[0], said + len, sizeof said - len);
    close(s->ends[0]);
    if (e.code)
        test_fail(__FILE__, __LINE__, "%s", err_trail());
    else
        CHECK_INT(waitpid(pid, NULL, 0), ==, pid);
    return (str){said, len};
}

static str
run_script(const char *script)
{
    struct shell s;
    shell_init(&s, script);
    return shell_run(&s);
}

TEST(a_child_has_the_descriptors_it_was_given_and_nothing_else)
{
    int leaked[5];
    for (int i = 0; i < 5; i++) /* inheritable on purpose */
        leaked[i] = open("/dev/zero", O_RDONLY);
    CHECK_STR(run_script("i=4; while [ $i -lt 300 ]; do"
                         " [ -h /proc/$$/fd/$i ] && echo leaked $i >&3; i=$((i+1)); done;"
                         " echo end >&3"),
              STR("end\n"));
    for (int i = 0; i < 5; i++)
        close(leaked[i]);
}

TEST(a_child_has_an_empty_input_and_an_output_that_goes_nowhere)
{
    CHECK_STR(run_script("read x || echo end >&3;"
                         "a=$(readlink /proc/$$/fd/0); echo $a >&3; [ /dev/null -ef /proc/$$/fd/1 ]"
                         " && echo nowhere >&3"),
              STR("end\n/dev/null\nnowhere\n"));
}

TEST(a_child_has_the_environment_it_was_given_and_nothing_else)
{
    CHECK_STR(run_script("tr '\\0' '\\n' </proc/$$/environ >&3"), STR("PATH=/usr/bin:/bin\n"));
}

TEST(a_child_is_not_touched_by_the_signals_its_parent_ignores_or_blocks)
{
    sigset_t set, before;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, &before);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    const str got = run_script("grep -E 'SigBlk|SigIgn' /proc/self/status >&3");
    signal(SIGPIPE, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    CHECK_STR(got, STR("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
}

enum { FILES = 10 };

/* A file that holds its own number, on the lowest free descriptor or, with `high`, far above the
 * places where the child will find it. */
static int
numbered_file(int i, bool high)
{
    char name[4200];
    snprintf(name, sizeof name, "%s/%d", test_dir(), i);
    const int f = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(dprintf(f, "%d\n", i) > 0 && lseek(f, 0, SEEK_SET) == 0);
    if (!high)
        return f;
    const int moved = fcntl(f, F_DUPFD_CLOEXEC, 40 + (int)(test_random() % 40));
    close(f);
    return moved;
}

static void
shuffle(int *f, int count)
{
    for (int i = count - 1; i > 0; i--) {
        const int k = (int)(test_random() % (uint64_t)(i + 1)), at = f[i];
        f[i] = f[k];
        f[k] = at;
    }
}

/* Each child must find file i on descriptor 4 + i, also where sources and targets overlap. */
TEST(descriptors_are_handed_over_right_whatever_their_numbers)
{
    for (int round = 0; round < 30; round++) {
        char want[64] = "";
        int f[FILES];
        struct shell s;
        shell_init(&s, "for i in 4 5 6 7 8 9; do read x <&$i; echo $x; done >&3");
        for (int i = 0; i < FILES; i++)
            f[i] = numbered_file(i, round % 3 == 0 || (round % 3 == 1 && i % 2));
        shuffle(f, FILES);
        for (int i = 0; i < 6; i++) {
            s.spec.fds[s.spec.fd_count++] = f[i];
            CHECK_INT(pread(f[i], want + 2 * i, 2, 0), ==, 2);
        }
        CHECK_STR(shell_run(&s), str_of(want));
        for (int i = 0; i < FILES; i++)
            close(f[i]);
    }
}

TEST(one_descriptor_may_be_given_twice)
{
    struct shell s;
    shell_init(&s, "echo a >&3; echo b >&4");
    s.spec.fds[s.spec.fd_count++] = s.ends[1];
    CHECK_STR(shell_run(&s), STR("a\nb\n"));
}

TEST(a_program_that_cannot_run_is_named_in_the_error)
{
    char plain[4200], garbage[4200];
    const char *argv[] = {"x", NULL}, *env[] = {NULL};
    pid_t pid = -1;
    snprintf(plain, sizeof plain, "%s/plain", test_dir());
    snprintf(garbage, sizeof garbage, "%s/garbage", test_dir());
    CHECK_OK(file_write_atomic(plain, STR("#!/bin/sh\n"), 0600));
    CHECK_OK(file_write_atomic(garbage, STR("\1\2\3"), 0700));
    struct proc_spec s = {.path = "/nowhere/hoheit-engine", .argv = argv, .env = env};
    CHECK_ERR(proc_start(&s, &pid), NOT_FOUND);
    CHECK(strstr(err_text(), "run /nowhere/hoheit-engine: "));
    s.path = plain;
    CHECK_ERR(proc_start(&s, &pid), FORBIDDEN_FILE);
    s.path = garbage;
    CHECK_ERR(proc_start(&s, &pid), IO);
    CHECK_INT(pid, ==, -1);
    CHECK_INT(waitpid(-1, NULL, 0), ==, -1); /* no zombie is left */
    CHECK_INT(errno, ==, ECHILD);
}

TEST(a_descriptor_that_is_not_open_is_an_error)
{
    struct shell s;
    pid_t pid = -1;
    shell_init(&s, "echo never >&3");
    s.spec.fds[s.spec.fd_count++] = 9999;
    CHECK_ERR(proc_start(&s.spec, &pid), IO);
    CHECK_INT(pid, ==, -1);
    close(s.ends[0]);
    close(s.ends[1]);
}

TEST(a_child_of_root_runs_as_the_user_it_was_given_without_groups)
{
    if (geteuid() != 0)
        SKIP("needs root to become another user");
    struct shell s;
    shell_init(&s, "grep -E '^(Uid|Gid|Groups)' /proc/$$/status | tr -s ' \\t' ' ' >&3");
    s.spec.uid = s.spec.gid = NOBODY;
    CHECK_STR(shell_run(&s), STR("Uid: 65534 65534 65534 65534\n"
                                 "Gid: 65534 65534 65534 65534\n"
                                 "Groups: \n"));
}

TEST(a_child_that_may_not_become_another_user_does_not_start)
{
    if (geteuid() == 0) {
        const pid_t pid = fork();
        if (pid == 0) {
            struct shell s;
            pid_t child;
            shell_init(&s, "echo never >&3");
            s.spec.uid = 1;
            _exit(syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) != 0 ||
                  proc_start(&s.spec, &child).code != ERR_FORBIDDEN_FILE);
        }
        int status = -1;
        waitpid(pid, &status, 0);
        CHECK_INT(status, ==, 0);
        return;
    }
    struct shell s;
    pid_t pid = -1;
    shell_init(&s, "echo never >&3");
    s.spec.uid = 1;
    CHECK_ERR(proc_start(&s.spec, &pid), FORBIDDEN_FILE);
    close(s.ends[0]);
    close(s.ends[1]);
}

TEST(a_child_with_a_new_network_sees_no_interface_but_loopback)
{
    struct shell s;
    shell_init(&s, "grep -c : /proc/net/dev >&3; grep -o lo: /proc/net/dev >&3;"
                   "readlink /proc/self/ns/net >&3");
    s.spec.new_network = true;
    char own[64] = "";
    const str got = shell_run(&s);
    CHECK(readlink("/proc/self/ns/net", own, sizeof own - 1) > 0);
    if (str_find(got, str_of(own)) >= 0)
        SKIP("no network namespace is permitted here");
    CHECK(str_starts(got, STR("1\nlo:\n")));
}

/* The child holds the only writing end of a pipe, so that its death is seen as the end. */
TEST(a_child_dies_with_its_parent)
{
    int holds[2], tells[2];
    char byte;
    NEED(pipe2(holds, O_CLOEXEC) == 0 && pipe2(tells, O_CLOEXEC) == 0);
    const pid_t parent = fork();
    if (parent == 0) {
        struct shell s;
        pid_t pid;
        shell_init(&s, "echo x >&3; read x <&4");
        s.spec.fds[0] = tells[1];
        s.spec.fds[s.spec.fd_count++] = holds[0];
        if (proc_start(&s.spec, &pid).code)
            _exit(1);
        pause();
    }
    close(tells[1]);
    CHECK_INT(read(tells[0], &byte, 1), ==, 1); /* the child runs */
    CHECK_INT(read(tells[0], &byte, 1), ==, 1);
    kill(parent, SIGKILL);
    waitpid(parent, NULL, 0);
    CHECK_INT(read(tells[0], &byte, 1), ==, 0);
    close(tells[0]);
    close(holds[0]);
    close(holds[1]);
}

struct ended {
    loop *l;
    pid_t pids[4];
    int statuses[4], count, want;
};

static void
on_ended(void *ctx, pid_t pid, int status)
{
    struct ended *e = ctx;
    e->pids[e->count] = pid;
    e->statuses[e->count] = status;
    if (++e->count == e->want)
        loop_stop(e->l);
}

static pid_t
start_script(const char *script)
{
    struct shell s;
    pid_t pid = -1;
    shell_init(&s, script);
    CHECK_OK(proc_start(&s.spec, &pid));
    close(s.ends[0]);
    close(s.ends[1]);
    return pid;
}

static int
status_of(const struct ended *e, pid_t pid)
{
    for (int i = 0; i < e->count; i++)
        if (e->pids[i] == pid)
            return e->statuses[i];
    return -1;
}

TEST(the_end_of_a_child_is_told_although_nobody_watched_yet)
{
    struct ended e = {.want = 1};
    siginfo_t info;
    NEED_OK(loop_new(&e.l));
    const pid_t early = start_script("exit 3");
    waitid(P_PID, (id_t)early, &info, WEXITED | WNOWAIT);
    NEED_OK(proc_watch(e.l, on_ended, &e));
    for (int i = 0; i < TURNS_MAX && !e.count; i++)
        loop_turn(e.l);
    CHECK_INT(status_of(&e, early), ==, 3 << 8);
    loop_free(e.l);
}

TEST(the_ends_of_children_are_told_with_their_status)
{
    struct ended e = {.want = 4};
    char room[64];
    NEED_OK(loop_new(&e.l));
    NEED_OK(proc_watch(e.l, on_ended, &e));
    const pid_t three = start_script("exit 3");
    const pid_t zero = start_script("exit 0");
    const pid_t ends = start_script("kill -STOP $$; sleep 1000");
    const pid_t kills = start_script("trap '' TERM; kill -STOP $$; sleep 1000");
    proc_end(ends);
    kill(ends, SIGCONT);
    proc_kill(kills);
    loop_run(e.l);
    CHECK_STR(str_of(proc_status_text(status_of(&e, three), room)), STR("exit 3"));
    CHECK_STR(str_of(proc_status_text(status_of(&e, zero), room)), STR("exit 0"));
    CHECK_STR(str_of(proc_status_text(status_of(&e, ends), room)), STR("signal 15 (Terminated)"));
    CHECK_STR(str_of(proc_status_text(status_of(&e, kills), room)), STR("signal 9 (Killed)"));
    loop_free(e.l);
}

TEST(every_status_has_a_text)
{
    char room[64];
    CHECK_STR(str_of(proc_status_text(255 << 8, room)), STR("exit 255"));
    CHECK_STR(str_of(proc_status_text(SIGSYS, room)), STR("signal 31 (Bad system call)"));
    CHECK_STR(str_of(proc_status_text(SIGSEGV | 0x80, room)),
              STR("signal 11 (Segmentation fault)"));
    CHECK_STR(str_of(proc_status_text(0x7F | SIGSTOP << 8, room)), STR("status 4991"));
    for (int i = 0; i < 65536; i++)
        CHECK(proc_status_text(i, room)[0]);
}

TEST(the_own_directory_holds_the_program)
{
    char dir[4096], small[4], path[4200];
    NEED_OK(proc_own_dir(dir, sizeof dir));
    snprintf(path, sizeof path, "%s/proc_test", dir);
    CHECK_INT(access(path, X_OK), ==, 0);
    CHECK_ERR(proc_own_dir(small, sizeof small), LIMIT);
}

TEST(resident_memory_is_known_for_processes_that_run)
{
    const uint64_t n = proc_resident_bytes(getpid());
    CHECK(n > 100000 && n < (UINT64_C(1) << 40));
    CHECK_INT(proc_resident_bytes(0x3FFFFFFF), ==, 0);
}

TEST(whatever_fails_is_an_error_and_leaves_neither_descriptors_nor_children)
{
    const int before = open_fds();
    int errors = 0;
    for (long n = 1; n < 40; n++) {
        struct shell s;
        pid_t pid = -1;
        int status = -1;
        shell_init(&s, "echo ran >&3");
        fault_arm(n);
        const err e = proc_start(&s.spec, &pid);
        const bool fired = fault_fired();
        fault_arm(0);
        close(s.ends[0]);
        close(s.ends[1]);
        /* In the child the fault fires too, but its count is the child's. */
        CHECK(e.code || !fired);
        errors += e.code != 0;
        if (!e.code)
            CHECK(waitpid(pid, &status, 0) == pid);
        CHECK_INT(waitpid(-1, NULL, 0), ==, -1);
        CHECK_INT(open_fds(), ==, before);
    }
    CHECK_INT(errors, >, 8);
}

static err
watch_once(void)
{
    struct ended e = {0};
    TRY(loop_new(&e.l));
    const err f = proc_watch(e.l, on_ended, &e);
    loop_free(e.l);
    return f;
}

TEST(watching_fails_cleanly)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        fault_arm(n);
        const err e = watch_once();
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
    }
}
