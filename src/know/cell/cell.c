/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/cell/cell.h"

#include <unistd.h>

#include "base/utf8.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/proc.h"
#include "os/share.h"

enum { WAIT_MS = 2 * CELL_WALL_MS_MAX + 10000 };

fallible
cell_start(const char *program, pid_t *ret_pid, int *ret)
{
    const char *const argv[] = {"hoheit-reader", NULL}, *const env[] = {"LANG=C.UTF-8", NULL};
    int pair[2];
    pid_t pid;
    TRY(ipc_pair(pair));
    AUTO(fd) ours = pair[0];
    AUTO(fd) theirs = pair[1];
    const struct proc_spec spec = {
        .path = program, .argv = argv, .env = env, .fds = {theirs}, .fd_count = 1};
    TRY(proc_start(&spec, &pid));
    if (ret_pid)
        *ret_pid = pid;
    *ret = fd_take(&ours);
    return OK;
}

const char *
cell_pdf_tool(void)
{
    static const char *const places[] = {"/usr/bin/pdftohtml", "/usr/local/bin/pdftohtml"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* hoheit-reader is ours, but what a worker says passes through it. */
static fallible
refuse(const struct cell_answer *a)
{
    const size_t len = strnlen(a->text, sizeof a->text);
    const str text = utf8_valid((str){a->text, len}) ? (str){a->text, len} : STR("cannot be read");
    if (a->code == ERR_UNSUPPORTED)
        REFUSE(UNSUPPORTED, "", "%.*s", STR_FMT(text));
    if (a->code == ERR_LIMIT)
        REFUSE(LIMIT, "", "%.*s", STR_FMT(text));
    REFUSE(PARSE, "", "%.*s", STR_FMT(text));
}

fallible
cell_take(const struct ipc_message *m, int passed, str *ret)
{
    struct cell_answer a;
    if (m->head.type != CELL_DONE || m->head.body_len != sizeof a)
        FAIL(ENGINE_LOST, "hoheit-reader is of another build");
    memcpy(&a, m->body, sizeof a);
    if (a.code)
        return refuse(&a);
    if (passed < 0)
        FAIL(ENGINE_LOST, "hoheit-reader answered nothing");
    return share_map(passed, CELL_OUT_BYTES_MAX, ret);
}

fallible
cell_seal(str bytes, int *ret)
{
    if (bytes.len > CELL_IN_BYTES_MAX)
        REFUSE(LIMIT, "", "is larger than %d MiB", CELL_IN_BYTES_MAX / (1024 * 1024));
    return share_make("document", bytes, ret);
}

fallible
cell_read(int channel, enum doc_form form, str bytes, str *ret)
{
    _Alignas(16) static _Thread_local char room[IPC_ROOM];
    const struct cell_ask ask = {.form = (uint32_t)form};
    struct ipc_message m;
    AUTO(fd) document = -1;
    TRY(cell_seal(bytes, &document));
    TRY(ipc_send_wait(channel, CELL_READ, 0, &ask, sizeof ask, STR_NONE, document));
    TRY(ipc_recv_wait(channel, WAIT_MS, room, &m));
    AUTO(fd) passed = m.fd;
    const err e = cell_take(&m, passed, ret);
    ipc_release(&m);
    return e;
}

void
cell_release(str text)
{
    share_unmap(text);
}
