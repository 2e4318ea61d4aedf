/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/quick.h"

#include "test.h"

/* One question and its answer; what was lingered for. */
static uint64_t
trip(struct quick *q, uint64_t took_ns)
{
    const uint64_t ns = quick_ask(q, 1000);
    quick_answer(q, 1000 + took_ns);
    return ns;
}

static struct quick
after_quick_ones(int n)
{
    struct quick q = {0};
    for (int i = 0; i < n; i++)
        CHECK_INT(trip(&q, QUICK_NS), ==, 0);
    return q;
}

TEST(a_peer_that_was_quick_often_enough_is_waited_for_awake)
{
    struct quick q = after_quick_ones(QUICK_MIN);
    for (int i = 0; i < 100; i++)
        CHECK_INT(trip(&q, QUICK_LINGER_NS), ==, QUICK_LINGER_NS);
}

TEST(one_less_is_not_enough)
{
    struct quick q = after_quick_ones(QUICK_MIN - 1);
    CHECK_INT(quick_ask(&q, 1000), ==, 0);
}

TEST(a_slow_answer_among_quick_ones_begins_the_count_anew)
{
    struct quick q = after_quick_ones(QUICK_MIN - 1);
    trip(&q, QUICK_NS + 1);
    for (int i = 0; i < QUICK_MIN; i++)
        CHECK_INT(trip(&q, 0), ==, 0);
    CHECK_INT(trip(&q, 0), ==, QUICK_LINGER_NS);
}

TEST(one_wait_in_vain_ends_it_though_the_answer_would_have_begun_it)
{
    struct quick q = after_quick_ones(QUICK_MIN);
    CHECK_INT(trip(&q, QUICK_LINGER_NS + 1), ==, QUICK_LINGER_NS);
    for (int i = 0; i < QUICK_MIN; i++)
        CHECK_INT(trip(&q, QUICK_LINGER_NS + 1), ==, 0);
}

TEST(the_first_of_several_questions_counts)
{
    struct quick q = after_quick_ones(QUICK_MIN);
    quick_ask(&q, 1000);
    quick_ask(&q, 1000 + QUICK_LINGER_NS);
    quick_answer(&q, 1001 + QUICK_LINGER_NS);
    CHECK_INT(quick_ask(&q, 5000000), ==, 0);
}

TEST(what_comes_unasked_teaches_nothing)
{
    struct quick q = {0};
    for (int i = 0; i < 2 * QUICK_MIN; i++)
        quick_answer(&q, 1);
    CHECK_INT(quick_ask(&q, 1000), ==, 0);
}

/* Whatever the peer does, no more than one look in QUICK_MIN + 1 answers is in vain. */
TEST(looks_in_vain_are_bounded_for_every_mood_of_the_peer)
{
    uint64_t seed = 7;
    struct quick q = {0};
    int vain = 0;
    enum { TRIPS = 100000 };
    for (int i = 0; i < TRIPS; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const uint64_t took_ns = (seed >> 33) % (i & 1024 ? 120000 : 44000);
        vain += trip(&q, took_ns) && took_ns > QUICK_LINGER_NS;
    }
    CHECK_INT(vain, >, 0);
    CHECK_INT(vain, <=, TRIPS / (QUICK_MIN + 1));
}
