/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <yyjson.h>

#include "base/fault.h"
#include "base/map.h"
#include "base/utf8.h"

enum { PATH_ROOM = 96, WHAT_ROOM = 128, FEW_MEMBERS = 16 };

/* yyjson's getters take pointers to non-const though they write nothing. */
static yyjson_val *
val_of(const void *v)
{
    return (yyjson_val *)(uintptr_t)v;
}

/* ---- reading a document */

static fallible
refuse_at(str text, size_t at, const char *what)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < at && i < text.len; i++) {
        if (text.at[i] == '\n') {
            line++;
            column = 1;
        } else if ((text.at[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    REFUSE(PARSE, "", "line %zu, column %zu: %s", line, column, what);
}

static bool
is_escaped(str text, size_t at)
{
    size_t slashes = 0;
    while (slashes < at && text.at[at - slashes - 1] == '\\')
        slashes++;
    return slashes % 2;
}

/* Offset of the quote that ends the string begun at `i`, or the end of the text. */
static size_t
string_end(str text, size_t i)
{
    const char *end = text.at + text.len, *p = text.at + i;
    do
        p = memchr(p + 1, '"', (size_t)(end - p - 1));
    while (p && is_escaped(text, (size_t)(p - text.at)));
    return p ? (size_t)(p - text.at) : text.len;
}

/* One pass over the bare structure: how deep it goes, and how many values it can have at most,
 * since each follows the start, a bracket, a comma or a colon.  So memory is known beforehand
 * and no reader need be trusted with a depth. */
static fallible
survey(str text, size_t *ret_values)
{
    size_t depth = 0, values = 1;
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (c == '"')
            i = string_end(text, i);
        else if (c == '[' || c == '{')
            depth++, values++;
        else if (c == ',' || c == ':')
            values++;
        else if ((c == ']' || c == '}') && depth)
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return refuse_at(text, i, "nested too deeply");
    }
    *ret_values = values;
    return OK;
}

static void *
heap_get(void *ctx, size_t size)
{
    (void)ctx;
    return mem_get(size);
}

static void *
heap_grow(void *ctx, void *p, size_t old_size, size_t size)
{
    (void)ctx, (void)old_size;
    return mem_grow(p, size);
}

static void
heap_free(void *ctx, void *p)
{
    (void)ctx;
    mem_free(p);
}

/* yyjson guesses generously how many values a text holds, which would fill the arena; so they
 * are read on the heap, where pages not touched cost nothing, and moved into an exact place
 * reserved before.  They may move because containers hold distances; strings point into
 * `copy`, which is in the arena already. */
static fallible
read_values(str text, char *copy, yyjson_val *room, size_t room_count, size_t *ret_count)
{
    const yyjson_alc alc = {heap_get, heap_grow, heap_free, NULL};
    yyjson_read_err e;
    yyjson_doc *doc = yyjson_read_opts(copy, text.len, YYJSON_READ_INSITU, &alc, &e);
    if (!doc && e.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
        FAIL(LIMIT, "out of memory");
    if (!doc)
        return refuse_at(text, e.pos, e.msg);
    const size_t count = yyjson_doc_get_val_count(doc);
    ASSERT(count <= room_count);
    memcpy(room, yyjson_doc_get_root(doc), count * sizeof *room);
    yyjson_doc_free(doc);
    *ret_count = count;
    return OK;
}

static str
str_of_val(yyjson_val *v)
{
    return (str){unsafe_yyjson_get_str(v), unsafe_yyjson_get_len(v)};
}

static bool
repeats_before(yyjson_val *object, yyjson_val *key)
{
    yyjson_val *k = unsafe_yyjson_get_first(object);
    for (; k != key; k = unsafe_yyjson_get_next(k + 1))
        if (str_eq(str_of_val(k), str_of_val(key)))
            return true;
    return false;
}

/* The first key that is there already or that C would cut short; NULL if none.  Large objects
 * take a map, so that nobody can make this quadratic. */
static fallible
find_bad_key(yyjson_val *object, yyjson_val **ret)
{
    AUTO(map) seen = {0};
    const size_t count = unsafe_yyjson_get_len(object);
    yyjson_val *key = unsafe_yyjson_get_first(object);
    *ret = NULL;
    for (size_t i = 0; i < count && !*ret; i++, key = unsafe_yyjson_get_next(key + 1)) {
        const str name = str_of_val(key);
        const bool twice =
            count > FEW_MEMBERS ? map_get(&seen, name) != NULL : repeats_before(object, key);
        if (twice || str_find_char(name, '\0') >= 0)
            *ret = key;
        else if (count > FEW_MEMBERS)
            TRY(map_put(&seen, name, key));
    }
    return OK;
}

/* The values lie one after the other, so every object is met without descending. */
static fallible
check_keys(str text, const char *copy, yyjson_val *values, size_t count)
{
    yyjson_val *bad;
    for (size_t i = 0; i < count; i++) {
        if (!unsafe_yyjson_is_obj(&values[i]))
            continue;
        TRY(find_bad_key(&values[i], &bad));
        if (bad)
            return refuse_at(text, (size_t)(unsafe_yyjson_get_str(bad) - copy),
                             "this member's name was used before or holds a NUL");
    }
    return OK;
}

fallible
json_read(arena *a, str text, jval *ret)
{
    void *copy = NULL, *values = NULL;
    size_t most = 0, count = 0;
    const size_t well = utf8_valid_len(text);
    if (well < text.len)
        return refuse_at(text, well, "not valid UTF-8");
    if (!text.len)
        return refuse_at(text, 0, "the text is empty");
    TRY(survey(text, &most));
    TRY(try_arena_get(a, most, sizeof(yyjson_val), &values));
    TRY(try_arena_get(a, text.len + YYJSON_PADDING_SIZE, 1, &copy));
    memcpy(copy, text.at, text.len);
    TRY(read_values(text, copy, values, most, &count));
    TRY(check_keys(text, copy, values, count));
    *ret = (jval){.v = values};
    return OK;
}

/* ---- looking at values */

enum jtype
json_type(jval v)
{
    static const enum jtype types[] = {
        [YYJSON_TYPE_NULL] = J_NULL,  [YYJSON_TYPE_BOOL] = J_BOOL, [YYJSON_TYPE_NUM] = J_NUMBER,
        [YYJSON_TYPE_STR] = J_STRING, [YYJSON_TYPE_ARR] = J_ARRAY, [YYJSON_TYPE_OBJ] = J_OBJECT,
    };
    return v.v ? types[unsafe_yyjson_get_type(val_of(v.v))] : J_ABSENT;
}

/* A name is shown when it looks like a field's; another may be content and is shown as `?`. */
static bool
is_field_name(const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$";
    const size_t len = strspn(name, plain);
    return len > 0 && len <= 64 && !name[len];
}

static size_t
put_step(const jval *v, bool first, char *room, size_t room_len)
{
    int n;
    if (!v->name)
        n = snprintf(room, room_len, "[%zu]", v->index);
    else
        n = snprintf(room, room_len, "%s%s", first ? "" : ".",
                     is_field_name(v->name) ? v->name : "?");
    return n < 0 ? 0 : (size_t)n;
}

const char *
json_path(const jval *v, char *room, size_t room_len)
{
    const jval *steps[JSON_DEPTH_MAX + 1];
    size_t count = 0, len = 0;
    ASSERT(room_len > 0);
    for (; v && v->up && count <= JSON_DEPTH_MAX; v = v->up)
        steps[count++] = v;
    room[0] = '\0';
    for (bool first = true; count && len < room_len; first = false)
        len += put_step(steps[--count], first, room + len, room_len - len);
    return room;
}

jval
json_get_null(const jval *o, const char *name)
{
    jval member = {.up = o, .name = name};
    if (json_type(*o) == J_OBJECT)
        member.v = yyjson_obj_get(val_of(o->v), name);
    return member;
}

jval
json_get(const jval *o, const char *name)
{
    jval member = json_get_null(o, name);
    if (json_type(member) == J_NULL)
        member.v = NULL;
    return member;
}

size_t
json_count(const jval *container)
{
    const enum jtype t = json_type(*container);
    return t == J_ARRAY || t == J_OBJECT ? unsafe_yyjson_get_len(val_of(container->v)) : 0;
}

jval
json_at(const jval *array, size_t i)
{
    jval item = {.up = array, .index = i};
    if (json_type(*array) == J_ARRAY)
        item.v = yyjson_arr_get(val_of(array->v), i);
    return item;
}

bool
json_each(const jval *container, struct jwalk *w, jval *ret)
{
    if (w->index >= json_count(container))
        return false;
    yyjson_val *first = unsafe_yyjson_get_first(val_of(container->v));
    yyjson_val *at = w->next ? val_of(w->next) : first;
    *ret = (jval){.v = at, .up = container, .index = w->index++};
    if (json_type(*container) == J_OBJECT) {
        ret->name = unsafe_yyjson_get_str(at);
        ret->v = ++at;
    }
    w->next = unsafe_yyjson_get_next(at);
    return true;
}

/* ---- typed reads */

static fallible
refuse(const jval *v, const char *must_be)
{
    char room[PATH_ROOM];
    const char *path = json_path(v, room, sizeof room);
    const char *name = path[0] ? path : "the whole";
    if (!v->v)
        REFUSE(ARGUMENT, path, "%s is required", name);
    REFUSE(ARGUMENT, path, "%s must be %s", name, must_be);
}

fallible
json_str(const jval *v, size_t len_max, str *ret)
{
    char what[WHAT_ROOM];
    if (json_type(*v) != J_STRING)
        return refuse(v, "a string");
    const str s = str_of_val(val_of(v->v));
    if (s.len > len_max) {
        snprintf(what, sizeof what, "at most %zu bytes long", len_max);
        return refuse(v, what);
    }
    *ret = s;
    return OK;
}

fallible
json_bool(const jval *v, bool *ret)
{
    if (json_type(*v) != J_BOOL)
        return refuse(v, "true or false");
    *ret = unsafe_yyjson_get_bool(val_of(v->v));
    return OK;
}

/* A number without a fraction, 3.0 as well; beyond 2^53 a double no longer says which. */
static bool
is_whole(const jval *v, int64_t *ret)
{
    const double exact_max = 9007199254740992.0;
    if (json_type(*v) != J_NUMBER)
        return false;
    yyjson_val *n = val_of(v->v);
    const double d = unsafe_yyjson_is_real(n) ? unsafe_yyjson_get_real(n) : 0;
    if (unsafe_yyjson_is_real(n) && !(d >= -exact_max && d <= exact_max && d == (double)(int64_t)d))
        return false;
    if (unsafe_yyjson_is_uint(n) && unsafe_yyjson_get_uint(n) > INT64_MAX)
        return false;
    *ret = unsafe_yyjson_is_real(n) ? (int64_t)d : unsafe_yyjson_get_sint(n);
    return true;
}

fallible
json_i64(const jval *v, int64_t min, int64_t max, int64_t *ret)
{
    char what[WHAT_ROOM];
    int64_t n;
    if (!is_whole(v, &n) || n < min || n > max) {
        snprintf(what, sizeof what, "a whole number from %" PRId64 " to %" PRId64, min, max);
        return refuse(v, what);
    }
    *ret = n;
    return OK;
}

fallible
json_f64(const jval *v, double min, double max, double *ret)
{
    char what[WHAT_ROOM];
    const bool is_number = json_type(*v) == J_NUMBER;
    const double d = is_number ? yyjson_get_num(val_of(v->v)) : 0;
    if (!is_number || !(d >= min && d <= max)) {
        snprintf(what, sizeof what, "a number from %g to %g", min, max);
        return refuse(v, what);
    }
    *ret = d;
    return OK;
}

fallible
json_object(const jval *v)
{
    return json_type(*v) == J_OBJECT ? OK : refuse(v, "an object");
}

fallible
json_array(const jval *v, size_t count_min, size_t count_max)
{
    char what[WHAT_ROOM];
    if (json_type(*v) == J_ARRAY && json_count(v) >= count_min && json_count(v) <= count_max)
        return OK;
    snprintf(what, sizeof what, "an array of %zu to %zu items", count_min, count_max);
    return refuse(v, what);
}

static bool
is_given(const jval *v)
{
    return json_type(*v) != J_ABSENT && json_type(*v) != J_NULL;
}

fallible
opt_json_str(const jval *v, size_t len_max, str *ret)
{
    return is_given(v) ? json_str(v, len_max, ret) : OK;
}

fallible
opt_json_bool(const jval *v, bool *ret)
{
    return is_given(v) ? json_bool(v, ret) : OK;
}

fallible
opt_json_i64(const jval *v, int64_t min, int64_t max, int64_t *ret)
{
    return is_given(v) ? json_i64(v, min, max, ret) : OK;
}

fallible
opt_json_f64(const jval *v, double min, double max, double *ret)
{
    return is_given(v) ? json_f64(v, min, max, ret) : OK;
}
