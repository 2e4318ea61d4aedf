/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/schema.h"

#include "engine/schema_tree.h"

enum { PATH_ROOM = 192 };

static fallible
read_checked(arena *a, const jval *schema, struct schema_tree *ret)
{
    char path[PATH_ROOM];
    struct schema_tree t;
    TRY(schema_read(a, schema, &t));
    TRY(schema_check(&t, json_path(schema, path, sizeof path)));
    *ret = t;
    return OK;
}

fallible
schema_compile(arena *a, const jval *schema, buf *out)
{
    struct schema_tree t;
    struct schema_writer *w;
    TRY(read_checked(a, schema, &t));
    TRY(schema_writer_new(a, out, &w));
    buf_add_fmt(out, "root ::= r%u\n", schema_rule_of(w, t.root));
    return schema_write_rest(w);
}

/* ---- calls */

static fallible
put_arguments(arena *a, const jval *parameters, struct schema_writer *w, buf *out)
{
    struct schema_tree t;
    char path[PATH_ROOM];
    if (!parameters->v) {
        buf_add(out, STR("\"{}\" "));
        return OK;
    }
    TRY(read_checked(a, parameters, &t));
    const struct schema_node *root = schema_target(t.root);
    if (root->kind == SCHEMA_ANY)
        buf_add_fmt(out, "%s ", schema_any_object(w));
    else if (root->kind == SCHEMA_OBJECT)
        buf_add_fmt(out, "r%u ", schema_rule_of(w, t.root));
    else
        REFUSE(ARGUMENT, json_path(parameters, path, sizeof path),
               "%s must be a schema of type \"object\"", path);
    return OK;
}

/* "{\"name\":" " "? "\"NAME\"" comma "\"arguments\":" " "? OBJECT "}" */
static fallible
put_call(arena *a, const struct schema_call *c, struct schema_writer *w, buf *out)
{
    AUTO(buf) name = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
    json_put_str(&name, c->name);
    TRY(buf_end(&name));
    buf_add(out, STR("\"{\\\"name\\\":\" \" \"? "));
    schema_put_literal(out, buf_str(&name));
    buf_add_fmt(out, " %s \"\\\"arguments\\\":\" \" \"? ", schema_comma(w));
    TRY(put_arguments(a, &c->parameters, w, out));
    buf_add(out, STR("\"}\" "));
    return OK;
}

fallible
schema_compile_calls(arena *a, const struct schema_call *calls, size_t count, uint32_t most,
                     buf *out)
{
    struct schema_writer *w;
    ASSERT(count >= 1 && count <= SCHEMA_CALLS_MAX && most >= 1 && most <= SCHEMA_PARALLEL_MAX);
    TRY(schema_writer_new(a, out, &w));
    buf_add(out, STR("root ::= call"));
    if (most > 1)
        buf_add_fmt(out, " more{0,%u}\nmore ::= \"\\x0A\" call", most - 1);
    buf_add(out, STR("\ncall ::= "));
    for (size_t i = 0; i < count; i++) {
        buf_add(out, i ? STR("| ") : STR(""));
        TRY(put_call(a, &calls[i], w, out));
    }
    buf_add_char(out, '\n');
    return schema_write_rest(w);
}
