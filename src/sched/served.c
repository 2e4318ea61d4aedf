/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/served.h"

#include "base/fault.h"

enum { MODEL_BYTES_MAX = 128 };

static const struct {
    const char *name, *help;
} histograms[SERVED_TIMES] = {
    [SERVED_QUEUE] = {"hoheit_queue_seconds", "Time a request waited before an engine took it up."},
    [SERVED_FIRST] = {"gen_ai_server_time_to_first_token_seconds",
                      "From the request's last byte to the first token."},
    [SERVED_GAP] = {"gen_ai_server_time_per_output_token_seconds",
                    "Between two tokens of one answer."},
    [SERVED_DURATION] = {"gen_ai_server_request_duration_seconds",
                         "From the request's last byte to the end of the answer."},
};

enum { ENDED, FAILED, TOKENS_IN, TOKENS_OUT, COUNTERS };

struct served_row {
    char model[MODEL_BYTES_MAX];
    size_t model_len;
    enum conv_class class;
    struct meter_cell cells[SERVED_TIMES];
    uint64_t counters[COUNTERS];
    uint64_t energy_mj;
    struct served_tokens tokens[SERVED_DIRECTIONS];
    bool is_metered; /* ever; else there is no number to show */
    bool embeds;
};

struct served {
    struct served_row *rows[SERVED_ROWS_MAX];
    size_t count;
    struct served_row other;
};

const char *served_class_name(enum conv_class class)
{
    static const char *const names[] = {
        [CONV_CITIZEN] = "citizen", [CONV_CLERK] = "clerk", [CONV_BATCH] = "batch"};
    ASSERT((size_t) class < sizeof names / sizeof *names);
    return names[class];
}

static void
name_row(struct served_row *r, str model, enum conv_class class)
{
    r->model_len = model.len < MODEL_BYTES_MAX ? model.len : MODEL_BYTES_MAX;
    if (r->model_len)
        memcpy(r->model, model.at, r->model_len);
    r->class = class;
}

fallible
served_new(struct served **ret)
{
    struct served *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for measurements");
    memset(s, 0, sizeof *s);
    name_row(&s->other, STR("other"), CONV_CLERK);
    *ret = s;
    return OK;
}

void
served_free(struct served *s)
{
    for (size_t i = 0; s && i < s->count; i++)
        mem_free(s->rows[i]);
    mem_free(s);
}

static str
model_of(const struct served_row *r)
{
    return (str){r->model, r->model_len};
}

struct served_row *
served_row_of(struct served *s, str model, enum conv_class class)
{
    const str name = str_slice(model, 0, MODEL_BYTES_MAX);
    for (size_t i = 0; i < s->count; i++)
        if (s->rows[i]->class == class && str_eq(model_of(s->rows[i]), name))
            return s->rows[i];
    struct served_row *r = s->count < SERVED_ROWS_MAX ? mem_get(sizeof *r) : NULL;
    if (!r)
        return &s->other;
    memset(r, 0, sizeof *r);
    name_row(r, name, class);
    return s->rows[s->count++] = r;
}

void
served_gap(struct served_row *r, uint64_t us)
{
    meter_cell_observe_us(&r->cells[SERVED_GAP], us);
}

uint64_t
served_token_bucket(size_t i)
{
    ASSERT(i < SERVED_TOKEN_BUCKETS);
    return UINT64_C(1) << 2 * i;
}

static void
count_tokens(struct served_tokens *t, uint64_t n)
{
    size_t i = 0;
    while (i < SERVED_TOKEN_BUCKETS && n > served_token_bucket(i))
        i++;
    t->buckets[i]++;
    t->count++;
    t->sum += n;
}

void
served_end(struct served_row *r, const struct served_end *e)
{
    meter_cell_observe_us(&r->cells[SERVED_QUEUE], e->queued_us);
    meter_cell_observe_us(&r->cells[SERVED_DURATION], e->total_us);
    if (e->first_token_us)
        meter_cell_observe_us(&r->cells[SERVED_FIRST], e->first_token_us);
    r->counters[e->is_failed ? FAILED : ENDED]++;
    r->counters[TOKENS_IN] += e->tokens_in;
    r->counters[TOKENS_OUT] += e->tokens_out;
    count_tokens(&r->tokens[SERVED_INPUT], e->tokens_in);
    count_tokens(&r->tokens[SERVED_OUTPUT], e->tokens_out);
    r->embeds = e->embeds;
    r->energy_mj += e->energy_mj;
    r->is_metered |= e->is_metered;
}

/* ---- Prometheus */

/* A label's value: quotes, backslashes and line feeds are escaped, what is no text is left out. */
static void
put_labels(const struct served_row *r, buf *b)
{
    buf_add(b, STR("gen_ai_request_model=\""));
    for (size_t i = 0; i < r->model_len; i++) {
        const unsigned char c = (unsigned char)r->model[i];
        if (c == '"' || c == '\\')
            buf_add_char(b, '\\');
        if (c >= 0x20 && c < 0x7f)
            buf_add_char(b, (char)c);
    }
    buf_add_fmt(b, "\",hoheit_class=\"%s\"", served_class_name(r->class));
}

/* Row `i`, the shared one after the last; NULL past it, and there while nothing is in it. */
static const struct served_row *
row_at(const struct served *s, size_t i)
{
    const struct served_row *o = &s->other;
    if (i < s->count)
        return s->rows[i];
    return i == s->count && o->counters[ENDED] + o->counters[FAILED] ? o : NULL;
}

const char *
served_time_name(enum served_time t)
{
    ASSERT(t < SERVED_TIMES);
    return histograms[t].name;
}

const char *
served_time_help(enum served_time t)
{
    ASSERT(t < SERVED_TIMES);
    return histograms[t].help;
}

bool
served_at(const struct served *s, size_t i, struct served_view *ret)
{
    const struct served_row *const r = row_at(s, i);
    if (!r)
        return false;
    *ret = (struct served_view){.model = model_of(r),
                                .class = served_class_name(r->class),
                                .embeds = r->embeds,
                                .ended = r->counters[ENDED],
                                .failed = r->counters[FAILED],
                                .energy_mj = r->energy_mj,
                                .is_metered = r->is_metered};
    for (size_t k = 0; k < SERVED_TIMES; k++)
        ret->times[k] = &r->cells[k];
    for (size_t k = 0; k < SERVED_DIRECTIONS; k++)
        ret->tokens[k] = &r->tokens[k];
    return true;
}

static void
put_histogram(const struct served *s, int which, buf *b)
{
    const struct served_row *r;
    buf_add_fmt(b, "# HELP %s %s\n# TYPE %s histogram\n", histograms[which].name,
                histograms[which].help, histograms[which].name);
    for (size_t i = 0; (r = row_at(s, i)); i++) {
        AUTO(buf) labels = BUF(1024);
        put_labels(r, &labels);
        meter_cell_put(&r->cells[which], histograms[which].name, buf_str(&labels), b);
    }
}

static const char *const directions[SERVED_DIRECTIONS] = {"input", "output"};

static void
put_tokens(const struct served_row *r, size_t which, buf *b)
{
    static const char name[] = "gen_ai_client_token_usage";
    const struct served_tokens *const t = &r->tokens[which];
    AUTO(buf) labels = BUF(1024);
    uint64_t sum = 0;
    put_labels(r, &labels);
    buf_add_fmt(&labels, ",gen_ai_token_type=\"%s\"", directions[which]);
    const str l = buf_str(&labels);
    for (size_t i = 0; i <= SERVED_TOKEN_BUCKETS; i++) {
        sum += t->buckets[i];
        buf_add_fmt(b, "%s_bucket{%.*s,le=\"", name, STR_FMT(l));
        if (i < SERVED_TOKEN_BUCKETS)
            buf_add_u64(b, served_token_bucket(i));
        else
            buf_add(b, STR("+Inf"));
        buf_add_fmt(b, "\"} %llu\n", (unsigned long long)sum);
    }
    buf_add_fmt(b, "%s_sum{%.*s} %llu\n%s_count{%.*s} %llu\n", name, STR_FMT(l),
                (unsigned long long)t->sum, name, STR_FMT(l), (unsigned long long)t->count);
}

static void
put_token_histograms(const struct served *s, buf *b)
{
    const struct served_row *r;
    buf_add(b, STR("# HELP gen_ai_client_token_usage Tokens of a request, read and written.\n"
                   "# TYPE gen_ai_client_token_usage histogram\n"));
    for (size_t i = 0; (r = row_at(s, i)); i++)
        for (size_t k = 0; k < SERVED_DIRECTIONS; k++)
            put_tokens(r, k, b);
}

static const struct counters {
    const char *name, *help, *by, *values[2];
    int first;
} counters[] = {
    {"hoheit_model_requests_total",
     "Requests that ended, by how.",
     "outcome",
     {"ok", "failed"},
     ENDED},
    {"gen_ai_server_token_usage_total",
     "Tokens read and written.",
     "gen_ai_token_type",
     {"input", "output"},
     TOKENS_IN},
};

static void
put_counters(const struct served *s, const struct counters *k, buf *b)
{
    const struct served_row *r;
    buf_add_fmt(b, "# HELP %s %s\n# TYPE %s counter\n", k->name, k->help, k->name);
    for (size_t i = 0; (r = row_at(s, i)); i++)
        for (int v = 0; v < 2; v++) {
            buf_add_fmt(b, "%s{", k->name);
            put_labels(r, b);
            buf_add_fmt(b, ",%s=\"%s\"} %llu\n", k->by, k->values[v],
                        (unsigned long long)r->counters[k->first + v]);
        }
}

static void
put_energy(const struct served *s, buf *b)
{
    const struct served_row *r;
    bool has_head = false;
    for (size_t i = 0; (r = row_at(s, i)); i++) {
        if (!r->is_metered)
            continue;
        if (!has_head)
            buf_add(b, STR("# HELP hoheit_energy_joules_total Energy of engines, by RAPL.\n"
                           "# TYPE hoheit_energy_joules_total counter\n"));
        has_head = true;
        buf_add(b, STR("hoheit_energy_joules_total{"));
        put_labels(r, b);
        buf_add_fmt(b, "} %llu.%03llu\n", (unsigned long long)(r->energy_mj / 1000),
                    (unsigned long long)(r->energy_mj % 1000));
    }
}

void
served_put(const struct served *s, buf *b)
{
    for (int i = 0; i < SERVED_TIMES; i++)
        put_histogram(s, i, b);
    put_token_histograms(s, b);
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        put_counters(s, &counters[i], b);
    put_energy(s, b);
}
