/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#include "base/enc.h"
#include "unit/audit/small_log.h"

#define DONE                                                                                       \
    "{\"request\":\"req_1\",\"person\":\"p-1\",\"keys\":2,\"things\":3,\"bytes\":4,"               \
    "\"rewritten\":true}"

static char entry[] =
    "{\"seq\":4,\"time\":\"2026-03-01T12:00:00.000Z\",\"event\":\"person.erase\",\"request\":"
    "\"req_1\",\"object\":\"p-1\",\"why\":\"2 keys\",\"outcome\":\"ok\"}";

/* A daemon that erased p-1, and the log that says so. */
typedef struct scene {
    small_log log;
    struct fake f;
    char story[16 * 1024];
    char key[NOTE_KEY_TEXT_MAX];
} scene;

static void
scene_auto(scene *s)
{
    small_log_auto(&s->log);
}

static void
write_story(scene *s)
{
    AUTO(buf) b = BUF(sizeof s->story);
    const struct merkle_source source = edge_source(&s->log.edge);
    struct merkle_proof p;
    NEED_OK(merkle_prove_leaf(&source, 3, 7, &p));
    buf_add_fmt(&b, "{\"request\":\"req_1\",\"records\":[%s],\"proofs\":{\"checkpoint\":", entry);
    json_put_str(&b, str_of(s->log.newest));
    buf_add(&b, STR(",\"leaves\":[{\"leaf\":3,\"hashes\":["));
    for (size_t i = 0; i < p.count; i++) {
        buf_add(&b, i ? STR(",\"") : STR("\""));
        base64_put(&b, p.at[i].bytes, sizeof p.at[i].bytes);
        buf_add_char(&b, '"');
    }
    buf_add(&b, STR("]}]}}"));
    NEED(str_copy(buf_str(&b), s->story, sizeof s->story));
}

static void
scene_new(scene *s, const char *name)
{
    AUTO(buf) key = BUF(NOTE_KEY_TEXT_MAX);
    char path[300];
    small_log_new(&s->log, name, 1);
    small_log_add(&s->log, 3);
    NEED_OK(edge_add(&s->log.edge, str_of(entry)));
    small_log_add(&s->log, 7);
    small_log_sign(&s->log);
    write_story(s);
    NEED(fake_start(&s->f));
    fake_says(&s->f, "POST /admin/v1/persons/p-1/erase", 200, DONE);
    fake_says(&s->f, "GET /admin/v1/explain/req_1", 200, s->story);
    snprintf(path, sizeof path, "%s/keys", s->f.dir);
    NEED_OK(file_make_dir(path, 0700));
    note_key_put(&key, &s->log.key);
    NEED(str_copy(buf_str(&key), s->key, sizeof s->key));
    snprintf(path, sizeof path, "%s/keys/log.key", s->f.dir);
    NEED_OK(file_write_atomic(path, str_of(s->key), 0600));
}

TEST(erasing_gives_a_certificate_that_holds)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    char path[300];
    scene_new(&s, "good");
    snprintf(path, sizeof path, "%s/certificate", s.f.dir);
    RUN(&r, &s.f, "erase", "p-1", "--out", path);
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "2 keys, 3 things, 4 bytes");
    RUN(&r, &s.f, "evidence", "certificate", path);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "p-1 was erased at 2026-03-01T12:00:00.000Z: 2 keys (entry 3 of 7)");
    RUN(&r, &s.f, "evidence", "certificate", path, "--json");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\"good\":true");
    RUN(&r, &s.f, "evidence", "certificate", path, "--seal-key", s.key);
    CHECK_STATUS(&r, 65);
    fake_end(&s.f);
}

TEST(without_a_file_the_certificate_is_printed)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    scene_new(&s, "printed");
    RUN(&r, &s.f, "erase", "p-1");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "hoheit erasure certificate v1\nperson p-1\n");
    RUN(&r, &s.f, "erase", "p-1", "--json");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\"things\":3");
    fake_end(&s.f);
}

TEST(a_log_that_says_something_else_gives_no_certificate)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    scene_new(&s, "else");
    char *at = strstr(s.story, "2 keys");
    NEED(at);
    *at = '9';
    RUN(&r, &s.f, "erase", "p-1");
    CHECK_STATUS(&r, 65);
    CHECK_NOT_IN(r.out, "certificate");
    fake_end(&s.f);
}

TEST(what_the_daemon_refuses_is_told)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    scene_new(&s, "refused");
    RUN(&r, &s.f, "erase", "p-2");
    CHECK_STATUS(&r, 1);
    RUN(&r, &s.f, "evidence", "certificate", "/proc/nowhere");
    CHECK_STATUS(&r, 1);
    fake_end(&s.f);
}
