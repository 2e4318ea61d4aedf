/* SPDX-License-Identifier: EUPL-1.2 */
#include "detect/word.h"

#include "base/utf8.h"

enum { IGNORED = 0, BETWEEN = -1, AS_IS = -2 };

/* U+00C0 to U+017F; a blank: no letter, a capital: two (two_letters). */
static const char latin[] = "aaaaaaAceeeeiiiidnooooo ouuuuyTS"
                            "aaaaaaAceeeeiiiidnooooo ouuuuyTy"
                            "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllll"
                            "nnnnnnnnnooooooOOrrrrrrsssssssstttttt"
                            "uuuuuuuuuuuuwwyyyzzzzzzs";
_Static_assert(sizeof latin == 0x180 - 0xc0 + 1, "one letter for each character");

static bool
is_within(uint32_t c, uint32_t first, uint32_t last)
{
    return c >= first && c <= last;
}

static bool
is_unseen(uint32_t c)
{
    return c == 0xad || is_within(c, 0x300, 0x36f) || is_within(c, 0x200b, 0x200f) ||
           is_within(c, 0x202a, 0x202e) || is_within(c, 0x2060, 0x2064) ||
           is_within(c, 0xfe00, 0xfe0f) || c == 0xfeff || is_within(c, 0xe0000, 0xe01ef);
}

static bool
is_mark(uint32_t c)
{
    return is_within(c, 0x80, 0xbf) || is_within(c, 0x2000, 0x206f) ||
           is_within(c, 0x20a0, 0x20cf) || is_within(c, 0x2190, 0x2bff) ||
           is_within(c, 0x3000, 0x303f) || is_within(c, 0xff00, 0xffef) ||
           is_within(c, 0x1f000, 0x1faff);
}

static int
fold_ascii(uint32_t c)
{
    if (is_within(c, 'A', 'Z'))
        return (int)(c - 'A' + 'a');
    return is_within(c, 'a', 'z') || is_within(c, '0', '9') ? (int)c : BETWEEN;
}

/* Small Cyrillic letters that look like Latin ones; 0: none does. */
static int
look_alike(uint32_t c)
{
    static const struct {
        uint16_t is;
        char like;
    } pairs[] = {{0x430, 'a'}, {0x435, 'e'}, {0x43e, 'o'}, {0x440, 'p'}, {0x441, 'c'},
                 {0x443, 'y'}, {0x445, 'x'}, {0x455, 's'}, {0x456, 'i'}, {0x458, 'j'}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (pairs[i].is == c)
            return pairs[i].like;
    return 0;
}

static int
fold_other(uint32_t c)
{
    const uint32_t by = is_within(c, 0x410, 0x42f) ? 0x20 : is_within(c, 0x400, 0x40f) ? 0x50 : 0;
    if (is_unseen(c))
        return IGNORED;
    if (is_within(c, 0xc0, 0x17f))
        return latin[c - 0xc0] == ' ' ? BETWEEN : latin[c - 0xc0];
    if (is_within(c, 0xff01, 0xff5e))
        return fold_ascii(c - 0xfee0);
    if (look_alike(c + by))
        return look_alike(c + by);
    return is_mark(c) ? BETWEEN : AS_IS;
}

static void
add(struct word *w, char c)
{
    const char last = w->len ? w->at[w->len - 1] : 0;
    if (c == 'e' && !w->is_cut && (last == 'a' || last == 'o' || last == 'u'))
        return; /* "ae" is "a", as "ä" is */
    if (w->len == WORD_BYTES_MAX)
        w->is_cut = true;
    else
        w->at[w->len++] = c;
}

static void
add_folded(struct word *w, uint32_t c, int folded)
{
    char room[4];
    const size_t n = folded == AS_IS ? utf8_put(c, room) : 0;
    for (size_t i = 0; i < n; i++)
        add(w, room[i]);
    if (folded == AS_IS)
        return;
    if (is_within((uint32_t)folded, 'a', 'z') || is_within((uint32_t)folded, '0', '9')) {
        add(w, (char)folded);
        return;
    }
    const char *const two = folded == 'A'   ? "ae"
                            : folded == 'O' ? "oe"
                            : folded == 'T' ? "th"
                                            : "ss";
    add(w, two[0]);
    add(w, two[1]);
}

/* Takes one character; BETWEEN at a bad byte. */
static int
take(struct words *w, uint32_t *ret)
{
    str rest = str_slice(w->text, w->at, w->text.len);
    uint32_t c = ' ';
    if ((unsigned char)rest.at[0] < 0x80) {
        w->at++;
        *ret = (unsigned char)rest.at[0];
        return fold_ascii(*ret);
    }
    const bool is_good = utf8_next(&rest, &c);
    w->at = is_good ? w->text.len - rest.len : w->at + 1;
    *ret = c;
    return is_good ? fold_other(c) : BETWEEN;
}

bool
word_next(struct words *w, struct word *ret)
{
    ret->len = 0;
    ret->is_cut = false;
    while (w->at < w->text.len) {
        const size_t before = w->at;
        uint32_t c;
        const int folded = take(w, &c);
        if (ret->len && (folded == BETWEEN || w->at - ret->end > WORD_UNSEEN_MAX))
            return true;
        if (folded == BETWEEN || folded == IGNORED)
            continue;
        if (!ret->len)
            ret->start = (uint32_t)before;
        add_folded(ret, c, folded);
        ret->end = (uint32_t)w->at;
    }
    return ret->len && !w->goes_on;
}
