/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/measure.h"

#include "test.h"

#define HAS(text) CHECK(str_find(buf_str(&b), STR(text)) >= 0)
#define HAS_NOT(text) CHECK(str_find(buf_str(&b), STR(text)) < 0)

static const struct otel_self self = {.version = STR_INIT("abc"), .instance = 1};

static void
put(const struct served *s, const meters *m, buf *b)
{
    const struct measure what = {s, m, 1000, 2000};
    measure_put(&what, &self, b);
}

TEST(measures_of_a_model_have_the_names_of_the_conventions)
{
    static meters m;
    struct served *s = NULL;
    jval root;
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(MEASURE_BYTES_MAX);
    NEED_OK(arena_open(16 << 20, &a));
    NEED_OK(served_new(&s));
    struct served_row *r = served_row_of(s, STR("haus"), CONV_CLERK);
    served_gap(r, 150);
    served_end(r, &(struct served_end){.queued_us = 90,
                                       .first_token_us = 2000,
                                       .total_us = 1500000,
                                       .tokens_in = 7,
                                       .tokens_out = 11});
    meter_add(&m, METER_HTTP_REQUESTS, 3);
    meter_add(&m, METER_HTTP_CONNECTIONS, 2);
    put(s, &m, &b);
    NEED_OK(json_read(a, buf_str(&b), &root));
    HAS("\"name\":\"gen_ai.server.time_to_first_token\"");
    HAS("\"unit\":\"s\",\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[{"
        "\"startTimeUnixNano\":\"1000000000\",\"timeUnixNano\":\"2000000000\"");
    HAS("{\"key\":\"gen_ai.request.model\",\"value\":{\"stringValue\":\"haus\"}}");
    HAS("\"count\":\"1\",\"sum\":1.5,\"bucketCounts\":[\"0\",");
    HAS("\"explicitBounds\":[0.0001,0.0002,");
    HAS("\"count\":\"1\",\"sum\":11.0,\"bucketCounts\":[\"0\",\"0\",\"1\",");
    HAS("\"explicitBounds\":[1.0,4.0,16.0,");
    HAS("\"name\":\"hoheit_http_requests\",");
    HAS("\"isMonotonic\":true,\"dataPoints\":[{\"startTimeUnixNano\":\"1000000000\","
        "\"timeUnixNano\":\"2000000000\",\"asInt\":\"3\"}]");
    HAS("\"gauge\":{\"dataPoints\":[{");
    HAS_NOT("joules");
    served_free(s);
}

TEST(nothing_served_is_still_a_message)
{
    static const meters m;
    struct served *s = NULL;
    jval root;
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(MEASURE_BYTES_MAX);
    NEED_OK(arena_open(16 << 20, &a));
    NEED_OK(served_new(&s));
    put(s, &m, &b);
    CHECK_OK(json_read(a, buf_str(&b), &root));
    HAS("\"histogram\":{\"aggregationTemporality\":2,\"dataPoints\":[]}");
    HAS_NOT("gen_ai.request.model");
    served_free(s);
}

TEST(as_many_models_as_there_may_be_fit)
{
    static const meters m;
    struct served *s = NULL;
    AUTO(buf) b = BUF(MEASURE_BYTES_MAX);
    char name[128];
    NEED_OK(served_new(&s));
    memset(name, '"', sizeof name);
    for (int i = 0; i <= SERVED_ROWS_MAX; i++) {
        name[0] = (char)('a' + i % 26);
        name[1] = (char)('a' + i / 26);
        served_end(served_row_of(s, (str){name, sizeof name}, CONV_BATCH),
                   &(struct served_end){.tokens_in = 1, .energy_mj = 1, .is_metered = true});
    }
    put(s, &m, &b);
    CHECK_OK(buf_end(&b));
    HAS("\"stringValue\":\"other\"");
    HAS("\"name\":\"hoheit.energy\"");
    served_free(s);
}
