/* SPDX-License-Identifier: EUPL-1.2 */
/* outlet.h - hoheit-egress at work: takes calls off the gate's channel, gives them to the peers
 * (peer.h), and sends back what they say, a batch per turn of the loop.
 *
 * Back-pressure: when OUTLET_FULL_BYTES wait for the gate no provider is read until half of that
 * is gone.  The gate is trusted with what it sends to whom, and with nothing else: a malformed
 * batch ends the channel, and with it the process.  One thread: the loop's. */
#pragma once
#include "egress/providers.h"
#include "os/loop.h"

enum { OUTLET_FULL_BYTES = 1024 * 1024, OUTLET_QUEUE_BYTES = 8 * 1024 * 1024 };

typedef struct outlet outlet;

struct outlet_parts {
    loop *loop;
    int channel;                       /* taken over, also when it fails */
    const struct providers *providers; /* copied */
    loop_fn *on_end;                   /* the gate is gone */
    void *ctx;
};

/* CONFIG when a CA or a credential cannot be used. */
fallible outlet_new(const struct outlet_parts *parts, outlet **ret);
/* Not from inside on_end; NULL is fine. */
void outlet_free(outlet *o);
