/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/triage/service.h"

#include <math.h>

#include "base/buf.h"
#include "know/text/lex.h"
#include "know/text/stem.h"
#include "know/text/words.h"
#include "work/answer/sentence.h"

enum { HITS = 40, CANDIDATES_MAX = 24, WORDS_MAX = 128, BEST_PASSAGES = 4, COMPOUND_LEAST = 4 };
enum { SHARERS_MAX = 2, NAME_WORDS_MAX = 3, WORDS_TOLD = 4, OFFICE_BYTES = 200, OFFICE_HITS = 60 };

/* Fitted on the fitting half of the generated letters (tests/peer/triage.py), without and with
 * likeness: whether the first service is the right one, of letters that have one and letters that
 * have none.  How strong the passages are, and how many of the letter's words stand in their text,
 * added nothing to these two. */
static const struct curve {
    double nothing, margin, name;
} by_words = {-1.6, 2.1, 2.1}, by_likeness = {-0.7, 3.0, 2.7};

struct candidate {
    str name;
    const struct know_hit *best;
    double sum;
    size_t passages;
    bool in_name[WORDS_MAX], in_text[WORDS_MAX];
};

struct letter {
    char rooms[WORDS_MAX][STEM_MAX];
    str stems[WORDS_MAX];
    str said[WORDS_MAX]; /* as the letter has them */
    size_t count;
};

struct vote {
    struct letter l;
    struct candidate at[CANDIDATES_MAX];
    size_t count;
};

/* ---- the letter's words */

static bool
has_stem(const struct letter *l, str stem)
{
    for (size_t i = 0; i < l->count; i++)
        if (str_eq(l->stems[i], stem))
            return true;
    return false;
}

static void
read_letter(str text, struct letter *l)
{
    struct lex x;
    struct lexeme w;
    lex_begin(&x, text);
    while (l->count < WORDS_MAX && lex_next(&x, &w)) {
        char *const room = l->rooms[l->count];
        if (w.kind != LEX_WORD || words_is_stop(w.text) || w.text.len > STEM_MAX)
            continue;
        const str stem = stem_german(w.text, room);
        if (stem.len < 3 || has_stem(l, stem))
            continue;
        memmove(room, stem.at, stem.len);
        l->stems[l->count] = (str){room, stem.len};
        l->said[l->count++] = str_slice(text, w.from, w.to);
    }
}

/* Which of them a text holds, also inside compounds. */
static void
mark_words(const struct letter *l, str text, bool found[WORDS_MAX])
{
    struct lex x;
    struct lexeme w;
    lex_begin(&x, text);
    while (lex_next(&x, &w)) {
        char room[STEM_MAX];
        const str stem = w.text.len > STEM_MAX ? w.text : stem_german(w.text, room);
        for (size_t i = 0; i < l->count; i++)
            found[i] |= str_eq(stem, l->stems[i]) ||
                        (l->stems[i].len >= COMPOUND_LEAST && str_find(stem, l->stems[i]) >= 0);
    }
}

/* ---- candidates */

static str
first_line(str s)
{
    str line = STR_NONE;
    (void)str_next(&s, '\n', &line);
    return str_trim(line);
}

/* Statutes are one thing, however many chapters they have. */
static str
name_of(const struct know_hit *h)
{
    const str top = first_line(h->path);
    const bool is_statute = str_starts(h->section, STR("§")) || str_starts(h->section, STR("Art"));
    return !is_statute && top.len ? top : h->title.len ? h->title : h->doc;
}

static struct candidate *
candidate_of(struct vote *v, const struct know_hit *h)
{
    const str name = name_of(h);
    for (size_t i = 0; i < v->count; i++)
        if (str_eq(v->at[i].name, name) && str_eq(v->at[i].best->doc, h->doc))
            return &v->at[i];
    if (v->count == CANDIDATES_MAX)
        return NULL;
    v->at[v->count] = (struct candidate){.name = name, .best = h};
    return &v->at[v->count++];
}

static fallible
count_votes(struct vote *v, const grant *g, const struct know_hits *hits)
{
    for (size_t i = 0; i < hits->count; i++) {
        const struct know_hit *const h = &hits->at[i];
        struct candidate *const c = candidate_of(v, h);
        str text;
        TRY(content_open(h->text, g, &text));
        if (!c || c->passages == BEST_PASSAGES)
            continue;
        c->sum += (double)h->score / pow(2, (double)c->passages++);
        mark_words(&v->l, c->name, c->in_name);
        mark_words(&v->l, h->heading, c->in_name);
        mark_words(&v->l, text, c->in_text);
    }
    return OK;
}

static void
sort_candidates(struct vote *v)
{
    for (size_t i = 1; i < v->count; i++) {
        const struct candidate moved = v->at[i];
        size_t at = i;
        for (; at && v->at[at - 1].sum < moved.sum; at--)
            v->at[at] = v->at[at - 1];
        v->at[at] = moved;
    }
}

/* A word that many services share says little. */
static bool
is_telling(const struct vote *v, size_t word)
{
    size_t sharers = 0;
    for (size_t i = 0; i < v->count; i++)
        sharers += v->at[i].in_name[word];
    return sharers <= SHARERS_MAX;
}

/* ---- how sure, and why */

struct measure {
    double margin, name;
};

static struct measure
measure(const struct vote *v, size_t i)
{
    const struct candidate *const c = &v->at[i];
    const double other = i ? v->at[0].sum : v->count > 1 ? v->at[1].sum : 0;
    struct measure m = {.margin = c->sum > 0 ? (c->sum - other) / c->sum : 0};
    for (size_t w = 0; w < v->l.count; w++)
        m.name += c->in_name[w] && is_telling(v, w);
    m.name = m.name > NAME_WORDS_MAX ? NAME_WORDS_MAX : m.name;
    return m;
}

static double
score_of(const struct measure *m, const struct curve *c)
{
    return 1 / (1 + exp(-(c->nothing + c->margin * m->margin + c->name * m->name)));
}

static void
put_words(const struct vote *v, const bool found[WORDS_MAX], const char *before, buf *b)
{
    size_t told = 0;
    for (size_t w = 0; w < v->l.count && told < WORDS_TOLD; w++)
        if (found[w]) {
            buf_add(b, told++ ? STR(", ") : str_of(before));
            buf_add(b, v->l.said[w]);
        }
    if (told)
        buf_add(b, STR("; "));
}

static fallible
say(const struct vote *v, size_t i, const struct measure *m, arena *a, str *ret)
{
    const struct candidate *const c = &v->at[i];
    AUTO(buf) b = BUF(64 * 1024);
    put_words(v, c->in_name, "im Namen oder in Überschriften stehen: ", &b);
    put_words(v, c->in_text, "in den Texten stehen: ", &b);
    buf_add_fmt(&b, "beste Stelle: %.*s", STR_FMT(c->best->section));
    if (!i && v->count > 1)
        buf_add_fmt(&b, "; die nächste Leistung (%.*s) hat %.0f %% der Punkte",
                    STR_FMT(v->at[1].name), 100 - 100 * m->margin);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

/* ---- the office */

struct of_document {
    str doc;
};

static bool
is_document(void *ctx, str doc)
{
    const struct of_document *const d = (const struct of_document *)ctx;
    return str_eq(d->doc, doc);
}

static bool
names_office(str heading)
{
    static const str beginnings[] = {STR_INIT("Zuständige"), STR_INIT("Zuständigkeit"),
                                     STR_INIT("Ansprechp"),  STR_INIT("An wen"),
                                     STR_INIT("Kontakt"),    STR_INIT("Wer ist zuständig")};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (str_starts(heading, beginnings[i]))
            return true;
    return false;
}

/* "beim Steueramt": what offices are called. */
static bool
is_office_word(str word)
{
    static const str ends[] = {STR_INIT("amt"),    STR_INIT("büro"),  STR_INIT("behörde"),
                               STR_INIT("stelle"), STR_INIT("kasse"), STR_INIT("jobcenter"),
                               STR_INIT("office")};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (word.len > ends[i].len + 2 && str_ends(word, ends[i]))
            return true;
    return false;
}

static bool
find_office_word(str text, str *ret)
{
    static const str before[] = {STR_INIT("beim"), STR_INIT("das"), STR_INIT("ans"), STR_INIT("im"),
                                 STR_INIT("der"),  STR_INIT("die"), STR_INIT("dem")};
    struct lex x;
    struct lexeme w;
    bool follows = false;
    lex_begin(&x, text);
    while (lex_next(&x, &w)) {
        const char first = text.at[w.from];
        if (follows && first >= 'A' && first <= 'Z' && is_office_word(w.text)) {
            *ret = str_slice(text, w.from, w.to);
            return true;
        }
        follows = false;
        for (size_t i = 0; i < sizeof before / sizeof *before; i++)
            follows |= str_eq(w.text, before[i]);
    }
    return false;
}

static fallible
take_module(const struct know_hits *hits, const grant *g, str name, struct office *o)
{
    for (size_t i = 0; i < hits->count; i++) {
        const struct know_hit *const h = &hits->at[i];
        str text;
        TRY(content_open(h->text, g, &text));
        if (!str_eq(name_of(h), name) || !names_office(h->heading) || !first_line(text).len)
            continue;
        *o = (struct office){.name = str_slice(first_line(text), 0, OFFICE_BYTES),
                             .document = h->doc,
                             .section = h->section,
                             .score = 0.9,
                             .why = STR("steht so in der Beschreibung der Leistung")};
        return OK;
    }
    return OK;
}

static fallible
take_mention(const struct know_hits *hits, const grant *g, str name, struct office *o)
{
    for (size_t i = 0; i < hits->count && !o->name.len; i++) {
        const struct know_hit *const h = &hits->at[i];
        str text, found;
        TRY(content_open(h->text, g, &text));
        if (str_eq(name_of(h), name) && find_office_word(text, &found))
            *o = (struct office){.name = found,
                                 .document = h->doc,
                                 .section = h->section,
                                 .score = 0.6,
                                 .why = STR("wird in den Unterlagen der Leistung genannt")};
    }
    return OK;
}

static fallible
find_office(know *k, const grant *g, const struct know_hits *hits, arena *a, struct services *s)
{
    struct know_hits own = {0};
    struct of_document d = {s->at[0].document};
    const struct know_ask ask = {
        .text = content_of(STR("Zuständige Stelle Ansprechpunkt Kontakt Amt"), LABEL_BOTTOM),
        .most = OFFICE_HITS,
        .without_quotes = true,
        .fits = is_document,
        .ctx = &d};
    TRY(know_search(k, g, &ask, a, &own));
    TRY(take_module(&own, g, s->at[0].name, &s->office));
    if (!s->office.name.len)
        TRY(take_mention(hits, g, s->at[0].name, &s->office));
    if (!s->office.name.len)
        TRY(take_mention(&own, g, s->at[0].name, &s->office));
    if (s->office.score > s->at[0].score) /* it is the service's: no surer than that */
        s->office.score *= s->at[0].score;
    return OK;
}

fallible
service_find(know *k, const grant *g, const struct service_ask *want, arena *a,
             struct services *ret)
{
    struct know_hits hits = {0};
    struct services s = {.count = 0};
    void *at = NULL;
    str text;
    const struct know_ask ask = {.text = want->letter,
                                 .most = HITS,
                                 .vector = want->vector,
                                 .dims = want->dims,
                                 .embedder = want->embedder};
    TRY(content_open(want->letter, g, &text));
    TRY(know_search(k, g, &ask, a, &hits));
    TRY(try_arena_get(a, 1, sizeof(struct vote), &at));
    struct vote *const v = (struct vote *)at;
    read_letter(text, &v->l);
    TRY(count_votes(v, g, &hits));
    sort_candidates(v);
    s.read = hits.read;
    for (; s.count < v->count && s.count < SERVICES_MAX; s.count++) {
        const struct candidate *const c = &v->at[s.count];
        const struct measure m = measure(v, s.count);
        s.at[s.count] =
            (struct service){.name = c->name,
                             .document = c->best->doc,
                             .section = c->best->section,
                             .heading = c->best->heading,
                             .score = score_of(&m, want->vector ? &by_likeness : &by_words)};
        TRY(say(v, s.count, &m, a, &s.at[s.count].why));
    }
    if (s.count)
        TRY(find_office(k, g, &hits, a, &s));
    *ret = s;
    return OK;
}
