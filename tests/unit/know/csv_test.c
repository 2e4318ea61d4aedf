/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/csv.h"

#include "rig.h"

static struct doc
read_csv(struct rig *r, str csv)
{
    struct doc d = {.name = STR_NONE};
    CHECK_OK(doc_read(r->a, STR("tabelle"), DOC_CSV, csv, &d));
    return d;
}

TEST(each_row_is_a_section_with_a_line_for_each_value)
{
    RIG(r);
    const struct doc d = read_csv(&r, STR("Leistung;Gebühr;Frist\r\nReisepass;70 Euro;6 Wochen\r\n"
                                          "Ausweis;37 Euro;\r\n"));
    NEED(d.units.count == 2);
    CHECK_STR(d.units.at[0].section, STR("Reisepass"));
    CHECK_STR(d.units.at[0].text, STR("Leistung: Reisepass\nGebühr: 70 Euro\nFrist: 6 Wochen"));
    CHECK_STR(d.units.at[1].text, STR("Leistung: Ausweis\nGebühr: 37 Euro"));
}

TEST(the_separator_is_the_one_that_stands_most_often_in_the_first_row)
{
    static const char *const tables[] = {"a,b\n1,2\n", "a\tb\n1\t2\n", "a|b\n1|2\n",
                                         "\ufeffa;b\n1;2\n", "\"a\",\"b\"\n\"1\",\"2\""};
    RIG(r);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        const struct doc d = read_csv(&r, str_of(tables[i]));
        NEED(d.units.count == 1);
        CHECK_STR(d.units.at[0].text, STR("a: 1\nb: 2"));
    }
}

TEST(quoted_values_hold_separators_quotes_and_line_ends)
{
    RIG(r);
    const struct doc d = read_csv(&r, STR("a,b\n\"x, \"\"y\"\"\",\"eins\nzwei\"\n"));
    NEED(d.units.count == 1);
    CHECK_STR(d.units.at[0].text, STR("a: x, \"y\"\nb: eins zwei"));
}

TEST(no_value_passes_for_a_heading_or_a_mark)
{
    RIG(r);
    const struct doc d =
        read_csv(&r, STR("a;b\n# kein Titel;**fett** [^1] \\*\n\"x\n## auch keiner\";y\n"));
    NEED(d.units.count == 2);
    CHECK_STR(d.units.at[0].section, STR("# kein Titel"));
    CHECK_STR(d.units.at[0].text, STR("a: # kein Titel\nb: **fett** [^1] \\*"));
    CHECK_STR(d.units.at[1].text, STR("a: x ## auch keiner\nb: y"));
}

TEST(what_is_empty_too_long_or_unclosed_harms_nothing)
{
    RIG(r);
    CHECK_INT(read_csv(&r, STR("")).units.count, ==, 0);
    CHECK_INT(read_csv(&r, STR("a;b")).units.count, ==, 0);
    CHECK_INT(read_csv(&r, STR("a;b\n;\n\n\"\";\"\"\n")).units.count, ==, 0);
    const struct doc d = read_csv(&r, STR("a;b\n;2;3;4\n\"offen;x\ny"));
    NEED(d.units.count == 2);
    CHECK_STR(d.units.at[0].section, STR("Zeile 2"));
    CHECK_STR(d.units.at[0].text, STR("b: 2"));
    CHECK_STR(d.units.at[1].text, STR("a: offen;x y"));
}

TEST(any_bytes_end_in_bounded_text)
{
    static const char alphabet[] = "a;\",\n\t|#*[\\ ";
    for (int round = 0; round < 3000; round++) {
        AUTO(buf) b = BUF(1 << 16);
        char text[80];
        const size_t len = test_random() % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[test_random() % (sizeof alphabet - 1)];
        csv_to_markdown((str){text, len}, &b);
        CHECK_OK(buf_end(&b));
        CHECK(b.len <= 40 * (len + 1) * (len + 1));
    }
}
