/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/h1.h"

#include "net/head.h"

enum { SKIP_MAX = 64 * 1024 }; /* of a body nobody wants, to keep the connection */

/* What is left of the request is nothing, or little and sure to come. */
static bool
rest_is_small(const struct h1 *h)
{
    const http_exchange *const x = h->x;
    return x->whole ||
           (!(h->parser.flags & F_CHUNKED) && !x->expects && h->length - x->body_bytes <= SKIP_MAX);
}

/* `head` holds status, framing, length and fields; the rest follows from the connection. */
static void
put_head(struct h1 *h, struct head head)
{
    http_exchange *const x = h->x;
    const bool old = h->parser.http_major == 1 && h->parser.http_minor == 0;
    x->bodiless = x->method == HTTP_HEAD || head_is_bodiless(head.status);
    x->keep = x->keep && !h->c->hub->stopping;
    if (head_is_bodiless(head.status))
        head.framing = HEAD_NO_BODY;
    head.connection = !x->keep ? STR("close") : old ? STR("keep-alive") : STR_NONE;
    head.date = hub_date(h->c->hub);
    head.id = x->id;
    head_put(&h->c->out, &head);
}

/* The answer has ended; the rest of the request may still be on its way. */
static void
over(struct h1 *h)
{
    h->x->ended = true;
    if (!h->x->keep || !rest_is_small(h))
        conn_finish(h->c, CONN_LINGERS);
    if (h->x->whole || h->c->phase != CONN_OPEN)
        h1_forget(h);
    conn_touch(h->c);
}

void
h1_answer_whole(http_exchange *x, int status, const struct http_field *fields, size_t count,
                str body)
{
    struct h1 *const h = x->conn->state;
    ASSERT(h->x == x);
    x->keep = x->keep && rest_is_small(h);
    put_head(h, (struct head){.status = status,
                              .framing = HEAD_LENGTH,
                              .length = body.len,
                              .fields = fields,
                              .count = count});
    if (!x->bodiless)
        buf_add(&h->c->out, body);
    over(h);
}

void
h1_answer_start(http_exchange *x, int status, const struct http_field *fields, size_t count)
{
    struct h1 *const h = x->conn->state;
    const bool chunked = h->parser.http_minor > 0;
    ASSERT(h->x == x);
    x->keep = x->keep && chunked && (x->streamed || rest_is_small(h));
    put_head(h, (struct head){.status = status,
                              .framing = chunked ? HEAD_CHUNKED : HEAD_UNTIL_CLOSE,
                              .fields = fields,
                              .count = count});
    x->chunked = chunked && !x->bodiless;
    conn_touch(h->c);
}

static void
put_hex(buf *b, size_t n)
{
    char digits[16];
    size_t at = sizeof digits;
    do {
        digits[--at] = "0123456789abcdef"[n & 15];
        n >>= 4;
    } while (n);
    buf_add(b, (str){digits + at, sizeof digits - at});
}

fallible
h1_answer_write(http_exchange *x, str bytes)
{
    struct h1 *const h = x->conn->state;
    conn *const c = h->c;
    const size_t waiting = conn_waiting_bytes(c);
    ASSERT(h->x == x);
    if (c->phase != CONN_OPEN ||
        (waiting && waiting + bytes.len > c->hub->p.net_stream_queue_bytes_max)) {
        if (c->phase == CONN_OPEN)
            meter_add(c->hub->m, METER_HTTP_CUT, 1);
        conn_finish(c, CONN_DEAD);
        FAIL(BUSY, "a reader is too slow: %zu bytes are waiting", waiting);
    }
    conn_touch(c);
    if (x->bodiless)
        return OK;
    if (x->chunked) {
        put_hex(&c->out, bytes.len);
        buf_add(&c->out, STR("\r\n"));
    }
    buf_add(&c->out, bytes);
    if (x->chunked)
        buf_add(&c->out, STR("\r\n"));
    return OK;
}

void
h1_answer_end(http_exchange *x)
{
    struct h1 *const h = x->conn->state;
    ASSERT(h->x == x);
    if (x->chunked)
        buf_add(&h->c->out, STR("0\r\n\r\n"));
    over(h);
}

void
h1_answer_abort(http_exchange *x)
{
    struct h1 *const h = x->conn->state;
    ASSERT(h->x == x);
    x->ended = true;
    conn_finish(h->c, CONN_CLOSES);
    h1_forget(h);
}
