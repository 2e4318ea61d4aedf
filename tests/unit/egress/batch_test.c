/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/batch.h"

#include <unistd.h>

#include "base/fault.h"
#include "test.h"

struct ends {
    loop *l;
    ipc *c;
    int far;
    struct batch b;
    int ended;
};

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    (void)ctx, (void)m;
    return true;
}

static void
on_end(void *ctx)
{
    ((struct ends *)ctx)->ended++;
}

static bool
ends_open(struct ends *e, size_t queue)
{
    int pair[2];
    *e = (struct ends){.ended = 0};
    const struct ipc_hooks hooks = {.on_message = on_message, .on_end = on_end, .ctx = e};
    if (loop_new(&e->l).code || ipc_pair(pair).code ||
        ipc_new(e->l, pair[0], queue, hooks, &e->c).code)
        return false;
    e->far = pair[1];
    batch_init(&e->b, e->c);
    return true;
}

static void
ends_close(struct ends *e)
{
    batch_done(&e->b);
    ipc_free(e->c);
    close(e->far);
    loop_free(e->l);
}

static _Alignas(16) char room[IPC_ROOM];

static bool
add(struct batch *b, uint32_t type, uint64_t id, str bytes)
{
    char *const at = batch_add(b, type, id, bytes.len);
    if (at && bytes.len)
        memcpy(at, bytes.at, bytes.len);
    return at != NULL;
}

TEST(what_one_turn_says_is_one_message)
{
    struct ends e;
    struct ipc_message m;
    struct frame f;
    str rest;
    NEED(ends_open(&e, 1 << 20));
    CHECK(add(&e.b, 1, 10, STR("a")));
    CHECK(add(&e.b, 2, 20, STR("")));
    CHECK(add(&e.b, 3, 30, STR("eight by")));
    CHECK_OK(batch_flush(&e.b));
    CHECK_OK(batch_flush(&e.b)); /* nothing is sent for nothing */
    NEED_OK(ipc_recv_wait(e.far, 1000, room, &m));
    NEED(batch_open(&m, &rest));
    CHECK(batch_next(&rest, &f) && f.type == 1 && f.id == 10);
    CHECK_STR(f.bytes, STR("a"));
    CHECK(batch_next(&rest, &f) && f.type == 2 && f.id == 20 && f.bytes.len == 0);
    CHECK(batch_next(&rest, &f) && f.type == 3);
    CHECK_STR(f.bytes, STR("eight by"));
    CHECK(!batch_next(&rest, &f) && rest.at);
    CHECK_ERR(ipc_recv_wait(e.far, 0, room, &m), BUSY);
    ends_close(&e);
}

TEST(what_does_not_fit_a_packet_follows_in_the_next_and_the_large_goes_alone)
{
    static char big[IPC_INLINE_MAX * 3], half[IPC_INLINE_MAX / 2 + 1];
    struct ends e;
    struct ipc_message m;
    NEED(ends_open(&e, 1 << 24));
    const size_t sizes[] = {sizeof half, sizeof half, sizeof big, 10};
    for (size_t i = 0; i < 4; i++)
        CHECK(add(&e.b, 1, i, (str){sizes[i] == sizeof big ? big : half, sizes[i]}));
    CHECK_OK(batch_flush(&e.b));
    for (uint64_t i = 0; i < 4; i++) {
        struct frame f;
        str rest;
        NEED_OK(ipc_recv_wait(e.far, 1000, room, &m));
        CHECK(batch_open(&m, &rest) && batch_next(&rest, &f));
        CHECK(f.id == i && f.bytes.len == sizes[i] && !batch_next(&rest, &f) && rest.at);
        ipc_release(&m);
    }
    ends_close(&e);
}

TEST(what_the_channel_does_not_take_is_kept_in_order)
{
    static char bytes[40000];
    struct ends e;
    struct ipc_message m;
    uint64_t next = 0, sent = 0;
    NEED(ends_open(&e, 1000));
    for (; sent < 100; sent++)
        CHECK(add(&e.b, 1, sent, (str){bytes, sizeof bytes}));
    CHECK_ERR(batch_flush(&e.b), BUSY);
    CHECK(e.b.frames > 0);
    for (int i = 0; i < 10000 && next < sent; i++) {
        str rest = STR_NONE;
        struct frame f;
        IGNORE(batch_flush(&e.b));
        (void)loop_turn(e.l);
        if (ipc_recv_wait(e.far, 0, room, &m).code)
            continue;
        CHECK(batch_open(&m, &rest));
        while (batch_next(&rest, &f))
            CHECK_INT(f.id, ==, next++);
        ipc_release(&m);
    }
    CHECK_INT(next, ==, sent);
    ends_close(&e);
}

TEST(there_is_a_limit_and_what_is_there_stays_whole)
{
    struct ends e;
    NEED(ends_open(&e, 1000));
    e.b.channel = NULL;
    CHECK(add(&e.b, 1, 1, STR("first")));
    CHECK(batch_add(&e.b, 1, 2, BATCH_BYTES_MAX) == NULL);
    fault_arm(1);
    CHECK(batch_add(&e.b, 1, 3, 1 << 20) == NULL);
    fault_arm(0);
    CHECK_INT(e.b.frames, ==, 1);
    CHECK(!e.b.out.failed);
    CHECK_ERR(batch_flush(&e.b), ENGINE_LOST);
    e.b.channel = e.c;
    CHECK_OK(batch_flush(&e.b));
    ends_close(&e);
}

TEST(any_bytes_are_taken_apart_or_refused)
{
    for (int run = 0; run < 20000; run++) {
        char bytes[200];
        struct frame f;
        size_t total = 0;
        str rest = {bytes, test_random() % sizeof bytes};
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)(test_random() % 3 ? 0 : test_random());
        const str all = rest;
        while (batch_next(&rest, &f)) {
            total += sizeof(struct egress_frame) + f.bytes.len;
            CHECK(f.bytes.at >= all.at && f.bytes.at + f.bytes.len <= all.at + all.len);
        }
        CHECK_INT(total, <=, all.len);
    }
}

TEST(what_is_taken_off_is_never_more_than_there_is)
{
    str s = STR("abc"), part;
    CHECK(batch_take(&s, 2, &part));
    CHECK_STR(part, STR("ab"));
    CHECK(!batch_take(&s, 2, &part));
    CHECK(batch_take(&s, 1, &part) && batch_take(&s, 0, &part) && !part.len);
    CHECK(!batch_take(&s, SIZE_MAX, &part));
}
