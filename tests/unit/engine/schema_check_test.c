/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/schema_rig.h"

#define DEFS(what) "{\"$defs\":{" what "},\"$ref\":\"#/$defs/a\"}"

TEST(a_reference_that_leads_back_is_refused)
{
    REFUSES("{\"$ref\":\"#\"}", "$ref", "leads back");
    REFUSES(DEFS("\"a\":{\"$ref\":\"#/$defs/b\"},\"b\":{\"$ref\":\"#/$defs/a\"}"), "$defs.a.$ref",
            "leads back");
    REFUSES("{\"anyOf\":[{\"type\":\"null\"},{\"$ref\":\"#\"}]}", "anyOf", "leads back");
    REFUSES(DEFS("\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/a\"}]}"), "$defs.a.allOf", "leads back");
}

TEST(a_schema_without_an_end_is_refused)
{
    REFUSES("{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#\"}},\"required\":[\"a\"]}",
            "", "no finite value");
    REFUSES("{\"type\":\"array\",\"items\":{\"$ref\":\"#\"},\"minItems\":1}", "",
            "no finite value");
    REFUSES("{\"anyOf\":[false,{\"const\":1,\"type\":\"string\"}]}", "", "no finite value");
}

TEST(branches_without_a_value_are_left_out)
{
    const char *schema = "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"properties\":{"
                         "\"a\":{\"$ref\":\"#/anyOf/1\"}},\"required\":[\"a\"]}]}";
    TAKES(schema, "null");
    LEAVES(schema, "{\"a\":null}");
    TAKES(
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"minItems\":1,\"items\":{"
        "\"$ref\":\"#/properties/a\"}}}}",
        "{}");
    TAKES("{\"prefixItems\":[{\"type\":\"null\"},false],\"type\":\"array\"}", "[null]");
    LEAVES("{\"prefixItems\":[{\"type\":\"null\"},false],\"type\":\"array\"}", "[null, 1]");
}

TEST(one_of_takes_branches_that_cannot_both_match)
{
    TAKES("{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "null");
    TAKES("{\"oneOf\":[{\"const\":\"a\"},{\"enum\":[\"b\",\"c\"]}]}", "\"c\"");
    TAKES("{\"oneOf\":[{\"properties\":{\"k\":{\"const\":\"a\"}},\"required\":[\"k\"]},"
          "{\"properties\":{\"k\":{\"const\":\"b\"}}}]}",
          "{\"k\":\"b\"}");
    TAKES("{\"oneOf\":[{\"properties\":{\"a\":{}},\"required\":[\"a\"]},"
          "{\"properties\":{\"b\":{}},\"additionalProperties\":false}]}",
          "{\"a\":1}");
    TAKES("{\"oneOf\":[{\"anyOf\":[{\"type\":\"null\"},{\"const\":true}]},{\"type\":\"array\"}]}",
          "true");
}

TEST(one_of_that_may_match_twice_is_refused)
{
    REFUSES("{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "oneOf", "\"oneOf\"");
    REFUSES("{\"oneOf\":[{},{\"type\":\"null\"}]}", "oneOf", "\"oneOf\"");
    REFUSES("{\"oneOf\":[{\"enum\":[\"a\",\"b\"]},{\"const\":\"b\"}]}", "oneOf", "\"oneOf\"");
    REFUSES("{\"oneOf\":[{\"const\":1},{\"const\":1.0}]}", "oneOf", "\"oneOf\"");
    REFUSES("{\"oneOf\":[{\"type\":\"array\"},{\"type\":\"array\",\"maxItems\":1}]}", "oneOf",
            "\"oneOf\"");
    REFUSES("{\"oneOf\":[{\"properties\":{\"k\":{\"const\":\"a\"}}},"
            "{\"properties\":{\"k\":{\"const\":\"b\"}}}]}",
            "oneOf", "\"oneOf\"");
    REFUSES("{\"oneOf\":[{\"properties\":{\"a\":{}},\"required\":[\"a\"]},"
            "{\"properties\":{\"b\":{}}}]}",
            "oneOf", "\"oneOf\"");
}

TEST(a_search_without_end_is_given_up_and_refused)
{
    /* Two lists that differ nowhere. */
    REFUSES(
        "{\"$defs\":{\"a\":{\"properties\":{\"n\":{\"$ref\":\"#/$defs/b\"}},\"required\":[\"n\"]},"
        "\"b\":{\"anyOf\":[{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/c\"}]},"
        "\"c\":{\"properties\":{\"n\":{\"$ref\":\"#/$defs/b\"}}}},"
        "\"oneOf\":[{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/c\"}]}",
        "oneOf", "\"oneOf\"");
}

TEST(many_branches_of_long_enums_end_soon)
{
    AUTO(buf) b = BUF(1 << 20);
    buf_add(&b, STR("{\"$defs\":{\"a\":{\"enum\":[\"x\""));
    for (int i = 0; i < 900; i++)
        buf_add_fmt(&b, ",\"v%d\"", i);
    buf_add(&b, STR("]}},\"oneOf\":[{\"const\":\"y\"}"));
    for (int i = 0; i < 900; i++)
        buf_add(&b, STR(",{\"items\":{\"$ref\":\"#/$defs/a\"}}"));
    buf_add(&b, STR("]}"));
    buf_add_char(&b, '\0');
    REFUSES(b.at, "oneOf", "\"oneOf\"");
}
