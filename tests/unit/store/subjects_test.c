/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/subjects.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fault.h"
#include "crypt/seal.h"
#include "os/file.h"
#include "test.h"

typedef struct place {
    char dir[256];
    secret seal;
    subjects *s;
    char path[600]; /* of the first file there */
} place;

static void
place_auto(place *p)
{
    subjects_free(p->s);
    secret_done(&p->seal);
}

static void
place_open(place *p, const char *name)
{
    snprintf(p->dir, sizeof p->dir, "%.200s/%s", test_dir(), name);
    NEED_OK(secret_get(&p->seal, SEAL_KEY_LEN));
    NEED_OK(subjects_open(p->dir, &p->seal, &p->s));
}

static err
reopen(place *p)
{
    subjects_free(p->s);
    p->s = NULL;
    return subjects_open(p->dir, &p->seal, &p->s);
}

static int
count_files(place *p)
{
    DIR *d = opendir(p->dir);
    const struct dirent *e;
    int n = 0;
    while (d && (e = readdir(d)))
        if (e->d_name[0] != '.' && ++n == 1)
            snprintf(p->path, sizeof p->path, "%s/%s", p->dir, e->d_name);
    if (d)
        closedir(d);
    return n;
}

static void
take(place *p, const char *owner, uint8_t ret[SEAL_KEY_LEN])
{
    const secret *k;
    NEED_OK(subjects_key(p->s, str_of(owner), &k));
    memcpy(ret, k->at, SEAL_KEY_LEN);
}

TEST(an_owner_has_one_key_also_after_a_restart)
{
    AUTO(place) p = {.s = NULL};
    uint8_t a[SEAL_KEY_LEN], b[SEAL_KEY_LEN], again[SEAL_KEY_LEN];
    const secret *k;
    place_open(&p, "one");
    take(&p, "key_a", a);
    take(&p, "key_b", b);
    CHECK(memcmp(a, b, sizeof a) != 0);
    NEED_OK(reopen(&p));
    take(&p, "key_a", again);
    CHECK(memcmp(a, again, sizeof a) == 0);
    NEED_OK(subjects_find(p.s, STR("key_b"), &k));
    CHECK(memcmp(k->at, b, sizeof b) == 0);
    CHECK_INT(count_files(&p), ==, 2);
}

TEST(more_owners_than_are_held_in_memory_keep_their_keys)
{
    AUTO(place) p = {.s = NULL};
    static uint8_t keys[300][SEAL_KEY_LEN];
    char owner[32];
    place_open(&p, "many");
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 300; i++) {
            uint8_t now[SEAL_KEY_LEN];
            snprintf(owner, sizeof owner, "key_%d", i);
            take(&p, owner, now);
            CHECK(!round || memcmp(now, keys[i], sizeof now) == 0);
            memcpy(keys[i], now, sizeof now);
        }
}

TEST(none_is_made_by_looking)
{
    AUTO(place) p = {.s = NULL};
    const secret *k;
    place_open(&p, "look");
    CHECK_ERR(subjects_find(p.s, STR("key_a"), &k), CORRUPT);
    CHECK_INT(count_files(&p), ==, 0);
}

TEST(a_key_is_not_on_disk_in_the_clear_nor_under_its_owners_name)
{
    AUTO(place) p = {.s = NULL};
    AUTO(arena) *a = NULL;
    uint8_t key[SEAL_KEY_LEN];
    str bytes;
    struct stat st;
    place_open(&p, "clear");
    take(&p, "key_a", key);
    NEED(count_files(&p) == 1);
    CHECK(!strstr(p.path, "key_a"));
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(file_read(a, p.path, 1024, &bytes));
    CHECK(str_find(bytes, (str){(const char *)key, 8}) < 0);
    CHECK(stat(p.path, &st) == 0 && (st.st_mode & 0777) == 0600);
}

TEST(who_was_erased_gets_no_key_ever_again)
{
    AUTO(place) p = {.s = NULL};
    uint8_t key[SEAL_KEY_LEN];
    const secret *k;
    struct stat st;
    place_open(&p, "erased");
    take(&p, "key_a", key);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(subjects_erase(p.s, STR("key_a")));
        CHECK_ERR(subjects_key(p.s, STR("key_a"), &k), NOT_FOUND);
        CHECK_ERR(subjects_find(p.s, STR("key_a"), &k), NOT_FOUND);
        NEED_OK(reopen(&p));
        CHECK_ERR(subjects_key(p.s, STR("key_a"), &k), NOT_FOUND);
    }
    NEED(count_files(&p) == 1);
    CHECK(stat(p.path, &st) == 0 && st.st_size == 0);
    CHECK_OK(subjects_key(p.s, STR("key_b"), &k));
    CHECK_OK(subjects_erase(p.s, STR("key_never")));
    CHECK_ERR(subjects_key(p.s, STR("key_never"), &k), NOT_FOUND);
}

TEST(erasing_writes_over_the_key_before_it_empties_the_file)
{
    AUTO(place) p = {.s = NULL};
    uint8_t key[SEAL_KEY_LEN];
    char room[SEAL_KEY_LEN + SEAL_OVERHEAD];
    place_open(&p, "over");
    take(&p, "key_a", key);
    NEED(count_files(&p) == 1);
    /* Where emptying fails, what is left is zeros. */
    bool was_zeros = false;
    for (long n = 1; n < 20; n++) {
        fault_arm(n);
        const err e = subjects_erase(p.s, STR("key_a"));
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        FILE *f = fopen(p.path, "r");
        NEED(f);
        const size_t len = fread(room, 1, sizeof room, f);
        fclose(f);
        size_t zeros = 0;
        while (zeros < len && !room[zeros])
            zeros++;
        was_zeros = was_zeros || (len && zeros == len);
        CHECK(fired || len == 0);
        if (!fired)
            break;
    }
    CHECK(was_zeros);
}

TEST(a_file_that_was_changed_moved_or_cut_is_no_key)
{
    AUTO(place) p = {.s = NULL};
    AUTO(arena) *a = NULL;
    uint8_t key[SEAL_KEY_LEN];
    const secret *k;
    str bytes;
    place_open(&p, "changed");
    take(&p, "key_a", key);
    NEED(count_files(&p) == 1);
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(file_read(a, p.path, 1024, &bytes));
    for (size_t i = 0; i < bytes.len; i += 7) {
        char room[128];
        memcpy(room, bytes.at, bytes.len);
        room[i] ^= 1;
        NEED_OK(file_write_atomic(p.path, (str){room, bytes.len}, 0600));
        NEED_OK(reopen(&p));
        CHECK_ERR(subjects_key(p.s, STR("key_a"), &k), CORRUPT);
        NEED_OK(file_write_atomic(p.path, (str){room, i + 1}, 0600));
        CHECK_ERR(subjects_key(p.s, STR("key_a"), &k), CORRUPT);
    }
    NEED_OK(file_write_atomic(p.path, bytes, 0600));
    CHECK_OK(subjects_key(p.s, STR("key_a"), &k));
    p.seal.at[0] ^= 1;
    NEED_OK(reopen(&p));
    CHECK_ERR(subjects_key(p.s, STR("key_a"), &k), CORRUPT);
}

TEST(what_a_crash_left_beside_a_key_is_swept_away)
{
    AUTO(place) p = {.s = NULL};
    uint8_t key[SEAL_KEY_LEN], again[SEAL_KEY_LEN];
    char beside[700];
    place_open(&p, "swept");
    take(&p, "key_a", key);
    NEED(count_files(&p) == 1);
    snprintf(beside, sizeof beside, "%s.Ab3xYz", p.path);
    NEED_OK(file_write_atomic(beside, STR("a key, half written"), 0600));
    NEED_OK(reopen(&p));
    CHECK_INT(count_files(&p), ==, 1);
    take(&p, "key_a", again);
    CHECK(memcmp(key, again, sizeof key) == 0);
}

TEST(whatever_fails_no_key_is_handed_out_that_is_not_durable)
{
    for (long n = 1;; n++) {
        AUTO(place) p = {.s = NULL};
        char name[32];
        const secret *k = NULL;
        snprintf(name, sizeof name, "fault-%ld", n);
        snprintf(p.dir, sizeof p.dir, "%.200s/%s", test_dir(), name);
        NEED_OK(secret_get(&p.seal, SEAL_KEY_LEN));
        fault_arm(n);
        err e = subjects_open(p.dir, &p.seal, &p.s);
        if (!e.code)
            e = subjects_key(p.s, STR("key_a"), &k);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != ERR_OK));
        CHECK((k != NULL) == (e.code == ERR_OK));
        CHECK(!k || count_files(&p) == 1);
        if (!fired)
            break;
        NEED(n < 300);
    }
}

/* The key of both, copied. */
static err
take_for(struct place *p, const char *owner, const char *matter, uint8_t ret[SEAL_KEY_LEN])
{
    const secret *k = NULL;
    const err e = subjects_key_for(p->s, str_of(owner), str_of(matter), &k);
    if (!e.code)
        memcpy(ret, k->at, SEAL_KEY_LEN);
    return e;
}

TEST(what_is_left_for_a_matter_has_a_key_of_both_and_ends_with_either)
{
    AUTO(place) p = {.s = NULL};
    uint8_t both[SEAL_KEY_LEN], again[SEAL_KEY_LEN], other[SEAL_KEY_LEN], own[SEAL_KEY_LEN];
    const secret *k;
    place_open(&p, "joint");
    CHECK_ERR(subjects_find_for(p.s, STR("key_a"), STR("case x:1"), &k), CORRUPT);
    take(&p, "key_a", own);
    CHECK_ERR(subjects_find_for(p.s, STR("key_a"), STR("case x:1"), &k), CORRUPT);
    NEED_OK(take_for(&p, "key_a", "case x:1", both));
    CHECK(memcmp(both, own, sizeof own) != 0);
    NEED_OK(take_for(&p, "key_a", "", other));
    CHECK(memcmp(other, own, sizeof own) == 0);
    NEED_OK(take_for(&p, "key_a", "case x:2", other));
    CHECK(memcmp(both, other, sizeof both) != 0);
    NEED_OK(take_for(&p, "key_b", "case x:1", other));
    CHECK(memcmp(both, other, sizeof both) != 0);
    take(&p, "case x:1", other);
    CHECK(memcmp(both, other, sizeof both) != 0);
    NEED_OK(reopen(&p));
    NEED_OK(take_for(&p, "key_a", "case x:1", again));
    CHECK(memcmp(both, again, sizeof both) == 0);
    NEED_OK(subjects_erase(p.s, STR("case x:1")));
    CHECK_ERR(take_for(&p, "key_a", "case x:1", again), NOT_FOUND);
    CHECK_ERR(subjects_find_for(p.s, STR("key_b"), STR("case x:1"), &k), NOT_FOUND);
    CHECK_OK(take_for(&p, "key_a", "case x:2", again));
    NEED_OK(subjects_erase(p.s, STR("key_a")));
    CHECK_ERR(take_for(&p, "key_a", "case x:2", again), NOT_FOUND);
    CHECK_OK(take_for(&p, "key_b", "case x:2", again));
}
