/* SPDX-License-Identifier: EUPL-1.2 */
/* ipc_fuzz.c - any datagram, with any descriptors beside it, against what a receiver checks.
 * Input: one byte says how many descriptors come (0 to 7) and, bit by bit, which of them are
 * sealed memory as large as the datagram says; the rest is the datagram. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz/fuzz.h"
#include "os/packet.h"

enum { FDS = 7, SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static _Alignas(16) char room[IPC_ROOM];

static int
memory(const uint8_t *datagram, size_t len)
{
    struct ipc_head head = {0};
    const int f = memfd_create("fuzz", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (len >= sizeof head)
        memcpy(&head, datagram, sizeof head);
    ASSERT(f >= 0 && ftruncate(f, (off_t)(head.tail_len & 0xFFFFF)) == 0);
    ASSERT(fcntl(f, F_ADD_SEALS, SEALS) == 0);
    return f;
}

static void
send_raw(int to, const uint8_t *datagram, size_t len, const int *fds, size_t count)
{
    struct iovec part = {(void *)(uintptr_t)datagram, len};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(FDS * sizeof(int))];
    } control = {0};
    struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1};
    if (count) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(count * sizeof(int));
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&control.head), fds, count * sizeof(int));
    }
    const ssize_t n = sendmsg(to, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
    ASSERT(n == (ssize_t)len);
}

/* What a message promises its reader. */
static void
look_at(struct ipc_message *m)
{
    unsigned sum = 0;
    ASSERT(m->head.body_len <= IPC_BODY_MAX && m->tail.len == m->head.tail_len);
    for (size_t i = 0; i < m->head.body_len; i++)
        sum += ((const uint8_t *)m->body)[i];
    for (size_t i = 0; i < m->tail.len; i += 512)
        sum += (uint8_t)m->tail.at[i];
    __asm__ volatile("" : : "r"(sum)); /* the bytes are really read */
    if (m->fd >= 0)
        ASSERT(close(m->fd) == 0);
    ipc_release(m);
}

/* The descriptor that the next open would give: the same again when nothing was left open. */
static int
next_fd(int some)
{
    const int f = dup(some);
    ASSERT(f >= 0 && close(f) == 0);
    return f;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int pair[2], fds[FDS];
    struct ipc_message m;
    if (len < 2 || len > IPC_ROOM + 100 || ipc_pair(pair).code)
        return 0;
    const size_t count = data[0] & 7;
    for (size_t i = 0; i < count; i++)
        fds[i] = data[0] >> (3 + i % 5) & 1 ? memory(data + 1, len - 1) : dup(pair[0]);
    send_raw(pair[0], data + 1, len - 1, fds, count);
    const int next = next_fd(pair[0]);
    const err e = ipc_recv_wait(pair[1], 0, room, &m);
    if (!e.code)
        look_at(&m);
    else
        ASSERT(e.code == ERR_PARSE || e.code == ERR_ARGUMENT);
    ASSERT(next_fd(pair[0]) == next);
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
    close(pair[0]);
    close(pair[1]);
    return 0;
}
