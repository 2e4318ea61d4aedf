/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/openapi.h"

#include <stdio.h>
#include <string.h>

#include "api/openapi/words.h"
#include "base/json.h"

enum { NAME_MAX = 64, STATUSES = 600 };

/* ---- bodies by the tables of fields */
static const struct fates_dialect *
fates_of(const char *name)
{
    const struct fates_dialect *d;
    for (size_t i = 0; (d = fates_at(i)); i++)
        if (strcmp(d->name, name) == 0)
            return d;
    return NULL;
}

static uint32_t
bit_of(const struct fates_dialect *d, const char *route)
{
    for (size_t i = 0; i < d->route_count; i++)
        if (strcmp(d->routes[i].name, route) == 0)
            return d->routes[i].bit;
    return 0;
}

static bool
is_needed(str needs, const char *name)
{
    str one;
    while (str_next(&needs, ' ', &one))
        if (str_eq(one, str_of(name)))
            return true;
    return false;
}

/* A refused field may be sent as long as it asks for nothing. */
static void
put_field(buf *b, const struct read_field *f, str needs)
{
    json_key(b, f->name);
    if (f->fate == REFUSED) {
        json_open(b, '{');
        json_member_str(b, "description", STR("Refused unless it asks for nothing."));
        json_key(b, "enum");
        buf_add(b, STR("[null,false,\"\",[],{}]}"));
        return;
    }
    if (f->fate == MAPPED) {
        words_put_kinds(b, str_of(openapi_kinds(f->name)), !is_needed(needs, f->name));
        return;
    }
    json_open(b, '{');
    json_member_str(b, "description", STR("Read, without effect here."));
    json_close(b, '}');
}

static void
put_fates_schema(buf *b, const struct openapi_path *p)
{
    const struct fates_dialect *d = fates_of(p->of);
    const str needs = p->needs ? str_of(p->needs) : STR_NONE;
    ASSERT(d && bit_of(d, p->route));
    const uint32_t bit = bit_of(d, p->route);
    words_open_object(b);
    json_key(b, "properties");
    json_open(b, '{');
    for (size_t i = 0; i < d->field_count; i++)
        if (d->fields[i].routes & bit)
            put_field(b, &d->fields[i], needs);
    json_close(b, '}');
    words_put_needed(b, needs, true);
    json_member_bool(b, "additionalProperties", false);
    json_close(b, '}');
}

/* ---- contents */
static void
put_content(buf *b, const char *type)
{
    json_key(b, type);
    json_open(b, '{');
    json_key(b, "schema");
}

static void
put_form(buf *b)
{
    put_content(b, "multipart/form-data");
    words_open_object(b);
    json_key(b, "properties");
    buf_add(b, STR("{\"file\":{\"type\":\"string\",\"format\":\"binary\"},"
                   "\"purpose\":{\"type\":\"string\"}}"));
    json_key(b, "required");
    buf_add(b, STR("[\"file\",\"purpose\"]"));
    json_close(b, '}');
    json_close(b, '}');
}

static void
put_url_form(buf *b)
{
    put_content(b, "application/x-www-form-urlencoded");
    words_put_body(b, STR("question* before …"));
    json_close(b, '}');
}

static bool
has_body(const struct openapi_path *p)
{
    return p->of || p->body ||
           (p->answers & (OPENAPI_FORM | OPENAPI_URL_FORM | OPENAPI_UPLOAD)) != 0;
}

static void
put_request(buf *b, const struct openapi_path *p)
{
    json_key(b, "requestBody");
    json_open(b, '{');
    json_member_bool(b, "required", !(p->answers & OPENAPI_MAY_BE_EMPTY));
    json_key(b, "content");
    json_open(b, '{');
    if (p->of || p->body)
        put_content(b, "application/json");
    if (p->of)
        put_fates_schema(b, p);
    else if (p->body)
        words_put_body(b, str_of(p->body));
    if (p->example) {
        json_key(b, "example");
        buf_add(b, str_of(p->example));
    }
    if (p->of || p->body)
        json_close(b, '}');
    if (p->answers & OPENAPI_FORM)
        put_form(b);
    if (p->answers & OPENAPI_URL_FORM)
        put_url_form(b);
    if (p->answers & OPENAPI_UPLOAD) {
        put_content(b, "application/octet-stream");
        buf_add(b, STR("{}}"));
    }
    json_close(b, '}');
    json_close(b, '}');
}

static void
put_given(buf *b, const struct openapi_path *p)
{
    if (p->gives && strcmp(p->gives, "[]") == 0) {
        buf_add(b, STR("{\"type\":\"array\"}"));
        return;
    }
    words_open_object(b);
    if (p->gives) {
        words_put_members(b, str_of(p->gives), false);
        words_put_needed(b, str_of(p->gives), true);
    }
    json_close(b, '}');
}

static void
put_json_answer(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    put_content(b, "application/json");
    if (!other) {
        put_given(b, p);
    } else {
        json_open(b, '{');
        json_key(b, "anyOf");
        json_open(b, '[');
        put_given(b, p);
        put_given(b, other);
        json_close(b, ']');
        json_close(b, '}');
    }
    json_close(b, '}');
}

static void
put_answer_contents(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    static const struct {
        uint32_t bit;
        const char *type;
    } kinds[] = {{OPENAPI_SSE, "text/event-stream"},
                 {OPENAPI_NDJSON, "application/x-ndjson"},
                 {OPENAPI_JSONL, "application/x-jsonl"},
                 {OPENAPI_JSONL, "application/jsonl"},
                 {OPENAPI_EVENTS, "application/vnd.amazon.eventstream"},
                 {OPENAPI_BYTES, "application/octet-stream"},
                 {OPENAPI_HTML, "text/html"},
                 {OPENAPI_TEXT, "text/plain"},
                 {OPENAPI_ASSET, "text/css"},
                 {OPENAPI_ASSET, "text/javascript"}};
    const uint32_t others = (OPENAPI_ASSET << 1) - 1 - OPENAPI_JSON;
    json_key(b, "content");
    json_open(b, '{');
    if (!(p->answers & others) || (p->answers & OPENAPI_JSON))
        put_json_answer(b, p, other);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (p->answers & kinds[i].bit) {
            put_content(b, kinds[i].type);
            buf_add(b, STR("{}}"));
        }
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
    put_content(b, "application/json");
    json_open(b, '{');
    json_key(b, "anyOf");
    buf_add_fmt(b,
                "[{\"$ref\":\"#/components/schemas/%s.error\"},"
                "{\"$ref\":\"#/components/schemas/%s.error\"}]",
                openapi_dialect_name(p->dialect), openapi_dialect_name(other->dialect));
    for (int i = 0; i < 4; i++)
        json_close(b, '}');
}

static void
put_errors(buf *b, const struct openapi_path *p, const struct openapi_path *other)
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

/* ---- one operation */
/* "/log/{...path}" is /log/{path} here. */
static void
put_pattern(buf *b, str pattern)
{
    const ptrdiff_t at = str_find(pattern, STR("{..."));
    if (at < 0) {
        buf_add(b, pattern);
        return;
    }
    const str name = str_slice(pattern, (size_t)at + 4, pattern.len);
    buf_add(b, str_slice(pattern, 0, (size_t)at));
    buf_add_char(b, '{');
    buf_add(b, name.len > 1 ? name : STR("rest}"));
}

static void
put_parameter(buf *b, const char *where, const struct words_member *m)
{
    json_open(b, '{');
    json_member_str(b, "name", m->name);
    json_member_str(b, "in", str_of(where));
    if (m->needed)
        json_member_bool(b, "required", true);
    json_key(b, "schema");
    if (str_eq(m->kinds, STR("integer"))) /* empty is as if it were not there */
        buf_add(b, STR("{\"type\":[\"integer\",\"string\"],\"pattern\":\"^[0-9]*$\"}"));
    else
        words_put_kinds(b, m->kinds, false);
    json_close(b, '}');
}

static void
put_path_parameters(buf *b, str pattern)
{
    AUTO(buf) shown = BUF(1024);
    put_pattern(&shown, pattern);
    str rest = buf_str(&shown), part;
    while (str_next(&rest, '/', &part))
        if (str_starts(part, STR("{")))
            put_parameter(
                b, "path",
                &(struct words_member){str_slice(part, 1, part.len - 1), STR("string"), true});
}

static bool
carries_content(const struct openapi_path *p)
{
    return has_body(p) && p->dialect != OPENAPI_admin && p->dialect != OPENAPI_mcp &&
           !str_starts(str_of(p->pattern), STR("/citizen"));
}

static void
put_ref(buf *b, const char *kind, const char *name)
{
    json_open(b, '{');
    json_key(b, "$ref");
    buf_add_fmt(b, "\"#/components/%s/%s\"", kind, name);
    json_close(b, '}');
}

static void
put_headers(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    if (p->dialect == OPENAPI_anthropic || other)
        put_ref(b, "parameters", "version");
    if (!carries_content(p))
        return;
    put_ref(b, "parameters", "label");
    put_ref(b, "parameters", "priority");
}

static void
put_parameters(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    const struct openapi_path *const both[] = {p, other};
    json_key(b, "parameters");
    json_open(b, '[');
    put_path_parameters(b, str_of(p->pattern));
    for (size_t i = 0; i < 2; i++) {
        str list = both[i] && both[i]->query ? str_of(both[i]->query) : STR_NONE;
        struct words_member m;
        while (words_next(&list, &m)) {
            m.kinds = other ? STR("any") : m.kinds; /* the other dialect does not look */
            put_parameter(b, "query", &m);
        }
    }
    put_headers(b, p, other);
    json_close(b, ']');
}

static const char *
method_name(enum http_method m)
{
    static const char *const names[] = {
        [HTTP_GET] = "get", [HTTP_HEAD] = "head",   [HTTP_POST] = "post",
        [HTTP_PUT] = "put", [HTTP_PATCH] = "patch", [HTTP_DELETE] = "delete"};
    ASSERT(m < sizeof names / sizeof *names);
    return names[m];
}

/* "post_v1_models_id": letters, digits and lines under them. */
static void
put_id(buf *b, const struct openapi_path *p)
{
    json_key(b, "operationId");
    buf_add_fmt(b, "\"%s", method_name(p->method));
    bool between = true;
    for (const char *c = p->pattern; *c; c++) {
        const bool is_word =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        if (is_word && between)
            buf_add_char(b, '_');
        if (is_word)
            buf_add_char(b, *c);
        between = !is_word;
    }
    buf_add_char(b, '"');
}

static void
put_tags(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    json_key(b, "tags");
    json_open(b, '[');
    json_put_str(b, str_of(openapi_dialect_name(p->dialect)));
    if (other)
        json_put_str(b, str_of(openapi_dialect_name(other->dialect)));
    json_close(b, ']');
}

static void
put_security(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    json_key(b, "security");
    if (p->answers & OPENAPI_PUBLIC)
        buf_add(b, STR("[]"));
    else if (p->dialect == OPENAPI_bedrock)
        buf_add(b, STR("[{\"bearer\":[]},{\"signature\":[]}]"));
    else if (p->dialect == OPENAPI_anthropic || other)
        buf_add(b, STR("[{\"bearer\":[]},{\"key\":[]}]"));
    else
        buf_add(b, STR("[{\"bearer\":[]}]"));
}

static void
put_plain_answer(buf *b, const char *status, const char *says)
{
    json_key(b, status);
    json_open(b, '{');
    json_member_str(b, "description", str_of(says));
    json_close(b, '}');
}

static void
put_success(buf *b, const struct openapi_path *p, const struct openapi_path *other, bool is_part)
{
    json_key(b, is_part ? "206" : "200");
    json_open(b, '{');
    json_member_str(b, "description", is_part ? STR("The range asked for.") : STR("As asked."));
    put_answer_contents(b, p, other);
    json_close(b, '}');
}

static void
put_responses(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    json_key(b, "responses");
    json_open(b, '{');
    put_success(b, p, other, false);
    if (p->answers & OPENAPI_ACCEPTED_202)
        put_plain_answer(b, "202", "Taken; there is nothing to say.");
    if (p->answers & OPENAPI_BYTES)
        put_success(b, p, other, true);
    put_errors(b, p, other);
    json_close(b, '}');
}

static void
put_operation(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    json_key(b, method_name(p->method));
    json_open(b, '{');
    put_id(b, p);
    json_member_str(b, "summary", str_of(p->summary));
    if (other)
        json_member_str(b, "description",
                        STR("With the field anthropic-version in the head, in Anthropic's shape."));
    put_tags(b, p, other);
    put_security(b, p, other);
    put_parameters(b, p, other);
    if (has_body(p))
        put_request(b, p);
    put_responses(b, p, other);
    json_close(b, '}');
}

static bool
is_same_path(const struct openapi_path *a, const struct openapi_path *b)
{
    return b && strcmp(a->pattern, b->pattern) == 0;
}

static void
put_paths(buf *b)
{
    const struct openapi_path *p, *before = NULL;
    json_key(b, "paths");
    json_open(b, '{');
    for (size_t i = 0; (p = openapi_at(i)); before = p, i++) {
        const struct openapi_path *next = openapi_at(i + 1);
        const bool is_pair = is_same_path(p, next) && next->method == p->method;
        if (!before || !is_same_path(p, before)) {
            AUTO(buf) shown = BUF(1024);
            put_pattern(&shown, str_of(p->pattern));
            words_put_key(b, buf_str(&shown));
            json_open(b, '{');
        }
        put_operation(b, p, is_pair ? next : NULL);
        if (is_pair)
            next = openapi_at(++i + 1);
        if (!is_same_path(p, next))
            json_close(b, '}');
    }
    json_close(b, '}');
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
    for (int d = 0; d < OPENAPI_DIALECTS; d++) {
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
    put_content(b, "application/json");
    json_open(b, '{');
    json_key(b, "anyOf");
    json_open(b, '[');
    (void)snprintf(name, sizeof name, "%s.error", openapi_dialect_name(d));
    if (dialect_gives(d, status))
        put_ref(b, "schemas", name);
    if (is_servers(status) && d != OPENAPI_openai)
        put_ref(b, "schemas", "openai.error");
    else if (!dialect_gives(d, status))
        put_ref(b, "schemas", "openai.error");
    json_close(b, ']');
    for (int i = 0; i < 4; i++)
        json_close(b, '}');
}

static void
put_error_responses(buf *b)
{
    json_key(b, "responses");
    json_open(b, '{');
    for (int d = 0; d < OPENAPI_DIALECTS; d++)
        for (int status = 400; status < STATUSES; status++)
            if (dialect_gives(d, status) || is_servers(status))
                put_error_response(b, d, status);
    json_close(b, '}');
}

static void
put_components(buf *b)
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

void
openapi_put(buf *b)
{
    json_open(b, '{');
    json_member_str(b, "openapi", STR("3.1.0"));
    json_key(b, "info");
    json_open(b, '{');
    json_member_str(b, "title", STR("Hoheit"));
    json_member_str(b, "version", STR("0.1"));
    json_member_str(b, "summary", STR("Language models under mandatory access control."));
    json_member_str(
        b, "description",
        STR("Printed by `hoheit openapi` from the tables the server goes by. A field that "
            "is not here is refused; nothing is dropped in silence."));
    json_close(b, '}');
    put_paths(b);
    put_components(b);
    json_close(b, '}');
}
