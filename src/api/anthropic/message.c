/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/anthropic/message.h"

#include "api/tools.h"
#include "base/enc.h"

void
message_init(struct message *m, const struct message_style *style, arena *a, size_t limit)
{
    *m = (struct message){
        .style = *style, .a = a, .out = BUF(limit), .pending = BUF(limit), .reason = "end_turn"};
}

void
message_done(struct message *m)
{
    buf_done(&m->out);
    buf_done(&m->pending);
}

/* ---- what both shapes are made of */
static void
put_null(buf *b, const char *name)
{
    json_key(b, name);
    json_put_null(b);
}

static void
put_tokens(const struct message *m, buf *b)
{
    const uint32_t cached = m->style.wants_cache ? m->cached_tokens : 0;
    json_member_u64(b, "input_tokens", m->input_tokens - cached);
    json_member_u64(b, "cache_creation_input_tokens", 0);
    json_member_u64(b, "cache_read_input_tokens", cached);
    json_member_u64(b, "output_tokens", m->output_tokens);
}

static void
put_usage(const struct message *m, buf *b)
{
    json_key(b, "usage");
    json_open(b, '{');
    put_tokens(m, b);
    json_key(b, "cache_creation");
    json_open(b, '{');
    json_member_u64(b, "ephemeral_5m_input_tokens", 0);
    json_member_u64(b, "ephemeral_1h_input_tokens", 0);
    json_close(b, '}');
    put_null(b, "inference_geo");
    put_null(b, "output_tokens_details");
    put_null(b, "server_tool_use");
    json_member_str(b, "service_tier", STR("standard"));
    json_close(b, '}');
}

static void
put_stop(const struct message *m, bool is_over, buf *b)
{
    json_key(b, "stop_reason");
    if (is_over)
        json_put_str(b, str_of(m->reason));
    else
        json_put_null(b);
    json_key(b, "stop_sequence");
    if (is_over && m->stop.len)
        json_put_str(b, m->stop);
    else
        json_put_null(b);
}

static void
put_message(const struct message *m, bool is_over, str blocks, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "id", m->style.id);
    json_member_str(b, "type", STR("message"));
    json_member_str(b, "role", STR("assistant"));
    json_member_str(b, "model", m->style.model);
    json_key(b, "content");
    json_open(b, '[');
    buf_add(b, blocks);
    json_close(b, ']');
    put_stop(m, is_over, b);
    put_null(b, "stop_details");
    put_null(b, "container");
    put_usage(m, b);
    json_close(b, '}');
}

static void
put_signature(const struct message *m, uint32_t index, buf *b)
{
    AUTO(buf) text = BUF(256);
    buf_add_fmt(&text, "%.*s.%u", STR_FMT(str_slice(m->style.id, 0, 200)), index);
    buf_add_char(b, '"');
    base64_put(b, text.at, text.len);
    buf_add_char(b, '"');
}

/* "id":…,"name":…,"caller":… */
static void
put_call(const struct message *m, const struct engine_piece *p, str name, buf *b)
{
    const str own = m->style.id;
    json_key(b, "id");
    if (tools_is_name(p->call_id, TOOLS_ID_BYTES_MAX))
        json_put_str(b, p->call_id);
    else
        buf_add_fmt(b, "\"toolu_%.*s_%u\"", STR_FMT(str_slice(own, sizeof "msg", own.len)),
                    p->call);
    json_member_str(b, "name", name);
    json_key(b, "caller");
    buf_add(b, STR("{\"type\":\"direct\"}"));
}

/* ---- events */
static void
open_event(struct message *m, const char *type)
{
    buf_add_fmt(&m->out, "event: %s\ndata: {\"type\":\"%s\"", type, type);
}

static void
close_event(struct message *m)
{
    buf_add(&m->out, STR("}\n\n"));
}

static void
open_block_event(struct message *m, const char *type)
{
    open_event(m, type);
    json_member_u64(&m->out, "index", m->blocks - 1);
}

static void
put_start(struct message *m)
{
    if (m->has_started)
        return;
    m->has_started = true;
    open_event(m, "message_start");
    json_key(&m->out, "message");
    put_message(m, false, STR_NONE, &m->out);
    close_event(m);
}

static void
put_delta(struct message *m, const char *type, const char *name, str text)
{
    open_block_event(m, "content_block_delta");
    buf_add_fmt(&m->out, ",\"delta\":{\"type\":\"%s\",\"%s\":", type, name);
    json_put_str(&m->out, text);
    buf_add_char(&m->out, '}');
    close_event(m);
}

static void
put_ping(struct message *m)
{
    open_event(m, "ping");
    close_event(m);
}

/* ---- blocks */
static void
open_streamed(struct message *m, const struct engine_piece *p, str name)
{
    buf *b = &m->out;
    open_block_event(m, "content_block_start");
    json_key(b, "content_block");
    json_open(b, '{');
    if (m->block == BLOCK_TEXT)
        buf_add(b, STR("\"type\":\"text\",\"text\":\"\",\"citations\":[]"));
    else if (m->block == BLOCK_THINKING)
        buf_add(b, STR("\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\""));
    else {
        json_member_str(b, "type", STR("tool_use"));
        put_call(m, p, name, b);
        buf_add(b, STR(",\"input\":{}"));
    }
    json_close(b, '}');
    close_event(m);
    if (m->blocks == 1)
        put_ping(m);
}

/* Up to the place where the block's text goes. */
static void
open_whole(struct message *m, const struct engine_piece *p, str name)
{
    buf *b = &m->out;
    json_open(b, '{');
    if (m->block == BLOCK_TEXT)
        buf_add(b, STR("\"type\":\"text\",\"text\":\""));
    else if (m->block == BLOCK_THINKING)
        buf_add(b, STR("\"type\":\"thinking\",\"thinking\":\""));
    else {
        json_member_str(b, "type", STR("tool_use"));
        put_call(m, p, name, b);
        json_key(b, "input");
        buf_clear(&m->pending);
    }
}

static void
close_streamed(struct message *m)
{
    if (m->block == BLOCK_THINKING) {
        open_block_event(m, "content_block_delta");
        buf_add(&m->out, STR(",\"delta\":{\"type\":\"signature_delta\",\"signature\":"));
        put_signature(m, m->blocks - 1, &m->out);
        buf_add_char(&m->out, '}');
        close_event(m);
    }
    open_block_event(m, "content_block_stop");
    close_event(m);
}

/* The arguments of a call that was cut are no JSON; the API then gives none. */
static fallible
close_call(struct message *m)
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
    return OK;
}

static fallible
close_whole(struct message *m)
{
    if (m->block == BLOCK_CALL)
        TRY(close_call(m));
    else
        buf_add_char(&m->out, '"');
    if (m->block == BLOCK_TEXT)
        buf_add(&m->out, STR(",\"citations\":[]"));
    if (m->block == BLOCK_THINKING) {
        json_key(&m->out, "signature");
        put_signature(m, m->blocks - 1, &m->out);
    }
    json_close(&m->out, '}');
    return OK;
}

static fallible
close_block(struct message *m)
{
    if (m->block == BLOCK_NONE)
        return OK;
    if (m->style.is_stream)
        close_streamed(m);
    else
        TRY(close_whole(m));
    m->block = BLOCK_NONE;
    return OK;
}

static enum message_block
block_of(enum engine_part part)
{
    switch (part) {
    case PART_TEXT:
        return BLOCK_TEXT;
    case PART_REASONING:
        return BLOCK_THINKING;
    case PART_CALL:
    case PART_ARGUMENTS:
        break;
    }
    return BLOCK_CALL;
}

/* The open block takes `p`, or one is begun that does; a call always begins one. */
static fallible
open_block(struct message *m, const struct engine_piece *p, str name)
{
    const enum message_block wanted = block_of(p->part);
    if (p->part == PART_ARGUMENTS) {
        if (m->block != BLOCK_CALL || m->call != p->call)
            FAIL(ENGINE_LOST, "arguments of call %u, which is not open", p->call);
        return OK;
    }
    if (m->block == wanted && p->part != PART_CALL)
        return OK;
    TRY(close_block(m));
    m->block = wanted;
    m->call = p->call;
    m->blocks++;
    if (m->style.is_stream)
        open_streamed(m, p, name);
    else
        open_whole(m, p, name);
    return OK;
}

static void
go_on_streamed(struct message *m, str text)
{
    if (m->block == BLOCK_TEXT)
        put_delta(m, "text_delta", "text", text);
    else if (m->block == BLOCK_CALL)
        put_delta(m, "input_json_delta", "partial_json", text);
    else if (!m->style.hides_thinking)
        put_delta(m, "thinking_delta", "thinking", text);
}

static void
go_on_whole(struct message *m, str text)
{
    if (m->block == BLOCK_CALL)
        buf_add(&m->pending, text);
    else if (m->block == BLOCK_TEXT || !m->style.hides_thinking)
        json_put_raw(&m->out, text);
}

/* ---- the message */
static fallible
fit(const struct message *m)
{
    TRY(buf_end(&m->out));
    return buf_end(&m->pending);
}

fallible
message_add(struct message *m, const struct engine_piece *p, str text)
{
    if (!m->has_started) {
        m->input_tokens = p->prompt_tokens;
        m->cached_tokens = p->cached_tokens;
    }
    if (m->style.is_stream)
        put_start(m);
    const bool is_thought = p->part == PART_REASONING;
    if ((is_thought && !m->style.wants_thinking) || (!text.len && p->part != PART_CALL))
        return fit(m);
    TRY(open_block(m, p, text));
    if (p->part != PART_CALL && m->style.is_stream)
        go_on_streamed(m, text);
    else if (p->part != PART_CALL)
        go_on_whole(m, text);
    return fit(m);
}

static const char *
reason_of(const struct message *m, const struct engine_usage *u)
{
    switch (u->finish) {
    case FINISH_STOP:
        return u->stop ? "stop_sequence" : "end_turn";
    case FINISH_LENGTH:
        return u->output_tokens < m->style.tokens_max ? "model_context_window_exceeded"
                                                      : "max_tokens";
    case FINISH_CALLS:
        return "tool_use";
    case FINISH_FILTER:
        return "refusal";
    case FINISH_CANCELLED:
        break;
    }
    return "end_turn";
}

fallible
message_end(struct message *m, const struct engine_usage *u, const str *stops)
{
    ASSERT(u->cached_tokens <= u->prompt_tokens);
    m->input_tokens = u->prompt_tokens;
    m->cached_tokens = u->cached_tokens;
    m->output_tokens = u->output_tokens;
    m->reason = reason_of(m, u);
    if (u->finish == FINISH_STOP && u->stop)
        m->stop = stops[u->stop - 1];
    if (m->style.is_stream)
        put_start(m);
    TRY(close_block(m));
    return fit(m);
}

static fallible
finish_streamed(struct message *m)
{
    buf *b = &m->out;
    open_event(m, "message_delta");
    json_key(b, "delta");
    json_open(b, '{');
    put_stop(m, true, b);
    json_close(b, '}');
    json_key(b, "usage");
    json_open(b, '{');
    put_tokens(m, b);
    json_close(b, '}');
    close_event(m);
    open_event(m, "message_stop");
    close_event(m);
    return fit(m);
}

fallible
message_finish(struct message *m, buf *b)
{
    ASSERT(m->block == BLOCK_NONE);
    if (m->style.is_stream)
        return finish_streamed(m);
    put_message(m, true, buf_str(&m->out), b);
    return buf_end(b);
}
