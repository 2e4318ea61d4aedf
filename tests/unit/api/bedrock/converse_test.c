/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/converse.h"

#include <stdio.h>

#include "base/fault.h"
#include "unit/api/bedrock/heard.h"

enum { ROOM = 1 << 20 };

struct said {
    enum engine_part part;
    uint32_t call;
    const char *text;
};

static const struct engine_usage usage = {
    .finish = FINISH_STOP, .prompt_tokens = 7, .cached_tokens = 2, .output_tokens = 3};

/* The whole answer into `b`. */
static err
write_answer(arena *a, const struct said *s, size_t count, const struct engine_usage *u,
             bool is_stream, buf *b)
{
    static const str stops[] = {STR_INIT("HALT")};
    struct converse m;
    err e = OK;
    converse_init(&m, STR("R1"), is_stream, a, ROOM);
    m.wants_stop = true;
    for (size_t i = 0; i < count && !e.code; i++) {
        const struct engine_piece p = {.part = s[i].part, .call = s[i].call};
        e = converse_add(&m, &p, str_of(s[i].text));
        if (is_stream) {
            buf_add(b, buf_str(&m.out));
            buf_clear(&m.out);
        }
    }
    if (!e.code)
        e = converse_end(&m, u, stops);
    if (!e.code)
        e = converse_finish(&m, 12, is_stream ? NULL : b);
    if (is_stream)
        buf_add(b, buf_str(&m.out));
    converse_done(&m);
    return e;
}

static str
answer_of(const struct said *s, size_t count, const struct engine_usage *u, bool is_stream)
{
    static buf kept[2];
    static unsigned next;
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(ROOM);
    buf *k = &kept[next++ % 2];
    buf_done(k);
    *k = BUF(ROOM);
    CHECK_OK(arena_open(ROOM, &a));
    CHECK_OK(write_answer(a, s, count, u, is_stream, &b));
    if (is_stream)
        heard_stream(buf_str(&b), b.len, k);
    else
        buf_add(k, buf_str(&b));
    return buf_str(k);
}

#define USAGE                                                                                      \
    "\"usage\":{\"inputTokens\":7,\"outputTokens\":3,\"totalTokens\":10,"                          \
    "\"cacheReadInputTokens\":2,\"cacheWriteInputTokens\":0},\"metrics\":{\"latencyMs\":12}"

static const struct said all[] = {
    {PART_REASONING, 0, "hm"},   {PART_REASONING, 0, "\"m"}, {PART_TEXT, 0, "a\n"},
    {PART_TEXT, 0, "\xc3\xa4"},  {PART_CALL, 0, "uhr"},      {PART_ARGUMENTS, 0, "{\"a\":"},
    {PART_ARGUMENTS, 0, "[1]}"}, {PART_CALL, 1, "wetter"},   {PART_ARGUMENTS, 1, "{}"}};
enum { ALL = sizeof all / sizeof *all };

TEST(a_whole_answer_has_the_shape_of_the_api)
{
    struct engine_usage u = usage;
    u.finish = FINISH_CALLS;
    CHECK_STR(answer_of(all, ALL, &u, false),
              STR("{\"output\":{\"message\":{\"role\":\"assistant\",\"content\":["
                  "{\"reasoningContent\":{\"reasoningText\":{\"text\":\"hm\\\"m\"}}},"
                  "{\"text\":\"a\\n\xc3\xa4\"},"
                  "{\"toolUse\":{\"toolUseId\":\"tooluse_R1_0\",\"name\":\"uhr\",\"input\":{\"a\":"
                  "[1]}}},"
                  "{\"toolUse\":{\"toolUseId\":\"tooluse_R1_1\",\"name\":\"wetter\",\"input\":{}}}"
                  "]}},\"stopReason\":\"tool_use\"," USAGE "}"));
}

TEST(a_streamed_answer_has_its_events_in_the_order_of_the_api)
{
    struct engine_usage u = usage;
    u.finish = FINISH_CALLS;
#define DELTA(i, d) "contentBlockDelta {\"contentBlockIndex\":" i ",\"delta\":{" d "}}\n"
#define STOP(i) "contentBlockStop {\"contentBlockIndex\":" i "}\n"
    CHECK_STR(
        answer_of(all, ALL, &u, true),
        STR("messageStart {\"role\":\"assistant\"}\n" DELTA(
            "0", "\"reasoningContent\":{\"text\":\"hm\"}") DELTA("0", "\"reasoningContent\":{"
                                                                      "\"text\":\"\\\"m\"}")
                STOP("0") DELTA("1", "\"text\":\"a\\n\"") DELTA("1", "\"text\":\"\xc3\xa4\"")
                    STOP("1") "contentBlockStart {\"contentBlockIndex\":2,\"start\":{\"toolUse\":{"
                              "\"toolUseId\":\"tooluse_R1_0\",\"name\":\"uhr\"}}}\n" DELTA(
                                  "2", "\"toolUse\":{\"input\":\"{\\\"a\\\":\"}")
                                  DELTA("2", "\"toolUse\":{\"input\":\"[1]}\"}") STOP(
                                      "2") "contentBlockStart {\"contentBlockIndex\":3,\"start\":{"
                                           "\"toolUse\":{\"toolUseId\":\"tooluse_R1_1\",\"name\":"
                                           "\"wetter\"}}"
                                           "}\n" DELTA("3", "\"toolUse\":{\"input\":\"{}\"}") STOP(
                                               "3") "messageStop {\"stopReason\":\"tool_use\"}\n"
                                                    "metadata {" USAGE "}\n"));
}

TEST(the_bytes_of_a_stream_are_these)
{
    static const struct said hallo[] = {{PART_TEXT, 0, "hallo"}};
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(ROOM);
    AUTO(buf) hex = BUF(ROOM);
    CHECK_OK(arena_open(ROOM, &a));
    CHECK_OK(write_answer(a, hallo, 1, &usage, true, &b));
    hex_put(&hex, b.at, 118); /* the first message */
    CHECK_STR(buf_str(&hex),
              STR("000000760000005296d5fade0b3a6576656e742d7479706507000c6d65737361676553746172740d"
                  "3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167"
                  "652d747970650700056576656e747b22726f6c65223a22617373697374616e74227d6fa8c599"));
}

TEST(why_an_answer_ended_is_told)
{
    static const struct {
        enum engine_finish finish;
        uint32_t stop;
        const char *reason;
    } cases[] = {{FINISH_STOP, 0, "end_turn"},           {FINISH_STOP, 1, "stop_sequence"},
                 {FINISH_LENGTH, 0, "max_tokens"},       {FINISH_CALLS, 0, "tool_use"},
                 {FINISH_FILTER, 0, "content_filtered"}, {FINISH_CANCELLED, 0, "end_turn"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int is_stream = 0; is_stream < 2; is_stream++) {
            struct engine_usage u = usage;
            char want[160];
            u.finish = cases[i].finish;
            u.stop = cases[i].stop;
            snprintf(want, sizeof want, "\"stopReason\":\"%s\"%s", cases[i].reason,
                     u.stop      ? ",\"additionalModelResponseFields\":{\"stop_sequence\":\"HALT\"}"
                     : is_stream ? "}"
                                 : ",");
            CHECK(str_find(answer_of(all, 4, &u, is_stream), str_of(want)) > 0);
        }
}

static bool
heard_has(str said, const char *what)
{
    return str_find(said, str_of(what)) >= 0;
}

static const struct guardrail rule = {
    .id = STR_INIT("r"), .title = STR_INIT("T"), .name = STR_INIT("guardrail.r")};
static const struct guardrail speaking = {.id = STR_INIT("s"),
                                          .name = STR_INIT("guardrail.s"),
                                          .message = STR_INIT("Dazu gibt es keine Auskunft.")};

TEST(a_guardrail_s_message_takes_the_place_of_a_whole_answer)
{
    static const struct said parts[] = {{PART_REASONING, 0, "hm"},
                                        {PART_TEXT, 0, "so [guardrail.r]"}};
    struct engine_usage u = {.finish = FINISH_FILTER, .guardrail = &rule};
    const str plain = answer_of(parts, 2, &u, false);
    CHECK(heard_has(plain, "\"content\":[{\"text\":\"guardrail.r forbids this: T\"}]"));
    CHECK(heard_has(plain, "\"stopReason\":\"guardrail_intervened\""));
    u.guardrail = &speaking;
    CHECK(heard_has(answer_of(parts, 2, &u, false),
                    "\"content\":[{\"text\":\"Dazu gibt es keine Auskunft.\"}]"));
    u.guardrail = NULL; /* the model's own filter */
    CHECK(heard_has(answer_of(parts, 2, &u, false), "\"stopReason\":\"content_filtered\""));
}

TEST(streamed_a_guardrail_s_message_stands_behind_what_was_sent)
{
    static const struct said parts[] = {{PART_TEXT, 0, "so [guardrail.s]"}};
    struct engine_usage u = {.finish = FINISH_FILTER, .guardrail = &speaking};
    const str told = answer_of(parts, 1, &u, true);
    CHECK(heard_has(told, "guardrail_intervened"));
    CHECK(heard_has(told, "so [guardrail.s]") && heard_has(told, "Dazu gibt es keine Auskunft."));
    u.guardrail = &rule;
    CHECK(!heard_has(answer_of(parts, 1, &u, true), "forbids")); /* the name is there already */
    CHECK(heard_has(answer_of(parts, 0, &u, true), "guardrail.r forbids this: T"));
}

TEST(an_empty_answer_has_no_blocks)
{
    static const struct said nothing[] = {{PART_TEXT, 0, ""}};
    CHECK(str_find(answer_of(nothing, 1, &usage, false), STR("\"content\":[]")) > 0);
    CHECK_STR(answer_of(nothing, 0, &usage, true),
              STR("messageStart {\"role\":\"assistant\"}\nmessageStop {\"stopReason\":\"end_turn\"}"
                  "\nmetadata {" USAGE "}\n"));
}

TEST(a_call_that_was_cut_has_no_input_when_whole)
{
    static const struct said cut[] = {{PART_CALL, 0, "uhr"}, {PART_ARGUMENTS, 0, "{\"a\":"}};
    struct engine_usage u = usage;
    u.finish = FINISH_LENGTH;
    CHECK(str_find(answer_of(cut, 2, &u, false), STR("\"input\":{}")) > 0);
    CHECK(str_find(answer_of(cut, 2, &u, true), STR("\"input\":\"{\\\"a\\\":\"")) > 0);
}

TEST(the_engine_s_own_id_of_a_call_is_kept)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(ROOM);
    struct converse m;
    const struct engine_piece good = {.part = PART_CALL, .call_id = STR("call_9-x")};
    const struct engine_piece bad = {.part = PART_CALL, .call = 1, .call_id = STR("a b")};
    NEED_OK(arena_open(ROOM, &a));
    converse_init(&m, STR("R"), false, a, ROOM);
    CHECK_OK(converse_add(&m, &good, STR("f")));
    CHECK_OK(converse_add(&m, &bad, STR("f")));
    CHECK_OK(converse_end(&m, &usage, NULL));
    CHECK_OK(converse_finish(&m, 1, &b));
    CHECK(str_find(buf_str(&b), STR("\"call_9-x\"")) > 0);
    CHECK(str_find(buf_str(&b), STR("\"tooluse_R_1\"")) > 0);
    converse_done(&m);
}

TEST(arguments_of_a_call_that_is_not_open_are_the_engine_s_fault)
{
    static const struct said bad[][2] = {
        {{PART_TEXT, 0, "a"}, {PART_ARGUMENTS, 0, "{}"}},
        {{PART_CALL, 0, "f"}, {PART_ARGUMENTS, 1, "{}"}},
        {{PART_ARGUMENTS, 0, "{}"}, {PART_TEXT, 0, "a"}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        for (int is_stream = 0; is_stream < 2; is_stream++) {
            AUTO(arena) *a = NULL;
            AUTO(buf) b = BUF(ROOM);
            NEED_OK(arena_open(ROOM, &a));
            CHECK_ERR(write_answer(a, bad[i], 2, &usage, is_stream, &b), ENGINE_LOST);
        }
}

/* ---- random answers: what is streamed joins to what is whole */
static void
join_line(str line, buf *text, unsigned *blocks)
{
    AUTO(arena) *a = NULL;
    jval v;
    str name, piece;
    (void)str_next(&line, ' ', &name);
    CHECK_OK(arena_open(ROOM, &a));
    CHECK_OK(json_read(a, line, &v));
    if (str_eq(name, STR("contentBlockStop"))) {
        ++*blocks;
        buf_add_char(text, '|');
    }
    if (!str_eq(name, STR("contentBlockDelta")))
        return;
    const jval delta = json_get(&v, "delta"), call = json_get(&delta, "toolUse");
    const jval reasoning = json_get(&delta, "reasoningContent");
    const jval at = call.v        ? json_get(&call, "input")
                    : reasoning.v ? json_get(&reasoning, "text")
                                  : json_get(&delta, "text");
    CHECK_OK(json_str(&at, ROOM, &piece));
    buf_add(text, piece);
}

static void
join_whole(const jval *root, buf *text, unsigned *blocks)
{
    const jval output = json_get(root, "output"), message = json_get(&output, "message");
    const jval list = json_get(&message, "content");
    struct jwalk w = {0};
    jval block;
    str piece;
    while (json_each(&list, &w, &block)) {
        const jval call = json_get(&block, "toolUse"), r = json_get(&block, "reasoningContent");
        const jval t = json_get(&block, "text");
        ++*blocks;
        if (call.v) {
            const jval input = json_get(&call, "input");
            AUTO(buf) b = BUF(ROOM);
            json_put_value(&b, &input);
            buf_add(text, buf_str(&b));
        } else {
            const jval rt = r.v ? json_get(&r, "reasoningText") : block;
            const jval inner = r.v ? json_get(&rt, "text") : t;
            CHECK_OK(json_str(&inner, ROOM, &piece));
            buf_add(text, piece);
        }
        buf_add_char(text, '|');
    }
}

static size_t
random_answer(struct said s[32])
{
    static const char *const texts[] = {"a", "\n", "\"", "\xc3\xa4", "{}", "\\", "x y", ""};
    size_t n = 0;
    uint32_t calls = 0;
    for (uint64_t parts = test_random() % 8; parts > 0; parts--) {
        const uint64_t kind = test_random() % 3;
        if (kind < 2) {
            const enum engine_part part = kind ? PART_TEXT : PART_REASONING;
            s[n++] = (struct said){part, 0, texts[test_random() % 8]};
            continue;
        }
        s[n++] = (struct said){PART_CALL, calls, "uhr"};
        s[n++] = (struct said){PART_ARGUMENTS, calls, "{\"a\":"};
        s[n++] = (struct said){PART_ARGUMENTS, calls++, "\"\\n\"}"};
    }
    return n;
}

TEST(streamed_and_whole_are_the_same_answer_ten_thousand_times)
{
    for (int i = 0; i < 10000; i++) {
        struct said s[32];
        const size_t count = random_answer(s);
        AUTO(arena) *a = NULL;
        AUTO(buf) whole = BUF(ROOM);
        AUTO(buf) stream = BUF(ROOM);
        AUTO(buf) lines = BUF(ROOM);
        AUTO(buf) one = BUF(ROOM);
        AUTO(buf) two = BUF(ROOM);
        unsigned one_blocks = 0, two_blocks = 0;
        jval root;
        NEED_OK(arena_open(ROOM, &a));
        NEED_OK(write_answer(a, s, count, &usage, false, &whole));
        NEED_OK(write_answer(a, s, count, &usage, true, &stream));
        NEED_OK(json_read(a, buf_str(&whole), &root));
        join_whole(&root, &one, &one_blocks);
        heard_stream(buf_str(&stream), 1 + test_random() % 200, &lines);
        str rest = buf_str(&lines), line;
        while (str_next(&rest, '\n', &line))
            if (line.len)
                join_line(line, &two, &two_blocks);
        CHECK_STR(buf_str(&two), buf_str(&one));
        CHECK_INT(two_blocks, ==, one_blocks);
    }
}

TEST(every_split_of_a_stream_gives_the_same_events)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) stream = BUF(ROOM);
    AUTO(buf) want = BUF(ROOM);
    NEED_OK(arena_open(ROOM, &a));
    NEED_OK(write_answer(a, all, ALL, &usage, true, &stream));
    heard_stream(buf_str(&stream), stream.len, &want);
    for (size_t step = 1; step < 200; step++) {
        AUTO(buf) got = BUF(ROOM);
        heard_stream(buf_str(&stream), step, &got);
        CHECK_STR(buf_str(&got), buf_str(&want));
    }
}

TEST(without_memory_an_answer_fails_and_is_not_half)
{
    for (int is_stream = 0; is_stream < 2; is_stream++)
        for (long n = 1;; n++) {
            AUTO(arena) *a = NULL;
            AUTO(buf) b = BUF(ROOM);
            NEED_OK(arena_open(ROOM, &a));
            (void)buf_add_room(&b, 8192);
            buf_clear(&b);
            fault_arm(n);
            const err e = write_answer(a, all, ALL, &usage, is_stream, &b);
            const bool fired = fault_fired();
            fault_arm(0);
            CHECK_INT(fired, ==, e.code != 0);
            if (!fired)
                break;
        }
}
