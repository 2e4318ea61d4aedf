/* SPDX-License-Identifier: EUPL-1.2 */
#include "os/entropy.h"

#include <stdlib.h>

#include "base/fault.h"
#include "os/clock.h"
#include "test.h"

enum { IDS = 20000, DIGITS = 26 };

TEST(random_bytes_fill_the_whole_room_and_nothing_more)
{
    for (size_t len = 0; len < 600; len += 37) {
        uint8_t room[640];
        memset(room, 0xAA, sizeof room);
        CHECK_OK(entropy_get(room, len));
        for (size_t i = len; i < sizeof room; i++)
            CHECK_INT(room[i], ==, 0xAA);
    }
}

TEST(every_bit_is_set_about_half_of_the_time)
{
    static uint8_t room[65536];
    long ones = 0;
    CHECK_OK(entropy_get(room, sizeof room));
    for (size_t i = 0; i < sizeof room; i++)
        ones += __builtin_popcount(room[i]);
    /* 524288 bits: eight standard deviations are 2896 */
    CHECK_INT(labs(ones - 262144), <, 2896);
}

TEST(a_system_without_entropy_is_an_error)
{
    uint8_t room[16] = {0};
    fault_arm(1);
    CHECK_ERR(entropy_get(room, sizeof room), IO);
    fault_arm(0);
}

TEST(a_seed_makes_the_stream_repeat_and_zero_ends_it)
{
    uint8_t a[64], b[64], c[64];
    entropy_fix(42);
    CHECK_OK(entropy_get(a, sizeof a));
    entropy_fix(42);
    CHECK_OK(entropy_get(b, sizeof b));
    entropy_fix(43);
    CHECK_OK(entropy_get(c, sizeof c));
    CHECK(memcmp(a, b, sizeof a) == 0);
    CHECK(memcmp(a, c, sizeof a) != 0);
    entropy_fix(0);
    CHECK_OK(entropy_get(b, sizeof b));
    CHECK(memcmp(a, b, sizeof a) != 0);
}

static int
compare(const void *a, const void *b)
{
    return strcmp(a, b);
}

TEST(ids_are_unique)
{
    static char ids[IDS][ID_MAX];
    for (int i = 0; i < IDS; i++)
        id_new("req_", ids[i]);
    qsort(ids, IDS, ID_MAX, compare);
    for (int i = 1; i < IDS; i++)
        CHECK(strcmp(ids[i - 1], ids[i]) != 0);
}

TEST(an_id_is_its_prefix_and_26_characters_of_crockfords_alphabet)
{
    static const char *const prefixes[] = {"", "r_", "req_", "chatcmpl-", "twelve-bytes"};
    for (size_t k = 0; k < 5; k++) {
        char room[ID_MAX];
        const str id = id_new(prefixes[k], room);
        const str digits = str_slice(id, strlen(prefixes[k]), id.len);
        CHECK(str_starts(id, str_of(prefixes[k])));
        CHECK_STR(id, str_of(room));
        CHECK_INT(digits.len, ==, DIGITS);
        CHECK_INT(strspn(digits.at, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), ==, DIGITS);
        CHECK(digits.at[0] >= '0' && digits.at[0] <= '7');
    }
}

TEST(ids_sort_by_time)
{
    char last[ID_MAX] = "", room[ID_MAX];
    int64_t ms = 1;
    for (int i = 0; i < 1000; i++) {
        ms += 1 + (int64_t)(test_random() % 1000000000);
        clock_fix(0, ms);
        id_new("r_", room);
        CHECK(strcmp(last, room) < 0);
        memcpy(last, room, sizeof last);
    }
    clock_free();
}

/* ULID's own example: 1469918176385 is 01ARYZ6S41 (ulid/spec, README). */
TEST(the_first_ten_characters_are_the_time)
{
    char room[ID_MAX];
    clock_fix(0, 1469918176385);
    CHECK_STR(str_slice(id_new("", room), 0, 10), STR("01ARYZ6S41"));
    clock_fix(0, (INT64_C(1) << 48) - 1);
    CHECK_STR(str_slice(id_new("", room), 0, 10), STR("7ZZZZZZZZZ"));
    clock_free();
}

TEST(ids_repeat_with_clock_and_seed)
{
    char a[ID_MAX], b[ID_MAX];
    clock_fix(0, 1000);
    entropy_fix(7);
    id_new("x", a);
    entropy_fix(7);
    id_new("x", b);
    entropy_fix(0);
    clock_free();
    CHECK_STR(str_of(a), str_of(b));
}
