/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/decode.h"

#include "unit/api/anthropic/talk.h"
#include "unit/api/bedrock/wire.h"

/* ---- fields.def */
enum fate { MAPPED_FATE, ACCEPTED_FATE, REFUSED_FATE };

static const struct field_case {
    uint32_t routes;
    const char *name;
    enum fate fate;
} field_cases[] = {
#define C BEDROCK_CONVERSE
#define K BEDROCK_COUNT
#define I BEDROCK_INFERENCE
#define A BEDROCK_ADDITIONAL
#define P BEDROCK_PROMPT
#define E BEDROCK_EMBED
#define U BEDROCK_RETRIEVE
#define W BEDROCK_GENERATE
#define X BEDROCK_SEARCH
#define FIELD(routes, name, fate) {routes, name, fate##_FATE},
#include "api/bedrock/fields.def"
#undef FIELD
#undef C
#undef K
#undef I
#undef A
#undef P
#undef E
#undef U
#undef W
#undef X
};

static err
check_one(const char *name, const char *value, uint32_t route)
{
    AUTO(arena) *a = NULL;
    jval body;
    char text[256];
    snprintf(text, sizeof text, "{\"%s\":%s}", name, value);
    CHECK_OK(arena_open(1 << 20, &a));
    CHECK_OK(json_read(a, str_of(text), &body));
    return bedrock_check_fields(&body, (enum bedrock_route)route);
}

TEST(every_field_has_its_fate_on_every_route)
{
    for (size_t i = 0; i < sizeof field_cases / sizeof *field_cases; i++)
        for (uint32_t route = 1; route <= BEDROCK_SEARCH; route *= 2) {
            const struct field_case *f = &field_cases[i];
            const err e = check_one(f->name, "7", route);
            if (!(f->routes & route))
                CHECK_ERR(e, ARGUMENT);
            else if (f->fate == REFUSED_FATE)
                CHECK_ERR(e, UNSUPPORTED);
            else
                CHECK_OK(e);
            if (f->routes & route)
                CHECK_OK(check_one(f->name, "null", route));
        }
    for (uint32_t route = 1; route <= BEDROCK_SEARCH; route *= 2)
        CHECK_ERR(check_one("nonsense", "1", route), ARGUMENT);
}

/* A field that is MAPPED must be seen: with a value of no type it takes, it is refused. */
TEST(a_mapped_field_is_read)
{
    static const char *const mapped[] = {"messages",
                                         "system",
                                         "toolConfig",
                                         "inferenceConfig",
                                         "outputConfig",
                                         "additionalModelRequestFields",
                                         "additionalModelResponseFieldPaths",
                                         "requestMetadata",
                                         "performanceConfig",
                                         "serviceTier"};
    for (size_t i = 0; i < sizeof mapped / sizeof *mapped; i++) {
        snprintf(bedrock_room, sizeof bedrock_room, "{" HELLO ",\"%s\":7}", mapped[i]);
        if (i == 0)
            snprintf(bedrock_room, sizeof bedrock_room, "{\"messages\":7}");
        CHECK_ERR(wire_decode_as(BEDROCK_CONVERSE, str_of(bedrock_room)), ARGUMENT);
        CHECK_STR(str_of(err_param()), str_of(mapped[i]));
    }
}

/* ---- sampling */
TEST(sampling_is_read_from_both_places)
{
    NEED_OK(bedrock_with("\"inferenceConfig\":{\"maxTokens\":9,\"temperature\":0.5,\"topP\":0.25,"
                         "\"stopSequences\":[\"a\",\"b\"]},\"additionalModelRequestFields\":{"
                         "\"top_k\":5,\"min_p\":0.125,\"seed\":-3,\"presence_penalty\":1,"
                         "\"frequency_penalty\":-1,\"repetition_penalty\":1.5,\"stop_sequences\":["
                         "\"c\"],\"thinking\":{\"type\":\"enabled\"},\"anthropic_beta\":[\"x\"]}"));
    const struct conv_params *p = &wire.conv.params;
    CHECK_INT(p->tokens_max, ==, 9);
    CHECK(p->temperature == 0.5 && p->top_p == 0.25 && p->min_p == 0.125);
    CHECK(p->presence == 1 && p->frequency == -1 && p->repeat == 1.5);
    CHECK_INT(p->top_k, ==, 5);
    CHECK(p->has_seed && p->seed == (uint64_t)-3);
    CHECK_INT(p->stop_count, ==, 3);
    CHECK_STR(p->stops[0], STR("a"));
    CHECK_STR(p->stops[2], STR("c"));
    CHECK_INT(p->n, ==, 1);
}

TEST(nothing_said_is_the_default)
{
    struct conv_params d;
    conv_params_default(&d);
    NEED_OK(bedrock_with("\"inferenceConfig\":{},\"additionalModelRequestFields\":{}"));
    CHECK(memcmp(&d, &wire.conv.params, sizeof d) == 0);
    NEED_OK(bedrock_with("\"inferenceConfig\":null"));
    CHECK(memcmp(&d, &wire.conv.params, sizeof d) == 0);
}

TEST(numbers_out_of_bounds_are_refused_with_their_place)
{
    static const struct {
        const char *members, *place;
    } bad[] = {
        {"\"inferenceConfig\":{\"maxTokens\":0}", "inferenceConfig.maxTokens"},
        {"\"inferenceConfig\":{\"maxTokens\":1.5}", "inferenceConfig.maxTokens"},
        {"\"inferenceConfig\":{\"temperature\":-0.1}", "inferenceConfig.temperature"},
        {"\"inferenceConfig\":{\"topP\":1.1}", "inferenceConfig.topP"},
        {"\"inferenceConfig\":{\"stopSequences\":\"x\"}", "inferenceConfig.stopSequences"},
        {"\"inferenceConfig\":{\"stopSequences\":[\"\"]}", "inferenceConfig.stopSequences[0]"},
        {"\"inferenceConfig\":{\"topK\":1}", "inferenceConfig.topK"},
        {"\"additionalModelRequestFields\":{\"top_k\":-1}", "additionalModelRequestFields.top_k"},
        {"\"additionalModelRequestFields\":{\"topk\":1}", "additionalModelRequestFields.topk"},
        {"\"additionalModelRequestFields\":{\"seed\":\"x\"}", "additionalModelRequestFields.seed"},
        {"\"performanceConfig\":{\"latency\":\"soon\"}", "performanceConfig.latency"},
        {"\"serviceTier\":{\"type\":\"gold\"}", "serviceTier.type"},
        {"\"requestMetadata\":{\"a\":1}", "requestMetadata.a"},
        {"\"additionalModelResponseFieldPaths\":[\"stop\"]",
         "additionalModelResponseFieldPaths[0]"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR(bedrock_with(bad[i].members), ARGUMENT);
        CHECK_STR(str_of(err_param()), str_of(bad[i].place));
    }
}

TEST(more_stop_sequences_than_there_is_room_for_are_refused)
{
    AUTO(buf) b = BUF(4096);
    buf_add(&b, STR("\"inferenceConfig\":{\"stopSequences\":["));
    for (int i = 0; i < CONV_STOPS_MAX; i++)
        buf_add_fmt(&b, "%s\"s%d\"", i ? "," : "", i);
    buf_add(&b, ((str){"]}", 3}));
    CHECK_OK(bedrock_with(b.at));
    b.len--;
    buf_add(&b, STR(",\"additionalModelRequestFields\":{\"stop_sequences\":[\"t\"]}"));
    buf_add_char(&b, '\0');
    CHECK_ERR(bedrock_with(b.at), ARGUMENT);
}

TEST(hints_are_taken_and_change_nothing)
{
    NEED_OK(
        bedrock_with("\"performanceConfig\":{\"latency\":\"optimized\"},\"serviceTier\":{\"type\":"
                     "\"flex\"},\"requestMetadata\":{\"a\":\"b\"},"
                     "\"additionalModelResponseFieldPaths\":[\"/nothing\"],"
                     "\"guardrailConfig\":{},\"promptVariables\":{}"));
    CHECK(!wire.wants_stop);
    NEED_OK(bedrock_with("\"additionalModelResponseFieldPaths\":[\"/stop_sequence\"]"));
    CHECK(wire.wants_stop);
}

TEST(what_would_change_the_meaning_is_refused_by_name)
{
    CHECK_PLACE(bedrock_with("\"promptVariables\":{\"a\":{\"text\":\"b\"}}"), UNSUPPORTED,
                "promptVariables");
}

TEST(a_model_is_named_by_what_stands_behind_the_last_slash_of_its_arn)
{
    CHECK_STR(bedrock_model_name(STR("toy")), STR("toy"));
    CHECK_STR(bedrock_model_name(STR("anthropic.claude-v1:0")), STR("anthropic.claude-v1:0"));
    CHECK_STR(bedrock_model_name(STR("a/b")), STR("a/b"));
    CHECK_STR(bedrock_model_name(STR("arn:aws:bedrock:eu-central-1::foundation-model/toy")),
              STR("toy"));
    CHECK_STR(bedrock_model_name(STR("arn:aws:bedrock:x:1:inference-profile/eu.nix-v1:0")),
              STR("eu.nix-v1:0"));
    CHECK_STR(bedrock_model_name(STR("arn:aws:bedrock:x/")), STR(""));
}

TEST(counting_takes_what_can_be_counted)
{
    CHECK_OK(wire_decode_as(BEDROCK_COUNT, STR("{" HELLO ",\"system\":[{\"text\":\"s\"}]}")));
    CHECK_INT(wire.conv.messages.count, ==, 2);
    CHECK_PLACE(
        wire_decode_as(BEDROCK_COUNT, STR("{" HELLO ",\"inferenceConfig\":{\"maxTokens\":1}}")),
        ARGUMENT, "inferenceConfig");
}

/* ---- there and back: a canonical conversation as a client of Converse would write it */
static void
put_text(buf *b, str text, bool is_result)
{
    json_open(b, '{');
    json_member_str(b, "text", text);
    json_close(b, '}');
    if (!is_result && !pick(8))
        buf_add(b, STR(",{\"cachePoint\":{\"type\":\"default\"}}"));
}

/* One block, or two where a line ends between two texts. */
static void
put_texts(buf *b, str text, bool is_result)
{
    const ptrdiff_t at = str_find_char(text, '\n');
    if (pick(2) && at > 0 && (size_t)at + 1 < text.len) {
        put_text(b, str_slice(text, 0, (size_t)at), is_result);
        text = str_slice(text, (size_t)at + 1, text.len);
    }
    if (text.len)
        put_text(b, text, is_result);
}

static void
put_calls(arena *a, buf *b, str calls)
{
    struct jwalk w = {0};
    jval list, call;
    CHECK_OK(json_read(a, calls, &list));
    while (json_each(&list, &w, &call)) {
        const jval id = json_get(&call, "id"), f = json_get(&call, "function");
        const jval name = json_get(&f, "name"), arguments = json_get(&f, "arguments");
        str text;
        json_open(b, '{');
        json_key(b, "toolUse");
        json_open(b, '{');
        json_key(b, "toolUseId");
        json_put_value(b, &id);
        json_key(b, "name");
        json_put_value(b, &name);
        CHECK_OK(json_str(&arguments, BEDROCK_ROOM, &text));
        json_key(b, "input");
        buf_add(b, text);
        json_close(b, '}');
        json_close(b, '}');
    }
}

static void
put_result(buf *b, const struct conv_message *m)
{
    json_open(b, '{');
    json_key(b, "toolResult");
    json_open(b, '{');
    json_member_str(b, "toolUseId", m->tool_call_id);
    if (pick(2))
        json_member_str(b, "status", STR("success"));
    json_key(b, "content");
    json_open(b, '[');
    put_texts(b, wire_open(m->text), true);
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, '}');
}

/* The messages from i on that are one of the wire; returns the next. */
static size_t
put_message(arena *a, buf *b, const struct conv *c, size_t i)
{
    const struct conv_message *m = &c->messages.at[i];
    json_open(b, '{');
    json_member_str(b, "role", m->role == CONV_ASSISTANT ? STR("assistant") : STR("user"));
    json_key(b, "content");
    json_open(b, '[');
    if (m->role == CONV_ASSISTANT) {
        put_texts(b, wire_open(m->text), false);
        if (m->tool_calls.len)
            put_calls(a, b, m->tool_calls);
        i++;
    }
    for (; m->role == CONV_TOOL && c->messages.at[i].role == CONV_TOOL; i++) {
        put_result(b, &c->messages.at[i]);
        if (i + 1 == c->messages.count) {
            i++;
            break;
        }
    }
    if (m->role == CONV_USER || (m->role == CONV_TOOL && i < c->messages.count &&
                                 c->messages.at[i].role == CONV_USER && pick(2)))
        put_texts(b, wire_open(c->messages.at[i++].text), false);
    json_close(b, ']');
    json_close(b, '}');
    return i;
}

static void
put_tool(buf *b, const jval *f)
{
    static const char *const names[] = {"name", "description", "strict"};
    const jval schema = json_get(f, "parameters");
    json_open(b, '{');
    json_key(b, "toolSpec");
    json_open(b, '{');
    for (size_t i = 0; i < 3; i++) {
        const jval v = json_get(f, names[i]);
        if (v.v) {
            json_key(b, names[i]);
            json_put_value(b, &v);
        }
    }
    json_key(b, "inputSchema");
    json_open(b, '{');
    json_key(b, "json");
    json_put_value(b, &schema);
    json_close(b, '}');
    json_close(b, '}');
    json_close(b, '}');
}

static void
put_tools_config(arena *a, buf *b, const struct conv_tools *t)
{
    struct jwalk w = {0};
    jval list, tool;
    if (!t->count)
        return;
    CHECK_OK(json_read(a, t->json, &list));
    json_key(b, "toolConfig");
    json_open(b, '{');
    json_key(b, "tools");
    json_open(b, '[');
    while (json_each(&list, &w, &tool)) {
        const jval f = json_get(&tool, "function");
        put_tool(b, &f);
    }
    json_close(b, ']');
    if (t->name.len) {
        buf_add_fmt(b, ",\"toolChoice\":{\"tool\":{\"name\":\"%.*s\"}}", STR_FMT(t->name));
    } else if (t->choice == CONV_TOOLS_REQUIRED) {
        buf_add(b, STR(",\"toolChoice\":{\"any\":{}}"));
    } else if (pick(2)) {
        buf_add(b, STR(",\"toolChoice\":{\"auto\":{}}"));
    }
    json_close(b, '}');
}

static void
put_inference(buf *b, const struct conv_params *p)
{
    json_key(b, "inferenceConfig");
    json_open(b, '{');
    json_member_u64(b, "maxTokens", p->tokens_max);
    json_member_f64(b, "temperature", p->temperature);
    json_member_f64(b, "topP", p->top_p);
    json_key(b, "stopSequences");
    json_open(b, '[');
    for (uint32_t i = 0; i < p->stop_count; i++)
        json_put_str(b, p->stops[i]);
    json_close(b, ']');
    json_close(b, '}');
    buf_add_fmt(b, ",\"additionalModelRequestFields\":{\"top_k\":%d}", p->top_k);
}

static void
put_converse(arena *a, buf *b, const struct conv *c)
{
    size_t i = 0;
    json_open(b, '{');
    if (c->messages.at[0].role == CONV_SYSTEM) {
        json_key(b, "system");
        json_open(b, '[');
        put_texts(b, wire_open(c->messages.at[i++].text), false);
        json_close(b, ']');
    }
    json_key(b, "messages");
    json_open(b, '[');
    while (i < c->messages.count)
        i = put_message(a, b, c, i);
    json_close(b, ']');
    put_tools_config(a, b, &c->tools);
    put_inference(b, &c->params);
    json_close(b, '}');
}

/* What Converse has no words for is not in the conversation. */
static void
make_sayable(struct conv *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->messages.count; i++)
        if (!i || c->messages.at[i].role != CONV_SYSTEM)
            c->messages.at[kept++] = c->messages.at[i];
    c->messages.count = kept;
    c->tools.most = c->tools.count ? 1 : 0;
    if (c->tools.choice == CONV_TOOLS_NONE)
        c->tools.choice = CONV_TOOLS_AUTO;
}

static bool
is_same_message(const struct conv_message *a, const struct conv_message *b)
{
    return a->role == b->role && str_eq(wire_open(a->text), wire_open(b->text)) &&
           str_eq(a->tool_calls, b->tool_calls) && str_eq(a->tool_call_id, b->tool_call_id) &&
           !b->name.len;
}

static bool
is_same(const struct conv *want, const struct conv *got)
{
    const struct conv_params *p = &want->params, *q = &got->params;
    const struct conv_tools *t = &want->tools, *u = &got->tools;
    bool same = want->messages.count == got->messages.count;
    for (size_t i = 0; same && i < want->messages.count; i++)
        same = is_same_message(&want->messages.at[i], &got->messages.at[i]);
    same = same && t->count == u->count && str_eq(t->json, u->json) && t->choice == u->choice &&
           str_eq(t->name, u->name) && t->most == u->most;
    same = same && (got->format.grammar.len > 0) == (t->choice == CONV_TOOLS_REQUIRED);
    same = same && p->tokens_max == q->tokens_max && p->temperature == q->temperature &&
           p->top_p == q->top_p && p->top_k == q->top_k && p->stop_count == q->stop_count;
    for (uint32_t i = 0; same && i < p->stop_count; i++)
        same = str_eq(p->stops[i], q->stops[i]);
    return same;
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
        make_sayable(&c);
        put_converse(a, &b, &c);
        const err e = wire_decode_as(BEDROCK_CONVERSE, buf_str(&b));
        if (e.code)
            test_fail(__FILE__, __LINE__, "%s: %.*s", err_trail(),
                      STR_FMT(str_slice(buf_str(&b), 0, 2000)));
        else if (!is_same(&c, &wire.conv))
            test_fail(__FILE__, __LINE__, "not the same: %.*s",
                      STR_FMT(str_slice(buf_str(&b), 0, 2000)));
        buf_clear(&b);
        arena_reset(a);
    }
}

/* ---- memory */
TEST(decoding_survives_each_missing_piece_of_memory)
{
    static const char text[] =
        "{\"system\":[{\"text\":\"s\"}],\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":"
        "\"a\"},{\"document\":{\"name\":\"d\",\"source\":{\"bytes\":\"YWJj\"}}}]},{\"role\":"
        "\"assistant\",\"content\":[{\"toolUse\":{\"toolUseId\":\"t\",\"name\":\"uhr\",\"input\":{}"
        "}"
        "}]},{\"role\":\"user\",\"content\":[{\"toolResult\":{\"toolUseId\":\"t\",\"content\":[{"
        "\"json\":{\"t\":1}}]}}]}],\"toolConfig\":{\"tools\":[{\"toolSpec\":{\"name\":\"uhr\","
        "\"inputSchema\":{\"json\":{\"type\":\"object\"}}}}],\"toolChoice\":{\"any\":{}}}}";
    bool fired = true;
    long n = 0;
    while (fired && n < 5000) {
        fault_arm(++n);
        const err e = wire_decode_as(BEDROCK_CONVERSE, str_of(text));
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired || !e.code);
        if (e.code && e.code != ERR_PARSE) /* the JSON's own memory */
            CHECK_ERR(e, LIMIT);
    }
    CHECK(!fired && n > 10);
    arena_free(TAKE(wire_a));
}
