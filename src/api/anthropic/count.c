/* SPDX-License-Identifier: EUPL-1.2 */
/* Token counts: the conversation as the model would be shown it, counted by its own tokenizer and
 * under the same rules as if it were answered. */
#include "api/anthropic/anthropic.h"

#include "api/anthropic/decode.h"

struct count {
    struct api_call *call;
    struct anthropic_ask ask;
    struct anthropic_start start;
    uint32_t tokens;
};

static void
on_start(void *ctx, const struct gate_start *s)
{
    struct count *w = ctx;
    w->start = anthropic_start_of(w->call, s);
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct count *w = ctx;
    w->tokens = u->prompt_tokens;
}

static void
on_end(void *ctx, err e)
{
    struct count *w = ctx;
    struct http_field fields[ANTHROPIC_FIELDS];
    AUTO(buf) b = BUF(256);
    w->call->job = NULL;
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    json_open(&b, '{');
    json_member_u64(&b, "input_tokens", w->tokens);
    json_close(&b, '}');
    const size_t count = anthropic_fields(w->call, STR("application/json"), &w->start, fields);
    http_answer(w->call->x, 200, fields, count, buf_str(&b));
}

static fallible
run(struct count *w)
{
    struct api_call *c = w->call;
    jval body;
    TRY(anthropic_check_head(c));
    TRY(api_body(c, &body));
    TRY(anthropic_decode(gate_parts_of(c->gate)->params, c->a, &body, ROUTE_K, &w->ask));
    const struct gate_ask ask =
        api_ask(c, OP_TOKENIZE, ENGINE_TOKENIZE, w->ask.model, &w->ask.conv);
    const struct gate_hooks hooks = {
        .on_start = on_start, .on_done = on_done, .on_end = on_end, .ctx = w};
    return gate_run(c->gate, &ask, hooks, &c->job);
}

void
anthropic_count_tokens(struct api_call *c)
{
    struct count *w = arena_new(c->a, struct count);
    w->call = c;
    const err e = run(w);
    if (e.code)
        api_fail(c, e);
}
