/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/engine/schema_rig.h"

/* ---- types */

TEST(each_type_takes_its_values)
{
    TAKES("{\"type\":\"null\"}", "null");
    TAKES("{\"type\":\"boolean\"}", "false");
    TAKES("{\"type\":\"integer\"}", "-120");
    TAKES("{\"type\":\"number\"}", "-0.5e3");
    TAKES("{\"type\":\"string\"}", "\"\\u00e4 \\\\ ö\"");
    TAKES("{\"type\":\"array\"}", "[1, {\"a\":[]}, null]");
    TAKES("{\"type\":\"object\"}", "{\"a\": {}, \"b\": 1}");
}

TEST(each_type_leaves_others)
{
    LEAVES("{\"type\":\"null\"}", "0");
    LEAVES("{\"type\":\"boolean\"}", "True");
    LEAVES("{\"type\":\"integer\"}", "1.5");
    LEAVES("{\"type\":\"integer\"}", "01");
    LEAVES("{\"type\":\"number\"}", ".5");
    LEAVES("{\"type\":\"string\"}", "\"a");
    LEAVES("{\"type\":\"string\"}", "\"\\ud800\"");
    LEAVES("{\"type\":\"string\"}", "\"\n\"");
    LEAVES("{\"type\":\"array\"}", "[1,]");
    LEAVES("{\"type\":\"object\"}", "{\"a\"}");
}

TEST(a_list_of_types_takes_each)
{
    TAKES("{\"type\":[\"string\",\"null\"],\"minLength\":1}", "null");
    TAKES("{\"type\":[\"string\",\"null\"],\"minLength\":1}", "\"x\"");
    LEAVES("{\"type\":[\"string\",\"null\"],\"minLength\":1}", "\"\"");
    LEAVES("{\"type\":[\"string\",\"null\"]}", "1");
    TAKES("{\"type\":[\"integer\",\"number\"]}", "0.5");
}

TEST(truth_values_and_empty_schemas_are_schemas)
{
    TAKES("true", "[{}]");
    TAKES("{}", "\"x\"");
    REFUSES("false", "", "no finite value");
}

TEST(a_missing_type_is_told_by_one_kind_of_keywords)
{
    TAKES("{\"minLength\":2}", "\"ab\"");
    LEAVES("{\"minLength\":2}", "12");
    TAKES("{\"properties\":{\"a\":{}}}", "{\"a\": 1}");
    TAKES("{\"items\":{\"type\":\"null\"}}", "[null]");
    LEAVES("{\"minimum\":2}", "1");
    REFUSES("{\"minLength\":2,\"minimum\":3}", "", "\"type\" is missing");
}

TEST(keywords_of_other_types_mean_nothing)
{
    TAKES("{\"type\":\"integer\",\"minLength\":3}", "1");
}

TEST(types_that_are_none_are_refused)
{
    REFUSES("{\"type\":\"text\"}", "type", "\"type\" takes");
    REFUSES("{\"items\":{\"type\":[\"null\",\"any\"]}}", "items.type[1]", "\"type\" takes");
    WRONG("{\"type\":3}", "type", "");
    WRONG("{\"type\":[]}", "type", "");
    REFUSES("{\"items\":3}", "items", "truth value");
    REFUSES("[]", "", "truth value");
}

TEST(a_null_keyword_is_refused)
{
    REFUSES("{\"type\":null}", "type", "must not be null");
    REFUSES("{\"type\":\"string\",\"maxLength\":null}", "maxLength", "must not be null");
}

TEST(unknown_words_are_refused_and_extensions_taken)
{
    REFUSES("{\"type\":\"string\",\"maxlength\":3}", "maxlength", "not a keyword");
    REFUSES("{\"type\":\"string\",\"streng geheim\":3}", "?", "not a keyword");
    TAKES("{\"type\":\"null\",\"x-order\":3}", "null");
}

/* ---- enum and const */

TEST(enums_take_their_values)
{
    const char *schema = "{\"enum\":[\"a\",1,null,{\"k\":[true]}]}";
    TAKES(schema, "\"a\"");
    TAKES(schema, "null");
    TAKES(schema, "{\"k\":[true]}");
    LEAVES(schema, "\"b\"");
    LEAVES(schema, "{\"k\": [true]}");
}

TEST(a_type_thins_an_enum)
{
    TAKES("{\"type\":\"string\",\"enum\":[\"a\",1]}", "\"a\"");
    LEAVES("{\"type\":\"string\",\"enum\":[\"a\",1]}", "1");
    TAKES("{\"type\":\"integer\",\"enum\":[1,1.5,2.0]}", "1");
    LEAVES("{\"type\":\"integer\",\"enum\":[1,1.5]}", "1.5");
    REFUSES("{\"type\":\"string\",\"enum\":[1]}", "", "no finite value");
}

TEST(const_is_one_value_even_null)
{
    TAKES("{\"const\":null}", "null");
    TAKES("{\"const\":\"x\\n\"}", "\"x\\n\"");
    LEAVES("{\"const\":3}", "4");
}

TEST(enum_beside_other_keywords_is_refused)
{
    REFUSES("{\"enum\":[\"a\"],\"minLength\":3}", "minLength", "beside \"enum\"");
    REFUSES("{\"const\":1,\"enum\":[1]}", "enum", "beside \"const\"");
    WRONG("{\"enum\":[]}", "enum", "");
    WRONG("{\"enum\":\"a\"}", "enum", "");
}

TEST(too_many_enum_values_are_refused)
{
    AUTO(buf) b = BUF(1 << 20);
    buf_add(&b, STR("{\"anyOf\":[{\"enum\":[0"));
    for (int i = 1; i <= 600; i++)
        buf_add_fmt(&b, ",%d%s", i, i == 300 ? "]},{\"enum\":[0" : "");
    for (int i = 1; i <= 600; i++)
        buf_add_fmt(&b, ",%d", i);
    buf_add(&b, STR("]}]}\0"));
    buf_add_char(&b, '\0');
    REFUSES(b.at, "anyOf[1].enum[699]", "at most");
}

/* ---- strings */

TEST(lengths_count_characters_not_bytes)
{
    const char *schema = "{\"type\":\"string\",\"minLength\":2,\"maxLength\":3}";
    TAKES(schema, "\"äö\"");
    TAKES(schema, "\"\\n\\u00e4x\"");
    LEAVES(schema, "\"ä\"");
    LEAVES(schema, "\"abcd\"");
}

TEST(lengths_keep_their_bounds_beyond_a_block)
{
    static const unsigned bounds[][2] = {{0, 64},   {0, 65},    {63, 64},
                                         {64, 200}, {130, 130}, {1, 128}};
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        const unsigned low = bounds[i][0], high = bounds[i][1];
        char schema[96], text[256];
        snprintf(schema, sizeof schema, "{\"type\":\"string\",\"minLength\":%u,\"maxLength\":%u}",
                 low, high);
        AUTO(compiled) c = compiled_of(str_of(schema));
        NEED_OK(c.e);
        for (unsigned n = 0; n < 220; n++) {
            snprintf(text, sizeof text, "\"%0*d\"", (int)n, 0);
            if (n)
                CHECK_INT(gbnf_matches(c.g, str_of(text)), ==, n >= low && n <= high);
        }
    }
}

TEST(lengths_out_of_bounds_are_refused)
{
    REFUSES("{\"type\":\"string\",\"maxLength\":65536}", "maxLength", "65535 at most");
    REFUSES("{\"type\":\"string\",\"minLength\":70000}", "minLength", "65535 at most");
    WRONG("{\"type\":\"string\",\"minLength\":-1}", "minLength", "");
    WRONG("{\"type\":\"string\",\"minLength\":1.5}", "minLength", "");
    REFUSES("{\"type\":\"string\",\"minLength\":3,\"maxLength\":2}", "", "no finite value");
}

TEST(patterns_constrain_the_text)
{
    const char *schema = "{\"type\":\"string\",\"pattern\":\"^[A-Z]{2}-\\\\d+$\"}";
    TAKES(schema, "\"AB-120\"");
    LEAVES(schema, "\"AB-\"");
    LEAVES(schema, "\"xAB-1\"");
    TAKES("{\"type\":\"string\",\"pattern\":\"b\"}", "\"abc\"");
    LEAVES("{\"type\":\"string\",\"pattern\":\"b\"}", "\"ac\"");
}

TEST(a_pattern_keeps_lengths_by_itself_or_is_refused)
{
    TAKES("{\"type\":\"string\",\"pattern\":\"^a{2,3}$\",\"maxLength\":5}", "\"aa\"");
    REFUSES("{\"type\":\"string\",\"pattern\":\"^a+$\",\"maxLength\":5}", "", "beside \"pattern\"");
    REFUSES("{\"type\":\"string\",\"format\":\"email\",\"maxLength\":9}", "", "beside \"format\"");
    REFUSES("{\"type\":\"string\",\"pattern\":\"a\",\"format\":\"date\"}", "format",
            "beside \"pattern\"");
}

TEST(patterns_that_are_not_regular_are_refused_with_their_place)
{
    REFUSES("{\"properties\":{\"p\":{\"type\":\"string\",\"pattern\":\"(?=a)\"}}}",
            "properties.p.pattern", "look-around");
}

TEST(formats_know_the_calendar)
{
    const char *date = "{\"type\":\"string\",\"format\":\"date\"}";
    TAKES(date, "\"2026-12-15\"");
    TAKES(date, "\"2024-02-29\"");
    TAKES(date, "\"2000-02-29\"");
    LEAVES(date, "\"2023-02-29\"");
    LEAVES(date, "\"1900-02-29\"");
    LEAVES(date, "\"2026-04-31\"");
    LEAVES(date, "\"2026-13-01\"");
    LEAVES(date, "\"1512-12-261\"");
}

TEST(formats_take_their_forms)
{
    TAKES("{\"type\":\"string\",\"format\":\"date-time\"}", "\"2026-12-15T08:00:00.5+01:00\"");
    LEAVES("{\"type\":\"string\",\"format\":\"date-time\"}", "\"2026-12-15 08:00:00Z\"");
    TAKES("{\"type\":\"string\",\"format\":\"time\"}", "\"23:59:59Z\"");
    LEAVES("{\"type\":\"string\",\"format\":\"time\"}", "\"24:00:00Z\"");
    TAKES("{\"type\":\"string\",\"format\":\"uuid\"}", "\"123e4567-e89b-12d3-a456-426614174000\"");
    LEAVES("{\"type\":\"string\",\"format\":\"uuid\"}", "\"123e4567\"");
    TAKES("{\"type\":\"string\",\"format\":\"email\"}", "\"a.b@amt.example.de\"");
    LEAVES("{\"type\":\"string\",\"format\":\"email\"}", "\"a.b.example.de\"");
    TAKES("{\"type\":\"string\",\"format\":\"ipv4\"}", "\"255.0.10.1\"");
    LEAVES("{\"type\":\"string\",\"format\":\"ipv4\"}", "\"256.0.10.1\"");
}

TEST(other_formats_are_refused)
{
    REFUSES("{\"type\":\"string\",\"format\":\"iban\"}", "format", "\"format\" takes");
    REFUSES("{\"type\":\"string\",\"format\":\"\"}", "format", "\"format\" takes");
}

/* ---- numbers */

TEST(bounds_of_integers_are_kept)
{
    const char *schema = "{\"type\":\"integer\",\"minimum\":-5,\"exclusiveMaximum\":12}";
    TAKES(schema, "-5");
    TAKES(schema, "11");
    LEAVES(schema, "12");
    LEAVES(schema, "-6");
    TAKES("{\"type\":\"integer\",\"minimum\":0.5,\"maximum\":1.5}", "1");
    LEAVES("{\"type\":\"integer\",\"minimum\":0.5,\"maximum\":1.5}", "0");
}

TEST(the_stricter_of_two_bounds_counts)
{
    LEAVES("{\"type\":\"integer\",\"minimum\":3,\"exclusiveMinimum\":3}", "3");
    TAKES("{\"type\":\"integer\",\"minimum\":3,\"exclusiveMinimum\":2.5}", "3");
    LEAVES("{\"type\":\"number\",\"maximum\":3.25,\"exclusiveMaximum\":3.3}", "3.26");
}

TEST(bounds_that_leave_nothing_or_are_too_fine_are_refused)
{
    REFUSES("{\"type\":\"integer\",\"minimum\":3,\"maximum\":2}", "", "no finite value");
    REFUSES("{\"type\":\"integer\",\"minimum\":0.2,\"maximum\":0.8}", "", "no finite value");
    REFUSES("{\"type\":\"number\",\"minimum\":0.0000001}", "minimum", "6 of them decimals");
    REFUSES("{\"type\":\"number\",\"maximum\":1e30}", "maximum", "15 digits");
    WRONG("{\"type\":\"number\",\"maximum\":\"3\"}", "maximum", "");
}

/* ---- arrays */

TEST(items_and_their_counts_are_kept)
{
    const char *schema = "{\"type\":\"array\",\"items\":{\"type\":\"integer\"},\"minItems\":1,"
                         "\"maxItems\":3}";
    TAKES(schema, "[1]");
    TAKES(schema, "[1, 2,3]");
    LEAVES(schema, "[]");
    LEAVES(schema, "[1,2,3,4]");
    LEAVES(schema, "[\"1\"]");
    TAKES("{\"type\":\"array\",\"items\":false}", "[]");
    LEAVES("{\"type\":\"array\",\"maxItems\":0}", "[1]");
}

TEST(prefix_items_have_their_own_schemas)
{
    const char *schema = "{\"type\":\"array\",\"prefixItems\":[{\"type\":\"string\"},"
                         "{\"type\":\"integer\"}],\"items\":{\"type\":\"null\"},\"minItems\":1,"
                         "\"maxItems\":4}";
    TAKES(schema, "[\"a\"]");
    TAKES(schema, "[\"a\", 1]");
    TAKES(schema, "[\"a\", 1, null, null]");
    LEAVES(schema, "[]");
    LEAVES(schema, "[1]");
    LEAVES(schema, "[\"a\", null]");
    LEAVES(schema, "[\"a\", 1, null, null, null]");
    LEAVES("{\"prefixItems\":[{\"type\":\"null\"}],\"items\":false,\"type\":\"array\"}",
           "[null, 1]");
}

TEST(arrays_beyond_the_subset_are_refused)
{
    REFUSES("{\"type\":\"array\",\"uniqueItems\":true}", "uniqueItems", "\"uniqueItems\"");
    TAKES("{\"type\":\"array\",\"uniqueItems\":false}", "[1, 1]");
    REFUSES("{\"type\":\"array\",\"maxItems\":1001}", "maxItems", "1000 at most");
    REFUSES("{\"type\":\"array\",\"items\":false,\"minItems\":1}", "", "no finite value");
    WRONG("{\"type\":\"array\",\"prefixItems\":[]}", "prefixItems", "");
}

/* ---- objects */

TEST(properties_come_in_order_and_required_ones_always)
{
    const char *schema = "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},"
                         "\"b\":{\"type\":\"null\"},\"c\":{}},\"required\":[\"b\"]}";
    TAKES(schema, "{\"b\": null}");
    TAKES(schema, "{\"a\":1,\"b\":null}");
    TAKES(schema, "{\"a\": 1, \"b\": null, \"c\": []}");
    LEAVES(schema, "{\"a\":1}");
    LEAVES(schema, "{\"b\":null,\"a\":1}");
    LEAVES(schema, "{\"b\":null,}");
    LEAVES(schema, "{\"b\":null,\"d\":1}");
}

TEST(objects_without_a_required_property_may_be_empty)
{
    const char *schema = "{\"type\":\"object\",\"properties\":{\"a\":{},\"b\":{}}}";
    TAKES(schema, "{}");
    TAKES(schema, "{\"b\":1}");
    TAKES(schema, "{\"a\":1, \"b\":1}");
    LEAVES(schema, "{,\"b\":1}");
}

TEST(additional_properties_have_other_names)
{
    const char *schema = "{\"type\":\"object\",\"properties\":{\"ab\":{\"type\":\"null\"}},"
                         "\"additionalProperties\":{\"type\":\"integer\"}}";
    TAKES(schema, "{\"ab\":null, \"a\":1, \"abc\":2, \"\":3, \"ä\":4}");
    TAKES(schema, "{\"b\":1}");
    LEAVES(schema, "{\"ab\":1}");
    LEAVES(schema, "{\"a\":null}");
    LEAVES(schema, "{\"a\":1, \"ab\":1}");
}

TEST(a_required_name_without_a_property_is_an_additional_one)
{
    TAKES("{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":{\"type\":\"null\"}}",
          "{\"a\": null}");
    LEAVES("{\"type\":\"object\",\"required\":[\"a\"]}", "{}");
    TAKES("{\"type\":\"object\",\"required\":[\"a\"]}", "{\"a\":1}");
    REFUSES("{\"type\":\"object\",\"required\":[\"a\"],\"additionalProperties\":false}",
            "required[0]", "forbids");
}

TEST(a_forbidden_property_is_never_written)
{
    TAKES("{\"type\":\"object\",\"properties\":{\"a\":false,\"b\":{}}}", "{\"b\":1}");
    LEAVES("{\"type\":\"object\",\"properties\":{\"a\":false,\"b\":{}}}", "{\"a\":1}");
}

TEST(malformed_objects_are_refused)
{
    WRONG("{\"type\":\"object\",\"properties\":[]}", "properties", "");
    WRONG("{\"type\":\"object\",\"required\":\"a\"}", "required", "");
    WRONG("{\"type\":\"object\",\"required\":[1]}", "required[0]", "");
    REFUSES("{\"type\":\"object\",\"additionalProperties\":3}", "additionalProperties", "truth");
}

/* ---- references and combinations */

TEST(references_are_followed_also_to_themselves)
{
    const char *schema = "{\"$defs\":{\"a/b\":{\"type\":\"object\",\"properties\":{\"n\":{\"$ref\":"
                         "\"#/$defs/a~1b\"}},\"additionalProperties\":false}},"
                         "\"$ref\":\"#/$defs/a~1b\"}";
    TAKES(schema, "{\"n\": {\"n\": {}}}");
    LEAVES(schema, "{\"n\": 1}");
    TAKES("{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}", "[[], [[]]]");
    TAKES("{\"definitions\":{\"x\":{\"const\":1}},\"anyOf\":[{\"$ref\":\"#/definitions/x\"}]}",
          "1");
    TAKES("{\"anyOf\":[{\"const\":1},{\"items\":{\"$ref\":\"#/anyOf/0\"}}]}", "[1, 1]");
}

TEST(references_that_lead_nowhere_are_refused)
{
    REFUSES("{\"$ref\":\"#/$defs/x\"}", "$ref", "names nothing");
    REFUSES("{\"$ref\":\"https://example.org/x\"}", "$ref", "within the same schema");
    REFUSES("{\"$ref\":\"#anchor\"}", "$ref", "within the same schema");
    REFUSES("{\"$ref\":\"#/a%20b\"}", "$ref", "names nothing");
    REFUSES("{\"$ref\":\"#\",\"type\":\"string\"}", "type", "beside \"$ref\"");
}

TEST(any_of_takes_each_branch)
{
    TAKES("{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"integer\"}]}", "3");
    LEAVES("{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"integer\"}]}", "\"3\"");
    REFUSES("{\"anyOf\":[{}],\"minLength\":3}", "minLength", "beside \"anyOf\"");
    REFUSES("{\"anyOf\":[{}],\"oneOf\":[{}]}", "oneOf", "beside \"anyOf\"");
    WRONG("{\"anyOf\":[]}", "anyOf", "");
}

TEST(all_of_takes_one_branch)
{
    TAKES("{\"allOf\":[{\"const\":1}],\"title\":\"x\"}", "1");
    REFUSES("{\"allOf\":[{\"const\":1},{}]}", "allOf", "one branch only");
}

/* ---- bombs */

TEST(a_schema_of_too_many_parts_is_refused)
{
    AUTO(buf) b = BUF(1 << 20);
    buf_add(&b, STR("{\"anyOf\":[{\"const\":0}"));
    for (int i = 0; i < 3; i++) {
        buf_add(&b, STR(",{\"anyOf\":[{\"const\":0}"));
        for (int k = 0; k < 900; k++)
            buf_add(&b, STR(",{\"type\":\"null\"}"));
        buf_add(&b, STR("]}"));
    }
    buf_add(&b, STR("]}"));
    buf_add_char(&b, '\0');
    REFUSES(b.at, "", "at most");
}

TEST(references_that_double_do_not_explode)
{
    AUTO(buf) b = BUF(1 << 20);
    buf_add(&b, STR("{\"$defs\":{\"d0\":{\"type\":\"null\"}"));
    for (int i = 1; i < 60; i++)
        buf_add_fmt(&b,
                    ",\"d%d\":{\"type\":\"array\",\"prefixItems\":[{\"$ref\":\"#/$defs/d%d\"},"
                    "{\"$ref\":\"#/$defs/d%d\"}]}",
                    i, i - 1, i - 1);
    buf_add(&b, STR("},\"$ref\":\"#/$defs/d59\"}"));
    AUTO(compiled) c = compiled_of(buf_str(&b));
    CHECK_OK(c.e);
    CHECK_INT(c.text.len, <, 20000);
}
