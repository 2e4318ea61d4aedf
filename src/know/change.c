/* SPDX-License-Identifier: EUPL-1.2 */
/* How staged changes become a new list: a label's segments that lose a document are written anew
 * together with what was added; when a label has many segments, all of them are. */
#include "know/know.h"

#include <stdio.h>

#include "crypt/hash.h"
#include "know/carry.h"
#include "know/inside.h"

enum { LABEL_PARTS_MAX = 8 };

/* ---- staging */

static bool
is_removed(const know *k, label l, str name)
{
    for (size_t i = 0; i < k->removals.count; i++)
        if (label_eq(k->removals.at[i].label, l) && str_eq(k->removals.at[i].name, name))
            return true;
    return false;
}

/* The document of that label as it is listed, staged removals aside. */
static fallible
find_listed(know *k, label l, str name, struct loaded **ret_part, const struct seg_doc **ret)
{
    *ret = NULL;
    for (size_t i = 0; i < k->part_count && !*ret; i++) {
        struct loaded *const p = &k->parts[i];
        if (!label_eq(p->part.label, l))
            continue;
        TRY(know_load(k, p));
        *ret = segment_doc(&p->view, name);
        *ret_part = p;
    }
    return OK;
}

static struct staged_doc *
find_staged(know *k, label l, str name)
{
    for (size_t i = 0; i < k->docs.count; i++)
        if (label_eq(k->docs.at[i].label, l) && str_eq(k->docs.at[i].d.name, name))
            return &k->docs.at[i];
    return NULL;
}

static fallible
stage_removal(know *k, label l, str name)
{
    struct staged_removal r = {.label = l};
    if (is_removed(k, l, name))
        return OK;
    TRY(try_arena_str(k->stage, name, &r.name));
    return VEC_ADD(k->stage, &k->removals, &r);
}

static fallible
digest_of(const struct know_source *s, str bytes, uint8_t ret[16])
{
    digest d;
    sha256 *h = NULL;
    TRY(sha256_new(&h));
    char days[64];
    const int n = snprintf(days, sizeof days, "\n%u\n%u\n", s->valid_from, s->valid_to);
    const str valid = str_slice((str){days, sizeof days - 1}, 0, n > 0 ? (size_t)n : 0);
    const str pieces[] = {s->title, STR("\n"), s->edition, valid, bytes};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const err e = sha256_add(h, pieces[i]);
        if (e.code) {
            sha256_free(h);
            TRY(e);
        }
    }
    TRY(sha256_end(h, &d));
    memcpy(ret, d.bytes, 16);
    return OK;
}

fallible
know_mark(const struct know_source *s, str bytes, uint8_t ret[16])
{
    return digest_of(s, s->original.len ? s->original : bytes, ret);
}

static fallible
read_source(know *k, const struct know_source *s, str bytes, struct doc *ret)
{
    TRY(doc_read(k->stage, s->name, s->form, bytes, ret));
    ret->valid_from = s->valid_from ? s->valid_from : ret->valid_from;
    ret->valid_to = s->valid_to ? s->valid_to : ret->valid_to;
    if (ret->valid_from && ret->valid_to && ret->valid_to < ret->valid_from)
        REFUSE(ARGUMENT, "valid_to", "a document's validity ends before it begins");
    TRY(try_arena_str(k->stage, s->title.len ? s->title : ret->title, &ret->title));
    TRY(try_arena_str(k->stage, ret->abbreviation, &ret->abbreviation));
    TRY(try_arena_str(k->stage, s->origin, &ret->origin));
    return try_arena_str(k->stage, s->edition.len ? s->edition : ret->edition, &ret->edition);
}

/* The units' names may lie in the caller's bytes: the stage outlives them. */
static fallible
own_units(know *k, struct doc *d)
{
    for (size_t i = 0; i < d->units.count; i++) {
        TRY(try_arena_str(k->stage, d->units.at[i].section, &d->units.at[i].section));
        TRY(try_arena_str(k->stage, d->units.at[i].heading, &d->units.at[i].heading));
    }
    return OK;
}

static bool
is_listed_same(const know *k, label l, const struct seg_doc *old, str name, const uint8_t mark[16])
{
    return old && !is_removed(k, l, name) && memcmp(old->digest, mark, 16) == 0;
}

fallible
know_is_same(know *k, const grant *g, const struct know_source *s, content bytes, bool *ret)
{
    str text;
    uint8_t mark[16];
    struct loaded *part = NULL;
    const struct seg_doc *old = NULL;
    TRY(content_open(bytes, g, &text));
    TRY(know_mark(s, text, mark));
    TRY(find_listed(k, bytes.label, s->name, &part, &old));
    *ret =
        !find_staged(k, bytes.label, s->name) && is_listed_same(k, bytes.label, old, s->name, mark);
    return OK;
}

fallible
know_add(know *k, const grant *g, const struct know_source *s, content bytes, enum know_change *ret)
{
    str text;
    uint8_t mark[16];
    struct staged_doc fresh = {.label = bytes.label};
    struct loaded *part = NULL;
    const struct seg_doc *old = NULL;
    TRY(content_open(bytes, g, &text));
    TRY(shelf_lock(k->files));
    TRY(know_mark(s, text, mark));
    TRY(find_listed(k, bytes.label, s->name, &part, &old));
    struct staged_doc *const staged = find_staged(k, bytes.label, s->name);
    if (!staged && is_listed_same(k, bytes.label, old, s->name, mark)) {
        *ret = KNOW_SAME;
        return OK;
    }
    TRY(read_source(k, s, text, &fresh.d));
    TRY(own_units(k, &fresh.d));
    memcpy(fresh.d.digest, mark, sizeof mark);
    if (old)
        TRY(stage_removal(k, bytes.label, s->name));
    if (staged)
        *staged = fresh;
    else
        TRY(VEC_ADD(k->stage, &k->docs, &fresh));
    k->staged_bytes += text.len;
    *ret = old || staged ? KNOW_REPLACED : KNOW_ADDED;
    return OK;
}

/* `only` NULL: every label that `g` covers. */
static bool
is_meant(const grant *g, const label *only, label l)
{
    return grant_covers(g, l) && (!only || label_eq(*only, l));
}

static bool
unstage(know *k, const grant *g, const label *only, str name)
{
    size_t kept = 0;
    for (size_t i = 0; i < k->docs.count; i++) {
        const struct staged_doc *const d = &k->docs.at[i];
        if (!is_meant(g, only, d->label) || !str_eq(d->d.name, name))
            k->docs.at[kept++] = *d;
    }
    const bool is_found = kept < k->docs.count;
    k->docs.count = kept;
    return is_found;
}

static fallible
remove_from(know *k, const grant *g, const label *only, str name)
{
    TRY(shelf_lock(k->files));
    bool is_found = unstage(k, g, only, name);
    for (size_t i = 0; i < k->part_count; i++) {
        struct loaded *const p = &k->parts[i];
        if (!is_meant(g, only, p->part.label))
            continue;
        TRY(know_load(k, p));
        if (!segment_doc(&p->view, name) || is_removed(k, p->part.label, name))
            continue;
        TRY(stage_removal(k, p->part.label, name));
        is_found = true;
    }
    if (!is_found)
        REFUSE(NOT_FOUND, "name", "there is no such document");
    return OK;
}

fallible
know_remove(know *k, const grant *g, str name)
{
    return remove_from(k, g, NULL, name);
}

fallible
know_remove_of(know *k, const grant *g, label l, str name)
{
    return remove_from(k, g, &l, name);
}

size_t
know_staged(const know *k)
{
    return k->staged_bytes;
}

/* ---- writing */

struct writing {
    know *k;
    arena *a;
    struct manifest next;
    label label;                     /* at work */
    bool *is_rewritten;              /* for each of k->parts */
    VEC(uint32_t) moved;             /* old units in the order of the new ones, and */
    VEC(const struct loaded *) from; /* of which part; NULL: fresh */
};

static bool
loses_document(const struct writing *w, const struct loaded *l)
{
    for (size_t i = 0; i < w->k->removals.count; i++) {
        const struct staged_removal *const r = &w->k->removals.at[i];
        if (label_eq(r->label, w->label) && segment_doc(&l->view, r->name))
            return true;
    }
    return false;
}

/* A document out of a segment. */
static fallible
doc_of(struct writing *w, const struct segment *s, const struct seg_doc *row, struct doc *ret)
{
    struct doc d = {.name = segment_text(s, row->name),
                    .title = segment_text(s, row->title),
                    .abbreviation = segment_text(s, row->abbreviation),
                    .edition = segment_text(s, row->edition),
                    .origin = segment_text(s, row->origin),
                    .valid_from = row->valid_from,
                    .valid_to = row->valid_to};
    memcpy(d.digest, row->digest, sizeof d.digest);
    for (uint32_t i = 0; i < row->unit_count; i++) {
        const struct seg_unit *const u = &s->units[row->unit_first + i];
        const struct doc_unit unit = {segment_text(s, u->section),
                                      segment_text(s, u->heading),
                                      segment_text(s, u->path),
                                      segment_text(s, u->text),
                                      u->from,
                                      u->to,
                                      u->page,
                                      u->page_to};
        TRY(VEC_ADD(w->a, &d.units, &unit));
    }
    *ret = d;
    return OK;
}

static fallible
note_units(struct writing *w, const struct loaded *from, uint32_t first, size_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t unit = first + i;
        TRY(VEC_ADD(w->a, &w->moved, &unit));
        TRY(VEC_ADD(w->a, &w->from, &from));
    }
    return OK;
}

static fallible
add_kept(struct writing *w, build *b, const struct loaded *l)
{
    const struct segment *const s = &l->view;
    for (uint32_t i = 0; i < s->doc_count; i++) {
        struct doc d;
        if (is_removed(w->k, w->label, segment_text(s, s->docs[i].name)))
            continue;
        TRY(doc_of(w, s, &s->docs[i], &d));
        TRY(build_add(b, &d));
        TRY(note_units(w, l, s->docs[i].unit_first, d.units.count));
    }
    return OK;
}

static fallible
fill_builder(struct writing *w, build *b)
{
    know *const k = w->k;
    for (size_t i = 0; i < k->part_count; i++)
        if (w->is_rewritten[i] && label_eq(k->parts[i].part.label, w->label))
            TRY(add_kept(w, b, &k->parts[i]));
    for (size_t i = 0; i < k->docs.count; i++)
        if (label_eq(k->docs.at[i].label, w->label)) {
            TRY(build_add(b, &k->docs.at[i].d));
            TRY(note_units(w, NULL, 0, k->docs.at[i].d.units.count));
        }
    return OK;
}

static fallible
carry(struct writing *w, const struct segment *view, struct part *p)
{
    VEC(const struct loaded *) old = {0};
    const struct loaded to = {.part = *p, .view = *view};
    for (size_t i = 0; i < w->k->part_count; i++) {
        const struct loaded *const l = &w->k->parts[i];
        if (w->is_rewritten[i] && label_eq(l->part.label, w->label))
            TRY(VEC_ADD(w->a, &old, &l));
    }
    ASSERT(w->moved.count == view->unit_count);
    const struct carry c = {.files = w->k->files,
                            .a = w->a,
                            .to = &to,
                            .from = w->from.at,
                            .units = w->moved.at,
                            .old = old.at,
                            .old_count = old.count};
    return carry_vectors(&c, p);
}

static fallible
write_part(struct writing *w)
{
    AUTO(build) *b = NULL;
    AUTO(buf) bytes = BUF(SHELF_PART_BYTES_MAX);
    struct part p = {.label = w->label};
    struct segment view;
    w->moved.count = w->from.count = 0;
    TRY(build_new(KNOW_WORK_BYTES, &b));
    TRY(fill_builder(w, b));
    TRY(build_end(b, &bytes));
    TRY(segment_view(buf_str(&bytes), &view));
    if (!view.doc_count)
        return OK;
    p.documents = view.doc_count;
    p.units = view.unit_count;
    TRY(shelf_put(w->k->files, "seg_", w->label, buf_str(&bytes), p.name));
    TRY(carry(w, &view, &p));
    return VEC_ADD(w->a, &w->next.parts, &p);
}

/* Which of the label's segments are written anew. */
static fallible
choose(struct writing *w)
{
    know *const k = w->k;
    size_t kept = 0;
    for (size_t i = 0; i < k->part_count; i++) {
        if (!label_eq(k->parts[i].part.label, w->label))
            continue;
        TRY(know_load(k, &k->parts[i]));
        w->is_rewritten[i] = loses_document(w, &k->parts[i]);
        kept += !w->is_rewritten[i];
    }
    for (size_t i = 0; kept >= LABEL_PARTS_MAX && i < k->part_count; i++)
        if (label_eq(k->parts[i].part.label, w->label))
            w->is_rewritten[i] = true;
    return OK;
}

static bool
is_first_of_label(const know *k, size_t n)
{
    const size_t docs = k->docs.count;
    const label l = n < docs ? k->docs.at[n].label : k->removals.at[n - docs].label;
    for (size_t i = 0; i < n; i++)
        if (label_eq(i < docs ? k->docs.at[i].label : k->removals.at[i - docs].label, l))
            return false;
    return true;
}

static fallible
write_all(struct writing *w)
{
    know *const k = w->k;
    const size_t docs = k->docs.count;
    for (size_t n = 0; n < docs + k->removals.count; n++) {
        if (!is_first_of_label(k, n))
            continue;
        w->label = n < docs ? k->docs.at[n].label : k->removals.at[n - docs].label;
        TRY(choose(w));
        TRY(write_part(w));
    }
    for (size_t i = 0; i < k->part_count; i++)
        if (!w->is_rewritten[i])
            TRY(VEC_ADD(w->a, &w->next.parts, &k->parts[i].part));
    for (size_t i = 0; i < k->waiting_count; i++)
        TRY(VEC_ADD(w->a, &w->next.waiting, &k->waiting[i]));
    return know_replace_list(k, &w->next);
}

fallible
know_commit(know *k)
{
    AUTO(arena) *a = NULL;
    void *at = NULL;
    if (!k->docs.count && !k->removals.count)
        return OK;
    TRY(shelf_lock(k->files));
    TRY(arena_open(KNOW_WORK_BYTES, &a));
    TRY(try_arena_get(a, k->part_count + 1, sizeof(bool), &at));
    struct writing w = {.k = k, .a = a, .is_rewritten = (bool *)at};
    TRY(write_all(&w));
    memset(&k->docs, 0, sizeof k->docs);
    memset(&k->removals, 0, sizeof k->removals);
    k->staged_bytes = 0;
    arena_reset(k->stage);
    return OK;
}
