/* SPDX-License-Identifier: EUPL-1.2 */
/* Errors of operations, and the components they refer to. */
#include "api/openapi/inside.h"

#include <stdio.h>

#include "api/openapi/words.h"
#include "base/json.h"

enum { NAME_MAX = 64, STATUSES = 600 };

void
openapi_put_ref(buf *b, const char *kind, const char *name)
{
    json_open(b, '{');
    json_key(b, "$ref");
    buf_add_fmt(b, "\"#/components/%s/%s\"", kind, name);
    json_close(b, '}');
}

/* ---- errors */
/* What the server says of a request before anybody knows what it wants (net/), in OpenAI's shape.
 */
static const int server_statuses[] = {400, 408, 413, 414, 417, 431, 501, 503, 505};

static bool
is_servers(int status)
{
    for (size_t i = 0; i < sizeof server_statuses / sizeof *server_statuses; i++)
        if (server_statuses[i] == status)
            return true;
    return false;
}

/* Whether an answer of this status can come: some are about other methods, ranges and clients that
 * are gone. */
static bool
may_come(const struct openapi_path *p, int status)
{
    return status != 405 && status != 499 && (status != 416 || (p->answers & OPENAPI_BYTES));
}

static bool
dialect_gives(enum openapi_dialect d, int status)
{
    for (uint16_t i = 1; i < ERR_COUNT; i++)
        if (openapi_status(d, (err){i}) == status)
            return true;
    return false;
}

static void
put_error_ref(buf *b, enum openapi_dialect d, int status)
{
    char name[NAME_MAX];
    (void)snprintf(name, sizeof name, "%d", status);
    json_key(b, name);
    json_open(b, '{');
    json_key(b, "$ref");
    buf_add_fmt(b, "\"#/components/responses/%s.%d\"", openapi_dialect_name(d), status);
    json_close(b, '}');
}

/* Two dialects on one route tell errors in either shape. */
static void
put_either_error(buf *b, const struct openapi_path *p, const struct openapi_path *other, int status)
{
    char name[NAME_MAX];
    (void)snprintf(name, sizeof name, "%d", status);
    json_key(b, name);
    json_open(b, '{');
    json_member_str(b, "description", STR("An error, in the shape of the dialect asked in."));
    json_key(b, "content");
    json_open(b, '{');
    openapi_put_content(b, "application/json");
    json_open(b, '{');
    json_key(b, "anyOf");
    buf_add_fmt(b,
                "[{\"$ref\":\"#/components/schemas/%s.error\"},"
                "{\"$ref\":\"#/components/schemas/%s.error\"}]",
                openapi_dialect_name(p->dialect), openapi_dialect_name(other->dialect));
    for (int i = 0; i < 4; i++)
        json_close(b, '}');
}

void
openapi_put_errors(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    for (int status = 400; status < STATUSES; status++) {
        const bool here = dialect_gives(p->dialect, status) || is_servers(status);
        const bool there = other && dialect_gives(other->dialect, status);
        if ((!here && !there) || !may_come(p, status))
            continue;
        if (other)
            put_either_error(b, p, other, status);
        else
            put_error_ref(b, p->dialect, status);
    }
}

/* ---- components */
static void
put_error_schemas(buf *b)
{
    static const char *const shapes[OPENAPI_DIALECTS] = {
        [OPENAPI_openai] = "error:object*",
        [OPENAPI_anthropic] = "type* error:object* request_id:string|null*",
        [OPENAPI_bedrock] = "message*",
        [OPENAPI_ollama] = "error*",
        [OPENAPI_rerank] = "id* message* detail* code*",
        [OPENAPI_mcp] = "jsonrpc* id:string|integer|null* error:object*",
        [OPENAPI_admin] = "error:object*"};
    char name[NAME_MAX];
    json_key(b, "schemas");
    json_open(b, '{');
    for (unsigned d = 0; d < OPENAPI_DIALECTS; d++) {
        (void)snprintf(name, sizeof name, "%s.error", openapi_dialect_name(d));
        json_key(b, name);
        words_put_body(b, str_of(shapes[d]));
    }
    json_close(b, '}');
}

/* What err.def says of this status, one line each. */
static void
put_meanings(buf *b, enum openapi_dialect d, int status)
{
    AUTO(buf) text = BUF(8192);
    for (uint16_t i = 1; i < ERR_COUNT; i++) {
        const err e = {i};
        if (openapi_status(d, e) == status)
            buf_add_fmt(&text, "%s%s: %s", text.len ? "\n" : "", err_info(e)->name,
                        err_info(e)->en);
    }
    if (!text.len)
        buf_add(&text, STR("Refused by the server before the request is looked at."));
    json_member_str(b, "description", buf_str(&text));
}

static void
put_error_response(buf *b, enum openapi_dialect d, int status)
{
    char name[NAME_MAX];
    (void)snprintf(name, sizeof name, "%s.%d", openapi_dialect_name(d), status);
    json_key(b, name);
    json_open(b, '{');
    put_meanings(b, d, status);
    json_key(b, "content");
    json_open(b, '{');
    openapi_put_content(b, "application/json");
    json_open(b, '{');
    json_key(b, "anyOf");
    json_open(b, '[');
    (void)snprintf(name, sizeof name, "%s.error", openapi_dialect_name(d));
    if (dialect_gives(d, status))
        openapi_put_ref(b, "schemas", name);
    if (is_servers(status) && d != OPENAPI_openai)
        openapi_put_ref(b, "schemas", "openai.error");
    else if (!dialect_gives(d, status))
        openapi_put_ref(b, "schemas", "openai.error");
    json_close(b, ']');
    for (int i = 0; i < 4; i++)
        json_close(b, '}');
}

static void
put_error_responses(buf *b)
{
    json_key(b, "responses");
    json_open(b, '{');
    for (unsigned d = 0; d < OPENAPI_DIALECTS; d++)
        for (int status = 400; status < STATUSES; status++)
            if (dialect_gives(d, status) || is_servers(status))
                put_error_response(b, d, status);
    json_close(b, '}');
}

void
openapi_put_components(buf *b)
{
    json_key(b, "components");
    json_open(b, '{');
    put_error_schemas(b);
    put_error_responses(b);
    json_key(b, "parameters");
    buf_add(
        b,
        STR("{\"label\":{\"name\":\"X-Hoheit-Label\",\"in\":\"header\",\"schema\":{\"type\":"
            "\"string\"},\"description\":\"The label of what is sent; else the key's default.\"},"
            "\"case\":{\"name\":\"X-Hoheit-Case\",\"in\":\"header\",\"schema\":{\"type\":"
            "\"string\",\"pattern\":\"^[A-Za-z0-9][A-Za-z0-9_./-]{0,63}$\"},\"description\":\"The "
            "case it is for: its number, no name. What is left for a case is there for it alone, "
            "and "
            "goes with it.\"},"
            "\"priority\":{\"name\":\"X-Hoheit-Priority\",\"in\":\"header\",\"schema\":{"
            "\"type\":\"string\"},\"description\":\"How urgent it is.\"},"
            "\"version\":{\"name\":\"anthropic-version\",\"in\":\"header\",\"schema\":{"
            "\"type\":\"string\"},\"description\":\"A date such as 2023-06-01.\"}}"));
    json_key(b, "securitySchemes");
    buf_add(b, STR("{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},"
                   "\"key\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":\"x-api-key\"},"
                   "\"signature\":{\"type\":\"apiKey\",\"in\":\"header\",\"name\":"
                   "\"Authorization\",\"description\":\"Signature Version 4 of AWS.\"}}"));
    json_close(b, '}');
}
