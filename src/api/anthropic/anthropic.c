/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/anthropic.h"

#include "api/tools.h"
#include "os/clock.h"

enum { BETA_BYTES_MAX = 128 };

/* ---- errors */
const char *
anthropic_error_type(int status)
{
    static const struct {
        int status;
        const char *type;
    } types[] = {{401, "authentication_error"}, {402, "billing_error"},
                 {403, "permission_error"},     {404, "not_found_error"},
                 {413, "request_too_large"},    {429, "rate_limit_error"},
                 {504, "timeout_error"},        {529, "overloaded_error"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].status == status)
            return types[i].type;
    return status >= 500 ? "api_error" : "invalid_request_error";
}

/* What passes by itself is 529 here; clients wait and try again. */
static int
status_of(err e)
{
    if (e.code == ERR_BUSY || e.code == ERR_LIMIT || e.code == ERR_ENGINE_LOADING)
        return 529;
    return err_info(e)->http_status == 503 ? 500 : err_info(e)->http_status;
}

/* The SDKs' tool runner asks for conversations that the server keeps, and goes on without them when
 * it is told so in these words. */
static void
put_details(buf *b, const struct api_error *e)
{
    if (e->e.code != ERR_UNSUPPORTED || !str_eq(e->param, STR("thread")))
        return;
    json_key(b, "details");
    json_open(b, '{');
    json_member_str(b, "error_code", STR("thread_unsupported_request"));
    json_close(b, '}');
}

static void
put_error(buf *b, const struct api_error *e)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("error"));
    json_key(b, "error");
    json_open(b, '{');
    json_member_str(b, "type", str_of(anthropic_error_type(status_of(e->e))));
    json_member_str(b, "message", e->sentence);
    put_details(b, e);
    json_close(b, '}');
    json_key(b, "request_id");
    if (e->request_id.len)
        json_put_str(b, e->request_id);
    else
        json_put_null(b);
    json_close(b, '}');
}

/* ---- heads */
/* x-api-key, else a bearer; at the local socket nobody need say anything. */
static fallible
authenticate(struct api_call *c)
{
    const str key = http_header(c->x, STR("x-api-key"));
    const str bearer = http_header(c->x, STR("authorization"));
    if (!key.len && !bearer.len && http_peer_uid(c->x) >= 0) {
        c->session = gate_operator(c->gate);
        return OK;
    }
    return gate_session(c->gate, key.len ? key : bearer, &c->session);
}

static bool
is_digits(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return true;
}

/* YYYY-MM-DD, and since when answers look as they do here. */
static fallible
check_version(str v)
{
    const bool is_date = v.len == 10 && v.at[4] == '-' && v.at[7] == '-' &&
                         is_digits(str_slice(v, 0, 4)) && is_digits(str_slice(v, 5, 7)) &&
                         is_digits(str_slice(v, 8, 10));
    if (!is_date)
        REFUSE(ARGUMENT, "anthropic-version",
               "anthropic-version must be a date such as 2023-06-01");
    if (str_cmp(v, STR("2023-06-01")) < 0)
        REFUSE(UNSUPPORTED, "anthropic-version",
               "anthropic-version: versions before 2023-06-01 are not supported");
    return OK;
}

static fallible
check_betas(str list)
{
    str one;
    while (str_next(&list, ',', &one))
        if (!tools_is_name(str_trim(one), BETA_BYTES_MAX))
            REFUSE(ARGUMENT, "anthropic-beta",
                   "anthropic-beta must be names between commas, such as token-efficient-tools");
    return OK;
}

fallible
anthropic_check_head(const struct api_call *c)
{
    const str version = http_header(c->x, STR("anthropic-version"));
    const str betas = http_header(c->x, STR("anthropic-beta"));
    if (version.at)
        TRY(check_version(version));
    return betas.len ? check_betas(betas) : OK;
}

struct anthropic_start
anthropic_start_of(const struct api_call *c, const struct gate_start *s)
{
    return (struct anthropic_start){arena_str(c->a, s->label_text), s->limits};
}

size_t
anthropic_fields(const struct api_call *c, str type, const struct anthropic_start *s,
                 struct http_field fields[ANTHROPIC_FIELDS])
{
    size_t count = 0;
    fields[count++] = (struct http_field){STR("content-type"), type};
    fields[count++] = (struct http_field){STR("request-id"), http_request_id(c->x)};
    if (s->label_text.len)
        fields[count++] = (struct http_field){STR("x-hoheit-label"), s->label_text};
    return count + ratelimit_anthropic(c->a, &s->limits, clock_wall_ms(), &fields[count]);
}

static size_t
limit_fields(arena *a, const struct gate_limits *l, struct http_field *ret)
{
    return ratelimit_anthropic(a, l, clock_wall_ms(), ret);
}

const struct dialect anthropic_dialect = {.name = "anthropic",
                                          .marker = "anthropic-version",
                                          .id_field = "request-id",
                                          .put_error = put_error,
                                          .limit_fields = limit_fields,
                                          .authenticate = authenticate,
                                          .status = status_of};

#define ROUTE(method, pattern, handle)                                                             \
    {                                                                                              \
        HTTP_##method, pattern, handle, AUTH_LOCAL, &anthropic_dialect, NULL, NULL                 \
    }
static const struct route routes[] = {
    ROUTE(POST, "/v1/messages", anthropic_messages),
    ROUTE(POST, "/v1/messages/count_tokens", anthropic_count_tokens),
    ROUTE(GET, "/v1/models", anthropic_list_models),
    ROUTE(GET, "/v1/models/{id}", anthropic_show_model),
    ROUTE(POST, "/v1/messages/batches", anthropic_batches_create),
    ROUTE(GET, "/v1/messages/batches", anthropic_batches_list),
    ROUTE(GET, "/v1/messages/batches/{id}", anthropic_batches_show),
    ROUTE(DELETE, "/v1/messages/batches/{id}", anthropic_batches_remove),
    ROUTE(POST, "/v1/messages/batches/{id}/cancel", anthropic_batches_cancel),
    ROUTE(GET, "/v1/messages/batches/{id}/results", anthropic_batches_results),
};
#undef ROUTE

const struct route_table anthropic_table = {routes, sizeof routes / sizeof *routes};
