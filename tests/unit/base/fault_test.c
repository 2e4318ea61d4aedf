/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/fault.h"

#include <pthread.h>
#include <stdatomic.h>

#include "test.h"

enum { ASKS = 1000, THREADS = 4 };

TEST(what_was_never_armed_never_fires)
{
    fault_arm(0);
    for (int i = 0; i < ASKS; i++)
        CHECK(!fault_now());
    CHECK(!fault_fired());
}

TEST(exactly_the_nth_ask_fails)
{
    for (int n = 1; n < 50; n++) {
        fault_arm(n);
        for (int i = 1; i < 100; i++) {
            CHECK(fault_now() == (i == n));
            CHECK(fault_fired() == (i >= n));
        }
    }
    fault_arm(0);
}

TEST(a_fault_beyond_the_last_ask_has_not_fired)
{
    fault_arm(3);
    CHECK(!fault_now() && !fault_now());
    CHECK(!fault_fired());
    fault_arm(0);
    CHECK(!fault_now());
}

TEST(a_negative_number_disarms)
{
    fault_arm(-1);
    CHECK(!fault_now() && !fault_fired());
}

TEST(arming_again_forgets_what_fired)
{
    fault_arm(1);
    CHECK(fault_now() && fault_fired());
    fault_arm(5);
    CHECK(!fault_fired());
    fault_arm(0);
}

TEST(what_is_left_counts_the_asks)
{
    fault_arm(1000000);
    for (int i = 0; i < 50; i++) {
        CHECK_INT(fault_left(), ==, 1000000 - i);
        CHECK(!fault_now());
    }
    fault_arm(0);
    CHECK_INT(fault_left(), ==, 0);
    CHECK(!fault_now());
    CHECK_INT(fault_left(), ==, 0);
}

TEST(memory_fails_when_the_fault_fires)
{
    fault_arm(1);
    CHECK(mem_get(16) == NULL);
    void *p = mem_get(16);
    NEED(p);
    memset(p, 7, 16);
    fault_arm(1);
    CHECK(mem_grow(p, 32) == NULL);
    CHECK_INT(((unsigned char *)p)[15], ==, 7);
    p = mem_grow(p, 32);
    NEED(p);
    CHECK_INT(((unsigned char *)p)[15], ==, 7);
    mem_free(p);
    mem_free(NULL);
    fault_arm(0);
}

TEST(no_bytes_are_still_a_place)
{
    void *p = mem_get(0);
    NEED(p);
    p = mem_grow(p, 0);
    CHECK(p != NULL);
    mem_free(p);
}

static atomic_int failures;

static void *
ask(void *unused)
{
    (void)unused;
    for (int i = 0; i < ASKS; i++)
        failures += fault_now();
    return NULL;
}

TEST(many_threads_count_together)
{
    pthread_t t[THREADS];
    failures = 0;
    fault_arm(THREADS * ASKS / 2);
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&t[i], NULL, ask, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_join(t[i], NULL) == 0);
    CHECK_INT(failures, ==, 1);
    CHECK(fault_fired());
    fault_arm(0);
}
