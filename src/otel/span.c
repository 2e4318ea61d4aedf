/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/span.h"

#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/map.h"
#include "base/num.h"
#include "engine/proto.h"

enum kind { KIND_INTERNAL = 1, KIND_SERVER = 2, KIND_CLIENT = 3 };
enum part { PART_ROOT, PART_DECIDE, PART_QUEUE, PART_RUN };
enum { STATUS_ERROR = 2, FLAG_SAMPLED = 1 };

struct span { /* one to be written */
    const struct span_note *note;
    const char *name;
    enum part part;
    enum kind kind;
    uint64_t from_us, to_us;
};

/* ---- ids and times */
static void
put_hex(buf *b, const char *name, const uint8_t *bytes, size_t len)
{
    json_key(b, name);
    buf_add_char(b, '"');
    hex_put(b, bytes, len);
    buf_add_char(b, '"');
}

/* Unlike any other of the trace; never zero. */
static void
put_span_id(buf *b, const char *name, const struct span_note *n, enum part part)
{
    static const uint8_t key[16] = "ids of spans";
    struct {
        uint8_t trace[TRACE_ID_BYTES];
        uint64_t serial, part;
        char request[SPAN_NAME_MAX];
    } from = {.serial = n->serial, .part = part};
    memcpy(from.trace, n->trace.id, sizeof from.trace);
    memcpy(from.request, n->request_id, sizeof from.request);
    const uint64_t id = siphash24(key, &from, sizeof from) | 1;
    put_hex(b, name, (const uint8_t *)&id, sizeof id);
}

static uint64_t
wall_ns(const struct span_note *n, uint64_t us)
{
    const uint64_t ago_us = n->ended_us > us ? n->ended_us - us : 0;
    return (uint64_t)n->ended_wall_ms * 1000000 - ago_us * 1000;
}

/* ---- attributes */
static void
put_address(const struct otel_self *self, buf *b)
{
    str host = self->address;
    uint64_t port = 0;
    size_t colon = host.len;
    while (colon && host.at[colon - 1] != ':')
        colon--;
    if (!colon || num_u64(str_slice(host, colon, host.len), 1, 65535, &port).code)
        return;
    attribute_str(b, "server.address", str_slice(host, 0, colon - 1));
    attribute_u64(b, "server.port", port);
}

static void
put_finishes(uint32_t finishes, buf *b)
{
    static const char *const names[] = {[FINISH_STOP] = "stop",
                                        [FINISH_LENGTH] = "length",
                                        [FINISH_CANCELLED] = "cancelled",
                                        [FINISH_CALLS] = "tool_calls",
                                        [FINISH_FILTER] = "content_filter"};
    json_open(b, '{');
    json_member_str(b, "key", STR("gen_ai.response.finish_reasons"));
    json_key(b, "value");
    json_open(b, '{');
    json_key(b, "arrayValue");
    json_open(b, '{');
    json_key(b, "values");
    json_open(b, '[');
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (finishes & 1u << i) {
            json_open(b, '{');
            json_member_str(b, "stringValue", str_of(names[i]));
            json_close(b, '}');
        }
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, '}');
    json_close(b, '}');
}

/* What the conventions want of whoever runs a model, and of who asks one. */
static void
put_model(const struct span_note *n, buf *b)
{
    attribute_str(b, "gen_ai.operation.name", str_of(n->operation));
    attribute_str(b, "gen_ai.provider.name", str_of(n->dialect ? n->dialect : "hoheit"));
    if (n->model[0])
        attribute_str(b, "gen_ai.request.model", str_of(n->model));
    if (n->is_counted) {
        attribute_u64(b, "gen_ai.usage.input_tokens", n->tokens_in);
        attribute_u64(b, "gen_ai.usage.output_tokens", n->tokens_out);
    }
    if (n->finishes)
        put_finishes(n->finishes, b);
}

static void
put_attributes(const struct span *s, const struct otel_self *self, buf *b)
{
    const struct span_note *const n = s->note;
    json_key(b, "attributes");
    json_open(b, '[');
    if (s->part == PART_ROOT || s->part == PART_RUN)
        put_model(n, b);
    if (s->part == PART_ROOT) {
        put_address(self, b);
        attribute_str(b, "hoheit.request.id", str_of(n->request_id));
        attribute_str(b, "hoheit.class", str_of(n->class));
        attribute_id(b, "hoheit.tenant.id", n->tenant);
    }
    if (s->part == PART_RUN && n->provider[0])
        attribute_str(b, "peer.service", str_of(n->provider));
    if (s->part == PART_DECIDE)
        attribute_str(b, "hoheit.decision", n->is_denied ? STR("denied") : STR("allowed"));
    const bool is_here = s->part == PART_ROOT || s->part == (n->is_denied ? PART_DECIDE : PART_RUN);
    if (n->error && is_here)
        attribute_str(b, "error.type", str_of(n->error));
    json_close(b, ']');
    if (n->error && is_here) {
        json_key(b, "status");
        json_open(b, '{');
        json_member_u64(b, "code", STATUS_ERROR);
        json_close(b, '}');
    }
}

static void
put_first_token(const struct span_note *n, buf *b)
{
    json_key(b, "events");
    json_open(b, '[');
    json_open(b, '{');
    member_text_u64(b, "timeUnixNano", wall_ns(n, n->first_us));
    json_member_str(b, "name", STR("first token"));
    json_close(b, '}');
    json_close(b, ']');
}

/* ---- spans */
static void
put_name(const struct span *s, buf *b)
{
    char room[SPAN_MODEL_MAX + SPAN_NAME_MAX];
    const struct span_note *const n = s->note;
    (void)snprintf(room, sizeof room, "%s %s", n->operation, n->model);
    json_member_str(b, "name", s->name ? str_of(s->name) : str_trim(str_of(room)));
}

static void
put_span(const struct span *s, const struct otel_self *self, buf *b)
{
    const struct span_note *const n = s->note;
    json_open(b, '{');
    put_hex(b, "traceId", n->trace.id, sizeof n->trace.id);
    put_span_id(b, "spanId", n, s->part);
    if (s->part != PART_ROOT)
        put_span_id(b, "parentSpanId", n, PART_ROOT);
    else if (trace_has_parent(&n->trace))
        put_hex(b, "parentSpanId", n->trace.parent, sizeof n->trace.parent);
    json_member_u64(b, "flags", FLAG_SAMPLED);
    put_name(s, b);
    json_member_u64(b, "kind", s->kind);
    member_text_u64(b, "startTimeUnixNano", wall_ns(n, s->from_us));
    member_text_u64(b, "endTimeUnixNano", wall_ns(n, s->to_us));
    put_attributes(s, self, b);
    if (s->part == PART_RUN && n->first_us)
        put_first_token(n, b);
    json_close(b, '}');
}

void
span_put(const struct span_note *n, const struct otel_self *self, buf *b)
{
    const uint64_t done_us = n->answered_us ? n->answered_us : n->ended_us;
    const struct span spans[] = {
        {n, NULL, PART_ROOT, KIND_SERVER, n->received_us, n->ended_us},
        {n, "hoheit.decide", PART_DECIDE, KIND_INTERNAL, n->received_us, n->decided_us},
        {n, "hoheit.queue", PART_QUEUE, KIND_INTERNAL, n->decided_us, n->begun_us},
        {n, NULL, PART_RUN, n->provider[0] ? KIND_CLIENT : KIND_INTERNAL, n->begun_us, done_us}};
    ASSERT(n->operation && n->class && n->received_us && n->ended_us >= n->received_us);
    put_span(&spans[0], self, b);
    for (size_t i = 1; i < sizeof spans / sizeof *spans; i++)
        if (spans[i].to_us && spans[i].from_us && spans[i].to_us >= spans[i].from_us)
            put_span(&spans[i], self, b);
}

void
span_put_all(const struct otel_self *self, size_t count,
             const struct span_note *(*at)(const void *ctx, size_t i), const void *ctx, buf *b)
{
    json_open(b, '{');
    json_key(b, "resourceSpans");
    json_open(b, '[');
    json_open(b, '{');
    member_resource(b, self);
    json_key(b, "scopeSpans");
    json_open(b, '[');
    json_open(b, '{');
    member_scope(b, self);
    json_key(b, "spans");
    json_open(b, '[');
    for (size_t i = 0; i < count; i++)
        span_put(at(ctx, i), self, b);
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, ']');
    json_close(b, '}');
}
