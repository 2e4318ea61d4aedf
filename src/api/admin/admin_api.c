/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

#include "acts/salt.h"
#include "gate/keep.h"

/* A list of 100,000 keys fits. */
enum { BODY_BYTES_MAX = 64 * 1024 * 1024, TEXT_BYTES_MAX = 1024 };
static const int64_t overlap_ms_max = 366LL * 86400000;

static void
put_error(buf *b, const struct api_error *e)
{
    const struct err_info *i = err_info(e->e);
    json_open(b, '{');
    json_key(b, "error");
    json_open(b, '{');
    json_member_str(b, "code", str_of(i->id));
    json_member_str(b, "message", e->sentence);
    json_member_str(b, "param", e->param);
    json_member_str(b, "hint", str_of(i->hint));
    json_member_i64(b, "exit", i->exit_status);
    json_close(b, '}');
    json_close(b, '}');
}

const struct dialect admin_dialect = {.name = "admin", .put_error = put_error};

/* ---- one call */
static void
work_done(void *p)
{
    struct admin_work *w = p;
    if (!w->answered) /* the client went away before its record was durable */
        audit_forget(gate_parts_of(w->call->gate)->audit, w);
    if (w->body.len)
        wipe(w->body.at, w->body.len); /* it may show a key */
    buf_done(&w->body);
}

void
admin_answer(struct admin_work *w, err e)
{
    w->answered = true;
    if (!e.code && !w->body.len)
        buf_add(&w->body, STR("{\"ok\":true}"));
    if (e.code)
        api_fail(w->call, e);
    else if (w->type)
        http_answer(w->call->x, 200, &(struct http_field){STR("content-type"), str_of(w->type)}, 1,
                    buf_str(&w->body));
    else
        api_json(w->call, &w->body);
}

static void
on_recorded(void *ctx, err e)
{
    struct admin_work *w = ctx;
    struct err_kept failure;
    err_keep(&failure, e);
    if (e.code && w->new_key.len)
        admin_key_undo(&w->admin, w->new_key);
    admin_answer(w, err_again(&failure));
}

void
admin_finish(struct admin_work *w, err e)
{
    if (e.code)
        admin_answer(w, e);
}

struct admin_work *
admin_begin(struct api_call *c)
{
    struct admin_work *w = arena_new(c->a, struct admin_work);
    w->call = c;
    w->body = BUF(BODY_BYTES_MAX);
    w->admin = (struct admin_call){.gate = c->gate,
                                   .session = c->session,
                                   .request_id = http_request_id(c->x),
                                   .a = c->a,
                                   .done = on_recorded,
                                   .ctx = w};
    arena_on_end(c->a, work_done, w);
    return w;
}

static fallible
member_text(const jval *body, const char *name, str *ret)
{
    const jval v = json_get(body, name);
    return opt_json_str(&v, TEXT_BYTES_MAX, ret);
}

/* ---- keys */
/* "aws": true, or "import_aws": {"access_key_id": …, "secret_access_key": …} */
static fallible
read_pair_wish(struct api_call *c, const jval *body, struct key_wish *k)
{
    static const char *const known[] = {"access_key_id", "secret_access_key", NULL};
    const jval flag = json_get(body, "aws"), given = json_get(body, "import_aws");
    bool wants = false;
    str id, key;
    TRY(opt_json_bool(&flag, &wants));
    if (!wants && !given.v)
        return OK;
    k->pair = arena_new(c->a, struct pair_text);
    if (!given.v)
        return OK;
    TRY(json_object(&given));
    TRY(api_body_only(&given, known));
    const jval v = json_get(&given, "access_key_id"), s = json_get(&given, "secret_access_key");
    TRY(json_str(&v, PAIR_ID_MAX, &id));
    TRY(json_str(&s, PAIR_SECRET_MAX, &key));
    if (!id.len || !str_copy(id, k->pair->access_id, sizeof k->pair->access_id) ||
        !str_copy(key, k->pair->secret, sizeof k->pair->secret))
        REFUSE(ARGUMENT, "import_aws", "import_aws must hold an access key id and its secret");
    return OK;
}

static fallible
read_key_wish(struct api_call *c, struct key_wish *k)
{
    static const char *const known[] = {
        "name",     "tenant",     "clearance", "default_label", "party",    "import",
        "operator", "valid_ms",   "person",    "models",        "networks", "ceiling",
        "aws",      "import_aws", "role",      "purposes",      "purpose",  NULL};
    jval body;
    int64_t valid_ms = 0;
    TRY(api_body(c, &body));
    TRY(api_body_only(&body, known));
    TRY(member_text(&body, "name", &k->name));
    TRY(member_text(&body, "tenant", &k->tenant));
    TRY(member_text(&body, "clearance", &k->clearance));
    TRY(member_text(&body, "default_label", &k->default_label));
    TRY(member_text(&body, "party", &k->party));
    TRY(member_text(&body, "import", &k->import));
    TRY(member_text(&body, "person", &k->person));
    TRY(member_text(&body, "models", &k->models));
    TRY(member_text(&body, "networks", &k->networks));
    TRY(member_text(&body, "ceiling", &k->ceiling));
    TRY(member_text(&body, "role", &k->role));
    TRY(member_text(&body, "purposes", &k->purposes));
    TRY(member_text(&body, "purpose", &k->purpose));
    TRY(read_pair_wish(c, &body, k));
    const jval op = json_get(&body, "operator"), valid = json_get(&body, "valid_ms");
    TRY(opt_json_bool(&op, &k->is_operator));
    TRY(opt_json_i64(&valid, 0, INT64_MAX / 2, &valid_ms));
    k->valid_ms = (uint64_t)valid_ms;
    return OK;
}

/* The answer is ready before the record is durable, and leaves after. */
static void
put_new_key(struct admin_work *w, str name, char text[KEY_TEXT_MAX], struct pair_text *pair)
{
    json_open(&w->body, '{');
    json_member_str(&w->body, "name", name);
    json_member_str(&w->body, "key", str_of(text));
    if (pair) {
        json_member_str(&w->body, "access_key_id", str_of(pair->access_id));
        json_member_str(&w->body, "secret_access_key", str_of(pair->secret));
        wipe(pair, sizeof *pair);
    }
    json_close(&w->body, '}');
    wipe(text, KEY_TEXT_MAX);
}

static fallible
add_key(struct admin_work *w)
{
    struct key_wish k = {.name = STR_NONE};
    char text[KEY_TEXT_MAX];
    TRY(read_key_wish(w->call, &k));
    const bool makes_pair = k.pair && !k.pair->access_id[0]; /* else they know it */
    TRY(admin_key_add(&w->admin, &k, text));
    w->new_key = k.name;
    put_new_key(w, k.name, text, makes_pair ? k.pair : NULL);
    return OK;
}

static fallible
rotate_key(struct admin_work *w)
{
    static const char *const known[] = {"overlap_ms", "import", NULL};
    struct key_rotation r = {.id_or_name = w->call->args[0]};
    char text[KEY_TEXT_MAX];
    int64_t overlap_ms = 0;
    jval body;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    TRY(member_text(&body, "import", &r.import));
    const jval overlap = json_get(&body, "overlap_ms");
    TRY(opt_json_i64(&overlap, 0, overlap_ms_max, &overlap_ms));
    r.overlap_ms = (uint64_t)overlap_ms;
    TRY(admin_key_rotate(&w->admin, &r, text, &w->new_key));
    put_new_key(w, r.id_or_name, text, NULL);
    return OK;
}

static void
keys_rotate_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, rotate_key(w));
}

static void
keys_add_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, add_key(w));
}

static void
keys_list_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, admin_keys_put(&w->admin, &w->body));
}

static void
keys_revoke_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_key_revoke(&w->admin, c->args[0]));
}

/* ---- models */
static void
models_list_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, admin_models_put(&w->admin, &w->body));
}

static void
model_remove_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_model_remove(&w->admin, c->args[0]));
}

static void
model_default_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_model_default(&w->admin, c->args[0]));
}

static fallible
set_alias(struct admin_work *w)
{
    static const char *const known[] = {"model", NULL};
    jval body;
    str model = STR_NONE;
    TRY(api_body(w->call, &body));
    TRY(api_body_only(&body, known));
    TRY(member_text(&body, "model", &model));
    if (!model.len) /* to the registry it would mean: remove */
        REFUSE(ARGUMENT, "model", "model must name the model the alias stands for");
    return admin_model_alias(&w->admin, w->call->args[0], model);
}

static void
alias_set_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, set_alias(w));
}

static void
alias_remove_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_model_alias(&w->admin, c->args[0], STR_NONE));
}

/* ---- state */
static void
explain_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, admin_explain_put(&w->admin, c->args[0], &w->body));
}

/* ---- what was said */
struct said {
    struct admin_work *work;
    struct kept_list kept;
};

static void
put_said(buf *b, const struct kept *k)
{
    json_open(b, '{');
    json_member_str(b, "label", k->label_text);
    json_member_str(b, "kept", k->meta);
    json_close(b, '}');
}

static void
on_said(void *ctx, err e)
{
    struct said *s = ctx;
    buf *b = &s->work->body;
    if (!e.code) {
        json_open(b, '{');
        json_member_str(b, "request", s->work->call->args[0]);
        json_key(b, "said");
        json_open(b, '[');
        for (size_t i = 0; i < s->kept.list.count; i++)
            put_said(b, &s->kept.list.at[i]);
        json_close(b, ']');
        json_close(b, '}');
        e = buf_end(b);
    }
    admin_answer(s->work, e);
}

static void
content_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    struct said *s = arena_new(c->a, struct said);
    s->work = w;
    const struct keep_call call = {.gate = c->gate,
                                   .session = c->session,
                                   .case_name = c->case_name,
                                   .request_id = w->admin.request_id,
                                   .a = c->a,
                                   .done = on_said,
                                   .ctx = s};
    admin_finish(w, keep_words_read(&call, c->args[0], &s->kept));
}

static void
salt_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_finish(w, salt_show(&w->admin, c->args[0], &w->body));
}

static fallible
put_route(struct admin_work *w)
{
    static const char *const known[] = {"model", "label", "purpose", NULL};
    struct route_wish wish;
    TRY(api_query_only(w->call, known));
    TRY(api_query(w->call, STR("model"), &wish.model));
    TRY(api_query(w->call, STR("label"), &wish.label_text));
    TRY(api_query(w->call, STR("purpose"), &wish.purpose));
    return admin_route_put(&w->admin, &wish, &w->body);
}

static void
route_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, put_route(w));
}

static void
status_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    admin_answer(w, admin_status_put(&w->admin, &w->body));
}

static void
metrics_route(struct api_call *c)
{
    struct admin_work *w = admin_begin(c);
    const struct http_field type = {STR("content-type"),
                                    STR("text/plain; version=0.0.4; charset=utf-8")};
    const err e = admin_metrics_put(&w->admin, &w->body);
    w->answered = true;
    if (e.code)
        api_fail(c, e);
    else
        http_answer(c->x, 200, &type, 1, buf_str(&w->body));
}

static void
healthy_route(struct api_call *c)
{
    const struct http_field type = {STR("content-type"), STR("application/json")};
    http_answer(c->x, 200, &type, 1, STR("{\"status\":\"ok\"}"));
}

/* Ready: every model that was asked for can answer now. */
static void
ready_route(struct api_call *c)
{
    const struct http_field type = {STR("content-type"), STR("application/json")};
    const bool all = gate_engines_ready(c->gate);
    http_answer(c->x, all ? 200 : 503, &type, 1,
                all ? STR("{\"status\":\"ready\"}") : STR("{\"status\":\"loading\"}"));
}

#define ROUTE(method, path, fn, auth)                                                              \
    {                                                                                              \
        HTTP_##method, path, fn, AUTH_##auth, &admin_dialect, NULL, NULL                           \
    }
static const struct route routes[] = {
    ROUTE(GET, "/admin/v1/keys", keys_list_route, LOCAL),
    ROUTE(POST, "/admin/v1/keys", keys_add_route, LOCAL),
    ROUTE(DELETE, "/admin/v1/keys/{id}", keys_revoke_route, LOCAL),
    ROUTE(POST, "/admin/v1/keys/{id}/rotate", keys_rotate_route, LOCAL),
    ROUTE(GET, "/admin/v1/limits", admin_limits_list, LOCAL),
    ROUTE(GET, "/admin/v1/limits/{subject}", admin_limits_show, LOCAL),
    ROUTE(PUT, "/admin/v1/limits/{subject}/{limit}", admin_limits_set, LOCAL),
    ROUTE(DELETE, "/admin/v1/limits/{subject}/{limit}", admin_limits_unset, LOCAL),
    ROUTE(GET, "/admin/v1/tenants", admin_tenants_list, LOCAL),
    ROUTE(POST, "/admin/v1/tenants", admin_tenants_add, LOCAL),
    ROUTE(DELETE, "/admin/v1/tenants/{name}", admin_tenants_remove, LOCAL),
    ROUTE(GET, "/admin/v1/persons", admin_persons_list, LOCAL),
    ROUTE(POST, "/admin/v1/persons", admin_persons_add, LOCAL),
    ROUTE(DELETE, "/admin/v1/persons/{name}", admin_persons_remove, LOCAL),
    ROUTE(POST, "/admin/v1/persons/{name}/erase", admin_persons_erase, LOCAL),
    ROUTE(POST, "/admin/v1/cases/{name}/erase", admin_cases_erase, LOCAL),
    ROUTE(POST, "/admin/v1/persons/{name}/clearance", admin_clearances_propose, LOCAL),
    ROUTE(GET, "/admin/v1/clearances", admin_clearances_list, LOCAL),
    ROUTE(POST, "/admin/v1/clearances/{id}/approve", admin_clearances_approve, LOCAL),
    ROUTE(GET, "/admin/v1/policy", admin_policy_list, LOCAL),
    ROUTE(POST, "/admin/v1/policy", admin_policy_propose, LOCAL),
    ROUTE(POST, "/admin/v1/policy/rollback", admin_policy_rollback, LOCAL),
    ROUTE(GET, "/admin/v1/policy/{id}", admin_policy_show, LOCAL),
    ROUTE(POST, "/admin/v1/policy/{id}/approve", admin_policy_approve, LOCAL),
    ROUTE(POST, "/admin/v1/declassify", admin_declassify_propose, LOCAL),
    ROUTE(GET, "/admin/v1/declassify/{id}", admin_declassify_show, LOCAL),
    ROUTE(POST, "/admin/v1/declassify/{id}/approve", admin_declassify_approve, LOCAL),
    ROUTE(POST, "/admin/v1/declassify/{id}/release", admin_declassify_release, LOCAL),
    ROUTE(GET, "/admin/v1/models", models_list_route, LOCAL),
    {HTTP_POST, "/admin/v1/models", admin_upload_end, AUTH_LOCAL, &admin_dialect, admin_upload_data,
     admin_upload_begin},
    ROUTE(DELETE, "/admin/v1/models/{name}", model_remove_route, LOCAL),
    ROUTE(POST, "/admin/v1/models/{name}/default", model_default_route, LOCAL),
    ROUTE(PUT, "/admin/v1/aliases/{alias}", alias_set_route, LOCAL),
    ROUTE(DELETE, "/admin/v1/aliases/{alias}", alias_remove_route, LOCAL),
    ROUTE(GET, "/admin/v1/content/{request}", content_route, LOCAL),
    ROUTE(GET, "/admin/v1/content/{request}/salt", salt_route, LOCAL),
    ROUTE(GET, "/admin/v1/explain/{request}", explain_route, LOCAL),
    ROUTE(GET, "/admin/v1/route", route_route, LOCAL),
    ROUTE(GET, "/admin/v1/status", status_route, LOCAL),
    ROUTE(GET, "/log/{...path}", admin_log_file, LOCAL),
    ROUTE(GET, "/admin/v1/log/records", admin_log_find, LOCAL),
    ROUTE(GET, "/admin/v1/log/alarm", admin_log_alarms, LOCAL),
    ROUTE(POST, "/admin/v1/log/alarm", admin_log_raise, LOCAL),
    ROUTE(POST, "/admin/v1/log/clear", admin_log_end_alarm, LOCAL),
    ROUTE(POST, "/admin/v1/log/cosign", admin_log_take, LOCAL),
    ROUTE(GET, "/admin/v1/log/prune", admin_prune_show, LOCAL),
    ROUTE(POST, "/admin/v1/log/prune", admin_prune_propose, LOCAL),
    ROUTE(POST, "/admin/v1/log/prune/{request}/approve", admin_prune_approve, LOCAL),
    ROUTE(GET, "/metrics", metrics_route, LOCAL),
    ROUTE(GET, "/healthy", healthy_route, NONE),
    ROUTE(GET, "/ready", ready_route, NONE),
};
#undef ROUTE

const struct route_table admin_table = {routes, sizeof routes / sizeof *routes};
