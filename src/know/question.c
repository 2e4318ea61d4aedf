/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/question.h"

#include "base/utf8.h"
#include "know/text/compound.h"
#include "know/text/lex.h"
#include "know/text/near.h"
#include "know/text/stem.h"

enum { WORDS_MAX = 128, NEAR_MAX = 3, NEAR_COUNT_MIN = 2 };

static const float part_weight = 0.7f, official_weight = 0.7f, slip_weight[] = {1, 0.8f, 0.5f};

struct word {
    str text, stem;
    str meant; /* stem to look a saying up by: `stem`, or that of the nearest word */
    bool is_stop, is_plain, is_known, is_used;
    str near[NEAR_MAX];
    size_t near_count, slips;
};

struct reader {
    arena *a;
    const everyday *e;
    struct cleared c;
    struct question *q;
    struct word words[WORDS_MAX];
    size_t count;
};

/* ---- the vocabulary of what is cleared */

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
is_term(const struct cleared *c, str term)
{
    for (size_t i = 0; i < c->count; i++)
        if (segment_term(c->at[i], term))
            return true;
    return false;
}

/* ---- terms of a group */

static fallible
add_term(struct reader *r, struct question_group *g, str text, float weight)
{
    for (size_t i = 0; i < g->count; i++)
        if (str_eq(g->at[i].text, text)) {
            g->at[i].weight = g->at[i].weight > weight ? g->at[i].weight : weight;
            return OK;
        }
    if (g->count == QUESTION_TERMS_MAX || !text.len)
        return OK;
    TRY(try_arena_str(r->a, text, &g->at[g->count].text));
    g->at[g->count++].weight = weight;
    return OK;
}

/* The word's stem and its parts'. */
static fallible
add_word(struct reader *r, struct question_group *g, str word, float weight, float part)
{
    str parts[COMPOUND_MAX];
    char room[STEM_MAX];
    TRY(add_term(r, g, stem_german(word, room), weight));
    const size_t n = compound_split(word, count_of, &r->c, parts);
    for (size_t i = 0; i < n; i++)
        TRY(add_term(r, g, stem_german(parts[i], room), part));
    return OK;
}

static fallible
add_own(struct reader *r, struct question_group *g, struct word *w)
{
    w->is_used = true;
    if (w->is_plain)
        return add_term(r, g, w->text, 1);
    TRY(add_word(r, g, w->text, 1, part_weight));
    for (size_t i = 0; i < w->near_count; i++)
        TRY(add_word(r, g, w->near[i], slip_weight[w->slips], slip_weight[2]));
    return OK;
}

static fallible
add_official(struct reader *r, struct question_group *g, str official)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, official);
    while (lex_next(&l, &x))
        if (!words_is_stop(x.text))
            TRY(add_word(r, g, x.text, official_weight, official_weight / 2));
    return OK;
}

/* ---- slips */

struct found {
    str word;
    uint32_t count;
    size_t slips;
};

static bool
is_better(const struct found *a, const struct found *b)
{
    if (a->slips != b->slips)
        return a->slips < b->slips;
    return a->count != b->count ? a->count > b->count : str_cmp(a->word, b->word) < 0;
}

/* Into the short list `best`, which is in order; a word of another segment is there already. */
static void
insert_found(struct found best[NEAR_MAX], const struct found *f)
{
    struct found moving = *f;
    for (size_t i = 0; i < NEAR_MAX; i++)
        if (str_eq(best[i].word, f->word))
            return;
    for (size_t i = 0; i < NEAR_MAX; i++)
        if (!best[i].word.len || is_better(&moving, &best[i])) {
            const struct found pushed = best[i];
            best[i] = moving;
            moving = pushed;
            if (!moving.word.len)
                return;
        }
}

/* People rarely slip at the first letter, so only words that begin with it are compared. */
static void
find_near(const struct reader *r, const struct word *w, struct found best[NEAR_MAX])
{
    str rest = w->text;
    uint32_t first;
    const size_t most = near_most(w->text);
    if (!utf8_next(&rest, &first))
        return;
    const str prefix = str_slice(w->text, 0, w->text.len - rest.len);
    for (size_t i = 0; i < r->c.count; i++) {
        const struct segment *const s = r->c.at[i];
        for (uint32_t k = segment_word_from(s, prefix); k < s->word_count; k++) {
            const str text = segment_text(s, s->words[k].text);
            if (!str_starts(text, prefix))
                break;
            struct found f = {text, 0, near_distance(w->text, text, most)};
            if (f.slips > most)
                continue;
            f.count = count_of((void *)(uintptr_t)&r->c, text);
            if (f.count >= NEAR_COUNT_MIN)
                insert_found(best, &f);
        }
    }
}

static fallible
correct(struct reader *r, struct word *w)
{
    struct found best[NEAR_MAX] = {0};
    char room[2 * LEX_TEXT_MAX], stem[STEM_MAX];
    str other;
    if (w->is_plain || w->is_stop || w->is_known || !near_most(w->text))
        return OK;
    if (near_umlaut(w->text, room, sizeof room, &other) && count_of(&r->c, other))
        best[0] = (struct found){other, 1, 0};
    else
        find_near(r, w, best);
    for (size_t i = 0; i < NEAR_MAX && best[i].word.len && best[i].slips == best[0].slips; i++)
        TRY(try_arena_str(r->a, best[i].word, &w->near[w->near_count++]));
    w->slips = best[0].slips;
    if (w->near_count)
        TRY(try_arena_str(r->a, stem_german(w->near[0], stem), &w->meant));
    return OK;
}

/* ---- reading */

static fallible
read_word(struct reader *r, const struct lexeme *x)
{
    char room[STEM_MAX];
    struct word *const w = &r->words[r->count++];
    w->is_stop = words_is_stop(x->text);
    w->is_plain = x->kind != LEX_WORD;
    TRY(try_arena_str(r->a, x->text, &w->text));
    TRY(try_arena_str(r->a, w->is_plain ? x->text : stem_german(x->text, room), &w->stem));
    w->is_known = is_term(&r->c, w->stem);
    w->meant = w->stem;
    r->q->words += !w->is_stop;
    return OK;
}

/* The sayings that begin at word i. */
static fallible
read_saying(struct reader *r, size_t i)
{
    str stems[EVERYDAY_WORDS_MAX], official = STR_NONE;
    size_t n = 0;
    for (; n < EVERYDAY_WORDS_MAX && i + n < r->count; n++)
        stems[n] = r->words[i + n].meant;
    const size_t taken = everyday_find(r->e, stems, n, &official);
    if (!taken || r->q->count == QUESTION_GROUPS_MAX)
        return OK;
    struct question_group *const g = &r->q->at[r->q->count++];
    for (size_t k = i; k < i + taken; k++)
        if (!r->words[k].is_stop)
            TRY(add_own(r, g, &r->words[k]));
    return add_official(r, g, official);
}

static bool
is_saying(const struct reader *r, size_t i)
{
    str official;
    return everyday_find(r->e, &r->words[i].stem, 1, &official) > 0;
}

static fallible
read_all(struct reader *r, str text)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    while (r->count < WORDS_MAX && lex_next(&l, &x))
        TRY(read_word(r, &x));
    for (size_t i = 0; i < r->count; i++)
        if (!is_saying(r, i))
            TRY(correct(r, &r->words[i]));
    for (size_t i = 0; i < r->count; i++)
        TRY(read_saying(r, i));
    for (size_t i = 0; i < r->count; i++)
        r->q->known += !r->words[i].is_stop && (r->words[i].is_known || r->words[i].is_used);
    for (size_t i = 0; i < r->count; i++)
        if (!r->words[i].is_stop && !r->words[i].is_used && r->q->count < QUESTION_GROUPS_MAX)
            TRY(add_own(r, &r->q->at[r->q->count++], &r->words[i]));
    return OK;
}

fallible
question_read(arena *a, const everyday *e, struct cleared c, str text, const struct question **ret)
{
    void *at = NULL, *q = NULL;
    ASSERT(e && (c.at || !c.count));
    TRY(try_arena_get(a, 1, sizeof(struct reader), &at));
    TRY(try_arena_get(a, 1, sizeof(struct question), &q));
    struct reader *const r = (struct reader *)at;
    *r = (struct reader){.a = a, .e = e, .c = c, .q = (struct question *)q};
    TRY(read_all(r, str_slice(text, 0, QUESTION_BYTES_MAX)));
    *ret = r->q;
    return OK;
}
