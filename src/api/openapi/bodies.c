/* SPDX-License-Identifier: EUPL-1.2 */
/* What goes in and what comes out: contents with their schemas. */
#include "api/openapi/inside.h"
#include "api/openapi/words.h"
#include "base/json.h"

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
void
openapi_put_content(buf *b, const char *type)
{
    json_key(b, type);
    json_open(b, '{');
    json_key(b, "schema");
}

static void
put_form(buf *b)
{
    openapi_put_content(b, "multipart/form-data");
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
    openapi_put_content(b, "application/x-www-form-urlencoded");
    words_put_body(b, STR("question* before …"));
    json_close(b, '}');
}

bool
openapi_has_body(const struct openapi_path *p)
{
    return p->of || p->body ||
           (p->answers & (OPENAPI_FORM | OPENAPI_URL_FORM | OPENAPI_UPLOAD)) != 0;
}

void
openapi_put_request(buf *b, const struct openapi_path *p)
{
    json_key(b, "requestBody");
    json_open(b, '{');
    json_member_bool(b, "required", !(p->answers & OPENAPI_MAY_BE_EMPTY));
    json_key(b, "content");
    json_open(b, '{');
    if (p->of || p->body)
        openapi_put_content(b, "application/json");
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
        openapi_put_content(b, "application/octet-stream");
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
    openapi_put_content(b, "application/json");
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

void
openapi_put_contents(buf *b, const struct openapi_path *p, const struct openapi_path *other)
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
            openapi_put_content(b, kinds[i].type);
            buf_add(b, STR("{}}"));
        }
    json_close(b, '}');
}
