/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/llama/eyes.h"

#include <stdio.h>

#include "rig.h"

enum { SIDE = 32, PLACES = 16 /* the tiny projector makes so many of any image */ };

static uint8_t red[SIDE * SIDE * 3], blue[SIDE * SIDE * 3];

static void
paint(void)
{
    for (size_t i = 0; i < SIDE * SIDE; i++) {
        red[3 * i] = 250;
        blue[3 * i + 2] = 250;
        red[3 * i + 1] = blue[3 * i + 1] = (uint8_t)i;
    }
}

static fallible
load_seeing(struct loaded *ret)
{
    struct llama_options o = rig_options(-1, false);
    AUTO(fd) f = rig_open_projector("64");
    o.projector_fd = f;
    paint();
    return rig_load(&rig_chat_model, o, ret);
}

struct shown {
    struct tokens tokens, scratch;
    struct views *views;
    arena *a;
};

/* A prompt in which "#" is an image. */
static err
show(struct loaded *m, const char *text, const uint8_t *const *rgb, size_t count, struct shown *ret)
{
    struct submit_image images[4];
    char room[256];
    size_t n = 0;
    for (; *text && n + 4 < sizeof room; text++)
        if (*text == '#') {
            memcpy(room + n, CONV_IMAGE_MARK, 3);
            n += 3;
        } else
            room[n++] = *text;
    for (size_t i = 0; i < count; i++)
        images[i] = (struct submit_image){SIDE, SIDE, {(const char *)rgb[i], sizeof red}};
    struct shim_part parts[] = {{n / 2, false}, {n - n / 2, true}};
    const struct shim_prompt p = {room, n, parts, 2};
    memset(ret, 0, sizeof *ret);
    CHECK_OK(arena_open(64 * 1024 * 1024, &ret->a));
    CHECK_OK(tokens_init(&ret->tokens, 512));
    CHECK_OK(tokens_init(&ret->scratch, 512));
    const struct look l = {.a = ret->a,
                           .v = &m->vocabulary,
                           .images = images,
                           .image_count = count,
                           .scratch = &ret->scratch};
    return eyes_add_prompt(m->eyes, &l, &p, &ret->tokens, &ret->views);
}

static void
hide(struct shown *s)
{
    tokens_done(&s->tokens);
    tokens_done(&s->scratch);
    arena_free(s->a);
}

TEST(an_image_is_a_view_between_the_tokens)
{
    const uint8_t *const two[] = {red, blue};
    struct loaded m;
    struct shown s;
    NEED_OK(load_seeing(&m));
    NEED_OK(show(&m, "ab#c#d", two, 2, &s));
    NEED(s.views->count == 2);
    CHECK_INT(s.tokens.count, ==, 1 + 2 + PLACES + 1 + PLACES + 1);
    CHECK(s.views->at[0].first == 3 && s.views->at[0].count == PLACES);
    CHECK(s.tokens.at[3] == -1 && s.tokens.at[3 + PLACES] >= 0 && s.tokens.at[4 + PLACES] == -2);
    CHECK(views_find(s.views, 3) == &s.views->at[0] && !views_find(s.views, 4));
    CHECK_INT(views_text(s.views, 0, 40), ==, 3);
    CHECK_INT(views_text(s.views, 3, 40), ==, 0);
    CHECK_INT(views_text(NULL, 3, 40), ==, 37);
    hide(&s);
    load_done(&m);
}

TEST(a_prompt_that_shows_other_images_than_were_given_is_refused)
{
    const uint8_t *const two[] = {red, blue};
    static const struct {
        const char *text;
        size_t count;
    } rows[] = {{"ab", 1}, {"a#b", 0}, {"a#b", 2}, {"a#b#c", 1}, {"ab#", 1}};
    struct loaded m;
    NEED_OK(load_seeing(&m));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct shown s;
        CHECK_ERR(show(&m, rows[i].text, two, rows[i].count, &s), ARGUMENT);
        hide(&s);
    }
    load_done(&m);
}

/* The likeliest token behind the image. */
static llama_token
look_at(struct loaded *m, const uint8_t *rgb, float *ret_sum)
{
    struct shown s;
    const uint8_t *const one[] = {rgb};
    llama_token best = 0;
    CHECK_OK(show(m, "#?", one, 1, &s));
    llama_memory_clear(m->memory, true);
    CHECK_INT(llama_decode(m->ctx, llama_batch_get_one(s.tokens.at, 1)), ==, 0);
    CHECK_INT(eyes_decode(m->eyes, m->ctx, views_find(s.views, 1), 0), ==, 0);
    CHECK_INT(llama_memory_seq_pos_max(m->memory, 0), ==, PLACES);
    CHECK_INT(llama_decode(m->ctx, llama_batch_get_one(&s.tokens.at[1 + PLACES], 1)), ==, 0);
    const float *logits = llama_get_logits_ith(m->ctx, -1);
    *ret_sum = 0;
    for (llama_token i = 0; i < (llama_token)m->vocabulary.count; i++) {
        *ret_sum += logits[i] * (float)(i % 7 + 1);
        best = logits[i] > logits[best] ? i : best;
    }
    hide(&s);
    return best;
}

TEST(the_same_image_is_seen_the_same_and_another_otherwise)
{
    struct loaded m;
    float first, second, other;
    NEED_OK(load_seeing(&m));
    CHECK_INT(look_at(&m, red, &first), ==, look_at(&m, red, &second));
    (void)look_at(&m, blue, &other);
    CHECK(first == second);
    CHECK(first != other);
    load_done(&m);
}

TEST(a_projector_that_fits_another_model_or_is_none_is_refused)
{
    struct llama_options o = rig_options(-1, false);
    struct loaded m;
    AUTO(fd) wide = rig_open_projector("128");
    AUTO(fd) chat = rig_open(&rig_chat_model);
    AUTO(fd) nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int files[] = {wide, chat, nothing};
    for (size_t i = 0; i < 3; i++) {
        o.projector_fd = files[i];
        CHECK_ERR(rig_load(&rig_chat_model, o, &m), UNSUPPORTED);
    }
}

TEST(no_file_is_opened_by_the_name_that_is_lent)
{
    struct loaded m;
    NEED_OK(load_seeing(&m));
    CHECK(!fopen(EYES_FILE, "rb"));
    load_done(&m);
}
