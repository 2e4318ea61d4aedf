/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/meters.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/num.h"
#include "test.h"
#include "unit/base/panics.h"

enum { TEXT_LIMIT = 1 << 16, THREADS = 4, ROUNDS = 5000 };

static meters m;

/* One line of the text format: name{le="bound"} value; false for a comment. */
struct sample {
    str name, le;
    double value;
};

static str
text_of(const meters *of, buf *b)
{
    meters_put(of, b);
    CHECK_OK(buf_end(b));
    CHECK(str_ends(buf_str(b), STR("\n")));
    return str_slice(buf_str(b), 0, b->len - 1);
}

static double
real(str s)
{
    double d = -1;
    if (!str_eq(s, STR("+Inf")))
        CHECK_OK(num_f64(s, 0, 1e18, &d));
    return str_eq(s, STR("+Inf")) ? 1e300 : d;
}

static struct sample
sample_of(str line)
{
    struct sample s = {.name = line};
    str rest = line, value = STR_NONE;
    CHECK(str_next(&rest, ' ', &s.name) && str_next(&rest, ' ', &value) && !rest.at);
    const ptrdiff_t brace = str_find(s.name, STR("{le=\""));
    if (brace >= 0) {
        CHECK(str_ends(s.name, STR("\"}")));
        s.le = str_slice(s.name, (size_t)brace + 5, s.name.len - 2);
        s.name = str_slice(s.name, 0, (size_t)brace);
    }
    s.value = str_starts(value, STR("-")) ? -real(str_slice(value, 1, value.len)) : real(value);
    return s;
}

static double
value_in(str text, const char *name, const char *le)
{
    str line;
    while (str_next(&text, '\n', &line)) {
        if (str_starts(line, STR("#")))
            continue;
        const struct sample s = sample_of(line);
        if (str_eq(s.name, str_of(name)) && str_eq(s.le, str_of(le)))
            return s.value;
    }
    test_fail(__FILE__, __LINE__, "there is no sample %s %s", name, le ? le : "");
    return -1;
}

TEST(every_line_of_the_text_parses_and_follows_its_type)
{
    AUTO(buf) b = BUF(TEXT_LIMIT);
    str text = text_of(&m, &b), line, name = STR_NONE;
    size_t types = 0, helps = 0;
    while (str_next(&text, '\n', &line)) {
        helps += str_starts(line, STR("# HELP hoheit_"));
        if (str_starts(line, STR("# TYPE "))) {
            str rest = str_slice(line, 7, line.len);
            CHECK(str_next(&rest, ' ', &name));
            CHECK(str_eq(rest, STR("histogram")) == str_ends(name, STR("_seconds")));
            CHECK(str_eq(rest, STR("counter")) == str_ends(name, STR("_total")));
            types++;
        } else if (!str_starts(line, STR("#"))) {
            CHECK(str_starts(sample_of(line).name, name));
        }
    }
    CHECK_INT(types, ==, METER_COUNT);
    CHECK_INT(helps, ==, METER_COUNT);
}

TEST(buckets_are_cumulative_and_their_bounds_rise)
{
    AUTO(buf) b = BUF(TEXT_LIMIT);
    for (int i = 0; i < 1000; i++)
        meter_observe_us(&m, METER_FIRST_TOKEN, test_random() >> (34 + test_random() % 20));
    str text = text_of(&m, &b), line;
    double le = 0, count = 0;
    size_t buckets = 0;
    while (str_next(&text, '\n', &line)) {
        if (!str_starts(line, STR("hoheit_time_to_first_token_seconds_bucket")))
            continue;
        const struct sample s = sample_of(line);
        CHECK(real(s.le) > le && s.value >= count);
        le = real(s.le);
        count = s.value;
        buckets++;
    }
    CHECK_INT(buckets, ==, METER_BUCKETS + 1);
    CHECK(count == 1000.0);
    CHECK(value_in(buf_str(&b), "hoheit_time_to_first_token_seconds_count", NULL) == 1000.0);
}

TEST(an_observation_falls_into_the_first_bucket_that_holds_it)
{
    static const struct {
        uint64_t us;
        const char *le, *below;
    } cases[] = {{0, "0.000100", NULL},
                 {100, "0.000100", NULL},
                 {101, "0.000200", "0.000100"},
                 {200, "0.000200", "0.000100"},
                 {209715200, "209.715200", "104.857600"},
                 {209715201, "+Inf", "209.715200"},
                 {UINT64_MAX / 2, "+Inf", "209.715200"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static meters fresh;
        AUTO(buf) b = BUF(TEXT_LIMIT);
        fresh = (meters){0};
        meter_observe_us(&fresh, METER_TOKEN_GAP, cases[i].us);
        const str text = text_of(&fresh, &b);
        CHECK(value_in(text, "hoheit_inter_token_seconds_bucket", cases[i].le) == 1.0);
        if (cases[i].below)
            CHECK(value_in(text, "hoheit_inter_token_seconds_bucket", cases[i].below) == 0.0);
    }
}

TEST(the_sum_is_in_seconds)
{
    AUTO(buf) b = BUF(TEXT_LIMIT);
    meter_observe_us(&m, METER_AUDIT_FLUSH, 1500000);
    meter_observe_us(&m, METER_AUDIT_FLUSH, 7);
    CHECK(value_in(text_of(&m, &b), "hoheit_audit_flush_seconds_sum", NULL) == 1.500007);
    CHECK_INT(meter_value(&m, METER_AUDIT_FLUSH), ==, 2);
}

TEST(a_gauge_goes_up_and_down)
{
    AUTO(buf) b = BUF(TEXT_LIMIT);
    meter_add(&m, METER_HTTP_CONNECTIONS, 3);
    meter_add(&m, METER_HTTP_CONNECTIONS, -5);
    CHECK_INT(meter_value(&m, METER_HTTP_CONNECTIONS), ==, -2);
    CHECK(value_in(text_of(&m, &b), "hoheit_http_connections", NULL) == -2.0);
}

static void
count_down(void)
{
    meter_add(&m, METER_HTTP_REQUESTS, -1);
}

static void
count_a_histogram(void)
{
    meter_add(&m, METER_TOKEN_GAP, 1);
}

static void
observe_a_counter(void)
{
    meter_observe_us(&m, METER_HTTP_REQUESTS, 1);
}

static void
ask_beyond_the_table(void)
{
    (void)meter_value(&m, METER_COUNT);
}

TEST(a_meter_used_as_another_kind_is_a_programmers_error)
{
    CHECK(panics(count_down));
    CHECK(panics(count_a_histogram));
    CHECK(panics(observe_a_counter));
    CHECK(panics(ask_beyond_the_table));
}

static void *
count_along(void *unused)
{
    (void)unused;
    for (uint64_t i = 0; i < ROUNDS; i++) {
        meter_add(&m, METER_TOKENS_OUT, 2);
        meter_observe_us(&m, METER_REQUEST_TIME, i);
    }
    return NULL;
}

TEST(threads_lose_no_count)
{
    pthread_t t[THREADS];
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&t[i], NULL, count_along, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_join(t[i], NULL) == 0);
    CHECK_INT(meter_value(&m, METER_TOKENS_OUT), ==, 2 * THREADS * ROUNDS);
    CHECK_INT(meter_value(&m, METER_REQUEST_TIME), ==, THREADS * ROUNDS);
}

TEST(a_text_too_long_for_its_buf_is_a_limit)
{
    AUTO(buf) b = BUF(100);
    meters_put(&m, &b);
    CHECK_ERR(buf_end(&b), LIMIT);
}

TEST(a_meter_can_be_asked_for_its_name_and_a_bucket_for_its_bound)
{
    CHECK_STR(str_of(meter_info(METER_FIRST_TOKEN)->name),
              STR("hoheit_time_to_first_token_seconds"));
    CHECK_INT(meter_info(METER_FIRST_TOKEN)->kind, ==, HISTOGRAM);
    CHECK_INT(meter_info(METER_HTTP_CONNECTIONS)->kind, ==, GAUGE);
    CHECK_INT(meter_bucket_us(0), ==, 100);
    for (size_t i = 1; i < METER_BUCKETS; i++)
        CHECK_INT(meter_bucket_us(i), ==, 2 * meter_bucket_us(i - 1));
}
