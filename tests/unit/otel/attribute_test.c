/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/attribute.h"

#include "test.h"

TEST(an_attribute_is_a_key_with_one_value_of_its_kind)
{
    AUTO(buf) b = BUF(1024);
    json_open(&b, '[');
    attribute_str(&b, "a.b", STR("x\"y"));
    attribute_u64(&b, "n", UINT64_MAX);
    attribute_id(&b, "id", 10);
    json_close(&b, ']');
    CHECK_STR(buf_str(&b),
              STR("[{\"key\":\"a.b\",\"value\":{\"stringValue\":\"x\\\"y\"}},"
                  "{\"key\":\"n\",\"value\":{\"intValue\":\"18446744073709551615\"}},"
                  "{\"key\":\"id\",\"value\":{\"stringValue\":\"000000000000000a\"}}]"));
}

TEST(who_tells_is_said_without_naming_the_machine)
{
    const struct otel_self self = {.version = STR("abc"), .instance = 1, .address = STR("h:1")};
    AUTO(buf) b = BUF(1024);
    json_open(&b, '{');
    member_resource(&b, &self);
    member_scope(&b, &self);
    member_text_u64(&b, "t", 7);
    json_close(&b, '}');
    CHECK(str_find(buf_str(&b), STR("\"service.name\"")) > 0);
    CHECK(str_find(buf_str(&b), STR("\"0000000000000001\"")) > 0);
    CHECK(str_ends(buf_str(&b),
                   STR("\"scope\":{\"name\":\"hoheit\",\"version\":\"abc\"},\"t\":\"7\"}")));
    CHECK(str_find(buf_str(&b), STR("h:1")) < 0);
}

TEST(what_does_not_fit_is_told_at_the_end)
{
    AUTO(buf) b = BUF(16);
    attribute_str(&b, "key", STR("a value that is too long"));
    CHECK_ERR(buf_end(&b), LIMIT);
}
