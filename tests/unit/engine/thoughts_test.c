/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/thoughts.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

/* "thought|text" of `s` in pieces of `step` bytes. */
static str
split(str s, size_t step)
{
    static char room[4096];
    struct thoughts t;
    struct thoughts_out out;
    AUTO(buf) thought = BUF(2048);
    AUTO(buf) text = BUF(2048);
    thoughts_init(&t);
    for (size_t at = 0; at < s.len; at += step) {
        CHECK_OK(thoughts_add(&t, str_slice(s, at, at + step), &out));
        CHECK(!out.thought.len || !text.len);
        buf_add(&thought, out.thought);
        buf_add(&text, out.text);
    }
    thoughts_end(&t, &out);
    buf_add(&thought, out.thought);
    buf_add(&text, out.text);
    thoughts_done(&t);
    const int n = snprintf(room, sizeof room, "%.*s|%.*s", STR_FMT(buf_str(&thought)),
                           STR_FMT(buf_str(&text)));
    return (str){room, (size_t)n};
}

static void
check_split(const char *s, const char *want)
{
    const str all = str_of(s);
    for (size_t step = 1; step <= all.len + 1; step++)
        CHECK_STR(split(all, step), str_of(want));
}

TEST(what_stands_between_the_tags_at_the_start_is_thought_and_the_rest_is_text)
{
    check_split("<think>\nErst rechnen.\n</think>\n\n287 Euro.", "Erst rechnen.|287 Euro.");
    check_split("\n <think>a  b\n\nc</think>d", "a  b\n\nc|d");
    check_split("<think></think>nur Text", "|nur Text");
    check_split("<think>\n\n</think>\n\nText\n", "|Text\n");
}

TEST(without_a_tag_at_the_start_all_is_text_as_it_is)
{
    check_split("Hallo <think>nicht</think>", "|Hallo <think>nicht</think>");
    check_split("\n\n Text ", "|\n\n Text ");
    check_split("<thinker>", "|<thinker>");
    check_split("<thin", "|<thin");
    check_split("   ", "|   ");
    check_split("", "|");
    check_split("</think>a", "|</think>a");
}

TEST(a_thought_that_is_not_ended_is_one_to_the_end)
{
    check_split("<think>nie fertig", "nie fertig|");
    check_split("<think>fast </thin", "fast </thin|");
    check_split("<think>a < b </ c", "a < b </ c|");
    check_split("<think>", "|");
}

TEST(a_second_thought_is_text)
{
    check_split("<think>a</think>b<think>c</think>", "a|b<think>c</think>");
}

TEST(little_is_held_back)
{
    struct thoughts t;
    struct thoughts_out out;
    thoughts_init(&t);
    CHECK_OK(thoughts_add(&t, STR("<think>abc"), &out));
    CHECK_STR(out.thought, STR("abc"));
    CHECK_OK(thoughts_add(&t, STR("def </th"), &out));
    CHECK_STR(out.thought, STR("def"));
    CHECK_OK(thoughts_add(&t, STR("e end"), &out));
    CHECK_STR(out.thought, STR(" </the end"));
    CHECK_OK(thoughts_add(&t, STR("</think>x"), &out));
    CHECK_STR(out.text, STR("x"));
    CHECK(thoughts_are_over(&t));
    CHECK_OK(thoughts_add(&t, STR(" </think> "), &out));
    CHECK_STR(out.text, STR(" </think> "));
    thoughts_done(&t);
}

TEST(memory_that_is_out_is_an_error)
{
    struct thoughts t;
    struct thoughts_out out;
    thoughts_init(&t);
    fault_arm(1);
    CHECK_ERR(thoughts_add(&t, STR("<th"), &out), LIMIT);
    fault_arm(0);
    thoughts_done(&t);
}
