/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/lex.h"

#include "base/err.h"
#include "base/utf8.h"
#include "know/text/fold.h"

enum { FILE_BYTES_MAX = 48, FILE_PIECES_MAX = 4 };

void
lex_begin(struct lex *l, str text)
{
    l->text = text;
    l->at = l->len = 0;
}

/* The code point at `at` and where the next begins; 0 at the end or at a bad byte. */
static uint32_t
peek(const struct lex *l, size_t at, size_t *ret_next)
{
    str rest = str_slice(l->text, at, l->text.len);
    uint32_t c = 0;
    if (rest.len && (uint8_t)*rest.at < 0x80) {
        *ret_next = at + 1;
        return (uint8_t)*rest.at;
    }
    if (!utf8_next(&rest, &c)) {
        *ret_next = at + 1;
        return 0;
    }
    *ret_next = l->text.len - rest.len;
    return c;
}

static void
put(struct lex *l, uint32_t c)
{
    if (l->len < LEX_TEXT_MAX)
        l->len += utf8_put(c, l->room + l->len);
}

static void
put_folded(struct lex *l, uint32_t c)
{
    uint32_t to[FOLD_MAX];
    const size_t n = fold_char(c, to);
    for (size_t i = 0; i < n; i++)
        put(l, to[i]);
}

static size_t
skip_blanks(const struct lex *l, size_t at)
{
    for (size_t next; at < l->text.len; at = next) {
        const uint32_t c = peek(l, at, &next);
        if (c != ' ' && c != '\n' && c != '\t' && c != '\r' && c != 0xa0 && c != 0x202f)
            break;
    }
    return at;
}

static bool
is_digit_at(const struct lex *l, size_t at)
{
    return at < l->text.len && l->text.at[at] >= '0' && l->text.at[at] <= '9';
}

static size_t
digits_end(const struct lex *l, size_t at)
{
    while (is_digit_at(l, at))
        at++;
    return at;
}

/* Is what begins at `at` no letter or digit? */
static bool
is_word_end(const struct lex *l, size_t at)
{
    size_t next;
    if (at >= l->text.len)
        return true;
    return fold_class(peek(l, at, &next)) == FOLD_OTHER;
}

/* Digits and at most one letter behind `at`, as in "6a"; `at` itself when there are none. */
static size_t
take_section_number(struct lex *l, size_t at)
{
    const size_t from = skip_blanks(l, at);
    size_t to = digits_end(l, from);
    if (to == from || to - from > 6)
        return at;
    if (to < l->text.len && (l->text.at[to] | 32) >= 'a' && (l->text.at[to] | 32) <= 'z' &&
        is_word_end(l, to + 1))
        to++;
    if (!is_word_end(l, to))
        return at;
    for (size_t i = from; i < to; i++)
        put_folded(l, (uint8_t)l->text.at[i]);
    return to;
}

static bool
give(struct lex *l, enum lex_kind kind, size_t from, size_t to, struct lexeme *ret)
{
    ASSERT(to > from && to <= l->text.len);
    l->at = to;
    *ret = (struct lexeme){{l->room, l->len}, kind, from, to};
    return true;
}

/* "§ 6a", "§§ 3 bis 5" */
static bool
take_paragraph(struct lex *l, size_t from, size_t at, struct lexeme *ret)
{
    size_t next;
    l->len = 0;
    put(l, 0xa7);
    if (peek(l, at, &next) == 0xa7)
        at = next;
    const size_t to = take_section_number(l, at);
    return to != at && give(l, LEX_SECTION, from, to, ret);
}

/* "1.234.567,89" from its first digit; "3456/21" as a file's number. */
static bool
take_number(struct lex *l, size_t from, struct lexeme *ret)
{
    size_t to = digits_end(l, from);
    bool is_file = false;
    while (to < l->text.len && l->text.at[to] == '.' && to - from <= 12 &&
           digits_end(l, to + 1) == to + 4)
        to += 4;
    if (to < l->text.len && l->text.at[to] == ',' && is_digit_at(l, to + 1))
        to = digits_end(l, to + 1);
    else if (to < l->text.len && l->text.at[to] == '/' && is_digit_at(l, to + 1)) {
        to = digits_end(l, to + 1);
        is_file = true;
    }
    if (!is_word_end(l, to))
        return false;
    l->len = 0;
    for (size_t i = from; i < to; i++)
        if (l->text.at[i] != '.')
            put(l, (uint8_t)l->text.at[i]);
    return give(l, is_file ? LEX_FILE : LEX_NUMBER, from, to, ret);
}

/* One piece of a file's number: letters, digits, "/.-()"; its end. */
static size_t
file_piece_end(const struct lex *l, size_t at, bool *ret_digit, bool *ret_slash)
{
    for (; at < l->text.len; at++) {
        const char c = l->text.at[at];
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && !((c | 32) >= 'a' && (c | 32) <= 'z') && !strchr("/.-()", c))
            break;
        *ret_digit |= is_digit;
        *ret_slash |= c == '/';
    }
    return at;
}

/* What follows "Az."; the walker then goes on right behind "Az", so its pieces come too. */
static bool
take_file(struct lex *l, size_t from, size_t behind, struct lexeme *ret)
{
    size_t at = behind, end;
    bool digit = false, slash = false;
    while (at < l->text.len && (l->text.at[at] == '.' || l->text.at[at] == ':'))
        at++;
    at = end = skip_blanks(l, at);
    for (int i = 0; i < FILE_PIECES_MAX && !slash; i++) {
        const size_t piece = skip_blanks(l, end);
        const size_t to = file_piece_end(l, piece, &digit, &slash);
        if (to == piece || to - at > FILE_BYTES_MAX)
            break;
        end = to;
    }
    while (end > at && strchr(".-()", l->text.at[end - 1]))
        end--;
    if (!digit || !slash || end == at)
        return false;
    l->len = 0;
    for (const char *c = "az:"; *c; c++)
        put(l, (uint8_t)*c);
    for (size_t i = at; i < end; i++)
        if (l->text.at[i] != ' ')
            put_folded(l, (uint8_t)l->text.at[i]);
    (void)give(l, LEX_FILE, from, end, ret);
    l->at = behind;
    return true;
}

static size_t
take_run(struct lex *l, size_t at, bool *ret_has_letter)
{
    uint32_t last = 0;
    size_t last_len = 0;
    for (size_t next; at < l->text.len; at = next) {
        const uint32_t c = peek(l, at, &next);
        const enum fold_class k = fold_class(c);
        if (c == 0x308 && fold_with_diaeresis(last) != last) {
            l->len = last_len;
            put(l, fold_with_diaeresis(last));
        }
        if (k == FOLD_OTHER)
            break;
        *ret_has_letter |= k == FOLD_LETTER;
        if (k == FOLD_IGNORED)
            continue;
        last = c;
        last_len = l->len;
        put_folded(l, c);
    }
    return at;
}

static bool
take_word(struct lex *l, size_t from, struct lexeme *ret)
{
    bool has_letter = false;
    l->len = 0;
    const size_t to = take_run(l, from, &has_letter);
    const str word = {l->room, l->len};
    if (str_eq(word, STR("az")) || str_eq(word, STR("aktenzeichen")))
        if (take_file(l, from, to, ret))
            return true;
    if (str_eq((str){l->room, l->len}, STR("art")) ||
        str_eq((str){l->room, l->len}, STR("artikel"))) {
        const size_t kept = l->len, dot = to < l->text.len && l->text.at[to] == '.';
        l->len = 3;
        const size_t end = take_section_number(l, to + dot);
        if (end != to + dot)
            return give(l, LEX_SECTION, from, end, ret);
        l->len = kept;
    }
    l->at = to;
    return l->len && give(l, has_letter ? LEX_WORD : LEX_NUMBER, from, to, ret);
}

bool
lex_next(struct lex *l, struct lexeme *ret)
{
    while (l->at < l->text.len) {
        size_t next;
        const size_t from = l->at;
        const uint32_t c = peek(l, from, &next);
        const enum fold_class k = fold_class(c);
        if (c == 0xa7 && take_paragraph(l, from, next, ret))
            return true;
        if (k == FOLD_DIGIT && c < 0x80 && take_number(l, from, ret))
            return true;
        if ((k == FOLD_LETTER || k == FOLD_DIGIT) && take_word(l, from, ret))
            return true;
        if (l->at == from)
            l->at = next;
    }
    return false;
}
