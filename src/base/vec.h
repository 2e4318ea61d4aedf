/* SPDX-License-Identifier: EUPL-1.2 */
/* vec.h - a list that grows in an arena.
 *
 *     VEC(struct message) messages;      a struct {at, count, room}
 *     TRY(VEC_ADD(a, &v, &item));        item is copied to the end
 *
 * Old rows stay in the arena when it grows (doubling: at most as much again). */
#pragma once
#include "base/arena.h"

#define VEC(T)                                                                                     \
    struct {                                                                                       \
        T *at;                                                                                     \
        size_t count, room;                                                                        \
    }

/* LIMIT when the arena is full: counts come from outside more often than not. */
fallible vec_grow(arena *a, void *at_pointer, size_t count, size_t *room, size_t size);

#define VEC_ADD(a, v, item)                                                                        \
    ({                                                                                             \
        const err ve_ = vec_grow(a, &(v)->at, (v)->count, &(v)->room, sizeof *(v)->at);            \
        if (!ve_.code)                                                                             \
            (v)->at[(v)->count++] = *(item);                                                       \
        ve_;                                                                                       \
    })
