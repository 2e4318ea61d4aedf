/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit witness serve`: the witness over HTTP, in the form of C2SP tlog-witness.  What is said
 * is decided in witness/answer.h; here are the sockets.  Questions are answered one at a time. */
#include <signal.h>

#include "base/fault.h"
#include "cli/offline/commands.h"
#include "net/server.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/log.h"
#include "witness/answer.h"

enum { PEM_BYTES_MAX = 256 * 1024, STOP_MS = 2000 };

struct serving {
    struct cli *c;
    const char *dir;
    loop *l;
    struct params p;
    meters m;
    tls *t;
    http_server *server;
};

/* ---- requests */

static bool
is_for_us(const http_exchange *x)
{
    return str_eq(http_path(x), STR("/add-checkpoint"));
}

static enum http_body_mode
on_header(void *ctx, http_exchange *x, uint64_t *body_bytes_max)
{
    static const struct http_field allow[] = {{STR_INIT("Allow"), STR_INIT("POST")}};
    (void)ctx;
    *body_bytes_max = WITNESS_QUESTION_MAX;
    if (!is_for_us(x))
        http_answer(x, 404, NULL, 0, STR("this witness has /add-checkpoint\n"));
    else if (http_method(x) != HTTP_POST)
        http_answer(x, 405, allow, 1, STR("add-checkpoint is asked by POST\n"));
    return HTTP_COLLECT;
}

static void
tell_operator(const struct witness_answer *a)
{
    if (a->raised)
        LOG(ERROR, "witness.alarm", LOG_Z("alarm", witness_alarm_name(a->raised)),
            LOG_Z("says", witness_alarm_says(a->raised)));
    else if (a->status >= 500)
        log_failure(LOG_ERROR, "witness.failed", a->why);
    else if (a->status == 200)
        LOG(INFO, "witness.signed", LOG_N("size", a->head.size));
    else
        LOG(INFO, "witness.refused", LOG_N("status", a->status));
}

static void
on_request(void *ctx, http_exchange *x)
{
    struct serving *const s = ctx;
    struct witness_answer a;
    AUTO(buf) body = BUF(WITNESS_ANSWER_MAX);
    witness_answer(s->dir, http_body(x), (uint64_t)(clock_wall_ms() / 1000), &body, &a);
    const struct http_field fields[] = {{STR("Content-Type"), a.type},
                                        {STR("Retry-After"), STR("1")}};
    tell_operator(&a);
    http_answer(x, a.status, fields, a.status == 503 ? 2 : 1, buf_str(&body));
}

static void
on_gone(void *ctx, http_exchange *x)
{
    (void)ctx, (void)x;
}

/* ---- the way up and down */

static void
on_stopped(void *ctx)
{
    struct serving *const s = ctx;
    loop_stop(s->l);
}

static void
on_term(void *ctx)
{
    struct serving *const s = ctx;
    http_server_stop(s->server, STOP_MS, on_stopped, s);
}

static fallible
read_tls(struct serving *s, const struct args *a)
{
    const char *const cert = args_value(a, "tls-cert"), *const key = args_value(a, "tls-key");
    str cert_pem, key_pem;
    if (!cert && !key)
        return OK;
    if (!cert || !key)
        REFUSE(ARGUMENT, "tls-cert", "--tls-cert and --tls-key go together");
    TRY(file_read(s->c->a, cert, PEM_BYTES_MAX, &cert_pem));
    TRY(file_read(s->c->a, key, PEM_BYTES_MAX, &key_pem));
    return tls_new(cert_pem, key_pem, &s->t);
}

/* That there is a witness is found out before anybody asks. */
static fallible
look_at_witness(const char *dir)
{
    witness *w = NULL;
    TRY(witness_open(dir, &w));
    witness_free(w);
    return OK;
}

static fallible
tell_ready(const struct serving *s, const char *bound)
{
    const char *const scheme = bound[0] == '/' ? "unix:" : s->t ? "https://" : "http://";
    AUTO(buf) b = BUF(4096);
    if (!s->c->json) {
        (void)fprintf(s->c->out, "ready %s%s\n", scheme, bound);
    } else {
        json_open(&b, '{');
        json_member_str(&b, "ready", arena_fmt(s->c->a, "%s%s", scheme, bound));
        json_close(&b, '}');
        TRY(cli_put_json(s->c, &b));
    }
    (void)fflush(s->c->out);
    return OK;
}

static fallible
listen_at(struct serving *s, str address)
{
    const struct http_hooks hooks = {
        .on_header = on_header, .on_request = on_request, .on_gone = on_gone, .ctx = s};
    char bound[128];
    AUTO(fd) f = -1;
    const err e = http_bind(address, &f, bound);
    if (e.code)
        cli_hint(s->c, "Name another address with --listen.");
    TRY(e);
    TRY(http_server_new(s->l, &s->p, &s->m, hooks, &s->server));
    TRY(http_server_listen(s->server, fd_take(&f), s->t));
    TRY(loop_signal(s->l, SIGTERM, on_term, s));
    TRY(loop_signal(s->l, SIGINT, on_term, s));
    TRY(tell_ready(s, bound));
    loop_run(s->l);
    return OK;
}

static fallible
serve(struct serving *s, const struct args *a)
{
    const str address = args_str(a, "listen");
    s->dir = args_value(a, "dir");
    if (!s->dir || !*s->dir)
        REFUSE(ARGUMENT, "dir", "--dir must name the directory of the witness");
    if (!address.len)
        REFUSE(ARGUMENT, "listen", "--listen must name HOST:PORT, or the path of a socket");
    params_default(&s->p);
    TRY(look_at_witness(s->dir));
    TRY(read_tls(s, a));
    TRY(log_open("hoheit-witness", STR("info"), STR("stderr")));
    TRY(loop_new(&s->l));
    return listen_at(s, address);
}

fallible
cmd_witness_serve(struct cli *c, const struct args *a)
{
    struct serving *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for a server");
    memset(s, 0, sizeof *s);
    s->c = c;
    const err e = serve(s, a);
    http_server_free(s->server);
    loop_free(s->l);
    tls_free(s->t);
    mem_free(s);
    return e;
}
