/* SPDX-License-Identifier: EUPL-1.2 */
/* outbox.h - records of the gate that hoheit-log has not answered yet.  For audit/ only.
 *
 * A record gathers in a parcel; the parcel is sent and kept until each of its entries is settled,
 * since a log that died must be told again.  Numbers go up without a gap while a channel lives.
 * Pure but for memory; the loop's thread. */
#pragma once
#include "audit/audit.h"
#include "base/buf.h"

struct waiter {
    audit_done_fn *done; /* NULL: nobody waits, or no longer */
    void *ctx;
    uint64_t since_ms;
    bool is_settled;
};

struct parcel {
    struct parcel *next;
    buf bytes; /* entries (entry.h) */
    struct waiter *at;
    size_t count, room, open;
    uint64_t first; /* number of the first entry */
    bool is_sent;
};

struct outbox {
    struct parcel *first, *last; /* those that were sent come first */
    struct parcel *telling;      /* whose waiters are being told */
    struct parcel *spare;
    uint64_t next;     /* number */
    size_t open, sent; /* entries that are not settled; parcels that were sent */
};

/* LIMIT: no memory, or too large a record. */
fallible outbox_add(struct outbox *o, const struct audit_record *r, audit_done_fn *done, void *ctx);
/* The first that was not sent, NULL if there is none; then outbox_sent. */
struct parcel *outbox_unsent(struct outbox *o);
void outbox_sent(struct outbox *o, struct parcel *p);
/* The channel is gone: all that is open is to be sent again, under new numbers. */
void outbox_again(struct outbox *o);
/* Settles `count` entries from number `first` on, all of one parcel that was sent; NULL if they are
 * not there.  Their waiters are told by outbox_tell, which must follow. */
struct parcel *outbox_settle(struct outbox *o, uint64_t first, uint64_t count);
void outbox_tell(struct outbox *o, struct parcel *p, uint64_t first, uint64_t count, err why);
/* Tells who waits since `before_ms` or longer; their entries stay. */
void outbox_expire(struct outbox *o, uint64_t before_ms, err why);
void outbox_forget(struct outbox *o, const void *ctx);
void outbox_done(struct outbox *o);
