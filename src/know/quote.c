/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/quote.h"

#include <math.h>

#include "know/text/compound.h"
#include "know/text/lex.h"
#include "know/text/stem.h"
#include "know/text/words.h"

enum { SHORT_WORDS = 6 };

struct finder {
    struct cleared c;
    const struct question *q;
    double rarity[QUESTION_GROUPS_MAX][QUESTION_TERMS_MAX]; /* times weight */
};

static double
rarity_of(const struct cleared *c, str term)
{
    uint64_t with = 0, all = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct seg_term *const t = segment_term(c->at[i], term);
        with += t ? t->posting_count : 0;
        all += c->at[i]->unit_count;
    }
    return with ? log(1 + ((double)all - (double)with + 0.5) / ((double)with + 0.5)) : 0;
}

static uint32_t
count_of(void *ctx, str word)
{
    const struct cleared *const c = (const struct cleared *)ctx;
    uint64_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += segment_word_count(c->at[i], word);
    return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static bool
mark(const struct finder *f, str stem, double best[QUESTION_GROUPS_MAX])
{
    bool is_found = false;
    for (size_t g = 0; g < f->q->count; g++)
        for (size_t t = 0; t < f->q->at[g].count; t++)
            if (str_eq(f->q->at[g].at[t].text, stem)) {
                best[g] = f->rarity[g][t] > best[g] ? f->rarity[g][t] : best[g];
                is_found = true;
            }
    return is_found;
}

static double
score_line(struct finder *f, str line)
{
    double best[QUESTION_GROUPS_MAX] = {0}, sum = 0;
    size_t words = 0;
    struct lex l;
    struct lexeme x;
    lex_begin(&l, line);
    for (; lex_next(&l, &x); words++) {
        char room[STEM_MAX];
        str parts[COMPOUND_MAX];
        const bool is_word = x.kind == LEX_WORD;
        if (words_is_stop(x.text) || mark(f, is_word ? stem_german(x.text, room) : x.text, best))
            continue;
        const size_t n = is_word ? compound_split(x.text, count_of, &f->c, parts) : 0;
        for (size_t i = 0; i < n; i++)
            (void)mark(f, stem_german(parts[i], room), best);
    }
    for (size_t g = 0; g < f->q->count; g++)
        sum += best[g];
    return words < SHORT_WORDS ? sum / 2 : sum;
}

void
quote_find(struct cleared c, const struct question *q, str text, size_t *ret_from, size_t *ret_to)
{
    struct finder f = {.c = c, .q = q};
    double best = -1;
    ASSERT(ret_from && ret_to);
    for (size_t g = 0; g < q->count; g++)
        for (size_t t = 0; t < q->at[g].count; t++)
            f.rarity[g][t] = rarity_of(&c, q->at[g].at[t].text) * (double)q->at[g].at[t].weight;
    *ret_from = *ret_to = 0;
    for (size_t at = 0; at < text.len && at < QUOTE_SCAN_MAX;) {
        const ptrdiff_t n = str_find_char(str_slice(text, at, text.len), '\n');
        const size_t end = n < 0 ? text.len : at + (size_t)n;
        const double score = score_line(&f, str_slice(text, at, end));
        if (score > best) {
            best = score;
            *ret_from = at;
            *ret_to = end;
        }
        at = end + 1;
    }
}
