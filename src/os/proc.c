/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/proc.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/num.h"
#include "os/file.h"
#include "os/sys.h"

/* Children start with 0, 1, 2 and the given descriptors from FIRST_FD on.  While they are put in
 * place, everything waits at PARK and above, where no target is. */
enum { FIRST_FD = 3, PARK = FIRST_FD + PROC_FDS_MAX + 8 };

/* What a child that cannot start tells its parent. */
struct failure {
    const char *what; /* a literal: parent and child are one image */
    int number;
};

/* ---- in the child, between fork and exec: system calls only, no memory, no locks */

static const char *
park_fds(const struct proc_spec *s, int *fds, int *null, int *tell)
{
    for (size_t i = 0; i < s->fd_count; i++) {
        fds[i] = SYS(fcntl(s->fds[i], F_DUPFD_CLOEXEC, PARK));
        if (fds[i] < 0)
            return "park a descriptor for";
    }
    const int parked_tell = SYS(fcntl(*tell, F_DUPFD_CLOEXEC, PARK));
    const int opened = SYS(open("/dev/null", O_RDWR | O_CLOEXEC));
    if (parked_tell < 0 || opened < 0)
        return "open /dev/null for";
    *null = SYS(fcntl(opened, F_DUPFD_CLOEXEC, PARK));
    *tell = parked_tell;
    return *null < 0 ? "park a descriptor for" : NULL;
}

/* dup2 clears close-on-exec; all else is closed by exec. */
static const char *
place_fds(const struct proc_spec *s, int *tell)
{
    int fds[PROC_FDS_MAX], null = -1;
    const char *failed = park_fds(s, fds, &null, tell);
    if (failed)
        return failed;
    if (SYS(dup2(null, STDIN_FILENO)) < 0 || SYS(dup2(null, STDOUT_FILENO)) < 0)
        return "redirect the input of";
    for (size_t i = 0; i < s->fd_count; i++)
        if (SYS(dup2(fds[i], FIRST_FD + (int)i)) < 0)
            return "hand descriptors to";
    if (SYS(close_range(FIRST_FD + (unsigned)s->fd_count, ~0U, CLOSE_RANGE_CLOEXEC)) != 0)
        return "close the descriptors of";
    return NULL;
}

/* A process without privileges may make a network namespace inside a user namespace of its own.
 * Where neither is permitted the child goes on: its sandbox reports what it has. */
static void
cut_network(void)
{
    if (unshare(CLONE_NEWNET) != 0 && errno == EPERM && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        errno = 0;
}

/* By system call: glibc's functions would first ask all threads to follow, but those stayed with
 * the parent. */
static const char *
drop_user(const struct proc_spec *s)
{
    if ((s->uid || s->gid) && SYS(syscall(SYS_setgroups, 0, NULL)) != 0)
        return "drop the groups of";
    if (s->gid && SYS(syscall(SYS_setresgid, s->gid, s->gid, s->gid)) != 0)
        return "set the group of";
    if (s->uid && SYS(syscall(SYS_setresuid, s->uid, s->uid, s->uid)) != 0)
        return "set the user of";
    return NULL;
}

/* After drop_user: a change of credentials forgets the wish. */
static const char *
die_with(pid_t parent)
{
    if (SYS(prctl(PR_SET_PDEATHSIG, SIGKILL)) != 0)
        return "tie to its parent";
    if (getppid() != parent)
        _exit(0);
    return NULL;
}

/* What the parent ignored is its own affair; what it caught, exec resets.  By system call, since
 * glibc refuses to touch the two signals it keeps to itself, and these too are found ignored. */
static void
reset_signals(void)
{
    static const struct {
        void *handler;
        unsigned long flags;
        void *restorer;
        unsigned long mask;
    } plain = {.handler = NULL}; /* the kernel's struct sigaction; NULL is SIG_DFL */
    sigset_t none;
    for (int i = 1; i < NSIG; i++)
        syscall(SYS_rt_sigaction, i, &plain, NULL, sizeof plain.mask);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void
become(const struct proc_spec *s, pid_t parent, int tell)
{
    reset_signals();
    const char *failed = place_fds(s, &tell);
    if (!failed && s->new_network)
        cut_network();
    if (!failed && s->dir && SYS(chdir(s->dir)) != 0)
        failed = "find the directory of";
    if (!failed)
        failed = drop_user(s);
    if (!failed)
        failed = die_with(parent);
    if (!failed) {
        /* execve takes no const, but changes nothing. */
        SYS(execve(s->path, (char **)(uintptr_t)s->argv, (char **)(uintptr_t)s->env));
        failed = "run";
    }
    const struct failure f = {failed, errno};
    const ssize_t n = write(tell, &f, sizeof f);
    _exit(n == sizeof f ? 127 : 126);
}

/* ---- in the parent */

/* With all signals held back, so that no handler of ours runs in the child. */
static pid_t
fork_child(const struct proc_spec *s, int tell)
{
    sigset_t all, before;
    const pid_t parent = getpid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t pid = SYS(fork());
    if (pid == 0)
        become(s, parent, tell);
    const int number = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    errno = number;
    return pid;
}

static ssize_t
read_failure(int f, struct failure *ret)
{
    ssize_t n;
    do
        n = SYS(read(f, ret, sizeof *ret));
    while (n < 0 && errno == EINTR);
    return n;
}

static void
collect(pid_t pid)
{
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
}

fallible
proc_start(const struct proc_spec *spec, pid_t *ret)
{
    ASSERT(spec->path && spec->argv && spec->env && spec->fd_count <= PROC_FDS_MAX);
    int ends[2];
    if (SYS(pipe2(ends, O_CLOEXEC)) != 0)
        return file_errno("start", spec->path);
    AUTO(fd) heard = ends[0];
    AUTO(fd) told = ends[1];
    const pid_t pid = fork_child(spec, told);
    if (pid < 0)
        return file_errno("start", spec->path);
    fd_auto(&told);
    struct failure f = {0};
    const ssize_t n = read_failure(heard, &f);
    if (n == 0) { /* exec closed the other end */
        *ret = pid;
        return OK;
    }
    if (n != sizeof f) {
        f = (struct failure){"hear from", errno};
        proc_kill(pid);
    }
    collect(pid);
    errno = f.number;
    return file_errno(f.what, spec->path);
}

struct watcher {
    proc_ended_fn *fn;
    void *ctx;
};

static void
reap(void *ctx)
{
    const struct watcher *w = ctx;
    int status = 0;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        w->fn(w->ctx, pid, status);
}

fallible
proc_watch(loop *l, proc_ended_fn *fn, void *ctx)
{
    ASSERT(fn);
    struct watcher *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory to watch children");
    *w = (struct watcher){fn, ctx};
    const err e = loop_on_free(l, mem_free, w);
    if (e.code) {
        mem_free(w);
        return e;
    }
    TRY(loop_signal(l, SIGCHLD, reap, w));
    /* For a child that ended before anybody watched. */
    TRY(loop_timer_start(l, 0, 0, reap, w, NULL));
    return OK;
}

void
proc_end(pid_t pid)
{
    ASSERT(pid > 0);
    kill(pid, SIGTERM);
}

void
proc_kill(pid_t pid)
{
    ASSERT(pid > 0);
    kill(pid, SIGKILL);
}

const char *
proc_status_text(int status, char room[64])
{
    if (WIFEXITED(status)) {
        snprintf(room, 64, "exit %d", WEXITSTATUS(status));
    } else if (WIFSIGNALED(status)) {
        const char *name = sigdescr_np(WTERMSIG(status));
        snprintf(room, 64, "signal %d (%s)", WTERMSIG(status), name ? name : "unknown");
    } else {
        snprintf(room, 64, "status %d", status);
    }
    return room;
}

fallible
proc_own_dir(char *room, size_t room_len)
{
    char path[PATH_MAX];
    const ssize_t n = SYS(readlink("/proc/self/exe", path, sizeof path));
    if (n < 0)
        return file_errno("read", "/proc/self/exe");
    size_t len = (size_t)n;
    while (len > 1 && path[len - 1] != '/')
        len--;
    if (!str_copy((str){path, len > 1 ? len - 1 : len}, room, room_len))
        FAIL(LIMIT, "the program's directory has a name of %zu bytes", len);
    return OK;
}

uint64_t
proc_resident_bytes(pid_t pid)
{
    char name[64], text[128];
    snprintf(name, sizeof name, "/proc/%d/statm", pid);
    AUTO(fd) f = SYS(open(name, O_RDONLY | O_CLOEXEC));
    const ssize_t n = f < 0 ? -1 : SYS(read(f, text, sizeof text));
    str rest = {text, n > 0 ? (size_t)n : 0}, part;
    uint64_t pages = 0;
    /* Total size, resident size, …; an unreadable number counts as unknown. */
    if (!str_next(&rest, ' ', &part) || !str_next(&rest, ' ', &part) ||
        num_u64(part, 0, UINT64_MAX / 65536, &pages).code)
        return 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}
