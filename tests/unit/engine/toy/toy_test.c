/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/toy/toy.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"
#include "os/sandbox.h"
#include "unit/engine/rig.h"

enum { WAIT_MS = 20000 };

static const char asked[] = "Antworte mit einem Satz: Wie geht es dir?";

/* A toy engine on a thread, or in a child where it is to be killed, and a client of it. */
struct rig {
    struct rig_grant leave;
    struct toy *toy;
    int far;
    pthread_t thread;
    pid_t child;
    bool is_confined; /* the child */
    loop *l;
    engine *e;
    err served;
    unsigned ready, lost;
    bool timed_out;
};

static void *
serve_thread(void *arg)
{
    struct rig *r = arg;
    const struct serve_backend b = toy_backend(r->toy);
    r->served = serve_run(r->far, &b, 64);
    close(r->far);
    return NULL;
}

static void
on_ready(void *ctx, engine *e)
{
    struct rig *r = ctx;
    r->ready++;
    (void)e;
    loop_stop(r->l);
}

static void
on_lost(void *ctx, engine *e)
{
    struct rig *r = ctx;
    r->lost++;
    (void)e;
    loop_stop(r->l);
}

static void
on_late(void *ctx)
{
    struct rig *r = ctx;
    r->timed_out = true;
    loop_stop(r->l);
}

static void
start_engine(struct rig *r, int near, bool as_child)
{
    if (!as_child) {
        CHECK_INT(pthread_create(&r->thread, NULL, serve_thread, r), ==, 0);
        return;
    }
    r->child = fork();
    if (r->child == 0) {
        const struct sandbox_spec spec = {.role = SANDBOX_ENGINE, .files_max = 64};
        struct sandbox_report report;
        close(near);
        if (r->is_confined && sandbox_enter(&spec, &report).code)
            _exit(1);
        serve_thread(r);
        _exit(r->served.code != ERR_OK);
    }
    close(r->far);
}

static bool
wait_for(struct rig *r, const unsigned *what)
{
    while (!*what && !r->timed_out)
        loop_run(r->l);
    CHECK(!r->timed_out);
    return *what > 0;
}

enum place { ON_THREAD, AS_CHILD, CONFINED };

static bool
open_rig(struct rig *r, bool is_embedder, uint32_t sequences, uint32_t token_ms, enum place place)
{
    int pair[2];
    loop_timer *late;
    *r = (struct rig){.leave = rig_grant("intern"), .is_confined = place == CONFINED};
    CHECK_OK(toy_new(is_embedder, sequences, token_ms, &r->toy));
    CHECK_OK(ipc_pair(pair));
    CHECK_OK(loop_new(&r->l));
    CHECK_OK(loop_timer_start(r->l, WAIT_MS, 0, on_late, r, &late));
    r->far = pair[1];
    start_engine(r, pair[0], place != ON_THREAD);
    CHECK_OK(engine_new(r->l, pair[0], (struct engine_events){on_ready, on_lost, r}, &r->e));
    return wait_for(r, &r->ready);
}

static void
close_rig(struct rig *r)
{
    engine_free(r->e);
    if (r->child)
        waitpid(r->child, NULL, 0);
    else
        pthread_join(r->thread, NULL);
    CHECK_INT(r->served.code, ==, ERR_OK);
    loop_free(r->l);
    toy_free(r->toy);
    rig_grant_done(&r->leave);
}

static void
submit(struct rig *r, enum engine_kind kind, const struct conv *c, struct rig_heard *h)
{
    const struct engine_hooks hooks = rig_hooks(h, r->l);
    CHECK_OK(engine_submit(r->e, r->leave.g, kind, c, label_of_level(1), hooks, &h->job));
}

static void
finish(struct rig *r, const struct rig_heard *h)
{
    while (!rig_is_over(h) && !r->timed_out)
        loop_run(r->l);
    CHECK(!r->timed_out);
    CHECK_INT(h->after_the_end, ==, 0);
}

static void
ask(struct rig *r, enum engine_kind kind, const struct conv *c, struct rig_heard *h)
{
    submit(r, kind, c, h);
    finish(r, h);
}

static struct rig_heard one, two, three;
static struct rig_conv talk, other;

/* ---- answers */

TEST(a_chat_is_answered_in_valid_text_and_ends_by_itself)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    ask(&r, ENGINE_CHAT, rig_chat(&talk, asked), &one);
    CHECK_INT(one.failed, ==, 0);
    CHECK_INT(one.lasts, ==, 1);
    CHECK_INT(one.done[0], ==, 1);
    CHECK_INT(one.usage[0].finish, ==, FINISH_STOP);
    CHECK_INT(one.usage[0].prompt_tokens, ==, 9);
    CHECK_INT(one.usage[0].output_tokens, >=, 20);
    CHECK_INT(one.usage[0].output_tokens, <=, 60);
    CHECK(one.len[0] > 40 && utf8_valid(rig_text(&one, 0)));
    CHECK(!str_starts(rig_text(&one, 0), STR(" ")));
    CHECK(str_ends(rig_text(&one, 0), STR(".")));
    CHECK(str_find(rig_text(&one, 0), STR("\xEF\xBF\xBD")) < 0);
    CHECK_INT(engine_jobs(r.e), ==, 0);
    close_rig(&r);
}

TEST(the_answer_carries_the_labels_of_conversation_and_model)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->label = label_with(LABEL_BOTTOM, LABEL_TAINT_FIRST);
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK(label_eq(one.label, label_with(label_of_level(1), LABEL_TAINT_FIRST)));
    close_rig(&r);
}

TEST(many_questions_give_many_answers_with_umlauts_whole)
{
    struct rig r;
    char question[64];
    unsigned umlauts = 0;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    for (int i = 0; i < 50; i++) {
        snprintf(question, sizeof question, "Frage %d", i);
        ask(&r, ENGINE_CHAT, rig_chat(&talk, question), &one);
        CHECK(utf8_valid(rig_text(&one, 0)));
        CHECK(str_find(rig_text(&one, 0), STR("\xEF\xBF\xBD")) < 0);
        umlauts += str_find(rig_text(&one, 0), STR("ü")) >= 0;
        CHECK_INT(one.tokens, <=, one.usage[0].output_tokens);
    }
    CHECK_INT(umlauts, >, 10);
    close_rig(&r);
}

TEST(tokens_max_ends_an_answer_with_length_and_is_never_passed)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    for (uint32_t most = 1; most < 20; most++) {
        struct conv *c = rig_chat(&talk, asked);
        c->params.tokens_max = most;
        ask(&r, ENGINE_CHAT, c, &one);
        CHECK_INT(one.usage[0].finish, ==, FINISH_LENGTH);
        CHECK_INT(one.usage[0].output_tokens, ==, most);
        CHECK(utf8_valid(rig_text(&one, 0)));
    }
    close_rig(&r);
}

TEST(three_answers_end_one_by_one_and_the_last_says_so)
{
    struct rig r;
    NEED(open_rig(&r, false, 2, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->params.n = 3;
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK_INT(one.lasts, ==, 1);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(one.done[i], ==, 1);
        CHECK(one.len[i] > 0);
        CHECK_INT(one.usage[i].prompt_tokens, ==, 9);
    }
    CHECK(!str_eq(rig_text(&one, 0), rig_text(&one, 1)));
    CHECK(!str_eq(rig_text(&one, 1), rig_text(&one, 2)));
    close_rig(&r);
}

TEST(any_three_characters_of_an_answer_stop_it_before_them)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->params.temperature = 0;
    c->params.tokens_max = 24;
    ask(&r, ENGINE_CHAT, c, &one);
    const str full = rig_text(&one, 0);
    for (size_t at = 0; at + 3 <= full.len; at++) {
        const str stop = str_slice(full, at, at + 3);
        if (!utf8_valid(stop))
            continue;
        c->params.stops[0] = stop;
        c->params.stop_count = 1;
        ask(&r, ENGINE_CHAT, c, &two);
        CHECK_INT(two.usage[0].finish, ==, FINISH_STOP);
        CHECK(str_find(rig_text(&two, 0), stop) < 0);
        CHECK(str_starts(full, rig_text(&two, 0)));
        CHECK_INT(two.len[0], ==, str_find(full, stop));
    }
    close_rig(&r);
}

TEST(equal_seeds_give_equal_answers_and_others_do_not)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->params.has_seed = true;
    c->params.seed = 42;
    c->params.temperature = 0.8;
    ask(&r, ENGINE_CHAT, c, &one);
    ask(&r, ENGINE_CHAT, c, &two);
    CHECK_STR(rig_text(&one, 0), rig_text(&two, 0));
    c->params.seed = 43;
    ask(&r, ENGINE_CHAT, c, &two);
    CHECK(!str_eq(rig_text(&one, 0), rig_text(&two, 0)));
    close_rig(&r);
}

TEST(at_temperature_zero_the_seed_does_not_matter_but_the_question_does)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->params.has_seed = true;
    c->params.temperature = 0;
    ask(&r, ENGINE_CHAT, c, &one);
    c->params.seed = 7;
    ask(&r, ENGINE_CHAT, c, &two);
    CHECK_STR(rig_text(&one, 0), rig_text(&two, 0));
    c = rig_chat(&other, "Etwas anderes");
    c->params.temperature = 0;
    ask(&r, ENGINE_CHAT, c, &two);
    CHECK(!str_eq(rig_text(&one, 0), rig_text(&two, 0)));
    close_rig(&r);
}

static void
check_token(const struct rig_token *t, size_t tops)
{
    bool is_among = false;
    CHECK(t->logprob <= 0);
    CHECK_INT(t->top_count, ==, tops);
    for (size_t i = 0; i < tops; i++) {
        CHECK(t->top[i] <= 0 && (i == 0 || t->top[i] <= t->top[i - 1]));
        is_among =
            is_among || (t->top_len[i] == t->len && memcmp(t->top_text[i], t->text, t->len) == 0);
    }
    CHECK(is_among == (t->logprob >= t->top[tops - 1]));
}

TEST(logprobs_are_sorted_hold_the_chosen_token_and_do_not_change_the_text)
{
    struct rig r;
    char joined[RIG_TEXT];
    size_t len = 0;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    ask(&r, ENGINE_CHAT, c, &two);
    c->params.logprobs = true;
    c->params.top_logprobs = 3;
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK_STR(rig_text(&one, 0), rig_text(&two, 0));
    CHECK_INT(two.lp_count, ==, 0);
    CHECK_INT(one.lp_count, ==, one.usage[0].output_tokens);
    for (size_t i = 0; i < one.lp_count; i++) {
        check_token(&one.lp[i], 3);
        memcpy(joined + len, one.lp[i].text, one.lp[i].len);
        len += one.lp[i].len;
    }
    CHECK_STR(rig_text(&one, 0), ((str){joined, len}));
    close_rig(&r);
}

TEST(json_object_gives_one_object_within_64_tokens)
{
    struct rig r;
    AUTO(arena) *a = NULL;
    jval v;
    NEED_OK(arena_open(1 << 20, &a));
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct conv *c = rig_chat(&talk, "Gib ein JSON-Objekt aus.");
        c->params.json_object = true;
        c->params.tokens_max = 64;
        c->params.has_seed = true;
        c->params.seed = seed;
        ask(&r, ENGINE_CHAT, c, &one);
        NEED_OK(json_read(a, rig_text(&one, 0), &v));
        CHECK_INT(json_type(v), ==, J_OBJECT);
        CHECK_INT(one.usage[0].finish, ==, FINISH_STOP);
    }
    close_rig(&r);
}

TEST(a_completion_with_echo_begins_with_the_prompt)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, "Es war einmal");
    ask(&r, ENGINE_COMPLETE, c, &one);
    c->params.echo = true;
    ask(&r, ENGINE_COMPLETE, c, &two);
    CHECK(str_starts(rig_text(&two, 0), STR("Es war einmal")));
    CHECK_STR(str_slice(rig_text(&two, 0), 13, RIG_TEXT), rig_text(&one, 0));
    CHECK_INT(one.usage[0].output_tokens, ==, two.usage[0].output_tokens);
    close_rig(&r);
}

TEST(tokens_are_counted_without_an_answer)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    ask(&r, ENGINE_TOKENIZE, rig_chat(&talk, "eins zwei  drei\nvier"), &one);
    CHECK_INT(one.usage[0].prompt_tokens, ==, 5);
    CHECK_INT(one.usage[0].output_tokens, ==, 0);
    CHECK_INT(one.pieces, ==, 0);
    CHECK_INT(one.lasts, ==, 1);
    close_rig(&r);
}

TEST(a_chat_counts_as_many_tokens_as_its_answer_says)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, "eins zwei  drei\nvier");
    c->tools = (struct conv_tools){.json = STR("[{\"a\":\"b c d\"}]"), .count = 1};
    ask(&r, ENGINE_TOKENIZE, c, &one);
    ask(&r, ENGINE_CHAT, c, &two);
    CHECK_INT(one.usage[0].prompt_tokens, ==, two.usage[0].prompt_tokens);
    CHECK_INT(one.usage[0].prompt_tokens, >, 0);
    c->messages.count = 0;
    ask(&r, ENGINE_TOKENIZE, c, &one);
    CHECK_INT(one.usage[0].prompt_tokens, ==, 5);
    close_rig(&r);
}

TEST(a_big_prompt_of_many_byte_characters_is_taken)
{
    struct rig r;
    static char big[200000];
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    for (size_t i = 0; i + 2 < sizeof big; i += 2)
        memcpy(big + i, "ä", 2);
    struct conv *c = rig_chat(&talk, big);
    c->params.tokens_max = 2;
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK_INT(one.failed, ==, 0);
    CHECK_INT(one.usage[0].output_tokens, ==, 2);
    close_rig(&r);
}

/* ---- what does not fit, what it cannot do */

static void
fill_words(char *room, size_t words)
{
    for (size_t i = 0; i < words; i++)
        memcpy(room + 2 * i, "w ", 2);
    room[2 * words] = '\0';
}

TEST(an_input_that_is_too_long_is_refused_with_both_numbers)
{
    struct rig r;
    static char big[40000];
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    fill_words(big, 8999);
    struct conv *c = rig_chat(&talk, big);
    c->params.tokens_max = 512;
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK_INT(one.failed, ==, 1);
    CHECK_ERR(one.failure, CONTEXT_LENGTH);
    CHECK_STR(str_of(one.public),
              STR("the input has 9000 tokens and the answer asks for 512; the model's context is "
                  "8192"));
    CHECK_STR(str_of(one.param), STR("messages"));
    c->params.tokens_max = 0;
    ask(&r, ENGINE_COMPLETE, c, &one);
    CHECK_STR(str_of(one.public), STR("the input has 9000 tokens; the model's context is 8192"));
    close_rig(&r);
}

TEST(an_input_that_fits_to_the_token_is_taken_and_ends_at_the_context)
{
    struct rig r;
    static char big[40000];
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    fill_words(big, TOY_CONTEXT_TOKENS - 1 - 5);
    struct conv *c = rig_chat(&talk, big);
    c->params.tokens_max = 5;
    ask(&r, ENGINE_COMPLETE, c, &one);
    CHECK_INT(one.failed, ==, 0);
    CHECK_INT(one.usage[0].output_tokens, ==, 5);
    c->params.tokens_max = 6;
    ask(&r, ENGINE_COMPLETE, c, &one);
    CHECK_ERR(one.failure, CONTEXT_LENGTH);
    c->params.tokens_max = 0;
    c->params.ignore_eos = true;
    ask(&r, ENGINE_COMPLETE, c, &one);
    CHECK_INT(one.usage[0].output_tokens, ==, 5);
    CHECK_INT(one.usage[0].finish, ==, FINISH_LENGTH);
    close_rig(&r);
}

TEST(what_the_engine_cannot_do_is_refused_before_it_is_sent)
{
    struct rig r;
    const char *texts[] = {"a"};
    engine_job *j;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    CHECK_INT(engine_caps(r.e)->can_chat, ==, 1);
    CHECK_ERR(engine_submit(r.e, r.leave.g, ENGINE_EMBED, rig_inputs(&talk, texts, 1), LABEL_BOTTOM,
                            rig_hooks(&one, r.l), &j),
              UNSUPPORTED);
    CHECK_INT(engine_jobs(r.e), ==, 0);
    close_rig(&r);
}

/* ---- embeddings */

static double
dot(const float *a, const float *b, size_t dims)
{
    double sum = 0;
    for (size_t i = 0; i < dims; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

TEST(vectors_come_in_order_with_unit_length_equal_for_equal_texts)
{
    struct rig r;
    const char *texts[] = {
        "a", "b", "a", "Wohngeld für Familien", "Wohngeld für eine Familie", "Straßenbahn", ""};
    NEED(open_rig(&r, true, 8, 0, ON_THREAD));
    CHECK_INT(engine_caps(r.e)->embedding_dims, ==, TOY_DIMS);
    ask(&r, ENGINE_EMBED, rig_inputs(&talk, texts, 7), &one);
    CHECK_INT(one.lasts, ==, 1);
    CHECK_INT(one.vector_count, ==, 7);
    for (unsigned i = 0; i < 7; i++) {
        CHECK_INT(one.vector_order[i], ==, i);
        CHECK(fabs(dot(one.vectors[i], one.vectors[i], one.dims) - 1) < 1e-3);
    }
    CHECK(memcmp(one.vectors[0], one.vectors[2], sizeof one.vectors[0]) == 0);
    CHECK(memcmp(one.vectors[0], one.vectors[1], sizeof one.vectors[0]) != 0);
    CHECK(dot(one.vectors[3], one.vectors[4], one.dims) >
          0.3 + dot(one.vectors[3], one.vectors[5], one.dims));
    CHECK_INT(one.usage[0].prompt_tokens, ==, 2 + 2 + 2 + 4 + 5 + 2 + 1);
    close_rig(&r);
}

TEST(fewer_dimensions_give_shorter_unit_vectors_and_more_are_refused)
{
    struct rig r;
    const char *texts[] = {"Wohngeld"};
    NEED(open_rig(&r, true, 8, 0, ON_THREAD));
    struct conv *c = rig_inputs(&talk, texts, 1);
    c->dimensions = 64;
    ask(&r, ENGINE_EMBED, c, &one);
    CHECK_INT(one.dims, ==, 64);
    CHECK(fabs(dot(one.vectors[0], one.vectors[0], 64) - 1) < 1e-3);
    c->dimensions = TOY_DIMS + 1;
    ask(&r, ENGINE_EMBED, c, &one);
    CHECK_ERR(one.failure, ARGUMENT);
    close_rig(&r);
}

/* ---- several at once, cancelling, ends */

TEST(a_slow_answer_does_not_hold_up_a_quick_one)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "!slow 60000"), &one);
    ask(&r, ENGINE_CHAT, rig_chat(&other, asked), &two);
    CHECK_INT(two.lasts, ==, 1);
    CHECK_INT(rig_is_over(&one), ==, 0);
    engine_cancel(one.job);
    close_rig(&r);
}

TEST(a_cancelled_answer_is_silent_at_once_and_others_go_on)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    const struct engine_hooks hooks = rig_hooks(&one, r.l);
    one.cancel_after = 3;
    CHECK_OK(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, "!long 5000"), LABEL_BOTTOM,
                           hooks, &one.job));
    submit(&r, ENGINE_CHAT, rig_chat(&other, "!long 300"), &two);
    finish(&r, &two);
    CHECK_INT(two.usage[0].output_tokens, ==, 300);
    CHECK_INT(one.pieces, ==, 3);
    CHECK_INT(rig_is_over(&one), ==, 0);
    CHECK_INT(engine_jobs(r.e), ==, 0);
    close_rig(&r);
}

static void
on_stats(void *ctx, const struct engine_stats *s)
{
    struct engine_stats *ret = ctx;
    *ret = *s;
    ret->steps++; /* never 0 once it came */
}

static struct engine_stats
stats_of(struct rig *r)
{
    struct engine_stats s = {0};
    CHECK_OK(engine_ask_stats(r->e, on_stats, &s));
    while (!s.steps && !r->timed_out)
        loop_turn(r->l);
    return s;
}

TEST(the_engine_forgets_a_cancelled_request_within_a_step)
{
    struct rig r;
    NEED(open_rig(&r, false, 2, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, "!slow 60000");
    c->params.n = 5;
    submit(&r, ENGINE_CHAT, c, &one);
    struct engine_stats s = stats_of(&r);
    CHECK_INT(s.running, ==, 2);
    CHECK_INT(s.waiting, ==, 3);
    engine_cancel(one.job);
    s = stats_of(&r);
    CHECK_INT(s.running + s.waiting, ==, 0);
    CHECK(s.resident_bytes > 0);
    close_rig(&r);
}

TEST(an_engine_killed_in_mid_stream_fails_each_request_once)
{
    struct rig r;
    unsigned got;
    NEED(open_rig(&r, false, 8, 0, AS_CHILD));
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "!slow 60000"), &one);
    submit(&r, ENGINE_CHAT, rig_chat(&other, "!slow 60000 zwei"), &two);
    while (!(got = one.pieces && two.pieces) && !r.timed_out)
        loop_turn(r.l);
    CHECK(got);
    kill(r.child, SIGKILL);
    CHECK(wait_for(&r, &r.lost));
    CHECK_INT(one.failed, ==, 1);
    CHECK_INT(two.failed, ==, 1);
    CHECK_ERR(one.failure, ENGINE_LOST);
    CHECK_ERR(two.failure, ENGINE_LOST);
    CHECK_INT(one.after_the_end + two.after_the_end, ==, 0);
    CHECK_INT(r.lost, ==, 1);
    CHECK(!engine_is_ready(r.e));
    engine_job *j;
    CHECK_ERR(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, asked), LABEL_BOTTOM,
                            rig_hooks(&three, r.l), &j),
              ENGINE_LOST);
    close_rig(&r);
    CHECK_INT(one.failed + two.failed, ==, 2);
}

TEST(the_command_crash_ends_the_process_after_three_tokens)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, AS_CHILD));
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "Bitte !crash jetzt"), &one);
    CHECK(wait_for(&r, &r.lost));
    CHECK_ERR(one.failure, ENGINE_LOST);
    CHECK_INT(one.tokens, <=, 3);
    int status;
    CHECK_INT(waitpid(r.child, &status, 0), ==, r.child);
    CHECK(WIFSIGNALED(status));
    close_rig(&r);
}

TEST(freeing_the_client_fails_what_is_running_as_cancelled)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "!slow 60000"), &one);
    close_rig(&r);
    CHECK_INT(one.failed, ==, 1);
    CHECK_ERR(one.failure, CANCELLED);
}

TEST(more_requests_than_sequences_are_all_answered)
{
    struct rig r;
    static struct rig_heard many[20];
    NEED(open_rig(&r, false, 3, 0, ON_THREAD));
    for (int i = 0; i < 20; i++)
        submit(&r, ENGINE_CHAT, rig_chat(&talk, asked), &many[i]);
    for (int i = 0; i < 20; i++) {
        finish(&r, &many[i]);
        CHECK_STR(rig_text(&many[i], 0), rig_text(&many[0], 0));
        CHECK_INT(many[i].lasts, ==, 1);
    }
    close_rig(&r);
}

TEST(times_add_up_and_do_not_go_backwards)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 1, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->params.tokens_max = 5;
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK_INT(one.usage[0].decode_us, >=, 3000);
    CHECK_INT(one.usage[0].decode_us, <, 20000000);
    CHECK_INT(one.usage[0].queued_us, <, 20000000);
    CHECK_INT(one.usage[0].prefill_us, <, 20000000);
    close_rig(&r);
}

/* Large messages travel as sealed memory, stats ask the system: all of it must be allowed. */
TEST(a_confined_engine_does_all_of_this)
{
    struct rig r;
    static char big[200000];
    int status;
    NEED(open_rig(&r, false, 8, 1, CONFINED));
    memset(big, 'x', sizeof big - 1);
    struct conv *c = rig_chat(&talk, big);
    c->params.echo = true;
    c->params.tokens_max = 5;
    static struct rig_heard heard;
    ask(&r, ENGINE_COMPLETE, c, &heard);
    CHECK_INT(heard.failed, ==, 0);
    CHECK_INT(heard.usage[0].output_tokens, ==, 5);
    c = rig_chat(&talk, asked);
    c->params.json_object = true;
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK_INT(one.lasts, ==, 1);
    CHECK(stats_of(&r).resident_bytes > 0);
    engine_free(r.e);
    r.e = NULL;
    CHECK_INT(waitpid(r.child, &status, 0), ==, r.child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close_rig(&r);
}

/* ---- grammars and calls */

TEST(a_grammar_is_obeyed_and_equal_requests_get_equal_answers)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->format.grammar = STR("root ::= \"{\\\"a\\\":\" [0-9]{3,6} \"}\"\n");
    ask(&r, ENGINE_CHAT, c, &one);
    ask(&r, ENGINE_CHAT, c, &two);
    CHECK_INT(one.failed, ==, 0);
    CHECK_INT(one.usage[0].finish, ==, FINISH_STOP);
    CHECK(str_starts(rig_text(&one, 0), STR("{\"a\":")) && rig_text(&one, 0).len <= 12);
    CHECK_STR(rig_text(&one, 0), rig_text(&two, 0));
    close_rig(&r);
}

TEST(a_grammar_that_is_none_fails_the_request_alone)
{
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, asked);
    c->format.grammar = STR("root ::= root\n");
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK_INT(one.failed, ==, 1);
    ask(&r, ENGINE_CHAT, rig_chat(&talk, asked), &two);
    CHECK_INT(two.failed, ==, 0);
    close_rig(&r);
}

TEST(an_offered_tool_is_called_on_command_and_others_are_not)
{
    static const char tools[] = "[{\"type\":\"function\",\"function\":{\"name\":\"uhr\"}}]";
    struct rig r;
    NEED(open_rig(&r, false, 8, 0, ON_THREAD));
    struct conv *c = rig_chat(&talk, "!call uhr");
    c->tools = (struct conv_tools){.json = str_of(tools), .count = 1};
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK(str_starts(rig_text(&one, 0), STR("<tool_call>\n{\"name\":")));
    CHECK(str_ends(rig_text(&one, 0), STR("{}}\n</tool_call>")));
    c = rig_chat(&talk, "!call tod");
    c->tools = (struct conv_tools){.json = str_of(tools), .count = 1};
    ask(&r, ENGINE_CHAT, c, &one);
    CHECK(str_find(rig_text(&one, 0), STR("<tool_call>")) < 0);
    ask(&r, ENGINE_CHAT, rig_chat(&talk, "!call uhr"), &one);
    CHECK(str_find(rig_text(&one, 0), STR("<tool_call>")) < 0);
    close_rig(&r);
}
