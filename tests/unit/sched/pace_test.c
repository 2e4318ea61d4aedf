/* SPDX-License-Identifier: EUPL-1.2 */
#include "sched/pace.h"

#include "test.h"

TEST(at_first_nothing_is_known_and_nobody_goes_singly)
{
    struct pace p = {0};
    for (size_t rows = 1; rows <= PACE_ROWS_MAX; rows++) {
        CHECK_INT(pace_rows_us(&p, rows), ==, 0);
        CHECK_INT(pace_plain_us(&p, rows), ==, 0);
        CHECK(!pace_goes_singly(&p, rows));
    }
    CHECK_INT(pace_read_ns(&p, 1000), ==, 0);
    CHECK_INT(pace_reads(&p, 4, 0, 1000, 77), ==, 77);
}

TEST(between_two_numbers_of_rows_a_line_is_drawn_and_beyond_them_nothing)
{
    struct pace p = {0};
    pace_learn_rows(&p, 2, 100, false);
    pace_learn_rows(&p, 6, 300, false);
    CHECK_INT(pace_rows_us(&p, 1), ==, 0);
    CHECK_INT(pace_rows_us(&p, 2), ==, 100);
    CHECK_INT(pace_rows_us(&p, 3), ==, 150);
    CHECK_INT(pace_rows_us(&p, 5), ==, 250);
    CHECK_INT(pace_rows_us(&p, 6), ==, 300);
    CHECK_INT(pace_rows_us(&p, 7), ==, 0);
    pace_learn_rows(&p, PACE_ROWS_MAX + 1, 5, false); /* not kept */
    CHECK_INT(pace_rows_us(&p, PACE_ROWS_MAX), ==, 0);
}

TEST(one_slow_step_counts_as_twice_the_usual_and_what_is_rare_counts_more)
{
    struct pace often = {0}, rare = {0};
    for (int i = 0; i < 2; i++) {
        pace_learn_rows(&often, 1, i ? 1000000 : 800, false);
        pace_learn_rows(&rare, 1, i ? 1000000 : 800, true);
    }
    CHECK_INT(often.single_us, ==, 900);
    CHECK_INT(rare.single_us, ==, 1200);
}

TEST(writers_go_the_faster_way_and_the_other_one_now_and_then)
{
    for (int singly = 0; singly <= 1; singly++) {
        struct pace p = {.single_us = 1000};
        int singles = 0;
        p.rows_us[3] = singly ? 4000 : 2000;
        CHECK_INT(pace_plain_us(&p, 3), ==, singly ? 3000 : 2000);
        CHECK_INT(pace_together_us(&p, 3), ==, singly ? 4000 : 2000);
        for (int i = 0; i < 4 * PACE_OTHER_WAY; i++)
            singles += pace_goes_singly(&p, 3);
        CHECK_INT(singles, ==, singly ? 4 * PACE_OTHER_WAY - 4 : 4);
        CHECK(!pace_goes_singly(&p, 1) && !pace_goes_singly(&p, PACE_SINGLY_MAX + 1));
    }
}

/* Steps of a prompt of 3,000 tokens beside four writers, on a machine where a token takes 4 us and
 * a thousandth of it more for each before it. */
TEST(steps_that_read_a_long_prompt_are_even_though_its_end_takes_longer)
{
    enum { STEP_US = 2000, ALONE_US = 100, PROMPT = 3000 };
    struct pace p = {0};
    uint64_t worst = 0, least = UINT64_MAX;
    pace_learn_rows(&p, 4, ALONE_US, false);
    for (int prompt = 0; prompt < 3; prompt++)
        for (size_t at = 0; at < PROMPT;) {
            const uint64_t noise = test_random() % 40;
            uint64_t n = pace_reads(&p, 4, at, STEP_US, 128);
            n = n < PROMPT - at ? n : PROMPT - at;
            const uint64_t us = ALONE_US + n * (4000 + 4 * at) / 1000 * (980 + noise) / 1000;
            if (prompt && n < PROMPT - at) {
                worst = us > worst ? us : worst;
                least = us < least ? us : least;
            }
            pace_learn_reading(&p, 4, n, at, us);
            at += n;
            NEED(n > 0);
        }
    CHECK_INT(worst, <, STEP_US * 5 / 4);
    CHECK_INT(least, >, STEP_US * 3 / 4);
}

TEST(what_a_token_read_takes_stays_near_what_was_seen_wherever_the_line_leads)
{
    struct pace p = {0};
    pace_learn_reading(&p, 0, 100, 0, 100);
    pace_learn_reading(&p, 0, 100, 1000, 200);
    CHECK_INT(pace_read_ns(&p, 1000000), <=, 4600); /* three times the mean */
    CHECK_INT(pace_read_ns(&p, 0), >=, 500);
    for (int i = 0; i < 100; i++) /* it gets cheaper: no line that falls is believed */
        pace_learn_reading(&p, 0, 100, (size_t)i * 10, (uint64_t)(300 - i));
    CHECK_INT(pace_read_ns(&p, 100000), <=, pace_read_ns(&p, 0) + 1);
}

TEST(few_tokens_and_steps_faster_than_their_writers_tell_nothing)
{
    struct pace p = {.single_us = 1000};
    pace_learn_reading(&p, 1, PACE_READ_KNOWN - 1, 0, 5000);
    pace_learn_reading(&p, 1, 100, 0, 1000);
    CHECK_INT(pace_read_ns(&p, 0), ==, 0);
    pace_learn_reading(&p, 1, 100, 0, 2000);
    CHECK_INT(pace_read_ns(&p, 0), ==, 10000);
    CHECK_INT(pace_reads(&p, 1, 0, 2000, 5), ==, 100);
    CHECK_INT(pace_reads(&p, 1, 0, 1000, 5), ==, 0);
    CHECK_INT(pace_reads(&p, 1, 0, 10, 5), ==, 0);
}
