/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/mcp/tools.h"

#include "api/read.h"

enum { BODY_BYTES_MAX = 16 * 1024 * 1024, TEXT_BYTES_MAX = 4 * 1024 * 1024, PATH_BYTES_MAX = 8192 };

#define LABEL                                                                                      \
    "\"label\":{\"type\":\"string\",\"description\":\"Label of what is sent; else the key's "      \
    "default.\"}"

static const struct tool {
    const char *name, *title, *says;
    bool is_post;
    const char *path, *properties, *required;
} tools[] = {
#define TOOL(name, title, says, is_post, path, properties, required)                               \
    {name, title, says, is_post, path, properties, required},
#include "api/mcp/tools.def"
#undef TOOL
};
enum { TOOLS = sizeof tools / sizeof *tools };

/* ---- listed */
static void
put_tool(buf *b, const struct tool *t)
{
    json_open(b, '{');
    json_member_str(b, "name", str_of(t->name));
    json_member_str(b, "title", str_of(t->title));
    json_member_str(b, "description", str_of(t->says));
    buf_add_fmt(b,
                ",\"inputSchema\":{\"type\":\"object\",\"properties\":{%s," LABEL
                "},\"required\":[%s],\"additionalProperties\":false}",
                t->properties, t->required);
    json_close(b, '}');
}

void
mcp_put_tools(buf *b)
{
    json_key(b, "tools");
    json_open(b, '[');
    for (size_t i = 0; i < TOOLS; i++)
        put_tool(b, &tools[i]);
    json_close(b, ']');
}

/* ---- called */
static const struct tool *
find(str name)
{
    for (size_t i = 0; i < TOOLS; i++)
        if (str_eq(name, str_of(tools[i].name)))
            return &tools[i];
    return NULL;
}

static fallible
has_property(arena *a, const struct tool *t, const jval *member, bool *ret)
{
    AUTO(buf) b = BUF(BODY_BYTES_MAX);
    jval o;
    str text;
    buf_add_fmt(&b, "{%s}", t->properties);
    TRY(buf_end(&b));
    TRY(try_arena_str(a, buf_str(&b), &text));
    TRY(json_read(a, text, &o));
    *ret = json_get(&o, member->name).v != NULL;
    return OK;
}

/* Of the name in braces of its path; empty when it has none. */
static str
path_argument(const struct tool *t)
{
    const str path = str_of(t->path);
    const ptrdiff_t from = str_find_char(path, '{'), to = str_find_char(path, '}');
    return from < 0 ? STR_NONE : str_slice(path, (size_t)from + 1, (size_t)to);
}

static void
put_encoded(buf *b, str s)
{
    static const char plain[] = "-._~";
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || (c && strchr(plain, c));
        if (is_plain)
            buf_add_char(b, c);
        else
            buf_add_fmt(b, "%%%02X", (unsigned)(unsigned char)c);
    }
}

struct calling {
    arena *a;
    const struct tool *tool;
    buf path, query, body;
    struct mcp_request *request;
};

static fallible
put_path(struct calling *c, const jval *arguments)
{
    const str path = str_of(c->tool->path), name = path_argument(c->tool);
    const ptrdiff_t from = str_find_char(path, '{');
    str value;
    buf_add(&c->path, str_slice(path, 0, from < 0 ? path.len : (size_t)from));
    if (from < 0)
        return OK;
    const jval v = json_get(arguments, arena_str(c->a, name).at);
    TRY(json_str(&v, PATH_BYTES_MAX / 4, &value));
    if (!value.len)
        REFUSE_AT(ARGUMENT, &v, "must not be empty");
    put_encoded(&c->path, value);
    buf_add(&c->path, str_slice(path, (size_t)from + name.len + 2, path.len));
    return OK;
}

static fallible
put_query(struct calling *c, str name, const jval *v)
{
    str value;
    TRY(json_str(v, PATH_BYTES_MAX / 4, &value));
    buf_add_char(&c->query, c->query.len ? '&' : '?');
    buf_add(&c->query, name);
    buf_add_char(&c->query, '=');
    put_encoded(&c->query, value);
    return OK;
}

static fallible
put_argument(struct calling *c, const jval *v)
{
    const str name = str_of(v->name);
    bool known = false;
    if (str_eq(name, STR("label"))) {
        TRY(json_str(v, TEXT_BYTES_MAX, &c->request->label));
        return c->tool->is_post ? OK : put_query(c, name, v);
    }
    TRY(has_property(c->a, c->tool, v, &known));
    if (!known)
        REFUSE(ARGUMENT, "arguments", "arguments has a member that %s does not take",
               c->tool->name);
    if (str_eq(name, path_argument(c->tool)))
        return OK;
    if (!c->tool->is_post)
        return put_query(c, name, v);
    if (c->body.len > 1)
        buf_add_char(&c->body, ',');
    json_put_str(&c->body, name);
    buf_add_char(&c->body, ':');
    json_put_value(&c->body, v);
    return OK;
}

/* A question to a model is a conversation of one or two messages. */
static fallible
put_chat(struct calling *c, const jval *arguments)
{
    const jval message = json_get(arguments, "message"), system = json_get(arguments, "system"),
               model = json_get(arguments, "model"), most = json_get(arguments, "max_tokens");
    buf *b = &c->body;
    str text, before = STR_NONE;
    TRY(json_str(&message, TEXT_BYTES_MAX, &text));
    TRY(opt_json_str(&system, TEXT_BYTES_MAX, &before));
    buf_clear(b);
    buf_add(b, STR("{\"messages\":["));
    if (before.len) {
        buf_add(b, STR("{\"role\":\"system\",\"content\":"));
        json_put_str(b, before);
        buf_add(b, STR("},"));
    }
    buf_add(b, STR("{\"role\":\"user\",\"content\":"));
    json_put_str(b, text);
    buf_add(b, STR("}]"));
    if (model.v) {
        json_key(b, "model");
        json_put_value(b, &model);
    }
    if (most.v) {
        json_key(b, "max_tokens");
        json_put_value(b, &most);
    }
    return OK;
}

static fallible
build(struct calling *c, const jval *arguments)
{
    struct jwalk w = {0};
    jval v;
    buf_add_char(&c->body, '{');
    TRY(put_path(c, arguments));
    while (json_each(arguments, &w, &v))
        TRY(put_argument(c, &v));
    if (strcmp(c->tool->name, "ask") == 0)
        TRY(put_chat(c, arguments));
    buf_add_char(&c->body, '}');
    buf_add(&c->path, buf_str(&c->query));
    TRY(buf_end(&c->query));
    TRY(buf_end(&c->path));
    TRY(buf_end(&c->body));
    TRY(try_arena_str(c->a, buf_str(&c->path), &c->request->path));
    c->request->is_post = c->tool->is_post;
    return c->tool->is_post ? try_arena_str(c->a, buf_str(&c->body), &c->request->body) : OK;
}

fallible
mcp_tool_request(arena *a, str name, const jval *arguments, struct mcp_request *ret)
{
    struct calling c = {.a = a,
                        .tool = find(name),
                        .path = BUF(PATH_BYTES_MAX),
                        .query = BUF(PATH_BYTES_MAX),
                        .body = BUF(BODY_BYTES_MAX),
                        .request = ret};
    jval none;
    *ret = (struct mcp_request){.path = STR_NONE};
    if (!c.tool)
        REFUSE(NOT_FOUND, "name", "there is no tool of that name");
    TRY(json_read(a, STR("{}"), &none));
    if (arguments->v)
        TRY(json_object(arguments));
    const err e = build(&c, arguments->v ? arguments : &none);
    buf_done(&c.path);
    buf_done(&c.query);
    buf_done(&c.body);
    return e;
}

fallible
mcp_tool_text(arena *a, str name, str body, str *ret)
{
    jval o;
    *ret = body;
    if (!str_eq(name, STR("ask")))
        return OK;
    TRY(json_read(a, body, &o));
    TRY(json_object(&o));
    const jval choices = json_get(&o, "choices");
    TRY(json_array(&choices, 1, 1));
    const jval first = json_at(&choices, 0);
    const jval message = json_get(&first, "message");
    TRY(json_object(&message));
    const jval text = json_get(&message, "content");
    *ret = STR_NONE;
    return opt_json_str(&text, SIZE_MAX / 2, ret);
}
