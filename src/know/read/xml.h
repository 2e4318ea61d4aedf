/* SPDX-License-Identifier: EUPL-1.2 */
/* xml.h - XML of a document's parts, element by element (SAX), through expat.
 *
 * Names come as people know them: "w:p", "text:h", whatever prefix the file chose; of namespaces
 * that nobody here reads as "?:local", of none as ":local".  Refused: document types with
 * declarations (so no entity can be defined, none can grow), more than XML_DEPTH_MAX levels, what
 * is not well-formed.  Nothing outside the bytes is ever fetched.
 *
 * For the cell alone (read.h). */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { XML_DEPTH_MAX = 256 };

struct xml_hooks {
    err (*open)(void *ctx, str name, const char *const *attributes);
    err (*close)(void *ctx, str name);
    /* Any run of text may come in pieces. */
    err (*text)(void *ctx, str text);
    void *ctx;
};

/* PARSE, or what a hook returned.  Hooks that are NULL are not called. */
fallible xml_walk(str bytes, const struct xml_hooks *hooks);
/* The value of the attribute of that local name, empty if there is none. */
str xml_attribute(const char *const *attributes, const char *local_name);
