/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/kept.h"

#include "unit/api/responses/send.h"

static err
metadata_of(arena *a, const char *json, str *ret)
{
    jval *v = arena_new(a, jval);
    CHECK_OK(json_read(a, str_of(json), v));
    return kept_read_metadata(a, v, ret);
}

TEST(metadata_is_a_few_short_texts)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) many = BUF(1 << 20), name = BUF(1 << 20), text = BUF(1 << 20);
    str m;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(metadata_of(a, "{}", &m));
    CHECK_STR(m, STR("{}"));
    NEED_OK(metadata_of(a, "{\"metadata\":null}", &m));
    CHECK_STR(m, STR("{}"));
    NEED_OK(metadata_of(a, "{\"metadata\":{\"a\":\"\\u00e4\"}}", &m));
    CHECK_STR(m, STR("{\"a\":\"\xc3\xa4\"}"));
    CHECK_ERR(metadata_of(a, "{\"metadata\":7}", &m), ARGUMENT);
    CHECK_ERR(metadata_of(a, "{\"metadata\":{\"a\":1}}", &m), ARGUMENT);
    CHECK_ERR(metadata_of(a, "{\"metadata\":{\"a\":null}}", &m), ARGUMENT);
    for (int i = 0; i < 17; i++)
        buf_add_fmt(&many, "%s\"k%d\":\"v\"", i ? "," : "{\"metadata\":{", i);
    buf_add_fmt(&many, "}}%c", 0);
    CHECK_ERR(metadata_of(a, many.at, &m), ARGUMENT);
    buf_add_fmt(&name, "{\"metadata\":{\"%065d\":\"v\"}}%c", 0, 0);
    CHECK_ERR(metadata_of(a, name.at, &m), ARGUMENT);
    buf_add_fmt(&text, "{\"metadata\":{\"a\":\"%0513d\"}}%c", 0, 0);
    CHECK_ERR(metadata_of(a, text.at, &m), ARGUMENT);
}

TEST(a_member_of_a_meta_is_read_or_empty)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const struct kept k = {.meta = STR("{\"a\":\"b\",\"n\":7}")}, broken = {.meta = STR("{")};
    CHECK_STR(kept_text(a, &k, "a"), STR("b"));
    CHECK_INT(kept_text(a, &k, "n").len, ==, 0);
    CHECK_INT(kept_text(a, &k, "x").len, ==, 0);
    CHECK_INT(kept_text(a, &broken, "a").len, ==, 0);
}

TEST(times_and_values_that_are_not_there_are_null)
{
    AUTO(buf) b = BUF(1024);
    json_open(&b, '{');
    kept_member_time(&b, "a", 0);
    kept_member_time(&b, "b", 1999);
    kept_member_json(&b, "c", STR_NONE);
    kept_member_json(&b, "d", STR("[1]"));
    json_close(&b, '}');
    CHECK_STR(buf_str(&b), STR("{\"a\":null,\"b\":1,\"c\":null,\"d\":[1]}"));
}
