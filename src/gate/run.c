/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/gate.h"

#include "gate/inside.h"
#include "os/clock.h"
#include "os/log.h"

/* One request on its way through the door.  Lives in the request's arena; the phases follow one
 * another, and whatever it waits for is in exactly one of `wait`, `job` or the audit queue. */
struct gate_job {
    gate *gate;
    struct gate_ask ask;
    struct gate_hooks hooks;
    struct model model; /* a copy: the registry may lose it meanwhile */
    struct decision decision;
    const grant *grant;
    engines_wait *wait;
    engine_job *job;
    sha256 *output_hash;
    digest input, output;
    struct err_kept failure;
    char label_text[LABEL_TEXT_MAX], clearance_text[LABEL_TEXT_MAX];
    bool started, holds_place, has_input, completed;
    bool in_hook; /* of the asker's */
    uint64_t first_token_us, last_token_us;
    uint64_t tokens_in;
    uint64_t tokens_out, tokens_shown; /* of the answers that ended; of the pieces that came */
};

static const struct gate_parts *
parts(const gate_job *j)
{
    return &j->gate->parts;
}

/* ---- labels */
static void
label_messages(struct conv *c, label l)
{
    for (size_t i = 0; i < c->messages.count; i++)
        c->messages.at[i].text.label = l;
    for (size_t i = 0; i < c->inputs.count; i++)
        c->inputs.at[i].label = l;
    c->prompt.label = l;
    c->label = l;
}

/* People are cleared for every taint, which says nothing in a record. */
static label
without_taint(label l)
{
    return label_part(l, 0, LABEL_TAINT_FIRST);
}

static fallible
set_label(gate_job *j)
{
    label l = j->ask.session->default_label;
    const struct label_names *names = policy_names(parts(j)->policy);
    if (j->ask.label_text.len)
        TRY(label_parse(names, j->ask.label_text, &l));
    label_messages(j->ask.conv, l);
    label_text(names, l, j->label_text);
    label_text(names, without_taint(j->ask.session->clearance), j->clearance_text);
    return OK;
}

/* ---- digests: over what was read and written, in canonical form */
static fallible
hash_text(sha256 *h, str text)
{
    const uint64_t len = text.len;
    TRY(sha256_add(h, (str){(const char *)&len, sizeof len}));
    return sha256_add(h, text);
}

static fallible
hash_content(sha256 *h, content c, const grant *g)
{
    str bytes;
    TRY(content_open(c, g, &bytes));
    return hash_text(h, bytes);
}

static fallible
hash_message(sha256 *h, const struct conv_message *m, const grant *g)
{
    TRY(hash_text(h, str_of(conv_role_name(m->role))));
    TRY(hash_text(h, m->name));
    TRY(hash_text(h, m->tool_calls));
    TRY(hash_text(h, m->tool_call_id));
    return hash_content(h, m->text, g);
}

static fallible
hash_conv(sha256 *h, const struct conv *c, const grant *g)
{
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(hash_message(h, &c->messages.at[i], g));
    for (size_t i = 0; i < c->inputs.count; i++)
        TRY(hash_content(h, c->inputs.at[i], g));
    if (c->tools.json.len)
        TRY(hash_text(h, c->tools.json));
    if (c->format.schema.len)
        TRY(hash_text(h, c->format.schema));
    return hash_content(h, c->prompt, g);
}

static fallible
hash_input(gate_job *j)
{
    sha256 *h;
    TRY(sha256_new(&h));
    const err e = hash_conv(h, j->ask.conv, j->grant);
    if (e.code) {
        sha256_free(h);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    TRY(sha256_end(h, &j->input));
    j->has_input = true;
    return sha256_new(&j->output_hash);
}

/* ---- records */
static struct audit_record
record_of(const gate_job *j)
{
    const struct session *s = j->ask.session;
    return (struct audit_record){
        .request_id = j->ask.request_id,
        .key_id = s->key_id,
        .tenant = s->tenant,
        .op = str_of(op_info(j->ask.op)->name),
        .label_text = str_of(j->label_text),
        .clearance_text = str_of(j->clearance_text),
        .model = j->model.name,
        .model_sha256 = j->model.sha256,
        .decision = "",
        .rule = "",
        .outcome = "",
        .input = j->has_input ? &j->input : NULL,
    };
}

static void
release(gate_job *j)
{
    if (j->holds_place) {
        j->gate->running--;
        meter_add(parts(j)->meters, METER_REQUESTS_RUNNING, -1);
    }
    j->holds_place = false;
    sha256_free(j->output_hash);
    j->output_hash = NULL;
}

/* The last call of the job: hands the outcome to the dialect. */
static void
end(gate_job *j, err e)
{
    release(j);
    j->hooks.on_end(j->hooks.ctx, e);
}

/* Made once for each job that was allowed.  What an answer that was broken off has cost, only its
 * pieces tell. */
static struct audit_record
completion_of(gate_job *j, const char *outcome)
{
    struct audit_record r = record_of(j);
    r.event = EVENT_COMPLETION;
    r.outcome = outcome;
    r.tokens_in = j->tokens_in;
    r.tokens_out = j->tokens_out > j->tokens_shown ? j->tokens_out : j->tokens_shown;
    meter_add(parts(j)->meters, METER_TOKENS_IN, (int64_t)r.tokens_in);
    meter_add(parts(j)->meters, METER_TOKENS_OUT, (int64_t)r.tokens_out);
    r.duration_us = clock_us() - j->ask.received_us;
    r.first_token_us = j->first_token_us ? j->first_token_us - j->ask.received_us : 0;
    if (j->output_hash && !sha256_end(j->output_hash, &j->output).code)
        r.output = &j->output;
    j->output_hash = NULL;
    return r;
}

static void
on_completed(void *ctx, err recorded)
{
    gate_job *j = ctx;
    meter_observe_us(parts(j)->meters, METER_REQUEST_TIME, clock_us() - j->ask.received_us);
    end(j, recorded.code ? recorded : err_again(&j->failure));
}

/* The engine's part is over, well or not: record it, then let the last frame go. */
static void
complete(gate_job *j, err e)
{
    err_keep(&j->failure, e);
    j->job = NULL;
    j->completed = true;
    const struct audit_record r = completion_of(j, e.code ? err_info(e)->id : "ok");
    const err refused = audit_append(parts(j)->audit, &r, on_completed, j);
    if (refused.code)
        end(j, refused);
}

/* ---- the engine's hooks */
static void
start_once(gate_job *j)
{
    if (j->started)
        return;
    j->started = true;
    const struct gate_start s = {.model = &j->model, .label_text = str_of(j->label_text)};
    j->in_hook = true;
    j->hooks.on_start(j->hooks.ctx, &s);
    j->in_hook = false;
}

static void
time_token(gate_job *j)
{
    const uint64_t now = clock_us();
    meters *m = parts(j)->meters;
    if (!j->first_token_us) {
        j->first_token_us = now;
        meter_observe_us(m, METER_FIRST_TOKEN, now - j->ask.received_us);
    } else if (j->ask.conv->params.n == 1) { /* else pieces of several answers alternate */
        meter_observe_us(m, METER_TOKEN_GAP, now - j->last_token_us);
    }
    j->last_token_us = now;
}

static void
cancel_with(gate_job *j, err e)
{
    struct err_kept kept;
    err_keep(&kept, e);
    engine_cancel(TAKE(j->job));
    complete(j, err_again(&kept));
}

static void
on_text(void *ctx, const struct engine_piece *p)
{
    gate_job *j = ctx;
    str text;
    err e = content_open(p->text, j->grant, &text);
    if (!e.code)
        e = sha256_add(j->output_hash, text);
    if (e.code) {
        cancel_with(j, e);
        return;
    }
    j->tokens_shown += p->token_count;
    time_token(j);
    start_once(j);
    j->in_hook = true;
    j->hooks.on_text(j->hooks.ctx, p, text);
    j->in_hook = false;
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    gate_job *j = ctx;
    const err e = sha256_add(j->output_hash, (str){(const char *)values, dims * sizeof *values});
    if (e.code) {
        cancel_with(j, e);
        return;
    }
    start_once(j);
    j->in_hook = true;
    j->hooks.on_vector(j->hooks.ctx, index, values, dims);
    j->in_hook = false;
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    gate_job *j = ctx;
    j->tokens_in = u->prompt_tokens;
    j->tokens_out += u->output_tokens;
    start_once(j);
    j->in_hook = true;
    j->hooks.on_done(j->hooks.ctx, u);
    j->in_hook = false;
    if (u->is_last)
        complete(j, OK);
}

static fallible
given_back(void)
{
    FAIL(ENGINE_LOST, "the engine was given back while it worked");
}

/* An engine that is given back under its jobs is as lost to them as one that died. */
static void
on_failed(void *ctx, err e)
{
    complete(ctx, e.code == ERR_CANCELLED ? given_back() : e);
}

/* ---- the phases */
static void
on_engine(void *ctx, engine *en, err why)
{
    gate_job *j = ctx;
    j->wait = NULL;
    if (why.code) {
        complete(j, why);
        return;
    }
    const struct engine_hooks hooks = {.on_text = on_text,
                                       .on_vector = on_vector,
                                       .on_done = on_done,
                                       .on_failed = on_failed,
                                       .ctx = j};
    const err e =
        engine_submit(en, j->grant, j->ask.kind, j->ask.conv, LABEL_BOTTOM, hooks, &j->job);
    if (e.code)
        complete(j, e);
}

/* The model may have been removed, or another put under its name, while the record was written. */
static fallible
check_model(const gate_job *j)
{
    const struct model *m = registry_get(parts(j)->registry, j->model.name);
    if (!m || !str_eq(m->sha256, j->model.sha256))
        REFUSE(MODEL_NOT_FOUND, "model", "the model \"%.*s\" was removed", STR_FMT(j->model.name));
    return OK;
}

static void
on_decided(void *ctx, err recorded)
{
    gate_job *j = ctx;
    engine *en = NULL;
    if (recorded.code) {
        end(j, recorded);
        return;
    }
    if (!j->decision.allowed) {
        end(j, err_again(&j->failure));
        return;
    }
    err e = check_model(j);
    if (!e.code)
        e = engines_get(j->gate->engines, &j->model, on_engine, j, &en, &j->wait);
    if (e.code || en)
        on_engine(j, en, e);
}

static fallible
reserve(gate_job *j)
{
    if (j->gate->running >= parts(j)->params->gate_running_max)
        REFUSE(BUSY, "", "%zu requests are running already", j->gate->running);
    j->gate->running++;
    j->holds_place = true;
    meter_add(parts(j)->meters, METER_REQUESTS_RUNNING, 1);
    return OK;
}

static err
decide(gate_job *j)
{
    const struct ask q = {.session = j->ask.session,
                          .op = j->ask.op,
                          .data = j->ask.conv->label,
                          .model = j->model.name,
                          .target = j->model.sink,
                          .now_wall_ms = clock_wall_ms()};
    const err e = gate_decide(j->gate, &q, j->ask.a, &j->decision, &j->grant);
    err_keep(&j->failure, e);
    return e;
}

static fallible
copy_model(gate_job *j)
{
    const enum model_kind kind = j->ask.kind == ENGINE_EMBED ? MODEL_EMBED : MODEL_CHAT;
    const struct model *m;
    TRY(registry_find(parts(j)->registry, j->ask.model, kind, &m));
    j->model = *m;
    j->model.name = arena_str(j->ask.a, m->name);
    j->model.file = arena_str(j->ask.a, m->file);
    j->model.sha256 = arena_str(j->ask.a, m->sha256);
    j->model.engine = arena_str(j->ask.a, m->engine);
    return OK;
}

static fallible
enter(gate_job *j)
{
    TRY(copy_model(j));
    TRY(set_label(j));
    TRY(reserve(j));
    const err denied = decide(j);
    if (!denied.code)
        TRY(hash_input(j));
    else if (denied.code != ERR_DENIED && denied.code != ERR_UNAUTHENTICATED)
        return err_pass(denied, __FILE__, __LINE__, __func__);
    const struct audit_record r = record_of(j);
    return gate_record_decision(j->gate, &r, &j->decision, on_decided, j);
}

fallible
gate_run(gate *g, const struct gate_ask *ask, struct gate_hooks hooks, gate_job **ret)
{
    void *room;
    TRY(try_arena_get(ask->a, 1, sizeof(gate_job), &room));
    gate_job *j = room;
    j->gate = g;
    j->ask = *ask;
    j->hooks = hooks;
    const err e = enter(j);
    if (e.code) {
        release(j);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = j;
    return OK;
}

static void
record_cancel(gate_job *j)
{
    const struct audit_record r = completion_of(j, "cancelled");
    const err e = audit_append(parts(j)->audit, &r, NULL, NULL);
    if (e.code) /* nobody waits for the answer; the operator must still learn of the gap */
        log_failure(LOG_ERROR, "audit.lost", e);
}

void
gate_cancel(gate_job *j)
{
    if (!j)
        return;
    ASSERT(!j->in_hook);
    audit_forget(parts(j)->audit, j);
    engines_forget(TAKE(j->wait));
    engine_cancel(TAKE(j->job));
    if (j->decision.allowed && !j->completed)
        record_cancel(j);
    release(j);
}
