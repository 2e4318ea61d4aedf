/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/odt.h"

#include "rig.h"

TEST(headings_lists_rows_and_notes_are_told_apart)
{
    CHECK_STR(
        rig_odt(O_TEXT("", "<text:p text:style-name='Title'>Satzung</text:p>"
                           "<text:h text:outline-level='1'>§ 1 Zweck</text:h>"
                           "<text:p>Ein<text:s/>Satz<text:note><text:note-citation>1"
                           "</text:note-citation><text:note-body><text:p>Fußnote</text:p>"
                           "</text:note-body></text:note>.</text:p><text:list><text:list-item>"
                           "<text:p>Punkt</text:p></text:list-item></text:list><table:table>"
                           "<table:table-row><table:table-cell><text:p>a</text:p>"
                           "</table:table-cell><table:table-cell><text:p>b</text:p>"
                           "</table:table-cell></table:table-row></table:table>")),
        STR("---\ntitle: Satzung\n---\n\n# Satzung\n\n## § 1 Zweck\n\nEin Satz.\n\n\\[1\\] "
            "Fußnote\n\n* Punkt\n\na | b\n\n"));
}

TEST(a_note_to_a_heading_leaves_it_one)
{
    CHECK_HAS(rig_odt(O_TEXT("", "<text:h text:outline-level='2'>Kosten<text:note><text:note-body>"
                                 "<text:p>Stand 2026</text:p></text:note-body></text:note> und mehr"
                                 "</text:h>")),
              "### Kosten und mehr\n\n\\[1\\] Stand 2026\n");
}

TEST(what_nobody_sees_is_left_out)
{
    const str s =
        rig_odt(O_TEXT("<style:style style:name='V'><style:text-properties text:display='none'/>"
                       "</style:style><style:style style:name='V2' style:parent-style-name='V'/>"
                       "<style:style style:name='W'><style:text-properties fo:color='#FFFFFF'/>"
                       "</style:style><style:style style:name='G'><style:paragraph-properties "
                       "fo:background-color='#000080'/></style:style>",
                       "<text:tracked-changes><text:p>gestrichen</text:p></text:tracked-changes>"
                       "<text:p>Da<text:span text:style-name='V'>V1</text:span>"
                       "<text:span text:style-name='V2'>V2</text:span>"
                       "<text:span text:style-name='W'>weiß</text:span>"
                       "<office:annotation><text:p>Kommentar</text:p></office:annotation></text:p>"
                       "<text:section text:display='none'><text:p>Abschnitt</text:p></text:section>"
                       "<text:hidden-paragraph>Absatz</text:hidden-paragraph>"
                       "<text:p text:style-name='V'>Stil</text:p>"
                       "<text:table-of-content><text:p>Inhalt</text:p></text:table-of-content>"));
    CHECK_STR(s, STR("Da\n\n"));
}

TEST(the_properties_name_the_title)
{
    static const struct zip_part parts[] = {
        {.name = "content.xml", .bytes = STR_INIT(O_TEXT("", "<text:p>Text</text:p>"))},
        {.name = "meta.xml",
         .bytes = STR_INIT("<office:document-meta " O_SPACES "><dc:title>Merkblatt</dc:title>"
                           "</office:document-meta>")}};
    CHECK_STR(rig_read_parts(DOC_ODT, parts, 2), STR("---\ntitle: Merkblatt\n---\n\nText\n\n"));
}

TEST(what_is_no_text_says_so)
{
    const struct zip_part other = {.name = "word/document.xml", .bytes = STR("<a/>")};
    CHECK_STR(rig_read_parts(DOC_ODT, &other, 1), STR("! is no OpenDocument text"));
    CHECK_STR(rig_odt("<office:"), STR("! has a part that is not well-formed XML"));
    CHECK_HAS(rig_odt("<!DOCTYPE a [<!ENTITY a 'b'>]><a/>"), "! declares entities");
}

/* Elements in any order, as nobody writes them. */
TEST(elements_out_of_place_do_no_harm)
{
    static const char *const bodies[] = {
        "</text:p>",
        "<text:note/>",
        "<table:table-cell/>",
        "<text:note><table:table/></text:note>",
        "<text:list-item/><text:p><text:p>a</text:p>b</text:p>",
        "<text:note><text:note><text:p>a</text:p></text:note></text:note>",
        "<table:table><text:note><text:p/></text:note></table:table>",
        "<office:text/>"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        AUTO(arena) *a = NULL;
        NEED_OK(arena_open(1 << 20, &a));
        CHECK(rig_odt(arena_fmt(a,
                                "<office:document-content %s><office:body><office:text>%s"
                                "</office:text></office:body></office:document-content>",
                                O_SPACES, bodies[i])
                          .at)
                  .len < 200);
    }
}

TEST(no_memory_is_no_document)
{
    AUTO(buf) zip = BUF(RIG_BYTES);
    const struct zip_part one = {.name = "content.xml",
                                 .bytes = STR(O_TEXT("", "<text:p>x</text:p>"))};
    zip_write(&zip, &one, 1);
    for (long n = 1; n < 200; n++) {
        AUTO(buf) b = BUF(RIG_BYTES);
        fault_arm(n);
        const err e = odt_to_markdown(buf_str(&zip), &b);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != 0));
        if (!fired)
            return;
    }
    CHECK(false); /* it does not end */
}
