/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/token.h"

#include "base/utf8.h"

/* Code points that end a word although they are no ASCII: blanks, dashes, quotes, signs. */
static bool
is_mark(uint32_t c)
{
    return c < 0xC0 || c == 0xD7 || c == 0xF7 || (c >= 0x2000 && c <= 0x2BFF) ||
           (c >= 0x3000 && c <= 0x303F) || c >= 0xFE00;
}

static bool
is_blank(uint32_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == 0xA0 || c == 0x202F ||
           (c >= 0x2000 && c <= 0x200B) || c == 0xAD || c == 0xFEFF;
}

static bool
is_digit(uint32_t c)
{
    return c >= '0' && c <= '9';
}

static bool
is_letter(uint32_t c)
{
    return c < 0x80 ? (c | 32) >= 'a' && (c | 32) <= 'z' : !is_mark(c);
}

/* The code point at `i` and its length; a bad byte is a mark of its own. */
static uint32_t
peek(str text, size_t i, size_t *ret_len)
{
    uint32_t c = 0xFFFD;
    *ret_len = 1;
    if (i >= text.len)
        return 0;
    if ((uint8_t)text.at[i] < 0x80)
        return (uint8_t)text.at[i];
    str rest = str_slice(text, i, text.len);
    if (utf8_next(&rest, &c))
        *ret_len = text.len - i - rest.len;
    return c;
}

/* A hyphen or apostrophe between letters belongs to the word; so does a soft hyphen. */
static bool
joins(uint32_t c, uint32_t next)
{
    return c == 0xAD || ((c == '-' || c == '\'' || c == 0x2019 || c == 0x2010) && is_letter(next));
}

static size_t
read_word(str text, size_t i, struct token *t)
{
    struct word_hash h = WORD_HASH;
    size_t len;
    t->kind = TOKEN_WORD;
    t->is_upper = word_is_upper(peek(text, i, &len));
    while (i < text.len) {
        const uint32_t c = peek(text, i, &len);
        size_t next_len;
        if (!is_letter(c) && (c < 0x80 ? c != '-' && c != '\'' : false))
            break;
        if (!is_letter(c) && !joins(c, peek(text, i + len, &next_len)))
            break;
        word_hash_add(&h, c);
        i += len;
    }
    t->hash = h.hash;
    t->stem = h.stem;
    t->last = h.last;
    return i;
}

static size_t
read_token(const lexicon *x, str text, size_t i, struct token *t)
{
    size_t len;
    const uint32_t c = peek(text, i, &len);
    t->start = (uint32_t)i;
    if (is_letter(c)) {
        i = read_word(text, i, t);
        lexicon_find(x, t->hash, &t->bits, &t->label);
    } else if (is_digit(c)) {
        t->kind = TOKEN_NUMBER;
        while (i < text.len && is_digit((uint8_t)text.at[i]))
            i++;
    } else {
        t->kind = c == '\n' ? TOKEN_LINE : TOKEN_MARK;
        t->mark = (uint16_t)(c > 0xFFFF ? 0xFFFD : c);
        i += len;
    }
    t->end = (uint32_t)i;
    return i;
}

static size_t
skip_blanks(str text, size_t i)
{
    size_t len;
    while (i < text.len && is_blank(peek(text, i, &len)))
        i += len;
    return i;
}

static fallible
set_up(arena *a, struct tokens *t, size_t room)
{
    void *p = NULL;
    TRY(try_arena_get(a, room + 2 * TOKEN_PAD, sizeof(struct token), &p));
    t->at = (struct token *)p + TOKEN_PAD;
    return OK;
}

/* The end of the word at `i`, without hashing it. */
static size_t
skip_word(str text, size_t i)
{
    size_t len, next_len;
    while (i < text.len) {
        const uint32_t c = peek(text, i, &len);
        if (!is_letter(c) && !joins(c, peek(text, i + len, &next_len)))
            break;
        i += len;
    }
    return i;
}

static size_t
skip_digits(str text, size_t i)
{
    while (i < text.len && is_digit((uint8_t)text.at[i]))
        i++;
    return i;
}

/* A first walk counts, so that no room is given away. */
static size_t
count_tokens(str text)
{
    size_t n = 0;
    for (size_t i = skip_blanks(text, 0); i < text.len; i = skip_blanks(text, i)) {
        size_t len;
        const uint32_t c = peek(text, i, &len);
        i = is_letter(c) ? skip_word(text, i) : is_digit(c) ? skip_digits(text, i) : i + len;
        n++;
    }
    return n;
}

fallible
tokens_read(const lexicon *x, str text, arena *a, struct tokens *ret)
{
    struct tokens t = {0};
    TRY(set_up(a, &t, count_tokens(text)));
    size_t i = 0;
    while ((i = skip_blanks(text, i)) < text.len) {
        struct token *const k = &t.at[t.count++];
        const size_t before = t.count > 1 ? k[-1].end : 0;
        k->is_glued = before == i && t.count > 1;
        i = read_token(x, text, i, k);
    }
    for (size_t k = 0; k < TOKEN_PAD; k++)
        t.at[t.count + k].start = t.at[t.count + k].end = (uint32_t)text.len;
    *ret = t;
    return OK;
}

size_t
tokens_find(const struct tokens *t, uint32_t offset)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (t->at[mid].start < offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
