/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/stem.h"

#include "base/err.h"
#include "base/utf8.h"

/* One byte a letter while working: ä ö ü as 1 2 3, u and y between vowels as U and Y. */
struct word {
    char at[STEM_MAX];
    size_t len, r1, r2;
};

static bool
is_vowel(char c)
{
    return c && strchr("aeiouy\1\2\3", c) != NULL;
}

static bool
is_one_of(char c, const char *set)
{
    return c && strchr(set, c) != NULL;
}

/* False if a letter is none of ours. */
static bool
read_word(struct word *w, str text)
{
    w->len = 0;
    while (text.len) {
        uint32_t c;
        if (w->len == STEM_MAX - 2 || !utf8_next(&text, &c))
            return false;
        if (c >= 0x80 && c != 0xe4 && c != 0xf6 && c != 0xfc)
            return false;
        w->at[w->len++] = c < 0x80 ? (char)c : c == 0xe4 ? 1 : c == 0xf6 ? 2 : 3;
    }
    return true;
}

static void
mark_consonants(struct word *w)
{
    for (size_t i = 1; i + 1 < w->len; i++)
        if ((w->at[i] == 'u' || w->at[i] == 'y') && is_vowel(w->at[i - 1]) &&
            is_vowel(w->at[i + 1]))
            w->at[i] = w->at[i] == 'u' ? 'U' : 'Y';
}

/* Behind the first consonant that follows a vowel, from `at` on. */
static size_t
region(const struct word *w, size_t at)
{
    while (at < w->len && !is_vowel(w->at[at]))
        at++;
    while (at < w->len && is_vowel(w->at[at]))
        at++;
    return at < w->len ? at + 1 : w->len;
}

static bool
ends(const struct word *w, const char *suffix)
{
    const size_t n = strlen(suffix);
    return w->len >= n && memcmp(w->at + w->len - n, suffix, n) == 0;
}

/* Cuts the suffix if it ends the word and lies at or behind `from`. */
static bool
cut(struct word *w, const char *suffix, size_t from)
{
    const size_t n = strlen(suffix);
    if (!ends(w, suffix) || w->len - n < from)
        return false;
    w->len -= n;
    return true;
}

static char
before(const struct word *w, size_t n)
{
    return w->len > n ? w->at[w->len - n - 1] : 0;
}

/* "ln" and "lns" of "handeln", "Regelns" lose what follows the l; "…erinnen" keeps its "er". */
static bool
step_1_rare(struct word *w)
{
    static const struct {
        const char *suffix;
        size_t kept;
    } rare[] = {{"erinnen", 2}, {"erin", 2}, {"lns", 1}, {"ln", 1}};
    for (size_t i = 0; i < sizeof rare / sizeof *rare; i++) {
        const size_t n = strlen(rare[i].suffix);
        if (!ends(w, rare[i].suffix))
            continue;
        if (w->len - n >= w->r1)
            w->len -= n - rare[i].kept;
        return true;
    }
    return false;
}

static void
step_1(struct word *w)
{
    static const char *const a[] = {"ern", "em", "er"}, *const b[] = {"en", "es", "e"};
    if (step_1_rare(w))
        return;
    for (size_t i = 0; i < 3; i++)
        if (ends(w, a[i])) {
            if (!ends(w, "system"))
                (void)cut(w, a[i], w->r1);
            return;
        }
    for (size_t i = 0; i < 3; i++)
        if (ends(w, b[i])) {
            if (cut(w, b[i], w->r1) && ends(w, "niss"))
                w->len--;
            return;
        }
    if (ends(w, "s") && is_one_of(before(w, 1), "bdfghklmnrt"))
        (void)cut(w, "s", w->r1);
}

static bool
may_lose_et(const struct word *w)
{
    static const char *const kept[] = {"geordnet", "internet", "ticket", "planet", "tret"};
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        if (ends(w, kept[i]))
            return false;
    return is_one_of(before(w, 2), "dfgklmnrstUz\1");
}

static void
step_2(struct word *w)
{
    static const char *const a[] = {"est", "en", "er"};
    for (size_t i = 0; i < 3; i++)
        if (ends(w, a[i])) {
            (void)cut(w, a[i], w->r1);
            return;
        }
    if (ends(w, "et") && may_lose_et(w))
        (void)cut(w, "et", w->r1);
    else if (ends(w, "st") && is_one_of(before(w, 2), "bdfghklmnt") && w->len >= 6)
        (void)cut(w, "st", w->r1);
}

static void
step_3(struct word *w)
{
    if (ends(w, "end") || ends(w, "ung")) {
        w->len -= w->len - 3 >= w->r2 ? 3 : 0;
        if (!ends(w, "end") && !ends(w, "ung") && ends(w, "ig") && before(w, 2) != 'e')
            (void)cut(w, "ig", w->r2);
    } else if (ends(w, "isch")) {
        if (before(w, 4) != 'e')
            (void)cut(w, "isch", w->r2);
    } else if (ends(w, "ig") || ends(w, "ik")) {
        if (before(w, 2) != 'e' && w->len - 2 >= w->r2)
            w->len -= 2;
    } else if (ends(w, "lich") || ends(w, "heit")) {
        if (w->len - 4 < w->r2)
            return;
        w->len -= 4;
        if (!cut(w, "er", w->r1))
            (void)cut(w, "en", w->r1);
    } else if (cut(w, "keit", w->r2)) {
        if (!cut(w, "lich", w->r2))
            (void)cut(w, "ig", w->r2);
    }
}

str
stem_german(str word, char room[STEM_MAX])
{
    struct word w;
    if (word.len >= STEM_MAX || !read_word(&w, word))
        return word;
    w.at[w.len] = 0;
    mark_consonants(&w);
    w.r1 = region(&w, 0);
    w.r2 = region(&w, w.r1);
    w.r1 = w.r1 < 3 ? 3 : w.r1;
    step_1(&w);
    step_2(&w);
    step_3(&w);
    for (size_t i = 0; i < w.len; i++) {
        const char c = w.at[i];
        room[i] = c == 1 ? 'a' : c == 2 ? 'o' : c == 3 || c == 'U' ? 'u' : c == 'Y' ? 'y' : c;
    }
    ASSERT(w.len <= word.len);
    return (str){room, w.len};
}
