/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/mcp/rpc.h"

#include "api/read.h"

enum { ID_BYTES_MAX = 256, METHOD_BYTES_MAX = 128, VERSION_BYTES_MAX = 8 };

static fallible
read_id(arena *a, const jval *o, str *ret)
{
    const jval id = json_get_null(o, "id");
    str text;
    int64_t number;
    if (json_type(id) == J_ABSENT)
        return OK;
    if (json_type(id) == J_STRING)
        TRY(json_str(&id, ID_BYTES_MAX, &text));
    else
        TRY(json_i64(&id, INT64_MIN, INT64_MAX, &number));
    return read_json(a, &id, 8 * ID_BYTES_MAX, ret);
}

static fallible
read_object(arena *a, const jval *o, struct rpc *r)
{
    static const char *const known[] = {"jsonrpc", "id",    "method", "params",
                                        "result",  "error", NULL};
    const jval version = json_get(o, "jsonrpc"), method = json_get(o, "method");
    str text;
    if (json_type(*o) == J_ARRAY)
        REFUSE(ARGUMENT, "", "one message at a time: batches are no part of this protocol");
    TRY(json_object(o));
    TRY(json_str(&version, VERSION_BYTES_MAX, &text));
    if (!str_eq(text, STR("2.0")))
        REFUSE(ARGUMENT, "jsonrpc", "jsonrpc must be \"2.0\"");
    TRY(read_members(o, known));
    TRY(read_id(a, o, &r->id));
    if (!method.v && (json_get(o, "result").v || json_get(o, "error").v)) {
        r->kind = RPC_RESPONSE;
        return OK;
    }
    TRY(json_str(&method, METHOD_BYTES_MAX, &r->method));
    r->kind = r->id.len ? RPC_REQUEST : RPC_NOTIFICATION;
    r->params = json_get(o, "params");
    return r->params.v ? json_object(&r->params) : OK;
}

fallible
rpc_read(arena *a, str body, struct rpc *ret, enum rpc_code *ret_code)
{
    jval *o = arena_new(a, jval);
    *ret = (struct rpc){.kind = RPC_REQUEST};
    *ret_code = RPC_NO_JSON;
    TRY(json_read(a, body, o));
    *ret_code = RPC_NO_REQUEST;
    return read_object(a, o, ret);
}

static void
open_message(buf *b, str id)
{
    json_open(b, '{');
    json_member_str(b, "jsonrpc", STR("2.0"));
    json_key(b, "id");
    buf_add(b, id.len ? id : STR("null"));
}

void
rpc_open_result(buf *b, str id)
{
    open_message(b, id);
    json_key(b, "result");
}

void
rpc_close(buf *b)
{
    json_close(b, '}');
}

void
rpc_put_error(buf *b, str id, enum rpc_code code, str sentence)
{
    open_message(b, id);
    json_key(b, "error");
    json_open(b, '{');
    json_member_i64(b, "code", code);
    json_member_str(b, "message", sentence);
    json_close(b, '}');
    json_close(b, '}');
}
