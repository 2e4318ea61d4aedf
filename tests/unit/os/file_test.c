/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

enum { BIG = 300000 };

static arena *
room(void)
{
    arena *a = NULL;
    if (arena_open(8 << 20, &a).code)
        test_fail(__FILE__, __LINE__, "no arena");
    return a;
}

/* A path below a fresh directory of this test program. */
static const char *
at(arena *a, const char *name)
{
    return file_join(a, test_dir(), name);
}

static int
count_entries(const char *dir)
{
    int n = 0;
    DIR *d = opendir(dir);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n - 2;
}

TEST(what_was_written_is_read_back)
{
    static const size_t sizes[] = {0, 1, 4095, 65536, 65537, BIG};
    AUTO(arena) *a = room();
    char *bytes = arena_get(a, BIG);
    for (size_t i = 0; i < BIG; i++)
        bytes[i] = (char)test_random();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const str s = {bytes, sizes[i]};
        str back = STR("untouched");
        CHECK_OK(file_write_atomic(at(a, "same"), s, 0600));
        CHECK_OK(file_read(a, at(a, "same"), BIG, &back));
        CHECK(str_eq(s, back));
    }
}

TEST(a_written_file_has_the_mode_it_was_given_whatever_the_umask)
{
    AUTO(arena) *a = room();
    struct stat st;
    const mode_t before = umask(0077);
    CHECK_OK(file_write_atomic(at(a, "mode"), STR("x"), 0644));
    umask(before);
    NEED(stat(at(a, "mode"), &st) == 0);
    CHECK_INT(st.st_mode & 07777, ==, 0644);
}

TEST(a_file_larger_than_asked_for_is_a_limit)
{
    AUTO(arena) *a = room();
    str s = STR("untouched");
    CHECK_OK(file_write_atomic(at(a, "large"), STR("12345"), 0600));
    CHECK_ERR(file_read(a, at(a, "large"), 4, &s), LIMIT);
    CHECK_ERR(file_read(a, at(a, "large"), 0, &s), LIMIT);
    CHECK_STR(s, STR("untouched"));
    CHECK_OK(file_read(a, at(a, "large"), 5, &s));
    CHECK_STR(s, STR("12345"));
}

TEST(a_file_without_a_size_is_read_to_its_end)
{
    AUTO(arena) *a = room();
    str s;
    NEED_OK(file_read(a, "/proc/self/status", 65536, &s));
    CHECK(s.len > 100);
}

TEST(a_file_that_is_not_there_is_not_found)
{
    AUTO(arena) *a = room();
    str s;
    fd f = -1;
    CHECK_ERR(file_read(a, at(a, "nothing"), 10, &s), NOT_FOUND);
    CHECK_ERR(file_open(at(a, "nothing/below"), O_RDONLY, 0, &f), NOT_FOUND);
    CHECK_ERR(file_remove(at(a, "nothing")), NOT_FOUND);
    CHECK_ERR(file_remove_tree(at(a, "nothing")), NOT_FOUND);
    CHECK_ERR(file_write_atomic(at(a, "nothing/below"), STR("x"), 0600), NOT_FOUND);
    CHECK_INT(f, ==, -1);
}

TEST(errors_of_the_system_become_the_houses_errors)
{
    static const struct {
        int number;
        enum err_code code;
    } rows[] = {
        {ENOENT, ERR_NOT_FOUND},
        {ENOTDIR, ERR_NOT_FOUND},
        {EACCES, ERR_FORBIDDEN_FILE},
        {EPERM, ERR_FORBIDDEN_FILE},
        {EROFS, ERR_FORBIDDEN_FILE},
        {ENOSPC, ERR_DISK_FULL},
        {EDQUOT, ERR_DISK_FULL},
        {EEXIST, ERR_CONFLICT},
        {EIO, ERR_IO},
        {EMFILE, ERR_IO},
        {12345, ERR_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        errno = rows[i].number;
        CHECK_INT(file_errno("open", "/some/where").code, ==, rows[i].code);
        CHECK(strstr(err_text(), "open /some/where: "));
    }
}

TEST(a_full_disk_is_told_from_other_failures)
{
    AUTO(fd) f = -1;
    NEED_OK(file_open("/dev/full", O_WRONLY, 0, &f));
    CHECK_ERR(file_write_all(f, STR("x")), DISK_FULL);
}

TEST(a_file_that_must_be_new_conflicts_with_one_that_is_there)
{
    AUTO(arena) *a = room();
    AUTO(fd) f = -1;
    CHECK_OK(file_write_atomic(at(a, "there"), STR("x"), 0600));
    CHECK_ERR(file_open(at(a, "there"), O_CREAT | O_EXCL | O_WRONLY, 0600, &f), CONFLICT);
}

TEST(opened_files_are_not_inherited)
{
    AUTO(fd) f = -1;
    NEED_OK(file_open("/dev/null", O_RDONLY, 0, &f));
    CHECK_INT(fcntl(f, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
}

TEST(a_descriptor_closes_itself_unless_it_is_taken)
{
    int closed, taken;
    {
        AUTO(fd) f = -1;
        AUTO(fd) g = -1;
        NEED_OK(file_open("/dev/null", O_RDONLY, 0, &f));
        NEED_OK(file_open("/dev/null", O_RDONLY, 0, &g));
        closed = f;
        taken = fd_take(&g);
        CHECK_INT(g, ==, -1);
    }
    CHECK_INT(fcntl(closed, F_GETFD), ==, -1);
    CHECK_INT(fcntl(taken, F_GETFD), ==, FD_CLOEXEC);
    close(taken);
}

TEST(bytes_are_read_at_any_offset_and_the_end_is_told)
{
    AUTO(arena) *a = room();
    AUTO(fd) f = -1;
    char got[8] = "........";
    size_t len = 99;
    uint64_t size = 0;
    CHECK_OK(file_write_atomic(at(a, "digits"), STR("0123456789"), 0600));
    NEED_OK(file_open(at(a, "digits"), O_RDONLY, 0, &f));
    CHECK_OK(file_size(f, &size));
    CHECK_INT(size, ==, 10);
    CHECK_OK(file_read_at(f, 7, got, sizeof got, &len));
    CHECK_INT(len, ==, 3);
    CHECK(memcmp(got, "789.....", 8) == 0);
    CHECK_OK(file_read_at(f, 2, got, 4, &len));
    CHECK(len == 4 && memcmp(got, "2345....", 8) == 0);
    CHECK_OK(file_read_at(f, 100, got, sizeof got, &len));
    CHECK_INT(len, ==, 0);
    CHECK_OK(file_sync(f));
}

TEST(a_closed_descriptor_is_an_error_everywhere)
{
    char got[1];
    size_t len = 7;
    uint64_t size = 7;
    CHECK_ERR(file_read_at(-1, 0, got, 1, &len), IO);
    CHECK_ERR(file_write_all(-1, STR("x")), IO);
    CHECK_ERR(file_sync(-1), IO);
    CHECK_ERR(file_size(-1, &size), IO);
    CHECK(len == 7 && size == 7);
}

TEST(a_directory_is_made_with_its_parents_and_again)
{
    AUTO(arena) *a = room();
    struct stat st;
    const char *path = at(a, "x/y//z/");
    CHECK_OK(file_make_dir(path, 0700));
    CHECK_OK(file_make_dir(path, 0700));
    CHECK_OK(file_make_dir("/", 0700));
    NEED(stat(at(a, "x/y/z"), &st) == 0);
    CHECK(S_ISDIR(st.st_mode));
}

TEST(a_file_in_the_way_of_a_directory_is_a_conflict)
{
    AUTO(arena) *a = room();
    CHECK_OK(file_write_atomic(at(a, "way"), STR("x"), 0600));
    CHECK_ERR(file_make_dir(at(a, "way"), 0700), CONFLICT);
    CHECK_ERR(file_make_dir(at(a, "way/below"), 0700), CONFLICT);
    CHECK_ERR(file_make_dir("", 0700), ARGUMENT);
}

TEST(a_path_that_is_too_long_is_refused)
{
    AUTO(arena) *a = room();
    char *path = arena_get(a, 5000);
    memset(path, 'a', 4999);
    path[0] = '/';
    CHECK_ERR(file_make_dir(path, 0700), ARGUMENT);
    CHECK_ERR(file_write_atomic(path, STR("x"), 0600), ARGUMENT);
}

TEST(a_tree_is_removed_and_links_are_not_followed)
{
    AUTO(arena) *a = room();
    CHECK_OK(file_make_dir(at(a, "outside"), 0700));
    CHECK_OK(file_write_atomic(at(a, "outside/kept"), STR("kept"), 0600));
    CHECK_OK(file_make_dir(at(a, "tree/a/b/c"), 0700));
    CHECK_OK(file_write_atomic(at(a, "tree/a/f"), STR("x"), 0400));
    NEED(symlink(at(a, "outside"), at(a, "tree/a/b/link")) == 0);
    NEED(symlink("nowhere", at(a, "tree/dangling")) == 0);
    CHECK_OK(file_remove_tree(at(a, "tree")));
    CHECK_INT(access(at(a, "tree"), F_OK), ==, -1);
    str kept;
    CHECK_OK(file_read(a, at(a, "outside/kept"), 10, &kept));
    CHECK_OK(file_remove_tree(at(a, "outside/kept")));
    CHECK_INT(access(at(a, "outside"), F_OK), ==, 0);
}

TEST(a_tree_deeper_than_the_limit_is_not_descended)
{
    AUTO(arena) *a = room();
    AUTO(buf) path = BUF(4000);
    buf_add(&path, str_of(at(a, "deep")));
    for (int i = 0; i < 70; i++)
        buf_add(&path, STR("/d"));
    buf_add_char(&path, '\0');
    NEED_OK(file_make_dir(path.at, 0700));
    CHECK_ERR(file_remove_tree(at(a, "deep")), LIMIT);
    CHECK_OK(file_remove_tree(at(a, "deep/d/d/d/d/d/d/d/d/d/d")));
    CHECK_OK(file_remove_tree(at(a, "deep")));
}

TEST(paths_are_joined_with_one_slash)
{
    AUTO(arena) *a = room();
    CHECK_STR(str_of(file_join(a, "/a/b", "c")), STR("/a/b/c"));
    CHECK_STR(str_of(file_join(a, "/", "c")), STR("/c"));
    CHECK_STR(str_of(file_join(a, "a/", "c/d")), STR("a/c/d"));
}

/* ---- the promise of file_write_atomic */

TEST(whatever_call_fails_the_old_or_the_new_file_is_there_whole_and_nothing_beside)
{
    AUTO(arena) *a = room();
    const char *dir = at(a, "atomic"), *path = at(a, "atomic/f");
    const str old = STR("the old content"), new = STR("the new and longer content");
    CHECK_OK(file_make_dir(dir, 0700));
    bool fired = true;
    long steps = -1;
    for (long n = 1; fired; n++, steps++) {
        str s = STR_NONE;
        NEED_OK(file_write_atomic(path, old, 0600));
        fault_arm(n);
        const err e = file_write_atomic(path, new, 0600);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK_OK(file_read(a, path, 100, &s));
        CHECK(str_eq(s, new) || (e.code && str_eq(s, old)));
        CHECK_INT(count_entries(dir), ==, 1);
        CHECK(n < 100);
    }
    /* make, mode, write, sync, rename; open and sync the directory */
    CHECK_INT(steps, ==, 7);
}

static _Noreturn void
write_for_ever(const char *path, str a, str b, int tell)
{
    for (;;)
        if (file_write_atomic(path, a, 0600).code || write(tell, "+", 1) != 1 ||
            file_write_atomic(path, b, 0600).code || write(tell, "+", 1) != 1)
            _exit(1);
}

/* Kills a writer after it has told of some writes; what it leaves must be all a or all b. */
static void
kill_a_writer(const char *path, str a, str b)
{
    int ends[2];
    char told;
    NEED(pipe(ends) == 0);
    const pid_t pid = fork();
    if (pid == 0)
        write_for_ever(path, a, b, ends[1]);
    close(ends[1]);
    for (uint64_t k = 1 + test_random() % 4; k; k--)
        CHECK_INT(read(ends[0], &told, 1), ==, 1);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ends[0]);
    AUTO(arena) *r = room();
    str s = STR_NONE;
    NEED_OK(file_read(r, path, BIG, &s));
    CHECK(str_eq(s, a) || str_eq(s, b));
}

TEST(a_writer_killed_at_any_moment_leaves_a_whole_file)
{
    AUTO(arena) *a = room();
    char *bytes = arena_get(a, BIG);
    memset(bytes, 'a', BIG / 2);
    memset(bytes + BIG / 2, 'b', BIG / 2);
    CHECK_OK(file_make_dir(at(a, "killed"), 0700));
    for (int i = 0; i < 12; i++)
        kill_a_writer(at(a, "killed/f"), (str){bytes, BIG / 2}, (str){bytes + BIG / 2, BIG / 2});
}

static fallible
use_all(arena *a, const char *dir)
{
    char got[4];
    size_t len;
    uint64_t size;
    str s;
    AUTO(fd) f = -1;
    TRY(file_make_dir(file_join(a, dir, "d/e"), 0700));
    TRY(file_write_atomic(file_join(a, dir, "d/f"), STR("text"), 0600));
    TRY(file_read(a, file_join(a, dir, "d/f"), 100, &s));
    TRY(file_open(file_join(a, dir, "d/f"), O_RDONLY, 0, &f));
    TRY(file_read_at(f, 0, got, sizeof got, &len));
    TRY(file_size(f, &size));
    TRY(file_sync(f));
    TRY(file_remove(file_join(a, dir, "d/f")));
    TRY(file_remove_tree(file_join(a, dir, "d")));
    return OK;
}

TEST(every_failure_is_reported_and_no_descriptor_stays_open)
{
    AUTO(arena) *a = room();
    const char *dir = at(a, "faults");
    CHECK_OK(file_make_dir(dir, 0700));
    const int before = count_entries("/proc/self/fd");
    bool fired = true;
    for (long n = 1; fired; n++) {
        fault_arm(n);
        const err e = use_all(a, dir);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        CHECK(n < 200);
    }
    CHECK_INT(count_entries("/proc/self/fd"), ==, before);
}
