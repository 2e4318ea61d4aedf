/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os/file.h"
#include "os/sys.h"

enum { RULE_PATH_BENEATH = 1, CREATE_VERSION = 1 };

#define BIT(n) (UINT64_C(1) << (n))
enum { FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR, FS_IOCTL_DEV = 15 };
#define FS_READ (BIT(FS_READ_FILE) | BIT(FS_READ_DIR))
/* Bits 4 to 12: remove_dir, remove_file, make_char, make_dir, make_reg, make_sock, make_fifo,
 * make_block, make_sym; 13 refer (ABI 2), 14 truncate (ABI 3). */
#define FS_CHANGE (BIT(FS_WRITE_FILE) | (BIT(15) - BIT(4)))
#define FS_DEVICES (BIT(6) | BIT(11))
/* What a rule for a file, not a directory, may name. */
#define FS_OF_FILE                                                                                 \
    (BIT(FS_EXECUTE) | BIT(FS_WRITE_FILE) | BIT(FS_READ_FILE) | BIT(14) | BIT(FS_IOCTL_DEV))
#define NET_BIND_TCP BIT(0)
#define NET_BIND_AND_CONNECT_TCP (BIT(0) | BIT(1))
#define SCOPE_ABSTRACT_AND_SIGNAL (BIT(0) | BIT(1))

struct ruleset {
    uint64_t fs, net, scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

int
landlock_abi(void)
{
    const long n = SYS(syscall(SYS_landlock_create_ruleset, NULL, 0, CREATE_VERSION));
    return n > 0 ? (int)n : 0;
}

/* Rights on files that a kernel of this ABI knows. */
static uint64_t
known_rights(int abi)
{
    static const uint64_t known[] = {[1] = BIT(13) - 1,
                                     [2] = BIT(14) - 1,
                                     [3] = BIT(15) - 1,
                                     [4] = BIT(15) - 1,
                                     [5] = BIT(16) - 1};
    return known[abi < 5 ? abi : 5];
}

static size_t
ruleset_len(int abi)
{
    return abi < 4 ? 8 : abi < 6 ? 16 : 24;
}

static fallible
allow(int rules, const char *path, uint64_t rights)
{
    if (!rights) /* reading is not confined */
        return OK;
    AUTO(fd) f = -1;
    TRY(file_open(path, O_PATH, 0, &f));
    struct stat st;
    if (SYS(fstat(f, &st)) != 0)
        return file_errno("stat", path);
    const struct path_beneath rule = {
        .allowed = S_ISDIR(st.st_mode) ? rights : rights & FS_OF_FILE,
        .parent = f,
    };
    if (SYS(syscall(SYS_landlock_add_rule, rules, RULE_PATH_BENEATH, &rule, 0)) != 0)
        return file_errno("confine to", path);
    return OK;
}

static fallible
allow_all(int rules, const char *const *paths, uint64_t rights)
{
    for (; paths && *paths; paths++)
        TRY(allow(rules, *paths, rights));
    return OK;
}

fallible
landlock_enter(int abi, const struct landlock_spec *spec)
{
    ASSERT(abi > 0);
    const uint64_t change = FS_CHANGE & known_rights(abi);
    const struct ruleset all = {
        .fs = spec->writes_only ? change : known_rights(abi),
        .net = !spec->alone        ? 0
               : spec->may_connect ? NET_BIND_TCP
                                   : NET_BIND_AND_CONNECT_TCP,
        .scoped = spec->alone ? SCOPE_ABSTRACT_AND_SIGNAL : 0,
    };
    AUTO(fd) rules = (int)SYS(syscall(SYS_landlock_create_ruleset, &all, ruleset_len(abi), 0));
    if (rules < 0)
        return file_errno("make", "Landlock rules");
    TRY(allow_all(rules, spec->writable, ((change & ~FS_DEVICES) | FS_READ) & all.fs));
    TRY(allow_all(rules, spec->readable, FS_READ & all.fs));
    TRY(allow_all(rules, spec->runnable, (FS_READ | BIT(FS_EXECUTE)) & all.fs));
    if (SYS(syscall(SYS_landlock_restrict_self, rules, 0)) != 0)
        return file_errno("enter", "Landlock rules");
    return OK;
}
