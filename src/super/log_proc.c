/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/log_proc.h"

#include <stdio.h>
#include <sys/wait.h>

#include "audit/proto.h"
#include "base/fault.h"
#include "os/clock.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/share.h"
#include "super/backoff.h"
#include "super/cosign_keys.h"
#include "super/engine_proc.h"
#include "super/own.h"

enum { QUEUE_BYTES_MAX = 1024 * 1024, PATH_BYTES = 2048, KILL_AFTER_MS = 2000, MISSED_MAX = 16 };

struct log_proc {
    loop *l;
    struct log_proc_spec spec;
    pid_t pid;    /* 0: none */
    ipc *channel; /* NULL: none */
    struct own own;
    char audit_dir[BOOT_PATH_MAX];
    uint64_t started_ms;
    struct backoff backoff;
    loop_timer *again, *grace;
    struct log_event missed[MISSED_MAX]; /* what happened while there was no log */
    size_t missed_count;
    bool was_ready, stopping;
};

/* ---- saying; a log that does not read is about to end */

static fallible
say(log_proc *p, enum log_message type, const void *body, size_t len, int f)
{
    if (!p->channel)
        FAIL(BUSY, "there is no hoheit-log now");
    return ipc_send(p->channel, type, 0, body, len, STR_NONE, f);
}

void
log_proc_note(log_proc *p, enum audit_event event, const char *outcome)
{
    struct log_event m = {.event = event};
    (void)str_copy(str_of(outcome), m.outcome, sizeof m.outcome); /* ours are short */
    const err e = say(p, LOG_EVENT, &m, sizeof m, -1);
    if (e.code && p->missed_count < MISSED_MAX)
        p->missed[p->missed_count++] = m;
    else if (e.code)
        log_failure(LOG_ERROR, "audit.lost", e);
}

static void
make_up(log_proc *p)
{
    size_t said = 0;
    while (said < p->missed_count &&
           !say(p, LOG_EVENT, &p->missed[said], sizeof *p->missed, -1).code)
        said++;
    p->missed_count -= said;
    memmove(p->missed, p->missed + said, p->missed_count * sizeof *p->missed);
}

fallible
log_proc_connect(log_proc *p, fd *ret)
{
    int pair[2];
    TRY(ipc_pair(pair));
    AUTO(fd) theirs = pair[0];
    AUTO(fd) gates = pair[1];
    TRY(say(p, LOG_CLIENT, NULL, 0, theirs));
    *ret = fd_take(&gates);
    return OK;
}

/* ---- hearing */

static bool
sign_head(log_proc *p, const struct ipc_message *m)
{
    struct log_signed answer;
    if (m->head.body_len != sizeof(struct log_sign) || !p->spec.signer)
        return false;
    signer_sign(p->spec.signer, m->body, &answer);
    if (answer.code == ERR_CORRUPT)
        LOG(ERROR, "log.not_signed", LOG_Z("why", "the tree does not begin with what was signed"));
    IGNORE(say(p, LOG_SIGNED, &answer, sizeof answer, -1)); /* it asks again */
    return true;
}

static bool
take(log_proc *p, const struct ipc_message *m)
{
    if (m->head.type == LOG_SIGN)
        return sign_head(p, m);
    if (m->head.body_len)
        return false;
    if (m->head.type == LOG_READY)
        p->was_ready = true;
    else if (m->head.type == LOG_GARBLED)
        p->spec.on_garbled(p->spec.ctx);
    else if (m->head.type == LOG_ALONE)
        p->spec.on_alone(p->spec.ctx);
    else
        return false;
    return true;
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    log_proc *p = ctx;
    AUTO(fd) unasked = m->fd;
    if (unasked < 0 && !m->tail.len && take(p, m))
        return true;
    LOG(ERROR, "log.garbled", LOG_N("child", p->pid), LOG_N("type", m->head.type));
    log_proc_kill(p);
    return false;
}

/* It is ending: its end comes to log_proc_ended. */
static void
on_end(void *ctx)
{
    log_proc *p = ctx;
    ipc_free(TAKE(p->channel));
}

/* ---- starting */

static fallible
put_keys(const struct boot *b, char room[BOOT_WITNESSES_MAX])
{
    AUTO(buf) keys = BUF(BOOT_WITNESSES_MAX - 1);
    TRY(cosign_keys_put(&b->params, &b->providers, &keys));
    ASSERT(str_copy(buf_str(&keys), room, BOOT_WITNESSES_MAX));
    return OK;
}

static fallible
share_boot(const log_proc *p, fd *ret)
{
    const struct boot *b = p->spec.boot;
    struct boot_log *mine = mem_get(sizeof *mine);
    if (!mine)
        FAIL(LIMIT, "no memory to start hoheit-log");
    memset(mine, 0, sizeof *mine);
    mine->version = BOOT_VERSION;
    mine->params = b->params;
    mine->fault = p->started_ms ? 0 : b->log_fault; /* of the first one */
    /* A user of its own passes through no directory above: it starts there. */
    (void)snprintf(mine->audit_dir, sizeof mine->audit_dir, "%s", p->own.uid ? "." : p->audit_dir);
    err e = put_keys(b, mine->witnesses);
    if (!e.code)
        e = share_make("boot", (str){(const char *)mine, sizeof *mine}, ret);
    mem_free(mine);
    return e;
}

static fallible
spawn(log_proc *p, int channel, int boot)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/hoheit-log", p->spec.bin_dir);
    const char *const argv[] = {"hoheit-log", NULL};
    const char *const env[] = {"LANG=C.UTF-8", NULL};
    const struct proc_spec spec = {.path = path,
                                   .argv = argv,
                                   .env = env,
                                   .fds = {channel, boot},
                                   .fd_count = 2,
                                   .dir = p->own.uid ? p->audit_dir : NULL,
                                   .uid = p->own.uid,
                                   .gid = p->own.gid,
                                   .new_network = true};
    return proc_start(&spec, &p->pid);
}

static fallible
find_owner(log_proc *p)
{
    const struct boot *b = p->spec.boot;
    const int n = snprintf(p->audit_dir, sizeof p->audit_dir, "%s/audit", b->data_dir);
    if (n < 0 || (size_t)n >= sizeof p->audit_dir)
        FAIL(ARGUMENT, "the path of the data directory is too long");
    TRY(own_find(b->params.audit_user, &p->own));
    return p->own.uid ? own_give(&p->own, p->audit_dir) : OK;
}

static fallible
start(log_proc *p)
{
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = p};
    int pair[2];
    AUTO(fd) boot = -1;
    TRY(find_owner(p));
    TRY(ipc_pair(pair));
    AUTO(fd) ours = pair[0];
    AUTO(fd) theirs = pair[1];
    TRY(share_boot(p, &boot));
    TRY(spawn(p, theirs, boot));
    p->started_ms = clock_ms();
    LOG(INFO, "log.started", LOG_N("child", p->pid));
    return ipc_new(p->l, fd_take(&ours), QUEUE_BYTES_MAX, hooks, &p->channel);
}

/* ---- starting again */

static void try_again(log_proc *p);

static void
on_again(void *ctx)
{
    log_proc *p = ctx;
    p->again = NULL;
    const err e = start(p);
    if (e.code) {
        log_failure(LOG_ERROR, "log.start_failed", e);
        if (!p->pid)
            try_again(p);
        return;
    }
    make_up(p);
    log_proc_note(p, EVENT_LOG_LOST, "lost");
    p->spec.on_alone(p->spec.ctx);
}

static void
try_again(log_proc *p)
{
    const uint64_t wait_ms = backoff_next(&p->backoff, clock_ms() - p->started_ms,
                                          p->spec.boot->params.engine_restart_ms_max);
    const err e = loop_timer_start(p->l, wait_ms, 0, on_again, p, &p->again);
    if (e.code)
        p->spec.on_failed(p->spec.ctx, e);
}

static err
failure(int status)
{
    char text[64];
    const enum err_code code =
        WIFEXITED(status) ? engine_proc_error(WEXITSTATUS(status)) : ERR_INTERNAL;
    return err_start(code, __FILE__, __LINE__, __func__,
                     "hoheit-log ended before it was ready (%s); the log above says why",
                     proc_status_text(status, text));
}

void
log_proc_ended(log_proc *p, int status)
{
    char text[64];
    p->pid = 0;
    ipc_free(TAKE(p->channel));
    loop_timer_stop(TAKE(p->grace));
    if (p->stopping)
        return;
    LOG(ERROR, "log.lost", LOG_Z("status", proc_status_text(status, text)));
    if (p->was_ready)
        try_again(p);
    else
        p->spec.on_failed(p->spec.ctx, failure(status));
}

/* ---- the end */

static void
on_grace(void *ctx)
{
    log_proc *p = ctx;
    p->grace = NULL;
    LOG(WARNING, "log.killed", LOG_N("child", p->pid));
    log_proc_kill(p);
}

void
log_proc_stop(log_proc *p)
{
    if (p->stopping)
        return;
    p->stopping = true;
    loop_timer_stop(TAKE(p->again));
    if (!p->pid)
        return;
    if (say(p, LOG_STOP, NULL, 0, -1).code ||
        loop_timer_start(p->l, KILL_AFTER_MS, 0, on_grace, p, &p->grace).code)
        log_proc_kill(p);
}

void
log_proc_kill(log_proc *p)
{
    if (p->pid)
        proc_kill(p->pid);
}

bool
log_proc_is(const log_proc *p, pid_t pid)
{
    return p && p->pid && p->pid == pid;
}

bool
log_proc_lives(const log_proc *p)
{
    return p && p->pid != 0;
}

fallible
log_proc_new(loop *l, const struct log_proc_spec *spec, log_proc **ret)
{
    ASSERT(spec->on_alone && spec->on_garbled && spec->on_failed);
    log_proc *p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory for hoheit-log");
    *p = (log_proc){.l = l, .spec = *spec};
    const err e = start(p);
    if (e.code) {
        log_proc_free(p);
        return e;
    }
    log_proc_note(p, EVENT_START, "ok");
    *ret = p;
    return OK;
}

void
log_proc_free(log_proc *p)
{
    if (!p)
        return;
    log_proc_kill(p);
    ipc_free(p->channel);
    loop_timer_stop(p->again);
    loop_timer_stop(p->grace);
    mem_free(p);
}
