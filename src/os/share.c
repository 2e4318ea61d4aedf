/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/share.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "os/sys.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3 */
#endif

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

/* Systems may insist on memory that cannot be run; kernels before 6.3 do not know the flag. */
static int
make(const char *name)
{
    const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
    const int f = SYS(memfd_create(name, flags | MFD_NOEXEC_SEAL));
    return f < 0 && errno == EINVAL ? SYS(memfd_create(name, flags)) : f;
}

fallible
share_room(const char *name, fd *ret)
{
    const int f = make(name);
    if (f < 0)
        return file_errno("make shared memory", name);
    *ret = f;
    return OK;
}

fallible
share_seal(int f)
{
    if (SYS(fcntl(f, F_ADD_SEALS, SEALS)) != 0)
        return file_errno("seal", "shared memory");
    return OK;
}

fallible
share_make(const char *name, str bytes, fd *ret)
{
    AUTO(fd) f = -1;
    TRY(share_room(name, &f));
    TRY(file_write_all(f, bytes));
    TRY(share_seal(f));
    *ret = fd_take(&f);
    return OK;
}

fallible
share_map(int f, size_t len_max, str *ret)
{
    const int need = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    const int seals = SYS(fcntl(f, F_GET_SEALS));
    if (seals < 0 || (seals & need) != need)
        FAIL(ARGUMENT, "shared memory is not sealed");
    uint64_t len = 0;
    TRY(file_size(f, &len));
    if (len > len_max)
        FAIL(ARGUMENT, "shared memory holds %ju bytes, more than %zu", (uintmax_t)len, len_max);
    if (len == 0) {
        *ret = STR("");
        return OK;
    }
    /* Private: kernels before 6.7 refuse a shared mapping of what is sealed against writing. */
    const void *at = SYS(mmap(NULL, len, PROT_READ, MAP_PRIVATE, f, 0));
    if (at == MAP_FAILED)
        return file_errno("map", "shared memory");
    *ret = (str){at, len};
    return OK;
}

void
share_unmap(str s)
{
    if (s.len)
        munmap((void *)(uintptr_t)s.at, s.len);
}
