/* SPDX-License-Identifier: EUPL-1.2 */
#include "downgrade/pseudonym.h"

#include <ctype.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/map.h"
#include "base/num.h"
#include "base/utf8.h"

enum { DIGITS_MAX = 6, NONCES = 17 * 17 };

#define BETWEEN STR("\n\n") /* texts: no value goes on from one to the next */

struct pseudonyms {
    arena *a;
    char nonce[3]; /* '_' and two letters */
    VEC(struct pseudonym_value) values;
    uint32_t numbers[DETECT_TYPE_COUNT]; /* given out */
};

/* ---- the letters: consonants, so that they make no word */
static void
set_nonce(pseudonyms *m, uint64_t n)
{
    static const char letters[] = "BCDFGHJKLMNPQRTVX";
    m->nonce[0] = '_';
    m->nonce[1] = letters[n % 17];
    m->nonce[2] = letters[n / 17 % 17];
}

/* Without case, and '\' skipped, as pseudonym_find reads: at `at` stands _QX and a digit. */
static bool
is_nonce(const pseudonyms *m, str text, size_t at)
{
    return text.len - at > sizeof m->nonce && text.at[at] == '_' &&
           toupper((unsigned char)text.at[at + 1]) == m->nonce[1] &&
           toupper((unsigned char)text.at[at + 2]) == m->nonce[2] &&
           isdigit((unsigned char)text.at[at + 3]);
}

static bool
has_nonce(const pseudonyms *m, str text)
{
    for (size_t at = 0; at < text.len; at++)
        if (is_nonce(m, text, at))
            return true;
    return false;
}

static fallible
pick_nonce(pseudonyms *m, uint64_t seed, str text)
{
    for (uint64_t i = 0; i < NONCES; i++) {
        set_nonce(m, (seed + i) % NONCES);
        if (!has_nonce(m, text))
            return OK;
    }
    REFUSE(UNSUPPORTED, "", "the text looks as if it had been pseudonymised many times already");
}

/* ---- what forms of a value have in common */
static bool
is_letter_or_digit(uint32_t c)
{
    return c >= 0x80 ? c >= 0xC0 && c != 0xD7 && c != 0xF7 : isalnum((int)c);
}

/* Letters and digits, in capitals where they are ASCII: "DE02 1203-0000" is DE0212030000. */
static fallible
fold(arena *a, str form, str *ret)
{
    AUTO(buf) b = BUF(4 * form.len + 8);
    uint32_t c;
    char room[4] = {0};
    while (form.len) {
        const str rest = form;
        if (!utf8_next(&form, &c)) { /* a bad byte stands for itself */
            form = str_slice(rest, 1, rest.len);
            buf_add_char(&b, rest.at[0]);
        } else if (is_letter_or_digit(c))
            buf_add(&b, (str){room, utf8_put(c < 0x80 ? (uint32_t)toupper((int)c) : c, room)});
        else if (b.len && b.at[b.len - 1] != ' ')
            buf_add_char(&b, ' ');
    }
    TRY(buf_end(&b));
    return try_arena_str(a, str_trim(buf_str(&b)), ret);
}

static fallible
without_blanks(arena *a, str folded, str *ret)
{
    char *at;
    size_t n = 0;
    void *room;
    TRY(try_arena_get(a, folded.len + 1, 1, &room));
    at = room;
    for (size_t i = 0; i < folded.len; i++)
        if (folded.at[i] != ' ')
            at[n++] = folded.at[i];
    *ret = (str){at, n};
    return OK;
}

static str
last_word(str s)
{
    size_t at = s.len;
    while (at && s.at[at - 1] != ' ')
        at--;
    return str_slice(s, at, s.len);
}

static bool
has_word(str s, str word)
{
    str part;
    while (str_next(&s, ' ', &part))
        if (str_eq(part, word))
            return true;
    return false;
}

static bool
has_all_words(str s, str words)
{
    str part;
    while (str_next(&words, ' ', &part))
        if (!has_word(s, part))
            return false;
    return true;
}

/* "ERIKA MUSTERMANN" and "MUSTERMANN" are one person, and "MUSTERMANN ERIKA". */
static bool
is_same(const struct pseudonym_value *v, uint8_t type, str key)
{
    if (v->type != type)
        return false;
    if (type != DETECT_PERSON)
        return str_eq(v->key, key);
    return (has_all_words(v->key, key) && has_word(key, last_word(v->key))) ||
           (has_all_words(key, v->key) && has_word(v->key, last_word(key))) ||
           (has_all_words(key, v->key) && has_all_words(v->key, key));
}

static fallible
key_of(arena *a, uint8_t type, str form, str *ret)
{
    TRY(fold(a, form, ret));
    return type == DETECT_PERSON ? OK : without_blanks(a, *ret, ret);
}

/* ---- values */
static fallible
value_of(pseudonyms *m, uint8_t type, str form, struct pseudonym_value **ret)
{
    str key;
    TRY(key_of(m->a, type, form, &key));
    for (size_t i = 0; i < m->values.count; i++)
        if (is_same(&m->values.at[i], type, key)) {
            *ret = &m->values.at[i];
            if (key.len > (*ret)->key.len)
                (*ret)->key = key;
            return OK;
        }
    if (m->values.count == PSEUDONYM_VALUES_MAX)
        REFUSE(TOO_LARGE, "", "more than %d identifiers in one conversation", PSEUDONYM_VALUES_MAX);
    const struct pseudonym_value v = {
        .type = type, .number = ++m->numbers[type], .key = key, .form_count = 0};
    TRY(VEC_ADD(m->a, &m->values, &v));
    *ret = &m->values.at[m->values.count - 1];
    return OK;
}

/* Which form it is; one too many is written as the first, which names the same. */
static fallible
form_of(arena *a, struct pseudonym_value *v, str form, size_t *ret)
{
    for (*ret = 0; *ret < v->form_count; (*ret)++)
        if (str_eq(v->forms[*ret], form))
            return OK;
    if (v->form_count == PSEUDONYM_FORMS_MAX) {
        *ret = 0;
        return OK;
    }
    return try_arena_str(a, form, &v->forms[v->form_count++]);
}

static fallible
put_token(pseudonyms *m, uint8_t type, str form, buf *out)
{
    struct pseudonym_value *v;
    size_t which;
    TRY(value_of(m, type, form, &v));
    TRY(form_of(m->a, v, form, &which));
    buf_add_fmt(out, "%s%.3s%u", detect_name((enum detect_type)type), m->nonce, v->number);
    if (which)
        buf_add_char(out, (char)('A' + which));
    return OK;
}

/* ---- hiding */
static fallible
join(arena *a, const str *texts, size_t count, str *ret)
{
    AUTO(buf) b = BUF(DETECT_TEXT_MAX);
    for (size_t i = 0; i < count; i++) {
        buf_add(&b, texts[i]);
        buf_add(&b, BETWEEN);
    }
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

/* All texts, and what was found in them. */
struct found {
    str all;
    detect_spans spans;
    size_t from; /* where the next text begins */
    size_t at;   /* the first finding that may reach into it */
};

/* The next `len` bytes, with the findings in them replaced. */
static fallible
hide_part(pseudonyms *m, struct found *f, size_t len, str *ret)
{
    AUTO(buf) b = BUF(DETECT_TEXT_MAX);
    size_t from = f->from;
    const size_t to = from + len;
    for (; f->at < f->spans.count && f->spans.at[f->at].start < to; f->at++) {
        const struct detect_span *s = &f->spans.at[f->at];
        const size_t start = s->start > from ? s->start : from, end = s->end < to ? s->end : to;
        buf_add(&b, str_slice(f->all, from, start));
        if (start < end)
            TRY(put_token(m, s->type, str_slice(f->all, start, end), &b));
        from = end > from ? end : from;
        if (s->end > to) /* the rest of it is in the next text */
            break;
    }
    buf_add(&b, str_slice(f->all, from, to));
    f->from = to + BETWEEN.len;
    TRY(buf_end(&b));
    return try_arena_str(m->a, buf_str(&b), ret);
}

fallible
pseudonym_hide(arena *a, const struct pseudonym_ask *ask, str *ret_texts, pseudonyms **ret)
{
    struct found f = {.from = 0};
    void *room;
    TRY(try_arena_get(a, 1, sizeof(pseudonyms), &room));
    pseudonyms *m = room;
    m->a = a;
    TRY(join(a, ask->texts, ask->count, &f.all));
    TRY(pick_nonce(m, ask->seed, f.all));
    TRY(detect(ask->x, f.all, NULL, a, &f.spans));
    for (size_t i = 0; i < ask->count; i++)
        TRY(hide_part(m, &f, ask->texts[i].len, &ret_texts[i]));
    *ret = m;
    return OK;
}

size_t
pseudonym_count(const pseudonyms *m)
{
    return m->values.count;
}

const struct pseudonym_value *
pseudonym_at(const pseudonyms *m, size_t i)
{
    return i < m->values.count ? &m->values.at[i] : NULL;
}

/* ---- finding tokens again */
/* Does the name of type `t` end before `end`, with or without '\' before each '_'?  *ret_start. */
static bool
ends_with_type(str word, size_t end, enum detect_type t, size_t *ret_start)
{
    const str name = str_of(detect_name(t));
    size_t at = end;
    if (at && word.at[at - 1] == '\\')
        at--;
    for (size_t i = name.len; i; i--) {
        if (!at || toupper((unsigned char)word.at[at - 1]) != name.at[i - 1])
            return false;
        at--;
        if (name.at[i - 1] == '_' && at && word.at[at - 1] == '\\')
            at--;
    }
    *ret_start = at;
    return true;
}

static const struct pseudonym_value *
value_numbered(const pseudonyms *m, uint8_t type, uint64_t number)
{
    for (size_t i = 0; i < m->values.count; i++)
        if (m->values.at[i].type == type && m->values.at[i].number == number)
            return &m->values.at[i];
    return NULL;
}

/* A letter behind the number names a form if there is one, and unless the word goes on: then both
 * belong to an ending ("…1en"). */
static size_t
take_form(const struct pseudonym_value *v, str word, size_t *at)
{
    if (*at >= word.len)
        return 0;
    const int letter = toupper((unsigned char)word.at[*at]);
    const bool goes_on = *at + 1 < word.len && isalpha((unsigned char)word.at[*at + 1]);
    const size_t which = (size_t)(letter - 'A');
    if (letter <= 'A' || which >= v->form_count ||
        (goes_on && islower((unsigned char)word.at[*at])))
        return 0;
    (*at)++;
    return which;
}

static bool
token_at(const pseudonyms *m, str word, size_t at, struct pseudonym_token *ret)
{
    size_t digits = at + sizeof m->nonce, end = digits;
    uint64_t number = 0;
    while (end < word.len && end - digits < DIGITS_MAX && isdigit((unsigned char)word.at[end]))
        number = number * 10 + (uint64_t)(word.at[end++] - '0');
    for (int t = DETECT_NONE + 1; t < DETECT_OTHER; t++) {
        const struct pseudonym_value *v;
        if (!ends_with_type(word, at, (enum detect_type)t, &ret->start) ||
            !(v = value_numbered(m, (uint8_t)t, number)))
            continue;
        ret->end = end;
        ret->form = v->forms[take_form(v, word, &ret->end)];
        return true;
    }
    return false;
}

bool
pseudonym_find(const pseudonyms *m, str word, struct pseudonym_token *ret)
{
    for (size_t at = 0; at < word.len; at++)
        if (is_nonce(m, word, at) && token_at(m, word, at, ret))
            return true;
    return false;
}
