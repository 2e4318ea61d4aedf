/* SPDX-License-Identifier: EUPL-1.2 */
/* stores_inside.h - what the files of this directory share. */
#pragma once
#include "api/read.h"
#include "api/responses/kept.h"
#include "api/stores/stores_api.h"
#include "base/map.h"
#include "work/stores/stores.h"

enum { STORES_NAME_MAX = 256, STORES_FILES_MAX = 500, STORES_BODY_MAX = 64 * 1024 * 1024 };

/* The letters of fields.def: N, M, F, A, B, L, Q. */
enum stores_route {
    STORES_NEW = 2,
    STORES_CHANGE = 1,
    STORES_FILE = 4,
    STORES_ATTRIBUTES = 16,
    STORES_BATCH = 8,
    STORES_LINE = 32,
    STORES_SEARCH = 64
};
/* The body of a request, with its fields checked against the table. */
fallible stores_body(struct api_call *c, enum stores_route route, jval *ret);
fallible stores_check_fields(const jval *o, enum stores_route route);
const struct stores *stores_of(const struct kept_work *w);
str stores_label(const struct kept_work *w); /* X-Hoheit-Label */

/* ---- files put in, one after the other (store_files.c) */
struct add_one {
    str file, attributes;
    struct kept source, row;
};

struct adding {
    struct kept_work *w;
    str store;
    struct add_one *at;
    size_t count, i;
    bool is_read;                  /* all sources were */
    struct stores_filling filling; /* of the i-th, when it is read in a cell */
    void (*then)(struct kept_work *w);
};

/* Room for as many; *ret->then is called when all are in. */
fallible adding_new(struct kept_work *w, str store, size_t count, struct adding **ret);
/* One more of the list. */
fallible adding_put(struct adding *g, const jval *file, const jval *attributes);
/* "file_ids". */
fallible adding_put_ids(struct adding *g, const jval *list, const jval *attributes);
fallible adding_go(struct adding *g);

/* ---- handlers */
void stores_create(struct api_call *c); /* stores_api.c */
void stores_list(struct api_call *c);
void stores_show(struct api_call *c);
void stores_change(struct api_call *c);
void stores_remove(struct api_call *c);
void stores_search_route(struct api_call *c); /* store_search.c */
void store_files_add(struct api_call *c);     /* store_files.c */
void store_files_list(struct api_call *c);
void store_files_show(struct api_call *c);
void store_files_change(struct api_call *c);
void store_files_remove(struct api_call *c);
void store_files_content(struct api_call *c);
void store_batches_create(struct api_call *c); /* store_batches.c */
void store_batches_show(struct api_call *c);
void store_batches_cancel(struct api_call *c);
void store_batches_files(struct api_call *c);

/* Lists of files, of those that `fits` too when it is set. */
struct store_listing {
    struct kept_work *w;
    str state;   /* empty: all */
    map members; /* of a batch; without entries: all */
    bool is_batch;
};
fallible store_files_begin_list(struct store_listing *l);
void store_files_answer_list(struct kept_work *w);
