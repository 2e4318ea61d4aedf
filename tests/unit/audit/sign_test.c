/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/sign.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/judge.h"
#include "audit/ledger.h"
#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

/* A log, and a signer that the test plays. */
struct scene {
    loop *l;
    struct params p;
    meters m;
    book *b;
    char dir[512];
    sign *s;
    struct note_key key;
    secret half;
    struct log_sign asked;
    unsigned asks, acked;
    bool is_deaf;
    uint64_t now_ms;
};

static err
take_ask(void *ctx, const struct log_sign *ask)
{
    struct scene *c = ctx;
    if (c->is_deaf)
        FAIL(BUSY, "the channel is full");
    c->asked = *ask;
    c->asks++;
    return OK;
}

static void
set_clock(struct scene *c, uint64_t ms)
{
    c->now_ms = ms;
    clock_fix(ms * 1000000, 1772366400000);
}

static struct scene *
scene_new(void)
{
    AUTO(secret) seed = {0};
    static unsigned number;
    struct scene *c = calloc(1, sizeof *c);
    sign_public p = {{0}};
    params_default(&c->p);
    snprintf(c->dir, sizeof c->dir, "%s/log%u", test_dir(), number++);
    CHECK_OK(loop_new(&c->l));
    CHECK_OK(book_open(c->l, c->dir, &c->p, &c->m, &c->b));
    CHECK_OK(secret_get(&seed, SIGN_SEED_LEN));
    CHECK_OK(sign_pair(&seed, &c->half, &p));
    CHECK_OK(note_key_make(STR("hoheit/test"), NOTE_ED25519, &p, &c->key));
    set_clock(c, 100000);
    CHECK_OK(sign_start(c->l, c->b, take_ask, c, &c->s));
    return c;
}

static void
scene_free(struct scene *c)
{
    sign_stop(c->s);
    clock_free();
    secret_done(&c->half);
    book_close(c->b);
    loop_free(c->l);
    free(c);
}

static void
acked(void *ctx, err e)
{
    struct scene *c = ctx;
    CHECK_OK(e);
    c->acked++;
}

static void
record(struct scene *c, unsigned count)
{
    const struct audit_record r = {.event = EVENT_LOG_READ, .outcome = "ok"};
    const unsigned until = c->acked + count;
    for (unsigned i = 0; i < count; i++)
        CHECK_OK(book_append(c->b, &r, acked, c));
    while (c->acked < until)
        loop_turn_for(c->l, 2);
}

static struct log_signed
answer_for(const struct scene *c, const struct tree_head *h, enum err_code code)
{
    struct log_signed a = {.code = code};
    AUTO(buf) text = BUF(1024);
    AUTO(buf) note = BUF(1024);
    AUTO(buf) key = BUF(256);
    checkpoint_put(&text, str_of(c->key.name), h);
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    CHECK_OK(note_sign(&note, &c->key, &c->half, buf_str(&text), 0));
    note_key_put(&key, &c->key);
    a.note_len = (uint32_t)note.len;
    memcpy(a.note, note.at, note.len);
    CHECK(str_copy(buf_str(&key), a.key, sizeof a.key));
    return a;
}

static struct tree_head
head_asked(const struct scene *c)
{
    struct tree_head h = {.size = c->asked.size};
    memcpy(h.root.bytes, c->asked.root, sizeof h.root.bytes);
    return h;
}

static void
answer(struct scene *c)
{
    const struct tree_head h = head_asked(c);
    const struct log_signed a = answer_for(c, &h, ERR_OK);
    sign_answered(c->s, &a);
}

static err
judge(const struct scene *c, uint64_t *ret_size)
{
    char dir[600];
    struct judge_report r;
    snprintf(dir, sizeof dir, "%s/log", c->dir);
    const struct judge_ask ask = {.dir = dir, .key = &c->key};
    TRY(judge_log(&ask, &r));
    *ret_size = r.head.size;
    return OK;
}

TEST(records_are_taken_in_and_signed_once_a_second)
{
    struct scene *c = scene_new();
    uint64_t size = 0;
    record(c, 3);
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 1);
    CHECK_INT(c->asked.size, ==, 3);
    answer(c);
    CHECK_OK(judge(c, &size));
    CHECK_INT(size, ==, 3);
    record(c, 2);
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 1);
    set_clock(c, c->now_ms + 1000);
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 2);
    CHECK(c->asked.from == 3 && c->asked.size == 5);
    answer(c);
    CHECK_OK(judge(c, &size));
    CHECK_INT(size, ==, 5);
    scene_free(c);
}

TEST(nothing_is_asked_when_nothing_is_new_or_an_answer_is_due)
{
    struct scene *c = scene_new();
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 0);
    record(c, 1);
    sign_turn(c->s);
    set_clock(c, c->now_ms + 5000);
    record(c, 1);
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 1);
    answer(c);
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 2);
    scene_free(c);
}

TEST(after_a_conflict_the_next_question_starts_from_what_was_signed)
{
    struct scene *c = scene_new();
    record(c, 2);
    sign_turn(c->s);
    const struct tree_head lost = head_asked(c);
    record(c, 2);
    const struct log_signed a = answer_for(c, &lost, ERR_CONFLICT);
    sign_answered(c->s, &a);
    set_clock(c, c->now_ms + 1000);
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 2);
    CHECK(c->asked.from == 2 && c->asked.size == 4 && c->asked.proof_count > 0);
    scene_free(c);
}

TEST(a_refusal_is_followed_by_a_minute_of_rest_and_the_log_goes_on)
{
    static const enum err_code refusals[] = {ERR_CORRUPT, ERR_IO, ERR_DISK_FULL, ERR_ARGUMENT};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct scene *c = scene_new();
        const struct log_signed no = {.code = refusals[i]};
        record(c, 2);
        sign_turn(c->s);
        sign_answered(c->s, &no);
        record(c, 2);
        set_clock(c, c->now_ms + 59000);
        sign_turn(c->s);
        CHECK_INT(c->asks, ==, 1);
        CHECK_INT(ledger_size(book_ledger(c->b)), ==, 4);
        set_clock(c, c->now_ms + 1001);
        sign_turn(c->s);
        CHECK_INT(c->asks, ==, 2);
        scene_free(c);
    }
}

TEST(an_answer_that_makes_no_sense_is_a_refusal)
{
    struct scene *c = scene_new();
    struct tree_head fork;
    record(c, 2);
    sign_turn(c->s);
    fork = head_asked(c);
    fork.root.bytes[0] ^= 1;
    struct log_signed bad[] = {answer_for(c, &fork, ERR_OK),
                               {.code = ERR_OK},
                               {.code = ERR_OK, .note_len = UINT32_MAX},
                               {.code = UINT32_MAX},
                               {.code = ERR_OK, .note_len = 5, .note = "noise"}};
    memset(bad[4].key, 'x', sizeof bad[4].key);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        uint64_t size;
        const unsigned before = c->asks;
        sign_answered(c->s, &bad[i]);
        sign_turn(c->s);
        CHECK_INT(c->asks, ==, before);
        CHECK_ERR(judge(c, &size), NOT_FOUND);
        set_clock(c, c->now_ms + 60001);
        sign_turn(c->s);
        CHECK_INT(c->asks, ==, before + 1);
    }
    scene_free(c);
}

TEST(a_channel_that_takes_nothing_is_tried_again_after_a_minute)
{
    struct scene *c = scene_new();
    c->is_deaf = true;
    record(c, 2);
    sign_turn(c->s);
    c->is_deaf = false;
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 0);
    set_clock(c, c->now_ms + 60001);
    sign_turn(c->s);
    CHECK_INT(c->asks, ==, 1);
    scene_free(c);
}

TEST(a_disk_that_fails_is_tried_again_and_nothing_is_lost)
{
    struct scene *c = scene_new();
    uint64_t size = 0;
    record(c, 5);
    for (long n = 1; c->asks == 0; n++) {
        fault_arm(n);
        sign_turn(c->s);
        fault_arm(0);
        set_clock(c, c->now_ms + 60001);
        NEED(n < 100);
    }
    answer(c);
    CHECK_OK(judge(c, &size));
    CHECK_INT(size, ==, 5);
    scene_free(c);
}

static void
count(void *ctx)
{
    unsigned *n = ctx;
    ++*n;
}

TEST(at_the_end_all_that_is_there_is_signed_at_once)
{
    struct scene *c = scene_new();
    uint64_t size = 0;
    unsigned told = 0;
    record(c, 3);
    sign_turn(c->s);
    answer(c);
    record(c, 4);
    CHECK_OK(sign_last(c->s, count, &told)); /* though less than a second has passed */
    CHECK_INT(c->asks, ==, 2);
    CHECK_INT(told, ==, 0);
    answer(c);
    CHECK_INT(told, ==, 1);
    CHECK_OK(judge(c, &size));
    CHECK_INT(size, ==, 7);
    scene_free(c);
}

TEST(at_the_end_an_answer_that_is_due_is_waited_for_and_the_rest_asked_for)
{
    struct scene *c = scene_new();
    uint64_t size = 0;
    unsigned told = 0;
    record(c, 3);
    sign_turn(c->s);
    record(c, 4);
    CHECK_OK(sign_last(c->s, count, &told));
    CHECK_INT(c->asks, ==, 1);
    answer(c);
    CHECK_INT(c->asks, ==, 2);
    CHECK_INT(told, ==, 0);
    answer(c);
    CHECK_INT(told, ==, 1);
    CHECK_OK(judge(c, &size));
    CHECK_INT(size, ==, 7);
    scene_free(c);
}

TEST(at_the_end_a_refusal_is_told_and_nothing_new_is_not_asked_for)
{
    struct scene *c = scene_new();
    const struct log_signed no = {.code = ERR_DISK_FULL};
    unsigned told = 0;
    CHECK_OK(sign_last(c->s, count, &told));
    CHECK(told == 1 && c->asks == 0);
    record(c, 1);
    CHECK_OK(sign_last(c->s, count, &told));
    sign_answered(c->s, &no);
    CHECK(told == 2 && c->asks == 1);
    c->is_deaf = true;
    CHECK_ERR(sign_last(c->s, count, &told), BUSY);
    CHECK_INT(told, ==, 2);
    scene_free(c);
}
