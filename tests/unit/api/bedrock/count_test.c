/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"

#define COUNT "/model/toy/count-tokens"
#define INPUT(input) "{\"input\":{" input "}}"

/* What the engine is sent to count when it is asked so; it says 42. */
static reply *
count_played(const char *body, char prompt[1024])
{
    struct ipc_message m;
    struct engine_submit sent;
    const struct engine_done d = {.finish = FINISH_STOP, .prompt_tokens = 42, .is_last = 1};
    site.rig.talkers = false;
    reply *r = reply_start(site.local, (struct wish){"POST", COUNT, NULL, NULL, str_of(body)});
    struct rig_engine *e = rig_ready(&site.rig, 0);
    RIG_UNTIL(&site.rig, !ipc_recv_wait(e->far, 0, rig_room, &m).code);
    CHECK_INT(m.head.type, ==, ENGINE_SUBMIT);
    memcpy(&sent, m.body, sizeof sent);
    CHECK_INT(sent.kind, ==, ENGINE_TOKENIZE);
    CHECK(sent.is_chat);
    CHECK(str_copy(str_slice(m.tail, 0, sent.section_len[SECTION_PROMPT]), prompt, 1024));
    const uint64_t id = m.head.id;
    ipc_release(&m);
    rig_say(e, ENGINE_DONE, id, &d, sizeof d, STR_NONE);
    return reply_wait(r);
}

TEST(a_conversation_is_counted_as_the_model_would_see_it)
{
    char prompt[1024];
    open_signed();
    AUTO(reply) *r = count_played(
        "{\"input\":{\"converse\":{\"system\":[{\"text\":\"s\"}],\"messages\":[{\"role\":\"user\","
        "\"content\":[{\"text\":\"x\"}]}]}}}",
        prompt);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(str_of(prompt), STR("{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},"
                                  "{\"role\":\"user\",\"content\":\"x\"}]}"));
    CHECK_STR(buf_str(&r->body), STR("{\"inputTokens\":42}"));
    site_close();
}

TEST(so_is_what_invoke_would_be_sent)
{
    char prompt[1024];
    open_signed();
    AUTO(buf) body = BUF(4096);
    const str inner = STR("{\"anthropic_version\":\"bedrock-2023-05-31\",\"max_tokens\":1,"
                          "\"messages\":[{\"role\":\"user\",\"content\":\"hallo\"}]}");
    buf_add(&body, STR("{\"input\":{\"invokeModel\":{\"body\":\""));
    base64_put(&body, inner.at, inner.len);
    buf_add(&body, ((str){"\"}}}", 5}));
    AUTO(reply) *r = count_played(body.at, prompt);
    CHECK_STR(str_of(prompt), STR("{\"messages\":[{\"role\":\"user\",\"content\":\"hallo\"}]}"));
    CHECK_STR(buf_str(&r->body), STR("{\"inputTokens\":42}"));
    site_close();
}

TEST(what_cannot_be_counted_is_refused)
{
    static const struct {
        const char *body, *word;
    } bad[] = {
        {"{}", "input"},
        {INPUT(""), "one of converse, invokeModel"},
        {INPUT("\"converse\":" HALLO ",\"invokeModel\":{\"body\":\"e30=\"}"), "one of converse"},
        {INPUT("\"converse\":{}"), "messages"},
        {INPUT("\"invokeModel\":{\"body\":\"!\"}"), "base64"},
        {INPUT("\"invokeModel\":{\"body\":\"e30=\"}"), "which say what shape"},
        {INPUT("\"invokeModel\":{\"body\":\"W10=\"}"), "object"},
        {INPUT("\"other\":1"), "input.other"},
    };
    open_signed();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = POST(site.local, COUNT, NULL, bad[i].body);
        check_refused(r, 400, "ValidationException", bad[i].word);
    }
    site_close();
}
