/* SPDX-License-Identifier: EUPL-1.2 */
/* admin_api.h - what the CLI and operators' tools speak: JSON under /admin/v1, on the local socket
 * without a key (the socket's owner is the operator) or over the network with an operator's key;
 * and /healthy, /ready, /metrics for probes. */
#pragma once
#include "api/api.h"
#include "gate/admin.h"

extern const struct route_table admin_table;
extern const struct dialect admin_dialect;

/* ---- what the handlers of this directory share */
/* An administrative call whose success is answered once its record is durable: with `w->body`
 * if something was put there, else {"ok":true}. */
struct admin_work {
    struct api_call *call;
    struct admin_call admin;
    buf body;
    const char *type; /* of a body that is no JSON; NULL: it is */
    bool answered;
    str new_key; /* name of a key that is taken back when its record fails */
};
struct admin_work *admin_begin(struct api_call *c);
/* `e` of the admin_ call: a failure is answered now, success when `done` comes. */
void admin_finish(struct admin_work *w, err e);
/* For calls that only read: answers now. */
void admin_answer(struct admin_work *w, err e);

/* Handlers of the other files. */
void admin_upload_begin(struct api_call *c); /* upload.c */
void admin_upload_data(struct api_call *c, str piece);
void admin_upload_end(struct api_call *c);
void admin_limits_list(struct api_call *c); /* limits.c */
void admin_limits_show(struct api_call *c);
void admin_limits_set(struct api_call *c);
void admin_limits_unset(struct api_call *c);
void admin_tenants_list(struct api_call *c);
void admin_tenants_add(struct api_call *c);
void admin_tenants_remove(struct api_call *c);
void admin_persons_list(struct api_call *c);
void admin_persons_add(struct api_call *c);
void admin_persons_remove(struct api_call *c);
void admin_persons_erase(struct api_call *c);
void admin_cases_erase(struct api_call *c);
void admin_log_file(struct api_call *c); /* log.c */
void admin_log_find(struct api_call *c);
void admin_log_take(struct api_call *c);
void admin_log_alarms(struct api_call *c);
void admin_log_raise(struct api_call *c);
void admin_log_end_alarm(struct api_call *c);
void admin_policy_list(struct api_call *c); /* versions.c */
void admin_policy_show(struct api_call *c);
void admin_policy_propose(struct api_call *c);
void admin_policy_rollback(struct api_call *c);
void admin_policy_approve(struct api_call *c);
void admin_prune_show(struct api_call *c); /* prune.c */
void admin_prune_propose(struct api_call *c);
void admin_prune_approve(struct api_call *c);
void admin_clearances_list(struct api_call *c); /* clearances.c */
void admin_clearances_propose(struct api_call *c);
void admin_clearances_approve(struct api_call *c);
void admin_declassify_propose(struct api_call *c); /* declassify.c */
void admin_declassify_show(struct api_call *c);
void admin_declassify_approve(struct api_call *c);
void admin_declassify_release(struct api_call *c);
