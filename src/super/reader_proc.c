/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/reader_proc.h"

#include <stdio.h>

#include "base/fault.h"
#include "know/cell/cell.h"
#include "os/file.h"
#include "os/log.h"
#include "os/proc.h"

enum { PATH_BYTES = 2048 };

struct place {
    uint64_t id; /* last asked for */
    pid_t pid;   /* 0: none */
    bool wanted; /* one is to be started when this one has ended */
};

struct reader_procs {
    struct reader_procs_spec spec;
    struct place places[CONTROL_READERS_MAX];
};

static void
start(reader_procs *p, struct place *at)
{
    char path[PATH_BYTES];
    AUTO(fd) channel = -1;
    (void)snprintf(path, sizeof path, "%s/hoheit-reader", p->spec.bin_dir);
    at->wanted = false;
    const err e = cell_start(path, &at->pid, &channel);
    if (e.code) {
        at->pid = 0;
        log_failure(LOG_ERROR, "reader.start_failed", e);
    }
    p->spec.on_up(p->spec.ctx, at->id, channel);
}

static void
end_place(struct place *at)
{
    at->wanted = false;
    if (at->pid)
        proc_kill(at->pid);
}

void
reader_procs_start(reader_procs *p, uint64_t id)
{
    if (!p)
        return;
    struct place *const at = &p->places[id % CONTROL_READERS_MAX];
    end_place(at);
    at->id = id;
    if (at->pid)
        at->wanted = true; /* the place is waited for */
    else
        start(p, at);
}

void
reader_procs_stop(reader_procs *p, uint64_t id)
{
    if (p && p->places[id % CONTROL_READERS_MAX].id == id)
        end_place(&p->places[id % CONTROL_READERS_MAX]);
}

void
reader_procs_stop_all(reader_procs *p)
{
    for (size_t i = 0; p && i < CONTROL_READERS_MAX; i++)
        end_place(&p->places[i]);
}

bool
reader_procs_ended(reader_procs *p, pid_t pid)
{
    for (size_t i = 0; p && pid && i < CONTROL_READERS_MAX; i++)
        if (p->places[i].pid == pid) {
            p->places[i].pid = 0;
            if (p->places[i].wanted)
                start(p, &p->places[i]);
            return true;
        }
    return false;
}

bool
reader_procs_run(const reader_procs *p)
{
    for (size_t i = 0; p && i < CONTROL_READERS_MAX; i++)
        if (p->places[i].pid)
            return true;
    return false;
}

fallible
reader_procs_new(const struct reader_procs_spec *spec, reader_procs **ret)
{
    ASSERT(spec->on_up && spec->bin_dir);
    reader_procs *const p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory to keep readers of documents");
    *p = (reader_procs){.spec = *spec};
    *ret = p;
    return OK;
}

void
reader_procs_free(reader_procs *p)
{
    reader_procs_stop_all(p);
    mem_free(p);
}
