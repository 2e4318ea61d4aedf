/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - whole commands run in this process, against a daemon that says what a test tells it to.
 *
 *     struct fake f;                            struct run r;
 *     NEED(fake_start(&f));                     RUN(&r, &f, "key", "list");
 *     fake_says(&f, "GET /admin/v1/keys", 200, "[]");
 *     ... CHECK_OUT(&r, "NAME"); fake_end(&f);
 *
 * The fake answers on DIR/run/hoheit.sock from a thread of its own, one connection after the
 * other; what it was asked stands in f.asked.  Without a fake (NULL) the data directory is one
 * that does not exist.
 *
 * cli/offline/rig.h adds the commands of that layer. */
#pragma once
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cli/cli.h"
#include "test.h"

#ifndef RIG_OFFLINE
#define RIG_OFFLINE NULL
#define RIG_READER NULL
#endif

enum { FAKE_RULES = 16, FAKE_ROOM = 1 << 20 };

struct fake {
    char dir[200];
    int listener;
    pthread_t thread;
    pthread_mutex_t lock; /* over what follows: tests and the thread both use it */
    struct {
        const char *begin; /* of "METHOD /path" */
        int status;
        const char *head; /* more fields, each with its line end */
        const char *body;
    } rules[FAKE_RULES];
    size_t rule_count;
    char asked[FAKE_ROOM]; /* all requests, one after the other */
    size_t asked_len;
};

/* Until the whole request has come; returns its length. */
static inline size_t
fake_read(int s, char *room)
{
    size_t len = 0, wanted = SIZE_MAX;
    while (len < wanted && len < FAKE_ROOM - 1) {
        const ssize_t n = read(s, room + len, FAKE_ROOM - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        room[len] = 0;
        const char *end = strstr(room, "\r\n\r\n");
        const char *length = strstr(room, "Content-Length: ");
        if (end)
            wanted = (size_t)(end - room) + 4 +
                     (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
    }
    return len;
}

static inline void
fake_answer(struct fake *f, int s, const char *request)
{
    static const char none[] =
        "{\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"not in the script\"}}";
    const char *head = "", *body = none;
    int status = 404;
    for (size_t i = 0; i < f->rule_count; i++)
        if (strncmp(request, f->rules[i].begin, strlen(f->rules[i].begin)) == 0) {
            status = f->rules[i].status;
            head = f->rules[i].head;
            body = f->rules[i].body;
        }
    if (dprintf(s,
                "HTTP/1.1 %d X\r\nContent-Length: %zu\r\nConnection: close\r\n"
                "X-Request-Id: req_FAKE\r\n%s\r\n%s",
                status, strlen(body), head, body) < 0)
        return;
}

static inline void *
fake_serve(void *arg)
{
    struct fake *f = arg;
    char *room = malloc(FAKE_ROOM);
    for (int s; room && (s = accept(f->listener, NULL, NULL)) >= 0; close(s)) {
        const size_t len = fake_read(s, room);
        pthread_mutex_lock(&f->lock);
        if (len && f->asked_len + len < FAKE_ROOM) {
            memcpy(f->asked + f->asked_len, room, len);
            f->asked_len += len;
        }
        if (len)
            fake_answer(f, s, room);
        pthread_mutex_unlock(&f->lock);
    }
    free(room);
    return NULL;
}

/* A later rule goes before an earlier one. */
static inline void
fake_says_with(struct fake *f, const char *begin, int status, const char *head, const char *body)
{
    pthread_mutex_lock(&f->lock);
    f->rules[f->rule_count].begin = begin;
    f->rules[f->rule_count].status = status;
    f->rules[f->rule_count].head = head;
    f->rules[f->rule_count++].body = body;
    pthread_mutex_unlock(&f->lock);
}

/* All that was asked so far.  The thread adds to it only when asked again. */
static inline const char *
fake_asked(struct fake *f)
{
    pthread_mutex_lock(&f->lock);
    pthread_mutex_unlock(&f->lock);
    return f->asked;
}

/* No rule and nothing asked, as at the start. */
static inline void
fake_forget(struct fake *f)
{
    pthread_mutex_lock(&f->lock);
    f->rule_count = 0;
    f->asked_len = 0;
    memset(f->asked, 0, sizeof f->asked);
    pthread_mutex_unlock(&f->lock);
}

static inline void
fake_says(struct fake *f, const char *begin, int status, const char *body)
{
    fake_says_with(f, begin, status, "", body);
}

static inline bool
fake_start(struct fake *f)
{
    static int serial;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    char path[300];
    memset(f, 0, sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    snprintf(f->dir, sizeof f->dir, "%s/data%d", test_dir(), serial++);
    mkdir(f->dir, 0700);
    snprintf(path, sizeof path, "%s/run", f->dir);
    mkdir(path, 0700);
    snprintf(a.sun_path, sizeof a.sun_path, "%.80s/run/hoheit.sock", f->dir);
    f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(f->listener, (struct sockaddr *)&a, sizeof a) == 0 && listen(f->listener, 8) == 0 &&
           pthread_create(&f->thread, NULL, fake_serve, f) == 0;
}

static inline void
fake_end(struct fake *f)
{
    shutdown(f->listener, SHUT_RDWR);
    pthread_join(f->thread, NULL);
    close(f->listener);
}

/* ---- runs */

struct run {
    char out[FAKE_ROOM], err[FAKE_ROOM];
    int status;
    struct cli_env env; /* may be changed before */
    const char *input;
};

/* A file in memory, to write and to read. */
static inline FILE *
rig_file(void)
{
    return fdopen(memfd_create("rig", MFD_CLOEXEC), "w+");
}

static inline void
run_fill(char *room, FILE *f)
{
    rewind(f);
    room[fread(room, 1, FAKE_ROOM - 1, f)] = 0;
    fclose(f);
}

static inline void
run_args(struct run *r, const struct fake *f, const char *const *words, size_t count)
{
    const char *argv[64] = {"hoheit", "--data", f ? f->dir : "/nonexistent/hoheit"};
    FILE *in = rig_file(), *out = rig_file(), *error = rig_file();
    for (size_t i = 0; i < count; i++)
        argv[3 + i] = words[i];
    if (r->input)
        fputs(r->input, in);
    rewind(in);
    r->env.in = in;
    r->env.out = out;
    r->env.err = error;
    r->env.offline = RIG_OFFLINE;
    r->env.reader = RIG_READER;
    r->status = cli_run(3 + (int)count, argv, &r->env);
    fclose(in);
    run_fill(r->out, out);
    run_fill(r->err, error);
}

#define RUN(r, f, ...)                                                                             \
    run_args(r, f, (const char *const[]){__VA_ARGS__},                                             \
             sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* A failed check shows what was printed. */
#define CHECK_IN(text, part)                                                                       \
    do {                                                                                           \
        if (!strstr(text, part))                                                                   \
            test_fail(__FILE__, __LINE__, "\"%s\" is not in %s: %.900s", part, #text, text);       \
    } while (0)
#define CHECK_NOT_IN(text, part)                                                                   \
    do {                                                                                           \
        if (strstr(text, part))                                                                    \
            test_fail(__FILE__, __LINE__, "\"%s\" is in %s: %.900s", part, #text, text);           \
    } while (0)
#define CHECK_OUT(r, part) CHECK_IN((r)->out, part)
#define CHECK_SAYS(r, part) CHECK_IN((r)->err, part)
#define CHECK_STATUS(r, want)                                                                      \
    do {                                                                                           \
        if ((r)->status != (want))                                                                 \
            test_fail(__FILE__, __LINE__, "status %d, want %d: %.900s", (r)->status, want,         \
                      (r)->err);                                                                   \
    } while (0)
/* One per test: large, so not on the stack. */
#define FRESH(r)                                                                                   \
    static struct run r;                                                                           \
    memset(&r, 0, sizeof r)
