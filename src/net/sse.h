/* SPDX-License-Identifier: EUPL-1.2 */
/* sse.h - server-sent events (WHATWG HTML, section 9.2): written, and read again in pieces. */
#pragma once
#include "base/buf.h"

/* `event` empty: no event line.  `data` may hold line ends of any kind; they are read as LF. */
void sse_put(buf *b, str event, str data);

typedef struct {
    buf line, data;
    char event[64];
    bool saw_cr, started;
} sse_reader;

#define SSE_READER(limit_bytes) ((sse_reader){.line = BUF(limit_bytes), .data = BUF(limit_bytes)})

typedef void sse_fn(void *ctx, str event, str data);
/* Any split of the stream gives the same calls.  LIMIT when a line, the data of an event or its
 * name (63 bytes) is too long; the reader is of no use after that.  An event that is not ended by
 * an empty line is not an event. */
fallible sse_read(sse_reader *r, str piece, sse_fn *fn, void *ctx);
void sse_reader_done(sse_reader *r);
