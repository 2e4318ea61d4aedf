/* SPDX-License-Identifier: EUPL-1.2 */
/* proc.h - starting and watching children.
 *
 * A child gets exactly the descriptors it is given, as 3, 4, 5 …, standard error, an empty
 * standard input and a standard output that goes nowhere; nothing else is inherited, whatever was
 * left open.  Signals are as the system sets them.  It dies with the thread that started it
 * (PR_SET_PDEATHSIG). */
#pragma once
#include <stddef.h>
#include <sys/types.h>

#include "os/loop.h"

enum { PROC_FDS_MAX = 16 };

struct proc_spec {
    const char *path;        /* the program */
    const char *const *argv; /* NULL-ended, argv[0] included */
    const char *const *env;  /* NULL-ended; the whole environment */
    int fds[PROC_FDS_MAX];   /* become 3, 4, 5 … */
    size_t fd_count;
    const char *dir; /* it starts in; NULL: as this one */
    uid_t uid;       /* 0: keep */
    gid_t gid;
    bool new_network; /* an empty network namespace, where permitted */
};

/* Waits until the program runs; an error names what could not be done, and the program. */
fallible proc_start(const struct proc_spec *spec, pid_t *ret);
/* Calls when the child has ended; `status` as waitpid gives it. */
typedef void proc_ended_fn(void *ctx, pid_t pid, int status);
/* One per process: reaps all children, on SIGCHLD, until loop_free. */
fallible proc_watch(loop *l, proc_ended_fn *fn, void *ctx);
/* SIGTERM. */
void proc_end(pid_t pid);
/* SIGKILL. */
void proc_kill(pid_t pid);
/* "exit 3", "signal 9 (Killed)". */
const char *proc_status_text(int status, char room[64]);
/* The directory of the running program, for finding its siblings. */
fallible proc_own_dir(char *room, size_t room_len);
/* Resident bytes of a process, 0 if unknown. */
uint64_t proc_resident_bytes(pid_t pid);
