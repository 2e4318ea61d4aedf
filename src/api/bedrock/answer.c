/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/answer.h"

#include <stdio.h>

#include "api/bedrock/converse.h"
#include "base/enc.h"
#include "net/aws/eventstream.h"
#include "os/clock.h"

enum { ERROR_BYTES_MAX = 16 * 1024, NUMBER_ROOM = 24 };

/* ---- what shapes ask for */
uint64_t
answer_latency_ms(const struct answer *w)
{
    return (clock_us() - http_received_us(w->call->x)) / 1000;
}

size_t
answer_bytes_max(const struct answer *w)
{
    return gate_parts_of(w->call->gate)->params->gate_request_memory_bytes_max;
}

str
answer_id(const struct answer *w)
{
    const str id = http_request_id(w->call->x);
    return str_slice(id, sizeof "req", id.len);
}

void
answer_put_metrics(const struct answer *w, buf *b)
{
    const uint64_t received_us = http_received_us(w->call->x);
    json_key(b, "amazon-bedrock-invocationMetrics");
    json_open(b, '{');
    json_member_u64(b, "inputTokenCount", w->input_tokens);
    json_member_u64(b, "outputTokenCount", w->output_tokens);
    json_member_u64(b, "invocationLatency", answer_latency_ms(w));
    json_member_u64(b, "firstByteLatency",
                    w->first_us ? (w->first_us - received_us) / 1000 : answer_latency_ms(w));
    json_close(b, '}');
}

static void
put_trace(const struct answer *w, buf *b)
{
    json_key(b, "amazon-bedrock-trace");
    json_open(b, '{');
    json_key(b, "guardrail");
    json_open(b, '{');
    if (w->blocked) {
        json_key(b, w->is_refused ? "input" : "outputs");
        buf_add(b, w->is_refused ? STR("{\"hoheit\":") : STR("[{\"hoheit\":"));
        converse_put_blocked(w->blocked, b);
        buf_add(b, w->is_refused ? STR("}") : STR("}]"));
    }
    json_close(b, '}');
    json_close(b, '}');
}

void
answer_put_guardrail(const struct answer *w, buf *b)
{
    if (!w->blocked && !w->is_guarded)
        return;
    json_member_str(b, "amazon-bedrock-guardrailAction",
                    w->blocked ? STR("INTERVENED") : STR("NONE"));
    if (w->wants_trace)
        put_trace(w, b);
}

/* The members of a whole body that are not its maker's. */
static fallible
end_body(const struct answer *w, buf *b)
{
    TRY(buf_end(b));
    ASSERT(str_ends(buf_str(b), STR("}")));
    b->len--;
    answer_put_guardrail(w, b);
    json_close(b, '}');
    return buf_end(b);
}

void
answer_put_chunk(struct answer *w, str json)
{
    AUTO(buf) b = BUF(answer_bytes_max(w));
    buf_add(&b, STR("{\"bytes\":\""));
    base64_put(&b, json.at, json.len);
    buf_add(&b, STR("\"}"));
    w->out.failed |= b.failed;
    eventstream_put_event(&w->out, STR("chunk"), buf_str(&b));
}

/* ---- streamed */
static void
send(struct answer *w)
{
    if (w->out.len && !w->failure.e.code) /* BUSY: it is being cut, on_gone comes and cancels */
        IGNORE(http_write(w->call->x, buf_str(&w->out)));
    buf_clear(&w->out);
}

void
answer_fail_stream(struct api_call *c, const char *exception, err e)
{
    const struct api_error told = api_error_of(c, e);
    AUTO(buf) json = BUF(ERROR_BYTES_MAX);
    AUTO(buf) b = BUF(2 * ERROR_BYTES_MAX);
    api_log(c, e);
    bedrock_dialect.put_error(&json, &told);
    b.failed |= json.failed;
    eventstream_put_exception(&b, str_of(exception), buf_str(&json));
    if (buf_end(&b).code) { /* not even that: it must not look like a good end */
        http_abort(c->x);
        return;
    }
    IGNORE(http_write(c->x, buf_str(&b))); /* BUSY: it is being cut already */
    http_end(c->x);
}

static void
fail_stream(struct answer *w, err e)
{
    answer_fail_stream(w->call, bedrock_stream_exception(e), e);
}

static void
end_stream(struct answer *w)
{
    const err e = w->shape->finish(w, NULL);
    if (e.code) {
        fail_stream(w, e);
        return;
    }
    send(w);
    http_end(w->call->x);
}

/* ---- whole */
static struct http_field
number_field(str name, uint64_t n, char room[NUMBER_ROOM])
{
    snprintf(room, NUMBER_ROOM, "%ju", (uintmax_t)n);
    return (struct http_field){name, str_of(room)};
}

static void
answer_whole(struct answer *w)
{
    AUTO(buf) b = BUF(answer_bytes_max(w));
    struct http_field fields[BEDROCK_FIELDS];
    char rooms[3][NUMBER_ROOM];
    size_t count = bedrock_fields(w->call, STR("application/json"), w->label_text, fields);
    err e = w->shape->finish(w, &b);
    if (!e.code && w->shape->counts)
        e = end_body(w, &b);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    if (w->shape->counts) {
        fields[count++] =
            number_field(STR("x-amzn-bedrock-input-token-count"), w->input_tokens, rooms[0]);
        fields[count++] =
            number_field(STR("x-amzn-bedrock-output-token-count"), w->output_tokens, rooms[1]);
        fields[count++] =
            number_field(STR("x-amzn-bedrock-invocation-latency"), answer_latency_ms(w), rooms[2]);
    }
    ASSERT(count <= BEDROCK_FIELDS);
    http_answer(w->call->x, 200, fields, count, buf_str(&b));
}

static void
start_stream(struct answer *w)
{
    struct http_field fields[BEDROCK_FIELDS];
    size_t count =
        bedrock_fields(w->call, STR("application/vnd.amazon.eventstream"), w->label_text, fields);
    fields[count++] = (struct http_field){STR("cache-control"), STR("no-cache")};
    if (w->shape->counts)
        fields[count++] =
            (struct http_field){STR("x-amzn-bedrock-content-type"), STR("application/json")};
    ASSERT(count <= BEDROCK_FIELDS);
    http_start(w->call->x, 200, fields, count);
}

/* ---- the gate's hooks */
static void
on_start(void *ctx, const struct gate_start *s)
{
    struct answer *w = ctx;
    w->label_text = arena_str(w->call->a, s->label_text);
    w->model = arena_str(w->call->a, s->model->name);
    if (w->is_stream)
        start_stream(w);
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
    if (!w->first_us)
        w->first_us = clock_us();
    keep_failure(w, w->shape->add(w, p, text));
    if (w->is_stream)
        send(w);
}

static void
on_vector(void *ctx, uint32_t index, const float *values, size_t dims)
{
    struct answer *w = ctx;
    if (w->shape->vector)
        w->shape->vector(w, index, values, dims);
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct answer *w = ctx;
    w->input_tokens = u->prompt_tokens;
    w->output_tokens += u->output_tokens;
    w->blocked = u->guardrail ? u->guardrail : w->blocked;
    if (w->failure.e.code)
        return;
    keep_failure(w, w->shape->end(w, u));
    if (w->is_stream)
        send(w);
}

/* A guardrail forbids what was asked: the denial is on record; the client gets what AWS's own would
 * get.  `e` or OK when it is said so. */
static err
say_blocked(struct answer *w, err e)
{
    const struct guardrail *r = w->shape->says_blocked ? gate_blocked_by(w->call->gate, e) : NULL;
    const struct engine_usage u = {.finish = FINISH_FILTER, .guardrail = r, .is_last = true};
    if (!r)
        return e;
    api_log(w->call, e);
    w->is_refused = true;
    w->blocked = r;
    if (w->is_stream)
        start_stream(w);
    return w->shape->end(w, &u);
}

static void
on_end(void *ctx, err e)
{
    struct answer *w = ctx;
    w->call->job = NULL;
    if (!e.code)
        e = err_again(&w->failure);
    if (e.code && !http_started(w->call->x))
        e = say_blocked(w, e);
    if (e.code && http_started(w->call->x))
        fail_stream(w, e);
    else if (e.code)
        api_fail(w->call, e);
    else if (w->is_stream)
        end_stream(w);
    else
        answer_whole(w);
}

/* ---- the request */
static void
answer_done(void *p)
{
    struct answer *w = p;
    if (w->shape)
        w->shape->done(w);
    buf_done(&w->out);
}

struct answer *
answer_new(struct api_call *c, bool is_stream)
{
    struct answer *w = arena_new(c->a, struct answer);
    w->call = c;
    w->is_stream = is_stream;
    w->model = bedrock_model_name(c->args[0]);
    w->op = OP_CHAT;
    w->kind = ENGINE_CHAT;
    w->out = BUF(answer_bytes_max(w));
    arena_on_end(c->a, answer_done, w);
    return w;
}

fallible
answer_run(struct answer *w)
{
    struct api_call *c = w->call;
    ASSERT(w->shape);
    if (!w->model.len)
        REFUSE(ARGUMENT, "modelId", "the model identifier names no model");
    const struct gate_ask ask = api_ask(c, w->op, w->kind, w->model, &w->ask.conv);
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_text = on_text,
                                     .on_vector = on_vector,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = w};
    return gate_run(c->gate, &ask, hooks, &c->job);
}
