/* SPDX-License-Identifier: EUPL-1.2 */
/* What somebody entered, held against the form. */
#include "base/num.h"
#include "base/utf8.h"
#include "work/form/form.h"
#include "work/triage/date.h"

enum { REMARKS_MAX = 2000, DATE_PARTS = 3 };

struct checking {
    arena *a;
    const struct form *f;
    form_remarks *out;
};

static fallible
remark(struct checking *k, str name, str says)
{
    struct form_remark r = {.name = name};
    if (k->out->count == REMARKS_MAX)
        return OK;
    TRY(try_arena_str(k->a, says, &r.says));
    return VEC_ADD(k->a, k->out, &r);
}

/* "Geburtsdatum: " and what is to be there. */
static fallible
remark_kind(struct checking *k, const struct form_field *f, const char *before)
{
    AUTO(buf) b = BUF((size_t)4 * FORM_TEXT_MAX * 8);
    str says;
    TRY(form_say(k->a, f, &says));
    buf_add(&b, f->title);
    buf_add(&b, str_of(before));
    buf_add(&b, says);
    TRY(buf_end(&b));
    return remark(k, f->name, buf_str(&b));
}

static bool
is_date(str text)
{
    uint64_t part[DATE_PARTS];
    day d;
    if (text.len != 10)
        return false;
    for (int i = 0; i < DATE_PARTS; i++) {
        str one;
        if (!str_next(&text, '-', &one) || num_u64(one, 0, 9999, &part[i]).code)
            return false;
    }
    return day_make((int)part[0], (int)part[1], (int)part[2], &d);
}

static bool
is_email(str text)
{
    const ptrdiff_t at = str_find_char(text, '@');
    const str host = str_slice(text, at < 0 ? text.len : (size_t)at + 1, text.len);
    return at > 0 && host.len > 2 && str_find_char(host, '@') < 0 && str_find_char(host, '.') > 0 &&
           host.at[host.len - 1] != '.' && str_find_char(text, ' ') < 0;
}

static size_t
count_characters(str text)
{
    size_t n = 0;
    for (uint32_t c; utf8_next(&text, &c);)
        n++;
    return n;
}

static bool
is_option(const struct form_field *f, str text)
{
    bool is = f->option_count == 0;
    for (size_t i = 0; i < f->option_count && !is; i++)
        is = str_eq(f->options[i], text);
    return is;
}

static bool
is_within(const struct form_field *f, double n)
{
    return (!f->has_least || n >= f->least) && (!f->has_most || n <= f->most);
}

static bool
fits_text(const struct form_field *f, str text)
{
    if (f->type == FORM_DATE)
        return is_date(text);
    if (f->type == FORM_EMAIL)
        return is_email(text);
    return is_option(f, text) && is_within(f, (double)count_characters(text));
}

static bool
fits(const struct form_field *f, const jval *v)
{
    const enum jtype t = json_type(*v);
    double n;
    str text;
    if (f->type == FORM_OTHER || f->type == FORM_FILE)
        return true;
    if (f->type == FORM_YES_NO)
        return t == J_BOOL;
    if (f->type == FORM_WHOLE || f->type == FORM_NUMBER)
        return t == J_NUMBER && !json_f64(v, -1e15, 1e15, &n).code && is_within(f, n) &&
               (f->type == FORM_NUMBER || n == (double)(int64_t)n);
    return t == J_STRING && !json_str(v, FORM_BYTES_MAX, &text).code && fits_text(f, text);
}

/* The value of "a.b"; absent if there is none.  The steps are kept in `at`, as jvals point up. */
static jval
find_value(const jval *values, str name, jval at[FORM_DEPTH_MAX + 1])
{
    char room[FORM_TEXT_MAX];
    str one;
    size_t n = 0;
    at[0] = *values;
    while (name.len && str_next(&name, '.', &one)) {
        if (n == FORM_DEPTH_MAX || json_type(at[n]) != J_OBJECT ||
            !str_copy(one, room, sizeof room))
            return (jval){0};
        at[n + 1] = json_get(&at[n], room);
        n++;
    }
    return at[n];
}

static bool
is_empty(const jval *v)
{
    str text = STR_NONE;
    if (json_type(*v) == J_ABSENT || json_type(*v) == J_NULL)
        return true;
    return json_type(*v) == J_STRING && !json_str(v, FORM_BYTES_MAX, &text).code &&
           !str_trim(text).len;
}

static fallible
check_field(struct checking *k, const struct form_field *f, const jval *values)
{
    jval steps[FORM_DEPTH_MAX + 1];
    const jval v = find_value(values, f->name, steps);
    if (is_empty(&v))
        return f->is_required ? remark_kind(k, f, " fehlt noch. ") : OK;
    return fits(f, &v) ? OK : remark_kind(k, f, " passt so nicht. ");
}

static bool
is_known(const struct form *f, str name, bool *ret_group)
{
    *ret_group = false;
    for (size_t i = 0; i < f->fields.count; i++) {
        const str other = f->fields.at[i].name;
        if (str_eq(other, name))
            return true;
        *ret_group |= str_starts(other, name) && other.len > name.len && other.at[name.len] == '.';
    }
    return *ret_group;
}

static fallible
check_unknown(struct checking *k, const jval *o, str before, int depth)
{
    struct jwalk w = {0};
    for (jval v; json_each(o, &w, &v);) {
        AUTO(buf) b = BUF(FORM_TEXT_MAX);
        str name;
        bool is_group;
        buf_add(&b, before);
        buf_add(&b, before.len ? STR(".") : STR_NONE);
        buf_add(&b, str_of(v.name));
        TRY(buf_end(&b));
        TRY(try_arena_str(k->a, buf_str(&b), &name));
        if (!is_known(k->f, name, &is_group))
            TRY(remark(k, name, STR("Dieses Feld hat das Formular nicht.")));
        else if (is_group && json_type(v) == J_OBJECT && depth < FORM_DEPTH_MAX)
            TRY(check_unknown(k, &v, name, depth + 1));
    }
    return OK;
}

fallible
form_check(arena *a, const struct form *f, const jval *values, form_remarks *ret)
{
    struct checking k = {a, f, ret};
    TRY(json_object(values));
    for (size_t i = 0; i < f->fields.count; i++)
        TRY(check_field(&k, &f->fields.at[i], values));
    return check_unknown(&k, values, STR_NONE, 0);
}

void
form_put_remarks(const form_remarks *r, buf *b)
{
    json_member_bool(b, "complete", r->count == 0);
    json_key(b, "remarks");
    json_open(b, '[');
    for (size_t i = 0; i < r->count; i++) {
        json_open(b, '{');
        json_member_str(b, "name", r->at[i].name);
        json_member_str(b, "says", r->at[i].says);
        json_close(b, '}');
    }
    json_close(b, ']');
}
