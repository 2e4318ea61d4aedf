/* SPDX-License-Identifier: EUPL-1.2 */
/* audit.h - the record of what was decided and done; logged, then released.
 *
 * audit_append is the one interface.  Behind it stands hoheit-log, the only process that writes
 * the log: records go to it in batches over a channel that hoheitd makes (proto.h), and it answers
 * what is durable.  `done` runs on the loop when the record is durable, in the order of the
 * appends, and only then may the caller let go of what it permits.  No content and no plain
 * personal data: ids, labels, digests, numbers.
 *
 * Digests of what was asked, answered or sent (events decision, egress, completion) are
 * commitments: SHA-256(salt ‖ SHA-256(bytes)), written as "salted:" and 64 digits.  A short prompt
 * could be guessed from its plain digest by whoever has the log, and a log is there to be given
 * away.  The salt is the request's (gate/keep.h), known to nobody who is not told, and destroyed
 * with the data key of whoever asked; until then it shows that given bytes were the ones.  Logs
 * from before hold plain digests, 64 digits; other events still do, of what is no person's words.
 *
 * Fails closed.  What waits is bounded by audit.queue_max (BUSY); a record that is not durable
 * after audit.wait_ms_max fails its `done` with BUSY (it may yet become durable), a full disk
 * with DISK_FULL, a bad one with IO.
 *
 * hoheit-log may die at any time.  Until the next one is there records wait, within these bounds;
 * then those that are open are sent again, in their order, and none is written twice (desk.h).  A
 * record that is larger than 32 KiB is LIMIT.
 *
 * Questions are answered by hoheit-log too, so they end later: `fn` for what there is, then `done`,
 * both on the loop, after audit.wait_ms_max at the latest (BUSY).  One thread, the loop's. */
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
    str targets;          /* where several were considered: what became of each */
    str person, purpose;  /* whose key it is, a pseudonym; what it is for */
    str case_name;        /* of what case it is, a pseudonym too */
    str object;           /* what an administrative event was about: a key's or model's name */
    const digest *input, *output; /* NULL: none */
    const digest *kept;           /* commitment to what is kept of it (gate/words) */
    uint64_t tokens_in, tokens_out, duration_us, first_token_us;
    uint64_t cost_micro_euro, energy_mj; /* what stands in them is said by: */
    const char *cost_by;   /* "usage", "reservation"; "": no outside model, or nobody knows */
    const char *energy_by; /* "rapl", "not measured"; "": no local model */
    const char *outcome;   /* "ok", "cancelled", error id, "" */
};

typedef void audit_done_fn(void *ctx, err e);

struct event_info {
    const char *id, *name, *doc;
};
const struct event_info *event_info(enum audit_event e);

/* Records wait until audit_attach. */
fallible audit_new(loop *l, const struct params *p, meters *m, audit **ret);
/* The gate's end of a channel to hoheit-log; taken over, also when it fails.  A later one takes the
 * place of the one before. */
fallible audit_attach(audit *a, int channel);
/* Called once, when hoheit-log is ready to take records. */
void audit_when_ready(audit *a, loop_fn *fn, void *ctx);
/* Copies what it needs before it returns.  `done` NULL: nobody waits.  On failure `done` is not
 * called.  `done` may append and forget; it must not close. */
fallible audit_append(audit *a, const struct audit_record *r, audit_done_fn *done, void *ctx);
/* Forgets the callbacks of records and questions that carry this ctx (the waiter is going away). */
void audit_forget(audit *a, void *ctx);
/* Has what is queued made durable and calls `done` for it, turning the loop for at most
 * audit.wait_ms_max, then ends; appends of these are refused with CANCELLED.  NULL is fine.  Not
 * from a callback. */
void audit_close(audit *a);

typedef err audit_fn(void *ctx, str json);
/* Each record (one JSON object as text, valid until fn returns) of a request that is durable,
 * oldest first; NOT_FOUND if there is none.  A failure of `fn` ends it and is what `done` gets.
 * When the call itself fails, `done` is not called. */
fallible audit_find(audit *a, str request_id, audit_fn *fn, audit_done_fn *done, void *ctx);
/* The last `count` durable records, at most 1,024, oldest first. */
fallible audit_tail(audit *a, size_t count, audit_fn *fn, audit_done_fn *done, void *ctx);
/* That a request's records are in the tree, as one object: {"checkpoint":note,"leaves":[{"leaf":
 * index,"hashes":[base64,…]},…]} (RFC 9162 section 2.1.3).  Records that were not signed yet have
 * no proof.  NOT_FOUND: no such request, or nothing was signed yet. */
fallible audit_prove(audit *a, str request_id, audit_fn *fn, audit_done_fn *done, void *ctx);
/* "checkpoint", a tile (tiles.h), "cosigned/ID" or "add-checkpoint/SIZE" (cosign.h), its bytes at
 * once. */
fallible audit_file(audit *a, str path, audit_fn *fn, audit_done_fn *done, void *ctx);
/* The last `count` records, at most 1,024, with this member, or all, of a stretch of time:
 * {"records":[…],"complete":bool}, oldest first; not complete: older ones may be missing while the
 * catalog of the log is made anew. */
struct audit_ask {
    str field; /* request, key, object, rule, event or case; empty: any record */
    str value;
    str since, until; /* "2026-03-01T12:00:00.000Z"; empty: no bound */
    size_t count;
};
fallible
audit_query(audit *a, const struct audit_ask *q, audit_fn *fn, audit_done_fn *done, void *ctx);
/* Does an alarm about witnesses stand?  {"alarm":bool,"record":{…}}; the record that raised it.  It
 * stands in the log itself, from "witness.alarm" to "witness.clear". */
fallible audit_alarm(audit *a, audit_fn *fn, audit_done_fn *done, void *ctx);
/* Takes in a checkpoint of ours with the lines of witnesses (cosign.h);
 * {"size":…,"witnesses":[name, …]}.  ARGUMENT: not ours, or not signed by a witness in
 * audit.witnesses.  CORRUPT: an alarm stands, or was raised by this: our key signed it, and this
 * log is another. */
fallible audit_cosign(audit *a, str note, audit_fn *fn, audit_done_fn *done, void *ctx);
/* What could be pruned of entries older than that (prune/prune.h), counted in the background: one
 * object, as far as is known by now. */
fallible
audit_prune(audit *a, int64_t before_wall_ms, audit_fn *fn, audit_done_fn *done, void *ctx);
/* Prunes, in the background, as the record of that request decided; the same object. */
fallible audit_cut(audit *a, str request_id, audit_fn *fn, audit_done_fn *done, void *ctx);
