/* SPDX-License-Identifier: EUPL-1.2 */
#include "unit/api/bedrock/signed.h"
#include "unit/gate/ruled.h"

#define RULES                                                                                      \
    "  - { id: waffen, kind: topic, where: both, then: block, words: [bombe, bauen], title: "      \
    "Waffenbau }\n"                                                                                \
    "  - { id: konto, kind: identifiers, where: both, then: mask, types: IBAN }\n"                 \
    "  - { id: rot, kind: words, where: output, then: mask, words: [rot] }\n"                      \
    "  - { id: angriff, kind: attack, where: input, then: taint, taint: web }\n"

static void
open_ruled(void)
{
    open_signed();
    rig_rule(&site.rig, RULES);
}

TEST(the_rules_of_the_policy_are_listed_and_all_of_them_as_one)
{
    open_ruled();
    AUTO(reply) *r = GET(site.net, "/guardrails", site_key("leser", "intern"));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "guardrails.0.id"), STR("hoheit"));
    CHECK_STR(reply_text(r, "guardrails.1.name"), STR("waffen"));
    CHECK_STR(reply_text(r, "guardrails.1.description"), STR("Waffenbau"));
    CHECK_STR(reply_text(r, "guardrails.4.arn"), STR("arn:aws:bedrock:local::guardrail/angriff"));
    CHECK_STR(reply_text(r, "guardrails.4.status"), STR("READY"));
    CHECK_INT(reply_text(r, "guardrails.4.createdAt").len, >=, 20);
    CHECK(!reply_at(r, "guardrails.5").v && !reply_at(r, "nextToken").v);
    CHECK(!reply_has(r, "bombe"));
    site_close();
}

TEST(a_list_comes_in_pages_if_that_is_asked_for)
{
    open_ruled();
    AUTO(reply) *one = GET(site.local, "/guardrails?maxResults=3", NULL);
    CHECK_STR(reply_text(one, "nextToken"), STR("3"));
    CHECK(reply_at(one, "guardrails.2").v && !reply_at(one, "guardrails.3").v);
    AUTO(reply) *two = GET(site.local, "/guardrails?maxResults=3&nextToken=3", NULL);
    CHECK_STR(reply_text(two, "guardrails.0.id"), STR("rot"));
    CHECK_STR(reply_text(two, "guardrails.1.id"), STR("angriff"));
    CHECK(!reply_at(two, "nextToken").v);
    AUTO(reply) *versions = GET(site.local, "/guardrails?guardrailIdentifier=konto", NULL);
    CHECK_STR(reply_text(versions, "guardrails.0.id"), STR("konto"));
    CHECK(!reply_at(versions, "guardrails.1").v);
    site_close();
}

TEST(a_rule_is_shown_with_all_it_finds)
{
    open_ruled();
    AUTO(reply) *t = GET(site.local, "/guardrails/waffen?guardrailVersion=1", NULL);
    CHECK_INT(t->status, ==, 200);
    CHECK_STR(reply_text(t, "guardrailId"), STR("waffen"));
    CHECK_STR(reply_text(t, "topicPolicy.topics.0.examples.0"), STR("bombe"));
    CHECK_STR(reply_text(t, "topicPolicy.topics.0.inputAction"), STR("BLOCK"));
    CHECK_STR(reply_text(t, "blockedInputMessaging"),
              STR("guardrail.waffen forbids this: Waffenbau"));
    CHECK(!reply_at(t, "wordPolicy").v);
    AUTO(reply) *all = GET(site.local, "/guardrails/hoheit", NULL);
    CHECK_STR(reply_text(all, "sensitiveInformationPolicy.piiEntities.0.type"), STR("IBAN"));
    CHECK_STR(reply_text(all, "sensitiveInformationPolicy.piiEntities.0.action"), STR("ANONYMIZE"));
    CHECK_STR(reply_text(all, "wordPolicy.words.0.text"), STR("rot"));
    CHECK(reply_has(all, "\"inputEnabled\":false,\"outputEnabled\":true"));
    CHECK_STR(reply_text(all, "contentPolicy.filters.0.type"), STR("PROMPT_ATTACK"));
    CHECK_STR(reply_text(all, "contentPolicy.filters.0.outputStrength"), STR("NONE"));
    site_close();
}

TEST(what_a_rule_finds_is_not_for_every_key)
{
    open_ruled();
    AUTO(reply) *r = GET(site.net, "/guardrails/waffen", site_key("leser", "intern"));
    check_refused(r, 403, "AccessDeniedException", "");
    CHECK(!reply_has(r, "bombe"));
    AUTO(reply) *nobody = GET(site.net, "/guardrails", NULL);
    check_refused(nobody, 403, "MissingAuthenticationTokenException", "Missing");
    site_close();
}

TEST(one_that_is_not_there_is_not_found)
{
    static const char *const methods[] = {"GET", "PUT", "DELETE", "POST"};
    open_ruled();
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        AUTO(reply) *r = reply_wait(reply_start(
            site.local, (struct wish){methods[i], "/guardrails/gr-7", NULL, NULL, STR("{}")}));
        check_refused(r, 404, "ResourceNotFoundException", "\"gr-7\"");
    }
    site_close();
}

TEST(to_change_one_is_the_work_of_two_on_the_policy)
{
    static const struct {
        const char *method, *path;
    } all[] = {{"POST", "/guardrails"},
               {"PUT", "/guardrails/waffen"},
               {"POST", "/guardrails/hoheit"},
               {"DELETE", "/guardrails/rot"}};
    open_ruled();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        AUTO(reply) *r =
            reply_wait(reply_start(site.local, (struct wish){all[i].method, all[i].path, NULL, NULL,
                                                             STR("{\"name\":\"x\"}")}));
        check_refused(r, 403, "AccessDeniedException", "`hoheit policy propose`");
    }
    site_close();
}

TEST(parameters_of_the_list_are_looked_at)
{
    static const char *const bad[] = {"maxResults=0", "maxResults=x", "nextToken=-1", "colour=red",
                                      "nextToken=65"};
    open_ruled();
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char path[64];
        snprintf(path, sizeof path, "/guardrails?%s", bad[i]);
        AUTO(reply) *r = GET(site.local, path, NULL);
        CHECK_INT(r->status, ==, 400);
    }
    site_close();
}

TEST(without_rules_there_is_no_guardrail)
{
    open_signed();
    AUTO(reply) *r = GET(site.local, "/guardrails", NULL);
    CHECK_STR(buf_str(&r->body), STR("{\"guardrails\":[]}"));
    AUTO(reply) *one = GET(site.local, "/guardrails/hoheit", NULL);
    check_refused(one, 404, "ResourceNotFoundException", "\"hoheit\"");
    site_close();
}
