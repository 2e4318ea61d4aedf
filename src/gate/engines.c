/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/engines.h"

#include <unistd.h>

#include "base/fault.h"
#include "os/ipc.h"
#include "os/log.h"

enum { CONTROL_QUEUE_BYTES_MAX = 1024 * 1024, MODEL_NAME_MAX = 64 };

enum slot_state { SLOT_FREE, SLOT_STARTING, SLOT_LOADING, SLOT_READY, SLOT_DOWN };

struct slot {
    engines *owner;
    uint64_t id;
    enum slot_state state;
    char model[MODEL_NAME_MAX + 1];
    engine *engine;
    uint32_t pid, restarts;
    engines_wait *waiting;
};

struct engines_wait {
    struct slot *slot;
    engines_wait *next;
    void (*fn)(void *ctx, engine *en, err why);
    void *ctx;
};

struct engines {
    const struct gate_parts *parts;
    struct gate_events events;
    ipc *control;
    struct slot slots[CONTROL_SLOTS_MAX];
};

/* ---- waiters */
static void
tell_waiters(struct slot *s, engine *en, err why)
{
    struct err_kept kept;
    err_keep(&kept, why);
    engines_wait *w = s->waiting;
    s->waiting = NULL;
    for (engines_wait *next; w; w = next) {
        next = w->next;
        w->fn(w->ctx, en, err_again(&kept));
        mem_free(w);
    }
}

void
engines_forget(engines_wait *w)
{
    if (!w)
        return;
    engines_wait **at = &w->slot->waiting;
    while (*at && *at != w)
        at = &(*at)->next;
    ASSERT(*at == w);
    *at = w->next;
    mem_free(w);
}

static fallible
add_waiter(struct slot *s, void (*fn)(void *, engine *, err), void *ctx, engines_wait **ret)
{
    engines_wait *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory to wait for an engine");
    *w = (engines_wait){.slot = s, .next = s->waiting, .fn = fn, .ctx = ctx};
    s->waiting = w;
    *ret = w;
    return OK;
}

/* ---- one engine's life */
static void
on_ready(void *ctx, engine *en)
{
    struct slot *s = ctx;
    s->state = SLOT_READY;
    LOG(INFO, "engine.ready", LOG_Z("model", s->model), LOG_N("engine_pid", s->pid),
        LOG_N("context_tokens", engine_caps(en)->context_tokens));
    tell_waiters(s, en, OK);
}

static void
on_lost(void *ctx, engine *en)
{
    struct slot *s = ctx;
    engine_free(en);
    s->engine = NULL;
    if (s->state != SLOT_FREE)
        s->state = SLOT_STARTING; /* hoheitd starts it again and says so */
}

static err
engine_is_up(struct slot *s, const struct ipc_message *m)
{
    struct control_up up;
    if (m->head.body_len != sizeof up || m->fd < 0)
        FAIL(CORRUPT, "malformed message about an engine");
    memcpy(&up, m->body, sizeof up);
    if (s->state == SLOT_FREE) { /* dropped meanwhile */
        close(m->fd);
        return OK;
    }
    engine_free(s->engine);
    s->engine = NULL;
    s->pid = up.pid;
    s->restarts = up.restarts;
    meter_add(s->owner->parts->meters, METER_ENGINE_RESTARTS, up.restarts > 0);
    s->state = SLOT_LOADING;
    return engine_new(s->owner->parts->loop, m->fd,
                      (struct engine_events){.on_ready = on_ready, .on_lost = on_lost, .ctx = s},
                      &s->engine);
}

/* Why an engine could not be had, in words a client may read. */
static err
down_error(const struct slot *s, const struct control_down *d)
{
    if (d->code && d->code < ERR_COUNT)
        return err_start_public((enum err_code)d->code, "model", __FILE__, __LINE__, __func__,
                                "the model \"%s\" could not be started: %s", s->model,
                                err_info((err){(uint16_t)d->code})->en);
    return err_start_public(ERR_ENGINE_LOST, "model", __FILE__, __LINE__, __func__,
                            "the engine of model \"%s\" ended while it was starting", s->model);
}

static err
engine_is_down(struct slot *s, const struct ipc_message *m)
{
    struct control_down d;
    if (m->head.body_len != sizeof d)
        FAIL(CORRUPT, "malformed message about an engine");
    memcpy(&d, m->body, sizeof d);
    LOG(WARNING, "engine.down", LOG_Z("model", s->model), LOG_N("status", d.status),
        LOG_N("again_ms", d.again_ms));
    if (s->state == SLOT_FREE)
        return OK;
    s->state = d.again_ms == UINT64_MAX ? SLOT_DOWN : SLOT_STARTING;
    /* Who waits for a first start that failed gets an answer; who waits for a restart waits on. */
    if (s->state == SLOT_DOWN || d.again_ms > 1000)
        tell_waiters(s, NULL, down_error(s, &d));
    const struct audit_record r = {
        .event = EVENT_ENGINE_LOST, .object = str_of(s->model), .outcome = "lost"};
    return audit_append(s->owner->parts->audit, &r, NULL, NULL);
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    engines *e = ctx;
    struct slot *s = m->head.id < CONTROL_SLOTS_MAX ? &e->slots[m->head.id] : NULL;
    err bad = OK;
    if (m->head.type == CONTROL_STOP && e->events.on_stop)
        e->events.on_stop(e->events.ctx);
    else if (m->head.type == CONTROL_RELOAD && e->events.on_reload)
        e->events.on_reload(e->events.ctx, m->fd);
    else if (m->head.type == CONTROL_ENGINE_UP && s)
        bad = engine_is_up(s, m);
    else if (m->head.type == CONTROL_ENGINE_DOWN && s)
        bad = engine_is_down(s, m);
    if (bad.code)
        log_failure(LOG_ERROR, "control.failed", bad);
    return bad.code != ERR_CORRUPT;
}

/* hoheitd is gone: nothing here may outlive it. */
static void
on_end(void *ctx)
{
    engines *e = ctx;
    LOG(ERROR, "supervisor.lost", LOG_Z("then", "stop"));
    if (e->events.on_stop)
        e->events.on_stop(e->events.ctx);
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

static struct slot *
free_slot(engines *e)
{
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        if (e->slots[i].state == SLOT_FREE)
            return &e->slots[i];
    return NULL;
}

static uint32_t
wanted_context(const struct params *p, const struct model *m)
{
    if (p->engine_context_tokens)
        return (uint32_t)p->engine_context_tokens;
    const uint64_t own = m->context_tokens ? m->context_tokens : p->engine_context_tokens_max;
    return (uint32_t)(own < p->engine_context_tokens_max ? own : p->engine_context_tokens_max);
}

static fallible
ask_start(engines *e, struct slot *s, const struct model *m)
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
    if (!str_copy(m->file, start.file, sizeof start.file))
        FAIL(CORRUPT, "the file name of a model is too long");
    return ipc_send(e->control, CONTROL_ENGINE_START, s->id, &start, sizeof start, STR_NONE, -1);
}

static fallible
start_slot(engines *e, const struct model *m, struct slot **ret)
{
    struct slot *s = free_slot(e);
    if (!s)
        REFUSE(LIMIT, "model", "%d models are running already", CONTROL_SLOTS_MAX);
    if (!str_copy(m->name, s->model, sizeof s->model))
        FAIL(CORRUPT, "the name of a model is too long");
    TRY(ask_start(e, s, m));
    s->state = SLOT_STARTING;
    s->restarts = 0;
    *ret = s;
    return OK;
}

/* The model's slot, with its engine there or on its way. */
static fallible
wanted_slot(engines *e, const struct model *m, struct slot **ret)
{
    struct slot *s = find_slot(e, m->name);
    if (!s)
        return start_slot(e, m, ret);
    if (s->state == SLOT_DOWN) {
        TRY(ask_start(e, s, m));
        s->state = SLOT_STARTING;
    }
    *ret = s;
    return OK;
}

fallible
engines_get(engines *e, const struct model *m, void (*fn)(void *ctx, engine *en, err why),
            void *ctx, engine **ret, engines_wait **ret_wait)
{
    struct slot *s;
    TRY(wanted_slot(e, m, &s));
    if (s->state == SLOT_READY) {
        *ret = s->engine;
        return OK;
    }
    *ret = NULL;
    return add_waiter(s, fn, ctx, ret_wait);
}

void
engines_drop(engines *e, str model)
{
    struct slot *s = find_slot(e, model);
    if (!s)
        return;
    s->state = SLOT_FREE;
    tell_waiters(s, NULL,
                 err_start_public(ERR_MODEL_NOT_FOUND, "model", __FILE__, __LINE__, __func__,
                                  "the model \"%s\" was removed", s->model));
    engine_free(s->engine);
    s->engine = NULL;
    /* A lost message only means an engine too many until hoheitd ends. */
    IGNORE(ipc_send(e->control, CONTROL_ENGINE_STOP, s->id, NULL, 0, STR_NONE, -1));
}

bool
engines_state_at(const engines *e, size_t i, struct engine_slot_state *ret)
{
    static const char *const names[] = {"free", "starting", "loading", "ready", "down"};
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
    engines *e = mem_get(sizeof *e);
    if (!e)
        FAIL(LIMIT, "no memory for the engines");
    *e = (engines){.parts = parts};
    for (size_t i = 0; i < CONTROL_SLOTS_MAX; i++)
        e->slots[i] = (struct slot){.owner = e, .id = i};
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = e};
    const err failed =
        ipc_new(parts->loop, parts->control, CONTROL_QUEUE_BYTES_MAX, hooks, &e->control);
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
        engine_free(e->slots[i].engine);
        while (e->slots[i].waiting)
            engines_forget(e->slots[i].waiting);
    }
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
