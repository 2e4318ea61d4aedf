/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/tools.h"

#include <stdio.h>

#include "api/openai/decode.h"

enum { TYPE_BYTES_MAX = 64, FORMAT_NAME_MAX = 64 };

/* ---- one tool */

static fallible
check_type(const jval *o, const char *want)
{
    const jval v = json_get(o, "type");
    str type;
    TRY(json_str(&v, TYPE_BYTES_MAX, &type));
    if (!str_eq(type, str_of(want)))
        REFUSE_AT(UNSUPPORTED, &v, "must be \"%s\"", want);
    return OK;
}

static fallible
read_function(const jval *f, struct tools_one *ret)
{
    static const char *const known[] = {"name", "description", "parameters", "strict", NULL};
    const jval description = json_get(f, "description"), strict = json_get(f, "strict");
    str text;
    TRY(json_object(f));
    TRY(read_members(f, known));
    TRY(tools_read_name(f, CONV_TOOL_NAME_MAX, &ret->call.name));
    TRY(opt_json_str(&description, TOOLS_TEXT_BYTES_MAX, &text));
    TRY(opt_json_bool(&strict, &ret->strict));
    ret->call.parameters = json_get(f, "parameters");
    return ret->call.parameters.v ? json_object(&ret->call.parameters) : OK;
}

static fallible
read_tool(arena *a, const jval *v, struct conv_tools *t, struct tools_one *ret)
{
    static const char *const known[] = {"type", "function", NULL};
    TRY(json_object(v));
    TRY(check_type(v, "function"));
    TRY(read_members(v, known));
    const jval f = json_get(v, "function");
    TRY(read_function(&f, ret));
    const jval name = json_get(&f, "name");
    if (tools_has(t, ret->call.name))
        REFUSE_AT(ARGUMENT, &name, "names a tool twice");
    if (ret->strict && !tools_is_wanted(t, ret->call.name))
        TRY(tools_check_schema(a, &ret->call));
    t->names[t->count++] = ret->call.name;
    return OK;
}

/* ---- choice */

static fallible
read_named(const jval *v, struct conv_tools *t)
{
    static const char *const known[] = {"type", "function", NULL};
    static const char *const members[] = {"name", NULL};
    TRY(json_object(v));
    TRY(check_type(v, "function"));
    TRY(read_members(v, known));
    const jval f = json_get(v, "function");
    TRY(json_object(&f));
    TRY(read_members(&f, members));
    t->choice = CONV_TOOLS_REQUIRED;
    return tools_read_name(&f, CONV_TOOL_NAME_MAX, &t->name);
}

static fallible
read_choice(const jval *body, struct conv_tools *t)
{
    static const struct {
        str name;
        enum conv_tool_choice choice;
    } choices[] = {{STR_INIT("none"), CONV_TOOLS_NONE},
                   {STR_INIT("auto"), CONV_TOOLS_AUTO},
                   {STR_INIT("required"), CONV_TOOLS_REQUIRED}};
    const jval v = json_get(body, "tool_choice");
    str name;
    if (json_type(v) == J_ABSENT)
        return OK;
    if (json_type(v) == J_OBJECT)
        return read_named(&v, t);
    TRY(json_str(&v, TYPE_BYTES_MAX, &name));
    for (size_t i = 0; i < sizeof choices / sizeof *choices; i++)
        if (str_eq(choices[i].name, name)) {
            t->choice = choices[i].choice;
            return OK;
        }
    REFUSE_AT(ARGUMENT, &v, "must be \"none\", \"auto\", \"required\" or name a function");
}

static fallible
check_choice(const struct conv_tools *t)
{
    if (t->choice == CONV_TOOLS_REQUIRED && !t->count)
        REFUSE(ARGUMENT, "tool_choice", "tool_choice asks for a call, and no tools are offered");
    if (t->name.len && !tools_has(t, t->name))
        REFUSE(ARGUMENT, "tool_choice.function.name",
               "tool_choice.function.name is none of the tools offered");
    return OK;
}

/* ---- all tools */

static fallible
read_list(arena *a, const jval *list, struct conv *c)
{
    struct schema_call calls[CONV_TOOLS_MAX];
    jval functions[CONV_TOOLS_MAX], items[CONV_TOOLS_MAX];
    struct jwalk w = {0};
    size_t count = 0, wanted = 0;
    TRY(json_array(list, 0, CONV_TOOLS_MAX));
    while (json_each(list, &w, &items[count])) {
        struct tools_one t = {0};
        TRY(read_tool(a, &items[count], &c->tools, &t));
        if (tools_is_wanted(&c->tools, t.call.name)) {
            /* The way to it must outlive it. */
            functions[wanted] = json_get(&items[count], "function");
            calls[wanted].name = t.call.name;
            calls[wanted].parameters = json_get(&functions[wanted], "parameters");
            wanted++;
        }
        count++;
    }
    TRY(check_choice(&c->tools));
    return wanted ? tools_compile(a, calls, wanted, c) : OK;
}

static fallible
read_offer(arena *a, const jval *body, struct conv *c)
{
    const jval list = json_get(body, "tools"), parallel = json_get(body, "parallel_tool_calls");
    bool many = false;
    TRY(opt_json_bool(&parallel, &many));
    c->tools.most = many ? SCHEMA_PARALLEL_MAX : 1;
    TRY(read_choice(body, &c->tools));
    if (json_type(list) == J_ABSENT)
        return check_choice(&c->tools);
    TRY(read_list(a, &list, c));
    return c->tools.count ? read_json(a, &list, TOOLS_JSON_BYTES_MAX, &c->tools.json) : OK;
}

/* ---- the form of the answer */

static fallible
read_schema(arena *a, const jval *format, struct conv *c)
{
    static const char *const known[] = {"name", "description", "schema", "strict", NULL};
    const jval v = json_get(format, "json_schema");
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    const jval schema = json_get(&v, "schema"), strict = json_get(&v, "strict");
    const jval description = json_get(&v, "description");
    str text;
    TRY(tools_read_name(&v, FORMAT_NAME_MAX, &c->format.name));
    TRY(opt_json_str(&description, TOOLS_TEXT_BYTES_MAX, &text));
    TRY(opt_json_bool(&strict, &c->format.strict));
    if (json_type(schema) == J_ABSENT) {
        c->params.json_object = true;
        return OK;
    }
    return tools_compile_answer(a, &schema, &c->format);
}

/* The model cannot both be free to call and be bound to another form. */
static fallible
check_both(const struct conv *c, const jval *type)
{
    if (c->tools.count && c->tools.choice != CONV_TOOLS_NONE)
        REFUSE_AT(
            UNSUPPORTED, type,
            "other than \"text\" is not supported beside tools; send \"tool_choice\": \"none\"");
    return OK;
}

static fallible
read_format(arena *a, const jval *body, struct conv *c)
{
    static const char *const plain[] = {"type", NULL};
    static const char *const with_schema[] = {"type", "json_schema", NULL};
    const jval v = json_get(body, "response_format");
    str type;
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    const jval t = json_get(&v, "type");
    TRY(json_str(&t, TYPE_BYTES_MAX, &type));
    const bool has_schema = str_eq(type, STR("json_schema"));
    c->params.json_object = str_eq(type, STR("json_object"));
    if (!has_schema && !c->params.json_object && !str_eq(type, STR("text")))
        REFUSE_AT(ARGUMENT, &t, "must be \"text\", \"json_object\" or \"json_schema\"");
    TRY(read_members(&v, has_schema ? with_schema : plain));
    if (has_schema || c->params.json_object)
        TRY(check_both(c, &t));
    return has_schema ? read_schema(a, &v, c) : OK;
}

fallible
openai_read_tools(arena *a, const jval *body, struct conv *c)
{
    TRY(read_offer(a, body, c));
    TRY(read_format(a, body, c));
    if (c->params.logprobs && c->tools.count && c->tools.choice != CONV_TOOLS_NONE)
        REFUSE(UNSUPPORTED, "logprobs", "logprobs is not supported beside tools");
    return OK;
}

/* ---- messages */

static fallible
check_call(const jval *v)
{
    static const char *const known[] = {"id", "type", "function", "index", NULL};
    static const char *const members[] = {"name", "arguments", NULL};
    str text;
    TRY(json_object(v));
    TRY(check_type(v, "function"));
    TRY(read_members(v, known));
    const jval id = json_get(v, "id"), f = json_get(v, "function");
    TRY(json_str(&id, TOOLS_ID_BYTES_MAX, &text));
    if (!text.len)
        REFUSE_AT(ARGUMENT, &id, "must not be empty");
    TRY(json_object(&f));
    TRY(read_members(&f, members));
    const jval arguments = json_get(&f, "arguments");
    TRY(tools_read_name(&f, CONV_TOOL_NAME_MAX, &text));
    return json_str(&arguments, TOOLS_TEXT_BYTES_MAX, &text);
}

fallible
openai_read_calls(arena *a, const jval *message, struct conv_message *m)
{
    const jval list = json_get(message, "tool_calls"), id = json_get(message, "tool_call_id");
    struct jwalk w = {0};
    jval call;
    if (m->role == CONV_TOOL)
        TRY(json_str(&id, TOOLS_ID_BYTES_MAX, &m->tool_call_id));
    else if (id.v)
        REFUSE_AT(ARGUMENT, &id, "is only for messages of role \"tool\"");
    if (json_type(list) == J_ABSENT || (json_type(list) == J_ARRAY && !json_count(&list)))
        return OK;
    if (m->role != CONV_ASSISTANT)
        REFUSE_AT(ARGUMENT, &list, "is only for messages of role \"assistant\"");
    TRY(json_array(&list, 1, CONV_TOOLS_MAX));
    while (json_each(&list, &w, &call))
        TRY(check_call(&call));
    return read_json(a, &list, TOOLS_JSON_BYTES_MAX, &m->tool_calls);
}

static fallible
open_calls(struct tool_turns *t, arena *a, const jval *message)
{
    const jval list = json_get(message, "tool_calls");
    struct jwalk w = {0};
    jval call;
    t->from = message->index;
    while (json_each(&list, &w, &call)) {
        const jval id = json_get(&call, "id");
        str text;
        TRY(json_str(&id, TOOLS_ID_BYTES_MAX, &text));
        TRY(tools_open_call(t, a, text, &id));
    }
    return OK;
}

fallible
openai_check_turn(struct tool_turns *t, arena *a, const jval *message, const struct conv_message *m)
{
    if (m->role != CONV_TOOL) {
        TRY(openai_check_turns_end(t));
        return m->tool_calls.len ? open_calls(t, a, message) : OK;
    }
    const jval id = json_get(message, "tool_call_id");
    if (!tools_answer_call(t, m->tool_call_id))
        REFUSE_AT(ARGUMENT, &id, "answers no tool call of the message before");
    return OK;
}

fallible
openai_check_turns_end(const struct tool_turns *t)
{
    char path[READ_PATH_ROOM];
    snprintf(path, sizeof path, "messages[%zu].tool_calls", t->from);
    if (t->open.count)
        REFUSE(ARGUMENT, path, "%s has %zu calls that no message of role \"tool\" answers", path,
               t->open.count);
    return OK;
}
