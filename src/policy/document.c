/* SPDX-License-Identifier: EUPL-1.2 */
#include "policy/document.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/utf8.h"

static void *
yaml_memory(void *ctx, void *p, size_t size)
{
    (void)ctx;
    if (size)
        return mem_grow(p, size);
    mem_free(p);
    return NULL;
}

/* libcyaml tells first what is wrong, then where, from the innermost value outwards.  The line is
 * that of the value or of the mapping around it. */
struct complaint {
    char text[128];
    size_t line;
};

__attribute__((format(printf, 3, 0))) static void
yaml_log(cyaml_log_t level, void *ctx, const char *fmt, va_list ap)
{
    struct complaint *c = ctx;
    char text[256];
    vsnprintf(text, sizeof text, fmt, ap);
    const char *line = strstr(text, "(line: ");
    if (level < CYAML_LOG_ERROR)
        return;
    if (line && !c->line)
        c->line = strtoul(line + strlen("(line: "), NULL, 10);
    const char *s = text + strlen("Load: ");
    if (!c->text[0] && strncmp(text, "Load: ", 6) == 0 && strncmp(s, "Backtrace", 9) != 0)
        snprintf(c->text, sizeof c->text, "%.*s", (int)strcspn(s, "\n"), s);
}

static cyaml_config_t
yaml_config(struct complaint *c)
{
    return (cyaml_config_t){.log_fn = yaml_log,
                            .log_ctx = c,
                            .mem_fn = yaml_memory,
                            .log_level = CYAML_LOG_ERROR,
                            .flags = CYAML_CFG_NO_ALIAS};
}

void
document_free(const cyaml_schema_value_t *schema, void *document)
{
    struct complaint c = {0};
    const cyaml_config_t config = yaml_config(&c);
    cyaml_free(&config, schema, document, 0);
}

/* libcyaml reads the first document and leaves the rest alone; half a policy must not pass. */
static bool
has_second_document(str yaml)
{
    bool is_begun = false;
    str line;
    while (str_next(&yaml, '\n', &line)) {
        if (is_begun && str_starts(line, STR("---")))
            return true;
        is_begun = is_begun || (str_trim(line).len && line.at[0] != '#' && line.at[0] != '%' &&
                                line.at[0] != '\r');
    }
    return false;
}

static fallible
say_complaint(const char *file, const struct complaint *c, cyaml_err_t rc)
{
    const char *what = c->text[0] ? c->text : cyaml_strerror(rc);
    if (c->line)
        REFUSE(CONFIG, "", "%s, near line %zu: %s", file, c->line, what);
    REFUSE(CONFIG, "", "%s: %s", file, what);
}

fallible
document_read(const char *what, str text, const cyaml_schema_value_t *schema, void **ret)
{
    struct complaint c = {0};
    const cyaml_config_t config = yaml_config(&c);
    cyaml_data_t *data = NULL;
    if (text.len > DOCUMENT_BYTES_MAX)
        REFUSE(CONFIG, "", "the %s is larger than %d bytes", what, DOCUMENT_BYTES_MAX);
    if (!utf8_valid(text))
        REFUSE(CONFIG, "", "the %s is not UTF-8", what);
    if (has_second_document(text))
        REFUSE(CONFIG, "", "the %s has more than one document", what);
    const cyaml_err_t rc = cyaml_load_data((const uint8_t *)(text.len ? text.at : ""), text.len,
                                           &config, schema, &data, NULL);
    if (rc == CYAML_ERR_OOM)
        FAIL(LIMIT, "no memory for the %s", what);
    if (rc != CYAML_OK)
        return say_complaint(what, &c, rc);
    if (!data)
        REFUSE(CONFIG, "", "the %s is empty", what);
    *ret = data;
    return OK;
}
