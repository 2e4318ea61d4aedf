/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/translation.h"

enum { NUMBER_ROOM = 40 };

str
translation_notice(void)
{
    return STR("Maschinelle Übersetzung, von niemandem geprüft. Es gilt der deutsche Wortlaut, der "
               "daneben steht.");
}

static bool
is_digit_at(str s, size_t i)
{
    return i < s.len && s.at[i] >= '0' && s.at[i] <= '9';
}

/* The digits of the next number, without a mark or blank between groups of them. */
static bool
next_number(str *rest, char room[NUMBER_ROOM], str *ret)
{
    size_t i = 0, n = 0;
    while (i < rest->len && !is_digit_at(*rest, i))
        i++;
    for (; is_digit_at(*rest, i); i++) {
        if (n < NUMBER_ROOM)
            room[n++] = rest->at[i];
        if (i + 1 < rest->len && (rest->at[i + 1] == '.' || rest->at[i + 1] == ',') &&
            is_digit_at(*rest, i + 2))
            i++;
    }
    *rest = str_slice(*rest, i, rest->len);
    *ret = (str){room, n};
    return n > 0;
}

static bool
has_number(str text, str number)
{
    char room[NUMBER_ROOM];
    for (str one; next_number(&text, room, &one);)
        if (str_eq(one, number))
            return true;
    return false;
}

static bool
holds_numbers_of(str text, str other)
{
    char room[NUMBER_ROOM];
    for (str one; next_number(&other, room, &one);)
        if (!has_number(text, one))
            return false;
    return true;
}

/* "[2] text": which card, and what is left. */
static bool
read_mark(str *line, size_t *ret_card)
{
    *line = str_trim(*line);
    if (line->len < 3 || line->at[0] != '[' || !is_digit_at(*line, 1) || line->at[2] != ']')
        return false;
    *ret_card = (size_t)(line->at[1] - '0');
    *line = str_trim(str_slice(*line, 3, line->len));
    return *ret_card > 0 && line->len > 0;
}

fallible
translation_read(arena *a, str written, const struct cards *c, struct translation *ret)
{
    struct translation t = {.code = ret->code, .name = ret->name};
    const size_t count = c->count < TRANSLATION_CARDS_MAX ? c->count : TRANSLATION_CARDS_MAX;
    written = str_slice(written, 0, TRANSLATION_BYTES_MAX);
    for (str line; str_next(&written, '\n', &line);) {
        size_t card = 0;
        if (!read_mark(&line, &card) || card > count || t.at[card - 1].text.len)
            continue;
        struct translated *const x = &t.at[card - 1];
        const str quote = c->at[card - 1].quote;
        x->is_dropped = !holds_numbers_of(line, quote) || !holds_numbers_of(quote, line);
        if (!x->is_dropped)
            TRY(try_arena_str(a, line, &x->text));
    }
    *ret = t;
    return OK;
}
