/* SPDX-License-Identifier: EUPL-1.2 */
#include "base/enc.h"

#include "test.h"

enum { BYTES_MAX = 600 };

/* RFC 4648, section 10. */
static const struct {
    str plain, base64, hex;
} vectors[] = {{STR_INIT(""), STR_INIT(""), STR_INIT("")},
               {STR_INIT("f"), STR_INIT("Zg=="), STR_INIT("66")},
               {STR_INIT("fo"), STR_INIT("Zm8="), STR_INIT("666f")},
               {STR_INIT("foo"), STR_INIT("Zm9v"), STR_INIT("666f6f")},
               {STR_INIT("foob"), STR_INIT("Zm9vYg=="), STR_INIT("666f6f62")},
               {STR_INIT("fooba"), STR_INIT("Zm9vYmE="), STR_INIT("666f6f6261")},
               {STR_INIT("foobar"), STR_INIT("Zm9vYmFy"), STR_INIT("666f6f626172")}};
enum { VECTORS = sizeof vectors / sizeof *vectors };

TEST(the_vectors_of_the_rfc_are_written_and_read)
{
    for (size_t i = 0; i < VECTORS; i++) {
        AUTO(buf) text = BUF(64);
        AUTO(buf) back = BUF(64);
        AUTO(buf) hex = BUF(64);
        char bytes[8] = "";
        base64_put(&text, vectors[i].plain.at, vectors[i].plain.len);
        CHECK_STR(buf_str(&text), vectors[i].base64);
        CHECK_OK(base64_read(vectors[i].base64, &back));
        CHECK_STR(buf_str(&back), vectors[i].plain);
        hex_put(&hex, vectors[i].plain.at, vectors[i].plain.len);
        CHECK_STR(buf_str(&hex), vectors[i].hex);
        CHECK_OK(hex_read(vectors[i].hex, bytes, vectors[i].plain.len));
        CHECK_STR(((str){bytes, vectors[i].plain.len}), vectors[i].plain);
    }
}

TEST(random_bytes_of_every_length_come_back)
{
    for (size_t len = 0; len < BYTES_MAX; len++) {
        unsigned char bytes[BYTES_MAX], again[BYTES_MAX];
        AUTO(buf) base64 = BUF(4096);
        AUTO(buf) back = BUF(4096);
        AUTO(buf) hex = BUF(4096);
        for (size_t i = 0; i < len; i++)
            bytes[i] = (unsigned char)test_random();
        base64_put(&base64, bytes, len);
        CHECK_INT(base64.len, ==, (len + 2) / 3 * 4);
        CHECK_OK(base64_read(buf_str(&base64), &back));
        CHECK_STR(buf_str(&back), ((str){(const char *)bytes, len}));
        hex_put(&hex, bytes, len);
        CHECK_OK(hex_read(buf_str(&hex), again, len));
        CHECK(memcmp(again, bytes, len) == 0);
    }
}

static int
sextet(char c)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *p = c ? strchr(alphabet, c) : NULL;
    return p ? (int)(p - alphabet) : -1;
}

/* One group of four by the letter of the RFC; the length, or -1. */
static int
naive_group(const char g[4], unsigned char out[3])
{
    const int pad = g[3] != '=' ? 0 : g[2] != '=' ? 1 : 2;
    uint32_t bits = 0;
    for (int i = 0; i < 4; i++) {
        const int s = i < 4 - pad ? sextet(g[i]) : 0;
        if (s < 0)
            return -1;
        bits = bits << 6 | (uint32_t)s;
    }
    for (int i = 0; i < 3; i++)
        out[i] = (unsigned char)(bits >> (16 - 8 * i));
    const bool canonical = bits << (24 - 8 * pad) << 8 == 0 || pad == 0;
    return canonical ? 3 - pad : -1;
}

TEST(every_group_of_four_is_read_as_a_naive_decoder_reads_it)
{
    static const char classes[] = "AQgwZz09+/=-_ \n\r\t.\x80";
    const size_t kinds = sizeof classes;
    for (size_t i = 0; i < kinds * kinds * kinds * kinds; i++) {
        const char g[4] = {classes[i % kinds], classes[i / kinds % kinds],
                           classes[i / kinds / kinds % kinds], classes[i / kinds / kinds / kinds]};
        unsigned char want[3];
        AUTO(buf) b = BUF(3);
        const int len = naive_group(g, want);
        CHECK_INT(base64_read((str){g, 4}, &b).code, ==, len < 0 ? ERR_PARSE : ERR_OK);
        CHECK_STR(buf_str(&b), ((str){(const char *)want, len < 0 ? 0 : (size_t)len}));
    }
}

TEST(base64_of_a_bad_shape_is_refused_and_adds_nothing)
{
    static const char *const bad[] = {"Z",           "Zg",       "Zg=",       "Zg===",
                                      "====",        "=",        "Z===",      "Zm9vZg",
                                      "Zg==Zg==",    "Zm8=Zm9v", "Zm9v\n",    "Zm9vYg==\n",
                                      " Zm9vYg=",    "Zm9 vYg=", "Zm9v\nYg=", "Zm9-",
                                      "Zm9_",        "Zh==",     "Zm9=",      "Zm9vYh==",
                                      "Zm9vYmF=",    "Z=9v",     "=m9v",      "Zm=v",
                                      "Zm9vYg==Zm9v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        AUTO(buf) b = BUF(64);
        buf_add(&b, STR("before"));
        CHECK_ERR(base64_read(str_of(bad[i]), &b), PARSE);
        CHECK_STR(buf_str(&b), STR("before"));
        CHECK_OK(buf_end(&b));
    }
    AUTO(buf) b = BUF(64);
    CHECK_ERR(base64_read(STR("Zm9\0"), &b), PARSE);
}

TEST(one_wrong_character_anywhere_spoils_the_text)
{
    AUTO(buf) text = BUF(4096);
    base64_put(&text, vectors, 100);
    for (size_t i = 0; i < text.len; i++) {
        AUTO(buf) b = BUF(4096);
        const char was = text.at[i];
        text.at[i] = '*';
        CHECK_ERR(base64_read(buf_str(&text), &b), PARSE);
        text.at[i] = was;
    }
}

/* libsodium 1.0.18 read 0x80 and its like as '/'. */
TEST(every_byte_outside_the_alphabet_is_refused_at_every_place)
{
    for (int c = 0; c < 256; c++)
        for (size_t at = 0; at < 3; at++) {
            char g[4] = {'A', 'A', 'A', 'A'};
            AUTO(buf) b = BUF(3);
            g[at] = (char)c;
            CHECK_INT(base64_read((str){g, 4}, &b).code, ==,
                      sextet((char)c) < 0 ? ERR_PARSE : ERR_OK);
        }
}

TEST(base64_fits_a_buf_of_exactly_its_length)
{
    AUTO(buf) exact = BUF(8);
    AUTO(buf) short_of_one = BUF(7);
    AUTO(buf) back = BUF(4);
    AUTO(buf) back_short = BUF(3);
    base64_put(&exact, "foob", 4);
    CHECK_OK(buf_end(&exact));
    base64_put(&short_of_one, "foob", 4);
    CHECK_ERR(buf_end(&short_of_one), LIMIT);
    CHECK_OK(base64_read(STR("Zm9vYg=="), &back));
    CHECK_ERR(base64_read(STR("Zm9vYg=="), &back_short), LIMIT);
    CHECK_ERR(base64_read(STR(""), &back_short), LIMIT);
    CHECK_INT(back_short.len, ==, 0);
}

TEST(hexadecimal_is_written_lower_and_read_in_both_cases)
{
    AUTO(buf) b = BUF(64);
    uint8_t bytes[4] = {0};
    hex_put(&b, "\x00\xAB\xCD\xFF", 4);
    CHECK_STR(buf_str(&b), STR("00abcdff"));
    CHECK_OK(hex_read(STR("00AbcDFf"), bytes, 4));
    CHECK(memcmp(bytes, "\x00\xAB\xCD\xFF", 4) == 0);
}

TEST(hexadecimal_of_a_bad_shape_is_refused_and_touches_nothing)
{
    static const char *const bad[] = {"",         "0",      "00",     "0011",   "00112",  "0011223",
                                      "00112233", "0x0011", "00 112", "00112g", "00112G", "-00112",
                                      "00112\n",  "00112/", "00112:", "00112@", "00112`"};
    uint8_t bytes[3] = {7, 7, 7};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_ERR(hex_read(str_of(bad[i]), bytes, 3), PARSE);
    CHECK_ERR(hex_read(STR("00112\0"), bytes, 3), PARSE);
    CHECK(memcmp(bytes, "\7\7\7", 3) == 0);
}

TEST(every_byte_that_is_no_digit_is_refused)
{
    for (int c = 0; c < 256; c++) {
        uint8_t byte = 7;
        const char text[2] = {'0', (char)c};
        const bool digit = c && strchr("0123456789abcdefABCDEF", c) != NULL;
        CHECK_INT(hex_read((str){text, 2}, &byte, 1).code, ==, digit ? ERR_OK : ERR_PARSE);
    }
}

TEST(hexadecimal_that_does_not_fit_is_lost_as_a_whole)
{
    AUTO(buf) b = BUF(7);
    hex_put(&b, "four", 4);
    CHECK_INT(b.len, ==, 0);
    CHECK_ERR(buf_end(&b), LIMIT);
}
