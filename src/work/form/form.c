/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/form/form.h"

#include "base/utf8.h"
#include "work/form/xdatenfelder.h"

/* ---- reading a schema */

struct reading {
    arena *a;
    struct form *f;
};

static fallible
text_of(const jval *o, const char *name, str *ret)
{
    const jval v = json_get(o, name);
    *ret = STR_NONE;
    return json_type(v) == J_STRING ? json_str(&v, FORM_TEXT_MAX, ret) : OK;
}

static enum form_type
type_of(str type, str format)
{
    static const struct {
        const char *type, *format;
        enum form_type is;
    } known[] = {{"string", "date", FORM_DATE},   {"string", "email", FORM_EMAIL},
                 {"string", "binary", FORM_FILE}, {"string", NULL, FORM_TEXT},
                 {"integer", NULL, FORM_WHOLE},   {"number", NULL, FORM_NUMBER},
                 {"boolean", NULL, FORM_YES_NO}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq(type, str_of(known[i].type)) &&
            (!known[i].format || str_eq(format, str_of(known[i].format))))
            return known[i].is;
    return FORM_OTHER;
}

static bool
read_bound(const jval *o, const char *name, double *ret)
{
    const jval v = json_get(o, name);
    return json_type(v) == J_NUMBER && !json_f64(&v, -1e15, 1e15, ret).code;
}

static fallible
read_options(const jval *o, struct form_field *f)
{
    const jval all = json_get(o, "enum");
    struct jwalk w = {0};
    if (json_type(all) != J_ARRAY)
        return OK;
    TRY(json_array(&all, 0, FORM_OPTIONS_MAX));
    for (jval v; json_each(&all, &w, &v);)
        if (json_type(v) == J_STRING)
            TRY(json_str(&v, FORM_TEXT_MAX, &f->options[f->option_count++]));
    return OK;
}

static bool
is_required(const jval *parent, const char *name)
{
    const jval all = json_get(parent, "required");
    struct jwalk w = {0};
    str one;
    if (json_type(all) != J_ARRAY)
        return false;
    for (jval v; json_each(&all, &w, &v);)
        if (json_type(v) == J_STRING && !json_str(&v, FORM_TEXT_MAX, &one).code &&
            str_eq(one, str_of(name)))
            return true;
    return false;
}

static fallible
join_name(arena *a, str before, str name, str *ret)
{
    AUTO(buf) b = BUF(FORM_TEXT_MAX);
    buf_add(&b, before);
    if (before.len)
        buf_add_char(&b, '.');
    buf_add(&b, name);
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

static fallible
read_field(struct reading *r, const jval *v, str name, bool required)
{
    struct form_field f = {.name = name, .is_required = required};
    str type, format, pattern;
    TRY(text_of(v, "title", &f.title));
    TRY(text_of(v, "description", &f.help));
    TRY(text_of(v, "x-legal-basis", &f.legal));
    TRY(text_of(v, "type", &type));
    TRY(text_of(v, "format", &format));
    TRY(text_of(v, "pattern", &pattern));
    f.type = type_of(type, format);
    TRY(read_options(v, &f));
    if (f.option_count && f.type == FORM_OTHER)
        f.type = FORM_TEXT;
    const bool is_text = f.type == FORM_TEXT;
    f.has_least = read_bound(v, is_text ? "minLength" : "minimum", &f.least);
    f.has_most = read_bound(v, is_text ? "maxLength" : "maximum", &f.most);
    f.is_unchecked = pattern.len || f.type == FORM_OTHER;
    if (!f.title.len)
        f.title = name;
    if (r->f->fields.count == FORM_FIELDS_MAX)
        REFUSE(LIMIT, "", "a form has at most %d fields", FORM_FIELDS_MAX);
    return VEC_ADD(r->a, &r->f->fields, &f);
}

static fallible
read_object(struct reading *r, const jval *o, str before, int depth)
{
    const jval all = json_get(o, "properties");
    struct jwalk w = {0};
    if (depth == FORM_DEPTH_MAX)
        REFUSE(LIMIT, "", "the form's objects lie too deep in each other");
    if (json_type(all) != J_OBJECT)
        return OK;
    for (jval v; json_each(&all, &w, &v);) {
        str name;
        if (json_type(v) != J_OBJECT)
            REFUSE(PARSE, "", "a property of the schema is no object");
        const jval inner = json_get(&v, "properties");
        TRY(join_name(r->a, before, str_of(v.name), &name));
        if (json_type(inner) == J_OBJECT)
            TRY(read_object(r, &v, name, depth + 1));
        else
            TRY(read_field(r, &v, name, is_required(o, v.name)));
    }
    return OK;
}

fallible
form_read_schema(arena *a, const jval *root, struct form *ret)
{
    struct form f = {.title = STR_NONE};
    struct reading r = {a, &f};
    TRY(json_object(root));
    TRY(text_of(root, "title", &f.title));
    TRY(read_object(&r, root, STR_NONE, 0));
    if (!f.fields.count)
        REFUSE(ARGUMENT, "", "the description holds no field (\"properties\")");
    *ret = f;
    return OK;
}

fallible
form_read(arena *a, str text, struct form *ret)
{
    jval root;
    if (text.len > FORM_BYTES_MAX)
        REFUSE(TOO_LARGE, "", "a form's description has at most %d bytes", FORM_BYTES_MAX);
    for (size_t i = 0; i < text.len; i++)
        if (!strchr(" \t\r\n\xef\xbb\xbf", text.at[i])) {
            if (text.at[i] == '<')
                return xdatenfelder_read(a, str_slice(text, i, text.len), ret);
            break;
        }
    TRY(json_read(a, text, &root));
    return form_read_schema(a, &root, ret);
}

/* ---- in plain words */

static void
put_number(buf *b, double d)
{
    const bool is_whole = d == (double)(int64_t)d;
    if (is_whole)
        buf_add_fmt(b, "%lld", (long long)d);
    else
        buf_add_fmt(b, "%g", d);
}

static void
put_bounds(const struct form_field *f, const char *unit, buf *b)
{
    if (f->has_least) {
        buf_add(b, STR(", mindestens "));
        put_number(b, f->least);
        buf_add(b, str_of(unit));
    }
    if (f->has_most) {
        buf_add(b, STR(", höchstens "));
        put_number(b, f->most);
        buf_add(b, str_of(unit));
    }
}

static const char *
words_of(enum form_type t)
{
    static const char *const words[] = {[FORM_TEXT] = "ein Text",
                                        [FORM_WHOLE] = "eine ganze Zahl",
                                        [FORM_NUMBER] = "eine Zahl",
                                        [FORM_YES_NO] = "ja oder nein",
                                        [FORM_DATE] = "ein Datum, Jahr-Monat-Tag wie 2026-11-23",
                                        [FORM_EMAIL] = "eine E-Mail-Adresse wie name@beispiel.de",
                                        [FORM_FILE] = "eine Datei",
                                        [FORM_OTHER] = "eine Angabe, die hier nicht geprüft wird"};
    ASSERT(t <= FORM_OTHER);
    return words[t];
}

fallible
form_say(arena *a, const struct form_field *f, str *ret)
{
    AUTO(buf) b = BUF((size_t)4 * FORM_TEXT_MAX * 8);
    buf_add(&b, f->is_required ? STR("Pflichtangabe: ") : STR("Freiwillige Angabe: "));
    if (f->option_count)
        buf_add(&b, STR("eine dieser Möglichkeiten: "));
    for (size_t i = 0; i < f->option_count; i++) {
        buf_add(&b, i ? STR(", ") : STR_NONE);
        buf_add(&b, f->options[i]);
    }
    if (!f->option_count)
        buf_add(&b, str_of(words_of(f->type)));
    if (!f->option_count)
        put_bounds(f, f->type == FORM_TEXT ? " Zeichen" : "", &b);
    buf_add_char(&b, '.');
    if (f->is_unchecked && f->type != FORM_OTHER)
        buf_add(&b, STR(" Eine weitere Regel des Formulars wird hier nicht geprüft."));
    TRY(buf_end(&b));
    return try_arena_str(a, buf_str(&b), ret);
}

fallible
form_put_json(arena *a, const struct form *f, buf *b)
{
    json_member_str(b, "object", STR("form"));
    json_member_str(b, "title", f->title);
    json_key(b, "fields");
    json_open(b, '[');
    for (size_t i = 0; i < f->fields.count; i++) {
        const struct form_field *const x = &f->fields.at[i];
        str says;
        TRY(form_say(a, x, &says));
        json_open(b, '{');
        json_member_str(b, "name", x->name);
        json_member_str(b, "title", x->title);
        json_member_bool(b, "required", x->is_required);
        json_member_str(b, "says", says);
        json_member_str(b, "help", x->help);
        json_member_str(b, "legal_basis", x->legal);
        json_close(b, '}');
    }
    json_close(b, ']');
    return buf_end(b);
}
