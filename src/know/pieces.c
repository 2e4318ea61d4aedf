/* SPDX-License-Identifier: EUPL-1.2 */
/* Pieces of units for an embedder.  A piece has 110 words, overlaps its
 * neighbour by 20 and says before what it is about; a unit has at most three.  Words of a segment
 * are its vocabulary's most frequent ones. */
#include <inttypes.h>
#include <stdlib.h>

#include "crypt/hash.h"
#include "know/inside.h"
#include "know/know.h"
#include "know/text/lex.h"

enum { PIECE_WORDS = 110, PIECE_STEP = 90, PIECES_MAX = 3, PIECE_BYTES_MAX = 8192 };
enum { WORD_LEAST = 4, WORD_COUNT_LEAST = 3 };

/* ---- pieces */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\n';
}

/* Where the word behind `count` words from `at` on begins. */
static size_t
skip_words(str text, size_t at, size_t count)
{
    while (at < text.len && is_blank(text.at[at]))
        at++;
    for (; count && at < text.len; count--) {
        while (at < text.len && !is_blank(text.at[at]))
            at++;
        while (at < text.len && is_blank(text.at[at]))
            at++;
    }
    return at;
}

/* What embedders were trained on: "Abbreviation § 6 Heading text". */
static void
put_piece(buf *b, const struct segment *s, const struct seg_unit *u, str words)
{
    const struct seg_doc *const d = &s->docs[u->doc];
    const str about[] = {segment_text(s, d->abbreviation.len ? d->abbreviation : d->title),
                         segment_text(s, u->section), segment_text(s, u->heading)};
    for (size_t i = 0; i < 3; i++)
        if (about[i].len && !(i == 2 && str_eq(about[2], about[1]))) {
            buf_add(b, about[i]);
            buf_add_char(b, ' ');
        }
    for (size_t i = 0; i < words.len && b->len < PIECE_BYTES_MAX; i++)
        buf_add_char(b, words.at[i] == '\n' ? ' ' : words.at[i]);
}

static void
put_label(buf *b, const struct loaded *l)
{
    const uint64_t *const w = l->part.label.w;
    if (!label_eq(l->part.label, LABEL_BOTTOM))
        buf_add_fmt(b, "@%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64, w[0], w[1], w[2], w[3]);
}

/* Two labels may hold a document of the same name: then each piece has its own vector, or the upper
 * one's would speak for the lower. */
static void
put_id(buf *b, const struct loaded *l, const struct seg_unit *u, size_t number)
{
    const struct segment *const s = &l->view;
    buf_add(b, segment_text(s, s->docs[u->doc].name));
    buf_add_char(b, ':');
    buf_add(b, segment_text(s, u->section));
    buf_add_fmt(b, "#%zu", number);
    put_label(b, l);
}

size_t
pieces_count(const struct segment *s, uint32_t unit)
{
    const str text = segment_text(s, s->units[unit].text);
    size_t at = 0, n = 0;
    do
        at = skip_words(text, at, PIECE_STEP);
    while (++n < PIECES_MAX && skip_words(text, at, PIECE_WORDS - PIECE_STEP) < text.len);
    return n;
}

/* The same text under another label is another piece: what is known of the one tells nothing of
 * the other. */
static fallible
mark_piece(struct know_piece *p)
{
    sha256 *h = NULL;
    digest d;
    const str kind = p->is_word ? STR("word") : STR("text");
    TRY(sha256_new(&h));
    err e = sha256_add(h, (str){(const char *)p->label.w, sizeof p->label.w});
    if (!e.code)
        e = sha256_add(h, kind);
    if (!e.code)
        e = sha256_add(h, p->text);
    if (e.code) {
        sha256_free(h);
        return e;
    }
    TRY(sha256_end(h, &d));
    memcpy(p->mark, d.bytes, sizeof p->mark);
    return OK;
}

fallible
pieces_of_unit(const struct loaded *l, uint32_t unit, piece_fn *fn, void *ctx)
{
    const struct segment *const s = &l->view;
    const struct seg_unit *const u = &s->units[unit];
    const str text = segment_text(s, u->text);
    size_t at = 0;
    for (size_t n = 0; n < PIECES_MAX; n++) {
        AUTO(buf) id = BUF(64 * 1024), b = BUF(2 * PIECE_BYTES_MAX);
        const size_t end = skip_words(text, at, PIECE_WORDS);
        put_id(&id, l, u, n);
        put_piece(&b, s, u, str_slice(text, at, end));
        TRY(buf_end(&id));
        TRY(buf_end(&b));
        struct know_piece p = {.id = buf_str(&id), .text = buf_str(&b), .label = l->part.label};
        TRY(mark_piece(&p));
        TRY(fn(ctx, &p, unit));
        at = skip_words(text, at, PIECE_STEP);
        if (skip_words(text, at, PIECE_WORDS - PIECE_STEP) >= text.len)
            break;
    }
    return OK;
}

fallible
pieces_each(const struct loaded *l, piece_fn *fn, void *ctx)
{
    for (uint32_t i = 0; i < l->view.unit_count; i++)
        TRY(pieces_of_unit(l, i, fn, ctx));
    return OK;
}

/* ---- words */

struct common {
    const struct segment *s;
    uint32_t row;
};

static int
by_count(const void *a, const void *b)
{
    const struct common *const x = (const struct common *)a, *const y = (const struct common *)b;
    const uint32_t n = x->s->words[x->row].count, m = y->s->words[y->row].count;
    if (n != m)
        return n > m ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool
is_worth(const struct segment *s, uint32_t row)
{
    const str text = segment_text(s, s->words[row].text);
    if (text.len < WORD_LEAST || s->words[row].count < WORD_COUNT_LEAST || words_is_stop(text))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= '0' && text.at[i] <= '9')
            return false;
    return true;
}

/* How a word is written where it stands: embedders know nouns by their capital. */
struct spelling {
    str at[2]; /* small and capital, as last seen */
    uint32_t count[2];
};

static bool
is_capital(str word)
{
    const unsigned char *const c = (const unsigned char *)word.at;
    return (c[0] >= 'A' && c[0] <= 'Z') ||
           (word.len > 1 && c[0] == 0xc3 && c[1] >= 0x80 && c[1] <= 0x9e);
}

static void
note_spelling(const struct segment *s, str text, struct spelling *all)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    while (lex_next(&l, &x)) {
        const uint32_t row = segment_word_from(s, x.text);
        const str as_is = str_slice(text, x.from, x.to);
        if (row >= s->word_count || !str_eq(segment_text(s, s->words[row].text), x.text))
            continue;
        const bool capital = is_capital(as_is);
        all[row].at[capital] = as_is;
        all[row].count[capital]++;
    }
}

static str
spell(const struct segment *s, const struct spelling *all, uint32_t row)
{
    const struct spelling *const w = &all[row];
    const str as_is = w->at[w->count[1] > w->count[0]];
    return as_is.len ? as_is : segment_text(s, s->words[row].text);
}

static fallible
note_spellings(arena *a, const struct segment *s, struct spelling **ret)
{
    void *at = NULL;
    TRY(try_arena_get(a, s->word_count + 1, sizeof(struct spelling), &at));
    *ret = (struct spelling *)at;
    for (uint32_t i = 0; i < s->unit_count; i++)
        note_spelling(s, segment_text(s, s->units[i].text), *ret);
    return OK;
}

fallible
pieces_each_word(const struct loaded *l, piece_fn *fn, void *ctx)
{
    AUTO(arena) *a = NULL;
    struct spelling *spelt = NULL;
    const struct segment *const s = &l->view;
    VEC(struct common) all = {0};
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    for (uint32_t i = 0; i < s->word_count; i++)
        if (is_worth(s, i)) {
            const struct common c = {s, i};
            TRY(VEC_ADD(a, &all, &c));
        }
    TRY(note_spellings(a, s, &spelt));
    if (all.count)
        qsort(all.at, all.count, sizeof *all.at, by_count);
    for (size_t i = 0; i < all.count && i < KNOW_WORDS_MAX; i++) {
        AUTO(buf) id = BUF(4096);
        const str text = segment_text(s, s->words[all.at[i].row].text);
        buf_add(&id, STR("word:"));
        buf_add(&id, text);
        put_label(&id, l);
        TRY(buf_end(&id));
        struct know_piece p = {.id = buf_str(&id),
                               .text = spell(s, spelt, all.at[i].row),
                               .label = l->part.label,
                               .is_word = true};
        TRY(mark_piece(&p));
        TRY(fn(ctx, &p, all.at[i].row));
    }
    return OK;
}

struct told {
    know_piece_fn *fn;
    void *ctx;
};

static err
tell_piece(void *ctx, const struct know_piece *p, uint32_t unit)
{
    const struct told *const t = (const struct told *)ctx;
    (void)unit;
    return t->fn(t->ctx, p);
}

typedef err each_fn(const struct loaded *l, piece_fn *fn, void *ctx);

static fallible
tell_all(know *k, const grant *g, each_fn *each, struct told *t)
{
    AUTO(arena) *a = NULL;
    struct loaded **parts = NULL;
    size_t count = 0;
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    TRY(know_cleared(k, g, a, &parts, &count));
    for (size_t i = 0; i < count; i++)
        TRY(each(parts[i], tell_piece, t));
    return OK;
}

fallible
know_pieces(know *k, const grant *g, know_piece_fn *fn, void *ctx)
{
    return tell_all(k, g, pieces_each, &(struct told){fn, ctx});
}

fallible
know_words(know *k, const grant *g, know_piece_fn *fn, void *ctx)
{
    return tell_all(k, g, pieces_each_word, &(struct told){fn, ctx});
}
