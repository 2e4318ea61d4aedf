/* SPDX-License-Identifier: EUPL-1.2 */
/* schema_fuzz.c - any bytes: what is JSON is refused as a schema with a sentence, or becomes a
 * grammar that our own reader takes and whose samples are JSON. */
#include "engine/gbnf.h"
#include "engine/schema.h"
#include "fuzz/fuzz.h"

enum { ROOM = 64 << 20, SAMPLES = 3, SAMPLE_BYTES = 1 << 16, AIM = 200 };

static arena *
fresh(int which)
{
    static arena *arenas[2];
    if (!arenas[which])
        ASSERT(arena_open(ROOM, &arenas[which]).code == ERR_OK);
    arena_reset(arenas[which]);
    return arenas[which];
}

static void
check_samples(const struct gbnf *g)
{
    for (uint64_t seed = 0; seed < SAMPLES; seed++) {
        AUTO(buf) text = BUF(SAMPLE_BYTES);
        jval v;
        const err long_one = gbnf_sample(g, seed, AIM, &text);
        if (long_one.code) {
            ASSERT(long_one.code == ERR_LIMIT);
            continue;
        }
        /* Deep recursion and names twice are what JSON readers refuse for reasons of their own. */
        const err e = json_read(fresh(1), buf_str(&text), &v);
        ASSERT(!e.code || strstr(err_public(e), "deep") || strstr(err_public(e), "used before"));
        if (text.len <= 200)
            ASSERT(gbnf_matches(g, buf_str(&text)));
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    AUTO(buf) out = BUF(SCHEMA_GRAMMAR_BYTES_MAX + (1 << 20));
    arena *a = fresh(0);
    struct gbnf *g;
    jval v;
    if (json_read(a, (str){(const char *)data, len}, &v).code)
        return 0;
    const err e = schema_compile(a, &v, &out);
    if (e.code) {
        ASSERT(e.code == ERR_UNSUPPORTED || e.code == ERR_ARGUMENT || e.code == ERR_LIMIT);
        ASSERT(err_public(e)[0] != '\0');
        return 0;
    }
    ASSERT(gbnf_read(a, buf_str(&out), &g).code == ERR_OK);
    check_samples(g);
    return 0;
}
