/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/packet.h"

#include <sys/socket.h>
#include <unistd.h>

#include "os/share.h"
#include "os/sys.h"

packet_out
packet_out_for(uint32_t type, uint64_t id, size_t body_len, size_t tail_len)
{
    ASSERT(body_len <= IPC_BODY_MAX);
    const struct ipc_head head = {
        .type = type, .body_len = (uint32_t)body_len, .id = id, .tail_len = tail_len};
    return (packet_out){.head = head};
}

fallible
packet_fill(packet_out *p, const void *body, str tail, int pass)
{
    ASSERT(tail.len == p->head.tail_len && (body || !p->head.body_len));
    if (tail.len > IPC_TAIL_MAX)
        FAIL(LIMIT, "a message of %zu bytes is too large", tail.len);
    const bool large = tail.len > IPC_INLINE_MAX;
    if (large) {
        fd f = -1;
        TRY(share_make("hoheit-message", tail, &f));
        p->fds[p->fd_count++] = f;
        p->has_memfd = true;
    }
    if (pass >= 0)
        p->fds[p->fd_count++] = pass;
    /* sendmsg only reads, but iovec has no const. */
    p->parts[0] = (struct iovec){&p->head, sizeof p->head};
    p->parts[1] = (struct iovec){(void *)(uintptr_t)body, p->head.body_len};
    p->parts[2] = (struct iovec){(void *)(uintptr_t)tail.at, large ? 0 : tail.len};
    return OK;
}

void
packet_out_auto(packet_out *p)
{
    if (p->has_memfd)
        close(p->fds[0]);
    p->has_memfd = false;
}

size_t
packet_len(const packet_out *p)
{
    size_t len = 0;
    for (size_t i = 0; i < PACKET_PARTS; i++)
        len += p->parts[i].iov_len;
    return len;
}

ssize_t
packet_put(int f, struct iovec *parts, size_t part_count, const int *fds, size_t fd_count)
{
    ASSERT(fd_count <= PACKET_FDS_MAX);
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(PACKET_FDS_MAX * sizeof(int))];
    } control = {0};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = part_count};
    if (fd_count) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(&control.head), fds, fd_count * sizeof(int));
    }
    return SYS(sendmsg(f, &m, MSG_DONTWAIT | MSG_NOSIGNAL));
}

bool
packet_is_full(int number)
{
    /* ETOOMANYREFS: too many descriptors under way; it passes when the peer takes some. */
    return number == EAGAIN || number == ETOOMANYREFS;
}

bool
packet_is_lost(int number)
{
    return number == EPIPE || number == ECONNRESET || number == ENOTCONN;
}

fallible
packet_failure(int number)
{
    if (packet_is_lost(number))
        FAIL(ENGINE_LOST, "the other process is gone");
    errno = number;
    return file_errno("send to", "the other process");
}

fallible
packet_check(const struct ipc_head *head, size_t len, size_t fd_count)
{
    if (len < sizeof *head)
        FAIL(PARSE, "message of %zu bytes has no head", len);
    if (head->body_len > IPC_BODY_MAX)
        FAIL(PARSE, "message body of %u bytes", head->body_len);
    if (head->tail_len > IPC_TAIL_MAX)
        FAIL(PARSE, "message tail of %ju bytes", (uintmax_t)head->tail_len);
    const bool large = head->tail_len > IPC_INLINE_MAX;
    const size_t want = sizeof *head + head->body_len + (large ? 0 : (size_t)head->tail_len);
    if (len != want)
        FAIL(PARSE, "message of %zu bytes, announced %zu", len, want);
    if (fd_count < large || fd_count > 1u + large)
        FAIL(PARSE, "message with %zu descriptors", fd_count);
    return OK;
}

void
packet_close_fds(struct packet_in *p)
{
    while (p->fd_count)
        close(p->fds[--p->fd_count]);
}

static void
collect_fds(struct msghdr *m, struct packet_in *p)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        ASSERT(p->fd_count + count <= PACKET_FDS_ROOM);
        memcpy(p->fds + p->fd_count, CMSG_DATA(c), count * sizeof(int));
        p->fd_count += count;
    }
}

ssize_t
packet_get(int f, void *room, struct packet_in *ret)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(PACKET_FDS_ROOM * sizeof(int))];
    } control;
    *ret = (struct packet_in){0};
    struct iovec parts[2] = {{&ret->head, sizeof ret->head}, {room, IPC_ROOM}};
    struct msghdr m = {
        .msg_iov = parts,
        .msg_iovlen = 2,
        .msg_control = &control,
        .msg_controllen = sizeof control,
    };
    const ssize_t n = SYS(recvmsg(f, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
    if (n < 0)
        return n;
    ret->len = (size_t)n;
    ret->cut = m.msg_flags & (MSG_TRUNC | MSG_CTRUNC);
    collect_fds(&m, ret);
    return n;
}

static fallible
map_tail(const struct packet_in *p, str *ret)
{
    str tail;
    TRY(share_map(p->fds[0], p->head.tail_len, &tail));
    if (tail.len != p->head.tail_len) {
        share_unmap(tail);
        FAIL(PARSE, "message tail of %zu bytes, announced %ju", tail.len,
             (uintmax_t)p->head.tail_len);
    }
    *ret = tail;
    return OK;
}

static fallible
open_checked(struct packet_in *p, void *room, struct ipc_message *ret)
{
    if (p->cut)
        FAIL(PARSE, "message was cut");
    TRY(packet_check(&p->head, p->len, p->fd_count));
    const bool large = p->head.tail_len > IPC_INLINE_MAX;
    str tail = {(const char *)room + p->head.body_len, p->head.tail_len};
    if (large) {
        TRY(map_tail(p, &tail));
        close(p->fds[0]);
    }
    const int passed = p->fd_count > large ? p->fds[large] : -1;
    *ret = (struct ipc_message){.head = p->head, .body = room, .tail = tail, .fd = passed};
    return OK;
}

fallible
packet_open(struct packet_in *p, void *room, struct ipc_message *ret)
{
    const err e = open_checked(p, room, ret);
    if (e.code)
        packet_close_fds(p);
    return e;
}
