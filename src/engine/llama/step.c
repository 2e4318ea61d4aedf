/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/step.h"

#include "os/clock.h"

enum { NO_CELLS = 1 };

/* A stretch of a prompt that is in the batch, and where its logits are. */
struct part {
    struct answer *a;
    uint32_t len;     /* of the prompt; 0: the answer writes */
    int32_t row;      /* in the batch; -1: no logits */
    uint32_t guessed; /* tokens that follow in the rows after it */
    int32_t guess[GUESS_MAX];
};

struct plan {
    struct part parts[ENGINE_SEQUENCES_MAX];
    size_t count;
};

fallible
step_init(struct step *ret, struct jobs *q)
{
    struct step s = {.jobs = q, .tokens_max = q->m->step_tokens_max};
    s.purse = purse_full();
    ASSERT(s.tokens_max >= q->m->sequences_max);
    TRY(candidates_init(&s.room, &q->m->vocabulary));
    s.batch = llama_batch_init((int32_t)s.tokens_max, 0, 1);
    *ret = s;
    return OK;
}

void
step_done(struct step *s)
{
    candidates_done(&s->room);
    if (s->batch.token)
        llama_batch_free(s->batch);
    *s = (struct step){0};
}

/* ---- the batch */

static void
add_token(struct llama_batch *b, llama_token token, uint32_t pos, llama_seq_id seq, bool has_logits)
{
    const int32_t at = b->n_tokens++;
    b->token[at] = token;
    b->pos[at] = (llama_pos)pos;
    b->n_seq_id[at] = 1;
    b->seq_id[at][0] = seq;
    b->logits[at] = has_logits;
}

static void
add_writer(struct step *s, struct part *p)
{
    const struct answer *a = p->a;
    uint32_t pos = (uint32_t)a->job->prompt.count + a->written - 1;
    p->row = s->batch.n_tokens;
    add_token(&s->batch, a->last, pos, a->seq, true);
    for (uint32_t i = 0; i < p->guessed; i++)
        add_token(&s->batch, p->guess[i], ++pos, a->seq, true);
}

static void
find_all(const struct step *s, struct plan *p, enum answer_state state)
{
    const struct jobs *q = s->jobs;
    for (uint32_t i = 0; i < q->m->sequences_max; i++) {
        struct answer *a = q->running[i];
        if (a && a->state == state && !a->job->is_over)
            p->parts[p->count++] = (struct part){.a = a, .row = -1};
    }
}

/* Up to the next image. */
static uint32_t
left_to_read(const struct part *p)
{
    const struct job *job = p->a->job;
    return views_text(job->views, p->a->read + p->len, (uint32_t)job->prompt.count);
}

/* Water filling: everybody gets the same, but none more than it needs. */
static void
share_budget(struct part *readers, size_t count, uint32_t budget)
{
    size_t hungry = count;
    while (budget && hungry) {
        const uint32_t each = budget / (uint32_t)hungry ? budget / (uint32_t)hungry : 1;
        hungry = 0;
        for (size_t i = 0; i < count && budget; i++) {
            const uint32_t left = left_to_read(&readers[i]);
            uint32_t more = left < each ? left : each;
            more = more < budget ? more : budget;
            readers[i].len += more;
            budget -= more;
            hungry += left > more;
        }
    }
}

static void
say_begun(const struct answer *a)
{
    if (a->index == 0 && a->read == a->job->cached)
        serve_prompt_tokens(a->job->serve, (uint32_t)a->job->prompt.count, a->job->cached);
}

static void
add_prompt(struct step *s, struct part *p)
{
    struct answer *a = p->a;
    const struct tokens *prompt = &a->job->prompt;
    const bool is_end = a->read + p->len == prompt->count;
    for (uint32_t i = a->read; i < a->read + p->len; i++)
        add_token(&s->batch, prompt->at[i], i, a->seq, is_end && i + 1 == prompt->count);
    p->row = is_end ? s->batch.n_tokens - 1 : -1;
    say_begun(a);
}

/* As many tokens as fit beside the writers, so that all together are whole tiles, one at least. */
static uint64_t
whole_tiles(uint64_t writers, uint64_t fits)
{
    const uint64_t tokens = (writers + fits) / STEP_TILE * STEP_TILE;
    if (writers + fits < STEP_TILE)
        return STEP_TILE - writers;
    return tokens > writers ? tokens - writers : 1;
}

static size_t
read_before(const struct part *readers, size_t count)
{
    size_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += readers[i].a->read;
    return count ? sum / count : 0;
}

/* Tokens of prompts that a step with so many writers may hold. */
static uint32_t
reading_budget(const struct step *s, size_t writers, size_t read)
{
    const uint32_t most = s->tokens_max - (uint32_t)writers;
    uint64_t step_us = STEP_SLOWER_TENTHS * pace_together_us(&s->pace, writers) / 10;
    if (!writers || !s->gap_us_max)
        return most;
    if (step_us < s->gap_us_max)
        step_us = s->gap_us_max;
    const uint64_t fits = pace_reads(&s->pace, writers, read, step_us, STEP_READ_FIRST);
    const uint64_t whole = whole_tiles(writers, fits);
    return whole < most ? (uint32_t)whole : most;
}

static void
add_readers(struct step *s, struct plan *p, size_t first)
{
    const size_t read = read_before(p->parts + first, p->count - first);
    share_budget(p->parts + first, p->count - first, reading_budget(s, first, read));
    for (size_t i = first; i < p->count; i++)
        if (p->parts[i].len)
            add_prompt(s, &p->parts[i]);
}

/* ---- what came out */

static size_t
tops_of(const struct vocabulary *v, const struct choice *c, struct serve_logprob *ret,
        char room[][64])
{
    for (size_t i = 0; i < c->top_count; i++)
        ret[i] = (struct serve_logprob){
            .text = vocabulary_name(v, c->tops[i].token, room[i], sizeof room[i]),
            .logprob = c->tops[i].logprob,
        };
    return c->top_count;
}

/* True while the answer goes on. */
static bool
emit(struct step *s, struct answer *a, const struct choice *c)
{
    char room[SAMPLER_TOPS_MAX][64];
    struct serve_logprob tops[SAMPLER_TOPS_MAX];
    struct serve *serve = s->jobs->serve;
    const struct vocabulary *v = &s->jobs->m->vocabulary;
    struct serve_job *j = a->job->serve;
    if (c->is_end) {
        serve_answer_end(serve, j, a->index, FINISH_STOP);
        return false;
    }
    a->written++;
    a->last = c->token;
    s->tokens_out++;
    fair_charge(a->job->tenant, 0, 1);
    jobs_note(s->jobs, a, c->token);
    const str piece = vocabulary_piece(v, c->token);
    const struct serve_logprob lp = {.text = piece, .logprob = c->logprob};
    const size_t top_count = tops_of(v, c, tops, room);
    if (!serve_token(serve, j, a->index, piece, j->ask.logprobs ? &lp : NULL, tops, top_count))
        return false;
    if (c->is_object_whole || a->written == a->job->tokens_max) {
        serve_answer_end(serve, j, a->index, c->is_object_whole ? FINISH_STOP : FINISH_LENGTH);
        return false;
    }
    a->state = ANSWER_WRITES;
    return true;
}

/* True while the answer goes on. */
static bool
choose_one(struct step *s, struct answer *a, int32_t row)
{
    struct choice c;
    const float *logits = llama_get_logits_ith(s->jobs->m->ctx, row);
    ASSERT(logits);
    const err e = sampler_choose(a->sampler, logits, &s->room, &c);
    if (!e.code && emit(s, a, &c))
        return true;
    if (e.code)
        jobs_fail(s->jobs, a->job, e);
    else
        jobs_answer_over(s->jobs, a);
    return false;
}

/* What was guessed wrong is forgotten; but for its last token, the answer is in the memory. */
static void
cut_guess(struct step *s, const struct answer *a)
{
    const uint32_t keep = (uint32_t)a->job->prompt.count + a->written - 1;
    if (!llama_memory_seq_rm(s->jobs->m->memory, a->seq, (llama_pos)keep, -1))
        UNREACHABLE("a sequence that can be shared can be cut");
}

static void
count_guess(struct step *s, const struct part *p, uint32_t right)
{
    s->guessed += p->guessed;
    s->guessed_right += right;
    serve_guessed(p->a->job->serve, p->a->index, p->guessed, right);
}

/* The answer's next token; and another one after each token of the guess that was right. */
static void
choose(struct step *s, const struct part *p)
{
    struct answer *a = p->a;
    uint32_t right = 0;
    bool goes_on = choose_one(s, a, p->row);
    while (goes_on && right < p->guessed && a->last == p->guess[right])
        goes_on = choose_one(s, a, p->row + (int32_t)++right);
    if (p->guessed)
        count_guess(s, p, right);
    if (goes_on && right < p->guessed)
        cut_guess(s, a);
}

static void
take_results(struct step *s, const struct plan *p)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct part *part = &p->parts[i];
        part->a->read += part->len;
        s->tokens_in += part->len;
        fair_charge(part->a->job->tenant, part->len, 0);
        if (part->row >= 0 && part->len)
            jobs_share(s->jobs, part->a);
    }
    for (size_t i = 0; i < p->count; i++)
        if (p->parts[i].row >= 0 && !p->parts[i].a->job->is_over)
            choose(s, &p->parts[i]);
}

static void
fail_youngest(struct step *s)
{
    struct job *job = jobs_youngest(s->jobs);
    ASSERT(job);
    jobs_fail(s->jobs, job, err_start(ERR_BUSY, __FILE__, __LINE__, __func__, "no free cells"));
}

/* Decodes the batch that was made of `p`; how long that took. */
static uint64_t
decode(struct step *s, const struct plan *p)
{
    ASSERT(s->batch.n_tokens > 0 && (uint32_t)s->batch.n_tokens <= s->tokens_max);
    const uint64_t start_us = clock_us();
    const int32_t rc = llama_decode(s->jobs->m->ctx, s->batch);
    const uint64_t took_us = clock_us() - start_us;
    if (rc == NO_CELLS)
        fail_youngest(s);
    else if (rc != 0)
        UNREACHABLE("llama_decode failed on a batch that was checked");
    else
        take_results(s, p);
    return took_us;
}

/* ---- images, each in a step of its own */

static const struct part *
next_image(const struct plan *p, size_t first)
{
    for (size_t i = first; i < p->count; i++)
        if (views_find(p->parts[i].a->job->views, p->parts[i].a->read))
            return &p->parts[i];
    return NULL;
}

static void
read_image(struct step *s, struct answer *a)
{
    const struct view *v = views_find(a->job->views, a->read);
    const struct loaded *m = s->jobs->m;
    ASSERT(v && m->eyes);
    say_begun(a);
    const int32_t rc = eyes_decode(m->eyes, m->ctx, v, a->seq);
    if (rc == NO_CELLS) {
        fail_youngest(s);
        return;
    }
    if (rc != 0) {
        jobs_fail(
            s->jobs, a->job,
            err_start(ERR_INTERNAL, __FILE__, __LINE__, __func__, "an image was not encoded"));
        return;
    }
    a->read += v->count;
    s->tokens_in += v->count;
    fair_charge(a->job->tenant, v->count, 0);
}

/* Between two images those that write get a step. */
static bool
read_any_image(struct step *s, const struct plan *p, size_t writers)
{
    const struct part *part = next_image(p, writers);
    s->has_looked = part && !(s->has_looked && writers);
    if (!s->has_looked)
        return false;
    s->steps++;
    read_image(s, part->a);
    return true;
}

/* ---- together or singly */

static void
run_singly(struct step *s, const struct plan *all)
{
    for (size_t i = 0; i < all->count; i++) {
        struct answer *a = all->parts[i].a;
        struct plan one = {.parts = {{.a = a}}, .count = 1};
        if (a->job->is_over)
            continue;
        s->batch.n_tokens = 0;
        add_writer(s, one.parts);
        pace_learn_rows(&s->pace, 1, decode(s, &one), false);
    }
}

static void
run_together(struct step *s, const struct plan *p, size_t writers)
{
    const size_t rows = (size_t)s->batch.n_tokens;
    const size_t read = read_before(p->parts + writers, p->count - writers);
    const uint64_t out = s->tokens_out, us = decode(s, p);
    if (p->count > writers) {
        pace_learn_reading(&s->pace, writers, rows - writers, read, us);
        return;
    }
    const struct bet_step over = {writers, s->tokens_out - out, us, rows > writers};
    bet_settle(&s->pace, &s->purse, &over);
    pace_learn_rows(&s->pace, rows, us, rows > writers || s->pace.turns % PACE_OTHER_WAY == 0);
}

/* ---- guessing */

/* What may be guessed for one that writes. */
static struct bet
offer(const struct step *s, struct part *p)
{
    const struct answer *a = p->a;
    const uint32_t left = a->job->tokens_max - a->written - 1;
    struct bet b = {.count = 0};
    if (!a->guess)
        return b;
    b.count = (uint8_t)guess_next(a->guess, left < s->guess_max ? left : s->guess_max, p->guess);
    guess_chances(a->guess, &s->jobs->odds, b.count, b.chance);
    return b;
}

/* For tests: all that is offered. */
static void
take_all(struct bet *bets, size_t count, size_t rows)
{
    size_t used = count;
    for (size_t i = 0; i < count; i++) {
        bets[i].take = bets[i].count < rows - used ? bets[i].count : (uint8_t)(rows - used);
        used += bets[i].take;
    }
}

static void
guess_all(struct step *s, struct plan *p)
{
    const size_t rows = s->jobs->m->rows_max, count = p->count;
    struct bet bets[PACE_ROWS_MAX];
    if (count >= PACE_ROWS_MAX || !s->guess_max)
        return;
    for (size_t i = 0; i < count; i++)
        bets[i] = offer(s, &p->parts[i]);
    if (s->is_eager)
        take_all(bets, count, rows);
    else if (!bet_place(&s->pace, &s->purse, bets, count, rows))
        return;
    for (size_t i = 0; i < count; i++)
        p->parts[i].guessed = bets[i].take;
}

bool
step_run(struct step *s)
{
    struct plan plan = {.count = 0};
    jobs_start(s->jobs);
    find_all(s, &plan, ANSWER_WRITES);
    const size_t writers = plan.count;
    find_all(s, &plan, ANSWER_READS);
    if (!plan.count)
        return s->jobs->first != NULL; /* failed ones, soon to be dropped, hold up others */
    if (read_any_image(s, &plan, writers))
        return true;
    if (plan.count == writers)
        guess_all(s, &plan);
    s->batch.n_tokens = 0;
    for (size_t i = 0; i < writers; i++)
        add_writer(s, &plan.parts[i]);
    add_readers(s, &plan, writers);
    s->steps++;
    const size_t rows = (size_t)s->batch.n_tokens;
    if (plan.count == writers && rows == writers && pace_goes_singly(&s->pace, writers))
        run_singly(s, &plan);
    else
        run_together(s, &plan, writers);
    return true;
}
