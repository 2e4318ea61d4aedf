/* SPDX-License-Identifier: EUPL-1.2 */
/* InvokeModel with a body of the Messages API.  Its events come with their framing for servers
 * that send events; here each one's data is the bytes of a chunk. */
#include "api/anthropic/decode.h"
#include "api/anthropic/message.h"
#include "api/bedrock/invoke.h"
#include "api/read.h"
#include "net/sse.h"

enum { WORD_BYTES_MAX = 64, BETAS_MAX = 16 };

struct messages {
    struct message message;
    sse_reader events;
};

/* ---- out */
static void
take_event(void *ctx, str event, str data)
{
    struct answer *w = ctx;
    if (str_eq(event, STR("message_stop")))
        invoke_put_last(w, data);
    else if (!str_eq(event, STR("ping"))) /* this stream has none */
        answer_put_chunk(w, data);
}

static fallible
pass_on(struct answer *w, struct messages *m)
{
    if (w->is_stream) {
        TRY(sse_read(&m->events, buf_str(&m->message.out), take_event, w));
        buf_clear(&m->message.out);
    }
    return buf_end(&w->out);
}

static fallible
add(struct answer *w, const struct engine_piece *p, str text)
{
    struct messages *m = w->state;
    TRY(message_add(&m->message, p, text));
    return pass_on(w, m);
}

/* Ends as an answer does, with end_turn: that a guardrail intervened stands beside it. */
static fallible
end_blocked(struct answer *w, struct messages *m, struct engine_usage u)
{
    const str text = invoke_blocked_text(w);
    const struct message_style style = m->message.style;
    u.finish = FINISH_STOP;
    u.guardrail = NULL;
    if (!w->is_stream) {
        message_done(&m->message);
        message_init(&m->message, &style, w->call->a, answer_bytes_max(w));
    }
    if (text.len)
        TRY(message_add(&m->message, &(struct engine_piece){.part = PART_TEXT}, text));
    TRY(message_end(&m->message, &u, w->ask.conv.params.stops));
    return pass_on(w, m);
}

static fallible
end(struct answer *w, const struct engine_usage *u)
{
    struct messages *m = w->state;
    if (u->guardrail)
        return end_blocked(w, m, *u);
    TRY(message_end(&m->message, u, w->ask.conv.params.stops));
    return pass_on(w, m);
}

static fallible
finish(struct answer *w, buf *b)
{
    struct messages *m = w->state;
    TRY(message_finish(&m->message, b));
    return pass_on(w, m);
}

static void
done(struct answer *w)
{
    struct messages *m = w->state;
    message_done(&m->message);
    sse_reader_done(&m->events);
}

static const struct shape shape = {
    .add = add, .end = end, .finish = finish, .done = done, .says_blocked = true, .counts = true};

/* ---- in */
static fallible
check_version(const jval *body)
{
    const jval v = json_get(body, "anthropic_version"), betas = json_get(body, "anthropic_beta");
    struct jwalk walk = {.next = NULL};
    jval beta;
    str word;
    TRY(json_str(&v, WORD_BYTES_MAX, &word));
    if (!str_eq(word, STR("bedrock-2023-05-31")))
        REFUSE_AT(ARGUMENT, &v, "must be \"bedrock-2023-05-31\"");
    if (json_type(betas) == J_ABSENT)
        return OK;
    TRY(json_array(&betas, 0, BETAS_MAX));
    while (json_each(&betas, &walk, &beta))
        TRY(json_str(&beta, WORD_BYTES_MAX, &word)); /* switches nothing on */
    return OK;
}

fallible
invoke_messages(struct answer *w, const jval *body)
{
    static const char *const without[] = {"anthropic_version", "anthropic_beta", NULL};
    struct api_call *c = w->call;
    struct anthropic_ask *ask = arena_new(c->a, struct anthropic_ask);
    struct messages *m = arena_new(c->a, struct messages);
    jval again;
    TRY(check_version(body));
    TRY(invoke_rewrite(w, body, without, &again));
    TRY(anthropic_decode(gate_parts_of(c->gate)->params, c->a, &again, ROUTE_M, ask));
    w->ask.conv = ask->conv;
    const str id = answer_id(w);
    const struct message_style style = {
        .id = arena_fmt(c->a, "msg_%.*s", STR_FMT(id)),
        .model = w->model,
        .is_stream = w->is_stream,
        .wants_thinking = ask->wants_thinking,
        .hides_thinking = ask->hides_thinking,
        .wants_cache = ask->wants_cache,
    };
    message_init(&m->message, &style, c->a, answer_bytes_max(w));
    m->events = SSE_READER(answer_bytes_max(w));
    w->state = m;
    w->shape = &shape;
    return OK;
}
