/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/carry.h"

#include "base/map.h"
#include "crypt/hash.h"
#include "know/embedding.h"

/* An old segment whose vectors go along. */
struct source {
    const struct loaded *l;
    struct row_index pieces;
    bool *is_moved; /* of its units */
};

struct place {
    const struct source *from;
    uint32_t unit;
};

struct carrying {
    const struct carry *c;
    VEC(struct source) sources;
    size_t dims;
    map by_text; /* of what did not move: digest to struct place * */
    struct rows pieces, words;
};

static struct source *
source_of(struct carrying *w, const struct loaded *l)
{
    for (size_t i = 0; i < w->sources.count; i++)
        if (w->sources.at[i].l == l)
            return &w->sources.at[i];
    return NULL;
}

/* ---- what there is */

static fallible
add_source(struct carrying *w, const struct loaded *l)
{
    void *at = NULL;
    struct source s = {.l = l};
    TRY(row_index_make(w->c->a, &l->vectors, l->view.unit_count, &s.pieces));
    TRY(try_arena_get(w->c->a, l->view.unit_count + 1, sizeof(bool), &at));
    s.is_moved = (bool *)at;
    return VEC_ADD(w->c->a, &w->sources, &s);
}

static fallible
find_sources(struct carrying *w, struct part *p)
{
    for (size_t i = 0; i < w->c->old_count; i++) {
        const struct loaded *const l = w->c->old[i];
        const bool is_first = !w->sources.count;
        if (!l->vectors.count)
            continue;
        if (is_first) {
            w->dims = l->vectors.dims;
            memcpy(p->embedder, l->part.embedder, sizeof p->embedder);
        }
        if (l->vectors.dims == w->dims && strcmp(l->part.embedder, p->embedder) == 0)
            TRY(add_source(w, l));
    }
    return OK;
}

/* ---- units */

static err
add_mark(void *ctx, const struct know_piece *p, uint32_t unit)
{
    (void)unit;
    return sha256_add((sha256 *)ctx, (str){(const char *)p->mark, sizeof p->mark});
}

/* Of all that an embedder reads of it. */
static fallible
digest_of(const struct loaded *l, uint32_t unit, digest *ret)
{
    sha256 *h = NULL;
    TRY(sha256_new(&h));
    const err e = pieces_of_unit(l, unit, add_mark, h);
    if (e.code) {
        sha256_free(h);
        return e;
    }
    return sha256_end(h, ret);
}

static fallible
note_text(struct carrying *w, const struct source *s, uint32_t unit)
{
    digest d;
    str key;
    struct place *const at = arena_new(w->c->a, struct place);
    *at = (struct place){s, unit};
    TRY(digest_of(s->l, unit, &d));
    TRY(try_arena_str(w->c->a, (str){(const char *)d.bytes, sizeof d.bytes}, &key));
    return map_put(&w->by_text, key, at);
}

static fallible
note_texts(struct carrying *w)
{
    for (size_t i = 0; i < w->sources.count; i++) {
        const struct source *const s = &w->sources.at[i];
        for (uint32_t unit = 0; unit < s->l->view.unit_count; unit++)
            if (!s->is_moved[unit] && s->pieces.first[unit + 1] > s->pieces.first[unit])
                TRY(note_text(w, s, unit));
    }
    return OK;
}

static fallible
copy_unit(struct carrying *w, const struct place *at, uint32_t to)
{
    const struct row_index *const x = &at->from->pieces;
    for (uint32_t i = x->first[at->unit]; i < x->first[at->unit + 1]; i++)
        TRY(rows_add_old(w->c->a, &w->pieces, &at->from->l->vectors, x->rows[i], to));
    return OK;
}

static fallible
find_place(struct carrying *w, uint32_t unit, struct place *ret)
{
    digest d;
    *ret = (struct place){.unit = w->c->units[unit]};
    if (w->c->from[unit]) {
        ret->from = source_of(w, w->c->from[unit]);
        return OK;
    }
    if (!w->by_text.count)
        return OK;
    TRY(digest_of(w->c->to, unit, &d));
    const struct place *const at =
        (const struct place *)map_get(&w->by_text, (str){(const char *)d.bytes, sizeof d.bytes});
    if (at)
        *ret = *at;
    return OK;
}

static fallible
carry_units(struct carrying *w)
{
    const uint32_t count = w->c->to->view.unit_count;
    for (uint32_t i = 0; i < count; i++) {
        struct source *const s = w->c->from[i] ? source_of(w, w->c->from[i]) : NULL;
        if (s)
            s->is_moved[w->c->units[i]] = true;
    }
    TRY(note_texts(w));
    for (uint32_t i = 0; i < count; i++) {
        struct place at;
        TRY(find_place(w, i, &at));
        if (at.from)
            TRY(copy_unit(w, &at, i));
    }
    return OK;
}

/* ---- words */

/* Its row in the new segment's vocabulary; false if it is not there any more. */
static bool
find_word(const struct segment *s, str word, uint32_t *ret)
{
    *ret = segment_word_from(s, word);
    return *ret < s->word_count && str_eq(segment_text(s, s->words[*ret].text), word);
}

static fallible
carry_words(struct carrying *w)
{
    const struct segment *const to = &w->c->to->view;
    void *at = NULL;
    TRY(try_arena_get(w->c->a, to->word_count + 1, sizeof(bool), &at));
    bool *const has = (bool *)at;
    for (size_t i = 0; i < w->sources.count; i++) {
        const struct loaded *const l = w->sources.at[i].l;
        for (size_t row = 0; row < l->words.count; row++) {
            const str word = segment_text(&l->view, l->view.words[l->words.owners[row]].text);
            uint32_t owner;
            if (l->words.dims != w->dims || !find_word(to, word, &owner) || has[owner])
                continue;
            has[owner] = true;
            TRY(rows_add_old(w->c->a, &w->words, &l->words, row, owner));
        }
    }
    return OK;
}

fallible
carry_vectors(const struct carry *c, struct part *p)
{
    struct carrying w = {.c = c};
    TRY(find_sources(&w, p));
    err e = w.sources.count ? carry_units(&w) : OK;
    map_done(&w.by_text);
    if (!e.code && w.pieces.owners.count)
        e = carry_words(&w);
    TRY(e);
    TRY(rows_put(c->files, w.dims, &w.pieces, &w.words, p));
    if (!*p->vectors)
        p->embedder[0] = 0;
    return OK;
}
