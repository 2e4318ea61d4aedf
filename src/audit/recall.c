/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/recall.h"

#include "audit/catalog/terms.h"
#include "base/fault.h"
#include "os/file.h"

enum { CHECK_MEMORY_BYTES = 4 * 1024 * 1024, NEAR_BYTES = 1024 };

static fallible
read_exactly(int f, uint64_t offset, char *room, size_t len)
{
    size_t got = 0;
    TRY(file_read_at(f, offset, room, len, &got));
    if (got != len)
        FAIL(CORRUPT, "the audit log became shorter while it was read");
    return OK;
}

/* Zeros, which no line holds, and the end of the last line that was cut out with them. */
static size_t
pruned_len(str s)
{
    size_t n = 0;
    while (n < s.len && !s.at[n])
        n++;
    return n && n < s.len && s.at[n] == '\n' ? n + 1 : 0;
}

fallible
recall_block(int f, uint64_t end, char *room, struct block *ret)
{
    const size_t len = end < BLOCK_BYTES ? (size_t)end : BLOCK_BYTES;
    str s = {room, len};
    uint64_t offset = end - len;
    TRY(read_exactly(f, offset, room, len));
    if (len && room[len - 1] != '\n')
        FAIL(CORRUPT, "the audit log has no end of a line at byte %llu", (unsigned long long)end);
    const size_t gone = pruned_len(s);
    if (gone) {
        s = str_slice(s, gone, len);
        offset = s.len ? offset + gone : 0;
    } else if (offset) {
        const size_t skip = (size_t)str_find_char(s, '\n') + 1;
        if (skip > LINE_BYTES_MAX)
            FAIL(CORRUPT, "the audit log has a line longer than %d bytes", LINE_BYTES_MAX);
        s = str_slice(s, skip, len);
        offset += skip;
    }
    *ret = (struct block){s, offset};
    return OK;
}

bool
block_last_line(struct block *b, str *ret_line, uint64_t *ret_offset)
{
    if (!b->lines.len)
        return false;
    const size_t end = b->lines.len - 1;
    const char *before = memrchr(b->lines.at, '\n', end);
    const size_t from = before ? (size_t)(before - b->lines.at) + 1 : 0;
    *ret_line = (str){b->lines.at + from, end - from};
    *ret_offset = b->offset + from;
    b->lines.len = from;
    return true;
}

fallible
recall_whole_len(int f, uint64_t len, uint64_t *ret)
{
    char room[LINE_BYTES_MAX];
    const size_t take = len < sizeof room ? (size_t)len : sizeof room;
    TRY(read_exactly(f, len - take, room, take));
    const char *last = take ? memrchr(room, '\n', take) : NULL;
    if (!last && len > take)
        FAIL(CORRUPT, "the audit log ends with more than a torn line");
    *ret = last ? len - take + (uint64_t)(last - room) + 1 : 0;
    return OK;
}

typedef struct {
    char *at;
} block_room;

static void
block_room_auto(block_room *r)
{
    mem_free(r->at);
}

static fallible
get_room(block_room *ret)
{
    ret->at = mem_get(BLOCK_BYTES);
    if (!ret->at)
        FAIL(LIMIT, "no memory to read the audit log");
    return OK;
}

fallible
recall_add(struct places *p, uint64_t offset, size_t len)
{
    if (p->count == PLACES_MAX)
        FAIL(LIMIT, "more than %d records to show", PLACES_MAX);
    p->at[p->count++] = (struct place){offset, len};
    return OK;
}

static fallible
find_in(struct block b, const struct scan *s, str needle, struct places *p)
{
    str line;
    uint64_t offset;
    /* One search over the block tells for nearly all that there is nothing in it. */
    if (str_find(b.lines, needle) < 0)
        return OK;
    while (p->count < s->count_max && block_last_line(&b, &line, &offset))
        if (offset >= s->from && str_find(line, needle) >= 0)
            TRY(recall_add(p, offset, line.len));
    return OK;
}

fallible
recall_scan(int f, const struct scan *s, str needle, struct places *p, uint64_t *ret_from)
{
    AUTO(block_room) room = {NULL};
    uint64_t end = s->end;
    const uint64_t reach = end > SCAN_BYTES_MAX ? end - SCAN_BYTES_MAX : 0;
    const uint64_t stop = reach > s->from ? reach : s->from;
    TRY(get_room(&room));
    while (end > stop && p->count < s->count_max) {
        struct block b;
        TRY(recall_block(f, end, room.at, &b));
        TRY(find_in(b, s, needle, p));
        end = b.offset;
    }
    *ret_from = end > s->from ? end : s->from;
    return OK;
}

fallible
recall_find(int f, uint64_t end, str needle, struct places *p)
{
    /* One more than there is room for, so that it is said when there are more. */
    const struct scan s = {.from = 0, .end = end, .count_max = PLACES_MAX + 1};
    uint64_t from;
    return recall_scan(f, &s, needle, p, &from);
}

fallible
recall_last(int f, uint64_t end, size_t count, struct places *p)
{
    AUTO(block_room) room = {NULL};
    TRY(get_room(&room));
    while (end && p->count < count) {
        struct block b;
        str line;
        uint64_t offset = 0;
        TRY(recall_block(f, end, room.at, &b));
        end = b.offset;
        while (p->count < count && block_last_line(&b, &line, &offset))
            TRY(recall_add(p, offset, line.len));
    }
    return OK;
}

fallible
recall_line(int f, struct place p, char *room, str *ret)
{
    ASSERT(p.len <= LINE_BYTES_MAX);
    TRY(read_exactly(f, p.offset, room, p.len));
    *ret = (str){room, p.len};
    return OK;
}

/* From any byte to the end of its line.  Most are short, so that the rest is read only for the
 * others. */
static fallible
read_to_end(int f, uint64_t offset, uint64_t end, char *room, str *ret)
{
    const uint64_t left = offset < end ? end - offset : 0;
    const size_t all = left < LINE_BYTES_MAX ? (size_t)left : LINE_BYTES_MAX;
    const size_t near = all < NEAR_BYTES ? all : NEAR_BYTES;
    TRY(read_exactly(f, offset, room, near));
    const char *last = memchr(room, '\n', near);
    if (!last && near < all) {
        TRY(read_exactly(f, offset, room, all));
        last = memchr(room, '\n', all);
    }
    if (!last)
        FAIL(CORRUPT, "no line of the audit log ends behind byte %llu", (unsigned long long)offset);
    *ret = (str){room, (size_t)(last - room)};
    return OK;
}

fallible
recall_line_at(int f, uint64_t offset, uint64_t end, char *room, str *ret)
{
    char before = '\n';
    if (offset && offset < end)
        TRY(read_exactly(f, offset - 1, &before, 1));
    if (before != '\n')
        FAIL(CORRUPT, "no line of the audit log begins at byte %llu", (unsigned long long)offset);
    return read_to_end(f, offset, end, room, ret);
}

/* ---- by time */

/* Where the first line begins at `at` or later; `end` if none does. */
static fallible
next_line(int f, uint64_t at, uint64_t end, char *room, uint64_t *ret)
{
    str rest;
    *ret = at;
    if (!at)
        return OK;
    TRY(read_to_end(f, at - 1, end, room, &rest));
    *ret = at + rest.len;
    return OK;
}

fallible
recall_at_time(int f, uint64_t from, uint64_t end, str time, uint64_t *ret)
{
    char room[LINE_BYTES_MAX];
    uint64_t lo = from, hi = end, at = end;
    str line;
    while (lo < hi) { /* halves each time: at most 64 turns */
        const uint64_t mid = lo + (hi - lo) / 2;
        TRY(next_line(f, mid, end, room, &at));
        if (at >= hi) {
            hi = mid;
            continue;
        }
        TRY(read_to_end(f, at, end, room, &line));
        if (str_cmp(term_time(line), time) < 0)
            lo = at + line.len + 1;
        else
            hi = mid;
    }
    return lo < end ? next_line(f, lo, end, room, ret) : (*ret = end, OK);
}

fallible
recall_each(int f, const struct places *p, str needle, audit_fn *fn, void *ctx)
{
    char room[LINE_BYTES_MAX];
    for (size_t i = p->count; i-- > 0;) {
        str line;
        TRY(recall_line(f, p->at[i], room, &line));
        if (str_find(line, needle) >= 0)
            TRY(fn(ctx, line));
    }
    return OK;
}

/* Where the last `count` lines begin. */
static fallible
find_since(int f, uint64_t end, size_t count, char *room, uint64_t *ret)
{
    *ret = end;
    while (end && count) {
        struct block b;
        str line;
        TRY(recall_block(f, end, room, &b));
        end = b.offset;
        while (count && block_last_line(&b, &line, ret))
            count--;
    }
    if (count)
        FAIL(CORRUPT, "the audit log has fewer records than it counts");
    return OK;
}

fallible
recall_since(int f, uint64_t end, size_t count, audit_fn *fn, void *ctx)
{
    AUTO(block_room) room = {NULL};
    uint64_t at;
    TRY(get_room(&room));
    TRY(find_since(f, end, count, room.at, &at));
    while (at < end) {
        const size_t len = end - at < BLOCK_BYTES ? (size_t)(end - at) : BLOCK_BYTES;
        TRY(read_exactly(f, at, room.at, len));
        const char *last = memrchr(room.at, '\n', len);
        if (!last)
            FAIL(CORRUPT, "the audit log has no end of a line behind byte %llu",
                 (unsigned long long)at);
        str lines = {room.at, (size_t)(last - room.at)}, line;
        at += lines.len + 1;
        while (str_next(&lines, '\n', &line))
            TRY(fn(ctx, line));
    }
    return OK;
}

/* ---- the check at open */

static fallible
check_lines(struct block b, arena *memory, uint64_t *ret_last)
{
    str line;
    uint64_t offset, seq = 0, after = 0;
    while (block_last_line(&b, &line, &offset)) {
        arena_reset(memory);
        TRY(record_check(memory, line, &seq));
        if (after && seq + 1 != after)
            FAIL(CORRUPT, "the audit log goes from record %llu to %llu", (unsigned long long)seq,
                 (unsigned long long)after);
        if (!after)
            *ret_last = seq;
        after = seq;
    }
    return OK;
}

fallible
recall_last_seq(int f, uint64_t len, uint64_t *ret)
{
    AUTO(block_room) room = {NULL};
    AUTO(arena) *memory = NULL;
    struct block b;
    uint64_t last = 0;
    TRY(get_room(&room));
    TRY(arena_open(CHECK_MEMORY_BYTES, &memory));
    TRY(recall_block(f, len, room.at, &b));
    TRY(check_lines(b, memory, &last));
    *ret = last;
    return OK;
}
