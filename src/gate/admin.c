/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/admin.h"

#include "gate/inside.h"

enum { NAME_BYTES_MAX = 64 };

static bool
is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '@';
}

fallible
admin_check_name(str name, const char *field)
{
    if (!name.len || name.len > NAME_BYTES_MAX)
        REFUSE(ARGUMENT, field, "%s must have 1 to %d characters", field, NAME_BYTES_MAX);
    for (size_t i = 0; i < name.len; i++)
        if (!is_name_char(name.at[i]))
            REFUSE(ARGUMENT, field, "%s may hold letters, digits and - _ . @ only", field);
    return OK;
}

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
                                   .person = c->session->person,
                                   .purpose = c->session->purpose,
                                   .object = object,
                                   .decision = "",
                                   .rule = "",
                                   .outcome = "ok"};
    return audit_append(gate_parts_of(c->gate)->audit, &r, c->done, c->ctx);
}
