/* SPDX-License-Identifier: EUPL-1.2 */
/* The front of the log: counted, proposed by an operator, approved by an auditor. */
#include "acts/prune.h"

#include "api/admin/admin_api.h"

enum { TEXT_BYTES_MAX = 256 };

static fallible
show(struct admin_work *w)
{
    static const char *const known[] = {"before", "request", NULL};
    str before, request;
    TRY(api_query_only(w->call, known));
    TRY(api_query(w->call, STR("before"), &before));
    TRY(api_query(w->call, STR("request"), &request));
    if (request.len)
        return prune_follow(&w->admin, request, &w->body);
    return prune_show(&w->admin, before, &w->body);
}

void
admin_prune_show(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, show(w));
}

static fallible
read_member(struct admin_work *w, const char *name, str *ret)
{
    const char *const known[] = {name, NULL};
    jval body;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval v = json_get(&body, name);
    return json_str(&v, TEXT_BYTES_MAX, ret);
}

static fallible
propose(struct admin_work *w)
{
    str before;
    TRY(read_member(w, "before", &before));
    return prune_propose(&w->admin, before, &w->body);
}

void
admin_prune_propose(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, propose(w));
}

void
admin_prune_approve(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, prune_approve(&w->admin, c->args[0], &w->body));
}
