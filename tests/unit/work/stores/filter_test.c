/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/stores/filter.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

static arena *
room(void)
{
    static arena *a;
    if (!a)
        CHECK_OK(arena_open(1 << 20, &a));
    return a;
}

static jval
value(const char *json)
{
    jval *v = arena_new(room(), jval);
    CHECK_OK(json_read(room(), str_of(json), v));
    return *v;
}

static err
try_read(const char *json)
{
    struct filter *f;
    const jval v = value(json);
    return filter_read(room(), &v, &f);
}

static bool
fits(const char *filter, const char *attributes)
{
    struct filter *f = NULL;
    const jval v = value(filter), o = value(attributes);
    const err e = filter_read(room(), &v, &f);
    CHECK_OK(e);
    return !e.code && filter_fits(f, &o);
}

#define ABOUT "{\"amt\":\"bau\",\"jahr\":2024,\"offen\":true}"

TEST(comparisons_hold_as_their_names_say)
{
    static const struct {
        const char *filter;
        bool want;
    } cases[] = {
        {"{\"type\":\"eq\",\"key\":\"amt\",\"value\":\"bau\"}", true},
        {"{\"type\":\"eq\",\"key\":\"amt\",\"value\":\"Bau\"}", false},
        {"{\"type\":\"ne\",\"key\":\"amt\",\"value\":\"bau\"}", false},
        {"{\"type\":\"ne\",\"key\":\"amt\",\"value\":\"kita\"}", true},
        {"{\"type\":\"gt\",\"key\":\"jahr\",\"value\":2023.5}", true},
        {"{\"type\":\"gt\",\"key\":\"jahr\",\"value\":2024}", false},
        {"{\"type\":\"gte\",\"key\":\"jahr\",\"value\":2024}", true},
        {"{\"type\":\"lt\",\"key\":\"jahr\",\"value\":2024}", false},
        {"{\"type\":\"lte\",\"key\":\"jahr\",\"value\":2024}", true},
        {"{\"type\":\"lt\",\"key\":\"amt\",\"value\":\"c\"}", true},
        {"{\"type\":\"in\",\"key\":\"amt\",\"value\":[\"x\",\"bau\"]}", true},
        {"{\"type\":\"in\",\"key\":\"jahr\",\"value\":[1,2]}", false},
        {"{\"type\":\"nin\",\"key\":\"amt\",\"value\":[\"x\",\"bau\"]}", false},
        {"{\"type\":\"nin\",\"key\":\"amt\",\"value\":[\"x\"]}", true},
        {"{\"type\":\"eq\",\"key\":\"offen\",\"value\":true}", true},
        {"{\"type\":\"eq\",\"key\":\"offen\",\"value\":false}", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(fits(cases[i].filter, ABOUT), ==, cases[i].want);
}

TEST(values_of_different_kinds_are_never_equal_and_none_is_above_the_other)
{
    CHECK(!fits("{\"type\":\"eq\",\"key\":\"jahr\",\"value\":\"2024\"}", ABOUT));
    CHECK(!fits("{\"type\":\"gt\",\"key\":\"jahr\",\"value\":\"1\"}", ABOUT));
    CHECK(!fits("{\"type\":\"lt\",\"key\":\"jahr\",\"value\":\"9\"}", ABOUT));
    CHECK(!fits("{\"type\":\"gte\",\"key\":\"offen\",\"value\":false}", ABOUT));
    CHECK(!fits("{\"type\":\"eq\",\"key\":\"offen\",\"value\":1}", ABOUT));
}

TEST(of_what_is_not_there_only_ne_and_nin_hold)
{
    static const char *const ops[] = {"eq", "gt", "gte", "lt", "lte", "ne"};
    char filter[128];
    for (size_t i = 0; i < 6; i++) {
        snprintf(filter, sizeof filter, "{\"type\":\"%s\",\"key\":\"nix\",\"value\":1}", ops[i]);
        CHECK_INT(fits(filter, ABOUT), ==, i == 5);
    }
    CHECK(!fits("{\"type\":\"in\",\"key\":\"nix\",\"value\":[1]}", ABOUT));
    CHECK(fits("{\"type\":\"nin\",\"key\":\"nix\",\"value\":[1]}", ABOUT));
}

#define EQ(key, value) "{\"type\":\"eq\",\"key\":\"" key "\",\"value\":\"" value "\"}"

TEST(conditions_are_joined_by_and_and_or)
{
    CHECK(fits("{\"type\":\"and\",\"filters\":[" EQ("a", "1") "," EQ("b", "2") "]}",
               "{\"a\":\"1\",\"b\":\"2\"}"));
    CHECK(!fits("{\"type\":\"and\",\"filters\":[" EQ("a", "1") "," EQ("b", "2") "]}",
                "{\"a\":\"1\",\"b\":\"3\"}"));
    CHECK(fits("{\"type\":\"or\",\"filters\":[" EQ("a", "0") "," EQ("b", "2") "]}",
               "{\"a\":\"1\",\"b\":\"2\"}"));
    CHECK(!fits("{\"type\":\"or\",\"filters\":[" EQ("a", "0") "," EQ("b", "0") "]}",
                "{\"a\":\"1\",\"b\":\"2\"}"));
    CHECK(fits("{\"type\":\"or\",\"filters\":[{\"type\":\"and\",\"filters\":[" EQ(
                   "a", "1") "]}," EQ("b", "0") "]}",
               "{\"a\":\"1\"}"));
}

TEST(what_is_no_filter_is_refused)
{
    static const char *const bad[] = {
        "[]",
        "\"eq\"",
        "{}",
        "{\"type\":\"like\",\"key\":\"a\",\"value\":\"b\"}",
        "{\"type\":\"eq\",\"value\":\"b\"}",
        "{\"type\":\"eq\",\"key\":\"a\"}",
        "{\"type\":\"eq\",\"key\":1,\"value\":\"b\"}",
        "{\"type\":\"eq\",\"key\":\"a\",\"value\":[\"b\"]}",
        "{\"type\":\"eq\",\"key\":\"a\",\"value\":{}}",
        "{\"type\":\"eq\",\"key\":\"a\",\"value\":\"b\",\"case\":true}",
        "{\"type\":\"in\",\"key\":\"a\",\"value\":\"b\"}",
        "{\"type\":\"in\",\"key\":\"a\",\"value\":[]}",
        "{\"type\":\"and\",\"filters\":[]}",
        "{\"type\":\"and\",\"filters\":{}}",
        "{\"type\":\"and\",\"key\":\"a\",\"filters\":[" EQ("a", "b") "]}",
        "{\"type\":\"or\",\"filters\":[1]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(try_read(bad[i]), ARGUMENT);
}

TEST(depth_and_size_are_bounded)
{
    AUTO(buf) deep = BUF(1 << 16), wide = BUF(1 << 16);
    for (int i = 0; i < FILTER_DEPTH_MAX; i++)
        buf_add(&deep, STR("{\"type\":\"and\",\"filters\":["));
    buf_add(&deep, STR(EQ("a", "b")));
    for (int i = 0; i < FILTER_DEPTH_MAX; i++)
        buf_add(&deep, STR("]}"));
    buf_add_char(&deep, 0);
    CHECK_ERR(try_read(deep.at), ARGUMENT);
    buf_add(&wide, STR("{\"type\":\"or\",\"filters\":[" EQ("a", "b")));
    for (int i = 1; i < FILTER_NODES_MAX; i++)
        buf_add(&wide, STR("," EQ("a", "b")));
    buf_add(&wide, STR("]}"));
    buf_add_char(&wide, 0);
    CHECK_ERR(try_read(wide.at), ARGUMENT);
}

static err
attributes(const char *json, str *ret)
{
    const jval v = value(json);
    return filter_read_attributes(room(), &v, ret);
}

TEST(attributes_are_texts_numbers_and_truths_within_bounds)
{
    str kept;
    const jval none = {.v = NULL};
    CHECK_OK(attributes(ABOUT, &kept));
    CHECK_STR(kept, STR(ABOUT));
    CHECK_OK(filter_read_attributes(room(), &none, &kept));
    CHECK_STR(kept, STR("{}"));
    CHECK_ERR(attributes("[]", &kept), ARGUMENT);
    CHECK_ERR(attributes("{\"a\":null}", &kept), ARGUMENT);
    CHECK_ERR(attributes("{\"a\":[1]}", &kept), ARGUMENT);
    AUTO(buf) b = BUF(1 << 16);
    buf_add(&b, STR("{\"a0\":1"));
    for (int i = 1; i <= FILTER_ATTRIBUTES_MAX; i++)
        buf_add_fmt(&b, ",\"a%d\":1", i);
    buf_add_char(&b, '}');
    buf_add_char(&b, 0);
    CHECK_ERR(attributes(b.at, &kept), ARGUMENT);
    buf_clear(&b);
    buf_add(&b, STR("{\"a\":\""));
    for (int i = 0; i <= FILTER_TEXT_MAX; i++)
        buf_add_char(&b, 'x');
    buf_add(&b, STR("\"}"));
    buf_add_char(&b, 0);
    CHECK_ERR(attributes(b.at, &kept), ARGUMENT);
}

TEST(memory_that_is_out_is_told)
{
    for (long n = 1;; n++) {
        AUTO(arena) *a = NULL;
        struct filter *f;
        jval v;
        CHECK_OK(arena_open(1 << 20, &a));
        CHECK_OK(json_read(a, STR("{\"type\":\"and\",\"filters\":[" EQ("a", "b") "]}"), &v));
        fault_arm(n);
        const err e = filter_read(a, &v, &f);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        CHECK(e.code != 0);
    }
}
