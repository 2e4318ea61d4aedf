/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/remote/rig.h"

static const struct hear_spec chat = {.dialect = REMOTE_BEDROCK, .kind = ENGINE_CHAT, .n = 1};

/* Events one after the other, NULL-ended: type, payload. */
static void
check(const char *file, int line, const char *const *events, const char *want, enum err_code code)
{
    AUTO(buf) b = BUF(65536);
    for (; events[0]; events += 2)
        if (strstr(events[0], "Exception"))
            eventstream_put_exception(&b, str_of(events[0]), str_of(events[1]));
        else
            eventstream_put_event(&b, str_of(events[0]), str_of(events[1]));
    feed_all(file, line, (struct fed){&chat, HEAR_AWS, buf_str(&b), 0, 0}, str_of(want), code);
}

#define CHECK_HEARS(want, code, ...)                                                               \
    check(__FILE__, __LINE__, (const char *const[]){__VA_ARGS__, NULL}, want, code)

#define START "messageStart", "{\"role\":\"assistant\",\"p\":\"abc\"}"
#define SAYS(i, text)                                                                              \
    "contentBlockDelta", "{\"contentBlockIndex\":" i ",\"delta\":{\"text\":\"" text "\"}}"
#define STOP_BLOCK(i) "contentBlockStop", "{\"contentBlockIndex\":" i "}"
#define CALL(i)                                                                                    \
    "contentBlockStart", "{\"contentBlockIndex\":" i ",\"start\":{\"toolUse\":{\"toolUseId\":"     \
                         "\"tooluse_1\",\"name\":\"find\"}}}"
#define INPUT(i, text)                                                                             \
    "contentBlockDelta",                                                                           \
        "{\"contentBlockIndex\":" i ",\"delta\":{\"toolUse\":{\"input\":\"" text "\"}}}"
#define END(why) "messageStop", "{\"stopReason\":\"" why "\"}"
#define USAGE                                                                                      \
    "metadata", "{\"usage\":{\"inputTokens\":4,\"outputTokens\":6,\"totalTokens\":10,"             \
                "\"cacheReadInputTokens\":1,\"cacheWriteInputTokens\":2},\"metrics\":{"            \
                "\"latencyMs\":9}}"

TEST(text_needs_no_start_and_usage_comes_last)
{
    CHECK_HEARS("T0 Grü\nT0 ß\nD0 stop 7/1/6 .\n", ERR_OK, START, SAYS("0", "Grü"), SAYS("0", "ß"),
                STOP_BLOCK("0"), END("end_turn"), USAGE);
}

TEST(calls_and_reasoning_come_in_blocks_of_their_own)
{
    CHECK_HEARS("R0 hm\nT0 a\nC0.0 tooluse_1 find\nA0.0 {\"q\":\nA0.0 1}\nD0 calls 7/1/6 .\n",
                ERR_OK, START, "contentBlockDelta",
                "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"text\":\"hm\"}}}",
                "contentBlockDelta",
                "{\"contentBlockIndex\":0,\"delta\":{\"reasoningContent\":{\"signature\":\"s\"}}}",
                STOP_BLOCK("0"), SAYS("1", "a"), STOP_BLOCK("1"), CALL("2"),
                INPUT("2", "{\\\"q\\\":"), INPUT("2", "1}"), STOP_BLOCK("2"), END("tool_use"),
                USAGE);
    CHECK_HEARS("C0.0 tooluse_1 find\nA0.0 {}\nD0 calls 7/1/6 .\n", ERR_OK, START, CALL("0"),
                STOP_BLOCK("0"), END("tool_use"), USAGE);
}

TEST(ends_are_named)
{
    CHECK_HEARS("D0 length 0/0/0 ~ .\n", ERR_OK, START, END("max_tokens"));
    CHECK_HEARS("D0 length 0/0/0 ~ .\n", ERR_OK, START, END("model_context_window_exceeded"));
    CHECK_HEARS("D0 filter 0/0/0 ~ .\n", ERR_OK, START, END("guardrail_intervened"));
    CHECK_HEARS("D0 filter 0/0/0 ~ .\n", ERR_OK, START, END("content_filtered"));
    CHECK_HEARS("D0 stop 0/0/0 ~ .\n", ERR_OK, START, END("stop_sequence"));
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, END("malformed_tool_use"));
}

TEST(events_nobody_knows_are_passed_over)
{
    CHECK_HEARS("T0 a\nD0 stop 0/0/1 ~ .\n", ERR_OK, START, "brandNew", "?", SAYS("0", "a"),
                STOP_BLOCK("0"), END("end_turn"));
}

TEST(a_stream_that_stops_early_fails_after_what_came)
{
    CHECK_HEARS("T0 a\n", ERR_PROVIDER_LOST, START, SAYS("0", "a"));
    CHECK_HEARS("T0 a\n", ERR_PROVIDER_LOST, START, SAYS("0", "a"), STOP_BLOCK("0"));
    CHECK_HEARS("", ERR_PROVIDER_LOST, START);
    AUTO(buf) b = BUF(4096);
    eventstream_put_event(&b, STR("messageStart"), STR("{\"role\":\"assistant\"}"));
    eventstream_put_event(&b, STR("messageStop"), STR("{\"stopReason\":\"end_turn\"}"));
    buf_add(&b, STR("\0\0"));
    feed_all(__FILE__, __LINE__, (struct fed){&chat, HEAR_AWS, buf_str(&b), 0, 0}, STR(""),
             ERR_PROVIDER_LOST);
}

TEST(disorder_fails)
{
    CHECK_HEARS("", ERR_PROVIDER_LOST, SAYS("0", "a"));
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, START);
    CHECK_HEARS("T0 a\n", ERR_PROVIDER_LOST, START, SAYS("0", "a"), SAYS("1", "b"));
    CHECK_HEARS("T0 a\n", ERR_PROVIDER_LOST, START, SAYS("0", "a"), STOP_BLOCK("1"));
    CHECK_HEARS("T0 a\n", ERR_PROVIDER_LOST, START, SAYS("0", "a"), INPUT("0", "{}"));
    CHECK_HEARS("T0 a\n", ERR_PROVIDER_LOST, START, SAYS("0", "a"), CALL("1"));
    CHECK_HEARS("T0 a\n", ERR_PROVIDER_LOST, START, SAYS("0", "a"), END("end_turn"));
    CHECK_HEARS("", ERR_PROVIDER_LOST, END("end_turn"));
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, END("end_turn"), END("end_turn"));
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, END("end_turn"), SAYS("0", "a"));
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, "contentBlockDelta", "{");
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, "contentBlockDelta", "{}");
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, "messageStop", "{}");
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, "metadata", "{\"usage\":{\"inputTokens\":-1}}");
    CHECK_HEARS("", ERR_PROVIDER_LOST, START, "contentBlockStart",
                "{\"contentBlockIndex\":0,\"start\":{\"toolUse\":{\"toolUseId\":\"t\"}}}");
}

TEST(an_exception_is_the_error_it_names)
{
    CHECK_HEARS("T0 a\n", ERR_BUSY, START, SAYS("0", "a"), "throttlingException",
                "{\"message\":\"secret\"}");
    CHECK_HEARS("", ERR_ARGUMENT, "validationException", "{\"message\":\"m\"}");
    CHECK_HEARS("", ERR_CONTEXT_LENGTH, "validationException",
                "{\"message\":\"Input is too long for requested model.\"}");
    CHECK_HEARS("", ERR_PROVIDER_LOST, "modelStreamErrorException", "{}");
    CHECK_HEARS("", ERR_PROVIDER_LOST, "internalServerException", "no JSON");
}

TEST(a_damaged_message_fails)
{
    AUTO(buf) b = BUF(4096);
    eventstream_put_event(&b, STR("messageStart"), STR("{\"role\":\"assistant\"}"));
    b.at[b.len - 6] ^= 1;
    feed_all(__FILE__, __LINE__, (struct fed){&chat, HEAR_AWS, buf_str(&b), 0, 0}, STR(""),
             ERR_PROVIDER_LOST);
}

TEST(an_answer_in_one_piece_is_understood)
{
    FEED(chat, HEAR_JSON,
         "{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":[{\"reasoningContent\":"
         "{\"reasoningText\":{\"text\":\"hm\"}}},{\"text\":\"Ja.\"},{\"toolUse\":{\"toolUseId\":"
         "\"t\",\"name\":\"f\",\"input\":{\"a\":1}}}]}},\"stopReason\":\"tool_use\","
         "\"usage\":{\"inputTokens\":1,\"outputTokens\":2,\"totalTokens\":3}}",
         "R0 hm\nT0 Ja.\nC0.0 t f\nA0.0 {\"a\":1}\nD0 calls 1/0/2 .\n");
    FEED_FAILS(chat, HEAR_JSON, "{}", "", PROVIDER_LOST);
    FEED_FAILS(chat, HEAR_JSON, "{\"output\":{\"message\":{\"content\":[{\"toolUse\":7}]}}}", "",
               PROVIDER_LOST);
}
