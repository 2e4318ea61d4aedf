/* SPDX-License-Identifier: EUPL-1.2 */
/* HTTP/1.1 (RFC 9112) over llhttp in its strict form.
 *
 * One exchange at a time.  While its answer is pending llhttp stands paused in
 * on_message_complete, and what comes meanwhile is kept in `rest`, up to REST_MAX; then the
 * connection is deaf until the answer has ended.  After any error the connection ends: where a
 * request's end is in doubt, what follows must not be taken for another request. */
#include "net/h1.h"

#include "base/fault.h"
#include "net/grammar.h"
#include "os/clock.h"

enum {
    REST_MAX = 64 * 1024,
    SLACK = CONN_READ_MAX,   /* raw bytes are counted once per read */
    CHUNK_OVERHEAD_MAX = 24, /* 16 digits and two line ends, rounded up */
};

void
h1_forget(struct h1 *h)
{
    exchange_free(h->x);
    h->x = NULL;
}

/* ---- refusals */

static void
refuse(struct h1 *h, int status, const char *text)
{
    if (!h->x && exchange_new(h->c, &h->x).code) {
        conn_finish(h->c, CONN_DEAD);
    } else if (!h->x->started) {
        h->x->keep = false;
        exchange_refuse(h->x, status, str_of(text));
    } else {
        conn_finish(h->c, CONN_LINGERS);
        exchange_gone(h->x);
        h1_forget(h);
    }
}

/* Ends the run of llhttp; the refusal is written behind it. */
static int
fail(struct h1 *h, int status, const char *text)
{
    h->fail_status = status;
    h->fail_text = text;
    return -1;
}

static int
fail_as(struct h1 *h, err e)
{
    return fail(h, err_info(e)->http_status, err_public(e));
}

static void
refuse_parse(struct h1 *h, enum llhttp_errno code)
{
    static const struct {
        enum llhttp_errno code;
        int status;
        const char *text;
    } known[] = {
        {HPE_INVALID_METHOD, 400, "The request method is not known."},
        {HPE_INVALID_URL, 400, "The request target is not valid."},
        {HPE_INVALID_VERSION, 505, "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here."},
        {HPE_INVALID_CONTENT_LENGTH, 400, "The Content-Length field is not valid."},
        {HPE_UNEXPECTED_CONTENT_LENGTH, 400, "The Content-Length field is not valid here."},
        {HPE_INVALID_TRANSFER_ENCODING, 400, "The Transfer-Encoding field is not valid."},
        {HPE_INVALID_CHUNK_SIZE, 400, "A chunk of the body is not valid."},
        {HPE_INVALID_HEADER_TOKEN, 400, "A header field is not valid."},
        {HPE_LF_EXPECTED, 400, "A line of the request does not end as it must."},
        {HPE_CR_EXPECTED, 400, "A line of the request does not end as it must."},
    };
    if (code == HPE_INVALID_VERSION && h->version_done) {
        refuse(h, 400, "The request line does not end as it must.");
        return;
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].code == code) {
            refuse(h, known[i].status, known[i].text);
            return;
        }
    refuse(h, 400, "The request is not valid HTTP.");
}

/* ---- the request, as llhttp tells it */

static int
on_message_begin(llhttp_t *p)
{
    struct h1 *const h = p->data;
    ASSERT(!h->x);
    deadline_disarm(&h->c->due);
    h->head_done = h->version_done = false;
    h->raw_bytes = h->overhead_bytes = h->length = h->trailer_count = 0;
    const err e = exchange_new(h->c, &h->x);
    return e.code ? fail_as(h, e) : 0;
}

static int
on_method_complete(llhttp_t *p)
{
    struct h1 *const h = p->data;
    h->x->method_name = str_of(llhttp_method_name((llhttp_method_t)p->method));
    h->x->method = method_find(h->x->method_name);
    return 0;
}

/* llhttp takes any number of spaces before the target; RFC 9112 section 3 has one. */
static bool
after_two_spaces(const struct h1 *h, const char *at)
{
    const char *const p = at - h->fed >= 2 ? at - 2 : h->before + (at - h->fed);
    return *p == ' ';
}

static int
on_url(llhttp_t *p, const char *at, size_t len)
{
    struct h1 *const h = p->data;
    if (!h->x->text.len && after_two_spaces(h, at))
        return fail(h, 400, "The request target is not valid.");
    if (h->x->text.len + len > h->c->hub->p.net_target_bytes_max)
        return fail(h, 414, "The request target is too long.");
    const err e = exchange_text(h->x, (str){at, len});
    return e.code ? fail_as(h, e) : 0;
}

static int
on_url_complete(llhttp_t *p)
{
    struct h1 *const h = p->data;
    h->x->target = exchange_take(h->x, false);
    return 0;
}

static int
on_version_complete(llhttp_t *p)
{
    struct h1 *const h = p->data;
    h->version_done = true;
    return 0;
}

/* Trailers too come this way; they are counted with the raw bytes and dropped. */
static int
on_field_piece(llhttp_t *p, const char *at, size_t len)
{
    struct h1 *const h = p->data;
    if (h->head_done)
        return 0;
    if (exchange_head_full(h->x, len))
        return fail(h, 431, "The request's header fields are too large.");
    const err e = exchange_text(h->x, (str){at, len});
    return e.code ? fail_as(h, e) : 0;
}

static int
on_name_complete(llhttp_t *p)
{
    struct h1 *const h = p->data;
    if (!h->head_done)
        h->name = exchange_take(h->x, true);
    else if (++h->trailer_count > h->c->hub->p.net_header_count_max)
        return fail(h, 431, "The request has too many trailer fields.");
    return 0;
}

static int
on_value_complete(llhttp_t *p)
{
    struct h1 *const h = p->data;
    if (h->head_done)
        return 0;
    const err e = exchange_field(h->x, h->name, exchange_take(h->x, false));
    return e.code ? fail_as(h, e) : 0;
}

static int
check_version(struct h1 *h)
{
    const int major = h->parser.http_major, minor = h->parser.http_minor;
    if (major == 0)
        return fail(h, 400, "The request line names no HTTP version.");
    if (major != 1 || minor > 1)
        return fail(h, 505, "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken here.");
    return 0;
}

/* RFC 9112 section 3.2 */
static int
check_host(struct h1 *h)
{
    const size_t count = exchange_count(h->x, STR("host"));
    if (count > 1)
        return fail(h, 400, "The Host field is given more than once.");
    if (count == 0 && h->parser.http_minor > 0)
        return fail(h, 400, "The Host field is missing.");
    if (count && !host_valid(http_header(h->x, STR("host"))))
        return fail(h, 400, "The Host field is not valid.");
    return 0;
}

/* RFC 9112 sections 6.1 and 7: no other coding is undone here. */
static int
check_coding(struct h1 *h)
{
    const size_t count = exchange_count(h->x, STR("transfer-encoding"));
    if (count && h->parser.http_minor == 0)
        return fail(h, 400, "Transfer-Encoding does not belong to HTTP/1.0.");
    if (count > 1 ||
        (count && !str_eq_nocase(http_header(h->x, STR("transfer-encoding")), STR("chunked"))))
        return fail(h, 501, "The only transfer coding known here is chunked.");
    return 0;
}

static int
check_head(struct h1 *h)
{
    const uint8_t method = h->parser.method;
    if (check_version(h))
        return -1;
    /* No tunnels; and TRACE shows what a proxy in between has added. */
    if (method == HTTP_CONNECT || method == HTTP_TRACE || method == HTTP_PRI)
        return fail(h, 501, "The request method is not served here.");
    if (check_host(h) || check_coding(h))
        return -1;
    const err e = exchange_head(h->x);
    if (e.code)
        return fail_as(h, e);
    if (h->c->hub->stopping)
        return fail(h, 503, "The server is being stopped.");
    return 0;
}

static int
check_expectation(struct h1 *h)
{
    const str expected = http_header(h->x, STR("expect"));
    if (!expected.at || h->parser.http_minor == 0)
        return 0;
    if (!str_eq_nocase(expected, STR("100-continue")))
        return fail(h, 417, "The only expectation known here is 100-continue.");
    h->x->expects = true;
    return 0;
}

/* -1 when the exchange has ended and what follows must not be read. */
static int
go_on(const struct h1 *h)
{
    return h->c->phase == CONN_OPEN ? 0 : -1;
}

static int
on_headers_complete(llhttp_t *p)
{
    struct h1 *const h = p->data;
    http_exchange *const x = h->x;
    const bool chunked = p->flags & F_CHUNKED;
    h->head_done = true;
    h->length = chunked ? 0 : p->content_length;
    p->upgrade = 0; /* offers to change the protocol are declined by silence */
    if (check_head(h))
        return -1;
    x->keep = llhttp_should_keep_alive(p);
    if (!chunked && h->length == 0) {
        exchange_announce(x);
        return go_on(h);
    }
    if (check_expectation(h))
        return -1;
    exchange_announce(x);
    if (h->x != x || x->ended)
        return go_on(h);
    if (h->length > x->body_bytes_max)
        return fail(h, 413, "The request body is too large.");
    if (x->expects)
        buf_add(&h->c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
    x->expects = false;
    return 0;
}

static int
on_body(llhttp_t *p, const char *at, size_t len)
{
    struct h1 *const h = p->data;
    http_exchange *const x = h->x;
    h->delivered_bytes += len;
    const err e = exchange_body(x, (str){at, len});
    if (e.code == ERR_TOO_LARGE)
        return fail(h, 413, "The request body is too large.");
    if (e.code)
        return fail_as(h, e);
    if (x->streamed && !x->ended) {
        deadline_disarm(&h->c->due); /* an upload may take long, but not rest */
        h->c->hub->hooks.on_data(h->c->hub->hooks.ctx, x, (str){at, len});
    }
    return go_on(h);
}

static int
on_chunk_header(llhttp_t *p)
{
    struct h1 *const h = p->data;
    h->overhead_bytes -=
        h->overhead_bytes < CHUNK_OVERHEAD_MAX ? h->overhead_bytes : CHUNK_OVERHEAD_MAX;
    return 0;
}

static int
on_message_complete(llhttp_t *p)
{
    struct h1 *const h = p->data;
    http_exchange *const x = h->x;
    const struct http_hooks *const hooks = &h->c->hub->hooks;
    x->whole = true;
    if (x->ended) {
        h1_forget(h);
    } else {
        x->received_us = clock_us();
        x->announced = true;
        hooks->on_request(hooks->ctx, x);
    }
    if (go_on(h))
        return -1;
    h->paused = h->x || conn_waiting_bytes(h->c) > CONN_OUT_HIGH;
    return h->paused ? HPE_PAUSED : 0;
}

static const llhttp_settings_t settings = {
    .on_message_begin = on_message_begin,
    .on_method_complete = on_method_complete,
    .on_url = on_url,
    .on_url_complete = on_url_complete,
    .on_version_complete = on_version_complete,
    .on_header_field = on_field_piece,
    .on_header_field_complete = on_name_complete,
    .on_header_value = on_field_piece,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_message_complete,
};

/* ---- bytes in */

/* Bytes that llhttp swallows without a word: white space, empty lines, chunk extensions,
 * trailers.  Nobody keeps them, but nobody sends them without bounds either. */
static void
check_raw(struct h1 *h, size_t used)
{
    const struct params *const p = &h->c->hub->p;
    if (!h->x || !h->head_done) {
        h->raw_bytes += used;
        if (h->raw_bytes > p->net_header_bytes_max + p->net_target_bytes_max + SLACK)
            refuse(h, 431, "The request's head is too large.");
    } else if (!h->x->whole) {
        h->overhead_bytes += used - h->delivered_bytes;
        if (h->overhead_bytes > p->net_header_bytes_max + SLACK)
            refuse(h, 431, "The chunk extensions or trailers of the body are too large.");
    }
}

/* How many were used; fewer than there are only when paused or when the connection ends. */
static size_t
feed(struct h1 *h, str bytes)
{
    if (!bytes.len)
        return 0;
    h->delivered_bytes = 0;
    h->fail_status = 0;
    h->fed = bytes.at;
    const enum llhttp_errno e = llhttp_execute(&h->parser, bytes.at, bytes.len);
    h->before[0] = bytes.len > 1 ? bytes.at[bytes.len - 2] : h->before[1];
    h->before[1] = bytes.at[bytes.len - 1];
    if (h->c->phase != CONN_OPEN)
        return bytes.len;
    if (e == HPE_OK) {
        check_raw(h, bytes.len);
        return bytes.len;
    }
    if (h->paused)
        return (size_t)(llhttp_get_error_pos(&h->parser) - bytes.at);
    if (h->fail_status)
        refuse(h, h->fail_status, h->fail_text);
    else
        refuse_parse(h, e);
    return bytes.len;
}

/* Deadlines and deafness follow from where the connection stands now. */
static void
settle(struct h1 *h)
{
    conn *const c = h->c;
    if (c->phase != CONN_OPEN)
        return;
    c->deaf = h->rest.len - h->rest_at >= REST_MAX;
    if (!h->x)
        conn_wait(c, DEADLINE_IDLE);
    else if (!h->head_done)
        conn_wait(c, DEADLINE_HEADER);
    else if (!h->x->whole)
        conn_wait(c, DEADLINE_BODY);
    else
        deadline_disarm(&c->due);
}

static void
h1_read(conn *c, str bytes)
{
    struct h1 *const h = c->state;
    const size_t used = h->paused ? 0 : feed(h, bytes);
    if (used < bytes.len && c->phase == CONN_OPEN) {
        buf_add(&h->rest, str_slice(bytes, used, bytes.len));
        if (buf_end(&h->rest).code)
            conn_finish(c, CONN_DEAD);
    }
    settle(h);
}

static void
h1_turn(conn *c)
{
    struct h1 *const h = c->state;
    if (h->paused && !h->x && conn_waiting_bytes(c) <= CONN_OUT_HIGH) {
        h->paused = false;
        llhttp_resume(&h->parser);
        h->rest_at += feed(h, str_slice(buf_str(&h->rest), h->rest_at, h->rest.len));
        if (h->rest_at == h->rest.len) {
            buf_done(&h->rest);
            h->rest_at = 0;
        }
        settle(h);
    }
}

static void
h1_eof(conn *c)
{
    const struct h1 *const h = c->state;
    conn_finish(c, h->x && !h->x->ended ? CONN_DEAD : CONN_CLOSES);
}

static void
h1_stop(conn *c)
{
    const struct h1 *const h = c->state;
    if (!h->x && !h->paused)
        conn_finish(c, CONN_LINGERS);
}

static void
h1_expired(conn *c)
{
    struct h1 *const h = c->state;
    if (!h->x)
        conn_finish(c, CONN_CLOSES);
    else
        refuse(h, 408, "The request came too slowly.");
}

static fallible
h1_open(conn *c)
{
    struct h1 *const h = mem_get(sizeof *h);
    if (!h)
        FAIL(LIMIT, "no memory for a connection");
    *h = (struct h1){.c = c, .rest = BUF(REST_MAX + 4 * CONN_READ_MAX)};
    llhttp_init(&h->parser, HTTP_REQUEST, &settings);
    h->parser.data = h;
    c->state = h;
    return OK;
}

static void
h1_close(conn *c)
{
    struct h1 *const h = c->state;
    if (h->x) {
        exchange_gone(h->x);
        h1_forget(h);
    }
    buf_done(&h->rest);
    mem_free(h);
    c->state = NULL;
}

const struct protocol protocol_h1 = {
    .open = h1_open,
    .close = h1_close,
    .read = h1_read,
    .eof = h1_eof,
    .turn = h1_turn,
    .stop = h1_stop,
    .expired = h1_expired,
    .answer = h1_answer_whole,
    .start = h1_answer_start,
    .write = h1_answer_write,
    .end = h1_answer_end,
    .abort = h1_answer_abort,
    .version = 1,
};
