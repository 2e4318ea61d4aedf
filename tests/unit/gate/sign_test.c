/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/sign.h"

#include "audit/judge.h"
#include "audit/ledger.h"
#include "unit/gate/rig.h"

/* A gate's log, and a signer that the test plays. */
struct scene {
    struct rig r;
    sign *s;
    struct note_key key;
    secret half;
    struct control_sign asked;
    unsigned asks, acked;
    bool is_deaf;
    uint64_t now_ms;
};

static err
take_ask(void *ctx, const struct control_sign *ask)
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
    (void)rig_room; /* of the rig, for tests with engines */
    c->now_ms = ms;
    clock_fix(ms * 1000000, 1772366400000);
}

static struct scene *
scene_new(void)
{
    AUTO(secret) seed = {0};
    struct scene *c = calloc(1, sizeof *c);
    sign_public p = {{0}};
    rig_open(&c->r);
    CHECK_OK(secret_get(&seed, SIGN_SEED_LEN));
    CHECK_OK(sign_pair(&seed, &c->half, &p));
    CHECK_OK(note_key_make(STR("hoheit/test"), NOTE_ED25519, &p, &c->key));
    set_clock(c, 100000);
    CHECK_OK(sign_start(gate_parts_of(c->r.gate), take_ask, c, &c->s));
    return c;
}

static void
scene_free(struct scene *c)
{
    sign_stop(c->s);
    clock_free();
    secret_done(&c->half);
    rig_close(&c->r);
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
        CHECK_OK(audit_append(c->r.audit, &r, acked, c));
    RIG_UNTIL(&c->r, c->acked == until);
}

static struct control_signed
answer_for(const struct scene *c, const struct tree_head *h, enum err_code code)
{
    struct control_signed a = {.code = code};
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
    const struct control_signed a = answer_for(c, &h, ERR_OK);
    sign_answered(c->s, &a);
}

static err
judge(const struct scene *c, uint64_t *ret_size)
{
    char dir[600];
    struct judge_report r;
    snprintf(dir, sizeof dir, "%s/audit/log", c->r.dir);
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
    const struct control_signed a = answer_for(c, &lost, ERR_CONFLICT);
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
        const struct control_signed no = {.code = refusals[i]};
        record(c, 2);
        sign_turn(c->s);
        sign_answered(c->s, &no);
        record(c, 2);
        set_clock(c, c->now_ms + 59000);
        sign_turn(c->s);
        CHECK_INT(c->asks, ==, 1);
        CHECK_INT(ledger_size(audit_ledger(c->r.audit)), ==, 4);
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
    struct control_signed bad[] = {answer_for(c, &fork, ERR_OK),
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

/* Through the whole gate: its channel to hoheitd carries question and answer. */
TEST(the_gate_sends_the_question_to_hoheitd_and_takes_its_answer)
{
    struct scene *c = scene_new();
    uint64_t size = 0;
    clock_free();
    record(c, 3);
    CHECK_OK(gate_sign_log(c->r.gate));
    sign_stop(TAKE(c->s));
    bool is_behind;
    struct ledger_ask ask;
    ledger *l = audit_ledger(c->r.audit);
    CHECK_OK(ledger_follow(l, audit_durable_len(c->r.audit), 100, &is_behind));
    CHECK_OK(ledger_ask(l, &ask));
    const struct control_signed a = answer_for(c, &ask.head, ERR_OK);
    CHECK_OK(ipc_send(c->r.control, CONTROL_SIGNED, 0, &a, sizeof a, STR_NONE, -1));
    RIG_UNTIL(&c->r, ledger_unsigned(l) == 0);
    CHECK_OK(judge(c, &size));
    CHECK_INT(size, ==, 3);
    scene_free(c);
}
