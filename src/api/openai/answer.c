/* SPDX-License-Identifier: EUPL-1.2 */
/* Chat completions and completions: one shape with two spellings, plain and streamed.
 *
 * Streamed, each piece of text becomes one chunk; what closes an answer (finish reason, usage,
 * [DONE]) waits for on_end, because the completion record must be durable before the last frame
 * leaves.  Plain, pieces are collected and the whole is written in on_end. */
#include "api/openai/answer.h"

#include "api/openai/openai.h"
#include "api/ratelimit.h"
#include "os/clock.h"

struct choice {
    buf text, reasoning, logprobs; /* plain only */
    buf tool_calls;                /* plain only: the members of the list, the last still open */
    const char *finish;
    uint32_t text_offset; /* completions: of the next token in the text */
    bool has_calls;
};

struct answer {
    struct api_call *call;
    struct openai_ask ask;
    bool is_chat;
    int64_t created_s;
    str id;
    str model; /* as the client named it, else its own name */
    struct gate_limits limits;
    jval body;
    bool passes;   /* the provider's own frames: */
    bool is_event; /* they are a stream's */
    str whole;     /* else the answer, just before its end */
    buf head;      /* what every chunk starts with */
    buf chunk;
    struct choice *choices;
    struct err_kept failure; /* of a chunk: nothing more is sent until the error in on_end */
    uint32_t prompt_tokens, cached_tokens, output_tokens;
};

static void
answer_done(void *p)
{
    struct answer *w = p;
    buf_done(&w->head);
    buf_done(&w->chunk);
    for (uint32_t i = 0; i < w->ask.conv.params.n; i++) {
        buf_done(&w->choices[i].text);
        buf_done(&w->choices[i].reasoning);
        buf_done(&w->choices[i].logprobs);
        buf_done(&w->choices[i].tool_calls);
    }
}

/* ---- pieces of JSON both spellings share */
static void
put_identity(const struct answer *w, bool is_chunk, buf *b)
{
    const str chat = is_chunk ? STR("chat.completion.chunk") : STR("chat.completion");
    json_member_str(b, "id", w->id);
    json_member_str(b, "object", w->is_chat ? chat : STR("text_completion"));
    json_member_i64(b, "created", w->created_s);
    json_member_str(b, "model", w->model);
}

static void
put_usage(const struct answer *w, buf *b)
{
    json_key(b, "usage");
    json_open(b, '{');
    json_member_u64(b, "prompt_tokens", w->prompt_tokens);
    json_member_u64(b, "completion_tokens", w->output_tokens);
    json_member_u64(b, "total_tokens", (uint64_t)w->prompt_tokens + w->output_tokens);
    json_key(b, "prompt_tokens_details");
    json_open(b, '{');
    json_member_u64(b, "cached_tokens", w->cached_tokens);
    json_close(b, '}');
    json_close(b, '}');
}

static const char *
finish_name(enum engine_finish f)
{
    static const char *const names[] = {[FINISH_STOP] = "stop",
                                        [FINISH_LENGTH] = "length",
                                        [FINISH_CANCELLED] = "stop",
                                        [FINISH_CALLS] = "tool_calls",
                                        [FINISH_FILTER] = "content_filter"};
    return names[f];
}

/* ---- streamed */
static void
send(struct answer *w)
{
    const err e = buf_end(&w->chunk);
    if (!w->chunk.len && !e.code)
        return;
    if (e.code && !w->failure.e.code)
        err_keep(&w->failure, e);
    if (!w->failure.e.code) /* BUSY: the reader is being cut, on_gone comes and cancels the job */
        IGNORE(http_write(w->call->x, buf_str(&w->chunk)));
    buf_clear(&w->chunk);
}

/* "data: {head,"choices":[{"index":0," */
static void
open_chunk(struct answer *w, uint32_t index)
{
    buf_add(&w->chunk, buf_str(&w->head));
    buf_add_u64(&w->chunk, index);
    buf_add_char(&w->chunk, ',');
}

static void
close_chunk(struct answer *w, const char *finish)
{
    buf_add(&w->chunk, STR(",\"finish_reason\":"));
    if (finish)
        buf_add_fmt(&w->chunk, "\"%s\"}]}\n\n", finish);
    else
        buf_add(&w->chunk, STR("null}]}\n\n"));
}

static void
role_chunk(struct answer *w, uint32_t index)
{
    open_chunk(w, index);
    buf_add(&w->chunk, STR("\"delta\":{\"role\":\"assistant\",\"content\":\"\"}"));
    close_chunk(w, NULL);
}

static void
text_chunk(struct answer *w, const struct engine_piece *p, str text)
{
    open_chunk(w, p->index);
    buf_add(&w->chunk, w->is_chat ? STR("\"delta\":{\"content\":") : STR("\"text\":"));
    json_put_str(&w->chunk, text);
    if (w->is_chat)
        buf_add_char(&w->chunk, '}');
    if (p->logprob_count) {
        buf_add(&w->chunk, STR(",\"logprobs\":"));
        openai_put_logprobs(&w->chunk, w->is_chat, p, &w->choices[p->index].text_offset);
    }
    close_chunk(w, NULL);
}

/* Not of the dialect itself; what its clients and peers have settled on. */
static void
reasoning_chunk(struct answer *w, const struct engine_piece *p, str text)
{
    open_chunk(w, p->index);
    buf_add(&w->chunk, STR("\"delta\":{\"reasoning_content\":"));
    json_put_str(&w->chunk, text);
    buf_add_char(&w->chunk, '}');
    close_chunk(w, NULL);
}

/* "id":…,"type":"function","function":{"name":…,"arguments":" - to be gone on with. */
static void
open_call(const struct answer *w, const struct engine_piece *p, str name, buf *b)
{
    buf_add(b, STR("\"id\":"));
    if (p->call_id.len)
        json_put_str(b, p->call_id);
    else
        buf_add_fmt(b, "\"call_%.*s_%u_%u\"",
                    STR_FMT(str_slice(w->id, sizeof "chatcmpl", w->id.len)), p->index, p->call);
    buf_add(b, STR(",\"type\":\"function\",\"function\":{\"name\":"));
    json_put_str(b, name);
    buf_add(b, STR(",\"arguments\":\""));
}

static void
call_chunk(struct answer *w, const struct engine_piece *p, str name)
{
    open_chunk(w, p->index);
    buf_add_fmt(&w->chunk, "\"delta\":{\"tool_calls\":[{\"index\":%u,", p->call);
    open_call(w, p, name, &w->chunk);
    buf_add(&w->chunk, STR("\"}}]}"));
    close_chunk(w, NULL);
}

static void
arguments_chunk(struct answer *w, const struct engine_piece *p, str piece)
{
    open_chunk(w, p->index);
    buf_add_fmt(&w->chunk,
                "\"delta\":{\"tool_calls\":[{\"index\":%u,\"function\":{\"arguments\":", p->call);
    json_put_str(&w->chunk, piece);
    buf_add(&w->chunk, STR("}}]}"));
    close_chunk(w, NULL);
}

static void
finish_chunk(struct answer *w, uint32_t index)
{
    open_chunk(w, index);
    buf_add(&w->chunk, w->is_chat ? STR("\"delta\":{}") : STR("\"text\":\"\""));
    close_chunk(w, w->choices[index].finish);
}

static void
usage_chunk(struct answer *w)
{
    buf_add(&w->chunk, STR("data: "));
    json_open(&w->chunk, '{');
    put_identity(w, true, &w->chunk);
    json_key(&w->chunk, "choices");
    json_open(&w->chunk, '[');
    json_close(&w->chunk, ']');
    put_usage(w, &w->chunk);
    json_close(&w->chunk, '}');
    buf_add(&w->chunk, STR("\n\n"));
}

/* The head is out, so the error is an event: clients of this dialect read data with "error". */
static void
fail_stream(struct answer *w, err e)
{
    const struct api_error told = api_error_of(w->call, e);
    api_log(w->call, e);
    buf_add(&w->chunk, STR("data: "));
    openai_dialect.put_error(&w->chunk, &told);
    buf_add(&w->chunk, STR("\n\n"));
    if (buf_end(&w->chunk).code) { /* not even that: it must not look like a good end */
        http_abort(w->call->x);
        return;
    }
    IGNORE(http_write(w->call->x, buf_str(&w->chunk))); /* BUSY: it is being cut already */
    http_end(w->call->x);
}

static void
end_stream(struct answer *w)
{
    for (uint32_t i = 0; i < w->ask.conv.params.n; i++)
        finish_chunk(w, i);
    if (w->ask.include_usage)
        usage_chunk(w);
    buf_add(&w->chunk, STR("data: [DONE]\n\n"));
    send(w);
    const err e = err_again(&w->failure);
    if (e.code)
        fail_stream(w, e);
    else
        http_end(w->call->x);
}

/* ---- plain */
static void
put_choice(const struct answer *w, uint32_t index, buf *b)
{
    const struct choice *c = &w->choices[index];
    json_open(b, '{');
    json_member_u64(b, "index", index);
    if (w->is_chat) {
        json_key(b, "message");
        json_open(b, '{');
        json_member_str(b, "role", STR("assistant"));
        json_key(b, "content");
        if (c->has_calls && !c->text.len)
            json_put_null(b);
        else
            json_put_str(b, buf_str(&c->text));
        json_key(b, "refusal");
        json_put_null(b);
        if (c->reasoning.len)
            json_member_str(b, "reasoning_content", buf_str(&c->reasoning));
        if (c->has_calls) {
            json_key(b, "tool_calls");
            json_open(b, '[');
            buf_add(b, buf_str(&c->tool_calls));
            buf_add(b, STR("\"}}]"));
        }
        json_close(b, '}');
    } else {
        json_member_str(b, "text", buf_str(&c->text));
    }
    json_key(b, "logprobs");
    openai_put_logprob_list(b, w->is_chat, buf_str(&c->logprobs));
    json_member_str(b, "finish_reason", str_of(c->finish));
    json_close(b, '}');
}

static fallible
put_plain(const struct answer *w, buf *b)
{
    json_open(b, '{');
    put_identity(w, false, b);
    json_key(b, "choices");
    json_open(b, '[');
    for (uint32_t i = 0; i < w->ask.conv.params.n; i++) {
        TRY(buf_end(&w->choices[i].text));
        TRY(buf_end(&w->choices[i].reasoning));
        TRY(buf_end(&w->choices[i].logprobs));
        TRY(buf_end(&w->choices[i].tool_calls));
        put_choice(w, i, b);
    }
    json_close(b, ']');
    put_usage(w, b);
    json_close(b, '}');
    return buf_end(b);
}

static void
answer_with(struct answer *w, str body)
{
    struct http_field fields[2 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("application/json")}, {STR("x-hoheit-label"), w->ask.label_text}};
    const size_t count = 2 + ratelimit_openai(w->call->a, &w->limits, &fields[2]);
    http_answer(w->call->x, 200, fields, count, body);
}

static void
answer_plain(struct answer *w)
{
    AUTO(buf) b = BUF(gate_parts_of(w->call->gate)->params->gate_request_memory_bytes_max);
    const err e = put_plain(w, &b);
    if (e.code)
        api_fail(w->call, e);
    else
        answer_with(w, buf_str(&b));
}

/* ---- the gate's hooks */
static void
take_start(struct answer *w, const struct gate_start *s)
{
    w->ask.label_text = arena_str(w->call->a, s->label_text);
    w->limits = s->limits;
    if (!w->model.len)
        w->model = s->model->name;
}

static void
start_stream(struct answer *w)
{
    struct http_field fields[3 + RATELIMIT_FIELDS] = {
        {STR("content-type"), STR("text/event-stream")},
        {STR("cache-control"), STR("no-cache")},
        {STR("x-hoheit-label"), w->ask.label_text}};
    const size_t count = 3 + ratelimit_openai(w->call->a, &w->limits, &fields[3]);
    http_start(w->call->x, 200, fields, count);
}

static void
on_start(void *ctx, const struct gate_start *s)
{
    struct answer *w = ctx;
    take_start(w, s);
    if (!w->ask.stream)
        return;
    buf_add(&w->head, STR("data: "));
    json_open(&w->head, '{');
    put_identity(w, true, &w->head);
    buf_add(&w->head, STR(",\"choices\":[{\"index\":"));
    err_keep(&w->failure, buf_end(&w->head));
    start_stream(w);
    if (!w->is_chat)
        return;
    for (uint32_t i = 0; i < w->ask.conv.params.n; i++)
        role_chunk(w, i);
    send(w);
}

static void
stream_part(struct answer *w, const struct engine_piece *p, str text)
{
    switch (p->part) {
    case PART_TEXT:
        text_chunk(w, p, text);
        break;
    case PART_REASONING:
        reasoning_chunk(w, p, text);
        break;
    case PART_CALL:
        call_chunk(w, p, text);
        break;
    case PART_ARGUMENTS:
        arguments_chunk(w, p, text);
        break;
    }
    send(w);
}

static void
collect_part(struct answer *w, const struct engine_piece *p, str text)
{
    struct choice *c = &w->choices[p->index];
    switch (p->part) {
    case PART_TEXT:
        buf_add(&c->text, text);
        break;
    case PART_REASONING:
        buf_add(&c->reasoning, text);
        break;
    case PART_CALL:
        buf_add(&c->tool_calls, c->has_calls ? STR("\"}},{") : STR("{"));
        open_call(w, p, text, &c->tool_calls);
        c->has_calls = true;
        break;
    case PART_ARGUMENTS:
        json_put_raw(&c->tool_calls, text);
        break;
    }
    if (p->logprob_count)
        openai_add_logprobs(&c->logprobs, w->is_chat, p, &c->text_offset);
}

static void
on_text(void *ctx, const struct engine_piece *p, str text)
{
    struct answer *w = ctx;
    if (w->ask.stream)
        stream_part(w, p, text);
    else
        collect_part(w, p, text);
}

static void
on_pass(void *ctx, const struct gate_start *s, bool is_stream)
{
    struct answer *w = ctx;
    w->passes = true;
    w->is_event = is_stream;
    take_start(w, s);
    if (is_stream)
        start_stream(w);
}

static void
on_frames(void *ctx, str raw)
{
    struct answer *w = ctx;
    if (w->is_event) /* BUSY: the reader is being cut, on_gone comes and cancels the job */
        IGNORE(http_write(w->call->x, raw));
    else
        w->whole = raw;
}

static void
end_passed(struct answer *w)
{
    if (w->is_event)
        http_end(w->call->x);
    else
        answer_with(w, w->whole);
}

static void
on_done(void *ctx, const struct engine_usage *u)
{
    struct answer *w = ctx;
    w->choices[u->index].finish = finish_name(u->finish);
    w->prompt_tokens = u->prompt_tokens;
    w->cached_tokens = u->cached_tokens;
    w->output_tokens += u->output_tokens;
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
    else if (w->passes)
        end_passed(w);
    else if (w->ask.stream)
        end_stream(w);
    else
        answer_plain(w);
}

/* ---- the request */
static struct answer *
answer_new(struct api_call *c, bool is_chat)
{
    struct answer *w = arena_new(c->a, struct answer);
    w->call = c;
    w->is_chat = is_chat;
    w->ask.keeps_unknown = true;
    w->created_s = clock_wall_ms() / 1000;
    const str rid = http_request_id(c->x);
    w->id = arena_fmt(c->a, "%s-%.*s", is_chat ? "chatcmpl" : "cmpl",
                      STR_FMT(str_slice(rid, 4, rid.len)));
    return w;
}

static fallible
prepare(struct answer *w)
{
    const size_t limit = gate_parts_of(w->call->gate)->params->gate_request_memory_bytes_max;
    const uint32_t n = w->ask.conv.params.n;
    void *room;
    TRY(try_arena_get(w->call->a, n, sizeof *w->choices, &room));
    w->choices = room;
    for (uint32_t i = 0; i < n; i++)
        w->choices[i] = (struct choice){.text = BUF(limit / n),
                                        .reasoning = BUF(limit / n),
                                        .logprobs = BUF(limit / n),
                                        .tool_calls = BUF(limit / n),
                                        .finish = "stop",
                                        .text_offset = w->ask.echo_chars};
    w->head = BUF(4096);
    w->chunk = BUF(limit); /* the first may hold an echo of the prompt */
    arena_on_end(w->call->a, answer_done, w);
    return OK;
}

static fallible
decode(struct answer *w)
{
    const struct params *p = gate_parts_of(w->call->gate)->params;
    TRY(api_body(w->call, &w->body));
    TRY(w->is_chat ? openai_decode_chat(p, w->call->a, &w->body, &w->ask)
                   : openai_decode_text(p, w->call->a, &w->body, &w->ask));
    w->model = w->ask.model;
    return prepare(w);
}

static fallible
run(struct answer *w)
{
    struct api_call *c = w->call;
    bool in_body = false;
    TRY(decode(w));
    TRY(api_body_case(c, &w->body, &in_body));
    struct gate_ask ask =
        api_ask(c, w->is_chat ? OP_CHAT : OP_COMPLETE, w->is_chat ? ENGINE_CHAT : ENGINE_COMPLETE,
                w->ask.model, &w->ask.conv);
    ask.raw = in_body ? NULL : openai_raw(c->body, &w->body, &w->ask);
    const struct gate_hooks hooks = {.on_start = on_start,
                                     .on_text = on_text,
                                     .on_pass = on_pass,
                                     .on_frames = on_frames,
                                     .on_done = on_done,
                                     .on_end = on_end,
                                     .ctx = w};
    return gate_run(c->gate, &ask, hooks, &c->job);
}

static void
start(struct api_call *c, bool is_chat)
{
    const err e = run(answer_new(c, is_chat));
    if (e.code)
        api_fail(c, e);
}

void
openai_chat(struct api_call *c)
{
    start(c, true);
}

void
openai_completions(struct api_call *c)
{
    start(c, false);
}
