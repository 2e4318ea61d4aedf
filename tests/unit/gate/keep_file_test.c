/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/keep.h"

#include <dirent.h>

#include "unit/gate/keeper.h"

static struct rig rig;

static err
leave(struct keeper *k, const char *marked, str bytes, struct kept *ret)
{
    const struct keep_wish w = {.kind = OBJECT_FILE, .state = STR("da"), .meta = STR("{}")};
    keep_file *f;
    TRY(keep_file_begin(&k->call, str_of(marked), &f));
    TRY(keep_file_data(f, str_slice(bytes, 0, bytes.len / 2)));
    TRY(keep_file_data(f, str_slice(bytes, bytes.len / 2, bytes.len)));
    return keeper_wait(k, keep_file_end(f, &w, ret));
}

static size_t
blobs_there(void)
{
    size_t n = 0;
    DIR *d = opendir(rig.blobs);
    const struct dirent *e;
    while (d && (e = readdir(d)))
        n += e->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

TEST(a_file_is_read_whole_and_in_part_by_whom_it_belongs_to)
{
    struct keeper k;
    struct kept in, out;
    AUTO(buf) b = BUF(1 << 20);
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "VS-NfD");
    NEED_OK(leave(&k, "VS-NfD", STR("0123456789"), &in));
    CHECK_INT(in.head.size_bytes, ==, 10);
    NEED_OK(keeper_get(&k, OBJECT_FILE, in.head.id, &out));
    CHECK_OK(keep_file_read(&k.call, &out, 0, UINT64_MAX, &b));
    CHECK_OK(keep_file_read(&k.call, &out, 3, 2, &b));
    CHECK_STR(buf_str(&b), STR("012345678934"));
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_file_above_the_clearance_is_refused_before_its_first_byte)
{
    struct keeper k;
    keep_file *f;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    CHECK_ERR(keep_file_begin(&k.call, STR("VS-NfD"), &f), DENIED);
    CHECK_ERR(keep_file_begin(&k.call, STR("nix"), &f), PARSE);
    CHECK_INT(blobs_there(), ==, 0);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(what_is_not_finished_leaves_nothing)
{
    struct keeper k;
    keep_file *f;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    NEED_OK(keep_file_begin(&k.call, STR_NONE, &f));
    CHECK_OK(keep_file_data(f, STR("abc")));
    keeper_end(&k);
    CHECK_INT(blobs_there(), ==, 0);
    CHECK(!rig_record(&rig, "file.add", "", 0).len);
    rig_close(&rig);
}

TEST(removing_takes_the_bytes_along)
{
    struct keeper k;
    struct kept in;
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    NEED_OK(leave(&k, "offen", STR("abc"), &in));
    CHECK_INT(blobs_there(), ==, 1);
    const struct keep_name n = {.kind = OBJECT_FILE, .id = in.head.id};
    CHECK_OK(keeper_wait(&k, keep_remove(&k.call, &n)));
    CHECK_INT(blobs_there(), ==, 0);
    CHECK_ERR(keeper_wait(&k, keep_remove(&k.call, &n)), NOT_FOUND);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(limits_of_size_hold)
{
    struct keeper k;
    struct kept in;
    AUTO(buf) b = BUF(1 << 20);
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    rig.params.keep_file_bytes_max = 5;
    CHECK_ERR(leave(&k, "offen", STR("012345"), &in), TOO_LARGE);
    NEED_OK(leave(&k, "offen", STR("01234"), &in));
    rig.params.keep_read_bytes_max = 4;
    CHECK_ERR(keep_file_read(&k.call, &in, 0, UINT64_MAX, &b), TOO_LARGE);
    CHECK_OK(keep_file_read(&k.call, &in, 1, UINT64_MAX, &b));
    CHECK_STR(buf_str(&b), STR("1234"));
    rig.params.keep_tenant_bytes_max = 8;
    CHECK_ERR(leave(&k, "offen", STR("01234"), &in), TOO_LARGE);
    CHECK_INT(blobs_there(), ==, 1);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(a_file_of_a_given_name_is_begun_once)
{
    struct keeper k;
    struct kept in;
    keep_file *f;
    const struct keep_wish w = {.kind = OBJECT_FILE, .state = STR("da"), .meta = STR("{}")};
    rig_open(&rig);
    keeper_init(&k, &rig, "key_1", "offen");
    NEED_OK(keep_file_begin_as(&k.call, STR("file-x"), STR_NONE, &f));
    NEED(f);
    CHECK_OK(keeper_wait(&k, keep_file_end(f, &w, &in)));
    CHECK_STR(in.head.id, STR("file-x"));
    CHECK_OK(keep_file_begin_as(&k.call, STR("file-x"), STR_NONE, &f));
    CHECK(!f);
    keeper_end(&k);
    rig_close(&rig);
}

TEST(each_failure_on_the_way_is_told_and_keeps_bytes_and_row_together)
{
    rig_open(&rig);
    for (long n = 1;; n++) {
        struct keeper k;
        struct kept in = {.meta = STR_NONE};
        keeper_init(&k, &rig, "key_1", "offen");
        const size_t before = blobs_there();
        fault_arm(n);
        const err e = leave(&k, "offen", STR("0123456789"), &in);
        const bool fired = fault_fired();
        fault_arm(0);
        rig_settle(&rig);
        CHECK_INT(blobs_there(), ==, before + !e.code);
        k.early = 0;
        keeper_end(&k);
        if (!fired)
            break;
        CHECK_INT(n, <, 200);
    }
    rig_close(&rig);
}
