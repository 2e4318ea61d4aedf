/* SPDX-License-Identifier: EUPL-1.2 */
#include "work/cases/cases.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "crypt/hash.h"
#include "crypt/seal.h"
#include "os/file.h"

enum { PATH_BYTES = 4096, KEY_LEN = 32, SCRATCH_BYTES = 4 * 1024 * 1024 };
#define CASE_MAGIC UINT64_C(0x3165736163686f68) /* "hohcase1" */
#define DAY_MS INT64_C(86400000)

/* As it stands in the file; its bytes are sealed along. */
struct head {
    uint64_t magic, state;
    int64_t made_wall_ms, decided_wall_ms;
    uint64_t label[4];
};

struct cases {
    char dir[PATH_BYTES - ID_MAX - 2];
    secret key;
    struct case_head *heads; /* in the order of their ids, that is of time */
    size_t count;
};

static const char *const states[CASE_STATES] = {"open", "released", "rejected"};

const char *
case_state_name(enum case_state s)
{
    ASSERT(s < CASE_STATES);
    return states[s];
}

fallible
case_state_read(str name, enum case_state *ret)
{
    for (int s = 0; s < CASE_STATES; s++)
        if (str_eq(name, str_of(states[s]))) {
            *ret = (enum case_state)s;
            return OK;
        }
    REFUSE(ARGUMENT, "state", "a case is open, released or rejected");
}

/* ---- files */
static void
path_of(const cases *c, const char *id, char ret[PATH_BYTES])
{
    (void)snprintf(ret, PATH_BYTES, "%s/%s", c->dir, id);
}

static struct head
head_of(const struct case_head *h)
{
    struct head f = {.magic = CASE_MAGIC,
                     .state = h->state,
                     .made_wall_ms = h->made_wall_ms,
                     .decided_wall_ms = h->decided_wall_ms};
    memcpy(f.label, h->label.w, sizeof f.label);
    return f;
}

/* What the text is sealed with: the head's bytes and the id. */
static str
about_of(const struct head *f, const char *id, char room[sizeof(struct head) + ID_MAX])
{
    const size_t len = strlen(id);
    memcpy(room, f, sizeof *f);
    memcpy(room + sizeof *f, id, len);
    return (str){room, sizeof *f + len};
}

static fallible
write_case(const cases *c, const struct case_head *h, str text)
{
    AUTO(buf) b = BUF(CASE_BYTES_MAX + sizeof(struct head) + SEAL_OVERHEAD);
    char path[PATH_BYTES], about[sizeof(struct head) + ID_MAX];
    const struct head f = head_of(h);
    if (text.len > CASE_BYTES_MAX)
        REFUSE(TOO_LARGE, "", "a case has at most %d bytes", CASE_BYTES_MAX);
    buf_add(&b, (str){(const char *)&f, sizeof f});
    TRY(seal_close(&c->key, about_of(&f, h->id, about), text, &b));
    TRY(buf_end(&b));
    path_of(c, h->id, path);
    return file_write_atomic(path, buf_str(&b), 0600);
}

static fallible
read_file(const cases *c, const char *id, arena *a, struct head *ret, str *ret_sealed)
{
    char path[PATH_BYTES];
    str bytes;
    path_of(c, id, path);
    TRY(file_read(a, path, CASE_BYTES_MAX + sizeof *ret + SEAL_OVERHEAD, &bytes));
    if (bytes.len < sizeof *ret)
        FAIL(CORRUPT, "a case's file is cut short");
    memcpy(ret, bytes.at, sizeof *ret);
    if (ret->magic != CASE_MAGIC || ret->state >= CASE_STATES)
        FAIL(CORRUPT, "a file among the cases is none");
    *ret_sealed = str_slice(bytes, sizeof *ret, bytes.len);
    return OK;
}

/* ---- life */
static int
by_id(const void *a, const void *b)
{
    return strcmp(((const struct case_head *)a)->id, ((const struct case_head *)b)->id);
}

static fallible
make_room(cases *c)
{
    if (c->count == CASES_MAX)
        REFUSE(LIMIT, "", "as many cases are kept as there is room for");
    /* Grows by halves; few are ever there. */
    if (c->count && (c->count & (c->count - 1)))
        return OK;
    struct case_head *const grown =
        mem_grow(c->heads, (c->count ? 2 * c->count : 1) * sizeof *c->heads);
    if (!grown)
        FAIL(LIMIT, "no memory for a case");
    c->heads = grown;
    return OK;
}

static fallible
take_up(cases *c, const char *id, arena *a, int64_t now_wall_ms)
{
    struct head f = {0};
    str sealed = STR_NONE;
    char path[PATH_BYTES];
    TRY(read_file(c, id, a, &f, &sealed));
    if (now_wall_ms - f.made_wall_ms > CASES_DAYS * DAY_MS) {
        path_of(c, id, path);
        return file_remove(path);
    }
    TRY(make_room(c));
    struct case_head *const h = &c->heads[c->count++];
    *h = (struct case_head){.state = (enum case_state)f.state,
                            .made_wall_ms = f.made_wall_ms,
                            .decided_wall_ms = f.decided_wall_ms};
    memcpy(h->label.w, f.label, sizeof f.label);
    (void)str_copy(str_of(id), h->id, sizeof h->id);
    return OK;
}

static fallible
take_up_all(cases *c, DIR *d, int64_t now_wall_ms)
{
    AUTO(arena) *a = NULL;
    TRY(arena_open(SCRATCH_BYTES, &a));
    for (const struct dirent *at; (at = readdir(d));) {
        const str name = str_of(at->d_name);
        if (!str_starts(name, STR("case_")) || name.len >= ID_MAX)
            continue; /* as what a write left beside */
        arena_reset(a);
        TRY(take_up(c, at->d_name, a, now_wall_ms));
    }
    if (c->count)
        qsort(c->heads, c->count, sizeof *c->heads, by_id);
    return OK;
}

static fallible
open_all(cases *c, const char *dir, const secret *key, int64_t now_wall_ms)
{
    ASSERT(dir);
    if (!str_copy(str_of(dir), c->dir, sizeof c->dir))
        FAIL(CONFIG, "the path of the cases is too long");
    TRY(hkdf_sha256(key, STR("citizen/cases"), KEY_LEN, &c->key));
    DIR *const d = opendir(dir);
    if (!d)
        return errno == ENOENT ? OK : file_errno("list", dir);
    const err e = take_up_all(c, d, now_wall_ms);
    (void)closedir(d);
    return e;
}

fallible
cases_new(const char *dir, const secret *key, int64_t now_wall_ms, cases **ret)
{
    ASSERT(key->len == KEY_LEN);
    cases *const c = mem_get(sizeof *c);
    if (!c)
        FAIL(LIMIT, "no memory for the cases");
    *c = (cases){.count = 0};
    const err e = open_all(c, dir, key, now_wall_ms);
    if (e.code) {
        cases_free(c);
        return e;
    }
    *ret = c;
    return OK;
}

void
cases_free(cases *c)
{
    if (!c)
        return;
    secret_done(&c->key);
    mem_free(c->heads);
    mem_free(c);
}

/* ---- one case */
static struct case_head *
find(cases *c, const grant *g, str id)
{
    for (size_t i = 0; i < c->count; i++)
        if (str_eq(str_of(c->heads[i].id), id))
            return grant_covers(g, c->heads[i].label) ? &c->heads[i] : NULL;
    return NULL;
}

fallible
cases_add(cases *c, const grant *g, content text, int64_t now_wall_ms, struct case_head *ret)
{
    str bytes;
    struct case_head h = {.state = CASE_OPEN, .made_wall_ms = now_wall_ms, .label = text.label};
    TRY(content_open(text, g, &bytes));
    TRY(make_room(c));
    TRY(file_make_dir(c->dir, 0700));
    (void)id_new("case_", h.id);
    TRY(write_case(c, &h, bytes));
    c->heads[c->count++] = h;
    *ret = h;
    return OK;
}

fallible
cases_get(cases *c, const grant *g, str id, arena *a, struct case_found *ret)
{
    AUTO(buf) b = BUF(CASE_BYTES_MAX);
    char about[sizeof(struct head) + ID_MAX];
    struct head f;
    str sealed, text;
    const struct case_head *const h = find(c, g, id);
    if (!h)
        REFUSE(NOT_FOUND, "", "there is no such case");
    TRY(read_file(c, h->id, a, &f, &sealed));
    TRY(seal_open(&c->key, about_of(&f, h->id, about), sealed, &b));
    const struct head known = head_of(h);
    if (memcmp(&f, &known, sizeof f) != 0)
        FAIL(CORRUPT, "a case's head is not the one that was kept");
    TRY(try_arena_str(a, buf_str(&b), &text));
    *ret = (struct case_found){*h, content_of(text, h->label)};
    return OK;
}

fallible
cases_decide(cases *c, const grant *g, const struct case_decision *d)
{
    str text;
    struct case_head *const h = find(c, g, d->id);
    ASSERT(d->state == CASE_RELEASED || d->state == CASE_REJECTED);
    if (!h)
        REFUSE(NOT_FOUND, "", "there is no such case");
    if (h->state != CASE_OPEN)
        REFUSE(CONFLICT, "", "the case was decided already");
    if (!label_eq(d->text.label, h->label))
        REFUSE(DENIED, "", "what is decided has the label of its case");
    TRY(content_open(d->text, g, &text));
    struct case_head decided = *h;
    decided.state = d->state;
    decided.decided_wall_ms = d->now_wall_ms;
    TRY(write_case(c, &decided, text));
    *h = decided;
    return OK;
}

fallible
cases_each(cases *c, const grant *g, case_fn *fn, void *ctx)
{
    for (size_t i = 0; i < c->count; i++)
        if (grant_covers(g, c->heads[i].label))
            TRY(fn(ctx, &c->heads[i]));
    return OK;
}
