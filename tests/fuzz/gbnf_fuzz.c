/* SPDX-License-Identifier: EUPL-1.2 */
/* gbnf_fuzz.c - any bytes are refused as a grammar, or samples of it belong to it. */
#include "base/utf8.h"
#include "engine/gbnf.h"
#include "fuzz/fuzz.h"

enum { ROOM = 64 << 20, SAMPLES = 3, SAMPLE_BYTES = 1 << 14, AIM = 60, MATCH_BYTES = 100 };

static arena *
fresh(void)
{
    static arena *a;
    if (!a)
        ASSERT(arena_open(ROOM, &a).code == ERR_OK);
    arena_reset(a);
    return a;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct gbnf *g = NULL;
    const err e = gbnf_read(fresh(), (str){(const char *)data, len}, &g);
    if (e.code) {
        ASSERT(e.code == ERR_ARGUMENT || e.code == ERR_LIMIT);
        return 0;
    }
    for (uint64_t seed = 0; seed < SAMPLES; seed++) {
        AUTO(buf) text = BUF(SAMPLE_BYTES);
        if (gbnf_sample(g, seed, AIM, &text).code)
            continue;
        ASSERT(utf8_valid(buf_str(&text)));
        if (text.len <= MATCH_BYTES && len <= 1000)
            ASSERT(gbnf_matches(g, buf_str(&text)));
    }
    return 0;
}
