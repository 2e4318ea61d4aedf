/* SPDX-License-Identifier: EUPL-1.2 */
/* segment.h - one immutable piece of a collection: documents of one label with their index.
 *
 * Everything a search needs of these documents, and nothing of any other, is in one run of bytes:
 * rows of fixed size, sorted where they are looked up, and a pool of text they point into.  It is
 * built once (build.h), sealed (shelf.h), opened into memory and never changed.
 *
 * Frequencies, lengths and the vocabulary are this segment's own.  Whoever ranks sums them over
 * the segments he is cleared for (rank.h); nothing here can tell about another label.
 *
 * A view does not own the bytes.  Any thread may read. */
#pragma once
#include "base/arena.h"

enum { SEGMENT_TENTH = 10, SEGMENT_BYTES_MAX = 0x7fffffff };

struct seg_text {
    uint32_t at, len; /* in the pool */
};

struct seg_doc {
    struct seg_text name, title, abbreviation, edition, origin;
    uint32_t unit_first, unit_count;
    uint32_t valid_from, valid_to; /* days (day.h); 0: open */
    uint8_t digest[16];            /* of the source's bytes */
};

struct seg_unit {
    struct seg_text section, heading, path, text;
    uint32_t doc, from, to; /* from, to: bytes of the source */
    uint32_t words;         /* length for ranking: words that are no stop words */
    uint32_t ref_first, ref_count;
    uint32_t page, page_to; /* 0: the source has no pages */
};

/* A word as written (folded), and how often. */
struct seg_word {
    struct seg_text text;
    uint32_t count;
};

struct seg_term {
    struct seg_text text;
    uint32_t posting_first, posting_count;
};

/* Weighted frequencies in tenths: of the text, and of headings and titles. */
struct seg_posting {
    uint32_t unit;
    uint16_t body, head;
};

struct segment {
    const struct seg_doc *docs;
    const struct seg_unit *units;
    const uint32_t *refs; /* units the text points to, of the same document */
    const struct seg_word *words;
    const struct seg_term *terms;
    const struct seg_posting *postings;
    const char *pool;
    uint32_t doc_count, unit_count, ref_count, word_count, term_count, posting_count, pool_len;
    uint64_t words_all; /* sum of units' words */
};

/* A view of `bytes`, aligned to 8.  CORRUPT unless every row points inside. */
fallible segment_view(str bytes, struct segment *ret);

static inline str
segment_text(const struct segment *s, struct seg_text t)
{
    return (str){s->pool + t.at, t.len};
}
/* NULL if no unit has the term. */
const struct seg_term *segment_term(const struct segment *s, str term);
/* How often the word stands in these documents. */
uint32_t segment_word_count(const struct segment *s, str word);
/* Index of the first word that is not below `prefix`. */
uint32_t segment_word_from(const struct segment *s, str prefix);
/* NULL if there is none. */
const struct seg_doc *segment_doc(const struct segment *s, str name);
/* The unit of that name in the document, or NULL. */
const struct seg_unit *segment_unit(const struct segment *s, const struct seg_doc *d, str section);
