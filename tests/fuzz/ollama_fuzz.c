/* SPDX-License-Identifier: EUPL-1.2 */
/* ollama_fuzz.c - any bytes as the body of an Ollama request, for each of its routes: refused with
 * a sentence, or a conversation whose calls and answers fit together. */
#include "api/ollama/decode.h"
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

/* What a model is shown must be JSON, and each call has one answer. */
static void
check_messages(arena *a, const struct conv *c)
{
    size_t asked = 0, answered = 0;
    jval v;
    for (size_t i = 0; i < c->messages.count; i++) {
        const struct conv_message *m = &c->messages.at[i];
        ASSERT((m->role == CONV_TOOL) == (m->tool_call_id.len > 0));
        ASSERT(m->role == CONV_ASSISTANT || !m->tool_calls.len);
        answered += m->role == CONV_TOOL;
        if (!m->tool_calls.len)
            continue;
        ASSERT(json_read(a, m->tool_calls, &v).code == ERR_OK);
        asked += json_count(&v);
    }
    ASSERT(answered == asked);
}

static void
check_params(arena *a, const struct ollama_ask *ask)
{
    const struct conv_params *s = &ask->conv.params;
    jval v;
    ASSERT(s->n == 1 && s->top_k >= 0 && s->stop_count <= CONV_STOPS_MAX);
    ASSERT(s->temperature >= 0 && s->temperature <= 2);
    ASSERT(!(ask->conv.tools.count && (s->json_object || ask->conv.format.schema.len)));
    if (ask->conv.tools.json.len)
        ASSERT(json_read(a, ask->conv.tools.json, &v).code == ERR_OK &&
               json_count(&v) == ask->conv.tools.count);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct ollama_ask ask;
    struct params p;
    arena *a = fresh();
    jval body;
    params_default(&p);
    if (json_read(a, (str){(const char *)data, len}, &body).code || json_type(body) != J_OBJECT)
        return 0;
    for (int route = OLLAMA_CHAT; route <= OLLAMA_SHOW; route *= 2) {
        memset(&ask, 0, sizeof ask);
        const err e = ollama_decode(&p, a, &body, (enum ollama_route)route, &ask);
        if (e.code) {
            check_refusal(e);
            continue;
        }
        check_messages(a, &ask.conv);
        check_params(a, &ask);
    }
    return 0;
}
