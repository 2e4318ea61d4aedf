/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/h2.h"

#include "net/head.h"

enum {
    COMPACT_MIN = 64 * 1024,
    ANSWERS_MAX = 16, /* net.stream_queue_bytes_max of all streams' unsent output together */
    FIELDS_OURS = 4,  /* :status, date, x-request-id, content-length */
};

static ssize_t
on_pull(nghttp2_session *session, int32_t stream, uint8_t *room, size_t len, uint32_t *flags,
        nghttp2_data_source *source, void *user)
{
    http_exchange *const x = source->ptr;
    const size_t left = h2_waiting_bytes(x), n = left < len ? left : len;
    (void)session, (void)stream;
    if (!left && !x->ended)
        return NGHTTP2_ERR_DEFERRED;
    if (n)
        memcpy(room, x->out.at + x->out_at, n);
    x->out_at += n;
    ((struct h2 *)user)->waiting -= n;
    if (n == left) {
        buf_clear(&x->out);
        x->out_at = 0;
        if (x->ended)
            *flags |= NGHTTP2_DATA_FLAG_EOF;
    }
    if (x->whole && n == left)
        deadline_disarm(&x->due);
    else if (x->whole)
        h2_wait(x, DEADLINE_IDLE);
    return (ssize_t)n;
}

static nghttp2_nv
field_of(str name, str value)
{
    /* nghttp2 copies and does not write. */
    union {
        const char *from;
        uint8_t *to;
    } n = {.from = name.at}, v = {.from = value.at};
    return (nghttp2_nv){.name = n.to, .namelen = name.len, .value = v.to, .valuelen = value.len};
}

/* A name or value as HTTP/2 takes it; itself where nothing is to be changed. */
static str
clean(http_exchange *x, str s, bool lower)
{
    bool good = true;
    for (size_t i = 0; i < s.len; i++) {
        const uint8_t u = (uint8_t)s.at[i];
        good = good && (u >= 0x20 || u == '\t') && u != 0x7f && !(lower && u >= 'A' && u <= 'Z');
    }
    if (good)
        return s;
    AUTO(buf) b = BUF(SIZE_MAX / 4);
    head_put_clean(&b, s);
    for (size_t i = 0; lower && i < b.len; i++)
        if (b.at[i] >= 'A' && b.at[i] <= 'Z')
            b.at[i] = (char)(b.at[i] | 0x20);
    return arena_str(x->a, buf_str(&b));
}

static str
put_number(size_t n, char room[24])
{
    size_t at = 24;
    do {
        room[--at] = (char)('0' + n % 10);
        n /= 10;
    } while (n);
    return (str){room + at, 24 - at};
}

/* With HEAD_LENGTH the length is said.  Without `body` the stream ends with the head. */
static void
submit(http_exchange *x, const struct head *head, bool body)
{
    struct h2 *const h = x->conn->state;
    nghttp2_nv *const nv = arena_get(x->a, (head->count + FIELDS_OURS) * sizeof *nv);
    const nghttp2_data_provider provider = {.source.ptr = x, .read_callback = on_pull};
    char status_room[24], length_room[24];
    size_t n = 0;
    nv[n++] = field_of(STR(":status"), put_number((size_t)head->status, status_room));
    nv[n++] = field_of(STR("date"), hub_date(h->c->hub));
    nv[n++] = field_of(STR("x-request-id"), x->id);
    for (size_t i = 0; i < head->count; i++) {
        const struct http_field f = head->fields[i];
        if (!head_is_ours(f.name))
            nv[n++] = field_of(clean(x, f.name, true), clean(x, f.value, false));
    }
    if (head->framing == HEAD_LENGTH && !head_is_bodiless(head->status))
        nv[n++] = field_of(STR("content-length"), put_number(head->length, length_room));
    h2_check(h, nghttp2_submit_response(h->session, x->stream, nv, n, body ? &provider : NULL));
    if (body && x->whole)
        h2_wait(x, DEADLINE_IDLE);
}

/* False when the connection holds so much unread output that more would be unbounded. */
static bool
put_body(http_exchange *x, str bytes)
{
    struct h2 *const h = x->conn->state;
    if (h->waiting > ANSWERS_MAX * h->c->hub->p.net_stream_queue_bytes_max)
        return false;
    if (x->out_at > COMPACT_MIN && x->out_at > h2_waiting_bytes(x)) {
        buf_drop(&x->out, x->out_at);
        x->out_at = 0;
    }
    buf_add(&x->out, bytes);
    if (x->out.failed)
        return false;
    h->waiting += bytes.len;
    return true;
}

void
h2_answer_whole(http_exchange *x, int status, const struct http_field *fields, size_t count,
                str body)
{
    x->bodiless = x->method == HTTP_HEAD || head_is_bodiless(status);
    x->ended = true;
    if (x->bodiless || put_body(x, body))
        submit(x,
               &(struct head){.status = status,
                              .framing = HEAD_LENGTH,
                              .length = body.len,
                              .fields = fields,
                              .count = count},
               x->out.len > 0);
    else
        h2_cut(x);
}

void
h2_answer_start(http_exchange *x, int status, const struct http_field *fields, size_t count)
{
    x->bodiless = x->method == HTTP_HEAD || head_is_bodiless(status);
    submit(
        x,
        &(struct head){.status = status, .framing = HEAD_CHUNKED, .fields = fields, .count = count},
        !x->bodiless);
}

static void
resume(http_exchange *x)
{
    struct h2 *const h = x->conn->state;
    h2_check(h, nghttp2_session_resume_data(h->session, x->stream));
}

fallible
h2_answer_write(http_exchange *x, str bytes)
{
    const size_t waiting = h2_waiting_bytes(x);
    if (x->bodiless)
        return OK;
    if (!x->cut && waiting && waiting + bytes.len > x->conn->hub->p.net_stream_queue_bytes_max)
        h2_cut(x);
    if (!x->cut && !put_body(x, bytes))
        h2_cut(x);
    if (x->cut)
        FAIL(BUSY, "a reader is too slow: %zu bytes are waiting", waiting);
    if (!waiting && x->whole)
        h2_wait(x, DEADLINE_IDLE);
    resume(x);
    return OK;
}

void
h2_answer_end(http_exchange *x)
{
    x->ended = true;
    if (!x->bodiless)
        resume(x);
}

void
h2_answer_abort(http_exchange *x)
{
    x->ended = true;
    h2_reset(x, NGHTTP2_INTERNAL_ERROR);
}

void
h2_answer_go_on(http_exchange *x)
{
    struct h2 *const h = x->conn->state;
    const nghttp2_nv status = field_of(STR(":status"), STR("100"));
    h2_check(h, nghttp2_submit_headers(h->session, NGHTTP2_FLAG_NONE, x->stream, NULL, &status, 1,
                                       NULL));
}
