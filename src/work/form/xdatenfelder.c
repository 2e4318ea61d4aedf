/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/form/xdatenfelder.h"

#include "base/num.h"

enum { DEEP = 64 };

/* Fields lie in the "struktur" that says how often they come. */
struct reader {
    arena *a;
    struct form *f;
    str rest;
    str open[DEEP];
    size_t depth;
    buf text;               /* of the innermost element */
    bool is_required[DEEP]; /* of the "struktur" at that depth */
    struct form_field field;
    size_t field_depth; /* 0: none is open */
};

/* ---- text */

static fallible
put_text(buf *b, str s)
{
    static const struct {
        str name;
        char c;
    } known[] = {{STR_INIT("&amp;"), '&'},
                 {STR_INIT("&lt;"), '<'},
                 {STR_INIT("&gt;"), '>'},
                 {STR_INIT("&quot;"), '"'},
                 {STR_INIT("&apos;"), '\''}};
    while (s.len) {
        const ptrdiff_t at = str_find_char(s, '&');
        bool found = false;
        if (at < 0)
            break;
        buf_add(b, str_slice(s, 0, (size_t)at));
        s = str_slice(s, (size_t)at, s.len);
        for (size_t i = 0; i < sizeof known / sizeof *known && !found; i++)
            if (str_starts(s, known[i].name)) {
                buf_add_char(b, known[i].c);
                s = str_slice(s, known[i].name.len, s.len);
                found = true;
            }
        if (!found)
            REFUSE(PARSE, "", "an entity of the form's description is not known");
    }
    buf_add(b, s);
    return OK;
}

/* ---- fields */

static enum form_type
type_of(str code)
{
    static const struct {
        str code;
        enum form_type is;
    } known[] = {{STR_INIT("text"), FORM_TEXT},           {STR_INIT("text_latin"), FORM_TEXT},
                 {STR_INIT("date"), FORM_DATE},           {STR_INIT("bool"), FORM_YES_NO},
                 {STR_INIT("num"), FORM_NUMBER},          {STR_INIT("num_int"), FORM_WHOLE},
                 {STR_INIT("num_currency"), FORM_NUMBER}, {STR_INIT("file"), FORM_FILE}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(known[i].code, code))
            return known[i].is;
    return FORM_OTHER;
}

/* {"minLength":"1","maxLength":"50"}: numbers as texts. */
static bool
bound_of(const jval *o, const char *name, double *ret)
{
    const jval v = json_get(o, name);
    str text;
    if (json_type(v) == J_NUMBER)
        return !json_f64(&v, -1e15, 1e15, ret).code;
    return json_type(v) == J_STRING && !json_str(&v, 64, &text).code &&
           !num_f64(text, -1e15, 1e15, ret).code;
}

static void
take_precision(struct reader *r, str text)
{
    struct form_field *const f = &r->field;
    jval o;
    if (!text.len)
        return;
    f->is_unchecked = true; /* until it is read */
    if (json_read(r->a, text, &o).code || json_type(o) != J_OBJECT)
        return;
    f->has_least = bound_of(&o, "minLength", &f->least) || bound_of(&o, "minValue", &f->least);
    f->has_most = bound_of(&o, "maxLength", &f->most) || bound_of(&o, "maxValue", &f->most);
    f->is_unchecked = json_type(json_get(&o, "pattern")) == J_STRING;
}

static bool
is_in(const struct reader *r, const char *parent)
{
    return r->depth > 1 && str_eq(r->open[r->depth - 2], str_of(parent));
}

static fallible
keep(struct reader *r, str text, str *to)
{
    return to->len ? OK : try_arena_str(r->a, text, to);
}

static fallible
take_member(struct reader *r, str name, str text)
{
    struct form_field *const f = &r->field;
    const bool is_own = r->depth == r->field_depth + 1;
    if (str_eq(name, STR("id")) && is_in(r, "identifikation") && r->depth == r->field_depth + 2)
        return keep(r, text, &f->name);
    if (is_own && str_eq(name, STR("bezeichnungEingabe")))
        f->title = STR_NONE; /* before the name for experts */
    if (is_own && (str_eq(name, STR("bezeichnungEingabe")) || str_eq(name, STR("name"))))
        return keep(r, text, &f->title);
    if (is_own && str_eq(name, STR("hilfetextEingabe")))
        return keep(r, text, &f->help);
    if (is_own && str_eq(name, STR("bezug")))
        return keep(r, text, &f->legal);
    if (is_own && str_eq(name, STR("praezisierung")))
        take_precision(r, text);
    if (str_eq(name, STR("code")) && is_in(r, "datentyp"))
        f->type = type_of(text);
    return OK;
}

static fallible
end_field(struct reader *r)
{
    struct form_field *const f = &r->field;
    for (size_t i = r->depth; i-- > 0;)
        if (str_eq(r->open[i], STR("struktur"))) {
            f->is_required = r->is_required[i];
            break;
        }
    if (!f->title.len)
        f->title = f->name;
    f->is_unchecked |= f->type == FORM_OTHER;
    r->field_depth = 0;
    if (!f->name.len)
        return OK;
    if (r->f->fields.count == FORM_FIELDS_MAX)
        REFUSE(LIMIT, "", "a form has at most %d fields", FORM_FIELDS_MAX);
    return VEC_ADD(r->a, &r->f->fields, f);
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

static fallible
end_element(struct reader *r)
{
    const str name = r->open[r->depth - 1], text = str_trim(buf_str(&r->text));
    if (r->field_depth == r->depth)
        TRY(end_field(r));
    else if (r->field_depth)
        TRY(take_member(r, name, text));
    else if (str_eq(name, STR("anzahl")) && is_in(r, "struktur"))
        r->is_required[r->depth - 2] = str_starts(text, STR("1"));
    else if (str_eq(name, STR("bezeichnung")) || str_eq(name, STR("name")))
        if (!r->f->title.len && is_in(r, "stammdatenschema"))
            TRY(keep(r, text, &r->f->title));
    buf_clear(&r->text);
    r->depth--;
    return OK;
}

static fallible
open_element(struct reader *r, str tag)
{
    const str name = local_name(tag);
    if (!name.len || r->depth == DEEP)
        REFUSE(PARSE, "", "the form's description is no XML, or too deep");
    r->is_required[r->depth] = false;
    r->open[r->depth++] = name;
    buf_clear(&r->text);
    if (str_eq(name, STR("datenfeld")) && !r->field_depth) {
        r->field = (struct form_field){.type = FORM_OTHER};
        r->field_depth = r->depth;
    }
    return str_ends(tag, STR("/")) ? end_element(r) : OK;
}

static fallible
take_until(struct reader *r, str mark, str *ret)
{
    const ptrdiff_t at = str_find(r->rest, mark);
    if (at < 0)
        REFUSE(PARSE, "", "the form's description ends inside of something");
    *ret = str_slice(r->rest, 0, (size_t)at);
    r->rest = str_slice(r->rest, (size_t)at + mark.len, r->rest.len);
    return OK;
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
        REFUSE(PARSE, "", "a document type is not read");
    TRY(take_until(r, STR(">"), &tag));
    if (!str_starts(tag, STR("/")))
        return open_element(r, tag);
    if (!r->depth || !str_eq(r->open[r->depth - 1], local_name(str_slice(tag, 1, tag.len))))
        REFUSE(PARSE, "", "an element of the form's description ends that did not begin");
    return end_element(r);
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
    TRY(buf_end(&r->text));
    if (r->depth)
        REFUSE(PARSE, "", "an element of the form's description does not end");
    return OK;
}

fallible
xdatenfelder_read(arena *a, str xml, struct form *ret)
{
    struct form f = {.title = STR_NONE};
    void *at = NULL;
    TRY(try_arena_get(a, 1, sizeof(struct reader), &at));
    struct reader *const r = (struct reader *)at;
    *r = (struct reader){.a = a, .f = &f, .rest = xml, .text = BUF(FORM_BYTES_MAX)};
    const err e = read_all(r);
    buf_done(&r->text);
    TRY(e);
    if (!f.fields.count)
        REFUSE(ARGUMENT, "", "the description holds no field (\"datenfeld\")");
    *ret = f;
    return OK;
}
