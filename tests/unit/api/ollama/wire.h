/* SPDX-License-Identifier: EUPL-1.2 */
/* wire.h - the other side of the Ollama dialect, for the tests: a decoder's rig. */
#pragma once
#include <stdio.h>

#include "api/ollama/decode.h"
#include "api/read.h"
#include "base/fault.h"
#include "unit/model/small_policy.h"

enum { WIRE_ROOM = 256 * 1024, WIRE_BYTES = 64 * 1024 * 1024 };

static arena *wire_memory;
static struct ollama_ask wire_ask;
static char wire_text[WIRE_ROOM];

/* What is decoded stays until the next call. */
static inline err
wire_decode(enum ollama_route route, const char *text)
{
    struct params params;
    static jval body;
    arena_free(TAKE(wire_memory));
    memset(&wire_ask, 0, sizeof wire_ask);
    params_default(&params);
    TRY(arena_open(WIRE_BYTES, &wire_memory));
    TRY(json_read(wire_memory, str_of(text), &body));
    return ollama_decode(&params, wire_memory, &body, route, &wire_ask);
}

#define WIRE_HI "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]"

/* A request of the route that is whole, with these members more. */
static inline err
wire_with(enum ollama_route route, const char *members)
{
    const char *base = "\"model\":\"m\"";
    if (route == OLLAMA_CHAT)
        base = "\"model\":\"m\"," WIRE_HI;
    else if (route == OLLAMA_GENERATE || route == OLLAMA_EMBEDDINGS)
        base = "\"model\":\"m\",\"prompt\":\"x\"";
    else if (route == OLLAMA_EMBED)
        base = "\"model\":\"m\",\"input\":\"x\"";
    snprintf(wire_text, sizeof wire_text, "{%s%s%s}", base, *members ? "," : "", members);
    return wire_decode(route, wire_text);
}

static inline err
wire_with_option(const char *member)
{
    snprintf(wire_text, sizeof wire_text, "{\"model\":\"m\"," WIRE_HI ",\"options\":{%s}}", member);
    return wire_decode(OLLAMA_CHAT, wire_text);
}

static inline err
wire_with_messages(const char *list)
{
    snprintf(wire_text, sizeof wire_text, "{\"model\":\"m\",\"messages\":%s}", list);
    return wire_decode(OLLAMA_CHAT, wire_text);
}

/* Refused so, at this place, with this in the sentence. */
static inline void
wire_refused(err e, enum err_code code, const char *param, const char *word, int line)
{
    if (e.code != code || strcmp(err_param(), param) != 0 || !strstr(err_public(e), word))
        test_fail(__FILE__, line, "line %d: code %d at \"%s\": %s", line, e.code, err_param(),
                  err_public(e));
}
#define WRONG(e, param, word) wire_refused(e, ERR_ARGUMENT, param, word, __LINE__)
#define CANNOT(e, param, word) wire_refused(e, ERR_UNSUPPORTED, param, word, __LINE__)

/* Decoded content has the least label, which any leave covers. */
static inline str
wire_open(content c)
{
    static policy *p;
    static arena *a;
    static const grant *g;
    str text = STR("(closed)");
    if (!p) {
        p = small_policy();
        CHECK_OK(arena_open(1 << 20, &a));
        g = small_grant(p, a, "offen");
    }
    CHECK_OK(content_open(c, g, &text));
    return text;
}

/* "role:text" of message i, with its calls and ids in brackets. */
static inline str
wire_message(size_t i)
{
    const struct conv *c = &wire_ask.conv;
    if (i >= c->messages.count)
        return STR("(none)");
    const struct conv_message *m = &c->messages.at[i];
    AUTO(buf) b = BUF(WIRE_ROOM);
    buf_add_fmt(&b, "%s:", conv_role_name(m->role));
    buf_add(&b, wire_open(m->text));
    if (m->tool_calls.len || m->tool_call_id.len)
        buf_add_fmt(&b, "[%.*s%.*s]", STR_FMT(m->tool_calls), STR_FMT(m->tool_call_id));
    return arena_str(wire_memory, buf_str(&b));
}
