/* SPDX-License-Identifier: EUPL-1.2 */
/* bedrock_fuzz.c - any JSON as a Converse request is decoded or refused with a public sentence, and
 * what was decoded has its tool turns whole. */
#include "api/bedrock/decode.h"
#include "fuzz/fuzz.h"

enum { ROOM = 64 << 20 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct bedrock_ask ask;
    struct params p;
    AUTO(arena) *a = NULL;
    jval body;
    params_default(&p);
    memset(&ask, 0, sizeof ask);
    if (!len || arena_open(ROOM, &a).code ||
        json_read(a, (str){(const char *)data + 1, len - 1}, &body).code ||
        json_type(body) != J_OBJECT)
        return 0;
    const err e =
        bedrock_decode(&p, a, &body, data[0] & 1 ? BEDROCK_COUNT : BEDROCK_CONVERSE, &ask);
    if (e.code) {
        ASSERT(e.code == ERR_ARGUMENT || e.code == ERR_UNSUPPORTED || e.code == ERR_LIMIT);
        return 0;
    }
    size_t calls = 0, answers = 0;
    for (size_t i = 0; i < ask.conv.messages.count; i++) {
        const struct conv_message *m = &ask.conv.messages.at[i];
        jval list;
        if (m->tool_calls.len) {
            ASSERT(!json_read(a, m->tool_calls, &list).code);
            calls += json_count(&list);
        }
        answers += m->role == CONV_TOOL;
    }
    ASSERT(calls == answers);
    return 0;
}
