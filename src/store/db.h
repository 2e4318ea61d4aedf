/* SPDX-License-Identifier: EUPL-1.2 */
/* db.h - the records of an installation in one SQLite file (WAL, full sync), behind an interface
 * that a PostgreSQL version can stand in for.  Nobody outside store/ sees SQL.
 *
 * Opening checks that the file is ours and whole: CORRUPT says so and names the way out; an older
 * schema is brought forward in one transaction, a newer one is CONFIG.  The check of the whole
 * file (quick_check) costs a read of all its pages: it is made when the file was not closed
 * cleanly, which a write-ahead log left behind tells, and always while the file is so small that
 * it takes milliseconds.  Damage that only a later statement meets is CORRUPT there.
 *
 * Files beside it while open: PATH-wal, PATH-shm.  One thread. */
#pragma once
#include "base/arena.h"

typedef struct db db;

/* Creates the file (mode 0600) when there is none; an empty file is a new one. */
fallible db_open(const char *path, db **ret);
void db_close(db *d);
/* All or nothing.  DISK_FULL, IO, CORRUPT as they come, BUSY when another program writes.  Not
 * nested.  After a failure in between, or of db_commit, call db_rollback. */
fallible db_begin(db *d);
/* The same for what must outlive this program but need not outlive a power cut: it is not flushed,
 * until something else is.  That db_commit fails can then also mean that it was done. */
fallible db_begin_light(db *d);
fallible db_commit(db *d);
/* Fine without a transaction: SQLite may have ended it by itself. */
void db_rollback(db *d);
/* What was deleted leaves no trace in the file or beside it: the write-ahead log is emptied and, if
 * the file has at most `bytes_max`, it is written anew (*ret_is_anew), which takes as much memory.
 * Deleted rows are overwritten in any case; only shreds of rows that were moved within a page could
 * be left otherwise. */
fallible db_scrub(db *d, uint64_t bytes_max, bool *ret_is_anew);
