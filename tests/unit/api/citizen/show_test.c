/* SPDX-License-Identifier: EUPL-1.2 */
/* An answer as JSON and as HTML, in api/citizen/show.c. */
#include "api/citizen/citizen_api.h"

#include "unit/api/reply.h"

static struct citizen_answer
answer_with(struct supported *sentences, size_t count)
{
    struct citizen_answer a = {
        .contact = STR("Rathaus <Zimmer 1>"), .words = WORDS_WRITTEN, .label_text = STR("offen")};
    a.reply.cards.count = 1;
    a.reply.cards.confidence = 0.75;
    a.reply.cards.at[0] = (struct card){.doc = STR("hund"),
                                        .title = STR("Satzung & Ordnung"),
                                        .edition = STR("1. Januar"),
                                        .section = STR("§ 2"),
                                        .heading = STR("Steuersatz"),
                                        .quote = STR("96 Euro \"je\" <Hund>"),
                                        .source_from = 7,
                                        .page = 3,
                                        .page_to = 4,
                                        .source_to = 99,
                                        .share = 1};
    a.sentences.at = sentences;
    a.sentences.count = count;
    return a;
}

static str
json_of(arena *a, const struct citizen_answer *answer)
{
    AUTO(buf) b = BUF(1 << 20);
    str text = STR_NONE;
    json_open(&b, '{');
    citizen_put_json(&b, answer);
    json_close(&b, '}');
    CHECK_OK(buf_end(&b));
    CHECK_OK(try_arena_str(a, buf_str(&b), &text));
    return text;
}

static str
html_of(arena *a, const struct citizen_answer *answer)
{
    AUTO(buf) b = BUF(1 << 20);
    str text = STR_NONE;
    citizen_put_html(&b, answer);
    CHECK_OK(buf_end(&b));
    CHECK_OK(try_arena_str(a, buf_str(&b), &text));
    return text;
}

#define HAS(text, part) (str_find(text, STR(part)) >= 0)

TEST(what_was_kept_is_shown_and_what_was_removed_only_with_its_reason)
{
    AUTO(arena) *a = NULL;
    struct supported s[] = {{.text = STR("Es sind 96 Euro."), .cites = 5, .fault = SUPPORT_FINE},
                            {.text = STR("Es sind 42 Euro."), .cites = 1, .fault = SUPPORT_NUMBER},
                            {.text = STR("Gern geschehen."), .cites = 0, .fault = SUPPORT_UNCITED}};
    const struct citizen_answer answer = answer_with(s, 3);
    NEED_OK(arena_open(1 << 20, &a));
    const str j = json_of(a, &answer);
    CHECK_STR(text_below(a, j, "sentences.0.text"), STR("Es sind 96 Euro."));
    CHECK(HAS(j, "\"cites\":[1,3]"));
    CHECK(!json_below(a, j, "sentences.1").v);
    CHECK_STR(text_below(a, j, "removed.0.why"), str_of(support_says(SUPPORT_NUMBER)));
    CHECK_STR(text_below(a, j, "removed.1.why"), str_of(support_says(SUPPORT_UNCITED)));
    CHECK(!json_below(a, j, "removed.2").v);
    CHECK(!HAS(j, "42 Euro") && !HAS(j, "Gern"));
}

TEST(every_answer_says_what_prepared_it)
{
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (int b = BEHAVIOUR_ANSWER; b <= BEHAVIOUR_REFUSE; b++) {
        struct citizen_answer answer = {.reply = {.behaviour = (enum behaviour)b}};
        CHECK(HAS(json_of(a, &answer), "KI-System"));
        CHECK(HAS(html_of(a, &answer), "KI-System"));
        CHECK_STR(text_below(a, json_of(a, &answer), "behaviour"),
                  str_of(behaviour_name((enum behaviour)b)));
    }
}

TEST(the_source_stands_beside_the_quote_in_both_shapes)
{
    AUTO(arena) *a = NULL;
    const struct citizen_answer answer = answer_with(NULL, 0);
    NEED_OK(arena_open(1 << 20, &a));
    const str j = json_of(a, &answer), h = html_of(a, &answer);
    CHECK_STR(text_below(a, j, "cards.0.quote"), STR("96 Euro \"je\" <Hund>"));
    CHECK_STR(text_below(a, j, "cards.0.section"), STR("§ 2"));
    CHECK_STR(text_below(a, j, "cards.0.edition"), STR("1. Januar"));
    CHECK(HAS(j, "\"source_from\":7") && HAS(j, "\"source_to\":99"));
    CHECK(HAS(j, "\"page\":3,\"page_to\":4"));
    CHECK(HAS(h, "<blockquote>96 Euro &quot;je&quot; &lt;Hund&gt;</blockquote>"));
    CHECK(HAS(h, "Satzung &amp; Ordnung, § 2 (Steuersatz), Fassung: 1. Januar, Seite 3"));
}

TEST(a_heading_that_is_the_section_is_not_said_twice_nor_an_edition_that_is_not_there)
{
    AUTO(arena) *a = NULL;
    struct citizen_answer answer = answer_with(NULL, 0);
    NEED_OK(arena_open(1 << 20, &a));
    answer.reply.cards.at[0].heading = STR("§ 2");
    answer.reply.cards.at[0].edition = STR_NONE;
    answer.reply.cards.at[0].title = STR_NONE;
    answer.reply.cards.at[0].page = 0;
    const str h = html_of(a, &answer);
    CHECK(HAS(h, "<cite>Quelle: hund, § 2</cite>"));
}

TEST(whom_to_ask_is_said_only_where_there_is_no_answer)
{
    AUTO(arena) *a = NULL;
    struct citizen_answer answer = answer_with(NULL, 0);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK(!HAS(html_of(a, &answer), "Rathaus"));
    answer.reply.said = STR("Das weiß ich nicht.");
    CHECK(HAS(html_of(a, &answer), "<p>Rathaus &lt;Zimmer 1&gt;</p>"));
}

TEST(choices_are_links_that_nothing_in_a_title_breaks_out_of)
{
    AUTO(arena) *a = NULL;
    struct citizen_answer answer = {.understood = STR("Was \"kostet\" das?")};
    NEED_OK(arena_open(1 << 20, &a));
    answer.reply.behaviour = BEHAVIOUR_CLARIFY;
    answer.reply.said = STR("Worum geht es?");
    CHECK(!HAS(html_of(a, &answer), "<ul"));
    answer.reply.choices[0] = (struct choice){STR("A & <b>\"B\""), STR("§ 1 ä")};
    answer.reply.choice_count = 1;
    const str h = html_of(a, &answer), j = json_of(a, &answer);
    CHECK(HAS(h, "?before=A%20%26%20%3Cb%3E%22B%22%20%C2%A7%201%20%C3%A4&amp;"
                 "question=Was%20%22kostet%22%20das%3F\">"));
    CHECK(HAS(h, ">§ 1 ä (A &amp; &lt;b&gt;&quot;B&quot;)</a>"));
    CHECK_STR(text_below(a, j, "choices.0.before"), STR("A & <b>\"B\" § 1 ä"));
}

TEST(little_confidence_is_said)
{
    AUTO(arena) *a = NULL;
    struct citizen_answer answer = answer_with(NULL, 0);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK(!HAS(html_of(a, &answer), "passen vielleicht"));
    answer.reply.cards.confidence = 0.2;
    CHECK(HAS(html_of(a, &answer), "passen vielleicht"));
}

TEST(personal_data_is_told_by_place_and_type)
{
    AUTO(arena) *a = NULL;
    struct detect_span spans[] = {{.start = 3, .end = 25, .type = DETECT_IBAN}};
    struct citizen_answer answer = answer_with(NULL, 0);
    NEED_OK(arena_open(1 << 20, &a));
    CHECK(!HAS(html_of(a, &answer), "class=\"personal\""));
    answer.personal.at = spans;
    answer.personal.count = 1;
    CHECK(HAS(html_of(a, &answer), "class=\"personal\""));
    CHECK(HAS(json_of(a, &answer), "[{\"type\":\"IBAN\",\"from\":3,\"to\":25}]"));
}

TEST(no_text_ever_opens_a_tag_or_an_attribute)
{
    static const char alphabet[] = "a<>&\"'\xc3\xa4/= \n";
    for (int round = 0; round < 2000; round++) {
        AUTO(buf) b = BUF(1 << 16);
        char text[48];
        const size_t len = test_random() % sizeof text;
        for (size_t i = 0; i < len; i++)
            text[i] = alphabet[test_random() % (sizeof alphabet - 1)];
        html_put(&b, (str){text, len});
        for (size_t i = 0; i < b.len; i++)
            CHECK(b.at[i] != '<' && b.at[i] != '>' && b.at[i] != '"');
        CHECK_INT(b.len, >=, len);
    }
}
