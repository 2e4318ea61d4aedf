/* SPDX-License-Identifier: EUPL-1.2 */
/* queue.h - records on their way to the disk.  For audit/ only.
 *
 * A record gathers in a group; when the writer is free the group flies, and the next one gathers
 * meanwhile; when the flush is back the group ends: its callbacks run, in the order of the
 * appends.  Lines get their numbers when they fly, so a group that fails leaves no gap.
 *
 * Loop's thread only; the thread of writer.h sees nothing but the bytes of a flush. */
#pragma once
#include "audit/audit.h"
#include "audit/writer.h"

/* A record that waits. */
struct entry {
    audit_done_fn *done; /* NULL: nobody waits, or no longer */
    void *ctx;
    uint64_t since_ms;
    uint64_t tag; /* of queue_append, for on_durable */
    size_t len;   /* of its line, without number */
};

struct group {
    buf lines;
    struct entry *at;
    size_t count, room;
};

typedef void durable_fn(void *ctx, uint64_t tag, uint64_t offset, size_t len);

struct queue {
    loop *l;
    meters *m;
    loop_watch *watch;
    loop_timer *timer;      /* runs while something waits */
    uint64_t len, next_seq; /* of what is durable */
    uint64_t took_us;       /* by the last flush */
    uint64_t ending_from;   /* number of the first record of the group that ends */
    uint64_t told_seq;      /* of the last record whose `done` was called, 0: none yet */
    uint64_t count_max, wait_ms_max;
    struct group gathering, flying, ending;
    buf numbered; /* what the flush holds */
    struct flush flush;
    struct writer writer;
    durable_fn *on_durable;
    void *ctx;
    bool is_delivering, is_held, is_closing;
};

/* The file `f` has `len` good bytes, the next record gets `next_seq`.  `on_durable` is told where
 * each record came to lie, before its `done`.  On failure queue_free is still to be called. */
fallible queue_start(struct queue *q, int f, uint64_t len, uint64_t next_seq);
fallible queue_append(struct queue *q, const struct audit_record *r, uint64_t tag,
                      audit_done_fn *done, void *ctx);
/* Between these two nothing is sent off, so that what is appended goes as one group. */
void queue_hold(struct queue *q);
void queue_release(struct queue *q);
void queue_forget(struct queue *q, const void *ctx);
/* Refuses appends from now on and flushes; what still waits then is told that it failed.  False
 * when the writer hangs: it was abandoned, and the queue and its file must stay. */
bool queue_close(struct queue *q);
void queue_free(struct queue *q);
