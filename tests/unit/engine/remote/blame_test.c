/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/remote/blame.h"

#include <stdio.h>

#include "test.h"

static err
blame(int status, const char *code, const char *body)
{
    AUTO(arena) *a = NULL;
    const err none = arena_open(1 << 20, &a);
    if (none.code)
        return none;
    const struct blame b = {.status = status, .code = str_of(code), .body = str_of(body)};
    return blame_of(a, &b);
}

TEST(each_status_has_its_meaning)
{
    static const struct {
        int status;
        enum err_code code;
    } cases[] = {{400, ERR_ARGUMENT},      {401, ERR_PROVIDER_LOST},   {402, ERR_PROVIDER_LOST},
                 {403, ERR_PROVIDER_LOST}, {404, ERR_MODEL_NOT_FOUND}, {405, ERR_PROVIDER_LOST},
                 {408, ERR_PROVIDER_LOST}, {409, ERR_PROVIDER_LOST},   {413, ERR_TOO_LARGE},
                 {422, ERR_ARGUMENT},      {425, ERR_PROVIDER_LOST},   {429, ERR_BUSY},
                 {500, ERR_PROVIDER_LOST}, {502, ERR_PROVIDER_LOST},   {503, ERR_PROVIDER_LOST},
                 {529, ERR_PROVIDER_LOST}, {204, ERR_PROVIDER_LOST},   {301, ERR_PROVIDER_LOST},
                 {999, ERR_PROVIDER_LOST}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(blame(cases[i].status, NULL, "").code, ==, cases[i].code);
        CHECK_INT(blame(cases[i].status, NULL, "<html>").code, ==, cases[i].code);
        CHECK_INT(blame(cases[i].status, NULL, "{\"error\":{\"code\":500}}").code, ==,
                  cases[i].code);
    }
}

TEST(who_is_told_to_come_again_is_told_when)
{
    struct blame b = {.status = 429, .retry_s = 7};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    const err e = blame_of(a, &b);
    CHECK_ERR(e, BUSY);
    CHECK_INT(err_retry_ms(e), ==, 7000);
    CHECK(str_find(str_of(err_public(e)), STR("in 7 s")) > 0);
    b.retry_s = 0;
    const err unsaid = blame_of(a, &b);
    CHECK_ERR(unsaid, BUSY);
    CHECK_INT(err_retry_ms(unsaid), ==, 0);
}

TEST(a_request_too_long_for_the_model_is_known_by_code_or_phrase)
{
    static const char *const bodies[] = {
        "{\"error\":{\"message\":\"m\",\"code\":\"context_length_exceeded\"}}",
        "{\"error\":{\"message\":\"This model's maximum context length is 8192 tokens.\"}}",
        "{\"object\":\"error\",\"message\":\"... maximum context length ...\",\"code\":400}",
        "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\","
        "\"message\":\"prompt is too long: 200001 tokens > 200000 maximum\"}}",
        "{\"type\":\"error\",\"error\":{\"message\":\"input length and `max_tokens` exceed context "
        "limit\"}}",
        "{\"message\":\"Input is too long for requested model.\"}",
        "{\"error\":{\"code\":400,\"message\":\"the request exceeds the available context size\","
        "\"type\":\"exceed_context_size_error\"}}",
        "{\"error\":\"Input exceeds the CONTEXT WINDOW\"}",
        "the prompt exceeds the context window"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        CHECK_ERR(blame(400, NULL, bodies[i]), CONTEXT_LENGTH);
        CHECK_ERR(blame(500, NULL, bodies[i]), PROVIDER_LOST);
    }
    CHECK_ERR(blame(400, NULL, "{\"error\":{\"message\":\"the context is short\"}}"), ARGUMENT);
}

TEST(an_empty_purse_is_not_the_clients_haste)
{
    CHECK_ERR(blame(429, NULL, "{\"error\":{\"code\":\"insufficient_quota\"}}"), PROVIDER_LOST);
    CHECK_ERR(blame(429, NULL, "{\"error\":{\"code\":\"rate_limit_exceeded\"}}"), BUSY);
}

TEST(the_providers_text_is_never_repeated)
{
    static const int all[] = {400, 401, 404, 413, 422, 429, 500};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        static const char *const bodies[] = {
            "{\"error\":{\"message\":\"secret\",\"param\":\"secret\"}}", "secret",
            "{\"error\":\"secret\"}", "{\"error\":{\"code\":\"secret 1\",\"type\":\"secret!\"}}",
            "{\"secret\":1,\"secret\":1}"};
        for (size_t k = 0; k < sizeof bodies / sizeof *bodies; k++) {
            const err e = blame(all[i], NULL, bodies[k]);
            CHECK(e.code != ERR_OK);
            CHECK(str_find(str_of(err_trail()), STR("secret")) < 0);
            CHECK(str_find(str_of(err_public(e)), STR("secret")) < 0);
            CHECK(str_find(str_of(err_param()), STR("secret")) < 0);
        }
    }
}

TEST(a_code_is_kept_only_if_it_looks_like_one)
{
    const struct {
        const char *code;
        bool is_kept;
    } cases[] = {{"invalid_value", true},
                 {"ValidationException", true},
                 {"a.b-c", true},
                 {"number4711", false},
                 {"two words", false},
                 {"Straße", false},
                 {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"error\":{\"code\":\"%s\"}}", cases[i].code);
        const err e = blame(400, NULL, body);
        CHECK_INT(str_find(str_of(err_public(e)), str_of(cases[i].code)) >= 0, ==,
                  cases[i].is_kept);
    }
    CHECK_ERR(blame(0, "throttlingException", "{\"code\":\"other\"}"), BUSY);
    CHECK_ERR(blame(0, "none", ""), PROVIDER_LOST);
}

static void
check_inside(const char *text, bool is_error, enum err_code code)
{
    AUTO(arena) *a = NULL;
    jval root;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(text), &root));
    CHECK_INT(blame_is_error(&root), ==, is_error);
    if (is_error)
        CHECK_INT(blame_inside(&root).code, ==, code);
}

TEST(an_error_inside_an_answer_is_told_from_an_answer)
{
    check_inside("{\"choices\":[]}", false, 0);
    check_inside("{\"error\":null,\"choices\":[]}", false, 0);
    check_inside("{\"type\":\"ping\"}", false, 0);
    check_inside("{\"object\":\"chat.completion.chunk\"}", false, 0);
    check_inside("{\"object\":7,\"type\":8}", false, 0);
    check_inside("{\"error\":{}}", true, ERR_PROVIDER_LOST);
    check_inside("{\"error\":7}", true, ERR_PROVIDER_LOST);
    check_inside("{\"error\":{\"code\":429}}", true, ERR_BUSY);
    check_inside("{\"error\":{\"type\":\"invalid_request_error\"}}", true, ERR_ARGUMENT);
    check_inside("{\"error\":{\"type\":\"BadRequestError\",\"code\":400}}", true, ERR_ARGUMENT);
    check_inside("{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\"}}", true,
                 ERR_PROVIDER_LOST);
    check_inside("{\"object\":\"error\",\"type\":\"NotFoundError\"}", true, ERR_MODEL_NOT_FOUND);
}
