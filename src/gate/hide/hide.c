/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/hide/hide.h"

#include "base/map.h"
#include "downgrade/residue.h"

enum { WORK_BYTES_MAX = 256 * 1024 * 1024 };

/* Every text a conversation holds that a provider is told, one after the other: to be read, or to
 * be put back. */
typedef VEC(str) texts;

static fallible
add_text(arena *a, texts *t, str s)
{
    return VEC_ADD(a, t, &s);
}

static fallible
add_content(arena *a, texts *t, content c, const grant *own)
{
    str s;
    TRY(content_open(c, own, &s));
    return add_text(a, t, s);
}

static fallible
gather(arena *a, const struct conv *c, const grant *own, texts *t)
{
    for (size_t i = 0; i < c->messages.count; i++) {
        TRY(add_content(a, t, c->messages.at[i].text, own));
        TRY(add_text(a, t, c->messages.at[i].name));
        TRY(add_text(a, t, c->messages.at[i].tool_calls));
        TRY(add_text(a, t, c->messages.at[i].tool_call_id));
    }
    for (size_t i = 0; i < c->inputs.count; i++)
        TRY(add_content(a, t, c->inputs.at[i], own));
    for (uint32_t i = 0; i < c->params.stop_count; i++)
        TRY(add_text(a, t, c->params.stops[i]));
    TRY(add_text(a, t, c->tools.json));
    TRY(add_text(a, t, c->tools.name));
    TRY(add_text(a, t, c->format.name));
    TRY(add_text(a, t, c->format.schema));
    return add_content(a, t, c->prompt, own);
}

/* The same order as gather. */
static fallible
copy_with(arena *a, const struct conv *from, const str *hidden, label l, struct conv **ret)
{
    void *room, *messages, *inputs;
    size_t n = 0;
    TRY(try_arena_get(a, 1, sizeof **ret, &room));
    TRY(try_arena_get(a, from->messages.count, sizeof *from->messages.at, &messages));
    TRY(try_arena_get(a, from->inputs.count, sizeof *from->inputs.at, &inputs));
    struct conv *c = room;
    *c = *from;
    c->messages.at = messages;
    c->inputs.at = inputs;
    for (size_t i = 0; i < from->messages.count; i++) {
        c->messages.at[i] = from->messages.at[i];
        c->messages.at[i].text = content_of(hidden[n++], l);
        c->messages.at[i].name = hidden[n++];
        c->messages.at[i].tool_calls = hidden[n++];
        c->messages.at[i].tool_call_id = hidden[n++];
    }
    for (size_t i = 0; i < from->inputs.count; i++)
        c->inputs.at[i] = content_of(hidden[n++], l);
    for (uint32_t i = 0; i < c->params.stop_count; i++)
        c->params.stops[i] = hidden[n++];
    c->tools.json = hidden[n++];
    c->tools.name = hidden[n++];
    c->format.name = hidden[n++];
    c->format.schema = hidden[n++];
    c->prompt = content_of(hidden[n++], l);
    c->label = l;
    *ret = c;
    return OK;
}

/* The seed follows the conversation's beginning, so that tokens stay the same when it goes on. */
static uint64_t
seed_of(const texts *t)
{
    static const uint8_t key[16] = "pseudonym seed ";
    return t->count ? siphash24(key, t->at[0].at, t->at[0].len) : 0;
}

fallible
hide_conv(const struct hide *how, const struct conv *from, struct hidden *ret)
{
    AUTO(arena) *work = NULL;
    struct hidden h;
    texts t = {0};
    void *room;
    if (conv_image_count(from)) /* nobody here sees what they show */
        FAIL(DENIED, "identifiers cannot be found in images");
    TRY(gather(how->a, from, how->own, &t));
    TRY(try_arena_get(how->a, t.count, sizeof(str), &room));
    const struct pseudonym_ask ask = {how->x, seed_of(&t), t.at, t.count};
    TRY(pseudonym_hide(how->a, &ask, room, &h.map));
    TRY(arena_open(WORK_BYTES_MAX, &work));
    TRY(residue_check(h.map, work, room, t.count));
    TRY(copy_with(how->a, from, room, how->label, &h.conv));
    *ret = h;
    return OK;
}
