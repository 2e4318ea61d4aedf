/* SPDX-License-Identifier: EUPL-1.2 */
/* Every field of fields.def has its fate, and a test walks them. */
#include "unit/api/openai/decoding.h"

enum fate { MAPPED, ACCEPTED, REFUSED };

static const struct {
    uint32_t routes;
    const char *name;
    enum fate fate;
} fields[] = {
#define C ROUTE_C
#define T ROUTE_T
#define E ROUTE_E
#define FIELD(routes, name, fate) {routes, name, fate},
#include "api/openai/fields.def"
#undef FIELD
#undef C
#undef T
#undef E
};
enum { FIELDS = sizeof fields / sizeof *fields };

static uint32_t shown[FIELDS]; /* routes on which a mapped field was seen to arrive */

static size_t
field_at(const char *name, uint32_t on)
{
    for (size_t i = 0; i < FIELDS; i++)
        if (strcmp(fields[i].name, name) == 0 && (fields[i].routes & on))
            return i;
    test_fail(__FILE__, __LINE__, "no field \"%s\"", name);
    return 0;
}

/* On each of the routes the value arrives where it belongs. */
#define ARRIVES(on, name, value, condition)                                                        \
    do {                                                                                           \
        for (size_t i_ = 0; i_ < 3; i_++) {                                                        \
            const enum openai_route route_ = routes[i_].route;                                     \
            if (!((on)&route_))                                                                    \
                continue;                                                                          \
            TAKEN(route_, name, value);                                                            \
            CHECK(condition);                                                                      \
            shown[field_at(name, route_)] |= route_;                                               \
        }                                                                                          \
    } while (0)

static void
show_plain_fields(void)
{
    const struct conv_params *s = &ask.conv.params;
    const uint32_t both = ROUTE_C | ROUTE_T;
    ARRIVES(both | ROUTE_E, "model", "\"m\"", str_eq(ask.model, STR("m")));
    ARRIVES(ROUTE_C, "messages", "[{\"role\":\"user\",\"content\":\"hallo\"}]",
            ask.conv.messages.count == 1 && text_is(ask.conv.messages.at[0].text, "hallo"));
    ARRIVES(ROUTE_T, "prompt", "\"hallo\"", text_is(ask.conv.prompt, "hallo"));
    ARRIVES(ROUTE_E, "input", "\"hallo\"",
            ask.conv.inputs.count == 1 && text_is(ask.conv.inputs.at[0], "hallo"));
    ARRIVES(ROUTE_E, "encoding_format", "\"base64\"", ask.base64);
    ARRIVES(ROUTE_E, "dimensions", "64", ask.conv.dimensions == 64);
    ARRIVES(both, "max_tokens", "7", s->tokens_max == 7);
    ARRIVES(ROUTE_C, "max_completion_tokens", "8", s->tokens_max == 8);
    ARRIVES(both, "temperature", "0.25", s->temperature == 0.25);
    ARRIVES(both, "top_p", "0.5", s->top_p == 0.5);
    ARRIVES(both, "top_k", "40", s->top_k == 40);
    ARRIVES(both, "min_p", "0.125", s->min_p == 0.125);
    ARRIVES(both, "repetition_penalty", "1.5", s->repeat == 1.5);
    ARRIVES(both, "presence_penalty", "-0.5", s->presence == -0.5);
    ARRIVES(both, "frequency_penalty", "0.75", s->frequency == 0.75);
    ARRIVES(both, "n", "3", s->n == 3);
    ARRIVES(both, "stop", "\"ende\"", s->stop_count == 1 && str_eq(s->stops[0], STR("ende")));
    ARRIVES(both, "seed", "99", s->has_seed && s->seed == 99);
}

static void
show_other_fields(void)
{
    const struct conv_params *s = &ask.conv.params;
    const uint32_t both = ROUTE_C | ROUTE_T;
    ARRIVES(both, "stream", "true", ask.stream && !ask.include_usage);
    ARRIVES(both, "stream_options", "{\"include_usage\":true},\"stream\":true", ask.include_usage);
    ARRIVES(ROUTE_C, "logprobs", "true", s->logprobs && s->top_logprobs == 0);
    ARRIVES(ROUTE_T, "logprobs", "4", s->logprobs && s->top_logprobs == 4);
    ARRIVES(ROUTE_C, "top_logprobs", "5,\"logprobs\":true", s->top_logprobs == 5);
    ARRIVES(both, "logit_bias", "{\"12\":-100}",
            s->bias_count == 1 && s->bias[0].token == 12 && s->bias[0].bias == -100.0f);
    ARRIVES(ROUTE_C, "response_format", "{\"type\":\"json_object\"}", s->json_object);
    ARRIVES(both, "ignore_eos", "true", s->ignore_eos);
    ARRIVES(ROUTE_T, "echo", "true", s->echo && ask.echo_chars == 1);
    /* They say nothing but what is done anyway. */
    ARRIVES(ROUTE_C, "modalities", "[\"text\"]", true);
#define TOOL "[{\"type\":\"function\",\"function\":{\"name\":\"uhr\"}}]"
    const struct conv_tools *t = &ask.conv.tools;
    ARRIVES(ROUTE_C, "tools", TOOL, t->count == 1 && str_eq(t->names[0], STR("uhr")));
    ARRIVES(ROUTE_C, "tool_choice", "\"none\",\"tools\":" TOOL, t->choice == CONV_TOOLS_NONE);
    ARRIVES(ROUTE_C, "parallel_tool_calls", "false,\"tool_choice\":\"required\",\"tools\":" TOOL,
            t->most == 1);
#undef TOOL
}

TEST(every_mapped_field_arrives_where_it_belongs)
{
    memset(shown, 0, sizeof shown);
    show_plain_fields();
    show_other_fields();
    for (size_t i = 0; i < FIELDS; i++)
        if (fields[i].fate == MAPPED && shown[i] != fields[i].routes)
            test_fail(__FILE__, __LINE__, "\"%s\" was not seen to arrive", fields[i].name);
}

TEST(every_accepted_field_may_hold_anything_and_changes_nothing)
{
    static const char *const values[] = {"null", "true",  "false", "0",     "-1.5",
                                         "\"\"", "\"x\"", "[]",    "[1,2]", "{\"a\":{}}"};
    for (size_t i = 0; i < FIELDS; i++)
        for (size_t r = 0; r < 3; r++)
            for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
                static struct openai_ask without;
                if (fields[i].fate != ACCEPTED || !(fields[i].routes & routes[r].route))
                    continue;
                TAKEN(routes[r].route, "model", "\"m\"");
                without = ask;
                char value[64];
                snprintf(value, sizeof value, "%s,\"model\":\"m\"", values[v]);
                TAKEN(routes[r].route, fields[i].name, value);
                CHECK(memcmp(&without.conv.params, &ask.conv.params, sizeof ask.conv.params) == 0);
                CHECK(without.stream == ask.stream && without.base64 == ask.base64);
            }
}

TEST(every_refused_field_is_refused_when_it_asks_for_something_and_named)
{
    static const char *const asking[] = {"true", "0",      "1",           "\"x\"",
                                         "[0]",  "[null]", "{\"a\":null}"};
    static const char *const nothing[] = {"null", "false", "\"\"", "[]", "{}"};
    size_t count = 0;
    for (size_t i = 0; i < FIELDS; i++)
        for (size_t r = 0; r < 3; r++) {
            if (fields[i].fate != REFUSED || !(fields[i].routes & routes[r].route))
                continue;
            count++;
            for (size_t v = 0; v < sizeof asking / sizeof *asking; v++) {
                REFUSED_AS(UNSUPPORTED, routes[r].route, fields[i].name, asking[v]);
                CHECK_STR(str_of(err_param()), str_of(fields[i].name));
            }
            for (size_t v = 0; v < sizeof nothing / sizeof *nothing; v++)
                TAKEN(routes[r].route, fields[i].name, nothing[v]);
        }
    CHECK_INT(count, >, 0);
}

TEST(fields_of_other_routes_are_unknown)
{
    for (size_t i = 0; i < FIELDS; i++)
        for (size_t r = 0; r < 3; r++) {
            bool elsewhere = true;
            for (size_t k = 0; k < FIELDS; k++)
                if (strcmp(fields[k].name, fields[i].name) == 0 &&
                    (fields[k].routes & routes[r].route))
                    elsewhere = false;
            if (elsewhere)
                NOT(routes[r].route, fields[i].name, "null");
        }
}

TEST(unknown_fields_are_refused_by_name_whatever_they_hold)
{
    static const char *const names[] = {"foo", "Model", "max_token", "temperature_", "messagess"};
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            NOT(routes[r].route, names[i], "null");
            CHECK_STR(str_of(err_param()), str_of(names[i]));
            NOT(routes[r].route, names[i], "{\"a\":1}");
        }
}

TEST(a_name_that_may_be_content_is_not_repeated)
{
    CHECK_ERR(with(ROUTE_C, "Herr M\xc3\xbcller, geboren 1970", "1"), ARGUMENT);
    CHECK(!strstr(err_public((err){ERR_ARGUMENT}), "1970"));
    CHECK(!strstr(err_trail(), "1970"));
}

TEST(null_is_as_good_as_absent_for_every_field_but_the_one_that_is_needed)
{
    for (size_t i = 0; i < FIELDS; i++)
        for (size_t r = 0; r < 3; r++) {
            if (!(fields[i].routes & routes[r].route))
                continue;
            if (strcmp(fields[i].name, routes[r].base) == 0)
                CHECK_INT(with(routes[r].route, fields[i].name, "null").code, !=, 0);
            else
                TAKEN(routes[r].route, fields[i].name, "null");
        }
}
