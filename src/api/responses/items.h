/* SPDX-License-Identifier: EUPL-1.2 */
/* items.h - the items of Responses and conversations: read, given their ids, kept as JSON, and put
 * together to the canonical conversation.
 *
 * An item is checked once, when it comes; what is kept is its normal form, with every member the
 * API shows.  So history that was kept goes the same way as what comes with the request.  Items of
 * types that this version cannot honour are refused by name.  Items of reasoning are kept and
 * shown, and not put before the model again: its template has no place for thoughts of earlier
 * turns. */
#pragma once
#include "api/images.h"
#include "api/tools.h"

struct item {
    str id, json;
};

struct items {
    VEC(struct item) list;
};

/* One item of a request at its place; added to `to` under a new id. */
fallible items_read(arena *a, const jval *v, struct items *to);
/* "input": a text, or a list of items; at most `max`. */
fallible items_read_input(arena *a, const jval *input, size_t max, struct items *to);
/* "msg_…": what an item of this type is called. */
str items_id(arena *a, const char *type);

/* ---- into the conversation */
struct items_talk {
    arena *a;
    struct conv *conv;
    struct tool_turns turns;
    struct images images; /* of the message at hand */
    buf calls;            /* of the last message, as far as they came */
    str last_text;        /* of the last message */
};

void items_begin(struct items_talk *t, arena *a, struct conv *c);
/* An item in its normal form. */
fallible items_put(struct items_talk *t, const struct item *i);
/* ARGUMENT when calls wait for their answer. */
fallible items_end(struct items_talk *t);
void items_done(struct items_talk *t);
