/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/buf.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fault.h"
#include "test.h"
#include "unit/base/panics.h"

/* The same in a plain array, for comparison. */
struct model {
    char at[8192];
    size_t len, limit;
    bool failed;
};

static void
model_add(struct model *m, str s)
{
    m->failed |= s.len && s.len > m->limit - m->len;
    if (m->failed || !s.len)
        return;
    memcpy(m->at + m->len, s.at, s.len);
    m->len += s.len;
}

static void
add_something(buf *b, struct model *m)
{
    char text[700];
    const size_t len = test_random() % (test_random() % 4 ? 40 : sizeof text);
    for (size_t i = 0; i < len; i++)
        text[i] = (char)('a' + test_random() % 26);
    switch (test_random() % 5) {
    case 0:
        buf_add_char(b, 'X');
        return model_add(m, STR("X"));
    case 1:
        buf_add_fmt(b, "%.*s", (int)len, text);
        break;
    case 2: {
        char *room = buf_add_room(b, len);
        if (room && len)
            memcpy(room, text, len);
        break;
    }
    case 3: {
        const uint64_t n = test_random() >> test_random() % 64;
        buf_add_u64(b, n);
        const int digits = snprintf(text, sizeof text, "%" PRIu64, n);
        return model_add(m, (str){text, (size_t)digits});
    }
    default:
        buf_add(b, (str){text, len});
        break;
    }
    model_add(m, (str){text, len});
}

TEST(a_buf_holds_what_a_plain_array_would)
{
    for (int round = 0; round < 300; round++) {
        struct model m = {.limit = test_random() % sizeof m.at};
        AUTO(buf) b = BUF(m.limit);
        for (int step = 0; step < 60; step++) {
            if (test_random() % 8 == 0) {
                const size_t n = m.len ? test_random() % (m.len + 1) : 0;
                buf_drop(&b, n);
                m.len -= n;
                memmove(m.at, m.at + n, m.len);
            }
            add_something(&b, &m);
            CHECK_STR(buf_str(&b), ((str){m.at, m.len}));
            CHECK(b.failed == m.failed);
        }
        CHECK_INT(buf_end(&b).code, ==, m.failed ? ERR_LIMIT : ERR_OK);
    }
}

TEST(a_buf_that_failed_keeps_what_it_had_and_takes_no_more)
{
    AUTO(buf) b = BUF(8);
    buf_add(&b, STR("12345"));
    buf_add(&b, STR("6789"));
    CHECK(b.failed);
    buf_add(&b, STR("6"));
    buf_add_char(&b, '6');
    buf_add_u64(&b, 6);
    buf_add_fmt(&b, "%d", 6);
    CHECK(buf_add_room(&b, 1) == NULL);
    CHECK_STR(buf_str(&b), STR("12345"));
    CHECK_ERR(buf_end(&b), LIMIT);
}

TEST(the_limit_can_be_filled_to_the_last_byte_in_every_way)
{
    AUTO(buf) a = BUF(5);
    AUTO(buf) b = BUF(5);
    AUTO(buf) c = BUF(5);
    AUTO(buf) d = BUF(5);
    buf_add(&a, STR("12345"));
    buf_add_fmt(&b, "%d", 12345);
    buf_add_u64(&c, 12345);
    CHECK(buf_add_room(&d, 5) != NULL);
    CHECK_OK(buf_end(&a));
    CHECK_OK(buf_end(&b));
    CHECK_OK(buf_end(&c));
    CHECK_OK(buf_end(&d));
    CHECK_STR(buf_str(&b), STR("12345"));
    buf_add_fmt(&b, "%s", "");
    CHECK_OK(buf_end(&b));
    buf_add_fmt(&b, "%d", 6);
    CHECK_ERR(buf_end(&b), LIMIT);
}

TEST(a_buf_without_room_takes_only_nothing)
{
    AUTO(buf) b = BUF(0);
    buf_add(&b, STR_NONE);
    buf_add_fmt(&b, "%s", "");
    CHECK(buf_add_room(&b, 0) != NULL);
    CHECK_OK(buf_end(&b));
    buf_add_char(&b, 'x');
    CHECK_ERR(buf_end(&b), LIMIT);
}

TEST(a_size_that_wraps_around_is_refused)
{
    AUTO(buf) b = BUF(SIZE_MAX);
    buf_add(&b, STR("abc"));
    CHECK(buf_add_room(&b, SIZE_MAX) == NULL);
    CHECK_ERR(buf_end(&b), LIMIT);
    buf_clear(&b);
    CHECK(buf_add_room(&b, SIZE_MAX) == NULL);
    CHECK_ERR(buf_end(&b), LIMIT);
}

TEST(numbers_are_written_as_printf_writes_them)
{
    static const uint64_t numbers[] = {0, 1, 9, 10, 99, 100, UINT32_MAX, INT64_MAX, UINT64_MAX};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        AUTO(buf) b = BUF(64);
        char want[32];
        snprintf(want, sizeof want, "%" PRIu64, numbers[i]);
        buf_add_u64(&b, numbers[i]);
        CHECK_STR(buf_str(&b), str_of(want));
    }
}

TEST(clearing_forgets_the_failure_and_keeps_the_memory)
{
    AUTO(buf) b = BUF(4);
    buf_add(&b, STR("12"));
    const char *at = b.at;
    buf_add(&b, STR("345"));
    buf_clear(&b);
    CHECK_OK(buf_end(&b));
    buf_add(&b, STR("6789"));
    CHECK_STR(buf_str(&b), STR("6789"));
    CHECK(b.at == at);
}

TEST(a_buf_done_can_be_used_again_under_its_limit)
{
    AUTO(buf) b = BUF(4);
    buf_add(&b, STR("12345"));
    buf_done(&b);
    CHECK(b.at == NULL && b.len == 0);
    buf_add(&b, STR("1234"));
    CHECK_OK(buf_end(&b));
    buf_add_char(&b, '5');
    CHECK_ERR(buf_end(&b), LIMIT);
}

static void
drop_too_much(void)
{
    AUTO(buf) b = BUF(4);
    buf_add_char(&b, 'x');
    buf_drop(&b, 2);
}

TEST(dropping_more_than_there_is_panics)
{
    CHECK(panics(drop_too_much));
}

static void
write_much(buf *b)
{
    for (int i = 0; i < 200; i++) {
        buf_add(b, STR("some text "));
        buf_add_u64(b, (uint64_t)i);
        buf_add_fmt(b, " %d\n", i);
    }
}

TEST(memory_that_runs_out_is_a_limit_at_the_end)
{
    int faults = 0;
    for (int n = 1; n < 100; n++) {
        AUTO(buf) b = BUF(1 << 20);
        fault_arm(n);
        write_much(&b);
        if (!fault_fired()) {
            CHECK_OK(buf_end(&b));
            break;
        }
        CHECK_ERR(buf_end(&b), LIMIT);
        faults++;
    }
    fault_arm(0);
    CHECK_INT(faults, >=, 3);
    CHECK_INT(faults, <=, 8);
}
