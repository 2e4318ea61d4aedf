/* SPDX-License-Identifier: EUPL-1.2 */
/* admin.h - what operators do through the gate: keys, models, records, state.
 *
 * Each call asks policy for its operation first; a denial is recorded.  What changes something, or
 * shows records, is recorded too, and its answer (`done`) comes when the record is durable; the
 * calls that only show (..._put, but for explain) have no record and answer at once.  Where the
 * record fails the change has been made, and the answer says what failed; only a new key is taken
 * back.  Texts live in the caller's arena. */
#pragma once
#include "gate/gate.h"
#include "gate/pairs.h"
#include "store/keys.h"

typedef void admin_fn(void *ctx, err e);

/* Calls that return a failure do not call `done`. */
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
    str role;          /* "operator", "officer", "auditor", "business"; empty: none.  One alone: no
                        * key, and no person by several, holds two; an officer is a person. */
    uint64_t valid_ms; /* 0: for ever */
    str import;        /* the key's text, chosen by the operator (keyring.h); empty: make one */
    str person;        /* whose it is; their tenant is the key's */
    str models;        /* names it is for, with commas; empty: all */
    str networks;      /* where it may be used from (network.h); empty: anywhere */
    str purposes;      /* that its requests may name, with commas */
    str purpose;       /* of those that name none: one of these, or alone all of them */
    str ceiling;       /* what its holder is cleared for counts up to here only; empty: all of it */
    /* An access key pair, too (pairs.h): the one it holds or, when it is empty, the one that was
     * made is put there, to be shown when `done` gets OK.  NULL: none. */
    struct pair_text *pair;
};

/* The secret's text is in `ret`, and may be shown when `done` gets OK.  Else admin_key_undo. */
fallible
admin_key_add(const struct admin_call *c, const struct key_wish *w, char ret[KEY_TEXT_MAX]);
/* The record of admin_key_add did not become durable: nobody may hold what no record tells of. */
void admin_key_undo(const struct admin_call *c, str id_or_name);
/* A new key with the same rights; the old one ends after `overlap_ms`.  `ret` as in admin_key_add,
 * *ret_id for admin_key_undo. */
struct key_rotation {
    str id_or_name, import;
    uint64_t overlap_ms;
};
fallible admin_key_rotate(const struct admin_call *c, const struct key_rotation *w,
                          char ret[KEY_TEXT_MAX], str *ret_id);
/* By name: those it replaced, too. */
fallible admin_key_revoke(const struct admin_call *c, str id_or_name);
/* Rows as a JSON array. */
fallible admin_keys_put(const struct admin_call *c, buf *b);

/* Tenants and people (store/people.h).  What a key in use names is not removed. */
struct person_wish {
    str name, title, tenant; /* of a tenant: the one above it */
};
fallible admin_tenant_add(const struct admin_call *c, const struct person_wish *w);
fallible admin_tenant_remove(const struct admin_call *c, str name);
fallible admin_tenants_put(const struct admin_call *c, buf *b);
fallible admin_person_add(const struct admin_call *c, const struct person_wish *w);
fallible admin_person_remove(const struct admin_call *c, str name);
fallible admin_persons_put(const struct admin_call *c, buf *b);

/* For good, and again if it was interrupted: their keys are revoked, the key of all they left here
 * is destroyed and it is removed, title and the names of their keys are forgotten; what says so on
 * record are pseudonyms and numbers.  `b` gets
 * {"request":…,"person":…,"keys":…,"things":…,"bytes":…, "rewritten":…}; rewritten: the file of
 * records was written anew (db_scrub). */
fallible admin_person_erase(const struct admin_call *c, str name, buf *b);
/* The same for a case of a tenant, whoever worked on it; "case" and "tenant" in place of "person".
 * By the rights of the operation above. */
fallible admin_case_erase(const struct admin_call *c, str tenant, str name, buf *b);

/* Limits (sched/limit.h).  NOT_FOUND: whom it is for is not there. */
fallible admin_limit_set(const struct admin_call *c, str subject, str limit, uint64_t value);
fallible admin_limit_unset(const struct admin_call *c, str subject, str limit);
/* All that were set; or what bounds one subject, by default too. */
fallible admin_limits_put(const struct admin_call *c, buf *b);
fallible admin_limits_of_put(const struct admin_call *c, str subject, buf *b);

struct model_wish {
    str name;                   /* empty: the file's own */
    str licence, label, origin; /* empty: the file's own, where it has one */
    int file;                   /* open for writing, whole */
    const char *incoming;       /* its path for now, in models_dir */
    str sha256;                 /* of the whole */
    str toy;                    /* "chat" or "embed": the built-in engine, no file */
    str adapter_of;             /* the base of the adapter in `file`; empty: it is none */
    str projector_of;           /* the base of the projector in `file`; empty: it is none */
    str remote;                 /* "PROVIDER/NAME": a provider's model, no file */
    bool is_embedder;           /* of a provider's */
};

/* While it grows a file's name begins so; such files are swept away at the next start. */
#define MODEL_INCOMING ".incoming-"

/* Validates the file, then gives it its digest's name, then writes the row: a row without a file
 * is not possible; a file without a row, after a crash in between, is what the next try of the
 * same file replaces.  On failure `incoming` is the caller's to remove, if it is still there. */
fallible admin_model_add(const struct admin_call *c, const struct model_wish *w);
/* And its file, when no other model uses it. */
fallible admin_model_remove(const struct admin_call *c, str name);
fallible admin_model_default(const struct admin_call *c, str name);
fallible admin_model_alias(const struct admin_call *c, str alias, str model);
void model_put(const gate *g, const struct model *m, buf *b); /* one JSON object */
fallible admin_models_put(const struct admin_call *c, buf *b);

/* {"request":…,"records":[…],"proofs":…} (audit.h; no proofs before the first signature); an
 * operator and an auditor may see any, others those of their own key.  `b` is written to until
 * `done`. */
fallible admin_explain_put(const struct admin_call *c, str request_id, buf *b);
/* "checkpoint", a tile or what witnesses want of the log (audit_file); an auditor may, and an
 * operator, who may see any record anyway. */
fallible admin_log_put(const struct admin_call *c, str path, buf *b);
/* Records by what is in them (audit_query); who may read any record may. */
fallible admin_log_query(const struct admin_call *c, const struct audit_ask *q, buf *b);
/* Does an alarm about witnesses stand (audit_alarm)? */
fallible admin_log_alarm_put(const struct admin_call *c, buf *b);
/* A witness said what cannot be so; that is recorded, and stands until an auditor clears it. */
fallible admin_log_alarm(const struct admin_call *c, str witness, str why);
/* CONFLICT when there is none.  ARGUMENT without a reason. */
fallible admin_log_clear(const struct admin_call *c, str reason);
/* Takes in a checkpoint with the lines of witnesses (audit_cosign); `b` is written to until `done`.
 */
fallible admin_log_cosign(const struct admin_call *c, str note, buf *b);
/* Which targets of the model might take what is so labelled, and why the others might not; decided
 * for somebody cleared for all that this installation may hold, who may name every purpose. */
struct route_wish {
    str model, label_text, purpose; /* purpose empty: none */
};
fallible admin_route_put(const struct admin_call *c, const struct route_wish *w, buf *b);
/* Processes, engines, load.  The resident memory of an engine is what it said of itself. */
fallible admin_status_put(const struct admin_call *c, buf *b);
fallible admin_metrics_put(const struct admin_call *c, buf *b);
