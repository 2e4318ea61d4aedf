/* SPDX-License-Identifier: EUPL-1.2 */
/* pace.h - what steps of an engine take, learned from those that were; pure.
 *
 * Three things are kept apart, for they are calculated by different code of the library: one token
 * alone; so many rows together (writers' tokens and what is guessed for them); and a token of a
 * prompt that is read beside writers.  Of rows there is a table, not a line: on some processors the
 * library has a fast product with one column and a slow one with a few, on an accelerator rows are
 * free up to some number and then are not.  Between two numbers of rows that are known a line is
 * drawn; beyond the last nothing is known.  A token read takes longer the more stands before it in
 * its prompt (measured: at 3,000 tokens twice as long as at the start), so for these a line is
 * fitted, by least squares over steps that fade; with a ridge, lest two steps near each other
 * tell a slope (Hoerl and Kennard 1970).
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

/* Weighted sums of what tokens took, in ns, after so many others. */
struct pace_line {
    double weight, at, ns, at_at, at_ns;
};

/* 0: not known yet. */
struct pace {
    uint64_t single_us;                  /* one row alone */
    uint64_t rows_us[PACE_ROWS_MAX + 1]; /* so many together, from 2 */
    struct pace_line read;               /* a token of a prompt, beside those that are written */
    uint32_t turns;
};

/* A step of `rows` rows took `us`; `is_rare`: such steps are seldom. */
void pace_learn_rows(struct pace *p, size_t rows, uint64_t us, bool is_rare);
/* A step of `writers` and `read` tokens of prompts, of which `at` were read before, took `us`. */
void pace_learn_reading(struct pace *p, size_t writers, size_t read, size_t at, uint64_t us);
/* What a token takes that is read after `at` others, in ns; 0: not known yet. */
uint64_t pace_read_ns(const struct pace *p, size_t at);
/* What so many rows take together, or 0. */
uint64_t pace_rows_us(const struct pace *p, size_t rows);
/* What the writers of a step take together, as far as is known. */
uint64_t pace_together_us(const struct pace *p, size_t writers);
/* What they take the faster way, or 0. */
uint64_t pace_plain_us(const struct pace *p, size_t writers);
/* Are the writers of the next step to go one after the other? */
bool pace_goes_singly(struct pace *p, size_t writers);
/* Tokens of a prompt that may be read beside `writers`, after `at` others, so that the step takes
 * `step_us`; `unknown` while it is not known what they take. */
uint64_t
pace_reads(const struct pace *p, size_t writers, size_t at, uint64_t step_us, uint64_t unknown);
