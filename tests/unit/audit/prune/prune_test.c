/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/prune/prune.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "audit/judge.h"
#include "audit/ledger.h"
#include "audit/retain/floor.h"
#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

static const int64_t day = 86400000, now = 20500LL * 86400000;
enum { OLD = 600, YOUNG = 20 };

/* A log of old records and young ones, signed by the test. */
typedef struct scene {
    loop *l;
    struct params p;
    meters m;
    book *b;
    prune *prune;
    char dir[512], log[520];
    struct note_key key;
    secret half;
    unsigned acked;
    char said[4096];
} scene;

static void
sign(scene *c)
{
    struct ledger_ask a;
    AUTO(buf) text = BUF(1024);
    AUTO(buf) note = BUF(2048);
    AUTO(buf) key = BUF(256);
    bool is_behind;
    NEED_OK(ledger_follow(book_ledger(c->b), book_durable_len(c->b), SIZE_MAX, &is_behind));
    NEED_OK(ledger_ask(book_ledger(c->b), &a));
    checkpoint_put(&text, str_of(c->key.name), &a.head);
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    NEED_OK(note_sign(&note, &c->key, &c->half, buf_str(&text), 0));
    note_key_put(&key, &c->key);
    NEED_OK(ledger_signed(book_ledger(c->b), buf_str(&note), buf_str(&key)));
}

static void
put_old(const scene *c)
{
    AUTO(buf) b = BUF(4 << 20);
    char path[600];
    for (int i = 0; i < OLD + YOUNG; i++) {
        const int64_t age = i == 3 ? 1200 * day : i < OLD ? 300 * day - i : day;
        const char *event = i == 3 ? "key.add" : i % 100 == 7 ? "person.add" : "decision";
        buf_add_fmt(&b, "{\"seq\":%d,\"time\":\"", i + 1);
        clock_put(&b, now - age);
        buf_add_fmt(&b, "\",\"event\":\"%s\",\"request\":\"req_%d\"}\n", event, i);
    }
    NEED_OK(buf_end(&b));
    NEED_OK(file_make_dir(c->dir, 0700));
    snprintf(path, sizeof path, "%s/audit.jsonl", c->dir);
    NEED_OK(file_write_atomic(path, buf_str(&b), 0600));
}

static err
open_all(scene *c)
{
    TRY(book_open(c->l, c->dir, &c->p, &c->m, &c->b));
    return prune_start(c->l, c->b, &c->p, &c->prune);
}

static void
close_all(scene *c)
{
    prune_stop(TAKE(c->prune));
    book_close(TAKE(c->b));
}

static void
scene_new(scene *c)
{
    AUTO(secret) seed = {0};
    static unsigned count;
    sign_public p;
    *c = (scene){.said = ""};
    params_default(&c->p);
    snprintf(c->dir, sizeof c->dir, "%s/log%u", test_dir(), count++);
    snprintf(c->log, sizeof c->log, "%s/log", c->dir);
    clock_fix(1000000000, now);
    put_old(c);
    NEED_OK(loop_new(&c->l));
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    NEED_OK(sign_pair(&seed, &c->half, &p));
    NEED_OK(note_key_make(STR("hoheit/test"), NOTE_ED25519, &p, &c->key));
    NEED_OK(open_all(c));
    sign(c);
}

static void
scene_auto(scene *c)
{
    close_all(c);
    clock_free();
    secret_done(&c->half);
    loop_free(c->l);
}

static err
ask(scene *c, enum log_what kind, const char *what)
{
    AUTO(buf) b = BUF(4096);
    struct log_read q = {.kind = kind};
    snprintf(q.what, sizeof q.what, "%s", what);
    TRY(prune_ask(c->prune, &q, &b));
    snprintf(c->said, sizeof c->said, "%.*s", STR_FMT(buf_str(&b)));
    return OK;
}

static bool
says(const scene *c, const char *what)
{
    return str_find(str_of(c->said), str_of(what)) >= 0;
}

/* Until it is neither counting nor cutting. */
static err
ask_to_the_end(scene *c, enum log_what kind, const char *what)
{
    for (int i = 0; i < 2000; i++) {
        TRY(ask(c, kind, what));
        if (!says(c, "\"counting\"") && !says(c, "\"cutting\""))
            return OK;
        loop_turn_for(c->l, 2);
    }
    FAIL(BUSY, "it does not end");
}

static err
count_before(scene *c, int64_t before)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)before);
    return ask_to_the_end(c, LOG_PRUNE, text);
}

static void
acked(void *ctx, err e)
{
    scene *c = ctx;
    CHECK_OK(e);
    c->acked++;
}

static void
record_many(scene *c, unsigned count, enum audit_event event, const char *request,
            const char *object)
{
    const struct audit_record r = {.event = event,
                                   .request_id = str_of(request),
                                   .key_id = STR("key_auditor"),
                                   .object = str_of(object),
                                   .why = STR("older than 2025"),
                                   .outcome = "ok"};
    const unsigned until = c->acked + count;
    for (unsigned i = 0; i < count; i++)
        NEED_OK(book_append(c->b, &r, acked, c));
    while (c->acked < until)
        loop_turn_for(c->l, 2);
}

static void
record(scene *c, enum audit_event event, const char *request, const char *object)
{
    record_many(c, 1, event, request, object);
}

static void
decide(scene *c, const char *request, const char *object)
{
    record(c, EVENT_LOG_PRUNE, request, object);
    sign(c);
}

static err
judge(const scene *c, struct judge_report *r)
{
    const struct judge_ask q = {.dir = c->log, .key = &c->key};
    return judge_log(&q, r);
}

static bool
has(const scene *c, const char *name)
{
    char path[600];
    snprintf(path, sizeof path, "%s/%s", c->log, name);
    return access(path, F_OK) == 0;
}

static err
take_line(void *ctx, str line)
{
    uint64_t *count = ctx;
    CHECK(str_starts(line, STR("{\"seq\":")));
    ++*count;
    return OK;
}

/* ---- counting */

TEST(what_is_old_enough_is_counted_in_whole_bundles)
{
    AUTO(scene) c;
    scene_new(&c);
    CHECK_OK(count_before(&c, now - 200 * day));
    CHECK(
        says(&c, "\"state\":\"counted\",\"minimum\":0,\"below\":512,\"entries\":512,\"held\":6,"));
    CHECK_OK(count_before(&c, now - 299 * day));
    CHECK(says(&c, "\"below\":512,"));
    CHECK_OK(count_before(&c, now - 1300 * day));
    CHECK(says(&c, "\"below\":0,\"entries\":0,"));
    CHECK(says(&c, "entry 0 is younger"));
}

TEST(what_the_law_has_stay_is_not_counted_but_refused)
{
    AUTO(scene) c;
    scene_new(&c);
    CHECK_ERR(count_before(&c, now - 100 * day), ARGUMENT);
    CHECK_ERR(count_before(&c, now + day), ARGUMENT);
    CHECK_ERR(ask(&c, LOG_PRUNE, "yesterday"), ARGUMENT);
    CHECK_ERR(ask(&c, LOG_PRUNE, "-1"), ARGUMENT);
}

/* ---- pruning */

TEST(what_was_decided_goes_and_all_that_was_signed_still_verifies)
{
    AUTO(scene) c;
    struct judge_report r;
    uint64_t lines = 0;
    scene_new(&c);
    decide(&c, "req_CUT", "512");
    CHECK_OK(ask_to_the_end(&c, LOG_CUT, "req_CUT"));
    CHECK(says(&c, "\"state\":\"cut\""));
    CHECK(!has(&c, "tile/entries/000") && !has(&c, "tile/entries/001") && has(&c, "tile/0/000"));
    NEED_OK(judge(&c, &r));
    CHECK_INT(r.pruned_below, ==, 512);
    CHECK_INT(r.held, ==, 6);
    CHECK_INT(r.decision, ==, OLD + YOUNG);
    CHECK(str_starts(str_of(r.decided), STR("key_auditor, ")));
    CHECK(str_find(str_of(r.decided), STR("older than 2025")) >= 0);
    CHECK_INT(r.checkpoints, ==, 2);
    CHECK_OK(book_tail(c.b, 1000, take_line, &lines));
    CHECK_INT(lines, ==, OLD + YOUNG + 1 - 512);
    CHECK_ERR(book_find(c.b, STR("req_100"), take_line, &lines), NOT_FOUND);
    CHECK_OK(book_find(c.b, STR("req_550"), take_line, &lines));
    CHECK_OK(book_find(c.b, STR("req_107"), take_line, &lines)); /* held */
}

TEST(the_log_opens_over_it_and_goes_on)
{
    AUTO(scene) c;
    struct judge_report r;
    scene_new(&c);
    decide(&c, "req_CUT", "256");
    CHECK_OK(ask_to_the_end(&c, LOG_CUT, "req_CUT"));
    close_all(&c);
    NEED_OK(open_all(&c));
    record(&c, EVENT_LOG_READ, "req_MORE", "");
    sign(&c);
    NEED_OK(judge(&c, &r));
    CHECK_INT(r.head.size, ==, OLD + YOUNG + 2);
    decide(&c, "req_CUT2", "512");
    CHECK_OK(ask_to_the_end(&c, LOG_CUT, "req_CUT2"));
    NEED_OK(judge(&c, &r));
    CHECK_INT(r.pruned_below, ==, 512);
    CHECK_INT(r.held, ==, 6);
    CHECK_ERR(ask(&c, LOG_CUT, "req_CUT"), CONFLICT);
}

TEST(nothing_goes_without_a_decision_on_record)
{
    AUTO(scene) c;
    scene_new(&c);
    decide(&c, "req_ODD", "300");
    decide(&c, "req_TEXT", "many");
    decide(&c, "req_AHEAD", "5120");
    record(&c, EVENT_LOG_PRUNE_PROPOSE, "req_ASKED", "512");
    CHECK_ERR(ask(&c, LOG_CUT, "req_NONE"), NOT_FOUND);
    CHECK_ERR(ask(&c, LOG_CUT, "req_ODD"), NOT_FOUND);
    CHECK_ERR(ask(&c, LOG_CUT, "req_TEXT"), NOT_FOUND);
    CHECK_ERR(ask(&c, LOG_CUT, "req_AHEAD"), NOT_FOUND);
    CHECK_ERR(ask(&c, LOG_CUT, "req_ASKED"), NOT_FOUND);
    CHECK(has(&c, "tile/entries/000"));
}

TEST(a_decision_over_entries_that_are_too_young_is_not_carried_out)
{
    AUTO(scene) c;
    scene_new(&c);
    record_many(&c, 256, EVENT_LOG_READ, "req_X", "");
    decide(&c, "req_CUT", "768");
    CHECK_OK(ask_to_the_end(&c, LOG_CUT, "req_CUT"));
    CHECK(says(&c, "\"state\":\"failed\""));
    CHECK(says(&c, "entry 600 is younger"));
    CHECK(has(&c, "tile/entries/000") && !has(&c, "pruned"));
}

TEST(a_record_that_was_changed_is_not_pruned)
{
    AUTO(scene) c;
    scene_new(&c);
    decide(&c, "req_CUT", "512");
    CHECK_INT(pwrite(book_file(c.b), "3", 1, 18), ==, 1); /* the year of the first */
    CHECK_OK(ask_to_the_end(&c, LOG_CUT, "req_CUT"));
    CHECK(says(&c, "\"state\":\"failed\""));
    CHECK(has(&c, "tile/entries/000") && !has(&c, "pruned"));
}

TEST(while_one_is_at_work_another_is_told_so)
{
    AUTO(scene) c;
    char text[32];
    scene_new(&c);
    decide(&c, "req_CUT", "512");
    snprintf(text, sizeof text, "%lld", (long long)(now - 200 * day));
    CHECK_OK(ask(&c, LOG_PRUNE, text));
    CHECK_ERR(ask(&c, LOG_CUT, "req_CUT"), BUSY);
    CHECK_OK(ask_to_the_end(&c, LOG_PRUNE, text));
    CHECK_OK(ask(&c, LOG_CUT, "req_CUT"));
    CHECK_ERR(ask(&c, LOG_PRUNE, text), BUSY);
    CHECK_OK(ask_to_the_end(&c, LOG_CUT, "req_CUT"));
}

TEST(upper_tiles_that_were_lost_are_made_again)
{
    AUTO(scene) c;
    char path[600];
    struct judge_report r;
    scene_new(&c);
    decide(&c, "req_CUT", "512");
    CHECK_OK(ask_to_the_end(&c, LOG_CUT, "req_CUT"));
    close_all(&c);
    snprintf(path, sizeof path, "%s/tile/1", c.log);
    NEED_OK(file_remove_tree(path));
    NEED_OK(open_all(&c));
    sign(&c);
    CHECK_OK(judge(&c, &r));
}

TEST(a_call_that_fails_leaves_a_log_that_is_good_and_is_finished_later)
{
    for (long n = 1;; n++) {
        AUTO(scene) c;
        struct judge_report r;
        scene_new(&c);
        decide(&c, "req_CUT", "512");
        fault_arm(n);
        const err e = ask_to_the_end(&c, LOG_CUT, "req_CUT");
        const bool fired = fault_fired();
        fault_arm(0);
        NEED_OK(judge(&c, &r));
        close_all(&c);
        NEED_OK(open_all(&c));
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        CHECK_OK(judge(&c, &r));
        const err again = ask_to_the_end(&c, LOG_CUT, "req_CUT");
        CHECK(!again.code || again.code == ERR_CONFLICT || again.code == ERR_BUSY);
        for (int i = 0; i < 50 && has(&c, "tile/entries/001"); i++)
            loop_turn_for(c.l, 2);
        CHECK(!has(&c, "tile/entries/000") && !has(&c, "tile/entries/001"));
        CHECK_OK(judge(&c, &r));
        CHECK_INT(r.pruned_below, ==, 512);
        NEED(n < 1000);
        n += n > 8 ? 6 : 0;
    }
}
