/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/serve.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fault.h"
#include "engine/submit.h"
#include "os/ipc.h"
#include "test.h"

/* A backend that says its prompt: each byte is a token, `per_step` of them in a step, for all
 * answers.  Other bytes mean: 'E' end now, 'C' the context is full, 'F' fail, '0' a token
 * without text.  Prompts "refuse" and "at once" do so in submit. */
enum { JOBS_MAX = 64, WAIT_MS = 10000 };

struct parrot {
    struct serve *s;
    struct serve_job *jobs[JOBS_MAX];
    size_t at[JOBS_MAX];
    unsigned per_step;
    bool open_fails;
    atomic_uint taken, dropped;
};

static fallible
open_parrot(void *self, struct serve *s, struct engine_hello *ret)
{
    struct parrot *p = self;
    p->s = s;
    if (p->open_fails)
        FAIL(CORRUPT, "no model");
    serve_loading(s, 0.5f);
    *ret = (struct engine_hello){.context_tokens = 100, .sequences_max = 4, .can_chat = 1};
    return OK;
}

static fallible
submit(void *self, struct serve_job *j)
{
    struct parrot *p = self;
    size_t free_at = 0;
    if (str_eq(j->prompt, STR("refuse"))) {
        serve_set_numbers(p->s, 9000, 8192);
        FAIL(CONTEXT_LENGTH, "too long");
    }
    atomic_fetch_add(&p->taken, 1);
    serve_prompt_tokens(j, (uint32_t)j->prompt.len, 1);
    if (str_eq(j->prompt, STR("at once")))
        for (uint32_t i = 0; i < j->ask.n; i++)
            serve_answer_end(p->s, j, i, FINISH_STOP);
    while (p->jobs[free_at])
        free_at++;
    p->jobs[free_at] = j;
    p->at[free_at] = 0;
    return OK;
}

static void
drop(void *self, struct serve_job *j)
{
    struct parrot *p = self;
    atomic_fetch_add(&p->dropped, 1);
    for (size_t i = 0; i < JOBS_MAX; i++)
        if (p->jobs[i] == j)
            p->jobs[i] = NULL;
}

static void
say(struct parrot *p, size_t k)
{
    struct serve_job *j = p->jobs[k];
    const struct serve_logprob lp = {STR("p"), -1}, tops[3] = {lp, lp, lp};
    const str word = str_slice(j->prompt, p->at[k], p->at[k] + 1);
    p->at[k]++;
    for (uint32_t i = 0; i < j->ask.n; i++) {
        if (!word.len || word.at[0] == 'E')
            serve_answer_end(p->s, j, i, FINISH_STOP);
        else if (word.at[0] == 'C')
            serve_answer_end(p->s, j, i, FINISH_LENGTH);
        else if (word.at[0] == 'F')
            serve_fail(p->s, j, (err){ERR_LIMIT}, 1, 2);
        else
            (void)serve_token(p->s, j, i, word.at[0] == '0' ? STR("") : word, &lp, tops, 3);
    }
}

static bool
step(void *self)
{
    struct parrot *p = self;
    bool more = false;
    for (size_t k = 0; k < JOBS_MAX; k++)
        for (unsigned n = 0; p->jobs[k] && n < p->per_step; n++)
            say(p, k);
    for (size_t k = 0; k < JOBS_MAX; k++)
        more = more || p->jobs[k];
    return more;
}

static void
stats(void *self, struct engine_stats *ret)
{
    struct parrot *p = self;
    ret->running = atomic_load(&p->taken) - atomic_load(&p->dropped);
}

/* ---- the gate's side, played by the test */

struct rig {
    struct parrot parrot;
    struct serve_backend backend;
    uint32_t queue_max;
    int near, far;
    pthread_t thread;
    err served;
    _Alignas(16) char room[IPC_ROOM];
    struct ipc_message m;
};

static void *
serve_thread(void *arg)
{
    struct rig *r = arg;
    r->served = serve_run(r->far, &r->backend, r->queue_max);
    close(r->far);
    return NULL;
}

static void
start(struct rig *r, unsigned per_step, uint32_t queue_max)
{
    int pair[2] = {-1, -1};
    r->parrot.per_step = per_step;
    r->queue_max = queue_max;
    r->backend =
        (struct serve_backend){"parrot", open_parrot, submit, drop, step, stats, &r->parrot};
    CHECK_OK(ipc_pair(pair));
    r->near = pair[0];
    r->far = pair[1];
    CHECK_INT(pthread_create(&r->thread, NULL, serve_thread, r), ==, 0);
}

static uint32_t
next_type(struct rig *r)
{
    ipc_release(&r->m);
    const err e = ipc_recv_wait(r->near, WAIT_MS, r->room, &r->m);
    CHECK(e.code == ERR_OK || e.code == ERR_ENGINE_LOST);
    if (e.code)
        r->m.head.type = 0;
    return r->m.head.type;
}

static struct rig *
rig_new(unsigned per_step, uint32_t queue_max)
{
    struct rig *r = calloc(1, sizeof *r);
    start(r, per_step, queue_max);
    CHECK_INT(next_type(r), ==, ENGINE_LOADING);
    CHECK_INT(next_type(r), ==, ENGINE_HELLO);
    return r;
}

/* Closes the channel and waits; what was taken was dropped. */
static void
rig_end(struct rig *r, enum err_code want)
{
    ipc_release(&r->m);
    close(r->near);
    pthread_join(r->thread, NULL);
    CHECK_INT(r->served.code, ==, want);
    CHECK_INT(atomic_load(&r->parrot.taken), ==, atomic_load(&r->parrot.dropped));
    free(r);
}

static struct engine_submit
plain(void)
{
    return (struct engine_submit){
        .kind = ENGINE_COMPLETE, .n = 1, .temperature = 1, .top_p = 1, .repeat = 1};
}

static void
send_ask(struct rig *r, uint64_t id, struct engine_submit ask, const char *prompt, const char *stop)
{
    AUTO(buf) b = BUF(65536);
    buf_add(&b, str_of(prompt));
    ask.section_len[SECTION_PROMPT] = b.len;
    if (stop)
        section_put(&b, str_of(stop));
    ask.section_len[SECTION_STOPS] = b.len - ask.section_len[SECTION_PROMPT];
    CHECK_OK(ipc_send_wait(r->near, ENGINE_SUBMIT, id, &ask, sizeof ask, buf_str(&b), -1));
}

static void
send_plain(struct rig *r, uint64_t id, const char *prompt)
{
    send_ask(r, id, plain(), prompt, NULL);
}

static void
check_text(struct rig *r, uint64_t id, uint32_t index, const char *text)
{
    CHECK_INT(next_type(r), ==, ENGINE_TEXT);
    const struct engine_text *t = r->m.body;
    CHECK_INT(r->m.head.id, ==, id);
    CHECK_INT(t->index, ==, index);
    CHECK_STR(str_slice(r->m.tail, 0, t->text_len), str_of(text));
}

static struct engine_done
check_done(struct rig *r, uint64_t id, uint32_t index, enum engine_finish finish)
{
    struct engine_done d = {0};
    CHECK_INT(next_type(r), ==, ENGINE_DONE);
    CHECK_INT(r->m.head.id, ==, id);
    if (r->m.head.body_len == sizeof d)
        memcpy(&d, r->m.body, sizeof d);
    CHECK_INT(d.index, ==, index);
    CHECK_INT(d.finish, ==, finish);
    return d;
}

static struct engine_failed
check_failed(struct rig *r, uint64_t id, enum err_code code)
{
    struct engine_failed f = {0};
    CHECK_INT(next_type(r), ==, ENGINE_FAILED);
    CHECK_INT(r->m.head.id, ==, id);
    if (r->m.head.body_len == sizeof f)
        memcpy(&f, r->m.body, sizeof f);
    CHECK_INT(f.code, ==, code);
    return f;
}

/* ---- answers */

TEST(the_hello_names_protocol_backend_and_memory)
{
    struct rig *r = rig_new(1, 8);
    const struct engine_hello *h = r->m.body;
    CHECK_INT(h->proto, ==, ENGINE_PROTO);
    CHECK_STR(str_of(h->engine), STR("parrot"));
    CHECK(h->memory_bytes > 0);
    rig_end(r, ERR_OK);
}

TEST(text_comes_before_done_and_the_last_done_says_so)
{
    struct rig *r = rig_new(1, 8);
    struct engine_submit ask = plain();
    ask.n = 2;
    send_ask(r, 5, ask, "hi", NULL);
    unsigned texts[2] = {0}, ended[2] = {0}, lasts = 0;
    while (!lasts && next_type(r)) {
        CHECK_INT(r->m.head.id, ==, 5);
        if (r->m.head.type == ENGINE_TEXT) {
            const struct engine_text *t = r->m.body;
            CHECK(t->index < 2 && !ended[t->index]);
            texts[t->index & 1]++;
            continue;
        }
        const struct engine_done *d = r->m.body;
        CHECK_INT(r->m.head.type, ==, ENGINE_DONE);
        CHECK_INT(d->output_tokens, ==, 2);
        CHECK_INT(d->prompt_tokens, ==, 2);
        CHECK_INT(d->cached_tokens, ==, 1);
        ended[d->index & 1]++;
        lasts += d->is_last;
    }
    CHECK_INT(texts[0], ==, 2);
    CHECK_INT(texts[1], ==, 2);
    CHECK_INT(ended[0] + ended[1], ==, 2);
    rig_end(r, ERR_OK);
}

TEST(what_one_step_makes_comes_in_one_message)
{
    struct rig *r = rig_new(3, 8);
    send_plain(r, 1, "abcdefg");
    check_text(r, 1, 0, "abc");
    CHECK_INT(((const struct engine_text *)r->m.body)->token_count, ==, 3);
    check_text(r, 1, 0, "def");
    check_text(r, 1, 0, "g");
    CHECK_INT(check_done(r, 1, 0, FINISH_STOP).is_last, ==, 1);
    rig_end(r, ERR_OK);
}

TEST(each_way_to_end_gives_its_reason)
{
    struct rig *r = rig_new(8, 8);
    struct engine_submit ask = plain();
    send_plain(r, 1, "aE");
    check_text(r, 1, 0, "a");
    check_done(r, 1, 0, FINISH_STOP);
    send_plain(r, 2, "aC");
    check_text(r, 2, 0, "a");
    check_done(r, 2, 0, FINISH_LENGTH);
    ask.tokens_max = 3;
    send_ask(r, 3, ask, "abcd", NULL);
    check_text(r, 3, 0, "abc");
    CHECK_INT(check_done(r, 3, 0, FINISH_LENGTH).output_tokens, ==, 3);
    send_ask(r, 4, ask, "xyz", "yz");
    check_text(r, 4, 0, "x");
    check_done(r, 4, 0, FINISH_STOP);
    send_ask(r, 5, ask, "xy", "yz");
    check_text(r, 5, 0, "xy");
    check_done(r, 5, 0, FINISH_STOP);
    rig_end(r, ERR_OK);
}

TEST(an_answer_may_end_within_submit)
{
    struct rig *r = rig_new(1, 8);
    send_plain(r, 1, "at once");
    CHECK_INT(check_done(r, 1, 0, FINISH_STOP).output_tokens, ==, 0);
    rig_end(r, ERR_OK);
}

TEST(probabilities_come_only_where_they_were_asked_for_and_not_more_than_that)
{
    struct rig *r = rig_new(1, 8);
    struct engine_submit ask = plain();
    send_ask(r, 1, ask, "aE", NULL);
    check_text(r, 1, 0, "a");
    CHECK_INT(((const struct engine_text *)r->m.body)->logprob_count, ==, 0);
    check_done(r, 1, 0, FINISH_STOP);
    ask.logprobs = 1;
    ask.top_logprobs = 2;
    send_ask(r, 2, ask, "aE", NULL);
    check_text(r, 2, 0, "a");
    struct engine_logprob lp;
    memcpy(&lp, r->m.tail.at + 1, sizeof lp);
    CHECK_INT(((const struct engine_text *)r->m.body)->logprob_count, ==, 1);
    CHECK_INT(lp.top_count, ==, 2);
    check_done(r, 2, 0, FINISH_STOP);
    rig_end(r, ERR_OK);
}

TEST(probabilities_of_tokens_without_text_come_at_the_end)
{
    struct rig *r = rig_new(1, 8);
    struct engine_submit ask = plain();
    ask.logprobs = 1;
    send_ask(r, 1, ask, "a00E", NULL);
    check_text(r, 1, 0, "a");
    check_text(r, 1, 0, "");
    CHECK_INT(((const struct engine_text *)r->m.body)->logprob_count, ==, 2);
    CHECK_INT(check_done(r, 1, 0, FINISH_STOP).output_tokens, ==, 3);
    rig_end(r, ERR_OK);
}

/* ---- failures */

TEST(a_refused_request_brings_its_numbers_and_the_next_one_none)
{
    struct rig *r = rig_new(1, 8);
    send_plain(r, 1, "refuse");
    struct engine_failed f = check_failed(r, 1, ERR_CONTEXT_LENGTH);
    CHECK_INT(f.have, ==, 9000);
    CHECK_INT(f.limit, ==, 8192);
    struct engine_submit bad = plain();
    bad.n = 0;
    send_ask(r, 2, bad, "x", NULL);
    f = check_failed(r, 2, ERR_ARGUMENT);
    CHECK_INT(f.have + f.limit, ==, 0);
    rig_end(r, ERR_OK);
}

TEST(a_request_that_fails_in_a_step_says_nothing_more)
{
    struct rig *r = rig_new(8, 8);
    struct engine_submit ask = plain();
    ask.n = 3;
    send_ask(r, 1, ask, "abFcd", NULL);
    check_failed(r, 1, ERR_LIMIT);
    send_plain(r, 2, "E");
    check_done(r, 2, 0, FINISH_STOP);
    rig_end(r, ERR_OK);
}

TEST(a_full_queue_refuses_and_takes_again_when_there_is_room)
{
    struct rig *r = rig_new(0, 2);
    send_plain(r, 1, "x");
    send_plain(r, 2, "x");
    send_plain(r, 3, "x");
    check_failed(r, 3, ERR_BUSY);
    CHECK_OK(ipc_send_wait(r->near, ENGINE_CANCEL, 1, NULL, 0, STR_NONE, -1));
    check_done(r, 1, 0, FINISH_CANCELLED);
    send_plain(r, 4, "at once");
    check_done(r, 4, 0, FINISH_STOP);
    rig_end(r, ERR_OK);
}

TEST(an_id_used_twice_ends_both_requests)
{
    struct rig *r = rig_new(0, 8);
    send_plain(r, 1, "x");
    send_plain(r, 1, "y");
    check_failed(r, 1, ERR_ARGUMENT);
    send_plain(r, 1, "at once");
    check_done(r, 1, 0, FINISH_STOP);
    send_plain(r, 0, "x");
    check_failed(r, 0, ERR_ARGUMENT);
    rig_end(r, ERR_OK);
}

TEST(a_cancel_ends_every_answer_and_one_for_nobody_is_ignored)
{
    struct rig *r = rig_new(0, 8);
    struct engine_submit ask = plain();
    ask.n = 3;
    CHECK_OK(ipc_send_wait(r->near, ENGINE_CANCEL, 99, NULL, 0, STR_NONE, -1));
    send_ask(r, 1, ask, "abc", NULL);
    CHECK_OK(ipc_send_wait(r->near, ENGINE_CANCEL, 1, NULL, 0, STR_NONE, -1));
    for (uint32_t i = 0; i < 3; i++)
        CHECK_INT(check_done(r, 1, i, FINISH_CANCELLED).is_last, ==, i == 2);
    CHECK_OK(ipc_send_wait(r->near, ENGINE_CANCEL, 1, NULL, 0, STR_NONE, -1));
    CHECK_OK(ipc_send_wait(r->near, ENGINE_ASK_STATS, 7, NULL, 0, STR_NONE, -1));
    CHECK_INT(next_type(r), ==, ENGINE_STATS);
    CHECK_INT(((const struct engine_stats *)r->m.body)->running, ==, 0);
    rig_end(r, ERR_OK);
}

TEST(a_message_that_is_none_ends_the_process)
{
    static const uint32_t types[] = {0, 4, ENGINE_HELLO, ENGINE_TEXT, UINT32_MAX};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct rig *r = rig_new(1, 8);
        CHECK_OK(ipc_send_wait(r->near, types[i], 1, NULL, 0, STR_NONE, -1));
        CHECK_INT(next_type(r), ==, 0);
        rig_end(r, ERR_PARSE);
    }
}

TEST(a_body_of_any_other_length_is_refused_and_the_next_request_answered)
{
    static const char body[IPC_BODY_MAX];
    struct rig *r = rig_new(1, 8);
    for (size_t len = 0; len < 200; len++) {
        CHECK_OK(ipc_send_wait(r->near, ENGINE_SUBMIT, len + 1, body, len, STR("abc"), -1));
        check_failed(r, len + 1, ERR_ARGUMENT);
    }
    send_plain(r, 1000, "E");
    check_done(r, 1000, 0, FINISH_STOP);
    rig_end(r, ERR_OK);
}

TEST(garbage_requests_are_refused_one_by_one)
{
    struct rig *r = rig_new(4, 64);
    for (uint64_t id = 1; id < 2000; id++) {
        struct engine_submit ask = plain();
        char tail[64];
        ask.section_len[SECTION_PROMPT] = sizeof tail;
        memset(tail, 'E', sizeof tail);
        ((uint8_t *)&ask)[test_random() % sizeof ask] = (uint8_t)test_random();
        tail[test_random() % sizeof tail] = (char)test_random();
        CHECK_OK(ipc_send_wait(r->near, ENGINE_SUBMIT, id, &ask, sizeof ask,
                               (str){tail, sizeof tail}, -1));
        bool is_over = false;
        while (!is_over && next_type(r)) {
            const struct engine_done *d = r->m.body;
            CHECK_INT(r->m.head.id, ==, id);
            is_over =
                r->m.head.type == ENGINE_FAILED || (r->m.head.type == ENGINE_DONE && d->is_last);
        }
        CHECK(is_over);
    }
    rig_end(r, ERR_OK);
}

TEST(a_backend_that_cannot_open_ends_the_process)
{
    struct rig *r = calloc(1, sizeof *r);
    r->parrot.open_fails = true;
    start(r, 1, 1);
    CHECK_INT(next_type(r), ==, 0);
    rig_end(r, ERR_CORRUPT);
}

TEST(a_channel_that_closes_in_the_middle_is_an_orderly_end)
{
    struct rig *r = rig_new(1, 8);
    for (uint64_t id = 1; id < 5; id++)
        send_plain(r, id, "ein langer Text, den niemand liest");
    rig_end(r, ERR_OK);
}

TEST(a_failing_system_ends_requests_or_the_process_but_loses_none)
{
    bool fired = true;
    for (long n = 1; fired && n < 500; n++) {
        struct rig *r = calloc(1, sizeof *r);
        struct engine_submit ask = plain();
        int pair[2];
        NEED_OK(ipc_pair(pair));
        r->near = pair[0];
        r->parrot.per_step = 2;
        r->far = pair[1];
        r->queue_max = 4;
        r->backend =
            (struct serve_backend){"parrot", open_parrot, submit, drop, step, stats, &r->parrot};
        ask.logprobs = 1;
        send_ask(r, 1, ask, "abcde", "zz");
        send_ask(r, 2, ask, "FFF", NULL);
        fault_arm(n);
        CHECK_INT(pthread_create(&r->thread, NULL, serve_thread, r), ==, 0);
        /* Reads without the gates that count, until both are over or the channel is. */
        unsigned over = 0;
        char room[4096];
        for (ssize_t len = 1; over < 2 && len > 0;) {
            struct ipc_head head = {0};
            len = read(r->near, room, sizeof room);
            if (len >= (ssize_t)sizeof head)
                memcpy(&head, room, sizeof head);
            over += head.type == ENGINE_DONE || head.type == ENGINE_FAILED;
        }
        fired = fault_fired();
        close(r->near);
        pthread_join(r->thread, NULL);
        CHECK(fired || over == 2);
        fired = fired || fault_fired();
        fault_arm(0);
        CHECK_INT(atomic_load(&r->parrot.taken), ==, atomic_load(&r->parrot.dropped));
        free(r);
        CHECK(n < 499);
    }
}
