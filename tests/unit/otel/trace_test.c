/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/trace.h"

#include <stdio.h>

#include "test.h"

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define SPAN "00f067aa0ba902b7"

static str
made_of(const char *request, const char *parent, struct trace *t, char room[TRACE_TEXT_BYTES])
{
    trace_of(str_of(request), str_of(parent), 100, t);
    return trace_text(t, room);
}

TEST(a_request_without_a_trace_gets_one_made_from_its_id)
{
    char a[TRACE_TEXT_BYTES], b[TRACE_TEXT_BYTES];
    struct trace t, other;
    CHECK_STR(made_of("req_1", "", &t, a), made_of("req_1", "", &other, b));
    CHECK(t.is_sampled && !trace_has_parent(&t));
    CHECK(!str_eq(str_of(a), made_of("req_2", "", &other, b)));
    CHECK_INT(str_of(a).len, ==, 32);
}

TEST(the_trace_a_client_names_is_its_trace)
{
    char room[TRACE_TEXT_BYTES];
    struct trace t;
    CHECK_STR(made_of("req_1", "00-" TRACE "-" SPAN "-01", &t, room), STR(TRACE));
    CHECK(t.is_sampled && trace_has_parent(&t) && t.parent[1] == 0xf0);
    (void)made_of("req_1", " 00-" TRACE "-" SPAN "-00 ", &t, room);
    CHECK(!t.is_sampled && trace_has_parent(&t));
    CHECK_STR(made_of("req_1", "01-" TRACE "-" SPAN "-03-more", &t, room), STR(TRACE));
    CHECK(t.is_sampled);
}

TEST(a_malformed_name_counts_as_none)
{
    static const char *const bad[] = {
        "",
        "00",
        "00-" TRACE "-" SPAN,
        "00-" TRACE "-" SPAN "-1",
        "00-" TRACE "-" SPAN "-01-more",
        "01-" TRACE "-" SPAN "-01more",
        "ff-" TRACE "-" SPAN "-01",
        "00-00000000000000000000000000000000-" SPAN "-01",
        "00-" TRACE "-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" SPAN "-01",
        "00_" TRACE "-" SPAN "-01",
        "00-" TRACE "-" SPAN "-xx",
        "gg-" TRACE "-" SPAN "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473-" SPAN "0-01",
    };
    char own[TRACE_TEXT_BYTES], room[TRACE_TEXT_BYTES];
    struct trace t;
    (void)made_of("req_1", "", &t, own);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_STR(made_of("req_1", bad[i], &t, room), str_of(own));
        CHECK(!trace_has_parent(&t));
    }
}

TEST(whatever_comes_gives_a_trace_that_is_not_zero)
{
    const char good[] = "00-" TRACE "-" SPAN "-01";
    char text[sizeof good], room[TRACE_TEXT_BYTES];
    for (int i = 0; i < 20000; i++) {
        struct trace t;
        memcpy(text, good, sizeof good);
        for (int k = 0; k < 1 + i % 3; k++)
            text[test_random() % (sizeof good - 1)] = (char)test_random();
        trace_of(STR("req_1"), (str){text, sizeof good - 1}, 100, &t);
        CHECK(!str_eq(trace_text(&t, room), STR("00000000000000000000000000000000")));
    }
}

TEST(of_many_requests_a_share_is_traced)
{
    int traced[3] = {0};
    static const uint64_t percent[3] = {0, 10, 100};
    for (int i = 0; i < 10000; i++)
        for (int k = 0; k < 3; k++) {
            char id[32];
            struct trace t;
            snprintf(id, sizeof id, "req_%d", i);
            trace_of(str_of(id), STR_NONE, percent[k], &t);
            traced[k] += t.is_sampled;
        }
    CHECK_INT(traced[0], ==, 0);
    CHECK(traced[1] > 800 && traced[1] < 1200);
    CHECK_INT(traced[2], ==, 10000);
}
