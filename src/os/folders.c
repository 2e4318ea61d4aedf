/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/folders.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/sys.h"

enum { QUIET_TIMES_MAX = 20, EVENT_ROOM = 64 * 1024 };

fallible
folders_open(fd *ret)
{
    const int f = SYS(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (f < 0)
        return file_errno("watch", "folders");
    *ret = f;
    return OK;
}

fallible
folders_add(int f, const char *dir)
{
    const uint32_t what = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                          IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    if (SYS(inotify_add_watch(f, dir, what)) >= 0)
        return OK;
    if (errno == ENOSPC)
        REFUSE(LIMIT, "",
               "more folders than the system watches: raise fs.inotify.max_user_watches");
    return file_errno("watch", dir);
}

/* Takes off all that waits. */
static fallible
drain(int f)
{
    char room[EVENT_ROOM];
    ssize_t n;
    do
        n = SYS(read(f, room, sizeof room));
    while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 && errno == EAGAIN ? OK : file_errno("watch", "folders");
}

static fallible
wait_once(int f, int wait_ms, bool *ret)
{
    struct pollfd p = {.fd = f, .events = POLLIN};
    const int n = SYS(poll(&p, 1, wait_ms));
    *ret = n > 0;
    if (n < 0 && errno != EINTR)
        return file_errno("watch", "folders");
    return n > 0 ? drain(f) : OK;
}

fallible
folders_wait(int f, int wait_ms, int quiet_ms, bool *ret)
{
    bool more = false;
    ASSERT(f >= 0 && quiet_ms >= 0);
    TRY(wait_once(f, wait_ms, ret));
    const uint64_t began_ms = clock_ms(), most_ms = (uint64_t)quiet_ms * QUIET_TIMES_MAX;
    for (more = *ret; more && clock_ms() - began_ms < most_ms;)
        TRY(wait_once(f, quiet_ms, &more));
    return OK;
}
