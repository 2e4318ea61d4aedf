/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/client/client.h"

#include "base/fault.h"
#include "net/client/lane.h"
#include "net/client/reply.h"
#include "net/grammar.h"
#include "net/head.h"
#include "os/clock.h"
#include "os/file.h"

enum { HEAD_MAX = 64 * 1024, PIECE = 256 * 1024 };

struct http_client {
    loop *l;
    struct dial_target to;
    trust *trust; /* NULL: plain */
    dial *dialing;
    struct http_call call;
    reply *answer;
    buf head; /* of the request */
    bool head_sent;
    uint64_t body_at, body_len;
    uint64_t piece_len; /* of the body, on its way */
    char *piece;        /* PIECE bytes, for a body from a file */
    loop_timer *timer;
    uint64_t moved_ms; /* when a byte last came or went */
    int depth;         /* of our callbacks on the stack */
    enum http_client_fate fate;
    bool calling, telling, doomed;
    bool deaf; /* the server takes no more of the body */
    bool pausing;
    struct lane lane;
};

/* ---- beginning and end */

static const struct lane_hooks lane_calls;

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    http_client *const c = ctx;
    c->call.on_head(c->call.ctx, status, fields, count);
}

static void
on_data(void *ctx, str piece)
{
    http_client *const c = ctx;
    c->call.on_data(c->call.ctx, piece);
}

static fallible
new_to(loop *l, const struct dial_target *to, trust *t, http_client **ret)
{
    http_client *c = mem_get(sizeof *c);
    if (!c)
        FAIL(LIMIT, "no memory for a client");
    memset(c, 0, offsetof(http_client, lane));
    c->l = l;
    c->to = *to;
    c->trust = t;
    c->head = BUF(HEAD_MAX);
    lane_init(&c->lane, &lane_calls, c);
    const struct reply_hooks hooks = {.on_head = on_head, .on_data = on_data, .ctx = c};
    const err e = reply_new(&hooks, &c->answer);
    if (e.code) {
        mem_free(c);
        return e;
    }
    *ret = c;
    return OK;
}

fallible
http_client_new(loop *l, str url, http_client **ret)
{
    struct dial_target to;
    TRY(dial_parse(url, &to));
    return new_to(l, &to, NULL, ret);
}

fallible
http_client_new_tls(loop *l, str url, trust *t, http_client **ret)
{
    struct dial_target to;
    TRY(dial_parse_tls(url, &to));
    if (to.is_tls != (t != NULL))
        REFUSE(ARGUMENT, "url", "https and somebody to trust belong together");
    return new_to(l, &to, t, ret);
}

static void
hang_up(http_client *c)
{
    dial_cancel(TAKE(c->dialing));
    lane_close(&c->lane);
}

static void
dispose(http_client *c)
{
    buf_done(&c->head);
    lane_done(&c->lane);
    reply_free(c->answer);
    mem_free(c->piece);
    mem_free(c);
}

void
http_client_cancel(http_client *c)
{
    c->calling = false;
    reply_stop(c->answer);
    loop_timer_stop(TAKE(c->timer));
    hang_up(c);
}

void
http_client_free(http_client *c)
{
    if (!c)
        return;
    http_client_cancel(c);
    c->doomed = true;
    if (!c->depth)
        dispose(c);
}

/* Between these two the client stays, whatever hooks do. */
static void
enter(http_client *c)
{
    c->depth++;
}

static void
leave(http_client *c)
{
    ASSERT(c->depth > 0);
    if (--c->depth == 0 && c->doomed)
        dispose(c);
}

static bool
is_sent(const http_client *c)
{
    return !c->lane.carrying && c->head_sent && c->body_at == c->body_len;
}

/* The last thing a callback does: the hook may begin the next call. */
static void
end(http_client *c, err e)
{
    ASSERT(c->calling);
    c->calling = false;
    loop_timer_stop(TAKE(c->timer));
    if (!e.code)
        c->fate = HTTP_CLIENT_FINE;
    if (e.code || !is_sent(c) || !reply_keeps(c->answer))
        hang_up(c);
    lane_pause(&c->lane, false); /* an end while idle must be heard */
    lane_rest(&c->lane, true);
    c->call.on_end(c->call.ctx, e);
}

static void
end_as(http_client *c, enum http_client_fate fate, err e)
{
    ASSERT(e.code);
    c->fate = fate;
    end(c, e);
}

/* ---- sending */

static fallible
next_piece(http_client *c, uv_buf_t *ret)
{
    const uint64_t left = c->body_len - c->body_at;
    size_t len = left < PIECE ? (size_t)left : PIECE;
    const str from_memory = str_slice(c->call.body, c->body_at, c->body_at + len);
    if (c->call.body_file < 0) {
        /* libuv does not write into what it is to send. */
        *ret = (uv_buf_t){.base = (char *)(uintptr_t)from_memory.at, .len = len};
        return OK;
    }
    if (!c->piece && !(c->piece = mem_get(PIECE)))
        FAIL(LIMIT, "no memory for an upload");
    TRY(file_read_at(c->call.body_file, c->body_at, c->piece, len, &len));
    if (len == 0)
        FAIL(IO, "the file ended after %llu of %llu bytes", (unsigned long long)c->body_at,
             (unsigned long long)c->body_len);
    *ret = (uv_buf_t){.base = c->piece, .len = len};
    return OK;
}

/* Who counts the bytes wants to hear of each piece from the loop, not from inside a call. */
static fallible
send_piece(http_client *c, bool *ret_sent)
{
    uv_buf_t parts[LANE_PARTS_MAX];
    unsigned count = 0;
    if (!c->head_sent)
        parts[count++] = (uv_buf_t){.base = c->head.at, .len = c->head.len};
    c->piece_len = 0;
    if (c->body_at < c->body_len) {
        TRY(next_piece(c, &parts[count]));
        c->piece_len = parts[count++].len;
    }
    return lane_send(&c->lane, parts, count, !c->call.on_sent, ret_sent);
}

static void
took_piece(http_client *c)
{
    c->moved_ms = clock_ms();
    c->head_sent = true;
    c->body_at += c->piece_len;
}

static fallible
send_more(http_client *c)
{
    bool sent = true;
    while (sent && !c->deaf && !is_sent(c)) {
        TRY(send_piece(c, &sent));
        if (sent)
            took_piece(c);
    }
    return OK;
}

static void
tell_sent(http_client *c)
{
    if (!c->call.on_sent || !c->piece_len)
        return;
    c->telling = true;
    c->call.on_sent(c->call.ctx, c->body_at);
    c->telling = false;
}

static void
lane_sent(void *ctx)
{
    http_client *const c = ctx;
    if (!c->calling)
        return;
    enter(c);
    took_piece(c);
    tell_sent(c);
    const err e = c->calling ? send_more(c) : OK;
    if (e.code)
        end_as(c, HTTP_CLIENT_FAILED, e);
    leave(c);
}

static void
lane_deaf(void *ctx)
{
    http_client *const c = ctx;
    c->deaf = true; /* why, the answer says, or its absence */
}

/* ---- receiving */

static void
receive(http_client *c, str piece)
{
    c->moved_ms = clock_ms();
    c->telling = true;
    const err e = reply_read(c->answer, &piece);
    c->telling = false;
    if (!c->calling)
        return;
    if (piece.len) /* more than was asked for: what follows belongs to no call */
        hang_up(c);
    if (e.code)
        end_as(c, HTTP_CLIENT_GARBLED, e);
    else if (reply_is_complete(c->answer))
        end(c, OK);
}

static void
lane_bytes(void *ctx, str bytes)
{
    http_client *const c = ctx;
    if (!c->calling) { /* idle: whatever comes ends it */
        hang_up(c);
        return;
    }
    enter(c);
    const err e = !c->head_sent && !c->lane.carrying ? send_more(c) : OK;
    if (e.code)
        end_as(c, HTTP_CLIENT_FAILED, e);
    else if (bytes.len)
        receive(c, bytes);
    leave(c);
}

static err
gone(const http_client *c, enum lane_end why, int uv)
{
    char reason[80];
    if (why == LANE_UNTRUSTED)
        FAIL(ENGINE_LOST, "the certificate of %s was refused", c->to.text);
    if (why == LANE_NO_TLS)
        FAIL(ENGINE_LOST, "%s does not speak TLS as it should", c->to.text);
    FAIL(ENGINE_LOST, "%s %s: %s", c->to.text,
         reply_began(c->answer) ? "went away in the middle of its answer" : "gave no answer",
         uv_strerror_r(uv, reason, sizeof reason));
}

/* The end of the stream ends some answers well (RFC 9112 section 6.3, rule 8). */
static void
lane_ended(void *ctx, enum lane_end why, int uv)
{
    static const enum http_client_fate fates[] = {
        [LANE_CLOSED] = HTTP_CLIENT_CUT,
        [LANE_BROKEN] = HTTP_CLIENT_CUT,
        [LANE_UNTRUSTED] = HTTP_CLIENT_UNTRUSTED,
        [LANE_NO_TLS] = HTTP_CLIENT_NO_TLS,
    };
    http_client *const c = ctx;
    if (!c->calling) {
        hang_up(c);
        return;
    }
    enter(c);
    if (why == LANE_CLOSED)
        reply_eof(c->answer);
    hang_up(c);
    const bool unanswered = fates[why] == HTTP_CLIENT_CUT && !reply_began(c->answer);
    if (reply_is_complete(c->answer))
        end(c, OK);
    else
        end_as(c, unanswered ? HTTP_CLIENT_UNANSWERED : fates[why], gone(c, why, uv));
    leave(c);
}

static const struct lane_hooks lane_calls = {
    .on_bytes = lane_bytes, .on_sent = lane_sent, .on_deaf = lane_deaf, .on_end = lane_ended};

/* ---- a call */

static err watch_silence(http_client *c);

static void
on_timer(void *ctx)
{
    http_client *const c = ctx;
    c->timer = NULL; /* it frees itself */
    ASSERT(c->calling);
    enter(c);
    const err e = watch_silence(c);
    if (e.code)
        end_as(c, HTTP_CLIENT_SILENT, e);
    leave(c);
}

/* One timer for many bytes: when it comes and there was one meanwhile, it starts again. */
static err
watch_silence(http_client *c)
{
    const uint64_t limit = c->call.wait_ms_max;
    if (!limit)
        return OK;
    const uint64_t silent_ms = clock_ms() - c->moved_ms;
    if (silent_ms >= limit)
        FAIL(ENGINE_LOST, "%s was silent for %llu ms", c->to.text, (unsigned long long)limit);
    return loop_timer_start(c->l, limit - silent_ms, 0, on_timer, c, &c->timer);
}

static void
on_dialed(void *ctx, wire *w, err e)
{
    http_client *const c = ctx;
    ASSERT(c->calling);
    c->dialing = NULL;
    c->moved_ms = clock_ms();
    enter(c);
    const bool reached = !e.code;
    if (reached)
        e = lane_start(&c->lane, w, c->trust, c->to.host);
    if (!e.code) {
        lane_pause(&c->lane, c->pausing);
        e = c->lane.open ? send_more(c) : OK;
    }
    if (e.code)
        end_as(c, reached ? HTTP_CLIENT_FAILED : HTTP_CLIENT_UNREACHED, e);
    leave(c);
}

static bool
breaks_line(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < 0x20 || s.at[i] == 0x7f)
            return true;
    return false;
}

static fallible
put_field(buf *b, const struct http_field *f)
{
    ASSERT(token_valid(f->name) && !head_is_ours(f->name));
    if (breaks_line(f->value))
        REFUSE(ARGUMENT, "", "the field %.*s holds control characters", STR_FMT(f->name));
    buf_add_fmt(b, "%.*s: %.*s\r\n", STR_FMT(f->name), STR_FMT(f->value));
    return OK;
}

static fallible
put_head(http_client *c)
{
    buf *const b = &c->head;
    const struct http_call *const call = &c->call;
    ASSERT(token_valid(str_of(call->method)));
    if (!str_starts(call->path, STR("/")) || breaks_line(call->path) ||
        str_find_char(call->path, ' ') >= 0)
        REFUSE(ARGUMENT, "path", "a path begins with / and holds no blanks or control characters");
    buf_clear(b);
    buf_add_fmt(b, "%s %.*s HTTP/1.1\r\nHost: %s\r\n", call->method, STR_FMT(call->path),
                c->to.authority);
    for (size_t i = 0; i < call->field_count; i++)
        TRY(put_field(b, &call->fields[i]));
    if (c->body_len || call->method[0] == 'P') /* POST, PUT and PATCH say 0 too */
        buf_add_fmt(b, "Content-Length: %llu\r\n", (unsigned long long)c->body_len);
    buf_add(b, STR("\r\n"));
    return buf_end(b);
}

static fallible
start(http_client *c, const struct http_call *call)
{
    c->call = *call;
    c->body_len = call->body_file >= 0 ? call->body_file_len : call->body.len;
    c->body_at = c->piece_len = 0;
    c->head_sent = c->deaf = c->pausing = false;
    c->fate = HTTP_CLIENT_FAILED;
    c->moved_ms = clock_ms();
    reply_begin(c->answer, strcmp(call->method, "HEAD") == 0);
    TRY(put_head(c));
    TRY(watch_silence(c));
    if (!c->lane.w)
        return dial_start(c->l, &c->to, on_dialed, c, &c->dialing);
    lane_rest(&c->lane, false);
    return send_more(c);
}

fallible
http_client_call(http_client *c, const struct http_call *call)
{
    ASSERT(call->on_head && call->on_data && call->on_end);
    if (c->calling || c->telling || c->doomed)
        FAIL(ARGUMENT, "a call is running");
    const err e = start(c, call);
    if (e.code) {
        http_client_cancel(c);
        return e;
    }
    c->calling = true;
    return OK;
}

/* ---- for whoever keeps many */

enum http_client_fate
http_client_fate(const http_client *c)
{
    return c->fate;
}

bool
http_client_is_connected(const http_client *c)
{
    return c->lane.open;
}

uint64_t
http_client_moved_ms(const http_client *c)
{
    return c->moved_ms;
}

void
http_client_pause(http_client *c, bool paused)
{
    c->pausing = paused && c->calling;
    if (!c->calling)
        return;
    enter(c);
    lane_pause(&c->lane, paused);
    leave(c);
}
