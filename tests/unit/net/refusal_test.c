/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/refusal.h"

#include "base/fault.h"
#include "base/json.h"
#include "test.h"

static int asked;

static void
own(void *ctx, int status, str text, arena *a, str *ret_type, str *ret_body)
{
    asked++;
    CHECK(ctx == &asked);
    *ret_type = STR("text/x");
    *ret_body = arena_fmt(a, "%d %.*s", status, STR_FMT(text));
}

static void
silent(void *ctx, int status, str text, arena *a, str *ret_type, str *ret_body)
{
    (void)ctx, (void)status, (void)text, (void)a, (void)ret_type, (void)ret_body;
    asked++;
}

TEST(without_a_hook_a_refusal_is_an_error_object)
{
    static const int statuses[] = {400, 408, 413, 414, 417, 431, 451, 501, 503, 505, 599};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        AUTO(arena) *a = NULL;
        const struct http_hooks none = {0};
        str type, body, message, kind;
        jval root;
        NEED_OK(arena_open(1 << 20, &a));
        refusal_make(&none, statuses[i], STR("No \"quote\"."), a, &type, &body);
        CHECK_STR(type, STR("application/json"));
        NEED_OK(json_read(a, body, &root));
        const jval error = json_get(&root, "error");
        const jval m = json_get(&error, "message"), t = json_get(&error, "type"),
                   c = json_get(&error, "code");
        NEED_OK(json_str(&m, 100, &message));
        CHECK_STR(message, STR("No \"quote\"."));
        NEED_OK(json_str(&t, 100, &kind));
        CHECK_STR(kind, statuses[i] < 500 ? STR("invalid_request_error") : STR("server_error"));
        NEED_OK(json_str(&c, 100, &kind));
        CHECK(kind.len > 0);
    }
}

TEST(the_hook_gives_the_form)
{
    AUTO(arena) *a = NULL;
    const struct http_hooks hooks = {.on_refusal = own, .ctx = &asked};
    str type, body;
    NEED_OK(arena_open(1 << 20, &a));
    asked = 0;
    refusal_make(&hooks, 404, STR("Nothing."), a, &type, &body);
    CHECK_INT(asked, ==, 1);
    CHECK_STR(type, STR("text/x"));
    CHECK_STR(body, STR("404 Nothing."));
}

TEST(a_hook_that_says_nothing_is_helped_out)
{
    AUTO(arena) *a = NULL;
    const struct http_hooks hooks = {.on_refusal = silent};
    str type, body;
    NEED_OK(arena_open(1 << 20, &a));
    refusal_make(&hooks, 400, STR("Nothing."), a, &type, &body);
    CHECK(str_find(body, STR("Nothing.")) > 0);
}

TEST(without_memory_a_refusal_is_still_an_object)
{
    AUTO(arena) *a = NULL;
    const struct http_hooks none = {0};
    NEED_OK(arena_open(1 << 20, &a));
    for (long n = 1;; n++) {
        str type, body;
        fault_arm(n);
        refusal_make(&none, 400, STR("Nothing."), a, &type, &body);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_STR(type, STR("application/json"));
        CHECK(body.len >= 2 && body.at[0] == '{' && body.at[body.len - 1] == '}');
        if (!fired)
            break;
    }
}
