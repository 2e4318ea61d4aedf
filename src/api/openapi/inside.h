/* SPDX-License-Identifier: EUPL-1.2 */
/* inside.h - what the files that write the document share; nobody else includes it.  `other` is the
 * row of a second dialect on the same route, or NULL. */
#pragma once
#include <string.h>

#include "api/openapi/openapi.h"

/* bodies.c */
bool openapi_has_body(const struct openapi_path *p);
void openapi_put_request(buf *b, const struct openapi_path *p);
/* "content": {…} of the answer that was asked for. */
void openapi_put_contents(buf *b, const struct openapi_path *p, const struct openapi_path *other);
/* "TYPE": {"schema":, left open. */
void openapi_put_content(buf *b, const char *type);

/* errors.c */
void openapi_put_ref(buf *b, const char *kind, const char *name);
void openapi_put_errors(buf *b, const struct openapi_path *p, const struct openapi_path *other);
void openapi_put_components(buf *b);
