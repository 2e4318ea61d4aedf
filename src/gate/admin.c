/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include "gate/inside.h"
#include "os/clock.h"

static struct audit_record
record_of(const struct admin_call *c)
{
    return (struct audit_record){
        .request_id = c->request_id,
        .key_id = c->session->key_id,
        .tenant = c->session->tenant,
        .decision = "",
        .rule = "",
        .outcome = "",
    };
}

fallible
admin_allow(const struct admin_call *c, enum op op)
{
    const struct gate_parts *p = gate_parts_of(c->gate);
    const struct ask q = {.session = c->session,
                          .op = op,
                          .target = policy_local_sink(p->policy),
                          .now_wall_ms = clock_wall_ms()};
    struct decision d;
    const grant *g;
    const err e = policy_decide(p->policy, &q, c->a, &d, &g);
    if (!e.code)
        return OK;
    struct err_kept denied;
    err_keep(&denied, e);
    struct audit_record r = record_of(c);
    r.op = str_of(op_info(op)->name);
    TRY(gate_record_decision(c->gate, &r, &d, NULL, NULL));
    return err_again(&denied);
}

fallible
admin_record(const struct admin_call *c, enum audit_event event, str object)
{
    struct audit_record r = record_of(c);
    r.event = event;
    r.object = object;
    r.outcome = "ok";
    return audit_append(gate_parts_of(c->gate)->audit, &r, c->done, c->ctx);
}
