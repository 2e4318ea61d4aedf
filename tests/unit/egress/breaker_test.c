/* SPDX-License-Identifier: EUPL-1.2 */
#include "egress/breaker.h"

#include "test.h"

static struct breaker
fresh(void)
{
    return (struct breaker){.failures_max = 3, .wait_ms = 100};
}

static bool
may(struct breaker *b, uint64_t now_ms)
{
    bool probe = false;
    return breaker_try(b, now_ms, &probe);
}

TEST(it_opens_after_so_many_failures_in_a_row_and_not_before)
{
    struct breaker b = fresh();
    for (int i = 0; i < 2; i++) {
        breaker_bad(&b, 0);
        CHECK(may(&b, 0));
    }
    breaker_good(&b);
    for (int i = 0; i < 2; i++)
        breaker_bad(&b, 0);
    CHECK(may(&b, 0));
    breaker_bad(&b, 0);
    CHECK(!may(&b, 0) && !breaker_allows(&b, 0));
    CHECK(!may(&b, 99));
}

TEST(after_a_while_one_may_try)
{
    struct breaker b = fresh();
    bool probe = false;
    for (int i = 0; i < 3; i++)
        breaker_bad(&b, 0);
    CHECK(breaker_allows(&b, 100));
    CHECK(breaker_try(&b, 100, &probe) && probe);
    CHECK(!breaker_allows(&b, 100) && !may(&b, 100));
    breaker_good(&b);
    CHECK(breaker_try(&b, 100, &probe) && !probe);
    CHECK_INT(b.failures, ==, 0);
}

TEST(a_try_that_fails_makes_it_wait_twice_as_long_up_to_a_bound)
{
    struct breaker b = fresh();
    uint64_t now_ms = 0, wait_ms = 100;
    for (int i = 0; i < 3; i++)
        breaker_bad(&b, now_ms);
    for (int i = 0; i < 20; i++) {
        CHECK(!may(&b, now_ms + wait_ms - 1));
        now_ms += wait_ms;
        CHECK(may(&b, now_ms));
        breaker_bad(&b, now_ms);
        wait_ms = wait_ms * 2 < 100 * BREAKER_WAITS_MAX ? wait_ms * 2 : 100 * BREAKER_WAITS_MAX;
    }
    CHECK_INT(b.waits, ==, BREAKER_WAITS_MAX);
}

TEST(a_try_that_was_taken_back_lets_the_next_one_try)
{
    struct breaker b = fresh();
    for (int i = 0; i < 3; i++)
        breaker_bad(&b, 0);
    CHECK(may(&b, 100));
    breaker_forget(&b);
    CHECK(may(&b, 100));
}

TEST(failures_of_what_was_begun_before_do_not_make_it_longer)
{
    struct breaker b = fresh();
    for (int i = 0; i < 10; i++)
        breaker_bad(&b, 50);
    CHECK_INT(b.waits, ==, 1);
    CHECK_INT(b.until_ms, ==, 150);
}

/* Against a model that remembers everything. */
TEST(whatever_happens_it_never_lets_two_try_and_always_lets_one_in_the_end)
{
    for (int run = 0; run < 200; run++) {
        struct breaker b = fresh();
        uint64_t now_ms = 0;
        int probes = 0;
        for (int i = 0; i < 300; i++) {
            bool probe = false;
            now_ms += test_random() % 60;
            const bool allowed = breaker_allows(&b, now_ms);
            const bool let = breaker_try(&b, now_ms, &probe);
            CHECK_INT(let, ==, allowed);
            probes += let && probe;
            CHECK_INT(probes, <=, 1);
            if (let && test_random() % 3) {
                if (test_random() % 4 == 0)
                    breaker_good(&b);
                else
                    breaker_bad(&b, now_ms);
                probes = 0;
            } else if (let && probe) {
                breaker_forget(&b);
                probes = 0;
            }
            CHECK(breaker_allows(&b, now_ms + 100 * BREAKER_WAITS_MAX));
        }
    }
}
