/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/fault.h"
#include "rig.h"

#define CHUNK(content)                                                                             \
    "data: {\"model\":\"toy\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" content         \
    "\"},\"finish_reason\":null}]}\n\n"
#define END(reason)                                                                                \
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]}\n\n"
#define USAGE "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":2}}\n\n"
#define DONE "data: [DONE]\n\n"

static const char stream_head[] = "Content-Type: text/event-stream\r\nX-Hoheit-Label: VS-NfD\r\n";

static const char hello[] = CHUNK("Guten ") CHUNK("Tag") END("stop") USAGE DONE;

static bool
start(struct fake *f, const char *answer)
{
    if (!fake_start(f))
        return false;
    fake_says_with(f, "POST /v1/chat/completions", 200, stream_head, answer);
    return true;
}

#define FAKE(f, answer)                                                                            \
    static struct fake f;                                                                          \
    NEED(start(&f, answer))

TEST(an_answer_is_printed_and_ends_with_a_line_feed)
{
    FRESH(r);
    FAKE(f, hello);
    RUN(&r, &f, "ask", "Hallo");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("Guten Tag\n"));
    CHECK_STR(str_of(r.err), STR(""));
    CHECK_IN(fake_asked(&f), "\"stream\":true");
    CHECK_IN(fake_asked(&f), "Content-Type: application/json");
    fake_end(&f);
}

TEST(what_was_asked_for_is_asked)
{
    FRESH(r);
    FAKE(f, hello);
    RUN(&r, &f, "ask", "Hallo", "-m", "toy", "--label", "VS-NfD//SOZIALDATEN", "-n", "7", "-t", "0",
        "-s", "Kurz.");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "X-Hoheit-Label: VS-NfD//SOZIALDATEN\r\n");
    CHECK_IN(fake_asked(&f), "\"model\":\"toy\"");
    CHECK_IN(fake_asked(&f), "\"max_tokens\":7");
    CHECK_IN(fake_asked(&f), "\"temperature\":0");
    CHECK_IN(fake_asked(&f), "{\"role\":\"system\",\"content\":\"Kurz.\"}");
    fake_end(&f);
}

TEST(verbose_tells_label_tokens_and_request)
{
    FRESH(r);
    FAKE(f, hello);
    RUN(&r, &f, "ask", "-v", "Hallo");
    CHECK_SAYS(&r, "VS-NfD · toy · 2 tokens in ");
    CHECK_SAYS(&r, " · req_FAKE\n");
    RUN(&r, &f, "ask", "-v", "-q", "Hallo");
    CHECK_STR(str_of(r.err), STR(""));
    fake_end(&f);
}

TEST(an_answer_that_was_cut_is_told_so)
{
    FRESH(r);
    FAKE(f, CHUNK("Guten") END("length") DONE);
    RUN(&r, &f, "ask", "-v", "Hallo");
    CHECK_SAYS(&r, "cut at the limit of tokens");
    fake_end(&f);
}

TEST(as_json_the_answer_comes_with_its_circumstances)
{
    FRESH(r);
    AUTO(arena) *a = NULL;
    jval root;
    FAKE(f, hello);
    RUN(&r, &f, "ask", "--json", "Hallo");
    CHECK_STATUS(&r, 0);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(r.out), &root));
    CHECK_OUT(&r,
              "\"answer\":\"Guten Tag\",\"finish\":\"stop\",\"model\":\"toy\",\"label\":\"VS-NfD\""
              ",\"request\":\"req_FAKE\",\"tokens_in\":5,\"tokens_out\":2,");
    fake_end(&f);
}

TEST(a_whole_answer_is_read_too)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /v1/chat/completions", 200,
              "{\"choices\":[{\"message\":{\"content\":\"Guten Tag\\n\"}}]}");
    RUN(&r, &f, "ask", "--no-stream", "Hallo");
    CHECK_STATUS(&r, 0);
    CHECK_STR(str_of(r.out), STR("Guten Tag\n"));
    CHECK_IN(fake_asked(&f), "\"stream\":false");
    fake_end(&f);
}

TEST(the_question_may_come_from_standard_input)
{
    FRESH(r);
    FAKE(f, hello);
    r.input = "Wie hoch?";
    RUN(&r, &f, "ask", "-");
    CHECK_STATUS(&r, 0);
    CHECK_IN(fake_asked(&f), "\"content\":\"Wie hoch?\"");
    fake_end(&f);
}

/* ---- refusals */

static const char denial[] = "{\"error\":{\"message\":\"label VS-NfD is above intern\","
                             "\"code\":\"denied_by_policy\"}}";

TEST(a_denial_says_which_rule_and_who_can_grant)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /v1/chat/completions", 403, denial);
    fake_says(&f, "GET /admin/v1/explain/req_FAKE", 200,
              "{\"request\":\"req_FAKE\",\"records\":[{\"event\":\"decision\","
              "\"decision\":\"denied\",\"rule\":\"clearance.level\"}]}");
    RUN(&r, &f, "ask", "Hallo");
    CHECK_STATUS(&r, 77);
    CHECK_SAYS(&r, "hoheit: label VS-NfD is above intern\n  request: req_FAKE\n"
                   "  hint: Rule clearance.level: ");
    CHECK_SAYS(&r, "It can be granted by: security officer (Geheimschutz).");
    CHECK_STR(str_of(r.out), STR(""));
    fake_end(&f);
}

TEST(a_denial_whose_record_is_not_shown_is_told_all_the_same)
{
    FRESH(r);
    static struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /v1/chat/completions", 403, denial);
    RUN(&r, &f, "ask", "Hallo");
    CHECK_STATUS(&r, 77);
    CHECK_SAYS(&r, "hoheit: label VS-NfD is above intern\n  request: req_FAKE\n  hint: ");
    fake_end(&f);
}

TEST(the_id_is_kept_of_answers_and_refusals)
{
    FRESH(r);
    FAKE(f, hello);
    char path[300], text[64] = "";
    snprintf(path, sizeof path, "%s/id", test_dir());
    RUN(&r, &f, "ask", "Hallo", "--id-file", path);
    FILE *id = fopen(path, "r");
    NEED(id);
    CHECK(fgets(text, sizeof text, id));
    CHECK_STR(str_of(text), STR("req_FAKE\n"));
    fclose(id);
    unlink(path);
    fake_says(&f, "POST /v1/chat/completions", 403, denial);
    RUN(&r, &f, "ask", "Hallo", "--id-file", path);
    CHECK(access(path, F_OK) == 0);
    unlink(path);
    RUN(&r, NULL, "ask", "Hallo", "--id-file", path);
    CHECK(access(path, F_OK) != 0);
    fake_end(&f);
}

/* ---- streams that go wrong */

TEST(an_error_within_the_stream_ends_the_answer_with_its_sentence)
{
    FRESH(r);
    FAKE(f, CHUNK("Guten ") "data: {\"error\":{\"message\":\"The model process failed.\","
                            "\"code\":\"engine_lost\"}}\n\n");
    RUN(&r, &f, "ask", "Hallo");
    CHECK_STATUS(&r, 75);
    CHECK_STR(str_of(r.out), STR("Guten \n"));
    CHECK_SAYS(&r, "hoheit: The model process failed.\n");
    fake_end(&f);
}

TEST(a_stream_without_its_end_is_a_failure)
{
    FRESH(r);
    FAKE(f, CHUNK("Guten "));
    RUN(&r, &f, "ask", "Hallo");
    CHECK_STATUS(&r, 75);
    CHECK_SAYS(&r, "the answer broke off");
    fake_end(&f);
}

TEST(a_stream_of_something_else_is_a_failure)
{
    static const char *const odd[] = {"data: no json\n\n", "data: []\n\n",
                                      "data: {\"choices\":[{\"delta\":{\"content\":7}}]}\n\n",
                                      "data: \"x\"\n\n"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        FRESH(r);
        FAKE(f, odd[i]);
        RUN(&r, &f, "ask", "Hallo");
        CHECK_STATUS(&r, 2);
        CHECK_SAYS(&r, "hoheit: ");
        fake_end(&f);
    }
}

TEST(a_whole_answer_of_something_else_is_a_failure)
{
    static const char *const odd[] = {"", "[]", "no json", "{\"choices\":[{\"message\":7}]}"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        FRESH(r);
        FAKE(f, odd[i]);
        RUN(&r, &f, "ask", "--no-stream", "Hallo");
        CHECK(r.status != 0);
        fake_end(&f);
    }
}

TEST(bad_numbers_are_refused_before_anything_is_sent)
{
    FRESH(r);
    FAKE(f, hello);
    RUN(&r, &f, "ask", "Hallo", "-t", "3");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--temperature: the number must be from 0 to 2");
    RUN(&r, &f, "ask", "Hallo", "-n", "0");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "ask", "");
    CHECK_STATUS(&r, 2);
    RUN(&r, &f, "ask");
    CHECK_STATUS(&r, 2);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(whatever_fails_no_half_answer_passes_for_a_whole_one)
{
    FRESH(r);
    FAKE(f, hello);
    bool fired = true;
    for (long n = 1; fired; n++) {
        fault_arm(n);
        RUN(&r, &f, "ask", "Hallo");
        fired = fault_fired();
        fault_arm(0);
        if (r.status == 0)
            CHECK_STR(str_of(r.out), STR("Guten Tag\n"));
        else
            CHECK_SAYS(&r, "hoheit: ");
        CHECK(fired || r.status == 0);
        NEED(n < 500);
    }
    fake_end(&f);
}
