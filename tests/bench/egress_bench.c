/* SPDX-License-Identifier: EUPL-1.2 */
/* egress_bench.c - what a call to a provider costs beside the provider: CPU time of the gate's side
 * and of hoheit-egress, and the time it adds, over loopback with a provider that does nothing.
 *
 *     make bench-egress
 *
 * Three processes: this one is the gate, one child the way out, one the provider.  An answer has
 * 600 bytes, as that of a short chat has; a request 1 KiB. */
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "egress/egress.h"
#include "egress/outlet.h"
#include "os/clock.h"
#include "os/ipc.h"
#include "policy/policy.h"

enum { CALLS = 60000, BODY = 1024, ANSWER = 600, CONNS_MAX = 256, ROOM = 65536 };

/* ---- the provider */
static _Noreturn void
provide(int listener)
{
    static char room[ROOM], answer[ANSWER + 200];
    char body[ANSWER + 1];
    memset(body, 'a', ANSWER);
    body[ANSWER] = 0;
    const int len = snprintf(answer, sizeof answer,
                             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             "Content-Length: %d\r\n\r\n%s",
                             ANSWER, body);
    const int ep = epoll_create1(0);
    struct epoll_event ev = {.events = EPOLLIN, .data.fd = listener}, got[64];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev);
    for (;;) {
        const int n = epoll_wait(ep, got, 64, -1);
        for (int i = 0; i < n; i++) {
            const int f = got[i].data.fd;
            if (f == listener) {
                ev.data.fd = accept(listener, NULL, NULL);
                epoll_ctl(ep, EPOLL_CTL_ADD, ev.data.fd, &ev);
            } else if (recv(f, room, sizeof room, 0) <= 0) {
                close(f); /* a request comes in one piece here */
            } else if (send(f, answer, (size_t)len, 0) != len) {
                _exit(1);
            }
        }
    }
}

static int
listen_on(int *ret_port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    const int f = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(f, (struct sockaddr *)&a, sizeof a) || listen(f, 128) ||
        getsockname(f, (struct sockaddr *)&a, &len))
        return -1;
    *ret_port = ntohs(a.sin_port);
    return f;
}

/* ---- the way out: each message on `ask` is answered with the CPU time so far */
static double
cpu_us(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return 1e6 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void
on_ask(void *ctx)
{
    const int f = *(const int *)ctx;
    char c;
    const double us = cpu_us(RUSAGE_SELF);
    if (read(f, &c, 1) != 1 || write(f, &us, sizeof us) != sizeof us)
        _exit(0);
}

static void
on_gone(void *ctx)
{
    (void)ctx;
    _exit(0);
}

static _Noreturn void
go_out(int channel, int ask, int port)
{
    static struct providers p;
    outlet *o;
    loop_watch *w;
    p.version = PROVIDERS_VERSION;
    p.list.count = 1;
    snprintf(p.list.at[0].name, sizeof p.list.at[0].name, "up");
    snprintf(p.at[0].url, sizeof p.at[0].url, "http://127.0.0.1:%d", port);
    p.at[0].limits = (struct provider_limits){.connect_ms = 5000,
                                              .head_ms = 5000,
                                              .idle_ms = 5000,
                                              .total_ms = 60000,
                                              .keep_ms = 5000,
                                              .open_ms = 1000,
                                              .answer_bytes_max = 1 << 20,
                                              .connections_max = CONNS_MAX,
                                              .queue_max = 1024,
                                              .failures_max = 5};
    struct outlet_parts parts = {.channel = channel, .providers = &p, .on_end = on_gone};
    if (loop_new(&parts.loop).code || outlet_new(&parts, &o).code ||
        loop_watch_start(parts.loop, ask, on_ask, &ask, &w).code)
        _exit(1);
    loop_run(parts.loop);
    _exit(0);
}

/* ---- the gate */
struct client {
    struct run *run;
    uint64_t begun_us;
    uint64_t bytes;
    egress_job *job;
};

struct run {
    loop *l;
    egress *e;
    const grant *g;
    struct egress_call call;
    struct client clients[CONNS_MAX];
    int left, running, count;
    uint64_t *times; /* us */
};

static void begin(struct client *c);

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    (void)ctx, (void)fields, (void)count;
    if (status != 200)
        abort();
}

static void
on_data(void *ctx, str piece)
{
    ((struct client *)ctx)->bytes += piece.len;
}

static void
on_end(void *ctx, err e)
{
    struct client *const c = ctx;
    struct run *const r = c->run;
    if (e.code) {
        fprintf(stderr, "%s\n", err_trail());
        abort();
    }
    r->times[r->count++] = clock_us() - c->begun_us;
    r->running--;
    if (r->left)
        begin(c);
    else if (!r->running)
        loop_stop(r->l);
}

static void
begin(struct client *c)
{
    struct run *const r = c->run;
    const struct egress_hooks hooks = {
        .on_head = on_head, .on_data = on_data, .on_end = on_end, .ctx = c};
    r->left--;
    r->running++;
    c->begun_us = clock_us();
    if (egress_send(r->e, r->g, &r->call, hooks, &c->job).code)
        abort();
}

static int
by_value(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static double
ask_cpu(int f)
{
    double us = 0;
    if (write(f, "", 1) != 1 || read(f, &us, sizeof us) != sizeof us)
        abort();
    return us;
}

static void
measure(struct run *r, int clients, int ask, int goal)
{
    r->left = CALLS;
    r->count = r->running = 0;
    const double gate = cpu_us(RUSAGE_SELF), out = ask_cpu(ask);
    const uint64_t begun = clock_us();
    for (int i = 0; i < clients; i++) {
        r->clients[i].run = r;
        begin(&r->clients[i]);
    }
    loop_run(r->l);
    const double wall = (double)(clock_us() - begun);
    const double gate_us = (cpu_us(RUSAGE_SELF) - gate) / CALLS,
                 out_us = (ask_cpu(ask) - out) / CALLS;
    qsort(r->times, (size_t)r->count, sizeof *r->times, by_value);
    printf("bench egress.cpu.c%d %.1f us goal <= %d %s\n", clients, gate_us + out_us, goal,
           gate_us + out_us <= goal ? "ok" : "short");
    printf("# c=%d: gate %.2f us, egress %.2f us, %.0f calls/s, p50 %ju us, p99 %ju us\n", clients,
           gate_us, out_us, CALLS * 1e6 / wall, (uintmax_t)r->times[CALLS / 2],
           (uintmax_t)r->times[CALLS - CALLS / 100]);
}

/* ---- all of it */
static const char policy_yaml[] = "version: 1\nlevels: [{id: a, height: 0, title: A}]\n"
                                  "compartments: []\nparties: []\ntaints: []\n";

static const grant *
get_grant(void)
{
    static struct session s = {
        .key_id = STR_INIT("k"), .key_name = STR_INIT("k"), .tenant = STR_INIT("t")};
    const struct ask q = {.session = &s, .op = OP_CHAT};
    struct decision d;
    policy *p;
    arena *a;
    const grant *g;
    if (arena_open(1 << 20, &a).code || policy_load(str_of(policy_yaml), &p).code ||
        policy_set_ceiling(p, STR("a")).code || policy_decide(p, &q, a, &d, &g).code)
        abort();
    return g;
}

int
main(void)
{
    static char body[BODY];
    static struct run r;
    int channel[2], ask[2], port = 0;
    const int listener = listen_on(&port);
    const pid_t provider = fork();
    if (provider == 0)
        provide(listener);
    close(listener);
    if (ipc_pair(channel).code || socketpair(AF_UNIX, SOCK_STREAM, 0, ask))
        return 1;
    const pid_t out = fork();
    if (out == 0) {
        close(channel[0]);
        go_out(channel[1], ask[1], port);
    }
    close(channel[1]);
    memset(body, 'x', sizeof body);
    const struct http_field f = {STR("content-type"), STR("application/json")};
    r.g = get_grant();
    r.call = (struct egress_call){.provider = STR("up"),
                                  .method = "POST",
                                  .path = STR("/v1/chat/completions"),
                                  .fields = &f,
                                  .field_count = 1,
                                  .body = content_of((str){body, sizeof body}, LABEL_BOTTOM)};
    r.times = calloc(CALLS, sizeof *r.times);
    if (!r.times || loop_new(&r.l).code || egress_new(r.l, channel[0], &r.e).code)
        return 1;
    measure(&r, 1, ask[0], 40);
    measure(&r, 16, ask[0], 20);
    measure(&r, 64, ask[0], 20);
    egress_free(r.e);
    kill(provider, SIGKILL);
    waitpid(provider, NULL, 0);
    waitpid(out, NULL, 0);
    return 0;
}
