/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/rank.h"

#include <math.h>

#include "rig.h"

enum { DOCS = 12, WORDS = 14 };

static const char *const vocabulary[WORDS] = {"miete",  "hund",   "steuer", "ausweis", "gebühr",
                                              "antrag", "urlaub", "kind",   "auto",    "wohnung",
                                              "lärm",   "wahl",   "waffe",  "pflege"};

/* Random documents of two sections each, as segments of up to four. */
static size_t
random_segments(struct rig *r, struct segment *ret)
{
    size_t count = 0;
    for (size_t at = 0; at < DOCS;) {
        const char *texts[4];
        const size_t n = 1 + (size_t)(test_random() % 4);
        for (size_t i = 0; i < n; i++) {
            AUTO(buf) b = BUF(1 << 16);
            for (int section = 0; section < 2; section++) {
                buf_add_fmt(&b, "# %s %d\n\n", vocabulary[test_random() % WORDS], section);
                const int words = 1 + (int)(test_random() % 30);
                for (int w = 0; w < words; w++)
                    buf_add_fmt(&b, "%s ", vocabulary[test_random() % WORDS]);
                buf_add(&b, STR("\n\n"));
            }
            texts[i] = arena_str(r->a, buf_str(&b)).at;
        }
        ret[count++] = rig_segment(r, texts, n);
        at += n;
    }
    return count;
}

static const struct segment *const *
pointers(struct rig *r, const struct segment *s, size_t count)
{
    const struct segment **const list = arena_get(r->a, (count + 1) * sizeof *list);
    for (size_t i = 0; i < count; i++)
        list[i] = &s[i];
    return list;
}

/* A question of terms as they are, each its own group. */
static struct question *
random_question(struct rig *r)
{
    struct question *const q = arena_new(r->a, struct question);
    q->count = 1 + (size_t)(test_random() % 4);
    for (size_t g = 0; g < q->count; g++) {
        q->at[g].count = 1 + (size_t)(test_random() % 3);
        for (size_t t = 0; t < q->at[g].count; t++) {
            static const char *const terms[] = {"miet",   "hund",   "steu", "ausweis", "gebuhr",
                                                "antrag", "urlaub", "kind", "nirgends"};
            q->at[g].at[t].text = str_of(terms[(test_random() + t) % 9]);
            q->at[g].at[t].weight = t ? 0.7f : 1.0f;
        }
    }
    return q;
}

/* BM25 of one unit by walking over everything, as the header says it. */
static double
plain_score(struct cleared c, const struct question *q, size_t segment, uint32_t unit)
{
    double sum = 0, all = 0, words = 0;
    for (size_t i = 0; i < c.count; i++) {
        all += c.at[i]->unit_count;
        words += (double)c.at[i]->words_all;
    }
    for (size_t g = 0; g < q->count; g++) {
        double best = 0, group = 0;
        for (size_t t = 0; t < q->at[g].count; t++) {
            double with = 0, value = 0;
            for (size_t i = 0; i < c.count; i++) {
                const struct seg_term *const row = segment_term(c.at[i], q->at[g].at[t].text);
                for (uint32_t k = 0; row && k < row->posting_count; k++) {
                    const struct seg_posting *const p = &c.at[i]->postings[row->posting_first + k];
                    with++;
                    if (i != segment || p->unit != unit)
                        continue;
                    const double norm =
                        1 - 0.75 + 0.75 * c.at[i]->units[unit].words / (words / all);
                    const double x = (p->head + p->body / norm) / 10.0;
                    value = x * 2.2 / (x + 1.2);
                }
            }
            value *= log(1 + (all - with + 0.5) / (with + 0.5)) * (double)q->at[g].at[t].weight;
            group += value;
            best = value > best ? value : best;
        }
        sum += best + 0.5 * (group - best);
    }
    return sum;
}

TEST(scores_are_those_of_a_walk_over_everything)
{
    for (int round = 0; round < 60; round++) {
        RIG(r);
        struct segment s[DOCS];
        struct ranked best[RANK_HITS_MAX];
        size_t count = 0;
        const size_t n = random_segments(&r, s);
        const struct cleared c = {pointers(&r, s, n), n};
        const struct question *const q = random_question(&r);
        const struct rank_ask in = {.c = c, .q = q};
        NEED_OK(rank_units(r.a, &in, RANK_HITS_MAX, best, &count));
        size_t positive = 0;
        for (size_t i = 0; i < n; i++)
            for (uint32_t u = 0; u < s[i].unit_count; u++)
                positive += plain_score(c, q, i, u) > 0;
        CHECK_INT(count, ==, positive);
        for (size_t i = 0; i < count; i++) {
            const double want = plain_score(c, q, best[i].segment, best[i].unit);
            CHECK(fabs(want - (double)best[i].score) < 1e-4 * (1 + want));
            if (i)
                CHECK(best[i - 1].score >= best[i].score);
        }
    }
}

TEST(fewer_hits_are_the_first_of_more)
{
    for (int round = 0; round < 40; round++) {
        RIG(r);
        struct segment s[DOCS];
        struct ranked all[RANK_HITS_MAX], few[RANK_HITS_MAX];
        size_t count = 0, some = 0;
        const size_t n = random_segments(&r, s);
        const struct rank_ask in = {.c = {pointers(&r, s, n), n}, .q = random_question(&r)};
        const size_t most = (size_t)(test_random() % 8);
        NEED_OK(rank_units(r.a, &in, RANK_HITS_MAX, all, &count));
        NEED_OK(rank_units(r.a, &in, most, few, &some));
        CHECK_INT(some, ==, count < most ? count : most);
        CHECK(memcmp(all, few, some * sizeof *all) == 0);
    }
}

TEST(the_order_of_segments_changes_neither_order_nor_scores)
{
    for (int round = 0; round < 40; round++) {
        RIG(r);
        struct segment s[DOCS], turned[DOCS];
        struct ranked a[50], b[50];
        size_t x = 0, y = 0;
        const size_t n = random_segments(&r, s);
        for (size_t i = 0; i < n; i++)
            turned[i] = s[n - 1 - i];
        const struct question *const q = random_question(&r);
        const struct rank_ask in = {.c = {pointers(&r, s, n), n}, .q = q};
        const struct rank_ask back = {.c = {pointers(&r, turned, n), n}, .q = q};
        NEED_OK(rank_units(r.a, &in, 50, a, &x));
        NEED_OK(rank_units(r.a, &back, 50, b, &y));
        NEED(x == y);
        for (size_t i = 0; i < x; i++)
            CHECK(a[i].score == b[i].score);
    }
}

TEST(a_section_that_good_ones_point_to_rises)
{
    RIG(r);
    static const char *const texts[] = {
        "# M\n\n### § 1 Miete\n\nMiete Miete nach § 3.\n\n### § 2 Anderes\n\nGebühr einmal hier "
        "erwähnt\n\n### § 3 Höhe\n\nGebühr einmal hier erwähnt\n"};
    const struct segment s = rig_segment(&r, texts, 1);
    struct question *const q = arena_new(r.a, struct question);
    struct ranked best[10];
    size_t count = 0;
    q->count = 2;
    q->at[0] = (struct question_group){.at = {{STR("miet"), 1}}, .count = 1};
    q->at[1] = (struct question_group){.at = {{STR("gebuhr"), 1}}, .count = 1};
    const struct rank_ask in = {.c = {pointers(&r, &s, 1), 1}, .q = q};
    NEED_OK(rank_units(r.a, &in, 10, best, &count));
    NEED(count == 3);
    CHECK_INT(best[0].unit, ==, 0);
    CHECK_INT(best[1].unit, ==, 2);
}

TEST(likeness_alone_ranks_and_its_absence_is_no_vote)
{
    RIG(r);
    static const char *const texts[] = {"# A\n\neins\n", "# B\n\nzwei\n", "# C\n\ndrei\n"};
    const struct segment s = rig_segment(&r, texts, 3);
    const struct question q = {0};
    const float likeness[] = {0.2f, RANK_NONE, 0.9f};
    struct ranked best[10];
    size_t count = 0;
    const struct rank_ask in = {
        .c = {pointers(&r, &s, 1), 1}, .q = &q, .likeness = likeness, .weight = 1};
    NEED_OK(rank_units(r.a, &in, 10, best, &count));
    NEED(count >= 1);
    CHECK_INT(best[0].unit, ==, 2);
    for (size_t i = 0; i < count; i++)
        CHECK(best[i].unit != 1);
}

/* Six documents of thirty sections. */
static struct segment
long_segment(struct rig *r)
{
    const char *texts[6];
    for (int d = 0; d < 6; d++) {
        AUTO(buf) b = BUF(1 << 16);
        for (int i = 0; i < 30; i++)
            buf_add_fmt(&b, "# S%d\n\n%s %s\n\n", i, vocabulary[i % WORDS], vocabulary[d]);
        texts[d] = arena_str(r->a, buf_str(&b)).at;
    }
    return rig_segment(r, texts, 6);
}

TEST(both_legs_are_told_apart_and_what_stands_out_is_told_in_deviations)
{
    RIG(r);
    const struct segment s = long_segment(&r);
    struct question q = {.count = 1};
    struct ranked words[10], both[10];
    size_t count = 0, both_count = 0;
    float likeness[180];
    q.at[0] = (struct question_group){.at = {{STR("miet"), 1}}, .count = 1};
    NEED(s.unit_count == 180);
    for (size_t i = 0; i < 180; i++)
        likeness[i] = 0.8f + 0.001f * (float)(i % 7);
    struct rank_ask in = {.c = {pointers(&r, &s, 1), 1}, .q = &q, .weight = 1};
    NEED_OK(rank_units(r.a, &in, 10, words, &count));
    NEED(count > 1);
    for (size_t i = 0; i < count; i++) {
        CHECK(words[i].words == words[i].score); /* the same float */
        CHECK(words[i].near == 0);
    }
    likeness[words[0].unit] = 0.9f;
    in.likeness = likeness;
    NEED_OK(rank_units(r.a, &in, 10, both, &both_count));
    NEED(both_count > 1);
    CHECK_INT(both[0].unit, ==, words[0].unit);
    CHECK(both[0].words == words[0].words);
    CHECK(both[0].near > 5);
    CHECK(both[1].near < 2);
}

TEST(of_few_likenesses_none_stands_out)
{
    RIG(r);
    static const char *const texts[] = {"# A\n\neins\n", "# B\n\nzwei\n"};
    const struct segment s = rig_segment(&r, texts, 2);
    const struct question q = {0};
    const float likeness[] = {0.2f, 0.9f};
    struct ranked best[2];
    size_t count = 0;
    const struct rank_ask in = {
        .c = {pointers(&r, &s, 1), 1}, .q = &q, .likeness = likeness, .weight = 1};
    NEED_OK(rank_units(r.a, &in, 2, best, &count));
    for (size_t i = 0; i < count; i++)
        CHECK(best[i].near == 0);
}

TEST(nothing_to_search_finds_nothing)
{
    RIG(r);
    const struct question q = {0};
    struct ranked best[1];
    size_t count = 7;
    const struct rank_ask in = {.c = {NULL, 0}, .q = &q};
    CHECK_OK(rank_units(r.a, &in, 1, best, &count));
    CHECK_INT(count, ==, 0);
    CHECK_INT(rank_unit_count(in.c), ==, 0);
}

TEST(memory_that_is_not_there_is_reported)
{
    RIG(r);
    AUTO(arena) *small = NULL;
    static const char *const texts[] = {"# A\n\neins\n"};
    const struct segment s = rig_segment(&r, texts, 1);
    const struct question q = {0};
    struct ranked best[1];
    size_t count = 0;
    const struct rank_ask in = {.c = {pointers(&r, &s, 1), 1}, .q = &q};
    NEED_OK(arena_open(8, &small));
    CHECK_ERR(rank_units(small, &in, 1, best, &count), LIMIT);
}
