/* SPDX-License-Identifier: EUPL-1.2 */
/* rig.h - for the tests of know/cell/: this program is hoheit-reader too, when it is started under
 * that name, and its workers obey a few words a hostile document may wish for. */
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "know/cell/cell.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/proc.h"
#include "os/share.h"
#include "test.h"
#include "zip_write.h"

/* A document that took its worker over: it ends in another way than ours do. */
static inline void
rig_obey(void)
{
    str bytes;
    if (share_map(WORKER_FD_IN, 4096, &bytes).code)
        return;
    (void)signal(SIGSEGV, SIG_DFL); /* a sanitizer catches it */
    if (str_eq(bytes, STR("crash")))
        (void)raise(SIGSEGV);
    if (str_eq(bytes, STR("spin")))
        (void)raise(SIGXCPU);
    if (str_eq(bytes, STR("grow")))
        (void)raise(SIGXFSZ);
    const bool is_garbled = str_eq(bytes, STR("garble"));
    if (is_garbled && write(WORKER_FD_OUT, "\xff\x1b[2J", 5) == 5)
        _exit(99);
    if (str_eq(bytes, STR("silent")))
        _exit(ERR_PARSE);
    if (str_eq(bytes, STR("loud")) && write(WORKER_FD_OUT, "a\nb\x1b", 4) == 4)
        _exit(ERR_PARSE);
    share_unmap(bytes);
}

#define SELF_READER_OBEYS() rig_obey()
#include "self_reader.h"

struct rig {
    int channel;
};

static inline void
rig_auto(struct rig *r)
{
    if (r->channel > 0)
        (void)close(r->channel);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

#define RIG(r)                                                                                     \
    __attribute__((cleanup(rig_auto))) struct rig r = {0};                                         \
    NEED_OK(cell_start(self_reader(), NULL, &(r).channel))

/* What a document is read as, or "! " and why not. */
static inline str
rig_read(struct rig *r, enum doc_form form, str bytes)
{
    static char room[65536];
    str text = STR_NONE;
    const err e = cell_read(r->channel, form, bytes, &text);
    const int n = e.code ? snprintf(room, sizeof room, "! %s", err_text())
                         : snprintf(room, sizeof room, "%.*s", STR_FMT(text));
    if (!e.code)
        cell_release(text);
    return (str){room, n > 0 ? (size_t)n : 0};
}
