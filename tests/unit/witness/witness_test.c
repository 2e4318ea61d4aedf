/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/witness.h"

#include "base/fault.h"
#include "unit/audit/small_log.h"

enum { NOW = 1772366400 };

/* A log, and a witness that trusts it. */
typedef struct scene {
    small_log log;
    char dir[SMALL_PATH];
    witness *w;
    uint64_t now;
} scene;

static void
scene_auto(scene *c)
{
    witness_free(c->w);
    small_log_auto(&c->log);
}

static void
scene_new(scene *c, const char *name, uint64_t size)
{
    char log[64];
    snprintf(log, sizeof log, "%s-log", name);
    snprintf(c->dir, sizeof c->dir, "%s/%s", test_dir(), name);
    small_log_new(&c->log, log, 1);
    small_log_add(&c->log, size);
    small_log_sign(&c->log);
    NEED_OK(witness_make(c->dir, STR("example/w")));
    NEED_OK(witness_open(c->dir, &c->w));
    NEED_OK(witness_trust(c->w, &c->log.key));
    c->now = NOW;
}

static void
grow(scene *c, uint64_t size)
{
    small_log_add(&c->log, size);
    small_log_sign(&c->log);
}

static void
reopen(scene *c)
{
    witness_free(c->w);
    c->w = NULL;
    NEED_OK(witness_open(c->dir, &c->w));
}

static const struct witness_state *
state(const scene *c)
{
    const struct witness_state *s = NULL;
    if (witness_state_of(c->w, str_of(c->log.key.name), &s).code)
        return NULL;
    return s;
}

static uint64_t
seen(const scene *c)
{
    const struct witness_state *s = state(c);
    return s ? s->head.size : UINT64_MAX;
}

static enum witness_alarm
alarm_of(const scene *c)
{
    const struct witness_state *s = state(c);
    return s ? state_alarm(s) : WITNESS_ALARMS;
}

static void
question(const small_log *l, uint64_t old, buf *b)
{
    NEED_OK(cosign_ask_from_files(l->dir, old, b));
}

static err
ask(scene *c, enum witness_way way, const small_log *l, uint64_t old)
{
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(4096);
    question(l, old, &q);
    return witness_cosign(c->w, way, buf_str(&q), c->now++, &line);
}

static err
fetched(scene *c)
{
    return ask(c, WITNESS_FETCHED, &c->log, seen(c));
}

static err
clear(scene *c, const char *reason)
{
    return witness_clear(c->w, str_of(c->log.key.name), str_of(reason), c->now++);
}

/* Another log under the same key that shares `common` entries. */
static void
fork_log(small_log *f, const char *name, uint64_t common, uint64_t size)
{
    small_log_new(f, name, 1);
    small_log_add(f, common);
    NEED_OK(edge_add(&f->edge, STR("another entry")));
    small_log_add(f, size);
    small_log_sign(f);
}

/* ---- good */

TEST(a_log_that_grows_is_signed_each_time)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 255, 256, 257, 511, 512, 700};
    AUTO(scene) c = {.w = NULL};
    scene_new(&c, "grows", 0);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
        AUTO(buf) note = BUF(NOTE_BYTES_MAX);
        struct note n;
        uint64_t time_s = 0;
        grow(&c, sizes[i]);
        question(&c.log, seen(&c), &q);
        buf_add(&note, str_of(c.log.newest));
        NEED_OK(witness_cosign(c.w, i % 2 ? WITNESS_CARRIED : WITNESS_FETCHED, buf_str(&q), NOW + i,
                               &note));
        NEED_OK(note_read(buf_str(&note), &n));
        CHECK_OK(note_check(&n, witness_key(c.w), &time_s));
        CHECK_INT(time_s, ==, NOW + i);
        CHECK_INT(seen(&c), ==, sizes[i]);
        reopen(&c);
        CHECK_INT(seen(&c), ==, sizes[i]);
    }
}

TEST(the_same_tree_is_signed_again_with_a_new_time)
{
    AUTO(scene) c = {.w = NULL};
    scene_new(&c, "again", 5);
    CHECK_OK(fetched(&c));
    CHECK_OK(fetched(&c));
    c.now = NOW - 1;
    CHECK_ERR(fetched(&c), CONFLICT);
    CHECK_INT(alarm_of(&c), ==, WITNESS_QUIET);
}

TEST(several_logs_are_told_apart)
{
    AUTO(scene) c = {.w = NULL};
    struct note_key other;
    scene_new(&c, "several", 5);
    NEED_OK(note_key_make(STR("hoheit/other"), NOTE_ED25519, &c.log.key.public, &other));
    NEED_OK(witness_trust(c.w, &other));
    CHECK_OK(fetched(&c));
    const struct witness_state *s;
    NEED_OK(witness_state_of(c.w, STR("hoheit/other"), &s));
    CHECK_INT(s->head.size, ==, 0);
    CHECK_INT(seen(&c), ==, 5);
}

static err
count_one(void *ctx, const struct witness_state *s)
{
    size_t *const count = ctx;
    CHECK(s->log.name[0]);
    ++*count;
    return OK;
}

TEST(each_log_is_shown)
{
    AUTO(scene) c = {.w = NULL};
    struct note_key other;
    size_t count = 0;
    scene_new(&c, "each", 5);
    NEED_OK(note_key_make(STR("hoheit/other"), NOTE_ED25519, &c.log.key.public, &other));
    NEED_OK(witness_trust(c.w, &other));
    CHECK_OK(witness_each(c.w, count_one, &count));
    CHECK_INT(count, ==, 2);
}

/* ---- not a question, or not for this witness */

TEST(garbage_is_refused_and_changes_nothing)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(4096);
    scene_new(&c, "garbage", 5);
    grow(&c, 9);
    question(&c.log, 0, &q);
    for (size_t i = 0; i < q.len; i++) {
        q.at[i] ^= 1;
        CHECK(witness_cosign(c.w, WITNESS_CARRIED, buf_str(&q), NOW, &line).code);
        CHECK_INT(alarm_of(&c), ==, WITNESS_QUIET);
        q.at[i] ^= 1;
    }
    CHECK_ERR(witness_cosign(c.w, WITNESS_CARRIED, STR(""), NOW, &line), PARSE);
    CHECK_INT(line.len, ==, 0);
    CHECK_INT(seen(&c), ==, 0);
    CHECK_OK(witness_cosign(c.w, WITNESS_CARRIED, buf_str(&q), NOW, &line));
}

TEST(a_log_that_is_not_trusted_is_refused)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(small_log) l = {.half = {0}};
    scene_new(&c, "stranger", 5);
    small_log_new(&l, "stranger-other", 1);
    small_log_add(&l, 3);
    NEED_OK(note_key_make(STR("hoheit/stranger"), NOTE_ED25519, &l.key.public, &l.key));
    small_log_sign(&l);
    CHECK_ERR(ask(&c, WITNESS_FETCHED, &l, 0), NOT_FOUND);
}

TEST(a_log_of_the_same_name_with_another_key_is_refused)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(small_log) l = {.half = {0}};
    scene_new(&c, "wrong-key", 5);
    small_log_new(&l, "wrong-key-other", 2);
    small_log_add(&l, 7);
    small_log_sign(&l);
    CHECK_OK(fetched(&c));
    CHECK_ERR(ask(&c, WITNESS_FETCHED, &l, 5), DENIED);
    CHECK_INT(alarm_of(&c), ==, WITNESS_QUIET);
    CHECK_ERR(witness_trust(c.w, &l.key), CONFLICT);
    CHECK_ERR(witness_trust(c.w, witness_key(c.w)), ARGUMENT);
}

TEST(a_question_about_another_size_is_answered_with_what_was_seen)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(4096);
    scene_new(&c, "replay", 5);
    question(&c.log, 0, &q);
    CHECK_OK(witness_cosign(c.w, WITNESS_CARRIED, buf_str(&q), NOW, &line));
    CHECK_ERR(witness_cosign(c.w, WITNESS_CARRIED, buf_str(&q), NOW, &line), CONFLICT);
    CHECK(strstr(err_text(), "5 entries") != NULL);
    grow(&c, 9);
    CHECK_OK(fetched(&c));
    CHECK_ERR(witness_cosign(c.w, WITNESS_CARRIED, buf_str(&q), NOW, &line), CONFLICT);
    CHECK_INT(alarm_of(&c), ==, WITNESS_QUIET);
    CHECK_INT(seen(&c), ==, 9);
}

TEST(an_old_size_beyond_the_checkpoint_is_no_question)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(4096);
    scene_new(&c, "beyond", 5);
    const struct cosign_ask k = {.old = 6, .note = str_of(c.log.newest)};
    NEED_OK(cosign_ask_put(&q, &k));
    CHECK_ERR(witness_cosign(c.w, WITNESS_CARRIED, buf_str(&q), NOW, &line), ARGUMENT);
}

TEST(a_carried_proof_that_proves_nothing_raises_no_alarm)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) line = BUF(4096);
    scene_new(&c, "nothing", 5);
    CHECK_OK(fetched(&c));
    grow(&c, 9);
    struct cosign_ask k = {.old = 5, .proof.count = 2, .note = str_of(c.log.newest)};
    NEED_OK(cosign_ask_put(&q, &k));
    CHECK_ERR(witness_cosign(c.w, WITNESS_CARRIED, buf_str(&q), c.now++, &line), CORRUPT);
    CHECK_INT(alarm_of(&c), ==, WITNESS_QUIET);
    CHECK_OK(fetched(&c));
}

/* ---- alarms */

TEST(two_checkpoints_of_one_size_raise_an_alarm_whoever_brings_them)
{
    for (int way = WITNESS_CARRIED; way <= WITNESS_FETCHED; way++) {
        AUTO(scene) c = {.w = NULL};
        AUTO(small_log) f = {.half = {0}};
        char name[32];
        snprintf(name, sizeof name, "two-%d", way);
        scene_new(&c, name, 7);
        CHECK_OK(fetched(&c));
        snprintf(name, sizeof name, "two-fork-%d", way);
        fork_log(&f, name, 3, 7);
        CHECK_ERR(ask(&c, (enum witness_way)way, &f, 7), CORRUPT);
        CHECK_INT(alarm_of(&c), ==, WITNESS_FORK);
        const struct witness_state *s = state(&c);
        NEED(s && s->count == 1);
        CHECK_STR(s->at[0].note, str_of(f.newest));
        CHECK_STR(s->note, str_of(c.log.newest));
    }
}

TEST(a_fork_that_went_on_raises_an_alarm)
{
    for (uint64_t size = 1; size <= 9; size++) {
        AUTO(scene) c = {.w = NULL};
        AUTO(small_log) f = {.half = {0}};
        char name[32];
        snprintf(name, sizeof name, "on-%u", (unsigned)size);
        scene_new(&c, name, size);
        CHECK_OK(fetched(&c));
        snprintf(name, sizeof name, "on-fork-%u", (unsigned)size);
        fork_log(&f, name, size - 1, size + 4);
        const bool is_complete = (size & (size - 1)) == 0;
        CHECK_ERR(ask(&c, WITNESS_CARRIED, &f, size), CORRUPT);
        CHECK_INT(alarm_of(&c), ==, is_complete ? WITNESS_QUIET : WITNESS_FORK);
        CHECK_ERR(ask(&c, WITNESS_FETCHED, &f, size), CORRUPT);
        CHECK_INT(alarm_of(&c), ==, WITNESS_FORK);
        CHECK_INT(seen(&c), ==, size);
    }
}

TEST(a_log_that_shows_less_raises_an_alarm_if_it_was_asked_itself)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(small_log) old = {.half = {0}};
    scene_new(&c, "less", 7);
    CHECK_OK(fetched(&c));
    small_log_new(&old, "less-old", 1);
    small_log_add(&old, 4);
    small_log_sign(&old);
    CHECK_ERR(ask(&c, WITNESS_CARRIED, &old, 7), CONFLICT);
    CHECK_INT(alarm_of(&c), ==, WITNESS_QUIET);
    CHECK_ERR(ask(&c, WITNESS_FETCHED, &old, 7), CORRUPT);
    CHECK_INT(alarm_of(&c), ==, WITNESS_ROLLBACK);
}

TEST(nothing_is_signed_until_the_alarm_is_cleared_with_a_reason)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(small_log) f = {.half = {0}};
    scene_new(&c, "clear", 7);
    CHECK_OK(fetched(&c));
    CHECK_ERR(clear(&c, "nothing to clear"), CONFLICT);
    fork_log(&f, "clear-fork", 3, 12);
    CHECK_ERR(ask(&c, WITNESS_FETCHED, &f, 7), CORRUPT);
    grow(&c, 9);
    CHECK_ERR(fetched(&c), CORRUPT);
    reopen(&c);
    CHECK_ERR(fetched(&c), CORRUPT);
    CHECK_ERR(clear(&c, ""), ARGUMENT);
    CHECK_ERR(clear(&c, "two\nlines"), ARGUMENT);
    CHECK_ERR(clear(&c, "\xff"), ARGUMENT);
    CHECK_ERR(witness_clear(c.w, STR("hoheit/none"), STR("x"), NOW), NOT_FOUND);
    CHECK_INT(alarm_of(&c), ==, WITNESS_FORK);
    CHECK_OK(clear(&c, "somebody looked"));
    CHECK_OK(fetched(&c));
    const struct witness_state *s = state(&c);
    NEED(s && s->count == 2);
    CHECK_STR(s->at[1].reason, STR("somebody looked"));
    CHECK_ERR(ask(&c, WITNESS_FETCHED, &f, 9), CORRUPT);
}

TEST(a_witness_that_was_set_back_is_told_so_by_what_it_signed)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    AUTO(buf) note = BUF(NOTE_BYTES_MAX);
    scene_new(&c, "set-back", 7);
    question(&c.log, 0, &q);
    buf_add(&note, str_of(c.log.newest));
    NEED_OK(witness_cosign(c.w, WITNESS_FETCHED, buf_str(&q), NOW, &note));
    CHECK_OK(witness_remember(c.w, buf_str(&note), NOW));
    CHECK_OK(witness_remember(c.w, str_of(c.log.newest), NOW));
    CHECK_OK(witness_remember(c.w, STR("garbage"), NOW));
    struct dirent **names;
    char logs[SMALL_PATH + 8];
    snprintf(logs, sizeof logs, "%s/logs", c.dir);
    NEED(scandir(logs, &names, NULL, alphasort) == 3);
    char path[2 * SMALL_PATH];
    CHECK_INT(snprintf(path, sizeof path, "%s/%s", logs, names[2]->d_name), <, sizeof path);
    for (int i = 0; i < 3; i++)
        free(names[i]);
    free(names);
    NEED_OK(file_remove(path));
    NEED_OK(witness_trust(c.w, &c.log.key));
    CHECK_ERR(witness_remember(c.w, buf_str(&note), NOW), CORRUPT);
    CHECK_INT(alarm_of(&c), ==, WITNESS_SET_BACK);
    CHECK_ERR(fetched(&c), CORRUPT);
}

/* ---- its own directory */

TEST(one_process_at_a_time_is_the_witness)
{
    AUTO(scene) c = {.w = NULL};
    witness *second = NULL;
    scene_new(&c, "lock", 1);
    CHECK_ERR(witness_open(c.dir, &second), CONFLICT);
    CHECK(!second);
    CHECK_ERR(witness_make(c.dir, STR("w")), CONFLICT);
}

TEST(a_directory_without_a_witness_is_none)
{
    witness *w = NULL;
    char dir[SMALL_PATH];
    snprintf(dir, sizeof dir, "%s/nobody", test_dir());
    CHECK_ERR(witness_open(dir, &w), NOT_FOUND);
    CHECK_ERR(witness_make(dir, STR("a name with spaces")), ARGUMENT);
    CHECK_ERR(witness_open(dir, &w), NOT_FOUND);
    NEED_OK(witness_make(dir, STR("w")));
    CHECK_ERR(witness_make(dir, STR("w")), CONFLICT);
}

TEST(a_seed_and_a_key_that_do_not_belong_together_are_found)
{
    witness *w = NULL;
    char dir[SMALL_PATH], path[SMALL_PATH + 8];
    snprintf(dir, sizeof dir, "%s/mixed", test_dir());
    NEED_OK(witness_make(dir, STR("w")));
    snprintf(path, sizeof path, "%s/seed", dir);
    NEED_OK(file_write_atomic(path,
                              STR("00000000000000000000000000000000"
                                  "00000000000000000000000000000000\n"),
                              0600));
    CHECK_ERR(witness_open(dir, &w), CORRUPT);
    NEED_OK(file_write_atomic(path, STR("zz\n"), 0600));
    CHECK_ERR(witness_open(dir, &w), CORRUPT);
    snprintf(path, sizeof path, "%s/key", dir);
    NEED_OK(file_write_atomic(path, STR("garbage\n"), 0600));
    CHECK(witness_open(dir, &w).code);
}

TEST(whatever_fails_no_signature_leaves_that_is_not_remembered)
{
    AUTO(scene) c = {.w = NULL};
    scene_new(&c, "faults", 3);
    CHECK_OK(fetched(&c));
    grow(&c, 6);
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    question(&c.log, 3, &q);
    for (long n = 1;; n++) {
        AUTO(buf) line = BUF(4096);
        fault_arm(n);
        const err e = witness_cosign(c.w, WITNESS_FETCHED, buf_str(&q), NOW + 50, &line);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK) || seen(&c) == 6);
        CHECK(!line.len || seen(&c) == 6);
        if (!fired || seen(&c) == 6)
            break;
        NEED(n < 300);
    }
    CHECK_INT(seen(&c), ==, 6);
}

TEST(whatever_fails_while_an_alarm_is_raised_nothing_is_signed)
{
    AUTO(scene) c = {.w = NULL};
    AUTO(small_log) f = {.half = {0}};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    scene_new(&c, "alarm-faults", 7);
    CHECK_OK(fetched(&c));
    fork_log(&f, "alarm-faults-fork", 3, 12);
    question(&f, 7, &q);
    for (long n = 1;; n++) {
        AUTO(buf) line = BUF(4096);
        fault_arm(n);
        const err e = witness_cosign(c.w, WITNESS_FETCHED, buf_str(&q), NOW + 50, &line);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(e.code && !line.len);
        if (!fired)
            break;
        NEED(n < 300);
    }
    CHECK_INT(alarm_of(&c), ==, WITNESS_FORK);
}

TEST(whatever_fails_while_it_is_made_or_opened_is_said)
{
    for (long n = 1;; n++) {
        char dir[SMALL_PATH];
        witness *w = NULL;
        snprintf(dir, sizeof dir, "%s/made-%ld", test_dir(), n);
        fault_arm(n);
        err e = witness_make(dir, STR("w"));
        if (!e.code)
            e = witness_open(dir, &w);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        CHECK((w != NULL) == (e.code == ERR_OK));
        witness_free(w);
        if (!fired)
            break;
        NEED(n < 300);
    }
}
