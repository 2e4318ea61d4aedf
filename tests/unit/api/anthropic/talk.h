/* SPDX-License-Identifier: EUPL-1.2 */
/* talk.h - random conversations in the form every decoder makes. */
#pragma once
#include "api/tools.h"
#include "unit/api/anthropic/wire.h"

static inline uint64_t
pick(uint64_t n)
{
    return test_random() % n;
}

/* ---- random pieces */
static inline str
talk_text(arena *a, bool may_be_empty)
{
    static const str words[] = {STR_INIT("Guten Tag"),
                                STR_INIT("\n"),
                                STR_INIT("\n\n"),
                                STR_INIT(" "),
                                STR_INIT("\""),
                                STR_INIT("\\"),
                                STR_INIT("\xc3\xa4\xc3\xb6"),
                                STR_INIT("\xf0\x9f\x8c\xb3"),
                                STR_INIT("x"),
                                STR_INIT("\x01\x1f\x7f"),
                                STR_INIT("</document>"),
                                STR_INIT("{\"a\":1}"),
                                STR_INIT("Error: "),
                                STR_INIT("\0"),
                                STR_INIT("\r"),
                                STR_INIT("tool_result"),
                                STR_INIT("\xe2\x80\xa8"),
                                STR_INIT("12345678901234567890")};
    AUTO(buf) b = BUF(4096);
    for (uint64_t n = pick(6) + !may_be_empty; n > 0; n--)
        buf_add(&b, words[pick(sizeof words / sizeof *words)]);
    return arena_str(a, buf_str(&b));
}

static inline str
talk_id(arena *a)
{
    static unsigned next;
    return arena_fmt(a, "toolu_%u-%c", next++, (int)('A' + pick(26)));
}

static const char *const talk_values[] = {
    "{}",
    "{\"city\":\"K\xc3\xb6ln\"}",
    "{\"n\":-12,\"f\":0.25,\"b\":true,\"z\":null}",
    "{\"a\":[1,[2,{\"b\":\"\\\"\\n\"}]],\"\":{}}",
};

static const char *const talk_schemas[] = {
    "{\"type\":\"object\"}",
    "{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}",
    "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\",\"minimum\":1}}}",
};

/* ---- conversations */
static inline void
talk_say(arena *a, struct conv *c, struct conv_message m, str text)
{
    m.text = content_of(text, LABEL_BOTTOM);
    CHECK_OK(VEC_ADD(a, &c->messages, &m));
}

/* What an assistant says; its calls are answered in any order. */
static inline void
talk_assistant(arena *a, struct conv *c)
{
    AUTO(buf) calls = BUF(64 * 1024);
    struct conv_message m = {.role = CONV_ASSISTANT};
    str ids[4];
    const size_t count = pick(3) ? 0 : 1 + pick(4);
    for (size_t i = 0; i < count; i++) {
        ids[i] = talk_id(a);
        buf_add_char(&calls, i ? ',' : '[');
        tools_put_call(&calls, ids[i], arena_fmt(a, "tool_%d", (int)pick(9)),
                       str_of(talk_values[pick(4)]));
    }
    if (count) {
        buf_add_char(&calls, ']');
        m.tool_calls = arena_str(a, buf_str(&calls));
    }
    talk_say(a, c, m, talk_text(a, count > 0));
    for (size_t left = count; left > 0; left--) {
        const size_t i = pick(left);
        const struct conv_message answer = {.role = CONV_TOOL, .tool_call_id = ids[i]};
        talk_say(a, c, answer, talk_text(a, true));
        ids[i] = ids[left - 1];
    }
}

/* One that ends where a model is to go on. */
static inline void
talk_random(arena *a, struct conv *c)
{
    const struct conv_message system = {.role = CONV_SYSTEM}, user = {.role = CONV_USER};
    if (pick(2))
        talk_say(a, c, system, talk_text(a, false));
    talk_say(a, c, user, talk_text(a, false));
    for (uint64_t turns = pick(4); turns > 0; turns--) {
        talk_assistant(a, c);
        const bool is_answered = c->messages.at[c->messages.count - 1].role == CONV_TOOL;
        if (is_answered && pick(2))
            continue; /* the model goes on from what its tools gave */
        if (!is_answered && !pick(8))
            talk_say(a, c, system, talk_text(a, false));
        talk_say(a, c, user, talk_text(a, false));
    }
}

static inline void
talk_tools(arena *a, struct conv *c)
{
    struct conv_tools *t = &c->tools;
    AUTO(buf) json = BUF(64 * 1024);
    *t = (struct conv_tools){.most = 1};
    const size_t count = pick(2) ? 0 : 1 + pick(3);
    for (size_t i = 0; i < count; i++) {
        jval *schema = arena_new(a, jval);
        CHECK_OK(json_read(a, str_of(talk_schemas[pick(3)]), schema));
        const struct tools_one one = {.call = {arena_fmt(a, "tool_%zu", i), *schema},
                                      .description = talk_text(a, true),
                                      .strict = !pick(3)};
        buf_add_char(&json, i ? ',' : '[');
        tools_put(&json, &one);
        t->names[t->count++] = one.call.name;
    }
    if (!count)
        return;
    buf_add_char(&json, ']');
    t->json = arena_str(a, buf_str(&json));
    t->choice = (enum conv_tool_choice)pick(3);
    if (t->choice == CONV_TOOLS_REQUIRED && pick(2))
        t->name = t->names[pick(count)];
    t->most = pick(2) ? 1 : SCHEMA_PARALLEL_MAX;
}

static inline void
talk_params(arena *a, struct conv_params *p)
{
    conv_params_default(p);
    p->tokens_max = (uint32_t)(1 + pick(5000));
    p->temperature = (double)pick(65) / 64;
    p->top_p = (double)pick(65) / 64;
    p->top_k = (int32_t)pick(100);
    for (p->stop_count = 0; p->stop_count < pick(4); p->stop_count++)
        p->stops[p->stop_count] = talk_text(a, false);
}
