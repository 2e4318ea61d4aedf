/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/fair.h"

enum { COUNTER_UNIT = 1000 }; /* of a token at weight 1: so that weights divide without loss */

static struct fair_tenant *
find(struct fair *f, uint64_t id)
{
    for (size_t i = 0; i < f->count; i++)
        if (f->tenants[i].id == id)
            return &f->tenants[i];
    return NULL;
}

/* A new place, that of whoever rests longest, or the last one, shared. */
static struct fair_tenant *
place_for(struct fair *f, uint64_t id)
{
    struct fair_tenant *t = NULL;
    if (f->count < FAIR_TENANTS_MAX)
        t = &f->tenants[f->count++];
    for (size_t i = 0; !t && i < FAIR_TENANTS_MAX; i++) {
        struct fair_tenant *old = &f->tenants[i];
        if (!old->jobs && (!t || old->left_us < t->left_us))
            t = old;
    }
    if (!t)
        return &f->tenants[FAIR_TENANTS_MAX - 1];
    *t = (struct fair_tenant){.id = id};
    return t;
}

/* The least counter of those that are served or wait; when nobody is, that of who left last. */
static uint64_t
floor_of(const struct fair *f)
{
    const struct fair_tenant *least = NULL, *last = NULL;
    for (size_t i = 0; i < f->count; i++) {
        const struct fair_tenant *t = &f->tenants[i];
        if (t->jobs && (!least || t->counter < least->counter))
            least = t;
        if (!last || t->left_us > last->left_us)
            last = t;
    }
    return least ? least->counter : last ? last->counter : 0;
}

struct fair_tenant *
fair_enter(struct fair *f, uint64_t tenant, uint32_t weight)
{
    struct fair_tenant *t = find(f, tenant);
    if (!t)
        t = place_for(f, tenant);
    const uint64_t least = floor_of(f);
    if (!t->jobs && t->counter < least)
        t->counter = least;
    t->weight = weight < 1 ? 1 : weight > FAIR_WEIGHT_MAX ? FAIR_WEIGHT_MAX : weight;
    t->jobs++;
    return t;
}

void
fair_leave(struct fair_tenant *t, uint64_t now_us)
{
    ASSERT(t->jobs > 0);
    t->jobs--;
    t->left_us = now_us;
}

void
fair_charge(struct fair_tenant *t, uint32_t tokens_read, uint32_t tokens_written)
{
    const uint64_t cost = tokens_read + (uint64_t)FAIR_OUTPUT_COST * tokens_written;
    t->counter += cost * COUNTER_UNIT / t->weight;
}

static int
compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

static uint64_t
aged_class(const struct fair_claim *c, uint64_t now_us)
{
    const uint64_t ages = now_us > c->came_us ? (now_us - c->came_us) / FAIR_AGE_US : 0;
    return c->class > ages ? c->class - ages : 0;
}

static int
compare_tenants(const struct fair_tenant *a, const struct fair_tenant *b)
{
    const int c = compare(a->counter, b->counter);
    return c ? c : compare((uint64_t)a->seats * b->weight, (uint64_t)b->seats * a->weight);
}

int
fair_compare(const struct fair_claim *a, const struct fair_claim *b, uint64_t now_us)
{
    const uint64_t due_a = a->deadline_us ? a->deadline_us : UINT64_MAX;
    const uint64_t due_b = b->deadline_us ? b->deadline_us : UINT64_MAX;
    int c = compare(aged_class(a, now_us), aged_class(b, now_us));
    if (!c && a->tenant != b->tenant)
        c = compare_tenants(a->tenant, b->tenant);
    c = c ? c : compare(due_a, due_b);
    c = c ? c : compare(b->cached, a->cached);
    return c ? c : compare(a->number, b->number);
}

void
fair_seat(struct fair_claim *c, uint64_t now_us)
{
    if (aged_class(c, now_us) < c->class)
        c->held_us = now_us + FAIR_HOLD_US;
}

bool
fair_ousts(const struct fair_claim *waiting, const struct fair_claim *running, uint64_t now_us)
{
    const struct fair_tenant *w = waiting->tenant, *r = running->tenant;
    if (waiting->class != running->class)
        return waiting->class < running->class && now_us >= running->held_us;
    if (w == r || !r->seats)
        return false;
    return (uint64_t)(w->seats + 1) * r->weight <= (uint64_t)(r->seats - 1) * w->weight;
}
