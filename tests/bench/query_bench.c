/* SPDX-License-Identifier: EUPL-1.2 */
/* query_bench.c - what it takes to find records in a log of many: by request, key (a person's),
 * object, rule and time, through the catalog.  Argument: how many million records (default 1), then
 * a directory on the disk to measure (default: TMPDIR or /tmp).  A record takes 385 bytes; the tree
 * over them as much again for as long as it runs.  With "sparse" as third argument the log is a
 * file with holes and has no tree, so that a hundred million records fit into 10 GB: what was
 * cataloged is cut out again, but for the newest 4 GiB, 32 windows that questions are about, and
 * where a search by time looks on its way there.  The catalog is whole; it is asked with the
 * functions that book.c asks with.  Each question is asked 200 times, about another
 * record each time, for the latest 20; p99 is held against the goal.  "Cold" ones find nothing of
 * log and catalog in memory. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "audit/book.h"
#include "audit/recall.h"
#include "os/clock.h"
#include "os/file.h"

enum {
    QUESTIONS = 200,
    COLD_QUESTIONS = 30,
    SHOWN = 20,
    PER_REQUEST = 2,
    KEYS = 5000,
    /* Of the sparse one: */
    LINE = 432, /* bytes each */
    WINDOWS = 32,
    AROUND = 16 * 1024 * 1024, /* a window's middle, on both sides */
    STEPS = 4096,              /* of a search by time: twelve halves */
    CELL = 64 * 1024,
    BEHIND = 64 * 1024 * 1024 /* so far the writer is before the catalog */
};

#define NEWEST (UINT64_C(4) << 30)
#define SEQ_FIRST UINT64_C(100000001) /* all have nine digits */

static struct {
    char dir[4096];
    uint64_t count, step_ms, objects;
    bool is_sparse;
    loop *l;
    book *b;
    int f;
    uint64_t len, cut; /* of the sparse one: in the end; so far it has its holes */
    catalog *c;
    struct params p;
    meters m;
} app;

static uint64_t
scatter(uint64_t i)
{
    i = (i ^ (i >> 31)) * 0x7fb5d329728ea185u;
    i = (i ^ (i >> 27)) * 0x81dadef4bc2dd44du;
    return i ^ (i >> 33);
}

static int64_t
time_of(uint64_t i)
{
    return 1767225600000 + (int64_t)(i * app.step_ms);
}

/* Now and then something is done to an object; else requests, a decision and a completion each. */
static void
put_record(buf *b, uint64_t i)
{
    const uint64_t request = i / PER_REQUEST;
    buf_add_fmt(b, "{\"seq\":%llu,\"time\":\"",
                (unsigned long long)(i + (app.is_sparse ? SEQ_FIRST : 1)));
    clock_put(b, time_of(i));
    if (i % 50 == 49)
        buf_add_fmt(
            b, "\",\"event\":\"file.add\",\"request\":\"req_%022llX\",\"object\":\"file_%05llu\"",
            (unsigned long long)request, (unsigned long long)(scatter(i) % app.objects));
    else
        buf_add_fmt(b, "\",\"event\":\"%s\",\"request\":\"req_%022llX\"",
                    i % PER_REQUEST ? "completion" : "decision", (unsigned long long)request);
    buf_add_fmt(
        b,
        ",\"key\":\"key_%022llX\",\"tenant\":\"amt-17\",\"op\":\"chat\",\"label\":\"VS-NfD//"
        "SOZIALDATEN\",\"model\":\"chat-small\",\"decision\":\"allowed\",\"rule\":\"%s\",",
        (unsigned long long)(scatter(request) % KEYS),
        scatter(i) % 100000 ? "default" : "sozialdaten-nur-hier");
    buf_add(b, STR("\"input\":\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\","
                   "\"tokens_in\":812,\"tokens_out\":203,\"outcome\":\"ok\"}\n"));
}

/* All lines have one length, so that it is known where each will be. */
static void
put_line(buf *b, uint64_t i)
{
    static const char front[] = ",\"why\":\"", end[] = "\"}\n";
    const size_t from = b->len;
    put_record(b, i);
    b->len -= 2;
    buf_add(b, str_of(front));
    while (b->len + sizeof end - 1 < from + LINE)
        buf_add_char(b, '.');
    buf_add(b, str_of(end));
    ASSERT(b->len == from + LINE);
}

static uint64_t
window_of(uint64_t n)
{
    return (n % WINDOWS * 2 + 1) * (app.len / (2 * (uint64_t)WINDOWS));
}

static bool
is_near(uint64_t at, uint64_t middle, uint64_t around)
{
    return at + CELL + around > middle && at < middle + around;
}

/* A cell that some question may need. */
static bool
is_needed(uint64_t at)
{
    const uint64_t step = app.len / STEPS, window = app.len / WINDOWS;
    return at + NEWEST > app.len || is_near(at, window_of(at / window), AROUND) ||
           is_near(at, (at + step / 2) / step * step, CELL);
}

/* Cuts out what the catalog has, in long pieces. */
static err
cut(uint64_t end)
{
    while (app.cut + CELL <= end) {
        uint64_t to = app.cut;
        while (to + CELL <= end && !is_needed(to))
            to += CELL;
        if (to > app.cut && fallocate(app.f, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                                      (off_t)app.cut, (off_t)(to - app.cut)) != 0)
            return file_errno("make a hole in", app.dir);
        app.cut = to + CELL <= end ? to + CELL : to;
        if (to + CELL > end)
            break;
    }
    return OK;
}

static err
write_sparse(void)
{
    char path[4200];
    AUTO(buf) b = BUF(8 * 1024 * 1024);
    snprintf(path, sizeof path, "%s/audit.jsonl", app.dir);
    app.len = app.count * LINE;
    TRY(file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &app.f));
    TRY(catalog_open(app.l, app.dir, 0, &app.c));
    for (uint64_t i = 0; i < app.count; i++) {
        put_line(&b, i);
        if (b.len < 4 * 1024 * 1024 && i + 1 < app.count)
            continue;
        TRY(buf_end(&b));
        TRY(file_write_all(app.f, buf_str(&b)));
        buf_clear(&b);
        const uint64_t len = (i + 1) * LINE;
        catalog_follow(app.c, len);
        while (catalog_is_busy(app.c) && catalog_end(app.c) + BEHIND < len)
            (void)loop_turn_for(app.l, 1000);
        TRY(cut(catalog_end(app.c)));
    }
    while (catalog_is_busy(app.c))
        (void)loop_turn_for(app.l, 1000);
    return OK;
}

static err
write_log(void)
{
    char path[4200];
    AUTO(fd) f = -1;
    AUTO(buf) b = BUF(8 * 1024 * 1024);
    snprintf(path, sizeof path, "%s/audit.jsonl", app.dir);
    TRY(file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &f));
    for (uint64_t i = 0; i < app.count; i++) {
        put_record(&b, i);
        if (b.len < 4 * 1024 * 1024 && i + 1 < app.count)
            continue;
        TRY(buf_end(&b));
        TRY(file_write_all(f, buf_str(&b)));
        buf_clear(&b);
    }
    return OK;
}

static err
count_one(void *ctx, str line)
{
    (void)line;
    ++*(uint64_t *)ctx;
    return OK;
}

static int
by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* What book_query does (audit/book.c). */
static err
ask_sparse(const struct book_ask *q, uint64_t *ret_found)
{
    static struct places p;
    static char room[LINE_BYTES_MAX];
    uint64_t at[SHOWN], from = 0, end = app.len, reached;
    struct run_hits h = {.at = at, .max = SHOWN};
    AUTO(buf) needle = BUF(256);
    const uint64_t known = q->value.len ? catalog_end(app.c) : 0;
    str line;
    if (q->since.len)
        TRY(recall_at_time(app.f, 0, app.len, q->since, &from));
    if (q->until.len)
        TRY(recall_at_time(app.f, 0, app.len, q->until, &end));
    if (q->value.len)
        term_put_needle(&needle, q->field, q->value);
    p.count = 0;
    const struct scan s = {known > from ? known < end ? known : end : from, end, SHOWN};
    TRY(recall_scan(app.f, &s, buf_str(&needle), &p, &reached));
    const struct run_ask ask = {q->value.len ? term_of(q->field, q->value) : 0, from,
                                known < end ? known : end};
    if (known > from)
        TRY(catalog_find(app.c, &ask, &h));
    for (size_t i = 0; i < h.count; i++) {
        TRY(recall_line_at(app.f, at[i], app.len, room, &line));
        if (str_find(line, buf_str(&needle)) >= 0)
            TRY(recall_add(&p, at[i], line.len));
    }
    return recall_each(app.f, &p, buf_str(&needle), count_one, ret_found);
}

static err
ask(enum term_field field, str value, const uint64_t *from, uint64_t *ret_found)
{
    AUTO(buf) since = BUF(64);
    AUTO(buf) until = BUF(64);
    struct book_ask q = {.field = field, .value = value, .count = SHOWN};
    bool is_all;
    if (field == TERM_REQUEST && !app.is_sparse)
        return book_find(app.b, value, count_one, ret_found);
    if (from) {
        clock_put(&since, time_of(*from));
        clock_put(&until, time_of(*from + 1000));
        q.since = buf_str(&since);
        q.until = buf_str(&until);
    }
    return app.is_sparse ? ask_sparse(&q, ret_found)
                         : book_query(app.b, &q, count_one, ret_found, &is_all);
}

static void
value_of(enum term_field field, uint64_t i, char room[64])
{
    const unsigned long long request = i / PER_REQUEST;
    room[0] = '\0';
    if (field == TERM_REQUEST)
        snprintf(room, 64, "req_%022llX", request);
    if (field == TERM_KEY)
        snprintf(room, 64, "key_%022llX", (unsigned long long)(scatter(request) % KEYS));
    if (field == TERM_OBJECT)
        snprintf(room, 64, "file_%05llu", (unsigned long long)(scatter(i) % app.objects));
    if (field == TERM_RULE)
        snprintf(room, 64, "sozialdaten-nur-hier");
}

/* Out of memory, as after a night: what is asked for then comes from the disk. */
static err
evict(const char *path)
{
    AUTO(fd) f = -1;
    TRY(file_open(path, O_RDONLY, 0, &f));
    TRY(file_sync(f));
    if (posix_fadvise(f, 0, 0, POSIX_FADV_DONTNEED) != 0)
        return file_errno("evict", path);
    return OK;
}

static err
evict_all(void)
{
    char path[8400];
    const struct dirent *entry;
    snprintf(path, sizeof path, "%s/audit.jsonl", app.dir);
    TRY(evict(path));
    snprintf(path, sizeof path, "%s/catalog", app.dir);
    DIR *d = opendir(path);
    err e = d ? OK : file_errno("open", path);
    while (!e.code && (entry = readdir(d)) != NULL) {
        snprintf(path, sizeof path, "%s/catalog/%s", app.dir, entry->d_name);
        if (entry->d_name[0] != '.')
            e = evict(path);
    }
    if (d)
        closedir(d);
    return e;
}

/* read(2) and its like, so far; the kernel counts them. */
static unsigned long long
reads(void)
{
    unsigned long long n = 0;
    char line[128];
    FILE *f = fopen("/proc/self/io", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "syscr: ", 7) == 0)
            n = strtoull(line + 7, NULL, 10);
    if (f)
        fclose(f);
    return n;
}

/* The record that question n is about. */
static uint64_t
about(uint64_t n)
{
    if (!app.is_sparse)
        return scatter(n + 7) % app.count;
    return window_of(n) / LINE + scatter(n + 7) % 8192;
}

static err
measure(const char *name, enum term_field field, bool is_timed, bool is_cold)
{
    static uint64_t took_us[QUESTIONS];
    const uint64_t questions = is_cold ? COLD_QUESTIONS : QUESTIONS;
    uint64_t found = 0;
    const unsigned long long before = reads();
    for (uint64_t n = 0; n < questions; n++) {
        char value[64];
        if (is_cold)
            TRY(evict_all());
        const uint64_t i = about(n) / 50 * 50 + (field == TERM_OBJECT ? 49 : 0);
        value_of(field, i < app.count ? i : 49, value);
        const uint64_t from = clock_us();
        TRY(ask(field, str_of(value), is_timed ? &i : NULL, &found));
        took_us[n] = clock_us() - from;
    }
    qsort(took_us, questions, sizeof *took_us, by_size);
    const double p50 = (double)took_us[questions / 2] / 1e3;
    const double p99 = (double)took_us[questions * 99 / 100] / 1e3;
    printf("# by %s: p50 %.2f ms, p99 %.2f ms, slowest of %llu %.2f ms, %.1f records and %.1f "
           "reads each\n",
           name, p50, p99, (unsigned long long)questions, (double)took_us[questions - 1] / 1e3,
           (double)found / (double)questions, (double)(reads() - before) / (double)questions);
    printf("bench audit.query_%s %.2f ms goal <= 50 %s\n", name, p99, p99 <= 50 ? "ok" : "short");
    return OK;
}

static err
measure_all(void)
{
    TRY(measure("request", TERM_REQUEST, false, false));
    TRY(measure("person", TERM_KEY, false, false));
    TRY(measure("object", TERM_OBJECT, false, false));
    TRY(measure("rule", TERM_RULE, false, false));
    TRY(measure("time", TERM_FIELDS, true, false));
    TRY(measure("person_and_time", TERM_KEY, true, false));
    TRY(measure("request_cold", TERM_REQUEST, false, true));
    return measure("person_cold", TERM_KEY, false, true);
}

static void
tell_catalog(const catalog *c, uint64_t from_ms, uint64_t len)
{
    printf("# the catalog in %.1f s: %zu runs over %llu of %llu bytes\n",
           (double)(clock_ms() - from_ms) / 1e3, catalog_runs(c),
           (unsigned long long)catalog_end(c), (unsigned long long)len);
    (void)fflush(stdout);
}

static err
bench_sparse(void)
{
    const uint64_t from = clock_ms();
    TRY(loop_new(&app.l));
    TRY(write_sparse());
    printf("# %llu records written, with holes, and\n", (unsigned long long)app.count);
    tell_catalog(app.c, from, app.len);
    TRY(measure_all());
    catalog_free(app.c);
    loop_free(app.l);
    (void)close(app.f);
    return OK;
}

static err
bench(void)
{
    uint64_t from = clock_ms();
    TRY(write_log());
    printf("# %llu records written in %.1f s\n", (unsigned long long)app.count,
           (double)(clock_ms() - from) / 1e3);
    params_default(&app.p);
    TRY(loop_new(&app.l));
    from = clock_ms();
    TRY(book_open(app.l, app.dir, &app.p, &app.m, &app.b));
    printf("# the tree over them in %.1f s\n", (double)(clock_ms() - from) / 1e3);
    from = clock_ms();
    while (catalog_is_busy(book_catalog(app.b)))
        (void)loop_turn_for(app.l, 1000);
    tell_catalog(book_catalog(app.b), from, book_durable_len(app.b));
    TRY(measure_all());
    book_close(app.b);
    loop_free(app.l);
    return OK;
}

int
main(int argc, char **argv)
{
    const char *base = secure_getenv("TMPDIR");
    snprintf(app.dir, sizeof app.dir, "%s/hoheit-query-bench",
             argc > 2 ? argv[2]
             : base   ? base
                      : "/tmp");
    app.count = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1) * 1000000;
    app.step_ms = 3;
    app.is_sparse = argc > 3 && strcmp(argv[3], "sparse") == 0;
    app.objects = app.is_sparse ? 5000 : 20000;
    err e = file_make_dir(app.dir, 0700);
    if (!e.code)
        e = app.is_sparse ? bench_sparse() : bench();
    if (e.code)
        fprintf(stderr, "%s\n", err_trail());
    if (file_remove_tree(app.dir).code)
        fprintf(stderr, "%s\n", err_trail());
    return e.code ? 1 : 0;
}
