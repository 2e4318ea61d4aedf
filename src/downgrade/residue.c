/* SPDX-License-Identifier: EUPL-1.2 */
#include "downgrade/residue.h"

#include <ctype.h>

#include "base/utf8.h"

enum {
    DIGITS_MIN = 9,    /* fewer are amounts, dates, paragraphs */
    KEY_BYTES_MIN = 5, /* shorter keys are parts of other things too often */
    NAME_BYTES_MIN = 4,
    WORK_MAX = 512 * 1024 * 1024 /* values by bytes: a second or so */
};

static bool
is_word_byte(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

/* ---- values that were replaced elsewhere */

/* Letters and digits only, ASCII letters in capitals: as the keys of pseudonym.h without blanks. */
static fallible
squeeze(arena *a, str text, str *ret)
{
    void *room;
    size_t n = 0;
    TRY(try_arena_get(a, text.len + 1, 1, &room));
    char *at = room;
    for (size_t i = 0; i < text.len; i++)
        if (is_word_byte(text.at[i]))
            at[n++] = (char)toupper((unsigned char)text.at[i]);
    *ret = (str){at, n};
    return OK;
}

static bool
has_digit(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (isdigit((unsigned char)s.at[i]))
            return true;
    return false;
}

/* As a whole word, written with a capital or in capitals: names are words of the language too. */
static bool
has_name(str text, str name)
{
    for (size_t at = 0; at + name.len <= text.len; at++) {
        const str here = str_slice(text, at, at + name.len);
        if (str_eq_nocase(here, name) && !islower((unsigned char)here.at[0]) &&
            (at == 0 || !is_word_byte(text.at[at - 1])) &&
            (at + name.len == text.len || !is_word_byte(text.at[at + name.len])))
            return true;
    }
    return false;
}

static bool
has_part_of_name(str text, str key)
{
    str word;
    while (str_next(&key, ' ', &word))
        if (word.len >= NAME_BYTES_MIN && has_name(text, word))
            return true;
    return false;
}

static bool
has_value(const struct pseudonym_value *v, str text, str squeezed)
{
    if (v->type == DETECT_PERSON)
        return has_part_of_name(text, v->key);
    return v->key.len >= KEY_BYTES_MIN && has_digit(v->key) && str_find(squeezed, v->key) >= 0;
}

/* ---- shapes */

static bool
has_address(str text)
{
    for (size_t at = 1; at + 1 < text.len; at++)
        if (text.at[at] == '@' && is_word_byte(text.at[at - 1]) && is_word_byte(text.at[at + 1]))
            return true;
    return false;
}

static bool
joins_digits(char c)
{
    return c == ' ' || c == '-' || c == '/' || c == '.';
}

/* Digits in a row, one separator between two of them at most. */
static bool
has_long_number(str text)
{
    size_t digits = 0;
    bool joined = false;
    for (size_t at = 0; at < text.len; at++) {
        if (isdigit((unsigned char)text.at[at])) {
            digits++;
            joined = false;
        } else if (digits && !joined && joins_digits(text.at[at]))
            joined = true;
        else
            digits = 0;
        if (digits >= DIGITS_MIN)
            return true;
    }
    return false;
}

/* ---- all of it */
static const char *
name_of(const struct pseudonym_value *v)
{
    return detect_name((enum detect_type)v->type);
}

fallible
residue_check(const pseudonyms *m, arena *a, const str *texts, size_t count)
{
    const struct pseudonym_value *v;
    for (size_t i = 0; i < count; i++) {
        str squeezed;
        if (texts[i].len * (pseudonym_count(m) + 1) > WORK_MAX)
            REFUSE(TOO_LARGE, "", "text %zu is too long to be looked at a second time", i + 1);
        TRY(squeeze(a, texts[i], &squeezed));
        for (size_t k = 0; (v = pseudonym_at(m, k)); k++)
            if (has_value(v, texts[i], squeezed))
                REFUSE(DENIED, "", "text %zu still holds a %s that was replaced elsewhere", i + 1,
                       name_of(v));
        if (has_address(texts[i]))
            REFUSE(DENIED, "", "text %zu still holds what looks like an e-mail address", i + 1);
        if (has_long_number(texts[i]))
            REFUSE(DENIED, "", "text %zu still holds a long number", i + 1);
    }
    return OK;
}
