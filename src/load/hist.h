/* SPDX-License-Identifier: EUPL-1.2 */
/* hist.h - a histogram that keeps every order of magnitude equally exact (as HdrHistogram, Tene).
 *
 * Values below 256 have a bucket each; above, every power of two is cut into 128, so a quantile is
 * at most 1/128 too large and never too small.  Fixed size, 36 KB; values beyond HIST_MAX count as
 * HIST_MAX.  A plain value: = {0} is empty. */
#pragma once
#include <stdint.h>

enum { HIST_BITS = 7, HIST_MAX_BITS = 40 };
enum { HIST_BUCKETS = (HIST_MAX_BITS - HIST_BITS + 1) << HIST_BITS };
#define HIST_MAX ((UINT64_C(1) << HIST_MAX_BITS) - 1)

struct hist {
    uint64_t counts[HIST_BUCKETS];
    uint64_t total, max, sum;
};

void hist_add(struct hist *h, uint64_t value);
/* The value that at least `q` (0 to 1) of all are at or below; 0 when there are none. */
uint64_t hist_at(const struct hist *h, double q);
uint64_t hist_mean(const struct hist *h);
