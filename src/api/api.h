/* SPDX-License-Identifier: EUPL-1.2 */
/* api.h - what all dialects share: tables of routes, one call's state, errors in the dialect's
 * shape.  A dialect turns bytes into canonical calls of the gate and back; it decides nothing.
 *
 * An api_call lives in the exchange's arena and as long as the exchange.  A handler answers now
 * or keeps the call until a hook of the gate answers it; when the client goes away first, the
 * call's gate job is cancelled here and on_gone, if set, is told. */
#pragma once
#include "base/json.h"
#include "gate/gate.h"
#include "net/http.h"

typedef struct api api;
struct api_call;

enum auth { AUTH_KEY, AUTH_NONE, AUTH_LOCAL }; /* AUTH_LOCAL: a key, or the operator's socket */

struct api_error { /* what a client may know of a failure */
    err e;
    str sentence, param, request_id; /* param empty: no field is to blame */
};

/* How one protocol says who asks and what went wrong.  What is NULL is done as HTTP does it. */
struct dialect {
    const char *name;
    /* A request with this header field speaks this dialect: where two dialects have the same route
     * it takes this one's, and unknown paths are told in it.  NULL: nothing marks it. */
    const char *marker;
    /* The name under which errors carry the request id once more; NULL: none. */
    const char *id_field;
    /* The body of an error answer. */
    void (*put_error)(buf *b, const struct api_error *e);
    /* Sets c->session from the head of the request; NULL: "Authorization: Bearer KEY". */
    fallible (*authenticate)(struct api_call *c);
    /* The body has come, before it is handled: is it the one that was signed?  May set c->body to
     * what it stands for.  NULL: nothing is to be checked. */
    fallible (*check_body)(struct api_call *c);
    /* The status of an error; NULL: that of err.def. */
    int (*status)(err e);
    /* A header field that goes with an error; NULL: none. */
    struct http_field (*error_field)(err e);
    /* What is left of the caller's limits, beside an error 429; NULL: it has no fields for that. */
    size_t (*limit_fields)(arena *a, const struct gate_limits *l, struct http_field *ret);
};

struct route {
    enum http_method method;
    const char *pattern; /* "/v1/models/{id}": a name in braces takes one segment, {...} the rest */
    void (*handle)(struct api_call *c);
    enum auth auth;
    const struct dialect *dialect;
    /* Takes the body piece by piece (c->own carries the state), up to gate.admin_body_bytes_max;
     * NULL: collected, up to net.body_bytes_max. */
    void (*on_data)(struct api_call *c, str piece);
    /* Before the first piece of such a body; may answer, and then nothing of it is read. */
    void (*on_begin)(struct api_call *c);
};

struct route_table {
    const struct route *routes;
    size_t count;
};

enum { API_ARGS_MAX = 2 };

struct api_call {
    http_exchange *x;
    api *api;
    gate *gate;
    arena *a;
    const struct route *route;
    const struct dialect *spoken;  /* that marks the request; NULL: none does */
    const struct session *session; /* NULL: AUTH_NONE */
    str case_name;                 /* X-Hoheit-Case; empty: of none */
    str args[API_ARGS_MAX];        /* what the braces took, decoded */
    gate_job *job;                 /* cancelled when the client goes away */
    str body;                      /* the collected body; before it is handled: empty */
    str told;   /* said of a failure instead of its public sentence, when set: may be longer */
    void *auth; /* what the dialect's authenticate leaves to check_body */
    void *own;  /* the handler's */
    void (*on_gone)(struct api_call *c);
    struct gate_limits limits; /* that refused it */
    struct err_kept refusal;   /* known from the head, said after the body */
    uint32_t allowed;          /* methods, for a refused one */
};

/* What the gate is asked with this call: session, case, the fields of the head that all dialects
 * share, and where a refusal's limits are put. */
struct gate_ask
api_ask(struct api_call *c, enum op op, enum engine_kind kind, str model, struct conv *conv);
/* Applications whose library sends no fields of its own say the case in the body as well:
 * "metadata": {"hoheit_case": "AZ-4711"}.  *ret: it was said there, so that the body is not for
 * others.  ARGUMENT for no such name, or another than in X-Hoheit-Case. */
fallible api_body_case(struct api_call *c, const jval *body, bool *ret);

/* `tables` outlive the api; unknown paths are answered in the dialect that marks the request, else
 * in `fallback`'s. */
fallible api_new(gate *g, const struct route_table *tables, size_t count,
                 const struct dialect *fallback, api **ret);
void api_free(api *a);
/* What goes on after its answer was given (api/responses/works.h); NULL until it is set. */
struct works;
void api_set_works(api *a, struct works *w);
struct works *api_works(const api *a);
/* What documents are looked up in (work/library, work/citizen, work/stores); NULL until it is set.
 */
struct library;
struct citizen;
void api_set_library(api *a, struct library *l);
struct library *api_library(const api *a);
void api_set_citizen(api *a, struct citizen *z);
struct citizen *api_citizen(const api *a);
struct stores;
void api_set_stores(api *a, const struct stores *s);
const struct stores *api_stores(const api *a);
struct cases; /* work/cases */
void api_set_cases(api *a, struct cases *c);
struct cases *api_cases(const api *a);
/* UNSUPPORTED when the request is for another purpose than the key's own: for what goes on after it
 * was answered, which nothing but the key tells the purpose of. */
fallible api_own_purpose(const struct api_call *c);
/* A request this process makes of itself for `s` (net/detached.h): the key and its network were
 * looked at when it was allowed to.  Answers like any other. */
void api_inside(api *a, http_exchange *x, const struct session *s);
/* Nobody wants its answer any more; before the exchange ends. */
void api_inside_gone(http_exchange *x);
/* For http_server_new. */
struct http_hooks api_hooks(api *a);

/* ---- for handlers */
/* The error as an answer, with what its status needs (Allow, Retry-After, WWW-Authenticate).
 * Logged when it is the server's fault.  After http_start it can only be written by the dialect. */
void api_fail(struct api_call *c, err e);
/* For a dialect that writes the error itself: logged when it is the server's fault. */
void api_log(const struct api_call *c, err e);
/* What the trail says of `e`; lives until the next failure. */
struct api_error api_error_of(const struct api_call *c, err e);
/* 200 with a JSON body. */
void api_json(struct api_call *c, const buf *b);
/* Reads the collected body as one JSON object. */
fallible api_body(struct api_call *c, jval *ret);
/* ARGUMENT that names the member or parameter which is not one of `known` (NULL-ended). */
fallible api_body_only(const jval *body, const char *const *known);
fallible api_query_only(const struct api_call *c, const char *const *known);
/* A query parameter, percent-decoded into the arena; empty if there is none. */
fallible api_query(struct api_call *c, str name, str *ret);
