/* SPDX-License-Identifier: EUPL-1.2 */
/* book.h - the log's files, opened by the one process that writes them (hoheit-log).
 *
 * An append-only file of JSON lines (record.h), flushed in groups by a thread of its own
 * (writer.h): while one group is on its way to the disk the next one gathers, so the rate grows
 * with the load and not with the disk's.  `done` runs on the loop when the record is durable, in
 * the order of the appends.
 *
 * The queue is bounded by audit.queue_max (BUSY); a record that is not durable after
 * audit.wait_ms_max fails its `done` with BUSY (it may yet become durable), a full disk with
 * DISK_FULL, a bad one with IO.  A group that fails is cut off the file again: nothing
 * half-written stays, and the numbers of the records have no gap.
 *
 * Opening reads the end of the file, and what the tree over it was signed for (ledger.h).  A torn
 * last line (crash in the middle of a write) was never acknowledged and is cut off; anything else
 * there that is out of shape is CORRUPT.  The file is locked: a second writer is refused with
 * CONFLICT.
 *
 * Looking up: the places of the latest 65,536 records are kept in memory, those of older ones in a
 * catalog (catalog/catalog.h) that is made from the file in the background.  What the catalog does
 * not cover yet is read, at most 64 MiB back; of what was pruned (retain/floor.h), the records that
 * were held.  Whatever says where a record lies, the record there is looked at.  One thread, the
 * loop's. */
#pragma once
#include "audit/audit.h"
#include "audit/catalog/catalog.h"

typedef struct book book;

/* `dir`, made if it is not there, gets "audit.jsonl", mode 0600. */
fallible book_open(loop *l, const char *dir, const struct params *p, meters *m, book **ret);
/* Copies what it needs before it returns.  `done` NULL: nobody waits.  On failure `done` is not
 * called.  `done` may append and forget; it must not close. */
fallible book_append(book *b, const struct audit_record *r, audit_done_fn *done, void *ctx);
/* Between these two nothing is sent to the disk: what is appended goes as one group. */
void book_hold(book *b);
void book_release(book *b);
/* Forgets the callback of records that carry this ctx (the waiter is going away). */
void book_forget(book *b, void *ctx);
/* Flushes what is queued and calls `done` for it, then ends; appends of these are refused with
 * CANCELLED.  NULL is fine.  Not from a `done`.  A disk that hangs is waited for as long as
 * audit.wait_ms_max. */
void book_close(book *b);

/* The tree over the records (ledger.h), and how far into the file they are durable: for who has it
 * follow and its heads signed. */
struct ledger *book_ledger(book *b);
uint64_t book_durable_len(const book *b);
/* The number of the last record that is durable, 0 if there is none; of the last one whose `done`
 * was called since opening, 0 if none was; what the last flush took. */
uint64_t book_seq(const book *b);
uint64_t book_told_seq(const book *b);
uint64_t book_flush_us(const book *b);
/* audit.jsonl; what is durable of it may be read, and its front be pruned (prune/prune.h). */
int book_file(const book *b);
/* The directory of the tiles. */
const char *book_log_dir(const book *b);
const catalog *book_catalog(const book *b);

/* Each record (one JSON object as text, valid until fn returns) of a request that is durable,
 * oldest first.  NOT_FOUND if there is none.  A failure of `fn` ends it and is passed on; `fn` must
 * not look up itself. */
fallible book_find(book *b, str request_id, audit_fn *fn, void *ctx);
/* The last `count` durable records, at most 1,024, oldest first. */
fallible book_tail(book *b, size_t count, audit_fn *fn, void *ctx);
/* Records that have this member, or all, from a stretch of time. */
struct book_ask {
    enum term_field field; /* TERM_FIELDS: any record */
    str value;
    str since,
        until;    /* as in a record, "2026-03-01T12:00:00.000Z"; empty: no bound.  [since, until) */
    size_t count; /* the latest so many, at most 1,024 */
};
/* Oldest first.  *ret_is_all: false when the catalog is being made and some older ones may be
 * missing.  ARGUMENT for a bound that is no time. */
fallible book_query(book *b, const struct book_ask *q, audit_fn *fn, void *ctx, bool *ret_is_all);
/* All records behind number `seq`, oldest first; LIMIT when that is more than `count_max`. */
fallible book_since(book *b, uint64_t seq, size_t count_max, audit_fn *fn, void *ctx);
