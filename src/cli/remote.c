/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/remote.h"

#include <errno.h>
#include <unistd.h>

#include "os/file.h"

enum { PATH_ROOM = 4096 };

/* ---- who is meant */

static const char *
default_data_dir(struct cli *c)
{
    if (geteuid() == 0 || !c->env.home)
        return "/var/lib/hoheit";
    return file_join(c->a, c->env.home, ".local/share/hoheit");
}

static fallible
absolute(struct cli *c, const char *path, const char **ret)
{
    char here[PATH_ROOM];
    if (path[0] == '/') {
        *ret = path;
        return OK;
    }
    if (!getcwd(here, sizeof here))
        return file_errno("look up", "the current directory");
    *ret = file_join(c->a, here, path);
    return OK;
}

fallible
remote_choose(struct cli *c, const struct args *a)
{
    const char *const data = args_value(a, "data"), *url = args_value(a, "url");
    const char *const chosen = data ? data : c->env.data ? c->env.data : default_data_dir(c);
    TRY(absolute(c, chosen, &c->data_dir));
    if (!url && !data && c->env.url && *c->env.url)
        url = c->env.url;
    c->is_local = !url;
    c->url = url ? str_of(url) : arena_fmt(c->a, "unix:%s/run/hoheit.sock", c->data_dir);
    const char *const key = args_value(a, "key");
    c->key = str_of(key ? key : c->env.key);
    return OK;
}

size_t
remote_fields(struct cli *c, str label, bool has_json, struct http_field ret[REMOTE_FIELDS_MAX])
{
    size_t n = 0;
    if (c->key.len)
        ret[n++] = (struct http_field){STR("Authorization"),
                                       arena_fmt(c->a, "Bearer %.*s", STR_FMT(c->key))};
    if (label.len)
        ret[n++] = (struct http_field){STR("X-Hoheit-Label"), label};
    if (has_json)
        ret[n++] = (struct http_field){STR("Content-Type"), STR("application/json")};
    return n;
}

void
remote_note_request(struct cli *c, const struct http_field *fields, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(fields[i].name, STR("x-request-id")))
            (void)str_copy(fields[i].value, c->request, sizeof c->request);
}

/* ---- what a failure means */

/* Both dialects say which entry of err.def it is: by its id, or by its OpenAI code. */
static enum err_code
code_of(int status, str code)
{
    char id[64];
    const enum err_code by_id = str_copy(code, id, sizeof id) ? err_find(id) : ERR_OK;
    enum err_code by_status = ERR_OK;
    if (by_id)
        return by_id;
    for (int i = 1; i < ERR_COUNT; i++) {
        const struct err_info *const e = err_info((err){(uint16_t)i});
        const bool same_status = e->http_status == status;
        if (str_eq(str_of(e->name), code) && (same_status || !status))
            return (enum err_code)i;
        if (same_status && !by_status)
            by_status = (enum err_code)i;
    }
    if (by_status)
        return by_status;
    return status >= 400 && status < 500 ? ERR_ARGUMENT : ERR_INTERNAL;
}

err
remote_refused_by(struct cli *c, int status, const jval *error)
{
    const str message = cli_text(c, error, "message"), param = cli_text(c, error, "param");
    const str hint = cli_text(c, error, "hint");
    const enum err_code code = code_of(status, cli_text(c, error, "code"));
    if (hint.len)
        cli_hint(c, "%.*s", STR_FMT(hint));
    return err_start_public(code, arena_str(c->a, param).at, __FILE__, __LINE__, __func__, "%.*s",
                            STR_FMT(message));
}

err
remote_refused(struct cli *c, int status, str body)
{
    jval root;
    if (!body.len) {
        const enum err_code code = code_of(status, STR_NONE);
        return err_start(code, __FILE__, __LINE__, __func__, "%s (status %d)",
                         err_info((err){(uint16_t)code})->en, status);
    }
    const err e = json_read(c->a, body, &root);
    if (!e.code && json_type(root) == J_OBJECT) {
        const jval error = json_get(&root, "error");
        if (json_type(error) == J_OBJECT)
            return remote_refused_by(c, status, &error);
    }
    cli_hint(c, "Is it hoheitd that answers at %.*s?", STR_FMT(c->url));
    return err_start_public(code_of(status, STR_NONE), "", __FILE__, __LINE__, __func__,
                            "%.*s answered with status %d", STR_FMT(c->url), status);
}

static err
lost_locally(struct cli *c)
{
    const char *const sock = arena_fmt(c->a, "%s/run/hoheit.sock", c->data_dir).at;
    errno = 0;
    if (access(sock, W_OK) != 0 && errno == EACCES) {
        cli_hint(c, "Run as the user it belongs to, or use --url and --key.");
        REFUSE(FORBIDDEN_FILE, "", "the data directory %s belongs to somebody else", c->data_dir);
    }
    if (access(c->data_dir, F_OK) != 0) {
        cli_german(c, "Das Datenverzeichnis %s gibt es nicht.", c->data_dir);
        cli_hint(c, "Make it with `hoheit init %s`, or name the right one with --data.",
                 c->data_dir);
        REFUSE(NOT_FOUND, "", "there is no data directory %s", c->data_dir);
    }
    cli_german(c, "hoheitd läuft nicht (Datenverzeichnis %s).", c->data_dir);
    cli_hint(c, "Start it with `hoheitd --data %s`; `hoheit doctor` looks for what is wrong.",
             c->data_dir);
    REFUSE(ENGINE_LOST, "", "hoheitd is not running on %s", c->data_dir);
}

err
remote_lost(struct cli *c, err e)
{
    struct err_kept k;
    err_keep(&k, e);
    if (e.code == ERR_PARSE) {
        cli_hint(c, "Is it hoheitd that answers at %.*s?", STR_FMT(c->url));
        return err_again(&k);
    }
    if (e.code != ERR_ENGINE_LOST || !str_starts(str_of(k.text), STR("nothing answers")))
        return err_again(&k);
    if (c->is_local)
        return lost_locally(c);
    cli_german(c, "Unter %.*s antwortet niemand.", STR_FMT(c->url));
    cli_hint(c, "Check the address, and that hoheitd runs there and listens on it (net.listen).");
    return err_again(&k);
}

/* ---- one call */

struct exchange {
    struct cli *c;
    const struct remote_call *q;
    loop *l;
    buf body;
    int status;
    struct err_kept failure;
};

static void
on_head(void *ctx, int status, const struct http_field *fields, size_t count)
{
    struct exchange *x = ctx;
    x->status = status;
    remote_note_request(x->c, fields, count);
}

static void
on_data(void *ctx, str piece)
{
    struct exchange *x = ctx;
    buf_add(&x->body, piece);
}

static void
on_end(void *ctx, err e)
{
    struct exchange *x = ctx;
    err_keep(&x->failure, e);
    loop_stop(x->l);
}

static void
on_sent(void *ctx, uint64_t bytes)
{
    const struct exchange *x = ctx;
    if (x->q->on_sent)
        x->q->on_sent(x->q->ctx, bytes);
}

static fallible
run(struct exchange *x)
{
    const struct remote_call *const q = x->q;
    struct http_field fields[REMOTE_FIELDS_MAX];
    struct http_call call = {.method = q->method,
                             .path = q->path,
                             .fields = fields,
                             .body = q->body,
                             .body_file = q->file,
                             .body_file_len = q->file_len,
                             .wait_ms_max = REMOTE_WAIT_MS,
                             .on_head = on_head,
                             .on_data = on_data,
                             .on_end = on_end,
                             .on_sent = on_sent,
                             .ctx = x};
    http_client *client = NULL;
    TRY(http_client_new(x->l, x->c->url, &client));
    call.field_count = remote_fields(x->c, q->label, q->body.len > 0, fields);
    if (q->case_name.len)
        fields[call.field_count++] = (struct http_field){STR("X-Hoheit-Case"), q->case_name};
    const err e = http_client_call(client, &call);
    if (!e.code)
        loop_run(x->l);
    else
        err_keep(&x->failure, e);
    http_client_free(client);
    return err_again(&x->failure);
}

static fallible
read_answer(struct cli *c, const struct exchange *x, int *ret_status, str *ret)
{
    TRY(buf_end(&x->body));
    *ret_status = x->status;
    return try_arena_str(c->a, buf_str(&x->body), ret);
}

fallible
remote_any(struct cli *c, const struct remote_call *q, int *ret_status, str *ret)
{
    struct exchange x = {.c = c, .q = q, .body = BUF(REMOTE_ANSWER_MAX)};
    c->request[0] = 0;
    TRY(loop_new(&x.l));
    err e = run(&x);
    loop_free(x.l);
    e = e.code ? remote_lost(c, e) : read_answer(c, &x, ret_status, ret);
    buf_done(&x.body);
    return e;
}

fallible
remote_text(struct cli *c, const struct remote_call *q, str *ret)
{
    int status = 0;
    str text;
    TRY(remote_any(c, q, &status, &text));
    if (status < 200 || status > 299)
        return remote_refused(c, status, text);
    *ret = text;
    return OK;
}

fallible
remote_json(struct cli *c, const struct remote_call *q, jval *ret)
{
    str text = STR_NONE;
    TRY(remote_text(c, q, &text));
    *ret = (jval){.v = NULL};
    return text.len ? json_read(c->a, text, ret) : OK;
}

/* ---- addresses */

static bool
is_unreserved(char ch)
{
    return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
           ch == '-' || ch == '.' || ch == '_' || ch == '~';
}

void
percent_put(buf *b, str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (is_unreserved(s.at[i]))
            buf_add_char(b, s.at[i]);
        else
            buf_add_fmt(b, "%%%02X", (unsigned char)s.at[i]);
}

void
query_put(buf *b, const char *name, str value)
{
    if (!value.len)
        return;
    buf_add_char(b, b->len && str_find_char(buf_str(b), '?') >= 0 ? '&' : '?');
    buf_add(b, str_of(name));
    buf_add_char(b, '=');
    percent_put(b, value);
}
