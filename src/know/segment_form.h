/* SPDX-License-Identifier: EUPL-1.2 */
/* segment_form.h - how a segment lies in its bytes; for segment.c and build.c alone.
 *
 * Head, then the arrays in the order of the head's counts, each padded to 8 bytes, then the pool.
 * Numbers are little-endian: other machines are refused at compile time. */
#pragma once
#include "know/segment.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "segments are little-endian");

#define SEGMENT_MAGIC 0x32676573776f6e6bu     /* "knowseg2" */
#define SEGMENT_MAGIC_OLD 0x31676573776f6e6bu /* "knowseg1": without pages and validity */

struct seg_head {
    uint64_t magic, words_all;
    uint32_t doc_count, unit_count, ref_count, word_count, term_count, posting_count, pool_len,
        spare;
};

static inline size_t
segment_padded(size_t len)
{
    return (len + 7) & ~(size_t)7;
}
