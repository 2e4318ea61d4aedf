/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/openapi/words.h"

#include "test.h"

#define WRITTEN(call)                                                                              \
    ({                                                                                             \
        static char room_[1024];                                                                   \
        AUTO(buf) b = BUF(1024);                                                                   \
        call;                                                                                      \
        CHECK(str_copy(buf_str(&b), room_, sizeof room_));                                         \
        str_of(room_);                                                                             \
    })

TEST(members_are_read_one_by_one)
{
    str rest = STR("a b:integer  c:string|null* d* …");
    struct words_member m;
    CHECK(words_next(&rest, &m));
    CHECK_STR(m.name, STR("a"));
    CHECK_STR(m.kinds, STR("string"));
    CHECK(!m.needed);
    CHECK(words_next(&rest, &m));
    CHECK_STR(m.name, STR("b"));
    CHECK_STR(m.kinds, STR("integer"));
    CHECK(words_next(&rest, &m));
    CHECK_STR(m.name, STR("c"));
    CHECK_STR(m.kinds, STR("string|null"));
    CHECK(m.needed);
    CHECK(words_next(&rest, &m));
    CHECK_STR(m.name, STR("d"));
    CHECK(m.needed);
    CHECK(!words_next(&rest, &m));
}

TEST(of_nothing_there_are_no_members)
{
    struct words_member m;
    str rest = STR(""), dots = STR(" … ");
    CHECK(!words_next(&rest, &m));
    CHECK(!words_next(&dots, &m));
}

TEST(kinds_become_types)
{
    CHECK_STR(WRITTEN(words_put_kinds(&b, STR("string|array"), false)),
              STR("{\"type\":[\"string\",\"array\"]}"));
    CHECK_STR(WRITTEN(words_put_kinds(&b, STR("number"), true)),
              STR("{\"type\":[\"number\",\"null\"]}"));
    CHECK_STR(WRITTEN(words_put_kinds(&b, STR("any"), true)), STR("{}"));
    CHECK_STR(WRITTEN(words_put_kinds(&b, STR(""), false)), STR("{}"));
}

TEST(a_body_names_what_must_be_there_and_takes_nothing_else)
{
    CHECK_STR(WRITTEN(words_put_body(&b, STR("a* b:integer"))),
              STR("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"string\"]},"
                  "\"b\":{\"type\":[\"integer\",\"null\"]}},\"required\":[\"a\"],"
                  "\"additionalProperties\":false}"));
    CHECK_STR(WRITTEN(words_put_body(&b, STR("…"))),
              STR("{\"type\":\"object\",\"properties\":{}}"));
}

TEST(all_of_an_answers_members_may_be_required_at_once)
{
    CHECK_STR(WRITTEN({
                  words_open_object(&b);
                  words_put_needed(&b, STR("a b:integer"), true);
              }),
              STR("{\"type\":\"object\",\"required\":[\"a\",\"b\"]"));
    CHECK_STR(WRITTEN(words_put_needed(&b, STR("a b"), false)), STR(""));
}
