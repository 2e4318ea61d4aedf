/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit eval retrieval FILE`: how well a collection answers questions whose answers are known. */
#include "know/eval.h"

#include "cli/know/offline.h"
#include "cli/offline/commands.h"
#include "cli/show.h"
#include "os/clock.h"
#include "os/file.h"

enum { SET_BYTES_MAX = 64 * 1024 * 1024, DEPTH = EVAL_DEPTH + 10, QUESTION_MAX = 16384 };
#define WORK_BYTES ((size_t)2 << 30)

struct evaluation {
    struct cli *c;
    offline *o;
    offline_vectors *v; /* of the questions; no rows: words alone */
    struct eval_set set;
    struct eval_score *scores;
    size_t count; /* of scores */
    uint64_t *us;
    buf run; /* "qid<TAB>law:section" lines */
};

static fallible
ask_one(struct evaluation *e, const struct eval_item *i, arena *work)
{
    struct know_hits hits;
    struct know_ask ask = {
        .text = content_of(i->query, LABEL_BOTTOM), .most = DEPTH, .without_quotes = true};
    const struct offline_question q = {i->id, i->query};
    str ranking[DEPTH];
    TRY(offline_likeness(e->v, &q, work, &ask));
    const uint64_t began = clock_us();
    TRY(know_search(e->o->k, e->o->g, &ask, work, &hits));
    e->us[e->count] = clock_us() - began;
    for (size_t n = 0; n < hits.count; n++) {
        AUTO(buf) id = BUF(8192);
        buf_add(&id, hits.at[n].doc);
        buf_add_char(&id, ':');
        buf_add(&id, hits.at[n].section);
        TRY(buf_end(&id));
        TRY(try_arena_str(work, buf_str(&id), &ranking[n]));
        buf_add(&e->run, i->id);
        buf_add_char(&e->run, '\t');
        buf_add(&e->run, ranking[n]);
        buf_add_char(&e->run, '\n');
    }
    e->scores[e->count++] = eval_rank(i, ranking, hits.count);
    return OK;
}

static fallible
ask_all(struct evaluation *e, str lang)
{
    AUTO(arena) *work = NULL;
    struct progress p;
    err failed = OK;
    TRY(arena_open(WORK_BYTES, &work));
    progress_begin(&p, e->c->err_is_terminal && !e->c->quiet ? e->c->err : NULL, "asking",
                   e->set.items.count);
    for (size_t i = 0; i < e->set.items.count && !failed.code; i++) {
        const struct eval_item *const item = &e->set.items.at[i];
        arena_reset(work);
        if (!lang.len || str_eq(lang, STR("all")) || str_eq(lang, item->lang))
            failed = ask_one(e, item, work);
        progress_at(&p, i + 1);
    }
    progress_end(&p);
    TRY(failed);
    if (!e->count)
        REFUSE(ARGUMENT, "only", "no question is in that language");
    return buf_end(&e->run);
}

static uint64_t
slowest_of_20(uint64_t *us, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k && us[k - 1] > us[k]; k--) {
            const uint64_t kept = us[k];
            us[k] = us[k - 1];
            us[k - 1] = kept;
        }
    return us[(count - 1) * 19 / 20];
}

static fallible
tell(struct evaluation *e, const char *name)
{
    struct cli *const c = e->c;
    AUTO(buf) b = BUF(64 * 1024);
    json_open(&b, '{');
    json_member_u64(&b, "questions", e->count);
    for (int m = 0; m < EVAL_COUNT; m++) {
        struct eval_interval i;
        TRY(eval_mean(c->a, e->scores, e->count, (enum eval_measure)m, &i));
        const char *const measure = eval_measure_name((enum eval_measure)m);
        json_member_f64(&b, measure, i.mean);
        if (!c->json)
            (void)fprintf(c->out, "bench know.%s.%s %.4f [%.3f, %.3f] n=%zu\n", name, measure,
                          i.mean, i.low, i.high, e->count);
    }
    const uint64_t us = slowest_of_20(e->us, e->count);
    json_member_u64(&b, "p95_us", us);
    json_close(&b, '}');
    if (!c->json)
        (void)fprintf(c->out, "bench know.%s.p95 %.2f ms\n", name, (double)us / 1000);
    return c->json ? cli_put_json(c, &b) : OK;
}

static fallible
read_set(struct evaluation *e, const struct args *a)
{
    str text;
    void *at = NULL;
    TRY(file_read(e->c->a, arena_str(e->c->a, a->at[0]).at, SET_BYTES_MAX, &text));
    TRY(eval_read(e->c->a, text, args_str(a, "column"), &e->set));
    TRY(try_arena_get(e->c->a, e->set.items.count, sizeof *e->scores, &at));
    e->scores = (struct eval_score *)at;
    TRY(try_arena_get(e->c->a, e->set.items.count, sizeof *e->us, &at));
    e->us = (uint64_t *)at;
    return OK;
}

static fallible
evaluate(struct evaluation *e, const struct args *a)
{
    const char *const run = args_value(a, "run");
    const char *const name = args_value(a, "name");
    TRY(read_set(e, a));
    TRY(ask_all(e, args_str(a, "only")));
    if (run)
        TRY(file_write_atomic(run, buf_str(&e->run), 0644));
    return tell(e, name ? name : "retrieval");
}

fallible
cmd_eval_retrieval(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(offline_vectors) v = {0};
    struct evaluation e = {.c = c, .o = &o, .v = &v, .run = BUF((size_t)1 << 30)};
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    if (args_has(a, "vectors"))
        TRY(offline_vectors_read(args_str(a, "vectors"), &v));
    const err failed = evaluate(&e, a);
    buf_done(&e.run);
    return failed;
}

static fallible
put_texts(arena *work, str line, buf *b)
{
    struct offline_question q;
    jval root;
    TRY(json_read(work, line, &root));
    TRY(json_object(&root));
    const jval id = json_get(&root, "id"), text = json_get(&root, "question");
    TRY(json_str(&id, QUESTION_MAX, &q.id));
    TRY(json_str(&text, QUESTION_MAX, &q.text));
    return offline_likeness_texts(&q, b);
}

/* What an embedder is to read of a file of questions, and of the sentences that show what a
 * language adds. */
fallible
cmd_eval_pieces(struct cli *c, const struct args *a)
{
    AUTO(buf) b = BUF((size_t)1 << 30);
    AUTO(arena) *work = NULL;
    str text, line;
    TRY(arena_open(WORK_BYTES, &work));
    TRY(file_read(c->a, arena_str(c->a, a->at[0]).at, SET_BYTES_MAX, &text));
    offline_likeness_phrases(&b);
    while (str_next(&text, '\n', &line)) {
        arena_reset(work);
        if (str_trim(line).len)
            TRY(put_texts(work, line, &b));
    }
    TRY(buf_end(&b));
    (void)fwrite(b.at, 1, b.len, c->out);
    return OK;
}
