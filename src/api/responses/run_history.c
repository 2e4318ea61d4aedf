/* SPDX-License-Identifier: EUPL-1.2 */
/* What a run goes on with, and what the model is shown of it. */
#include "api/responses/run_inside.h"

/* ---- history */
static fallible
load_items(struct run *r, const jval *list)
{
    struct jwalk w = {.next = NULL};
    jval v;
    TRY(json_array(list, 0, SIZE_MAX));
    while (json_each(list, &w, &v)) {
        struct item i = {.id = STR_NONE};
        TRY(read_json(r->a, &v, OBJECT_META_MAX, &i.json));
        TRY(VEC_ADD(r->a, &r->history.list, &i));
    }
    return OK;
}

static fallible
load_answer(struct run *r, const struct kept *k)
{
    jval meta;
    struct writer *w = arena_new(r->a, struct writer);
    TRY(json_read(r->a, k->meta, &meta));
    const jval input = json_get(&meta, "input");
    TRY(load_items(r, &input));
    TRY(writer_load(r->a, &meta, w));
    for (size_t i = 0; i < w->items.count; i++) {
        AUTO(buf) b = BUF(OBJECT_META_MAX);
        struct item made = {.id = w->items.at[i]->id};
        writer_put_item(w, i, &b);
        TRY(buf_end(&b));
        TRY(try_arena_str(r->a, buf_str(&b), &made.json));
        TRY(VEC_ADD(r->a, &r->history.list, &made));
    }
    return OK;
}

fallible
run_load_chain(struct run *r)
{
    for (size_t i = 0; i < r->chain.list.count; i++) {
        const struct kept *k = &r->chain.list.at[i];
        if (str_eq(k->head.state, STR("queued")) || str_eq(k->head.state, STR("in_progress")))
            REFUSE(CONFLICT, "previous_response_id", "the answer to go on with is not ready yet");
        TRY(load_answer(r, k));
    }
    return OK;
}

fallible
run_load_conversation(struct run *r)
{
    r->floor = r->conversation.head.label;
    for (size_t i = 0; i < r->chain.list.count; i++) {
        const struct item item = {.id = r->chain.list.at[i].head.id,
                                  .json = r->chain.list.at[i].meta};
        TRY(VEC_ADD(r->a, &r->history.list, &item));
    }
    return OK;
}

/* ---- what the model is shown */
static fallible
put_instructions(struct run *r)
{
    const str context = r->searched.context;
    AUTO(buf) b = BUF(OBJECT_META_MAX);
    str text;
    buf_add(&b, r->ask.instructions);
    if (b.len && context.len)
        buf_add(&b, STR("\n\n"));
    buf_add(&b, context);
    TRY(buf_end(&b));
    TRY(try_arena_str(r->a, buf_str(&b), &text));
    const struct conv_message m = {.role = CONV_SYSTEM, .text = content_of(text, LABEL_BOTTOM)};
    return text.len ? VEC_ADD(r->a, &r->ask.conv.messages, &m) : OK;
}

static fallible
put_messages(struct run *r, struct items_talk *t)
{
    for (size_t i = 0; i < r->history.list.count; i++)
        TRY(items_put(t, &r->history.list.at[i]));
    for (size_t i = 0; i < r->ask.input.list.count; i++)
        TRY(items_put(t, &r->ask.input.list.at[i]));
    TRY(items_end(t));
    if (!r->ask.conv.messages.count)
        REFUSE(ARGUMENT, "input", "input is empty, and nothing is gone on with");
    return OK;
}

fallible
run_put_talk(struct run *r)
{
    struct items_talk t;
    TRY(put_instructions(r));
    items_begin(&t, r->a, &r->ask.conv);
    const err e = put_messages(r, &t);
    items_done(&t);
    return e;
}
