/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/eval.h"

#include <math.h>

#include "test.h"

static const char lines[] =
    "{\"id\":\"q1\",\"lang\":\"de\",\"question\":\"Wie?\",\"kind\":\"answerable\",\"gold\":[{"
    "\"law\":"
    "\"a\",\"section\":\"§ 1\",\"group\":1},{\"law\":\"a\",\"section\":\"§ "
    "2\",\"group\":1},{\"law\":"
    "\"b\",\"section\":\"§ 3\",\"group\":2}]}\n"
    "{\"id\":\"u1\",\"question\":\"Warum?\",\"kind\":\"unanswerable\",\"gold\":[]}\n";

static bool
near(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

TEST(questions_are_read_and_what_cannot_be_answered_is_left_out)
{
    AUTO(arena) *a = NULL;
    struct eval_set s;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(eval_read(a, str_of(lines), STR_NONE, &s));
    NEED(s.items.count == 1);
    CHECK_STR(s.items.at[0].id, STR("q1"));
    CHECK_STR(s.items.at[0].gold.at[1].id, STR("a:§ 2"));
    CHECK_INT(s.items.at[0].groups, ==, 2);
}

TEST(tables_are_read_by_the_names_in_their_head)
{
    AUTO(arena) *a = NULL;
    struct eval_set s;
    const str text = STR("qid\tquery\tquery_masked\tlaw\tsection\tsource_law\tsource_section\r\n"
                         "x1\tnach § 1\tnach [Verweis]\tbmg\t§ 1\tbgb\t§ 2\r\n");
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(eval_read(a, text, STR("query_masked"), &s));
    NEED(s.items.count == 1);
    CHECK_STR(s.items.at[0].query, STR("nach [Verweis]"));
    CHECK_STR(s.items.at[0].left_out, STR("bgb:§ 2"));
    CHECK_STR(s.items.at[0].gold.at[0].id, STR("bmg:§ 1"));
}

TEST(files_that_are_neither_are_refused)
{
    AUTO(arena) *a = NULL;
    struct eval_set s;
    NEED_OK(arena_open(1 << 20, &a));
    CHECK_ERR(eval_read(a, STR(""), STR_NONE, &s), ARGUMENT);
    CHECK_ERR(eval_read(a, STR("{\"id\":"), STR_NONE, &s), PARSE);
    CHECK_ERR(eval_read(a, STR("a\tb\n1\t2\n"), STR_NONE, &s), PARSE);
    CHECK_ERR(eval_read(a, STR("{\"id\":1,\"question\":\"x\"}"), STR_NONE, &s), ARGUMENT);
    CHECK_ERR(eval_read(a, STR("qid\tquery\tlaw\tsection\nx\ty\tz\tw\n"), STR("nope"), &s), PARSE);
}

/* By hand: groups at ranks 2 and 4 of two: (1/log2 3 + 1/log2 5) / (1 + 1/log2 3). */
TEST(measures_are_those_of_the_definition)
{
    AUTO(arena) *a = NULL;
    struct eval_set s;
    const str ranking[] = {STR("x"), STR("a:§ 2"), STR("a:§ 1"), STR("b:§ 3")};
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(eval_read(a, str_of(lines), STR_NONE, &s));
    const struct eval_score e = eval_rank(&s.items.at[0], ranking, 4);
    CHECK(near(e.at[EVAL_NDCG10], (1 / log2(3) + 1 / log2(5)) / (1 + 1 / log2(3))));
    CHECK(near(e.at[EVAL_MRR10], 0.5));
    CHECK(near(e.at[EVAL_R1], 0) && near(e.at[EVAL_R5], 1) && near(e.at[EVAL_R100], 1));
}

TEST(repeated_and_left_out_sections_take_no_rank)
{
    struct eval_gold gold = {STR("a"), 1};
    struct eval_item i = {.id = STR("q"), .left_out = STR("self"), .groups = 1};
    const str ranking[] = {STR("self"), STR("x"), STR("x"), STR("a")};
    i.gold.at = &gold;
    i.gold.count = 1;
    CHECK(near(eval_rank(&i, ranking, 4).at[EVAL_MRR10], 0.5));
    CHECK(near(eval_rank(&i, ranking, 3).at[EVAL_MRR10], 0));
    CHECK(near(eval_rank(&i, ranking, 0).at[EVAL_NDCG10], 0));
}

TEST(the_interval_holds_the_mean_and_comes_out_the_same)
{
    AUTO(arena) *a = NULL;
    struct eval_score scores[50] = {0};
    struct eval_interval x, y;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < 50; i++)
        scores[i].at[EVAL_R1] = i % 2 ? 1 : 0;
    NEED_OK(eval_mean(a, scores, 50, EVAL_R1, &x));
    NEED_OK(eval_mean(a, scores, 50, EVAL_R1, &y));
    CHECK(near(x.mean, 0.5) && x.low < 0.5 && x.high > 0.5 && x.low > 0.3 && x.high < 0.7);
    CHECK(near(x.low, y.low) && near(x.high, y.high));
    CHECK_STR(str_of(eval_measure_name(EVAL_NDCG10)), STR("nDCG@10"));
}
