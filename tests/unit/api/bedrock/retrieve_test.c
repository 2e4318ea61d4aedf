/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/retrieve.h"

#include "unit/api/bedrock/base.h"

#define RETRIEVE "/knowledgebases/haus/retrieve"
#define QUERY "\"retrievalQuery\":{\"text\":\"Hundesteuer\"}"
#define CONFIG(members)                                                                            \
    "{" QUERY ",\"retrievalConfiguration\":{\"vectorSearchConfiguration\":{" members "}}}"

TEST(passages_come_in_the_shape_clients_expect)
{
    open_base();
    AUTO(reply) *r = base_ask(RETRIEVE, CONFIG("\"numberOfResults\":3"));
    CHECK_INT(r->status, ==, 200);
    CHECK_STR(reply_text(r, "retrievalResults.0.content.type"), STR("TEXT"));
    CHECK(str_find(reply_text(r, "retrievalResults.0.content.text"), STR("96 Euro")) >= 0);
    CHECK_STR(reply_text(r, "retrievalResults.0.location.customDocumentLocation.id"), STR("hund"));
    CHECK_STR(reply_text(r, "retrievalResults.0.metadata.name"), STR("hund"));
    CHECK(json_type(reply_at(r, "retrievalResults.0.score")) == J_NUMBER);
    CHECK_STR(reply_field(r, "x-hoheit-label"), STR("offen"));
    close_base();
}

TEST(what_is_above_the_clearance_changes_not_one_byte)
{
    open_base();
    AUTO(reply) *before = base_ask(RETRIEVE, CONFIG("\"numberOfResults\":9"));
    base_add("plan", "VS-NfD", "# Plan\n\nDie Hundesteuer steigt auf 200 Euro.\n");
    AUTO(reply) *after = base_ask(RETRIEVE, CONFIG("\"numberOfResults\":9"));
    CHECK_INT(after->status, ==, 200);
    CHECK_STR(buf_str(&after->body), buf_str(&before->body));
    CHECK_STR(reply_field(after, "x-hoheit-label"), STR("offen"));
    close_base();
}

static bool
fits(const char *filter, const char *attributes)
{
    AUTO(arena) *a = NULL;
    struct filter *f = NULL;
    jval v, o;
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(json_read(a, str_of(filter), &v));
    CHECK_OK(json_read(a, str_of(attributes), &o));
    const err e = retrieve_read_filter(a, &v, &f);
    CHECK_OK(e);
    return !e.code && filter_fits(f, &o);
}

TEST(filters_in_their_spelling_hold_as_they_say)
{
    static const struct {
        const char *filter;
        bool want;
    } cases[] = {
        {"{\"equals\":{\"key\":\"a\",\"value\":\"xyz\"}}", true},
        {"{\"notEquals\":{\"key\":\"a\",\"value\":\"xyz\"}}", false},
        {"{\"greaterThan\":{\"key\":\"n\",\"value\":4}}", true},
        {"{\"greaterThanOrEquals\":{\"key\":\"n\",\"value\":6}}", false},
        {"{\"lessThan\":{\"key\":\"n\",\"value\":5}}", false},
        {"{\"lessThanOrEquals\":{\"key\":\"n\",\"value\":5}}", true},
        {"{\"in\":{\"key\":\"n\",\"value\":[1,5]}}", true},
        {"{\"notIn\":{\"key\":\"n\",\"value\":[1,5]}}", false},
        {"{\"startsWith\":{\"key\":\"a\",\"value\":\"xy\"}}", true},
        {"{\"startsWith\":{\"key\":\"a\",\"value\":\"yz\"}}", false},
        {"{\"stringContains\":{\"key\":\"a\",\"value\":\"yz\"}}", true},
        {"{\"stringContains\":{\"key\":\"n\",\"value\":\"5\"}}", false},
        {"{\"andAll\":[{\"equals\":{\"key\":\"n\",\"value\":5}},{\"equals\":{\"key\":\"n\","
         "\"value\":6}}]}",
         false},
        {"{\"orAll\":[{\"equals\":{\"key\":\"n\",\"value\":5}},{\"equals\":{\"key\":\"n\","
         "\"value\":6}}]}",
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (fits(cases[i].filter, "{\"a\":\"xyz\",\"n\":5}") != cases[i].want)
            test_fail(__FILE__, __LINE__, "%s", cases[i].filter);
}

TEST(what_is_no_retrieval_is_refused_by_name)
{
    static const struct {
        const char *body, *says;
    } cases[] = {
        {"{}", "retrievalQuery"},
        {"{\"retrievalQuery\":\"x\"}", "retrievalQuery"},
        {"{\"retrievalQuery\":{\"text\":\"\"}}", "query"},
        {"{\"retrievalQuery\":{\"text\":\"x\",\"type\":\"IMAGE\"}}", "type"},
        {"{" QUERY ",\"nextToken\":\"abc\"}", "nextToken"},
        {"{" QUERY ",\"guardrailConfiguration\":{\"guardrailId\":\"x\"}}", "guardrail"},
        {"{" QUERY ",\"topK\":3}", "topK"},
        {CONFIG("\"numberOfResults\":0"), "numberOfResults"},
        {CONFIG("\"numberOfResults\":51"), "numberOfResults"},
        {CONFIG("\"rerankingConfiguration\":{\"type\":\"x\"}"), "reranking"},
        {CONFIG("\"filter\":{}"), "filter"},
        {CONFIG("\"filter\":{\"equals\":{\"key\":\"a\"}}"), "value"},
        {CONFIG("\"filter\":{\"like\":{\"key\":\"a\",\"value\":1}}"), "filter"},
        {CONFIG("\"filter\":{\"listContains\":{\"key\":\"a\",\"value\":\"b\"}}"), "listContains"},
        {CONFIG("\"filter\":{\"andAll\":[]}"), "andAll"},
    };
    open_base();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        AUTO(reply) *r = base_ask(RETRIEVE, cases[i].body);
        if (r->status != 400 || !reply_has(r, cases[i].says) ||
            !str_starts(reply_field(r, "x-amzn-errortype"), STR("ValidationException")))
            test_fail(__FILE__, __LINE__, "%s: %d %.*s", cases[i].body, r->status,
                      STR_FMT(buf_str(&r->body)));
    }
    AUTO(reply) *none = base_ask("/knowledgebases/nichts/retrieve", "{" QUERY "}");
    CHECK_INT(none->status, ==, 404);
    CHECK_STR(reply_field(none, "x-amzn-errortype"), STR("ResourceNotFoundException"));
    AUTO(reply) *own = base_ask("/knowledgebases/vs_nichts/retrieve", "{" QUERY "}");
    CHECK_INT(own->status, ==, 404);
    AUTO(reply) *forged =
        signed_ask((struct sign_wish){.path = RETRIEVE, .body = "{" QUERY "}", .secret = "falsch"});
    CHECK_INT(forged->status, ==, 403);
    AUTO(reply) *high =
        signed_ask((struct sign_wish){.path = RETRIEVE, .body = "{" QUERY "}", .label = "VS-NfD"});
    CHECK_INT(high->status, ==, 403);
    close_base();
}
