/* SPDX-License-Identifier: EUPL-1.2 */
/* talk.h - for the tests of say*.c: conversations made at random. */
#pragma once
#include "engine/remote/say.h"
#include "unit/engine/rig.h"

enum { TALK_BYTES = 4 << 20, TALK_ROUNDS = 10000, TALK_MANY = 8 };

struct talk_limits { /* what a dialect can say */
    bool has_names, has_openai_params, has_top_k, has_none, has_most, has_form_name;
    double temperature_max;
};

static inline unsigned
pick(unsigned n)
{
    return (unsigned)(test_random() % n);
}

static inline str
pick_text(arena *a, unsigned words_min)
{
    static const char *const words[] = {"Antrag", " ", "§ 35",    "\n",   "\"so\"", "\\", "Grüße",
                                        "\t",     "😀", "</tool>", "\x7f", "{",      "}",  "a"};
    AUTO(buf) b = BUF(4096);
    for (unsigned n = words_min + pick(6); n > 0; n--)
        buf_add(&b, str_of(words[pick(sizeof words / sizeof *words)]));
    return arena_str(a, buf_str(&b));
}

static inline void
put_value(buf *b, int depth)
{
    switch (pick(depth ? 6 : 4)) {
    case 0:
        json_put_i64(b, (int64_t)pick(2000) - 1000);
        return;
    case 1:
        json_put_bool(b, pick(2));
        return;
    case 2:
        json_put_str(b, STR("w\xc3\xb6rt\"lich\n"));
        return;
    case 3:
        json_put_null(b);
        return;
    case 4:
        json_open(b, '[');
        for (unsigned n = pick(3); n > 0; n--)
            put_value(b, depth - 1);
        json_close(b, ']');
        return;
    default:
        json_open(b, '{');
        for (unsigned n = pick(3); n > 0; n--) {
            json_key(b, n == 1 ? "eins" : "zwei");
            put_value(b, depth - 1);
        }
        json_close(b, '}');
    }
}

/* The one way in which these tests write a call. */
static inline void
put_call(buf *b, str id, str name, str arguments)
{
    json_open(b, '{');
    json_member_str(b, "id", id);
    json_member_str(b, "type", STR("function"));
    json_key(b, "function");
    json_open(b, '{');
    json_member_str(b, "name", name);
    json_member_str(b, "arguments", arguments);
    json_close(b, '}');
    json_close(b, '}');
}

static inline void
put_arguments(buf *b)
{
    json_open(b, '{');
    for (unsigned n = pick(3); n > 0; n--) {
        json_key(b, n == 1 ? "q" : "r");
        put_value(b, 2);
    }
    json_close(b, '}');
}

static inline void
add_message(arena *a, struct conv *c, const struct conv_message *m)
{
    CHECK_OK(VEC_ADD(a, &c->messages, m));
}

/* An assistant that calls, and the answers to its calls. */
static inline void
add_calls(arena *a, struct conv *c)
{
    AUTO(buf) b = BUF(65536);
    struct conv_message m = {.role = CONV_ASSISTANT};
    const unsigned count = 1 + pick(3);
    str ids[3];
    m.text = content_of(pick(2) ? STR("") : pick_text(a, 1), LABEL_BOTTOM);
    json_open(&b, '[');
    for (unsigned i = 0; i < count; i++) {
        AUTO(buf) arguments = BUF(65536);
        put_arguments(&arguments);
        ids[i] = arena_fmt(a, "call_%u_%zu", i, c->messages.count);
        put_call(&b, ids[i], pick(2) ? STR("find") : STR("look-up_2"), buf_str(&arguments));
    }
    json_close(&b, ']');
    m.tool_calls = arena_str(a, buf_str(&b));
    add_message(a, c, &m);
    for (unsigned i = 0; i < count; i++) {
        const struct conv_message r = {.role = CONV_TOOL,
                                       .text = content_of(pick_text(a, 0), LABEL_BOTTOM),
                                       .tool_call_id = ids[i]};
        add_message(a, c, &r);
    }
}

static inline void
add_messages(arena *a, struct conv *c, const struct talk_limits *l)
{
    for (unsigned n = pick(3); n > 0; n--)
        add_message(a, c,
                    &(struct conv_message){.role = CONV_SYSTEM,
                                           .text = content_of(pick_text(a, 1), LABEL_BOTTOM)});
    for (unsigned n = 1 + pick(5); n > 0; n--) {
        struct conv_message m = {.role = CONV_USER,
                                 .text = content_of(pick_text(a, 1), LABEL_BOTTOM)};
        if (l->has_names && pick(4) == 0)
            m.name = STR("Erika");
        add_message(a, c, &m);
        if (pick(3) == 0)
            add_calls(a, c);
        if (pick(2))
            continue;
        m = (struct conv_message){.role = pick(8) ? CONV_ASSISTANT : CONV_SYSTEM,
                                  .text = content_of(pick_text(a, 1), LABEL_BOTTOM)};
        if (m.role == CONV_SYSTEM || c->messages.at[c->messages.count - 1].role != CONV_ASSISTANT)
            add_message(a, c, &m);
    }
}

static inline void
set_openai_params(arena *a, struct conv_params *p)
{
    p->min_p = pick(2) ? 0 : 0.25;
    p->presence = pick(2) ? 0 : -0.1;
    p->frequency = pick(2) ? 0 : 1.5;
    p->repeat = pick(2) ? 1 : 1.1;
    p->has_seed = pick(2);
    p->seed = p->has_seed ? test_random() : 0;
    p->n = 1 + pick(4);
    p->logprobs = pick(3) == 0;
    p->top_logprobs = p->logprobs ? pick(20) : 0;
    p->json_object = pick(5) == 0;
    p->ignore_eos = pick(5) == 0;
    p->bias_count = pick(2) ? 0 : pick(4);
    for (uint32_t i = 0; i < p->bias_count; i++)
        p->bias[i] =
            (struct conv_bias){(int32_t)(i * 1000 + pick(1000)), (float)pick(200) / 3 - 33};
    (void)a;
}

static inline void
set_params(arena *a, struct conv *c, const struct talk_limits *l)
{
    struct conv_params *p = &c->params;
    conv_params_default(p);
    p->temperature = pick(2) ? 1 : pick(100) * l->temperature_max / 100;
    p->top_p = pick(2) ? 1 : 0.9;
    p->top_k = l->has_top_k && pick(2) ? 40 : 0;
    p->tokens_max = 1 + pick(100000);
    p->stop_count = pick(2) ? 0 : pick(4);
    for (uint32_t i = 0; i < p->stop_count; i++)
        p->stops[i] = pick_text(a, 1);
    if (l->has_openai_params)
        set_openai_params(a, p);
}

static inline void
put_tool(buf *b, str name)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("function"));
    json_key(b, "function");
    json_open(b, '{');
    json_member_str(b, "name", name);
    if (pick(2))
        json_member_str(b, "description", STR("sucht \"alles\""));
    json_key(b, "parameters");
    buf_add(b, pick(2) ? STR("{\"type\":\"object\",\"properties\":{}}")
                       : STR("{\"type\":\"object\",\"properties\":{\"q\":{\"type\":\"string\"}},"
                             "\"required\":[\"q\"]}"));
    if (pick(3) == 0)
        json_member_bool(b, "strict", true);
    json_close(b, '}');
    json_close(b, '}');
}

static inline void
set_tools(arena *a, struct conv *c, const struct talk_limits *l)
{
    AUTO(buf) b = BUF(65536);
    struct conv_tools *t = &c->tools;
    t->most = 1;
    if (pick(2))
        return;
    json_open(&b, '[');
    put_tool(&b, STR("find"));
    put_tool(&b, STR("look-up_2"));
    json_close(&b, ']');
    t->json = arena_str(a, buf_str(&b));
    t->names[0] = STR("find");
    t->names[1] = STR("look-up_2");
    t->count = 2;
    t->choice = pick(2) ? CONV_TOOLS_AUTO : CONV_TOOLS_REQUIRED;
    if (l->has_none && pick(4) == 0)
        t->choice = CONV_TOOLS_NONE;
    if (t->choice == CONV_TOOLS_REQUIRED && pick(2))
        t->name = STR("find");
    if (l->has_most && t->choice != CONV_TOOLS_NONE && pick(2))
        t->most = TALK_MANY;
}

static inline struct conv *
talk_make(arena *a, const struct talk_limits *l)
{
    struct conv *c = arena_new(a, struct conv);
    add_messages(a, c, l);
    set_params(a, c, l);
    set_tools(a, c, l);
    if (!c->params.json_object && pick(3) == 0) {
        c->format = (struct conv_format){
            .schema = STR("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}"),
            .strict = !l->has_form_name || pick(2)};
        if (l->has_form_name)
            c->format.name = STR("form");
    }
    return c;
}
