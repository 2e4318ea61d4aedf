/* SPDX-License-Identifier: EUPL-1.2 */
/* hoheit-reader's own half: starts a worker for each document and waits for its end. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "know/cell/cell.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/proc.h"
#include "os/share.h"

struct job {
    const char *program;
    int wall_ms_max;
    struct cell_answer answer;
};

/* ---- a worker */

/* The end of a worker, or of its time. */
static fallible
wait_for(pid_t pid, int wall_ms_max, int *ret_status, bool *ret_late)
{
    AUTO(fd) watched = pidfd_open(pid, 0);
    struct pollfd p = {.fd = watched, .events = POLLIN};
    int n;
    if (watched < 0) {
        proc_kill(pid);
        return file_errno("watch", "a worker");
    }
    do
        n = poll(&p, 1, wall_ms_max);
    while (n < 0 && errno == EINTR);
    *ret_late = n == 0;
    if (n <= 0)
        proc_kill(pid);
    while (waitpid(pid, ret_status, 0) < 0)
        if (errno != EINTR)
            return file_errno("wait for", "a worker");
    return OK;
}

static fallible
run_worker(const struct job *j, const char *form, const int fds[2], int *ret_status, bool *ret_late)
{
    const char *const argv[] = {"hoheit-reader", form, NULL};
    const char *const env[] = {"LANG=C.UTF-8", NULL};
    pid_t pid;
    const struct proc_spec spec = {.path = j->program,
                                   .argv = argv,
                                   .env = env,
                                   .fds = {fds[0], fds[1]},
                                   .fd_count = 2,
                                   .new_network = true};
    TRY(proc_start(&spec, &pid));
    return wait_for(pid, j->wall_ms_max, ret_status, ret_late);
}

/* ---- what became of it */

static void
say(struct job *j, enum err_code code, const char *text)
{
    j->answer.code = (uint32_t)code;
    (void)snprintf(j->answer.text, sizeof j->answer.text, "%s", text);
}

/* A worker's own words, which are ASCII: of one that was taken over none reaches a terminal that it
 * would obey. */
static void
say_told(struct job *j, int status, int out)
{
    char room[CELL_TEXT_MAX];
    size_t len = 0;
    const bool is_known = status == ERR_LIMIT || status == ERR_UNSUPPORTED;
    IGNORE(file_read_at(out, 0, room, sizeof room - 1, &len)); /* then it said nothing */
    room[len] = 0;
    for (size_t i = 0; i < len; i++)
        room[i] = room[i] < ' ' || room[i] > '~' ? '?' : room[i];
    say(j, is_known ? (enum err_code)status : ERR_PARSE, len ? room : "cannot be read");
}

static void
say_ended(struct job *j, int status, bool is_late)
{
    char room[64], text[CELL_TEXT_MAX];
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (is_late || number == SIGXCPU || number == SIGKILL)
        say(j, ERR_PARSE, "takes too long to read");
    else if (number == SIGXFSZ)
        say(j, ERR_PARSE, "has too much text");
    else {
        (void)snprintf(text, sizeof text, "ended its reader: %s", proc_status_text(status, room));
        say(j, ERR_PARSE, text);
    }
}

/* ---- documents */

static fallible
read_once(struct job *j, const char *form, int in, fd *ret_out)
{
    int status = 0;
    bool is_late = false;
    AUTO(fd) out = -1;
    TRY(share_room("read", &out));
    const int fds[2] = {in, out};
    TRY(run_worker(j, form, fds, &status, &is_late));
    if (is_late || !WIFEXITED(status))
        say_ended(j, status, is_late);
    else if (WEXITSTATUS(status))
        say_told(j, WEXITSTATUS(status), out);
    TRY(share_seal(out));
    *ret_out = fd_take(&out);
    return OK;
}

static fallible
read_pdf(struct job *j, int in, fd *ret_out)
{
    AUTO(fd) xml = -1;
    if (!cell_pdf_tool()) {
        say(j, ERR_UNSUPPORTED, "needs pdftohtml to be read: install poppler-utils");
        return OK;
    }
    TRY(read_once(j, "tool", in, &xml));
    if (j->answer.code) {
        if (j->answer.code == ERR_PARSE && strcmp(j->answer.text, "takes too long to read") != 0)
            say(j, ERR_PARSE, "cannot be opened: it is damaged or protected by a password");
        return OK;
    }
    return read_once(j, "pdf", xml, ret_out);
}

static fallible
read_any(struct job *j, uint32_t form, int in, fd *ret_out)
{
    if (form == CELL_IMAGE) {
        j->wall_ms_max = CELL_IMAGE_WALL_MS_MAX;
        return read_once(j, "image", in, ret_out);
    }
    if (form >= DOC_FORMS)
        FAIL(PARSE, "no form that hoheit-reader knows");
    if (form == DOC_PDF)
        return read_pdf(j, in, ret_out);
    return read_once(j, doc_form_name((enum doc_form)form), in, ret_out);
}

static fallible
answer(struct job *j, const struct ipc_message *m, int channel)
{
    struct cell_ask ask;
    AUTO(fd) in = m->fd;
    AUTO(fd) out = -1;
    if (m->head.type != CELL_READ || m->head.body_len != sizeof ask || in < 0)
        FAIL(PARSE, "no question that hoheit-reader knows");
    memcpy(&ask, m->body, sizeof ask);
    const err e = read_any(j, ask.form, in, &out);
    if (e.code == ERR_PARSE)
        return err_pass(e, __FILE__, __LINE__, __func__);
    if (e.code)
        say(j, ERR_UNSUPPORTED, err_text());
    return ipc_send_wait(channel, CELL_DONE, m->head.id, &j->answer, sizeof j->answer, STR_NONE,
                         j->answer.code ? -1 : out);
}

fallible
broker_serve(int channel, const char *program)
{
    _Alignas(16) static _Thread_local char room[IPC_ROOM];
    ASSERT(program);
    for (;;) {
        struct job j = {.program = program, .wall_ms_max = CELL_WALL_MS_MAX};
        struct ipc_message m;
        const err e = ipc_recv_wait(channel, -1, room, &m);
        if (e.code == ERR_ENGINE_LOST)
            return OK; /* whoever asked has all he wanted */
        TRY(e);
        const err answered = answer(&j, &m, channel);
        ipc_release(&m);
        TRY(answered);
    }
}
