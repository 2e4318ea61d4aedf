/* SPDX-License-Identifier: EUPL-1.2 */
#include "otel/measure.h"

#include <inttypes.h>
#include <stdio.h>

enum { CUMULATIVE = 2 };

/* ---- frames */
static void
open_metric(buf *b, str name, const char *help, const char *unit)
{
    json_open(b, '{');
    json_member_str(b, "name", name);
    json_member_str(b, "description", str_of(help));
    json_member_str(b, "unit", str_of(unit));
}

static void
open_data(buf *b, const char *kind)
{
    json_key(b, kind);
    json_open(b, '{');
    if (kind[0] != 'g')
        json_member_u64(b, "aggregationTemporality", CUMULATIVE);
    if (kind[0] == 's')
        json_member_bool(b, "isMonotonic", true);
    json_key(b, "dataPoints");
    json_open(b, '[');
}

static void
close_metric(buf *b)
{
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, '}');
}

static void
open_point(const struct measure *m, buf *b)
{
    json_open(b, '{');
    member_text_u64(b, "startTimeUnixNano", (uint64_t)m->started_wall_ms * 1000000);
    member_text_u64(b, "timeUnixNano", (uint64_t)m->now_wall_ms * 1000000);
}

static void
put_row(const struct served_view *v, const char *key, const char *value, buf *b)
{
    json_key(b, "attributes");
    json_open(b, '[');
    attribute_str(b, "gen_ai.operation.name", v->embeds ? STR("embeddings") : STR("chat"));
    attribute_str(b, "gen_ai.provider.name", STR("hoheit"));
    attribute_str(b, "gen_ai.request.model", v->model);
    attribute_str(b, "hoheit.class", str_of(v->class));
    if (key)
        attribute_str(b, key, str_of(value));
    json_close(b, ']');
}

/* ---- histograms */
static void
put_counts(buf *b, const uint64_t *counts, size_t len)
{
    char room[24];
    json_key(b, "bucketCounts");
    json_open(b, '[');
    for (size_t i = 0; i < len; i++) {
        (void)snprintf(room, sizeof room, "%llu", (unsigned long long)counts[i]);
        json_put_str(b, str_of(room));
    }
    json_close(b, ']');
}

/* The count comes from the buckets, so that it fits them while others go on counting. */
static void
put_cell(const struct meter_cell *c, buf *b)
{
    uint64_t counts[METER_BUCKETS + 1], count = 0;
    for (size_t i = 0; i <= METER_BUCKETS; i++) {
        counts[i] = atomic_load_explicit(&c->buckets[i], memory_order_relaxed);
        count += counts[i];
    }
    member_text_u64(b, "count", count);
    json_member_f64(b, "sum", (double)atomic_load_explicit(&c->sum_us, memory_order_relaxed) / 1e6);
    put_counts(b, counts, METER_BUCKETS + 1);
    json_key(b, "explicitBounds");
    json_open(b, '[');
    for (size_t i = 0; i < METER_BUCKETS; i++)
        json_put_f64(b, (double)meter_bucket_us(i) / 1e6);
    json_close(b, ']');
}

static void
put_tokens(const struct served_tokens *t, buf *b)
{
    member_text_u64(b, "count", t->count);
    json_member_f64(b, "sum", (double)t->sum);
    put_counts(b, t->buckets, SERVED_TOKEN_BUCKETS + 1);
    json_key(b, "explicitBounds");
    json_open(b, '[');
    for (size_t i = 0; i < SERVED_TOKEN_BUCKETS; i++)
        json_put_f64(b, (double)served_token_bucket(i));
    json_close(b, ']');
}

/* ---- models */
static void
put_times(const struct measure *m, enum served_time t, buf *b)
{
    static const char *const names[SERVED_TIMES] = {
        [SERVED_QUEUE] = "hoheit.queue.duration",
        [SERVED_FIRST] = "gen_ai.server.time_to_first_token",
        [SERVED_GAP] = "gen_ai.server.time_per_output_token",
        [SERVED_DURATION] = "gen_ai.server.request.duration"};
    struct served_view v;
    open_metric(b, str_of(names[t]), served_time_help(t), "s");
    open_data(b, "histogram");
    for (size_t i = 0; served_at(m->served, i, &v); i++) {
        open_point(m, b);
        put_row(&v, NULL, NULL, b);
        put_cell(v.times[t], b);
        json_close(b, '}');
    }
    close_metric(b);
}

static void
put_usage(const struct measure *m, buf *b)
{
    static const char *const kinds[SERVED_DIRECTIONS] = {"input", "output"};
    struct served_view v;
    open_metric(b, STR("gen_ai.client.token.usage"), "Tokens of a request, read and written.",
                "{token}");
    open_data(b, "histogram");
    for (size_t i = 0; served_at(m->served, i, &v); i++)
        for (size_t k = 0; k < SERVED_DIRECTIONS; k++) {
            open_point(m, b);
            put_row(&v, "gen_ai.token.type", kinds[k], b);
            put_tokens(v.tokens[k], b);
            json_close(b, '}');
        }
    close_metric(b);
}

static void
put_outcome(const struct measure *m, const struct served_view *v, bool failed, buf *b)
{
    open_point(m, b);
    put_row(v, "hoheit.outcome", failed ? "failed" : "ok", b);
    member_text_u64(b, "asInt", failed ? v->failed : v->ended);
    json_close(b, '}');
}

static void
put_requests(const struct measure *m, buf *b)
{
    struct served_view v;
    open_metric(b, STR("hoheit.model.requests"), "Requests that ended, by how.", "{request}");
    open_data(b, "sum");
    for (size_t i = 0; served_at(m->served, i, &v); i++) {
        put_outcome(m, &v, false, b);
        put_outcome(m, &v, true, b);
    }
    close_metric(b);
}

static void
put_energy(const struct measure *m, buf *b)
{
    struct served_view v;
    open_metric(b, STR("hoheit.energy"), "Energy of engines, by RAPL.", "J");
    open_data(b, "sum");
    for (size_t i = 0; served_at(m->served, i, &v); i++) {
        if (!v.is_metered)
            continue;
        open_point(m, b);
        put_row(&v, NULL, NULL, b);
        json_member_f64(b, "asDouble", (double)v.energy_mj / 1e3);
        json_close(b, '}');
    }
    close_metric(b);
}

/* ---- meters.def: without the endings that Prometheus wants and its exporters add again */
static str
plain_name(const struct meter_info *i)
{
    const str name = str_of(i->name), total = STR("_total"), seconds = STR("_seconds");
    const str end = i->kind == HISTOGRAM ? seconds : total;
    return str_ends(name, end) ? str_slice(name, 0, name.len - end.len) : name;
}

static void
put_int(int64_t n, buf *b)
{
    char room[24];
    (void)snprintf(room, sizeof room, "%" PRId64, n);
    json_member_str(b, "asInt", str_of(room));
}

static void
put_meter(const struct measure *m, enum meter id, buf *b)
{
    static const char *const kinds[] = {
        [COUNTER] = "sum", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};
    const struct meter_info *const i = meter_info(id);
    open_metric(b, plain_name(i), i->help, i->kind == HISTOGRAM ? "s" : "1");
    open_data(b, kinds[i->kind]);
    open_point(m, b);
    if (i->kind == HISTOGRAM)
        put_cell(&m->meters->cells[id], b);
    else
        put_int(meter_value(m->meters, id), b);
    json_close(b, '}');
    close_metric(b);
}

void
measure_put(const struct measure *m, const struct otel_self *self, buf *b)
{
    json_open(b, '{');
    json_key(b, "resourceMetrics");
    json_open(b, '[');
    json_open(b, '{');
    member_resource(b, self);
    json_key(b, "scopeMetrics");
    json_open(b, '[');
    json_open(b, '{');
    member_scope(b, self);
    json_key(b, "metrics");
    json_open(b, '[');
    for (unsigned t = 0; t < SERVED_TIMES; t++)
        put_times(m, (enum served_time)t, b);
    put_usage(m, b);
    put_requests(m, b);
    put_energy(m, b);
    for (unsigned id = 0; id < METER_COUNT; id++)
        put_meter(m, (enum meter)id, b);
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, ']');
    json_close(b, '}');
    json_close(b, ']');
    json_close(b, '}');
}
