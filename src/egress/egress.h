/* SPDX-License-Identifier: EUPL-1.2 */
/* egress.h - the gate's side of hoheit-egress, the only process with a way out.
 *
 * The gate hands over bytes that were released: against a grant that covers their label, for a
 * provider whose sink policy found to dominate it.  What comes back comes piece by piece, as the
 * provider sends it.  Addresses, certificates, credentials, time-outs, repeats and the circuit
 * breaker are the process's own business (providers.h); the gate knows a provider by name and says
 * the path below its base.
 *
 * One `egress` is one channel.  When the process dies every call on it gets on_end(PROVIDER_LOST),
 * once; hoheitd starts it again and hands over a new channel (egress_replace).  The process is not
 * trusted: every length and order of its messages is checked.  One thread: the loop's. */
#pragma once
#include "base/meters.h"
#include "net/http.h"
#include "os/loop.h"
#include "policy/content.h"

typedef struct egress egress;
typedef struct egress_job egress_job;

struct egress_call {
    str provider;       /* its name in the list of providers */
    const char *method; /* "POST" */
    str path;           /* below the provider's base, with query: "/chat/completions" */
    const struct http_field *fields; /* copied; credentials are added on the other side */
    size_t field_count;
    content body;         /* copied */
    uint64_t wait_ms_max; /* without a byte; 0: the provider's own limit */
    bool is_repeatable;   /* may be sent again while nothing of an answer came */
};

/* Pointers are valid during the call.  Any hook may cancel its call and start others. */
struct egress_hooks {
    void (*on_head)(void *ctx, int status, const struct http_field *fields, size_t count);
    void (*on_data)(void *ctx, str piece);
    /* Once, last.  PROVIDER_LOST: not reachable, certificate refused, silent, gone in the middle,
     * not HTTP, a redirect, more bytes than allowed, or its breaker is open; BUSY: too many calls
     * wait for it.  The trail has the public sentence. */
    void (*on_end)(void *ctx, err e);
    bool *is_unsent; /* set before on_end when none of it has left; NULL: nobody asks */
    void *ctx;
};

struct egress_state {       /* of one provider, for routing and `hoheit status` */
    bool is_known, is_open; /* in the list; its breaker lets calls through */
    uint32_t running, failures;
    uint64_t latency_us; /* to the head of an answer, smoothed; 0: none came yet */
};

/* Takes the channel's descriptor over, also when it fails. */
fallible egress_new(loop *l, int channel, egress **ret);
/* From now on calls, failures, bytes and times are counted there; it outlives `e`. */
void egress_count(egress *e, meters *m);
/* Calls still running get on_end(CANCELLED).  NULL is fine. */
void egress_free(egress *e);
/* The process was started again: takes the new channel over. */
fallible egress_replace(egress *e, int channel);
/* DENIED: the grant does not cover the body; BUSY; LIMIT; PROVIDER_LOST.  Then no hook is called.
 */
fallible egress_send(egress *e, const grant *g, const struct egress_call *c,
                     struct egress_hooks hooks, egress_job **ret);
/* No hook is called any more; the connection to the provider is closed.  NULL is fine. */
void egress_cancel(egress_job *j);
/* What was last heard; all zero for a name nobody knows. */
struct egress_state egress_state_of(const egress *e, str provider);
