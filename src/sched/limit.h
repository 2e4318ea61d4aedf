/* SPDX-License-Identifier: EUPL-1.2 */
/* limit.h - what tenants, people, keys and models may spend, and what they have spent.
 *
 * A request is reserved before it runs - under every limit that bounds it, or under none - and
 * settled after, with what it really took.  counter.h has the law of one limit.
 *
 * Whose: a request has up to seven subjects (subject.h).  A subject is kept in memory when it has
 * a limit of its own, or was used lately and has one by default; what is idle is forgotten, a few
 * at each request.  A look-up is one hash per kind of subject that has any limit at all.
 *
 * What days and months spend is made durable through a hook, ahead and in blocks, so most requests
 * cause no write; a block that cannot be written refuses the request that needs it, and no other.
 * LIMITS hold the whole of it in memory: the hook's owner hands back at the start what it has.
 *
 * Pure but for memory and the hook: time is handed in.  Deterministic.  One thread. */
#pragma once
#include "sched/subject.h"
#include "sched/window.h"

typedef struct limits limits;

enum limit_unit { UNIT_REQUESTS, UNIT_TOKENS, UNIT_MONEY, UNIT_JOULES, UNIT_STREAMS, UNIT_COUNT };
enum limit_span { SPAN_MINUTE, SPAN_DAY, SPAN_MONTH, SPAN_HELD };

enum limit_id {
#define LIMIT(id, name, unit, span, doc) LIMIT_##id,
#include "sched/limit.def"
#undef LIMIT
    LIMIT_COUNT
};

struct limit_info {
    const char *name, *rule, *doc; /* rule: "limit.NAME" */
    enum limit_unit unit;
    enum limit_span span;
};
const struct limit_info *limit_info(enum limit_id id);
/* ARGUMENT with a public sentence that lists the names. */
fallible limit_read(str name, enum limit_id *ret);

#define LIMIT_NONE UINT64_MAX
/* So that sums of a limit and what is asked for cannot overflow, and fit the store. */
#define LIMIT_VALUE_MAX (UINT64_MAX / 4)

struct limit_amount {
    uint64_t of[UNIT_COUNT];
};

/* So much was granted to the subject for a day or month, and must not be forgotten. */
struct limit_block {
    str subject;
    enum limit_id limit;
    int64_t window;
    uint64_t granted;
};

enum { LIMIT_BLOCKS_MAX = 64 };

struct limit_hooks {
    /* Makes all of them durable, or none. */
    err (*keep)(void *ctx, const struct limit_block *blocks, size_t count);
    void *ctx;
};

/* At most `subjects_max` in memory; when all of them are in use, LIMIT. */
fallible limit_new(size_t subjects_max, struct limit_hooks hooks, limits **ret);
void limit_free(limits *l); /* NULL is fine */
/* Anew or changed; what was spent stays spent.  ARGUMENT: no subject, or above LIMIT_VALUE_MAX. */
fallible limit_set(limits *l, str subject, enum limit_id id, uint64_t max);
/* What was spent is forgotten, or else kept for another limit.  NOT_FOUND: there is none of its
 * own.
 */
fallible limit_unset(limits *l, str subject, enum limit_id id, bool is_forgotten);
/* From the store, after the limits were set: counts as spent.  A row no limit asks for is skipped.
 */
fallible limit_restore(limits *l, const struct limit_block *b);
/* At an orderly end: what is granted but not spent is given back. */
fallible limit_flush(limits *l);

enum { LIMIT_HELD_MAX = SUBJECT_KINDS * LIMIT_COUNT };

struct limit_hold { /* of one request; the caller's */
    size_t count, subject_count;
    struct limit_amount amount;
    struct {
        struct counter *counter;
        int64_t span;
    } at[LIMIT_HELD_MAX];
    struct subject *subjects[SUBJECT_KINDS];
};

struct limit_ask {
    struct subject_names who;
    struct limit_amount what; /* as estimated */
    struct sched_time at;
};

struct limit_room {
    uint64_t max, left, reset_ms; /* max LIMIT_NONE: unbounded */
};

struct limit_refusal {
    enum limit_id limit;
    char subject[SUBJECT_TEXT_MAX];
    uint64_t max, retry_ms;
    struct limit_room rooms[UNIT_COUNT]; /* limit_tightest of what would have been reserved */
};

/* RATE with a public sentence and err_retry_ms, *why says more; LIMIT; or what the hook said.  Then
 * nothing is reserved.  A reservation ends with settle or release, once, before limit_free. */
fallible limit_reserve(limits *l, const struct limit_ask *q, struct limit_hold *ret,
                       struct limit_refusal *why);
void limit_settle(limits *l, struct limit_hold *h, const struct limit_amount *actual,
                  const struct sched_time *t);
void limit_release(limits *l, struct limit_hold *h, const struct sched_time *t);
/* Does a limit count that unit, for whatever model it will be? */
bool limit_may_bound(const limits *l, const struct subject_names *who, enum limit_unit unit);

/* Of the limits of the reservation on that unit, the one with the least left. */
struct limit_room
limit_tightest(const struct limit_hold *h, enum limit_unit unit, const struct sched_time *t);

struct limit_use {
    uint64_t max, used, reserved, reset_ms;
    bool is_own;
};
/* False: nothing bounds that subject so. */
bool limit_use_of(const limits *l, str subject, enum limit_id id, const struct sched_time *t,
                  struct limit_use *ret);
size_t limit_subjects(const limits *l);
