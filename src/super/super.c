/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/super.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/secret.h"
#include "engine/control.h"
#include "os/clock.h"
#include "os/ipc.h"
#include "os/log.h"
#include "os/proc.h"
#include "os/share.h"
#include "super/backoff.h"
#include "super/egress_proc.h"
#include "super/engine_proc.h"
#include "super/log_proc.h"
#include "super/reader_proc.h"

enum { CONTROL_QUEUE_BYTES_MAX = 1024 * 1024, PATH_BYTES = 2048, KILL_AFTER_MS = 2000 };

struct slot {
    super *owner;
    uint64_t id; /* as the gate last named it */
    bool wanted;
    bool ending; /* killed from here: its end is no loss */
    struct control_start start;
    pid_t pid; /* 0: none */
    uint64_t started_ms;
    uint32_t restarts;
    struct backoff backoff;
    loop_timer *again;
};

struct super {
    loop *loop;
    struct super_spec spec;
    struct boot_tls *tls; /* a copy, for gates to come; NULL: plain */
    ipc *control;         /* NULL while no gate lives */
    log_proc *log;
    pid_t gate;
    uint64_t gate_started_ms;
    struct backoff gate_backoff;
    loop_timer *gate_again, *gate_grace, *stop_timer;
    egress_proc *egress; /* NULL: there are no providers */
    reader_proc *reader;
    bool was_ready, stopping, has_ended;
    err why; /* of the end */
    struct slot slots[CONTROL_SLOTS_MAX];
};

static fallible start_gate(super *s);
static void connect_log(super *s);
static void try_engine(struct slot *t);

/* A gate that missed a word, or does not read, is out of step for good; a new one is not. */
static void
say(super *s, enum control_message type, uint64_t id, str body, int f)
{
    if (!s->control)
        return;
    const err e = ipc_send(s->control, type, id, body.at, body.len, STR_NONE, f);
    if (!e.code ||
        e.code == ERR_ENGINE_LOST) /* it has closed the channel: on_control_end follows */
        return;
    log_failure(LOG_ERROR, "gate.unreachable", e);
    if (s->gate)
        proc_kill(s->gate);
}

/* ---- the end */
static bool
any_engine(const super *s)
{
    if (egress_proc_runs(s->egress) || reader_proc_runs(s->reader))
        return true;
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        if (s->slots[i].pid)
            return true;
    return false;
}

/* An engine holds nothing worth saving. */
static void
kill_engine(struct slot *t)
{
    loop_timer_stop(TAKE(t->again));
    if (t->pid && !t->ending)
        proc_kill(t->pid);
    t->ending = t->pid != 0;
}

static void
stop_slot(struct slot *t)
{
    t->wanted = false;
    kill_engine(t);
}

static void
end_engines(super *s)
{
    egress_proc_stop(s->egress);
    reader_proc_stop(s->reader);
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        stop_slot(&s->slots[i]);
}

static void
end_if_alone(super *s)
{
    if (!s->stopping || s->has_ended || s->gate || any_engine(s) || log_proc_lives(s->log))
        return;
    s->has_ended = true;
    loop_timer_stop(TAKE(s->stop_timer));
    s->spec.on_end(s->spec.ctx, s->why);
}

/* Nothing can be served any more: all of it ends, with `why`. */
static void
give_up(super *s, err why)
{
    s->stopping = true;
    s->why = why;
    if (s->gate)
        proc_kill(s->gate);
    end_engines(s);
    if (s->log)
        log_proc_stop(s->log);
    end_if_alone(s);
}

static void
stop_by_force(void *ctx)
{
    super *s = ctx;
    s->stop_timer = NULL;
    LOG(WARNING, "gate.killed", LOG_N("child", s->gate));
    if (s->gate)
        proc_kill(s->gate);
    end_engines(s);
}

void
super_stop(super *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    loop_timer_stop(TAKE(s->gate_again));
    if (s->control)
        say(s, CONTROL_STOP, 0, STR_NONE, -1);
    else
        end_engines(s);
    const uint64_t wait_ms = s->spec.boot->params.net_stop_ms_max + KILL_AFTER_MS;
    if (s->gate && loop_timer_start(s->loop, wait_ms, 0, stop_by_force, s, &s->stop_timer).code)
        stop_by_force(s);
    if (!s->gate)
        log_proc_stop(s->log);
    end_if_alone(s);
}

/* ---- engines */
static void
tell_down(struct slot *t, int status, err why, uint64_t again_ms)
{
    const struct control_down d = {.status = status, .code = why.code, .again_ms = again_ms};
    say(t->owner, CONTROL_ENGINE_DOWN, t->id, (str){(const char *)&d, sizeof d}, -1);
}

static void
engine_again(void *ctx)
{
    struct slot *t = ctx;
    t->again = NULL;
    if (t->wanted)
        try_engine(t);
}

static fallible
start_engine(struct slot *t, int *ret_channel)
{
    super *s = t->owner;
    TRY(engine_proc_start(&t->start, s->spec.bin_dir, s->spec.boot, &t->pid, ret_channel));
    t->started_ms = clock_ms();
    LOG(INFO, "engine.started", LOG_N("child", t->pid), LOG_N("slot", t->id),
        LOG_N("restarts", t->restarts));
    return OK;
}

static void
try_engine(struct slot *t)
{
    AUTO(fd) channel = -1;
    const err e = start_engine(t, &channel);
    if (e.code) {
        log_failure(LOG_ERROR, "engine.start_failed", e);
        t->wanted = false;
        tell_down(t, -1, e, UINT64_MAX);
        return;
    }
    const struct control_up up = {.pid = (uint32_t)t->pid, .restarts = t->restarts};
    say(t->owner, CONTROL_ENGINE_UP, t->id, (str){(const char *)&up, sizeof up}, channel);
}

static void
engine_lost(struct slot *t, int status)
{
    char text[64];
    /* An engine that could not take its model says so by its exit status: no use in trying. */
    if (WIFEXITED(status) && engine_proc_is_final(WEXITSTATUS(status))) {
        t->wanted = false;
        tell_down(t, status, (err){(uint16_t)engine_proc_error(WEXITSTATUS(status))}, UINT64_MAX);
        return;
    }
    const uint64_t wait_ms = backoff_next(&t->backoff, clock_ms() - t->started_ms,
                                          t->owner->spec.boot->params.engine_restart_ms_max);
    LOG(ERROR, "engine.lost", LOG_N("slot", t->id), LOG_Z("status", proc_status_text(status, text)),
        LOG_N("again_ms", wait_ms));
    t->restarts++;
    tell_down(t, status, OK, wait_ms);
    if (loop_timer_start(t->owner->loop, wait_ms, 0, engine_again, t, &t->again).code)
        try_engine(t);
}

static void
engine_ended(struct slot *t, int status)
{
    const bool was_ending = t->ending;
    t->pid = 0;
    t->ending = false;
    if (!t->wanted)
        end_if_alone(t->owner);
    else if (was_ending)
        try_engine(t); /* the place was waited for */
    else
        engine_lost(t, status);
}

/* ---- what the gate says */
static bool
start_slot(struct slot *t, const struct ipc_message *m)
{
    if (m->head.body_len != sizeof t->start)
        return false;
    memcpy(&t->start, m->body, sizeof t->start);
    t->start.file[CONTROL_FILE_MAX - 1] = '\0';
    t->id = m->head.id;
    t->wanted = true;
    t->restarts = 0;
    t->backoff = (struct backoff){.wait_ms = 0};
    kill_engine(t); /* what may still be in the slot makes way first */
    if (!t->pid)
        try_engine(t);
    return true;
}

static bool
take_message(super *s, const struct ipc_message *m)
{
    struct slot *t = &s->slots[m->head.id % CONTROL_SLOTS_MAX];
    if (m->head.type == CONTROL_READY) {
        const bool is_first = !s->was_ready;
        s->was_ready = true;
        if (is_first)
            s->spec.on_ready(s->spec.ctx);
        return true;
    }
    if (m->head.type == CONTROL_ENGINE_START)
        return start_slot(t, m);
    if (m->head.type != CONTROL_ENGINE_STOP)
        return false;
    if (m->head.id == t->id)
        stop_slot(t);
    return true;
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    super *s = ctx;
    AUTO(fd) unasked = m->fd;
    if (unasked < 0 && take_message(s, m))
        return true;
    LOG(ERROR, "gate.garbled", LOG_N("child", s->gate), LOG_N("type", m->head.type));
    if (s->gate)
        proc_kill(s->gate);
    return false;
}

static void
end_of_grace(void *ctx)
{
    super *s = ctx;
    s->gate_grace = NULL;
    if (s->gate)
        proc_kill(s->gate);
}

/* A gate that closed the channel is ending; it gets the time to make its last records durable. */
static void
on_control_end(void *ctx)
{
    super *s = ctx;
    ipc_free(TAKE(s->control));
    if (!s->gate || s->stop_timer)
        return;
    if (loop_timer_start(s->loop, KILL_AFTER_MS, 0, end_of_grace, s, &s->gate_grace).code)
        end_of_grace(s);
}

/* ---- the gate */
static fallible
share_struct(const char *name, const void *at, size_t len, fd *ret)
{
    return share_make(name, (str){at, len}, ret);
}

static fallible
spawn_gate(super *s, int control, int boot_fd, int tls_fd)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/hoheit-gate", s->spec.bin_dir);
    const char *const argv[] = {"hoheit-gate", NULL};
    const char *const env[] = {"LANG=C.UTF-8", NULL};
    struct proc_spec p = {
        .path = path,
        .argv = argv,
        .env = env,
        .fds = {control, boot_fd, s->spec.local_fd, s->spec.listen_fd, tls_fd},
        .fd_count = tls_fd >= 0 ? 5 : 4,
    };
    return proc_start(&p, &s->gate);
}

static fallible
start_gate(super *s)
{
    int pair[2];
    AUTO(fd) ours = -1;
    AUTO(fd) theirs = -1;
    AUTO(fd) boot = -1;
    AUTO(fd) tls = -1;
    TRY(ipc_pair(pair));
    ours = pair[0];
    theirs = pair[1];
    TRY(share_struct("boot", s->spec.boot, sizeof *s->spec.boot, &boot));
    if (s->tls)
        TRY(share_struct("tls", s->tls, sizeof *s->tls, &tls));
    TRY(spawn_gate(s, theirs, boot, tls));
    s->gate_started_ms = clock_ms();
    LOG(INFO, "gate.started", LOG_N("child", s->gate));
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_control_end, .ctx = s};
    TRY(ipc_new(s->loop, fd_take(&ours), CONTROL_QUEUE_BYTES_MAX, hooks, &s->control));
    connect_log(s);
    egress_proc_start(s->egress);
    reader_proc_start(s->reader);
    return OK;
}

/* ---- the log */

/* Where there is no log now, on_log_alone makes the channel. */
static void
connect_log(super *s)
{
    AUTO(fd) gates = -1;
    if (!s->control)
        return;
    const err e = log_proc_connect(s->log, &gates);
    if (!e.code)
        say(s, CONTROL_LOG, 0, STR_NONE, gates);
    else if (e.code != ERR_BUSY)
        log_failure(LOG_ERROR, "log.not_connected", e);
}

static void
on_log_alone(void *ctx)
{
    connect_log(ctx);
}

static void
on_log_garbled(void *ctx)
{
    super *s = ctx;
    LOG(ERROR, "gate.garbled", LOG_N("child", s->gate));
    if (s->gate)
        proc_kill(s->gate);
}

static void
on_log_failed(void *ctx, err why)
{
    give_up(ctx, why);
}

static fallible
start_log(super *s)
{
    const struct log_proc_spec spec = {.boot = s->spec.boot,
                                       .bin_dir = s->spec.bin_dir,
                                       .signer = s->spec.signer,
                                       .on_alone = on_log_alone,
                                       .on_garbled = on_log_garbled,
                                       .on_failed = on_log_failed,
                                       .ctx = s};
    return log_proc_new(s->loop, &spec, &s->log);
}

/* ---- the gate, again */
static void
gate_again(void *ctx)
{
    super *s = ctx;
    s->gate_again = NULL;
    const err e = start_gate(s);
    if (e.code)
        give_up(s, e);
}

/* A gate that cannot start at all says why by its exit status; then the daemon ends with it. */
static err
gate_error(int status)
{
    char text[64];
    const enum err_code code =
        WIFEXITED(status) ? engine_proc_error(WEXITSTATUS(status)) : ERR_INTERNAL;
    return err_start(code, __FILE__, __LINE__, __func__,
                     "hoheit-gate ended before it was ready (%s); the log above says why",
                     proc_status_text(status, text));
}

static void
gate_ended(super *s, int status)
{
    char text[64];
    s->gate = 0;
    ipc_free(TAKE(s->control));
    loop_timer_stop(TAKE(s->gate_grace));
    end_engines(s);
    if (s->stopping) {
        log_proc_stop(s->log);
        end_if_alone(s);
        return;
    }
    LOG(ERROR, "gate.lost", LOG_Z("status", proc_status_text(status, text)));
    log_proc_note(s->log, EVENT_GATE_LOST, "lost");
    if (!s->was_ready) {
        give_up(s, gate_error(status));
        return;
    }
    const uint64_t wait_ms = backoff_next(&s->gate_backoff, clock_ms() - s->gate_started_ms,
                                          s->spec.boot->params.engine_restart_ms_max);
    if (loop_timer_start(s->loop, wait_ms, 0, gate_again, s, &s->gate_again).code)
        gate_again(s);
}

static void
on_child_end(void *ctx, pid_t pid, int status)
{
    super *s = ctx;
    if (pid == s->gate) {
        gate_ended(s, status);
        return;
    }
    if (log_proc_is(s->log, pid)) {
        log_proc_ended(s->log, status);
        end_if_alone(s);
        return;
    }
    if (egress_proc_ended(s->egress, pid, status) || reader_proc_ended(s->reader, pid, status)) {
        end_if_alone(s);
        return;
    }
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        if (s->slots[i].pid == pid) {
            engine_ended(&s->slots[i], status);
            return;
        }
}

/* ---- all of it */
static fallible
keep_tls(super *s, const struct boot_tls *tls)
{
    if (!s->tls && !(s->tls = mem_get(sizeof *s->tls)))
        FAIL(LIMIT, "no memory for the certificate");
    *s->tls = *tls;
    return OK;
}

fallible
super_reload_tls(super *s, const struct boot_tls *tls)
{
    AUTO(fd) f = -1;
    TRY(keep_tls(s, tls));
    if (!s->control)
        return OK; /* the next gate starts with it */
    TRY(share_struct("tls", s->tls, sizeof *s->tls, &f));
    return ipc_send(s->control, CONTROL_RELOAD, 0, NULL, 0, STR_NONE, f);
}

static void
on_egress_up(void *ctx, pid_t pid, uint32_t restarts, int channel)
{
    const struct control_up up = {.pid = (uint32_t)pid, .restarts = restarts};
    say(ctx, CONTROL_EGRESS_UP, 0, (str){(const char *)&up, sizeof up}, channel);
}

static void
on_reader_up(void *ctx, pid_t pid, uint32_t restarts, int channel)
{
    const struct control_up up = {.pid = (uint32_t)pid, .restarts = restarts};
    say(ctx, CONTROL_READER_UP, 0, (str){(const char *)&up, sizeof up}, channel);
}

static fallible
make_reader(super *s)
{
    const struct reader_proc_spec spec = {.l = s->loop,
                                          .boot = s->spec.boot,
                                          .bin_dir = s->spec.bin_dir,
                                          .on_up = on_reader_up,
                                          .ctx = s};
    return reader_proc_new(&spec, &s->reader);
}

static fallible
make_egress(super *s)
{
    const struct egress_proc_spec spec = {.l = s->loop,
                                          .boot = s->spec.boot,
                                          .providers = s->spec.providers,
                                          .bin_dir = s->spec.bin_dir,
                                          .on_up = on_egress_up,
                                          .ctx = s};
    if (!spec.providers || !spec.providers->list.count)
        return OK;
    return egress_proc_new(&spec, &s->egress);
}

static fallible
start_all(super *s)
{
    TRY(make_egress(s));
    TRY(make_reader(s));
    if (s->spec.tls)
        TRY(keep_tls(s, s->spec.tls));
    TRY(start_log(s));
    TRY(start_gate(s));
    return proc_watch(s->loop, on_child_end, s); /* last: it cannot be taken back */
}

fallible
super_new(loop *l, const struct super_spec *spec, super **ret)
{
    super *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for the supervisor");
    *s = (super){.loop = l, .spec = *spec};
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        s->slots[i] = (struct slot){.owner = s, .id = i};
    const err e = start_all(s);
    if (e.code) {
        super_free(s);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = s;
    return OK;
}

void
super_free(super *s)
{
    if (!s)
        return;
    s->stopping = true;
    end_engines(s);
    if (s->gate)
        proc_kill(s->gate);
    log_proc_free(s->log);
    ipc_free(s->control);
    egress_proc_free(s->egress);
    reader_proc_free(s->reader);
    loop_timer_stop(s->gate_again);
    loop_timer_stop(s->gate_grace);
    loop_timer_stop(s->stop_timer);
    if (s->tls)
        wipe(s->tls, sizeof *s->tls);
    mem_free(s->tls);
    mem_free(s);
}
