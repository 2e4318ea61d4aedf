/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit limit …`: what tenants, people, keys and models may spend. */
#include "base/num.h"
#include "cli/remote.h"
#include "cli/show.h"

/* "/admin/v1/limits/SUBJECT/LIMIT" */
static fallible
put_path(const struct args *a, buf *b)
{
    buf_add(b, STR("/admin/v1/limits"));
    for (size_t i = 0; i < a->count && i < 2; i++) {
        buf_add_char(b, '/');
        percent_put(b, a->at[i]);
    }
    return buf_end(b);
}

fallible
cmd_limit_set(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(4096);
    AUTO(buf) body = BUF(4096);
    uint64_t value = 0;
    jval root;
    if (num_u64(a->at[2], 0, INT64_MAX, &value).code)
        REFUSE(ARGUMENT, "value", "a limit is a whole number, not \"%.*s\"",
               STR_FMT(str_slice(a->at[2], 0, 64)));
    TRY(put_path(a, &path));
    json_open(&body, '{');
    json_member_u64(&body, "value", value);
    json_close(&body, '}');
    struct remote_call q = REMOTE_CALL("PUT", buf_str(&path));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    cli_note(c, "%.*s: %.*s is %llu", STR_FMT(a->at[0]), STR_FMT(a->at[1]),
             (unsigned long long)value);
    return OK;
}

fallible
cmd_limit_rm(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(4096);
    jval root;
    TRY(put_path(a, &path));
    const struct remote_call q = REMOTE_CALL("DELETE", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    cli_note(c, "%.*s: %.*s is gone, and what was spent with it", STR_FMT(a->at[0]),
             STR_FMT(a->at[1]));
    return OK;
}

/* ---- lists */
/* Millionths of a euro as people read them. */
static fallible
add_amount(struct cli *c, struct table *t, const jval *row, const char *name)
{
    const uint64_t n = cli_number(row, name);
    if (!str_starts(cli_text(c, row, "limit"), STR("money/")))
        return table_add_fmt(t, "%llu", (unsigned long long)n);
    return table_add_fmt(t, "%llu.%06llu €", (unsigned long long)(n / 1000000),
                         (unsigned long long)(n % 1000000));
}

static fallible
add_row(struct cli *c, struct table *t, const jval *row)
{
    static const char *const amounts[] = {"value", "used", "reserved"};
    const jval by_default = json_get(row, "default");
    char room[SHOW_MAX];
    bool is_default = false;
    TRY(json_object(row));
    TRY(opt_json_bool(&by_default, &is_default));
    TRY(table_add(t, cli_text(c, row, "subject")));
    TRY(table_add(t, cli_text(c, row, "limit")));
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++)
        TRY(add_amount(c, t, row, amounts[i]));
    const uint64_t ms = cli_number(row, "resets_in_ms");
    TRY(table_add(t, ms ? str_of(show_us(ms * 1000, room)) : STR("")));
    return table_add(t, is_default ? STR("default") : STR(""));
}

static fallible
list(struct cli *c, str path)
{
    const struct remote_call q = REMOTE_CALL("GET", path);
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
    TRY(table_begin(&t, c->a, "FOR|LIMIT|MOST>|USED>|RESERVED>|ANEW IN>|"));
    while (json_each(&root, &w, &row))
        TRY(add_row(c, &t, &row));
    table_show(&t, c->out, c->colored);
    return OK;
}

fallible
cmd_limit_list(struct cli *c, const struct args *a)
{
    (void)a;
    return list(c, STR("/admin/v1/limits"));
}

fallible
cmd_limit_show(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(4096);
    TRY(put_path(a, &path));
    return list(c, buf_str(&path));
}
