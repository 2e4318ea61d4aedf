/* SPDX-License-Identifier: EUPL-1.2 */
/* stores.h - vector stores: collections an application makes of its own files, and searches
 * together with the installation's (work/library).
 *
 * A store, each file in it and each batch of files is a thing that is kept (gate/keep.h): it
 * belongs to a key, has a label, and is as if it were not there for whoever may not see it.  The
 * words of its files are a collection (know/know.h) of the store's name, each file under its own
 * label.  The rows are what counts: a file answers only while its row says "completed", so what an
 * interrupted call left in the collection answers nobody, and a file whose row ran out of time is
 * gone.
 *
 * An id that begins with "vs_" is a store; any other is the name of a collection of the
 * installation, which can be searched here and not changed.
 *
 * Filling and searching take the loop's thread for as long as they take.  One thread. */
#pragma once
#include "gate/cells/cells.h"
#include "gate/keep.h"
#include "work/library/library.h"
#include "work/stores/filter.h"

struct stores {
    gate *gate;
    library *house; /* the installation's */
    library *own;   /* of stores */
};

bool stores_is_own(str id);
/* The id of the row of a file in a store. */
str stores_row(arena *a, str store, str file);

/* ---- what rows say of themselves */
struct store {
    str name, description; /* may be empty */
    str metadata;          /* JSON */
    int64_t days;          /* it may lie idle; 0: for ever */
    int64_t active_ms;     /* last used */
};
fallible store_save(arena *a, const struct store *s, str *ret);
fallible store_load(arena *a, str meta, struct store *ret);
/* Used now: when it may lie idle for some days, they begin anew.  Not more often than once a minute
 * is it noted. */
fallible store_touch(const struct stores *s, arena *a, struct kept *row);

struct store_file {
    str file, name; /* the file's id and name */
    str attributes; /* JSON */
    uint64_t bytes;
    str code, message; /* why it failed; empty: it did not */
};
fallible store_file_save(arena *a, const struct store_file *f, str *ret);
fallible store_file_load(arena *a, str meta, struct store_file *ret);

struct store_counts {
    uint64_t completed, failed, bytes;
};
/* Of the files the call may see. */
fallible stores_count(const struct keep_call *c, str store, struct store_counts *ret);

/* ---- what is in them (fill.c) */
/* Puts the bytes of a file into its store's collection; its row was just kept as "in_progress" and
 * says then how it went: "completed", or "failed" with a reason for what cannot be read. */
fallible stores_fill(const struct stores *s, arena *a, struct kept *row, str bytes);
/* The form of a file, by its name. */
fallible stores_form(arena *a, const struct kept *row, enum doc_form *ret);
/* The same for a form that is read in a cell (gate/cells): `done` is called later, unless the arena
 * ends first.  `f`, and what it points to, live until then; `bytes` need not. */
struct stores_filling {
    const struct stores *s;
    arena *a;
    struct kept *row;
    void (*done)(void *ctx, err e);
    void *ctx;
    /* Inside. */
    cells_job *job;
    uint64_t len;
};
fallible stores_fill_read(struct stores_filling *f, str bytes);
/* Takes its words out, after its row is gone. */
fallible stores_take_out(const struct stores *s, const struct kept *row);
/* Of a store whose row is gone. */
fallible stores_drop(const struct stores *s, str store);
/* A file is removed: it leaves every store of the key. */
fallible stores_forget(const struct stores *s, const struct keep_call *c, str file);

/* ---- searched (search.c) */
enum { STORES_ASK_MAX = 8, STORES_HITS_MAX = 50 };

struct stores_ask {
    const struct keep_call *call; /* its done and ctx are not used */
    const str *ids;
    size_t id_count; /* 1 to STORES_ASK_MAX */
    str query, label_text;
    label floor;                 /* joined to the question's label */
    size_t most;                 /* 1 to STORES_HITS_MAX */
    double least;                /* score, from 0 to 1 */
    const struct filter *filter; /* NULL: none */
};

struct stores_hit {
    str store, file, name, attributes;
    double score; /* from 0 to 1 */
    const struct know_hit *hit;
};

struct stores_found {
    struct stores_hit *at; /* best first */
    size_t count;
    const grant *grant; /* covers all of them */
    label label;        /* of the question and all that was searched */
    str label_text;
};

/* `f` NULL: it failed. */
typedef void stores_found_fn(void *ctx, const struct stores_found *f, err e);
/* Each store read and the search itself are decided and on record before it begins.  ARGUMENT,
 * NOT_FOUND and denials come back here or through `fn`, never both; never from within. */
fallible
stores_search(const struct stores *s, const struct stores_ask *ask, stores_found_fn *fn, void *ctx);
