/* SPDX-License-Identifier: EUPL-1.2 */
/* tools.h - the tools that models of others may call here, said once in tools.def: what each is
 * called, what it takes, and the request of this API it stands for.
 *
 * A call is that request: it takes the same way through the gate as if the client had sent it, with
 * the same decision, record and label.  Nothing can be done here that could not be done there.
 * Pure. */
#pragma once
#include "base/json.h"

struct mcp_request {
    bool is_post;
    str path, body, label; /* label empty: that of the request */
};

/* "tools": [...] */
void mcp_put_tools(buf *b);
/* NOT_FOUND: there is no such tool; ARGUMENT: it does not take that. */
fallible mcp_tool_request(arena *a, str name, const jval *arguments, struct mcp_request *ret);
/* What a good answer says to a reader: of a chat the words, else all of it. */
fallible mcp_tool_text(arena *a, str name, str body, str *ret);
