/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/know.h"

#include <stdlib.h>

#include "base/fault.h"
#include "know/inside.h"

#define LIST_BYTES ((size_t)256 << 20)

fallible
know_create(const char *dir, const secret *key)
{
    return shelf_create(dir, key);
}

static void
drop_part(struct loaded *l)
{
    buf_done(&l->bytes);
    buf_done(&l->vector_bytes);
}

static void
drop_list(know *k)
{
    for (size_t i = 0; i < k->part_count; i++)
        drop_part(&k->parts[i]);
    arena_free(k->list);
    k->list = NULL;
    k->parts = NULL;
    k->waiting = NULL;
    k->part_count = k->waiting_count = 0;
}

void
know_close(know *k)
{
    if (!k)
        return;
    drop_list(k);
    arena_free(k->stage);
    arena_free(k->life);
    shelf_close(k->files);
    mem_free(k);
}

/* ---- the list */

/* By label, then name, so that the order among some labels does not depend on others. */
static int
by_label(const void *a, const void *b)
{
    const struct part *const x = &((const struct loaded *)a)->part;
    const struct part *const y = &((const struct loaded *)b)->part;
    for (int i = 0; i < 4; i++)
        if (x->label.w[i] != y->label.w[i])
            return x->label.w[i] < y->label.w[i] ? -1 : 1;
    return strcmp(x->name, y->name);
}

static struct loaded *
find_part(know *k, const struct part *p)
{
    for (size_t i = 0; i < k->part_count; i++)
        if (strcmp(k->parts[i].part.name, p->name) == 0)
            return &k->parts[i];
    return NULL;
}

/* What is open already and has not changed is kept. */
static void
move_open(struct loaded *to, struct loaded *from)
{
    if (!from || strcmp(from->part.vectors, to->part.vectors) != 0)
        return;
    *to = *from;
    from->is_open = false;
    from->bytes = from->vector_bytes = (buf){0};
}

static fallible
take_list(know *k, const struct manifest *m)
{
    AUTO(arena) *a = NULL;
    void *at = NULL;
    TRY(arena_open(LIST_BYTES, &a));
    TRY(try_arena_get(a, m->waiting.count + 1, sizeof(struct waiting), &at));
    struct waiting *const waiting = (struct waiting *)at;
    for (size_t i = 0; i < m->waiting.count; i++)
        waiting[i] = m->waiting.at[i];
    TRY(try_arena_get(a, m->parts.count + 1, sizeof(struct loaded), &at));
    struct loaded *const parts = (struct loaded *)at;
    for (size_t i = 0; i < m->parts.count; i++) {
        parts[i].part = m->parts.at[i];
        move_open(&parts[i], find_part(k, &m->parts.at[i]));
    }
    qsort(parts, m->parts.count, sizeof *parts, by_label);
    drop_list(k);
    k->waiting = waiting;
    k->waiting_count = m->waiting.count;
    k->parts = parts;
    k->part_count = m->parts.count;
    k->list = TAKE(a);
    k->generation = m->generation;
    k->has_warned = false;
    return OK;
}

fallible
know_refresh(know *k)
{
    AUTO(arena) *a = NULL;
    struct manifest m;
    TRY(arena_open(LIST_BYTES, &a));
    TRY(shelf_list(k->files, a, &m));
    return m.generation == k->generation && k->list ? OK : take_list(k, &m);
}

fallible
know_replace_list(know *k, struct manifest *m)
{
    m->generation = k->generation + 1;
    TRY(shelf_replace(k->files, m));
    TRY(take_list(k, m));
    /* What is left over costs space only; the next change sweeps again. */
    IGNORE(shelf_sweep(k->files, m));
    return OK;
}

static fallible
open_into(const char *dir, const secret *key, know *k)
{
    TRY(arena_open((size_t)4 << 20, &k->life));
    TRY(arena_open(KNOW_WORK_BYTES, &k->stage));
    TRY(everyday_open(k->life, &k->e));
    TRY(shelf_open(dir, key, &k->files));
    return know_refresh(k);
}

fallible
know_open(const char *dir, const secret *key, know **ret)
{
    know *const k = (know *)mem_get(sizeof *k);
    if (!k)
        FAIL(LIMIT, "no memory for a collection");
    *k = (know){0};
    const err e = open_into(dir, key, k);
    if (e.code) {
        know_close(k);
        TRY(e);
    }
    *ret = k;
    return OK;
}

/* ---- what may be read */

static fallible
load_vectors(know *k, struct loaded *l)
{
    if (!*l->part.vectors)
        return OK;
    l->vector_bytes = BUF(SHELF_PART_BYTES_MAX);
    TRY(shelf_get(k->files, l->part.vectors, l->part.label, &l->vector_bytes));
    TRY(vectors_view(buf_str(&l->vector_bytes), &l->vectors));
    for (size_t i = 0; i < l->vectors.count; i++)
        if (l->vectors.owners[i] >= l->view.unit_count)
            FAIL(CORRUPT, "a vector speaks for no unit");
    const str rest = str_slice(buf_str(&l->vector_bytes), l->vectors.len, l->vector_bytes.len);
    if (!rest.len)
        return OK;
    TRY(vectors_view(rest, &l->words));
    for (size_t i = 0; i < l->words.count; i++)
        if (l->words.owners[i] >= l->view.word_count)
            FAIL(CORRUPT, "a vector speaks for a word that is not there");
    return OK;
}

static fallible
load_bytes(know *k, struct loaded *l)
{
    l->bytes = BUF(SHELF_PART_BYTES_MAX);
    TRY(shelf_get(k->files, l->part.name, l->part.label, &l->bytes));
    TRY(segment_view(buf_str(&l->bytes), &l->view));
    return load_vectors(k, l);
}

fallible
know_load(know *k, struct loaded *l)
{
    if (l->is_open)
        return OK;
    const err e = load_bytes(k, l);
    if (e.code) {
        drop_part(l);
        l->bytes = l->vector_bytes = (buf){0};
        l->vectors = l->words = (struct vectors){0};
        TRY(e);
    }
    l->is_open = true;
    return OK;
}

fallible
know_cleared(know *k, const grant *g, arena *a, struct loaded ***ret, size_t *ret_count)
{
    void *at = NULL;
    size_t n = 0, may = 0;
    ASSERT(k && g);
    for (size_t i = 0; i < k->part_count; i++)
        may += grant_covers(g, k->parts[i].part.label);
    /* Not by how many there are: what is not cleared must not cost memory either. */
    TRY(try_arena_get(a, may + 1, sizeof(struct loaded *), &at));
    struct loaded **const cleared = (struct loaded **)at;
    for (size_t i = 0; i < k->part_count; i++)
        if (grant_covers(g, k->parts[i].part.label)) {
            TRY(know_load(k, &k->parts[i]));
            cleared[n++] = &k->parts[i];
        }
    *ret = cleared;
    *ret_count = n;
    return OK;
}

static void
note_embedder(const struct loaded *l, struct know_stat *s)
{
    if (!l->vectors.count)
        return;
    const bool is_first = !s->dims;
    if (is_first)
        (void)str_copy(str_of(l->part.embedder), s->embedder, sizeof s->embedder);
    else if (strcmp(s->embedder, l->part.embedder) != 0)
        memcpy(s->embedder, "?", 2);
    s->dims = l->vectors.dims;
}

fallible
know_stat(know *k, const grant *g, struct know_stat *ret)
{
    AUTO(arena) *a = NULL;
    struct loaded **parts = NULL;
    struct know_stat s = {0};
    TRY(arena_open(LIST_BYTES, &a));
    TRY(know_cleared(k, g, a, &parts, &s.segments));
    for (size_t i = 0; i < s.segments; i++) {
        s.labels += i == 0 || !label_eq(parts[i]->part.label, parts[i - 1]->part.label);
        s.documents += parts[i]->view.doc_count;
        s.units += parts[i]->view.unit_count;
        s.words += parts[i]->view.words_all;
        s.vectors += parts[i]->vectors.count;
        note_embedder(parts[i], &s);
    }
    for (size_t i = 0; i < k->waiting_count; i++)
        s.waiting += grant_covers(g, k->waiting[i].label) ? k->waiting[i].count : 0;
    *ret = s;
    return OK;
}

/* ---- listing */

static fallible
list_part(const struct loaded *l, know_listed_fn *fn, void *ctx)
{
    const struct segment *const s = &l->view;
    for (uint32_t i = 0; i < s->doc_count; i++) {
        const struct seg_doc *const d = &s->docs[i];
        const struct know_listed one = {.name = segment_text(s, d->name),
                                        .title = segment_text(s, d->title),
                                        .edition = segment_text(s, d->edition),
                                        .origin = segment_text(s, d->origin),
                                        .label = l->part.label,
                                        .valid_from = d->valid_from,
                                        .valid_to = d->valid_to,
                                        .units = d->unit_count};
        TRY(fn(ctx, &one));
    }
    return OK;
}

fallible
know_list(know *k, const grant *g, know_listed_fn *fn, void *ctx)
{
    AUTO(arena) *a = NULL;
    struct loaded **parts = NULL;
    size_t count = 0;
    ASSERT(fn);
    TRY(arena_open(LIST_BYTES, &a));
    TRY(know_cleared(k, g, a, &parts, &count));
    for (size_t i = 0; i < count; i++)
        TRY(list_part(parts[i], fn, ctx));
    return OK;
}
