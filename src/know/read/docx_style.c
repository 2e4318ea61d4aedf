/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/docx_style.h"

#include "base/num.h"
#include "know/read/xml.h"

enum { STYLES_MAX = 10000, BASES_MAX = 16, OUTLINE_MAX = 8 };

struct reader {
    struct docx_styles *to;
    struct docx_style now;
    bool is_open;
};

bool
docx_is_on(const char *const *attributes)
{
    const str v = xml_attribute(attributes, "val");
    return !str_eq(v, STR("0")) && !str_eq(v, STR("false")) && !str_eq(v, STR("off"));
}

static fallible
begin_style(struct reader *r, const char *const *attributes)
{
    if (r->to->all.count == STYLES_MAX)
        REFUSE(PARSE, "", "has more than %d styles", STYLES_MAX);
    r->now = (struct docx_style){.level = STYLE_LEVEL_NONE};
    r->is_open = true;
    return try_arena_str(r->to->a, xml_attribute(attributes, "styleId"), &r->now.id);
}

static void
take_name(struct docx_style *s, str name)
{
    s->is_title = str_eq_nocase(name, STR("title"));
    s->is_contents = str_eq_nocase(str_slice(name, 0, 4), STR("toc "));
}

static err
on_open(void *ctx, str name, const char *const *attributes)
{
    struct reader *const r = ctx;
    const str value = xml_attribute(attributes, "val");
    uint64_t level = 0;
    if (str_eq(name, STR("w:style")))
        return begin_style(r, attributes);
    if (!r->is_open)
        return OK;
    if (str_eq(name, STR("w:name")))
        take_name(&r->now, value);
    else if (str_eq(name, STR("w:basedOn")))
        return try_arena_str(r->to->a, value, &r->now.base);
    else if (str_eq(name, STR("w:outlineLvl")) && !num_u64(value, 0, OUTLINE_MAX, &level).code)
        r->now.level = (int)level;
    else if (str_eq(name, STR("w:numId"))) {
        r->now.is_list = !str_eq(value, STR("0"));
        return try_arena_str(r->to->a, r->now.is_list ? value : STR_NONE, &r->now.list);
    } else if (str_eq(name, STR("w:ilvl")) && !num_u64(value, 0, OUTLINE_MAX, &level).code)
        r->now.list_level = (uint32_t)level;
    else if (str_eq(name, STR("w:vanish")))
        r->now.is_hidden = docx_is_on(attributes);
    else if (str_eq(name, STR("w:color")))
        r->now.is_white = str_eq_nocase(value, STR("FFFFFF"));
    return OK;
}

static err
on_close(void *ctx, str name)
{
    struct reader *const r = ctx;
    if (!str_eq(name, STR("w:style")) || !r->is_open)
        return OK;
    r->is_open = false;
    return VEC_ADD(r->to->a, &r->to->all, &r->now);
}

fallible
docx_styles_read(struct docx_styles *s, str xml)
{
    ASSERT(s->a);
    struct reader r = {.to = s};
    const struct xml_hooks hooks = {.open = on_open, .close = on_close, .ctx = &r};
    return xml_walk(xml, &hooks);
}

static const struct docx_style *
find(const struct docx_styles *s, str id)
{
    for (size_t i = 0; id.len && i < s->all.count; i++)
        if (str_eq(s->all.at[i].id, id))
            return &s->all.at[i];
    return NULL;
}

struct docx_style
docx_style_of(const struct docx_styles *s, str id)
{
    struct docx_style all = {.id = id, .level = STYLE_LEVEL_NONE};
    const struct docx_style *at = find(s, id);
    for (int i = 0; at && i < BASES_MAX; i++, at = find(s, at->base)) {
        all.level = all.level == STYLE_LEVEL_NONE ? at->level : all.level;
        all.is_title |= at->is_title;
        all.is_contents |= at->is_contents;
        all.is_list |= at->is_list;
        all.list_level = all.list.len ? all.list_level : at->list_level;
        all.list = all.list.len ? all.list : at->list;
        all.is_hidden |= at->is_hidden;
        all.is_white |= at->is_white;
    }
    return all;
}
