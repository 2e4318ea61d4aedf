/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/engine.h"

#include <math.h>

#include "unit/engine/far.h"

static struct rig_heard two, three;

/* ---- the orderly course */

TEST(loading_is_shown_and_nothing_is_taken_before_the_hello)
{
    struct rig r;
    const struct engine_loading half = {0.5f};
    const struct engine_hello h = good_hello();
    engine_job *j;
    open_silent(&r);
    CHECK(!engine_is_ready(r.e));
    say(&r, ENGINE_LOADING, 0, &half, sizeof half, STR_NONE);
    CHECK(engine_progress(r.e) > 0.49 && engine_progress(r.e) < 0.51);
    CHECK_ERR(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, "x"), LABEL_BOTTOM,
                            rig_hooks(&one, r.l), &j),
              ENGINE_LOADING);
    say(&r, ENGINE_HELLO, 0, &h, sizeof h, STR_NONE);
    CHECK(engine_is_ready(r.e));
    CHECK(engine_progress(r.e) >= 1);
    CHECK_STR(str_of(engine_caps(r.e)->engine), STR("fake"));
    CHECK_INT(r.ready, ==, 1);
    close_rig(&r);
}

TEST(text_and_usage_reach_the_job_they_are_for)
{
    struct rig r;
    open_rig(&r);
    struct conv *c = rig_chat(&talk, "Frage");
    c->params.n = 2;
    submit(&r, ENGINE_CHAT, c, &one);
    NEED(sent(&r) == ENGINE_SUBMIT);
    const uint64_t id = r.m.head.id;
    CHECK_INT(engine_jobs(r.e), ==, 1);
    say_text(&r, id, 1, STR("zwei"));
    say_text(&r, id, 0, STR("ein"));
    say_text(&r, id, 0, STR("s"));
    say_done(&r, id, good_done(0, false));
    CHECK_INT(one.lasts, ==, 0);
    say_text(&r, id, 1, STR("!"));
    say_done(&r, id, good_done(1, true));
    CHECK_STR(rig_text(&one, 0), STR("eins"));
    CHECK_STR(rig_text(&one, 1), STR("zwei!"));
    CHECK_INT(one.usage[1].output_tokens, ==, 3);
    CHECK_INT(one.usage[1].cached_tokens, ==, 2);
    CHECK_INT(one.lasts, ==, 1);
    CHECK_INT(one.after_the_end, ==, 0);
    CHECK_INT(engine_jobs(r.e), ==, 0);
    close_rig(&r);
}

TEST(vectors_may_come_in_any_order_and_are_all_needed)
{
    struct rig r;
    const char *texts[] = {"a", "b"};
    const float v[4] = {1, 2, 3, 4};
    open_rig(&r);
    submit(&r, ENGINE_EMBED, rig_inputs(&talk, texts, 2), &one);
    NEED(sent(&r) == ENGINE_SUBMIT);
    const uint64_t id = r.m.head.id;
    for (uint32_t i = 2; i-- > 0;) {
        const struct engine_vector head = {i, 4};
        say(&r, ENGINE_VECTOR, id, &head, sizeof head, (str){(const char *)v, sizeof v});
    }
    say_done(&r, id, good_done(0, true));
    CHECK_INT(one.vector_count, ==, 2);
    CHECK_INT(one.vector_order[0], ==, 1);
    CHECK(memcmp(one.vectors[1], v, sizeof v) == 0);
    CHECK_INT(one.lasts, ==, 1);
    CHECK_INT(r.lost, ==, 0);
    close_rig(&r);
}

static void
on_stats(void *ctx, const struct engine_stats *s)
{
    uint64_t *sum = ctx;
    *sum = *sum * 10 + s->running;
}

TEST(stats_answer_in_order_and_no_more_than_a_few_may_wait)
{
    struct rig r;
    uint64_t heard = 0;
    open_rig(&r);
    CHECK_OK(engine_ask_stats(r.e, on_stats, &heard));
    CHECK_OK(engine_ask_stats(r.e, on_stats, &heard));
    for (uint64_t i = 1; i <= 2; i++) {
        const struct engine_stats s = {.running = i};
        CHECK_INT(sent(&r), ==, ENGINE_ASK_STATS);
        say(&r, ENGINE_STATS, 0, &s, sizeof s, STR_NONE);
    }
    CHECK_INT(heard, ==, 12);
    for (int i = 0; i < 16; i++)
        CHECK_OK(engine_ask_stats(r.e, on_stats, &heard));
    CHECK_ERR(engine_ask_stats(r.e, on_stats, &heard), BUSY);
    close_rig(&r);
    CHECK_INT(heard, ==, 12);
}

/* ---- grants and labels */

TEST(a_conversation_above_the_grant_is_denied_and_nothing_is_sent)
{
    struct rig r;
    engine_job *j = NULL;
    open_rig(&r);
    struct conv *c = rig_chat(&talk, "VS");
    c->label = label_of_level(2);
    CHECK_ERR(engine_submit(r.e, r.leave.g, ENGINE_CHAT, c, LABEL_BOTTOM, rig_hooks(&one, r.l), &j),
              DENIED);
    /* A label of the whole that forgets a part is caught where the part is opened. */
    c->label = LABEL_BOTTOM;
    talk.message.text.label = label_of_level(2);
    CHECK_ERR(engine_submit(r.e, r.leave.g, ENGINE_CHAT, c, LABEL_BOTTOM, rig_hooks(&one, r.l), &j),
              DENIED);
    CHECK(j == NULL);
    CHECK_INT(sent(&r), ==, 0);
    CHECK_INT(engine_jobs(r.e), ==, 0);
    close_rig(&r);
}

/* ---- failed requests */

static void
check_failed(uint32_t code, enum err_code want)
{
    struct rig r;
    const struct engine_failed f = {.code = code, .have = 9000, .limit = 8192};
    open_rig(&r);
    struct conv *c = rig_chat(&talk, "Frage");
    c->params.tokens_max = 512;
    submit(&r, ENGINE_COMPLETE, c, &one);
    NEED(sent(&r) == ENGINE_SUBMIT);
    say(&r, ENGINE_FAILED, r.m.head.id, &f, sizeof f, STR_NONE);
    CHECK_INT(one.failed, ==, 1);
    CHECK_INT(one.failure.code, ==, want);
    CHECK_INT(r.lost, ==, 0);
    CHECK_INT(engine_jobs(r.e), ==, 0);
    close_rig(&r);
}

TEST(a_context_that_is_too_short_is_told_with_both_numbers)
{
    check_failed(ERR_CONTEXT_LENGTH, ERR_CONTEXT_LENGTH);
    CHECK_STR(str_of(one.public),
              STR("the input has 9000 tokens and the answer asks for 512; the model's context is "
                  "8192"));
    CHECK_STR(str_of(one.param), STR("prompt"));
}

TEST(an_engine_may_not_speak_for_the_gate)
{
    for (uint32_t code = 1; code < ERR_COUNT; code++) {
        const bool may = code == ERR_ARGUMENT || code == ERR_UNSUPPORTED || code == ERR_BUSY ||
                         code == ERR_LIMIT || code == ERR_CONTEXT_LENGTH;
        check_failed(code, may ? code : ERR_INTERNAL);
    }
}

/* ---- cancelling, and hooks that do unexpected things */

TEST(a_cancelled_job_is_silent_whatever_still_comes)
{
    struct rig r;
    open_rig(&r);
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "Frage"), &one);
    NEED(sent(&r) == ENGINE_SUBMIT);
    const uint64_t id = r.m.head.id;
    engine_cancel(one.job);
    CHECK_INT(sent(&r), ==, ENGINE_CANCEL);
    CHECK_INT(r.m.head.id, ==, id);
    say_text(&r, id, 0, STR("zu spät"));
    say_done(&r, id, good_done(0, true));
    CHECK_INT(one.pieces + one.lasts + one.failed, ==, 0);
    CHECK_INT(r.lost, ==, 0);
    engine_cancel(NULL);
    close_rig(&r);
}

struct chain {
    struct rig *r;
    engine_job *self, *neighbour;
    unsigned failed, done;
};

static void
cancel_all_text(void *ctx, const struct engine_piece *p)
{
    (void)ctx, (void)p;
}

static void
cancel_all_failed(void *ctx, err e)
{
    struct chain *k = ctx;
    (void)e;
    k->failed++;
    engine_cancel(k->self);
    engine_cancel(k->neighbour);
    k->neighbour = NULL;
}

static void
cancel_all_done(void *ctx, const struct engine_usage *u)
{
    struct chain *k = ctx;
    k->done += u->is_last;
    engine_cancel(k->self);
}

TEST(a_hook_may_cancel_its_own_job_and_its_neighbour)
{
    struct rig r;
    struct chain a = {.r = &r}, b = {.r = &r};
    const struct engine_hooks of_a = {cancel_all_text, NULL, cancel_all_done, cancel_all_failed,
                                      &a};
    const struct engine_hooks of_b = {cancel_all_text, NULL, cancel_all_done, cancel_all_failed,
                                      &b};
    open_rig(&r);
    CHECK_OK(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, "x"), LABEL_BOTTOM, of_a,
                           &a.self));
    NEED(sent(&r) == ENGINE_SUBMIT);
    say_done(&r, r.m.head.id, good_done(0, true));
    CHECK_INT(a.done, ==, 1);
    CHECK_OK(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, "x"), LABEL_BOTTOM, of_a,
                           &a.self));
    CHECK_OK(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, "x"), LABEL_BOTTOM, of_b,
                           &b.self));
    a.neighbour = b.self;
    b.neighbour = a.self;
    close(r.far);
    r.far = -1;
    turns(&r);
    CHECK_INT(a.failed + b.failed, ==, 1);
    CHECK_INT(r.lost, ==, 1);
    close_rig(&r);
}

TEST(a_job_cancelled_while_it_speaks_is_over)
{
    struct rig r;
    open_rig(&r);
    const struct engine_hooks hooks = rig_hooks(&one, r.l);
    one.cancel_after = 1;
    CHECK_OK(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, "x"), LABEL_BOTTOM, hooks,
                           &one.job));
    NEED(sent(&r) == ENGINE_SUBMIT);
    const uint64_t id = r.m.head.id;
    say_text(&r, id, 0, STR("a"));
    say_text(&r, id, 0, STR("b"));
    CHECK_INT(one.pieces, ==, 1);
    CHECK_INT(sent(&r), ==, ENGINE_CANCEL);
    CHECK_INT(engine_jobs(r.e), ==, 0);
    close_rig(&r);
}

/* ---- the end of the channel */

TEST(an_engine_that_goes_fails_each_job_once_then_says_so)
{
    struct rig r;
    open_rig(&r);
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "eins"), &one);
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "zwei"), &two);
    r.frees = true;
    close(r.far);
    r.far = -1;
    turns(&r);
    CHECK_INT(r.lost, ==, 1);
    CHECK_INT(one.failed, ==, 1);
    CHECK_INT(two.failed, ==, 1);
    CHECK_ERR(one.failure, ENGINE_LOST);
    CHECK(r.e == NULL);
    close_rig(&r);
}

TEST(what_was_said_before_the_end_is_still_heard)
{
    struct rig r;
    open_rig(&r);
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "eins"), &one);
    NEED(sent(&r) == ENGINE_SUBMIT);
    const struct engine_text t = {.token_count = 1, .text_len = 4};
    CHECK_OK(ipc_send_wait(r.far, ENGINE_TEXT, r.m.head.id, &t, sizeof t, STR("Satz"), -1));
    close(r.far);
    r.far = -1;
    turns(&r);
    CHECK_STR(rig_text(&one, 0), STR("Satz"));
    CHECK_INT(one.failed, ==, 1);
    close_rig(&r);
}

TEST(an_engine_that_is_gone_takes_nothing)
{
    struct rig r;
    uint64_t heard = 0;
    engine_job *j;
    open_rig(&r);
    close(r.far);
    r.far = -1;
    turns(&r);
    CHECK_ERR(engine_submit(r.e, r.leave.g, ENGINE_CHAT, rig_chat(&talk, "x"), LABEL_BOTTOM,
                            rig_hooks(&one, r.l), &j),
              ENGINE_LOST);
    CHECK_ERR(engine_ask_stats(r.e, on_stats, &heard), ENGINE_LOST);
    close_rig(&r);
    CHECK_INT(one.failed, ==, 0);
}

TEST(an_engine_that_does_not_read_is_busy_in_the_end_and_keeps_what_it_has)
{
    struct rig r;
    static char big[1 << 20];
    engine_job *j;
    err e = OK;
    unsigned taken = 0;
    open_rig(&r);
    memset(big, 'x', sizeof big - 1);
    while (!e.code && taken < 1000) {
        e = engine_submit(r.e, r.leave.g, ENGINE_COMPLETE, rig_chat(&talk, big), LABEL_BOTTOM,
                          rig_hooks(&one, r.l), &j);
        taken += !e.code;
    }
    CHECK_ERR(e, BUSY);
    CHECK_INT(engine_jobs(r.e), ==, taken);
    CHECK_INT(one.failed, ==, 0);
    close_rig(&r);
}

/* ---- an engine that misbehaves: job 1 chats with two answers and logprobs, job 2 embeds */

static void
open_pair(struct rig *r)
{
    const char *texts[] = {"a", "b"};
    open_rig(r);
    struct conv *c = rig_chat(&talk, "Frage");
    c->params.n = 2;
    c->params.tokens_max = 10;
    c->params.logprobs = true;
    c->params.top_logprobs = 1;
    submit(r, ENGINE_CHAT, c, &one);
    submit(r, ENGINE_EMBED, rig_inputs(&talk, texts, 2), &two);
    CHECK(sent(r) == ENGINE_SUBMIT && r->m.head.id == 1);
    CHECK(sent(r) == ENGINE_SUBMIT && r->m.head.id == 2);
}

static void
check_all_lost(struct rig *r)
{
    CHECK_INT(r->lost, ==, 1);
    CHECK_INT(one.failed, ==, 1);
    CHECK_INT(two.failed, ==, 1);
    CHECK_ERR(one.failure, ENGINE_LOST);
    CHECK_INT(one.pieces + two.vector_count + one.done[0] + one.done[1], ==, 0);
    close_rig(r);
}

static void
check_refused(uint32_t type, uint64_t id, const void *body, size_t len, str tail)
{
    struct rig r;
    open_pair(&r);
    say(&r, type, id, body, len, tail);
    check_all_lost(&r);
}

TEST(a_message_of_another_type_or_length_ends_the_channel)
{
    static const char zeros[IPC_BODY_MAX];
    static const size_t sizes[] = {sizeof(struct engine_hello), sizeof(struct engine_loading),
                                   sizeof(struct engine_text),  sizeof(struct engine_vector),
                                   sizeof(struct engine_done),  sizeof(struct engine_failed),
                                   sizeof(struct engine_stats)};
    static const uint32_t types[] = {0, ENGINE_SUBMIT, 63, ENGINE_STATS + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        check_refused(types[i], 1, NULL, 0, STR_NONE);
    for (uint32_t i = 0; i < 7; i++) {
        check_refused(ENGINE_HELLO + i, 1, zeros, 0, STR_NONE);
        check_refused(ENGINE_HELLO + i, 1, zeros, sizes[i] - 1, STR_NONE);
        check_refused(ENGINE_HELLO + i, 1, zeros, sizes[i] + 1, STR_NONE);
        check_refused(ENGINE_HELLO + i, 1, zeros, IPC_BODY_MAX, STR_NONE);
    }
}

TEST(a_tail_where_none_belongs_ends_the_channel)
{
    const struct engine_done d = good_done(0, false);
    const struct engine_failed f = {.code = ERR_BUSY};
    check_refused(ENGINE_DONE, 1, &d, sizeof d, STR("x"));
    check_refused(ENGINE_FAILED, 1, &f, sizeof f, STR("x"));
}

TEST(a_second_hello_loading_after_it_and_unasked_stats_end_the_channel)
{
    const struct engine_hello h = good_hello();
    const struct engine_loading l = {0.5f};
    const struct engine_stats s = {0};
    check_refused(ENGINE_HELLO, 0, &h, sizeof h, STR_NONE);
    check_refused(ENGINE_LOADING, 0, &l, sizeof l, STR_NONE);
    check_refused(ENGINE_STATS, 0, &s, sizeof s, STR_NONE);
}

#define BAD_TEXT(job, tail, ...)                                                                   \
    do {                                                                                           \
        const struct engine_text t_ = {__VA_ARGS__};                                               \
        check_refused(ENGINE_TEXT, job, &t_, sizeof t_, tail);                                     \
    } while (0)

TEST(text_with_any_wrong_field_ends_the_channel)
{
    BAD_TEXT(1, STR("abc"), .index = 2, .text_len = 3);
    BAD_TEXT(1, STR("abc"), .index = UINT32_MAX, .text_len = 3);
    BAD_TEXT(1, STR("abc"), .text_len = 2);
    BAD_TEXT(1, STR("abc"), .text_len = 4);
    BAD_TEXT(1, STR("abc"), .text_len = UINT32_MAX);
    BAD_TEXT(1, STR("abc"), .text_len = 3, .logprob_count = 1);
    BAD_TEXT(1, STR("abc"), .text_len = 3, .logprob_count = UINT32_MAX);
    BAD_TEXT(1, STR("ab\xC3"), .text_len = 3);
    BAD_TEXT(1, STR("\xFF"), .text_len = 1);
    BAD_TEXT(2, STR("abc"), .text_len = 3);
}

TEST(logprobs_with_any_wrong_field_end_the_channel)
{
    const struct engine_logprob rows[] = {{0.5f, 1, 0}, {-1, 2, 0},       {-1, UINT16_MAX, 0},
                                          {-1, 1, 1},   {-1, 1, 2},       {-1, 1, UINT16_MAX},
                                          {NAN, 1, 0},  {-INFINITY, 1, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char tail[sizeof rows[0] + 1] = {0};
        memcpy(tail, &rows[i], sizeof rows[0]);
        BAD_TEXT(1, ((str){tail, sizeof tail}), .logprob_count = 1);
    }
}

TEST(logprobs_nobody_asked_for_end_the_channel)
{
    struct rig r;
    const struct engine_logprob lp = {-1, 0, 0};
    const struct engine_text t = {.token_count = 1, .logprob_count = 1};
    open_rig(&r);
    submit(&r, ENGINE_CHAT, rig_chat(&talk, "x"), &one);
    say(&r, ENGINE_TEXT, 1, &t, sizeof t, (str){(const char *)&lp, sizeof lp});
    CHECK_INT(r.lost, ==, 1);
    CHECK_INT(one.failed, ==, 1);
    close_rig(&r);
}

TEST(vectors_with_any_wrong_field_end_the_channel)
{
    const float good[5] = {1, 2, 3, 4, 5}, bad[4] = {1, NAN, 3, 4};
    const struct engine_vector rows[] = {{2, 4}, {UINT32_MAX, 4}, {0, 3},
                                         {0, 5}, {0, 0},          {0, UINT32_MAX}};
    const struct engine_vector plain = {0, 4};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t len = rows[i].dims <= 5 ? rows[i].dims * sizeof(float) : sizeof good;
        check_refused(ENGINE_VECTOR, 2, &rows[i], sizeof rows[i], (str){(const char *)good, len});
    }
    check_refused(ENGINE_VECTOR, 2, &plain, sizeof plain, (str){(const char *)good, 15});
    check_refused(ENGINE_VECTOR, 2, &plain, sizeof plain, (str){(const char *)bad, 16});
    check_refused(ENGINE_VECTOR, 1, &plain, sizeof plain, (str){(const char *)good, 16});
}

#define BAD_DONE(job, change)                                                                      \
    do {                                                                                           \
        struct engine_done d = good_done(0, false);                                                \
        change;                                                                                    \
        check_refused(ENGINE_DONE, job, &d, sizeof d, STR_NONE);                                   \
    } while (0)

TEST(done_with_any_wrong_field_ends_the_channel)
{
    BAD_DONE(1, d.index = 2);
    BAD_DONE(1, d.index = UINT32_MAX);
    BAD_DONE(1, d.is_last = 1);
    BAD_DONE(1, d.is_last = 2);
    BAD_DONE(1, d.finish = FINISH_CANCELLED);
    BAD_DONE(1, d.finish = 77);
    BAD_DONE(1, d.cached_tokens = 6);
    BAD_DONE(1, d.stop = 1); /* it has no stop strings */
    BAD_DONE(1, d.stop = UINT32_MAX);
    BAD_DONE(1, d.output_tokens = 11);
    /* vectors are missing */
    BAD_DONE(2, d.is_last = 1);
}

TEST(failed_with_no_known_code_ends_the_channel)
{
    static const uint32_t codes[] = {0, ERR_COUNT, 65536 + ERR_BUSY, UINT32_MAX};
    for (size_t i = 0; i < 4; i++) {
        const struct engine_failed f = {.code = codes[i]};
        check_refused(ENGINE_FAILED, 1, &f, sizeof f, STR_NONE);
    }
}

TEST(a_descriptor_sent_along_ends_the_channel_and_is_closed)
{
    struct rig r;
    const struct engine_done d = good_done(0, false);
    int pipes[2];
    char c;
    open_pair(&r);
    NEED(pipe(pipes) == 0);
    CHECK_OK(ipc_send_wait(r.far, ENGINE_DONE, 1, &d, sizeof d, STR_NONE, pipes[1]));
    close(pipes[1]);
    turns(&r);
    CHECK_INT(read(pipes[0], &c, 1), ==, 0); /* the last writer is gone */
    close(pipes[0]);
    check_all_lost(&r);
}

TEST(an_answer_that_goes_on_after_its_end_ends_the_channel)
{
    for (int what = 0; what < 2; what++) {
        struct rig r;
        open_pair(&r);
        say_done(&r, 1, good_done(0, false));
        CHECK_INT(one.done[0], ==, 1);
        if (what)
            say_text(&r, 1, 0, STR("mehr"));
        else
            say_done(&r, 1, good_done(0, false));
        CHECK_INT(r.lost, ==, 1);
        CHECK_INT(one.done[0], ==, 1);
        CHECK_INT(one.pieces, ==, 0);
        CHECK_INT(one.failed, ==, 1);
        close_rig(&r);
    }
}

TEST(a_vector_twice_ends_the_channel)
{
    struct rig r;
    const float v[4] = {1, 2, 3, 4};
    const struct engine_vector head = {1, 4};
    open_pair(&r);
    for (int i = 0; i < 2; i++)
        say(&r, ENGINE_VECTOR, 2, &head, sizeof head, (str){(const char *)v, sizeof v});
    CHECK_INT(two.vector_count, ==, 1);
    CHECK_INT(two.failed, ==, 1);
    CHECK_INT(r.lost, ==, 1);
    close_rig(&r);
}

TEST(anything_before_the_hello_but_loading_ends_the_channel)
{
    for (uint32_t type = ENGINE_HELLO; type <= ENGINE_STATS; type++) {
        struct rig r;
        static const char zeros[sizeof(struct engine_hello)];
        const size_t sizes[] = {sizeof(struct engine_hello), sizeof(struct engine_loading),
                                sizeof(struct engine_text),  sizeof(struct engine_vector),
                                sizeof(struct engine_done),  sizeof(struct engine_failed),
                                sizeof(struct engine_stats)};
        open_silent(&r);
        say(&r, type, 0, zeros, sizes[type - ENGINE_HELLO], STR_NONE);
        CHECK_INT(r.lost, ==, type != ENGINE_LOADING);
        CHECK_INT(r.ready, ==, 0);
        close_rig(&r);
    }
}

TEST(a_loading_that_is_no_share_ends_the_channel)
{
    static const float bad[] = {-0.1f, 1.1f, NAN, INFINITY};
    for (size_t i = 0; i < 4; i++) {
        struct rig r;
        const struct engine_loading l = {bad[i]};
        open_silent(&r);
        say(&r, ENGINE_LOADING, 0, &l, sizeof l, STR_NONE);
        CHECK_INT(r.lost, ==, 1);
        close_rig(&r);
    }
}

/* Whatever comes: each job ends once, and the client neither crashes nor waits. */
TEST(random_messages_end_each_job_exactly_once)
{
    static const size_t sizes[] = {sizeof(struct engine_hello), sizeof(struct engine_loading),
                                   sizeof(struct engine_text),  sizeof(struct engine_vector),
                                   sizeof(struct engine_done),  sizeof(struct engine_failed),
                                   sizeof(struct engine_stats)};
    for (int round = 0; round < 500; round++) {
        struct rig r;
        open_pair(&r);
        for (int k = 0; k < 6; k++) {
            char body[128], tail[32];
            const uint32_t type = ENGINE_TEXT + (uint32_t)(test_random() % 5);
            for (size_t i = 0; i < sizeof body; i++)
                body[i] = test_random() % 3 ? 0 : (char)(test_random() % 5);
            for (size_t i = 0; i < sizeof tail; i++)
                tail[i] = (char)(test_random() % 128);
            const size_t tail_len = type <= ENGINE_VECTOR ? test_random() % sizeof tail : 0;
            IGNORE(ipc_send_wait(r.far, type, 1 + test_random() % 2, body,
                                 sizes[type - ENGINE_HELLO], (str){tail, tail_len}, -1));
            turns(&r);
        }
        close_rig(&r);
        CHECK_INT(one.lasts + one.failed, ==, 1);
        CHECK_INT(two.lasts + two.failed, ==, 1);
        CHECK_INT(one.after_the_end + two.after_the_end, ==, 0);
    }
}

/* ---- failing memory and system calls */

static void
tell_end(struct rig *r)
{
    const struct engine_done d = good_done(0, true);
    const struct engine_logprob lp = {-1, 0, 0};
    const struct engine_text t = {.token_count = 1, .logprob_count = 1};
    IGNORE(ipc_send_wait(r->far, ENGINE_TEXT, 1, &t, sizeof t, (str){(const char *)&lp, sizeof lp},
                         -1));
    IGNORE(ipc_send_wait(r->far, ENGINE_DONE, 1, &d, sizeof d, STR_NONE, -1));
    turns(r);
}

TEST(a_failing_system_ends_the_job_once_or_refuses_it)
{
    bool fired = true;
    for (long n = 1; fired && n < 300; n++) {
        struct rig r = {.leave = rig_grant("intern")};
        const struct engine_hello h = good_hello();
        int pair[2];
        NEED_OK(loop_new(&r.l));
        NEED_OK(ipc_pair(pair));
        r.far = pair[1];
        IGNORE(ipc_send_wait(r.far, ENGINE_HELLO, 0, &h, sizeof h, STR_NONE, -1));
        struct conv *c = rig_chat(&talk, "Frage");
        c->params.logprobs = true;
        const struct engine_hooks hooks = rig_hooks(&three, r.l);
        bool accepted = false;
        fault_arm(n);
        const err e = engine_new(r.l, pair[0], (struct engine_events){on_ready, on_lost, &r}, &r.e);
        turns(&r);
        if (!e.code)
            accepted =
                !engine_submit(r.e, r.leave.g, ENGINE_CHAT, c, LABEL_BOTTOM, hooks, &three.job)
                     .code;
        tell_end(&r);
        fired = fault_fired();
        fault_arm(0);
        close_rig(&r);
        CHECK_INT(three.lasts + three.failed, ==, accepted);
        CHECK(fired || three.lasts == 1);
        CHECK(n < 299);
    }
}
