/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/batch.h"

#include "test.h"

static struct batch
some_batch(void)
{
    struct batch b = {.id = STR("batch_1"),
                      .endpoint = STR("/v1/embeddings"),
                      .input_file = STR("file-1"),
                      .window = STR("24h"),
                      .metadata = STR("{\"a\":\"b\"}"),
                      .created_ms = 1000,
                      .expires_ms = 9000,
                      .total = 3,
                      .completed = 2,
                      .failed = 1,
                      .errors = STR("{\"line\":1}")};
    batch_reach(&b, BATCH_VALIDATING, 1000);
    batch_reach(&b, BATCH_IN_PROGRESS, 2000);
    return b;
}

TEST(a_batch_is_shown_with_all_its_times)
{
    const struct batch b = some_batch();
    AUTO(buf) to = BUF(1 << 16);
    batch_put(&b, &to);
    CHECK_STR(buf_str(&to),
              STR("{\"id\":\"batch_1\",\"object\":\"batch\",\"endpoint\":\"/v1/embeddings\","
                  "\"errors\":{\"object\":\"list\",\"data\":[{\"line\":1}]},\"input_file_id\":"
                  "\"file-1\",\"completion_window\":\"24h\",\"status\":\"in_progress\","
                  "\"output_file_id\":null,\"error_file_id\":null,\"created_at\":1,"
                  "\"in_progress_at\":2,\"expires_at\":9,\"finalizing_at\":null,"
                  "\"completed_at\":null,\"failed_at\":null,\"expired_at\":null,"
                  "\"cancelling_at\":null,\"cancelled_at\":null,\"request_counts\":{\"total\":3,"
                  "\"completed\":2,\"failed\":1},\"metadata\":{\"a\":\"b\"}}"));
}

TEST(what_was_kept_of_a_batch_reads_back_the_same)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) saved = BUF(1 << 16), x = BUF(1 << 16), y = BUF(1 << 16);
    const struct batch b = some_batch();
    struct batch back;
    NEED_OK(arena_open(1 << 20, &a));
    batch_save(&b, &saved);
    NEED_OK(batch_load(a, buf_str(&saved), &back));
    batch_put(&b, &x);
    batch_put(&back, &y);
    CHECK_STR(buf_str(&y), buf_str(&x));
    CHECK(batch_load(a, STR("{}"), &back).code);
    CHECK(batch_load(a, STR("7"), &back).code);
    CHECK(batch_load(a, STR("{"), &back).code);
}

TEST(only_some_routes_make_a_batch)
{
    CHECK(batch_is_endpoint(STR("/v1/chat/completions")));
    CHECK(batch_is_endpoint(STR("/v1/responses")));
    CHECK(!batch_is_endpoint(STR("/v1/files")));
    CHECK(!batch_is_endpoint(STR("/v1/responses/")));
    CHECK(!batch_is_endpoint(STR("")));
    CHECK(batch_is_over(BATCH_CANCELLED) && batch_is_over(BATCH_FAILED));
    CHECK(!batch_is_over(BATCH_CANCELLING));
}

#define LINE(id, method, url, body)                                                                \
    "{\"custom_id\":" id ",\"method\":\"" method "\",\"url\":\"" url "\",\"body\":" body "}"

TEST(a_line_is_read_or_refused_with_a_reason)
{
    static const struct {
        const char *line;
        bool fine;
    } cases[] = {
        {LINE("\"a\"", "POST", "/v1/x", "{\"k\":[1,2]}"), true},
        {LINE("\"a\"", "POST", "/v1/x", "{\"stream\":false}"), true},
        {LINE("\"a\"", "POST", "/v1/x", "{\"stream\":true}"), false},
        {LINE("\"a\"", "GET", "/v1/x", "{}"), false},
        {LINE("\"a\"", "POST", "/v1/y", "{}"), false},
        {LINE("\"\"", "POST", "/v1/x", "{}"), false},
        {LINE("7", "POST", "/v1/x", "{}"), false},
        {LINE("\"a\"", "POST", "/v1/x", "[]"), false},
        {"{}", false},
        {"7", false},
        {"{", false},
        {"{\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/x\",\"body\":{},\"x\":1}", false}};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct batch_line l;
        const err e = batch_read_line(a, str_of(cases[i].line), STR("/v1/x"), &l);
        CHECK_INT(!e.code, ==, cases[i].fine);
        if (!e.code)
            CHECK_STR(l.custom_id, STR("a"));
    }
}

TEST(results_have_the_shape_of_the_api)
{
    AUTO(buf) b = BUF(1 << 16);
    const struct batch_result r = {STR("l1"), STR("a"), STR("req_1"), 200, STR("{\"x\":1}")};
    batch_put_result(&r, &b);
    CHECK_STR(buf_str(&b),
              STR("{\"id\":\"l1\",\"custom_id\":\"a\",\"response\":{\"status_code\":200,"
                  "\"request_id\":\"req_1\",\"body\":{\"x\":1}},\"error\":null}"));
    buf_clear(&b);
    batch_put_unrun(STR("l1"), STR("a"), "batch_expired", "too late", &b);
    CHECK_STR(buf_str(&b), STR("{\"id\":\"l1\",\"custom_id\":\"a\",\"response\":null,\"error\":{"
                               "\"code\":\"batch_expired\",\"message\":\"too late\"}}"));
}
