/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/json.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

enum { MIB = 1 << 20, MEMBERS = 100000 };

static arena *
fresh(void)
{
    static arena *a;
    if (!a)
        CHECK_OK(arena_open(64 * MIB, &a));
    arena_reset(a);
    return a;
}

static jval
read_or_fail(const char *text)
{
    jval v = {0};
    CHECK_OK(json_read(fresh(), str_of(text), &v));
    return v;
}

static void
check_refused(str text, const char *want)
{
    jval v = {.index = 7};
    const err e = json_read(fresh(), text, &v);
    CHECK_ERR(e, PARSE);
    CHECK_STR(str_of(err_public(e)), str_of(want));
    CHECK(v.v == NULL && v.index == 7);
}

TEST(every_kind_of_value_is_read)
{
    static const struct {
        const char *text;
        enum jtype type;
    } cases[] = {{"null", J_NULL},         {"true", J_BOOL},      {"false", J_BOOL},
                 {"0", J_NUMBER},          {"-1.5e-3", J_NUMBER}, {"\"\"", J_STRING},
                 {"[]", J_ARRAY},          {"{}", J_OBJECT},      {" [1] ", J_ARRAY},
                 {"\t\r\n{}\n", J_OBJECT}, {"[[],{}]", J_ARRAY},  {"{\n  \"a\": 1\n}", J_OBJECT}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(json_type(read_or_fail(cases[i].text)), ==, cases[i].type);
    CHECK_INT(json_type((jval){0}), ==, J_ABSENT);
}

TEST(what_is_not_json_is_refused_with_its_place)
{
    static const struct {
        str text;
        const char *want;
    } cases[] = {
        {STR_INIT(""), "line 1, column 1: the text is empty"},
        {STR_INIT("  \n "), "line 1, column 1: input data is empty"},
        {STR_INIT("{\"a\":1,}"), "line 1, column 7: trailing comma is not allowed"},
        {STR_INIT("[1,2,]"), "line 1, column 5: trailing comma is not allowed"},
        {STR_INIT("{\n\"a\": NaN}"),
         "line 2, column 6: unexpected character, expected a valid JSON value"},
        {STR_INIT("[Infinity]"),
         "line 1, column 2: unexpected character, expected a valid JSON value"},
        {STR_INIT("1 2"), "line 1, column 3: unexpected content after document"},
        {STR_INIT("{} x"), "line 1, column 4: unexpected content after document"},
        {STR_INIT("[1]\0"), "line 1, column 4: unexpected content after document"},
        {STR_INIT("[01]"), "line 1, column 2: number with leading zero is not allowed"},
        {STR_INIT("[1.]"), "line 1, column 4: no digit after decimal point"},
        {STR_INIT("[-]"), "line 1, column 3: no digit after minus sign"},
        {STR_INIT("[1e999]"), "line 1, column 2: number is infinity when parsed as double"},
        {STR_INIT("[\"a\nb\"]"), "line 1, column 4: unexpected control character in string"},
        {STR_INIT("\"\\ud800\""), "line 1, column 8: no low surrogate in string"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_refused(cases[i].text, cases[i].want);
}

TEST(leniencies_of_other_readers_are_refused)
{
    static const char *const bad[] = {"{'a':1}",     "{a:1}",      "[1 2]",     "{\"a\" 1}",
                                      "[1,,2]",      "[,1]",       "{,}",       "[",
                                      "{",           "]",          "[1}",       "{\"a\":1]",
                                      "\"a",         "\"\\x41\"",  "\"\\u12\"", "+1",
                                      ".5",          "0x10",       "1e",        "1e+",
                                      "--1",         "tru",        "True",      "nul",
                                      "// x\n1",     "/* x */1",   "[1]//",     "\xEF\xBB\xBF{}",
                                      "\"\\udc00\"", "\"\t\"",     "{\"a\":}",  "{1:2}",
                                      "[1]]",        "{\"a\":1}}", "-",         "nan",
                                      "-Infinity",   "undefined",  "\"\\",      "{\"a\""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        jval v = {0};
        CHECK_ERR(json_read(fresh(), str_of(bad[i]), &v), PARSE);
        CHECK(v.v == NULL);
    }
}

TEST(a_column_counts_characters_and_a_line_its_ends)
{
    check_refused(STR("[\"\xC3\xA4\xE2\x82\xAC\", x]"),
                  "line 1, column 8: unexpected character, expected a valid JSON value");
    check_refused(STR("[\n\n\n  x]"),
                  "line 4, column 3: unexpected character, expected a valid JSON value");
}

TEST(broken_utf8_is_refused_wherever_it_stands)
{
    check_refused(STR("[\"a\xFF\"]"), "line 1, column 4: not valid UTF-8");
    check_refused(STR("{\n\"\xC3\xA4\xC3\":1}"), "line 2, column 3: not valid UTF-8");
    check_refused(STR("\"\xED\xA0\x80\""), "line 1, column 2: not valid UTF-8");
    check_refused(STR("\"\xC0\x80\""), "line 1, column 2: not valid UTF-8");
    check_refused(STR("\xFF"), "line 1, column 1: not valid UTF-8");
    check_refused(STR("{} \x80"), "line 1, column 4: not valid UTF-8");
}

TEST(a_refusal_never_tells_what_the_text_holds)
{
    static const char *const bad[] = {"{\"geheim\": geheim}", "[\"geheim]",
                                      "{\"geheim\":1,\"geheim\":2}", "\"geheim\" geheim",
                                      "{\"geheim\\u0000\":1}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        jval v = {0};
        const err e = json_read(fresh(), str_of(bad[i]), &v);
        CHECK_ERR(e, PARSE);
        CHECK(!strstr(err_public(e), "geheim") && !strstr(err_trail(), "geheim"));
    }
}

static str
nested(char *room, size_t depth, const char *opens, const char *closes)
{
    const size_t n = strlen(opens), m = strlen(closes);
    for (size_t i = 0; i < depth; i++)
        memcpy(room + i * n, opens, n);
    room[depth * n] = '0';
    for (size_t i = 0; i < depth; i++)
        memcpy(room + depth * n + 1 + i * m, closes, m);
    return (str){room, depth * (n + m) + 1};
}

TEST(sixty_four_levels_are_read_and_sixty_five_refused)
{
    char room[1024];
    jval v = {0};
    CHECK_OK(json_read(fresh(), nested(room, 64, "[", "]"), &v));
    CHECK_OK(json_read(fresh(), nested(room, 64, "{\"a\":", "}"), &v));
    CHECK_OK(json_read(fresh(), nested(room, 32, "[{\"a\":", "}]"), &v));
    check_refused(nested(room, 65, "[", "]"), "line 1, column 65: nested too deeply");
    check_refused(nested(room, 65, "{\"a\":", "}"), "line 1, column 321: nested too deeply");
    check_refused(nested(room, 33, "[{\"a\":", "}]"), "line 1, column 193: nested too deeply");
}

TEST(brackets_in_strings_are_not_levels)
{
    char text[256] = "\"";
    memset(text + 1, '[', 200);
    text[201] = '"';
    CHECK_INT(json_type(read_or_fail(text)), ==, J_STRING);
    CHECK_INT(json_type(read_or_fail("[\"\\\"[[[[\\\\\",[]]")), ==, J_ARRAY);
}

TEST(a_name_used_twice_is_refused_at_its_place)
{
    const char *const why = "this member's name was used before or holds a NUL";
    char want[128];
    snprintf(want, sizeof want, "line 2, column 3: %s", why);
    check_refused(STR("{\"a\":1,\n \"a\":2}"), want);
    snprintf(want, sizeof want, "line 1, column 17: %s", why);
    check_refused(STR("[0,{\"b\":{\"a\":1,\"\\u0061\":2}}]"), want);
    snprintf(want, sizeof want, "line 1, column 3: %s", why);
    check_refused(STR("{\"a\\u0000\":1}"), want);
}

TEST(the_same_name_in_two_objects_is_fine)
{
    CHECK_INT(json_count(&(jval){.v = read_or_fail("[{\"a\":1},{\"a\":{\"a\":2}}]").v}), ==, 2);
}

static void
put_members(buf *b, size_t count, size_t twice)
{
    buf_add_char(b, '{');
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(b, "%s\"m%zu\":%zu", i ? "," : "", i == twice ? 0 : i, i);
    buf_add_char(b, '}');
}

TEST(a_name_used_twice_is_found_in_objects_of_every_size)
{
    for (size_t count = 2; count < 40; count++)
        for (size_t twice = 1; twice < count; twice += 3) {
            AUTO(buf) b = BUF(4 * MIB);
            jval v = {0};
            put_members(&b, count, twice);
            CHECK_ERR(json_read(fresh(), buf_str(&b), &v), PARSE);
            buf_clear(&b);
            put_members(&b, count, SIZE_MAX);
            CHECK_OK(json_read(fresh(), buf_str(&b), &v));
        }
}

/* With a quadratic search this would run into the time limit. */
TEST(very_large_objects_take_linear_time)
{
    AUTO(buf) b = BUF(4 * MIB);
    jval v = {0};
    put_members(&b, MEMBERS, SIZE_MAX);
    CHECK_OK(json_read(fresh(), buf_str(&b), &v));
    CHECK_INT(json_count(&v), ==, MEMBERS);
    buf_clear(&b);
    put_members(&b, MEMBERS, MEMBERS - 1);
    CHECK_ERR(json_read(fresh(), buf_str(&b), &v), PARSE);
}

TEST(a_large_text_costs_the_arena_little_more_than_itself)
{
    AUTO(buf) b = BUF(4 * MIB);
    arena *a = fresh();
    jval v = {0};
    str s = STR_NONE;
    buf_add_char(&b, '"');
    memset(buf_add_room(&b, 2 * MIB), 'x', 2 * MIB);
    buf_add_char(&b, '"');
    NEED_OK(json_read(a, buf_str(&b), &v));
    CHECK(arena_used(a) < b.len + 256);
    CHECK_OK(json_str(&v, 2 * MIB, &s));
    CHECK_INT(s.len, ==, 2 * MIB);
}

TEST(a_text_too_large_for_the_arena_is_a_limit_and_no_mistake_of_the_reader)
{
    AUTO(arena) *small = NULL;
    AUTO(buf) b = BUF(4 * MIB);
    jval v = {0};
    NEED_OK(arena_open(64 * 1024, &small));
    buf_add_char(&b, '[');
    for (int i = 0; i < 10000; i++)
        buf_add(&b, STR("0,"));
    buf_add(&b, STR("0]"));
    CHECK_ERR(json_read(small, buf_str(&b), &v), LIMIT);
    CHECK_OK(json_read(fresh(), buf_str(&b), &v));
    CHECK_INT(json_count(&v), ==, 10001);
}

/* Reads an object large enough to need every kind of memory; false when no fault was left. */
static bool
read_with_fault(long n)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(MIB);
    jval v = {0};
    put_members(&b, 50, SIZE_MAX);
    CHECK_OK(arena_open(MIB, &a));
    fault_arm(n);
    const err e = json_read(a, buf_str(&b), &v);
    const bool fired = fault_fired();
    fault_arm(0);
    CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
    CHECK((v.v == NULL) == fired);
    return fired;
}

TEST(every_fault_of_memory_is_a_limit)
{
    long n = 1;
    while (n < 100 && read_with_fault(n))
        n++;
    CHECK_INT(n, >, 5);
    CHECK_INT(n, <, 20);
}

TEST(members_and_items_are_found)
{
    const jval root = read_or_fail("{\"a\":[10,{\"b\":null}],\"\":7,\"c\":false}");
    const jval a = json_get(&root, "a"), item = json_at(&a, 1);
    int64_t n = 0;
    jval v = json_at(&a, 0);
    CHECK_OK(json_i64(&v, 0, 100, &n));
    CHECK_INT(n, ==, 10);
    v = json_get(&root, "");
    CHECK_OK(json_i64(&v, 0, 100, &n));
    CHECK_INT(n, ==, 7);
    CHECK_INT(json_type(json_get(&item, "b")), ==, J_ABSENT);
    CHECK_INT(json_type(json_get_null(&item, "b")), ==, J_NULL);
    CHECK_INT(json_type(json_get_null(&item, "c")), ==, J_ABSENT);
    CHECK_INT(json_type(json_get(&root, "c")), ==, J_BOOL);
    CHECK_INT(json_count(&root), ==, 3);
    CHECK_INT(json_count(&a), ==, 2);
}

TEST(what_is_not_there_is_absent)
{
    const jval root = read_or_fail("{\"a\":[1]}"), none = {0};
    const jval a = json_get(&root, "a"), nothing = json_get(&root, "nothing");
    CHECK_INT(json_type(nothing), ==, J_ABSENT);
    CHECK_INT(json_type(json_get(&nothing, "x")), ==, J_ABSENT);
    CHECK_INT(json_type(json_get(&a, "x")), ==, J_ABSENT);
    CHECK_INT(json_type(json_at(&a, 1)), ==, J_ABSENT);
    CHECK_INT(json_type(json_at(&root, 0)), ==, J_ABSENT);
    CHECK_INT(json_type(json_at(&none, 0)), ==, J_ABSENT);
    CHECK_INT(json_count(&none), ==, 0);
    CHECK(!json_each(&none, &(struct jwalk){0}, &(jval){0}));
}

TEST(walking_meets_every_item_in_order)
{
    const jval root = read_or_fail("{\"x\":[1,[2,3],{\"y\":[4]},5],\"z\":{},\"w\":\"s\"}");
    struct jwalk w = {0}, in = {0};
    static const char *const names[] = {"x", "z", "w"};
    jval member, item;
    char room[32];
    for (size_t i = 0; json_each(&root, &w, &member); i++) {
        NEED(i < 3);
        CHECK_STR(str_of(member.name), str_of(names[i]));
        CHECK(member.v == json_get(&root, names[i]).v && member.up == &root);
    }
    CHECK_INT(w.index, ==, 3);
    const jval x = json_get(&root, "x");
    for (size_t i = 0; json_each(&x, &in, &item); i++) {
        NEED(i < 4);
        CHECK(item.v == json_at(&x, i).v && item.index == i && item.name == NULL);
    }
    CHECK_STR(str_of(json_path(&item, room, sizeof room)), STR("x[3]"));
    const jval word = json_get(&root, "w");
    CHECK(!json_each(&word, &(struct jwalk){0}, &item));
}

TEST(a_path_names_the_way_from_the_root)
{
    const jval root = read_or_fail("{\"messages\":[0,0,{\"content\":[{\"type\":1}]}]}");
    const jval m = json_get(&root, "messages"), m2 = json_at(&m, 2), c = json_get(&m2, "content"),
               c0 = json_at(&c, 0), t = json_get(&c0, "type"), gone = json_get(&m2, "role");
    char room[64];
    CHECK_STR(str_of(json_path(&root, room, sizeof room)), STR(""));
    CHECK_STR(str_of(json_path(&m, room, sizeof room)), STR("messages"));
    CHECK_STR(str_of(json_path(&m2, room, sizeof room)), STR("messages[2]"));
    CHECK_STR(str_of(json_path(&c, room, sizeof room)), STR("messages[2].content"));
    CHECK_STR(str_of(json_path(&t, room, sizeof room)), STR("messages[2].content[0].type"));
    CHECK_STR(str_of(json_path(&gone, room, sizeof room)), STR("messages[2].role"));
}

TEST(a_path_is_cut_to_its_room)
{
    const jval root = read_or_fail("{\"messages\":[0,{\"content\":1}]}");
    const jval m = json_get(&root, "messages"), m1 = json_at(&m, 1), c = json_get(&m1, "content");
    for (size_t len = 1; len < 24; len++) {
        char room[32];
        memset(room, '~', sizeof room);
        const str got = str_of(json_path(&c, room, len));
        CHECK_STR(got, str_slice(STR("messages[1].content"), 0, len - 1));
        CHECK_INT(room[len], ==, '~');
    }
}

TEST(a_path_shows_no_name_that_may_be_content)
{
    const jval root = read_or_fail("{\"Herr M\xC3\xBCller\":{\"ok\":1},\"\":[0]}");
    struct jwalk w = {0};
    jval member;
    char room[64];
    NEED(json_each(&root, &w, &member));
    const jval ok = json_get(&member, "ok");
    CHECK_STR(str_of(json_path(&ok, room, sizeof room)), STR("?.ok"));
    NEED(json_each(&root, &w, &member));
    const jval item = json_at(&member, 0);
    CHECK_STR(str_of(json_path(&item, room, sizeof room)), STR("?[0]"));
}

/* Which of the typed reads take the value: s(tring) b(ool) i(64) f(64) o(bject) a(rray). */
static void
takers(const jval *v, char ret[8])
{
    str s;
    bool b;
    int64_t i;
    double f;
    size_t n = 0;
    const err e[] = {json_str(v, 99, &s),      json_bool(v, &b), json_i64(v, -99, 99, &i),
                     json_f64(v, -99, 99, &f), json_object(v),   json_array(v, 0, 99)};
    for (size_t k = 0; k < 6; k++)
        if (!e[k].code)
            ret[n++] = "sbifoa"[k];
        else
            CHECK_ERR(e[k], ARGUMENT);
    ret[n] = '\0';
}

TEST(a_typed_read_takes_its_type_only)
{
    static const struct {
        const char *text, *takers;
    } cases[] = {{"\"x\"", "s"}, {"true", "b"}, {"false", "b"}, {"7", "if"},     {"-7", "if"},
                 {"7.5", "f"},   {"7.0", "if"}, {"7e0", "if"},  {"70e-1", "if"}, {"{}", "o"},
                 {"[]", "a"},    {"null", ""},  {"\"7\"", "s"}, {"100", ""},     {"1e300", ""},
                 {"\"\"", "s"},  {"-0", "if"},  {"-0.0", "if"}, {"0.5e1", "if"}};
    char got[8];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const jval v = read_or_fail(cases[i].text);
        takers(&v, got);
        CHECK_STR(str_of(got), str_of(cases[i].takers));
    }
    const jval absent = {0};
    takers(&absent, got);
    CHECK_STR(str_of(got), STR(""));
}

TEST(a_refused_value_is_named_by_its_path)
{
    const jval root = read_or_fail("{\"m\":[{\"temperature\":2.5,\"n\":1.5,\"s\":\"long\"}]}");
    const jval m = json_get(&root, "m"), m0 = json_at(&m, 0);
    jval v = json_get(&m0, "temperature");
    double d = 7;
    int64_t n = 7;
    str s = STR("before");
    err e = json_f64(&v, 0, 2, &d);
    CHECK_STR(str_of(err_public(e)), STR("m[0].temperature must be a number from 0 to 2"));
    CHECK_STR(str_of(err_param()), STR("m[0].temperature"));
    v = json_get(&m0, "n");
    e = json_i64(&v, 1, 8, &n);
    CHECK_STR(str_of(err_public(e)), STR("m[0].n must be a whole number from 1 to 8"));
    v = json_get(&m0, "s");
    e = json_str(&v, 3, &s);
    CHECK_STR(str_of(err_public(e)), STR("m[0].s must be at most 3 bytes long"));
    v = json_get(&m0, "role");
    e = json_str(&v, 3, &s);
    CHECK_STR(str_of(err_public(e)), STR("m[0].role is required"));
    e = json_array(&m, 2, 5);
    CHECK_STR(str_of(err_public(e)), STR("m must be an array of 2 to 5 items"));
    e = json_array(&root, 0, 5);
    CHECK_STR(str_of(err_public(e)), STR("the whole must be an array of 0 to 5 items"));
    CHECK(d == 7.0 && n == 7 && str_eq(s, STR("before")));
}

static err
i64_of(const char *text, int64_t min, int64_t max, int64_t *ret)
{
    const jval v = read_or_fail(text);
    return json_i64(&v, min, max, ret);
}

TEST(whole_numbers_are_read_up_to_64_bits_and_refused_beyond)
{
    static const char *const beyond[] = {"9223372036854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "-9223372036854775809",
                                         "1e19",
                                         "-1e300",
                                         "9007199254740994.0",
                                         "0.1",
                                         "1e-300",
                                         "123456789012345678901234567890"};
    int64_t n = 7;
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++)
        CHECK_ERR(i64_of(beyond[i], INT64_MIN, INT64_MAX, &n), ARGUMENT);
    CHECK_INT(n, ==, 7);
    CHECK_OK(i64_of("9223372036854775807", INT64_MIN, INT64_MAX, &n));
    CHECK(n == INT64_MAX);
    CHECK_OK(i64_of("-9223372036854775808", INT64_MIN, INT64_MAX, &n));
    CHECK(n == INT64_MIN);
    CHECK_OK(i64_of("9007199254740992.0", INT64_MIN, INT64_MAX, &n));
    CHECK(n == 1ll << 53);
    CHECK_OK(i64_of("5", 5, 5, &n));
    CHECK_ERR(i64_of("4", 5, 5, &n), ARGUMENT);
    CHECK_ERR(i64_of("6", 5, 5, &n), ARGUMENT);
}

TEST(a_number_of_any_length_is_a_double)
{
    const jval v = read_or_fail("123456789012345678901234567890");
    double d = 0;
    CHECK_OK(json_f64(&v, 0, 1e30, &d));
    CHECK(d == 123456789012345678901234567890.0);
    CHECK_ERR(json_f64(&v, 0, 1e29, &d), ARGUMENT);
}

TEST(a_string_may_hold_escapes_and_nul)
{
    const jval v = read_or_fail("\"a\\u0000\\n\\\"\\\\\\/\\ud83d\\ude00\xC3\xA4\"");
    str s = STR_NONE;
    CHECK_OK(json_str(&v, 99, &s));
    CHECK_STR(s, STR("a\0\n\"\\/\xF0\x9F\x98\x80\xC3\xA4"));
    CHECK_OK(json_str(&v, s.len, &s));
    CHECK_ERR(json_str(&v, s.len - 1, &s), ARGUMENT);
}

TEST(an_optional_value_left_out_or_null_leaves_the_result_alone)
{
    const jval root = read_or_fail("{\"null\":null}");
    const jval gone = json_get(&root, "gone"), null = json_get_null(&root, "null");
    const jval *const both[] = {&gone, &null};
    str s = STR("before");
    bool b = true;
    int64_t i = 7;
    double d = 7;
    for (size_t k = 0; k < 2; k++) {
        CHECK_OK(opt_json_str(both[k], 9, &s));
        CHECK_OK(opt_json_bool(both[k], &b));
        CHECK_OK(opt_json_i64(both[k], 0, 9, &i));
        CHECK_OK(opt_json_f64(both[k], 0, 9, &d));
    }
    CHECK(str_eq(s, STR("before")) && b && i == 7 && d == 7.0);
}

TEST(an_optional_value_that_is_given_is_read_or_refused)
{
    const jval root = read_or_fail("{\"s\":\"x\",\"b\":false,\"n\":3}");
    const jval s = json_get(&root, "s"), b = json_get(&root, "b"), n = json_get(&root, "n");
    str text = STR_NONE;
    bool flag = true;
    int64_t i = 0;
    double d = 0;
    CHECK_OK(opt_json_str(&s, 9, &text));
    CHECK_OK(opt_json_bool(&b, &flag));
    CHECK_OK(opt_json_i64(&n, 0, 9, &i));
    CHECK_OK(opt_json_f64(&n, 0, 9, &d));
    CHECK(str_eq(text, STR("x")) && !flag && i == 3 && d == 3.0);
    CHECK_ERR(opt_json_str(&n, 9, &text), ARGUMENT);
    CHECK_ERR(opt_json_bool(&n, &flag), ARGUMENT);
    CHECK_ERR(opt_json_i64(&s, 0, 9, &i), ARGUMENT);
    CHECK_ERR(opt_json_f64(&b, 0, 9, &d), ARGUMENT);
}
