/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit policy propose|list|review|approve|rollback`: the policy in force, by two persons. */
#include "cli/remote.h"
#include "cli/show.h"
#include "os/file.h"

enum { FILE_BYTES_MAX = 256 * 1024, BODY_BYTES_MAX = 2 * 1024 * 1024, PATH_BYTES_MAX = 256 };

static fallible
say_proposed(struct cli *c, const jval *root)
{
    AUTO(buf) b = BUF(4096);
    TRY(json_object(root));
    if (c->json) {
        json_put_value(&b, root);
        return cli_put_json(c, &b);
    }
    (void)fprintf(c->out, "%llu\n", (unsigned long long)cli_number(root, "id"));
    cli_note(c, "Somebody else reads it with `hoheit policy review` and approves it.");
    return OK;
}

fallible
cmd_policy_propose(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(BODY_BYTES_MAX);
    jval root;
    str text;
    TRY(file_read(c->a, arena_str(c->a, a->at[0]).at, FILE_BYTES_MAX, &text));
    json_open(&body, '{');
    json_member_str(&body, "text", text);
    json_close(&body, '}');
    TRY(buf_end(&body));
    struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/policy"));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    return say_proposed(c, &root);
}

fallible
cmd_policy_rollback(struct cli *c, const struct args *a)
{
    const struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/policy/rollback"));
    jval root;
    (void)a;
    TRY(remote_json(c, &q, &root));
    return say_proposed(c, &root);
}

static fallible
path_of(const struct args *a, const char *end, buf *b)
{
    buf_add(b, STR("/admin/v1/policy/"));
    percent_put(b, a->at[0]);
    buf_add(b, str_of(end));
    return buf_end(b);
}

fallible
cmd_policy_approve(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    jval root;
    TRY(path_of(a, "/approve", &path));
    const struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    cli_note(c, "version %.*s is in force", STR_FMT(a->at[0]));
    return OK;
}

/* ---- looking */
static fallible
add_person(struct table *t, struct cli *c, const jval *row, const char *person, const char *key)
{
    const str name = cli_text(c, row, person);
    return table_add(t, name.len ? name : cli_text(c, row, key));
}

static fallible
add_row(struct cli *c, struct table *t, const jval *row)
{
    TRY(json_object(row));
    TRY(table_add(t, cli_text(c, row, "id")));
    TRY(table_add(t, cli_text(c, row, "state")));
    TRY(add_person(t, c, row, "proposer_person", "proposer"));
    TRY(table_add(t, str_slice(cli_text(c, row, "proposed"), 0, 16)));
    TRY(add_person(t, c, row, "approver_person", "approver"));
    TRY(table_add(t, str_slice(cli_text(c, row, "approved"), 0, 16)));
    return table_add(t, str_slice(cli_text(c, row, "sha256"), 0, 12));
}

fallible
cmd_policy_list(struct cli *c, const struct args *a)
{
    const struct remote_call q = REMOTE_CALL("GET", STR("/admin/v1/policy"));
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    struct table t;
    struct jwalk w = {0};
    jval root, row;
    (void)a;
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    if (c->json) {
        json_put_value(&b, &root);
        return cli_put_json(c, &b);
    }
    const jval rows = json_get(&root, "versions");
    TRY(json_array(&rows, 0, SIZE_MAX));
    TRY(table_begin(&t, c->a, "ID>|STATE|PROPOSED BY|AT|APPROVED BY|AT|SHA-256"));
    while (json_each(&rows, &w, &row))
        TRY(add_row(c, &t, &row));
    table_show(&t, c->out, c->colored);
    if (!cli_number(&root, "active"))
        cli_note(c, "The policy file is in force.");
    return OK;
}

static fallible
show_changes(struct cli *c, const jval *root)
{
    const jval changes = json_get(root, "changes");
    struct jwalk w = {0};
    jval line;
    str text;
    TRY(json_array(&changes, 0, SIZE_MAX));
    while (json_each(&changes, &w, &line)) {
        TRY(json_str(&line, SIZE_MAX, &text));
        show_text(c->out, text, false);
        (void)fputc('\n', c->out);
    }
    if (!json_count(&changes))
        cli_note(c, "Nothing changes.");
    return OK;
}

fallible
cmd_policy_review(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    jval root;
    TRY(path_of(a, "", &path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    if (c->json) {
        json_put_value(&b, &root);
        return cli_put_json(c, &b);
    }
    if (!args_has(a, "text"))
        return show_changes(c, &root);
    show_text(c->out, cli_text(c, &root, "text"), true);
    return OK;
}
