/* SPDX-License-Identifier: EUPL-1.2 */
/* audit.h - the record of what was decided and done; logged, then released.
 *
 * audit_append is the one interface.  Behind it stands an append-only file of JSON lines
 * (record.h), flushed in groups by a thread of its own (writer.h): while one group is on its way
 * to the disk the next one gathers, so the rate grows with the load and not with the disk's.
 * `done` runs on the loop when the record is durable, in the order of the appends, and only then
 * may the caller let go of what it permits.  No content and no plain personal data: ids, labels,
 * digests, numbers.
 *
 * Fails closed.  The queue is bounded by audit.queue_max (BUSY); a record that is not durable
 * after audit.wait_ms_max fails its `done` with BUSY (it may yet become durable), a full disk
 * with DISK_FULL, a bad one with IO.  A group that fails is cut off the file again: nothing
 * half-written stays, and the numbers of the records have no gap.
 *
 * Opening reads the end of the file, and what the tree over it was signed for (ledger.h).  A torn
 * last line (crash in the middle of a write) was never acknowledged and is cut off; anything else
 * there that is out of shape is CORRUPT.  The file is locked: a second writer is refused with
 * CONFLICT.
 *
 * Looking up: the places of the latest 65,536 records are kept in memory; older ones are sought
 * in the last 64 MiB of the file.  One thread, the loop's. */
#pragma once
#include "base/meters.h"
#include "base/params.h"
#include "crypt/hash.h"
#include "os/loop.h"
#include "policy/policy.h"

typedef struct audit audit;

enum audit_event {
#define EVENT(id, name, doc) EVENT_##id,
#include "audit/events.def"
#undef EVENT
    EVENT_COUNT
};

struct audit_record {
    enum audit_event event;
    str request_id;
    str key_id, tenant; /* pseudonyms; empty: none */
    str op;             /* op name */
    str label_text;     /* joined label */
    str clearance_text;
    str model, model_sha256;
    const char *decision; /* "allowed", "denied", "" */
    const char *rule;     /* "" : none */
    str why;              /* decision.why or outcome; public sentence */
    str object;           /* what an administrative event was about: a key's or model's name */
    const digest *input, *output; /* NULL: none */
    uint64_t tokens_in, tokens_out, duration_us, first_token_us;
    const char *outcome; /* "ok", "cancelled", error id, "" */
};

typedef void audit_done_fn(void *ctx, err e);

struct event_info {
    const char *id, *name, *doc;
};
const struct event_info *event_info(enum audit_event e);

/* `dir`, made if it is not there, gets "audit.jsonl", mode 0600. */
fallible audit_open(loop *l, const char *dir, const struct params *p, meters *m, audit **ret);
/* Copies what it needs before it returns.  `done` NULL: nobody waits.  On failure `done` is not
 * called.  `done` may append and forget; it must not close. */
fallible audit_append(audit *a, const struct audit_record *r, audit_done_fn *done, void *ctx);
/* Forgets the callback of records that carry this ctx (the waiter is going away). */
void audit_forget(audit *a, void *ctx);
/* Flushes what is queued and calls `done` for it, then ends; appends of these are refused with
 * CANCELLED.  NULL is fine.  Not from a `done`.  A disk that hangs is waited for as long as
 * audit.wait_ms_max. */
void audit_close(audit *a);

/* The tree over the records (ledger.h), and how far into the file they are durable: for who has it
 * follow and its heads signed. */
struct ledger *audit_ledger(audit *a);
uint64_t audit_durable_len(const audit *a);

/* Each record (one JSON object as text, valid until fn returns) of a request that is durable,
 * oldest first.  NOT_FOUND if there is none.  A failure of `fn` ends it and is passed on; `fn` must
 * not call audit_find or audit_tail. */
typedef err audit_fn(void *ctx, str record_json);
fallible audit_find(audit *a, str request_id, audit_fn *fn, void *ctx);
/* The last `count` durable records, at most 1,024, oldest first. */
fallible audit_tail(audit *a, size_t count, audit_fn *fn, void *ctx);
