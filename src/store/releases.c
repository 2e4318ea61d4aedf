/* SPDX-License-Identifier: EUPL-1.2 */
#include "store/releases.h"

#include <stdio.h>

#include "crypt/seal.h"
#include "store/query.h"

enum { ABOUT_MAX = 512 };

static fallible
about(const struct release_row *r, enum release_state state, char room[ABOUT_MAX], str *ret)
{
    const label l = r->label;
    const int n = snprintf(room, ABOUT_MAX, "release %.*s %016llx%016llx%016llx%016llx %d %lld",
                           STR_FMT(r->id), (unsigned long long)l.w[0], (unsigned long long)l.w[1],
                           (unsigned long long)l.w[2], (unsigned long long)l.w[3], (int)state,
                           (long long)r->expires_wall_ms);
    if (n < 0 || n >= ABOUT_MAX)
        FAIL(ARGUMENT, "the id of a release is too long");
    *ret = (str){room, (size_t)n};
    return OK;
}

static fallible
check_grant(const grant *g, label l)
{
    if (!grant_covers(g, l))
        REFUSE(DENIED, "", "the label is above what this operation may touch");
    return OK;
}

static fallible
seal(const secret *key, const struct release_row *r, const struct release_step *s, buf *ret)
{
    char room[ABOUT_MAX];
    str place;
    TRY(about(r, s->next, room, &place));
    return seal_close(key, place, s->text, ret);
}

fallible
releases_sweep(db *d, int64_t now_wall_ms)
{
    AUTO(query) q = {0};
    TRY(query_begin(d, QUERY_RELEASE_SWEEP, &q));
    query_bind_i64(&q, now_wall_ms);
    return query_run(&q, NULL);
}

static fallible
check_room(db *d)
{
    AUTO(query) q = {0};
    bool is_row = false;
    TRY(query_begin(d, QUERY_RELEASE_COUNT, &q));
    TRY(query_next(&q, &is_row));
    if (is_row && query_i64(&q, 0) >= RELEASES_MAX)
        REFUSE(LIMIT, "", "%d proposals wait already", RELEASES_MAX);
    return OK;
}

fallible
releases_add(db *d, const secret *key, const grant *g, const struct release_row *r, str text)
{
    const struct release_step s = {r->state, text};
    AUTO(buf) sealed = BUF((size_t)RELEASE_BYTES_MAX + SEAL_OVERHEAD);
    AUTO(query) q = {0};
    ASSERT(r->id.len && r->expires_wall_ms > 0);
    TRY(check_grant(g, r->label));
    TRY(check_room(d));
    TRY(seal(key, r, &s, &sealed));
    TRY(query_begin(d, QUERY_RELEASE_ADD, &q));
    query_bind_str(&q, r->id);
    query_bind_label(&q, r->label);
    query_bind_i64(&q, r->state);
    query_bind_i64(&q, r->expires_wall_ms);
    query_bind_blob(&q, sealed.at, sealed.len);
    query_bind_str(&q, r->owner);
    return query_run(&q, NULL);
}

fallible
releases_erase(db *d, str owner, uint64_t *ret_count)
{
    AUTO(query) q = {0};
    int64_t changed = 0;
    ASSERT(owner.len);
    TRY(query_begin(d, QUERY_RELEASE_ERASE, &q));
    query_bind_str(&q, owner);
    TRY(query_run(&q, &changed));
    *ret_count = (uint64_t)changed;
    return OK;
}

/* The row, or NOT_FOUND; the statement stands at it. */
static fallible
find(db *d, str id, query *q)
{
    bool is_row = false;
    TRY(query_begin(d, QUERY_RELEASE_GET, q));
    query_bind_str(q, id);
    TRY(query_next(q, &is_row));
    if (!is_row)
        REFUSE(NOT_FOUND, "id", "there is no such proposal");
    return OK;
}

fallible
releases_head(db *d, arena *a, str id, int64_t now_wall_ms, struct release_row *ret)
{
    AUTO(query) q = {0};
    struct release_row r;
    TRY(find(d, id, &q));
    TRY(query_str(&q, 0, a, &r.id));
    TRY(query_label(&q, 1, &r.label));
    TRY(query_str(&q, 5, a, &r.owner));
    r.state = (enum release_state)query_i64(&q, 2);
    r.expires_wall_ms = query_i64(&q, 3);
    if (r.expires_wall_ms <= now_wall_ms)
        REFUSE(NOT_FOUND, "id", "there is no such proposal");
    *ret = r;
    return OK;
}

fallible
releases_text(db *d, const secret *key, const grant *g, const struct release_row *r, buf *b)
{
    char room[ABOUT_MAX];
    str place;
    AUTO(query) q = {0};
    TRY(check_grant(g, r->label));
    TRY(about(r, r->state, room, &place));
    TRY(find(d, r->id, &q));
    return seal_open(key, place, query_bytes(&q, 4), b);
}

fallible
releases_step(db *d, const secret *key, const grant *g, const struct release_row *r,
              const struct release_step *s)
{
    AUTO(buf) sealed = BUF((size_t)RELEASE_BYTES_MAX + SEAL_OVERHEAD);
    AUTO(query) q = {0};
    int64_t changed = 0;
    ASSERT(s->next > r->state);
    TRY(check_grant(g, r->label));
    TRY(seal(key, r, s, &sealed));
    TRY(query_begin(d, QUERY_RELEASE_SET, &q));
    query_bind_i64(&q, s->next);
    query_bind_blob(&q, sealed.at, sealed.len);
    query_bind_str(&q, r->id);
    query_bind_i64(&q, r->state);
    TRY(query_run(&q, &changed));
    if (!changed)
        REFUSE(CONFLICT, "id", "somebody else was faster");
    return OK;
}
