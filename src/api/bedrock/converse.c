/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/bedrock/converse.h"

#include "api/tools.h"
#include "net/aws/eventstream.h"

void
converse_init(struct converse *m, str id, bool is_stream, arena *a, size_t limit)
{
    *m = (struct converse){.id = id,
                           .is_stream = is_stream,
                           .a = a,
                           .out = BUF(limit),
                           .pending = BUF(limit),
                           .reason = "end_turn"};
}

void
converse_done(struct converse *m)
{
    buf_done(&m->out);
    buf_done(&m->pending);
}

/* ---- what both shapes are made of */
static void
put_usage(const struct converse *m, buf *b)
{
    json_key(b, "usage");
    json_open(b, '{');
    json_member_u64(b, "inputTokens", m->input_tokens);
    json_member_u64(b, "outputTokens", m->output_tokens);
    json_member_u64(b, "totalTokens", (uint64_t)m->input_tokens + m->output_tokens);
    json_member_u64(b, "cacheReadInputTokens", m->cached_tokens);
    json_member_u64(b, "cacheWriteInputTokens", 0);
    json_close(b, '}');
}

static void
put_metrics(uint64_t latency_ms, buf *b)
{
    json_key(b, "metrics");
    json_open(b, '{');
    json_member_u64(b, "latencyMs", latency_ms);
    json_close(b, '}');
}

static void
put_stop(const struct converse *m, buf *b)
{
    json_member_str(b, "stopReason", str_of(m->reason));
    if (!m->wants_stop || !m->stop.len)
        return;
    json_key(b, "additionalModelResponseFields");
    json_open(b, '{');
    json_member_str(b, "stop_sequence", m->stop);
    json_close(b, '}');
}

/* "toolUseId":…,"name":… */
static void
put_call(const struct converse *m, const struct engine_piece *p, str name, buf *b)
{
    json_key(b, "toolUseId");
    if (tools_is_name(p->call_id, TOOLS_ID_BYTES_MAX))
        json_put_str(b, p->call_id);
    else
        buf_add_fmt(b, "\"tooluse_%.*s_%u\"", STR_FMT(m->id), p->call);
    json_member_str(b, "name", name);
}

/* ---- events: the payload is written into `pending` */
static void
open_event(struct converse *m)
{
    buf_clear(&m->pending);
    json_open(&m->pending, '{');
}

static void
close_event(struct converse *m, const char *type)
{
    json_close(&m->pending, '}');
    m->out.failed |= m->pending.failed;
    eventstream_put_event(&m->out, str_of(type), buf_str(&m->pending));
}

static void
open_block_event(struct converse *m)
{
    open_event(m);
    json_member_u64(&m->pending, "contentBlockIndex", m->blocks - 1);
}

static void
put_start(struct converse *m)
{
    if (m->has_started)
        return;
    m->has_started = true;
    open_event(m);
    json_member_str(&m->pending, "role", STR("assistant"));
    close_event(m, "messageStart");
}

static void
put_delta(struct converse *m, str text)
{
    buf *b = &m->pending;
    open_block_event(m);
    json_key(b, "delta");
    json_open(b, '{');
    if (m->block != CONVERSE_TEXT) {
        json_key(b, m->block == CONVERSE_CALL ? "toolUse" : "reasoningContent");
        json_open(b, '{');
    }
    json_member_str(b, m->block == CONVERSE_CALL ? "input" : "text", text);
    if (m->block != CONVERSE_TEXT)
        json_close(b, '}');
    json_close(b, '}');
    close_event(m, "contentBlockDelta");
}

/* ---- blocks */
static void
open_streamed(struct converse *m, const struct engine_piece *p, str name)
{
    if (m->block != CONVERSE_CALL)
        return;
    open_block_event(m);
    json_key(&m->pending, "start");
    json_open(&m->pending, '{');
    json_key(&m->pending, "toolUse");
    json_open(&m->pending, '{');
    put_call(m, p, name, &m->pending);
    json_close(&m->pending, '}');
    json_close(&m->pending, '}');
    close_event(m, "contentBlockStart");
}

/* Up to the place where the block's text goes. */
static void
open_whole(struct converse *m, const struct engine_piece *p, str name)
{
    buf *b = &m->out;
    json_open(b, '{');
    if (m->block == CONVERSE_TEXT)
        buf_add(b, STR("\"text\":\""));
    else if (m->block == CONVERSE_REASONING)
        buf_add(b, STR("\"reasoningContent\":{\"reasoningText\":{\"text\":\""));
    else {
        json_key(b, "toolUse");
        json_open(b, '{');
        put_call(m, p, name, b);
        json_key(b, "input");
        buf_clear(&m->pending);
    }
}

static fallible
close_call(struct converse *m)
{
    jval v;
    TRY(buf_end(&m->pending));
    const err e = json_read(m->a, buf_str(&m->pending), &v);
    if (e.code && e.code != ERR_PARSE)
        return err_pass(e, __FILE__, __LINE__, __func__);
    if (!e.code && json_type(v) == J_OBJECT)
        json_put_value(&m->out, &v);
    else
        buf_add(&m->out, STR("{}"));
    buf_add(&m->out, STR("}}"));
    return OK;
}

static fallible
close_whole(struct converse *m)
{
    if (m->block == CONVERSE_CALL)
        return close_call(m);
    buf_add(&m->out, m->block == CONVERSE_TEXT ? STR("\"}") : STR("\"}}}"));
    return OK;
}

static fallible
close_block(struct converse *m)
{
    if (m->block == CONVERSE_NONE)
        return OK;
    if (!m->is_stream)
        TRY(close_whole(m));
    else {
        open_block_event(m);
        close_event(m, "contentBlockStop");
    }
    m->block = CONVERSE_NONE;
    return OK;
}

static enum converse_block
block_of(enum engine_part part)
{
    switch (part) {
    case PART_TEXT:
        return CONVERSE_TEXT;
    case PART_REASONING:
        return CONVERSE_REASONING;
    case PART_CALL:
    case PART_ARGUMENTS:
        break;
    }
    return CONVERSE_CALL;
}

/* The open block takes `p`, or one is begun that does; a call always begins one. */
static fallible
open_block(struct converse *m, const struct engine_piece *p, str name)
{
    const enum converse_block wanted = block_of(p->part);
    if (p->part == PART_ARGUMENTS) {
        if (m->block != CONVERSE_CALL || m->call != p->call)
            FAIL(ENGINE_LOST, "arguments of call %u, which is not open", p->call);
        return OK;
    }
    if (m->block == wanted && p->part != PART_CALL)
        return OK;
    TRY(close_block(m));
    m->block = wanted;
    m->call = p->call;
    m->blocks++;
    if (m->is_stream)
        open_streamed(m, p, name);
    else
        open_whole(m, p, name);
    return OK;
}

/* ---- the answer */
static fallible
fit(const struct converse *m)
{
    TRY(buf_end(&m->out));
    return buf_end(&m->pending);
}

fallible
converse_add(struct converse *m, const struct engine_piece *p, str text)
{
    if (m->is_stream)
        put_start(m);
    if (!text.len && p->part != PART_CALL)
        return fit(m);
    TRY(open_block(m, p, text));
    if (p->part == PART_CALL)
        return fit(m);
    if (m->is_stream)
        put_delta(m, text);
    else if (m->block == CONVERSE_CALL)
        buf_add(&m->pending, text);
    else
        json_put_raw(&m->out, text);
    return fit(m);
}

static const char *
reason_of(const struct engine_usage *u)
{
    switch (u->finish) {
    case FINISH_STOP:
        return u->stop ? "stop_sequence" : "end_turn";
    case FINISH_LENGTH:
        return "max_tokens";
    case FINISH_CALLS:
        return "tool_use";
    case FINISH_FILTER:
        return "content_filtered";
    case FINISH_CANCELLED:
        break;
    }
    return "end_turn";
}

/* Its message takes the place of the answer.  Streamed, what came stays, and ends with the name of
 * the rule already: without a message of its own there is nothing to add. */
static fallible
say_blocked(struct converse *m, const struct guardrail *r)
{
    const struct engine_piece p = {.part = PART_TEXT};
    str text = r->message;
    m->blocked = r;
    m->reason = "guardrail_intervened";
    TRY(close_block(m));
    if (!m->is_stream) {
        buf_clear(&m->out);
        m->blocks = 0;
    }
    if (!text.len && !m->blocks)
        text = arena_fmt(m->a, "%.*s forbids this%s%.*s", STR_FMT(r->name),
                         r->title.len ? ": " : "", STR_FMT(r->title));
    return text.len ? converse_add(m, &p, text) : OK;
}

fallible
converse_end(struct converse *m, const struct engine_usage *u, const str *stops)
{
    ASSERT(u->cached_tokens <= u->prompt_tokens);
    m->input_tokens = u->prompt_tokens;
    m->cached_tokens = u->cached_tokens;
    m->output_tokens = u->output_tokens;
    m->reason = reason_of(u);
    if (u->finish == FINISH_STOP && u->stop)
        m->stop = stops[u->stop - 1];
    if (m->is_stream)
        put_start(m);
    if (u->finish == FINISH_FILTER && u->guardrail)
        TRY(say_blocked(m, u->guardrail));
    TRY(close_block(m));
    return fit(m);
}

void
converse_put_blocked(const struct guardrail *r, buf *b)
{
    buf_add(b, STR("{\"topicPolicy\":{\"topics\":[{\"name\":"));
    json_put_str(b, r->id);
    buf_add(b, STR(",\"type\":\"DENY\",\"action\":\"BLOCKED\"}]}}"));
}

/* Of the rule its name: what it found is nobody's to read twice. */
static void
put_trace(const struct converse *m, buf *b)
{
    if (!m->wants_trace)
        return;
    json_key(b, "trace");
    json_open(b, '{');
    json_key(b, "guardrail");
    json_open(b, '{');
    if (m->blocked) {
        json_key(b, m->is_input ? "inputAssessment" : "outputAssessments");
        json_open(b, '{');
        json_key(b, "hoheit");
        buf_add(b, m->is_input ? STR("") : STR("["));
        converse_put_blocked(m->blocked, b);
        buf_add(b, m->is_input ? STR("") : STR("]"));
        json_close(b, '}');
    }
    json_close(b, '}');
    json_close(b, '}');
}

static fallible
finish_streamed(struct converse *m, uint64_t latency_ms)
{
    open_event(m);
    put_stop(m, &m->pending);
    close_event(m, "messageStop");
    open_event(m);
    put_usage(m, &m->pending);
    put_metrics(latency_ms, &m->pending);
    put_trace(m, &m->pending);
    close_event(m, "metadata");
    return fit(m);
}

fallible
converse_finish(struct converse *m, uint64_t latency_ms, buf *b)
{
    ASSERT(m->block == CONVERSE_NONE);
    if (m->is_stream)
        return finish_streamed(m, latency_ms);
    json_open(b, '{');
    json_key(b, "output");
    json_open(b, '{');
    json_key(b, "message");
    json_open(b, '{');
    json_member_str(b, "role", STR("assistant"));
    json_key(b, "content");
    json_open(b, '[');
    buf_add(b, buf_str(&m->out));
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, '}');
    put_stop(m, b);
    put_usage(m, b);
    put_metrics(latency_ms, b);
    put_trace(m, b);
    json_close(b, '}');
    return buf_end(b);
}
