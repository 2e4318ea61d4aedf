/* SPDX-License-Identifier: EUPL-1.2 */
/* ipc_bench - the round trip of one message between two processes, both on an event loop: what
 * each request and each token pays between gate and engine. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/ipc.h"

enum { ROUNDS = 21, TRIPS = 2000, BODY = 64, GOAL_US = 30 };

struct side {
    loop *l;
    ipc *c;
    long left;
    bool echoes;
};

static void
send_one(struct side *s)
{
    static const char body[BODY];
    if (ipc_send(s->c, 1, 1, body, sizeof body, STR("token"), -1).code)
        loop_stop(s->l);
}

static bool
on_message(void *ctx, const struct ipc_message *m)
{
    struct side *s = ctx;
    (void)m;
    if (s->echoes || --s->left > 0)
        send_one(s);
    else
        loop_stop(s->l);
    return true;
}

static void
on_end(void *ctx)
{
    loop_stop(((struct side *)ctx)->l);
}

static bool
side_open(struct side *s, int f)
{
    const struct ipc_hooks hooks = {on_message, on_end, s};
    return !loop_new(&s->l).code && !ipc_new(s->l, f, 1 << 20, hooks, &s->c).code;
}

static void
side_close(struct side *s)
{
    ipc_free(s->c);
    loop_free(s->l);
}

static int
echo(int f)
{
    struct side s = {.echoes = true};
    if (!side_open(&s, f))
        return 1;
    loop_run(s.l);
    side_close(&s);
    return 0;
}

static double
round_us(struct side *s)
{
    const uint64_t from_ns = clock_ns();
    s->left = TRIPS;
    send_one(s);
    loop_run(s->l);
    return (double)(clock_ns() - from_ns) / 1000 / TRIPS;
}

static int
by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int
main(void)
{
    struct side s = {0};
    double rounds[ROUNDS];
    int pair[2];
    if (ipc_pair(pair).code)
        return 1;
    const pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        _exit(echo(pair[1]));
    }
    close(pair[1]);
    if (pid < 0 || !side_open(&s, pair[0]))
        return 1;
    for (int i = 0; i < ROUNDS; i++)
        rounds[i] = round_us(&s);
    side_close(&s);
    waitpid(pid, NULL, 0);
    qsort(rounds, ROUNDS, sizeof *rounds, by_value);
    printf("# %d rounds of %d trips, %d bytes and a short tail; best %.1f, worst %.1f us\n", ROUNDS,
           TRIPS, BODY, rounds[0], rounds[ROUNDS - 1]);
    const double median = rounds[ROUNDS / 2];
    printf("bench ipc.round_trip %.1f us goal <= %d %s\n", median, GOAL_US,
           median <= GOAL_US ? "ok" : "short");
    return 0;
}
