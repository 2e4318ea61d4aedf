/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/json_guide.h"

#include <stdio.h>
#include <yyjson.h>

#include "test.h"

/* One byte at a time; the length of what was taken. */
static size_t
take_all(struct json_guide *g, str text)
{
    size_t i = 0;
    while (i < text.len && json_guide_take(g, (str){text.at + i, 1}))
        i++;
    return i;
}

static bool
is_object(str text)
{
    struct json_guide g = JSON_GUIDE_INIT;
    return take_all(&g, text) == text.len && json_guide_is_whole(&g);
}

static bool
parser_reads_object(str text)
{
    yyjson_doc *doc = yyjson_read(text.at, text.len, 0);
    const bool is = doc && yyjson_is_obj(yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return is;
}

TEST(objects_of_every_kind_of_value_are_taken)
{
    static const char *const good[] = {
        "{}",
        "{ \n}",
        "{\"a\":1}",
        "{\"a\" : [ 1 , -2.5e+1, 0, -0.0, true,false , null, \"\", {} , [] ] }",
        "{\"\":{\"b\":[[[]]]},\"c\":\"\\u00e4\\n\\\"\\\\\\/\"}",
        "{\"a\":\"\\ud83d\\udE00\"}",
        "{\"a\":\"gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x98\x80\"}",
        "{\"a\":12345678901234567890.12345678901234567890e-99}",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(is_object(str_of(good[i])));
        CHECK(parser_reads_object(str_of(good[i])));
    }
}

TEST(what_is_no_object_is_refused_at_the_first_wrong_byte)
{
    static const struct {
        const char *text;
        size_t taken;
    } bad[] = {
        {"[]", 0},
        {" {}", 0},
        {"\"a\"", 0},
        {"1", 0},
        {"{a", 1},
        {"{,", 1},
        {"{\"a\" 1", 5},
        {"{\"a\":}", 5},
        {"{\"a\":1,}", 7},
        {"{\"a\":[1,]", 8},
        {"{\"a\":[1}", 7},
        {"{]", 1},
        {"{\"a\":01", 6},
        {"{\"a\":-a", 6},
        {"{\"a\":.5", 5},
        {"{\"a\":1.}", 7},
        {"{\"a\":1e}", 7},
        {"{\"a\":tru}", 8},
        {"{\"a\":nul ", 8},
        {"{\"\n", 2},
        {"{\"\\x", 3},
        {"{\"\\u12g", 6},
        {"{\"\\udc00", 5},
        {"{\"\\ud800x", 8},
        {"{\"\\ud800\\n", 9},
        {"{\"\\ud800\\ue", 10},
        {"{\"\xc0\xa2", 2},
        {"{\"\x80", 2},
        {"{\"\xed\xa0", 3},
        {"{\"\xe0\x80", 3},
        {"{\"\xf4\x90", 3},
        {"{\"\xc3\x28", 3},
        {"{}x", 2},
        {"{} ", 2},
        {"{\"a\":1 2", 7},
        {"{\"a\":1e999", 9},
        {"{\"a\":+1", 5},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct json_guide g = JSON_GUIDE_INIT;
        CHECK_INT(take_all(&g, str_of(bad[i].text)), ==, bad[i].taken);
    }
}

/* Every text over an alphabet that reaches every state, up to a length.  A parser also takes
 * white space around the object. */
static void
compare_all(char *text, size_t len, size_t len_max)
{
    static const char alphabet[] = "{}[]\":,\\0-.e tu";
    const str s = {text, len};
    if (len && is_object(str_trim(s)) != parser_reads_object(s))
        test_fail(__FILE__, __LINE__, "the parser and the guide disagree on %.*s", STR_FMT(s));
    struct json_guide g = JSON_GUIDE_INIT;
    if (len == len_max || take_all(&g, s) < len)
        return;
    for (size_t i = 0; i + 1 < sizeof alphabet; i++) {
        text[len] = alphabet[i];
        compare_all(text, len + 1, len_max);
    }
}

TEST(up_to_ten_bytes_the_guide_takes_exactly_what_a_parser_reads)
{
    char text[16];
    memcpy(text, "{\"\":", 4);
    compare_all(text, 4, 10);
    compare_all(text, 0, 6);
}

/* A random walk over the bytes that are allowed, then the shortest way home. */
static bool
can_be_finished(const struct json_guide *from, int steps)
{
    static const char *const endings[] = {
        "\"",  ":", "0", "}", "]",  "0000",  "e",    "rue", "alse", "ull",  "ue",   "se",   "ll",
        "lse", "l", "n", "u", "\\", "udc00", "dc00", "c00", "00",   "0000", "\x80", "\xa0", "\x90"};
    if (json_guide_is_whole(from))
        return true;
    if (steps == 0)
        return false;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct json_guide g = *from;
        if (json_guide_take(&g, str_of(endings[i])) && g.depth <= from->depth &&
            can_be_finished(&g, steps - 1))
            return true;
    }
    return false;
}

TEST(from_every_state_reached_at_random_the_object_can_be_finished)
{
    for (int round = 0; round < 2000; round++) {
        struct json_guide g = JSON_GUIDE_INIT;
        NEED(json_guide_take(&g, STR("{")));
        for (int i = 0; i < 40 && !json_guide_is_whole(&g); i++) {
            const char c = (char)test_random();
            IGNORE((err){json_guide_take(&g, (str){&c, 1})});
        }
        while (g.depth > 2)
            if (!json_guide_take(&g, g.arrays >> (g.depth - 1) & 1 ? STR("]") : STR("}")))
                break;
        if (g.depth <= 2)
            CHECK(can_be_finished(&g, 7));
    }
}

TEST(a_random_walk_that_ends_is_read_by_a_parser)
{
    size_t whole = 0;
    for (int round = 0; round < 20000; round++) {
        char text[400] = "{";
        size_t len = 1;
        struct json_guide g = JSON_GUIDE_INIT;
        NEED(json_guide_take(&g, (str){text, len}));
        for (int tries = 0; tries < 4000 && len < sizeof text && !json_guide_is_whole(&g);
             tries++) {
            static const char often[] = "\"\"\"}}}]]],:0tf\\u";
            const uint64_t r = test_random();
            text[len] = r & 1 ? (char)(r >> 8) : often[(r >> 8) % (sizeof often - 1)];
            len += json_guide_take(&g, (str){text + len, 1});
        }
        if (!json_guide_is_whole(&g))
            continue;
        whole++;
        if (!parser_reads_object((str){text, len}))
            test_fail(__FILE__, __LINE__, "not read: %.*s", (int)len, text);
    }
    CHECK_INT(whole, >, 1000);
}

TEST(nesting_spaces_and_digits_are_bounded)
{
    struct json_guide g = JSON_GUIDE_INIT;
    NEED(json_guide_take(&g, STR("{\"a\":")));
    for (int i = 1; i < JSON_GUIDE_DEPTH_MAX; i++)
        CHECK(json_guide_take(&g, STR("[")));
    CHECK(!json_guide_take(&g, STR("[")));
    CHECK(!json_guide_take(&g, STR("{")));
    CHECK(json_guide_take(&g, STR("1")));
    for (int i = 1; i < JSON_GUIDE_DIGITS_MAX; i++)
        CHECK(json_guide_take(&g, STR("1")));
    CHECK(!json_guide_take(&g, STR("1")));
    for (int i = 0; i < JSON_GUIDE_SPACES_MAX; i++)
        CHECK(json_guide_take(&g, STR(" ")));
    CHECK(!json_guide_take(&g, STR("\n")));
    CHECK(json_guide_take(&g, STR("]")));
}

TEST(a_refused_token_leaves_the_guide_unchanged)
{
    struct json_guide g = JSON_GUIDE_INIT;
    NEED(json_guide_take(&g, STR("{\"a\":")));
    const struct json_guide before = g;
    CHECK(!json_guide_take(&g, STR("[1, 2}")));
    CHECK(memcmp(&g, &before, sizeof g) == 0);
    CHECK(json_guide_take(&g, STR("[1, 2]}")));
    CHECK(json_guide_is_whole(&g));
    CHECK(!json_guide_take(&g, STR("}")));
}
