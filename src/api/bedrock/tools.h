/* SPDX-License-Identifier: EUPL-1.2 */
/* tools.h - toolConfig and outputConfig of a Converse request.
 *
 * What is promised is compiled to a grammar, as api/tools.h says: a tool with "strict", one that
 * must be called (toolChoice any or tool), a form of the answer (outputConfig). */
#pragma once
#include "base/json.h"
#include "model/conv.h"

/* Strings live in `a` or in the body. */
fallible bedrock_read_tools(arena *a, const jval *body, struct conv *c);
/* After the tools. */
fallible bedrock_read_output(arena *a, const jval *body, struct conv *c);
