/* SPDX-License-Identifier: EUPL-1.2 */
/* document.h - one YAML document read by libcyaml under a schema, in the house's terms: nothing
 * unknown, no aliases, no second document, UTF-8 only, and a sentence that names the line.
 *
 * What was read is libcyaml's memory until document_free. */
#pragma once
#include <cyaml/cyaml.h>

#include "base/err.h"
#include "base/str.h"

enum { DOCUMENT_BYTES_MAX = 256 * 1024 };

/* `what` begins the public sentence ("policy file").  CONFIG, LIMIT without memory. */
fallible document_read(const char *what, str text, const cyaml_schema_value_t *schema, void **ret);
/* NULL is fine. */
void document_free(const cyaml_schema_value_t *schema, void *document);
