/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/share.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fault.h"
#include "test.h"

enum { ALL_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

TEST(shared_bytes_are_read_back)
{
    static char bytes[200000];
    static const size_t sizes[] = {1, 4096, 4097, sizeof bytes};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)test_random();
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        AUTO(fd) f = -1;
        str s = STR_NONE;
        NEED_OK(share_make("test", (str){bytes, sizes[i]}, &f));
        NEED_OK(share_map(f, sizes[i], &s));
        CHECK_STR(s, ((str){bytes, sizes[i]}));
        share_unmap(s);
    }
}

TEST(nothing_can_be_shared)
{
    AUTO(fd) f = -1;
    str s = STR("untouched");
    NEED_OK(share_make("test", STR(""), &f));
    CHECK_OK(share_map(f, 0, &s));
    CHECK_INT(s.len, ==, 0);
    share_unmap(s);
    share_unmap(STR_NONE);
}

TEST(what_is_shared_can_be_neither_written_nor_cut_nor_grown_nor_unsealed)
{
    AUTO(fd) f = -1;
    NEED_OK(share_make("test", STR("content"), &f));
    CHECK_INT(write(f, "x", 1), ==, -1);
    CHECK_INT(pwrite(f, "x", 1, 0), ==, -1);
    CHECK_INT(ftruncate(f, 3), ==, -1);
    CHECK_INT(ftruncate(f, 30), ==, -1);
    CHECK_INT(fcntl(f, F_ADD_SEALS, F_SEAL_WRITE), ==, -1);
    CHECK(mmap(NULL, 7, PROT_READ | PROT_WRITE, MAP_SHARED, f, 0) == MAP_FAILED);
    CHECK_INT(fcntl(f, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
}

TEST(memory_without_one_of_the_seals_is_refused)
{
    static const int seals[] = {0, ALL_SEALS & ~F_SEAL_SHRINK, ALL_SEALS & ~F_SEAL_GROW,
                                ALL_SEALS & ~F_SEAL_WRITE};
    for (size_t i = 0; i < 4; i++) {
        str s = STR("untouched");
        AUTO(fd) f = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);
        CHECK_INT(write(f, "content", 7), ==, 7);
        CHECK_INT(fcntl(f, F_ADD_SEALS, seals[i]), ==, 0);
        CHECK_ERR(share_map(f, 100, &s), ARGUMENT);
        CHECK_STR(s, STR("untouched"));
    }
}

TEST(what_is_no_shared_memory_is_refused)
{
    str s;
    AUTO(fd) f = -1;
    NEED_OK(file_open("/dev/null", O_RDWR, 0, &f));
    CHECK_ERR(share_map(f, 100, &s), ARGUMENT);
    CHECK_ERR(share_map(-1, 100, &s), ARGUMENT);
}

TEST(memory_larger_than_agreed_is_refused)
{
    str s;
    AUTO(fd) f = -1;
    NEED_OK(share_make("test", STR("content"), &f));
    CHECK_ERR(share_map(f, 6, &s), ARGUMENT);
    CHECK_OK(share_map(f, 7, &s));
    share_unmap(s);
}

static fallible
make_and_map(void)
{
    AUTO(fd) f = -1;
    str s;
    TRY(share_make("test", STR("content"), &f));
    TRY(share_map(f, 100, &s));
    share_unmap(s);
    return OK;
}

TEST(every_failure_is_reported)
{
    bool fired = true;
    for (long n = 1; fired; n++) {
        fault_arm(n);
        const err e = make_and_map();
        fired = fault_fired();
        fault_arm(0);
        CHECK_INT(e.code != 0, ==, fired);
    }
}

TEST(a_room_is_written_then_sealed_then_mapped)
{
    AUTO(fd) f = -1;
    str s = STR_NONE;
    NEED_OK(share_room("room", &f));
    CHECK_ERR(share_map(f, 10, &s), ARGUMENT);
    NEED_OK(file_write_all(f, STR("ja")));
    NEED_OK(share_seal(f));
    CHECK(file_write_all(f, STR("nein")).code != 0);
    NEED_OK(share_map(f, 10, &s));
    CHECK_STR(s, STR("ja"));
    share_unmap(s);
    CHECK(share_seal(-1).code != 0);
}
