/* SPDX-License-Identifier: EUPL-1.2 */
/* fair.h - who of those that wait for an engine is next, and who of those that run gives way; pure.
 *
 * Classes are strict: citizens before clerks before batches; but who has waited FAIR_AGE_US counts
 * as one class higher, so nothing starves.  Inside a class tenants share by virtual counters of
 * tokens (Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024): a tenant's counter
 * grows by what it is served, divided by its weight, and the least counter goes first, then who has
 * fewer seats.  Who comes, for the first time or after a rest, starts no lower than those who are
 * there, or, when nobody is, than who left last: rest is no credit, and service in the past no
 * debt to those who were not there.  Inside a tenant the earlier deadline goes first, then who has
 * more of its prompt cached, then who came first.
 *
 * Giving way: a seat (a sequence of the engine) is taken from a lower class for a higher, and from
 * a tenant for one that even after that has no more seats for its weight than the first; so two
 * never take a seat from each other in turn.  Who got its seat by its age keeps it for
 * FAIR_HOLD_US: the higher classes it overtook would take it back at once.
 *
 * One thread. */
#pragma once
#include "base/err.h"

enum fair_class { FAIR_CITIZEN, FAIR_CLERK, FAIR_BATCH, FAIR_CLASSES };

enum {
    FAIR_TENANTS_MAX = 1024, /* remembered; beyond them tenants share the last place */
    FAIR_WEIGHT_MAX = 1000,
    FAIR_OUTPUT_COST = 2 /* a token written, in tokens read */
};
#define FAIR_AGE_US UINT64_C(60000000)
#define FAIR_HOLD_US UINT64_C(5000000)

struct fair_tenant {
    uint64_t id;
    uint64_t counter; /* virtual: tokens served, by weight */
    uint64_t left_us; /* when its last job went */
    uint32_t weight, jobs, seats;
};

struct fair {
    struct fair_tenant tenants[FAIR_TENANTS_MAX];
    size_t count;
};

/* A job of the tenant has come.  `weight` 0 counts as 1, and at most FAIR_WEIGHT_MAX. */
struct fair_tenant *fair_enter(struct fair *f, uint64_t tenant, uint32_t weight);
/* It has gone. */
void fair_leave(struct fair_tenant *t, uint64_t now_us);
void fair_charge(struct fair_tenant *t, uint32_t tokens_read, uint32_t tokens_written);

struct fair_claim { /* of a job */
    const struct fair_tenant *tenant;
    enum fair_class class;
    uint64_t came_us, deadline_us; /* deadline 0: none */
    uint32_t cached;               /* tokens of its prompt that need no reading */
    uint64_t number;               /* in the order of coming */
    uint64_t held_us;              /* until then its seat goes to no higher class */
};

/* Below zero: `a` goes first.  A total order while nothing changes. */
int fair_compare(const struct fair_claim *a, const struct fair_claim *b, uint64_t now_us);
/* It has got a seat. */
void fair_seat(struct fair_claim *c, uint64_t now_us);
/* May `waiting` have a seat of `running`'s? */
bool
fair_ousts(const struct fair_claim *waiting, const struct fair_claim *running, uint64_t now_us);
