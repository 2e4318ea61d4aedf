/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>

#include "test.h"

static const char *const no_numbers[] = {
    "",    " ",   "x",  "1 ", " 1",  "+1",  "-",   "--1", "0x10", "1_000", "1,000",   "1e",
    "\t1", "1\n", "e5", ".",  "1..", "- 1", "one", "٣",   "1-",   "NaN",   "infinity"};

TEST(every_unsigned_number_at_a_bound_is_read)
{
    static const uint64_t bounds[] = {0,         1,          9,          10,
                                      INT64_MAX, UINT32_MAX, UINT64_MAX, UINT64_MAX - 1};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        char text[32];
        uint64_t n = 7;
        snprintf(text, sizeof text, "%" PRIu64, bounds[i]);
        CHECK_OK(num_u64(str_of(text), 0, UINT64_MAX, &n));
        CHECK(n == bounds[i]);
        n = 7;
        CHECK_OK(num_u64(str_of(text), bounds[i], bounds[i], &n));
        CHECK(n == bounds[i]);
    }
}

TEST(an_unsigned_number_out_of_bounds_is_refused_and_touches_nothing)
{
    uint64_t n = 7;
    CHECK_ERR(num_u64(STR("9"), 10, 20, &n), ARGUMENT);
    CHECK_ERR(num_u64(STR("21"), 10, 20, &n), ARGUMENT);
    CHECK_ERR(num_u64(STR("18446744073709551616"), 0, UINT64_MAX, &n), ARGUMENT);
    CHECK_ERR(num_u64(STR("99999999999999999999999999"), 0, UINT64_MAX, &n), ARGUMENT);
    CHECK_ERR(num_u64(STR("184467440737095516160"), 0, UINT64_MAX, &n), ARGUMENT);
    CHECK_INT(n, ==, 7);
    CHECK_OK(num_u64(STR("0000000000000000000000000000012"), 10, 20, &n));
    CHECK_INT(n, ==, 12);
}

TEST(the_refusal_names_the_bounds_and_not_what_came)
{
    uint64_t n;
    const err e = num_u64(STR("4711"), 10, 20, &n);
    CHECK_STR(str_of(err_public(e)), STR("the number must be from 10 to 20"));
    const err f = num_u64(STR("4711x"), 10, 20, &n);
    CHECK_INT(str_find(str_of(err_public(f)), STR("4711")), ==, -1);
    CHECK_INT(str_find(str_of(err_trail()), STR("4711")), ==, -1);
}

TEST(every_signed_number_at_a_bound_is_read)
{
    static const int64_t bounds[] = {0, 1, -1, INT64_MAX, INT64_MIN, INT64_MIN + 1, INT32_MIN};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        char text[32];
        int64_t n = 7;
        snprintf(text, sizeof text, "%" PRId64, bounds[i]);
        CHECK_OK(num_i64(str_of(text), INT64_MIN, INT64_MAX, &n));
        CHECK(n == bounds[i]);
        n = 7;
        CHECK_OK(num_i64(str_of(text), bounds[i], bounds[i], &n));
        CHECK(n == bounds[i]);
    }
}

TEST(a_signed_number_out_of_bounds_is_refused_and_touches_nothing)
{
    static const char *const beyond[] = {"9223372036854775808", "-9223372036854775809",
                                         "18446744073709551615", "-18446744073709551616",
                                         "99999999999999999999999"};
    int64_t n = 7;
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        CHECK_ERR(num_i64(str_of(beyond[i]), INT64_MIN, INT64_MAX, &n), ARGUMENT);
    CHECK_ERR(num_i64(STR("-6"), -5, 5, &n), ARGUMENT);
    CHECK_ERR(num_i64(STR("6"), -5, 5, &n), ARGUMENT);
    CHECK_INT(n, ==, 7);
    CHECK_OK(num_i64(STR("-0"), 0, 5, &n));
    CHECK_INT(n, ==, 0);
}

TEST(what_is_no_number_is_no_number_of_any_kind)
{
    uint64_t u = 7;
    int64_t i = 7;
    double d = 7;
    for (size_t k = 0; k < sizeof no_numbers / sizeof *no_numbers; k++) {
        const str s = str_of(no_numbers[k]);
        CHECK_ERR(num_u64(s, 0, UINT64_MAX, &u), PARSE);
        CHECK_ERR(num_i64(s, INT64_MIN, INT64_MAX, &i), PARSE);
        CHECK_ERR(num_f64(s, -1e300, 1e300, &d), PARSE);
        CHECK_ERR(num_bytes(s, 0, UINT64_MAX, &u), PARSE);
        CHECK_ERR(num_ms(s, 0, UINT64_MAX, &u), PARSE);
    }
    CHECK_ERR(num_u64(STR("-1"), 0, 5, &u), PARSE);
    CHECK_ERR(num_u64(STR("1\0"), 0, 5, &u), PARSE);
    CHECK_ERR(num_u64(STR_NONE, 0, 5, &u), PARSE);
    CHECK_ERR(num_f64(STR("1\0"), 0, 5, &d), PARSE);
    CHECK(u == 7 && i == 7 && d == 7.0);
}

TEST(random_numbers_are_read_back)
{
    for (int k = 0; k < 20000; k++) {
        const uint64_t want = test_random() >> test_random() % 64;
        const int64_t want_signed = (int64_t)want * (test_random() % 2 ? 1 : -1);
        char text[32];
        uint64_t u = ~want;
        int64_t i = 0;
        snprintf(text, sizeof text, "%" PRIu64, want);
        CHECK_OK(num_u64(str_of(text), 0, UINT64_MAX, &u));
        snprintf(text, sizeof text, "%" PRId64, want_signed);
        CHECK_OK(num_i64(str_of(text), INT64_MIN, INT64_MAX, &i));
        CHECK(u == want && i == want_signed);
    }
}

TEST(a_real_number_is_read_exactly)
{
    for (int k = 0; k < 20000; k++) {
        char text[40];
        double want, d = 0;
        const uint64_t bits = test_random();
        memcpy(&want, &bits, sizeof want);
        if (!(want >= -1e308 && want <= 1e308))
            continue;
        snprintf(text, sizeof text, "%.17g", want);
        str s = str_of(text);
        CHECK_OK(num_f64(s, -1e308, 1e308, &d));
        CHECK(memcmp(&d, &want, sizeof d) == 0);
    }
}

TEST(a_real_number_has_a_point_or_an_exponent_or_neither)
{
    double d = 0;
    CHECK_OK(num_f64(STR("0.7"), 0, 2, &d));
    CHECK(d == 0.7);
    CHECK_OK(num_f64(STR("2"), 0, 2, &d));
    CHECK(d == 2.0);
    CHECK_OK(num_f64(STR("-1.5e-3"), -2, 2, &d));
    CHECK(d == -1.5e-3);
}

TEST(a_real_number_out_of_bounds_or_not_finite_is_refused)
{
    double d = 7;
    CHECK_ERR(num_f64(STR("2.0000001"), 0, 2, &d), ARGUMENT);
    CHECK_ERR(num_f64(STR("-0.1"), 0, 2, &d), ARGUMENT);
    CHECK_ERR(num_f64(STR("1e999"), 0, 2, &d), PARSE);
    CHECK_ERR(num_f64(STR("inf"), -1e308, 1e308, &d), PARSE);
    CHECK_ERR(num_f64(STR("nan"), -1e308, 1e308, &d), PARSE);
    CHECK_ERR(num_f64(STR("0.1,5"), 0, 2, &d), PARSE);
    CHECK_ERR(num_f64(STR("00.5"), 0, 2, &d), PARSE);
    CHECK_ERR(
        num_f64(STR("0.00000000000000000000000000000000000000000000000000000000000001"), 0, 2, &d),
        PARSE);
    CHECK(d == 7.0);
}

struct united {
    str text;
    uint64_t want;
};

TEST(a_size_takes_powers_of_1024)
{
    static const struct united sizes[] = {
        {STR_INIT("0"), 0},           {STR_INIT("1"), 1},
        {STR_INIT("1K"), 1024},       {STR_INIT("16M"), 16777216},
        {STR_INIT("2G"), 2147483648}, {STR_INIT("17179869183G"), 18446744072635809792u}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t n = 7;
        CHECK_OK(num_bytes(sizes[i].text, 0, UINT64_MAX, &n));
        CHECK(n == sizes[i].want);
    }
}

TEST(a_duration_takes_units_of_time)
{
    static const struct united times[] = {{STR_INIT("500ms"), 500},      {STR_INIT("90s"), 90000},
                                          {STR_INIT("5min"), 300000},    {STR_INIT("2h"), 7200000},
                                          {STR_INIT("90d"), 7776000000}, {STR_INIT("0d"), 0}};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        uint64_t n = 7;
        CHECK_OK(num_ms(times[i].text, 0, UINT64_MAX, &n));
        CHECK(n == times[i].want);
    }
}

TEST(an_unknown_unit_is_refused)
{
    static const char *const sizes[] = {"1k", "1KB", "1KiB", "1T", "1 K", "K", "1.5M", "1m", "1KK"};
    static const char *const times[] = {"1", "1m", "1S", "1 s", "s", "1.5s", "1hour", "1w", "1y"};
    uint64_t n = 7;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK_ERR(num_bytes(str_of(sizes[i]), 0, UINT64_MAX, &n), PARSE);
        CHECK_ERR(num_ms(str_of(times[i]), 0, UINT64_MAX, &n), PARSE);
    }
    CHECK_INT(n, ==, 7);
}

TEST(a_unit_that_leads_out_of_bounds_is_refused)
{
    uint64_t n = 7;
    CHECK_ERR(num_bytes(STR("17179869184G"), 0, UINT64_MAX, &n), ARGUMENT);
    CHECK_ERR(num_bytes(STR("18446744073709551616"), 0, UINT64_MAX, &n), ARGUMENT);
    CHECK_ERR(num_bytes(STR("2K"), 0, 2047, &n), ARGUMENT);
    CHECK_ERR(num_ms(STR("213503982335d"), 0, UINT64_MAX, &n), ARGUMENT);
    CHECK_ERR(num_ms(STR("1s"), 1001, 2000, &n), ARGUMENT);
    CHECK_INT(n, ==, 7);
    CHECK_OK(num_bytes(STR("2K"), 2048, 2048, &n));
    CHECK_INT(n, ==, 2048);
}
