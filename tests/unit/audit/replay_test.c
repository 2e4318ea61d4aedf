/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/replay.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "test.h"

/* A book with records 0 … count - 1. */
struct scene {
    loop *l;
    struct params p;
    meters m;
    book *b;
    struct replay r;
};

static struct audit_record
record(uint64_t n)
{
    return (struct audit_record){.event = EVENT_DECISION, .tokens_in = n, .outcome = "ok"};
}

static void
scene_open(struct scene *c, const char *name, uint64_t count)
{
    char dir[256];
    *c = (struct scene){.l = NULL};
    params_default(&c->p);
    snprintf(dir, sizeof dir, "%s/%s", test_dir(), name);
    CHECK_OK(loop_new(&c->l));
    CHECK_OK(book_open(c->l, dir, &c->p, &c->m, &c->b));
    for (uint64_t i = 0; i < count; i++) {
        const struct audit_record r = record(i);
        CHECK_OK(book_append(c->b, &r, NULL, NULL));
    }
    while (book_seq(c->b) < count)
        loop_turn_for(c->l, 2);
}

static void
scene_close(struct scene *c)
{
    replay_clear(&c->r);
    book_close(c->b);
    loop_free(c->l);
}

static bool
has(struct scene *c, uint64_t n)
{
    const struct audit_record r = record(n);
    return replay_has(&c->r, &r);
}

TEST(what_lies_behind_the_last_known_record_is_found_in_order)
{
    struct scene c;
    scene_open(&c, "order", 10);
    NEED_OK(replay_load(&c.r, c.b, 4));
    CHECK(!has(&c, 3));
    for (uint64_t i = 4; i < 10; i++)
        CHECK(has(&c, i));
    CHECK(!has(&c, 9) && !has(&c, 10));
    scene_close(&c);
}

TEST(one_that_is_missing_does_not_hide_the_next)
{
    struct scene c;
    scene_open(&c, "gap", 10);
    NEED_OK(replay_load(&c.r, c.b, 0));
    CHECK(has(&c, 2));
    CHECK(!has(&c, 77));
    CHECK(has(&c, 5));
    CHECK(!has(&c, 3)); /* it lies before */
    CHECK(has(&c, 9));
    scene_close(&c);
}

TEST(with_nothing_behind_it_nothing_is_found)
{
    struct scene c;
    scene_open(&c, "none", 3);
    NEED_OK(replay_load(&c.r, c.b, 3));
    CHECK(!has(&c, 2) && !c.r.count);
    NEED_OK(replay_load(&c.r, c.b, 99));
    CHECK(!has(&c, 2));
    scene_close(&c);
}

TEST(more_than_two_blocks_of_records_are_compared)
{
    struct scene c;
    scene_open(&c, "many", 9000);
    NEED_OK(replay_load(&c.r, c.b, 1));
    for (uint64_t i = 1; i < 9000; i++)
        if (!has(&c, i)) {
            CHECK_INT(i, ==, 9000);
            break;
        }
    scene_close(&c);
}

TEST(a_failure_leaves_nothing_to_compare_with)
{
    struct scene c;
    scene_open(&c, "fault", 600);
    long n = 1;
    for (bool fired = true; fired; n++) {
        fault_arm(n);
        const err e = replay_load(&c.r, c.b, 0);
        fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != 0));
        CHECK_INT(c.r.count, ==, e.code ? 0 : 600);
    }
    fault_arm(1);
    CHECK(!has(&c, 0)); /* then it is written again */
    fault_arm(0);
    scene_close(&c);
}
