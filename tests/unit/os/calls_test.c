/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/calls.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

enum { KILLED = -SIGSYS };

#define NEED_CALLS()                                                                               \
    do {                                                                                           \
        if (!CALLS_FIT)                                                                            \
            SKIP("a sanitizer makes calls that are on no list");                                   \
        if (!calls_available())                                                                    \
            SKIP("this kernel has no seccomp");                                                    \
    } while (0)

/* One call after a role was entered: its errno, 0 when it succeeds, minus the signal that ended
 * the process. */
struct attempt {
    const char *what;
    long number;
    unsigned long args[6];
    int want;
};

static int
outcome(pid_t pid)
{
    int status = 0;
    if (waitpid(pid, &status, 0) != pid)
        return 9999;
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int
attempt(enum sandbox_role role, bool may_open, const struct attempt *a)
{
    const pid_t pid = fork();
    if (pid == 0) {
        const unsigned long *x = a->args;
        if (calls_enter(role, may_open).code)
            _exit(200);
        errno = 0;
        const long rc = syscall(a->number, x[0], x[1], x[2], x[3], x[4], x[5]);
        _exit(rc == -1 ? errno : 0);
    }
    return outcome(pid);
}

static void
check_all(enum sandbox_role role, bool may_open, const struct attempt *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int got = attempt(role, may_open, &rows[i]);
        if (got != rows[i].want)
            test_fail(__FILE__, __LINE__, "role %d: %s gives %d, not %d", (int)role, rows[i].what,
                      got, rows[i].want);
    }
}

#define P(pointer) ((unsigned long)(uintptr_t)(pointer))
#define ROW(name, want, ...)                                                                       \
    {                                                                                              \
#name, SYS_##name, {__VA_ARGS__ }, want                                                    \
    }
#define CHECK_ROWS(role, may_open, rows)                                                           \
    check_all(role, may_open, rows, sizeof(rows) / sizeof *(rows))

static const char *const no_args[] = {NULL};

/* What neither gate nor engine has any reason to do. */
static const struct attempt deadly[] = {
    ROW(execve, KILLED, P("/bin/true"), P(no_args), P(no_args)),
    ROW(execveat, KILLED, 0),
    ROW(fork, KILLED, 0),
    ROW(vfork, KILLED, 0),
    ROW(clone, KILLED, SIGCHLD),
    ROW(clone, KILLED, CLONE_NEWUSER | SIGCHLD),
    ROW(unshare, KILLED, CLONE_NEWNET),
    ROW(setns, KILLED, 0),
    ROW(kill, KILLED, 1, 0),
    ROW(tgkill, KILLED, 1, 1, 0),
    ROW(tkill, KILLED, 1, 0),
    ROW(ptrace, KILLED, 0),
    ROW(process_vm_readv, KILLED, 0),
    ROW(process_vm_writev, KILLED, 0),
    ROW(mount, KILLED, 0),
    ROW(umount2, KILLED, 0),
    ROW(chroot, KILLED, 0),
    ROW(pivot_root, KILLED, 0),
    ROW(bpf, KILLED, 0),
    ROW(perf_event_open, KILLED, 0),
    ROW(userfaultfd, KILLED, 0),
    ROW(keyctl, KILLED, 0),
    ROW(add_key, KILLED, 0),
    ROW(init_module, KILLED, 0),
    ROW(finit_module, KILLED, 0),
    ROW(kexec_load, KILLED, 0),
    ROW(reboot, KILLED, 0),
    ROW(setuid, KILLED, 0),
    ROW(setresuid, KILLED, 0),
    ROW(capset, KILLED, 0),
    ROW(bind, KILLED, 0),
    ROW(socketpair, KILLED, 1),
    ROW(openat2, KILLED, 0),
    ROW(open_by_handle_at, KILLED, 0),
    ROW(pidfd_getfd, KILLED, 0),
    ROW(io_uring_enter, KILLED, 0),
    ROW(seccomp, KILLED, 0),
    ROW(symlink, KILLED, 0),
    ROW(link, KILLED, 0),
    ROW(mknod, KILLED, 0),
    ROW(chown, KILLED, 0),
    ROW(setrlimit, KILLED, 0),
    ROW(prlimit64, KILLED, 0, RLIMIT_NOFILE, P(no_args)),
    ROW(prlimit64, KILLED, 1, RLIMIT_NOFILE, P(no_args)),
    ROW(personality, KILLED, 0),
    ROW(modify_ldt, KILLED, 0),
    ROW(ioctl, KILLED, 0, TIOCSTI, 0),
    ROW(ioctl, KILLED, 0, TIOCLINUX, 0),
    ROW(syslog, KILLED, 0),
    ROW(settimeofday, KILLED, 0),
};

/* What libraries try and do without. */
static const struct attempt refused[] = {
    ROW(socket, EACCES, 2, 1, 0),
    ROW(socket, EACCES, 1, 1, 0),
    ROW(socket, EACCES, 16, 3, 0),
    ROW(connect, EACCES, 0),
    ROW(clone3, ENOSYS, 0),
    ROW(io_uring_setup, ENOSYS, 0),
    ROW(mmap, EACCES, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0),
    ROW(mmap, EACCES, 0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
        -1ul, 0),
    ROW(mprotect, EACCES, 0, 4096, PROT_READ | PROT_EXEC),
    ROW(prctl, EPERM, PR_SET_DUMPABLE, 1),
    ROW(prctl, EPERM, PR_SET_PTRACER, 1),
    ROW(prctl, EPERM, PR_SET_SECCOMP, 1),
    ROW(ioctl, ENOTTY, 0, TCGETS, 0),
};

/* What goes on working.  An error of the call itself (no such descriptor) shows it was made. */
static const struct attempt permitted[] = {
    ROW(read, EBADF, 9999),
    ROW(pread64, EBADF, 9999),
    ROW(sendmsg, EBADF, 9999),
    ROW(recvmsg, EBADF, 9999),
    ROW(mmap, 0, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1ul, 0),
    ROW(memfd_create, 0, P("x"), 0),
    ROW(getrandom, 0, P(no_args), 0, 0),
    ROW(epoll_create1, 0, 0),
    ROW(eventfd2, 0, 0, 0),
    ROW(timerfd_create, 0, 1, 0),
    ROW(pipe2, EFAULT, 0, 0),
    ROW(futex, EFAULT, 0, 0, 0),
    ROW(sched_yield, 0, 0),
    ROW(prctl, 0, PR_SET_NAME, P("name")),
    ROW(prlimit64, 0, 0, RLIMIT_NOFILE, 0, 0),
    ROW(madvise, EINVAL, 1, 0, 0),
};

TEST(gate_and_engine_end_at_calls_they_have_no_reason_for)
{
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_GATE, false, deadly);
    CHECK_ROWS(SANDBOX_ENGINE, false, deadly);
    CHECK_ROWS(SANDBOX_ENGINE, true, deadly);
}

TEST(gate_and_engine_are_refused_what_libraries_only_try)
{
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_GATE, false, refused);
    CHECK_ROWS(SANDBOX_ENGINE, false, refused);
    CHECK_ROWS(SANDBOX_ENGINE, true, refused);
}

TEST(gate_and_engine_do_their_work)
{
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_GATE, false, permitted);
    CHECK_ROWS(SANDBOX_ENGINE, false, permitted);
    CHECK_ROWS(SANDBOX_ENGINE, true, permitted);
}

TEST(an_engine_opens_nothing_unless_told_and_then_for_reading_only)
{
    static const struct attempt closed[] = {
        ROW(openat, EACCES, (unsigned long)AT_FDCWD, P("/etc/passwd"), O_RDONLY),
        ROW(open, EACCES, P("/etc/passwd"), O_RDONLY),
        ROW(getdents64, EACCES, 9999),
    };
    static const struct attempt opened[] = {
        ROW(openat, 0, (unsigned long)AT_FDCWD, P("/etc/passwd"), O_RDONLY | O_CLOEXEC),
        ROW(openat, EACCES, (unsigned long)AT_FDCWD, P("/dev/null"), O_WRONLY),
        ROW(openat, EACCES, (unsigned long)AT_FDCWD, P("/dev/null"), O_RDWR),
        ROW(openat, EACCES, (unsigned long)AT_FDCWD, P("/dev/null"), O_WRONLY | O_CREAT, 0600),
        ROW(openat, KILLED, (unsigned long)AT_FDCWD, P("/dev/null"), O_RDONLY | O_CREAT, 0600),
        ROW(openat, KILLED, (unsigned long)AT_FDCWD, P("/dev/null"), O_RDONLY | O_TRUNC),
        ROW(open, EACCES, P("/etc/passwd"), O_RDONLY),
    };
    static const struct attempt always[] = {
        ROW(access, EACCES, P("/etc/passwd"), 0),
        ROW(readlink, EACCES, P("/proc/self/exe"), P(no_args), 0),
        ROW(unlink, KILLED, P("/nowhere/x")),
        ROW(unlinkat, KILLED, (unsigned long)AT_FDCWD, P("/nowhere/x"), 0),
        ROW(mkdir, KILLED, P("/nowhere/x"), 0700),
        ROW(rename, KILLED, P("/nowhere/x"), P("/nowhere/y")),
        ROW(fchmod, KILLED, 9999, 0),
        ROW(accept4, KILLED, 9999),
        ROW(listen, KILLED, 9999),
        ROW(setsockopt, KILLED, 9999),
    };
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_ENGINE, false, closed);
    CHECK_ROWS(SANDBOX_ENGINE, true, opened);
    CHECK_ROWS(SANDBOX_ENGINE, false, always);
    CHECK_ROWS(SANDBOX_ENGINE, true, always);
}

TEST(the_gate_keeps_its_files_and_listeners)
{
    static const struct attempt rows[] = {
        ROW(openat, 0, (unsigned long)AT_FDCWD, P("/dev/null"), O_RDWR),
        ROW(accept4, EBADF, 9999),
        ROW(listen, EBADF, 9999),
        ROW(setsockopt, EBADF, 9999),
        ROW(fdatasync, EBADF, 9999),
        ROW(ftruncate, EINVAL, 9999, -1ul),
        ROW(unlink, ENOENT, P("/nowhere")),
        ROW(rename, ENOENT, P("/nowhere"), P("/nowhere2")),
        ROW(fcntl, EBADF, 9999, F_SETLK, 0),
    };
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_GATE, false, rows);
}

TEST(the_command_line_connects_but_runs_no_other_program)
{
    static const struct attempt rows[] = {
        ROW(socket, 0, 2, 1, 0),
        ROW(connect, EBADF, 9999),
        ROW(ioctl, EBADF, 9999, TCGETS, 0),
        ROW(ioctl, EPERM, 9999, TIOCSTI, 0),
        ROW(execve, EPERM, P("/bin/true"), P(no_args), P(no_args)),
        ROW(ptrace, EPERM, 0),
        ROW(mount, EPERM, 0),
        ROW(unshare, EPERM, CLONE_NEWNET),
        ROW(bpf, EPERM, 99),
        ROW(keyctl, EPERM, 99),
    };
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_CLI, false, rows);
}

TEST(the_supervisor_starts_programs_but_changes_no_system)
{
    static const struct attempt rows[] = {
        ROW(execve, 0, P("/bin/true"), P(no_args), P(no_args)),
        ROW(fork, 0, 0),
        ROW(bind, EBADF, 9999),
        ROW(kill, ESRCH, 0x3FFFFFFF, 0),
        ROW(wait4, ECHILD, -1ul),
        ROW(close_range, EINVAL, 9, 3, 0),
        ROW(ptrace, EPERM, 99),
        ROW(mount, EPERM, 0),
        ROW(pivot_root, EPERM, 0),
        ROW(bpf, EPERM, 99),
        ROW(keyctl, EPERM, 99),
        ROW(init_module, EPERM, 0),
        ROW(kexec_load, EPERM, 0),
        ROW(perf_event_open, EPERM, 0),
        ROW(process_vm_readv, EPERM, 1),
        ROW(userfaultfd, EPERM, 0xFFFF),
    };
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_SUPERVISOR, false, rows);
}

TEST(a_reader_computes_and_nothing_else)
{
    static const struct attempt rows[] = {
        ROW(write, EBADF, 9999),
        ROW(openat, EACCES, (unsigned long)AT_FDCWD, P("/dev/null"), O_RDONLY),
        ROW(socket, EACCES, 2, 1, 0),
        ROW(execve, KILLED, P("/bin/true"), P(no_args), P(no_args)),
        ROW(fork, KILLED, 0),
        ROW(kill, KILLED, 0x3FFFFFFF, 0),
        ROW(unlink, KILLED, P("/nowhere")),
    };
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_READER, false, rows);
}

TEST(a_tool_runs_and_reads_but_writes_and_connects_nowhere)
{
    static const struct attempt rows[] = {
        ROW(execve, 0, P("/bin/true"), P(no_args), P(no_args)),
        ROW(openat, 0, (unsigned long)AT_FDCWD, P("/dev/null"), O_RDONLY),
        ROW(openat, EPERM, (unsigned long)AT_FDCWD, P("/dev/null"), O_RDWR),
        ROW(openat, EPERM, (unsigned long)AT_FDCWD, P("/nowhere/x"), O_CREAT | O_WRONLY),
        ROW(socket, EPERM, 2, 1, 0),
        ROW(connect, EPERM, 9999),
        ROW(fork, EPERM, 0),
        ROW(kill, EPERM, 0x3FFFFFFF, 0),
        ROW(unlink, EPERM, P("/nowhere")),
        ROW(ptrace, EPERM, 0),
        ROW(unshare, EPERM, CLONE_NEWNET),
    };
    NEED_CALLS();
    CHECK_ROWS(SANDBOX_TOOL, false, rows);
}

/* Each call of a cell must be on the supervisor's list too, for its children inherit that. */
TEST(a_gate_inside_a_supervisor_works_as_outside)
{
    NEED_CALLS();
    for (size_t i = 0; i < sizeof permitted / sizeof *permitted; i++)
        CHECK_INT(attempt(SANDBOX_SUPERVISOR, false, &permitted[i]), ==, permitted[i].want);
    const pid_t pid = fork();
    if (pid == 0) {
        if (calls_enter(SANDBOX_SUPERVISOR, false).code || calls_enter(SANDBOX_GATE, false).code)
            _exit(200);
        const int f = open("/dev/null", O_RDWR | O_CLOEXEC);
        _exit(f < 0 || write(f, "x", 1) != 1 || socket(2, 1, 0) != -1 || errno != EACCES);
    }
    CHECK_INT(outcome(pid), ==, 0);
}

static void *
thread(void *ctx)
{
    *(int *)ctx = 7;
    return NULL;
}

static int
run_threads(void)
{
    pthread_attr_t attr;
    int got[8] = {0};
    pthread_t t[8];
    for (int i = 0; i < 8; i++)
        if (pthread_create(&t[i], NULL, thread, &got[i]) != 0)
            return 1;
    for (int i = 0; i < 8; i++)
        if (pthread_join(t[i], NULL) != 0 || got[i] != 7)
            return 2;
    cpu_set_t set;
    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return 0; /* it reads /proc/self/maps, which an engine may not */
    pthread_attr_destroy(&attr);
    return sched_getaffinity(0, sizeof set, &set) != 0;
}

TEST(threads_are_made_in_every_role)
{
    NEED_CALLS();
    for (int role = 0; role < SANDBOX_ROLES; role++) {
        const pid_t pid = fork();
        if (pid == 0)
            _exit(calls_enter((enum sandbox_role)role, false).code ? 200 : run_threads());
        CHECK_INT(outcome(pid), ==, 0);
    }
}

TEST(a_process_may_still_abort_itself)
{
    NEED_CALLS();
    for (int role = 0; role < SANDBOX_ROLES; role++) {
        const pid_t pid = fork();
        if (pid == 0) {
            if (calls_enter((enum sandbox_role)role, false).code)
                _exit(200);
            abort();
        }
        CHECK_INT(outcome(pid), ==, -SIGABRT);
    }
}

static void *
waits_and_connects(void *ctx)
{
    char byte;
    const int *ends = ctx;
    if (read(ends[0], &byte, 1) != 1)
        return NULL;
    return (void *)(intptr_t)(socket(2, 1, 0) == -1 ? errno : 0);
}

TEST(a_thread_that_was_there_before_is_held_to_the_list_too)
{
    NEED_CALLS();
    const pid_t pid = fork();
    if (pid == 0) {
        static int ends[2];
        pthread_t t;
        if (pipe(ends) != 0 || pthread_create(&t, NULL, waits_and_connects, ends) != 0)
            _exit(201);
        if (calls_enter(SANDBOX_GATE, false).code || write(ends[1], "x", 1) != 1)
            _exit(202);
        void *number = NULL;
        pthread_join(t, &number);
        _exit((int)(intptr_t)number);
    }
    CHECK_INT(outcome(pid), ==, EACCES);
}

TEST(whatever_fails_is_an_error)
{
    NEED_CALLS();
    /* Each rule asks once; every seventh failure and the last ones are enough. */
    for (long n = 1; n < 400; n += 7) {
        const pid_t pid = fork();
        if (pid == 0) {
            fault_arm(n);
            const err e = calls_enter(SANDBOX_GATE, false);
            _exit((e.code == ERR_CONFIG) != fault_fired());
        }
        CHECK_INT(outcome(pid), ==, 0);
    }
}
