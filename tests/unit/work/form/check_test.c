/* SPDX-License-Identifier: EUPL-1.2 */
/* Values held against a form, in work/form/check.c. */
#include <stdio.h>

#include "test.h"
#include "work/form/form.h"

static const char schema[] =
    "{\"required\":[\"name\"],\"properties\":{\"name\":{\"type\":\"string\",\"title\":\"Name\","
    "\"minLength\":2,\"maxLength\":4},\"tag\":{\"type\":\"string\",\"format\":\"date\"},"
    "\"mail\":{\"type\":\"string\",\"format\":\"email\"},\"zahl\":{\"type\":\"integer\","
    "\"minimum\":1},\"geld\":{\"type\":\"number\",\"maximum\":9.5},\"ja\":{\"type\":"
    "\"boolean\"},\"art\":{\"enum\":[\"a\",\"b\"]},\"liste\":{\"type\":\"array\"},"
    "\"ort\":{\"required\":[\"plz\"],\"properties\":{\"plz\":{\"type\":\"string\"}}}}}";

/* "name tag": the fields that something is wrong with. */
static void
wrong(const char *values, const char *want)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 16);
    struct form f;
    form_remarks r = {0};
    jval v;
    CHECK_OK(arena_open(8 << 20, &a));
    NEED_OK(form_read(a, str_of(schema), &f));
    NEED_OK(json_read(a, str_of(values), &v));
    NEED_OK(form_check(a, &f, &v, &r));
    for (size_t i = 0; i < r.count; i++) {
        buf_add(&b, i ? STR(" ") : STR_NONE);
        buf_add(&b, r.at[i].name);
        CHECK(r.at[i].says.len > 10);
    }
    CHECK_STR(buf_str(&b), str_of(want));
}

#define GOOD "\"name\":\"Änne\",\"ort\":{\"plz\":\"1\"}"

TEST(values_that_fit_have_no_remarks)
{
    wrong("{" GOOD "}", "");
    wrong("{" GOOD ",\"tag\":\"2024-02-29\",\"mail\":\"a@b.de\",\"zahl\":1,\"geld\":9.5,"
          "\"ja\":false,\"art\":\"b\",\"liste\":[1]}",
          "");
    wrong("{" GOOD ",\"tag\":\"\",\"mail\":null}", "");
}

TEST(what_is_missing_is_told)
{
    wrong("{}", "name ort.plz");
    wrong("{\"name\":\"  \",\"ort\":{}}", "name ort.plz");
    wrong("{\"name\":null,\"ort\":7}", "name ort.plz");
}

TEST(what_does_not_fit_is_told)
{
    static const char *const tags[] = {"2023-02-29", "1.1.2024", "2024-1-1", "2024-13-01", "x"};
    static const char *const mails[] = {"a", "a@b", "@b.de", "a b@c.de", "a@b@c.de", "a@b."};
    char values[200];
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        snprintf(values, sizeof values, "{" GOOD ",\"tag\":\"%s\"}", tags[i]);
        wrong(values, "tag");
    }
    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++) {
        snprintf(values, sizeof values, "{" GOOD ",\"mail\":\"%s\"}", mails[i]);
        wrong(values, "mail");
    }
    wrong("{" GOOD ",\"zahl\":0}", "zahl");
    wrong("{" GOOD ",\"zahl\":1.5}", "zahl");
    wrong("{" GOOD ",\"zahl\":\"1\"}", "zahl");
    wrong("{" GOOD ",\"geld\":9.6}", "geld");
    wrong("{" GOOD ",\"ja\":\"ja\"}", "ja");
    wrong("{" GOOD ",\"art\":\"c\"}", "art");
    wrong("{\"name\":\"Annette\",\"ort\":{\"plz\":\"1\"}}", "name");
    wrong("{\"name\":\"A\",\"ort\":{\"plz\":\"1\"}}", "name");
}

TEST(fields_that_the_form_does_not_have_are_told)
{
    wrong("{" GOOD ",\"neu\":1}", "neu");
    wrong("{\"name\":\"Anna\",\"ort\":{\"plz\":\"1\",\"nr\":2}}", "ort.nr");
    wrong("{" GOOD ",\"or\":1}", "or");
}

TEST(values_must_be_an_object)
{
    AUTO(arena) *a = NULL;
    struct form f;
    form_remarks r = {0};
    jval v;
    CHECK_OK(arena_open(8 << 20, &a));
    CHECK_OK(form_read(a, str_of(schema), &f));
    CHECK_OK(json_read(a, STR("[1]"), &v));
    CHECK_ERR(form_check(a, &f, &v, &r), ARGUMENT);
}

TEST(remarks_say_what_belongs_there)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 16);
    struct form f;
    form_remarks r = {0};
    jval v;
    CHECK_OK(arena_open(8 << 20, &a));
    CHECK_OK(form_read(a, str_of(schema), &f));
    CHECK_OK(json_read(a, STR("{\"ort\":{\"plz\":\"1\"}}"), &v));
    CHECK_OK(form_check(a, &f, &v, &r));
    NEED(r.count == 1);
    CHECK_STR(r.at[0].says, STR("Name fehlt noch. Pflichtangabe: ein Text, mindestens 2 Zeichen, "
                                "höchstens 4 Zeichen."));
    json_open(&b, '{');
    form_put_remarks(&r, &b);
    json_close(&b, '}');
    CHECK(str_starts(buf_str(&b), STR("{\"complete\":false,\"remarks\":[{\"name\":\"name\"")));
}
