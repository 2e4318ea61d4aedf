/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/answer.h"

#include <stdio.h>

#include "audit/cosign.h"
#include "audit/ledger.h"
#include "audit/record.h"
#include "audit/tiles.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/num.h"

enum { SCRATCH_BYTES = 1024 * 1024, LEAVES_MAX = 1024, PROOF_NOTE_MAX = 8 * 1024 };

static err
add_line(void *ctx, str record_json)
{
    buf *b = ctx;
    buf_add(b, record_json);
    buf_add_char(b, '\n');
    return buf_end(b);
}

/* ---- files */

static fallible
read_checkpoint(book *b, arena *a, str *ret)
{
    const err e = file_read(a, file_join(a, book_log_dir(b), "checkpoint"), NOTE_BYTES_MAX, ret);
    if (e.code == ERR_NOT_FOUND)
        REFUSE(NOT_FOUND, "", "no checkpoint of this log was signed yet");
    return e;
}

static fallible
put_tile(book *b, const char *path, buf *ret)
{
    struct tile_id t;
    TRY(tile_path_read(str_of(path), &t));
    if (t.level >= TILE_LEVELS)
        REFUSE(NOT_FOUND, "path", "there is no such tile");
    const unsigned width = t.width;
    ret->limit = t.level == TILE_ENTRIES ? BUNDLE_BYTES_MAX : TILE_BYTES;
    const err e = tile_read_raw(book_log_dir(b), &t, ret);
    if (e.code == ERR_NOT_FOUND || (!e.code && t.width != width))
        REFUSE(NOT_FOUND, "path", "there is no such tile");
    return e;
}

static fallible
put_cosigned(book *b, const char *path, buf *ret)
{
    AUTO(arena) *a = NULL;
    uint32_t id;
    str note;
    TRY(cosigned_name_read(str_of(path), &id));
    TRY(arena_open(SCRATCH_BYTES, &a));
    const err e = file_read(a, file_join(a, book_log_dir(b), path), NOTE_BYTES_MAX, &note);
    if (e.code == ERR_NOT_FOUND)
        REFUSE(NOT_FOUND, "path", "no checkpoint of this witness was taken in yet");
    TRY(e);
    buf_add(ret, note);
    return buf_end(ret);
}

/* What a witness is asked that has seen `size` entries.  One that has seen more is asked from all
 * there are: it is for the witness to raise an alarm. */
static fallible
put_ask(book *b, str size, buf *ret)
{
    AUTO(arena) *a = NULL;
    struct cosign_ask q = {.old = 0};
    struct checkpoint c;
    struct note n;
    if (num_u64(size, 0, INT64_MAX, &q.old).code)
        REFUSE(NOT_FOUND, "path", "add-checkpoint/ is followed by the size the witness saw last");
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(read_checkpoint(b, a, &q.note));
    TRY(note_read(q.note, &n));
    TRY(checkpoint_read(n.text, &c));
    q.old = q.old < c.head.size ? q.old : c.head.size;
    TRY(ledger_prove_growth(book_ledger(b), q.old, c.head.size, &q.proof));
    return cosign_ask_put(ret, &q);
}

static fallible
put_file(book *b, const char *path, buf *ret)
{
    static const str ask = STR_INIT("add-checkpoint/"), cosigned = STR_INIT("cosigned/");
    AUTO(arena) *a = NULL;
    str note;
    ASSERT(path);
    if (str_starts(str_of(path), ask))
        return put_ask(b, str_of(path + ask.len), ret);
    if (str_starts(str_of(path), cosigned))
        return put_cosigned(b, path, ret);
    if (strcmp(path, "checkpoint") != 0)
        return put_tile(b, path, ret);
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(read_checkpoint(b, a, &note));
    buf_add(ret, note);
    return buf_end(ret);
}

/* ---- proofs */

struct leaves {
    arena *a;
    uint64_t at[LEAVES_MAX];
    size_t count;
};

static err
add_leaf(void *ctx, str record_json)
{
    struct leaves *l = ctx;
    uint64_t seq;
    arena_reset(l->a);
    TRY(record_check(l->a, record_json, &seq));
    if (l->count == LEAVES_MAX)
        FAIL(LIMIT, "more than %d records", LEAVES_MAX);
    l->at[l->count++] = seq - 1;
    return OK;
}

static fallible
put_leaf(book *b, uint64_t leaf, uint64_t size, buf *ret)
{
    struct merkle_proof p;
    TRY(ledger_prove(book_ledger(b), leaf, size, &p));
    json_open(ret, '{');
    json_member_u64(ret, "leaf", leaf);
    json_key(ret, "hashes");
    json_open(ret, '[');
    for (size_t i = 0; i < p.count; i++) {
        AUTO(buf) text = BUF(64);
        base64_put(&text, p.at[i].bytes, sizeof p.at[i].bytes);
        TRY(buf_end(&text));
        json_put_str(ret, buf_str(&text));
    }
    json_close(ret, ']');
    json_close(ret, '}');
    return OK;
}

/* Records that no checkpoint covers yet are left out: they have no proof so far. */
static fallible
put_proofs(book *b, const char *request, buf *ret)
{
    AUTO(arena) *a = NULL;
    AUTO(arena) *scratch = NULL;
    struct checkpoint c;
    struct note n;
    str note;
    struct leaves l = {.count = 0};
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(arena_open(SCRATCH_BYTES, &scratch));
    l.a = scratch;
    TRY(book_find(b, str_of(request), add_leaf, &l));
    TRY(read_checkpoint(b, a, &note));
    TRY(note_read(note, &n));
    TRY(checkpoint_read(n.text, &c));
    json_open(ret, '{');
    json_member_str(ret, "checkpoint", note);
    json_key(ret, "leaves");
    json_open(ret, '[');
    for (size_t i = 0; i < l.count; i++)
        if (l.at[i] < c.head.size)
            TRY(put_leaf(b, l.at[i], c.head.size, ret));
    json_close(ret, ']');
    json_close(ret, '}');
    return buf_end(ret);
}

/* ---- records by what is in them */

struct listing {
    buf *b;
    size_t count;
};

static err
list_line(void *ctx, str record_json)
{
    struct listing *l = ctx;
    if (l->count++)
        buf_add_char(l->b, ',');
    buf_add(l->b, record_json);
    return buf_end(l->b);
}

static fallible
read_query(const struct log_read *r, str tail, struct log_query *room, struct book_ask *ret)
{
    if (tail.len != sizeof *room)
        REFUSE(ARGUMENT, "", "this cannot be asked of the log");
    memcpy(room, tail.at, sizeof *room);
    room->field[sizeof room->field - 1] = room->value[sizeof room->value - 1] = '\0';
    room->since[sizeof room->since - 1] = room->until[sizeof room->until - 1] = '\0';
    *ret = (struct book_ask){.field = term_field_of(str_of(room->field)),
                             .value = str_of(room->value),
                             .since = str_of(room->since),
                             .until = str_of(room->until),
                             .count = r->count};
    if (room->field[0] && ret->field == TERM_FIELDS)
        REFUSE(ARGUMENT, "field", "records are not found by %s", room->field);
    if (ret->field < TERM_FIELDS && !ret->value.len)
        REFUSE(ARGUMENT, room->field, "%s is empty", room->field);
    return OK;
}

static fallible
put_records(book *b, const struct log_read *r, str tail, buf *ret)
{
    struct log_query room;
    struct book_ask q;
    struct listing l = {.b = ret};
    bool is_all = false;
    TRY(read_query(r, tail, &room, &q));
    buf_add(ret, STR("{\"records\":["));
    TRY(book_query(b, &q, list_line, &l, &is_all));
    buf_add(ret, is_all ? STR("],\"complete\":true}") : STR("],\"complete\":false}"));
    return buf_end(ret);
}

/* ---- alarms about witnesses: they stand in the log itself, so that nobody can take one away */

struct last {
    arena *a;
    uint64_t seq; /* 0: there is none */
    str line;
};

static err
keep_last(void *ctx, str record_json)
{
    struct last *l = ctx;
    TRY(record_check(l->a, record_json, &l->seq));
    l->line = arena_str(l->a, record_json);
    return OK;
}

static fallible
find_last(book *b, enum audit_event event, struct last *ret)
{
    const struct book_ask q = {
        .field = TERM_EVENT, .value = str_of(event_info(event)->name), .count = 1};
    bool is_all;
    return book_query(b, &q, keep_last, ret, &is_all);
}

/* The record of the alarm that stands; empty: none. */
static fallible
find_alarm(book *b, arena *a, str *ret)
{
    struct last raised = {.a = a}, cleared = {.a = a};
    TRY(find_last(b, EVENT_WITNESS_ALARM, &raised));
    TRY(find_last(b, EVENT_WITNESS_CLEAR, &cleared));
    *ret = raised.seq > cleared.seq ? raised.line : STR_NONE;
    return OK;
}

static fallible
put_alarm(book *b, buf *ret)
{
    AUTO(arena) *a = NULL;
    str line;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(find_alarm(b, a, &line));
    buf_add(ret, line.len ? STR("{\"alarm\":true,\"record\":") : STR("{\"alarm\":false"));
    buf_add(ret, line);
    buf_add_char(ret, '}');
    return buf_end(ret);
}

static fallible
refuse_alarmed(book *b)
{
    AUTO(arena) *a = NULL;
    str line;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(find_alarm(b, a, &line));
    if (line.len)
        REFUSE(CORRUPT, "", "an alarm about witnesses stands: an auditor must look at it");
    return OK;
}

/* Our key signed it, and this log is another: one of the two is not what was shown to others.  The
 * record has the note, as proof. */
static fallible
raise_alarm(book *b, const struct tree_head *h, str note)
{
    AUTO(buf) why = BUF(4 * NOTE_BYTES_MAX);
    const uint64_t size = book_seq(b);
    const bool is_more = h->size > size;
    struct audit_record r = {.event = EVENT_WITNESS_ALARM, .outcome = "ok"};
    r.object = is_more ? STR("rollback") : STR("fork");
    buf_add_fmt(&why, "%llu entries were signed, this log has %llu: ", (unsigned long long)h->size,
                (unsigned long long)size);
    base64_put(&why, note.at, note.len < PROOF_NOTE_MAX ? note.len : PROOF_NOTE_MAX);
    TRY(buf_end(&why));
    r.why = buf_str(&why);
    TRY(book_append(b, &r, NULL, NULL));
    REFUSE(CORRUPT, "", "alarm: %s: %s", is_more ? "rollback" : "fork",
           is_more ? "more of this log was signed than there is"
                   : "the key of this log signed another history");
}

/* ---- signatures of witnesses */

static fallible
take_cosigned(book *b, str note, buf *ret)
{
    struct cosigned by;
    struct tree_head h;
    bool is_other = false;
    TRY(refuse_alarmed(b));
    TRY(ledger_is_other(book_ledger(b), note, &h, &is_other));
    if (is_other)
        return raise_alarm(b, &h, note);
    TRY(ledger_cosign(book_ledger(b), note, &by, &h));
    json_open(ret, '{');
    json_member_u64(ret, "size", h.size);
    json_key(ret, "witnesses");
    json_open(ret, '[');
    for (size_t i = 0; i < by.count; i++)
        json_put_str(ret, str_of(by.by[i]->name));
    json_close(ret, ']');
    json_close(ret, '}');
    return buf_end(ret);
}

fallible
answer_read(book *b, const struct log_read *q, str tail, buf *ret)
{
    switch ((enum log_what)q->kind) {
    case LOG_FIND:
        return book_find(b, str_of(q->what), add_line, ret);
    case LOG_TAIL:
        return book_tail(b, q->count, add_line, ret);
    case LOG_PROVE:
        return put_proofs(b, q->what, ret);
    case LOG_FILE:
        return put_file(b, q->what, ret);
    case LOG_COSIGN:
        return take_cosigned(b, tail, ret);
    case LOG_QUERY:
        return put_records(b, q, tail, ret);
    case LOG_ALARM:
        return put_alarm(b, ret);
    case LOG_PRUNE:
    case LOG_CUT:
        break; /* for whoever prunes (desk.h) */
    }
    REFUSE(ARGUMENT, "", "this cannot be asked of the log");
}
