/* SPDX-License-Identifier: EUPL-1.2 */
/* doc.h - one text under examination: its tokens, what was found so far, names seen.
 *
 * Shared by the rules of this directory only.  Rules run one after another and add spans, which
 * may overlap until doc_settle keeps the best of each heap and marks the tokens they cover. */
#pragma once
#include "detect/token.h"

enum { LABEL_BYTES_MAX = 72 };

struct doc {
    const lexicon *x;
    str text;
    arena *a;
    struct tokens t;
    uint8_t *field; /* of each token: type its table column announces */
    detect_spans found;
    struct name_set *names; /* person.c */
};

fallible doc_add(struct doc *d, size_t start, size_t end, enum detect_type type, unsigned score);
fallible doc_add_span(struct doc *d, struct detect_span s);
/* Keeps the best of overlapping spans, in order, and marks tokens. */
fallible doc_settle(struct doc *d);

struct labels {
    uint64_t all;             /* bits of enum detect_type */
    enum detect_type nearest; /* DETECT_NONE: none near */
    uint32_t distance;        /* bytes from its end */
};
/* What is announced for the token at `i`: labels before it within LABEL_BYTES_MAX and its column.
 */
struct labels doc_labels(const struct doc *d, size_t i);
static inline bool
labels_have(const struct labels *l, enum detect_type t)
{
    return (l->all >> t & 1) != 0;
}

static inline bool
token_is_mark(const struct token *t, uint16_t mark)
{
    return t->kind == TOKEN_MARK && t->mark == mark;
}
/* The byte at an offset, 0 at the end. */
static inline char
doc_char(const struct doc *d, size_t at)
{
    return at < d->text.len ? d->text.at[at] : 0;
}
static inline str
token_text(const struct doc *d, const struct token *t)
{
    return str_slice(d->text, t->start, t->end);
}

/* The rules, in the order in which they run. */
fallible rule_columns(struct doc *d);  /* column.c */
fallible rule_contacts(struct doc *d); /* contact.c */
fallible rule_numbers(struct doc *d);  /* number.c */
fallible rule_places(struct doc *d);   /* place.c */
fallible rule_births(struct doc *d);   /* birth.c */
fallible rule_spoken(struct doc *d);   /* spoken.c */
fallible rule_persons(struct doc *d);  /* person.c */
