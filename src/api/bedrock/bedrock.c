/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/bedrock.h"

#include "api/bedrock/auth.h"
#include "api/bedrock/jobs.h"

/* ---- errors */
struct exception {
    const char *name, *in_stream; /* NULL: not one that streams know */
    int status;
};

static const struct exception validation = {"ValidationException", "validationException", 400};
static const struct exception throttling = {"ThrottlingException", "throttlingException", 429};
static const struct exception internal = {"InternalServerException", "internalServerException",
                                          500};
static const struct exception unavailable = {"ServiceUnavailableException",
                                             "serviceUnavailableException", 503};
static const struct exception denied = {"AccessDeniedException", NULL, 403};
static const struct exception not_found = {"ResourceNotFoundException", NULL, 404};
static const struct exception not_ready = {"ModelNotReadyException", NULL, 429};
static const struct exception timeout = {"ModelTimeoutException", "modelTimeoutException", 408};
static const struct exception conflict = {"ConflictException", NULL, 409};
static const struct exception operation = {"UnknownOperationException", NULL, 405};
static const struct exception too_large = {"RequestEntityTooLargeException", NULL, 413};

/* Who is refused: the names that crypt/sigv4_claim.h and the gate give. */
static const struct exception callers[] = {
    {"MissingAuthenticationTokenException", NULL, 403},
    {"IncompleteSignatureException", NULL, 403},
    {"InvalidSignatureException", NULL, 403},
    {"UnrecognizedClientException", NULL, 403},
    {"RequestExpired", NULL, 403},
    {"ExpiredTokenException", NULL, 403},
};
enum { CALLERS = sizeof callers / sizeof *callers };

/* Without a name it is the key itself that is at its end. */
static const struct exception *
of_caller(void)
{
    for (size_t i = 0; i < CALLERS; i++)
        if (str_eq(str_of(err_param()), str_of(callers[i].name)))
            return &callers[i];
    return &callers[CALLERS - 1];
}

static const struct exception *
of_status(int status)
{
    switch (status) {
    case 403:
        return &denied;
    case 404:
        return &not_found;
    case 405:
        return &operation;
    case 408:
        return &timeout;
    case 409:
        return &conflict;
    case 413:
        return &too_large;
    case 429:
        return &throttling;
    case 502:
    case 503:
        return &unavailable;
    default:
        return status < 500 ? &validation : &internal;
    }
}

static const struct exception *
exception_of(err e)
{
    if (e.code == ERR_UNAUTHENTICATED)
        return of_caller();
    if (e.code == ERR_ENGINE_LOADING)
        return &not_ready;
    return of_status(err_info(e)->http_status);
}

const char *
bedrock_exception(err e)
{
    return exception_of(e)->name;
}

const char *
bedrock_stream_exception(err e)
{
    const char *name = exception_of(e)->in_stream;
    return name ? name : "modelStreamErrorException";
}

static void
put_error(buf *b, const struct api_error *e)
{
    json_open(b, '{');
    json_member_str(b, "message", e->sentence);
    json_close(b, '}');
}

static int
status_of(err e)
{
    return exception_of(e)->status;
}

static struct http_field
error_field(err e)
{
    return (struct http_field){STR("x-amzn-errortype"), str_of(bedrock_exception(e))};
}

const struct dialect bedrock_dialect = {
    .name = "bedrock",
    .id_field = "x-amzn-requestid",
    .put_error = put_error,
    .authenticate = bedrock_authenticate,
    .check_body = bedrock_check_body,
    .status = status_of,
    .error_field = error_field,
};

/* ---- heads */
size_t
bedrock_fields(const struct api_call *c, str type, str label_text,
               struct http_field fields[BEDROCK_FIELDS])
{
    size_t count = 0;
    fields[count++] = (struct http_field){STR("content-type"), type};
    fields[count++] = (struct http_field){STR("x-amzn-requestid"), http_request_id(c->x)};
    if (label_text.len)
        fields[count++] = (struct http_field){STR("x-hoheit-label"), label_text};
    return count;
}

/* ---- routes */
#define ROUTE(method, pattern, handler)                                                            \
    {                                                                                              \
        HTTP_##method, pattern, handler, AUTH_LOCAL, &bedrock_dialect, NULL, NULL                  \
    }

static const struct route routes[] = {
    ROUTE(POST, "/model/{id}/converse", bedrock_converse),
    ROUTE(POST, "/model/{id}/converse-stream", bedrock_converse_stream),
    ROUTE(POST, "/model/{id}/invoke", bedrock_invoke),
    ROUTE(POST, "/model/{id}/invoke-with-response-stream", bedrock_invoke_stream),
    ROUTE(POST, "/model/{id}/count-tokens", bedrock_count_tokens),
    ROUTE(POST, "/knowledgebases/{id}/retrieve", bedrock_retrieve),
    ROUTE(POST, "/retrieveAndGenerate", bedrock_generate),
    ROUTE(POST, "/retrieveAndGenerateStream", bedrock_generate_stream),
    ROUTE(GET, "/foundation-models", bedrock_list_models),
    ROUTE(GET, "/foundation-models/{id}", bedrock_show_model),
    ROUTE(POST, "/guardrail/{id}/version/{version}/apply", bedrock_apply_guardrail),
    ROUTE(GET, "/guardrails", bedrock_list_guardrails),
    ROUTE(POST, "/guardrails", bedrock_refuse_guardrail),
    ROUTE(POST, "/guardrails/{id}", bedrock_refuse_guardrail),
    ROUTE(GET, "/guardrails/{id}", bedrock_show_guardrail),
    ROUTE(PUT, "/guardrails/{id}", bedrock_refuse_guardrail),
    ROUTE(DELETE, "/guardrails/{id}", bedrock_refuse_guardrail),
    ROUTE(POST, "/async-invoke", bedrock_start_async),
    ROUTE(GET, "/async-invoke", bedrock_list_jobs),
    ROUTE(GET, "/async-invoke/{arn}", bedrock_show_job),
    ROUTE(POST, "/model-invocation-job", bedrock_start_job),
    ROUTE(GET, "/model-invocation-jobs", bedrock_list_jobs),
    ROUTE(GET, "/model-invocation-job/{arn}", bedrock_show_job),
    ROUTE(POST, "/model-invocation-job/{arn}/stop", bedrock_stop_job),
};

const struct route_table bedrock_table = {routes, sizeof routes / sizeof *routes};
