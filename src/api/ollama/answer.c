/* SPDX-License-Identifier: EUPL-1.2 */
/* Chat and generate: one shape with two spellings, a line per piece or one object.
 *
 * A call is told when it is whole, since clients of this dialect take it as one; one that was cut
 * off is not told, and the reason says "length".  Streamed, the line with "done" waits for on_end,
 * because the completion record must be durable before it leaves. */
#include "api/ollama/decode.h"
#include "api/ollama/ollama.h"
#include "api/ratelimit.h"
#include "os/clock.h"

enum { LINE_BYTES_MAX = 64 * 1024 * 1024 };

struct call { /* that is being made */
    str name, id;
    uint32_t number;
    buf arguments;
};

struct answer {
    struct api_call *call;
    struct ollama_ask ask;
    bool is_chat;
    str model, label_text;
    struct gate_limits limits;
    uint64_t started_us;
    buf line;                  /* streamed */
    buf text, thinking, calls; /* plain */
    struct call open;          /* name empty: none */
    struct engine_usage usage;
    struct err_kept failure;
};

static void
answer_done(void *p)
{
    struct answer *w = p;
    buf_done(&w->line);
    buf_done(&w->text);
    buf_done(&w->thinking);
    buf_done(&w->calls);
    buf_done(&w->open.arguments);
}

/* ---- what both forms share */
static void
put_head(const struct answer *w, buf *b)
{
    json_member_str(b, "model", w->model);
    json_key(b, "created_at");
    buf_add_char(b, '"');
    clock_put(b, clock_wall_ms());
    buf_add_char(b, '"');
}

/* The message of a chat, or the same members of a generated text; empty ones that may be are left
 * out. */
static void
put_said(const struct answer *w, str text, str thinking, str calls, buf *b)
{
    if (w->is_chat) {
        json_key(b, "message");
        json_open(b, '{');
        json_member_str(b, "role", STR("assistant"));
    }
    json_member_str(b, w->is_chat ? "content" : "response", text);
    if (thinking.len)
        json_member_str(b, "thinking", thinking);
    if (calls.len) {
        json_key(b, "tool_calls");
        json_open(b, '[');
        buf_add(b, calls);
        json_close(b, ']');
    }
    if (w->is_chat)
        json_close(b, '}');
}

static void
put_end(const struct answer *w, buf *b)
{
    const struct engine_usage *u = &w->usage;
    json_member_bool(b, "done", true);
    json_member_str(b, "done_reason", u->finish == FINISH_LENGTH ? STR("length") : STR("stop"));
    json_member_u64(b, "total_duration", (clock_us() - w->started_us) * 1000);
    json_member_u64(b, "load_duration", u->queued_us * 1000);
    json_member_u64(b, "prompt_eval_count", u->prompt_tokens);
    json_member_u64(b, "prompt_eval_duration", u->prefill_us * 1000);
    json_member_u64(b, "eval_count", u->output_tokens);
    json_member_u64(b, "eval_duration", u->decode_us * 1000);
}

/* ---- streamed */
static void
send(struct answer *w)
{
    buf_add_char(&w->line, '\n');
    const err e = buf_end(&w->line);
    if (e.code && !w->failure.e.code)
        err_keep(&w->failure, e);
    if (!w->failure.e.code) /* BUSY: the reader is being cut, on_gone comes and cancels the job */
        IGNORE(http_write(w->call->x, buf_str(&w->line)));
    buf_clear(&w->line);
}

static void
send_piece(struct answer *w, str text, str thinking, str calls)
{
    json_open(&w->line, '{');
    put_head(w, &w->line);
    put_said(w, text, thinking, calls, &w->line);
    json_member_bool(&w->line, "done", false);
    json_close(&w->line, '}');
    send(w);
}

static void
say(struct answer *w, str text, str thinking, str calls)
{
    if (w->ask.stream) {
        send_piece(w, text, thinking, calls);
        return;
    }
    buf_add(&w->text, text);
    buf_add(&w->thinking, thinking);
    if (calls.len && w->calls.len)
        buf_add_char(&w->calls, ',');
    buf_add(&w->calls, calls);
}

/* ---- calls */
static void
put_call(const struct answer *w, const struct call *k, str arguments, buf *b)
{
    const str rid = http_request_id(w->call->x);
    json_open(b, '{');
    json_key(b, "id");
    if (k->id.len)
        json_put_str(b, k->id);
    else
        buf_add_fmt(b, "\"call_%.*s_%u\"", STR_FMT(str_slice(rid, 4, rid.len)), k->number);
    json_key(b, "function");
    json_open(b, '{');
    json_member_u64(b, "index", k->number);
    json_member_str(b, "name", k->name);
    json_key(b, "arguments");
    buf_add(b, arguments);
    json_close(b, '}');
    json_close(b, '}');
}

static fallible
tell_call(struct answer *w, str arguments)
{
    AUTO(buf) b = BUF(LINE_BYTES_MAX);
    put_call(w, &w->open, arguments, &b);
    TRY(buf_end(&b));
    say(w, STR(""), STR(""), buf_str(&b));
    return OK;
}

/* The call that was being made is over; what is no JSON object was cut off. */
static void
end_call(struct answer *w)
{
    str arguments = buf_str(&w->open.arguments);
    jval v;
    if (!w->open.name.len)
        return;
    err e = buf_end(&w->open.arguments);
    if (!arguments.len)
        arguments = STR("{}");
    const bool is_whole =
        !e.code && !json_read(w->call->a, arguments, &v).code && json_type(v) == J_OBJECT;
    if (is_whole)
        e = tell_call(w, arguments);
    if (e.code && !w->failure.e.code)
        err_keep(&w->failure, e);
    w->open.name = STR_NONE;
    buf_clear(&w->open.arguments);
}

static void
begin_call(struct answer *w, const struct engine_piece *p, str name)
{
    w->open.name = arena_str(w->call->a, name);
    w->open.id = arena_str(w->call->a, p->call_id);
    w->open.number = p->call;
}

/* ---- the gate's hooks */
static void
on_start(void *ctx, const struct gate_start *s)
{
    struct answer *w = ctx;
    w->label_text = arena_str(w->call->a, s->label_text);
    w->limits = s->limits;
    if (!w->model.len)
        w->model = s->model->name;
    if (!w->ask.stream)
        return;
    struct http_field fields[2 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("application/x-ndjson")}, {STR("x-hoheit-label"), w->label_text}};
    const size_t count = 2 + ratelimit_openai(w->call->a, &w->limits, &fields[2]);
    http_start(w->call->x, 200, fields, count);
}

static void
on_text(void *ctx, const struct engine_piece *p, str text)
{
    struct answer *w = ctx;
    if (p->part != PART_ARGUMENTS)
        end_call(w);
    switch (p->part) {
    case PART_TEXT:
        say(w, text, STR(""), STR_NONE);
        break;
    case PART_REASONING:
        if (!w->ask.hides_thoughts)
            say(w, STR(""), text, STR_NONE);
        break;
    case PART_CALL:
        begin_call(w, p, text);
        break;
    case PART_ARGUMENTS:
        buf_add(&w->open.arguments, text);
        break;
    }
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct answer *w = ctx;
    w->usage = *u;
}

/* ---- the end */
static void
fail_stream(struct answer *w, err e)
{
    const struct api_error told = api_error_of(w->call, e);
    api_log(w->call, e);
    ollama_dialect.put_error(&w->line, &told);
    buf_add_char(&w->line, '\n');
    if (buf_end(&w->line).code) { /* not even that: it must not look like a good end */
        http_abort(w->call->x);
        return;
    }
    IGNORE(http_write(w->call->x, buf_str(&w->line))); /* BUSY: it is being cut already */
    http_end(w->call->x);
}

static void
end_stream(struct answer *w)
{
    json_open(&w->line, '{');
    put_head(w, &w->line);
    put_said(w, STR(""), STR(""), STR(""), &w->line);
    put_end(w, &w->line);
    json_close(&w->line, '}');
    send(w);
    const err e = err_again(&w->failure);
    if (e.code)
        fail_stream(w, e);
    else
        http_end(w->call->x);
}

static fallible
put_plain(const struct answer *w, buf *b)
{
    TRY(buf_end(&w->text));
    TRY(buf_end(&w->thinking));
    TRY(buf_end(&w->calls));
    json_open(b, '{');
    put_head(w, b);
    put_said(w, buf_str(&w->text), buf_str(&w->thinking), buf_str(&w->calls), b);
    put_end(w, b);
    json_close(b, '}');
    return buf_end(b);
}

static void
answer_plain(struct answer *w)
{
    AUTO(buf) b = BUF(gate_parts_of(w->call->gate)->params->gate_request_memory_bytes_max);
    const err e = put_plain(w, &b);
    if (e.code) {
        api_fail(w->call, e);
        return;
    }
    struct http_field fields[2 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("application/json")}, {STR("x-hoheit-label"), w->label_text}};
    const size_t count = 2 + ratelimit_openai(w->call->a, &w->limits, &fields[2]);
    http_answer(w->call->x, 200, fields, count, buf_str(&b));
}

static void
on_end(void *ctx, err e)
{
    struct answer *w = ctx;
    w->call->job = NULL;
    if (!e.code) {
        end_call(w);
        e = err_again(&w->failure);
    }
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
static fallible
decode(struct answer *w)
{
    const struct params *p = gate_parts_of(w->call->gate)->params;
    const size_t limit = p->gate_request_memory_bytes_max;
    jval body;
    TRY(api_body(w->call, &body));
    TRY(ollama_decode(p, w->call->a, &body, w->is_chat ? OLLAMA_CHAT : OLLAMA_GENERATE, &w->ask));
    w->model = w->ask.model;
    w->ask.model = ollama_model(w->call, w->model, MODEL_CHAT);
    w->line = BUF(limit);
    w->text = BUF(limit);
    w->thinking = BUF(limit);
    w->calls = BUF(limit);
    w->open.arguments = BUF(limit);
    arena_on_end(w->call->a, answer_done, w);
    return OK;
}

/* Nothing is asked for but that the model be there: engines come when they are needed. */
static fallible
answer_idle(struct answer *w)
{
    struct api_call *c = w->call;
    AUTO(buf) b = BUF(64 * 1024);
    const struct model *m;
    TRY(gate_allow(c->gate, c->session, OP_MODEL_LIST, http_request_id(c->x), c->a));
    TRY(registry_find(gate_parts_of(c->gate)->registry, w->ask.model, MODEL_CHAT, &m));
    if (!w->model.len)
        w->model = m->name;
    json_open(&b, '{');
    put_head(w, &b);
    put_said(w, STR(""), STR(""), STR(""), &b);
    json_member_bool(&b, "done", true);
    json_member_str(&b, "done_reason", STR("load"));
    json_close(&b, '}');
    api_json(c, &b);
    return OK;
}

static fallible
run(struct answer *w)
{
    struct api_call *c = w->call;
    TRY(decode(w));
    if (w->ask.is_idle)
        return answer_idle(w);
    const bool is_text = w->ask.is_raw;
    const struct gate_ask ask =
        api_ask(c, is_text ? OP_COMPLETE : OP_CHAT, is_text ? ENGINE_COMPLETE : ENGINE_CHAT,
                w->ask.model, &w->ask.conv);
    const struct gate_hooks hooks = {
        .on_start = on_start, .on_text = on_text, .on_done = on_done, .on_end = on_end, .ctx = w};
    return gate_run(c->gate, &ask, hooks, &c->job);
}

static void
start(struct api_call *c, bool is_chat)
{
    struct answer *w = arena_new(c->a, struct answer);
    w->call = c;
    w->is_chat = is_chat;
    w->started_us = http_received_us(c->x);
    const err e = run(w);
    if (e.code)
        api_fail(c, e);
}

void
ollama_chat(struct api_call *c)
{
    start(c, true);
}

void
ollama_generate(struct api_call *c)
{
    start(c, false);
}
