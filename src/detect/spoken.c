/* SPDX-License-Identifier: EUPL-1.2 */
/* What transcripts of calls hold: numbers said digit by digit, spelled names, spoken addresses. */
#include "detect/doc.h"

enum { WORDS_LEAST = 5, LETTERS_LEAST = 4, RUN_MAX = 64 };

static bool
is_said(const struct doc *d, const struct token *t, const char *word)
{
    return t->kind == TOKEN_WORD && str_eq_nocase(token_text(d, t), str_of(word));
}

static bool
is_number_word(const struct doc *d, const struct token *t)
{
    if (t->kind != TOKEN_WORD)
        return false;
    if (t->bits & WORD_NUMBER)
        return true;
    if (t->last != 'g')
        return false;
    const str s = token_text(d, t);
    const bool is_tens = str_ends(s, STR("zig")) || str_ends(s, STR("ßig"));
    return is_tens && str_find(s, STR("und")) > 0;
}

static bool
is_letter(const struct doc *d, const struct token *t)
{
    const size_t len = t->end - t->start;
    return t->kind == TOKEN_WORD &&
           (len == 1 || (len == 2 && (uint8_t)doc_char(d, t->start) >= 0xC3));
}

/* ---- numbers */

static bool
may_pause(const struct token *t)
{
    return t->kind == TOKEN_LINE || (t->kind == TOKEN_WORD && (t->bits & WORD_SPOKEN)) ||
           (t->kind == TOKEN_MARK && t->mark < 128 && strchr(",-./", t->mark)) ||
           (t->kind == TOKEN_MARK && (t->mark == 0x2026 || t->mark == 0x2013));
}

/* The token after the run; counts the words that are numbers or letters. */
static size_t
run_end(const struct doc *d, size_t i, size_t *ret_words)
{
    size_t end = i, pauses = 0;
    *ret_words = 0;
    for (size_t k = i; k < d->t.count && k < i + RUN_MAX && pauses < 3; k++) {
        const struct token *const t = &d->t.at[k];
        if (is_number_word(d, t) || is_letter(d, t) || t->kind == TOKEN_NUMBER) {
            *ret_words += is_number_word(d, t);
            end = k + 1;
            pauses = 0;
        } else if (may_pause(t))
            pauses++;
        else
            break;
    }
    return end;
}

static enum detect_type
type_of_run(const struct doc *d, size_t i)
{
    for (size_t k = i, n = 0; k-- > 0 && n < 30; n++) {
        const uint8_t label = d->t.at[k].label;
        if (label && label != DETECT_PERSON && label != DETECT_OTHER)
            return label;
    }
    return DETECT_TELEFON;
}

static fallible
try_number(struct doc *d, size_t *i)
{
    size_t words, from = *i;
    const size_t end = run_end(d, from, &words);
    if (words < WORDS_LEAST)
        return OK;
    while (from > 0 && is_letter(d, &d->t.at[from - 1]) && *i - from < 3)
        from--;
    TRY(doc_add(d, d->t.at[from].start, d->t.at[end - 1].end, type_of_run(d, from), 78));
    *i = end - 1;
    return OK;
}

/* ---- spelled names */

/* "B-E-R-G" is one word to the tokeniser. */
static bool
is_spelled_word(str s)
{
    size_t letters = 0;
    for (size_t i = 0; i < s.len;) {
        i += (uint8_t)s.at[i] >= 0xC3 ? 2 : 1;
        letters++;
        if (i < s.len && s.at[i] != '-')
            return false;
        i++;
    }
    return letters >= LETTERS_LEAST;
}

/* "B, E, R, G" and "B wie Berta, E wie Emil" */
static size_t
spelled_end(const struct doc *d, size_t i)
{
    size_t letters = 0, end = i, k = i;
    while (k < d->t.count && k < i + 4 * RUN_MAX && is_letter(d, &d->t.at[k])) {
        letters++;
        k++;
        if (is_said(d, &d->t.at[k], "wie") && d->t.at[k + 1].is_upper)
            k += 2;
        end = k;
        while (d->t.at[k].kind == TOKEN_LINE ||
               (d->t.at[k].kind == TOKEN_MARK && d->t.at[k].mark < 128 &&
                strchr(",-./", d->t.at[k].mark)) ||
               d->t.at[k].mark == 0x2013)
            k++;
    }
    return letters >= LETTERS_LEAST ? end : i;
}

static fallible
try_spelled(struct doc *d, size_t *i)
{
    const struct token *const t = &d->t.at[*i];
    if (t->end - t->start > 6 && is_spelled_word(token_text(d, t)))
        return doc_add(d, t->start, t->end, DETECT_PERSON, 80);
    if (!is_letter(d, t))
        return OK;
    const size_t end = spelled_end(d, *i);
    if (end == *i)
        return OK;
    TRY(doc_add(d, t->start, d->t.at[end - 1].end, DETECT_PERSON, 76));
    *i = end - 1;
    return OK;
}

/* ---- "tabea punkt koch at posteo punkt de" */

static bool
is_joint(const struct doc *d, const struct token *t)
{
    return is_said(d, t, "punkt") || is_said(d, t, "minus") || is_said(d, t, "unterstrich") ||
           is_said(d, t, "bindestrich") || is_said(d, t, "strich");
}

static fallible
try_spoken_email(struct doc *d, size_t i)
{
    const struct token *const t = d->t.at;
    if (t[i].last != 't' && t[i].last != 'e')
        return OK;
    if (!is_said(d, &t[i], "at") && !is_said(d, &t[i], "ät") && !is_said(d, &t[i], "klammeraffe"))
        return OK;
    size_t from = i, end = i + 1;
    if (i == 0 || t[i - 1].kind != TOKEN_WORD)
        return OK;
    from = i - 1;
    while (from >= 2 && is_joint(d, &t[from - 1]) && t[from - 2].kind == TOKEN_WORD)
        from -= 2;
    while (end + 1 < d->t.count && t[end].kind == TOKEN_WORD && is_joint(d, &t[end + 1]))
        end += 2;
    if (end == i + 1 || t[end].kind != TOKEN_WORD || end >= d->t.count)
        return OK;
    return doc_add(d, t[from].start, t[end].end, DETECT_EMAIL, 82);
}

fallible
rule_spoken(struct doc *d)
{
    for (size_t i = 0; i < d->t.count; i++) {
        const struct token *const t = &d->t.at[i];
        if (t->kind != TOKEN_WORD)
            continue;
        TRY(try_spoken_email(d, i));
        if (is_number_word(d, t))
            TRY(try_number(d, &i));
        else
            TRY(try_spelled(d, &i));
    }
    return OK;
}
