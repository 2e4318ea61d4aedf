/* SPDX-License-Identifier: EUPL-1.2 */
/* What this version has no store for: asynchronous calls, batch jobs.  They are told to
 * be absent as the API tells it: lists are empty, names are not found, and what would make one is
 * refused with the reason.  Who asks must hold a key, as for everything else. */
#include "api/bedrock/bedrock.h"

static fallible
may_ask(const struct api_call *c)
{
    return gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a);
}

static fallible
refuse_job(const struct api_call *c)
{
    TRY(may_ask(c));
    REFUSE(NOT_FOUND, "", "There is no job \"%.*s\".", STR_FMT(str_slice(c->args[0], 0, 200)));
}

void
bedrock_no_job(struct api_call *c)
{
    api_fail(c, refuse_job(c));
}

static fallible
refuse_store(const struct api_call *c)
{
    TRY(may_ask(c));
    REFUSE(UNSUPPORTED, "",
           "This operation is not supported by this version: what it would make cannot be kept.");
}

void
bedrock_no_store(struct api_call *c)
{
    api_fail(c, refuse_store(c));
}

/* The name of the list follows from the path. */
static const char *
list_name(str path)
{
    if (str_starts(path, STR("/async-invoke")))
        return "asyncInvokeSummaries";
    return "invocationJobSummaries";
}

void
bedrock_list_nothing(struct api_call *c)
{
    struct http_field fields[BEDROCK_FIELDS];
    AUTO(buf) b = BUF(256);
    const err e = may_ask(c);
    if (e.code) {
        api_fail(c, e);
        return;
    }
    json_open(&b, '{');
    json_key(&b, list_name(http_path(c->x)));
    buf_add(&b, STR("[]"));
    json_close(&b, '}');
    const size_t count = bedrock_fields(c, STR("application/json"), STR_NONE, fields);
    http_answer(c->x, 200, fields, count, buf_str(&b));
}
