/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/citizen.h"

#include "base/fault.h"
#include "rig.h"

#define CARD                                                                                       \
    "{\"number\":1,\"document\":\"hund\",\"title\":\"Hundesteuersatzung\",\"section\":\"§ 2\","   \
    "\"heading\":\"§ 2 Steuersatz\",\"edition\":\"1. Januar 2026\",\"quote\":\"Die Steuer "       \
    "beträgt 96 Euro.\"}"
#define NOTICE "\"notice\":\"Diese Antwort hat ein KI-System vorbereitet.\""

static const char answered[] =
    "{\"behaviour\":\"answer\",\"said\":\"\",\"contact\":\"Telefon 115\",\"cards\":[" CARD "],"
    "\"sentences\":[{\"text\":\"Sie zahlen 96 Euro. [1]\"}],"
    "\"removed\":[{\"text\":\"Das ist billig.\",\"why\":\"no source\"}]," NOTICE "}";
static const char handed_over[] =
    "{\"behaviour\":\"handover\",\"said\":\"Das weiß ich nicht.\",\"contact\":\"Telefon 115\","
    "\"cards\":[],\"sentences\":[],\"removed\":[]," NOTICE "}";

static bool
start(struct fake *f, const char *answer)
{
    if (!fake_start(f))
        return false;
    fake_says(f, "POST /v1/citizen/ask ", 200, answer);
    return true;
}

#define FAKE(f, answer)                                                                            \
    static struct fake f;                                                                          \
    NEED(start(&f, answer))

TEST(passages_come_with_their_source_then_the_words_and_the_notice)
{
    FRESH(r);
    FAKE(f, answered);
    RUN(&r, &f, "ask", "--citizen", "Was kostet der Hund?");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("[1] Hundesteuersatzung, § 2 Steuersatz, 1. Januar 2026\n"
                                 "    Die Steuer beträgt 96 Euro.\n"
                                 "Sie zahlen 96 Euro. [1]\n"
                                 "(ein Satz entfernt: no source)\n"
                                 "Diese Antwort hat ein KI-System vorbereitet.\n"));
    CHECK_STR(str_of(r.err), STR(""));
    CHECK_NOT_IN(r.out, "billig"); /* what was removed stays removed */
    fake_end(&f);
}

TEST(without_an_answer_it_is_said_who_to_turn_to)
{
    FRESH(r);
    FAKE(f, handed_over);
    RUN(&r, &f, "ask", "--citizen", "Was ist der Sinn?");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("Das weiß ich nicht.\nTelefon 115\n"
                                 "Diese Antwort hat ein KI-System vorbereitet.\n"));
    fake_end(&f);
}

TEST(the_question_goes_with_what_was_chosen_and_its_label)
{
    FRESH(r);
    FAKE(f, answered);
    RUN(&r, &f, "ask", "--citizen", "Was \"kostet\" es?");
    CHECK_IN(fake_asked(&f), "\r\n\r\n{\"question\":\"Was \\\"kostet\\\" es?\",\"rewrite\":true}");
    CHECK_NOT_IN(fake_asked(&f), "X-Hoheit-Label");
    fake_forget(&f);
    fake_says(&f, "POST /v1/citizen/ask ", 200, answered);
    RUN(&r, &f, "ask", "--citizen", "--know", "wissen", "-m", "toy", "--no-rewrite", "--label",
        "intern", "Was?");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f),
             "{\"question\":\"Was?\",\"know\":\"wissen\",\"model\":\"toy\",\"rewrite\":false}");
    CHECK_IN(fake_asked(&f), "X-Hoheit-Label: intern\r\n");
    fake_end(&f);
}

TEST(as_json_the_whole_answer_is_printed)
{
    FRESH(r);
    AUTO(arena) *a = NULL;
    jval root;
    FAKE(f, answered);
    RUN(&r, &f, "ask", "--citizen", "--json", "Was?");
    CHECK_STATUS(&r, 0);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(r.out), &root));
    CHECK_OUT(&r, "\"behaviour\":\"answer\"");
    CHECK_OUT(&r, "\"why\":\"no source\"");
    fake_end(&f);
}

TEST(personal_details_are_pointed_out_and_not_repeated)
{
    FRESH(r);
    FAKE(f, "{\"said\":\"Nein.\",\"personal_data\":[{\"type\":\"IBAN\",\"text\":\"DE89\"},"
            "{\"type\":\"PERSON\"}],\"cards\":[],\"sentences\":[],\"removed\":[]}");
    RUN(&r, &f, "ask", "--citizen", "Was?");
    CHECK_SAYS(&r, "the question holds 2 personal details");
    CHECK_NOT_IN(r.err, "DE89");
    RUN(&r, &f, "ask", "--citizen", "-q", "Was?");
    CHECK_STR(str_of(r.err), STR(""));
    fake_end(&f);
}

TEST(what_the_answer_quotes_cannot_reach_into_the_terminal)
{
    FRESH(r);
    FAKE(f, "{\"said\":\"\\u001b[2Ja\",\"contact\":\"\\u001b[2Jb\",\"notice\":\"\\u001b[2Jc\","
            "\"cards\":[{\"title\":\"\\u001b[2Jd\",\"section\":\"\\u001b[2Je\","
            "\"edition\":\"\\u001b[2Jf\",\"quote\":\"\\u001b[2Jg\"}],"
            "\"sentences\":[{\"text\":\"\\u001b[2Jh\"}],\"removed\":[{\"why\":\"\\u001b[2Ji\"}]}");
    RUN(&r, &f, "ask", "--citizen", "Was?");
    CHECK_STATUS(&r, 0);
    CHECK_NOT_IN(r.out, "\033");
    for (char c = 'a'; c <= 'i'; c++)
        CHECK_OUT(&r, ((const char[]){'[', '2', 'J', c, 0}));
    fake_end(&f);
}

TEST(files_do_not_go_along)
{
    FRESH(r);
    FAKE(f, answered);
    RUN(&r, &f, "ask", "--citizen", "Was?", "bescheid.md");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "a citizen's question goes without files");
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(a_question_without_bounds_is_not_sent)
{
    FRESH(r);
    FAKE(f, answered);
    static char question[70 * 1024];
    memset(question, 'a', sizeof question - 1);
    RUN(&r, &f, "ask", "--citizen", question);
    CHECK(r.status != 0);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(a_refusal_is_told_in_the_words_of_the_daemon)
{
    FRESH(r);
    FAKE(f, answered);
    fake_says(&f, "POST /v1/citizen/ask ", 403,
              "{\"error\":{\"message\":\"label intern is above offen\",\"code\":"
              "\"denied_by_policy\"}}");
    RUN(&r, &f, "ask", "--citizen", "Was?");
    CHECK_STATUS(&r, 77);
    CHECK_SAYS(&r, "hoheit: label intern is above offen\n  request: req_FAKE\n");
    CHECK_STR(str_of(r.out), STR(""));
    fake_end(&f);
    RUN(&r, NULL, "ask", "--citizen", "Was?");
    CHECK_STATUS(&r, 1);
}

TEST(an_answer_of_something_else_is_a_failure)
{
    static const char *const odd[] = {
        "",
        "[]",
        "no json",
        "{}",
        "{\"cards\":7}",
        "{\"cards\":[],\"sentences\":{},\"removed\":[]}",
        "{\"cards\":[],\"sentences\":[],\"removed\":7}",
        "{\"cards\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],\"sentences\":[],\"removed\":[]}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        FRESH(r);
        FAKE(f, odd[i]);
        RUN(&r, &f, "ask", "--citizen", "Was?");
        if (r.status == 0)
            test_fail(__FILE__, __LINE__, "%s is taken: %s", odd[i], r.out);
        CHECK_SAYS(&r, "hoheit: ");
        fake_end(&f);
    }
}

TEST(whatever_fails_no_half_answer_passes_for_a_whole_one)
{
    FRESH(r);
    FAKE(f, answered);
    bool fired = true;
    for (long n = 1; fired; n++) {
        fault_arm(n);
        RUN(&r, &f, "ask", "--citizen", "Was?");
        fired = fault_fired();
        fault_arm(0);
        if (r.status == 0)
            CHECK_OUT(&r, "KI-System");
        else
            CHECK_SAYS(&r, "hoheit: ");
        CHECK(fired || r.status == 0);
        NEED(n < 500);
    }
    fake_end(&f);
}
