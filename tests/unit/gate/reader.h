/* SPDX-License-Identifier: EUPL-1.2 */
/* reader.h - readers of documents that are played: each is up at once, and all say the same
 * whatever they are handed. */
#pragma once
#include <stdio.h>
#include <unistd.h>

#include "engine/control.h"
#include "know/cell/cell.h"
#include "os/file.h"
#include "os/ipc.h"
#include "os/share.h"
#include "test.h"

static inline void
played_reader_says(int far, const char *text)
{
    struct cell_answer a = {.code = *text == '!' ? ERR_PARSE : 0};
    AUTO(fd) read = -1;
    if (a.code)
        snprintf(a.text, sizeof a.text, "%s", text + 2);
    else
        CHECK_OK(share_make("read", str_of(text), &read));
    CHECK_OK(ipc_send_wait(far, CELL_DONE, 0, &a, sizeof a, STR_NONE, read));
}

enum { PLAYED_READERS = 32 };

struct played_readers {
    const char *says;        /* Markdown, or "! …" why there is none; NULL: nothing */
    int far[PLAYED_READERS]; /* their ends of the channels */
    size_t starts, stops;
};

/* What the gate says to hoheitd, at whose end `control` is. */
static inline void
played_readers_hear(struct played_readers *p, ipc *control, const struct ipc_message *m)
{
    int pair[2];
    p->stops += m->head.type == CONTROL_READER_STOP;
    if (m->head.type != CONTROL_READER_START || p->starts == PLAYED_READERS)
        return;
    CHECK_OK(ipc_pair(pair));
    CHECK_OK(ipc_send(control, CONTROL_READER_UP, m->head.id, NULL, 0, STR_NONE, pair[0]));
    close(pair[0]);
    p->far[p->starts++] = pair[1];
    if (p->says)
        played_reader_says(pair[1], p->says);
}

static inline void
played_readers_end(struct played_readers *p)
{
    for (size_t i = 0; i < p->starts; i++)
        close(p->far[i]);
    p->starts = 0;
}
