/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/parts.h"

#include "base/fault.h"
#include "test.h"

static const struct http_field two[] = {{STR_INIT("a"), STR_INIT("b")},
                                        {STR_INIT("content-type"), STR_INIT("")}};

/* The bytes of the one frame in the batch. */
static str
only(const struct batch *b)
{
    struct frame f = {.type = 0};
    str rest = buf_str(&b->out);
    CHECK(batch_next(&rest, &f));
    CHECK(!batch_next(&rest, &f) && rest.at);
    return f.bytes;
}

static struct call_parts
some_call(void)
{
    return (struct call_parts){.provider = STR("up"),
                               .method = STR("POST"),
                               .path = STR("/x?y"),
                               .fields = two,
                               .field_count = 2,
                               .body = STR("body"),
                               .wait_ms_max = 7,
                               .is_repeatable = true};
}

TEST(a_call_is_read_as_it_was_written)
{
    struct batch b;
    struct http_field fields[EGRESS_FIELDS_MAX];
    struct call_parts got;
    const struct call_parts c = some_call();
    batch_init(&b, NULL);
    NEED_OK(parts_put_call(&b, 1, &c));
    NEED(parts_read_call(only(&b), fields, &got));
    CHECK_STR(got.provider, STR("up"));
    CHECK_STR(got.method, STR("POST"));
    CHECK_STR(got.path, STR("/x?y"));
    CHECK_STR(got.body, STR("body"));
    CHECK_INT(got.field_count, ==, 2);
    CHECK_STR(got.fields[1].name, STR("content-type"));
    CHECK_STR(got.fields[1].value, STR(""));
    CHECK(got.is_repeatable && got.wait_ms_max == 7);
    batch_done(&b);
}

TEST(a_head_is_read_as_it_was_written)
{
    struct batch b;
    struct http_field fields[EGRESS_FIELDS_MAX];
    size_t count = 0;
    int status = 0;
    batch_init(&b, NULL);
    NEED_OK(parts_put_head(&b, 1, 404, two, 2));
    NEED(parts_read_head(only(&b), fields, &status, &count));
    CHECK(status == 404 && count == 2);
    CHECK_STR(fields[0].value, STR("b"));
    batch_done(&b);
}

TEST(anything_cut_or_longer_is_malformed)
{
    struct batch b;
    struct http_field fields[EGRESS_FIELDS_MAX];
    struct call_parts got;
    size_t count;
    int status;
    char longer[400] = "";
    const struct call_parts c = some_call();
    batch_init(&b, NULL);
    NEED_OK(parts_put_call(&b, 1, &c));
    const str call = only(&b);
    for (size_t i = 0; i < call.len; i++)
        CHECK(!parts_read_call(str_slice(call, 0, i), fields, &got));
    memcpy(longer, call.at, call.len);
    CHECK(!parts_read_call((str){longer, call.len + 1}, fields, &got));
    batch_done(&b);
    NEED_OK(parts_put_head(&b, 1, 200, two, 2));
    const str head = only(&b);
    for (size_t i = 0; i < head.len; i++)
        CHECK(!parts_read_head(str_slice(head, 0, i), fields, &status, &count));
    memcpy(longer, head.at, head.len);
    CHECK(!parts_read_head((str){longer, head.len + 1}, fields, &status, &count));
    batch_done(&b);
}

TEST(any_change_of_a_byte_is_read_within_its_bounds_or_refused)
{
    struct batch b;
    struct http_field fields[EGRESS_FIELDS_MAX];
    struct call_parts got;
    const struct call_parts c = some_call();
    char bytes[400];
    batch_init(&b, NULL);
    NEED_OK(parts_put_call(&b, 1, &c));
    const str call = only(&b);
    for (int run = 0; run < 50000; run++) {
        memcpy(bytes, call.at, call.len);
        for (uint64_t k = test_random() % 3 + 1; k; k--)
            bytes[test_random() % call.len] = (char)test_random();
        if (!parts_read_call((str){bytes, call.len}, fields, &got))
            continue;
        CHECK(got.path.at >= bytes && got.path.at + got.path.len <= bytes + call.len);
        CHECK(got.body.len <= call.len && got.field_count <= EGRESS_FIELDS_MAX);
        for (size_t i = 0; i < got.field_count; i++)
            CHECK(fields[i].value.at + fields[i].value.len <= bytes + call.len);
    }
    batch_done(&b);
}

TEST(no_status_but_of_an_answer_is_taken)
{
    static const uint32_t bad[] = {0, 99, 100, 101, 199, 600, UINT32_MAX};
    struct http_field fields[EGRESS_FIELDS_MAX];
    size_t count;
    int status;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct egress_head head = {.status = bad[i]};
        CHECK(!parts_read_head((str){(const char *)&head, sizeof head}, fields, &status, &count));
    }
}

TEST(what_is_out_of_bounds_or_without_memory_adds_nothing)
{
    static char big[EGRESS_FIELD_BYTES_MAX];
    struct batch b;
    struct call_parts c = some_call();
    const struct http_field f = {STR("a"), {big, sizeof big}};
    batch_init(&b, NULL);
    c.fields = &f;
    c.field_count = 1;
    CHECK_ERR(parts_put_call(&b, 1, &c), LIMIT);
    c = some_call();
    c.path = (str){big, EGRESS_PATH_MAX + 1};
    CHECK_ERR(parts_put_call(&b, 1, &c), LIMIT);
    c = some_call();
    c.method = (str){big, EGRESS_METHOD_MAX};
    CHECK_ERR(parts_put_call(&b, 1, &c), LIMIT);
    c = some_call();
    c.provider = (str){big, PROVIDER_NAME_MAX};
    CHECK_ERR(parts_put_call(&b, 1, &c), LIMIT);
    c = some_call();
    fault_arm(1);
    CHECK_ERR(parts_put_call(&b, 1, &c), LIMIT);
    fault_arm(1);
    CHECK_ERR(parts_put_head(&b, 1, 200, two, 2), LIMIT);
    fault_arm(0);
    CHECK(b.frames == 0 && b.out.len == 0);
    CHECK_OK(parts_put_call(&b, 1, &c));
    batch_done(&b);
}
