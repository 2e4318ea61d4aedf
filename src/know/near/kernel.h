/* SPDX-License-Identifier: EUPL-1.2 */
/* kernel.h - the two inner loops of a vector search, for what the machine can do.
 *
 * Distances are whole numbers and the same in each; sums of products may differ in their last bits
 * between kernels, so one search uses one kernel.  Pure. */
#pragma once
#include "base/err.h"

struct kernel {
    const char *name;
    /* Hamming distance of each code to `q`, all `len` bytes, a multiple of 8. */
    void (*scan)(const uint8_t *codes, size_t len, size_t count, const uint8_t *q, uint16_t *ret);
    float (*dot)(const int8_t *row, const float *q, size_t dims); /* dims a multiple of 8 */
};

extern const struct kernel kernel_plain;
/* The fastest of this machine. */
const struct kernel *kernel_best(void);
/* "plain", "avx2", "avx512"; NULL if this machine lacks it. */
const struct kernel *kernel_find(const char *name);
