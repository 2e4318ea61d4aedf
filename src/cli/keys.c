/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit key …`, `hoheit tenant …`, `hoheit person …`: API keys, and whose they are. */
#include "base/secret.h"
#include "cli/remote.h"
#include "cli/show.h"

enum { SECRET_BYTES_MAX = 128 };
static const uint64_t day_ms = 86400000;

/* ---- add */

static void
member(buf *b, const struct args *a, const char *option, const char *name)
{
    const str value = args_str(a, option);
    if (value.len)
        json_member_str(b, name, value);
}

/* The secret of an access key is not for a command line, where all can read it. */
static fallible
read_secret(struct cli *c, str *ret)
{
    char line[SECRET_BYTES_MAX + 2];
    if (!fgets(line, sizeof line, c->in))
        REFUSE(ARGUMENT, "import-aws",
               "--import-aws wants the secret access key on standard input");
    const err e = try_arena_str(c->a, str_slice(str_of(line), 0, strcspn(line, "\r\n")), ret);
    wipe(line, sizeof line);
    return e;
}

static fallible
put_pair(struct cli *c, const struct args *a, buf *b)
{
    const str id = args_str(a, "import-aws");
    str key;
    if (!id.len) {
        if (args_has(a, "aws"))
            json_member_bool(b, "aws", true);
        return OK;
    }
    TRY(read_secret(c, &key));
    json_key(b, "import_aws");
    json_open(b, '{');
    json_member_str(b, "access_key_id", id);
    json_member_str(b, "secret_access_key", key);
    json_close(b, '}');
    return OK;
}

static fallible
put_wish(struct cli *c, const struct args *a, buf *b)
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
    member(b, a, "person", "person");
    member(b, a, "models", "models");
    member(b, a, "network", "networks");
    member(b, a, "ceiling", "ceiling");
    member(b, a, "role", "role");
    member(b, a, "purposes", "purposes");
    member(b, a, "purpose", "purpose");
    TRY(put_pair(c, a, b));
    if (args_has(a, "operator"))
        json_member_bool(b, "operator", true);
    if (valid_ms)
        json_member_u64(b, "valid_ms", valid_ms);
    json_close(b, '}');
    return buf_end(b);
}

static void
show_pair(struct cli *c, const jval *answer)
{
    if (!cli_text(c, answer, "access_key_id").len)
        return;
    (void)fputs("AWS_ACCESS_KEY_ID=", c->out);
    show_text(c->out, cli_text(c, answer, "access_key_id"), false);
    (void)fputs("\nAWS_SECRET_ACCESS_KEY=", c->out);
    show_text(c->out, cli_text(c, answer, "secret_access_key"), false);
    (void)fputc('\n', c->out);
}

/* Sends a wish, prints the key of the answer. */
static fallible
get_key(struct cli *c, const struct args *a, str path, const buf *body)
{
    AUTO(buf) shown = BUF(64 * 1024);
    jval root;
    struct remote_call q = REMOTE_CALL("POST", path);
    q.body = buf_str(body);
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
    show_pair(c, &root);
    cli_note(c, "This is shown once. Send it as \"Authorization: Bearer KEY\", or set HOHEIT_KEY.");
    return OK;
}

fallible
cmd_key_add(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(64 * 1024);
    TRY(put_wish(c, a, &body));
    return get_key(c, a, STR("/admin/v1/keys"), &body);
}

fallible
cmd_key_rotate(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(64 * 1024);
    AUTO(buf) path = BUF(4096);
    uint64_t overlap_ms = 0;
    TRY(args_ms(a, "overlap", 366 * day_ms, &overlap_ms));
    json_open(&body, '{');
    json_member_u64(&body, "overlap_ms", overlap_ms);
    member(&body, a, "import", "import");
    json_close(&body, '}');
    TRY(buf_end(&body));
    buf_add(&path, STR("/admin/v1/keys/"));
    percent_put(&path, a->at[0]);
    buf_add(&path, STR("/rotate"));
    TRY(buf_end(&path));
    return get_key(c, a, buf_str(&path), &body);
}

/* ---- list */

static fallible
add_row(struct cli *c, struct table *t, const jval *key)
{
    static const char *const names[] = {"name", "id", "tenant", "clearance", "default_label"};
    TRY(json_object(key));
    const jval flag = json_get(key, "operator");
    const str role = cli_text(c, key, "role");
    bool is_operator = false;
    TRY(opt_json_bool(&flag, &is_operator));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        TRY(table_add(t, cli_text(c, key, names[i])));
    TRY(table_add(t, role.len || !is_operator ? role : STR("operator")));
    TRY(table_add(t, cli_text(c, key, "state")));
    const str expires = cli_text(c, key, "expires");
    return table_add(t, expires.len ? str_slice(expires, 0, 16) : STR("never"));
}

typedef err row_fn(struct cli *c, struct table *t, const jval *row);

static fallible
list(struct cli *c, const char *path, const char *heads, row_fn *fn)
{
    const struct remote_call q = REMOTE_CALL("GET", str_of(path));
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    struct table t;
    struct jwalk w = {0};
    jval root, row;
    TRY(remote_json(c, &q, &root));
    TRY(json_array(&root, 0, SIZE_MAX));
    if (c->json) {
        json_put_value(&b, &root);
        return cli_put_json(c, &b);
    }
    TRY(table_begin(&t, c->a, heads));
    while (json_each(&root, &w, &row))
        TRY(fn(c, &t, &row));
    table_show(&t, c->out, c->colored);
    return OK;
}

fallible
cmd_key_list(struct cli *c, const struct args *a)
{
    (void)a;
    return list(c, "/admin/v1/keys", "NAME|ID|TENANT|CLEARANCE|DEFAULT LABEL|ROLE|STATE|EXPIRES",
                add_row);
}

/* ---- revoke */

static fallible
remove_one(struct cli *c, const struct args *a, const char *path_begin, const char *done)
{
    AUTO(buf) path = BUF(4096);
    jval root;
    buf_add(&path, str_of(path_begin));
    percent_put(&path, a->at[0]);
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("DELETE", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    cli_note(c, "%s %.*s", done, STR_FMT(a->at[0]));
    return OK;
}

fallible
cmd_key_revoke(struct cli *c, const struct args *a)
{
    return remove_one(c, a, "/admin/v1/keys/", "revoked");
}

/* ---- tenants and people */

/* `above` is the option, and the member, that names what it belongs to. */
static fallible
add_one(struct cli *c, const struct args *a, const char *path, const char *above)
{
    AUTO(buf) body = BUF(64 * 1024);
    jval root;
    json_open(&body, '{');
    json_member_str(&body, "name", a->at[0]);
    member(&body, a, "title", "title");
    member(&body, a, above, above);
    json_close(&body, '}');
    TRY(buf_end(&body));
    struct remote_call q = REMOTE_CALL("POST", str_of(path));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    cli_note(c, "added %.*s", STR_FMT(a->at[0]));
    return OK;
}

static fallible
add_texts(struct cli *c, struct table *t, const jval *row, const char *above)
{
    TRY(json_object(row));
    TRY(table_add(t, cli_text(c, row, "name")));
    TRY(table_add(t, cli_text(c, row, above)));
    TRY(table_add(t, cli_text(c, row, "title")));
    return table_add(t, str_slice(cli_text(c, row, "created"), 0, 10));
}

static err
add_tenant_row(struct cli *c, struct table *t, const jval *row)
{
    return add_texts(c, t, row, "parent");
}

static err
add_person_row(struct cli *c, struct table *t, const jval *row)
{
    return add_texts(c, t, row, "tenant");
}

fallible
cmd_tenant_add(struct cli *c, const struct args *a)
{
    return add_one(c, a, "/admin/v1/tenants", "parent");
}

fallible
cmd_tenant_list(struct cli *c, const struct args *a)
{
    (void)a;
    return list(c, "/admin/v1/tenants", "NAME|UNIT OF|TITLE|SINCE", add_tenant_row);
}

fallible
cmd_tenant_rm(struct cli *c, const struct args *a)
{
    return remove_one(c, a, "/admin/v1/tenants/", "removed");
}

fallible
cmd_person_add(struct cli *c, const struct args *a)
{
    return add_one(c, a, "/admin/v1/persons", "tenant");
}

fallible
cmd_person_list(struct cli *c, const struct args *a)
{
    (void)a;
    return list(c, "/admin/v1/persons", "NAME|TENANT|TITLE|SINCE", add_person_row);
}

fallible
cmd_person_rm(struct cli *c, const struct args *a)
{
    return remove_one(c, a, "/admin/v1/persons/", "removed");
}
