/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/catalog/terms.h"

#include "test.h"

static bool
has(const char *line, enum term_field f, const char *text)
{
    uint64_t terms[TERM_FIELDS];
    const size_t n = terms_read(str_of(line), terms);
    for (size_t i = 0; i < n; i++)
        if (terms[i] == term_of(f, str_of(text)))
            return true;
    return false;
}

static size_t
count(const char *line)
{
    uint64_t terms[TERM_FIELDS];
    return terms_read(str_of(line), terms);
}

static const char *const whole =
    "{\"seq\":7,\"time\":\"2026-03-01T12:00:00.123Z\",\"event\":\"file.add\",\"request\":\"req_1\","
    "\"key\":\"key_2\",\"tenant\":\"amt\",\"rule\":\"default\",\"object\":\"a \\\"b\\\" \\\\\","
    "\"tokens_in\":8}";

TEST(a_record_is_found_by_each_of_its_members)
{
    CHECK(has(whole, TERM_EVENT, "file.add"));
    CHECK(has(whole, TERM_REQUEST, "req_1"));
    CHECK(has(whole, TERM_KEY, "key_2"));
    CHECK(has(whole, TERM_RULE, "default"));
    CHECK(has(whole, TERM_OBJECT, "a \\\"b\\\" \\\\"));
    CHECK_INT(count(whole), ==, 5);
    CHECK_STR(term_time(str_of(whole)), STR("2026-03-01T12:00:00.123Z"));
}

TEST(a_text_is_not_found_under_another_member)
{
    CHECK(!has(whole, TERM_KEY, "req_1"));
    CHECK(!has(whole, TERM_OBJECT, "default"));
    CHECK(!has(whole, TERM_OBJECT, "amt"));
    CHECK(!has(whole, TERM_OBJECT, "a \"b\" \\"));
}

TEST(what_every_request_has_is_no_term)
{
    CHECK_INT(count("{\"event\":\"decision\"}"), ==, 0);
    CHECK_INT(count("{\"event\":\"completion\"}"), ==, 0);
    CHECK_INT(count("{\"event\":\"egress\"}"), ==, 1);
    CHECK(!term_is_kept(TERM_EVENT, STR("decision")));
    CHECK(term_is_kept(TERM_OBJECT, STR("decision")));
}

TEST(text_within_text_is_no_member)
{
    CHECK_INT(count("{\"why\":\"x\\\",\\\"key\\\":\\\"key_9\\\"\",\"tokens_in\":1}"), ==, 0);
    CHECK_INT(count("{\"why\":\"x\\\\\",\"key\":\"key_9\"}"), ==, 1);
}

TEST(what_is_no_record_has_no_terms)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "{}",
                                      "\"",
                                      "\"key\"",
                                      "\"key\":",
                                      "\"key\":\"",
                                      "\"key\" \"x\"",
                                      "\"key\":1",
                                      "key:\"x\"",
                                      "\"key\":\"\"",
                                      "\"key\":\"x\\\"",
                                      "\"key\":\"x\\\\\\\"",
                                      "\\",
                                      "{\"key\":null}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(count(bad[i]), ==, 0);
        CHECK(!term_time(str_of(bad[i])).len);
    }
}

TEST(any_bytes_are_read_without_harm)
{
    for (int n = 0; n < 20000; n++) {
        static const char letters[] = "\"\"\"\\:,{}keytim1 \n";
        char line[40];
        uint64_t terms[TERM_FIELDS];
        const size_t len = test_random() % sizeof line;
        for (size_t i = 0; i < len; i++)
            line[i] = letters[test_random() % (sizeof letters - 1)];
        CHECK_INT(terms_read((str){line, len}, terms), <=, TERM_FIELDS);
        CHECK_INT(term_time((str){line, len}).len, <=, len);
    }
}

TEST(names_are_those_of_members)
{
    for (size_t f = 0; f < TERM_FIELDS; f++)
        CHECK_INT(term_field_of(str_of(term_field_name((enum term_field)f))), ==, f);
    CHECK_INT(term_field_of(STR("label")), ==, TERM_FIELDS);
    CHECK_INT(term_field_of(STR("")), ==, TERM_FIELDS);
}

TEST(a_needle_stands_in_the_line_as_it_was_written)
{
    AUTO(buf) b = BUF(256);
    term_put_needle(&b, TERM_OBJECT, STR("a \"b\" \\"));
    CHECK_STR(buf_str(&b), STR("\"object\":\"a \\\"b\\\" \\\\\""));
    CHECK(str_find(str_of(whole), buf_str(&b)) >= 0);
}
