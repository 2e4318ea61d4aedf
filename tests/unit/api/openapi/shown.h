/* SPDX-License-Identifier: EUPL-1.2 */
/* shown.h - the document, read again. */
#pragma once
#include "api/openapi/openapi.h"
#include "base/json.h"
#include "test.h"

static inline jval
document(arena *a, buf *b)
{
    jval j = {.v = NULL};
    openapi_put(b);
    CHECK_OK(buf_end(b));
    CHECK_OK(json_read(a, buf_str(b), &j));
    return j;
}

#define DOCUMENT(j)                                                                                \
    AUTO(arena) *doc_arena = NULL;                                                                 \
    AUTO(buf) doc_buf = BUF(OPENAPI_BYTES_MAX);                                                    \
    CHECK_OK(arena_open(64 * 1024 * 1024, &doc_arena));                                            \
    const jval j = document(doc_arena, &doc_buf)

/* "a.b.c" from `j`; a member's name may hold what it likes but blanks. */
static inline jval
at(const jval *j, const char *way)
{
    static jval kept[32];
    static size_t next;
    str rest = str_of(way), one;
    jval *v = &kept[next++ % 32];
    *v = *j;
    while (str_next(&rest, ' ', &one)) {
        char name[128];
        CHECK(str_copy(one, name, sizeof name));
        const jval up = *v;
        if (json_type(up) != J_OBJECT)
            return (jval){.v = NULL};
        v = &kept[next++ % 32];
        *v = json_get(&kept[(next - 2) % 32], name);
    }
    return *v;
}

static inline str
text_at(const jval *j, const char *way)
{
    str s = STR_NONE;
    const jval v = at(j, way);
    if (json_str(&v, 4096, &s).code)
        test_fail(__FILE__, __LINE__, "no text at %s", way);
    return s;
}
