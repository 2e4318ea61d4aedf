/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/schema_regex.h"

#include "base/json.h"
#include "test.h"
#include "unit/engine/schema_rig.h"

static void
put_schema(buf *b, const char *pattern)
{
    json_open(b, '{');
    json_member_str(b, "type", STR("string"));
    json_member_str(b, "pattern", str_of(pattern));
    json_close(b, '}');
    buf_add_char(b, '\0');
}

static bool
fits(const char *pattern, const char *text)
{
    AUTO(buf) schema = BUF(4096);
    AUTO(buf) json = BUF(4096);
    put_schema(&schema, pattern);
    json_put_str(&json, str_of(text));
    buf_add_char(&json, '\0');
    return takes(schema.at, json.at);
}

static bool
is_refused(const char *pattern, const char *word)
{
    AUTO(buf) schema = BUF(4096);
    put_schema(&schema, pattern);
    return refuses(schema.at, ERR_UNSUPPORTED, "pattern", word);
}

TEST(literals_dots_and_classes)
{
    CHECK(fits("^a.c$", "abc") && fits("^a.c$", "aäc") && !fits("^a.c$", "a\nc"));
    CHECK(fits("^[a-c\\d_-]+$", "b3-_") && !fits("^[a-c\\d_-]+$", "d"));
    CHECK(fits("^[^a-c]$", "d") && fits("^[^a-c]$", "\n") && !fits("^[^a-c]$", "b"));
    CHECK(fits("^[\\]\\\\]{2}$", "]\\") && fits("^[ä-ü]$", "ö") && fits("^\\u00e4$", "ä"));
    CHECK(fits("^\\ud83d\\ude00$", "😀") && fits("^\\x41$", "A") && fits("^\\t\\/$", "\t/"));
}

TEST(families_and_their_complements)
{
    CHECK(fits("^\\d\\w\\s$", "1_\t") && !fits("^\\d$", "a"));
    CHECK(fits("^\\D\\W\\S$", "a-b") && !fits("^\\D$", "1") && !fits("^\\S$", " "));
    CHECK(fits("^[^\\d]$", "x") && !fits("^[^\\d]$", "5"));
}

TEST(what_json_escapes_is_escaped)
{
    CHECK(fits("^\"\\\\\"$", "\"\\\""));
    CHECK(fits("^[\\x00-\\x1f]+$", "\n\x01"));
    CHECK(fits("^[^x]*$", "a\"b\\c\n") && !fits("^[^x]*$", "x"));
}

TEST(groups_choices_and_repetitions)
{
    CHECK(fits("^(?:ab|c)+$", "abcab") && !fits("^(?:ab|c)+$", "aab"));
    CHECK(fits("^(a(b(c)?)?)$", "ab") && !fits("^(a(b(c)?)?)$", "ac"));
    CHECK(fits("^a{2}$", "aa") && !fits("^a{2}$", "aaa"));
    CHECK(fits("^a{2,}$", "aaaa") && !fits("^a{2,}$", "a"));
    CHECK(fits("^a{0,2}b$", "b") && !fits("^a{0,2}b$", "aaab"));
    CHECK(fits("^a+?b*?c??$", "a") && fits("^(?:)$", "") && fits("^a{0}b$", "b"));
    CHECK(fits("^(?:ab){2,3}$", "abab") && !fits("^(?:ab){2,3}$", "ab"));
}

TEST(anchors_belong_to_their_branch)
{
    CHECK(fits("^a|b$", "ax") && fits("^a|b$", "xb") && !fits("^a|b$", "xax"));
    CHECK(fits("a", "xax") && fits("", "anything") && fits("^", "x") && fits("$", "x"));
    CHECK(!fits("^a$", "a\n"));
}

TEST(lengths_are_known)
{
    static const struct {
        const char *pattern;
        uint32_t shortest, longest;
    } cases[] = {{"^a{2,5}(?:bc|d)$", 3, 7},
                 {"^a?$", 0, 1},
                 {"^(?:ab){1000}{1}$", 0, 0},
                 {"a", 1, REGEX_UNBOUNDED},
                 {"^(?:a{1000}){1000}$", 1000000, 1000000},
                 {"^(?:(?:a{1000}){1000}){1000}$", 1000000000, 1000000000},
                 {"^(?:(?:(?:a{1000}){1000}){1000}){1000}$", REGEX_UNBOUNDED, REGEX_UNBOUNDED}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        arena *a;
        struct regex *n;
        NEED_OK(arena_open(1 << 16, &a));
        const err e = schema_regex_read(a, str_of(cases[i].pattern), "p", &n);
        if (i == 2)
            CHECK_ERR(e, UNSUPPORTED);
        else if (!e.code) {
            CHECK_INT(n->shortest, ==, cases[i].shortest);
            CHECK_INT(n->longest, ==, cases[i].longest);
        } else {
            test_fail(__FILE__, __LINE__, "%s: %s", cases[i].pattern, err_trail());
        }
        arena_free(a);
    }
}

TEST(what_is_not_regular_is_refused_by_name)
{
    static const char *const cases[][2] = {{"(?=a)", "look-around"},
                                           {"(?!a)b", "look-around"},
                                           {"(?<=a)", "look-around"},
                                           {"(?<n>a)", "named"},
                                           {"(?i)a", "flags"},
                                           {"(a)\\1", "back-references"},
                                           {"\\bword", "word borders"},
                                           {"\\p{L}", "\\p"},
                                           {"a^b", "start"},
                                           {"(^a)", "start"},
                                           {"a$b", "end of a branch"},
                                           {"(?:a*)*", "may be empty"},
                                           {"(?:a?)+", "may be empty"},
                                           {"(?:|a){2}", "may be empty"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(is_refused(cases[i][0], cases[i][1]));
}

TEST(malformed_patterns_are_refused)
{
    static const char *const cases[][2] = {
        {"(a", "not closed"},     {"a)", "was not opened"},
        {"[a", "not closed"},     {"[]", "empty class"},
        {"[b-a]", "backwards"},   {"*a", "quantifier"},
        {"a**", "quantifier"},    {"{", "quantifier"},
        {"a{", "malformed"},      {"a{2", "malformed"},
        {"a{3,2}", "malformed"},  {"a{1001}", "1000 repetitions"},
        {"a\\", "backslash"},     {"\\x4", "hexadecimal"},
        {"\\ud800", "surrogate"}, {"[\\ud800\\u0041]", "surrogate"},
        {"[a-\\d]", "each end"},  {"\\q", "escape"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(is_refused(cases[i][0], cases[i][1]));
}

TEST(bombs_are_refused)
{
    AUTO(buf) deep = BUF(4096);
    for (int i = 0; i < 40; i++)
        buf_add_char(&deep, '(');
    buf_add_char(&deep, '\0');
    CHECK(is_refused(deep.at, "too deep"));
    AUTO(buf) schema = BUF(8192);
    AUTO(buf) wide = BUF(4096);
    for (int i = 0; i < 1001; i++)
        buf_add_char(&wide, 'a');
    buf_add_char(&wide, '\0');
    put_schema(&schema, wide.at);
    WRONG(schema.at, "pattern", "");
}

TEST(nested_repetitions_cost_a_sum_and_no_product)
{
    AUTO(buf) schema = BUF(4096);
    put_schema(&schema, "^(?:(?:[ab]{1,900}c){1,900}d){1,900}$");
    AUTO(compiled) c = compiled_of(str_of(schema.at));
    CHECK_OK(c.e);
    CHECK_INT(c.text.len, <, 1000);
}
