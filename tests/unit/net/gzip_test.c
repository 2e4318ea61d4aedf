/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/gzip.h"

#include <zlib.h>

#include "base/fault.h"
#include "test.h"

/* ---- what a client takes */
TEST(gzip_is_taken_where_it_is_named_with_any_weight)
{
    static const char *const yes[] = {"gzip",
                                      "GZIP",
                                      "deflate, gzip",
                                      " gzip ;q=0.5",
                                      "br;q=1, gzip;q=0.001",
                                      "*",
                                      "identity, *;q=0.1",
                                      "gzip; Q=1"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!gzip_is_accepted(str_of(yes[i])))
            test_fail(__FILE__, __LINE__, "%s", yes[i]);
}

TEST(and_nowhere_else)
{
    static const char *const no[] = {"",        "identity", "gzip;q=0", "gzip;q=0.000, *",
                                     "*;q=0",   "xgzip",    "gzip2",    "deflate, br;q=1",
                                     "gzip;q=", "gzip;q=x", ",,;",      "gzip;q=-1"};
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (gzip_is_accepted(str_of(no[i])))
            test_fail(__FILE__, __LINE__, "%s", no[i]);
    CHECK(!gzip_is_accepted(STR_NONE));
}

/* ---- what is packed */
static bool
worth(int status, const char *type, size_t len)
{
    const struct http_field f = {STR("content-type"), str_of(type)};
    static char bytes[GZIP_BYTES_MAX + 1];
    return gzip_is_worth(status, &f, 1, (str){bytes, len});
}

TEST(large_text_is_packed_and_nothing_else)
{
    CHECK(worth(200, "application/json", GZIP_BYTES_MIN));
    CHECK(worth(200, "text/plain; charset=utf-8", GZIP_BYTES_MAX));
    CHECK(!worth(200, "application/json", GZIP_BYTES_MIN - 1));
    CHECK(!worth(200, "application/json", GZIP_BYTES_MAX + 1));
    CHECK(!worth(206, "application/json", GZIP_BYTES_MIN));
    CHECK(!worth(400, "application/json", GZIP_BYTES_MIN));
    CHECK(!worth(200, "application/octet-stream", GZIP_BYTES_MIN));
    CHECK(!worth(200, "text/event-stream", GZIP_BYTES_MIN));
    const struct http_field packed[] = {{STR("content-type"), STR("application/json")},
                                        {STR("content-encoding"), STR("br")}};
    static char bytes[GZIP_BYTES_MIN];
    CHECK(!gzip_is_worth(200, packed, 2, (str){bytes, sizeof bytes}));
    CHECK(!gzip_is_worth(200, NULL, 0, (str){bytes, sizeof bytes}));
}

static size_t
unpack(str packed, char *room, size_t len)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.at,
                  .avail_in = (uInt)packed.len,
                  .next_out = (Bytef *)room,
                  .avail_out = (uInt)len};
    CHECK_INT(inflateInit2(&z, 15 + 16), ==, Z_OK);
    CHECK_INT(inflate(&z, Z_FINISH), ==, Z_STREAM_END);
    CHECK_INT(inflateEnd(&z), ==, Z_OK);
    return z.total_out;
}

TEST(what_is_packed_is_unpacked_to_the_same_bytes)
{
    static char bytes[GZIP_BYTES_MAX], back[GZIP_BYTES_MAX];
    static const size_t lens[] = {0, 1, 17, GZIP_BYTES_MIN, 77777, GZIP_BYTES_MAX};
    uint64_t x = 88172645463325252;
    AUTO(arena) *a = NULL;
    NEED_OK(arena_open(16 * 1024 * 1024, &a));
    for (int mode = 0; mode < 2; mode++) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            x ^= x << 13, x ^= x >> 7, x ^= x << 17;
            bytes[i] = mode ? (char)x : (char)('a' + x % 4);
        }
        for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
            str packed = STR_NONE;
            NEED_OK(gzip_pack(a, (str){bytes, lens[i]}, &packed));
            CHECK_INT(unpack(packed, back, sizeof back), ==, lens[i]);
            CHECK(memcmp(bytes, back, lens[i]) == 0);
            if (!mode && lens[i] > GZIP_BYTES_MIN)
                CHECK_INT(packed.len, <, lens[i] / 2);
            arena_reset(a);
        }
    }
}

TEST(without_memory_it_is_told_and_nothing_is_left)
{
    static char bytes[GZIP_BYTES_MIN];
    AUTO(arena) *a = NULL;
    str packed = STR("as it was");
    NEED_OK(arena_open(8 * 1024, &a));
    CHECK_ERR(gzip_pack(a, (str){bytes, sizeof bytes}, &packed), LIMIT);
    CHECK_STR(packed, STR("as it was"));
}
