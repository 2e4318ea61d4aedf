/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/read/docx_number.h"

#include "base/num.h"
#include "know/read/xml.h"

enum { LISTS_MAX = 10000, START_MAX = 100000, ROMAN_MAX = 3999 };

struct reader {
    struct docx_numbers *to;
    struct number_list list;
    struct number_instance instance;
    struct number_level *level; /* of the list that is open */
    bool in_list, in_instance;
};

/* ---- reading */

static char
format_of(str name)
{
    static const struct {
        str name;
        char format;
    } known[] = {{STR_INIT("decimal"), '1'},
                 {STR_INIT("lowerLetter"), 'a'},
                 {STR_INIT("upperLetter"), 'A'},
                 {STR_INIT("lowerRoman"), 'i'},
                 {STR_INIT("upperRoman"), 'I'}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(name, known[i].name))
            return known[i].format;
    return 0;
}

static fallible
begin_list(struct reader *r, const char *const *attributes)
{
    if (r->to->lists.count == LISTS_MAX)
        REFUSE(PARSE, "", "has more than %d lists", LISTS_MAX);
    r->list = (struct number_list){0};
    r->in_list = true;
    return try_arena_str(r->to->a, xml_attribute(attributes, "abstractNumId"), &r->list.id);
}

static fallible
begin_instance(struct reader *r, const char *const *attributes)
{
    if (r->to->instances.count == LISTS_MAX)
        REFUSE(PARSE, "", "has more than %d lists", LISTS_MAX);
    r->instance = (struct number_instance){0};
    r->in_instance = true;
    return try_arena_str(r->to->a, xml_attribute(attributes, "numId"), &r->instance.id);
}

static fallible
take_of_level(struct reader *r, str name, str value)
{
    uint64_t start = 0;
    if (str_eq(name, STR("w:numFmt")))
        r->level->format = format_of(value);
    else if (str_eq(name, STR("w:lvlText")))
        return try_arena_str(r->to->a, value, &r->level->text);
    else if (str_eq(name, STR("w:start")) && !num_u64(value, 0, START_MAX, &start).code)
        r->level->start = (uint32_t)start;
    return OK;
}

static err
on_open(void *ctx, str name, const char *const *attributes)
{
    struct reader *const r = ctx;
    const str value = xml_attribute(attributes, "val");
    uint64_t level = 0;
    if (str_eq(name, STR("w:abstractNum")))
        return begin_list(r, attributes);
    if (str_eq(name, STR("w:num")))
        return begin_instance(r, attributes);
    if (r->in_instance && str_eq(name, STR("w:abstractNumId")))
        return try_arena_str(r->to->a, value, &r->instance.list);
    if (!r->in_list)
        return OK;
    if (r->level)
        return take_of_level(r, name, value);
    if (str_eq(name, STR("w:lvl")) &&
        !num_u64(xml_attribute(attributes, "ilvl"), 0, NUMBER_LEVELS - 1, &level).code) {
        r->level = &r->list.levels[level];
        r->level->start = 1;
    }
    return OK;
}

static err
on_close(void *ctx, str name)
{
    struct reader *const r = ctx;
    if (str_eq(name, STR("w:lvl")))
        r->level = NULL;
    if (r->in_list && str_eq(name, STR("w:abstractNum"))) {
        r->in_list = false;
        return VEC_ADD(r->to->a, &r->to->lists, &r->list);
    }
    if (r->in_instance && str_eq(name, STR("w:num"))) {
        r->in_instance = false;
        return VEC_ADD(r->to->a, &r->to->instances, &r->instance);
    }
    return OK;
}

fallible
docx_numbers_read(struct docx_numbers *n, str xml)
{
    ASSERT(n->a);
    struct reader r = {.to = n};
    const struct xml_hooks hooks = {.open = on_open, .close = on_close, .ctx = &r};
    return xml_walk(xml, &hooks);
}

/* ---- counting */

static struct number_list *
find(struct docx_numbers *n, str instance)
{
    for (size_t i = 0; i < n->instances.count; i++)
        if (str_eq(n->instances.at[i].id, instance))
            for (size_t k = 0; k < n->lists.count; k++)
                if (str_eq(n->lists.at[k].id, n->instances.at[i].list))
                    return &n->lists.at[k];
    return NULL;
}

static void
put_roman(buf *b, uint32_t n, bool is_large)
{
    static const struct {
        uint32_t value;
        const char *small, *large;
    } marks[] = {{1000, "m", "M"}, {900, "cm", "CM"}, {500, "d", "D"}, {400, "cd", "CD"},
                 {100, "c", "C"},  {90, "xc", "XC"},  {50, "l", "L"},  {40, "xl", "XL"},
                 {10, "x", "X"},   {9, "ix", "IX"},   {5, "v", "V"},   {4, "iv", "IV"},
                 {1, "i", "I"}};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        for (; n >= marks[i].value; n -= marks[i].value)
            buf_add(b, str_of(is_large ? marks[i].large : marks[i].small));
}

/* Letters go on as "aa", "bb" behind "z". */
static void
put_count(buf *b, char format, uint32_t n)
{
    const bool is_letter = format == 'a' || format == 'A';
    if (is_letter && n && n <= 26 * 4)
        for (uint32_t i = 0; i <= (n - 1) / 26; i++)
            buf_add_char(b, (char)(format + (char)((n - 1) % 26)));
    else if ((format == 'i' || format == 'I') && n && n <= ROMAN_MAX)
        put_roman(b, n, format == 'I');
    else
        buf_add_u64(b, n);
}

static void
count_on(struct number_list *l, uint32_t level)
{
    for (uint32_t i = 0; i < level; i++) /* a level above that was left out has begun with this */
        if (!l->counts[i])
            l->counts[i] = l->levels[i].start;
    uint32_t *const at = &l->counts[level];
    *at = *at ? *at + 1 : l->levels[level].start;
    for (uint32_t i = level + 1; i < NUMBER_LEVELS; i++)
        l->counts[i] = 0;
}

bool
docx_number_next(struct docx_numbers *n, str instance, uint32_t level, buf *b)
{
    struct number_list *const l = find(n, instance);
    if (!l || level >= NUMBER_LEVELS || !l->levels[level].format)
        return false;
    const str text = l->levels[level].text;
    count_on(l, level);
    for (size_t i = 0; i < text.len; i++) {
        const char next = i + 1 < text.len ? text.at[i + 1] : 0;
        if (text.at[i] != '%' || next < '1' || next > '9') {
            buf_add_char(b, text.at[i]);
            continue;
        }
        const size_t of = (size_t)(next - '1');
        put_count(b, l->levels[of].format, l->counts[of]);
        i++;
    }
    return text.len > 0;
}
