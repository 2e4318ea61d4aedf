/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit know …`: collections in a directory, offline; without --dir the daemon's
 * (know_remote.h). */
#include "know/know.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/enc.h"
#include "base/fault.h"
#include "cli/offline/commands.h"
#include "cli/offline/know_remote.h"
#include "cli/offline/offline.h"
#include "cli/show.h"
#include "os/clock.h"
#include "os/entropy.h"
#include "os/file.h"

enum { FILES_MAX = 1000000, DEPTH_MAX = 32, HITS_DEFAULT = 10 };
#define FILE_BYTES_MAX ((size_t)256 << 20)
#define COMMIT_BYTES ((size_t)64 << 20)
#define WORK_BYTES ((size_t)2 << 30)

fallible
cmd_know_create(struct cli *c, const struct args *a)
{
    AUTO(secret) key = {0};
    const char *dir = NULL;
    if (know_is_remote(a))
        return know_remote_create(c, a);
    TRY(offline_dir(c, a, &dir));
    TRY(file_make_dir(dir, 0700));
    TRY(offline_make_key(c, a, dir, &key));
    TRY(know_create(dir, &key));
    cli_note(c, "an empty collection in %s", dir);
    return OK;
}

/* ---- adding */

struct adding {
    struct cli *c;
    offline *o;
    label label;
    know_files files;
    size_t added, replaced, same, refused;
    uint64_t bytes, began_us;
};

fallible
know_files_list(struct cli *c, know_files *ret, const char *path, int depth)
{
    struct stat st;
    str kept;
    if (ret->count >= FILES_MAX)
        REFUSE(LIMIT, "", "more than %d files", FILES_MAX);
    if (stat(path, &st) != 0)
        return file_errno("look at", path);
    if (S_ISREG(st.st_mode)) {
        TRY(try_arena_str(c->a, str_of(path), &kept));
        return VEC_ADD(c->a, ret, &kept);
    }
    if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX)
        return OK;
    DIR *const d = opendir(path);
    if (!d)
        return file_errno("list", path);
    err e = OK;
    for (const struct dirent *at; !e.code && (at = readdir(d));)
        if (at->d_name[0] != '.')
            e = know_files_list(c, ret, file_join(c->a, path, at->d_name), depth + 1);
    (void)closedir(d);
    return e;
}

static int
by_name(const void *a, const void *b)
{
    return str_cmp(*(const str *)a, *(const str *)b);
}

void
know_files_sort(know_files *l)
{
    if (l->count)
        qsort(l->at, l->count, sizeof *l->at, by_name);
}

str
know_name_of(str path, str root)
{
    str name = path;
    if (str_starts(path, root) && path.len > root.len)
        name = str_slice(path, root.len + (path.at[root.len] == '/'), path.len);
    else
        for (ptrdiff_t n; (n = str_find_char(name, '/')) >= 0;)
            name = str_slice(name, (size_t)n + 1, name.len);
    for (size_t i = name.len; i > 1 && name.at[i - 1] != '/'; i--)
        if (name.at[i - 1] == '.')
            return str_slice(name, 0, i - 1);
    return name;
}

static fallible
add_file(struct adding *t, str path, str root)
{
    AUTO(arena) *work = NULL;
    enum know_change change;
    str bytes;
    const struct know_source s = {.name = know_name_of(path, root), .form = doc_form_of(path)};
    TRY(arena_open(FILE_BYTES_MAX + (1 << 20), &work));
    TRY(file_read(work, path.at, FILE_BYTES_MAX, &bytes));
    const err e = know_add(t->o->k, t->o->g, &s, content_of(bytes, t->label), &change);
    if (e.code == ERR_PARSE) {
        t->refused++;
        cli_note(t->c, "%s: left out, no UTF-8 text", path.at);
        return OK;
    }
    TRY(e);
    t->added += change == KNOW_ADDED;
    t->replaced += change == KNOW_REPLACED;
    t->same += change == KNOW_SAME;
    t->bytes += bytes.len;
    return know_staged(t->o->k) >= COMMIT_BYTES ? know_commit(t->o->k) : OK;
}

static fallible
add_all(struct adding *t, str root)
{
    struct progress p;
    know_files_sort(&t->files);
    progress_begin(&p, t->c->err_is_terminal && !t->c->quiet ? t->c->err : NULL, "adding",
                   t->files.count);
    err e = OK;
    for (size_t i = 0; i < t->files.count && !e.code; i++) {
        e = add_file(t, t->files.at[i], root);
        progress_at(&p, i + 1);
    }
    progress_end(&p);
    TRY(e);
    return know_commit(t->o->k);
}

static fallible
tell_added(const struct adding *t)
{
    struct cli *const c = t->c;
    char size[SHOW_MAX], time[SHOW_MAX];
    const uint64_t us = clock_us() - t->began_us;
    if (!c->json) {
        cli_note(c, "%zu added, %zu replaced, %zu as they were, %zu left out; %s in %s", t->added,
                 t->replaced, t->same, t->refused, show_bytes(t->bytes, size), show_us(us, time));
        return OK;
    }
    AUTO(buf) b = BUF(4096);
    json_open(&b, '{');
    json_member_u64(&b, "added", t->added);
    json_member_u64(&b, "replaced", t->replaced);
    json_member_u64(&b, "same", t->same);
    json_member_u64(&b, "left_out", t->refused);
    json_member_u64(&b, "bytes", t->bytes);
    json_member_f64(&b, "seconds", (double)us / 1e6);
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

fallible
cmd_know_add(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    struct adding t = {.c = c, .o = &o, .began_us = clock_us()};
    if (know_is_remote(a))
        return know_remote_add(c, a);
    TRY(offline_open(c, a, OP_KNOW_ADD, &o));
    TRY(offline_label(&o, a, &t.label));
    for (size_t i = 0; i < a->count; i++) {
        str root = a->at[i];
        while (root.len > 1 && root.at[root.len - 1] == '/')
            root.len--;
        t.files.count = 0;
        TRY(know_files_list(c, &t.files, arena_str(c->a, root).at, 0));
        TRY(add_all(&t, root));
    }
    return tell_added(&t);
}

fallible
cmd_know_rm(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    if (know_is_remote(a))
        return know_remote_rm(c, a);
    TRY(offline_open(c, a, OP_KNOW_REMOVE, &o));
    for (size_t i = 0; i < a->count; i++)
        TRY(know_remove(o.k, o.g, a->at[i]));
    return know_commit(o.k);
}

fallible
cmd_know_stat(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(buf) b = BUF(4096);
    struct know_stat s;
    if (know_is_remote(a))
        return know_remote_stat(c, a);
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    TRY(know_stat(o.k, o.g, &s));
    if (!c->json) {
        (void)fprintf(c->out,
                      "labels %zu, segments %zu, documents %zu, units %zu, words %zu, "
                      "vectors %zu\n",
                      s.labels, s.segments, s.documents, s.units, s.words, s.vectors);
        return OK;
    }
    json_open(&b, '{');
    json_member_u64(&b, "labels", s.labels);
    json_member_u64(&b, "segments", s.segments);
    json_member_u64(&b, "documents", s.documents);
    json_member_u64(&b, "units", s.units);
    json_member_u64(&b, "words", s.words);
    json_member_u64(&b, "vectors", s.vectors);
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

/* ---- searching */

static void
show_hit(const struct cli *c, const struct know_hit *h, str quote, size_t number)
{
    char head[64];
    (void)snprintf(head, sizeof head, "%zu. ", number);
    show_styled(c->out, c->colored, STYLE_BOLD, str_of(head));
    show_text(c->out, h->doc, false);
    (void)fputs("  ", c->out);
    show_text(c->out, h->section, false);
    if (h->heading.len && !str_eq(h->heading, h->section)) {
        (void)fputs("  ", c->out);
        show_text(c->out, h->heading, false);
    }
    (void)fprintf(c->out, "  (%.3f)\n", (double)h->score);
    show_wrapped(c->out, quote, 4, 96);
}

static void
put_hit(buf *b, const struct know_hit *h, str text, str quote)
{
    json_open(b, '{');
    json_member_str(b, "document", h->doc);
    json_member_str(b, "title", h->title);
    json_member_str(b, "edition", h->edition);
    json_member_str(b, "section", h->section);
    json_member_str(b, "heading", h->heading);
    json_member_str(b, "path", h->path);
    json_member_f64(b, "score", (double)h->score);
    json_member_str(b, "quote", quote);
    json_member_str(b, "text", text);
    json_member_u64(b, "source_from", h->source_from);
    json_member_u64(b, "source_to", h->source_to);
    json_close(b, '}');
}

static fallible
tell_hits(struct cli *c, const grant *g, const struct know_hits *hits)
{
    AUTO(buf) b = BUF((size_t)1 << 30);
    json_open(&b, '{');
    json_key(&b, "hits");
    json_open(&b, '[');
    for (size_t i = 0; i < hits->count; i++) {
        str text, quote;
        TRY(content_open(hits->at[i].text, g, &text));
        TRY(content_open(hits->at[i].quote, g, &quote));
        if (c->json)
            put_hit(&b, &hits->at[i], text, quote);
        else
            show_hit(c, &hits->at[i], quote, i + 1);
    }
    json_close(&b, ']');
    json_close(&b, '}');
    return c->json ? cli_put_json(c, &b) : OK;
}

fallible
cmd_know_search(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(arena) *work = NULL;
    struct know_hits hits;
    uint64_t most = HITS_DEFAULT;
    if (know_is_remote(a))
        return know_remote_search(c, a);
    TRY(args_u64(a, "top", 1, 1000, &most));
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    TRY(arena_open(WORK_BYTES, &work));
    const struct know_ask ask = {.text = content_of(a->at[0], LABEL_BOTTOM), .most = most};
    TRY(know_search(o.k, o.g, &ask, work, &hits));
    return tell_hits(c, o.g, &hits);
}

/* ---- vectors from outside */

static err
tell_piece(void *ctx, const struct know_piece *p)
{
    struct cli *const c = (struct cli *)ctx;
    AUTO(buf) b = BUF(1 << 20);
    json_open(&b, '{');
    json_member_str(&b, "id", p->id);
    json_member_str(&b, "text", p->text);
    json_close(&b, '}');
    return cli_put_json(c, &b);
}

fallible
cmd_know_pieces(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    TRY(offline_open(c, a, OP_KNOW_SEARCH, &o));
    return args_has(a, "words") ? know_words(o.k, o.g, tell_piece, c)
                                : know_pieces(o.k, o.g, tell_piece, c);
}

fallible
cmd_know_vectors(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    AUTO(know_vectors) *all = NULL;
    size_t count = 0, dims = 0;
    TRY(offline_open(c, a, OP_KNOW_ADD, &o));
    for (size_t n = 0; n < a->count; n++) {
        AUTO(offline_vectors) v = {0};
        TRY(offline_vectors_read(a->at[n], &v));
        if (!all)
            TRY(know_vectors_new(v.dims, &all));
        if (v.dims != dims && n)
            REFUSE(ARGUMENT, "", "the files' vectors differ in their dimensions");
        dims = v.dims;
        for (size_t i = 0; i < v.rows.count; i++)
            TRY(know_vectors_add(all, v.rows.at[i].id, v.rows.at[i].at));
    }
    TRY(know_vectors_commit(o.k, o.g, all, &count));
    cli_note(c, "%zu pieces have a vector now", count);
    return OK;
}
