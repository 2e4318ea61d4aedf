/* SPDX-License-Identifier: EUPL-1.2 */
/* USearch (a graph, filtered while it is walked), sqlite-vec (all rows are compared) and SQLite's
 * FTS5, as their documentation says to use them: M 16, ef 64 and 256, vectors of 32 bits; a
 * metadata column for what may be seen. */
#include "peers.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "usearch.h"

static void *
failed(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    return NULL;
}

/* ---- USearch */

static void *
graph_open(const float *rows, size_t count, size_t dims, size_t ef)
{
    usearch_error_t error = NULL;
    usearch_init_options_t o = {.metric_kind = usearch_metric_ip_k,
                                .quantization = usearch_scalar_f32_k,
                                .dimensions = dims,
                                .connectivity = 16,
                                .expansion_add = 128,
                                .expansion_search = ef};
    usearch_index_t index = usearch_init(&o, &error);
    if (error)
        return failed("usearch", error);
    usearch_reserve(index, count, &error);
    for (size_t i = 0; i < count && !error; i++)
        usearch_add(index, i, rows + i * dims, usearch_scalar_f32_k, &error);
    return error ? failed("usearch", error) : index;
}

static void *
graph_open_64(const float *rows, size_t count, size_t dims)
{
    return graph_open(rows, count, dims, 64);
}

static void *
graph_open_256(const float *rows, size_t count, size_t dims)
{
    return graph_open(rows, count, dims, 256);
}

static int
may_see(usearch_key_t row, void *cleared)
{
    return row < *(const size_t *)cleared;
}

static size_t
graph_search(void *peer, const float *q, size_t most, size_t cleared, uint32_t *ret_rows)
{
    usearch_error_t error = NULL;
    usearch_key_t keys[64];
    usearch_distance_t distances[64];
    const size_t n = usearch_filtered_search(peer, q, usearch_scalar_f32_k, most, may_see, &cleared,
                                             keys, distances, &error);
    for (size_t i = 0; i < n; i++)
        ret_rows[i] = (uint32_t)keys[i];
    return error ? 0 : n;
}

static void
graph_close(void *peer)
{
    usearch_error_t error = NULL;
    usearch_free(peer, &error);
}

/* ---- SQLite */

struct table {
    sqlite3 *db;
    sqlite3_stmt *put, *ask;
    size_t dims;
};

static void
table_close(void *peer)
{
    struct table *const t = peer;
    sqlite3_finalize(t->put);
    sqlite3_finalize(t->ask);
    sqlite3_close(t->db);
    free(t);
}

static void *
table_open(const char *extension, const char *create, const char *put, const char *ask)
{
    struct table *const t = calloc(1, sizeof *t);
    if (!t)
        return failed("sqlite", "no memory");
    if (sqlite3_open(":memory:", &t->db) || sqlite3_enable_load_extension(t->db, 1) ||
        (extension && sqlite3_load_extension(t->db, extension, NULL, NULL)) ||
        sqlite3_exec(t->db, create, NULL, NULL, NULL) ||
        sqlite3_prepare_v2(t->db, put, -1, &t->put, NULL) ||
        sqlite3_prepare_v2(t->db, ask, -1, &t->ask, NULL)) {
        failed("sqlite", sqlite3_errmsg(t->db));
        table_close(t);
        return NULL;
    }
    return t;
}

static void
put_row(struct table *t)
{
    if (sqlite3_step(t->put) != SQLITE_DONE)
        failed("sqlite", sqlite3_errmsg(t->db));
    sqlite3_reset(t->put);
}

static size_t
read_rows(struct table *t, size_t most, uint32_t *ret_rows)
{
    size_t n = 0;
    while (n < most && sqlite3_step(t->ask) == SQLITE_ROW)
        ret_rows[n++] = (uint32_t)sqlite3_column_int64(t->ask, 0);
    sqlite3_reset(t->ask);
    return n;
}

static void *
vec_open(const float *rows, size_t count, size_t dims)
{
    char create[128];
    snprintf(create, sizeof create,
             "create virtual table v using vec0(at float[%zu], seen integer); begin", dims);
    struct table *const t =
        table_open(SQLITE_VEC, create, "insert into v(rowid, at, seen) values(?, ?, ?)",
                   "select rowid from v where at match ? and k = ? and seen < ?");
    if (!t)
        return NULL;
    t->dims = dims;
    for (size_t i = 0; i < count; i++) {
        sqlite3_bind_int64(t->put, 1, (sqlite3_int64)i);
        sqlite3_bind_blob(t->put, 2, rows + i * dims, (int)(dims * sizeof *rows), SQLITE_STATIC);
        sqlite3_bind_int64(t->put, 3, (sqlite3_int64)i);
        put_row(t);
    }
    sqlite3_exec(t->db, "commit", NULL, NULL, NULL);
    return t;
}

static size_t
vec_search(void *peer, const float *q, size_t most, size_t cleared, uint32_t *ret_rows)
{
    struct table *const t = peer;
    sqlite3_bind_blob(t->ask, 1, q, (int)(t->dims * sizeof *q), SQLITE_STATIC);
    sqlite3_bind_int64(t->ask, 2, (sqlite3_int64)most);
    sqlite3_bind_int64(t->ask, 3, (sqlite3_int64)cleared);
    return read_rows(t, most, ret_rows);
}

static void *
fts_open(void)
{
    return table_open(NULL, "create virtual table t using fts5(text)",
                      "insert into t(rowid, text) values(?, ?)",
                      "select rowid from t where t match ? order by bm25(t) limit ?");
}

static void
fts_add(void *peer, size_t row, const char *text, size_t len)
{
    struct table *const t = peer;
    sqlite3_bind_int64(t->put, 1, (sqlite3_int64)row);
    sqlite3_bind_text(t->put, 2, text, (int)len, SQLITE_STATIC);
    put_row(t);
}

static size_t
fts_search(void *peer, const char *words, size_t most, uint32_t *ret_rows)
{
    struct table *const t = peer;
    char any[1024] = "";
    size_t len = 0;
    for (const char *at = words; *at && len < sizeof any - 4; at++)
        len +=
            (size_t)snprintf(any + len, sizeof any - len, *at == ' ' && at[1] ? " OR " : "%c", *at);
    sqlite3_bind_text(t->ask, 1, any, -1, SQLITE_STATIC);
    sqlite3_bind_int64(t->ask, 2, (sqlite3_int64)most);
    return read_rows(t, most, ret_rows);
}

const struct peer_vectors know_peer_vectors[] = {
    {"usearch-ef64", graph_open_64, graph_search, graph_close},
    {"usearch-ef256", graph_open_256, graph_search, graph_close},
    {"sqlite-vec", vec_open, vec_search, table_close},
    {0},
};
const struct peer_words know_peer_words[] = {{"fts5", fts_open, fts_add, fts_search, table_close},
                                             {0}};
