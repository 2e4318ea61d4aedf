/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/record.h"

#include "base/fault.h"
#include "base/json.h"
#include "test.h"

enum { TEXT_MAX = 1 << 20 };

static const digest ones = {{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                             1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}};
static const digest twos = {{2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2,
                             2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2}};

TEST(events_have_unique_names_and_a_sentence)
{
    for (enum audit_event e = 0; e < EVENT_COUNT; e++) {
        CHECK(event_info(e)->name[0] && str_ends(str_of(event_info(e)->doc), STR(".")));
        for (enum audit_event other = 0; other < e; other++)
            CHECK(!str_eq(str_of(event_info(e)->name), str_of(event_info(other)->name)));
    }
}

TEST(a_record_shows_all_it_has)
{
    const struct audit_record r = {.event = EVENT_COMPLETION,
                                   .request_id = STR("req_1"),
                                   .key_id = STR("key_1"),
                                   .tenant = STR("t"),
                                   .op = STR("chat"),
                                   .label_text = STR("VS-NfD//REL BUND"),
                                   .clearance_text = STR("GEHEIM"),
                                   .model = STR("toy"),
                                   .model_sha256 = STR("ab"),
                                   .decision = "allowed",
                                   .rule = "default",
                                   .why = STR("because"),
                                   .person = STR("anna"),
                                   .purpose = STR("aid"),
                                   .object = STR("thing"),
                                   .input = &ones,
                                   .output = &twos,
                                   .kept = &ones,
                                   .tokens_in = 1,
                                   .tokens_out = 2,
                                   .duration_us = 3,
                                   .first_token_us = 4,
                                   .cost_micro_euro = 5,
                                   .energy_mj = 6,
                                   .cost_by = "usage",
                                   .energy_by = "rapl",
                                   .outcome = "ok"};
    AUTO(buf) b = BUF(TEXT_MAX);
    NEED_OK(record_put(&b, &r, 1767225600123));
    CHECK_STR(
        buf_str(&b),
        STR("{\"time\":\"2026-01-01T00:00:00.123Z\",\"event\":\"completion\","
            "\"request\":\"req_1\",\"key\":\"key_1\",\"tenant\":\"t\",\"person\":\"anna\","
            "\"op\":\"chat\","
            "\"label\":\"VS-NfD//REL "
            "BUND\",\"clearance\":\"GEHEIM\",\"purpose\":\"aid\",\"model\":\"toy\","
            "\"model_sha256\":\"ab\",\"decision\":\"allowed\",\"rule\":\"default\","
            "\"why\":\"because\",\"object\":\"thing\","
            "\"input\":\"salted:0101010101010101010101010101010101010101010101010101010101010101\","
            "\"output\":\"salted:"
            "0202020202020202020202020202020202020202020202020202020202020202\","
            "\"kept\":\"0101010101010101010101010101010101010101010101010101010101010101\","
            "\"tokens_in\":1,\"tokens_out\":2,\"duration_us\":3,\"first_token_us\":4,"
            "\"cost_micro_euro\":5,\"cost_by\":\"usage\",\"energy_mj\":6,"
            "\"energy_by\":\"rapl\",\"outcome\":\"ok\"}\n"));
}

TEST(nothing_is_0_that_was_not_measured)
{
    const struct audit_record free = {.event = EVENT_COMPLETION, .cost_by = "usage"};
    const struct audit_record dark = {
        .event = EVENT_COMPLETION, .energy_mj = 7, .energy_by = "not measured"};
    AUTO(buf) b = BUF(TEXT_MAX);
    NEED_OK(record_put(&b, &free, 0));
    CHECK(str_find(buf_str(&b), STR("\"cost_micro_euro\":0,\"cost_by\":\"usage\"")) >= 0);
    CHECK(str_find(buf_str(&b), STR("energy")) < 0);
    buf_clear(&b);
    NEED_OK(record_put(&b, &dark, 0));
    CHECK(str_find(buf_str(&b), STR("\"energy_by\":\"not measured\"")) >= 0);
    CHECK(str_find(buf_str(&b), STR("energy_mj")) < 0);
    CHECK(str_find(buf_str(&b), STR("cost")) < 0);
}

TEST(what_a_record_does_not_have_is_left_out)
{
    const struct audit_record r = {.event = EVENT_START};
    AUTO(buf) b = BUF(TEXT_MAX);
    NEED_OK(record_put(&b, &r, 0));
    CHECK_STR(buf_str(&b),
              STR("{\"time\":\"1970-01-01T00:00:00.000Z\",\"event\":\"daemon.start\"}\n"));
    const struct audit_record end = {.event = EVENT_COMPLETION, .outcome = ""};
    buf_clear(&b);
    NEED_OK(record_put(&b, &end, 0));
    CHECK_STR(buf_str(&b),
              STR("{\"time\":\"1970-01-01T00:00:00.000Z\",\"event\":\"completion\",\"tokens_in\":0,"
                  "\"tokens_out\":0,\"duration_us\":0,\"first_token_us\":0}\n"));
}

/* Whatever bytes the fields hold, the line is one line, and reads back as the same values. */
TEST(a_record_stays_one_line_of_json)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(TEXT_MAX, &a));
    for (int round = 0; round < 500; round++) {
        char bytes[64];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)(test_random() % 128);
        const struct audit_record r = {.event = EVENT_DECISION,
                                       .tenant = {bytes, sizeof bytes},
                                       .object = STR("\n\"}{\xff\xc3\x28\0x"),
                                       .tokens_in = test_random() >> 1};
        AUTO(buf) b = BUF(TEXT_MAX);
        NEED_OK(record_put(&b, &r, (int64_t)(test_random() % 4000000000000)));
        CHECK_INT(str_find_char(buf_str(&b), '\n'), ==, b.len - 1);
        jval root;
        str tenant = STR_NONE;
        int64_t n = 0;
        arena_reset(a);
        NEED_OK(json_read(a, buf_str(&b), &root));
        const jval v = json_get(&root, "tenant"), t = json_get(&root, "tokens_in");
        NEED_OK(json_str(&v, 1000, &tenant));
        CHECK_STR(tenant, r.tenant);
        NEED_OK(json_i64(&t, 0, INT64_MAX, &n));
        CHECK_INT(n, ==, r.tokens_in);
    }
}

TEST(a_record_too_large_is_refused_and_leaves_no_trace)
{
    static char big[RECORD_BYTES_MAX];
    memset(big, 'x', sizeof big);
    AUTO(buf) b = BUF(TEXT_MAX);
    buf_add(&b, STR("before\n"));
    struct audit_record r = {.event = EVENT_DECISION, .why = {big, sizeof big}};
    CHECK_ERR(record_put(&b, &r, 0), LIMIT);
    CHECK_STR(buf_str(&b), STR("before\n"));
    CHECK_OK(buf_end(&b));
    r.why.len = RECORD_BYTES_MAX - 100;
    CHECK_OK(record_put(&b, &r, 0));
    AUTO(buf) small = BUF(60);
    CHECK_ERR(record_put(&small, &r, 0), LIMIT);
    CHECK_INT(small.len, ==, 0);
    CHECK_OK(buf_end(&small));
}

TEST(every_failed_allocation_is_reported_and_leaves_no_trace)
{
    const struct audit_record r = {.event = EVENT_DECISION, .why = STR("why")};
    long n = 1;
    for (bool fired = true; fired; n++) {
        AUTO(buf) b = BUF(TEXT_MAX);
        fault_arm(n);
        const err e = record_put(&b, &r, 0);
        fired = fault_fired();
        fault_arm(0);
        NEED(fired == (e.code == ERR_LIMIT));
        CHECK(!fired || (b.len == 0 && !b.failed));
    }
    CHECK_INT(n, >, 1);
}

TEST(a_line_gets_its_number_first)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(TEXT_MAX, &a));
    const struct audit_record r = {.event = EVENT_START};
    static const uint64_t numbers[] = {1, 2, 9, 10, 1000000, INT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        AUTO(buf) line = BUF(TEXT_MAX);
        AUTO(buf) b = BUF(TEXT_MAX);
        uint64_t seq = 0;
        NEED_OK(record_put(&line, &r, 0));
        record_put_numbered(&b, numbers[i], buf_str(&line));
        NEED_OK(buf_end(&b));
        NEED_OK(record_check(a, str_slice(buf_str(&b), 0, b.len - 1), &seq));
        CHECK_INT(seq, ==, numbers[i]);
    }
}

TEST(what_is_no_record_is_damage)
{
    static const str bad[] = {
        STR_INIT(""),
        STR_INIT("{"),
        STR_INIT("{}"),
        STR_INIT("[]"),
        STR_INIT("null"),
        STR_INIT("1"),
        STR_INIT("hello"),
        STR_INIT("{\"seq\":0}"),
        STR_INIT("{\"seq\":-1}"),
        STR_INIT("{\"seq\":\"1\"}"),
        STR_INIT("{\"seq\":1.5}"),
        STR_INIT("{\"seq\":9223372036854775808}"),
        STR_INIT("{\"seq\":1,\"seq\":2}"),
        STR_INIT("{\"seq\":1}{\"seq\":2}"),
        STR_INIT("{\"seq\":1"),
        STR_INIT("\"seq\":1}"),
        STR_INIT("{\"seq\":1,\"x\":\"\xff\"}"),
        STR_INIT("\0\0\0\0\0\0\0\0"),
    };
    AUTO(arena) *a = NULL;
    uint64_t seq = 77;
    NEED_OK(arena_open(TEXT_MAX, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const err e = record_check(a, bad[i], &seq);
        if (e.code != ERR_CORRUPT)
            test_fail(__FILE__, __LINE__, "\"%.*s\" passed", STR_FMT(bad[i]));
        CHECK(str_find(str_of(err_trail()), STR("hello")) < 0);
    }
    CHECK_INT(seq, ==, 77);
}
