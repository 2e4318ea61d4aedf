/* SPDX-License-Identifier: EUPL-1.2 */
/* The tables as such. */
#include "api/openapi/openapi.h"

#include <string.h>

enum short_answer {
    JSON = OPENAPI_JSON,
    SSE = OPENAPI_SSE,
    NDJSON = OPENAPI_NDJSON,
    JSONL = OPENAPI_JSONL,
    EVENTS = OPENAPI_EVENTS,
    BYTES = OPENAPI_BYTES,
    HTML = OPENAPI_HTML,
    TEXT = OPENAPI_TEXT,
    ASSET = OPENAPI_ASSET,
    ACCEPTED_202 = OPENAPI_ACCEPTED_202,
    FORM = OPENAPI_FORM,
    URL_FORM = OPENAPI_URL_FORM,
    UPLOAD = OPENAPI_UPLOAD,
    MAY_BE_EMPTY = OPENAPI_MAY_BE_EMPTY,
    PUBLIC = OPENAPI_PUBLIC
};

/* The summary comes first of what follows. */
#define PATH(verb, route_pattern, spoken, ...)                                                     \
    {.method = HTTP_##verb,                                                                        \
     .pattern = route_pattern,                                                                     \
     .dialect = OPENAPI_##spoken,                                                                  \
     .summary = __VA_ARGS__},
static const struct openapi_path paths[] = {
#include "api/openapi/paths.def"
};
#undef PATH

#define TYPE(name, kinds) {name, kinds},
static const struct {
    const char *name, *kinds;
} types[] = {
#include "api/openapi/types.def"
};
#undef TYPE

const struct openapi_path *
openapi_at(size_t i)
{
    return i < sizeof paths / sizeof *paths ? &paths[i] : NULL;
}

const char *
openapi_kinds(const char *field)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, field) == 0)
            return types[i].kinds;
    return NULL;
}

const char *
openapi_dialect_name(enum openapi_dialect d)
{
    static const char *const names[OPENAPI_DIALECTS] = {
        [OPENAPI_openai] = "openai",   [OPENAPI_anthropic] = "anthropic",
        [OPENAPI_bedrock] = "bedrock", [OPENAPI_ollama] = "ollama",
        [OPENAPI_rerank] = "rerank",   [OPENAPI_mcp] = "mcp",
        [OPENAPI_admin] = "admin"};
    ASSERT(d < OPENAPI_DIALECTS);
    return names[d];
}

/* What passes by itself is 529 there, what does not is the server's fault. */
static int
anthropic_status(err e)
{
    const int status = err_info(e)->http_status;
    if (e.code == ERR_BUSY || e.code == ERR_LIMIT || e.code == ERR_ENGINE_LOADING)
        return 529;
    return status == 503 ? 500 : status;
}

/* AWS knows few. */
static int
bedrock_status(err e)
{
    static const int known[] = {403, 404, 405, 408, 409, 413, 429, 503};
    const int status = err_info(e)->http_status == 502 ? 503 : err_info(e)->http_status;
    if (e.code == ERR_UNAUTHENTICATED)
        return 403;
    if (e.code == ERR_ENGINE_LOADING)
        return 429;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i] == status)
            return status;
    return status < 500 ? 400 : 500;
}

int
openapi_status(enum openapi_dialect d, err e)
{
    if (d == OPENAPI_anthropic)
        return anthropic_status(e);
    return d == OPENAPI_bedrock ? bedrock_status(e) : err_info(e)->http_status;
}
