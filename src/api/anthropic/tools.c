/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/tools.h"

enum { TYPE_BYTES_MAX = 64 };

/* ---- choice */
static fallible
read_type(const jval *v, enum conv_tool_choice *ret, bool *ret_named)
{
    static const struct {
        str name;
        enum conv_tool_choice choice;
    } choices[] = {{STR_INIT("auto"), CONV_TOOLS_AUTO},
                   {STR_INIT("none"), CONV_TOOLS_NONE},
                   {STR_INIT("any"), CONV_TOOLS_REQUIRED},
                   {STR_INIT("tool"), CONV_TOOLS_REQUIRED}};
    str type;
    TRY(json_str(v, TYPE_BYTES_MAX, &type));
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (str_eq(choices[i].name, type)) {
            *ret = choices[i].choice;
            *ret_named = str_eq(type, STR("tool"));
            return OK;
        }
    REFUSE_AT(ARGUMENT, v, "must be \"auto\", \"any\", \"tool\" or \"none\"");
}

static fallible
read_choice(const jval *body, struct conv_tools *t)
{
    static const char *const known[] = {"type", "disable_parallel_tool_use", NULL};
    static const char *const named[] = {"type", "disable_parallel_tool_use", "name", NULL};
    const jval v = json_get(body, "tool_choice");
    bool is_named = false, is_single = true;
    t->most = 1;
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    const jval type = json_get(&v, "type"), single = json_get(&v, "disable_parallel_tool_use");
    TRY(read_type(&type, &t->choice, &is_named));
    TRY(read_members(&v, is_named ? named : known));
    TRY(opt_json_bool(&single, &is_single));
    t->most = is_single ? 1 : SCHEMA_PARALLEL_MAX;
    return is_named ? tools_read_name(&v, CONV_TOOL_NAME_MAX, &t->name) : OK;
}

static fallible
check_choice(const struct conv_tools *t)
{
    if (t->choice == CONV_TOOLS_REQUIRED && !t->count)
        REFUSE(ARGUMENT, "tool_choice", "tool_choice asks for a call, and no tools are offered");
    if (t->name.len && !tools_has(t, t->name))
        REFUSE(ARGUMENT, "tool_choice.name", "tool_choice.name is none of the tools offered");
    return OK;
}

/* ---- one tool */
static fallible
check_custom(const jval *tool)
{
    const jval v = json_get(tool, "type");
    str type = STR("custom");
    TRY(opt_json_str(&v, TYPE_BYTES_MAX, &type));
    if (str_eq(type, STR("custom")))
        return OK;
    if (tools_is_name(type, TYPE_BYTES_MAX)) /* else it may be anything */
        REFUSE_AT(UNSUPPORTED, &v,
                  "\"%.*s\" is not run here; only tools of type \"custom\" are "
                  "supported",
                  STR_FMT(type));
    REFUSE_AT(UNSUPPORTED, &v, "must be \"custom\"");
}

/* Called by the model itself and by nobody else. */
static fallible
check_callers(const jval *tool)
{
    const jval list = json_get(tool, "allowed_callers");
    struct jwalk w = {.next = NULL};
    jval v;
    str name;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, 8));
    while (json_each(&list, &w, &v)) {
        TRY(json_str(&v, TYPE_BYTES_MAX, &name));
        if (!str_eq(name, STR("direct")))
            REFUSE_AT(UNSUPPORTED, &v, "must be \"direct\"");
    }
    return OK;
}

static fallible
read_hints(const jval *tool, struct tools_one *ret, bool *ret_cache)
{
    const jval strict = json_get(tool, "strict"), late = json_get(tool, "defer_loading");
    const jval examples = json_get(tool, "input_examples");
    const jval eager = json_get(tool, "eager_input_streaming");
    bool is_late = false, unused;
    TRY(opt_json_bool(&strict, &ret->strict));
    TRY(opt_json_bool(&eager, &unused));
    TRY(opt_json_bool(&late, &is_late));
    if (is_late)
        REFUSE_AT(UNSUPPORTED, &late, "is not supported by this version");
    if (json_type(examples) != J_ABSENT)
        TRY(json_array(&examples, 0, CONV_TOOLS_MAX));
    TRY(check_callers(tool));
    return anthropic_read_cache(tool, ret_cache);
}

/* Its call.parameters hold on to `tool`. */
static fallible
read_custom(const jval *tool, struct tools_one *ret, bool *ret_cache)
{
    static const char *const known[] = {
        "type",   "name",          "description",     "input_schema",   "cache_control",
        "strict", "defer_loading", "allowed_callers", "input_examples", "eager_input_streaming",
        NULL};
    const jval description = json_get(tool, "description");
    TRY(read_members(tool, known));
    TRY(tools_read_name(tool, CONV_TOOL_NAME_MAX, &ret->call.name));
    TRY(opt_json_str(&description, TOOLS_TEXT_BYTES_MAX, &ret->description));
    TRY(read_hints(tool, ret, ret_cache));
    ret->call.parameters = json_get(tool, "input_schema");
    return json_object(&ret->call.parameters);
}

static fallible
read_tool(arena *a, const jval *tool, struct anthropic_ask *ask, struct tools_one *ret)
{
    struct conv_tools *t = &ask->conv.tools;
    TRY(json_object(tool));
    TRY(check_custom(tool));
    TRY(read_custom(tool, ret, &ask->wants_cache));
    const jval name = json_get(tool, "name");
    if (tools_has(t, ret->call.name))
        REFUSE_AT(ARGUMENT, &name, "names a tool twice");
    if (ret->strict && !tools_is_wanted(t, ret->call.name))
        TRY(tools_check_schema(a, &ret->call));
    t->names[t->count++] = ret->call.name;
    return OK;
}

/* ---- all tools */
static fallible
copy_offer(arena *a, buf *offer, struct conv_tools *t)
{
    buf_add_char(offer, ']');
    TRY(buf_end(offer));
    if (offer->len > TOOLS_JSON_BYTES_MAX)
        REFUSE(ARGUMENT, "tools", "tools is larger than %d bytes", TOOLS_JSON_BYTES_MAX);
    return t->count ? try_arena_str(a, buf_str(offer), &t->json) : OK;
}

static fallible
read_list(arena *a, const jval *list, struct anthropic_ask *ask, buf *offer)
{
    struct schema_call calls[CONV_TOOLS_MAX];
    jval items[CONV_TOOLS_MAX + 1]; /* the way to a schema must outlive it */
    struct jwalk w = {0};
    size_t wanted = 0;
    TRY(json_array(list, 0, CONV_TOOLS_MAX));
    for (size_t i = 0; json_each(list, &w, &items[i]); i++) {
        struct tools_one one = {0};
        TRY(read_tool(a, &items[i], ask, &one));
        tools_put(offer, &one);
        if (tools_is_wanted(&ask->conv.tools, one.call.name))
            calls[wanted++] = one.call;
    }
    TRY(check_choice(&ask->conv.tools));
    return wanted ? tools_compile(a, calls, wanted, &ask->conv) : OK;
}

fallible
anthropic_read_tools(arena *a, const jval *body, struct anthropic_ask *ret)
{
    const jval list = json_get(body, "tools");
    AUTO(buf) offer = BUF(256 * TOOLS_JSON_BYTES_MAX);
    TRY(read_choice(body, &ret->conv.tools));
    if (json_type(list) == J_ABSENT)
        return check_choice(&ret->conv.tools);
    buf_add_char(&offer, '[');
    TRY(read_list(a, &list, ret, &offer));
    return copy_offer(a, &offer, &ret->conv.tools);
}
