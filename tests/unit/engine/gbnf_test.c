/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/gbnf.h"

#include "base/fault.h"
#include "test.h"

enum { ROOM = 1 << 24 };

static err
try_read(const char *text, arena **a, struct gbnf **g)
{
    TRY(arena_open(ROOM, a));
    return gbnf_read(*a, str_of(text), g);
}

static bool
matches(const char *grammar, const char *text)
{
    AUTO(arena) *a = NULL;
    struct gbnf *g = NULL;
    const err e = try_read(grammar, &a, &g);
    if (e.code)
        test_fail(__FILE__, __LINE__, "%s: %s", grammar, err_trail());
    return !e.code && gbnf_matches(g, str_of(text));
}

static bool
refused(const char *grammar, const char *word)
{
    AUTO(arena) *a = NULL;
    struct gbnf *g = NULL;
    const err e = try_read(grammar, &a, &g);
    const bool good = e.code == ERR_ARGUMENT && strstr(err_text(), word);
    if (!good)
        test_fail(__FILE__, __LINE__, "%.80s: code %d: %s", grammar, e.code, err_text());
    return good;
}

TEST(literals_classes_and_rules)
{
    CHECK(matches("root ::= \"a\\\"\\x41\\u00e4\\U0001F600\"\n", "a\"Aä😀"));
    CHECK(matches("root ::= [a-c^\\x2D]\n", "-") && !matches("root ::= [a-c]\n", "d"));
    CHECK(matches("root ::= x \"b\" | x\nx ::= \"a\"\n", "ab") &&
          matches("root ::= x \"b\" | x\nx ::= \"a\"\n", "a"));
    CHECK(matches("root ::= \"\"\n", "") && matches("root ::= \n", ""));
}

TEST(repetitions_count)
{
    CHECK(matches("root ::= \"a\"{2,3}\n", "aaa") && !matches("root ::= \"a\"{2,3}\n", "a"));
    CHECK(!matches("root ::= \"a\"{2,3}\n", "aaaa") && matches("root ::= \"a\"{2}\n", "aa"));
    CHECK(matches("root ::= \"a\"{2,}\n", "aaaaa") && !matches("root ::= \"a\"+\n", ""));
    CHECK(matches("root ::= \"a\"* \"b\"? (\"c\" | \"d\")*\n", "aabcdc"));
    CHECK(!matches("root ::= (\"ab\")*\n", "aba"));
}

TEST(a_rule_may_hold_itself_behind_a_character)
{
    const char *g = "root ::= \"[\" (root (\",\" root)*)? \"]\"\n";
    CHECK(matches(g, "[[],[[]]]") && !matches(g, "[[]"));
}

TEST(malformed_grammars_are_refused)
{
    static const char *const cases[][2] = {
        {"", "not defined"},
        {"root ::= x\n", "not defined"},
        {"root ::= \"a\"", "end with its line"},
        {"root = \"a\"\n", "without ::="},
        {"root ::= \"a\n", "does not belong"},
        {"root ::= [a\n", "does not belong"},
        {"root ::= []\n", "empty class"},
        {"root ::= [b-a]\n", "backwards"},
        {"root ::= (\"a\"\n", "not closed"},
        {"root ::= \"a\")\n", "end with its line"},
        {"root ::= \"\\q\"\n", "escape"},
        {"root ::= \"\\x4\"\n", "hexadecimal"},
        {"root ::= \"\\ud800\"\n", "no character"},
        {"root ::= *\n", "name has 0"},
        {"root ::= \"a\"{}\n", "without a number"},
        {"root ::= \"a\"{3,2}\n", "malformed"},
        {"root ::= \"a\"{0}\n", "malformed"},
        {"root ::= \"a\"{2001}\n", "repetitions"},
        {"root ::= \"a\"\nroot ::= \"b\"\n", "twice"},
        {"root ::= a-name-that-is-longer-than-any-of-ours\n", "name has"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK(refused(cases[i][0], cases[i][1]));
}

TEST(what_hangs_or_breaks_other_parsers_is_refused)
{
    CHECK(refused("root ::= root \"a\" | \"b\"\n", "leads back"));
    CHECK(refused("root ::= \"x\"? b\nb ::= \"\" root | \"c\"\n", "leads back"));
    CHECK(refused("root ::= \"a\" root\n", "no end"));
    CHECK(refused("root ::= (\"a\"?)*\n", "may be empty"));
    AUTO(buf) deep = BUF(1 << 20);
    buf_add(&deep, STR("root ::= "));
    for (int i = 0; i < 60000; i++)
        buf_add_char(&deep, '(');
    buf_add_char(&deep, '\0');
    CHECK(refused(deep.at, "deep"));
}

TEST(too_long_a_grammar_is_refused)
{
    AUTO(buf) b = BUF(1 << 20);
    buf_add(&b, STR("root ::= \""));
    for (int i = 0; i < GBNF_BYTES_MAX; i++)
        buf_add_char(&b, 'a');
    buf_add(&b, STR("\"\n"));
    buf_add_char(&b, '\0');
    CHECK(refused(b.at, "too long"));
}

TEST(a_chain_of_rules_too_deep_is_refused)
{
    AUTO(buf) b = BUF(1 << 20);
    buf_add(&b, STR("root ::= r0\n"));
    for (int i = 0; i < 9000; i++)
        buf_add_fmt(&b, "r%d ::= r%d\n", i, i + 1);
    buf_add(&b, STR("r9000 ::= \"a\"\n"));
    buf_add_char(&b, '\0');
    CHECK(refused(b.at, "too deep"));
}

TEST(samples_belong_to_their_grammar_and_come_again)
{
    const char *text = "root ::= \"{\" (pair (\",\" pair){0,3})? \"}\"\npair ::= [a-z]{1,4} \":\" "
                       "(\"\\\"\" [^\"\\\\]* \"\\\"\" | root)\n";
    AUTO(arena) *a = NULL;
    struct gbnf *g = NULL;
    NEED_OK(try_read(text, &a, &g));
    for (uint64_t seed = 0; seed < 500; seed++) {
        AUTO(buf) one = BUF(1 << 16);
        AUTO(buf) two = BUF(1 << 16);
        CHECK_OK(gbnf_sample(g, seed, 60, &one));
        CHECK_OK(gbnf_sample(g, seed, 60, &two));
        CHECK_STR(buf_str(&one), buf_str(&two));
        if (one.len <= GBNF_MATCH_BYTES_MAX)
            CHECK(gbnf_matches(g, buf_str(&one)));
        CHECK_INT(one.len, <, 600);
    }
}

TEST(a_sample_that_cannot_fit_is_a_limit)
{
    AUTO(arena) *a = NULL;
    struct gbnf *g = NULL;
    NEED_OK(try_read("root ::= x{2000}\nx ::= y{2000}\ny ::= \"a\"\n", &a, &g));
    AUTO(buf) b = BUF(1000);
    CHECK_ERR(gbnf_sample(g, 1, 10, &b), LIMIT);
    CHECK_INT(b.len, ==, 0);
}

TEST(memory_may_end_at_any_allocation)
{
    long n = 0;
    for (bool fired = true; fired && n < 1000;) {
        fault_arm(++n);
        AUTO(arena) *a = NULL;
        struct gbnf *g = NULL;
        const err e = try_read("root ::= (\"a\" | [b-d]{2,3})? x\nx ::= \"y\"\n", &a, &g);
        fired = fault_fired();
        fault_arm(0);
        if (fired)
            CHECK_ERR(e, LIMIT);
        else
            CHECK_OK(e);
    }
    CHECK_INT(n, >, 5);
    CHECK_INT(n, <, 1000);
}
