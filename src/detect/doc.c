/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/doc.h"

#include <stdlib.h>

fallible
doc_add_span(struct doc *d, struct detect_span s)
{
    ASSERT(s.start < s.end && s.end <= d->text.len && s.type < DETECT_TYPE_COUNT);
    return VEC_ADD(d->a, &d->found, &s);
}

fallible
doc_add(struct doc *d, size_t start, size_t end, enum detect_type type, unsigned score)
{
    const struct detect_span s = {.start = (uint32_t)start,
                                  .end = (uint32_t)end,
                                  .type = (uint8_t)type,
                                  .score = (uint8_t)(score > 100 ? 100 : score)};
    return doc_add_span(d, s);
}

/* ---- settling */

static int
by_start(const void *a, const void *b)
{
    const struct detect_span *const x = a, *const y = b;
    if (x->start != y->start)
        return x->start < y->start ? -1 : 1;
    return (x->end < y->end) - (x->end > y->end);
}

static bool
is_better(const struct detect_span *x, const struct detect_span *y)
{
    if (x->score != y->score)
        return x->score > y->score;
    return x->end - x->start > y->end - y->start;
}

static void
mark_tokens(struct doc *d)
{
    size_t k = 0;
    for (size_t i = 0; i < d->found.count; i++) {
        const struct detect_span *const s = &d->found.at[i];
        while (k < d->t.count && d->t.at[k].end <= s->start)
            k++;
        for (size_t m = k; m < d->t.count && d->t.at[m].start < s->end; m++)
            d->t.at[m].taken = s->type;
    }
}

fallible
doc_settle(struct doc *d)
{
    detect_spans *const f = &d->found;
    size_t kept = 0;
    if (f->count > 1)
        qsort(f->at, f->count, sizeof *f->at, by_start);
    for (size_t i = 0; i < f->count; i++) {
        const struct detect_span s = f->at[i];
        if (kept && s.start < f->at[kept - 1].end) {
            if (!is_better(&s, &f->at[kept - 1]))
                continue;
            /* What it displaces began earlier, or is no longer than it. */
            while (kept && s.start < f->at[kept - 1].end && is_better(&s, &f->at[kept - 1]))
                kept--;
            if (kept && s.start < f->at[kept - 1].end)
                continue;
        }
        f->at[kept++] = s;
    }
    f->count = kept;
    mark_tokens(d);
    return OK;
}

/* ---- labels */

struct labels
doc_labels(const struct doc *d, size_t i)
{
    struct labels l = {0};
    ASSERT(i < d->t.count);
    const uint32_t at = d->t.at[i].start;
    if (d->field[i]) {
        l.all |= (uint64_t)1 << d->field[i];
        l.nearest = d->field[i];
    }
    for (size_t k = i; k-- > 0;) {
        const struct token *const t = &d->t.at[k];
        if (at - t->end > LABEL_BYTES_MAX)
            break;
        if (!t->label)
            continue;
        l.all |= (uint64_t)1 << t->label;
        if (!l.nearest) {
            l.nearest = t->label;
            l.distance = at - t->end;
        }
    }
    return l;
}
