/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/docx.h"

#include "rig.h"

#define RUN(properties, text) "<w:r><w:rPr>" properties "</w:rPr><w:t>" text "</w:t></w:r>"

static const char styles[] =
    "<w:styles " W_SPACE ">"
    "<w:style w:styleId='T'><w:name w:val='Title'/></w:style>"
    "<w:style w:styleId='H1'><w:pPr><w:outlineLvl w:val='0'/></w:pPr></w:style>"
    "<w:style w:styleId='L'><w:pPr><w:numPr><w:numId w:val='3'/></w:numPr></w:pPr></w:style>"
    "<w:style w:styleId='V'><w:rPr><w:vanish/></w:rPr></w:style>"
    "<w:style w:styleId='TOC1'><w:name w:val='toc 1'/></w:style></w:styles>";

static str
read_styled(const char *body)
{
    const struct zip_part parts[] = {{.name = "word/document.xml", .bytes = str_of(body)},
                                     {.name = "word/styles.xml", .bytes = str_of(styles)}};
    return rig_read_parts(DOC_DOCX, parts, 2);
}

#define STYLED(style, text)                                                                        \
    "<w:p><w:pPr><w:pStyle w:val='" style "'/></w:pPr><w:r><w:t>" text "</w:t></w:r></w:p>"

TEST(title_headings_lists_and_text_are_told_apart)
{
    CHECK_STR(read_styled(W_BODY(STYLED("T", "Satzung") STYLED("TOC1", "1 Inhalt ... 3")
                                     STYLED("H1", "§ 1 Zweck") W_P("Text.") STYLED("L", "Punkt"))),
              STR("---\ntitle: Satzung\n---\n\n# Satzung\n\n## § 1 Zweck\n\nText.\n\n* Punkt\n\n"));
}

TEST(a_paragraph_may_be_a_heading_of_its_own)
{
    CHECK_HAS(rig_docx(W_BODY("<w:p><w:pPr><w:outlineLvl w:val='1'/></w:pPr><w:r><w:t>Kosten"
                              "</w:t></w:r></w:p><w:p><w:pPr><w:outlineLvl w:val='9'/></w:pPr>"
                              "<w:r><w:t>keine</w:t></w:r></w:p>")),
              "### Kosten\n\nkeine\n");
}

/* Properties of a run and what it says; upper case must not be read. */
static const char *const runs[][2] = {
    {"", "sichtbar"},
    {"<w:vanish/>", "VERBORGEN"},
    {"<w:vanish w:val='true'/>", "AUCH"},
    {"<w:vanish w:val='0'/>", " gezeigt"},
    {"<w:color w:val='FFFFFF'/>", "WEISS"},
    {"<w:sz w:val='2'/>", "WINZIG"},
    {"<w:rStyle w:val='V'/>", "STIL"},
    {"<w:color w:val='FFFFFF'/><w:shd w:fill='000080'/>", " hell auf dunkel"},
    {"<w:color w:val='FFFFFF'/><w:highlight w:val='blue'/>", " markiert"},
};

TEST(what_nobody_sees_is_left_out)
{
    AUTO(buf) b = BUF(10000);
    buf_add(&b, STR("<w:document " W_SPACE "><w:body><w:p>"));
    for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
        buf_add_fmt(&b, "<w:r><w:rPr>%s</w:rPr><w:t>%s</w:t></w:r>", runs[i][0], runs[i][1]);
    buf_add(&b, STR("</w:p>" STYLED("V", "ABSATZ") "</w:body></w:document>"));
    buf_add_char(&b, '\0');
    CHECK_STR(read_styled(b.at), STR("sichtbar gezeigt hell auf dunkel markiert\n\n"));
}

TEST(white_in_a_table_is_its_style)
{
    CHECK_HAS(rig_docx(W_BODY("<w:tbl><w:tr><w:tc><w:p>" RUN(
                  "<w:color w:val='FFFFFF'/>", "Kopf") "</w:p></w:tc></w:tr></w:tbl>")),
              "Kopf\n");
}

TEST(a_row_is_a_line)
{
    CHECK_HAS(rig_docx(W_BODY("<w:tbl><w:tr><w:tc>" W_P("Hund") W_P("erster") "</w:tc><w:tc>" W_P(
                  "96 Euro") "</w:tc></w:tr><w:tr><w:tc/"
                             "><w:tc><w:tbl><w:tr><w:tc>" W_P("innen") "</w:tc></w:tr></w:tbl></"
                                                                       "w:tc></w:tr></"
                                                                       "w:tbl>" W_P("danach"))),
              "Hund erster | 96 Euro\n\n");
}

TEST(changes_comments_and_codes_are_not_text)
{
    const str s = rig_docx(W_BODY(
        "<w:p><w:del><w:r><w:delText>alt</w:delText></w:r></w:del><w:ins><w:r><w:t>neu</w:t></w:r>"
        "</w:ins><w:moveFrom><w:r><w:t>weg</w:t></w:r></w:moveFrom><w:r><w:instrText>HYPERLINK"
        "</w:instrText></w:r><w:r><w:t>er</w:t><w:tab/><w:t>Text</w:t></w:r></w:p>"));
    CHECK_STR(s, STR("neuer Text\n\n"));
}

TEST(notes_stand_behind_their_paragraph)
{
    static const struct zip_part parts[] = {
        {.name = "word/document.xml",
         .bytes = STR_INIT(W_BODY("<w:p><w:r><w:t>Satz</w:t></w:r><w:r><w:footnoteReference "
                                  "w:id='2'/></w:r><w:r><w:t>.</w:t></w:r></w:p>" W_P("Ende")))},
        {.name = "word/footnotes.xml",
         .bytes = STR_INIT("<w:footnotes " W_SPACE "><w:footnote w:id='0'>" W_P(
             "Trenner") "</w:footnote><w:footnote w:id='2'>" W_P("Fußnote")
                               W_P("zwei") "</w:footnote></w:footnotes>")}};
    CHECK_STR(rig_read_parts(DOC_DOCX, parts, 2), STR("Satz.\n\n\\[1\\] Fußnote zwei\n\nEnde\n\n"));
}

TEST(the_properties_name_the_title)
{
    static const struct zip_part parts[] = {
        {.name = "word/document.xml", .bytes = STR_INIT(W_BODY(W_P("Text")))},
        {.name = "docProps/core.xml",
         .bytes = STR_INIT("<c xmlns:dc='http://purl.org/dc/elements/1.1/'><dc:creator>Amt"
                           "</dc:creator><dc:title>Merkblatt</dc:title></c>")}};
    CHECK_STR(rig_read_parts(DOC_DOCX, parts, 2), STR("---\ntitle: Merkblatt\n---\n\nText\n\n"));
}

TEST(a_box_is_read_once)
{
    CHECK_STR(
        rig_docx(
            "<w:document " W_SPACE
            " xmlns:mc='http://schemas.openxmlformats.org/markup-compatibility/2006'>"
            "<w:body><w:p><w:r><w:t>Vor</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>"
            "<w:txbxContent>" W_P(
                "Kasten") "</w:txbxContent></mc:Choice><mc:Fallback>"
                          "<w:txbxContent>" W_P(
                              "Kasten") "</w:txbxContent></mc:Fallback>"
                                        "</mc:AlternateContent></w:r></w:p></w:body></w:document>"),
        STR("Vor\n\nKasten\n\n"));
}

TEST(what_is_no_word_document_says_so)
{
    const struct zip_part other = {.name = "content.xml", .bytes = STR("<a/>")};
    CHECK_STR(rig_read_parts(DOC_DOCX, &other, 1), STR("! is no Word document"));
    CHECK_STR(rig_docx("<w:document"), STR("! has a part that is not well-formed XML"));
    CHECK_STR(rig_read(DOC_DOCX, STR("PK")), STR("! is no whole zip file"));
    CHECK_HAS(rig_read(DOC_DOCX, STR("\xd0\xcf\x11\xe0\xa1\xb1")), "! is protected by a password");
    CHECK_HAS(rig_docx("<!DOCTYPE a [<!ENTITY a 'b'>]>" W_BODY(W_P("&a;"))), "! declares entities");
}

#define LISTED(list, text)                                                                         \
    "<w:p><w:pPr><w:numPr><w:ilvl w:val='" list "'/><w:numId w:val='1'/></w:numPr></w:pPr><w:r>"   \
    "<w:t>" text "</w:t></w:r></w:p>"

TEST(numbers_that_word_gives_are_read)
{
    static const struct zip_part parts[] = {
        {.name = "word/document.xml",
         .bytes = STR_INIT(W_BODY(LISTED("0", "Zweck") LISTED("1", "Absatz") LISTED("1", "") LISTED(
             "1", "Noch einer") LISTED("0", "Kosten") LISTED("1", "Absatz") LISTED("2", "Punkt")))},
        {.name = "word/numbering.xml",
         .bytes = STR_INIT("<w:numbering " W_SPACE "><w:abstractNum w:abstractNumId='7'>"
                           "<w:lvl w:ilvl='0'><w:numFmt w:val='decimal'/><w:lvlText w:val='§ %1'/>"
                           "</w:lvl><w:lvl w:ilvl='1'><w:numFmt w:val='decimal'/>"
                           "<w:lvlText w:val='(%2)'/></w:lvl><w:lvl w:ilvl='2'>"
                           "<w:numFmt w:val='bullet'/><w:lvlText w:val='-'/></w:lvl>"
                           "</w:abstractNum><w:num w:numId='1'><w:abstractNumId w:val='7'/></w:num>"
                           "</w:numbering>")}};
    CHECK_STR(rig_read_parts(DOC_DOCX, parts, 2),
              STR("§ 1 Zweck\n\n(1) Absatz\n\n(2) Noch einer\n\n§ 2 Kosten\n\n(1) Absatz\n\n"
                  "* Punkt\n\n"));
}

TEST(no_memory_is_no_document)
{
    AUTO(buf) zip = BUF(RIG_BYTES);
    const struct zip_part one = {.name = "word/document.xml", .bytes = STR(W_BODY(W_P("x")))};
    zip_write(&zip, &one, 1);
    for (long n = 1; n < 200; n++) {
        AUTO(buf) b = BUF(RIG_BYTES);
        fault_arm(n);
        const err e = docx_to_markdown(buf_str(&zip), &b);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != 0));
        if (!fired)
            return;
    }
    CHECK(false); /* it does not end */
}
