/* SPDX-License-Identifier: EUPL-1.2 */
/* reader_proc.h - starts a hoheit-reader for each document that the gate has to be read, in one of
 * CONTROL_READERS_MAX places: so many run at a time, whatever the gate asks for.
 *
 * A reader is asked one question and ends when the gate closes its channel.  One that is in a place
 * when the next is asked for is killed, and its worker with it; the next starts when it has ended.
 * None is started again by itself: the gate sees the channel close.  One thread: the loop's. */
#pragma once
#include <sys/types.h>

#include "base/err.h"
#include "engine/control.h"

typedef struct reader_procs reader_procs;

struct reader_procs_spec {
    const char *bin_dir; /* outlives it */
    /* It runs; the channel is the caller's to pass on, not to close.  -1: it could not be started.
     */
    void (*on_up)(void *ctx, uint64_t id, int channel);
    void *ctx;
};

fallible reader_procs_new(const struct reader_procs_spec *spec, reader_procs **ret);
/* Kills what is left.  NULL is fine, here and below. */
void reader_procs_free(reader_procs *p);
/* In the place of `id`, modulo CONTROL_READERS_MAX. */
void reader_procs_start(reader_procs *p, uint64_t id);
/* Kills it, unless another is in its place. */
void reader_procs_stop(reader_procs *p, uint64_t id);
/* All of them: the gate is gone. */
void reader_procs_stop_all(reader_procs *p);
/* A child has ended: was it one of these? */
bool reader_procs_ended(reader_procs *p, pid_t pid);
bool reader_procs_run(const reader_procs *p);
