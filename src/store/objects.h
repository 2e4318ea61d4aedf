/* SPDX-License-Identifier: EUPL-1.2 */
/* objects.h - what applications left here and come back for: files, responses, conversations and
 * their items, batches and the lines of their results, stores and what is in them.  One row each.
 *
 * A row has a head, which says whose it is and under which label, and a meta, JSON that may hold
 * content: it is sealed (crypt/seal.h) under its owner's key, and its matter's where it has one
 * (subjects.h), together with the head's owner, matter, label and place, so that a row whose label
 * was lowered in the file, or whose meta came from another row, does not open.  A meta is read and
 * written against a grant that covers the label; heads are read without one, to decide.  Who may
 * see what is decided above (gate/keep.h).
 *
 * Rows are numbered in the order they came (seq).  A row past its time is not found;
 * objects_expired tells which are to go.  One thread. */
#pragma once
#include "policy/content.h"
#include "store/db.h"
#include "store/subjects.h"

typedef struct objects objects;

enum object_kind { /* as in the rows, and in query.def */
                   OBJECT_FILE = 1,
                   OBJECT_RESPONSE = 2, /* its parent: the one it goes on with */
                   OBJECT_CONVERSATION = 3,
                   OBJECT_ITEM = 4, /* of a conversation, its parent */
                   OBJECT_BATCH = 5,
                   OBJECT_LINE = 6, /* one result of a batch, its parent */
                   OBJECT_STORE = 7,
                   OBJECT_STORE_FILE = 8,  /* a file in a store, its parent */
                   OBJECT_STORE_BATCH = 9, /* files added to a store, its parent, in one go */
                   OBJECT_WORDS = 10,      /* what was said in a request, its parent; by policy */
                   OBJECT_KINDS
};

struct object {
    int64_t seq; /* set by objects_add */
    enum object_kind kind;
    str id, parent;
    str tenant, owner; /* owner: a key's id */
    label label;
    str state;                                /* a word of the kind's own; no content */
    int64_t created_wall_ms, expires_wall_ms; /* 0: never */
    uint64_t size_bytes;                      /* of its blob */
    str matter; /* the case it was left for, as subjects.h knows it; empty: none */
};

enum { OBJECT_META_MAX = 64 * 1024 * 1024 };

/* `d` and `keys` outlive it. */
fallible objects_open(db *d, subjects *keys, objects **ret);
void objects_free(objects *o);
/* The file they are in, for transactions over several. */
db *objects_db(const objects *o);

/* CONFLICT: the id is taken. */
fallible objects_add(objects *o, const grant *g, struct object *row, str meta);
/* State, time, size, label and meta anew; NOT_FOUND.  The label must cover the old one. */
fallible objects_set(objects *o, const grant *g, const struct object *row, str meta);
/* Only the state, for what has nothing to do with content. */
fallible objects_set_state(objects *o, str id, str state);
/* NOT_FOUND, also past its time.  Strings live in `a`. */
fallible objects_find(objects *o, arena *a, str id, int64_t now_wall_ms, struct object *ret);
/* DENIED when `g` does not cover the label; CORRUPT when it is not what was kept. */
fallible objects_meta(objects *o, arena *a, const grant *g, const struct object *row, str *ret);
/* The row, and the items, lines or files whose parent it is. */
fallible objects_remove(objects *o, str id);

/* The lines whose parent it is. */
fallible objects_remove_lines(objects *o, str id);

struct object_query { /* of an owner, else of a parent, else all of a kind */
    enum object_kind kind;
    str owner, parent;
    int64_t after; /* a seq, not included; 0: from the beginning, or the end when newest first */
    bool newest_first; /* not for all of a kind */
    int64_t now_wall_ms;
};
/* Each head; a failure of `fn` ends the walk and is passed on, CANCELLED ends it well.  `fn` does
 * not change rows, but may read metas. */
typedef err object_fn(void *ctx, const struct object *row);
fallible objects_each(objects *o, arena *a, const struct object_query *q, object_fn *fn, void *ctx);
/* Heads of rows whose time is over, at most OBJECTS_EXPIRED_MAX. */
enum { OBJECTS_EXPIRED_MAX = 64 };
fallible objects_expired(objects *o, arena *a, int64_t now_wall_ms, object_fn *fn, void *ctx);
/* Removes all rows of an owner, of whatever time; `fn` is told of each before, of what lies in
 * something before that.  `a` is emptied. */
fallible objects_erase(objects *o, arena *a, str owner, object_fn *fn, void *ctx);
/* The same for all rows of a matter, whoever owns them. */
fallible objects_erase_matter(objects *o, arena *a, str matter, object_fn *fn, void *ctx);
/* Bytes a tenant's rows and blobs take, but for what policy has kept. */
fallible objects_bytes(objects *o, str tenant, uint64_t *ret);
/* Bytes all rows of a kind take; goes over them all. */
fallible objects_kind_bytes(objects *o, enum object_kind kind, uint64_t *ret);
