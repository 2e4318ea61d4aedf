/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit form explain|check`: a form field by field, and values held against it. */
#include "work/form/form.h"

#include "cli/offline/commands.h"
#include "cli/show.h"
#include "os/file.h"

enum { INDENT = 4, WIDTH = 96 };
#define ANSWER_BYTES ((size_t)64 << 20)

static fallible
read_form(struct cli *c, const struct args *a, struct form *ret)
{
    str text;
    TRY(file_read(c->a, arena_str(c->a, a->at[0]).at, FORM_BYTES_MAX, &text));
    return form_read(c->a, text, ret);
}

static fallible
show_field(struct cli *c, const struct form_field *f)
{
    str says;
    TRY(form_say(c->a, f, &says));
    show_styled(c->out, c->colored, STYLE_BOLD, f->title);
    if (!str_eq(f->title, f->name)) {
        (void)fputs("  (", c->out);
        show_text(c->out, f->name, false);
        (void)fputc(')', c->out);
    }
    (void)fputc('\n', c->out);
    show_wrapped(c->out, says, INDENT, WIDTH);
    if (f->help.len)
        show_wrapped(c->out, f->help, INDENT, WIDTH);
    if (f->legal.len)
        show_wrapped(c->out, f->legal, INDENT, WIDTH);
    return OK;
}

fallible
cmd_form_explain(struct cli *c, const struct args *a)
{
    AUTO(buf) b = BUF(ANSWER_BYTES);
    struct form f;
    TRY(read_form(c, a, &f));
    if (c->json) {
        json_open(&b, '{');
        TRY(form_put_json(c->a, &f, &b));
        json_close(&b, '}');
        return cli_put_json(c, &b);
    }
    if (f.title.len) {
        show_styled(c->out, c->colored, STYLE_BOLD, f.title);
        (void)fputs("\n\n", c->out);
    }
    for (size_t i = 0; i < f.fields.count; i++)
        TRY(show_field(c, &f.fields.at[i]));
    return OK;
}

fallible
cmd_form_check(struct cli *c, const struct args *a)
{
    AUTO(buf) b = BUF(ANSWER_BYTES);
    struct form f;
    form_remarks remarks = {0};
    str text;
    jval values;
    TRY(read_form(c, a, &f));
    TRY(file_read(c->a, arena_str(c->a, a->at[1]).at, FORM_BYTES_MAX, &text));
    TRY(json_read(c->a, text, &values));
    TRY(form_check(c->a, &f, &values, &remarks));
    if (c->json) {
        json_open(&b, '{');
        form_put_remarks(&remarks, &b);
        json_close(&b, '}');
        TRY(cli_put_json(c, &b));
    }
    for (size_t i = 0; !c->json && i < remarks.count; i++) {
        show_text(c->out, remarks.at[i].name, false);
        (void)fputs(":\n", c->out);
        show_wrapped(c->out, remarks.at[i].says, INDENT, WIDTH);
    }
    if (!remarks.count)
        return OK;
    c->silent = true;
    FAIL(ARGUMENT, "the values do not fit the form");
}
