/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ratelimit.h"

#include <stdio.h>

#include "os/clock.h"

static str
number(arena *a, uint64_t n)
{
    return arena_fmt(a, "%llu", (unsigned long long)n);
}

static str
span(arena *a, uint64_t ms)
{
    const unsigned long long s = ms / 1000, rest = ms % 1000, h = s / 3600, m = s / 60 % 60;
    char seconds[32];
    if (ms < 1000)
        return ms ? arena_fmt(a, "%llums", rest) : STR("0s");
    if (rest)
        snprintf(seconds, sizeof seconds, "%llu.%03llus", s % 60, rest);
    else
        snprintf(seconds, sizeof seconds, "%llus", s % 60);
    if (h)
        return arena_fmt(a, "%lluh%llum%s", h, m, seconds);
    return m ? arena_fmt(a, "%llum%s", m, seconds) : arena_fmt(a, "%s", seconds);
}

static size_t
put(struct http_field *ret, const str names[3], str limit, str remaining, str reset)
{
    ret[0] = (struct http_field){names[0], limit};
    ret[1] = (struct http_field){names[1], remaining};
    ret[2] = (struct http_field){names[2], reset};
    return 3;
}

size_t
ratelimit_openai(arena *a, const struct gate_limits *l, struct http_field *ret)
{
    static const str requests[3] = {STR_INIT("x-ratelimit-limit-requests"),
                                    STR_INIT("x-ratelimit-remaining-requests"),
                                    STR_INIT("x-ratelimit-reset-requests")};
    static const str tokens[3] = {STR_INIT("x-ratelimit-limit-tokens"),
                                  STR_INIT("x-ratelimit-remaining-tokens"),
                                  STR_INIT("x-ratelimit-reset-tokens")};
    size_t count = 0;
    if (l->has_requests)
        count += put(ret, requests, number(a, l->limit_requests), number(a, l->remaining_requests),
                     span(a, l->reset_requests_ms));
    if (l->has_tokens)
        count += put(ret + count, tokens, number(a, l->limit_tokens),
                     number(a, l->remaining_tokens), span(a, l->reset_tokens_ms));
    return count;
}

static str
moment(arena *a, int64_t wall_ms)
{
    AUTO(buf) b = BUF(64);
    clock_put(&b, wall_ms);
    return b.failed ? STR("") : arena_str(a, buf_str(&b));
}

size_t
ratelimit_anthropic(arena *a, const struct gate_limits *l, int64_t now_wall_ms,
                    struct http_field *ret)
{
    static const str requests[3] = {STR_INIT("anthropic-ratelimit-requests-limit"),
                                    STR_INIT("anthropic-ratelimit-requests-remaining"),
                                    STR_INIT("anthropic-ratelimit-requests-reset")};
    static const str tokens[3] = {STR_INIT("anthropic-ratelimit-tokens-limit"),
                                  STR_INIT("anthropic-ratelimit-tokens-remaining"),
                                  STR_INIT("anthropic-ratelimit-tokens-reset")};
    size_t count = 0;
    if (l->has_requests)
        count += put(ret, requests, number(a, l->limit_requests), number(a, l->remaining_requests),
                     moment(a, now_wall_ms + (int64_t)l->reset_requests_ms));
    if (l->has_tokens)
        count +=
            put(ret + count, tokens, number(a, l->limit_tokens), number(a, l->remaining_tokens),
                moment(a, now_wall_ms + (int64_t)l->reset_tokens_ms));
    return count;
}
