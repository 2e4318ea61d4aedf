/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/know_remote.h"

#include "base/utf8.h"
#include "cli/show.h"
#include "os/file.h"

enum { PATH_BYTES = 8192, SENT_BYTES = 4 * 1024 * 1024, FILE_BYTES = 8 * 1024 * 1024 };
#define BODY_BYTES ((size_t)64 << 20)

bool
know_is_remote(const struct args *a)
{
    return !args_has(a, "dir");
}

/* "/v1/know/NAME" and what follows it. */
static fallible
put_path(const struct args *a, const char *tail, buf *b)
{
    if (!args_has(a, "know"))
        REFUSE(ARGUMENT, "know", "say which: --know NAME, or --dir DIR for one that is offline");
    buf_add(b, STR("/v1/know/"));
    percent_put(b, args_str(a, "know"));
    buf_add(b, str_of(tail));
    return buf_end(b);
}

fallible
know_remote_create(struct cli *c, const struct args *a)
{
    AUTO(buf) body = BUF(PATH_BYTES);
    jval root;
    if (!args_has(a, "know"))
        REFUSE(ARGUMENT, "know", "say which: --know NAME, or --dir DIR for one that is offline");
    json_open(&body, '{');
    json_member_str(&body, "name", args_str(a, "know"));
    json_close(&body, '}');
    struct remote_call q = REMOTE_CALL("POST", STR("/v1/know"));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    cli_note(c, "an empty collection %s", args_value(a, "know"));
    return OK;
}

/* ---- adding */
struct sending {
    struct cli *c;
    const struct args *a;
    str path;
    buf body;
    size_t held; /* documents in the body */
    uint64_t added, replaced, same, left_out;
};

static void
begin_body(struct sending *s)
{
    buf_clear(&s->body);
    json_open(&s->body, '{');
    json_key(&s->body, "documents");
    json_open(&s->body, '[');
    s->held = 0;
}

static fallible
send_body(struct sending *s)
{
    jval root;
    if (!s->held)
        return OK;
    json_close(&s->body, ']');
    json_close(&s->body, '}');
    TRY(buf_end(&s->body));
    struct remote_call q = REMOTE_CALL("POST", s->path);
    q.body = buf_str(&s->body);
    q.label = args_str(s->a, "label");
    TRY(remote_json(s->c, &q, &root));
    s->added += cli_number(&root, "added");
    s->replaced += cli_number(&root, "replaced");
    s->same += cli_number(&root, "same");
    begin_body(s);
    return OK;
}

static fallible
put_file(struct sending *s, str path, str root)
{
    AUTO(arena) *work = NULL;
    str bytes;
    TRY(arena_open(FILE_BYTES + (1 << 20), &work));
    TRY(file_read(work, path.at, FILE_BYTES, &bytes));
    if (!utf8_valid(bytes)) {
        s->left_out++;
        cli_note(s->c, "%s: left out, no UTF-8 text", path.at);
        return OK;
    }
    json_open(&s->body, '{');
    json_member_str(&s->body, "name", know_name_of(path, root));
    json_member_str(&s->body, "form", str_of(doc_form_name(doc_form_of(path))));
    json_member_str(&s->body, "text", bytes);
    json_close(&s->body, '}');
    s->held++;
    return s->body.len >= SENT_BYTES ? send_body(s) : OK;
}

static fallible
send_all(struct sending *s)
{
    begin_body(s);
    for (size_t i = 0; i < s->a->count; i++) {
        know_files files = {0};
        str root = s->a->at[i];
        while (root.len > 1 && root.at[root.len - 1] == '/')
            root.len--;
        TRY(know_files_list(s->c, &files, arena_str(s->c->a, root).at, 0));
        know_files_sort(&files);
        for (size_t n = 0; n < files.count; n++)
            TRY(put_file(s, files.at[n], root));
    }
    return send_body(s);
}

static fallible
tell_added(const struct sending *s)
{
    AUTO(buf) b = BUF(1024);
    if (!s->c->json) {
        cli_note(s->c, "%llu added, %llu replaced, %llu as they were, %llu left out",
                 (unsigned long long)s->added, (unsigned long long)s->replaced,
                 (unsigned long long)s->same, (unsigned long long)s->left_out);
        return OK;
    }
    json_open(&b, '{');
    json_member_u64(&b, "added", s->added);
    json_member_u64(&b, "replaced", s->replaced);
    json_member_u64(&b, "same", s->same);
    json_member_u64(&b, "left_out", s->left_out);
    json_close(&b, '}');
    return cli_put_json(s->c, &b);
}

fallible
know_remote_add(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES);
    struct sending s = {.c = c, .a = a, .body = BUF(BODY_BYTES)};
    TRY(put_path(a, "/documents", &path));
    s.path = buf_str(&path);
    const err e = send_all(&s);
    buf_done(&s.body);
    TRY(e);
    return tell_added(&s);
}

fallible
know_remote_rm(struct cli *c, const struct args *a)
{
    for (size_t i = 0; i < a->count; i++) {
        AUTO(buf) path = BUF(PATH_BYTES);
        jval root;
        TRY(put_path(a, "/documents/", &path));
        percent_put(&path, a->at[i]);
        TRY(buf_end(&path));
        const struct remote_call q = REMOTE_CALL("DELETE", buf_str(&path));
        TRY(remote_json(c, &q, &root));
    }
    return OK;
}

/* ---- showing */
static fallible
put_answer(struct cli *c, const jval *root)
{
    AUTO(buf) b = BUF(REMOTE_ANSWER_MAX);
    json_put_value(&b, root);
    return cli_put_json(c, &b);
}

fallible
know_remote_stat(struct cli *c, const struct args *a)
{
    static const char *const names[] = {"labels", "segments", "documents",
                                        "units",  "words",    "vectors"};
    AUTO(buf) path = BUF(PATH_BYTES);
    jval root;
    TRY(put_path(a, "", &path));
    const struct remote_call q = REMOTE_CALL("GET", buf_str(&path));
    TRY(remote_json(c, &q, &root));
    if (c->json)
        return put_answer(c, &root);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)fprintf(c->out, "%s%s %llu", i ? ", " : "", names[i],
                      (unsigned long long)cli_number(&root, names[i]));
    (void)fputc('\n', c->out);
    return OK;
}

static void
show_hit(struct cli *c, const jval *h, size_t number)
{
    const str section = cli_text(c, h, "section");
    (void)fprintf(c->out, "%zu. ", number);
    show_text(c->out, cli_text(c, h, "file_id"), false);
    (void)fputs("  ", c->out);
    show_text(c->out, section, false);
    (void)fputc('\n', c->out);
    show_wrapped(c->out, cli_text(c, h, "quote"), 4, 96);
}

fallible
know_remote_search(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES);
    AUTO(buf) body = BUF(BODY_BYTES);
    uint64_t most = 10;
    jval root;
    TRY(args_u64(a, "top", 1, 50, &most));
    TRY(put_path(a, "/search", &path));
    json_open(&body, '{');
    json_member_str(&body, "query", a->at[0]);
    json_member_u64(&body, "max_num_results", most);
    json_close(&body, '}');
    struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    q.body = buf_str(&body);
    TRY(remote_json(c, &q, &root));
    if (c->json)
        return put_answer(c, &root);
    const jval hits = json_get(&root, "data");
    TRY(json_array(&hits, 0, 1000));
    struct jwalk w = {0};
    size_t n = 0;
    for (jval h; json_each(&hits, &w, &h);)
        show_hit(c, &h, ++n);
    return OK;
}
