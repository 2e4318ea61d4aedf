/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/tell/rules.h"

#include "base/buf.h"
#include "detect/detect.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

const char *
rules_kind(const struct guardrail *r)
{
    static const char *const names[] = {[GUARDRAIL_WORDS] = "words",
                                        [GUARDRAIL_TOPIC] = "topic",
                                        [GUARDRAIL_IDENTIFIERS] = "identifiers",
                                        [GUARDRAIL_ATTACK] = "attack"};
    return names[r->kind];
}

const char *
rules_does(struct cli *c, const struct guardrail *r)
{
    static const char *const does[] = {
        [GUARDRAIL_BLOCK] = "blocks", [GUARDRAIL_MASK] = "masks", [GUARDRAIL_TAINT] = "taints"};
    static const char *const where[] = {
        "", [GUARDRAIL_INPUT] = "input", [GUARDRAIL_OUTPUT] = "output", "input and output"};
    ASSERT(r->where < sizeof where / sizeof *where);
    return arena_fmt(c->a, "%s %s", does[r->then], where[r->where]).at;
}

static void
add_one(buf *b, str text)
{
    if (b->len)
        buf_add(b, STR(", "));
    buf_add(b, text);
}

static fallible
finish(struct cli *c, buf *b, str *ret)
{
    TRY(buf_end(b));
    return try_arena_str(c->a, buf_str(b), ret);
}

fallible
rules_looks_for(struct cli *c, const struct guardrail *r, str *ret)
{
    AUTO(buf) b = BUF(TEXT_BYTES_MAX);
    for (size_t i = 0; i < r->word_count; i++)
        add_one(&b, r->words[i]);
    for (int t = DETECT_NONE + 1; t < DETECT_OTHER; t++)
        if (r->types >> t & 1)
            add_one(&b, str_of(detect_name((enum detect_type)t)));
    if (r->kind == GUARDRAIL_ATTACK)
        add_one(&b, STR("attempts to make a model leave its instructions"));
    TRY(finish(c, &b, ret));
    if (r->kind == GUARDRAIL_TOPIC)
        *ret = arena_fmt(c->a, "%zu of: %.*s", r->least, STR_FMT(*ret));
    return OK;
}

fallible
rules_purposes_of(struct cli *c, const struct purposes *p, int bit, str *ret)
{
    AUTO(buf) b = BUF(TEXT_BYTES_MAX);
    for (size_t i = 0; bit >= 0 && !label_has(p->without, bit) && i < p->count; i++)
        if (label_has(p->at[i].may, bit))
            add_one(&b, p->at[i].id);
    return finish(c, &b, ret);
}
