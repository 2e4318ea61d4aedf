/* SPDX-License-Identifier: EUPL-1.2 */
/* writer.h - the thread that makes groups of records durable.  For audit/ only.
 *
 * Loop and thread share nothing: a flush is handed over through a pipe and comes back through
 * another, so whoever holds the pointer owns what it points to, and there is no lock.  One flush
 * is under way at a time.
 *
 * Where the last WRITER_QUICK_RUN flushes took less than WRITER_QUICK_US each - in memory, or below
 * a controller with a battery - waking a thread would cost more than the flush, and writer_give
 * does it at once; it comes back all the same.  One that is slow ends that.
 *
 * A flush is written at the offset the loop names and synced; if either fails, the file is cut
 * back to that offset, so nothing half-written stays.  If even that fails, the next flush cuts
 * first and fails until it can. */
#pragma once
#include <pthread.h>

#include "base/err.h"
#include "base/str.h"

enum { WRITER_QUICK_RUN = 256, WRITER_QUICK_US = 50 };

struct flush {
    str bytes;
    uint64_t offset;
    /* Set when it comes back. */
    err result;
    char reason[256]; /* err_text of the thread */
    uint64_t took_us;
};

struct writer {
    int f;             /* the log; the caller's to close */
    int in[2], out[2]; /* pipes to the thread and back */
    pthread_t thread;
    bool is_started, is_busy;
    unsigned quick; /* flushes in a row that were */
    /* Whose the flush is: bytes behind the last good one must go first. */
    bool is_torn;
};

/* Cuts the file to `len` bytes. */
fallible writer_cut(int f, uint64_t len);
fallible writer_start(struct writer *w, int f);
/* `job` is the thread's until writer_take gives it back. */
void writer_give(struct writer *w, struct flush *job);
/* Readable when a flush came back. */
int writer_ready_fd(const struct writer *w);
/* The flush that came back; NULL if none did within `wait_ms`. */
struct flush *writer_take(struct writer *w, int wait_ms);
/* Ends the thread, which must not be busy; fine if it was not started. */
void writer_stop(struct writer *w);
/* For a thread that hangs in the disk: it is left alone, with what it holds, until the process
 * ends. */
void writer_abandon(struct writer *w);
