/* SPDX-License-Identifier: EUPL-1.2 */
#include "cli/intake/know_watch.h"

#include "os/folders.h"

enum { QUIET_MS = 200 };

/* Another file may give the document of that name. */
static bool
is_named(const know_files *f, str name)
{
    for (size_t i = 0; i < f->all.count; i++)
        if (str_eq(f->all.at[i].name, name))
            return true;
    return false;
}

fallible
know_changes(const know_files *before, const know_files *now, const struct know_taker *t,
             size_t *ret_taken, size_t *ret_dropped)
{
    for (size_t i = 0; i < before->all.count; i++) {
        const struct know_file *const f = &before->all.at[i];
        if (know_files_find(now, f->path) || is_named(now, f->name))
            continue;
        TRY(t->drop(t->ctx, f->name));
        *ret_dropped += 1;
    }
    for (size_t i = 0; i < now->all.count; i++) {
        const struct know_file *const f = &now->all.at[i], *const old =
                                                               know_files_find(before, f->path);
        if (old && old->mark == f->mark)
            continue;
        TRY(t->take(t->ctx, now, f));
        *ret_taken += 1;
    }
    return OK;
}

/* A folder that went away meanwhile is none of these any more: its parent tells. */
static fallible
watch_folders(int f, const know_files *now)
{
    for (size_t i = 0; i < now->folders.count; i++) {
        const err e = folders_add(f, now->folders.at[i].at);
        if (e.code != ERR_NOT_FOUND)
            TRY(e);
    }
    return OK;
}

/* Watched first, listed then: what comes between is seen twice, not never. */
static fallible
look_again(int f, struct know_watching *w, const struct know_taker *t)
{
    size_t taken = 0, dropped = 0;
    for (size_t i = 0; i < w->count; i++) {
        know_files now;
        TRY(know_files_read(w->at[i].root, &now));
        err e = watch_folders(f, &now);
        if (!e.code)
            e = know_changes(&w->at[i], &now, t, &taken, &dropped);
        know_files_auto(&w->at[i]);
        w->at[i] = now;
        TRY(e);
    }
    return taken + dropped ? t->commit(t->ctx, taken, dropped) : OK;
}

fallible
know_watch(struct know_watching *w, const struct know_taker *t)
{
    AUTO(fd) f = -1;
    ASSERT(w->count && w->count <= KNOW_ROOTS_MAX);
    TRY(folders_open(&f));
    for (size_t i = 0; i < w->count; i++)
        TRY(watch_folders(f, &w->at[i]));
    TRY(look_again(f, w, t)); /* what changed since the listing that was taken in */
    if (w->on_ready)
        w->on_ready(w->ctx);
    for (size_t round = 0; !w->rounds_max || round < w->rounds_max; round++) {
        bool is_changed = false;
        TRY(folders_wait(f, -1, QUIET_MS, &is_changed));
        if (is_changed)
            TRY(look_again(f, w, t));
    }
    return OK;
}
