/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/jobs.h"

#include "base/fault.h"
#include "base/secret.h"
#include "model/conv.h"
#include "os/clock.h"

_Static_assert((int)CONV_CITIZEN == (int)FAIR_CITIZEN && (int)CONV_BATCH == (int)FAIR_BATCH,
               "classes are the same on both sides");

fallible
jobs_init(struct jobs *ret, const struct loaded *m, struct serve *s)
{
    struct jobs q = {.m = m, .serve = s};
    q.fair = mem_get(sizeof *q.fair);
    if (!q.fair)
        FAIL(LIMIT, "no memory for the scheduler");
    memset(q.fair, 0, sizeof *q.fair);
    const err e = prefix_init(&q.prefix, m);
    if (e.code)
        mem_free(q.fair);
    else
        *ret = q;
    return e;
}

void
jobs_done(struct jobs *q)
{
    prefix_done(&q->prefix);
    mem_free(q->fair);
    q->fair = NULL;
}

/* ---- coming and going */

static fallible
check_length(const struct jobs *q, const struct serve_job *j, const struct tokens *prompt)
{
    const uint64_t answer = j->ask.tokens_max ? j->ask.tokens_max : 1;
    const uint64_t have = prompt->count + answer, limit = q->m->context_tokens;
    if (have <= limit)
        return OK;
    serve_set_numbers(q->serve, have, limit);
    FAIL(CONTEXT_LENGTH, "%ju tokens in a context of %ju", (uintmax_t)have, (uintmax_t)limit);
}

static fallible
job_new(const struct jobs *q, struct serve_job *j, const struct tokens *prompt, struct job **ret)
{
    void *at, *answers;
    TRY(try_arena_get(j->a, 1, sizeof(struct job), &at));
    struct job *job = at;
    TRY(try_arena_get(j->a, j->ask.n, sizeof(struct answer), &answers));
    TRY(try_arena_get(j->a, prompt->count, sizeof *prompt->at, &at));
    memcpy(at, prompt->at, prompt->count * sizeof *prompt->at);
    *job = (struct job){
        .serve = j,
        .prompt = {.at = at, .count = prompt->count, .room = prompt->count},
        .tokens_max =
            j->ask.tokens_max ? j->ask.tokens_max : q->m->context_tokens - (uint32_t)prompt->count,
        .waiting = j->ask.n,
        .answers = answers,
    };
    for (uint32_t i = 0; i < j->ask.n; i++)
        job->answers[i] = (struct answer){.job = job, .index = i, .seq = -1};
    *ret = job;
    return OK;
}

static void
enlist(struct jobs *q, struct job *job)
{
    const struct engine_submit *ask = &job->serve->ask;
    job->tenant = fair_enter(q->fair, ask->tenant, ask->weight);
    job->claim = (struct fair_claim){.tenant = job->tenant,
                                     .class = (enum fair_class)ask->class,
                                     .came_us = clock_us(),
                                     .number = ++q->numbers};
    job->claim.cached =
        prefix_find(&q->prefix, ask->scope, job->prompt.at, (uint32_t)job->prompt.count - 1);
    q->has_to_wipe |= ask->wipes;
}

fallible
jobs_add(struct jobs *q, struct serve_job *j, const struct tokens *prompt,
         const struct views *views, uint64_t seed)
{
    struct job *job = NULL;
    if (!prompt->count)
        REFUSE(ARGUMENT, "prompt", "The prompt is empty, and this model needs a first token.");
    TRY(check_length(q, j, prompt));
    TRY(sampler_check(j, &q->m->vocabulary));
    TRY(job_new(q, j, prompt, &job));
    ASSERT(job);
    job->seed = seed;
    job->views = views;
    enlist(q, job);
    struct job **last = &q->first;
    while (*last)
        last = &(*last)->next;
    *last = job;
    j->backend = job;
    return OK;
}

/* Does an answer of the job have a seat, and is not about to lose it? */
static bool
has_seat(const struct job *job)
{
    for (uint32_t i = 0; i < job->serve->ask.n; i++)
        if (job->answers[i].seq >= 0 && !job->answers[i].leaves)
            return true;
    return false;
}

/* The common prompt goes with the last seat: an answer put aside has all of it itself. */
static void
leave_seat(struct jobs *q, struct answer *a)
{
    struct job *job = a->job;
    ASSERT(q->running[a->seq] == a && job->tenant->seats > 0);
    ASSERT(q->reserved >= a->reserved + job->reserved);
    llama_memory_seq_rm(q->m->memory, a->seq, -1, -1);
    q->running[a->seq] = NULL;
    q->reserved -= a->reserved;
    job->tenant->seats--;
    a->seq = -1;
    a->reserved = 0;
    if (has_seat(job))
        return;
    q->reserved -= job->reserved;
    job->reserved = 0;
}

static void
drop_aside(struct jobs *q, struct answer *a)
{
    ASSERT(q->aside_bytes >= a->aside_len);
    q->aside_bytes -= a->aside_len;
    if (a->aside)
        wipe(a->aside, a->aside_len);
    mem_free(a->aside);
    a->aside = NULL;
    a->aside_len = 0;
}

static void
release(struct jobs *q, struct answer *a)
{
    if (a->seq >= 0)
        leave_seat(q, a);
    drop_aside(q, a);
    sampler_free(a->sampler);
    a->sampler = NULL;
    guess_free(a->guess);
    a->guess = NULL;
    a->state = ANSWER_OVER;
}

/* Nobody is left who could read it, so nothing need stay. */
static void
wipe_all(struct jobs *q)
{
    prefix_shrink(&q->prefix, 0);
    llama_memory_clear(q->m->memory, true);
    q->has_to_wipe = false;
}

static void
drop_made(struct job *job)
{
    if (job->made)
        wipe(job->made, job->made_room * sizeof *job->made);
    mem_free(job->made);
    job->made = NULL;
}

void
jobs_drop(struct jobs *q, struct serve_job *j)
{
    struct job *job = j->backend;
    struct job **at = &q->first;
    if (!job)
        return;
    while (*at != job)
        at = &(*at)->next;
    *at = job->next;
    for (uint32_t i = 0; i < j->ask.n; i++)
        release(q, &job->answers[i]);
    ASSERT(!job->reserved);
    drop_made(job);
    fair_leave(job->tenant, clock_us());
    j->backend = NULL;
    if (!q->first && q->has_to_wipe)
        wipe_all(q);
}

/* ---- starting */

static llama_seq_id
free_sequence(const struct jobs *q)
{
    for (uint32_t i = 0; i < q->m->sequences_max; i++)
        if (!q->running[i])
            return (llama_seq_id)i;
    return -1;
}

/* What it takes to seat `a`: of the common prompt, unless another answer of the job has it, and of
 * its own. */
struct need {
    uint32_t common, own;
};

static struct need
need_of(const struct jobs *q, const struct answer *a)
{
    const struct job *job = a->job;
    const uint32_t prompt = (uint32_t)job->prompt.count;
    const bool shares = q->m->can_share && a->state == ANSWER_WAITS;
    return (struct need){.common = shares && !job->reserved ? prompt : 0,
                         .own = job->tokens_max + (shares ? 0 : prompt)};
}

/* Gives `a` a sequence and its cells; false when there is no room. */
static bool
seat(struct jobs *q, struct answer *a)
{
    struct job *job = a->job;
    const struct need n = need_of(q, a);
    const llama_seq_id seq = free_sequence(q);
    ASSERT(a->seq < 0 && q->reserved <= q->m->cells);
    if (seq < 0 || n.common + n.own > q->m->cells - q->reserved)
        return false;
    q->reserved += n.common + n.own;
    job->reserved += n.common;
    job->waiting--;
    job->tenant->seats++;
    fair_seat(&job->claim, clock_us());
    a->reserved = n.own;
    a->seq = seq;
    q->running[seq] = a;
    return true;
}

static struct answer *
find(const struct job *job, enum answer_state state)
{
    for (uint32_t i = 0; i < job->serve->ask.n; i++)
        if (job->answers[i].state == state)
            return &job->answers[i];
    return NULL;
}

/* Everything of the prompt but its last token, which `to` decodes itself. */
static void
copy_prompt(struct jobs *q, const struct answer *from, struct answer *to)
{
    const uint32_t len = (uint32_t)from->job->prompt.count - 1;
    ASSERT(q->m->can_share && from->read > len);
    if (len)
        llama_memory_seq_cp(q->m->memory, from->seq, to->seq, 0, (llama_pos)len);
    to->read = len;
    to->state = ANSWER_READS;
}

/* What is kept of the prompt is not read again; but its last token is, for the logits. */
static void
take_kept(struct jobs *q, struct answer *a)
{
    const struct job *job = a->job;
    const uint32_t most = (uint32_t)job->prompt.count - 1;
    a->read = prefix_take(&q->prefix, job->serve->ask.scope, job->prompt.at, most, a->seq);
    a->job->cached = a->read;
}

/* Who reads: the first answer, or each where sequences cannot be shared. */
static void
begin(struct jobs *q, struct answer *a)
{
    const struct answer *writer = q->m->can_share ? find(a->job, ANSWER_WRITES) : NULL;
    if (writer)
        copy_prompt(q, writer, a);
    else if (q->m->can_share && find(a->job, ANSWER_READS))
        a->state = ANSWER_LURKS;
    else {
        take_kept(q, a);
        a->state = ANSWER_READS;
    }
}

/* None for who asked for repeatable answers: what is decoded together rounds differently.  Nor
 * where wrong guesses cannot be cut off again, nor after what an image would be guessed from. */
static void
give_guess(const struct jobs *q, struct answer *a)
{
    const struct job *job = a->job;
    if (!q->guesses || job->views || job->serve->ask.has_seed || !q->m->can_share)
        return;
    const err e =
        guess_new(job->prompt.at, (uint32_t)job->prompt.count, job->tokens_max, &a->guess);
    IGNORE(e); /* without memory it is written token by token */
}

static fallible
give_sampler(const struct jobs *q, struct answer *a)
{
    const struct job *job = a->job;
    const uint32_t seed = sampler_seed(job->seed, a->index);
    give_guess(q, a);
    return sampler_new(job->serve, &q->m->vocabulary, &job->prompt, seed, &a->sampler);
}

/* ---- giving way */

/* Not who reads for others of its job, and not they. */
static bool
may_give_way(const struct jobs *q, const struct answer *a)
{
    if (!a || a->leaves || a->job->is_over || !q->m->can_share)
        return false;
    return a->state == ANSWER_WRITES || (a->state == ANSWER_READS && !find(a->job, ANSWER_LURKS));
}

static bool
loses_less(const struct answer *a, const struct answer *b)
{
    if (a->job->claim.class != b->job->claim.class)
        return a->job->claim.class > b->job->claim.class;
    return a->read + a->written < b->read + b->written;
}

/* Of those that have to give way, the one that loses least. */
static struct answer *
who_gives_way(const struct jobs *q, const struct fair_claim *waiting)
{
    struct answer *found = NULL;
    const uint64_t now_us = clock_us();
    for (uint32_t i = 0; i < q->m->sequences_max; i++) {
        struct answer *a = q->running[i];
        if (!may_give_way(q, a) || !fair_ousts(waiting, &a->job->claim, now_us))
            continue;
        if (!found || loses_less(a, found))
            found = a;
    }
    return found;
}

struct leavers {
    struct answer *at[ENGINE_SEQUENCES_MAX];
    size_t count, bytes; /* of their states */
    uint32_t cells;
};

static void
add_leaver(struct leavers *l, const struct jobs *q, struct answer *a)
{
    a->leaves = true;
    a->job->tenant->seats--; /* for fair_ousts; given back below */
    l->at[l->count++] = a;
    l->cells += a->reserved + (has_seat(a->job) ? 0 : a->job->reserved);
    l->bytes += llama_state_seq_get_size(q->m->ctx, a->seq);
}

/* Who has to give way so that `a` can be seated; false when even all of them are not enough: then
 * nobody does, for nothing would come of it. */
static bool
find_leavers(const struct jobs *q, const struct answer *a, struct leavers *l)
{
    const struct need n = need_of(q, a);
    const bool has_sequence = free_sequence(q) >= 0;
    bool is_enough;
    for (;;) {
        const uint32_t cells = q->m->cells - q->reserved + l->cells;
        is_enough = (has_sequence || l->count) && n.common + n.own <= cells;
        struct answer *one = is_enough ? NULL : who_gives_way(q, &a->job->claim);
        if (!one)
            break;
        add_leaver(l, q, one);
    }
    for (size_t i = 0; i < l->count; i++) {
        l->at[i]->leaves = false;
        l->at[i]->job->tenant->seats++;
    }
    return is_enough && l->bytes <= JOBS_ASIDE_MAX - q->aside_bytes;
}

/* Its state into memory of our own; false when there is none for it. */
static bool
put_aside(struct jobs *q, struct answer *a)
{
    const size_t len = llama_state_seq_get_size(q->m->ctx, a->seq);
    uint8_t *room = len && len <= JOBS_ASIDE_MAX - q->aside_bytes ? mem_get(len) : NULL;
    if (!room)
        return false;
    if (llama_state_seq_get_data(q->m->ctx, room, len, a->seq) != len) {
        mem_free(room);
        return false;
    }
    a->aside = room;
    a->aside_len = len;
    q->aside_bytes += len;
    leave_seat(q, a);
    a->state = ANSWER_ASIDE;
    a->job->waiting++;
    q->ousted++;
    return true;
}

/* A seat for `a`; false when nobody has to give way for it. */
static bool
make_room(struct jobs *q, const struct answer *a)
{
    struct leavers l = {.count = 0};
    if (!find_leavers(q, a, &l))
        return false;
    for (size_t i = 0; i < l.count; i++)
        if (!put_aside(q, l.at[i]))
            return false;
    return true;
}

/* ---- starting, and going on */

static void
go_on(struct jobs *q, struct answer *a)
{
    const size_t got = llama_state_seq_set_data(q->m->ctx, a->aside, a->aside_len, a->seq);
    const bool is_back = got == a->aside_len;
    drop_aside(q, a);
    a->state = a->written ? ANSWER_WRITES : ANSWER_READS;
    if (!is_back)
        jobs_fail(q, a->job,
                  err_start(ERR_BUSY, __FILE__, __LINE__, __func__,
                            "a state that was put aside does not come back"));
}

static bool
start(struct jobs *q, struct answer *a)
{
    struct job *job = a->job;
    if (!seat(q, a))
        return false;
    if (a->state == ANSWER_ASIDE) {
        go_on(q, a);
        return true;
    }
    const err e = give_sampler(q, a);
    if (e.code)
        jobs_fail(q, job, e);
    else
        begin(q, a);
    return true;
}

static struct job *
first_waiting(const struct jobs *q)
{
    const uint64_t now_us = clock_us();
    struct job *first = NULL;
    for (struct job *job = q->first; job; job = job->next)
        if (job->waiting && !job->is_over &&
            (!first || fair_compare(&job->claim, &first->claim, now_us) < 0))
            first = job;
    return first;
}

static struct answer *
next_answer(const struct job *job)
{
    struct answer *a = find(job, ANSWER_ASIDE);
    return a ? a : find(job, ANSWER_WAITS);
}

void
jobs_start(struct jobs *q)
{
    struct job *job;
    while ((job = first_waiting(q))) {
        struct answer *next = next_answer(job);
        ASSERT(next);
        while (!start(q, next))
            if (!make_room(q, next))
                return;
    }
}

void
jobs_share(struct jobs *q, struct answer *a)
{
    struct answer *other;
    while ((other = find(a->job, ANSWER_LURKS)))
        copy_prompt(q, a, other);
}

/* ---- ending */

/* The next answer of the job goes on in `a`'s sequence, with the reading done. */
static bool
hand_over(struct jobs *q, struct answer *a, struct answer *next)
{
    const uint32_t keep = q->m->can_share ? (uint32_t)a->job->prompt.count - 1 : 0;
    if (!llama_memory_seq_rm(q->m->memory, a->seq, (llama_pos)keep, -1))
        return false;
    next->seq = a->seq;
    next->reserved = a->reserved;
    next->read = keep;
    next->state = ANSWER_READS;
    q->running[a->seq] = next;
    a->job->waiting--; /* the seat stays the tenant's */
    a->seq = -1;
    a->reserved = 0;
    return true;
}

/* A copy, so that the old one can be wiped. */
static bool
grow_made(struct job *job)
{
    const size_t room = job->made_room ? 2 * job->made_room : 64;
    llama_token *more = mem_get(room * sizeof *more);
    if (!more)
        return false;
    if (job->made_count)
        memcpy(more, job->made, job->made_count * sizeof *more);
    drop_made(job);
    job->made = more;
    job->made_room = room;
    return true;
}

void
jobs_note(struct jobs *q, const struct answer *a, llama_token t)
{
    struct job *job = a->job;
    if (a->guess)
        guess_hear(a->guess, &q->odds, t);
    const bool is_gapless = job->made_count + 1 == a->written;
    if (a->index || !is_gapless || !prefix_wants(&q->prefix, job->serve->ask.scope, PREFIX_MIN))
        return;
    if (job->made_count < job->made_room || grow_made(job))
        job->made[job->made_count++] = t;
}

/* The prompt and what was made of it, but for the last token, which nobody decoded. */
static void
keep(struct jobs *q, const struct answer *a)
{
    const struct tokens *prompt = &a->job->prompt;
    const size_t noted = a->job->made_count;
    const size_t made = noted < a->written ? noted : a->written - 1, count = prompt->count + made;
    const uint8_t *scope = a->job->serve->ask.scope;
    if (!prefix_wants(&q->prefix, scope, (uint32_t)count))
        return;
    llama_token *all = mem_get(count * sizeof *all);
    if (!all) /* it is read again, then */
        return;
    memcpy(all, prompt->at, prompt->count * sizeof *all);
    if (made)
        memcpy(all + prompt->count, a->job->made, made * sizeof *all);
    prefix_keep(&q->prefix, scope, all, (uint32_t)count, a->seq);
    wipe(all, count * sizeof *all);
    mem_free(all);
}

void
jobs_answer_over(struct jobs *q, struct answer *a)
{
    struct job *job = a->job;
    struct answer *next = job->is_over ? NULL : find(job, ANSWER_WAITS);
    if (a->seq >= 0 && a->index == 0 && a->written)
        keep(q, a);
    if (next && !hand_over(q, a, next))
        jobs_fail(q, job,
                  err_start(ERR_UNSUPPORTED, __FILE__, __LINE__, __func__,
                            "a sequence of this model cannot be cut"));
    else if (next) {
        const err e = give_sampler(q, next);
        if (e.code)
            jobs_fail(q, job, e);
    }
    release(q, a);
}

void
jobs_fail(struct jobs *q, struct job *job, err e)
{
    if (!job->is_over)
        serve_fail(q->serve, job->serve, e, 0, 0);
    job->is_over = true;
}

struct job *
jobs_youngest(const struct jobs *q)
{
    struct job *youngest = NULL;
    for (struct job *job = q->first; job; job = job->next)
        if (job->waiting < job->serve->ask.n && !job->is_over)
            youngest = job;
    return youngest;
}

/* ---- counting */

/* Of the common prompt the longest copy counts; what follows is each answer's own. */
static uint32_t
cells_of(const struct jobs *q, const struct job *job)
{
    uint32_t common = 0, own = 0;
    for (uint32_t i = 0; i < job->serve->ask.n; i++) {
        const struct answer *a = &job->answers[i];
        if (a->seq < 0)
            continue;
        own += a->written ? a->written - 1 : 0;
        own += q->m->can_share ? 0 : a->read;
        common = q->m->can_share && a->read > common ? a->read : common;
    }
    return common + own;
}

struct jobs_count
jobs_count(const struct jobs *q)
{
    struct jobs_count c = {0};
    for (const struct job *job = q->first; job; job = job->next) {
        const bool runs = job->waiting < job->serve->ask.n;
        c.running += runs;
        c.waiting += !runs;
        c.cells_used += cells_of(q, job);
    }
    return c;
}
