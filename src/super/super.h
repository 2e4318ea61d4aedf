/* SPDX-License-Identifier: EUPL-1.2 */
/* super.h - hoheitd's work: start the log (log_proc.h), the gate, hoheit-egress (egress_proc.h)
 * and, when the gate asks, engines and readers of documents (reader_proc.h); start again what died,
 * with back-off; end all of them in order, the log last.  Parses nothing from the network.
 *
 * The gate restarts at once and gets the same listeners, so connections wait in the backlog
 * instead of being refused; its engines are ended with it (a new gate asks for them again).  An
 * engine restarts after 50 ms, then 100, 200 … up to engine.restart_ms_max while it keeps dying
 * within 10 s; a model that cannot be opened is reported, not retried. */
#pragma once
#include "os/loop.h"
#include "super/boot.h"

typedef struct super super;

struct super_spec {
    const struct boot *boot;
    const struct boot_tls *tls;        /* NULL: plain */
    int listen_fd, local_fd;           /* bound */
    const char *bin_dir;               /* where hoheit-gate and the engines lie */
    struct signer *signer;             /* of the audit log's heads; NULL: none are signed */
    const struct providers *providers; /* outlives it; NULL or none in it: no hoheit-egress */
    /* The gate said READY for the first time. */
    void (*on_ready)(void *ctx);
    /* Once, when all children are gone; `e` is why the whole ends, OK after super_stop. */
    void (*on_end)(void *ctx, err e);
    void *ctx;
};

fallible super_new(loop *l, const struct super_spec *spec, super **ret);
/* SIGTERM's way: the gate finishes running requests (net.stop_ms_max) and makes its last records
 * durable; then the engines end and, when the last head is signed, the log.  What is left after
 * that time is killed. */
void super_stop(super *s);
/* SIGHUP's way: a new certificate to the gate. */
fallible super_reload_tls(super *s, const struct boot_tls *tls);
/* Kills what is left.  Not from a callback; then loop_free. */
void super_free(super *s);
