/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "audit/proto.h"
#include "base/fault.h"
#include "base/json.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "test.h"
#include "unit/audit/desk.h"
#include "unit/audit/disk.h"

enum { PATH_LEN = 256, ACKS_MAX = 4096 };

/* A gate's records and the log they go to. */
struct scene {
    loop *l;
    meters m;
    struct params p;
    struct log_end end;
    char dir[PATH_LEN];
    int acks[ACKS_MAX]; /* in the order they were told */
    enum err_code codes[ACKS_MAX];
    char public[256];
    int acked;
};

struct waiter {
    struct scene *c;
    int number;
};
static struct waiter waiters[ACKS_MAX];

static struct scene *
scene_new(const char *name)
{
    struct scene *c = calloc(1, sizeof *c);
    params_default(&c->p);
    snprintf(c->dir, sizeof c->dir, "%s/%s", test_dir(), name);
    CHECK_OK(loop_new(&c->l));
    return c;
}

static struct scene *
scene_open(const char *name)
{
    struct scene *c = scene_new(name);
    CHECK_OK(log_end_open(&c->end, c->l, c->dir, &c->p, &c->m));
    return c;
}

static void
scene_free(struct scene *c)
{
    log_end_close(&c->end);
    loop_free(c->l);
    free(c);
}

static void
done(void *ctx, err e)
{
    const struct waiter *w = ctx;
    struct scene *c = w->c;
    if (e.code)
        snprintf(c->public, sizeof c->public, "%s", err_public(e));
    c->acks[c->acked] = w->number;
    c->codes[c->acked++] = (enum err_code)e.code;
}

static err
append(struct scene *c, int number)
{
    char id[ID_MAX];
    snprintf(id, sizeof id, "req_%d", number);
    const struct audit_record r = {.event = EVENT_DECISION,
                                   .request_id = str_of(id),
                                   .tokens_in = (uint64_t)number,
                                   .outcome = ""};
    ASSERT(number < ACKS_MAX);
    waiters[number] = (struct waiter){c, number};
    return audit_append(c->end.a, &r, done, &waiters[number]);
}

static void
turn(struct scene *c)
{
    loop_turn_for(c->l, 2);
}

#define UNTIL(c, condition)                                                                        \
    do {                                                                                           \
        while (!(condition))                                                                       \
            turn(c);                                                                               \
    } while (0)

/* hoheit-log ends; with its book what was not durable is gone for it. */
static void
lose_log(struct scene *c)
{
    log_end_close_book(&c->end);
    for (int i = 0; i < 10; i++)
        loop_turn(c->l);
}

static void
restart_log(struct scene *c)
{
    NEED_OK(log_end_open_book(&c->end, c->dir, &c->p));
    NEED_OK(log_end_connect(&c->end));
}

/* ---- what is asked and what came of it */
struct seen {
    int count;
    int64_t tokens[ACKS_MAX];
    bool is_over, is_enough;
    enum err_code code;
    char public[256], text[8192];
};

static err
see(void *ctx, str json)
{
    struct seen *s = ctx;
    AUTO(arena) *a = NULL;
    jval root;
    if (s->is_enough)
        FAIL(CANCELLED, "enough");
    TRY(arena_open(1 << 20, &a));
    TRY(json_read(a, json, &root));
    const jval tokens = json_get(&root, "tokens_in");
    IGNORE(json_i64(&tokens, 0, INT64_MAX, &s->tokens[s->count])); /* not every record has it */
    s->count++;
    return OK;
}

static err
keep(void *ctx, str bytes)
{
    struct seen *s = ctx;
    s->count++;
    CHECK(str_copy(bytes, s->text, sizeof s->text));
    return OK;
}

static void
over(void *ctx, err e)
{
    struct seen *s = ctx;
    s->is_over = true;
    s->code = (enum err_code)e.code;
    snprintf(s->public, sizeof s->public, "%s", e.code ? err_public(e) : "");
}

static enum err_code
wait_for(struct scene *c, struct seen *s, err e)
{
    if (e.code)
        return (enum err_code)e.code;
    UNTIL(c, s->is_over);
    return s->code;
}

static enum err_code
find(struct scene *c, str id, struct seen *s)
{
    *s = (struct seen){0};
    return wait_for(c, s, audit_find(c->end.a, id, see, over, s));
}

static enum err_code
tail(struct scene *c, size_t count, struct seen *s)
{
    *s = (struct seen){0};
    return wait_for(c, s, audit_tail(c->end.a, count, see, over, s));
}

/* The log holds records 0 to count - 1 in order, each once. */
static void
check_all(struct scene *c, int count)
{
    struct seen *s = calloc(1, sizeof *s);
    CHECK_INT(tail(c, 1024, s), ==, ERR_OK);
    CHECK_INT(s->count, ==, count);
    for (int i = 0; i < s->count; i++)
        CHECK_INT(s->tokens[i], ==, i);
    free(s);
}

/* ---- appending */

TEST(records_are_acknowledged_in_order_and_are_there)
{
    struct scene *c = scene_open("order");
    for (int i = 0; i < 1000; i++)
        CHECK_OK(append(c, i));
    UNTIL(c, c->acked == 1000);
    for (int i = 0; i < 1000; i++)
        CHECK(c->acks[i] == i && c->codes[i] == ERR_OK);
    check_all(c, 1000);
    CHECK_INT(meter_value(&c->m, METER_AUDIT_RECORDS), ==, 1000);
    scene_free(c);
}

TEST(what_is_appended_before_there_is_a_log_waits_for_it)
{
    struct scene *c = scene_new("early");
    c->end.l = c->l;
    NEED_OK(audit_new(c->l, &c->p, &c->m, &c->end.a));
    for (int i = 0; i < 5; i++)
        CHECK_OK(append(c, i));
    for (int i = 0; i < 5; i++)
        turn(c);
    CHECK_INT(c->acked, ==, 0);
    restart_log(c);
    UNTIL(c, c->acked == 5);
    check_all(c, 5);
    scene_free(c);
}

TEST(closing_makes_durable_what_is_queued_and_refuses_more)
{
    struct scene *c = scene_open("close");
    for (int i = 0; i < 300; i++)
        CHECK_OK(append(c, i));
    audit_close(TAKE(c->end.a));
    CHECK_INT(c->acked, ==, 300);
    for (int i = 0; i < 300; i++)
        CHECK_INT(c->codes[i], ==, ERR_OK);
    CHECK_INT(book_seq(c->end.b), ==, 300);
    scene_free(c);
}

TEST(closing_no_log_is_fine)
{
    audit_close(NULL);
}

TEST(who_goes_away_is_forgotten)
{
    struct scene *c = scene_open("forget");
    for (int i = 0; i < 10; i++)
        CHECK_OK(append(c, i));
    audit_forget(c->end.a, &waiters[0]);
    audit_forget(c->end.a, &waiters[7]);
    UNTIL(c, c->acked == 8);
    CHECK(c->acks[0] == 1 && c->acks[7] == 9);
    check_all(c, 10);
    scene_free(c);
}

TEST(a_record_that_is_too_large_is_refused_and_the_next_one_is_taken)
{
    static char text[40 * 1024];
    struct scene *c = scene_open("large");
    memset(text, 'x', sizeof text);
    const struct audit_record r = {.event = EVENT_DECISION, .object = {text, sizeof text}};
    CHECK_ERR(audit_append(c->end.a, &r, done, &waiters[0]), LIMIT);
    /* As long as an entry may be, but longer once it is JSON. */
    const struct audit_record quoted = {.event = EVENT_DECISION, .object = {text, 20000}};
    memset(text, '"', 20000);
    waiters[1] = (struct waiter){c, 1};
    CHECK_OK(audit_append(c->end.a, &quoted, done, &waiters[1]));
    CHECK_OK(append(c, 2));
    UNTIL(c, c->acked == 2);
    for (int i = 0; i < 2; i++)
        CHECK_INT(c->codes[i], ==, c->acks[i] == 1 ? ERR_LIMIT : ERR_OK);
    scene_free(c);
}

/* ---- failing closed */

TEST(on_a_full_disk_records_fail_and_later_ones_do_not)
{
    struct scene *c = scene_open("full");
    disk.room = 0;
    CHECK_OK(append(c, 0));
    UNTIL(c, c->acked == 1);
    CHECK_INT(c->codes[0], ==, ERR_DISK_FULL);
    disk.room = -1;
    CHECK_OK(append(c, 1));
    UNTIL(c, c->acked == 2);
    CHECK_INT(c->codes[1], ==, ERR_OK);
    scene_free(c);
}

TEST(a_log_that_does_not_keep_up_fails_who_waits_with_the_reason)
{
    struct scene *c = scene_new("slow");
    c->p.audit_wait_ms_max = 10;
    CHECK_OK(log_end_open(&c->end, c->l, c->dir, &c->p, &c->m));
    disk_hold();
    for (int i = 0; i < 3; i++)
        CHECK_OK(append(c, i));
    UNTIL(c, c->acked == 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(c->codes[i], ==, ERR_BUSY);
    CHECK(str_find(str_of(c->public), STR("nothing is released without a record")) == 0);
    disk_release();
    scene_free(c);
}

TEST(without_a_log_records_wait_up_to_the_bounds_and_fail)
{
    struct scene *c = scene_new("none");
    c->p.audit_queue_max = 16;
    c->p.audit_wait_ms_max = 20;
    c->end.l = c->l;
    NEED_OK(audit_new(c->l, &c->p, &c->m, &c->end.a));
    for (int i = 0; i < 16; i++)
        CHECK_OK(append(c, i));
    CHECK_ERR(append(c, 16), BUSY);
    UNTIL(c, c->acked == 16);
    for (int i = 0; i < 16; i++)
        CHECK_INT(c->codes[i], ==, ERR_BUSY);
    CHECK(str_find(str_of(c->public), STR("is not there")) > 0);
    /* They are written when there is one, and nobody is told again. */
    restart_log(c);
    UNTIL(c, c->end.b && book_seq(c->end.b) == 16);
    CHECK_INT(c->acked, ==, 16);
    scene_free(c);
}

/* ---- a log that dies */

TEST(what_was_not_acknowledged_is_sent_again_and_written_once)
{
    for (int round = 0; round < 20; round++) {
        char name[32];
        snprintf(name, sizeof name, "again%d", round);
        struct scene *c = scene_open(name);
        int next = 0;
        for (int deaths = 0; deaths < 3; deaths++) {
            for (int i = (int)(test_random() % 60); i >= 0; i--)
                CHECK_OK(append(c, next++));
            for (int i = (int)(test_random() % 12); i > 0; i--)
                turn(c);
            for (int i = (int)(test_random() % 60); i >= 0; i--)
                CHECK_OK(append(c, next++));
            lose_log(c);
            restart_log(c);
        }
        UNTIL(c, c->acked == next);
        for (int i = 0; i < next; i++)
            CHECK(c->acks[i] == i && c->codes[i] == ERR_OK);
        check_all(c, next);
        scene_free(c);
    }
}

/* The answers are lost, not the records: the log dies after the flush and before the gate looks. */
TEST(what_became_durable_unheard_is_acknowledged_by_the_next_log)
{
    struct scene *c = scene_open("unheard");
    for (int i = 0; i < 8; i++)
        CHECK_OK(append(c, i));
    /* The book flushes at its close; its answers meet a channel that is closed. */
    for (int i = 0; i < 2; i++)
        loop_turn(c->l);
    int pair[2];
    NEED_OK(ipc_pair(pair));
    close(pair[0]);
    NEED_OK(desk_serve(c->end.d, pair[1]));
    lose_log(c);
    CHECK_INT(c->acked, ==, 0);
    restart_log(c);
    UNTIL(c, c->acked == 8);
    check_all(c, 8);
    scene_free(c);
}

TEST(records_that_say_the_same_are_each_written)
{
    struct scene *c = scene_open("same");
    const struct audit_record r = {.event = EVENT_ENGINE_LOST, .object = STR("toy")};
    for (int i = 0; i < 6; i++) {
        waiters[i] = (struct waiter){c, i};
        CHECK_OK(audit_append(c->end.a, &r, done, &waiters[i]));
        if (i == 2) {
            UNTIL(c, c->acked == 3);
            lose_log(c);
            restart_log(c);
        }
    }
    UNTIL(c, c->acked == 6);
    CHECK_INT(book_seq(c->end.b), ==, 6);
    scene_free(c);
}

/* ---- asking */

TEST(the_records_of_a_request_come_oldest_first_and_no_others)
{
    struct scene *c = scene_open("find");
    struct seen s;
    for (int i = 0; i < 20; i++)
        CHECK_OK(append(c, i % 10));
    UNTIL(c, c->acked == 20);
    CHECK_INT(find(c, STR("req_7"), &s), ==, ERR_OK);
    CHECK_INT(s.count, ==, 2);
    CHECK_INT(s.tokens[0], ==, 7);
    CHECK_INT(find(c, STR("req_10"), &s), ==, ERR_NOT_FOUND);
    CHECK_INT(s.count, ==, 0);
    CHECK(str_find(str_of(s.public), STR("no record of this request")) > 0);
    scene_free(c);
}

TEST(what_is_no_request_is_not_found)
{
    static const str bad[] = {
        STR_INIT(""),
        STR_INIT("\",\""),
        STR_INIT("req_1\0"),
        STR_INIT("req_1\n"),
        STR_INIT(
            "req_1xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
    };
    struct scene *c = scene_open("bad");
    struct seen s;
    CHECK_OK(append(c, 1));
    UNTIL(c, c->acked == 1);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_INT(find(c, bad[i], &s), ==, ERR_NOT_FOUND);
    scene_free(c);
}

TEST(the_last_records_come_oldest_first_and_a_reader_may_stop)
{
    struct scene *c = scene_open("tail");
    struct seen s;
    for (int i = 0; i < 30; i++)
        CHECK_OK(append(c, i));
    UNTIL(c, c->acked == 30);
    CHECK_INT(tail(c, 0, &s), ==, ERR_OK);
    CHECK_INT(s.count, ==, 0);
    CHECK_INT(tail(c, 4, &s), ==, ERR_OK);
    CHECK(s.count == 4 && s.tokens[0] == 26 && s.tokens[3] == 29);
    CHECK_INT(tail(c, 1025, &s), ==, ERR_ARGUMENT);
    s = (struct seen){.is_enough = true};
    CHECK_INT(wait_for(c, &s, audit_tail(c->end.a, 4, see, over, &s)), ==, ERR_CANCELLED);
    scene_free(c);
}

TEST(before_anything_was_signed_there_is_no_proof_and_no_checkpoint)
{
    struct scene *c = scene_open("unsigned");
    struct seen s = {0};
    CHECK_OK(append(c, 1));
    UNTIL(c, c->acked == 1);
    CHECK_INT(wait_for(c, &s, audit_prove(c->end.a, STR("req_1"), keep, over, &s)), ==,
              ERR_NOT_FOUND);
    s = (struct seen){0};
    CHECK_INT(wait_for(c, &s, audit_file(c->end.a, STR("checkpoint"), keep, over, &s)), ==,
              ERR_NOT_FOUND);
    CHECK(str_find(str_of(s.public), STR("was signed yet")) > 0);
    scene_free(c);
}

TEST(no_path_leads_out_of_the_log)
{
    static const char *const bad[] = {"",
                                      "..",
                                      "../audit.jsonl",
                                      "key",
                                      "tile",
                                      "tile/0",
                                      "tile/0/../../x",
                                      "tile/0/1",
                                      "/etc/passwd",
                                      "tile/8/000",
                                      "tile/63/000",
                                      "checkpoints"};
    struct scene *c = scene_open("paths");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct seen s = {0};
        const enum err_code code =
            wait_for(c, &s, audit_file(c->end.a, str_of(bad[i]), keep, over, &s));
        CHECK(code == ERR_PARSE || code == ERR_NOT_FOUND);
        CHECK_INT(s.count, ==, 0);
    }
    scene_free(c);
}

TEST(a_question_is_asked_again_when_the_log_goes_away)
{
    struct scene *c = scene_open("gone");
    struct seen s = {0}, forgotten = {0};
    CHECK_OK(append(c, 7));
    UNTIL(c, c->acked == 1);
    NEED_OK(audit_tail(c->end.a, 1, see, over, &s));
    NEED_OK(audit_tail(c->end.a, 1, see, over, &forgotten));
    audit_forget(c->end.a, &forgotten);
    lose_log(c);
    CHECK(!s.is_over);
    restart_log(c);
    UNTIL(c, s.is_over);
    CHECK(s.code == ERR_OK && s.count == 1 && s.tokens[0] == 7);
    CHECK(!forgotten.is_over && !forgotten.count);
    scene_free(c);
}

TEST(a_question_without_a_log_fails_after_a_while_with_the_reason)
{
    struct scene *c = scene_new("silent");
    struct seen s = {0};
    c->p.audit_wait_ms_max = 20;
    c->end.l = c->l;
    NEED_OK(audit_new(c->l, &c->p, &c->m, &c->end.a));
    CHECK_INT(wait_for(c, &s, audit_tail(c->end.a, 1, see, over, &s)), ==, ERR_BUSY);
    CHECK(str_find(str_of(s.public), STR("is not there")) > 0);
    scene_free(c);
}

TEST(there_is_a_bound_on_questions)
{
    struct scene *c = scene_new("many");
    struct seen s = {0};
    int asked = 0;
    c->end.l = c->l;
    NEED_OK(audit_new(c->l, &c->p, &c->m, &c->end.a));
    while (!audit_tail(c->end.a, 1, see, over, &s).code && asked < 10000)
        asked++;
    CHECK_INT(asked, ==, 256);
    scene_free(c);
    CHECK(s.is_over);
}

/* ---- a log that says nonsense: the test plays it */

TEST(nonsense_from_the_log_ends_the_channel)
{
    static const struct log_done none = {.count = 1};
    static const struct log_attached attached = {.seq = 1};
    static const struct {
        uint32_t type;
        const void *body;
        size_t len;
        bool is_after; /* ATTACHED */
    } bad[] = {
        {LOG_DONE, &none, sizeof none, false},
        {LOG_DONE, &none, sizeof none, true},
        {LOG_DONE, &none, 3, true},
        {LOG_ATTACHED, NULL, 0, false},
        {LOG_APPEND, NULL, 0, true},
        {77, NULL, 0, true},
        {LOG_ATTACHED, &attached, sizeof attached, true},
        {LOG_ANSWER, NULL, 0, true},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct scene *c = scene_new("nonsense");
        static _Alignas(16) char room[IPC_ROOM];
        struct ipc_message m;
        int pair[2];
        c->end.l = c->l;
        NEED_OK(audit_new(c->l, &c->p, &c->m, &c->end.a));
        NEED_OK(ipc_pair(pair));
        NEED_OK(audit_attach(c->end.a, pair[1]));
        NEED_OK(ipc_recv_wait(pair[0], -1, room, &m));
        CHECK_INT(m.head.type, ==, LOG_ATTACH);
        if (bad[i].is_after)
            NEED_OK(
                ipc_send_wait(pair[0], LOG_ATTACHED, 0, &attached, sizeof attached, STR_NONE, -1));
        NEED_OK(ipc_send_wait(pair[0], bad[i].type, 0, bad[i].body, bad[i].len, STR_NONE, -1));
        for (int turns = 0; turns < 5; turns++)
            turn(c);
        CHECK_ERR(ipc_recv_wait(pair[0], 0, room, &m), ENGINE_LOST);
        close(pair[0]);
        audit_close(TAKE(c->end.a));
        loop_free(c->l);
        free(c);
    }
}

/* ---- faults */

TEST(every_fault_is_reported_and_nothing_told_durable_is_missing)
{
    long n = 1;
    for (bool fired = true; fired; n++) {
        char name[32];
        snprintf(name, sizeof name, "fault%ld", n);
        struct scene *c = scene_open(name);
        fault_arm(n);
        const err e = append(c, 0);
        const err second = append(c, 1);
        const int wanted = !e.code + !second.code;
        UNTIL(c, c->acked == wanted);
        fired = fault_fired();
        fault_arm(0);
        int durable = 0;
        for (int i = 0; i < c->acked; i++)
            durable += c->codes[i] == ERR_OK;
        CHECK(fired || durable == 2);
        CHECK_INT(book_seq(c->end.b), >=, durable);
        scene_free(c);
    }
    CHECK_INT(n, >, 8);
}
