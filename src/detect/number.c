/* SPDX-License-Identifier: EUPL-1.2 */
/* Identifiers by form and check digit, file numbers by layout or by what announces them. */
#include <stdio.h>

#include "detect/checkdigit.h"
#include "detect/doc.h"
#include "detect/form.h"

enum { DAMAGE = 30 }; /* percent a failed check digit costs */

static const struct form {
    uint8_t type;
    const char *form;
    check_digit *check;
    uint8_t bare, labelled;
} forms[] = {
#define TYPE(id)
#define LABEL(...)
#define FORM(type, form, check, bare, labelled) {DETECT_##type, form, check, bare, labelled},
#define LAYOUT(...)
#include "detect/detectors.def"
#undef FORM
#undef LAYOUT
};

static const struct layout {
    uint8_t type;
    const char *layout;
    uint8_t score;
} layouts[] = {
#define FORM(...)
#define LAYOUT(type, layout, score) {DETECT_##type, layout, score},
#include "detect/detectors.def"
#undef TYPE
#undef LABEL
#undef FORM
#undef LAYOUT
};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t
count_digits(str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++)
        n += is_digit(s.at[i]);
    return n;
}

/* ---- one start */

struct start {
    size_t token;
    uint32_t at;
    struct view view;
    struct labels labels;
    bool is_inside; /* of a longer number, or behind a plus */
};

static bool
str_find_vowel(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (memchr("AEIOU", s.at[i], 5))
            return true;
    return false;
}

/* Forms whose every element is X say little: a serial begins with a letter and holds digits. */
static bool
looks_issued(const struct form *f, str number, const struct start *s)
{
    if (f->form[0] != 'X')
        return true;
    const size_t digits = count_digits(number);
    const bool labelled = labels_have(&s->labels, f->type);
    if (s->view.small_at < number.len && digits * 2 < number.len)
        return false;
    if (f->type != DETECT_FIN) {
        const bool is_next = s->labels.nearest == f->type && s->labels.distance <= 12;
        const size_t least = is_next && s->view.small_at >= number.len ? 0 : labelled ? 1 : 2;
        return !is_digit(number.at[0]) && digits >= least && digits < number.len &&
               !(digits == 0 && (s->view.after[0] || str_find_vowel(number)));
    }
    for (size_t i = 0; i < number.len; i++)
        if (memchr("IOQ", number.at[i], 3) && !labelled)
            return false;
    return digits >= 4 && digits < 17;
}

static bool
is_digits_only(const char *form)
{
    for (; *form; form++)
        if (*form == 'A' || *form == 'X' || *form == 'D')
            return false;
    return true;
}

/* A bare number of digits may be anything, so it must stand alone and not be called otherwise. */
static bool
may_be_bare(const struct form *f, const struct start *s, size_t len)
{
    if (!f->bare || (s->labels.nearest == DETECT_OTHER && s->labels.distance < 30))
        return false;
    if (!is_digits_only(f->form))
        return s->view.small_at >= len;
    return !s->is_inside && strchr(" \n", s->view.after[len - 1]);
}

/* Hours and sums mix their separators; numbers are grouped in one way. */
static bool
is_uniform(const struct view *v, size_t len)
{
    char seen = 0;
    for (size_t i = 0; i + 1 < len; i++) {
        const char c = v->after[i];
        if (!c || c == '\n')
            continue;
        if (seen && seen != c)
            return false;
        seen = c;
    }
    return true;
}

static unsigned
score_of(const struct form *f, const struct start *s, bool valid, size_t len)
{
    const bool is_sure = valid && f->check != check_none;
    if (labels_have(&s->labels, f->type)) {
        const unsigned damage = valid ? 0 : DAMAGE;
        const unsigned farther = s->labels.nearest == f->type ? 0 : is_sure ? 1 : 20;
        return f->labelled - damage - farther;
    }
    if (!may_be_bare(f, s, len))
        return 0;
    if (valid)
        return f->bare;
    /* Letters and digits in this order are nothing else, even with a typing error. */
    return f->bare >= 90 ? (unsigned)f->bare - DAMAGE : 0;
}

static fallible
try_form(struct doc *d, const struct start *s, const struct form *f, bool tolerant)
{
    char fitted[FORM_MAX];
    bool confused;
    const size_t len = form_fits(f->form, &s->view, tolerant, fitted, &confused);
    const bool is_near = s->labels.nearest == f->type && s->labels.distance <= 30;
    if (!len || confused != tolerant)
        return OK;
    if (!is_near && is_digits_only(f->form) && !is_uniform(&s->view, len))
        return OK;
    if (!looks_issued(f, (str){fitted, len}, s))
        return OK;
    const bool valid = f->check((str){fitted, len});
    const unsigned score = score_of(f, s, valid, len);
    if (!score || (confused && !labels_have(&s->labels, f->type)))
        return OK;
    return doc_add_span(d, (struct detect_span){.start = s->at,
                                                .end = s->view.end[len - 1],
                                                .type = f->type,
                                                .score = (uint8_t)(score - (confused ? 5 : 0)),
                                                .is_damaged = !valid || confused});
}

/* ---- IBAN: length by country */

static unsigned
iban_length(const char c[2])
{
    static const struct {
        char country[3];
        uint8_t length;
    } lengths[] = {{"DE", 22}, {"AT", 20}, {"CH", 21}, {"LI", 21}, {"FR", 27}, {"NL", 18},
                   {"BE", 16}, {"LU", 20}, {"IT", 27}, {"ES", 24}, {"PL", 28}, {"CZ", 24},
                   {"DK", 18}, {"TR", 26}, {"GB", 22}, {"IE", 22}, {"PT", 25}, {"SE", 24},
                   {"NO", 15}, {"FI", 18}, {"HU", 28}, {"RO", 24}, {"BG", 22}, {"HR", 21},
                   {"GR", 27}, {"SK", 24}, {"SI", 19}, {"EE", 20}, {"LV", 21}, {"LT", 20},
                   {"MT", 31}, {"CY", 28}, {"RS", 22}, {"BA", 20}, {"UA", 29}};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        if (memcmp(lengths[i].country, c, 2) == 0)
            return lengths[i].length;
    return 0;
}

static fallible
try_iban(struct doc *d, const struct start *s, bool tolerant)
{
    char room[FORM_MAX] = "DE9{20}", fitted[FORM_MAX];
    bool confused;
    const bool german = form_fits(room, &s->view, tolerant, fitted, &confused) > 0;
    if (!german) {
        const unsigned length = s->view.count < 15 ? 0 : iban_length(s->view.c);
        if (!length || memcmp(s->view.c, "DE", 2) == 0)
            return OK;
        (void)snprintf(room, sizeof room, "%.2s99X{%u}", s->view.c, length - 4);
        /* A letter 9, A or X of the country would be a class: none of the list's has one but AT. */
        if (room[0] == 'A')
            (void)snprintf(room, sizeof room, "AT9{18}");
        if (!form_fits(room, &s->view, tolerant, fitted, &confused))
            return OK;
    }
    const bool valid = check_iban(str_of(fitted));
    const bool is_meant =
        labels_have(&s->labels, DETECT_IBAN) && !tolerant && count_digits(str_of(fitted)) >= 10;
    if (!german && !valid && !is_meant)
        return OK;
    return doc_add_span(d, (struct detect_span){.start = s->at,
                                                .end = s->view.end[strlen(fitted) - 1],
                                                .type = DETECT_IBAN,
                                                .score = valid ? 100 : 80,
                                                .is_damaged = !valid || confused});
}

/* ---- layouts */

/* A cheap no: the first element against the first token.  Most layouts begin with a digit or
 * capital class and counts of one digit. */
static bool
may_fit(const struct layout *l, char first, size_t digits, char next)
{
    const char *const f = l->layout;
    if (f[0] == '\'' || f[0] == 'I')
        return f[0] == 'I' ? first == 'I' || first == 'V' || first == 'X' : first == f[1];
    if (f[0] == 'A')
        return !is_digit(first);
    if (f[0] != '9')
        return first == f[0];
    const size_t least = f[1] == '{' ? (size_t)(f[2] - '0') : 1;
    const size_t most = f[1] == '{' && f[3] == ',' ? (size_t)(f[4] - '0') : least;
    if (digits < least || digits > most)
        return false;
    const char *const then = f + (f[1] != '{' ? 1 : f[3] == ',' ? 6 : 4);
    const bool is_fixed = then[0] != '_' || then[1] != '?';
    switch (is_fixed ? then[0] : 0) {
    case '_':
        return next == ' ' || next == '\n' || (uint8_t)next == 0xC2 || (uint8_t)next == 0xE2;
    case '\'':
        return next == then[1];
    case '/':
        return next == '/';
    case 'A':
        return next >= 'A' && next <= 'Z';
    default:
        return true;
    }
}

/* Layouts go on behind the first token, and those that begin with a word hold a number soon. */
static bool
may_have_layout(const struct doc *d, const struct token *t)
{
    if (t->kind == TOKEN_NUMBER) {
        const char next = doc_char(d, t->end);
        return is_digit(next) || next == ' ' || next == '\n' || next == '-' || next == '/' ||
               next == '.' || (next >= 'A' && next <= 'Z') || (uint8_t)next >= 0x80;
    }
    for (size_t k = 1; k < TOKEN_PAD; k++)
        if (t[k].kind == TOKEN_NUMBER)
            return true;
    return str_starts(str_slice(d->text, t->start, d->text.len), STR("ECLI:")) ||
           str_find_char(token_text(d, t), '-') > 0;
}

static fallible
try_layouts(struct doc *d, const struct start *s)
{
    const struct token *const t = &d->t.at[s->token];
    const size_t digits = t->kind == TOKEN_NUMBER ? t->end - t->start : 0;
    if (!may_have_layout(d, t))
        return OK;
    const str ahead = str_slice(d->text, s->at, (size_t)s->at + 48);
    const bool has_slash = memchr(ahead.at, '/', ahead.len) != NULL;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        const struct layout *const l = &layouts[i];
        if (!may_fit(l, doc_char(d, s->at), digits, doc_char(d, t->end)))
            continue;
        if (!has_slash && strchr(l->layout, '/'))
            continue;
        const size_t len = layout_fits(l->layout, d->text, s->at);
        if (!len)
            continue;
        const unsigned bonus = labels_have(&s->labels, l->type) ? 5 : 0;
        if (s->labels.nearest == DETECT_OTHER && s->labels.distance < 24 && l->score < 90)
            continue;
        TRY(doc_add(d, s->at, s->at + len, l->type, (unsigned)l->score + bonus));
    }
    return OK;
}

/* ---- where numbers begin */

static bool
joins_before(const struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i], *const before = t - 1;
    if (t->is_glued && (before->kind == TOKEN_WORD || before->kind == TOKEN_NUMBER))
        return true;
    return false;
}

static bool
is_inside(const struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    if (!t->is_glued || t[-1].kind != TOKEN_MARK)
        return false;
    return t[-1].mark == '+' || (t[-1].is_glued && t[-2].kind == TOKEN_NUMBER);
}

static bool
may_start(const struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    if (joins_before(d, i))
        return false;
    if (t->kind == TOKEN_NUMBER)
        return true;
    if (t->kind != TOKEN_WORD || (uint8_t)doc_char(d, t->start) >= 0xC4)
        return false;
    const size_t len = t->end - t->start;
    const char second = doc_char(d, t->start + 1);
    const bool is_caps = t->is_upper && second >= 'A' && second <= 'Z';
    if (is_caps && (len >= 8 && len <= 11))
        return true;
    if (t[1].kind == TOKEN_NUMBER)
        return (t->is_upper && len <= 4) || len <= 2 || (t[1].is_glued && len <= 18) ||
               (is_caps && len <= 11);
    const bool is_soon = t[2].kind == TOKEN_NUMBER || t[3].kind == TOKEN_NUMBER;
    return t->is_upper && len <= (is_caps ? 11 : 4) && (is_soon || len >= 4) &&
           (is_caps || is_soon);
}

static fallible
try_start(struct doc *d, size_t i)
{
    const struct token *const t = &d->t.at[i];
    struct start s; /* its view is long and filled below */
    s.token = i;
    s.at = t->start;
    s.is_inside = is_inside(d, i);
    s.labels = doc_labels(d, i);
    view_read(d->text, s.at, &s.view);
    TRY(try_layouts(d, &s));
    if (s.view.count < 8)
        return OK;
    const unsigned passes = s.labels.all || s.view.count >= 22 ? 2 : 1;
    for (unsigned tolerant = 0; tolerant < passes; tolerant++) {
        if (s.view.count >= 15 && (t->kind == TOKEN_WORD || tolerant))
            TRY(try_iban(d, &s, tolerant));
        for (size_t k = 0; k < sizeof forms / sizeof *forms; k++)
            if (labels_have(&s.labels, forms[k].type) || (forms[k].bare && !tolerant))
                TRY(try_form(d, &s, &forms[k], tolerant));
    }
    return OK;
}

/* ---- what is announced, whatever it looks like */

static bool
is_value_end(str s, size_t i)
{
    static const char ends[] = ",;()\"<>|[]{}\t\n\r";
    if (s.at[i] == 0 || strchr(ends, s.at[i]))
        return true;
    return s.at[i] == ' ' && (i + 1 >= s.len || s.at[i + 1] == ' ');
}

/* Words after a blank belong to the value only while they hold digits, are a dash or "Bd.". */
static size_t
value_length(str s)
{
    size_t end = 0;
    for (size_t i = 0; i < s.len && i < 48 && !is_value_end(s, i);) {
        size_t k = i + (s.at[i] == ' ');
        const size_t from = k;
        while (k < s.len && s.at[k] != ' ' && !is_value_end(s, k))
            k++;
        const str word = str_slice(s, from, k);
        const bool is_link = word.len > 0 && word.len <= 3 && (uint8_t)word.at[0] != 'u';
        if (!count_digits(word) && !is_link)
            break;
        if (count_digits(word))
            end = k;
        i = k;
    }
    while (end && strchr(".:-/", s.at[end - 1]))
        end--;
    return end;
}

/* Past ":", ".", "Nr.", "-Nr.:", quotes and a tag's end, on the same line or wrapped. */
static size_t
skip_announcement(const struct doc *d, size_t i, bool *ret_marked)
{
    *ret_marked = false;
    for (size_t n = 0; n < 5; n++, i++) {
        const struct token *const t = &d->t.at[i];
        const str s = token_text(d, t);
        const bool is_nr = str_eq(s, STR("Nr")) || str_eq(s, STR("Nummer"));
        const bool is_link = t->kind == TOKEN_MARK && t->mark < 128 && strchr(":.\"=>#(", t->mark);
        if (!is_nr && !is_link && t->kind != TOKEN_LINE)
            break;
        *ret_marked |= is_nr || is_link;
    }
    return i;
}

static fallible
try_announced(struct doc *d, size_t i)
{
    const enum detect_type type = d->t.at[i].label;
    bool marked;
    const size_t k = skip_announcement(d, i + 1, &marked);
    if (k >= d->t.count)
        return OK;
    const uint32_t at = d->t.at[k].start;
    const size_t len = value_length(str_slice(d->text, at, (size_t)at + 64));
    if (!marked &&
        (d->t.at[k].kind != TOKEN_NUMBER || count_digits(str_slice(d->text, at, at + len)) < 8))
        return OK;
    if (count_digits(str_slice(d->text, at, at + len)) < 3)
        return OK;
    return doc_add(d, at, at + len, type, 72);
}

/* Cells below a head that says so. */
static fallible
try_cell(struct doc *d, size_t i)
{
    const uint32_t at = d->t.at[i].start;
    const size_t len = value_length(str_slice(d->text, at, (size_t)at + 64));
    if (count_digits(str_slice(d->text, at, at + len)) < 3)
        return OK;
    return doc_add(d, at, at + len, d->field[i], 70);
}

static bool
takes_anything(uint8_t type)
{
    return type == DETECT_AZ_VERWALTUNG || type == DETECT_SONSTIGE_NR;
}

/* ---- machine readable zone: a line of capitals, digits and fillers */

static fallible
try_mrz(struct doc *d, size_t i)
{
    const size_t at = d->t.at[i].start;
    size_t end = at, fillers = 0;
    while (end < d->text.len && end - at < 60) {
        const char c = doc_char(d, end);
        if (c != '<' && !is_digit(c) && !(c >= 'A' && c <= 'Z') && c != 'l' && c != 'o')
            break;
        fillers += c == '<';
        end++;
    }
    if (fillers < 2 || end - at < 28 || end - at > 46)
        return OK;
    return doc_add(d, at, end, DETECT_MRZ, 99);
}

fallible
rule_numbers(struct doc *d)
{
    for (size_t i = 0; i < d->t.count; i++) {
        const struct token *const t = &d->t.at[i];
        if (takes_anything(t->label))
            TRY(try_announced(d, i));
        if (takes_anything(d->field[i]) && !takes_anything(d->field[i - (i > 0)]))
            TRY(try_cell(d, i));
        if (!may_start(d, i))
            continue;
        if (!t->is_glued || t[-1].kind == TOKEN_LINE)
            TRY(try_mrz(d, i));
        TRY(try_start(d, i));
    }
    return OK;
}
