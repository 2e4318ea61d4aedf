/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/rounds/rounds.h"

#include <stdio.h>

#include "base/fault.h"
#include "base/json.h"
#include "os/clock.h"
#include "os/log.h"

enum { FIRST_MS = 1000, LEAVE_BYTES = 256 * 1024, SCRATCH_BYTES = 256 * 1024, PATH_MAX_BYTES = 64 };

struct caller { /* of one witness */
    rounds *owner;
    struct visit v;
    egress_job *job;
    int status;
    buf answer;         /* of the log or of the witness */
    uint64_t behind_ms; /* since when; 0: it is not */
};

struct rounds {
    struct rounds_parts parts;
    egress *egress; /* NULL: no way out yet */
    loop_timer *timer;
    uint64_t head_size, asked_size;
    uint64_t own; /* entries of ours behind asked_size */
    bool is_alarmed, is_looking, is_short;
    buf looked;
    size_t running, count;
    struct caller at[PROVIDER_WITNESSES_MAX];
};

static void step(struct caller *c, enum visit_step next);

/* ---- how it stands */

static bool
is_good(const struct visit *v)
{
    return v->signed_size && !v->failures;
}

struct rounds_view
rounds_view_of(const rounds *r)
{
    struct rounds_view view = {.wanted = 0};
    if (!r)
        return view;
    const uint64_t quorum = r->parts.params->witness_quorum;
    view = (struct rounds_view){.head_size = r->head_size,
                                .asked_size = r->asked_size,
                                .wanted = quorum ? quorum : r->count,
                                .is_alarmed = r->is_alarmed};
    for (size_t i = 0; i < r->count; i++)
        view.good += is_good(&r->at[i].v);
    return view;
}

bool
rounds_witness_at(const rounds *r, size_t i, struct rounds_witness *ret)
{
    if (!r || i >= r->count)
        return false;
    const struct caller *const c = &r->at[i];
    *ret = (struct rounds_witness){.v = &c->v};
    if (!visit_is_behind(&c->v, r->asked_size))
        return true;
    ret->lag_entries = r->asked_size - (c->v.is_known ? c->v.signed_size : 0);
    ret->lag_ms = c->behind_ms ? clock_ms() - c->behind_ms : 0;
    return true;
}

static void
watch_quorum(rounds *r)
{
    const struct rounds_view view = rounds_view_of(r);
    const bool is_short = view.good < view.wanted;
    if (is_short == r->is_short)
        return;
    r->is_short = is_short;
    if (is_short)
        LOG(WARNING, "witness.quorum_lost", LOG_N("wanted", view.wanted), LOG_N("good", view.good));
    else
        LOG(INFO, "witness.quorum_kept", LOG_N("wanted", view.wanted), LOG_N("good", view.good));
}

/* ---- the end of a visit */

static void
end_visit(struct caller *c)
{
    rounds *const r = c->owner;
    ASSERT(r->running > 0);
    r->running--;
    if (c->v.failures)
        LOG(WARNING, "witness.not_signed", LOG_Z("witness", c->v.name), LOG_Z("why", c->v.why),
            LOG_N("failures", c->v.failures));
    if (!visit_is_behind(&c->v, r->asked_size))
        c->behind_ms = 0;
    if (!r->running)
        watch_quorum(r);
}

/* ---- asking the log */

static err
keep(void *ctx, str bytes)
{
    struct caller *const c = ctx;
    buf_add(&c->answer, bytes);
    return buf_end(&c->answer);
}

static void
on_kept(void *ctx, err e)
{
    struct caller *const c = ctx;
    step(c, visit_kept(&c->v, e, buf_str(&c->answer)));
}

static void
on_question(void *ctx, err e)
{
    struct caller *const c = ctx;
    step(c, visit_question(&c->v, e, buf_str(&c->answer)));
}

static void
on_head(void *ctx, err e)
{
    struct caller *const c = ctx;
    step(c, visit_head(&c->v, e, buf_str(&c->answer)));
}

static void
read_log(struct caller *c, const char *path, audit_done_fn *done)
{
    buf_clear(&c->answer);
    const err e = audit_file(c->owner->parts.audit, str_of(path), keep, done, c);
    if (e.code)
        step(c, visit_failed(&c->v, "the log cannot be asked", e));
}

static void
read_kept(struct caller *c)
{
    char name[COSIGNED_NAME_MAX];
    cosigned_name(c->v.key.id, name);
    read_log(c, name, on_kept);
}

static void
read_question(struct caller *c)
{
    char path[PATH_MAX_BYTES];
    (void)snprintf(path, sizeof path, "add-checkpoint/%llu", (unsigned long long)c->v.old);
    read_log(c, path, on_question);
}

/* ---- asking the witness */

static void
on_answer_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct caller *const c = ctx;
    (void)fields, (void)count;
    c->status = status;
}

static void
on_answer_data(void *ctx, str piece)
{
    struct caller *const c = ctx;
    if (c->answer.len + piece.len > VISIT_ANSWER_MAX)
        c->answer.failed = true;
    buf_add(&c->answer, piece);
}

static fallible
whole_answer(const struct caller *c, err e)
{
    TRY(e);
    if (buf_end(&c->answer).code)
        REFUSE(LIMIT, "", "its answer is too long");
    return OK;
}

static void
on_answer_end(void *ctx, err e)
{
    struct caller *const c = ctx;
    c->job = NULL;
    step(c, visit_answered(&c->v, whole_answer(c, e), c->status, buf_str(&c->answer)));
}

/* A checkpoint is nobody's words: it carries no label. */
static fallible
post(struct caller *c)
{
    static const struct http_field type = {STR_INIT("content-type"),
                                           STR_INIT("text/plain; charset=utf-8")};
    const rounds *const r = c->owner;
    const struct egress_hooks hooks = {
        .on_head = on_answer_head, .on_data = on_answer_data, .on_end = on_answer_end, .ctx = c};
    const struct egress_call call = {.provider = str_of(c->v.name),
                                     .method = "POST",
                                     .path = STR("/add-checkpoint"),
                                     .fields = &type,
                                     .field_count = 1,
                                     .body = content_of(buf_str(&c->v.question), LABEL_BOTTOM),
                                     .wait_ms_max = ROUNDS_WAIT_MS};
    AUTO(arena) *a = NULL;
    const grant *g;
    TRY(arena_open(LEAVE_BYTES, &a));
    TRY(r->parts.leave(r->parts.ctx, a, &g));
    buf_clear(&c->answer);
    c->status = 0;
    return egress_send(r->egress, g, &call, hooks, &c->job);
}

static void
ask_witness(struct caller *c)
{
    const err e = post(c);
    if (e.code)
        step(c, visit_failed(&c->v, "it was not asked", e));
}

/* ---- what comes of it */

static void
on_recorded(void *ctx, err e)
{
    rounds *const r = ctx;
    if (!e.code)
        return;
    log_failure(LOG_ERROR, "witness.not_recorded", e);
    r->own -= r->own > 0;
}

static void
record_taken(struct caller *c)
{
    rounds *const r = c->owner;
    char why[PATH_MAX_BYTES];
    (void)snprintf(why, sizeof why, "%llu entries", (unsigned long long)c->v.asked.size);
    const struct audit_record rec = {.event = EVENT_LOG_COSIGN,
                                     .object = str_of(c->v.key.name),
                                     .why = str_of(why),
                                     .outcome = "ok"};
    r->own++;
    const err e = audit_append(r->parts.audit, &rec, on_recorded, r);
    if (e.code)
        on_recorded(r, e);
}

static void
on_taken(void *ctx, err e)
{
    struct caller *const c = ctx;
    const enum visit_step next = visit_taken(&c->v, e);
    if (!e.code)
        record_taken(c);
    step(c, next);
}

static void
take(struct caller *c)
{
    buf_clear(&c->answer);
    const err e = audit_cosign(c->owner->parts.audit, buf_str(&c->v.note), keep, on_taken, c);
    if (e.code)
        on_taken(c, e);
}

static void
on_alarmed(void *ctx, err e)
{
    struct caller *const c = ctx;
    if (e.code)
        c->owner->is_alarmed = false; /* so the next round asks and raises it again */
    step(c, visit_alarmed(&c->v, e));
}

static void
raise_alarm(struct caller *c)
{
    rounds *const r = c->owner;
    const struct audit_record rec = {.event = EVENT_WITNESS_ALARM,
                                     .object = str_of(c->v.key.name),
                                     .why = str_of(c->v.why),
                                     .outcome = "ok"};
    LOG(ERROR, "witness.alarm", LOG_Z("witness", c->v.name), LOG_Z("why", c->v.why));
    if (r->is_alarmed) { /* another one raised it in this round */
        step(c, visit_alarmed(&c->v, OK));
        return;
    }
    r->is_alarmed = true;
    const err e = audit_append(r->parts.audit, &rec, on_alarmed, c);
    if (e.code)
        on_alarmed(c, e);
}

static void
step(struct caller *c, enum visit_step next)
{
    switch (next) {
    case VISIT_END:
        end_visit(c);
        return;
    case VISIT_KEPT:
        read_kept(c);
        return;
    case VISIT_QUESTION:
        read_question(c);
        return;
    case VISIT_POST:
        ask_witness(c);
        return;
    case VISIT_HEAD:
        read_log(c, "checkpoint", on_head);
        return;
    case VISIT_TAKE:
        take(c);
        return;
    case VISIT_ALARM:
        raise_alarm(c);
        return;
    }
    UNREACHABLE("no such step");
}

/* ---- a round */

static err
keep_looked(void *ctx, str bytes)
{
    rounds *const r = ctx;
    buf_add(&r->looked, bytes);
    return buf_end(&r->looked);
}

static void
end_look(rounds *r, err e)
{
    r->is_looking = false;
    if (e.code && e.code != ERR_NOT_FOUND)
        log_failure(LOG_WARNING, "witness.log_not_read", e);
}

static void
set_asked(rounds *r, uint64_t size)
{
    const bool is_grown = size > r->asked_size + r->own;
    r->head_size = size;
    if (is_grown) {
        r->asked_size = size;
        r->own = 0;
    }
}

static void
visit_all(rounds *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct caller *const c = &r->at[i];
        if (!c->behind_ms && visit_is_behind(&c->v, r->asked_size))
            c->behind_ms = clock_ms();
        if (!visit_is_due(&c->v, r->asked_size))
            continue;
        r->running++;
        step(c, visit_begin(&c->v));
    }
}

static fallible
read_size(str note_bytes, uint64_t *ret)
{
    struct checkpoint c;
    struct note n;
    TRY(note_read(note_bytes, &n));
    TRY(checkpoint_read(n.text, &c));
    *ret = c.head.size;
    return OK;
}

static void
on_checkpoint(void *ctx, err e)
{
    rounds *const r = ctx;
    uint64_t size = 0;
    if (!e.code)
        e = read_size(buf_str(&r->looked), &size);
    end_look(r, e);
    if (e.code)
        return;
    set_asked(r, size);
    visit_all(r);
}

static fallible
read_alarm(rounds *r)
{
    AUTO(arena) *a = NULL;
    jval root;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(json_read(a, buf_str(&r->looked), &root));
    const jval v = json_get(&root, "alarm");
    return json_bool(&v, &r->is_alarmed);
}

static void
on_alarm(void *ctx, err e)
{
    rounds *const r = ctx;
    if (!e.code)
        e = read_alarm(r);
    buf_clear(&r->looked);
    if (!e.code && !r->is_alarmed)
        e = audit_file(r->parts.audit, STR("checkpoint"), keep_looked, on_checkpoint, r);
    if (e.code || r->is_alarmed)
        end_look(r, e);
}

void
rounds_turn(rounds *r)
{
    if (!r->egress || r->is_looking || r->running)
        return;
    r->is_looking = true;
    buf_clear(&r->looked);
    const err e = audit_alarm(r->parts.audit, keep_looked, on_alarm, r);
    if (e.code)
        end_look(r, e);
}

static void
on_timer(void *ctx)
{
    rounds_turn(ctx);
}

/* ---- all of it */

fallible
rounds_use(rounds *r, egress *e)
{
    if (!r)
        return OK;
    r->egress = e;
    if (r->timer)
        return OK;
    const uint64_t every_ms = r->parts.params->witness_interval_ms;
    return loop_timer_start(r->parts.loop, every_ms < FIRST_MS ? every_ms : FIRST_MS, every_ms,
                            on_timer, r, &r->timer);
}

static fallible
fill(rounds *r)
{
    const struct provider_list *const l = r->parts.providers;
    for (uint32_t i = 0; i < l->count; i++) {
        if (!provider_is_witness(&l->at[i]))
            continue;
        struct caller *const c = &r->at[r->count];
        ASSERT(r->count < PROVIDER_WITNESSES_MAX);
        c->owner = r;
        c->answer = BUF(2 * NOTE_BYTES_MAX);
        TRY(visit_init(&c->v, &l->at[i]));
        r->count++;
    }
    return OK;
}

fallible
rounds_new(const struct rounds_parts *parts, rounds **ret)
{
    ASSERT(parts->leave && parts->audit);
    *ret = NULL;
    if (!parts->providers)
        return OK;
    rounds *r = mem_get(sizeof *r);
    if (!r)
        FAIL(LIMIT, "no memory for the witnesses");
    memset(r, 0, sizeof *r);
    r->parts = *parts;
    r->looked = BUF(2 * NOTE_BYTES_MAX);
    const err e = fill(r);
    if (e.code || !r->count)
        rounds_free(r);
    else
        *ret = r;
    return e;
}

void
rounds_free(rounds *r)
{
    if (!r)
        return;
    loop_timer_stop(r->timer);
    audit_forget(r->parts.audit, r);
    for (size_t i = 0; i < r->count; i++) {
        struct caller *const c = &r->at[i];
        audit_forget(r->parts.audit, c);
        egress_cancel(c->job);
        buf_done(&c->answer);
        visit_done(&c->v);
    }
    buf_done(&r->looked);
    mem_free(r);
}
