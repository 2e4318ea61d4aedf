/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/audit.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>

#include "audit/ledger.h"
#include "audit/queue.h"
#include "audit/recall.h"
#include "base/fault.h"
#include "base/map.h"
#include "os/entropy.h"
#include "os/file.h"

enum { RECENT = 64 * 1024 };

/* Where a durable record lies. */
struct recent {
    uint64_t request, offset;
    size_t len;
};

struct audit {
    struct queue queue;
    int f;
    ledger *ledger;
    struct recent *recent; /* a ring */
    size_t recent_count;   /* since open; may be more than the ring holds */
};

static uint64_t
hash_of(str request_id)
{
    static const uint8_t key[16] = {0}; /* ids are ours; a match is checked by reading */
    return siphash24(key, request_id.at, request_id.len);
}

static void
remember(void *ctx, uint64_t tag, uint64_t offset, size_t len)
{
    audit *a = ctx;
    a->recent[a->recent_count++ % RECENT] = (struct recent){tag, offset, len};
}

fallible
audit_append(audit *a, const struct audit_record *r, audit_done_fn *done, void *ctx)
{
    return queue_append(&a->queue, r, hash_of(r->request_id), done, ctx);
}

void
audit_forget(audit *a, void *ctx)
{
    queue_forget(&a->queue, ctx);
}

/* ---- opening */

static fallible
open_file(audit *a, const char *dir)
{
    char path[PATH_MAX];
    AUTO(fd) d = -1;
    const int n = snprintf(path, sizeof path, "%s/audit.jsonl", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(dir));
    TRY(file_make_dir(dir, 0700));
    TRY(file_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &a->f));
    if (flock(a->f, LOCK_EX | LOCK_NB) != 0)
        REFUSE(CONFLICT, "", "another program writes the audit log");
    /* The name of a new file is durable when its directory is. */
    TRY(file_open(dir, O_RDONLY | O_DIRECTORY, 0, &d));
    TRY(file_sync(d));
    return OK;
}

static fallible
cut_torn_line(audit *a, uint64_t *ret_len)
{
    uint64_t len = 0, whole = 0;
    TRY(file_size(a->f, &len));
    TRY(recall_whole_len(a->f, len, &whole));
    if (whole < len) {
        TRY(writer_cut(a->f, whole));
        TRY(file_sync(a->f));
    }
    *ret_len = whole;
    return OK;
}

static fallible
set_up(audit *a, const char *dir)
{
    uint64_t len = 0, last_seq = 0;
    a->recent = mem_get(RECENT * sizeof *a->recent);
    if (!a->recent)
        FAIL(LIMIT, "no memory for the audit log");
    TRY(open_file(a, dir));
    TRY(cut_torn_line(a, &len));
    TRY(recall_last_seq(a->f, len, &last_seq));
    TRY(ledger_open(dir, a->f, len, last_seq, &a->ledger));
    return queue_start(&a->queue, a->f, len, last_seq + 1);
}

static void
tear_down(audit *a)
{
    queue_free(&a->queue);
    ledger_free(a->ledger);
    fd_auto(&a->f);
    mem_free(a->recent);
    mem_free(a);
}

fallible
audit_open(loop *l, const char *dir, const struct params *p, meters *m, audit **ret)
{
    audit *a = mem_get(sizeof *a);
    if (!a)
        FAIL(LIMIT, "no memory for the audit log");
    *a = (audit){.f = -1,
                 .queue = {.l = l,
                           .m = m,
                           .count_max = p->audit_queue_max,
                           .wait_ms_max = p->audit_wait_ms_max,
                           .on_durable = remember,
                           .ctx = a}};
    const err e = set_up(a, dir);
    if (e.code) {
        tear_down(a);
        return e;
    }
    *ret = a;
    return OK;
}

void
audit_close(audit *a)
{
    if (a && queue_close(&a->queue))
        tear_down(a);
}

ledger *
audit_ledger(audit *a)
{
    return a->ledger;
}

uint64_t
audit_durable_len(const audit *a)
{
    return a->queue.len;
}

/* ---- looking up */

static bool
is_id(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'A' && s.at[i] <= 'Z') ||
              (s.at[i] >= 'a' && s.at[i] <= 'z') || s.at[i] == '_' || s.at[i] == '-'))
            return false;
    return s.len > 0 && s.len <= ID_MAX;
}

/* Adds the places in memory, latest first; *ret_before is where memory does not reach. */
static fallible
find_recent(const audit *a, uint64_t request, struct places *p, uint64_t *ret_before)
{
    const size_t held = a->recent_count < RECENT ? a->recent_count : RECENT;
    *ret_before = a->queue.len;
    for (size_t i = 1; i <= held; i++) {
        const struct recent *r = &a->recent[(a->recent_count - i) % RECENT];
        *ret_before = r->offset;
        if (r->request == request)
            TRY(recall_add(p, r->offset, r->len));
    }
    return OK;
}

/* An operation begins with its decision: nothing of the request lies before it. */
static fallible
is_all(const audit *a, const struct places *p, bool *ret)
{
    char room[LINE_BYTES_MAX];
    str line;
    *ret = false;
    if (!p->count)
        return OK;
    TRY(recall_line(a->f, p->at[p->count - 1], room, &line));
    *ret = str_find(line, STR("\"event\":\"decision\"")) >= 0;
    return OK;
}

fallible
audit_find(audit *a, str request_id, audit_fn *fn, void *ctx)
{
    char needle[ID_MAX + 16];
    struct places p = {0};
    uint64_t before = 0;
    bool has_all = false;
    if (!is_id(request_id))
        REFUSE(NOT_FOUND, "request", "this is not the id of a request");
    snprintf(needle, sizeof needle, "\"request\":\"%.*s\"", STR_FMT(request_id));
    TRY(find_recent(a, hash_of(request_id), &p, &before));
    TRY(is_all(a, &p, &has_all));
    if (!has_all)
        TRY(recall_find(a->f, before, str_of(needle), &p));
    if (!p.count)
        REFUSE(NOT_FOUND, "request", "there is no record of this request");
    return recall_each(a->f, &p, str_of(needle), fn, ctx);
}

fallible
audit_tail(audit *a, size_t count, audit_fn *fn, void *ctx)
{
    struct places p = {0};
    if (count > PLACES_MAX)
        REFUSE(ARGUMENT, "count", "at most %d records can be shown", PLACES_MAX);
    TRY(recall_last(a->f, a->queue.len, count, &p));
    return recall_each(a->f, &p, STR(""), fn, ctx);
}
