/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/tools.h"

/* ---- names */
bool
tools_is_name(str s, size_t len_max)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        if (!((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' ||
              c == '-'))
            return false;
    }
    return s.len > 0 && s.len <= len_max;
}

fallible
tools_read_name(const jval *o, size_t len_max, str *ret)
{
    const jval v = json_get(o, "name");
    str name;
    TRY(json_str(&v, TOOLS_TEXT_BYTES_MAX, &name));
    if (!tools_is_name(name, len_max))
        REFUSE_AT(ARGUMENT, &v, "must have 1 to %zu of the characters a-z, A-Z, 0-9, _ and -",
                  len_max);
    *ret = name;
    return OK;
}

bool
tools_has(const struct conv_tools *t, str name)
{
    for (size_t i = 0; i < t->count; i++)
        if (str_eq(t->names[i], name))
            return true;
    return false;
}

/* ---- the offer */
bool
tools_is_wanted(const struct conv_tools *t, str name)
{
    return t->choice == CONV_TOOLS_REQUIRED && (!t->name.len || str_eq(t->name, name));
}

fallible
tools_check_schema(arena *a, const struct schema_call *call)
{
    AUTO(buf) grammar = BUF(SCHEMA_GRAMMAR_BYTES_MAX + TOOLS_TEXT_BYTES_MAX);
    return schema_compile_calls(a, call, 1, 1, &grammar);
}

fallible
tools_compile(arena *a, const struct schema_call *calls, size_t count, struct conv *c)
{
    AUTO(buf) grammar = BUF(SCHEMA_GRAMMAR_BYTES_MAX + TOOLS_TEXT_BYTES_MAX);
    ASSERT(count && c->tools.most >= 1 && c->tools.most <= SCHEMA_PARALLEL_MAX);
    TRY(schema_compile_calls(a, calls, count, c->tools.most, &grammar));
    if (grammar.len > SCHEMA_GRAMMAR_BYTES_MAX)
        REFUSE(UNSUPPORTED, "tools", "tools: their schemas are too large to force a call of them");
    return try_arena_str(a, buf_str(&grammar), &c->format.grammar);
}

fallible
tools_compile_answer(arena *a, const jval *schema, struct conv_format *f)
{
    AUTO(buf) grammar = BUF(SCHEMA_GRAMMAR_BYTES_MAX + TOOLS_TEXT_BYTES_MAX);
    TRY(schema_compile(a, schema, &grammar));
    if (grammar.len > SCHEMA_GRAMMAR_BYTES_MAX)
        REFUSE_AT(UNSUPPORTED, schema, "is too large");
    TRY(try_arena_str(a, buf_str(&grammar), &f->grammar));
    return read_json(a, schema, TOOLS_JSON_BYTES_MAX, &f->schema);
}

void
tools_put(buf *b, const struct tools_one *t)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("function"));
    json_key(b, "function");
    json_open(b, '{');
    json_member_str(b, "name", t->call.name);
    if (t->description.len)
        json_member_str(b, "description", t->description);
    if (t->call.parameters.v) {
        json_key(b, "parameters");
        json_put_value(b, &t->call.parameters);
    }
    if (t->strict)
        json_member_bool(b, "strict", true);
    json_close(b, '}');
    json_close(b, '}');
}

void
tools_put_call(buf *b, str id, str name, str arguments)
{
    json_open(b, '{');
    json_member_str(b, "id", id);
    json_member_str(b, "type", STR("function"));
    json_key(b, "function");
    json_open(b, '{');
    json_member_str(b, "name", name);
    json_member_str(b, "arguments", arguments);
    json_close(b, '}');
    json_close(b, '}');
}

/* ---- turns */
static size_t
find_open(const struct tool_turns *t, str id)
{
    size_t i = 0;
    while (i < t->open.count && !str_eq(t->open.at[i], id))
        i++;
    return i;
}

fallible
tools_open_call(struct tool_turns *t, arena *a, str id, const jval *place)
{
    if (find_open(t, id) < t->open.count)
        REFUSE_AT(ARGUMENT, place, "is used twice");
    return VEC_ADD(a, &t->open, &id);
}

bool
tools_answer_call(struct tool_turns *t, str id)
{
    const size_t i = find_open(t, id);
    if (i == t->open.count)
        return false;
    t->open.at[i] = t->open.at[--t->open.count];
    return true;
}
