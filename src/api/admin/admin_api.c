/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/admin/admin_api.h"

/* A list of 100,000 keys fits. */
enum { BODY_BYTES_MAX = 64 * 1024 * 1024, TEXT_BYTES_MAX = 1024 };

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
static fallible
read_key_wish(struct api_call *c, struct key_wish *k)
{
    static const char *const known[] = {"name",          "tenant",   "clearance",
                                        "default_label", "party",    "import",
                                        "operator",      "valid_ms", NULL};
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
    const jval op = json_get(&body, "operator"), valid = json_get(&body, "valid_ms");
    TRY(opt_json_bool(&op, &k->is_operator));
    TRY(opt_json_i64(&valid, 0, INT64_MAX / 2, &valid_ms));
    k->valid_ms = (uint64_t)valid_ms;
    return OK;
}

static fallible
add_key(struct admin_work *w)
{
    struct key_wish k = {.name = STR_NONE};
    char text[KEY_TEXT_MAX];
    TRY(read_key_wish(w->call, &k));
    /* The answer is ready before the record is durable, and leaves after. */
    TRY(admin_key_add(&w->admin, &k, text));
    w->new_key = k.name;
    json_open(&w->body, '{');
    json_member_str(&w->body, "name", k.name);
    json_member_str(&w->body, "key", str_of(text));
    json_close(&w->body, '}');
    wipe(text, sizeof text);
    return OK;
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
    ROUTE(GET, "/admin/v1/models", models_list_route, LOCAL),
    {HTTP_POST, "/admin/v1/models", admin_upload_end, AUTH_LOCAL, &admin_dialect, admin_upload_data,
     admin_upload_begin},
    ROUTE(DELETE, "/admin/v1/models/{name}", model_remove_route, LOCAL),
    ROUTE(POST, "/admin/v1/models/{name}/default", model_default_route, LOCAL),
    ROUTE(PUT, "/admin/v1/aliases/{alias}", alias_set_route, LOCAL),
    ROUTE(DELETE, "/admin/v1/aliases/{alias}", alias_remove_route, LOCAL),
    ROUTE(GET, "/admin/v1/explain/{request}", explain_route, LOCAL),
    ROUTE(GET, "/admin/v1/status", status_route, LOCAL),
    ROUTE(GET, "/metrics", metrics_route, LOCAL),
    ROUTE(GET, "/healthy", healthy_route, NONE),
    ROUTE(GET, "/ready", ready_route, NONE),
};
#undef ROUTE

const struct route_table admin_table = {routes, sizeof routes / sizeof *routes};
