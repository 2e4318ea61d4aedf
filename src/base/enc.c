/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/enc.h"

#include <sodium.h>

void
hex_put(buf *b, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    char *room = len <= SIZE_MAX / 2 ? buf_add_room(b, 2 * len) : NULL;
    for (size_t i = 0; room && i < len; i++) {
        room[2 * i] = digits[p[i] >> 4];
        room[2 * i + 1] = digits[p[i] & 15];
    }
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

fallible
hex_read(str s, void *ret_bytes, size_t len)
{
    uint8_t *p = ret_bytes;
    if (s.len / 2 != len || s.len % 2)
        REFUSE(PARSE, "", "%zu hexadecimal digits are expected", 2 * len);
    for (size_t i = 0; i < s.len; i++)
        if (hex_value(s.at[i]) < 0)
            REFUSE(PARSE, "", "hexadecimal digit expected at byte %zu", i);
    for (size_t i = 0; i < len; i++)
        p[i] = (uint8_t)(hex_value(s.at[2 * i]) << 4 | hex_value(s.at[2 * i + 1]));
    return OK;
}

/* In portions, because libsodium writes a NUL for which `b` need not have room. */
void
base64_put(buf *b, const void *bytes, size_t len)
{
    enum { PORTION = 192 };
    char text[PORTION / 3 * 4 + 1];
    const uint8_t *p = bytes;
    while (len) {
        const size_t n = len < PORTION ? len : PORTION;
        sodium_bin2base64(text, sizeof text, p, n, sodium_base64_VARIANT_ORIGINAL);
        buf_add(b, str_of(text));
        p += n;
        len -= n;
    }
}

static size_t
decoded_len(str s)
{
    return s.len / 4 * 3 - str_ends(s, STR("=")) - str_ends(s, STR("=="));
}

/* libsodium 1.0.18 takes bytes that are no ASCII for '/'. */
static bool
is_ascii(str s)
{
    unsigned char seen = 0;
    for (size_t i = 0; i < s.len; i++)
        seen |= (unsigned char)s.at[i];
    return seen < 0x80;
}

fallible
base64_read(str s, buf *b)
{
    const int variant = sodium_base64_VARIANT_ORIGINAL;
    size_t len = 0;
    if (s.len % 4 || !is_ascii(s))
        REFUSE(PARSE, "", "base64 text has groups of four characters, the last one padded");
    const size_t want = s.len ? decoded_len(s) : 0;
    uint8_t *room = want ? (uint8_t *)buf_add_room(b, want) : NULL;
    if (!room)
        return buf_end(b);
    if (sodium_base642bin(room, want, s.at, s.len, NULL, &len, NULL, variant) != 0 || len != want) {
        b->len -= want;
        REFUSE(PARSE, "", "the text is not valid base64");
    }
    return OK;
}
