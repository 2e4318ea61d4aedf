/* SPDX-License-Identifier: EUPL-1.2 */
/* router.h - finds the route of a method and a path.  Pure; patterns are few, so it walks them. */
#pragma once
#include "api/api.h"

struct routed {
    const struct route *route; /* NULL: none */
    str args[API_ARGS_MAX];    /* still percent-encoded */
    uint32_t allowed; /* methods the path knows, one bit each, when only the method is wrong */
};

/* HEAD takes GET's route.  Of several routes for one path and method `spoken`'s wins, then the
 * first whose dialect needs no mark, then the first. */
struct routed route_find(const struct route_table *tables, size_t count, enum http_method m,
                         str path, const struct dialect *spoken);
/* "GET, POST" into `room`. */
str route_allow(uint32_t allowed, char room[64]);
/* Why there is nothing at an address that is something elsewhere, and what is here instead, as the
 * rest of a sentence; NULL: it is not known elsewhere either. */
const char *route_absent(str path);
/* %XX decoded into the arena; ARGUMENT when malformed, NUL or not UTF-8. */
fallible percent_decode(arena *a, str s, str *ret);
