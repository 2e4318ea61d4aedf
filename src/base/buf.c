/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"

enum { FIRST_ROOM = 256 };

/* The next doubling that holds `need`, cut to the limit. */
static size_t
next_room(const buf *b, size_t need)
{
    size_t room = b->room ? b->room : FIRST_ROOM;
    while (room < need && room <= b->limit / 2)
        room *= 2;
    if (room < need || room > b->limit)
        room = b->limit;
    return room;
}

/* One byte more than `room`, for the NUL that vsnprintf insists on. */
static bool
grow(buf *b, size_t more)
{
    char *at = NULL;
    size_t room = 0;
    if (!b->failed && b->len <= b->limit && more <= b->limit - b->len) {
        room = next_room(b, b->len + more);
        at = room < SIZE_MAX ? mem_grow(b->at, room + 1) : NULL;
    }
    if (!at) {
        b->failed = true;
        return false;
    }
    b->at = at;
    b->room = room;
    return true;
}

static inline bool
has_room(buf *b, size_t more)
{
    return (!b->failed && more <= b->room - b->len) || grow(b, more);
}

void
buf_add(buf *b, str s)
{
    if (!s.len || !has_room(b, s.len))
        return;
    memcpy(b->at + b->len, s.at, s.len);
    b->len += s.len;
}

void
buf_add_char(buf *b, char c)
{
    if (has_room(b, 1))
        b->at[b->len++] = c;
}

void
buf_add_u64(buf *b, uint64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    buf_add(b, (str){digits + at, sizeof digits - at});
}

/* Into the room there is; returns the length it takes, whether or not it fitted. */
static __attribute__((format(printf, 2, 0))) size_t
print(buf *b, const char *fmt, va_list ap)
{
    const int n =
        vsnprintf(b->at ? b->at + b->len : NULL, b->at ? b->room - b->len + 1 : 0, fmt, ap);
    ASSERT(n >= 0);
    return (size_t)n;
}

void
buf_add_fmt(buf *b, const char *fmt, ...)
{
    va_list ap, again;
    if (b->failed)
        return;
    va_start(ap, fmt);
    va_copy(again, ap);
    const size_t n = print(b, fmt, ap);
    va_end(ap);
    if (n > b->room - b->len && has_room(b, n))
        print(b, fmt, again);
    va_end(again);
    if (!b->failed)
        b->len += n;
}

char *
buf_add_room(buf *b, size_t len)
{
    if (!(b->at ? has_room(b, len) : grow(b, len)))
        return NULL;
    char *at = b->at + b->len;
    b->len += len;
    return at;
}

void
buf_drop(buf *b, size_t len)
{
    ASSERT(len <= b->len);
    if (!len)
        return;
    b->len -= len;
    memmove(b->at, b->at + len, b->len);
}

void
buf_clear(buf *b)
{
    b->len = 0;
    b->failed = false;
}

void
buf_done(buf *b)
{
    mem_free(b->at);
    *b = BUF(b->limit);
}

fallible
buf_end(const buf *b)
{
    if (b->failed)
        FAIL(LIMIT, "a buffer limited to %zu bytes lost what followed %zu bytes", b->limit, b->len);
    return OK;
}
