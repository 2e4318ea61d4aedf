/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/queue.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "os/clock.h"
#include "os/file.h"
#include "test.h"
#include "unit/audit/disk.h"

enum { ACKS_MAX = 4096, START_NS = 1000000000 };

/* A queue on a loop and a file, and who was told what. */
struct scene {
    loop *l;
    meters m;
    struct queue q;
    int f;
    int acks[ACKS_MAX]; /* numbers of the waiters in the order they were told */
    enum err_code codes[ACKS_MAX];
    int acked, stop_at;
    uint64_t durable, offset, last_tag;
    int append_in_done;            /* appends so many more from within */
    struct waiter *forget_in_done; /* by waiter 1 */
};

struct waiter {
    struct scene *c;
    int number;
};
static struct waiter waiters[ACKS_MAX];

static void
on_durable(void *ctx, uint64_t tag, uint64_t offset, size_t len)
{
    struct scene *c = ctx;
    CHECK(c->durable == 0 || tag > c->last_tag);
    c->last_tag = tag;
    CHECK_INT(offset, ==, c->offset);
    c->offset += len + 1;
    c->durable++;
}

static struct scene *
scene_new(uint64_t count_max, uint64_t wait_ms_max)
{
    struct scene *c = calloc(1, sizeof *c);
    char path[256];
    snprintf(path, sizeof path, "%s/queue", test_dir());
    c->f = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK_OK(loop_new(&c->l));
    c->q = (struct queue){.l = c->l,
                          .m = &c->m,
                          .count_max = count_max,
                          .wait_ms_max = wait_ms_max,
                          .on_durable = on_durable,
                          .ctx = c};
    CHECK_OK(queue_start(&c->q, c->f, 0, 1));
    return c;
}

static void
scene_free(struct scene *c)
{
    CHECK(queue_close(&c->q));
    queue_free(&c->q);
    loop_free(c->l);
    close(c->f);
    free(c);
}

static err append(struct scene *c, int number);

static void
done(void *ctx, err e)
{
    const struct waiter *w = ctx;
    struct scene *c = w->c;
    c->acks[c->acked] = w->number;
    c->codes[c->acked] = (enum err_code)e.code;
    if (e.code)
        CHECK(str_find(str_of(err_trail()), STR("audit log")) >= 0);
    if (++c->acked == c->stop_at)
        loop_stop(c->l);
    if (c->append_in_done) {
        c->append_in_done--;
        CHECK_OK(append(c, w->number + 1));
    }
    if (c->forget_in_done && w->number == 1)
        queue_forget(&c->q, c->forget_in_done);
}

static err
append(struct scene *c, int number)
{
    ASSERT(number < ACKS_MAX);
    const struct audit_record r = {.event = EVENT_DECISION, .tokens_in = (uint64_t)number};
    waiters[number] = (struct waiter){c, number};
    return queue_append(&c->q, &r, (uint64_t)number, done, &waiters[number]);
}

static void
run_until(struct scene *c, int acks)
{
    c->stop_at = acks;
    if (c->acked < acks)
        loop_run(c->l);
}

static str
content_of_file(const struct scene *c)
{
    static char room[1 << 20];
    const ssize_t n = pread(c->f, room, sizeof room, 0);
    return (str){room, n > 0 ? (size_t)n : 0};
}

static void
check_numbers(const struct scene *c, size_t want)
{
    str all = content_of_file(c), line;
    size_t n = 0;
    while (str_next(&all, '\n', &line) && line.len) {
        char head[64];
        snprintf(head, sizeof head, "{\"seq\":%zu,\"time\":", ++n);
        CHECK(str_starts(line, str_of(head)));
    }
    CHECK_INT(n, ==, want);
}

static int
count_lines(str all)
{
    int n = 0;
    for (size_t i = 0; i < all.len; i++)
        n += all.at[i] == '\n';
    return n;
}

static void
wait_until_stuck(void)
{
    while (!atomic_load(&disk.stuck))
        ;
}

/* ---- in order, in groups */

TEST(what_is_appended_is_durable_when_it_is_acknowledged)
{
    struct scene *c = scene_new(100, 5000);
    for (int i = 0; i < 20; i++) {
        const long syncs = disk.syncs;
        CHECK_OK(append(c, i));
        CHECK_INT(c->acked, ==, i);
        run_until(c, i + 1);
        CHECK_INT(disk.syncs, ==, syncs + 1);
        CHECK_INT(c->durable, ==, i + 1);
        CHECK_INT(content_of_file(c).len, ==, c->offset);
        CHECK_INT(c->codes[i], ==, ERR_OK);
    }
    check_numbers(c, 20);
    CHECK_INT(meter_value(&c->m, METER_AUDIT_RECORDS), ==, 20);
    CHECK_INT(meter_value(&c->m, METER_AUDIT_FLUSH), ==, 20);
    scene_free(c);
}

TEST(what_comes_while_a_group_flies_is_flushed_together_and_in_order)
{
    struct scene *c = scene_new(1000, 5000);
    const long syncs = disk.syncs;
    disk_hold();
    CHECK_OK(append(c, 0));
    wait_until_stuck();
    for (int i = 1; i < 500; i++)
        CHECK_OK(append(c, i));
    CHECK_INT(c->acked, ==, 0);
    disk_release();
    run_until(c, 500);
    CHECK_INT(disk.syncs, ==, syncs + 2);
    for (int i = 0; i < 500; i++)
        CHECK_INT(c->acks[i], ==, i);
    check_numbers(c, 500);
    scene_free(c);
}

TEST(what_a_callback_appends_goes_out_as_one_group)
{
    struct scene *c = scene_new(1000, 5000);
    const long syncs = disk.syncs;
    c->append_in_done = 1;
    CHECK_OK(append(c, 0));
    run_until(c, 1);
    c->append_in_done = 0;
    run_until(c, 2);
    CHECK_INT(disk.syncs, ==, syncs + 2);
    check_numbers(c, 2);
    scene_free(c);
}

TEST(a_chain_of_callbacks_does_not_nest)
{
    struct scene *c = scene_new(1000, 5000);
    c->append_in_done = 300;
    CHECK_OK(append(c, 0));
    run_until(c, 301);
    for (int i = 0; i < 301; i++)
        CHECK_INT(c->acks[i], ==, i);
    scene_free(c);
}

TEST(nobody_need_wait)
{
    struct scene *c = scene_new(1000, 5000);
    const struct audit_record r = {.event = EVENT_START};
    CHECK_OK(queue_append(&c->q, &r, 0, NULL, NULL));
    CHECK_OK(append(c, 1));
    run_until(c, 1);
    check_numbers(c, 2);
    scene_free(c);
}

/* ---- bounds */

TEST(a_full_queue_refuses_and_takes_again_when_it_has_room)
{
    struct scene *c = scene_new(10, 5000);
    disk_hold();
    for (int i = 0; i < 10; i++)
        CHECK_OK(append(c, i));
    wait_until_stuck();
    for (int i = 10; i < 15; i++)
        CHECK_ERR(append(c, i), BUSY);
    CHECK_INT(c->acked, ==, 0);
    disk_release();
    run_until(c, 10);
    for (int i = 0; i < 10; i++)
        CHECK_INT(c->acks[i], ==, i);
    CHECK_OK(append(c, 10));
    run_until(c, 11);
    check_numbers(c, 11);
    scene_free(c);
}

TEST(who_waits_too_long_is_told_busy_once_and_the_record_may_still_come)
{
    struct scene *c = scene_new(100, 10);
    disk_hold();
    for (int i = 0; i < 5; i++)
        CHECK_OK(append(c, i));
    wait_until_stuck();
    run_until(c, 5);
    for (int i = 0; i < 5; i++)
        CHECK_INT(c->codes[i], ==, ERR_BUSY);
    CHECK_INT(c->durable, ==, 0);
    disk_release();
    while (c->durable < 5)
        loop_turn(c->l);
    CHECK_INT(c->acked, ==, 5);
    check_numbers(c, 5);
    scene_free(c);
}

TEST(who_came_later_waits_for_its_own_time)
{
    struct scene *c = scene_new(100, 1000);
    disk_hold();
    clock_fix(START_NS, 0);
    CHECK_OK(append(c, 0));
    wait_until_stuck();
    clock_fix(START_NS + 900000000ull, 0);
    CHECK_OK(append(c, 1));
    clock_fix(START_NS + 1000000000ull, 0);
    run_until(c, 1);
    CHECK_INT(c->acks[0], ==, 0);
    CHECK_INT(c->codes[0], ==, ERR_BUSY);
    disk_release();
    run_until(c, 2);
    CHECK_INT(c->acks[1], ==, 1);
    CHECK_INT(c->codes[1], ==, ERR_OK);
    clock_free();
    scene_free(c);
}

TEST(a_record_too_large_is_refused_and_the_others_go_on)
{
    static char big[64 * 1024];
    struct scene *c = scene_new(100, 5000);
    memset(big, 'x', sizeof big);
    const struct audit_record r = {.event = EVENT_DECISION, .why = {big, sizeof big}};
    CHECK_OK(append(c, 0));
    CHECK_ERR(queue_append(&c->q, &r, 1, done, &waiters[1]), LIMIT);
    CHECK_OK(append(c, 1));
    run_until(c, 2);
    check_numbers(c, 2);
    scene_free(c);
}

TEST(after_a_burst_the_queue_goes_on_with_little_memory)
{
    static char big[20000];
    struct scene *c = scene_new(1000, 5000);
    memset(big, 'x', sizeof big);
    const struct audit_record r = {.event = EVENT_DECISION, .why = {big, sizeof big}};
    for (int round = 0; round < 3; round++) {
        const int acked = c->acked;
        disk_hold();
        for (int i = 0; i < 200; i++) {
            const int number = acked + i;
            waiters[number] = (struct waiter){c, number};
            CHECK_OK(queue_append(&c->q, &r, (uint64_t)number, done, &waiters[number]));
        }
        disk_release();
        run_until(c, acked + 200);
    }
    CHECK_INT(c->durable, ==, 600);
    CHECK_INT(c->q.gathering.lines.room, <=, 1 << 20);
    CHECK_INT(c->q.flying.lines.room, <=, 1 << 20);
    CHECK_INT(c->q.ending.lines.room, <=, 1 << 20);
    CHECK_INT(c->q.numbered.room, <=, 1 << 20);
    scene_free(c);
}

/* ---- failures of the disk */

TEST(a_group_that_fails_leaves_no_gap_and_the_next_one_goes_on)
{
    struct scene *c = scene_new(100, 5000);
    CHECK_OK(append(c, 0));
    run_until(c, 1);
    disk.room = 10;
    CHECK_OK(append(c, 1));
    run_until(c, 2);
    CHECK_INT(c->codes[1], ==, ERR_DISK_FULL);
    CHECK_INT(content_of_file(c).len, ==, c->offset);
    disk.room = -1;
    disk.sync_errno = EIO;
    CHECK_OK(append(c, 2));
    run_until(c, 3);
    CHECK_INT(c->codes[2], ==, ERR_IO);
    disk.sync_errno = 0;
    CHECK_OK(append(c, 3));
    run_until(c, 4);
    CHECK_INT(c->codes[3], ==, ERR_OK);
    check_numbers(c, 2);
    scene_free(c);
}

TEST(what_gathered_behind_a_failed_group_is_not_lost_with_it)
{
    struct scene *c = scene_new(100, 5000);
    disk_hold();
    disk.sync_errno = EIO;
    CHECK_OK(append(c, 7));
    wait_until_stuck();
    CHECK_OK(append(c, 0));
    CHECK_OK(append(c, 1));
    sem_post(&disk.key);
    run_until(c, 1);
    CHECK_INT(c->codes[0], ==, ERR_IO);
    wait_until_stuck();
    disk.sync_errno = 0;
    disk_release();
    run_until(c, 3);
    CHECK_INT(c->codes[1], ==, ERR_OK);
    CHECK_INT(c->codes[2], ==, ERR_OK);
    check_numbers(c, 2);
    scene_free(c);
}

/* ---- forgetting */

TEST(who_was_forgotten_is_not_told_and_the_record_is_kept)
{
    struct scene *c = scene_new(100, 5000);
    disk_hold();
    for (int i = 0; i < 4; i++)
        CHECK_OK(append(c, i));
    wait_until_stuck();
    queue_forget(&c->q, &waiters[0]);
    queue_forget(&c->q, &waiters[2]);
    queue_forget(&c->q, &c);
    disk_release();
    run_until(c, 2);
    CHECK_INT(c->acks[0], ==, 1);
    CHECK_INT(c->acks[1], ==, 3);
    check_numbers(c, 4);
    scene_free(c);
}

TEST(one_waiter_can_forget_another_of_the_same_group)
{
    struct scene *c = scene_new(100, 5000);
    disk_hold();
    for (int i = 0; i < 4; i++)
        CHECK_OK(append(c, i));
    wait_until_stuck();
    c->forget_in_done = &waiters[2];
    disk_release();
    run_until(c, 3);
    CHECK_INT(c->acks[1], ==, 1);
    CHECK_INT(c->acks[2], ==, 3);
    scene_free(c);
}

/* ---- closing */

TEST(closing_flushes_and_tells_and_takes_nothing_more)
{
    struct scene *c = scene_new(100, 5000);
    for (int i = 0; i < 50; i++)
        CHECK_OK(append(c, i));
    CHECK(queue_close(&c->q));
    CHECK_INT(c->acked, ==, 50);
    for (int i = 0; i < 50; i++)
        CHECK_INT(c->codes[i], ==, ERR_OK);
    CHECK_ERR(append(c, 50), CANCELLED);
    check_numbers(c, 50);
    scene_free(c);
}

TEST(closing_an_idle_queue_is_quick)
{
    struct scene *c = scene_new(100, 5000);
    scene_free(c);
}

TEST(a_disk_that_hangs_is_not_waited_for_for_ever)
{
    struct scene *c = scene_new(100, 10);
    disk_hold();
    CHECK_OK(append(c, 0));
    wait_until_stuck();
    CHECK_OK(append(c, 1));
    CHECK(!queue_close(&c->q));
    CHECK_INT(c->acked, ==, 2);
    CHECK_INT(c->codes[0], ==, ERR_BUSY);
    CHECK_INT(c->codes[1], ==, ERR_BUSY);
    loop_free(c->l);
    /* The rest stays with the thread, as the contract says; it ends with the program. */
    static struct scene *kept;
    kept = c;
    CHECK(kept);
    disk_release();
}

/* ---- memory */

/* A fault anywhere: refused at once, or told, or flushed later; never told OK and not there. */
TEST(every_fault_is_told_and_what_was_told_ok_is_there)
{
    long n = 1;
    for (bool fired = true; fired; n++) {
        struct scene *c = scene_new(1000, 2000);
        int taken = 0, told_ok = 0;
        fault_arm(n);
        for (int i = 0; i < 100; i++)
            if (!append(c, taken).code)
                taken++;
        run_until(c, taken);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(c->acked, ==, taken);
        for (int i = 0; i < c->acked; i++)
            told_ok += c->codes[i] == ERR_OK;
        CHECK(fired || told_ok == 100);
        NEED(queue_close(&c->q));
        CHECK_INT(count_lines(content_of_file(c)), >=, told_ok);
        scene_free(c);
    }
    CHECK_INT(n, >, 5);
}
