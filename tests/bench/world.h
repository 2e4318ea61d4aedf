/* SPDX-License-Identifier: EUPL-1.2 */
/* world.h - what benchmarks of retrieval share: one sequence of random numbers, vectors around
 * random centres, pages of random words, somebody who may read them, and clocks. */
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "policy/policy.h"

enum { DIMS = 384, CENTRES = 5000, WORDS = 20000, PAGE_WORDS = 400 };

static uint64_t state = 1;

static inline uint64_t
random_u64(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline float
noise(void)
{
    const uint64_t r = random_u64();
    const float a = (float)(r & 0xffff) + (float)(r >> 16 & 0xffff) + (float)(r >> 32 & 0xffff) +
                    (float)(r >> 48);
    return a / 65536 - 2; /* variance 1/3 */
}

static inline double
now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Of this thread: what one core of its own would need. */
static inline double
cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline void
random_row(const float *centres, float *row)
{
    const float *const c = centres + random_u64() % CENTRES * DIMS;
    double sum = 0;
    for (int i = 0; i < DIMS; i++) {
        row[i] = c[i] + noise();
        sum += (double)row[i] * (double)row[i];
    }
    for (int i = 0; i < DIMS; i++)
        row[i] = (float)((double)row[i] / sqrt(sum));
}

static inline int
by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Words as often as in a language: the n-th about 1/n. */
static inline size_t
random_word(void)
{
    const double u = (double)(random_u64() >> 11) / 9007199254740992.0;
    return (size_t)(pow(WORDS, u)) % WORDS;
}

static inline void
put_word(buf *b, size_t n)
{
    static const char *const syllables[] = {"an",  "ber",  "dung",  "ent",  "fah", "gel",
                                            "hun", "ig",   "kin",   "lich", "mel", "nach",
                                            "ord", "pfle", "recht", "steu"};
    for (n += 17; n; n /= 16)
        buf_add(b, str_of(syllables[n % 16]));
    buf_add_char(b, ' ');
}

static inline void
make_page(buf *b)
{
    buf_clear(b);
    buf_add(b, STR("# "));
    put_word(b, random_word());
    for (int i = 0; i < PAGE_WORDS; i++) {
        if (i % 100 == 0) {
            buf_add(b, STR("\n\n## "));
            put_word(b, random_word());
            buf_add(b, STR("\n\n"));
        }
        put_word(b, random_word());
        if (i % 12 == 11)
            buf_add(b, STR(".\n"));
    }
}

static inline err
make_grant(policy **p, arena *a, const char *clearance, const grant **ret)
{
    static const char text[] = "version: 1\nlevels:\n  - { height: 0, id: offen, title: Offen }\n"
                               "compartments:\n  - { bit: 8, id: A, title: A }\n"
                               "parties:\n  - { bit: 128, id: B, title: B }\n"
                               "taints:\n  - { bit: 224, id: web, title: W }\n";
    struct decision d;
    struct session s = {.key_id = STR("b"), .key_name = STR("b"), .tenant = STR("b")};
    if (!*p) {
        TRY(policy_load(str_of(text), p));
        TRY(policy_set_ceiling(*p, STR("offen")));
    }
    TRY(policy_clearance(*p, str_of(clearance), STR_NONE, &s.clearance));
    const struct ask q = {.session = &s, .op = OP_KNOW_SEARCH, .target = policy_local_sink(*p)};
    return policy_decide(*p, &q, a, &d, ret);
}
