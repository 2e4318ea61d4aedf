/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/past.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"

enum { WINDOW = 4 * NOTE_BYTES_MAX };

static const str dash = STR_INIT("\xe2\x80\x94 ");

static fallible
open_file(const char *dir, int flags, fd *ret)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/checkpoints", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(dir));
    return file_open(path, flags | O_NOFOLLOW, 0600, ret);
}

/* ---- writing */

fallible
past_add(const char *dir, str note)
{
    AUTO(fd) f = -1;
    TRY(open_file(dir, O_WRONLY | O_CREAT | O_APPEND, &f));
    return file_write_all(f, note);
}

/* Behind the last signature line that is whole. */
static size_t
whole_len(str s)
{
    size_t end = s.len;
    while (end) {
        size_t line = end - 1;
        while (line && s.at[line - 1] != '\n')
            line--;
        if (s.at[end - 1] == '\n' && str_starts(str_slice(s, line, end), dash))
            return end;
        end = line;
    }
    return 0;
}

static fallible
cut(int f, uint64_t len)
{
    if ((fault_now() ? (errno = EIO, -1) : ftruncate(f, (off_t)len)) != 0)
        return file_errno("cut back", "checkpoints");
    return OK;
}

static fallible
read_end(int f, uint64_t size, buf *b, uint64_t *ret_from)
{
    size_t len = 0;
    *ret_from = size > WINDOW ? size - WINDOW : 0;
    char *at = buf_add_room(b, (size_t)(size - *ret_from));
    TRY(buf_end(b));
    return size ? file_read_at(f, *ret_from, at, b->len, &len) : OK;
}

fallible
past_mend(const char *dir, str newest)
{
    AUTO(fd) f = -1;
    AUTO(buf) b = BUF(WINDOW);
    uint64_t size, from;
    ASSERT(newest.len && newest.len <= NOTE_BYTES_MAX);
    TRY(open_file(dir, O_RDWR | O_CREAT | O_APPEND, &f));
    TRY(file_size(f, &size));
    TRY(read_end(f, size, &b, &from));
    const size_t whole = whole_len(buf_str(&b));
    if (from + whole < size)
        TRY(cut(f, from + whole));
    if (str_ends(str_slice(buf_str(&b), 0, whole), newest))
        return OK;
    return file_write_all(f, newest);
}

/* ---- reading */

/* Where the note begins whose signatures end at `end`: behind the signatures of the one before. */
static size_t
note_start(str s, size_t end)
{
    bool is_text = false;
    while (end) {
        size_t line = end - 1;
        while (line && s.at[line - 1] != '\n')
            line--;
        const bool is_signature = str_starts(str_slice(s, line, end), dash);
        if (is_signature && is_text)
            return end;
        is_text = is_text || !is_signature;
        end = line;
    }
    return 0;
}

fallible
past_newest(const char *dir, const struct note_key *k, struct tree_head *ret, bool *ret_is_there)
{
    AUTO(fd) f = -1;
    AUTO(buf) b = BUF(WINDOW);
    struct checkpoint c;
    uint64_t size, from;
    *ret_is_there = false;
    const err e = open_file(dir, O_RDONLY, &f);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    TRY(file_size(f, &size));
    TRY(read_end(f, size, &b, &from));
    const size_t end = whole_len(buf_str(&b));
    if (!end)
        return OK;
    const str note = str_slice(buf_str(&b), note_start(buf_str(&b), end), end);
    TRY(checkpoint_open(note, k, &c));
    *ret = c.head;
    *ret_is_there = true;
    return OK;
}

fallible
past_open(const char *dir, struct past *ret)
{
    *ret = (struct past){.f = -1, .window = BUF(WINDOW + 1)};
    const err e = open_file(dir, O_RDONLY, &ret->f);
    return e.code == ERR_NOT_FOUND ? OK : e;
}

void
past_done(struct past *p)
{
    fd_auto(&p->f);
    buf_done(&p->window);
}

static fallible
fill(struct past *p)
{
    size_t len = 0;
    if (p->f < 0 || p->window.len > NOTE_BYTES_MAX)
        return OK;
    const size_t before = p->window.len, want = WINDOW - before;
    char *at = buf_add_room(&p->window, want);
    TRY(buf_end(&p->window));
    p->window.len = before;
    TRY(file_read_at(p->f, p->window_at + before, at, want, &len));
    p->window.len += len;
    return OK;
}

/* Up to the first line behind the signatures of the note at the start. */
static size_t
note_len(str s)
{
    const ptrdiff_t end = str_find(s, STR("\n\n"));
    size_t at = end < 0 ? s.len : (size_t)end + 2;
    while (str_starts(str_slice(s, at, s.len), dash)) {
        const ptrdiff_t line = str_find_char(str_slice(s, at, s.len), '\n');
        at = line < 0 ? s.len : at + (size_t)line + 1;
    }
    return at;
}

fallible
past_next(struct past *p, const struct note_key *k, bool *ret_is_there)
{
    struct checkpoint c;
    TRY(fill(p));
    *ret_is_there = p->window.len > 0;
    if (!*ret_is_there)
        return OK;
    const size_t len = note_len(buf_str(&p->window));
    p->at = p->window_at;
    TRY(checkpoint_open(str_slice(buf_str(&p->window), 0, len), k, &c));
    if (p->count && c.head.size <= p->head.size)
        FAIL(CORRUPT, "a checkpoint of %llu entries follows one of %llu",
             (unsigned long long)c.head.size, (unsigned long long)p->head.size);
    p->head = c.head;
    p->count++;
    p->window_at += len;
    buf_drop(&p->window, len);
    return OK;
}
