/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/sentence.h"

static const char *const abbreviations[] = {
    "Abs", "Nr",  "Art", "S",    "Satz", "Buchst", "z",   "B",   "d",   "h",    "u",   "a",
    "bzw", "ca",  "Dr",  "evtl", "ggf",  "vgl",    "Tel", "Str", "usw", "inkl", "max", "min",
    "Mio", "Mrd", "Az",  "i",    "V",    "m",      "o",   "g",   "St",  "Std",  "Prof"};

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static bool
is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

/* Does what stands before the full stop at `at` say that the sentence goes on? */
static bool
goes_on(str text, size_t at)
{
    size_t from = at;
    if (at && is_digit(text.at[at - 1]))
        return true;
    while (from && is_letter(text.at[from - 1]))
        from--;
    const str word = str_slice(text, from, at);
    for (size_t i = 0; i < sizeof abbreviations / sizeof *abbreviations; i++)
        if (str_eq(word, str_of(abbreviations[i])))
            return true;
    return false;
}

/* Behind the closing marks that belong to what ends at `at`; citations too: " [1][2]". */
static size_t
behind_marks(str text, size_t at)
{
    for (;;) {
        size_t next = at;
        while (next < text.len && is_blank(text.at[next]))
            next++;
        if (next < text.len && text.at[next] == '[') {
            const ptrdiff_t n = str_find_char(str_slice(text, next, text.len), ']');
            if (n < 0 || n > 16)
                return at;
            at = next + (size_t)n + 1;
        } else if (at < text.len && (text.at[at] == '"' || text.at[at] == '\'' ||
                                     text.at[at] == ')' || text.at[at] == '.'))
            at++;
        else
            return at;
    }
}

/* Where the sentence at the start of `text` ends. */
static size_t
end_of(str text)
{
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.at[i];
        if (c == '\n')
            return i;
        if (c != '.' && c != '!' && c != '?')
            continue;
        if (c == '.' && goes_on(text, i) && i + 1 < text.len && text.at[i + 1] != '\n')
            continue;
        const size_t end = behind_marks(text, i + 1);
        if (end == text.len || is_blank(text.at[end]) || text.at[end] == '\n')
            return end;
    }
    return text.len;
}

bool
sentence_next(str *rest, str *ret)
{
    while (rest->len) {
        const size_t end = end_of(*rest);
        const str s = str_trim(str_slice(*rest, 0, end));
        const size_t next = end < rest->len && rest->at[end] == '\n' ? end + 1 : end;
        *rest = str_slice(*rest, next, rest->len);
        if (s.len) {
            *ret = s;
            return true;
        }
    }
    return false;
}
