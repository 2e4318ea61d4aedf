/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ratelimit.h"

#include "base/buf.h"
#include "test.h"

static str
openai(arena *a, const struct gate_limits *l)
{
    struct http_field f[RATELIMIT_FIELDS];
    buf b = BUF(4096);
    const size_t count = ratelimit_openai(a, l, f);
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(&b, "%.*s: %.*s\n", STR_FMT(f[i].name), STR_FMT(f[i].value));
    const str s = arena_str(a, buf_str(&b));
    buf_done(&b);
    return s;
}

static str
anthropic(arena *a, const struct gate_limits *l, int64_t now)
{
    struct http_field f[RATELIMIT_FIELDS];
    buf b = BUF(4096);
    const size_t count = ratelimit_anthropic(a, l, now, f);
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(&b, "%.*s: %.*s\n", STR_FMT(f[i].name), STR_FMT(f[i].value));
    const str s = arena_str(a, buf_str(&b));
    buf_done(&b);
    return s;
}

TEST(what_is_limited_is_told_in_the_form_of_the_dialect)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const struct gate_limits l = {true, true, 60, 59, 1000, 150000, UINT64_MAX, 360000};
    CHECK_STR(openai(a, &l), STR("x-ratelimit-limit-requests: 60\n"
                                 "x-ratelimit-remaining-requests: 59\n"
                                 "x-ratelimit-reset-requests: 1s\n"
                                 "x-ratelimit-limit-tokens: 150000\n"
                                 "x-ratelimit-remaining-tokens: 18446744073709551615\n"
                                 "x-ratelimit-reset-tokens: 6m0s\n"));
    CHECK_STR(anthropic(a, &l, 1772366400000),
              STR("anthropic-ratelimit-requests-limit: 60\n"
                  "anthropic-ratelimit-requests-remaining: 59\n"
                  "anthropic-ratelimit-requests-reset: 2026-03-01T12:00:01.000Z\n"
                  "anthropic-ratelimit-tokens-limit: 150000\n"
                  "anthropic-ratelimit-tokens-remaining: 18446744073709551615\n"
                  "anthropic-ratelimit-tokens-reset: 2026-03-01T12:06:00.000Z\n"));
}

TEST(what_is_not_limited_is_not_told)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const struct gate_limits none = {.limit_requests = 5}, tokens = {.has_tokens = true};
    CHECK_STR(openai(a, &none), STR(""));
    CHECK_STR(anthropic(a, &none, 0), STR(""));
    CHECK_STR(openai(a, &tokens), STR("x-ratelimit-limit-tokens: 0\n"
                                      "x-ratelimit-remaining-tokens: 0\n"
                                      "x-ratelimit-reset-tokens: 0s\n"));
    CHECK(str_starts(anthropic(a, &tokens, 0), STR("anthropic-ratelimit-tokens-limit: 0\n")));
}

TEST(a_span_of_time_is_written_as_clients_read_it)
{
    static const struct {
        uint64_t ms;
        const char *want;
    } cases[] = {{0, "0s"},
                 {1, "1ms"},
                 {999, "999ms"},
                 {1000, "1s"},
                 {1500, "1.500s"},
                 {59999, "59.999s"},
                 {60000, "1m0s"},
                 {360000, "6m0s"},
                 {3600000, "1h0m0s"},
                 {86399000, "23h59m59s"},
                 {2678400000, "744h0m0s"}};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct http_field f[RATELIMIT_FIELDS];
        const struct gate_limits l = {.has_requests = true, .reset_requests_ms = cases[i].ms};
        CHECK_INT(ratelimit_openai(a, &l, f), ==, 3);
        CHECK_STR(f[2].value, str_of(cases[i].want));
    }
}
