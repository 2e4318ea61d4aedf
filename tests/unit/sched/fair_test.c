/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/fair.h"

#include "test.h"

static struct fair f;

static void
fresh(void)
{
    memset(&f, 0, sizeof f);
}

static uint64_t seed;

static uint64_t
next(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* ---- order */
TEST(a_higher_class_goes_first_whoever_was_served_less)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1), *b = fair_enter(&f, 2, 1);
    fair_charge(a, 100000, 0);
    const struct fair_claim citizen = {.tenant = a, .class = FAIR_CITIZEN, .number = 9};
    const struct fair_claim clerk = {.tenant = b, .class = FAIR_CLERK, .number = 1};
    CHECK_INT(fair_compare(&citizen, &clerk, 0), <, 0);
    CHECK_INT(fair_compare(&clerk, &citizen, 0), >, 0);
}

TEST(who_has_waited_long_counts_as_the_class_above_and_not_more_than_the_highest)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1), *b = fair_enter(&f, 2, 1);
    fair_charge(b, 1, 0);
    const struct fair_claim batch = {.tenant = a, .class = FAIR_BATCH, .came_us = 0};
    const struct fair_claim clerk = {.tenant = b, .class = FAIR_CLERK, .came_us = FAIR_AGE_US};
    CHECK_INT(fair_compare(&batch, &clerk, FAIR_AGE_US - 1), >, 0);
    CHECK_INT(fair_compare(&batch, &clerk, FAIR_AGE_US), <, 0);
    const struct fair_claim old = {.tenant = b, .class = FAIR_CITIZEN};
    CHECK_INT(fair_compare(&batch, &old, 100 * FAIR_AGE_US), <, 0); /* by tenant, both highest */
}

TEST(inside_a_class_who_was_served_less_for_its_weight_goes_first)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1), *b = fair_enter(&f, 2, 10);
    fair_charge(a, 100, 0);
    fair_charge(b, 0, 400);
    const struct fair_claim x = {.tenant = a, .number = 1}, y = {.tenant = b, .number = 2};
    CHECK_INT(fair_compare(&y, &x, 0), <, 0); /* 800 / 10 < 100 */
    fair_charge(b, 300, 0);
    CHECK_INT(fair_compare(&y, &x, 0), >, 0);
}

TEST(inside_a_tenant_deadline_then_cached_prompt_then_arrival)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1);
    struct fair_claim x = {.tenant = a, .number = 1}, y = {.tenant = a, .number = 2};
    CHECK_INT(fair_compare(&x, &y, 0), <, 0);
    y.cached = 50;
    CHECK_INT(fair_compare(&y, &x, 0), <, 0);
    x.deadline_us = 7;
    CHECK_INT(fair_compare(&x, &y, 0), <, 0);
    y.deadline_us = 6;
    CHECK_INT(fair_compare(&y, &x, 0), <, 0);
}

TEST(rest_is_no_credit_and_no_escape)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1), *b = fair_enter(&f, 2, 1);
    fair_leave(b, 5);
    fair_charge(a, 1000, 0);
    CHECK(fair_enter(&f, 2, 1) == b);
    CHECK_INT(b->counter, ==, a->counter);
    fair_charge(b, 500, 0);
    fair_leave(b, 6);
    fair_enter(&f, 2, 1);
    CHECK_INT(b->counter, >, a->counter);
}

TEST(who_was_served_yesterday_is_not_behind_who_comes_today_for_the_first_time)
{
    fresh();
    struct fair_tenant *old = fair_enter(&f, 1, 1);
    fair_charge(old, 1000000, 0);
    fair_leave(old, 5);
    struct fair_tenant *new = fair_enter(&f, 2, 1);
    CHECK_INT(new->counter, ==, old->counter);
    fair_leave(new, 6);
    struct fair_tenant *third = fair_enter(&f, 3, 1);
    CHECK_INT(third->counter, ==, old->counter);
}

TEST(the_order_is_total_and_consistent)
{
    struct fair_claim c[3];
    fresh();
    for (int n = 0; n < 20000; n++) {
        for (size_t i = 0; i < 3; i++) {
            struct fair_tenant *t = fair_enter(&f, next(4), 1 + (uint32_t)next(3));
            fair_charge(t, (uint32_t)next(3), 0);
            c[i] = (struct fair_claim){.tenant = t,
                                       .class = (enum fair_class)next(3),
                                       .came_us = next(3) * FAIR_AGE_US,
                                       .deadline_us = next(3),
                                       .cached = (uint32_t)next(2),
                                       .number = (uint64_t)n * 3 + i};
        }
        const uint64_t now = next(4) * FAIR_AGE_US;
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++) {
                CHECK_INT(fair_compare(&c[i], &c[j], now), ==, -fair_compare(&c[j], &c[i], now));
                CHECK((fair_compare(&c[i], &c[j], now) == 0) == (i == j));
            }
        if (fair_compare(&c[0], &c[1], now) < 0 && fair_compare(&c[1], &c[2], now) < 0)
            CHECK_INT(fair_compare(&c[0], &c[2], now), <, 0);
        for (size_t i = 0; i < f.count; i++)
            f.tenants[i].jobs = 0;
    }
}

/* ---- giving way */
TEST(a_seat_goes_to_a_higher_class_and_never_to_a_lower)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1), *b = fair_enter(&f, 2, 1);
    a->seats = 1;
    const struct fair_claim clerk = {.tenant = a, .class = FAIR_CLERK};
    const struct fair_claim citizen = {.tenant = b, .class = FAIR_CITIZEN};
    const struct fair_claim batch = {.tenant = b, .class = FAIR_BATCH};
    CHECK(fair_ousts(&citizen, &clerk, 0));
    CHECK(!fair_ousts(&batch, &clerk, 0));
    CHECK(fair_ousts(&clerk, &batch, 0));
}

TEST(who_got_a_seat_by_its_age_keeps_it_for_a_while_or_it_would_starve_all_the_same)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1), *b = fair_enter(&f, 2, 1);
    const uint64_t now = 3 * FAIR_AGE_US;
    struct fair_claim old = {.tenant = a, .class = FAIR_BATCH, .came_us = 0};
    struct fair_claim young = {.tenant = a, .class = FAIR_BATCH, .came_us = now - 1};
    const struct fair_claim citizen = {.tenant = b, .class = FAIR_CITIZEN, .came_us = now};
    fair_seat(&old, now);
    fair_seat(&young, now);
    CHECK(!fair_ousts(&citizen, &old, now + FAIR_HOLD_US - 1));
    CHECK(fair_ousts(&citizen, &old, now + FAIR_HOLD_US));
    CHECK(fair_ousts(&citizen, &young, now));
}

TEST(who_has_more_than_its_share_gives_way_until_shares_are_even_and_no_further)
{
    fresh();
    struct fair_tenant *a = fair_enter(&f, 1, 1), *b = fair_enter(&f, 2, 1);
    const struct fair_claim of_a = {.tenant = a}, of_b = {.tenant = b};
    a->seats = 8;
    while (fair_ousts(&of_b, &of_a, 0)) {
        a->seats--;
        b->seats++;
    }
    CHECK_INT(a->seats, ==, 4);
    CHECK_INT(b->seats, ==, 4);
    CHECK(!fair_ousts(&of_a, &of_b, 0) && !fair_ousts(&of_a, &of_a, 0));
}

TEST(no_two_take_a_seat_from_each_other_in_turn)
{
    for (uint32_t wa = 1; wa < 12; wa++)
        for (uint32_t wb = 1; wb < 12; wb++)
            for (uint32_t sa = 0; sa < 12; sa++)
                for (uint32_t sb = 0; sb < 12; sb++) {
                    struct fair_tenant a = {.id = 1, .weight = wa, .seats = sa};
                    struct fair_tenant b = {.id = 2, .weight = wb, .seats = sb};
                    const struct fair_claim of_a = {.tenant = &a}, of_b = {.tenant = &b};
                    if (!fair_ousts(&of_a, &of_b, 0))
                        continue;
                    a.seats++;
                    b.seats--;
                    CHECK(!fair_ousts(&of_b, &of_a, 0));
                }
}

/* ---- shares */

/* Ten tenants that always have work, served one quantum at a time to whoever is first. */
static void
serve(const uint32_t *weights, uint64_t *served)
{
    struct fair_tenant *t[10];
    fresh();
    for (uint64_t i = 0; i < 10; i++)
        t[i] = fair_enter(&f, i + 1, weights[i]);
    for (int n = 0; n < 20000; n++) {
        size_t best = 0;
        for (size_t i = 1; i < 10; i++) {
            const struct fair_claim x = {.tenant = t[i], .number = i}, y = {.tenant = t[best]};
            if (fair_compare(&x, &y, 0) < 0)
                best = i;
        }
        const uint32_t in = (uint32_t)next(900), out = (uint32_t)next(200);
        fair_charge(t[best], in, out);
        served[best] += in + FAIR_OUTPUT_COST * out;
    }
}

TEST(equal_tenants_are_served_equally_and_others_by_their_weight)
{
    static const uint32_t equal[10] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const uint32_t mixed[10] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    uint64_t got[10] = {0}, by_weight[10] = {0};
    double sum = 0, squares = 0;
    serve(equal, got);
    serve(mixed, by_weight);
    for (size_t i = 0; i < 10; i++) {
        sum += (double)got[i];
        squares += (double)got[i] * (double)got[i];
        CHECK_INT(by_weight[i] / mixed[i] * 100, >, by_weight[0] * 97);
        CHECK_INT(by_weight[i] / mixed[i] * 100, <, by_weight[0] * 103);
    }
    CHECK(sum * sum / (10 * squares) > 0.999); /* Jain's index */
}

TEST(more_tenants_than_are_remembered_share_a_place_and_nobody_is_lost)
{
    fresh();
    for (uint64_t i = 0; i < FAIR_TENANTS_MAX; i++)
        fair_enter(&f, i, 1);
    struct fair_tenant *shared = fair_enter(&f, 1000000, 1);
    CHECK(shared == &f.tenants[FAIR_TENANTS_MAX - 1]);
    CHECK_INT(shared->jobs, ==, 2);
    fair_leave(&f.tenants[7], 3);
    CHECK(fair_enter(&f, 2000000, 5) == &f.tenants[7]);
    CHECK_INT(f.tenants[7].id, ==, 2000000);
}

TEST(weights_out_of_range_are_brought_into_it)
{
    fresh();
    CHECK_INT(fair_enter(&f, 1, 0)->weight, ==, 1);
    CHECK_INT(fair_enter(&f, 2, UINT32_MAX)->weight, ==, FAIR_WEIGHT_MAX);
}
