/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/router.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

#define ROUTE(method, path)                                                                        \
    {                                                                                              \
        HTTP_##method, path, NULL, AUTH_NONE, NULL, NULL, NULL                                     \
    }
static const struct route first[] = {ROUTE(GET, "/v1/models"), ROUTE(GET, "/v1/models/{id}"),
                                     ROUTE(POST, "/v1/chat")},
                          second[] = {ROUTE(DELETE, "/v1/models/{id}"), ROUTE(GET, "/"),
                                      ROUTE(PUT, "/a/{x}/b/{y}"), ROUTE(GET, "/a/{x}/b/{y}"),
                                      ROUTE(PATCH, "/three/{a}/{b}/{c}")};
#undef ROUTE
static const struct route_table tables[] = {{first, 3}, {second, 5}};

static struct routed
find(enum http_method m, const char *path)
{
    return route_find(tables, 2, m, str_of(path), NULL);
}

/* ---- finding */
TEST(a_path_and_a_method_find_their_route_in_any_table)
{
    CHECK(find(HTTP_GET, "/v1/models").route == &first[0]);
    CHECK(find(HTTP_POST, "/v1/chat").route == &first[2]);
    CHECK(find(HTTP_DELETE, "/v1/models/x").route == &second[0]);
    CHECK(find(HTTP_GET, "/").route == &second[1]);
}

TEST(an_argument_takes_one_segment_and_not_an_empty_one)
{
    struct routed f = find(HTTP_GET, "/v1/models/gpt-4o");
    CHECK(f.route == &first[1]);
    CHECK_STR(f.args[0], STR("gpt-4o"));
    CHECK_INT(f.args[1].len, ==, 0);
    f = find(HTTP_PUT, "/a/1%2F2/b/%20");
    CHECK(f.route == &second[2]);
    CHECK_STR(f.args[0], STR("1%2F2"));
    CHECK_STR(f.args[1], STR("%20"));
    CHECK(!find(HTTP_GET, "/v1/models/").route && !find(HTTP_GET, "/v1/models/a/b").route);
    CHECK(!find(HTTP_PUT, "/a//b/2").route && !find(HTTP_PUT, "/a/1/b/").route);
}

TEST(a_pattern_with_more_arguments_than_there_is_room_matches_nothing)
{
    CHECK(!find(HTTP_PATCH, "/three/1/2/3").route);
}

TEST(what_differs_in_the_least_is_not_found)
{
    static const char *const paths[] = {"",
                                        "//",
                                        "/v1",
                                        "/v1/model",
                                        "/v1/modelss",
                                        "/V1/models",
                                        "/v1/models//",
                                        "v1/models",
                                        "/v1//models",
                                        "/v1/models?",
                                        "/v1%2Fmodels",
                                        "/v1/chat/",
                                        "/{id}",
                                        "/a/x/c/y",
                                        "/a/x/b",
                                        "*"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        const struct routed f = find(HTTP_GET, paths[i]);
        CHECK(!f.route && !f.allowed);
    }
}

TEST(head_takes_the_route_of_get_and_no_other)
{
    CHECK(find(HTTP_HEAD, "/v1/models").route == &first[0]);
    CHECK(!find(HTTP_HEAD, "/v1/chat").route);
    CHECK(find(HTTP_HEAD, "/v1/chat").allowed != 0);
}

TEST(a_known_path_with_another_method_says_which_it_takes)
{
    char room[64];
    struct routed f = find(HTTP_POST, "/v1/models/x");
    CHECK(!f.route);
    CHECK_STR(route_allow(f.allowed, room), STR("GET, HEAD, DELETE"));
    f = find(HTTP_GET, "/v1/chat");
    CHECK_STR(route_allow(f.allowed, room), STR("POST"));
    f = find(HTTP_OTHER, "/a/1/b/2");
    CHECK(!f.route);
    CHECK_STR(route_allow(f.allowed, room), STR("GET, HEAD, PUT"));
    CHECK(!find(HTTP_OPTIONS, "/").route);
}

TEST(all_methods_together_fit_the_field)
{
    char room[64];
    const str all = route_allow(0x7f, room);
    CHECK_STR(all, STR("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    CHECK_STR(route_allow(0, room), STR(""));
}

/* ---- percent-encoding */
TEST(escapes_are_decoded_once)
{
    static const struct {
        const char *in, *out;
    } cases[] = {{"", ""},         {"abc", "abc"},        {"%41", "A"},     {"a%2Fb", "a/b"},
                 {"%2f%2F", "//"}, {"%25", "%"},          {"%2541", "%41"}, {"%c3%a4", "ä"},
                 {"a+b", "a+b"},   {"%F0%9F%98%80", "😀"}, {"%7e~", "~~"}};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(65536, &a));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str s;
        CHECK_OK(percent_decode(a, str_of(cases[i].in), &s));
        CHECK_STR(s, str_of(cases[i].out));
    }
}

TEST(what_is_malformed_or_no_text_is_refused)
{
    static const char *const cases[] = {"%",    "a%",     "%4",     "%4g",       "%g4",    "%%41",
                                        "% 41", "%-1",    "%+1",    "%00",       "a%00b",  "%ff",
                                        "%c3",  "%c3%28", "%c0%af", "%ed%a0%80", "%80abc", "%0x"};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(65536, &a));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str s = STR("untouched");
        CHECK_ERR(percent_decode(a, str_of(cases[i]), &s), ARGUMENT);
        CHECK_STR(s, STR("untouched"));
    }
}

TEST(any_text_that_is_encoded_is_decoded_to_itself)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < 2000; i++) {
        char text[20], coded[64];
        size_t n = 0;
        const size_t len = test_random() % sizeof text;
        str s;
        for (size_t k = 0; k < len; k++)
            text[k] = (char)(1 + test_random() % 127);
        for (size_t k = 0; k < len; k++)
            n += (size_t)snprintf(coded + n, sizeof coded - n,
                                  text[k] == '%' || test_random() % 2 ? "%%%02X" : "%c", text[k]);
        NEED_OK(percent_decode(a, (str){coded, n}, &s));
        CHECK_STR(s, ((str){text, len}));
        arena_reset(a);
    }
}

TEST(without_memory_nothing_is_decoded)
{
    AUTO(arena) *a = NULL;
    str s = STR("untouched");
    NEED_OK(arena_open(65536, &a));
    fault_arm(1);
    CHECK_ERR(percent_decode(a, STR("abc"), &s), LIMIT);
    fault_arm(0);
    CHECK_STR(s, STR("untouched"));
}

/* ---- two dialects with the same paths */
static const struct dialect plain = {.name = "plain"}, marked = {.name = "marked", .marker = "m"},
                            other = {.name = "other", .marker = "o"};

#define ROUTE(method, path, dialect)                                                               \
    {                                                                                              \
        HTTP_##method, path, NULL, AUTH_NONE, dialect, NULL, NULL                                  \
    }
TEST(the_dialect_that_is_spoken_wins_then_the_one_that_needs_no_mark)
{
    static const struct route a[] = {ROUTE(GET, "/m", &marked), ROUTE(GET, "/only", &marked)},
                              b[] = {ROUTE(GET, "/m", &plain), ROUTE(GET, "/m", &other)};
    static const struct route_table both[] = {{a, 2}, {b, 2}}, back[] = {{b, 2}, {a, 2}};
    const struct route_table *orders[] = {both, back};
    for (int i = 0; i < 2; i++) {
        CHECK(route_find(orders[i], 2, HTTP_GET, STR("/m"), NULL).route == &b[0]);
        CHECK(route_find(orders[i], 2, HTTP_GET, STR("/m"), &plain).route == &b[0]);
        CHECK(route_find(orders[i], 2, HTTP_GET, STR("/m"), &marked).route == &a[0]);
        CHECK(route_find(orders[i], 2, HTTP_GET, STR("/m"), &other).route == &b[1]);
        CHECK(route_find(orders[i], 2, HTTP_HEAD, STR("/m"), &marked).route == &a[0]);
    }
}

TEST(a_route_that_only_one_dialect_has_needs_no_mark)
{
    static const struct route a[] = {ROUTE(GET, "/only", &marked), ROUTE(POST, "/only", &other)};
    static const struct route_table one[] = {{a, 2}};
    CHECK(route_find(one, 1, HTTP_GET, STR("/only"), NULL).route == &a[0]);
    CHECK(route_find(one, 1, HTTP_GET, STR("/only"), &other).route == &a[0]);
    CHECK(route_find(one, 1, HTTP_POST, STR("/only"), &marked).route == &a[1]);
    const struct routed none = route_find(one, 1, HTTP_PUT, STR("/only"), &marked);
    CHECK(!none.route && none.allowed == ((1u << HTTP_GET) | (1u << HTTP_POST)));
}

TEST(the_arguments_are_those_of_the_route_that_won)
{
    static const struct route a[] = {ROUTE(GET, "/{x}/b", &plain), ROUTE(GET, "/a/{y}", &marked)};
    static const struct route_table one[] = {{a, 2}};
    CHECK_STR(route_find(one, 1, HTTP_GET, STR("/a/b"), NULL).args[0], STR("a"));
    CHECK_STR(route_find(one, 1, HTTP_GET, STR("/a/b"), &marked).args[0], STR("b"));
}
#undef ROUTE
