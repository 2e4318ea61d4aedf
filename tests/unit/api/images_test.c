/* SPDX-License-Identifier: EUPL-1.2 */
#include "api/images.h"

#include "test.h"

#define PNG "iVBORw0KGgo=" /* the first eight bytes of a PNG */
#define JPEG "/9j/4A=="    /* and four of a JPEG */

static arena *memory;
static struct images im;
static jval root, value;

/* {"u":TEXT} in a fresh arena; the value of u. */
static const jval *
text(const char *s)
{
    AUTO(buf) b = BUF(1 << 20);
    arena_free(TAKE(memory));
    CHECK_OK(arena_open(256u << 20, &memory));
    im = (struct images){.a = memory};
    json_open(&b, '{');
    json_member_str(&b, "u", str_of(s));
    json_close(&b, '}');
    CHECK_OK(json_read(memory, arena_str(memory, buf_str(&b)), &root));
    value = json_get(&root, "u");
    return &value;
}

TEST(an_image_is_taken_out_of_its_wrapping)
{
    CHECK_OK(images_add_url(&im, text("data:image/png;base64," PNG), 3));
    NEED(im.of.count == 1 && im.total == 1);
    CHECK(im.of.at[0].form == CONV_PNG && im.of.at[0].at == 3);
    CHECK_INT(content_len(im.of.at[0].bytes), ==, 8);
    CHECK_STR(im.of.at[0].place, STR("u"));
    CHECK_OK(images_add_url(&im, text("data:image/jpeg;base64," JPEG), 0));
    CHECK(im.of.at[0].form == CONV_JPEG);
    CHECK_OK(images_add_base64(&im, text(PNG), STR("png"), 0));
    CHECK_OK(images_add_base64(&im, text(JPEG), STR("image/jpg"), 0));
    CHECK_OK(images_add_base64(&im, text(JPEG), STR_NONE, 0));
}

TEST(an_address_is_refused_and_not_fetched)
{
    static const char *const far[] = {"https://example.org/a.png", "http://10.0.0.1/", "file:///x",
                                      "", "gs://x/y"};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++)
        CHECK_ERR(images_add_url(&im, text(far[i]), 0), UNSUPPORTED);
    CHECK_STR(str_of(err_param()), STR("u"));
}

TEST(what_is_no_image_is_refused_by_its_place)
{
    static const char *const bad[] = {
        "data:image/png;base64,",          "data:image/png;base64,%%%%",
        "data:image/png;base64,AAAA",      "data:image/png," PNG,
        "data:image/jpeg;base64," PNG,     "data:image/png;base64," JPEG,
        "data:image/png;base64,iVBORw0K=", "data:"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR(images_add_url(&im, text(bad[i]), 0), ARGUMENT);
        CHECK_STR(str_of(err_param()), STR("u"));
        CHECK(im.of.count == 0);
    }
    CHECK_ERR(images_add_url(&im, text("data:image/gif;base64," PNG), 0), UNSUPPORTED);
    CHECK_ERR(images_add_url(&im, text("data:;base64," PNG), 0), UNSUPPORTED);
    CHECK_ERR(images_add_base64(&im, text(PNG), STR("webp"), 0), UNSUPPORTED);
}

TEST(there_is_a_bound_on_how_many_of_all_messages)
{
    struct conv_message m = {.role = CONV_USER};
    const jval *v = text("data:image/png;base64," PNG);
    for (int i = 0; i < CONV_IMAGES_MAX; i++) {
        CHECK_OK(images_add_url(&im, v, 0));
        if (i == 3)
            images_take(&im, &m);
    }
    CHECK(m.images.count == 4 && im.of.count == CONV_IMAGES_MAX - 4);
    CHECK_ERR(images_add_url(&im, v, 0), ARGUMENT);
}

TEST(one_of_too_many_bytes_is_refused_before_it_is_decoded)
{
    AUTO(buf) b = BUF(64u << 20);
    buf_add(&b, STR("{\"u\":\""));
    for (size_t i = 0; i < CONV_IMAGE_BYTES_MAX / 3 + 16; i++)
        buf_add(&b, STR("AAAA"));
    buf_add(&b, STR("\"}"));
    NEED_OK(buf_end(&b));
    (void)text("");
    NEED_OK(json_read(memory, buf_str(&b), &root));
    value = json_get(&root, "u");
    CHECK_ERR(images_add_base64(&im, &value, STR("png"), 0), ARGUMENT);
    CHECK(strstr(err_text(), "more than 16 MiB"));
}

TEST(what_comes_before_the_text_moves_its_images)
{
    CHECK_OK(images_add_url(&im, text("data:image/png;base64," PNG), 5));
    images_shift(&im, 7);
    CHECK_INT(im.of.at[0].at, ==, 12);
}

TEST(sounds_are_refused)
{
    CHECK_ERR(images_refuse_audio(text("x")), UNSUPPORTED);
    CHECK(strstr(err_text(), "audio"));
}
