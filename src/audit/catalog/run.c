/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/catalog/run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/map.h"
#include "base/num.h"

enum { MERGED_MAX = 16, OUT_BYTES = 64 * RUN_BLOCK };

static const char magic[8] = "hohcat2";
static const uint8_t fence_key[16] = {8};

#define FENCE_BYTES_MAX ((size_t)1 << 30)

struct block {
    struct posting at[RUN_PER_BLOCK];
    uint64_t count, check;
};

struct head {
    char magic[8];
    uint64_t from, to, count, level, mark;
    char rest[RUN_BLOCK - 7 * 8];
    uint64_t check;
};

_Static_assert(sizeof(struct block) == RUN_BLOCK && sizeof(struct head) == RUN_BLOCK, "blocks");

static uint64_t
check_of(const void *block)
{
    static const uint8_t key[16] = {7}; /* against accidents; the log itself is the proof */
    return siphash24(key, block, RUN_BLOCK - sizeof(uint64_t));
}

/* ---- names */

void
run_name(const struct sorted_run *r, char room[RUN_NAME_MAX])
{
    snprintf(room, RUN_NAME_MAX, "%u-%016llx-%016llx", r->level, (unsigned long long)r->from,
             (unsigned long long)r->to);
}

static fallible
read_hex(str s, uint64_t *ret)
{
    uint64_t n = 0;
    if (s.len != 16)
        REFUSE(PARSE, "", "this is not the name of a run");
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i];
        const bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (c < 'a' || c > 'f'))
            REFUSE(PARSE, "", "this is not the name of a run");
        n = n << 4 | (uint64_t)(is_digit ? c - '0' : c - 'a' + 10);
    }
    *ret = n;
    return OK;
}

fallible
run_name_read(str name, struct sorted_run *ret)
{
    struct sorted_run r = {.count = 0};
    uint64_t level = 0;
    str part;
    if (!str_next(&name, '-', &part) || num_u64(part, 0, MERGED_MAX, &level).code)
        REFUSE(PARSE, "", "this is not the name of a run");
    r.level = (uint32_t)level;
    if (!str_next(&name, '-', &part))
        REFUSE(PARSE, "", "this is not the name of a run");
    TRY(read_hex(part, &r.from));
    TRY(read_hex(name, &r.to));
    if (r.from >= r.to)
        REFUSE(PARSE, "", "this is not the name of a run");
    *ret = r;
    return OK;
}

static fallible
path_of(const char *dir, const struct sorted_run *r, const char *suffix, char room[RUN_PATH_MAX])
{
    char name[RUN_NAME_MAX];
    run_name(r, name);
    const int n = snprintf(room, RUN_PATH_MAX, "%s/%s%s", dir, name, suffix);
    if (n < 0 || n >= RUN_PATH_MAX)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(dir));
    return OK;
}

/* ---- writing */

struct out {
    fd f;
    buf bytes;
    struct block block;
    uint64_t count;
    buf fence;
};

static void
out_done(struct out *o)
{
    fd_auto(&o->f);
    buf_done(&o->fence);
    buf_done(&o->bytes);
}

static fallible
out_flush(struct out *o)
{
    TRY(buf_end(&o->bytes));
    TRY(file_write_all(o->f, buf_str(&o->bytes)));
    buf_clear(&o->bytes);
    return OK;
}

static fallible
out_block(struct out *o)
{
    o->block.check = check_of(&o->block);
    buf_add(&o->bytes, (str){(const char *)&o->block, sizeof o->block});
    memset(&o->block, 0, sizeof o->block);
    return o->bytes.len >= OUT_BYTES ? out_flush(o) : OK;
}

static fallible
out_add(struct out *o, const struct posting *p)
{
    if (!o->block.count)
        buf_add(&o->fence, (str){(const char *)&p->term, sizeof p->term});
    o->block.at[o->block.count++] = *p;
    o->count++;
    return o->block.count == RUN_PER_BLOCK ? out_block(o) : OK;
}

/* The head comes last, when the count is known; its room is kept. */
static fallible
out_begin(struct out *o, const char *path)
{
    memset(o, 0, sizeof *o);
    o->f = -1;
    o->bytes = BUF(2 * OUT_BYTES);
    o->fence = BUF(FENCE_BYTES_MAX);
    TRY(file_open(path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, &o->f));
    return out_block(o);
}

static fallible
write_head(int f, const struct sorted_run *r)
{
    struct head h = {
        .from = r->from, .to = r->to, .count = r->count, .level = r->level, .mark = r->mark};
    memcpy(h.magic, magic, sizeof magic);
    h.check = check_of(&h);
    if (lseek(f, 0, SEEK_SET) != 0)
        return file_errno("seek in", "a run");
    return file_write_all(f, (str){(const char *)&h, sizeof h});
}

static fallible
write_fence(struct out *o)
{
    const uint64_t check = siphash24(fence_key, o->fence.at, o->fence.len);
    buf_add(&o->fence, (str){(const char *)&check, sizeof check});
    TRY(buf_end(&o->fence));
    return file_write_all(o->f, buf_str(&o->fence));
}

/* Not synced: what a crash spoils has a wrong checksum, and is made again. */
static fallible
out_end(struct out *o, const char *beside, const char *path, const struct sorted_run *r)
{
    if (o->block.count)
        TRY(out_block(o));
    TRY(out_flush(o));
    TRY(write_fence(o));
    TRY(write_head(o->f, r));
    if ((fault_now() ? (errno = EIO, -1) : rename(beside, path)) != 0)
        return file_errno("rename to", path);
    return OK;
}

static int
by_term(const struct posting *x, const struct posting *y)
{
    if (x->term != y->term)
        return x->term < y->term ? -1 : 1;
    return (x->place > y->place) - (x->place < y->place);
}

/* Byte after byte of the term, from the least (Knuth 5.2.5); what is the same stays in its order,
 * which is that of places.  A tenth of what comparing costs.  Ends in `at`. */
static void
sort_by_term(struct posting *at, struct posting *room, size_t count)
{
    for (unsigned shift = 0; shift < 64; shift += 8) {
        size_t next[256] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            next[at[i].term >> shift & 0xff]++;
        for (size_t b = 0; b < 256; b++) {
            const size_t n = next[b];
            next[b] = sum;
            sum += n;
        }
        for (size_t i = 0; i < count; i++)
            room[next[at[i].term >> shift & 0xff]++] = at[i];
        struct posting *const other = at;
        at = room;
        room = other;
    }
}

static fallible
sort(struct posting *at, size_t count)
{
    struct posting *room = mem_get((count + 1) * sizeof *room);
    if (!room)
        FAIL(LIMIT, "no memory to sort the catalog");
    sort_by_term(at, room, count);
    mem_free(room);
    return OK;
}

static fallible
write_all(struct out *o, const struct posting *at, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        TRY(out_add(o, &at[i]));
    return OK;
}

fallible
run_write(const char *dir, const struct sorted_run *r, struct posting *at)
{
    char path[RUN_PATH_MAX], beside[RUN_PATH_MAX];
    struct out *o = mem_get(sizeof *o);
    if (!o)
        FAIL(LIMIT, "no memory for the catalog");
    ASSERT(r->from < r->to);
    *o = (struct out){.f = -1};
    err e = sort(at, r->count);
    if (!e.code)
        e = path_of(dir, r, "", path);
    if (!e.code)
        e = path_of(dir, r, ".new", beside);
    if (!e.code)
        e = out_begin(o, beside);
    if (!e.code)
        e = write_all(o, at, r->count);
    if (!e.code)
        e = out_end(o, beside, path, r);
    out_done(o);
    mem_free(o);
    return e;
}

/* ---- reading */

static fallible
read_block(int f, uint64_t index, void *block)
{
    size_t got = 0;
    uint64_t check;
    TRY(file_read_at(f, index * RUN_BLOCK, block, RUN_BLOCK, &got));
    if (got != RUN_BLOCK)
        FAIL(CORRUPT, "the catalog is cut off");
    memcpy(&check, (const char *)block + RUN_BLOCK - sizeof check, sizeof check);
    if (check != check_of(block))
        FAIL(CORRUPT, "the catalog is damaged in block %llu", (unsigned long long)index);
    return OK;
}

static fallible
open_run(const char *dir, const struct sorted_run *r, fd *ret)
{
    char path[RUN_PATH_MAX];
    TRY(path_of(dir, r, "", path));
    return file_open(path, O_RDONLY | O_NOFOLLOW, 0, ret);
}

static uint64_t
blocks_of(const struct sorted_run *r)
{
    return (r->count + RUN_PER_BLOCK - 1) / RUN_PER_BLOCK;
}

fallible
run_open(const char *dir, struct sorted_run *r)
{
    AUTO(fd) f = -1;
    struct head h;
    uint64_t size;
    TRY(open_run(dir, r, &f));
    TRY(read_block(f, 0, &h));
    TRY(file_size(f, &size));
    if (memcmp(h.magic, magic, sizeof magic) != 0 || h.from != r->from || h.to != r->to ||
        h.level != r->level || h.count > size)
        FAIL(CORRUPT, "a file of the catalog is not what its name says");
    r->count = h.count;
    r->mark = h.mark;
    if (size != (1 + blocks_of(r)) * RUN_BLOCK + (blocks_of(r) + 1) * sizeof(uint64_t))
        FAIL(CORRUPT, "a file of the catalog has another size than it says");
    return OK;
}

fallible
run_remove(const char *dir, const struct sorted_run *r)
{
    char path[RUN_PATH_MAX];
    TRY(path_of(dir, r, "", path));
    return file_remove(path);
}

fallible
run_load(const char *dir, struct sorted_run *r)
{
    AUTO(fd) f = -1;
    const size_t count = (size_t)blocks_of(r), len = (count + 1) * sizeof(uint64_t);
    size_t got = 0;
    TRY(open_run(dir, r, &f));
    uint64_t *fence = mem_get(len);
    if (!fence)
        FAIL(LIMIT, "no memory for the fence of a catalog");
    err e = file_read_at(f, (1 + count) * RUN_BLOCK, fence, len, &got);
    if (!e.code && (got != len || fence[count] != siphash24(fence_key, fence, count * 8)))
        e = err_start(ERR_CORRUPT, __FILE__, __LINE__, __func__, "the catalog's fence is damaged");
    if (e.code) {
        mem_free(fence);
        return e;
    }
    run_unload(r);
    r->fence = fence;
    return OK;
}

void
run_unload(struct sorted_run *r)
{
    mem_free(r->fence);
    r->fence = NULL;
}

struct search {
    int f;
    uint64_t lo, hi;           /* blocks: the one sought is in [lo, hi) */
    uint64_t lo_term, hi_term; /* of what begins there */
    struct block block;
};

/* Terms are spread evenly, so it is nearly known where one lies; every second step halves all the
 * same, since some terms are half of all there is. */
static uint64_t
guess(const struct search *s, uint64_t term, bool halve)
{
    const uint64_t width = s->hi - s->lo;
    uint64_t step = width / 2;
    if (!halve && s->hi_term > s->lo_term && term >= s->lo_term)
        step = (uint64_t)((double)(term - s->lo_term) / (double)(s->hi_term - s->lo_term) *
                          (double)width);
    if (step < 1)
        step = 1;
    return s->lo + (step < width ? step : width - 1);
}

/* How many blocks begin with a term below `term`, or below or at it. */
static uint64_t
count_fence(const struct sorted_run *r, uint64_t term, bool with_equal)
{
    uint64_t lo = 0, hi = blocks_of(r);
    while (lo < hi) {
        const uint64_t mid = lo + (hi - lo) / 2;
        if (r->fence[mid] < term || (with_equal && r->fence[mid] == term))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void
use_fence(struct search *s, const struct sorted_run *r, uint64_t term)
{
    const uint64_t below = count_fence(r, term, false);
    s->lo = below ? below - 1 : 0;
    s->hi = count_fence(r, term, true);
    if (s->hi <= s->lo)
        s->hi = s->lo + 1;
}

/* The last block that begins before `p`, or the first. */
static fallible
find_block(struct search *s, const struct posting *p)
{
    bool halve = false;
    while (s->hi - s->lo > 1) {
        const uint64_t mid = guess(s, p->term, halve);
        TRY(read_block(s->f, 1 + mid, &s->block));
        if (by_term(&s->block.at[0], p) < 0) {
            s->lo = mid;
            s->lo_term = s->block.at[0].term;
        } else {
            s->hi = mid;
            s->hi_term = s->block.at[0].term;
        }
        halve = !halve;
    }
    return OK;
}

/* How many of the block lie before `p`. */
static size_t
count_before(const struct block *b, const struct posting *p)
{
    size_t lo = 0, hi = b->count;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (by_term(&b->at[mid], p) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* From posting `n` of a block backwards; false when what is sought has ended. */
static bool
take_back(const struct block *b, size_t n, const struct run_ask *q, struct run_hits *h)
{
    while (n && h->count < h->max) {
        const struct posting *p = &b->at[--n];
        if (p->term != q->term || p->place < q->from)
            return false;
        h->at[h->count++] = p->place;
    }
    return h->count < h->max;
}

static fallible
find_in(struct search *s, const struct run_ask *q, struct run_hits *h)
{
    const struct posting end = {q->term, q->to};
    TRY(find_block(s, &end));
    for (uint64_t i = s->lo;; i--) {
        TRY(read_block(s->f, 1 + i, &s->block));
        if (!s->block.count || s->block.count > RUN_PER_BLOCK)
            FAIL(CORRUPT, "a block of the catalog says it has %llu postings",
                 (unsigned long long)s->block.count);
        const size_t n = i == s->lo ? count_before(&s->block, &end) : (size_t)s->block.count;
        if (!take_back(&s->block, n, q, h) || !i)
            return OK;
    }
}

fallible
run_seek(const char *dir, const struct sorted_run *r, const struct run_ask *q, struct run_hits *h)
{
    AUTO(fd) f = -1;
    if (!r->count || q->from >= q->to || h->count == h->max)
        return OK;
    TRY(open_run(dir, r, &f));
    struct search s = {.f = f, .hi = blocks_of(r), .hi_term = UINT64_MAX};
    if (r->fence)
        use_fence(&s, r, q->term);
    return find_in(&s, q, h);
}

/* ---- merging */

struct source {
    fd f;
    uint64_t next, blocks; /* of those not yet read */
    size_t at;
    struct block block;
};

struct merge {
    struct source in[MERGED_MAX];
    size_t n;
    struct out out;
};

static fallible
source_fill(struct source *s)
{
    s->at = 0;
    s->block.count = 0;
    if (s->next == s->blocks)
        return OK;
    TRY(read_block(s->f, 1 + s->next++, &s->block));
    if (!s->block.count || s->block.count > RUN_PER_BLOCK)
        FAIL(CORRUPT, "a block of the catalog is malformed");
    return OK;
}

static fallible
merge_open(struct merge *m, const char *dir, const struct sorted_run *in)
{
    for (size_t i = 0; i < m->n; i++) {
        m->in[i].blocks = blocks_of(&in[i]);
        TRY(open_run(dir, &in[i], &m->in[i].f));
        TRY(source_fill(&m->in[i]));
    }
    return OK;
}

static struct source *
least(struct merge *m)
{
    struct source *best = NULL;
    for (size_t i = 0; i < m->n; i++) {
        struct source *s = &m->in[i];
        if (s->block.count &&
            (!best || by_term(&s->block.at[s->at], &best->block.at[best->at]) < 0))
            best = s;
    }
    return best;
}

static fallible
merge_all(struct merge *m)
{
    struct source *s;
    while ((s = least(m)) != NULL) {
        TRY(out_add(&m->out, &s->block.at[s->at]));
        if (++s->at == s->block.count)
            TRY(source_fill(s));
    }
    return OK;
}

static fallible
merge_to(struct merge *m, const char *dir, const struct sorted_run *in, struct sorted_run *r)
{
    char path[RUN_PATH_MAX], beside[RUN_PATH_MAX];
    TRY(path_of(dir, r, "", path));
    TRY(path_of(dir, r, ".new", beside));
    TRY(out_begin(&m->out, beside));
    TRY(merge_open(m, dir, in));
    TRY(merge_all(m));
    r->count = m->out.count;
    return out_end(&m->out, beside, path, r);
}

fallible
run_merge(const char *dir, const struct sorted_run *in, size_t n, struct sorted_run *ret)
{
    struct sorted_run r = *ret;
    r.fence = NULL;
    struct merge *m = mem_get(sizeof *m);
    if (!m)
        FAIL(LIMIT, "no memory to merge the catalog");
    ASSERT(n && n <= MERGED_MAX);
    memset(m, 0, sizeof *m);
    m->n = n;
    m->out.f = -1;
    for (size_t i = 0; i < n; i++)
        m->in[i].f = -1;
    r.from = in[0].from;
    r.to = in[n - 1].to;
    const err e = merge_to(m, dir, in, &r);
    for (size_t i = 0; i < n; i++)
        fd_auto(&m->in[i].f);
    out_done(&m->out);
    mem_free(m);
    if (!e.code)
        *ret = r;
    return e;
}
