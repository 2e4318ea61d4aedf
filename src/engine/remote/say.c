/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/say.h"

#include <stdio.h>

#include "base/map.h"

enum { ID_MAX = 256, NAME_MAX = 256, TEXT_MAX = 64 << 20, PATH_ROOM = 96 };

static const uint8_t id_key[16] = "another call id";

#define NO(field) REFUSE(UNSUPPORTED, field, "%s: the model's provider has nothing like it", field)
#define NO_AT(i, member, ...)                                                                      \
    do {                                                                                           \
        char path_[PATH_ROOM];                                                                     \
        snprintf(path_, sizeof path_, "messages[%zu].%s", (size_t)(i), member);                    \
        REFUSE(UNSUPPORTED, path_, __VA_ARGS__);                                                   \
    } while (0)

/* ---- the request */

fallible
say_body(const struct say *s, buf *b)
{
    if (s->kind == ENGINE_TOKENIZE)
        REFUSE(UNSUPPORTED, "", "the model's provider does not count tokens");
    if (s->t->dialect == REMOTE_OPENAI)
        return say_openai(s, b);
    if (s->kind != ENGINE_CHAT)
        REFUSE(UNSUPPORTED, s->kind == ENGINE_EMBED ? "input" : "prompt",
               "the model's provider takes chats only");
    return s->t->dialect == REMOTE_ANTHROPIC ? say_anthropic(s, b) : say_bedrock(s, b);
}

/* RFC 3986: a segment may hold an ARN, with its colons and slashes. */
static void
put_segment(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.at[i];
        const bool is_plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                              c == '-' || c == '.' || c == '_' || c == '~';
        if (is_plain)
            buf_add_char(b, (char)c);
        else
            buf_add_fmt(b, "%%%02X", c);
    }
}

fallible
say_path(const struct remote_target *t, enum engine_kind kind, buf *path)
{
    if (t->dialect == REMOTE_ANTHROPIC) {
        buf_add(path, STR("/v1/messages"));
    } else if (t->dialect == REMOTE_BEDROCK) {
        buf_add(path, STR("/model/"));
        put_segment(path, t->model);
        buf_add(path, STR("/converse-stream"));
    } else {
        buf_add(path, kind == ENGINE_EMBED      ? STR("/embeddings")
                      : kind == ENGINE_COMPLETE ? STR("/completions")
                                                : STR("/chat/completions"));
    }
    return buf_end(path);
}

/* ---- parameters */

fallible
say_check_params(const struct say *s)
{
    const struct conv_params *p = &s->c->params;
    if (p->n > 1)
        NO("n");
    if (p->logprobs)
        NO("logprobs");
    if (p->has_seed)
        NO("seed");
    if (p->presence != 0)
        NO("presence_penalty");
    if (p->frequency != 0)
        NO("frequency_penalty");
    if (p->repeat != 1)
        NO("repetition_penalty");
    if (p->min_p != 0)
        NO("min_p");
    if (p->bias_count)
        NO("logit_bias");
    if (p->json_object || (s->c->format.grammar.len && !s->c->format.schema.len &&
                           s->c->tools.choice != CONV_TOOLS_REQUIRED))
        NO("response_format");
    if (p->ignore_eos)
        NO("ignore_eos");
    return OK;
}

void
say_put_stops(const struct conv *c, const char *name, buf *b)
{
    if (!c->params.stop_count)
        return;
    json_key(b, name);
    json_open(b, '[');
    for (uint32_t i = 0; i < c->params.stop_count; i++)
        json_put_str(b, c->params.stops[i]);
    json_close(b, ']');
}

void
say_put_schema(const jval *parameters, buf *b)
{
    if (parameters->v)
        json_put_value(b, parameters);
    else
        buf_add(b, STR("{\"type\":\"object\",\"properties\":{}}"));
}

/* ---- tools */

static fallible
read_tool(arena *a, const jval *v, say_tools *ret)
{
    const jval f = json_get(v, "function"), name = json_get(&f, "name");
    const jval description = json_get(&f, "description"), strict = json_get(&f, "strict");
    struct say_tool t = {.parameters = json_get(&f, "parameters")};
    t.parameters.up = NULL; /* the way to it ends here */
    TRY(json_object(&f));
    TRY(json_str(&name, NAME_MAX, &t.name));
    TRY(opt_json_str(&description, TEXT_MAX, &t.description));
    TRY(opt_json_bool(&strict, &t.strict));
    return VEC_ADD(a, ret, &t);
}

fallible
say_read_tools(const struct say *s, arena *a, say_tools *ret)
{
    struct jwalk w = {0};
    jval list, v;
    TRY(json_read(a, s->c->tools.json, &list));
    TRY(json_array(&list, 1, CONV_TOOLS_MAX));
    while (json_each(&list, &w, &v))
        TRY(read_tool(a, &v, ret));
    return OK;
}

/* ---- messages made of blocks */

struct writer {
    const struct say *s;
    const struct say_blocks *how;
    arena *a; /* for one message */
    buf *b;
    const char *role; /* of the message that is open; NULL: none */
};

static bool
fits_id(const struct say_blocks *how, str id)
{
    for (size_t i = 0; i < id.len; i++) {
        const char c = id.at[i];
        const bool is_plain =
            (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
        if (!is_plain && c != '-' && (!c || !strchr(how->id_more, c)))
            return false;
    }
    return id.len > 0 && id.len <= how->id_max;
}

/* An id says only which result belongs to which call, so any other that does so will do. */
static str
dialect_id(const struct say_blocks *how, str id, char room[32])
{
    if (fits_id(how, id))
        return id;
    const int len = snprintf(room, 32, "call_%016jx",
                             (uintmax_t)siphash24(id_key, id.len ? id.at : "", id.len));
    return (str){room, (size_t)len};
}

static fallible
check_arguments(const struct writer *w, size_t at, str *arguments)
{
    jval v;
    if (!str_trim(*arguments).len) {
        *arguments = STR("{}");
        return OK;
    }
    if (json_read(w->a, *arguments, &v).code || json_object(&v).code)
        NO_AT(
            at, "tool_calls",
            "messages[%zu].tool_calls: the model's provider takes arguments only as a JSON object",
            at);
    return OK;
}

static fallible
put_call(const struct writer *w, const jval *v, size_t at)
{
    const jval id = json_get(v, "id"), f = json_get(v, "function"), name = json_get(&f, "name");
    const jval arguments = json_get(&f, "arguments");
    struct say_call c = {0};
    char room[32];
    TRY(json_str(&id, ID_MAX, &c.id));
    TRY(json_str(&name, NAME_MAX, &c.name));
    TRY(json_str(&arguments, TEXT_MAX, &c.arguments));
    TRY(check_arguments(w, at, &c.arguments));
    c.id = dialect_id(w->how, c.id, room);
    w->how->put_call(w->b, &c);
    return OK;
}

static fallible
put_calls(const struct writer *w, str calls, size_t at)
{
    struct jwalk walk = {0};
    jval list, v;
    if (!calls.len)
        return OK;
    TRY(json_read(w->a, calls, &list));
    TRY(json_array(&list, 1, CONV_TOOLS_MAX));
    while (json_each(&list, &walk, &v))
        TRY(put_call(w, &v, at));
    return OK;
}

static fallible
put_said(const struct writer *w, const struct conv_message *m, str text)
{
    for (size_t i = 0; i <= m->images.count; i++) {
        const str piece = conv_text_between(m, text, i);
        str bytes;
        if (piece.len)
            w->how->put_text(w->b, piece);
        if (i == m->images.count)
            break;
        TRY(content_open(m->images.at[i].bytes, w->s->g, &bytes));
        w->how->put_image(w->b, m->images.at[i].form, bytes);
    }
    return OK;
}

/* Empty blocks are refused by these dialects, and a message must say something. */
static fallible
put_blocks(const struct writer *w, const struct conv_message *m, size_t at)
{
    char room[32];
    str text;
    TRY(content_open(m->text, w->s->g, &text));
    if (m->name.len && m->role != CONV_TOOL)
        NO_AT(at, "name", "messages[%zu].name: the model's provider has nothing like it", at);
    if (m->images.count && m->role != CONV_USER)
        NO_AT(at, "content",
              "messages[%zu].content: the model's provider takes images of users only", at);
    if (m->role == CONV_TOOL) {
        w->how->put_result(w->b, dialect_id(w->how, m->tool_call_id, room), text);
        return OK;
    }
    if (!text.len && !m->tool_calls.len && !m->images.count)
        NO_AT(at, "content", "messages[%zu].content: the model's provider takes no empty message",
              at);
    TRY(put_said(w, m, text));
    return put_calls(w, m->tool_calls, at);
}

static const char *
role_of(const struct conv_message *m)
{
    if (m->role == CONV_SYSTEM)
        return "system";
    return m->role == CONV_ASSISTANT ? "assistant" : "user";
}

static void
close_message(struct writer *w)
{
    if (!w->role)
        return;
    json_close(w->b, ']');
    json_close(w->b, '}');
    w->role = NULL;
}

static void
open_message(struct writer *w, const char *role)
{
    if (w->role && strcmp(w->role, role) == 0)
        return;
    close_message(w);
    json_open(w->b, '{');
    json_member_str(w->b, "role", str_of(role));
    json_key(w->b, "content");
    json_open(w->b, '[');
    w->role = role;
}

static fallible
put_system(const struct writer *w, size_t *ret_count)
{
    const struct conv *c = w->s->c;
    size_t count = 0;
    while (count < c->messages.count && c->messages.at[count].role == CONV_SYSTEM)
        count++;
    if (count) {
        json_key(w->b, "system");
        json_open(w->b, '[');
        for (size_t i = 0; i < count; i++)
            TRY(put_blocks(w, &c->messages.at[i], i));
        json_close(w->b, ']');
    }
    *ret_count = count;
    return OK;
}

fallible
say_messages(const struct say *s, const struct say_blocks *how, arena *a, buf *b)
{
    struct writer w = {.s = s, .how = how, .a = a, .b = b};
    size_t i = 0;
    TRY(put_system(&w, &i));
    if (i == s->c->messages.count)
        REFUSE(UNSUPPORTED, "messages",
               "messages: the model's provider needs one of role \"user\" at least");
    json_key(b, "messages");
    json_open(b, '[');
    for (; i < s->c->messages.count; i++) {
        arena_reset(a);
        open_message(&w, role_of(&s->c->messages.at[i]));
        TRY(put_blocks(&w, &s->c->messages.at[i], i));
    }
    close_message(&w);
    json_close(b, ']');
    return OK;
}
