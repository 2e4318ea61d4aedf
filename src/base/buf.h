/* SPDX-License-Identifier: EUPL-1.2 */
/* buf.h - bytes that grow, up to a limit, on the heap.
 *
 * Adding never reports: a buf that met its limit or ran out of memory keeps what it had, ignores
 * what follows and remembers `failed`.  The writer checks once, at the end, with buf_end.  So a
 * JSON encoder reads like prose and no half-written text is ever sent.
 *
 *     AUTO(buf) b = BUF(limit);
 *     buf_add(&b, STR("data: ")); ...
 *     TRY(buf_end(&b));
 *
 * One thread at a time.  `at` moves when the buf grows. */
#pragma once
#include "base/err.h"
#include "base/str.h"

typedef struct {
    char *at;
    size_t len, room, limit;
    bool failed;
} buf;

#define BUF(limit_bytes) ((buf){.limit = (limit_bytes)})

void buf_add(buf *b, str s);
void buf_add_char(buf *b, char c);
void buf_add_u64(buf *b, uint64_t n);
void buf_add_fmt(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* `len` bytes to write into, counted as added; NULL when it failed. */
char *buf_add_room(buf *b, size_t len);
/* Drops the first `len` bytes. */
void buf_drop(buf *b, size_t len);
/* Empty again, memory kept, `failed` cleared. */
void buf_clear(buf *b);
/* Memory given back. */
void buf_done(buf *b);
/* LIMIT if anything was lost. */
fallible buf_end(const buf *b);

static inline str
buf_str(const buf *b)
{
    return (str){b->at, b->len};
}

static inline void
buf_auto(buf *b)
{
    buf_done(b);
}
