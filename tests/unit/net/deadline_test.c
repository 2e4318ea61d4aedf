/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/deadline.h"

#include "test.h"

static const uint64_t waits[DEADLINE_KINDS] = {100, 50, 200, 10};

static void
expired(void *owner)
{
    (*(int *)owner)++;
}

TEST(nothing_is_due_when_nothing_is_armed)
{
    struct deadlines all;
    deadlines_init(&all, waits);
    CHECK(deadlines_take(&all, UINT64_MAX) == NULL);
    CHECK(deadlines_next_ms(&all) == UINT64_MAX);
}

TEST(it_is_due_after_its_wait_and_not_a_millisecond_before)
{
    struct deadlines all;
    struct deadline d = {.expired = expired};
    deadlines_init(&all, waits);
    deadline_arm(&all, &d, DEADLINE_BODY, 1000);
    CHECK(deadline_armed(&d));
    CHECK_INT(deadlines_next_ms(&all), ==, 1050);
    CHECK(deadlines_take(&all, 1049) == NULL);
    CHECK(deadlines_take(&all, 1050) == &d);
    CHECK(!deadline_armed(&d));
    CHECK(deadlines_take(&all, 1050) == NULL);
}

TEST(arming_again_begins_the_wait_anew)
{
    struct deadlines all;
    struct deadline d = {.expired = expired};
    deadlines_init(&all, waits);
    deadline_arm(&all, &d, DEADLINE_IDLE, 0);
    deadline_arm(&all, &d, DEADLINE_LINGER, 100);
    CHECK_INT(deadlines_next_ms(&all), ==, 110);
    deadline_disarm(&d);
    deadline_disarm(&d);
    CHECK(deadlines_next_ms(&all) == UINT64_MAX);
}

TEST(an_unknown_kind_of_deadline_and_one_without_an_end_are_not_armed)
{
    struct deadlines all;
    struct deadline d = {.expired = expired};
    deadlines_init(&all, waits);
    CHECK(!deadline_armed(&d));
    deadline_disarm(&d);
    CHECK(deadlines_take(&all, UINT64_MAX) == NULL);
}

/* Against the plain model: a list of times, searched each time. */
TEST(any_order_of_arming_and_disarming_gives_what_a_plain_list_gives)
{
    enum { COUNT = 40, STEPS = 20000 };
    struct deadlines all;
    struct deadline d[COUNT] = {0};
    uint64_t due[COUNT], now = 0;
    deadlines_init(&all, waits);
    for (int i = 0; i < COUNT; i++) {
        d[i].expired = expired;
        due[i] = UINT64_MAX;
    }
    for (int step = 0; step < STEPS; step++) {
        const size_t i = test_random() % COUNT;
        const enum deadline_kind kind = test_random() % DEADLINE_KINDS;
        now += test_random() % 4;
        if (test_random() % 3) {
            deadline_arm(&all, &d[i], kind, now);
            due[i] = now + waits[kind];
        } else {
            deadline_disarm(&d[i]);
            due[i] = UINT64_MAX;
        }
        uint64_t next = UINT64_MAX;
        for (int k = 0; k < COUNT; k++)
            next = due[k] < next ? due[k] : next;
        NEED(deadlines_next_ms(&all) == next);
        struct deadline *taken;
        while ((taken = deadlines_take(&all, now))) {
            NEED(due[taken - d] <= now);
            due[taken - d] = UINT64_MAX;
        }
        for (int k = 0; k < COUNT; k++)
            NEED(due[k] > now);
    }
}
