/* SPDX-License-Identifier: EUPL-1.2 */
/* Pieces of units for an embedder, and its vectors taken back.  A piece has 110 words, overlaps its
 * neighbour by 20 and says before what it is about; a unit has at most three. */
#include <inttypes.h>

#include "base/fault.h"
#include "base/map.h"
#include "know/know.h"

#include "know/inside.h"

enum { PIECE_WORDS = 110, PIECE_STEP = 90, PIECES_MAX = 3, PIECE_BYTES_MAX = 8192 };
#define VECTORS_BYTES ((size_t)8 << 30)

struct know_vectors {
    arena *a;
    map rows; /* id to float * */
    size_t dims;
};

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

/* Two labels may hold a document of the same name: then each piece has its own vector, or the upper
 * one's would speak for the lower. */
static void
put_id(buf *b, const struct loaded *l, const struct seg_unit *u, size_t number)
{
    const struct segment *const s = &l->view;
    const uint64_t *const w = l->part.label.w;
    buf_add(b, segment_text(s, s->docs[u->doc].name));
    buf_add_char(b, ':');
    buf_add(b, segment_text(s, u->section));
    buf_add_fmt(b, "#%zu", number);
    if (!label_eq(l->part.label, LABEL_BOTTOM))
        buf_add_fmt(b, "@%" PRIx64 "-%" PRIx64 "-%" PRIx64 "-%" PRIx64, w[0], w[1], w[2], w[3]);
}

typedef err piece_fn(void *ctx, const struct know_piece *p, uint32_t unit);

static fallible
each_piece_of_unit(const struct loaded *l, uint32_t unit, piece_fn *fn, void *ctx)
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
        const struct know_piece p = {buf_str(&id), buf_str(&b), l->part.label};
        TRY(fn(ctx, &p, unit));
        at = skip_words(text, at, PIECE_STEP);
        if (skip_words(text, at, PIECE_WORDS - PIECE_STEP) >= text.len)
            break;
    }
    return OK;
}

static fallible
each_piece(const struct loaded *l, piece_fn *fn, void *ctx)
{
    for (uint32_t i = 0; i < l->view.unit_count; i++)
        TRY(each_piece_of_unit(l, i, fn, ctx));
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

fallible
know_pieces(know *k, const grant *g, know_piece_fn *fn, void *ctx)
{
    AUTO(arena) *a = NULL;
    struct loaded **parts = NULL;
    size_t count = 0;
    struct told t = {fn, ctx};
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    TRY(know_cleared(k, g, a, &parts, &count));
    for (size_t i = 0; i < count; i++)
        TRY(each_piece(parts[i], tell_piece, &t));
    return OK;
}

/* ---- vectors */

fallible
know_vectors_new(size_t dims, know_vectors **ret)
{
    AUTO(arena) *a = NULL;
    if (!dims || dims % 8 || dims > VECTOR_DIMS_MAX)
        REFUSE(ARGUMENT, "dimensions", "vectors have 8 to %d dimensions, a multiple of 8",
               VECTOR_DIMS_MAX);
    TRY(arena_open(VECTORS_BYTES, &a));
    know_vectors *const v = arena_new(a, know_vectors);
    v->dims = dims;
    v->a = TAKE(a);
    *ret = v;
    return OK;
}

void
know_vectors_free(know_vectors *v)
{
    if (!v)
        return;
    map_done(&v->rows);
    arena_free(v->a);
}

fallible
know_vectors_add(know_vectors *v, str id, const float *vector)
{
    void *at = NULL;
    str key;
    TRY(try_arena_str(v->a, id, &key));
    TRY(try_arena_get(v->a, v->dims, sizeof(float), &at));
    memcpy(at, vector, v->dims * sizeof(float));
    return map_put(&v->rows, key, at);
}

struct gathered {
    const know_vectors *v;
    arena *a;
    VEC(uint32_t) owners;
    VEC(float) rows;
};

static err
gather(void *ctx, const struct know_piece *p, uint32_t unit)
{
    struct gathered *const t = (struct gathered *)ctx;
    const float *const row = (const float *)map_get(&t->v->rows, p->id);
    if (!row)
        return OK;
    TRY(VEC_ADD(t->a, &t->owners, &unit));
    for (size_t i = 0; i < t->v->dims; i++)
        TRY(VEC_ADD(t->a, &t->rows, &row[i]));
    return OK;
}

static fallible
write_vectors(know *k, const struct loaded *l, const know_vectors *v, struct part *p)
{
    AUTO(arena) *a = NULL;
    AUTO(buf) b = BUF(SHELF_PART_BYTES_MAX);
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    struct gathered t = {.v = v, .a = a};
    p->vectors[0] = 0;
    TRY(each_piece(l, gather, &t));
    if (!t.owners.count)
        return OK;
    TRY(vectors_make(t.rows.at, t.owners.at, t.owners.count, v->dims, &b));
    return shelf_put(k->files, "vec_", l->part.label, buf_str(&b), p->vectors);
}

fallible
know_vectors_commit(know *k, const grant *g, const know_vectors *v, size_t *ret_count)
{
    AUTO(arena) *a = NULL;
    struct manifest next = {0};
    size_t count = 0;
    TRY(shelf_lock(k->files));
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    for (size_t i = 0; i < k->part_count; i++) {
        struct part p = k->parts[i].part;
        if (grant_covers(g, p.label)) {
            TRY(know_load(k, &k->parts[i]));
            TRY(write_vectors(k, &k->parts[i], v, &p));
        }
        TRY(VEC_ADD(a, &next.parts, &p));
    }
    TRY(know_replace_list(k, &next));
    for (size_t i = 0; i < k->part_count; i++)
        if (grant_covers(g, k->parts[i].part.label)) {
            TRY(know_load(k, &k->parts[i]));
            count += k->parts[i].vectors.count;
        }
    *ret_count = count;
    return OK;
}
