/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/near.h"

#include "base/err.h"
#include "base/utf8.h"

struct letters {
    uint32_t at[NEAR_LETTERS_MAX];
    size_t count;
};

static bool
read_letters(str word, struct letters *l)
{
    l->count = 0;
    while (word.len) {
        if (l->count == NEAR_LETTERS_MAX || !utf8_next(&word, &l->at[l->count]))
            return false;
        l->count++;
    }
    return true;
}

size_t
near_most(str word)
{
    size_t n = 0;
    for (size_t i = 0; i < word.len; i++)
        n += ((uint8_t)word.at[i] & 0xc0) != 0x80;
    return n < 5 ? 0 : n < 8 ? 1 : 2;
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table: d[i][*] from the two before it. */
static size_t
fill_row(const struct letters *a, const struct letters *b, size_t i,
         size_t d[3][NEAR_LETTERS_MAX + 1])
{
    size_t *const now = d[i % 3], *const last = d[(i + 2) % 3], *const older = d[(i + 1) % 3];
    size_t lowest = now[0] = i;
    for (size_t k = 1; k <= b->count; k++) {
        const size_t other = a->at[i - 1] != b->at[k - 1];
        now[k] = least(least(last[k] + 1, now[k - 1] + 1), last[k - 1] + other);
        if (i > 1 && k > 1 && a->at[i - 1] == b->at[k - 2] && a->at[i - 2] == b->at[k - 1])
            now[k] = least(now[k], older[k - 2] + 1);
        lowest = least(lowest, now[k]);
    }
    return lowest;
}

size_t
near_distance(str a, str b, size_t most)
{
    struct letters x, y;
    size_t d[3][NEAR_LETTERS_MAX + 1];
    ASSERT(most < NEAR_LETTERS_MAX);
    if (a.len > b.len + 4 * most || b.len > a.len + 4 * most)
        return most + 1;
    if (!read_letters(a, &x) || !read_letters(b, &y))
        return most + 1;
    if (x.count > y.count + most || y.count > x.count + most)
        return most + 1;
    for (size_t k = 0; k <= y.count; k++)
        d[0][k] = k;
    /* One row above the limit is not enough to stop: a swap reaches back two. */
    size_t before = 0;
    for (size_t i = 1; i <= x.count; i++) {
        const size_t lowest = fill_row(&x, &y, i, d);
        if (lowest > most && before > most)
            return most + 1;
        before = lowest;
    }
    const size_t n = d[x.count % 3][y.count];
    return n > most ? most + 1 : n;
}

bool
near_umlaut(str word, char *room, size_t room_len, str *ret)
{
    size_t len = 0;
    bool is_changed = false;
    for (size_t i = 0; i < word.len; i++) {
        const char c = word.at[i];
        if (len + 2 > room_len)
            return false;
        if (i + 1 < word.len && word.at[i + 1] == 'e' && (c == 'a' || c == 'o' || c == 'u') &&
            (c != 'u' || i == 0 || word.at[i - 1] != 'q')) {
            room[len++] = (char)0xc3;
            room[len++] = (char)(c == 'a' ? 0xa4 : c == 'o' ? 0xb6 : 0xbc);
            is_changed = true;
            i++;
        } else
            room[len++] = c;
    }
    *ret = (str){room, len};
    return is_changed;
}
