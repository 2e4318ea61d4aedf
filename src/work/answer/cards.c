/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/answer/cards.h"

#include <math.h>

#include "know/text/language.h"
#include "know/text/lex.h"
#include "know/text/stem.h"
#include "know/text/words.h"
#include "work/answer/scope.h"
#include "work/answer/sentence.h"

enum { WORDS_MAX = 64, SENTENCES_MAX = 64, SMALL_UNITS = 1000, COMPOUND_LEAST = 4 };

/* The confidence was fitted on 100 German questions to 53 statutes, 8,939 sections: whether one of
 * the first five passages is the right one. */
static const double slope = 2.22, offset = -4.88, share_least = 0.5;

/* What is enough was fitted on 401 German questions to the same statutes, 149 of which they do not
 * answer (docs/quality.md), so that few that can be answered are turned away; of vectors with those
 * of multilingual-e5-small.  Other collections and embedders may want another. */
static const double strength_weight = 1.28, domain_weight = 15.3, both_least = -3.2,
                    strength_least = 1.1; /* without vectors */

/* A question whose words are not the documents' (another language) is judged by the likeness of the
 * passage nearest to it; of the twenty such questions its confidence was fitted on, three had the
 * right passage among the first five, so that stays low. */
static const double near_slope = 0.83, near_offset = -5.5, nearest_least = -0.1, known_least = 0.5,
                    german_least = 0.25;

/* What a small collection says of how rare a word is says little: there it counts how many of the
 * question's words the best passage and its headings hold. */
static const double held_least = 0.5;

enum { ORDERED_MAX = 2 * CARDS_MAX };
struct ordered {
    const struct know_hit *at[ORDERED_MAX];
    size_t count;
    double share;
};

struct wanted {
    size_t words, stops; /* all, and those of German grammar */
    char rooms[WORDS_MAX][STEM_MAX];
    str at[WORDS_MAX];
    size_t count;
};

static void
read_wanted(str question, struct wanted *w)
{
    struct lex l;
    struct lexeme x;
    const str code = language_of(question).code;
    lex_begin(&l, question);
    while (w->count < WORDS_MAX && lex_next(&l, &x)) {
        w->words++;
        w->stops += words_is_stop(x.text);
        if (words_is_stop(x.text) || language_is_little(code, x.text) || scope_is_vague(x.text) ||
            x.text.len > STEM_MAX)
            continue;
        const str s = stem_german(x.text, w->rooms[w->count]);
        memmove(w->rooms[w->count], s.at, s.len);
        w->at[w->count] = (str){w->rooms[w->count], s.len};
        w->count++;
    }
}

/* Which of the wanted words the text holds, also inside compounds. */
static void
find_wanted(const struct wanted *w, str text, bool found[WORDS_MAX])
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    while (lex_next(&l, &x)) {
        char room[STEM_MAX];
        const str s = stem_german(x.text, room);
        for (size_t i = 0; i < w->count; i++)
            found[i] |= str_eq(s, w->at[i]) ||
                        (w->at[i].len >= COMPOUND_LEAST && str_find(s, w->at[i]) >= 0);
    }
}

static size_t
count_wanted(const struct wanted *w, str text)
{
    bool found[WORDS_MAX] = {false};
    size_t n = 0;
    find_wanted(w, text, found);
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

/* The share of the question's words that a passage holds, with what stands above it. */
static fallible
share_held(const grant *g, const struct know_hit *h, const struct wanted *w, double *ret)
{
    bool found[WORDS_MAX] = {false};
    str text;
    size_t n = 0;
    TRY(content_open(h->text, g, &text));
    find_wanted(w, text, found);
    find_wanted(w, h->heading, found);
    find_wanted(w, h->path, found);
    find_wanted(w, h->title, found);
    for (size_t i = 0; i < w->count; i++)
        n += found[i];
    *ret = w->count ? (double)n / (double)w->count : 0;
    return OK;
}

/* Of a small collection: what holds most of the words first, else as they were. */
static fallible
order_by_words(const grant *g, const struct know_hits *hits, const struct wanted *w,
               struct ordered *o)
{
    double held[ORDERED_MAX] = {0};
    for (size_t i = 0; i < o->count; i++) {
        size_t at = i;
        double share;
        TRY(share_held(g, &hits->at[i], w, &share));
        for (; at && held[at - 1] < share; at--) {
            held[at] = held[at - 1];
            o->at[at] = o->at[at - 1];
        }
        held[at] = share;
        o->at[at] = &hits->at[i];
    }
    o->share = o->count ? held[0] : 0;
    while (o->count && held[o->count - 1] < o->share * share_least)
        o->count--;
    return OK;
}

static void
order_by_score(const struct know_hits *hits, struct ordered *o)
{
    for (size_t i = 0; i < o->count; i++)
        o->at[i] = &hits->at[i];
    while (o->count && (double)o->at[o->count - 1]->score < (double)hits->at[0].score * share_least)
        o->count--;
}

static bool
is_german(const struct wanted *w)
{
    return (double)w->stops >= german_least * (double)w->words;
}

/* Is what was found about what was asked?  Without vectors strength alone says it. */
static bool
is_enough(struct cards *c, bool is_foreign)
{
    const bool has_vectors = c->domain != 0 || c->nearest != 0;
    c->confidence = 1 / (1 + exp(-(slope * c->strength + offset)));
    if (!has_vectors)
        return c->strength >= strength_least;
    if (is_foreign) {
        c->confidence = 1 / (1 + exp(-(near_slope * c->near + near_offset)));
        return c->nearest >= nearest_least;
    }
    return strength_weight * c->strength + domain_weight * c->domain >= both_least;
}

static fallible
judge(const grant *g, const struct know_hits *hits, const struct wanted *w, struct ordered *o,
      struct cards *c)
{
    double top = 0;
    for (size_t i = 0; i < hits->count; i++) {
        top = (double)hits->at[i].words > top ? (double)hits->at[i].words : top;
        c->near = (double)hits->at[i].near > c->near ? (double)hits->at[i].near : c->near;
    }
    c->strength = top / log(2 + (double)hits->units);
    if (hits->units < SMALL_UNITS) {
        TRY(order_by_words(g, hits, w, o));
        c->confidence = o->share;
        c->is_enough = o->share >= held_least;
        return OK;
    }
    order_by_score(hits, o);
    c->is_enough = is_enough(c, !is_german(w) && (double)hits->known < known_least);
    return OK;
}

/* The line before the quote, if there is room for it. */
static bool
take_before(str text, size_t *from, size_t to)
{
    size_t at = *from;
    if (!at)
        return false;
    for (at--; at && text.at[at - 1] != '\n'; at--)
        ;
    if (to - at > CARD_QUOTE_MAX)
        return false;
    *from = at;
    return true;
}

static bool
take_after(str text, size_t from, size_t *to)
{
    if (*to >= text.len)
        return false;
    const ptrdiff_t n = str_find_char(str_slice(text, *to + 1, text.len), '\n');
    const size_t end = n < 0 ? text.len : *to + 1 + (size_t)n;
    if (end - from > CARD_QUOTE_MAX)
        return false;
    *to = end;
    return true;
}

/* A line alone often says half of it ("within two weeks"): what stands around it comes along. */
static str
widen(const struct know_hit *h, str text)
{
    size_t from = h->quote_from, to = h->quote_to;
    bool more = from < to && to <= text.len;
    while (more) {
        more = take_after(text, from, &to);
        more |= take_before(text, &from, to);
    }
    return str_slice(text, from, to);
}

static fallible
fill(const grant *g, const struct know_hit *h, const struct wanted *w, struct card *c)
{
    str quote, text;
    ASSERT(h);
    TRY(content_open(h->quote, g, &quote));
    TRY(content_open(h->text, g, &text));
    *c = (struct card){.doc = h->doc,
                       .title = h->title,
                       .edition = h->edition,
                       .section = h->section,
                       .heading = h->heading,
                       .path = h->path,
                       .quote = quote.len > CARD_QUOTE_MAX ? narrow(quote, w) : widen(h, text),
                       .source_from = h->source_from,
                       .source_to = h->source_to,
                       .page = h->page,
                       .page_to = h->page_to,
                       .label = h->quote.label};
    return OK;
}

fallible
cards_take(const grant *g, const struct know_hits *hits, str question, struct cards *ret)
{
    struct wanted w = {.count = 0};
    struct cards c = {
        .read = hits->read, .domain = (double)hits->domain, .nearest = (double)hits->nearest};
    read_wanted(question, &w);
    struct ordered o = {.count = hits->count < ORDERED_MAX ? hits->count : ORDERED_MAX};
    TRY(judge(g, hits, &w, &o, &c));
    for (; c.count < o.count && c.count < CARDS_MAX; c.count++) {
        TRY(fill(g, o.at[c.count], &w, &c.at[c.count]));
        c.at[c.count].share = (double)(o.at[c.count]->score / hits->at[0].score);
    }
    c.is_enough &= c.count > 0;
    *ret = c;
    return OK;
}
