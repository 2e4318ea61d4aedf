/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/pdf_page.h"

#include "base/buf.h"
#include "base/num.h"
#include "know/read/xml.h"

enum { PAGES_MAX = 20000, RUNS_MAX = 4000000, FONTS_MAX = 65536, PLACE_MAX = 1 << 20 };
enum { TINY_SIZE = 3, RUN_BYTES_MAX = 64 * 1024 };

struct font {
    int32_t size;
    bool is_white;
};

struct reader {
    struct pdf_runs *to;
    struct {
        struct font *at;
        size_t count, room;
    } fonts;
    struct pdf_run run;
    int32_t page_width, page_height;
    buf text;
    size_t bold_bytes; /* of the text */
    bool is_open;
    int bold;
};

/* Numbers that are none, negative or absurd are 0: such a run lies outside of the page. */
static int32_t
number(const char *const *attributes, const char *name)
{
    const str v = xml_attribute(attributes, name);
    const ptrdiff_t dot = str_find_char(v, '.');
    uint64_t n = 0;
    if (num_u64(dot < 0 ? v : str_slice(v, 0, (size_t)dot), 0, PLACE_MAX, &n).code)
        return -1;
    return (int32_t)n;
}

static fallible
begin_page(struct reader *r, const char *const *attributes)
{
    if (r->to->page_heights.count == PAGES_MAX)
        REFUSE(PARSE, "", "has more than %d pages", PAGES_MAX);
    r->page_width = number(attributes, "width");
    r->page_height = number(attributes, "height");
    return VEC_ADD(r->to->a, &r->to->page_heights, &r->page_height);
}

/* Fonts are numbered as they come. */
static fallible
add_font(struct reader *r, const char *const *attributes)
{
    const struct font f = {.size = number(attributes, "size"),
                           .is_white =
                               str_eq_nocase(xml_attribute(attributes, "color"), STR("#ffffff"))};
    if (r->fonts.count == FONTS_MAX)
        REFUSE(PARSE, "", "has more than %d fonts", FONTS_MAX);
    return VEC_ADD(r->to->a, &r->fonts, &f);
}

static void
begin_run(struct reader *r, const char *const *attributes)
{
    const int32_t font = number(attributes, "font");
    const struct font none = {0};
    const struct font *const f =
        font >= 0 && (size_t)font < r->fonts.count ? &r->fonts.at[font] : &none;
    r->run = (struct pdf_run){.page = (int32_t)r->to->page_heights.count,
                              .top = number(attributes, "top"),
                              .left = number(attributes, "left"),
                              .width = number(attributes, "width"),
                              .height = number(attributes, "height"),
                              .size = f->size};
    r->run.is_visible = !f->is_white && f->size > TINY_SIZE && r->run.top >= 0 &&
                        r->run.left >= 0 && r->run.top < r->page_height &&
                        r->run.left < r->page_width;
    r->is_open = true;
    r->bold_bytes = 0;
    buf_clear(&r->text);
}

static err
on_open(void *ctx, str name, const char *const *attributes)
{
    struct reader *const r = ctx;
    if (str_eq(name, STR(":page")))
        return begin_page(r, attributes);
    if (str_eq(name, STR(":fontspec")))
        return add_font(r, attributes);
    if (str_eq(name, STR(":text")))
        begin_run(r, attributes);
    else if (str_eq(name, STR(":b")))
        r->bold++;
    return OK;
}

static fallible
end_run(struct reader *r)
{
    const str text = str_trim(buf_str(&r->text));
    r->is_open = false;
    TRY(buf_end(&r->text));
    if (!text.len || !r->run.is_visible || r->to->page_heights.count == 0)
        return OK;
    if (r->to->all.count == RUNS_MAX)
        REFUSE(PARSE, "", "has more than %d runs of text", RUNS_MAX);
    r->run.is_bold = r->bold_bytes + (r->text.len - text.len) >= r->text.len;
    TRY(try_arena_str(r->to->a, text, &r->run.text));
    return VEC_ADD(r->to->a, &r->to->all, &r->run);
}

static err
on_close(void *ctx, str name)
{
    struct reader *const r = ctx;
    if (str_eq(name, STR(":text")) && r->is_open)
        return end_run(r);
    if (str_eq(name, STR(":b")) && r->bold)
        r->bold--;
    return OK;
}

static err
on_text(void *ctx, str text)
{
    struct reader *const r = ctx;
    if (!r->is_open)
        return OK;
    buf_add(&r->text, text);
    r->bold_bytes += r->bold ? text.len : 0;
    return OK;
}

fallible
pdf_runs_read(struct pdf_runs *to, str xml)
{
    ASSERT(to->a);
    struct reader r = {.to = to, .text = BUF(RUN_BYTES_MAX)};
    const struct xml_hooks hooks = {.open = on_open, .close = on_close, .text = on_text, .ctx = &r};
    const err e = xml_walk(xml, &hooks);
    buf_done(&r.text);
    return e;
}
