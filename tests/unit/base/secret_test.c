/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/secret.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fault.h"
#include "test.h"
#include "unit/base/panics.h"

TEST(a_secret_starts_as_zeros_of_its_length)
{
    for (size_t len = 1; len < 300; len += 7) {
        AUTO(secret) s = {0};
        NEED_OK(secret_get(&s, len));
        CHECK_INT(s.len, ==, len);
        for (size_t i = 0; i < len; i++)
            CHECK_INT(s.at[i], ==, 0);
        memset(s.at, 0xAA, len);
    }
}

/* The flags the kernel keeps for the mapping that holds `at`, "" if they cannot be read. */
static void
read_flags(const void *at, char room[256])
{
    char line[256];
    bool inside = false;
    FILE *f = fopen("/proc/self/smaps", "re");
    room[0] = '\0';
    while (f && fgets(line, sizeof line, f)) {
        char *end;
        const uintptr_t from = strtoull(line, &end, 16);
        if (*end == '-')
            inside = from <= (uintptr_t)at && (uintptr_t)at < strtoull(end + 1, NULL, 16);
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            str_copy(str_of(line), room, 256);
    }
    if (f)
        fclose(f);
}

TEST(a_secret_is_left_out_of_core_dumps)
{
    AUTO(secret) s = {0};
    char flags[256];
    NEED_OK(secret_get(&s, 32));
    read_flags(s.at, flags);
    if (!flags[0])
        SKIP("the kernel shows no VmFlags");
    CHECK(strstr(flags, " dd") != NULL);
}

/* Sanitizers take mlock for themselves, and RLIMIT_MEMLOCK may be 0. */
static bool
locking_works(void)
{
    static _Alignas(4096) char page[4096];
    char flags[256];
    if (mlock(page, sizeof page) != 0)
        return false;
    read_flags(page, flags);
    munlock(page, sizeof page);
    return strstr(flags, " lo") != NULL;
}

TEST(a_secret_is_locked_where_that_is_permitted)
{
    AUTO(secret) s = {0};
    char flags[256];
    NEED_OK(secret_get(&s, 32));
    if (!locking_works())
        SKIP("no memory can be locked here");
    read_flags(s.at, flags);
    CHECK(strstr(flags, " lo") != NULL);
}

static void
get_without_locking(void)
{
    secret s = {0};
    if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){0, 0}) != 0 || secret_get(&s, 32).code)
        abort();
}

TEST(a_refused_lock_is_no_failure)
{
    CHECK_INT(status_of(get_without_locking), ==, 0);
}

static void
write_past_the_end(void)
{
    AUTO(secret) s = {0};
    IGNORE(secret_get(&s, 32));
    *(volatile uint8_t *)(s.at + 32) = 1;
}

static void
use_after_the_end(void)
{
    secret s = {0};
    IGNORE(secret_get(&s, 32));
    const volatile uint8_t *at = s.at;
    secret_done(&s);
    (void)*at;
}

TEST(a_step_past_a_secret_or_behind_its_end_is_stopped)
{
    CHECK(status_of(write_past_the_end) != 0);
    CHECK(status_of(use_after_the_end) != 0);
}

TEST(a_secret_done_is_nothing_and_may_be_done_again)
{
    secret s = {0};
    NEED_OK(secret_get(&s, 8));
    secret_done(&s);
    CHECK(s.at == NULL && s.len == 0);
    secret_done(&s);
}

static void
get_no_bytes(void)
{
    secret s = {0};
    IGNORE(secret_get(&s, 0));
}

TEST(a_secret_of_no_bytes_is_a_programmers_error)
{
    CHECK(panics(get_no_bytes));
}

TEST(without_memory_there_is_no_secret)
{
    secret s = {0};
    fault_arm(1);
    CHECK_ERR(secret_get(&s, 32), LIMIT);
    fault_arm(0);
    CHECK_ERR(secret_get(&s, SIZE_MAX), LIMIT);
    CHECK(s.at == NULL);
}

TEST(wiping_leaves_zeros_and_touches_no_neighbour)
{
    char text[16] = "aasecretsecretbb";
    wipe(text + 2, 12);
    CHECK(memcmp(text, "aa\0\0\0\0\0\0\0\0\0\0\0\0bb", 16) == 0);
    wipe(text, 0);
    wipe(NULL, 0);
    CHECK(text[0] == 'a');
}
