/* SPDX-License-Identifier: EUPL-1.2 */
/* ipc.h - messages between our processes: inherited SOCK_SEQPACKET pairs, fixed-layout structs,
 * sealed memfd for what is large.  No serialiser: both ends are one build, and the hello carries
 * its version.
 *
 * A message is an ipc_head, a fixed struct the type names, and `tail` bytes.  A tail beyond
 * IPC_INLINE_MAX travels as a memfd and is mapped at the receiver; the callback sees one str
 * either way, valid until it returns.  At most one more descriptor may travel along.
 *
 * Sending never blocks: what the socket does not take is queued up to `queue_bytes_max`; past
 * that ipc_send returns BUSY and the caller decides.  A peer that is gone, or sends a malformed
 * message, ends the channel: on_end is called once, from the loop, and nothing after it.
 * A peer that answers at once is waited for awake (os/quick.h).
 *
 * One thread (the loop's).  Round trip measured: see docs/performance.md. */
#pragma once
#include "base/str.h"
#include "os/loop.h"

enum {
    IPC_INLINE_MAX = 48 * 1024,
    IPC_BODY_MAX = 4096,
    IPC_TAIL_MAX = 1 << 30,
    IPC_ROOM = IPC_INLINE_MAX + IPC_BODY_MAX,
};

struct ipc_head {
    uint32_t type;     /* the protocol's enum */
    uint32_t body_len; /* bytes of the fixed struct */
    uint64_t id;       /* request the message belongs to; 0: none */
    uint64_t tail_len;
};

struct ipc_message {
    struct ipc_head head;
    const void *body; /* body_len bytes, aligned to 16 */
    str tail;
    int fd; /* passed along, the receiver's to close; -1: none */
};

typedef struct ipc ipc;

struct ipc_hooks {
    /* Returns false to end the channel (malformed message). */
    bool (*on_message)(void *ctx, const struct ipc_message *m);
    /* The peer is gone.  ipc_free may be called from here. */
    void (*on_end)(void *ctx);
    void *ctx;
};

/* Two connected descriptors, close-on-exec. */
fallible ipc_pair(int ret[2]);
/* Takes the descriptor over, also when it fails (then it is closed). */
fallible ipc_new(loop *l, int f, size_t queue_bytes_max, struct ipc_hooks hooks, ipc **ret);
/* Drops what is queued.  From any callback; before loop_free.  NULL is fine. */
void ipc_free(ipc *c);
/* `f` -1 for none; it stays the caller's.  BUSY when the queue is full, ENGINE_LOST when the
 * peer is gone (on_end still follows, from the loop), LIMIT when the tail is beyond
 * IPC_TAIL_MAX. */
fallible
ipc_send(ipc *c, uint32_t type, uint64_t id, const void *body, size_t body_len, str tail, int f);
size_t ipc_queued_bytes(const ipc *c);

/* Without a loop, for processes that block on their own (engine threads, tests): the next
 * message into `room` (IPC_ROOM bytes, aligned to 16).  `wait_ms` -1 waits for ever;
 * BUSY when none came in time, ENGINE_LOST when the peer is gone, PARSE when malformed.
 * The tail of a large message must be given back with ipc_release. */
fallible ipc_recv_wait(int f, int wait_ms, void *room, struct ipc_message *ret);
void ipc_release(struct ipc_message *m);
/* Blocks until the socket takes it. */
fallible ipc_send_wait(int f, uint32_t type, uint64_t id, const void *body, size_t body_len,
                       str tail, int pass);
