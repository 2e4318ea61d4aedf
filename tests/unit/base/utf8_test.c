/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/utf8.h"

#include <stdlib.h>

#include "test.h"

/* An independent view of RFC 3629: a sequence is a character if and only if it is what section 3
 * writes for some scalar value.  So all of them are written down once, and their beginnings. */
static unsigned char begins[1 << 24]; /* bit n: the first n bytes (the index) begin a character */

static size_t
encode(uint32_t c, unsigned char out[4])
{
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    const size_t len = c <= 0x7F ? 1 : c <= 0x7FF ? 2 : c <= 0xFFFF ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, c >>= 6)
        out[i] = (unsigned char)(0x80 | (c & 63));
    out[0] = (unsigned char)(leads[len] | c);
    return len;
}

static size_t
index_of(const unsigned char *p, size_t n)
{
    size_t i = 0;
    for (size_t k = 0; k < n; k++)
        i = i << 8 | p[k];
    return i;
}

static bool
is_scalar(uint32_t c)
{
    return c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
}

static void
write_all_down(void)
{
    static bool written;
    unsigned char e[4];
    for (uint32_t c = 0; c <= 0x10FFFF && !written; c++)
        if (is_scalar(c))
            for (size_t len = encode(c, e), n = 1; n < len; n++)
                begins[index_of(e, n)] |= (unsigned char)(1u << n);
    written = true;
}

/* A proper beginning of some character, of n bytes (1 to 3)? */
static bool
is_begun(const unsigned char *p, size_t n)
{
    return begins[index_of(p, n)] >> n & 1;
}

/* Length of the character that stands at `p`, 0 if none does: decoded blindly, written again. */
static size_t
character_at(const unsigned char *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++) {
        unsigned char again[4];
        uint32_t c = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
        for (size_t i = 1; i < n; i++)
            c = c << 6 | (p[i] & 63u);
        if (is_scalar(c) && encode(c, again) == n && memcmp(again, p, n) == 0)
            return n;
    }
    return 0;
}

static size_t
naive_valid_len(const unsigned char *p, size_t len)
{
    size_t i = 0, n;
    while (i < len && (n = character_at(p + i, len - i)) > 0)
        i += n;
    return i;
}

static size_t
naive_whole_len(const unsigned char *p, size_t len)
{
    for (size_t n = 1; n <= 3 && n <= len; n++)
        if (is_begun(p + len - n, n))
            return len - n;
    return len;
}

static bool
agrees(const unsigned char *p, size_t len)
{
    const str s = {(const char *)p, len};
    return utf8_valid_len(s) == naive_valid_len(p, len) &&
           utf8_whole_len(s) == naive_whole_len(p, len) &&
           utf8_valid(s) == (naive_valid_len(p, len) == len);
}

static const unsigned char classes[] = {0x00, 'A',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF,
                                        0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
                                        0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xF8, 0xFF};
enum { CLASSES = sizeof classes };

TEST(all_sequences_of_up_to_three_bytes_agree_with_an_independent_decoder)
{
    int wrong = 0;
    write_all_down();
    for (unsigned i = 0; i < 0x10000; i++) {
        unsigned char p[3] = {(unsigned char)(i >> 8), (unsigned char)i, 0};
        wrong += !agrees(p + 1, 1) + !agrees(p, 2);
        for (int c = 0; c < CLASSES; c++) {
            p[2] = classes[c];
            wrong += !agrees(p, 3);
        }
    }
    CHECK_INT(wrong, ==, 0);
}

TEST(all_sequences_of_four_bytes_of_every_class_agree_as_well)
{
    int wrong = 0;
    write_all_down();
    for (unsigned i = 0; i < CLASSES * CLASSES * CLASSES * CLASSES; i++) {
        const unsigned char p[4] = {classes[i % CLASSES], classes[i / CLASSES % CLASSES],
                                    classes[i / CLASSES / CLASSES % CLASSES],
                                    classes[i / CLASSES / CLASSES / CLASSES]};
        wrong += !agrees(p, 4);
    }
    CHECK_INT(wrong, ==, 0);
}

TEST(every_scalar_value_is_written_and_read_back)
{
    int wrong = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        unsigned char want[4];
        char room[4];
        uint32_t back = 0;
        if (!is_scalar(c))
            continue;
        const size_t n = utf8_put(c, room);
        str rest = {room, n};
        wrong += n != encode(c, want) || memcmp(room, want, n) != 0 || !utf8_next(&rest, &back) ||
                 back != c || rest.len != 0;
    }
    CHECK_INT(wrong, ==, 0);
}

TEST(what_is_no_character_is_written_as_the_replacement)
{
    static const uint32_t bad[] = {0xD800, 0xDBFF, 0xDC00, 0xDFFF, 0x110000, UINT32_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char room[4];
        CHECK_INT(utf8_put(bad[i], room), ==, 3);
        CHECK_STR(((str){room, 3}), STR("\xEF\xBF\xBD"));
    }
}

TEST(taking_characters_off_stops_where_validity_ends)
{
    for (int round = 0; round < 20000; round++) {
        unsigned char p[12];
        const size_t len = test_random() % sizeof p;
        for (size_t i = 0; i < len; i++)
            p[i] = classes[test_random() % CLASSES];
        str rest = {(const char *)p, len};
        uint32_t c = 0;
        while (utf8_next(&rest, &c))
            CHECK(is_scalar(c));
        CHECK_INT(len - rest.len, ==, naive_valid_len(p, len));
    }
}

TEST(a_bad_byte_is_found_wherever_it_stands_in_plain_text)
{
    unsigned char text[64];
    for (size_t len = 1; len <= sizeof text; len++)
        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', sizeof text);
            text[at] = 0xFF;
            CHECK_INT(utf8_valid_len((str){(const char *)text, len}), ==, at);
            text[at] = 0xC3;
            CHECK_INT(utf8_valid_len((str){(const char *)text, len}), ==, at);
        }
}

TEST(nothing_is_valid_and_has_no_next)
{
    str none = STR_NONE;
    uint32_t c = 7;
    CHECK(utf8_valid(none));
    CHECK_INT(utf8_whole_len(none), ==, 0);
    CHECK(!utf8_next(&none, &c));
    CHECK_INT(c, ==, 7);
}

TEST(a_stream_cut_anywhere_is_put_together_again)
{
    const str text = STR("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z");
    for (size_t cut = 0; cut <= text.len; cut++) {
        const size_t whole = utf8_whole_len(str_slice(text, 0, cut));
        CHECK(whole <= cut && cut - whole <= 3);
        CHECK(utf8_valid(str_slice(text, 0, whole)));
        CHECK(utf8_valid(str_slice(text, whole, text.len)));
    }
}
