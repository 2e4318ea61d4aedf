/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/embedding.h"

#include <stdlib.h>

#include "base/map.h"

#define VECTORS_BYTES ((size_t)8 << 30)
#define WAITING_MAGIC UINT64_C(0x31746961776d65) /* "emwait1" */

enum { MARK_LEN = 16, WAITING_MAX = 64 };
_Static_assert((int)KNOW_DIMS_MAX == (int)VECTOR_DIMS_MAX, "as the interface says");
_Static_assert(KNOW_EMBEDDER_MAX + 1 == SHELF_EMBEDDER_MAX, "as the interface says");

struct marked {
    uint8_t mark[MARK_LEN];
    label label;
    const float *row;
};

struct know_vectors {
    arena *a;
    map rows;    /* id to float * */
    map by_mark; /* mark to float * */
    VEC(struct marked) marked;
    size_t kept; /* of `marked` */
    size_t dims;
    char embedder[SHELF_EMBEDDER_MAX];
};

/* ---- a segment's rows */

fallible
rows_add(arena *a, struct rows *r, const float *row, size_t dims, uint32_t owner)
{
    TRY(VEC_ADD(a, &r->owners, &owner));
    for (size_t i = 0; i < dims; i++)
        TRY(VEC_ADD(a, &r->at, &row[i]));
    return OK;
}

fallible
rows_add_old(arena *a, struct rows *r, const struct vectors *v, size_t row, uint32_t owner)
{
    const int8_t *const from = &v->rows[row * v->dims];
    TRY(VEC_ADD(a, &r->owners, &owner));
    for (size_t i = 0; i < v->dims; i++) {
        const float x = v->factors[row] * (float)from[i];
        TRY(VEC_ADD(a, &r->at, &x));
    }
    return OK;
}

static fallible
put_rows(const struct rows *r, size_t dims, buf *b)
{
    AUTO(buf) own = BUF(SHELF_PART_BYTES_MAX);
    if (!r->owners.count)
        return OK;
    TRY(vectors_make(r->at.at, r->owners.at, r->owners.count, dims, &own));
    buf_add(b, buf_str(&own));
    return OK;
}

fallible
rows_put(shelf *files, size_t dims, const struct rows *pieces, const struct rows *words,
         struct part *p)
{
    AUTO(buf) b = BUF(SHELF_PART_BYTES_MAX);
    p->vectors[0] = 0;
    if (!pieces->owners.count)
        return OK;
    TRY(put_rows(pieces, dims, &b));
    TRY(put_rows(words, dims, &b));
    TRY(buf_end(&b));
    return shelf_put(files, "vec_", p->label, buf_str(&b), p->vectors);
}

fallible
row_index_make(arena *a, const struct vectors *v, size_t owners, struct row_index *ret)
{
    void *at = NULL;
    TRY(try_arena_get(a, owners + 2, sizeof(uint32_t), &at));
    ret->first = (uint32_t *)at;
    TRY(try_arena_get(a, v->count + 1, sizeof(uint32_t), &at));
    ret->rows = (uint32_t *)at;
    /* Counted two places on, so that filling moves each beginning to where it belongs. */
    for (size_t i = 0; i < v->count; i++)
        ret->first[v->owners[i] + 2]++;
    for (size_t i = 2; i < owners + 2; i++)
        ret->first[i] += ret->first[i - 1];
    for (size_t i = 0; i < v->count; i++)
        ret->rows[ret->first[v->owners[i] + 1]++] = (uint32_t)i;
    return OK;
}

/* ---- the caller's vectors */

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
    map_done(&v->by_mark);
    arena_free(v->a);
}

fallible
know_vectors_by(know_vectors *v, str embedder)
{
    if (!embedder.len || !str_copy(embedder, v->embedder, sizeof v->embedder))
        REFUSE(ARGUMENT, "embedder", "an embedder has a name of 1 to %d bytes", KNOW_EMBEDDER_MAX);
    return OK;
}

static fallible
own_row(know_vectors *v, const float *vector, float **ret)
{
    void *at = NULL;
    TRY(try_arena_get(v->a, v->dims, sizeof(float), &at));
    memcpy(at, vector, v->dims * sizeof(float));
    *ret = (float *)at;
    return OK;
}

fallible
know_vectors_add(know_vectors *v, str id, const float *vector)
{
    float *row = NULL;
    str key;
    TRY(try_arena_str(v->a, id, &key));
    TRY(own_row(v, vector, &row));
    return map_put(&v->rows, key, row);
}

static fallible
add_marked(know_vectors *v, const struct marked *m)
{
    float *row = NULL;
    str key;
    TRY(try_arena_str(v->a, (str){(const char *)m->mark, MARK_LEN}, &key));
    TRY(own_row(v, m->row, &row));
    struct marked own = *m;
    own.row = row;
    TRY(VEC_ADD(v->a, &v->marked, &own));
    return map_put(&v->by_mark, key, row);
}

fallible
know_vectors_add_piece(know_vectors *v, const struct know_piece *p, const float *vector)
{
    struct marked m = {.label = p->label, .row = vector};
    memcpy(m.mark, p->mark, MARK_LEN);
    return add_marked(v, &m);
}

static const float *
find_row(const know_vectors *v, const struct know_piece *p)
{
    const float *const row = v ? (const float *)map_get(&v->rows, p->id) : NULL;
    if (row || !v)
        return row;
    return (const float *)map_get(&v->by_mark, (str){(const char *)p->mark, MARK_LEN});
}

/* ---- kept on the way */

struct waiting_head {
    uint64_t magic, dims, count;
};

static fallible
put_waiting(know *k, const know_vectors *v, size_t from, size_t to, struct waiting *ret)
{
    AUTO(buf) b = BUF(SHELF_PART_BYTES_MAX);
    const struct waiting_head h = {WAITING_MAGIC, v->dims, to - from};
    buf_add(&b, (str){(const char *)&h, sizeof h});
    for (size_t i = from; i < to; i++)
        buf_add(&b, (str){(const char *)v->marked.at[i].mark, MARK_LEN});
    for (size_t i = from; i < to; i++)
        buf_add(&b, (str){(const char *)v->marked.at[i].row, v->dims * sizeof(float)});
    TRY(buf_end(&b));
    memcpy(ret->embedder, v->embedder, sizeof ret->embedder);
    ret->label = v->marked.at[from].label;
    ret->count = to - from;
    return shelf_put(k->files, "emb_", ret->label, buf_str(&b), ret->name);
}

/* Of a file that was unsealed, and yet: lengths are checked. */
static fallible
view_waiting(str bytes, struct waiting_head *ret)
{
    if (bytes.len < sizeof *ret)
        FAIL(CORRUPT, "vectors that wait are cut off");
    memcpy(ret, bytes.at, sizeof *ret);
    const bool is_sane = ret->magic == WAITING_MAGIC && ret->dims && ret->dims % 8 == 0 &&
                         ret->dims <= VECTOR_DIMS_MAX && ret->count <= bytes.len / MARK_LEN;
    if (!is_sane || bytes.len != sizeof *ret + ret->count * (MARK_LEN + ret->dims * sizeof(float)))
        FAIL(CORRUPT, "vectors that wait are of another form");
    return OK;
}

/* Another model's of that name, of other dimensions, says nothing. */
static fallible
take_waiting(str bytes, label l, know_vectors **to)
{
    struct waiting_head h;
    TRY(view_waiting(bytes, &h));
    if (!*to)
        TRY(know_vectors_new(h.dims, to));
    ASSERT(*to);
    if ((*to)->dims != h.dims)
        return OK;
    const char *const rows = bytes.at + sizeof h + h.count * MARK_LEN;
    for (size_t i = 0; i < h.count; i++) {
        float row[VECTOR_DIMS_MAX];
        struct marked m = {.label = l, .row = row};
        memcpy(m.mark, bytes.at + sizeof h + i * MARK_LEN, MARK_LEN);
        memcpy(row, rows + i * h.dims * sizeof(float), h.dims * sizeof(float));
        TRY(add_marked(*to, &m));
    }
    return OK;
}

/* All that wait by this embedder; `*to` NULL: whatever their dimensions, and NULL if none do. */
static fallible
load_waiting(know *k, const grant *g, str embedder, know_vectors **to)
{
    for (size_t i = 0; i < k->waiting_count; i++) {
        const struct waiting *const w = &k->waiting[i];
        AUTO(buf) bytes = BUF(SHELF_PART_BYTES_MAX);
        if (!grant_covers(g, w->label) || !str_eq(str_of(w->embedder), embedder))
            continue;
        TRY(shelf_get(k->files, w->name, w->label, &bytes));
        TRY(take_waiting(buf_str(&bytes), w->label, to));
    }
    return OK;
}

/* Rows of `v` from the `from`-th on, a file for each run of one label. */
static fallible
put_runs(know *k, arena *a, const know_vectors *v, size_t from, struct manifest *next)
{
    for (size_t to = from; from < v->marked.count; from = to) {
        const label l = v->marked.at[from].label;
        struct waiting w = {0};
        while (to < v->marked.count && label_eq(v->marked.at[to].label, l))
            to++;
        TRY(put_waiting(k, v, from, to, &w));
        TRY(VEC_ADD(a, &next->waiting, &w));
    }
    return OK;
}

static int
by_label(const void *a, const void *b)
{
    const struct marked *const x = (const struct marked *)a, *const y = (const struct marked *)b;
    return memcmp(x->label.w, y->label.w, sizeof x->label.w);
}

/* Many small files become one for each label; what waits by another embedder is given up. */
static fallible
merge_waiting(know *k, const grant *g, arena *a, str embedder, struct manifest *next)
{
    AUTO(know_vectors) *all = NULL;
    TRY(load_waiting(k, g, embedder, &all));
    for (size_t i = 0; i < k->waiting_count; i++)
        if (!grant_covers(g, k->waiting[i].label))
            TRY(VEC_ADD(a, &next->waiting, &k->waiting[i]));
    if (!all)
        return OK;
    TRY(know_vectors_by(all, embedder));
    if (all->marked.count)
        qsort(all->marked.at, all->marked.count, sizeof *all->marked.at, by_label);
    return put_runs(k, a, all, 0, next);
}

static fallible
same_list(know *k, const grant *g, arena *a, str embedder, struct manifest *ret)
{
    for (size_t i = 0; i < k->part_count; i++)
        TRY(VEC_ADD(a, &ret->parts, &k->parts[i].part));
    if (k->waiting_count >= WAITING_MAX)
        return merge_waiting(k, g, a, embedder, ret);
    for (size_t i = 0; i < k->waiting_count; i++)
        TRY(VEC_ADD(a, &ret->waiting, &k->waiting[i]));
    return OK;
}

fallible
know_vectors_keep(know *k, const grant *g, know_vectors *v)
{
    AUTO(arena) *a = NULL;
    struct manifest next = {0};
    ASSERT(*v->embedder);
    if (v->kept == v->marked.count)
        return OK;
    for (size_t i = v->kept; i < v->marked.count; i++)
        if (!grant_covers(g, v->marked.at[i].label))
            FAIL(DENIED, "a vector of what the grant does not cover");
    TRY(shelf_lock(k->files));
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    TRY(same_list(k, g, a, str_of(v->embedder), &next));
    TRY(put_runs(k, a, v, v->kept, &next));
    if (next.waiting.count > SHELF_PARTS_MAX)
        REFUSE(LIMIT, "", "too many vectors wait: let somebody who may see them embed the rest");
    TRY(know_replace_list(k, &next));
    v->kept = v->marked.count;
    return OK;
}

fallible
know_vectors_resume(know *k, const grant *g, str embedder, know_vectors **ret)
{
    AUTO(know_vectors) *waiting = NULL;
    *ret = NULL;
    TRY(load_waiting(k, g, embedder, &waiting));
    if (!waiting)
        return OK;
    TRY(know_vectors_new(waiting->dims, ret));
    return know_vectors_by(*ret, embedder);
}

/* ---- what is missing */

struct missing {
    const struct loaded *l;
    const know_vectors *waiting; /* NULL: none */
    struct row_index pieces, words;
    bool is_same; /* the segment's vectors are this embedder's */
    know_piece_fn *fn;
    void *ctx;
};

static bool
has_all(const struct missing *m, const struct know_piece *p, uint32_t owner)
{
    const struct row_index *const x = p->is_word ? &m->words : &m->pieces;
    const size_t want = p->is_word ? 1 : pieces_count(&m->l->view, owner);
    return m->is_same && x->first[owner + 1] - x->first[owner] >= want;
}

static err
tell_missing(void *ctx, const struct know_piece *p, uint32_t owner)
{
    const struct missing *const m = (const struct missing *)ctx;
    if (has_all(m, p, owner) || find_row(m->waiting, p))
        return OK;
    return m->fn(m->ctx, p);
}

static bool
is_by(const struct part *p, str embedder)
{
    return embedder.len && str_eq(str_of(p->embedder), embedder);
}

typedef err each_fn(const struct loaded *l, piece_fn *fn, void *ctx);

static fallible
tell_all_missing(struct missing m, struct loaded *const *parts, size_t count, each_fn *each)
{
    const str embedder = str_of(m.waiting ? m.waiting->embedder : "");
    for (size_t i = 0; i < count; i++) {
        AUTO(arena) *a = NULL;
        m.l = parts[i];
        m.is_same = is_by(&m.l->part, embedder);
        TRY(arena_open(KNOW_WORK_BYTES, &a));
        TRY(row_index_make(a, &m.l->vectors, m.l->view.unit_count, &m.pieces));
        TRY(row_index_make(a, &m.l->words, m.l->view.word_count, &m.words));
        TRY(each(m.l, tell_missing, &m));
    }
    return OK;
}

fallible
know_missing(know *k, const grant *g, str embedder, know_piece_fn *fn, void *ctx)
{
    AUTO(arena) *a = NULL;
    AUTO(know_vectors) *waiting = NULL;
    struct loaded **parts = NULL;
    size_t count = 0;
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    TRY(know_cleared(k, g, a, &parts, &count));
    TRY(load_waiting(k, g, embedder, &waiting));
    if (!waiting)
        TRY(know_vectors_new(8, &waiting));
    TRY(know_vectors_by(waiting, embedder));
    const struct missing m = {.waiting = waiting, .fn = fn, .ctx = ctx};
    TRY(tell_all_missing(m, parts, count, pieces_each));
    return tell_all_missing(m, parts, count, pieces_each_word);
}

/* ---- into the collection */

struct gathered {
    const know_vectors *v, *waiting;
    const struct loaded *l;
    arena *a;
    size_t dims;
    struct row_index pieces, words;
    bool is_same; /* what is there stays */
    struct rows rows;
    uint32_t owner, number; /* of the piece before this one, and which of its owner's it was */
};

/* The row there of this piece, or -1. */
static ptrdiff_t
row_there(struct gathered *t, const struct know_piece *p, uint32_t owner)
{
    const struct row_index *const x = p->is_word ? &t->words : &t->pieces;
    const size_t want = p->is_word ? 1 : pieces_count(&t->l->view, owner);
    t->number = t->owner == owner ? t->number + 1 : 0;
    t->owner = owner;
    if (!t->is_same || x->first[owner + 1] - x->first[owner] != want || t->number >= want)
        return -1;
    return (ptrdiff_t)x->rows[x->first[owner] + t->number];
}

static err
gather(void *ctx, const struct know_piece *p, uint32_t owner)
{
    struct gathered *const t = (struct gathered *)ctx;
    const struct vectors *const there = p->is_word ? &t->l->words : &t->l->vectors;
    const ptrdiff_t old = row_there(t, p, owner);
    const float *row = find_row(t->v, p);
    if (!row)
        row = find_row(t->waiting, p);
    if (row)
        return rows_add(t->a, &t->rows, row, t->dims, owner);
    return old < 0 ? OK : rows_add_old(t->a, &t->rows, there, (size_t)old, owner);
}

static void
begin_rows(struct gathered *t)
{
    memset(&t->rows, 0, sizeof t->rows);
    t->owner = UINT32_MAX;
}

static fallible
write_part(know *k, struct gathered *t, struct part *p)
{
    AUTO(arena) *a = NULL;
    struct rows pieces;
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    t->a = a;
    t->dims = t->v->dims;
    t->is_same = is_by(p, str_of(t->v->embedder)) && t->l->vectors.dims == t->dims;
    TRY(row_index_make(a, &t->l->vectors, t->l->view.unit_count, &t->pieces));
    TRY(row_index_make(a, &t->l->words, t->l->view.word_count, &t->words));
    begin_rows(t);
    TRY(pieces_each(t->l, gather, t));
    pieces = t->rows;
    begin_rows(t);
    TRY(pieces_each_word(t->l, gather, t));
    TRY(rows_put(k->files, t->dims, &pieces, &t->rows, p));
    memcpy(p->embedder, t->v->embedder, sizeof p->embedder);
    return OK;
}

static fallible
count_vectors(know *k, const grant *g, size_t *ret)
{
    size_t count = 0;
    for (size_t i = 0; i < k->part_count; i++)
        if (grant_covers(g, k->parts[i].part.label)) {
            TRY(know_load(k, &k->parts[i]));
            count += k->parts[i].vectors.count;
        }
    *ret = count;
    return OK;
}

fallible
know_vectors_commit(know *k, const grant *g, const know_vectors *v, size_t *ret_count)
{
    AUTO(arena) *a = NULL;
    AUTO(know_vectors) *waiting = NULL;
    struct manifest next = {0};
    TRY(shelf_lock(k->files));
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    TRY(know_vectors_new(v->dims, &waiting));
    if (*v->embedder)
        TRY(load_waiting(k, g, str_of(v->embedder), &waiting));
    for (size_t i = 0; i < k->part_count; i++) {
        struct part p = k->parts[i].part;
        struct gathered t = {.v = v, .waiting = waiting, .l = &k->parts[i]};
        if (grant_covers(g, p.label)) {
            TRY(know_load(k, &k->parts[i]));
            TRY(write_part(k, &t, &p));
        }
        TRY(VEC_ADD(a, &next.parts, &p));
    }
    for (size_t i = 0; i < k->waiting_count; i++)
        if (!grant_covers(g, k->waiting[i].label))
            TRY(VEC_ADD(a, &next.waiting, &k->waiting[i]));
    TRY(know_replace_list(k, &next));
    return count_vectors(k, g, ret_count);
}
