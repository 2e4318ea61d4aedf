/* SPDX-License-Identifier: EUPL-1.2 */
/* records.h - the log of the rig of gate/, as a stranger reads it. */
#pragma once
#include <sys/stat.h>

#include "unit/gate/rig.h"

enum { RIG_ROOM = 256 * 1024 };

/* Its last RIG_ROOM bytes. */
static inline str
rig_log(const struct rig *r)
{
    static char room[RIG_ROOM];
    char path[600];
    struct stat st;
    snprintf(path, sizeof path, "%s/audit/audit.jsonl", r->dir);
    /* By the system's calls: ours count for faults. */
    AUTO(fd) f = open(path, O_RDONLY | O_CLOEXEC);
    if (f < 0 || fstat(f, &st) != 0)
        return STR("");
    const ssize_t n =
        pread(f, room, sizeof room, st.st_size > RIG_ROOM ? st.st_size - RIG_ROOM : 0);
    return (str){room, n > 0 ? (size_t)n : 0};
}

/* The n-th record (from 0) of `event` about `request` ("" for any); empty if there is none. */
static inline str
rig_record(const struct rig *r, const char *event, const char *request, size_t n)
{
    char a[64], b[128] = "";
    str rest = rig_log(r), line;
    snprintf(a, sizeof a, "\"event\":\"%s\"", event);
    if (*request)
        snprintf(b, sizeof b, "\"request\":\"%s\"", request);
    while (str_next(&rest, '\n', &line))
        if (str_find(line, str_of(a)) >= 0 && str_find(line, str_of(b)) >= 0 && n-- == 0)
            return line;
    return STR_NONE;
}

static inline bool
rig_has(str record, const char *what)
{
    return str_find(record, str_of(what)) >= 0;
}
