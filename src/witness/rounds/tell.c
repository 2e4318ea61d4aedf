/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/rounds/tell.h"

#include "base/json.h"

/* ---- status */

static str
state_of(const struct rounds_witness *w)
{
    if (w->v->failures)
        return STR("failing");
    if (!w->v->is_known)
        return STR("new");
    return w->lag_entries ? STR("behind") : STR("good");
}

static void
put_witness(const struct rounds_witness *w, buf *b)
{
    json_open(b, '{');
    json_member_str(b, "name", str_of(w->v->name));
    json_member_str(b, "key", str_of(w->v->key.name));
    json_member_str(b, "state", state_of(w));
    json_member_u64(b, "signed_entries", w->v->signed_size);
    json_member_u64(b, "signed_s", w->v->signed_s);
    json_member_u64(b, "lag_entries", w->lag_entries);
    json_member_u64(b, "lag_ms", w->lag_ms);
    json_member_u64(b, "failures", w->v->failures);
    json_member_str(b, "why", str_of(w->v->why));
    json_close(b, '}');
}

void
tell_status(const rounds *r, buf *b)
{
    const struct rounds_view view = rounds_view_of(r);
    struct rounds_witness w;
    json_open(b, '{');
    json_member_u64(b, "wanted", view.wanted);
    json_member_u64(b, "good", view.good);
    json_member_bool(b, "alarm", view.is_alarmed);
    json_member_u64(b, "entries", view.head_size);
    json_key(b, "list");
    json_open(b, '[');
    for (size_t i = 0; rounds_witness_at(r, i, &w); i++)
        put_witness(&w, b);
    json_close(b, ']');
    json_close(b, '}');
}

/* ---- Prometheus */

enum number { SIGNED_S, SIGNED, LAG, LAG_S, FAILED, NUMBERS };

static const struct {
    const char *name, *type, *help;
} numbers[NUMBERS] = {
    [SIGNED_S] = {"hoheit_witness_signed_timestamp_seconds", "gauge",
                  "Time of the newest checkpoint a witness signed; 0: none."},
    [SIGNED] = {"hoheit_witness_signed_entries", "gauge",
                "Entries of the newest checkpoint a witness signed."},
    [LAG] = {"hoheit_witness_lag_entries", "gauge",
             "Entries a witness was asked to sign and has not."},
    [LAG_S] = {"hoheit_witness_lag_seconds", "gauge", "For how long a witness has been behind."},
    [FAILED] = {"hoheit_witness_failures_total", "counter",
                "Questions to a witness that ended without its signature."},
};

static uint64_t
number_of(const struct rounds_witness *w, enum number n)
{
    switch (n) {
    case SIGNED_S:
        return w->v->signed_s;
    case SIGNED:
        return w->v->signed_size;
    case LAG:
        return w->lag_entries;
    case LAG_S:
        return w->lag_ms / 1000;
    case FAILED:
        return w->v->failed_total;
    case NUMBERS:
        break;
    }
    UNREACHABLE("no such number");
}

static void
put_number(const rounds *r, enum number n, buf *b)
{
    struct rounds_witness w;
    buf_add_fmt(b, "# HELP %s %s\n# TYPE %s %s\n", numbers[n].name, numbers[n].help,
                numbers[n].name, numbers[n].type);
    for (size_t i = 0; rounds_witness_at(r, i, &w); i++)
        buf_add_fmt(b, "%s{witness=\"%s\"} %llu\n", numbers[n].name, w.v->name,
                    (unsigned long long)number_of(&w, n));
}

static void
put_gauge(const char *name, const char *help, uint64_t value, buf *b)
{
    buf_add_fmt(b, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name,
                (unsigned long long)value);
}

void
tell_metrics(const rounds *r, buf *b)
{
    const struct rounds_view view = rounds_view_of(r);
    if (!r)
        return;
    for (enum number n = 0; n < NUMBERS; n++)
        put_number(r, n, b);
    put_gauge("hoheit_witness_quorum_wanted", "Witnesses wanted to sign what is new.", view.wanted,
              b);
    put_gauge("hoheit_witness_quorum_good", "Witnesses that signed when they were asked last.",
              view.good, b);
    put_gauge("hoheit_witness_alarm", "1 while an alarm about witnesses stands.", view.is_alarmed,
              b);
}
