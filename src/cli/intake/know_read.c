/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/intake/know_read.h"

#include <limits.h>
#include <stdio.h>

#include "base/utf8.h"
#include "know/cell/cell.h"
#include "os/proc.h"

enum { NONE = -1 };

void
know_read_begin(struct cli *c)
{
    char dir[PATH_MAX], program[PATH_MAX + 32];
    if (c->reader)
        return;
    c->reader = NONE;
    if (proc_own_dir(dir, sizeof dir).code)
        return;
    (void)snprintf(program, sizeof program, "%s/hoheit-reader", dir);
    if (cell_start(c->env.reader ? c->env.reader : program, NULL, &c->reader).code)
        c->reader = NONE; /* told with the first document that needs it */
}

static bool
is_of_document(err e)
{
    return e.code == ERR_PARSE || e.code == ERR_UNSUPPORTED || e.code == ERR_LIMIT;
}

static fallible
read_in_cell(struct cli *c, enum doc_form form, str bytes, struct know_text *ret)
{
    know_read_begin(c);
    if (c->reader == NONE) {
        ret->refused = "is read by hoheit-reader, which is not beside hoheit";
        return OK;
    }
    const err e = cell_read(c->reader, form, bytes, &ret->text);
    if (is_of_document(e)) {
        ret->refused = arena_str(c->a, str_of(err_text())).at;
        return OK;
    }
    TRY(e);
    ret->is_mapped = true;
    ret->form = DOC_MARKDOWN;
    if (!str_trim(ret->text).len)
        ret->refused = "has no text";
    return OK;
}

fallible
know_read(struct cli *c, enum doc_form form, str bytes, struct know_text *ret)
{
    *ret = (struct know_text){.form = form};
    if (form != DOC_TEXT && form != DOC_MARKDOWN)
        TRY(read_in_cell(c, form, bytes, ret));
    else
        ret->text = bytes;
    if (!ret->refused && !utf8_valid(ret->text))
        ret->refused = "is no UTF-8 text";
    return OK;
}

void
know_text_auto(struct know_text *t)
{
    if (t->is_mapped)
        cell_release(t->text);
}
