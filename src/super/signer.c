/* SPDX-License-Identifier: EUPL-1.2 */
#include "super/signer.h"

#include <stdio.h>

#include "base/enc.h"
#include "base/fault.h"
#include "crypt/hash.h"
#include "os/file.h"

enum { PATH_BYTES = 1024, NAME_DIGITS = 16, SCRATCH_BYTES = 128 * 1024 };

_Static_assert((int)LOG_PROOF_MAX <= (int)MERKLE_PROOF_MAX, "a proof fits");
_Static_assert((int)LOG_KEY_MAX > (int)NOTE_KEY_TEXT_MAX, "a key fits");

struct signer {
    struct note_key key;
    secret half;
    char signed_path[PATH_BYTES], key_path[PATH_BYTES];
    struct tree_head last;
    char note[LOG_NOTE_MAX]; /* that says so; empty: nothing was signed yet */
    size_t note_len;
    char key_text[LOG_KEY_MAX];
};

/* ---- opening */

static fallible
derive(signer *s, const secret *master)
{
    AUTO(secret) seed = {0};
    AUTO(buf) name = BUF(128);
    sign_public p;
    digest d;
    TRY(hkdf_sha256(master, STR("hoheit checkpoint key v1"), SIGN_SEED_LEN, &seed));
    TRY(sign_pair(&seed, &s->half, &p));
    TRY(sha256_of((str){(const char *)p.bytes, sizeof p.bytes}, &d));
    buf_add(&name, STR("hoheit/"));
    hex_put(&name, d.bytes, NAME_DIGITS / 2);
    TRY(buf_end(&name));
    return note_key_make(buf_str(&name), NOTE_ED25519, &p, &s->key);
}

static fallible
set_paths(signer *s, const char *dir)
{
    const int n = snprintf(s->signed_path, PATH_BYTES, "%s/keys/log.signed", dir);
    const int m = snprintf(s->key_path, PATH_BYTES, "%s/keys/log.key", dir);
    if (n >= PATH_BYTES || m >= PATH_BYTES)
        FAIL(ARGUMENT, "path of %zu bytes is too long", strlen(dir));
    return OK;
}

/* It stays the same from start to start, and a write that is forced to the disk is dear. */
static fallible
is_written(const signer *s, str text, bool *ret)
{
    AUTO(arena) *a = NULL;
    str there = STR_NONE;
    TRY(arena_open(SCRATCH_BYTES, &a));
    const err e = file_read(a, s->key_path, NOTE_BYTES_MAX, &there);
    if (e.code && e.code != ERR_NOT_FOUND)
        return e;
    *ret = str_eq(there, text);
    return OK;
}

static fallible
write_key(signer *s)
{
    AUTO(buf) text = BUF(LOG_KEY_MAX);
    bool there;
    note_key_put(&text, &s->key);
    TRY(buf_end(&text));
    ASSERT(str_copy(buf_str(&text), s->key_text, sizeof s->key_text));
    buf_add_char(&text, '\n');
    TRY(buf_end(&text));
    TRY(is_written(s, buf_str(&text), &there));
    return there ? OK : file_write_atomic(s->key_path, buf_str(&text), 0600);
}

static fallible
take_note(signer *s, str note)
{
    struct checkpoint c;
    TRY(checkpoint_open(note, &s->key, &c));
    if (note.len > sizeof s->note)
        FAIL(CORRUPT, "a note of %zu bytes is too long", note.len);
    memcpy(s->note, note.at, note.len);
    s->note_len = note.len;
    s->last = c.head;
    return OK;
}

static fallible
read_last(signer *s)
{
    AUTO(arena) *a = NULL;
    const struct merkle empty = {.size = 0};
    str note;
    s->last = merkle_head(&empty);
    TRY(arena_open(SCRATCH_BYTES, &a));
    err e = file_read(a, s->signed_path, NOTE_BYTES_MAX, &note);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    if (!e.code)
        e = take_note(s, note);
    if (e.code == ERR_PARSE || e.code == ERR_CORRUPT)
        REFUSE(CORRUPT, s->signed_path, "%s is not what was signed last", s->signed_path);
    return e;
}

static fallible
set_up(signer *s, const char *dir, const secret *master)
{
    TRY(set_paths(s, dir));
    TRY(derive(s, master));
    TRY(write_key(s));
    return read_last(s);
}

fallible
signer_open(const char *data_dir, const secret *master, signer **ret)
{
    signer *s = mem_get(sizeof *s);
    if (!s)
        FAIL(LIMIT, "no memory for the signer");
    memset(s, 0, sizeof *s);
    const err e = set_up(s, data_dir, master);
    if (e.code) {
        signer_free(s);
        return e;
    }
    *ret = s;
    return OK;
}

void
signer_free(signer *s)
{
    if (s)
        secret_done(&s->half);
    mem_free(s);
}

const struct note_key *
signer_key(const signer *s)
{
    return &s->key;
}

/* ---- signing */

static fallible
check(const signer *s, const struct log_sign *ask, struct tree_head *ret)
{
    struct merkle_proof p = {.count = ask->proof_count};
    struct tree_head to = {.size = ask->size};
    if (ask->proof_count > LOG_PROOF_MAX || ask->size > INT64_MAX)
        FAIL(ARGUMENT, "a request to sign makes no sense");
    if (ask->from != s->last.size)
        FAIL(CONFLICT, "%llu entries were signed last", (unsigned long long)s->last.size);
    memcpy(to.root.bytes, ask->root, sizeof to.root.bytes);
    memcpy(p.at, ask->proof, p.count * sizeof *p.at);
    if (!merkle_has_grown(&s->last, &to, &p))
        FAIL(CORRUPT, "a tree of %llu entries does not begin with the %llu signed last",
             (unsigned long long)to.size, (unsigned long long)s->last.size);
    *ret = to;
    return OK;
}

static fallible
sign(signer *s, const struct tree_head *h)
{
    AUTO(buf) text = BUF(LOG_NOTE_MAX);
    AUTO(buf) note = BUF(LOG_NOTE_MAX);
    checkpoint_put(&text, str_of(s->key.name), h);
    TRY(buf_end(&text));
    buf_add(&note, buf_str(&text));
    buf_add_char(&note, '\n');
    TRY(note_sign(&note, &s->key, &s->half, buf_str(&text), 0));
    /* Before it leaves: what was given out is never forgotten. */
    TRY(file_write_atomic(s->signed_path, buf_str(&note), 0600));
    return take_note(s, buf_str(&note));
}

static fallible
answer(signer *s, const struct log_sign *ask)
{
    struct tree_head h;
    TRY(check(s, ask, &h));
    return s->note_len && h.size == s->last.size ? OK : sign(s, &h);
}

void
signer_sign(signer *s, const struct log_sign *ask, struct log_signed *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->code = answer(s, ask).code;
    ret->note_len = (uint32_t)s->note_len;
    memcpy(ret->note, s->note, s->note_len);
    memcpy(ret->key, s->key_text, sizeof ret->key);
}
