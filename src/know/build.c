/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/build.h"

#include <stdlib.h>

#include "base/map.h"
#include "know/segment_form.h"
#include "know/text/compound.h"
#include "know/text/lex.h"
#include "know/text/stem.h"
#include "know/text/words.h"

enum { FIELD_BODY, FIELD_HEADING, FIELD_PATH, FIELD_TITLE, FIELD_COUNT };
enum { PART_TENTHS = 6, REFS_MAX = 256, TERMS_OF_WORD_MAX = COMPOUND_MAX + 1 };

typedef VEC(uint32_t) numbers;

static const uint8_t field_tenths[FIELD_COUNT] = {10, 20, 5, 10};

/* A word as written: its count, and once all are counted the terms it stands for. */
struct word {
    str text;
    uint32_t count;
    bool is_plain; /* number, section, file: neither stemmed nor taken apart */
    uint8_t terms;
    uint32_t term[TERMS_OF_WORD_MAX]; /* the stem, then the parts' stems */
};

struct term {
    str text;
    uint32_t number; /* after sorting */
    VEC(struct seg_posting) postings;
};

struct unit {
    struct doc_unit u;
    uint32_t doc, words;
    numbers fields[FIELD_COUNT]; /* numbers of words */
    numbers refs;
};

struct added {
    struct doc d;
    uint32_t unit_first, unit_count;
    numbers title_words;
};

struct build {
    arena *a;
    map word_of, term_of; /* to their number + 1 */
    VEC(struct word) words;
    VEC(struct term) terms;
    VEC(struct unit) units;
    VEC(struct added) docs;
    size_t text_len;
};

fallible
build_new(size_t bytes_max, build **ret)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(bytes_max, &a));
    build *const b = arena_new(a, build);
    b->a = TAKE(a);
    *ret = b;
    return OK;
}

void
build_free(build *b)
{
    if (!b)
        return;
    map_done(&b->word_of);
    map_done(&b->term_of);
    arena_free(b->a);
}

size_t
build_size(const build *b)
{
    return b->text_len;
}

/* ---- counting */

static fallible
word_number(build *b, const struct lexeme *x, uint32_t *ret)
{
    const uintptr_t known = (uintptr_t)map_get(&b->word_of, x->text);
    if (known) {
        *ret = (uint32_t)(known - 1);
        b->words.at[*ret].count++;
        return OK;
    }
    struct word w = {.count = 1, .is_plain = x->kind != LEX_WORD};
    TRY(try_arena_str(b->a, x->text, &w.text));
    TRY(VEC_ADD(b->a, &b->words, &w));
    TRY(map_put(&b->word_of, w.text, (void *)(uintptr_t)b->words.count));
    *ret = (uint32_t)b->words.count - 1;
    return OK;
}

static fallible
add_words(build *b, str text, numbers *n, uint32_t *ret_words)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, text);
    while (lex_next(&l, &x)) {
        uint32_t number;
        if (words_is_stop(x.text))
            continue;
        TRY(word_number(b, &x, &number));
        TRY(VEC_ADD(b->a, n, &number));
        *ret_words += 1;
    }
    return OK;
}

static fallible
copy_text(build *b, str *s)
{
    b->text_len += s->len;
    return try_arena_str(b->a, *s, s);
}

static fallible
add_unit(build *b, const struct doc_unit *from)
{
    struct unit u = {.u = *from, .doc = (uint32_t)b->docs.count - 1};
    uint32_t ignored = 0;
    TRY(copy_text(b, &u.u.section));
    TRY(copy_text(b, &u.u.heading));
    TRY(copy_text(b, &u.u.path));
    TRY(copy_text(b, &u.u.text));
    TRY(add_words(b, u.u.text, &u.fields[FIELD_BODY], &u.words));
    TRY(add_words(b, u.u.heading, &u.fields[FIELD_HEADING], &ignored));
    TRY(add_words(b, u.u.section, &u.fields[FIELD_HEADING], &ignored));
    TRY(add_words(b, u.u.path, &u.fields[FIELD_PATH], &ignored));
    return VEC_ADD(b->a, &b->units, &u);
}

/* ---- references */

static fallible
add_ref(build *b, struct unit *u, uint32_t target)
{
    for (size_t i = 0; i < u->refs.count; i++)
        if (u->refs.at[i] == target)
            return OK;
    return u->refs.count < REFS_MAX ? VEC_ADD(b->a, &u->refs, &target) : OK;
}

/* "§ 12 des Wohngeldgesetzes", "§ 12 SGB X": another document's. */
static bool
is_elsewhere(str rest)
{
    struct lex l;
    struct lexeme x;
    int words = 0;
    lex_begin(&l, str_slice(rest, 0, 80));
    while (lex_next(&l, &x) && words++ < 10) {
        static const str steps[] = {STR_INIT("abs"),     STR_INIT("absatz"), STR_INIT("satz"),
                                    STR_INIT("nr"),      STR_INIT("nummer"), STR_INIT("buchstabe"),
                                    STR_INIT("halbsatz")};
        bool is_step = x.kind == LEX_NUMBER || x.text.len == 1;
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
            is_step |= str_eq(x.text, steps[i]);
        if (is_step)
            continue;
        const char first = rest.at[x.from];
        if (str_eq(x.text, STR("des")) || str_eq(x.text, STR("der")))
            return true;
        return first >= 'A' && first <= 'Z' && x.to - x.from > 2 && rest.at[x.to - 1] >= 'A' &&
               rest.at[x.to - 1] <= 'Z';
    }
    return false;
}

static fallible
find_refs(build *b, const map *sections, struct unit *u, uint32_t self)
{
    struct lex l;
    struct lexeme x;
    lex_begin(&l, u->u.text);
    while (lex_next(&l, &x)) {
        if (x.kind != LEX_SECTION)
            continue;
        const uintptr_t target = (uintptr_t)map_get(sections, x.text);
        if (target && target - 1 != self &&
            !is_elsewhere(str_slice(u->u.text, x.to, u->u.text.len)))
            TRY(add_ref(b, u, (uint32_t)(target - 1)));
    }
    return OK;
}

/* The section's own name as the text would cite it, to its unit. */
static fallible
name_sections(build *b, const struct added *d, map *sections)
{
    for (uint32_t i = d->unit_first; i < d->unit_first + d->unit_count; i++) {
        struct lex l;
        struct lexeme x;
        str key;
        lex_begin(&l, b->units.at[i].u.section);
        if (!lex_next(&l, &x) || x.kind != LEX_SECTION || map_get(sections, x.text))
            continue;
        TRY(try_arena_str(b->a, x.text, &key));
        TRY(map_put(sections, key, (void *)(uintptr_t)(i + 1)));
    }
    return OK;
}

static fallible
link_units(build *b, const struct added *d)
{
    AUTO(map) sections = {0};
    TRY(name_sections(b, d, &sections));
    for (uint32_t i = d->unit_first; i < d->unit_first + d->unit_count; i++)
        TRY(find_refs(b, &sections, &b->units.at[i], i));
    return OK;
}

fallible
build_add(build *b, const struct doc *d)
{
    struct added n = {.d = *d, .unit_first = (uint32_t)b->units.count};
    uint32_t ignored = 0;
    TRY(copy_text(b, &n.d.name));
    TRY(copy_text(b, &n.d.title));
    TRY(copy_text(b, &n.d.abbreviation));
    TRY(copy_text(b, &n.d.edition));
    TRY(copy_text(b, &n.d.origin));
    TRY(add_words(b, n.d.title, &n.title_words, &ignored));
    TRY(add_words(b, n.d.abbreviation, &n.title_words, &ignored));
    TRY(VEC_ADD(b->a, &b->docs, &n));
    for (size_t i = 0; i < d->units.count; i++)
        TRY(add_unit(b, &d->units.at[i]));
    struct added *const at = &b->docs.at[b->docs.count - 1];
    at->unit_count = (uint32_t)d->units.count;
    return link_units(b, at);
}

/* ---- terms */

static uint32_t
count_of(void *ctx, str word)
{
    const build *const b = (const build *)ctx;
    const uintptr_t known = (uintptr_t)map_get(&b->word_of, word);
    return known ? b->words.at[known - 1].count : 0;
}

static fallible
term_number(build *b, str text, uint32_t *ret)
{
    const uintptr_t known = (uintptr_t)map_get(&b->term_of, text);
    struct term t = {0};
    if (!known) {
        TRY(try_arena_str(b->a, text, &t.text));
        TRY(VEC_ADD(b->a, &b->terms, &t));
        TRY(map_put(&b->term_of, t.text, (void *)(uintptr_t)b->terms.count));
    }
    *ret = known ? (uint32_t)(known - 1) : (uint32_t)b->terms.count - 1;
    return OK;
}

static fallible
make_terms(build *b)
{
    for (size_t i = 0; i < b->words.count; i++) {
        struct word *const w = &b->words.at[i];
        str parts[COMPOUND_MAX];
        char room[STEM_MAX];
        const size_t n = w->is_plain ? 0 : compound_split(w->text, count_of, b, parts);
        TRY(term_number(b, w->is_plain ? w->text : stem_german(w->text, room), &w->term[0]));
        for (size_t k = 0; k < n; k++)
            TRY(term_number(b, stem_german(parts[k], room), &w->term[k + 1]));
        w->terms = (uint8_t)(n + 1);
    }
    return OK;
}

/* ---- postings */

static uint16_t
add_capped(uint16_t a, uint32_t more)
{
    return a + more > UINT16_MAX ? UINT16_MAX : (uint16_t)(a + more);
}

static fallible
count_term(build *b, uint32_t term, uint32_t unit, int field, uint32_t tenths)
{
    struct term *const t = &b->terms.at[term];
    const struct seg_posting fresh = {.unit = unit};
    if (!t->postings.count || t->postings.at[t->postings.count - 1].unit != unit)
        TRY(VEC_ADD(b->a, &t->postings, &fresh));
    struct seg_posting *const p = &t->postings.at[t->postings.count - 1];
    uint16_t *const at = field == FIELD_BODY ? &p->body : &p->head;
    *at = add_capped(*at, tenths);
    return OK;
}

static fallible
count_field(build *b, const numbers *n, uint32_t unit, int field)
{
    for (size_t i = 0; i < n->count; i++) {
        const struct word *const w = &b->words.at[n->at[i]];
        for (size_t k = 0; k < w->terms; k++)
            TRY(count_term(b, w->term[k], unit, field,
                           field_tenths[field] * (k ? PART_TENTHS : 10u) / 10));
    }
    return OK;
}

static fallible
make_postings(build *b)
{
    for (uint32_t i = 0; i < b->units.count; i++) {
        const struct unit *const u = &b->units.at[i];
        for (int f = 0; f < FIELD_COUNT; f++)
            TRY(count_field(b, &u->fields[f], i, f));
        TRY(count_field(b, &b->docs.at[u->doc].title_words, i, FIELD_TITLE));
    }
    return OK;
}

/* ---- bytes */

struct writer {
    buf *out;
    buf pool;
};

static void
put(buf *b, const void *at, size_t len)
{
    buf_add(b, (str){(const char *)at, len});
}

static void
pad(buf *b)
{
    while (b->len & 7 && !b->failed)
        buf_add_char(b, 0);
}

static struct seg_text
put_text(struct writer *w, str s)
{
    const struct seg_text t = {(uint32_t)w->pool.len, (uint32_t)s.len};
    buf_add(&w->pool, s);
    return t;
}

static int
by_word(const void *a, const void *b)
{
    return str_cmp((*(const struct word *const *)a)->text, (*(const struct word *const *)b)->text);
}

static int
by_term(const void *a, const void *b)
{
    return str_cmp((*(const struct term *const *)a)->text, (*(const struct term *const *)b)->text);
}

static void
put_docs(const build *b, struct writer *w)
{
    for (size_t i = 0; i < b->docs.count; i++) {
        const struct added *const d = &b->docs.at[i];
        struct seg_doc row = {.name = put_text(w, d->d.name),
                              .title = put_text(w, d->d.title),
                              .abbreviation = put_text(w, d->d.abbreviation),
                              .edition = put_text(w, d->d.edition),
                              .origin = put_text(w, d->d.origin),
                              .unit_first = d->unit_first,
                              .unit_count = d->unit_count,
                              .valid_from = d->d.valid_from,
                              .valid_to = d->d.valid_to};
        memcpy(row.digest, d->d.digest, sizeof row.digest);
        put(w->out, &row, sizeof row);
    }
    pad(w->out);
}

static void
put_units(const build *b, struct writer *w)
{
    uint32_t refs = 0;
    for (size_t i = 0; i < b->units.count; i++) {
        const struct unit *const u = &b->units.at[i];
        const struct seg_unit row = {.section = put_text(w, u->u.section),
                                     .heading = put_text(w, u->u.heading),
                                     .path = put_text(w, u->u.path),
                                     .text = put_text(w, u->u.text),
                                     .doc = u->doc,
                                     .from = (uint32_t)u->u.from,
                                     .to = (uint32_t)u->u.to,
                                     .words = u->words,
                                     .ref_first = refs,
                                     .ref_count = (uint32_t)u->refs.count,
                                     .page = u->u.page,
                                     .page_to = u->u.page_to};
        refs += row.ref_count;
        put(w->out, &row, sizeof row);
    }
    pad(w->out);
    for (size_t i = 0; i < b->units.count; i++)
        put(w->out, b->units.at[i].refs.at, b->units.at[i].refs.count * sizeof(uint32_t));
    pad(w->out);
}

static fallible
put_words(build *b, struct writer *w)
{
    void *at = NULL;
    TRY(try_arena_get(b->a, b->words.count + 1, sizeof(struct word *), &at));
    const struct word **const sorted = (const struct word **)at;
    for (size_t i = 0; i < b->words.count; i++)
        sorted[i] = &b->words.at[i];
    qsort(sorted, b->words.count, sizeof *sorted, by_word);
    for (size_t i = 0; i < b->words.count; i++) {
        const struct seg_word row = {put_text(w, sorted[i]->text), sorted[i]->count};
        put(w->out, &row, sizeof row);
    }
    pad(w->out);
    return OK;
}

static fallible
put_terms(build *b, struct writer *w)
{
    void *at = NULL;
    uint32_t first = 0;
    TRY(try_arena_get(b->a, b->terms.count + 1, sizeof(struct term *), &at));
    const struct term **const sorted = (const struct term **)at;
    for (size_t i = 0; i < b->terms.count; i++)
        sorted[i] = &b->terms.at[i];
    qsort(sorted, b->terms.count, sizeof *sorted, by_term);
    for (size_t i = 0; i < b->terms.count; i++) {
        const struct seg_term row = {put_text(w, sorted[i]->text), first,
                                     (uint32_t)sorted[i]->postings.count};
        first += row.posting_count;
        put(w->out, &row, sizeof row);
    }
    pad(w->out);
    for (size_t i = 0; i < b->terms.count; i++)
        put(w->out, sorted[i]->postings.at,
            sorted[i]->postings.count * sizeof *sorted[i]->postings.at);
    pad(w->out);
    return OK;
}

static void
fill_head(const build *b, struct seg_head *h)
{
    *h = (struct seg_head){.magic = SEGMENT_MAGIC,
                           .doc_count = (uint32_t)b->docs.count,
                           .unit_count = (uint32_t)b->units.count,
                           .word_count = (uint32_t)b->words.count,
                           .term_count = (uint32_t)b->terms.count};
    for (size_t i = 0; i < b->units.count; i++) {
        h->words_all += b->units.at[i].words;
        h->ref_count += (uint32_t)b->units.at[i].refs.count;
    }
    for (size_t i = 0; i < b->terms.count; i++)
        h->posting_count += (uint32_t)b->terms.at[i].postings.count;
}

static fallible
write_all(build *b, struct writer *w)
{
    struct seg_head h;
    fill_head(b, &h);
    put(w->out, &h, sizeof h);
    put_docs(b, w);
    put_units(b, w);
    TRY(put_words(b, w));
    TRY(put_terms(b, w));
    TRY(buf_end(&w->pool));
    h.pool_len = (uint32_t)w->pool.len;
    buf_add(w->out, buf_str(&w->pool));
    pad(w->out);
    TRY(buf_end(w->out));
    memcpy(w->out->at, &h, sizeof h);
    return OK;
}

fallible
build_end(build *b, buf *out)
{
    ASSERT(out->len == 0);
    TRY(make_terms(b));
    TRY(make_postings(b));
    struct writer w = {.out = out, .pool = BUF(SEGMENT_BYTES_MAX)};
    const err e = write_all(b, &w);
    buf_done(&w.pool);
    return e;
}
