/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/limit.h"

#include <stdio.h>

#include "base/fault.h"
#include "base/map.h"
#include "sched/counter.h"

enum { SWEPT_EACH_TIME = 2, SWEPT_WHEN_FULL = 64 };

/* One of those that the ring of subjects goes through, oldest first. */
struct subject {
    str name;
    enum subject_kind kind;
    uint32_t epoch; /* of the defaults it knows */
    uint32_t holds; /* reservations that point here */
    uint32_t own;   /* limits of its own */
    struct counter *counters;
    struct subject *prev, *next;
    char text[];
};

struct limits {
    map subjects;
    struct limit_hooks hooks;
    uint64_t defaults[SUBJECT_KINDS][LIMIT_COUNT];
    size_t defaults_of[SUBJECT_KINDS], own_of[SUBJECT_KINDS]; /* how many of them are set */
    size_t of_unit[SUBJECT_KINDS][UNIT_COUNT];                /* both together */
    uint32_t epoch;
    size_t count, max;
    struct subject *hand; /* next to be looked at by the sweep; the ring's newest is before it */
};

/* ---- the table */
static const struct limit_info table[] = {
#define LIMIT(id, name, unit, span, doc) {name, "limit." name, doc, UNIT_##unit, SPAN_##span},
#include "sched/limit.def"
#undef LIMIT
};
_Static_assert(sizeof table / sizeof *table == LIMIT_COUNT, "one row per limit");
_Static_assert((int)LIMIT_HELD_MAX <= (int)LIMIT_BLOCKS_MAX, "one call keeps all of a request");

const struct limit_info *
limit_info(enum limit_id id)
{
    ASSERT(id < LIMIT_COUNT);
    return &table[id];
}

fallible
limit_read(str name, enum limit_id *ret)
{
    char known[256] = "";
    size_t len = 0;
    for (int i = 0; i < LIMIT_COUNT; i++) {
        if (str_eq(name, str_of(table[i].name))) {
            *ret = (enum limit_id)i;
            return OK;
        }
        len +=
            (size_t)snprintf(known + len, sizeof known - len, "%s%s", i ? ", " : "", table[i].name);
    }
    REFUSE(ARGUMENT, "limit", "the limits are %s", known);
}

/* ---- subjects */
static void
ring_add(limits *l, struct subject *s)
{
    if (!l->hand) {
        l->hand = s->prev = s->next = s;
        return;
    }
    s->next = l->hand;
    s->prev = l->hand->prev;
    s->prev->next = s->next->prev = s;
}

static void
subject_free(struct subject *s)
{
    struct counter *next;
    for (struct counter *c = s->counters; c; c = next) {
        next = c->next;
        counter_free(c);
    }
    mem_free(s);
}

static void
forget(limits *l, struct subject *s)
{
    void *taken = map_take(&l->subjects, s->name);
    ASSERT(taken == s && s->holds == 0 && !s->own);
    if (l->hand == s)
        l->hand = s->next == s ? NULL : s->next;
    s->next->prev = s->prev;
    s->prev->next = s->next;
    l->count--;
    subject_free(s);
}

static bool
is_idle(const struct subject *s, const struct sched_time *t)
{
    if (s->holds || s->own)
        return false;
    for (const struct counter *c = s->counters; c; c = c->next)
        if (!counter_is_idle(c, t))
            return false;
    return true;
}

static void
sweep(limits *l, size_t steps, const struct sched_time *t)
{
    for (size_t i = 0; i < steps && l->hand; i++) {
        struct subject *s = l->hand;
        l->hand = s->next;
        if (is_idle(s, t))
            forget(l, s);
    }
}

static fallible
subject_new(limits *l, str name, enum subject_kind kind, struct subject **ret)
{
    if (l->count >= l->max)
        FAIL(LIMIT, "%zu subjects have limits in use", l->count);
    struct subject *s = mem_get(sizeof *s + name.len);
    if (!s)
        FAIL(LIMIT, "no memory for a subject");
    *s = (struct subject){.kind = kind};
    memcpy(s->text, name.at, name.len);
    s->name = (str){s->text, name.len};
    const err e = map_put(&l->subjects, s->name, s);
    if (e.code) {
        mem_free(s);
        return e;
    }
    ring_add(l, s);
    l->count++;
    *ret = s;
    return OK;
}

static struct counter *
counter_of(const struct subject *s, enum limit_id id)
{
    struct counter *c = s->counters;
    while (c && c->limit != id)
        c = c->next;
    return c;
}

static fallible
counter_add(struct subject *s, enum limit_id id, struct counter **ret)
{
    struct counter *c = counter_of(s, id);
    if (!c) {
        c = mem_get(sizeof *c);
        if (!c)
            FAIL(LIMIT, "no memory for a limit");
        *c = (struct counter){
            .next = s->counters, .max = LIMIT_NONE, .window = INT64_MIN, .limit = (uint8_t)id};
        s->counters = c;
    }
    *ret = c;
    return OK;
}

/* What has no limit of its own has the default of its kind, as it is now. */
static fallible
refresh(const limits *l, struct subject *s)
{
    struct counter *c;
    if (s->epoch == l->epoch)
        return OK;
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const uint64_t max = l->defaults[s->kind][i];
        c = counter_of(s, (enum limit_id)i);
        if (!c && max != LIMIT_NONE)
            TRY(counter_add(s, (enum limit_id)i, &c));
        if (c && !c->is_own)
            c->max = max;
    }
    s->epoch = l->epoch;
    return OK;
}

/* NULL: nothing bounds it. */
static fallible
find(limits *l, str name, enum subject_kind kind, const struct sched_time *t, struct subject **ret)
{
    struct subject *s = map_get(&l->subjects, name);
    if (!s && l->defaults_of[kind]) {
        if (l->count >= l->max)
            sweep(l, SWEPT_WHEN_FULL, t);
        TRY(subject_new(l, name, kind, &s));
    }
    if (s)
        TRY(refresh(l, s));
    *ret = s;
    return OK;
}

/* ---- life */
fallible
limit_new(size_t subjects_max, struct limit_hooks hooks, limits **ret)
{
    ASSERT(subjects_max && hooks.keep);
    limits *l = mem_get(sizeof *l);
    if (!l)
        FAIL(LIMIT, "no memory for limits");
    *l = (limits){.hooks = hooks, .max = subjects_max};
    memset(l->defaults, 0xff, sizeof l->defaults); /* LIMIT_NONE */
    *ret = l;
    return OK;
}

void
limit_free(limits *l)
{
    if (!l)
        return;
    for (struct subject *s = l->hand; l->count; l->count--) {
        struct subject *next = s->next;
        ASSERT(s->holds == 0);
        subject_free(s);
        s = next;
    }
    map_done(&l->subjects);
    mem_free(l);
}

size_t
limit_subjects(const limits *l)
{
    return l->count;
}

/* ---- what is allowed */
static void
set_default(limits *l, enum subject_kind kind, enum limit_id id, uint64_t max)
{
    uint64_t *at = &l->defaults[kind][id];
    if (max != LIMIT_NONE && *at == LIMIT_NONE) {
        l->defaults_of[kind]++;
        l->of_unit[kind][limit_info(id)->unit]++;
    }
    if (max == LIMIT_NONE && *at != LIMIT_NONE) {
        l->defaults_of[kind]--;
        l->of_unit[kind][limit_info(id)->unit]--;
    }
    *at = max;
    l->epoch++;
}

static fallible
set_own(limits *l, struct subject *s, enum limit_id id, uint64_t max)
{
    struct counter *c;
    TRY(refresh(l, s));
    TRY(counter_add(s, id, &c));
    s->own += !c->is_own;
    l->own_of[s->kind] += !c->is_own;
    l->of_unit[s->kind][limit_info(id)->unit] += !c->is_own;
    c->is_own = true;
    c->max = max;
    return OK;
}

fallible
limit_set(limits *l, str subject, enum limit_id id, uint64_t max)
{
    enum subject_kind kind;
    bool is_default;
    ASSERT(id < LIMIT_COUNT);
    TRY(subject_read(subject, &kind, &is_default));
    if (max > LIMIT_VALUE_MAX)
        REFUSE(ARGUMENT, "value", "a limit is at most %llu", (unsigned long long)LIMIT_VALUE_MAX);
    if (is_default) {
        set_default(l, kind, id, max);
        return OK;
    }
    struct subject *s = map_get(&l->subjects, subject);
    if (!s)
        TRY(subject_new(l, subject, kind, &s));
    return set_own(l, s, id, max);
}

static fallible
no_such_limit(void)
{
    REFUSE(NOT_FOUND, "limit", "there is no such limit");
}

fallible
limit_unset(limits *l, str subject, enum limit_id id, bool is_forgotten)
{
    enum subject_kind kind;
    bool is_default;
    ASSERT(id < LIMIT_COUNT);
    TRY(subject_read(subject, &kind, &is_default));
    if (is_default) {
        if (l->defaults[kind][id] == LIMIT_NONE)
            return no_such_limit();
        set_default(l, kind, id, LIMIT_NONE);
        return OK;
    }
    struct subject *s = map_get(&l->subjects, subject);
    struct counter *c = s ? counter_of(s, id) : NULL;
    if (!c || !c->is_own)
        return no_such_limit();
    c->is_own = false;
    c->max = l->defaults[kind][id];
    s->own--;
    l->own_of[kind]--;
    l->of_unit[kind][limit_info(id)->unit]--;
    if (is_forgotten)
        counter_forget(c);
    return OK;
}

fallible
limit_restore(limits *l, const struct limit_block *b)
{
    static const struct sched_time early = {0, INT64_MIN / 2};
    enum subject_kind kind;
    bool is_default;
    struct subject *s;
    TRY(subject_read(b->subject, &kind, &is_default));
    TRY(find(l, b->subject, kind, &early, &s));
    struct counter *c = s ? counter_of(s, b->limit) : NULL;
    if (c && b->window >= c->window) {
        c->window = b->window;
        c->used = c->granted = b->granted;
    }
    return OK;
}

static fallible
flush(limits *l, struct limit_block *blocks, struct counter **counters, size_t count)
{
    if (count)
        TRY(l->hooks.keep(l->hooks.ctx, blocks, count));
    for (size_t i = 0; i < count; i++)
        counters[i]->granted = blocks[i].granted;
    return OK;
}

fallible
limit_flush(limits *l)
{
    struct limit_block blocks[LIMIT_BLOCKS_MAX];
    struct counter *counters[LIMIT_BLOCKS_MAX];
    struct subject *s = l->hand;
    size_t count = 0;
    for (size_t i = 0; i < l->count; i++, s = s->next)
        for (struct counter *c = s->counters; c; c = c->next) {
            const uint64_t spent = add_capped(c->used, c->reserved);
            if (c->granted == spent || !counter_is_durable(c))
                continue;
            counters[count] = c;
            blocks[count++] =
                (struct limit_block){s->name, (enum limit_id)c->limit, c->window, spent};
            if (count == LIMIT_BLOCKS_MAX) {
                TRY(flush(l, blocks, counters, count));
                count = 0;
            }
        }
    return flush(l, blocks, counters, count);
}

/* ---- reservations */
static fallible
gather(limits *l, const struct subject_names *who, const struct sched_time *t, struct limit_hold *h)
{
    char room[SUBJECT_TEXT_MAX];
    for (int k = 0; k < SUBJECT_KINDS; k++) {
        const enum subject_kind kind = (enum subject_kind)k;
        struct subject *s;
        if (!l->defaults_of[k] && !l->own_of[k])
            continue;
        const str name = subject_put(kind, who, room);
        if (!name.len)
            continue;
        TRY(find(l, name, kind, t, &s));
        if (!s)
            continue;
        h->subjects[h->subject_count++] = s;
        s->holds++; /* or the next look-up might sweep it away */
        for (struct counter *c = s->counters; c; c = c->next) {
            if (c->max == LIMIT_NONE)
                continue;
            TRY(counter_turn(c, t));
            h->at[h->count++].counter = c;
        }
    }
    return OK;
}

static const struct subject *
owner_of(const struct limit_hold *h, const struct counter *wanted)
{
    for (size_t i = 0; i < h->subject_count; i++)
        for (const struct counter *c = h->subjects[i]->counters; c; c = c->next)
            if (c == wanted)
                return h->subjects[i];
    UNREACHABLE("a counter of the reservation has a subject");
}

static uint64_t
amount_of(const struct limit_amount *a, const struct counter *c)
{
    return a->of[limit_info((enum limit_id)c->limit)->unit];
}

static fallible
refuse(const struct limit_hold *h, const struct counter *c, uint64_t wait_ms,
       struct limit_refusal *why)
{
    const struct subject *s = owner_of(h, c);
    const uint64_t asked = amount_of(&h->amount, c);
    *why = (struct limit_refusal){
        .limit = (enum limit_id)c->limit, .max = c->max, .retry_ms = wait_ms};
    snprintf(why->subject, sizeof why->subject, "%.*s", STR_FMT(s->name));
    const err e = err_start_public(
        ERR_RATE, "", __FILE__, __LINE__, __func__,
        "the limit %s of %.*s is used up: %llu of %llu are left, this request needs %llu",
        limit_info((enum limit_id)c->limit)->name, STR_FMT(s->name),
        (unsigned long long)counter_left(c), (unsigned long long)c->max, (unsigned long long)asked);
    err_set_retry(wait_ms);
    return e;
}

/* Names the limit that has to be waited for longest. */
static fallible
check(const struct limit_hold *h, const struct sched_time *t, struct limit_refusal *why)
{
    const struct counter *worst = NULL;
    uint64_t wait_ms = 0;
    for (size_t i = 0; i < h->count; i++) {
        const struct counter *c = h->at[i].counter;
        const uint64_t amount = amount_of(&h->amount, c);
        const uint64_t ms = counter_wait_ms(c, amount, t);
        if (!counter_fits(c, amount) && (!worst || ms > wait_ms)) {
            worst = c;
            wait_ms = ms;
        }
    }
    return worst ? refuse(h, worst, wait_ms, why) : OK;
}

static fallible
make_durable(const limits *l, const struct limit_hold *h)
{
    struct limit_block blocks[LIMIT_HELD_MAX];
    struct counter *counters[LIMIT_HELD_MAX];
    size_t count = 0;
    for (size_t i = 0; i < h->count; i++) {
        struct counter *c = h->at[i].counter;
        const uint64_t granted = counter_block(c, amount_of(&h->amount, c));
        if (!granted)
            continue;
        counters[count] = c;
        blocks[count++] =
            (struct limit_block){owner_of(h, c)->name, (enum limit_id)c->limit, c->window, granted};
    }
    if (!count)
        return OK;
    TRY(l->hooks.keep(l->hooks.ctx, blocks, count));
    for (size_t i = 0; i < count; i++)
        counters[i]->granted = blocks[i].granted;
    return OK;
}

static void
let_go(struct limit_hold *h)
{
    for (size_t i = 0; i < h->subject_count; i++) {
        ASSERT(h->subjects[i]->holds);
        h->subjects[i]->holds--;
    }
    h->count = h->subject_count = 0;
}

static fallible
reserve(limits *l, const struct limit_ask *q, struct limit_hold *h, struct limit_refusal *why)
{
    TRY(gather(l, &q->who, &q->at, h));
    TRY(check(h, &q->at, why));
    TRY(make_durable(l, h));
    for (size_t i = 0; i < h->count; i++)
        h->at[i].span = counter_reserve(h->at[i].counter, amount_of(&h->amount, h->at[i].counter));
    return OK;
}

fallible
limit_reserve(limits *l, const struct limit_ask *q, struct limit_hold *ret,
              struct limit_refusal *why)
{
    struct limit_hold h;
    h.count = h.subject_count = 0;
    h.amount = q->what;
    sweep(l, SWEPT_EACH_TIME, &q->at);
    const err e = reserve(l, q, &h, why);
    for (int u = 0; e.code == ERR_RATE && u < UNIT_COUNT; u++)
        why->rooms[u] = limit_tightest(&h, (enum limit_unit)u, &q->at);
    if (e.code)
        let_go(&h);
    else
        *ret = h;
    return e;
}

/* A minute of a counter that was reserved has been made: the turn cannot fail. */
static void
turn(struct counter *c, const struct sched_time *t)
{
    const err e = counter_turn(c, t);
    ASSERT(!e.code);
}

void
limit_settle(limits *l, struct limit_hold *h, const struct limit_amount *actual,
             const struct sched_time *t)
{
    (void)l;
    for (size_t i = 0; i < h->count; i++) {
        struct counter *c = h->at[i].counter;
        turn(c, t);
        counter_settle(c, amount_of(&h->amount, c), amount_of(actual, c));
    }
    let_go(h);
}

void
limit_release(limits *l, struct limit_hold *h, const struct sched_time *t)
{
    (void)l;
    for (size_t i = 0; i < h->count; i++) {
        struct counter *c = h->at[i].counter;
        turn(c, t);
        counter_release(c, amount_of(&h->amount, c), h->at[i].span);
    }
    let_go(h);
}

/* ---- what is left */
static bool
is_bounded(const limits *l, str name, enum subject_kind kind, enum limit_unit unit)
{
    const struct subject *s = map_get(&l->subjects, name);
    for (int i = 0; i < LIMIT_COUNT; i++) {
        const struct counter *c = s ? counter_of(s, (enum limit_id)i) : NULL;
        if (table[i].unit == unit && (l->defaults[kind][i] != LIMIT_NONE || (c && c->is_own)))
            return true;
    }
    return false;
}

bool
limit_may_bound(const limits *l, const struct subject_names *who, enum limit_unit unit)
{
    char room[SUBJECT_TEXT_MAX];
    for (int k = 0; k < SUBJECT_KINDS; k++) {
        const enum subject_kind kind = (enum subject_kind)k;
        if (!l->of_unit[k][unit])
            continue;
        const str name = subject_put(kind, who, room);
        if (kind >= SUBJECT_MODEL || (name.len && is_bounded(l, name, kind, unit)))
            return true;
    }
    return false;
}

struct limit_room
limit_tightest(const struct limit_hold *h, enum limit_unit unit, const struct sched_time *t)
{
    struct limit_room r = {.max = LIMIT_NONE};
    for (size_t i = 0; i < h->count; i++) {
        const struct counter *c = h->at[i].counter;
        if (limit_info((enum limit_id)c->limit)->unit != unit || c->max == LIMIT_NONE)
            continue;
        if (r.max == LIMIT_NONE || counter_left(c) < r.left)
            r = (struct limit_room){c->max, counter_left(c), counter_reset_ms(c, t)};
    }
    return r;
}

bool
limit_use_of(const limits *l, str subject, enum limit_id id, const struct sched_time *t,
             struct limit_use *ret)
{
    enum subject_kind kind;
    bool is_default;
    if (subject_read(subject, &kind, &is_default).code)
        return false;
    const uint64_t fallback = l->defaults[kind][id];
    const struct subject *s = is_default ? NULL : map_get(&l->subjects, subject);
    const struct counter *c = s ? counter_of(s, id) : NULL;
    const bool is_own = c && c->is_own;
    *ret = (struct limit_use){.max = is_own ? c->max : fallback, .is_own = is_own || is_default};
    if (ret->max == LIMIT_NONE)
        return false;
    if (c) {
        ret->used = counter_used(c, t);
        ret->reserved = c->reserved;
        ret->reset_ms = counter_reset_ms(c, t);
    }
    return true;
}
