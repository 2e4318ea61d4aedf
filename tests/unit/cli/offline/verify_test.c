/* SPDX-License-Identifier: EUPL-1.2 */
#include "rig.h"

#include "unit/audit/small_log.h"

/* A signed log of `size` entries, and its key as text. */
static void
make_log(small_log *l, const char *name, uint64_t size, char key[NOTE_KEY_TEXT_MAX])
{
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    small_log_new(l, name, 1);
    small_log_add(l, size);
    small_log_sign(l);
    note_key_put(&text, &l->key);
    NEED(str_copy(buf_str(&text), key, NOTE_KEY_TEXT_MAX));
}

static void
put_file(const char *dir, const char *name, const char *text)
{
    char path[SMALL_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_OK(file_write_atomic(path, str_of(text), 0600));
}

TEST(a_good_log_is_called_good_with_size_and_root)
{
    FRESH(r);
    AUTO(small_log) l = {.half = {0}};
    char key[NOTE_KEY_TEXT_MAX];
    make_log(&l, "good", 300, key);
    RUN(&r, NULL, "verify", l.dir, "--log-key", key, "--request", "req_7");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "good: 300 entries");
    CHECK_OUT(&r, "entry 14 is of request req_7 and in the tree");
    CHECK_NOT_IN(r.err, "found in the log itself");
}

TEST(a_key_that_lies_in_the_log_is_taken_and_that_is_said)
{
    FRESH(r);
    AUTO(small_log) l = {.half = {0}};
    char key[NOTE_KEY_TEXT_MAX];
    make_log(&l, "own", 3, key);
    put_file(l.dir, "key", key);
    RUN(&r, NULL, "verify", l.dir);
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "compare it with the one you were given");
}

TEST(as_json_it_is_json)
{
    FRESH(r);
    AUTO(small_log) l = {.half = {0}};
    AUTO(arena) *a = NULL;
    char key[NOTE_KEY_TEXT_MAX];
    jval root;
    int64_t entries = 0;
    make_log(&l, "json", 5, key);
    RUN(&r, NULL, "verify", l.dir, "--log-key", key, "--json");
    CHECK_STATUS(&r, 0);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(json_read(a, str_of(r.out), &root));
    const jval n = json_get(&root, "entries");
    CHECK_OK(json_i64(&n, 0, 1000, &entries));
    CHECK_INT(entries, ==, 5);
    CHECK_OUT(&r, "\"key_from\":\"given\"");
}

TEST(what_is_wrong_is_named_and_the_status_says_so)
{
    FRESH(r);
    AUTO(small_log) l = {.half = {0}}, before = {.half = {0}};
    char key[NOTE_KEY_TEXT_MAX], path[SMALL_PATH + 64];
    make_log(&before, "before", 9, key);
    make_log(&l, "now", 8, key);
    snprintf(path, sizeof path, "%s/checkpoint", before.dir);
    RUN(&r, NULL, "verify", l.dir, "--log-key", key, "--since", path);
    CHECK_STATUS(&r, 65);
    CHECK_SAYS(&r, "the log was set back");
    put_file(l.dir, "tile/0/000.p/8", "short");
    RUN(&r, NULL, "verify", l.dir, "--log-key", key);
    CHECK_STATUS(&r, 65);
    CHECK_SAYS(&r, "tile/0/000.p/8");
}

TEST(what_makes_no_sense_is_refused)
{
    FRESH(r);
    AUTO(small_log) l = {.half = {0}};
    char key[NOTE_KEY_TEXT_MAX];
    make_log(&l, "sense", 3, key);
    RUN(&r, NULL, "verify", l.dir, "--log-key", "nonsense");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "verify", l.dir, "--log-key", key, "--witness", "nonsense");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "verify", l.dir, "--log-key", key, "--witness", key);
    CHECK(r.status != 0);
    RUN(&r, NULL, "verify", l.dir, "--log-key", key, "--request", "req_none");
    CHECK_STATUS(&r, 1);
    RUN(&r, NULL, "verify", l.dir, "--log-key", key, "--since", "/nonexistent");
    CHECK(r.status != 0);
    RUN(&r, NULL, "verify", "/nonexistent");
    CHECK(r.status != 0);
    RUN(&r, NULL, "verify", l.dir, "second");
    CHECK_STATUS(&r, 2);
}
