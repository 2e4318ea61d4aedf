/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/folders.h"

#include <stdio.h>

#include "base/fault.h"
#include "test.h"

static const char *
path(const char *name)
{
    static char room[4300];
    (void)snprintf(room, sizeof room, "%s/%s", test_dir(), name);
    return room;
}

TEST(what_is_made_changed_and_removed_is_noticed_once_it_is_quiet)
{
    AUTO(fd) f = -1;
    bool changed = true;
    NEED_OK(folders_open(&f));
    NEED_OK(file_make_dir(path("d"), 0700));
    NEED_OK(folders_add(f, path("d")));
    CHECK_OK(folders_wait(f, 0, 1, &changed));
    CHECK(!changed);
    NEED_OK(file_write_atomic(path("d/a"), STR("1"), 0600));
    NEED_OK(file_write_atomic(path("d/b"), STR("2"), 0600));
    CHECK_OK(folders_wait(f, -1, 1, &changed));
    CHECK(changed);
    CHECK_OK(folders_wait(f, 0, 1, &changed));
    CHECK(!changed);
    NEED_OK(file_remove(path("d/a")));
    CHECK_OK(folders_wait(f, -1, 1, &changed));
    CHECK(changed);
    NEED_OK(file_make_dir(path("d/e"), 0700));
    CHECK_OK(folders_wait(f, -1, 1, &changed));
    CHECK(changed);
}

TEST(a_folder_that_is_none_is_not_watched)
{
    AUTO(fd) f = -1;
    NEED_OK(folders_open(&f));
    CHECK_ERR(folders_add(f, path("nowhere")), NOT_FOUND);
    NEED_OK(file_write_atomic(path("file"), STR("1"), 0600));
    CHECK(folders_add(f, path("file")).code != 0);
}

TEST(each_call_that_fails_is_told)
{
    for (long n = 1; n < 20; n++) {
        AUTO(fd) f = -1;
        bool changed = false;
        NEED_OK(file_make_dir(path("fault"), 0700));
        fault_arm(n);
        err e = folders_open(&f);
        if (!e.code)
            e = folders_add(f, path("fault"));
        if (!e.code)
            e = folders_wait(f, 0, 0, &changed);
        const bool fired = fault_fired();
        fault_arm(0);
        CHECK(fired == (e.code != 0));
        if (!fired)
            return;
    }
    CHECK(false); /* it does not end */
}
