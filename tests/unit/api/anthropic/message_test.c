/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/message.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "unit/api/anthropic/shown.h"

enum { LIMIT_BYTES = 1 << 20 };

static arena *memory;
static struct heard heard;

static void
fresh(void)
{
    arena_free(TAKE(memory));
    CHECK_OK(arena_open(16 << 20, &memory));
}

/* ---- pieces */
struct piece {
    enum engine_part part;
    uint32_t call;
    str text, id;
};

static struct message_style
style(bool is_stream)
{
    return (struct message_style){.id = STR("msg_01ABC"),
                                  .model = STR("hoheit-1"),
                                  .is_stream = is_stream,
                                  .wants_thinking = true};
}

static err
add(struct message *m, struct piece p)
{
    const struct engine_piece e = {.part = p.part, .call = p.call, .call_id = p.id};
    return message_add(m, &e, p.text);
}

static struct engine_usage
usage(enum engine_finish finish)
{
    return (struct engine_usage){.finish = finish,
                                 .prompt_tokens = 12,
                                 .cached_tokens = 4,
                                 .output_tokens = 7,
                                 .is_last = true};
}

/* All of an answer into `out`, as it goes over the wire. */
static err
write_all(const struct message_style *s, const struct piece *p, size_t count,
          const struct engine_usage *u, buf *out)
{
    static const str stops[] = {STR_INIT("ENDE"), STR_INIT("\"\n")};
    struct message m;
    message_init(&m, s, memory, LIMIT_BYTES);
    err e = OK;
    for (size_t i = 0; i < count && !e.code; i++)
        e = add(&m, p[i]);
    if (!e.code)
        e = message_end(&m, u, stops);
    if (!e.code)
        e = message_finish(&m, out);
    if (s->is_stream)
        buf_add(out, buf_str(&m.out));
    message_done(&m);
    return e;
}

/* Written and heard again. */
static void
pass(struct message_style s, const struct piece *p, size_t count, struct engine_usage u)
{
    AUTO(buf) out = BUF(LIMIT_BYTES);
    fresh();
    heard_reset(&heard, memory);
    NEED_OK(write_all(&s, p, count, &u, &out));
    if (s.is_stream)
        heard_stream(&heard, buf_str(&out), 0);
    else
        heard_whole(&heard, buf_str(&out));
    if (heard.wrong)
        test_fail(__FILE__, __LINE__, "%s: %.*s", heard.wrong, STR_FMT(buf_str(&out)));
}
#define PASS(is_stream, finish, ...)                                                               \
    do {                                                                                           \
        const struct piece p_[] = {__VA_ARGS__};                                                   \
        pass(style(is_stream), p_, sizeof p_ / sizeof *p_, usage(finish));                         \
    } while (0)
#define SAYS(t)                                                                                    \
    {                                                                                              \
        PART_TEXT, 0, STR_INIT(t),                                                                 \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define THINKS(t)                                                                                  \
    {                                                                                              \
        PART_REASONING, 0, STR_INIT(t),                                                            \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define CALLS(n, name)                                                                             \
    {                                                                                              \
        PART_CALL, n, STR_INIT(name),                                                              \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define WITH(n, t)                                                                                 \
    {                                                                                              \
        PART_ARGUMENTS, n, STR_INIT(t),                                                            \
        {                                                                                          \
            NULL, 0                                                                                \
        }                                                                                          \
    }
#define BOTH(is_stream) for (int is_stream = 0; is_stream < 2; is_stream++)

/* ---- blocks */
TEST(pieces_of_one_kind_are_one_block)
{
    BOTH(s)
    {
        PASS(s, FINISH_STOP, SAYS("Guten"), SAYS(" "), SAYS("Tag"));
        CHECK_STR(heard_shown(&heard), STR("text:Guten Tag"));
        PASS(s, FINISH_STOP, THINKS("hm"), THINKS("m"), SAYS("a"), THINKS("?"), SAYS("b"));
        CHECK_STR(heard_shown(&heard), STR("thinking:hmm\ntext:a\nthinking:?\ntext:b"));
        CHECK(heard.blocks[0].has_signature && heard.blocks[2].has_signature);
        CHECK(!heard.blocks[1].has_signature);
    }
}

TEST(each_call_is_a_block_with_an_id_of_its_own)
{
    BOTH(s)
    {
        PASS(s, FINISH_CALLS, SAYS("a"), CALLS(0, "wetter"), WITH(0, "{\"city\":"),
             WITH(0, "\"Ulm\"}"), CALLS(1, "wetter"), WITH(1, "{}"));
        CHECK_STR(heard_shown(&heard),
                  STR("text:a\ntool_use wetter:{\"city\":\"Ulm\"}\ntool_use wetter:{}"));
        CHECK_STR(str_of(heard.blocks[1].id), STR("toolu_01ABC_0"));
        CHECK_STR(str_of(heard.blocks[2].id), STR("toolu_01ABC_1"));
        CHECK_STR(str_of(heard.reason), STR("tool_use"));
    }
}

TEST(an_id_that_an_engine_gave_is_kept_if_it_is_one)
{
    BOTH(s)
    {
        PASS(s, FINISH_CALLS, {PART_CALL, 0, STR("f"), STR("call_9")}, WITH(0, "{}"));
        CHECK_STR(str_of(heard.blocks[0].id), STR("call_9"));
        PASS(s, FINISH_CALLS, {PART_CALL, 0, STR("f"), STR("a b")}, WITH(0, "{}"));
        CHECK_STR(str_of(heard.blocks[0].id), STR("toolu_01ABC_0"));
    }
}

TEST(arguments_that_are_no_object_are_none)
{
    static const char *const cut[] = {"",  "{\"city\":\"Ul", "[1]",
                                      "1", "{} {}",          "{\"a\":1,\"a\":2}"};
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        PASS(false, FINISH_LENGTH, CALLS(0, "f"), {PART_ARGUMENTS, 0, str_of(cut[i]), STR_NONE});
        CHECK_STR(heard_shown(&heard), STR("tool_use f:{}"));
        CHECK_STR(str_of(heard.reason), STR("max_tokens"));
    }
}

TEST(arguments_of_a_call_that_is_not_open_are_the_engine_s_fault)
{
    static const struct piece bad[][3] = {{WITH(0, "{}"), SAYS("a"), SAYS("b")},
                                          {CALLS(0, "f"), WITH(1, "{}"), SAYS("b")},
                                          {CALLS(0, "f"), SAYS("a"), WITH(0, "{}")},
                                          {CALLS(0, "f"), CALLS(1, "g"), WITH(0, "{}")}};
    fresh();
    for (size_t i = 0; i < 4; i++)
        BOTH(s)
        {
            AUTO(buf) out = BUF(LIMIT_BYTES);
            const struct message_style st = style(s);
            const struct engine_usage u = usage(FINISH_STOP);
            CHECK_ERR(write_all(&st, bad[i], 3, &u, &out), ENGINE_LOST);
        }
    arena_free(TAKE(memory));
}

TEST(an_answer_without_a_word_is_still_a_message)
{
    BOTH(s)
    {
        pass(style(s), NULL, 0, usage(FINISH_STOP));
        CHECK_INT(heard.count, ==, 0);
        CHECK_STR(str_of(heard.reason), STR("end_turn"));
        CHECK_INT(heard.input_tokens, ==, 12);
        PASS(s, FINISH_STOP, SAYS(""), THINKS(""));
        CHECK_INT(heard.count, ==, 0);
    }
}

/* ---- thinking */
TEST(thoughts_are_shown_only_to_those_who_asked)
{
    static const struct piece p[] = {THINKS("geheim"), SAYS("a")};
    BOTH(s)
    {
        struct message_style st = style(s);
        st.wants_thinking = false;
        pass(st, p, 2, usage(FINISH_STOP));
        CHECK_STR(heard_shown(&heard), STR("text:a"));
        st.wants_thinking = st.hides_thinking = true;
        pass(st, p, 2, usage(FINISH_STOP));
        CHECK_STR(heard_shown(&heard), STR("thinking:\ntext:a"));
        CHECK(heard.blocks[0].has_signature);
    }
}

/* ---- how it ends */
TEST(why_it_ended_is_said_in_the_words_of_the_api)
{
    static const struct {
        enum engine_finish finish;
        uint32_t stop;
        const char *reason, *sequence;
    } cases[] = {
        {FINISH_STOP, 0, "end_turn", ""},          {FINISH_STOP, 1, "stop_sequence", "ENDE"},
        {FINISH_STOP, 2, "stop_sequence", "\"\n"}, {FINISH_LENGTH, 0, "max_tokens", ""},
        {FINISH_CALLS, 0, "tool_use", ""},         {FINISH_FILTER, 0, "refusal", ""}};
    static const struct piece p[] = {SAYS("a")};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        BOTH(s)
        {
            struct engine_usage u = usage(cases[i].finish);
            u.stop = cases[i].stop;
            pass(style(s), p, 1, u);
            CHECK_STR(str_of(heard.reason), str_of(cases[i].reason));
            CHECK_STR(str_of(heard.stop), str_of(cases[i].sequence));
        }
}

TEST(an_answer_cut_before_its_limit_was_cut_by_the_context)
{
    static const struct piece p[] = {SAYS("a")};
    BOTH(s)
    {
        struct message_style st = style(s);
        st.tokens_max = 8;
        pass(st, p, 1, usage(FINISH_LENGTH));
        CHECK_STR(str_of(heard.reason), STR("model_context_window_exceeded"));
        st.tokens_max = 7;
        pass(st, p, 1, usage(FINISH_LENGTH));
        CHECK_STR(str_of(heard.reason), STR("max_tokens"));
        st.tokens_max = 8;
        pass(st, p, 1, usage(FINISH_STOP));
        CHECK_STR(str_of(heard.reason), STR("end_turn"));
    }
}

TEST(cached_tokens_are_counted_apart_where_caching_was_asked_for)
{
    static const struct piece p[] = {SAYS("a")};
    BOTH(s)
    {
        struct message_style st = style(s);
        pass(st, p, 1, usage(FINISH_STOP));
        CHECK_INT(heard.input_tokens, ==, 12);
        CHECK_INT(heard.cached_tokens, ==, 0);
        CHECK_INT(heard.output_tokens, ==, 7);
        st.wants_cache = true;
        pass(st, p, 1, usage(FINISH_STOP));
        CHECK_INT(heard.input_tokens, ==, 8);
        CHECK_INT(heard.cached_tokens, ==, 4);
    }
}

TEST(a_stream_has_one_ping_behind_its_first_block_s_beginning)
{
    PASS(true, FINISH_STOP, SAYS("a"), THINKS("b"), SAYS("c"));
    CHECK_INT(heard.pings, ==, 1);
    CHECK_INT(heard.starts, ==, 1);
    CHECK_INT(heard.stops, ==, 1);
}

/* ---- bytes */
static str
read_file(const char *path)
{
    static char room[64 * 1024];
    FILE *f = fopen(path, "r");
    if (!f)
        return STR_NONE;
    const size_t len = fread(room, 1, sizeof room, f);
    fclose(f);
    return (str){room, len};
}

/* Compares with the file; UPDATE=1 in the environment writes it anew. */
static void
check_snapshot(const char *path, str got)
{
    if (secure_getenv("UPDATE")) {
        FILE *f = fopen(path, "w");
        NEED(f);
        fwrite(got.at, 1, got.len, f);
        fclose(f);
    }
    CHECK_STR(got, read_file(path));
}

static const struct piece golden[] = {
    THINKS("Der Nutzer "),
    THINKS("fragt."),
    SAYS("Ich sehe nach:\n"),
    SAYS("\"\xc3\x84mter\" \xf0\x9f\x8c\xb3"),
    CALLS(0, "get_weather"),
    WITH(0, "{\"city\":\"K\xc3\xb6"),
    WITH(0, "ln\",\"days\":2}"),
    CALLS(1, "now"),
    WITH(1, "{}"),
};
enum { GOLDEN = sizeof golden / sizeof *golden };

TEST(the_bytes_on_the_wire_are_those_of_the_snapshots)
{
    fresh();
    BOTH(s)
    {
        AUTO(buf) out = BUF(LIMIT_BYTES);
        const struct message_style st = style(s);
        const struct engine_usage u = usage(FINISH_CALLS);
        NEED_OK(write_all(&st, golden, GOLDEN, &u, &out));
        if (!s)
            buf_add_char(&out, '\n');
        check_snapshot(s ? "tests/snapshot/anthropic-stream.txt"
                         : "tests/snapshot/anthropic-message.json",
                       buf_str(&out));
    }
    arena_free(TAKE(memory));
}

TEST(any_two_borders_in_a_stream_give_the_same_events)
{
    AUTO(buf) out = BUF(LIMIT_BYTES);
    AUTO(arena) *a = NULL;
    const struct message_style st = style(true);
    const struct engine_usage u = usage(FINISH_CALLS);
    NEED_OK(arena_open(16 << 20, &a));
    fresh();
    NEED_OK(write_all(&st, golden, GOLDEN, &u, &out));
    const str bytes = buf_str(&out);
    heard_reset(&heard, a);
    heard_stream(&heard, bytes, bytes.len);
    const str want = heard_shown(&heard);
    const unsigned events = heard.events;
    for (size_t cut = 1; cut < bytes.len; cut++) {
        arena_reset(memory);
        heard_reset(&heard, memory);
        heard_stream(&heard, bytes, cut);
        CHECK(!heard.wrong && heard.stops == 1 && heard.events == events);
        CHECK_STR(heard_shown(&heard), want);
    }
    arena_free(TAKE(memory));
}

/* ---- there and back */
/* A random answer; `want` is what heard_shown says of it. */
static size_t
random_answer(struct piece p[32], buf *want)
{
    static const str words[] = {STR_INIT("a"),
                                STR_INIT("\n\n"),
                                STR_INIT("\"\\"),
                                STR_INIT("\xc3\xa4"),
                                STR_INIT("data: x\n\n"),
                                STR_INIT("\x01"),
                                STR_INIT("</x>"),
                                STR_INIT("\xf0\x9f\x8c\xb3"),
                                STR_INIT(" ")};
    static const str values[] = {STR_INIT("{}"), STR_INIT("{\"a\":[1,-2.5,null]}"),
                                 STR_INIT("{\"\xc3\xa4\":\"\\u0001\\n\\\"\"}")};
    size_t n = 0;
    uint32_t calls = 0;
    int last = -1;
    while (n < 24 && test_random() % 12) {
        const int kind = (int)(test_random() % 3);
        if (kind == 2) {
            const str v = values[test_random() % 3];
            p[n++] = (struct piece){PART_CALL, calls, STR("f"), STR_NONE};
            const size_t cut = utf8_whole_len(str_slice(v, 0, test_random() % (v.len + 1)));
            p[n++] = (struct piece){PART_ARGUMENTS, calls, str_slice(v, 0, cut), STR_NONE};
            p[n++] = (struct piece){PART_ARGUMENTS, calls++, str_slice(v, cut, v.len), STR_NONE};
            buf_add_fmt(want, "%stool_use f:%.*s", want->len ? "\n" : "", STR_FMT(v));
        } else {
            const str word = words[test_random() % 9];
            p[n++] = (struct piece){kind ? PART_REASONING : PART_TEXT, 0, word, STR_NONE};
            if (last != kind)
                buf_add_fmt(want, "%s%s:", want->len ? "\n" : "", kind ? "thinking" : "text");
            buf_add(want, word);
        }
        last = kind;
    }
    return n;
}

TEST(ten_thousand_answers_come_back_as_they_were)
{
    AUTO(buf) want = BUF(LIMIT_BYTES);
    for (int i = 0; i < 10000; i++) {
        struct piece p[32];
        buf_clear(&want);
        const size_t n = random_answer(p, &want);
        pass(style(i % 2), p, n, usage(FINISH_STOP));
        CHECK_STR(heard_shown(&heard), buf_str(&want));
    }
}

/* ---- limits */
TEST(what_outgrows_its_memory_is_an_error)
{
    fresh();
    BOTH(s)
    {
        struct message m;
        const struct message_style st = style(s);
        message_init(&m, &st, memory, 512);
        err e = OK;
        for (int i = 0; i < 100 && !e.code; i++)
            e = add(&m, (struct piece)SAYS("0123456789"));
        CHECK_ERR(e, LIMIT);
        message_done(&m);
    }
    arena_free(TAKE(memory));
}

TEST(memory_may_end_at_any_allocation)
{
    BOTH(s)
    {
        bool fired = true;
        long n = 0;
        while (fired && n < 1000) {
            AUTO(buf) out = BUF(LIMIT_BYTES);
            const struct message_style st = style(s);
            const struct engine_usage u = usage(FINISH_CALLS);
            fresh();
            fault_arm(++n);
            const err e = write_all(&st, golden, GOLDEN, &u, &out);
            fired = fault_fired();
            fault_arm(0);
            /* What is left out of a plain answer's input then is only what cannot be read. */
            CHECK(!e.code || e.code == ERR_LIMIT);
            CHECK(fired || !e.code);
            arena_free(TAKE(memory));
        }
        CHECK(n > 2 && n < 1000);
    }
    heard_done(&heard);
}
