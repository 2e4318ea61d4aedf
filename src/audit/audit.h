/* SPDX-License-Identifier: EUPL-1.2 */
/* audit.h - the record of what was decided and done; logged, then released.
 *
 * audit_append is the one interface.  Behind it stands an append-only file of JSON lines, flushed
 * in groups by a thread of its own: `done` runs on the loop when the record is durable, and only
 * then may the caller let go of what it permits.  No content and no plain personal data: ids,
 * labels, digests, numbers.
 *
 * Queue bounded by audit.queue_max (BUSY); a record that is not durable after audit.wait_ms_max
 * fails its `done` with BUSY, a full disk with DISK_FULL: the caller then fails closed.  A torn
 * last line (crash in the middle of a write) is cut off at open; anything else out of shape is
 * CORRUPT. */
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

/* `dir` gets "audit.jsonl", mode 0600. */
fallible audit_open(loop *l, const char *dir, const struct params *p, meters *m, audit **ret);
/* Copies what it needs before it returns.  `done` NULL: nobody waits. */
fallible audit_append(audit *a, const struct audit_record *r, audit_done_fn *done, void *ctx);
/* Forgets the callback of records that carry this ctx (the waiter is going away). */
void audit_forget(audit *a, void *ctx);
/* Flushes what is queued, then ends. */
void audit_close(audit *a);

/* Each record (one JSON object as text) of a request, oldest first. NOT_FOUND if there is none. */
typedef err audit_fn(void *ctx, str record_json);
fallible audit_find(audit *a, str request_id, audit_fn *fn, void *ctx);
/* The last `count` records, oldest first. */
fallible audit_tail(audit *a, size_t count, audit_fn *fn, void *ctx);
