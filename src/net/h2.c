/* SPDX-License-Identifier: EUPL-1.2 */
/* HTTP/2 (RFC 9113) over nghttp2, which knows frames, HPACK, flow control and what a well-formed
 * message is.
 *
 * A stream is an exchange; its unsent body waits in x->out and is taken by nghttp2 as the two
 * flow-control windows allow, a frame of each stream in turn.  nghttp2 is asked for frames only
 * while little output is waiting, so a peer that reads nothing costs a bounded amount.  Bounded by
 * nghttp2's options: resets per second, unanswered SETTINGS and PING, CONTINUATION frames. */
#include "net/h2.h"

#include "base/fault.h"
#include "net/grammar.h"
#include "os/clock.h"

enum {
    WINDOW_STREAM = 256 * 1024,
    WINDOW_CONNECTION = 1024 * 1024,
    RESETS_BURST = 400, /* by the peer; a well-behaved one cancels now and then */
    RESETS_PER_SECOND = 50,
    ACKS_MAX = 256,
};

/* ---- nghttp2's memory is counted like ours */

static void *
give(size_t size, void *user)
{
    (void)user;
    return mem_get(size);
}

static void *
give_zeroed(size_t count, size_t size, void *user)
{
    size_t bytes;
    (void)user;
    void *const p = __builtin_mul_overflow(count, size, &bytes) ? NULL : mem_get(bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

static void *
give_more(void *p, size_t size, void *user)
{
    (void)user;
    return mem_grow(p, size);
}

static void
take_back(void *p, void *user)
{
    (void)user;
    mem_free(p);
}

/* ---- what answers too need */

void
h2_check(struct h2 *h, int rc)
{
    if (rc == NGHTTP2_ERR_NOMEM)
        conn_finish(h->c, CONN_DEAD);
    conn_touch(h->c);
}

void
h2_reset(http_exchange *x, uint32_t code)
{
    struct h2 *const h = x->conn->state;
    h2_check(h, nghttp2_submit_rst_stream(h->session, NGHTTP2_FLAG_NONE, x->stream, code));
}

void
h2_wait(http_exchange *x, enum deadline_kind kind)
{
    deadline_arm(&x->conn->hub->deadlines, &x->due, kind, clock_ms());
}

void
h2_cut(http_exchange *x)
{
    struct h2 *const h = x->conn->state;
    if (x->cut)
        return;
    meter_add(h->c->hub->m, METER_HTTP_CUT, 1);
    x->cut = true;
    h->cuts++;
    h2_reset(x, NGHTTP2_CANCEL);
}

static http_exchange *
exchange_of(struct h2 *h, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(h->session, stream);
}

/* ---- the request, as nghttp2 tells it */

static void
link_exchange(struct h2 *h, http_exchange *x)
{
    x->next = h->first;
    if (h->first)
        h->first->prev = x;
    h->first = x;
    deadline_disarm(&h->c->due);
}

static void
end_exchange(struct h2 *h, http_exchange *x)
{
    if (x->prev)
        x->prev->next = x->next;
    else
        h->first = x->next;
    if (x->next)
        x->next->prev = x->prev;
    h->waiting -= h2_waiting_bytes(x);
    exchange_gone(x);
    exchange_free(x);
}

static void
on_due(void *owner)
{
    http_exchange *const x = owner;
    if (x->started)
        h2_cut(x);
    else
        exchange_refuse(x, 408, STR("The request came too slowly."));
}

static int
on_begin(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    struct h2 *const h = user;
    http_exchange *x = NULL;
    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (exchange_new(h->c, &x).code)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    x->stream = frame->hd.stream_id;
    x->out = BUF(SIZE_MAX / 4);
    x->due = (struct deadline){.expired = on_due, .owner = x};
    x->path = x->method_name = x->target = STR("");
    link_exchange(h, x);
    h2_wait(x, DEADLINE_HEADER);
    (void)nghttp2_session_set_stream_user_data(session, x->stream, x); /* the stream is there */
    return 0;
}

/* Whatever is wrong with a head is said once it is complete. */
static void
refuse_later(http_exchange *x, int status, const char *text)
{
    if (x->refused_status)
        return;
    x->refused_status = status;
    x->refused_text = arena_str(x->a, str_of(text));
}

static fallible
take_header(http_exchange *x, str name, str value)
{
    const struct params *const p = &x->conn->hub->p;
    TRY(exchange_text(x, name));
    name = exchange_take(x, false);
    TRY(exchange_text(x, value));
    value = exchange_take(x, false);
    if (str_eq(name, STR(":method"))) {
        x->method_name = value;
        x->method = method_find(value);
    } else if (str_eq(name, STR(":path"))) {
        x->target = value;
        if (value.len > p->net_target_bytes_max)
            refuse_later(x, 414, "The request target is too long.");
    } else if (!str_eq(name, STR(":scheme"))) {
        TRY(exchange_field(x, name, value));
    }
    return OK;
}

static str
str_of_rc(nghttp2_rcbuf *b)
{
    const nghttp2_vec v = nghttp2_rcbuf_get_buf(b);
    return (str){(const char *)v.base, v.len};
}

static int
on_header(nghttp2_session *session, const nghttp2_frame *frame, nghttp2_rcbuf *name,
          nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    (void)session, (void)flags;
    http_exchange *const x = exchange_of(user, frame->hd.stream_id);
    const str n = str_of_rc(name), v = str_of_rc(value);
    if (!x || x->refused_status || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0; /* trailers are dropped */
    if (exchange_head_full(x, n.len + v.len)) {
        refuse_later(x, 431, "The request's header fields are too large.");
        return 0;
    }
    const err e = take_header(x, n, v);
    if (e.code)
        refuse_later(x, err_info(e)->http_status, err_public(e));
    return 0;
}

/* RFC 9113 section 8.3.1.  Handlers find the authority under both of its names. */
static void
check_authority(http_exchange *x)
{
    const str authority = http_header(x, STR(":authority")), host = http_header(x, STR("host"));
    if (exchange_count(x, STR("host")) > 1)
        refuse_later(x, 400, "The Host field is given more than once.");
    if (authority.at && host.at && !str_eq_nocase(authority, host))
        refuse_later(x, 400, "The Host field differs from :authority.");
    if (!host_valid(authority.at ? authority : host))
        refuse_later(x, 400, "The authority of the request is not valid.");
    if (host.at)
        return;
    const err e = exchange_field(x, STR("host"), authority);
    if (e.code)
        refuse_later(x, err_info(e)->http_status, err_public(e));
}

static void
check_head(http_exchange *x)
{
    if (str_eq(x->method_name, STR("CONNECT")) || str_eq(x->method_name, STR("TRACE")))
        refuse_later(x, 501, "The request method is not served here.");
    if (x->refused_status)
        return;
    check_authority(x);
    const err e = exchange_head(x);
    if (e.code)
        refuse_later(x, err_info(e)->http_status, err_public(e));
    if (x->conn->hub->stopping)
        refuse_later(x, 503, "The server is being stopped.");
}

static void
on_head(http_exchange *x, bool last)
{
    const str expected = http_header(x, STR("expect"));
    check_head(x);
    if (expected.at && !str_eq_nocase(expected, STR("100-continue")))
        refuse_later(x, 417, "The only expectation known here is 100-continue.");
    if (x->refused_status) {
        exchange_refuse(x, x->refused_status, x->refused_text);
        return;
    }
    if (!last)
        h2_wait(x, DEADLINE_BODY);
    exchange_announce(x);
    if (!x->ended && !x->started && !last && expected.at)
        h2_answer_go_on(x);
}

static void
on_whole(http_exchange *x)
{
    const struct http_hooks *const hooks = &x->conn->hub->hooks;
    x->whole = true;
    deadline_disarm(&x->due);
    if (x->ended || x->cut)
        return;
    x->received_us = clock_us();
    x->announced = true;
    hooks->on_request(hooks->ctx, x);
}

static int
on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    (void)session;
    const uint8_t type = frame->hd.type;
    if (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA)
        return 0;
    http_exchange *const x = exchange_of(user, frame->hd.stream_id);
    const bool last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (x && type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        on_head(x, last);
    if (x && last && !x->whole)
        on_whole(x);
    return 0;
}

static int
on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *at, size_t len,
        void *user)
{
    (void)session, (void)flags;
    http_exchange *const x = exchange_of(user, stream);
    if (!x || x->ended || x->cut)
        return 0;
    const str piece = {(const char *)at, len};
    const err e = exchange_body(x, piece);
    const struct http_hooks *const hooks = &x->conn->hub->hooks;
    if (!e.code && x->streamed) {
        h2_wait(x, DEADLINE_BODY); /* an upload may take long, but not rest */
        hooks->on_data(hooks->ctx, x, piece);
    } else if (e.code && x->started)
        h2_cut(x);
    else if (e.code == ERR_TOO_LARGE)
        exchange_refuse(x, 413, STR("The request body is too large."));
    else if (e.code)
        exchange_refuse(x, err_info(e)->http_status, str_of(err_public(e)));
    return 0;
}

static int
on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *user)
{
    (void)session, (void)code;
    struct h2 *const h = user;
    http_exchange *const x = exchange_of(h, stream);
    if (x)
        end_exchange(h, x);
    if (!h->first)
        conn_wait(h->c, DEADLINE_IDLE);
    return 0;
}

/* The answer is out and the request still coming: RFC 9113 section 8.1. */
static int
on_sent(nghttp2_session *session, const nghttp2_frame *frame, void *user)
{
    const uint8_t type = frame->hd.type;
    (void)session;
    if ((type != NGHTTP2_HEADERS && type != NGHTTP2_DATA) ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    http_exchange *const x = exchange_of(user, frame->hd.stream_id);
    if (x && !x->whole)
        h2_reset(x, NGHTTP2_NO_ERROR);
    return 0;
}

/* ---- the connection */

static void
pull(struct h2 *h)
{
    conn *const c = h->c;
    while (conn_waiting_bytes(c) < CONN_OUT_HIGH && !c->out.failed) {
        const uint8_t *at = NULL;
        const ssize_t n = nghttp2_session_mem_send(h->session, &at);
        if (n < 0)
            conn_finish(c, CONN_DEAD);
        if (n <= 0)
            break;
        buf_add(&c->out, (str){(const char *)at, (size_t)n});
    }
}

static void
tell_cuts(struct h2 *h)
{
    for (http_exchange *x = h->first, *next; x && h->cuts; x = next) {
        next = x->next;
        if (x->cut) {
            h->cuts--;
            exchange_gone(x);
        }
    }
    h->cuts = 0;
}

static void
h2_turn(conn *c)
{
    struct h2 *const h = c->state;
    if (h->cuts)
        tell_cuts(h);
    pull(h);
    c->deaf = conn_waiting_bytes(c) >= CONN_OUT_HIGH;
    if (!nghttp2_session_want_read(h->session) && !nghttp2_session_want_write(h->session))
        conn_finish(c, CONN_LINGERS);
}

static void
h2_read(conn *c, str bytes)
{
    struct h2 *const h = c->state;
    const ssize_t n = nghttp2_session_mem_recv(h->session, (const uint8_t *)bytes.at, bytes.len);
    if (n < 0)
        conn_finish(c, CONN_DEAD); /* no memory, or flooded */
}

static void
h2_eof(conn *c)
{
    conn_finish(c, CONN_DEAD);
}

static void
h2_stop(conn *c)
{
    struct h2 *const h = c->state;
    const int32_t last = nghttp2_session_get_last_proc_stream_id(h->session);
    h2_check(h,
             nghttp2_submit_goaway(h->session, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0));
}

static void
h2_expired(conn *c)
{
    h2_stop(c);
}

static fallible
configure(struct h2 *h)
{
    const struct params *const p = &h->c->hub->p;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)p->net_h2_streams_max},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)p->net_header_bytes_max},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW_STREAM},
    };
    if (nghttp2_submit_settings(h->session, NGHTTP2_FLAG_NONE, settings,
                                sizeof settings / sizeof *settings) ||
        nghttp2_session_set_local_window_size(h->session, NGHTTP2_FLAG_NONE, 0, WINDOW_CONNECTION))
        FAIL(LIMIT, "no memory for HTTP/2 settings");
    return OK;
}

static fallible
session_new(struct h2 *h, nghttp2_session_callbacks *calls, nghttp2_option *options)
{
    nghttp2_mem mem = {NULL, give, take_back, give_zeroed, give_more};
    nghttp2_session_callbacks_set_on_begin_headers_callback(calls, on_begin);
    nghttp2_session_callbacks_set_on_header_callback2(calls, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_send_callback(calls, on_sent);
    nghttp2_option_set_stream_reset_rate_limit(options, RESETS_BURST, RESETS_PER_SECOND);
    nghttp2_option_set_max_outbound_ack(options, ACKS_MAX);
    if (nghttp2_session_server_new3(&h->session, calls, h, options, &mem))
        FAIL(LIMIT, "no memory for an HTTP/2 session");
    return OK;
}

static fallible
session_open(struct h2 *h)
{
    nghttp2_session_callbacks *calls = NULL;
    nghttp2_option *options = NULL;
    err e = OK;
    if (nghttp2_session_callbacks_new(&calls) || nghttp2_option_new(&options))
        e = err_start(ERR_LIMIT, __FILE__, __LINE__, __func__, "no memory for HTTP/2 options");
    else
        e = session_new(h, calls, options);
    nghttp2_session_callbacks_del(calls);
    nghttp2_option_del(options);
    if (e.code)
        return e;
    return configure(h);
}

static fallible
h2_open(conn *c)
{
    struct h2 *const h = mem_get(sizeof *h);
    if (!h)
        FAIL(LIMIT, "no memory for a connection");
    *h = (struct h2){.c = c};
    const err e = session_open(h);
    if (e.code) {
        nghttp2_session_del(h->session);
        mem_free(h);
        return e;
    }
    c->state = h;
    conn_touch(c);
    conn_wait(c, DEADLINE_IDLE);
    return OK;
}

static void
h2_close(conn *c)
{
    struct h2 *const h = c->state;
    while (h->first)
        end_exchange(h, h->first);
    nghttp2_session_del(h->session);
    mem_free(h);
    c->state = NULL;
}

const struct protocol protocol_h2 = {
    .open = h2_open,
    .close = h2_close,
    .read = h2_read,
    .eof = h2_eof,
    .turn = h2_turn,
    .stop = h2_stop,
    .expired = h2_expired,
    .answer = h2_answer_whole,
    .start = h2_answer_start,
    .write = h2_answer_write,
    .end = h2_answer_end,
    .abort = h2_answer_abort,
    .version = 2,
};
