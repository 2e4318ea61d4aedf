/* SPDX-License-Identifier: EUPL-1.2 */
/* reader_proc.h - keeps a hoheit-reader running that decodes images for the gate (gate/sight/).
 *
 * Each process gets a new channel, whose other end is the gate's; it ends when the gate closes
 * that. One that dies is started again after 50 ms, then 100, 200 … up to engine.restart_ms_max
 * (backoff.h); what it was asked is the gate's to end.  One thread: the loop's. */
#pragma once
#include <sys/types.h>

#include "os/loop.h"
#include "super/boot.h"

typedef struct reader_proc reader_proc;

struct reader_proc_spec { /* what it points to outlives it */
    loop *l;
    const struct boot *boot;
    const char *bin_dir;
    /* It runs; the channel is the caller's to pass on, not to close. */
    void (*on_up)(void *ctx, pid_t pid, uint32_t restarts, int channel);
    void *ctx;
};

fallible reader_proc_new(const struct reader_proc_spec *spec, reader_proc **ret);
/* Kills what is left.  NULL is fine, here and below. */
void reader_proc_free(reader_proc *p);
/* There is a gate: from now on one runs. */
void reader_proc_start(reader_proc *p);
void reader_proc_stop(reader_proc *p);
/* False if `pid` is not its process. */
bool reader_proc_ended(reader_proc *p, pid_t pid, int status);
bool reader_proc_runs(const reader_proc *p);
