/* SPDX-License-Identifier: EUPL-1.2 */
/* h2_peer.h - the peer of a connection without a socket: nghttp2's client, in memory.  It keeps
 * what each stream was answered. */
#pragma once
#include <nghttp2/nghttp2.h>

#include "rig.h"

enum { STREAMS_MAX = 1024, PIECE = 16384 };

struct answer {
    int status, interim;
    uint64_t body_len;
    char body[64]; /* its beginning */
    char fields[2048];
    bool ended, closed;
    uint32_t code;
};

struct peer {
    struct rig r;
    nghttp2_session *session;
    struct answer answers[STREAMS_MAX]; /* by stream id / 2 */
    bool went_away;
    uint32_t away_code;
    int32_t away_last;
    size_t step; /* bytes handed over at once */
};

static inline struct answer *
answer_of(struct peer *p, int32_t stream)
{
    static struct answer none;
    return stream / 2 < STREAMS_MAX ? &p->answers[stream / 2] : &none;
}

static inline int
on_header(nghttp2_session *s, const nghttp2_frame *f, const uint8_t *name, size_t name_len,
          const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    (void)s, (void)flags;
    struct answer *const a = answer_of(user, f->hd.stream_id);
    const size_t used = strlen(a->fields);
    if (name_len == 7 && memcmp(name, ":status", 7) == 0)
        a->status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + value[2] - '0';
    if (a->status == 100)
        a->interim = 100;
    (void)snprintf(a->fields + used, sizeof a->fields - used, "%.*s: %.*s\n", (int)name_len,
                   (const char *)name, (int)value_len, (const char *)value);
    return 0;
}

static inline int
on_data(nghttp2_session *s, uint8_t flags, int32_t stream, const uint8_t *at, size_t len,
        void *user)
{
    (void)s, (void)flags;
    struct answer *const a = answer_of(user, stream);
    for (size_t i = 0; i < len && a->body_len + i + 1 < sizeof a->body; i++)
        a->body[a->body_len + i] = (char)at[i];
    a->body_len += len;
    return 0;
}

static inline int
on_frame(nghttp2_session *s, const nghttp2_frame *f, void *user)
{
    struct peer *const p = user;
    (void)s;
    if (f->hd.type == NGHTTP2_GOAWAY) {
        p->went_away = true;
        p->away_code = f->goaway.error_code;
        p->away_last = f->goaway.last_stream_id;
    }
    if ((f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA) &&
        (f->hd.flags & NGHTTP2_FLAG_END_STREAM))
        answer_of(p, f->hd.stream_id)->ended = true;
    return 0;
}

static inline int
on_close(nghttp2_session *s, int32_t stream, uint32_t code, void *user)
{
    (void)s;
    answer_of(user, stream)->closed = true;
    answer_of(user, stream)->code = code;
    return 0;
}

static inline struct peer *
peer_open(bool reads)
{
    static struct peer one;
    struct peer *const p = &one;
    nghttp2_session_callbacks *calls;
    nghttp2_option *options;
    memset(p, 0, sizeof *p);
    p->step = SIZE_MAX;
    rig_open(&p->r);
    nghttp2_session_callbacks_new(&calls);
    nghttp2_option_new(&options);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
    nghttp2_option_set_no_auto_window_update(options, !reads);
    nghttp2_option_set_no_http_messaging(options, 1);
    nghttp2_session_client_new2(&p->session, calls, p, options);
    nghttp2_session_callbacks_del(calls);
    nghttp2_option_del(options);
    nghttp2_submit_settings(p->session, 0, NULL, 0);
    return p;
}

static inline void
peer_close(struct peer *p)
{
    nghttp2_session_del(p->session);
    rig_close(&p->r);
}

/* Both ways until nothing moves. */
static inline void
talk(struct peer *p)
{
    for (int round = 0; round < 1000; round++) {
        const uint8_t *at;
        ssize_t n, sent = 0;
        while ((n = nghttp2_session_mem_send(p->session, &at)) > 0) {
            const str bytes = {(const char *)at, (size_t)n};
            for (size_t i = 0; i < bytes.len; i += p->step < bytes.len ? p->step : bytes.len)
                rig_feed(&p->r, str_slice(bytes, i, p->step < bytes.len ? i + p->step : bytes.len));
            sent += n;
        }
        rig_turn(&p->r);
        if (!sent && !p->r.said.len)
            return;
        if (nghttp2_session_mem_recv(p->session, (const uint8_t *)p->r.said.at, p->r.said.len) < 0)
            test_fail(__FILE__, __LINE__, "the peer does not understand");
        buf_clear(&p->r.said);
    }
    test_fail(__FILE__, __LINE__, "the two never come to rest");
}

static inline nghttp2_nv
nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), 0};
}

struct sending {
    size_t left;
};

static inline ssize_t
on_send(nghttp2_session *s, int32_t stream, uint8_t *room, size_t len, uint32_t *flags,
        nghttp2_data_source *source, void *user)
{
    struct sending *const b = source->ptr;
    const size_t n = b->left < len ? b->left : len;
    (void)s, (void)stream, (void)user;
    memset(room, 'x', n);
    b->left -= n;
    if (!b->left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static inline int32_t
submit(struct peer *p, const char *method, const char *path, struct sending *body, const char *name,
       const char *value)
{
    nghttp2_nv head[] = {nv(":method", method), nv(":scheme", "http"), nv(":path", path),
                         nv(":authority", "h"), nv(name ? name : "x-a", value ? value : "b")};
    const nghttp2_data_provider provider = {.source.ptr = body, .read_callback = on_send};
    return nghttp2_submit_request(p->session, NULL, head, 5, body ? &provider : NULL, NULL);
}

static inline int32_t
get(struct peer *p, const char *path)
{
    return submit(p, "GET", path, NULL, NULL, NULL);
}
