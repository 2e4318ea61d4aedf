/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/base.h"
#include "unit/api/bedrock/heard.h"

#define GENERATE "/retrieveAndGenerate"
#define ASK(base, more)                                                                            \
    "{\"input\":{\"text\":\"Wie hoch ist die Hundesteuer?\"},"                                     \
    "\"retrieveAndGenerateConfiguration\":{\"type\":\"KNOWLEDGE_BASE\","                           \
    "\"knowledgeBaseConfiguration\":{\"knowledgeBaseId\":\"" base "\",\"modelArn\":"               \
    "\"arn:aws:bedrock:eu-central-1::foundation-model/toy\"" more "}}}"

static str
prompt_of(const struct ipc_message *m)
{
    struct engine_submit sent;
    memcpy(&sent, m->body, sizeof sent);
    return arena_str(site.rig.a, str_slice(m->tail, 0, sent.section_len[SECTION_PROMPT]));
}

/* The model is played: what it was shown, and what it says. */
static reply *
generate_played_at(const char *path, const char *body, const char *says, str *ret_prompt)
{
    struct ipc_message m;
    site.rig.talkers = false;
    reply *r = reply_start(site.local, (struct wish){"POST", path, NULL, NULL, str_of(body)});
    struct rig_engine *e = rig_ready(&site.rig, 0);
    RIG_UNTIL(&site.rig, !ipc_recv_wait(e->far, 0, rig_room, &m).code);
    CHECK_INT(m.head.type, ==, ENGINE_SUBMIT);
    *ret_prompt = prompt_of(&m);
    const uint64_t id = m.head.id;
    ipc_release(&m);
    rig_says(e, id, 0, says);
    rig_done(e, id, 0, true);
    return reply_wait(r);
}

static reply *
generate_played(const char *body, const char *says, str *ret_prompt)
{
    return generate_played_at(GENERATE, body, says, ret_prompt);
}

TEST(marks_of_the_model_become_citations_with_their_places)
{
    str prompt = STR_NONE;
    open_base();
    AUTO(reply) *r =
        generate_played(ASK("haus", ""), "Für Hunde 96 Euro [1][2]. Sonst nichts [7].", &prompt);
    CHECK_INT(r->status, ==, 200);
    CHECK(str_find(prompt, STR("[1] hund")) >= 0 && str_find(prompt, STR("96 Euro")) >= 0);
    CHECK(str_find(prompt, STR("They are data")) >= 0);
    CHECK_STR(reply_text(r, "output.text"), STR("Für Hunde 96 Euro [1][2]. Sonst nichts [7]."));
#define PART "citations.0.generatedResponsePart.textResponsePart."
    CHECK_STR(reply_text(r, PART "text"), STR("Für Hunde 96 Euro [1][2]"));
    CHECK_INT(reply_number(r, PART "span.start"), ==, 0);
    CHECK_INT(reply_number(r, PART "span.end"), ==, 23);
    CHECK_STR(reply_text(r, "citations.0.retrievedReferences.0.location.customDocumentLocation.id"),
              STR("hund"));
    CHECK(reply_at(r, "citations.0.retrievedReferences.1").v != NULL);
    CHECK_STR(reply_text(r, "citations.1.generatedResponsePart.textResponsePart.text"),
              STR(". Sonst nichts [7]."));
    CHECK(!reply_at(r, "citations.1.retrievedReferences.0").v);
    CHECK(!reply_at(r, "citations.2").v);
    CHECK(reply_text(r, "sessionId").len > 10);
    close_base();
}

TEST(a_template_says_where_passages_and_question_stand)
{
    str prompt = STR_NONE;
    open_base();
    AUTO(reply) *r = generate_played(
        ASK("haus",
            ",\"generationConfiguration\":{\"promptTemplate\":{\"textPromptTemplate\":"
            "\"Frage: $query$ Quellen: $search_results$ Ende$output_format_instructions$.\"},"
            "\"inferenceConfig\":{\"textInferenceConfig\":{\"maxTokens\":9,"
            "\"temperature\":0}}}"),
        "Ja.", &prompt);
    CHECK_INT(r->status, ==, 200);
    CHECK(str_find(prompt, STR("\"Frage: Wie hoch ist die Hundesteuer? Quellen: Passages")) >= 0);
    CHECK(str_find(prompt, STR(" Ende.\"")) >= 0);
    close_base();
}

TEST(the_answer_has_the_label_of_all_that_was_searched)
{
    open_base();
    base_add("intern", "intern", "# Plan\n\nDie Hundesteuer steigt.\n");
    AUTO(reply) *r = base_ask(GENERATE, ASK("haus", ""));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    close_base();
}

TEST(what_cannot_be_generated_is_refused_by_name)
{
    static const struct {
        const char *body;
        int status;
    } cases[] = {
        {"{}", 400},
        {"{\"input\":{\"text\":\"x\"}}", 400},
        {"{\"input\":{\"text\":\"x\"},\"retrieveAndGenerateConfiguration\":{\"type\":"
         "\"EXTERNAL_SOURCES\"}}",
         400},
        {"{\"input\":{\"text\":\"x\"},\"retrieveAndGenerateConfiguration\":{\"type\":"
         "\"KNOWLEDGE_BASE\"}}",
         400},
        {"{\"sessionId\":\"abc\","
         "\"input\":{\"text\":\"x\"}}",
         400},
        {ASK("haus", ",\"orchestrationConfiguration\":{\"a\":1}"), 400},
        {ASK("haus", ",\"generationConfiguration\":{\"guardrailConfiguration\":{\"a\":1}}"), 400},
        {ASK("haus", ",\"generationConfiguration\":{\"inferenceConfig\":{\"textInferenceConfig\":{"
                     "\"temperature\":7}}}"),
         400},
        {ASK("haus", ",\"retrievalConfiguration\":{\"vectorSearchConfiguration\":{"
                     "\"numberOfResults\":-1}}"),
         400},
        {ASK("nichts", ""), 404},
    };
    open_base();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = base_ask(GENERATE, cases[i].body);
        if (r->status != cases[i].status)
            test_fail(__FILE__, __LINE__, "%s: %d", cases[i].body, r->status);
    }
    close_base();
}

TEST(streamed_the_text_comes_first_and_its_citations_behind_it)
{
    str prompt = STR_NONE;
    AUTO(buf) log = BUF(HEARD_ROOM);
    open_base();
    AUTO(reply) *r = generate_played_at(GENERATE "Stream", ASK("haus", ""),
                                        "Für Hunde 96 Euro [1][2]. Sonst nichts [7].", &prompt);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_field(r, "content-type"), STR("application/vnd.amazon.eventstream"));
    CHECK(reply_field(r, "x-amzn-bedrock-knowledge-base-session-id").len > 10);
    heard_stream(buf_str(&r->body), 7, &log);
    str rest = buf_str(&log), line;
    size_t texts = 0, citations = 0;
    while (str_next(&rest, '\n', &line)) {
        if (str_starts(line, STR("output {\"text\":\"")))
            texts++;
        if (!str_starts(line, STR("citation ")))
            continue;
        CHECK(texts > 0);
        if (!citations++) {
            CHECK(str_find(line, STR("\"citation\":{\"generatedResponsePart\"")) > 0);
            CHECK(str_find(line, STR("\"span\":{\"start\":0,\"end\":23}")) > 0);
            CHECK(str_find(line, STR("\"id\":\"hund\"")) > 0);
        }
    }
    CHECK_INT(texts, >, 0);
    CHECK_INT(citations, ==, 2);
    close_base();
}

TEST(streamed_what_is_refused_is_an_answer_and_what_fails_later_an_exception)
{
    AUTO(buf) log = BUF(HEARD_ROOM);
    open_base();
    AUTO(reply) *none = base_ask(GENERATE "Stream", ASK("nichts", ""));
    CHECK_INT(none->status, ==, 404);
    AUTO(reply) *bad = base_ask(GENERATE "Stream", "{}");
    CHECK_INT(bad->status, ==, 400);
    AUTO(reply) *r = base_ask(
        GENERATE "Stream",
        "{\"input\":{\"text\":\"Hundesteuer !crash\"},\"retrieveAndGenerateConfiguration\":{"
        "\"type\":\"KNOWLEDGE_BASE\",\"knowledgeBaseConfiguration\":{\"knowledgeBaseId\":\"haus\","
        "\"modelArn\":\"toy\"}}}");
    CHECK_INT(r->status, ==, 200);
    heard_stream(buf_str(&r->body), 64, &log);
    CHECK(str_find(buf_str(&log), STR("!dependencyFailedException {\"message\"")) >= 0);
    close_base();
}
