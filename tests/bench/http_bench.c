/* SPDX-License-Identifier: EUPL-1.2 */
/* http_bench.c - the net layer alone, for load generators and conformance suites.
 *
 *     http_bench ADDRESS [CERT.pem KEY.pem]
 *
 * GET and others: 182 bytes of JSON.  POST: the length of the body.  /stream: 64 events, one per
 * millisecond.  /burst: 1,000 events at once.  Prints "ready ADDRESS" when it serves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/server.h"
#include "os/file.h"
#include "os/loop.h"

struct bench {
    loop *l;
    http_server *s;
};

struct stream {
    http_exchange *x;
    loop_timer *timer;
    int left;
};

static const char answer[] =
    "{\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion\",\"created\":1700000000,"
    "\"model\":\"bench\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
    "\"content\":\"Yes.\"},\"finish_reason\":1}]}";
static const struct http_field json = {STR_INIT("Content-Type"), STR_INIT("application/json")};
static const struct http_field events = {STR_INIT("Content-Type"), STR_INIT("text/event-stream")};

static void
finish(struct stream *t)
{
    loop_timer_stop(t->timer);
    free(t);
}

static void
on_timer(void *ctx)
{
    struct stream *const t = ctx;
    if (http_write(t->x, STR("data: {\"word\":\"and\"}\n\n")).code)
        return;
    if (--t->left == 0) {
        http_end(t->x);
        finish(t);
    }
}

static void
stream(struct bench *b, http_exchange *x)
{
    struct stream *const t = calloc(1, sizeof *t);
    if (!t || loop_timer_start(b->l, 1, 1, on_timer, t, &t->timer).code) {
        free(t);
        http_abort(x);
        return;
    }
    t->x = x;
    t->left = 64;
    http_set_user(x, t);
    http_start(x, 200, &events, 1);
}

static void
burst(http_exchange *x)
{
    http_start(x, 200, &events, 1);
    for (int i = 0; i < 1000; i++)
        if (http_write(x, STR("data: {\"word\":\"and\"}\n\n")).code)
            return;
    http_end(x);
}

static void
on_request(void *ctx, http_exchange *x)
{
    char text[64];
    if (str_eq(http_path(x), STR("/stream"))) {
        stream(ctx, x);
    } else if (str_eq(http_path(x), STR("/burst"))) {
        burst(x);
    } else if (http_method(x) == HTTP_POST) {
        (void)snprintf(text, sizeof text, "{\"length\":%zu}", http_body(x).len);
        http_answer(x, 200, &json, 1, str_of(text));
    } else {
        http_answer(x, 200, &json, 1, (str){answer, sizeof answer - 1});
    }
}

static void
on_gone(void *ctx, http_exchange *x)
{
    (void)ctx;
    if (http_user(x))
        finish(http_user(x));
}

static void
on_stopped(void *ctx)
{
    loop_stop(ctx);
}

static void
on_signal(void *ctx)
{
    struct bench *const b = ctx;
    http_server_stop(b->s, 2000, on_stopped, b->l);
}

static fallible
serve(int argc, char **argv)
{
    static struct bench b;
    static struct params p;
    static meters m;
    AUTO(arena) *a = NULL;
    str cert, key;
    tls *t = NULL;
    int f = -1;
    char bound[128];
    params_default(&p);
    TRY(arena_open(1 << 20, &a));
    if (argc > 3) {
        TRY(file_read(a, argv[2], 1 << 16, &cert));
        TRY(file_read(a, argv[3], 1 << 16, &key));
        TRY(tls_new(cert, key, &t));
    }
    TRY(loop_new(&b.l));
    TRY(http_server_new(
        b.l, &p, &m, (struct http_hooks){.on_request = on_request, .on_gone = on_gone, .ctx = &b},
        &b.s));
    TRY(http_bind(str_of(argc > 1 ? argv[1] : "127.0.0.1:0"), &f, bound));
    TRY(http_server_listen(b.s, f, t));
    TRY(loop_signal(b.l, 15, on_signal, &b));
    printf("ready %s\n", bound);
    (void)fflush(stdout);
    loop_run(b.l);
    http_server_free(b.s);
    loop_free(b.l);
    tls_free(t);
    return OK;
}

int
main(int argc, char **argv)
{
    if (serve(argc, argv).code) {
        (void)fprintf(stderr, "%s\n", err_trail());
        return 1;
    }
    return 0;
}
