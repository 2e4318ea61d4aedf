/* SPDX-License-Identifier: EUPL-1.2 */
/* provider_list.h - what the gate may know of the outside providers: names, what may go there,
 * what it costs.  Not addresses, certificates or credentials (providers.h).  Witnesses of the audit
 * log are in the list too, for it is all that hoheit-egress may reach; nothing but checkpoints goes
 * there.
 *
 * Fixed layout without pointers: it travels in the boot message.  Every text is NUL-ended. */
#pragma once
#include "base/str.h"

enum {
    PROVIDERS_MAX = 32,
    PROVIDER_MODELS_MAX = 256, /* of all providers together */
    PROVIDER_NAME_MAX = 48,
    PROVIDER_MODEL_MAX = 128,
    PROVIDER_SINK_MAX = 512,
    PROVIDER_KEY_MAX = 192,
    PROVIDER_WITNESSES_MAX = 8,
    PROVIDER_TEXT_MAX = 200
};

enum provider_dialect {
    PROVIDER_OPENAI,
    PROVIDER_ANTHROPIC,
    PROVIDER_BEDROCK,
    PROVIDER_HOHEIT,
    PROVIDER_OTLP,   /* a collector of traces and measures; no models */
    PROVIDER_WITNESS /* add-checkpoint of C2SP tlog-witness; no models, no sink */
};

struct provider_model {
    char name[PROVIDER_MODEL_MAX];                             /* as the provider calls it */
    uint32_t provider;                                         /* which of the list */
    uint32_t is_priced;                                        /* else nobody knows what it costs */
    uint64_t micro_euro_in, micro_euro_cached, micro_euro_out; /* for a million tokens */
};

struct provider_public {
    char name[PROVIDER_NAME_MAX];
    char sink[PROVIDER_SINK_MAX]; /* text form of the label (policy/label.h) it may get */
    char region[64];
    char contract[PROVIDER_TEXT_MAX]; /* its number */
    char processor[PROVIDER_TEXT_MAX];
    char basis[PROVIDER_TEXT_MAX]; /* of law */
    char key[PROVIDER_KEY_MAX];    /* of a witness, as NAME+ID+BASE64 */
    uint32_t dialect;              /* enum provider_dialect */
};

struct provider_list {
    uint32_t count, model_count;
    struct provider_public at[PROVIDERS_MAX];
    struct provider_model models[PROVIDER_MODELS_MAX];
};

/* NULL if there is none. */
const struct provider_public *provider_list_find(const struct provider_list *l, str name);
const struct provider_model *
provider_list_model(const struct provider_list *l, str provider, str model);
/* Whether it is asked for answers of models. */
bool provider_has_models(const struct provider_public *p);
bool provider_is_witness(const struct provider_public *p);
/* "openai" */
const char *provider_dialect_name(enum provider_dialect d);
