/* SPDX-License-Identifier: EUPL-1.2 */
#include "know/xzufi.h"

#include "base/num.h"
#include "base/utf8.h"
#include "know/html.h"

enum { NAME_BYTES = 512, TITLE_BYTES = 64 * 1024 };

static const struct module {
    str element, heading;
} modules[] = {{STR_INIT("modulText"), STR_INIT("")}, /* named by its own */
               {STR_INIT("modulFrist"), STR_INIT("Frist")},
               {STR_INIT("modulKosten"), STR_INIT("Kosten")},
               {STR_INIT("modulBearbeitungsdauer"), STR_INIT("Bearbeitungsdauer")}};

/* Of an office: a few lines that are put together. */
enum office_part {
    OFFICE_STREET,
    OFFICE_NUMBER,
    OFFICE_POSTCODE,
    OFFICE_TOWN,
    OFFICE_CHANNEL,
    OFFICE_REACH,
    OFFICE_PARTS
};
static const struct office_field {
    str element, parent;
} office_fields[OFFICE_PARTS] = {{STR_INIT("strasse"), STR_INIT("anschrift")},
                                 {STR_INIT("hausnummer"), STR_INIT("anschrift")},
                                 {STR_INIT("postleitzahl"), STR_INIT("anschrift")},
                                 {STR_INIT("ort"), STR_INIT("anschrift")},
                                 {STR_INIT("name"), STR_INIT("kanal")},
                                 {STR_INIT("kennung"), STR_INIT("kommunikation")}};

struct reader {
    str rest;
    str open[XZUFI_DEPTH_MAX]; /* local names */
    size_t depth;
    bool is_foreign; /* the innermost element's text is in another language */
    buf text;        /* of the innermost element, decoded */
    /* of the service that is read */
    size_t service; /* depth at which it opened; 0: none */
    bool is_office; /* it is an office */
    buf title, better_title, body;
    buf parts[OFFICE_PARTS], addresses, reach;
    /* of its module that is read */
    const struct module *module;
    buf code, name, content;
    buf *out;
};

/* ---- text */

static fallible
put_entity(buf *b, str name)
{
    static const struct {
        str name;
        char c;
    } known[] = {{STR_INIT("amp"), '&'},
                 {STR_INIT("lt"), '<'},
                 {STR_INIT("gt"), '>'},
                 {STR_INIT("quot"), '"'},
                 {STR_INIT("apos"), '\''}};
    char room[4];
    uint64_t code = 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(name, known[i].name)) {
            buf_add_char(b, known[i].c);
            return OK;
        }
    if (!str_starts(name, STR("#")))
        FAIL(PARSE, "an entity that XML does not know");
    const bool is_hex = str_starts(name, STR("#x"));
    if (is_hex)
        for (size_t i = 2; i < name.len && code <= 0x10ffff; i++) {
            const char c = name.at[i], low = (char)(c | 0x20);
            if (!(c >= '0' && c <= '9') && !(low >= 'a' && low <= 'f'))
                FAIL(PARSE, "a character's number is none");
            code = code * 16 + (uint64_t)(c <= '9' ? c - '0' : low - 'a' + 10);
        }
    else if (num_u64(str_slice(name, 1, name.len), 1, 0x10ffff, &code).code)
        FAIL(PARSE, "a character's number is none");
    if (!code || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        FAIL(PARSE, "a character's number is none");
    buf_add(b, (str){room, utf8_put((uint32_t)code, room)});
    return OK;
}

static fallible
put_text(buf *b, str s)
{
    while (s.len) {
        const ptrdiff_t at = str_find_char(s, '&');
        if (at < 0)
            break;
        const ptrdiff_t end = str_find_char(str_slice(s, (size_t)at, s.len), ';');
        if (end < 0)
            FAIL(PARSE, "an entity without an end");
        buf_add(b, str_slice(s, 0, (size_t)at));
        TRY(put_entity(b, str_slice(s, (size_t)at + 1, (size_t)(at + end))));
        s = str_slice(s, (size_t)(at + end) + 1, s.len);
    }
    buf_add(b, s);
    return OK;
}

/* ---- services and modules */

/* On one line; HTML may stand in it. */
static void
put_line(buf *b, str html)
{
    AUTO(buf) plain = BUF(4 * TITLE_BYTES);
    html_to_markdown(str_slice(html, 0, TITLE_BYTES), &plain);
    bool blank = true;
    for (size_t i = 0; i < plain.len; i++) {
        const char c = plain.at[i] == '\n' ? ' ' : plain.at[i];
        if (c != ' ' || !blank)
            buf_add_char(b, c);
        blank = c == ' ';
    }
}

static void
put_section(struct reader *r, str heading, str html)
{
    buf_add(&r->body, STR("\n\n## "));
    put_line(&r->body, heading);
    buf_add(&r->body, STR("\n\n"));
    html_to_markdown(html, &r->body);
}

static void
end_module(struct reader *r)
{
    AUTO(buf) heading = BUF(NAME_BYTES + 64);
    const str content = str_trim(buf_str(&r->content)), code = buf_str(&r->code);
    if (content.len && r->module->heading.len)
        put_section(r, r->module->heading, content);
    else if (content.len && str_eq(code, STR("02")))
        put_line(&r->title, content);
    else if (content.len && str_eq(code, STR("03")))
        put_line(&r->better_title, content);
    else if (content.len) {
        if (r->name.len)
            buf_add(&heading, buf_str(&r->name));
        else
            buf_add_fmt(&heading, "Modul %.*s", STR_FMT(code));
        put_section(r, buf_str(&heading), content);
    }
    r->module = NULL;
}

/* ---- offices */

static bool
is_below(const struct reader *r, const char *parent)
{
    return r->depth > 1 && str_eq(r->open[r->depth - 2], str_of(parent));
}

static void
put_office_sections(struct reader *r)
{
    if (r->addresses.len)
        put_section(r, STR("Anschrift"), buf_str(&r->addresses));
    if (r->reach.len)
        put_section(r, STR("Kontakt"), buf_str(&r->reach));
}

static void
take_part(struct reader *r, str name, str text)
{
    for (size_t i = 0; i < OFFICE_PARTS; i++)
        if (str_eq(name, office_fields[i].element) && is_below(r, office_fields[i].parent.at)) {
            buf_clear(&r->parts[i]);
            put_line(&r->parts[i], text);
        }
}

static void
clear_parts(struct reader *r)
{
    for (size_t i = 0; i < OFFICE_PARTS; i++)
        buf_clear(&r->parts[i]);
}

/* Both with what separates them, where both are there; a line of HTML. */
static void
put_pair(buf *b, const buf *first, const char *between, const buf *second)
{
    buf_add(b, buf_str(first));
    if (first->len && second->len)
        buf_add(b, str_of(between));
    buf_add(b, buf_str(second));
}

static void
end_address(struct reader *r)
{
    const buf *const p = r->parts;
    buf *const b = &r->addresses;
    const size_t before = b->len;
    put_pair(b, &p[OFFICE_STREET], " ", &p[OFFICE_NUMBER]);
    if (b->len > before && (p[OFFICE_POSTCODE].len || p[OFFICE_TOWN].len))
        buf_add(b, STR(", "));
    put_pair(b, &p[OFFICE_POSTCODE], " ", &p[OFFICE_TOWN]);
    if (b->len > before)
        buf_add(b, STR("<br>\n"));
    clear_parts(r);
}

static void
end_reach(struct reader *r)
{
    if (r->parts[OFFICE_REACH].len) {
        put_pair(&r->reach, &r->parts[OFFICE_CHANNEL], ": ", &r->parts[OFFICE_REACH]);
        buf_add(&r->reach, STR("<br>\n"));
    }
    clear_parts(r);
}

/* Its texts stand in elements of their own or right in these. */
static void
end_in_office(struct reader *r, str name, str text)
{
    if (str_eq(name, STR("anschrift")))
        end_address(r);
    else if (str_eq(name, STR("kommunikation")))
        end_reach(r);
    else if (!text.len || r->is_foreign)
        return;
    else if (str_eq(name, STR("name")) && !r->title.len &&
             (is_below(r, "name") || is_below(r, "organisationseinheit")))
        put_line(&r->title, text);
    else if (str_eq(name, STR("infoOeffnungszeitenText")))
        put_section(r, STR("Öffnungszeiten"), text);
    else if (str_eq(name, STR("beschreibung")) || str_eq(name, STR("kurzbeschreibung")))
        put_section(r, STR("Beschreibung"), text);
    else
        take_part(r, name, text);
}

static void
end_service(struct reader *r)
{
    if (r->is_office)
        put_office_sections(r);
    const buf *const title = r->better_title.len ? &r->better_title : &r->title;
    if (r->body.len || title->len) {
        buf_add(r->out, STR("\n\n# "));
        buf_add(r->out, title->len     ? buf_str(title)
                        : r->is_office ? STR("Stelle")
                                       : STR("Leistung"));
        buf_add(r->out, buf_str(&r->body));
        buf_add_char(r->out, '\n');
    }
    r->out->failed |= r->title.failed || r->better_title.failed || r->body.failed;
    r->service = 0;
}

/* ---- elements */

static str
local_name(str tag)
{
    size_t n = 0, from = 0;
    for (; n < tag.len && !strchr(" \t\r\n/", tag.at[n]); n++)
        from = tag.at[n] == ':' ? n + 1 : from;
    return str_slice(tag, from, n);
}

/* Has it languageCode with something else than German? */
static bool
is_foreign(str tag)
{
    const ptrdiff_t at = str_find(tag, STR("languageCode="));
    if (at < 0)
        return false;
    const str value = str_slice(tag, (size_t)at + 14, tag.len);
    return !str_starts(value, STR("de"));
}

static void
begin_element(struct reader *r, str name)
{
    const bool is_office = str_eq(name, STR("organisationseinheit"));
    if (!r->service && (is_office || str_eq(name, STR("leistung")))) {
        r->service = r->depth;
        r->is_office = is_office;
        clear_parts(r);
        buf_clear(&r->addresses);
        buf_clear(&r->reach);
        buf_clear(&r->title);
        buf_clear(&r->better_title);
        buf_clear(&r->body);
        return;
    }
    if (!r->service || r->is_office || r->module)
        return;
    for (size_t i = 0; i < sizeof modules / sizeof *modules; i++)
        if (str_eq(name, modules[i].element))
            r->module = &modules[i];
    buf_clear(&r->code);
    buf_clear(&r->name);
    buf_clear(&r->content);
}

static void
end_element(struct reader *r)
{
    const str name = r->open[r->depth - 1], text = str_trim(buf_str(&r->text));
    if (r->service && r->service == r->depth)
        end_service(r);
    else if (r->service && r->is_office)
        end_in_office(r, name, text);
    else if (r->module && str_eq(name, r->module->element))
        end_module(r);
    else if (r->module && is_below(r, "leikaTextmodul") && str_eq(name, STR("code")))
        buf_add(&r->code, str_slice(text, 0, NAME_BYTES));
    else if (r->module && is_below(r, "leikaTextmodul") && str_eq(name, STR("name")))
        buf_add(&r->name, str_slice(text, 0, NAME_BYTES));
    else if (r->module && !r->is_foreign &&
             (str_eq(name, STR("inhalt")) || str_eq(name, STR("beschreibung")))) {
        buf_add(&r->content, text);
        buf_add_char(&r->content, '\n');
    }
    r->is_foreign = false;
    buf_clear(&r->text);
}

static fallible
open_element(struct reader *r, str tag)
{
    const bool is_empty = str_ends(tag, STR("/"));
    const str name = local_name(tag);
    if (!name.len)
        FAIL(PARSE, "an element without a name");
    if (r->depth == XZUFI_DEPTH_MAX)
        FAIL(PARSE, "elements lie too deep in each other");
    r->open[r->depth++] = name;
    buf_clear(&r->text);
    r->is_foreign = is_foreign(tag);
    begin_element(r, name);
    if (is_empty) {
        end_element(r);
        r->depth--;
    }
    return OK;
}

static fallible
close_element(struct reader *r, str tag)
{
    const str name = local_name(str_slice(tag, 1, tag.len));
    if (!r->depth || !str_eq(r->open[r->depth - 1], name))
        FAIL(PARSE, "an element ends that did not begin");
    end_element(r);
    r->depth--;
    return OK;
}

/* ---- markup */

/* What stands before `mark` is taken off, with it. */
static fallible
take_until(struct reader *r, str mark, str *ret)
{
    const ptrdiff_t at = str_find(r->rest, mark);
    if (at < 0)
        FAIL(PARSE, "markup without an end");
    *ret = str_slice(r->rest, 0, (size_t)at);
    r->rest = str_slice(r->rest, (size_t)at + mark.len, r->rest.len);
    return OK;
}

/* The inside of a tag; quotes may hold '>'. */
static fallible
take_tag(struct reader *r, str *ret)
{
    char quote = 0;
    for (size_t i = 0; i < r->rest.len; i++) {
        const char c = r->rest.at[i];
        if (quote)
            quote = c == quote ? 0 : quote;
        else if (c == '"' || c == '\'')
            quote = c;
        else if (c == '>') {
            *ret = str_slice(r->rest, 0, i);
            r->rest = str_slice(r->rest, i + 1, r->rest.len);
            return OK;
        }
    }
    FAIL(PARSE, "a tag without an end");
}

static fallible
take_markup(struct reader *r)
{
    str tag;
    if (str_starts(r->rest, STR("!--")))
        return take_until(r, STR("-->"), &tag);
    if (str_starts(r->rest, STR("?")))
        return take_until(r, STR("?>"), &tag);
    if (str_starts(r->rest, STR("![CDATA["))) {
        r->rest = str_slice(r->rest, 8, r->rest.len);
        TRY(take_until(r, STR("]]>"), &tag));
        buf_add(&r->text, tag);
        return OK;
    }
    if (str_starts(r->rest, STR("!")))
        FAIL(PARSE, "a document type is not read");
    TRY(take_tag(r, &tag));
    return str_starts(tag, STR("/")) ? close_element(r, tag) : open_element(r, tag);
}

static fallible
read_all(struct reader *r)
{
    while (r->rest.len) {
        const ptrdiff_t at = str_find_char(r->rest, '<');
        TRY(put_text(&r->text, str_slice(r->rest, 0, at < 0 ? r->rest.len : (size_t)at)));
        if (at < 0)
            break;
        r->rest = str_slice(r->rest, (size_t)at + 1, r->rest.len);
        TRY(take_markup(r));
    }
    if (r->depth)
        FAIL(PARSE, "an element does not end");
    return OK;
}

static void
drop(buf *from, buf *b)
{
    b->failed |= from->failed;
    buf_done(from);
}

fallible
xzufi_to_markdown(str xml, buf *b)
{
    const size_t most = 8 * xml.len + TITLE_BYTES;
    ASSERT(b);
    struct reader r = {.rest = xml,
                       .text = BUF(most),
                       .title = BUF(most),
                       .better_title = BUF(most),
                       .body = BUF(most),
                       .code = BUF(most),
                       .name = BUF(most),
                       .content = BUF(most),
                       .addresses = BUF(most),
                       .reach = BUF(most),
                       .out = b};
    for (size_t i = 0; i < OFFICE_PARTS; i++)
        r.parts[i] = BUF(most);
    const err e = read_all(&r);
    buf *const all[] = {&r.text, &r.title,   &r.better_title, &r.body, &r.code,
                        &r.name, &r.content, &r.addresses,    &r.reach};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        drop(all[i], b);
    for (size_t i = 0; i < OFFICE_PARTS; i++)
        drop(&r.parts[i], b);
    return e;
}
