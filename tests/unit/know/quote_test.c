/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/quote.h"

#include "rig.h"

static const char *const texts[] = {
    "# A\n\nDer Antrag ist schriftlich zu stellen.\n\nDie Gebühr für "
    "den Ausweis beträgt 37 Euro.\n\nDie Behörde entscheidet.\n",
    "# B\n\nAntrag Antrag Ausweis Behörde\n"};

static str
quote(struct rig *r, const struct segment *s, const char *question, str text)
{
    const everyday *e = NULL;
    const struct question *q = NULL;
    size_t from = 99, to = 99;
    const struct cleared c = {&s, 1};
    CHECK_OK(everyday_open(r->a, &e));
    CHECK_OK(question_read(r->a, e, c, str_of(question), &q));
    quote_find(c, q, text, &from, &to);
    CHECK(from <= to && to <= text.len);
    return str_slice(text, from, to);
}

TEST(the_line_that_answers_is_quoted)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 2);
    const str text = segment_text(&s, s.units[0].text);
    CHECK_STR(quote(&r, &s, "Was kostet ein Perso?", text),
              STR("Die Gebühr für den Ausweis beträgt 37 Euro."));
    CHECK_STR(quote(&r, &s, "Wer entscheidet?", text), STR("Die Behörde entscheidet."));
}

TEST(a_question_about_nothing_quotes_the_first_line)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 2);
    const str text = segment_text(&s, s.units[0].text);
    CHECK_STR(quote(&r, &s, "xyzzy", text), STR("Der Antrag ist schriftlich zu stellen."));
    CHECK_STR(quote(&r, &s, "", text), STR("Der Antrag ist schriftlich zu stellen."));
}

TEST(no_text_has_no_quote)
{
    RIG(r);
    const struct segment s = rig_segment(&r, texts, 2);
    CHECK_STR(quote(&r, &s, "Ausweis", STR("")), STR(""));
}
