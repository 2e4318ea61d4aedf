/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/log.h"

#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/json.h"
#include "base/utf8.h"
#include "os/clock.h"
#include "os/sys.h"

enum { LINE_MAX = 4096, TEXT_MAX = 1024, NAME_MAX = 64 };

static const struct level {
    str name;
    int priority; /* of syslog(3) */
} levels[] = {
    [LOG_ERROR] = {STR_INIT("error"), 3},
    [LOG_WARNING] = {STR_INIT("warning"), 4},
    [LOG_INFO] = {STR_INIT("info"), 6},
    [LOG_DEBUG] = {STR_INIT("debug"), 7},
};

/* Where a process logs to is true for all of it, so this one state is not passed around. */
static struct {
    char program[NAME_MAX];
    int level;  /* nothing below is written; -1: nothing at all */
    int socket; /* to journald; -1: standard error */
    struct sockaddr_un journal;
} state = {.level = -1, .socket = -1};

static fallible
find_level(str name, int *ret)
{
    for (int i = 0; i < (int)(sizeof levels / sizeof *levels); i++)
        if (str_eq(levels[i].name, name)) {
            *ret = i;
            return OK;
        }
    FAIL(CONFIG, "log.level is error, warning, info or debug");
}

static fallible
open_journal(const char *path, int *ret)
{
    state.journal = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (!str_copy(str_of(path), state.journal.sun_path, sizeof state.journal.sun_path))
        FAIL(ARGUMENT, "path of the journal's socket is too long");
    if (SYS(access(path, W_OK)) != 0)
        FAIL(CONFIG, "log.to is journal, but %s cannot be written", path);
    const int f = SYS(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (f < 0)
        FAIL(IO, "no socket for the journal");
    *ret = f;
    return OK;
}

fallible
log_open_at(const char *program, str level, str to, const char *journal)
{
    int number = -1, f = -1;
    TRY(find_level(level, &number));
    if (str_eq(to, STR("journal")))
        TRY(open_journal(journal, &f));
    else if (!str_eq(to, STR("stderr")))
        FAIL(CONFIG, "log.to is stderr or journal");
    if (!str_copy(str_of(program), state.program, sizeof state.program))
        UNREACHABLE("a program's name is short");
    if (state.socket >= 0)
        close(state.socket);
    state.socket = f;
    state.level = number;
    return OK;
}

fallible
log_open(const char *program, str level, str to)
{
    TRY(log_open_at(program, level, to, "/run/systemd/journal/socket"));
    return OK;
}

static str
shortened(str s)
{
    const str cut = str_slice(s, 0, TEXT_MAX);
    return cut.len < s.len ? str_slice(cut, 0, utf8_whole_len(cut)) : s;
}

/* ---- one JSON object */

static void
put_json(buf *b, enum log_level level, const char *event, const struct log_field *fields,
         size_t count)
{
    AUTO(buf) time = BUF(NAME_MAX);
    clock_put(&time, clock_wall_ms());
    json_open(b, '{');
    json_member_str(b, "time", buf_str(&time));
    json_member_str(b, "level", levels[level].name);
    json_member_str(b, "program", str_of(state.program));
    json_member_str(b, "event", str_of(event));
    json_member_i64(b, "pid", getpid());
    for (size_t i = 0; i < count; i++)
        if (fields[i].kind == LOG_NUMBER)
            json_member_i64(b, fields[i].name, fields[i].number);
        else
            json_member_str(b, fields[i].name, shortened(fields[i].text));
    json_close(b, '}');
    buf_add_char(b, '\n');
}

/* A pipe that says it is ready takes 4096 bytes without waiting (PIPE_BUF). */
static void
write_line(str line)
{
    struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};
    if (poll(&p, 1, 0) != 1 || !(p.revents & POLLOUT))
        return;
    const ssize_t n = SYS(write(STDERR_FILENO, line.at, line.len));
    (void)n; /* what cannot be written is dropped */
}

/* ---- journald's native protocol (systemd, docs/JOURNAL_NATIVE_PROTOCOL.md): NAME=value, or,
 * where the value has line ends, NAME, its length in 64 bits little-endian, and the value */

static void
put_name(buf *b, const char *name)
{
    for (; *name; name++)
        buf_add_char(b, *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name);
}

static void
put_pair(buf *b, const char *name, str value)
{
    put_name(b, name);
    if (str_find_char(value, '\n') < 0) {
        buf_add_char(b, '=');
    } else {
        buf_add_char(b, '\n');
        for (unsigned shift = 0; shift < 64; shift += 8)
            buf_add_char(b, (char)(value.len >> shift));
    }
    buf_add(b, value);
    buf_add_char(b, '\n');
}

/* A field's value as text; a number is written into `room`. */
static str
text_of(const struct log_field *f, char room[NAME_MAX])
{
    if (f->kind == LOG_TEXT)
        return shortened(f->text);
    snprintf(room, NAME_MAX, "%jd", (intmax_t)f->number);
    return str_of(room);
}

/* "engine.lost model=echo restarts=3": what `journalctl` shows. */
static void
put_message(buf *b, const char *event, const struct log_field *fields, size_t count)
{
    char room[NAME_MAX];
    AUTO(buf) text = BUF(LINE_MAX);
    buf_add(&text, str_of(event));
    for (size_t i = 0; i < count; i++) {
        buf_add_fmt(&text, " %s=", fields[i].name);
        buf_add(&text, text_of(&fields[i], room));
    }
    put_pair(b, "MESSAGE", buf_str(&text));
}

static void
put_journal(buf *b, enum log_level level, const char *event, const struct log_field *fields,
            size_t count)
{
    char room[NAME_MAX];
    put_message(b, event, fields, count);
    buf_add_fmt(b, "PRIORITY=%d\n", levels[level].priority);
    put_pair(b, "SYSLOG_IDENTIFIER", str_of(state.program));
    put_pair(b, "HOHEIT_EVENT", str_of(event));
    for (size_t i = 0; i < count; i++)
        put_pair(b, fields[i].name, text_of(&fields[i], room));
}

static void
send_datagram(str d)
{
    const ssize_t n = SYS(sendto(state.socket, d.at, d.len, MSG_DONTWAIT | MSG_NOSIGNAL,
                                 (const struct sockaddr *)&state.journal, sizeof state.journal));
    (void)n; /* what cannot be sent is dropped */
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    ASSERT(level <= LOG_DEBUG && event);
    if ((int)level > state.level)
        return;
    const int number = errno; /* logging disturbs neither errno nor the trail */
    const bool to_journal = state.socket >= 0;
    void (*put)(buf *, enum log_level, const char *, const struct log_field *, size_t) =
        to_journal ? put_journal : put_json;
    AUTO(buf) b = BUF(to_journal ? 3 * LINE_MAX : LINE_MAX);
    put(&b, level, event, fields, count);
    if (b.failed) {
        const struct log_field cut = LOG_N("cut", 1);
        buf_clear(&b);
        put(&b, level, event, &cut, 1);
    }
    if (to_journal)
        send_datagram(buf_str(&b));
    else
        write_line(buf_str(&b));
    errno = number;
}

void
log_failure(enum log_level level, const char *event, err e)
{
    const struct log_field fields[] = {
        LOG_Z("error", err_info(e)->id),
        LOG_Z("trail", err_trail()),
    };
    log_write(level, event, fields, sizeof fields / sizeof *fields);
}
