/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/gate.h"

#include "gate/guards.h"
#include "gate/hide/canon.h"
#include "gate/job.h"
#include "gate/keep.h"
#include "os/clock.h"
#include "os/log.h"

/* ---- labels */
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
    const struct label_names *names = policy_names(job_parts(j)->policy);
    if (j->ask.label_text.len)
        TRY(label_parse(names, j->ask.label_text, &l));
    l = label_join(l, j->ask.floor);
    screen_label(j->ask.conv, l);
    label_text(names, l, j->label_text);
    label_text(names, without_taint(j->ask.session->clearance), j->clearance_text);
    return OK;
}

/* What was said; of what is passed as it came the bytes themselves are the form. */
static fallible
hash_input(gate_job *j)
{
    digest plain = j->target.sent;
    const struct keep_salt_of of = {.key_id = j->ask.session->key_id,
                                    .request_id = j->ask.request_id,
                                    .tenant = j->ask.session->tenant,
                                    .case_name = j->ask.case_name,
                                    .may_make = true};
    TRY(keep_salt(j->gate, &of, &j->salt));
    if (!j->target.passes)
        TRY(canon_conv(j->ask.conv, j->target.own, &plain));
    TRY(words_salted(&j->salt, &plain, &j->input));
    j->has_input = true;
    if (policy_keep_days(job_parts(j)->policy, j->answer_label)) {
        TRY(keep_words_room(j->gate, WORDS_LEAST));
        TRY(words_new(j->ask.conv, j->target.own, &j->words));
    }
    return sha256_new(&j->output_hash);
}

/* ---- the engine's hooks */
static struct gate_start
start_of(const gate_job *j)
{
    return (struct gate_start){
        .model = &j->model, .label_text = str_of(j->answer_text), .limits = j->budget.shown};
}

static void
start_once(gate_job *j)
{
    if (j->started)
        return;
    j->started = true;
    const struct gate_start s = start_of(j);
    j->in_hook = true;
    j->hooks.on_start(j->hooks.ctx, &s);
    j->in_hook = false;
}

static void
time_token(gate_job *j)
{
    const uint64_t now = clock_us();
    meters *m = job_parts(j)->meters;
    if (!j->first_token_us) {
        j->first_token_us = now;
        meter_observe_us(m, METER_FIRST_TOKEN, now - j->ask.received_us);
        j->row = served_row_of(j->gate->served, j->model.name, j->class);
    } else if (j->ask.conv->params.n == 1) { /* else pieces of several answers alternate */
        meter_observe_us(m, METER_TOKEN_GAP, now - j->last_token_us);
        served_gap(j->row, now - j->last_token_us);
    }
    j->last_token_us = now;
}

static bool
is_running(const gate_job *j)
{
    return j->job || j->remote;
}

/* What was asked has a level or compartments that the person is, still, cleared for. */
static bool
is_cleared(const gate_job *j)
{
    const struct session *s = j->ask.session;
    const label needs = label_part(j->ask.conv->label, 0, LABEL_REL_FIRST);
    const int64_t until = s->cleared_until_wall_ms;
    return label_eq(needs, LABEL_BOTTOM) || !until ||
           (gate_now(j->gate) < until && label_dominates(s->clearance, needs));
}

static fallible
check_session(const gate_job *j)
{
    TRY(keyring_check(j->ask.session));
    if (!is_cleared(j))
        REFUSE(DENIED, "", "the person's clearance ended while the request ran");
    if (!policy_person_acts(job_parts(j)->policy, j->ask.session, j->ask.conv->label,
                            gate_now(j->gate)))
        REFUSE(DENIED, "", "the person's leave to act for its purpose ended while the request ran");
    const label may = hours_may(policy_hours(job_parts(j)->policy), gate_now(j->gate));
    if (!label_dominates(may, j->ask.conv->label))
        REFUSE(DENIED, "", "the office hours of the data ended while the request ran");
    return OK;
}

static void
stop(gate_job *j)
{
    engine_cancel(TAKE(j->job));
    remote_cancel(TAKE(j->remote));
}

static void
cancel_with(gate_job *j, err e)
{
    struct err_kept kept;
    err_keep(&kept, e);
    stop(j);
    job_complete(j, err_again(&kept));
}

/* The last step of a piece: to the dialect. */
static void
present(void *ctx, const struct engine_piece *p, str text)
{
    gate_job *j = ctx;
    start_once(j);
    j->in_hook = true;
    j->hooks.on_text(j->hooks.ctx, p, text);
    j->in_hook = false;
}

static void
show(void *ctx, const struct engine_piece *p, str text)
{
    gate_job *j = ctx;
    if (!j->screened)
        present(j, p, text);
    else if (screened_add(j->screened, p, text).code)
        j->screen_failed = true;
}

static fallible
show_piece(gate_job *j, const struct engine_piece *p, str text)
{
    if (j->reveal)
        TRY(reveal_add(j->reveal, p, text));
    else
        show(j, p, text);
    if (j->screen_failed)
        FAIL(LIMIT, "the guardrails could not look at an answer");
    return OK;
}

static bool
is_cut(const gate_job *j)
{
    return j->screened && screened_blocked(j->screened);
}

/* A guardrail forbids the rest of the answers. */
static void
cut(gate_job *j)
{
    struct engine_usage u = {
        .finish = FINISH_FILTER, .output_tokens = (uint32_t)j->tokens_shown, .is_estimated = true};
    stop(j);
    start_once(j);
    u.guardrail = j->guardrail = screened_blocked(j->screened);
    j->finishes |= 1u << FINISH_FILTER;
    j->in_hook = true;
    while (screened_next_open(j->screened, &u.index, &u.is_last)) {
        j->hooks.on_done(j->hooks.ctx, &u);
        u.output_tokens = 0;
    }
    j->in_hook = false;
    job_complete(j, OK);
}

static void
on_text(void *ctx, const struct engine_piece *p)
{
    gate_job *j = ctx;
    str text = STR_NONE;
    err e = check_session(j);
    if (!e.code)
        e = content_open(p->text, j->target.own, &text); /* the answer is the asker's */
    if (!e.code)
        e = sha256_add(j->output_hash, text);
    if (!e.code)
        e = words_add(j->words, text);
    if (e.code) {
        cancel_with(j, e);
        return;
    }
    j->tokens_shown += p->token_count;
    time_token(j);
    e = show_piece(j, p, text);
    if (e.code)
        cancel_with(j, e);
    else if (is_cut(j))
        cut(j);
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
    j->tokens_cached = u->cached_tokens;
    j->is_counted = u->is_last && !u->is_estimated;
    j->tokens_out += u->output_tokens;
    j->finishes |= 1u << u->finish;
    j->queued_us = u->queued_us;
    meter_add(job_parts(j)->meters, METER_TOKENS_GUESSED, u->guessed);
    meter_add(job_parts(j)->meters, METER_TOKENS_GUESSED_RIGHT, u->guessed_right);
    err e = j->reveal ? reveal_end(j->reveal, u->index) : OK;
    if (!e.code && j->screened)
        e = screened_end(j->screened, u->index);
    if (e.code || is_cut(j)) {
        e.code ? cancel_with(j, e) : cut(j);
        return;
    }
    start_once(j);
    j->in_hook = true;
    j->hooks.on_done(j->hooks.ctx, u);
    j->in_hook = false;
    if (u->is_last)
        job_complete(j, OK);
}

static fallible
given_back(void)
{
    FAIL(ENGINE_LOST, "the engine was given back while it worked");
}

/* Ends it, or has the next target try. */
static void fail(gate_job *j, err e);

/* An engine that is given back under its jobs is as lost to them as one that died. */
static void
on_failed(void *ctx, err e)
{
    fail(ctx, e.code == ERR_CANCELLED ? given_back() : e);
}

/* ---- what passes through */
static void
on_pass(void *ctx, bool is_stream)
{
    gate_job *j = ctx;
    const struct gate_start s = start_of(j);
    j->started = j->in_hook = true;
    j->hooks.on_pass(j->hooks.ctx, &s, is_stream);
    j->in_hook = false;
}

static void
on_frames(void *ctx, str raw, uint32_t count)
{
    gate_job *j = ctx;
    err e = check_session(j);
    if (!e.code)
        e = words_add(j->words, raw);
    if (e.code) {
        cancel_with(j, e);
        return;
    }
    j->tokens_shown += count;
    time_token(j);
    j->in_hook = true;
    j->hooks.on_frames(j->hooks.ctx, raw);
    j->in_hook = false;
}

static void
on_passed(void *ctx, err e, const struct engine_usage *u)
{
    gate_job *j = ctx;
    if (e.code) {
        fail(j, e);
        return;
    }
    j->tokens_in = u->prompt_tokens;
    j->tokens_cached = u->cached_tokens;
    j->is_counted = !u->is_estimated;
    j->finishes |= 1u << u->finish;
    j->tokens_out = j->tokens_shown = u->output_tokens; /* frames are no tokens */
    job_complete(j, e);
}

static fallible
pass_on(gate_job *j)
{
    j->pass.hash = j->output_hash;
    j->pass.hooks = (struct pass_hooks){
        .on_head = on_pass, .on_frames = on_frames, .on_end = on_passed, .ctx = j};
    return pass_start(&j->pass, j->gate->egress, &j->ask, &j->target, &j->remote);
}

/* ---- the phases */
static struct engine_hooks
hooks_of(gate_job *j)
{
    return (struct engine_hooks){.on_text = on_text,
                                 .on_vector = on_vector,
                                 .on_done = on_done,
                                 .on_failed = on_failed,
                                 .ctx = j};
}

static void
on_engine(void *ctx, engine *en, err why)
{
    gate_job *j = ctx;
    j->wait = NULL;
    if (why.code) {
        job_complete(j, why);
        return;
    }
    const err e = engine_submit(en, j->grant, j->ask.kind, j->target.conv, j->target.model_label,
                                hooks_of(j), &j->job);
    j->submitted = !e.code;
    j->submitted_us = clock_us();
    if (e.code)
        job_complete(j, e);
    else
        job_meter(j);
}

static void
go_inside(gate_job *j)
{
    engine *en = NULL;
    const err e = engines_get(j->gate->engines, &j->model, on_engine, j, &en, &j->wait);
    if (e.code || en)
        on_engine(j, en, e);
}

static fallible
send_outside(gate_job *j)
{
    const struct target *t = &j->target;
    if (!j->gate->egress)
        FAIL(PROVIDER_LOST, "hoheit-egress is not up");
    if (t->passes)
        return pass_on(j);
    if (t->pseudonyms)
        TRY(reveal_new(j->ask.a, t->pseudonyms, t->conv->params.n, (struct reveal_out){show, j},
                       &j->reveal));
    return remote_submit(j->gate->egress, j->grant, &t->remote, j->ask.kind, t->conv,
                         t->model_label, hooks_of(j), &j->remote);
}

static void
go_outside(gate_job *j)
{
    const err e = send_outside(j);
    j->submitted = !e.code;
    j->submitted_us = clock_us();
    if (e.code)
        fail(j, e);
}

/* The model may have been removed, or another put under its name, while the record was written. */
static fallible
check_model(const gate_job *j)
{
    const struct model *m = registry_get(job_parts(j)->registry, j->model.name);
    if (!m || !str_eq(m->sha256, j->model.sha256))
        REFUSE(MODEL_NOT_FOUND, "model", "the model \"%.*s\" was removed", STR_FMT(j->model.name));
    return OK;
}

static void
go_to_target(gate_job *j)
{
    if (j->target.is_remote)
        go_outside(j);
    else
        go_inside(j);
}

static void
on_seen(void *ctx, err e)
{
    gate_job *j = ctx;
    j->sight = NULL;
    if (!e.code)
        e = check_session(j);
    if (!e.code)
        e = check_model(j);
    if (e.code)
        job_complete(j, e);
    else
        go_to_target(j);
}

/* Images that are none go nowhere, outside neither. */
static bool
needs_sight(const gate_job *j)
{
    const struct conv_image *first = conv_image_at(j->ask.conv, 0);
    return first && !first->width;
}

static void
look(gate_job *j)
{
    const struct sight_wish w = {
        .a = j->ask.a, .conv = j->ask.conv, .own = j->target.own, .fn = on_seen, .ctx = j};
    const err e = sight_ask(j->gate->cells, &w, &j->sight);
    if (e.code)
        job_complete(j, e);
}

static void
on_decided(void *ctx, err recorded)
{
    gate_job *j = ctx;
    j->decided_us = clock_us();
    if (recorded.code) {
        job_end(j, recorded);
        return;
    }
    if (!j->decision.allowed) {
        job_end(j, err_again(&j->failure));
        return;
    }
    err e = check_session(j);
    if (!e.code)
        e = check_model(j);
    if (e.code)
        job_complete(j, e);
    else if (needs_sight(j))
        look(j);
    else
        go_to_target(j);
}

static fallible
reserve(gate_job *j)
{
    if (j->gate->running >= job_parts(j)->params->gate_running_max)
        REFUSE(BUSY, "", "%zu requests are running already", j->gate->running);
    j->next = j->gate->jobs;
    if (j->next)
        j->next->prev = j;
    j->gate->jobs = j;
    j->gate->running++;
    j->holds_place = true;
    meter_add(job_parts(j)->meters, METER_REQUESTS_RUNNING, 1);
    return OK;
}

static void
label_answer(gate_job *j)
{
    j->answer_label = label_join(j->ask.conv->label, j->target.model_label);
    label_text(policy_names(job_parts(j)->policy), j->answer_label, j->answer_text);
}

typedef fallible choose_fn(gate *g, const struct gate_ask *ask, const struct ask *q,
                           struct target *t, struct decision *d);

static err
decide(gate_job *j, choose_fn *choose)
{
    const struct ask q = {.session = j->ask.session,
                          .op = j->ask.op,
                          .data = j->ask.conv->label,
                          .now_wall_ms = gate_now(j->gate)};
    err e = choose(j->gate, &j->ask, &q, &j->target, &j->decision);
    if (!e.code && j->guardrail)
        e = guards_deny(j->guardrail, &j->decision);
    err_keep(&j->failure, e);
    if (e.code)
        return e;
    j->model = j->target.model;
    j->grant = j->target.grant;
    label_answer(j);
    return OK;
}

static err
spend(gate_job *j)
{
    const struct budget_ask q = {.session = j->ask.session,
                                 .model = &j->model,
                                 .kind = j->ask.kind,
                                 .conv = j->target.conv,
                                 .price = j->target.is_remote ? &j->target.price : NULL,
                                 .is_inside = !j->target.is_remote,
                                 .energy = gate_measures_energy(j->gate) ? &j->gate->energy : NULL};
    const err e = budget_reserve(j->gate->budget, &q, &j->budget, &j->decision);
    if (e.code == ERR_RATE)
        meter_add(job_parts(j)->meters, METER_REQUESTS_LIMITED, 1);
    if (e.code == ERR_RATE && j->ask.refused_by)
        *j->ask.refused_by = j->budget.shown;
    err_keep(&j->failure, e);
    return e;
}

static bool
is_denial(err e)
{
    return e.code == ERR_DENIED || e.code == ERR_UNAUTHENTICATED || e.code == ERR_RATE;
}

/* What leaves has a record of its own, with the digest of the exact bytes: salted, for they are
 * what was said in a form that everybody knows. */
static fallible
record_sending(gate_job *j)
{
    struct audit_record r = job_record(j);
    r.event = EVENT_EGRESS;
    r.object = j->model.origin;
    TRY(words_salted(&j->salt, &j->target.sent, &j->sent));
    r.input = &j->sent;
    r.targets = str_of(j->target.told);
    return audit_append(job_parts(j)->audit, &r, on_decided, j);
}

static fallible
record_decision(gate_job *j)
{
    struct audit_record r = job_record(j);
    const bool leaves = j->decision.allowed && j->target.is_remote;
    r.targets = str_of(j->target.told);
    TRY(gate_record_decision(j->gate, &r, &j->decision, leaves ? NULL : on_decided,
                             leaves ? NULL : j));
    return leaves ? record_sending(j) : OK;
}

/* ---- the next target: when a provider failed before anything of an answer was there.  A new
 * decision, with records of its own. */
static bool
may_go_on(const gate_job *j, err e)
{
    return (e.code == ERR_PROVIDER_LOST || e.code == ERR_BUSY) && j->target.is_remote &&
           !j->started && !j->tokens_shown && j->target.tried_count + 1 < REGISTRY_TARGETS_MAX;
}

/* A provider that took the request and broke off may still send a bill. */
static bool
before_is_paid(const gate_job *j)
{
    return !j->is_free && j->budget.price.is_known;
}

static fallible
go_on(gate_job *j)
{
    TRY(check_session(j));
    TRY(decide(j, target_next));
    if (before_is_paid(j))
        job_settle(j, 0, 0);
    budget_release(j->gate->budget, &j->budget);
    j->is_free = false;
    TRY(spend(j));
    if (!j->target.is_remote)
        TRY(target_serve(&j->ask, &j->target, j->class));
    return record_decision(j);
}

static void
fail(gate_job *j, err e)
{
    const struct decision before = j->decision;
    const bool submitted = j->submitted, goes_on = may_go_on(j, e);
    struct err_kept kept;
    err_keep(&kept, e);
    j->is_free = j->remote ? remote_is_free(j->remote) : j->pass.is_free;
    if (goes_on) {
        j->remote = NULL;
        j->reveal = NULL;
        j->submitted = false;
        pass_done(&j->pass);
        j->pass = (struct pass){0};
        if (!go_on(j).code) {
            meter_add(job_parts(j)->meters, METER_EGRESS_NEXT, 1);
            return;
        }
        j->decision = before;
        j->submitted = submitted;
    }
    job_complete(j, err_again(&kept));
}

static fallible
read_priority(gate_job *j)
{
    const str p = j->ask.priority_text;
    const bool is_batch = str_eq(p, STR("batch"));
    if (p.len && !is_batch && !str_eq(p, STR("clerk")))
        REFUSE(ARGUMENT, "X-Hoheit-Priority", "X-Hoheit-Priority must be clerk or batch");
    j->class = is_batch ? CONV_BATCH : CONV_CLERK;
    return OK;
}

/* Before the decision: what is masked goes nowhere, and what it says of the source counts. */
static fallible
screen(gate_job *j)
{
    struct guard_verdict v;
    TRY(guards_ask(j->gate, &j->ask, &v));
    screen_label(j->ask.conv, label_join(j->ask.conv->label, v.taint));
    label_text(policy_names(job_parts(j)->policy), j->ask.conv->label, j->label_text);
    j->guardrail = v.blocked;
    return guards_answers(j->gate, &j->ask, (struct screen_out){present, j}, &j->screened);
}

static fallible
enter(gate_job *j)
{
    TRY(target_name(j->gate, &j->ask, &j->model));
    TRY(set_label(j));
    TRY(read_priority(j));
    TRY(reserve(j));
    TRY(screen(j));
    const struct budget_ask q = {.session = j->ask.session,
                                 .model = &j->model,
                                 .kind = j->ask.kind,
                                 .conv = j->ask.conv,
                                 .may_leave = target_may_leave(j->gate, &j->ask)};
    budget_bound(j->gate->budget, &q);
    err e = decide(j, target_choose);
    if (!e.code)
        e = spend(j);
    if (!e.code)
        TRY(hash_input(j));
    else if (!is_denial(e))
        return err_pass(e, __FILE__, __LINE__, __func__);
    if (!e.code && !j->target.is_remote)
        TRY(target_serve(&j->ask, &j->target, j->class));
    return record_decision(j);
}

fallible
gate_run(gate *g, const struct gate_ask *ask, struct gate_hooks hooks, gate_job **ret)
{
    void *room;
    ASSERT(!ask->raw || (hooks.on_pass && hooks.on_frames));
    TRY(try_arena_get(ask->a, 1, sizeof(gate_job), &room));
    gate_job *j = room;
    j->gate = g;
    j->ask = *ask;
    j->hooks = hooks;
    const err e = enter(j);
    if (e.code) {
        job_release(j);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = j;
    return OK;
}

static void
record_cancel(gate_job *j)
{
    const struct audit_record r = job_completion(j, "cancelled");
    const err e = audit_append(job_parts(j)->audit, &r, NULL, NULL);
    if (e.code) /* nobody waits for the answer; the operator must still learn of the gap */
        log_failure(LOG_ERROR, "audit.lost", e);
}

static fallible
cancelled(void)
{
    FAIL(CANCELLED, "the asker is gone");
}

void
gate_cancel(gate_job *j)
{
    if (!j)
        return;
    ASSERT(!j->in_hook);
    audit_forget(job_parts(j)->audit, j);
    sight_forget(TAKE(j->sight));
    engines_forget(TAKE(j->wait));
    stop(j);
    if (j->decision.allowed && !j->completed)
        record_cancel(j);
    job_tell(j, cancelled());
    job_release(j);
}

/* ---- a key that may not be used any more */
/* The key's own session, or the same for a purpose that was named. */
static bool
is_of_key(const struct session *used, const struct session *s)
{
    for (size_t i = 0; s->for_purposes && i < s->purpose_count; i++)
        if (used == &s->for_purposes[i])
            return true;
    return used == s;
}

/* One whose decision is not durable yet is not among them: on_decided looks at the key again.
 * `s` NULL: of whatever key, if its clearance does not do any more. */
static gate_job *
first_to_end(const gate *g, const struct session *s)
{
    gate_job *j = g->jobs;
    while (j && ((s ? !is_of_key(j->ask.session, s) : is_cleared(j)) || j->completed ||
                 (!is_running(j) && !j->wait && !j->sight)))
        j = j->next;
    return j;
}

/* From the start each time: what ends may take others with it. */
void
jobs_end(gate *g, const struct session *s)
{
    gate_job *j;
    while ((j = first_to_end(g, s))) {
        const err e = check_session(j);
        ASSERT(e.code && !j->in_hook);
        if (is_running(j)) {
            cancel_with(j, e);
            continue;
        }
        sight_forget(TAKE(j->sight));
        engines_forget(TAKE(j->wait));
        job_complete(j, e);
    }
}
