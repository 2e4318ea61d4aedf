/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/parts.h"

#include "base/fault.h"
#include "test.h"

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
    CHECK_OK(parts_new(&offered, ANSWERS, label_of_level(2), hear, &seen, &p));
    return p;
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
            CHECK_OK(parts_add(p, 1, 1, str_slice(text, at, end)));
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
        CHECK_OK(parts_add(p, 0, 2,
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
    CHECK_OK(parts_add(p, 0, 3, STR("{\"name\":\"now\",\"arguments\":{}}\n{\"name\":")));
    CHECK_OK(parts_add(p, 1, 2, STR("{\"name\":\"weather\",\"arguments\":{\"a\":1}}")));
    CHECK_OK(parts_add(p, 0, 4, STR("\"now\",\"arguments\":{\"b\":2}}")));
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
    CHECK_OK(parts_add(p, 0, 1, STR("a <tool_call>{\"name\": \"rm\"")));
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
        err e = parts_new(&offered, ANSWERS, LABEL_BOTTOM, hear, &seen, &p);
        if (!e.code)
            e = parts_add(p, 0, 1, str_of(mixed));
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
