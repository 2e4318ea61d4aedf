/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/cards.h"

#include <math.h>

#include "know/text/lex.h"
#include "know/text/stem.h"
#include "know/text/words.h"
#include "work/answer/sentence.h"

enum { WORDS_MAX = 64, SENTENCES_MAX = 64 };

/* Fitted on 100 German questions to 53 statutes, 8,939 sections: whether one of the first five
 * passages is the right one.  The least strength was chosen on the same questions so that few that
 * can be answered are turned away; other collections may want another. */
static const double slope = 2.22, offset = -4.88, strength_least = 1.4, share_least = 0.5;

struct wanted {
    char rooms[WORDS_MAX][STEM_MAX];
    str at[WORDS_MAX];
    size_t count;
};

static void
read_wanted(str question, struct wanted *w)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, question);
    while (w->count < WORDS_MAX && lex_next(&l, &x)) {
        if (words_is_stop(x.text) || x.text.len > STEM_MAX)
            continue;
        const str s = stem_german(x.text, w->rooms[w->count]);
        memmove(w->rooms[w->count], s.at, s.len);
        w->at[w->count] = (str){w->rooms[w->count], s.len};
        w->count++;
    }
}

/* How many of the wanted words the text holds, also inside compounds. */
static size_t
count_wanted(const struct wanted *w, str text)
{
    bool found[WORDS_MAX] = {false};
    struct lex l;
    struct lexeme x;
    size_t n = 0;
    lex_begin(&l, text);
    while (lex_next(&l, &x)) {
        char room[STEM_MAX];
        const str s = stem_german(x.text, room);
        for (size_t i = 0; i < w->count; i++)
            found[i] |= str_eq(s, w->at[i]) || (w->at[i].len > 4 && str_find(s, w->at[i]) >= 0);
    }
    for (size_t i = 0; i < w->count; i++)
        n += found[i];
    return n;
}

/* The run of whole sentences of a long line around the one that holds most. */
static str
narrow(str line, const struct wanted *w)
{
    str at[SENTENCES_MAX], rest = line;
    size_t count = 0, best = 0, most = 0;
    while (count < SENTENCES_MAX && sentence_next(&rest, &at[count]))
        count++;
    if (!count)
        return line;
    for (size_t i = 0; i < count; i++) {
        const size_t n = count_wanted(w, at[i]);
        best = n > most ? i : best;
        most = n > most ? n : most;
    }
    const char *from = at[best].at, *to = at[best].at + at[best].len;
    size_t first = best;
    for (size_t i = best + 1; i < count; i++)
        if ((size_t)(at[i].at + at[i].len - from) <= CARD_QUOTE_MAX)
            to = at[i].at + at[i].len;
        else
            break;
    while (first && (size_t)(to - at[first - 1].at) <= CARD_QUOTE_MAX)
        from = at[--first].at;
    return (str){from, (size_t)(to - from)};
}

static fallible
fill(const grant *g, const struct know_hit *h, const struct wanted *w, struct card *c)
{
    str quote;
    TRY(content_open(h->quote, g, &quote));
    *c = (struct card){.doc = h->doc,
                       .title = h->title,
                       .edition = h->edition,
                       .section = h->section,
                       .heading = h->heading,
                       .path = h->path,
                       .quote = quote.len > CARD_QUOTE_MAX ? narrow(quote, w) : quote,
                       .source_from = h->source_from,
                       .source_to = h->source_to,
                       .label = h->quote.label};
    return OK;
}

fallible
cards_take(const grant *g, const struct know_hits *hits, str question, struct cards *ret)
{
    struct wanted w = {.count = 0};
    struct cards c = {.read = hits->read};
    read_wanted(question, &w);
    const double top = hits->count ? (double)hits->at[0].score : 0;
    c.strength = top / log(2 + (double)hits->units);
    c.confidence = 1 / (1 + exp(-(slope * c.strength + offset)));
    c.is_enough = c.strength >= strength_least;
    for (size_t i = 0; i < hits->count && c.count < CARDS_MAX; i++) {
        const double share = top > 0 ? (double)hits->at[i].score / top : 0;
        if (share < share_least)
            break;
        TRY(fill(g, &hits->at[i], &w, &c.at[c.count]));
        c.at[c.count++].share = share;
    }
    c.is_enough &= c.count > 0;
    *ret = c;
    return OK;
}
