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

enum { SCRATCH_BYTES = 1024 * 1024, LEAVES_MAX = 1024 };

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

/* ---- signatures of witnesses */

static fallible
take_cosigned(book *b, str note, buf *ret)
{
    struct cosigned by;
    struct tree_head h;
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
    case LOG_PRUNE:
    case LOG_CUT:
        break; /* for whoever prunes (desk.h) */
    }
    REFUSE(ARGUMENT, "", "this cannot be asked of the log");
}
