/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/span.h"

#include "engine/proto.h"
#include "test.h"

#define HAS(text) CHECK(str_find(buf_str(&b), STR(text)) >= 0)
#define HAS_NOT(text) CHECK(str_find(buf_str(&b), STR(text)) < 0)

static const struct otel_self self = {
    .version = STR_INIT("abc"), .instance = 1, .address = STR_INIT("[::1]:7080")};

static struct span_note
note(void)
{
    struct span_note n = {.serial = 1,
                          .request_id = "req_1",
                          .model = "haus",
                          .operation = "chat",
                          .class = "clerk",
                          .is_counted = true,
                          .finishes = 1u << FINISH_STOP | 1u << FINISH_CALLS,
                          .tokens_in = 7,
                          .tokens_out = 11,
                          .tenant = 5,
                          .received_us = 1000,
                          .decided_us = 1200,
                          .submitted_us = 1210,
                          .begun_us = 1500,
                          .first_us = 2000,
                          .answered_us = 2900,
                          .ended_us = 3000,
                          .ended_wall_ms = 1700000000000};
    trace_of(STR("req_1"), STR_NONE, 100, &n.trace);
    return n;
}

static size_t
count(str s, str what)
{
    size_t n = 0;
    ptrdiff_t at;
    while ((at = str_find(s, what)) >= 0) {
        n++;
        s = str_slice(s, (size_t)at + what.len, s.len);
    }
    return n;
}

TEST(a_request_is_four_spans_of_one_trace)
{
    AUTO(buf) b = BUF(64 * 1024);
    const struct span_note n = note();
    span_put(&n, &self, &b);
    CHECK_OK(buf_end(&b));
    CHECK_INT(count(buf_str(&b), STR("\"traceId\":\"")), ==, 4);
    CHECK_INT(count(buf_str(&b), STR("\"parentSpanId\":\"")), ==, 3);
    HAS("\"name\":\"chat haus\",\"kind\":2,\"startTimeUnixNano\":\"1699999999998000000\","
        "\"endTimeUnixNano\":\"1700000000000000000\"");
    HAS("\"name\":\"hoheit.decide\",\"kind\":1,\"startTimeUnixNano\":\"1699999999998000000\","
        "\"endTimeUnixNano\":\"1699999999998200000\"");
    HAS("\"name\":\"hoheit.queue\"");
    HAS("{\"key\":\"gen_ai.usage.input_tokens\",\"value\":{\"intValue\":\"7\"}}");
    HAS("{\"values\":[{\"stringValue\":\"stop\"},{\"stringValue\":\"tool_calls\"}]}");
    HAS("{\"key\":\"server.address\",\"value\":{\"stringValue\":\"[::1]\"}}");
    HAS("{\"key\":\"server.port\",\"value\":{\"intValue\":\"7080\"}}");
    HAS("\"events\":[{\"timeUnixNano\":\"1699999999999000000\",\"name\":\"first token\"}]");
    HAS_NOT("error.type");
    HAS_NOT("\"status\"");
}

TEST(a_denial_is_an_error_of_its_decision_and_nothing_ran)
{
    AUTO(buf) b = BUF(64 * 1024);
    struct span_note n = note();
    n.submitted_us = n.begun_us = n.first_us = n.answered_us = 0;
    n.is_denied = true;
    n.is_counted = false;
    n.finishes = 0;
    n.error = "denied_by_policy";
    span_put(&n, &self, &b);
    CHECK_INT(count(buf_str(&b), STR("\"traceId\":\"")), ==, 2);
    CHECK_INT(count(buf_str(&b), STR("\"status\":{\"code\":2}")), ==, 2);
    CHECK_INT(count(buf_str(&b), STR("\"stringValue\":\"denied_by_policy\"")), ==, 2);
    HAS("{\"key\":\"hoheit.decision\",\"value\":{\"stringValue\":\"denied\"}}");
    HAS_NOT("gen_ai.usage");
}

TEST(what_ran_outside_is_a_clients_span)
{
    AUTO(buf) b = BUF(64 * 1024);
    struct span_note n = note();
    n.dialect = "anthropic";
    memcpy(n.provider, "wolke", 6);
    trace_of(STR("req_1"), STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), 100,
             &n.trace);
    span_put(&n, &self, &b);
    HAS("\"kind\":3");
    HAS("{\"key\":\"peer.service\",\"value\":{\"stringValue\":\"wolke\"}}");
    HAS("\"parentSpanId\":\"00f067aa0ba902b7\"");
    CHECK_INT(count(buf_str(&b), STR("4bf92f3577b34da6a3ce929d0e0e4736")), ==, 4);
}

TEST(two_requests_of_one_trace_have_spans_of_their_own)
{
    AUTO(buf) a = BUF(64 * 1024);
    AUTO(buf) b = BUF(64 * 1024);
    struct span_note n = note();
    span_put(&n, &self, &a);
    n.serial = 2;
    span_put(&n, &self, &b);
    const str key = STR("\"spanId\":\"");
    const size_t at = (size_t)str_find(buf_str(&a), key) + key.len;
    CHECK(!str_eq(str_slice(buf_str(&a), at, at + 16), str_slice(buf_str(&b), at, at + 16)));
}

TEST(an_address_without_a_port_is_left_out)
{
    AUTO(buf) b = BUF(64 * 1024);
    const struct otel_self odd = {.version = STR("abc"), .address = STR("nowhere")};
    const struct span_note n = note();
    span_put(&n, &odd, &b);
    HAS_NOT("server.");
}

static const struct span_note *
same(const void *ctx, size_t i)
{
    (void)i;
    return ctx;
}

TEST(all_of_them_stand_in_one_message)
{
    AUTO(buf) b = BUF(1 << 20);
    AUTO(arena) *a = NULL;
    const struct span_note n = note();
    jval root;
    NEED_OK(arena_open(16 << 20, &a));
    span_put_all(&self, 64, same, &n, &b);
    NEED_OK(json_read(a, buf_str(&b), &root));
    CHECK_INT(json_count(&root), ==, 1);
    CHECK_INT(count(buf_str(&b), STR("\"traceId\"")), ==, 256);
}
