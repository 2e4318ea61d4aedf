/* SPDX-License-Identifier: EUPL-1.2 */
/* wire.h - a decoder's rig for the Bedrock dialect; what is decoded stays until the next call. */
#pragma once
#include <stdio.h>

#include "api/bedrock/decode.h"
#include "base/fault.h"
#include "unit/model/small_policy.h"

enum { BEDROCK_ROOM = 1024 * 1024 };

static arena *wire_a;
static struct bedrock_ask wire;
static char bedrock_room[BEDROCK_ROOM];

static inline err
wire_decode_as(enum bedrock_route route, str text)
{
    struct params params;
    static jval body;
    arena_free(TAKE(wire_a));
    memset(&wire, 0, sizeof wire);
    params_default(&params);
    TRY(arena_open(64 * 1024 * 1024, &wire_a));
    TRY(json_read(wire_a, text, &body));
    return bedrock_decode(&params, wire_a, &body, route, &wire);
}

#define HELLO "\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":\"x\"}]}]"

/* A request with more members. */
static inline err
bedrock_with(const char *members)
{
    snprintf(bedrock_room, sizeof bedrock_room, "{" HELLO ",%s}", members);
    return wire_decode_as(BEDROCK_CONVERSE, str_of(bedrock_room));
}

/* The messages of one. */
static inline err
bedrock_messages(const char *list)
{
    snprintf(bedrock_room, sizeof bedrock_room, "{\"messages\":%s}", list);
    return wire_decode_as(BEDROCK_CONVERSE, str_of(bedrock_room));
}

/* The call fails with the code and names the place. */
#define CHECK_PLACE(call, code, place)                                                             \
    do {                                                                                           \
        CHECK_ERR(call, code);                                                                     \
        CHECK_STR(str_of(err_param()), STR(place));                                                \
    } while (0)

static inline str
bedrock_text(size_t i)
{
    static arena *a;
    static policy *p;
    static const grant *g;
    str text = STR("(no such message)");
    if (!p) {
        p = small_policy();
        CHECK_OK(arena_open(65536, &a));
        g = small_grant(p, a, "intern");
    }
    if (i < wire.conv.messages.count)
        CHECK_OK(content_open(wire.conv.messages.at[i].text, g, &text));
    return text;
}
