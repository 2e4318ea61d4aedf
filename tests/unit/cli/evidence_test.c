/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/evidence.h"

#include "rig.h"
#include "unit/audit/small_log.h"

/* A log, and a data directory of its own for the key that signs. */
typedef struct scene {
    small_log log;
    char key[NOTE_KEY_TEXT_MAX], data[SMALL_PATH], out[SMALL_PATH + 8];
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
    char keys[SMALL_PATH + 8];
    small_log_new(&s->log, name, 1);
    small_log_add(&s->log, 20);
    small_log_sign(&s->log);
    note_key_put(&text, &s->log.key);
    NEED(str_copy(buf_str(&text), s->key, sizeof s->key));
    snprintf(s->data, sizeof s->data, "%s/%s-data", test_dir(), name);
    snprintf(s->out, sizeof s->out, "%s/bundle", s->data);
    snprintf(keys, sizeof keys, "%s/keys", s->data);
    NEED_OK(file_make_dir(keys, 0700));
}

#define EXPORT(r, s, ...)                                                                          \
    RUN(r, NULL, "evidence", "export", (s)->out, "--data", (s)->data, "--log", (s)->log.dir,       \
        "--log-key", (s)->key, "--policy", "etc/policy.yaml", ##__VA_ARGS__)

TEST(a_bundle_is_made_and_found_good)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    scene_new(&s, "good");
    EXPORT(&r, &s, "--request", "req_3");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "seal hoheit-evidence+");
    RUN(&r, NULL, "evidence", "verify", s.out, "--log-key", s.key);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "good");
}

TEST(the_key_that_signs_is_made_once_and_its_public_half_lies_beside_it)
{
    AUTO(scene) s = {.key = ""};
    AUTO(arena) *a = NULL;
    str keys[2];
    char path[SMALL_PATH + 32];
    scene_new(&s, "key");
    NEED_OK(arena_open(1 << 20, &a));
    for (int i = 0; i < 2; i++) {
        FRESH(r);
        EXPORT(&r, &s);
        CHECK_STATUS(&r, 0);
        snprintf(path, sizeof path, "%s/keys/evidence.key", s.data);
        NEED_OK(file_read(a, path, NOTE_KEY_TEXT_MAX + 1, &keys[i]));
        NEED_OK(file_remove_tree(s.out));
    }
    CHECK_STR(keys[0], keys[1]);
}

TEST(a_bundle_that_was_changed_is_found)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    char path[SMALL_PATH + 32];
    scene_new(&s, "changed");
    EXPORT(&r, &s);
    CHECK_STATUS(&r, 0);
    snprintf(path, sizeof path, "%s/entries.jsonl", s.out);
    NEED_OK(file_write_atomic(path, STR("{}\n"), 0600));
    RUN(&r, NULL, "evidence", "verify", s.out, "--log-key", s.key);
    CHECK_STATUS(&r, 65);
}

TEST(keys_that_are_none_are_refused)
{
    FRESH(r);
    AUTO(scene) s = {.key = ""};
    scene_new(&s, "none");
    EXPORT(&r, &s, "--witness", "nobody");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "evidence", "verify", s.out, "--log-key", "nobody");
    CHECK_STATUS(&r, 2);
}
