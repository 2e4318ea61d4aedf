/* SPDX-License-Identifier: EUPL-1.2 */
/* json.h - JSON (RFC 8259) read over yyjson under limits, and written into a buf.
 *
 * Reading: json_read checks UTF-8, depth, size and duplicate names before anybody looks at a
 * value, and says line and column of what is wrong.  A `jval` is a value with the way to it, so
 * that every typed read can name the field it refuses: "messages[2].content".  The document
 * lives in the arena; jvals are plain values and must not outlive it, nor the jval they were
 * reached from (they point up to it).
 *
 * A member's name that holds a NUL is refused, so names are C strings.
 *
 * Writing: plain calls into a buf; commas set themselves: a key or value writes one before it
 * when the last byte of the buf ends a value (a quote, a bracket, a digit, a letter).  Text is
 * escaped; invalid UTF-8 is written as U+FFFD, one for each bad byte, never passed on. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

typedef struct jval {
    const void *v;         /* yyjson_val; NULL: absent */
    const struct jval *up; /* NULL: the root */
    const char *name;      /* in `up`, an object; NULL in an array */
    size_t index;          /* in `up`, an array */
} jval;

enum jtype { J_ABSENT, J_NULL, J_BOOL, J_NUMBER, J_STRING, J_ARRAY, J_OBJECT };

enum { JSON_DEPTH_MAX = 64 };

/* PARSE with a public sentence: what, line, column.  The whole text must be one value. */
fallible json_read(arena *a, str text, jval *ret);

enum jtype json_type(jval v);
/* "messages[2].content" into `room`, cut to it; returns it.  "" for the root; a name that does not
 * look like a field's may be content and is shown as `?`. */
const char *json_path(const jval *v, char *room, size_t room_len);

/* The member, absent (v == NULL) when there is none or when it is null. `o` must be an object. */
jval json_get(const jval *o, const char *name);
/* The same, but null is told from absent. */
jval json_get_null(const jval *o, const char *name);
size_t json_count(const jval *container);
/* Linear in i for objects and mixed arrays: use json_each to walk. */
jval json_at(const jval *array, size_t i);

/* struct jwalk w = {0}; jval item; while (json_each(&array, &w, &item)) ...
 * For objects item.name is the member's name (NUL-ended, in the arena). */
struct jwalk {
    const void *next;
    size_t index;
};
bool json_each(const jval *container, struct jwalk *w, jval *ret);

/* Typed reads.  ARGUMENT naming the path when the type or the bound is wrong.  The opt_ forms
 * leave *ret alone when the value is absent or null; the others then refuse. */
fallible json_str(const jval *v, size_t len_max, str *ret);
fallible json_bool(const jval *v, bool *ret);
fallible json_i64(const jval *v, int64_t min, int64_t max, int64_t *ret);
fallible json_f64(const jval *v, double min, double max, double *ret);
fallible json_object(const jval *v);
fallible json_array(const jval *v, size_t count_min, size_t count_max);
fallible opt_json_str(const jval *v, size_t len_max, str *ret);
fallible opt_json_bool(const jval *v, bool *ret);
fallible opt_json_i64(const jval *v, int64_t min, int64_t max, int64_t *ret);
fallible opt_json_f64(const jval *v, double min, double max, double *ret);

/* The value as JSON text again (compact), appended. */
void json_put_value(buf *b, const jval *v);

/* Writing. */
void json_open(buf *b, char bracket); /* '{' or '[', after a comma if one is due */
void json_close(buf *b, char bracket);
void json_key(buf *b, const char *name);
void json_put_str(buf *b, str s); /* with quotes */
void json_put_raw(buf *b, str s); /* escaped, without quotes: for pieces of one string */
void json_put_u64(buf *b, uint64_t n);
void json_put_i64(buf *b, int64_t n);
void json_put_f64(buf *b, double d); /* shortest that reads back; not finite: null */
void json_put_bool(buf *b, bool v);
void json_put_null(buf *b);
/* key and value in one */
void json_member_str(buf *b, const char *name, str s);
void json_member_u64(buf *b, const char *name, uint64_t n);
void json_member_i64(buf *b, const char *name, int64_t n);
void json_member_f64(buf *b, const char *name, double d);
void json_member_bool(buf *b, const char *name, bool v);
