/* SPDX-License-Identifier: EUPL-1.2 */
/* bet.h - how many guessed tokens a step checks beside those that are due; pure.
 *
 * A guess that is right saves a step, and each guess makes its step longer, right or wrong.  So of
 * each guessed token it is known with what chance it and all before it are right (of n-grams:
 * guess.h), and from pace.h what a step of so many rows takes.  The likeliest tokens are taken,
 * from whichever answer, as many as give the most tokens for the time; none, unless that is
 * BET_GAIN more than without.  With chances, times and nothing else, a text that does not repeat
 * itself is written as if there were no guessing at all.
 *
 * Nor does an answer that repeats itself slow down the others: none gets more than a tenth less for
 * its time than without guesses.
 *
 * What so many rows take is found out by trying, and chances and times may be wrong.  So there is a
 * purse, in thousandths of a step: each step puts in a little (BET_SHARE), each bet takes out what
 * it cost beyond what it won, or puts in what it won beyond; it holds BET_PURSE at most.  A bet is
 * made only if the purse can stand that nothing of it comes right.  So whatever the text and the
 * machine, guessing loses no more than one part in 128 of the time and eight steps.
 *
 * One thread. */
#pragma once
#include "sched/pace.h"

enum {
    BET_TOKENS_MAX = 8,   /* for one answer */
    BET_CHANCE_MIN = 200, /* thousandths; what is less likely is not worth a row */
    BET_GAIN = 1100,      /* thousandths */
    BET_PURSE = 8000,     /* thousandths of a step, which it has at first */
    BET_SHARE = 1000 / 128,
    BET_PLAIN = 32, /* now and then nothing is bet, to know what that takes */
    BET_AGAIN = 256 /* what did not pay is tried again */
};

/* Of one answer. */
struct bet {
    uint16_t chance[BET_TOKENS_MAX]; /* thousandths that this token and all before it are right,
                                        each at most the one before */
    uint8_t count, take;             /* of them: offered, and how many are to be checked */
};

struct purse {
    int64_t left; /* thousandths of a step */
    uint32_t turns;
};

struct purse purse_full(void);
/* Sets `take` of each answer that writes; the rows of the step are at most `rows_max`.  False: of
 * all 0, as where there are PACE_ROWS_MAX writers or more. */
bool
bet_place(const struct pace *p, struct purse *u, struct bet *bets, size_t writers, size_t rows_max);
/* A step without readers that is over. */
struct bet_step {
    size_t writers, made; /* tokens */
    uint64_t us;
    bool is_bet; /* with guesses */
};
void bet_settle(const struct pace *p, struct purse *u, const struct bet_step *s);
