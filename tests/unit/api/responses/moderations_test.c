/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/responses/kept.h"

#include "unit/api/responses/send.h"
#include "unit/gate/ruled.h"

#define ASK(k, ...) SEND(.method = "POST", .path = "/v1/moderations", .key = k, __VA_ARGS__)

static str
json_below_text(const reply *r, const char *path)
{
    static buf b = BUF(4096);
    const jval v = reply_at(r, path);
    buf_clear(&b);
    json_put_value(&b, &v);
    return buf_str(&b);
}

TEST(nothing_is_flagged_and_the_answer_says_that_nothing_was_asked)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r = ASK(k, .label = "intern", .body = STR("{\"input\":\"x\"}"));
    CHECK_INT(r->status, ==, 200);
    CHECK(reply_has(r, "\"flagged\":false") && !reply_has(r, "true"));
    CHECK(reply_has(r, "\"guardrails\":[]"));
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("intern"));
    CHECK(reply_at(r, "results.0.categories.self-harm").v);
    CHECK(rig_has(rig_record(&site.rig, "decision", "", 0), "\"op\":\"moderate\""));
    close_site();
}

TEST(texts_are_judged_one_by_one_and_parts_together)
{
    open_site();
    const char *k = site_key("amt", "intern");
    AUTO(reply) *two = ASK(k, .body = STR("{\"input\":[\"a\",\"b\"]}"));
    CHECK(reply_at(two, "results.1").v && !reply_at(two, "results.2").v);
    AUTO(reply) *parts = ASK(k, .body = STR("{\"input\":[{\"type\":\"text\",\"text\":\"a\"},{"
                                            "\"type\":\"text\",\"text\":\"b\"}],\"model\":\"m\"}"));
    CHECK(reply_at(parts, "results.0").v && !reply_at(parts, "results.1").v);
    CHECK_STR(reply_text(parts, "model"), STR("m"));
    close_site();
}

TEST(what_is_no_text_or_above_the_clearance_is_refused)
{
    static const char *const bad[] = {"{}",
                                      "{\"input\":7}",
                                      "{\"input\":[]}",
                                      "{\"input\":[7]}",
                                      "{\"input\":[{\"type\":\"image_url\"}]}",
                                      "{\"input\":\"x\",\"y\":1}"};
    open_site();
    const char *k = site_key("amt", "intern");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r = ASK(k, .body = str_of(bad[i]));
        CHECK_INT(r->status, ==, 400);
    }
    AUTO(reply) *above = ASK(k, .label = "VS-NfD", .body = STR("{\"input\":\"x\"}"));
    CHECK_INT(above->status, ==, 403);
    close_site();
}

#define RULES                                                                                      \
    "  - { id: violence, kind: words, where: input, then: block, words: [bombe] }\n"               \
    "  - { id: konto, kind: identifiers, where: both, then: mask, types: IBAN }\n"                 \
    "  - { id: aus, kind: words, where: output, then: block, words: [gelb] }\n"

TEST(what_the_guardrails_find_is_flagged_and_they_are_named)
{
    open_site();
    rig_rule(&site.rig, RULES);
    const char *k = site_key("amt", "intern");
    AUTO(reply) *r =
        ASK(k, .body = STR("{\"input\":[\"eine Bombe\",\"DE89 3704 0044 0532 0130 00\","
                           "\"gelb\"]}"));
    CHECK_INT(r->status, ==, 200);
    CHECK(reply_has(r, "\"guardrails\":[\"violence\"]"));
    CHECK(reply_has(r, "\"guardrails\":[\"konto\"]"));
    CHECK(reply_has(r, "\"guardrails\":[]"));
    CHECK_STR(json_below_text(r, "results.0.categories.violence"), STR("true"));
    CHECK_STR(json_below_text(r, "results.0.category_scores.violence"), STR("1.0"));
    CHECK_STR(json_below_text(r, "results.0.categories.hate"), STR("false"));
    CHECK_STR(json_below_text(r, "results.1.flagged"), STR("true"));
    CHECK_STR(json_below_text(r, "results.1.categories.violence"), STR("false"));
    CHECK_STR(json_below_text(r, "results.2.flagged"), STR("false"));
    AUTO(reply) *parts = ASK(k, .body = STR("{\"input\":[{\"type\":\"text\",\"text\":\"eine\"},{"
                                            "\"type\":\"text\",\"text\":\"Bombe\"}]}"));
    CHECK_STR(json_below_text(parts, "results.0.flagged"), STR("true"));
    close_site();
}
