/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/decode.h"

#include "api/read.h"
#include "unit/api/anthropic/write.h"

static const struct read_field fields[] = {
#define M ROUTE_M
#define K ROUTE_K
#define E ROUTE_E
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/anthropic/fields.def"
#undef FIELD
#undef M
#undef K
#undef E
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* ---- every field has its fate */
static bool shown[FIELDS];

static void
show(const char *name)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].name, name) == 0)
            shown[i] = true;
}

#define ARRIVES(name, value, condition)                                                            \
    do {                                                                                           \
        CHECK_OK(wire_with("\"" name "\":" value));                                                \
        CHECK(condition);                                                                          \
        show(name);                                                                                \
    } while (0)

#define TOOL "[{\"name\":\"uhr\",\"input_schema\":{\"type\":\"object\"}}]"
#define SCHEMA "{\"type\":\"json_schema\",\"schema\":{\"type\":\"integer\"}}"

TEST(every_mapped_field_arrives_where_it_belongs)
{
    const struct conv *c = &wire_ask.conv;
    NEED_OK(wire_with("\"stream\":false"));
    CHECK_STR(wire_ask.model, STR("m"));
    CHECK_STR(wire_message(0), STR("user:x"));
    CHECK_INT(c->params.tokens_max, ==, 64);
    show("model");
    show("messages");
    show("max_tokens");
    ARRIVES("system", "\"kurz\"", str_eq(wire_message(0), STR("system:kurz")));
    ARRIVES("stop_sequences", "[\"a\",\"b\"]",
            c->params.stop_count == 2 && str_eq(c->params.stops[1], STR("b")));
    ARRIVES("stream", "true", wire_ask.stream);
    ARRIVES("temperature", "0.25", c->params.temperature == 0.25);
    ARRIVES("top_p", "0.5", c->params.top_p == 0.5);
    ARRIVES("top_k", "40", c->params.top_k == 40);
    ARRIVES("tools", TOOL, c->tools.count == 1);
    ARRIVES("tool_choice", "{\"type\":\"none\"}", c->tools.choice == CONV_TOOLS_NONE);
    ARRIVES("thinking", "{\"type\":\"adaptive\"}", wire_ask.wants_thinking);
    ARRIVES("cache_control", "{\"type\":\"ephemeral\"}", wire_ask.wants_cache);
    ARRIVES("output_config", "{\"format\":" SCHEMA ",\"effort\":\"low\"}", c->format.grammar.len);
    ARRIVES("output_format", SCHEMA, c->format.schema.len && c->format.strict);
    show("requests"); /* batches_test.c */
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].fate == MAPPED && !shown[i])
            test_fail(__FILE__, __LINE__, "\"%s\" was not seen to arrive", fields[i].name);
}

TEST(every_accepted_field_changes_nothing)
{
    static const char *const taken[] = {
        "\"metadata\":{\"user_id\":\"u\"}",   "\"metadata\":{}",
        "\"metadata\":{\"user_id\":null}",    "\"service_tier\":\"auto\"",
        "\"service_tier\":\"standard_only\"", "\"speed\":\"fast\""};
    struct conv_params want;
    NEED_OK(wire_with("\"stream\":false"));
    want = wire_ask.conv.params;
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        CHECK_OK(wire_with(taken[i]));
        CHECK(memcmp(&want, &wire_ask.conv.params, sizeof want) == 0);
    }
    CHECK_OK(wire_with("\"context_management\":{\"edits\":[{\"type\":\"clear_thinking_20251015\","
                       "\"keep\":\"all\"}]}"));
    CHECK_OK(wire_with("\"context_management\":{}"));
    CANNOT("\"context_management\":{\"edits\":[{\"type\":\"clear_tool_uses_20250919\"}]}",
           "context_management.edits[0].type", "thinking");
    WRONG("\"context_management\":{\"edits\":[1]}", "context_management.edits[0]", "");
    WRONG("\"context_management\":{\"edit\":1}", "context_management.edit", "not known");
    WRONG("\"context_management\":1", "context_management", "");
    WRONG("\"metadata\":{\"name\":\"u\"}", "metadata.name", "not known");
    WRONG("\"metadata\":1", "metadata", "");
    WRONG("\"service_tier\":\"gold\"", "service_tier", "");
    WRONG("\"speed\":1", "speed", "");
}

TEST(every_refused_field_is_refused_when_it_asks_for_something_and_named)
{
    static const char *const asking[] = {"true", "0", "\"x\"", "[0]", "{\"a\":null}"};
    static const char *const nothing[] = {"null", "false", "\"\"", "[]", "{}"};
    size_t count = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        char member[128];
        if (fields[i].fate != REFUSED)
            continue;
        count++;
        for (size_t v = 0; v < 5; v++) {
            snprintf(member, sizeof member, "\"%s\":%s", fields[i].name, asking[v]);
            CANNOT(member, fields[i].name, fields[i].name);
            snprintf(member, sizeof member, "\"%s\":%s", fields[i].name, nothing[v]);
            CHECK_OK(wire_with(member));
        }
    }
    CHECK_INT(count, >, 3);
}

TEST(unknown_fields_are_refused_by_name_whatever_they_hold)
{
    static const char *const names[] = {"foo",   "Model", "n", "stop", "max_completion_tokens",
                                        "betas", "user"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char member[128];
        snprintf(member, sizeof member, "\"%s\":null", names[i]);
        WRONG(member, names[i], "not known");
    }
}

TEST(counting_knows_only_what_the_model_would_be_shown)
{
    for (size_t i = 0; i < FIELDS; i++) {
        char text[256];
        if ((fields[i].routes & ROUTE_K) || strcmp(fields[i].name, "messages") == 0)
            continue;
        snprintf(text, sizeof text, "{\"model\":\"m\"," WIRE_HI ",\"%s\":null}", fields[i].name);
        wire_refused(wire_decode(ROUTE_K, str_of(text)), ERR_ARGUMENT, fields[i].name, "not known",
                     __LINE__);
    }
    CHECK_OK(wire_decode(ROUTE_K,
                         STR("{\"model\":\"m\"," WIRE_HI ",\"tools\":" TOOL ",\"system\":\"s\"}")));
    CHECK_INT(wire_ask.conv.messages.count, ==, 2);
    CHECK_INT(wire_ask.conv.tools.count, ==, 1);
}

/* ---- what is needed */
TEST(what_is_needed_is_asked_for_by_name)
{
    static const struct {
        const char *text, *name;
    } cases[] = {{"{\"max_tokens\":1," WIRE_HI "}", "model"},
                 {"{\"model\":\"m\"," WIRE_HI "}", "max_tokens"},
                 {"{\"model\":\"m\",\"max_tokens\":1}", "messages"},
                 {"{\"model\":\"m\",\"max_tokens\":1,\"messages\":null}", "messages"},
                 {"{\"model\":null,\"max_tokens\":1," WIRE_HI "}", "model"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        wire_refused(wire_decode(ROUTE_M, str_of(cases[i].text)), ERR_ARGUMENT, cases[i].name,
                     "required", __LINE__);
}

TEST(numbers_are_taken_at_their_bounds_and_refused_beyond)
{
    static const struct {
        const char *name, *under, *min, *max, *over;
    } cases[] = {{"temperature", "-0.01", "0", "1", "1.01"},
                 {"top_p", "-0.01", "0", "1", "1.01"},
                 {"top_k", "-1", "0", "2147483647", "2147483648"}};
    char member[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(member, sizeof member, "\"%s\":%s", cases[i].name, cases[i].under);
        WRONG(member, cases[i].name, "");
        snprintf(member, sizeof member, "\"%s\":%s", cases[i].name, cases[i].over);
        WRONG(member, cases[i].name, "");
        snprintf(member, sizeof member, "\"%s\":%s", cases[i].name, cases[i].min);
        CHECK_OK(wire_with(member));
        snprintf(member, sizeof member, "\"%s\":%s", cases[i].name, cases[i].max);
        CHECK_OK(wire_with(member));
        snprintf(member, sizeof member, "\"%s\":\"1\"", cases[i].name);
        WRONG(member, cases[i].name, "");
    }
    for (int i = 0; i < 4; i++) {
        static const char *const bad[] = {"0", "-1", "1.5", "2147483648"};
        snprintf(wire_text, sizeof wire_text, "{\"model\":\"m\",\"max_tokens\":%s," WIRE_HI "}",
                 bad[i]);
        wire_refused(wire_decode(ROUTE_M, str_of(wire_text)), ERR_ARGUMENT, "max_tokens", "",
                     __LINE__);
    }
}

TEST(stop_sequences_are_texts_and_not_too_many)
{
    WRONG("\"stop_sequences\":\"a\"", "stop_sequences", "");
    WRONG("\"stop_sequences\":[1]", "stop_sequences[0]", "");
    WRONG("\"stop_sequences\":[\"a\",\"\"]", "stop_sequences[1]", "empty");
    CHECK_OK(wire_with("\"stop_sequences\":[]"));
    CHECK_OK(wire_with("\"stop_sequences\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\","
                       "\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\"]"));
    CHECK_INT(wire_ask.conv.params.stop_count, ==, 16);
    WRONG("\"stop_sequences\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\","
          "\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]",
          "stop_sequences", "16");
}

/* ---- thinking */
TEST(thinking_is_asked_for_with_a_budget_below_the_whole)
{
    CHECK_OK(wire_with("\"thinking\":{\"type\":\"disabled\"}"));
    CHECK(!wire_ask.wants_thinking);
    CHECK_OK(wire_with("\"thinking\":{\"type\":\"adaptive\",\"display\":\"omitted\"}"));
    CHECK(wire_ask.wants_thinking && wire_ask.hides_thinking);
    CHECK_OK(wire_decode(ROUTE_M, STR("{\"model\":\"m\",\"max_tokens\":1025," WIRE_HI
                                      ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024,"
                                      "\"display\":\"summarized\"}}")));
    CHECK(wire_ask.wants_thinking && !wire_ask.hides_thinking);
    CHECK_OK(wire_decode(ROUTE_K, STR("{\"model\":\"m\"," WIRE_HI
                                      ",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":2000}"
                                      "}")));
    WRONG("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024}", "thinking.budget_tokens",
          "below max_tokens");
    WRONG("\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1023}", "thinking.budget_tokens",
          "");
    WRONG("\"thinking\":{\"type\":\"enabled\"}", "thinking.budget_tokens", "");
    WRONG("\"thinking\":{\"type\":\"deep\"}", "thinking.type", "none of");
    WRONG("\"thinking\":{}", "thinking.type", "");
    WRONG("\"thinking\":true", "thinking", "");
    WRONG("\"thinking\":{\"type\":\"disabled\",\"budget_tokens\":2000}", "thinking.budget_tokens",
          "not known");
    WRONG("\"thinking\":{\"type\":\"adaptive\",\"display\":\"full\"}", "thinking.display", "");
    WRONG("\"thinking\":{\"type\":\"adaptive\"},\"tools\":" TOOL
          ",\"tool_choice\":{\"type\":\"any\"}",
          "thinking", "tool_choice");
}

/* ---- the form of the answer */
TEST(a_form_that_cannot_be_kept_is_refused)
{
    WRONG("\"output_config\":{\"format\":{\"type\":\"yaml\",\"schema\":{}}}",
          "output_config.format.type", "");
    WRONG("\"output_config\":{\"format\":{\"type\":\"json_schema\"}}",
          "output_config.format.schema", "");
    WRONG("\"output_config\":{\"effort\":\"huge\"}", "output_config.effort", "");
    WRONG("\"output_config\":{\"form\":1}", "output_config.form", "not known");
    WRONG("\"output_config\":{\"format\":" SCHEMA "},\"output_format\":" SCHEMA, "output_format",
          "twice");
    CANNOT("\"output_config\":{\"format\":" SCHEMA "},\"tools\":" TOOL, "output_config.format",
           "tools");
    CHECK_OK(wire_with("\"output_config\":{\"format\":" SCHEMA "},\"tools\":" TOOL
                       ",\"tool_choice\":{\"type\":\"none\"}"));
    CANNOT("\"output_format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"number\","
           "\"multipleOf\":3}}",
           "output_format.schema.multipleOf", "multipleOf");
}

TEST(cache_control_is_checked_wherever_it_stands)
{
    WRONG("\"cache_control\":true", "cache_control", "");
    WRONG("\"cache_control\":{}", "cache_control.type", "");
    WRONG("\"cache_control\":{\"type\":\"eternal\"}", "cache_control.type", "");
    WRONG("\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"2h\"}", "cache_control.ttl", "");
    CHECK_OK(wire_with("\"cache_control\":{\"type\":\"ephemeral\",\"ttl\":\"1h\"}"));
    CHECK_OK(wire_with("\"stream\":false"));
    CHECK(!wire_ask.wants_cache);
    CHECK_OK(wire_with("\"system\":[{\"type\":\"text\",\"text\":\"s\",\"cache_control\":{\"type\":"
                       "\"ephemeral\"}}]"));
    CHECK(wire_ask.wants_cache);
    CHECK_OK(wire_with("\"tools\":[{\"name\":\"uhr\",\"input_schema\":{},\"cache_control\":{"
                       "\"type\":\"ephemeral\"}}]"));
    CHECK(wire_ask.wants_cache);
}

/* ---- there and back */
static void
check_same(const struct conv *want, const struct conv *got, str request)
{
    bool is_same = want->messages.count == got->messages.count;
    for (size_t i = 0; is_same && i < want->messages.count; i++) {
        const struct conv_message *a = &want->messages.at[i], *b = &got->messages.at[i];
        is_same = a->role == b->role && str_eq(wire_open(a->text), wire_open(b->text)) &&
                  str_eq(a->tool_calls, b->tool_calls) &&
                  str_eq(a->tool_call_id, b->tool_call_id) && !b->name.len;
    }
    const struct conv_tools *t = &want->tools, *u = &got->tools;
    is_same = is_same && t->count == u->count && str_eq(t->json, u->json) &&
              t->choice == u->choice && str_eq(t->name, u->name) && t->most == u->most;
    is_same = is_same && (got->format.grammar.len > 0) == (t->choice == CONV_TOOLS_REQUIRED);
    const struct conv_params *p = &want->params, *q = &got->params;
    is_same = is_same && p->tokens_max == q->tokens_max && p->temperature == q->temperature &&
              p->top_p == q->top_p && p->top_k == q->top_k && p->stop_count == q->stop_count;
    for (uint32_t i = 0; is_same && i < p->stop_count; i++)
        is_same = str_eq(p->stops[i], q->stops[i]);
    if (!is_same)
        test_fail(__FILE__, __LINE__, "not the same: %.*s", STR_FMT(str_slice(request, 0, 2000)));
}

TEST(ten_thousand_conversations_come_back_as_they_were)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(1 << 20);
    NEED_OK(arena_open(16 * 1024 * 1024, &a));
    for (int i = 0; i < 10000; i++) {
        static struct conv c;
        memset(&c, 0, sizeof c);
        talk_random(a, &c);
        talk_tools(a, &c);
        talk_params(a, &c.params);
        put_request(a, &b, &c);
        const err e = wire_decode(ROUTE_M, buf_str(&b));
        if (e.code)
            test_fail(__FILE__, __LINE__, "%s: %.*s", err_trail(),
                      STR_FMT(str_slice(buf_str(&b), 0, 2000)));
        else
            check_same(&c, &wire_ask.conv, buf_str(&b));
        buf_clear(&b);
        arena_reset(a);
    }
}

/* ---- memory */
TEST(decoding_survives_each_missing_piece_of_memory)
{
    static const char text[] =
        "{" WIRE_BASE ",\"system\":\"s\",\"tools\":" TOOL ",\"tool_choice\":{\"type\":\"any\"},"
        "\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]},"
        "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"uhr\","
        "\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
        "\"t\",\"content\":\"12\"}]}]}";
    bool fired = true;
    long n = 0;
    while (fired && n < 5000) {
        fault_arm(++n);
        const err e = wire_decode(ROUTE_M, str_of(text));
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired || !e.code);
        if (e.code && e.code != ERR_PARSE) /* the JSON's own memory */
            CHECK_ERR(e, LIMIT);
    }
    CHECK(!fired && n > 10);
    arena_free(TAKE(wire_memory));
}
