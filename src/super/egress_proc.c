/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/egress_proc.h"

#include <stdio.h>
#include <sys/wait.h>

#include "base/fault.h"
#include "base/secret.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/share.h"
#include "super/backoff.h"

enum { PATH_BYTES = 2048 };

struct egress_proc {
    struct egress_proc_spec spec;
    pid_t pid; /* 0: none */
    bool wanted;
    bool ending;  /* killed from here: its end is no loss */
    bool hurries; /* is being started without the pause */
    uint64_t started_ms;
    uint32_t restarts;
    struct backoff backoff;
    loop_timer *again;
};

/* ---- starting */

static void
fill_boot(struct egress_boot *b, const struct egress_proc_spec *s)
{
    const struct params *const p = &s->boot->params;
    memset(b, 0, sizeof *b);
    b->version = BOOT_VERSION;
    b->providers = *s->providers;
    memcpy(b->log_level, p->log_level, sizeof b->log_level);
    memcpy(b->log_to, p->log_to, sizeof b->log_to);
    memcpy(b->sandbox, p->os_sandbox, sizeof b->sandbox);
    for (uint32_t i = 0; i < s->providers->list.count; i++)
        b->connections += (uint32_t)s->providers->at[i].limits.connections_max;
}

static fallible
share_boot(const struct egress_proc_spec *s, fd *ret)
{
    struct egress_boot *const b = mem_get(sizeof *b);
    if (!b)
        FAIL(LIMIT, "no memory for the list of providers");
    fill_boot(b, s);
    const err e = share_make("egress", (str){(const char *)b, sizeof *b}, ret);
    wipe(b, sizeof *b);
    mem_free(b);
    return e;
}

static fallible
spawn(egress_proc *p, int channel, int boot)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/hoheit-egress", p->spec.bin_dir);
    const char *const argv[] = {"hoheit-egress", NULL};
    const char *const env[] = {"LANG=C.UTF-8", NULL};
    const struct proc_spec s = {
        .path = path, .argv = argv, .env = env, .fds = {channel, boot}, .fd_count = 2};
    return proc_start(&s, &p->pid);
}

static fallible
start(egress_proc *p)
{
    int pair[2];
    AUTO(fd) ours = -1;
    AUTO(fd) theirs = -1;
    AUTO(fd) boot = -1;
    TRY(ipc_pair(pair));
    ours = pair[0];
    theirs = pair[1];
    TRY(share_boot(&p->spec, &boot));
    TRY(spawn(p, theirs, boot));
    p->started_ms = clock_ms();
    LOG(INFO, "egress.started", LOG_N("child", p->pid), LOG_N("restarts", p->restarts));
    p->spec.on_up(p->spec.ctx, p->pid, p->restarts, ours);
    return OK;
}

static void try_start(void *ctx);

static void
start_later(egress_proc *p, uint64_t lived_ms)
{
    const uint64_t wait_ms =
        backoff_next(&p->backoff, lived_ms, p->spec.boot->params.engine_restart_ms_max);
    p->restarts++;
    if (!loop_timer_start(p->spec.l, wait_ms, 0, try_start, p, &p->again).code)
        return;
    if (p->hurries) {
        LOG(ERROR, "egress.given_up", LOG_Z("until", "the gate starts again"));
        return;
    }
    p->hurries = true; /* without memory for a timer: now or not at all */
    try_start(p);
    p->hurries = false;
}

static void
try_start(void *ctx)
{
    egress_proc *const p = ctx;
    p->again = NULL;
    const err e = start(p);
    if (!e.code)
        return;
    log_failure(LOG_ERROR, "egress.start_failed", e);
    if (!p->pid)
        start_later(p, 0);
}

void
egress_proc_start(egress_proc *p)
{
    if (!p)
        return;
    p->wanted = true;
    if (!p->pid && !p->again)
        try_start(p);
}

/* ---- ending */

void
egress_proc_stop(egress_proc *p)
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
egress_proc_ended(egress_proc *p, pid_t pid, int status)
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
        LOG(INFO, "egress.ended", LOG_N("restarts", p->restarts));
    else
        LOG(ERROR, "egress.lost", LOG_Z("status", proc_status_text(status, text)));
    start_later(p, clock_ms() - p->started_ms);
    return true;
}

bool
egress_proc_runs(const egress_proc *p)
{
    return p && p->pid;
}

fallible
egress_proc_new(const struct egress_proc_spec *spec, egress_proc **ret)
{
    ASSERT(spec->on_up && spec->providers->list.count);
    egress_proc *p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory to keep hoheit-egress running");
    *p = (egress_proc){.spec = *spec};
    *ret = p;
    return OK;
}

void
egress_proc_free(egress_proc *p)
{
    egress_proc_stop(p);
    mem_free(p);
}
