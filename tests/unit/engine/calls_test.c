/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/calls.h"

#include <stdio.h>

#include "base/fault.h"
#include "base/utf8.h"
#include "test.h"

/* What came out, as one line: text as it is, a call as <index name|arguments>. */
struct seen {
    buf line;
    bool in_call;
};

static void
close_seen(struct seen *s)
{
    if (s->in_call)
        buf_add(&s->line, STR(">"));
    s->in_call = false;
}

static void
on_text(void *ctx, str text)
{
    struct seen *s = ctx;
    CHECK(text.len > 0 && utf8_valid(text));
    close_seen(s);
    buf_add(&s->line, text);
}

static void
on_call(void *ctx, uint32_t index, str name)
{
    struct seen *s = ctx;
    close_seen(s);
    buf_add_fmt(&s->line, "<%u %.*s|", index, STR_FMT(name));
    s->in_call = true;
}

static void
on_arguments(void *ctx, uint32_t index, str piece)
{
    struct seen *s = ctx;
    CHECK(s->in_call && piece.len > 0 && utf8_valid(piece));
    (void)index;
    buf_add(&s->line, piece);
}

static const str names[] = {STR_INIT("weather"), STR_INIT("now")};

/* `text` in pieces that end at `cut` and then every `step` bytes, at borders of characters. */
static err
run(enum calls_form form, str text, size_t cut, size_t step, struct seen *s)
{
    struct calls c;
    size_t at = 0;
    err e = OK;
    *s = (struct seen){.line = BUF(1 << 20)};
    calls_init(&c, form, names, 2, (struct calls_hooks){on_text, on_call, on_arguments, s});
    while (!e.code && at < text.len) {
        size_t end = at + (at ? step : cut) > text.len ? text.len : at + (at ? step : cut);
        while (end < text.len && ((unsigned char)text.at[end] & 0xC0) == 0x80)
            end++;
        e = calls_add(&c, str_slice(text, at, end));
        at = end > at ? end : at + 1;
    }
    if (!e.code)
        e = calls_end(&c);
    calls_done(&c);
    close_seen(s);
    return e;
}

/* The same comes out wherever the text is cut. */
static void
check_all(enum calls_form form, const char *text, const char *want, int line)
{
    const str t = str_of(text);
    for (size_t cut = 1; cut <= t.len; cut++)
        for (size_t step = 1; step <= t.len; step += step == 1 ? 2 : t.len) {
            struct seen s;
            const err e = run(form, t, cut, step, &s);
            if (e.code || !str_eq(buf_str(&s.line), str_of(want)))
                test_fail(__FILE__, line, "cut at %zu: \"%.*s\", want \"%s\"", cut,
                          STR_FMT(buf_str(&s.line)), want);
            buf_done(&s.line);
        }
}
#define LINES(text, want) check_all(CALLS_LINES, text, want, __LINE__)
#define TAGGED(text, want) check_all(CALLS_TAGGED, text, want, __LINE__)

#define NOW "{\"name\": \"now\", \"arguments\": {}}"
#define RAIN "{\"name\":\"weather\",\"arguments\":{\"ort\": \"Köln\",\"t\":[1,{\"a\":\"}\\\"\"}]}}"
#define RAIN_SEEN "weather|{\"ort\": \"Köln\",\"t\":[1,{\"a\":\"}\\\"\"}]}"

TEST(lines_of_calls_are_taken_apart)
{
    LINES(NOW, "<0 now|{}>");
    LINES(RAIN "\n" NOW "\n", "<0 " RAIN_SEEN "><1 now|{}>");
}

TEST(a_tagged_call_stands_between_text)
{
    TAGGED("Moment. <tool_call>\n" RAIN "\n</tool_call>", "Moment. <0 " RAIN_SEEN ">");
    TAGGED("<tool_call>" NOW "</tool_call>\n<tool_call>" NOW "</tool_call>\n",
           "<0 now|{}><1 now|{}>");
    TAGGED("<tool_call>" NOW "</tool_call>\n\nUnd nun?  Gut.", "<0 now|{}>Und nun?  Gut.");
}

TEST(text_without_calls_comes_out_as_it_was)
{
    TAGGED("Grüße <tool> <tool_cal l> <", "Grüße <tool> <tool_cal l> <");
    TAGGED("a <tool_call", "a <tool_call");
    TAGGED("  ", "  ");
    TAGGED("Ja: " NOW, "Ja: " NOW);
    TAGGED("{\"a\": 1} und ``` und ```json", "{\"a\": 1} und ``` und ```json");
}

TEST(coders_fence_their_calls_and_others_begin_with_them)
{
    TAGGED("```json\n" RAIN "\n```\n", "<0 " RAIN_SEEN ">");
    TAGGED("Gern: ```json\n" NOW "\n``` Fertig.", "Gern: <0 now|{}>Fertig.");
    TAGGED(NOW, "<0 now|{}>");
    TAGGED("\n " NOW "\n" NOW " ok", "<0 now|{}><1 now|{}>ok");
}

TEST(a_call_within_what_was_none_is_found)
{
    TAGGED("```json\n[1]\n```<tool_call>" NOW "</tool_call>", "```json\n[1]\n```<0 now|{}>");
    TAGGED("{\"a\":1}<tool_call>" NOW "</tool_call>", "{\"a\":1}<0 now|{}>");
    TAGGED("<tool_call>{\"x\" <tool_call>" NOW "</tool_call>", "<tool_call>{\"x\" <0 now|{}>");
    TAGGED("<tool_call>" NOW "<tool_call>" NOW "</tool_call>", "<0 now|{}><1 now|{}>");
}

TEST(members_come_in_any_order_and_spacing)
{
    TAGGED("<tool_call> { \"arguments\" : {\"a\":1} , \"name\" : \"now\" } </tool_call>",
           "<0 now|{\"a\":1}>");
    TAGGED("<tool_call>{\"name\":\"now\"}</tool_call>", "<0 now|{}>");
    TAGGED(
        "<tool_call>{\"name\":\"now\",\"parameters\":{\"a\":1},\"x\":{\"name\":\"z\"}}</tool_call>",
        "<0 now|{\"a\":1}>");
}

TEST(what_is_no_call_is_text_again)
{
    TAGGED("<tool_call>nein</tool_call>", "<tool_call>nein</tool_call>");
    TAGGED("<tool_call>{\"name\":\"rm\",\"arguments\":{}}</tool_call>",
           "<tool_call>{\"name\":\"rm\",\"arguments\":{}}</tool_call>");
    TAGGED("<tool_call>{\"name\":\"now\",\"arguments\":\"{}\"}</tool_call>",
           "<tool_call>{\"name\":\"now\",\"arguments\":\"{}\"}</tool_call>");
    TAGGED("<tool_call>{\"arguments\":{}}</tool_call>",
           "<tool_call>{\"arguments\":{}}</tool_call>");
    LINES("Hallo", "Hallo");
}

TEST(arguments_that_break_off_become_text_at_the_same_place)
{
    LINES("{\"name\":\"now\",\"arguments\":{\"a\"1x]}}\n" NOW, "<0 now|{\"a\"1>x]}}\n" NOW);
    TAGGED("<tool_call>{\"name\":\"now\",\"arguments\":{} oh}</tool_call>",
           "<0 now|{}>oh}</tool_call>");
}

TEST(an_answer_cut_off_keeps_what_there_is)
{
    LINES("{\"name\":\"now\",\"arguments\":{\"a\":\"b", "<0 now|{\"a\":\"b>");
    TAGGED("x<tool_call>\n{\"name\":\"no", "x<tool_call>\n{\"name\":\"no");
    TAGGED("<tool_call>\n" NOW "\n</tool", "<0 now|{}>");
}

TEST(arguments_come_as_they_are_written)
{
    struct calls c;
    struct seen s = {.line = BUF(1 << 20)};
    calls_init(&c, CALLS_LINES, names, 2, (struct calls_hooks){on_text, on_call, on_arguments, &s});
    CHECK_OK(calls_add(&c, STR("{\"name\": \"now\", \"argum")));
    CHECK_STR(buf_str(&s.line), STR(""));
    CHECK_OK(calls_add(&c, STR("ents\": {\"a")));
    CHECK_STR(buf_str(&s.line), STR("<0 now|{\"a"));
    CHECK_OK(calls_add(&c, STR("b\": 1}")));
    CHECK_STR(buf_str(&s.line), STR("<0 now|{\"ab\": 1}"));
    calls_done(&c);
    buf_done(&s.line);
}

TEST(too_many_calls_are_text)
{
    AUTO(buf) text = BUF(1 << 20);
    struct seen s;
    for (int i = 0; i <= CALLS_COUNT_MAX; i++)
        buf_add(&text, STR("<tool_call>" NOW "</tool_call>"));
    CHECK_OK(run(CALLS_TAGGED, buf_str(&text), 1000, 1000, &s));
    CHECK(str_find(buf_str(&s.line), STR("<127 now|{}>")) > 0);
    CHECK(str_find(buf_str(&s.line), STR("<128 now")) < 0);
    buf_done(&s.line);
}

TEST(more_held_back_than_the_limit_is_an_error)
{
    struct calls c;
    struct seen s = {.line = BUF(1 << 22)};
    char part[4096];
    err e = OK;
    memset(part, 'x', sizeof part);
    calls_init(&c, CALLS_LINES, names, 2, (struct calls_hooks){on_text, on_call, on_arguments, &s});
    CHECK_OK(calls_add(&c, STR("{\"note\":\"")));
    for (int i = 0; i < 300 && !e.code; i++)
        e = calls_add(&c, (str){part, sizeof part});
    CHECK_ERR(e, LIMIT);
    calls_done(&c);
    buf_done(&s.line);
}

TEST(what_looks_like_many_calls_is_read_in_time)
{
    AUTO(buf) text = BUF(1 << 20);
    struct seen s;
    for (int i = 0; i < 20000; i++)
        buf_add(&text, STR("```json{\"<tool_call>{"));
    CHECK_OK(run(CALLS_TAGGED, buf_str(&text), 7, 7, &s));
    CHECK_STR(buf_str(&s.line), buf_str(&text));
    buf_done(&s.line);
}

TEST(memory_may_end_at_any_allocation)
{
    long n = 0;
    for (bool fired = true; fired && n < 100;) {
        struct seen s;
        fault_arm(++n);
        const err e = run(CALLS_TAGGED, STR("<tool_call>" RAIN "</tool_call>"), 3, 3, &s);
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired || !e.code);
        if (e.code)
            CHECK_ERR(e, LIMIT);
        buf_done(&s.line);
    }
    CHECK_INT(n, >, 1);
    CHECK_INT(n, <, 100);
}
