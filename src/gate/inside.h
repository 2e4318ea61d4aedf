/* SPDX-License-Identifier: EUPL-1.2 */
/* inside.h - what the files of gate/ share; nobody else includes it. */
#pragma once
#include "gate/admin.h"
#include "gate/engines.h"
#include "gate/keyring.h"

struct gate {
    struct gate_parts parts;
    keyring *keys;
    engines *engines;
    struct session operator_session;
    size_t running; /* jobs that hold a place */
};

/* Records a decision that was made; `done` as in audit_append. */
fallible gate_record_decision(gate *g, const struct audit_record *base, const struct decision *d,
                              audit_done_fn *done, void *ctx);

/* Leave for an administrative call: OK, or the denial, which is recorded. */
fallible admin_allow(const struct admin_call *c, enum op op);
/* Records what was done to `object`; c->done when it is durable. */
fallible admin_record(const struct admin_call *c, enum audit_event event, str object);
