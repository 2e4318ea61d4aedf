/* SPDX-License-Identifier: EUPL-1.2 */
#include "load/hist.h"

#include <math.h>

#include "base/err.h"

/* Below 2^(BITS+1) the value itself; above, the highest BITS+1 bits count on from there. */
static uint32_t
bucket_of(uint64_t value)
{
    const int top = 63 - __builtin_clzll(value | 1);
    const int shift = top > HIST_BITS ? top - HIST_BITS : 0;
    return (uint32_t)(((uint64_t)shift << HIST_BITS) + (value >> shift));
}

/* The largest value that falls into the bucket. */
static uint64_t
top_of(uint32_t bucket)
{
    const uint32_t low = UINT32_C(2) << HIST_BITS;
    if (bucket < low)
        return bucket;
    const int shift = (int)(bucket >> HIST_BITS) - 1;
    const uint64_t head = (bucket & ((1u << HIST_BITS) - 1)) + (UINT64_C(1) << HIST_BITS);
    return ((head + 1) << shift) - 1;
}

void
hist_add(struct hist *h, uint64_t value)
{
    const uint64_t v = value < HIST_MAX ? value : HIST_MAX;
    const uint32_t bucket = bucket_of(v);
    ASSERT(bucket < HIST_BUCKETS);
    h->counts[bucket]++;
    h->total++;
    h->sum += v;
    if (v > h->max)
        h->max = v;
}

uint64_t
hist_at(const struct hist *h, double q)
{
    uint64_t seen = 0;
    const double rank = ceil(q * (double)h->total);
    const uint64_t wanted = rank < 1 ? 1 : (uint64_t)rank;
    if (!h->total)
        return 0;
    for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
        seen += h->counts[i];
        if (seen >= wanted)
            return top_of(i) < h->max ? top_of(i) : h->max;
    }
    return h->max;
}

uint64_t
hist_mean(const struct hist *h)
{
    return h->total ? h->sum / h->total : 0;
}
