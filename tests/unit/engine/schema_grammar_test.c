/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/schema_rig.h"

/* Whether the grammar has exactly this line. */
static bool
has_line(const char *schema, const char *line)
{
    AUTO(compiled) c = compiled_of(str_of(schema));
    str rest = buf_str(&c.text), one;
    CHECK_OK(c.e);
    while (str_next(&rest, '\n', &one))
        if (str_eq(str_trim(one), str_of(line)))
            return true;
    test_fail(__FILE__, __LINE__, "%.*s", STR_FMT(buf_str(&c.text)));
    return false;
}

TEST(white_space_is_one_space_behind_a_comma_or_colon)
{
    const char *schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"items\":{\"const\":1}},"
                         "\"b\":{\"const\":2}}}";
    TAKES(schema, "{\"a\":[1,1],\"b\":2}");
    TAKES(schema, "{\"a\": [1, 1], \"b\": 2}");
    LEAVES(schema, "{ \"a\":[1]}");
    LEAVES(schema, "{\"a\" :[1]}");
    LEAVES(schema, "{\"a\":  [1]}");
    LEAVES(schema, "{\"a\":[1]\n}");
}

TEST(names_and_values_are_escaped_for_json_and_for_the_grammar)
{
    CHECK(has_line("{\"const\":\"a\\\"\\\\b\"}", "r1 ::= \"\\\"a\\\\\\\"\\\\\\\\b\\\"\""));
    TAKES("{\"type\":\"object\",\"properties\":{\"a\\\"\\n\":{\"const\":1}},"
          "\"required\":[\"a\\\"\\n\"]}",
          "{\"a\\\"\\n\":1}");
}

TEST(a_grammar_is_the_same_each_time)
{
    const char *schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"enum\":[1,2]}},"
                         "\"additionalProperties\":{\"type\":\"string\",\"maxLength\":70}}";
    AUTO(compiled) one = compiled_of(str_of(schema));
    AUTO(compiled) two = compiled_of(str_of(schema));
    CHECK_STR(buf_str(&one.text), buf_str(&two.text));
}

/* llama.cpp takes a larger bound for none at all. */
TEST(no_repetition_is_above_what_llama_keeps)
{
    AUTO(compiled)
    c = compiled_of(STR("{\"type\":\"string\",\"minLength\":65535,\"maxLength\":"
                        "65535}"));
    NEED_OK(c.e);
    str rest = buf_str(&c.text);
    for (ptrdiff_t at; (at = str_find_char(rest, '{')) >= 0;) {
        unsigned n = 0;
        rest = str_slice(rest, (size_t)at + 1, rest.len);
        while (rest.len && rest.at[0] >= '0' && rest.at[0] <= '9') {
            n = n * 10 + (unsigned)(rest.at[0] - '0');
            rest = str_slice(rest, 1, rest.len);
        }
        CHECK_INT(n, <=, 2000);
    }
}

/* What stands in brackets would be multiplied with the count. */
TEST(no_bracket_is_repeated_by_a_count)
{
    AUTO(compiled)
    c = compiled_of(STR("{\"type\":\"array\",\"items\":{\"type\":\"string\","
                        "\"pattern\":\"^(?:(?:ab|c){3}d){5}$\"},\"maxItems\":9}"));
    NEED_OK(c.e);
    CHECK_INT(str_find(buf_str(&c.text), STR("){")), <, 0);
}

TEST(other_names_are_kept_apart_from_all_known_ones)
{
    const char *schema =
        "{\"type\":\"object\",\"properties\":{\"\":{\"const\":1},\"a\":{\"const\":1"
        "},\"ab\":{\"const\":1},\"ba\":{\"const\":1},\"ö\":{\"const\":1}},"
        "\"additionalProperties\":{\"const\":2}}";
    static const char *const known[] = {"", "a", "ab", "ba", "ö"};
    static const char *const others[] = {"b", "aa", "abc", "bab", "ö ", "öa", "ä", "c", "]", "-"};
    char text[64];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        snprintf(text, sizeof text, "{\"%s\":2}", known[i]);
        LEAVES(schema, text);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(text, sizeof text, "{\"%s\":2}", others[i]);
        TAKES(schema, text);
    }
}

TEST(every_combination_of_optional_properties_is_there)
{
    const char *schema =
        "{\"type\":\"object\",\"properties\":{\"a\":{\"const\":1},\"b\":{\"const\":"
        "1},\"c\":{\"const\":1},\"d\":{\"const\":1}},\"required\":[\"c\"],"
        "\"additionalProperties\":{\"const\":2}}";
    AUTO(compiled) c = compiled_of(str_of(schema));
    NEED_OK(c.e);
    for (unsigned set = 0; set < 32; set++) {
        AUTO(buf) b = BUF(256);
        json_open(&b, '{');
        for (unsigned i = 0; i < 4; i++)
            if (set >> i & 1)
                json_member_i64(&b, (const char *const[]){"a", "b", "c", "d"}[i], 1);
        if (set & 16)
            json_member_i64(&b, "e", 2);
        json_close(&b, '}');
        CHECK_INT(gbnf_matches(c.g, buf_str(&b)), ==, (set & 4) != 0);
    }
}

TEST(item_counts_are_exact)
{
    for (unsigned low = 0; low < 4; low++)
        for (unsigned high = low; high < 5; high++) {
            char schema[128], text[64];
            snprintf(schema, sizeof schema,
                     "{\"type\":\"array\",\"prefixItems\":[{\"const\":7},{\"const\":7}],\"items\":{"
                     "\"const\":7},\"minItems\":%u,\"maxItems\":%u}",
                     low, high);
            AUTO(compiled) c = compiled_of(str_of(schema));
            NEED_OK(c.e);
            for (unsigned n = 0; n < 6; n++) {
                snprintf(text, sizeof text, "[%.*s]", n ? (int)(2 * n - 1) : 0, "7,7,7,7,7,7");
                CHECK_INT(gbnf_matches(c.g, str_of(text)), ==, n >= low && n <= high);
            }
        }
}
