/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/parts.h"

#include "base/fault.h"
#include "engine/calls.h"

struct one { /* answer */
    parts *owner;
    struct calls calls;
    uint32_t pending_tokens;
};

struct parts {
    label label;
    parts_fn *fn;
    void *ctx;
    uint32_t n;
    struct one at[];
};

static void
emit(struct one *o, enum engine_part part, uint32_t call, str text)
{
    const parts *p = o->owner;
    const struct engine_piece piece = {.index = (uint32_t)(o - p->at),
                                       .part = part,
                                       .call = call,
                                       .token_count = o->pending_tokens,
                                       .text = content_of(text, p->label)};
    o->pending_tokens = 0;
    p->fn(p->ctx, &piece);
}

static void
take_text(void *ctx, str text)
{
    emit(ctx, PART_TEXT, 0, text);
}

static void
take_call(void *ctx, uint32_t index, str name)
{
    emit(ctx, PART_CALL, index, name);
}

static void
take_arguments(void *ctx, uint32_t index, str piece)
{
    emit(ctx, PART_ARGUMENTS, index, piece);
}

fallible
parts_new(const struct conv_tools *t, uint32_t n, label l, parts_fn *fn, void *ctx, parts **ret)
{
    const enum calls_form form = t->choice == CONV_TOOLS_REQUIRED ? CALLS_LINES : CALLS_TAGGED;
    parts *p = mem_get(sizeof *p + n * sizeof *p->at);
    ASSERT(t->count && t->choice != CONV_TOOLS_NONE && n <= ENGINE_ANSWERS_MAX);
    if (!p)
        FAIL(LIMIT, "no memory for the parts of %u answers", n);
    *p = (parts){.label = l, .fn = fn, .ctx = ctx, .n = n};
    for (uint32_t i = 0; i < n; i++) {
        p->at[i] = (struct one){.owner = p};
        calls_init(&p->at[i].calls, form, t->names, t->count,
                   (struct calls_hooks){take_text, take_call, take_arguments, &p->at[i]});
    }
    *ret = p;
    return OK;
}

void
parts_free(parts *p)
{
    for (uint32_t i = 0; p && i < p->n; i++)
        calls_done(&p->at[i].calls);
    mem_free(p);
}

fallible
parts_add(parts *p, uint32_t index, uint32_t token_count, str text)
{
    ASSERT(index < p->n);
    p->at[index].pending_tokens += token_count;
    return calls_add(&p->at[index].calls, text);
}

fallible
parts_end(parts *p, uint32_t index, uint32_t *ret_calls)
{
    ASSERT(index < p->n);
    TRY(calls_end(&p->at[index].calls));
    *ret_calls = p->at[index].calls.count;
    return OK;
}
