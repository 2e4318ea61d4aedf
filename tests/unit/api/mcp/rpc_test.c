/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/mcp/rpc.h"

#include "base/fault.h"
#include "test.h"

static arena *
room(void)
{
    static arena *a;
    if (!a)
        CHECK_OK(arena_open(1 << 20, &a));
    return a;
}

static err
try_read(const char *text, struct rpc *ret, enum rpc_code *ret_code)
{
    return rpc_read(room(), str_of(text), ret, ret_code);
}

TEST(requests_notifications_and_responses_are_told_apart_and_ids_come_back)
{
    static const struct {
        const char *text, *id;
        enum rpc_kind kind;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}", "1", RPC_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"method\":\"x\",\"params\":{}}", "\"a\\\"b\"",
         RPC_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"ping\"}", "0", RPC_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}", "", RPC_NOTIFICATION},
        {"{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}}", "7", RPC_RESPONSE},
        {"{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":1}}", "7", RPC_RESPONSE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rpc r;
        enum rpc_code code;
        NEED_OK(try_read(cases[i].text, &r, &code));
        CHECK_INT(r.kind, ==, cases[i].kind);
        CHECK_STR(r.id, str_of(cases[i].id));
    }
}

TEST(what_is_no_message_is_refused_with_its_code)
{
    static const struct {
        const char *text;
        enum rpc_code code;
    } cases[] = {
        {"", RPC_NO_JSON},
        {"{", RPC_NO_JSON},
        {"[]", RPC_NO_REQUEST},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}]", RPC_NO_REQUEST},
        {"7", RPC_NO_REQUEST},
        {"{}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"params\":[]}", RPC_NO_REQUEST},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\",\"more\":1}", RPC_NO_REQUEST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rpc r;
        enum rpc_code code = RPC_FAILED;
        if (!try_read(cases[i].text, &r, &code).code || code != cases[i].code)
            test_fail(__FILE__, __LINE__, "%s: %d", cases[i].text, code);
    }
}

TEST(results_and_errors_are_whole_messages)
{
    AUTO(buf) b = BUF(4096);
    rpc_open_result(&b, STR("\"a\""));
    buf_add(&b, STR("{}"));
    rpc_close(&b);
    CHECK_STR(buf_str(&b), STR("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"result\":{}}"));
    buf_clear(&b);
    rpc_put_error(&b, STR_NONE, RPC_NO_JSON, STR("so \"nicht\""));
    CHECK_STR(buf_str(&b), STR("{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
                               "\"message\":\"so \\\"nicht\\\"\"}}"));
}
