/* SPDX-License-Identifier: EUPL-1.2 */
/* `hoheit know add`: files and folders into a collection, once or for as long as they change. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "cli/intake/know_read.h"
#include "cli/intake/know_watch.h"
#include "cli/know/offline.h"
#include "cli/offline/commands.h"
#include "cli/offline/know_remote.h"
#include "cli/show.h"
#include "know/day.h"
#include "os/clock.h"
#include "os/file.h"

enum { MARK_BYTES = 16, COMMIT_US = 10000000, COMMIT_TIMES = 20 };
#define FILE_BYTES_MAX ((size_t)256 << 20)
#define COMMIT_BYTES ((size_t)64 << 20)

struct adding {
    struct cli *c;
    offline *o;
    label label;
    struct know_source like; /* what all documents are given */
    map marks;               /* of files taken in this run, to their paths */
    size_t added, replaced, same, twins, refused, removed;
    uint64_t bytes, began_us;
    uint64_t committed_us, commit_took_us;
};

/* ---- a file */

/* A copy of a file seen before in this run: one of them is enough. */
static fallible
find_twin(struct adding *t, const struct know_source *s, const struct know_file *f, str bytes,
          bool *ret)
{
    uint8_t mark[MARK_BYTES];
    TRY(know_mark(s, bytes, mark));
    const str key = {(const char *)mark, sizeof mark};
    const char *const twin = map_get(&t->marks, key);
    *ret = twin && strcmp(twin, f->path.at) != 0;
    if (*ret)
        cli_note(t->c, "%s: left out, the same as %s", f->path.at, twin);
    return twin ? OK
                : map_put(&t->marks, arena_str(t->c->a, key),
                          (void *)(uintptr_t)arena_str(t->c->a, f->path).at);
}

static fallible
commit_now(struct adding *t)
{
    const uint64_t began_us = clock_us();
    TRY(know_commit(t->o->k));
    t->committed_us = clock_us();
    t->commit_took_us = t->committed_us - began_us;
    return OK;
}

/* What was read is not to be lost with the process; a commit costs the more the more there is. */
static bool
is_time_to_commit(struct adding *t)
{
    const uint64_t now_us = clock_us(), wait_us = t->commit_took_us * COMMIT_TIMES;
    if (!t->committed_us)
        t->committed_us = now_us;
    return know_staged(t->o->k) >= COMMIT_BYTES ||
           now_us - t->committed_us > (wait_us > COMMIT_US ? wait_us : COMMIT_US);
}

static fallible
take_text(struct adding *t, struct know_source *s, const struct know_text *text)
{
    enum know_change change;
    s->form = text->form;
    TRY(know_add(t->o->k, t->o->g, s, content_of(text->text, t->label), &change));
    t->added += change == KNOW_ADDED;
    t->replaced += change == KNOW_REPLACED;
    t->same += change == KNOW_SAME;
    return is_time_to_commit(t) ? commit_now(t) : OK;
}

static void
note_refused(struct adding *t, str path, const char *why)
{
    t->refused++;
    cli_note(t->c, "%s: left out, it %s", path.at, why);
}

static fallible
take_bytes(struct adding *t, const know_files *folder, const struct know_file *f, str bytes)
{
    AUTO(know_text) text = {0};
    struct know_source s = t->like;
    bool is_twin = false, is_same = false;
    s.name = f->name;
    s.origin = folder->folders.count ? folder->root : STR_NONE;
    s.original = bytes;
    TRY(find_twin(t, &s, f, bytes, &is_twin));
    if (!is_twin)
        TRY(know_is_same(t->o->k, t->o->g, &s, content_of(bytes, t->label), &is_same));
    t->twins += is_twin;
    t->same += is_same;
    if (is_twin || is_same)
        return OK;
    TRY(know_read(t->c, doc_form_of(f->path), bytes, &text));
    const err e = text.refused ? OK : take_text(t, &s, &text);
    if (text.refused || e.code == ERR_PARSE) {
        note_refused(t, f->path, text.refused ? text.refused : err_text());
        return OK;
    }
    return e;
}

static err
take(void *ctx, const know_files *folder, const struct know_file *f)
{
    struct adding *const t = ctx;
    AUTO(arena) *work = NULL;
    str bytes;
    t->began_us = t->began_us ? t->began_us : clock_us();
    TRY(arena_open(FILE_BYTES_MAX + (1 << 20), &work));
    const err e = file_read(work, f->path.at, FILE_BYTES_MAX, &bytes);
    if (e.code == ERR_NOT_FOUND && folder->folders.count)
        return OK; /* gone since it was listed */
    TRY(e);
    t->bytes += bytes.len;
    return take_bytes(t, folder, f, bytes);
}

/* ---- folders */

struct gone {
    struct adding *t;
    const know_files *now;
    map names; /* of files that are there */
    VEC(str) list;
};

static err
note_gone(void *ctx, const struct know_listed *d)
{
    struct gone *const g = ctx;
    str name;
    if (!label_eq(d->label, g->t->label) || !str_eq(d->origin, g->now->root) ||
        map_get(&g->names, d->name))
        return OK;
    TRY(try_arena_str(g->now->a, d->name, &name));
    return VEC_ADD(g->now->a, &g->list, &name);
}

static err
drop(void *ctx, str name)
{
    struct adding *const t = ctx;
    const err e = know_remove_of(t->o->k, t->o->g, t->label, name);
    t->removed += !e.code;
    return e.code == ERR_NOT_FOUND ? OK : e; /* it was left out */
}

/* Documents that came from this folder and have no file there any more. */
static fallible
drop_gone(struct adding *t, const know_files *now)
{
    struct gone g = {.t = t, .now = now};
    err e = OK;
    for (size_t i = 0; !e.code && i < now->all.count; i++)
        e = map_put(&g.names, now->all.at[i].name, (void *)(uintptr_t)1);
    if (!e.code)
        e = know_list(t->o->k, t->o->g, note_gone, &g);
    for (size_t i = 0; !e.code && i < g.list.count; i++)
        e = drop(t, g.list.at[i]);
    map_done(&g.names);
    return e;
}

static fallible
take_all(struct adding *t, const know_files *files, bool follows)
{
    struct progress p;
    progress_begin(&p, t->c->err_is_terminal && !t->c->quiet ? t->c->err : NULL, "adding",
                   files->all.count);
    err e = follows && files->folders.count ? drop_gone(t, files) : OK;
    for (size_t i = 0; i < files->all.count && !e.code; i++) {
        e = take(t, files, &files->all.at[i]);
        progress_at(&p, i + 1);
    }
    progress_end(&p);
    TRY(e);
    return know_commit(t->o->k);
}

/* ---- telling */

static fallible
tell(const struct adding *t)
{
    struct cli *const c = t->c;
    char size[SHOW_MAX], time[SHOW_MAX];
    const uint64_t us = t->began_us ? clock_us() - t->began_us : 0;
    if (!c->json) {
        cli_note(c,
                 "%zu added, %zu replaced, %zu as they were, %zu removed, %zu left out "
                 "(%zu of them copies); %s in %s",
                 t->added, t->replaced, t->same, t->removed, t->refused + t->twins, t->twins,
                 show_bytes(t->bytes, size), show_us(us, time));
        return OK;
    }
    AUTO(buf) b = BUF(4096);
    json_open(&b, '{');
    json_member_u64(&b, "added", t->added);
    json_member_u64(&b, "replaced", t->replaced);
    json_member_u64(&b, "same", t->same);
    json_member_u64(&b, "removed", t->removed);
    json_member_u64(&b, "left_out", t->refused + t->twins);
    json_member_u64(&b, "copies", t->twins);
    json_member_u64(&b, "bytes", t->bytes);
    json_member_f64(&b, "seconds", (double)us / 1e6);
    json_close(&b, '}');
    TRY(cli_put_json(c, &b));
    (void)fflush(c->out); /* whoever follows reads each line as it comes */
    return OK;
}

static void
begin_count(struct adding *t)
{
    t->added = t->replaced = t->same = t->twins = t->refused = t->removed = 0;
    t->bytes = t->began_us = 0;
}

static err
commit(void *ctx, size_t taken, size_t dropped)
{
    struct adding *const t = ctx;
    (void)taken, (void)dropped;
    TRY(know_commit(t->o->k));
    TRY(tell(t));
    begin_count(t);
    map_done(&t->marks); /* what is a copy may be one no more */
    t->marks = (map){0};
    return OK;
}

static void
tell_ready(void *ctx)
{
    const struct adding *const t = ctx;
    cli_note(t->c, "watching; Ctrl-C ends");
}

/* ---- the command */

static fallible
read_day(const struct args *a, const char *option, uint32_t *ret)
{
    if (args_has(a, option) && day_read(args_str(a, option), ret).code)
        REFUSE(ARGUMENT, option, "--%s is a day, YYYY-MM-DD", option);
    return OK;
}

static fallible
read_like(const struct args *a, struct know_source *s)
{
    s->edition = args_str(a, "edition");
    TRY(read_day(a, "valid-from", &s->valid_from));
    return read_day(a, "valid-to", &s->valid_to);
}

/* A folder by its whole name: its documents are found again whatever the way to it. */
static fallible
list_root(struct cli *c, str root, know_files *ret)
{
    char whole[PATH_MAX];
    if (!realpath(arena_str(c->a, root).at, whole))
        return file_errno("look at", arena_str(c->a, root).at);
    return know_files_read(str_of(whole), ret);
}

static fallible
add_roots(struct adding *t, const struct args *a, struct know_watching *w)
{
    const bool follows = args_has(a, "watch") || args_has(a, "sync");
    for (size_t i = 0; i < a->count && i < KNOW_ROOTS_MAX; i++) {
        TRY(list_root(t->c, a->at[i], &w->at[i]));
        w->count++;
        TRY(take_all(t, &w->at[i], follows));
    }
    TRY(tell(t));
    if (!args_has(a, "watch"))
        return OK;
    begin_count(t);
    w->on_ready = tell_ready;
    w->ctx = t;
    const struct know_taker taker = {.take = take, .drop = drop, .commit = commit, .ctx = t};
    return know_watch(w, &taker);
}

fallible
cmd_know_add(struct cli *c, const struct args *a)
{
    AUTO(offline) o = {0};
    struct adding t = {.c = c, .o = &o, .began_us = clock_us()};
    if (know_is_remote(a))
        return know_remote_add(c, a);
    TRY(read_like(a, &t.like));
    TRY(offline_open(c, a, OP_KNOW_ADD, &o));
    TRY(offline_label(&o, a, &t.label));
    struct know_watching *const w = arena_new(c->a, struct know_watching);
    const err e = add_roots(&t, a, w);
    for (size_t i = 0; i < w->count; i++)
        know_files_auto(&w->at[i]);
    map_done(&t.marks);
    return e;
}
