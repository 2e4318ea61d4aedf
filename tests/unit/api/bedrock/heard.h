/* SPDX-License-Identifier: EUPL-1.2 */
/* heard.h - reads event streams as clients of Bedrock do: each message as a line
 * "name {payload}" ("!name" for an exception), chunks opened. */
#pragma once
#include "base/enc.h"
#include "base/json.h"
#include "net/aws/eventstream.h"
#include "test.h"

enum { HEARD_ROOM = 4 * 1024 * 1024 };

static inline void
heard_chunk(str payload, buf *log)
{
    AUTO(arena) *a = NULL;
    jval v;
    str text;
    CHECK_OK(arena_open(HEARD_ROOM, &a));
    CHECK_OK(json_read(a, payload, &v));
    const jval bytes = json_get(&v, "bytes");
    CHECK_OK(json_str(&bytes, HEARD_ROOM, &text));
    CHECK_OK(base64_read(text, log));
}

static inline void
heard_line(void *ctx, const struct eventstream_message *m)
{
    buf *log = ctx;
    const str event = eventstream_text(m, STR(":event-type"));
    CHECK_STR(eventstream_text(m, STR(":content-type")), STR("application/json"));
    if (event.at) {
        CHECK_STR(eventstream_text(m, STR(":message-type")), STR("event"));
        buf_add(log, event);
    } else {
        CHECK_STR(eventstream_text(m, STR(":message-type")), STR("exception"));
        buf_add_char(log, '!');
        buf_add(log, eventstream_text(m, STR(":exception-type")));
    }
    buf_add_char(log, ' ');
    if (str_eq(event, STR("chunk")))
        heard_chunk(m->payload, log);
    else
        buf_add(log, m->payload);
    buf_add_char(log, '\n');
}

/* All of a stream, in pieces of `step` bytes; it must end with a whole message. */
static inline void
heard_stream(str stream, size_t step, buf *log)
{
    eventstream_reader r = EVENTSTREAM_READER(HEARD_ROOM);
    for (size_t at = 0; at < stream.len; at += step)
        CHECK_OK(eventstream_read(&r, str_slice(stream, at, at + step), heard_line, log));
    CHECK(eventstream_is_between(&r));
    eventstream_reader_done(&r);
}
