/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include "gate/inside.h"

fallible
admin_allow(const struct admin_call *c, enum op op)
{
    return gate_allow(c->gate, c->session, op, c->request_id, c->a);
}

fallible
admin_record(const struct admin_call *c, enum audit_event event, str object)
{
    const struct audit_record r = {.event = event,
                                   .request_id = c->request_id,
                                   .key_id = c->session->key_id,
                                   .tenant = c->session->tenant,
                                   .object = object,
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &r, c->done, c->ctx);
}
