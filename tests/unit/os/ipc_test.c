/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/ipc.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

enum { MESSAGES = 400, TURNS_MAX = 1000000, QUEUE = 1 << 20 };

static _Alignas(16) char room[IPC_ROOM];
static char bytes[1 << 18];

static int
open_fds(void)
{
    int n = 0;
    loop *l = NULL;
    if (!loop_new(&l).code) /* the first loop of a process opens a pipe that stays */
        loop_free(l);
    DIR *d = opendir("/proc/self/fd");
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n;
}

static void
fill_bytes(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
}

/* Message i is known to both sides: where in `bytes` its parts lie, and whether it brings a
 * descriptor. */
struct plan {
    size_t body_at, body_len, tail_at, tail_len;
    bool passes;
};

static uint64_t
mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static struct plan
plan_of(uint64_t i)
{
    const uint64_t r = mix(i + 1);
    struct plan p = {
        .body_at = r % 1000, .body_len = r / 7 % (IPC_BODY_MAX + 1), .tail_at = r / 11 % 1000};
    static const size_t tails[] = {0, 1, 100, IPC_INLINE_MAX, IPC_INLINE_MAX + 1, 200000};
    p.tail_len = r & 1 ? tails[r / 13 % 6] : r / 17 % (2 * IPC_INLINE_MAX);
    p.passes = r / 19 % 5 == 0;
    return p;
}

static bool
as_planned(const struct ipc_message *m, uint64_t i)
{
    const struct plan p = plan_of(i);
    return m->head.type == (uint32_t)i && m->head.id == i && m->head.body_len == p.body_len &&
           memcmp(m->body, bytes + p.body_at, p.body_len) == 0 && (uintptr_t)m->body % 16 == 0 &&
           str_eq(m->tail, (str){bytes + p.tail_at, p.tail_len}) && (m->fd >= 0) == p.passes;
}

struct side {
    loop *l;
    ipc *c;
    uint64_t sent, taken;
    int ends, wrong, null;
    bool refuse, free_on_message, free_on_end;
};

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    struct side *s = ctx;
    s->wrong += !as_planned(m, s->taken);
    s->taken++;
    if (m->fd >= 0)
        close(m->fd);
    if (s->free_on_message)
        ipc_free(TAKE(s->c));
    return !s->refuse;
}

static void
on_end(void *ctx)
{
    struct side *s = ctx;
    s->ends++;
    if (s->free_on_end)
        ipc_free(TAKE(s->c));
}

static struct ipc_hooks
hooks(struct side *s)
{
    return (struct ipc_hooks){on_message, on_end, s};
}

static err
send_next(struct side *s)
{
    const struct plan p = plan_of(s->sent);
    const err e = ipc_send(s->c, (uint32_t)s->sent, s->sent, bytes + p.body_at, p.body_len,
                           (str){bytes + p.tail_at, p.tail_len}, p.passes ? s->null : -1);
    s->sent += !e.code;
    return e;
}

/* Two channels on one loop; `b` may be given as a raw descriptor instead. */
static bool
pair_up(struct side *a, struct side *b, int *raw)
{
    int pair[2];
    fill_bytes();
    if (loop_new(&a->l).code || ipc_pair(pair).code ||
        ipc_new(a->l, pair[0], QUEUE, hooks(a), &a->c).code)
        return false;
    b->l = a->l;
    if (raw)
        *raw = pair[1];
    else if (ipc_new(a->l, pair[1], QUEUE, hooks(b), &b->c).code)
        return false;
    a->null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return a->null >= 0;
}

static void
part(struct side *a, struct side *b)
{
    ipc_free(a->c);
    ipc_free(b->c);
    loop_free(a->l);
    close(a->null);
}

TEST(messages_of_all_sizes_arrive_equal_and_in_order_although_the_socket_is_full)
{
    const int before = open_fds();
    struct side a = {0}, b = {0};
    int refused = 0;
    size_t most = 0;
    NEED(pair_up(&a, &b, NULL));
    for (int i = 0; i < TURNS_MAX && b.taken < MESSAGES; i++) {
        while (a.sent < MESSAGES) {
            const err e = send_next(&a);
            most = ipc_queued_bytes(a.c) > most ? ipc_queued_bytes(a.c) : most;
            if (e.code) {
                CHECK_INT(e.code, ==, ERR_BUSY);
                refused++;
                break;
            }
        }
        loop_turn(a.l);
    }
    CHECK_INT(b.taken, ==, MESSAGES);
    CHECK_INT(b.wrong, ==, 0);
    CHECK_INT(refused, >, 0);
    CHECK_INT(most, >, QUEUE / 2);
    CHECK_INT(most, <=, QUEUE);
    CHECK_INT(ipc_queued_bytes(a.c), ==, 0);
    CHECK(a.ends == 0 && b.ends == 0);
    part(&a, &b);
    CHECK_INT(open_fds(), ==, before);
}

TEST(a_blocking_peer_in_another_process_sees_the_same)
{
    const int before = open_fds();
    struct side a = {0}, b = {0};
    int raw = -1;
    NEED(pair_up(&a, &b, &raw));
    const pid_t pid = fork();
    if (pid == 0) {
        int wrong = 0;
        for (uint64_t i = 0; i < MESSAGES; i++) {
            struct ipc_message m;
            if (ipc_recv_wait(raw, -1, room, &m).code)
                _exit(100);
            wrong += !as_planned(&m, i);
            if (m.fd >= 0)
                close(m.fd);
            ipc_release(&m);
        }
        const struct plan p = plan_of(0);
        const err e = ipc_send_wait(raw, 0, 0, bytes + p.body_at, p.body_len,
                                    (str){bytes + p.tail_at, p.tail_len}, p.passes ? 0 : -1);
        _exit(e.code ? 101 : wrong > 99 ? 99 : wrong);
    }
    close(raw);
    for (int i = 0; i < TURNS_MAX && a.ends == 0; i++) {
        while (a.sent < MESSAGES && !send_next(&a).code)
            continue;
        loop_turn(a.l);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    CHECK_INT(status, ==, 0);
    CHECK_INT(a.taken, ==, 1);
    CHECK_INT(a.wrong, ==, 0);
    CHECK_INT(a.ends, ==, 1);
    part(&a, &b);
    CHECK_INT(open_fds(), ==, before);
}

TEST(a_killed_peer_ends_the_channel_once_and_sending_then_fails)
{
    struct side a = {0}, b = {0};
    int raw = -1;
    NEED(pair_up(&a, &b, &raw));
    const pid_t pid = fork();
    if (pid == 0) {
        close(raw); /* the parent's copy keeps it open until both are gone */
        pause();
    }
    close(raw);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    for (int i = 0; i < TURNS_MAX && !a.ends; i++)
        loop_turn(a.l);
    for (int i = 0; i < 10; i++)
        loop_turn(a.l);
    CHECK_INT(a.ends, ==, 1);
    CHECK_ERR(send_next(&a), ENGINE_LOST);
    CHECK_INT(ipc_queued_bytes(a.c), ==, 0);
    part(&a, &b);
}

TEST(what_a_peer_sent_before_it_died_still_arrives)
{
    struct side a = {0}, b = {.sent = 0};
    int raw = -1;
    NEED(pair_up(&a, &b, &raw));
    const pid_t pid = fork();
    if (pid == 0) {
        for (uint64_t i = 0; i < 100; i++) {
            const struct plan p = plan_of(i);
            const size_t tail = p.tail_len < 200 ? p.tail_len : 200;
            if (ipc_send_wait(raw, (uint32_t)i, i, bytes + p.body_at, p.body_len,
                              (str){bytes + p.tail_at, tail}, p.passes ? 0 : -1)
                    .code)
                _exit(1);
        }
        _exit(0);
    }
    /* What stays unread in the dying peer's socket is an error to the kernel, not an end. */
    CHECK_OK(send_next(&a));
    close(raw);
    int status = -1;
    /* 100 messages may be more than the socket holds: turn while the peer still writes. */
    while (waitpid(pid, &status, WNOHANG) == 0 && a.taken < 100)
        loop_turn(a.l);
    for (int i = 0; i < TURNS_MAX && !a.ends; i++)
        loop_turn(a.l);
    CHECK_INT(a.taken, ==, 100);
    CHECK_INT(a.ends, ==, 1);
    part(&a, &b);
}

TEST(a_message_the_reader_does_not_want_ends_the_channel)
{
    struct side a = {0}, b = {.refuse = true};
    NEED(pair_up(&a, &b, NULL));
    CHECK_OK(send_next(&a));
    CHECK_OK(send_next(&a));
    for (int i = 0; i < TURNS_MAX && !a.ends; i++)
        loop_turn(a.l);
    CHECK_INT(b.taken, ==, 1);
    CHECK_INT(b.ends, ==, 1);
    CHECK_INT(a.ends, ==, 1);
    part(&a, &b);
}

TEST(a_malformed_datagram_ends_the_channel_once_and_nothing_after_it_is_read)
{
    const struct ipc_head good = {.type = 0};
    struct ipc_head bad[5] = {good, good, good, good, good};
    bad[0].body_len = 1;
    bad[1].body_len = IPC_BODY_MAX + 1;
    bad[2].tail_len = 1;
    bad[3].tail_len = IPC_INLINE_MAX + 1;
    bad[4].tail_len = UINT64_MAX;
    for (int i = 0; i < 6; i++) {
        struct side a = {0}, b = {0};
        int raw = -1;
        NEED(pair_up(&a, &b, &raw));
        const ssize_t n = i < 5 ? send(raw, &bad[i], sizeof bad[i], 0) : send(raw, &good, 11, 0);
        CHECK_INT(n, >, 0);
        CHECK_INT(send(raw, &good, sizeof good, 0), >, 0);
        for (int k = 0; k < 100; k++)
            loop_turn(a.l);
        CHECK_INT(a.taken, ==, 0);
        CHECK_INT(a.ends, ==, 1);
        close(raw);
        part(&a, &b);
    }
}

TEST(an_empty_datagram_is_the_end)
{
    struct side a = {0}, b = {0};
    int raw = -1;
    NEED(pair_up(&a, &b, &raw));
    CHECK_INT(send(raw, "", 0, 0), ==, 0);
    for (int k = 0; k < 100; k++)
        loop_turn(a.l);
    CHECK_INT(a.ends, ==, 1);
    close(raw);
    part(&a, &b);
}

TEST(a_channel_may_be_freed_from_its_own_calls)
{
    struct side a = {.free_on_end = true}, b = {.free_on_message = true};
    NEED(pair_up(&a, &b, NULL));
    CHECK_OK(send_next(&a));
    CHECK_OK(send_next(&a));
    for (int i = 0; i < TURNS_MAX && !a.ends; i++)
        loop_turn(a.l);
    CHECK_INT(b.taken, ==, 1);
    CHECK_INT(b.ends, ==, 0);
    CHECK_INT(a.ends, ==, 1);
    CHECK(a.c == NULL && b.c == NULL);
    part(&a, &b);
}

TEST(freeing_a_channel_drops_what_waits_and_ends_the_peer_after_what_was_sent)
{
    const int before = open_fds();
    struct side a = {0}, b = {0};
    NEED(pair_up(&a, &b, NULL));
    while (!send_next(&a).code)
        continue;
    CHECK_INT(ipc_queued_bytes(a.c), >, 0);
    ipc_free(TAKE(a.c));
    for (int i = 0; i < TURNS_MAX && !b.ends; i++)
        loop_turn(b.l);
    CHECK(b.taken > 0 && b.taken < a.sent);
    CHECK_INT(b.wrong, ==, 0);
    CHECK_INT(b.ends, ==, 1);
    part(&a, &b);
    CHECK_INT(open_fds(), ==, before);
}

TEST(a_large_message_is_busy_when_it_may_not_wait)
{
    int pair[2], sent = 0;
    struct side a = {0};
    fill_bytes();
    NEED_OK(loop_new(&a.l));
    NEED_OK(ipc_pair(pair));
    NEED_OK(ipc_new(a.l, pair[0], 1000, hooks(&a), &a.c));
    err e = OK;
    for (; sent < 1000 && !e.code; sent++)
        e = ipc_send(a.c, 0, 0, NULL, 0, (str){bytes, 40000}, -1);
    CHECK_INT(e.code, ==, ERR_BUSY);
    CHECK_INT(sent, >, 2);
    CHECK_INT(ipc_queued_bytes(a.c), ==, 0);
    CHECK_OK(ipc_send(a.c, 0, 0, NULL, 0, STR("small"), -1));
    CHECK_INT(ipc_queued_bytes(a.c), >, 0);
    ipc_free(a.c);
    loop_free(a.l);
    close(pair[1]);
}

TEST(a_tail_beyond_the_limit_is_refused_and_the_channel_lives)
{
    struct side a = {0}, b = {0};
    NEED(pair_up(&a, &b, NULL));
    CHECK_ERR(ipc_send(a.c, 0, 0, NULL, 0, (str){bytes, (size_t)IPC_TAIL_MAX + 1}, -1), LIMIT);
    CHECK_OK(send_next(&a));
    for (int i = 0; i < TURNS_MAX && !b.taken; i++)
        loop_turn(a.l);
    CHECK_INT(b.wrong, ==, 0);
    part(&a, &b);
}

/* ---- without a loop */

TEST(waiting_ends_when_the_time_is_over)
{
    int pair[2];
    struct ipc_message m;
    NEED_OK(ipc_pair(pair));
    CHECK_ERR(ipc_recv_wait(pair[0], 0, room, &m), BUSY);
    CHECK_ERR(ipc_recv_wait(pair[0], 5, room, &m), BUSY);
    close(pair[0]);
    close(pair[1]);
}

TEST(a_message_is_read_before_the_end_of_its_sender)
{
    int pair[2];
    struct ipc_message m;
    NEED_OK(ipc_pair(pair));
    CHECK_OK(ipc_send_wait(pair[1], 4, 5, "body", 4, STR("tail"), -1));
    close(pair[1]);
    CHECK_OK(ipc_recv_wait(pair[0], -1, room, &m));
    CHECK(m.head.type == 4 && m.head.id == 5 && m.fd == -1);
    CHECK_STR(((str){m.body, m.head.body_len}), STR("body"));
    CHECK_STR(m.tail, STR("tail"));
    ipc_release(&m);
    ipc_release(&m);
    CHECK_ERR(ipc_recv_wait(pair[0], -1, room, &m), ENGINE_LOST);
    CHECK_ERR(ipc_send_wait(pair[0], 4, 5, NULL, 0, STR_NONE, -1), ENGINE_LOST);
    close(pair[0]);
}

TEST(a_malformed_datagram_is_a_parse_error)
{
    int pair[2];
    struct ipc_message m;
    NEED_OK(ipc_pair(pair));
    CHECK_INT(send(pair[1], "short", 5, 0), ==, 5);
    CHECK_ERR(ipc_recv_wait(pair[0], -1, room, &m), PARSE);
    close(pair[0]);
    close(pair[1]);
}

TEST(a_descriptor_that_is_no_socket_is_an_error)
{
    struct ipc_message m;
    CHECK_ERR(ipc_recv_wait(-1, 0, room, &m), IO);
    CHECK_ERR(ipc_send_wait(-1, 0, 0, NULL, 0, STR_NONE, -1), IO);
}

TEST(a_descriptor_that_cannot_be_watched_is_closed_with_the_failure)
{
    loop *l = NULL;
    struct side s = {0};
    ipc *c = NULL;
    NEED_OK(loop_new(&l));
    CHECK_ERR(ipc_new(l, 9999, 100, hooks(&s), &c), IO);
    CHECK(c == NULL);
    ipc_free(c);
    loop_free(l);
}

/* ---- failures */

/* Sends until the socket is full and something waits, then lets it flow. */
static err
talk(struct side *a, struct side *b)
{
    int pair[2] = {-1, -1};
    TRY(ipc_pair(pair));
    err e = ipc_new(a->l, pair[0], 64 * QUEUE, hooks(a), &a->c);
    if (e.code)
        close(pair[1]);
    else
        e = ipc_new(a->l, pair[1], QUEUE, hooks(b), &b->c);
    while (!e.code && a->sent < 40)
        e = send_next(a);
    for (int i = 0; i < 1000 && !e.code && b->taken < a->sent; i++)
        loop_turn(a->l);
    return e;
}

TEST(whatever_fails_is_an_error_or_an_end_and_nothing_leaks_or_changes)
{
    fill_bytes();
    const int before = open_fds();
    bool fired = true;
    for (long n = 1; fired; n++) {
        struct side a = {.null = open("/dev/null", O_RDONLY | O_CLOEXEC)}, b = {0};
        NEED_OK(loop_new(&a.l));
        fault_arm(n);
        const err e = talk(&a, &b);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0 || a.ends || b.ends, ==, fired);
        CHECK_INT(b.wrong, ==, 0);
        CHECK(a.ends < 2 && b.ends < 2);
        part(&a, &b);
        CHECK_INT(open_fds(), ==, before);
        CHECK(n < 2000);
    }
}
