/* SPDX-License-Identifier: EUPL-1.2 */
#include "guard/check.h"

#include "rules.h"

static struct rules rules;
static struct guard_verdict verdict;

static void
open_rules(void)
{
    rules_open(&rules,
               "  - { id: konto, kind: identifiers, where: both, then: mask, types: 'IBAN, "
               "KREDITKARTE' }\n"
               "  - { id: rot, kind: words, where: both, then: block, words: [rot] }\n"
               "  - { id: grau, kind: words, where: both, then: mask, words: [grau, true] }\n");
}

typedef fallible
check_fn(const struct guard_look *how, str text, arena *a, buf *out, struct guard_verdict *v);

static const char *
checked(check_fn *fn, const char *text)
{
    static buf out = BUF(65536);
    const struct guard_look how = {.g = rules.g, .where = GUARDRAIL_INPUT};
    verdict = (struct guard_verdict){.blocked = NULL};
    buf_clear(&out);
    CHECK_OK(fn(&how, str_of(text), rules.a, &out, &verdict));
    buf_add_char(&out, 0);
    return out.at;
}

TEST(a_text_is_masked_or_blocked)
{
    open_rules();
    CHECK_STR(str_of(checked(guard_text, "es ist grau")), STR("es ist [grau]"));
    CHECK(verdict.is_masked && !verdict.blocked);
    CHECK_STR(str_of(checked(guard_text, "es ist gelb")), STR("es ist gelb"));
    CHECK(!verdict.is_masked && !verdict.blocked);
    (void)checked(guard_text, "es ist rot und grau");
    NEED(verdict.blocked);
    CHECK_STR(verdict.blocked->id, STR("rot"));
    rules_close(&rules);
}

TEST(json_stays_json_whatever_is_masked_in_it)
{
    static const char *const cases[][2] = {
        {"{\"a\":\"grau\"}", "{\"a\":\"[grau]\"}"},
        {"{\"grau\":[1,2.5,null,false]}", "{\"[grau]\":[1,2.5,null,false]}"},
        {"{\"a\":4111111111111111}", "{\"a\":\"[KREDITKARTE]\"}"},
        {"[\"gr\\u0061u\\n\",true]", "[\"[grau]\\n\",\"[grau]\"]"},
        {"{\"k\":\"DE89 3704 0044 0532 0130 00\"}", "{\"k\":\"[IBAN]\"}"},
        {"[]", "[]"},
        {"\"x\"", "\"x\""}};
    open_rules();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_STR(str_of(checked(guard_json, cases[i][0])), str_of(cases[i][1]));
    CHECK(!verdict.is_masked && !verdict.blocked);
    (void)checked(guard_json, "{\"a\":{\"b\":[\"x\",\"r\\u006ft\"]}}");
    CHECK(verdict.blocked);
    rules_close(&rules);
}

TEST(what_is_no_json_is_a_text_in_which_nothing_can_be_masked)
{
    open_rules();
    CHECK_STR(str_of(checked(guard_json, "{\"a\":\"gelb")), STR("{\"a\":\"gelb"));
    CHECK(!verdict.blocked);
    (void)checked(guard_json, "{\"a\":\"grau");
    NEED(verdict.blocked);
    CHECK_STR(verdict.blocked->id, STR("grau"));
    (void)checked(guard_json, "{\"a\":\"rot");
    NEED(verdict.blocked);
    CHECK_STR(verdict.blocked->id, STR("rot"));
    rules_close(&rules);
}
