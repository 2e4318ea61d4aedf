/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/eval.h"

#include <math.h>
#include <stdlib.h>

#include "base/json.h"

enum {
    LINE_BYTES_MAX = 1 << 20,
    SAMPLES = 1000,
    COLUMNS_MAX = 32,
    GOLD_MAX = 256,
    SEED = 20220331
};

/* ---- reading */

struct reader {
    arena *a;
    struct eval_set *set;
    size_t line;
    str columns[COLUMNS_MAX];
    size_t column_count;
    str query_column;
};

static fallible
join_id(arena *a, str law, str section, str *ret)
{
    AUTO(buf) b = BUF(4096);
    buf_add(&b, law);
    buf_add_char(&b, ':');
    buf_add(&b, section);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
add_gold(struct reader *r, struct eval_item *i, struct eval_gold g)
{
    bool is_new = true;
    for (size_t k = 0; k < i->gold.count; k++)
        is_new &= i->gold.at[k].group != g.group;
    i->groups += is_new;
    return VEC_ADD(r->a, &i->gold, &g);
}

static fallible
read_gold(struct reader *r, const jval *o, struct eval_item *i)
{
    struct jwalk w = {0};
    const jval list = json_get(o, "gold");
    TRY(json_array(&list, 0, GOLD_MAX));
    for (jval v; json_each(&list, &w, &v);) {
        str law, section;
        struct eval_gold g = {.group = (int64_t)i->groups + 1};
        const jval l = json_get(&v, "law"), s = json_get(&v, "section"), n = json_get(&v, "group");
        TRY(json_str(&l, 1024, &law));
        TRY(json_str(&s, 1024, &section));
        TRY(opt_json_i64(&n, INT32_MIN, INT32_MAX, &g.group));
        TRY(join_id(r->a, law, section, &g.id));
        TRY(add_gold(r, i, g));
    }
    return OK;
}

static fallible
read_json_line(struct reader *r, str line)
{
    jval root;
    str kind = STR("answerable");
    struct eval_item i = {.lang = STR("de")};
    if (json_read(r->a, line, &root).code)
        REFUSE(PARSE, "", "line %zu is no JSON", r->line);
    TRY(json_object(&root));
    const jval id = json_get(&root, "id"), q = json_get(&root, "question");
    const jval k = json_get(&root, "kind"), lang = json_get(&root, "lang");
    TRY(json_str(&id, 256, &i.id));
    TRY(json_str(&q, LINE_BYTES_MAX, &i.query));
    TRY(opt_json_str(&k, 64, &kind));
    TRY(opt_json_str(&lang, 16, &i.lang));
    if (!str_eq(kind, STR("answerable")))
        return OK;
    TRY(read_gold(r, &root, &i));
    return VEC_ADD(r->a, &r->set->items, &i);
}

static void
read_head(struct reader *r, str line)
{
    while (r->column_count < COLUMNS_MAX && str_next(&line, '\t', &r->columns[r->column_count]))
        r->column_count++;
}

static str
cell(const struct reader *r, const str *cells, str name)
{
    for (size_t i = 0; i < r->column_count; i++)
        if (str_eq(r->columns[i], name))
            return cells[i];
    return STR_NONE;
}

static fallible
read_row(struct reader *r, str line)
{
    str cells[COLUMNS_MAX] = {0};
    struct eval_item i = {.lang = STR("de")};
    struct eval_gold g = {.group = 1};
    for (size_t n = 0; n < r->column_count; n++)
        (void)str_next(&line, '\t', &cells[n]);
    i.id = cell(r, cells, STR("qid"));
    i.query = cell(r, cells, r->query_column);
    const str source = cell(r, cells, STR("source_law"));
    if (!i.id.len || !i.query.len || !cell(r, cells, STR("law")).len)
        REFUSE(PARSE, "", "line %zu lacks qid, %.*s or law", r->line, STR_FMT(r->query_column));
    TRY(join_id(r->a, cell(r, cells, STR("law")), cell(r, cells, STR("section")), &g.id));
    if (source.len)
        TRY(join_id(r->a, source, cell(r, cells, STR("source_section")), &i.left_out));
    TRY(add_gold(r, &i, g));
    return VEC_ADD(r->a, &r->set->items, &i);
}

static fallible
read_line(struct reader *r, str line)
{
    if (line.len && line.at[line.len - 1] == '\r')
        line.len--;
    if (!line.len)
        return OK;
    if (line.len > LINE_BYTES_MAX)
        REFUSE(TOO_LARGE, "", "line %zu is longer than %d bytes", r->line, LINE_BYTES_MAX);
    if (line.at[0] == '{')
        return read_json_line(r, line);
    if (r->column_count)
        return read_row(r, line);
    read_head(r, line);
    return OK;
}

fallible
eval_read(arena *a, str text, str query_column, struct eval_set *ret)
{
    struct eval_set set = {0};
    struct reader r = {.a = a, .set = &set};
    r.query_column = query_column.len ? query_column : STR("query");
    for (str line; str_next(&text, '\n', &line);) {
        r.line++;
        TRY(read_line(&r, line));
    }
    if (!set.items.count)
        REFUSE(ARGUMENT, "", "the file holds no question that can be answered");
    *ret = set;
    return OK;
}

/* ---- one ranking */

const char *
eval_measure_name(enum eval_measure m)
{
    static const char *const names[EVAL_COUNT] = {"nDCG@10",  "MRR@10",    "recall@1",
                                                  "recall@5", "recall@10", "recall@100"};
    ASSERT(m < EVAL_COUNT);
    return names[m];
}

/* Rank of the first section of the group, 0 if none is there. */
static size_t
rank_of_group(const struct eval_item *i, int64_t group, const str *ranking, size_t count)
{
    size_t rank = 0;
    for (size_t n = 0; n < count && rank < EVAL_DEPTH; n++) {
        bool is_again = str_eq(ranking[n], i->left_out);
        for (size_t k = 0; k < n && !is_again; k++)
            is_again = str_eq(ranking[k], ranking[n]);
        if (is_again)
            continue;
        rank++;
        for (size_t k = 0; k < i->gold.count; k++)
            if (i->gold.at[k].group == group && str_eq(i->gold.at[k].id, ranking[n]))
                return rank;
    }
    return 0;
}

static void
add_rank(struct eval_score *s, size_t rank, double groups)
{
    static const size_t depth[] = {1, 5, 10, 100};
    for (size_t k = 0; k < 4; k++)
        if (rank && rank <= depth[k])
            s->at[EVAL_R1 + k] += 1 / groups;
    if (rank && rank <= 10) {
        s->at[EVAL_NDCG10] += 1 / log2(1 + (double)rank);
        if (1 / (double)rank > s->at[EVAL_MRR10])
            s->at[EVAL_MRR10] = 1 / (double)rank;
    }
}

struct eval_score
eval_rank(const struct eval_item *i, const str *ranking, size_t count)
{
    struct eval_score s = {0};
    double ideal = 0;
    for (size_t k = 0; k < i->gold.count; k++) {
        bool is_first = true;
        for (size_t n = 0; n < k; n++)
            is_first &= i->gold.at[n].group != i->gold.at[k].group;
        if (is_first)
            add_rank(&s, rank_of_group(i, i->gold.at[k].group, ranking, count), (double)i->groups);
    }
    for (size_t k = 0; k < i->groups; k++)
        ideal += 1 / log2(2 + (double)k);
    s.at[EVAL_NDCG10] = ideal > 0 ? s.at[EVAL_NDCG10] / ideal : 0;
    return s;
}

/* ---- many */

static int
by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* xorshift64* (Vigna 2016): the interval is the same each time. */
static uint64_t
next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545f4914f6cdd1du;
}

fallible
eval_mean(arena *a, const struct eval_score *scores, size_t count, enum eval_measure m,
          struct eval_interval *ret)
{
    void *at = NULL;
    uint64_t state = SEED;
    double sum = 0;
    ASSERT(count && m < EVAL_COUNT);
    TRY(try_arena_get(a, SAMPLES, sizeof(double), &at));
    double *const means = (double *)at;
    for (size_t i = 0; i < count; i++)
        sum += scores[i].at[m];
    for (size_t n = 0; n < SAMPLES; n++) {
        double drawn = 0;
        for (size_t i = 0; i < count; i++)
            drawn += scores[next_random(&state) % count].at[m];
        means[n] = drawn / (double)count;
    }
    qsort(means, SAMPLES, sizeof *means, by_size);
    *ret = (struct eval_interval){sum / (double)count, means[SAMPLES / 40],
                                  means[SAMPLES - SAMPLES / 40 - 1]};
    return OK;
}
