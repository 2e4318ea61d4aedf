/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/parts.h"

#include "base/fault.h"
#include "engine/calls.h"
#include "engine/thoughts.h"

struct one { /* answer */
    parts *owner;
    struct thoughts thoughts;
    struct calls calls; /* where tools are offered */
    uint32_t pending_tokens;
};

struct parts {
    label label;
    struct parts_hook hook;
    uint32_t n, prompt_tokens, cached_tokens;
    bool may_call;
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
                                       .prompt_tokens = p->prompt_tokens,
                                       .cached_tokens = p->cached_tokens,
                                       .text = content_of(text, p->label)};
    o->pending_tokens = 0;
    p->hook.fn(p->hook.ctx, &piece);
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

static void
open_one(struct one *o, parts *p, const struct conv_tools *t)
{
    const enum calls_form form = t->choice == CONV_TOOLS_REQUIRED ? CALLS_LINES : CALLS_TAGGED;
    *o = (struct one){.owner = p};
    thoughts_init(&o->thoughts);
    calls_init(&o->calls, form, t->names, t->count,
               (struct calls_hooks){take_text, take_call, take_arguments, o});
}

fallible
parts_new(const struct conv_tools *t, uint32_t n, label l, struct parts_hook hook, parts **ret)
{
    parts *p = mem_get(sizeof *p + n * sizeof *p->at);
    ASSERT(n <= ENGINE_ANSWERS_MAX);
    if (!p)
        FAIL(LIMIT, "no memory for the parts of %u answers", n);
    *p = (parts){
        .label = l, .hook = hook, .n = n, .may_call = t->count && t->choice != CONV_TOOLS_NONE};
    for (uint32_t i = 0; i < n; i++)
        open_one(&p->at[i], p, t);
    *ret = p;
    return OK;
}

void
parts_free(parts *p)
{
    for (uint32_t i = 0; p && i < p->n; i++) {
        thoughts_done(&p->at[i].thoughts);
        calls_done(&p->at[i].calls);
    }
    mem_free(p);
}

static fallible
put(struct one *o, const struct thoughts_out *out)
{
    if (out->thought.len)
        emit(o, PART_REASONING, 0, out->thought);
    if (out->text.len && o->owner->may_call)
        return calls_add(&o->calls, out->text);
    if (out->text.len)
        emit(o, PART_TEXT, 0, out->text);
    return OK;
}

fallible
parts_add(parts *p, const struct engine_piece *raw, str text)
{
    struct one *o = &p->at[raw->index];
    struct thoughts_out out;
    ASSERT(raw->index < p->n);
    o->pending_tokens += raw->token_count;
    p->prompt_tokens = raw->prompt_tokens;
    p->cached_tokens = raw->cached_tokens;
    TRY(thoughts_add(&o->thoughts, text, &out));
    return put(o, &out);
}

fallible
parts_end(parts *p, uint32_t index, uint32_t *ret_calls)
{
    struct one *o = &p->at[index];
    struct thoughts_out out;
    ASSERT(index < p->n);
    thoughts_end(&o->thoughts, &out);
    TRY(put(o, &out));
    if (p->may_call)
        TRY(calls_end(&o->calls));
    *ret_calls = o->calls.count;
    return OK;
}
