/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/fold.h"

#include "base/err.h"

/* U+00C0 to U+017F without their accents; ' ' where the text below says more. */
static const char latin[] = "aaaa a ceeeeiiiidnoooo *ouuu yt aaaa a ceeeeiiiidnoooo /ouuu yty"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii  jjkkklllllll"
                            "lllnnnnnnnnnoooooo  rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

static const struct {
    uint32_t from;
    uint32_t to[FOLD_MAX];
} special[] = {
    {0xaa, {'a'}},
    {0xb2, {'2'}},
    {0xb3, {'3'}},
    {0xb5, {0x3bc}},
    {0xb9, {'1'}},
    {0xba, {'o'}},
    {0xc4, {0xe4}},
    {0xc6, {'a', 'e'}},
    {0xd6, {0xf6}},
    {0xdc, {0xfc}},
    {0xdf, {'s', 's'}},
    {0xe4, {0xe4}},
    {0xe6, {'a', 'e'}},
    {0xf6, {0xf6}},
    {0xfc, {0xfc}},
    {0x132, {'i', 'j'}},
    {0x133, {'i', 'j'}},
    {0x152, {'o', 'e'}},
    {0x153, {'o', 'e'}},
    {0x1e9e, {'s', 's'}},
    {0xfb00, {'f', 'f'}},
    {0xfb01, {'f', 'i'}},
    {0xfb02, {'f', 'l'}},
    {0xfb03, {'f', 'f', 'i'}},
    {0xfb04, {'f', 'f', 'l'}},
    {0xfb05, {'s', 't'}},
    {0xfb06, {'s', 't'}},
};

static size_t
find_special(uint32_t c, uint32_t ret[FOLD_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++) {
        if (special[i].from != c)
            continue;
        for (; n < FOLD_MAX && special[i].to[n]; n++)
            ret[n] = special[i].to[n];
        return n;
    }
    return 0;
}

static uint32_t
lower(uint32_t c)
{
    if (c >= 0x391 && c <= 0x3a9)
        return c + 0x20;
    if (c >= 0x410 && c <= 0x42f)
        return c + 0x20;
    if (c >= 0x400 && c <= 0x40f)
        return c + 0x50;
    if ((c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) || (c >= 0x1e00 && c <= 0x1eff))
        return c | 1;
    return c;
}

static bool
is_ignored(uint32_t c)
{
    return c == 0xad || (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || c == 0x2060 ||
           c == 0xfeff || (c >= 0x202a && c <= 0x202e);
}

size_t
fold_char(uint32_t c, uint32_t ret[FOLD_MAX])
{
    _Static_assert(sizeof latin == 0x180 - 0xc0 + 1, "one letter for each of two blocks");
    if (c < 0x80) {
        ret[0] = c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
        return 1;
    }
    if (is_ignored(c))
        return 0;
    if (c >= 0xff01 && c <= 0xff5e)
        return fold_char(c - 0xff01 + '!', ret);
    const size_t n = find_special(c, ret);
    if (n)
        return n;
    ret[0] =
        c >= 0xc0 && c < 0x180 && c != 0xd7 && c != 0xf7 ? (uint32_t)latin[c - 0xc0] : lower(c);
    return 1;
}

enum fold_class
fold_class(uint32_t c)
{
    if (c < 0x80)
        return c >= '0' && c <= '9'                 ? FOLD_DIGIT
               : (c | 32) >= 'a' && (c | 32) <= 'z' ? FOLD_LETTER
                                                    : FOLD_OTHER;
    if (is_ignored(c))
        return FOLD_IGNORED;
    if (c >= 0xff10 && c <= 0xff19)
        return FOLD_DIGIT;
    if (c == 0xb2 || c == 0xb3 || c == 0xb9)
        return FOLD_DIGIT;
    if (c < 0xc0)
        return c == 0xaa || c == 0xb5 || c == 0xba ? FOLD_LETTER : FOLD_OTHER;
    if (c == 0xd7 || c == 0xf7 || (c >= 0x2000 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x303f))
        return FOLD_OTHER;
    if ((c >= 0xe000 && c <= 0xf8ff) || (c >= 0xfe10 && c <= 0xfe6f) ||
        (c >= 0xff00 && c <= 0xff20) || (c >= 0xff3b && c <= 0xff40) ||
        (c >= 0xff5b && c <= 0xff65) || c >= 0x1f000)
        return FOLD_OTHER;
    return FOLD_LETTER;
}

uint32_t
fold_with_diaeresis(uint32_t c)
{
    switch (c | 32) {
    case 'a':
        return 0xe4;
    case 'o':
        return 0xf6;
    case 'u':
        return 0xfc;
    default:
        return c;
    }
}
