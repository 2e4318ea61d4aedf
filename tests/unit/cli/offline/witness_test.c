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
