/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/route.h"

const char *
route_verdict_name(enum route_verdict v)
{
    static const char *const names[] = {[ROUTE_TAKEN] = "taken",
                                        [ROUTE_NEXT] = "next",
                                        [ROUTE_DENIED] = "denied",
                                        [ROUTE_UNABLE] = "unable",
                                        [ROUTE_DOWN] = "down"};
    ASSERT((size_t)v < sizeof names / sizeof *names);
    return names[v];
}

static enum route_verdict
verdict_of(const struct route_target *t, const struct decision *d)
{
    if (!d->allowed)
        return ROUTE_DENIED;
    if (!t->is_able)
        return ROUTE_UNABLE;
    return t->is_up ? ROUTE_NEXT : ROUTE_DOWN;
}

static void
judge(const policy *p, const struct ask *q, const struct route_target *t, arena *a,
      struct route_step *ret)
{
    struct ask one = *q;
    one.model = t->name;
    one.target = t->sink;
    ret->grant = NULL;
    IGNORE(policy_decide(p, &one, a, &ret->decision, &ret->grant)); /* the decision says it */
    ret->verdict = verdict_of(t, &ret->decision);
}

static int
compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Below zero: `a` is to be tried before `b`. */
static int
prefer(const struct route_target *list, const struct route_step *a, const struct route_step *b)
{
    const struct route_target *x = &list[a->target], *y = &list[b->target];
    int c = compare(a->verdict != ROUTE_NEXT, b->verdict != ROUTE_NEXT);
    c = c ? c : compare(x->is_full, y->is_full);
    c = c ? c : compare(x->rank, y->rank);
    c = c ? c : compare(x->cost_ue, y->cost_ue);
    c = c ? c : compare(x->energy_mj, y->energy_mj);
    return c ? c : compare(a->target, b->target);
}

/* Insertion: the list is short. */
static void
insert(const struct route_target *list, struct route *r, const struct route_step *s)
{
    size_t at = r->count++;
    for (; at && prefer(list, s, &r->steps[at - 1]) < 0; at--)
        r->steps[at] = r->steps[at - 1];
    r->steps[at] = *s;
}

static const struct route_step *
first_of(const struct route *r, enum route_verdict v)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->steps[i].verdict == v)
            return &r->steps[i];
    return NULL;
}

/* The nearest to success says why there was none. */
static fallible
refuse(const struct route *r)
{
    if (first_of(r, ROUTE_DOWN))
        REFUSE(PROVIDER_LOST, "model", "no target of this model that may take it is up");
    if (first_of(r, ROUTE_UNABLE))
        REFUSE(UNSUPPORTED, "model", "no target of this model that may take it can do this");
    const struct route_step *s = first_of(r, ROUTE_DENIED);
    ASSERT(s);
    if (r->count == 1)
        REFUSE(DENIED, "", "%s", s->decision.why);
    REFUSE(DENIED, "", "none of the %zu targets may take it; the first: %s", r->count,
           s->decision.why);
}

fallible
route_find(const policy *p, const struct ask *q, const struct route_target *targets, size_t count,
           arena *a, struct route *ret)
{
    ASSERT(count >= 1 && count <= ROUTE_TARGETS_MAX);
    ret->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct route_step s = {.target = i};
        judge(p, q, &targets[i], a, &s);
        insert(targets, ret, &s);
    }
    if (ret->steps[0].verdict != ROUTE_NEXT)
        return refuse(ret);
    ret->steps[0].verdict = ROUTE_TAKEN;
    return OK;
}
