/* SPDX-License-Identifier: EUPL-1.2 */
/* Limits, and tenants and people, whom they are for. */
#include "api/admin/admin_api.h"

enum { TEXT_BYTES_MAX = 1024 };

static fallible
member_text(const jval *body, const char *name, str *ret)
{
    const jval v = json_get(body, name);
    return opt_json_str(&v, TEXT_BYTES_MAX, ret);
}

/* ---- limits */
void
admin_limits_list(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, admin_limits_put(&w->admin, &w->body));
}

void
admin_limits_show(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, admin_limits_of_put(&w->admin, c->args[0], &w->body));
}

static fallible
set_limit(struct admin_work *w)
{
    static const char *const known[] = {"value", NULL};
    jval body;
    int64_t value = 0;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    const jval v = json_get(&body, "value");
    TRY(json_i64(&v, 0, INT64_MAX, &value));
    return admin_limit_set(&w->admin, w->call->args[0], w->call->args[1], (uint64_t)value);
}

void
admin_limits_set(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, set_limit(w));
}

void
admin_limits_unset(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_limit_unset(&w->admin, c->args[0], c->args[1]));
}

/* ---- tenants and people */
static fallible
read_person(struct api_call *c, const char *above, struct person_wish *ret)
{
    const char *const known[] = {"name", "title", above, NULL};
    jval body;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    TRY(member_text(&body, "name", &ret->name));
    TRY(member_text(&body, "title", &ret->title));
    return member_text(&body, above, &ret->tenant);
}

void
admin_tenants_list(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, admin_tenants_put(&w->admin, &w->body));
}

void
admin_tenants_add(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    struct person_wish t = {.name = STR_NONE};
    const err e = read_person(c, "parent", &t);
    admin_finish(w, e.code ? e : admin_tenant_add(&w->admin, &t));
}

void
admin_tenants_remove(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_tenant_remove(&w->admin, c->args[0]));
}

void
admin_persons_list(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, admin_persons_put(&w->admin, &w->body));
}

void
admin_persons_add(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    struct person_wish p = {.name = STR_NONE};
    const err e = read_person(c, "tenant", &p);
    admin_finish(w, e.code ? e : admin_person_add(&w->admin, &p));
}

void
admin_persons_remove(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_person_remove(&w->admin, c->args[0]));
}

void
admin_persons_erase(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_person_erase(&w->admin, c->args[0], &w->body));
}

static fallible
erase_case(struct admin_work *w)
{
    static const char *const known[] = {"tenant", NULL};
    str tenant;
    TRY(api_query_only(w->call, known));
    TRY(api_query(w->call, STR("tenant"), &tenant));
    return admin_case_erase(&w->admin, tenant.len ? tenant : STR("default"), w->call->args[0],
                            &w->body);
}

void
admin_cases_erase(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, erase_case(w));
}
