/* SPDX-License-Identifier: EUPL-1.2 */
/* pace.h - what steps of an engine take, learned from those that were; pure.
 *
 * Three things are kept apart, for they are calculated by different code of the library: one token
 * alone; so many rows together (writers' tokens and what is guessed for them); and a token of a
 * prompt that is read beside writers.  A table, not a line: on some processors the library has a
 * fast product with one column and a slow one with a few, on an accelerator rows are free up to
 * some number and then are not.  Between two numbers of rows that are known a line is drawn; beyond
 * the last nothing is known.
 *
 * Times are measured on a machine that does other things too, so they are smoothed, and one slow
 * step among many counts as twice the usual at most.  Of what is measured seldom a new time counts
 * more, or one that was disturbed would stand for long.
 *
 * What all writers take together or one after the other is tried both ways; the way that took
 * longer is tried again every PACE_OTHER_WAY steps, for times change.
 *
 * One thread. */
#pragma once
#include "base/err.h"

enum {
    PACE_ROWS_MAX = 24,  /* more are not kept */
    PACE_SINGLY_MAX = 8, /* writers that may go one after the other */
    PACE_OTHER_WAY = 64,
    PACE_READ_KNOWN = 16 /* so many tokens read at least tell what one takes */
};

/* 0: not known yet. */
struct pace {
    uint64_t single_us;                  /* one row alone */
    uint64_t rows_us[PACE_ROWS_MAX + 1]; /* so many together, from 2 */
    uint64_t read_ns;                    /* a token of a prompt, beside those that are written */
    uint32_t turns;
};

/* A step of `rows` rows took `us`; `is_rare`: such steps are seldom. */
void pace_learn_rows(struct pace *p, size_t rows, uint64_t us, bool is_rare);
/* A step of `writers` and `read` tokens of prompts took `us`. */
void pace_learn_reading(struct pace *p, size_t writers, size_t read, uint64_t us);
/* What so many rows take together, or 0. */
uint64_t pace_rows_us(const struct pace *p, size_t rows);
/* What the writers of a step take together, as far as is known. */
uint64_t pace_together_us(const struct pace *p, size_t writers);
/* What they take the faster way, or 0. */
uint64_t pace_plain_us(const struct pace *p, size_t writers);
/* Are the writers of the next step to go one after the other? */
bool pace_goes_singly(struct pace *p, size_t writers);
/* Tokens of prompts that may be read beside `writers` so that the step takes `step_us`; `unknown`
 * while it is not known what they take. */
uint64_t pace_reads(const struct pace *p, size_t writers, uint64_t step_us, uint64_t unknown);
