/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/decode.h"

#include "api/bedrock/tools.h"
#include "api/bedrock/turns.h"
#include "api/read.h"

enum { NAME_BYTES_MAX = 256, PATHS_MAX = 10, METADATA_MAX = 16 };

static const struct read_field fields[] = {
#define C BEDROCK_CONVERSE
#define K BEDROCK_COUNT
#define I BEDROCK_INFERENCE
#define A BEDROCK_ADDITIONAL
#define P BEDROCK_PROMPT
#define E BEDROCK_EMBED
#define U BEDROCK_RETRIEVE
#define W BEDROCK_GENERATE
#define X BEDROCK_SEARCH
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/bedrock/fields.def"
#undef FIELD
#undef C
#undef K
#undef I
#undef A
#undef P
#undef E
#undef U
#undef W
#undef X
};

fallible
bedrock_check_fields(const jval *body, enum bedrock_route route)
{
    return read_fields(body, fields, sizeof fields / sizeof *fields, route);
}

str
bedrock_model_name(str id)
{
    size_t at = id.len;
    if (!str_starts(id, STR("arn:")))
        return id;
    while (at > 0 && id.at[at - 1] != '/')
        at--;
    return str_slice(id, at, id.len);
}

/* ---- sampling */
fallible
bedrock_read_stops(const jval *list, struct conv_params *s)
{
    struct jwalk w = {.next = NULL};
    jval v;
    str text;
    if (json_type(*list) == J_ABSENT)
        return OK;
    TRY(json_array(list, 0, CONV_STOPS_MAX));
    while (json_each(list, &w, &v)) {
        TRY(json_str(&v, CONV_STOP_BYTES_MAX, &text));
        if (!text.len)
            REFUSE_AT(ARGUMENT, &v, "must not be empty");
        if (s->stop_count == CONV_STOPS_MAX)
            REFUSE_AT(ARGUMENT, list, "makes more than %d stop sequences", CONV_STOPS_MAX);
        s->stops[s->stop_count++] = text;
    }
    return OK;
}

static fallible
read_real(const jval *o, const char *name, double min, double max, double *ret)
{
    const jval v = json_get(o, name);
    return opt_json_f64(&v, min, max, ret);
}

fallible
bedrock_read_sampling(const jval *o, struct conv_params *s)
{
    const jval seed = json_get(o, "seed"), k = json_get(o, "top_k");
    int64_t chosen = 0, top_k = s->top_k;
    TRY(read_real(o, "temperature", 0, 2, &s->temperature));
    TRY(read_real(o, "top_p", 0, 1, &s->top_p));
    TRY(read_real(o, "min_p", 0, 1, &s->min_p));
    TRY(read_real(o, "presence_penalty", -2, 2, &s->presence));
    TRY(read_real(o, "frequency_penalty", -2, 2, &s->frequency));
    TRY(read_real(o, "repetition_penalty", 0.1, 10, &s->repeat));
    TRY(opt_json_i64(&k, 0, INT32_MAX, &top_k));
    TRY(opt_json_i64(&seed, INT64_MIN, INT64_MAX, &chosen));
    s->top_k = (int32_t)top_k;
    if (json_type(seed) != J_ABSENT) {
        s->has_seed = true;
        s->seed = (uint64_t)chosen;
    }
    return OK;
}

static fallible
read_inference(const jval *body, struct conv_params *s)
{
    const jval o = json_get(body, "inferenceConfig");
    int64_t tokens = 0;
    if (json_type(o) == J_ABSENT)
        return OK;
    TRY(json_object(&o));
    TRY(bedrock_check_fields(&o, BEDROCK_INFERENCE));
    const jval max = json_get(&o, "maxTokens"), stops = json_get(&o, "stopSequences");
    TRY(opt_json_i64(&max, 1, INT32_MAX, &tokens));
    s->tokens_max = (uint32_t)tokens;
    TRY(read_real(&o, "temperature", 0, 2, &s->temperature));
    TRY(read_real(&o, "topP", 0, 1, &s->top_p));
    return bedrock_read_stops(&stops, s);
}

static fallible
read_additional(const jval *body, struct conv_params *s)
{
    const jval o = json_get(body, "additionalModelRequestFields");
    if (json_type(o) == J_ABSENT)
        return OK;
    TRY(json_object(&o));
    TRY(bedrock_check_fields(&o, BEDROCK_ADDITIONAL));
    const jval stops = json_get(&o, "stop_sequences");
    TRY(bedrock_read_sampling(&o, s));
    return bedrock_read_stops(&stops, s);
}

/* ---- hints; what they say is not acted upon, their form is checked */
static fallible
check_word(const jval *body, const char *object, const char *member, const char *const *words)
{
    const char *const known[] = {member, NULL};
    const jval o = json_get(body, object);
    str word;
    if (json_type(o) == J_ABSENT)
        return OK;
    TRY(json_object(&o));
    TRY(read_members(&o, known));
    const jval v = json_get(&o, member);
    if (json_type(v) == J_ABSENT)
        return OK;
    TRY(json_str(&v, NAME_BYTES_MAX, &word));
    while (*words && !str_eq(word, str_of(*words)))
        words++;
    if (!*words)
        REFUSE_AT(ARGUMENT, &v, "is none of the values known here");
    return OK;
}

static fallible
check_metadata(const jval *body)
{
    const jval o = json_get(body, "requestMetadata");
    struct jwalk w = {.next = NULL};
    jval v;
    str text;
    if (json_type(o) == J_ABSENT)
        return OK;
    TRY(json_object(&o));
    if (json_count(&o) > METADATA_MAX)
        REFUSE_AT(ARGUMENT, &o, "holds more than %d members", METADATA_MAX);
    while (json_each(&o, &w, &v))
        TRY(json_str(&v, NAME_BYTES_MAX, &text));
    return OK;
}

static fallible
check_hints(const jval *body)
{
    static const char *const latencies[] = {"standard", "optimized", NULL};
    static const char *const tiers[] = {"priority", "default", "flex", "reserved", NULL};
    TRY(check_word(body, "performanceConfig", "latency", latencies));
    TRY(check_word(body, "serviceTier", "type", tiers));
    return check_metadata(body);
}

/* A path that leads nowhere gives nothing, as in the API. */
static fallible
read_paths(const jval *body, bool *ret_stop)
{
    const jval list = json_get(body, "additionalModelResponseFieldPaths");
    struct jwalk w = {.next = NULL};
    jval v;
    str path;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 0, PATHS_MAX));
    while (json_each(&list, &w, &v)) {
        TRY(json_str(&v, NAME_BYTES_MAX, &path));
        if (!str_starts(path, STR("/")))
            REFUSE_AT(ARGUMENT, &v, "must be a JSON pointer, such as \"/stop_sequence\"");
        *ret_stop |= str_eq(path, STR("/stop_sequence"));
    }
    return OK;
}

fallible
bedrock_decode(const struct params *p, arena *a, const jval *body, enum bedrock_route route,
               struct bedrock_ask *ret)
{
    struct conv *c = &ret->conv;
    conv_params_default(&c->params);
    TRY(bedrock_check_fields(body, route));
    TRY(bedrock_read_turns(p, a, body, c));
    TRY(read_inference(body, &c->params));
    TRY(read_additional(body, &c->params));
    TRY(check_hints(body));
    TRY(read_paths(body, &ret->wants_stop));
    TRY(bedrock_read_tools(a, body, c));
    return bedrock_read_output(a, body, c);
}
