/* SPDX-License-Identifier: EUPL-1.2 */
/* Converse and ConverseStream. */
#include "api/bedrock/answer.h"
#include "api/bedrock/converse.h"

static fallible
add(struct answer *w, const struct engine_piece *p, str text)
{
    struct converse *m = w->state;
    TRY(converse_add(m, p, text));
    if (!w->is_stream)
        return OK;
    buf_add(&w->out, buf_str(&m->out));
    buf_clear(&m->out);
    return buf_end(&w->out);
}

static fallible
end(struct answer *w, const struct engine_usage *u)
{
    struct converse *m = w->state;
    m->is_input = w->is_refused;
    TRY(converse_end(m, u, w->ask.conv.params.stops));
    if (!w->is_stream)
        return OK;
    buf_add(&w->out, buf_str(&m->out));
    buf_clear(&m->out);
    return buf_end(&w->out);
}

static fallible
finish(struct answer *w, buf *b)
{
    struct converse *m = w->state;
    TRY(converse_finish(m, answer_latency_ms(w), b));
    if (w->is_stream)
        buf_add(&w->out, buf_str(&m->out));
    return buf_end(&w->out);
}

static void
done(struct answer *w)
{
    converse_done(w->state);
}

static const struct shape shape = {
    .add = add, .end = end, .finish = finish, .done = done, .says_blocked = true};

static fallible
run(struct answer *w)
{
    struct api_call *c = w->call;
    struct converse *m = arena_new(c->a, struct converse);
    jval body;
    TRY(api_body(c, &body));
    TRY(bedrock_decode(gate_parts_of(c->gate)->params, c->a, &body, BEDROCK_CONVERSE, &w->ask));
    bool wants_trace = false;
    TRY(bedrock_read_guardrail(c, &body, &wants_trace));
    converse_init(m, answer_id(w), w->is_stream, c->a, answer_bytes_max(w));
    m->wants_trace = wants_trace;
    m->wants_stop = w->ask.wants_stop;
    w->state = m;
    w->shape = &shape;
    return answer_run(w);
}

static void
start(struct api_call *c, bool is_stream)
{
    const err e = run(answer_new(c, is_stream));
    if (e.code)
        api_fail(c, e);
}

void
bedrock_converse(struct api_call *c)
{
    start(c, false);
}

void
bedrock_converse_stream(struct api_call *c)
{
    start(c, true);
}
