/* SPDX-License-Identifier: EUPL-1.2 */
/* writer.h - a response while it is made and after: its items, its events, its JSON.
 *
 * Parts of the answer go in as the model makes them (engine.h); events come out, each with its
 * number, if somebody wants them.  What was written can be kept and read back, with the places
 * where it was cut into pieces: so the events of a kept response are, number for number and byte
 * for byte, those that were sent when it was made, and a client that lost its stream goes on where
 * it stopped.
 *
 * Items are never open side by side: a part of another item closes the one before. */
#pragma once
#include "api/responses/citations.h"
#include "base/json.h"
#include "base/vec.h"
#include "engine/engine.h"

enum writer_status {
    RESPONSE_QUEUED,
    RESPONSE_RUNNING,
    RESPONSE_COMPLETED,
    RESPONSE_INCOMPLETE,
    RESPONSE_FAILED,
    RESPONSE_CANCELLED
};
const char *writer_status_name(enum writer_status s);

enum writer_kind { WRITER_MESSAGE, WRITER_REASONING, WRITER_CALL, WRITER_SEARCH };

struct writer_cut { /* bytes of one piece: of the text, of the rows of probabilities */
    uint32_t text, logprobs;
};

struct writer_item {
    enum writer_kind kind;
    str id, call_id, name;
    uint32_t call;
    buf text, logprobs;
    str queries, results; /* of a search, JSON; results empty: not shown */
    citation_list notes;  /* of a message */
    VEC(struct writer_cut) cuts;
    bool is_whole;
};

struct writer {
    arena *a;
    size_t limit; /* bytes of one item's text */
    str id, model;
    str echo; /* decode.h */
    int64_t created_s, ended_s;
    bool is_background;
    enum writer_status status;
    str reason; /* why it is incomplete */
    str error_code, error_message;
    VEC(struct writer_item *) items;
    bool is_open; /* the last item */
    struct citation_sources sources;
    uint32_t input_tokens, cached_tokens, output_tokens, reasoning_tokens;
    uint64_t next;                                       /* number of the next event */
    void (*emit)(void *ctx, uint64_t number, str event); /* NULL: nobody wants events */
    void *ctx;
    buf event;
    struct err_kept failure; /* the first: of memory, or of an engine that mixes its calls */
};

/* The fields above are the caller's to set.  Ends with the arena `a`, which `w` too lives in. */
void writer_init(struct writer *w, arena *a, size_t limit);
/* created, queued if it is made in the background, in_progress. */
void writer_begin(struct writer *w);
/* A search that was made: an item of its own, before the parts. */
void writer_search(struct writer *w, str queries, str results);
void writer_part(struct writer *w, const struct engine_piece *p, str text);
/* Nothing more comes; `is_whole`: the last item was not cut. */
void writer_settle(struct writer *w, bool is_whole);
/* The last event, after status and ended_s were set; OK, or the first failure. */
fallible writer_last(struct writer *w);
/* All events, from the first. */
fallible writer_replay(struct writer *w);

/* The response as it stands. */
fallible writer_put(const struct writer *w, buf *b);
/* One of its items in the normal form of items.h. */
void writer_put_item(const struct writer *w, size_t i, buf *b);
/* Members of an object that writer_load reads back. */
void writer_save(const struct writer *w, buf *b);
fallible writer_load(arena *a, const jval *saved, struct writer *ret);
