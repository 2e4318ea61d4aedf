/* SPDX-License-Identifier: EUPL-1.2 */
/* audit_bench.c - what a durable record costs through the process boundary: a gate's side here, and
 * in a process of its own what hoheit-log does (book, desk, tree; heads are made, not signed).
 * Processor time per append is that of both.  Rates with 1, 256 and 4,096 callers waiting, each of
 * which appends anew when its record is durable.  The disk's own rate (append 400 bytes, fdatasync)
 * stands beside.  Argument: a directory on the disk to measure (default: TMPDIR or /tmp). */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "audit/desk.h"
#include "audit/sign.h"
#include "os/file.h"
#include "os/ipc.h"

enum { WAITERS_MAX = 4096 };

static uint64_t
read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct bench {
    loop *l;
    audit *a;
    const struct audit_record *record;
    clockid_t log_clock; /* processor time of the other process */
    uint64_t until_ns, count, failed, waiting;
    uint64_t *waits_us, wait_count;
};

struct waiter {
    struct bench *b;
    uint64_t since_ns;
};

static void append(struct waiter *w);

enum { WAITS_MAX = 4 << 20 };

static void
on_done(void *ctx, err e)
{
    struct waiter *w = ctx;
    struct bench *b = w->b;
    const uint64_t now = read_clock(CLOCK_MONOTONIC);
    b->count++;
    b->failed += e.code != 0;
    b->waiting--;
    if (b->wait_count < WAITS_MAX)
        b->waits_us[b->wait_count++] = (now - w->since_ns) / 1000;
    if (now < b->until_ns)
        append(w);
    else if (!b->waiting)
        loop_stop(b->l);
}

static void
append(struct waiter *w)
{
    w->since_ns = read_clock(CLOCK_MONOTONIC);
    w->b->waiting++;
    if (audit_append(w->b->a, w->b->record, on_done, w).code) {
        fprintf(stderr, "%s\n", err_trail());
        abort();
    }
}

static int
by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void
run(struct bench *b, int waiters, double seconds, double flush_us)
{
    static struct waiter all[WAITERS_MAX];
    b->count = b->failed = b->wait_count = 0;
    const uint64_t from = read_clock(CLOCK_MONOTONIC);
    const uint64_t cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) + read_clock(b->log_clock);
    b->until_ns = from + (uint64_t)(seconds * 1e9);
    for (int i = 0; i < waiters; i++) {
        all[i].b = b;
        append(&all[i]);
    }
    loop_run(b->l);
    const double ns = (double)(read_clock(CLOCK_MONOTONIC) - from);
    const double cpu_us =
        (double)(read_clock(CLOCK_PROCESS_CPUTIME_ID) + read_clock(b->log_clock) - cpu) / 1e3;
    qsort(b->waits_us, b->wait_count, sizeof *b->waits_us, by_size);
    const double p99 = (double)b->waits_us[b->wait_count * 99 / 100] / 1e3;
    printf("# %d waiting: %.0f records/s, acknowledged p50 %.2f ms p99 %.2f ms, cpu %.2f us each, "
           "%llu failed\n",
           waiters, (double)b->count * 1e9 / ns, (double)b->waits_us[b->wait_count / 2] / 1e3, p99,
           cpu_us / (double)b->count, (unsigned long long)b->failed);
    if (waiters == 1) {
        const double over = (double)b->waits_us[b->wait_count / 2] - flush_us;
        printf("bench audit.append.over_flush %.0f us goal <= 100 %s\n", over,
               over <= 100 ? "ok" : "short");
    }
    if (waiters == 256)
        printf("bench audit.append.cpu %.2f us goal <= 10 %s\n", cpu_us / (double)b->count,
               cpu_us / (double)b->count <= 10 ? "ok" : "short");
    if (waiters == WAITERS_MAX) {
        const double rate = (double)b->count * 1e9 / ns;
        printf("bench audit.append.rate %.0f 1/s goal >= 100000 %s\n", rate,
               rate >= 100000 ? "ok" : "short");
        printf("bench audit.append.p99 %.1f ms goal <= 50 %s\n", p99, p99 <= 50 ? "ok" : "short");
    }
}

static err
disk_rate(const char *dir, double seconds, double *ret_flush_us)
{
    static uint64_t took_us[WAITS_MAX];
    char path[4200], bytes[400] = {0};
    AUTO(fd) f = -1;
    uint64_t count = 0;
    snprintf(path, sizeof path, "%s/plain", dir);
    TRY(file_open(path, O_RDWR | O_CREAT | O_APPEND, 0600, &f));
    const uint64_t from = read_clock(CLOCK_MONOTONIC);
    const uint64_t cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
    while ((double)(read_clock(CLOCK_MONOTONIC) - from) < seconds * 1e9) {
        const uint64_t since = read_clock(CLOCK_MONOTONIC);
        TRY(file_write_all(f, (str){bytes, sizeof bytes}));
        if (fdatasync(f) != 0)
            return file_errno("sync", path);
        if (count < WAITS_MAX)
            took_us[count++] = (read_clock(CLOCK_MONOTONIC) - since) / 1000;
    }
    qsort(took_us, count, sizeof *took_us, by_size);
    *ret_flush_us = (double)took_us[count / 2];
    const double ns = (double)(read_clock(CLOCK_MONOTONIC) - from);
    const double cpu_us = (double)(read_clock(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e3;
    printf("# the disk by itself: %.0f appends with fdatasync per second, p50 %.0f us, cpu %.2f us "
           "each\n",
           (double)count * 1e9 / ns, *ret_flush_us, cpu_us / (double)count);
    return OK;
}

/* ---- the other process */

static void
is_broken(void *ctx)
{
    (void)ctx;
    abort();
}

static void
is_lost(void *ctx)
{
    loop_stop(ctx);
}

/* As hoheitd would, but at once and without a key: what it says is not listened to. */
static err
nobody_signs(void *ctx, const struct log_sign *ask)
{
    (void)ctx, (void)ask;
    return OK;
}

static err
serve(const char *dir, const struct params *p, int channel)
{
    static meters m;
    loop *l;
    book *b;
    desk *d;
    sign *s;
    TRY(loop_new(&l));
    TRY(book_open(l, dir, p, &m, &b));
    TRY(desk_new(l, b, (struct desk_hooks){is_broken, is_lost, is_broken, NULL, l}, &d));
    TRY(sign_start(l, b, nobody_signs, NULL, &s));
    TRY(desk_serve(d, channel));
    loop_run(l);
    return OK;
}

static err
start_log(const char *dir, const struct params *p, struct bench *b, pid_t *ret)
{
    int pair[2];
    TRY(ipc_pair(pair));
    *ret = fork();
    if (*ret == 0) {
        close(pair[1]);
        const err e = serve(dir, p, pair[0]);
        if (e.code)
            fprintf(stderr, "%s\n", err_trail());
        _exit(e.code ? 1 : 0);
    }
    close(pair[0]);
    ASSERT(*ret > 0 && clock_getcpuclockid(*ret, &b->log_clock) == 0);
    return audit_attach(b->a, pair[1]);
}

static err
bench(const char *dir)
{
    static meters m;
    struct params p;
    struct bench b = {0};
    double flush_us = 0;
    pid_t log;
    digest d;
    params_default(&p);
    TRY(sha256_of(STR("bytes"), &d));
    const struct audit_record r = {.event = EVENT_COMPLETION,
                                   .request_id = STR("req_01KBQZ3V7M8W2X4Y6Z8A0C2E4G"),
                                   .key_id = STR("key_01KBQZ3V7M8W2X4Y6Z8A0C2E4G"),
                                   .tenant = STR("tenant-17"),
                                   .op = STR("chat"),
                                   .label_text = STR("VS-NfD//SOZIALDATEN"),
                                   .clearance_text = STR("VS-NfD//SOZIALDATEN,STEUERGEHEIMNIS"),
                                   .model = STR("chat-small"),
                                   .decision = "allowed",
                                   .rule = "default",
                                   .input = &d,
                                   .output = &d,
                                   .tokens_in = 812,
                                   .tokens_out = 203,
                                   .duration_us = 1834422,
                                   .first_token_us = 210331,
                                   .outcome = "ok"};
    b.record = &r;
    b.waits_us = calloc(WAITS_MAX, sizeof *b.waits_us);
    ASSERT(b.waits_us);
    TRY(loop_new(&b.l));
    TRY(audit_new(b.l, &p, &m, &b.a));
    TRY(start_log(dir, &p, &b, &log));
    TRY(disk_rate(dir, 2, &flush_us));
    run(&b, 1, 2, flush_us);
    run(&b, 256, 4, flush_us);
    run(&b, WAITERS_MAX, 4, flush_us);
    audit_close(b.a);
    loop_free(b.l);
    waitpid(log, NULL, 0);
    free(b.waits_us);
    return OK;
}

int
main(int argc, char **argv)
{
    char dir[4096];
    const char *base = secure_getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/hoheit-audit-bench", argc > 1 ? argv[1] : base ? base : "/tmp");
    err e = file_make_dir(dir, 0700);
    if (!e.code)
        e = bench(dir);
    if (e.code)
        fprintf(stderr, "%s\n", err_trail());
    if (file_remove_tree(dir).code)
        fprintf(stderr, "%s\n", err_trail());
    return e.code ? 1 : 0;
}
