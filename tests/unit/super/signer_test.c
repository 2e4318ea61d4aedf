/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/signer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"

enum { LEAVES = 64 };

/* The log's side: a tree, and the requests made from it. */
typedef struct scene {
    char dir[512];
    secret master;
    signer *s;
    digest leaves[LEAVES];
} scene;

static void
scene_auto(scene *c)
{
    signer_free(c->s);
    secret_done(&c->master);
}

static void
scene_new(scene *c, const char *name)
{
    char keys[1024];
    snprintf(c->dir, sizeof c->dir, "%s/%s", test_dir(), name);
    snprintf(keys, sizeof keys, "%s/keys", c->dir);
    NEED_OK(file_make_dir(keys, 0700));
    NEED_OK(secret_get(&c->master, 32));
    memset(c->master.at, 3, 32);
    for (unsigned i = 0; i < LEAVES; i++)
        c->leaves[i] = merkle_leaf((str){(const char *)&i, sizeof i});
    NEED_OK(signer_open(c->dir, &c->master, &c->s));
}

static void
reopen(scene *c)
{
    signer_free(c->s);
    c->s = NULL;
    NEED_OK(signer_open(c->dir, &c->master, &c->s));
}

static const char *
path_of(const scene *c, const char *name)
{
    static char room[1024];
    snprintf(room, sizeof room, "%s/keys/%s", c->dir, name);
    return room;
}

static digest
root_of(const scene *c, uint64_t from, uint64_t to)
{
    struct merkle t = {.size = 0};
    for (uint64_t i = from; i < to; i++)
        merkle_add(&t, &c->leaves[i], NULL, NULL);
    return merkle_head(&t).root;
}

static err
read_subtree(void *ctx, unsigned level, uint64_t index, digest *ret)
{
    *ret = root_of(ctx, index << level, (index + 1) << level);
    return OK;
}

static struct log_sign
ask_for(scene *c, uint64_t from, uint64_t size)
{
    const struct merkle_source source = {read_subtree, c};
    struct log_sign ask = {.from = from, .size = size};
    const digest root = root_of(c, 0, size);
    struct merkle_proof p = {.count = 0};
    if (from <= size)
        CHECK_OK(merkle_prove_growth(&source, from, size, &p));
    memcpy(ask.root, root.bytes, sizeof ask.root);
    ask.proof_count = (uint32_t)p.count;
    memcpy(ask.proof, p.at, p.count * sizeof *p.at);
    return ask;
}

static enum err_code
sign(scene *c, struct log_sign ask, struct log_signed *ret)
{
    signer_sign(c->s, &ask, ret);
    return (enum err_code)ret->code;
}

static enum err_code
sign_size(scene *c, uint64_t from, uint64_t size)
{
    struct log_signed r;
    return sign(c, ask_for(c, from, size), &r);
}

/* The size in what was signed last. */
static uint64_t
last_size(scene *c)
{
    struct log_signed r;
    struct checkpoint cp = {.head = {.size = UINT64_MAX}};
    CHECK_INT(sign(c, ask_for(c, 60, 61), &r), ==, ERR_CONFLICT);
    if (r.note_len)
        CHECK_OK(checkpoint_open((str){r.note, r.note_len}, signer_key(c->s), &cp));
    return cp.head.size;
}

TEST(every_step_of_a_growing_tree_is_signed)
{
    AUTO(scene) c = {.s = NULL};
    scene_new(&c, "grows");
    for (uint64_t from = 0, size = 0; size < LEAVES; from = size, size += 1 + size / 3) {
        struct log_signed r;
        struct checkpoint cp;
        struct note_key k;
        CHECK_INT(sign(&c, ask_for(&c, from, size), &r), ==, ERR_OK);
        NEED_OK(note_key_read(str_of(r.key), &k));
        NEED_OK(checkpoint_open((str){r.note, r.note_len}, &k, &cp));
        CHECK_INT(cp.head.size, ==, size);
        CHECK(str_starts(cp.origin, STR("hoheit/")) && cp.origin.len == 7 + 16);
    }
}

TEST(what_was_signed_last_is_known_after_a_restart)
{
    AUTO(scene) c = {.s = NULL};
    scene_new(&c, "restart");
    CHECK_INT(sign_size(&c, 0, 10), ==, ERR_OK);
    reopen(&c);
    CHECK_INT(last_size(&c), ==, 10);
    CHECK_INT(sign_size(&c, 0, 12), ==, ERR_CONFLICT);
    CHECK_INT(sign_size(&c, 10, 12), ==, ERR_OK);
}

TEST(the_same_head_again_gets_the_same_signature)
{
    AUTO(scene) c = {.s = NULL};
    struct log_signed first, again;
    scene_new(&c, "again");
    CHECK_INT(sign(&c, ask_for(&c, 0, 10), &first), ==, ERR_OK);
    CHECK_INT(sign(&c, ask_for(&c, 10, 10), &again), ==, ERR_OK);
    CHECK(memcmp(&first, &again, sizeof first) == 0);
}

TEST(another_root_for_a_size_that_was_signed_is_refused)
{
    AUTO(scene) c = {.s = NULL};
    scene_new(&c, "fork");
    CHECK_INT(sign_size(&c, 0, 10), ==, ERR_OK);
    c.leaves[4].bytes[0] ^= 1;
    CHECK_INT(sign_size(&c, 10, 10), ==, ERR_CORRUPT);
    CHECK_INT(last_size(&c), ==, 10);
}

TEST(a_tree_whose_past_was_changed_is_refused)
{
    for (uint64_t changed = 0; changed < 10; changed++) {
        AUTO(scene) c = {.s = NULL};
        char name[16];
        snprintf(name, sizeof name, "past-%d", (int)changed);
        scene_new(&c, name);
        CHECK_INT(sign_size(&c, 0, 10), ==, ERR_OK);
        c.leaves[changed].bytes[0] ^= 1;
        CHECK_INT(sign_size(&c, 10, 30), ==, ERR_CORRUPT);
        c.leaves[changed].bytes[0] ^= 1;
        CHECK_INT(sign_size(&c, 10, 30), ==, ERR_OK);
    }
}

TEST(a_tree_that_was_set_back_is_refused)
{
    AUTO(scene) c = {.s = NULL};
    scene_new(&c, "back");
    CHECK_INT(sign_size(&c, 0, 10), ==, ERR_OK);
    for (uint64_t size = 0; size < 10; size++) {
        CHECK_INT(sign_size(&c, 10, size), ==, ERR_CORRUPT);
        CHECK_INT(sign_size(&c, size, size), ==, ERR_CONFLICT);
    }
    CHECK_INT(last_size(&c), ==, 10);
}

TEST(a_proof_with_any_bit_flipped_cut_or_longer_is_refused)
{
    AUTO(scene) c = {.s = NULL};
    struct log_signed r;
    scene_new(&c, "proof");
    CHECK_INT(sign_size(&c, 0, 11), ==, ERR_OK);
    const struct log_sign good = ask_for(&c, 11, 29);
    for (uint32_t bit = 0; bit < 256 * good.proof_count; bit++) {
        struct log_sign bad = good;
        bad.proof[bit / 256][bit % 256 / 8] ^= (uint8_t)(1u << bit % 8);
        CHECK_INT(sign(&c, bad, &r), ==, ERR_CORRUPT);
    }
    for (uint32_t count = 0; count <= LOG_PROOF_MAX; count++) {
        struct log_sign bad = good;
        bad.proof_count = count;
        if (count != good.proof_count)
            CHECK_INT(sign(&c, bad, &r), ==, ERR_CORRUPT);
    }
    struct log_sign bad = good;
    bad.proof_count = LOG_PROOF_MAX + 1;
    CHECK_INT(sign(&c, bad, &r), ==, ERR_ARGUMENT);
    bad.proof_count = UINT32_MAX;
    CHECK_INT(sign(&c, bad, &r), ==, ERR_ARGUMENT);
    bad = good;
    bad.size = UINT64_MAX;
    CHECK_INT(sign(&c, bad, &r), ==, ERR_ARGUMENT);
    CHECK_INT(sign(&c, good, &r), ==, ERR_OK);
}

TEST(another_master_key_is_another_log)
{
    AUTO(scene) a = {.s = NULL};
    AUTO(scene) b = {.s = NULL};
    scene_new(&a, "key-a");
    scene_new(&b, "key-b");
    CHECK(memcmp(signer_key(a.s), signer_key(b.s), sizeof(struct note_key)) == 0);
    b.master.at[0] ^= 1;
    reopen(&b);
    CHECK(signer_key(a.s)->id != signer_key(b.s)->id);
}

TEST(the_key_for_auditors_lies_beside_the_others)
{
    AUTO(scene) c = {.s = NULL};
    AUTO(arena) *a = NULL;
    struct note_key k;
    str text;
    scene_new(&c, "key");
    NEED_OK(arena_open(64 * 1024, &a));
    NEED_OK(file_read(a, path_of(&c, "log.key"), 1024, &text));
    NEED_OK(note_key_read(str_slice(text, 0, text.len - 1), &k));
    CHECK(memcmp(&k, signer_key(c.s), sizeof k) == 0);
}

TEST(the_key_for_auditors_is_written_again_only_where_it_is_another)
{
    AUTO(scene) c = {.s = NULL};
    AUTO(arena) *a = NULL;
    struct stat first, again;
    str text;
    scene_new(&c, "kept");
    NEED_OK(arena_open(64 * 1024, &a));
    NEED(stat(path_of(&c, "log.key"), &first) == 0);
    reopen(&c);
    NEED(stat(path_of(&c, "log.key"), &again) == 0);
    CHECK_INT(first.st_ino, ==, again.st_ino);
    NEED_OK(file_write_atomic(path_of(&c, "log.key"), STR("another\n"), 0600));
    reopen(&c);
    NEED_OK(file_read(a, path_of(&c, "log.key"), 1024, &text));
    CHECK(str_starts(text, STR("hoheit/")));
}

TEST(a_record_of_what_was_signed_that_is_damaged_stops_all_signing)
{
    static const char *const bad[] = {"", "x\n", "hoheit/x\n1\nAAAA\n\n"};
    AUTO(scene) c = {.s = NULL};
    signer *s = NULL;
    scene_new(&c, "damaged");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        NEED_OK(file_write_atomic(path_of(&c, "log.signed"), str_of(bad[i]), 0600));
        CHECK_ERR(signer_open(c.dir, &c.master, &s), CORRUPT);
    }
    static char big[LOG_NOTE_MAX + 1];
    NEED_OK(file_write_atomic(path_of(&c, "log.signed"), (str){big, sizeof big}, 0600));
    CHECK_ERR(signer_open(c.dir, &c.master, &s), CORRUPT);
    CHECK(!s);
}

TEST(what_another_key_signed_is_not_taken_for_ours)
{
    AUTO(scene) c = {.s = NULL};
    signer *s = NULL;
    scene_new(&c, "foreign");
    CHECK_INT(sign_size(&c, 0, 10), ==, ERR_OK);
    c.master.at[0] ^= 1;
    CHECK_ERR(signer_open(c.dir, &c.master, &s), CORRUPT);
}

TEST(a_directory_without_keys_or_with_too_long_a_path_is_refused)
{
    AUTO(scene) c = {.s = NULL};
    static char too_long[4096];
    signer *s = NULL;
    scene_new(&c, "none");
    memset(too_long, 'd', sizeof too_long - 1);
    CHECK_ERR(signer_open("/nowhere/at/all", &c.master, &s), NOT_FOUND);
    CHECK_ERR(signer_open(too_long, &c.master, &s), ARGUMENT);
}

/* Whatever fails: nothing leaves that would be forgotten. */
TEST(a_signature_that_could_not_be_noted_is_not_given_out)
{
    AUTO(scene) c = {.s = NULL};
    scene_new(&c, "faults");
    CHECK_INT(sign_size(&c, 0, 10), ==, ERR_OK);
    const struct log_sign ask = ask_for(&c, 10, 20);
    for (long n = 1;; n++) {
        struct log_signed r;
        struct checkpoint cp;
        fault_arm(n);
        const enum err_code code = sign(&c, ask, &r);
        const bool fired = fault_fired();
        fault_arm(0);
        NEED_OK(checkpoint_open((str){r.note, r.note_len}, signer_key(c.s), &cp));
        if (!fired) {
            CHECK_INT(code, ==, ERR_OK);
            CHECK_INT(cp.head.size, ==, 20);
            break;
        }
        CHECK(code != ERR_OK);
        CHECK_INT(cp.head.size, ==, 10);
        reopen(&c);
        /* The file may be there already although its directory could not be synced. */
        const uint64_t size = last_size(&c);
        CHECK(size == 10 || size == 20);
        if (size == 20)
            break;
        NEED(n < 60);
    }
}

TEST(every_failure_to_open_is_reported)
{
    AUTO(scene) c = {.s = NULL};
    scene_new(&c, "open-faults");
    CHECK_INT(sign_size(&c, 0, 10), ==, ERR_OK);
    for (long n = 1;; n++) {
        signer *s = NULL;
        fault_arm(n);
        const err e = signer_open(c.dir, &c.master, &s);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK) && !s == fired);
        signer_free(s);
        if (!fired)
            break;
        NEED(n < 100);
    }
}
