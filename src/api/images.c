/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/images.h"

#include "base/enc.h"

enum { MEDIA_BYTES_MAX = 64 };

static const struct {
    str media, word, magic;
} forms[] = {
    [CONV_PNG] = {STR_INIT("image/png"), STR_INIT("png"), STR_INIT("\x89PNG\r\n\x1a\n")},
    [CONV_JPEG] = {STR_INIT("image/jpeg"), STR_INIT("jpeg"), STR_INIT("\xff\xd8\xff")},
};

_Static_assert(sizeof forms / sizeof *forms == CONV_IMAGE_FORMS, "a row for each form");

/* What it says of itself; false: nothing that is known here. */
static bool
form_of(str bytes, enum conv_image_form *ret)
{
    for (size_t i = 0; i < CONV_IMAGE_FORMS; i++)
        if (str_starts(bytes, forms[i].magic)) {
            *ret = (enum conv_image_form)i;
            return true;
        }
    return false;
}

static bool
names_form(str media, enum conv_image_form f)
{
    return str_eq(media, forms[f].media) || str_eq(media, forms[f].word) ||
           (f == CONV_JPEG && (str_eq(media, STR("image/jpg")) || str_eq(media, STR("jpg"))));
}

static fallible
check_media(const jval *v, str media)
{
    for (size_t i = 0; i < CONV_IMAGE_FORMS; i++)
        if (names_form(media, (enum conv_image_form)i))
            return OK;
    REFUSE_AT(UNSUPPORTED, v, "is of a format that is not taken: send PNG or JPEG");
}

static fallible
decode(struct images *im, const jval *v, str text, str *ret)
{
    AUTO(buf) bytes = BUF(CONV_IMAGE_BYTES_MAX);
    if (text.len / 4 * 3 > CONV_IMAGE_BYTES_MAX + 3)
        REFUSE_AT(ARGUMENT, v, "holds an image of more than %d MiB",
                  CONV_IMAGE_BYTES_MAX / (1024 * 1024));
    const err e = base64_read(text, &bytes);
    if (e.code == ERR_PARSE)
        REFUSE_AT(ARGUMENT, v, "must be base64, without line breaks and with its padding");
    TRY(e);
    TRY(buf_end(&bytes));
    return try_arena_str(im->a, buf_str(&bytes), ret);
}

static fallible
check_bytes(const jval *v, str media, str bytes, enum conv_image_form *ret)
{
    enum conv_image_form f = CONV_PNG;
    if (!bytes.len)
        REFUSE_AT(ARGUMENT, v, "holds no image: it is empty");
    if (!form_of(bytes, &f))
        REFUSE_AT(ARGUMENT, v, "is no image: its first bytes are neither PNG's nor JPEG's");
    if (media.len && !names_form(media, f))
        REFUSE_AT(ARGUMENT, v, "is %s, but the request says otherwise", conv_image_type(f));
    *ret = f;
    return OK;
}

static fallible
add(struct images *im, const jval *v, str media, str text, size_t at)
{
    char room[READ_PATH_ROOM];
    struct conv_image image = {.at = at};
    str bytes;
    if (im->total == CONV_IMAGES_MAX)
        REFUSE_AT(ARGUMENT, v, "is one of more than %d images", CONV_IMAGES_MAX);
    if (media.len)
        TRY(check_media(v, media));
    TRY(decode(im, v, text, &bytes));
    TRY(check_bytes(v, media, bytes, &image.form));
    TRY(try_arena_str(im->a, str_of(im->place ? im->place : json_path(v, room, sizeof room)),
                      &image.place));
    image.bytes = content_of(bytes, LABEL_BOTTOM);
    im->total++;
    return VEC_ADD(im->a, &im->of, &image);
}

fallible
images_add_base64(struct images *im, const jval *v, str media, size_t at)
{
    str text;
    TRY(json_str(v, SIZE_MAX, &text));
    return add(im, v, media, text, at);
}

/* data:image/png;base64,… */
fallible
images_add_url(struct images *im, const jval *v, size_t at)
{
    str url, head;
    TRY(json_str(v, SIZE_MAX, &url));
    if (!str_starts(url, STR("data:")))
        REFUSE_AT(UNSUPPORTED, v,
                  "is an address, and nothing here fetches one: send the image itself as a data: "
                  "URL");
    str rest = str_slice(url, 5, url.len);
    const ptrdiff_t comma = str_find_char(str_slice(rest, 0, MEDIA_BYTES_MAX), ',');
    if (comma < 0)
        REFUSE_AT(ARGUMENT, v, "must be data:image/png;base64,… or data:image/jpeg;base64,…");
    head = str_slice(rest, 0, (size_t)comma);
    if (!str_ends(head, STR(";base64")))
        REFUSE_AT(ARGUMENT, v, "must be data:image/png;base64,… or data:image/jpeg;base64,…");
    const str media = str_slice(head, 0, head.len - 7);
    return add(im, v, media.len ? media : STR("?"), str_slice(rest, (size_t)comma + 1, rest.len),
               at);
}

void
images_shift(struct images *im, size_t bytes)
{
    for (size_t i = 0; i < im->of.count; i++)
        im->of.at[i].at += bytes;
}

void
images_take(struct images *im, struct conv_message *m)
{
    m->images = im->of;
    im->of = (conv_images){0};
}

fallible
images_refuse_audio(const jval *v)
{
    REFUSE_AT(UNSUPPORTED, v,
              "is sound, and no model here can hear (capability \"audio\"): send text");
}
