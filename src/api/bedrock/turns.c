/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/turns.h"

#include "api/images.h"
#include "api/tools.h"
#include "base/enc.h"
#include "base/utf8.h"

enum { NAME_BYTES_MAX = 256, TEXT_BYTES_MAX = 64 * 1024 * 1024, BLOCKS_MAX = 4096 };

struct turns {
    arena *a;
    struct conv *conv;
    size_t count_max;     /* canonical messages */
    enum conv_role role;  /* of the message at hand */
    buf text, calls;      /* of it */
    struct images images; /* of it, or of the result at hand */
    struct tool_turns tools;
};

/* ---- the message at hand */
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
    str bytes;
    if (t->conv->messages.count == t->count_max)
        REFUSE(ARGUMENT, "messages", "messages hold more than %zu turns", t->count_max);
    TRY(buf_end(text));
    TRY(try_arena_str(t->a, buf_str(text), &bytes));
    buf_clear(text);
    images_take(&t->images, m);
    m->text = content_of(bytes, LABEL_BOTTOM);
    return VEC_ADD(t->a, &t->conv->messages, m);
}

static fallible
end_message(struct turns *t, const jval *message)
{
    struct conv_message m = {.role = t->role};
    if (t->calls.len) {
        buf_add_char(&t->calls, ']');
        TRY(buf_end(&t->calls));
        if (t->calls.len > TOOLS_JSON_BYTES_MAX)
            REFUSE_AT(ARGUMENT, message, "has toolUse blocks of more than %d bytes",
                      TOOLS_JSON_BYTES_MAX);
        TRY(try_arena_str(t->a, buf_str(&t->calls), &m.tool_calls));
        buf_clear(&t->calls);
    }
    if (t->role == CONV_USER && t->tools.open.count)
        REFUSE_AT(ARGUMENT, message, "must hold a toolResult for toolUseId \"%.*s\"",
                  STR_FMT(t->tools.open.at[0]));
    const bool is_message = t->text.len || m.tool_calls.len || t->images.of.count;
    return is_message ? add_message(t, &m, &t->text) : OK;
}

/* ---- unions: an object with one member, which says what it is */
static fallible
read_union(const jval *block, str *ret_kind)
{
    struct jwalk w = {.next = NULL};
    jval v;
    TRY(json_object(block));
    if (json_count(block) != 1)
        REFUSE_AT(ARGUMENT, block, "must hold exactly one member, which says what it is");
    (void)json_each(block, &w, &v);
    *ret_kind = str_of(v.name);
    return OK;
}

static fallible
refuse_block(const jval *block, str kind)
{
    static const char *const known[] = {"image",
                                        "video",
                                        "searchResult",
                                        "text",
                                        "toolUse",
                                        "citationsContent",
                                        "document",
                                        "json",
                                        "toolResult",
                                        "reasoningContent",
                                        NULL};
    if (str_eq(kind, STR("audio")))
        return images_refuse_audio(block);
    for (const char *const *k = known; *k; k++)
        if (str_eq(kind, str_of(*k)))
            REFUSE_AT(UNSUPPORTED, block, "is of kind \"%s\", which is not supported here", *k);
    REFUSE_AT(ARGUMENT, block, "is of a kind that is not known here");
}

/* {"cachePoint": {"type": "default"}}: nothing changes. */
static fallible
check_cache_point(const jval *block)
{
    static const char *const known[] = {"type", "ttl", NULL};
    const jval v = json_get(block, "cachePoint");
    TRY(json_object(&v));
    return read_members(&v, known);
}

/* ---- texts */
static fallible
read_text(const jval *o, buf *to)
{
    const jval v = json_get(o, "text");
    str text;
    TRY(json_str(&v, TEXT_BYTES_MAX, &text));
    if (!text.len)
        REFUSE_AT(ARGUMENT, &v, "must not be blank");
    add_text(to, text);
    return OK;
}

/* What a guardrail shall look at is text for the model. */
static fallible
read_guarded(const jval *block, buf *to)
{
    static const char *const known[] = {"text", NULL}, *const members[] = {"text", "qualifiers",
                                                                           NULL};
    const jval v = json_get(block, "guardContent");
    TRY(json_object(&v));
    TRY(read_members(&v, known));
    const jval text = json_get(&v, "text");
    TRY(json_object(&text));
    TRY(read_members(&text, members));
    return read_text(&text, to);
}

/* ---- images */

/* {"image":{"format":"png","source":{"bytes":…}}} */
static fallible
add_image(struct turns *t, const jval *block, size_t at)
{
    static const char *const known[] = {"format", "source", NULL};
    static const char *const members[] = {"bytes", NULL};
    const jval image = json_get(block, "image");
    str format;
    TRY(json_object(&image));
    TRY(read_members(&image, known));
    const jval f = json_get(&image, "format"), source = json_get(&image, "source");
    TRY(json_object(&source));
    const jval bytes = json_get(&source, "bytes"), far = json_get(&source, "s3Location");
    TRY(json_str(&f, NAME_BYTES_MAX, &format));
    if (!read_asks_nothing(&far))
        REFUSE_AT(UNSUPPORTED, &far,
                  "is an address, and nothing here fetches one: send the image's bytes");
    TRY(read_members(&source, members));
    return images_add_base64(&t->images, &bytes, format, at);
}

/* ---- documents */
static bool
is_text_format(str format)
{
    static const str known[] = {STR_INIT("txt"), STR_INIT("md"), STR_INIT("csv"), STR_INIT("html")};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(format, known[i]))
            return true;
    return false;
}

static fallible
read_bytes(const jval *v, buf *to)
{
    AUTO(buf) bytes = BUF(TEXT_BYTES_MAX);
    str text;
    TRY(json_str(v, TEXT_BYTES_MAX, &text));
    const err e = base64_read(text, &bytes);
    if (e.code && e.code != ERR_PARSE)
        return err_pass(e, __FILE__, __LINE__, __func__);
    if (e.code || !utf8_valid(buf_str(&bytes)))
        REFUSE_AT(ARGUMENT, v, "must be UTF-8 in base64");
    buf_add(to, buf_str(&bytes));
    return OK;
}

static fallible
read_source(const jval *document, buf *to)
{
    static const char *const known[] = {"bytes", "text", NULL};
    const jval source = json_get(document, "source");
    str text;
    TRY(json_object(&source));
    TRY(read_members(&source, known));
    const jval bytes = json_get(&source, "bytes"), v = json_get(&source, "text");
    if (bytes.v)
        return read_bytes(&bytes, to);
    TRY(json_str(&v, TEXT_BYTES_MAX, &text));
    buf_add(to, text);
    return OK;
}

static fallible
put_named(const jval *document, const char *name, buf *to)
{
    const jval v = json_get(document, name);
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
add_document(const jval *block, buf *to)
{
    static const char *const known[] = {"format", "name", "source", "context", "citations", NULL};
    const jval d = json_get(block, "document");
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    str format = STR("txt");
    bool cites = false;
    TRY(json_object(&d));
    TRY(read_members(&d, known));
    const jval f = json_get(&d, "format"), citations = json_get(&d, "citations");
    TRY(opt_json_str(&f, NAME_BYTES_MAX, &format));
    if (!is_text_format(format))
        REFUSE_AT(UNSUPPORTED, &f,
                  "must be txt, md, csv or html: only documents of text are "
                  "supported by this version");
    if (json_type(citations) == J_OBJECT) {
        const jval enabled = json_get(&citations, "enabled");
        TRY(opt_json_bool(&enabled, &cites));
    }
    if (cites)
        REFUSE_AT(UNSUPPORTED, &citations, "are not supported by this version");
    TRY(read_source(&d, &text));
    TRY(buf_end(&text));
    add_text(to, STR("<document>\n"));
    TRY(put_named(&d, "name", to));
    TRY(put_named(&d, "context", to));
    buf_add(to, buf_str(&text));
    buf_add(to, STR("\n</document>"));
    return OK;
}

/* ---- tools */
static fallible
read_id(const jval *o, str *ret)
{
    const jval v = json_get(o, "toolUseId");
    TRY(json_str(&v, TOOLS_ID_BYTES_MAX, ret));
    if (!tools_is_name(*ret, TOOLS_ID_BYTES_MAX))
        REFUSE_AT(ARGUMENT, &v, "must be made of the characters a-z, A-Z, 0-9, _ and -");
    return OK;
}

static fallible
add_tool_use(struct turns *t, const jval *block)
{
    static const char *const known[] = {"toolUseId", "name", "input", "type", NULL};
    const jval use = json_get(block, "toolUse");
    AUTO(buf) arguments = BUF(TEXT_BYTES_MAX);
    str id, name;
    TRY(json_object(&use));
    TRY(read_members(&use, known));
    const jval at = json_get(&use, "toolUseId"), input = json_get(&use, "input");
    TRY(read_id(&use, &id));
    TRY(tools_read_name(&use, CONV_TOOL_NAME_MAX, &name));
    TRY(json_object(&input));
    TRY(tools_open_call(&t->tools, t->a, id, &at));
    json_put_value(&arguments, &input);
    TRY(buf_end(&arguments));
    if (!t->calls.len)
        buf_add_char(&t->calls, '[');
    tools_put_call(&t->calls, id, name, buf_str(&arguments));
    return OK;
}

static fallible
add_result_block(struct turns *t, const jval *block, buf *to)
{
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    str kind;
    TRY(read_union(block, &kind));
    if (str_eq(kind, STR("text")))
        return read_text(block, to);
    if (str_eq(kind, STR("document")))
        return add_document(block, to);
    if (str_eq(kind, STR("image")))
        return add_image(t, block, to->len);
    if (!str_eq(kind, STR("json")))
        return refuse_block(block, kind);
    const jval v = json_get_null(block, "json");
    json_put_value(&text, &v);
    TRY(buf_end(&text));
    add_text(to, buf_str(&text));
    return OK;
}

static fallible
read_status(const jval *result, bool *ret_is_error)
{
    const jval v = json_get(result, "status");
    str word = STR("success");
    TRY(opt_json_str(&v, NAME_BYTES_MAX, &word));
    *ret_is_error = str_eq(word, STR("error"));
    if (!*ret_is_error && !str_eq(word, STR("success")))
        REFUSE_AT(ARGUMENT, &v, "must be \"success\" or \"error\"");
    return OK;
}

static fallible
read_result(struct turns *t, const jval *result, buf *to)
{
    const jval list = json_get(result, "content");
    struct jwalk w = {.next = NULL};
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    bool is_error = false;
    jval v;
    TRY(read_status(result, &is_error));
    TRY(json_array(&list, 0, BLOCKS_MAX));
    while (json_each(&list, &w, &v))
        TRY(add_result_block(t, &v, &text));
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
    static const char *const known[] = {"toolUseId", "content", "status", "type", NULL};
    const jval result = json_get(block, "toolResult");
    struct conv_message m = {.role = CONV_TOOL};
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    TRY(json_object(&result));
    TRY(read_members(&result, known));
    const jval at = json_get(&result, "toolUseId");
    TRY(read_id(&result, &m.tool_call_id));
    if (!tools_answer_call(&t->tools, m.tool_call_id))
        REFUSE_AT(ARGUMENT, &at, "\"%.*s\" answers no toolUse of the message before",
                  STR_FMT(str_slice(m.tool_call_id, 0, 64)));
    TRY(read_result(t, &result, &text));
    return add_message(t, &m, &text);
}

/* ---- blocks */
static fallible
skip_reasoning(const jval *block)
{
    static const char *const known[] = {"reasoningText", "redactedContent", NULL};
    const jval v = json_get(block, "reasoningContent");
    TRY(json_object(&v));
    return read_members(&v, known);
}

static fallible
add_block(struct turns *t, const jval *block)
{
    const bool is_user = t->role == CONV_USER;
    str kind;
    TRY(read_union(block, &kind));
    if (str_eq(kind, STR("text")))
        return read_text(block, &t->text);
    if (str_eq(kind, STR("cachePoint")))
        return check_cache_point(block);
    if (str_eq(kind, STR("guardContent")))
        return read_guarded(block, &t->text);
    if (is_user && str_eq(kind, STR("toolResult")))
        return add_tool_result(t, block);
    if (is_user && str_eq(kind, STR("document")))
        return add_document(block, &t->text);
    if (is_user && str_eq(kind, STR("image")))
        return add_image(t, block, t->text.len);
    if (!is_user && str_eq(kind, STR("toolUse")))
        return add_tool_use(t, block);
    if (!is_user && str_eq(kind, STR("reasoningContent")))
        return skip_reasoning(block);
    return refuse_block(block, kind);
}

/* ---- messages */
static fallible
read_role(const jval *message, enum conv_role *ret)
{
    const jval v = json_get(message, "role");
    str name;
    TRY(json_str(&v, NAME_BYTES_MAX, &name));
    if (str_eq(name, STR("user")))
        *ret = CONV_USER;
    else if (str_eq(name, STR("assistant")))
        *ret = CONV_ASSISTANT;
    else
        REFUSE_AT(ARGUMENT, &v, "must be \"user\" or \"assistant\"");
    return OK;
}

static fallible
add_turn(struct turns *t, const jval *message)
{
    static const char *const known[] = {"role", "content", NULL};
    struct jwalk w = {.next = NULL};
    jval block;
    TRY(json_object(message));
    TRY(read_members(message, known));
    TRY(read_role(message, &t->role));
    const jval list = json_get(message, "content");
    TRY(json_array(&list, 1, BLOCKS_MAX));
    if (t->role == CONV_ASSISTANT && t->tools.open.count)
        REFUSE_AT(ARGUMENT, message, "must answer toolUse \"%.*s\" first",
                  STR_FMT(t->tools.open.at[0]));
    while (json_each(&list, &w, &block))
        TRY(add_block(t, &block));
    return end_message(t, message);
}

static fallible
read_system(struct turns *t, const jval *body)
{
    const jval list = json_get(body, "system");
    struct jwalk w = {.next = NULL};
    jval block;
    str kind;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, BLOCKS_MAX));
    t->role = CONV_SYSTEM;
    while (json_each(&list, &w, &block)) {
        TRY(read_union(&block, &kind));
        if (str_eq(kind, STR("text")))
            TRY(read_text(&block, &t->text));
        else if (str_eq(kind, STR("guardContent")))
            TRY(read_guarded(&block, &t->text));
        else if (str_eq(kind, STR("cachePoint")))
            TRY(check_cache_point(&block));
        else
            return refuse_block(&block, kind);
    }
    return end_message(t, &list);
}

static fallible
read_messages(struct turns *t, const jval *body)
{
    const jval list = json_get(body, "messages");
    struct jwalk w = {.next = NULL};
    jval v;
    TRY(json_array(&list, 1, t->count_max));
    while (json_each(&list, &w, &v)) {
        TRY(add_turn(t, &v));
        if (!v.index && t->role != CONV_USER)
            REFUSE_AT(ARGUMENT, &list, "must start with a user message");
    }
    if (t->tools.open.count)
        REFUSE_AT(ARGUMENT, &list, "must go on with a toolResult for toolUseId \"%.*s\"",
                  STR_FMT(t->tools.open.at[0]));
    return OK;
}

fallible
bedrock_read_turns(const struct params *p, arena *a, const jval *body, struct conv *c)
{
    struct turns t = {.a = a,
                      .conv = c,
                      .images = {.a = a},
                      .count_max = p->gate_messages_max,
                      .text = BUF(TEXT_BYTES_MAX),
                      .calls = BUF(64 * TOOLS_JSON_BYTES_MAX)};
    err e = read_system(&t, body);
    if (!e.code)
        e = read_messages(&t, body);
    buf_done(&t.text);
    buf_done(&t.calls);
    return e;
}
