/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/json.h"
#include "os/clock.h"
#include "test.h"

enum { LINE_MAX = 4096, THREADS = 4, LINES = 200 };

static char got[1 << 20];

/* Standard error goes to a pipe until stop() reads what came. */
struct capture {
    int before, ends[2];
};

static struct capture
start(void)
{
    struct capture c = {.before = dup(STDERR_FILENO)};
    if (pipe(c.ends) != 0 || dup2(c.ends[1], STDERR_FILENO) < 0)
        test_fail(__FILE__, __LINE__, "capture");
    return c;
}

static str
stop(struct capture *c)
{
    size_t len = 0;
    ssize_t n;
    dup2(c->before, STDERR_FILENO);
    close(c->before);
    close(c->ends[1]);
    while ((n = read(c->ends[0], got + len, sizeof got - len)) > 0)
        len += (size_t)n;
    close(c->ends[0]);
    return (str){got, len};
}

/* The one line in `text`, read as JSON. */
static bool
one_object(arena *a, str text, jval *ret)
{
    return text.len && text.at[text.len - 1] == '\n' &&
           str_find_char(text, '\n') == (ptrdiff_t)text.len - 1 &&
           !json_read(a, str_slice(text, 0, text.len - 1), ret).code;
}

static str
text_at(const jval *o, const char *name)
{
    str s = STR_NONE;
    const jval v = json_get(o, name);
    CHECK_OK(json_str(&v, LINE_MAX, &s));
    return s;
}

static int64_t
number_at(const jval *o, const char *name)
{
    int64_t n = -1;
    const jval v = json_get(o, name);
    CHECK_OK(json_i64(&v, INT64_MIN, INT64_MAX, &n));
    return n;
}

TEST(nothing_is_written_before_the_log_is_open)
{
    struct capture c = start();
    LOG(ERROR, "too.early", LOG_N("n", 1));
    CHECK_STR(stop(&c), STR(""));
}

TEST(a_line_is_one_json_object_with_the_fields_in_order)
{
    AUTO(arena) *a = NULL;
    jval o;
    NEED_OK(arena_open(1 << 20, &a));
    struct capture c = start();
    CHECK_OK(log_open("hoheit-test", STR("info"), STR("stderr")));
    clock_fix(0, 1772366400123);
    LOG(INFO, "engine.lost", LOG_Z("model", "echo"), LOG_N("restarts", -3),
        LOG_S("quoted", STR("a\"b\\c\n\x01")));
    clock_free();
    const str line = stop(&c);
    NEED(one_object(a, line, &o));
    CHECK(str_starts(line, STR("{\"time\":\"2026-03-01T12:00:00.123Z\",\"level\":\"info\","
                               "\"program\":\"hoheit-test\",\"event\":\"engine.lost\",\"pid\":")));
    CHECK_STR(text_at(&o, "model"), STR("echo"));
    CHECK_INT(number_at(&o, "restarts"), ==, -3);
    CHECK_STR(text_at(&o, "quoted"), STR("a\"b\\c\n\x01"));
    CHECK_INT(number_at(&o, "pid"), ==, getpid());
}

TEST(an_event_without_fields_is_a_line)
{
    AUTO(arena) *a = NULL;
    jval o;
    NEED_OK(arena_open(1 << 20, &a));
    struct capture c = start();
    CHECK_OK(log_open("hoheit-test", STR("debug"), STR("stderr")));
    log_write(LOG_DEBUG, "plain", NULL, 0);
    NEED(one_object(a, stop(&c), &o));
    CHECK_INT(json_count(&o), ==, 5);
}

TEST(only_the_level_and_what_is_graver_is_written)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    for (int level = 0; level < 4; level++) {
        struct capture c = start();
        CHECK_OK(log_open("hoheit-test", str_of(names[level]), STR("stderr")));
        for (int i = 0; i < 4; i++)
            log_write((enum log_level)i, names[i], NULL, 0);
        str rest = stop(&c), line;
        int lines = 0;
        while (str_next(&rest, '\n', &line) && line.len)
            lines++;
        CHECK_INT(lines, ==, level + 1);
    }
}

TEST(an_unknown_level_or_place_is_refused_and_the_log_stays_as_it_was)
{
    struct capture c = start();
    CHECK_OK(log_open("hoheit-test", STR("error"), STR("stderr")));
    CHECK_ERR(log_open("hoheit-test", STR("loud"), STR("stderr")), CONFIG);
    CHECK_ERR(log_open("hoheit-test", STR(""), STR("stderr")), CONFIG);
    CHECK_ERR(log_open("hoheit-test", STR("debug"), STR("syslog")), CONFIG);
    CHECK_ERR(log_open_at("hoheit-test", STR("debug"), STR("journal"), "/nowhere/socket"), CONFIG);
    LOG(WARNING, "not.written", LOG_N("n", 1));
    CHECK_STR(stop(&c), STR(""));
}

TEST(long_text_is_cut_at_a_whole_character)
{
    AUTO(arena) *a = NULL;
    static char text[3001];
    jval o;
    NEED_OK(arena_open(1 << 20, &a));
    for (size_t i = 0; i < 1500; i++)
        memcpy(text + 1 + 2 * i, "ä", 2);
    text[0] = 'x';
    struct capture c = start();
    CHECK_OK(log_open("hoheit-test", STR("info"), STR("stderr")));
    LOG(INFO, "long", LOG_S("text", ((str){text, sizeof text})));
    NEED(one_object(a, stop(&c), &o));
    CHECK_STR(text_at(&o, "text"), ((str){text, 1023}));
}

TEST(a_line_that_would_be_too_long_says_that_fields_are_cut)
{
    AUTO(arena) *a = NULL;
    static char text[1000];
    jval o;
    NEED_OK(arena_open(1 << 20, &a));
    memset(text, '\1', sizeof text); /* six bytes each as \u0001 */
    struct capture c = start();
    CHECK_OK(log_open("hoheit-test", STR("info"), STR("stderr")));
    LOG(INFO, "long", LOG_S("text", ((str){text, sizeof text})));
    const str line = stop(&c);
    CHECK(line.len <= LINE_MAX);
    NEED(one_object(a, line, &o));
    CHECK_STR(text_at(&o, "event"), STR("long"));
    CHECK_INT(number_at(&o, "cut"), ==, 1);
}

static fallible
lose_an_engine(void)
{
    FAIL(ENGINE_LOST, "signal 9");
}

TEST(a_failure_is_logged_with_its_trail_and_disturbs_neither_trail_nor_errno)
{
    AUTO(arena) *a = NULL;
    jval o;
    NEED_OK(arena_open(1 << 20, &a));
    struct capture c = start();
    CHECK_OK(log_open("hoheit-test", STR("info"), STR("stderr")));
    const err e = lose_an_engine();
    errno = 4711;
    log_failure(LOG_ERROR, "engine.lost", e);
    CHECK_INT(errno, ==, 4711);
    CHECK_STR(str_of(err_text()), STR("signal 9"));
    NEED(one_object(a, stop(&c), &o));
    CHECK_STR(text_at(&o, "error"), STR("ENGINE_LOST"));
    CHECK(str_starts(text_at(&o, "trail"), STR("ENGINE_LOST: signal 9 [")));
}

TEST(a_reader_that_does_not_read_is_not_waited_for)
{
    struct capture c = start();
    CHECK_OK(log_open("hoheit-test", STR("info"), STR("stderr")));
    for (int i = 0; i < 2000; i++) /* a pipe holds 64 KiB */
        LOG(INFO, "flood", LOG_N("i", i), LOG_Z("text", "some text that takes its room"));
    const str all = stop(&c);
    CHECK(all.len > 32768 && all.len <= 65536);
    CHECK_INT(all.at[all.len - 1], ==, '\n');
}

static void *
log_lines(void *ctx)
{
    for (int i = 0; i < LINES; i++)
        LOG(INFO, "many", LOG_Z("who", ctx), LOG_N("i", i));
    return NULL;
}

TEST(lines_of_many_threads_stay_whole)
{
    AUTO(arena) *a = NULL;
    pthread_t threads[THREADS];
    const char *path = test_dir();
    char name[4200], who[2] = "a";
    int lines = 0;
    NEED_OK(arena_open(1 << 20, &a));
    snprintf(name, sizeof name, "%s/log", path);
    const int before = dup(STDERR_FILENO);
    const int f = open(name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    NEED(f >= 0 && dup2(f, STDERR_FILENO) >= 0);
    const err e = log_open("hoheit-test", STR("info"), STR("stderr"));
    for (int i = 0; i < THREADS; i++)
        NEED(pthread_create(&threads[i], NULL, log_lines, who) == 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    dup2(before, STDERR_FILENO);
    close(before);
    CHECK_OK(e);
    const ssize_t n = pread(f, got, sizeof got, 0);
    close(f);
    str rest = {got, n > 0 ? (size_t)n : 0}, line;
    jval o;
    while (str_next(&rest, '\n', &line) && line.len) {
        CHECK_OK(json_read(a, line, &o));
        arena_reset(a);
        lines++;
    }
    CHECK_INT(lines, ==, THREADS * LINES);
}

/* ---- journald */

static int
fake_journal(char path[108])
{
    const int f = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(path, 108, "%.90s/journal", test_dir());
    memcpy(at.sun_path, path, sizeof at.sun_path);
    unlink(path);
    if (f < 0 || bind(f, (struct sockaddr *)&at, sizeof at) != 0)
        test_fail(__FILE__, __LINE__, "no socket at %s", path);
    return f;
}

static str
datagram(int f)
{
    const ssize_t n = recv(f, got, sizeof got, 0);
    return (str){got, n > 0 ? (size_t)n : 0};
}

TEST(journald_gets_its_native_fields)
{
    char path[108];
    const int f = fake_journal(path);
    NEED_OK(log_open_at("hoheit-test", STR("warning"), STR("journal"), path));
    LOG(WARNING, "engine.lost", LOG_Z("model", "echo"), LOG_N("restarts", 3));
    CHECK_STR(datagram(f), STR("MESSAGE=engine.lost model=echo restarts=3\n"
                               "PRIORITY=4\n"
                               "SYSLOG_IDENTIFIER=hoheit-test\n"
                               "HOHEIT_EVENT=engine.lost\n"
                               "MODEL=echo\n"
                               "RESTARTS=3\n"));
    LOG(INFO, "not.written", LOG_N("n", 1));
    CHECK_STR(datagram(f), STR(""));
    CHECK_OK(log_open("hoheit-test", STR("error"), STR("stderr")));
    close(f);
}

TEST(a_value_with_line_ends_cannot_forge_a_field)
{
    char path[108];
    const int f = fake_journal(path);
    NEED_OK(log_open_at("t", STR("error"), STR("journal"), path));
    LOG(ERROR, "e", LOG_Z("text", "a\nPRIORITY=0"));
    CHECK_STR(datagram(f), STR("MESSAGE\n\x13\0\0\0\0\0\0\0e text=a\nPRIORITY=0\n"
                               "PRIORITY=3\n"
                               "SYSLOG_IDENTIFIER=t\n"
                               "HOHEIT_EVENT=e\n"
                               "TEXT\n\x0c\0\0\0\0\0\0\0a\nPRIORITY=0\n"));
    CHECK_OK(log_open("t", STR("error"), STR("stderr")));
    close(f);
}

TEST(a_journal_that_was_restarted_is_found_again)
{
    char path[108];
    int f = fake_journal(path);
    NEED_OK(log_open_at("t", STR("error"), STR("journal"), path));
    close(f);
    LOG(ERROR, "lost", LOG_N("n", 1));
    f = fake_journal(path);
    LOG(ERROR, "found", LOG_N("n", 2));
    CHECK(str_starts(datagram(f), STR("MESSAGE=found n=2\n")));
    CHECK_OK(log_open("t", STR("error"), STR("stderr")));
    close(f);
}

TEST(whatever_fails_no_line_is_half_written)
{
    AUTO(arena) *a = NULL;
    jval o;
    NEED_OK(arena_open(1 << 20, &a));
    NEED_OK(log_open("t", STR("error"), STR("stderr")));
    bool fired = true;
    for (long n = 1; fired; n++) {
        struct capture c = start();
        fault_arm(n);
        LOG(ERROR, "event", LOG_Z("text", "value"));
        fired = fault_fired();
        fault_arm(0);
        const str line = stop(&c);
        CHECK(!line.len || one_object(a, line, &o));
        CHECK(fired || line.len);
    }
}
