/* SPDX-License-Identifier: EUPL-1.2 */
/* trace.h - which trace a request belongs to: the caller's, if it names one (W3C Trace Context,
 * field traceparent), else one of its own, made from the request's id so that whoever has one has
 * the other.
 *
 * A caller that says "not sampled" is not traced.  Of the requests that name no trace a share is,
 * chosen by the trace's id as OpenTelemetry's TraceIdRatioBased does.  What else the caller's
 * tracer says (tracestate) is neither read nor passed on.  Pure. */
#pragma once
#include "base/str.h"

enum { TRACE_ID_BYTES = 16, SPAN_ID_BYTES = 8, TRACE_TEXT_BYTES = 33 };

struct trace {
    uint8_t id[TRACE_ID_BYTES];    /* never all zero */
    uint8_t parent[SPAN_ID_BYTES]; /* the caller's span; all zero: none */
    bool is_sampled;
};

/* `traceparent` as it came; one that is malformed counts as none. */
void trace_of(str request_id, str traceparent, uint64_t sample_percent, struct trace *ret);
bool trace_has_parent(const struct trace *t);
/* 32 hexadecimal digits and NUL; returns them. */
str trace_text(const struct trace *t, char room[TRACE_TEXT_BYTES]);
