/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/form/xdatenfelder.h"

#include "test.h"

#define HEAD                                                                                       \
    "<?xml version=\"1.0\"?>\n<xdf:x xmlns:xdf=\"u\"><xdf:stammdatenschema>"                       \
    "<xdf:identifikation><xdf:id>S1</xdf:id></xdf:identifikation><xdf:name>Wohngeld</xdf:name>"
#define TAIL "</xdf:stammdatenschema></xdf:x>"
#define FIELD(id, often, more)                                                                     \
    "<xdf:struktur><xdf:anzahl>" often "</xdf:anzahl><xdf:enthaelt><xdf:datenfeld>"                \
    "<xdf:identifikation><xdf:id>" id "</xdf:id></xdf:identifikation>" more                        \
    "</xdf:datenfeld></xdf:enthaelt></xdf:struktur>"
#define TYPE(code) "<xdf:datentyp><code>" code "</code></xdf:datentyp>"

static err
read_xml(arena *a, const char *xml, struct form *f)
{
    return xdatenfelder_read(a, str_of(xml), f);
}

TEST(fields_come_with_their_names_for_people_types_and_bounds)
{
    AUTO(arena) *a = NULL;
    struct form f = {.title = STR_NONE};
    CHECK_OK(arena_open(8 << 20, &a));
    NEED_OK(read_xml(
        a,
        HEAD FIELD("F1", "1:1",
                   "<xdf:name>FamNam</xdf:name><xdf:bezeichnungEingabe>Familienname"
                   "</xdf:bezeichnungEingabe><xdf:hilfetextEingabe>Wie im Ausweis "
                   "&amp; Pass</xdf:hilfetextEingabe><xdf:bezug>§ 3 WoGG</xdf:bezug>" TYPE(
                       "text") "<xdf:praezisierung>{\"minLength\":\"1\",\"maxLength\":"
                               "\"50\"}</xdf:praezisierung>")
            FIELD("F2", "0:1", "<xdf:name>Geburtsdatum</xdf:name>" TYPE("date"))
                FIELD("F3", "0:*", "<xdf:name><![CDATA[<Anlage>]]></xdf:name>" TYPE("obj")) TAIL,
        &f));
    CHECK_STR(f.title, STR("Wohngeld"));
    NEED(f.fields.count == 3);
    const struct form_field *const one = &f.fields.at[0];
    CHECK_STR(one->name, STR("F1"));
    CHECK_STR(one->title, STR("Familienname"));
    CHECK_STR(one->help, STR("Wie im Ausweis & Pass"));
    CHECK_STR(one->legal, STR("§ 3 WoGG"));
    CHECK_INT(one->type, ==, FORM_TEXT);
    CHECK(one->is_required && one->has_most && one->most == 50 && !one->is_unchecked);
    CHECK_INT(f.fields.at[1].type, ==, FORM_DATE);
    CHECK(!f.fields.at[1].is_required);
    CHECK_STR(f.fields.at[2].title, STR("<Anlage>"));
    CHECK(f.fields.at[2].is_unchecked);
}

TEST(a_field_in_a_group_is_required_by_its_own_number)
{
    AUTO(arena) *a = NULL;
    struct form f = {.title = STR_NONE};
    CHECK_OK(arena_open(8 << 20, &a));
    NEED_OK(read_xml(
        a,
        HEAD "<xdf:struktur><xdf:anzahl>1:1</xdf:anzahl><xdf:enthaelt>"
             "<xdf:datenfeldgruppe>" FIELD("F1", "0:1", TYPE("num_int"))
                 FIELD("F2", "1:1",
                       TYPE("bool")) "</xdf:datenfeldgruppe></xdf:enthaelt></xdf:struktur>" TAIL,
        &f));
    NEED(f.fields.count == 2);
    CHECK(!f.fields.at[0].is_required);
    CHECK_STR(f.fields.at[0].title, STR("F1"));
    CHECK(f.fields.at[1].is_required);
    CHECK_INT(f.fields.at[1].type, ==, FORM_YES_NO);
}

TEST(what_is_not_well_formed_or_holds_no_field_is_refused)
{
    static const char *const bad[] = {
        HEAD TAIL,    HEAD,
        "<a></b>",    "</a>",
        "<a",         "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>",
        "<a>&x;</a>", "<a><!-- </a>",
        "<>",         HEAD FIELD("F1", "1:1", "") "</xdf:stammdatenschema>"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(arena) *a = NULL;
        struct form f;
        CHECK_OK(arena_open(8 << 20, &a));
        CHECK(read_xml(a, bad[i], &f).code);
    }
}

TEST(elements_too_deep_are_refused)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 16);
    struct form f;
    for (int i = 0; i < 100; i++)
        buf_add(&b, STR("<a>"));
    CHECK_OK(arena_open(8 << 20, &a));
    CHECK_ERR(xdatenfelder_read(a, buf_str(&b), &f), PARSE);
}

TEST(any_bytes_are_read_to_their_end_or_refused)
{
    static const char whole[] = HEAD FIELD("F1", "1:1", TYPE("text")) TAIL;
    for (int round = 0; round < 500; round++) {
        AUTO(arena) *a = NULL;
        char xml[sizeof whole];
        struct form f;
        memcpy(xml, whole, sizeof xml);
        for (int i = 0; i < 3; i++)
            xml[test_random() % (sizeof xml - 1)] = "<>/&;!x1"[test_random() % 8];
        CHECK_OK(arena_open(8 << 20, &a));
        IGNORE(xdatenfelder_read(a, (str){xml, (size_t)(test_random() % sizeof xml)}, &f));
    }
}
