/* SPDX-License-Identifier: EUPL-1.2 */
/* Messages: decoded, through the gate, and back through message.c, plain and streamed.
 *
 * What closes an answer (message_delta, message_stop) waits for on_end, because the completion
 * record must be durable before the last frame leaves. */
#include "api/anthropic/anthropic.h"

#include "api/anthropic/decode.h"
#include "api/anthropic/message.h"

struct answer {
    struct api_call *call;
    struct anthropic_ask ask;
    struct message message;
    struct anthropic_start start;
    struct err_kept failure; /* of a piece: nothing more is sent until the error in on_end */
};

static void
answer_done(void *p)
{
    struct answer *w = p;
    message_done(&w->message);
}

static uint64_t
bytes_max(const struct api_call *c)
{
    return gate_parts_of(c->gate)->params->gate_request_memory_bytes_max;
}

/* ---- streamed */
static void
send(struct answer *w)
{
    buf *out = &w->message.out;
    if (out->len && !w->failure.e.code) /* BUSY: it is being cut, on_gone comes and cancels */
        IGNORE(http_write(w->call->x, buf_str(out)));
    buf_clear(out);
}

static void
fail_stream(struct answer *w, err e)
{
    const struct api_error told = api_error_of(w->call, e);
    AUTO(buf) b = BUF(16 * 1024);
    api_log(w->call, e);
    buf_add(&b, STR("event: error\ndata: "));
    anthropic_dialect.put_error(&b, &told);
    buf_add(&b, STR("\n\n"));
    if (buf_end(&b).code) { /* not even that: it must not look like a good end */
        http_abort(w->call->x);
        return;
    }
    IGNORE(http_write(w->call->x, buf_str(&b))); /* BUSY: it is being cut already */
    http_end(w->call->x);
}

static void
end_stream(struct answer *w)
{
    const err e = message_finish(&w->message, NULL);
    if (e.code) {
        fail_stream(w, e);
        return;
    }
    send(w);
    http_end(w->call->x);
}

/* ---- plain */
static void
answer_plain(struct answer *w)
{
    AUTO(buf) b = BUF(bytes_max(w->call));
    struct http_field fields[ANTHROPIC_FIELDS];
    const size_t count = anthropic_fields(w->call, STR("application/json"), &w->start, fields);
    const err e = message_finish(&w->message, &b);
    if (e.code)
        api_fail(w->call, e);
    else
        http_answer(w->call->x, 200, fields, count, buf_str(&b));
}

/* ---- the gate's hooks */
static void
on_start(void *ctx, const struct gate_start *s)
{
    struct answer *w = ctx;
    struct http_field fields[ANTHROPIC_FIELDS];
    w->start = anthropic_start_of(w->call, s);
    if (!w->ask.stream)
        return;
    size_t count = anthropic_fields(w->call, STR("text/event-stream"), &w->start, fields);
    ASSERT(count < ANTHROPIC_FIELDS);
    fields[count++] = (struct http_field){STR("cache-control"), STR("no-cache")};
    http_start(w->call->x, 200, fields, count);
}

static void
keep_failure(struct answer *w, err e)
{
    if (e.code && !w->failure.e.code)
        err_keep(&w->failure, e);
}

static void
on_text(void *ctx, const struct engine_piece *p, str text)
{
    struct answer *w = ctx;
    if (w->failure.e.code)
        return;
    keep_failure(w, message_add(&w->message, p, text));
    if (w->ask.stream)
        send(w);
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct answer *w = ctx;
    if (w->failure.e.code)
        return;
    keep_failure(w, message_end(&w->message, u, w->ask.conv.params.stops));
    if (w->ask.stream)
        send(w);
}

static void
on_end(void *ctx, err e)
{
    struct answer *w = ctx;
    w->call->job = NULL;
    if (!e.code)
        e = err_again(&w->failure);
    if (e.code && http_started(w->call->x))
        fail_stream(w, e);
    else if (e.code)
        api_fail(w->call, e);
    else if (w->ask.stream)
        end_stream(w);
    else
        answer_plain(w);
}

/* ---- the request */
static void
open_message(struct answer *w)
{
    struct api_call *c = w->call;
    const str rid = http_request_id(c->x);
    const struct message_style style = {
        .id = arena_fmt(c->a, "msg_%.*s", STR_FMT(str_slice(rid, sizeof "req", rid.len))),
        .model = w->ask.model,
        .tokens_max = w->ask.conv.params.tokens_max,
        .is_stream = w->ask.stream,
        .wants_thinking = w->ask.wants_thinking,
        .hides_thinking = w->ask.hides_thinking,
        .wants_cache = w->ask.wants_cache,
    };
    message_init(&w->message, &style, c->a, bytes_max(c));
    arena_on_end(c->a, answer_done, w);
}

static fallible
decode(struct answer *w)
{
    const struct params *p = gate_parts_of(w->call->gate)->params;
    jval body;
    TRY(anthropic_check_head(w->call));
    TRY(api_body(w->call, &body));
    TRY(anthropic_decode(p, w->call->a, &body, ROUTE_M, &w->ask));
    open_message(w);
    return OK;
}

static fallible
run(struct answer *w)
{
    struct api_call *c = w->call;
    TRY(decode(w));
    const struct gate_ask ask = api_ask(c, OP_CHAT, ENGINE_CHAT, w->ask.model, &w->ask.conv);
    const struct gate_hooks hooks = {
        .on_start = on_start, .on_text = on_text, .on_done = on_done, .on_end = on_end, .ctx = w};
    return gate_run(c->gate, &ask, hooks, &c->job);
}

void
anthropic_messages(struct api_call *c)
{
    struct answer *w = arena_new(c->a, struct answer);
    w->call = c;
    const err e = run(w);
    if (e.code)
        api_fail(c, e);
}
