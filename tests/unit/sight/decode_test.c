/* SPDX-License-Identifier: EUPL-1.2 */
#include "sight/decode.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h> /* wants stdio.h before it */
#include <png.h>

#include "base/fault.h"
#include "sight/pixels.h"
#include "test.h"

enum { ROOM = 8 * 1024 * 1024 };

static uint8_t rgb[3 * 2000 * 2000], file[ROOM];

static void
paint(uint32_t width, uint32_t height)
{
    for (size_t i = 0; i < (size_t)width * height; i++) {
        rgb[3 * i] = (uint8_t)(i % width);
        rgb[3 * i + 1] = (uint8_t)(i / width);
        rgb[3 * i + 2] = 200;
    }
}

static str
png(uint32_t width, uint32_t height, const void *from, uint32_t format)
{
    png_image image = {
        .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = format};
    size_t len = sizeof file;
    if (!png_image_write_to_memory(&image, file, &len, 0, from, 0, NULL))
        len = 0;
    return (str){(const char *)file, len};
}

static str
jpeg(uint32_t width, uint32_t height)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr errors;
    unsigned char *out = file;
    unsigned long len = sizeof file;
    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &len);
    c.image_width = width;
    c.image_height = height;
    c.input_components = 3;
    c.in_color_space = JCS_RGB;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 95, TRUE);
    jpeg_start_compress(&c, TRUE);
    while (c.next_scanline < height) {
        JSAMPROW row = rgb + (size_t)c.next_scanline * width * 3;
        (void)jpeg_write_scanlines(&c, &row, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    return (str){(const char *)file, len};
}

static err
decode(str bytes, struct pixels *ret, buf *b)
{
    buf_clear(b);
    TRY(decode_image(bytes, b));
    return pixels_check(buf_str(b), ret);
}

static bool
is_near(const buf *b, size_t pixel, int red, int green)
{
    const uint8_t *at = (const uint8_t *)b->at + sizeof(struct pixels) + 3 * pixel;
    return abs(at[0] - red) < 12 && abs(at[1] - green) < 12 && abs(at[2] - 200) < 12;
}

TEST(an_image_of_each_form_comes_back_as_its_pixels)
{
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    struct pixels p;
    paint(50, 30);
    NEED_OK(decode(png(50, 30, rgb, PNG_FORMAT_RGB), &p, &b));
    CHECK(p.width == 50 && p.height == 30 && is_near(&b, 7 * 50 + 20, 20, 7));
    NEED_OK(decode(jpeg(50, 30), &p, &b));
    CHECK(p.width == 50 && p.height == 30 && is_near(&b, 7 * 50 + 20, 20, 7));
}

TEST(what_shows_through_is_white_and_grey_is_grey)
{
    static const uint8_t clear[4] = {10, 20, 30, 0}, grey[1] = {77};
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    struct pixels p;
    NEED_OK(decode(png(1, 1, clear, PNG_FORMAT_RGBA), &p, &b));
    CHECK(memcmp(b.at + sizeof p, "\xff\xff\xff", 3) == 0);
    NEED_OK(decode(png(1, 1, grey, PNG_FORMAT_GRAY), &p, &b));
    CHECK(memcmp(b.at + sizeof p, "MMM", 3) == 0);
}

TEST(a_large_one_comes_back_smaller_by_a_whole_factor)
{
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    struct pixels p;
    memset(rgb, 90, sizeof rgb);
    NEED_OK(decode(jpeg(1999, 2000), &p, &b));
    CHECK(p.width == 1000 && p.height == 1000);
    const uint8_t *last = (const uint8_t *)b.at + b.len - 3;
    CHECK(last[0] == 90 && last[1] == 90 && last[2] == 90);
}

TEST(every_cut_of_an_image_is_refused)
{
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    AUTO(buf) whole = BUF(ROOM);
    struct pixels p;
    paint(20, 20);
    buf_add(&whole, png(20, 20, rgb, PNG_FORMAT_RGB));
    for (size_t n = 0; n + 16 < whole.len; n++) /* without the closing mark it is whole */
        CHECK_ERR(decode(str_slice(buf_str(&whole), 0, n), &p, &b), PARSE);
    buf_clear(&whole);
    buf_add(&whole, jpeg(20, 20));
    for (size_t n = 0; n + 3 < whole.len; n++)
        CHECK_ERR(decode(str_slice(buf_str(&whole), 0, n), &p, &b), PARSE);
}

TEST(an_image_with_any_byte_changed_is_refused_or_still_an_image)
{
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    AUTO(buf) whole = BUF(ROOM);
    struct pixels p;
    paint(9, 9);
    for (int kind = 0; kind < 2; kind++) {
        buf_clear(&whole);
        buf_add(&whole, kind ? jpeg(9, 9) : png(9, 9, rgb, PNG_FORMAT_RGB));
        for (size_t i = 0; i < whole.len; i++) {
            whole.at[i] = (char)(whole.at[i] ^ 0x15);
            const err e = decode(buf_str(&whole), &p, &b);
            CHECK(!e.code || e.code == ERR_PARSE || e.code == ERR_LIMIT);
            whole.at[i] = (char)(whole.at[i] ^ 0x15);
        }
    }
}

TEST(one_that_says_it_is_huge_is_refused_before_room_is_made)
{
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    struct pixels p;
    paint(8, 8);
    const str bytes = jpeg(8, 8);
    for (size_t i = 0; i + 9 < bytes.len; i++)
        if (file[i] == 0xff && file[i + 1] == 0xc0) { /* a JPEG's height and width */
            static const uint8_t large[] = {0x75, 0x30, 0x75, 0x30};
            memcpy(file + i + 5, large, sizeof large);
        }
    CHECK_ERR(decode(bytes, &p, &b), PARSE);
    CHECK(strstr(err_text(), "30000 x 30000"));
}

TEST(what_is_no_image_is_said_to_be_none)
{
    static const char *const none[] = {"", "GIF89a", "\x89PNG", "\xff\xd8", "<svg/>", "BM"};
    AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
    struct pixels p;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        CHECK_ERR(decode(str_of(none[i]), &p, &b), PARSE);
}

TEST(without_memory_it_says_so)
{
    struct pixels p;
    paint(8, 8);
    const str bytes = png(8, 8, rgb, PNG_FORMAT_RGB);
    for (long i = 1;; i++) {
        AUTO(buf) b = BUF(PIXELS_BYTES_MAX);
        fault_arm(i);
        const err e = decode(bytes, &p, &b);
        const bool fired = fault_fired();
        fault_arm(0);
        if (!fired)
            break;
        CHECK_ERR(e, LIMIT);
    }
}
