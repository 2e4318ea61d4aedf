/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit model …`: models and the names applications know them by. */
#include <fcntl.h>
#include <unistd.h>

#include "cli/remote.h"
#include "cli/show.h"
#include "os/file.h"

enum { PATH_MAX_BYTES = 8192 };

/* ---- add */

static void
on_sent(void *ctx, uint64_t bytes)
{
    progress_at(ctx, bytes);
}

/* "remote:PROVIDER/NAME" */
static str
remote_part(str what)
{
    const str head = STR("remote:");
    return str_starts(what, head) ? str_slice(what, head.len, what.len) : STR_NONE;
}

static fallible
put_query(const struct args *a, str name, str toy, buf *b)
{
    buf_add(b, STR("/admin/v1/models"));
    query_put(b, "name", name);
    query_put(b, "toy", toy);
    query_put(b, "remote", remote_part(a->at[0]));
    query_put(b, "adapter_of", args_str(a, "adapter-of"));
    query_put(b, "projector_of", args_str(a, "projector-of"));
    query_put(b, "embed", args_has(a, "embed") ? STR("1") : STR_NONE);
    query_put(b, "licence", args_str(a, "licence"));
    query_put(b, "label", args_str(a, "label"));
    query_put(b, "origin", args_str(a, "origin"));
    return buf_end(b);
}

static str
file_stem(str path)
{
    for (ptrdiff_t i; (i = str_find_char(path, '/')) >= 0;)
        path = str_slice(path, (size_t)i + 1, path.len);
    const str end = STR(".gguf");
    return str_ends(path, end) ? str_slice(path, 0, path.len - end.len) : path;
}

static fallible
send_file(struct cli *c, const char *path, struct remote_call *q)
{
    AUTO(fd) f = -1;
    struct progress bar;
    jval root;
    TRY(file_open(path, O_RDONLY, 0, &f));
    TRY(file_size(f, &q->file_len));
    progress_begin(&bar, c->err_is_terminal && !c->quiet ? c->err : NULL, "adding", q->file_len);
    q->file = f;
    q->on_sent = on_sent;
    q->ctx = &bar;
    const err e = remote_json(c, q, &root);
    progress_end(&bar);
    return e;
}

fallible
cmd_model_add(struct cli *c, const struct args *a)
{
    const str what = a->at[0], toy = STR("toy"), embed = STR("toy-embed");
    const bool is_remote = remote_part(what).len > 0;
    const bool is_file = !is_remote && access(what.at, F_OK) == 0;
    const bool is_toy = !is_file && (str_eq(what, toy) || str_eq(what, embed));
    const str kind = !is_toy ? STR_NONE : str_eq(what, toy) ? STR("chat") : STR("embed");
    const str name = args_has(a, "name") ? args_str(a, "name") : file_stem(what);
    AUTO(buf) path = BUF(PATH_MAX_BYTES);
    jval root;
    if (is_remote && !args_has(a, "name"))
        REFUSE(ARGUMENT, "", "--name is missing: what applications are to ask for");
    if (!is_file && !is_toy && !is_remote) {
        cli_hint(c, "Name a GGUF file, toy or toy-embed, which are built in, or "
                    "remote:PROVIDER/NAME.");
        REFUSE(NOT_FOUND, "", "there is no file %.*s", STR_FMT(what));
    }
    if (args_has(a, "adapter-of") && !is_file)
        REFUSE(ARGUMENT, "", "--adapter-of needs the adapter's file");
    if (args_has(a, "projector-of") && !is_file)
        REFUSE(ARGUMENT, "", "--projector-of needs the projector's file");
    TRY(put_query(a, name, kind, &path));
    struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    TRY(!is_file ? remote_json(c, &q, &root) : send_file(c, what.at, &q));
    cli_note(c, "added %.*s", STR_FMT(name));
    return OK;
}

/* ---- list and show */

static fallible
fetch(struct cli *c, jval *ret)
{
    const struct remote_call q = REMOTE_CALL("GET", STR("/admin/v1/models"));
    TRY(remote_json(c, &q, ret));
    return json_object(ret);
}

static bool
is_true(const jval *object, const char *name)
{
    const jval v = json_get(object, name);
    bool b = false;
    return !opt_json_bool(&v, &b).code && b;
}

static fallible
add_row(struct cli *c, struct table *t, const jval *m)
{
    char size[SHOW_MAX], parameters[SHOW_MAX];
    const bool is_file = cli_number(m, "size_bytes") > 0;
    TRY(json_object(m));
    TRY(table_add(t, cli_text(c, m, "name")));
    TRY(table_add(t, is_true(m, "default") ? STR("default") : STR("")));
    TRY(table_add(t, cli_text(c, m, "kind")));
    TRY(table_add(t, cli_text(c, m, "engine")));
    show_bytes(cli_number(m, "size_bytes"), size);
    show_count(cli_number(m, "parameters"), parameters);
    TRY(table_add(t, str_of(is_file ? size : "-")));
    TRY(table_add(t, str_of(is_file ? parameters : "-")));
    TRY(table_add_fmt(t, "%llu", (unsigned long long)cli_number(m, "context_tokens")));
    TRY(table_add(t, cli_text(c, m, "label")));
    return table_add(t, cli_text(c, m, "licence"));
}

static fallible
show_aliases(struct cli *c, const jval *root)
{
    const jval aliases = json_get(root, "aliases");
    struct table t;
    struct jwalk w = {0};
    jval alias;
    if (json_type(aliases) != J_ARRAY || !json_count(&aliases))
        return OK;
    TRY(table_begin(&t, c->a, "ALIAS|MODEL"));
    while (json_each(&aliases, &w, &alias)) {
        TRY(table_add(&t, cli_text(c, &alias, "alias")));
        TRY(table_add(&t, cli_text(c, &alias, "model")));
    }
    (void)fputc('\n', c->out);
    table_show(&t, c->out, c->colored);
    return OK;
}

fallible
cmd_model_list(struct cli *c, const struct args *a)
{
    (void)a;
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    struct table t;
    struct jwalk w = {0};
    jval root, m;
    TRY(fetch(c, &root));
    if (c->json) {
        json_put_value(&b, &root);
        return cli_put_json(c, &b);
    }
    const jval models = json_get(&root, "models");
    TRY(json_array(&models, 0, SIZE_MAX));
    TRY(table_begin(&t, c->a, "NAME||KIND|ENGINE|SIZE>|PARAMETERS>|CONTEXT>|UP TO LABEL|LICENCE"));
    while (json_each(&models, &w, &m))
        TRY(add_row(c, &t, &m));
    table_show(&t, c->out, c->colored);
    return show_aliases(c, &root);
}

static str
resolve(struct cli *c, const jval *root, str name)
{
    const jval aliases = json_get(root, "aliases");
    struct jwalk w = {0};
    jval alias;
    while (json_type(aliases) == J_ARRAY && json_each(&aliases, &w, &alias))
        if (str_eq(cli_text(c, &alias, "alias"), name)) {
            str targets = cli_text(c, &alias, "model"), equals = STR_NONE, first = STR_NONE;
            (void)str_next(&targets, ',', &equals);
            (void)str_next(&equals, '+', &first);
            return first;
        }
    return name;
}

/* *ret points up to `models`. */
static fallible
find(struct cli *c, const jval *models, str name, jval *ret)
{
    struct jwalk w = {0};
    TRY(json_array(models, 0, SIZE_MAX));
    while (json_each(models, &w, ret))
        if (str_eq(cli_text(c, ret, "name"), name))
            return OK;
    REFUSE(MODEL_NOT_FOUND, "", "there is no model %.*s", STR_FMT(name));
}

fallible
cmd_model_show(struct cli *c, const struct args *a)
{
    AUTO(buf) b = BUF(64 * 1024);
    struct table t;
    struct jwalk w = {0};
    jval root, m, v;
    TRY(fetch(c, &root));
    const jval models = json_get(&root, "models");
    TRY(find(c, &models, resolve(c, &root, a->at[0]), &m));
    if (c->json) {
        json_put_value(&b, &m);
        return cli_put_json(c, &b);
    }
    table_begin_plain(&t, c->a, 2);
    while (json_each(&m, &w, &v)) {
        TRY(table_add(&t, str_of(v.name)));
        TRY(table_add(&t, cli_text(c, &m, v.name)));
    }
    table_show(&t, c->out, false);
    return OK;
}

/* ---- the rest: one call each */

static fallible
simple(struct cli *c, const char *method, str what, str name, str rest)
{
    AUTO(buf) path = BUF(PATH_MAX_BYTES);
    jval root;
    buf_add(&path, STR("/admin/v1/"));
    buf_add(&path, what);
    buf_add_char(&path, '/');
    percent_put(&path, name);
    buf_add(&path, rest);
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL(method, buf_str(&path));
    return remote_json(c, &q, &root);
}

fallible
cmd_model_rm(struct cli *c, const struct args *a)
{
    TRY(simple(c, "DELETE", STR("models"), a->at[0], STR("")));
    cli_note(c, "removed %.*s", STR_FMT(a->at[0]));
    return OK;
}

fallible
cmd_model_default(struct cli *c, const struct args *a)
{
    TRY(simple(c, "POST", STR("models"), a->at[0], STR("/default")));
    cli_note(c, "%.*s answers when no model is named", STR_FMT(a->at[0]));
    return OK;
}

static fallible
set_alias(struct cli *c, str alias, str model)
{
    AUTO(buf) path = BUF(PATH_MAX_BYTES);
    AUTO(buf) body = BUF(PATH_MAX_BYTES);
    jval root;
    buf_add(&path, STR("/admin/v1/aliases/"));
    percent_put(&path, alias);
    json_open(&body, '{');
    json_member_str(&body, "model", model);
    json_close(&body, '}');
    TRY(buf_end(&path));
    TRY(buf_end(&body));
    struct remote_call q = REMOTE_CALL("PUT", buf_str(&path));
    q.body = buf_str(&body);
    return remote_json(c, &q, &root);
}

fallible
cmd_model_alias(struct cli *c, const struct args *a)
{
    const bool rm = args_has(a, "rm");
    if (rm != (a->count == 1))
        REFUSE(ARGUMENT, "",
               "usage: hoheit model alias ALIAS MODEL, or hoheit model alias --rm ALIAS");
    if (rm) {
        TRY(simple(c, "DELETE", STR("aliases"), a->at[0], STR("")));
        cli_note(c, "%.*s is no alias any more", STR_FMT(a->at[0]));
        return OK;
    }
    TRY(set_alias(c, a->at[0], a->at[1]));
    cli_note(c, "%.*s now means %.*s", STR_FMT(a->at[0]), STR_FMT(a->at[1]));
    return OK;
}
