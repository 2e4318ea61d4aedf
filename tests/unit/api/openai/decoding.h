/* SPDX-License-Identifier: EUPL-1.2 */
/* decoding.h - requests of the three routes, decoded under the default parameters. */
#pragma once
#include <stdio.h>

#include "api/openai/decode.h"
#include "unit/model/small_policy.h"

enum { ROOM = 256 * 1024 };

static struct openai_ask ask;
static struct params params;
static char text_room[ROOM];

static const struct route_case {
    enum openai_route route;
    const char *base, *value; /* what the route cannot do without */
} routes[] = {{ROUTE_C, "messages", "[{\"role\":\"user\",\"content\":\"x\"}]"},
              {ROUTE_T, "prompt", "\"x\""},
              {ROUTE_E, "input", "\"x\""}};

/* ---- decoding; what is decoded stays until the next call */
static inline err
decode(enum openai_route route, const char *text)
{
    static arena *a;
    jval body;
    arena_free(TAKE(a));
    memset(&ask, 0, sizeof ask);
    params_default(&params);
    TRY(arena_open(16 * 1024 * 1024, &a));
    TRY(json_read(a, str_of(text), &body));
    if (route == ROUTE_C)
        return openai_decode_chat(&params, a, &body, &ask);
    if (route == ROUTE_T)
        return openai_decode_text(&params, a, &body, &ask);
    return openai_decode_embed(&params, a, &body, &ask);
}

/* A request of the route with one member more; `value` may go on with others. */
static inline err
with(enum openai_route route, const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route_case *r = &routes[i];
        if (r->route != route)
            continue;
        if (strcmp(name, r->base) == 0)
            snprintf(text_room, ROOM, "{\"%s\":%s}", name, value);
        else
            snprintf(text_room, ROOM, "{\"%s\":%s,\"%s\":%s}", r->base, r->value, name, value);
    }
    return decode(route, text_room);
}

static inline void
check_taken(enum openai_route route, const char *name, const char *value, int line)
{
    const err e = with(route, name, value);
    if (e.code)
        test_fail(__FILE__, line, "%s: %s: %s", name, value, err_trail());
}

static inline void
check_refused(enum openai_route route, const char *name, const char *value, enum err_code code,
              int line)
{
    const err e = with(route, name, value);
    if (e.code != code)
        test_fail(__FILE__, line, "%s: %s: code %d, want %d", name, value, e.code, code);
    else if (strstr(err_public(e), name) == NULL)
        test_fail(__FILE__, line, "%s: %s: not named in \"%s\"", name, value, err_public(e));
}
#define TAKEN(route, name, value) check_taken(route, name, value, __LINE__)
#define REFUSED_AS(code, route, name, value) check_refused(route, name, value, ERR_##code, __LINE__)
#define NOT(route, name, value) REFUSED_AS(ARGUMENT, route, name, value)

/* Refused, and the sentence and the parameter name this place. */
static inline void
check_place(enum openai_route route, const char *text, enum err_code code, const char *place,
            int line)
{
    const err e = decode(route, text);
    if (e.code != code || strcmp(err_param(), place) != 0 || !strstr(err_public(e), place))
        test_fail(__FILE__, line, "%s: code %d, param \"%s\", \"%s\"", text, e.code, err_param(),
                  err_public(e));
}
#define PLACE(code, route, place, text) check_place(route, text, ERR_##code, place, __LINE__)

/* Decoded content has the least label, which any leave covers. */
static inline str
open_text(content c)
{
    AUTO(arena) *a = NULL;
    str text = STR("(closed)");
    CHECK_OK(arena_open(1 << 20, &a));
    policy *p = small_policy();
    const grant *g = small_grant(p, a, "offen");
    CHECK_OK(content_open(c, g, &text));
    policy_free(p);
    return text;
}

static inline bool
text_is(content c, const char *want)
{
    return str_eq(open_text(c), str_of(want));
}
