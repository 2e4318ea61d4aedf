/* SPDX-License-Identifier: EUPL-1.2 */
/* packet.h - one datagram of ipc.h: how a message is laid out for sendmsg(2), and everything that
 * is checked before a message that came is believed.  Nothing here blocks or keeps state.
 * For os/ and its tests. */
#pragma once
#include <sys/uio.h>

#include "os/file.h"
#include "os/ipc.h"

/* PACKET_FDS_ROOM is more than a message may bring, so that one too many is seen, not just cut. */
enum { PACKET_PARTS = 3, PACKET_FDS_MAX = 2, PACKET_FDS_ROOM = 4 };

/* What one sendmsg takes; points to the caller's body and tail.  From packet_out_for on it belongs
 * in an AUTO variable. */
typedef struct packet_out {
    struct ipc_head head;
    struct iovec parts[PACKET_PARTS];
    int fds[PACKET_FDS_MAX];
    size_t fd_count;
    bool has_memfd; /* fds[0] is ours and holds the tail */
} packet_out;

/* What one recvmsg gave. */
struct packet_in {
    struct ipc_head head;
    size_t len, fd_count;
    int fds[PACKET_FDS_ROOM];
    bool cut;
};

/* The head of a message, nothing else set. */
packet_out packet_out_for(uint32_t type, uint64_t id, size_t body_len, size_t tail_len);
/* All the rest; `pass` -1: no descriptor.  LIMIT when the tail is too large. */
fallible packet_fill(packet_out *p, const void *body, str tail, int pass);
void packet_out_auto(packet_out *p);
size_t packet_len(const packet_out *p);
/* As sendmsg, without waiting. */
ssize_t packet_put(int f, struct iovec *parts, size_t part_count, const int *fds, size_t fd_count);
/* What a failed packet_put left in errno: the socket is full; the peer is gone; as an err. */
bool packet_is_full(int number);
bool packet_is_lost(int number);
fallible packet_failure(int number);

/* As recvmsg, without waiting: bytes, 0 at the end, -1 and errno.  `room` has IPC_ROOM bytes. */
ssize_t packet_get(int f, void *room, struct packet_in *ret);
void packet_close_fds(struct packet_in *p);
/* `len` bytes and `fd_count` descriptors came, and `head` is how they begin (not looked at if
 * `len` is smaller).  PARSE says what is wrong. */
fallible packet_check(const struct ipc_head *head, size_t len, size_t fd_count);
/* Checks and opens what came.  Its descriptors are then handed on or, if it fails, closed. */
fallible packet_open(struct packet_in *p, void *room, struct ipc_message *ret);
