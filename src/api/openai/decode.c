/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openai/decode.h"

#include "api/images.h"
#include "api/openai/tools.h"
#include "base/num.h"

enum { NAME_BYTES_MAX = 256, TEXT_BYTES_MAX = 64 * 1024 * 1024, PARTS_MAX = 256 };

static const struct read_field fields[] = {
#define C ROUTE_C
#define T ROUTE_T
#define E ROUTE_E
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/openai/fields.def"
#undef FIELD
#undef C
#undef T
#undef E
};

static const struct read_field *
find_field(const char *name, enum openai_route route)
{
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if ((fields[i].routes & route) && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static fallible
unknown(const jval *v)
{
    char path[128];
    json_path(v, path, sizeof path);
    REFUSE(ARGUMENT, path, "the field \"%s\" is not known here", path);
}

fallible
openai_check_fields(const jval *body, enum openai_route route, struct openai_ask *ret)
{
    struct jwalk w = {.next = NULL};
    jval v;
    TRY(json_object(body));
    while (json_each(body, &w, &v)) {
        const struct read_field *f = find_field(v.name, route);
        if (!f && !ret->keeps_unknown)
            return unknown(&v);
        if (!f && !ret->unsaid.e.code)
            err_keep(&ret->unsaid, unknown(&v));
        if (f && f->fate == REFUSED && !read_asks_nothing(&v))
            REFUSE(UNSUPPORTED, f->name, "the field \"%s\" is not supported by this version",
                   f->name);
    }
    return OK;
}

const struct gate_raw *
openai_raw(str text, const jval *body, struct openai_ask *ask)
{
    ask->raw = (struct gate_raw){.body = text,
                                 .root = body,
                                 .is_stream = ask->stream,
                                 .unsaid = ask->unsaid.e.code ? &ask->unsaid : NULL};
    return &ask->raw;
}

/* ---- messages */
static fallible
read_role(const jval *message, enum conv_role *ret)
{
    static const struct {
        str name;
        enum conv_role role;
    } roles[] = {{STR_INIT("system"), CONV_SYSTEM},
                 {STR_INIT("developer"), CONV_SYSTEM},
                 {STR_INIT("user"), CONV_USER},
                 {STR_INIT("assistant"), CONV_ASSISTANT},
                 {STR_INIT("tool"), CONV_TOOL}};
    const jval v = json_get(message, "role");
    char path[128];
    str name;
    TRY(json_str(&v, NAME_BYTES_MAX, &name));
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (str_eq(roles[i].name, name)) {
            *ret = roles[i].role;
            return OK;
        }
    REFUSE(ARGUMENT, json_path(&v, path, sizeof path),
           "%s must be one of system, developer, user, assistant, tool", path);
}

/* {"type":"image_url","image_url":{"url":…,"detail":…}}; how closely it is looked at is the
 * model's own. */
static fallible
add_image(const jval *part, size_t at, struct images *im)
{
    static const char *const known[] = {"type", "image_url", NULL};
    static const char *const members[] = {"url", "detail", NULL};
    const jval v = json_get(part, "image_url"), url = json_get(&v, "url");
    TRY(read_members(part, known));
    TRY(json_object(&v));
    TRY(read_members(&v, members));
    return images_add_url(im, &url, at);
}

static fallible
add_part(const jval *part, buf *text, struct images *im)
{
    static const char *const known[] = {"type", "text", NULL};
    const jval type = json_get(part, "type"), value = json_get(part, "text");
    char path[128];
    str name, s;
    TRY(json_object(part));
    TRY(json_str(&type, NAME_BYTES_MAX, &name));
    if (str_eq(name, STR("image_url")) && im)
        return add_image(part, text->len, im);
    if (str_eq(name, STR("input_audio")))
        return images_refuse_audio(part);
    if (!str_eq(name, STR("text")))
        REFUSE(UNSUPPORTED, json_path(&type, path, sizeof path),
               "%s: only parts of type \"text\"%s are supported here", path,
               im ? " and \"image_url\"" : "");
    TRY(json_str(&value, TEXT_BYTES_MAX, &s));
    TRY(read_members(part, known));
    if (text->len)
        buf_add_char(text, '\n');
    buf_add(text, s);
    return OK;
}

static fallible
join_parts(arena *a, const jval *parts, struct images *im, str *ret)
{
    AUTO(buf) text = BUF(TEXT_BYTES_MAX);
    struct jwalk w = {.next = NULL};
    jval part;
    TRY(json_array(parts, 0, PARTS_MAX));
    while (json_each(parts, &w, &part))
        TRY(add_part(&part, &text, im));
    TRY(buf_end(&text));
    return try_arena_str(a, buf_str(&text), ret);
}

static fallible
read_text(arena *a, const jval *message, enum conv_role role, struct images *im, str *ret)
{
    const jval v = json_get(message, "content");
    if (json_type(v) == J_ARRAY) /* only who asks shows images */
        return join_parts(a, &v, role == CONV_USER ? im : NULL, ret);
    if (json_type(v) == J_ABSENT && role == CONV_ASSISTANT) {
        *ret = STR("");
        return OK;
    }
    return json_str(&v, TEXT_BYTES_MAX, ret);
}

static fallible
refuse_calls(const jval *message)
{
    static const char *const names[] = {"function_call", "audio"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const jval v = json_get(message, names[i]);
        char path[128];
        if (!read_asks_nothing(&v))
            REFUSE(UNSUPPORTED, json_path(&v, path, sizeof path),
                   "%s is not supported by this version", path);
    }
    return OK;
}

static fallible
read_message(arena *a, const jval *v, struct images *im, struct conv_message *ret)
{
    static const char *const known[] = {"role",       "content",      "name",
                                        "tool_calls", "tool_call_id", NULL};
    struct conv_message m = {.role = CONV_USER};
    str text;
    TRY(json_object(v));
    TRY(read_role(v, &m.role));
    TRY(read_text(a, v, m.role, im, &text));
    images_take(im, &m);
    TRY(refuse_calls(v));
    TRY(read_members(v, known));
    const jval name = json_get(v, "name");
    TRY(opt_json_str(&name, NAME_BYTES_MAX, &m.name));
    TRY(openai_read_calls(a, v, &m));
    m.text = content_of(text, LABEL_BOTTOM);
    *ret = m;
    return OK;
}

static fallible
read_messages(const struct params *p, arena *a, const jval *body, struct conv *c)
{
    const jval list = json_get(body, "messages");
    struct tool_turns turns = {.from = 0};
    struct images images = {.a = a};
    struct jwalk w = {.next = NULL};
    jval v;
    TRY(json_array(&list, 1, p->gate_messages_max));
    while (json_each(&list, &w, &v)) {
        struct conv_message m;
        TRY(read_message(a, &v, &images, &m));
        TRY(openai_check_turn(&turns, a, &v, &m));
        TRY(VEC_ADD(a, &c->messages, &m));
    }
    return openai_check_turns_end(&turns);
}

/* ---- sampling */
static fallible
read_stop(const jval *v, struct conv_params *s)
{
    str text;
    TRY(json_str(v, CONV_STOP_BYTES_MAX, &text));
    if (text.len) /* an empty stop string would stop everything */
        s->stops[s->stop_count++] = text;
    return OK;
}

static fallible
read_stops(const jval *body, struct conv_params *s)
{
    const jval v = json_get(body, "stop");
    struct jwalk w = {.next = NULL};
    jval item;
    if (json_type(v) == J_ABSENT)
        return OK;
    if (json_type(v) == J_STRING)
        return read_stop(&v, s);
    TRY(json_array(&v, 0, CONV_STOPS_MAX));
    while (json_each(&v, &w, &item))
        TRY(read_stop(&item, s));
    return OK;
}

static fallible
read_bias(const jval *body, struct conv_params *s)
{
    const jval v = json_get(body, "logit_bias");
    struct jwalk w = {.next = NULL};
    jval item;
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    if (json_count(&v) > CONV_BIAS_MAX)
        REFUSE(ARGUMENT, "logit_bias", "logit_bias may name %d tokens at most", CONV_BIAS_MAX);
    while (json_each(&v, &w, &item)) {
        int64_t token;
        double bias;
        if (num_i64(str_of(item.name), 0, INT32_MAX, &token).code)
            REFUSE(ARGUMENT, "logit_bias", "the names in logit_bias must be token numbers");
        TRY(json_f64(&item, -100, 100, &bias));
        s->bias[s->bias_count++] = (struct conv_bias){(int32_t)token, (float)bias};
    }
    return OK;
}

static fallible
read_real(const jval *body, const char *name, double min, double max, double *ret)
{
    const jval v = json_get(body, name);
    return opt_json_f64(&v, min, max, ret);
}

static fallible
read_whole(const jval *body, const char *name, int64_t min, int64_t max, int64_t *ret)
{
    const jval v = json_get(body, name);
    return opt_json_i64(&v, min, max, ret);
}

static fallible
read_reals(const jval *body, struct conv_params *s)
{
    TRY(read_real(body, "temperature", 0, 2, &s->temperature));
    TRY(read_real(body, "top_p", 0, 1, &s->top_p));
    TRY(read_real(body, "min_p", 0, 1, &s->min_p));
    TRY(read_real(body, "presence_penalty", -2, 2, &s->presence));
    TRY(read_real(body, "frequency_penalty", -2, 2, &s->frequency));
    return read_real(body, "repetition_penalty", 0.1, 10, &s->repeat);
}

static fallible
read_counts(const struct params *p, const jval *body, struct conv_params *s)
{
    int64_t tokens = 0, n = 1, top_k = s->top_k, seed = 0;
    const jval chosen = json_get(body, "seed");
    TRY(read_whole(body, "max_tokens", 1, INT32_MAX, &tokens));
    TRY(read_whole(body, "max_completion_tokens", 1, INT32_MAX, &tokens));
    TRY(read_whole(body, "n", 1, (int64_t)p->gate_choices_max, &n));
    TRY(read_whole(body, "top_k", -1, INT32_MAX, &top_k));
    TRY(opt_json_i64(&chosen, INT64_MIN, INT64_MAX, &seed));
    s->tokens_max = (uint32_t)tokens;
    s->n = (uint32_t)n;
    s->top_k = top_k > 0 ? (int32_t)top_k : 0; /* -1, too, is how some say off */
    s->has_seed = json_type(chosen) != J_ABSENT;
    s->seed = (uint64_t)seed;
    return OK;
}

static fallible
read_sampling(const struct params *p, const jval *body, struct conv_params *s)
{
    const jval eos = json_get(body, "ignore_eos");
    TRY(read_reals(body, s));
    TRY(read_counts(p, body, s));
    TRY(read_stops(body, s));
    TRY(read_bias(body, s));
    return opt_json_bool(&eos, &s->ignore_eos);
}

static fallible
read_stream(const jval *body, struct openai_ask *ask)
{
    static const char *const known[] = {"include_usage", "include_obfuscation", NULL};
    const jval stream = json_get(body, "stream"), options = json_get(body, "stream_options");
    TRY(opt_json_bool(&stream, &ask->stream));
    if (json_type(options) == J_ABSENT)
        return OK;
    TRY(json_object(&options));
    if (!ask->stream)
        REFUSE(ARGUMENT, "stream_options", "stream_options is only for \"stream\": true");
    TRY(read_members(&options, known));
    const jval usage = json_get(&options, "include_usage");
    return opt_json_bool(&usage, &ask->include_usage);
}

/* ---- what only chat has */
static fallible
read_chat_logprobs(const jval *body, struct conv_params *s)
{
    const jval flag = json_get(body, "logprobs");
    int64_t top = -1;
    TRY(opt_json_bool(&flag, &s->logprobs));
    TRY(read_whole(body, "top_logprobs", 0, CONV_TOP_LOGPROBS_MAX, &top));
    if (top > 0 && !s->logprobs)
        REFUSE(ARGUMENT, "top_logprobs", "top_logprobs needs \"logprobs\": true");
    s->top_logprobs = top > 0 ? (uint32_t)top : 0;
    return OK;
}

static fallible
read_modalities(const jval *body)
{
    const jval list = json_get(body, "modalities");
    struct jwalk w = {.next = NULL};
    jval v;
    str name;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, 4));
    while (json_each(&list, &w, &v)) {
        TRY(json_str(&v, NAME_BYTES_MAX, &name));
        if (!str_eq(name, STR("text")))
            REFUSE(UNSUPPORTED, "modalities", "this model answers in text only");
    }
    return OK;
}

static fallible
read_model(const jval *body, str *ret)
{
    const jval v = json_get(body, "model");
    return opt_json_str(&v, NAME_BYTES_MAX, ret);
}

fallible
openai_decode_chat(const struct params *p, arena *a, const jval *body, struct openai_ask *ret)
{
    conv_params_default(&ret->conv.params);
    TRY(openai_check_fields(body, ROUTE_C, ret));
    TRY(read_model(body, &ret->model));
    TRY(read_messages(p, a, body, &ret->conv));
    TRY(read_sampling(p, body, &ret->conv.params));
    TRY(read_stream(body, ret));
    TRY(read_modalities(body));
    TRY(read_chat_logprobs(body, &ret->conv.params));
    return openai_read_tools(a, body, &ret->conv);
}

/* ---- completions */
/* One text; a list of one is the same, more would be several requests in one. */
static fallible
read_prompt(const jval *body, str *ret)
{
    const jval v = json_get(body, "prompt");
    if (json_type(v) != J_ARRAY)
        return json_str(&v, TEXT_BYTES_MAX, ret);
    if (json_count(&v) != 1)
        REFUSE(UNSUPPORTED, "prompt", "prompt must be one text; send several requests for several");
    const jval first = json_at(&v, 0);
    return json_str(&first, TEXT_BYTES_MAX, ret);
}

/* A character begins with a byte that continues none. */
static uint32_t
count_chars(str s)
{
    uint32_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.at[i] & 0xc0) != 0x80;
    return n;
}

fallible
openai_decode_text(const struct params *p, arena *a, const jval *body, struct openai_ask *ret)
{
    struct conv_params *s = &ret->conv.params;
    const jval echo = json_get(body, "echo");
    int64_t top = -1;
    str prompt;
    (void)a;
    conv_params_default(s);
    TRY(openai_check_fields(body, ROUTE_T, ret));
    TRY(read_model(body, &ret->model));
    TRY(read_prompt(body, &prompt));
    TRY(read_sampling(p, body, s));
    TRY(read_stream(body, ret));
    TRY(opt_json_bool(&echo, &s->echo));
    TRY(read_whole(body, "logprobs", 0, CONV_TOP_LOGPROBS_MAX, &top));
    s->logprobs = top >= 0;
    s->top_logprobs = top > 0 ? (uint32_t)top : 0;
    const jval max = json_get(body, "max_tokens");
    if (json_type(max) == J_ABSENT)
        s->tokens_max = 16; /* the API's own default for this route */
    ret->echo_chars = s->echo ? count_chars(prompt) : 0;
    ret->conv.prompt = content_of(prompt, LABEL_BOTTOM);
    return OK;
}

/* ---- embeddings */
static fallible
add_input(arena *a, const jval *v, struct conv *c)
{
    char path[128];
    str text;
    if (json_type(*v) != J_STRING)
        REFUSE(UNSUPPORTED, json_path(v, path, sizeof path),
               "%s must be text; token numbers are not taken", path);
    TRY(json_str(v, TEXT_BYTES_MAX, &text));
    if (!text.len)
        REFUSE(ARGUMENT, json_path(v, path, sizeof path), "%s must not be empty", path);
    const content input = content_of(text, LABEL_BOTTOM);
    return VEC_ADD(a, &c->inputs, &input);
}

static fallible
read_inputs(const struct params *p, arena *a, const jval *body, struct conv *c)
{
    const jval list = json_get(body, "input");
    struct jwalk w = {.next = NULL};
    jval v;
    if (json_type(list) != J_ARRAY)
        return add_input(a, &list, c);
    TRY(json_array(&list, 1, p->gate_embed_inputs_max));
    while (json_each(&list, &w, &v))
        TRY(add_input(a, &v, c));
    return OK;
}

fallible
openai_decode_embed(const struct params *p, arena *a, const jval *body, struct openai_ask *ret)
{
    const jval format = json_get(body, "encoding_format");
    str name = STR("float");
    int64_t dims = 0;
    conv_params_default(&ret->conv.params);
    TRY(openai_check_fields(body, ROUTE_E, ret));
    TRY(read_model(body, &ret->model));
    TRY(read_inputs(p, a, body, &ret->conv));
    TRY(opt_json_str(&format, NAME_BYTES_MAX, &name));
    TRY(read_whole(body, "dimensions", 1, 65536, &dims));
    ret->base64 = str_eq(name, STR("base64"));
    if (!ret->base64 && !str_eq(name, STR("float")))
        REFUSE(ARGUMENT, "encoding_format", "encoding_format must be \"float\" or \"base64\"");
    ret->conv.dimensions = (uint32_t)dims;
    return OK;
}
