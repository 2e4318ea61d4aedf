/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/bet.h"

#include "test.h"

static struct bet
offered(unsigned count, unsigned permille)
{
    struct bet b = {.count = (uint8_t)count, .take = 99};
    unsigned chance = 1000;
    for (unsigned i = 0; i < count; i++)
        b.chance[i] = (uint16_t)(chance = chance * permille / 1000);
    return b;
}

static struct pace
linear(uint64_t base_us, uint64_t row_us)
{
    struct pace p = {.single_us = base_us + row_us};
    for (size_t i = 2; i <= PACE_ROWS_MAX; i++)
        p.rows_us[i] = base_us + i * row_us;
    return p;
}

/* Tokens that are bet on for one who writes alone. */
static unsigned
bet_alone(const struct pace *p, unsigned count, unsigned permille)
{
    struct purse u = purse_full();
    struct bet b = offered(count, permille);
    CHECK_INT(bet_place(p, &u, &b, 1, 100), ==, b.take > 0);
    return b.take;
}

TEST(the_more_a_row_costs_the_less_is_bet)
{
    const struct pace is_free = linear(10000, 10), cheap = linear(10000, 2000),
                      dear = linear(1000, 10000);
    CHECK_INT(bet_alone(&is_free, 8, 900), ==, 8);
    CHECK_INT(bet_alone(&cheap, 8, 900), >, 1);
    CHECK_INT(bet_alone(&cheap, 8, 900), <, 8);
    CHECK_INT(bet_alone(&dear, 8, 900), ==, 0);
}

TEST(what_is_unlikely_or_not_offered_is_not_bet_on)
{
    const struct pace is_free = linear(10000, 0);
    CHECK_INT(bet_alone(&is_free, 8, 0), ==, 0);
    CHECK_INT(bet_alone(&is_free, 8, 100), ==, 0);
    CHECK_INT(bet_alone(&is_free, 0, 0), ==, 0);
    CHECK_INT(bet_alone(&is_free, 8, 500), ==, 2);
    CHECK_INT(bet_alone(&is_free, 3, 1000), ==, 3);
}

TEST(nothing_is_bet_while_it_is_not_known_what_a_step_takes_or_where_there_is_no_row)
{
    const struct pace unknown = {0}, is_free = linear(10000, 0);
    struct purse u = purse_full();
    struct bet bets[PACE_ROWS_MAX + 1] = {offered(8, 1000)};
    CHECK_INT(bet_alone(&unknown, 8, 1000), ==, 0);
    CHECK(!bet_place(&is_free, &u, bets, 1, 1));
    CHECK(bet_place(&is_free, &u, bets, 1, 3));
    CHECK_INT(bets[0].take, ==, 2);
    CHECK(!bet_place(&is_free, &u, bets, PACE_ROWS_MAX, 100));
    CHECK(!bet_place(&is_free, &u, bets, PACE_ROWS_MAX + 1, 100));
}

TEST(the_likeliest_tokens_of_all_answers_go_first)
{
    const struct pace p = linear(10000, 300);
    struct purse u = purse_full();
    struct bet bets[3] = {offered(8, 950), offered(8, 500), offered(8, 900)};
    CHECK(bet_place(&p, &u, bets, 3, 9));
    CHECK_INT(bets[0].take + bets[1].take + bets[2].take, <=, 6);
    CHECK_INT(bets[0].take, >=, bets[2].take);
    CHECK_INT(bets[2].take, >, 0);
    CHECK_INT(bets[1].take, <=, 1);
}

TEST(who_repeats_itself_does_not_slow_down_the_others)
{
    const struct pace p = linear(10000, 3000);
    struct purse u = purse_full();
    struct bet bets[2] = {offered(8, 990), offered(0, 0)};
    const bool any = bet_place(&p, &u, bets, 2, 100);
    const uint64_t us = p.rows_us[2 + bets[0].take];
    CHECK(us * 10 <= p.rows_us[2] * 11);
    CHECK_INT(any, ==, bets[0].take > 0);
    CHECK_INT(bet_alone(&p, 8, 990), >, 2); /* alone it may */
}

TEST(a_purse_that_is_empty_bets_nothing_and_fills_again)
{
    const struct pace p = linear(10000, 1000);
    struct purse u = {.left = -500};
    struct bet b = offered(4, 990);
    int steps = 0;
    while (!bet_place(&p, &u, &b, 1, 100) && ++steps < 10000)
        bet_settle(&p, &u, &(struct bet_step){1, 1, 11000, false});
    CHECK_INT(steps, >, 50);
    CHECK_INT(steps, <, 1000);
    for (int i = 0; i < 10000; i++)
        bet_settle(&p, &u, &(struct bet_step){1, 1, 11000, false});
    CHECK_INT(u.left, ==, BET_PURSE);
    bet_settle(&p, &u, &(struct bet_step){1, 1, UINT32_MAX, true}); /* the machine slept */
    CHECK_INT(u.left, >=, -2 * BET_PURSE);
}

/* ---- whole runs, on machines of all kinds */

struct machine {
    uint64_t base_us, row_us;
    size_t slow_from, slow_to; /* rows for which the library has only a slow way */
};

static uint64_t
takes_us(const struct machine *m, size_t rows)
{
    const uint64_t us = m->base_us + rows * m->row_us;
    return rows >= m->slow_from && rows < m->slow_to ? 3 * us : us;
}

struct run {
    uint64_t tokens, us, guessed;
};

static size_t
right_of(const struct bet *b, unsigned permille)
{
    size_t n = 0;
    while (n < b->take && test_random() % 1000 < permille)
        n++;
    return n;
}

/* `told`: what is thought of the guesses, `true_permille`: how many are right. */
static struct run
ran(const struct machine *m, size_t writers, unsigned told, unsigned true_permille, size_t steps)
{
    struct pace p = {0};
    struct purse u = purse_full();
    struct run r = {0};
    for (size_t i = 0; i < steps; i++) {
        struct bet bets[PACE_ROWS_MAX];
        size_t rows = writers, made = writers;
        for (size_t w = 0; w < writers; w++)
            bets[w] = offered(BET_TOKENS_MAX, told);
        if (bet_place(&p, &u, bets, writers, PACE_ROWS_MAX))
            for (size_t w = 0; w < writers; w++) {
                rows += bets[w].take;
                made += right_of(&bets[w], true_permille);
            }
        const uint64_t us = takes_us(m, rows);
        bet_settle(&p, &u, &(struct bet_step){writers, made, us, rows > writers});
        pace_learn_rows(&p, rows, us, rows > writers);
        r.tokens += made;
        r.us += us;
        r.guessed += rows - writers;
    }
    return r;
}

static struct machine
any_machine(void)
{
    const size_t slow = 2 + test_random() % 30;
    return (struct machine){.base_us = test_random() % 30000,
                            .row_us = 1 + test_random() % 15000,
                            .slow_from = slow,
                            .slow_to = slow + test_random() % 12};
}

/* Whatever the machine, how many write, what is thought of the guesses and how many are right: the
 * time for so many tokens is that without guesses, a part in 128, and the purse. */
TEST(guessing_never_costs_more_than_its_share_and_the_purse)
{
    enum { STEPS = 2000 };
    for (int i = 0; i < 400; i++) {
        const struct machine m = any_machine();
        const size_t writers = 1 + test_random() % 12;
        const unsigned told = (unsigned)test_random() % 1001,
                       right = (unsigned)test_random() % 1001;
        const struct run r = ran(&m, writers, told, i % 3 ? right : 0, STEPS);
        const uint64_t plain_us = takes_us(&m, writers);
        const uint64_t due_us = r.tokens * plain_us / writers;
        const uint64_t purse_us = 2 * BET_PURSE / 1000 * plain_us;
        CHECK_INT(r.us, <=, due_us + STEPS * plain_us / 128 + purse_us);
    }
}

TEST(a_text_that_does_not_repeat_itself_is_written_as_if_there_were_no_guessing)
{
    for (int i = 0; i < 200; i++) {
        const struct machine m = any_machine();
        CHECK_INT(ran(&m, 1 + test_random() % 12, 125, 10, 500).guessed, ==, 0);
    }
}

TEST(where_rows_are_cheap_and_guesses_right_answers_come_much_faster)
{
    const struct machine gpu = {.base_us = 10000, .row_us = 50, .slow_from = 99, .slow_to = 99};
    const struct run one = ran(&gpu, 1, 900, 900, 2000), four = ran(&gpu, 4, 900, 900, 2000);
    CHECK_INT(one.us * 3, <, one.tokens * 10050);
    CHECK_INT(four.us * 2, <, four.tokens * 10200 / 4);
    const struct machine cpu = {.base_us = 8000, .row_us = 8000, .slow_from = 99, .slow_to = 99};
    CHECK_INT(ran(&cpu, 1, 980, 980, 2000).us * 5 / 4, <,
              ran(&cpu, 1, 980, 980, 2000).tokens * 16000);
}

TEST(what_did_not_pay_is_tried_again_and_found_when_it_does)
{
    struct pace p = linear(1000, 10000);
    struct purse u = purse_full();
    uint64_t bets = 0;
    for (int i = 0; i < 20000; i++) {
        struct bet b = offered(8, 950);
        const bool is_bet = bet_place(&p, &u, &b, 1, 100);
        const size_t rows = 1u + (is_bet ? b.take : 0);
        const uint64_t us = 11000 + rows; /* rows have become free */
        bet_settle(&p, &u, &(struct bet_step){1, is_bet ? rows - 1 : 1, us, is_bet});
        pace_learn_rows(&p, rows, us, is_bet);
        bets += i >= 10000 && is_bet;
    }
    CHECK_INT(bets, >, 5000);
}
