/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/landlock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fault.h"
#include "os/file.h"
#include "test.h"

/* Set up by each test: a directory to write, one to read, one to stay out of. */
static char mine[4200], theirs[4200], other[4200], name[8500];

static const char *
in(const char *dir, const char *file)
{
    snprintf(name, sizeof name, "%s/%s", dir, file);
    return name;
}

static bool
prepare(void)
{
    snprintf(mine, sizeof mine, "%s/mine", test_dir());
    snprintf(theirs, sizeof theirs, "%s/theirs", test_dir());
    snprintf(other, sizeof other, "%s/other", test_dir());
    return !file_make_dir(in(mine, "below"), 0700).code && !file_make_dir(theirs, 0700).code &&
           !file_make_dir(other, 0700).code &&
           !file_write_atomic(in(theirs, "f"), STR("x"), 0600).code &&
           !file_write_atomic(in(other, "f"), STR("x"), 0600).code;
}

/* What open(2) says: 0 or errno. */
static int
tries(const char *path, int flags)
{
    const int f = open(path, flags | O_CLOEXEC, 0600);
    const int number = f < 0 ? errno : 0;
    if (f >= 0)
        close(f);
    return number;
}

static bool
enter(int abi, bool writes_only, bool alone)
{
    const char *const writable[] = {mine, NULL}, *const readable[] = {theirs, NULL};
    const struct landlock_spec s = {writable, readable, writes_only, alone, false, NULL};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && !landlock_enter(abi, &s).code;
}

/* In a child, for there is no way back.  The number says which check failed; 0: none. */
static int
in_child(int (*fn)(int abi), int abi)
{
    int status = -1;
    const pid_t pid = fork();
    if (pid == 0)
        _exit(fn(abi));
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + status;
}

#define WANT(number, x)                                                                            \
    do {                                                                                           \
        if (!(x))                                                                                  \
            return number;                                                                         \
    } while (0)

static int
confined(int abi)
{
    char from[8500];
    WANT(1, enter(abi, false, false));
    WANT(2, tries(in(mine, "new"), O_RDWR | O_CREAT | O_TRUNC) == 0);
    WANT(3, tries(in(theirs, "f"), O_RDONLY) == 0);
    WANT(4, tries(in(theirs, "f"), O_WRONLY) == EACCES);
    WANT(5, tries(in(theirs, "new"), O_WRONLY | O_CREAT) == EACCES);
    WANT(6, tries(in(other, "f"), O_RDONLY) == EACCES);
    WANT(7, tries("/etc/passwd", O_RDONLY) == EACCES);
    WANT(8, unlink(in(other, "f")) == -1 && errno == EACCES);
    WANT(9, mkdir(in(mine, "dir"), 0700) == 0 && rmdir(in(mine, "dir")) == 0);
    WANT(10, mknod(in(mine, "null"), S_IFCHR | 0600, 0x103) == -1);
    snprintf(from, sizeof from, "%s/new", mine);
    /* Between directories: from ABI 2 on. */
    WANT(11, (rename(from, in(mine, "below/new")) == 0) == (abi >= 2));
    WANT(12, access("/bin/true", F_OK) != 0 || execl("/bin/true", "true", NULL) == -1);
    return 0;
}

TEST(files_outside_of_the_lists_cannot_be_reached_whatever_the_abi)
{
    const int abi = landlock_abi();
    if (!abi)
        SKIP("this kernel has no Landlock");
    for (int i = 1; i <= abi; i++) {
        NEED(prepare());
        CHECK_INT(in_child(confined, i), ==, 0);
    }
}

static int
truncated(int abi)
{
    WANT(1, enter(abi, false, false));
    WANT(2, (truncate(in(other, "f"), 0) == -1 && errno == EACCES) == (abi >= 3));
    return 0;
}

TEST(truncation_is_confined_where_the_abi_has_it)
{
    const int abi = landlock_abi();
    if (!abi)
        SKIP("this kernel has no Landlock");
    for (int i = 1; i <= abi; i++) {
        NEED(prepare());
        CHECK_INT(in_child(truncated, i), ==, 0);
    }
}

static int
reads_all(int abi)
{
    WANT(1, enter(abi, true, false));
    WANT(2, tries(in(mine, "new"), O_RDWR | O_CREAT) == 0);
    WANT(3, tries(in(other, "f"), O_RDONLY) == 0);
    WANT(4, tries(in(other, "f"), O_RDWR) == EACCES);
    WANT(5, tries(in(theirs, "new"), O_WRONLY | O_CREAT) == EACCES);
    WANT(6, (truncate(in(other, "f"), 0) == 0) == (abi < 3));
    execl("/bin/true", "true", NULL);
    return 7;
}

TEST(with_writes_only_reading_and_running_stay_as_they_are)
{
    const int abi = landlock_abi();
    if (!abi)
        SKIP("this kernel has no Landlock");
    NEED(prepare());
    for (int i = 1; i <= abi; i++)
        CHECK_INT(in_child(reads_all, i), ==, 0);
}

static int
alone(int abi)
{
    const struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    WANT(1, enter(abi, false, true));
    const int f = socket(AF_INET, SOCK_STREAM, 0);
    WANT(2, f >= 0);
    WANT(3, (connect(f, (const struct sockaddr *)&to, sizeof to) == -1 && errno == EACCES) ==
                (abi >= 4));
    WANT(4, (bind(f, (const struct sockaddr *)&to, sizeof to) == -1 && errno == EACCES) ==
                (abi >= 4 || geteuid() != 0));
    WANT(5, (kill(getppid(), 0) == -1 && errno == EPERM) == (abi >= 6));
    return 0;
}

TEST(a_process_that_is_alone_reaches_neither_tcp_nor_other_processes)
{
    const int abi = landlock_abi();
    if (!abi)
        SKIP("this kernel has no Landlock");
    NEED(prepare());
    for (int i = 1; i <= abi; i++)
        CHECK_INT(in_child(alone, i), ==, 0);
}

static int
one_file(int abi)
{
    char file[8500];
    snprintf(file, sizeof file, "%s/f", other);
    const char *const writable[] = {file, NULL};
    const struct landlock_spec s = {.writable = writable};
    WANT(1, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && !landlock_enter(abi, &s).code);
    WANT(2, tries(file, O_RDWR) == 0);
    WANT(3, tries(in(theirs, "f"), O_RDONLY) == EACCES);
    return 0;
}

TEST(a_list_may_name_a_single_file)
{
    const int abi = landlock_abi();
    if (!abi)
        SKIP("this kernel has no Landlock");
    NEED(prepare());
    CHECK_INT(in_child(one_file, abi), ==, 0);
}

TEST(a_path_that_is_not_there_is_not_found)
{
    const int abi = landlock_abi();
    const char *const paths[] = {"/there/is/no/such/path", NULL};
    const struct landlock_spec s = {.readable = paths};
    if (!abi)
        SKIP("this kernel has no Landlock");
    CHECK_ERR(landlock_enter(abi, &s), NOT_FOUND);
}

static int
faulty(int n)
{
    fault_arm(n);
    const bool entered = enter(landlock_abi(), false, false);
    const bool fired = fault_fired();
    fault_arm(0);
    /* A failure before the last step leaves the process free. */
    WANT(1, entered != fired);
    WANT(2, entered == (tries("/etc/passwd", O_RDONLY) == EACCES));
    return fired ? 100 : 0;
}

TEST(every_failure_is_reported)
{
    if (!landlock_abi())
        SKIP("this kernel has no Landlock");
    NEED(prepare());
    int got = 100;
    for (int n = 2; got == 100; n++) /* the first call is landlock_abi's own */
        got = in_child(faulty, n);
    CHECK_INT(got, ==, 0);
}

TEST(a_kernel_that_refuses_to_tell_its_abi_has_none)
{
    fault_arm(1);
    CHECK_INT(landlock_abi(), ==, 0);
    fault_arm(0);
}
