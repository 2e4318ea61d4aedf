/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/reader_proc.h"

#include <stdio.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/proc.h"
#include "super/backoff.h"

enum { PATH_BYTES = 2048 };

struct reader_proc {
    struct reader_proc_spec spec;
    pid_t pid; /* 0: none */
    bool wanted;
    bool ending;  /* killed from here: its end is no loss */
    bool hurries; /* is being started without the pause */
    uint64_t started_ms;
    uint32_t restarts;
    struct backoff backoff;
    loop_timer *again;
};

static fallible
spawn(reader_proc *p, int channel)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/hoheit-reader", p->spec.bin_dir);
    const char *const argv[] = {"hoheit-reader", NULL};
    const char *const env[] = {"LANG=C.UTF-8", NULL};
    const struct proc_spec s = {
        .path = path, .argv = argv, .env = env, .fds = {channel}, .fd_count = 1};
    return proc_start(&s, &p->pid);
}

static fallible
start(reader_proc *p)
{
    int pair[2];
    TRY(ipc_pair(pair));
    AUTO(fd) ours = pair[0];
    AUTO(fd) theirs = pair[1];
    TRY(spawn(p, theirs));
    p->started_ms = clock_ms();
    LOG(INFO, "reader.started", LOG_N("child", p->pid), LOG_N("restarts", p->restarts));
    p->spec.on_up(p->spec.ctx, p->pid, p->restarts, ours);
    return OK;
}

static void try_start(void *ctx);

static void
start_later(reader_proc *p, uint64_t lived_ms)
{
    const uint64_t wait_ms =
        backoff_next(&p->backoff, lived_ms, p->spec.boot->params.engine_restart_ms_max);
    p->restarts++;
    if (!loop_timer_start(p->spec.l, wait_ms, 0, try_start, p, &p->again).code)
        return;
    if (p->hurries) {
        LOG(ERROR, "reader.given_up", LOG_Z("until", "the gate starts again"));
        return;
    }
    p->hurries = true; /* without memory for a timer: now or not at all */
    try_start(p);
    p->hurries = false;
}

static void
try_start(void *ctx)
{
    reader_proc *const p = ctx;
    p->again = NULL;
    const err e = start(p);
    if (!e.code)
        return;
    log_failure(LOG_ERROR, "reader.start_failed", e);
    if (!p->pid)
        start_later(p, 0);
}

void
reader_proc_start(reader_proc *p)
{
    if (!p)
        return;
    p->wanted = true;
    if (!p->pid && !p->again)
        try_start(p);
}

void
reader_proc_stop(reader_proc *p)
{
    if (!p)
        return;
    p->wanted = false;
    loop_timer_stop(TAKE(p->again));
    if (p->pid && !p->ending)
        proc_kill(p->pid);
    p->ending = p->pid != 0;
}

bool
reader_proc_ended(reader_proc *p, pid_t pid, int status)
{
    char text[64];
    if (!p || !pid || p->pid != pid)
        return false;
    const bool was_ending = p->ending;
    p->pid = 0;
    p->ending = false;
    if (!p->wanted)
        return true;
    if (was_ending) { /* the place was waited for */
        try_start(p);
        return true;
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) /* the gate closed the channel */
        LOG(INFO, "reader.ended", LOG_N("restarts", p->restarts));
    else
        LOG(ERROR, "reader.lost", LOG_Z("status", proc_status_text(status, text)));
    start_later(p, clock_ms() - p->started_ms);
    return true;
}

bool
reader_proc_runs(const reader_proc *p)
{
    return p && p->pid;
}

fallible
reader_proc_new(const struct reader_proc_spec *spec, reader_proc **ret)
{
    reader_proc *p = mem_get(sizeof *p);
    ASSERT(spec->on_up);
    if (!p)
        FAIL(LIMIT, "no memory to keep hoheit-reader running");
    *p = (reader_proc){.spec = *spec};
    *ret = p;
    return OK;
}

void
reader_proc_free(reader_proc *p)
{
    reader_proc_stop(p);
    mem_free(p);
}
