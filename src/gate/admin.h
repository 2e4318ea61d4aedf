/* SPDX-License-Identifier: EUPL-1.2 */
/* admin.h - what operators do through the gate: keys, models, records, state.
 *
 * Each call asks policy for its operation first and is recorded; the answer (`done`) comes when
 * the record is durable.  Texts live in the caller's arena. */
#pragma once
#include "gate/gate.h"
#include "store/keys.h"

typedef void admin_fn(void *ctx, err e);

struct admin_call {
    gate *gate;
    const struct session *session;
    str request_id;
    arena *a;
    admin_fn *done;
    void *ctx;
};

struct key_wish {
    str name, tenant, clearance, default_label, party;
    bool is_operator;
    uint64_t valid_ms; /* 0: for ever */
};

/* The secret's text is in `ret` when `done` gets OK. */
fallible
admin_key_add(const struct admin_call *c, const struct key_wish *w, char ret[KEY_TEXT_MAX]);
fallible admin_key_revoke(const struct admin_call *c, str id_or_name);
/* Rows as a JSON array. */
fallible admin_keys_put(const struct admin_call *c, buf *b);

struct model_wish {
    str name, licence, label, origin;
    int file; /* open, whole, digest known */
    str sha256;
    str toy; /* "chat" or "embed": the built-in engine, no file */
};
fallible admin_model_add(const struct admin_call *c, const struct model_wish *w);
fallible admin_model_remove(const struct admin_call *c, str name);
fallible admin_model_default(const struct admin_call *c, str name);
fallible admin_model_alias(const struct admin_call *c, str alias, str model);
void model_put(const gate *g, const struct model *m, buf *b); /* one JSON object */
fallible admin_models_put(const struct admin_call *c, buf *b);

/* {"request":…,"records":[…]}; an operator may see any, others those of their own key. */
fallible admin_explain_put(const struct admin_call *c, str request_id, buf *b);
/* Processes, engines, load. */
fallible admin_status_put(const struct admin_call *c, buf *b);
fallible admin_metrics_put(const struct admin_call *c, buf *b);
