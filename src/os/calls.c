/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/calls.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fault.h"

typedef scmp_filter_ctx filter;

static void
filter_auto(filter *f)
{
    if (*f)
        seccomp_release(*f);
}

/* A call that is allowed or refused for some arguments only. */
struct rule {
    int call;
    uint32_t action;
    struct scmp_arg_cmp when;
};

#define S(name) SCMP_SYS(name)
#define REFUSED(number) SCMP_ACT_ERRNO(number)
#define COUNT(table) (sizeof(table) / sizeof *(table))

/* ---- everybody: descriptors one has, memory, threads, time, an orderly end */

static const int common[] = {
    S(read), S(readv), S(pread64), S(preadv), S(write), S(writev), S(pwrite64), S(pwritev),
    S(close), S(lseek), S(fcntl), S(dup), S(dup2), S(dup3), S(pipe2), S(ftruncate), S(fstat),
    S(fadvise64),
    /* fstat of glibc 2.33 and later is newfstatat: it tells about files, but opens none */
    S(newfstatat), S(statx), S(fstatfs), S(munmap), S(mremap), S(madvise), S(brk), S(mlock),
    S(mlock2), S(munlock), S(memfd_create), S(futex), S(rseq), S(set_robust_list),
    S(set_tid_address), S(exit), S(exit_group), S(membarrier), S(sched_yield), S(sched_getaffinity),
    S(sched_setaffinity), S(sched_getparam), S(sched_getscheduler), S(sched_get_priority_max),
    S(sched_get_priority_min), S(getcpu), S(getpriority), S(nanosleep), S(clock_nanosleep),
    S(clock_gettime), S(clock_getres), S(gettimeofday), S(time), S(restart_syscall), S(getpid),
    S(getppid), S(gettid), S(getuid), S(geteuid), S(getgid), S(getegid), S(getrusage), S(sysinfo),
    S(uname), S(getrandom), S(rt_sigaction), S(rt_sigprocmask), S(rt_sigreturn), S(sigaltstack),
    S(epoll_create1), S(epoll_ctl), S(epoll_wait), S(epoll_pwait), S(poll), S(ppoll), S(select),
    S(pselect6), S(eventfd2), S(timerfd_create), S(timerfd_settime), S(timerfd_gettime),
    S(signalfd4),
    /* ipc over inherited pairs; sendto also carries lines to journald's socket */
    S(sendmsg), S(recvmsg), S(sendto), S(recvfrom), S(shutdown), S(getsockopt)};

/* Without the sandbox's own means: memory that can be run, processes, terminals. */
static const struct rule cell_rules[] = {
    /* code is what was loaded at the start; a just-in-time compiler falls back to interpreting */
    {S(mmap), SCMP_ACT_ALLOW, {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {S(mmap), REFUSED(EACCES), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC}},
    {S(mprotect), SCMP_ACT_ALLOW, {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0}},
    {S(mprotect), REFUSED(EACCES), {2, SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC}},
    /* threads, not processes; such a clone can make no namespace either */
    {S(clone), SCMP_ACT_ALLOW, {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
    {S(prctl), SCMP_ACT_ALLOW, {0, SCMP_CMP_EQ, PR_SET_NAME, 0}},
    {S(prctl), REFUSED(EPERM), {0, SCMP_CMP_NE, PR_SET_NAME, 0}},
    {S(ioctl), SCMP_ACT_ALLOW, {1, SCMP_CMP_EQ, FIONBIO, 0}},
    {S(ioctl), SCMP_ACT_ALLOW, {1, SCMP_CMP_EQ, FIOCLEX, 0}},
    {S(ioctl), SCMP_ACT_ALLOW, {1, SCMP_CMP_EQ, FIONREAD, 0}},
    {S(ioctl), REFUSED(ENOTTY), {1, SCMP_CMP_EQ, TCGETS, 0}}, /* isatty */
    {S(ioctl), REFUSED(ENOTTY), {1, SCMP_CMP_EQ, TIOCGWINSZ, 0}},
    /* reading one's own limits; pthread_getattr_np does */
    {S(prlimit64), SCMP_ACT_ALLOW, {2, SCMP_CMP_EQ, 0, 0}},
};

/* Tried in good faith by libraries, which go on without. */
static const int cell_missing[] = {
    /* its arguments lie in memory, where a filter cannot look: glibc then takes clone */
    S(clone3), S(io_uring_setup), S(get_mempolicy), S(set_mempolicy), S(mbind)};
static const int cell_refused[] = {S(sched_setscheduler), S(setpriority)};
static const int closed_refused[] = {S(socket), S(connect)};

/* ---- the gate: connections that come in by inherited listeners, and its data directory */

static const int gate[] = {
    S(accept), S(accept4), S(listen), S(getsockname), S(getpeername), S(setsockopt),
    /* SQLite and files of ours; Landlock says where */
    S(open), S(openat), S(access), S(faccessat), S(faccessat2), S(stat), S(lstat), S(readlink),
    S(readlinkat), S(getcwd), S(getdents64), S(statfs), S(fsync), S(fdatasync), S(fallocate),
    S(flock), S(mkdir), S(mkdirat), S(rmdir), S(unlink), S(unlinkat), S(rename), S(renameat),
    S(renameat2), S(fchmod), S(fchown), S(utimensat), S(umask), S(msync), S(sendfile),
    S(copy_file_range)};

/* ---- the log: its own files, and nothing that has to do with a network */

static const int log_files[] = {S(open),       S(openat), S(access),   S(faccessat),  S(faccessat2),
                                S(stat),       S(lstat),  S(readlink), S(readlinkat), S(getcwd),
                                S(getdents64), S(statfs), S(fsync),    S(fdatasync),  S(fallocate),
                                S(flock),      S(mkdir),  S(mkdirat),  S(rmdir),      S(unlink),
                                S(unlinkat),   S(rename), S(renameat), S(renameat2),  S(umask),
                                S(fchmod)};

/* ---- engines: no file has to be opened by name, so looking for one is refused, not deadly */

static const int engine_refused[] = {S(access),   S(faccessat),  S(faccessat2), S(stat),   S(lstat),
                                     S(readlink), S(readlinkat), S(getcwd),     S(statfs), S(open)};
static const int engine_closed_refused[] = {S(openat), S(getdents64)};
/* With readable paths (topology of the processor, a model by name): for reading only. */
static const int engine_open[] = {S(getdents64)};
static const struct rule engine_open_rules[] = {
    {S(openat), SCMP_ACT_ALLOW, {2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY}},
    {S(openat), REFUSED(EACCES), {2, SCMP_CMP_MASKED_EQ, O_ACCMODE, O_WRONLY}},
    {S(openat), REFUSED(EACCES), {2, SCMP_CMP_MASKED_EQ, O_ACCMODE, O_RDWR}}};

/* ---- a tool: a program of somebody else's that loads its libraries, reads what Landlock leaves of
 * the files and computes; more threads, no other process, no socket, nothing written by name */

static const int tool[] = {
    S(execve),     S(mmap),       S(mprotect),  S(arch_prctl), S(prlimit64), S(getrlimit),
    S(getdents64), S(access),     S(faccessat), S(faccessat2), S(stat),      S(lstat),
    S(readlink),   S(readlinkat), S(getcwd),    S(statfs),     S(mincore),   S(get_robust_list)};
static const struct rule tool_rules[] = {
    {S(clone), SCMP_ACT_ALLOW, {0, SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD}},
    {S(openat), SCMP_ACT_ALLOW, {2, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY}},
    {S(open), SCMP_ACT_ALLOW, {1, SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY}}};

/* ---- egress: sockets to the outside and what looks names up; files of the resolver, for reading
 */

static const int egress[] = {S(connect),  S(getsockname), S(getpeername), S(setsockopt),
                             S(sendmmsg), S(recvmmsg),    S(getdents64)};
static const struct rule egress_rules[] = {
    /* AF_INET is 2, AF_INET6 10: all but the bit between them */
    {S(socket), SCMP_ACT_ALLOW, {0, SCMP_CMP_MASKED_EQ, ~(scmp_datum_t)8 & UINT32_MAX, 2}},
    /* the resolver asks for interfaces and for a cache of names, and does without */
    {S(socket), REFUSED(EACCES), {0, SCMP_CMP_EQ, AF_UNIX, 0}},
    {S(socket), REFUSED(EACCES), {0, SCMP_CMP_EQ, AF_NETLINK, 0}}};
static const int egress_refused[] = {S(bind), S(listen), S(accept), S(accept4)};

/* ---- the command line: a client with a terminal */

static const int cli[] = {S(mmap),          S(mprotect),      S(clone),
                          S(clone3),        S(prctl),         S(prlimit64),
                          S(socket),        S(connect),       S(socketpair),
                          S(bind),          S(sendmmsg),      S(recvmmsg),
                          S(chdir),         S(fchdir),        S(chmod),
                          S(fchmodat),      S(link),          S(linkat),
                          S(symlink),       S(symlinkat),     S(creat),
                          S(truncate),      S(getdents),      S(pipe),
                          S(getpgrp),       S(getpgid),       S(getsid),
                          S(getgroups),     S(getresuid),     S(getresgid),
                          S(kill),          S(tgkill),        S(rt_sigtimedwait),
                          S(rt_sigpending), S(rt_sigsuspend), S(sched_setscheduler),
                          S(setpriority),   S(arch_prctl),    S(get_robust_list),
                          S(epoll_create),  S(eventfd),       S(pause),
                          S(alarm),         S(setitimer),     S(getitimer),
                          S(mincore),       S(get_mempolicy), S(set_mempolicy),
                          S(mbind),         S(capget),        S(getrlimit),
                          S(getxattr),      S(fgetxattr),     S(lgetxattr),
                          S(wait4),         S(inotify_init1), S(inotify_add_watch)};
static const struct rule cli_rules[] = {
    /* a terminal may be asked anything but to take input that nobody typed */
    {S(ioctl), SCMP_ACT_ALLOW, {1, SCMP_CMP_NE, TIOCSTI, 0}},
};

/* ---- the supervisor: also starts children, as other users, and lets them confine themselves */

static const int supervisor[] = {S(fork),
                                 S(vfork),
                                 S(execve),
                                 S(execveat),
                                 S(waitid),
                                 S(unshare),
                                 S(close_range),
                                 S(seccomp),
                                 S(landlock_create_ruleset),
                                 S(landlock_add_rule),
                                 S(landlock_restrict_self),
                                 S(setrlimit),
                                 S(setuid),
                                 S(setgid),
                                 S(setresuid),
                                 S(setresgid),
                                 S(setgroups),
                                 S(setsid),
                                 S(setpgid),
                                 S(chown),
                                 S(lchown),
                                 S(fchownat),
                                 S(capset),
                                 S(sched_setparam),
                                 S(sched_setattr),
                                 S(sched_getattr),
                                 S(pidfd_open),
                                 S(pidfd_send_signal),
                                 S(rt_sigqueueinfo),
                                 S(mlockall),
                                 S(munlockall)};

static fallible
check(int rc, const char *what)
{
    if (rc < 0)
        FAIL(CONFIG, "system call filter: %s: %s", what, strerrordesc_np(-rc));
    return OK;
}

static fallible
add(filter f, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(check(fault_now() ? -EIO : seccomp_rule_add_array(f, action, calls[i], 0, NULL),
                  "list"));
    return OK;
}

static fallible
add_rules(filter f, const struct rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(check(fault_now() ? -EIO
                              : seccomp_rule_add_array(f, rules[i].action, rules[i].call, 1,
                                                       &rules[i].when),
                  "rule"));
    return OK;
}

/* What gate, engine and egress share. */
static fallible
fill_cell(filter f)
{
    /* abort() sends a signal, and may send it to this process only. */
    const struct rule abort_rule = {
        S(tgkill), SCMP_ACT_ALLOW, {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0}};
    TRY(add(f, SCMP_ACT_ALLOW, common, COUNT(common)));
    TRY(add_rules(f, cell_rules, COUNT(cell_rules)));
    TRY(add_rules(f, &abort_rule, 1));
    TRY(add(f, REFUSED(ENOSYS), cell_missing, COUNT(cell_missing)));
    TRY(add(f, REFUSED(EACCES), cell_refused, COUNT(cell_refused)));
    return OK;
}

static fallible
fill_gate(filter f)
{
    TRY(fill_cell(f));
    TRY(add(f, REFUSED(EACCES), closed_refused, COUNT(closed_refused)));
    TRY(add(f, SCMP_ACT_ALLOW, gate, COUNT(gate)));
    return OK;
}

static fallible
fill_log(filter f)
{
    TRY(fill_cell(f));
    TRY(add(f, REFUSED(EACCES), closed_refused, COUNT(closed_refused)));
    TRY(add(f, SCMP_ACT_ALLOW, log_files, COUNT(log_files)));
    return OK;
}

static fallible
fill_engine(filter f, bool may_open)
{
    TRY(fill_cell(f));
    TRY(add(f, REFUSED(EACCES), closed_refused, COUNT(closed_refused)));
    TRY(add(f, REFUSED(EACCES), engine_refused, COUNT(engine_refused)));
    if (may_open) {
        TRY(add(f, SCMP_ACT_ALLOW, engine_open, COUNT(engine_open)));
        TRY(add_rules(f, engine_open_rules, COUNT(engine_open_rules)));
    } else {
        TRY(add(f, REFUSED(EACCES), engine_closed_refused, COUNT(engine_closed_refused)));
    }
    return OK;
}

static fallible
fill_egress(filter f)
{
    TRY(fill_cell(f));
    TRY(add(f, REFUSED(EACCES), engine_refused, COUNT(engine_refused)));
    TRY(add_rules(f, engine_open_rules, COUNT(engine_open_rules)));
    TRY(add(f, SCMP_ACT_ALLOW, egress, COUNT(egress)));
    TRY(add_rules(f, egress_rules, COUNT(egress_rules)));
    TRY(add(f, REFUSED(EACCES), egress_refused, COUNT(egress_refused)));
    return OK;
}

static fallible
fill_tool(filter f)
{
    const struct rule abort_rule = {
        S(tgkill), SCMP_ACT_ALLOW, {0, SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0}};
    TRY(add(f, SCMP_ACT_ALLOW, common, COUNT(common)));
    TRY(add(f, SCMP_ACT_ALLOW, tool, COUNT(tool)));
    TRY(add_rules(f, tool_rules, COUNT(tool_rules)));
    TRY(add_rules(f, &abort_rule, 1));
    TRY(add(f, REFUSED(ENOSYS), cell_missing, COUNT(cell_missing)));
    return OK;
}

static fallible
fill_cli(filter f)
{
    TRY(add(f, SCMP_ACT_ALLOW, common, COUNT(common)));
    TRY(add(f, SCMP_ACT_ALLOW, gate, COUNT(gate)));
    TRY(add(f, SCMP_ACT_ALLOW, cli, COUNT(cli)));
    TRY(add_rules(f, cli_rules, COUNT(cli_rules)));
    return OK;
}

static fallible
fill_supervisor(filter f)
{
    TRY(fill_cli(f));
    TRY(add(f, SCMP_ACT_ALLOW, supervisor, COUNT(supervisor)));
    return OK;
}

static fallible
fill(filter f, enum sandbox_role role, bool may_open)
{
    switch (role) {
    case SANDBOX_GATE:
        return fill_gate(f);
    case SANDBOX_LOG:
        return fill_log(f);
    case SANDBOX_ENGINE:
        return fill_engine(f, may_open);
    case SANDBOX_READER:
        return fill_engine(f, false);
    case SANDBOX_TOOL:
        return fill_tool(f);
    case SANDBOX_EGRESS:
        return fill_egress(f);
    case SANDBOX_CLI:
        return fill_cli(f);
    case SANDBOX_SUPERVISOR:
        return fill_supervisor(f);
    case SANDBOX_ROLES:
        break;
    }
    UNREACHABLE("no such role");
}

bool
calls_is_cell(enum sandbox_role role)
{
    return role == SANDBOX_GATE || role == SANDBOX_LOG || role == SANDBOX_ENGINE ||
           role == SANDBOX_EGRESS || role == SANDBOX_READER || role == SANDBOX_TOOL;
}

bool
calls_available(void)
{
    const uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return !fault_now() && syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

fallible
calls_enter(enum sandbox_role role, bool may_open)
{
    /* What a foreign program tries is not ours to know. */
    const bool is_deadly = calls_is_cell(role) && role != SANDBOX_TOOL;
    AUTO(filter) f = seccomp_init(is_deadly ? SCMP_ACT_KILL_PROCESS : REFUSED(EPERM));
    if (!f)
        FAIL(LIMIT, "no memory for the system call filter");
    TRY(fill(f, role, may_open));
    /* Threads that a library may have started are held to the same list. */
    TRY(check(seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1), "threads"));
    TRY(check(fault_now() ? -EIO : seccomp_load(f), "load"));
    return OK;
}
