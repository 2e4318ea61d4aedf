/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/clock.h"
#include "os/file.h"

/* What a system call returns that an armed fault makes fail as a bad disk would. */
static int
broken(void)
{
    errno = EIO;
    return -1;
}

/* ---- the thread */

fallible
writer_cut(int f, uint64_t len)
{
    if ((fault_now() ? broken() : ftruncate(f, (off_t)len)) != 0)
        return file_errno("cut back", "the audit log");
    return OK;
}

static fallible
write_out(struct writer *w, const struct flush *job)
{
    if (w->is_torn)
        TRY(writer_cut(w->f, job->offset));
    w->is_torn = true;
    if (lseek(w->f, (off_t)job->offset, SEEK_SET) < 0)
        return file_errno("find the end of", "the audit log");
    TRY(file_write_all(w->f, job->bytes));
    /* The size is part of what fdatasync keeps; the time of change is not needed. */
    if ((fault_now() ? broken() : fdatasync(w->f)) != 0)
        return file_errno("sync", "the audit log");
    w->is_torn = false;
    return OK;
}

static void
run_flush(struct writer *w, struct flush *job)
{
    const uint64_t from = clock_us();
    job->result = write_out(w, job);
    if (job->result.code) {
        snprintf(job->reason, sizeof job->reason, "%s", err_text());
        w->is_torn = writer_cut(w->f, job->offset).code != 0;
    }
    job->took_us = clock_us() - from;
}

/* A pointer is far below PIPE_BUF, so it comes whole or not at all. */
static bool
get(int f, struct flush **ret)
{
    ssize_t n;
    do
        n = read(f, ret, sizeof *ret);
    while (n < 0 && errno == EINTR);
    return n == sizeof *ret;
}

static void
put(int f, struct flush *job)
{
    ssize_t n;
    do
        n = write(f, &job, sizeof job);
    while (n < 0 && errno == EINTR);
    ASSERT(n == sizeof job);
}

static void *
run(void *ctx)
{
    struct writer *w = ctx;
    struct flush *job;
    while (get(w->in[0], &job)) {
        run_flush(w, job);
        put(w->out[1], job);
    }
    return NULL;
}

/* ---- the loop's side */

static void
close_pipes(struct writer *w)
{
    for (int i = 0; i < 2; i++) {
        fd_auto(&w->in[i]);
        fd_auto(&w->out[i]);
    }
}

/* Signals are the loop's business. */
static int
start_thread(struct writer *w)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const int rc = fault_now() ? EAGAIN : pthread_create(&w->thread, NULL, run, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

fallible
writer_start(struct writer *w, int f)
{
    *w = (struct writer){.f = f, .in = {-1, -1}, .out = {-1, -1}};
    if ((fault_now() ? broken() : pipe2(w->in, O_CLOEXEC)) != 0 ||
        (fault_now() ? broken() : pipe2(w->out, O_CLOEXEC)) != 0) {
        const err e = file_errno("make", "a pipe");
        close_pipes(w);
        return e;
    }
    const int rc = start_thread(w);
    if (rc) {
        close_pipes(w);
        FAIL(LIMIT, "no thread for the audit log (%d)", rc);
    }
    w->is_started = true;
    return OK;
}

void
writer_give(struct writer *w, struct flush *job)
{
    ASSERT(w->is_started && !w->is_busy);
    w->is_busy = true;
    if (w->quick < WRITER_QUICK_RUN) {
        put(w->in[1], job);
        return;
    }
    run_flush(w, job);
    put(w->out[1], job);
}

int
writer_ready_fd(const struct writer *w)
{
    return w->out[0];
}

struct flush *
writer_take(struct writer *w, int wait_ms)
{
    struct pollfd p = {.fd = w->out[0], .events = POLLIN};
    struct flush *job = NULL;
    if (!w->is_busy || poll(&p, 1, wait_ms) != 1)
        return NULL;
    ASSERT(get(w->out[0], &job));
    w->is_busy = false;
    w->quick = job->took_us >= WRITER_QUICK_US || job->result.code ? 0 : w->quick + 1;
    return job;
}

void
writer_stop(struct writer *w)
{
    if (!w->is_started)
        return;
    ASSERT(!w->is_busy);
    fd_auto(&w->in[1]);
    pthread_join(w->thread, NULL);
    close_pipes(w);
    w->is_started = false;
}

void
writer_abandon(struct writer *w)
{
    ASSERT(w->is_started);
    pthread_detach(w->thread);
    w->is_started = false;
}
