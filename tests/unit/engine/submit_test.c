/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/submit.h"

#include <math.h>

#include "unit/engine/rig.h"

static struct rig_conv talk;
static struct submit got;

static struct engine_submit
good(enum engine_kind kind)
{
    return (struct engine_submit){.kind = kind, .n = 1, .temperature = 1, .top_p = 1, .repeat = 1};
}

/* ---- what the gate writes, the engine reads */

TEST(a_chat_with_all_its_parameters_is_read_as_it_was_written)
{
    struct rig_grant leave = rig_grant("intern");
    struct engine_submit ask;
    AUTO(buf) tail = BUF(1 << 20);
    struct conv *c = rig_chat(&talk, "Guten Tag");
    struct conv_params *p = &c->params;
    p->temperature = 0.5;
    p->top_p = 0.25;
    p->min_p = 0.125;
    p->presence = -2;
    p->frequency = 2;
    p->repeat = 1.5;
    p->top_k = 40;
    p->n = 3;
    p->tokens_max = 77;
    p->has_seed = true;
    p->seed = UINT64_MAX;
    p->logprobs = p->json_object = p->ignore_eos = true;
    p->top_logprobs = 20;
    p->stops[0] = STR("ENDE");
    p->stops[1] = STR("€");
    p->stop_count = 2;
    p->bias[0] = (struct conv_bias){5, -100};
    p->bias[1] = (struct conv_bias){7, 1};
    p->bias_count = 2;
    NEED_OK(submit_write(ENGINE_CHAT, c, leave.g, &ask, &tail));
    NEED_OK(submit_read(&ask, sizeof ask, buf_str(&tail), &got));
    CHECK(memcmp(&ask, &got.ask, sizeof ask) == 0);
    CHECK(got.ask.temperature >= 0.5f && got.ask.temperature <= 0.5f);
    CHECK(got.ask.seed == UINT64_MAX);
    CHECK_INT(got.ask.has_seed, ==, 1);
    CHECK_STR(got.prompt, STR("{\"messages\":[{\"role\":\"user\",\"content\":\"Guten Tag\"}]}"));
    CHECK_INT(got.stop_count, ==, 2);
    CHECK_STR(got.stops[1], STR("€"));
    CHECK_INT(got.bias_count, ==, 2);
    CHECK(memcmp(got.bias, p->bias, 2 * sizeof p->bias[0]) == 0);
    rig_grant_done(&leave);
}

TEST(embedding_inputs_keep_their_order_and_borders)
{
    struct rig_grant leave = rig_grant("intern");
    const char *texts[] = {"eins", "", "drei €"};
    struct engine_submit ask;
    AUTO(buf) tail = BUF(1 << 20);
    NEED_OK(submit_write(ENGINE_EMBED, rig_inputs(&talk, texts, 3), leave.g, &ask, &tail));
    NEED_OK(submit_read(&ask, sizeof ask, buf_str(&tail), &got));
    str rest = got.prompt, text;
    for (int i = 0; i < 3; i++) {
        NEED(section_next(&rest, &text));
        CHECK_STR(text, str_of(texts[i]));
    }
    CHECK(!section_next(&rest, &text));
    rig_grant_done(&leave);
}

TEST(a_seed_nobody_chose_is_not_sent)
{
    struct rig_grant leave = rig_grant("intern");
    struct engine_submit ask;
    AUTO(buf) tail = BUF(1 << 20);
    struct conv *c = rig_chat(&talk, "x");
    c->params.seed = 99;
    NEED_OK(submit_write(ENGINE_COMPLETE, c, leave.g, &ask, &tail));
    CHECK_INT(ask.has_seed, ==, 0);
    CHECK_INT(ask.seed, ==, 0);
    CHECK_STR(buf_str(&tail), STR("x"));
    rig_grant_done(&leave);
}

TEST(content_above_the_grant_is_not_written)
{
    struct rig_grant leave = rig_grant("offen");
    static const enum engine_kind kinds[] = {ENGINE_CHAT, ENGINE_COMPLETE, ENGINE_TOKENIZE,
                                             ENGINE_EMBED};
    const char *texts[] = {"a", "b"};
    struct engine_submit ask = {.n = 77};
    for (size_t i = 0; i < 4; i++) {
        AUTO(buf) tail = BUF(1 << 20);
        struct conv *c = rig_inputs(&talk, texts, 2);
        talk.message.text.label = label_of_level(1);
        c->prompt.label = label_of_level(1);
        talk.inputs[1].label = label_of_level(1);
        CHECK_ERR(submit_write(kinds[i], c, leave.g, &ask, &tail), DENIED);
        CHECK_INT(ask.n, ==, 77);
    }
    rig_grant_done(&leave);
}

TEST(more_than_the_room_is_refused)
{
    struct rig_grant leave = rig_grant("intern");
    struct engine_submit ask;
    AUTO(buf) tail = BUF(8);
    CHECK_ERR(submit_write(ENGINE_COMPLETE, rig_chat(&talk, "zu lang dafür"), leave.g, &ask, &tail),
              LIMIT);
    rig_grant_done(&leave);
}

/* ---- what is refused */

#define BAD(change)                                                                                \
    do {                                                                                           \
        struct engine_submit s = good(ENGINE_CHAT);                                                \
        change;                                                                                    \
        got.stop_count = 77;                                                                       \
        CHECK_ERR(submit_read(&s, sizeof s, STR(""), &got), ARGUMENT);                             \
        CHECK_INT(got.stop_count, ==, 77);                                                         \
    } while (0)

TEST(a_plain_request_is_read)
{
    const struct engine_submit s = good(ENGINE_CHAT);
    CHECK_OK(submit_read(&s, sizeof s, STR(""), &got));
}

TEST(a_number_out_of_bounds_is_refused)
{
    BAD(s.kind = ENGINE_TOKENIZE + 1);
    BAD(s.kind = UINT32_MAX);
    BAD(s.n = 0);
    BAD(s.n = ENGINE_ANSWERS_MAX + 1);
    BAD((s.kind = ENGINE_TOKENIZE, s.n = 2));
    BAD((s.kind = ENGINE_TOKENIZE, s.logprobs = 1));
    BAD((s.kind = ENGINE_TOKENIZE, s.is_chat = 2));
    BAD(s.is_chat = 1);
    BAD(s.top_logprobs = 1);
    BAD((s.logprobs = 1, s.top_logprobs = 21));
    BAD(s.dimensions = ENGINE_DIMS_MAX + 1);
    BAD(s.logprobs = 2);
    BAD(s.json_object = 2);
    BAD(s.echo = 255);
    BAD(s.ignore_eos = 2);
    BAD(s.has_seed = 2);
    BAD(s.zero = 1);
    BAD(s.wipes = 2);
    BAD(s.class = CONV_BATCH + 1);
}

TEST(a_float_out_of_range_or_no_number_is_refused)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY, 10.5f, -2.5f, 1e30f};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        BAD(s.temperature = bad[i]);
        BAD(s.top_p = bad[i]);
        BAD(s.min_p = bad[i]);
        BAD(s.presence = bad[i]);
        BAD(s.frequency = bad[i]);
        BAD(s.repeat = bad[i]);
    }
    BAD(s.repeat = 0);
}

TEST(sections_must_fill_the_tail_exactly)
{
    for (uint64_t prompt = 0; prompt < 8; prompt++)
        for (uint64_t stops = 0; stops < 8; stops++)
            for (uint64_t bias = 0; bias < 8; bias++) {
                struct engine_submit s = good(ENGINE_CHAT);
                s.section_len[SECTION_PROMPT] = prompt;
                s.section_len[SECTION_STOPS] = stops;
                s.section_len[SECTION_BIAS] = bias;
                const bool fits = prompt == 5 && stops == 0 && bias == 0;
                CHECK_INT(submit_read(&s, sizeof s, STR("Hallo"), &got).code, ==,
                          fits ? ERR_OK : ERR_ARGUMENT);
            }
}

TEST(section_lengths_that_wrap_around_are_refused)
{
    static const uint64_t wrong[] = {UINT64_MAX, UINT64_MAX - 4, 1ULL << 63, 1ULL << 32, 6};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        for (int at = 0; at < SECTION_COUNT; at++) {
            struct engine_submit s = good(ENGINE_CHAT);
            s.section_len[at] = wrong[i];
            s.section_len[(at + 1) % SECTION_COUNT] = 5 - wrong[i];
            CHECK_ERR(submit_read(&s, sizeof s, STR("Hallo"), &got), ARGUMENT);
        }
}

static err
read_stops(const str *stops, size_t count)
{
    AUTO(buf) b = BUF(65536);
    struct engine_submit s = good(ENGINE_CHAT);
    for (size_t i = 0; i < count; i++)
        section_put(&b, stops[i]);
    s.section_len[SECTION_STOPS] = b.len;
    return submit_read(&s, sizeof s, buf_str(&b), &got);
}

TEST(stop_strings_are_few_short_and_text)
{
    static char long_one[CONV_STOP_BYTES_MAX + 1];
    str many[CONV_STOPS_MAX + 1];
    memset(long_one, 'x', sizeof long_one);
    for (size_t i = 0; i < CONV_STOPS_MAX + 1; i++)
        many[i] = STR("x");
    CHECK_OK(read_stops(many, CONV_STOPS_MAX));
    CHECK_ERR(read_stops(many, CONV_STOPS_MAX + 1), ARGUMENT);
    many[0] = (str){long_one, CONV_STOP_BYTES_MAX};
    CHECK_OK(read_stops(many, 1));
    many[0] = (str){long_one, CONV_STOP_BYTES_MAX + 1};
    CHECK_ERR(read_stops(many, 1), ARGUMENT);
    many[0] = STR("");
    CHECK_ERR(read_stops(many, 1), ARGUMENT);
    many[0] = STR("\xC3");
    CHECK_ERR(read_stops(many, 1), ARGUMENT);
}

static err
read_tail(enum engine_kind kind, enum engine_section section, str tail)
{
    struct engine_submit s = good(kind);
    s.section_len[section] = tail.len;
    return submit_read(&s, sizeof s, tail, &got);
}

TEST(prompts_that_are_no_text_are_refused)
{
    CHECK_ERR(read_tail(ENGINE_CHAT, SECTION_PROMPT, STR("{\xFF}")), ARGUMENT);
    CHECK_ERR(read_tail(ENGINE_COMPLETE, SECTION_PROMPT, STR("a\xC3")), ARGUMENT);
    CHECK_ERR(read_tail(ENGINE_TOKENIZE, SECTION_PROMPT, STR("\xED\xA0\x80")), ARGUMENT);
    CHECK_OK(read_tail(ENGINE_TOKENIZE, SECTION_PROMPT, STR("€")));
}

TEST(embeddings_without_inputs_or_with_malformed_ones_are_refused)
{
    CHECK_ERR(read_tail(ENGINE_EMBED, SECTION_PROMPT, STR("")), ARGUMENT);
    CHECK_ERR(read_tail(ENGINE_EMBED, SECTION_PROMPT, STR("\x01\0\0")), ARGUMENT);
    CHECK_ERR(read_tail(ENGINE_EMBED, SECTION_PROMPT, STR("\x02\0\0\0a")), ARGUMENT);
    CHECK_ERR(read_tail(ENGINE_EMBED, SECTION_PROMPT, STR("\x01\0\0\0\xFF")), ARGUMENT);
    CHECK_OK(read_tail(ENGINE_EMBED, SECTION_PROMPT, STR("\x01\0\0\0a")));
    CHECK_OK(read_tail(ENGINE_EMBED, SECTION_PROMPT, STR("\0\0\0\0")));
}

TEST(more_inputs_than_the_bound_are_refused)
{
    static char zeros[4 * (ENGINE_INPUTS_MAX + 1)];
    CHECK_OK(read_tail(ENGINE_EMBED, SECTION_PROMPT, (str){zeros, sizeof zeros - 4}));
    CHECK_ERR(read_tail(ENGINE_EMBED, SECTION_PROMPT, (str){zeros, sizeof zeros}), ARGUMENT);
}

TEST(bias_is_whole_bounded_and_finite)
{
    static struct conv_bias rows[CONV_BIAS_MAX + 1];
    const char *at = (const char *)rows;
    CHECK_OK(read_tail(ENGINE_CHAT, SECTION_BIAS, (str){at, CONV_BIAS_MAX * sizeof *rows}));
    CHECK_ERR(read_tail(ENGINE_CHAT, SECTION_BIAS, (str){at, sizeof rows}), ARGUMENT);
    CHECK_ERR(read_tail(ENGINE_CHAT, SECTION_BIAS, (str){at, sizeof *rows - 1}), ARGUMENT);
    rows[0].bias = NAN;
    CHECK_ERR(read_tail(ENGINE_CHAT, SECTION_BIAS, (str){at, sizeof *rows}), ARGUMENT);
    rows[0].bias = 101;
    CHECK_ERR(read_tail(ENGINE_CHAT, SECTION_BIAS, (str){at, sizeof *rows}), ARGUMENT);
    rows[0] = (struct conv_bias){-1, 0};
    CHECK_ERR(read_tail(ENGINE_CHAT, SECTION_BIAS, (str){at, sizeof *rows}), ARGUMENT);
}

TEST(a_body_of_another_length_is_refused)
{
    const struct engine_submit s[2] = {good(ENGINE_CHAT), good(ENGINE_CHAT)};
    for (size_t len = 0; len <= sizeof s; len++)
        CHECK_INT(submit_read(s, len, STR(""), &got).code, ==,
                  len == sizeof s[0] ? ERR_OK : ERR_ARGUMENT);
}

TEST(any_byte_changed_is_read_or_refused)
{
    const char *texts[] = {"eins", "zwei"};
    struct rig_grant leave = rig_grant("intern");
    for (int round = 0; round < 20000; round++) {
        AUTO(buf) tail = BUF(4096);
        struct engine_submit ask;
        struct conv *c = rig_inputs(&talk, texts, 2);
        c->params.stops[0] = STR("x");
        c->params.stop_count = 1;
        c->params.bias_count = 1;
        CHECK_OK(submit_write(round % 2 ? ENGINE_CHAT : ENGINE_EMBED, c, leave.g, &ask, &tail));
        if (round % 3)
            ((uint8_t *)&ask)[test_random() % sizeof ask] = (uint8_t)test_random();
        else
            tail.at[test_random() % tail.len] = (char)test_random();
        const err e = submit_read(&ask, sizeof ask, buf_str(&tail), &got);
        CHECK(e.code == ERR_OK || e.code == ERR_ARGUMENT);
        if (!e.code)
            CHECK(got.stop_count <= CONV_STOPS_MAX && got.ask.n >= 1);
    }
    rig_grant_done(&leave);
}

/* ---- grammars */

TEST(a_grammar_and_the_tools_travel_with_a_chat_and_with_nothing_else)
{
    struct rig_grant leave = rig_grant("intern");
    struct engine_submit ask;
    AUTO(buf) tail = BUF(1 << 20);
    struct conv *c = rig_chat(&talk, "Guten Tag");
    c->format.grammar = STR("root ::= \"ja\"\n");
    c->tools = (struct conv_tools){.json = STR("[{}]"), .count = 1};
    NEED_OK(submit_write(ENGINE_CHAT, c, leave.g, &ask, &tail));
    NEED_OK(submit_read(&ask, sizeof ask, buf_str(&tail), &got));
    CHECK_STR(got.grammar, STR("root ::= \"ja\"\n"));
    CHECK(str_ends(got.prompt, STR("],\"tools\":[{}]}")));
    buf_clear(&tail);
    NEED_OK(submit_write(ENGINE_TOKENIZE, c, leave.g, &ask, &tail));
    NEED_OK(submit_read(&ask, sizeof ask, buf_str(&tail), &got));
    CHECK_INT(got.grammar.len, ==, 0);
    rig_grant_done(&leave);
}

TEST(what_is_counted_of_a_chat_is_what_a_model_is_shown)
{
    struct rig_grant leave = rig_grant("intern");
    struct engine_submit ask;
    AUTO(buf) shown = BUF(1 << 20);
    AUTO(buf) tail = BUF(1 << 20);
    struct conv *c = rig_chat(&talk, "Guten Tag");
    NEED_OK(conv_put_messages(c, leave.g, &shown));
    NEED_OK(submit_write(ENGINE_TOKENIZE, c, leave.g, &ask, &tail));
    NEED_OK(submit_read(&ask, sizeof ask, buf_str(&tail), &got));
    CHECK(got.ask.is_chat);
    CHECK_STR(got.prompt, buf_str(&shown));
    c->messages.count = 0;
    buf_clear(&tail);
    NEED_OK(submit_write(ENGINE_TOKENIZE, c, leave.g, &ask, &tail));
    CHECK(!ask.is_chat);
    CHECK_STR(buf_str(&tail), STR("Guten Tag"));
    rig_grant_done(&leave);
}

TEST(a_grammar_that_is_no_text_or_too_long_is_refused)
{
    struct engine_submit s = good(ENGINE_CHAT);
    AUTO(buf) big = BUF(1 << 20);
    s.section_len[SECTION_GRAMMAR] = 1;
    CHECK_ERR(submit_read(&s, sizeof s, STR("\xff"), &got), ARGUMENT);
    for (int i = 0; i <= 256 * 1024; i++)
        buf_add_char(&big, 'a');
    s.section_len[SECTION_GRAMMAR] = big.len;
    CHECK_ERR(submit_read(&s, sizeof s, buf_str(&big), &got), ARGUMENT);
}

TEST(images_travel_with_a_chat_and_their_marks_are_nobody_elses)
{
    struct rig_grant leave = rig_grant("intern");
    struct conv *c = rig_chat(&talk, "vor" CONV_IMAGE_MARK "\nnach");
    struct engine_submit ask;
    AUTO(buf) tail = BUF(1 << 20);
    struct conv_image image = {.at = 6, .width = 2, .height = 1, .pixels = c->messages.at[0].text};
    image.pixels.bytes_ = STR("abcdef");
    c->messages.at[0].images = (conv_images){&image, 1, 1};
    NEED_OK(submit_write(ENGINE_CHAT, c, leave.g, &ask, &tail));
    NEED_OK(submit_read(&ask, sizeof ask, buf_str(&tail), &got));
    CHECK_STR(got.prompt, STR("{\"messages\":[{\"role\":\"user\",\"content\":\"vor" CONV_IMAGE_MARK
                              "nach\"}]}"));
    CHECK(got.image_count == 1 && got.images[0].width == 2 && got.images[0].height == 1);
    CHECK_STR(got.images[0].rgb, STR("abcdef"));
    c->messages.at[0].images = (conv_images){0};
    rig_grant_done(&leave);
}

TEST(images_that_are_not_what_they_say_are_refused)
{
    static const struct {
        uint32_t width, height;
        size_t bytes;
    } rows[] = {{0, 1, 3}, {1, 0, 3}, {2, 1, 3}, {1, 1, 4}, {40000, 1, 9}, {1u << 31, 1u << 31, 9}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct engine_image head = {rows[i].width, rows[i].height};
        struct engine_submit ask = good(ENGINE_CHAT);
        AUTO(buf) tail = BUF(1 << 20);
        buf_add(&tail, (str){(const char *)&head, sizeof head});
        buf_add(&tail, str_slice(STR("abcdefghi"), 0, rows[i].bytes));
        ask.section_len[SECTION_IMAGES] = tail.len;
        CHECK_ERR(submit_read(&ask, sizeof ask, buf_str(&tail), &got), ARGUMENT);
    }
}

TEST(images_without_a_chat_or_too_many_are_refused)
{
    const struct engine_image head = {1, 1};
    struct engine_submit ask = good(ENGINE_COMPLETE);
    AUTO(buf) tail = BUF(1 << 20);
    for (int i = 0; i <= CONV_IMAGES_MAX; i++) {
        buf_add(&tail, (str){(const char *)&head, sizeof head});
        buf_add(&tail, STR("abc"));
        ask.section_len[SECTION_IMAGES] = tail.len;
        ask.kind = ENGINE_COMPLETE;
        CHECK_ERR(submit_read(&ask, sizeof ask, buf_str(&tail), &got), ARGUMENT);
        ask.kind = ENGINE_CHAT;
        const err e = submit_read(&ask, sizeof ask, buf_str(&tail), &got);
        CHECK((e.code == 0) == (i < CONV_IMAGES_MAX));
    }
}
