/* SPDX-License-Identifier: EUPL-1.2 */
/* eventstream.h - application/vnd.amazon.eventstream: messages with typed headers and a payload,
 * written, and read again in pieces.
 *
 * A message is, in network order: its whole length and that of its headers (32 bits each), the
 * CRC-32 of those eight bytes, the headers, the payload, the CRC-32 of all before it.  A header is
 * one byte of length and a name, one byte of type, a value.  What a message means stands in
 * headers: ":message-type" is "event", "exception" or "error", ":event-type" or ":exception-type"
 * names it, ":content-type" is the payload's.
 *
 * The reader trusts nothing: a length is believed only when the prelude's CRC fits, a message is
 * handed on only when it is whole and both CRCs fit, and no headers overlap the payload.  Bounded
 * by the limit of the reader and EVENTSTREAM_HEADERS_MAX.  One thread.
 *
 * Source: the encoding as the public SDKs describe it (Smithy 2.0, "Amazon Event Stream
 * Specification"). */
#pragma once
#include "base/buf.h"

enum {
    EVENTSTREAM_MESSAGE_MAX = 24 * 1024 * 1024, /* the specification's: payload, 128 KiB headers */
    EVENTSTREAM_HEADER_BYTES_MAX = 128 * 1024,
    EVENTSTREAM_VALUE_MAX = 32767, /* bytes or text in a header */
    EVENTSTREAM_HEADERS_MAX = 32   /* ours; what is in use has three */
};

enum eventstream_type {
    EVENTSTREAM_TRUE,
    EVENTSTREAM_FALSE,
    EVENTSTREAM_BYTE,
    EVENTSTREAM_SHORT,
    EVENTSTREAM_INT,
    EVENTSTREAM_LONG,
    EVENTSTREAM_BYTES,
    EVENTSTREAM_STRING,
    EVENTSTREAM_TIMESTAMP, /* milliseconds since 1970 */
    EVENTSTREAM_UUID,
    EVENTSTREAM_TYPES
};

struct eventstream_header {
    str name; /* 1 to 255 bytes */
    enum eventstream_type type;
    str text;       /* BYTES, STRING, UUID (16 bytes) */
    int64_t number; /* BYTE, SHORT, INT, LONG, TIMESTAMP */
};

struct eventstream_message {
    struct eventstream_header headers[EVENTSTREAM_HEADERS_MAX];
    size_t header_count;
    str payload;
};

/* ---- writing */
/* Adds one message; `b` fails when it is longer than a message may be. */
void eventstream_put(buf *b, const struct eventstream_message *m);
/* An event, or an exception, with a payload of JSON. */
void eventstream_put_event(buf *b, str type, str json);
void eventstream_put_exception(buf *b, str type, str json);

/* ---- reading */
typedef struct {
    buf held;         /* of a message that is not whole */
    size_t bytes_max; /* of a message */
    size_t whole;     /* its length once the prelude is known; 0: not yet */
} eventstream_reader;

#define EVENTSTREAM_READER(limit_bytes)                                                            \
    ((eventstream_reader){.held = BUF(limit_bytes), .bytes_max = (limit_bytes)})

/* What `m` points to is valid during the call.  `fn` does not free the reader. */
typedef void eventstream_fn(void *ctx, const struct eventstream_message *m);
/* Any split of the stream gives the same calls.  PARSE: a CRC or a length that does not fit, a type
 * there is not; LIMIT: a message that is too long or has too many headers.  The reader is of no use
 * after that. */
fallible eventstream_read(eventstream_reader *r, str piece, eventstream_fn *fn, void *ctx);
/* Is nothing left of a message that did not come whole?  To be asked at the end of the stream. */
bool eventstream_is_between(const eventstream_reader *r);
void eventstream_reader_done(eventstream_reader *r);

/* The text of a header of type STRING; at == NULL when there is none. */
str eventstream_text(const struct eventstream_message *m, str name);
