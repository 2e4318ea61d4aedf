/* SPDX-License-Identifier: EUPL-1.2 */
/* InvokeModel with a body of chat completions: one answer, whole or in chunks. */
#include "api/bedrock/invoke.h"
#include "api/openai/decode.h"
#include "api/tools.h"
#include "os/clock.h"

struct chat {
    buf text, reasoning; /* whole */
    buf calls;           /* whole: members of tool_calls, the last still open */
    buf chunk;           /* streamed */
    int64_t created_s;
    uint32_t call_count;
    const char *reason;
};

/* ---- what both shapes are made of */
static void
put_identity(const struct answer *w, buf *b)
{
    const struct chat *m = w->state;
    const str id = answer_id(w);
    json_open(b, '{');
    buf_add_fmt(b, "\"id\":\"chatcmpl-%.*s\"", STR_FMT(id));
    json_member_str(b, "object",
                    w->is_stream ? STR("chat.completion.chunk") : STR("chat.completion"));
    json_member_i64(b, "created", m->created_s);
    json_member_str(b, "model", w->model);
}

/* "id":…,"type":"function","function":{"name":…,"arguments":" - to be gone on with. */
static void
open_call(const struct answer *w, const struct engine_piece *p, str name, buf *b)
{
    const str id = answer_id(w);
    json_key(b, "id");
    if (tools_is_name(p->call_id, TOOLS_ID_BYTES_MAX))
        json_put_str(b, p->call_id);
    else
        buf_add_fmt(b, "\"call_%.*s_%u\"", STR_FMT(id), p->call);
    buf_add(b, STR(",\"type\":\"function\",\"function\":{\"name\":"));
    json_put_str(b, name);
    buf_add(b, STR(",\"arguments\":\""));
}

static void
put_usage(const struct answer *w, buf *b)
{
    json_key(b, "usage");
    json_open(b, '{');
    json_member_u64(b, "prompt_tokens", w->input_tokens);
    json_member_u64(b, "completion_tokens", w->output_tokens);
    json_member_u64(b, "total_tokens", (uint64_t)w->input_tokens + w->output_tokens);
    json_close(b, '}');
}

/* ---- streamed */
/* Up to the delta. */
static void
open_chunk(struct answer *w)
{
    struct chat *m = w->state;
    buf_clear(&m->chunk);
    put_identity(w, &m->chunk);
    buf_add(&m->chunk, STR(",\"choices\":[{\"index\":0,\"delta\":{"));
}

static void
close_chunk(struct chat *m, const char *reason)
{
    buf_add(&m->chunk, STR("},\"finish_reason\":"));
    if (reason)
        json_put_str(&m->chunk, str_of(reason));
    else
        buf_add(&m->chunk, STR("null"));
    buf_add(&m->chunk, STR("}]}"));
}

static fallible
stream_part(struct answer *w, const struct engine_piece *p, str text)
{
    struct chat *m = w->state;
    buf *b = &m->chunk;
    open_chunk(w);
    if (p->part == PART_TEXT || p->part == PART_REASONING) {
        json_member_str(b, p->part == PART_TEXT ? "content" : "reasoning_content", text);
    } else {
        buf_add_fmt(b, "\"tool_calls\":[{\"index\":%u,", p->call);
        if (p->part == PART_CALL)
            open_call(w, p, text, b);
        else {
            buf_add(b, STR("\"function\":{\"arguments\":\""));
            json_put_raw(b, text);
        }
        buf_add(b, STR("\"}}]"));
    }
    close_chunk(m, NULL);
    TRY(buf_end(b));
    answer_put_chunk(w, buf_str(b));
    return buf_end(&w->out);
}

/* ---- whole */
static fallible
add(struct answer *w, const struct engine_piece *p, str text)
{
    struct chat *m = w->state;
    if (w->is_stream)
        return stream_part(w, p, text);
    if (p->part == PART_TEXT)
        buf_add(&m->text, text);
    else if (p->part == PART_REASONING)
        buf_add(&m->reasoning, text);
    else if (p->part == PART_ARGUMENTS)
        json_put_raw(&m->calls, text);
    else if (p->part == PART_CALL) {
        buf_add(&m->calls, m->call_count++ ? STR("\"}},{") : STR("{"));
        open_call(w, p, text, &m->calls);
    }
    TRY(buf_end(&m->text));
    TRY(buf_end(&m->reasoning));
    return buf_end(&m->calls);
}

static const char *
reason_of(enum engine_finish f)
{
    switch (f) {
    case FINISH_LENGTH:
        return "length";
    case FINISH_CALLS:
        return "tool_calls";
    case FINISH_FILTER:
        return "content_filter";
    case FINISH_STOP:
    case FINISH_CANCELLED:
        break;
    }
    return "stop";
}

static fallible
end(struct answer *w, const struct engine_usage *u)
{
    struct chat *m = w->state;
    m->reason = reason_of(u->finish);
    if (!u->guardrail)
        return OK;
    const str text = invoke_blocked_text(w);
    buf_clear(&m->text);
    buf_clear(&m->reasoning);
    buf_clear(&m->calls);
    m->call_count = 0;
    return text.len ? add(w, &(struct engine_piece){.part = PART_TEXT}, text) : OK;
}

static void
put_whole(const struct answer *w, buf *b)
{
    const struct chat *m = w->state;
    put_identity(w, b);
    buf_add(b, STR(",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"));
    if (m->call_count && !m->text.len)
        json_put_null(b);
    else
        json_put_str(b, buf_str(&m->text));
    if (m->reasoning.len)
        json_member_str(b, "reasoning_content", buf_str(&m->reasoning));
    if (m->call_count)
        buf_add_fmt(b, ",\"tool_calls\":[%.*s\"}}]", STR_FMT(buf_str(&m->calls)));
    buf_add(b, STR("},\"finish_reason\":"));
    json_put_str(b, str_of(m->reason));
    buf_add(b, STR("}]"));
    put_usage(w, b);
    json_close(b, '}');
}

static fallible
finish(struct answer *w, buf *b)
{
    struct chat *m = w->state;
    if (!w->is_stream) {
        put_whole(w, b);
        return buf_end(b);
    }
    open_chunk(w);
    close_chunk(m, m->reason);
    TRY(buf_end(&m->chunk));
    invoke_put_last(w, buf_str(&m->chunk));
    return buf_end(&w->out);
}

static void
done(struct answer *w)
{
    struct chat *m = w->state;
    buf_done(&m->text);
    buf_done(&m->reasoning);
    buf_done(&m->calls);
    buf_done(&m->chunk);
}

static const struct shape shape = {
    .add = add, .end = end, .finish = finish, .done = done, .says_blocked = true, .counts = true};

fallible
invoke_chat(struct answer *w, const jval *body)
{
    static const char *const without[] = {NULL};
    struct api_call *c = w->call;
    struct openai_ask *ask = arena_new(c->a, struct openai_ask);
    struct chat *m = arena_new(c->a, struct chat);
    const size_t limit = answer_bytes_max(w);
    jval again;
    TRY(invoke_rewrite(w, body, without, &again));
    TRY(openai_decode_chat(gate_parts_of(c->gate)->params, c->a, &again, ask));
    if (ask->conv.params.n > 1)
        REFUSE(UNSUPPORTED, "n", "n: one answer is what this operation gives");
    if (ask->conv.params.logprobs)
        REFUSE(UNSUPPORTED, "logprobs", "logprobs is not supported by this operation");
    w->ask.conv = ask->conv;
    *m = (struct chat){
        .text = BUF(limit), .reasoning = BUF(limit), .calls = BUF(limit), .chunk = BUF(limit)};
    m->created_s = clock_wall_ms() / 1000;
    m->reason = "stop";
    w->state = m;
    w->shape = &shape;
    return OK;
}
