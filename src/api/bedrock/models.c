/* SPDX-License-Identifier: EUPL-1.2 */
/* Foundation models: the registry in the shape of the control plane. */
#include "api/bedrock/bedrock.h"
#include "api/bedrock/decode.h"

enum { MODELS_BYTES_MAX = 16 * 1024 * 1024, WORD_BYTES_MAX = 64 };

static const registry *
models_of(const struct api_call *c)
{
    return gate_parts_of(c->gate)->registry;
}

static fallible
may_list(const struct api_call *c)
{
    return gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a);
}

static void
put_words(buf *b, const char *name, const char *word)
{
    json_key(b, name);
    json_open(b, '[');
    json_put_str(b, str_of(word));
    json_close(b, ']');
}

static void
put_model(const struct model *m, str shown_as, buf *b)
{
    const bool embeds = m->kind == MODEL_EMBED;
    json_open(b, '{');
    json_key(b, "modelArn");
    buf_add(b, STR("\"arn:aws:bedrock:local::foundation-model/"));
    json_put_raw(b, shown_as);
    buf_add_char(b, '"');
    json_member_str(b, "modelId", shown_as);
    json_member_str(b, "modelName", m->name);
    json_member_str(b, "providerName", STR("hoheit"));
    put_words(b, "inputModalities", "TEXT");
    put_words(b, "outputModalities", embeds ? "EMBEDDING" : "TEXT");
    json_member_bool(b, "responseStreamingSupported", !embeds);
    json_key(b, "customizationsSupported");
    buf_add(b, STR("[]"));
    put_words(b, "inferenceTypesSupported", "ON_DEMAND");
    json_key(b, "modelLifecycle");
    json_open(b, '{');
    json_member_str(b, "status", STR("ACTIVE"));
    json_close(b, '}');
    json_close(b, '}');
}

/* ---- filters of the list */
struct wanted {
    str provider, output, inference, customization;
};

static fallible
read_wanted(struct api_call *c, struct wanted *ret)
{
    static const char *const known[] = {"byProvider", "byOutputModality", "byInferenceType",
                                        "byCustomizationType", NULL};
    TRY(bedrock_query_only(c, known));
    TRY(api_query(c, STR("byProvider"), &ret->provider));
    TRY(api_query(c, STR("byOutputModality"), &ret->output));
    TRY(api_query(c, STR("byInferenceType"), &ret->inference));
    return api_query(c, STR("byCustomizationType"), &ret->customization);
}

static bool
is_wanted(const struct wanted *w, const struct model *m)
{
    const str output = m->kind == MODEL_EMBED ? STR("EMBEDDING") : STR("TEXT");
    return (!w->provider.len || str_eq_nocase(w->provider, STR("hoheit"))) &&
           (!w->output.len || str_eq(w->output, output)) &&
           (!w->inference.len || str_eq(w->inference, STR("ON_DEMAND"))) && !w->customization.len;
}

static fallible
put_list(struct api_call *c, buf *b)
{
    struct wanted w = {.provider = STR_NONE};
    const struct model *m;
    str alias, name;
    TRY(may_list(c));
    TRY(read_wanted(c, &w));
    json_open(b, '{');
    json_key(b, "modelSummaries");
    json_open(b, '[');
    for (size_t i = 0; (m = registry_at(models_of(c), i)); i++)
        if (is_wanted(&w, m))
            put_model(m, m->name, b);
    for (size_t i = 0; registry_alias_at(models_of(c), i, &alias, &name); i++)
        if ((m = registry_get(models_of(c), name)) && is_wanted(&w, m))
            put_model(m, alias, b);
    json_close(b, ']');
    json_close(b, '}');
    return buf_end(b);
}

static fallible
put_one(struct api_call *c, buf *b)
{
    const str name = bedrock_model_name(c->args[0]);
    const struct model *m;
    TRY(may_list(c));
    if (!name.len)
        REFUSE(ARGUMENT, "modelIdentifier", "the model identifier names no model");
    if (registry_find(models_of(c), name, MODEL_EMBED, &m).code)
        TRY(registry_find(models_of(c), name, MODEL_CHAT, &m));
    json_open(b, '{');
    json_key(b, "modelDetails");
    put_model(m, name, b);
    json_close(b, '}');
    return buf_end(b);
}

static void
answer(struct api_call *c, fallible (*put)(struct api_call *c, buf *b))
{
    struct http_field fields[BEDROCK_FIELDS];
    AUTO(buf) b = BUF(MODELS_BYTES_MAX);
    const err e = put(c, &b);
    if (e.code) {
        api_fail(c, e);
        return;
    }
    const size_t count = bedrock_fields(c, STR("application/json"), STR_NONE, fields);
    http_answer(c->x, 200, fields, count, buf_str(&b));
}

void
bedrock_list_models(struct api_call *c)
{
    answer(c, put_list);
}

void
bedrock_show_model(struct api_call *c)
{
    answer(c, put_one);
}
