/* SPDX-License-Identifier: EUPL-1.2 */
#include "engine/submit.h"

#include <math.h>

#include "base/utf8.h"
#include "engine/gbnf.h"

/* ---- writing */

static fallible
put_content(content c, const grant *g, buf *tail)
{
    str text;
    TRY(content_open(c, g, &text));
    buf_add(tail, text);
    return OK;
}

static fallible
put_prompt(enum engine_kind kind, const struct conv *c, const grant *g, buf *tail)
{
    if (kind == ENGINE_CHAT || (kind == ENGINE_TOKENIZE && c->messages.count))
        return conv_put_messages(c, g, tail);
    if (kind != ENGINE_EMBED)
        return put_content(c->prompt, g, tail);
    for (size_t i = 0; i < c->inputs.count; i++) {
        str text;
        TRY(content_open(c->inputs.at[i], g, &text));
        section_put(tail, text);
    }
    return OK;
}

static fallible
put_images(const struct conv *c, const grant *g, buf *tail)
{
    const struct conv_image *image;
    for (size_t i = 0; (image = conv_image_at(c, i)); i++) {
        const struct engine_image head = {image->width, image->height};
        ASSERT(image->width && image->height); /* the gate had it decoded */
        buf_add(tail, (str){(const char *)&head, sizeof head});
        TRY(put_content(image->pixels, g, tail));
    }
    return OK;
}

static void
put_service(const struct conv_service *s, struct engine_submit *ret)
{
    ret->class = s->class;
    ret->weight = s->weight;
    ret->tenant = s->tenant;
    ret->wipes = s->wipes;
    memcpy(ret->scope, s->scope, sizeof ret->scope);
}

static struct engine_submit
numbers_of(enum engine_kind kind, const struct conv *c)
{
    const struct conv_params *p = &c->params;
    const bool writes = kind == ENGINE_CHAT || kind == ENGINE_COMPLETE;
    return (struct engine_submit){
        .kind = kind,
        .n = writes ? p->n : 1,
        .tokens_max = p->tokens_max,
        .top_k = p->top_k > 0 ? (uint32_t)p->top_k : 0,
        .top_logprobs = writes && p->logprobs ? p->top_logprobs : 0,
        .dimensions = c->dimensions,
        .temperature = (float)p->temperature,
        .top_p = (float)p->top_p,
        .min_p = (float)p->min_p,
        .presence = (float)p->presence,
        .frequency = (float)p->frequency,
        .repeat = (float)p->repeat,
        .seed = p->has_seed ? p->seed : 0,
        .has_seed = p->has_seed,
        .is_chat = kind == ENGINE_TOKENIZE && c->messages.count > 0,
        .logprobs = writes && p->logprobs,
        .json_object = p->json_object,
        .echo = p->echo,
        .ignore_eos = p->ignore_eos,
    };
}

fallible
submit_write(enum engine_kind kind, const struct conv *c, const grant *g, struct engine_submit *ret,
             buf *tail)
{
    const struct conv_params *p = &c->params;
    ASSERT(p->stop_count <= CONV_STOPS_MAX && p->bias_count <= CONV_BIAS_MAX);
    struct engine_submit s = numbers_of(kind, c);
    put_service(&c->service, &s);
    const size_t start = tail->len;
    TRY(put_prompt(kind, c, g, tail));
    s.section_len[SECTION_PROMPT] = tail->len - start;
    for (uint32_t i = 0; i < p->stop_count; i++)
        section_put(tail, p->stops[i]);
    s.section_len[SECTION_STOPS] = tail->len - start - s.section_len[SECTION_PROMPT];
    s.section_len[SECTION_BIAS] = p->bias_count * sizeof p->bias[0];
    buf_add(tail, (str){(const char *)p->bias, p->bias_count * sizeof p->bias[0]});
    s.section_len[SECTION_GRAMMAR] = kind == ENGINE_CHAT ? c->format.grammar.len : 0;
    buf_add(tail, str_slice(c->format.grammar, 0, s.section_len[SECTION_GRAMMAR]));
    const size_t images = tail->len;
    TRY(put_images(c, g, tail));
    s.section_len[SECTION_IMAGES] = tail->len - images;
    TRY(buf_end(tail));
    *ret = s;
    return OK;
}

/* ---- reading */

/* Also false for what is no number. */
static bool
is_within(float x, float min, float max)
{
    return x >= min && x <= max;
}

static bool
has_good_counts(const struct engine_submit *s)
{
    const bool writes = s->kind == ENGINE_CHAT || s->kind == ENGINE_COMPLETE;
    return s->kind <= ENGINE_TOKENIZE && s->n >= 1 && s->n <= (writes ? ENGINE_ANSWERS_MAX : 1) &&
           s->top_logprobs <= CONV_TOP_LOGPROBS_MAX && s->dimensions <= ENGINE_DIMS_MAX &&
           s->logprobs <= writes && s->top_logprobs <= s->logprobs * CONV_TOP_LOGPROBS_MAX &&
           s->json_object <= 1 && s->echo <= 1 && s->ignore_eos <= 1 && s->has_seed <= 1 &&
           s->is_chat <= (s->kind == ENGINE_TOKENIZE) && s->wipes <= 1 && s->class <= CONV_BATCH &&
           !s->zero;
}

static bool
has_good_floats(const struct engine_submit *s)
{
    return is_within(s->temperature, 0, 2) && is_within(s->top_p, 0, 1) &&
           is_within(s->min_p, 0, 1) && is_within(s->presence, -2, 2) &&
           is_within(s->frequency, -2, 2) && is_within(s->repeat, 0, 10) && s->repeat > 0;
}

static fallible
split_tail(const struct engine_submit *s, str tail, str ret[SECTION_COUNT])
{
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (s->section_len[i] > tail.len)
            FAIL(ARGUMENT, "section %zu has %ju bytes, %zu are left", i,
                 (uintmax_t)s->section_len[i], tail.len);
        ret[i] = (str){tail.at, s->section_len[i]};
        tail = (str){tail.at + s->section_len[i], tail.len - s->section_len[i]};
    }
    if (tail.len)
        FAIL(ARGUMENT, "%zu bytes follow the sections", tail.len);
    return OK;
}

static fallible
read_prompt(const struct engine_submit *s, str prompt)
{
    str rest = prompt, text;
    size_t count = 0;
    if (s->kind != ENGINE_EMBED) {
        if (!utf8_valid(prompt))
            FAIL(ARGUMENT, "the prompt is not UTF-8");
        return OK;
    }
    while (section_next(&rest, &text) && count <= ENGINE_INPUTS_MAX) {
        if (!utf8_valid(text))
            FAIL(ARGUMENT, "input %zu is not UTF-8", count);
        count++;
    }
    if (!rest.at || count == 0 || count > ENGINE_INPUTS_MAX)
        FAIL(ARGUMENT, "%zu inputs", count);
    return OK;
}

static fallible
read_stops(str rest, struct submit *ret)
{
    str text;
    while (section_next(&rest, &text)) {
        if (ret->stop_count == CONV_STOPS_MAX)
            FAIL(ARGUMENT, "more than %d stop strings", CONV_STOPS_MAX);
        if (!text.len || text.len > CONV_STOP_BYTES_MAX || !utf8_valid(text))
            FAIL(ARGUMENT, "stop string %zu of %zu bytes", ret->stop_count, text.len);
        ret->stops[ret->stop_count++] = text;
    }
    if (!rest.at)
        FAIL(ARGUMENT, "stop strings are cut short");
    return OK;
}

static fallible
read_bias(str section, struct submit *ret)
{
    struct conv_bias one;
    const size_t count = section.len / sizeof one;
    if (section.len % sizeof one || count > CONV_BIAS_MAX)
        FAIL(ARGUMENT, "%zu bytes of bias", section.len);
    for (size_t i = 0; i < count; i++) {
        memcpy(&one, section.at + i * sizeof one, sizeof one);
        if (one.token < 0 || !is_within(one.bias, -100, 100))
            FAIL(ARGUMENT, "bias %zu is out of range", i);
    }
    ret->bias = section.at;
    ret->bias_count = count;
    return OK;
}

static fallible
read_image(str *rest, struct submit_image *ret)
{
    struct engine_image head;
    if (rest->len < sizeof head)
        FAIL(ARGUMENT, "an image is cut short");
    memcpy(&head, rest->at, sizeof head);
    const uint64_t bytes = (uint64_t)head.width * head.height * 3;
    if (!head.width || !head.height || head.width > ENGINE_IMAGE_SIDE_MAX ||
        head.height > ENGINE_IMAGE_SIDE_MAX || bytes > rest->len - sizeof head)
        FAIL(ARGUMENT, "an image of %u x %u pixels in %zu bytes", head.width, head.height,
             rest->len);
    *ret = (struct submit_image){head.width, head.height,
                                 str_slice(*rest, sizeof head, sizeof head + (size_t)bytes)};
    *rest = str_slice(*rest, sizeof head + (size_t)bytes, rest->len);
    return OK;
}

static fallible
read_images(str rest, struct submit *ret)
{
    const bool is_chat = ret->ask.kind == ENGINE_CHAT || ret->ask.is_chat;
    if (rest.len && !is_chat)
        FAIL(ARGUMENT, "images without a chat");
    while (rest.len) {
        if (ret->image_count == CONV_IMAGES_MAX)
            FAIL(ARGUMENT, "more than %d images", CONV_IMAGES_MAX);
        TRY(read_image(&rest, &ret->images[ret->image_count++]));
    }
    return OK;
}

fallible
submit_read(const void *body, size_t body_len, str tail, struct submit *ret)
{
    struct submit s = {0};
    str parts[SECTION_COUNT];
    if (body_len != sizeof s.ask)
        FAIL(ARGUMENT, "a request of %zu bytes", body_len);
    memcpy(&s.ask, body, sizeof s.ask);
    if (!has_good_counts(&s.ask))
        FAIL(ARGUMENT, "a count of the request is out of bounds");
    if (!has_good_floats(&s.ask))
        FAIL(ARGUMENT, "a number of the request is out of range");
    TRY(split_tail(&s.ask, tail, parts));
    TRY(read_prompt(&s.ask, parts[SECTION_PROMPT]));
    TRY(read_stops(parts[SECTION_STOPS], &s));
    TRY(read_bias(parts[SECTION_BIAS], &s));
    if (parts[SECTION_GRAMMAR].len > GBNF_BYTES_MAX || !utf8_valid(parts[SECTION_GRAMMAR]))
        FAIL(ARGUMENT, "a grammar of %zu bytes", parts[SECTION_GRAMMAR].len);
    TRY(read_images(parts[SECTION_IMAGES], &s));
    s.prompt = parts[SECTION_PROMPT];
    s.grammar = parts[SECTION_GRAMMAR];
    *ret = s;
    return OK;
}
