/* SPDX-License-Identifier: EUPL-1.2 */
/* batch.h - frames gathered for one message, and taken apart again (proto.h).
 *
 * A batch is filled until it is flushed or has no room in one packet; a frame too large for that
 * goes alone, as shared memory (os/ipc.h).  What the channel does not take stays until the next
 * flush, up to BATCH_BYTES_MAX. */
#pragma once
#include "base/buf.h"
#include "egress/proto.h"
#include "os/ipc.h"

enum { BATCH_BYTES_MAX = 256 * 1024 * 1024 };

struct batch {
    ipc *channel; /* NULL: what is added is dropped */
    buf out;
    uint32_t frames;
};

void batch_init(struct batch *b, ipc *channel);
void batch_done(struct batch *b);
/* Room for the frame's bytes, to be filled before anything else is added; NULL when it is out of
 * memory or over the limit. */
char *batch_add(struct batch *b, uint32_t type, uint64_t id, size_t len);
/* As ipc_send; BUSY: it is kept. */
fallible batch_flush(struct batch *b);

struct frame {
    uint32_t type;
    uint64_t id;
    str bytes;
};

/* Is this a batch of ours?  *ret is then what to take frames off. */
bool batch_open(const struct ipc_message *m, str *ret);
/* The next frame; false at the end, or when it is malformed (then rest->at is NULL). */
bool batch_next(str *rest, struct frame *ret);
/* Takes off `len` bytes, or answers false. */
bool batch_take(str *bytes, size_t len, str *ret);
