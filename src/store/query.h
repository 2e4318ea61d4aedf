/* SPDX-License-Identifier: EUPL-1.2 */
/* query.h - prepared statements over SQLite, for the .c files of store/ only.
 *
 *     AUTO(query) q = {0};
 *     TRY(query_begin(d, QUERY_ALIAS_LIST, &q));
 *     query_bind_str(&q, ...);                        parameters in their order
 *     TRY(query_next(&q, &is_row)); query_str(&q, column, a, &s);
 *
 * The text of a statement is in query.def and nowhere else; each is compiled once per open file
 * and reset when the query goes out of scope.  A failed bind is reported by query_next, as a buf
 * reports at its end.  What is bound is not copied and must live until then.
 *
 * Every step asks fault_now(), so a test can make the n-th one fail. */
#pragma once
#include "base/arena.h"
#include "policy/label.h"
#include "store/db.h"

struct sqlite3;
struct sqlite3_stmt;

enum query_id {
#define QUERY(id, text) QUERY_##id,
#include "store/query.def"
#undef QUERY
    QUERY_COUNT
};

struct db {
    struct sqlite3 *sqlite;
    struct sqlite3_stmt *prepared[QUERY_COUNT];
    bool is_light; /* commits are not flushed */
};

typedef struct {
    db *d;
    struct sqlite3_stmt *stmt;
    int bound, rc; /* parameters so far; the first failure of a bind */
} query;

/* One use of a statement at a time. */
fallible query_begin(db *d, enum query_id id, query *ret);
void query_bind_str(query *q, str s);
void query_bind_i64(query *q, int64_t n);
void query_bind_blob(query *q, const void *bytes, size_t len);
void query_bind_label(query *q, label l);
fallible query_next(query *q, bool *ret_is_row);
/* For statements without rows; *ret_changed, which may be NULL, counts the rows changed. */
fallible query_run(query *q, int64_t *ret_changed);
/* Columns of the current row. */
fallible query_str(query *q, int column, arena *a, str *ret);
int64_t query_i64(query *q, int column);
/* CORRUPT unless it has exactly `len` bytes. */
fallible query_blob(query *q, int column, void *ret, size_t len);
/* Bytes of any length, until the next step. */
str query_bytes(query *q, int column);
fallible query_label(query *q, int column, label *ret);
void query_auto(query *q);

/* SQLite's result as an err; `what` is what was tried.  OK for SQLITE_OK, ROW and DONE. */
fallible query_check(int rc, const char *what);
