/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/turns.h"

#include "api/images.h"
#include "api/tools.h"

enum { NAME_BYTES_MAX = 256, TEXT_BYTES_MAX = 64 * 1024 * 1024, BLOCKS_MAX = 4096 };
enum { JSON_BYTES_MAX = 256 * 1024 * 1024 };

struct turns {
    arena *a;
    struct anthropic_ask *ask;
    size_t count_max;    /* canonical messages */
    enum conv_role role; /* of the turn at hand */
    jval at;             /* the message that began it */
    bool is_open;
    bool has_thought; /* the turn is one even if nothing was said in it */
    buf text, calls;
    struct images images; /* of the turn, or of the result at hand */
    struct tool_turns tools;
};

/* ---- the turn at hand */
static void
add_text(buf *to, str text)
{
    if (to->len)
        buf_add_char(to, '\n');
    buf_add(to, text);
}

static fallible
add_message(struct turns *t, struct conv_message *m, buf *text)
{
    struct conv *c = &t->ask->conv;
    str bytes;
    if (c->messages.count == t->count_max)
        REFUSE(ARGUMENT, "messages", "messages hold more than %zu turns", t->count_max);
    TRY(buf_end(text));
    TRY(try_arena_str(t->a, buf_str(text), &bytes));
    buf_clear(text);
    images_take(&t->images, m);
    m->text = content_of(bytes, LABEL_BOTTOM);
    return VEC_ADD(t->a, &c->messages, m);
}

/* No call of the assistant's turn before waits for its answer. */
static fallible
check_answered(const struct turns *t)
{
    if (t->tools.open.count && t->role == CONV_USER)
        REFUSE_AT(ARGUMENT, &t->at,
                  "must begin with the tool_result of each tool_use before; \"%.*s\" has none",
                  STR_FMT(t->tools.open.at[0]));
    return OK;
}

static fallible
copy_calls(struct turns *t, struct conv_message *m)
{
    if (!t->calls.len)
        return OK;
    buf_add_char(&t->calls, ']');
    TRY(buf_end(&t->calls));
    TRY(try_arena_str(t->a, buf_str(&t->calls), &m->tool_calls));
    buf_clear(&t->calls);
    return OK;
}

static fallible
end_turn(struct turns *t)
{
    struct conv_message m = {.role = t->role};
    if (!t->is_open)
        return OK;
    TRY(check_answered(t));
    TRY(copy_calls(t, &m));
    t->is_open = false;
    const bool is_message = t->text.len || m.tool_calls.len || t->has_thought || t->images.of.count;
    t->has_thought = false;
    return is_message ? add_message(t, &m, &t->text) : OK;
}

static fallible
begin_turn(struct turns *t, enum conv_role role, const jval *place)
{
    if (t->is_open && t->role == role)
        return OK;
    TRY(end_turn(t));
    t->is_open = true;
    t->at = *place;
    t->role = role;
    if (role != CONV_USER && t->tools.open.count)
        REFUSE_AT(ARGUMENT, place, "must answer tool_use \"%.*s\" first",
                  STR_FMT(t->tools.open.at[0]));
    return OK;
}

/* ---- blocks of text */
static fallible
read_text(struct turns *t, const jval *block, str *ret)
{
    static const char *const known[] = {"type", "text", "cache_control", "citations", NULL};
    const jval v = json_get(block, "text");
    TRY(json_str(&v, TEXT_BYTES_MAX, ret));
    if (!ret->len)
        REFUSE_AT(ARGUMENT, &v, "must not be empty");
    TRY(read_members(block, known));
    return anthropic_read_cache(block, &t->ask->wants_cache);
}

/* Its type; the block is an object. */
static fallible
read_type(const jval *block, str *ret)
{
    TRY(json_object(block));
    const jval v = json_get(block, "type");
    return json_str(&v, NAME_BYTES_MAX, ret);
}

static fallible
refuse_block(const jval *block, str type)
{
    const jval v = json_get(block, "type");
    if (tools_is_name(type, 64)) /* else it may be anything */
        REFUSE_AT(UNSUPPORTED, &v, "a block of type \"%.*s\" is not supported here", STR_FMT(type));
    REFUSE_AT(UNSUPPORTED, &v, "this type of block is not known here");
}

/* A text, or a list of blocks of type text, into `to`. */
static fallible
read_texts(struct turns *t, const jval *v, buf *to)
{
    struct jwalk w = {.next = NULL};
    jval block;
    str text, type;
    if (json_type(*v) == J_STRING) {
        TRY(json_str(v, TEXT_BYTES_MAX, &text));
        if (text.len)
            add_text(to, text);
        return OK;
    }
    TRY(json_array(v, 0, BLOCKS_MAX));
    while (json_each(v, &w, &block)) {
        TRY(read_type(&block, &type));
        if (!str_eq(type, STR("text")))
            return refuse_block(&block, type);
        TRY(read_text(t, &block, &text));
        add_text(to, text);
    }
    return OK;
}

/* ---- images */

/* {"type":"image","source":{"type":"base64","media_type":…,"data":…}} */
static fallible
add_image(struct turns *t, const jval *block, size_t at)
{
    static const char *const known[] = {"type", "source", "cache_control", NULL};
    static const char *const members[] = {"type", "media_type", "data", "url", NULL};
    const jval source = json_get(block, "source");
    str type, media;
    TRY(read_members(block, known));
    TRY(anthropic_read_cache(block, &t->ask->wants_cache));
    TRY(json_object(&source));
    TRY(read_members(&source, members));
    const jval v = json_get(&source, "type"), m = json_get(&source, "media_type");
    const jval data = json_get(&source, "data"), url = json_get(&source, "url");
    TRY(json_str(&v, NAME_BYTES_MAX, &type));
    if (str_eq(type, STR("url")))
        return images_add_url(&t->images, &url, at);
    if (!str_eq(type, STR("base64")))
        REFUSE_AT(UNSUPPORTED, &v, "must be \"base64\": no other source is taken here");
    TRY(json_str(&m, NAME_BYTES_MAX, &media));
    return images_add_base64(&t->images, &data, media, at);
}

/* ---- documents */
static fallible
put_named(const jval *block, const char *name, buf *to)
{
    const jval v = json_get(block, name);
    str text = STR_NONE;
    TRY(opt_json_str(&v, TEXT_BYTES_MAX, &text));
    if (!text.len)
        return OK;
    buf_add_fmt(to, "<%s>", name);
    buf_add(to, text);
    buf_add_fmt(to, "</%s>\n", name);
    return OK;
}

static fallible
check_citations(const jval *block)
{
    static const char *const known[] = {"enabled", NULL};
    const jval v = json_get(block, "citations");
    bool flag = false;
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    const jval enabled = json_get(&v, "enabled");
    TRY(opt_json_bool(&enabled, &flag));
    if (flag)
        REFUSE_AT(UNSUPPORTED, &enabled, "citations are not supported by this version");
    return OK;
}

static fallible
put_source(struct turns *t, const jval *block, buf *to)
{
    static const char *const text_known[] = {"type", "media_type", "data", NULL};
    static const char *const content_known[] = {"type", "content", NULL};
    const jval source = json_get(block, "source");
    str type, media;
    TRY(json_object(&source));
    const jval v = json_get(&source, "type"), said = json_get(&source, "content");
    const jval data = json_get(&source, "data"), m = json_get(&source, "media_type");
    TRY(json_str(&v, NAME_BYTES_MAX, &type));
    if (str_eq(type, STR("content"))) {
        TRY(read_members(&source, content_known));
        return read_texts(t, &said, to);
    }
    if (!str_eq(type, STR("text")))
        REFUSE_AT(UNSUPPORTED, &v,
                  "must be \"text\" or \"content\": only documents of text are "
                  "supported by this version");
    TRY(read_members(&source, text_known));
    TRY(json_str(&m, NAME_BYTES_MAX, &media));
    if (!str_eq(media, STR("text/plain")))
        REFUSE_AT(ARGUMENT, &m, "must be \"text/plain\"");
    TRY(json_str(&data, TEXT_BYTES_MAX, &media));
    buf_add(to, media);
    return OK;
}

static fallible
add_document(struct turns *t, const jval *block, buf *to)
{
    static const char *const known[] = {"type",      "source",        "title", "context",
                                        "citations", "cache_control", NULL};
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    TRY(read_members(block, known));
    TRY(check_citations(block));
    TRY(anthropic_read_cache(block, &t->ask->wants_cache));
    TRY(put_source(t, block, &text));
    TRY(buf_end(&text));
    add_text(to, STR("<document>\n"));
    TRY(put_named(block, "title", to));
    TRY(put_named(block, "context", to));
    buf_add(to, buf_str(&text));
    buf_add(to, STR("\n</document>"));
    return OK;
}

/* ---- blocks of tools */
static fallible
read_id(const jval *block, const char *name, str *ret)
{
    const jval v = json_get(block, name);
    TRY(json_str(&v, TOOLS_ID_BYTES_MAX, ret));
    if (!tools_is_name(*ret, TOOLS_ID_BYTES_MAX))
        REFUSE_AT(ARGUMENT, &v, "must be made of the characters a-z, A-Z, 0-9, _ and -");
    return OK;
}

/* Adds it to the calls of the turn, within their bounds. */
static fallible
put_call(struct turns *t, const jval *block, str id, str name)
{
    const jval input = json_get(block, "input");
    AUTO(buf) arguments = BUF(JSON_BYTES_MAX);
    json_put_value(&arguments, &input);
    TRY(buf_end(&arguments));
    if (!t->calls.len)
        buf_add_char(&t->calls, '[');
    tools_put_call(&t->calls, id, name, buf_str(&arguments));
    TRY(buf_end(&t->calls));
    if (t->calls.len > TOOLS_JSON_BYTES_MAX)
        REFUSE_AT(ARGUMENT, block, "makes the tool_use blocks of one turn larger than %d bytes",
                  TOOLS_JSON_BYTES_MAX);
    return OK;
}

static fallible
add_tool_use(struct turns *t, const jval *block)
{
    static const char *const known[] = {"type",          "id",     "name", "input",
                                        "cache_control", "caller", NULL};
    const jval at = json_get(block, "id"), input = json_get(block, "input");
    str id, name;
    TRY(read_members(block, known));
    TRY(read_id(block, "id", &id));
    TRY(tools_read_name(block, CONV_TOOL_NAME_MAX, &name));
    TRY(json_object(&input));
    TRY(anthropic_read_cache(block, &t->ask->wants_cache));
    if (t->tools.open.count == CONV_TOOLS_MAX)
        REFUSE_AT(ARGUMENT, block, "is one of more than %d tool_use blocks in one turn",
                  CONV_TOOLS_MAX);
    TRY(tools_open_call(&t->tools, t->a, id, &at));
    return put_call(t, block, id, name);
}

/* One block of what a tool gave back. */
static fallible
add_result_block(struct turns *t, const jval *block, buf *to)
{
    str type, text;
    TRY(read_type(block, &type));
    if (str_eq(type, STR("document")))
        return add_document(t, block, to);
    if (str_eq(type, STR("image")))
        return add_image(t, block, to->len);
    if (!str_eq(type, STR("text")))
        return refuse_block(block, type);
    TRY(read_text(t, block, &text));
    add_text(to, text);
    return OK;
}

/* A list of blocks, a text, or nothing. */
static fallible
read_given(struct turns *t, const jval *said, buf *to)
{
    struct jwalk w = {.next = NULL};
    jval v;
    if (json_type(*said) == J_ABSENT)
        return OK;
    if (json_type(*said) != J_ARRAY)
        return read_texts(t, said, to);
    TRY(json_array(said, 0, BLOCKS_MAX));
    while (json_each(said, &w, &v))
        TRY(add_result_block(t, &v, to));
    return OK;
}

static fallible
read_result(struct turns *t, const jval *block, buf *to)
{
    const jval said = json_get(block, "content"), flag = json_get(block, "is_error");
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    bool is_error = false;
    TRY(opt_json_bool(&flag, &is_error));
    TRY(read_given(t, &said, &text));
    TRY(buf_end(&text));
    if (is_error && !str_starts(buf_str(&text), STR("Error"))) {
        buf_add(to, STR("Error: "));
        images_shift(&t->images, to->len);
    }
    buf_add(to, buf_str(&text));
    return OK;
}

static fallible
add_tool_result(struct turns *t, const jval *block)
{
    static const char *const known[] = {"type",     "tool_use_id",   "content",
                                        "is_error", "cache_control", NULL};
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    const jval at = json_get(block, "tool_use_id");
    struct conv_message m = {.role = CONV_TOOL};
    TRY(read_members(block, known));
    TRY(read_id(block, "tool_use_id", &m.tool_call_id));
    TRY(anthropic_read_cache(block, &t->ask->wants_cache));
    if (!tools_answer_call(&t->tools, m.tool_call_id))
        REFUSE_AT(ARGUMENT, &at, "\"%.*s\" answers no tool_use of the turn before",
                  STR_FMT(str_slice(m.tool_call_id, 0, 64)));
    TRY(read_result(t, block, &text));
    return add_message(t, &m, &text);
}

/* ---- other blocks */
static fallible
skip_thinking(struct turns *t, const jval *block, const char *text)
{
    const char *const known[] = {"type", text, "signature", NULL};
    const jval v = json_get(block, text);
    str unused;
    TRY(json_str(&v, TEXT_BYTES_MAX, &unused));
    t->has_thought = true;
    return read_members(block, known);
}

static fallible
add_said(struct turns *t, const jval *block, str type)
{
    str text;
    TRY(check_answered(t));
    if (str_eq(type, STR("document")) && t->role == CONV_USER)
        return add_document(t, block, &t->text);
    if (str_eq(type, STR("image")) && t->role == CONV_USER)
        return add_image(t, block, t->text.len);
    if (!str_eq(type, STR("text")))
        return refuse_block(block, type);
    TRY(read_text(t, block, &text));
    add_text(&t->text, text);
    return OK;
}

static fallible
add_block(struct turns *t, const jval *block)
{
    str type;
    TRY(read_type(block, &type));
    if (t->role == CONV_ASSISTANT && str_eq(type, STR("tool_use")))
        return add_tool_use(t, block);
    if (t->role == CONV_ASSISTANT && str_eq(type, STR("thinking")))
        return skip_thinking(t, block, "thinking");
    if (t->role == CONV_ASSISTANT && str_eq(type, STR("redacted_thinking")))
        return skip_thinking(t, block, "data");
    if (t->role == CONV_USER && str_eq(type, STR("tool_result")))
        return add_tool_result(t, block);
    return add_said(t, block, type);
}

/* ---- messages */
static fallible
read_role(const jval *message, enum conv_role *ret)
{
    static const enum conv_role roles[] = {CONV_USER, CONV_ASSISTANT, CONV_SYSTEM};
    const jval v = json_get(message, "role");
    str name;
    TRY(json_str(&v, NAME_BYTES_MAX, &name));
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (str_eq(str_of(conv_role_name(roles[i])), name)) {
            *ret = roles[i];
            return OK;
        }
    REFUSE_AT(ARGUMENT, &v, "must be one of user, assistant, system");
}

/* A message may be empty only where the last one is the assistant's. */
static fallible
check_content(const jval *said, enum conv_role role, bool is_last)
{
    str text = STR("x");
    if (json_type(*said) == J_STRING)
        TRY(json_str(said, TEXT_BYTES_MAX, &text));
    else
        TRY(json_array(said, 0, BLOCKS_MAX));
    const bool is_empty = !text.len || (json_type(*said) == J_ARRAY && !json_count(said));
    if (is_empty && !(is_last && role == CONV_ASSISTANT))
        REFUSE_AT(ARGUMENT, said, "must not be empty");
    return OK;
}

static fallible
read_message(struct turns *t, const jval *message, bool is_last)
{
    static const char *const known[] = {"role", "content", NULL};
    enum conv_role role;
    struct jwalk w = {.next = NULL};
    jval block;
    TRY(json_object(message));
    TRY(read_members(message, known));
    TRY(read_role(message, &role));
    const jval said = json_get(message, "content");
    TRY(check_content(&said, role, is_last));
    TRY(begin_turn(t, role, message));
    if (json_type(said) == J_STRING) {
        TRY(check_answered(t));
        return read_texts(t, &said, &t->text);
    }
    while (json_each(&said, &w, &block))
        TRY(add_block(t, &block));
    return OK;
}

/* What the model is to go on from. */
static fallible
check_last(const struct turns *t)
{
    const struct conv *c = &t->ask->conv;
    if (t->tools.open.count)
        REFUSE(ARGUMENT, "messages", "messages end before tool_use \"%.*s\" is answered",
               STR_FMT(t->tools.open.at[0]));
    if (!c->messages.count)
        REFUSE(ARGUMENT, "messages", "messages hold nothing to answer");
    if (c->messages.at[c->messages.count - 1].role == CONV_ASSISTANT)
        REFUSE(UNSUPPORTED, "messages",
               "messages end with the assistant's; prefill is not supported here: end with the "
               "user's");
    return OK;
}

static fallible
read_all(struct turns *t, const jval *list)
{
    const size_t count = json_count(list);
    struct jwalk w = {.next = NULL};
    jval v;
    while (json_each(list, &w, &v))
        TRY(read_message(t, &v, v.index + 1 == count));
    TRY(end_turn(t));
    return check_last(t);
}

static fallible
read_system(struct turns *t, const jval *body)
{
    const jval v = json_get(body, "system");
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(begin_turn(t, CONV_SYSTEM, &v));
    TRY(read_texts(t, &v, &t->text));
    return end_turn(t); /* a system message that follows is one of its own */
}

static fallible
read_turns(struct turns *t, const jval *body)
{
    const jval list = json_get(body, "messages");
    if (json_type(list) == J_ABSENT)
        REFUSE(ARGUMENT, "messages", "messages is required");
    TRY(json_array(&list, 1, t->count_max));
    TRY(read_system(t, body));
    return read_all(t, &list);
}

fallible
anthropic_read_turns(const struct params *p, arena *a, const jval *body, struct anthropic_ask *ret)
{
    struct turns t = {.a = a,
                      .ask = ret,
                      .images = {.a = a},
                      .count_max = p->gate_messages_max,
                      .text = BUF(TEXT_BYTES_MAX),
                      .calls = BUF(JSON_BYTES_MAX)};
    const err e = read_turns(&t, body);
    buf_done(&t.text);
    buf_done(&t.calls);
    return e;
}
