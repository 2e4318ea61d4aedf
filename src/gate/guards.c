/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/guards.h"

#include <stdio.h>

#include "os/clock.h"

/* Leave to look at what was asked, as far as the asker may read it at all. */
static err
leave(gate *g, const struct gate_ask *ask, const grant **ret)
{
    struct decision d;
    const struct ask q = {.session = ask->session,
                          .op = ask->op,
                          .data = ask->conv->label,
                          .target = policy_local_sink(g->parts.policy),
                          .now_wall_ms = gate_now(g)};
    return gate_decide(g, &q, ask->a, &d, ret);
}

fallible
guards_ask(gate *g, struct gate_ask *ask, struct guard_verdict *v)
{
    struct screen how = {.g = g->guard, .a = ask->a};
    *v = (struct guard_verdict){.blocked = NULL};
    if (!guard_count(g->guard))
        return OK;
    if (ask->raw && ask->raw->unsaid)
        return err_again(ask->raw->unsaid);
    ask->raw = NULL;
    if (!guard_looks(g->guard, GUARDRAIL_INPUT) || leave(g, ask, &how.own).code)
        return OK;
    return screen_conv(&how, ask->conv, v);
}

fallible
guards_deny(const struct guardrail *r, struct decision *d)
{
    *d = (struct decision){.rule = r->name.at, .granted_by = "security officer (Geheimschutz)"};
    (void)snprintf(d->why, sizeof d->why, "%.*s forbids this%s%.*s", STR_FMT(r->name),
                   r->title.len ? ": " : "", STR_FMT(r->title));
    REFUSE(DENIED, r->name.at, "%s", d->why);
}

fallible
guards_answers(gate *g, const struct gate_ask *ask, struct screen_out out, screened **ret)
{
    *ret = NULL;
    if (!guard_looks(g->guard, GUARDRAIL_OUTPUT))
        return OK;
    return screened_new(ask->a, g->guard, ask->conv->params.n ? ask->conv->params.n : 1, out, ret);
}

fallible
guards_prepare(gate *g, const policy *next)
{
    guard *made;
    TRY(guard_new(next, &made));
    guard_free(g->guard_next);
    g->guard_next = made;
    return OK;
}

void
guards_use(gate *g)
{
    ASSERT(g->guard_next);
    guard_follow(g->guard_next, g->guard);
    g->guard = TAKE(g->guard_next);
}
