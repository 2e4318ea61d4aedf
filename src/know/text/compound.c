/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/text/compound.h"

#include <math.h>

#include "base/err.h"

enum { WORD_MIN = 8, WORD_MAX = 80, DEPTH_MAX = 3 };

struct splitter {
    compound_count_fn *count;
    void *ctx;
    str *ret;
    size_t found;
};

static bool
is_start(char c)
{
    return ((uint8_t)c & 0xc0) != 0x80;
}

static bool
is_all_letters(str word)
{
    for (size_t i = 0; i < word.len; i++)
        if (word.at[i] >= '0' && word.at[i] <= '9')
            return false;
    return true;
}

/* How often the first part stands alone, or its form with an e ("schul" of "schule"). */
static uint32_t
count_first(const struct splitter *s, str part)
{
    char room[WORD_MAX + 1];
    const uint32_t n = s->count(s->ctx, part);
    if (n >= COMPOUND_COUNT_MIN || part.len >= WORD_MAX)
        return n;
    memcpy(room, part.at, part.len);
    room[part.len] = 'e';
    return s->count(s->ctx, (str){room, part.len + 1});
}

/* The first part without the link that makes the cut score best; its length, 0 if none does. */
static size_t
best_first(const struct splitter *s, str first, uint32_t second_count, double *best)
{
    static const str links[] = {STR_INIT(""),   STR_INIT("s"),  STR_INIT("es"), STR_INIT("n"),
                                STR_INIT("en"), STR_INIT("er"), STR_INIT("e")};
    size_t len = 0;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        if (!str_ends(first, links[i]) || first.len < links[i].len + COMPOUND_PART_MIN)
            continue;
        const str part = str_slice(first, 0, first.len - links[i].len);
        const uint32_t n = i ? s->count(s->ctx, part) : count_first(s, part);
        const double score = sqrt((double)n * second_count);
        if (n >= COMPOUND_COUNT_MIN && score > *best) {
            *best = score;
            len = part.len;
        }
    }
    return len;
}

static bool
split_once(const struct splitter *s, str word, str *ret_first, str *ret_second)
{
    double best = s->count(s->ctx, word);
    bool is_split = false;
    if (word.len < WORD_MIN || word.len > WORD_MAX || !is_all_letters(word))
        return false;
    for (size_t i = COMPOUND_PART_MIN; i + COMPOUND_PART_MIN <= word.len; i++) {
        const str second = str_slice(word, i, word.len);
        if (!is_start(word.at[i]))
            continue;
        const uint32_t n = s->count(s->ctx, second);
        if (n < COMPOUND_COUNT_MIN)
            continue;
        const size_t len = best_first(s, str_slice(word, 0, i), n, &best);
        if (!len)
            continue;
        *ret_first = str_slice(word, 0, len);
        *ret_second = second;
        is_split = true;
    }
    return is_split;
}

static void
split_into(struct splitter *s, str word, int depth)
{
    str first = STR_NONE, second = STR_NONE;
    if (depth < DEPTH_MAX && s->found + 2 <= COMPOUND_MAX && split_once(s, word, &first, &second)) {
        split_into(s, first, depth + 1);
        split_into(s, second, depth + 1);
    } else if (depth && s->found < COMPOUND_MAX)
        s->ret[s->found++] = word;
}

size_t
compound_split(str word, compound_count_fn *count, void *ctx, str ret[COMPOUND_MAX])
{
    struct splitter s = {.count = count, .ctx = ctx, .ret = ret};
    ASSERT(count && ret);
    split_into(&s, word, 0);
    return s.found;
}
