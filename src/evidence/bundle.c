/* SPDX-License-Identifier: EUPL-1.2 */
#include "evidence/bundle.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "base/enc.h"
#include "base/json.h"

enum { TURN_BYTES = 64 * 1024, HEX = 64 };

/* ---- the manifest */

static void
put_digest(buf *b, const char *name, const digest *d)
{
    char room[HEX + 1];
    digest_text(d, room);
    json_member_str(b, name, str_of(room));
}

static void
put_pick(buf *b, const struct pick *p)
{
    json_key(b, "picked");
    json_open(b, '{');
    json_member_str(b, "since", p->since);
    json_member_str(b, "until", p->until);
    json_member_str(b, "keys", p->keys);
    json_member_str(b, "request", p->request);
    json_member_str(b, "case", p->case_name);
    json_member_str(b, "model", p->model);
    json_member_str(b, "tenant", p->tenant);
    json_close(b, '}');
}

static void
put_files(buf *b, const struct manifest *m)
{
    json_key(b, "files");
    json_open(b, '[');
    for (size_t i = 0; i < m->file_count; i++) {
        json_open(b, '{');
        json_member_str(b, "name", str_of(m->files[i].name));
        json_member_u64(b, "bytes", m->files[i].bytes);
        put_digest(b, "sha256", &m->files[i].sha256);
        json_close(b, '}');
    }
    json_close(b, ']');
}

void
manifest_put(buf *b, const struct manifest *m)
{
    json_open(b, '{');
    json_member_str(b, "format", STR(BUNDLE_FORMAT));
    json_member_str(b, "made", m->made);
    put_pick(b, &m->pick);
    json_member_str(b, "clearance", m->clearance);
    json_member_str(b, "log", m->log);
    json_member_u64(b, "size", m->head.size);
    put_digest(b, "root", &m->head.root);
    json_member_u64(b, "latest", m->latest);
    json_member_u64(b, "shown", m->shown);
    json_member_u64(b, "held_back", m->held);
    json_member_bool(b, "whole", m->is_whole);
    json_member_bool(b, "recorded", false);
    put_files(b, m);
    json_close(b, '}');
    buf_add_char(b, '\n');
}

static fallible
read_text(const jval *o, const char *name, str *ret)
{
    const jval v = json_get(o, name);
    return json_str(&v, BUNDLE_TEXT_MAX, ret);
}

static fallible
read_count(const jval *o, const char *name, uint64_t *ret)
{
    const jval v = json_get(o, name);
    int64_t n = 0;
    TRY(json_i64(&v, 0, INT64_MAX, &n));
    *ret = (uint64_t)n;
    return OK;
}

static fallible
read_digest(const jval *o, const char *name, digest *ret)
{
    str hex;
    TRY(read_text(o, name, &hex));
    return digest_read(hex, ret);
}

static fallible
read_pick(const jval *root, struct pick *ret)
{
    const jval o = json_get(root, "picked");
    TRY(json_object(&o));
    TRY(read_text(&o, "since", &ret->since));
    TRY(read_text(&o, "until", &ret->until));
    TRY(read_text(&o, "keys", &ret->keys));
    TRY(read_text(&o, "request", &ret->request));
    TRY(read_text(&o, "case", &ret->case_name));
    TRY(read_text(&o, "model", &ret->model));
    return read_text(&o, "tenant", &ret->tenant);
}

/* A name is one of a file in this very directory. */
static bool
is_name(str s)
{
    return s.len && s.at[0] != '.' && str_find_char(s, '/') < 0;
}

static fallible
read_file(const jval *o, struct bundle_file *ret)
{
    str name;
    TRY(json_object(o));
    TRY(read_text(o, "name", &name));
    if (!is_name(name) || !str_copy(name, ret->name, sizeof ret->name))
        REFUSE(CORRUPT, "", "the manifest names a file that cannot be one of a bundle");
    TRY(read_count(o, "bytes", &ret->bytes));
    return read_digest(o, "sha256", &ret->sha256);
}

static fallible
read_files(const jval *root, struct manifest *m)
{
    const jval list = json_get(root, "files");
    struct jwalk w = {0};
    TRY(json_array(&list, 1, BUNDLE_FILES_MAX));
    for (jval v; json_each(&list, &w, &v);) {
        struct bundle_file f = {.bytes = 0};
        TRY(read_file(&v, &f));
        if (manifest_find(m, f.name))
            REFUSE(CORRUPT, "", "the manifest names %s twice", f.name);
        m->files[m->file_count++] = f;
    }
    return OK;
}

static fallible
read_members(const jval *root, struct manifest *m)
{
    const jval whole = json_get(root, "whole");
    str format;
    TRY(json_object(root));
    TRY(read_text(root, "format", &format));
    if (!str_eq(format, STR(BUNDLE_FORMAT)))
        REFUSE(UNSUPPORTED, "",
               "the bundle is not of the form " BUNDLE_FORMAT
               ": check it with the version of hoheit that made it");
    TRY(read_text(root, "made", &m->made));
    TRY(read_pick(root, &m->pick));
    TRY(read_text(root, "clearance", &m->clearance));
    TRY(read_text(root, "log", &m->log));
    TRY(read_count(root, "size", &m->head.size));
    TRY(read_digest(root, "root", &m->head.root));
    TRY(read_count(root, "latest", &m->latest));
    TRY(read_count(root, "shown", &m->shown));
    TRY(read_count(root, "held_back", &m->held));
    TRY(json_bool(&whole, &m->is_whole));
    return read_files(root, m);
}

fallible
manifest_read(arena *a, str text, struct manifest *ret)
{
    struct manifest m = {.file_count = 0};
    jval root;
    err e = json_read(a, text, &root);
    if (!e.code)
        e = read_members(&root, &m);
    if (e.code == ERR_PARSE || e.code == ERR_ARGUMENT)
        REFUSE(CORRUPT, "", "manifest.json is not the manifest of a bundle");
    TRY(e);
    *ret = m;
    return OK;
}

const struct bundle_file *
manifest_find(const struct manifest *m, const char *name)
{
    for (size_t i = 0; i < m->file_count; i++)
        if (strcmp(m->files[i].name, name) == 0)
            return &m->files[i];
    return NULL;
}

fallible
manifest_add(struct manifest *m, const struct bundle_file *f)
{
    ASSERT(!manifest_find(m, f->name));
    if (m->file_count == BUNDLE_FILES_MAX)
        FAIL(LIMIT, "a bundle has at most %d files", BUNDLE_FILES_MAX);
    m->files[m->file_count++] = *f;
    return OK;
}

void
manifest_put_sealed(buf *b, str manifest)
{
    const digest d = quick_hash_plain(manifest);
    char room[HEX + 1];
    digest_text(&d, room);
    buf_add_fmt(b, "%s\n%s\n", BUNDLE_FORMAT, room);
}

/* ---- sheets */

fallible
sheet_open(struct sheet *s, const char *dir, const char *name)
{
    char path[PATH_MAX];
    *s = (struct sheet){.f = -1, .b = BUF(BUNDLE_SHEET_MAX)};
    ASSERT(str_copy(str_of(name), s->file.name, sizeof s->file.name));
    TRY(sha256_new(&s->h));
    if (!dir)
        return OK;
    if (snprintf(path, sizeof path, "%s/%s", dir, name) >= (int)sizeof path)
        REFUSE(ARGUMENT, "", "the directory's path is too long");
    return file_open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, &s->f);
}

static fallible
flush(struct sheet *s)
{
    TRY(buf_end(&s->b));
    TRY(sha256_add(s->h, buf_str(&s->b)));
    if (s->f >= 0)
        TRY(file_write_all(s->f, buf_str(&s->b)));
    s->file.bytes += s->b.len;
    buf_clear(&s->b);
    return OK;
}

fallible
sheet_turn(struct sheet *s)
{
    return s->b.len < TURN_BYTES && !s->b.failed ? OK : flush(s);
}

fallible
sheet_end(struct sheet *s)
{
    TRY(flush(s));
    if (s->f >= 0)
        TRY(file_sync(s->f));
    sha256 *const h = TAKE(s->h);
    return sha256_end(h, &s->file.sha256);
}

void
sheet_auto(struct sheet *s)
{
    fd_auto(&s->f);
    buf_done(&s->b);
    sha256_free(s->h);
}

fallible
sheet_put(struct manifest *m, const char *dir, const char *name, str bytes)
{
    AUTO(sheet) s = SHEET;
    TRY(sheet_open(&s, dir, name));
    buf_add(&s.b, bytes);
    TRY(sheet_end(&s));
    return manifest_add(m, &s.file);
}

/* ---- proofs */

static void
put_path(buf *b, const char *name, const struct merkle_proof *p)
{
    char room[HEX + 1];
    json_key(b, name);
    json_open(b, '[');
    for (size_t i = 0; i < p->count; i++) {
        digest_text(&p->at[i], room);
        json_put_str(b, str_of(room));
    }
    json_close(b, ']');
}

static fallible
read_path(const jval *o, const char *name, struct merkle_proof *ret)
{
    const jval list = json_get(o, name);
    struct jwalk w = {0};
    str hex;
    TRY(json_array(&list, 0, MERKLE_PROOF_MAX));
    ret->count = 0;
    for (jval v; json_each(&list, &w, &v);) {
        TRY(json_str(&v, HEX, &hex));
        TRY(digest_read(hex, &ret->at[ret->count]));
        ret->count++;
    }
    return OK;
}

void
proof_put(buf *b, const struct proof_line *p)
{
    json_open(b, '{');
    json_member_u64(b, "leaf", p->leaf);
    put_digest(b, "hash", &p->hash);
    json_member_bool(b, "shown", p->is_shown);
    put_path(b, "path", &p->path);
    json_close(b, '}');
    buf_add_char(b, '\n');
}

static fallible
read_proof(arena *a, str line, struct proof_line *ret)
{
    jval root;
    TRY(json_read(a, line, &root));
    TRY(json_object(&root));
    const jval shown = json_get(&root, "shown");
    TRY(read_count(&root, "leaf", &ret->leaf));
    TRY(read_digest(&root, "hash", &ret->hash));
    TRY(json_bool(&shown, &ret->is_shown));
    return read_path(&root, "path", &ret->path);
}

/* Whatever is wrong with what a bundle holds, it is the bundle that is wrong. */
static fallible
as_corrupt(err e, const char *name)
{
    if (e.code == ERR_PARSE || e.code == ERR_ARGUMENT)
        REFUSE(CORRUPT, "", "%s: a line is not of its form", name);
    return e;
}

fallible
proof_read(arena *a, str line, struct proof_line *ret)
{
    return as_corrupt(read_proof(a, line, ret), "proofs.jsonl");
}

void
growth_put(buf *b, uint64_t from, uint64_t to, const struct merkle_proof *p)
{
    json_open(b, '{');
    json_member_u64(b, "from", from);
    json_member_u64(b, "to", to);
    put_path(b, "hashes", p);
    json_close(b, '}');
    buf_add_char(b, '\n');
}

static fallible
read_growth(arena *a, str text, uint64_t from, uint64_t to, struct merkle_proof *ret)
{
    uint64_t got_from, got_to;
    jval root;
    TRY(json_read(a, text, &root));
    TRY(json_object(&root));
    TRY(read_count(&root, "from", &got_from));
    TRY(read_count(&root, "to", &got_to));
    if (got_from != from || got_to != to)
        REFUSE(CORRUPT, "", "consistency.json is not about the two checkpoints");
    return read_path(&root, "hashes", ret);
}

fallible
growth_read(arena *a, str text, uint64_t from, uint64_t to, struct merkle_proof *ret)
{
    return as_corrupt(read_growth(a, text, from, to, ret), "consistency.json");
}

/* ---- lines */

fallible
lines_open(struct lines *l, const char *path)
{
    *l = (struct lines){.f = -1, .b = BUF(2 * LINES_BYTES_MAX)};
    return file_open(path, O_RDONLY | O_NOFOLLOW, 0, &l->f);
}

static fallible
fill(struct lines *l)
{
    size_t got = 0;
    buf_drop(&l->b, l->at);
    l->at = 0;
    char *const room = buf_add_room(&l->b, LINES_BYTES_MAX);
    TRY(buf_end(&l->b));
    TRY(file_read_at(l->f, l->read, room, LINES_BYTES_MAX, &got));
    l->b.len -= LINES_BYTES_MAX - got;
    l->read += got;
    l->is_end = got < LINES_BYTES_MAX;
    return OK;
}

fallible
lines_next(struct lines *l, str *ret, bool *ret_is_there)
{
    for (int tries = 0; tries < 2; tries++) {
        const str rest = str_slice(buf_str(&l->b), l->at, l->b.len);
        const ptrdiff_t end = str_find_char(rest, '\n');
        *ret_is_there = end >= 0;
        if (end >= 0) {
            *ret = str_slice(rest, 0, (size_t)end);
            l->at += (size_t)end + 1;
            return OK;
        }
        if (l->is_end && rest.len)
            REFUSE(CORRUPT, "", "the last line of a file has no end");
        if (l->is_end)
            return OK;
        if (rest.len >= LINES_BYTES_MAX)
            break;
        TRY(fill(l));
    }
    REFUSE(CORRUPT, "", "a line is longer than %d bytes", LINES_BYTES_MAX);
}

void
lines_auto(struct lines *l)
{
    fd_auto(&l->f);
    buf_done(&l->b);
}
