/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/job.h"

#include "gate/keep.h"
#include "os/clock.h"
#include "os/log.h"

struct audit_record
job_record(const gate_job *j)
{
    const struct session *s = j->ask.session;
    return (struct audit_record){
        .request_id = j->ask.request_id,
        .key_id = s->key_id,
        .tenant = s->tenant,
        .person = s->person,
        .purpose = s->purpose,
        .case_name = j->ask.case_name,
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
leave(gate_job *j)
{
    if (!j->holds_place)
        return;
    *(j->prev ? &j->prev->next : &j->gate->jobs) = j->next;
    if (j->next)
        j->next->prev = j->prev;
    j->gate->running--;
    j->holds_place = false;
    meter_add(job_parts(j)->meters, METER_REQUESTS_RUNNING, -1);
}

void
job_meter(gate_job *j)
{
    j->is_metered = gate_read_energy(j->gate);
    if (j->is_metered)
        j->energy_mark = energy_begin(&j->gate->energy);
}

/* Of a job that an engine of ours had. */
static void
take_energy(gate_job *j, struct audit_record *r)
{
    r->energy_by = "not measured";
    if (!j->is_metered)
        return;
    const bool is_read = gate_read_energy(j->gate);
    const uint64_t mj = energy_end(&j->gate->energy, j->energy_mark, r->tokens_in + r->tokens_out);
    j->is_metered = false;
    if (!is_read)
        return;
    r->energy_by = "rapl";
    r->energy_mj = mj;
}

void
job_release(gate_job *j)
{
    ASSERT(!j->is_metered);
    leave(j);
    budget_release(j->gate->budget, &j->budget); /* nothing ran, or it was settled */
    sha256_free(j->output_hash);
    j->output_hash = NULL;
    words_free(TAKE(j->words));
    pass_done(&j->pass);
}

/* ---- for the collector */
static const char *
operation_of(enum op op)
{
    if (op == OP_COMPLETE)
        return "text_completion";
    return op == OP_EMBED ? "embeddings" : op_info(op)->name;
}

/* As OpenTelemetry's conventions call it. */
static const char *
dialect_of(const struct target *t)
{
    switch (t->remote.dialect) {
    case REMOTE_ANTHROPIC:
        return "anthropic";
    case REMOTE_BEDROCK:
        return "aws.bedrock";
    case REMOTE_OPENAI:
        break;
    }
    return "openai";
}

static void
note_target(const gate_job *j, struct span_note *n)
{
    (void)str_copy(str_slice(j->model.name, 0, SPAN_MODEL_MAX - 1), n->model, sizeof n->model);
    n->submitted_us = j->submitted_us;
    n->begun_us = j->submitted_us ? j->submitted_us + j->queued_us : 0;
    n->first_us = j->first_token_us;
    if (n->first_us && n->begun_us > n->first_us) /* the engine's count began a little earlier */
        n->begun_us = n->first_us;
    n->answered_us = j->answered_us;
    if (!j->target.is_remote)
        return;
    n->dialect = dialect_of(&j->target);
    (void)str_copy(str_slice(j->target.remote.provider, 0, SPAN_NAME_MAX - 1), n->provider,
                   sizeof n->provider);
}

void
job_tell(const gate_job *j, err e)
{
    otel *const o = j->gate->otel;
    struct span_note n = {.serial = 0};
    if (!otel_trace(o, j->ask.request_id, j->ask.traceparent, &n.trace))
        return;
    (void)str_copy(str_slice(j->ask.request_id, 0, SPAN_NAME_MAX - 1), n.request_id,
                   sizeof n.request_id);
    n.operation = operation_of(j->ask.op);
    n.class = served_class_name(j->class);
    n.error = e.code ? err_info(e)->name : NULL;
    n.is_denied = !j->decision.allowed;
    n.is_counted = j->submitted;
    n.finishes = j->finishes;
    n.tokens_in = j->tokens_in;
    n.tokens_out = j->tokens_out > j->tokens_shown ? j->tokens_out : j->tokens_shown;
    n.tenant = otel_tenant(o, j->ask.session->tenant);
    n.received_us = j->ask.received_us;
    n.decided_us = j->decided_us;
    note_target(j, &n);
    n.ended_us = clock_us();
    n.ended_wall_ms = clock_wall_ms();
    otel_note(o, &n);
}

/* The last call of the job: hands the outcome to the dialect, after it what was kept back. */
void
job_end(gate_job *j, err e)
{
    AUTO(buf) tail = j->pass.tail;
    j->pass.tail = BUF(0);
    job_tell(j, e);
    job_release(j);
    if (tail.len && !e.code)
        j->hooks.on_frames(j->hooks.ctx, buf_str(&tail));
    j->hooks.on_end(j->hooks.ctx, e);
}

/* What an engine has begun with is not free because its count never came. */
void
job_settle(gate_job *j, uint64_t tokens_out, uint64_t energy_mj)
{
    const uint64_t in = j->tokens_in || !j->submitted ? j->tokens_in : j->budget.input_tokens;
    const struct budget_spent s = {.tokens = in + tokens_out,
                                   .energy_mj = energy_mj,
                                   .usage = {j->tokens_in, j->tokens_cached, j->tokens_out},
                                   .is_counted = j->is_counted,
                                   .is_free = j->is_free};
    const struct budget_cost c = budget_settle(j->gate->budget, &j->budget, &s);
    if (!c.by[0])
        return;
    if (c.is_doubted) {
        meter_add(job_parts(j)->meters, METER_EGRESS_DOUBTED, 1);
        LOG(WARNING, "provider.usage_doubted", LOG_S("request", j->ask.request_id),
            LOG_S("model", j->model.name), LOG_N("tokens_in", j->tokens_in),
            LOG_N("tokens_out", j->tokens_out));
    }
    meter_add(job_parts(j)->meters, METER_EGRESS_COST, (int64_t)c.micro_euro);
    j->cost.micro_euro += c.micro_euro;
    if (!j->cost.by || str_eq(str_of(j->cost.by), STR("usage")))
        j->cost.by = c.by;
}

/* Made once for each job that was allowed.  What an answer that was broken off has cost, only its
 * pieces tell. */
struct audit_record
job_completion(gate_job *j, const char *outcome)
{
    struct audit_record r = job_record(j);
    r.event = EVENT_COMPLETION;
    r.outcome = outcome;
    r.tokens_in = j->tokens_in;
    r.tokens_out = j->tokens_out > j->tokens_shown ? j->tokens_out : j->tokens_shown;
    meter_add(job_parts(j)->meters, METER_TOKENS_IN, (int64_t)r.tokens_in);
    meter_add(job_parts(j)->meters, METER_TOKENS_OUT, (int64_t)r.tokens_out);
    if (j->submitted && !j->target.is_remote)
        take_energy(j, &r);
    if (j->submitted)
        job_settle(j, r.tokens_out, r.energy_mj);
    r.cost_micro_euro = j->cost.micro_euro;
    r.cost_by = j->cost.by;
    r.rule = j->guardrail ? j->guardrail->name.at : r.rule;
    r.duration_us = clock_us() - j->ask.received_us;
    r.first_token_us = j->first_token_us ? j->first_token_us - j->ask.received_us : 0;
    digest plain;
    if (j->output_hash && !sha256_end(j->output_hash, &plain).code &&
        !words_salted(&j->salt, &plain, &j->output).code)
        r.output = &j->output;
    j->output_hash = NULL;
    return r;
}

/* What operators see of it; no word of what was said, nor who said it. */
static void
observe(gate_job *j, const struct audit_record *r)
{
    const uint64_t before = j->submitted_us ? j->submitted_us - j->ask.received_us : 0;
    const struct served_end e = {.queued_us = before + j->queued_us,
                                 .first_token_us = r->first_token_us,
                                 .total_us = r->duration_us,
                                 .tokens_in = r->tokens_in,
                                 .tokens_out = r->tokens_out,
                                 .energy_mj = r->energy_mj,
                                 .is_metered = str_eq(str_of(r->energy_by), STR("rapl")),
                                 .is_failed = j->failure.e.code != ERR_OK,
                                 .embeds = j->ask.kind == ENGINE_EMBED};
    served_end(served_row_of(j->gate->served, j->model.name, j->class), &e);
    char trace[GATE_TRACE_BYTES];
    LOG(INFO, "request.done", LOG_S("request", j->ask.request_id),
        LOG_S("trace", gate_trace(j->gate, j->ask.request_id, j->ask.traceparent, trace)),
        LOG_S("op", r->op), LOG_Z("status", r->outcome), LOG_S("model", j->model.name),
        LOG_Z("class", served_class_name(j->class)), LOG_N("tokens_in", r->tokens_in),
        LOG_N("tokens_out", r->tokens_out), LOG_N("ms", r->duration_us / 1000));
}

static void
on_completed(void *ctx, err recorded)
{
    gate_job *j = ctx;
    meter_observe_us(job_parts(j)->meters, METER_REQUEST_TIME, clock_us() - j->ask.received_us);
    job_end(j, recorded.code ? recorded : err_again(&j->failure));
}

/* What must be kept and cannot be fails the request. */
static fallible
keep_said(gate_job *j)
{
    const struct keep_words k = {j->ask.session,   j->target.own, j->ask.request_id,
                                 j->ask.case_name, j->words,      j->answer_label};
    return j->words ? keep_words(j->gate, &k, &j->kept) : OK;
}

/* The engine's part is over, well or not: record it, then let the last frame go. */
void
job_complete(gate_job *j, err e)
{
    err_keep(&j->failure, e);
    j->job = NULL;
    j->remote = NULL;
    j->completed = true;
    j->answered_us = clock_us();
    const err lost = keep_said(j);
    if (!e.code && lost.code)
        err_keep(&j->failure, e = lost);
    struct audit_record r = job_completion(j, e.code         ? err_info(e)->id
                                              : j->guardrail ? "filtered"
                                                             : "ok");
    r.kept = j->words && !lost.code ? &j->kept : NULL;
    observe(j, &r);
    const err refused = audit_append(job_parts(j)->audit, &r, on_completed, j);
    if (refused.code)
        job_end(j, refused);
}
