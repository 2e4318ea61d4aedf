/* SPDX-License-Identifier: EUPL-1.2 */
/* InvokeModel with a text that becomes a vector. */
#include <math.h>

#include "api/bedrock/invoke.h"
#include "api/read.h"

enum { TEXT_BYTES_MAX = 64 * 1024 * 1024, DIMS_MAX = 65536, TYPES_MAX = 2, WORD_BYTES_MAX = 16 };

struct embed {
    float *values;
    size_t dims;
    bool normalizes;
    bool shows_types; /* embeddingTypes was sent */
    struct err_kept failure;
};

static void
take_vector(struct answer *w, uint32_t index, const float *values, size_t dims)
{
    struct embed *m = w->state;
    void *room;
    if (index)
        return;
    const err e = try_arena_get(w->call->a, dims, sizeof *values, &room);
    if (e.code) {
        err_keep(&m->failure, e);
        return;
    }
    memcpy(room, values, dims * sizeof *values);
    m->values = room;
    m->dims = dims;
}

static fallible
add(struct answer *w, const struct engine_piece *p, str text)
{
    (void)w, (void)p, (void)text; /* none comes */
    return OK;
}

static fallible
end(struct answer *w, const struct engine_usage *u)
{
    (void)u;
    const struct embed *m = w->state;
    TRY(err_again(&m->failure));
    if (!m->values)
        FAIL(ENGINE_LOST, "the engine gave no vector");
    return OK;
}

static double
length_of(const struct embed *m)
{
    double sum = 0;
    for (size_t i = 0; i < m->dims; i++)
        sum += (double)m->values[i] * (double)m->values[i];
    return m->normalizes && sum > 0 ? sqrt(sum) : 1;
}

static void
put_vector(const struct embed *m, const char *name, buf *b)
{
    const double length = length_of(m);
    json_key(b, name);
    json_open(b, '[');
    for (size_t i = 0; i < m->dims; i++)
        json_put_f64(b, (double)m->values[i] / length);
    json_close(b, ']');
}

static fallible
finish(struct answer *w, buf *b)
{
    const struct embed *m = w->state;
    json_open(b, '{');
    put_vector(m, "embedding", b);
    if (m->shows_types) {
        json_key(b, "embeddingsByType");
        json_open(b, '{');
        put_vector(m, "float", b);
        json_close(b, '}');
    }
    json_member_u64(b, "inputTextTokenCount", w->input_tokens);
    json_close(b, '}');
    return buf_end(b);
}

static void
done(struct answer *w)
{
    (void)w; /* all of it is in the arena */
}

static const struct shape shape = {
    .add = add, .end = end, .finish = finish, .done = done, .vector = take_vector, .counts = true};

static fallible
read_types(const jval *body, struct embed *m)
{
    const jval list = json_get(body, "embeddingTypes");
    struct jwalk walk = {.next = NULL};
    jval v;
    str word;
    if (json_type(list) == J_ABSENT)
        return OK;
    TRY(json_array(&list, 1, TYPES_MAX));
    while (json_each(&list, &walk, &v)) {
        TRY(json_str(&v, WORD_BYTES_MAX, &word));
        if (!str_eq(word, STR("float")))
            REFUSE_AT(UNSUPPORTED, &v, "must be \"float\"");
    }
    m->shows_types = true;
    return OK;
}

static fallible
read_text(struct answer *w, const jval *body)
{
    const jval v = json_get(body, "inputText");
    str text;
    TRY(json_str(&v, TEXT_BYTES_MAX, &text));
    if (!text.len)
        REFUSE_AT(ARGUMENT, &v, "must not be empty");
    const content input = content_of(text, LABEL_BOTTOM);
    return VEC_ADD(w->call->a, &w->ask.conv.inputs, &input);
}

fallible
invoke_embed(struct answer *w, const jval *body)
{
    struct embed *m = arena_new(w->call->a, struct embed);
    const jval dims = json_get(body, "dimensions"), flag = json_get(body, "normalize");
    int64_t n = 0;
    conv_params_default(&w->ask.conv.params);
    m->normalizes = true;
    TRY(bedrock_check_fields(body, BEDROCK_EMBED));
    TRY(read_text(w, body));
    TRY(opt_json_i64(&dims, 1, DIMS_MAX, &n));
    TRY(opt_json_bool(&flag, &m->normalizes));
    TRY(read_types(body, m));
    if (w->is_stream)
        REFUSE(UNSUPPORTED, "inputText", "a vector cannot be streamed: use InvokeModel");
    w->ask.conv.dimensions = (uint32_t)n;
    w->op = OP_EMBED;
    w->kind = ENGINE_EMBED;
    w->state = m;
    w->shape = &shape;
    return OK;
}
