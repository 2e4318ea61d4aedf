/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/budget.h"

#include <stdio.h>

#include "base/fault.h"
#include "os/clock.h"
#include "os/log.h"
#include "store/limits.h"

enum {
    LOAD_BYTES_MAX = 256 * 1024 * 1024,
    MESSAGE_TOKENS = 8,
    OUTSIDE_IMAGE_TOKENS = 16384, /* no provider makes more of one image */
    OUTSIDE_TOKENS = 1024, /* what a provider may put around it: how tools are to be called, … */
    SHOWN_MAX = 64,
    PAUSE_MS = 1000
};

struct budget {
    const struct gate_parts *parts;
    limits *limits;
    uint64_t paused_until_ms; /* the store failed */
};

static struct sched_time
now(void)
{
    return (struct sched_time){clock_ms(), clock_wall_ms()};
}

/* ---- the store */
static fallible
not_kept(void)
{
    const err e = err_start_public(ERR_BUSY, "", __FILE__, __LINE__, __func__,
                                   "what is spent cannot be written down right now, so nothing is "
                                   "spent; try again in a moment");
    err_set_retry(PAUSE_MS);
    return e;
}

static err
keep(void *ctx, const struct limit_block *blocks, size_t count)
{
    budget *b = ctx;
    struct spent_row rows[LIMIT_BLOCKS_MAX];
    ASSERT(count <= LIMIT_BLOCKS_MAX);
    if (clock_ms() < b->paused_until_ms)
        return not_kept();
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct spent_row){blocks[i].subject, str_of(limit_info(blocks[i].limit)->name),
                                     blocks[i].window, blocks[i].granted};
    const err e = spent_put(b->parts->db, rows, count);
    if (!e.code)
        return OK;
    log_failure(LOG_WARNING, "budget.not_kept", e);
    b->paused_until_ms = clock_ms() + PAUSE_MS;
    return e.code == ERR_DISK_FULL ? e : not_kept(); /* that has a sentence of its own */
}

/* Without it nobody would be bounded by what somebody set. */
static fallible
unreadable(str subject, str name)
{
    REFUSE(CORRUPT, "limit",
           "the records hold a limit that is none: \"%.*s\" of \"%.*s\"; restore them from a copy",
           STR_FMT(str_slice(name, 0, SHOWN_MAX)), STR_FMT(str_slice(subject, 0, SHOWN_MAX)));
}

static err
learn_limit(void *ctx, const struct limit_row *r)
{
    budget *b = ctx;
    enum limit_id id;
    err e = limit_read(r->name, &id);
    if (!e.code)
        e = limit_set(b->limits, r->subject, id, r->value);
    return e.code == ERR_ARGUMENT ? unreadable(r->subject, r->name) : e;
}

static err
learn_spent(void *ctx, const struct spent_row *r)
{
    budget *b = ctx;
    struct limit_block block = {r->subject, LIMIT_COUNT, r->window, r->granted};
    err e = limit_read(r->name, &block.limit);
    if (!e.code)
        e = limit_restore(b->limits, &block);
    return e.code == ERR_ARGUMENT ? unreadable(r->subject, r->name) : e;
}

static fallible
purge(const budget *b)
{
    const int64_t wall = clock_wall_ms();
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const struct limit_info *l = limit_info((enum limit_id)i);
        if (l->span == SPAN_DAY || l->span == SPAN_MONTH)
            TRY(spent_purge(b->parts->db, str_of(l->name),
                            l->span == SPAN_DAY ? day_of(wall) : month_of(wall)));
    }
    return OK;
}

static fallible
load(budget *b)
{
    AUTO(arena) *scratch = NULL;
    const struct limit_hooks hooks = {keep, b};
    TRY(limit_new(b->parts->params->limit_subjects_max, hooks, &b->limits));
    TRY(arena_open(LOAD_BYTES_MAX, &scratch));
    TRY(purge(b));
    TRY(limits_each(b->parts->db, scratch, learn_limit, b));
    return spent_each(b->parts->db, scratch, learn_spent, b);
}

fallible
budget_open(const struct gate_parts *p, budget **ret)
{
    budget *b = mem_get(sizeof *b);
    if (!b)
        FAIL(LIMIT, "no memory for the budget");
    *b = (budget){.parts = p};
    const err e = load(b);
    if (e.code) {
        limit_free(b->limits);
        mem_free(b);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = b;
    return OK;
}

void
budget_free(budget *b)
{
    if (!b)
        return;
    b->paused_until_ms = 0;
    const err e = limit_flush(b->limits);
    if (e.code) /* then all that was granted counts as spent */
        log_failure(LOG_WARNING, "budget.not_kept", e);
    limit_free(b->limits);
    mem_free(b);
}

/* ---- estimates */
static uint64_t
input_bytes(const struct conv *c)
{
    uint64_t n = content_len(c->prompt) + c->tools.json.len;
    for (size_t i = 0; i < c->messages.count; i++) {
        const struct conv_message *m = &c->messages.at[i];
        n += content_len(m->text) + m->name.len + m->tool_calls.len;
    }
    for (size_t i = 0; i < c->inputs.count; i++)
        n += content_len(c->inputs.at[i]);
    return n;
}

static uint64_t
input_tokens(const budget *b, const struct conv *c)
{
    const uint64_t each = b->parts->params->limit_bytes_per_token;
    return (input_bytes(c) + each - 1) / each + conv_image_count(c) * CONV_IMAGE_TOKENS_MAX +
           MESSAGE_TOKENS * (uint64_t)(c->messages.count + c->inputs.count);
}

/* No token has less than a byte. */
static uint64_t
input_tokens_most(const struct conv *c)
{
    return input_bytes(c) + OUTSIDE_TOKENS + conv_image_count(c) * OUTSIDE_IMAGE_TOKENS +
           MESSAGE_TOKENS * (uint64_t)(c->messages.count + c->inputs.count);
}

static bool
writes(enum engine_kind k)
{
    return k == ENGINE_CHAT || k == ENGINE_COMPLETE;
}

/* The longest answer to a request that names none: what fits the context behind the input, at most
 * limit.answer_tokens. */
static uint64_t
answer_tokens(const budget *b, const struct model *m, uint64_t input)
{
    const uint64_t most = b->parts->params->limit_answer_tokens;
    const uint64_t left = m->context_tokens > input ? m->context_tokens - input : 1;
    return m->context_tokens && left < most ? left : most;
}

static struct subject_names
names_of(const struct budget_ask *q)
{
    const struct session *s = q->session;
    return (struct subject_names){.tenant = s->tenant,
                                  .person = s->person,
                                  .key = s->line.len ? s->line : s->key_name,
                                  .model = q->model->name};
}

static struct gate_limits
shown(struct limit_room requests, struct limit_room tokens)
{
    return (struct gate_limits){.has_requests = requests.max != LIMIT_NONE,
                                .has_tokens = tokens.max != LIMIT_NONE,
                                .limit_requests = requests.max,
                                .remaining_requests = requests.left,
                                .reset_requests_ms = requests.reset_ms,
                                .limit_tokens = tokens.max,
                                .remaining_tokens = tokens.left,
                                .reset_tokens_ms = tokens.reset_ms};
}

static void
deny(struct decision *d, const struct limit_refusal *why)
{
    *d = (struct decision){.allowed = false,
                           .rule = limit_info(why->limit)->rule,
                           .granted_by = "operations (Betrieb)"};
    snprintf(d->why, sizeof d->why, "%s", err_text());
}

void
budget_bound(const budget *b, const struct budget_ask *q)
{
    const struct subject_names who = names_of(q);
    struct conv_params *p = &q->conv->params;
    if (writes(q->kind) && !p->tokens_max &&
        (limit_may_bound(b->limits, &who, UNIT_TOKENS) ||
         limit_may_bound(b->limits, &who, UNIT_JOULES) ||
         (q->may_leave && limit_may_bound(b->limits, &who, UNIT_MONEY))))
        p->tokens_max = (uint32_t)answer_tokens(b, q->model, input_tokens(b, q->conv));
}

static uint64_t
output_tokens(const budget *b, const struct budget_ask *q, uint64_t input)
{
    const struct conv_params *p = &q->conv->params;
    const uint64_t each = p->tokens_max ? p->tokens_max : answer_tokens(b, q->model, input);
    return writes(q->kind) ? each * (p->n ? p->n : 1) : 0;
}

/* What nobody has a price for fits under no limit of money. */
static void
price_worst(const struct budget_ask *q, uint64_t output, struct budget_hold *h)
{
    h->price = q->price ? *q->price : (struct price){.is_known = false};
    h->worst = (struct price_usage){.in = input_tokens_most(q->conv), .out = output};
    if (h->price.cached > h->price.in)
        h->worst.cached = h->worst.in;
    h->is_bounded = q->conv->params.tokens_max || !writes(q->kind);
    h->money = !q->price ? 0 : h->price.is_known ? price_of(&h->price, &h->worst) : LIMIT_VALUE_MAX;
}

/* The same for what nobody measures. */
static uint64_t
joules(const struct budget_ask *q, uint64_t tokens)
{
    if (!q->is_inside)
        return 0;
    return q->energy ? energy_estimate(q->energy, tokens) : LIMIT_VALUE_MAX;
}

/* Is it not known what that takes which the limit bounds?  Then waiting does not help. */
static bool
is_unknown(const struct budget_ask *q, enum limit_unit unit)
{
    return (unit == UNIT_MONEY && q->price && !q->price->is_known) ||
           (unit == UNIT_JOULES && q->is_inside && !q->energy);
}

static fallible
unknown(const struct budget_ask *q, const struct limit_refusal *why)
{
    const char *limit = limit_info(why->limit)->name;
    if (limit_info(why->limit)->unit == UNIT_JOULES)
        REFUSE(DENIED, "model",
               "energy is not measured here, and %s of %s bounds it; `hoheit doctor` says what is "
               "missing",
               limit, why->subject);
    REFUSE(DENIED, "model",
           "nobody knows what the model %.*s costs, and %s of %s bounds what may be spent; its "
           "price belongs into providers.yaml",
           STR_FMT(q->model->name), limit, why->subject);
}

fallible
budget_reserve(budget *b, const struct budget_ask *q, struct budget_hold *ret, struct decision *d)
{
    struct limit_refusal why;
    struct limit_ask ask = {names_of(q), {{[UNIT_REQUESTS] = 1, [UNIT_STREAMS] = 1}}, now()};
    const uint64_t input = input_tokens(b, q->conv), output = output_tokens(b, q, input);
    price_worst(q, output, ret);
    ask.what.of[UNIT_TOKENS] = input + output;
    ask.what.of[UNIT_MONEY] = ret->money;
    ask.what.of[UNIT_JOULES] = joules(q, input + output);
    err e = limit_reserve(b->limits, &ask, &ret->limits, &why);
    if (e.code == ERR_RATE && is_unknown(q, limit_info(why.limit)->unit))
        e = unknown(q, &why);
    if (e.code == ERR_RATE || e.code == ERR_DENIED)
        deny(d, &why);
    if (e.code == ERR_RATE)
        ret->shown = shown(why.rooms[UNIT_REQUESTS], why.rooms[UNIT_TOKENS]);
    TRY(e);
    ret->is_held = true;
    ret->input_tokens = input;
    ret->shown = shown(limit_tightest(&ret->limits, UNIT_REQUESTS, &ask.at),
                       limit_tightest(&ret->limits, UNIT_TOKENS, &ask.at));
    return OK;
}

static bool
is_believed(const struct budget_hold *h, const struct budget_spent *s)
{
    const struct price_usage *u = &s->usage;
    return u->in && u->in <= h->worst.in && u->cached <= u->in && (u->out || !h->worst.out) &&
           (u->out <= h->worst.out || !h->is_bounded);
}

static struct budget_cost
cost_of(const struct budget_hold *h, const struct budget_spent *s)
{
    if (!h->price.is_known)
        return (struct budget_cost){.by = ""};
    if (s->is_free)
        return (struct budget_cost){.by = "usage"};
    if (s->is_counted && is_believed(h, s))
        return (struct budget_cost){.by = "usage", .micro_euro = price_of(&h->price, &s->usage)};
    return (struct budget_cost){
        .by = "reservation", .micro_euro = h->money, .is_doubted = s->is_counted};
}

struct budget_cost
budget_settle(budget *b, struct budget_hold *h, const struct budget_spent *s)
{
    const struct sched_time t = now();
    if (!h->is_held)
        return (struct budget_cost){.by = ""};
    const struct budget_cost cost = cost_of(h, s);
    const struct limit_amount actual = {{[UNIT_REQUESTS] = 1,
                                         [UNIT_TOKENS] = s->tokens,
                                         [UNIT_MONEY] = cost.micro_euro,
                                         [UNIT_JOULES] = (s->energy_mj + 999) / 1000}};
    limit_settle(b->limits, &h->limits, &actual, &t);
    h->is_held = false;
    return cost;
}

void
budget_release(budget *b, struct budget_hold *h)
{
    const struct sched_time t = now();
    if (h->is_held)
        limit_release(b->limits, &h->limits, &t);
    h->is_held = false;
}

/* ---- for operators */
/* Memory first, which can be taken back without fail. */
fallible
budget_set(budget *b, str subject, enum limit_id id, uint64_t max)
{
    struct limit_use before = {.max = LIMIT_NONE};
    const struct sched_time t = now();
    const bool was_own = limit_use_of(b->limits, subject, id, &t, &before) && before.is_own;
    const struct limit_row row = {subject, str_of(limit_info(id)->name), max};
    TRY(limit_set(b->limits, subject, id, max));
    const err e = limits_put(b->parts->db, &row);
    if (!e.code)
        return OK;
    struct err_kept kept;
    err_keep(&kept, e);
    const err undone = was_own ? limit_set(b->limits, subject, id, before.max)
                               : limit_unset(b->limits, subject, id, false);
    ASSERT(!undone.code);
    return err_again(&kept);
}

fallible
budget_unset(budget *b, str subject, enum limit_id id)
{
    TRY(limits_remove(b->parts->db, subject, str_of(limit_info(id)->name)));
    return limit_unset(b->limits, subject, id, true);
}

bool
budget_use_of(const budget *b, str subject, enum limit_id id, struct limit_use *ret)
{
    const struct sched_time t = now();
    return limit_use_of(b->limits, subject, id, &t, ret);
}
