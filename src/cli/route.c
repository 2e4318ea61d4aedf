/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit route`: where a request of a label would go, without sending it. */
#include "cli/remote.h"
#include "cli/show.h"

enum { PATH_BYTES_MAX = 8192 };

static fallible
add_target(struct cli *c, struct table *t, const jval *target)
{
    TRY(json_object(target));
    TRY(table_add(t, cli_text(c, target, "model")));
    TRY(table_add(t, cli_text(c, target, "engine")));
    TRY(table_add(t, cli_text(c, target, "verdict")));
    TRY(table_add(t, cli_text(c, target, "rule")));
    return table_add(t, cli_text(c, target, "why"));
}

static fallible
show_targets(struct cli *c, const jval *root)
{
    const jval targets = json_get(root, "targets");
    struct table t;
    struct jwalk w = {0};
    jval target;
    TRY(json_array(&targets, 1, SIZE_MAX));
    TRY(table_begin(&t, c->a, "MODEL|ENGINE|VERDICT|RULE|WHY"));
    while (json_each(&targets, &w, &target))
        TRY(add_target(c, &t, &target));
    table_show(&t, c->out, c->colored);
    return OK;
}

fallible
cmd_route(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    jval root;
    buf_add(&path, STR("/admin/v1/route"));
    query_put(&path, "label", a->at[0]);
    query_put(&path, "model", a->at[1]);
    if (args_str(a, "purpose").len)
        query_put(&path, "purpose", args_str(a, "purpose"));
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    if (!c->json)
        return show_targets(c, &root);
    json_put_value(&b, &root);
    return cli_put_json(c, &b);
}
