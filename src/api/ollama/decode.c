/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/decode.h"

#include "api/ollama/turns.h"
#include "api/openai/tools.h"

enum { NAME_BYTES_MAX = 256, TEXT_BYTES_MAX = 64 * 1024 * 1024 };

static const struct read_field fields[] = {
#define C OLLAMA_CHAT
#define G OLLAMA_GENERATE
#define E OLLAMA_EMBED
#define V OLLAMA_EMBEDDINGS
#define S OLLAMA_SHOW
#define O OLLAMA_OPTIONS
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/ollama/fields.def"
#undef FIELD
#undef C
#undef G
#undef E
#undef V
#undef S
#undef O
};

enum { FIELDS = sizeof fields / sizeof *fields };

/* ---- options */

/* The values with which an option that is refused asks for nothing. */
static bool
is_neutral(const jval *v)
{
    static const struct {
        const char *name;
        double value;
    } neutral[] = {{"typical_p", 1}, {"tfs_z", 1}, {"mirostat", 0}, {"repeat_last_n", -1}};
    bool flag = false;
    double d;
    if (strcmp(v->name, "penalize_newline") == 0)
        return json_type(*v) == J_BOOL && !json_bool(v, &flag).code && flag;
    for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
        if (strcmp(v->name, neutral[i].name) == 0)
            return json_type(*v) == J_NUMBER && !json_f64(v, -1e9, 1e9, &d).code &&
                   d == neutral[i].value;
    return false;
}

static const struct read_field *
find_option(const char *name)
{
    for (size_t i = 0; i < FIELDS; i++)
        if ((fields[i].routes & OLLAMA_OPTIONS) && strcmp(fields[i].name, name) == 0)
            return &fields[i];
    return NULL;
}

static fallible
check_options(const jval *o)
{
    struct jwalk w = {.next = NULL};
    jval v;
    while (json_each(o, &w, &v)) {
        const struct read_field *f = find_option(v.name);
        if (!f)
            REFUSE_AT(ARGUMENT, &v, "is not known here");
        if (f->fate == REFUSED && !read_asks_nothing(&v) && !is_neutral(&v))
            REFUSE_AT(UNSUPPORTED, &v, "is not supported by this version");
    }
    return OK;
}

static fallible
read_real(const jval *o, const char *name, double min, double max, double *ret)
{
    const jval v = json_get(o, name);
    return opt_json_f64(&v, min, max, ret);
}

static fallible
read_reals(const jval *o, struct conv_params *s)
{
    TRY(read_real(o, "temperature", 0, 2, &s->temperature));
    TRY(read_real(o, "top_p", 0, 1, &s->top_p));
    TRY(read_real(o, "min_p", 0, 1, &s->min_p));
    TRY(read_real(o, "presence_penalty", -2, 2, &s->presence));
    TRY(read_real(o, "frequency_penalty", -2, 2, &s->frequency));
    return read_real(o, "repeat_penalty", 0.1, 10, &s->repeat);
}

static fallible
read_counts(const jval *o, struct conv_params *s)
{
    const jval predict = json_get(o, "num_predict"), top_k = json_get(o, "top_k");
    const jval seed = json_get(o, "seed");
    int64_t tokens = -1, k = 0, chosen = -1;
    TRY(opt_json_i64(&predict, -2, INT32_MAX, &tokens));
    TRY(opt_json_i64(&top_k, -1, INT32_MAX, &k));
    TRY(opt_json_i64(&seed, INT64_MIN, INT64_MAX, &chosen));
    if (tokens == 0)
        REFUSE_AT(ARGUMENT, &predict, "must be 1 or more, or -1 for as many as fit");
    s->tokens_max = tokens > 0 ? (uint32_t)tokens : 0;
    s->top_k = k > 0 ? (int32_t)k : 0;
    s->has_seed = chosen != -1; /* which stands for any */
    s->seed = (uint64_t)chosen;
    return OK;
}

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
read_stops(const jval *o, struct conv_params *s)
{
    const jval v = json_get(o, "stop");
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
read_options(const jval *body, struct conv_params *s)
{
    const jval o = json_get(body, "options");
    if (json_type(o) == J_ABSENT)
        return OK;
    TRY(json_object(&o));
    TRY(check_options(&o));
    TRY(read_reals(&o, s));
    TRY(read_counts(&o, s));
    return read_stops(&o, s);
}

/* ---- what chat and generate share */
static fallible
read_format(arena *a, const jval *body, struct conv *c)
{
    const jval v = json_get(body, "format");
    const bool is_form = json_type(v) == J_OBJECT || json_type(v) == J_STRING;
    str name;
    if (!v.v || (is_form && read_asks_nothing(&v)))
        return OK;
    if (c->tools.count)
        REFUSE_AT(UNSUPPORTED, &v, "is not supported beside tools");
    if (json_type(v) == J_OBJECT)
        return tools_compile_answer(a, &v, &c->format);
    TRY(json_str(&v, NAME_BYTES_MAX, &name));
    if (!str_eq(name, STR("json")))
        REFUSE_AT(ARGUMENT, &v, "must be \"json\" or a schema");
    c->params.json_object = true;
    return OK;
}

static fallible
read_think(const jval *body, struct ollama_ask *ask)
{
    const jval v = json_get(body, "think");
    bool shown = true;
    str level;
    if (json_type(v) == J_STRING)
        return json_str(&v, NAME_BYTES_MAX, &level);
    TRY(opt_json_bool(&v, &shown));
    ask->hides_thoughts = !shown;
    return OK;
}

static fallible
read_answer_form(arena *a, const jval *body, struct ollama_ask *ask)
{
    const jval stream = json_get(body, "stream");
    ask->stream = true;
    TRY(opt_json_bool(&stream, &ask->stream));
    TRY(read_think(body, ask));
    TRY(read_format(a, body, &ask->conv));
    return read_options(body, &ask->conv.params);
}

static fallible
read_chat(const struct params *p, arena *a, const jval *body, struct ollama_ask *ask)
{
    TRY(ollama_read_messages(p, a, body, &ask->conv));
    ask->is_idle = !ask->conv.messages.count;
    TRY(openai_read_tools(a, body, &ask->conv));
    return read_answer_form(a, body, ask);
}

static fallible
add_message(arena *a, enum conv_role role, str text, struct conv *c)
{
    const struct conv_message m = {.role = role, .text = content_of(text, LABEL_BOTTOM)};
    return VEC_ADD(a, &c->messages, &m);
}

static fallible
add_asked(arena *a, struct images *images, str text, struct conv *c)
{
    struct conv_message m = {.role = CONV_USER, .text = content_of(text, LABEL_BOTTOM)};
    images_take(images, &m);
    return VEC_ADD(a, &c->messages, &m);
}

static fallible
read_generate(arena *a, const jval *body, struct ollama_ask *ask)
{
    const jval prompt = json_get(body, "prompt"), system = json_get(body, "system");
    const jval raw = json_get(body, "raw"), format = json_get(body, "format");
    const jval list = json_get(body, "images");
    struct images images = {.a = a};
    str text = STR_NONE, before = STR_NONE;
    TRY(opt_json_str(&prompt, TEXT_BYTES_MAX, &text));
    TRY(opt_json_str(&system, TEXT_BYTES_MAX, &before));
    TRY(opt_json_bool(&raw, &ask->is_raw));
    TRY(ollama_read_images(body, &images));
    ask->is_idle = !text.len;
    if (ask->is_raw && before.len)
        REFUSE_AT(ARGUMENT, &system, "has no place in a raw prompt");
    if (ask->is_raw && !read_asks_nothing(&format))
        REFUSE_AT(UNSUPPORTED, &format, "is not supported for a raw prompt");
    if (ask->is_raw && images.of.count)
        REFUSE_AT(UNSUPPORTED, &list, "have no place in a raw prompt");
    TRY(read_answer_form(a, body, ask));
    if (ask->is_raw)
        ask->conv.prompt = content_of(text, LABEL_BOTTOM);
    if (ask->is_raw || ask->is_idle)
        return OK;
    if (before.len)
        TRY(add_message(a, CONV_SYSTEM, before, &ask->conv));
    return add_asked(a, &images, text, &ask->conv);
}

/* ---- embeddings */
static fallible
add_input(arena *a, const jval *v, struct conv *c)
{
    str text;
    TRY(json_str(v, TEXT_BYTES_MAX, &text));
    if (!text.len)
        REFUSE_AT(ARGUMENT, v, "must not be empty");
    const content input = content_of(text, LABEL_BOTTOM);
    return VEC_ADD(a, &c->inputs, &input);
}

static fallible
read_embed(const struct params *p, arena *a, const jval *body, struct conv *c)
{
    const jval list = json_get(body, "input"), wanted = json_get(body, "dimensions");
    struct jwalk w = {.next = NULL};
    int64_t dims = 0;
    jval v;
    TRY(opt_json_i64(&wanted, 1, 65536, &dims));
    c->dimensions = (uint32_t)dims;
    if (json_type(list) != J_ARRAY)
        return add_input(a, &list, c);
    TRY(json_array(&list, 1, p->gate_embed_inputs_max));
    while (json_each(&list, &w, &v))
        TRY(add_input(a, &v, c));
    return OK;
}

static fallible
read_one(arena *a, const jval *body, struct conv *c)
{
    const jval prompt = json_get(body, "prompt");
    return add_input(a, &prompt, c);
}

/* ---- all */
static fallible
read_model(const jval *body, enum ollama_route route, str *ret)
{
    const jval model = json_get(body, "model");
    TRY(opt_json_str(&model, NAME_BYTES_MAX, ret));
    if (route != OLLAMA_SHOW || ret->len)
        return OK;
    const jval name = json_get(body, "name"); /* as it was called before */
    return json_str(&name, NAME_BYTES_MAX, ret);
}

fallible
ollama_decode(const struct params *p, arena *a, const jval *body, enum ollama_route route,
              struct ollama_ask *ret)
{
    ASSERT(!ret->conv.messages.count);
    conv_params_default(&ret->conv.params);
    TRY(json_object(body));
    TRY(read_fields(body, fields, FIELDS, route));
    TRY(read_model(body, route, &ret->model));
    switch (route) {
    case OLLAMA_CHAT:
        return read_chat(p, a, body, ret);
    case OLLAMA_GENERATE:
        return read_generate(a, body, ret);
    case OLLAMA_EMBED:
        return read_embed(p, a, body, &ret->conv);
    case OLLAMA_EMBEDDINGS:
        return read_one(a, body, &ret->conv);
    case OLLAMA_SHOW:
    case OLLAMA_OPTIONS:
        break;
    }
    return OK;
}
