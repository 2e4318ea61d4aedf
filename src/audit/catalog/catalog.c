/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/catalog/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "audit/retain/floor.h"
#include "base/fault.h"
#include "base/map.h"
#include "os/clock.h"
#include "os/log.h"

enum {
    MARK_BYTES = 256,
    AFTER_FAILURE_MS = 60 * 1000,
    LINES_MAX = CATALOG_STRETCH / 32,
    /* A run that was merged so often is larger than any disk. */
    LEVEL_MAX = 15
};

struct catalog {
    loop *l;
    char dir[RUN_PATH_MAX];
    char log_dir[RUN_PATH_MAX];
    fd f;         /* audit.jsonl, for reading */
    uint64_t len; /* of it, durable */
    struct sorted_run runs[CATALOG_RUNS_MAX];
    size_t count;
    uint64_t next_ms; /* after a failure: not before */
    bool is_busy, is_orphan;
    /* The work at hand: the pool's while is_busy. */
    struct {
        uint64_t from, len;
        size_t first, count; /* of the runs to merge; 0: a new one */
        struct sorted_run in[CATALOG_FAN], made;
        struct err_kept failure;
    } work;
};

static uint64_t
end_of(const catalog *c)
{
    return c->count ? c->runs[c->count - 1].to : 0;
}

/* ---- what binds a run to the log */

static fallible
mark_of(int f, uint64_t end, uint64_t *ret)
{
    static const uint8_t key[16] = {9};
    char room[MARK_BYTES];
    const size_t len = end < MARK_BYTES ? (size_t)end : MARK_BYTES;
    size_t got = 0;
    TRY(file_read_at(f, end - len, room, len, &got));
    if (got != len || !len || room[len - 1] != '\n')
        FAIL(CORRUPT, "no line of the log ends at byte %llu", (unsigned long long)end);
    *ret = siphash24(key, room, len);
    return OK;
}

/* ---- making a run */

struct making {
    char *lines;
    struct posting *at;
    uint64_t count;
    size_t room;
};

static fallible
add_terms(struct making *m, str line, uint64_t place)
{
    uint64_t terms[TERM_FIELDS];
    const size_t n = terms_read(line, terms);
    if (m->count + n > m->room)
        FAIL(LIMIT, "the lines of the log are too short for a catalog");
    for (size_t i = 0; i < n; i++)
        m->at[m->count++] = (struct posting){terms[i], place};
    return OK;
}

static fallible
read_stretch(const catalog *c, uint64_t from, struct making *m, size_t *ret_len)
{
    const uint64_t left = c->work.len > from ? c->work.len - from : 0;
    size_t got = 0;
    TRY(file_read_at(c->f, from, m->lines, left < CATALOG_STRETCH ? left : CATALOG_STRETCH, &got));
    const char *last = got ? memrchr(m->lines, '\n', got) : NULL;
    if (!last)
        FAIL(CORRUPT, "no line of the log ends behind byte %llu", (unsigned long long)from);
    *ret_len = (size_t)(last - m->lines) + 1;
    return OK;
}

static fallible
fill_run(catalog *c, struct making *m)
{
    struct sorted_run *r = &c->work.made;
    size_t len = 0;
    struct floor floor;
    TRY(floor_read(c->log_dir, &floor));
    const uint64_t from = floor.offset > c->work.from ? floor.offset : c->work.from;
    TRY(read_stretch(c, from, m, &len));
    str lines = {m->lines, len - 1}, line;
    for (uint64_t place = from; str_next(&lines, '\n', &line); place += line.len + 1)
        TRY(add_terms(m, line, place));
    *r = (struct sorted_run){.from = c->work.from, .to = from + len, .count = m->count};
    TRY(mark_of(c->f, r->to, &r->mark));
    return run_write(c->dir, r, m->at);
}

static fallible
make_run(catalog *c)
{
    struct making m = {.room = (size_t)LINES_MAX * 4};
    m.lines = mem_get(CATALOG_STRETCH);
    m.at = mem_get(m.room * sizeof *m.at);
    const err e = m.lines && m.at ? fill_run(c, &m)
                                  : err_start(ERR_LIMIT, __FILE__, __LINE__, __func__,
                                              "no memory to make a catalog");
    mem_free(m.lines);
    mem_free(m.at);
    return e;
}

static void
on_work(void *ctx)
{
    catalog *c = ctx;
    err e = OK;
    if (c->work.count) {
        c->work.made = c->work.in[c->work.count - 1];
        c->work.made.level++;
        e = run_merge(c->dir, c->work.in, c->work.count, &c->work.made);
    } else {
        e = make_run(c);
    }
    c->work.failure = (struct err_kept){.e = OK};
    if (e.code)
        err_keep(&c->work.failure, e);
}

/* ---- the runs there are */

static bool
is_damage(err e)
{
    return e.code == ERR_CORRUPT || e.code == ERR_NOT_FOUND;
}

static void
drop_from(catalog *c, size_t first)
{
    for (size_t i = first; i < c->count; i++) {
        run_unload(&c->runs[i]);
        IGNORE(run_remove(c->dir, &c->runs[i])); /* found again at the next start, and not used */
    }
    c->count = first < c->count ? first : c->count;
}

static void
take_merged(catalog *c)
{
    const size_t first = c->work.first, n = c->work.count;
    for (size_t i = first; i < first + n; i++) {
        run_unload(&c->runs[i]);
        IGNORE(run_remove(c->dir, &c->runs[i])); /* the same */
    }
    c->runs[first] = c->work.made;
    memmove(&c->runs[first + 1], &c->runs[first + n], (c->count - first - n) * sizeof c->runs[0]);
    c->count -= n - 1;
}

/* While the pool was at work nothing but drop_from may have changed the list. */
static void
take_made(catalog *c)
{
    const struct sorted_run *r = &c->work.made;
    if (c->work.count && c->work.first + c->work.count <= c->count)
        take_merged(c);
    else if (!c->work.count && r->from == end_of(c) && c->count < CATALOG_RUNS_MAX)
        c->runs[c->count++] = *r;
    else
        IGNORE(run_remove(c->dir, r)); /* the same */
}

static void
free_all(catalog *c)
{
    for (size_t i = 0; i < c->count; i++)
        run_unload(&c->runs[i]);
    fd_auto(&c->f);
    mem_free(c);
}

static void start_work(catalog *c);

static void
on_done(void *ctx)
{
    catalog *c = ctx;
    c->is_busy = false;
    if (c->is_orphan) {
        free_all(c);
        return;
    }
    if (c->work.failure.e.code) {
        log_failure(LOG_WARNING, "catalog.not_made", err_again(&c->work.failure));
        if (is_damage(c->work.failure.e) && c->work.count)
            drop_from(c, c->work.first);
        c->next_ms = clock_ms() + AFTER_FAILURE_MS;
        return;
    }
    take_made(c);
    start_work(c);
}

/* The last eight of one level, if there are. */
static bool
find_merge(catalog *c)
{
    if (c->count < CATALOG_FAN)
        return false;
    const size_t first = c->count - CATALOG_FAN;
    const uint32_t level = c->runs[first].level;
    for (size_t i = first; i < c->count; i++)
        if (c->runs[i].level != level)
            return false;
    if (level >= LEVEL_MAX)
        return false;
    c->work.first = first;
    c->work.count = CATALOG_FAN;
    memcpy(c->work.in, &c->runs[first], sizeof c->work.in);
    return true;
}

static void
start_work(catalog *c)
{
    const uint64_t end = end_of(c);
    if (c->is_busy || (c->next_ms && clock_ms() < c->next_ms))
        return;
    c->work.count = 0;
    if (!find_merge(c)) {
        if (c->len - end < CATALOG_STRETCH || c->count == CATALOG_RUNS_MAX)
            return;
        c->work.from = end;
        c->work.len = c->len;
    }
    const err e = loop_work(c->l, on_work, on_done, c);
    c->is_busy = !e.code;
    c->next_ms = e.code ? clock_ms() + AFTER_FAILURE_MS : 0;
    if (e.code)
        log_failure(LOG_WARNING, "catalog.not_made", e);
}

/* ---- opening */

static bool
fits(const catalog *c, struct sorted_run *r, uint64_t len)
{
    uint64_t mark = 0;
    return r->to <= len && !run_open(c->dir, r).code && !mark_of(c->f, r->to, &mark).code &&
           mark == r->mark;
}

/* Of all that begin where the list ends, the longest that fits. */
static bool
extend(catalog *c, const struct sorted_run *found, size_t count, uint64_t len)
{
    struct sorted_run best = {.to = 0};
    for (size_t i = 0; i < count; i++) {
        struct sorted_run r = found[i];
        if (r.from == end_of(c) && r.to > best.to && fits(c, &r, len))
            best = r;
    }
    if (!best.to || c->count == CATALOG_RUNS_MAX)
        return false;
    c->runs[c->count++] = best;
    return true;
}

static bool
is_used(const catalog *c, const struct sorted_run *r)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->runs[i].from == r->from && c->runs[i].to == r->to && c->runs[i].level == r->level)
            return true;
    return false;
}

enum { FOUND_MAX = 4 * CATALOG_RUNS_MAX };

/* Names of runs; all else there was half written when a process ended. */
static fallible
list(const catalog *c, struct sorted_run found[FOUND_MAX], size_t *ret_count)
{
    DIR *const d = fault_now() ? NULL : opendir(c->dir);
    const struct dirent *entry;
    char path[RUN_PATH_MAX + 256];
    size_t count = 0;
    if (!d)
        return file_errno("open", c->dir);
    while ((entry = readdir(d)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", c->dir, entry->d_name);
        if (count < FOUND_MAX && !run_name_read(str_of(entry->d_name), &found[count]).code)
            count++;
        else
            IGNORE(file_remove(path)); /* it is in nobody's way */
    }
    closedir(d);
    *ret_count = count;
    return OK;
}

static fallible
find_runs(catalog *c, uint64_t len)
{
    struct sorted_run found[FOUND_MAX];
    size_t count = 0;
    TRY(file_make_dir(c->dir, 0700));
    TRY(list(c, found, &count));
    while (extend(c, found, count, len))
        ;
    for (size_t i = 0; i < count; i++)
        if (!is_used(c, &found[i]))
            IGNORE(run_remove(c->dir, &found[i])); /* as above */
    return OK;
}

static fallible
set_up(catalog *c, const char *audit_dir, uint64_t len)
{
    char path[RUN_PATH_MAX];
    const int n = snprintf(c->dir, sizeof c->dir, "%s/catalog", audit_dir);
    if (n < 0 || (size_t)n + RUN_NAME_MAX >= sizeof c->dir)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(audit_dir));
    snprintf(path, sizeof path, "%s/audit.jsonl", audit_dir);
    snprintf(c->log_dir, sizeof c->log_dir, "%s/log", audit_dir);
    TRY(file_open(path, O_RDONLY | O_NOFOLLOW, 0, &c->f));
    return find_runs(c, len);
}

fallible
catalog_open(loop *l, const char *audit_dir, uint64_t len, catalog **ret)
{
    catalog *c = mem_get(sizeof *c);
    if (!c)
        FAIL(LIMIT, "no memory for the catalog");
    memset(c, 0, sizeof *c);
    c->l = l;
    c->f = -1;
    const err e = set_up(c, audit_dir, len);
    if (e.code) {
        free_all(c);
        return e;
    }
    catalog_follow(c, len);
    *ret = c;
    return OK;
}

void
catalog_free(catalog *c)
{
    if (!c)
        return;
    c->is_orphan = true;
    if (!c->is_busy)
        free_all(c);
}

/* ---- following and asking */

void
catalog_follow(catalog *c, uint64_t len)
{
    ASSERT(len >= c->len);
    c->len = len;
    start_work(c);
}

uint64_t
catalog_end(const catalog *c)
{
    return end_of(c);
}

size_t
catalog_runs(const catalog *c)
{
    return c->count;
}

bool
catalog_is_busy(const catalog *c)
{
    return c->is_busy;
}

/* Without memory for a fence it takes longer. */
static fallible
find_in(const catalog *c, struct sorted_run *r, const struct run_ask *q, struct run_hits *h)
{
    const err e = r->fence ? OK : run_load(c->dir, r);
    return is_damage(e) ? e : run_seek(c->dir, r, q, h);
}

/* Run `i` is; where one is, others may be. */
static void
drop_damaged(catalog *c, size_t i)
{
    size_t first = 0;
    while (first < i && fits(c, &c->runs[first], c->len))
        first++;
    drop_from(c, first);
}

fallible
catalog_find(catalog *c, const struct run_ask *q, struct run_hits *h)
{
    const size_t before = h->count;
    for (size_t i = c->count; i-- > 0 && h->count < h->max;) {
        struct sorted_run *r = &c->runs[i];
        if (r->from >= q->to || r->to <= q->from)
            continue;
        const err e = find_in(c, r, q, h);
        if (!e.code)
            continue;
        h->count = before;
        if (!is_damage(e))
            return e;
        log_failure(LOG_WARNING, "catalog.damaged", e);
        drop_damaged(c, i);
        start_work(c);
        FAIL(CORRUPT, "the catalog was damaged and is made again");
    }
    return OK;
}
