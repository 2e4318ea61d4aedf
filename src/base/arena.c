/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fault.h"

enum { ALIGN = 16, KEPT = 64 * 1024 };

struct end {
    void (*destroy)(void *what);
    void *what;
    struct end *before;
};

static size_t
round_up(size_t size)
{
    return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

/* Both kinds share what follows: arena_make, arena_unmake, take (zeroed) and empty. */
#ifdef ARENA_PIECES

struct piece {
    struct piece *before;
    _Alignas(ALIGN) char bytes[];
};

struct arena {
    size_t used, limit;
    struct end *ends;
    struct piece *pieces;
};

static arena *
arena_make(size_t limit)
{
    (void)limit;
    return calloc(1, sizeof(arena));
}

static void *
take(arena *a, size_t size)
{
    struct piece *p = calloc(1, sizeof *p + size);
    if (!p)
        return NULL;
    p->before = a->pieces;
    a->pieces = p;
    return p->bytes;
}

static void
empty(arena *a)
{
    while (a->pieces) {
        struct piece *p = a->pieces;
        a->pieces = p->before;
        free(p);
    }
}

static void
arena_unmake(arena *a)
{
    empty(a);
    free(a);
}

#else

/* Lives at the start of its own mapping. */
struct arena {
    size_t used, limit;
    struct end *ends;
    _Alignas(ALIGN) char bytes[];
};

static size_t
mapped_len(size_t limit)
{
    return sizeof(arena) + limit + ARENA_RESERVE;
}

/* Without MADV_NOHUGEPAGE the first byte of a large arena may cost two megabytes. */
static arena *
arena_make(size_t limit)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *p = mmap(NULL, mapped_len(limit), PROT_READ | PROT_WRITE, flags, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    (void)madvise(p, mapped_len(limit), MADV_NOHUGEPAGE);
    return p;
}

static void *
take(arena *a, size_t size)
{
    (void)size;
    return a->bytes + a->used;
}

/* Gives [from, to) back as zeros; memory locked by mlockall cannot be dropped. */
static void
drop(char *from, char *to)
{
    if (madvise(from, (size_t)(to - from), MADV_DONTNEED) != 0)
        memset(from, 0, (size_t)(to - from));
}

static void
empty(arena *a)
{
    char *to = a->bytes + a->used, *kept_to = (char *)a + KEPT;
    if (to > kept_to)
        drop(kept_to, to);
    memset(a->bytes, 0, (size_t)((to < kept_to ? to : kept_to) - a->bytes));
}

static void
arena_unmake(arena *a)
{
    munmap(a, mapped_len(a->limit));
}

#endif

fallible
arena_open(size_t limit, arena **ret)
{
    if (limit > SIZE_MAX / 4 || fault_now())
        FAIL(LIMIT, "an arena of %zu bytes cannot be had", limit);
    limit = round_up(limit);
    arena *a = arena_make(limit);
    if (!a)
        FAIL(LIMIT, "an arena of %zu bytes cannot be had", limit);
    a->limit = limit;
    *ret = a;
    return OK;
}

static void
run_ends(arena *a)
{
    while (a->ends) {
        const struct end *e = a->ends;
        a->ends = e->before;
        e->destroy(e->what);
    }
}

void
arena_free(arena *a)
{
    if (!a)
        return;
    run_ends(a);
    arena_unmake(a);
}

void
arena_reset(arena *a)
{
    run_ends(a);
    empty(a);
    a->used = 0;
}

size_t
arena_used(const arena *a)
{
    return a->used;
}

/* Limits are rounded as sizes are, so what fits also fits when it is rounded. */
static bool
fits(const arena *a, size_t size, size_t most)
{
    return a->used <= most && size <= most - a->used;
}

void *
arena_get(arena *a, size_t size)
{
    ASSERT(fits(a, size, a->limit + ARENA_RESERVE));
    void *p = take(a, size);
    ASSERT(p != NULL);
    a->used += round_up(size);
    return p;
}

fallible
try_arena_get(arena *a, size_t count, size_t size, void **ret)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || !fits(a, bytes, a->limit) || fault_now())
        FAIL(LIMIT, "%zu times %zu bytes are too many: %zu of %zu are used", count, size, a->used,
             a->limit);
    void *p = take(a, bytes);
    if (!p)
        FAIL(LIMIT, "out of memory");
    a->used += round_up(bytes);
    *ret = p;
    return OK;
}

void
arena_on_end(arena *a, void (*destroy)(void *what), void *what)
{
    ASSERT(destroy != NULL);
    struct end *e = arena_new(a, struct end);
    *e = (struct end){destroy, what, a->ends};
    a->ends = e;
}

static str
copy_into(char *room, str s)
{
    ASSERT(room != NULL);
    if (s.len)
        memcpy(room, s.at, s.len);
    return (str){room, s.len};
}

fallible
try_arena_str(arena *a, str s, str *ret)
{
    void *room = NULL;
    if (s.len == SIZE_MAX)
        FAIL(LIMIT, "a text of %zu bytes", s.len);
    TRY(try_arena_get(a, s.len + 1, 1, &room));
    *ret = copy_into(room, s);
    return OK;
}

str
arena_str(arena *a, str s)
{
    ASSERT(s.len < SIZE_MAX);
    return copy_into(arena_get(a, s.len + 1), s);
}

str
arena_fmt(arena *a, const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    const int len = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    ASSERT(len >= 0);
    char *room = arena_get(a, (size_t)len + 1);
    vsnprintf(room, (size_t)len + 1, fmt, again);
    va_end(again);
    return (str){room, (size_t)len};
}
