/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/turns.h"

#include "api/tools.h"

enum { ROLE_BYTES_MAX = 32, TEXT_BYTES_MAX = 64 * 1024 * 1024 };

struct open_call {
    str id, name;
};

struct turns {
    VEC(struct open_call) open; /* in the order they were made */
    size_t from;                /* the message that made them */
    struct images images;
};

/* ---- calls */
static fallible
read_arguments(arena *a, const jval *function, str *ret)
{
    const jval v = json_get(function, "arguments");
    if (json_type(v) == J_ABSENT) {
        *ret = STR("{}");
        return OK;
    }
    TRY(json_object(&v));
    return read_json(a, &v, TOOLS_TEXT_BYTES_MAX, ret);
}

static fallible
read_id(arena *a, const jval *call, size_t message, str *ret)
{
    const jval v = json_get(call, "id");
    TRY(opt_json_str(&v, TOOLS_ID_BYTES_MAX, ret));
    if (!ret->len)
        *ret = arena_fmt(a, "call_%zu_%zu", message, call->index);
    return OK;
}

static fallible
read_call(arena *a, const jval *v, struct turns *t, buf *b)
{
    static const char *const known[] = {"id", "type", "function", NULL};
    static const char *const members[] = {"name", "arguments", "index", NULL};
    struct open_call call = {.id = STR_NONE};
    str arguments;
    TRY(json_object(v));
    TRY(read_members(v, known));
    TRY(read_id(a, v, t->from, &call.id));
    const jval f = json_get(v, "function");
    TRY(json_object(&f));
    TRY(read_members(&f, members));
    TRY(tools_read_name(&f, CONV_TOOL_NAME_MAX, &call.name));
    TRY(read_arguments(a, &f, &arguments));
    for (size_t i = 0; i < t->open.count; i++)
        if (str_eq(t->open.at[i].id, call.id))
            REFUSE_AT(ARGUMENT, v, "has an id that is used twice");
    tools_put_call(b, call.id, call.name, arguments);
    return VEC_ADD(a, &t->open, &call);
}

static fallible
read_calls(arena *a, const jval *message, struct turns *t, struct conv_message *m)
{
    const jval list = json_get(message, "tool_calls");
    AUTO(buf) b = BUF(TOOLS_JSON_BYTES_MAX);
    struct jwalk w = {.next = NULL};
    jval call;
    if (read_asks_nothing(&list))
        return OK;
    if (m->role != CONV_ASSISTANT)
        REFUSE_AT(ARGUMENT, &list, "is only for messages of role \"assistant\"");
    TRY(json_array(&list, 1, CONV_TOOLS_MAX));
    t->from = message->index;
    json_open(&b, '[');
    while (json_each(&list, &w, &call))
        TRY(read_call(a, &call, t, &b));
    json_close(&b, ']');
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), &m->tool_calls);
}

/* ---- answers to calls */
static size_t
find_call(const struct turns *t, str id, str name)
{
    size_t i = 0;
    for (; i < t->open.count; i++)
        if (id.len ? str_eq(t->open.at[i].id, id) : !name.len || str_eq(t->open.at[i].name, name))
            break;
    return i;
}

static fallible
read_answer(const jval *message, struct turns *t, struct conv_message *m)
{
    const jval id_value = json_get(message, "tool_call_id");
    const jval name_value = json_get(message, "tool_name");
    str id = STR_NONE, name = STR_NONE;
    TRY(opt_json_str(&id_value, TOOLS_ID_BYTES_MAX, &id));
    TRY(opt_json_str(&name_value, CONV_TOOL_NAME_MAX, &name));
    if (m->role != CONV_TOOL) {
        if (id.len || name.len)
            REFUSE_AT(ARGUMENT, id.len ? &id_value : &name_value,
                      "is only for messages of role \"tool\"");
        return OK;
    }
    const size_t i = find_call(t, id, name);
    if (i == t->open.count)
        REFUSE_AT(ARGUMENT, message, "answers no tool call of the messages before");
    m->tool_call_id = t->open.at[i].id;
    t->open.count--;
    memmove(&t->open.at[i], &t->open.at[i + 1], (t->open.count - i) * sizeof *t->open.at);
    return OK;
}

static fallible
check_answered(const struct turns *t)
{
    char path[READ_PATH_ROOM];
    snprintf(path, sizeof path, "messages[%zu].tool_calls", t->from);
    if (t->open.count)
        REFUSE(ARGUMENT, path, "%s has %zu calls that no message of role \"tool\" answers", path,
               t->open.count);
    return OK;
}

/* ---- messages */
static fallible
read_role(const jval *message, enum conv_role *ret)
{
    const jval v = json_get(message, "role");
    str name;
    TRY(json_str(&v, ROLE_BYTES_MAX, &name));
    for (enum conv_role r = CONV_SYSTEM; r <= CONV_TOOL; r++)
        if (str_eq(name, str_of(conv_role_name(r)))) {
            *ret = r;
            return OK;
        }
    REFUSE_AT(ARGUMENT, &v, "must be one of system, user, assistant, tool");
}

fallible
ollama_read_images(const jval *o, struct images *im)
{
    const jval list = json_get(o, "images");
    struct jwalk w = {.next = NULL};
    jval v;
    if (json_type(list) == J_ABSENT || json_type(list) == J_NULL)
        return OK;
    TRY(json_array(&list, 0, CONV_IMAGES_MAX));
    while (json_each(&list, &w, &v))
        TRY(images_add_base64(im, &v, STR_NONE, 0));
    return OK;
}

/* They stand before the text, as Ollama shows them. */
static fallible
read_images(const jval *message, struct turns *t, struct conv_message *m)
{
    const jval v = json_get(message, "images");
    if (m->role != CONV_USER && !read_asks_nothing(&v))
        REFUSE_AT(ARGUMENT, &v, "is only for messages of role \"user\"");
    TRY(ollama_read_images(message, &t->images));
    images_take(&t->images, m);
    return OK;
}

static fallible
read_message(arena *a, const jval *v, struct turns *t, struct conv_message *m)
{
    /* What a model thought before is not told to it again. */
    static const char *const known[] = {"role",      "content",      "thinking", "tool_calls",
                                        "tool_name", "tool_call_id", "images",   NULL};
    str text = STR("");
    TRY(json_object(v));
    TRY(read_members(v, known));
    TRY(read_role(v, &m->role));
    TRY(read_images(v, t, m));
    const jval said = json_get(v, "content"), thinking = json_get(v, "thinking");
    TRY(opt_json_str(&said, TEXT_BYTES_MAX, &text));
    m->text = content_of(text, LABEL_BOTTOM);
    TRY(opt_json_str(&thinking, TEXT_BYTES_MAX, &text));
    if (m->role != CONV_TOOL)
        TRY(check_answered(t));
    TRY(read_answer(v, t, m));
    return read_calls(a, v, t, m);
}

fallible
ollama_read_messages(const struct params *p, arena *a, const jval *body, struct conv *c)
{
    const jval list = json_get(body, "messages");
    struct turns turns = {.images = {.a = a}};
    struct jwalk w = {.next = NULL};
    jval v;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, p->gate_messages_max));
    while (json_each(&list, &w, &v)) {
        struct conv_message m = {.role = CONV_USER};
        TRY(read_message(a, &v, &turns, &m));
        TRY(VEC_ADD(a, &c->messages, &m));
    }
    return check_answered(&turns);
}
