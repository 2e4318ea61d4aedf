/* SPDX-License-Identifier: EUPL-1.2 */
/* openapi.h - all routes as one OpenAPI 3.1 document (OpenAPI Specification 3.1.0).
 *
 * Written from tables: paths.def (one line per route, which a test holds against the router's own
 * rows), the tables of fields of the dialects (api/fates) with types.def, and err.def.  It says
 * what a field is called, what kind of value it takes and whether it has an effect; what lies
 * deeper within a field is said by the dialect's own documentation.  Nothing of an installation is
 * in it, so everybody may read it: GET /openapi.json.
 *
 * Constant; any thread. */
#pragma once
#include "api/fates/fates.h"
#include "base/buf.h"
#include "net/http.h"

enum { OPENAPI_BYTES_MAX = 1024 * 1024 };

enum openapi_dialect {
    OPENAPI_openai,
    OPENAPI_anthropic,
    OPENAPI_bedrock,
    OPENAPI_ollama,
    OPENAPI_rerank,
    OPENAPI_mcp,
    OPENAPI_admin,
    OPENAPI_DIALECTS
};

/* How a route answers and, from OPENAPI_FORM on, what else there is to its body. */
enum openapi_answer {
    OPENAPI_JSON = 1 << 0,
    OPENAPI_SSE = 1 << 1,
    OPENAPI_NDJSON = 1 << 2,
    OPENAPI_JSONL = 1 << 3,
    OPENAPI_EVENTS = 1 << 4, /* event stream of AWS */
    OPENAPI_BYTES = 1 << 5,  /* with ranges */
    OPENAPI_HTML = 1 << 6,
    OPENAPI_TEXT = 1 << 7,
    OPENAPI_ASSET = 1 << 8,        /* style or script */
    OPENAPI_ACCEPTED_202 = 1 << 9, /* or nothing, 202 */
    OPENAPI_FORM = 1 << 10,        /* multipart: a file */
    OPENAPI_URL_FORM = 1 << 11,
    OPENAPI_UPLOAD = 1 << 12, /* the file itself */
    OPENAPI_MAY_BE_EMPTY = 1 << 13,
    OPENAPI_PUBLIC = 1 << 14 /* without a key */
};

struct openapi_path {
    enum http_method method;
    const char *pattern;
    enum openapi_dialect dialect;
    const char *summary;
    const char *of, *route, *needs; /* NULL: as paths.def says */
    const char *body, *query, *gives, *example;
    uint32_t answers;
};

/* In the order of paths.def; NULL past the last. */
const struct openapi_path *openapi_at(size_t i);
/* "openai" and so on, as struct dialect has it. */
const char *openapi_dialect_name(enum openapi_dialect d);
/* The status of an error as this dialect tells it. */
int openapi_status(enum openapi_dialect d, err e);
/* The kinds of value of a field, of types.def; NULL: unknown. */
const char *openapi_kinds(const char *field);
/* The document. */
void openapi_put(buf *b);
