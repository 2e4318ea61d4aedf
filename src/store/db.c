/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/db.h"

#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "store/query.h"

/* "Hoht": what tells our files from other programs' (SQLite's header, offset 68). */
enum { APPLICATION_ID = 0x486f6874 };

enum { BUSY_MS_MAX = 500, CHECK_BYTES_MAX = 16 * 1024 * 1024, PAGE_BYTES_MIN = 512 };

static const struct step {
    int version;
    const char *text;
} steps[] = {
#define STEP(version, text) {version, text},
#include "store/schema.def"
#undef STEP
};
enum { STEPS = sizeof steps / sizeof *steps };

static fallible
run_text(db *d, const char *text)
{
    const int rc = fault_now() ? SQLITE_IOERR : sqlite3_exec(d->sqlite, text, NULL, NULL, NULL);
    return query_check(rc, "run a statement");
}

struct answer {
    int64_t number;
    char text[16];
};

/* The first column of the first row. */
static fallible
ask(db *d, const char *text, struct answer *ret)
{
    sqlite3_stmt *s = NULL;
    int rc = fault_now() ? SQLITE_IOERR : sqlite3_prepare_v2(d->sqlite, text, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        ret->number = sqlite3_column_int64(s, 0);
        const char *first = (const char *)sqlite3_column_text(s, 0);
        snprintf(ret->text, sizeof ret->text, "%s", first ? first : "");
    }
    sqlite3_finalize(s);
    TRY(query_check(rc, "read the head of the file"));
    if (rc != SQLITE_ROW)
        FAIL(INTERNAL, "records: \"%s\" gave no row", text);
    return OK;
}

/* ---- what opening looks at */

struct look {
    uint64_t bytes;
    bool was_left_open; /* a write-ahead log is there */
};

/* Creates the file with our mode, which SQLite then gives to those beside it. */
static fallible
look_at(const char *path, struct look *ret)
{
    char beside[PATH_MAX];
    AUTO(fd) f = -1;
    TRY(file_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &f));
    TRY(file_size(f, &ret->bytes));
    const int n = snprintf(beside, sizeof beside, "%s-wal", path);
    if (n < 0 || (size_t)n >= sizeof beside)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(path));
    ret->was_left_open = access(beside, F_OK) == 0;
    return OK;
}

static fallible
connect(db *d, const char *path)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      SQLITE_OPEN_PRIVATECACHE;
    const int rc = fault_now() ? SQLITE_CANTOPEN : sqlite3_open_v2(path, &d->sqlite, flags, NULL);
    TRY(query_check(rc, "open the file"));
    sqlite3_busy_timeout(d->sqlite, BUSY_MS_MAX);
    sqlite3_db_config(d->sqlite, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(d->sqlite, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_limit(d->sqlite, SQLITE_LIMIT_ATTACHED, 0);
    return OK;
}

/* Nothing is written before it is known that the file is ours. */
static fallible
check_owner(db *d, int64_t *ret_version)
{
    struct answer id = {0}, version = {0}, tables = {0};
    TRY(ask(d, "SELECT count(*) FROM sqlite_schema", &tables));
    TRY(ask(d, "PRAGMA application_id", &id));
    TRY(ask(d, "PRAGMA user_version", &version));
    const bool is_new = tables.number == 0 && id.number == 0 && version.number == 0;
    if (!is_new && (id.number != APPLICATION_ID || version.number < 1))
        REFUSE(CORRUPT, "",
               "the file of records belongs to another program; restore ours from the backup");
    if (version.number > steps[STEPS - 1].version)
        REFUSE(CONFIG, "",
               "the records were written by a newer version (schema %lld, this program knows %d)",
               (long long)version.number, steps[STEPS - 1].version);
    *ret_version = version.number;
    return OK;
}

/* SQLite reads zeros where a page was cut off, which may pass for good.  With a write-ahead log the
 * file may be shorter than the records are. */
static fallible
check_length(db *d, const struct look *seen)
{
    struct answer size = {0}, count = {0};
    if (!seen->bytes || seen->was_left_open)
        return OK;
    TRY(ask(d, "PRAGMA page_size", &size));
    TRY(ask(d, "PRAGMA page_count", &count));
    const bool is_whole = (uint64_t)size.number * (uint64_t)count.number == seen->bytes;
    return query_check(is_whole ? SQLITE_OK : SQLITE_CORRUPT, "check the file's length");
}

static fallible
check_whole(db *d)
{
    struct answer found = {0};
    TRY(ask(d, "PRAGMA quick_check(1)", &found));
    const bool is_whole = str_eq(str_of(found.text), STR("ok"));
    return query_check(is_whole ? SQLITE_OK : SQLITE_CORRUPT, "check the file");
}

static fallible
take_steps(db *d, int64_t version)
{
    char text[128];
    for (int i = 0; i < STEPS; i++)
        if (steps[i].version > version)
            TRY(run_text(d, steps[i].text));
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d",
             APPLICATION_ID, steps[STEPS - 1].version);
    TRY(run_text(d, text));
    return OK;
}

static fallible
bring_forward(db *d, int64_t version)
{
    if (version == steps[STEPS - 1].version)
        return OK;
    TRY(db_begin(d));
    err e = take_steps(d, version);
    if (!e.code)
        e = db_commit(d);
    if (e.code)
        db_rollback(d);
    return e;
}

static fallible
set_modes(db *d)
{
    struct answer journal = {0}, synchronous = {0};
    TRY(run_text(d, "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;"
                    "PRAGMA temp_store = MEMORY; PRAGMA secure_delete = ON"));
    TRY(ask(d, "PRAGMA synchronous", &synchronous));
    TRY(ask(d, "PRAGMA journal_mode = WAL", &journal));
    if (synchronous.number != 2 || !str_eq(str_of(journal.text), STR("wal")))
        FAIL(IO, "records: the file system takes no write-ahead log");
    return OK;
}

static fallible
set_up(db *d, const char *path)
{
    struct look seen;
    int64_t version = 0;
    TRY(look_at(path, &seen));
    /* SQLite takes a file of one byte for a new one. */
    if (seen.bytes && seen.bytes < PAGE_BYTES_MIN)
        return query_check(SQLITE_NOTADB, "open the file");
    TRY(connect(d, path));
    TRY(check_owner(d, &version));
    TRY(check_length(d, &seen));
    if (seen.was_left_open || seen.bytes <= CHECK_BYTES_MAX)
        TRY(check_whole(d));
    TRY(set_modes(d));
    TRY(bring_forward(d, version));
    return OK;
}

fallible
db_open(const char *path, db **ret)
{
    db *d = mem_get(sizeof *d);
    if (!d)
        FAIL(LIMIT, "no memory for the records");
    *d = (db){0};
    const err e = set_up(d, path);
    if (e.code) {
        db_close(d);
        return e;
    }
    *ret = d;
    return OK;
}

void
db_close(db *d)
{
    if (!d)
        return;
    for (int i = 0; i < QUERY_COUNT; i++)
        sqlite3_finalize(d->prepared[i]);
    const int rc = sqlite3_close(d->sqlite);
    ASSERT(rc == SQLITE_OK);
    mem_free(d);
}

static fallible
run(db *d, enum query_id id)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, id, &q));
    TRY(query_run(&q, NULL));
    return OK;
}

/* Not prepared: a PRAGMA takes effect when it is compiled. */
static fallible
flush_commits(db *d, bool flush)
{
    if (d->is_light != flush)
        return OK;
    TRY(run_text(d, flush ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL"));
    d->is_light = !flush;
    return OK;
}

fallible
db_begin_light(db *d)
{
    ASSERT(sqlite3_get_autocommit(d->sqlite));
    TRY(flush_commits(d, false));
    return run(d, QUERY_BEGIN);
}

fallible
db_begin(db *d)
{
    ASSERT(sqlite3_get_autocommit(d->sqlite));
    return run(d, QUERY_BEGIN);
}

fallible
db_commit(db *d)
{
    ASSERT(!sqlite3_get_autocommit(d->sqlite));
    TRY(run(d, QUERY_COMMIT));
    return flush_commits(d, true);
}

/* Not through run(): giving up must not fail, and SQLite's ROLLBACK cannot. */
void
db_rollback(db *d)
{
    if (!sqlite3_get_autocommit(d->sqlite))
        (void)sqlite3_exec(d->sqlite, "ROLLBACK", NULL, NULL, NULL);
    if (d->is_light && sqlite3_exec(d->sqlite, "PRAGMA synchronous = FULL", NULL, NULL, NULL) == 0)
        d->is_light = false;
}

/* It attaches its copy. */
static fallible
write_anew(db *d)
{
    sqlite3_limit(d->sqlite, SQLITE_LIMIT_ATTACHED, 1);
    const err e = run_text(d, "VACUUM");
    sqlite3_limit(d->sqlite, SQLITE_LIMIT_ATTACHED, 0);
    return e;
}

fallible
db_scrub(db *d, uint64_t bytes_max, bool *ret_is_anew)
{
    struct answer pages = {0}, page_bytes = {0}, busy = {0};
    ASSERT(sqlite3_get_autocommit(d->sqlite));
    TRY(ask(d, "PRAGMA page_count", &pages));
    TRY(ask(d, "PRAGMA page_size", &page_bytes));
    const bool is_small = (uint64_t)pages.number <= bytes_max / (uint64_t)page_bytes.number;
    if (is_small)
        TRY(write_anew(d));
    TRY(ask(d, "PRAGMA wal_checkpoint(TRUNCATE)", &busy));
    if (busy.number)
        REFUSE(BUSY, "", "another program reads the records");
    *ret_is_anew = is_small;
    return OK;
}
