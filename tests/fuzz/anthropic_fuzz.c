/* SPDX-License-Identifier: EUPL-1.2 */
/* anthropic_fuzz.c - any bytes as the body of a Messages request: refused with a sentence, or a
 * conversation whose turns fit together and that can be written for a model; the same body again
 * gives the same. */
#include "api/anthropic/decode.h"
#include "engine/schema.h"
#include "fuzz/fuzz.h"

enum { ROOM = 256 << 20 };

static arena *
fresh(void)
{
    static arena *a;
    if (!a)
        ASSERT(arena_open(ROOM, &a).code == ERR_OK);
    arena_reset(a);
    return a;
}

static void
check_refusal(err e)
{
    ASSERT(e.code == ERR_ARGUMENT || e.code == ERR_UNSUPPORTED || e.code == ERR_LIMIT ||
           e.code == ERR_PARSE);
    ASSERT(err_public(e)[0] != '\0');
}

static void
check_messages(const struct conv *c)
{
    size_t asked = 0, answered = 0;
    ASSERT(c->messages.count > 0);
    for (size_t i = 0; i < c->messages.count; i++) {
        const struct conv_message *m = &c->messages.at[i];
        ASSERT((m->role == CONV_TOOL) == (m->tool_call_id.len > 0));
        ASSERT(m->role == CONV_ASSISTANT || !m->tool_calls.len);
        ASSERT(m->role == CONV_TOOL || content_len(m->text) || m->tool_calls.len);
        ASSERT(i == 0 || m->role != CONV_USER || c->messages.at[i - 1].role != CONV_USER);
        asked += m->tool_calls.len > 0;
        answered += m->role == CONV_TOOL;
    }
    ASSERT(answered >= asked);
    ASSERT(c->messages.at[c->messages.count - 1].role != CONV_ASSISTANT);
}

/* What a model is shown must be JSON. */
static void
check_offer(arena *a, const struct conv *c)
{
    jval v;
    if (c->tools.json.len)
        ASSERT(json_read(a, c->tools.json, &v).code == ERR_OK && json_count(&v) == c->tools.count);
    for (size_t i = 0; i < c->messages.count; i++)
        if (c->messages.at[i].tool_calls.len)
            ASSERT(json_read(a, c->messages.at[i].tool_calls, &v).code == ERR_OK);
    ASSERT(c->tools.most >= 1 && c->tools.most <= SCHEMA_PARALLEL_MAX);
    ASSERT((c->tools.choice == CONV_TOOLS_REQUIRED) <= (c->format.grammar.len > 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct anthropic_ask ask;
    struct params p;
    arena *a = fresh();
    jval body;
    params_default(&p);
    memset(&ask, 0, sizeof ask);
    if (json_read(a, (str){(const char *)data, len}, &body).code || json_type(body) != J_OBJECT)
        return 0;
    for (int route = ROUTE_M; route <= ROUTE_K; route++) {
        memset(&ask, 0, sizeof ask);
        const err e = anthropic_decode(&p, a, &body, (enum anthropic_route)route, &ask);
        if (e.code) {
            check_refusal(e);
            continue;
        }
        check_messages(&ask.conv);
        check_offer(a, &ask.conv);
    }
    return 0;
}
