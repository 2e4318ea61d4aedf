/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/language.h"

#include "base/err.h"
#include "know/text/lex.h"
#include "know/text/words.h"

static const struct row {
    str code, name, words;
} rows[] = {
#define LANGUAGE(code, name, words) {STR_INIT(code), STR_INIT(name), STR_INIT(words)},
#include "know/text/language.def"
#undef LANGUAGE
};

enum { ROWS = sizeof rows / sizeof *rows, GERMAN = 0 };

/* Is the word one of the list, which is lexed as the text is? */
static bool
is_listed(str list, str word)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, list);
    while (lex_next(&l, &x))
        if (str_eq(x.text, word))
            return true;
    return false;
}

struct tally {
    double sum[ROWS];
    unsigned words[ROWS];
};

static void
count_word(struct tally *t, str word)
{
    bool is_of[ROWS];
    unsigned sharers = 0;
    for (size_t i = 0; i < ROWS; i++) {
        is_of[i] = is_listed(rows[i].words, word) || (i == GERMAN && words_is_stop(word));
        sharers += is_of[i];
    }
    for (size_t i = 0; i < ROWS; i++) {
        t->sum[i] += is_of[i] ? 1.0 / sharers : 0;
        t->words[i] += is_of[i];
    }
}

struct language
language_of(str text)
{
    struct tally t = {.sum = {0}};
    struct lex l;
    struct lexeme x;
    size_t best = 0;
    double all = 0;
    lex_begin(&l, text);
    for (unsigned n = 0; n < LANGUAGE_WORDS_MAX && lex_next(&l, &x); n++)
        count_word(&t, x.text);
    for (size_t i = 0; i < ROWS; i++) {
        all += t.sum[i];
        best = t.sum[i] > t.sum[best] ? i : best;
    }
    if (!(all > 0))
        return (struct language){.share = 0};
    ASSERT(best < ROWS);
    return (struct language){rows[best].code, rows[best].name, t.sum[best] / all, t.words[best]};
}

bool
language_is_little(str code, str word)
{
    for (size_t i = 0; i < ROWS; i++)
        if (str_eq(rows[i].code, code))
            return is_listed(rows[i].words, word);
    return false;
}
