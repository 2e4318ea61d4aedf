/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/segment.h"

#include "know/segment_form.h"

/* ---- view */

struct cutter {
    str bytes;
    size_t at;
};

/* The next array, or NULL if the bytes end before it does. */
static const void *
cut(struct cutter *c, uint32_t count, size_t size)
{
    const size_t len = segment_padded((size_t)count * size);
    const char *const at = c->bytes.at + c->at;
    if (len > c->bytes.len - c->at)
        return NULL;
    c->at += len;
    return at;
}

static bool
is_text(const struct segment *s, struct seg_text t)
{
    return t.at <= s->pool_len && t.len <= s->pool_len - t.at;
}

static bool
is_range(uint32_t first, uint32_t count, uint32_t all)
{
    return first <= all && count <= all - first;
}

static bool
docs_are_whole(const struct segment *s)
{
    for (uint32_t i = 0; i < s->doc_count; i++) {
        const struct seg_doc *const d = &s->docs[i];
        if (!is_text(s, d->name) || !is_text(s, d->title) || !is_text(s, d->abbreviation) ||
            !is_text(s, d->edition) || !is_text(s, d->origin) ||
            !is_range(d->unit_first, d->unit_count, s->unit_count))
            return false;
    }
    return true;
}

static bool
units_are_whole(const struct segment *s)
{
    for (uint32_t i = 0; i < s->unit_count; i++) {
        const struct seg_unit *const u = &s->units[i];
        if (!is_text(s, u->section) || !is_text(s, u->heading) || !is_text(s, u->path) ||
            !is_text(s, u->text) || u->doc >= s->doc_count ||
            !is_range(u->ref_first, u->ref_count, s->ref_count))
            return false;
    }
    for (uint32_t i = 0; i < s->ref_count; i++)
        if (s->refs[i] >= s->unit_count)
            return false;
    return true;
}

static bool
index_is_whole(const struct segment *s)
{
    for (uint32_t i = 0; i < s->word_count; i++)
        if (!is_text(s, s->words[i].text))
            return false;
    for (uint32_t i = 0; i < s->term_count; i++)
        if (!is_text(s, s->terms[i].text) ||
            !is_range(s->terms[i].posting_first, s->terms[i].posting_count, s->posting_count))
            return false;
    for (uint32_t i = 0; i < s->posting_count; i++)
        if (s->postings[i].unit >= s->unit_count)
            return false;
    return true;
}

fallible
segment_view(str bytes, struct segment *ret)
{
    struct cutter c = {.bytes = bytes};
    ASSERT(((uintptr_t)bytes.at & 7) == 0);
    const struct seg_head *const h = (const struct seg_head *)cut(&c, 1, sizeof *h);
    if (h && h->magic == SEGMENT_MAGIC_OLD)
        REFUSE(CORRUPT, "",
               "the collection is of an older version: make it anew from its documents");
    if (!h || h->magic != SEGMENT_MAGIC)
        FAIL(CORRUPT, "not a segment");
    struct segment s = {.doc_count = h->doc_count,
                        .unit_count = h->unit_count,
                        .ref_count = h->ref_count,
                        .word_count = h->word_count,
                        .term_count = h->term_count,
                        .posting_count = h->posting_count,
                        .pool_len = h->pool_len,
                        .words_all = h->words_all};
    s.docs = (const struct seg_doc *)cut(&c, s.doc_count, sizeof *s.docs);
    s.units = (const struct seg_unit *)cut(&c, s.unit_count, sizeof *s.units);
    s.refs = (const uint32_t *)cut(&c, s.ref_count, sizeof *s.refs);
    s.words = (const struct seg_word *)cut(&c, s.word_count, sizeof *s.words);
    s.terms = (const struct seg_term *)cut(&c, s.term_count, sizeof *s.terms);
    s.postings = (const struct seg_posting *)cut(&c, s.posting_count, sizeof *s.postings);
    s.pool = (const char *)cut(&c, s.pool_len, 1);
    if (!s.docs || !s.units || !s.refs || !s.words || !s.terms || !s.postings || !s.pool)
        FAIL(CORRUPT, "a segment ends too early");
    if (!docs_are_whole(&s) || !units_are_whole(&s) || !index_is_whole(&s))
        FAIL(CORRUPT, "a segment points outside itself");
    *ret = s;
    return OK;
}

/* ---- lookups */

const struct seg_term *
segment_term(const struct segment *s, str term)
{
    uint32_t from = 0, to = s->term_count;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        const int c = str_cmp(term, segment_text(s, s->terms[middle].text));
        if (c == 0)
            return &s->terms[middle];
        if (c < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return NULL;
}

uint32_t
segment_word_from(const struct segment *s, str prefix)
{
    uint32_t from = 0, to = s->word_count;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (str_cmp(segment_text(s, s->words[middle].text), prefix) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

uint32_t
segment_word_count(const struct segment *s, str word)
{
    const uint32_t i = segment_word_from(s, word);
    return i < s->word_count && str_eq(segment_text(s, s->words[i].text), word) ? s->words[i].count
                                                                                : 0;
}

const struct seg_doc *
segment_doc(const struct segment *s, str name)
{
    for (uint32_t i = 0; i < s->doc_count; i++)
        if (str_eq(segment_text(s, s->docs[i].name), name))
            return &s->docs[i];
    return NULL;
}

const struct seg_unit *
segment_unit(const struct segment *s, const struct seg_doc *d, str section)
{
    for (uint32_t i = 0; i < d->unit_count; i++) {
        const struct seg_unit *const u = &s->units[d->unit_first + i];
        if (str_eq(segment_text(s, u->section), section))
            return u;
    }
    return NULL;
}
