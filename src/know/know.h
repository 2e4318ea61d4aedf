/* SPDX-License-Identifier: EUPL-1.2 */
/* know.h - a collection of documents, each under its label, searched by what somebody may see.
 *
 * The promise (tests/unit/know/know_test.c, 10,000 trials): what a search answers - hits, order,
 * scores, counts - is bit for bit the same whether or not documents above the grant's ceiling are
 * there.  It holds because a segment holds documents of one label only, dominance is decided once
 * per segment before a byte of it is read, and everything that scores (frequencies, lengths,
 * vocabulary, likeness) is summed over the segments cleared.
 *
 * A document is known by its name within its label: who may not see another label's document of
 * that name can neither replace nor remove it, nor learn of it.
 *
 * A document may say from when and until when it is valid; a search answers for a day, by what was
 * valid then.  Editions side by side are documents of different names.
 *
 * Changes are staged in memory and take effect together with know_commit: after kill -9 at any
 * moment the collection is what it was before it or after it.  Adding a document that is there
 * with the same bytes changes nothing, so an interrupted import is simply run again.
 *
 * One thread; one process may change a collection at a time, any number may read.  A reader sees
 * the list of know_open until know_refresh. */
#pragma once
#include "base/secret.h"
#include "know/doc.h"
#include "policy/content.h"

typedef struct know know;

/* CONFLICT if there is one.  `key` has 32 bytes and is copied; labels' keys are derived from it. */
fallible know_create(const char *dir, const secret *key);
/* NOT_FOUND; CORRUPT, also under a wrong key. */
fallible know_open(const char *dir, const secret *key, know **ret);
void know_close(know *k);
/* Takes up what another process committed; what is staged stays. */
fallible know_refresh(know *k);

static inline void
know_auto(know **k)
{
    know_close(*k);
}

/* ---- changes */

struct know_source {
    str name;
    enum doc_form form;
    str title, edition;            /* empty: the document's own */
    uint32_t valid_from, valid_to; /* days (day.h), both within; 0: the document's own */
    str origin;                    /* where it is taken from, as a folder; may be empty */
    /* What the bytes were made of (know_is_same), when they are not the source; may be empty. */
    str original;
};

enum know_change { KNOW_SAME, KNOW_ADDED, KNOW_REPLACED };

/* Stages a document of bytes.label.  DENIED unless `g` covers the label; PARSE, ARGUMENT as
 * doc_read; BUSY if another process writes. */
fallible know_add(know *k, const grant *g, const struct know_source *s, content bytes,
                  enum know_change *ret);
/* What tells documents apart that are made and shown alike. */
fallible know_mark(const struct know_source *s, str bytes, uint8_t ret[16]);
/* Is the document of that name there, from these bytes, or of s->original if that is set? */
fallible
know_is_same(know *k, const grant *g, const struct know_source *s, content bytes, bool *ret);
/* Stages the removal from every label that `g` covers; NOT_FOUND if none has it. */
fallible know_remove(know *k, const grant *g, str name);
/* Bytes of text that wait for know_commit. */
size_t know_staged(const know *k);
fallible know_commit(know *k);

/* A document as it is listed. */
struct know_listed {
    str name, title, edition, origin;
    label label;
    uint32_t valid_from, valid_to;
    size_t units;
};
typedef err know_listed_fn(void *ctx, const struct know_listed *d);
/* Every document that `g` covers, without what is staged; `fn` does not call know. */
fallible know_list(know *k, const grant *g, know_listed_fn *fn, void *ctx);
/* The same for a name within a label alone, which `g` covers; NOT_FOUND. */
fallible know_remove_of(know *k, const grant *g, label l, str name);

/* ---- vectors: the caller's, from whatever embedder he runs */

/* A piece of a unit to be embedded: its id ("bmg:§ 17#0", above the bottom with the label behind)
 * and text, with what it is about before. */
struct know_piece {
    str id, text;
    label label;
    bool is_word;     /* of know_words */
    uint8_t mark[16]; /* digest of text and label */
};
typedef err know_piece_fn(void *ctx, const struct know_piece *p);
/* Every piece of what `g` covers; `fn` does not call know. */
fallible know_pieces(know *k, const grant *g, know_piece_fn *fn, void *ctx);
/* The words that documents of each label use most ("word:abschiebung"), to be embedded like pieces:
 * by them a question in another language is brought to the words of the documents (bridge.h). */
enum { KNOW_WORDS_MAX = 12000 };
fallible know_words(know *k, const grant *g, know_piece_fn *fn, void *ctx);

enum { KNOW_EMBEDDER_MAX = 95, KNOW_DIMS_MAX = 4096 };
/* Pieces, then words, of what `g` covers that have no vector by this embedder (a name of at most
 * KNOW_EMBEDDER_MAX bytes, not empty) yet, neither in the collection nor kept on the way there. */
fallible know_missing(know *k, const grant *g, str embedder, know_piece_fn *fn, void *ctx);

typedef struct know_vectors know_vectors;
/* Vectors of `dims` (a multiple of 8, at most 4096) for pieces, then all at once into the
 * collection.  Pieces without a vector are found by words alone. */
fallible know_vectors_new(size_t dims, know_vectors **ret);
void know_vectors_free(know_vectors *v);
/* Whose they are. */
fallible know_vectors_by(know_vectors *v, str embedder);
/* By its id, whatever it reads then; or for exactly this text, of which `p` need not outlive the
 * call. */
fallible know_vectors_add(know_vectors *v, str id, const float *vector);
fallible know_vectors_add_piece(know_vectors *v, const struct know_piece *p, const float *vector);
/* Keeps what know_vectors_add_piece was given since the last time beside the collection, which
 * serves as before: whoever is interrupted goes on with know_missing.  `v` has an embedder. */
fallible know_vectors_keep(know *k, const grant *g, know_vectors *v);
/* Vectors with nothing of its own by an embedder some of whose were kept, for know_vectors_commit;
 * NULL when none were. */
fallible know_vectors_resume(know *k, const grant *g, str embedder, know_vectors **ret);
/* Into all segments that `g` covers at once, with what was kept on the way; how many pieces have
 * one now.  Vectors there stay if they are by the same embedder; another's, and those of whom
 * nobody said whose they are, are replaced. */
fallible know_vectors_commit(know *k, const grant *g, const know_vectors *v, size_t *ret_count);

static inline void
know_vectors_auto(know_vectors **v)
{
    know_vectors_free(*v);
}

/* ---- search */

/* The words of a question in another language: vectors one behind the other, less what its language
 * adds to each. */
struct know_bridge {
    const float *vectors;
    size_t count; /* at most KNOW_BRIDGE_MAX are read */
};
enum { KNOW_BRIDGE_MAX = 32 };

struct know_ask {
    content text;
    size_t most;         /* hits, 1 to 1000 */
    const float *vector; /* the question's, as long as the collection's; NULL: words alone */
    size_t dims;
    str embedder;              /* whose vector it is; empty: nobody says, its length decides */
    struct know_bridge bridge; /* none: the question is the documents' language */
    float weight;              /* of likeness; 0: the default */
    bool without_quotes;       /* spares the look for the best line */
    uint32_t day;              /* of which the answer is to be (day.h); 0: today; DAY_ANY */
    /* Which documents may answer, by their names; scores are as if all could.  NULL: all. */
    bool (*fits)(void *ctx, str doc);
    void *ctx;
};

struct know_hit {
    str doc, title, edition, section, heading, path; /* under `text.label`, as the text */
    content text, quote;
    size_t quote_from, quote_to;   /* in text */
    size_t source_from, source_to; /* of the unit, in the source */
    uint32_t page, page_to;        /* where it begins and ends; 0: the source has no pages */
    uint32_t valid_from, valid_to; /* of the document (day.h); 0: open */
    float score, words, near;      /* both legs and each alone (know/rank.h) */
};

struct know_hits {
    struct know_hit *at;
    size_t count;
    label read; /* join of the labels of all segments that were searched */
    size_t segments, documents, units;
    /* Segments with vectors by another embedder, which were searched by words alone. */
    size_t not_compared;
    float
        known; /* share of the question's words that somebody here wrote, or that a saying tells */
    /* Of the question's vector, with what two pieces share on average taken for 0 and the same for
     * 1: its likeness to the mean of all pieces (is it about what these documents are about?) and
     * to the piece most like it.  Both 0: nothing was compared. */
    float domain, nearest;
};

/* Everything is copied into `a`.  DENIED unless `g` covers the question. */
fallible
know_search(know *k, const grant *g, const struct know_ask *ask, arena *a, struct know_hits *ret);

struct know_stat {
    size_t labels, segments, documents, units, words, vectors;
    size_t dims, waiting;                 /* of the vectors; kept on the way (know_vectors_keep) */
    char embedder[KNOW_EMBEDDER_MAX + 1]; /* whose they are; empty: nobody said; "?": several */
};
/* Of what `g` covers. */
fallible know_stat(know *k, const grant *g, struct know_stat *ret);
