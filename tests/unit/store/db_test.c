/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "store/models.h"
#include "store/people.h"
#include "store/query.h"
#include "test.h"

enum { PATH_LEN = 256, FILE_MAX = 1 << 20 };

static const char *
path_of(const char *name, char room[PATH_LEN])
{
    snprintf(room, PATH_LEN, "%s/%s", test_dir(), name);
    return room;
}

static void
remove_all(const char *path)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    char room[PATH_LEN + 16];
    for (int i = 0; i < 4; i++) {
        snprintf(room, sizeof room, "%s%s", path, ends[i]);
        unlink(room);
    }
}

/* What "value" is set to, as a number; -1 if it is not there. */
static int
value_of(db *d)
{
    AUTO(arena) *a = NULL;
    str s = STR_NONE;
    CHECK_OK(arena_open(4096, &a));
    CHECK_OK(setting_get(d, a, STR("value"), &s));
    return s.len ? (int)strtol(s.at, NULL, 10) : -1;
}

static err
set_value(db *d, int value)
{
    char room[16];
    snprintf(room, sizeof room, "%d", value);
    return setting_set(d, STR("value"), str_of(room));
}

static err
run_foreign(const char *path, const char *text)
{
    sqlite3 *s = NULL;
    const int rc = sqlite3_open(path, &s);
    const int rc2 = rc ? rc : sqlite3_exec(s, text, NULL, NULL, NULL);
    sqlite3_close(s);
    if (rc2)
        FAIL(IO, "%s: %d", text, rc2);
    return OK;
}

static size_t
read_bytes(const char *path, char *room)
{
    FILE *f = fopen(path, "r");
    const size_t len = f ? fread(room, 1, FILE_MAX, f) : 0;
    if (f)
        fclose(f);
    return len;
}

static void
write_bytes(const char *path, const char *bytes, size_t len)
{
    FILE *f = fopen(path, "w");
    NEED(f);
    CHECK_INT(fwrite(bytes, 1, len, f), ==, len);
    fclose(f);
}

/* ---- the good case */

TEST(a_new_file_is_made_and_found_again)
{
    char room[PATH_LEN];
    db *d = NULL;
    NEED_OK(db_open(path_of("new", room), &d));
    CHECK_INT(value_of(d), ==, -1);
    CHECK_OK(set_value(d, 7));
    db_close(d);
    NEED_OK(db_open(room, &d));
    CHECK_INT(value_of(d), ==, 7);
    db_close(d);
    db_close(NULL);
}

TEST(only_the_owner_may_read_the_files)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    char room[PATH_LEN], beside[PATH_LEN + 8];
    db *d = NULL;
    const mode_t mask = umask(0);
    NEED_OK(db_open(path_of("mode", room), &d));
    CHECK_OK(set_value(d, 1));
    for (int i = 0; i < 3; i++) {
        struct stat st;
        snprintf(beside, sizeof beside, "%s%s", room, ends[i]);
        NEED(stat(beside, &st) == 0);
        CHECK_INT(st.st_mode & 0777, ==, 0600);
    }
    umask(mask);
    db_close(d);
}

TEST(an_empty_file_is_a_new_one)
{
    char room[PATH_LEN];
    db *d = NULL;
    write_bytes(path_of("empty", room), "", 0);
    NEED_OK(db_open(room, &d));
    CHECK_OK(set_value(d, 1));
    db_close(d);
}

TEST(what_is_rolled_back_was_never_there)
{
    char room[PATH_LEN];
    db *d = NULL;
    NEED_OK(db_open(path_of("rollback", room), &d));
    CHECK_OK(set_value(d, 1));
    NEED_OK(db_begin(d));
    CHECK_OK(set_value(d, 2));
    CHECK_INT(value_of(d), ==, 2);
    db_rollback(d);
    CHECK_INT(value_of(d), ==, 1);
    db_rollback(d);
    NEED_OK(db_begin(d));
    CHECK_OK(set_value(d, 3));
    CHECK_OK(db_commit(d));
    db_rollback(d);
    db_close(d);
    NEED_OK(db_open(room, &d));
    CHECK_INT(value_of(d), ==, 3);
    db_close(d);
}

TEST(a_transaction_left_open_is_undone_at_close)
{
    char room[PATH_LEN];
    db *d = NULL;
    NEED_OK(db_open(path_of("left", room), &d));
    NEED_OK(db_begin(d));
    CHECK_OK(set_value(d, 2));
    db_close(d);
    NEED_OK(db_open(room, &d));
    CHECK_INT(value_of(d), ==, -1);
    db_close(d);
}

TEST(while_one_program_writes_another_is_told_to_wait)
{
    char room[PATH_LEN];
    db *one = NULL, *two = NULL;
    NEED_OK(db_open(path_of("two", room), &one));
    NEED_OK(db_open(room, &two));
    NEED_OK(db_begin(one));
    CHECK_ERR(db_begin(two), BUSY);
    CHECK_OK(set_value(one, 5));
    CHECK_OK(db_commit(one));
    CHECK_INT(value_of(two), ==, 5);
    db_close(one);
    db_close(two);
}

static int64_t
synchronous_of(db *d)
{
    sqlite3_stmt *ask = NULL;
    int64_t mode = -1;
    if (sqlite3_prepare_v2(d->sqlite, "PRAGMA synchronous", -1, &ask, NULL) == SQLITE_OK &&
        sqlite3_step(ask) == SQLITE_ROW)
        mode = sqlite3_column_int64(ask, 0);
    sqlite3_finalize(ask);
    return mode;
}

TEST(only_a_light_transaction_is_not_flushed)
{
    char room[PATH_LEN];
    db *d = NULL;
    NEED_OK(db_open(path_of("light", room), &d));
    for (int i = 0; i < 2; i++) {
        CHECK_INT(synchronous_of(d), ==, 2);
        CHECK_OK(db_begin_light(d));
        CHECK_INT(synchronous_of(d), ==, 1);
        CHECK_OK(set_value(d, i));
        if (i)
            db_rollback(d);
        else
            CHECK_OK(db_commit(d));
        CHECK_INT(synchronous_of(d), ==, 2);
        CHECK_INT(value_of(d), ==, 0);
        CHECK_OK(db_begin(d));
        CHECK_INT(synchronous_of(d), ==, 2);
        CHECK_OK(db_commit(d));
    }
    db_close(d);
}

TEST(whatever_fails_in_a_light_transaction_the_next_is_flushed)
{
    char room[PATH_LEN];
    db *d = NULL;
    bool fired = true;
    NEED_OK(db_open(path_of("light-faults", room), &d));
    for (long n = 1; fired; n++) {
        fault_arm(n);
        err e = db_begin_light(d);
        if (!e.code)
            e = set_value(d, 7);
        if (!e.code)
            e = db_commit(d);
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
        if (e.code)
            db_rollback(d);
        CHECK_INT(synchronous_of(d), ==, 2);
    }
    db_close(d);
}

/* ---- files that are not to be opened */

TEST(a_path_that_leads_nowhere_is_refused)
{
    char room[PATH_LEN], target[PATH_LEN];
    db *d = NULL;
    CHECK_ERR(db_open(path_of("no/such/dir", room), &d), NOT_FOUND);
    NEED(mkdir(path_of("dir", room), 0700) == 0);
    CHECK(db_open(room, &d).code);
    write_bytes(path_of("target", target), "", 0);
    NEED(symlink(target, path_of("link", room)) == 0);
    CHECK(db_open(room, &d).code);
    CHECK(!d);
}

TEST(a_file_of_another_program_is_refused_and_not_touched)
{
    static char before[FILE_MAX], after[FILE_MAX];
    char room[PATH_LEN];
    db *d = NULL;
    NEED_OK(run_foreign(path_of("foreign", room), "CREATE TABLE t (x); INSERT INTO t VALUES (1)"));
    const size_t len = read_bytes(room, before);
    CHECK_ERR(db_open(room, &d), CORRUPT);
    CHECK(str_find(str_of(err_public((err){ERR_CORRUPT})), STR("another program")) > 0);
    CHECK_INT(read_bytes(room, after), ==, len);
    CHECK(memcmp(before, after, len) == 0);
    NEED_OK(run_foreign(room, "PRAGMA application_id = 1; PRAGMA user_version = 1"));
    CHECK_ERR(db_open(room, &d), CORRUPT);
}

static int
version_of(const char *path)
{
    sqlite3 *s = NULL;
    sqlite3_stmt *ask = NULL;
    int version = -1;
    if (sqlite3_open(path, &s) == SQLITE_OK &&
        sqlite3_prepare_v2(s, "PRAGMA user_version", -1, &ask, NULL) == SQLITE_OK &&
        sqlite3_step(ask) == SQLITE_ROW)
        version = sqlite3_column_int(ask, 0);
    sqlite3_finalize(ask);
    sqlite3_close(s);
    return version;
}

TEST(a_file_of_a_newer_version_is_refused_and_not_touched)
{
    char room[PATH_LEN], back[64];
    db *d = NULL;
    NEED_OK(db_open(path_of("newer", room), &d));
    CHECK_OK(set_value(d, 3));
    db_close(d);
    const int version = version_of(room);
    NEED_OK(run_foreign(room, "PRAGMA user_version = 99"));
    d = NULL;
    CHECK_ERR(db_open(room, &d), CONFIG);
    CHECK(str_find(str_of(err_public((err){ERR_CONFIG})), STR("schema 99")) > 0);
    snprintf(back, sizeof back, "PRAGMA user_version = %d", version);
    NEED_OK(run_foreign(room, back));
    NEED_OK(db_open(room, &d));
    CHECK_INT(value_of(d), ==, 3);
    db_close(d);
}

TEST(random_bytes_are_no_records)
{
    char room[PATH_LEN], bytes[8192];
    path_of("random", room);
    for (int round = 0; round < 50; round++) {
        db *d = NULL;
        const size_t len = 1 + test_random() % sizeof bytes;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)test_random();
        if (round % 2)
            memcpy(bytes, "SQLite format 3", 16);
        remove_all(room);
        write_bytes(room, bytes, len);
        CHECK_ERR(db_open(room, &d), CORRUPT);
        CHECK(!d);
    }
    db *d = NULL;
    remove_all(room);
    write_bytes(room, "hello", 5);
    CHECK_ERR(db_open(room, &d), CORRUPT);
}

/* A closed file with some rows in every table, in memory. */
static size_t
good_file(char *bytes)
{
    char room[PATH_LEN];
    db *d = NULL;
    remove_all(path_of("good", room));
    CHECK_OK(db_open(room, &d));
    for (int i = 0; i < 200; i++) {
        char alias[40];
        snprintf(alias, sizeof alias, "an-alias-of-some-length-%d", i);
        CHECK_OK(alias_set(d, str_of(alias), STR("model")));
    }
    CHECK_OK(set_value(d, 42));
    db_close(d);
    return read_bytes(room, bytes);
}

/* Closer to the end in smaller steps: there a cut is the least like damage. */
static size_t
step_of(size_t left)
{
    if (left > 1024)
        return 1 + test_random() % 1024;
    return left > 38 ? 37 : 1;
}

TEST(a_file_cut_off_anywhere_is_refused)
{
    static char bytes[FILE_MAX];
    char room[PATH_LEN];
    const size_t len = good_file(bytes);
    path_of("cut", room);
    NEED(len > 20000);
    for (size_t cut = 1; cut < len; cut += step_of(len - cut)) {
        db *d = NULL;
        remove_all(room);
        write_bytes(room, bytes, cut);
        if (db_open(room, &d).code != ERR_CORRUPT)
            test_fail(__FILE__, __LINE__, "cut at %zu of %zu: %s", cut, len,
                      d ? "ok" : err_trail());
        db_close(d);
    }
}

/* A flipped bit that the format does not notice may be read; nothing else but an honest answer. */
TEST(a_flipped_bit_of_the_head_is_damage_or_harmless)
{
    static char bytes[FILE_MAX];
    char room[PATH_LEN];
    const size_t len = good_file(bytes);
    int refused = 0;
    path_of("flip", room);
    for (size_t bit = 0; bit < 8 * 112; bit++) {
        db *d = NULL;
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << (bit % 8)));
        remove_all(room);
        write_bytes(room, bytes, len);
        const err e = db_open(room, &d);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ (1 << (bit % 8)));
        refused += e.code != 0;
        if (!e.code)
            CHECK_INT(value_of(d), ==, 42);
        else if (e.code != ERR_CORRUPT && e.code != ERR_CONFIG && e.code != ERR_FORBIDDEN_FILE)
            test_fail(__FILE__, __LINE__, "bit %zu: %s", bit, err_trail());
        db_close(d);
    }
    CHECK_INT(refused, >, 300);
}

TEST(overwritten_pages_are_damage)
{
    static char bytes[FILE_MAX], copy[FILE_MAX];
    char room[PATH_LEN];
    const size_t len = good_file(bytes), pages = len / 4096;
    path_of("page", room);
    for (size_t page = 0; page < pages; page++) {
        db *d = NULL;
        memcpy(copy, bytes, len);
        memset(copy + page * 4096, 0xa5, 4096);
        remove_all(room);
        write_bytes(room, copy, len);
        CHECK_ERR(db_open(room, &d), CORRUPT);
        NEED(!d);
    }
}

/* ---- crashes */

/* What a machine that stops finds: the file and its log as they are while it is open. */
TEST(what_was_committed_survives_a_stop_without_close)
{
    static char bytes[FILE_MAX];
    char room[PATH_LEN], wal[PATH_LEN + 8], copy[PATH_LEN], copy_wal[PATH_LEN + 8];
    db *d = NULL, *again = NULL;
    NEED_OK(db_open(path_of("open", room), &d));
    snprintf(wal, sizeof wal, "%s-wal", room);
    snprintf(copy_wal, sizeof copy_wal, "%s-wal", path_of("stopped", copy));
    for (int i = 0; i < 20; i++) {
        CHECK_OK(set_value(d, i));
        NEED_OK(db_begin(d));
        CHECK_OK(set_value(d, 1000));
        remove_all(copy);
        write_bytes(copy, bytes, read_bytes(room, bytes));
        write_bytes(copy_wal, bytes, read_bytes(wal, bytes));
        db_rollback(d);
        NEED_OK(db_open(copy, &again));
        CHECK_INT(value_of(again), ==, i);
        db_close(again);
    }
    db_close(d);
}

/* Commits one number after the other and says so on the pipe, until it is killed. */
_Noreturn static void
commit_for_ever(const char *path, int out)
{
    db *d = NULL;
    if (db_open(path, &d).code)
        _exit(1);
    for (int i = 1;; i++)
        if (set_value(d, i).code || write(out, &i, sizeof i) != sizeof i)
            _exit(1);
}

TEST(what_was_acknowledged_survives_kill)
{
    char room[PATH_LEN];
    path_of("kill", room);
    for (int round = 0; round < 8; round++) {
        int ends[2], last = 0;
        NEED(pipe(ends) == 0);
        const pid_t child = fork();
        if (child == 0)
            commit_for_ever(room, ends[1]);
        close(ends[1]);
        const int stop_at = 1 + (int)(test_random() % 30);
        while (last < stop_at && read(ends[0], &last, sizeof last) == sizeof last)
            ;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(ends[0], &last, sizeof last) == sizeof last)
            ;
        close(ends[0]);
        db *d = NULL;
        CHECK_INT(last, >=, stop_at);
        NEED_OK(db_open(room, &d));
        CHECK_INT(value_of(d), >=, last);
        CHECK_INT(value_of(d), <=, last + 1);
        CHECK_OK(set_value(d, 0));
        db_close(d);
    }
}

/* ---- a full disk: the n-th write of SQLite fails with ENOSPC, and all that follow */

static long writes_left = -1;
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);

static ssize_t
full_pwrite(int f, const void *at, size_t len, off_t offset)
{
    if (writes_left == 0) {
        errno = ENOSPC;
        return -1;
    }
    writes_left -= writes_left > 0;
    return real_pwrite(f, at, len, offset);
}

static void
hook_writes(void)
{
    static const char *const names[] = {"pwrite", "pwrite64"};
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (int i = 0; i < 2; i++) {
        const sqlite3_syscall_ptr found = vfs->xGetSystemCall(vfs, names[i]);
        if (found && found != (sqlite3_syscall_ptr)full_pwrite) {
            real_pwrite = (ssize_t(*)(int, const void *, size_t, off_t))found;
            vfs->xSetSystemCall(vfs, names[i], (sqlite3_syscall_ptr)full_pwrite);
        }
    }
}

static err
change_much(const char *path)
{
    db *d = NULL;
    TRY(db_open(path, &d));
    err e = db_begin(d);
    for (int i = 0; i < 300 && !e.code; i++) {
        char alias[64];
        snprintf(alias, sizeof alias, "another-alias-of-a-length-that-fills-pages-%d", i);
        e = alias_set(d, str_of(alias), STR("model"));
    }
    if (!e.code)
        e = set_value(d, 2);
    if (!e.code)
        e = db_commit(d);
    if (e.code)
        db_rollback(d);
    db_close(d);
    return e;
}

TEST(on_a_full_disk_all_or_nothing_is_kept_and_said_so)
{
    char room[PATH_LEN];
    int full = 0, done = 0;
    path_of("full", room);
    hook_writes();
    NEED(real_pwrite);
    for (long n = 0; n < 200 && done < 3; n++) {
        db *d = NULL;
        remove_all(room);
        NEED_OK(db_open(room, &d));
        CHECK_OK(set_value(d, 1));
        db_close(d);
        writes_left = n;
        const err e = change_much(room);
        writes_left = -1;
        if (e.code && e.code != ERR_DISK_FULL)
            test_fail(__FILE__, __LINE__, "write %ld: %s", n, err_trail());
        full += e.code != 0;
        done += e.code == 0;
        NEED_OK(db_open(room, &d));
        CHECK_INT(value_of(d), ==, e.code ? 1 : 2);
        db_close(d);
    }
    CHECK_INT(full, >, 5);
    CHECK_INT(done, ==, 3);
}

TEST(a_new_file_on_a_full_disk_is_refused_and_can_be_made_later)
{
    char room[PATH_LEN];
    int full = 0;
    path_of("newfull", room);
    hook_writes();
    for (long n = 0; n < 100; n++) {
        db *d = NULL;
        remove_all(room);
        writes_left = n;
        const err e = db_open(room, &d);
        db_close(d);
        writes_left = -1;
        if (e.code && e.code != ERR_DISK_FULL)
            test_fail(__FILE__, __LINE__, "write %ld: %s", n, err_trail());
        full += e.code != 0;
        d = NULL;
        NEED_OK(db_open(room, &d));
        CHECK_OK(set_value(d, 1));
        db_close(d);
        if (!e.code)
            break;
    }
    CHECK_INT(full, >, 3);
}

/* ---- injected faults */

TEST(every_fault_is_reported_and_the_file_stays_whole)
{
    char room[PATH_LEN];
    path_of("fault", room);
    for (int round = 0; round < 2; round++) {
        bool fired = true;
        long n = 1;
        for (; fired; n++) {
            db *d = NULL;
            if (round == 0)
                remove_all(room);
            NEED_OK(db_open(room, &d));
            CHECK_OK(set_value(d, 1));
            db_close(d);
            if (round == 0)
                remove_all(room);
            fault_arm(n);
            const err e = change_much(room);
            fired = fault_fired();
            fault_arm(0);
            NEED(fired == (e.code != 0));
            NEED_OK(db_open(room, &d));
            const int value = value_of(d);
            CHECK(e.code ? value == (round ? 1 : -1) : value == 2);
            db_close(d);
        }
        CHECK_INT(n, >, 300);
    }
}

static bool
is_in_files(const char *path, const char *what)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    static char bytes[FILE_MAX];
    bool found = false;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char beside[PATH_LEN + 8];
        snprintf(beside, sizeof beside, "%s%s", path, ends[i]);
        FILE *f = fopen(beside, "r");
        if (!f)
            continue;
        const size_t len = fread(bytes, 1, sizeof bytes, f);
        fclose(f);
        found = found || str_find((str){bytes, len}, str_of(what)) >= 0;
    }
    return found;
}

TEST(what_was_deleted_and_scrubbed_is_nowhere_in_the_files)
{
    for (int is_small = 0; is_small < 2; is_small++) {
        char room[PATH_LEN];
        db *d = NULL;
        bool is_anew = false;
        path_of(is_small ? "scrub-small" : "scrub-large", room);
        remove_all(room);
        NEED_OK(db_open(room, &d));
        NEED_OK(tenants_ensure(d, STR("Kanarienvogel"), 1));
        CHECK(is_in_files(room, "Kanarienvogel"));
        NEED_OK(tenants_remove(d, STR("Kanarienvogel")));
        NEED_OK(db_scrub(d, is_small ? 1 << 30 : 0, &is_anew));
        CHECK_INT(is_anew, ==, is_small);
        CHECK(!is_in_files(room, "Kanarienvogel"));
        CHECK_OK(tenants_ensure(d, STR("amt"), 1));
        db_close(d);
    }
}
