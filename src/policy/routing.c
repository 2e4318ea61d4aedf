/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/routing.h"

const char *
routing_verdict_name(enum routing_verdict v)
{
    static const char *const names[] = {[ROUTING_TAKEN] = "taken",
                                        [ROUTING_NEXT] = "next",
                                        [ROUTING_DENIED] = "denied",
                                        [ROUTING_UNABLE] = "unable",
                                        [ROUTING_DOWN] = "down"};
    ASSERT((size_t)v < sizeof names / sizeof *names);
    return names[v];
}

static enum routing_verdict
verdict_of(const struct routing_target *t, const struct decision *d)
{
    if (!d->allowed)
        return ROUTING_DENIED;
    if (!t->is_able)
        return ROUTING_UNABLE;
    return t->is_up ? ROUTING_NEXT : ROUTING_DOWN;
}

static void
judge(const policy *p, const struct ask *q, const struct routing_target *t, arena *a,
      struct routing_step *ret)
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
prefer(const struct routing_target *list, const struct routing_step *a,
       const struct routing_step *b)
{
    const struct routing_target *x = &list[a->target], *y = &list[b->target];
    int c = compare(a->verdict != ROUTING_NEXT, b->verdict != ROUTING_NEXT);
    c = c ? c : compare(x->is_full, y->is_full);
    c = c ? c : compare(x->rank, y->rank);
    c = c ? c : compare(x->cost_ue, y->cost_ue);
    c = c ? c : compare(x->energy_mj, y->energy_mj);
    return c ? c : compare(a->target, b->target);
}

/* Insertion: the list is short. */
static void
insert(const struct routing_target *list, struct routing *r, const struct routing_step *s)
{
    size_t at = r->count++;
    for (; at && prefer(list, s, &r->steps[at - 1]) < 0; at--)
        r->steps[at] = r->steps[at - 1];
    r->steps[at] = *s;
}

static const struct routing_step *
first_of(const struct routing *r, enum routing_verdict v)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->steps[i].verdict == v)
            return &r->steps[i];
    return NULL;
}

/* The nearest to success says why there was none. */
static fallible
refuse(const struct routing *r)
{
    if (first_of(r, ROUTING_DOWN))
        REFUSE(PROVIDER_LOST, "model", "no target of this model that may take it is up");
    if (first_of(r, ROUTING_UNABLE))
        REFUSE(UNSUPPORTED, "model", "no target of this model that may take it can do this");
    const struct routing_step *s = first_of(r, ROUTING_DENIED);
    ASSERT(s);
    if (r->count == 1)
        REFUSE(DENIED, "", "%s", s->decision.why);
    REFUSE(DENIED, "", "none of the %zu targets may take it; the first: %s", r->count,
           s->decision.why);
}

fallible
routing_find(const policy *p, const struct ask *q, const struct routing_targets *targets, arena *a,
             struct routing *ret)
{
    ASSERT(targets->count >= 1 && targets->count <= ROUTING_TARGETS_MAX);
    ret->count = 0;
    for (size_t i = 0; i < targets->count; i++) {
        struct routing_step s = {.target = i};
        judge(p, q, &targets->at[i], a, &s);
        insert(targets->at, ret, &s);
    }
    if (ret->steps[0].verdict != ROUTING_NEXT)
        return refuse(ret);
    ret->steps[0].verdict = ROUTING_TAKEN;
    return OK;
}
