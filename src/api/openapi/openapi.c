/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/inside.h"
#include "api/openapi/words.h"
#include "base/json.h"

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
    return openapi_has_body(p) && p->dialect != OPENAPI_admin && p->dialect != OPENAPI_mcp &&
           !str_starts(str_of(p->pattern), STR("/citizen"));
}

static void
put_headers(buf *b, const struct openapi_path *p, const struct openapi_path *other)
{
    if (p->dialect == OPENAPI_anthropic || other)
        openapi_put_ref(b, "parameters", "version");
    if (!carries_content(p))
        return;
    openapi_put_ref(b, "parameters", "label");
    openapi_put_ref(b, "parameters", "case");
    openapi_put_ref(b, "parameters", "priority");
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
    const str pattern = str_of(p->pattern);
    bool between = true;
    for (size_t i = 0; i < pattern.len; i++) {
        const char c = pattern.at[i];
        const bool is_word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (is_word && between)
            buf_add_char(b, '_');
        if (is_word)
            buf_add_char(b, c);
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
    openapi_put_contents(b, p, other);
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
    openapi_put_errors(b, p, other);
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
    if (openapi_has_body(p))
        openapi_put_request(b, p);
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
    openapi_put_components(b);
    json_close(b, '}');
}
