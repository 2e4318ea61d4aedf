/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/api.h"

#include <stdio.h>

#include "api/ratelimit.h"
#include "api/router.h"
#include "base/fault.h"
#include "os/log.h"

enum { ERROR_BYTES_MAX = 16 * 1024 };

struct api {
    gate *gate;
    const struct route_table *tables;
    size_t count;
    const struct dialect *fallback;
    struct works *works;
    struct library *library;
    struct citizen *citizen;
    const struct stores *stores;
    struct cases *cases;
};

/* ---- answers */
void
api_log(const struct api_call *c, err e)
{
    if (err_info(e)->http_status < 500)
        return;
    LOG(WARNING, "request.failed", LOG_S("request", http_request_id(c->x)),
        LOG_Z("error", err_info(e)->id), LOG_Z("trail", err_trail()));
}

struct api_error
api_error_of(const struct api_call *c, err e)
{
    const str sentence = c->told.len ? c->told : str_of(err_public(e));
    return (struct api_error){e, sentence, str_of(err_param()), http_request_id(c->x)};
}

/* In whole seconds, never too soon; one where nobody knows. */
static str
retry_after(const struct api_call *c, err e)
{
    const uint64_t ms = err_retry_ms(e);
    return arena_fmt(c->a, "%llu", (unsigned long long)(ms ? (ms + 999) / 1000 : 1));
}

/* What a status owes besides its body (RFC 9110 sections 15.5.2 and 10.2.3). */
static size_t
extra_fields(const struct api_call *c, int status, err e, struct http_field *f)
{
    if (status == 401) {
        *f = (struct http_field){STR("www-authenticate"), STR("Bearer")};
        return 1;
    }
    if (status == 429 || status == 503 || status == 529) {
        *f = (struct http_field){STR("retry-after"), retry_after(c, e)};
        return 1;
    }
    return 0;
}

static const struct dialect *
dialect_of(const struct api_call *c)
{
    if (c->route)
        return c->route->dialect;
    return c->spoken ? c->spoken : c->api->fallback;
}

static void
fail_with(struct api_call *c, const struct dialect *d, err e, const struct http_field *more)
{
    struct http_field fields[5 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("application/json")}};
    const struct api_error told = api_error_of(c, e);
    const int status = d->status ? d->status(e) : err_info(e)->http_status;
    size_t count = 1;
    AUTO(buf) b = BUF(ERROR_BYTES_MAX);
    count += extra_fields(c, status, e, &fields[count]);
    if (status == 429 && d->limit_fields)
        count += d->limit_fields(c->a, &c->limits, &fields[count]);
    if (d->error_field)
        fields[count++] = d->error_field(e);
    if (d->id_field)
        fields[count++] = (struct http_field){str_of(d->id_field), told.request_id};
    if (more)
        fields[count++] = *more;
    d->put_error(&b, &told);
    http_answer(c->x, status, fields, count, buf_str(&b));
}

void
api_fail(struct api_call *c, err e)
{
    ASSERT(e.code && !http_started(c->x));
    api_log(c, e);
    fail_with(c, dialect_of(c), e, NULL);
}

void
api_json(struct api_call *c, const buf *b)
{
    const struct http_field type = {STR("content-type"), STR("application/json")};
    const err e = buf_end(b);
    if (e.code)
        api_fail(c, e);
    else
        http_answer(c->x, 200, &type, 1, buf_str(b));
}

/* ---- what handlers read */
fallible
api_body(struct api_call *c, jval *ret)
{
    TRY(json_read(c->a, c->body, ret));
    if (json_type(*ret) != J_OBJECT)
        REFUSE(PARSE, "", "the body must be one JSON object");
    return OK;
}

static bool
is_one_of(str name, const char *const *known)
{
    while (*known && !str_eq(name, str_of(*known)))
        known++;
    return *known != NULL;
}

fallible
api_body_only(const jval *body, const char *const *known)
{
    struct jwalk w = {.next = NULL};
    char room[128];
    jval v;
    while (json_each(body, &w, &v))
        if (!is_one_of(str_of(v.name), known))
            REFUSE(ARGUMENT, json_path(&v, room, sizeof room), "the field \"%s\" is not known here",
                   room);
    return OK;
}

fallible
api_query_only(const struct api_call *c, const char *const *known)
{
    str rest = http_query(c->x), pair, key;
    for (size_t i = 0; str_next(&rest, '&', &pair); i++)
        if (str_next(&pair, '=', &key) && key.len && !is_one_of(key, known))
            REFUSE(ARGUMENT, "", "parameter %zu of the address is not known here", i + 1);
    return OK;
}

fallible
api_query(struct api_call *c, str name, str *ret)
{
    str rest = http_query(c->x), pair;
    while (str_next(&rest, '&', &pair)) {
        str value = pair, key;
        if (str_next(&value, '=', &key) && str_eq(key, name))
            return percent_decode(c->a, value, ret);
    }
    *ret = STR_NONE;
    return OK;
}

struct gate_ask
api_ask(struct api_call *c, enum op op, enum engine_kind kind, str model, struct conv *conv)
{
    return (struct gate_ask){.session = c->session,
                             .case_name = c->case_name,
                             .op = op,
                             .kind = kind,
                             .model = model,
                             .label_text = http_header(c->x, STR("x-hoheit-label")),
                             .priority_text = http_header(c->x, STR("x-hoheit-priority")),
                             .conv = conv,
                             .request_id = http_request_id(c->x),
                             .traceparent = http_header(c->x, STR("traceparent")),
                             .received_us = http_received_us(c->x),
                             .a = c->a,
                             .refused_by = &c->limits};
}

/* ---- dispatch */
static err
no_route(struct api_call *c, const struct routed *found)
{
    const str path = http_path(c->x), shown = str_slice(path, 0, 100);
    const char *const why = route_absent(path);
    c->allowed = found->allowed;
    if (!found->allowed)
        REFUSE(NOT_FOUND, "", "there is nothing at \"%.*s\"%s%s%s", STR_FMT(shown),
               shown.len < path.len ? " …" : "", why ? ": " : "", why ? why : "");
    char room[64];
    const str method = str_slice(http_method_name(c->x), 0, 32);
    route_allow(found->allowed, room);
    REFUSE(METHOD, "", "%.*s is not for this address; it takes %s", STR_FMT(method), room);
}

static void
refuse_now(struct api_call *c)
{
    char room[64];
    const struct http_field allow = {STR("allow"), route_allow(c->allowed, room)};
    const err e = err_again(&c->refusal);
    api_log(c, e);
    fail_with(c, dialect_of(c), e, e.code == ERR_METHOD ? &allow : NULL);
}

static fallible
authenticate(struct api_call *c)
{
    const str bearer = http_header(c->x, STR("authorization"));
    if (c->route->auth == AUTH_NONE)
        return OK;
    if (c->route->dialect->authenticate)
        return c->route->dialect->authenticate(c);
    if (c->route->auth == AUTH_LOCAL && http_peer_uid(c->x) >= 0 && !bearer.len) {
        c->session = gate_operator(c->gate);
        return OK;
    }
    return gate_session(c->gate, bearer, &c->session);
}

static fallible
use_purpose(struct api_call *c)
{
    const str field = http_header(c->x, STR("x-hoheit-purpose")), purpose = str_trim(field);
    if (!field.at)
        return OK;
    if (!purpose.len)
        REFUSE(ARGUMENT, "X-Hoheit-Purpose", "X-Hoheit-Purpose is empty");
    return gate_use_purpose(c->gate, &c->session, purpose, http_request_id(c->x), c->a);
}

static fallible
use_case(struct api_call *c)
{
    const str field = http_header(c->x, STR("x-hoheit-case"));
    if (!field.at)
        return OK;
    c->case_name = str_trim(field);
    return gate_check_case(c->case_name);
}

fallible
api_body_case(struct api_call *c, const jval *body, bool *ret)
{
    const jval all = json_get(body, "metadata");
    const jval v = json_type(all) == J_OBJECT ? json_get(&all, "hoheit_case") : (jval){0};
    str said = STR_NONE;
    *ret = v.v != NULL;
    if (!*ret)
        return OK;
    TRY(json_str(&v, CASE_NAME_MAX, &said));
    TRY(gate_check_case(said));
    if (c->case_name.len && !str_eq(c->case_name, said))
        REFUSE(ARGUMENT, "metadata.hoheit_case", "the body names another case than X-Hoheit-Case");
    c->case_name = said;
    return OK;
}

fallible
api_own_purpose(const struct api_call *c)
{
    if (c->session && c->session->is_other_purpose)
        REFUSE(UNSUPPORTED, "X-Hoheit-Purpose",
               "what goes on after the answer is for the key's own purpose: name none here");
    return OK;
}

/* Where models may run; what else is asked leaves no spans. */
static void
set_trace(const struct api_call *c)
{
    char room[GATE_TRACE_BYTES];
    const str trace =
        gate_trace(c->gate, http_request_id(c->x), http_header(c->x, STR("traceparent")), room);
    if (trace.len)
        http_set_trace(c->x, trace);
}

static fallible
enter(struct api_call *c, const struct routed *found)
{
    c->route = found->route;
    TRY(authenticate(c));
    if (c->session && http_method(c->x) == HTTP_POST)
        set_trace(c);
    if (c->session)
        TRY(gate_check_peer(c->gate, c->session, http_peer(c->x), http_request_id(c->x), c->a));
    if (c->session)
        TRY(use_purpose(c));
    TRY(use_case(c));
    for (size_t i = 0; i < API_ARGS_MAX; i++)
        TRY(percent_decode(c->a, found->args[i], &c->args[i]));
    return OK;
}

/* The dialect whose mark the request bears. */
static const struct dialect *
find_spoken(const api *a, const http_exchange *x)
{
    const struct dialect *last = NULL;
    for (size_t t = 0; t < a->count; t++)
        for (size_t i = 0; i < a->tables[t].count; i++) {
            const struct dialect *d = a->tables[t].routes[i].dialect;
            if (d != last && d->marker && http_header(x, str_of(d->marker)).at)
                return d;
            last = d;
        }
    return NULL;
}

static struct api_call *
call_of(api *a, http_exchange *x)
{
    struct api_call *c = arena_new(http_arena(x), struct api_call);
    c->x = x;
    c->api = a;
    c->gate = a->gate;
    c->a = http_arena(x);
    c->spoken = find_spoken(a, x);
    http_set_user(x, c);
    return c;
}

/* A refusal known from the head still waits for the body, which is thrown away as it comes: so a
 * body out of shape is answered as such, and the connection stays usable.  Who asks first
 * (Expect: 100-continue) is told at once. */
static enum http_body_mode
refuse_after_body(struct api_call *c, err e)
{
    err_keep(&c->refusal, e);
    if (http_header(c->x, STR("expect")).at)
        refuse_now(c);
    return HTTP_STREAM;
}

/* Everything but the body is judged here, so a request nobody will serve costs no memory. */
static enum http_body_mode
on_header(void *ctx, http_exchange *x, uint64_t *body_bytes_max)
{
    api *a = ctx;
    struct api_call *c = call_of(a, x);
    const struct routed found =
        route_find(a->tables, a->count, http_method(x), http_path(x), c->spoken);
    const err e = found.route ? enter(c, &found) : no_route(c, &found);
    if (e.code)
        return refuse_after_body(c, e);
    if (!c->route->on_data)
        return HTTP_COLLECT;
    *body_bytes_max = gate_parts_of(c->gate)->params->gate_admin_body_bytes_max;
    if (c->route->on_begin)
        c->route->on_begin(c);
    return HTTP_STREAM;
}

static void
on_request(void *ctx, http_exchange *x)
{
    (void)ctx;
    struct api_call *c = http_user(x);
    if (c->refusal.e.code) {
        refuse_now(c);
        return;
    }
    c->body = http_body(x);
    const err e = c->route->dialect->check_body ? c->route->dialect->check_body(c) : OK;
    if (e.code)
        api_fail(c, e);
    else
        c->route->handle(c);
}

static void
on_data(void *ctx, http_exchange *x, str piece)
{
    (void)ctx;
    struct api_call *c = http_user(x);
    if (!c->refusal.e.code)
        c->route->on_data(c, piece);
}

static void
on_gone(void *ctx, http_exchange *x)
{
    (void)ctx;
    struct api_call *c = http_user(x);
    if (!c)
        return;
    gate_cancel(TAKE(c->job));
    if (c->on_gone)
        c->on_gone(c);
}

/* What the server itself refuses, in the shape of the dialect most clients speak. */
static enum err_code
code_of_status(int status)
{
    for (int i = 1; i < ERR_COUNT; i++)
        if (err_info((err){(uint16_t)i})->http_status == status)
            return (enum err_code)i;
    return status >= 500 ? ERR_INTERNAL : ERR_PARSE;
}

static void
on_refusal(void *ctx, int status, str text, arena *a, str *ret_type, str *ret_body)
{
    const api *self = ctx;
    const struct api_error told = {.e = {(uint16_t)code_of_status(status)}, .sentence = text};
    AUTO(buf) b = BUF(ERROR_BYTES_MAX);
    self->fallback->put_error(&b, &told);
    *ret_type = STR("application/json");
    if (try_arena_str(a, buf_str(&b), ret_body).code)
        *ret_body = STR_NONE;
}

struct http_hooks
api_hooks(api *a)
{
    return (struct http_hooks){.on_header = on_header,
                               .on_request = on_request,
                               .on_data = on_data,
                               .on_gone = on_gone,
                               .on_refusal = on_refusal,
                               .ctx = a};
}

fallible
api_new(gate *g, const struct route_table *tables, size_t count, const struct dialect *fallback,
        api **ret)
{
    api *a = mem_get(sizeof *a);
    if (!a)
        FAIL(LIMIT, "no memory for the API");
    *a = (api){.gate = g, .tables = tables, .count = count, .fallback = fallback};
    *ret = a;
    return OK;
}

void
api_free(api *a)
{
    mem_free(a);
}

void
api_set_works(api *a, struct works *w)
{
    a->works = w;
}

struct works *
api_works(const api *a)
{
    return a->works;
}

void
api_set_library(api *a, struct library *l)
{
    a->library = l;
}

struct library *
api_library(const api *a)
{
    return a->library;
}

void
api_set_citizen(api *a, struct citizen *z)
{
    a->citizen = z;
}

void
api_set_cases(api *a, struct cases *c)
{
    a->cases = c;
}

struct cases *
api_cases(const api *a)
{
    return a->cases;
}

struct citizen *
api_citizen(const api *a)
{
    return a->citizen;
}

void
api_set_stores(api *a, const struct stores *s)
{
    a->stores = s;
}

const struct stores *
api_stores(const api *a)
{
    return a->stores;
}

static fallible
enter_inside(struct api_call *c, const struct routed *found, const struct session *s)
{
    c->route = found->route;
    c->session = s;
    TRY(use_case(c));
    for (size_t i = 0; i < API_ARGS_MAX; i++)
        TRY(percent_decode(c->a, found->args[i], &c->args[i]));
    return OK;
}

void
api_inside(api *a, http_exchange *x, const struct session *s)
{
    struct api_call *c = call_of(a, x);
    const struct routed found =
        route_find(a->tables, a->count, http_method(x), http_path(x), c->spoken);
    const err e =
        found.route && !found.route->on_data ? enter_inside(c, &found, s) : no_route(c, &found);
    if (e.code) {
        err_keep(&c->refusal, e);
        refuse_now(c);
        return;
    }
    c->body = http_body(x);
    c->route->handle(c);
}

void
api_inside_gone(http_exchange *x)
{
    on_gone(NULL, x);
}
