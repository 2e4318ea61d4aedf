/* SPDX-License-Identifier: EUPL-1.2 */
/* meters.h - counters, gauges and histograms of one process (meters.def).
 *
 * One `meters` per process, made in main/ and passed down.  Updates are relaxed atomics, any
 * thread.  Histogram buckets are powers of two from 100 us to 200 s: 22 of them. */
#pragma once
#include <stdatomic.h>

#include "base/buf.h"

enum meter {
#define METER(id, kind, name, help) METER_##id,
#include "base/meters.def"
#undef METER
    METER_COUNT
};

enum { METER_BUCKETS = 22 };

struct meter_cell {
    _Atomic int64_t value;   /* counter or gauge; histogram: observations */
    _Atomic uint64_t sum_us; /* histogram */
    _Atomic uint64_t buckets[METER_BUCKETS + 1];
};

typedef struct {
    struct meter_cell cells[METER_COUNT];
} meters;

enum meter_kind { COUNTER, GAUGE, HISTOGRAM };

struct meter_info {
    const char *name, *help; /* as Prometheus spells it */
    enum meter_kind kind;
};

const struct meter_info *meter_info(enum meter id);
/* The most that bucket `i` of METER_BUCKETS holds; what is more is in the one after the last. */
uint64_t meter_bucket_us(size_t i);
/* One histogram that is not in the table; all zero at first. */
void meter_cell_observe_us(struct meter_cell *c, uint64_t us);
/* Its lines in Prometheus' format; `labels` as they stand in braces, empty for none. */
void meter_cell_put(const struct meter_cell *c, const char *name, str labels, buf *b);

void meter_add(meters *m, enum meter id, int64_t n);
void meter_observe_us(meters *m, enum meter id, uint64_t us);
int64_t meter_value(const meters *m, enum meter id);
/* Prometheus text format 0.0.4. */
void meters_put(const meters *m, buf *b);
