/* SPDX-License-Identifier: EUPL-1.2 */
/* peer.h - a server on a Unix socket: reads a whole request, then says what it was told to say. */
#pragma once
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "os/loop.h"
#include "test.h"

enum { GOT_MAX = 4096 };

struct peer {
    loop *l;
    uv_pipe_t listener, *conn; /* conn: the last one accepted */
    uv_check_t later;
    char path[200], url[210];
    str answer;
    size_t split;     /* the answer goes out as [0, split) and, a turn later, the rest; 0: whole */
    size_t answer_at; /* request bytes before it answers; 0: a whole head */
    bool close_after, silent, open;
    uint64_t body_sum; /* of the bytes after the head */
    uint64_t got_len, head_len;
    size_t sent;
    char got[GOT_MAX]; /* the beginning of the last request */
    int accepted, answered;
    char room[65536];
};

static inline void
peer_on_closed(uv_handle_t *h)
{
    free(h);
}

static inline void
peer_hang_up(struct peer *p)
{
    if (p->open)
        uv_close((uv_handle_t *)p->conn, peer_on_closed);
    uv_check_stop(&p->later);
    p->open = false;
}

static inline void
peer_write(struct peer *p, str s)
{
    uv_buf_t b = {.base = (char *)(uintptr_t)s.at, .len = s.len};
    p->sent += s.len;
    if (s.len && uv_try_write((uv_stream_t *)p->conn, &b, 1) != (int)s.len)
        test_fail(__FILE__, __LINE__, "the peer could not write");
    if (p->sent == p->answer.len && p->close_after)
        peer_hang_up(p);
}

static inline void
peer_on_check(uv_check_t *h)
{
    struct peer *p = h->data;
    uv_check_stop(h);
    peer_write(p, str_slice(p->answer, p->sent, p->answer.len));
}

static inline void
peer_answer(struct peer *p)
{
    p->answered++;
    p->sent = 0;
    if (p->split) {
        uv_check_start(&p->later, peer_on_check);
        peer_write(p, str_slice(p->answer, 0, p->split));
    } else {
        peer_write(p, p->answer);
    }
}

static inline void
peer_take(struct peer *p, str piece)
{
    if (!p->head_len && p->got_len < GOT_MAX) {
        const str kept = str_slice(piece, 0, GOT_MAX - (size_t)p->got_len);
        memcpy(p->got + p->got_len, kept.at, kept.len);
        const ptrdiff_t end =
            str_find((str){p->got, (size_t)p->got_len + kept.len}, STR("\r\n\r\n"));
        if (end >= 0)
            p->head_len = (uint64_t)end + 4;
    }
    for (size_t i = 0; i < piece.len; i++)
        if (p->head_len && p->got_len + i >= p->head_len)
            p->body_sum = p->body_sum * 31 + (unsigned char)piece.at[i];
    p->got_len += piece.len;
}

static inline void
peer_on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *room)
{
    struct peer *p = s->data;
    if (n < 0)
        peer_hang_up(p);
    if (n <= 0)
        return;
    peer_take(p, (str){room->base, (size_t)n});
    const bool whole = p->head_len && p->got_len >= p->answer_at;
    if (!whole || p->silent)
        return;
    peer_answer(p);
    p->got_len = p->head_len = 0;
}

static inline void
peer_on_room(uv_handle_t *h, size_t hint, uv_buf_t *ret)
{
    struct peer *p = h->data;
    (void)hint;
    *ret = uv_buf_init(p->room, sizeof p->room);
}

static inline void
peer_on_accept(uv_stream_t *listener, int status)
{
    struct peer *p = listener->data;
    if (status < 0)
        return;
    peer_hang_up(p);
    p->conn = malloc(sizeof *p->conn);
    uv_pipe_init(loop_uv(p->l), p->conn, 0);
    p->conn->data = p;
    p->open = true;
    p->accepted++;
    p->got_len = p->head_len = 0;
    uv_accept(listener, (uv_stream_t *)p->conn);
    uv_read_start((uv_stream_t *)p->conn, peer_on_room, peer_on_read);
}

static inline fallible
peer_start(struct peer *p, str answer)
{
    static int serial;
    memset(p, 0, sizeof *p);
    p->answer = answer;
    TRY(loop_new(&p->l));
    snprintf(p->path, sizeof p->path, "%s/peer%d", test_dir(), serial++);
    snprintf(p->url, sizeof p->url, "unix:%s", p->path);
    uv_pipe_init(loop_uv(p->l), &p->listener, 0);
    uv_check_init(loop_uv(p->l), &p->later);
    p->listener.data = p->later.data = p;
    if (uv_pipe_bind(&p->listener, p->path) < 0 ||
        uv_listen((uv_stream_t *)&p->listener, 8, peer_on_accept) < 0)
        FAIL(IO, "the peer cannot listen");
    return OK;
}

static inline void
peer_end(struct peer *p)
{
    unlink(p->path);
    peer_hang_up(p);
    loop_free(p->l);
}
