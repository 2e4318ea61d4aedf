/* SPDX-License-Identifier: EUPL-1.2 */
/* reply.h - what the served gate (served.h) answers a real client, and one that is none.
 *
 *     site_open(tables, count, &dialect);
 *     AUTO(reply) *r = POST(site.net, "/v1/...", key, "{...}");
 *     CHECK_INT(r->status, ==, 200);   CHECK_STR(reply_text(r, "choices.0.text"), STR("..."));
 *     site_close(); */
#pragma once
#include "net/client/client.h"
#include "net/sse.h"
#include "unit/api/served.h"

enum { REPLY_BYTES_MAX = 8 * 1024 * 1024, REPLY_EVENTS = 256 };

/* ---- one call and what came back */
typedef struct { /* no tag: work/answer has a struct reply */
    http_client *client;
    arena *a;
    int status;
    unsigned heads, ends;
    buf fields; /* "name: value\n" */
    buf body;
    char bearer[KEY_TEXT_MAX + 16];
    err end;
    str events[REPLY_EVENTS]; /* after reply_split */
    size_t event_count;
} reply;

static inline void
reply_auto(reply **r)
{
    if (!*r)
        return;
    http_client_free((*r)->client);
    buf_done(&(*r)->fields);
    buf_done(&(*r)->body);
    arena_free((*r)->a);
    free(*r);
}

static inline void
reply_on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    reply *r = ctx;
    r->heads++;
    r->status = status;
    for (size_t i = 0; i < count; i++)
        buf_add_fmt(&r->fields, "%.*s: %.*s\n", STR_FMT(fields[i].name), STR_FMT(fields[i].value));
}

static inline void
reply_on_data(void *ctx, str piece)
{
    reply *r = ctx;
    buf_add(&r->body, piece);
}

static inline void
reply_on_end(void *ctx, err e)
{
    reply *r = ctx;
    r->ends++;
    r->end = e;
}

struct wish {
    const char *method, *path, *key, *label;
    str body;
};

static inline reply *
reply_new(const char *url)
{
    reply *r = calloc(1, sizeof *r);
    ASSERT(r);
    r->fields = BUF(64 * 1024);
    r->body = BUF(REPLY_BYTES_MAX);
    CHECK_OK(arena_open(64 * 1024 * 1024, &r->a));
    CHECK_OK(http_client_new(site.rig.l, str_of(url), &r->client));
    return r;
}

/* With a head of the test's own. */
static inline void
reply_send(reply *r, struct wish w, const struct http_field *fields, size_t count)
{
    const struct http_call call = {.method = w.method,
                                   .path = str_of(w.path),
                                   .fields = fields,
                                   .field_count = count,
                                   .body = w.body,
                                   .body_file = -1,
                                   .on_head = reply_on_head,
                                   .on_data = reply_on_data,
                                   .on_end = reply_on_end,
                                   .ctx = r};
    CHECK_OK(http_client_call(r->client, &call));
}

/* Sent, not waited for; `body` must live until the end. */
static inline reply *
reply_start(const char *url, struct wish w)
{
    struct http_field fields[3] = {{STR("content-type"), STR("application/json")}};
    reply *r = reply_new(url);
    size_t count = 1;
    snprintf(r->bearer, sizeof r->bearer, "Bearer %s", w.key ? w.key : "");
    if (w.key)
        fields[count++] = (struct http_field){STR("authorization"), str_of(r->bearer)};
    if (w.label)
        fields[count++] = (struct http_field){STR("x-hoheit-label"), str_of(w.label)};
    reply_send(r, w, fields, count);
    return r;
}

static inline reply *
reply_wait(reply *r)
{
    (void)SITE_UNTIL(r->ends);
    CHECK_INT(r->ends, ==, 1);
    http_client_free(TAKE(r->client)); /* before the loop goes */
    return r;
}

static inline reply *
reply_to(const char *url, struct wish w)
{
    reply *r = reply_wait(reply_start(url, w));
    CHECK_INT(r->end.code, ==, 0);
    CHECK_INT(r->heads, ==, 1);
    return r;
}

#define POST(url, path, key, body)                                                                 \
    reply_to(url, (struct wish){"POST", path, key, NULL, str_of(body)})
#define GET(url, path, key) reply_to(url, (struct wish){"GET", path, key, NULL, STR_NONE})

/* Value of a field of the answer; empty if it has none. */
static inline str
reply_field(const reply *r, const char *name)
{
    str rest = buf_str(&r->fields), line, key;
    while (str_next(&rest, '\n', &line))
        if (str_next(&line, ':', &key) && str_eq(key, str_of(name)))
            return str_slice(line, 1, line.len);
    return STR_NONE;
}

/* ---- JSON: "choices.0.message.content" below the root of `text`; absent if it is not there */
static inline jval
json_below(arena *a, str text, const char *path)
{
    jval *v = arena_new(a, jval);
    str rest = str_of(path), step;
    const err e = json_read(a, text, v);
    if (e.code)
        test_fail(__FILE__, __LINE__, "no JSON: %.*s", STR_FMT(str_slice(text, 0, 500)));
    if (e.code || !*path)
        return *v;
    while (str_next(&rest, '.', &step) && v->v) {
        jval *next = arena_new(a, jval);
        const str name = arena_str(a, step);
        if (json_type(*v) == J_ARRAY)
            *next = json_at(v, (size_t)strtoul(name.at, NULL, 10));
        else if (json_type(*v) == J_OBJECT)
            *next = json_get_null(v, name.at);
        v = next;
    }
    return *v;
}

static inline jval
reply_at(const reply *r, const char *path)
{
    return json_below(r->a, buf_str(&r->body), path);
}

static inline str
text_below(arena *a, str json, const char *path)
{
    const jval v = json_below(a, json, path);
    str s = STR("(no text)");
    if (json_type(v) == J_STRING)
        CHECK_OK(json_str(&v, REPLY_BYTES_MAX, &s));
    return s;
}

static inline str
reply_text(const reply *r, const char *path)
{
    return text_below(r->a, buf_str(&r->body), path);
}

static inline int64_t
reply_number(const reply *r, const char *path)
{
    const jval v = reply_at(r, path);
    int64_t n = INT64_MIN;
    if (json_type(v) == J_NUMBER)
        CHECK_OK(json_i64(&v, INT64_MIN, INT64_MAX, &n));
    return n;
}

#define reply_has(r, part) (str_find(buf_str(&(r)->body), str_of(part)) >= 0)

/* ---- events */
static inline void
reply_on_event(void *ctx, str event, str data)
{
    reply *r = ctx;
    CHECK_INT(event.len, ==, 0);
    if (r->event_count < REPLY_EVENTS)
        r->events[r->event_count++] = arena_str(r->a, data);
}

/* The body as events; all of it must be whole events. */
static inline void
reply_split(reply *r)
{
    sse_reader s = SSE_READER(REPLY_BYTES_MAX);
    const str body = buf_str(&r->body);
    CHECK_OK(sse_read(&s, body, reply_on_event, r));
    CHECK(body.len >= 2 && str_eq(str_slice(body, body.len - 2, body.len), STR("\n\n")));
    sse_reader_done(&s);
}

/* ---- what a client that is no client says: bytes in, bytes out, until the server is done or
 * `until` was read */
static inline str
raw_ask(const char *bytes, const char *until)
{
    static char room[64 * 1024];
    size_t len = 0;
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)strtoul(site.port, NULL, 10)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    AUTO(fd) f = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(connect(f, (const struct sockaddr *)&to, sizeof to) == 0);
    CHECK(fcntl(f, F_SETFL, O_NONBLOCK) == 0);
    CHECK(send(f, bytes, strlen(bytes), MSG_NOSIGNAL) == (ssize_t)strlen(bytes));
    ssize_t n = -1;
    room[0] = 0;
    (void)SITE_UNTIL(({
        n = recv(f, room + len, sizeof room - 1 - len, 0);
        len += n > 0 ? (size_t)n : 0;
        room[len] = 0;
        n == 0 || strstr(room, until);
    }));
    return (str){room, len};
}
