/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/detached.h"

#include "base/fault.h"
#include "net/conn.h"
#include "os/clock.h"

enum { FIELDS_MAX = 32 };

struct detached {
    http_exchange *x; /* in its arena */
    struct conn conn;
    struct hub hub;
    meters unseen; /* what exchange.c counts goes here */
    loop *loop;
    loop_timer *told;
    detached_fn *fn;
    void *ctx;
    int status;
    struct http_field fields[FIELDS_MAX];
    size_t field_count;
    buf body;
};

static detached *
of(const http_exchange *x)
{
    return x->conn->owner;
}

/* ---- the answer */
static void
tell(void *ctx)
{
    detached *d = ctx;
    d->told = NULL; /* it ran once, and goes by itself */
    const bool is_whole = d->status && !buf_end(&d->body).code;
    const struct detached_answer a = {.status = is_whole ? d->status : 0,
                                      .fields = d->fields,
                                      .field_count = d->field_count,
                                      .body = buf_str(&d->body)};
    d->fn(d->ctx, &a);
}

static void
over(detached *d)
{
    d->x->ended = true;
    const err e = loop_timer_start(d->loop, 0, 0, tell, d, &d->told);
    IGNORE(e); /* no memory for a timer: it stays untold, and whoever waits has a time of his own */
}

static void
start(http_exchange *x, int status, const struct http_field *fields, size_t count)
{
    detached *d = of(x);
    d->status = status;
    for (size_t i = 0; i < count && i < FIELDS_MAX; i++)
        d->fields[i] =
            (struct http_field){arena_str(x->a, fields[i].name), arena_str(x->a, fields[i].value)};
    d->field_count = count < FIELDS_MAX ? count : FIELDS_MAX;
}

static fallible
add(http_exchange *x, str bytes)
{
    buf_add(&of(x)->body, bytes);
    return buf_end(&of(x)->body);
}

static void
end(http_exchange *x)
{
    over(of(x));
}

static void
answer(http_exchange *x, int status, const struct http_field *fields, size_t count, str body)
{
    start(x, status, fields, count);
    IGNORE(add(x, body)); /* told by `tell` */
    over(of(x));
}

static void
broken_off(http_exchange *x)
{
    of(x)->status = 0;
    over(of(x));
}

static const struct protocol protocol_detached = {
    .answer = answer, .start = start, .write = add, .end = end, .abort = broken_off, .version = 1};

/* ---- life */
static fallible
fill(detached *d, const struct detached_request *r)
{
    http_exchange *x = d->x;
    x->conn = &d->conn;
    x->method = r->method;
    x->method_name = r->method == HTTP_POST ? STR("POST") : STR("GET");
    str rest, path;
    TRY(try_arena_str(x->a, r->path, &rest));
    if (str_next(&rest, '?', &path))
        x->query = rest;
    x->path = path;
    x->body = BUF(r->body.len);
    buf_add(&x->body, r->body);
    TRY(buf_end(&x->body));
    for (size_t i = 0; i < r->field_count; i++) {
        struct http_field f;
        TRY(try_arena_str(x->a, r->fields[i].name, &f.name));
        TRY(try_arena_str(x->a, r->fields[i].value, &f.value));
        TRY(VEC_ADD(x->a, &x->fields, &f));
    }
    x->id = id_new("req_", x->id_room);
    x->received_us = clock_us();
    x->whole = true;
    return OK;
}

fallible
detached_new(loop *l, const struct params *p, const struct detached_request *r, detached **ret)
{
    arena *a = NULL;
    detached *d = mem_get(sizeof *d);
    if (!d)
        FAIL(LIMIT, "no memory for a request");
    memset(d, 0, sizeof *d);
    d->loop = l;
    d->body = BUF(p->gate_request_memory_bytes_max);
    d->hub.m = &d->unseen;
    d->conn = (struct conn){
        .hub = &d->hub, .protocol = &protocol_detached, .owner = d, .peer_uid = -1, .sealed = true};
    err e = arena_open(p->gate_request_memory_bytes_max, &a);
    if (!e.code) {
        d->x = arena_new(a, http_exchange);
        d->x->a = a;
        e = fill(d, r);
    }
    if (e.code) {
        detached_free(d);
        return e;
    }
    *ret = d;
    return OK;
}

http_exchange *
detached_exchange(detached *d)
{
    ASSERT(d->fn);
    return d->x;
}

void
detached_listen(detached *d, detached_fn *fn, void *ctx)
{
    d->fn = fn;
    d->ctx = ctx;
}

bool
detached_is_over(const detached *d)
{
    return d->x->ended;
}

void
detached_free(detached *d)
{
    if (!d)
        return;
    loop_timer_stop(d->told);
    buf_done(&d->body);
    if (d->x) {
        buf_done(&d->x->body);
        arena_free(d->x->a);
    }
    mem_free(d);
}
