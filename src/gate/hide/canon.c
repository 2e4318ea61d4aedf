/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/hide/canon.h"

static fallible
add_text(sha256 *h, str text)
{
    const uint64_t len = text.len;
    TRY(sha256_add(h, (str){(const char *)&len, sizeof len}));
    return sha256_add(h, text);
}

static fallible
add_content(sha256 *h, content c, const grant *g)
{
    str bytes;
    TRY(content_open(c, g, &bytes));
    return add_text(h, bytes);
}

static fallible
add_message(sha256 *h, const struct conv_message *m, const grant *g)
{
    TRY(add_text(h, str_of(conv_role_name(m->role))));
    TRY(add_text(h, m->name));
    TRY(add_text(h, m->tool_calls));
    TRY(add_text(h, m->tool_call_id));
    for (size_t i = 0; i < m->images.count; i++) {
        const uint64_t at = m->images.at[i].at;
        TRY(add_text(h, (str){(const char *)&at, sizeof at}));
        TRY(add_content(h, m->images.at[i].bytes, g));
    }
    return add_content(h, m->text, g);
}

static fallible
add_conv(sha256 *h, const struct conv *c, const grant *g)
{
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(add_message(h, &c->messages.at[i], g));
    for (size_t i = 0; i < c->inputs.count; i++)
        TRY(add_content(h, c->inputs.at[i], g));
    if (c->tools.json.len)
        TRY(add_text(h, c->tools.json));
    if (c->format.schema.len)
        TRY(add_text(h, c->format.schema));
    return add_content(h, c->prompt, g);
}

static fallible
end(sha256 *h, err e, digest *ret)
{
    if (!e.code)
        return sha256_end(h, ret);
    sha256_free(h);
    return e;
}

fallible
canon_list(const str *texts, size_t count, digest *ret)
{
    sha256 *h;
    err e = sha256_new(&h);
    if (e.code)
        return e;
    for (size_t i = 0; i < count && !e.code; i++)
        e = add_text(h, texts[i]);
    return end(h, e, ret);
}

static fallible
add_images(sha256 *h, const struct conv *c, const grant *g)
{
    const struct conv_image *image;
    for (size_t i = 0; (image = conv_image_at(c, i)); i++)
        TRY(add_content(h, image->bytes, g));
    return OK;
}

fallible
canon_images(const struct conv *c, const grant *g, digest *ret)
{
    sha256 *h;
    TRY(sha256_new(&h));
    return end(h, add_images(h, c, g), ret);
}

fallible
canon_conv(const struct conv *c, const grant *g, digest *ret)
{
    sha256 *h;
    TRY(sha256_new(&h));
    return end(h, add_conv(h, c, g), ret);
}
