/* SPDX-License-Identifier: EUPL-1.2 */
#include "audit/cosign.h"

#include <fcntl.h>
#include <stdio.h>

#include "audit/tiles.h"
#include "base/enc.h"
#include "base/fault.h"
#include "base/num.h"
#include "os/file.h"

enum { PROOF_LINES_MAX = 63, SCRATCH_BYTES = 4 * NOTE_BYTES_MAX, ID_DIGITS = 8 };

static const str old_word = STR_INIT("old "), cosigned_dir = STR_INIT("cosigned/");

/* ---- the question */

static fallible
read_hash(str line, digest *ret)
{
    AUTO(buf) b = BUF(64);
    if (line.len != 44)
        REFUSE(PARSE, "", "a hash of a proof is not 32 bytes in base64");
    const err e = base64_read(line, &b);
    if (e.code && e.code != ERR_PARSE)
        return e;
    if (e.code || b.len != sizeof *ret)
        REFUSE(PARSE, "", "a hash of a proof is not 32 bytes in base64");
    memcpy(ret->bytes, b.at, sizeof ret->bytes);
    return OK;
}

static fallible
read_old(str line, uint64_t *ret)
{
    if (!str_starts(line, old_word))
        REFUSE(PARSE, "", "a request to a witness does not begin with \"old\"");
    line = str_slice(line, old_word.len, line.len);
    if ((line.len > 1 && line.at[0] == '0') || num_u64(line, 0, INT64_MAX, ret).code)
        REFUSE(PARSE, "", "the old size of a request to a witness is no number");
    return OK;
}

fallible
cosign_ask_read(str bytes, struct cosign_ask *ret)
{
    struct cosign_ask q = {.old = 0};
    str line = STR_NONE;
    if (!str_next(&bytes, '\n', &line))
        REFUSE(PARSE, "", "a request to a witness is empty");
    TRY(read_old(line, &q.old));
    while (str_next(&bytes, '\n', &line) && line.len) {
        if (q.proof.count == PROOF_LINES_MAX)
            REFUSE(PARSE, "", "a proof has more than %d hashes", PROOF_LINES_MAX);
        TRY(read_hash(line, &q.proof.at[q.proof.count]));
        q.proof.count++;
    }
    if (line.len || !bytes.at || !bytes.len)
        REFUSE(PARSE, "", "a request to a witness has no checkpoint");
    q.note = bytes;
    *ret = q;
    return OK;
}

fallible
cosign_ask_put(buf *b, const struct cosign_ask *q)
{
    ASSERT(q->proof.count <= MERKLE_PROOF_MAX);
    buf_add(b, old_word);
    buf_add_u64(b, q->old);
    buf_add_char(b, '\n');
    for (size_t i = 0; i < q->proof.count; i++) {
        base64_put(b, q->proof.at[i].bytes, sizeof q->proof.at[i].bytes);
        buf_add_char(b, '\n');
    }
    buf_add_char(b, '\n');
    buf_add(b, q->note);
    return buf_end(b);
}

/* ---- from files */

static fallible
prove_from_tiles(struct tile_reader *r, const struct tree_head *h, struct cosign_ask *q)
{
    const struct merkle_source s = {tile_source, r};
    struct merkle t;
    TRY(merkle_load(&s, h->size, &t));
    const struct tree_head is = merkle_head(&t);
    if (!digest_eq(&is.root, &h->root))
        FAIL(CORRUPT, "the tiles have another root than the checkpoint");
    return merkle_prove_growth(&s, q->old, h->size, &q->proof);
}

fallible
cosign_ask_from_files(const char *log_dir, uint64_t old, buf *ret)
{
    AUTO(arena) *a = NULL;
    struct cosign_ask q = {.old = old};
    struct note n;
    struct checkpoint c;
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(file_read(a, file_join(a, log_dir, "checkpoint"), NOTE_BYTES_MAX, &q.note));
    TRY(note_read(q.note, &n));
    TRY(checkpoint_read(n.text, &c));
    if (q.old > c.head.size)
        q.old = c.head.size;
    struct tile_reader *r = mem_get(sizeof *r);
    if (!r)
        FAIL(LIMIT, "no memory for tiles");
    *r = (struct tile_reader){.dir = log_dir, .size = c.head.size};
    const err e = prove_from_tiles(r, &c.head, &q);
    mem_free(r);
    TRY(e);
    return cosign_ask_put(ret, &q);
}

/* ---- who may answer */

static fallible
read_cosigner(str text, struct cosigners *w)
{
    if (w->count == COSIGNERS_MAX)
        REFUSE(CONFIG, "audit.witnesses", "audit.witnesses has more than %d keys", COSIGNERS_MAX);
    struct note_key *k = &w->at[w->count];
    const err e = note_key_read(text, k);
    if (e.code && e.code != ERR_PARSE)
        return e;
    if (e.code || k->type != NOTE_WITNESS)
        REFUSE(CONFIG, "audit.witnesses",
               "audit.witnesses holds what is no key of a witness (NAME+ID+BASE64)");
    for (size_t i = 0; i < w->count; i++)
        if (w->at[i].id == k->id)
            REFUSE(CONFIG, "audit.witnesses", "audit.witnesses names a key twice");
    w->count++;
    return OK;
}

fallible
cosigners_read(str text, struct cosigners *ret)
{
    struct cosigners w = {.count = 0};
    str key;
    while (str_next(&text, ' ', &key))
        if (key.len)
            TRY(read_cosigner(key, &w));
    *ret = w;
    return OK;
}

/* ---- what they answered */

void
cosigned_name(uint32_t id, char room[COSIGNED_NAME_MAX])
{
    snprintf(room, COSIGNED_NAME_MAX, "%.*s%08x", STR_FMT(cosigned_dir), id);
}

fallible
cosigned_name_read(str name, uint32_t *ret)
{
    uint8_t b[ID_DIGITS / 2];
    char again[COSIGNED_NAME_MAX];
    if (!str_starts(name, cosigned_dir) || name.len != cosigned_dir.len + ID_DIGITS ||
        hex_read(str_slice(name, cosigned_dir.len, name.len), b, sizeof b).code)
        REFUSE(PARSE, "path", "this is not the name of a cosigned checkpoint");
    const uint32_t id =
        (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | (uint32_t)b[3];
    cosigned_name(id, again);
    if (!str_eq(name, str_of(again)))
        REFUSE(PARSE, "path", "this is not the name of a cosigned checkpoint");
    *ret = id;
    return OK;
}

static const struct note_line *
line_of(const struct note *n, const struct note_key *k)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->at[i].id == k->id && str_eq(n->at[i].name, str_of(k->name)))
            return &n->at[i];
    return NULL;
}

static void
put_line(buf *b, const struct note_line *l)
{
    ASSERT(l);
    buf_add(b, STR("\xe2\x80\x94 "));
    buf_add(b, l->name);
    buf_add_char(b, ' ');
    buf_add(b, l->base64);
    buf_add_char(b, '\n');
}

/* The text and the line of `k`, which is there. */
static void
put_signed(buf *b, const struct note *n, const struct note_key *k)
{
    buf_add(b, n->text);
    buf_add_char(b, '\n');
    put_line(b, line_of(n, k));
}

fallible
cosign_put_with(buf *b, str note, const struct note_key *k, str line)
{
    struct note n;
    const size_t from = b->len;
    TRY(note_read(note, &n));
    buf_add(b, n.text);
    buf_add_char(b, '\n');
    for (size_t i = 0; i < n.count; i++)
        if (n.at[i].id != k->id || !str_eq(n.at[i].name, str_of(k->name)))
            put_line(b, &n.at[i]);
    buf_add(b, line);
    TRY(buf_end(b));
    TRY(note_read(str_slice(buf_str(b), from, b->len), &n));
    return note_check(&n, k, NULL);
}

fallible
cosign_seen_read(str text, uint64_t *ret)
{
    if (str_ends(text, STR("\n")))
        text.len--;
    if ((text.len > 1 && text.at[0] == '0') || num_u64(text, 0, INT64_MAX, ret).code)
        REFUSE(PARSE, "", "the witness does not say what size it saw");
    return OK;
}

fallible
cosign_put_bare(buf *b, const struct note_key *log, str note)
{
    struct note n;
    TRY(note_read(note, &n));
    if (!line_of(&n, log))
        FAIL(CORRUPT, "%s did not sign the note", log->name);
    put_signed(b, &n, log);
    return buf_end(b);
}

static const char *
path_of(arena *a, const char *log_dir, const struct note_key *k)
{
    char name[COSIGNED_NAME_MAX];
    cosigned_name(k->id, name);
    return file_join(a, log_dir, name);
}

/* What is kept of a witness; one that can no longer be read is as good as none. */
static fallible
read_kept(arena *a, const char *log_dir, const struct note_key *k, struct note *ret)
{
    str bytes;
    *ret = (struct note){.count = 0};
    const err e = file_read(a, path_of(a, log_dir, k), NOTE_BYTES_MAX, &bytes);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    if (note_read(bytes, ret).code || !line_of(ret, k))
        *ret = (struct note){.count = 0};
    return OK;
}

struct keeping {
    arena *a;
    const char *dir;
    const struct note_key *log;
    const struct note *note;
    struct tree_head head;
};

/* A witness signs trees that grow, at times that do not run back. */
static fallible
check_newer(const struct keeping *k, const struct note_key *w, uint64_t time_s)
{
    struct note kept;
    struct checkpoint c;
    uint64_t kept_s;
    TRY(read_kept(k->a, k->dir, w, &kept));
    if (!kept.count || note_check(&kept, w, &kept_s).code || note_check(&kept, k->log, NULL).code ||
        checkpoint_read(kept.text, &c).code)
        return OK;
    if (c.head.size > k->head.size || (c.head.size == k->head.size && kept_s > time_s))
        REFUSE(CONFLICT, "", "%s signed a newer checkpoint already", w->name);
    return OK;
}

static fallible
sync_path(const char *path, int flags)
{
    AUTO(fd) f = -1;
    TRY(file_open(path, O_RDONLY | flags, 0, &f));
    return file_sync(f);
}

/* Synced after it got its name: what a crash in between leaves was never acknowledged. */
static fallible
write_kept(const struct keeping *k, const struct note_key *w, str note)
{
    char name[COSIGNED_NAME_MAX];
    cosigned_name(w->id, name);
    TRY(tile_write_beside(k->dir, name, note));
    TRY(sync_path(path_of(k->a, k->dir, w), 0));
    TRY(sync_path(file_join(k->a, k->dir, "cosigned"), O_DIRECTORY));
    return sync_path(k->dir, O_DIRECTORY);
}

static fallible
keep_one(const struct keeping *k, const struct note_key *w)
{
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    uint64_t time_s;
    TRY(note_check(k->note, w, &time_s));
    TRY(check_newer(k, w, time_s));
    put_signed(&b, k->note, k->log);
    put_line(&b, line_of(k->note, w));
    TRY(buf_end(&b));
    return write_kept(k, w, buf_str(&b));
}

fallible
cosign_keep(const char *log_dir, const struct note_key *log, const struct cosigners *w, str note,
            struct cosigned *ret)
{
    AUTO(arena) *a = NULL;
    struct note n;
    struct checkpoint c;
    struct cosigned done = {.count = 0};
    TRY(checkpoint_open(note, log, &c));
    TRY(note_read(note, &n));
    TRY(arena_open(SCRATCH_BYTES, &a));
    const struct keeping k = {a, log_dir, log, &n, c.head};
    for (size_t i = 0; i < w->count; i++) {
        if (!line_of(&n, &w->at[i]))
            continue;
        arena_reset(a);
        TRY(keep_one(&k, &w->at[i]));
        done.by[done.count++] = &w->at[i];
    }
    if (!done.count)
        REFUSE(ARGUMENT, "", "none of the witnesses in audit.witnesses signed this checkpoint");
    *ret = done;
    return OK;
}

fallible
cosign_put_known(buf *b, const char *log_dir, const struct note_key *log, const struct cosigners *w,
                 str note)
{
    AUTO(arena) *a = NULL;
    struct note n, kept;
    TRY(note_read(note, &n));
    TRY(arena_open(SCRATCH_BYTES, &a));
    TRY(cosign_put_bare(b, log, note));
    for (size_t i = 0; i < w->count; i++) {
        arena_reset(a);
        TRY(read_kept(a, log_dir, &w->at[i], &kept));
        if (kept.count && str_eq(kept.text, n.text) && !note_check(&kept, &w->at[i], NULL).code)
            put_line(b, line_of(&kept, &w->at[i]));
    }
    return buf_end(b);
}
