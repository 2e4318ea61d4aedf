/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/parts.h"

#include "unit/engine/far.h"

enum { ANSWERS = 2 };

/* What came out of each answer, as a line: text as it is, <name arguments>. */
static struct {
    buf line[ANSWERS];
    uint32_t tokens[ANSWERS];
    label label;
} seen;

static struct conv_tools offered = {.names = {STR_INIT("weather"), STR_INIT("now")}, .count = 2};

static void
hear(void *ctx, const struct engine_piece *p)
{
    CHECK(p->prompt_tokens == 9 && p->cached_tokens == 4);
    CHECK(ctx == &seen && p->index < ANSWERS && !p->call_id.len && !p->logprob_count);
    buf *b = &seen.line[p->index];
    seen.tokens[p->index] += p->token_count;
    seen.label = p->text.label;
    if (p->part == PART_CALL)
        buf_add_fmt(b, "<%u ", p->call);
    if (p->part == PART_REASONING)
        buf_add_char(b, '~');
    buf_add(b, p->text.bytes_); /* a test may look: it made the content itself */
    buf_add(b, p->part == PART_CALL ? STR(" ") : STR_NONE);
}

static parts *
open_parts(enum conv_tool_choice choice)
{
    parts *p = NULL;
    for (size_t i = 0; i < ANSWERS; i++) {
        buf_clear(&seen.line[i]);
        seen.line[i] = BUF(1 << 16);
        seen.tokens[i] = 0;
    }
    offered.choice = choice;
    CHECK_OK(parts_new(&offered, ANSWERS, label_of_level(2), (struct parts_hook){hear, &seen}, &p));
    return p;
}

static err
add(parts *p, uint32_t index, uint32_t token_count, str text)
{
    const struct engine_piece raw = {
        .index = index, .token_count = token_count, .prompt_tokens = 9, .cached_tokens = 4};
    return parts_add(p, &raw, text);
}

static void
close_parts(parts *p)
{
    parts_free(p);
    for (size_t i = 0; i < ANSWERS; i++)
        buf_done(&seen.line[i]);
}

static const char mixed[] = "Gleich. <tool_call>{\"name\": \"weather\", \"arguments\": {\"ort\": "
                            "\"Köln\"}}</tool_call>Bis dann.";

TEST(text_and_calls_come_apart_wherever_the_pieces_end)
{
    const str text = str_of(mixed);
    for (size_t step = 1; step < text.len; step++) {
        parts *p = open_parts(CONV_TOOLS_AUTO);
        uint32_t calls = 9, pieces = 0;
        for (size_t at = 0; at < text.len;) {
            size_t end = at + step < text.len ? at + step : text.len;
            while (end < text.len && ((unsigned char)text.at[end] & 0xc0) == 0x80)
                end++;
            CHECK_OK(add(p, 1, 1, str_slice(text, at, end)));
            at = end;
            pieces++;
        }
        CHECK_OK(parts_end(p, 1, &calls));
        CHECK_INT(calls, ==, 1);
        CHECK_STR(buf_str(&seen.line[1]), STR("Gleich. <0 weather {\"ort\": \"Köln\"}Bis dann."));
        CHECK_INT(seen.tokens[1], <=, pieces);
        CHECK_INT(seen.line[0].len, ==, 0);
        close_parts(p);
    }
}

TEST(thoughts_come_apart_with_and_without_tools)
{
    static const enum conv_tool_choice choices[] = {CONV_TOOLS_AUTO, CONV_TOOLS_NONE};
    for (size_t i = 0; i < 2; i++) {
        parts *p = open_parts(choices[i]);
        uint32_t calls = 9;
        CHECK_OK(add(p, 0, 2,
                     STR("<think>hm</think>\nJa. <tool_call>{\"name\": \"now\", "
                         "\"arguments\": {}}</tool_call>")));
        CHECK_OK(parts_end(p, 0, &calls));
        CHECK_INT(calls, ==, i == 0);
        CHECK_STR(buf_str(&seen.line[0]),
                  i ? STR("~hmJa. <tool_call>{\"name\": \"now\", \"arguments\": {}}</tool_call>")
                    : STR("~hmJa. <0 now {}"));
        CHECK_INT(seen.tokens[0], ==, 2);
        close_parts(p);
    }
}

TEST(answers_do_not_mix_and_each_counts_its_calls)
{
    parts *p = open_parts(CONV_TOOLS_REQUIRED);
    uint32_t calls = 9;
    CHECK_OK(add(p, 0, 3, STR("{\"name\":\"now\",\"arguments\":{}}\n{\"name\":")));
    CHECK_OK(add(p, 1, 2, STR("{\"name\":\"weather\",\"arguments\":{\"a\":1}}")));
    CHECK_OK(add(p, 0, 4, STR("\"now\",\"arguments\":{\"b\":2}}")));
    CHECK_OK(parts_end(p, 0, &calls));
    CHECK_INT(calls, ==, 2);
    CHECK_OK(parts_end(p, 1, &calls));
    CHECK_INT(calls, ==, 1);
    CHECK_STR(buf_str(&seen.line[0]), STR("<0 now {}<1 now {\"b\":2}"));
    CHECK_STR(buf_str(&seen.line[1]), STR("<0 weather {\"a\":1}"));
    CHECK_INT(seen.tokens[0], ==, 7);
    CHECK_INT(seen.tokens[1], ==, 2);
    CHECK(label_eq(seen.label, label_of_level(2)));
    close_parts(p);
}

TEST(what_only_looks_like_a_call_is_text_and_no_call_is_counted)
{
    parts *p = open_parts(CONV_TOOLS_AUTO);
    uint32_t calls = 9;
    CHECK_OK(add(p, 0, 1, STR("a <tool_call>{\"name\": \"rm\"")));
    CHECK_OK(parts_end(p, 0, &calls));
    CHECK_INT(calls, ==, 0);
    CHECK_STR(buf_str(&seen.line[0]), STR("a <tool_call>{\"name\": \"rm\""));
    close_parts(p);
}

TEST(memory_that_is_out_is_an_error_and_nothing_leaks)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        uint32_t calls;
        parts *p = NULL;
        for (size_t i = 0; i < ANSWERS; i++)
            seen.line[i] = BUF(1 << 16);
        fault_arm(n);
        err e = parts_new(&offered, ANSWERS, LABEL_BOTTOM, (struct parts_hook){hear, &seen}, &p);
        if (!e.code)
            e = add(p, 0, 1, str_of(mixed));
        if (!e.code)
            e = parts_end(p, 0, &calls);
        fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code || (fired && e.code == ERR_LIMIT));
        close_parts(p);
    }
}

TEST(nothing_to_free_is_fine)
{
    parts_free(NULL);
}

/* ---- as the hooks of an engine see it */

static const char two_calls[] = "Ja. <tool_call>{\"name\":\"now\",\"arguments\":{}}</tool_call>"
                                "<tool_call>{\"name\":\"now\",\"arguments\":{}}</tool_call>";

static struct conv *
chat_with_tools(struct rig_conv *c)
{
    rig_chat(c, "x");
    c->c.tools = (struct conv_tools){.names = {STR_INIT("now")}, .count = 1};
    return &c->c;
}

TEST(an_answer_with_calls_comes_in_parts_and_ends_with_calls)
{
    struct rig r;
    open_rig(&r);
    submit(&r, ENGINE_CHAT, chat_with_tools(&talk), &one);
    NEED(sent(&r) == ENGINE_SUBMIT);
    const uint64_t id = r.m.head.id;
    say_text(&r, id, 0, str_of(two_calls));
    say_done(&r, id, good_done(0, true));
    CHECK_STR(((str){one.text[0], one.len[0]}), STR("Ja. now{}now{}"));
    CHECK_INT(one.usage[0].finish, ==, FINISH_CALLS);
    CHECK_INT(one.tokens, ==, 1);
    close_rig(&r);
}

TEST(a_job_may_be_cancelled_by_any_part_of_one_message)
{
    for (unsigned at = 1; at <= 6; at++) {
        struct rig r;
        open_rig(&r);
        const struct engine_hooks hooks = rig_hooks(&one, r.l);
        one.cancel_after = at;
        CHECK_OK(engine_submit(r.e, r.leave.g, ENGINE_CHAT, chat_with_tools(&talk), LABEL_BOTTOM,
                               hooks, &one.job));
        NEED(sent(&r) == ENGINE_SUBMIT);
        const uint64_t id = r.m.head.id;
        say_text(&r, id, 0, str_of(two_calls));
        say_done(&r, id, good_done(0, true));
        CHECK_INT(one.pieces, ==, at < 5 ? at : 5);
        CHECK_INT(one.lasts, ==, at > 5);
        CHECK_INT(engine_jobs(r.e), ==, 0);
        CHECK_INT(r.lost, ==, 0);
        close_rig(&r);
    }
}

TEST(the_end_says_which_stop_string_matched)
{
    struct rig r;
    open_rig(&r);
    struct conv *c = rig_chat(&talk, "x");
    c->params.stops[0] = STR("eins");
    c->params.stops[1] = STR("zwei");
    c->params.stop_count = 2;
    submit(&r, ENGINE_CHAT, c, &one);
    NEED(sent(&r) == ENGINE_SUBMIT);
    struct engine_done d = good_done(0, true);
    d.stop = 2;
    say_done(&r, r.m.head.id, d);
    CHECK_INT(one.usage[0].stop, ==, 2);
    close_rig(&r);
}
