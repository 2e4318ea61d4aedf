/* SPDX-License-Identifier: EUPL-1.2 */
/* http1_fuzz.c - bytes into a connection without a socket.
 *
 * The first byte says how the rest is cut, when the handler answers and whether it looks at
 * headers.  Whatever comes: the bytes of the answers and the handler's diary are the same as if
 * all had come in one piece, every exchange a handler was told of ends once, and nothing is said
 * after the end. */
#include "fuzz/fuzz.h"
#include "os/entropy.h"
#include "unit/net/rig.h"

enum { COMPARED_MAX = 32 * 1024 };

static void
answer_held(struct rig *r)
{
    while (r->held_count) {
        http_exchange *const x = r->held[--r->held_count];
        rig_answer(r, x);
        rig_turn(r);
    }
}

/* Bits 0-2: bytes at once, 0 all; 3: late answers; 4: streams; 5: header hook. */
static void
run(struct rig *r, uint8_t how, str bytes)
{
    const size_t step = how & 7 ? how & 7 : bytes.len;
    entropy_fix(1);
    clock_fix(1000000, 1000);
    rig_open(r);
    r->mode = how & 8 ? RIG_HOLD : how & 16 ? RIG_STREAM : RIG_ANSWER;
    if (how & 32)
        rig_hook_header(r);
    for (size_t at = 0; at < bytes.len; at += step) {
        rig_feed(r, str_slice(bytes, at, at + step));
        answer_held(r);
    }
    conn_eof(&r->c);
    ASSERT(r->c.phase != CONN_OPEN);
    const size_t said = r->said.len;
    rig_feed(r, bytes);
    ASSERT(r->said.len == said && r->held_count == 0);
}

static void
check_said(const struct rig *r)
{
    const str s = buf_str(&r->said);
    ASSERT(!s.len || str_starts(s, STR("HTTP/1.1 ")));
    ASSERT(r->c.phase != CONN_OPEN || !r->c.out.failed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct rig whole, cut;
    if (!len)
        return 0;
    const str bytes = {(const char *)data + 1, len - 1};
    run(&whole, data[0] & 0x38, bytes);
    check_said(&whole);
    if (len <= COMPARED_MAX) {
        run(&cut, data[0] & 0x3f, bytes);
        ASSERT(str_eq(buf_str(&whole.said), buf_str(&cut.said)));
        ASSERT(str_eq(buf_str(&whole.diary), buf_str(&cut.diary)));
        rig_close(&cut);
    }
    rig_close(&whole);
    return 0;
}
