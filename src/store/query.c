/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/query.h"

#include <sqlite3.h>

#include "base/fault.h"

static const char *const texts[] = {
#define QUERY(id, text) text,
#include "store/query.def"
#undef QUERY
};

static enum err_code
code_of(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
        return ERR_CONFLICT;
    case SQLITE_IOERR_CORRUPTFS:
    case SQLITE_IOERR_SHORT_READ:
        return ERR_CORRUPT;
    case SQLITE_IOERR_NOMEM:
        return ERR_LIMIT;
    case SQLITE_IOERR_SHMSIZE: /* the log's index could not grow */
        return ERR_DISK_FULL;
    default:
        break;
    }
    switch (rc & 0xff) {
    case SQLITE_FULL:
        return ERR_DISK_FULL;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT: /* a row that the schema rules out and we never write */
    case SQLITE_ERROR:      /* a constant statement that does not fit the schema it meets */
        return ERR_CORRUPT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_NOMEM:
        return ERR_LIMIT;
    case SQLITE_TOOBIG:
        return ERR_ARGUMENT;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
        return ERR_FORBIDDEN_FILE;
    case SQLITE_IOERR:
        return ERR_IO;
    default:
        return ERR_INTERNAL;
    }
}

/* The sentence is SQLite's own, by number: sqlite3_errmsg may quote values. */
fallible
query_check(int rc, const char *what)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return OK;
    const enum err_code code = code_of(rc);
    if (code == ERR_CORRUPT)
        REFUSE(CORRUPT, "",
               "records.db is damaged or not ours (%s: %s); restore the file from the backup", what,
               sqlite3_errstr(rc));
    return err_start(code, __FILE__, __LINE__, __func__, "records: %s: %s (%d)", what,
                     sqlite3_errstr(rc), rc);
}

fallible
query_begin(db *d, enum query_id id, query *ret)
{
    ASSERT(id < QUERY_COUNT);
    if (!d->prepared[id]) {
        const int rc = fault_now()
                           ? SQLITE_IOERR
                           : sqlite3_prepare_v3(d->sqlite, texts[id], -1, SQLITE_PREPARE_PERSISTENT,
                                                &d->prepared[id], NULL);
        TRY(query_check(rc, "prepare a statement"));
    }
    ASSERT(!sqlite3_stmt_busy(d->prepared[id]));
    *ret = (query){.d = d, .stmt = d->prepared[id]};
    return OK;
}

static void
bound(query *q, int rc)
{
    q->rc = q->rc ? q->rc : rc;
}

/* NULL would bind SQL's NULL, which no column takes. */
void
query_bind_str(query *q, str s)
{
    bound(q, sqlite3_bind_text64(q->stmt, ++q->bound, s.len ? s.at : "", s.len, SQLITE_STATIC,
                                 SQLITE_UTF8));
}

void
query_bind_i64(query *q, int64_t n)
{
    bound(q, sqlite3_bind_int64(q->stmt, ++q->bound, n));
}

void
query_bind_blob(query *q, const void *bytes, size_t len)
{
    ASSERT(bytes && len);
    bound(q, sqlite3_bind_blob64(q->stmt, ++q->bound, bytes, len, SQLITE_STATIC));
}

void
query_bind_label(query *q, label l)
{
    uint8_t bytes[sizeof l];
    for (size_t i = 0; i < sizeof l; i++)
        bytes[i] = (uint8_t)(l.w[i / 8] >> (i % 8 * 8));
    bound(q, sqlite3_bind_blob64(q->stmt, ++q->bound, bytes, sizeof bytes, SQLITE_TRANSIENT));
}

fallible
query_next(query *q, bool *ret_is_row)
{
    ASSERT(q->bound == sqlite3_bind_parameter_count(q->stmt));
    int rc = q->rc;
    if (!rc)
        rc = fault_now() ? SQLITE_IOERR : sqlite3_step(q->stmt);
    TRY(query_check(rc, "run a statement"));
    *ret_is_row = rc == SQLITE_ROW;
    return OK;
}

fallible
query_run(query *q, int64_t *ret_changed)
{
    bool is_row = false;
    TRY(query_next(q, &is_row));
    ASSERT(!is_row);
    if (ret_changed)
        *ret_changed = sqlite3_changes64(q->d->sqlite);
    return OK;
}

fallible
query_str(query *q, int column, arena *a, str *ret)
{
    const char *at = (const char *)sqlite3_column_text(q->stmt, column);
    const int len = sqlite3_column_bytes(q->stmt, column);
    if (!at)
        return query_check(sqlite3_column_type(q->stmt, column) == SQLITE_NULL ? SQLITE_CORRUPT
                                                                               : SQLITE_NOMEM,
                           "read a column");
    TRY(try_arena_str(a, (str){at, (size_t)len}, ret));
    return OK;
}

int64_t
query_i64(query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

fallible
query_blob(query *q, int column, void *ret, size_t len)
{
    const void *at = sqlite3_column_blob(q->stmt, column);
    if (!at || (size_t)sqlite3_column_bytes(q->stmt, column) != len)
        return query_check(SQLITE_CORRUPT, "read a column");
    memcpy(ret, at, len);
    return OK;
}

str
query_bytes(query *q, int column)
{
    const void *at = sqlite3_column_blob(q->stmt, column);
    return (str){at, at ? (size_t)sqlite3_column_bytes(q->stmt, column) : 0};
}

fallible
query_label(query *q, int column, label *ret)
{
    uint8_t bytes[sizeof *ret];
    TRY(query_blob(q, column, bytes, sizeof bytes));
    *ret = LABEL_BOTTOM;
    for (size_t i = 0; i < sizeof bytes; i++)
        ret->w[i / 8] |= (uint64_t)bytes[i] << (i % 8 * 8);
    return OK;
}

/* The result of the reset is that of the last step, which was reported then. */
void
query_auto(query *q)
{
    if (!q->stmt)
        return;
    (void)sqlite3_reset(q->stmt);
    (void)sqlite3_clear_bindings(q->stmt);
    q->stmt = NULL;
}
