/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/anthropic.h"

#include "unit/api/anthropic/talkto.h"

/* ---- errors */
TEST(an_error_has_the_type_of_its_status)
{
    static const struct {
        enum err_code code;
        int status;
        const char *type;
    } cases[] = {{ERR_ARGUMENT, 400, "invalid_request_error"},
                 {ERR_PARSE, 400, "invalid_request_error"},
                 {ERR_UNSUPPORTED, 400, "invalid_request_error"},
                 {ERR_CONTEXT_LENGTH, 400, "invalid_request_error"},
                 {ERR_UNAUTHENTICATED, 401, "authentication_error"},
                 {ERR_DENIED, 403, "permission_error"},
                 {ERR_NOT_FOUND, 404, "not_found_error"},
                 {ERR_MODEL_NOT_FOUND, 404, "not_found_error"},
                 {ERR_METHOD, 405, "invalid_request_error"},
                 {ERR_TOO_LARGE, 413, "request_too_large"},
                 {ERR_RATE, 429, "rate_limit_error"},
                 {ERR_INTERNAL, 500, "api_error"},
                 {ERR_CORRUPT, 500, "api_error"},
                 {ERR_ENGINE_LOST, 500, "api_error"},
                 {ERR_DISK_FULL, 500, "api_error"},
                 {ERR_BUSY, 529, "overloaded_error"},
                 {ERR_LIMIT, 529, "overloaded_error"},
                 {ERR_ENGINE_LOADING, 529, "overloaded_error"}};
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const err e = {(uint16_t)cases[i].code};
        const struct api_error told = {e, STR("a \"sentence\"\n"), STR("field"), STR("req_1")};
        AUTO(buf) b = BUF(4096);
        anthropic_dialect.put_error(&b, &told);
        CHECK_INT(anthropic_dialect.status(e), ==, cases[i].status);
        CHECK_STR(text_below(a, buf_str(&b), "error.type"), str_of(cases[i].type));
    }
    CHECK_STR(str_of(anthropic_error_type(402)), STR("billing_error"));
    CHECK_STR(str_of(anthropic_error_type(504)), STR("timeout_error"));
    CHECK_STR(str_of(anthropic_error_type(502)), STR("api_error"));
}

TEST(an_error_has_exactly_the_shape_of_the_api)
{
    AUTO(buf) b = BUF(4096);
    const struct api_error told = {{ERR_DENIED}, STR("a \"b\"\n"), STR("f"), STR("req_1")};
    anthropic_dialect.put_error(&b, &told);
    CHECK_STR(buf_str(&b), STR("{\"type\":\"error\",\"error\":{\"type\":\"permission_error\","
                               "\"message\":\"a \\\"b\\\"\\n\"},\"request_id\":\"req_1\"}"));
    buf_clear(&b);
    const struct api_error nameless = {{ERR_RATE}, STR("x"), STR_NONE, STR_NONE};
    anthropic_dialect.put_error(&b, &nameless);
    CHECK(str_ends(buf_str(&b), STR(",\"request_id\":null}")));
}

TEST(who_wants_the_conversation_to_be_kept_is_told_in_the_words_the_sdk_looks_for)
{
    open_site();
    AUTO(reply) *r =
        ask(MESSAGES, site_key("amt", "intern"), "{" SAID ",\"thread\":{\"type\":\"create\"}}");
    check_error(r, 400, "invalid_request_error", "thread");
    CHECK_STR(reply_text(r, "error.details.error_code"), STR("thread_unsupported_request"));
    AUTO(reply) *other =
        ask(MESSAGES, site_key("amt2", "intern"), "{" SAID ",\"container\":\"x\"}");
    CHECK(!reply_at(other, "error.details").v);
    site_close();
}

/* ---- who asks */
TEST(a_key_comes_in_either_header)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *a = ask_with("POST", MESSAGES, (struct head){.key = key}, "{" SAID "}");
    CHECK_INT(a->status, ==, 200);
    AUTO(reply) *b = ask_with("POST", MESSAGES, (struct head){.bearer = key}, "{" SAID "}");
    CHECK_INT(b->status, ==, 200);
    AUTO(reply) *c =
        ask_with("POST", MESSAGES, (struct head){.key = key, .bearer = "falsch"}, "{" SAID "}");
    CHECK_INT(c->status, ==, 200);
    site_close();
}

TEST(without_a_valid_key_nothing_is_done_but_at_the_operator_s_socket)
{
    open_site();
    static const struct head heads[] = {{.version = VERSION},
                                        {.key = "falsch", .version = VERSION},
                                        {.bearer = "falsch"},
                                        {.key = "", .version = VERSION}};
    for (size_t i = 0; i < 4; i++) {
        AUTO(reply) *r = ask_with("POST", MESSAGES, heads[i], "{" SAID "}");
        check_error(r, 401, "authentication_error", "");
        AUTO(reply) *m = ask_with("POST", "/v1/messages/count_tokens", heads[i], "{}");
        check_error(m, 401, "authentication_error", "");
    }
    CHECK_INT(site.rig.starts, ==, 0);
    AUTO(reply) *local = reply_wait(
        send_with(site.local, "POST", MESSAGES, (struct head){.version = VERSION}, "{" SAID "}"));
    CHECK_INT(local->status, ==, 200);
    AUTO(reply) *bad = reply_wait(
        send_with(site.local, "POST", MESSAGES, (struct head){.key = "falsch"}, "{" SAID "}"));
    CHECK_INT(bad->status, ==, 401);
    site_close();
}

/* ---- heads */
TEST(a_version_is_a_date_or_absent)
{
    static const char *const bad[] = {"",           "latest",     "2023",        "2023-6-1",
                                      "2023-06-1x", "2023/06/01", "2023-06-011", "20230-6-01",
                                      "2023-01-01", "2023-05-31"};
    static const char *const good[] = {"2023-06-01", "2026-12-31"};
    open_site();
    const char *key = site_key("amt", "intern");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(reply) *r =
            ask_with("POST", MESSAGES, (struct head){.key = key, .version = bad[i]}, "{" SAID "}");
        check_error(r, 400, "invalid_request_error", "anthropic-version");
    }
    for (size_t i = 0; i < 2; i++) {
        AUTO(reply) *r =
            ask_with("POST", MESSAGES, (struct head){.key = key, .version = good[i]}, "{" SAID "}");
        CHECK_INT(r->status, ==, 200);
    }
    site_close();
}

TEST(betas_are_names_and_switch_nothing_on)
{
    open_site();
    const char *key = site_key("amt", "intern");
    struct head h = {.key = key, .version = VERSION, .beta = "a-2026-01-01, b_2,c"};
    AUTO(reply) *good = ask_with("POST", MESSAGES, h, "{" SAID "}");
    CHECK_INT(good->status, ==, 200);
    h.beta = "context-management-2025-06-27";
    AUTO(reply) *field =
        ask_with("POST", MESSAGES, h, "{" SAID ",\"context_management\":{\"a\":1}}");
    check_error(field, 400, "invalid_request_error", "context_management");
    h.beta = "was ist das";
    AUTO(reply) *bad = ask_with("POST", MESSAGES, h, "{" SAID "}");
    check_error(bad, 400, "invalid_request_error", "anthropic-beta");
    site_close();
}

/* ---- routes */
TEST(the_version_header_chooses_between_dialects)
{
    open_site();
    const char *key = site_key("amt", "intern");
    AUTO(reply) *other = ask_with("GET", "/v1/models", (struct head){.bearer = key}, "");
    CHECK_STR(buf_str(&other->body), STR("\"other models\""));
    AUTO(reply) *ours =
        ask_with("GET", "/v1/models", (struct head){.key = key, .version = VERSION}, "");
    CHECK_STR(reply_text(ours, "data.0.type"), STR("model"));
    site_close();
}

TEST(what_is_not_there_is_told_in_the_dialect_that_was_spoken)
{
    open_site();
    AUTO(reply) *ours = ask_with("GET", "/v1/nichts", (struct head){.version = VERSION}, "");
    check_error(ours, 404, "not_found_error", "nichts");
    AUTO(reply) *method = ask_with("GET", MESSAGES, (struct head){.version = VERSION}, "");
    check_error(method, 405, "invalid_request_error", "POST");
    CHECK_STR(reply_field(method, "allow"), STR("POST"));
    AUTO(reply) *other = ask_with("GET", "/v1/nichts", (struct head){.key = "x"}, "");
    CHECK_STR(buf_str(&other->body), STR("\"other NOT_FOUND\""));
    site_close();
}
