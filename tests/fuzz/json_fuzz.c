/* SPDX-License-Identifier: EUPL-1.2 */
/* json_fuzz.c - any bytes are refused with a place, or are a document that survives being
 * written: what is written is valid UTF-8, reads again, and is written the same again. */
#include <float.h>
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"

enum { LIMIT = 16 << 20 };

static arena *
fresh(int which)
{
    static arena *arenas[2];
    if (!arenas[which])
        ASSERT(arena_open(LIMIT, &arenas[which]).code == ERR_OK);
    arena_reset(arenas[which]);
    return arenas[which];
}

/* Exactly the reads of the value's type succeed. */
static void
check_reads(const jval *v)
{
    str s = STR_NONE;
    bool b;
    int64_t i = 0;
    double d = 0;
    char path[64];
    const enum jtype t = json_type(*v);
    ASSERT((json_str(v, SIZE_MAX, &s).code == ERR_OK) == (t == J_STRING));
    ASSERT((json_bool(v, &b).code == ERR_OK) == (t == J_BOOL));
    ASSERT((json_f64(v, -DBL_MAX, DBL_MAX, &d).code == ERR_OK) == (t == J_NUMBER));
    ASSERT(json_i64(v, INT64_MIN, INT64_MAX, &i).code != ERR_OK || (double)i == d);
    ASSERT((json_object(v).code == ERR_OK) == (t == J_OBJECT));
    ASSERT((json_array(v, 0, SIZE_MAX).code == ERR_OK) == (t == J_ARRAY));
    ASSERT(utf8_valid(s));
    ASSERT(strlen(json_path(v, path, sizeof path)) < sizeof path);
}

static size_t
walk(const jval *v, int depth)
{
    struct jwalk w = {0};
    jval item;
    size_t count = 0;
    ASSERT(depth <= JSON_DEPTH_MAX);
    check_reads(v);
    while (json_each(v, &w, &item)) {
        ASSERT(item.name ? json_get_null(v, item.name).v == item.v : item.index == count);
        walk(&item, depth + 1);
        count++;
    }
    ASSERT(count == json_count(v));
    return count;
}

static void
check_written(const jval *v)
{
    AUTO(buf) first = BUF(LIMIT);
    AUTO(buf) second = BUF(LIMIT);
    jval again = {0};
    json_put_value(&first, v);
    ASSERT(buf_end(&first).code == ERR_OK);
    ASSERT(utf8_valid(buf_str(&first)));
    ASSERT(json_read(fresh(1), buf_str(&first), &again).code == ERR_OK);
    json_put_value(&second, &again);
    ASSERT(str_eq(buf_str(&first), buf_str(&second)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    jval v = {0};
    const err e = json_read(fresh(0), (str){(const char *)data, len}, &v);
    if (e.code) {
        ASSERT(v.v == NULL && (e.code == ERR_PARSE || e.code == ERR_LIMIT));
        ASSERT(e.code == ERR_LIMIT || strncmp(err_public(e), "line ", 5) == 0);
        return 0;
    }
    walk(&v, 0);
    check_written(&v);
    return 0;
}
