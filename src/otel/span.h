/* SPDX-License-Identifier: EUPL-1.2 */
/* span.h - one request as the spans of its trace, by OpenTelemetry's conventions for generative AI:
 *
 *     chat MODEL            SERVER    from the request's last byte until its record is durable
 *       hoheit.decide       INTERNAL  until the decision is durable
 *       hoheit.queue        INTERNAL  until an engine took it up
 *       chat MODEL          INTERNAL  in an engine of ours, or CLIENT, at a provider; with an event
 *                                     at the first token
 *
 * A note is what is known at the end, in fixed room, so that taking one costs a copy; the JSON is
 * made when it is sent.  It holds nothing that was said, no name of a person or key, and of the
 * tenant an opaque number. */
#pragma once
#include "otel/attribute.h"
#include "otel/trace.h"

enum { SPAN_MODEL_MAX = 128, SPAN_NAME_MAX = 48 };

struct span_note {
    struct trace trace;
    uint64_t serial; /* of the process's notes: makes the spans' ids */
    char request_id[SPAN_NAME_MAX];
    char model[SPAN_MODEL_MAX];   /* of the registry, never as asked for */
    char provider[SPAN_NAME_MAX]; /* its entry's name; "": an engine of ours */
    const char *dialect;          /* of the provider, as the conventions call it */
    const char *operation;        /* gen_ai.operation.name */
    const char *class;
    const char *error; /* error.type; NULL: none */
    bool is_denied;    /* the error came before anything ran */
    bool is_counted;   /* tokens were */
    uint32_t finishes; /* a bit for each enum engine_finish that an answer ended with */
    uint64_t tokens_in, tokens_out, tenant;
    /* Monotonic microseconds; 0: it did not come to that. */
    uint64_t received_us, decided_us, submitted_us, begun_us, first_us, answered_us, ended_us;
    int64_t ended_wall_ms;
};

/* Its spans, into an array that is open. */
void span_put(const struct span_note *n, const struct otel_self *self, buf *b);
/* The whole of ExportTraceServiceRequest; `at(ctx, i)` gives note i. */
void
span_put_all(const struct otel_self *self, size_t count,
             const struct span_note *(*at)(const void *ctx, size_t i), const void *ctx, buf *b);
