/* SPDX-License-Identifier: EUPL-1.2 */
/* sandbox.h - what a process gives up before it reads its first foreign byte: new privileges,
 * system calls (seccomp allow-list), files (Landlock), resources (rlimits).
 *
 * Each role has one list, in calls.c, with the reason beside each unusual call.  The supervisor's
 * list and Landlock rules (for writing only) are inherited by its children, which add theirs.
 * What the kernel does not offer is reported, not skipped in silence: the report says for each
 * part whether it holds, and with `strict` a part that the kernel has and that was refused is a
 * failure.  A kernel without Landlock is only reported.  Builds with a sanitizer do without
 * seccomp.  Source: Linux, Documentation/userspace-api/{seccomp_filter,landlock,no_new_privs}.rst
 */
#pragma once
#include "base/err.h"

/* SANDBOX_EGRESS alone may make connections; of files it may read what looking up names needs.
 * SANDBOX_READER computes on what it was handed.  SANDBOX_TOOL turns into a foreign program (one
 * of `runnable`) that reads what it was handed and writes to what it was handed. */
enum sandbox_role {
    SANDBOX_SUPERVISOR,
    SANDBOX_GATE,
    SANDBOX_LOG,
    SANDBOX_ENGINE,
    SANDBOX_EGRESS,
    SANDBOX_CLI,
    SANDBOX_READER,
    SANDBOX_TOOL,
    SANDBOX_ROLES
};

struct sandbox_report {
    bool no_new_privs, seccomp, landlock, core_dumps_off;
    bool network_cut; /* no interface but loopback; seccomp refuses sockets besides */
    int landlock_abi; /* 0: the kernel has none */
};

struct sandbox_spec {
    enum sandbox_role role;
    const char *const *writable; /* NULL-ended directories the process may read and write */
    const char *const *readable; /* NULL-ended directories and files it may read */
    const char *const
        *runnable;             /* NULL-ended: also run programs and libraries from; SANDBOX_TOOL */
    uint64_t memory_bytes_max; /* RLIMIT_AS; 0: none */
    uint64_t file_bytes_max;   /* RLIMIT_FSIZE: the largest file written; 0: none */
    uint64_t cpu_s_max;        /* RLIMIT_CPU; 0: none */
    uint64_t files_max;        /* RLIMIT_NOFILE; 0: leave */
    bool strict;
};

/* Irreversible, for the whole process: call before threads start.  CONFIG says what was
 * refused. */
fallible sandbox_enter(const struct sandbox_spec *spec, struct sandbox_report *ret);
/* What this kernel and container would allow, without entering; for `hoheit doctor`. */
struct sandbox_report sandbox_probe(void);
