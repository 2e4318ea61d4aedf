/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/engine.h"

#include <unistd.h>

#include "base/fault.h"
#include "base/map.h"
#include "engine/decode.h"
#include "engine/parts.h"
#include "engine/submit.h"

enum {
    JOB_MAGIC = 0x0b5ce11a,
    QUEUE_BYTES_MAX = 64 * 1024 * 1024,
    SUBMIT_BYTES_MAX = IPC_TAIL_MAX,
    DECODE_BYTES_MAX = 8 * 1024 * 1024, /* ENGINE_LOGPROBS_MAX tokens with all alternatives */
    STATS_MAX = 16
};

struct engine_job {
    uint32_t magic;
    engine *owner;
    engine_job *next, *before;
    uint64_t id;
    struct engine_hooks hooks;
    label label;
    enum engine_kind kind;
    uint32_t n, tokens_max, top_max, dims;
    uint32_t open;    /* answers that have not ended */
    uint32_t inputs;  /* embeddings: texts */
    uint32_t missing; /* embeddings: vectors that have not come */
    uint32_t stops;   /* strings */
    parts *parts;     /* chat */
    bool has_logprobs, is_dead;
    bool is_busy;   /* its parts are being handed out: freed after */
    uint8_t seen[]; /* for each answer: it ended; for each input: its vector came */
};

struct engine {
    ipc *channel;
    struct engine_events events;
    engine_job *first;
    map jobs; /* by id */
    uint64_t last_id;
    struct engine_hello caps;
    double progress;
    bool is_ready, is_lost;
    arena *a; /* for one message */
    struct {
        void (*fn)(void *ctx, const struct engine_stats *s);
        void *ctx;
    } asked[STATS_MAX];
    size_t asked_first, asked_count;
};

static str
key_of(const uint64_t *id)
{
    return (str){(const char *)id, sizeof *id};
}

/* ---- the end of jobs */

static void
unlink_job(engine_job *j)
{
    engine *e = j->owner;
    ASSERT(j->magic == JOB_MAGIC && !j->is_dead);
    *(j->before ? &j->before->next : &e->first) = j->next;
    if (j->next)
        j->next->before = j->before;
    map_take(&e->jobs, key_of(&j->id));
    j->is_dead = true;
}

static void
free_job(engine_job *j)
{
    j->magic = 0;
    parts_free(j->parts);
    mem_free(j);
}

/* The hook may cancel the job it is called for: so it is freed after, and dead before. */
static void
fail_job(engine_job *j, err why)
{
    unlink_job(j);
    j->hooks.on_failed(j->hooks.ctx, why);
    free_job(j);
}

static void
tell_cancel(engine_job *j)
{
    /* A full or lost channel: the engine then writes to its end what nobody reads. */
    IGNORE(ipc_send(j->owner->channel, ENGINE_CANCEL, j->id, NULL, 0, STR_NONE, -1));
}

void
engine_cancel(engine_job *j)
{
    if (!j)
        return;
    ASSERT(j->magic == JOB_MAGIC);
    if (j->is_dead)
        return;
    tell_cancel(j);
    unlink_job(j);
    if (!j->is_busy)
        free_job(j);
}

static fallible
lost_error(void)
{
    FAIL(ENGINE_LOST, "the engine process is gone");
}

static fallible
freed_error(void)
{
    FAIL(CANCELLED, "the engine was given back");
}

/* A hook may cancel other jobs, so each turn begins at the head. */
static void
fail_all(engine *e, err (*why)(void))
{
    while (e->first)
        fail_job(e->first, why());
}

static void
on_end(void *ctx)
{
    engine *e = ctx;
    ASSERT(!e->is_lost);
    e->is_lost = true;
    e->is_ready = false;
    e->asked_count = 0;
    fail_all(e, lost_error);
    if (e->events.on_lost)
        e->events.on_lost(e->events.ctx, e);
}

/* ---- messages of the engine: each of these returns false when it is malformed */

static engine_job *
find(const engine *e, const struct ipc_message *m)
{
    return map_get(&e->jobs, key_of(&m->head.id));
}

static bool
take_loading(engine *e, const struct ipc_message *m)
{
    const struct engine_loading *l = m->body;
    if (e->is_ready || !(l->progress >= 0 && l->progress <= 1))
        return false;
    e->progress = (double)l->progress;
    return true;
}

static bool
take_hello(engine *e, const struct ipc_message *m)
{
    if (e->is_ready || decode_hello(m->body, &e->caps).code)
        return false;
    e->is_ready = true;
    e->progress = 1;
    if (e->events.on_ready)
        e->events.on_ready(e->events.ctx, e);
    return true;
}

/* Memory that is out ends the one job, a malformed message the channel. */
static bool
is_well_formed(engine_job *j, err e)
{
    if (e.code == ERR_PARSE)
        return false;
    tell_cancel(j);
    fail_job(j, e);
    return true;
}

/* One message may hold several parts, and the hook of any may cancel the job. */
static void
on_part(void *ctx, const struct engine_piece *p)
{
    engine_job *j = ctx;
    if (!j->is_dead)
        j->hooks.on_text(j->hooks.ctx, p);
}

/* False: malformed, as in is_well_formed.  The job may be gone after it. */
static bool
take_apart(engine_job *j, const struct engine_piece *raw, str text)
{
    j->is_busy = true;
    const err bad = parts_add(j->parts, raw, text);
    j->is_busy = false;
    if (j->is_dead)
        free_job(j);
    else if (bad.code)
        return is_well_formed(j, bad);
    return true;
}

static bool
take_text(engine *e, const struct ipc_message *m)
{
    const struct engine_text *head = m->body;
    engine_job *j = find(e, m);
    struct engine_piece p = {.index = head->index,
                             .token_count = head->token_count,
                             .prompt_tokens = head->prompt_tokens,
                             .cached_tokens = head->cached_tokens};
    struct decoded_text d;
    if (!j) /* cancelled */
        return true;
    if (j->kind == ENGINE_EMBED || j->kind == ENGINE_TOKENIZE || !j->hooks.on_text ||
        head->index >= j->n || j->seen[head->index])
        return false;
    if (head->logprob_count && !j->has_logprobs)
        return false;
    const err bad = decode_text(e->a, head, m->tail, j->top_max, &d);
    if (bad.code)
        return is_well_formed(j, bad);
    if (j->parts)
        return take_apart(j, &p, d.text);
    p.text = content_of(d.text, j->label);
    p.tokens = d.tokens;
    p.logprob_count = head->logprob_count;
    j->hooks.on_text(j->hooks.ctx, &p);
    return true;
}

static bool
take_vector(engine *e, const struct ipc_message *m)
{
    const struct engine_vector *head = m->body;
    engine_job *j = find(e, m);
    const float *values;
    if (!j)
        return true;
    if (j->kind != ENGINE_EMBED || !j->hooks.on_vector || head->index >= j->inputs ||
        j->seen[head->index] || head->dims != j->dims)
        return false;
    const err bad = decode_vector(e->a, head, m->tail, &values);
    if (bad.code)
        return is_well_formed(j, bad);
    j->seen[head->index] = 1;
    j->missing--;
    j->hooks.on_vector(j->hooks.ctx, head->index, values, head->dims);
    return true;
}

static bool
is_good_end(const engine_job *j, const struct engine_done *d)
{
    if (d->index >= j->n || (j->kind != ENGINE_EMBED && j->seen[d->index]))
        return false;
    if (d->finish != FINISH_STOP && d->finish != FINISH_LENGTH)
        return false;
    if (d->stop && (d->finish != FINISH_STOP || d->stop > j->stops))
        return false;
    return d->is_last == (j->open == 1) && !j->missing && d->cached_tokens <= d->prompt_tokens &&
           (!j->tokens_max || d->output_tokens <= j->tokens_max) &&
           d->guessed_right <= d->guessed && d->guessed_right <= d->output_tokens;
}

/* What was held back of the answer comes out; OK also when a hook has cancelled the job. */
static fallible
end_parts(engine_job *j, struct engine_usage *u)
{
    uint32_t calls = 0;
    if (!j->parts)
        return OK;
    j->is_busy = true;
    const err e = parts_end(j->parts, u->index, &calls);
    j->is_busy = false;
    if (calls && u->finish == FINISH_STOP)
        u->finish = FINISH_CALLS;
    return j->is_dead ? OK : e;
}

static void
end_answer(engine_job *j, const struct engine_usage *u)
{
    j->seen[u->index] = 1;
    j->open--;
    if (u->is_last)
        unlink_job(j);
    j->hooks.on_done(j->hooks.ctx, u);
    if (u->is_last)
        free_job(j);
}

static bool
take_done(engine *e, const struct ipc_message *m)
{
    const struct engine_done *d = m->body;
    engine_job *j = find(e, m);
    if (!j)
        return true;
    if (!is_good_end(j, d))
        return false;
    struct engine_usage u = {
        .index = d->index,
        .finish = (enum engine_finish)d->finish,
        .stop = d->stop,
        .prompt_tokens = d->prompt_tokens,
        .cached_tokens = d->cached_tokens,
        .output_tokens = d->output_tokens,
        .guessed = d->guessed,
        .guessed_right = d->guessed_right,
        .is_last = d->is_last,
        .queued_us = d->queued_us,
        .prefill_us = d->prefill_us,
        .decode_us = d->decode_us,
    };
    const err bad = end_parts(j, &u);
    if (j->is_dead)
        free_job(j);
    else if (bad.code)
        return is_well_formed(j, bad);
    else
        end_answer(j, &u);
    return true;
}

static const char *
field_of(enum engine_kind kind)
{
    static const char *const names[] = {[ENGINE_CHAT] = "messages",
                                        [ENGINE_COMPLETE] = "prompt",
                                        [ENGINE_EMBED] = "input",
                                        [ENGINE_TOKENIZE] = "prompt"};
    return names[kind];
}

static fallible
context_error(const engine_job *j, const struct engine_failed *f)
{
    if (j->tokens_max && j->kind != ENGINE_EMBED && j->kind != ENGINE_TOKENIZE)
        REFUSE(CONTEXT_LENGTH, field_of(j->kind),
               "the input has %ju tokens and the answer asks for %u; the model's context is %ju",
               (uintmax_t)f->have, j->tokens_max, (uintmax_t)f->limit);
    REFUSE(CONTEXT_LENGTH, field_of(j->kind),
           "the input has %ju tokens; the model's context is %ju", (uintmax_t)f->have,
           (uintmax_t)f->limit);
}

/* An engine may say that a request does not fit, not that its sender lacks rights or money. */
static fallible
failed_error(const engine_job *j, const struct engine_failed *f)
{
    if (f->code == ERR_CONTEXT_LENGTH)
        return context_error(j, f);
    if (f->code == ERR_ARGUMENT)
        FAIL(ARGUMENT, "the engine refused a value");
    if (f->code == ERR_UNSUPPORTED)
        FAIL(UNSUPPORTED, "the engine cannot do that");
    if (f->code == ERR_BUSY)
        FAIL(BUSY, "the engine's queue is full");
    if (f->code == ERR_LIMIT)
        FAIL(LIMIT, "the engine has no memory for the request");
    FAIL(INTERNAL, "the engine failed a request with code %u", f->code);
}

static bool
take_failed(engine *e, const struct ipc_message *m)
{
    const struct engine_failed *f = m->body;
    engine_job *j = find(e, m);
    if (f->code == ERR_OK || f->code >= ERR_COUNT)
        return false;
    if (j)
        fail_job(j, failed_error(j, f));
    return true;
}

static bool
take_stats(engine *e, const struct ipc_message *m)
{
    if (!e->asked_count)
        return false;
    const size_t at = e->asked_first;
    e->asked_first = (at + 1) % STATS_MAX;
    e->asked_count--;
    e->asked[at].fn(e->asked[at].ctx, m->body);
    return true;
}

static const struct message {
    size_t body_len;
    bool has_tail;
    bool is_early; /* may come before the hello */
    bool (*take)(engine *e, const struct ipc_message *m);
} messages[] = {
    [ENGINE_HELLO - ENGINE_HELLO] = {sizeof(struct engine_hello), false, true, take_hello},
    [ENGINE_LOADING - ENGINE_HELLO] = {sizeof(struct engine_loading), false, true, take_loading},
    [ENGINE_TEXT - ENGINE_HELLO] = {sizeof(struct engine_text), true, false, take_text},
    [ENGINE_VECTOR - ENGINE_HELLO] = {sizeof(struct engine_vector), true, false, take_vector},
    [ENGINE_DONE - ENGINE_HELLO] = {sizeof(struct engine_done), false, false, take_done},
    [ENGINE_FAILED - ENGINE_HELLO] = {sizeof(struct engine_failed), false, false, take_failed},
    [ENGINE_STATS - ENGINE_HELLO] = {sizeof(struct engine_stats), false, false, take_stats},
};

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    engine *e = ctx;
    const uint32_t at = m->head.type - ENGINE_HELLO;
    if (m->fd >= 0) {
        close(m->fd);
        return false;
    }
    if (at >= sizeof messages / sizeof messages[0])
        return false;
    const struct message *row = &messages[at];
    if (m->head.body_len != row->body_len || (m->tail.len && !row->has_tail) ||
        (!e->is_ready && !row->is_early))
        return false;
    if (arena_used(e->a))
        arena_reset(e->a);
    return row->take(e, m);
}

/* ---- life */

fallible
engine_new(loop *l, int channel, struct engine_events events, engine **ret)
{
    engine *e = mem_get(sizeof *e);
    if (!e) {
        close(channel);
        FAIL(LIMIT, "no memory for an engine");
    }
    *e = (struct engine){.events = events};
    const err no_arena = arena_open(DECODE_BYTES_MAX, &e->a);
    if (no_arena.code)
        close(channel);
    const struct ipc_hooks hooks = {on_message, on_end, e};
    const err bad =
        no_arena.code ? no_arena : ipc_new(l, channel, QUEUE_BYTES_MAX, hooks, &e->channel);
    if (bad.code) {
        engine_free(e);
        return bad;
    }
    *ret = e;
    return OK;
}

void
engine_free(engine *e)
{
    if (!e)
        return;
    e->is_lost = true;
    fail_all(e, freed_error);
    ipc_free(e->channel);
    map_done(&e->jobs);
    arena_free(e->a);
    mem_free(e);
}

bool
engine_is_ready(const engine *e)
{
    return e->is_ready;
}

double
engine_progress(const engine *e)
{
    return e->progress;
}

const struct engine_hello *
engine_caps(const engine *e)
{
    ASSERT(e->is_ready);
    return &e->caps;
}

size_t
engine_jobs(const engine *e)
{
    return e->jobs.count;
}

/* ---- requests */

static fallible
check_up(const engine *e)
{
    if (e->is_lost)
        return lost_error();
    if (!e->is_ready)
        FAIL(ENGINE_LOADING, "the engine has not said hello");
    return OK;
}

static fallible
check_able(const engine *e, enum engine_kind kind, const struct conv *c)
{
    const bool is_able =
        kind == ENGINE_TOKENIZE || (kind == ENGINE_EMBED ? e->caps.can_embed : e->caps.can_chat);
    if (!is_able)
        FAIL(UNSUPPORTED, "the model cannot do kind %d", (int)kind);
    if (!e->caps.can_see && conv_image_count(c))
        REFUSE(UNSUPPORTED, "messages", "The model cannot see (capability \"vision\").");
    return OK;
}

static fallible
make_job(engine *e, const struct engine_submit *ask, size_t inputs, engine_job **ret)
{
    const size_t seen = ask->n > inputs ? ask->n : inputs;
    engine_job *j = mem_get(sizeof *j + seen);
    if (!j)
        FAIL(LIMIT, "no memory for a request");
    memset(j, 0, sizeof *j + seen);
    j->magic = JOB_MAGIC;
    j->owner = e;
    j->id = ++e->last_id;
    j->kind = (enum engine_kind)ask->kind;
    j->n = j->open = ask->n;
    j->inputs = j->missing = (uint32_t)inputs;
    j->tokens_max = ask->tokens_max;
    j->top_max = ask->top_logprobs;
    j->dims = ask->dimensions ? ask->dimensions : e->caps.embedding_dims;
    j->has_logprobs = ask->logprobs;
    *ret = j;
    return OK;
}

static fallible
offer_tools(engine_job *j, const struct conv_tools *t)
{
    if (j->kind != ENGINE_CHAT || j->has_logprobs) /* those belong to the raw text */
        return OK;
    return parts_new(t, j->n, j->label, (struct parts_hook){on_part, j}, &j->parts);
}

static fallible
send_job(engine *e, engine_job *j, const struct engine_submit *ask, str tail)
{
    TRY(map_put(&e->jobs, key_of(&j->id), j));
    const err bad = ipc_send(e->channel, ENGINE_SUBMIT, j->id, ask, sizeof *ask, tail, -1);
    if (bad.code) {
        map_take(&e->jobs, key_of(&j->id));
        return bad;
    }
    j->next = e->first;
    if (e->first)
        e->first->before = j;
    e->first = j;
    return OK;
}

fallible
engine_submit(engine *e, const grant *g, enum engine_kind kind, const struct conv *c,
              label model_label, struct engine_hooks hooks, engine_job **ret)
{
    AUTO(buf) tail = BUF(SUBMIT_BYTES_MAX);
    struct engine_submit ask;
    engine_job *j = NULL;
    ASSERT(hooks.on_done && hooks.on_failed);
    ASSERT(kind == ENGINE_EMBED || kind == ENGINE_TOKENIZE ||
           (c->params.n >= 1 && c->params.n <= ENGINE_ANSWERS_MAX));
    if (!grant_covers(g, c->label))
        FAIL(DENIED, "the grant does not cover the conversation");
    TRY(check_up(e));
    TRY(check_able(e, kind, c));
    TRY(submit_write(kind, c, g, &ask, &tail));
    TRY(make_job(e, &ask, kind == ENGINE_EMBED ? c->inputs.count : 0, &j));
    ASSERT(j);
    j->hooks = hooks;
    j->stops = c->params.stop_count;
    j->label = label_join(c->label, model_label);
    err bad = offer_tools(j, &c->tools);
    if (!bad.code)
        bad = send_job(e, j, &ask, buf_str(&tail));
    if (bad.code) {
        free_job(j);
        return bad;
    }
    *ret = j;
    return OK;
}

fallible
engine_ask_stats(engine *e, void (*fn)(void *ctx, const struct engine_stats *s), void *ctx)
{
    ASSERT(fn != NULL);
    TRY(check_up(e));
    if (e->asked_count == STATS_MAX)
        FAIL(BUSY, "%d questions about the engine wait for an answer", STATS_MAX);
    TRY(ipc_send(e->channel, ENGINE_ASK_STATS, 0, NULL, 0, STR_NONE, -1));
    const size_t at = (e->asked_first + e->asked_count) % STATS_MAX;
    e->asked[at].fn = fn;
    e->asked[at].ctx = ctx;
    e->asked_count++;
    return OK;
}
