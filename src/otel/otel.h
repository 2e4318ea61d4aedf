/* SPDX-License-Identifier: EUPL-1.2 */
/* otel.h - telling a collector that the operator names: traces of requests and measures, by
 * OpenTelemetry's OTLP/HTTP with JSON (opentelemetry-proto 1.x), through hoheit-egress.
 *
 * The collector is an entry of providers.yaml with dialect otlp: its address, certificates and
 * credentials are hoheit-egress's business, its sink is policy's.  Each message is content of the
 * label otlp.label, and leaves only against a grant, as all that leaves does.
 *
 * Nobody waits for it: a note is copied into a queue of otlp.queue_max, and dropped and counted
 * when that is full.  At most one message is under way.  What the collector wants again later
 * (429, 502, 503, 504, or no answer at all) is kept and sent again after its Retry-After or
 * otlp.pause_ms, which doubles, PAUSE_MS_MAX at most; what it refuses otherwise is dropped and
 * counted.  What it answers is read up to ANSWER_BYTES_MAX and believed for nothing but
 * "rejectedSpans".
 *
 * One thread: the loop's. */
#pragma once
#include "base/params.h"
#include "base/secret.h"
#include "egress/egress.h"
#include "egress/provider_list.h"
#include "os/loop.h"
#include "otel/measure.h"
#include "otel/span.h"
#include "policy/policy.h"

/* So many notes are not left waiting for the timer; so many go in one message at most. */
enum { OTEL_BATCH = 64, OTEL_BATCH_MAX = 256 };

typedef struct otel otel;

struct otel_parts { /* all outlive it */
    loop *loop;
    const struct params *params;
    meters *meters;
    const struct served *served;
    const policy *policy;
    const struct provider_list *providers; /* NULL: none */
    const secret *pepper;                  /* for opaque ids */
    const char *address, *commit;
    int64_t started_wall_ms;
    /* Policy's leave for `data` to go to `sink`, in `a`; it records what changed. */
    fallible (*leave)(void *ctx, label data, label sink, arena *a, const grant **ret);
    void *ctx;
};

/* Do the settings fit the list and the policy?  CONFIG with a public sentence. */
fallible otel_check(const struct params *p, const struct provider_list *list, const policy *rules);
/* *ret is NULL where no collector is named. */
fallible otel_new(const struct otel_parts *parts, otel **ret);
/* Before the egress it uses.  NULL is fine. */
void otel_free(otel *o);
/* There is a way out from now on. */
void otel_use(otel *o, egress *e);
/* Are traces sent?  `o` may be NULL. */
bool otel_traces(const otel *o);
/* The trace a request belongs to; false: none is kept of it. */
bool otel_trace(const otel *o, str request_id, str traceparent, struct trace *ret);
/* Opaque, the same for the same tenant of this installation. */
uint64_t otel_tenant(const otel *o, str tenant);
/* Copies it; the serial is set here. */
void otel_note(otel *o, const struct span_note *n);
