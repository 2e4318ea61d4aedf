/* SPDX-License-Identifier: EUPL-1.2 */
/* arena.h - memory named by lifetime: app, request, job, call.
 *
 * An arena reserves address space for its hard limit at birth (fallible); pages cost nothing
 * until touched.  Two promises are told apart by name: arena_new and friends cannot fail, they
 * are for sizes this program chose, and running past the limit with them is a panic; the try_
 * forms are for sizes an outsider chose and return LIMIT, leaving RESERVE bytes for the others.
 * Everything is freed at once.  An arena may carry destructors, run last-in first-out.
 *
 * Built with ARENA_PIECES every piece is its own malloc, so that ASan sees overruns and use
 * after reset inside an arena.  Not thread-safe: one arena, one thread. */
#pragma once
#include <stdlib.h>

#include "base/err.h"
#include "base/str.h"

enum { ARENA_RESERVE = 64 * 1024 };

typedef struct arena arena;

/* `limit` bytes for try_ forms and in all at most `limit` + ARENA_RESERVE. LIMIT if refused. */
fallible arena_open(size_t limit, arena **ret);
/* Runs the destructors and frees everything; NULL is fine. */
void arena_free(arena *a);
/* Runs the destructors and makes the arena empty; pages beyond 64 KiB go back to the system. */
void arena_reset(arena *a);
/* Bytes handed out since birth or reset. */
size_t arena_used(const arena *a);

/* Zeroed, aligned to 16.  Panics past the limit: for sizes chosen by the program. */
void *arena_get(arena *a, size_t size);
/* Zeroed; LIMIT past the limit: for sizes an outsider chose. */
fallible try_arena_get(arena *a, size_t count, size_t size, void **ret);
/* Runs `destroy(what)` at reset or free. */
void arena_on_end(arena *a, void (*destroy)(void *what), void *what);

#define arena_new(a, T) ((T *)arena_get(a, sizeof(T)))

/* Copies, with a NUL behind that is not counted. */
fallible try_arena_str(arena *a, str s, str *ret);
str arena_str(arena *a, str s);
/* Formatted text; panics past the limit, so only for text bounded by the program. */
str arena_fmt(arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static inline void
arena_auto(arena **a)
{
    arena_free(*a);
}
