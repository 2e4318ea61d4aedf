/* SPDX-License-Identifier: EUPL-1.2 */
/* words.h - the short words of paths.def and types.def as JSON Schema.
 *
 * Kinds: "string|array"; "any" and nothing say nothing.  Members: "name:kinds name …", with * after
 * those that must be there.  Pure. */
#pragma once
#include "base/buf.h"

struct words_member {
    str name, kinds;
    bool needed;
};

bool words_next(str *rest, struct words_member *ret);
/* {"type": […]}, left open. */
void words_open_kinds(buf *b, str kinds, bool or_null);
void words_put_kinds(buf *b, str kinds, bool or_null);
/* "properties": {…}; those that need not be there may be null if `or_null`. */
void words_put_members(buf *b, str list, bool or_null);
/* "required": […] of those marked, or of all. */
void words_put_needed(buf *b, str list, bool all);
/* {"type": "object", left open. */
void words_open_object(buf *b);
void words_put_key(buf *b, str name); /* at most 255 bytes */
/* A whole body: no other members, unless … says so. */
void words_put_body(buf *b, str list);
