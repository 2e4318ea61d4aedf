/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/pass.h"
#include "test.h"
#include "unit/engine/rig.h"

enum { LOG_MAX = 8 << 20 };

struct log {
    buf bytes;
    uint32_t frames, runs;
};

static void
note(void *ctx, str raw, uint32_t count)
{
    struct log *l = ctx;
    CHECK(raw.len > 0 && count > 0);
    buf_add(&l->bytes, raw);
    l->frames += count;
    l->runs++;
}

struct seen {
    struct log log;
    struct frames f;
    err e;
};

static void
seen_auto(struct seen *s)
{
    buf_done(&s->log.bytes);
    frames_done(&s->f);
}

#define SEEN(s) __attribute__((cleanup(seen_auto))) struct seen s = {.log.bytes = BUF(LOG_MAX)}

static void
see(struct seen *s, str stream, size_t first, size_t step)
{
    size_t at = 0;
    while (!s->e.code && at < stream.len) {
        const size_t len = at ? step : first;
        s->e = frames_add(&s->f, str_slice(stream, at, at + len), note, &s->log);
        at += len;
    }
}

/* Cut anywhere: the same bytes, tail, counts and verdict. */
static void
see_all(const char *file, int line, const struct seen *want, str stream, uint32_t n, bool drops)
{
    for (size_t at = 1; at < stream.len; at++) {
        SEEN(s);
        frames_init(&s.f, n, drops);
        see(&s, stream, at, at == 1 ? 1 : SIZE_MAX / 2);
        if (s.e.code != want->e.code || !str_eq(buf_str(&s.log.bytes), buf_str(&want->log.bytes)) ||
            !str_eq(buf_str(&s.f.tail), buf_str(&want->f.tail)) ||
            s.log.frames != want->log.frames || s.f.pieces != want->f.pieces ||
            (!s.e.code && frames_is_whole(&s.f) != frames_is_whole(&want->f)))
            test_fail(file, line, "cut at %zu: code %d, \"%.*s\" and \"%.*s\"", at, s.e.code,
                      STR_FMT(buf_str(&s.log.bytes)), STR_FMT(buf_str(&s.f.tail)));
    }
}

#define SEE(s, stream, n, drops)                                                                   \
    SEEN(s);                                                                                       \
    frames_init(&s.f, n, drops);                                                                   \
    see(&s, STR(stream), SIZE_MAX / 2, 1);                                                         \
    see_all(__FILE__, __LINE__, &s, STR(stream), n, drops)

#define CHUNK(i, members, why)                                                                     \
    "data: {\"id\":\"c\",\"choices\":[{\"index\":" i ",\"delta\":{" members                        \
    "},\"finish_reason\":" why "}]}\n\n"
#define TEXT(text) CHUNK("0", "\"content\":\"" text "\"", "null")
#define FINISH CHUNK("0", "", "\"stop\"")
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":4,\"completion_tokens\":5}}\n\n"
#define DONE "data: [DONE]\n\n"

TEST(frames_come_as_they_came_and_the_last_are_kept_back)
{
    SEE(s, TEXT("a") TEXT("b\\\"") ": ping\n\n" TEXT("ü") FINISH USAGE DONE, 1, false);
    CHECK_OK(s.e);
    CHECK_STR(buf_str(&s.log.bytes), STR(TEXT("a") TEXT("b\\\"") ": ping\n\n" TEXT("ü")));
    CHECK_STR(buf_str(&s.f.tail), STR(FINISH USAGE DONE));
    CHECK_INT(s.log.frames, ==, 4);
    CHECK_INT(s.log.runs, ==, 1);
    CHECK_INT(s.f.pieces, ==, 3);
    CHECK(frames_is_whole(&s.f) && s.f.is_ended && s.f.finish == FINISH_STOP);
    CHECK(s.f.usage.is_known && s.f.usage.prompt == 4 && s.f.usage.output == 5);
}

TEST(a_usage_nobody_asked_for_is_left_out)
{
    SEE(s, TEXT("a") FINISH USAGE DONE, 1, true);
    CHECK_OK(s.e);
    CHECK_STR(buf_str(&s.f.tail), STR(FINISH DONE));
    CHECK_INT(s.f.usage.output, ==, 5);
    /* One beside an end is no frame of its own. */
    SEE(t,
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}],"
        "\"usage\":{\"prompt_tokens\":1}}\n\n" DONE,
        1, true);
    CHECK_INT(t.f.tail.len, >, sizeof DONE);
    CHECK_INT(t.f.finish, ==, FINISH_LENGTH);
}

TEST(with_several_answers_only_the_last_end_is_kept_back)
{
    SEE(s,
        CHUNK("0", "\"content\":\"a\"", "null") CHUNK("1", "\"content\":\"b\"", "null")
            CHUNK("1", "", "\"stop\"") CHUNK("0", "\"content\":\"c\"", "null")
                CHUNK("0", "", "\"tool_calls\"") DONE,
        2, false);
    CHECK_OK(s.e);
    CHECK_INT(s.log.frames, ==, 4);
    CHECK_STR(buf_str(&s.f.tail), STR(CHUNK("0", "", "\"tool_calls\"") DONE));
    CHECK_INT(s.f.pieces, ==, 3);
}

TEST(lines_may_end_with_crlf_and_data_may_have_several)
{
    SEE(s,
        "data: {\"choices\":[{\"index\":0,\r\ndata: \"delta\":{\"content\":\"a\"}}]}\r\n\r\n"
        "data:{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\r\n\r\n"
        "id: 7\r\nevent: x\r\ndata: [DONE]\r\n\r\n",
        1, false);
    CHECK_OK(s.e);
    CHECK_INT(s.f.pieces, ==, 1);
    CHECK(frames_is_whole(&s.f));
}

TEST(empty_lines_between_frames_do_no_harm)
{
    SEE(s, "\r\n\n" TEXT("a") "\r\n\r\n\r\n\n" TEXT("b") FINISH "\n\r\n" DONE "\r\n", 1, false);
    CHECK_OK(s.e);
    CHECK_INT(s.f.pieces, ==, 2);
    CHECK_INT(s.log.frames, ==, 8);
    CHECK(frames_is_whole(&s.f));
}

TEST(pieces_of_every_kind_are_counted)
{
    SEE(s,
        CHUNK("0", "\"role\":\"assistant\",\"content\":\"\"",
              "null") TEXT("a") CHUNK("0", "\"content\":null,\"reasoning_content\":\"b\"", "null")
            CHUNK("0", "\"content\":null,\"reasoning_content\":\"c\"", "null") CHUNK(
                "0", "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\"}}]", "null")
                CHUNK("0", "\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"}\"}}]",
                      "null") FINISH DONE,
        1, false);
    CHECK_OK(s.e);
    CHECK_INT(s.f.pieces, ==, 5);
    CHECK_INT(s.log.frames, ==, 6);
}

/* Good frames first, so that the short way is open. */
#define SEE_BAD(bad, want)                                                                         \
    do {                                                                                           \
        SEE(s_, TEXT("a") TEXT("b") bad TEXT("c") FINISH DONE, 1, false);                          \
        CHECK_INT(s_.e.code, ==, ERR_##want);                                                      \
        CHECK_STR(buf_str(&s_.log.bytes), STR(TEXT("a") TEXT("b")));                               \
        CHECK_INT(s_.f.tail.len, ==, 0);                                                           \
    } while (0)

TEST(a_bad_frame_fails_and_neither_it_nor_what_follows_is_handed_on)
{
    SEE_BAD("data: {\n\n", PROVIDER_LOST);
    SEE_BAD("data: 7\n\n", PROVIDER_LOST);
    SEE_BAD("data:\n\n", PROVIDER_LOST);
    SEE_BAD(TEXT("\xff"), PROVIDER_LOST);
    SEE_BAD(TEXT("\xc3"), PROVIDER_LOST);
    SEE_BAD(TEXT("\\ud83d"), PROVIDER_LOST);
    SEE_BAD(TEXT("\\x"), PROVIDER_LOST);
    SEE_BAD(TEXT("\t"), PROVIDER_LOST);
    SEE_BAD(TEXT("\r"), PROVIDER_LOST);
    SEE_BAD(TEXT("\",\"content\":\"x"), PROVIDER_LOST);
    SEE_BAD(TEXT("x\"}}],\"error\":{\"a\":\"b"), PROVIDER_LOST);
    SEE_BAD("data: {\"choices\":[],\r\"error\":null}\n\n", PROVIDER_LOST);
    SEE_BAD(CHUNK("1", "\"content\":\"a\"", "null"), PROVIDER_LOST);
    SEE_BAD(CHUNK("0", "", "7"), PROVIDER_LOST);
    SEE_BAD(CHUNK("0", "", "\"error\""), PROVIDER_LOST);
    SEE_BAD(DONE, PROVIDER_LOST);
    SEE_BAD("data: {\"error\":{\"code\":\"rate_limit_exceeded\"}}\n\n", BUSY);
    SEE_BAD("event: error\ndata: {\"message\":\"m\"}\n\n", PROVIDER_LOST);
}

TEST(padding_that_differs_from_frame_to_frame_is_no_hindrance)
{
#define PADDED(text, pad)                                                                          \
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text                              \
    "\"},\"finish_reason\":null}],\"usage\":null,\"obfuscation\":\"" pad "\"}\n\n"
    SEE(s, PADDED("a", "xy") PADDED("bc", "") PADDED("", "zzz") PADDED("\\n", "q") FINISH DONE, 1,
        false);
    CHECK_OK(s.e);
    CHECK_INT(s.log.frames, ==, 4);
    SEE(t, PADDED("a", "xy") PADDED("b", "\",\"error\":\"z") DONE, 1, false);
    CHECK_INT(t.e.code, ==, ERR_PROVIDER_LOST);
    CHECK_STR(buf_str(&t.log.bytes), STR(PADDED("a", "xy")));
    /* The padding may stand before the text. */
    SEE(u,
        "data: {\"obfuscation\":\"ab\",\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
        "data: {\"obfuscation\":\"c\",\"choices\":[{\"delta\":{\"content\":\"de\"}}]}\n\n"
        "data: {\"obfuscation\":\"c\",\"choices\":[{\"delta\":{\"content\":\"de\"}}]} \n\n" FINISH
            DONE,
        1, false);
    CHECK_OK(u.e);
    CHECK_INT(u.f.pieces, ==, 3);
}

TEST(text_that_closes_its_string_is_seen_for_what_it_is)
{
    /* Begins and ends like the frames before, yet says an end: read, and kept back. */
    SEE(s, TEXT("a") TEXT("b") TEXT("x\"},\"finish_reason\":\"stop\",\"y\":{\"z\":\"") DONE, 1,
        false);
    CHECK_INT(s.e.code, ==, ERR_PROVIDER_LOST); /* finish_reason twice */
    SEE(t, TEXT("a") TEXT("b") TEXT("c\\\\\\\" d") FINISH DONE, 1, false);
    CHECK_OK(t.e);
    CHECK_INT(t.f.pieces, ==, 3);
}

#define SEE_LATE(late)                                                                             \
    do {                                                                                           \
        SEE(s_, TEXT("a") FINISH late, 1, false);                                                  \
        CHECK_INT(s_.e.code, ==, ERR_PROVIDER_LOST);                                               \
        CHECK_STR(buf_str(&s_.log.bytes), STR(TEXT("a")));                                         \
    } while (0)

TEST(nothing_follows_an_end)
{
    SEE_LATE(FINISH);
    SEE_LATE(TEXT("b"));
    SEE_LATE(DONE DONE);
    SEE_LATE(DONE TEXT("b"));
    SEE_LATE(DONE USAGE);
    /* Of two answers one is over: the short way of its frames is closed. */
    SEE(s,
        CHUNK("0", "\"content\":\"a\"", "null") CHUNK("0", "", "\"stop\"")
            CHUNK("0", "\"content\":\"a\"", "null"),
        2, false);
    CHECK_INT(s.e.code, ==, ERR_PROVIDER_LOST);
}

TEST(a_stream_that_stops_early_is_not_whole)
{
    SEE(none, " ", 1, false);
    CHECK(!frames_is_whole(&none.f));
    SEE(text, TEXT("a"), 1, false);
    CHECK(!frames_is_whole(&text.f));
    SEE(cut, TEXT("a") "data: {\"choices\":[{\"index\":0,\"finish_reason\":\"stop\"}]}\n", 1,
        false);
    CHECK(!frames_is_whole(&cut.f));
    SEE(rest, TEXT("a") FINISH "data: [DO", 1, false);
    CHECK(!frames_is_whole(&rest.f));
    SEE(ended, TEXT("a") FINISH, 1, false);
    CHECK(frames_is_whole(&ended.f));
}

static err
see_long(size_t len, size_t step)
{
    AUTO(buf) stream = BUF(8 << 20);
    SEEN(s);
    frames_init(&s.f, 1, false);
    buf_add(&stream, STR("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\""));
    const str behind = STR("\"}}]}\n\n");
    const size_t text = len - stream.len - behind.len;
    char *room = buf_add_room(&stream, text);
    memset(room, 'a', text);
    buf_add(&stream, behind);
    see(&s, buf_str(&stream), step, step);
    CHECK_INT(s.log.frames, ==, !s.e.code);
    return s.e;
}

TEST(a_frame_may_be_as_long_as_the_limit_and_no_longer)
{
    static const size_t steps[] = {1000, 4097, 65536, 65537, 8 << 20};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        CHECK_OK(see_long(FRAMES_BYTES_MAX, steps[i]));
        CHECK_ERR(see_long(FRAMES_BYTES_MAX + 1, steps[i]), PROVIDER_LOST);
        CHECK_ERR(see_long(4 * FRAMES_BYTES_MAX, steps[i]), PROVIDER_LOST);
    }
}

TEST(memory_that_runs_out_fails_the_stream)
{
    bool fired = true;
    for (long n = 1; fired && n < 100; n++) {
        SEEN(s);
        frames_init(&s.f, 1, false);
        fault_arm(n);
        see(&s, STR(TEXT("a") TEXT("b") FINISH DONE), 30, 50);
        fired = fault_fired();
        fault_arm(0);
        CHECK(s.e.code ? s.f.tail.len == 0 || !frames_is_whole(&s.f) : frames_is_whole(&s.f));
    }
    CHECK(!fired);
}
