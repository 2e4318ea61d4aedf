/* SPDX-License-Identifier: EUPL-1.2 */
/* listen.h - reads answers of the Messages API as its clients do: a message out of events, checked
 * for their order, or out of one JSON value. */
#pragma once
#include "unit/api/anthropic/wire.h"

enum { HEARD_BLOCKS = 64, HEARD_BYTES = 64 * 1024 };

struct heard_block {
    char type[24], id[300], name[80];
    buf text; /* or thoughts, or the input's JSON */
    bool has_signature;
};

struct heard {
    struct heard_block blocks[HEARD_BLOCKS];
    size_t count;
    unsigned starts, pings, deltas, stops, errors, events;
    bool is_open; /* a block */
    char id[80], reason[32], stop[64], error[64];
    int64_t input_tokens, output_tokens, cached_tokens;
    arena *a;
    const char *wrong; /* the first thing that was */
};

static inline void
heard_done(struct heard *h)
{
    for (size_t i = 0; i < HEARD_BLOCKS; i++)
        buf_done(&h->blocks[i].text);
}

static inline void
heard_reset(struct heard *h, arena *a)
{
    heard_done(h);
    *h = (struct heard){.a = a};
    for (size_t i = 0; i < HEARD_BLOCKS; i++)
        h->blocks[i].text = BUF(HEARD_BYTES);
}

static inline void
heard_need(struct heard *h, bool holds, const char *what)
{
    if (!holds && !h->wrong)
        h->wrong = what;
}

/* The text at "a.b" in `v`; empty and wrong if it is none. */
static inline str
heard_text(struct heard *h, const jval *v, const char *name)
{
    const jval at = json_get(v, name);
    str text = STR_NONE;
    heard_need(h, json_type(at) == J_STRING && !json_str(&at, HEARD_BYTES, &text).code, name);
    return text;
}

static inline int64_t
heard_number(struct heard *h, const jval *v, const char *name)
{
    const jval at = json_get(v, name);
    int64_t n = -1;
    heard_need(h, json_type(at) == J_NUMBER && !json_i64(&at, 0, INT64_MAX, &n).code, name);
    return n;
}

#define heard_copy(h, text, room, len)                                                             \
    heard_need(h, str_copy(text, room, len), "a text that is too long")

static inline void
heard_usage(struct heard *h, const jval *v)
{
    const jval usage = json_get(v, "usage");
    heard_need(h, json_type(usage) == J_OBJECT, "usage");
    if (json_type(usage) != J_OBJECT)
        return;
    h->input_tokens = heard_number(h, &usage, "input_tokens");
    h->output_tokens = heard_number(h, &usage, "output_tokens");
    h->cached_tokens = heard_number(h, &usage, "cache_read_input_tokens");
    heard_need(h, heard_number(h, &usage, "cache_creation_input_tokens") == 0, "cache_creation");
}

static inline void
heard_reason(struct heard *h, const jval *v)
{
    const jval stop = json_get_null(v, "stop_sequence");
    heard_copy(h, heard_text(h, v, "stop_reason"), h->reason, sizeof h->reason);
    heard_need(h, stop.v != NULL, "stop_sequence");
    if (json_type(stop) == J_STRING)
        heard_copy(h, heard_text(h, v, "stop_sequence"), h->stop, sizeof h->stop);
}

static inline void
heard_message(struct heard *h, const jval *m)
{
    heard_need(h, str_eq(heard_text(h, m, "type"), STR("message")), "message.type");
    heard_need(h, str_eq(heard_text(h, m, "role"), STR("assistant")), "message.role");
    heard_copy(h, heard_text(h, m, "id"), h->id, sizeof h->id);
    heard_need(h, str_starts(str_of(h->id), STR("msg_")), "message.id");
    heard_text(h, m, "model");
    heard_usage(h, m);
}

/* A block as it begins, or whole. */
static inline void
heard_open(struct heard *h, const jval *block, bool is_whole)
{
    heard_need(h, h->count < HEARD_BLOCKS && !h->is_open, "a block too many");
    if (h->wrong)
        return;
    struct heard_block *b = &h->blocks[h->count++];
    heard_copy(h, heard_text(h, block, "type"), b->type, sizeof b->type);
    if (strcmp(b->type, "tool_use") == 0) {
        const jval input = json_get(block, "input");
        heard_copy(h, heard_text(h, block, "id"), b->id, sizeof b->id);
        heard_copy(h, heard_text(h, block, "name"), b->name, sizeof b->name);
        heard_need(h, json_type(input) == J_OBJECT, "input");
        heard_need(h, is_whole || json_count(&input) == 0, "an input before its pieces");
        if (is_whole)
            json_put_value(&b->text, &input);
        return;
    }
    const bool is_text = strcmp(b->type, "text") == 0;
    heard_need(h, is_text || strcmp(b->type, "thinking") == 0, "block.type");
    buf_add(&b->text, heard_text(h, block, is_text ? "text" : "thinking"));
    heard_need(h, is_whole || !b->text.len, "text before its pieces");
    if (!is_text)
        b->has_signature = heard_text(h, block, "signature").len > 0;
}

/* ---- one JSON value */
static inline void
heard_whole(struct heard *h, str text)
{
    struct jwalk w = {0};
    jval m, block;
    heard_need(h, !json_read(h->a, text, &m).code, "no JSON");
    if (h->wrong)
        return;
    heard_message(h, &m);
    heard_reason(h, &m);
    const jval list = json_get(&m, "content");
    heard_need(h, json_type(list) == J_ARRAY, "content");
    while (!h->wrong && json_each(&list, &w, &block))
        heard_open(h, &block, true);
}

/* ---- events */
static inline void
heard_delta(struct heard *h, const jval *e)
{
    static const char *const kinds[][3] = {{"text", "text_delta", "text"},
                                           {"thinking", "thinking_delta", "thinking"},
                                           {"tool_use", "input_json_delta", "partial_json"}};
    struct heard_block *b = &h->blocks[h->count - 1];
    const jval d = json_get(e, "delta");
    const str type = heard_text(h, &d, "type");
    if (str_eq(type, STR("signature_delta"))) {
        heard_need(h, strcmp(b->type, "thinking") == 0 && !b->has_signature, "a signature");
        b->has_signature = heard_text(h, &d, "signature").len > 0;
        return;
    }
    heard_need(h, !b->has_signature, "a thought behind its signature");
    for (size_t i = 0; i < 3; i++)
        if (strcmp(b->type, kinds[i][0]) == 0) {
            heard_need(h, str_eq(type, str_of(kinds[i][1])), "delta.type");
            buf_add(&b->text, heard_text(h, &d, kinds[i][2]));
        }
}

static inline void
heard_block_event(struct heard *h, str name, const jval *e)
{
    const int64_t index = heard_number(h, e, "index");
    if (str_eq(name, STR("content_block_start"))) {
        const jval block = json_get(e, "content_block");
        heard_need(h, index == (int64_t)h->count, "index");
        heard_open(h, &block, false);
        h->is_open = true;
        return;
    }
    heard_need(h, h->is_open && index + 1 == (int64_t)h->count, "a block that is not open");
    if (h->wrong)
        return;
    if (str_eq(name, STR("content_block_delta")))
        heard_delta(h, e);
    else
        h->is_open = false;
}

static inline void
heard_other_event(struct heard *h, str name, const jval *e)
{
    if (str_eq(name, STR("message_delta"))) {
        const jval delta = json_get(e, "delta");
        heard_need(h, !h->is_open && !h->deltas++, "message_delta");
        heard_reason(h, &delta);
        heard_usage(h, e);
    } else if (str_eq(name, STR("message_stop"))) {
        heard_need(h, h->deltas == 1 && !h->stops++, "message_stop");
    } else if (str_eq(name, STR("ping"))) {
        h->pings++;
    } else if (str_eq(name, STR("error"))) {
        const jval error = json_get(e, "error");
        h->errors++;
        heard_copy(h, heard_text(h, &error, "type"), h->error, sizeof h->error);
    } else {
        heard_need(h, false, "an unknown event");
    }
}

static inline void
heard_event(void *ctx, str name, str data)
{
    struct heard *h = ctx;
    jval e;
    h->events++;
    heard_need(h, !json_read(h->a, data, &e).code, "no JSON");
    heard_need(h, !h->stops && !h->errors, "an event behind the end");
    if (h->wrong)
        return;
    heard_need(h, str_eq(heard_text(h, &e, "type"), name), "the event's name");
    if (str_eq(name, STR("message_start"))) {
        const jval m = json_get(&e, "message");
        heard_need(h, h->events == 1 && !h->starts++, "message_start");
        heard_message(h, &m);
        return;
    }
    heard_need(h, h->starts == 1, "an event before message_start");
    if (str_starts(name, STR("content_block_")))
        heard_block_event(h, name, &e);
    else
        heard_other_event(h, name, &e);
}

/* All of a stream, in pieces of `step` bytes at most (0: at random borders). */
static inline void
heard_stream(struct heard *h, str bytes, size_t step)
{
    sse_reader r = SSE_READER(HEARD_BYTES * 8);
    while (bytes.len) {
        const size_t most = step ? step : 1 + test_random() % 40;
        const str piece = str_slice(bytes, 0, most);
        heard_need(h, !sse_read(&r, piece, heard_event, h).code, "no events");
        bytes = str_slice(bytes, most, bytes.len);
    }
    heard_need(h, !r.started || !r.data.len, "half an event");
    sse_reader_done(&r);
}
