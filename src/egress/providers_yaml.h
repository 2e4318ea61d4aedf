/* SPDX-License-Identifier: EUPL-1.2 */
/* providers_yaml.h - providers.yaml as texts, its form checked (libcyaml), its values not yet.
 *
 * Numbers and durations stay text: libcyaml would take "1O" for 1.  For egress/ only. */
#pragma once
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

enum { PROVIDERS_YAML_MAX = 256 * 1024 };

struct model_text {
    char *name, *in, *cached, *out;
};

struct currency_text {
    char *code, *micro_euro;
};

struct contract_text {
    char *id, *processor, *basis;
};

struct tls_text {
    char *ca, *min; /* NULL: none */
    char **pins;
    uint32_t pins_count;
};

struct credential_text {
    char *scheme, *file, *region, *service;
};

struct limits_text {
    char *connect, *head, *idle, *total, *keep, *open;
    char *answer_bytes_max, *connections_max, *queue_max, *repeats_max, *failures_max;
};

struct provider_text { /* pointers to structs are NULL where the file has none */
    char *name, *dialect, *url, *sink, *region;
    struct contract_text *contract;
    struct currency_text *currency;
    struct model_text *models;
    uint32_t models_count;
    struct tls_text *tls;
    struct credential_text *credential;
    struct limits_text *limits;
};

struct witness_text {
    char *name, *key, *url;
    struct tls_text *tls;
    struct limits_text *limits;
};

typedef struct providers_yaml {
    char *version;
    struct provider_text *providers;
    uint32_t providers_count;
    struct witness_text *witnesses;
    uint32_t witnesses_count;
} providers_yaml;

/* CONFIG with a public sentence and, where there is one, a line.  *ret is never NULL then. */
fallible providers_yaml_read(str yaml, providers_yaml **ret);
/* NULL is fine. */
void providers_yaml_free(providers_yaml *y);

static inline void
providers_yaml_auto(providers_yaml **y)
{
    providers_yaml_free(*y);
}
