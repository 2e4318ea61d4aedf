/* SPDX-License-Identifier: EUPL-1.2 */
#include "net/aws/crc32.h"

#include "test.h"

/* Bit by bit, from the definition. */
static uint32_t
slow_crc32(str s)
{
    uint32_t c = UINT32_MAX;
    for (size_t i = 0; i < s.len; i++) {
        c ^= (uint8_t)s.at[i];
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0xedb88320 : c >> 1;
    }
    return ~c;
}

TEST(the_check_value_of_the_standard_is_met)
{
    CHECK_INT(crc32(0, STR("123456789")), ==, 0xcbf43926);
    CHECK_INT(crc32(0, STR("")), ==, 0);
}

TEST(every_byte_is_computed_as_the_definition_says)
{
    for (int i = 0; i < 256; i++) {
        const char one[] = {(char)i, 'x', (char)~i};
        const str s = {one, sizeof one};
        CHECK_INT(crc32(0, s), ==, slow_crc32(s));
    }
}

TEST(in_pieces_it_is_the_same)
{
    char bytes[257];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)test_random();
    const str all = {bytes, sizeof bytes};
    for (size_t cut = 0; cut <= all.len; cut++)
        CHECK_INT(crc32(crc32(0, str_slice(all, 0, cut)), str_slice(all, cut, all.len)), ==,
                  slow_crc32(all));
}

TEST(a_flipped_bit_is_seen)
{
    char bytes[64] = "messages come with their checksum";
    const str all = {bytes, sizeof bytes};
    const uint32_t good = crc32(0, all);
    for (size_t bit = 0; bit < 8 * sizeof bytes; bit++) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        CHECK_INT(crc32(0, all), !=, good);
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
}
