/* SPDX-License-Identifier: EUPL-1.2 */
/* http2_fuzz.c - frames into a connection without a socket.
 *
 * The first byte says how the rest is cut and how the handler answers.  Whatever comes: output
 * stays bounded, and every exchange a handler was told of is answered or gone, once. */
#include "fuzz/fuzz.h"
#include "os/entropy.h"
#include "unit/net/rig.h"

static const str preface = STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

static size_t
count(str s, str word)
{
    size_t n = 0;
    for (ptrdiff_t at; (at = str_find(s, word)) >= 0; n++)
        s = str_slice(s, (size_t)at + word.len, s.len);
    return n;
}

/* Bits 0-2: bytes at once, 0 all; 3: answers at the end; 4: streams; 5: aborts; 6: header hook;
 * 7: the peer reads nothing. */
static size_t
run(struct rig *r, uint8_t how, str bytes)
{
    const size_t step = how & 7 ? (size_t)1 << (how & 7) : bytes.len;
    size_t answered = 0;
    rig_open(r);
    r->mode = how & 8 ? RIG_HOLD : how & 16 ? RIG_STREAM : how & 32 ? RIG_ABORT : RIG_ANSWER;
    if (how & 64)
        rig_hook_header(r);
    r->slow = how & 128;
    rig_feed(r, preface);
    for (size_t at = 0; at < bytes.len; at += step)
        rig_feed(r, str_slice(bytes, at, at + step));
    ASSERT(r->c.out.len <= CONN_OUT_HIGH + 64 * 1024);
    for (; r->held_count && r->c.phase == CONN_OPEN; answered++)
        rig_answer(r, r->held[--r->held_count]);
    rig_turn(r);
    conn_eof(&r->c);
    return answered;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct rig r;
    if (!len)
        return 0;
    entropy_fix(1);
    clock_fix(1000000, 1000);
    const size_t answered = run(&r, data[0], (str){(const char *)data + 1, len - 1});
    conn_done(&r.c);
    const str diary = buf_str(&r.diary);
    if (r.mode == RIG_HOLD && !r.hub.hooks.on_header)
        ASSERT(count(diary, STR("request ")) == answered + count(diary, STR("gone\n")));
    ASSERT(r.hub.body_bytes == 0 && r.held_count == 0);
    conn_init(&r.c, &r.hub, NULL);
    rig_close(&r);
    return 0;
}
