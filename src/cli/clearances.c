/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit clearance propose|list|approve`: what people are cleared for, by two persons. */
#include "cli/remote.h"
#include "cli/show.h"
#include "policy/purpose.h"

enum { BODY_BYTES_MAX = 64 * 1024, PATH_BYTES_MAX = 1024 };
static const uint64_t day_ms = 86400000;

static fallible
put_wish(const struct args *a, buf *b)
{
    uint64_t valid_ms = 0;
    const str clearance = args_str(a, "clearance");
    TRY(args_ms(a, "expires", 3660 * day_ms, &valid_ms));
    if (!clearance.len)
        REFUSE(ARGUMENT, "clearance", "say what they are to be cleared for: --clearance LABEL");
    if (!valid_ms)
        REFUSE(ARGUMENT, "expires", "a clearance has an end: --expires 365d");
    json_open(b, '{');
    json_member_str(b, "clearance", clearance);
    if (args_str(a, "purposes").len)
        json_member_str(b, "purposes", args_str(a, "purposes"));
    json_member_u64(b, "valid_ms", valid_ms);
    json_close(b, '}');
    return buf_end(b);
}

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
    if (str_eq(cli_text(c, root, "state"), STR("active")))
        cli_note(c, "It is less than before, and in force.");
    else
        cli_note(c, "Another security officer approves it with `hoheit clearance approve`.");
    return OK;
}

fallible
cmd_clearance_propose(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(BODY_BYTES_MAX);
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    jval root;
    TRY(put_wish(a, &body));
    buf_add(&path, STR("/admin/v1/persons/"));
    percent_put(&path, a->at[0]);
    buf_add(&path, STR("/clearance"));
    TRY(buf_end(&path));
    struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    return say_proposed(c, &root);
}

fallible
cmd_clearance_approve(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    jval root;
    buf_add(&path, STR("/admin/v1/clearances/"));
    percent_put(&path, a->at[0]);
    buf_add(&path, STR("/approve"));
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    cli_note(c, "clearance %.*s is in force", STR_FMT(a->at[0]));
    return OK;
}

/* ---- list */
static fallible
add_who(struct cli *c, struct table *t, const jval *row, const char *person, const char *key)
{
    const str name = cli_text(c, row, person);
    return table_add(t, name.len ? name : cli_text(c, row, key));
}

static fallible
add_purposes(struct cli *c, struct table *t, const jval *row)
{
    const str purposes = cli_text(c, row, "purposes");
    if (!purposes.len)
        return table_add(t, STR("what keys say"));
    return table_add(t, str_eq(purposes, STR(PURPOSES_NONE)) ? STR("nothing") : purposes);
}

static fallible
add_row(struct cli *c, struct table *t, const jval *row)
{
    TRY(json_object(row));
    TRY(table_add_fmt(t, "%llu", (unsigned long long)cli_number(row, "id")));
    TRY(table_add(t, cli_text(c, row, "person")));
    TRY(table_add(t, cli_text(c, row, "clearance")));
    TRY(add_purposes(c, t, row));
    TRY(table_add(t, cli_text(c, row, "state")));
    TRY(table_add(t, str_slice(cli_text(c, row, "until"), 0, 16)));
    TRY(add_who(c, t, row, "proposer_person", "proposer"));
    return add_who(c, t, row, "approver_person", "approver");
}

fallible
cmd_clearance_list(struct cli *c, const struct args *a)
{
    const struct remote_call q = REMOTE_CALL("GET", STR("/admin/v1/clearances"));
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    struct table t;
    struct jwalk w = {0};
    jval root, row;
    (void)a;
    TRY(remote_json(c, &q, &root));
    TRY(json_array(&root, 0, SIZE_MAX));
    if (c->json) {
        json_put_value(&b, &root);
        return cli_put_json(c, &b);
    }
    TRY(table_begin(&t, c->a,
                    "ID>|PERSON|CLEARANCE|TO ACT FOR|STATE|UNTIL|PROPOSED BY|APPROVED BY"));
    while (json_each(&root, &w, &row))
        TRY(add_row(c, &t, &row));
    table_show(&t, c->out, c->colored);
    return OK;
}
