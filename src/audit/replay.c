/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/replay.h"

#include "audit/record.h"
#include "base/fault.h"
#include "base/map.h"

/* A record begins with its number and time; the first member that it has of its own is the event.
 */
static uint64_t
hash_of(str line)
{
    static const uint8_t key[16] = {0}; /* a gate could only deceive itself */
    const ptrdiff_t at = str_find(line, STR("\"event\":"));
    const str said = str_slice(line, at < 0 ? 0 : (size_t)at, line.len);
    return siphash24(key, said.at, said.len);
}

static err
add_line(void *ctx, str line)
{
    struct replay *r = ctx;
    if (r->count == r->room) {
        const size_t room = r->room ? 2 * r->room : 256;
        uint64_t *at = mem_grow(r->at, room * sizeof *at);
        if (!at)
            FAIL(LIMIT, "no memory to compare entries");
        r->at = at;
        r->room = room;
    }
    r->at[r->count++] = hash_of(line);
    return OK;
}

fallible
replay_load(struct replay *r, book *b, uint64_t seq)
{
    replay_clear(r);
    r->from = seq + 1;
    const err e = book_since(b, seq, REPLAY_MAX, add_line, r);
    if (e.code)
        replay_clear(r);
    return e;
}

bool
replay_has(struct replay *r, const struct audit_record *record)
{
    AUTO(buf) line = BUF(RECORD_BYTES_MAX + 1);
    if (record_put(&line, record, 0).code)
        return false;
    const uint64_t h = hash_of(str_slice(buf_str(&line), 0, line.len - 1));
    for (size_t i = r->next; i < r->count; i++)
        if (r->at[i] == h) {
            r->next = i + 1;
            r->found = r->from + i;
            return true;
        }
    return false;
}

void
replay_clear(struct replay *r)
{
    mem_free(r->at);
    *r = (struct replay){.at = NULL};
}
