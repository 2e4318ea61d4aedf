/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/packet.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/share.h"
#include "test.h"

enum { HEAD = sizeof(struct ipc_head), LARGE = IPC_INLINE_MAX + 1 };

static _Alignas(16) char room[IPC_ROOM];
static char text[IPC_INLINE_MAX + IPC_BODY_MAX];

static int
open_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static struct ipc_head
head(uint32_t body_len, uint64_t tail_len)
{
    return (struct ipc_head){.type = 1, .body_len = body_len, .id = 7, .tail_len = tail_len};
}

TEST(exactly_the_announced_length_is_taken)
{
    for (int i = 0; i < 10000; i++) {
        const uint32_t body = (uint32_t)(test_random() % (IPC_BODY_MAX + 1));
        const uint64_t tail = test_random() % (2 * IPC_INLINE_MAX);
        const struct ipc_head h = head(body, tail);
        const bool large = tail > IPC_INLINE_MAX;
        const size_t want = HEAD + body + (large ? 0 : tail);
        const size_t len = test_random() % 4 ? want : want + test_random() % 3 - 1;
        CHECK_INT(packet_check(&h, len, large).code == 0, ==, len == want);
    }
}

TEST(a_datagram_shorter_than_a_head_is_refused_without_looking_at_it)
{
    for (size_t len = 0; len < HEAD; len++)
        CHECK_ERR(packet_check(NULL, len, 0), PARSE);
}

TEST(each_limit_of_the_head_is_exact)
{
    struct ipc_head h = head(IPC_BODY_MAX, 0);
    CHECK_OK(packet_check(&h, HEAD + IPC_BODY_MAX, 0));
    h = head(IPC_BODY_MAX + 1, 0);
    CHECK_ERR(packet_check(&h, HEAD + IPC_BODY_MAX + 1, 0), PARSE);
    h = head(0, IPC_INLINE_MAX);
    CHECK_OK(packet_check(&h, HEAD + IPC_INLINE_MAX, 0));
    h = head(0, LARGE);
    CHECK_ERR(packet_check(&h, HEAD + LARGE, 1), PARSE);
    h = head(0, IPC_TAIL_MAX);
    CHECK_OK(packet_check(&h, HEAD, 1));
    h = head(0, (uint64_t)IPC_TAIL_MAX + 1);
    CHECK_ERR(packet_check(&h, HEAD, 1), PARSE);
    h = head(UINT32_MAX, 0);
    CHECK_ERR(packet_check(&h, HEAD + (size_t)UINT32_MAX, 0), PARSE);
    h = head(8, UINT64_MAX - 7); /* the sum wraps around to HEAD */
    CHECK_ERR(packet_check(&h, HEAD, 0), PARSE);
}

TEST(descriptors_beyond_the_tails_own_and_one_more_are_refused)
{
    const struct ipc_head small = head(0, 0), large = head(0, LARGE);
    static const bool small_ok[] = {true, true, false, false, false};
    static const bool large_ok[] = {false, true, true, false, false};
    for (size_t n = 0; n < 5; n++) {
        CHECK_INT(packet_check(&small, HEAD, n).code == 0, ==, small_ok[n]);
        CHECK_INT(packet_check(&large, HEAD, n).code == 0, ==, large_ok[n]);
    }
}

/* Sends `h`, then `len` bytes of text, with `fd_count` copies of `f`, past all of our checks. */
static void
send_raw(int to, struct ipc_head h, size_t len, int f, size_t fd_count)
{
    struct iovec parts[2] = {{&h, sizeof h}, {text, len}};
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(16 * sizeof(int))];
    } control = {0};
    struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};
    if (fd_count) {
        m.msg_control = &control;
        m.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        control.head.cmsg_level = SOL_SOCKET;
        control.head.cmsg_type = SCM_RIGHTS;
        control.head.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        for (size_t i = 0; i < fd_count; i++)
            memcpy(CMSG_DATA(&control.head) + i * sizeof f, &f, sizeof f);
    }
    CHECK_INT(sendmsg(to, &m, MSG_NOSIGNAL), ==, sizeof h + len);
}

/* What comes of it at the other side. */
static err
receive(int f, struct ipc_message *ret)
{
    struct packet_in p;
    CHECK(packet_get(f, room, &p) > 0);
    return packet_open(&p, room, ret);
}

static int
memory(size_t len, int seals)
{
    const int f = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    if (ftruncate(f, (off_t)len) != 0 || fcntl(f, F_ADD_SEALS, seals) != 0)
        test_fail(__FILE__, __LINE__, "memory");
    return f;
}

enum { SEALED = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE };

TEST(every_malformed_datagram_is_refused_and_its_descriptors_closed)
{
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int good = memory(LARGE, SEALED), open_memory = memory(LARGE, 0);
    const int small = memory(LARGE - 1, SEALED), big = memory(LARGE + 1, SEALED);
    const struct {
        struct ipc_head head;
        size_t len;
        int f;
        size_t fd_count;
    } rows[] = {
        {head(4, 4), 7, -1, 0},              /* too short */
        {head(4, 4), 9, -1, 0},              /* too long */
        {head(0, 0), 1, -1, 0},              /* not announced */
        {head(4097, 0), 4097, -1, 0},        /* body too large */
        {head(0, LARGE), 0, -1, 0},          /* memory missing */
        {head(0, LARGE), LARGE, good, 1},    /* both inline and memory */
        {head(0, LARGE), 0, null, 1},        /* no memory at all */
        {head(0, LARGE), 0, open_memory, 1}, /* not sealed */
        {head(0, LARGE), 0, small, 1},       /* less than announced */
        {head(0, LARGE), 0, big, 1},         /* more than announced */
        {head(0, LARGE), 0, good, 3},        /* too many */
        {head(0, 0), 0, null, 2},            /* too many */
        {head(0, 0), 0, null, 4},            /* too many */
        {head(0, 0), 0, null, 5},            /* more than there is room for: cut */
        {head(0, 0), 0, null, 16},           /* more than there is room for: cut */
        {head(0, UINT64_MAX), 0, good, 1},   /* beyond everything */
    };
    int pair[2];
    NEED_OK(ipc_pair(pair));
    const int before = open_fds();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ipc_message m = {.fd = 77};
        send_raw(pair[0], rows[i].head, rows[i].len, rows[i].f, rows[i].fd_count);
        CHECK(receive(pair[1], &m).code != 0);
        CHECK_INT(m.fd, ==, 77);
        CHECK_INT(open_fds(), ==, before);
    }
    const int all[] = {null, good, open_memory, small, big, pair[0], pair[1]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        close(all[i]);
}

TEST(a_datagram_larger_than_the_room_is_refused)
{
    int pair[2];
    struct ipc_message m;
    NEED_OK(ipc_pair(pair));
    send_raw(pair[0], head(IPC_BODY_MAX, IPC_INLINE_MAX), sizeof text, -1, 0);
    CHECK_OK(receive(pair[1], &m));
    CHECK_INT(m.tail.len, ==, IPC_INLINE_MAX);
    char more = 0;
    struct ipc_head h = head(IPC_BODY_MAX, IPC_INLINE_MAX);
    struct iovec parts[3] = {{&h, sizeof h}, {text, sizeof text}, {&more, 1}};
    CHECK(packet_put(pair[0], parts, 3, NULL, 0) > 0);
    CHECK_ERR(receive(pair[1], &m), PARSE);
    close(pair[0]);
    close(pair[1]);
}

TEST(a_good_message_keeps_its_parts_and_hands_its_descriptor_on)
{
    static const size_t tails[] = {0, 1, IPC_INLINE_MAX, LARGE, 300000};
    static char bytes[300000];
    int pair[2];
    NEED_OK(ipc_pair(pair));
    const int before = open_fds(), null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)test_random();
    for (size_t i = 0; i < 10; i++) {
        const str tail = {bytes, tails[i / 2]};
        const int pass = i % 2 ? null : -1;
        struct ipc_message m;
        {
            AUTO(packet_out) p = packet_out_for(3, 9, 100, tail.len);
            NEED_OK(packet_fill(&p, bytes + 7, tail, pass));
            CHECK(packet_put(pair[0], p.parts, PACKET_PARTS, p.fds, p.fd_count) > 0);
        }
        NEED_OK(receive(pair[1], &m));
        CHECK(m.head.type == 3 && m.head.id == 9 && m.head.body_len == 100);
        CHECK(memcmp(m.body, bytes + 7, 100) == 0);
        CHECK(str_eq(m.tail, tail));
        CHECK_INT(m.fd >= 0, ==, pass >= 0);
        if (m.fd >= 0)
            close(m.fd);
        ipc_release(&m);
    }
    close(null);
    CHECK_INT(open_fds(), ==, before);
    close(pair[0]);
    close(pair[1]);
}

TEST(a_tail_beyond_the_limit_is_not_sent)
{
    AUTO(packet_out) p = packet_out_for(1, 0, 0, (size_t)IPC_TAIL_MAX + 1);
    CHECK_ERR(packet_fill(&p, NULL, (str){text, (size_t)IPC_TAIL_MAX + 1}, -1), LIMIT);
}

TEST(failures_of_the_socket_are_told_apart)
{
    CHECK(packet_is_full(EAGAIN) && packet_is_full(ETOOMANYREFS) && !packet_is_full(EPIPE));
    CHECK(packet_is_lost(EPIPE) && packet_is_lost(ECONNRESET) && !packet_is_lost(EAGAIN));
    CHECK_ERR(packet_failure(EPIPE), ENGINE_LOST);
    CHECK_ERR(packet_failure(EMSGSIZE), IO);
}
