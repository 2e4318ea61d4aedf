/* SPDX-License-Identifier: EUPL-1.2 */
/* tools.h - tools, tool choice, the turns of tools in messages, and the form of the answer, out of
 * an OpenAI chat request.
 *
 * The schema of a tool is compiled when the promise is made that calls follow it: for "strict":
 * true, and where the call is forced.  Else it is only shown to the model.  A conversation whose
 * tool turns do not fit together is refused with the place: an answer to a call that nobody made, a
 * call without an answer. */
#pragma once
#include "api/tools.h"

/* tools, tool_choice, parallel_tool_calls and response_format of the body.  The grammar of what is
 * promised is in c->format.  Strings live in `a` or in the body. */
fallible openai_read_tools(arena *a, const jval *body, struct conv *c);
/* tool_calls of an assistant message and tool_call_id of an answer. */
fallible openai_read_calls(arena *a, const jval *message, struct conv_message *m);

/* The next message, number `i`; its JSON and what was decoded of it. */
fallible openai_check_turn(struct tool_turns *t, arena *a, const jval *message,
                           const struct conv_message *m);
/* After the last. */
fallible openai_check_turns_end(const struct tool_turns *t);
