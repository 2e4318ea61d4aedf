/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/book.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>

#include "audit/ledger.h"
#include "audit/queue.h"
#include "audit/recall.h"
#include "audit/retain/floor.h"
#include "base/fault.h"
#include "base/map.h"
#include "os/entropy.h"
#include "os/file.h"
#include "os/log.h"

enum { RECENT = 64 * 1024, HELD_LINES_MAX = 256 * 1024 };

/* Where a durable record lies. */
struct recent {
    uint64_t request, offset;
    size_t len;
};

struct book {
    struct queue queue;
    int f;
    ledger *ledger;
    catalog *catalog;
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
    book *b = ctx;
    b->recent[b->recent_count++ % RECENT] = (struct recent){tag, offset, len};
    catalog_follow(b->catalog, offset); /* what lies before it is durable as well */
}

fallible
book_append(book *b, const struct audit_record *r, audit_done_fn *done, void *ctx)
{
    return queue_append(&b->queue, r, hash_of(r->request_id), done, ctx);
}

void
book_hold(book *b)
{
    queue_hold(&b->queue);
}

void
book_release(book *b)
{
    queue_release(&b->queue);
}

void
book_forget(book *b, void *ctx)
{
    queue_forget(&b->queue, ctx);
}

/* ---- opening */

static fallible
open_file(book *b, const char *dir)
{
    char path[PATH_MAX];
    AUTO(fd) d = -1;
    const int n = snprintf(path, sizeof path, "%s/audit.jsonl", dir);
    if (n < 0 || (size_t)n >= sizeof path)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(dir));
    TRY(file_make_dir(dir, 0700));
    TRY(file_open(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &b->f));
    if (flock(b->f, LOCK_EX | LOCK_NB) != 0)
        REFUSE(CONFLICT, "", "another program writes the audit log");
    /* The name of a new file is durable when its directory is. */
    TRY(file_open(dir, O_RDONLY | O_DIRECTORY, 0, &d));
    TRY(file_sync(d));
    return OK;
}

static fallible
cut_torn_line(book *b, uint64_t *ret_len)
{
    uint64_t len = 0, whole = 0;
    TRY(file_size(b->f, &len));
    TRY(recall_whole_len(b->f, len, &whole));
    if (whole < len) {
        TRY(writer_cut(b->f, whole));
        TRY(file_sync(b->f));
    }
    *ret_len = whole;
    return OK;
}

static fallible
set_up(book *b, const char *dir, const struct cosigners *w)
{
    uint64_t len = 0, last_seq = 0;
    b->recent = mem_get(RECENT * sizeof *b->recent);
    if (!b->recent)
        FAIL(LIMIT, "no memory for the audit log");
    TRY(open_file(b, dir));
    TRY(cut_torn_line(b, &len));
    TRY(recall_last_seq(b->f, len, &last_seq));
    TRY(ledger_open(dir, b->f, len, last_seq, &b->ledger));
    ledger_set_cosigners(b->ledger, w);
    TRY(catalog_open(b->queue.l, dir, len, &b->catalog));
    return queue_start(&b->queue, b->f, len, last_seq + 1);
}

static void
tear_down(book *b)
{
    queue_free(&b->queue);
    catalog_free(b->catalog);
    ledger_free(b->ledger);
    fd_auto(&b->f);
    mem_free(b->recent);
    mem_free(b);
}

fallible
book_open(loop *l, const char *dir, const struct params *p, meters *m, book **ret)
{
    struct cosigners w;
    TRY(cosigners_read(str_of(p->audit_witnesses), &w));
    book *b = mem_get(sizeof *b);
    if (!b)
        FAIL(LIMIT, "no memory for the audit log");
    *b = (book){.f = -1,
                .queue = {.l = l,
                          .m = m,
                          .count_max = p->audit_queue_max,
                          .wait_ms_max = p->audit_wait_ms_max,
                          .on_durable = remember,
                          .ctx = b}};
    const err e = set_up(b, dir, &w);
    if (e.code) {
        tear_down(b);
        return e;
    }
    *ret = b;
    return OK;
}

void
book_close(book *b)
{
    if (b && queue_close(&b->queue))
        tear_down(b);
}

ledger *
book_ledger(book *b)
{
    return b->ledger;
}

uint64_t
book_durable_len(const book *b)
{
    return b->queue.len;
}

uint64_t
book_seq(const book *b)
{
    return b->queue.next_seq - 1;
}

uint64_t
book_told_seq(const book *b)
{
    return b->queue.told_seq;
}

uint64_t
book_flush_us(const book *b)
{
    return b->queue.took_us;
}

int
book_file(const book *b)
{
    return b->f;
}

const char *
book_log_dir(const book *b)
{
    return ledger_dir(b->ledger);
}

const catalog *
book_catalog(const book *b)
{
    return b->catalog;
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
find_recent(const book *b, uint64_t request, struct places *p, uint64_t *ret_before)
{
    const size_t in_memory = b->recent_count < RECENT ? b->recent_count : RECENT;
    *ret_before = b->queue.len;
    for (size_t i = 1; i <= in_memory; i++) {
        const struct recent *r = &b->recent[(b->recent_count - i) % RECENT];
        *ret_before = r->offset;
        if (r->request == request)
            TRY(recall_add(p, r->offset, r->len));
    }
    return OK;
}

/* An operation begins with its decision: nothing of the request lies before it. */
static fallible
is_all(const book *b, const struct places *p, bool *ret)
{
    char room[LINE_BYTES_MAX];
    str line;
    *ret = false;
    if (!p->count)
        return OK;
    TRY(recall_line(b->f, p->at[p->count - 1], room, &line));
    *ret = str_find(line, STR("\"event\":\"decision\"")) >= 0;
    return OK;
}

/* Of the part that was pruned. */
static fallible
find_held(const book *b, str needle, audit_fn *fn, void *ctx, bool *ret_any)
{
    AUTO(held) h = HELD;
    bool is_there = true;
    uint64_t index;
    str line;
    *ret_any = false;
    TRY(held_open(ledger_dir(b->ledger), &h));
    for (size_t i = 0; i < HELD_LINES_MAX && is_there; i++) {
        TRY(held_next(&h, &is_there, &line, &index));
        if (!is_there || str_find(line, needle) < 0)
            continue;
        *ret_any = true;
        TRY(fn(ctx, line));
    }
    return OK;
}

/* ---- what the catalog knows */

/* A line with a term is looked at before its place counts: the catalog is not believed. */
static fallible
add_hits(const book *b, const struct run_hits *h, str needle, struct places *p)
{
    char room[LINE_BYTES_MAX];
    str line;
    for (size_t i = 0; i < h->count; i++) {
        TRY(recall_line_at(b->f, h->at[i], b->queue.len, room, &line));
        if (str_find(line, needle) >= 0)
            TRY(recall_add(p, h->at[i], line.len));
    }
    return OK;
}

/* Places before `q->to`, the latest first, up to `count_max` in all.  A catalog that is damaged is
 * made anew; until then *ret_is_all is false. */
static fallible
find_in_catalog(book *b, const struct run_ask *q, str needle, size_t count_max, struct places *p)
{
    uint64_t at[PLACES_MAX + 1];
    struct run_hits h = {.at = at, .max = count_max - p->count};
    TRY(catalog_find(b->catalog, q, &h));
    return add_hits(b, &h, needle, p);
}

/* What lies in [from, end) and has the needle, the latest first: read where the catalog does not
 * reach, else looked up. */
struct lookup {
    enum term_field field;
    str value, needle;
    uint64_t from, end;
    size_t count_max;
};

static fallible
look_up(book *b, const struct lookup *q, struct places *p, bool *ret_is_all)
{
    const bool is_kept = q->field < TERM_FIELDS && term_is_kept(q->field, q->value);
    const uint64_t known = is_kept ? catalog_end(b->catalog) : 0;
    struct scan s = {.from = q->from, .end = q->end, .count_max = q->count_max};
    uint64_t reached = 0;
    if (known > s.from)
        s.from = known < s.end ? known : s.end;
    TRY(recall_scan(b->f, &s, q->needle, p, &reached));
    *ret_is_all = p->count >= q->count_max || reached == s.from;
    if (!is_kept || known <= q->from || p->count >= q->count_max)
        return OK;
    const struct run_ask ask = {.term = term_of(q->field, q->value),
                                .from = q->from,
                                .to = known < q->end ? known : q->end};
    const err e = find_in_catalog(b, &ask, q->needle, q->count_max, p);
    if (e.code != ERR_CORRUPT)
        return e;
    log_failure(LOG_WARNING, "catalog.not_used", e);
    *ret_is_all = false;
    s = (struct scan){.from = q->from, .end = ask.to, .count_max = q->count_max};
    return recall_scan(b->f, &s, q->needle, p, &reached);
}

fallible
book_find(book *b, str request_id, audit_fn *fn, void *ctx)
{
    char needle[ID_MAX + 16];
    struct places p = {0};
    struct floor floor;
    uint64_t before = 0;
    bool has_all = false;
    if (!is_id(request_id))
        REFUSE(NOT_FOUND, "request", "this is not the id of a request");
    snprintf(needle, sizeof needle, "\"request\":\"%.*s\"", STR_FMT(request_id));
    TRY(find_recent(b, hash_of(request_id), &p, &before));
    TRY(is_all(b, &p, &has_all));
    TRY(floor_read(ledger_dir(b->ledger), &floor));
    /* One more than there is room for, so that it is said when there are more. */
    const struct lookup q = {TERM_REQUEST, request_id, str_of(needle),
                             floor.offset, before,     PLACES_MAX + 1};
    if (!has_all && floor.offset < before)
        TRY(look_up(b, &q, &p, &has_all));
    if (!p.count) {
        TRY(find_held(b, str_of(needle), fn, ctx, &has_all));
        if (!has_all)
            REFUSE(NOT_FOUND, "request", "there is no record of this request");
        return OK;
    }
    return recall_each(b->f, &p, str_of(needle), fn, ctx);
}

static bool
is_time(str s)
{
    static const char form[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    if (s.len != sizeof form - 1)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (form[i] == 'd' ? s.at[i] < '0' || s.at[i] > '9' : s.at[i] != form[i])
            return false;
    return true;
}

static fallible
find_bounds(const book *b, const struct book_ask *q, struct lookup *ret, bool *ret_is_pruned)
{
    const uint64_t end = b->queue.len;
    struct floor floor;
    if ((q->since.len && !is_time(q->since)) || (q->until.len && !is_time(q->until)))
        REFUSE(ARGUMENT, "since", "a time is written as 2026-03-01T12:00:00.000Z");
    TRY(floor_read(ledger_dir(b->ledger), &floor));
    ret->from = floor.offset;
    ret->end = end;
    if (q->since.len)
        TRY(recall_at_time(b->f, floor.offset, end, q->since, &ret->from));
    if (q->until.len)
        TRY(recall_at_time(b->f, floor.offset, end, q->until, &ret->end));
    *ret_is_pruned = floor.offset && ret->from == floor.offset;
    return OK;
}

fallible
book_query(book *b, const struct book_ask *q, audit_fn *fn, void *ctx, bool *ret_is_all)
{
    AUTO(buf) needle = BUF(RECORD_BYTES_MAX);
    struct places p = {0};
    struct lookup k = {.field = q->field, .count_max = q->count};
    bool is_pruned = false;
    ASSERT(q->field <= TERM_FIELDS);
    if (!q->count || q->count > PLACES_MAX)
        REFUSE(ARGUMENT, "count", "1 to %d records can be shown", PLACES_MAX);
    TRY(find_bounds(b, q, &k, &is_pruned));
    if (q->field < TERM_FIELDS)
        term_put_needle(&needle, q->field, q->value);
    TRY(buf_end(&needle));
    k.needle = buf_str(&needle);
    if (k.needle.len) /* the text as it stands in a line, between its quotes */
        k.value = str_slice(k.needle, strlen(term_field_name(q->field)) + 4, k.needle.len - 1);
    if (k.from < k.end)
        TRY(look_up(b, &k, &p, ret_is_all));
    else
        *ret_is_all = true;
    *ret_is_all = *ret_is_all && (!is_pruned || p.count >= q->count);
    return recall_each(b->f, &p, k.needle, fn, ctx);
}

fallible
book_tail(book *b, size_t count, audit_fn *fn, void *ctx)
{
    struct places p = {0};
    if (count > PLACES_MAX)
        REFUSE(ARGUMENT, "count", "at most %d records can be shown", PLACES_MAX);
    TRY(recall_last(b->f, b->queue.len, count, &p));
    return recall_each(b->f, &p, STR(""), fn, ctx);
}

fallible
book_since(book *b, uint64_t seq, size_t count_max, audit_fn *fn, void *ctx)
{
    const uint64_t last = book_seq(b);
    if (seq >= last)
        return OK;
    if (last - seq > count_max)
        FAIL(LIMIT, "%llu records are more than %zu", (unsigned long long)(last - seq), count_max);
    return recall_since(b->f, b->queue.len, (size_t)(last - seq), fn, ctx);
}
