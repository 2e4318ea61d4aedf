/* SPDX-License-Identifier: EUPL-1.2 */
#include "model/conv.h"

#include "base/json.h"

static const char *const role_names[] = {
    [CONV_SYSTEM] = "system",
    [CONV_USER] = "user",
    [CONV_ASSISTANT] = "assistant",
    [CONV_TOOL] = "tool",
};

void
conv_params_default(struct conv_params *p)
{
    *p = (struct conv_params){.temperature = 1, .top_p = 1, .repeat = 1, .n = 1};
}

const char *
conv_role_name(enum conv_role r)
{
    ASSERT((size_t)r < sizeof role_names / sizeof *role_names);
    return role_names[r];
}

const char *
conv_image_type(enum conv_image_form f)
{
    static const char *const types[] = {[CONV_PNG] = "image/png", [CONV_JPEG] = "image/jpeg"};
    ASSERT((size_t)f < sizeof types / sizeof *types);
    return types[f];
}

size_t
conv_image_count(const struct conv *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->messages.count; i++)
        n += c->messages.at[i].images.count;
    return n;
}

struct conv_image *
conv_image_at(const struct conv *c, size_t i)
{
    for (size_t m = 0; m < c->messages.count; m++) {
        const struct conv_message *at = &c->messages.at[m];
        if (i < at->images.count)
            return &at->images.at[i];
        i -= at->images.count;
    }
    return NULL;
}

str
conv_text_between(const struct conv_message *m, str text, size_t i)
{
    ASSERT(i <= m->images.count);
    const size_t from = i ? m->images.at[i - 1].at : 0;
    const size_t to = i < m->images.count ? m->images.at[i].at : text.len;
    ASSERT(from <= to && to <= text.len);
    return str_slice(text, from + (from && from < to && text.at[from] == '\n'), to);
}

/* All or nothing: no byte is written before every one may be. */
static fallible
check_all(const struct conv *c, const grant *g)
{
    str unused;
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(content_open(c->messages.at[i].text, g, &unused));
    return OK;
}

static void
add_unmarked(str text, buf *b)
{
    const str mark = STR(CONV_IMAGE_MARK);
    ptrdiff_t at;
    while ((at = str_find(text, mark)) >= 0) {
        buf_add(b, str_slice(text, 0, (size_t)at));
        text = str_slice(text, (size_t)at + mark.len, text.len);
    }
    buf_add(b, text);
}

static fallible
put_marked(const struct conv_message *m, str text, buf *b)
{
    AUTO(buf) marked = BUF(SIZE_MAX / 4);
    for (size_t i = 0; i <= m->images.count; i++) {
        add_unmarked(conv_text_between(m, text, i), &marked);
        if (i < m->images.count)
            buf_add(&marked, STR(CONV_IMAGE_MARK));
    }
    TRY(buf_end(&marked));
    json_member_str(b, "content", buf_str(&marked));
    return OK;
}

static fallible
put_message(const struct conv_message *m, bool has_images, const grant *g, buf *b)
{
    str text;
    TRY(content_open(m->text, g, &text));
    json_open(b, '{');
    json_member_str(b, "role", str_of(conv_role_name(m->role)));
    if (has_images)
        TRY(put_marked(m, text, b));
    else
        json_member_str(b, "content", text);
    if (m->name.len)
        json_member_str(b, "name", m->name);
    if (m->tool_calls.len) {
        json_key(b, "tool_calls");
        buf_add(b, m->tool_calls);
    }
    if (m->tool_call_id.len)
        json_member_str(b, "tool_call_id", m->tool_call_id);
    json_close(b, '}');
    return OK;
}

fallible
conv_put_messages(const struct conv *c, const grant *g, buf *b)
{
    const bool has_images = conv_image_count(c) > 0;
    TRY(check_all(c, g));
    json_open(b, '{');
    json_key(b, "messages");
    json_open(b, '[');
    for (size_t i = 0; i < c->messages.count; i++)
        TRY(put_message(&c->messages.at[i], has_images, g, b));
    json_close(b, ']');
    if (c->tools.json.len && c->tools.choice != CONV_TOOLS_NONE) {
        json_key(b, "tools");
        buf_add(b, c->tools.json);
    }
    json_close(b, '}');
    return buf_end(b);
}
