/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/build.h"

#include "rig.h"

static const char *const texts[] = {
    "---\nTitle: Mietgesetz\njurabk: MietG\n---\n# M\n\n### § 1 Miete\n\nDie Miete, die Miete nach "
    "§ 2 zahlt der "
    "Mieter.\n\n### § 2 Mieter\n\nDer Mieter wohnt. Siehe § 1 des Wohngesetzes und § 3 SGB.\n\n### "
    "§ 3 "
    "Rest\n\nMieterhöhung Erhöhung Erhöhung Erhöhung Mieter Mieter\n"};

TEST(a_word_is_counted_where_it_stands)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 1);
    CHECK_INT(s.unit_count, ==, 3);
    CHECK_INT(segment_word_count(&s, STR("mieter")), ==, 5);
    CHECK_INT(segment_word_count(&s, STR("der")), ==, 0);
    CHECK_INT(segment_word_count(&s, STR("vermieter")), ==, 0);
}

TEST(weights_of_fields_and_parts_are_in_the_postings)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 1);
    const struct seg_term *const t = segment_term(&s, STR("erhoh"));
    NEED(t && t->posting_count == 1);
    CHECK_INT(s.postings[t->posting_first].unit, ==, 2);
    CHECK_INT(s.postings[t->posting_first].body, ==, 36); /* three whole, one part of six tenths */
    const struct seg_term *const title = segment_term(&s, STR("mietgesetz"));
    NEED(title && title->posting_count == 3);
    CHECK_INT(s.postings[title->posting_first].head, ==, 10);
}

TEST(references_stay_inside_the_document)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 1);
    NEED(s.unit_count == 3);
    CHECK_INT(s.units[0].ref_count, ==, 1);
    CHECK_INT(s.refs[s.units[0].ref_first], ==, 1);
    CHECK_INT(s.units[1].ref_count, ==, 0);
}

TEST(no_documents_make_a_segment_too)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 0);
    CHECK_INT(s.doc_count + s.unit_count + s.term_count, ==, 0);
    CHECK(!segment_term(&s, STR("miet")) && !segment_doc(&s, STR("a")));
}

TEST(the_same_documents_make_the_same_bytes)
{
    RIG(r);
    const struct segment a = rig_segment(&r, texts, 1), b = rig_segment(&r, texts, 1);
    NEED(a.pool_len == b.pool_len && a.posting_count == b.posting_count);
    CHECK(memcmp(a.pool, b.pool, a.pool_len) == 0);
    CHECK(memcmp(a.postings, b.postings, a.posting_count * sizeof *a.postings) == 0);
}

TEST(memory_that_is_not_there_is_reported)
{
    RIG(r);
    struct doc d;
    rig_read_doc(&r, "a", texts[0], &d);
    AUTO(build) *small = NULL;
    NEED_OK(build_new(512, &small));
    CHECK_ERR(build_add(small, &d), LIMIT);
    for (long n = 1;; n++) {
        AUTO(build) *b = NULL;
        AUTO(buf) out = BUF(1 << 20);
        fault_arm(n);
        err e = build_new(1 << 20, &b);
        if (!e.code)
            e = build_add(b, &d);
        if (!e.code)
            e = build_end(b, &out);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired ? e.code != 0 : e.code == 0);
        if (!fired)
            break;
        NEED(n < 10000);
    }
}
