/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/own.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"

static bool
can_give(void)
{
    char path[600];
    snprintf(path, sizeof path, "%s/probe", test_dir());
    CHECK_OK(file_write_atomic(path, STR("x"), 0600));
    return geteuid() == 0 && chown(path, 65534, 65534) == 0;
}

static uid_t
owner_of(const char *dir, const char *name)
{
    struct stat st = {.st_uid = 12345};
    char path[1200];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    CHECK_INT(lstat(path, &st), ==, 0);
    return st.st_uid;
}

/* A small log: a directory in a directory, and a link out of it. */
static void
make_tree(char dir[600], const char *name)
{
    char path[1200];
    snprintf(dir, 600, "%s/%s", test_dir(), name);
    snprintf(path, sizeof path, "%s/log/tile", dir);
    CHECK_OK(file_make_dir(path, 0700));
    snprintf(path, sizeof path, "%s/log/tile/0", dir);
    CHECK_OK(file_write_atomic(path, STR("x"), 0600));
    snprintf(path, sizeof path, "%s/audit.jsonl", dir);
    CHECK_OK(file_write_atomic(path, STR("x"), 0600));
    snprintf(path, sizeof path, "%s/outside", test_dir());
    CHECK_OK(file_write_atomic(path, STR("x"), 0600));
    char link[1200];
    snprintf(link, sizeof link, "%s/link", dir);
    CHECK_INT(symlink(path, link), ==, 0);
}

TEST(without_a_name_or_without_root_there_is_no_other_user)
{
    struct own o = {1, 1};
    CHECK_OK(own_find("", &o));
    CHECK(o.uid == 0 && o.gid == 0);
    if (geteuid() == 0)
        return;
    CHECK_OK(own_find("nobody", &o));
    CHECK(o.uid == 0);
}

TEST(a_user_that_is_not_there_or_is_root_is_refused)
{
    struct own o;
    if (geteuid() != 0)
        SKIP("only root gives files to others");
    CHECK_ERR(own_find("no-such-user-here", &o), CONFIG);
    CHECK_ERR(own_find("root", &o), CONFIG);
    CHECK_OK(own_find("nobody", &o));
    CHECK(o.uid != 0 && o.gid != 0);
}

TEST(all_of_the_directory_is_given_and_nothing_a_link_leads_to)
{
    char dir[600];
    const struct own o = {65534, 65534};
    if (!can_give())
        SKIP("only root gives files to others");
    make_tree(dir, "given");
    CHECK_OK(own_give(&o, dir));
    CHECK_INT(owner_of(dir, ""), ==, 65534);
    CHECK_INT(owner_of(dir, "audit.jsonl"), ==, 65534);
    CHECK_INT(owner_of(dir, "log/tile/0"), ==, 65534);
    CHECK_INT(owner_of(dir, "../outside"), ==, 0);
    CHECK_OK(own_give(&o, dir));
}

TEST(what_root_wrote_since_is_given_too)
{
    char dir[600], path[1200];
    const struct own o = {65534, 65534};
    if (!can_give())
        SKIP("only root gives files to others");
    make_tree(dir, "since");
    CHECK_OK(own_give(&o, dir));
    snprintf(path, sizeof path, "%s/log/checkpoint", dir);
    CHECK_OK(file_write_atomic(path, STR("x"), 0600));
    snprintf(path, sizeof path, "%s/log/tile/1", dir);
    CHECK_OK(file_write_atomic(path, STR("x"), 0600));
    CHECK_OK(own_give(&o, dir));
    CHECK_INT(owner_of(dir, "log/checkpoint"), ==, 65534);
    CHECK_INT(owner_of(dir, "log/tile/1"), ==, 65534);
}

TEST(what_fails_is_told_and_tried_again)
{
    char dir[600];
    const struct own o = {65534, 65534};
    if (!can_give())
        SKIP("only root gives files to others");
    make_tree(dir, "fault");
    for (long n = 1;; n++) {
        fault_arm(n);
        const err e = own_give(&o, dir);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired) {
            CHECK_OK(e);
            break;
        }
        CHECK(e.code != ERR_OK);
        NEED(n < 1000);
    }
    CHECK_INT(owner_of(dir, "log/tile/0"), ==, 65534);
}
