/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/serve.h"

#include <errno.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/map.h"
#include "engine/answer.h"
#include "engine/submit.h"
#include "os/clock.h"
#include "os/ipc.h"

enum {
    JOB_MAGIC = 0x6a0b5e4e,
    SEND_MS_MAX = 10000,
    DRAIN_MAX = 64,          /* messages read between two steps */
    JOB_BYTES = 1024 * 1024, /* of a job's arena: address space, not memory */
    JOB_BYTES_PER_BYTE = 24  /* JSON values, token numbers and the like */
};

struct place {
    struct answer answer;
    struct job *job;
    struct place *next_dirty;
    uint64_t first_us;
    uint32_t guessed, guessed_right;
    bool is_over, is_dirty;
};

struct job {
    struct serve_job pub; /* first: a serve_job is the job */
    uint32_t magic;
    struct job *next_over;
    struct submit submit;
    struct place *places; /* one for each answer */
    uint32_t open, prompt_tokens, cached_tokens;
    uint64_t came_us, began_us;
    bool is_over;
};

struct serve {
    int channel;
    const struct serve_backend *b;
    uint32_t queue_max;
    map jobs;
    struct place *dirty; /* have something to send */
    struct job *over;    /* to be dropped when the backend is not running */
    bool is_busy;
    err lost; /* of the channel: nothing is sent any more */
    uint64_t have, limit;
    _Alignas(16) char room[IPC_ROOM];
};

/* ---- sending */

/* One thread sends, and a socket that poll calls writable takes any message we make (3/4 of its
 * buffer are free), so that ipc_send_wait does not wait. */
static fallible
wait_writable(int channel)
{
    const uint64_t until_ms = clock_ms() + SEND_MS_MAX;
    for (;;) {
        const uint64_t now_ms = clock_ms();
        const int wait_ms = now_ms < until_ms ? (int)(until_ms - now_ms) : 0;
        struct pollfd p = {.fd = channel, .events = POLLOUT};
        const int n = fault_now() ? (errno = EIO, -1) : poll(&p, 1, wait_ms);
        if (n > 0)
            return OK;
        if (n == 0)
            FAIL(BUSY, "the gate has taken nothing for %d ms", SEND_MS_MAX);
        if (errno != EINTR)
            FAIL(IO, "cannot wait for the gate: error %d", errno);
    }
}

static fallible
try_send(struct serve *s, uint32_t type, uint64_t id, str body, str tail)
{
    TRY(wait_writable(s->channel));
    return ipc_send_wait(s->channel, type, id, body.at, body.len, tail, -1);
}

static void
send_message(struct serve *s, uint32_t type, uint64_t id, str body, str tail)
{
    if (!s->lost.code)
        s->lost = try_send(s, type, id, body, tail);
}

#define BODY(b) ((str){(const char *)&(b), sizeof(b)})

static void
send_failed(struct serve *s, uint64_t id, err e)
{
    const struct engine_failed f = {.code = e.code, .have = s->have, .limit = s->limit};
    send_message(s, ENGINE_FAILED, id, BODY(f), STR_NONE);
}

/* ---- jobs */

static str
key_of(const uint64_t *id)
{
    return (str){(const char *)id, sizeof *id};
}

static struct job *
job_of(struct serve_job *j)
{
    struct job *job = (struct job *)j;
    ASSERT(job->magic == JOB_MAGIC);
    return job;
}

static struct place *
place_of(struct job *job, uint32_t index)
{
    ASSERT(index < job->pub.ask.n);
    return &job->places[index];
}

static void
job_free(struct job *job)
{
    if (!job)
        return;
    for (uint32_t i = 0; job->places && i < job->pub.ask.n; i++)
        answer_done(&job->places[i].answer);
    arena_free(job->pub.a);
}

/* The tail is copied first and read after: what is checked is what is used. */
static fallible
job_fill(struct job *job, const struct ipc_message *m)
{
    void *places;
    str tail;
    TRY(try_arena_str(job->pub.a, m->tail, &tail));
    TRY(submit_read(m->body, m->head.body_len, tail, &job->submit));
    const struct submit *got = &job->submit;
    job->pub.ask = got->ask;
    job->pub.prompt = got->prompt;
    job->pub.bias = got->bias;
    job->pub.bias_count = got->bias_count;
    job->pub.grammar = got->grammar;
    job->pub.images = got->images;
    job->pub.image_count = got->image_count;
    TRY(try_arena_get(job->pub.a, got->ask.n, sizeof(struct place), &places));
    job->places = places;
    job->open = got->ask.n;
    const bool has_echo = got->ask.echo && got->ask.kind == ENGINE_COMPLETE;
    for (uint32_t i = 0; i < got->ask.n; i++) {
        job->places[i].job = job;
        TRY(answer_init(&job->places[i].answer, got->stops, got->stop_count,
                        has_echo ? got->prompt : STR_NONE));
    }
    return OK;
}

static fallible
job_new(const struct ipc_message *m, struct job **ret)
{
    arena *a;
    TRY(arena_open(JOB_BYTES + m->tail.len * JOB_BYTES_PER_BYTE, &a));
    struct job *job = arena_new(a, struct job);
    *job = (struct job){.magic = JOB_MAGIC, .came_us = clock_us()};
    job->pub = (struct serve_job){.id = m->head.id, .a = a};
    const err e = job_fill(job, m);
    if (e.code) {
        job_free(job);
        return e;
    }
    *ret = job;
    return OK;
}

static void
job_over(struct serve *s, struct job *job)
{
    ASSERT(!job->is_over);
    job->is_over = true;
    job->next_over = s->over;
    s->over = job;
}

/* Nothing more is said about it. */
static void
job_abandon(struct serve *s, struct job *job)
{
    for (uint32_t i = 0; i < job->pub.ask.n; i++)
        job->places[i].is_over = true;
    job_over(s, job);
}

static uint32_t
stop_of(const struct place *p, enum engine_finish finish)
{
    const struct text_out *t = &p->answer.text;
    return finish == FINISH_STOP && t->stopped ? t->stop + 1 : 0;
}

static void
send_done(struct serve *s, struct place *p, enum engine_finish finish)
{
    struct job *job = p->job;
    const uint64_t now = clock_us(), began = job->began_us ? job->began_us : now;
    const uint64_t first = p->first_us ? p->first_us : now;
    const struct engine_done d = {
        .index = (uint32_t)(p - job->places),
        .finish = finish,
        .stop = stop_of(p, finish),
        .prompt_tokens = job->prompt_tokens,
        .cached_tokens = job->cached_tokens,
        .output_tokens = p->answer.tokens,
        .is_last = job->open == 1,
        .guessed = p->guessed,
        .guessed_right = p->guessed_right,
        .queued_us = began - job->came_us,
        .prefill_us = first - began,
        .decode_us = now - first,
    };
    send_message(s, ENGINE_DONE, job->pub.id, BODY(d), STR_NONE);
}

static void
place_end(struct serve *s, struct place *p, enum engine_finish finish)
{
    ASSERT(!p->is_over && p->job->open > 0);
    send_done(s, p, finish);
    p->is_over = true;
    if (--p->job->open == 0)
        job_over(s, p->job);
}

/* ---- what a backend calls */

void
serve_fail(struct serve *s, struct serve_job *j, err e, uint64_t have, uint64_t limit)
{
    struct job *job = job_of(j);
    ASSERT(e.code != ERR_OK);
    if (job->is_over)
        return;
    serve_set_numbers(s, have, limit);
    send_failed(s, j->id, e);
    job_abandon(s, job);
}

static void
flush_place(struct serve *s, struct place *p, bool is_end)
{
    struct engine_text head;
    str tail;
    if (p->is_over)
        return;
    const err e = answer_take(&p->answer, is_end, &head, &tail);
    if (e.code)
        serve_fail(s, &p->job->pub, e, 0, 0);
    else if (tail.len) {
        head.index = (uint32_t)(p - p->job->places);
        head.prompt_tokens = p->job->prompt_tokens;
        head.cached_tokens = p->job->cached_tokens;
        send_message(s, ENGINE_TEXT, p->job->pub.id, BODY(head), tail);
    }
}

void
serve_answer_end(struct serve *s, struct serve_job *j, uint32_t index, enum engine_finish finish)
{
    struct place *p = place_of(job_of(j), index);
    ASSERT(finish == FINISH_STOP || finish == FINISH_LENGTH);
    if (p->is_over)
        return;
    const err e = answer_end(&p->answer);
    if (e.code) {
        serve_fail(s, j, e, 0, 0);
        return;
    }
    flush_place(s, p, true);
    if (!p->is_over)
        place_end(s, p, p->answer.text.stopped ? FINISH_STOP : finish);
}

static void
mark_dirty(struct serve *s, struct place *p)
{
    if (p->is_dirty)
        return;
    p->is_dirty = true;
    p->next_dirty = s->dirty;
    s->dirty = p;
}

bool
serve_token(struct serve *s, struct serve_job *j, uint32_t index, str bytes,
            const struct serve_logprob *lp, const struct serve_logprob *tops, size_t top_count)
{
    struct place *p = place_of(job_of(j), index);
    if (p->is_over)
        return false;
    if (!p->first_us)
        p->first_us = clock_us();
    if (top_count > j->ask.top_logprobs)
        top_count = j->ask.top_logprobs;
    const err e = answer_add(&p->answer, bytes, j->ask.logprobs ? lp : NULL, tops, top_count);
    if (e.code) {
        serve_fail(s, j, e, 0, 0);
        return false;
    }
    mark_dirty(s, p);
    const bool is_full = j->ask.tokens_max && p->answer.tokens >= j->ask.tokens_max;
    if (is_full || p->answer.text.stopped)
        serve_answer_end(s, j, index, FINISH_LENGTH);
    return !p->is_over;
}

void
serve_vector(struct serve *s, struct serve_job *j, uint32_t index, const float *values, size_t dims)
{
    const struct engine_vector v = {.index = index, .dims = (uint32_t)dims};
    ASSERT(j->ask.kind == ENGINE_EMBED && dims > 0 && dims <= ENGINE_DIMS_MAX);
    if (!job_of(j)->is_over)
        send_message(s, ENGINE_VECTOR, j->id, BODY(v),
                     (str){(const char *)values, dims * sizeof *values});
}

void
serve_prompt_tokens(struct serve_job *j, uint32_t prompt, uint32_t cached)
{
    struct job *job = job_of(j);
    ASSERT(cached <= prompt);
    job->prompt_tokens = prompt;
    job->cached_tokens = cached;
    job->began_us = clock_us();
}

void
serve_guessed(struct serve_job *j, uint32_t index, uint32_t guessed, uint32_t right)
{
    struct place *p = place_of(job_of(j), index);
    ASSERT(right <= guessed);
    p->guessed += guessed;
    p->guessed_right += right;
}

void
serve_set_numbers(struct serve *s, uint64_t have, uint64_t limit)
{
    s->have = have;
    s->limit = limit;
}

void
serve_loading(struct serve *s, float progress)
{
    const struct engine_loading l = {.progress = progress};
    send_message(s, ENGINE_LOADING, 0, BODY(l), STR_NONE);
}

/* The most so far; /proc is out of an engine's sight. */
static uint64_t
resident_bytes(void)
{
    struct rusage u;
    return getrusage(RUSAGE_SELF, &u) == 0 ? (uint64_t)u.ru_maxrss * 1024 : 0;
}

/* ---- messages of the gate */

/* A request id twice: nobody could tell the answers apart, so neither goes on. */
static fallible
check_new(struct serve *s, uint64_t id)
{
    struct job *old = map_get(&s->jobs, key_of(&id));
    if (old && !old->is_over)
        job_abandon(s, old);
    if (old || !id)
        FAIL(ARGUMENT, "request id %ju is not new", (uintmax_t)id);
    if (s->jobs.count >= s->queue_max)
        FAIL(BUSY, "%zu requests are waiting", s->jobs.count);
    return OK;
}

static fallible
accept_job(struct serve *s, const struct ipc_message *m)
{
    struct job *job;
    TRY(check_new(s, m->head.id));
    TRY(job_new(m, &job));
    err e = map_put(&s->jobs, key_of(&job->pub.id), job);
    if (!e.code) {
        e = s->b->submit(s->b->self, &job->pub);
        if (e.code)
            map_take(&s->jobs, key_of(&job->pub.id));
    }
    if (e.code) {
        ASSERT(!job->is_over);
        job_free(job);
    }
    return e;
}

static void
on_submit(struct serve *s, const struct ipc_message *m)
{
    serve_set_numbers(s, 0, 0);
    const err e = accept_job(s, m);
    if (e.code)
        send_failed(s, m->head.id, e);
    s->is_busy = true;
}

static void
on_cancel(struct serve *s, uint64_t id)
{
    struct job *job = map_get(&s->jobs, key_of(&id));
    for (uint32_t i = 0; job && i < job->pub.ask.n; i++)
        if (!job->places[i].is_over)
            place_end(s, &job->places[i], FINISH_CANCELLED);
}

static void
on_ask_stats(struct serve *s, uint64_t id)
{
    struct engine_stats st = {0};
    s->b->stats(s->b->self, &st);
    st.resident_bytes = resident_bytes();
    send_message(s, ENGINE_STATS, id, BODY(st), STR_NONE);
}

static fallible
on_message(struct serve *s, const struct ipc_message *m)
{
    if (m->fd >= 0)
        close(m->fd);
    if (m->head.type == ENGINE_SUBMIT)
        on_submit(s, m);
    else if (m->head.type == ENGINE_CANCEL)
        on_cancel(s, m->head.id);
    else if (m->head.type == ENGINE_ASK_STATS)
        on_ask_stats(s, m->head.id);
    else
        FAIL(PARSE, "the gate sent a message of type %u", m->head.type);
    return OK;
}

/* ---- the process */

/* After each call into the backend: what it made is sent, what is over is forgotten. */
static void
settle(struct serve *s)
{
    while (s->dirty) {
        struct place *p = s->dirty;
        s->dirty = p->next_dirty;
        p->is_dirty = false;
        flush_place(s, p, false);
    }
    while (s->over) {
        struct job *job = s->over;
        s->over = job->next_over;
        map_take(&s->jobs, key_of(&job->pub.id));
        s->b->drop(s->b->self, &job->pub);
        job_free(job);
    }
}

/* ENGINE_LOST when the channel has ended. */
static fallible
drain(struct serve *s)
{
    for (int i = 0; i < DRAIN_MAX; i++) {
        struct ipc_message m;
        const err e = ipc_recv_wait(s->channel, s->is_busy || i > 0 ? 0 : -1, s->room, &m);
        if (e.code == ERR_BUSY)
            return OK;
        TRY(e);
        const err taken = on_message(s, &m);
        ipc_release(&m);
        TRY(taken);
        settle(s);
    }
    return OK;
}

static fallible
say_hello(struct serve *s)
{
    struct engine_hello h = {0};
    TRY(s->b->open(s->b->self, s, &h));
    ASSERT(h.sequences_max >= 1 && h.sequences_max <= ENGINE_SEQUENCES_MAX);
    h.proto = ENGINE_PROTO;
    h.memory_bytes = resident_bytes();
    if (!h.engine[0] && !str_copy(str_of(s->b->name), h.engine, sizeof h.engine))
        FAIL(INTERNAL, "the backend's name is too long");
    send_message(s, ENGINE_HELLO, 0, BODY(h), STR_NONE);
    return s->lost;
}

static fallible
run(struct serve *s)
{
    TRY(say_hello(s));
    for (;;) {
        TRY(drain(s));
        if (s->is_busy)
            s->is_busy = s->b->step(s->b->self);
        settle(s);
        TRY(s->lost);
    }
}

static void
drop_all(struct serve *s)
{
    size_t at = 0;
    str key;
    void *value;
    s->lost = (err){ERR_ENGINE_LOST};
    settle(s);
    while (map_next(&s->jobs, &at, &key, &value)) {
        struct job *job = value;
        s->b->drop(s->b->self, &job->pub);
        job_free(job);
    }
    map_done(&s->jobs);
}

fallible
serve_run(int channel, const struct serve_backend *b, uint32_t queue_max)
{
    struct serve *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for the channel's room");
    memset(s, 0, sizeof *s);
    s->channel = channel;
    s->b = b;
    s->queue_max = queue_max;
    const err e = run(s);
    drop_all(s);
    mem_free(s);
    return e.code == ERR_ENGINE_LOST ? OK : e;
}
