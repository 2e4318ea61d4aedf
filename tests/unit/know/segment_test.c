/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/segment.h"

#include "rig.h"

static const char *const texts[] = {"# Miete\n\nMiete und Mieter\n\n## Wohnung\n\nEine Wohnung\n",
                                    "# Hund\n\nDer Hund bellt\n"};

TEST(documents_units_terms_and_words_are_found_by_name)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 2);
    const struct seg_doc *const d = segment_doc(&s, STR("a"));
    NEED(d && d->unit_count == 2);
    const struct seg_unit *const u = segment_unit(&s, d, STR("Wohnung"));
    NEED(u);
    CHECK_STR(segment_text(&s, u->text), STR("Eine Wohnung"));
    CHECK(segment_term(&s, STR("hund")) != NULL);
    CHECK_INT(segment_word_count(&s, STR("bellt")), ==, 1);
    CHECK_STR(segment_text(&s, s.words[segment_word_from(&s, STR("h"))].text), STR("hund"));
}

TEST(what_is_not_there_is_not_found)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 2);
    CHECK(!segment_doc(&s, STR("zz")));
    CHECK(!segment_unit(&s, segment_doc(&s, STR("a")), STR("§ 9")));
    CHECK(!segment_term(&s, STR("katz")) && !segment_term(&s, STR("")));
    CHECK_INT(segment_word_count(&s, STR("katze")), ==, 0);
    CHECK_INT(segment_word_from(&s, STR("\xff")), ==, s.word_count);
}

TEST(cut_or_changed_bytes_are_refused_or_stay_inside)
{
    AUTO(build) *b = NULL;
    AUTO(buf) out = BUF(1 << 20);
    RIG(r);
    struct doc d;
    struct segment s;
    rig_read_doc(&r, "a", texts[0], &d);
    NEED_OK(build_new(1 << 24, &b));
    NEED_OK(build_add(b, &d));
    NEED_OK(build_end(b, &out));
    for (size_t len = 0; len < out.len; len++)
        CHECK_ERR(segment_view((str){out.at, len & ~(size_t)7}, &s), CORRUPT);
    for (int round = 0; round < 20000; round++) {
        const size_t at = (size_t)(test_random() % out.len);
        const char kept = out.at[at];
        out.at[at] = (char)test_random();
        if (!segment_view(buf_str(&out), &s).code) {
            for (uint32_t i = 0; i < s.unit_count; i++) {
                const str text = segment_text(&s, s.units[i].text);
                CHECK(text.at >= out.at && text.at + text.len <= out.at + out.len);
            }
            for (uint32_t i = 0; i < s.posting_count; i++)
                CHECK(s.postings[i].unit < s.unit_count);
        }
        out.at[at] = kept;
    }
    CHECK_OK(segment_view(buf_str(&out), &s));
}

TEST(a_segment_of_an_older_version_says_so)
{
    static _Alignas(8) char bytes[256] = "knowseg1";
    struct segment s;
    CHECK_ERR(segment_view((str){bytes, sizeof bytes}, &s), CORRUPT);
    CHECK(strstr(err_text(), "older version") != NULL);
}
