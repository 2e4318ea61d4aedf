/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/items.h"

#include "api/images.h"
#include "os/entropy.h"

enum {
    WORD_BYTES_MAX = 64,
    TEXT_BYTES_MAX = 64 * 1024 * 1024,
    PARTS_MAX = 256,
    CHECK_BYTES_MAX = 2 * CONV_IMAGE_BYTES_MAX,
    CALLS_BYTES_MAX = 16 * 1024 * 1024
};

/* ---- ids */
static const struct type {
    const char *name, *prefix;
} types[] = {{"message", "msg_"},
             {"function_call", "fc_"},
             {"function_call_output", "fco_"},
             {"reasoning", "rs_"},
             {"file_search_call", "fs_"}};

str
items_id(arena *a, const char *type)
{
    char room[ID_MAX];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, type) == 0)
            return arena_str(a, id_new(types[i].prefix, room));
    UNREACHABLE("every type has a prefix");
}

/* ---- parts of a content */
struct part_form {
    const char *type, *member; /* "input_text", "text" */
};

/* Which parts a role may say, first the one a plain text becomes. */
static const struct part_form said[] = {{"input_text", "text"}},
                              answered[] = {{"output_text", "text"}, {"refusal", "refusal"}};

struct part_forms {
    const struct part_form *at;
    size_t count;
};

static struct part_forms
forms_of(bool is_assistant)
{
    return is_assistant ? (struct part_forms){answered, sizeof answered / sizeof *answered}
                        : (struct part_forms){said, sizeof said / sizeof *said};
}

static const struct part_form *
form_of(struct part_forms f, str type)
{
    for (size_t i = 0; i < f.count; i++)
        if (str_eq(type, str_of(f.at[i].type)))
            return &f.at[i];
    return NULL;
}

static void
put_part(buf *b, const struct part_form *f, str text)
{
    json_open(b, '{');
    json_member_str(b, "type", str_of(f->type));
    json_member_str(b, f->member, text);
    if (strcmp(f->type, "output_text") == 0)
        buf_add(b, STR(",\"annotations\":[],\"logprobs\":[]"));
    json_close(b, '}');
}

/* An image is checked when it comes, and taken out of its URL when the model is shown it. */
static fallible
read_image(const jval *v, buf *b)
{
    static const char *const known[] = {"type", "image_url", "detail", NULL};
    const jval url = json_get(v, "image_url"), file = json_get(v, "file_id");
    AUTO(arena) *work = NULL;
    str text;
    if (!read_asks_nothing(&file))
        REFUSE_AT(UNSUPPORTED, &file, "is not taken here: send the image itself as a data: URL");
    TRY(read_members(v, known));
    TRY(arena_open(CHECK_BYTES_MAX, &work));
    struct images im = {.a = work};
    TRY(images_add_url(&im, &url, 0));
    TRY(json_str(&url, SIZE_MAX, &text));
    json_open(b, '{');
    json_member_str(b, "type", STR("input_image"));
    json_member_str(b, "detail", STR("auto"));
    json_member_str(b, "image_url", text);
    json_close(b, '}');
    return OK;
}

static fallible
read_part(const jval *v, struct part_forms f, buf *b)
{
    static const char *const known[] = {"type", "text", "refusal", "annotations", "logprobs", NULL};
    const jval type = json_get(v, "type");
    str name, text;
    TRY(json_object(v));
    TRY(json_str(&type, WORD_BYTES_MAX, &name));
    const struct part_form *form = form_of(f, name);
    if (!form && str_eq(name, STR("input_image")) && f.at == said)
        return read_image(v, b);
    if (!form && str_eq(name, STR("input_audio")))
        return images_refuse_audio(v);
    if (!form && (str_eq(name, STR("input_image")) || str_eq(name, STR("input_file"))))
        REFUSE_AT(UNSUPPORTED, &type, "names a kind of part that this version does not take");
    if (!form)
        REFUSE_AT(ARGUMENT, &type, "must be \"%s\" here", f.at[0].type);
    TRY(read_members(v, known));
    const jval said_text = json_get(v, form->member);
    TRY(json_str(&said_text, TEXT_BYTES_MAX, &text));
    put_part(b, form, text);
    return OK;
}

/* "content": a text or a list of parts, as a list of parts. */
static fallible
read_content(const jval *item, struct part_forms f, buf *b)
{
    const jval v = json_get(item, "content");
    struct jwalk w = {.next = NULL};
    jval part;
    str text;
    json_key(b, "content");
    json_open(b, '[');
    if (json_type(v) == J_STRING) {
        TRY(json_str(&v, TEXT_BYTES_MAX, &text));
        put_part(b, &f.at[0], text);
    } else {
        TRY(json_array(&v, 0, PARTS_MAX));
        while (json_each(&v, &w, &part))
            TRY(read_part(&part, f, b));
    }
    json_close(b, ']');
    return OK;
}

/* ---- items */
static fallible
read_message(const jval *v, buf *b)
{
    static const char *const known[] = {"type", "role", "content", "id", "status", "phase", NULL};
    static const char *const roles[] = {"user", "assistant", "system", "developer"};
    const jval role = json_get(v, "role");
    str name;
    size_t i = 0;
    TRY(json_str(&role, WORD_BYTES_MAX, &name));
    while (i < 4 && !str_eq(name, str_of(roles[i])))
        i++;
    if (i == 4)
        REFUSE_AT(ARGUMENT, &role, "must be user, assistant, system or developer");
    TRY(read_members(v, known));
    json_member_str(b, "status", STR("completed"));
    json_member_str(b, "role", str_of(roles[i]));
    return read_content(v, forms_of(i == 1), b);
}

static fallible
read_call_id(const jval *v, buf *b)
{
    const jval call_id = json_get(v, "call_id");
    str id;
    TRY(json_str(&call_id, TOOLS_ID_BYTES_MAX, &id));
    if (!id.len)
        REFUSE_AT(ARGUMENT, &call_id, "must not be empty");
    json_member_str(b, "call_id", id);
    return OK;
}

static fallible
read_call(const jval *v, buf *b)
{
    static const char *const known[] = {"type",   "id",        "call_id", "name",
                                        "status", "arguments", NULL};
    const jval arguments = json_get(v, "arguments");
    str name, text;
    TRY(read_members(v, known));
    json_member_str(b, "status", STR("completed"));
    TRY(read_call_id(v, b));
    TRY(tools_read_name(v, CONV_TOOL_NAME_MAX, &name));
    TRY(json_str(&arguments, TOOLS_TEXT_BYTES_MAX, &text));
    json_member_str(b, "name", name);
    json_member_str(b, "arguments", text);
    return OK;
}

static fallible
read_output(const jval *v, buf *b)
{
    static const char *const known[] = {"type", "id", "call_id", "status", "output", NULL};
    const jval output = json_get(v, "output");
    struct jwalk w = {.next = NULL};
    jval part;
    str text;
    TRY(read_members(v, known));
    json_member_str(b, "status", STR("completed"));
    TRY(read_call_id(v, b));
    json_key(b, "output");
    if (json_type(output) == J_STRING) {
        TRY(json_str(&output, TEXT_BYTES_MAX, &text));
        json_put_str(b, text);
        return OK;
    }
    TRY(json_array(&output, 0, PARTS_MAX));
    json_open(b, '[');
    while (json_each(&output, &w, &part))
        TRY(read_part(&part, forms_of(false), b));
    json_close(b, ']');
    return OK;
}

static fallible
put_list(const jval *v, const char *name, buf *b)
{
    const jval list = json_get(v, name);
    json_key(b, name);
    if (json_type(list) == J_ABSENT) {
        buf_add(b, STR("[]"));
        return OK;
    }
    TRY(json_array(&list, 0, PARTS_MAX));
    json_put_value(b, &list);
    return OK;
}

static fallible
read_reasoning(const jval *v, buf *b)
{
    static const char *const known[] = {
        "type", "id", "summary", "content", "status", "encrypted_content", NULL};
    TRY(read_members(v, known));
    json_member_str(b, "status", STR("completed"));
    TRY(put_list(v, "summary", b));
    return put_list(v, "content", b);
}

/* What was found is not put before the model again: it may have changed, and its label. */
static fallible
read_search(const jval *v, buf *b)
{
    static const char *const known[] = {"type", "id", "status", "queries", "results", NULL};
    TRY(read_members(v, known));
    json_member_str(b, "status", STR("completed"));
    TRY(put_list(v, "queries", b));
    buf_add(b, STR(",\"results\":null"));
    return OK;
}

static const struct reader {
    const char *type;
    err (*read)(const jval *v, buf *b);
} readers[] = {{"message", read_message},
               {"function_call", read_call},
               {"function_call_output", read_output},
               {"reasoning", read_reasoning},
               {"file_search_call", read_search}};

static fallible
reader_of(const jval *v, const struct reader **ret)
{
    const jval type = json_get(v, "type");
    str name = STR("message"); /* what has no type is one */
    TRY(opt_json_str(&type, WORD_BYTES_MAX, &name));
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
        if (str_eq(name, str_of(readers[i].type))) {
            *ret = &readers[i];
            return OK;
        }
    REFUSE_AT(
        UNSUPPORTED, &type,
        "must be message, function_call, function_call_output, file_search_call or reasoning; "
        "other items are not supported by this version");
}

fallible
items_read(arena *a, const jval *v, struct items *to)
{
    AUTO(buf) b = BUF(TEXT_BYTES_MAX);
    const struct reader *r;
    struct item i;
    TRY(json_object(v));
    TRY(reader_of(v, &r));
    i.id = items_id(a, r->type);
    json_open(&b, '{');
    json_member_str(&b, "type", str_of(r->type));
    json_member_str(&b, "id", i.id);
    TRY(r->read(v, &b));
    json_close(&b, '}');
    TRY(buf_end(&b));
    TRY(try_arena_str(a, buf_str(&b), &i.json));
    return VEC_ADD(a, &to->list, &i);
}

static fallible
add_text(arena *a, str text, struct items *to)
{
    AUTO(buf) b = BUF(TEXT_BYTES_MAX + 4096);
    struct item i = {.id = items_id(a, "message")};
    json_open(&b, '{');
    json_member_str(&b, "type", STR("message"));
    json_member_str(&b, "id", i.id);
    json_member_str(&b, "status", STR("completed"));
    json_member_str(&b, "role", STR("user"));
    json_key(&b, "content");
    json_open(&b, '[');
    put_part(&b, &said[0], text);
    json_close(&b, ']');
    json_close(&b, '}');
    TRY(buf_end(&b));
    TRY(try_arena_str(a, buf_str(&b), &i.json));
    return VEC_ADD(a, &to->list, &i);
}

fallible
items_read_input(arena *a, const jval *input, size_t max, struct items *to)
{
    struct jwalk w = {.next = NULL};
    jval v;
    str text;
    if (json_type(*input) == J_STRING) {
        TRY(json_str(input, TEXT_BYTES_MAX, &text));
        return add_text(a, text, to);
    }
    TRY(json_array(input, 0, max));
    while (json_each(input, &w, &v))
        TRY(items_read(a, &v, to));
    return OK;
}

/* ---- into the conversation */
void
items_begin(struct items_talk *t, arena *a, struct conv *c)
{
    *t = (struct items_talk){
        .a = a, .conv = c, .images = {.a = a, .place = "input"}, .calls = BUF(CALLS_BYTES_MAX)};
}

void
items_done(struct items_talk *t)
{
    buf_done(&t->calls);
}

static struct conv_message *
last(struct items_talk *t)
{
    const size_t n = t->conv->messages.count;
    return n ? &t->conv->messages.at[n - 1] : NULL;
}

/* The calls of the last message, when something else follows. */
static fallible
settle_calls(struct items_talk *t)
{
    struct conv_message *m = last(t);
    if (!m || !t->calls.len)
        return OK;
    buf_add_char(&t->calls, ']');
    TRY(buf_end(&t->calls));
    TRY(try_arena_str(t->a, buf_str(&t->calls), &m->tool_calls));
    buf_clear(&t->calls);
    return OK;
}

/* Content was checked when it came: only texts and images are in it. */
static fallible
join_text(struct items_talk *t, const jval *list, str before, str *ret)
{
    AUTO(buf) b = BUF(TEXT_BYTES_MAX);
    struct jwalk w = {.next = NULL};
    jval part;
    str text;
    buf_add(&b, before);
    while (json_each(list, &w, &part)) {
        const jval plain = json_get(&part, "text"), refusal = json_get(&part, "refusal");
        const jval image = json_get(&part, "image_url");
        if (image.v) {
            TRY(images_add_url(&t->images, &image, b.len));
            continue;
        }
        TRY(json_str(plain.v ? &plain : &refusal, TEXT_BYTES_MAX, &text));
        if (b.len)
            buf_add_char(&b, '\n');
        buf_add(&b, text);
    }
    TRY(buf_end(&b));
    return try_arena_str(t->a, buf_str(&b), ret);
}

static fallible
put_message(struct items_talk *t, const jval *v)
{
    const jval role = json_get(v, "role"), parts = json_get(v, "content");
    struct conv_message m = {.role = CONV_SYSTEM};
    str name, text;
    TRY(json_str(&role, WORD_BYTES_MAX, &name));
    if (str_eq(name, STR("user")))
        m.role = CONV_USER;
    if (str_eq(name, STR("assistant")))
        m.role = CONV_ASSISTANT;
    /* What a model said beside its calls is one message with them. */
    struct conv_message *before = last(t);
    if (m.role == CONV_ASSISTANT && before && t->calls.len) {
        TRY(join_text(t, &parts, t->last_text, &text));
        before->text = content_of(text, LABEL_BOTTOM);
        t->last_text = text;
        return OK;
    }
    TRY(items_end(t));
    TRY(join_text(t, &parts, STR_NONE, &text));
    m.text = content_of(text, LABEL_BOTTOM);
    images_take(&t->images, &m);
    t->last_text = text;
    return VEC_ADD(t->a, &t->conv->messages, &m);
}

static fallible
put_call(struct items_talk *t, const jval *v)
{
    const jval call_id = json_get(v, "call_id"), name = json_get(v, "name"),
               arguments = json_get(v, "arguments");
    const struct conv_message m = {.role = CONV_ASSISTANT,
                                   .text = content_of(STR(""), LABEL_BOTTOM)};
    str id, called, text;
    TRY(json_str(&call_id, TOOLS_ID_BYTES_MAX, &id));
    TRY(json_str(&name, CONV_TOOL_NAME_MAX, &called));
    TRY(json_str(&arguments, TOOLS_TEXT_BYTES_MAX, &text));
    TRY(tools_open_call(&t->turns, t->a, id, &call_id));
    const struct conv_message *before = last(t);
    if (!before || before->role != CONV_ASSISTANT || before->tool_calls.len) {
        TRY(VEC_ADD(t->a, &t->conv->messages, &m));
        t->last_text = STR_NONE;
    }
    if (!t->calls.len)
        buf_add_char(&t->calls, '[');
    tools_put_call(&t->calls, id, called, text);
    return buf_end(&t->calls);
}

static fallible
put_output(struct items_talk *t, const jval *v)
{
    const jval call_id = json_get(v, "call_id"), output = json_get(v, "output");
    struct conv_message m = {.role = CONV_TOOL};
    str text;
    TRY(settle_calls(t));
    TRY(json_str(&call_id, TOOLS_ID_BYTES_MAX, &m.tool_call_id));
    if (!tools_answer_call(&t->turns, m.tool_call_id))
        REFUSE(ARGUMENT, "input",
               "a function_call_output in input answers no function_call before it");
    if (json_type(output) == J_STRING)
        TRY(json_str(&output, TEXT_BYTES_MAX, &text));
    else
        TRY(join_text(t, &output, STR_NONE, &text));
    m.text = content_of(text, LABEL_BOTTOM);
    return VEC_ADD(t->a, &t->conv->messages, &m);
}

fallible
items_put(struct items_talk *t, const struct item *i)
{
    jval *v = arena_new(t->a, jval);
    str type;
    TRY(json_read(t->a, i->json, v));
    const jval name = json_get(v, "type");
    TRY(json_str(&name, WORD_BYTES_MAX, &type));
    if (str_eq(type, STR("message")))
        return put_message(t, v);
    if (str_eq(type, STR("function_call")))
        return put_call(t, v);
    if (str_eq(type, STR("function_call_output")))
        return put_output(t, v);
    return OK; /* reasoning, file_search_call */
}

fallible
items_end(struct items_talk *t)
{
    TRY(settle_calls(t));
    if (t->turns.open.count)
        REFUSE(ARGUMENT, "input", "%zu calls wait for their function_call_output in input",
               t->turns.open.count);
    return OK;
}
