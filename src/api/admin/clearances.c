/* SPDX-License-Identifier: EUPL-1.2 */
/* What people are cleared for: raised by two security officers, lowered by one. */
#include "acts/clearance.h"

#include "api/admin/admin_api.h"
#include "base/num.h"

enum { TEXT_BYTES_MAX = 4096 };

void
admin_clearances_list(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, clearances_put(&w->admin, &w->body));
}

static fallible
propose(struct admin_work *w)
{
    static const char *const known[] = {"clearance", "purposes", "valid_ms", NULL};
    struct clearance_wish wish = {.person = w->call->args[0]};
    int64_t id, valid_ms = 0;
    bool is_in_force;
    jval body;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval text = json_get(&body, "clearance"), valid = json_get(&body, "valid_ms");
    const jval purposes = json_get(&body, "purposes");
    TRY(json_str(&text, TEXT_BYTES_MAX, &wish.text));
    TRY(opt_json_str(&purposes, PURPOSES_TEXT_MAX, &wish.purposes));
    TRY(json_i64(&valid, 1, INT64_MAX / 2, &valid_ms));
    wish.valid_ms = (uint64_t)valid_ms;
    TRY(clearance_propose(&w->admin, &wish, &id, &is_in_force));
    json_open(&w->body, '{');
    json_member_i64(&w->body, "id", id);
    json_member_str(&w->body, "state", is_in_force ? STR("active") : STR("proposed"));
    json_close(&w->body, '}');
    return OK;
}

void
admin_clearances_propose(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, propose(w));
}

static fallible
approve(struct admin_work *w)
{
    int64_t id;
    if (num_i64(w->call->args[0], 1, INT64_MAX, &id).code)
        REFUSE(ARGUMENT, "id", "a clearance is a number from 1");
    return clearance_approve(&w->admin, id);
}

void
admin_clearances_approve(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, approve(w));
}
