/* SPDX-License-Identifier: EUPL-1.2 */
/* Random requests of random tenants, classes and scopes, cancelled at random, over thousands of
 * steps: whatever happens, what jobs.h promises holds after each step. */
#include <math.h>

#include "base/fault.h"
#include "engine/llama/jobs.h"
#include "rig.h"

enum { SPECS = 14, OPEN_MAX = 24, SCOPES = 4, PROMPT_MAX = 440 };

static struct rig_engine e;
static uint64_t state;

static uint32_t
next(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % below);
}

/* Keys and values are kept with 11 bits; what is decoded beside a token decides how sums are
 * rounded. */
#define ROUNDING 0.02f

/* ---- what is asked: prompts of three families, and what each is answered alone */

struct spec {
    char text[PROMPT_MAX];
    uint32_t len, n, tokens_max;
    struct rig_job *alone;
};
static struct spec specs[SPECS];

static struct rig_job *
job_of(const struct spec *s)
{
    struct engine_submit ask = rig_ask(ENGINE_COMPLETE, s->n, s->tokens_max);
    ask.ignore_eos = 1;
    ask.logprobs = 1;
    ask.top_logprobs = 2;
    return rig_job(ask, (str){s->text, s->len});
}

static void
make_specs(void)
{
    for (uint32_t i = 0; i < SPECS; i++) {
        struct spec *s = &specs[i];
        const uint32_t family = i % 3, shared = 40 + 60 * (i % 4);
        s->len = 1 + next(PROMPT_MAX - 1);
        s->n = i % 4 == 3 ? 2 + next(5) : 1;
        s->tokens_max = 1 + next(s->n > 1 ? 30 : 70);
        for (uint32_t at = 0; at < s->len; at++)
            s->text[at] = (char)('a' + (at < shared ? (at * (family + 3)) % 26 : next(26)));
        s->alone = job_of(s);
        CHECK_OK(rig_submit(&e, s->alone));
        rig_run(&e);
    }
}

static bool
engine(void)
{
    if (!e.m.model) {
        CHECK_OK(rig_engine_start(&e, &rig_chat_model, rig_options(-1, false)));
        state = 1;
        make_specs();
    }
    return e.m.model != NULL;
}

/* ---- what is open, and what was ever said in a scope */

struct open_job {
    struct rig_job *r;
    const struct spec *spec;
    uint32_t scope;
};
static struct open_job open_jobs[OPEN_MAX];
static size_t open_count;
static bool was_said[SCOPES][SPECS];
static float worst;
static unsigned ended, compared, cancelled, hits, ties;

static void
submit(uint32_t scope)
{
    const uint32_t which = next(SPECS);
    struct rig_job *r = job_of(&specs[which]);
    struct engine_submit *ask = &r->pub.ask;
    ask->tenant = 1 + next(5);
    ask->weight = next(3);
    ask->class = next(3);
    ask->scope[0] = (uint8_t)scope; /* 0: nobody's */
    ask->wipes = next(40) == 0;
    CHECK_OK(rig_submit(&e, r));
    open_jobs[open_count++] = (struct open_job){r, &specs[which], scope};
    was_said[scope][which] = true;
}

static uint32_t
longest_said(uint32_t scope, const struct spec *s)
{
    uint32_t longest = 0;
    for (uint32_t i = 0; i < SPECS; i++) {
        uint32_t len = 0;
        while (was_said[scope][i] && len < s->len && len < specs[i].len &&
               s->text[len] == specs[i].text[len])
            len++;
        longest = len > longest ? len : longest;
    }
    return longest + 1; /* the model's first token */
}

/* The same as alone, up to a token where alone was undecided. */
static void
compare(const struct rig_answer *a, const struct rig_answer *alone)
{
    CHECK_INT(a->tokens, ==, alone->tokens);
    for (uint32_t i = 0; i < a->tokens; i++) {
        if (a->text[i] != alone->text[i]) { /* a token is a byte here */
            CHECK(fabsf(alone->tops[i][0] - alone->tops[i][1]) < 2 * ROUNDING);
            ties++;
            return;
        }
        const float off = fabsf(a->logprob[i] - alone->logprob[i]);
        CHECK(off < ROUNDING);
        worst = off > worst ? off : worst;
    }
    compared++;
}

static void
look_at(const struct open_job *o)
{
    const struct rig_job *r = o->r;
    CHECK_INT(r->failure.code, ==, ERR_OK);
    CHECK_INT(r->prompt_tokens, ==, o->spec->len + 1);
    CHECK_INT(r->after_the_end, ==, 0);
    hits += r->cached_tokens > 0;
    if (!o->scope)
        CHECK_INT(r->cached_tokens, ==, 0);
    CHECK_INT(r->cached_tokens, <=, longest_said(o->scope, o->spec));
    for (uint32_t i = 0; i < o->spec->n; i++)
        compare(&r->answers[i], &o->spec->alone->answers[i]);
}

static void
forget(size_t i)
{
    rig_job_free(open_jobs[i].r);
    open_jobs[i] = open_jobs[--open_count];
}

static void
step(void)
{
    CHECK_INT(step_run(&e.step), ==, e.jobs.first != NULL);
    bool is_over[OPEN_MAX];
    for (size_t i = 0; i < open_count; i++)
        is_over[i] = rig_is_over(open_jobs[i].r);
    rig_settle(&e);
    for (size_t i = open_count; i-- > 0;) {
        if (!is_over[i])
            continue;
        ended++;
        look_at(&open_jobs[i]);
        forget(i);
    }
}

static void
cancel_one(void)
{
    const size_t i = next((uint32_t)open_count);
    rig_cancel(&e, open_jobs[i].r);
    cancelled++;
    forget(i);
}

/* ---- what always holds */

static void
check_ledger(void)
{
    const struct jobs *q = &e.jobs;
    uint32_t reserved = 0, kept = 0, seats = 0, running = 0;
    size_t aside = 0;
    for (const struct job *j = q->first; j; j = j->next) {
        reserved += j->reserved;
        uint32_t waiting = 0;
        for (uint32_t i = 0; i < j->serve->ask.n; i++) {
            const struct answer *a = &j->answers[i];
            reserved += a->reserved;
            aside += a->aside_len;
            waiting += a->state == ANSWER_WAITS || a->state == ANSWER_ASIDE;
            CHECK((a->seq >= 0) == (a->state == ANSWER_LURKS || a->state == ANSWER_READS ||
                                    a->state == ANSWER_WRITES));
            CHECK(a->seq < 0 || q->running[a->seq] == a);
            CHECK(!a->aside || a->state == ANSWER_ASIDE);
        }
        CHECK_INT(j->waiting, ==, waiting);
    }
    CHECK_INT(q->reserved, ==, reserved);
    CHECK_INT(q->aside_bytes, ==, aside);
    for (size_t i = 0; i < q->prefix.count; i++)
        kept += q->prefix.at[i].len;
    CHECK_INT(q->prefix.tokens, ==, kept);
    CHECK_INT(kept, <=, q->prefix.tokens_max);
    CHECK_INT(reserved, <=, e.m.cells);
    for (size_t i = 0; i < q->fair->count; i++)
        seats += q->fair->tenants[i].seats;
    for (uint32_t i = 0; i < e.m.sequences_max; i++)
        running += q->running[i] != NULL;
    CHECK_INT(seats, ==, running);
}

/* Sequences of llama.cpp: nobody's are empty. */
static void
check_sequences(void)
{
    for (uint32_t i = 0; i < 256 && e.m.can_share; i++)
        if (i >= e.m.sequences_max || !e.jobs.running[i])
            CHECK_INT(llama_memory_seq_pos_max(e.m.memory, (llama_seq_id)i), ==, -1);
}

static void
play(uint64_t seed, int turns, uint32_t cells, bool can_share)
{
    const uint32_t all = e.m.cells;
    state = seed;
    prefix_shrink(&e.jobs.prefix, 0);
    memset(was_said, 0, sizeof was_said);
    e.m.cells = cells;
    e.m.can_share = can_share;
    for (int n = 0; n < turns; n++) {
        const uint32_t what = next(100);
        if (what < 18 && open_count < OPEN_MAX)
            submit(can_share ? next(SCOPES) : 0);
        else if (what < 20 && open_count)
            cancel_one();
        else
            step();
        check_ledger();
        if (n % 8 == 0)
            check_sequences();
    }
    for (int n = 0; n < 20000 && open_count; n++)
        step();
    CHECK_INT(open_count, ==, 0);
    check_ledger();
    check_sequences();
    CHECK(rig_is_empty(&e));
    e.m.cells = all;
    e.m.can_share = true;
}

TEST(a_token_of_another_prompt_would_be_noticed)
{
    NEED(engine());
    unsigned alike = 0, pairs = 0;
    for (uint32_t i = 0; i < SPECS; i++)
        for (uint32_t j = 0; j < i; j++) {
            const struct rig_answer *a = specs[i].alone->answers, *b = specs[j].alone->answers;
            alike += a->text[0] == b->text[0] && fabsf(a->logprob[0] - b->logprob[0]) < ROUNDING;
            pairs++;
        }
    printf("# %u of %u pairs alike\n", alike, pairs);
    CHECK_INT(alike * 10, <, pairs);
}

TEST(whatever_comes_and_goes_cells_are_never_promised_twice_and_every_job_ends_as_if_alone)
{
    NEED(engine());
    for (uint64_t seed = 1; seed <= 3; seed++)
        play(seed, 800, e.m.cells, true);
    printf(
        "# %u ended, %u cancelled, %u hits, %ju gave way, %u answers compared, %u ties, worst %g\n",
        ended, cancelled, hits, (uintmax_t)e.jobs.ousted, compared, ties, (double)worst);
    CHECK(ended > 100 && cancelled > 10 && hits > 10 && e.jobs.ousted > 10);
    CHECK_INT(ties * 20, <, compared);
}

TEST(the_same_where_cells_are_so_few_that_jobs_wait_for_each_other)
{
    NEED(engine());
    for (uint64_t seed = 11; seed <= 12; seed++)
        play(seed, 700, 512 + 64 * (uint32_t)(seed % 4), true);
}

TEST(the_same_where_sequences_cannot_be_cut)
{
    NEED(engine());
    for (uint64_t seed = 21; seed <= 21; seed++)
        play(seed, 500, e.m.cells, false);
    for (uint32_t i = 0; i < SPECS; i++)
        rig_job_free(specs[i].alone);
    rig_engine_end(&e);
}
