/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/retain/floor.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "audit/retain/retain.h"
#include "base/num.h"

enum { FILE_BYTES_MAX = 256, SCRATCH_BYTES = 16 * 1024, BUNDLE = 256 };

static const str heading = STR_INIT("hoheit pruned v1");

static fallible
path_of(const char *dir, const char *name, char room[PATH_MAX])
{
    const int n = snprintf(room, PATH_MAX, "%s/%s", dir, name);
    if (n < 0 || n >= PATH_MAX)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(dir));
    return OK;
}

/* ---- the floor */
static bool
read_line(str *rest, uint64_t *ret)
{
    str line;
    return str_next(rest, '\n', &line) && !str_starts(line, STR("0")) &&
           !num_u64(line, 1, INT64_MAX, ret).code;
}

fallible
floor_read(const char *log_dir, struct floor *ret)
{
    AUTO(arena) *a = NULL;
    char path[PATH_MAX];
    struct floor f = {.index = 0};
    str text, line;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(path_of(log_dir, "pruned", path));
    *ret = f;
    const err e = file_read(a, path, FILE_BYTES_MAX, &text);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    if (e.code && e.code != ERR_LIMIT)
        return e;
    const bool fits = !e.code && str_ends(text, STR("\n")) && str_next(&text, '\n', &line) &&
                      str_eq(line, heading) && read_line(&text, &f.index) &&
                      read_line(&text, &f.decision) && read_line(&text, &f.offset) && !text.len;
    if (!fits || !f.index || f.index % BUNDLE || f.decision < f.index || !f.offset)
        FAIL(CORRUPT, "pruned: byte 0: does not say below which entry the log was pruned");
    *ret = f;
    return OK;
}

fallible
floor_write(const char *log_dir, const struct floor *f)
{
    char path[PATH_MAX], text[FILE_BYTES_MAX];
    ASSERT(f->index && f->index % BUNDLE == 0 && f->decision >= f->index);
    TRY(path_of(log_dir, "pruned", path));
    const int n = snprintf(text, sizeof text, "%.*s\n%llu\n%llu\n%llu\n", STR_FMT(heading),
                           (unsigned long long)f->index, (unsigned long long)f->decision,
                           (unsigned long long)f->offset);
    return file_write_atomic(path, (str){text, (size_t)n}, 0600);
}

/* ---- what was held */
fallible
held_open(const char *log_dir, struct held *ret)
{
    char path[PATH_MAX];
    *ret = HELD;
    TRY(path_of(log_dir, "held", path));
    const err e = file_open(path, O_RDONLY | O_NOFOLLOW, 0, &ret->f);
    return e.code == ERR_NOT_FOUND ? OK : e;
}

void
held_done(struct held *h)
{
    fd_auto(&h->f);
    h->f = -1;
    buf_done(&h->window);
}

/* What is left of the window, and more behind it. */
static fallible
refill(struct held *h)
{
    const size_t left = h->window.len - h->used;
    size_t got = 0;
    if (!h->window.len)
        (void)buf_add_room(&h->window, 2 * HELD_LINE_MAX);
    else if (left)
        memmove(h->window.at, h->window.at + h->used, left);
    TRY(buf_end(&h->window));
    TRY(file_read_at(h->f, h->at, h->window.at + left, 2 * HELD_LINE_MAX - left, &got));
    h->at += got;
    h->used = 0;
    h->window.len = left + got;
    return OK;
}

static fallible
out_of_shape(const struct held *h)
{
    FAIL(CORRUPT, "held: byte %llu: is no entry, or not in its place",
         (unsigned long long)(h->at - (h->window.len - h->used)));
}

fallible
held_next(struct held *h, bool *ret_is_there, str *ret_line, uint64_t *ret_index)
{
    struct retain_head head;
    *ret_is_there = false;
    if (h->f < 0)
        return OK;
    str rest = str_slice(buf_str(&h->window), h->used, h->window.len);
    if (str_find_char(rest, '\n') < 0) {
        TRY(refill(h));
        rest = buf_str(&h->window);
    }
    if (!rest.len)
        return OK;
    const ptrdiff_t end = str_find_char(rest, '\n');
    if (end < 0)
        return out_of_shape(h);
    const str line = str_slice(rest, 0, (size_t)end);
    if (retain_head_read(line, &head).code || head.seq - 1 < h->next)
        return out_of_shape(h);
    h->used += line.len + 1;
    h->next = head.seq;
    *ret_line = line;
    *ret_index = head.seq - 1;
    *ret_is_there = true;
    return OK;
}
