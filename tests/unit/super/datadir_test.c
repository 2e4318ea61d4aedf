/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/datadir.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

static const char *const dirs[] = {"keys", "models", "audit", "run", "local.d", "override.d"};

static char data[512];

static const char *
below(const char *name)
{
    static char room[4][1024];
    static unsigned next;
    char *at = room[next++ % 4];
    snprintf(at, sizeof room[0], "%s/%s", data, name);
    return at;
}

/* A path in the test's directory where nothing is yet. */
static void
choose(const char *name)
{
    snprintf(data, sizeof data, "%s/%s", test_dir(), name);
}

static void
make(const char *name)
{
    choose(name);
    CHECK_OK(datadir_make(data, STR("version: 1\n")));
}

static unsigned
mode_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_mode & 07777 : 0;
}

static str
content_of_file(const char *path)
{
    static char room[4096];
    AUTO(fd) f = -1;
    size_t len = 0;
    CHECK_OK(file_open(path, O_RDONLY, 0, &f));
    CHECK_OK(file_read_at(f, 0, room, sizeof room, &len));
    return (str){room, len};
}

/* ---- making */
TEST(a_new_directory_is_the_owners_alone)
{
    make("new");
    CHECK_INT(mode_of(data), ==, 0700);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
        CHECK_INT(mode_of(below(dirs[i])), ==, 0700);
    CHECK_INT(mode_of(below("keys/master.key")), ==, 0600);
    CHECK_INT(mode_of(below("policy.yaml")), ==, 0600);
    CHECK_INT(mode_of(below("hoheit.yaml")), ==, 0600);
    CHECK_STR(content_of_file(below("policy.yaml")), STR("version: 1\n"));
    CHECK_OK(datadir_check(data));
}

TEST(making_it_again_keeps_what_is_there)
{
    AUTO(secret) before = {.at = NULL};
    AUTO(secret) after = {.at = NULL};
    make("again");
    NEED_OK(datadir_master_key(data, &before));
    CHECK_OK(file_write_atomic(below("hoheit.yaml"), STR("log.level: debug\n"), 0600));
    CHECK_OK(datadir_make(data, STR("version: 2\n")));
    NEED_OK(datadir_master_key(data, &after));
    CHECK(secret_eq((str){(char *)before.at, before.len}, (str){(char *)after.at, after.len}));
    CHECK_STR(content_of_file(below("hoheit.yaml")), STR("log.level: debug\n"));
    CHECK_STR(content_of_file(below("policy.yaml")), STR("version: 1\n"));
}

TEST(two_directories_have_two_keys)
{
    AUTO(secret) a = {.at = NULL};
    AUTO(secret) b = {.at = NULL};
    make("one");
    NEED_OK(datadir_master_key(data, &a));
    make("other");
    NEED_OK(datadir_master_key(data, &b));
    CHECK_INT(a.len, ==, 32);
    CHECK(!secret_eq((str){(char *)a.at, a.len}, (str){(char *)b.at, b.len}));
}

TEST(a_file_in_the_way_is_an_error)
{
    choose("file");
    CHECK_OK(file_write_atomic(data, STR("x"), 0600));
    CHECK_ERR(datadir_make(data, STR("")), CONFLICT);
}

/* ---- checking */
TEST(a_directory_that_was_never_made_says_how_to_make_it)
{
    choose("none");
    CHECK_ERR(datadir_check(data), CONFIG);
    CHECK(str_find(str_of(err_text()), STR("hoheit init")) >= 0);
}

TEST(each_missing_part_is_named)
{
    make("parts");
    CHECK_OK(file_remove(below("keys/master.key")));
    CHECK_ERR(datadir_check(data), CONFIG);
    CHECK(str_find(str_of(err_text()), STR("keys/master.key")) >= 0);
    for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
        CHECK_OK(datadir_make(data, STR("")));
        CHECK_OK(datadir_check(data));
        CHECK_OK(file_remove_tree(below(dirs[i])));
        CHECK_ERR(datadir_check(data), CONFIG);
        CHECK(str_find(str_of(err_text()), str_of(dirs[i])) >= 0);
    }
}

TEST(what_others_may_read_or_enter_is_refused_with_the_way_out)
{
    static const unsigned open_modes[] = {0701, 0710, 0720, 0740, 0702, 0704, 0777};
    make("open");
    for (size_t i = 0; i < sizeof open_modes / sizeof *open_modes; i++) {
        CHECK_INT(chmod(below("audit"), open_modes[i]), ==, 0);
        CHECK_ERR(datadir_check(data), FORBIDDEN_FILE);
        CHECK(str_find(str_of(err_text()), STR("chmod go= ")) >= 0);
    }
    CHECK_INT(chmod(below("audit"), 0700), ==, 0);
    CHECK_OK(datadir_check(data));
    CHECK_INT(chmod(below("keys/master.key"), 0640), ==, 0);
    CHECK_ERR(datadir_check(data), FORBIDDEN_FILE);
    CHECK_INT(chmod(below("keys/master.key"), 0600), ==, 0);
    CHECK_INT(chmod(data, 0755), ==, 0);
    CHECK_ERR(datadir_check(data), FORBIDDEN_FILE);
}

TEST(what_belongs_to_somebody_else_is_refused)
{
    make("foreign");
    if (geteuid() != 0)
        SKIP("only root can give a file away");
    CHECK_INT(chown(below("keys/master.key"), 65534, 65534), ==, 0);
    CHECK_ERR(datadir_check(data), FORBIDDEN_FILE);
    CHECK(str_find(str_of(err_text()), STR("65534")) >= 0);
}

/* ---- the master key */
TEST(a_key_of_another_length_is_no_key)
{
    static const size_t lens[] = {0, 1, 16, 31, 33, 64, 4000};
    static const char zeros[4000];
    make("length");
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        secret key = {.at = NULL};
        CHECK_OK(file_write_atomic(below("keys/master.key"), (str){zeros, lens[i]}, 0600));
        CHECK_ERR(datadir_master_key(data, &key), CORRUPT);
        CHECK(!key.at);
    }
}

TEST(a_missing_key_is_not_made_up)
{
    secret key = {.at = NULL};
    make("keyless");
    CHECK_OK(file_remove(below("keys/master.key")));
    CHECK_ERR(datadir_master_key(data, &key), NOT_FOUND);
    CHECK(!key.at);
}

TEST(a_path_too_long_is_refused_and_not_cut)
{
    char path[1100];
    secret key = {.at = NULL};
    fd lock = -1;
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    CHECK_ERR(datadir_master_key(path, &key), ARGUMENT);
    CHECK_ERR(datadir_lock(path, &lock), ARGUMENT);
    CHECK(!key.at && lock == -1);
}

/* ---- the lock */
/* In another process: does it get the lock?  Its error's code, and the text when it is refused. */
static int
lock_elsewhere(char *text, size_t room)
{
    int ends[2], status = -1;
    if (pipe(ends) != 0)
        return -1;
    const pid_t pid = fork();
    if (pid == 0) {
        fd lock = -1;
        const err e = datadir_lock(data, &lock);
        const str said = str_of(e.code ? err_text() : "");
        _exit(write(ends[1], said.at, said.len) == (ssize_t)said.len ? e.code : 255);
    }
    close(ends[1]);
    const ssize_t n = read(ends[0], text, room - 1);
    text[n > 0 ? n : 0] = '\0';
    close(ends[0]);
    CHECK_INT(waitpid(pid, &status, 0), ==, pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_second_process_is_refused_and_told_who_is_there)
{
    char text[1024], own[32];
    make("lock");
    {
        AUTO(fd) lock = -1;
        NEED_OK(datadir_lock(data, &lock));
        CHECK_INT(lock_elsewhere(text, sizeof text), ==, ERR_CONFLICT);
        snprintf(own, sizeof own, "process id %ld", (long)getpid());
        CHECK(str_find(str_of(text), str_of(own)) >= 0);
    }
    CHECK_INT(lock_elsewhere(text, sizeof text), ==, 0);
}

TEST(a_pid_file_left_over_does_not_lock)
{
    AUTO(fd) lock = -1;
    char pid[32];
    make("stale");
    CHECK_OK(file_write_atomic(below("run/hoheitd.pid"), STR("123456789012345678901"), 0600));
    CHECK_OK(datadir_lock(data, &lock));
    snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
    CHECK_STR(content_of_file(below("run/hoheitd.pid")), str_of(pid));
    CHECK_INT(mode_of(below("run/hoheitd.pid")), ==, 0600);
}

/* ---- faults */
TEST(whatever_fails_a_second_try_makes_it_whole)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        char name[32];
        secret key = {.at = NULL};
        fd lock = -1;
        snprintf(name, sizeof name, "fault-%ld", n);
        choose(name);
        fault_arm(n);
        err e = datadir_make(data, STR("version: 1\n"));
        if (!e.code)
            e = datadir_master_key(data, &key);
        if (!e.code)
            e = datadir_lock(data, &lock);
        fired = fault_fired();
        fault_arm(0);
        CHECK(!e.code || fired);
        CHECK_OK(datadir_make(data, STR("version: 1\n")));
        CHECK_OK(datadir_check(data));
        secret_done(&key);
        CHECK_OK(datadir_master_key(data, &key));
        secret_done(&key);
        fd_auto(&lock);
        CHECK_OK(datadir_lock(data, &lock));
        fd_auto(&lock);
    }
}
