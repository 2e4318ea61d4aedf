/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/read.h"

#include "base/fault.h"
#include "test.h"

static arena *memory;
static jval root;

static const jval *
read(const char *text)
{
    arena_free(TAKE(memory));
    CHECK_OK(arena_open(1 << 20, &memory));
    CHECK_OK(json_read(memory, str_of(text), &root));
    return &root;
}

static const struct read_field fields[] = {
    {1 | 2, "a", MAPPED}, {1, "b", ACCEPTED}, {1, "c", REFUSED}, {2, "c", MAPPED}};

static err
check(const char *text, uint32_t route)
{
    return read_fields(read(text), fields, sizeof fields / sizeof *fields, route);
}

static void
refused(err e, enum err_code code, const char *param, int line)
{
    if (e.code != code || strcmp(err_param(), param) != 0 || !strstr(err_public(e), param))
        test_fail(__FILE__, line, "code %d at \"%s\": %s", e.code, err_param(), err_public(e));
}
#define REFUSED_AS(code, param, e) refused(e, ERR_##code, param, __LINE__)

TEST(each_field_has_the_fate_it_has_on_its_route)
{
    CHECK_OK(check("{}", 1));
    CHECK_OK(check("{\"a\":1,\"b\":{\"x\":[]}}", 1));
    CHECK_OK(check("{\"a\":1,\"c\":1}", 2));
    REFUSED_AS(UNSUPPORTED, "c", check("{\"a\":1,\"c\":1}", 1));
    CHECK_OK(check("{\"c\":null}", 1));
    REFUSED_AS(ARGUMENT, "b", check("{\"b\":1}", 2));
    REFUSED_AS(ARGUMENT, "d", check("{\"a\":1,\"d\":null}", 1));
}

TEST(what_asks_for_nothing_is_told_from_what_asks)
{
    static const char *const nothing[] = {"null", "false", "\"\"", "[]", "{}"};
    static const char *const asking[] = {"true", "0", "1", "\"x\"", "[null]", "{\"a\":null}"};
    for (size_t i = 0; i < 5; i++)
        CHECK(read_asks_nothing(read(nothing[i])));
    for (size_t i = 0; i < 6; i++)
        CHECK(!read_asks_nothing(read(asking[i])));
    CHECK(read_asks_nothing(&(jval){0}));
}

TEST(members_are_known_or_empty)
{
    static const char *const known[] = {"x", "y", NULL};
    CHECK_OK(read_members(read("{\"x\":1,\"z\":null}"), known));
    CHECK_OK(read_members(read("{}"), known));
    REFUSED_AS(ARGUMENT, "z", read_members(read("{\"x\":1,\"z\":2}"), known));
    const jval inner = json_get(read("{\"in\":{\"z\":1}}"), "in");
    REFUSED_AS(ARGUMENT, "in.z", read_members(&inner, known));
}

TEST(a_name_that_may_be_content_is_not_repeated)
{
    const err e = check("{\"Herr M\xc3\xbcller, geboren 1970\":1}", 1);
    CHECK_ERR(e, ARGUMENT);
    CHECK(!strstr(err_public(e), "1970") && !strstr(err_trail(), "1970"));
}

TEST(a_value_is_copied_compactly_within_its_bound)
{
    str text;
    CHECK_OK(read_json(memory, read("{ \"a\" : [ 1, \"\\u00e4\" ] }"), 15, &text));
    CHECK_STR(text, STR("{\"a\":[1,\"\xc3\xa4\"]}"));
    const jval inner = json_get(&root, "a");
    REFUSED_AS(ARGUMENT, "a", read_json(memory, &inner, 7, &text));
    CHECK_STR(text, STR("{\"a\":[1,\"\xc3\xa4\"]}"));
}

static fallible
refuse(const jval *v)
{
    REFUSE_AT(UNSUPPORTED, v, "must be %d", 7);
}

TEST(a_refusal_begins_with_its_place)
{
    const jval list = json_get(read("{\"list\":[1,2]}"), "list"), second = json_at(&list, 1);
    const err e = refuse(&second);
    CHECK_ERR(e, UNSUPPORTED);
    CHECK_STR(str_of(err_param()), STR("list[1]"));
    CHECK_STR(str_of(err_public(e)), STR("list[1] must be 7"));
}

TEST(no_memory_is_said)
{
    str text = STR("before");
    const jval *v = read("{\"a\":1}");
    fault_arm(1);
    CHECK_ERR(read_json(memory, v, 100, &text), LIMIT);
    fault_arm(0);
    CHECK_STR(text, STR("before"));
    arena_free(TAKE(memory));
}
