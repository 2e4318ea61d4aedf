/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/meters.h"

#include <inttypes.h>

static const struct meter_info table[METER_COUNT] = {
#define METER(id, kind, name, help) [METER_##id] = {name, help, kind},
#include "base/meters.def"
#undef METER
};

enum { FIRST_BUCKET_US = 100 };

const struct meter_info *
meter_info(enum meter id)
{
    ASSERT(id < METER_COUNT);
    return &table[id];
}

uint64_t
meter_bucket_us(size_t i)
{
    ASSERT(i < METER_BUCKETS);
    return (uint64_t)FIRST_BUCKET_US << i;
}

void
meter_add(meters *m, enum meter id, int64_t n)
{
    ASSERT(id < METER_COUNT && table[id].kind != HISTOGRAM);
    ASSERT(n >= 0 || table[id].kind == GAUGE);
    atomic_fetch_add_explicit(&m->cells[id].value, n, memory_order_relaxed);
}

/* Bucket i holds what is at most 100 us × 2^i and more than the bucket before. */
static size_t
bucket_of(uint64_t us)
{
    size_t i = 0;
    while (i < METER_BUCKETS && us > meter_bucket_us(i))
        i++;
    return i;
}

void
meter_cell_observe_us(struct meter_cell *c, uint64_t us)
{
    atomic_fetch_add_explicit(&c->value, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->sum_us, us, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->buckets[bucket_of(us)], 1, memory_order_relaxed);
}

void
meter_observe_us(meters *m, enum meter id, uint64_t us)
{
    ASSERT(id < METER_COUNT && table[id].kind == HISTOGRAM);
    meter_cell_observe_us(&m->cells[id], us);
}

int64_t
meter_value(const meters *m, enum meter id)
{
    ASSERT(id < METER_COUNT);
    return atomic_load_explicit(&m->cells[id].value, memory_order_relaxed);
}

static void
put_seconds(buf *b, uint64_t us)
{
    buf_add_fmt(b, "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
}

/* "name_sum" or "name_sum{labels}". */
static void
put_name(const char *name, const char *part, str labels, buf *b)
{
    buf_add_fmt(b, "%s_%s", name, part);
    if (labels.len)
        buf_add_fmt(b, "{%.*s}", STR_FMT(labels));
    buf_add_char(b, ' ');
}

/* The count comes from the buckets, so that it fits them while others go on counting. */
void
meter_cell_put(const struct meter_cell *c, const char *name, str labels, buf *b)
{
    uint64_t count = 0;
    for (size_t i = 0; i <= METER_BUCKETS; i++) {
        count += atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
        buf_add_fmt(b, "%s_bucket{%.*s%sle=\"", name, STR_FMT(labels), labels.len ? "," : "");
        if (i < METER_BUCKETS)
            put_seconds(b, meter_bucket_us(i));
        else
            buf_add(b, STR("+Inf"));
        buf_add_fmt(b, "\"} %" PRIu64 "\n", count);
    }
    put_name(name, "sum", labels, b);
    put_seconds(b, atomic_load_explicit(&c->sum_us, memory_order_relaxed));
    buf_add_char(b, '\n');
    put_name(name, "count", labels, b);
    buf_add_fmt(b, "%" PRIu64 "\n", count);
}

void
meters_put(const meters *m, buf *b)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    for (unsigned id = 0; id < METER_COUNT; id++) {
        const char *name = table[id].name;
        buf_add_fmt(b, "# HELP %s %s\n# TYPE %s %s\n", name, table[id].help, name,
                    kinds[table[id].kind]);
        if (table[id].kind == HISTOGRAM)
            meter_cell_put(&m->cells[id], name, STR_NONE, b);
        else
            buf_add_fmt(b, "%s %" PRId64 "\n", name, meter_value(m, (enum meter)id));
    }
}
