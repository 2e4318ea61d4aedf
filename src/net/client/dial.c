/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/client/dial.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

#include "base/fault.h"
#include "base/num.h"

struct dial {
    uv_loop_t *l;
    struct dial_target to;
    dial_fn *fn;
    void *ctx;
    union {
        uv_getaddrinfo_t lookup;
        uv_connect_t connect;
    } req; /* one after the other */
    struct addrinfo *found, *next;
    wire *w; /* being connected */
    int why; /* of the last address that failed */
    bool cancelled;
};

/* ---- addresses */

/* Only what a host can be made of (RFC 3986 section 3.2.2), so that nothing else gets into the
 * Host field. */
static bool
is_host(str s, bool bracketed)
{
    const str more = bracketed ? STR(":.") : STR("-._");
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i], low = (char)(c | 0x20);
        const bool plain = (c >= '0' && c <= '9') || (low >= 'a' && low <= 'z');
        if (!plain && str_find_char(more, c) < 0)
            return false;
    }
    return s.len > 0;
}

static fallible
parse_unix(str path, struct dial_target *t)
{
    if (!path.len || path.at[0] != '/' || !str_copy(path, t->path, sizeof t->path))
        REFUSE(ARGUMENT, "url", "unix: takes an absolute path of at most %d bytes",
               DIAL_PATH_MAX - 1);
    (void)snprintf(t->authority, sizeof t->authority, "localhost");
    (void)snprintf(t->text, sizeof t->text, "unix:%s", t->path);
    return OK;
}

/* Splits "[::1]:80" or "name:80". */
static bool
split_host(str s, str *ret_host, str *ret_port, bool *ret_bracketed)
{
    const ptrdiff_t end = str_find_char(s, ']');
    *ret_bracketed = s.len && s.at[0] == '[';
    if (*ret_bracketed && end < 0)
        return false;
    const size_t from = *ret_bracketed ? 1 : 0;
    const ptrdiff_t colon = *ret_bracketed ? end + 1 : str_find_char(s, ':');
    const size_t at = colon < 0 ? s.len : (size_t)colon;
    *ret_host = str_slice(s, from, *ret_bracketed ? (size_t)end : at);
    *ret_port = str_slice(s, at + 1, s.len);
    return at >= s.len || (s.at[at] == ':' && ret_port->len);
}

static fallible
parse_http(str rest, struct dial_target *t)
{
    str host, port = STR_NONE;
    const char *const scheme = t->is_tls ? "https" : "http";
    uint64_t number = t->is_tls ? 443 : 80;
    bool bracketed;
    if (str_ends(rest, STR("/")))
        rest = str_slice(rest, 0, rest.len - 1);
    if (!split_host(rest, &host, &port, &bracketed) || !is_host(host, bracketed) ||
        !str_copy(host, t->host, sizeof t->host) ||
        (port.len && num_u64(port, 1, 65535, &number).code))
        REFUSE(ARGUMENT, "url", "the address must look like %s://HOST:PORT", scheme);
    const bool usual = t->is_tls && number == 443; /* some servers know their bare name only */
    (void)snprintf(t->port, sizeof t->port, "%u", (unsigned)number);
    (void)snprintf(t->authority, sizeof t->authority, "%s%s%s%s%s", bracketed ? "[" : "", t->host,
                   bracketed ? "]" : "", usual ? "" : ":", usual ? "" : t->port);
    (void)snprintf(t->text, sizeof t->text, "%s://%s", scheme, t->authority);
    return OK;
}

fallible
dial_parse_tls(str url, struct dial_target *ret)
{
    struct dial_target t = {.is_tls = true};
    const str https = STR("https://");
    if (!str_starts(url, https))
        return dial_parse(url, ret);
    TRY(parse_http(str_slice(url, https.len, url.len), &t));
    *ret = t;
    return OK;
}

fallible
dial_parse(str url, struct dial_target *ret)
{
    struct dial_target t = {.path = ""};
    const str http = STR("http://"), local = STR("unix:");
    if (str_starts(url, STR("https://")))
        REFUSE(ARGUMENT, "url", "https is not spoken here; use http://HOST:PORT or unix:/PATH");
    if (str_starts(url, local))
        TRY(parse_unix(str_slice(url, local.len, url.len), &t));
    else if (str_starts(url, http))
        TRY(parse_http(str_slice(url, http.len, url.len), &t));
    else
        REFUSE(ARGUMENT, "url", "the address must be http://HOST:PORT or unix:/PATH");
    *ret = t;
    return OK;
}

bool
dial_is_loopback(const struct dial_target *t)
{
    struct in_addr four;
    struct in6_addr six;
    if (t->path[0] || str_eq_nocase(str_of(t->host), STR("localhost")))
        return true;
    if (inet_pton(AF_INET, t->host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127;
    return inet_pton(AF_INET6, t->host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

/* ---- wires */

static void
on_closed(uv_handle_t *uv)
{
    mem_free(uv->data);
}

void
wire_close(wire *w)
{
    if (!w)
        return;
    ASSERT(!uv_is_closing(&w->uv.any));
    w->owner = NULL;
    uv_close(&w->uv.any, on_closed);
}

static fallible
wire_new(uv_loop_t *l, bool is_local, wire **ret)
{
    wire *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory for a connection");
    *w = (wire){.owner = NULL};
    if (is_local)
        (void)uv_pipe_init(l, &w->uv.pipe, 0); /* neither can fail */
    else
        (void)uv_tcp_init(l, &w->uv.tcp);
    w->uv.any.data = w;
    *ret = w;
    return OK;
}

/* ---- connecting */

static void
dial_free(dial *d)
{
    uv_freeaddrinfo(d->found);
    mem_free(d);
}

static void
give(dial *d, err e)
{
    dial_fn *const fn = d->fn;
    void *const ctx = d->ctx;
    wire *const w = e.code ? NULL : TAKE(d->w);
    wire_close(TAKE(d->w));
    dial_free(d);
    fn(ctx, w, e);
}

static err
unreachable(const dial *d)
{
    char reason[80]; /* uv_strerror would leak for numbers it does not know */
    FAIL(ENGINE_LOST, "nothing answers at %s: %s", d->to.text,
         uv_strerror_r(d->why, reason, sizeof reason));
}

static void try_next(dial *d);

static void
on_connected(uv_connect_t *req, int status)
{
    dial *const d = req->data;
    if (d->cancelled) {
        dial_free(d);
        return;
    }
    if (status == 0) {
        if (!d->to.path[0])
            (void)uv_tcp_nodelay(&d->w->uv.tcp, 1); /* refused only when the peer is gone */
        give(d, OK);
        return;
    }
    d->why = status;
    wire_close(TAKE(d->w));
    try_next(d);
}

static fallible
connect_to(dial *d, const struct sockaddr *a)
{
    TRY(wire_new(d->l, !a, &d->w));
    d->req.connect.data = d;
    int rc = 0;
    if (!a)
        uv_pipe_connect(&d->req.connect, &d->w->uv.pipe, d->to.path, on_connected);
    else
        rc = fault_now() ? UV_EIO : uv_tcp_connect(&d->req.connect, &d->w->uv.tcp, a, on_connected);
    if (rc == 0)
        return OK;
    d->why = rc;
    wire_close(TAKE(d->w));
    return unreachable(d);
}

/* The next address that lets itself be tried; when there is none, that was it. */
static void
try_next(dial *d)
{
    err e = unreachable(d);
    while (d->next) {
        const struct sockaddr *const a = d->next->ai_addr;
        d->next = d->next->ai_next;
        e = connect_to(d, a);
        if (!e.code)
            return;
    }
    give(d, e);
}

static void
on_found(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
    dial *const d = req->data;
    d->found = d->next = found;
    if (d->cancelled) {
        dial_free(d);
        return;
    }
    d->why = status < 0 ? status : UV_EADDRNOTAVAIL;
    try_next(d);
}

static fallible
look_up(dial *d)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    d->req.lookup.data = d;
    d->why = fault_now()
                 ? UV_EIO
                 : uv_getaddrinfo(d->l, &d->req.lookup, on_found, d->to.host, d->to.port, &hints);
    return d->why < 0 ? unreachable(d) : OK;
}

static fallible
begin(dial *d)
{
    struct sockaddr_storage a;
    struct sockaddr *const any = (struct sockaddr *)(void *)&a;
    uint64_t port = 0;
    if (d->to.path[0])
        return connect_to(d, NULL);
    TRY(num_u64(str_of(d->to.port), 1, 65535, &port));
    if (uv_ip4_addr(d->to.host, (int)port, (struct sockaddr_in *)(void *)&a) == 0 ||
        uv_ip6_addr(d->to.host, (int)port, (struct sockaddr_in6 *)(void *)&a) == 0)
        return connect_to(d, any);
    return look_up(d);
}

fallible
dial_start(loop *l, const struct dial_target *to, dial_fn *fn, void *ctx, dial **ret)
{
    ASSERT(fn && (to->path[0] || to->host[0]));
    dial *d = mem_get(sizeof *d);
    if (!d)
        FAIL(LIMIT, "no memory for a connection");
    *d = (dial){.l = loop_uv(l), .to = *to, .fn = fn, .ctx = ctx};
    const err e = begin(d);
    if (e.code) {
        dial_free(d);
        return e;
    }
    *ret = d;
    return OK;
}

void
dial_cancel(dial *d)
{
    if (!d)
        return;
    ASSERT(!d->cancelled);
    d->cancelled = true;
    if (d->w)
        wire_close(TAKE(d->w)); /* on_connected comes with UV_ECANCELED and frees */
    else
        (void)uv_cancel((uv_req_t *)&d->req.lookup); /* on_found comes either way */
}
