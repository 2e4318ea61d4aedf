/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/sampler.h"

#include <math.h>
#include <yyjson.h>

#include "base/fault.h"
#include "base/json.h"
#include "engine/schema.h"
#include "rig.h"

enum { TOKENS = 260, FIRST_BYTE = 3, IM_END = 259 };

static struct loaded m;
static struct candidates room;
static float logits[TOKENS];

/* A model for its vocabulary; the logits are the test's. */
static bool
load(void)
{
    if (!m.model) {
        CHECK_OK(rig_load(&rig_chat_model, rig_options(-1, false), &m));
        CHECK_OK(candidates_init(&room, &m.vocabulary));
    }
    for (int t = 0; t < TOKENS; t++)
        logits[t] = (float)(t % 17) * 0.1f;
    return m.model != NULL;
}

static llama_token
byte(char c)
{
    return FIRST_BYTE + (unsigned char)c;
}

static struct rig_job *
job_with(struct engine_submit ask)
{
    return rig_job(ask, STR_NONE);
}

static struct sampler *
sampler_for(struct rig_job *j, uint32_t index)
{
    struct sampler *s = NULL;
    const struct tokens none = {0};
    CHECK_OK(sampler_new(&j->pub, &m.vocabulary, &none, sampler_seed(j->pub.ask.seed, index), &s));
    return s;
}

static llama_token
choose(struct sampler *s)
{
    struct choice c = {.token = -1};
    CHECK_OK(sampler_choose(s, logits, &room, &c));
    return c.token;
}

/* How often `t` comes in `count` draws with these settings. */
static unsigned
frequency(struct engine_submit ask, llama_token t, unsigned count)
{
    unsigned n = 0;
    struct rig_job *j = job_with(ask);
    struct sampler *s = sampler_for(j, 0);
    for (unsigned i = 0; s && i < count; i++)
        n += choose(s) == t;
    sampler_free(s);
    rig_job_free(j);
    return n;
}

static void
set_bias(struct rig_job *j, const struct conv_bias *bias, size_t count)
{
    j->pub.bias = bias;
    j->pub.bias_count = count;
}

TEST(temperature_zero_takes_the_best)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    NEED(load());
    logits[77] = 9;
    CHECK_INT(frequency(ask, 77, 20), ==, 20);
}

TEST(draws_come_as_often_as_their_probability)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    NEED(load());
    for (int t = 0; t < TOKENS; t++)
        logits[t] = -INFINITY;
    logits[10] = 0;
    logits[20] = logf(3);
    ask.temperature = 1;
    const unsigned quarter = frequency(ask, 10, 4000);
    CHECK(quarter > 850 && quarter < 1150);
    ask.temperature = 0.5f;
    const unsigned tenth = frequency(ask, 10, 4000);
    CHECK(tenth > 310 && tenth < 490);
}

TEST(top_k_top_p_and_min_p_cut_the_unlikely)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    NEED(load());
    for (int t = 0; t < TOKENS; t++)
        logits[t] = 0;
    logits[10] = 5;
    logits[20] = 4;
    ask.temperature = 2;
    CHECK_INT(frequency(ask, 10, 2000) + frequency(ask, 20, 2000), <, 1500);
    struct engine_submit cut = ask;
    cut.top_k = 2;
    CHECK_INT(frequency(cut, 10, 200) + frequency(cut, 20, 200), ==, 200);
    cut = ask;
    cut.min_p = 0.3f;
    CHECK_INT(frequency(cut, 10, 200) + frequency(cut, 20, 200), ==, 200);
    cut = ask;
    cut.top_p = 0.3f;
    CHECK_INT(frequency(cut, 10, 200) + frequency(cut, 20, 200), ==, 200);
    cut.top_k = UINT32_MAX;
    CHECK_INT(frequency(cut, 10, 200) + frequency(cut, 20, 200), ==, 200);
}

TEST(equal_seeds_draw_equally_and_answers_of_one_request_differ)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 2, 10);
    unsigned same = 0, across = 0, other = 0;
    NEED(load());
    ask.temperature = 1;
    struct rig_job *j = job_with(ask), *k = job_with(ask);
    k->pub.ask.seed = 2;
    struct sampler *a = sampler_for(j, 0), *b = sampler_for(j, 0), *c = sampler_for(j, 1),
                   *d = sampler_for(k, 0);
    for (int i = 0; i < 100; i++) {
        const llama_token t = choose(a);
        same += t == choose(b);
        across += t == choose(c);
        other += t == choose(d);
    }
    CHECK_INT(same, ==, 100);
    CHECK_INT(across, <, 20);
    CHECK_INT(other, <, 20);
    sampler_free(a);
    sampler_free(b);
    sampler_free(c);
    sampler_free(d);
    rig_job_free(j);
    rig_job_free(k);
}

TEST(a_bias_moves_a_token_and_a_wrong_one_is_refused)
{
    const struct conv_bias good[] = {{100, 50}, {77, -100}};
    const struct conv_bias bad[] = {{100, 50}, {TOKENS, 1}}, negative[] = {{-1, 1}};
    NEED(load());
    logits[77] = 9;
    struct rig_job *j = job_with(rig_ask(ENGINE_COMPLETE, 1, 10));
    set_bias(j, good, 2);
    CHECK_OK(sampler_check(&j->pub, &m.vocabulary));
    struct sampler *s = sampler_for(j, 0);
    CHECK_INT(choose(s), ==, 100);
    sampler_free(s);
    set_bias(j, bad, 2);
    CHECK_ERR(sampler_check(&j->pub, &m.vocabulary), ARGUMENT);
    CHECK(strstr(err_public((err){ERR_ARGUMENT}), "260"));
    set_bias(j, negative, 1);
    CHECK_ERR(sampler_check(&j->pub, &m.vocabulary), ARGUMENT);
    rig_job_free(j);
}

TEST(penalties_count_what_was_said)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    NEED(load());
    logits[10] = 5;
    logits[20] = 4;
    logits[30] = 3.5f;
    ask.presence = 1.2f;
    struct rig_job *j = job_with(ask);
    struct sampler *s = sampler_for(j, 0);
    CHECK_INT(choose(s), ==, 10);
    CHECK_INT(choose(s), ==, 20);
    CHECK_INT(choose(s), ==, 10);
    CHECK_INT(choose(s), ==, 10);
    sampler_free(s);
    j->pub.ask.presence = 0;
    j->pub.ask.frequency = 1;
    s = sampler_for(j, 0);
    static const llama_token want[] = {10, 10, 20, 30, 10};
    for (size_t i = 0; i < 5; i++)
        CHECK_INT(choose(s), ==, want[i]);
    sampler_free(s);
    rig_job_free(j);
}

TEST(the_repeat_penalty_counts_the_prompt_too)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    llama_token said[] = {10, 10, 20};
    const struct tokens prompt = {.at = said, .count = 3, .room = 3};
    struct sampler *s;
    NEED(load());
    for (int t = 0; t < TOKENS; t++)
        logits[t] = -9;
    logits[10] = 5;
    logits[20] = 4;
    logits[30] = 3;
    ask.repeat = 2;
    struct rig_job *j = job_with(ask);
    NEED_OK(sampler_new(&j->pub, &m.vocabulary, &prompt, 1, &s));
    CHECK_INT(choose(s), ==, 30);
    sampler_free(s);
    rig_job_free(j);
}

TEST(the_end_is_seen_and_may_be_ignored)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    struct choice c;
    NEED(load());
    logits[IM_END] = 9;
    logits[2] = 8;
    struct rig_job *j = job_with(ask);
    struct sampler *s = sampler_for(j, 0);
    CHECK_OK(sampler_choose(s, logits, &room, &c));
    CHECK(c.is_end && c.token == IM_END);
    sampler_free(s);
    j->pub.ask.ignore_eos = 1;
    s = sampler_for(j, 0);
    CHECK_OK(sampler_choose(s, logits, &room, &c));
    CHECK(!c.is_end);
    sampler_free(s);
    rig_job_free(j);
}

TEST(logprobs_are_those_of_the_unmodified_logits)
{
    const struct conv_bias up = {50, 100};
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    struct choice c;
    double sum = 0;
    NEED(load());
    ask.logprobs = 1;
    ask.top_logprobs = SAMPLER_TOPS_MAX;
    ask.presence = 1;
    logits[10] = 2.5f;
    for (int t = 0; t < TOKENS; t++)
        sum += exp((double)logits[t]);
    struct rig_job *j = job_with(ask);
    set_bias(j, &up, 1);
    struct sampler *s = sampler_for(j, 0);
    for (int round = 0; round < 2; round++) {
        CHECK_OK(sampler_choose(s, logits, &room, &c));
        CHECK_INT(c.token, ==, 50);
        CHECK(fabs((double)c.logprob - ((double)logits[50] - log(sum))) < 1e-5);
        NEED(c.top_count == SAMPLER_TOPS_MAX);
        CHECK_INT(c.tops[0].token, ==, 10);
        CHECK(fabs((double)c.tops[0].logprob - (2.5 - log(sum))) < 1e-5);
        for (size_t i = 1; i < c.top_count; i++)
            CHECK(c.tops[i].logprob <= c.tops[i - 1].logprob);
    }
    sampler_free(s);
    rig_job_free(j);
}

TEST(logits_that_are_no_numbers_are_never_chosen)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    struct choice c;
    NEED(load());
    logits[0] = NAN;
    logits[5] = INFINITY;
    logits[9] = -INFINITY;
    logits[40] = 7;
    ask.logprobs = 1;
    ask.top_logprobs = 2;
    for (int hot = 0; hot <= 1; hot++) {
        ask.temperature = (float)hot * 0.1f;
        struct rig_job *j = job_with(ask);
        struct sampler *s = sampler_for(j, 0);
        CHECK_OK(sampler_choose(s, logits, &room, &c));
        CHECK_INT(c.token, ==, 40);
        CHECK_INT(c.tops[0].token, ==, 40);
        for (int t = 0; t < TOKENS; t++)
            logits[t] = NAN;
        CHECK_ERR(sampler_choose(s, logits, &room, &c), CORRUPT);
        NEED(load());
        logits[40] = 7;
        sampler_free(s);
        rig_job_free(j);
    }
}

/* Writes an object from random logits; its length, 0 when it did not become whole. */
static size_t
write_object(uint64_t seed, float temperature, char *text, size_t text_max)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    struct choice c = {0};
    size_t len = 0;
    ask.json_object = 1;
    ask.temperature = temperature;
    ask.seed = seed;
    struct rig_job *j = job_with(ask);
    struct sampler *s = sampler_for(j, 0);
    while (len < text_max && !c.is_object_whole) {
        for (int t = 0; t < TOKENS; t++)
            logits[t] = (float)(test_random() % 1000) / 200;
        logits[byte('"')] += 3;
        logits[byte('}')] += 3;
        logits[IM_END] += 4;
        CHECK_OK(sampler_choose(s, logits, &room, &c));
        const str piece = vocabulary_piece(&m.vocabulary, c.token);
        CHECK(!c.is_end && piece.len == 1);
        text[len++] = piece.at[0];
    }
    sampler_free(s);
    rig_job_free(j);
    return c.is_object_whole ? len : 0;
}

TEST(a_json_object_always_parses_whatever_the_logits_are)
{
    char text[4096];
    unsigned whole = 0;
    NEED(load());
    for (uint64_t seed = 0; seed < 200; seed++) {
        const size_t len = write_object(seed, (float)(seed % 3), text, sizeof text);
        if (!len)
            continue;
        whole++;
        yyjson_doc *doc = yyjson_read(text, len, 0);
        CHECK(doc && yyjson_is_obj(yyjson_doc_get_root(doc)));
        yyjson_doc_free(doc);
    }
    CHECK_INT(whole, >, 190);
}

TEST(the_unguided_choice_stands_when_the_object_allows_it)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    NEED(load());
    ask.json_object = 1;
    struct rig_job *j = job_with(ask);
    struct sampler *s = sampler_for(j, 0);
    logits[byte('x')] = 20;
    logits[byte('{')] = 9;
    logits[byte('"')] = 8;
    logits[byte('}')] = 7;
    CHECK_INT(choose(s), ==, byte('{'));
    CHECK_INT(choose(s), ==, byte('"'));
    CHECK_INT(choose(s), ==, byte('x'));
    logits[byte('x')] = 0;
    logits[byte('"')] = 12;
    CHECK_INT(choose(s), ==, byte('"'));
    sampler_free(s);
    rig_job_free(j);
}

TEST(a_vocabulary_that_cannot_go_on_with_the_object_is_said)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    struct choice c;
    NEED(load());
    ask.json_object = 1;
    struct rig_job *j = job_with(ask);
    struct sampler *s = sampler_for(j, 0);
    for (int t = 0; t < TOKENS; t++)
        logits[t] = t == byte('x') ? 1 : -INFINITY;
    CHECK_ERR(sampler_choose(s, logits, &room, &c), UNSUPPORTED);
    sampler_free(s);
    rig_job_free(j);
}

TEST(every_failure_of_memory_is_reported_and_leaves_nothing)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, 1, 10);
    llama_token said[300];
    const struct tokens prompt = {.at = said, .count = 260, .room = 300};
    NEED(load());
    for (int i = 0; i < 260; i++)
        said[i] = i;
    ask.frequency = 1;
    ask.temperature = 1;
    struct rig_job *j = job_with(ask);
    for (long n = 1;; n++) {
        struct sampler *s = NULL;
        struct candidates c = {0};
        fault_arm(n);
        err e = sampler_new(&j->pub, &m.vocabulary, &prompt, 1, &s);
        if (!e.code)
            e = candidates_init(&c, &m.vocabulary);
        const bool fired = fault_fired();
        fault_arm(0);
        sampler_free(s);
        candidates_done(&c);
        CHECK_INT(e.code, ==, fired ? ERR_LIMIT : ERR_OK);
        if (!fired)
            break;
    }
    rig_job_free(j);
    candidates_done(&room);
    load_done(&m);
}

/* ---- grammars */

static struct rig_job *
job_under(str grammar)
{
    struct rig_job *j = job_with((struct engine_submit){
        .kind = ENGINE_CHAT, .n = 1, .temperature = 0, .top_p = 1, .repeat = 1});
    j->pub.grammar = grammar;
    return j;
}

TEST(a_grammar_is_obeyed_whatever_the_logits_say)
{
    NEED(load());
    struct rig_job *j = job_under(STR("root ::= \"ja\" [0-9]{2}\n"));
    CHECK_OK(sampler_check(&j->pub, &m.vocabulary));
    struct sampler *s = sampler_for(j, 0);
    logits[byte('x')] = 50;
    logits[byte('7')] = 20;
    CHECK_INT(choose(s), ==, byte('j'));
    CHECK_INT(choose(s), ==, byte('a'));
    CHECK_INT(choose(s), ==, byte('7'));
    CHECK_INT(choose(s), ==, byte('7'));
    struct choice c;
    CHECK_OK(sampler_choose(s, logits, &room, &c));
    CHECK(c.is_end);
    sampler_free(s);
    rig_job_free(j);
}

TEST(a_control_token_is_no_text_of_a_grammar)
{
    NEED(load());
    struct rig_job *j = job_under(STR("root ::= [^x]{3}\n"));
    struct sampler *s = sampler_for(j, 0);
    for (int t = 0; t < FIRST_BYTE; t++)
        logits[t] = 60;
    logits[IM_END] = 60;
    logits[byte('q')] = 9;
    CHECK_INT(choose(s), ==, byte('q'));
    sampler_free(s);
    rig_job_free(j);
}

TEST(a_grammar_that_is_none_is_refused_before_llama_sees_it)
{
    NEED(load());
    static const char *const bad[] = {"root ::= root\n", "root ::= (((((((((((((((((((\"a\"\n",
                                      "x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct rig_job *j = job_under(str_of(bad[i]));
        CHECK_ERR(sampler_check(&j->pub, &m.vocabulary), ARGUMENT);
        rig_job_free(j);
    }
}

/* What our compiler writes, their parser takes: each form of the grammar once. */
TEST(llama_takes_the_grammars_we_make)
{
    static const char *const schemas[] = {
        "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\",\"maxLength\":500},"
        "\"b\\\"\":{}},"
        "\"additionalProperties\":{\"type\":\"number\"}}",
        "{\"type\":\"string\",\"minLength\":65535}",
        "{\"type\":\"string\",\"pattern\":\"^(?:[^\\\"a-c]|\\\\d{1,900}|x\\\\n|\\\\ud83d\\\\ude00)+"
        "$\"}",
        "{\"type\":\"string\",\"format\":\"date-time\"}",
        "{\"type\":\"string\",\"format\":\"email\"}",
        "{\"type\":\"number\",\"exclusiveMinimum\":-0.5,\"maximum\":1234.25}",
        "{\"type\":\"integer\",\"minimum\":-17,\"maximum\":342}",
        "{\"type\":\"array\",\"prefixItems\":[{\"enum\":[1,\"x\",null]}],\"minItems\":3,"
        "\"maxItems\":1000}",
        "{\"$defs\":{\"t\":{\"properties\":{\"l\":{\"$ref\":\"#/$defs/t\"}}}},\"$ref\":\"#/$defs/"
        "t\"}",
    };
    NEED(load());
    for (size_t i = 0; i < sizeof schemas / sizeof *schemas; i++) {
        arena *a;
        jval v;
        AUTO(buf) text = BUF(SCHEMA_GRAMMAR_BYTES_MAX);
        NEED_OK(arena_open(1 << 24, &a));
        NEED_OK(json_read(a, str_of(schemas[i]), &v));
        NEED_OK(schema_compile(a, &v, &text));
        struct rig_job *j = job_under(buf_str(&text));
        CHECK_OK(sampler_check(&j->pub, &m.vocabulary));
        struct sampler *s = sampler_for(j, 0);
        CHECK(s != NULL);
        sampler_free(s);
        rig_job_free(j);
        arena_free(a);
    }
}

TEST(under_a_grammar_characters_are_whole)
{
    NEED(load());
    struct rig_job *j = job_under(STR("root ::= [^x]{2}\n"));
    struct sampler *s = sampler_for(j, 0);
    logits[byte('\xff')] = 60;
    logits[byte('\xc3')] = 50;
    CHECK_INT(choose(s), ==, byte('\xc3'));
    logits[byte('"')] = 55;
    logits[byte('\xa4')] = 40;
    CHECK_INT(choose(s), ==, byte('\xa4'));
    CHECK_INT(choose(s), ==, byte('"'));
    sampler_free(s);
    rig_job_free(j);
}
