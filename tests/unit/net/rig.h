/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - a connection without a socket, under a handler that writes down what it hears.
 *
 * Bytes go in with rig_feed, what the connection says gathers in `said`.  The handler's diary is
 * one line per call: "header GET /x", "data 5", "request GET /x 5", "gone".  What it does with a
 * request stands in `mode`; exchanges it keeps are in `held`. */
#pragma once
#include <stdio.h>

#include "net/conn.h"
#include "os/clock.h"
#include "test.h"

enum { RIG_HELD_MAX = 64 };

enum rig_mode { RIG_ANSWER, RIG_HOLD, RIG_STREAM, RIG_ABORT };

struct rig {
    struct params p;
    meters m;
    struct hub hub;
    conn c;
    enum rig_mode mode;
    enum http_body_mode body_mode;
    bool with_header_hook, answer_in_header, answer_in_data;
    bool slow;         /* the peer takes nothing */
    uint64_t body_max; /* what on_header sets; 0: leaves it */
    str answer;
    buf diary, said;
    http_exchange *held[RIG_HELD_MAX];
    size_t held_count;
};

static inline void
rig_answer(struct rig *r, http_exchange *x)
{
    const struct http_field type = {STR("Content-Type"), STR("text/plain")};
    http_answer(x, 200, &type, 1, r->answer);
}

static inline enum http_body_mode
rig_on_header(void *ctx, http_exchange *x, uint64_t *body_max)
{
    struct rig *const r = ctx;
    buf_add_fmt(&r->diary, "header %.*s %.*s\n", STR_FMT(http_method_name(x)),
                STR_FMT(http_path(x)));
    if (r->body_max)
        *body_max = r->body_max;
    if (r->answer_in_header)
        rig_answer(r, x);
    return r->body_mode;
}

static inline void
rig_on_request(void *ctx, http_exchange *x)
{
    struct rig *const r = ctx;
    buf_add_fmt(&r->diary, "request %.*s %.*s %zu\n", STR_FMT(http_method_name(x)),
                STR_FMT(http_path(x)), http_body(x).len);
    if (r->mode == RIG_ANSWER) {
        rig_answer(r, x);
    } else if (r->mode == RIG_STREAM) {
        http_start(x, 200, NULL, 0);
        IGNORE(http_write(x, STR("one "))); /* a cut reader is told through on_gone */
        IGNORE(http_write(x, STR("two")));
        http_end(x);
    } else if (r->mode == RIG_ABORT) {
        http_abort(x);
    } else if (r->held_count < RIG_HELD_MAX) {
        r->held[r->held_count++] = x;
    }
}

static inline void
rig_on_data(void *ctx, http_exchange *x, str piece)
{
    struct rig *const r = ctx;
    buf_add_fmt(&r->diary, "data %zu\n", piece.len);
    if (r->answer_in_data)
        rig_answer(r, x);
}

static inline void
rig_on_gone(void *ctx, http_exchange *x)
{
    struct rig *const r = ctx;
    buf_add(&r->diary, STR("gone\n"));
    for (size_t i = 0; i < r->held_count; i++)
        if (r->held[i] == x)
            r->held[i] = r->held[--r->held_count];
}

/* Settings may be changed in r->hub.p afterwards. */
static inline void
rig_open(struct rig *r)
{
    *r = (struct rig){.answer = STR("hello"), .diary = BUF(1 << 20), .said = BUF(64 << 20)};
    params_default(&r->p);
    hub_init(&r->hub, &r->p, &r->m,
             (struct http_hooks){
                 .on_request = rig_on_request,
                 .on_data = rig_on_data,
                 .on_gone = rig_on_gone,
                 .ctx = r,
             });
    conn_init(&r->c, &r->hub, NULL);
}

static inline void
rig_hook_header(struct rig *r)
{
    r->hub.hooks.on_header = rig_on_header;
}

/* What an owner does at the end of a read and of a turn. */
static inline void
rig_turn(struct rig *r)
{
    for (int i = 0; i < 8 && r->c.phase != CONN_DEAD; i++) {
        conn_turn(&r->c);
        if (!r->c.out.len || r->slow)
            break;
        buf_add(&r->said, buf_str(&r->c.out));
        buf_clear(&r->c.out);
    }
    conn_untouch(&r->c);
    conn_rest(&r->c);
}

static inline void
rig_feed(struct rig *r, str bytes)
{
    conn_read(&r->c, bytes);
    rig_turn(r);
}

static inline void
rig_close(struct rig *r)
{
    conn_done(&r->c);
    hub_done(&r->hub);
    buf_done(&r->diary);
    buf_done(&r->said);
}

/* A new connection in the same house. */
static inline void
rig_reconnect(struct rig *r)
{
    conn_done(&r->c);
    conn_init(&r->c, &r->hub, NULL);
    buf_clear(&r->said);
    buf_clear(&r->diary);
    r->held_count = 0;
}

/* What was said, without what differs each time, and with plain line feeds. */
static inline void
rig_said_plain(const struct rig *r, char *room, size_t room_len)
{
    size_t n = 0;
    str rest = buf_str(&r->said);
    while (rest.len && n + 1 < room_len) {
        const ptrdiff_t end = str_find(rest, STR("\r\n"));
        const size_t len = end < 0 ? rest.len : (size_t)end + 2;
        const str line = str_slice(rest, 0, len);
        rest = str_slice(rest, len, rest.len);
        if (str_starts(line, STR("Date: ")) || str_starts(line, STR("X-Request-Id: ")))
            continue;
        for (size_t i = 0; i < line.len && n + 1 < room_len; i++)
            if (line.at[i] != '\r')
                room[n++] = line.at[i];
    }
    room[n] = 0;
}

#define CHECK_SAID(r, want)                                                                        \
    do {                                                                                           \
        char plain_[8192];                                                                         \
        rig_said_plain((r), plain_, sizeof plain_);                                                \
        CHECK_STR(str_of(plain_), STR(want));                                                      \
    } while (0)
#define CHECK_DIARY(r, want) CHECK_STR(buf_str(&(r)->diary), STR(want))

/* The status of the last answer; 0: none. */
static inline int
rig_status(const struct rig *r)
{
    int status = 0;
    const str s = buf_str(&r->said);
    for (size_t i = 0; i + 12 <= s.len; i++)
        if (memcmp(s.at + i, "HTTP/1.1 ", 9) == 0 && s.at[i + 9] >= '2' && s.at[i + 9] <= '5')
            status = (s.at[i + 9] - '0') * 100 + (s.at[i + 10] - '0') * 10 + s.at[i + 11] - '0';
    return status;
}
