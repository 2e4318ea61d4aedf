/* SPDX-License-Identifier: EUPL-1.2 */
/* Versions of the policy: proposed by one security officer, approved by another. */
#include "acts/versions.h"

#include "api/admin/admin_api.h"
#include "base/num.h"

enum { TEXT_BYTES_MAX = 256 * 1024 };

void
admin_policy_list(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, versions_put(&w->admin, &w->body));
}

static fallible
read_id(const struct api_call *c, int64_t *ret)
{
    if (num_i64(c->args[0], 1, INT64_MAX, ret).code)
        REFUSE(ARGUMENT, "id", "a version is a number from 1");
    return OK;
}

static fallible
show(struct admin_work *w)
{
    int64_t id;
    TRY(read_id(w->call, &id));
    return version_put(&w->admin, id, &w->body);
}

void
admin_policy_show(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, show(w));
}

static void
put_id(struct admin_work *w, int64_t id)
{
    json_open(&w->body, '{');
    json_member_i64(&w->body, "id", id);
    json_close(&w->body, '}');
}

static fallible
propose(struct admin_work *w)
{
    static const char *const known[] = {"text", NULL};
    jval body;
    str text;
    int64_t id;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval v = json_get(&body, "text");
    TRY(json_str(&v, TEXT_BYTES_MAX, &text));
    TRY(versions_propose(&w->admin, text, &id));
    put_id(w, id);
    return OK;
}

void
admin_policy_propose(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, propose(w));
}

static fallible
roll_back(struct admin_work *w)
{
    int64_t id;
    TRY(versions_rollback(&w->admin, &id));
    put_id(w, id);
    return OK;
}

void
admin_policy_rollback(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, roll_back(w));
}

static fallible
approve(struct admin_work *w)
{
    int64_t id;
    TRY(read_id(w->call, &id));
    return versions_approve(&w->admin, id);
}

void
admin_policy_approve(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, approve(w));
}
