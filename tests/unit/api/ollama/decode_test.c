/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/ollama/decode.h"

#include "unit/api/ollama/wire.h"

static const struct read_field fields[] = {
#define C OLLAMA_CHAT
#define G OLLAMA_GENERATE
#define E OLLAMA_EMBED
#define V OLLAMA_EMBEDDINGS
#define S OLLAMA_SHOW
#define O OLLAMA_OPTIONS
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/ollama/fields.def"
#undef FIELD
#undef C
#undef G
#undef E
#undef V
#undef S
#undef O
};
enum { FIELDS = sizeof fields / sizeof *fields };
static const enum ollama_route bodies[] = {OLLAMA_CHAT, OLLAMA_GENERATE, OLLAMA_EMBED,
                                           OLLAMA_EMBEDDINGS, OLLAMA_SHOW};

/* ---- every field has its fate */
static uint32_t shown[FIELDS];

static void
show(enum ollama_route route, const char *name)
{
    for (size_t i = 0; i < FIELDS; i++)
        if ((fields[i].routes & route) && strcmp(fields[i].name, name) == 0)
            shown[i] |= route;
}

#define ARRIVES(route, name, value, condition)                                                     \
    do {                                                                                           \
        CHECK_OK(wire_with(route, "\"" name "\":" value));                                         \
        CHECK(condition);                                                                          \
        show(route, name);                                                                         \
    } while (0)
#define OPTION_ARRIVES(name, value, condition)                                                     \
    do {                                                                                           \
        CHECK_OK(wire_with_option("\"" name "\":" value));                                         \
        CHECK(condition);                                                                          \
        show(OLLAMA_OPTIONS, name);                                                                \
    } while (0)

#define TOOL "[{\"type\":\"function\",\"function\":{\"name\":\"uhr\"}}]"
#define SCHEMA "{\"type\":\"integer\"}"

static void
whole_requests_arrive(void)
{
    const struct conv *c = &wire_ask.conv;
    NEED_OK(wire_with(OLLAMA_CHAT, ""));
    CHECK(str_eq(wire_ask.model, STR("m")) && wire_ask.stream && !wire_ask.is_idle);
    CHECK_STR(wire_message(0), STR("user:x"));
    show(OLLAMA_CHAT, "messages");
    NEED_OK(wire_with(OLLAMA_GENERATE, ""));
    CHECK_STR(wire_message(0), STR("user:x"));
    CHECK_INT(c->messages.count, ==, 1);
    show(OLLAMA_GENERATE, "prompt");
    NEED_OK(wire_with(OLLAMA_EMBED, ""));
    CHECK_STR(wire_open(c->inputs.at[0]), STR("x"));
    show(OLLAMA_EMBED, "input");
    NEED_OK(wire_with(OLLAMA_EMBEDDINGS, ""));
    CHECK_STR(wire_open(c->inputs.at[0]), STR("x"));
    show(OLLAMA_EMBEDDINGS, "prompt");
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        NEED_OK(wire_with(bodies[i], ""));
        CHECK_STR(wire_ask.model, STR("m"));
        show(bodies[i], "model");
    }
    NEED_OK(wire_decode(OLLAMA_SHOW, "{\"name\":\"n\"}"));
    CHECK_STR(wire_ask.model, STR("n"));
    show(OLLAMA_SHOW, "name");
}

static void
options_arrive(void)
{
    const struct conv_params *s = &wire_ask.conv.params;
    OPTION_ARRIVES("temperature", "0.25", s->temperature == 0.25);
    OPTION_ARRIVES("top_p", "0.5", s->top_p == 0.5);
    OPTION_ARRIVES("min_p", "0.125", s->min_p == 0.125);
    OPTION_ARRIVES("top_k", "40", s->top_k == 40);
    OPTION_ARRIVES("top_k", "-1", s->top_k == 0);
    OPTION_ARRIVES("seed", "7", s->has_seed && s->seed == 7);
    OPTION_ARRIVES("seed", "-1", !s->has_seed);
    OPTION_ARRIVES("num_predict", "9", s->tokens_max == 9);
    OPTION_ARRIVES("num_predict", "-1", s->tokens_max == 0);
    OPTION_ARRIVES("stop", "\"a\"", s->stop_count == 1 && str_eq(s->stops[0], STR("a")));
    OPTION_ARRIVES("stop", "[\"a\",\"b\",\"\"]",
                   s->stop_count == 2 && str_eq(s->stops[1], STR("b")));
    OPTION_ARRIVES("repeat_penalty", "1.5", s->repeat == 1.5);
    OPTION_ARRIVES("presence_penalty", "-1", s->presence == -1);
    OPTION_ARRIVES("frequency_penalty", "1", s->frequency == 1);
}

TEST(every_mapped_field_arrives_where_it_belongs)
{
    const struct conv *c = &wire_ask.conv;
    whole_requests_arrive();
    options_arrive();
    ARRIVES(OLLAMA_CHAT, "tools", TOOL, c->tools.count == 1);
    for (int i = 0; i < 2; i++) {
        ARRIVES(bodies[i], "format", "\"json\"", c->params.json_object);
        ARRIVES(bodies[i], "format", SCHEMA, c->format.schema.len && c->format.grammar.len);
        ARRIVES(bodies[i], "format", "\"\"", !c->params.json_object && !c->format.schema.len);
        ARRIVES(bodies[i], "stream", "false", !wire_ask.stream);
        ARRIVES(bodies[i], "think", "false", wire_ask.hides_thoughts);
        ARRIVES(bodies[i], "think", "true", !wire_ask.hides_thoughts);
        ARRIVES(bodies[i], "think", "\"low\"", !wire_ask.hides_thoughts);
        ARRIVES(bodies[i], "options", "{\"top_k\":3}", c->params.top_k == 3);
    }
    ARRIVES(OLLAMA_GENERATE, "images", "[\"iVBORw0KGgo=\"]", conv_image_count(c) == 1);
    ARRIVES(OLLAMA_GENERATE, "system", "\"kurz\"", c->messages.count == 2);
    CHECK_STR(wire_message(0), STR("system:kurz"));
    ARRIVES(OLLAMA_GENERATE, "raw", "true", wire_ask.is_raw && c->messages.count == 0);
    CHECK_STR(wire_open(c->prompt), STR("x"));
    ARRIVES(OLLAMA_EMBED, "dimensions", "64", c->dimensions == 64);
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].fate == MAPPED && shown[i] != fields[i].routes)
            test_fail(__FILE__, __LINE__, "\"%s\" was not seen to arrive", fields[i].name);
}

TEST(every_accepted_field_changes_nothing)
{
    static const char *const values[] = {"true", "0", "\"5m\"", "-1", "{}"};
    for (size_t r = 0; r < sizeof bodies / sizeof *bodies; r++) {
        NEED_OK(wire_with(bodies[r], ""));
        const struct conv_params want = wire_ask.conv.params;
        for (size_t i = 0; i < FIELDS; i++)
            for (size_t v = 0; v < 5; v++) {
                char member[128];
                if (fields[i].fate != ACCEPTED || !(fields[i].routes & bodies[r]))
                    continue;
                snprintf(member, sizeof member, "\"%s\":%s", fields[i].name, values[v]);
                CHECK_OK(wire_with(bodies[r], member));
                CHECK(memcmp(&want, &wire_ask.conv.params, sizeof want) == 0);
            }
    }
    for (size_t i = 0; i < FIELDS; i++) {
        char member[128];
        snprintf(member, sizeof member, "\"%s\":4096", fields[i].name);
        if (fields[i].fate == ACCEPTED && (fields[i].routes & OLLAMA_OPTIONS))
            CHECK_OK(wire_with_option(member));
    }
}

TEST(every_refused_field_is_refused_when_it_asks_for_something_and_named)
{
    static const char *const asking[] = {"true", "7", "\"x\"", "[0]", "{\"a\":null}"};
    static const char *const nothing[] = {"null", "false", "\"\"", "[]", "{}"};
    size_t count = 0;
    for (size_t r = 0; r < 2; r++)
        for (size_t i = 0; i < FIELDS; i++)
            for (size_t v = 0; v < 5; v++) {
                char member[128];
                if (fields[i].fate != REFUSED || !(fields[i].routes & bodies[r]))
                    continue;
                snprintf(member, sizeof member, "\"%s\":%s", fields[i].name, asking[v]);
                CANNOT(wire_with(bodies[r], member), fields[i].name, fields[i].name);
                snprintf(member, sizeof member, "\"%s\":%s", fields[i].name, nothing[v]);
                CHECK_OK(wire_with(bodies[r], member));
                count++;
            }
    CHECK_INT(count, >, 20);
}

TEST(every_refused_option_is_refused_by_its_path_unless_it_asks_for_nothing)
{
    static const char *const neutral[] = {
        "\"typical_p\":1",      "\"typical_p\":1.0",    "\"tfs_z\":1",
        "\"mirostat\":0",       "\"repeat_last_n\":-1", "\"penalize_newline\":true",
        "\"logits_all\":false", "\"mirostat\":null",    "\"vocab_only\":false"};
    size_t count = 0;
    for (size_t i = 0; i < FIELDS; i++) {
        char member[128], path[128];
        if (fields[i].fate != REFUSED || !(fields[i].routes & OLLAMA_OPTIONS))
            continue;
        snprintf(member, sizeof member, "\"%s\":0.5", fields[i].name);
        snprintf(path, sizeof path, "options.%s", fields[i].name);
        CANNOT(wire_with_option(member), path, path);
        count++;
    }
    CHECK_INT(count, >, 4);
    for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
        CHECK_OK(wire_with_option(neutral[i]));
    CANNOT(wire_with_option("\"mirostat\":2"), "options.mirostat", "not supported");
    CANNOT(wire_with_option("\"repeat_last_n\":64"), "options.repeat_last_n", "not supported");
}

TEST(unknown_fields_are_refused_by_name_wherever_they_stand)
{
    for (size_t r = 0; r < sizeof bodies / sizeof *bodies; r++) {
        WRONG(wire_with(bodies[r], "\"foo\":null"), "foo", "not known");
        WRONG(wire_with(bodies[r], "\"max_tokens\":1"), "max_tokens", "not known");
    }
    WRONG(wire_with_option("\"foo\":null"), "options.foo", "not known");
    WRONG(wire_with(OLLAMA_GENERATE, "\"tools\":[]"), "tools", "not known");
    WRONG(wire_with(OLLAMA_EMBED, "\"prompt\":\"x\""), "prompt", "not known");
}

TEST(values_out_of_shape_are_refused_by_their_place)
{
    WRONG(wire_with(OLLAMA_CHAT, "\"stream\":1"), "stream", "");
    WRONG(wire_with(OLLAMA_CHAT, "\"think\":1"), "think", "");
    WRONG(wire_with(OLLAMA_CHAT, "\"format\":\"xml\""), "format", "json");
    WRONG(wire_with(OLLAMA_CHAT, "\"format\":1"), "format", "");
    WRONG(wire_with(OLLAMA_CHAT, "\"options\":1"), "options", "");
    WRONG(wire_with(OLLAMA_CHAT, "\"tools\":{}"), "tools", "");
    CANNOT(wire_with(OLLAMA_CHAT, "\"format\":\"json\",\"tools\":" TOOL), "format", "tools");
    CANNOT(wire_with(OLLAMA_GENERATE, "\"format\":\"json\",\"raw\":true"), "format", "raw");
    WRONG(wire_with(OLLAMA_GENERATE, "\"system\":\"s\",\"raw\":true"), "system", "raw");
    WRONG(wire_with(OLLAMA_GENERATE, "\"images\":{}"), "images", "");
    WRONG(wire_with(OLLAMA_GENERATE, "\"images\":{},\"raw\":true"), "images", "");
    WRONG(wire_decode(OLLAMA_GENERATE, "{\"model\":\"m\",\"images\":\"\"}"), "images", "");
    WRONG(wire_with_option("\"temperature\":2.5"), "options.temperature", "");
    WRONG(wire_with_option("\"num_predict\":0"), "options.num_predict", "1 or more");
    WRONG(wire_with_option("\"num_predict\":-3"), "options.num_predict", "");
    WRONG(wire_with_option("\"seed\":1.5"), "options.seed", "");
    WRONG(wire_with_option("\"stop\":1"), "options.stop", "");
    WRONG(wire_decode(OLLAMA_EMBED, "{\"model\":\"m\"}"), "input", "");
    WRONG(wire_decode(OLLAMA_EMBED, "{\"input\":[]}"), "input", "");
    WRONG(wire_decode(OLLAMA_EMBED, "{\"input\":[\"a\",\"\"]}"), "input[1]", "empty");
    WRONG(wire_decode(OLLAMA_EMBED, "{\"input\":[1]}"), "input[0]", "");
    WRONG(wire_decode(OLLAMA_EMBEDDINGS, "{\"prompt\":\"\"}"), "prompt", "empty");
    WRONG(wire_decode(OLLAMA_CHAT, "{\"model\":1}"), "model", "");
    WRONG(wire_decode(OLLAMA_SHOW, "{}"), "name", "");
}

TEST(what_asks_for_nothing_is_known_as_such)
{
    CHECK_OK(wire_decode(OLLAMA_CHAT, "{\"model\":\"m\"}"));
    CHECK(wire_ask.is_idle);
    CHECK_OK(wire_decode(OLLAMA_CHAT, "{\"model\":\"m\",\"messages\":[]}"));
    CHECK(wire_ask.is_idle);
    CHECK_OK(wire_decode(OLLAMA_GENERATE, "{\"model\":\"m\",\"keep_alive\":0}"));
    CHECK(wire_ask.is_idle);
    CHECK_OK(wire_decode(OLLAMA_GENERATE, "{\"model\":\"m\",\"system\":\"s\",\"prompt\":\"\"}"));
    CHECK(wire_ask.is_idle && wire_ask.conv.messages.count == 0);
}

#define MUCH                                                                                       \
    "{\"model\":\"m\",\"tools\":" TOOL ",\"options\":{\"stop\":[\"a\"]},\"messages\":["            \
    "{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"assistant\",\"tool_calls\":["               \
    "{\"function\":{\"name\":\"uhr\",\"arguments\":{\"a\":1}}}]},"                                 \
    "{\"role\":\"tool\",\"content\":\"12\"}]}"

TEST(when_memory_is_out_the_request_is_refused_and_nothing_else)
{
    unsigned n = 0;
    bool fired;
    CHECK_OK(wire_decode(OLLAMA_CHAT, MUCH));
    do {
        fault_arm(++n);
        const err e = wire_decode(OLLAMA_CHAT, MUCH);
        fired = fault_fired();
        fault_arm(0);
        if (!fired)
            CHECK_OK(e);
        else if (e.code)
            CHECK(e.code == ERR_LIMIT || e.code == ERR_INTERNAL);
    } while (fired && n < 500);
    CHECK_INT(n, >, 1);
    CHECK_INT(n, <, 500);
}
