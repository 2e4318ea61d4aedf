/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/decode.h"

#include "api/anthropic/tools.h"
#include "api/anthropic/turns.h"
#include "api/read.h"

enum { NAME_BYTES_MAX = 256, BUDGET_MIN = 1024, EDITS_MAX = 16 };

static const struct read_field fields[] = {
#define M ROUTE_M
#define K ROUTE_K
#define E ROUTE_E
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/anthropic/fields.def"
#undef FIELD
#undef M
#undef K
#undef E
};

fallible
anthropic_check_fields(const jval *body, enum anthropic_route route)
{
    return read_fields(body, fields, sizeof fields / sizeof *fields, route);
}

/* ---- hints */
/* A text that is one of `known` (NULL-ended), or absent. */
static fallible
read_choice(const jval *v, const char *const *known)
{
    str name;
    if (json_type(*v) == J_ABSENT)
        return OK;
    TRY(json_str(v, NAME_BYTES_MAX, &name));
    while (*known && !str_eq(name, str_of(*known)))
        known++;
    if (!*known)
        REFUSE_AT(ARGUMENT, v, "is none of the values known here");
    return OK;
}

fallible
anthropic_read_cache(const jval *block, bool *ret)
{
    static const char *const members[] = {"type", "ttl", NULL};
    static const char *const types[] = {"ephemeral", NULL}, *const ttls[] = {"5m", "1h", NULL};
    const jval v = json_get(block, "cache_control");
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    TRY(read_members(&v, members));
    const jval type = json_get(&v, "type"), ttl = json_get(&v, "ttl");
    TRY(json_str(&type, NAME_BYTES_MAX, &(str){0}));
    TRY(read_choice(&type, types));
    TRY(read_choice(&ttl, ttls));
    *ret = true;
    return OK;
}

/* Thoughts of the past are left out in any case; what would leave out more is not done. */
static fallible
check_edit(const jval *edit)
{
    str type;
    TRY(json_object(edit));
    const jval v = json_get(edit, "type");
    TRY(json_str(&v, NAME_BYTES_MAX, &type));
    if (!str_starts(type, STR("clear_thinking_")))
        REFUSE_AT(UNSUPPORTED, &v, "only edits that clear thinking are supported by this version");
    return OK;
}

static fallible
check_edits(const jval *body)
{
    static const char *const members[] = {"edits", NULL};
    const jval v = json_get(body, "context_management");
    struct jwalk w = {.next = NULL};
    jval edit;
    if (read_asks_nothing(&v))
        return OK;
    TRY(json_object(&v));
    TRY(read_members(&v, members));
    const jval list = json_get(&v, "edits");
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, EDITS_MAX));
    while (json_each(&list, &w, &edit))
        TRY(check_edit(&edit));
    return OK;
}

static fallible
check_hints(const jval *body)
{
    static const char *const members[] = {"user_id", NULL};
    static const char *const tiers[] = {"auto", "standard_only", NULL};
    static const char *const speeds[] = {"standard", "fast", NULL};
    const jval metadata = json_get(body, "metadata"), tier = json_get(body, "service_tier");
    const jval speed = json_get(body, "speed");
    str unused;
    TRY(read_choice(&tier, tiers));
    TRY(read_choice(&speed, speeds));
    TRY(check_edits(body));
    if (json_type(metadata) == J_ABSENT)
        return OK;
    TRY(json_object(&metadata));
    TRY(read_members(&metadata, members));
    const jval user = json_get(&metadata, "user_id");
    return opt_json_str(&user, 4 * NAME_BYTES_MAX, &unused);
}

/* ---- sampling */
static fallible
read_stops(const jval *body, struct conv_params *s)
{
    const jval list = json_get(body, "stop_sequences");
    struct jwalk w = {.next = NULL};
    jval v;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, CONV_STOPS_MAX));
    while (json_each(&list, &w, &v)) {
        str *stop = &s->stops[s->stop_count];
        TRY(json_str(&v, CONV_STOP_BYTES_MAX, stop));
        if (!stop->len)
            REFUSE_AT(ARGUMENT, &v, "must not be empty");
        s->stop_count++;
    }
    return OK;
}

static fallible
read_sampling(const jval *body, struct conv_params *s)
{
    const jval temperature = json_get(body, "temperature"), top_p = json_get(body, "top_p");
    const jval top_k = json_get(body, "top_k"), max = json_get(body, "max_tokens");
    int64_t k = 0, tokens = 0;
    if (json_type(max) == J_ABSENT)
        REFUSE(ARGUMENT, "max_tokens", "max_tokens is required");
    TRY(json_i64(&max, 1, INT32_MAX, &tokens));
    TRY(opt_json_f64(&temperature, 0, 1, &s->temperature));
    TRY(opt_json_f64(&top_p, 0, 1, &s->top_p));
    TRY(opt_json_i64(&top_k, 0, INT32_MAX, &k));
    s->tokens_max = (uint32_t)tokens;
    s->top_k = (int32_t)k;
    return read_stops(body, s);
}

/* ---- thinking */
static fallible
read_display(const jval *v, struct anthropic_ask *ask)
{
    static const char *const displays[] = {"summarized", "omitted", NULL};
    const jval display = json_get(v, "display");
    str name = STR("summarized");
    TRY(read_choice(&display, displays));
    TRY(opt_json_str(&display, NAME_BYTES_MAX, &name));
    ask->wants_thinking = true;
    ask->hides_thinking = str_eq(name, STR("omitted"));
    return OK;
}

static fallible
read_budget(const jval *v, const struct anthropic_ask *ask)
{
    const jval budget = json_get(v, "budget_tokens");
    const uint32_t most = ask->conv.params.tokens_max;
    int64_t tokens;
    TRY(json_i64(&budget, BUDGET_MIN, INT32_MAX, &tokens));
    if (most && tokens >= most)
        REFUSE_AT(ARGUMENT, &budget, "must be below max_tokens");
    return OK;
}

static fallible
read_thinking(const jval *body, struct anthropic_ask *ask)
{
    static const char *const enabled[] = {"type", "budget_tokens", "display", NULL};
    static const char *const members[] = {"type", "display", NULL};
    static const char *const types[] = {"enabled", "disabled", "adaptive", "between_tools", NULL};
    const jval v = json_get(body, "thinking");
    str type;
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_object(&v));
    const jval t = json_get(&v, "type");
    TRY(json_str(&t, NAME_BYTES_MAX, &type));
    TRY(read_choice(&t, types));
    const bool has_budget = str_eq(type, STR("enabled"));
    TRY(read_members(&v, has_budget ? enabled : members));
    if (has_budget)
        TRY(read_budget(&v, ask));
    return str_eq(type, STR("disabled")) ? OK : read_display(&v, ask);
}

/* ---- the form of the answer */
static fallible
read_schema(arena *a, const jval *format, struct conv *c)
{
    static const char *const members[] = {"type", "schema", NULL};
    static const char *const types[] = {"json_schema", NULL};
    if (json_type(*format) == J_ABSENT)
        return OK;
    TRY(json_object(format));
    TRY(read_members(format, members));
    const jval type = json_get(format, "type"), schema = json_get(format, "schema");
    TRY(json_str(&type, NAME_BYTES_MAX, &(str){0}));
    TRY(read_choice(&type, types));
    TRY(json_object(&schema));
    if (c->tools.count && c->tools.choice != CONV_TOOLS_NONE)
        REFUSE_AT(UNSUPPORTED, format,
                  "is not supported beside tools; send \"tool_choice\": {\"type\": \"none\"}");
    c->format.strict = true;
    return tools_compile_answer(a, &schema, &c->format);
}

static fallible
read_output(arena *a, const jval *body, struct conv *c)
{
    static const char *const members[] = {"effort", "format", NULL};
    static const char *const efforts[] = {"low", "medium", "high", "xhigh", "max", NULL};
    const jval v = json_get(body, "output_config"), old = json_get(body, "output_format");
    if (json_type(v) == J_ABSENT)
        return read_schema(a, &old, c);
    TRY(json_object(&v));
    TRY(read_members(&v, members));
    const jval effort = json_get(&v, "effort"), format = json_get(&v, "format");
    TRY(read_choice(&effort, efforts));
    if (old.v && format.v)
        REFUSE(ARGUMENT, "output_format", "output_format is said twice: in output_config too");
    return read_schema(a, old.v ? &old : &format, c);
}

/* ---- the whole */
static fallible
read_model(const jval *body, str *ret)
{
    const jval v = json_get(body, "model");
    if (json_type(v) == J_ABSENT)
        REFUSE(ARGUMENT, "model", "model is required");
    return json_str(&v, NAME_BYTES_MAX, ret);
}

static fallible
check_together(const struct anthropic_ask *ask)
{
    if (ask->wants_thinking && ask->conv.tools.choice == CONV_TOOLS_REQUIRED)
        REFUSE(ARGUMENT, "thinking", "thinking cannot be had where tool_choice forces a call");
    return OK;
}

fallible
anthropic_decode(const struct params *p, arena *a, const jval *body, enum anthropic_route route,
                 struct anthropic_ask *ret)
{
    const jval stream = json_get(body, "stream");
    conv_params_default(&ret->conv.params);
    TRY(read_fields(body, fields, sizeof fields / sizeof *fields, route));
    TRY(read_model(body, &ret->model));
    TRY(check_hints(body));
    if (route == ROUTE_M)
        TRY(read_sampling(body, &ret->conv.params));
    TRY(opt_json_bool(&stream, &ret->stream));
    TRY(anthropic_read_cache(body, &ret->wants_cache));
    TRY(anthropic_read_turns(p, a, body, ret));
    TRY(anthropic_read_tools(a, body, ret));
    TRY(read_output(a, body, &ret->conv));
    TRY(read_thinking(body, ret));
    return check_together(ret);
}
