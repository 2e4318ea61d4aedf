/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/bet.h"

enum { STEP = 1000 /* thousandths */, LOSS_MAX = 2 * BET_PURSE };

struct purse
purse_full(void)
{
    return (struct purse){.left = BET_PURSE};
}

/* Guesses, the likeliest first, and what is hoped of the first n of them, in thousandths of
 * tokens: of all answers, and of the one that gets least. */
struct line {
    uint32_t who[PACE_ROWS_MAX], all[PACE_ROWS_MAX + 1], least[PACE_ROWS_MAX + 1];
    size_t count;
};

static uint32_t
least_of(const uint32_t *hopes, size_t count)
{
    uint32_t least = hopes[0];
    for (size_t i = 1; i < count; i++)
        least = hopes[i] < least ? hopes[i] : least;
    return least;
}

static size_t
likeliest(const struct bet *bets, size_t count)
{
    size_t best = count;
    uint32_t chance = BET_CHANCE_MIN;
    for (size_t i = 0; i < count; i++)
        if (bets[i].take < bets[i].count && bets[i].chance[bets[i].take] >= chance) {
            chance = bets[i].chance[bets[i].take];
            best = i;
        }
    return best;
}

static void
line_up(struct bet *bets, size_t writers, size_t most, struct line *ret)
{
    uint32_t hopes[PACE_ROWS_MAX];
    ret->count = 0;
    for (size_t i = 0; i < writers; i++) {
        ASSERT(bets[i].count <= BET_TOKENS_MAX);
        bets[i].take = 0;
        hopes[i] = STEP;
    }
    ret->all[0] = (uint32_t)writers * STEP;
    ret->least[0] = STEP;
    for (size_t i; ret->count < most && (i = likeliest(bets, writers)) < writers;) {
        const uint32_t chance = bets[i].chance[bets[i].take++], n = (uint32_t)ret->count++;
        hopes[i] += chance;
        ret->who[n] = (uint32_t)i;
        ret->all[n + 1] = ret->all[n] + chance;
        ret->least[n + 1] = least_of(hopes, writers);
    }
    for (size_t i = 0; i < writers; i++)
        bets[i].take = 0;
}

struct table {
    const struct pace *p;
    const struct purse *u;
    const struct line *l;
    size_t writers;
    uint64_t plain_us;
};

/* Would `n` guesses pay if the step took so long? */
static bool
does_pay(const struct table *t, size_t n, uint64_t us)
{
    const uint64_t all = t->l->all[n], least = t->l->least[n], writers = t->writers;
    return all * t->plain_us >= writers * us * BET_GAIN &&
           least * t->plain_us * BET_GAIN >= us * STEP * STEP;
}

/* If nothing comes right.  Where it is not known what so many rows take, it is taken that a guess
 * takes as long as a token. */
static bool
is_affordable(const struct table *t, size_t n, uint64_t us)
{
    const uint64_t most = us ? us : t->plain_us * (t->writers + n) / t->writers;
    return (int64_t)(most * STEP / t->plain_us) - STEP <= t->u->left;
}

/* Is `a` guesses in `a_us` more for the time than `b` in `b_us`? */
static bool
is_better(const struct table *t, size_t a, uint64_t a_us, size_t b, uint64_t b_us)
{
    return t->l->all[a] * b_us > t->l->all[b] * a_us;
}

/* As many as give the most for the time, by what steps are known to take; 0: none pays. */
static size_t
best_known(const struct table *t, uint64_t *ret_us)
{
    size_t best = 0;
    *ret_us = t->plain_us;
    for (size_t n = 1; n <= t->l->count; n++) {
        const uint64_t us = pace_rows_us(t->p, t->writers + n);
        if (us && does_pay(t, n, us) && is_affordable(t, n, us) &&
            is_better(t, n, us, best, *ret_us)) {
            best = n;
            *ret_us = us;
        }
    }
    return best;
}

/* Where it is not known, a step takes no less than one of fewer rows, at best. */
static size_t
worth_a_try(const struct table *t, size_t best, uint64_t best_us)
{
    uint64_t least_us = t->plain_us;
    size_t found = 0;
    for (size_t n = 1; n <= t->l->count; n++) {
        const uint64_t us = pace_rows_us(t->p, t->writers + n);
        if (us > least_us)
            least_us = us;
        if (!us && does_pay(t, n, least_us) && is_affordable(t, n, 0) &&
            is_better(t, n, least_us * BET_GAIN / STEP, best, best_us))
            found = n;
    }
    return found;
}

/* Another number each time, for what is known of it may be wrong. */
static size_t
tried_again(const struct table *t)
{
    const size_t n = 1 + t->u->turns / BET_AGAIN % t->l->count;
    const uint64_t us = pace_rows_us(t->p, t->writers + n);
    return does_pay(t, n, t->plain_us) && is_affordable(t, n, us) ? n : 0;
}

static size_t
how_many(const struct table *t)
{
    uint64_t us;
    const size_t best = best_known(t, &us), try = worth_a_try(t, best, us);
    if (try)
        return try;
    if (best)
        return t->u->turns % BET_PLAIN ? best : 0;
    return t->u->turns % BET_AGAIN ? 0 : tried_again(t);
}

bool
bet_place(const struct pace *p, struct purse *u, struct bet *bets, size_t writers, size_t rows_max)
{
    struct line l;
    const size_t most = rows_max < PACE_ROWS_MAX ? rows_max : PACE_ROWS_MAX;
    ASSERT(writers > 0);
    if (writers >= most)
        return false;
    line_up(bets, writers, most - writers, &l);
    const struct table t = {p, u, &l, writers, pace_plain_us(p, writers)};
    if (!l.count || !t.plain_us)
        return false;
    u->turns++;
    const size_t n = how_many(&t);
    for (size_t i = 0; i < n; i++)
        bets[l.who[i]].take++;
    return n > 0;
}

void
bet_settle(const struct pace *p, struct purse *u, const struct bet_step *s)
{
    const uint64_t plain_us = pace_plain_us(p, s->writers);
    int64_t won = BET_SHARE;
    ASSERT(s->writers > 0);
    if (s->is_bet && plain_us)
        won = (int64_t)(s->made * STEP / s->writers) - (int64_t)(s->us * STEP / plain_us);
    u->left += won < -LOSS_MAX ? -LOSS_MAX : won;
    if (u->left > BET_PURSE)
        u->left = BET_PURSE;
}
