/* SPDX-License-Identifier: EUPL-1.2 */
/* log_proc.h - hoheit-log's life under hoheitd: started first, started again when it died, ended
 * last, after the gate has said all it had to.
 *
 * Descriptors of hoheit-log: 3 the channel to hoheitd (audit/proto.h), 4 struct boot_log. The
 * gate's channel to it is made here, one end sent to each, whenever one of the two is new or has
 * lost the other.
 *
 * Whoever dies is recorded by who is left: hoheitd has START, the loss of a gate and its own loss
 * put on record; hoheit-log records STOP itself, has it signed, and ends.
 *
 * A log that could not be opened when hoheitd starts ends the daemon with the reason; later it is
 * tried again with ever longer pauses, and until it is there nothing is released.  One thread. */
#pragma once
#include "audit/audit.h"
#include "os/file.h"
#include "os/loop.h"
#include "super/boot.h"
#include "super/signer.h"

typedef struct log_proc log_proc;

struct log_proc_spec {
    const struct boot *boot;
    const char *bin_dir;
    struct signer *signer; /* NULL: nothing is signed, and to ask for it is a breach */
    /* There is a new hoheit-log, or it lost the gate: a gate that lives needs a channel to it
     * (log_proc_connect). */
    void (*on_alone)(void *ctx);
    /* The gate broke the protocol on its channel to the log. */
    void (*on_garbled)(void *ctx);
    /* It could not be opened at all. */
    void (*on_failed)(void *ctx, err why);
    void *ctx;
};

fallible log_proc_new(loop *l, const struct log_proc_spec *spec, log_proc **ret);
/* Kills it.  NULL is fine. */
void log_proc_free(log_proc *p);
/* Is this the process? */
bool log_proc_is(const log_proc *p, pid_t pid);
bool log_proc_lives(const log_proc *p);
/* It has ended, with this status. */
void log_proc_ended(log_proc *p, int status);
/* A new channel: hoheit-log gets its end, the gate's is the caller's.  BUSY: there is no log now;
 * on_alone follows. */
fallible log_proc_connect(log_proc *p, fd *ret);
/* Puts on record what hoheitd saw; as soon as there is a log again, where there is none. */
void log_proc_note(log_proc *p, enum audit_event event, const char *outcome);
/* The gate is gone for good: the rest is signed and the log ends; killed after two seconds. */
void log_proc_stop(log_proc *p);
void log_proc_kill(log_proc *p);
