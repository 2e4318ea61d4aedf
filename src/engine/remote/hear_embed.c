/* SPDX-License-Identifier: EUPL-1.2 */
/* Vectors as OpenAI's embeddings have them: lists of numbers, or their bytes in base64 (floats of
 * 32 bits, little-endian), whichever a server likes. */
#include "base/enc.h"
#include "engine/remote/blame.h"
#include "engine/remote/hear.h"

#include <float.h>
#include <math.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "floats are copied as they come");

struct vector {
    float *values;
    size_t dims;
};

static fallible
read_numbers(struct hear *h, const jval *list, struct vector *ret)
{
    struct jwalk w = {0};
    jval v;
    void *room;
    TRY(json_array(list, 1, ENGINE_DIMS_MAX));
    TRY(try_arena_get(h->a, json_count(list), sizeof *ret->values, &room));
    ret->values = room;
    ret->dims = json_count(list);
    while (json_each(list, &w, &v)) {
        double d;
        TRY(json_f64(&v, -(double)FLT_MAX, (double)FLT_MAX, &d));
        ret->values[w.index - 1] = (float)d;
    }
    return OK;
}

static fallible
read_base64(struct hear *h, const jval *v, struct vector *ret)
{
    AUTO(buf) bytes = BUF(ENGINE_DIMS_MAX * sizeof(float));
    void *room;
    str text;
    TRY(json_str(v, HEAR_WHOLE_BYTES_MAX, &text));
    TRY(base64_read(text, &bytes));
    TRY(buf_end(&bytes));
    if (!bytes.len || bytes.len % sizeof *ret->values)
        FAIL(PROVIDER_LOST, "a vector of %zu bytes", bytes.len);
    TRY(try_arena_get(h->a, bytes.len, 1, &room));
    memcpy(room, bytes.at, bytes.len);
    ret->values = room;
    ret->dims = bytes.len / sizeof *ret->values;
    for (size_t i = 0; i < ret->dims; i++)
        if (!isfinite(ret->values[i]))
            FAIL(PROVIDER_LOST, "a vector holds what is no number");
    return OK;
}

static fallible
check_dims(struct hear *h, size_t dims)
{
    if (!h->spec.dims)
        h->spec.dims = (uint32_t)dims;
    if (dims != h->spec.dims)
        FAIL(PROVIDER_LOST, "a vector of %zu dimensions instead of %u", dims, h->spec.dims);
    return OK;
}

static fallible
take_vector(struct hear *h, const jval *item, bool *seen)
{
    const jval v = json_get(item, "embedding");
    struct vector found = {0};
    uint32_t index = (uint32_t)item->index;
    TRY(json_object(item));
    TRY(hear_count(item, "index", &index));
    if (index >= h->spec.inputs || seen[index])
        FAIL(PROVIDER_LOST, "vector %u of %u is none, or comes twice", index, h->spec.inputs);
    if (json_type(v) == J_STRING)
        TRY(read_base64(h, &v, &found));
    else
        TRY(read_numbers(h, &v, &found));
    TRY(check_dims(h, found.dims));
    seen[index] = true;
    if (!h->is_over)
        h->hooks.on_vector(h->hooks.ctx, index, found.values, found.dims);
    return OK;
}

fallible
hear_embed_whole(struct hear *h, const jval *root)
{
    const jval list = json_get(root, "data"), usage = json_get(root, "usage");
    struct jwalk w = {0};
    jval item;
    void *seen;
    if (blame_is_error(root)) {
        h->is_blamed = true;
        return blame_inside(root);
    }
    TRY(json_array(&list, h->spec.inputs, h->spec.inputs));
    TRY(try_arena_get(h->a, h->spec.inputs, sizeof(bool), &seen));
    if (usage.v) {
        TRY(json_object(&usage));
        TRY(hear_count(&usage, "prompt_tokens", &h->usage.prompt));
        h->usage.is_known = true;
    }
    while (json_each(&list, &w, &item))
        TRY(take_vector(h, &item, seen));
    return hear_finish(h, 0, FINISH_STOP, STR_NONE);
}
