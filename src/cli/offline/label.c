/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit label parse|join|import|export`: labels, read by a policy file; no daemon is asked. */
#include "cli/offline/commands.h"
#include "cli/offline/policy.h"
#include "cli/show.h"
#include "os/clock.h"
#include "policy/expression.h"
#include "policy/stanag.h"
#include "policy/stanag_read.h"
#include "policy/tlp.h"

enum { TEXT_MAX = 128 * 1024 };

static fallible
put_label(struct cli *c, const policy *p, label l)
{
    AUTO(buf) b = BUF(TEXT_MAX);
    char room[LABEL_TEXT_MAX];
    const str text = label_text(policy_names(p), l, room);
    if (!c->json) {
        show_text(c->out, text, false);
        (void)fputc('\n', c->out);
        return OK;
    }
    json_open(&b, '{');
    json_member_str(&b, "label", text);
    json_key(&b, "bits");
    json_open(&b, '[');
    for (int bit = 0; bit < LABEL_TAINT_FIRST + LABEL_TAINT_COUNT; bit++)
        if (label_has(l, bit))
            json_put_i64(&b, bit);
    json_close(&b, ']');
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

/* What all of them together may be shown to: parse is a join of one. */
fallible
cmd_label_join(struct cli *c, const struct args *a)
{
    AUTO(policy_file) p = NULL;
    label all = LABEL_BOTTOM, one;
    TRY(policy_file_open(c, args_value(a, "policy"), &p));
    for (size_t i = 0; i < a->count; i++) {
        TRY(label_parse(policy_names(p), a->at[i], &one));
        all = label_join(all, one);
    }
    return put_label(c, p, all);
}

fallible
cmd_label_parse(struct cli *c, const struct args *a)
{
    return cmd_label_join(c, a);
}

/* ---- import */
static fallible
import_expression(struct cli *c, const policy *p, str text, label *ret)
{
    const expression *e;
    TRY(expression_parse(c->a, text, &e));
    return expression_label(e, policy_names(p), LABEL_BOTTOM, ret);
}

static fallible
check_policy_id(const struct args *a, str *ret)
{
    *ret = args_str(a, "policy-id");
    if (!ret->len)
        REFUSE(ARGUMENT, "policy-id", "say whose words these are: --policy-id NAME");
    return OK;
}

static fallible
import_stanag(const policy *p, const struct args *a, label *ret)
{
    str id;
    TRY(check_policy_id(a, &id));
    return stanag_read(policy_names(p), a->at[0], id, ret);
}

fallible
cmd_label_import(struct cli *c, const struct args *a)
{
    AUTO(policy_file) p = NULL;
    const str form = args_str(a, "from");
    label l = LABEL_BOTTOM;
    TRY(policy_file_open(c, args_value(a, "policy"), &p));
    if (str_eq(form, STR("accumulo")))
        TRY(import_expression(c, p, a->at[0], &l));
    else if (str_eq(form, STR("tlp")))
        TRY(tlp_label(p, a->at[0], &l));
    else if (str_eq(form, STR("stanag4774")))
        TRY(import_stanag(p, a, &l));
    else
        REFUSE(ARGUMENT, "from",
               "say what it is: --from accumulo, --from tlp or --from stanag4774");
    return put_label(c, p, l);
}

/* ---- export */
static fallible
export_tlp(const policy *p, label l, buf *b)
{
    enum tlp t = TLP_RED;
    TRY(tlp_of(p, l, &t));
    buf_add_fmt(b, "TLP:%s", tlp_name(t));
    return OK;
}

static fallible
export_stanag(const policy *p, const struct args *a, label l, buf *b)
{
    AUTO(buf) now = BUF(64);
    str id;
    TRY(check_policy_id(a, &id));
    clock_put(&now, clock_wall_ms());
    return stanag_put(policy_names(p), l, id, buf_str(&now), b);
}

fallible
cmd_label_export(struct cli *c, const struct args *a)
{
    AUTO(policy_file) p = NULL;
    AUTO(buf) b = BUF(TEXT_MAX);
    const str form = args_str(a, "to");
    label l = LABEL_BOTTOM;
    TRY(policy_file_open(c, args_value(a, "policy"), &p));
    TRY(label_parse(policy_names(p), a->at[0], &l));
    if (str_eq(form, STR("accumulo")))
        TRY(expression_put(policy_names(p), l, &b));
    else if (str_eq(form, STR("tlp")))
        TRY(export_tlp(p, l, &b));
    else if (str_eq(form, STR("stanag4774")))
        TRY(export_stanag(p, a, l, &b));
    else
        REFUSE(ARGUMENT, "to", "say as what: --to accumulo, --to tlp or --to stanag4774");
    TRY(buf_end(&b));
    show_text(c->out, buf_str(&b), false);
    (void)fputc('\n', c->out);
    return OK;
}
