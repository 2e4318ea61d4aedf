/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/reply.h"

#include "test.h"

static fallible
lost(void)
{
    FAIL(PROVIDER_LOST, "silent");
}

static fallible
denied(void)
{
    FAIL(DENIED, "no");
}

static enum reply_verdict
verdict(int status)
{
    struct reply r = {.body = BUF(64)};
    reply_head(&r, status, NULL, 0);
    return reply_judge(&r, OK);
}

TEST(only_what_the_protocol_names_is_sent_again)
{
    static const int later[] = {429, 502, 503, 504}, never[] = {400, 401, 403, 404, 413, 500, 301};
    CHECK_INT(verdict(200), ==, REPLY_TAKEN);
    CHECK_INT(verdict(202), ==, REPLY_TAKEN);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        CHECK_INT(verdict(later[i]), ==, REPLY_LATER);
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        CHECK_INT(verdict(never[i]), ==, REPLY_REFUSED);
}

TEST(without_an_answer_it_is_sent_again_and_without_leave_never)
{
    struct reply r = {.status = 200, .body = BUF(64)};
    CHECK_INT(reply_judge(&r, lost()), ==, REPLY_LATER);
    CHECK_INT(reply_judge(&r, denied()), ==, REPLY_REFUSED);
}

TEST(retry_after_counts_in_seconds_alone)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } cases[] = {{"3", 3000},       {" 0 ", 0},
                 {"3600", 3600000}, {"3601", 0},
                 {"-1", 0},         {"1.5", 0},
                 {"", 0},           {"9999999999999999999999", 0},
                 {"soon", 0},       {"Fri, 31 Dec 1999 23:59:59 GMT", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct http_field f = {STR("Retry-After"), str_of(cases[i].text)};
        struct reply r = {.body = BUF(64)};
        reply_head(&r, 503, &f, 1);
        CHECK_INT(r.retry_ms, ==, cases[i].ms);
    }
}

static uint64_t
rejected(const char *body)
{
    struct reply r = {.body = BUF(200)};
    reply_data(&r, str_of(body));
    const uint64_t n = reply_rejected(&r);
    reply_done(&r);
    return n;
}

TEST(what_was_rejected_is_read_as_text_or_number_and_nothing_else_is)
{
    CHECK_INT(rejected("{\"partialSuccess\":{\"rejectedSpans\":\"3\"}}"), ==, 3);
    CHECK_INT(rejected("{\"partialSuccess\":{\"rejectedSpans\":4,\"errorMessage\":\"x\"}}"), ==, 4);
    CHECK_INT(rejected(""), ==, 0);
    CHECK_INT(rejected("{}"), ==, 0);
    CHECK_INT(rejected("[]"), ==, 0);
    CHECK_INT(rejected("\x01\xff"), ==, 0);
    CHECK_INT(rejected("{\"partialSuccess\":7}"), ==, 0);
    CHECK_INT(rejected("{\"partialSuccess\":{\"rejectedSpans\":-4}}"), ==, 0);
    CHECK_INT(rejected("{\"partialSuccess\":{\"rejectedSpans\":\"99999999999999999999\"}}"), ==, 0);
    CHECK_INT(rejected("{\"partialSuccess\":{\"rejectedSpans\":[1]}}"), ==, 0);
}

TEST(an_answer_without_end_is_cut)
{
    struct reply r = {.body = BUF(100)};
    char piece[30];
    memset(piece, 'x', sizeof piece);
    for (int i = 0; i < 100; i++)
        reply_data(&r, (str){piece, sizeof piece});
    CHECK_INT(r.body.len, ==, 100);
    CHECK_INT(reply_rejected(&r), ==, 0);
    reply_done(&r);
}
