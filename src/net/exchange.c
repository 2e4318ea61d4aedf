/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/exchange.h"

#include "net/conn.h"
#include "net/grammar.h"
#include "net/refusal.h"
#include "os/clock.h"

enum {
    TEXT_ROOM_FIRST = 1024,
    FIELD_ROOM_FIRST = 16,
    FIELD_OVERHEAD = 4, /* ": " and the line's end */
};

fallible
exchange_new(conn *c, http_exchange **ret)
{
    arena *a = NULL;
    TRY(hub_take_arena(c->hub, &a));
    http_exchange *x = arena_new(a, http_exchange);
    x->a = a;
    x->conn = c;
    x->body_bytes_max = c->hub->p.net_body_bytes_max;
    *ret = x;
    return OK;
}

void
exchange_free(http_exchange *x)
{
    if (!x)
        return;
    x->doomed = true;
    if (x->pinned)
        return;
    deadline_disarm(&x->due);
    x->conn->hub->body_bytes -= x->body.len;
    buf_done(&x->body);
    buf_done(&x->out);
    hub_give_arena(x->conn->hub, x->a);
}

/* A new region for the unfinished text and `more` bytes; what is finished stays behind. */
static fallible
text_grow(arena *a, struct text *t, size_t more)
{
    const size_t held = t->len - t->start;
    const size_t need = 2 * (held + more);
    const size_t room = need > TEXT_ROOM_FIRST ? need : TEXT_ROOM_FIRST;
    void *at = NULL;
    TRY(try_arena_get(a, room, 1, &at));
    if (held)
        memcpy(at, t->at + t->start, held);
    *t = (struct text){.at = at, .len = held, .room = room};
    return OK;
}

fallible
exchange_text(http_exchange *x, str piece)
{
    struct text *const t = &x->text;
    if (piece.len > t->room - t->len)
        TRY(text_grow(x->a, t, piece.len));
    if (piece.len)
        memcpy(t->at + t->len, piece.at, piece.len);
    t->len += piece.len;
    return OK;
}

str
exchange_take(http_exchange *x, bool lower)
{
    struct text *const t = &x->text;
    const str s = {t->at + t->start, t->len - t->start};
    for (size_t i = t->start; lower && i < t->len; i++)
        if (t->at[i] >= 'A' && t->at[i] <= 'Z')
            t->at[i] = (char)(t->at[i] | 0x20);
    t->start = t->len;
    return s.len ? s : STR("");
}

bool
exchange_head_full(const http_exchange *x, size_t more)
{
    const struct params *const p = &x->conn->hub->p;
    return x->fields.count > p->net_header_count_max ||
           x->head_bytes + x->text.len - x->text.start + more > p->net_header_bytes_max;
}

fallible
exchange_field(http_exchange *x, str name, str value)
{
    const struct http_field field = {.name = name, .value = value};
    if (x->fields.count >= x->conn->hub->p.net_header_count_max)
        REFUSE(HEADERS_TOO_LARGE, "", "The request has too many header fields.");
    x->head_bytes += name.len + value.len + FIELD_OVERHEAD;
    if (x->head_bytes > x->conn->hub->p.net_header_bytes_max)
        REFUSE(HEADERS_TOO_LARGE, "", "The request's header fields are too large.");
    if (!x->fields.room) {
        void *at = NULL;
        TRY(try_arena_get(x->a, FIELD_ROOM_FIRST, sizeof field, &at));
        x->fields.at = at;
        x->fields.room = FIELD_ROOM_FIRST;
    }
    return VEC_ADD(x->a, &x->fields, &field);
}

size_t
exchange_count(const http_exchange *x, str name)
{
    size_t n = 0;
    for (size_t i = 0; i < x->fields.count; i++)
        n += str_eq(x->fields.at[i].name, name);
    return n;
}

fallible
exchange_head(http_exchange *x)
{
    str host;
    x->id = id_new("req_", x->id_room);
    if (x->method == HTTP_OTHER && !token_valid(x->method_name))
        REFUSE(PARSE, "", "The request method is not valid.");
    return target_split(x->target, x->method, &x->path, &x->query, &host);
}

/* The limit of one body does not bound all of them together. */
static fallible
collect(http_exchange *x, str piece)
{
    struct hub *const h = x->conn->hub;
    if (h->body_bytes + piece.len > HUB_BODIES_MAX * h->p.net_body_bytes_max)
        FAIL(LIMIT, "%llu bytes of bodies are held", (unsigned long long)h->body_bytes);
    x->body.limit = (size_t)x->body_bytes_max;
    buf_add(&x->body, piece);
    TRY(buf_end(&x->body));
    h->body_bytes += piece.len;
    return OK;
}

fallible
exchange_body(http_exchange *x, str piece)
{
    x->body_bytes += piece.len;
    if (x->ended)
        return OK;
    if (x->body_bytes > x->body_bytes_max)
        FAIL(TOO_LARGE, "more than %llu bytes of body", (unsigned long long)x->body_bytes_max);
    return x->streamed ? OK : collect(x, piece);
}

void
exchange_announce(http_exchange *x)
{
    const struct http_hooks *const hooks = &x->conn->hub->hooks;
    uint64_t body_bytes_max = x->body_bytes_max;
    if (!hooks->on_header)
        return;
    x->announced = x->pinned = true;
    const enum http_body_mode mode = hooks->on_header(hooks->ctx, x, &body_bytes_max);
    ASSERT(mode != HTTP_STREAM || hooks->on_data);
    x->pinned = false;
    x->streamed = mode == HTTP_STREAM;
    x->body_bytes_max = body_bytes_max;
    if (x->doomed)
        exchange_free(x);
}

void
exchange_gone(http_exchange *x)
{
    const struct http_hooks *const hooks = &x->conn->hub->hooks;
    const bool owed = x->announced && !x->ended;
    x->ended = true;
    if (owed && hooks->on_gone)
        hooks->on_gone(hooks->ctx, x);
}

void
exchange_meter(const http_exchange *x, int status)
{
    meters *const m = x->conn->hub->m;
    ASSERT(status >= 200 && status < 600);
    meter_add(m, METER_HTTP_REQUESTS, 1);
    if (status >= 400)
        meter_add(m, METER_HTTP_ERRORS, 1);
}

void
exchange_refuse(http_exchange *x, int status, str text)
{
    struct http_field type = {.name = STR("Content-Type")};
    str body;
    ASSERT(!x->started && status >= 400);
    x->started = true;
    if (!x->id.len)
        x->id = id_new("req_", x->id_room);
    refusal_make(&x->conn->hub->hooks, status, text, x->a, &type.value, &body);
    exchange_meter(x, status);
    exchange_gone(x);
    x->conn->protocol->answer(x, status, &type, 1, body);
}
