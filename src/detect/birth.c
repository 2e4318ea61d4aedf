/* SPDX-License-Identifier: EUPL-1.2 */
/* Dates and places of birth.  Other dates are nobody's secret and stay. */
#include "detect/place.h"

enum { REACH = 8 };

static bool
is_number(const struct token *t, size_t least, size_t most)
{
    const size_t len = t->end - t->start;
    return t->kind == TOKEN_NUMBER && len >= least && len <= most;
}

static bool
is_mark_of(const struct token *t, const char *marks)
{
    return t->kind == TOKEN_MARK && t->mark < 128 && strchr(marks, t->mark);
}

static size_t
skip_line(const struct token *t)
{
    return t->kind == TOKEN_LINE ? 1 : 0;
}

/* Number of tokens of a date that begins at `t`, 0 if none does. */
static size_t
date_len(const struct token *t)
{
    if (is_number(t, 4, 4) && is_mark_of(&t[1], "-") && is_number(&t[2], 1, 2) &&
        is_mark_of(&t[3], "-") && is_number(&t[4], 1, 2))
        return 5;
    if (!is_number(t, 1, 2))
        return 0;
    const size_t dot = is_mark_of(&t[1], "./-") ? 1 : 0;
    size_t i = 1 + dot;
    i += skip_line(&t[i]);
    if (t[i].kind == TOKEN_WORD && (t[i].bits & WORD_MONTH)) {
        i += is_mark_of(&t[i + 1], ".") ? 2 : 1;
        i += skip_line(&t[i]);
        return is_number(&t[i], 4, 4) || is_number(&t[i], 2, 2) ? i + 1 : 0;
    }
    if (!dot || !is_number(&t[i], 1, 2) || !is_mark_of(&t[i + 1], "./-"))
        return 0;
    i += 2;
    i += skip_line(&t[i]);
    return is_number(&t[i], 4, 4) || is_number(&t[i], 2, 2) ? i + 1 : 0;
}

/* Is `t` said to be a birth? A label or star shortly before, with no other number between. */
static bool
is_birth(const struct doc *d, size_t i)
{
    if (d->field[i] == DETECT_GEBURTSDATUM)
        return true;
    for (size_t k = i; k-- > 0 && i - k <= REACH;) {
        const struct token *const t = &d->t.at[k];
        if (t->kind == TOKEN_NUMBER)
            return false;
        if (t->label == DETECT_GEBURTSDATUM)
            return true;
        if (token_is_mark(t, '*'))
            return i - k <= 3;
    }
    return false;
}

/* Spoken: "zwölfter März neunzehnhundertachtzig" behind a label. */
static bool
is_spoken_part(const struct doc *d, const struct token *t)
{
    const str s = token_text(d, t);
    if (t->kind != TOKEN_WORD || s.len < 3)
        return false;
    static const char *const ends[] = {"zig",  "ßig",  "zehn", "hundert",
                                       "ster", "sten", "ste",  "tausend"};
    static const char *const ordinals[] = {
        "ersten",      "zweiten",     "dritten",     "vierten",     "fünften",     "sechsten",
        "siebten",     "siebenten",   "achten",      "neunten",     "zehnten",     "elften",
        "zwölften",    "dreizehnten", "vierzehnten", "fünfzehnten", "sechzehnten", "siebzehnten",
        "achtzehnten", "neunzehnten", "erster",      "zweiter",     "dritter",     "vierter",
        "fünfter",     "sechster",    "siebter",     "achter",      "neunter",     "zehnter",
        "elfter",      "zwölfter",    "dreizehnter", "vierzehnter", "fünfzehnter", "sechzehnter",
        "siebzehnter", "achtzehnter", "neunzehnter"};
    if (t->bits & (WORD_NUMBER | WORD_MONTH))
        return true;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(s, str_of(ends[i])) && s.len > 6)
            return true;
    for (size_t i = 0; i < sizeof ordinals / sizeof *ordinals; i++)
        if (str_eq_nocase(s, str_of(ordinals[i])))
            return true;
    return str_starts(s, STR("neunzehnhundert")) || str_starts(s, STR("zweitausend"));
}

static size_t
spoken_len(const struct doc *d, size_t i)
{
    size_t n = 0, parts = 0;
    while (i + n < d->t.count && n < 12) {
        const struct token *const t = &d->t.at[i + n];
        if (is_spoken_part(d, t))
            parts = n + 1;
        else if (t->kind != TOKEN_LINE && !token_is_mark(t, '.'))
            break;
        n++;
    }
    return parts >= 2 ? parts : 0;
}

/* ---- place of birth */

static bool
is_small(const struct doc *d, const struct token *t, const char *word)
{
    return t->kind == TOKEN_WORD && !t->is_upper && str_eq(token_text(d, t), str_of(word));
}

static fallible
add_place(struct doc *d, size_t i, bool is_sure)
{
    i += skip_line(&d->t.at[i]);
    const size_t end = place_end(d, i);
    if (end == i || end > d->t.count)
        return OK;
    const uint32_t bits = d->t.at[i].bits;
    if ((bits & (WORD_STOP | WORD_ANREDE)) || d->t.at[i].label || (!is_sure && !(bits & WORD_TOWN)))
        return OK;
    return doc_add(d, d->t.at[i].start, d->t.at[end - 1].end, DETECT_GEBURTSORT, 84);
}

/* "12.3.1980 in Essen", "(Essen)", "* 8.11.59 Essen" */
static fallible
place_after(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    const size_t comma = token_is_mark(t, ',') ? 1 : 0;
    const size_t line = skip_line(&t[comma]);
    const struct token *const n = &t[comma + line];
    const size_t at = i + comma + line;
    if (is_small(d, n, "in") || is_small(d, n, "zu"))
        return add_place(d, at + 1, true);
    if (token_is_mark(n, '(') || token_is_mark(n, '/'))
        return add_place(d, at + 1, true);
    return comma ? OK : add_place(d, at, token_is_mark(&d->t.at[at + 1], ')'));
}

/* "geboren in Essen am 12.3.1980", "Geburtsort: Essen" */
static fallible
place_announced(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    if (t->label == DETECT_GEBURTSORT) {
        size_t k = i + 1;
        while (k < i + 4 && (is_mark_of(&d->t.at[k], ":.=\"") || d->t.at[k].kind == TOKEN_LINE ||
                             is_small(d, &d->t.at[k], "ist")))
            k++;
        return k > i + 1 || d->t.at[k].is_upper ? add_place(d, k, true) : OK;
    }
    const size_t dot = token_is_mark(&t[1], '.') ? 1 : 0;
    return is_small(d, &t[1 + dot], "in") ? add_place(d, i + 2 + dot, true) : OK;
}

static fallible
add_birth(struct doc *d, size_t i, size_t len)
{
    TRY(doc_add(d, d->t.at[i].start, d->t.at[i + len - 1].end, DETECT_GEBURTSDATUM, 96));
    return place_after(d, i + len);
}

fallible
rule_births(struct doc *d)
{
    for (size_t i = 0; i < d->t.count; i++) {
        const struct token *const t = &d->t.at[i];
        if (t->label == DETECT_GEBURTSORT || t->label == DETECT_GEBURTSDATUM)
            TRY(place_announced(d, i));
        const size_t len = t->kind == TOKEN_NUMBER ? date_len(t) : 0;
        if (len && i + len <= d->t.count && is_birth(d, i))
            TRY(add_birth(d, i, len));
        if (t->label == DETECT_GEBURTSDATUM)
            for (size_t k = i + 1; k < i + 5 && k < d->t.count; k++)
                if (is_spoken_part(d, &d->t.at[k])) {
                    const size_t words = spoken_len(d, k);
                    if (words)
                        TRY(add_birth(d, k, words));
                    break;
                }
    }
    return OK;
}
