/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/str.h"

static char
lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
str_eq_nocase(str a, str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i]))
            return false;
    return true;
}

int
str_cmp(str a, str b)
{
    const size_t n = a.len < b.len ? a.len : b.len;
    const int c = n ? memcmp(a.at, b.at, n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool
str_starts(str s, str prefix)
{
    return s.len >= prefix.len && str_eq(str_slice(s, 0, prefix.len), prefix);
}

bool
str_ends(str s, str suffix)
{
    return s.len >= suffix.len && str_eq(str_slice(s, s.len - suffix.len, s.len), suffix);
}

ptrdiff_t
str_find(str s, str needle)
{
    if (needle.len == 0)
        return 0;
    const char *p = s.len ? memmem(s.at, s.len, needle.at, needle.len) : NULL;
    return p ? p - s.at : -1;
}

ptrdiff_t
str_find_char(str s, char c)
{
    const char *p = s.len ? memchr(s.at, c, s.len) : NULL;
    return p ? p - s.at : -1;
}

str
str_slice(str s, size_t from, size_t to)
{
    if (to > s.len)
        to = s.len;
    if (from >= to)
        return STR_NONE;
    return (str){s.at + from, to - from};
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

str
str_trim(str s)
{
    size_t from = 0, to = s.len;
    while (from < to && is_blank(s.at[from]))
        from++;
    while (to > from && is_blank(s.at[to - 1]))
        to--;
    return str_slice(s, from, to);
}

bool
str_next(str *rest, char sep, str *ret_part)
{
    if (!rest->at)
        return false;
    const ptrdiff_t i = str_find_char(*rest, sep);
    if (i < 0) {
        *ret_part = *rest;
        *rest = STR_NONE;
        return true;
    }
    *ret_part = (str){rest->at, (size_t)i};
    *rest = (str){rest->at + i + 1, rest->len - (size_t)i - 1};
    return true;
}

bool
str_copy(str s, char *room, size_t room_len)
{
    room[0] = '\0';
    if (s.len >= room_len || str_find_char(s, '\0') >= 0)
        return false;
    if (s.len)
        memcpy(room, s.at, s.len);
    room[s.len] = '\0';
    return true;
}

bool
secret_eq(str a, str b)
{
    unsigned char diff = a.len != b.len;
    for (size_t i = 0; i < a.len && i < b.len; i++)
        diff |= (unsigned char)(a.at[i] ^ b.at[i]);
    return diff == 0;
}
