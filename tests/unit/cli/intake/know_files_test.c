/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/intake/know_files.h"

#include <stdio.h>

#include "os/file.h"
#include "test.h"

static const char *
put(const char *name, const char *text)
{
    static char room[4300];
    char dir[4300];
    (void)snprintf(room, sizeof room, "%s/%s", test_dir(), name);
    (void)snprintf(dir, sizeof dir, "%s", room);
    *strrchr(dir, '/') = 0;
    CHECK_OK(file_make_dir(dir, 0700));
    CHECK_OK(file_write_atomic(room, str_of(text), 0600));
    return room;
}

static str
folder(const char *name)
{
    static char room[4300];
    (void)snprintf(room, sizeof room, "%s/%s", test_dir(), name);
    return str_of(room);
}

TEST(files_come_in_order_with_names_and_hidden_ones_do_not)
{
    AUTO(know_files) f = {0};
    put("a/z.md", "1");
    put("a/b/c.txt", "2");
    put("a/.hidden.md", "3");
    put("a/ohne", "4");
    NEED_OK(know_files_read(folder("a//"), &f));
    NEED(f.all.count == 3 && f.folders.count == 2);
    CHECK_STR(f.all.at[0].name, STR("b/c"));
    CHECK_STR(f.all.at[1].name, STR("ohne"));
    CHECK_STR(f.all.at[2].name, STR("z"));
    CHECK(know_files_find(&f, f.all.at[1].path) == &f.all.at[1]);
    CHECK(!know_files_find(&f, STR("nowhere")));
}

TEST(a_single_file_is_named_after_itself)
{
    AUTO(know_files) f = {0};
    NEED_OK(know_files_read(str_of(put("one/x.y.md", "1")), &f));
    NEED(f.all.count == 1 && f.folders.count == 0);
    CHECK_STR(f.all.at[0].name, STR("x.y"));
}

TEST(names_that_would_be_the_same_keep_their_endings)
{
    AUTO(know_files) f = {0};
    put("same/t.docx", "1");
    put("same/t.md", "2");
    put("same/t.pdf", "3");
    NEED_OK(know_files_read(folder("same"), &f));
    NEED(f.all.count == 3);
    CHECK_STR(f.all.at[0].name, STR("t"));
    CHECK_STR(f.all.at[1].name, STR("t.md"));
    CHECK_STR(f.all.at[2].name, STR("t.pdf"));
}

TEST(a_file_that_changed_has_another_mark)
{
    AUTO(know_files) before = {0};
    AUTO(know_files) same = {0};
    AUTO(know_files) after = {0};
    put("mark/a.md", "1");
    NEED_OK(know_files_read(folder("mark"), &before));
    NEED_OK(know_files_read(folder("mark"), &same));
    put("mark/a.md", "2"); /* as long as before, and written anew */
    NEED_OK(know_files_read(folder("mark"), &after));
    CHECK(before.all.at[0].mark == same.all.at[0].mark);
    CHECK(before.all.at[0].mark != after.all.at[0].mark);
}

TEST(what_is_not_there_is_told)
{
    know_files f = {0};
    CHECK_ERR(know_files_read(folder("nowhere"), &f), NOT_FOUND);
    CHECK(!f.a);
}
