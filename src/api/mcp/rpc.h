/* SPDX-License-Identifier: EUPL-1.2 */
/* rpc.h - JSON-RPC 2.0 messages as the Model Context Protocol sends them: one to a request, no
 * batches (revision 2025-06-18).  Ids are texts or whole numbers and come back as they came.  Pure.
 */
#pragma once
#include "base/json.h"

enum rpc_kind { RPC_REQUEST, RPC_NOTIFICATION, RPC_RESPONSE };

enum rpc_code {
    RPC_NO_JSON = -32700,
    RPC_NO_REQUEST = -32600,
    RPC_NO_METHOD = -32601,
    RPC_NO_PARAMS = -32602,
    RPC_FAILED = -32603
};

struct rpc {
    enum rpc_kind kind;
    str id; /* JSON; empty: none */
    str method;
    jval params; /* an object, or absent */
};

/* PARSE: no JSON; ARGUMENT: no message.  Both with a public sentence; *ret_code is theirs. */
fallible rpc_read(arena *a, str body, struct rpc *ret, enum rpc_code *ret_code);
/* {"jsonrpc":"2.0","id":…,"result": and what is then added, up to rpc_close. */
void rpc_open_result(buf *b, str id);
void rpc_close(buf *b);
/* A whole error message; an empty id is null. */
void rpc_put_error(buf *b, str id, enum rpc_code code, str sentence);
