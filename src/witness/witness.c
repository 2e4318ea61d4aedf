/* SPDX-License-Identifier: EUPL-1.2 */
#include "witness/witness.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>

#include "base/enc.h"
#include "base/fault.h"
#include "base/utf8.h"
#include "os/entropy.h"
#include "os/file.h"

enum { SEED_TEXT = 2 * SIGN_SEED_LEN, KEEP_BYTES = 512 * 1024, STATE_NAME_LEN = 16 };

struct witness {
    arena *a, *work; /* for as long as it is open; for one call */
    const char *dir;
    fd lock;
    struct note_key key, self; /* for checkpoints; for the state */
    secret half, self_half;
    struct witness_state state; /* of the log at hand */
};

/* ---- its keys */

static const char *
seed_path(arena *a, const char *dir)
{
    return file_join(a, dir, "seed");
}

static fallible
derive(witness *w, str name, const secret *seed)
{
    AUTO(secret) self_seed = {0};
    sign_public p;
    TRY(sign_pair(seed, &w->half, &p));
    TRY(note_key_make(name, NOTE_WITNESS, &p, &w->key));
    TRY(hkdf_sha256(seed, STR("hoheit witness state v1"), SIGN_SEED_LEN, &self_seed));
    TRY(sign_pair(&self_seed, &w->self_half, &p));
    return note_key_make(name, NOTE_ED25519, &p, &w->self);
}

static fallible
write_key(witness *w)
{
    AUTO(buf) text = BUF(NOTE_KEY_TEXT_MAX + 1);
    note_key_put(&text, &w->key);
    buf_add_char(&text, '\n');
    TRY(buf_end(&text));
    return file_write_atomic(file_join(w->a, w->dir, "key"), buf_str(&text), 0644);
}

static fallible
write_seed(witness *w, const secret *seed)
{
    AUTO(buf) hex = BUF(SEED_TEXT + 1);
    hex_put(&hex, seed->at, seed->len);
    buf_add_char(&hex, '\n');
    err e = buf_end(&hex);
    if (!e.code)
        e = file_write_atomic(seed_path(w->a, w->dir), buf_str(&hex), 0600);
    if (hex.at)
        wipe(hex.at, hex.len);
    return e;
}

/* The name stands in the public key, so that the seed alone is the secret. */
static fallible
read_keys(witness *w)
{
    AUTO(secret) seed = {0};
    struct note_key key;
    str hex, text;
    TRY(secret_get(&seed, SIGN_SEED_LEN));
    TRY(file_read(w->a, seed_path(w->a, w->dir), SEED_TEXT + 1, &hex));
    const err e = hex_read(str_trim(str_slice(hex, 0, SEED_TEXT)), seed.at, seed.len);
    wipe((void *)(uintptr_t)hex.at, hex.len);
    if (e.code)
        REFUSE(CORRUPT, "", "the seed of the witness does not hold 64 hexadecimal digits");
    TRY(file_read(w->a, file_join(w->a, w->dir, "key"), NOTE_KEY_TEXT_MAX + 1, &text));
    text.len -= str_ends(text, STR("\n")) ? 1 : 0;
    TRY(note_key_read(text, &key));
    TRY(derive(w, str_of(key.name), &seed));
    if (key.id != w->key.id)
        REFUSE(CORRUPT, "", "the key of the witness does not belong to its seed");
    return OK;
}

/* ---- opening */

static fallible
take_lock(witness *w)
{
    TRY(file_open(file_join(w->a, w->dir, "lock"), O_RDWR | O_CREAT | O_NOFOLLOW, 0600, &w->lock));
    if (flock(w->lock, LOCK_EX | LOCK_NB) != 0)
        REFUSE(CONFLICT, "", "another process is this witness at the moment");
    return OK;
}

static fallible
witness_new(const char *dir, witness **ret)
{
    witness *w = mem_get(sizeof *w);
    if (!w)
        FAIL(LIMIT, "no memory for a witness");
    memset(w, 0, sizeof *w);
    w->lock = -1;
    err e = arena_open(KEEP_BYTES, &w->a);
    if (!e.code)
        e = arena_open(KEEP_BYTES, &w->work);
    if (e.code) {
        witness_free(w);
        return e;
    }
    w->dir = arena_str(w->a, str_of(dir)).at;
    *ret = w;
    return OK;
}

void
witness_free(witness *w)
{
    if (!w)
        return;
    secret_done(&w->half);
    secret_done(&w->self_half);
    fd_auto(&w->lock);
    arena_free(w->work);
    arena_free(w->a);
    mem_free(w);
}

static fallible
make(witness *w, str name)
{
    AUTO(secret) seed = {0};
    AUTO(fd) f = -1;
    TRY(secret_get(&seed, SIGN_SEED_LEN));
    TRY(entropy_get(seed.at, seed.len));
    TRY(derive(w, name, &seed)); /* refuses the name before anything is written */
    TRY(file_make_dir(file_join(w->a, w->dir, "logs"), 0700));
    TRY(take_lock(w));
    const err e = file_open(seed_path(w->a, w->dir), O_RDONLY, 0, &f);
    if (!e.code)
        REFUSE(CONFLICT, "", "there is a witness in this directory already");
    if (e.code != ERR_NOT_FOUND)
        return e;
    TRY(write_key(w));
    return write_seed(w, &seed);
}

fallible
witness_make(const char *dir, str name)
{
    witness *w = NULL;
    TRY(witness_new(dir, &w));
    const err e = make(w, name);
    witness_free(w);
    return e;
}

static fallible
open_all(witness *w)
{
    const err e = read_keys(w);
    if (e.code == ERR_NOT_FOUND)
        REFUSE(NOT_FOUND, "", "there is no witness in this directory");
    TRY(e);
    return take_lock(w);
}

fallible
witness_open(const char *dir, witness **ret)
{
    witness *w = NULL;
    TRY(witness_new(dir, &w));
    const err e = open_all(w);
    if (e.code) {
        witness_free(w);
        return e;
    }
    *ret = w;
    return OK;
}

const struct note_key *
witness_key(const witness *w)
{
    return &w->key;
}

/* ---- what it knows */

/* Names are free text, so files have the digest of theirs. */
static const char *
state_path(const witness *w, str log_name)
{
    const digest d = quick_hash_plain(log_name);
    char hex[65];
    digest_text(&d, hex);
    hex[STATE_NAME_LEN] = '\0';
    return file_join(w->work, file_join(w->work, w->dir, "logs"), hex);
}

static fallible
load(witness *w, str log_name)
{
    str bytes;
    arena_reset(w->work);
    const err e = file_read(w->work, state_path(w, log_name), NOTE_BYTES_MAX, &bytes);
    if (e.code == ERR_NOT_FOUND)
        REFUSE(NOT_FOUND, "", "this witness was not told to trust that log");
    TRY(e);
    TRY(state_read(w->work, bytes, &w->self, &w->state));
    if (!str_eq(str_of(w->state.log.name), log_name))
        REFUSE(CORRUPT, "", "the state of the witness belongs to another log");
    return OK;
}

static fallible
save(witness *w)
{
    AUTO(buf) b = BUF(NOTE_BYTES_MAX);
    TRY(state_put(&b, &w->state, &w->self, &w->self_half));
    return file_write_atomic(state_path(w, str_of(w->state.log.name)), buf_str(&b), 0600);
}

fallible
witness_trust(witness *w, const struct note_key *log)
{
    if (log->type != NOTE_ED25519)
        REFUSE(ARGUMENT, "key", "this is the key of a witness, not of a log");
    const err e = load(w, str_of(log->name));
    if (!e.code)
        REFUSE(CONFLICT, "", "this witness knows a log called %s already", log->name);
    if (e.code != ERR_NOT_FOUND)
        return e;
    state_new(log, &w->state);
    return save(w);
}

fallible
witness_state_of(witness *w, str log_name, const struct witness_state **ret)
{
    TRY(load(w, log_name));
    *ret = &w->state;
    return OK;
}

static fallible
load_file(witness *w, const char *name)
{
    str bytes;
    arena_reset(w->work);
    const char *const dir = file_join(w->work, w->dir, "logs");
    TRY(file_read(w->work, file_join(w->work, dir, name), NOTE_BYTES_MAX, &bytes));
    return state_read(w->work, bytes, &w->self, &w->state);
}

fallible
witness_each(witness *w, witness_fn *fn, void *ctx)
{
    DIR *const d = fault_now() ? NULL : opendir(file_join(w->a, w->dir, "logs"));
    const struct dirent *entry;
    err e = OK;
    if (!d)
        return file_errno("open", "logs");
    while (!e.code && (entry = readdir(d)) != NULL) {
        if (strlen(entry->d_name) != STATE_NAME_LEN) /* also what a stopped write left */
            continue;
        e = load_file(w, entry->d_name);
        if (!e.code)
            e = fn(ctx, &w->state);
    }
    closedir(d);
    return e;
}

/* ---- alarms */

static fallible
standing(const witness *w)
{
    const enum witness_alarm a = state_alarm(&w->state);
    REFUSE(CORRUPT, "", "alarm: %s: %s", witness_alarm_name(a), witness_alarm_says(a));
}

/* Ends in a refusal in any case. */
static fallible
raise_alarm(witness *w, enum witness_alarm alarm, str note, uint64_t now_s)
{
    struct witness_event e = {.alarm = alarm, .time_s = now_s};
    AUTO(buf) bare = BUF(STATE_NOTE_MAX);
    TRY(cosign_put_bare(&bare, &w->state.log, note));
    e.note = arena_str(w->work, buf_str(&bare));
    TRY(state_add(&w->state, &e));
    TRY(save(w));
    return standing(w);
}

fallible
witness_clear(witness *w, str log_name, str reason, uint64_t now_s)
{
    const struct witness_event e = {.time_s = now_s, .reason = reason};
    TRY(load(w, log_name));
    if (!reason.len || reason.len > STATE_REASON_MAX || !utf8_valid(reason))
        REFUSE(ARGUMENT, "reason", "a reason is needed, of at most %d bytes", STATE_REASON_MAX);
    for (size_t i = 0; i < reason.len; i++)
        if ((unsigned char)reason.at[i] < 0x20)
            REFUSE(ARGUMENT, "reason", "a reason is one line");
    if (state_alarm(&w->state) == WITNESS_QUIET)
        REFUSE(CONFLICT, "", "there is no alarm to clear");
    TRY(state_add(&w->state, &e));
    return save(w);
}

/* ---- questions */

/* What is asked, all of it signed by the log. */
struct asked {
    struct cosign_ask q;
    struct checkpoint c;
    str text;
};

static fallible
read_question(witness *w, str question, struct asked *ret)
{
    struct note n;
    struct checkpoint c;
    TRY(cosign_ask_read(question, &ret->q));
    TRY(note_read(ret->q.note, &n));
    TRY(checkpoint_read(n.text, &c));
    TRY(load(w, c.origin));
    const err e = checkpoint_open(ret->q.note, &w->state.log, &ret->c);
    if (e.code == ERR_CORRUPT)
        REFUSE(DENIED, "", "the checkpoint is not signed by the key of that log");
    ret->text = n.text;
    return e;
}

static bool
is_same(const struct tree_head *a, const struct tree_head *b)
{
    return a->size == b->size && digest_eq(&a->root, &b->root);
}

/* Nobody but the log can have made this happen. */
static bool
is_proven_fork(const struct witness_state *s, const struct asked *k)
{
    if (k->c.head.size == s->head.size)
        return !is_same(&k->c.head, &s->head);
    return k->q.old == s->head.size && merkle_shows_other(&s->head, &k->c.head, &k->q.proof);
}

static fallible
judge(witness *w, enum witness_way way, const struct asked *k, uint64_t now_s)
{
    const struct witness_state *s = &w->state;
    const bool is_fetched = way == WITNESS_FETCHED;
    if (state_alarm(s))
        return standing(w);
    if (is_proven_fork(s, k))
        return raise_alarm(w, WITNESS_FORK, k->q.note, now_s);
    if (is_fetched && k->c.head.size < s->head.size)
        return raise_alarm(w, WITNESS_ROLLBACK, k->q.note, now_s);
    if (k->q.old > k->c.head.size)
        REFUSE(ARGUMENT, "", "the old size is larger than the checkpoint's");
    if (k->q.old != s->head.size)
        REFUSE(CONFLICT, "", "%llu entries were seen last", (unsigned long long)s->head.size);
    if (merkle_has_grown(&s->head, &k->c.head, &k->q.proof))
        return OK;
    if (is_fetched)
        return raise_alarm(w, WITNESS_FORK, k->q.note, now_s);
    REFUSE(CORRUPT, "", "the proof does not show that the log has grown from what was seen");
}

static fallible
sign(witness *w, const struct asked *k, uint64_t now_s, buf *ret_line)
{
    AUTO(buf) bare = BUF(STATE_NOTE_MAX);
    AUTO(buf) line = BUF(NOTE_KEY_TEXT_MAX + 256);
    if (now_s < w->state.time_s || !now_s)
        REFUSE(CONFLICT, "", "the clock of the witness ran back: it signed at second %llu",
               (unsigned long long)w->state.time_s);
    TRY(cosign_put_bare(&bare, &w->state.log, k->q.note));
    TRY(note_sign(&line, &w->key, &w->half, k->text, now_s));
    w->state.note = buf_str(&bare);
    w->state.head = k->c.head;
    w->state.time_s = now_s;
    const err e = save(w);
    w->state.note = STR_NONE; /* not ours any longer; read anew by the next call */
    TRY(e);
    buf_add(ret_line, buf_str(&line));
    return buf_end(ret_line);
}

fallible
witness_cosign(witness *w, enum witness_way way, str question, uint64_t now_s, buf *ret_line)
{
    struct asked k = {.text = STR_NONE};
    TRY(read_question(w, question, &k));
    TRY(judge(w, way, &k, now_s));
    return sign(w, &k, now_s, ret_line);
}

fallible
witness_remember(witness *w, str note, uint64_t now_s)
{
    struct note n;
    struct checkpoint c;
    if (note_read(note, &n).code || checkpoint_read(n.text, &c).code)
        return OK;
    const err e = load(w, c.origin);
    if (e.code == ERR_NOT_FOUND)
        return OK;
    TRY(e);
    if (checkpoint_open(note, &w->state.log, &c).code || note_check(&n, &w->key, NULL).code)
        return OK;
    if (state_alarm(&w->state))
        return standing(w);
    return c.head.size > w->state.head.size ? raise_alarm(w, WITNESS_SET_BACK, note, now_s) : OK;
}
