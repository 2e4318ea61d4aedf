/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/gzip.h"

#include <zlib.h>

#include "base/num.h"

enum { WINDOW_AND_GZIP = 15 + 16, MEMORY = 8, TYPES = 5 };

/* "gzip;q=0.5": the weight is not 0. */
static bool
has_weight(str parameters)
{
    str one;
    while (str_next(&parameters, ';', &one)) {
        str value = str_trim(one), name;
        double q = 1;
        if (str_next(&value, '=', &name) && str_eq_nocase(str_trim(name), STR("q")))
            return value.at && !num_f64(str_trim(value), 0, 1, &q).code && q > 0;
    }
    return true;
}

bool
gzip_is_accepted(str accept_encoding)
{
    bool any = false;
    str one;
    while (str_next(&accept_encoding, ',', &one)) {
        str rest = one, name;
        (void)str_next(&rest, ';', &name);
        name = str_trim(name);
        if (str_eq_nocase(name, STR("gzip")))
            return has_weight(rest);
        if (str_eq(name, STR("*")))
            any = has_weight(rest);
    }
    return any;
}

static bool
is_text(str type)
{
    static const char *const types[TYPES] = {"application/json", "application/x-jsonl",
                                             "application/jsonl", "text/plain", "text/html"};
    for (size_t i = 0; i < TYPES; i++)
        if (str_starts(type, str_of(types[i])))
            return true;
    return false;
}

bool
gzip_is_worth(int status, const struct http_field *fields, size_t count, str body)
{
    bool has_type = false;
    if (status != 200 || body.len < GZIP_BYTES_MIN || body.len > GZIP_BYTES_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(fields[i].name, STR("content-encoding")))
            return false;
        if (str_eq(fields[i].name, STR("content-type")))
            has_type = is_text(fields[i].value);
    }
    return has_type;
}

fallible
gzip_pack(arena *a, str body, str *ret)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)body.at, .avail_in = (uInt)body.len};
    void *room = NULL;
    ASSERT(body.len <= GZIP_BYTES_MAX);
    if (deflateInit2(&z, 1, Z_DEFLATED, WINDOW_AND_GZIP, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        FAIL(LIMIT, "no memory to pack an answer");
    const size_t bound = deflateBound(&z, (uLong)body.len);
    const err e = try_arena_get(a, bound, 1, &room);
    z.next_out = room;
    z.avail_out = (uInt)bound;
    const int end = e.code ? Z_MEM_ERROR : deflate(&z, Z_FINISH);
    (void)deflateEnd(&z);
    TRY(e);
    if (end != Z_STREAM_END)
        FAIL(INTERNAL, "an answer of %zu bytes was not packed", body.len);
    *ret = (str){room, z.total_out};
    return OK;
}
