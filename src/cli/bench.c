/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit bench`: a load, and what became of it in numbers. */
#include "cli/remote.h"
#include "cli/show.h"
#include "load/load.h"
#include "net/client/dial.h"

enum { REQUESTS = 100, TOKENS = 64, PROMPT_BYTES = 256 };

/* ---- what is asked for */

static fallible
check_target(struct cli *c)
{
    struct dial_target t;
    TRY(dial_parse(c->url, &t));
    if (dial_is_loopback(&t))
        return OK;
    cli_hint(c, "Run it where the daemon runs.");
    REFUSE(UNSUPPORTED, "url", "bench loads this machine only, not %s", t.text);
}

static fallible
read_slo(const struct args *a, const char *name, uint64_t *ret_us)
{
    uint64_t ms = 0;
    TRY(args_u64(a, name, 1, 600000, &ms));
    *ret_us = ms * 1000;
    return OK;
}

static fallible
read_spec(const struct args *a, struct load_spec *s)
{
    uint64_t seconds = 0;
    TRY(args_u64(a, "seconds", 1, 3600, &seconds));
    s->limit_us = seconds * 1000000;
    s->requests = seconds ? 0 : REQUESTS;
    TRY(args_u64(a, "requests", 1, 1000000, &s->requests));
    TRY(args_u64(a, "concurrency", 1, LOAD_CLIENTS_MAX, &s->clients));
    TRY(args_f64(a, "rate", 0.001, 100000, &s->rate));
    TRY(args_u64(a, "max-tokens", 1, 1000000, &s->max_tokens));
    TRY(args_u64(a, "prompt-bytes", 1, 8 * 1024 * 1024, &s->prompt_bytes));
    TRY(args_u64(a, "seed", 0, UINT64_MAX, &s->seed));
    TRY(read_slo(a, "ttft-slo-ms", &s->ttft_slo_us));
    TRY(read_slo(a, "itl-slo-ms", &s->itl_slo_us));
    if (s->rate > 0 && args_has(a, "concurrency"))
        REFUSE(ARGUMENT, "", "--rate is the open loop, --concurrency the closed one: choose");
    if (!s->stream && (s->ttft_slo_us || s->itl_slo_us))
        REFUSE(ARGUMENT, "", "the bounds are for streams: leave out --no-stream");
    return OK;
}

/* ---- numbers */

static double
per_second(uint64_t n, const struct load_result *r)
{
    return r->elapsed_us ? (double)n * 1e6 / (double)r->elapsed_us : 0;
}

static const struct quantile {
    const char *name;
    double q;
} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};

enum { QUANTILES = sizeof quantiles / sizeof *quantiles };

static const char *
failure_name(int status, char room[SHOW_MAX])
{
    if (status == LOAD_LOST)
        return "connection lost";
    if (status == LOAD_NO_ANSWER)
        return "no usable answer";
    (void)snprintf(room, SHOW_MAX, "status %d", status);
    return room;
}

static void
member_hist(buf *b, const char *name, const struct hist *h)
{
    char key[SHOW_MAX];
    json_key(b, name);
    json_open(b, '{');
    json_member_u64(b, "count", h->total);
    json_member_u64(b, "mean", hist_mean(h));
    for (size_t i = 0; i < QUANTILES; i++) {
        (void)snprintf(key, sizeof key, "%s", quantiles[i].name);
        json_member_u64(b, key, hist_at(h, quantiles[i].q));
    }
    json_close(b, '}');
}

static void
member_failures(buf *b, const struct load_result *r)
{
    char room[SHOW_MAX];
    json_key(b, "failures");
    json_open(b, '{');
    for (size_t i = 0; i < r->failure_kinds; i++)
        json_member_u64(b, failure_name(r->failures[i].status, room), r->failures[i].count);
    json_close(b, '}');
}

static fallible
put_json(struct cli *c, const struct load_spec *s, const struct load_result *r)
{
    AUTO(buf) b = BUF(64 * 1024);
    json_open(&b, '{');
    json_member_str(&b, "loop", s->rate > 0 ? STR("open") : STR("closed"));
    if (s->rate > 0)
        json_member_f64(&b, "rate", s->rate);
    else
        json_member_u64(&b, "clients", s->clients);
    json_member_bool(&b, "stream", s->stream);
    json_member_u64(&b, "seed", s->seed);
    json_member_u64(&b, "prompt_bytes", s->prompt_bytes);
    json_member_u64(&b, "max_tokens", s->max_tokens);
    json_member_u64(&b, "elapsed_us", r->elapsed_us);
    json_member_u64(&b, "begun", r->begun);
    json_member_u64(&b, "answered", r->answered);
    json_member_u64(&b, "dropped", r->dropped);
    json_member_u64(&b, "tokens", r->tokens);
    json_member_f64(&b, "requests_per_s", per_second(r->answered, r));
    json_member_f64(&b, "tokens_per_s", per_second(r->tokens, r));
    if (s->ttft_slo_us || s->itl_slo_us) {
        json_member_u64(&b, "good", r->good);
        json_member_f64(&b, "good_per_s", per_second(r->good, r));
    }
    member_hist(&b, "first_token_us", &r->first);
    member_hist(&b, "between_tokens_us", &r->gap);
    member_hist(&b, "whole_us", &r->whole);
    member_failures(&b, r);
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

/* ---- for people */

static fallible
add_times(struct table *t, const char *name, const struct hist *h)
{
    char room[SHOW_MAX];
    if (!h->total)
        return OK;
    TRY(table_add(t, str_of(name)));
    for (size_t i = 0; i < QUANTILES; i++)
        TRY(table_add(t, str_of(show_us(hist_at(h, quantiles[i].q), room))));
    return OK;
}

static fallible
show_times(struct cli *c, const struct load_result *r)
{
    struct table t;
    TRY(table_begin(&t, c->a, "|P50>|P90>|P99>|MAX>"));
    TRY(add_times(&t, "first token", &r->first));
    TRY(add_times(&t, "between tokens", &r->gap));
    TRY(add_times(&t, "whole answer", &r->whole));
    (void)fputc('\n', c->out);
    table_show(&t, c->out, c->colored);
    return OK;
}

static void
show_load(const struct cli *c, const struct load_spec *s)
{
    if (s->rate > 0)
        (void)fprintf(c->out, "open loop at %g requests/s", s->rate);
    else
        (void)fprintf(c->out, "closed loop of %llu client%s", (unsigned long long)s->clients,
                      s->clients == 1 ? "" : "s");
    (void)fprintf(c->out, ", prompts of %llu bytes, at most %llu tokens, %s\n",
                  (unsigned long long)s->prompt_bytes, (unsigned long long)s->max_tokens,
                  s->stream ? "streamed" : "whole answers");
}

static void
show_counts(const struct cli *c, const struct load_spec *s, const struct load_result *r)
{
    char room[SHOW_MAX];
    (void)fprintf(c->out, "%llu begun, %llu answered in %s: %.1f requests/s, %.1f tokens/s\n",
                  (unsigned long long)r->begun, (unsigned long long)r->answered,
                  show_us(r->elapsed_us, room), per_second(r->answered, r),
                  per_second(r->tokens, r));
    if (s->ttft_slo_us || s->itl_slo_us)
        (void)fprintf(c->out, "%llu within bounds (%.1f %%): goodput %.1f requests/s\n",
                      (unsigned long long)r->good,
                      r->begun ? 100.0 * (double)r->good / (double)r->begun : 0.0,
                      per_second(r->good, r));
    for (size_t i = 0; i < r->failure_kinds; i++)
        (void)fprintf(c->out, "%llu failed: %s\n", (unsigned long long)r->failures[i].count,
                      failure_name(r->failures[i].status, room));
    if (r->dropped)
        (void)fprintf(c->out, "%llu dropped: more than %d waited\n", (unsigned long long)r->dropped,
                      LOAD_WAITING_MAX);
}

/* A load that met nothing but failures is one. */
static fallible
check_answered(struct cli *c, const struct load_result *r)
{
    const struct remote_call q = REMOTE_CALL("GET", STR("/healthy"));
    jval root;
    if (r->answered || !r->failure_kinds)
        return OK;
    if (r->failures[0].status > LOAD_NO_ANSWER)
        return remote_refused(c, r->failures[0].status, STR_NONE);
    TRY(remote_json(c, &q, &root)); /* which says best why nobody answers */
    REFUSE(ENGINE_LOST, "", "no request was answered");
}

fallible
cmd_bench(struct cli *c, const struct args *a)
{
    struct http_field fields[REMOTE_FIELDS_MAX];
    struct load_spec s = {.url = c->url,
                          .model = args_str(a, "model"),
                          .fields = fields,
                          .clients = 1,
                          .stream = !args_has(a, "no-stream"),
                          .max_tokens = TOKENS,
                          .prompt_bytes = PROMPT_BYTES,
                          .seed = 1};
    TRY(check_target(c));
    TRY(read_spec(a, &s));
    s.field_count = remote_fields(c, STR_NONE, true, fields);
    struct load_result *const r = arena_new(c->a, struct load_result);
    TRY(load_run(&s, r));
    if (c->json) {
        TRY(put_json(c, &s, r));
        return check_answered(c, r);
    }
    show_load(c, &s);
    show_counts(c, &s, r);
    if (r->answered)
        TRY(show_times(c, r));
    return check_answered(c, r);
}
