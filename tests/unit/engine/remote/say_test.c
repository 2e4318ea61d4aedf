/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/say.h"

#include "unit/engine/remote/said.h"

static str
path_of(enum remote_dialect dialect, enum engine_kind kind, const char *model, buf *b)
{
    const struct remote_target t = {.dialect = dialect, .model = str_of(model)};
    buf_clear(b);
    CHECK_OK(say_path(&t, kind, b));
    return buf_str(b);
}

TEST(each_route_has_its_path)
{
    AUTO(buf) b = BUF(4096);
    CHECK_STR(path_of(REMOTE_OPENAI, ENGINE_CHAT, "m", &b), STR("/chat/completions"));
    CHECK_STR(path_of(REMOTE_OPENAI, ENGINE_COMPLETE, "m", &b), STR("/completions"));
    CHECK_STR(path_of(REMOTE_OPENAI, ENGINE_EMBED, "m", &b), STR("/embeddings"));
    CHECK_STR(path_of(REMOTE_ANTHROPIC, ENGINE_CHAT, "m", &b), STR("/v1/messages"));
    CHECK_STR(path_of(REMOTE_BEDROCK, ENGINE_CHAT, "eu.m-v1", &b),
              STR("/model/eu.m-v1/converse-stream"));
}

TEST(a_model_id_cannot_leave_its_segment_of_the_path)
{
    AUTO(buf) b = BUF(4096);
    CHECK_STR(path_of(REMOTE_BEDROCK, ENGINE_CHAT, "a/../b?c#d e%\x01\xc3\xbc", &b),
              STR("/model/a%2F..%2Fb%3Fc%23d%20e%25%01%C3%BC/converse-stream"));
}

TEST(a_path_too_long_for_its_place_is_a_limit)
{
    AUTO(buf) b = BUF(8);
    const struct remote_target t = {.dialect = REMOTE_OPENAI};
    CHECK_ERR(say_path(&t, ENGINE_CHAT, &b), LIMIT);
}

TEST(only_openai_has_more_than_chats)
{
    static const enum remote_dialect others[] = {REMOTE_ANTHROPIC, REMOTE_BEDROCK};
    for (size_t i = 0; i < 2; i++) {
        SAYING(s, others[i]);
        CHECK_ERR(saying(&s, ENGINE_COMPLETE), UNSUPPORTED);
        CHECK_STR(str_of(err_param()), STR("prompt"));
        CHECK_ERR(saying(&s, ENGINE_EMBED), UNSUPPORTED);
        CHECK_STR(str_of(err_param()), STR("input"));
    }
}

TEST(nobody_counts_tokens)
{
    for (int dialect = REMOTE_OPENAI; dialect <= REMOTE_BEDROCK; dialect++) {
        SAYING(s, (enum remote_dialect)dialect);
        CHECK_ERR(saying(&s, ENGINE_TOKENIZE), UNSUPPORTED);
    }
}

/* The id is another where the dialect's letters do not do; call and result still meet. */
TEST(ids_of_any_letters_find_their_results)
{
    static const char *const ids[] = {
        "a b",
        "ü",
        "x/y",
        "call:1",
        "",
        "\"",
        "0123456789012345678901234567890123456789012345678901234567890123456789"};
    for (int dialect = REMOTE_ANTHROPIC; dialect <= REMOTE_BEDROCK; dialect++)
        for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
            AUTO(buf) calls = BUF(4096);
            SAYING(s, (enum remote_dialect)dialect);
            json_open(&calls, '[');
            put_call(&calls, str_of(ids[i]), STR("f"), STR("{}"));
            json_close(&calls, ']');
            struct conv_message messages[] = {
                {.role = CONV_ASSISTANT, .tool_calls = buf_str(&calls)},
                {.role = CONV_TOOL, .tool_call_id = str_of(ids[i])}};
            s.conv.c.messages.at = messages;
            s.conv.c.messages.count = 2;
            NEED_OK(saying(&s, ENGINE_CHAT));
            const bool is_bedrock = dialect == REMOTE_BEDROCK;
            const str body = buf_str(&s.body);
            const str key = is_bedrock ? STR("\"toolUseId\":\"") : STR("id\":\"");
            const ptrdiff_t a = str_find(body, key);
            NEED(a > 0);
            str rest = str_slice(body, (size_t)a + key.len, body.len), first, second;
            CHECK(str_next(&rest, '"', &first));
            const ptrdiff_t b = str_find(rest, key);
            NEED(b > 0);
            rest = str_slice(rest, (size_t)b + key.len, rest.len);
            CHECK(str_next(&rest, '"', &second));
            CHECK_STR(first, second);
            CHECK(first.len > 0 && first.len <= (is_bedrock ? 64 : 256));
        }
}
