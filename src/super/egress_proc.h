/* SPDX-License-Identifier: EUPL-1.2 */
/* egress_proc.h - keeps hoheit-egress running while there is a gate, where there are providers.
 *
 * Each process gets a new channel, whose other end is the gate's.  One that dies is started again
 * after 50 ms, then 100, 200 … up to engine.restart_ms_max (backoff.h); its calls are the gate's to
 * end.  With the gate it ends too: there is nobody left who asks.
 *
 * Descriptors of hoheit-egress: 3 the channel, 4 struct egress_boot in a sealed memfd.  One thread:
 * the loop's. */
#pragma once
#include <sys/types.h>

#include "egress/providers.h"
#include "os/loop.h"
#include "super/boot.h"

enum egress_fd { EGRESS_FD_CHANNEL = 3, EGRESS_FD_BOOT };

struct egress_boot {
    uint32_t version;     /* BOOT_VERSION */
    uint32_t connections; /* of all providers together, at most */
    char log_level[PARAM_TEXT_MAX], log_to[PARAM_TEXT_MAX], sandbox[PARAM_TEXT_MAX];
    struct providers providers;
};

typedef struct egress_proc egress_proc;

struct egress_proc_spec { /* what it points to outlives it */
    loop *l;
    const struct boot *boot;
    const struct providers *providers;
    const char *bin_dir;
    /* It runs; the channel is the caller's to pass on, not to close. */
    void (*on_up)(void *ctx, pid_t pid, uint32_t restarts, int channel);
    void *ctx;
};

fallible egress_proc_new(const struct egress_proc_spec *spec, egress_proc **ret);
/* Kills what is left.  NULL is fine, here and below. */
void egress_proc_free(egress_proc *p);
/* There is a gate: on_up comes now, or later if it could not be started or the last one has still
 * to end. */
void egress_proc_start(egress_proc *p);
/* Kills it. */
void egress_proc_stop(egress_proc *p);
/* A child has ended: was it this one? */
bool egress_proc_ended(egress_proc *p, pid_t pid, int status);
bool egress_proc_runs(const egress_proc *p);
