/* SPDX-License-Identifier: EUPL-1.2 */
#include "gate/pairs.h"

#include "base/enc.h"
#include "base/fault.h"
#include "base/map.h"
#include "crypt/seal.h"
#include "os/entropy.h"
#include "store/access_keys.h"

enum { PAIRS_BYTES_MAX = 256 * 1024 * 1024, KEY_LEN = 32, RANDOM_BYTES = 10, ID_DIGITS = 16 };
static const str made_prefix = STR_INIT("HOHA");

struct pair {
    struct access_key_record record;
    const struct session *own, *session; /* of the key it was made with; of its heir */
    secret key;                          /* empty until it is asked for */
};

struct pairs {
    db *db;
    const keyring *keys;
    secret derive_key, seal_key;
    arena *a; /* of the pairs; grows with each one made */
    map by_id;
    map sessions; /* by key id; only while it is opened */
};

/* ---- secrets */
/* All its room at once: when it grew, what it held would stay behind. */
static fallible
reserve(buf *b)
{
    (void)buf_add_room(b, b->limit);
    TRY(buf_end(b));
    buf_clear(b);
    return OK;
}

/* The first 30 bytes of the HMAC, so that base64 needs no padding. */
static fallible
derive(const pairs *p, str access_id, secret *ret)
{
    AUTO(buf) text = BUF(PAIR_MADE_SECRET_LEN);
    digest d;
    TRY(reserve(&text));
    TRY(hmac_sha256(&p->derive_key, access_id, &d));
    base64_put(&text, d.bytes, PAIR_MADE_SECRET_LEN / 4 * 3);
    wipe(&d, sizeof d);
    TRY(buf_end(&text));
    ASSERT(text.len == PAIR_MADE_SECRET_LEN);
    const err e = secret_get(ret, text.len);
    if (!e.code)
        memcpy(ret->at, text.at, text.len);
    wipe(text.at, text.len);
    return e;
}

static fallible
unseal(const pairs *p, const struct access_key_record *r, secret *ret)
{
    AUTO(buf) text = BUF(PAIR_SECRET_MAX);
    TRY(reserve(&text));
    TRY(seal_open(&p->seal_key, r->access_id, r->sealed, &text));
    const err e = text.len ? secret_get(ret, text.len) : OK;
    if (!e.code && text.len)
        memcpy(ret->at, text.at, text.len);
    wipe(text.at, text.len);
    return e;
}

/* ---- in memory */
static fallible
copy(arena *a, const struct access_key_record *r, struct access_key_record *ret)
{
    *ret = *r;
    TRY(try_arena_str(a, r->access_id, &ret->access_id));
    TRY(try_arena_str(a, r->key_id, &ret->key_id));
    return try_arena_str(a, r->sealed, &ret->sealed);
}

static fallible
hold(pairs *p, const struct access_key_record *r, const struct session *s)
{
    void *room;
    TRY(try_arena_get(p->a, 1, sizeof(struct pair), &room));
    struct pair *held = room;
    held->own = held->session = s;
    TRY(copy(p->a, r, &held->record));
    return map_put(&p->by_id, held->record.access_id, held);
}

/* ---- from the store */
static err
learn(void *ctx, const struct access_key_record *r)
{
    pairs *p = ctx;
    const struct session *s = map_get(&p->sessions, r->key_id);
    if (!s)
        FAIL(CORRUPT, "an access key id belongs to no key");
    return hold(p, r, s);
}

static fallible
index_sessions(pairs *p)
{
    const struct session *s;
    for (size_t i = 0; (s = keyring_session_at(p->keys, i)); i++)
        TRY(map_put(&p->sessions, s->key_id, (void *)(uintptr_t)s));
    return OK;
}

static fallible
load(pairs *p, const secret *pepper)
{
    AUTO(arena) *scratch = NULL;
    TRY(hkdf_sha256(pepper, STR("hoheit access key secret v1"), KEY_LEN, &p->derive_key));
    TRY(hkdf_sha256(pepper, STR("hoheit access key seal v1"), SEAL_KEY_LEN, &p->seal_key));
    TRY(arena_open(PAIRS_BYTES_MAX, &p->a));
    TRY(arena_open(PAIRS_BYTES_MAX, &scratch));
    TRY(index_sessions(p));
    return access_keys_each(p->db, scratch, learn, p);
}

fallible
pairs_open(db *d, const secret *pepper, const keyring *k, pairs **ret)
{
    pairs *p = mem_get(sizeof *p);
    if (!p)
        FAIL(LIMIT, "no memory for the access keys");
    *p = (pairs){.db = d, .keys = k};
    const err e = load(p, pepper);
    map_done(&p->sessions);
    p->sessions = (map){0};
    if (e.code) {
        pairs_free(p);
        return err_pass(e, __FILE__, __LINE__, __func__);
    }
    *ret = p;
    return OK;
}

void
pairs_free(pairs *p)
{
    size_t at = 0;
    str id;
    void *held;
    if (!p)
        return;
    while (map_next(&p->by_id, &at, &id, &held))
        secret_done(&((struct pair *)held)->key);
    map_done(&p->by_id);
    secret_done(&p->derive_key);
    secret_done(&p->seal_key);
    arena_free(p->a);
    mem_free(p);
}

/* ---- changes */
/* Memory first: what can fail there fails before the store has the row. */
static fallible
add(pairs *p, const struct access_key_record *r)
{
    const struct session *s = keyring_session(p->keys, r->key_id);
    if (!s || s->is_revoked)
        REFUSE(NOT_FOUND, "", "there is no such key in use");
    if (map_get(&p->by_id, r->access_id))
        FAIL(CONFLICT, "an access key id came twice");
    TRY(hold(p, r, s));
    const err e = access_keys_add(p->db, r);
    if (e.code)
        (void)map_take(&p->by_id, r->access_id);
    return e;
}

static fallible
make_id(char ret[PAIR_ID_MAX + 1])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t random[RANDOM_BYTES];
    unsigned rest = 0, bits = 0;
    size_t n = made_prefix.len;
    TRY(entropy_get(random, sizeof random));
    memcpy(ret, made_prefix.at, n);
    for (size_t i = 0; i < sizeof random; i++) {
        rest = (rest << 8 | random[i]) & 0xfff;
        for (bits += 8; bits >= 5; bits -= 5)
            ret[n++] = digits[rest >> (bits - 5) & 31];
    }
    ASSERT(n == made_prefix.len + ID_DIGITS);
    ret[n] = '\0';
    return OK;
}

fallible
pairs_make(pairs *p, str key_id, int64_t now_wall_ms, struct pair_text *ret)
{
    char id[PAIR_ID_MAX + 1];
    AUTO(secret) key = {0};
    TRY(make_id(id));
    TRY(derive(p, str_of(id), &key));
    const struct access_key_record r = {
        .access_id = str_of(id), .key_id = key_id, .created_wall_ms = now_wall_ms};
    TRY(add(p, &r));
    memcpy(ret->access_id, id, sizeof id);
    memcpy(ret->secret, key.at, key.len);
    ret->secret[key.len] = '\0';
    return OK;
}

static bool
is_id(str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.at[i], low = (char)(c | 0x20);
        if (!((c >= '0' && c <= '9') || (low >= 'a' && low <= 'z') || c == '_'))
            return false;
    }
    return s.len >= PAIR_ID_MIN && s.len <= PAIR_ID_MAX && !str_starts(s, made_prefix);
}

static bool
is_secret(str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] <= ' ' || s.at[i] > '~')
            return false;
    return s.len >= PAIR_SECRET_MIN && s.len <= PAIR_SECRET_MAX;
}

fallible
pairs_check(const pairs *p, const struct pair_text *text)
{
    const str id = str_of(text->access_id);
    if (!is_id(id))
        REFUSE(ARGUMENT, "import_aws",
               "an access key id has %d to %d letters, digits and _, and does not begin with %.*s",
               PAIR_ID_MIN, PAIR_ID_MAX, STR_FMT(made_prefix));
    if (!is_secret(str_of(text->secret)))
        REFUSE(ARGUMENT, "import_aws",
               "a secret access key has %d to %d printable characters without space",
               PAIR_SECRET_MIN, PAIR_SECRET_MAX);
    if (map_get(&p->by_id, id))
        REFUSE(CONFLICT, "import_aws", "this access key id is in use");
    return OK;
}

fallible
pairs_import(pairs *p, str key_id, int64_t now_wall_ms, const struct pair_text *text)
{
    const str id = str_of(text->access_id);
    AUTO(buf) sealed = BUF(PAIR_SECRET_MAX + SEAL_OVERHEAD);
    TRY(pairs_check(p, text));
    TRY(seal_close(&p->seal_key, id, str_of(text->secret), &sealed));
    const struct access_key_record r = {.access_id = id,
                                        .key_id = key_id,
                                        .sealed = buf_str(&sealed),
                                        .created_wall_ms = now_wall_ms};
    return add(p, &r);
}

/* ---- look-up */
fallible
pairs_find(pairs *p, str access_id, const struct session **ret_session, const secret **ret_secret)
{
    struct pair *held = map_get(&p->by_id, access_id);
    if (held && !held->own->is_revoked)
        held->session = keyring_heir(p->keys, held->session);
    if (!held || held->own->is_revoked || held->session->is_revoked)
        REFUSE(UNAUTHENTICATED, "UnrecognizedClientException",
               "The security token included in the request is invalid.");
    if (!held->key.len)
        TRY(held->record.sealed.len ? unseal(p, &held->record, &held->key)
                                    : derive(p, held->record.access_id, &held->key));
    *ret_session = held->session;
    *ret_secret = &held->key;
    return OK;
}
