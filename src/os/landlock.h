/* SPDX-License-Identifier: EUPL-1.2 */
/* landlock.h - which files a process may still reach (Linux Landlock, by raw system calls).
 *
 * Landlock grew with the kernel: ABI 1 files (5.13), 2 renames between directories, 3 truncation
 * (6.2), 4 TCP (6.7), 5 device ioctls, 6 signals and abstract sockets (6.12).  Debian 12 has 2.
 * What a kernel does not know is left out, and the caller has seccomp besides.  The constants
 * stand in landlock.c because the headers of Debian 12 end at ABI 2; source:
 * Documentation/userspace-api/landlock.rst of Linux 6.12.
 * Descriptors that are open stay usable.  For os/ only. */
#pragma once
#include "base/err.h"

struct landlock_spec {
    const char *const *writable; /* NULL-ended, or NULL */
    const char *const *readable; /* NULL-ended, or NULL */
    bool writes_only;            /* reading and running stay as they are */
    bool alone;                  /* no TCP, no signals and no abstract sockets to others */
    bool may_connect;            /* but TCP */
    const char *const *runnable; /* NULL-ended, or NULL: read and run */
};

/* 0: the kernel has none, or it was switched off at boot. */
int landlock_abi(void);
/* Irreversible, for this thread and those it starts.  Needs no_new_privs.  NOT_FOUND and the
 * like when a path is not there. */
fallible landlock_enter(int abi, const struct landlock_spec *spec);
