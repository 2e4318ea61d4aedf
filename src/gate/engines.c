/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/engines.h"

#include "base/fault.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/log.h"

enum {
    CONTROL_QUEUE_BYTES_MAX = 1024 * 1024,
    MODEL_NAME_MAX = 64,
    PATIENCE_MS = 1000,  /* a pause before a restart that is longer is told to who waits */
    TRY_AGAIN_MS = 1000, /* between two starts that nobody but us asks for */
    OVERDUE_EVERY_MS = 50
};

/* SLOT_DROPPED: its waiters and jobs are being told; then it is free. */
enum slot_state { SLOT_FREE, SLOT_STARTING, SLOT_LOADING, SLOT_READY, SLOT_DOWN, SLOT_DROPPED };

struct slot {
    engines *owner;
    uint64_t id;
    enum slot_state state;
    char model[MODEL_NAME_MAX + 1];
    engine *engine;
    uint32_t pid, restarts;
    struct control_down down; /* why it could not be started the last time */
    uint64_t down_ms;
    engines_wait *first, *last;
    size_t waiting;
};

struct engines_wait {
    struct slot *slot;
    engines_wait *next, *before;
    uint64_t since_ms;
    void (*fn)(void *ctx, engine *en, err why);
    void *ctx;
};

struct engines {
    const struct gate_parts *parts;
    struct gate_events events;
    void (*on_egress)(void *ctx, int channel);
    void *egress_ctx;
    void (*on_reader)(void *ctx, uint64_t id, int channel);
    void *reader_ctx;
    ipc *control;
    bool is_stopping;
    loop_timer *overdue; /* runs while somebody may wait */
    struct slot slots[CONTROL_SLOTS_MAX];
};

/* ---- waiters */
static fallible
add_waiter(struct slot *s, void (*fn)(void *, engine *, err), void *ctx, engines_wait **ret)
{
    engines_wait *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory to wait for an engine");
    *w = (engines_wait){.slot = s, .before = s->last, .since_ms = clock_ms(), .fn = fn, .ctx = ctx};
    *(s->last ? &s->last->next : &s->first) = w;
    s->last = w;
    s->waiting++;
    *ret = w;
    return OK;
}

static void
unlink_waiter(engines_wait *w)
{
    struct slot *s = w->slot;
    ASSERT(s->waiting > 0);
    *(w->before ? &w->before->next : &s->first) = w->next;
    *(w->next ? &w->next->before : &s->last) = w->before;
    s->waiting--;
}

void
engines_forget(engines_wait *w)
{
    if (!w)
        return;
    unlink_waiter(w);
    mem_free(w);
}

/* Any of them may forget others, or drop the model, and with it the engine. */
static void
tell_first(struct slot *s, engine *en, err why)
{
    engines_wait *w = s->first;
    unlink_waiter(w);
    w->fn(w->ctx, en, why);
    mem_free(w);
}

/* Those that wait now, not those who come while they are told. */
static void
tell_waiters(struct slot *s, engine *en, err why)
{
    struct err_kept kept;
    err_keep(&kept, why);
    for (size_t n = s->waiting; n && s->first && (!en || s->engine == en); n--)
        tell_first(s, en, err_again(&kept));
}

/* ---- who has waited too long */
static err
overdue_error(const struct slot *s)
{
    const double progress = s->engine ? engine_progress(s->engine) : 0;
    return err_start_public(ERR_ENGINE_LOADING, "model", __FILE__, __LINE__, __func__,
                            "the model \"%s\" is still being loaded (%d %%)", s->model,
                            (int)(progress * 100));
}

static bool
is_overdue(const struct slot *s)
{
    const uint64_t wait_ms_max = s->owner->parts->params->engine_wait_ms_max;
    return s->first && clock_ms() - s->first->since_ms >= wait_ms_max;
}

/* Waiters stand in the order of asking, so the first is the one that has waited longest. */
static void
on_overdue(void *ctx)
{
    engines *e = ctx;
    bool anybody = false;
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++) {
        struct slot *s = &e->slots[i];
        while (is_overdue(s))
            tell_first(s, NULL, overdue_error(s));
        anybody |= s->first != NULL;
    }
    if (!anybody) {
        loop_timer_stop(e->overdue);
        e->overdue = NULL;
    }
}

static fallible
watch_overdue(engines *e)
{
    return e->overdue ? OK
                      : loop_timer_start(e->parts->loop, OVERDUE_EVERY_MS, OVERDUE_EVERY_MS,
                                         on_overdue, e, &e->overdue);
}

/* ---- one engine's life */
static void
record_engine(const struct slot *s, enum audit_event event, const char *outcome)
{
    const struct audit_record r = {.event = event, .object = str_of(s->model), .outcome = outcome};
    const err e = audit_append(s->owner->parts->audit, &r, NULL, NULL);
    if (e.code) /* nobody waits for the answer; the operator must still learn of the gap */
        log_failure(LOG_ERROR, "audit.lost", e);
}

static void
on_ready(void *ctx, engine *en)
{
    struct slot *s = ctx;
    if (s->state != SLOT_LOADING)
        return; /* hoheitd was quicker to say that it is gone */
    s->state = SLOT_READY;
    LOG(INFO, "engine.ready", LOG_Z("model", s->model), LOG_N("engine_pid", s->pid),
        LOG_N("context_tokens", engine_caps(en)->context_tokens));
    record_engine(s, EVENT_ENGINE_UP, "ok");
    tell_waiters(s, en, OK);
}

static void
free_engine(struct slot *s)
{
    engine_free(TAKE(s->engine));
}

static void
on_lost(void *ctx, engine *en)
{
    struct slot *s = ctx;
    ASSERT(s->engine == en);
    if (s->state == SLOT_LOADING || s->state == SLOT_READY)
        s->state = SLOT_STARTING; /* hoheitd starts it again and says so */
    free_engine(s);
}

static void
take_engine(struct slot *s, const struct control_up *up, int channel)
{
    const struct engine_events events = {.on_ready = on_ready, .on_lost = on_lost, .ctx = s};
    free_engine(s);
    s->pid = up->pid;
    s->restarts = up->restarts;
    meter_add(s->owner->parts->meters, METER_ENGINE_RESTARTS, up->restarts > 0);
    s->state = SLOT_LOADING;
    const err e = engine_new(s->owner->parts->loop, channel, events, &s->engine);
    if (!e.code)
        return;
    /* Its channel is closed, so it ends, and hoheitd starts the next. */
    log_failure(LOG_ERROR, "engine.refused", e);
    s->state = SLOT_STARTING;
}

/* Why an engine could not be had, in words a client may read. */
static err
down_error(const struct slot *s)
{
    const uint32_t code = s->down.code;
    if (code && code < ERR_COUNT)
        return err_start_public((enum err_code)code, "model", __FILE__, __LINE__, __func__,
                                "the model \"%s\" could not be started: %s", s->model,
                                err_info((err){(uint16_t)code})->en);
    return err_start_public(ERR_ENGINE_LOST, "model", __FILE__, __LINE__, __func__,
                            "the engine of model \"%s\" ended while it was starting", s->model);
}

/* What the engine had sent before is still to be read: its channel ends by itself. */
static void
take_down(struct slot *s, const struct control_down *d)
{
    LOG(WARNING, "engine.down", LOG_Z("model", s->model), LOG_N("status", d->status),
        LOG_N("again_ms", d->again_ms));
    record_engine(s, EVENT_ENGINE_LOST, "lost");
    s->down = *d;
    s->down_ms = clock_ms();
    s->state = d->again_ms == UINT64_MAX ? SLOT_DOWN : SLOT_STARTING;
    if (s->state == SLOT_DOWN || d->again_ms > PATIENCE_MS)
        tell_waiters(s, NULL, down_error(s));
}

/* ---- what hoheitd says: each of these returns false when it is malformed */

/* NULL: what the message is about is no longer in its slot. */
static struct slot *
slot_of(engines *e, const struct ipc_message *m)
{
    struct slot *s = &e->slots[m->head.id % CONTROL_SLOTS_MAX];
    return s->state != SLOT_FREE && s->id == m->head.id ? s : NULL;
}

static bool
engine_is_up(engines *e, const struct ipc_message *m, fd *passed)
{
    struct slot *s = slot_of(e, m);
    if (m->head.body_len != sizeof(struct control_up) || *passed < 0)
        return false;
    if (s)
        take_engine(s, m->body, fd_take(passed));
    return true;
}

static bool
engine_is_down(engines *e, const struct ipc_message *m, fd *passed)
{
    struct slot *s = slot_of(e, m);
    if (m->head.body_len != sizeof(struct control_down) || *passed >= 0)
        return false;
    if (s)
        take_down(s, m->body);
    return true;
}

static void
stop_once(engines *e)
{
    if (e->is_stopping || !e->events.on_stop)
        return;
    e->is_stopping = true;
    e->events.on_stop(e->events.ctx);
}

static bool
is_to_stop(engines *e, const struct ipc_message *m, fd *passed)
{
    if (m->head.body_len || *passed >= 0)
        return false;
    stop_once(e);
    return true;
}

static bool
has_certificate(engines *e, const struct ipc_message *m, fd *passed)
{
    if (m->head.body_len || *passed < 0)
        return false;
    if (e->events.on_reload)
        e->events.on_reload(e->events.ctx, fd_take(passed));
    return true;
}

static bool
has_log(engines *e, const struct ipc_message *m, fd *passed)
{
    if (m->head.body_len || *passed < 0)
        return false;
    const err failed = audit_attach(e->parts->audit, fd_take(passed));
    if (failed.code) /* nothing is released without a record; hoheitd may send another */
        log_failure(LOG_ERROR, "log.not_attached", failed);
    return true;
}

static bool
egress_is_up(engines *e, const struct ipc_message *m, fd *passed)
{
    if (m->head.body_len != sizeof(struct control_up) || *passed < 0)
        return false;
    if (e->on_egress)
        e->on_egress(e->egress_ctx, fd_take(passed));
    return true;
}

static bool
reader_is_up(engines *e, const struct ipc_message *m, fd *passed)
{
    if (m->head.body_len || *passed < 0)
        return false;
    if (e->on_reader)
        e->on_reader(e->reader_ctx, m->head.id, fd_take(passed));
    return true;
}

static bool
reader_is_down(engines *e, const struct ipc_message *m, fd *passed)
{
    if (m->head.body_len || *passed >= 0)
        return false;
    if (e->on_reader)
        e->on_reader(e->reader_ctx, m->head.id, -1);
    return true;
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    static bool (*const takers[])(engines *, const struct ipc_message *, fd *) = {
        [CONTROL_ENGINE_UP - CONTROL_ENGINE_UP] = engine_is_up,
        [CONTROL_ENGINE_DOWN - CONTROL_ENGINE_UP] = engine_is_down,
        [CONTROL_STOP - CONTROL_ENGINE_UP] = is_to_stop,
        [CONTROL_RELOAD - CONTROL_ENGINE_UP] = has_certificate,
        [CONTROL_LOG - CONTROL_ENGINE_UP] = has_log,
        [CONTROL_EGRESS_UP - CONTROL_ENGINE_UP] = egress_is_up,
        [CONTROL_READER_UP - CONTROL_ENGINE_UP] = reader_is_up,
        [CONTROL_READER_DOWN - CONTROL_ENGINE_UP] = reader_is_down,
    };
    const uint32_t at = m->head.type - CONTROL_ENGINE_UP;
    AUTO(fd) passed = m->fd;
    if (at < sizeof takers / sizeof *takers && !m->tail.len && takers[at](ctx, m, &passed))
        return true;
    LOG(ERROR, "control.garbled", LOG_N("type", m->head.type));
    return false;
}

/* hoheitd is gone: nothing here may outlive it. */
static void
on_end(void *ctx)
{
    LOG(ERROR, "supervisor.lost", LOG_Z("then", "stop"));
    stop_once(ctx);
}

/* ---- slots */
static struct slot *
find_slot(engines *e, str model)
{
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        if (e->slots[i].state != SLOT_FREE && str_eq(str_of(e->slots[i].model), model))
            return &e->slots[i];
    return NULL;
}

/* One that is free, else one whose model could not be started. */
static struct slot *
free_slot(engines *e)
{
    struct slot *down = NULL;
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++) {
        if (e->slots[i].state == SLOT_FREE)
            return &e->slots[i];
        if (e->slots[i].state == SLOT_DOWN && !e->slots[i].engine && !e->slots[i].waiting)
            down = &e->slots[i];
    }
    return down;
}

static uint32_t
wanted_context(const struct params *p, const struct model *m)
{
    if (p->engine_context_tokens)
        return (uint32_t)p->engine_context_tokens;
    const uint64_t own = m->context_tokens ? m->context_tokens : p->engine_context_tokens_max;
    return (uint32_t)(own < p->engine_context_tokens_max ? own : p->engine_context_tokens_max);
}

/* An adapter is started with its base's weights and its own. */
static fallible
name_files(const engines *e, const struct model *m, struct control_start *ret)
{
    const bool adapts = model_is_adapter(m);
    const struct model *base = adapts ? registry_get(e->parts->registry, m->origin) : m;
    if (!base)
        FAIL(MODEL_NOT_FOUND, "the base of an adapter is gone");
    if (!str_copy(base->file, ret->file, sizeof ret->file) ||
        (adapts && !str_copy(m->file, ret->adapter, sizeof ret->adapter)))
        FAIL(CORRUPT, "the file name of a model is too long");
    ret->is_projector = model_can_see(m);
    return OK;
}

static fallible
ask_start(engines *e, uint64_t id, const struct model *m)
{
    const struct params *p = e->parts->params;
    struct control_start start = {
        .engine = str_eq(m->engine, STR("toy")) ? CONTROL_TOY : CONTROL_LLAMA,
        .is_embedder = m->kind == MODEL_EMBED,
        .context_tokens = wanted_context(p, m),
        .sequences_max = (uint32_t)p->engine_sequences_max,
        .threads = (uint32_t)p->engine_threads,
        .step_tokens_max = (uint32_t)p->engine_step_tokens_max,
        .queue_max = (uint32_t)p->engine_queue_max,
        .memory_bytes_max = p->engine_memory_bytes_max,
    };
    TRY(name_files(e, m, &start));
    return ipc_send(e->control, CONTROL_ENGINE_START, id, &start, sizeof start, STR_NONE, -1);
}

static fallible
start_slot(engines *e, const struct model *m, struct slot **ret)
{
    struct slot *s = free_slot(e);
    if (!s)
        REFUSE(LIMIT, "model", "%d models are running already", CONTROL_SLOTS_MAX);
    if (m->name.len > MODEL_NAME_MAX)
        FAIL(CORRUPT, "the name of a model is too long");
    TRY(ask_start(e, s->id + CONTROL_SLOTS_MAX, m));
    ASSERT(!s->engine && !s->waiting);
    *s = (struct slot){.owner = e, .id = s->id + CONTROL_SLOTS_MAX, .state = SLOT_STARTING};
    (void)str_copy(m->name, s->model, sizeof s->model); /* it fits */
    *ret = s;
    return OK;
}

static fallible
removed(const struct slot *s)
{
    REFUSE(MODEL_NOT_FOUND, "model", "the model \"%s\" was removed", s->model);
}

/* The model's slot, with its engine there or on its way. */
static fallible
wanted_slot(engines *e, const struct model *m, struct slot **ret)
{
    struct slot *s = find_slot(e, m->name);
    if (!s)
        return start_slot(e, m, ret);
    if (s->state == SLOT_DROPPED)
        return removed(s);
    if (s->state == SLOT_DOWN) {
        if (clock_ms() - s->down_ms < TRY_AGAIN_MS)
            return down_error(s);
        TRY(ask_start(e, s->id, m));
        s->state = SLOT_STARTING;
    }
    *ret = s;
    return OK;
}

fallible
engines_get(engines *e, const struct model *m, void (*fn)(void *ctx, engine *en, err why),
            void *ctx, engine **ret, engines_wait **ret_wait)
{
    struct slot *s = NULL;
    TRY(wanted_slot(e, m, &s));
    if (s->state == SLOT_READY) {
        *ret = s->engine;
        return OK;
    }
    *ret = NULL;
    TRY(watch_overdue(e));
    return add_waiter(s, fn, ctx, ret_wait);
}

void
engines_drop(engines *e, str model)
{
    struct slot *s = find_slot(e, model);
    if (!s)
        return;
    /* A lost message only means an engine too many until hoheitd ends. */
    IGNORE(ipc_send(e->control, CONTROL_ENGINE_STOP, s->id, NULL, 0, STR_NONE, -1));
    s->state = SLOT_DROPPED; /* nobody new moves in before all are told */
    free_engine(s);
    tell_waiters(s, NULL, removed(s));
    s->state = SLOT_FREE;
}

bool
engines_state_at(const engines *e, size_t i, struct engine_slot_state *ret)
{
    static const char *const names[] = {"free", "starting", "loading", "ready", "down", "dropped"};
    if (i >= CONTROL_SLOTS_MAX)
        return false;
    const struct slot *s = &e->slots[i];
    *ret = (struct engine_slot_state){
        .model = s->state == SLOT_FREE ? STR_NONE : str_of(s->model),
        .state = names[s->state],
        .progress = s->engine ? engine_progress(s->engine) : 0,
        .pid = s->pid,
        .restarts = s->restarts,
        .jobs = s->engine ? engine_jobs(s->engine) : 0,
        .caps = s->state == SLOT_READY ? engine_caps(s->engine) : NULL,
    };
    return true;
}

/* ---- all of them */
fallible
engines_new(const struct gate_parts *parts, engines **ret)
{
    AUTO(fd) control = parts->control;
    engines *e = mem_get(sizeof *e);
    if (!e)
        FAIL(LIMIT, "no memory for the engines");
    *e = (engines){.parts = parts};
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        e->slots[i] = (struct slot){.owner = e, .id = i};
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = e};
    const err failed =
        ipc_new(parts->loop, fd_take(&control), CONTROL_QUEUE_BYTES_MAX, hooks, &e->control);
    if (failed.code) {
        mem_free(e);
        return err_pass(failed, __FILE__, __LINE__, __func__);
    }
    *ret = e;
    return OK;
}

void
engines_free(engines *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++) {
        free_engine(&e->slots[i]);
        while (e->slots[i].first)
            engines_forget(e->slots[i].first);
    }
    loop_timer_stop(e->overdue);
    ipc_free(e->control);
    mem_free(e);
}

void
engines_on_events(engines *e, struct gate_events ev)
{
    e->events = ev;
}

fallible
engines_send_ready(engines *e)
{
    return ipc_send(e->control, CONTROL_READY, 0, NULL, 0, STR_NONE, -1);
}

void
engines_on_egress(engines *e, void (*fn)(void *ctx, int channel), void *ctx)
{
    e->on_egress = fn;
    e->egress_ctx = ctx;
}

void
engines_on_reader(engines *e, void (*fn)(void *ctx, uint64_t id, int channel), void *ctx)
{
    e->on_reader = fn;
    e->reader_ctx = ctx;
}

fallible
engines_say_reader(engines *e, enum control_message what, uint64_t id)
{
    ASSERT(what == CONTROL_READER_START || what == CONTROL_READER_STOP);
    return ipc_send(e->control, what, id, NULL, 0, STR_NONE, -1);
}
