/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/tools.h"

#include "api/tools.h"

enum { WORD_BYTES_MAX = 64, TITLE_BYTES_MAX = 4096 };

/* ---- choice */
static fallible
check_empty(const jval *choice, const char *name)
{
    static const char *const none[] = {NULL};
    const jval v = json_get(choice, name);
    TRY(json_object(&v));
    return read_members(&v, none);
}

static fallible
read_named(const jval *choice, struct conv_tools *t)
{
    static const char *const known[] = {"name", NULL};
    const jval v = json_get(choice, "tool");
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    t->choice = CONV_TOOLS_REQUIRED;
    return tools_read_name(&v, CONV_TOOL_NAME_MAX, &t->name);
}

/* A union: exactly one of auto, any, tool. */
static fallible
read_choice(const jval *config, struct conv_tools *t)
{
    static const char *const known[] = {"auto", "any", "tool", NULL};
    const jval v = json_get(config, "toolChoice");
    t->most = 1;
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    const jval any = json_get(&v, "any"), tool = json_get(&v, "tool");
    if (json_count(&v) != 1)
        REFUSE_AT(ARGUMENT, &v, "must hold one of auto, any, tool");
    if (tool.v)
        return read_named(&v, t);
    if (!any.v)
        return check_empty(&v, "auto");
    t->choice = CONV_TOOLS_REQUIRED;
    return check_empty(&v, "any");
}

static fallible
check_choice(const struct conv_tools *t)
{
    if (t->choice == CONV_TOOLS_REQUIRED && !t->count)
        REFUSE(ARGUMENT, "toolConfig.toolChoice",
               "toolConfig.toolChoice asks for a call, and no tools are offered");
    if (t->name.len && !tools_has(t, t->name))
        REFUSE(ARGUMENT, "toolConfig.toolChoice.tool.name",
               "toolConfig.toolChoice.tool.name is none of the tools offered");
    return OK;
}

/* ---- one tool */
/* The way from `spec` to the schema is kept in two places that outlive it. */
static fallible
read_spec(const jval *spec, jval *input, struct tools_one *ret)
{
    static const char *const known[] = {"name", "description", "inputSchema", "strict", NULL};
    static const char *const members[] = {"json", NULL};
    const jval description = json_get(spec, "description"), strict = json_get(spec, "strict");
    TRY(json_object(spec));
    TRY(read_members(spec, known));
    TRY(tools_read_name(spec, CONV_TOOL_NAME_MAX, &ret->call.name));
    TRY(opt_json_str(&description, TOOLS_TEXT_BYTES_MAX, &ret->description));
    TRY(opt_json_bool(&strict, &ret->strict));
    *input = json_get(spec, "inputSchema");
    TRY(json_object(input));
    TRY(read_members(input, members));
    ret->call.parameters = json_get(input, "json");
    return json_object(&ret->call.parameters);
}

/* Where a tool stands in the body: schemas point up to these. */
struct place {
    jval item, spec, input;
};

static fallible
read_tool(arena *a, struct place *at, struct conv_tools *t, struct tools_one *ret)
{
    static const char *const known[] = {"toolSpec", NULL};
    TRY(json_object(&at->item));
    TRY(read_members(&at->item, known));
    at->spec = json_get(&at->item, "toolSpec");
    TRY(read_spec(&at->spec, &at->input, ret));
    const jval name = json_get(&at->spec, "name");
    if (tools_has(t, ret->call.name))
        REFUSE_AT(ARGUMENT, &name, "names a tool twice");
    if (ret->strict && !tools_is_wanted(t, ret->call.name))
        TRY(tools_check_schema(a, &ret->call));
    t->names[t->count++] = ret->call.name;
    return OK;
}

static bool
is_cache_point(const jval *item)
{
    return json_type(*item) == J_OBJECT && json_get(item, "cachePoint").v;
}

/* ---- all tools */
static fallible
read_list(arena *a, const jval *list, struct conv *c, buf *offer)
{
    struct schema_call calls[CONV_TOOLS_MAX];
    struct place at[CONV_TOOLS_MAX + 1];
    struct jwalk w = {0};
    size_t wanted = 0;
    TRY(json_array(list, 1, CONV_TOOLS_MAX));
    for (size_t i = 0; json_each(list, &w, &at[i].item); i++) {
        struct tools_one one = {0};
        if (is_cache_point(&at[i].item))
            continue;
        TRY(read_tool(a, &at[i], &c->tools, &one));
        tools_put(offer, &one);
        if (tools_is_wanted(&c->tools, one.call.name))
            calls[wanted++] = one.call;
    }
    TRY(check_choice(&c->tools));
    return wanted ? tools_compile(a, calls, wanted, c) : OK;
}

fallible
bedrock_read_tools(arena *a, const jval *body, struct conv *c)
{
    static const char *const known[] = {"tools", "toolChoice", NULL};
    const jval config = json_get(body, "toolConfig");
    AUTO(buf) offer = BUF(64 * TOOLS_JSON_BYTES_MAX);
    if (json_type(config) == J_ABSENT)
        return OK;
    TRY(json_object(&config));
    TRY(read_members(&config, known));
    const jval list = json_get(&config, "tools");
    TRY(read_choice(&config, &c->tools));
    buf_add_char(&offer, '[');
    TRY(read_list(a, &list, c, &offer));
    buf_add_char(&offer, ']');
    TRY(buf_end(&offer));
    if (offer.len > TOOLS_JSON_BYTES_MAX)
        REFUSE_AT(ARGUMENT, &list, "is larger than %d bytes", TOOLS_JSON_BYTES_MAX);
    return c->tools.count ? try_arena_str(a, buf_str(&offer), &c->tools.json) : OK;
}

/* ---- the form of the answer */
/* The schema is JSON in a text; its refusals name places within it. */
static fallible
read_schema(arena *a, const jval *v, struct conv *c)
{
    static const char *const known[] = {"schema", "name", "description", NULL};
    TRY(json_object(v));
    TRY(read_members(v, known));
    const jval text = json_get(v, "schema"), description = json_get(v, "description");
    str bytes, unused;
    jval schema;
    TRY(json_str(&text, TOOLS_JSON_BYTES_MAX, &bytes));
    TRY(opt_json_str(&description, TITLE_BYTES_MAX, &unused));
    if (json_get(v, "name").v)
        TRY(tools_read_name(v, CONV_TOOL_NAME_MAX, &c->format.name));
    if (json_read(a, bytes, &schema).code)
        REFUSE_AT(ARGUMENT, &text, "is no JSON");
    c->format.strict = true;
    return tools_compile_answer(a, &schema, &c->format);
}

static fallible
read_format(arena *a, const jval *format, struct conv *c)
{
    static const char *const known[] = {"type", "structure", NULL};
    static const char *const members[] = {"jsonSchema", NULL};
    const jval type = json_get(format, "type"), structure = json_get(format, "structure");
    str word;
    TRY(json_object(format));
    TRY(read_members(format, known));
    TRY(json_str(&type, WORD_BYTES_MAX, &word));
    if (!str_eq(word, STR("json_schema")))
        REFUSE_AT(ARGUMENT, &type, "must be \"json_schema\"");
    TRY(json_object(&structure));
    TRY(read_members(&structure, members));
    const jval schema = json_get(&structure, "jsonSchema");
    if (c->tools.count && c->tools.choice != CONV_TOOLS_NONE)
        REFUSE_AT(UNSUPPORTED, &type, "is not supported beside toolConfig");
    return read_schema(a, &schema, c);
}

fallible
bedrock_read_output(arena *a, const jval *body, struct conv *c)
{
    static const char *const known[] = {"textFormat", NULL};
    const jval v = json_get(body, "outputConfig");
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    const jval format = json_get(&v, "textFormat");
    return json_type(format) == J_ABSENT ? OK : read_format(a, &format, c);
}
