/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/form/form.h"

#include "base/fault.h"
#include "test.h"

static const char dog[] =
    "{\"title\":\"Hund anmelden\",\"required\":[\"name\",\"geboren\"],\"properties\":{"
    "\"name\":{\"type\":\"string\",\"title\":\"Name des Hundes\",\"maxLength\":10,"
    "\"description\":\"Wie im Impfpass.\",\"x-legal-basis\":\"§ 3 Hundesteuersatzung\"},"
    "\"geboren\":{\"type\":\"string\",\"format\":\"date\"},"
    "\"art\":{\"enum\":[\"klein\",\"groß\"]},"
    "\"halter\":{\"required\":[\"mail\"],\"properties\":{\"mail\":{\"type\":\"string\","
    "\"format\":\"email\"},\"hunde\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9}}},"
    "\"chip\":{\"type\":\"string\",\"pattern\":\"^[0-9]{15}$\"},"
    "\"impfungen\":{\"type\":\"array\"},\"gefährlich\":{\"type\":\"boolean\"}}}";

#define FORM(f, text)                                                                              \
    AUTO(arena) *a = NULL;                                                                         \
    struct form f = {.title = STR_NONE};                                                           \
    CHECK_OK(arena_open(8 << 20, &a));                                                             \
    CHECK_OK(form_read(a, str_of(text), &f))

static const struct form_field *
field(const struct form *f, const char *name)
{
    static const struct form_field none;
    for (size_t i = 0; i < f->fields.count; i++)
        if (str_eq(f->fields.at[i].name, str_of(name)))
            return &f->fields.at[i];
    return &none;
}

TEST(a_schema_is_explained_field_by_field)
{
    FORM(f, dog);
    str says;
    CHECK_STR(f.title, STR("Hund anmelden"));
    CHECK_INT(f.fields.count, ==, 8);
    CHECK_STR(field(&f, "name")->legal, STR("§ 3 Hundesteuersatzung"));
    NEED_OK(form_say(a, field(&f, "name"), &says));
    CHECK_STR(says, STR("Pflichtangabe: ein Text, höchstens 10 Zeichen."));
    NEED_OK(form_say(a, field(&f, "art"), &says));
    CHECK_STR(says, STR("Freiwillige Angabe: eine dieser Möglichkeiten: klein, groß."));
    NEED_OK(form_say(a, field(&f, "halter.hunde"), &says));
    CHECK_STR(says, STR("Freiwillige Angabe: eine ganze Zahl, mindestens 1, höchstens 9."));
    NEED_OK(form_say(a, field(&f, "chip"), &says));
    CHECK(str_find(says, STR("nicht geprüft")) >= 0);
    CHECK_STR(field(&f, "geboren")->title, STR("geboren"));
}

TEST(the_explanation_is_whole_json)
{
    FORM(f, dog);
    AUTO(buf) b = BUF(1 << 20);
    jval root;
    json_open(&b, '{');
    CHECK_OK(form_put_json(a, &f, &b));
    json_close(&b, '}');
    CHECK_OK(json_read(a, buf_str(&b), &root));
    const jval fields = json_get(&root, "fields");
    CHECK_INT(json_count(&fields), ==, 8);
}

TEST(what_describes_no_form_is_refused)
{
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "7",
                                      "{\"properties\":{}}",
                                      "{\"properties\":{\"a\":1}}",
                                      "<x/>",
                                      "<x>",
                                      "<!DOCTYPE x>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(arena) *a = NULL;
        struct form f;
        CHECK_OK(arena_open(1 << 20, &a));
        CHECK(form_read(a, str_of(bad[i]), &f).code);
    }
}

TEST(objects_that_lie_too_deep_are_refused)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 16);
    struct form f;
    for (int i = 0; i < 20; i++)
        buf_add(&b, STR("{\"properties\":{\"a\":"));
    buf_add(&b, STR("{}"));
    for (int i = 0; i < 20; i++)
        buf_add(&b, STR("}}"));
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_ERR(form_read(a, buf_str(&b), &f), LIMIT);
}

TEST(too_little_memory_is_reported)
{
    for (long n = 1;; n++) {
        AUTO(arena) *a = NULL;
        struct form f;
        CHECK_OK(arena_open(8 << 20, &a));
        fault_arm(n);
        const err e = form_read(a, str_of(dog), &f);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK(e.code);
    }
}
