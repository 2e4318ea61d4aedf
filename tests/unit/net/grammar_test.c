/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/grammar.h"

#include "test.h"

TEST(the_usual_methods_are_known_and_all_others_are_other)
{
    CHECK_INT(method_find(STR("GET")), ==, HTTP_GET);
    CHECK_INT(method_find(STR("HEAD")), ==, HTTP_HEAD);
    CHECK_INT(method_find(STR("POST")), ==, HTTP_POST);
    CHECK_INT(method_find(STR("PUT")), ==, HTTP_PUT);
    CHECK_INT(method_find(STR("PATCH")), ==, HTTP_PATCH);
    CHECK_INT(method_find(STR("DELETE")), ==, HTTP_DELETE);
    CHECK_INT(method_find(STR("OPTIONS")), ==, HTTP_OPTIONS);
    CHECK_INT(method_find(STR("get")), ==, HTTP_OTHER);
    CHECK_INT(method_find(STR("GETS")), ==, HTTP_OTHER);
    CHECK_INT(method_find(STR_NONE), ==, HTTP_OTHER);
}

/* RFC 9110 section 5.6.2, byte by byte. */
TEST(a_token_has_token_characters_only)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (int c = 0; c < 256; c++) {
        const char byte = (char)c;
        const bool want = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || (c && strchr(others, c));
        if (token_valid((str){&byte, 1}) != want)
            test_fail(__FILE__, __LINE__, "byte %d", c);
    }
    CHECK(!token_valid(STR_NONE));
    CHECK(token_valid(STR("M-SEARCH")));
    CHECK(!token_valid(STR("GET ")));
}

TEST(hosts_as_they_are_sent_are_taken)
{
    static const char *const good[] = {
        "a",     "localhost",        "127.0.0.1",           "127.0.0.1:7080",
        "[::1]", "[::1]:443",        "ki.behoerde.de",      "A_b-c.~x",
        "a:",    "xn--bcher-kva.de", "[fe80::1:2.3.4.5]:1", "a:65535",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!host_valid(str_of(good[i])))
            test_fail(__FILE__, __LINE__, "%s", good[i]);
}

TEST(hosts_that_could_be_read_in_two_ways_are_refused)
{
    static const char *const bad[] = {
        "",     " ",     "a b",      "a,b",    "u@h",      "a/b",  "a:8x", ":80",  "a:80:80",
        "[::1", "::1]",  "[]",       "[::1]x", "[::1]:8x", "a?b",  "a#b",  "a\\b", "a%20b",
        "a:-1", "a: 80", "a:123456", "[g%00]", "\xc3\xa4", "a\tb", "a;b",  "a=b",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (host_valid(str_of(bad[i])))
            test_fail(__FILE__, __LINE__, "%s", bad[i]);
    CHECK(!host_valid((str){"a\0b", 3}));
}

TEST(a_target_is_split_into_path_and_query)
{
    static const struct {
        const char *target, *path, *query, *host;
    } good[] = {
        {"/", "/", "", ""},
        {"/v1/chat/completions", "/v1/chat/completions", "", ""},
        {"/a?b=c&d", "/a", "b=c&d", ""},
        {"/a?b?c", "/a", "b?c", ""},
        {"/a?", "/a", "", ""},
        {"//a", "//a", "", ""},
        {"/a%2Fb%20", "/a%2Fb%20", "", ""},
        {"/model/arn:aws:x/invoke", "/model/arn:aws:x/invoke", "", ""},
        {"/a?x[]=1&y={2}^`|\\", "/a", "x[]=1&y={2}^`|\\", ""},
        {"/...", "/...", "", ""},
        {"/.a/b..", "/.a/b..", "", ""},
        {"/a?..", "/a", "..", ""},
        {"http://h:80/x?y", "/x", "y", "h:80"},
        {"https://h", "/", "", "h"},
        {"http://h?q", "/", "q", "h"},
        {"http://[::1]/", "/", "", "[::1]"},
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        str path, query, host;
        NEED_OK(target_split(str_of(good[i].target), HTTP_GET, &path, &query, &host));
        CHECK_STR(path, str_of(good[i].path));
        CHECK_STR(query, str_of(good[i].query));
        CHECK_STR(host, str_of(good[i].host));
    }
}

TEST(a_target_that_is_not_one_is_refused_and_the_results_stay)
{
    static const char *const bad[] = {
        "",          "a",       "*",         "a/b",       "/a b",        "/a#b",
        "/%",        "/%2",     "/%zz",      "/%00",      "/a?%00",      "/a?%x1",
        "/\xc3\xa4", "/a\x01",  "/a\x7f",    "/.",        "/..",         "/../a",
        "/a/../b",   "/a/./b",  "/a/..",     "/%2e%2e/a", "/.%2E/a",     "/a/%2e",
        "/a\"b",     "/a<b>",   "/a\\b",     "/a{b}",     "/a?b\"",      "/a?<",
        "http:/a",   "http://", "http:///a", "ftp://a",   "http://u@h/", "http://a b/",
        "HTTP://a/", "//../a",  "/a^b",      "/a`b",      "?a",          "http://a:x/",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        str path = STR("p"), query = STR("q"), host = STR("h");
        const err e = target_split(str_of(bad[i]), HTTP_GET, &path, &query, &host);
        if (e.code != ERR_PARSE)
            test_fail(__FILE__, __LINE__, "%s is taken", bad[i]);
        CHECK(path.at[0] == 'p' && query.at[0] == 'q' && host.at[0] == 'h');
        CHECK(strlen(err_public(e)) > 10);
    }
}

TEST(the_asterisk_belongs_to_options)
{
    str path, query, host;
    CHECK_OK(target_split(STR("*"), HTTP_OPTIONS, &path, &query, &host));
    CHECK_STR(path, STR("*"));
    CHECK_ERR(target_split(STR("*"), HTTP_GET, &path, &query, &host), PARSE);
    CHECK_ERR(target_split(STR("**"), HTTP_OPTIONS, &path, &query, &host), PARSE);
    CHECK_ERR(target_split(STR("*?a"), HTTP_OPTIONS, &path, &query, &host), PARSE);
}

/* Whatever is taken holds no byte that a line, a log or a file name could be broken with. */
TEST(what_any_target_yields_is_harmless)
{
    static const char alphabet[] = "/.%2eE0aA?#*:@ \\\x7f\x80[]{}http";
    for (int n = 0; n < 200000; n++) {
        char room[12];
        const size_t len = test_random() % sizeof room;
        str path = STR_NONE, query = STR_NONE, host = STR_NONE;
        room[0] = '/';
        for (size_t i = 1; i < len; i++)
            room[i] = alphabet[test_random() % (sizeof alphabet - 1)];
        if (target_split((str){room, len}, HTTP_GET, &path, &query, &host).code)
            continue;
        NEED(path.len && path.at[0] == '/');
        NEED(str_find(path, STR("/../")) < 0 && !str_ends(path, STR("/..")));
        for (size_t i = 0; i < len; i++)
            NEED(room[i] > ' ' && room[i] < 0x7f && room[i] != '#');
    }
}
