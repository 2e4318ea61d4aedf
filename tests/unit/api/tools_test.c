/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/tools.h"

#include "base/fault.h"
#include "engine/gbnf.h"
#include "test.h"

static arena *memory;

static jval
read(const char *text)
{
    jval v = {0};
    arena_free(TAKE(memory));
    CHECK_OK(arena_open(64 << 20, &memory));
    CHECK_OK(json_read(memory, str_of(text), &v));
    return v;
}

static bool
belongs(str grammar, const char *text)
{
    struct gbnf *g = NULL;
    CHECK_OK(gbnf_read(memory, grammar, &g));
    return g && gbnf_matches(g, str_of(text));
}

/* ---- names */
TEST(a_name_is_made_of_few_characters)
{
    static const char *const good[] = {"a", "Z9", "get_weather", "a-b", "0"};
    static const char *const bad[] = {"", "a b", "a.b", "\xc3\xa4", "a\n", "a/b", "abcdefghi"};
    for (size_t i = 0; i < 5; i++)
        CHECK(tools_is_name(str_of(good[i]), 11));
    for (size_t i = 0; i < 7; i++)
        CHECK(!tools_is_name(str_of(bad[i]), 8));
    CHECK(!tools_is_name(STR_NONE, 8));
}

TEST(a_name_is_read_or_refused_with_its_place)
{
    str name = STR("before");
    const jval bad = read("{\"name\":\"a b\"}");
    CHECK_ERR(tools_read_name(&bad, 8, &name), ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("name"));
    CHECK_STR(name, STR("before"));
    const jval none = read("{}");
    CHECK_ERR(tools_read_name(&none, 8, &name), ARGUMENT);
    const jval good = read("{\"name\":\"ab\"}");
    CHECK_OK(tools_read_name(&good, 2, &name));
    CHECK_STR(name, STR("ab"));
}

TEST(offered_names_are_known_and_wanted_as_the_choice_says)
{
    struct conv_tools t = {.names = {STR("a"), STR("b")}, .count = 2};
    CHECK(tools_has(&t, STR("b")) && !tools_has(&t, STR("c")));
    CHECK(!tools_is_wanted(&t, STR("a")));
    t.choice = CONV_TOOLS_REQUIRED;
    CHECK(tools_is_wanted(&t, STR("a")));
    t.name = STR("b");
    CHECK(tools_is_wanted(&t, STR("b")) && !tools_is_wanted(&t, STR("a")));
}

/* ---- grammars */
#define CITY "{\"properties\":{\"city\":{\"type\":\"string\"}},\"required\":[\"city\"]}"

TEST(promised_calls_become_the_grammar_of_the_answer)
{
    static struct conv c;
    const jval schema = read(CITY);
    const struct schema_call calls[] = {{STR("wetter"), schema}, {STR("uhr"), {0}}};
    c.tools.most = 1;
    NEED_OK(tools_compile(memory, calls, 2, &c));
    CHECK(belongs(c.format.grammar, "{\"name\": \"uhr\", \"arguments\": {}}"));
    CHECK(belongs(c.format.grammar, "{\"name\": \"wetter\", \"arguments\": {\"city\":\"\"}}"));
    CHECK(!belongs(c.format.grammar, "{\"name\": \"wetter\", \"arguments\": {}}"));
    const struct schema_call odd = {STR("x"), read("{\"not\":{}}")};
    CHECK_ERR(tools_check_schema(memory, &odd), UNSUPPORTED);
    const struct schema_call even = {STR("x"), read("{\"type\":\"object\"}")};
    CHECK_OK(tools_check_schema(memory, &even));
}

TEST(the_form_of_an_answer_is_kept_as_schema_and_as_grammar)
{
    struct conv_format f = {0};
    const jval schema = read("{ \"type\" : \"integer\" }");
    NEED_OK(tools_compile_answer(memory, &schema, &f));
    CHECK_STR(f.schema, STR("{\"type\":\"integer\"}"));
    CHECK(belongs(f.grammar, "12") && !belongs(f.grammar, "x"));
    const jval odd = read("{\"not\":{}}");
    CHECK_ERR(tools_compile_answer(memory, &odd, &f), UNSUPPORTED);
}

/* ---- canonical spelling */
TEST(offers_and_calls_are_spelt_as_templates_know_them)
{
    AUTO(buf) b = BUF(4096);
    const struct tools_one bare = {.call.name = STR("uhr")};
    const struct tools_one full = {{STR("w"), read(CITY)}, STR("sagt \"es\""), true};
    tools_put(&b, &bare);
    tools_put(&b, &full);
    tools_put_call(&b, STR("id"), STR("w"), STR("{\"city\":\"\"}"));
    CHECK_STR(buf_str(&b),
              STR("{\"type\":\"function\",\"function\":{\"name\":\"uhr\"}},"
                  "{\"type\":\"function\",\"function\":{\"name\":\"w\",\"description\":"
                  "\"sagt \\\"es\\\"\",\"parameters\":" CITY ",\"strict\":true}},"
                  "{\"id\":\"id\",\"type\":\"function\",\"function\":{\"name\":\"w\","
                  "\"arguments\":\"{\\\"city\\\":\\\"\\\"}\"}}"));
}

/* ---- turns */
TEST(a_call_waits_until_it_is_answered_and_no_longer)
{
    struct tool_turns t = {.from = 0};
    const jval place = read("{\"id\":1}"), at = json_get(&place, "id");
    CHECK(!tools_answer_call(&t, STR("a")));
    CHECK_OK(tools_open_call(&t, memory, STR("a"), &at));
    CHECK_OK(tools_open_call(&t, memory, STR("b"), &at));
    CHECK_ERR(tools_open_call(&t, memory, STR("a"), &at), ARGUMENT);
    CHECK_STR(str_of(err_param()), STR("id"));
    CHECK(tools_answer_call(&t, STR("a")));
    CHECK(!tools_answer_call(&t, STR("a")));
    CHECK_OK(tools_open_call(&t, memory, STR("a"), &at));
    CHECK(tools_answer_call(&t, STR("b")) && tools_answer_call(&t, STR("a")));
    CHECK_INT(t.open.count, ==, 0);
}

TEST(memory_may_end_at_any_allocation)
{
    const jval schema = read(CITY);
    const struct schema_call call = {STR("wetter"), schema};
    long n = 0;
    for (bool fired = true; fired && n < 5000;) {
        static struct conv c;
        c = (struct conv){.tools.most = 1};
        fault_arm(++n);
        const err e = tools_compile(memory, &call, 1, &c);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
    }
    CHECK_INT(n, >, 2);
    CHECK_INT(n, <, 5000);
    arena_free(TAKE(memory));
}
