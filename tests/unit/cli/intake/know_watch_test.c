/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/intake/know_watch.h"

#include <stdio.h>

#include "os/file.h"
#include "test.h"

static char folder[4200], seen[1000];
static size_t at;

static void
note(const char *what, str name)
{
    at += (size_t)snprintf(seen + at, sizeof seen - at, "%s%.*s ", what, STR_FMT(name));
}

static err
take(void *ctx, const know_files *f, const struct know_file *file)
{
    (void)ctx, (void)f;
    note("+", file->name);
    return OK;
}

static err
drop(void *ctx, str name)
{
    (void)ctx;
    note("-", name);
    return OK;
}

static err
commit(void *ctx, size_t taken, size_t dropped)
{
    char text[64];
    (void)ctx;
    (void)snprintf(text, sizeof text, "%zu,%zu.", taken, dropped);
    note("", str_of(text));
    return OK;
}

static const struct know_taker taker = {.take = take, .drop = drop, .commit = commit};

static const char *
path(const char *name)
{
    static char room[4400];
    (void)snprintf(room, sizeof room, "%s/%s", folder, name);
    return room;
}

static void
begin(const char *name)
{
    at = 0;
    *seen = 0;
    (void)snprintf(folder, sizeof folder, "%s/%s", test_dir(), name);
    CHECK_OK(file_make_dir(path("sub"), 0700));
    CHECK_OK(file_write_atomic(path("a.md"), STR("1"), 0600));
    CHECK_OK(file_write_atomic(path("b.md"), STR("2"), 0600));
}

TEST(what_came_changed_and_went_is_told_by_comparing)
{
    AUTO(know_files) before = {0};
    AUTO(know_files) now = {0};
    size_t taken = 0, dropped = 0;
    begin("compare");
    NEED_OK(know_files_read(str_of(folder), &before));
    CHECK_OK(file_write_atomic(path("a.md"), STR("geändert"), 0600));
    CHECK_OK(file_write_atomic(path("sub/c.md"), STR("neu"), 0600));
    CHECK_OK(file_remove(path("b.md")));
    NEED_OK(know_files_read(str_of(folder), &now));
    CHECK_OK(know_changes(&before, &now, &taker, &taken, &dropped));
    CHECK_STR(str_of(seen), STR("-b +a +sub/c "));
    CHECK(taken == 2 && dropped == 1);
}

TEST(a_document_whose_name_another_file_gives_is_not_dropped)
{
    AUTO(know_files) before = {0};
    AUTO(know_files) now = {0};
    size_t taken = 0, dropped = 0;
    begin("rename");
    NEED_OK(know_files_read(str_of(folder), &before));
    CHECK_OK(file_remove(path("b.md")));
    CHECK_OK(file_write_atomic(path("b.txt"), STR("2"), 0600));
    NEED_OK(know_files_read(str_of(folder), &now));
    CHECK_OK(know_changes(&before, &now, &taker, &taken, &dropped));
    CHECK_STR(str_of(seen), STR("+b "));
}

/* Changes a folder as soon as it is watched: the one wait of the test is for that. */
static void
on_ready(void *ctx)
{
    (void)ctx;
    CHECK_OK(file_write_atomic(path("sub/c.md"), STR("neu"), 0600));
    CHECK_OK(file_remove(path("a.md")));
}

TEST(a_watch_follows_what_happens_below)
{
    struct know_watching w = {.count = 1, .rounds_max = 1, .on_ready = on_ready};
    begin("watch");
    NEED_OK(know_files_read(str_of(folder), &w.at[0]));
    CHECK_OK(know_watch(&w, &taker));
    CHECK_STR(str_of(seen), STR("-a +sub/c 1,1. "));
    know_files_auto(&w.at[0]);
}

TEST(what_changed_before_the_watch_began_is_seen)
{
    struct know_watching w = {.count = 1, .rounds_max = 1, .on_ready = on_ready};
    begin("early");
    NEED_OK(know_files_read(str_of(folder), &w.at[0]));
    CHECK_OK(file_remove(path("b.md")));
    CHECK_OK(know_watch(&w, &taker));
    CHECK_STR(str_of(seen), STR("-b 0,1. -a +sub/c 1,1. "));
    know_files_auto(&w.at[0]);
}

TEST(a_folder_that_is_gone_ends_the_watch)
{
    struct know_watching w = {.count = 1, .rounds_max = 1};
    begin("gone");
    NEED_OK(know_files_read(str_of(folder), &w.at[0]));
    CHECK_OK(file_remove_tree(folder));
    CHECK_ERR(know_watch(&w, &taker), NOT_FOUND);
    know_files_auto(&w.at[0]);
}
