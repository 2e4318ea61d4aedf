/* SPDX-License-Identifier: EUPL-1.2 */
/* measure.h - what /metrics shows, as OTLP says it: the histograms of models by the names of
 * OpenTelemetry's conventions, everything of meters.def by its own.
 *
 * Sums and histograms are cumulative since the process started, so that a message that was lost
 * costs nothing but its moment. */
#pragma once
#include "otel/attribute.h"
#include "sched/served.h"

enum { MEASURE_BYTES_MAX = 16 * 1024 * 1024 };

struct measure {
    const struct served *served;
    const meters *meters;
    int64_t started_wall_ms, now_wall_ms;
};

/* The whole of ExportMetricsServiceRequest. */
void measure_put(const struct measure *m, const struct otel_self *self, buf *b);
