/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/markdown.h"

#include "rig.h"

static const char statute[] =
    "---\nTitle: Müllgesetz\njurabk: MüllG\nStand: 2022-03-01\n---\n\n# Müllgesetz (MüllG)\n\n"
    "Ausfertigungsdatum\n:   2013\n\n## Abschnitt 1 - Allgemeines -\n\n### § 1 Zweck\n\n(1) Dieses "
    "Gesetz\nregelt den Müll.\n\n(2) Es gilt\n\n1.  im Haus,\n\n\n2.  im **Hof**[^f1].\n\n[^f1]: "
    "Fußnote\n    geht weiter\n\n### § 2 (weggefallen)\n\n-\n\n### § 3\n\n(weggefallen)\n\n#### § "
    "4a "
    "Pflichten\n\nNach § 1 ist es Pflicht.\n\n## Anlage 1 - Tonnen -\n\n## Teil A\n\nGrau\n\n"
    "## Anlage\n\nBlau\n\n## Anlage\n\nRot\n\n## Schlussformel\n\nDer Bundesrat hat zugestimmt.\n";

static str
unit(const struct doc *d, const char *section)
{
    for (size_t i = 0; i < d->units.count; i++)
        if (str_eq(d->units.at[i].section, str_of(section)))
            return d->units.at[i].text;
    return STR("(none)");
}

TEST(a_statute_falls_into_its_sections)
{
    RIG(r);
    struct doc d;
    rig_read_doc(&r, "muellg", statute, &d);
    CHECK(d.is_statute);
    CHECK_STR(d.title, STR("Müllgesetz"));
    CHECK_STR(d.abbreviation, STR("MüllG"));
    CHECK_STR(d.edition, STR("2022-03-01"));
    CHECK_INT(d.units.count, ==, 5);
    CHECK_STR(unit(&d, "§ 1"),
              STR("(1) Dieses Gesetz regelt den Müll.\n(2) Es gilt\n1. im Haus,\n2. im Hof."));
    CHECK_STR(unit(&d, "§ 4a"), STR("Nach § 1 ist es Pflicht."));
}

TEST(a_section_knows_the_headings_above_it)
{
    RIG(r);
    struct doc d;
    rig_read_doc(&r, "muellg", statute, &d);
    NEED(d.units.count == 5);
    CHECK_STR(d.units.at[0].path, STR("Abschnitt 1 - Allgemeines"));
    CHECK_STR(d.units.at[0].heading, STR("Zweck"));
}

TEST(what_was_repealed_or_is_a_formula_is_left_out)
{
    RIG(r);
    struct doc d;
    rig_read_doc(&r, "muellg", statute, &d);
    CHECK_STR(unit(&d, "§ 2"), STR("(none)"));
    CHECK_STR(unit(&d, "§ 3"), STR("(none)"));
    CHECK_STR(unit(&d, "Schlussformel"), STR("(none)"));
}

TEST(headings_in_an_annex_are_its_text_and_equal_names_are_told_apart)
{
    RIG(r);
    struct doc d;
    rig_read_doc(&r, "muellg", statute, &d);
    CHECK_STR(unit(&d, "Anlage 1"), STR("Teil A\nGrau"));
    CHECK_STR(unit(&d, "Anlage"), STR("Blau"));
    CHECK_STR(unit(&d, "Anlage [2]"), STR("Rot"));
}

TEST(the_source_place_of_a_unit_is_its_own_text)
{
    RIG(r);
    struct doc d;
    const str text = str_of(statute);
    rig_read_doc(&r, "muellg", statute, &d);
    for (size_t i = 0; i < d.units.count; i++) {
        str again;
        const struct doc_unit *const u = &d.units.at[i];
        CHECK(u->from < u->to && u->to <= text.len);
        CHECK_OK(markdown_clean(r.a, str_slice(text, u->from, u->to), &again));
        CHECK_STR(again, u->text);
    }
}

TEST(other_markdown_gives_a_unit_for_each_heading)
{
    RIG(r);
    struct doc d;
    rig_read_doc(&r, "seite",
                 "# Sperrmüll\n\nKostet nichts.\n\n## Termine\n\n* Montag\n* Dienstag\n", &d);
    CHECK(!d.is_statute);
    CHECK_STR(d.title, STR("Sperrmüll"));
    NEED(d.units.count == 2);
    CHECK_STR(d.units.at[1].section, STR("Termine"));
    CHECK_STR(d.units.at[1].text, STR("Montag\nDienstag"));
    CHECK_STR(d.units.at[1].path, STR("Sperrmüll"));
}

TEST(plain_text_is_cut_at_paragraphs)
{
    RIG(r);
    AUTO(buf) b = BUF(1 << 20);
    struct doc d;
    for (int i = 0; i < 100; i++)
        buf_add(&b, STR("zehn Wörter stehen in dieser Zeile und noch zwei mehr\n\n"));
    buf_add_char(&b, 0);
    rig_read_doc(&r, "text", b.at, &d);
    CHECK(d.units.count >= 4 && d.units.count <= 6);
    CHECK_STR(d.units.at[0].section, STR("1"));
    for (size_t i = 1; i < d.units.count; i++)
        CHECK_INT(d.units.at[i].from, >=, d.units.at[i - 1].to);
}

TEST(a_front_part_without_an_end_is_text)
{
    RIG(r);
    struct doc d;
    rig_read_doc(&r, "x", "---\nTitle: Nie zu Ende\n\nText\n", &d);
    CHECK(d.units.count == 1);
}

TEST(marks_escapes_and_footnotes_are_cleaned)
{
    RIG(r);
    str s;
    CHECK_OK(markdown_clean(r.a, STR("1\\. **fett**  und\n[^a][^b]\n\t weiter \\* \\x"), &s));
    CHECK_STR(s, STR("1. fett und\nweiter * \\x"));
    CHECK_OK(markdown_clean(r.a, STR("*    *   A\n*   B\n\n    *\n"), &s));
    CHECK_STR(s, STR("A\nB"));
    CHECK_OK(
        markdown_clean(r.a, STR("*   bei\n    *[^a_1]\n   Klasse 1\n*    *[^b]\n C *kursiv*"), &s));
    CHECK_STR(s, STR("bei\nKlasse 1\nC *kursiv*"));
    CHECK_OK(markdown_clean(r.a, STR("[^"), &s));
    CHECK_STR(s, STR("[^"));
    CHECK_OK(markdown_clean(r.a, STR(""), &s));
    CHECK_STR(s, STR(""));
}

TEST(any_bytes_of_marks_end_in_bounded_text)
{
    RIG(r);
    for (int round = 0; round < 3000; round++) {
        static const char odd[] = "#*- §1a)\n[^]:\\.|Art Anlage---";
        char text[200];
        const size_t len = (size_t)(test_random() % sizeof text);
        for (size_t i = 0; i < len; i++)
            text[i] = odd[test_random() % (sizeof odd - 1)];
        struct doc d = {0};
        arena_reset(r.a);
        CHECK_OK(markdown_read(r.a, (str){text, len}, &d));
        size_t all = 0;
        for (size_t i = 0; i < d.units.count; i++)
            all += d.units.at[i].text.len;
        CHECK(all <= len + d.units.count);
    }
}

TEST(each_failure_of_memory_is_reported)
{
    RIG(r);
    for (long n = 1;; n++) {
        struct doc d;
        arena_reset(r.a);
        fault_arm(n);
        const err e = doc_read(r.a, STR("m"), DOC_MARKDOWN, str_of(statute), &d);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired ? e.code != 0 : e.code == 0);
        if (!fired)
            break;
        NEED(n < 10000);
    }
}
