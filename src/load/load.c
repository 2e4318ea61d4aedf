/* SPDX-License-Identifier: EUPL-1.2 */
#include "load/load.h"

#include <math.h>
#include <signal.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/json.h"
#include "net/sse.h"
#include "os/clock.h"
#include "os/file.h"

enum { EVENT_MAX = 1 << 20, ANSWER_MAX = 16 << 20, WAIT_MS = 600000, NAME_MAX_BYTES = 256 };

struct load;

struct worker {
    struct load *load;
    http_client *client;
    sse_reader events;
    buf request, answer;
    uint64_t due_us, first_us, last_us, pieces, tokens;
    int status;
    bool busy, done, bad; /* done: the answer is whole; bad: it is not what was asked for */
};

struct load {
    const struct load_spec *spec;
    struct load_result *result;
    loop *l;
    arena *scratch;
    struct worker *workers[LOAD_CLIENTS_MAX];
    size_t count, busy;
    uint64_t *waiting; /* ring of due times */
    size_t wait_first, wait_count;
    uint64_t asked, began_us, next_us, random;
    fd clock;
    loop_watch *watch;
    bool stopped;
};

/* ---- chance: splitmix64 (Steele, Lea, Flood 2014) */

uint64_t
load_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Gaps of a Poisson process are exponential: -ln(1 - u) / rate with u even in [0, 1). */
uint64_t
load_gap_us(uint64_t *state, double rate)
{
    const double u = (double)(load_random(state) >> 11) * 0x1p-53;
    ASSERT(rate > 0);
    return (uint64_t)(-log1p(-u) / rate * 1e6);
}

/* ---- requests */

static void
put_prompt(buf *b, const struct load_spec *s, uint64_t number)
{
    static const char *const words[] = {"Antrag",   "Bescheid",  "Frist",     "Gemeinde",
                                        "Wohngeld", "Satzung",   "Register",  "Akte",
                                        "Haushalt", "Beschluss", "Verfahren", "Anlage",
                                        "Nachweis", "Auskunft",  "Amt"};
    uint64_t state = s->seed + number * 0x9e3779b97f4a7c15u;
    const size_t from = b->len;
    buf_add_u64(b, number);
    while (b->len - from < s->prompt_bytes && !b->failed) {
        buf_add_char(b, ' ');
        buf_add(b, str_of(words[load_random(&state) % (sizeof words / sizeof *words)]));
    }
    if (!b->failed && b->len - from > s->prompt_bytes)
        b->len = from + (size_t)s->prompt_bytes;
}

fallible
load_put_body(buf *b, const struct load_spec *s, uint64_t number)
{
    json_open(b, '{');
    if (s->model.len)
        json_member_str(b, "model", s->model);
    buf_add(b, b->len > 1 ? STR(",") : STR(""));
    buf_add(b, STR("\"messages\":[{\"role\":\"user\",\"content\":\""));
    put_prompt(b, s, number);
    buf_add(b, STR("\"}]"));
    json_member_u64(b, "max_tokens", s->max_tokens);
    json_member_bool(b, "stream", s->stream);
    if (s->stream)
        buf_add(b, STR(",\"stream_options\":{\"include_usage\":true}"));
    json_close(b, '}');
    return buf_end(b);
}

/* ---- counting */

static void
count_failure(struct load_result *r, int status)
{
    size_t i = 0;
    while (i < r->failure_kinds && r->failures[i].status != status)
        i++;
    if (i == LOAD_KINDS_MAX)
        i--; /* the last kind takes the rest */
    if (i == r->failure_kinds)
        r->failures[r->failure_kinds++].status = status;
    r->failures[i].count++;
}

/* Within its bounds?  The mean gap is that of the whole answer. */
static bool
is_good(const struct worker *w)
{
    const struct load_spec *const s = w->load->spec;
    const uint64_t gaps = w->pieces > 1 ? w->pieces - 1 : 1;
    if (s->ttft_slo_us && (!w->first_us || w->first_us - w->due_us > s->ttft_slo_us))
        return false;
    return !s->itl_slo_us || (w->last_us - w->first_us) / gaps <= s->itl_slo_us;
}

static void
count_answer(struct worker *w)
{
    struct load_result *const r = w->load->result;
    r->answered++;
    r->tokens += w->tokens ? w->tokens : w->pieces;
    hist_add(&r->whole, clock_us() - w->due_us);
    if (w->first_us)
        hist_add(&r->first, w->first_us - w->due_us);
    r->good += is_good(w);
}

/* ---- answers */

static void
take_text(struct worker *w)
{
    const uint64_t now = clock_us();
    if (!w->first_us)
        w->first_us = now;
    else
        hist_add(&w->load->result->gap, now - w->last_us);
    w->last_us = now;
    w->pieces++;
}

static fallible
take_json(struct worker *w, str text, const char *inner)
{
    struct load *const load = w->load;
    jval root;
    str content = STR_NONE;
    int64_t tokens = 0;
    arena_reset(load->scratch);
    TRY(json_read(load->scratch, text, &root));
    TRY(json_object(&root));
    const jval choices = json_get(&root, "choices"), usage = json_get(&root, "usage");
    TRY(json_array(&choices, 0, SIZE_MAX));
    if (json_type(usage) == J_OBJECT) {
        const jval n = json_get(&usage, "completion_tokens");
        TRY(opt_json_i64(&n, 0, UINT32_MAX, &tokens));
        w->tokens = (uint64_t)tokens;
    }
    if (!json_count(&choices))
        return OK;
    const jval first = json_at(&choices, 0), part = json_get(&first, inner);
    TRY(json_object(&part));
    const jval v = json_get(&part, "content");
    TRY(opt_json_str(&v, ANSWER_MAX, &content));
    if (content.len && w->load->spec->stream)
        take_text(w);
    return OK;
}

static void
on_event(void *ctx, str event, str data)
{
    struct worker *const w = ctx;
    (void)event;
    if (str_eq(data, STR("[DONE]")))
        w->done = true;
    else if (take_json(w, data, "delta").code)
        w->bad = true;
}

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct worker *const w = ctx;
    (void)fields, (void)count;
    w->status = status;
}

static void
on_data(void *ctx, str piece)
{
    struct worker *const w = ctx;
    if (w->status != 200)
        return;
    if (!w->load->spec->stream)
        buf_add(&w->answer, piece);
    else if (sse_read(&w->events, piece, on_event, w).code)
        w->bad = true;
}

/* ---- one request after the other */

static void ask(struct worker *w, uint64_t due_us);
static void go_on(struct load *load);

static void
judge(struct worker *w, err e)
{
    struct load_result *const r = w->load->result;
    if (!e.code && w->status == 200 && !w->load->spec->stream) {
        w->done = !buf_end(&w->answer).code;
        w->bad = !w->done || take_json(w, buf_str(&w->answer), "message").code != 0;
    }
    if (e.code)
        count_failure(r, e.code == ERR_PARSE ? LOAD_NO_ANSWER : LOAD_LOST);
    else if (w->status != 200)
        count_failure(r, w->status);
    else if (w->bad || !w->done)
        count_failure(r, LOAD_NO_ANSWER);
    else
        count_answer(w);
}

static void
on_end(void *ctx, err e)
{
    struct worker *const w = ctx;
    w->busy = false;
    w->load->busy--;
    judge(w, e);
    go_on(w->load);
}

static void
refresh(struct worker *w, uint64_t due_us)
{
    sse_reader_done(&w->events);
    w->events = SSE_READER(EVENT_MAX);
    buf_clear(&w->request);
    buf_clear(&w->answer);
    w->due_us = due_us;
    w->first_us = w->last_us = w->pieces = w->tokens = 0;
    w->status = 0;
    w->done = w->bad = false;
}

static fallible
send(struct worker *w, uint64_t number)
{
    const struct load_spec *const s = w->load->spec;
    TRY(load_put_body(&w->request, s, number));
    const struct http_call call = {.method = "POST",
                                   .path = STR("/v1/chat/completions"),
                                   .fields = s->fields,
                                   .field_count = s->field_count,
                                   .body = buf_str(&w->request),
                                   .body_file = -1,
                                   .wait_ms_max = WAIT_MS,
                                   .on_head = on_head,
                                   .on_data = on_data,
                                   .on_end = on_end,
                                   .ctx = w};
    return http_client_call(w->client, &call);
}

static void
ask(struct worker *w, uint64_t due_us)
{
    struct load *const load = w->load;
    refresh(w, due_us);
    load->result->begun++;
    if (send(w, load->result->begun).code) {
        count_failure(load->result, LOAD_LOST);
        return;
    }
    w->busy = true;
    load->busy++;
}

/* May another request be begun? */
static bool
wants_more(const struct load *load)
{
    const struct load_spec *const s = load->spec;
    if (load->stopped || (s->requests && load->asked >= s->requests))
        return false;
    return !s->limit_us || clock_us() - load->began_us < s->limit_us;
}

static struct worker *
idle_worker(struct load *load)
{
    for (size_t i = 0; i < load->count; i++)
        if (!load->workers[i]->busy)
            return load->workers[i];
    return NULL;
}

static void
end_if_over(struct load *load)
{
    if (!load->busy && !load->wait_count && !wants_more(load))
        loop_stop(load->l);
}

/* Somebody has become free. */
static void
go_on(struct load *load)
{
    struct worker *w;
    while (load->wait_count && !load->stopped && (w = idle_worker(load))) {
        const uint64_t due = load->waiting[load->wait_first];
        load->wait_first = (load->wait_first + 1) % LOAD_WAITING_MAX;
        load->wait_count--;
        ask(w, due);
    }
    while (load->spec->rate <= 0 && wants_more(load) && (w = idle_worker(load))) {
        load->asked++;
        ask(w, clock_us());
    }
    end_if_over(load);
}

/* ---- clients */

static fallible
worker_new(struct load *load)
{
    struct worker *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory for a client");
    *w = (struct worker){.load = load,
                         .events = SSE_READER(EVENT_MAX),
                         .request = BUF(ANSWER_MAX),
                         .answer = BUF(ANSWER_MAX)};
    const err e = http_client_new(load->l, load->spec->url, &w->client);
    if (e.code) {
        mem_free(w);
        return e;
    }
    load->workers[load->count++] = w;
    return OK;
}

static void
worker_free(struct worker *w)
{
    http_client_free(w->client);
    sse_reader_done(&w->events);
    buf_done(&w->request);
    buf_done(&w->answer);
    mem_free(w);
}

/* ---- arrivals of the open loop: a timer of the kernel, since libuv's counts milliseconds */

static void
set_clock(struct load *load)
{
    const uint64_t ns = load->next_us * 1000;
    const struct itimerspec at = {
        .it_value = {.tv_sec = (time_t)(ns / 1000000000), .tv_nsec = (long)(ns % 1000000000)}};
    if (timerfd_settime(load->clock, TFD_TIMER_ABSTIME, &at, NULL) != 0)
        load->stopped = true;
}

static void
arrive(struct load *load, uint64_t due_us)
{
    load->asked++;
    if (!idle_worker(load) && load->count < LOAD_CLIENTS_MAX)
        IGNORE(worker_new(load)); /* then it waits for one of those there are */
    if (load->wait_count == LOAD_WAITING_MAX) {
        load->result->dropped++;
        return;
    }
    load->waiting[(load->wait_first + load->wait_count++) % LOAD_WAITING_MAX] = due_us;
}

static void
on_clock(void *ctx)
{
    struct load *const load = ctx;
    uint64_t ticks;
    (void)!read(load->clock, &ticks,
                sizeof ticks); /* that it was readable is all there is to know */
    while (load->next_us <= clock_us() && wants_more(load)) {
        arrive(load, load->next_us);
        load->next_us += load_gap_us(&load->random, load->spec->rate);
    }
    if (wants_more(load)) {
        set_clock(load);
    } else {
        loop_watch_stop(TAKE(load->watch));
    }
    go_on(load);
}

static fallible
open_clock(struct load *load)
{
    load->waiting = mem_get(LOAD_WAITING_MAX * sizeof *load->waiting);
    if (!load->waiting)
        FAIL(LIMIT, "no memory for waiting requests");
    load->clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (load->clock < 0)
        return file_errno("make", "a timer");
    TRY(loop_watch_start(load->l, load->clock, on_clock, load, &load->watch));
    load->next_us = load->began_us + load_gap_us(&load->random, load->spec->rate);
    set_clock(load);
    return OK;
}

/* ---- the run */

static void
on_interrupt(void *ctx)
{
    struct load *const load = ctx;
    load->stopped = true;
    loop_stop(load->l);
}

static fallible
begin(struct load *load)
{
    const bool is_closed = load->spec->rate <= 0;
    TRY(arena_open(4 * EVENT_MAX, &load->scratch));
    TRY(loop_new(&load->l));
    TRY(loop_signal(load->l, SIGINT, on_interrupt, load));
    for (uint64_t i = 0; i < (is_closed ? load->spec->clients : 1); i++)
        TRY(worker_new(load));
    load->began_us = clock_us();
    if (is_closed)
        go_on(load);
    else
        TRY(open_clock(load));
    return OK;
}

static void
clear(struct load *load)
{
    loop_watch_stop(load->watch);
    for (size_t i = 0; i < load->count; i++)
        worker_free(load->workers[i]);
    loop_free(load->l);
    fd_auto(&load->clock);
    mem_free(load->waiting);
    arena_free(load->scratch);
    mem_free(load);
}

fallible
load_run(const struct load_spec *s, struct load_result *ret)
{
    ASSERT(s->requests || s->limit_us);
    ASSERT(s->rate > 0 || (s->clients && s->clients <= LOAD_CLIENTS_MAX));
    struct load *load = mem_get(sizeof *load);
    if (!load)
        FAIL(LIMIT, "no memory for a load");
    memset(load, 0, sizeof *load);
    memset(ret, 0, sizeof *ret);
    load->spec = s;
    load->result = ret;
    load->random = s->seed;
    load->clock = -1;
    const err e = begin(load);
    if (!e.code && (load->busy || load->watch))
        loop_run(load->l);
    ret->elapsed_us = clock_us() - load->began_us;
    clear(load);
    return e;
}
