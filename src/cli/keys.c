/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit key …`: API keys. */
#include "cli/remote.h"
#include "cli/show.h"

static const uint64_t day_ms = 86400000;

/* ---- add */

static void
member(buf *b, const struct args *a, const char *option, const char *name)
{
    const str value = args_str(a, option);
    if (value.len)
        json_member_str(b, name, value);
}

static fallible
put_wish(const struct args *a, buf *b)
{
    uint64_t valid_ms = 0;
    if (!args_str(a, "name").len)
        REFUSE(ARGUMENT, "name", "a key needs a name: --name NAME");
    TRY(args_ms(a, "expires", 36500 * day_ms, &valid_ms));
    json_open(b, '{');
    member(b, a, "name", "name");
    member(b, a, "tenant", "tenant");
    member(b, a, "clearance", "clearance");
    member(b, a, "party", "party");
    member(b, a, "default-label", "default_label");
    member(b, a, "import", "import");
    if (args_has(a, "operator"))
        json_member_bool(b, "operator", true);
    if (valid_ms)
        json_member_u64(b, "valid_ms", valid_ms);
    json_close(b, '}');
    return buf_end(b);
}

fallible
cmd_key_add(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(64 * 1024);
    AUTO(buf) shown = BUF(64 * 1024);
    jval root;
    TRY(put_wish(a, &body));
    struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/keys"));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    const str key = cli_text(c, &root, "key"), wanted = args_str(a, "import");
    if (wanted.len && !str_eq(key, wanted))
        REFUSE(UNSUPPORTED, "import", "this daemon made a key of its own instead of importing one");
    if (c->json) {
        json_put_value(&shown, &root);
        return cli_put_json(c, &shown);
    }
    show_text(c->out, key, false);
    (void)fputc('\n', c->out);
    cli_note(c, "This is shown once. Send it as \"Authorization: Bearer KEY\", or set HOHEIT_KEY.");
    return OK;
}

/* ---- list */

static fallible
add_row(struct cli *c, struct table *t, const jval *key)
{
    static const char *const names[] = {"name", "id", "tenant", "clearance", "default_label"};
    const jval role = json_get(key, "operator");
    bool is_operator = false;
    TRY(json_object(key));
    TRY(opt_json_bool(&role, &is_operator));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        TRY(table_add(t, cli_text(c, key, names[i])));
    TRY(table_add(t, is_operator ? STR("operator") : STR("")));
    TRY(table_add(t, cli_text(c, key, "state")));
    const str expires = cli_text(c, key, "expires");
    return table_add(t, expires.len ? str_slice(expires, 0, 16) : STR("never"));
}

fallible
cmd_key_list(struct cli *c, const struct args *a)
{
    (void)a;
    const struct remote_call q = REMOTE_CALL("GET", STR("/admin/v1/keys"));
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    struct table t;
    struct jwalk w = {0};
    jval root, key;
    TRY(remote_json(c, &q, &root));
    TRY(json_array(&root, 0, SIZE_MAX));
    if (c->json) {
        json_put_value(&b, &root);
        return cli_put_json(c, &b);
    }
    TRY(table_begin(&t, c->a, "NAME|ID|TENANT|CLEARANCE|DEFAULT LABEL|ROLE|STATE|EXPIRES"));
    while (json_each(&root, &w, &key))
        TRY(add_row(c, &t, &key));
    table_show(&t, c->out, c->colored);
    return OK;
}

/* ---- revoke */

fallible
cmd_key_revoke(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(4096);
    jval root;
    buf_add(&path, STR("/admin/v1/keys/"));
    percent_put(&path, a->at[0]);
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("DELETE", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    cli_note(c, "revoked %.*s", STR_FMT(a->at[0]));
    return OK;
}
