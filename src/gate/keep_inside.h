/* SPDX-License-Identifier: EUPL-1.2 */
/* keep_inside.h - what the files of keep.h share; nobody else includes it. */
#pragma once
#include "gate/inside.h"
#include "gate/keep.h"
#include "store/blobs.h"

struct keep {
    gate *gate;
    subjects *keys;
    objects *objects;
    blobs *blobs;
    loop_timer *sweep;
    uint64_t words_bytes; /* of what policy has kept */
    bool words_counted;   /* false: rows went since it was counted */
    bool words_full;      /* was said */
    keep_erased_fn *on_erased;
    void *erased_ctx;
    int64_t words_day; /* up to it, keys of days were destroyed */
};

fallible keep_new(gate *g, struct keep **ret);
/* NULL is fine. */
void keep_free(struct keep *k);
/* Removes what is past its time; a bounded number a turn. */
void keep_sweep(struct keep *k);
/* Destroys the keys of days that have come (keep_words); goes on from where it was. */
fallible keep_end_days(struct keep *k, int64_t now_wall_ms);

/* One way to use a kind of thing: its operation and how it is recorded. */
enum keep_act { KEEP_ADD, KEEP_READ, KEEP_LIST, KEEP_SET, KEEP_REMOVE, KEEP_ACTS };
struct keep_use {
    enum op op;
    enum audit_event event;
};
struct keep_use keep_use_of(enum object_kind kind, enum keep_act act);

/* Leave to use data of this label, and into `target` (NULL: anything this installation may hold).
 * A denial is recorded and returned. */
fallible keep_leave(const struct keep_call *c, enum op op, label data, const grant **ret);
/* The same, not recorded, with the decision. */
fallible keep_decide(const struct keep_call *c, const struct ask *about, struct decision *d,
                     const grant **ret);
/* Finds what the call may see; else NOT_FOUND, with `d` saying why, for keep_missing. */
fallible keep_find(const struct keep_call *c, enum op op, const struct keep_name *n,
                   struct decision *d, struct kept *ret);
/* How a case is called as an owner of what is kept (subjects.h): a name that no key has. */
enum { MATTER_MAX = 160 };
str keep_matter(str tenant, str case_name, char room[MATTER_MAX]);
/* Is it of no case, or of the call's? */
bool keep_fits_case(const struct keep_call *c, const struct object *row);
/* Opens its meta. */
fallible keep_open_meta(const struct keep_call *c, struct kept *k);

/* May what is labelled `l` be written into it?  A denial is recorded and returned. */
fallible keep_check_mark(const struct keep_call *c, enum op op, const struct object *into, label l);

/* Records that `object` was used; `done` is called when that is durable.  `added`: taken back if
 * it is not. */
fallible keep_record(const struct keep_call *c, struct keep_use u, const struct object *object,
                     const struct object *added);
/* Records that `id` could not be had; `done` is called with NOT_FOUND. */
fallible keep_missing(const struct keep_call *c, enum op op, str id, const struct decision *d);

/* Row of a wish under `label`; refused when the tenant has too much already. */
fallible
keep_row_of(const struct keep_call *c, const struct keep_wish *w, label l, struct object *ret);
fallible keep_parse_label(const struct keep_call *c, str label_text, label floor, label *ret);
str keep_label_text(const struct keep_call *c, label l);
