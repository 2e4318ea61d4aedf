/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/provider_list.h"

#include "base/err.h"

static int
index_of(const struct provider_list *l, str name)
{
    ASSERT(l->count <= PROVIDERS_MAX);
    for (uint32_t i = 0; i < l->count; i++)
        if (str_eq(str_of(l->at[i].name), name))
            return (int)i;
    return -1;
}

const struct provider_public *
provider_list_find(const struct provider_list *l, str name)
{
    const int i = index_of(l, name);
    return i < 0 ? NULL : &l->at[i];
}

const struct provider_model *
provider_list_model(const struct provider_list *l, str provider, str model)
{
    const int i = index_of(l, provider);
    ASSERT(l->model_count <= PROVIDER_MODELS_MAX);
    for (uint32_t k = 0; i >= 0 && k < l->model_count; k++)
        if (l->models[k].provider == (uint32_t)i && str_eq(str_of(l->models[k].name), model))
            return &l->models[k];
    return NULL;
}

bool
provider_has_models(const struct provider_public *p)
{
    return p->dialect != PROVIDER_OTLP && p->dialect != PROVIDER_WITNESS;
}

bool
provider_is_witness(const struct provider_public *p)
{
    return p->dialect == PROVIDER_WITNESS;
}

const char *
provider_dialect_name(enum provider_dialect d)
{
    switch (d) {
    case PROVIDER_OPENAI:
        return "openai";
    case PROVIDER_ANTHROPIC:
        return "anthropic";
    case PROVIDER_BEDROCK:
        return "bedrock";
    case PROVIDER_HOHEIT:
        return "hoheit";
    case PROVIDER_WITNESS:
        return "witness";
    case PROVIDER_OTLP:
        return "otlp";
    }
    UNREACHABLE("no such dialect");
}
