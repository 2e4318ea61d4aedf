/* SPDX-License-Identifier: EUPL-1.2 */
/* panics.h - does this end the process?  For the assertions that guard a contract.
 *
 * The child's standard error and its core dump are dropped. */
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The status `fn` ends with in a child of its own, as waitpid tells it; 0 if it returns. */
static inline int
status_of(void (*fn)(void))
{
    int status = -1;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
        fn();
        _exit(0);
    }
    return child > 0 && waitpid(child, &status, 0) == child ? status : -1;
}

static inline bool
panics(void (*fn)(void))
{
    const int status = status_of(fn);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}
