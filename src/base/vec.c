/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/vec.h"

#include <string.h>

enum { FIRST_ROOM = 4 };

/* `at_pointer` is the address of a T *, for any T; it is copied as bytes to keep to C's rules. */
fallible
vec_grow(arena *a, void *at_pointer, size_t count, size_t *room, size_t size)
{
    void *old, *at = NULL;
    ASSERT(size > 0 && count <= *room);
    if (count < *room)
        return OK;
    const size_t more = *room ? *room * 2 : FIRST_ROOM;
    TRY(try_arena_get(a, more, size, &at));
    memcpy(&old, at_pointer, sizeof old);
    if (count)
        memcpy(at, old, count * size);
    memcpy(at_pointer, &at, sizeof at);
    *room = more;
    return OK;
}
