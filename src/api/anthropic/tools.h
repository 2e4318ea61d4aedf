/* SPDX-License-Identifier: EUPL-1.2 */
/* tools.h - tools and tool_choice of a Messages request into the canonical offer (api/tools.h).
 *
 * Tools of the client's own (type "custom") are supported; those a provider would run are refused
 * by their type.  Where a call is forced it is one, unless "disable_parallel_tool_use": false asks
 * for several. */
#pragma once
#include "api/anthropic/decode.h"
#include "api/tools.h"

/* Sets ret->conv.tools, the grammar of forced calls and ret->wants_cache. */
fallible anthropic_read_tools(arena *a, const jval *body, struct anthropic_ask *ret);
