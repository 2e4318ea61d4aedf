/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/utf8.h"

#include <string.h>

enum { BAD = 0, CUT = -1 };

static int
length_by_lead(uint8_t c)
{
    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4)
        return BAD;
    return c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

/* RFC 3629, section 4: only the second byte has bounds of its own. */
static bool
second_fits(uint8_t lead, uint8_t c)
{
    const uint8_t from = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const uint8_t to = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    return c >= from && c <= to;
}

/* Length of the character at `p`, BAD, or CUT when it is well so far but not whole. */
static int
measure(const uint8_t *p, size_t len)
{
    const int n = length_by_lead(p[0]);
    for (int i = 1; i < n; i++) {
        if ((size_t)i == len)
            return CUT;
        if (i == 1 ? !second_fits(p[0], p[1]) : (p[i] & 0xC0) != 0x80)
            return BAD;
    }
    return n;
}

/* Bytes at the start that are ASCII, in steps of eight. */
static size_t
skip_ascii(const char *p, size_t len)
{
    size_t i = 0;
    for (uint64_t word; i + 8 <= len; i += 8) {
        memcpy(&word, p + i, 8);
        if (word & 0x8080808080808080u)
            break;
    }
    return i;
}

size_t
utf8_valid_len(str s)
{
    const uint8_t *p = (const uint8_t *)s.at;
    size_t i = 0;
    while (i < s.len) {
        if (p[i] < 0x80) {
            const size_t skipped = skip_ascii(s.at + i, s.len - i);
            i += skipped ? skipped : 1;
            continue;
        }
        const int n = measure(p + i, s.len - i);
        if (n <= 0)
            break;
        i += (size_t)n;
    }
    return i;
}

size_t
utf8_whole_len(str s)
{
    const uint8_t *p = (const uint8_t *)s.at;
    for (size_t back = 1; back <= 3 && back <= s.len; back++) {
        const size_t i = s.len - back;
        if ((p[i] & 0xC0) != 0x80)
            return measure(p + i, back) == CUT ? i : s.len;
    }
    return s.len;
}

bool
utf8_next(str *rest, uint32_t *ret_code_point)
{
    const uint8_t *p = (const uint8_t *)rest->at;
    const int n = rest->len ? measure(p, rest->len) : BAD;
    if (n <= 0)
        return false;
    uint32_t c = n == 1 ? p[0] : p[0] & (0x7Fu >> n);
    for (int i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3Fu);
    *ret_code_point = c;
    *rest = (str){rest->at + n, rest->len - (size_t)n};
    return true;
}

static char
tail_byte(uint32_t c, int shift)
{
    return (char)(0x80 | (c >> shift & 0x3F));
}

/* What is no character (a surrogate, beyond U+10FFFF) is written as U+FFFD. */
size_t
utf8_put(uint32_t c, char room[4])
{
    if (c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    const size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    room[0] = (char)(leads[n] | c >> (6 * (n - 1)));
    for (size_t i = 1; i < n; i++)
        room[i] = tail_byte(c, (int)(6 * (n - 1 - i)));
    return n;
}
