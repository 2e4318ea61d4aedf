/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/foreign.h"

#include <math.h>

#include "know/text/lex.h"

enum { WORD_LEAST = 3, LITTLE_LEAST = 2 };
static const double sure = 0.35; /* of what counts for any language */

static const struct row {
    str code;
    const char *texts[FOREIGN_PHRASES];
} rows[] = {
#define PHRASES(code, ...) {STR_INIT(code), {__VA_ARGS__}},
#include "work/answer/phrases.def"
#undef PHRASES
};

static const struct row *
row_of(str code)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (str_eq(rows[i].code, code))
            return &rows[i];
    return NULL;
}

bool
foreign_read(str question, struct foreign *ret)
{
    const struct language l = language_of(question);
    struct foreign f = {.code = l.code};
    struct lex x;
    struct lexeme w;
    if (!l.code.len || str_eq(l.code, STR("de")) || l.share < sure || l.words < LITTLE_LEAST ||
        !row_of(l.code))
        return false;
    lex_begin(&x, question);
    while (f.count < FOREIGN_WORDS_MAX && lex_next(&x, &w))
        if (w.kind == LEX_WORD && w.text.len >= WORD_LEAST && !language_is_little(l.code, w.text))
            f.words[f.count++] = str_slice(question, w.from, w.to);
    *ret = f;
    return true;
}

str
foreign_language(size_t number)
{
    return number < sizeof rows / sizeof *rows ? rows[number].code : STR_NONE;
}

str
foreign_phrase(str code, size_t number)
{
    const struct row *const r = row_of(code);
    ASSERT(number < FOREIGN_PHRASES);
    return r ? str_of(r->texts[number]) : STR_NONE;
}

/* What the language adds: mean of its phrases less that of the German ones. */
static fallible
find_shift(arena *a, const struct foreign_vectors *v, float **ret)
{
    void *at = NULL;
    *ret = NULL;
    for (size_t i = 0; i < FOREIGN_PHRASES; i++)
        if (!v->phrases[i] || !v->german[i])
            return OK;
    TRY(try_arena_get(a, v->dims, sizeof(float), &at));
    float *const shift = (float *)at;
    for (size_t i = 0; i < FOREIGN_PHRASES; i++)
        for (size_t k = 0; k < v->dims; k++)
            shift[k] += (v->phrases[i][k] - v->german[i][k]) / FOREIGN_PHRASES;
    *ret = shift;
    return OK;
}

static void
take_off(const float *from, const float *shift, size_t dims, float *to)
{
    for (size_t k = 0; k < dims; k++)
        to[k] = from[k] - shift[k];
}

static void
bring_to_length_1(float *v, size_t dims)
{
    double sum = 0;
    for (size_t k = 0; k < dims; k++)
        sum += (double)v[k] * (double)v[k];
    for (size_t k = 0; k < dims && sum > 0; k++)
        v[k] = (float)((double)v[k] / sqrt(sum));
}

fallible
foreign_apply(arena *a, const struct foreign *f, const struct foreign_vectors *v,
              const float **ret_question, struct know_bridge *ret)
{
    float *shift = NULL;
    void *question = NULL, *words = NULL;
    size_t count = 0;
    ASSERT(v->question && v->dims);
    *ret_question = v->question;
    *ret = (struct know_bridge){0};
    TRY(find_shift(a, v, &shift));
    if (!shift)
        return OK;
    TRY(try_arena_get(a, v->dims, sizeof(float), &question));
    TRY(try_arena_get(a, f->count * v->dims + 1, sizeof(float), &words));
    take_off(v->question, shift, v->dims, (float *)question);
    bring_to_length_1((float *)question, v->dims);
    for (size_t i = 0; i < f->count; i++)
        if (v->words[i])
            take_off(v->words[i], shift, v->dims, (float *)words + v->dims * count++);
    *ret_question = (const float *)question;
    *ret = (struct know_bridge){(const float *)words, count};
    return OK;
}
