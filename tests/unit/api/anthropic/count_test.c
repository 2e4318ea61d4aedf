/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/anthropic/talkto.h"

#define COUNT "/v1/messages/count_tokens"

/* Begun with a played engine; *ret_prompt is what it was sent to count. */
static reply *
begin_count(const char *body, struct rig_engine **ret_engine, uint64_t *ret_id,
            struct engine_submit *ret_ask, str *ret_prompt)
{
    static char key[KEY_TEXT_MAX], room[64 * 1024];
    struct ipc_message m;
    open_site();
    site.rig.talkers = false;
    snprintf(key, sizeof key, "%s", site_key("amt", "intern"));
    reply *r = send_with(site.net, "POST", COUNT, (struct head){.key = key}, body);
    *ret_engine = rig_ready(&site.rig, 0);
    RIG_UNTIL(&site.rig, !ipc_recv_wait((*ret_engine)->far, 0, rig_room, &m).code);
    CHECK_INT(m.head.type, ==, ENGINE_SUBMIT);
    *ret_id = m.head.id;
    memcpy(ret_ask, m.body, sizeof *ret_ask);
    const str prompt = str_slice(m.tail, 0, ret_ask->section_len[SECTION_PROMPT]);
    CHECK(str_copy(prompt, room, sizeof room));
    *ret_prompt = str_of(room);
    ipc_release(&m);
    return r;
}

static void
tell_count(const struct rig_engine *e, uint64_t id, uint32_t tokens)
{
    const struct engine_done d = {.finish = FINISH_STOP, .prompt_tokens = tokens, .is_last = 1};
    rig_say(e, ENGINE_DONE, id, &d, sizeof d, STR_NONE);
}

TEST(the_conversation_is_counted_as_the_model_would_be_shown_it)
{
    struct rig_engine *e;
    struct engine_submit sent;
    uint64_t id;
    str prompt;
    AUTO(reply) *r = begin_count("{\"model\":\"toy\",\"system\":\"s\"," WIRE_HI
                                 ",\"tools\":[{\"name\":\"uhr\",\"input_schema\":{}}]}",
                                 &e, &id, &sent, &prompt);
    CHECK_INT(sent.kind, ==, ENGINE_TOKENIZE);
    CHECK(sent.is_chat);
    CHECK_STR(prompt, STR("{\"messages\":[{\"role\":\"system\",\"content\":\"s\"},{\"role\":"
                          "\"user\",\"content\":\"x\"}],\"tools\":[{\"type\":\"function\","
                          "\"function\":{\"name\":\"uhr\",\"parameters\":{}}}]}"));
    tell_count(e, id, 42);
    reply_wait(r);
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(buf_str(&r->body), STR("{\"input_tokens\":42}"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    CHECK_STR(reply_field(r, "request-id"), reply_field(r, "x-request-id"));
    site_close();
}

TEST(an_engine_that_dies_while_it_counts_is_an_error)
{
    struct rig_engine *e;
    struct engine_submit sent;
    uint64_t id;
    str prompt;
    AUTO(reply) *r = begin_count("{\"model\":\"toy\"," WIRE_HI "}", &e, &id, &sent, &prompt);
    fd_auto(&e->far);
    e->far = -1;
    reply_wait(r);
    check_error(r, 500, "api_error", "");
    site_close();
}

TEST(counting_is_refused_where_answering_would_be)
{
    open_site();
    const char *key = site_key("amt", "offen");
    AUTO(reply) *none = ask(COUNT, key, "{\"model\":\"nirgends\"," WIRE_HI "}");
    check_error(none, 404, "not_found_error", "nirgends");
    AUTO(reply) *bad = ask(COUNT, key, "{\"model\":\"toy\",\"messages\":[]}");
    check_error(bad, 400, "invalid_request_error", "messages");
    AUTO(reply) *field = ask(COUNT, key, "{\"model\":\"toy\"," WIRE_HI ",\"max_tokens\":1}");
    check_error(field, 400, "invalid_request_error", "max_tokens");
    const struct head h = {.key = key, .label = "intern"};
    AUTO(reply) *denied = ask_with("POST", COUNT, h, "{\"model\":\"toy\"," WIRE_HI "}");
    check_error(denied, 403, "permission_error", "above the clearance");
    const struct head old = {.key = key, .version = "2023-01-01"};
    AUTO(reply) *version = ask_with("POST", COUNT, old, "{\"model\":\"toy\"," WIRE_HI "}");
    check_error(version, 400, "invalid_request_error", "anthropic-version");
    CHECK_INT(site.rig.starts, ==, 0);
    site_close();
}
