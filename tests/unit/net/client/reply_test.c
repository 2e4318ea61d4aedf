/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/client/reply.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/fault.h"
#include "test.h"

enum { LOG_MAX = 1 << 20 };

/* What was heard: "<200 name=value;...>" and the body, in which pieces it came is not told. */
struct ear {
    buf log;
    reply *r;
    bool stop_at_head, stop_at_data;
};

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct ear *const ear = ctx;
    buf_add_fmt(&ear->log, "<%d", status);
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(&ear->log, " %.*s=%.*s;", STR_FMT(fields[i].name), STR_FMT(fields[i].value));
    buf_add_char(&ear->log, '>');
    if (ear->stop_at_head)
        reply_stop(ear->r);
}

static void
on_data(void *ctx, str piece)
{
    struct ear *const ear = ctx;
    buf_add(&ear->log, piece);
    if (ear->stop_at_data)
        reply_stop(ear->r);
}

static struct reply_hooks
hooks(struct ear *ear)
{
    return (struct reply_hooks){.on_head = on_head, .on_data = on_data, .ctx = ear};
}

/* Feeds `all` as a first piece and then in steps; says at the end how it went. */
static void
hear(str all, size_t first, size_t step, bool bodiless, struct ear *ear)
{
    const struct reply_hooks h = hooks(ear);
    size_t used = 0, len = first;
    err e = OK;
    if (reply_new(&h, &ear->r).code)
        return;
    reply_begin(ear->r, bodiless);
    while (used < all.len && !e.code && !reply_is_complete(ear->r)) {
        str piece = str_slice(all, used, used + len);
        used += piece.len;
        e = reply_read(ear->r, &piece);
        used -= e.code ? 0 : piece.len;
        len = step;
        if (ear->stop_at_head || ear->stop_at_data)
            break;
    }
    if (!e.code && !reply_is_complete(ear->r)) {
        reply_eof(ear->r);
        buf_add(&ear->log, STR(" eof"));
    }
    if (reply_is_complete(ear->r))
        buf_add_fmt(&ear->log, " %s left=%zu", reply_keeps(ear->r) ? "keep" : "close",
                    all.len - used);
    else
        buf_add_fmt(&ear->log, " %s", e.code ? err_info(e)->id : "incomplete");
    reply_free(ear->r);
    ear->r = NULL;
}

static str
heard(str all, struct ear *ear)
{
    buf_clear(&ear->log);
    hear(all, all.len, 1, false, ear);
    return buf_str(&ear->log);
}

#define EAR                                                                                        \
    {                                                                                              \
        .log = BUF(LOG_MAX)                                                                        \
    }
#define CHECK_HEARS(all, want)                                                                     \
    do {                                                                                           \
        struct ear ear_ = EAR;                                                                     \
        CHECK_STR(heard(all, &ear_), want);                                                        \
        buf_done(&ear_.log);                                                                       \
    } while (0)

/* ---- answers */

TEST(an_answer_with_a_length_ends_there)
{
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
                STR("<200 content-length=5;>hello keep left=0"));
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                STR("<200 content-length=0;> keep left=0"));
}

TEST(a_chunked_answer_ends_with_the_empty_chunk)
{
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"),
                STR("<200 transfer-encoding=chunked;>hello keep left=0"));
}

TEST(chunk_extensions_and_trailers_are_passed_over)
{
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5;a=b;c\r\nhello\r\n0\r\nX-Late: 1\r\nX-Later: 2\r\n\r\n"),
                STR("<200 transfer-encoding=chunked;>hello keep left=0"));
}

TEST(an_answer_without_length_ends_with_the_stream)
{
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello"),
                STR("<200 a=b;>hello eof close left=0"));
    CHECK_HEARS(STR("HTTP/1.0 200 OK\r\n\r\nhello"), STR("<200>hello eof close left=0"));
}

TEST(answers_that_have_no_body_end_with_their_head)
{
    CHECK_HEARS(STR("HTTP/1.1 204 No Content\r\nA: b\r\n\r\n"), STR("<204 a=b;> keep left=0"));
    CHECK_HEARS(STR("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
                STR("<304 content-length=5;> keep left=0"));
}

TEST(the_answer_to_head_has_a_length_but_no_body)
{
    struct ear ear = EAR;
    hear(STR("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), 1000, 1000, true, &ear);
    CHECK_STR(buf_str(&ear.log), STR("<200 content-length=5;> keep left=0"));
    buf_done(&ear.log);
}

TEST(interim_answers_are_passed_over)
{
    CHECK_HEARS(
        STR("HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!"),
        STR("<200 content-length=1;>! keep left=0"));
}

TEST(an_interim_answer_has_no_body_whatever_it_says)
{
    CHECK_HEARS(STR("HTTP/1.1 199 X\r\nContent-Length: 9\r\n\r\n"
                    "HTTP/1.1 199 X\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!"),
                STR("<200 content-length=1;>! keep left=0"));
}

TEST(names_are_lower_case_and_values_trimmed)
{
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nX-Mixed-CASE: \t a b \t\r\nEmpty:\r\nNext: x\r\n"
                    "Content-Length: 0\r\n\r\n"),
                STR("<200 x-mixed-case=a b; empty=; next=x; content-length=0;> keep left=0"));
}

TEST(what_ends_the_connection_is_told)
{
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n!"),
                STR("<200 content-length=1; connection=close;>! close left=0"));
    CHECK_HEARS(STR("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n!"),
                STR("<200 content-length=1;>! close left=0"));
}

TEST(bytes_after_the_answer_are_left)
{
    CHECK_HEARS(STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!HTTP/1.1 200"),
                STR("<200 content-length=1;>! keep left=12"));
}

TEST(a_stopped_answer_calls_nothing_more)
{
    struct ear ear = EAR;
    ear.stop_at_head = true;
    CHECK_STR(heard(STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!"), &ear),
              STR("<200 content-length=1;> eof incomplete"));
    ear.stop_at_head = false;
    ear.stop_at_data = true;
    CHECK_STR(
        heard(STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n"),
              &ear),
        STR("<200 transfer-encoding=chunked;>a eof incomplete"));
    buf_done(&ear.log);
}

TEST(one_reply_serves_many_answers)
{
    struct ear ear = EAR;
    const struct reply_hooks h = hooks(&ear);
    NEED_OK(reply_new(&h, &ear.r));
    for (int i = 0; i < 3; i++) {
        str s = STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nA: b\r\n\r\n!");
        reply_begin(ear.r, false);
        CHECK(!reply_began(ear.r));
        CHECK_OK(reply_read(ear.r, &s));
        CHECK(reply_is_complete(ear.r) && reply_began(ear.r));
    }
    CHECK_STR(buf_str(&ear.log), STR("<200 content-length=1; a=b;>!<200 content-length=1; a=b;>!"
                                     "<200 content-length=1; a=b;>!"));
    reply_free(ear.r);
    buf_done(&ear.log);
}

/* ---- the property */

static const char *const fixtures[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Request-Id: req_1\r\n\r\nhello",
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nEmpty:\r\nA:  b \r\n\r\n"
     "3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\nLate: 1\r\n\r\n"),
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nA: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nto the end",
    "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}rest",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZ\r\nhello\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
};

TEST(every_split_of_an_answer_gives_the_same_calls)
{
    for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
        const str all = str_of(fixtures[i]);
        struct ear whole = EAR, parts = EAR;
        hear(all, all.len, 1, false, &whole);
        for (size_t first = 1; first < all.len; first++)
            for (size_t step = 1; step < 8; step += 3) {
                buf_clear(&parts.log);
                hear(all, first, step == 7 ? all.len : step, false, &parts);
                CHECK_STR(buf_str(&parts.log), buf_str(&whole.log));
            }
        buf_done(&whole.log);
        buf_done(&parts.log);
    }
}

/* ---- what is no answer */

TEST(what_is_not_http_is_refused)
{
    static const char *const bad[] = {
        "GET / HTTP/1.1\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 053 OK\r\n\r\nbody",
        "HTTP/3.7 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nName with blank: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\n folded: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct ear ear = EAR;
        const struct reply_hooks h = hooks(&ear);
        str s = str_of(bad[i]);
        NEED_OK(reply_new(&h, &ear.r));
        const err e = reply_read(ear.r, &s);
        if (e.code != ERR_PARSE)
            test_fail(__FILE__, __LINE__, "fixture %zu was taken", i);
        CHECK(!reply_is_complete(ear.r) && !reply_keeps(ear.r));
        reply_free(ear.r);
        buf_done(&ear.log);
    }
}

TEST(a_stream_that_ends_too_soon_is_no_answer)
{
    static const char *const cut[] = {
        "",
        "HTTP/1.1 2",
        "HTTP/1.1 200 OK\r\nA: ",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n0\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        struct ear ear = EAR;
        const struct reply_hooks h = hooks(&ear);
        str s = str_of(cut[i]);
        NEED_OK(reply_new(&h, &ear.r));
        CHECK_OK(reply_read(ear.r, &s));
        reply_eof(ear.r);
        CHECK(!reply_is_complete(ear.r));
        reply_free(ear.r);
        buf_done(&ear.log);
    }
}

/* ---- limits */

/* `count` times `piece` between a beginning and an end, fed in steps; what the reply says. */
static err
feed_many(str begin, str piece, size_t count, size_t step)
{
    struct ear ear = EAR;
    const struct reply_hooks h = hooks(&ear);
    AUTO(buf) all = BUF(16 << 20);
    err e = reply_new(&h, &ear.r);
    if (e.code)
        return e;
    buf_add(&all, begin);
    for (size_t i = 0; i < count; i++)
        buf_add(&all, piece);
    for (size_t at = 0; at < all.len && !e.code; at += step) {
        str s = str_slice(buf_str(&all), at, at + step);
        e = reply_read(ear.r, &s);
    }
    reply_free(ear.r);
    buf_done(&ear.log);
    return e;
}

TEST(a_head_of_any_shape_is_bounded)
{
    const str line = STR("HTTP/1.1 200 OK\r\n");
    CHECK_OK(feed_many(line, STR("A: b\r\n"), 128, 1000));
    CHECK_ERR(feed_many(line, STR("A: b\r\n"), 129, 1000), PARSE);
    CHECK_ERR(feed_many(STR("HTTP/1.1 200 OK\r\nA: "), STR("x"), 70000, 1000), PARSE);
    CHECK_ERR(feed_many(line, STR("x"), 70000, 1000), PARSE);
    CHECK_ERR(feed_many(STR("HTTP/1.1 200 OK\r\nA:"), STR(" "), 70000, 1000), PARSE);
    CHECK_ERR(feed_many(STR("HTTP/1.1 200 "), STR("x"), 70000, 1000), PARSE);
    CHECK_ERR(feed_many(STR(""), STR("HTTP/1.1 100 Continue\r\n\r\n"), 5000, 1000), PARSE);
}

TEST(the_bound_of_a_head_is_the_same_for_every_split)
{
    const str begin = STR("HTTP/1.1 200 OK\r\nA: ");
    const size_t room = REPLY_HEAD_MAX - begin.len;
    for (size_t step = 997; step < 200000; step += 19997) {
        CHECK_OK(feed_many(begin, STR("x"), room, step));
        CHECK_ERR(feed_many(begin, STR("x"), room + 1, step), PARSE);
    }
}

TEST(what_is_no_body_is_bounded_after_the_head_too)
{
    const str chunked = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
    CHECK_ERR(feed_many(chunked, STR("A: b\r\n"), 50000, 1000), PARSE);
    const str extension = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=");
    CHECK_ERR(feed_many(extension, STR("x"), 300000, 1000), PARSE);
}

TEST(many_small_chunks_are_fine)
{
    const str chunked = STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK_OK(feed_many(chunked, STR("1\r\nx\r\n"), 100000, 4096));
}

TEST(without_memory_the_answer_is_refused)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        struct ear ear = EAR;
        const struct reply_hooks h = hooks(&ear);
        str s = STR("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!");
        buf_add(&ear.log, STR("so that only the reply needs memory"));
        fault_arm(n);
        err e = reply_new(&h, &ear.r);
        if (!e.code)
            e = reply_read(ear.r, &s);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        reply_free(ear.r);
        buf_done(&ear.log);
        NEED(n < 20);
    }
}
