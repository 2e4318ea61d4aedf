/* SPDX-License-Identifier: EUPL-1.2 */
#include <errno.h>

#include "rig.h"

#include "unit/evidence/case.h"

/* A log, a policy and a place for the bundle; the seal's file is not there yet. */
struct place {
    small_log log;
    char key[NOTE_KEY_TEXT_MAX];
    char policy[SMALL_PATH + 64], seal[SMALL_PATH + 64], bundle[SMALL_PATH + 64];
};

static void
place_auto(struct place *p)
{
    small_log_auto(&p->log);
}
typedef struct place place;

static void
path_to(char room[SMALL_PATH + 64], const char *name, const char *end)
{
    (void)snprintf(room, SMALL_PATH + 64, "%s/%s%s", test_dir(), name, end);
}

static void
key_text(const small_log *l, char key[NOTE_KEY_TEXT_MAX])
{
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX);
    note_key_put(&text, &l->key);
    NEED(str_copy(buf_str(&text), key, NOTE_KEY_TEXT_MAX));
}

static void
make_place(place *p, const char *name)
{
    char log[64];
    (void)snprintf(log, sizeof log, "%s-log", name);
    small_log_new(&p->log, log, 1);
    for (int i = 0; i < CASE_ENTRIES; i++)
        NEED_OK(edge_add(&p->log.edge, str_of(case_entries[i])));
    small_log_sign(&p->log);
    key_text(&p->log, p->key);
    path_to(p->policy, name, "-policy");
    path_to(p->seal, name, "-seal");
    path_to(p->bundle, name, "");
    NEED_OK(file_write_atomic(p->policy, STR(CASE_POLICY), 0600));
}

#define PLACE(p, name)                                                                             \
    AUTO(place) p = {.log = {.half = {0}}};                                                        \
    make_place(&p, name)
#define EXPORT_TO(r, p, to, ...)                                                                   \
    RUN(r, NULL, "evidence", "export", to, "--log", (p)->log.dir, "--policy", (p)->policy,         \
        "--seal-file", (p)->seal, "--log-key", (p)->key, __VA_ARGS__)
#define EXPORT(r, p, ...) EXPORT_TO(r, p, (p)->bundle, __VA_ARGS__)

/* What follows `begin` on its line. */
static str
after(const char *text, const char *begin)
{
    const char *const at = strstr(text, begin);
    str rest = str_of(at ? at + strlen(begin) : ""), line = STR_NONE;
    (void)str_next(&rest, '\n', &line);
    return line;
}

/* ---- what works */

TEST(a_bundle_is_made_and_checks_with_the_keys_one_was_given)
{
    FRESH(r);
    PLACE(p, "whole");
    char seal[NOTE_KEY_TEXT_MAX];
    EXPORT(&r, &p, "--lang", "en");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, ": 7 entries, 5 held back, each with its proof\nseal hoheit-evidence+");
    CHECK_SAYS(&r, "not recorded in the log");
    NEED(str_copy(after(r.out, "\nseal "), seal, sizeof seal));
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--log-key", p.key, "--seal-key", seal);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "good: 7 entries, 5 held back, of a log of 12");
    CHECK_STR(str_of(r.err), STR(""));
    RUN(&r, NULL, "evidence", "verify", p.bundle);
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "compare it with the one you were given");
}

TEST(as_json_counts_and_keys_are_told)
{
    FRESH(r);
    PLACE(p, "json");
    EXPORT(&r, &p, "--json", "--clearance", "VS-NfD//SOZIALDATEN");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "\"shown\":10,\"held_back\":2,\"whole\":true,\"size\":12,\"root\":\"");
    CHECK_OUT(&r, "\"seal_key\":\"hoheit-evidence+");
    CHECK_OUT(&r, "\"recorded\":false}");
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--json");
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "{\"good\":true,\"shown\":10,\"held_back\":2,");
    CHECK_OUT(&r, "\"log_key\":\"hoheit/test+");
    CHECK_NOT_IN(r.out, "witness_time_s");
}

TEST(the_key_that_signs_is_made_once_and_is_nobody_elses_to_read)
{
    FRESH(r);
    PLACE(p, "seal");
    struct stat st;
    char first[NOTE_KEY_TEXT_MAX], second[SMALL_PATH + 64];
    EXPORT(&r, &p, "--request", "req_1");
    CHECK_STATUS(&r, 0);
    CHECK_SAYS(&r, "made a new key that signs bundles");
    NEED(str_copy(after(r.out, "\nseal "), first, sizeof first));
    NEED(stat(p.seal, &st) == 0);
    CHECK_INT(st.st_mode & 07777, ==, 0600);
    CHECK_INT(st.st_size, ==, 2 * SIGN_SEED_LEN + 1);
    path_to(second, "seal", "-again");
    EXPORT_TO(&r, &p, second, "--request", "req_1");
    CHECK_STATUS(&r, 0);
    CHECK_NOT_IN(r.err, "made a new key");
    CHECK_STR(after(r.out, "\nseal "), str_of(first));
}

TEST(without_names_the_files_are_those_of_the_installation)
{
    FRESH(r);
    PLACE(p, "own");
    static struct fake f;
    AUTO(arena) *a = NULL;
    struct stat st;
    NEED(fake_start(&f));
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(file_make_dir(file_join(a, f.dir, "audit"), 0700));
    NEED_OK(file_make_dir(file_join(a, f.dir, "keys"), 0700));
    NEED(symlink(p.log.dir, file_join(a, f.dir, "audit/log")) == 0);
    RUN(&r, &f, "evidence", "export", p.bundle);
    CHECK_STATUS(&r, 1); /* there is no key of the log */
    NEED_OK(file_write_atomic(file_join(a, f.dir, "keys/log.key"), str_of(p.key), 0600));
    RUN(&r, &f, "evidence", "export", p.bundle);
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "Name a policy file with --policy");
    CHECK(stat(file_join(a, f.dir, "keys/evidence.seed"), &st) != 0);
    NEED_OK(file_write_atomic(file_join(a, f.dir, "policy.yaml"), STR(CASE_POLICY), 0600));
    RUN(&r, &f, "evidence", "export", p.bundle);
    CHECK_STATUS(&r, 0);
    CHECK(stat(file_join(a, f.dir, "keys/evidence.seed"), &st) == 0);
    CHECK_INT(strlen(fake_asked(&f)), ==, 0);
    fake_end(&f);
}

TEST(a_log_of_others_brings_its_own_key)
{
    FRESH(r);
    PLACE(p, "brought");
    RUN(&r, NULL, "evidence", "export", p.bundle, "--log", p.log.dir, "--policy", p.policy,
        "--seal-file", p.seal);
    CHECK_STATUS(&r, 1);
    NEED_OK(file_write_atomic(small_log_path(&p.log, "key"), str_of(p.key), 0600));
    RUN(&r, NULL, "evidence", "export", p.bundle, "--log", p.log.dir, "--policy", p.policy,
        "--seal-file", p.seal);
    CHECK_STATUS(&r, 0);
}

TEST(a_checkpoint_noted_earlier_must_be_the_one_proved_against)
{
    FRESH(r);
    PLACE(p, "noted");
    char other[SMALL_PATH + 64], note[SMALL_PATH + 64];
    path_to(note, "noted", "-note");
    NEED_OK(file_write_atomic(note, str_of(p.log.newest), 0600));
    small_log_add(&p.log, CASE_ENTRIES + 5);
    small_log_sign(&p.log);
    EXPORT(&r, &p, "--checkpoint", note);
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--log-key", p.key, "--checkpoint", note);
    CHECK_STATUS(&r, 0);
    path_to(other, "noted", "-new");
    EXPORT_TO(&r, &p, other, "--lang", "en");
    CHECK_STATUS(&r, 0);
    RUN(&r, NULL, "evidence", "verify", other, "--log-key", p.key, "--checkpoint", note);
    CHECK(r.status != 0);
    CHECK_STR(str_of(r.out), STR(""));
    RUN(&r, NULL, "evidence", "verify", other, "--checkpoint", "/nonexistent");
    CHECK_STATUS(&r, 1);
}

/* ---- what does not */

TEST(what_makes_no_sense_is_refused_and_leaves_nothing_behind)
{
    FRESH(r);
    PLACE(p, "sense");
    struct stat st;
    static const char *const bad[][2] = {{"--since", "yesterday"},
                                         {"--until", "2026-3-1"},
                                         {"--witness", "nonsense"},
                                         {"--log-key", "nonsense"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        EXPORT(&r, &p, bad[i][0], bad[i][1]);
        CHECK_STATUS(&r, 2);
        CHECK_SAYS(&r, "hoheit: ");
    }
    EXPORT(&r, &p, "--policy", "/nonexistent");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "Name a policy file with --policy");
    EXPORT(&r, &p, "--checkpoint", "/nonexistent");
    CHECK_STATUS(&r, 1);
    CHECK(stat(p.bundle, &st) != 0 && errno == ENOENT);
    CHECK(stat(p.seal, &st) != 0 && errno == ENOENT); /* nor is a key made for nothing */
    EXPORT(&r, &p, "--clearance", "GIBT ES NICHT");
    CHECK(r.status != 0);
    CHECK(stat(p.bundle, &st) != 0 && errno == ENOENT);
}

TEST(nothing_is_written_over)
{
    FRESH(r);
    PLACE(p, "over");
    EXPORT(&r, &p, "--request", "req_1");
    CHECK_STATUS(&r, 0);
    EXPORT(&r, &p, "--lang", "en");
    CHECK_STATUS(&r, 1);
    CHECK_SAYS(&r, "there is something at");
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--log-key", p.key);
    CHECK_STATUS(&r, 0);
    CHECK_OUT(&r, "good: 2 entries");
}

/* As long as one, but not hexadecimal. */
#define NO_SEED "zz23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"

TEST(a_seal_that_is_no_seed_is_refused_and_kept)
{
    static const char *const bad[] = {"", "short\n", NO_SEED};
    FRESH(r);
    PLACE(p, "noseed");
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        str left;
        NEED_OK(file_write_atomic(p.seal, str_of(bad[i]), 0600));
        EXPORT(&r, &p, "--lang", "en");
        CHECK(r.status != 0);
        CHECK_SAYS(&r, "does not hold 64 hexadecimal digits");
        NEED_OK(file_read(a, p.seal, 4096, &left));
        CHECK_STR(left, str_of(bad[i]));
    }
}

TEST(a_log_that_is_not_good_makes_no_bundle)
{
    FRESH(r);
    PLACE(p, "badlog");
    AUTO(small_log) other = {.half = {0}};
    char theirs[NOTE_KEY_TEXT_MAX];
    small_log_new(&other, "badlog-other", 2);
    key_text(&other, theirs);
    EXPORT(&r, &p, "--log-key", theirs);
    CHECK_STATUS(&r, 65);
    CHECK_SAYS(&r, "hoheit: not good: ");
    NEED_OK(file_write_atomic(small_log_path(&p.log, "tile/0/000.p/12"), STR("short"), 0600));
    EXPORT(&r, &p, "--lang", "en");
    CHECK_STATUS(&r, 65);
    CHECK_SAYS(&r, "hoheit: not good: ");
    EXPORT(&r, &p, "--log", "/nonexistent");
    CHECK(r.status != 0);
}

TEST(a_bundle_that_was_touched_is_named_as_such)
{
    FRESH(r);
    PLACE(p, "touched");
    char file[SMALL_PATH + 128];
    AUTO(small_log) other = {.half = {0}};
    char theirs[NOTE_KEY_TEXT_MAX];
    EXPORT(&r, &p, "--request", "req_1");
    CHECK_STATUS(&r, 0);
    small_log_new(&other, "touched-other", 2);
    key_text(&other, theirs);
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--log-key", theirs);
    CHECK_STATUS(&r, 65);
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--log-key", p.key, "--seal-key", p.key);
    CHECK_STATUS(&r, 65);
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--log-key", p.key, "--witness", p.key);
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "this is not the key of a witness");
    (void)snprintf(file, sizeof file, "%s/entries.jsonl", p.bundle);
    NEED_OK(file_write_atomic(file, STR("{}\n"), 0600));
    RUN(&r, NULL, "evidence", "verify", p.bundle, "--log-key", p.key);
    CHECK_STATUS(&r, 65);
    CHECK_SAYS(&r, "hoheit: entries.jsonl has 3 bytes, not ");
    CHECK_STR(str_of(r.out), STR(""));
}

TEST(what_is_no_bundle_or_no_key_is_refused)
{
    FRESH(r);
    RUN(&r, NULL, "evidence", "verify", "/nonexistent");
    CHECK(r.status != 0);
    RUN(&r, NULL, "evidence", "verify", test_dir());
    CHECK(r.status != 0);
    RUN(&r, NULL, "evidence", "verify", "x", "--log-key", "nonsense");
    CHECK_STATUS(&r, 2);
    CHECK_SAYS(&r, "--log-key wants a key as NAME+ID+BASE64");
    RUN(&r, NULL, "evidence", "verify", "x", "--seal-key", "nonsense");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "evidence", "verify", "x", "--witness", "");
    CHECK_STATUS(&r, 2);
    RUN(&r, NULL, "evidence", "verify");
    CHECK_STATUS(&r, 2);
}
