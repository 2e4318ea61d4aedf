/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/entry.h"

#include <stdlib.h>

#include "audit/record.h"
#include "base/fault.h"
#include "test.h"

static const digest some = {.bytes = {1, 2, 3}}, other = {.bytes = {9, 8, 7}};

static struct audit_record
full_record(void)
{
    return (struct audit_record){.event = EVENT_COMPLETION,
                                 .request_id = STR("req_1"),
                                 .key_id = STR("key_2"),
                                 .tenant = STR("amt"),
                                 .op = STR("chat"),
                                 .label_text = STR("VS-NfD//SOZIALDATEN"),
                                 .clearance_text = STR("VS-NfD"),
                                 .model = STR("toy"),
                                 .model_sha256 = STR("abc"),
                                 .decision = "allowed",
                                 .rule = "default",
                                 .why = STR("warum \"nicht\"\n"),
                                 .object = STR("x\0y"),
                                 .person = STR("anna"),
                                 .purpose = STR("aid"),
                                 .input = &some,
                                 .output = &other,
                                 .kept = &some,
                                 .tokens_in = 1,
                                 .tokens_out = UINT64_MAX,
                                 .duration_us = 3,
                                 .first_token_us = 4,
                                 .cost_micro_euro = 5,
                                 .energy_mj = 6,
                                 .cost_by = "usage",
                                 .energy_by = "rapl",
                                 .outcome = "ok"};
}

/* What the log would write is the same before the way and after it. */
static void
check_same(const struct audit_record *a, const struct audit_record *b)
{
    AUTO(buf) x = BUF(1 << 16);
    AUTO(buf) y = BUF(1 << 16);
    CHECK_OK(record_put(&x, a, 0));
    CHECK_OK(record_put(&y, b, 0));
    CHECK_STR(buf_str(&x), buf_str(&y));
}

TEST(every_event_and_member_comes_through)
{
    for (int e = 0; e < EVENT_COUNT; e++) {
        AUTO(buf) b = BUF(1 << 16);
        struct entry_view v;
        struct audit_record r = full_record();
        r.event = (enum audit_event)e;
        NEED_OK(entry_put(&b, &r));
        str rest = buf_str(&b);
        CHECK_INT(entry_len(rest), ==, rest.len);
        NEED_OK(entry_take(&rest, &v));
        CHECK_INT(rest.len, ==, 0);
        check_same(&r, &v.record);
    }
}

TEST(what_a_record_does_not_have_is_not_there_afterwards)
{
    AUTO(buf) b = BUF(1 << 16);
    struct entry_view v;
    const struct audit_record r = {.event = EVENT_START};
    NEED_OK(entry_put(&b, &r));
    str rest = buf_str(&b);
    NEED_OK(entry_take(&rest, &v));
    CHECK(!v.record.input && !v.record.output && !v.record.kept && !v.record.request_id.len);
    CHECK_STR(str_of(v.record.outcome), STR(""));
    check_same(&r, &v.record);
}

TEST(entries_follow_one_another)
{
    AUTO(buf) b = BUF(1 << 20);
    for (uint64_t i = 0; i < 100; i++) {
        struct audit_record r = full_record();
        r.tokens_in = i;
        r.input = i % 2 ? &some : NULL;
        NEED_OK(entry_put(&b, &r));
    }
    str rest = buf_str(&b);
    for (uint64_t i = 0; i < 100; i++) {
        struct entry_view v;
        NEED_OK(entry_take(&rest, &v));
        CHECK_INT(v.record.tokens_in, ==, i);
        CHECK((v.record.input != NULL) == (i % 2 == 1));
    }
    CHECK_INT(rest.len, ==, 0);
}

TEST(a_record_that_is_too_large_leaves_the_rest_as_it_was)
{
    static char text[80 * 1024];
    static const size_t lens[] = {RECORD_BYTES_MAX, 65535, 65536, sizeof text};
    AUTO(buf) b = BUF(1 << 20);
    struct audit_record r = full_record();
    memset(text, 'x', sizeof text);
    NEED_OK(entry_put(&b, &r));
    const size_t before = b.len;
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        r.object = (str){text, lens[i]};
        CHECK_ERR(entry_put(&b, &r), LIMIT);
        CHECK(b.len == before && !b.failed);
    }
    fault_arm(1);
    AUTO(buf) empty = BUF(1 << 20);
    r = full_record();
    CHECK_ERR(entry_put(&empty, &r), LIMIT);
    fault_arm(0);
    CHECK(!empty.len && !empty.failed);
}

TEST(an_entry_that_is_cut_is_refused_wherever_it_is_cut)
{
    AUTO(buf) b = BUF(1 << 16);
    const struct audit_record r = full_record();
    NEED_OK(entry_put(&b, &r));
    for (size_t len = 0; len < b.len; len++) {
        char *copy = malloc(len ? len : 1); /* so that a sanitizer sees the end */
        struct entry_view v;
        memcpy(copy, b.at, len);
        str rest = {copy, len};
        CHECK_ERR(entry_take(&rest, &v), PARSE);
        CHECK_INT(rest.len, ==, len);
        free(copy);
    }
}

/* Whatever a gate sends: refused, or a record that the log can write. */
TEST(a_changed_bit_gives_a_record_or_a_refusal)
{
    AUTO(buf) b = BUF(1 << 16);
    const struct audit_record r = full_record();
    int refused = 0;
    NEED_OK(entry_put(&b, &r));
    for (size_t bit = 0; bit < 8 * b.len; bit++) {
        struct entry_view v;
        char *copy = malloc(b.len);
        memcpy(copy, b.at, b.len);
        copy[bit / 8] = (char)(copy[bit / 8] ^ 1 << bit % 8);
        str rest = {copy, b.len};
        const err e = entry_take(&rest, &v);
        refused += e.code != 0;
        if (!e.code) {
            AUTO(buf) line = BUF(1 << 17);
            IGNORE(record_put(&line, &v.record, 0)); /* may be too large once it is JSON */
        }
        free(copy);
    }
    CHECK_INT(refused, >, 300);
}

TEST(random_bytes_are_no_entries)
{
    for (int round = 0; round < 2000; round++) {
        char bytes[512];
        struct entry_view v;
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)test_random();
        str rest = {bytes, sizeof bytes};
        CHECK_ERR(entry_take(&rest, &v), PARSE);
    }
}
