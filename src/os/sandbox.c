/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/str.h"
#include "os/calls.h"
#include "os/file.h"
#include "os/landlock.h"
#include "os/sys.h"

enum { PATHS_MAX = 40, REASON_MAX = 200 };

/* ---- parts */

static fallible
limit(__rlimit_resource_t what, const char *name, uint64_t value)
{
    struct rlimit now;
    if (SYS(getrlimit(what, &now)) != 0)
        FAIL(CONFIG, "limit %s cannot be read", name);
    const rlim_t to = value < now.rlim_max ? value : now.rlim_max;
    const struct rlimit next = {to, to};
    if (SYS(setrlimit(what, &next)) != 0)
        FAIL(CONFIG, "limit %s cannot be set", name);
    return OK;
}

/* No core dump is written, none is piped to a helper, and no debugger of the same user looks in.
 * A sanitizer's leak check is such a debugger, and its shadow memory has no limit. */
static fallible
set_limits(const struct sandbox_spec *spec, struct sandbox_report *r)
{
    TRY(limit(RLIMIT_CORE, "core", 0));
    if (spec->files_max)
        TRY(limit(RLIMIT_NOFILE, "open files", spec->files_max));
    if (spec->file_bytes_max)
        TRY(limit(RLIMIT_FSIZE, "file size", spec->file_bytes_max));
    if (spec->cpu_s_max)
        TRY(limit(RLIMIT_CPU, "processor time", spec->cpu_s_max));
    if (spec->memory_bytes_max && CALLS_FIT)
        TRY(limit(RLIMIT_AS, "address space", spec->memory_bytes_max));
    r->core_dumps_off = !CALLS_FIT || SYS(prctl(PR_SET_DUMPABLE, 0)) == 0;
    return OK;
}

/* Is there no interface but loopback?  Each line behind the two of heading names one. */
static bool
network_is_cut(void)
{
    char text[4096];
    AUTO(fd) f = SYS(open("/proc/self/net/dev", O_RDONLY | O_CLOEXEC));
    const ssize_t n = f < 0 ? -1 : SYS(read(f, text, sizeof text));
    if (n <= 0)
        return false;
    str rest = {text, (size_t)n}, line, name;
    for (int i = 0; str_next(&rest, '\n', &line); i++) {
        str after = line;
        if (i < 2 || str_find_char(line, ':') < 0)
            continue;
        if (str_next(&after, ':', &name) && !str_eq(str_trim(name), STR("lo")))
            return false;
    }
    return true;
}

/* `paths` and what every process of ours may need; a path of these that is not there is no loss. */
static size_t
join_paths(const char *const *paths, const char *const *builtin, const char **ret)
{
    size_t count = 0;
    for (; paths && *paths; paths++) {
        ASSERT(count < PATHS_MAX);
        ret[count++] = *paths;
    }
    for (; *builtin; builtin++) {
        ASSERT(count < PATHS_MAX);
        if (access(*builtin, F_OK) == 0)
            ret[count++] = *builtin;
    }
    ret[count] = NULL;
    return count;
}

/* Children redirect their input to /dev/null; threads and libraries look at the topology. */
static const char *const builtin_writable[] = {"/dev/null", NULL};
static const char *const builtin_readable[] = {
    "/proc/self",
    "/sys/devices/system/cpu",
    CALLS_FIT ? NULL : "/proc", /* a sanitizer reads its own maps by other names */
    NULL,
};

/* The resolver's.  Who replaces one of them while egress runs has to start it anew. */
static const char *const lookup_readable[] = {
    "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", NULL,
};

static fallible
confine_files(const struct sandbox_spec *spec, int abi)
{
    const char *writable[PATHS_MAX + 1], *readable[PATHS_MAX + 1];
    const bool is_cell = calls_is_cell(spec->role), is_egress = spec->role == SANDBOX_EGRESS;
    join_paths(spec->writable, builtin_writable, writable);
    const size_t count = join_paths(spec->readable, builtin_readable, readable);
    if (is_egress)
        join_paths(NULL, lookup_readable, readable + count);
    const struct landlock_spec rules = {
        .writable = writable,
        .readable = readable,
        .runnable = spec->runnable,
        .writes_only = !is_cell,
        .alone = is_cell,
        .may_connect = is_egress,
    };
    TRY(landlock_enter(abi, &rules));
    return OK;
}

/* The command line writes where its user says. */
static bool
wants_landlock(const struct sandbox_spec *spec)
{
    return spec->role != SANDBOX_CLI || spec->writable;
}

/* ---- the whole */

/* What is missing is told by the report; with `strict` it is a failure that says why. */
static fallible
unless_open(const struct sandbox_spec *spec, err e, bool *ret_holds)
{
    *ret_holds = !e.code;
    if (!e.code || !spec->strict)
        return OK;
    char reason[REASON_MAX];
    snprintf(reason, sizeof reason, "%s", err_text());
    FAIL(CONFIG, "sandbox: %s", reason);
}

static fallible
forbid_privileges(void)
{
    if (SYS(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) != 0)
        FAIL(CONFIG, "no_new_privs was refused");
    return OK;
}

fallible
sandbox_enter(const struct sandbox_spec *spec, struct sandbox_report *ret)
{
    ASSERT(spec->role < SANDBOX_ROLES);
    struct sandbox_report r = {.network_cut = network_is_cut(), .landlock_abi = landlock_abi()};
    TRY(set_limits(spec, &r));
    TRY(unless_open(spec, forbid_privileges(), &r.no_new_privs));
    if (r.landlock_abi && wants_landlock(spec))
        TRY(unless_open(spec, confine_files(spec, r.landlock_abi), &r.landlock));
    /* Last, for what comes before makes calls that the lists lack. */
    const bool may_open = spec->readable && *spec->readable;
    if (CALLS_FIT)
        TRY(unless_open(spec, calls_enter(spec->role, may_open), &r.seccomp));
    *ret = r;
    return OK;
}

/* In a child, so that this process keeps its network. */
static bool
may_cut_network(void)
{
    const pid_t pid = SYS(fork());
    if (pid == 0)
        _exit(unshare(CLONE_NEWNET) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0);
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

struct sandbox_report
sandbox_probe(void)
{
    const int abi = landlock_abi();
    return (struct sandbox_report){
        .no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0,
        .seccomp = calls_available(),
        .landlock = abi > 0,
        .network_cut = network_is_cut() || may_cut_network(),
        .core_dumps_off = true,
        .landlock_abi = abi,
    };
}
