/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit declassify propose|show|approve|release`: a lower label for a text, by two persons. */
#include "cli/remote.h"
#include "cli/show.h"
#include "os/file.h"

enum { FILE_BYTES_MAX = 4 * 1024 * 1024, BODY_BYTES_MAX = 32 * 1024 * 1024, PATH_BYTES_MAX = 256 };
static const uint64_t day_ms = 86400000, days_max = 30;

/* ---- propose */
static fallible
need(const struct args *a, const char *option, const char *what)
{
    if (!args_str(a, option).len)
        REFUSE(ARGUMENT, option, "a proposal needs %s: --%s", what, option);
    return OK;
}

static fallible
put_wish(struct cli *c, const struct args *a, buf *b)
{
    uint64_t valid_ms = 0;
    str text;
    TRY(need(a, "to", "the label the text is to have"));
    TRY(need(a, "reason", "a reason"));
    TRY(need(a, "basis", "its legal basis"));
    TRY(need(a, "expires", "an end"));
    TRY(args_ms(a, "expires", days_max * day_ms, &valid_ms));
    TRY(file_read(c->a, arena_str(c->a, a->at[0]).at, FILE_BYTES_MAX, &text));
    json_open(b, '{');
    json_member_str(b, "content", text);
    if (args_str(a, "label").len)
        json_member_str(b, "from", args_str(a, "label"));
    json_member_str(b, "to", args_str(a, "to"));
    json_member_str(b, "reason", args_str(a, "reason"));
    json_member_str(b, "basis", args_str(a, "basis"));
    json_member_u64(b, "valid_ms", valid_ms);
    json_close(b, '}');
    return buf_end(b);
}

static fallible
put_answer(struct cli *c, const jval *root)
{
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    json_put_value(&b, root);
    return cli_put_json(c, &b);
}

fallible
cmd_declassify_propose(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(BODY_BYTES_MAX);
    struct remote_call q = REMOTE_CALL("POST", STR("/admin/v1/declassify"));
    jval root;
    TRY(put_wish(c, a, &body));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    if (c->json)
        return put_answer(c, &root);
    show_text(c->out, cli_text(c, &root, "id"), false);
    (void)fputc('\n', c->out);
    cli_note(c, "A security officer reads it with `hoheit declassify show` and approves it.");
    return OK;
}

/* ---- the others name one */
static fallible
path_of(const struct args *a, const char *end, buf *b)
{
    buf_add(b, STR("/admin/v1/declassify/"));
    percent_put(b, a->at[0]);
    buf_add(b, str_of(end));
    return buf_end(b);
}

static fallible
show_head(struct cli *c, const jval *root)
{
    static const char *const members[] = {
        "state",           "from",     "to",      "reason", "basis", "proposer",
        "proposer_person", "approver", "expires", "sha256"};
    const jval off = json_get(root, "takes_off");
    struct jwalk w = {0};
    struct table t;
    jval one;
    table_begin_plain(&t, c->a, 2);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (cli_text(c, root, members[i]).len) {
            TRY(table_add(&t, str_of(members[i])));
            TRY(table_add(&t, cli_text(c, root, members[i])));
        }
    TRY(json_array(&off, 0, SIZE_MAX));
    while (json_each(&off, &w, &one)) {
        str text;
        TRY(json_str(&one, SIZE_MAX, &text));
        TRY(table_add(&t, STR("takes off")));
        TRY(table_add(&t, text));
    }
    table_show(&t, c->out, false);
    return OK;
}

/* To a terminal without what could write into it; else the very bytes. */
static void
put_text(struct cli *c, str text)
{
    if (c->out_is_terminal)
        show_text(c->out, text, true);
    else
        (void)fwrite(text.at, 1, text.len, c->out);
}

fallible
cmd_declassify_show(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    jval root;
    TRY(path_of(a, "", &path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    if (c->json)
        return put_answer(c, &root);
    if (!args_has(a, "text")) {
        TRY(show_head(c, &root));
        (void)fputc('\n', c->out);
    }
    put_text(c, cli_text(c, &root, "content"));
    return OK;
}

fallible
cmd_declassify_approve(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    AUTO(buf) body = BUF(PATH_BYTES_MAX);
    jval root;
    if (args_str(a, "sha256").len != 64)
        REFUSE(ARGUMENT, "sha256", "name the digest of the text you read, of 64 digits: --sha256");
    TRY(path_of(a, "/approve", &path));
    json_open(&body, '{');
    json_member_str(&body, "sha256", args_str(a, "sha256"));
    json_close(&body, '}');
    TRY(buf_end(&body));
    struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    cli_note(c, "Who proposed it may use that once.");
    return OK;
}

fallible
cmd_declassify_release(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES_MAX);
    jval root;
    TRY(path_of(a, "/release", &path));
    const struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    TRY(json_object(&root));
    if (c->json)
        return put_answer(c, &root);
    put_text(c, cli_text(c, &root, "content"));
    cli_note(c, "The text has the label %.*s now.", STR_FMT(cli_text(c, &root, "label")));
    return OK;
}
