/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/offline/know_remote.h"

#include "cli/intake/know_read.h"
#include "cli/intake/know_watch.h"
#include "cli/offline/commands.h"
#include "cli/show.h"
#include "os/file.h"

enum { PATH_BYTES = 8192, SENT_BYTES = 4 * 1024 * 1024, FILE_BYTES = 256 * 1024 * 1024 };
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

/* Nothing in a collection cannot be made again. */
static fallible
ask(struct cli *c, const struct remote_call *q, jval *ret)
{
    const err e = remote_json(c, q, ret);
    if (e.code == ERR_CORRUPT)
        cli_hint(c,
                 "`hoheit know rm --collection` takes the collection away; then create it and add "
                 "its documents again.");
    return e;
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
    TRY(ask(c, &q, &root));
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
    uint64_t added, replaced, same, left_out, removed;
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
    TRY(ask(s->c, &q, &root));
    s->added += cli_number(&root, "added");
    s->replaced += cli_number(&root, "replaced");
    s->same += cli_number(&root, "same");
    begin_body(s);
    return OK;
}

static void
put_option(struct sending *s, const char *member, const char *option)
{
    if (args_has(s->a, option))
        json_member_str(&s->body, member, args_str(s->a, option));
}

static fallible
put_text(struct sending *s, str name, const struct know_text *t)
{
    json_open(&s->body, '{');
    json_member_str(&s->body, "name", name);
    json_member_str(&s->body, "form", str_of(doc_form_name(t->form)));
    json_member_str(&s->body, "text", t->text);
    put_option(s, "edition", "edition");
    put_option(s, "valid_from", "valid-from");
    put_option(s, "valid_to", "valid-to");
    json_close(&s->body, '}');
    s->held++;
    return s->body.len >= SENT_BYTES ? send_body(s) : OK;
}

static err
take(void *ctx, const know_files *folder, const struct know_file *f)
{
    struct sending *const s = ctx;
    AUTO(arena) *work = NULL;
    AUTO(know_text) text = {0};
    str bytes;
    TRY(arena_open(FILE_BYTES + (1 << 20), &work));
    const err e = file_read(work, f->path.at, FILE_BYTES, &bytes);
    if (e.code == ERR_NOT_FOUND && folder->folders.count)
        return OK; /* gone since it was listed */
    TRY(e);
    TRY(know_read(s->c, doc_form_of(f->path), bytes, &text));
    if (!text.refused)
        return put_text(s, f->name, &text);
    s->left_out++;
    cli_note(s->c, "%s: left out, it %s", f->path.at, text.refused);
    return OK;
}

static fallible
remove_at(struct cli *c, const struct args *a, const char *below, str name)
{
    AUTO(buf) path = BUF(PATH_BYTES);
    jval root;
    TRY(put_path(a, below, &path));
    percent_put(&path, name);
    TRY(buf_end(&path));
    const struct remote_call q = REMOTE_CALL("DELETE", buf_str(&path));
    return ask(c, &q, &root);
}

static err
drop(void *ctx, str name)
{
    struct sending *const s = ctx;
    const err e = remove_at(s->c, s->a, "/documents/", name);
    s->removed += !e.code;
    return e.code == ERR_NOT_FOUND ? OK : e; /* it was left out */
}

static fallible
tell_added(const struct sending *s)
{
    AUTO(buf) b = BUF(1024);
    if (!s->c->json) {
        cli_note(s->c, "%llu added, %llu replaced, %llu as they were, %llu removed, %llu left out",
                 (unsigned long long)s->added, (unsigned long long)s->replaced,
                 (unsigned long long)s->same, (unsigned long long)s->removed,
                 (unsigned long long)s->left_out);
        return OK;
    }
    json_open(&b, '{');
    json_member_u64(&b, "added", s->added);
    json_member_u64(&b, "replaced", s->replaced);
    json_member_u64(&b, "same", s->same);
    json_member_u64(&b, "removed", s->removed);
    json_member_u64(&b, "left_out", s->left_out);
    json_close(&b, '}');
    TRY(cli_put_json(s->c, &b));
    (void)fflush(s->c->out); /* whoever follows reads each line as it comes */
    return OK;
}

static err
commit(void *ctx, size_t taken, size_t dropped)
{
    struct sending *const s = ctx;
    (void)taken, (void)dropped;
    TRY(send_body(s));
    TRY(tell_added(s));
    s->added = s->replaced = s->same = s->removed = s->left_out = 0;
    return OK;
}

static void
tell_ready(void *ctx)
{
    const struct sending *const s = ctx;
    cli_note(s->c, "watching; Ctrl-C ends");
}

static fallible
send_all(struct sending *s, struct know_watching *w)
{
    begin_body(s);
    for (size_t i = 0; i < s->a->count && i < KNOW_ROOTS_MAX; i++) {
        TRY(know_files_read(s->a->at[i], &w->at[i]));
        w->count++;
        for (size_t n = 0; n < w->at[i].all.count; n++)
            TRY(take(s, &w->at[i], &w->at[i].all.at[n]));
    }
    TRY(commit(s, 0, 0));
    if (!args_has(s->a, "watch"))
        return OK;
    w->on_ready = tell_ready;
    w->ctx = s;
    const struct know_taker taker = {.take = take, .drop = drop, .commit = commit, .ctx = s};
    return know_watch(w, &taker);
}

fallible
know_remote_add(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES);
    struct sending s = {.c = c, .a = a, .body = BUF(BODY_BYTES)};
    if (args_has(a, "sync"))
        REFUSE(ARGUMENT, "sync", "--sync is for a collection in a directory: give --dir");
    TRY(put_path(a, "/documents", &path));
    s.path = buf_str(&path);
    struct know_watching *const w = arena_new(c->a, struct know_watching);
    const err e = send_all(&s, w);
    for (size_t i = 0; i < w->count; i++)
        know_files_auto(&w->at[i]);
    buf_done(&s.body);
    return e;
}

fallible
know_remote_rm(struct cli *c, const struct args *a)
{
    if (!a->count)
        return remove_at(c, a, "", STR_NONE);
    for (size_t i = 0; i < a->count; i++)
        TRY(remove_at(c, a, "/documents/", a->at[i]));
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
    TRY(ask(c, &q, &root));
    if (c->json)
        return put_answer(c, &root);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)fprintf(c->out, "%s%s %llu", i ? ", " : "", names[i],
                      (unsigned long long)cli_number(&root, names[i]));
    if (cli_number(&root, "waiting"))
        (void)fprintf(c->out, ", %llu on the way",
                      (unsigned long long)cli_number(&root, "waiting"));
    if (cli_text(c, &root, "embedder").len) {
        (void)fputs(", embedder ", c->out);
        show_text(c->out, cli_text(c, &root, "embedder"), false);
    }
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
    if (cli_number(h, "page"))
        (void)fprintf(c->out, "  p. %llu", (unsigned long long)cli_number(h, "page"));
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
    if (args_has(a, "day"))
        json_member_str(&body, "day", args_str(a, "day"));
    json_close(&body, '}');
    struct remote_call q = REMOTE_CALL("POST", buf_str(&path));
    q.body = buf_str(&body);
    TRY(ask(c, &q, &root));
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

/* ---- vectors */
enum { EMBED_MOST = 2048, EMBED_CALLS_MAX = 100000 };

static fallible
embed_some(struct cli *c, const struct args *a, str path, jval *ret)
{
    AUTO(buf) body = BUF(PATH_BYTES);
    json_open(&body, '{');
    if (args_has(a, "model"))
        json_member_str(&body, "model", args_str(a, "model"));
    json_member_u64(&body, "most", EMBED_MOST);
    json_close(&body, '}');
    TRY(buf_end(&body));
    struct remote_call q = REMOTE_CALL("POST", path);
    q.body = buf_str(&body);
    return ask(c, &q, ret);
}

/* Until nothing is missing; what a model cannot read is missing for ever. */
static fallible
embed_all(struct cli *c, const struct args *a, str path, jval *ret)
{
    struct progress bar;
    uint64_t all = 0, left = 0;
    err e = OK;
    for (size_t i = 0; !e.code && i < EMBED_CALLS_MAX; i++) {
        const uint64_t before = left;
        e = embed_some(c, a, path, ret);
        left = e.code ? 0 : cli_number(ret, "missing");
        if (i == 0) {
            all = left + (e.code ? 0 : cli_number(ret, "embedded"));
            progress_begin(&bar, c->err_is_terminal && !c->quiet ? c->err : NULL, "embedding", all);
        }
        progress_at(&bar, all > left ? all - left : 0);
        if (!left || (i && left >= before))
            break;
    }
    progress_end(&bar);
    return e;
}

fallible
cmd_know_embed(struct cli *c, const struct args *a)
{
    AUTO(buf) path = BUF(PATH_BYTES);
    jval root = {0};
    TRY(put_path(a, "/embed", &path));
    TRY(embed_all(c, a, buf_str(&path), &root));
    if (c->json)
        return put_answer(c, &root);
    cli_note(c, "%llu passages have a vector by %.*s",
             (unsigned long long)cli_number(&root, "vectors"),
             STR_FMT(cli_text(c, &root, "embedder")));
    if (cli_number(&root, "missing"))
        cli_note(c, "%llu have none: the model could not read them",
                 (unsigned long long)cli_number(&root, "missing"));
    return OK;
}
