/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/blobs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "crypt/seal.h"
#include "os/file.h"
#include "test.h"
#include "unit/model/small_policy.h"

enum { ROOM = 1 << 20, BIG = 3 * BLOB_PIECE + 17 };

struct place {
    char dir[256];
    secret key;
    policy *policy;
    arena *a;
    const grant *low, *high; /* offen, VS-NfD */
    subjects *keys;
    blobs *b;
};

static void
place_open(struct place *p)
{
    static unsigned number;
    *p = (struct place){.b = NULL};
    snprintf(p->dir, sizeof p->dir, "%.200s/blobs%u", test_dir(), number++);
    CHECK_OK(secret_get(&p->key, SEAL_KEY_LEN));
    p->policy = small_policy();
    CHECK_OK(arena_open(1 << 20, &p->a));
    p->low = small_grant(p->policy, p->a, "offen");
    p->high = small_grant(p->policy, p->a, "VS-NfD");
    char dir[300];
    snprintf(dir, sizeof dir, "%s.keys", p->dir);
    CHECK_OK(subjects_open(dir, &p->key, &p->keys));
    CHECK_OK(blobs_open(p->dir, p->keys, &p->b));
}

static void
place_close(struct place *p)
{
    blobs_free(p->b);
    subjects_free(p->keys);
    arena_free(p->a);
    policy_free(p->policy);
    secret_done(&p->key);
}

static char *
big_text(void)
{
    static char text[BIG];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 31 + i / 251);
    return text;
}

static err
keep(struct place *p, const char *id, label l, str text, size_t step)
{
    blob_writer *w = NULL;
    digest d;
    uint64_t size = 0;
    TRY(blob_begin(p->b, p->high, &(struct blob){str_of(id), STR("key_1"), l, 0, STR_NONE}, &w));
    for (size_t i = 0; i < text.len; i += step) {
        const err e = blob_add(w, str_slice(text, i, i + step));
        if (e.code) {
            blob_drop(w);
            return e;
        }
    }
    TRY(blob_end(w, &d, &size));
    CHECK_INT(size, ==, text.len);
    return OK;
}

static size_t
files_in(const char *dir)
{
    size_t n = 0;
    DIR *d = opendir(dir);
    const struct dirent *e;
    while (d && (e = readdir(d)))
        n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
    if (d)
        closedir(d);
    return n;
}

TEST(what_was_kept_comes_back_whole_and_in_every_range)
{
    static const size_t lens[] = {0, 1, BLOB_PIECE - 1, BLOB_PIECE, BLOB_PIECE + 1, BIG};
    struct place p;
    place_open(&p);
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        char id[16];
        const str text = {big_text(), lens[i]};
        snprintf(id, sizeof id, "file_%zu", i);
        NEED_OK(keep(&p, id, LABEL_BOTTOM, text, 1000 + i));
        const struct blob which = {str_of(id), STR("key_1"), LABEL_BOTTOM, lens[i], STR_NONE};
        for (int n = 0; n < 40; n++) {
            AUTO(buf) b = BUF(ROOM);
            const uint64_t from = n ? test_random() % (lens[i] + 1) : 0;
            const uint64_t len = n ? test_random() % (BLOB_PIECE * 2) : UINT64_MAX;
            CHECK_OK(blob_read(p.b, p.low, &which, (struct blob_range){from, len}, &b));
            CHECK_STR(buf_str(&b),
                      str_slice(text, from, len > lens[i] ? lens[i] : (size_t)(from + len)));
        }
    }
    place_close(&p);
}

TEST(nothing_of_it_can_be_read_on_disk)
{
    struct place p;
    char path[300], room[512];
    size_t len = 0;
    place_open(&p);
    NEED_OK(keep(&p, "file_1", LABEL_BOTTOM, STR("Sozialdaten von Frau Muster"), 5));
    snprintf(path, sizeof path, "%s/file_1", p.dir);
    AUTO(fd) f = -1;
    NEED_OK(file_open(path, O_RDONLY, 0, &f));
    NEED_OK(file_read_at(f, 0, room, sizeof room, &len));
    CHECK_INT(len, ==, strlen("Sozialdaten von Frau Muster") + SEAL_OVERHEAD);
    CHECK(str_find((str){room, len}, STR("Muster")) < 0);
    place_close(&p);
}

TEST(a_grant_below_the_label_neither_writes_nor_reads)
{
    struct place p;
    blob_writer *w = NULL;
    place_open(&p);
    const label high = small_label(p.policy, "VS-NfD");
    CHECK_ERR(blob_begin(p.b, p.low, &(struct blob){STR("x"), STR("key_1"), high, 0, STR_NONE}, &w),
              DENIED);
    NEED_OK(keep(&p, "x", high, STR("geheim"), 10));
    AUTO(buf) b = BUF(ROOM);
    const struct blob which = {STR("x"), STR("key_1"), high, 6, STR_NONE};
    CHECK_ERR(blob_read(p.b, p.low, &which, (struct blob_range){0, 6}, &b), DENIED);
    CHECK_INT(b.len, ==, 0);
    CHECK_OK(blob_read(p.b, p.high, &which, (struct blob_range){0, 6}, &b));
    place_close(&p);
}

TEST(a_blob_does_not_open_under_another_label_name_or_length)
{
    struct place p;
    char from[300], to[300];
    place_open(&p);
    const label high = small_label(p.policy, "VS-NfD");
    NEED_OK(keep(&p, "a", high, (str){big_text(), BIG}, 4096));
    AUTO(buf) b = BUF(ROOM);
    const struct blob lowered = {STR("a"), STR("key_1"), LABEL_BOTTOM, BIG, STR_NONE},
                      cut = {STR("a"), STR("key_1"), high, BIG - 1, STR_NONE},
                      longer = {STR("a"), STR("key_1"), high, BIG + 1, STR_NONE};
    CHECK_ERR(blob_read(p.b, p.high, &lowered, (struct blob_range){0, 1}, &b), CORRUPT);
    CHECK_ERR(blob_read(p.b, p.high, &cut, (struct blob_range){BIG - 2, 1}, &b), CORRUPT);
    CHECK_ERR(blob_read(p.b, p.high, &longer, (struct blob_range){BIG - 2, 9}, &b), CORRUPT);
    snprintf(from, sizeof from, "%s/a", p.dir);
    snprintf(to, sizeof to, "%s/b", p.dir);
    CHECK_INT(rename(from, to), ==, 0);
    const struct blob renamed = {STR("b"), STR("key_1"), high, BIG, STR_NONE};
    CHECK_ERR(blob_read(p.b, p.high, &renamed, (struct blob_range){0, 1}, &b), CORRUPT);
    const struct blob gone = {STR("a"), STR("key_1"), high, BIG, STR_NONE};
    CHECK_ERR(blob_read(p.b, p.high, &gone, (struct blob_range){0, 1}, &b), CORRUPT);
    place_close(&p);
}

TEST(a_blob_that_was_damaged_or_cut_on_disk_does_not_open)
{
    struct place p;
    char path[300];
    place_open(&p);
    NEED_OK(keep(&p, "a", LABEL_BOTTOM, (str){big_text(), BIG}, 4096));
    snprintf(path, sizeof path, "%s/a", p.dir);
    const struct blob which = {STR("a"), STR("key_1"), LABEL_BOTTOM, BIG, STR_NONE};
    AUTO(buf) b = BUF(ROOM);
    AUTO(fd) f = open(path, O_RDWR | O_CLOEXEC);
    char c = 0;
    CHECK(pread(f, &c, 1, 30) == 1);
    c = (char)(c ^ 4);
    CHECK(pwrite(f, &c, 1, 30) == 1);
    CHECK_ERR(blob_read(p.b, p.low, &which, (struct blob_range){0, 1}, &b), CORRUPT);
    CHECK_OK(blob_read(p.b, p.low, &which, (struct blob_range){BLOB_PIECE, 1}, &b));
    CHECK_INT(ftruncate(f, BLOB_PIECE + SEAL_OVERHEAD), ==, 0);
    CHECK_ERR(blob_read(p.b, p.low, &which, (struct blob_range){BLOB_PIECE, 1}, &b), CORRUPT);
    place_close(&p);
}

TEST(a_blob_above_its_limit_is_refused_and_leaves_nothing)
{
    struct place p;
    blob_writer *w = NULL;
    place_open(&p);
    NEED_OK(blob_begin(p.b, p.low,
                       &(struct blob){STR("x"), STR("key_1"), LABEL_BOTTOM, 0, STR_NONE}, &w));
    blob_limit(w, 10);
    CHECK_OK(blob_add(w, STR("0123456789")));
    CHECK_ERR(blob_add(w, STR("!")), TOO_LARGE);
    blob_drop(w);
    CHECK_INT(files_in(p.dir), ==, 0);
    place_close(&p);
}

TEST(what_a_crash_left_unfinished_is_swept_away)
{
    struct place p;
    blob_writer *w = NULL;
    blobs *again = NULL;
    place_open(&p);
    NEED_OK(keep(&p, "whole", LABEL_BOTTOM, STR("x"), 1));
    NEED_OK(blob_begin(p.b, p.low,
                       &(struct blob){STR("half"), STR("key_1"), LABEL_BOTTOM, 0, STR_NONE}, &w));
    CHECK_INT(files_in(p.dir), ==, 2);
    CHECK_OK(blobs_open(p.dir, p.keys, &again));
    CHECK_INT(files_in(p.dir), ==, 1);
    blobs_free(again);
    blob_drop(w);
    blob_drop(NULL);
    CHECK_INT(files_in(p.dir), ==, 1);
    CHECK_OK(blob_remove(p.b, STR("whole")));
    CHECK_OK(blob_remove(p.b, STR("whole")));
    CHECK_INT(files_in(p.dir), ==, 0);
    place_close(&p);
}

TEST(each_failure_on_the_way_is_told_and_leaves_nothing_half)
{
    struct place p;
    place_open(&p);
    for (long n = 1;; n++) {
        AUTO(buf) b = BUF(ROOM);
        const struct blob which = {STR("a"), STR("key_1"), LABEL_BOTTOM, BIG, STR_NONE};
        fault_arm(n);
        err e = keep(&p, "a", LABEL_BOTTOM, (str){big_text(), BIG}, 40000);
        const bool kept = !e.code;
        if (kept)
            e = blob_read(p.b, p.low, &which, (struct blob_range){0, BIG}, &b);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK_INT(files_in(p.dir), ==, kept);
        CHECK_OK(blob_remove(p.b, STR("a")));
        if (!fired)
            break;
        CHECK(e.code);
        CHECK_INT(n, <, 200);
    }
    place_close(&p);
}

TEST(a_blob_of_a_matter_opens_with_both_keys_alone)
{
    struct place p;
    AUTO(buf) back = BUF(1024);
    blob_writer *w;
    digest d;
    uint64_t size;
    place_open(&p);
    struct blob which = {STR("m"), STR("key_1"), LABEL_BOTTOM, 5, STR("case haus:1")};
    NEED_OK(blob_begin(p.b, p.low, &which, &w));
    NEED_OK(blob_add(w, STR("Worte")));
    NEED_OK(blob_end(w, &d, &size));
    const struct blob_range all = {0, UINT64_MAX};
    NEED_OK(blob_read(p.b, p.low, &which, all, &back));
    CHECK_STR(buf_str(&back), STR("Worte"));
    which.matter = STR("case haus:2");
    CHECK(blob_read(p.b, p.low, &which, all, &back).code);
    which.matter = STR_NONE;
    CHECK(blob_read(p.b, p.low, &which, all, &back).code);
    place_close(&p);
}
