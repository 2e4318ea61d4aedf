/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/answer.h"

#include "base/fault.h"
#include "unit/audit/small_log.h"

enum { NOW = 1772366400 };

/* A log, and the directory of a witness that trusts it. */
typedef struct scene {
    small_log log;
    char dir[SMALL_PATH];
    buf q, body;
    struct witness_answer a;
} scene;

static void
scene_auto(scene *c)
{
    buf_done(&c->q);
    buf_done(&c->body);
    small_log_auto(&c->log);
}

static void
scene_new(scene *c, const char *name, uint64_t size)
{
    witness *w = NULL;
    char log[64];
    c->q = BUF(2 * WITNESS_QUESTION_MAX);
    c->body = BUF(WITNESS_ANSWER_MAX);
    snprintf(log, sizeof log, "%s-log", name);
    snprintf(c->dir, sizeof c->dir, "%s/%s", test_dir(), name);
    small_log_new(&c->log, log, 1);
    small_log_add(&c->log, size);
    small_log_sign(&c->log);
    NEED_OK(witness_make(c->dir, STR("example/w")));
    NEED_OK(witness_open(c->dir, &w));
    CHECK_OK(witness_trust(w, &c->log.key));
    witness_free(w);
}

static int
ask_text_at(scene *c, str question, uint64_t now)
{
    buf_clear(&c->body);
    witness_answer(c->dir, question, now, &c->body, &c->a);
    return c->a.status;
}

static int
ask_text(scene *c, str question)
{
    return ask_text_at(c, question, NOW);
}

static int
ask(scene *c, const small_log *l, uint64_t old)
{
    buf_clear(&c->q);
    if (cosign_ask_from_files(l->dir, old, &c->q).code)
        return 0;
    return ask_text(c, buf_str(&c->q));
}

static void
grow(scene *c, uint64_t size)
{
    small_log_add(&c->log, size);
    small_log_sign(&c->log);
}

static void
fork_log(small_log *f, const char *name, uint64_t common, uint64_t size)
{
    small_log_new(f, name, 1);
    small_log_add(f, common);
    NEED_OK(edge_add(&f->edge, STR("another entry")));
    small_log_add(f, size);
    small_log_sign(f);
}

/* Does the note with the answer under it hold the witness' signature? */
static bool
is_signed(scene *c)
{
    AUTO(buf) note = BUF(NOTE_BYTES_MAX);
    witness *w = NULL;
    struct note n;
    buf_add(&note, str_of(c->log.newest));
    buf_add(&note, buf_str(&c->body));
    if (witness_open(c->dir, &w).code)
        return false;
    const bool good = !note_read(buf_str(&note), &n).code && n.count == 2 &&
                      !note_check(&n, witness_key(w), NULL).code;
    witness_free(w);
    return good;
}

static void
check_size(scene *c, const char *size)
{
    CHECK_INT(c->a.status, ==, 409);
    CHECK_STR(c->a.type, STR("text/x.tlog.size"));
    CHECK_STR(buf_str(&c->body), str_of(size));
}

/* ---- good */

TEST(what_grows_is_signed)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 255, 256, 257, 511, 512, 700};
    AUTO(scene) c = {.a = {.status = 0}};
    uint64_t old = 0;
    scene_new(&c, "grows", 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        grow(&c, sizes[i]);
        CHECK_INT(ask(&c, &c.log, old), ==, 200);
        CHECK(is_signed(&c));
        CHECK_INT(c.a.head.size, ==, sizes[i]);
        old = sizes[i];
    }
}

TEST(the_same_tree_is_signed_again)
{
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "again", 7);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    CHECK_INT(ask(&c, &c.log, 7), ==, 200);
    CHECK(is_signed(&c));
}

TEST(an_empty_tree_is_signed)
{
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "empty", 0);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    CHECK(is_signed(&c));
}

TEST(lines_of_others_under_the_checkpoint_do_not_matter)
{
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "others", 3);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    buf_add(&c.q, STR("\xe2\x80\x94 example/other "
                      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
                      "AAAAAAAAAAAAAAAAAAAAAAA=\n"));
    buf_clear(&c.body);
    CHECK_INT(ask(&c, &c.log, 3), ==, 200);
}

/* ---- refused, without an alarm */

TEST(another_size_than_was_seen_is_answered_with_the_size)
{
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "size", 5);
    CHECK_INT(ask(&c, &c.log, 3), ==, 409);
    check_size(&c, "0\n");
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    grow(&c, 9);
    CHECK_INT(ask(&c, &c.log, 0), ==, 409);
    check_size(&c, "5\n");
    CHECK_INT(ask(&c, &c.log, 8), ==, 409);
    check_size(&c, "5\n");
    CHECK_INT(ask(&c, &c.log, 5), ==, 200);
}

TEST(a_checkpoint_from_before_raises_no_alarm)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(buf) earlier = BUF(2 * WITNESS_QUESTION_MAX);
    scene_new(&c, "before", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    buf_add(&earlier, buf_str(&c.q));
    grow(&c, 9);
    CHECK_INT(ask(&c, &c.log, 5), ==, 200);
    CHECK_INT(ask_text(&c, buf_str(&earlier)), ==, 409);
    check_size(&c, "9\n");
    CHECK_INT(c.a.raised, ==, WITNESS_QUIET);
    CHECK_INT(ask(&c, &c.log, 9), ==, 200);
}

TEST(an_old_size_above_the_checkpoints_is_a_bad_request)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(buf) q = BUF(WITNESS_QUESTION_MAX);
    scene_new(&c, "above", 5);
    buf_add_fmt(&q, "old 6\n\n%s", c.log.newest);
    CHECK_INT(ask_text(&c, buf_str(&q)), ==, 400);
}

TEST(what_is_no_question_is_a_bad_request)
{
    static const char *const bad[] = {
        "",
        "\n",
        "old\n\n",
        "old 0",
        "old 0\n",
        "old 0\n\n",
        "old -1\n\nhoheit/test\n1\nAAAA\n\n",
        "old 00\n\nhoheit/test\n",
        "new 0\n\nhoheit/test\n",
        "old 0\nnot base64\n\nhoheit/test\n",
        "old 0\nAAAA\n\nhoheit/test\n",
        "old 0\n\nno note at all",
        "old 0\n\nhoheit/test\n5\nnotaroot\n\n\xe2\x80\x94 hoheit/test AAAAAAA=\n",
        "old 99999999999999999999999\n\nhoheit/test\n",
    };
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "bad", 1);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_INT(ask_text(&c, str_of(bad[i])), ==, 400);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
}

TEST(a_question_that_is_too_long_is_a_bad_request)
{
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "long", 1);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    while (c.q.len <= WITNESS_QUESTION_MAX)
        buf_add(&c.q, STR("\xe2\x80\x94 example/other AAAAAAAAAAAAAAAA\n"));
    CHECK_INT(ask_text(&c, buf_str(&c.q)), ==, 400);
}

TEST(a_log_that_is_not_known_is_not_found)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(buf) q = BUF(WITNESS_QUESTION_MAX);
    scene_new(&c, "unknown", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    buf_add_fmt(&q, "old 0\n\nhoheit/rest%s", c.log.newest + strlen("hoheit/test"));
    CHECK_INT(ask_text(&c, buf_str(&q)), ==, 404);
}

TEST(a_checkpoint_of_another_key_is_refused)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(small_log) l = {.newest = ""};
    scene_new(&c, "key", 5);
    small_log_new(&l, "key-other", 2);
    small_log_add(&l, 5);
    small_log_sign(&l);
    CHECK_INT(ask(&c, &l, 0), ==, 403);
    CHECK_INT(c.a.raised, ==, WITNESS_QUIET);
}

TEST(no_flipped_bit_is_signed)
{
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "bits", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    grow(&c, 9);
    CHECK_INT(ask(&c, &c.log, 5), ==, 200);
    grow(&c, 12);
    NEED_OK(cosign_ask_from_files(c.log.dir, 9, (buf_clear(&c.q), &c.q)));
    for (size_t i = 0; i < 8 * c.q.len; i++) {
        c.q.at[i / 8] = (char)(c.q.at[i / 8] ^ 1 << i % 8);
        const int status = ask_text(&c, buf_str(&c.q));
        CHECK(status == 400 || status == 403 || status == 404 || status == 409 || status == 422);
        CHECK_INT(c.a.raised, ==, WITNESS_QUIET);
        c.q.at[i / 8] = (char)(c.q.at[i / 8] ^ 1 << i % 8);
    }
    CHECK_INT(ask_text(&c, buf_str(&c.q)), ==, 200);
}

TEST(a_proof_with_a_hash_more_or_less_is_refused)
{
    AUTO(scene) c = {.a = {.status = 0}};
    struct cosign_ask q;
    scene_new(&c, "proof", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    grow(&c, 11);
    NEED_OK(cosign_ask_from_files(c.log.dir, 5, (buf_clear(&c.q), &c.q)));
    NEED_OK(cosign_ask_read(buf_str(&c.q), &q));
    for (int more = -1; more <= 1; more += 2) {
        AUTO(buf) b = BUF(WITNESS_QUESTION_MAX);
        struct cosign_ask bad = q;
        bad.proof.count = (size_t)((int)q.proof.count + more);
        if (more > 0)
            bad.proof.at[q.proof.count] = q.proof.at[0];
        NEED_OK(cosign_ask_put(&b, &bad));
        CHECK_INT(ask_text(&c, buf_str(&b)), ==, 422);
    }
    CHECK_INT(ask(&c, &c.log, 5), ==, 200);
}

TEST(a_proof_where_none_is_due_is_refused)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(buf) q = BUF(WITNESS_QUESTION_MAX);
    scene_new(&c, "due", 5);
    buf_add_fmt(&q, "old 0\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n%s", c.log.newest);
    CHECK_INT(ask_text(&c, buf_str(&q)), ==, 422);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
}

TEST(nothing_is_signed_while_the_clock_is_behind)
{
    AUTO(scene) c = {.a = {.status = 0}};
    scene_new(&c, "clock", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    NEED_OK(cosign_ask_from_files(c.log.dir, 5, (buf_clear(&c.q), &c.q)));
    CHECK_INT(ask_text_at(&c, buf_str(&c.q), NOW - 1), ==, 503);
    CHECK_INT(ask_text_at(&c, buf_str(&c.q), NOW), ==, 200);
}

TEST(nothing_is_signed_while_another_process_has_the_witness)
{
    AUTO(scene) c = {.a = {.status = 0}};
    witness *w = NULL;
    scene_new(&c, "locked", 5);
    NEED_OK(witness_open(c.dir, &w));
    CHECK_INT(ask(&c, &c.log, 0), ==, 503);
    witness_free(w);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
}

TEST(a_state_that_was_changed_signs_nothing)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(arena) *a = NULL;
    char logs[SMALL_PATH + 8], *path = NULL;
    str bytes;
    scene_new(&c, "changed", 5);
    NEED_OK(arena_open(64 * 1024, &a));
    snprintf(logs, sizeof logs, "%s/logs", c.dir);
    DIR *d = opendir(logs);
    NEED(d);
    for (const struct dirent *f; (f = readdir(d)) != NULL;)
        if (f->d_name[0] != '.')
            path = (char *)(uintptr_t)file_join(a, logs, f->d_name);
    closedir(d);
    NEED(path);
    NEED_OK(file_read(a, path, NOTE_BYTES_MAX, &bytes));
    ((char *)(uintptr_t)bytes.at)[bytes.len / 2] ^= 1;
    NEED_OK(file_write_atomic(path, bytes, 0600));
    CHECK_INT(ask(&c, &c.log, 0), ==, 500);
    NEED_OK(file_remove_tree(c.dir));
    CHECK_INT(ask(&c, &c.log, 0), ==, 500);
}

/* ---- alarms */

TEST(a_second_tree_of_one_size_raises_an_alarm_that_stands)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(small_log) f = {.newest = ""};
    scene_new(&c, "second", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    fork_log(&f, "second-fork", 3, 5);
    CHECK_INT(ask(&c, &f, 5), ==, 422);
    CHECK_INT(c.a.raised, ==, WITNESS_FORK);
    CHECK_INT(ask(&c, &f, 5), ==, 403);
    CHECK_INT(c.a.raised, ==, WITNESS_QUIET);
    grow(&c, 9);
    CHECK_INT(ask(&c, &c.log, 5), ==, 403);
}

TEST(a_proof_of_another_history_raises_an_alarm)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(small_log) f = {.newest = ""};
    scene_new(&c, "history", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    fork_log(&f, "history-fork", 3, 9);
    CHECK_INT(ask(&c, &f, 5), ==, 422);
    CHECK_INT(c.a.raised, ==, WITNESS_FORK);
    CHECK_INT(ask(&c, &c.log, 5), ==, 403);
}

TEST(what_a_fork_asks_from_the_start_is_not_signed)
{
    AUTO(scene) c = {.a = {.status = 0}};
    AUTO(small_log) f = {.newest = ""};
    scene_new(&c, "start", 5);
    CHECK_INT(ask(&c, &c.log, 0), ==, 200);
    fork_log(&f, "start-fork", 3, 9);
    CHECK_INT(ask(&c, &f, 0), ==, 409);
    check_size(&c, "5\n");
}

/* ---- every way to fail */

TEST(a_failure_anywhere_signs_nothing_or_all)
{
    AUTO(scene) c = {.a = {.status = 0}};
    bool fired = true;
    int refused = 0;
    scene_new(&c, "fault", 5);
    for (long n = 1; fired && n < 500; n++) {
        fault_arm(n);
        const int status = ask(&c, &c.log, refused < 0 ? 5 : 0);
        fired = fault_fired();
        fault_arm(0);
        CHECK(status == 0 || status == 200 || status == 409 || status == 500 || status == 503 ||
              status == 400);
        refused = status == 200 || status == 409 ? -1 : refused;
        CHECK(status != 200 || is_signed(&c));
    }
    CHECK(!fired);
    CHECK_INT(ask(&c, &c.log, 5), ==, 200);
}
