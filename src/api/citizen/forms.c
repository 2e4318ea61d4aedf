/* SPDX-License-Identifier: EUPL-1.2 */
/* POST /v1/citizen/form: a form explained, and values held against it (work/form). */
#include "api/citizen/citizen_api.h"
#include "api/read.h"
#include "api/responses/kept.h"
#include "work/form/form.h"

struct filling {
    jval body;
    struct form form;
};

static fallible
explain(struct kept_work *w)
{
    struct filling *const l = w->own;
    const jval values = json_get(&l->body, "values");
    form_remarks remarks = {0};
    json_open(&w->body, '{');
    TRY(form_put_json(w->call->a, &l->form, &w->body));
    if (json_type(values) != J_ABSENT) {
        TRY(form_check(w->call->a, &l->form, &values, &remarks));
        form_put_remarks(&remarks, &w->body);
    }
    json_close(&w->body, '}');
    kept_answer(w, w->one.label_text);
    return OK;
}

static void
explain_then(struct kept_work *w)
{
    kept_go(w, explain(w));
}

static fallible
read_wish(struct kept_work *w)
{
    static const char *const known[] = {"schema", "xml", "values", NULL};
    struct api_call *const c = w->call;
    struct filling *const l = w->own;
    str xml = STR_NONE;
    TRY(api_body(c, &l->body));
    TRY(api_body_only(&l->body, known));
    const jval schema = json_get(&l->body, "schema"), text = json_get(&l->body, "xml"),
               values = json_get(&l->body, "values");
    TRY(opt_json_str(&text, FORM_BYTES_MAX, &xml));
    if (json_type(values) != J_ABSENT)
        TRY(json_object(&values));
    if ((json_type(schema) == J_ABSENT) == (xml.len == 0))
        REFUSE(ARGUMENT, "schema", "say one: \"schema\", a JSON schema, or \"xml\", XDatenfelder");
    if (xml.len)
        TRY(form_read(c->a, xml, &l->form));
    else
        TRY(form_read_schema(c->a, &schema, &l->form));
    return keep_allow(&w->keep, OP_CITIZEN_FORM, http_header(c->x, STR("x-hoheit-label")), &w->one);
}

void
form_route(struct api_call *c)
{
    struct kept_work *const w = kept_begin(c, explain_then);
    w->own = arena_new(c->a, struct filling);
    kept_go(w, read_wish(w));
}
