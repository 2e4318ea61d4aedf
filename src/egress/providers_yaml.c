/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/providers_yaml.h"

#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "egress/provider_list.h"

enum { TEXT_MAX = 1024 };

#define MUST CYAML_FLAG_POINTER
#define MAY (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)
#define TEXT(key, flags, T, field) CYAML_FIELD_STRING_PTR(key, flags, T, field, 1, TEXT_MAX)

static const cyaml_schema_field_t model_fields[] = {
    TEXT("name", MUST, struct model_text, name), TEXT("in", MAY, struct model_text, in),
    TEXT("cached", MAY, struct model_text, cached), TEXT("out", MAY, struct model_text, out),
    CYAML_FIELD_END};
static const cyaml_schema_value_t model_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct model_text, model_fields)};

static const cyaml_schema_field_t currency_fields[] = {
    TEXT("code", MUST, struct currency_text, code),
    TEXT("micro_euro", MUST, struct currency_text, micro_euro), CYAML_FIELD_END};

static const cyaml_schema_field_t contract_fields[] = {
    TEXT("id", MAY, struct contract_text, id),
    TEXT("processor", MAY, struct contract_text, processor),
    TEXT("basis", MAY, struct contract_text, basis), CYAML_FIELD_END};

static const cyaml_schema_value_t pin_schema = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_MAX)};
static const cyaml_schema_field_t tls_fields[] = {
    TEXT("ca", MAY, struct tls_text, ca), TEXT("min", MAY, struct tls_text, min),
    CYAML_FIELD_SEQUENCE("pins", MAY, struct tls_text, pins, &pin_schema, 0, 64), CYAML_FIELD_END};

static const cyaml_schema_field_t credential_fields[] = {
    TEXT("scheme", MUST, struct credential_text, scheme),
    TEXT("file", MAY, struct credential_text, file),
    TEXT("region", MAY, struct credential_text, region),
    TEXT("service", MAY, struct credential_text, service), CYAML_FIELD_END};

static const cyaml_schema_field_t limits_fields[] = {
    TEXT("connect", MAY, struct limits_text, connect),
    TEXT("head", MAY, struct limits_text, head),
    TEXT("idle", MAY, struct limits_text, idle),
    TEXT("total", MAY, struct limits_text, total),
    TEXT("keep", MAY, struct limits_text, keep),
    TEXT("open", MAY, struct limits_text, open),
    TEXT("answer_bytes_max", MAY, struct limits_text, answer_bytes_max),
    TEXT("connections_max", MAY, struct limits_text, connections_max),
    TEXT("queue_max", MAY, struct limits_text, queue_max),
    TEXT("repeats_max", MAY, struct limits_text, repeats_max),
    TEXT("failures_max", MAY, struct limits_text, failures_max),
    CYAML_FIELD_END};

static const cyaml_schema_field_t provider_fields[] = {
    TEXT("name", MUST, struct provider_text, name),
    TEXT("dialect", MUST, struct provider_text, dialect),
    TEXT("url", MUST, struct provider_text, url),
    TEXT("sink", MUST, struct provider_text, sink),
    TEXT("region", MAY, struct provider_text, region),
    CYAML_FIELD_MAPPING_PTR("contract", MAY, struct provider_text, contract, contract_fields),
    CYAML_FIELD_MAPPING_PTR("currency", MAY, struct provider_text, currency, currency_fields),
    CYAML_FIELD_SEQUENCE("models", MAY, struct provider_text, models, &model_schema, 0,
                         PROVIDER_MODELS_MAX),
    CYAML_FIELD_MAPPING_PTR("tls", MAY, struct provider_text, tls, tls_fields),
    CYAML_FIELD_MAPPING_PTR("credential", MAY, struct provider_text, credential, credential_fields),
    CYAML_FIELD_MAPPING_PTR("limits", MAY, struct provider_text, limits, limits_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t provider_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct provider_text, provider_fields)};

static const cyaml_schema_field_t witness_fields[] = {
    TEXT("name", MUST, struct witness_text, name),
    TEXT("key", MUST, struct witness_text, key),
    TEXT("url", MUST, struct witness_text, url),
    CYAML_FIELD_MAPPING_PTR("tls", MAY, struct witness_text, tls, tls_fields),
    CYAML_FIELD_MAPPING_PTR("limits", MAY, struct witness_text, limits, limits_fields),
    CYAML_FIELD_END};
static const cyaml_schema_value_t witness_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct witness_text, witness_fields)};

static const cyaml_schema_field_t file_fields[] = {
    TEXT("version", MUST, providers_yaml, version),
    CYAML_FIELD_SEQUENCE("providers", MUST, providers_yaml, providers, &provider_schema, 0,
                         PROVIDERS_MAX),
    CYAML_FIELD_SEQUENCE("witnesses", MAY, providers_yaml, witnesses, &witness_schema, 0,
                         PROVIDER_WITNESSES_MAX),
    CYAML_FIELD_END};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, providers_yaml, file_fields)};

static void *
memory(void *ctx, void *p, size_t size)
{
    (void)ctx;
    if (size)
        return mem_grow(p, size);
    mem_free(p);
    return NULL;
}

/* The first complaint, and the first line of the places libcyaml then names. */
struct complaint {
    char text[128];
    size_t line;
};

__attribute__((format(printf, 3, 0))) static void
note_complaint(cyaml_log_t level, void *ctx, const char *fmt, va_list ap)
{
    struct complaint *const c = ctx;
    char text[256];
    (void)vsnprintf(text, sizeof text, fmt, ap);
    const char *const line = strstr(text, "(line: ");
    str rest = str_of(text), first;
    if (level < CYAML_LOG_ERROR)
        return;
    if (line && !c->line)
        c->line = strtoul(line + strlen("(line: "), NULL, 10);
    const str prefix = STR("Load: ");
    if (c->text[0] || !str_next(&rest, '\n', &first) || !str_starts(first, prefix) ||
        str_starts(first, STR("Load: Backtrace")))
        return;
    (void)str_copy(str_slice(first, prefix.len, prefix.len + sizeof c->text - 1), c->text,
                   sizeof c->text);
}

static cyaml_config_t
config_of(struct complaint *c)
{
    return (cyaml_config_t){.log_fn = note_complaint,
                            .log_ctx = c,
                            .mem_fn = memory,
                            .log_level = CYAML_LOG_ERROR,
                            .flags = CYAML_CFG_NO_ALIAS};
}

void
providers_yaml_free(providers_yaml *y)
{
    struct complaint c = {.line = 0};
    const cyaml_config_t config = config_of(&c);
    (void)cyaml_free(&config, &file_schema, y, 0); /* it knows the schema: nothing can fail */
}

/* libcyaml reads the first document and leaves the rest alone; half a list must not pass. */
static bool
has_second_document(str yaml)
{
    str line;
    for (bool begun = false; str_next(&yaml, '\n', &line);) {
        const str text = str_trim(line);
        if (begun && str_starts(line, STR("---")))
            return true;
        begun = begun || (text.len && text.at[0] != '#' && text.at[0] != '%');
    }
    return false;
}

fallible
providers_yaml_read(str yaml, providers_yaml **ret)
{
    struct complaint c = {.line = 0};
    const cyaml_config_t config = config_of(&c);
    cyaml_data_t *data = NULL;
    if (yaml.len > PROVIDERS_YAML_MAX || !utf8_valid(yaml) || has_second_document(yaml))
        REFUSE(CONFIG, "", "providers.yaml is one document of UTF-8 of at most %d bytes",
               PROVIDERS_YAML_MAX);
    const cyaml_err_t rc = cyaml_load_data((const uint8_t *)(yaml.len ? yaml.at : ""), yaml.len,
                                           &config, &file_schema, &data, NULL);
    if (rc == CYAML_ERR_OOM)
        FAIL(LIMIT, "no memory for providers.yaml");
    if (rc != CYAML_OK && c.line)
        REFUSE(CONFIG, "", "providers.yaml, near line %zu: %s", c.line,
               c.text[0] ? c.text : cyaml_strerror(rc));
    if (rc != CYAML_OK || !data)
        REFUSE(CONFIG, "", "providers.yaml: %s",
               c.text[0]        ? c.text
               : rc != CYAML_OK ? cyaml_strerror(rc)
                                : "it is empty");
    *ret = (providers_yaml *)data;
    return OK;
}
