/* SPDX-License-Identifier: EUPL-1.2 */
/* serve_fuzz.c - any bytes as a request: the validator takes or refuses them, what it takes is in
 * bounds, and an engine process with the toy backend stands it.  Input: the struct, then the tail.
 */
#include <sys/socket.h>
#include <unistd.h>

#include "base/utf8.h"
#include "engine/submit.h"
#include "engine/toy/toy.h"
#include "fuzz/fuzz.h"
#include "os/ipc.h"

static void
check_taken(const struct submit *s)
{
    str rest = s->prompt, text;
    size_t inputs = 0;
    ASSERT(s->ask.n >= 1 && s->ask.n <= ENGINE_ANSWERS_MAX && s->ask.kind <= ENGINE_TOKENIZE);
    ASSERT(s->ask.temperature >= 0 && s->ask.temperature <= 2 && s->ask.repeat > 0);
    ASSERT(s->stop_count <= CONV_STOPS_MAX && s->bias_count <= CONV_BIAS_MAX);
    for (size_t i = 0; i < s->stop_count; i++)
        ASSERT(s->stops[i].len > 0 && utf8_valid(s->stops[i]));
    if (s->ask.kind != ENGINE_EMBED) {
        ASSERT(utf8_valid(s->prompt));
        return;
    }
    while (section_next(&rest, &text))
        inputs++;
    ASSERT(rest.at && inputs > 0 && inputs <= ENGINE_INPUTS_MAX);
}

/* The gate's end is half closed: the engine reads the request, then the end of the channel. */
static void
serve(bool is_embedder, const void *body, size_t body_len, str tail)
{
    struct toy *t;
    int pair[2];
    ASSERT(!ipc_pair(pair).code && !toy_new(is_embedder, 4, 0, &t).code);
    const struct serve_backend b = toy_backend(t);
    ASSERT(!ipc_send_wait(pair[0], ENGINE_SUBMIT, 1, body, body_len, tail, -1).code);
    shutdown(pair[0], SHUT_WR);
    ASSERT(!serve_run(pair[1], &b, 4).code);
    close(pair[0]);
    close(pair[1]);
    toy_free(t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct submit s;
    const size_t body_len = len < sizeof s.ask ? len : sizeof s.ask;
    const str tail = {(const char *)data + body_len, len - body_len};
    const err e = submit_read(data, body_len, tail, &s);
    ASSERT(e.code == ERR_OK || e.code == ERR_ARGUMENT);
    if (!e.code) {
        check_taken(&s);
        serve(s.ask.kind == ENGINE_EMBED, data, body_len, tail);
    }
    return 0;
}
