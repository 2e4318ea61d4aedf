/* SPDX-License-Identifier: EUPL-1.2 */
/* small_log.h - a signed log made in a directory, for the tests of audit/. */
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/edge.h"
#include "audit/past.h"
#include "os/file.h"
#include "test.h"

enum { SMALL_PATH = 1024 };

typedef struct small_log {
    char dir[SMALL_PATH];
    struct edge edge;
    struct note_key key;
    secret half;
    char newest[1024]; /* the note in `checkpoint` */
} small_log;

static inline void
small_log_auto(small_log *l)
{
    edge_done(&l->edge);
    secret_done(&l->half);
}

static inline void
small_log_new(small_log *l, const char *name, uint8_t seed_byte)
{
    AUTO(secret) seed = {0};
    sign_public p;
    snprintf(l->dir, sizeof l->dir, "%s/%s", test_dir(), name);
    NEED_OK(secret_get(&seed, SIGN_SEED_LEN));
    memset(seed.at, seed_byte, seed.len);
    NEED_OK(sign_pair(&seed, &l->half, &p));
    NEED_OK(note_key_make(STR("hoheit/test"), NOTE_ED25519, &p, &l->key));
    NEED_OK(file_make_dir(l->dir, 0700));
    NEED_OK(edge_open(&l->edge, l->dir, 0, 0));
}

static inline void
small_log_add(small_log *l, uint64_t until)
{
    while (l->edge.tree.size < until) {
        char entry[96];
        const unsigned long long i = l->edge.tree.size;
        const int n =
            snprintf(entry, sizeof entry, "{\"seq\":%llu,\"request\":\"req_%llu\"}", i + 1, i / 2);
        NEED_OK(edge_add(&l->edge, (str){entry, (size_t)n}));
    }
}

/* The note over `h`, into `b`. */
static inline void
small_log_note(const small_log *l, const struct tree_head *h, buf *b)
{
    AUTO(buf) text = BUF(1024);
    checkpoint_put(&text, str_of(l->key.name), h);
    buf_add(b, buf_str(&text));
    buf_add_char(b, '\n');
    NEED_OK(note_sign(b, &l->key, &l->half, buf_str(&text), 0));
}

static inline const char *
small_log_path(const small_log *l, const char *name)
{
    static char room[4][2 * SMALL_PATH];
    static unsigned next;
    char *at = room[next++ % 4];
    snprintf(at, sizeof room[0], "%s/%s", l->dir, name);
    return at;
}

static inline void
small_log_publish(small_log *l, str note)
{
    NEED_OK(file_write_atomic(small_log_path(l, "checkpoint"), note, 0600));
    snprintf(l->newest, sizeof l->newest, "%.*s", STR_FMT(note));
}

/* Tiles, checkpoint and past of the tree as it is. */
static inline void
small_log_sign(small_log *l)
{
    AUTO(buf) note = BUF(1024);
    const struct tree_head h = merkle_head(&l->edge.tree);
    NEED_OK(edge_write(&l->edge));
    small_log_note(l, &h, &note);
    small_log_publish(l, buf_str(&note));
    NEED_OK(past_add(l->dir, buf_str(&note)));
}

/* Calls `fn` with each file below the log, by its path. */
typedef void small_log_fn(void *ctx, const char *path);

static inline void
small_log_walk(const char *dir, small_log_fn *fn, void *ctx)
{
    struct dirent **names;
    const int n = scandir(dir, &names, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char path[2 * SMALL_PATH];
        struct stat st;
        CHECK_INT(snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name), <, sizeof path);
        if (names[i]->d_name[0] != '.' && lstat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                small_log_walk(path, fn, ctx);
            else
                fn(ctx, path);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
}
