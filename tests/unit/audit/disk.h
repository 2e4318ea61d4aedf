/* SPDX-License-Identifier: EUPL-1.2 */
/* disk.h - a disk that can be full, broken or stuck, for the tests of audit/.
 *
 * These definitions stand in for the C library's in the test program: write(2) to regular files
 * and fdatasync(2) do what `disk` says.  Include it in one file of a program. */
#pragma once
#include <dlfcn.h>
#include <errno.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    _Atomic long room;      /* bytes until ENOSPC; -1: plenty */
    _Atomic int sync_errno; /* 0: works */
    atomic_bool is_stuck;   /* each sync then takes a `key` */
    _Atomic long syncs, stuck;
    sem_t key;
} disk = {.room = -1};

static inline bool
is_regular(int f)
{
    struct stat st;
    return fstat(f, &st) == 0 && S_ISREG(st.st_mode);
}

/* Through the dynamic linker, so that a sanitizer sees the call. */
static inline ssize_t
real_write(int f, const void *at, size_t len)
{
    static ssize_t (*_Atomic found)(int, const void *, size_t);
    if (!found)
        found = (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
    return found(f, at, len);
}

ssize_t
write(int f, const void *at, size_t len)
{
    const long room = atomic_load(&disk.room);
    if (room < 0 || !is_regular(f))
        return real_write(f, at, len);
    if (room == 0 && len) {
        errno = ENOSPC;
        return -1;
    }
    const ssize_t n = real_write(f, at, len < (size_t)room ? len : (size_t)room);
    atomic_fetch_sub(&disk.room, n > 0 ? n : 0);
    return n;
}

int
fdatasync(int f)
{
    atomic_fetch_add(&disk.syncs, 1);
    if (atomic_load(&disk.is_stuck)) {
        atomic_fetch_add(&disk.stuck, 1);
        while (sem_wait(&disk.key) != 0)
            ;
        atomic_fetch_sub(&disk.stuck, 1);
    }
    errno = atomic_load(&disk.sync_errno);
    return errno ? -1 : fsync(f);
}

/* From now on each sync waits for disk_release. */
static inline void
disk_hold(void)
{
    sem_init(&disk.key, 0, 0);
    atomic_store(&disk.is_stuck, true);
}

static inline void
disk_release(void)
{
    atomic_store(&disk.is_stuck, false);
    sem_post(&disk.key);
}
