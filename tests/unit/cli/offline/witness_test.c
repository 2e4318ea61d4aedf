/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#include "unit/audit/small_log.h"
#include "witness/witness.h"

/* A log, its key as text, and a witness that trusts it. */
typedef struct scene {
    small_log log;
    char key[NOTE_KEY_TEXT_MAX], dir[SMALL_PATH], out[SMALL_PATH + 8];
} scene;

static void
scene_auto(scene *s)
{
    small_log_auto(&s->log);
}

static void
scene_new(scene *s, const char *name)
{
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    char log[64];
    FRESH(r);
    snprintf(log, sizeof log, "%s-log", name);
    small_log_new(&s->log, log, 1);
    small_log_add(&s->log, 5);
    small_log_sign(&s->log);
    note_key_put(&text, &s->log.key);
    NEED(str_copy(buf_str(&text), s->key, sizeof s->key));
    snprintf(s->dir, sizeof s->dir, "%s/%s", test_dir(), name);
    snprintf(s->out, sizeof s->out, "%s.out", s->dir);
    RUN(&r, NULL, "witness", "init", "example/w", "--dir", s->dir);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "example/w+");
    RUN(&r, NULL, "witness", "trust", s->key, "--dir", s->dir);
    CHECK_STATUS(&r, 0);
}

TEST(a_directory_of_a_log_is_signed_and_shown)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    scene_new(&s, "signed");
    RUN(&r, NULL, "witness", "sign", s.log.dir, "--dir", s.dir);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, s.log.newest);
    CHECK_OUT(&r, "\xe2\x80\x94 example/w ");
    RUN(&r, NULL, "witness", "show", "--dir", s.dir);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "hoheit/test: 5 entries");
    CHECK_OUT(&r, "good");
    RUN(&r, NULL, "witness", "show", "--dir", s.dir, "--json");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\"size\":5");
    CHECK_OUT(&r, "\"alarm\":false");
}

TEST(a_question_in_a_file_is_signed_into_a_file)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    scene_new(&s, "file");
    NEED_OK(cosign_ask_from_files(s.log.dir, 0, &q));
    NEED_OK(file_write_atomic(s.out, buf_str(&q), 0600));
    RUN(&r, NULL, "witness", "sign", s.out, "--dir", s.dir, "--out", s.out);
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "witness", "sign", s.out, "--dir", s.dir);
    CHECK_STATUS(&r, 2);
}

TEST(a_daemon_is_asked_for_checkpoint_history_and_proof)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    AUTO(buf) q = BUF(2 * NOTE_BYTES_MAX);
    struct fake f;
    char url[256];
    NEED(fake_start(&f));
    scene_new(&s, "daemon");
    NEED_OK(cosign_ask_from_files(s.log.dir, 0, &q));
    buf_add_char(&q, '\0');
    fake_says(&f, "GET /log/checkpoint", 200, s.log.newest);
    fake_says(&f, "GET /log/add-checkpoint/0 ", 200, q.at);
    snprintf(url, sizeof url, "unix:%s/run/hoheit.sock", f.dir);
    RUN(&r, NULL, "witness", "sign", url, "--dir", s.dir);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\xe2\x80\x94 example/w ");
    CHECK(strstr(fake_asked(&f), "GET /log/cosigned/") != NULL);
    fake_end(&f);
}

TEST(an_alarm_is_told_shown_and_cleared_with_a_reason_only)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    AUTO(small_log) old = {.half = {0}};
    scene_new(&s, "alarm");
    RUN(&r, NULL, "witness", "sign", s.log.dir, "--dir", s.dir, "--out", s.out);
    CHECK_STATUS(&r, 0);
    small_log_new(&old, "alarm-old", 1);
    small_log_add(&old, 2);
    small_log_sign(&old);
    RUN(&r, NULL, "witness", "sign", old.dir, "--dir", s.dir);
    CHECK_STATUS(&r, 65);
    CHECK_SAYS(&r, "alarm: rollback");
    RUN(&r, NULL, "witness", "show", "--dir", s.dir);
    CHECK_STATUS(&r, 65);
    CHECK_OUT(&r, "ALARM");
    RUN(&r, NULL, "witness", "show", "--dir", s.dir, "--json");
    CHECK_STATUS(&r, 65);
    CHECK_OUT(&r, "\"kind\":\"rollback\"");
    RUN(&r, NULL, "witness", "clear", "hoheit/test", "--dir", s.dir);
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "witness", "clear", "hoheit/test", "--dir", s.dir, "--reason", "an old copy");
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "witness", "show", "--dir", s.dir);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "cleared: an old copy");
    RUN(&r, NULL, "witness", "show", "--dir", s.dir, "--json");
    CHECK_OUT(&r, "\"reason\":\"an old copy\"");
}

TEST(without_a_directory_nothing_is_done)
{
    FRESH(r);
    RUN(&r, NULL, "witness", "show");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--dir");
    RUN(&r, NULL, "witness", "init", "w");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "witness", "trust", "no key", "--dir", "/proc/nowhere");
    CHECK_STATUS(&r, 2);
}

TEST(a_log_directory_that_is_none_is_named)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    scene_new(&s, "none");
    RUN(&r, NULL, "witness", "sign", "/proc/nowhere", "--dir", s.dir);
    CHECK_STATUS(&r, 1);
    NEED_OK(file_remove(small_log_path(&s.log, "tile/0/000.p/5")));
    RUN(&r, NULL, "witness", "sign", s.log.dir, "--dir", s.dir);
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "not good");
}

TEST(what_was_signed_is_brought_to_the_daemon)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    struct fake f;
    NEED(fake_start(&f));
    fake_says(&f, "POST /admin/v1/log/cosign", 200, "{\"size\":5,\"witnesses\":[\"example/w\"]}");
    scene_new(&s, "brought");
    NEED_OK(file_write_atomic(s.out, str_of(s.log.newest), 0600));
    RUN(&r, &f, "log", "cosign", s.out);
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "5 entries are cosigned");
    RUN(&r, &f, "log", "cosign", s.out, "--json");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\"witnesses\"");
    CHECK(strstr(fake_asked(&f), "{\"note\":\"hoheit/test\\n5\\n") != NULL);
    RUN(&r, &f, "log", "cosign", "/proc/nowhere");
    CHECK_STATUS(&r, 1);
    fake_end(&f);
}

/* ---- another witness, asked by the log's side */

/* What it is asked that saw all there is. */
static void
question_from_all(scene *s, struct fake *f)
{
    static char question[16 * 1024];
    AUTO(buf) q = BUF(sizeof question);
    NEED_OK(cosign_ask_from_files(s->log.dir, 5, &q));
    NEED(str_copy(buf_str(&q), question, sizeof question));
    fake_says(f, "GET /log/add-checkpoint/5", 200, question);
}

/* The daemon's answers, and the witness' to what it is asked first. */
static void
witness_says(scene *s, struct fake *f, int status, const char *answer)
{
    static char question[16 * 1024];
    AUTO(buf) q = BUF(sizeof question);
    NEED_OK(cosign_ask_from_files(s->log.dir, 0, &q));
    NEED(str_copy(buf_str(&q), question, sizeof question));
    fake_says(f, "GET /log/add-checkpoint/", 200, question);
    fake_says(f, "POST /admin/v1/log/cosign", 200, "{\"size\":5,\"witnesses\":[\"w\"]}");
    fake_says(f, "POST /add-checkpoint", status, answer);
}

static void
make_line(scene *s, struct note_key *k, char key[NOTE_KEY_TEXT_MAX], buf *line)
{
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    struct note n;
    NEED_OK(note_key_make(STR("w"), NOTE_WITNESS, &s->log.key.public, k));
    NEED_OK(note_read(str_of(s->log.newest), &n));
    NEED_OK(note_sign(line, k, &s->log.half, n.text, 1772366400));
    buf_add_char(line, '\0');
    note_key_put(&text, k);
    NEED(str_copy(buf_str(&text), key, NOTE_KEY_TEXT_MAX));
}

TEST(a_foreign_witness_is_asked_and_its_line_brought_in)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    AUTO(buf) line = BUF(4096);
    struct note_key k;
    struct fake f;
    char url[256], key[NOTE_KEY_TEXT_MAX];
    NEED(fake_start(&f));
    scene_new(&s, "foreign");
    make_line(&s, &k, key, &line);
    witness_says(&s, &f, 200, line.at);
    snprintf(url, sizeof url, "unix:%s/run/hoheit.sock", f.dir);
    RUN(&r, &f, "log", "witness", url, key, "--key", "hk_secret");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "5 entries are cosigned");
    const char *asked = strstr(fake_asked(&f), "POST /add-checkpoint");
    NEED(asked);
    CHECK(strstr(asked, "\r\n\r\nold 0\n") != NULL);
    const char *end = strstr(asked, "\r\n\r\n"), *ours = strstr(asked, "hk_secret");
    CHECK(!ours || ours > end); /* our key is not for the witness */
    fake_end(&f);
}

TEST(a_foreign_witness_that_signs_nothing_or_something_else_is_told)
{
    static const struct {
        int status;
        const char *answer;
        int exit;
        bool is_alarm;
    } cases[] = {{403, "", 1, false},         {404, "", 1, false},
                 {422, "", 65, true},         {409, "3\n", 1, false},
                 {409, "no", 1, false},       {200, "", 65, false},
                 {200, "garbage", 65, false}, {409, "6\n", 65, true},
                 {409, "5\n", 65, true}}; /* from 5 to 5: it knows another tree */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        FRESH(r);
        AUTO(scene) s = {.key = ""};
        AUTO(buf) line = BUF(4096);
        struct note_key k;
        struct fake f;
        char url[256], key[NOTE_KEY_TEXT_MAX], name[32];
        NEED(fake_start(&f));
        snprintf(name, sizeof name, "refusing-%zu", i);
        scene_new(&s, name);
        make_line(&s, &k, key, &line);
        witness_says(&s, &f, cases[i].status, cases[i].answer);
        question_from_all(&s, &f);
        fake_says(&f, "POST /admin/v1/log/alarm", 200, "{\"ok\":true}");
        fake_says(&f, "GET /log/checkpoint", 200, s.log.newest);
        snprintf(url, sizeof url, "unix:%s/run/hoheit.sock", f.dir);
        RUN(&r, &f, "log", "witness", url, key);
        CHECK_STATUS(&r, cases[i].exit);
        CHECK(!strstr(fake_asked(&f), "POST /admin/v1/log/cosign"));
        CHECK((strstr(fake_asked(&f), "POST /admin/v1/log/alarm") != NULL) == cases[i].is_alarm);
        CHECK((strstr(fake_asked(&f), "GET /log/add-checkpoint/3 ") != NULL) == (i == 3));
        fake_end(&f);
    }
}
