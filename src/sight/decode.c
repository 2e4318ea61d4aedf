/* SPDX-License-Identifier: EUPL-1.2 */
#include "sight/decode.h"

#include <setjmp.h>
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h> /* wants stdio.h before it */
#include <png.h>

#include "base/fault.h"
#include "sight/pixels.h"

/* ---- sizes */
struct raster {
    uint32_t width, height;
    uint8_t *rgb;
};

static fallible
check_size(uint64_t width, uint64_t height)
{
    if (!width || !height)
        REFUSE(PARSE, "", "has no pixels");
    if (width > PIXELS_SIDE_MAX || height > PIXELS_SIDE_MAX || width * height > PIXELS_IN_MAX)
        REFUSE(PARSE, "", "has %ju x %ju pixels, which is more than %d million", (uintmax_t)width,
               (uintmax_t)height, PIXELS_IN_MAX / (1024 * 1024));
    return OK;
}

static fallible
make_room(struct raster *r)
{
    TRY(check_size(r->width, r->height));
    r->rgb = mem_get((size_t)r->width * r->height * 3);
    if (!r->rgb)
        FAIL(LIMIT, "no memory for %u x %u pixels", r->width, r->height);
    return OK;
}

/* ---- PNG */
static fallible
read_png(str bytes, struct raster *ret)
{
    const png_color white = {255, 255, 255};
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, bytes.at, bytes.len))
        REFUSE(PARSE, "", "is no PNG that can be read: its head is damaged");
    image.format = PNG_FORMAT_RGB;
    *ret = (struct raster){.width = image.width, .height = image.height};
    const err e = make_room(ret);
    if (e.code) {
        png_image_free(&image);
        return e;
    }
    if (!png_image_finish_read(&image, &white, ret->rgb, 0, NULL))
        REFUSE(PARSE, "", "is no PNG that can be read: it is damaged or cut off");
    return OK;
}

/* ---- JPEG: the library leaves by longjmp */
enum { JPEG_MEMORY_MAX = 512 * 1024 * 1024 };

struct jpeg {
    struct jpeg_decompress_struct d;
    struct jpeg_error_mgr errors;
    jmp_buf out;
};

static void
on_jpeg_error(j_common_ptr d)
{
    struct jpeg *const j = d->client_data;
    longjmp(j->out, 1);
}

/* What is missing is not made up. */
static void
on_jpeg_message(j_common_ptr d, int level)
{
    const int code = d->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER))
        on_jpeg_error(d);
}

static void
read_rows(struct jpeg *j, const struct raster *r)
{
    while (j->d.output_scanline < j->d.output_height) {
        JSAMPROW row = r->rgb + (size_t)j->d.output_scanline * r->width * 3;
        (void)jpeg_read_scanlines(&j->d, &row, 1);
    }
    (void)jpeg_finish_decompress(&j->d);
}

static bool
start_jpeg(struct jpeg *j, str bytes)
{
    if (setjmp(j->out))
        return false;
    jpeg_create_decompress(&j->d);
    j->d.mem->max_memory_to_use = JPEG_MEMORY_MAX;
    jpeg_mem_src(&j->d, (const unsigned char *)bytes.at, bytes.len);
    (void)jpeg_read_header(&j->d, TRUE);
    j->d.out_color_space = JCS_RGB;
    return true;
}

static bool
run_jpeg(struct jpeg *j, const struct raster *r)
{
    if (setjmp(j->out))
        return false;
    (void)jpeg_start_decompress(&j->d);
    if (j->d.output_width != r->width || j->d.output_components != 3)
        return false;
    read_rows(j, r);
    return true;
}

static fallible
decode_jpeg(struct jpeg *j, str bytes, struct raster *ret)
{
    if (!start_jpeg(j, bytes))
        REFUSE(PARSE, "", "is no JPEG that can be read: its head is damaged");
    *ret = (struct raster){.width = j->d.image_width, .height = j->d.image_height};
    TRY(make_room(ret));
    if (!run_jpeg(j, ret))
        REFUSE(PARSE, "", "is no JPEG that can be read: it is damaged, cut off or not in RGB");
    return OK;
}

static fallible
read_jpeg(str bytes, struct raster *ret)
{
    struct jpeg *const j = mem_get(sizeof *j);
    if (!j)
        FAIL(LIMIT, "no memory for a decoder");
    memset(j, 0, sizeof *j);
    j->d.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = on_jpeg_error;
    j->errors.emit_message = on_jpeg_message;
    j->d.client_data = j;
    const err e = decode_jpeg(j, bytes, ret);
    jpeg_destroy_decompress(&j->d);
    mem_free(j);
    return e;
}

/* ---- smaller */
static uint64_t
parts_of(uint32_t length, uint32_t factor)
{
    return (length + (uint64_t)factor - 1) / factor;
}

static uint32_t
factor_of(const struct raster *r)
{
    uint32_t f = 1;
    while (parts_of(r->width, f) * parts_of(r->height, f) > PIXELS_OUT_MAX)
        f++;
    return f;
}

/* The mean of a square, which is smaller at the right and lower edge. */
static void
mean_of(const struct raster *r, uint32_t x, uint32_t y, uint32_t f, uint8_t ret[3])
{
    const uint32_t to_x = x + f < r->width ? x + f : r->width;
    const uint32_t to_y = y + f < r->height ? y + f : r->height;
    uint32_t sum[3] = {0}, n = (to_x - x) * (to_y - y);
    for (uint32_t v = y; v < to_y; v++)
        for (uint32_t u = x; u < to_x; u++)
            for (size_t c = 0; c < 3; c++)
                sum[c] += r->rgb[((size_t)v * r->width + u) * 3 + c];
    for (size_t c = 0; c < 3; c++)
        ret[c] = (uint8_t)((sum[c] + n / 2) / n);
}

static fallible
put_raster(const struct raster *r, buf *ret)
{
    const uint32_t f = factor_of(r);
    const struct pixels head = {.magic = PIXELS_MAGIC,
                                .width = (uint32_t)parts_of(r->width, f),
                                .height = (uint32_t)parts_of(r->height, f)};
    buf_add(ret, (str){(const char *)&head, sizeof head});
    uint8_t *const room = (uint8_t *)buf_add_room(ret, (size_t)head.width * head.height * 3);
    TRY(buf_end(ret));
    for (uint32_t y = 0; y < head.height; y++)
        for (uint32_t x = 0; x < head.width; x++)
            mean_of(r, x * f, y * f, f, room + ((size_t)y * head.width + x) * 3);
    return OK;
}

fallible
decode_image(str bytes, buf *ret)
{
    struct raster r = {.rgb = NULL};
    const bool is_png = str_starts(bytes, STR("\x89PNG\r\n\x1a\n"));
    if (!is_png && !str_starts(bytes, STR("\xff\xd8\xff")))
        REFUSE(PARSE, "", "is no image: its first bytes are neither PNG's nor JPEG's");
    err e = is_png ? read_png(bytes, &r) : read_jpeg(bytes, &r);
    if (!e.code)
        e = put_raster(&r, ret);
    mem_free(r.rgb);
    return e;
}
