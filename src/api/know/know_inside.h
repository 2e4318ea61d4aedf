/* SPDX-License-Identifier: EUPL-1.2 */
/* know_inside.h - what the files of this directory share. */
#pragma once
#include "api/know/know_api.h"
#include "api/responses/kept.h"
#include "crypt/hash.h"
#include "gate/cells/cells.h"
#include "work/library/library.h"

/* One call: what it wants, from the head to its record. */
struct know_want {
    struct know_documents {
        struct know_source *at;
        str *texts;
        size_t count;
    } documents;
    digest all;
    str query, collection;
    int64_t most;
    uint32_t day;
    enum audit_event event;
    cells_job *job; /* the document is being read in a cell */
};

/* A call on a collection that ends in `then`, with its want as `own`. */
struct kept_work *
know_begin(struct api_call *c, enum audit_event event, void (*then)(struct kept_work *w));
/* The collection that the path names. */
fallible know_find(const struct kept_work *w, know **ret);
/* A failure is answered. */
void know_finish(struct kept_work *w, err e);
/* What was changed, on record; then the answer. */
fallible know_record(struct kept_work *w);
str know_label(const struct api_call *c); /* X-Hoheit-Label */
/* Left alone if there is none. */
fallible know_read_day(const jval *object, const char *name, uint32_t *ret);

void know_add_route(struct api_call *c); /* documents.c */
void know_drop_route(struct api_call *c);
