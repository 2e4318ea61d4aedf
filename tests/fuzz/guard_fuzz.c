/* SPDX-License-Identifier: EUPL-1.2 */
/* guard_fuzz.c - any bytes against guardrails of each kind: what is found lies in the text, in
 * order; and what comes out of a stream does not depend on how it was cut (the first byte says). */
#include "fuzz/fuzz.h"
#include "guard/flow.h"

static const char rules[] =
    "version: 1\nlevels:\n  - { height: 0, id: offen, title: Offen }\ncompartments: []\n"
    "parties: []\ntaints:\n  - { bit: 225, id: web, title: Netz }\nguardrails:\n"
    "  - { id: a, kind: words, where: both, then: mask, words: [rot, 'grau blau', 'ein*'] }\n"
    "  - { id: t, kind: topic, where: both, then: block, words: [zwei, drei] }\n"
    "  - { id: i, kind: identifiers, where: both, then: mask, types: 'IBAN, EMAIL, PERSON' }\n"
    "  - { id: x, kind: attack, where: input, then: taint, taint: web }\n";

static void
check_hits(const guard *g, str text, arena *a)
{
    const struct guard_look how = {.g = g, .where = GUARDRAIL_INPUT};
    guard_hits h;
    ASSERT(!guard_find(&how, text, a, &h).code);
    for (size_t i = 0; i < h.count; i++) {
        ASSERT(h.at[i].start < h.at[i].end && h.at[i].end <= text.len);
        ASSERT(h.at[i].rule < guard_count(g));
        ASSERT(i == 0 || h.at[i].start >= h.at[i - 1].start);
    }
}

static void
flow(const guard *g, str text, size_t piece, arena *a, buf *out)
{
    struct guard_flow f;
    ASSERT(!guard_flow_init(&f, g, a).code);
    for (size_t at = 0; at < text.len; at += piece)
        ASSERT(!guard_flow_add(&f, str_slice(text, at, at + piece), out).code);
    ASSERT(!guard_flow_end(&f, out).code);
    guard_flow_done(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static guard *g;
    static policy *p;
    static arena *a;
    AUTO(buf) one = BUF(1 << 20);
    AUTO(buf) two = BUF(1 << 20);
    if (len < 2 || len > 16384)
        return 0;
    if (!g)
        ASSERT(!policy_load(str_of(rules), &p).code && !guard_new(p, &g).code &&
               !arena_open(256 << 20, &a).code);
    const str text = {(const char *)data + 1, len - 1};
    arena_reset(a);
    check_hits(g, text, a);
    flow(g, text, 1u + data[0], a, &one);
    flow(g, text, text.len, a, &two);
    ASSERT(str_eq(buf_str(&one), buf_str(&two)));
    return 0;
}
