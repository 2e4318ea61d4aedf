/* SPDX-License-Identifier: EUPL-1.2 */
/* kept.h - what the handlers of this directory share: one call on what is kept (gate/keep.h), lists
 * and pages, and ways to read small things out of requests.
 *
 * A kept_work lives in the exchange's arena.  Its calls on gate/ end in `then`, on the loop; when
 * the client goes away first the arena ends, and `then` is not called. */
#pragma once
#include "api/api.h"
#include "api/openai/openai.h"
#include "gate/keep.h"

struct kept_work {
    struct api_call *call;
    struct keep_call keep; /* for keep_...: ends in `then` */
    void (*then)(struct kept_work *w);
    struct kept one;
    struct kept_list list;
    buf body;
    void *own;
    const char *missing; /* the field to blame when what it names is not there: 400, not 404 */
};

struct kept_work *kept_begin(struct api_call *c, void (*then)(struct kept_work *w));
/* `e` of a keep_ call: a failure is answered. */
void kept_go(struct kept_work *w, err e);
/* 200, JSON of w->body, with the label of what it shows (empty: none). */
void kept_answer(struct kept_work *w, str label_text);
/* {"id":ID,"object":OBJECT,"deleted":true} */
void kept_answer_deleted(struct kept_work *w, str id, const char *object);

/* ---- pages */
enum { KEPT_PAGE_MAX = 100 };
/* limit, order, after of the query; `also` (NULL-ended) is known too. */
fallible kept_read_page(struct api_call *c, const char *const *also, size_t count_default,
                        size_t count_max, struct keep_page *ret);
/* {"object":"list","data":[…],"first_id":…,"last_id":…,"has_more":…} of w->list into w->body. */
void kept_put_list(struct kept_work *w, void (*put)(struct kept_work *w, const struct kept *k));

/* ---- small things */
/* The member as text of the meta; empty if it has none. */
str kept_text(arena *a, const struct kept *k, const char *name);
/* "metadata": at most 16 short texts; as JSON, "{}" when there is none. */
fallible kept_read_metadata(arena *a, const jval *body, str *ret);
void kept_member_time(buf *b, const char *name, int64_t wall_ms); /* seconds; 0: null */
void kept_member_json(buf *b, const char *name, str json);        /* empty: null */

/* ---- handlers, one file each */
void files_begin(struct api_call *c); /* files.c */
void files_data(struct api_call *c, str piece);
void files_add(struct api_call *c);
void files_list(struct api_call *c);
void files_show(struct api_call *c);
void files_content(struct api_call *c);
void files_remove(struct api_call *c);
void responses_create(struct api_call *c); /* answers.c */
void responses_count(struct api_call *c);
void responses_compact(struct api_call *c);
void responses_show(struct api_call *c);
void responses_remove(struct api_call *c);
void responses_cancel(struct api_call *c);
void responses_input(struct api_call *c);
void conversations_create(struct api_call *c); /* conversations.c */
void conversations_show(struct api_call *c);
void conversations_change(struct api_call *c);
void conversations_remove(struct api_call *c);
void conversations_add_items(struct api_call *c);
void conversations_list_items(struct api_call *c);
void conversations_show_item(struct api_call *c);
void conversations_remove_item(struct api_call *c);
void batches_create(struct api_call *c); /* batches.c */
void batches_show(struct api_call *c);
void batches_list(struct api_call *c);
void batches_cancel(struct api_call *c);
void moderations_create(struct api_call *c); /* moderations.c */
