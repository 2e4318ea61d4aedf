/* SPDX-License-Identifier: EUPL-1.2 */
/* budget.h - what may be spent, as the door asks it: the limits of sched/ over the rows of store/.
 *
 * Before a request runs its tokens are estimated: the bytes of all that is said divided by
 * limit.bytes_per_token, eight more for each message, and the longest answers it may get.  A
 * request that names no longest answer, and whose tokens are limited, gets limit.answer_tokens and
 * is held to it.  Afterwards what the engine counted is settled.  A site that must not pass a limit
 * by one token sets limit.bytes_per_token to 1: no token has less than a byte.
 *
 * Money, for outside models: reserved is the worst case - a token for each byte that is said and
 * the longest answers, at the provider's prices (egress/price.h) - settled what the provider
 * counted.  Where it counted nothing, or what cannot be (budget_settle), the reservation is what
 * was spent.  So nobody passes a limit by a millionth of a euro, whatever a provider says.  A model
 * whose price nobody knows is denied to who has a limit of money.
 *
 * Energy, for engines here: reserved is what the tokens would take by the mean so far, settled what
 * was measured (sched/energy.h), each request in whole joules, rounded up.  What turns out to be
 * more is counted, and the next refused.  Where energy is not measured, who has a limit of it is
 * denied.
 *
 * Days and months are written down ahead, in blocks (sched/counter.h).  When that fails - locked,
 * damaged, no room - who needs the block is refused with BUSY or DISK_FULL, and for a second nobody
 * tries again: a database that is locked costs one request the wait for it, not all. */
#pragma once
#include "egress/price.h"
#include "gate/gate.h"
#include "sched/energy.h"
#include "sched/limit.h"

typedef struct budget budget;

fallible budget_open(const struct gate_parts *p, budget **ret);
/* Writes down what was spent; NULL is fine. */
void budget_free(budget *b);

struct budget_hold { /* of one request */
    struct limit_hold limits;
    bool is_held;
    uint64_t input_tokens;    /* as estimated */
    struct price price;       /* of an outside model */
    struct price_usage worst; /* that it can cost */
    bool is_bounded;          /* `worst` holds for the answers, too */
    uint64_t money;           /* reserved: the price of `worst` */
    struct gate_limits shown;
};

struct budget_ask {
    const struct session *session;
    const struct model *model; /* to be bounded: the first of the name; to be reserved: the one */
    enum engine_kind kind;
    struct conv *conv;
    bool may_leave; /* to be bounded: may it be an outside model? */
    /* To be reserved: */
    const struct price *price; /* of the outside model; NULL: it is none */
    bool is_inside;
    const struct energy *energy; /* inside; NULL: it is not measured */
};

struct budget_spent { /* by a request that an engine or a provider had */
    uint64_t tokens;
    uint64_t energy_mj;
    struct price_usage usage; /* as the provider counted */
    bool is_counted;          /* did it? */
    bool is_free;             /* it failed before it could cost anything */
};

struct budget_cost {
    const char *by; /* "usage", "reservation"; "": not known, or no outside model */
    uint64_t micro_euro;
    bool is_doubted; /* what the provider counted cannot be */
};

/* Before it is decided where the request goes: gives it a longest answer if it needs one. */
void budget_bound(const budget *b, const struct budget_ask *q);
/* RATE: `d` becomes the denial, by the rule "limit.NAME", and ret->shown is set; so does DENIED for
 * what nobody can count.  BUSY, LIMIT, … as they come. */
fallible
budget_reserve(budget *b, const struct budget_ask *q, struct budget_hold *ret, struct decision *d);
/* What is not held is left alone.  Not believed of a provider: no input; more of it than bytes were
 * said; more in its cache than there was; an answer without a token, or longer than it may be. */
struct budget_cost budget_settle(budget *b, struct budget_hold *h, const struct budget_spent *s);
void budget_release(budget *b, struct budget_hold *h);

/* ---- for operators: durable before it is seen */
fallible budget_set(budget *b, str subject, enum limit_id id, uint64_t max);
fallible budget_unset(budget *b, str subject, enum limit_id id);
bool budget_use_of(const budget *b, str subject, enum limit_id id, struct limit_use *ret);
