/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/xzufi.h"

#include "rig.h"

#define HEAD "<?xml version=\"1.0\"?>\n<xzufi:nachricht xmlns:xzufi=\"x\">\n"
#define TAIL "</xzufi:nachricht>\n"
#define SERVICE(body) HEAD "<xzufi:leistung>" body "</xzufi:leistung>" TAIL
#define MODULE(code, name, text)                                                                   \
    "<xzufi:modulText><xzufi:leikaTextmodul><code>" code "</code>" name                            \
    "</xzufi:leikaTextmodul><xzufi:inhalt languageCode=\"de\">" text                               \
    "</xzufi:inhalt></xzufi:modulText>"

static struct doc
read_xml(struct rig *r, str xml)
{
    struct doc d = {.name = STR_NONE};
    CHECK_OK(doc_read(r->a, STR("leistung"), DOC_XZUFI, xml, &d));
    return d;
}

static const struct doc_unit *
unit_of(const struct doc *d, const char *section)
{
    static const struct doc_unit none;
    for (size_t i = 0; i < d->units.count; i++)
        if (str_eq(d->units.at[i].section, str_of(section)))
            return &d->units.at[i];
    return &none;
}

TEST(a_service_is_its_modules_under_its_name)
{
    RIG(r);
    const struct doc d = read_xml(
        &r,
        STR(SERVICE(
            "<xzufi:id>1</xzufi:id>" MODULE("02", "", "Hund") MODULE("03", "", "Hund anmelden")
                MODULE("09", "<name>Erforderliche Unterlagen</name>",
                       "&lt;ul&gt;&lt;li&gt;Ausweis&lt;/li&gt;&lt;li&gt;Chip&#8209;Nr.&lt;/"
                       "li&gt;&lt;/ul&gt;")
                    MODULE(
                        "77", "",
                        "<![CDATA[<p>Weiteres &amp; mehr</p>]]>") "<xzufi:modulKosten><xzufi:"
                                                                  "beschreibung "
                                                                  "languageCode=\"de-DE\">96 Euro"
                                                                  "</xzufi:beschreibung></"
                                                                  "xzufi:modulKosten>"
                                                                  "<xzufi:modulFrist><xzufi:"
                                                                  "beschreibung>Zwei "
                                                                  "Wochen</xzufi:beschreibung>"
                                                                  "</xzufi:modulFrist>")));
    CHECK_STR(d.title, STR("Hund anmelden"));
    CHECK_STR(unit_of(&d, "Erforderliche Unterlagen")->text, STR("Ausweis\nChip\u2011Nr."));
    CHECK_STR(unit_of(&d, "Modul 77")->text, STR("Weiteres & mehr"));
    CHECK_STR(unit_of(&d, "Kosten")->text, STR("96 Euro"));
    CHECK_STR(unit_of(&d, "Frist")->text, STR("Zwei Wochen"));
    CHECK_STR(unit_of(&d, "Frist")->path, STR("Hund anmelden"));
}

#define OFFICE(body) "<xzufi:organisationseinheit>" body "</xzufi:organisationseinheit>"

TEST(offices_stand_beside_services_with_hours_addresses_and_how_they_are_reached)
{
    RIG(r);
    const struct doc d = read_xml(
        &r,
        STR(HEAD
            "<leistung>" MODULE("02", "", "Pass") MODULE("01", "", "eins") "</leistung>" OFFICE(
                "<id>7</id><name><name languageCode='en'>Office</name>"
                "<name languageCode='de'>Bürgeramt Mitte</name></name>"
                "<kurzbeschreibung><text>weg</text></kurzbeschreibung>"
                "<kurzbeschreibung languageCode='de'>Ausweise und Meldungen</kurzbeschreibung>"
                "<anschrift><strasse>Marktplatz</strasse><hausnummer>1</hausnummer>"
                "<postleitzahl>12345</postleitzahl><ort>Musterstadt</ort>"
                "<verwaltungspolitischeKodierung><kreis><name>weg</name></kreis>"
                "</verwaltungspolitischeKodierung></anschrift>"
                "<anschrift><postleitzahl>12346</postleitzahl><ort>Musterdorf</ort></anschrift>"
                "<kommunikation><kanal><code>01</code><name>Telefon</name></kanal>"
                "<kennung>0123 456</kennung></kommunikation>"
                "<kommunikation><kennung>amt@example.org</kennung></kommunikation>"
                "<infoOeffnungszeitenText languageCode='de'>&lt;p&gt;Mo 8–12 "
                "Uhr&lt;/p&gt;</infoOeffnungszeitenText>"
                "<infoOeffnungszeitenText languageCode='en'>weg</infoOeffnungszeitenText>") TAIL));
    CHECK_STR(unit_of(&d, "Öffnungszeiten")->text, STR("Mo 8–12 Uhr"));
    CHECK_STR(unit_of(&d, "Öffnungszeiten")->path, STR("Bürgeramt Mitte"));
    CHECK_STR(unit_of(&d, "Anschrift")->text,
              STR("Marktplatz 1, 12345 Musterstadt\n12346 Musterdorf"));
    CHECK_STR(unit_of(&d, "Kontakt")->text, STR("Telefon: 0123 456\namt@example.org"));
    CHECK_STR(unit_of(&d, "Beschreibung")->text, STR("Ausweise und Meldungen"));
    CHECK_STR(unit_of(&d, "Modul 01")->path, STR("Pass"));
    for (size_t i = 0; i < d.units.count; i++)
        CHECK(str_find(d.units.at[i].text, STR("weg")) < 0);
}

TEST(an_office_without_a_name_or_with_nothing_in_it_does_no_harm)
{
    RIG(r);
    const struct doc d = read_xml(&r, STR(HEAD OFFICE("<anschrift/><kommunikation/><name/>")
                                              OFFICE("<anschrift><ort>X</ort></anschrift>")
                                                  OFFICE("<leistung>weg</leistung>") TAIL));
    CHECK_INT(d.units.count, ==, 1);
    CHECK_STR(unit_of(&d, "Anschrift")->text, STR("X"));
    CHECK_STR(unit_of(&d, "Anschrift")->path, STR("Stelle"));
}

TEST(many_services_stand_one_after_the_other)
{
    RIG(r);
    const struct doc d = read_xml(
        &r, STR(HEAD "<leistung>" MODULE("02", "", "Pass")
                    MODULE("01", "", "eins") "</leistung><leistung>" MODULE("02", "", "Hund")
                        MODULE("01", "", "zwei") "</leistung>" TAIL));
    CHECK_STR(unit_of(&d, "Modul 01")->path, STR("Pass"));
    CHECK_STR(unit_of(&d, "Modul 01 [2]")->path, STR("Hund"));
    CHECK_STR(unit_of(&d, "Modul 01 [2]")->text, STR("zwei"));
}

TEST(other_languages_other_elements_and_hidden_text_are_left_out)
{
    RIG(r);
    const struct doc d = read_xml(
        &r, STR(SERVICE("<xzufi:modulText><xzufi:inhalt languageCode=\"en\">weg</xzufi:inhalt>"
                        "<xzufi:inhalt languageCode='de'>da</xzufi:inhalt></xzufi:modulText>"
                        "<xzufi:kategorie><inhalt>weg</inhalt></xzufi:kategorie>"
                        "<xzufi:modulKosten><beschreibung>&lt;p hidden&gt;weg&lt;/p&gt;da"
                        "</beschreibung></xzufi:modulKosten>"
                        "<xzufi:modulFrist/><!-- <modulFrist>weg -->")));
    bool is_there = false;
    for (size_t i = 0; i < d.units.count; i++) {
        CHECK(str_find(d.units.at[i].text, STR("weg")) < 0);
        is_there |= str_eq(d.units.at[i].text, STR("da"));
    }
    CHECK(is_there);
    CHECK_INT(unit_of(&d, "Frist")->text.len, ==, 0);
}

TEST(no_text_passes_for_a_heading)
{
    RIG(r);
    const struct doc d = read_xml(
        &r, STR(SERVICE(MODULE("02", "", "A&#10;# B") MODULE("01", "", "# Kosten\n\nnull Euro"))));
    for (size_t i = 0; i < d.units.count; i++)
        CHECK(!str_eq(d.units.at[i].section, STR("Kosten")));
}

TEST(what_is_not_well_formed_is_refused)
{
    static const char *const bad[] = {"<a>",
                                      "</a>",
                                      "<a></b>",
                                      "<a",
                                      "<a b='>",
                                      "<!-- ",
                                      "<?x",
                                      "<a><![CDATA[x</a>",
                                      "<a>&unbekannt;</a>",
                                      "<a>&amp</a>",
                                      "<a>&#0;</a>",
                                      "<a>&#xD800;</a>",
                                      "<a>&#x110000;</a>",
                                      "<a>&#x1z;</a>",
                                      "<a>&#;</a>",
                                      "< a></ a>",
                                      "<!DOCTYPE x [<!ENTITY y \"z\">]><x>&y;</x>"};
    RIG(r);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct doc d;
        CHECK_ERR(doc_read(r.a, STR("x"), DOC_XZUFI, str_of(bad[i]), &d), PARSE);
    }
}

TEST(depth_is_bounded)
{
    RIG(r);
    for (int depth = XZUFI_DEPTH_MAX - 1; depth <= XZUFI_DEPTH_MAX + 1; depth++) {
        AUTO(buf) b = BUF(4096), out = BUF(4096);
        for (int i = 0; i < depth; i++)
            buf_add(&b, STR("<a>"));
        for (int i = 0; i < depth; i++)
            buf_add(&b, STR("</a>"));
        CHECK_INT(xzufi_to_markdown(buf_str(&b), &out).code == 0, ==, depth <= XZUFI_DEPTH_MAX);
    }
}

TEST(any_markup_ends_in_bounded_text_or_a_refusal)
{
    static const char *const pieces[] = {"<leistung>",
                                         "</leistung>",
                                         "<modulText>",
                                         "</modulText>",
                                         "<inhalt>",
                                         "</inhalt>",
                                         "<code>",
                                         "02",
                                         "</code>",
                                         "<leikaTextmodul>",
                                         "</leikaTextmodul>",
                                         "&lt;h1&gt;",
                                         "&",
                                         ";",
                                         "<",
                                         ">",
                                         "x",
                                         "\n# ",
                                         "<modulFrist/>"};
    for (int round = 0; round < 5000; round++) {
        AUTO(buf) b = BUF(4096), out = BUF(1 << 20);
        for (int n = (int)(test_random() % 20); n > 0; n--)
            buf_add(&b, str_of(pieces[test_random() % (sizeof pieces / sizeof *pieces)]));
        const err e = xzufi_to_markdown(buf_str(&b), &out);
        CHECK(!e.code || e.code == ERR_PARSE);
        CHECK_OK(buf_end(&out));
        CHECK(out.len <= 16 * b.len + 256);
    }
}
