/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/desk.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/entry.h"
#include "audit/proto.h"
#include "os/ipc.h"
#include "test.h"
#include "unit/audit/disk.h"

/* A desk, and a gate that the test plays message by message. */
struct scene {
    loop *l;
    struct params p;
    meters m;
    book *b;
    desk *d;
    int gate;
    unsigned garbled, lost, broken;
};

static _Alignas(16) char room[IPC_ROOM];

static void
on_garbled(void *ctx)
{
    ((struct scene *)ctx)->garbled++;
}

static void
on_lost(void *ctx)
{
    ((struct scene *)ctx)->lost++;
}

static void
on_broken(void *ctx)
{
    ((struct scene *)ctx)->broken++;
}

static void
connect_gate(struct scene *c)
{
    int pair[2];
    NEED_OK(ipc_pair(pair));
    if (c->gate >= 0)
        close(c->gate);
    c->gate = pair[1];
    NEED_OK(desk_serve(c->d, pair[0]));
}

static struct scene *
scene_open(const char *name)
{
    struct scene *c = calloc(1, sizeof *c);
    char dir[256];
    c->gate = -1;
    params_default(&c->p);
    snprintf(dir, sizeof dir, "%s/%s", test_dir(), name);
    CHECK_OK(loop_new(&c->l));
    CHECK_OK(book_open(c->l, dir, &c->p, &c->m, &c->b));
    CHECK_OK(
        desk_new(c->l, c->b, (struct desk_hooks){on_garbled, on_lost, on_broken, NULL, c}, &c->d));
    connect_gate(c);
    return c;
}

static void
scene_free(struct scene *c)
{
    book_close(c->b);
    desk_free(c->d);
    loop_free(c->l);
    close(c->gate);
    free(c);
}

static void
say(struct scene *c, uint32_t type, const void *body, size_t len, str tail)
{
    CHECK_OK(ipc_send_wait(c->gate, type, 0, body, len, tail, -1));
}

static struct ipc_message
hear(struct scene *c)
{
    struct ipc_message m = {.head = {.type = 0}};
    for (int i = 0; i < 1000; i++) {
        loop_turn_for(c->l, 2);
        if (!ipc_recv_wait(c->gate, 0, room, &m).code)
            return m;
    }
    return m;
}

static void
say_attach(struct scene *c, bool has_seq, uint64_t seq, uint64_t open_to)
{
    const struct log_attach k = {
        .version = LOG_VERSION, .has_seq = has_seq, .seq = seq, .open_to = open_to};
    say(c, LOG_ATTACH, &k, sizeof k, STR_NONE);
}

static void
attach(struct scene *c)
{
    say_attach(c, false, 0, 0);
    CHECK_INT(hear(c).head.type, ==, LOG_ATTACHED);
}

static void
say_entries(struct scene *c, uint64_t first, uint32_t count, uint64_t tokens)
{
    AUTO(buf) b = BUF(1 << 20);
    const struct log_append k = {.first = first, .count = count};
    for (uint32_t i = 0; i < count; i++) {
        const struct audit_record r = {.event = EVENT_DECISION, .tokens_in = tokens + i};
        CHECK_OK(entry_put(&b, &r));
    }
    say(c, LOG_APPEND, &k, sizeof k, buf_str(&b));
}

static struct log_done
hear_done(struct scene *c)
{
    struct log_done k = {.code = UINT32_MAX};
    const struct ipc_message m = hear(c);
    CHECK_INT(m.head.type, ==, LOG_DONE);
    if (m.head.body_len == sizeof k)
        memcpy(&k, m.body, sizeof k);
    return k;
}

static void
ends_by(struct scene *c, uint32_t type, const void *body, size_t len, str tail)
{
    struct ipc_message m;
    const unsigned before = c->garbled;
    say(c, type, body, len, tail);
    for (int i = 0; i < 10; i++)
        loop_turn_for(c->l, 2);
    CHECK_INT(c->garbled, ==, before + 1);
    CHECK_ERR(ipc_recv_wait(c->gate, 0, room, &m), ENGINE_LOST);
    connect_gate(c);
}

TEST(a_batch_is_one_group_and_is_answered_as_one)
{
    struct scene *c = scene_open("batch");
    attach(c);
    const long before = atomic_load(&disk.syncs);
    say_entries(c, 100, 50, 0);
    const struct log_done k = hear_done(c);
    CHECK(k.first == 100 && k.count == 50 && k.code == ERR_OK && k.seq == 50);
    CHECK_INT(atomic_load(&disk.syncs), ==, before + 1);
    scene_free(c);
}

TEST(a_record_that_is_too_large_once_it_is_written_fails_alone)
{
    static char quotes[20000];
    AUTO(buf) b = BUF(1 << 20);
    const struct log_append k = {.first = 1, .count = 5};
    struct scene *c = scene_open("alone");
    enum err_code codes[5];
    memset(quotes, '"', sizeof quotes);
    attach(c);
    for (int i = 0; i < 5; i++) {
        struct audit_record r = {.event = EVENT_DECISION};
        if (i == 2)
            r.object = (str){quotes, sizeof quotes};
        CHECK_OK(entry_put(&b, &r));
    }
    say(c, LOG_APPEND, &k, sizeof k, buf_str(&b));
    for (uint64_t told = 0; told < 5;) {
        const struct log_done done = hear_done(c);
        NEED(done.count && done.first + done.count <= 6);
        for (uint64_t i = 0; i < done.count; i++)
            codes[done.first - 1 + i] = (enum err_code)done.code;
        told += done.count;
    }
    for (int i = 0; i < 5; i++)
        CHECK_INT(codes[i], ==, i == 2 ? ERR_LIMIT : ERR_OK);
    scene_free(c);
}

TEST(nothing_but_what_was_agreed_is_taken)
{
    static const struct log_attach wrong = {.version = LOG_VERSION + 1};
    static const struct log_read read = {.kind = LOG_TAIL, .count = 1};
    static const struct log_append append = {.first = 1, .count = 1},
                                   none = {.first = 1, .count = 0},
                                   over = {.first = UINT64_MAX, .count = 1};
    AUTO(buf) b = BUF(1 << 16);
    const struct audit_record r = {.event = EVENT_DECISION};
    struct scene *c = scene_open("garbled");
    NEED_OK(entry_put(&b, &r));
    ends_by(c, LOG_ATTACH, &wrong, sizeof wrong, STR_NONE);
    ends_by(c, LOG_ATTACH, &wrong, 3, STR_NONE);
    ends_by(c, LOG_READ, &read, sizeof read, STR_NONE); /* before ATTACH */
    ends_by(c, LOG_APPEND, &append, sizeof append, buf_str(&b));
    attach(c);
    ends_by(c, LOG_ATTACH, &wrong, sizeof wrong, STR_NONE);
    attach(c);
    ends_by(c, 4711, NULL, 0, STR_NONE);
    attach(c);
    ends_by(c, LOG_APPEND, &append, sizeof append, STR_NONE);
    attach(c);
    ends_by(c, LOG_APPEND, &append, sizeof append, str_slice(buf_str(&b), 0, b.len - 1));
    attach(c);
    ends_by(c, LOG_APPEND, &none, sizeof none, STR_NONE);
    attach(c);
    ends_by(c, LOG_APPEND, &over, sizeof over, buf_str(&b));
    attach(c);
    ends_by(c, LOG_READ, &read, sizeof read - 1, STR_NONE);
    NEED_OK(entry_put(&b, &r));
    attach(c);
    ends_by(c, LOG_APPEND, &append, sizeof append, buf_str(&b)); /* one more than it says */
    CHECK_INT(c->lost, ==, c->garbled);
    CHECK_INT(c->broken, ==, 0);
    scene_free(c);
}

TEST(an_unknown_question_is_answered_with_a_refusal)
{
    static const struct log_read read = {.kind = 99};
    struct scene *c = scene_open("unknown");
    struct log_answer k = {.code = 0};
    attach(c);
    say(c, LOG_READ, &read, sizeof read, STR_NONE);
    const struct ipc_message m = hear(c);
    CHECK_INT(m.head.type, ==, LOG_ANSWER);
    memcpy(&k, m.body, sizeof k);
    CHECK_INT(k.code, ==, ERR_ARGUMENT);
    scene_free(c);
}

TEST(a_new_gate_is_attached_when_what_the_old_one_sent_is_settled)
{
    struct scene *c = scene_open("waits");
    struct log_attached k = {.seq = 0};
    struct ipc_message m;
    attach(c);
    disk_hold();
    say_entries(c, 1, 3, 0);
    for (int i = 0; i < 5; i++)
        loop_turn_for(c->l, 2);
    connect_gate(c);
    say_attach(c, false, 0, 0);
    for (int i = 0; i < 5; i++)
        loop_turn_for(c->l, 2);
    CHECK_ERR(ipc_recv_wait(c->gate, 0, room, &m), BUSY);
    disk_release();
    m = hear(c);
    CHECK_INT(m.head.type, ==, LOG_ATTACHED);
    memcpy(&k, m.body, sizeof k);
    CHECK_INT(k.seq, ==, 3);
    scene_free(c);
}

TEST(what_is_sent_again_is_answered_and_not_written_twice_and_what_is_new_is_written)
{
    struct scene *c = scene_open("again");
    attach(c);
    say_entries(c, 1, 4, 0);
    CHECK_INT(hear_done(c).count, ==, 4);
    connect_gate(c);
    say_attach(c, true, 1, 6); /* it heard of the first alone; entries 4 to 6 are open */
    CHECK_INT(hear(c).head.type, ==, LOG_ATTACHED);
    say_entries(c, 3, 4, 1); /* 1, 2, 3 are there, 4 is not */
    for (uint64_t n = 3; n < 6; n++) {
        const struct log_done k = hear_done(c);
        CHECK(k.first == n && k.count == 1 && k.code == ERR_OK);
    }
    const struct log_done last = hear_done(c);
    CHECK(last.first == 6 && last.count == 1 && last.seq == 4); /* of the last one found */
    say_entries(c, 7, 1, 4);                                    /* says what is there, but is new */
    CHECK_INT(hear_done(c).seq, ==, 6);
    scene_free(c);
}

/* A log that dies between two answers: the gate may have heard of the first only. */
TEST(an_answer_names_no_record_behind_one_that_was_not_answered)
{
    struct scene *c = scene_open("between");
    const struct audit_record ours = {.event = EVENT_LOG_LOST};
    attach(c);
    disk_hold(); /* so that the two go as one group behind the one that flies */
    CHECK_OK(book_append(c->b, &ours, NULL, NULL));
    say_entries(c, 1, 2, 0);
    say_entries(c, 3, 2, 2);
    for (int i = 0; i < 5; i++)
        loop_turn_for(c->l, 2);
    disk_release();
    CHECK_INT(hear_done(c).seq, ==, 3);
    CHECK_INT(hear_done(c).seq, ==, 5);
    CHECK_OK(book_append(c->b, &ours, NULL, NULL));
    while (book_seq(c->b) < 6)
        loop_turn_for(c->l, 2);
    connect_gate(c);
    say_attach(c, true, 2, 4); /* it heard of entry 1 alone, which is record 2 */
    CHECK_INT(hear(c).head.type, ==, LOG_ATTACHED);
    say_entries(c, 2, 3, 1);
    for (uint64_t seq = 3; seq < 6; seq++)
        CHECK_INT(hear_done(c).seq, ==, seq);
    say_entries(c, 5, 1, 9);
    CHECK_INT(hear_done(c).seq, ==, 7);
    scene_free(c);
}

TEST(a_gate_that_goes_away_is_told_and_its_entries_are_written)
{
    struct scene *c = scene_open("away");
    attach(c);
    say_entries(c, 1, 5, 0);
    close(c->gate);
    c->gate = -1;
    while (book_seq(c->b) < 5 || !c->lost)
        loop_turn_for(c->l, 2);
    CHECK_INT(c->garbled, ==, 0);
    connect_gate(c);
    attach(c);
    scene_free(c);
}
